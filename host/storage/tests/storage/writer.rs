//! Group commit, seen from outside.

use anyhow::ensure;
use capstan_domain::adapter::FaultClass;
use capstan_domain::task::TaskState;
use capstan_domain::{Amount, TaskId};
use capstan_storage::{
    Acceptance, Doubt, NextAttempt, OpenOptions, PlaceRefusal, Placed, Recorded, Settled, Store, StoreError,
};
use futures_util::future::{join_all, poll_immediate};

use crate::engine::{Engine, Raw};
use crate::fixture::{Fixture, NOW, a_fault, nanos};
use crate::proxy::Proxy;

pub(crate) async fn a_crowd_shares_commits(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let before = f.store.stats();
    let tasks = (0..300).map(|_| f.a_task(&[10])).collect::<Result<Vec<_>, _>>()?;
    for placed in join_all(tasks.into_iter().map(|task| f.store.place_task(task))).await {
        ensure!(placed?.is_ok(), "placed");
    }
    let after = f.store.stats();
    let commits = after.commits - before.commits;
    // One that found the writer idle, then batches of at most 128.
    ensure!((3..=30).contains(&commits), "300 writes took {commits} commits");
    assert_eq!((after.kept - before.kept, after.undone, after.reruns), (300, before.undone, 0));
    Ok(())
}

/// What a task costs the database, alone and in a crowd: the figures are in docs/benchmarks.md, too.
pub(crate) async fn the_life_of_a_task_is_three_short_commits(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let operations = || f.store.faults().seen();
    let before = f.store.stats();
    f.store.faults().follow(None);
    let placed = f.place(10).await?;
    assert_eq!(operations(), 5, "placed: begin, fence, payer, all that is written, commit");
    f.store.faults().follow(None);
    let accepted =
        Acceptance { task: placed.0, attempt: placed.1, fence: f.fence, reference: b"sealed".to_vec(), at_ms: NOW };
    assert_eq!(f.store.record_acceptance(accepted).await?, Recorded::Done);
    assert_eq!(operations(), 5, "accepted: begin, fence, look, all that is written, commit");
    f.store.faults().follow(None);
    f.store.settle(f.solved(placed, 10)).await?;
    assert_eq!(operations(), 5, "settled: begin, fence, look, all that is written, commit");
    let after = f.store.stats();
    assert_eq!((after.commits - before.commits, after.kept - before.kept), (3, 3));
    // A crowd that queues behind one write is one more commit, of no more operations.
    let mut raw = f.raw().await?;
    raw.block_writes().await?;
    let tasks = (0..100).map(|_| f.a_task(&[10])).collect::<Result<Vec<_>, _>>()?;
    f.store.faults().follow(None);
    let crowd = join_all(tasks.into_iter().map(|task| f.store.place_task(task)));
    let (answers, unblocked) = tokio::join!(crowd, raw.unblock_writes());
    unblocked?;
    ensure!(answers.into_iter().all(|answer| matches!(answer, Ok(Ok(_)))), "all are placed");
    ensure!(operations() <= 3 * 5, "a hundred tasks took {} operations", operations());
    Ok(())
}

pub(crate) async fn a_refused_request_harms_no_neighbour(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let before = f.store.stats();
    let mut raw = f.raw().await?;
    raw.block_writes().await?;
    let first = f.a_task(&[100])?;
    let mut same_number = f.a_task(&[100])?;
    same_number.facts.number = first.facts.number;
    let placed =
        (first.facts.id, first.candidates.first().map_or_else(|| capstan_domain::AttemptId(f.uuid()), |c| c.id));
    let (dear, last) = (f.a_task(&[901])?, f.a_task(&[900])?);
    let broken = f.solved(placed, 101);
    let crowd = async {
        tokio::join!(
            f.store.place_task(first),
            f.store.place_task(same_number),
            f.store.settle(broken),
            f.store.place_task(dear),
            f.store.place_task(last),
        )
    };
    let (answers, unblocked) = tokio::join!(crowd, raw.unblock_writes());
    unblocked?;
    let (first, same_number, broken, dear, last) = answers;
    ensure!(first?.is_ok() && last?.is_ok(), "the good ones are placed");
    assert_eq!(same_number?, Err(PlaceRefusal::NumberTaken));
    ensure!(matches!(broken, Err(StoreError::Move(_))), "{broken:?}");
    assert_eq!(dear?, Err(PlaceRefusal::InsufficientFunds { available: nanos(900) }));
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (Amount::ZERO, nanos(1_000)));
    let after = f.store.stats();
    // The first may have gone alone; those that queued behind it went together.
    ensure!(after.commits - before.commits <= 2, "{after:?}");
    assert_eq!((after.kept - before.kept, after.undone - before.undone, after.reruns), (2, 3, 0));
    Ok(())
}

