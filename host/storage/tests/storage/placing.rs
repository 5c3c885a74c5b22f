//! How tasks enter.

use anyhow::{Context, ensure};
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, TaskId};
use capstan_storage::{
    AccountStatus, AttemptState, Entries, Guard, PlaceRefusal, PlaceTask, Placed, TaskFacts, TaskName,
};
use futures_util::future::join_all;

use crate::fixture::{Fixture, NOW, nanos};

pub(crate) async fn a_task_is_placed_with_its_hold_and_first_attempt(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let request = f.a_task(&[300, 200])?;
    let placed = f.store.place_task(request.clone()).await?;
    assert_eq!(placed, Ok(Placed { hold: nanos(300), kept: vec![0, 1] }));
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(700), nanos(300)));
    let task = f.store.find_task(f.account, TaskName::Id(request.facts.id)).await?.context("found")?;
    assert_eq!((&task.facts, task.shard, task.state), (&request.facts, f.fence.shard, TaskState::Submitting));
    assert_eq!((task.cost, task.error, task.solution, task.ended_at_ms), (None, None, None, None));
    let by_number = f.store.find_task(f.account, TaskName::Number(request.facts.number)).await?.context("found")?;
    assert_eq!(by_number.facts.id, request.facts.id);
    let attempts = f.store.list_attempts(request.facts.id).await?;
    let [attempt] = attempts.as_slice() else { anyhow::bail!("one attempt: {attempts:?}") };
    let first = request.candidates.first().context("a candidate")?;
    assert_eq!((attempt.id, attempt.seq, attempt.state), (first.id, 1, AttemptState::Submitting));
    assert_eq!((&attempt.candidate, &attempt.adapter_digest), (&first.candidate, &first.adapter_digest));
    assert_eq!((attempt.explanation.as_str(), attempt.created_at_ms), (&*first.explanation, NOW));
    assert_eq!(f.store.list_entries(Entries::OfTask(request.facts.id)).await?.len(), 2);
    Ok(())
}

pub(crate) async fn the_hold_is_the_dearest_affordable_of_those_tried(f: Fixture) -> anyhow::Result<()> {
    f.fund(500).await?;
    let mut request = f.a_task(&[900, 100, 600, 400, 50, 450])?;
    request.max_attempts = 3;
    let placed = f.store.place_task(request.clone()).await?;
    // 900 and 600 are too dear, 450 comes too late.
    assert_eq!(placed, Ok(Placed { hold: nanos(400), kept: vec![1, 3, 4] }));
    // The balance is 100 now; the repeated call answers as it did then.
    assert_eq!(f.store.place_task(request.clone()).await?, placed);
    let attempts = f.store.list_attempts(request.facts.id).await?;
    assert_eq!(attempts.iter().map(|a| a.candidate.terms.price).collect::<Vec<_>>(), [nanos(100)]);
    Ok(())
}

pub(crate) async fn a_placing_said_twice_is_one_hold(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let request = f.a_task(&[300])?;
    let answers = join_all((0..20).map(|_| f.store.place_task(request.clone()))).await;
    for answer in answers {
        assert_eq!(answer?, Ok(Placed { hold: nanos(300), kept: vec![0] }));
    }
    let attempt = request.candidates.first().context("a candidate")?.id;
    f.store.settle(f.failed((request.facts.id, attempt))).await?;
    assert_eq!(f.store.place_task(request).await?, Ok(Placed { hold: nanos(300), kept: vec![0] }));
    assert_eq!(f.balance().await?.available, nanos(1_000));
    Ok(())
}

