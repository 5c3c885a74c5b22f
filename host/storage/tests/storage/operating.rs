//! What operators change, what is written down about it, and what a key may spend a day.

use anyhow::{Context, ensure};
use capstan_domain::{AccountId, CredentialId};
use capstan_storage::{
    AccountStatus, Applied, Change, ChangeRefusal, CredentialStatus, KeySettings, NewAccount, NewApiKey, NewAudit,
    NewSecret, PlaceRefusal, Rebound, StoreError, day_of,
};

use crate::fixture::{Fixture, NOW, nanos};

fn line(f: &Fixture, action: &str) -> NewAudit {
    NewAudit {
        id: f.uuid(),
        at_ms: NOW,
        actor: "uid 0".into(),
        action: action.into(),
        target: "it".into(),
        detail: "{}".into(),
    }
}

pub(crate) async fn a_change_and_its_line_are_one(f: Fixture) -> anyhow::Result<()> {
    let id = AccountId(f.uuid());
    let new = NewAccount { id, name: "Eve".into(), created_at_ms: NOW };
    let said = line(&f, "account create");
    assert_eq!(f.store.apply(Change::CreateAccount(new.clone()), said.clone()).await?, Ok(Applied::Done));
    // The same call again is the same change and the same line.
    assert_eq!(f.store.apply(Change::CreateAccount(new), said).await?, Ok(Applied::Done));
    let suspend = Change::SetAccountStatus(id, AccountStatus::Suspended);
    assert_eq!(f.store.apply(suspend, line(&f, "account suspend")).await?, Ok(Applied::Done));
    ensure!(f.store.find_account(id).await?.context("there")?.status == AccountStatus::Suspended, "suspended");

    let missing = Change::SetAccountStatus(AccountId(f.uuid()), AccountStatus::Active);
    let refused = f.store.apply(missing, line(&f, "account resume")).await;
    ensure!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    let top_up = Change::TopUp(capstan_storage::TopUp { account: AccountId(f.uuid()), ..f.a_top_up(5) });
    ensure!(f.store.apply(top_up, line(&f, "account topup")).await?.is_err(), "money for nobody");

    let lines = f.store.list_audit(None, 10).await?;
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["account suspend", "account create"], "what was not done is not written down");
    let older = f.store.list_audit(lines.first().map(|line| line.seq), 10).await?;
    assert_eq!(older.len(), 1);
    Ok(())
}

pub(crate) async fn the_audit_log_only_grows(f: Fixture) -> anyhow::Result<()> {
    f.store.record_audit(line(&f, "provider check")).await?;
    let mut raw = f.raw().await?;
    for text in ["update audit_log set actor = 'nobody'", "delete from audit_log"] {
        let refused = raw.both(text).await;
        ensure!(refused.is_err(), "{text} was allowed");
    }
    assert_eq!(f.store.list_audit(None, 10).await?.len(), 1);
    Ok(())
}

pub(crate) async fn an_account_is_closed_once_it_owes_and_holds_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let task = f.place(400).await?;
    let close = |keep_balance| Change::CloseAccount { account: f.account, keep_balance };
    let closed = f.store.apply(close(true), line(&f, "account close")).await?;
    assert_eq!(closed, Err(ChangeRefusal::AccountHasOpenTasks));
    f.store.settle(f.solved(task, 400)).await?;
    let closed = f.store.apply(close(false), line(&f, "account close")).await?;
    assert_eq!(closed, Err(ChangeRefusal::AccountHasBalance(nanos(600))));
    assert_eq!(f.store.apply(close(true), line(&f, "account close")).await?, Ok(Applied::Done));
    let resume = Change::SetAccountStatus(f.account, AccountStatus::Active);
    assert_eq!(f.store.apply(resume, line(&f, "account resume")).await?, Err(ChangeRefusal::AccountClosed));
    let top_up = Change::TopUp(f.a_top_up(5));
    assert_eq!(f.store.apply(top_up, line(&f, "account topup")).await?, Err(ChangeRefusal::AccountClosed));
    let key = NewApiKey {
        id: capstan_domain::ApiKeyId(f.uuid()),
        account: f.account,
        public_id: "late".into(),
        secret_hash: [9; 32],
        settings: KeySettings::default(),
        created_at_ms: NOW,
    };
    let made = f.store.apply(Change::CreateKey(key), line(&f, "key create")).await?;
    assert_eq!(made, Err(ChangeRefusal::AccountClosed));
    assert_eq!(f.balance().await?.available, nanos(600), "what it had stays in the books");
    Ok(())
}

pub(crate) async fn a_revoked_key_places_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    f.place(100).await?;
    f.store.apply(Change::RevokeKey(f.key), line(&f, "key revoke")).await?.map_err(|r| anyhow::anyhow!("{r:?}"))?;
    // Whoever looked the key up a moment ago finds out here.
    assert_eq!(f.store.place_task(f.a_task(&[100])?).await?, Err(PlaceRefusal::KeyNotActive));
    assert_eq!(f.balance().await?.held, nanos(100));
    Ok(())
}

