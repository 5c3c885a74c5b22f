//! Opening what is there.

use anyhow::{Context, ensure};
use capstan_storage::{DatabaseUrl, OpenOptions, Store, StoreError, TaskName};

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
