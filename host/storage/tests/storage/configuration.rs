//! Providers, credentials and prices.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use capstan_domain::price::Rule;
use capstan_domain::route::{Pool, Seen, Tally};
use capstan_domain::{CredentialId, ProviderId};
use capstan_storage::{
    Admission, Change, CredentialStatus, Granted, Learned, LearnedOf, NewAdapter, NewAudit, NewCredential,
    NewGeneration, Provider, ProviderStatus, StoreError, Unless,
};
use uuid::Uuid;

use crate::fixture::{Fixture, NOW, nanos, provider};

pub(crate) async fn providers_are_set_and_listed(f: Fixture) -> anyhow::Result<()> {
    let changed = Provider {
        base_url: Some("http://127.0.0.1:9".into()),
        time_scale: 50,
        loopback: true,
        status: ProviderStatus::Disabled,
        ..f.a_provider()?
    };
    f.store.upsert_provider(Provider { created_at_ms: NOW + 9, ..changed.clone() }).await?;
    let other = Provider { id: ProviderId::new("another")?, ..f.a_provider()? };
    f.store.upsert_provider(other.clone()).await?;
    assert_eq!(f.store.list_providers().await?, [other.clone(), changed.clone()]);
    let granted = |host: &str| Granted {
        base_url: "https://api.example.com".into(),
        hosts: vec![host.into()],
        publisher: Some("a key".into()),
    };
    let first = Provider { granted: Some(granted("a.example.com")), ..changed };
    f.store.grant_first(&first.id, &granted("a.example.com")).await?;
    f.store.grant_first(&first.id, &granted("b.example.com")).await?;
    assert_eq!(f.store.list_providers().await?, [other, first], "what was granted is not granted over");
    Ok(())
}

const DAY_MS: i64 = 86_400_000;

fn new(n: Option<u8>, at_ms: i64) -> anyhow::Result<NewGeneration> {
    let component = |n: u8| NewAdapter {
        digest: [n; 32],
        version: format!("1.{n}"),
        component: vec![n; 100],
        publisher: n.is_multiple_of(2).then(|| format!("key {n}")),
    };
    let (digest, installed) = (n.map(|n| [n; 32]), n.map(component));
    let (provider, unless) = (provider()?, Unless::Never);
    Ok(NewGeneration { provider, digest, installed, trial_share: None, why: None, unless, at_ms })
}

async fn begin_generation(f: &Fixture, new: NewGeneration) -> anyhow::Result<()> {
    static LINES: AtomicU64 = AtomicU64::new(1);
    let line = NewAudit {
        id: Uuid::from_u128(LINES.fetch_add(1, Ordering::Relaxed).into()),
        at_ms: NOW,
        actor: "test".into(),
        action: "adapter install".into(),
        target: "a provider".into(),
        detail: "{}".into(),
    };
    let applied = f.store.apply(Change::BeginGeneration(new), line).await?;
    ensure!(applied.is_ok(), "{applied:?}");
    Ok(())
}

pub(crate) async fn generations_are_numbered_and_what_was_installed_is_remembered(f: Fixture) -> anyhow::Result<()> {
    let begin = async |new: NewGeneration| begin_generation(&f, new).await;
    let once = |n: u8| anyhow::Ok(NewGeneration { unless: Unless::Installed, ..new(Some(n), NOW)? });
    begin(new(Some(1), NOW)?).await?;
    begin(new(None, NOW)?).await?;
    begin(new(Some(2), NOW)?).await?;
    let known = f.store.list_generations().await?;
    let shown: Vec<_> = known.iter().map(|g| (g.number, g.version.as_deref())).collect();
    assert_eq!(shown, [(3, Some("1.2")), (2, None), (1, Some("1.1"))]);
    let publishers: Vec<_> = known.iter().map(|g| g.publisher.as_deref()).collect();
    assert_eq!(publishers, [Some("key 2"), None, None]);
    assert_eq!(f.store.find_component(&[1; 32]).await?, Some(vec![1; 100]));

    // A configuration's file is installed once, however long ago that was.
    begin(once(1)?).await?;
    assert_eq!(f.store.list_generations().await?.len(), 3);
    for n in 3..30 {
        begin(new(Some(n), NOW)?).await?;
    }
    let kept = f.store.list_generations().await?;
    assert_eq!((kept.len(), kept.first().map(|g| g.number), kept.last().map(|g| g.number)), (16, Some(30), Some(15)));
    ensure!(f.store.was_installed(&[1; 32]).await? && !f.store.was_installed(&[99; 32]).await?, "it is forgotten");
    begin(once(1)?).await?;
    assert_eq!(f.store.list_generations().await?.first().map(|g| g.number), Some(30));
    // Whatever a task may have been sent by is kept for two days after it was in force, and then no more.
    ensure!(f.store.find_component(&[1; 32]).await?.is_some(), "its tasks may be open");
    begin(new(Some(30), NOW + 3 * DAY_MS)?).await?;
    assert_eq!(f.store.find_component(&[1; 32]).await?, None);
    ensure!(f.store.find_component(&[29; 32]).await?.is_some(), "it can be rolled back to");
    begin(new(Some(1), NOW + 3 * DAY_MS)?).await?;
    assert_eq!(f.store.find_component(&[1; 32]).await?, Some(vec![1; 100]), "it is installed again");
    Ok(())
}

