//! Accounts, their keys and their money from outside.

use anyhow::{Context, ensure};
use capstan_domain::dialect::Dialect;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{AccountId, MoveId, ProviderId};
use capstan_storage::{
    AccountStatus, KeySettings, KeyStatus, NewAccount, NewApiKey, StoreError, TopUp, TopUpRefusal, ToppedUp,
};

use crate::fixture::{Fixture, NOW, nanos};

pub(crate) async fn an_account_is_made_once_and_changes_status(f: Fixture) -> anyhow::Result<()> {
    f.fund(5).await?;
    f.store.create_account(NewAccount { id: f.account, name: "Eve".into(), created_at_ms: NOW + 1 }).await?;
    let account = f.store.find_account(f.account).await?.context("it exists")?;
    assert_eq!((account.name.as_str(), account.status), ("Ada", AccountStatus::Active));
    assert_eq!(account.balance.available, nanos(5));
    for status in [AccountStatus::Suspended, AccountStatus::Suspended, AccountStatus::Closed, AccountStatus::Active] {
        f.store.set_account_status(f.account, status).await?;
        assert_eq!(f.store.find_account(f.account).await?.map(|account| account.status), Some(status));
    }
    assert_eq!(f.store.list_accounts().await?, [account]);
    let nobody = AccountId(f.uuid());
    let error = f.store.set_account_status(nobody, AccountStatus::Closed).await;
    ensure!(matches!(error, Err(StoreError::Missing { table: "accounts", .. })), "{error:?}");
    assert_eq!(f.store.find_account(nobody).await?, None);
    assert_eq!(f.store.balance(nobody).await?, None);
    Ok(())
}

pub(crate) async fn a_top_up_is_booked_once_per_payment(f: Fixture) -> anyhow::Result<()> {
    let top_up = f.a_top_up(700);
    let first = f.store.top_up(top_up.clone()).await?;
    let again = f.store.top_up(top_up.clone()).await?;
    let other_id = f.store.top_up(TopUp { move_id: MoveId(f.uuid()), ..top_up.clone() }).await?;
    let booked = Ok(ToppedUp { move_id: top_up.move_id, balance: f.balance().await? });
    assert_eq!([first, again, other_id], [booked; 3]);
    assert_eq!(f.balance().await?.available, nanos(700));
    Ok(())
}

pub(crate) async fn a_top_up_that_cannot_be_is_refused(f: Fixture) -> anyhow::Result<()> {
    let top_up = f.a_top_up(700);
    let nobody = TopUp { account: AccountId(f.uuid()), ..top_up.clone() };
    assert_eq!(f.store.top_up(nobody).await?, Err(TopUpRefusal::NoSuchAccount));
    let nothing = f.store.top_up(TopUp { amount: nanos(0), ..top_up.clone() }).await;
    ensure!(matches!(nothing, Err(StoreError::Move(_))), "{nothing:?}");
    // Neither of them used the payment's name up.
    ensure!(f.store.top_up(top_up.clone()).await?.is_ok(), "booked");
    let more = TopUp { amount: nanos(701), ..top_up };
    assert_eq!(f.store.top_up(more).await?, Err(TopUpRefusal::AlreadyBookedOtherwise));
    assert_eq!(f.balance().await?.available, nanos(700));
    Ok(())
}

pub(crate) async fn a_key_is_found_by_its_hash_with_its_account(f: Fixture) -> anyhow::Result<()> {
    let key = NewApiKey {
        id: capstan_domain::ApiKeyId(f.uuid()),
        account: f.account,
        public_id: "pub2".into(),
        secret_hash: [2; 32],
        settings: KeySettings {
            label: "second".into(),
            purpose: "tests of our own sign-up form".into(),
            selection_mode: Some(SelectionMode::Priority),
            pool_mode: Some(PoolMode::PlatformOnly),
            pool_locked: true,
            priority: Some(vec![ProviderId::new("b")?, ProviderId::new("a")?]),
            addresses: Some(vec!["203.0.113.0/24".into()]),
            rate_per_s: Some(7),
            most_open: Some(5),
            daily_cap: Some(nanos(1_000)),
            domains: Some(vec!["example.com".into()]),
            without_url: true,
            expires_at_ms: Some(NOW + 2),
            dialect: Some(Dialect::CapSolver),
            duplicate_window_ms: Some(10_000),
        },
        created_at_ms: NOW + 1,
    };
    f.store.create_api_key(key.clone()).await?;
    f.store.create_api_key(key.clone()).await?;
    let found = f.store.find_api_key(&[2; 32]).await?.context("found")?;
    assert_eq!((found.key.id, found.key.account, found.account_status), (key.id, f.account, AccountStatus::Active));
    assert_eq!((found.key.status, &found.key.settings), (KeyStatus::Active, &key.settings));
    f.store.revoke_api_key(key.id).await?;
    f.store.revoke_api_key(key.id).await?;
    f.store.set_account_status(f.account, AccountStatus::Suspended).await?;
    let found = f.store.find_api_key(&[2; 32]).await?.context("found")?;
    assert_eq!((found.key.status, found.account_status), (KeyStatus::Revoked, AccountStatus::Suspended));
    assert_eq!(f.store.find_api_key(&[3; 32]).await?, None);
    let listed = f.store.list_api_keys(Some(f.account)).await?;
    assert_eq!(listed.iter().map(|key| key.public_id.as_str()).collect::<Vec<_>>(), ["pub1", "pub2"]);
    Ok(())
}
