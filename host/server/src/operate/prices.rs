//! Prices: a book is published as a whole, so setting one rule publishes all of them anew.

use capstan_domain::catalogue;
use capstan_domain::price::{BadPrice, Base, Billing, PriceBook, Problem, Rule, Surcharge};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use capstan_storage::{Applied, Change, NewPriceBook};
use serde_json::{Value, json};

use super::accounts::read_amount;
use super::{Call, OperateError, Operator, PriceLine};
use crate::{clock, providers};

/// Most rules of a book.
const MOST_RULES: usize = 10_000;

/// Puts one rule in the place of the one for the same family, provider and pool, or takes it away.
pub(super) async fn set(call: &Call<'_>, line: &PriceLine) -> Result<Value, OperateError> {
    let (mut rules, known) = (current(call.operator).await?.rules().to_vec(), known(call.operator).await?);
    let rule = read(&known, line).map_err(OperateError::Bad)?;
    let place = rules.iter().position(|before| before.selector() == rule.selector());
    match (rule.base, place) {
        (Base::NotSold, _) => take_away(&mut rules, (rule, place))?,
        (Base::Fixed(_) | Base::Margin { .. }, Some(place)) => {
            rules.splice(place..=place, [rule]);
        }
        (Base::Fixed(_) | Base::Margin { .. }, None) => rules.push(rule),
    }
    let book = checked(rules, &|_| String::new())?;
    let detail = serde_json::to_value(line).unwrap_or_default();
    publish(call, "price set", &book, detail).await
}

/// Takes a rule away and with it the route: where a wider rule would take its place, one that says "not sold" does.
fn take_away(rules: &mut Vec<Rule>, (rule, place): (Rule, Option<usize>)) -> Result<(), OperateError> {
    let had = place.map(|place| rules.remove(place));
    let rest = checked(rules.clone(), &|_| String::new())?;
    let (Some(family), Some(provider)) = (&rule.family, &rule.provider) else {
        return had.map(drop).ok_or_else(nothing_to_take);
    };
    let pools = rule.pool.map_or_else(|| vec![Pool::Platform, Pool::Community], |pool| vec![pool]);
    let is_wider = |pool: Pool| rest.rule(provider, family, pool).is_some_and(|rule| rule.base != Base::NotSold);
    if pools.into_iter().any(is_wider) {
        rules.push(rule);
        return Ok(());
    }
    had.map(drop).ok_or_else(nothing_to_take)
}

fn nothing_to_take() -> OperateError {
    OperateError::Bad("there is no such price to take away".to_owned())
}

/// Replaces the whole book; nothing is changed when one line of it cannot be.
pub(super) async fn import(call: &Call<'_>, lines: &[PriceLine]) -> Result<Value, OperateError> {
    if lines.is_empty() || lines.len() > MOST_RULES {
        return Err(OperateError::Bad(format!("prices: a book has 1 to {MOST_RULES} rules, not {}", lines.len())));
    }
    let known = known(call.operator).await?;
    let place = |index: usize| {
        let line = lines.get(index).and_then(|line| line.line);
        line.map_or_else(|| format!("prices, rule {}: ", index.saturating_add(1)), |n| format!("prices, line {n}: "))
    };
    let read = |(index, line): (usize, &PriceLine)| {
        read(&known, line).map_err(|error| OperateError::Bad(format!("{}{error}", place(index))))
    };
    let rules = lines.iter().enumerate().map(read).collect::<Result<Vec<Rule>, _>>()?;
    let book = checked(rules, &place)?;
    publish(call, "price import", &book, json!({"rules": lines.len()})).await
}

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let book = current(operator).await?;
    Ok(book.rules().iter().map(|rule| shown(operator, rule)).collect())
}

fn shown(operator: &Operator, rule: &Rule) -> Value {
    let [family, provider, pool] = rule.selector();
    let adapter = ProviderId::new(provider).ok().and_then(|provider| operator.adapters.of(&provider));
    let served = adapter.as_ref().and_then(|a| a.manifest().task_types.iter().find(|t| t.family == family));
    let minimum = match rule.base {
        Base::Margin { least, .. } => least,
        Base::Fixed(_) | Base::NotSold => None,
    };
    let surcharge = |more: &Surcharge| json!({"when": more.when.to_string(), "add": more.add.to_string()});
    json!({
        "provider": provider, "family": family, "pool": pool, "price": rule.base.to_string(),
        "minimum": minimum.map(|least| least.to_string()), "billing": rule.billing.to_string(),
        "shareBp": rule.share_bp, "surcharges": rule.surcharges.iter().map(surcharge).collect::<Vec<_>>(),
        "listPrice": served.map(|t| format!("{} {}", t.list_price.amount, t.list_price.currency)),
    })
}