/// A caller who does not know whether a placing took effect makes the same call again, and the first may have used up the
/// balance, the key's cap or its own guard.
pub(crate) async fn a_placing_said_again_is_answered_when_nothing_is_left(f: Fixture) -> anyhow::Result<()> {
    f.fund(500).await?;
    let as_the_first_time = Ok(Placed { hold: nanos(300), kept: vec![0] });
    let mut request = f.a_task(&[300])?;
    request.guard = Some(Guard { guard: [1; 32], body: [2; 32], expires_at_ms: NOW + 60_000 });
    assert_eq!(f.store.place_task(request.clone()).await?, as_the_first_time);
    assert_eq!(f.store.place_task(request.clone()).await?, as_the_first_time, "its own guard stands");
    request.guard = None;
    assert_eq!(f.store.place_task(request.clone()).await?, as_the_first_time, "200 are left");
    // Together with one that is refused, and stays so.
    let (again, dear) = (f.store.place_task(request.clone()), f.store.place_task(f.a_task(&[300])?));
    let (again, dear) = futures_util::future::join(again, dear).await;
    assert_eq!(again?, as_the_first_time);
    assert_eq!(dear?, Err(PlaceRefusal::InsufficientFunds { available: nanos(200) }));
    f.store.set_account_status(f.account, AccountStatus::Suspended).await?;
    assert_eq!(f.store.place_task(request).await?, as_the_first_time, "the account is suspended since");
    assert_eq!((f.balance().await?.available, f.balance().await?.held), (nanos(200), nanos(300)));
    Ok(())
}

pub(crate) async fn a_taken_number_is_told_and_leaves_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let first = f.a_task(&[300])?;
    ensure!(f.store.place_task(first.clone()).await?.is_ok(), "placed");
    let mut second = f.a_task(&[300])?;
    let own_number = second.facts.number;
    second.facts.number = first.facts.number;
    assert_eq!(f.store.place_task(second.clone()).await?, Err(PlaceRefusal::NumberTaken));
    assert_eq!(f.balance().await?.held, nanos(300));
    second.facts.number = own_number;
    ensure!(f.store.place_task(second).await?.is_ok(), "placed under another number");
    assert_eq!(f.balance().await?.held, nanos(600));
    Ok(())
}

pub(crate) async fn what_cannot_be_placed_is_refused(f: Fixture) -> anyhow::Result<()> {
    f.fund(100).await?;
    let dear = f.store.place_task(f.a_task(&[101, 102])?).await?;
    assert_eq!(dear, Err(PlaceRefusal::InsufficientFunds { available: nanos(100) }));
    assert_eq!(f.store.place_task(f.a_task(&[])?).await?, Err(PlaceRefusal::NoCandidate));
    let none_allowed = PlaceTask { max_attempts: 0, ..f.a_task(&[1])? };
    assert_eq!(f.store.place_task(none_allowed).await?, Err(PlaceRefusal::NoCandidate));
    let nobody = f.a_task(&[1])?;
    let nobody = PlaceTask { facts: TaskFacts { account: AccountId(f.uuid()), ..nobody.facts.clone() }, ..nobody };
    assert_eq!(f.store.place_task(nobody).await?, Err(PlaceRefusal::AccountNotActive));
    f.store.set_account_status(f.account, AccountStatus::Suspended).await?;
    assert_eq!(f.store.place_task(f.a_task(&[1])?).await?, Err(PlaceRefusal::AccountNotActive));
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(100), Amount::ZERO));
    assert_eq!(f.store.list_open_tasks(None).await?, []);
    Ok(())
}

pub(crate) async fn a_thousand_tasks_on_a_balance_for_a_hundred_are_exactly_a_hundred(
    f: Fixture,
) -> anyhow::Result<()> {
    f.fund(100 * 30 + 29).await?;
    let tasks = (0..1_000).map(|_| f.a_task(&[30])).collect::<Result<Vec<_>, _>>()?;
    let answers = join_all(tasks.into_iter().map(|task| f.store.place_task(task))).await;
    let mut placed = 0;
    for answer in answers {
        match answer? {
            Ok(_) => placed += 1,
            Err(refusal) => assert_eq!(refusal, PlaceRefusal::InsufficientFunds { available: nanos(29) }),
        }
    }
    assert_eq!(placed, 100);
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(29), nanos(3_000)));
    assert_eq!(f.store.list_open_tasks(None).await?.len(), 100);
    Ok(())
}

pub(crate) async fn another_account_s_task_is_not_found(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, _) = f.place(10).await?;
    let other = AccountId(f.uuid());
    f.add_account(other).await?;
    assert_eq!(f.store.find_task(other, TaskName::Id(task)).await?, None);
    assert_eq!(f.store.find_task(f.account, TaskName::Id(TaskId(f.uuid()))).await?, None);
    let number = f.store.find_task(f.account, TaskName::Id(task)).await?.context("found")?.facts.number;
    assert_eq!(f.store.find_task(other, TaskName::Number(number)).await?, None);
    Ok(())
}
