//! What contributors earn, and what providers charge without a task to carry it.

use anyhow::{Context, ensure};
use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId, TaskId};
use capstan_storage::{
    Charge, Earnings, Entries, Heard, LateWord, Maturing, NewCredential, NextAttempt, Outcome, Settled, Settlement,
    StoreError,
};

use crate::fixture::{DISPUTE_MS, Fixture, NOW, a_fault, nanos};

/// Places a task whose only candidate is a credential that `owner` contributed for 6000 basis points.
pub(crate) async fn place_on_contributed(f: &Fixture, owner: AccountId) -> anyhow::Result<(TaskId, AttemptId)> {
    let id = CredentialId(f.uuid());
    let credential = NewCredential { pool: Pool::Community, owner: Some(owner), ..f.a_credential(id)? };
    f.store.add_credential(credential).await?;
    let mut request = f.a_task(&[301])?;
    let candidate = request.candidates.first_mut().context("a candidate")?;
    candidate.candidate.credential = id;
    candidate.candidate.pool = Pool::Community;
    candidate.candidate.share = Some((owner, 6_000));
    let placed = (request.facts.id, candidate.id);
    ensure!(f.store.place_task(request).await?.is_ok(), "placed");
    Ok(placed)
}

pub(crate) async fn lines(f: &Fixture, task: TaskId, kind: &str) -> anyhow::Result<Vec<(String, i64)>> {
    let entries = f.store.list_entries(Entries::OfTask(task)).await?;
    Ok(entries.into_iter().filter(|e| e.kind == kind).map(|e| (e.account, e.amount.nanos())).collect())
}

pub(crate) async fn a_contributor_earns_the_share_of_the_snapshot(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let placed = place_on_contributed(&f, contributor).await?;
    f.store.settle(f.solved(placed, 101)).await?;
    let account = f.account;
    let expected = [
        (format!("account:{account}:held"), -301),
        (format!("account:{account}:available"), 200),
        ("platform:revenue".to_owned(), 41),
        (format!("contributor:{contributor}:pending"), 60),
    ];
    assert_eq!(lines(&f, placed.0, "capture").await?, expected);
    let earned = f.store.list_entries(Entries::OfAccount(contributor)).await?;
    assert_eq!(earned.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [nanos(60)]);
    assert_eq!(f.store.earnings(contributor).await?, Earnings { pending: nanos(60), available: Amount::ZERO });
    Ok(())
}

pub(crate) async fn nobody_earns_from_their_own_task(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = place_on_contributed(&f, f.account).await?;
    f.store.settle(f.solved(placed, 301)).await?;
    let expected = [(format!("account:{}:held", f.account), -301), ("platform:revenue".to_owned(), 301)];
    assert_eq!(lines(&f, placed.0, "capture").await?, expected);
    Ok(())
}

pub(crate) fn a_charge(f: &Fixture, cost: i64) -> Charge {
    Charge { move_id: MoveId(f.uuid()), cost: nanos(cost), is_told: true }
}

pub(crate) fn a_word(f: &Fixture, (task, attempt): (TaskId, AttemptId), cost: i64) -> LateWord {
    LateWord {
        task,
        attempt,
        fence: f.fence,
        charged: Charged::Yes,
        charge: Some(a_charge(f, cost)),
        at_ms: NOW + 10_000,
        matures_at_ms: NOW + DISPUTE_MS,
    }
}

/// The same settlement, with what the provider charged all the same.
pub(crate) fn charged(f: &Fixture, settlement: Settlement, cost: i64) -> Settlement {
    let outcome = match settlement.outcome {
        Outcome::Failed { code, description, end, fault, watch_until_ms, .. } => {
            Outcome::Failed { code, description, end, fault, watch_until_ms, charge: Some(a_charge(f, cost)) }
        }
        solved @ Outcome::Solved { .. } => solved,
    };
    Settlement { outcome, ..settlement }
}

pub(crate) async fn a_late_charge_is_a_loss_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let word = a_word(&f, placed, 70);
    let early = f.store.record_late_word(word).await;
    ensure!(matches!(early, Err(StoreError::UnexpectedChange { .. })), "{early:?}");
    f.store.settle(f.failed(placed)).await?;
    for word in [word, word, a_word(&f, placed, 9)] {
        assert_eq!(f.store.record_late_word(word).await?, Heard::Done);
    }
    let expected = [("platform:loss".to_owned(), -70), (format!("provider:{}:cost", f.credential), 70)];
    assert_eq!(lines(&f, placed.0, "loss").await?, expected);
    assert_eq!(f.balance().await?.available, nanos(1_000));
    Ok(())
}

