//! Looks at prices: what a task would cost and why, and how far providers' charges are from what they list.

use capstan_domain::catalogue::{self, CanonicalTask};
use capstan_domain::price::{Asked, PriceBook};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use capstan_storage::CostDrift;
use serde_json::{Map, Value, json};

use super::{OperateError, Operator, prices, times};

/// What is asked about: a task, and where.
pub(super) struct Question {
    pub(super) task_type: String,
    pub(super) task: Option<Map<String, Value>>,
    pub(super) provider: Option<String>,
}

/// The price of a task at every provider that serves it, or at one: which rule makes it, with which surcharges, or why there
/// is none. Nothing is sent and nothing is written.
pub(super) async fn test(operator: &Operator, question: Question) -> Result<Value, OperateError> {
    let task = read_task(&question)?;
    let known = prices::known(operator).await?;
    let among = match &question.provider {
        Some(spelling) => vec![prices::find_provider(&known, spelling).map_err(OperateError::Bad)?],
        None => known,
    };
    let book = prices::current(operator).await?;
    let serves = |provider: &&ProviderId| {
        let adapter = operator.adapters.of(provider);
        adapter.is_some_and(|a| a.manifest().task_types.iter().any(|t| t.family == task.family.name))
    };
    let pools = [Pool::Platform, Pool::Community];
    let asked = among.iter().filter(serves).flat_map(|provider| pools.map(|pool| (provider, pool)));
    let rows = asked.map(|(provider, pool)| {
        let list_price = prices::list_price(operator, provider, task.family.name);
        quoted(&book, (provider, list_price), &task, pool)
    });
    Ok(rows.collect())
}

/// The operator's own task, or an example of its family.
fn read_task(question: &Question) -> Result<CanonicalTask, OperateError> {
    let bad = |what: String| OperateError::Bad(what);
    let mut task = match (&question.task, catalogue::by_type_name(&question.task_type)) {
        (Some(task), _) => task.clone(),
        (None, Some((family, _))) => catalogue::example(family),
        (None, None) => Map::new(),
    };
    task.insert("type".to_owned(), json!(question.task_type));
    catalogue::parse(&task).map_err(|error| bad(error.to_string()))
}

fn quoted(
    book: &PriceBook,
    (provider, list_price): (&ProviderId, Option<Amount>),
    task: &CanonicalTask,
    pool: Pool,
) -> Value {
    let family = task.family.name;
    let asked = Asked { family, parameters: &task.parameters, with_proxy: task.proxy.is_some() };
    let listed = list_price.map(|price| price.to_string());
    let mut shown = json!({
        "provider": provider, "family": family, "pool": pool.as_str(), "listPrice": listed, "version": book.version,
    });
    let said = match book.quote((provider, list_price), &asked, pool) {
        Err(why) => json!({"estimate": null, "why": why.to_string()}),
        Ok(quote) => {
            let underpaid = pool == Pool::Community && !quote.price.covers_the_contributor();
            let why = "no route: a contributor would earn less than the provider lists";
            let applied = quote.surcharges.iter();
            let applied = applied.map(|(when, more)| json!({"when": when.to_string(), "adds": more.to_string()}));
            json!({
                "rule": quote.rule.to_string(), "price": quote.rule.base.to_string(), "base": quote.base.to_string(),
                "surcharges": applied.collect::<Vec<_>>(), "estimate": quote.price.terms.price.to_string(),
                "billing": quote.price.terms.billing.to_string(), "shareBp": quote.price.share_bp,
                "why": underpaid.then_some(why),
            })
        }
    };
    if let (Some(shown), Value::Object(said)) = (shown.as_object_mut(), said) {
        shown.extend(said);
    }
    shown
}

/// Reported against expected costs since a time.
pub(super) async fn drift(operator: &Operator, since: &str) -> Result<Value, OperateError> {
    let since_ms = times::read_past("since", since)?;
    let found = operator.store.cost_drift(since_ms).await?;
    found.iter().map(drifted).collect()
}

fn drifted(drift: &CostDrift) -> Result<Value, OperateError> {
    let more = drift.reported.minus(drift.expected);
    let more = more.map_err(|error| OperateError::Internal(error.to_string()))?;
    Ok(json!({
        "provider": drift.provider, "family": drift.family, "attempts": drift.attempts,
        "expected": drift.expected.to_string(), "reported": drift.reported.to_string(), "drift": more.to_string(),
        "above": drift.above, "worst": drift.worst.to_string(),
    }))
}
