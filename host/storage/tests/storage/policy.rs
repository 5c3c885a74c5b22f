//! Site rules, keys' domains, and what an abuse report is answered from.

use anyhow::{Context, ensure};
use capstan_domain::policy::{Action, Origin, Scope};
use capstan_storage::{
    Applied, Change, DefaultRule, KeySettings, NewAudit, Reported, SiteRule, SiteRuleName, StoreError, day_of,
};

use crate::fixture::{Fixture, NOW};

fn rule(scope: Scope, origin: Origin, action: Action, pattern: &str) -> SiteRule {
    let note = format!("why {pattern}");
    SiteRule { scope, origin, pattern: pattern.into(), action, note, is_on: true, created_at_ms: NOW }
}

fn deny(pattern: &str) -> SiteRule {
    rule(Scope::Global, Origin::Operator, Action::Deny, pattern)
}

async fn change(f: &Fixture, change: Change) -> Result<Applied, StoreError> {
    let line = NewAudit {
        id: f.uuid(),
        at_ms: NOW,
        actor: "uid 0".into(),
        action: "policy".into(),
        target: "site".into(),
        detail: "{}".into(),
    };
    Ok(f.store.apply(change, line).await?.unwrap_or(Applied::Done))
}

pub(crate) async fn site_rules_come_and_go(f: Fixture) -> anyhow::Result<()> {
    let (account, key) = (Scope::Account(f.account), Scope::Key(f.key));
    let allow = |scope| rule(scope, Origin::Operator, Action::Allow, "a.example/login");
    let owners = rule(Scope::Global, Origin::Owner, Action::Deny, "b.example");
    for _ in 0..2 {
        for new in [deny("b.example"), deny("a.example/login"), allow(account), allow(key), owners.clone()] {
            change(&f, Change::PutSiteRule(new)).await?;
        }
        let listed = f.store.list_site_rules().await?;
        let expected = [allow(account), deny("a.example/login"), allow(key), deny("b.example"), owners.clone()];
        ensure!(listed.len() == expected.len() && expected.iter().all(|rule| listed.contains(rule)), "{listed:?}");
    }
    let other = SiteRule { action: Action::Allow, note: "another".into(), ..deny("b.example") };
    change(&f, Change::PutSiteRule(other.clone())).await?;
    ensure!(f.store.list_site_rules().await?.contains(&other), "the same rule says something else");
    let name = |scope, origin, pattern: &str| SiteRuleName { scope, origin, pattern: pattern.into() };
    change(&f, Change::RemoveSiteRule(name(Scope::Global, Origin::Operator, "b.example"))).await?;
    change(&f, Change::RemoveSiteRule(name(account, Origin::Operator, "a.example/login"))).await?;
    let left = f.store.list_site_rules().await?;
    ensure!(left.len() == 3 && left.contains(&owners) && left.contains(&allow(key)), "{left:?}");
    let again = change(&f, Change::RemoveSiteRule(name(Scope::Global, Origin::Operator, "b.example"))).await;
    ensure!(matches!(again, Err(StoreError::Missing { .. })), "{again:?}");
    let audited = f.store.list_audit(None, 100).await?.len();
    assert_eq!(audited, 13, "every change has its line, and what was not done has none");
    Ok(())
}

pub(crate) async fn a_rule_that_cannot_be_is_refused(f: Fixture) -> anyhow::Result<()> {
    for bad in [
        rule(Scope::Account(f.account), Origin::Owner, Action::Deny, "a.example"),
        rule(Scope::Key(f.key), Origin::Default, Action::Deny, "a.example"),
        rule(Scope::Global, Origin::Owner, Action::Allow, "a.example"),
        rule(Scope::Global, Origin::Default, Action::Allow, "a.example"),
        SiteRule { is_on: false, ..deny("a.example") },
    ] {
        let refused = f.store.put_site_rule(bad.clone()).await;
        ensure!(matches!(refused, Err(StoreError::Driver(_))), "{bad:?}: {refused:?}");
    }
    Ok(())
}

pub(crate) async fn default_rules_are_added_and_stay_switched_off(f: Fixture) -> anyhow::Result<()> {
    let list = |patterns: &[&str]| -> Vec<DefaultRule> {
        patterns.iter().map(|p| DefaultRule { pattern: (*p).to_owned(), note: "a reason".to_owned() }).collect()
    };
    let standing = || async {
        let rules = f.store.list_site_rules().await?;
        Ok::<_, StoreError>(rules.into_iter().map(|rule| (rule.pattern, rule.is_on)).collect::<Vec<_>>())
    };
    f.store.add_default_rules(list(&["a.example", "b.example"]), NOW).await?;
    let off = Change::SwitchDefaultRule { pattern: "a.example".into(), is_on: false };
    change(&f, off).await?;
    // The next release knows one more.
    f.store.add_default_rules(list(&["a.example", "b.example", "c.example"]), NOW + 1).await?;
    let expected =
        |a_is_on| [("a.example".to_owned(), a_is_on), ("b.example".into(), true), ("c.example".into(), true)];
    assert_eq!(standing().await?, expected(false));
    change(&f, Change::SwitchDefaultRule { pattern: "a.example".into(), is_on: true }).await?;
    assert_eq!(standing().await?, expected(true));
    let unknown = change(&f, Change::SwitchDefaultRule { pattern: "d.example".into(), is_on: true }).await;
    ensure!(matches!(unknown, Err(StoreError::Missing { .. })), "{unknown:?}");
    Ok(())
}