pub(crate) async fn a_failure_that_was_charged_is_refunded_and_a_loss_at_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    let settlement = charged(&f, f.failed(placed), 70);
    for _ in 0..2 {
        let settled = f.store.settle(settlement.clone()).await?;
        assert_eq!(settled, Settled::Now { cost: Amount::ZERO, returned: nanos(300) });
    }
    assert_eq!(lines(&f, placed.0, "loss").await?.len(), 2);
    assert_eq!(f.balance().await?.available, nanos(1_000));
    let attempts = f.store.list_attempts(placed.0).await?;
    assert_eq!(attempts.first().context("an attempt")?.provider_cost, Some(nanos(70)));
    // Told once more, it is not booked once more.
    assert_eq!(f.store.record_late_word(a_word(&f, placed, 70)).await?, Heard::Done);
    assert_eq!(lines(&f, placed.0, "loss").await?.len(), 2);
    Ok(())
}

pub(crate) async fn a_refusal_that_was_charged_is_a_loss_while_the_task_goes_on(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, refused) = f.place(300).await?;
    let next = NextAttempt {
        task,
        fence: f.fence,
        refused,
        fault: a_fault(FaultClass::NoCapacity),
        next: f.attempt(200)?,
        charge: Some(a_charge(&f, 5)),
        matures_at_ms: NOW + DISPUTE_MS,
    };
    for _ in 0..2 {
        f.store.record_next_attempt(next.clone()).await?;
    }
    f.store.settle(charged(&f, f.failed((task, next.next.id)), 6)).await?;
    let losses = lines(&f, task, "loss").await?;
    assert_eq!(losses.iter().map(|(_, nanos)| nanos).filter(|nanos| **nanos > 0).sum::<i64>(), 11);
    Ok(())
}

pub(crate) async fn a_contributor_gets_back_what_others_tasks_cost(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let placed = place_on_contributed(&f, contributor).await?;
    f.store.settle(charged(&f, f.failed(placed), 70)).await?;
    let expected = [("platform:loss".to_owned(), -70), (format!("contributor:{contributor}:pending"), 70)];
    assert_eq!(lines(&f, placed.0, "reimbursement").await?, expected);
    // Whose own task it was has nothing to get back.
    let own = place_on_contributed(&f, f.account).await?;
    f.store.settle(charged(&f, f.failed(own), 70)).await?;
    assert_eq!(lines(&f, own.0, "reimbursement").await?, []);
    assert_eq!(lines(&f, own.0, "loss").await?, []);
    Ok(())
}

pub(crate) async fn the_same_solution_told_twice_costs_nothing_more(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    f.store.settle(f.solved(placed, 250)).await?;
    assert_eq!(f.store.record_late_word(a_word(&f, placed, 70)).await?, Heard::Captured);
    assert_eq!(lines(&f, placed.0, "loss").await?, []);
    Ok(())
}

pub(crate) async fn earnings_mature_once_their_dispute_window_has_passed(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    for _ in 0..2 {
        let placed = place_on_contributed(&f, contributor).await?;
        f.store.settle(f.solved(placed, 101)).await?;
    }
    let later = place_on_contributed(&f, contributor).await?;
    f.store.settle(Settlement { matures_at_ms: NOW + 2 * DISPUTE_MS, ..f.solved(later, 101) }).await?;
    assert_eq!(f.store.list_maturing(NOW, 10).await?, []);
    assert_eq!(f.store.list_maturing(NOW + DISPUTE_MS, 10).await?, [contributor]);
    let maturing = Maturing { contributor, now_ms: NOW + DISPUTE_MS, move_id: MoveId(f.uuid()) };
    for _ in 0..2 {
        assert_eq!(f.store.mature_earnings(maturing).await?, nanos(120));
    }
    let again = Maturing { move_id: MoveId(f.uuid()), ..maturing };
    assert_eq!(f.store.mature_earnings(again).await?, Amount::ZERO);
    assert_eq!(f.store.earnings(contributor).await?, Earnings { pending: nanos(60), available: nanos(120) });
    assert_eq!(f.store.list_maturing(NOW + DISPUTE_MS, 10).await?, []);
    Ok(())
}
