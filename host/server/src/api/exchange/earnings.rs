//! What a contributor has earned, and what becomes of it: balance for own tasks, or a payout that the operator settles.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue};
use capstan_domain::{AccountId, Amount};
use capstan_egress::Purpose;
use capstan_storage::{Applied, Book, ByHand, Change, HandMove, NewPayout, PayoutEnd, PayoutState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::Contributor;
use super::fields::{Fields, Page};
use super::{Answer, Failure, Front, failure, json, shown};
use crate::clock;
use crate::exchange::contribute::contributor;
use crate::keys::keyed_digest;
use crate::metrics::MoneyMoved;
use crate::operate::audit_line;
use crate::statements::{self, Ask, StatementError};

/// Most payouts of one answer beside the open ones.
const MOST_PAYOUTS: u32 = 200;
/// Where the next page of a CSV begins.
const NEXT: HeaderName = HeaderName::from_static("capstan-next");
/// Longest destination, in characters.
const MOST_DESTINATION_CHARS: usize = 500;

/// What is pending, what can be spent or paid out, and what was asked for already.
pub(super) async fn summary(State(front): State<Arc<Front>>, Contributor(account): Contributor) -> Answer {
    let earned = front.app.store.earnings(account).await.map_err(|error| Failure::internal(&error))?;
    let asked = asked_for(&front, account).await?;
    let free = earned.available.minus(asked).unwrap_or(Amount::ZERO);
    Ok(json(
        200,
        &json!({
            "pending": earned.pending.to_string(), "available": free.to_string(), "askedFor": asked.to_string(),
            "maturesAfterSeconds": front.app.limits.dispute_window.as_secs(),
        }),
    ))
}

async fn asked_for(front: &Front, account: AccountId) -> Result<Amount, Failure> {
    let payouts = front.app.store.list_payouts(Some(account), 0).await.map_err(|error| Failure::internal(&error))?;
    let mut open = payouts.iter().filter(|payout| payout.state == PayoutState::Requested);
    open.try_fold(Amount::ZERO, |sum, payout| sum.plus(payout.amount)).map_err(|error| Failure::internal(&error))
}

/// Every move of what was earned, the newest first.
pub(super) async fn statement(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    page: Page,
) -> Answer {
    let ask = Ask {
        account,
        book: Book::Earnings,
        since_ms: 0,
        until_ms: None,
        cursor: page.cursor.as_deref(),
        limit: page.limit.unwrap_or(100),
        with_tasks: false,
    };
    let read = statements::read(&front.app.store, &ask).await.map_err(|error| match error {
        StatementError::BadCursor => Failure::field("cursor", error.to_string()),
        StatementError::Store(error) => Failure::internal(&error),
    })?;
    if page.csv {
        let mut answer = failure::answer(200, read.csv(), "text/csv; charset=utf-8");
        if let Some(next) = read.next.as_deref().and_then(|next| HeaderValue::from_str(next).ok()) {
            answer.headers_mut().insert(NEXT, next);
        }
        return Ok(answer);
    }
    Ok(json(200, &json!({"lines": read.json(), "next": read.next})))
}

/// Makes matured earnings balance for own tasks; the same reference twice is once.
pub(super) async fn spend(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    mut fields: Fields,
) -> Answer {
    let (amount, reference) = (fields.amount("amount")?, fields.needed("reference", 100)?);
    fields.end()?;
    let move_id = clock::new_move_id();
    let by_hand = ByHand {
        move_id,
        account,
        what: HandMove::Spend(amount),
        external_ref: named(account, &reference),
        at_ms: clock::now_ms(),
    };
    let detail = json!({"amount": amount.to_string(), "reference": reference});
    let Applied::Booked(done) =
        change(&front, account, ("exchange spend", &detail), Change::MoveByHand(by_hand)).await?
    else {
        return Err(Failure::new(500, "INTERNAL", "The gateway failed."));
    };
    if done.move_id == move_id {
        front.app.metrics.moved(MoneyMoved::Spent, amount);
    }
    Ok(json(
        200,
        &json!({
            "spent": amount.to_string(), "reference": reference, "balance": done.balance.available.to_string(),
            "doneBefore": done.move_id != move_id,
        }),
    ))
}

/// Asks for a payout, which cannot be spent meanwhile; the same reference twice is once.
pub(super) async fn request(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    mut fields: Fields,
) -> Answer {
    let (amount, reference) = (fields.amount("amount")?, fields.needed("reference", 100)?);
    let destination = fields.needed("destination", MOST_DESTINATION_CHARS)?;
    fields.end()?;
    let id = clock::new_uuid();
    let hashing = front.app.vault.derive_key("payout destinations");
    let destination_hash = keyed_digest(&hashing, &[account.0.as_bytes(), destination.as_bytes()]);
    let sealed = front.app.vault.seal(Purpose::Payout, account.0.as_bytes(), destination.as_bytes());
    let destination = sealed.map_err(|error| Failure::internal(&error))?;
    let payout = NewPayout {
        id,
        account,
        reference: reference.clone(),
        amount,
        destination,
        destination_hash,
        at_ms: clock::now_ms(),
    };
    let detail = json!({"amount": amount.to_string(), "reference": reference});
    let applied = change(&front, account, ("exchange payout", &detail), Change::RequestPayout(payout)).await?;
    let Applied::Payout(known) = applied else { return Err(Failure::new(500, "INTERNAL", "The gateway failed.")) };
    one(&front, account, known, 201).await
}

pub(super) async fn payouts(State(front): State<Arc<Front>>, Contributor(account): Contributor) -> Answer {
    let found = front.app.store.list_payouts(Some(account), MOST_PAYOUTS).await;
    let found = found.map_err(|error| Failure::internal(&error))?;
    Ok(json(200, &json!({"payouts": found.iter().map(shown::payout).collect::<Vec<Value>>()})))
}

/// Takes a request back that is not settled yet.
pub(super) async fn cancel(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    Path(id): Path<String>,
) -> Answer {
    let id = Uuid::try_parse(&id).map_err(|_| Failure::unknown("payout"))?;
    let end = Change::EndPayout(id, clock::now_ms(), PayoutEnd::Cancelled(account));
    change(&front, account, ("exchange payout-cancel", &json!({"payout": id})), end).await?;
    one(&front, account, id, 200).await
}

async fn one(front: &Front, account: AccountId, id: Uuid, status: u16) -> Answer {
    let found = front.app.store.list_payouts(Some(account), MOST_PAYOUTS).await;
    let found = found.map_err(|error| Failure::internal(&error))?;
    let payout = found.iter().find(|payout| payout.id == id).ok_or_else(|| Failure::unknown("payout"))?;
    Ok(json(status, &json!({"payout": shown::payout(payout)})))
}

async fn change(
    front: &Front,
    account: AccountId,
    (action, detail): (&str, &Value),
    change: Change,
) -> Result<Applied, Failure> {
    let line = audit_line(&contributor(account), action, (format!("account {account}"), detail));
    let applied = front.app.store.apply(change, line).await.map_err(|error| match error {
        capstan_storage::StoreError::Missing { table: "payouts", .. } => Failure::unknown("payout"),
        error => Failure::internal(&error),
    })?;
    applied.map_err(|refusal| failure::refused(&refusal))
}

/// A contributor's reference among those of all: nobody else's can be the same.
fn named(account: AccountId, reference: &str) -> String {
    format!("exchange {account} {reference}")
}
