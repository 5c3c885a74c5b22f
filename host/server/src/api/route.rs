//! `getTaskRoute`: why an account's task went where it went, without what belongs to others. No client of the field asks for it,
//! so that it has one form in every dialect.

use std::collections::BTreeMap;

use capstan_domain::code::ErrorCode;
use capstan_storage::{Attempt, Task};
use serde_json::{Map, Value, json};

use super::auth::{self, Caller};
use super::dialect::Answer;
use super::fields;
use crate::app::App;
use crate::tasks::Refusal;

/// Answers with the attempts of one of the caller's tasks.
pub(super) async fn answer(app: &App, caller: &Caller, body: &Map<String, Value>) -> Result<Answer, Refusal> {
    let allowance = auth::limit(app, caller)?;
    let name = fields::task_name(body)?;
    let unreadable = |error: capstan_storage::StoreError| {
        tracing::error!(?name, error = &error as &dyn std::error::Error, "a task's route could not be read");
        Refusal::new(ErrorCode::Internal, "")
    };
    let task = app.store.find_task(caller.account, name).await.map_err(unreadable)?;
    let task = task.ok_or_else(|| Refusal::new(ErrorCode::TaskNotFound, ""))?;
    let attempts = app.store.list_attempts(task.facts.id).await.map_err(unreadable)?;
    Ok(Answer { allowance: Some(allowance), ..Answer::json(200, &told(&task, &attempts)) })
}

fn told(task: &Task, attempts: &[Attempt]) -> Value {
    json!({
        "errorId": 0, "taskId": task.facts.id, "mode": task.facts.selection_mode, "pool": task.facts.pool_mode,
        "attempts": attempts.iter().map(attempt_told).collect::<Vec<_>>(),
    })
}

/// An attempt. Left out: whose credential it was, what else its provider and its owner do with it, how much is known of whom.
fn attempt_told(attempt: &Attempt) -> Value {
    let why: Value = serde_json::from_str(&attempt.explanation).unwrap_or_default();
    let part = |name: &str| why.get(name).cloned().unwrap_or_default();
    let fault = attempt.fault.as_ref().map(|fault| json!({"class": fault.class, "code": fault.code}));
    json!({
        "number": attempt.seq, "provider": attempt.candidate.provider, "pool": attempt.candidate.pool.as_str(),
        "price": attempt.candidate.terms.price.to_string(), "state": attempt.state.as_str(), "fault": fault,
        "createdMs": attempt.created_at_ms, "acceptedMs": attempt.accepted_at_ms, "endedMs": attempt.ended_at_ms,
        "why": {
            "rank": part("rank"), "order": part("order"), "forced": part("forced"), "poolAsked": part("poolAsked"),
            "poolAskedBy": part("poolAskedBy"), "poolCeiling": part("poolCeiling"),
            "chosen": candidate_told(&part("chosen")),
            "considered": considered(&part("candidates")),
            "left": part("counts").get("hits").cloned().unwrap_or_default(),
        },
    })
}

/// What was expected of a candidate.
fn candidate_told(candidate: &Value) -> Value {
    let told = ["provider", "pool", "price", "success", "seconds", "findsOut"];
    let told = told.into_iter().filter_map(|name| Some((name.to_owned(), candidate.get(name)?.clone())));
    Value::Object(told.collect())
}

/// The best of each provider and pool among the candidates that were named, which are in order.
fn considered(candidates: &Value) -> Vec<Value> {
    let mut best: BTreeMap<(String, String), (usize, Value)> = BTreeMap::new();
    for (rank, candidate) in candidates.as_array().into_iter().flatten().enumerate() {
        let word = |name: &str| candidate.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        best.entry((word("provider"), word("pool"))).or_insert_with(|| (rank, candidate_told(candidate)));
    }
    let mut best: Vec<(usize, Value)> = best.into_values().collect();
    best.sort_by_key(|(rank, _)| *rank);
    best.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_provider_and_pool_the_best_is_told_and_nothing_of_whose_it_is() {
        let candidate = |provider: &str, pool: &str, n: u32| {
            json!({
                "provider": provider, "credential": n, "pool": pool, "price": "0.002", "success": 0.9, "seconds": 11.0,
                "burden": 11.0, "inFlight": 7, "mostInFlight": 9, "samples": 100.0, "providerSamples": 500.0,
            })
        };
        let all = json!([candidate("b", "platform", 1), candidate("b", "platform", 2), candidate("a", "community", 3)]);
        let told = |provider: &str, pool: &str| json!({"provider": provider, "pool": pool, "price": "0.002", "success": 0.9, "seconds": 11.0});
        assert_eq!(considered(&all), [told("b", "platform"), told("a", "community")]);
        assert_eq!(considered(&Value::Null), Vec::<Value>::new());
    }
}