pub(crate) async fn the_one_in_force_is_kept_beside_any_number_of_trials(f: Fixture) -> anyhow::Result<()> {
    let begin = async |new: NewGeneration| begin_generation(&f, new).await;
    // However many are tried one after the other, the one in force beside them is not forgotten.
    begin(new(Some(1), NOW)?).await?;
    let in_force = f.store.list_generations().await?.first().map(|g| g.number);
    for n in 40..60 {
        let tried =
            NewGeneration { trial_share: Some(10), why: Some("tried".into()), ..new(Some(n), NOW + 6 * DAY_MS)? };
        begin(tried).await?;
    }
    let known = f.store.list_generations().await?;
    let full: Vec<_> = known.iter().filter(|g| g.trial_share.is_none()).map(|g| g.number).collect();
    assert_eq!(full.first().copied(), in_force);
    let newest = known.first().context("none")?;
    assert_eq!((newest.trial_share, newest.why.as_deref()), (Some(10), Some("tried")));
    ensure!(f.store.find_component(&[1; 32]).await?.is_some(), "it is in force");
    // Who has seen an older one decides nothing.
    let late = NewGeneration { unless: Unless::After(newest.number - 1), ..new(Some(40), NOW)? };
    begin(late.clone()).await?;
    assert_eq!(f.store.list_generations().await?.first().map(|g| g.number), Some(newest.number));
    begin(NewGeneration { unless: Unless::After(newest.number), ..late }).await?;
    assert_eq!(f.store.list_generations().await?.first().map(|g| g.number), Some(newest.number + 1));
    Ok(())
}

pub(crate) async fn who_is_trusted_and_what_was_admitted_is_remembered(f: Fixture) -> anyhow::Result<()> {
    assert_eq!(f.store.find_trust().await?, None);
    for document in ["first", "second"] {
        let line = NewAudit {
            id: f.uuid(),
            at_ms: NOW,
            actor: "test".into(),
            action: "adapter trust".into(),
            target: "adapters".into(),
            detail: "{}".into(),
        };
        ensure!(f.store.apply(Change::PutTrust(document.into(), NOW), line).await?.is_ok(), "it is refused");
        assert_eq!(f.store.find_trust().await?.as_deref(), Some(document));
    }
    let admission = |n: u16| Admission {
        id: format!("{n:05}"),
        at_ms: NOW,
        digest: [7; 32],
        provider: n.is_multiple_of(2).then(provider).transpose().ok().flatten(),
        is_admitted: n.is_multiple_of(3),
        stages: "[]".into(),
    };
    for n in 0..510 {
        f.store.add_admission(admission(n)).await?;
    }
    let all = f.store.list_admissions(None, 1_000).await?;
    assert_eq!((all.len(), all.first(), all.last()), (500, Some(&admission(509)), Some(&admission(10))));
    let own = f.store.list_admissions(Some(&provider()?), 2).await?;
    assert_eq!(own, [admission(508), admission(506)]);
    Ok(())
}

