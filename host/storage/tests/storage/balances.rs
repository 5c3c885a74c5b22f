//! Balances at providers, held against the books.

use anyhow::ensure;
use capstan_domain::reconcile::Verdict;
use capstan_storage::{BalanceLook, NewBalanceLook, Outcome, Settlement};

use crate::fixture::{Fixture, NOW, nanos};

const CENT: i64 = 10_000_000;

async fn look(f: &Fixture, at_ms: i64, balance: i64) -> anyhow::Result<BalanceLook> {
    let look = NewBalanceLook { credential: f.credential, at_ms, balance: nanos(balance) };
    Ok(f.store.record_balance_look(look).await?)
}

/// A task that its provider says to have charged this much for.
async fn solve(f: &Fixture, cost: i64) -> anyhow::Result<()> {
    let placed = f.place(100 * CENT).await?;
    let solved = f.solved(placed, 100 * CENT);
    let Outcome::Solved { capture, solution, .. } = solved.outcome else { anyhow::bail!("it is solved") };
    let outcome = Outcome::Solved { capture, solution, provider_cost: Some(nanos(cost)) };
    f.store.settle(Settlement { outcome, ..solved }).await?;
    Ok(())
}

pub(crate) async fn a_balance_is_held_against_the_books_since_the_look_before(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000 * CENT).await?;
    // What was spent before the first look is nobody's question.
    solve(&f, 50 * CENT).await?;
    let first = look(&f, NOW + 10_000, 900 * CENT).await?;
    assert_eq!((first.verdict, first.since), (Verdict::First, None));
    let next = look(&f, NOW + 11_000, 900 * CENT).await?;
    assert_eq!((next.verdict, next.since), (Verdict::Agrees, Some((nanos(0), nanos(0)))));
    // The fixture's tasks end at NOW + 9 s: a look before that has them after it.
    let early = look(&f, NOW + 8_000, 1_000 * CENT).await?;
    assert_eq!(early.verdict, Verdict::First);
    let newest = f.store.list_balance_looks().await?;
    assert_eq!(newest, [next]);
    Ok(())
}

pub(crate) async fn a_look_said_twice_is_one(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000 * CENT).await?;
    look(&f, NOW, 1_000 * CENT).await?;
    solve(&f, 60 * CENT).await?;
    solve(&f, 40 * CENT).await?;
    let agrees = look(&f, NOW + 20_000, 900 * CENT).await?;
    assert_eq!((agrees.verdict, agrees.since), (Verdict::Agrees, Some((nanos(100 * CENT), nanos(100 * CENT)))));
    assert_eq!(look(&f, NOW + 20_000, 1).await?, agrees);
    let more = look(&f, NOW + 30_000, 880 * CENT).await?;
    assert_eq!((more.verdict, more.since), (Verdict::More, Some((nanos(20 * CENT), nanos(0)))));
    // A task under way may have cost its price already.
    f.place(100 * CENT).await?;
    assert_eq!(look(&f, NOW + 40_000, 790 * CENT).await?.verdict, Verdict::Agrees);
    let less = look(&f, NOW + 50_000, 5_000 * CENT).await?;
    ensure!(less.verdict == Verdict::Less, "{less:?}");
    Ok(())
}