pub(crate) async fn a_full_queue_is_told(f: Fixture) -> anyhow::Result<()> {
    let options = OpenOptions { queue: 3, most_per_commit: 2, ..OpenOptions::default() };
    let store = Store::open(&f.database.url, options).await?;
    let mut raw = f.raw().await?;
    raw.block_writes().await?;
    let top_ups = (0..20).map(|_| store.top_up(f.a_top_up(10)));
    let (answers, unblocked) = tokio::join!(join_all(top_ups), raw.unblock_writes());
    unblocked?;
    let overloaded = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Overloaded))).count();
    let booked = answers.iter().filter(|answer| matches!(answer, Ok(Ok(_)))).count();
    assert_eq!(overloaded + booked, 20);
    // Three fit the queue, and the writer had taken at most two before.
    ensure!((3..=5).contains(&booked), "{booked} were booked");
    assert_eq!(f.balance().await?.available, nanos(10 * i64::try_from(booked)?));
    ensure!(StoreError::Overloaded.is_transient(), "it may be tried again");
    store.close().await;
    Ok(())
}

pub(crate) async fn a_caller_that_leaves_does_not_take_its_write_along(f: Fixture) -> anyhow::Result<()> {
    let mut raw = f.raw().await?;
    raw.block_writes().await?;
    let mut left = Box::pin(f.store.top_up(f.a_top_up(10)));
    ensure!(poll_immediate(&mut left).await.is_none(), "it waits");
    drop(left);
    raw.unblock_writes().await?;
    // The queue is in order: when this one is answered, the other is booked.
    f.fund(1).await?;
    assert_eq!(f.balance().await?.available, nanos(11));
    Ok(())
}

/// Breaks the writer's connection while a batch is under way: the batch's outcome is unknown, and everybody is answered
/// all the same, once the requests have been run again.
pub(crate) async fn a_lost_connection_is_made_good(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    match f.database.engine {
        // SQLite has no connection to lose. Another process's lock that outlasts the wait is the same to the writer.
        Engine::Sqlite => lock_out(&f, placed.0).await?,
        Engine::Postgres => {
            let mut raw = f.raw().await?;
            raw.block_writes().await?;
            let settling = f.store.settle(f.solved(placed, 300));
            let topping_up = f.store.top_up(f.a_top_up(5));
            let breaking = break_writer(&mut raw, f.raw().await?);
            let (settled, topped_up, broken) = tokio::join!(settling, topping_up, breaking);
            broken?;
            assert_eq!(settled?, Settled::Now { cost: nanos(300), returned: Amount::ZERO });
            ensure!(topped_up?.is_ok(), "booked");
            ensure!(f.store.stats().reruns >= 1, "{:?}", f.store.stats());
            assert_eq!(f.balance().await?.available, nanos(705));
        }
    }
    Ok(())
}

/// Waits until a statement of the store is waiting for the lock, ends its connection, and gives the lock back.
async fn break_writer(lock: &mut Raw, mut other: Raw) -> anyhow::Result<()> {
    other
        .run(
            "",
            "do $$ begin
               for i in 1 .. 10000 loop
                 perform pg_terminate_backend(pid) from pg_stat_activity
                   where application_name = 'capstan' and datname = current_database() and wait_event_type = 'Lock';
                 if found then return; end if;
                 perform pg_sleep(0.001);
                 perform pg_stat_clear_snapshot();
               end loop;
               raise exception 'nobody waits for the lock';
             end $$",
        )
        .await?;
    Ok(lock.unblock_writes().await?)
}

async fn lock_out(f: &Fixture, task: TaskId) -> anyhow::Result<()> {
    let options = OpenOptions { lock_wait: std::time::Duration::from_millis(20), ..OpenOptions::default() };
    let store = Store::open(&f.database.url, options).await?;
    let mut raw = f.raw().await?;
    raw.block_writes().await?;
    let top_up = f.a_top_up(5);
    let error = store.top_up(top_up.clone()).await;
    ensure!(error.as_ref().is_err_and(StoreError::is_transient), "{error:?}");
    ensure!(store.stats().reruns >= 1, "{:?}", store.stats());
    raw.unblock_writes().await?;
    ensure!(store.top_up(top_up).await?.is_ok(), "booked");
    let open = store.list_open_tasks(None).await?;
    assert_eq!(
        open.iter().map(|o| (o.task.facts.id, o.task.state)).collect::<Vec<_>>(),
        [(task, TaskState::Submitting)]
    );
    store.close().await;
    Ok(())
}

