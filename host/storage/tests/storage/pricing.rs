//! Price books of rules, what attempts keep of them, and what providers charge against it.

use anyhow::{Context as _, ensure};
use capstan_domain::price::{Base, Billing, Extra, PriceBook, Rule, Surcharge, Terms};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, AttemptId, ProviderId, TaskId};
use capstan_storage::{CostDrift, NewPriceBook, Outcome, Settled, StoreError};

use crate::fixture::{Fixture, NOW, nanos, provider};

fn rules() -> anyhow::Result<Vec<Rule>> {
    let surcharge = |when: &str, add| anyhow::Ok(Surcharge { when: when.parse()?, add });
    let plain = Rule::fixed(provider()?, "recaptcha_v2", Pool::Platform, nanos(1_000));
    let margin = |least| Base::Margin { margin_bp: 2_500, least };
    let surcharges =
        vec![surcharge("minScore >= 0.7", Extra::Part(1_250))?, surcharge("proxy = true", Extra::Amount(nanos(7)))?];
    Ok(vec![
        Rule {
            family: None,
            provider: None,
            pool: None,
            base: margin(Some(nanos(9))),
            share_bp: 8_000,
            ..plain.clone()
        },
        Rule { pool: Some(Pool::Community), share_bp: 10_000, ..plain.clone() },
        plain.clone(),
        Rule { family: Some("turnstile".into()), base: Base::NotSold, ..plain.clone() },
        Rule {
            family: Some("recaptcha_v3".into()),
            base: margin(None),
            billing: Billing::CostPlus { margin_bp: 100 },
            surcharges,
            ..plain
        },
    ])
}

async fn publish(f: &Fixture, rules: Vec<Rule>) -> Result<i64, StoreError> {
    f.store.publish_price_book(NewPriceBook { id: f.uuid(), rules, created_at_ms: NOW }).await
}

async fn current(f: &Fixture) -> anyhow::Result<PriceBook> {
    f.store.current_price_book().await?.context("a book")
}

pub(crate) async fn every_kind_of_rule_comes_back_as_it_was(f: Fixture) -> anyhow::Result<()> {
    assert_eq!(publish(&f, rules()?).await?, 2);
    let book = current(&f).await?;
    assert_eq!((book.version, book.rules()), (2, &*rules()?));
    Ok(())
}

pub(crate) async fn a_rule_that_cannot_be_publishes_nothing(f: Fixture) -> anyhow::Result<()> {
    let plain = || anyhow::Ok(Rule::fixed(provider()?, "recaptcha_v2", Pool::Platform, nanos(1_000)));
    for bad in [
        Rule { base: Base::Fixed(nanos(0)), ..plain()? },
        Rule { base: Base::Margin { margin_bp: 100_001, least: None }, ..plain()? },
        Rule { base: Base::Margin { margin_bp: 1, least: Some(nanos(0)) }, ..plain()? },
        Rule { billing: Billing::CostPlus { margin_bp: 100_001 }, ..plain()? },
        Rule { share_bp: 1, ..plain()? },
        Rule { pool: None, share_bp: 10_001, ..plain()? },
        Rule { provider: Some(ProviderId::new("nobody")?), ..plain()? },
        // The same as the first, and the same as the second.
        plain()?,
        Rule { family: None, provider: None, pool: None, ..plain()? },
    ] {
        let every = Rule { family: None, provider: None, pool: None, ..plain()? };
        let refused = publish(&f, vec![plain()?, every, bad.clone()]).await;
        ensure!(matches!(refused, Err(StoreError::Driver(_))), "{bad:?}: {refused:?}");
    }
    assert_eq!(current(&f).await?.version, 1);
    Ok(())
}

