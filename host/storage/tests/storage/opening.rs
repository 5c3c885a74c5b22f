//! Opening what is there.

use std::path::Path;

use anyhow::{Context, ensure};
use capstan_storage::{DatabaseUrl, Entries, OpenOptions, Store, StoreError, TaskName, TopUp, TopUpRefusal};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqlitePool};

use crate::fixture::{Fixture, nanos};

pub(crate) async fn reopening_keeps_everything(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (open, _) = f.place(100).await?;
    let over = f.place(200).await?;
    f.store.settle(f.solved(over, 150)).await?;
    let before = (
        f.store.list_open_tasks(None).await?,
        f.store.list_credentials().await?.len(),
        f.store.find_task(f.account, TaskName::Id(over.0)).await?,
        f.store.verify_ledger().await?,
    );
    f.store.close().await;
    let store = Store::open(&f.database.url, OpenOptions::default()).await?;
    let after = (
        store.list_open_tasks(None).await?,
        store.list_credentials().await?.len(),
        store.find_task(f.account, TaskName::Id(over.0)).await?,
        store.verify_ledger().await?,
    );
    assert_eq!(after.0.first().context("still open")?.task.facts.id, open);
    ensure!(after.0 == before.0 && after.1 == before.1 && after.2 == before.2 && after.3 == before.3, "{after:?}");
    let balance = store.balance(f.account).await?.context("kept")?;
    assert_eq!((balance.available, balance.held), (nanos(750), nanos(100)));
    store.close().await;
    Ok(())
}

/// The schema of before moves and credentials were made anew, which is how SQLite changes a table.
const BEFORE: i64 = 6;

pub(crate) async fn a_database_of_a_release_before_takes_everything_along(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    f.place(100).await?;
    let solved = f.place(200).await?;
    f.store.settle(f.solved(solved, 150)).await?;
    f.store.settle(f.failed(f.place(300).await?)).await?;
    let entries = f.store.list_entries(Entries::OfAccount(f.account)).await?;
    let before = (f.store.list_open_tasks(None).await?, f.store.verify_ledger().await?);
    f.store.close().await;

    let DatabaseUrl::Sqlite(filled) = &f.database.url else { anyhow::bail!("not a file") };
    let file = filled.with_file_name("before.db");
    as_before(&file, filled).await?;
    let store = Store::open(&DatabaseUrl::Sqlite(file), OpenOptions::default()).await?;
    let after = (store.list_open_tasks(None).await?, store.verify_ledger().await?);
    ensure!(after == before && after.1.difference.is_none() && after.1.moves == 6, "{after:?}");
    ensure!(store.list_entries(Entries::OfAccount(f.account)).await? == entries, "the entries are another account's");
    // What was unique and immutable is so again.
    let topped_up = TopUp { external_ref: "again".to_owned(), ..f.a_top_up(5) };
    ensure!(store.top_up(topped_up.clone()).await?.is_ok(), "a new reference");
    let other = TopUp { external_ref: "again".to_owned(), ..f.a_top_up(6) };
    ensure!(store.top_up(other).await? == Err(TopUpRefusal::AlreadyBookedOtherwise), "a reference of another payment");
    store.close().await;
    Ok(())
}

/// A file with the schema of before and the rows of one with today's.
async fn as_before(file: &Path, filled: &Path) -> anyhow::Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite"));
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options.clone()).await?;
    Migrator::new(folder).await?.run_to(BEFORE, &pool).await?;
    pool.close().await;
    let mut c = options.foreign_keys(false).connect().await?;
    sqlx::query("attach $1 as filled").bind(filled.to_string_lossy()).execute(&mut c).await?;
    let tables = "select m.name, group_concat(i.name) from sqlite_schema m join pragma_table_info(m.name) i
                   where m.type = 'table' and m.name not like 'sqlite_%' and m.name <> '_sqlx_migrations' group by m.name";
    let tables: Vec<(String, String)> = sqlx::query_as(tables).fetch_all(&mut c).await?;
    for (table, columns) in tables {
        let copy = format!("delete from {table}; insert into {table} ({columns}) select {columns} from filled.{table}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(copy)).execute(&mut c).await?;
    }
    c.close().await?;
    Ok(())
}

pub(crate) async fn a_newer_schema_is_refused(f: Fixture) -> anyhow::Result<()> {
    f.tamper();
    f.store.close().await;
    let mut raw = f.raw().await?;
    raw.run(
        "insert into _sqlx_migrations values (9999, 'from the future', current_timestamp, 1, x'00', 1)",
        "insert into _sqlx_migrations values (9999, 'from the future', now(), true, '\\x00', 1)",
    )
    .await?;
    let opened = Store::open(&f.database.url, OpenOptions::default()).await;
    let error = opened.err().context("refused")?;
    ensure!(matches!(error, StoreError::SchemaNewer(9999)), "{error:?}");
    Ok(())
}

pub(crate) async fn addresses_are_read_without_their_password(_: Fixture) -> anyhow::Result<()> {
    assert_eq!("sqlite:data/capstan.db".parse::<DatabaseUrl>()?, DatabaseUrl::Sqlite("data/capstan.db".into()));
    assert_eq!("sqlite:///data/capstan.db".parse::<DatabaseUrl>()?, DatabaseUrl::Sqlite("/data/capstan.db".into()));
    let url = "postgres://someone:secret@db/capstan".parse::<DatabaseUrl>()?;
    ensure!(!format!("{url:?}").contains("secret"), "{url:?}");
    for text in ["", "sqlite:", "mysql://x/y", "capstan.db"] {
        ensure!(matches!(text.parse::<DatabaseUrl>(), Err(StoreError::BadUrl)), "{text}");
    }
    Ok(())
}
