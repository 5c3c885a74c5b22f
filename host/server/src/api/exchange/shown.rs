//! What a contributor sees of a credential, its uses and its days. Never its secret; never a site, a parameter or a solution of
//! other people's tasks, nor whose they were.

use capstan_domain::{Amount, CredentialId};
use capstan_storage::{AttemptState, Claim, Contribution, Credential, Day, Payout, Use, day_begins_ms};
use serde_json::{Value, json};

use crate::app::App;
use crate::clock;
use crate::exchange::agree;
use crate::exchange::words::limits_shown;
use crate::operate::shown_time;
use crate::tasks;

/// A credential: how it stands, what it is lent for, what was signed, and how it does in this process right now.
pub(super) fn credential(app: &App, row: &Credential, contribution: &Contribution) -> Value {
    json!({
        "id": row.id, "provider": row.provider, "label": row.label, "masked": contribution.mask,
        "status": row.status.as_str(), "reason": contribution.reason, "limits": limits_shown(&contribution.limits),
        "created": shown_time(row.created_at_ms), "nextCheck": contribution.look_at_ms.map(shown_time),
        "destroyed": contribution.destroyed_at_ms.map(shown_time), "earningsHeld": contribution.earnings_held,
        "signature": {
            "statementVersion": contribution.signature.version, "name": contribution.signature.by,
            "at": shown_time(contribution.signature.at_ms),
        },
        "awaits": agree::shown(app, row.id), "now": now(app, row.id),
    })
}

fn now(app: &App, id: CredentialId) -> Value {
    let snapshot = app.snapshot.load();
    let Some((_, credential)) = snapshot.find(id) else { return Value::Null };
    let now_ms = clock::now_ms();
    let spent = credential.lent.as_ref().map(|lent| lent.spending.today(now_ms).to_string());
    json!({
        "openTasks": credential.standing.load().in_flight, "spentToday": spent,
        "restsUntil": credential.rests_until(now_ms).map(shown_time),
    })
}

/// One use.
pub(super) fn one_use(app: &App, used: &Use) -> Value {
    let cost = used.told_cost.or(used.expected_cost).map(|cost| cost.to_string());
    let earned = used
        .earned
        .as_ref()
        .map(|(kind, amount, state)| json!({"kind": kind, "amount": amount.to_string(), "state": state}));
    // Nobody asks whether a solution was charged; the row has a word for the others alone.
    let charged = if used.state == AttemptState::Solved { Some("yes") } else { used.charged.as_deref() };
    let reference = used.reference.as_deref().and_then(|sealed| tasks::provider_task_id(app, used.attempt, sealed));
    json!({
        "id": used.attempt, "at": shown_time(used.at_ms), "ended": used.ended_at_ms.map(shown_time),
        "taskType": used.family, "state": used.state.as_str(), "fault": used.fault, "charged": charged,
        "cost": cost, "costTold": used.told_cost.is_some(), "earned": earned, "own": used.is_own,
        "providerTaskId": reference,
    })
}

/// One day.
pub(super) fn day(day: &Day) -> Value {
    let dollars = |nanos: i64| Amount::from_nanos(nanos).to_string();
    let date: String = shown_time(day_begins_ms(day.day)).chars().take("2027-01-31".len()).collect();
    json!({
        "day": date, "uses": day.uses, "solved": day.solved, "failed": day.failed, "refused": day.refused,
        "charged": dollars(day.charged), "shares": dollars(day.shares), "reimbursed": dollars(day.reimbursed),
    })
}

/// A claim, for whoever has filed it.
pub(super) fn claim(claim: &Claim) -> Value {
    json!({
        "id": claim.id, "state": claim.state.as_str(), "reason": claim.reason, "evidence": claim.evidence,
        "created": shown_time(claim.created_at_ms), "decided": claim.decided_at_ms.map(shown_time),
    })
}

/// A payout. Its destination is its owner's to know already.
pub(super) fn payout(payout: &Payout) -> Value {
    json!({
        "id": payout.id, "reference": payout.reference, "amount": payout.amount.to_string(),
        "state": payout.state.as_str(), "reason": payout.reason, "created": shown_time(payout.created_at_ms),
        "ended": payout.ended_at_ms.map(shown_time),
    })
}
