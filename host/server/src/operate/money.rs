//! Money as operators move and read it: adjustments, payouts, what is taken back, statements, the check of the ledger.

use capstan_domain::{AccountId, Amount, AttemptId};
use capstan_storage::{Applied, Book, Booked, ByHand, Change, HandMove, LedgerReport, TakeBack};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{self, find, read_amount, read_name, target};
use super::{Call, HandMoved, OperateError, Operator, StatementQuestion, times};
use crate::clock;
use crate::metrics::MoneyMoved;
use crate::statements::{self, Ask, StatementError};

/// Longest reason that a statement shows.
const MOST_REASON_CHARS: usize = 300;

pub(super) async fn show(operator: &Operator, account: &str) -> Result<Value, OperateError> {
    let account = find(operator, account).await?;
    let earned = operator.store.earnings(account.id).await?;
    let mut shown = accounts::shown(&account);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("earningsPending".to_owned(), json!(earned.pending.to_string()));
        fields.insert("earningsAvailable".to_owned(), json!(earned.available.to_string()));
    }
    Ok(shown)
}

pub(super) async fn statement(operator: &Operator, question: &StatementQuestion) -> Result<Value, OperateError> {
    let account = find(operator, &question.account).await?;
    let past = |field, text: Option<&String>| text.map(|text| times::read_past(field, text)).transpose();
    let ask = Ask {
        account: account.id,
        book: if question.earnings { Book::Earnings } else { Book::Balance },
        since_ms: past("since", question.since.as_ref())?.unwrap_or(0),
        until_ms: past("until", question.until.as_ref())?,
        cursor: question.cursor.as_deref(),
        limit: question.limit,
        with_tasks: true,
    };
    let page = statements::read(&operator.store, &ask).await.map_err(|error| match error {
        StatementError::BadCursor => OperateError::Bad(error.to_string()),
        StatementError::Store(error) => error.into(),
    })?;
    let mut answer = json!({"account": account.id, "name": account.name, "next": page.next});
    if let Some(fields) = answer.as_object_mut() {
        let (name, lines) = if question.csv { ("csv", json!(page.csv())) } else { ("lines", page.json()) };
        fields.insert(name.to_owned(), lines);
    }
    Ok(answer)
}

/// A sum of money to give or to take.
fn signed_amount(text: &str) -> Result<Amount, OperateError> {
    let amount = Amount::from_decimal(text.trim()).map_err(|error| OperateError::Bad(format!("amount: {error}")))?;
    if amount == Amount::ZERO {
        return Err(OperateError::Bad("amount: it must give (above zero) or take (below) something".to_owned()));
    }
    Ok(amount)
}

/// The reason, which whoever it is about reads in the statement.
pub(super) fn reason(call: &Call<'_>) -> Result<String, OperateError> {
    let text = call.reason.map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MOST_REASON_CHARS || text.chars().any(char::is_control) {
        let bad = format!(
            "reason: --reason must say why, in 1 to {MOST_REASON_CHARS} visible characters; the account reads it"
        );
        return Err(OperateError::Bad(bad));
    }
    Ok(text.to_owned())
}

pub(super) async fn by_hand(
    call: &Call<'_>,
    moved: HandMoved,
    account: &str,
    (amount, reference): (&str, &str),
) -> Result<Value, OperateError> {
    let (action, kind, what) = match moved {
        HandMoved::Adjustment => {
            let amount = signed_amount(amount)?;
            let kind = if amount > Amount::ZERO { MoneyMoved::Given } else { MoneyMoved::Taken };
            ("account adjust", kind, HandMove::Adjust { amount, note: reason(call)? })
        }
        HandMoved::Payout => ("account payout", MoneyMoved::PaidOut, HandMove::PayOut(read_amount("amount", amount)?)),
        HandMoved::Spending => ("account spend", MoneyMoved::Spent, HandMove::Spend(read_amount("amount", amount)?)),
    };
    let account = find(call.operator, account).await?;
    let external_ref = read_name("reference", reference)?;
    let detail = json!({"amount": amount.trim(), "reference": external_ref});
    let move_id = clock::new_move_id();
    let at_ms = clock::now_ms();
    let by_hand = ByHand { move_id, account: account.id, what, external_ref: external_ref.clone(), at_ms };
    let applied = call.change(action, target(account.id), detail, Change::MoveByHand(by_hand)).await?;
    let done = booked(call, applied, (move_id, kind))?;
    let mut answer = shown(&done, done.move_id != move_id);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("name".to_owned(), json!(account.name));
        fields.insert("reference".to_owned(), json!(external_ref));
    }
    Ok(answer)
}

pub(super) async fn take_back(call: &Call<'_>, attempt: &str) -> Result<Value, OperateError> {
    let bad = || OperateError::Bad(format!("attempt: {attempt:?} is no attempt's id; `task show` has them"));
    let attempt = AttemptId(Uuid::parse_str(attempt.trim()).map_err(|_| bad())?);
    let (move_id, at_ms) = (clock::new_move_id(), clock::now_ms());
    let change = Change::TakeBack(TakeBack { move_id, attempt, note: reason(call)?, at_ms });
    let applied = call.change("earning take-back", format!("attempt {attempt}"), json!({}), change).await?;
    let done = booked(call, applied, (move_id, MoneyMoved::TakenBack))?;
    Ok(shown(&done, done.move_id != move_id))
}

/// What was booked; counted when this call did it.
pub(super) fn booked(
    call: &Call<'_>,
    applied: Applied,
    (move_id, kind): (capstan_domain::MoveId, MoneyMoved),
) -> Result<Booked, OperateError> {
    let Applied::Booked(done) = applied else {
        return Err(OperateError::Internal("a move made something else".to_owned()));
    };
    if done.move_id == move_id {
        call.operator.count_moved(kind, Amount::from_nanos(done.amount.nanos().saturating_abs()));
    }
    Ok(done)
}

fn shown(done: &Booked, before: bool) -> Value {
    let account: AccountId = done.account;
    json!({
        "account": account, "amount": done.amount.to_string(), "bookedBefore": before,
        "available": done.balance.available.to_string(), "earningsAvailable": done.earned.to_string(),
    })
}

pub(super) async fn verify(operator: &Operator) -> Result<Value, OperateError> {
    Ok(report_shown(&operator.store.verify_ledger().await?))
}

fn report_shown(report: &LedgerReport) -> Value {
    let difference = report.difference.as_ref().map(|difference| {
        json!({
            "rule": difference.rule, "row": difference.row, "found": difference.found,
            "expected": difference.expected, "next": difference.next, "told": difference.to_string(),
        })
    });
    json!({
        "agrees": difference.is_none(), "accounts": report.accounts, "moves": report.moves, "entries": report.entries,
        "holds": report.holds, "earnings": report.earnings, "difference": difference,
    })
}