pub(crate) async fn a_credential_is_known_by_its_fingerprint(f: Fixture) -> anyhow::Result<()> {
    let contributed = NewCredential {
        pool: Pool::Community,
        owner: Some(f.account),
        created_at_ms: NOW + 1,
        ..f.a_credential(CredentialId(f.uuid()))?
    };
    assert_eq!(f.store.add_credential(contributed.clone()).await?, contributed.id);
    let again = NewCredential { id: CredentialId(f.uuid()), ..contributed.clone() };
    assert_eq!(f.store.add_credential(again).await?, contributed.id);
    let ownerless =
        NewCredential { owner: None, fingerprint: vec![1], id: CredentialId(f.uuid()), ..contributed.clone() };
    let error = f.store.add_credential(ownerless).await;
    ensure!(matches!(&error, Err(StoreError::Driver(_))), "{error:?}");
    f.store.set_credential_status(contributed.id, CredentialStatus::Depleted).await?;
    let listed = f.store.list_credentials().await?;
    assert_eq!(listed.iter().map(|c| c.id).collect::<Vec<_>>(), [f.credential, contributed.id]);
    let last = listed.last().context("listed")?;
    assert_eq!((last.pool, last.owner, last.status), (Pool::Community, Some(f.account), CredentialStatus::Depleted));
    assert_eq!((&last.sealed, &last.binding), (&contributed.sealed, &contributed.binding));
    let missing = f.store.set_credential_status(CredentialId(f.uuid()), CredentialStatus::Active).await;
    ensure!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
    Ok(())
}

pub(crate) async fn the_newest_price_book_is_current_and_whole(f: Fixture) -> anyhow::Result<()> {
    let second = f.a_price_book(2_000)?;
    assert_eq!(f.store.publish_price_book(second.clone()).await?, 2);
    assert_eq!(f.store.publish_price_book(second).await?, 2);
    let book = f.store.current_price_book().await?.context("published")?;
    assert_eq!(book.version, 2);
    let rule = |family: &str| book.rule(&ProviderId::new("solver").ok()?, family, Pool::Platform);
    let priced = Rule::fixed(provider()?, "recaptcha_v2", Pool::Platform, nanos(2_000));
    assert_eq!(rule("recaptcha_v2"), Some(&priced));
    assert_eq!(rule("turnstile"), None);
    // The second line cannot be: the first is not published either.
    let mut bad = f.a_price_book(3_000)?;
    bad.rules.push(Rule::fixed(provider()?, "free", Pool::Platform, nanos(0)));
    ensure!(matches!(f.store.publish_price_book(bad).await, Err(StoreError::Driver(_))), "refused");
    assert_eq!(f.store.current_price_book().await?.context("published")?.version, 2);
    assert_eq!(f.store.publish_price_book(f.a_price_book(4_000)?).await?, 3);
    Ok(())
}

pub(crate) async fn price_books_are_append_only(f: Fixture) -> anyhow::Result<()> {
    let mut raw = f.raw().await?;
    for text in [
        "update prices set price_nanos = 1",
        "delete from prices",
        "update price_rules set share_bp = 1",
        "delete from price_rules",
        "update price_books set created_at_ms = 1",
        "delete from price_books",
    ] {
        let error = raw.both(text).await;
        ensure!(error.as_ref().is_err_and(|e| e.to_string().contains("append-only")), "{text}: {error:?}");
    }
    Ok(())
}

pub(crate) async fn what_a_node_has_learned_is_kept_in_place_of_what_it_wrote_before(f: Fixture) -> anyhow::Result<()> {
    let solver = provider()?;
    let tally = |tasks: i64| {
        let mut tally = Tally::default();
        (0..tasks).for_each(|n| tally.note(Seen::Solved(9_000), n));
        tally
    };
    let of_provider = |tasks| Learned {
        of: LearnedOf::Provider(solver.clone()),
        family: "turnstile".to_owned(),
        tally: tally(tasks),
    };
    let of_credential = Learned { of: LearnedOf::Credential(f.credential), ..of_provider(3) };
    f.store.keep_learned("one".to_owned(), vec![of_provider(1), of_credential.clone()], NOW).await?;
    f.store.keep_learned("one".to_owned(), vec![of_provider(5)], NOW + 1_000).await?;
    f.store.keep_learned("other".to_owned(), vec![of_provider(2)], NOW + 2_000).await?;
    // Estimates in decimals: the last digit is nobody's.
    let shown = |learned: &[Learned]| -> Vec<String> {
        let shown = |l: &Learned| format!("{:?} {} {:.9?}", l.of, l.family, l.tally.observed(9));
        learned.iter().map(shown).collect()
    };
    let all = f.store.learned_since(NOW).await?;
    assert_eq!(shown(&all), shown(&[of_credential, of_provider(5), of_provider(2)]));
    assert_eq!(shown(&f.store.learned_since(NOW + 1_000).await?), shown(&[of_provider(5), of_provider(2)]));
    assert_eq!(f.store.learned_since(NOW).await?.len(), 2, "what is too old is gone");
    Ok(())
}