/// Every kind of write that moves money or a task has one effect although the answer to its commit is lost.
pub(crate) async fn a_commit_whose_answer_was_lost_is_answered_and_has_one_effect(f: Fixture) -> anyhow::Result<()> {
    let proxy = Proxy::open(&f.database.url).await?;
    tokio::select! {
        ended = proxy.carry() => ended,
        told = lose_answers(&f, &proxy) => told,
    }
}

async fn lose_answers(f: &Fixture, proxy: &Proxy) -> anyhow::Result<()> {
    let store = Store::open(&proxy.url()?, OpenOptions::default()).await?;
    proxy.lose_one();
    ensure!(store.top_up(f.a_top_up(1_000)).await?.is_ok(), "booked");
    let task = f.a_task(&[300])?;
    let first = task.candidates.first().map(|candidate| candidate.id);
    let placed = (task.facts.id, first.ok_or_else(|| anyhow::anyhow!("a candidate"))?);
    proxy.lose_one();
    assert_eq!(store.place_task(task).await?, Ok(Placed { hold: nanos(300), kept: vec![0] }));
    let next = NextAttempt {
        task: placed.0,
        fence: f.fence,
        refused: placed.1,
        fault: a_fault(FaultClass::NoCapacity),
        next: f.attempt(250)?,
        charge: None,
        matures_at_ms: NOW,
    };
    let second = (placed.0, next.next.id);
    proxy.lose_one();
    assert_eq!(store.record_next_attempt(next).await?, Recorded::Done);
    let doubt = Doubt { task: second.0, attempt: second.1, fence: f.fence, fault_code: "timeout".into() };
    proxy.lose_one();
    assert_eq!(store.record_in_doubt(doubt).await?, Recorded::Done);
    let acceptance =
        Acceptance { task: second.0, attempt: second.1, fence: f.fence, reference: b"ref".to_vec(), at_ms: NOW };
    proxy.lose_one();
    assert_eq!(store.record_acceptance(acceptance).await?, Recorded::Done);
    proxy.lose_one();
    assert_eq!(store.settle(f.solved(second, 250)).await?, Settled::Now { cost: nanos(250), returned: nanos(50) });
    let book = f.a_price_book(5)?;
    proxy.lose_one();
    assert_eq!(store.publish_price_book(book).await?, 2);
    ensure!(!proxy.is_armed() && store.stats().reruns == 7, "{:?}", store.stats());
    let balance = f.balance().await?;
    assert_eq!((balance.available, balance.held), (nanos(750), Amount::ZERO));
    assert_eq!(f.store.list_attempts(placed.0).await?.len(), 2);
    store.close().await;
    Ok(())
}

pub(crate) async fn a_look_that_is_left_spoils_no_later_one(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let store = Store::open(&f.database.url, OpenOptions { readers: 1, ..OpenOptions::default() }).await?;
    for n in 1..=20_usize {
        // Left at another place every time: a look needs several turns.
        let mut look = Box::pin(store.list_open_tasks(None));
        for _ in 0..n {
            if poll_immediate(&mut look).await.is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(look);
        f.place(10).await?;
        assert_eq!(store.list_open_tasks(None).await?.len(), n);
        assert_eq!(store.balance(f.account).await?.map(|balance| balance.held), Some(nanos(10 * i64::try_from(n)?)));
    }
    store.close().await;
    Ok(())
}

pub(crate) async fn a_closed_store_says_so(f: Fixture) -> anyhow::Result<()> {
    let queued = f.store.top_up(f.a_top_up(10));
    let (queued, ()) = tokio::join!(queued, f.store.close());
    ensure!(queued?.is_ok(), "what was queued is served");
    f.store.close().await;
    let write = f.store.top_up(f.a_top_up(10)).await;
    ensure!(matches!(write, Err(StoreError::Closed)), "{write:?}");
    let read = f.store.balance(f.account).await;
    ensure!(matches!(read, Err(StoreError::Closed)), "{read:?}");
    Ok(())
}
