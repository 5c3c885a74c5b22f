//! A copy of the database in one file, and the way back.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use capstan_domain::AccountId;
use capstan_storage::{
    BackupError, DatabaseUrl, Fence, NewKeyCheck, OpenOptions, PlaceTask, Present, RestorePlan, Restored, ShardClaim,
    Store, StoreError, TaskName, inspect_backup, look_at_database, restore_backup,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::engine::{Database, Engine};
use crate::fixture::{Fixture, NOW, nanos};

/// A place for files, and one in it that is not there yet.
fn a_place() -> anyhow::Result<(TempDir, PathBuf)> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("a.backup");
    Ok((dir, file))
}

fn fresh(f: &Fixture) -> anyhow::Result<Database> {
    f.database.engine.create_database().map_err(|error| anyhow::anyhow!("{error:?}"))
}

fn plan(replace: bool) -> RestorePlan {
    RestorePlan { replace, at_ms: NOW + 60_000, aside: ".before".into() }
}

async fn restored(url: &DatabaseUrl, file: &Path, replace: bool) -> anyhow::Result<(Restored, Store)> {
    inspect_backup(url, file, "a key").await?;
    let restored = restore_backup(url, file, &plan(replace)).await?;
    Ok((restored, Store::open(url, OpenOptions::default()).await?))
}

pub(crate) async fn a_backup_made_among_writes_is_restored_whole(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000_000).await?;
    let (open, _) = f.place(100).await?;
    let over = f.place(200).await?;
    f.store.settle(f.solved(over, 150)).await?;
    f.store.keep_key_check(NewKeyCheck { name: "a key", value: [4; 32], created_at_ms: NOW }).await?;
    let (_dir, file) = a_place()?;
    let writes = async {
        for n in 0..200 {
            let placed = f.place(10).await?;
            if n % 2 == 0 {
                f.store.settle(f.solved(placed, 10)).await?;
            }
        }
        anyhow::Ok(())
    };
    let (made, written) = tokio::join!(f.store.back_up(&file), writes);
    written?;
    let made = made?;
    assert_eq!(std::fs::metadata(&file)?.len(), made.bytes);
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);

    let elsewhere = fresh(&f)?;
    let facts = inspect_backup(&elsewhere.url, &file, "a key").await?;
    assert_eq!((facts.schema_version, facts.key_check), (made.contents.schema_version, Some(vec![4; 32])));
    let (found, store) = restored(&elsewhere.url, &file, false).await?;
    assert_eq!((found.contents, &found.kept_aside), (made.contents, &None));
    ensure!(found.report.difference.is_none() && found.report.holds == made.contents.tasks, "{found:?}");
    let before = f.store.find_task(f.account, TaskName::Id(over.0)).await?.context("placed")?;
    assert_eq!(store.find_task(f.account, TaskName::Id(over.0)).await?.context("restored")?, before);
    let still_open = store.list_open_tasks(None).await?;
    ensure!(still_open.iter().any(|task| task.task.facts.id == open), "an open task is lost");
    assert_eq!(i64::try_from(still_open.len())?, made.contents.open_tasks);
    store.close().await;
    Ok(())
}

pub(crate) async fn a_node_of_before_a_restore_writes_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (_dir, file) = a_place()?;
    f.store.back_up(&file).await?;
    // Nodes that started after the backup: their epochs are not in it, and are the next ones that it would count to.
    let claim = |node: &str| ShardClaim { node: node.into(), now_ms: NOW + 1, ttl_ms: 20_000 };
    f.store.acquire_shards(claim("node-1")).await?;
    let held = f.store.acquire_shards(claim("node-1")).await?;
    ensure!(held.contains(&Fence { shard: 7, epoch: 3 }), "the node of before");
    f.store.close().await;

    let (_, store) = restored(&f.database.url, &file, true).await?;
    assert_eq!(store.renew_shards(claim("node-1")).await?, [], "the node of before has lost its leases");
    let taken = store.acquire_shards(claim("node-2")).await?;
    assert_eq!(taken, (0..=255).map(|shard| Fence { shard, epoch: NOW + 60_001 }).collect::<Vec<_>>());
    let f = f.seen_by(store);
    for epoch in 1..=3 {
        let fence = Fence { shard: 7, epoch };
        let late = f.store.place_task(PlaceTask { fence, ..f.a_task(&[10])? }).await;
        ensure!(matches!(late, Err(StoreError::Fenced { .. })), "epoch {epoch}: {late:?}");
    }
    let fence = Fence { shard: 7, epoch: NOW + 60_001 };
    ensure!(f.store.place_task(PlaceTask { fence, ..f.a_task(&[10])? }).await?.is_ok());
    f.store.close().await;
    Ok(())
}