pub(super) async fn current(operator: &Operator) -> Result<PriceBook, OperateError> {
    Ok(operator.store.current_price_book().await?.unwrap_or_default())
}

/// What a provider lists for a task of a family, in US dollars, if its adapter says so.
pub(super) fn list_price(operator: &Operator, provider: &ProviderId, family: &str) -> Option<Amount> {
    let adapter = operator.adapters.of(provider)?;
    let served = adapter.manifest().task_types.iter().find(|served| served.family == family)?;
    providers::dollars(&served.list_price)
}

/// The providers that can have a price.
pub(super) async fn known(operator: &Operator) -> Result<Vec<ProviderId>, OperateError> {
    Ok(operator.store.list_providers().await?.into_iter().map(|row| row.id).collect())
}

/// One of the providers that can have a price, as the operator spelled it.
pub(super) fn find_provider(known: &[ProviderId], spelling: &str) -> Result<ProviderId, String> {
    let provider = known.iter().find(|id| id.matches(spelling)).cloned();
    provider.ok_or_else(|| format!("provider {spelling:?} is not set up; `capstan provider set` does it"))
}

/// Reads a line as a rule, or says what is wrong with which field.
fn read(known: &[ProviderId], line: &PriceLine) -> Result<Rule, String> {
    let named = |text: &str| (text.trim() != "*").then(|| text.trim().to_owned());
    let provider = named(&line.provider).map(|name| find_provider(known, &name)).transpose()?;
    let family = named(&line.family).map(|name| read_family(&name)).transpose()?;
    let pool = match line.pool.trim() {
        "platform" => Some(Pool::Platform),
        "community" => Some(Pool::Community),
        "both" => None,
        other => return Err(format!("pool is {other:?}: it must be platform, community or both")),
    };
    let billing = line
        .billing
        .as_deref()
        .map_or(Ok(Billing::Fixed), |text| text.parse().map_err(|error| format!("billing: {error}")))?;
    let surcharges = line.surcharges.iter().map(|more| {
        let when = more.when.parse().map_err(|error| format!("surcharges, when: {error}"))?;
        let add = more.add.parse().map_err(|error| format!("surcharges, add: {error}"))?;
        Ok(Surcharge { when, add })
    });
    Ok(Rule {
        family,
        provider,
        pool,
        base: read_base(line)?,
        billing,
        share_bp: line.share_bp,
        surcharges: surcharges.collect::<Result<_, String>>()?,
    })
}

fn read_family(name: &str) -> Result<String, String> {
    let family = catalogue::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = catalogue::families::FAMILIES.iter().map(|family| family.name).collect();
        format!("family {name:?} is not in the catalogue; there are {}", known.join(", "))
    })?;
    Ok(family.name.to_owned())
}

fn read_base(line: &PriceLine) -> Result<Base, String> {
    let base = line.price.parse().map_err(|error| format!("price: {error}"))?;
    let Some(minimum) = &line.minimum else { return Ok(base) };
    let minimum = read_amount("minimum", minimum).map_err(|error| error.to_string())?;
    match base {
        Base::Margin { margin_bp, .. } => Ok(Base::Margin { margin_bp, least: Some(minimum) }),
        Base::Fixed(_) | Base::NotSold => Err("minimum: only a margin on the list price has one".to_owned()),
    }
}

/// A book of these rules, of a version that is not known yet; `place` tells where a rule stands.
fn checked(rules: Vec<Rule>, place: &dyn Fn(usize) -> String) -> Result<PriceBook, OperateError> {
    PriceBook::new(0, rules).map_err(|BadPrice { place: at, problem, .. }| {
        let at = place(at.saturating_sub(1));
        OperateError::Bad(match problem {
            Problem::Duplicate(first) => {
                let first = place(first.saturating_sub(1));
                let first = first.trim_start_matches("prices, ").trim_end_matches(": ");
                format!("{at}it is a second rule for the same family, provider and pool as {first}")
            }
            problem => format!("{at}{problem}"),
        })
    })
}

async fn publish(
    call: &Call<'_>,
    action: &'static str,
    book: &PriceBook,
    detail: Value,
) -> Result<Value, OperateError> {
    let rules = book.rules().to_vec();
    let count = rules.len();
    let new = NewPriceBook { id: clock::new_uuid(), rules, created_at_ms: clock::now_ms() };
    let applied = call.change(action, "price book".to_owned(), detail, Change::PublishPrices(new)).await?;
    let Applied::Prices(version) = applied else {
        return Err(OperateError::Internal("a price book made something else".to_owned()));
    };
    Ok(json!({"version": version, "prices": count}))
}
