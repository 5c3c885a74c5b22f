//! The refund policy, and what complaints come to.

use std::collections::BTreeMap;

use capstan_domain::AccountId;
use capstan_domain::complaint::{Cap, RefundPolicy, RefundRule};
use capstan_storage::{KnownReport, ReportCount};
use serde_json::{Value, json};

use super::{Call, OperateError, Operator, RefundChange, accounts, times};
use crate::clock;
use crate::switches::{REFUND_FLOOR_SWITCH, REFUND_RULE_SWITCH, REFUND_SHARE_SWITCH, REFUND_WINDOW_SWITCH, Switches};

/// Most lines of one answer.
const MOST_LINES: i64 = 10_000;

/// Longest window: complaints that come later concern nobody's worker any more, and solutions are deleted after a day.
const LONGEST_WINDOW_MS: u128 = 86_400_000;

pub(super) async fn show(operator: &Operator) -> Result<Value, OperateError> {
    let rows = operator.store.list_switches().await?;
    let switches =
        Switches::read(rows).map_err(|name| OperateError::Bad(format!("the switch {name} cannot be read")))?;
    let RefundPolicy { rule, window_ms, cap: Cap { share_bp, floor } } = switches.refunds;
    let accounts = operator.store.list_accounts().await?;
    let own: BTreeMap<&str, &str> =
        accounts.iter().filter_map(|a| a.refund_rule.map(|rule| (a.name.as_str(), rule.as_str()))).collect();
    Ok(json!({
        "rule": rule.as_str(), "windowSeconds": window_ms / 1_000, "capShareBp": share_bp, "capFloor": floor,
        "accounts": own,
    }))
}

pub(super) async fn set(call: &Call<'_>, change: RefundChange) -> Result<Value, OperateError> {
    let RefundChange { account, rule, window, cap_share_bp, cap_floor } = change;
    let rule = rule.as_deref().map(read_rule).transpose()?;
    if let Some(name) = account {
        if window.is_some() || cap_share_bp.is_some() || cap_floor.is_some() {
            return Err(OperateError::Bad("account: an account has a rule of its own, and nothing else".to_owned()));
        }
        let rule = rule.ok_or_else(|| OperateError::Bad("rule: name the account's rule, or none".to_owned()))?;
        return set_account(call, &name, rule).await;
    }
    let word = |rule: Option<RefundRule>| rule.map(|rule| rule.as_str().to_owned());
    let mut switches: Vec<(&str, Option<String>)> =
        rule.map(|rule| (REFUND_RULE_SWITCH, word(rule))).into_iter().collect();
    if let Some(text) = window {
        switches.push((REFUND_WINDOW_SWITCH, Some(read_window(&text)?.to_string())));
    }
    if let Some(share_bp) = cap_share_bp {
        if share_bp > 10_000 {
            return Err(OperateError::Bad(format!("cap-share-bp is {share_bp}: it must be at most 10000")));
        }
        switches.push((REFUND_SHARE_SWITCH, Some(share_bp.to_string())));
    }
    switches.extend(cap_floor.map(|floor| (REFUND_FLOOR_SWITCH, Some(floor.to_string()))));
    if switches.is_empty() {
        return Err(OperateError::Bad("nothing is to be set; name rule, window, cap-share-bp or cap-floor".to_owned()));
    }
    for (name, value) in switches {
        let (target, detail) = (format!("switch {name}"), json!({"value": value}));
        let change = capstan_storage::Change::PutSwitch { name: name.to_owned(), value };
        call.change("refunds set", target, detail, change).await?;
    }
    show(call.operator).await
}

async fn set_account(call: &Call<'_>, name: &str, rule: Option<RefundRule>) -> Result<Value, OperateError> {
    let account = accounts::find(call.operator, name).await?;
    let word = rule.map(RefundRule::as_str);
    let (target, detail) = (format!("account {}", account.id), json!({"rule": word}));
    let change = capstan_storage::Change::SetAccountRefundRule(account.id, rule);
    call.change("refunds set", target, detail, change).await?;
    Ok(json!({"account": account.id, "name": account.name, "rule": word}))
}

/// A rule's word, or `none`.
fn read_rule(text: &str) -> Result<Option<RefundRule>, OperateError> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let bad = || OperateError::Bad(format!("rule is {text:?}: it must be always, provider, never or none"));
    RefundRule::from_word(text).map(Some).ok_or_else(bad)
}

fn read_window(text: &str) -> Result<i64, OperateError> {
    let bad = || OperateError::Bad(format!("window is {text:?}: it must be a time such as 10m, at most 24h"));
    let window_ms = humantime::parse_duration(text.trim()).map_err(|_| bad())?.as_millis();
    i64::try_from(window_ms.min(LONGEST_WINDOW_MS + 1)).ok().filter(|_| window_ms <= LONGEST_WINDOW_MS).ok_or_else(bad)
}

pub(super) async fn list(operator: &Operator, account: Option<&str>, since: &str) -> Result<Value, OperateError> {
    let since_ms = times::read_past("since", since)?.min(clock::now_ms());
    let account = match account {
        Some(name) => Some(accounts::find(operator, name).await?.id),
        None => None,
    };
    let counts = operator.store.count_reports(account, since_ms, MOST_LINES).await?;
    let accounts = operator.store.list_accounts().await?;
    let name = |id: AccountId| accounts.iter().find(|account| account.id == id).map(|account| account.name.as_str());
    Ok(counts.iter().map(|count| counted(count, name(count.account))).collect())
}

fn counted(count: &ReportCount, name: Option<&str>) -> Value {
    json!({
        "account": count.account, "accountName": name, "provider": count.provider, "solved": count.solved,
        "right": count.good, "wrong": count.bad, "refunded": count.refunded, "pending": count.pending,
        "refunds": count.refunds.to_string(),
    })
}

/// A report, beside its task.
pub(super) fn report_shown(report: &KnownReport) -> Value {
    json!({
        "correct": report.correct, "at": times::shown(report.created_at_ms),
        "decision": report.decision.map(|(decision, _)| decision.as_str()),
        "decided": report.decision.map(|(_, at_ms)| times::shown(at_ms)),
        "refund": report.refund.map(|refund| refund.to_string()),
        "passedOn": report.passed_on.map(capstan_storage::PassedOn::as_str),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_time_of_a_day_at_most() {
        assert_eq!(read_window("10m").unwrap(), 600_000);
        assert_eq!(read_window(" 24h ").unwrap(), 86_400_000);
        for text in ["25h", "", "soon", "99999999y"] {
            assert!(read_window(text).unwrap_err().to_string().starts_with("window is"), "{text}");
        }
    }

    #[test]
    fn a_rule_is_one_of_three_words_or_taken_away() {
        assert_eq!(read_rule("Always").unwrap(), Some(RefundRule::Always));
        assert_eq!(read_rule("none").unwrap(), None);
        assert!(read_rule("sometimes").unwrap_err().to_string().contains("must be always, provider, never or none"));
    }
}