pub(crate) async fn what_is_no_whole_backup_is_refused(f: Fixture) -> anyhow::Result<()> {
    let url = &f.database.url;
    f.fund(1_000).await?;
    f.place(100).await?;
    let (dir, file) = a_place()?;
    f.store.back_up(&file).await?;
    let whole = std::fs::read(&file)?;
    for length in [0, 10, 600, whole.len() / 2, whole.len() - 4_000, whole.len() - 1] {
        let cut = dir.path().join("cut.backup");
        std::fs::write(&cut, whole.get(..length).context("shorter")?)?;
        let looked = inspect_backup(url, &cut, "a key").await;
        ensure!(matches!(looked, Err(BackupError::NoBackup { .. })), "{length} of {} bytes: {looked:?}", whole.len());
    }
    let other: &[u8] = match f.database.engine {
        Engine::Sqlite => b"PGDMP of something else",
        Engine::Postgres => b"SQLite format 3\0 and more",
    };
    let foreign = dir.path().join("foreign.backup");
    std::fs::write(&foreign, other)?;
    let looked = inspect_backup(url, &foreign, "a key").await;
    ensure!(matches!(looked, Err(BackupError::OtherEngine { .. })), "{looked:?}");
    let looked = inspect_backup(url, &dir.path().join("nothing"), "a key").await;
    ensure!(matches!(looked, Err(BackupError::File { .. })), "{looked:?}");

    let newer = dir.path().join("newer.backup");
    let mut raw = f.raw().await?;
    raw.run(
        "insert into _sqlx_migrations values (9999, 'from the future', current_timestamp, 1, x'00', 1)",
        "insert into _sqlx_migrations values (9999, 'from the future', now(), true, '\\x00', 1)",
    )
    .await?;
    f.store.back_up(&newer).await?;
    let looked = inspect_backup(url, &newer, "a key").await;
    ensure!(matches!(looked, Err(BackupError::Newer { version: 9999, .. })), "{looked:?}");
    raw.both("delete from _sqlx_migrations where version = 9999").await?;

    let strange = dir.path().join("strange.backup");
    raw.run("update _sqlx_migrations set checksum = x'00'", "update _sqlx_migrations set checksum = '\\x00'").await?;
    f.store.back_up(&strange).await?;
    let looked = inspect_backup(url, &strange, "a key").await;
    ensure!(looked.is_err_and(|error| error.to_string().contains("migration 1 is not Capstan's")));
    f.tamper();
    Ok(())
}

pub(crate) async fn what_is_there_gives_way_only_when_told_to(f: Fixture) -> anyhow::Result<()> {
    let url = &f.database.url;
    f.fund(1_000).await?;
    let (_dir, file) = a_place()?;
    f.store.back_up(&file).await?;
    f.fund(500).await?;
    f.place(100).await?;
    f.store.close().await;

    let of_others = look_at_database(url, "node-9", NOW).await?;
    let is_postgres = f.database.engine == Engine::Postgres;
    let leased_until_ms = is_postgres.then_some(NOW + 20_000);
    assert_eq!(of_others, Present { has_tables: true, accounts: 1, tasks: 1, leased_until_ms });
    assert_eq!(look_at_database(url, "node-1", NOW).await?.leased_until_ms, None);
    assert_eq!(look_at_database(url, "node-9", NOW + 20_000).await?.leased_until_ms, None);
    assert_eq!(look_at_database(&fresh(&f)?.url, "node-9", NOW).await?, Present::default());
    if is_postgres {
        // SQLite's file is not touched by a caller that was told what is in it.
        let refused = restore_backup(url, &file, &plan(false)).await;
        ensure!(matches!(refused, Err(BackupError::Program { .. })), "{refused:?}");
        assert_eq!(look_at_database(url, "node-9", NOW).await?, of_others);
    }

    let (found, store) = restored(url, &file, true).await?;
    assert_eq!((found.contents.accounts, found.contents.tasks), (1, 0));
    assert_eq!(store.balance(f.account).await?.context("kept")?.available, nanos(1_000));
    store.close().await;
    ensure!(found.kept_aside.is_some() != is_postgres, "{found:?}");
    if let Some(aside) = found.kept_aside {
        let store = Store::open(&DatabaseUrl::Sqlite(aside), OpenOptions::default()).await?;
        let balance = store.balance(f.account).await?.context("kept aside")?;
        assert_eq!((balance.available, balance.held), (nanos(1_400), nanos(100)));
        store.close().await;
    }
    Ok(())
}

