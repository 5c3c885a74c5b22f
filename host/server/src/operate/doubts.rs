//! What is in doubt, and what it costs: attempts of which nobody knows, or knew in time, what their provider made of them.

use std::collections::BTreeMap;

use capstan_domain::task::TaskState;
use capstan_domain::{Amount, CredentialId, ProviderId};
use capstan_storage::Doubtful;
use serde_json::{Value, json};

use super::{OperateError, Operator, times};
use crate::clock;
use crate::providers::dollars;

/// Most attempts in one answer.
const MOST_LINES: u32 = 10_000;

/// How an attempt in doubt stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its task is open: its deadline will refund it.
    Open,
    /// Its task is over, and its provider is still asked.
    Watched,
    /// Nobody has told what became of it, and nobody is asked any more.
    Untold,
}

impl Standing {
    const fn of(doubt: &Doubtful) -> Self {
        match (doubt.task_state, doubt.watch_until_ms) {
            (TaskState::Submitting | TaskState::Running | TaskState::InDoubt, _) => Self::Open,
            (TaskState::Solved | TaskState::Failed, Some(_)) => Self::Watched,
            (TaskState::Solved | TaskState::Failed, None) => Self::Untold,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Watched => "watched",
            Self::Untold => "untold",
        }
    }
}

/// What a provider's doubtful attempts come to.
#[derive(Default)]
struct Sum {
    open: u64,
    watched: u64,
    untold: u64,
    expected: Amount,
    borne: Amount,
}

/// The attempts in doubt, those that ended without a word since that time among them, and the sums by provider.
pub(super) async fn list(operator: &Operator, since: &str) -> Result<Value, OperateError> {
    let since_ms = times::read_past("since", since)?;
    let doubts = operator.store.list_doubtful(since_ms, MOST_LINES).await?;
    let credentials = operator.store.list_credentials().await?;
    let label = |id: CredentialId| credentials.iter().find(|c| c.id == id).map(|c| c.label.as_str());
    let mut sums: BTreeMap<&ProviderId, Sum> = BTreeMap::new();
    let mut lines = Vec::with_capacity(doubts.len());
    for doubt in &doubts {
        let (standing, expected) = (Standing::of(doubt), expected(operator, doubt));
        let sum = sums.entry(&doubt.provider).or_default();
        match standing {
            Standing::Open => sum.open += 1,
            Standing::Watched => sum.watched += 1,
            Standing::Untold => sum.untold += 1,
        }
        // What is borne is in the books; what is not decided yet is expected at most.
        match doubt.borne {
            Some(borne) => sum.borne = sum.borne.plus(borne).map_err(too_much)?,
            None => sum.expected = sum.expected.plus(expected.unwrap_or(Amount::ZERO)).map_err(too_much)?,
        }
        lines.push(shown(doubt, standing, (expected, label(doubt.credential))));
    }
    let sums: Vec<Value> = sums.into_iter().map(|(provider, sum)| sum_shown(provider, &sum)).collect();
    Ok(json!({"since": times::shown(since_ms), "doubts": lines, "providers": sums}))
}

fn too_much(error: capstan_domain::amount::AmountError) -> OperateError {
    OperateError::Internal(error.to_string())
}

/// What the provider listed for the attempt when it was made, else what it lists now.
fn expected(operator: &Operator, doubt: &Doubtful) -> Option<Amount> {
    if doubt.expected_cost.is_some() {
        return doubt.expected_cost;
    }
    let adapter = operator.adapters.of(&doubt.provider)?;
    let served = adapter.manifest().task_types.iter().find(|served| served.family == doubt.family)?;
    dollars(&served.list_price)
}

fn shown(doubt: &Doubtful, standing: Standing, (expected, label): (Option<Amount>, Option<&str>)) -> Value {
    let age_ms = clock::now_ms().saturating_sub(doubt.created_at_ms);
    let known = match (doubt.accepted_at_ms, &doubt.fault_code) {
        (_, Some(code)) => code.clone(),
        (Some(_), None) => "accepted, never answered".to_owned(),
        (None, None) => "its submit was under way".to_owned(),
    };
    json!({
        "task": doubt.task, "attempt": doubt.attempt, "account": doubt.account, "family": doubt.family,
        "standing": standing.as_str(), "provider": doubt.provider, "credential": doubt.credential,
        "credentialLabel": label, "ageSeconds": age_ms / 1_000, "known": known,
        "charged": doubt.charged.map(|charged| format!("{charged:?}").to_lowercase()),
        "expectedCost": expected.map(|cost| cost.to_string()), "borne": doubt.borne.map(|cost| cost.to_string()),
        "created": times::shown(doubt.created_at_ms), "accepted": doubt.accepted_at_ms.map(times::shown),
        "ended": doubt.ended_at_ms.map(times::shown), "watchedUntil": doubt.watch_until_ms.map(times::shown),
    })
}

fn sum_shown(provider: &ProviderId, sum: &Sum) -> Value {
    json!({
        "provider": provider, "open": sum.open, "watched": sum.watched, "untold": sum.untold,
        "expectedCost": sum.expected.to_string(), "borne": sum.borne.to_string(),
    })
}