pub(crate) async fn a_daily_cap_counts_holds_and_captures_of_the_day(f: Fixture) -> anyhow::Result<()> {
    f.fund(100_000).await?;
    let before = f.place(300).await?;
    let settings = KeySettings { label: "first".into(), daily_cap: Some(nanos(1_000)), ..KeySettings::default() };
    let edit = Change::EditKey { key: f.key, settings, today: day_of(NOW) };
    f.store.apply(edit, line(&f, "key edit")).await?.map_err(|r| anyhow::anyhow!("{r:?}"))?;
    let second = f.place(500).await?;
    let over = f.store.place_task(f.a_task(&[300])?).await?;
    assert_eq!(over, Err(PlaceRefusal::DailyCap { cap: nanos(1_000), left: nanos(200) }), "what was open counts");
    assert_eq!(f.balance().await?.held, nanos(800), "what was refused holds nothing");
    f.store.settle(f.failed(second)).await?;
    f.store.settle(f.solved(before, 250)).await?;
    f.place(700).await?;
    let over = f.store.place_task(f.a_task(&[51])?).await?;
    assert_eq!(over, Err(PlaceRefusal::DailyCap { cap: nanos(1_000), left: nanos(50) }), "what came back is free");
    let mut tomorrow = f.a_task(&[1_000])?;
    tomorrow.facts.created_at_ms = NOW + 86_400_000;
    ensure!(f.store.place_task(tomorrow).await?.is_ok(), "another day");
    Ok(())
}

pub(crate) async fn a_daily_cap_holds_under_a_crowd(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000_000).await?;
    let settings = KeySettings { label: "first".into(), daily_cap: Some(nanos(1_000)), ..KeySettings::default() };
    let edit = Change::EditKey { key: f.key, settings, today: day_of(NOW) };
    f.store.apply(edit, line(&f, "key edit")).await?.map_err(|r| anyhow::anyhow!("{r:?}"))?;
    let tasks = (0..50).map(|_| f.a_task(&[100])).collect::<Result<Vec<_>, _>>()?;
    let placed = futures_util::future::join_all(tasks.into_iter().map(|task| f.store.place_task(task))).await;
    let placed = placed.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(placed.iter().filter(|placed| placed.is_ok()).count(), 10);
    Ok(())
}

pub(crate) async fn a_rotated_credential_keeps_its_id(f: Fixture) -> anyhow::Result<()> {
    let other = CredentialId(f.uuid());
    f.store.add_credential(f.a_credential(other)?).await?;
    f.store.set_credential_status(f.credential, CredentialStatus::Rejected).await?;
    let rotate = |fingerprint: Vec<u8>| {
        let (sealed, binding) = (vec![7], "{}".into());
        Change::RotateCredential(NewSecret { credential: f.credential, sealed, binding, fingerprint })
    };
    let known = f.store.apply(rotate(other.0.as_bytes().to_vec()), line(&f, "credential rotate")).await?;
    assert_eq!(known, Err(ChangeRefusal::SecretKnown(other)));
    let rotated = f.store.apply(rotate(vec![1, 2]), line(&f, "credential rotate")).await?;
    assert_eq!(rotated, Ok(Applied::Credential(f.credential)));
    let listed = f.store.list_credentials().await?;
    let found = listed.iter().find(|c| c.id == f.credential).context("there")?;
    assert_eq!((found.sealed.as_slice(), found.status), ([7].as_slice(), CredentialStatus::Active));
    Ok(())
}

pub(crate) async fn credentials_are_bound_anew_all_or_none(f: Fixture) -> anyhow::Result<()> {
    let other = CredentialId(f.uuid());
    f.store.add_credential(f.a_credential(other)?).await?;
    let sealed = async |id| Ok::<_, anyhow::Error>(f.store.find_credential(id).await?.context("there")?.sealed);
    let (first, second) = (sealed(f.credential).await?, sealed(other).await?);
    let bound = |credential, before: &[u8]| Rebound {
        credential,
        before: before.to_vec(),
        sealed: [before, b"anew"].concat(),
        binding: "{}".into(),
    };
    // The second was rotated meanwhile.
    let stale = vec![bound(f.credential, &first), bound(other, b"an older secret")];
    let refused = f.store.apply(Change::Rebind(stale, None), line(&f, "credential bind")).await?;
    assert_eq!(refused, Err(ChangeRefusal::CredentialChanged));
    assert_eq!(sealed(f.credential).await?, first);
    let both = vec![bound(f.credential, &first), bound(other, &second)];
    // Said again after a commit whose answer was lost, it is one change.
    for _ in 0..2 {
        let done = f.store.apply(Change::Rebind(both.clone(), None), line(&f, "credential bind")).await?;
        assert_eq!(done, Ok(Applied::Done));
        assert_eq!(sealed(other).await?, [second.as_slice(), b"anew"].concat());
    }
    Ok(())
}

pub(crate) async fn switches_are_set_and_taken_away(f: Fixture) -> anyhow::Result<()> {
    let put = |value: Option<&str>| Change::PutSwitch { name: "pool".into(), value: value.map(str::to_owned) };
    for value in [Some("all"), Some("platformOnly"), None] {
        f.store.apply(put(value), line(&f, "routing set")).await?.map_err(|r| anyhow::anyhow!("{r:?}"))?;
        let found: Vec<_> = f.store.list_switches().await?.into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, value.into_iter().collect::<Vec<_>>());
    }
    Ok(())
}