pub(crate) async fn a_backup_overwrites_nothing_and_leaves_no_half_file(f: Fixture) -> anyhow::Result<()> {
    let (dir, file) = a_place()?;
    let names = || -> anyhow::Result<Vec<_>> {
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path())?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
        names.sort_unstable();
        Ok(names)
    };
    // What a backup left that was killed, open to others.
    std::fs::write(dir.path().join("a.backup.partial"), b"half a backup")?;
    let first = f.store.back_up(&file).await?;
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let again = f.store.back_up(&file).await;
    ensure!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");
    assert_eq!(std::fs::metadata(&file)?.len(), first.bytes);

    let being_written = dir.path().join("b.backup.partial");
    let held = std::fs::File::create(&being_written)?;
    held.lock()?;
    let beside = f.store.back_up(&dir.path().join("b.backup")).await;
    ensure!(matches!(beside, Err(BackupError::UnderWay(_))), "{beside:?}");
    drop(held);
    std::fs::remove_file(&being_written)?;

    let nowhere = f.store.back_up(&dir.path().join("no/such/dir/a.backup")).await;
    ensure!(matches!(nowhere, Err(BackupError::File { .. })), "{nowhere:?}");
    // A table that the copy asks for is gone: it fails when the file has been begun.
    f.raw().await?.both("alter table moves rename to moved").await?;
    let failed = f.store.back_up(&dir.path().join("c.backup")).await;
    ensure!(matches!(failed, Err(BackupError::Store(_))), "{failed:?}");
    f.raw().await?.both("alter table moved rename to moves").await?;
    assert_eq!(names()?, ["a.backup"]);
    Ok(())
}

pub(crate) async fn a_ledger_that_does_not_add_up_is_told(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    f.raw().await?.both("update accounts set available = available + 1").await?;
    f.tamper();
    let (_dir, file) = a_place()?;
    f.store.back_up(&file).await?;
    let elsewhere = fresh(&f)?;
    let told = restore_backup(&elsewhere.url, &file, &plan(false)).await;
    ensure!(matches!(told, Err(BackupError::LedgerDiffers { .. })), "{told:?}");
    let is_there = look_at_database(&elsewhere.url, "node-9", NOW).await?.has_tables;
    assert_eq!(is_there, f.database.engine == Engine::Postgres, "what the error says of each engine");
    Ok(())
}

pub(crate) async fn a_key_check_is_kept_once(f: Fixture) -> anyhow::Result<()> {
    let check = |value| NewKeyCheck { name: "a key", value: [value; 32], created_at_ms: NOW };
    assert_eq!(f.store.find_key_check("a key").await?, None);
    assert_eq!(f.store.keep_key_check(check(1)).await?, [1; 32]);
    assert_eq!(f.store.keep_key_check(check(2)).await?, [1; 32]);
    assert_eq!(f.store.find_key_check("a key").await?, Some(vec![1; 32]));
    assert_eq!(f.store.find_key_check("another").await?, None);
    Ok(())
}

pub(crate) async fn what_others_made_in_the_database_stays(f: Fixture) -> anyhow::Result<()> {
    let (_dir, file) = a_place()?;
    f.store.back_up(&file).await?;
    f.add_account(AccountId(Uuid::from_u128(77))).await?;
    let mut raw = f.raw().await?;
    raw.both(
        "create table invoices (account uuid references accounts (id)); insert into invoices select id from accounts",
    )
    .await?;
    let (_, store) = restored(&f.database.url, &file, true).await?;
    assert_eq!(store.list_accounts().await?.len(), 1);
    raw.both("do $$ begin assert (select count(*) from invoices) = 2; end $$").await?;
    store.close().await;
    Ok(())
}
