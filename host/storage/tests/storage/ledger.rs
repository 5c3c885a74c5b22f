//! The ledger: unchangeable, and checked.

use anyhow::{Context, ensure};
use capstan_storage::Entries;

use crate::fixture::Fixture;

pub(crate) async fn moves_and_entries_cannot_be_changed(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let mut raw = f.raw().await?;
    for text in [
        "update ledger_entries set amount_nanos = amount_nanos + 1",
        "delete from ledger_entries",
        "update moves set created_at_ms = 0",
        "delete from moves",
    ] {
        let error = raw.both(text).await;
        ensure!(error.as_ref().is_err_and(|e| e.to_string().contains("immutable")), "{text}: {error:?}");
    }
    let truncated = raw.run("delete from moves", "truncate moves cascade").await;
    ensure!(truncated.is_err(), "the ledger cannot be emptied");
    Ok(())
}

async fn difference(f: &Fixture) -> anyhow::Result<String> {
    Ok(f.store.verify_ledger().await?.difference.context("a difference is found")?.to_string())
}

pub(crate) async fn a_changed_entry_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.tamper();
    f.fund(1_000).await?;
    let report = f.store.verify_ledger().await?;
    assert_eq!((report.accounts, report.moves, report.entries, report.difference), (1, 1, 2, None));
    let mut raw = f.raw().await?;
    raw.run(
        "drop trigger ledger_entries_no_update; drop trigger ledger_entries_no_delete",
        "drop trigger ledger_entries_no_update on ledger_entries; drop trigger ledger_entries_no_delete on ledger_entries",
    )
    .await?;
    raw.both("update ledger_entries set amount_nanos = amount_nanos + 1 where line = 1").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("instead of zero") && found.contains("topup"), "{found}");
    // Both lines changed alike: the move balances, the projection does not.
    raw.both("update ledger_entries set amount_nanos = amount_nanos - 1 where line = 0").await?;
    let found = difference(&f).await?;
    ensure!(found.contains(":available shows") && found.contains("sum to"), "{found}");
    raw.both("delete from ledger_entries").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("missing"), "{found}");
    Ok(())
}

pub(crate) async fn a_changed_balance_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.tamper();
    f.fund(1_000).await?;
    f.place(300).await?;
    let mut raw = f.raw().await?;
    raw.both("update accounts set available = available + 1").await?;
    let found = difference(&f).await?;
    ensure!(found.contains(":available shows"), "{found}");
    raw.both("update accounts set available = available - 1").await?;
    raw.both("update holds set amount_nanos = amount_nanos + 1").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("its open holds sum to"), "{found}");
    let negative = raw.both("update accounts set available = -1").await;
    ensure!(negative.is_err(), "no balance goes below zero");
    Ok(())
}

pub(crate) async fn a_changed_task_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.tamper();
    f.fund(1_000).await?;
    let placed = f.place(300).await?;
    f.store.settle(f.solved(placed, 200)).await?;
    ensure!(f.store.verify_ledger().await?.difference.is_none(), "all is well before");
    let mut raw = f.raw().await?;
    raw.both("update tasks set cost_nanos = cost_nanos + 1").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("shows a cost of"), "{found}");
    raw.both("update tasks set cost_nanos = cost_nanos - 1").await?;
    raw.both("update holds set state = 'released'").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("released") && found.contains("1 captures"), "{found}");
    raw.both("update holds set state = 'captured'").await?;
    raw.both("update tasks set state = 'failed', cost_nanos = null, solution = null, error_code = 'X'").await?;
    let found = difference(&f).await?;
    ensure!(found.contains("task"), "{found}");
    Ok(())
}

pub(crate) async fn entries_are_listed_by_task_and_account(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (task, attempt) = f.place(300).await?;
    let other = f.place(200).await?;
    f.store.settle(f.solved((task, attempt), 100)).await?;
    let of_task = f.store.list_entries(Entries::OfTask(task)).await?;
    let kinds = of_task.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>();
    assert_eq!(kinds, ["hold", "hold", "capture", "capture", "capture"]);
    ensure!(of_task.iter().all(|entry| entry.task == Some(task)), "{of_task:?}");
    let of_account = f.store.list_entries(Entries::OfAccount(f.account)).await?;
    let balance = f.balance().await?;
    let sum: i64 = of_account.iter().map(|entry| entry.amount.nanos()).sum();
    assert_eq!(sum, balance.available.plus(balance.held)?.nanos());
    assert_eq!(of_account.len(), 1 + 2 + 2 + 2);
    ensure!(of_account.iter().any(|entry| entry.task == Some(other.0)), "{of_account:?}");
    Ok(())
}