pub(crate) async fn a_book_of_a_release_before_is_rules_with_fixed_prices(f: Fixture) -> anyhow::Result<()> {
    let mut raw = f.raw().await?;
    let book = "insert into price_books (version, id, created_at_ms) values (7, ";
    let prices = ", 1); insert into prices (version, provider_id, family, pool, price_nanos, share_bp) values
                  (7, 'solver', 'turnstile', 'community', 11, 6000), (7, 'solver', 'hcaptcha', 'platform', 12, 0)";
    let text = |id: &str| -> &'static str { Box::leak(format!("{book}{id}{prices}").into_boxed_str()) };
    raw.run(text("x'00000000000000000000000000000007'"), text("'00000000-0000-0000-0000-000000000007'")).await?;
    let book = current(&f).await?;
    let expected = [
        Rule::fixed(provider()?, "hcaptcha", Pool::Platform, nanos(12)),
        Rule::fixed(provider()?, "turnstile", Pool::Community, nanos(11)).with_share(6_000),
    ];
    assert_eq!((book.version, book.rules()), (7, &expected[..]));
    Ok(())
}

const TERMS: Terms = Terms {
    price: Amount::from_nanos(300),
    billing: Billing::CostPlus { margin_bp: 2_500 },
    expected_cost: Some(Amount::from_nanos(200)),
};

async fn place(f: &Fixture, terms: Terms) -> anyhow::Result<(TaskId, AttemptId)> {
    let mut request = f.a_task(&[terms.price.nanos()])?;
    let first = request.candidates.first_mut().context("a candidate")?;
    first.candidate.terms = terms;
    let placed = (request.facts.id, first.id);
    ensure!(f.store.place_task(request).await?.is_ok(), "placed");
    Ok(placed)
}

/// Settles a task of whose provider that cost is heard, for what its terms make of it.
async fn solve(f: &Fixture, placed: (TaskId, AttemptId), reported: Option<i64>) -> anyhow::Result<Settled> {
    let task = f.store.list_attempts(placed.0).await?;
    let terms = task.first().context("an attempt")?.candidate.terms;
    let provider_cost = reported.map(nanos);
    let outcome = Outcome::Solved { capture: terms.charge(provider_cost), provider_cost, solution: b"sealed".to_vec() };
    Ok(f.store.settle(capstan_storage::Settlement { outcome, ..f.solved(placed, 0) }).await?)
}

pub(crate) async fn an_attempt_keeps_what_it_was_agreed_at(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let placed = place(&f, TERMS).await?;
    // Whatever is published later.
    publish(&f, rules()?).await?;
    let open = f.store.list_open_tasks(None).await?;
    assert_eq!(open.iter().map(|open| open.attempt.candidate.terms).collect::<Vec<_>>(), [TERMS]);
    assert_eq!(solve(&f, placed, Some(100)).await?, Settled::Now { cost: nanos(125), returned: nanos(175) });
    let fixed = place(&f, Terms::fixed(nanos(300))).await?;
    assert_eq!(solve(&f, fixed, Some(100)).await?, Settled::Now { cost: nanos(300), returned: nanos(0) });
    let dear = place(&f, TERMS).await?;
    assert_eq!(solve(&f, dear, Some(i64::MAX)).await?, Settled::Now { cost: nanos(300), returned: nanos(0) });
    Ok(())
}

pub(crate) async fn drift_is_what_was_reported_against_what_was_expected(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    assert_eq!(f.store.cost_drift(0).await?, []);
    for reported in [Some(150), Some(200), Some(900), None] {
        let placed = place(&f, TERMS).await?;
        solve(&f, placed, reported).await?;
    }
    // Nothing was expected of this one.
    let placed = place(&f, Terms::fixed(nanos(300))).await?;
    solve(&f, placed, Some(5_000)).await?;
    let drift = CostDrift {
        provider: provider()?,
        family: "recaptcha_v2".into(),
        attempts: 3,
        expected: nanos(600),
        reported: nanos(1_250),
        worst: nanos(700),
        above: 1,
    };
    assert_eq!(f.store.cost_drift(NOW).await?, [drift]);
    assert_eq!(f.store.cost_drift(NOW + 1).await?, []);
    Ok(())
}
