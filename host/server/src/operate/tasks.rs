//! Tasks as the operator sees them: where each went and why. Never parameters, never solutions.

use capstan_domain::TaskId;
use capstan_storage::{Attempt, Task, TaskName};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OperateError, Operator, accounts, refunds, times};
use crate::keys;

/// Most tasks, or lines of the audit log, in one answer.
const MOST_LINES: u32 = 1_000;

pub(super) async fn show(operator: &Operator, name: &str) -> Result<Value, OperateError> {
    let unknown = || OperateError::Unknown { what: "task", name: name.chars().take(60).collect() };
    let id = match (Uuid::parse_str(name.trim()), name.trim().parse::<i64>()) {
        (Ok(id), _) => TaskName::Id(TaskId(id)),
        (Err(_), Ok(number)) => TaskName::Number(number),
        (Err(_), Err(_)) => return Err(unknown()),
    };
    let task = operator.store.find_any_task(id).await?.ok_or_else(unknown)?;
    let attempts = operator.store.list_attempts(task.facts.id).await?;
    let report = operator.store.find_report(task.facts.id).await?;
    let credentials = operator.store.list_credentials().await?;
    let label =
        |attempt: &Attempt| credentials.iter().find(|c| c.id == attempt.candidate.credential).map(|c| c.label.clone());
    let mut shown = task_shown(&task);
    if let Some(fields) = shown.as_object_mut() {
        let attempts = attempts.iter().map(|attempt| attempt_shown(attempt, label(attempt))).collect();
        fields.insert("attempts".to_owned(), attempts);
        fields.insert("report".to_owned(), report.as_ref().map(refunds::report_shown).unwrap_or_default());
    }
    Ok(shown)
}

pub(super) async fn list(operator: &Operator, account: Option<&str>, most: u32) -> Result<Value, OperateError> {
    let account = match account {
        Some(name) => Some(accounts::find(operator, name).await?.id),
        None => None,
    };
    let tasks = operator.store.list_tasks(account, most.clamp(1, MOST_LINES)).await?;
    Ok(tasks.iter().map(task_shown).collect())
}

fn task_shown(task: &Task) -> Value {
    let facts = &task.facts;
    let error = task.error.as_ref().map(|(code, detail)| json!({"code": code, "detail": detail}));
    json!({
        "task": facts.id, "number": facts.number, "account": facts.account, "key": facts.api_key,
        "family": facts.family, "type": facts.task_type, "withProxy": facts.with_proxy,
        "mode": facts.selection_mode, "pool": facts.pool_mode, "site": facts.site, "siteKey": facts.site_key,
        "priceBook": facts.price_book_version, "shard": task.shard, "state": task.state.as_str(),
        "solver": task.solver, "cost": task.cost.map(|cost| cost.to_string()), "error": error,
        "created": times::shown(facts.created_at_ms), "deadline": times::shown(facts.deadline_at_ms),
        "ended": task.ended_at_ms.map(times::shown),
        "tookMs": task.ended_at_ms.map(|at| at.saturating_sub(facts.created_at_ms)),
    })
}

fn attempt_shown(attempt: &Attempt, label: Option<String>) -> Value {
    let why: Value = serde_json::from_str(&attempt.explanation).unwrap_or_default();
    let fault = attempt.fault.as_ref().map(|fault| {
        json!({"class": fault.class, "code": fault.code, "charged": format!("{:?}", fault.charged).to_lowercase()})
    });
    let terms = attempt.candidate.terms;
    let digest = keys::hex(attempt.adapter_digest.iter().take(6));
    json!({
        "attempt": attempt.id, "number": attempt.seq, "provider": attempt.candidate.provider,
        "credential": attempt.candidate.credential, "credentialLabel": label,
        "pool": attempt.candidate.pool.as_str(), "price": terms.price.to_string(), "billing": terms.billing.to_string(),
        "state": attempt.state.as_str(), "fault": fault, "adapter": digest,
        "expectedCost": terms.expected_cost.map(|cost| cost.to_string()),
        "providerCost": attempt.provider_cost.map(|cost| cost.to_string()),
        "created": times::shown(attempt.created_at_ms), "accepted": attempt.accepted_at_ms.map(times::shown),
        "ended": attempt.ended_at_ms.map(times::shown), "why": why,
    })
}

pub(super) async fn audit(operator: &Operator, before: Option<i64>, most: u32) -> Result<Value, OperateError> {
    let lines = operator.store.list_audit(before, most.clamp(1, MOST_LINES)).await?;
    let shown = |line: &capstan_storage::Audit| {
        let detail: Value = serde_json::from_str(&line.detail).unwrap_or_default();
        json!({
            "seq": line.seq, "at": times::shown(line.at_ms), "actor": line.actor, "action": line.action,
            "target": line.target, "detail": detail,
        })
    };
    Ok(lines.iter().map(shown).collect())
}