pub(crate) async fn a_key_keeps_its_domains(f: Fixture) -> anyhow::Result<()> {
    let of_key = || async {
        let keys = f.store.list_api_keys(Some(f.account)).await?;
        let settings = keys.into_iter().find(|key| key.id == f.key).map(|key| key.settings);
        settings.map(|s| (s.domains, s.without_url)).context("there")
    };
    assert_eq!(of_key().await?, (None, false));
    let domains = Some(vec!["example.com".to_owned(), "host:www.example.org".to_owned()]);
    let settings = KeySettings { domains: domains.clone(), without_url: true, ..KeySettings::default() };
    change(&f, Change::EditKey { key: f.key, settings, today: day_of(NOW) }).await?;
    assert_eq!(of_key().await?, (domains, true));
    Ok(())
}

pub(crate) async fn traces_are_found_by_domain_and_by_site_key(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let place = |site: Option<&'static str>, site_key: &'static str, at_ms: i64| {
        let f = f.clone();
        async move {
            let mut task = f.a_task(&[10])?;
            task.facts.site = site.map(str::to_owned);
            task.facts.site_key = Some(site_key.to_owned());
            task.facts.created_at_ms = at_ms;
            ensure!(f.store.place_task(task).await?.is_ok(), "placed");
            Ok(())
        }
    };
    for (site, site_key, at_ms) in [
        (Some("shop.example.co.uk"), "one", NOW),
        (Some("example.co.uk"), "two", NOW + 5),
        (Some("a_b.shop.example.co.uk"), "one", NOW + 9),
        (Some("axb.shop.example.co.uk"), "three", NOW + 10),
        (Some("other.co.uk"), "two", NOW + 20),
        (Some("notexample.co.uk"), "two", NOW + 30),
        (None, "one", NOW + 40),
    ] {
        place(site, site_key, at_ms).await?;
    }
    let found = |of: Reported, since_ms: i64| {
        let f = f.clone();
        async move {
            let traces = f.store.find_traces(&of, since_ms, 10).await?;
            let spans = traces.iter().map(|t| (t.tasks, t.first_at_ms - NOW, t.last_at_ms - NOW)).collect::<Vec<_>>();
            ensure!(traces.iter().all(|t| (t.account, t.key, t.solved) == (f.account, f.key, 0)), "{traces:?}");
            Ok::<_, anyhow::Error>(spans)
        }
    };
    let host = |host: &str| Reported::Host(host.to_owned());
    assert_eq!(found(host("example.co.uk"), NOW).await?, [(4, 0, 10)], "the domain, by the list of suffixes");
    assert_eq!(found(host("shop.example.co.uk"), NOW).await?, [(3, 0, 10)], "a part of it");
    assert_eq!(found(host("a_b.shop.example.co.uk"), NOW).await?, [(1, 9, 9)], "its very name");
    assert_eq!(found(host("example.co.uk"), NOW + 6).await?, [(2, 9, 10)], "since then");
    assert_eq!(found(host("example.com"), NOW).await?, []);
    assert_eq!(found(Reported::SiteKey("one".into()), NOW).await?, [(3, 0, 40)]);
    assert_eq!(found(Reported::SiteKey("ONE".into()), NOW).await?, []);
    Ok(())
}

pub(crate) async fn tasks_of_releases_before_are_found_too(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let long = "k".repeat(4_000);
    for (site, at_ms) in [
        ("example.co.uk", NOW),
        ("shop.example.co.uk", NOW + 1),
        ("a_b.shop.example.co.uk", NOW + 2),
        ("axb.shop.example.co.uk", NOW + 3),
        ("notexample.co.uk", NOW + 4),
    ] {
        let mut task = f.a_task(&[10])?;
        task.facts.site = Some(site.to_owned());
        task.facts.site_key = Some(long.clone());
        task.facts.created_at_ms = at_ms;
        ensure!(f.store.place_task(task).await?.is_ok(), "a site key of any length is kept");
    }
    f.raw().await?.both("update tasks set site_domain = null").await?;
    let mut task = f.a_task(&[10])?;
    task.facts.site = Some("shop.example.co.uk".to_owned());
    task.facts.created_at_ms = NOW + 5;
    ensure!(f.store.place_task(task).await?.is_ok(), "placed");
    let found = |of: Reported, since_ms: i64| {
        let f = f.clone();
        async move {
            let traces = f.store.find_traces(&of, since_ms, 10).await?;
            Ok::<_, anyhow::Error>(traces.iter().map(|t| (t.tasks, t.last_at_ms - NOW)).collect::<Vec<_>>())
        }
    };
    let host = |host: &str| Reported::Host(host.to_owned());
    assert_eq!(found(host("example.co.uk"), NOW).await?, [(5, 5)], "old and new together, each once");
    assert_eq!(found(host("shop.example.co.uk"), NOW).await?, [(4, 5)]);
    assert_eq!(found(host("a_b.shop.example.co.uk"), NOW).await?, [(1, 2)], "a name is no pattern");
    assert_eq!(found(host("example.co.uk"), NOW + 2).await?, [(3, 5)], "since then");
    assert_eq!(found(host("co.uk"), NOW).await?, [(5, 4)], "below a suffix, where the domain is not known");
    assert_eq!(found(Reported::SiteKey(long), NOW).await?, [(5, 4)]);
    assert_eq!(found(Reported::SiteKey("k".repeat(255)), NOW).await?, [(5, 4)], "as much of it as counts");
    assert_eq!(found(Reported::SiteKey("k".repeat(254)), NOW).await?, []);
    Ok(())
}
