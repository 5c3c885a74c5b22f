//! How a task enters: hold, task row, first attempt and ledger entries, durable together or not at all.

use capstan_domain::ledger::Move;
use capstan_domain::policy::registrable;
use capstan_domain::{Amount, MoveId, TaskId};

use super::attempts::insert_attempt;
use super::guards::{self, Guard, Guarded};
use crate::db::{Db, sql};
use crate::shards::hold_fence;
use crate::{AccountStatus, Fence, KeyStatus, NewAttempt, Store, StoreError, TaskFacts, key_days, moves};
use uuid::Uuid;

/// A task to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceTask {
    /// What is known of it.
    pub facts: TaskFacts,
    /// Under which right it is written; its shard becomes the task's.
    pub fence: Fence,
    /// The route: candidates in the order in which they would be tried, each ready to be the first.
    pub candidates: Vec<NewAttempt>,
    /// Most candidates that will be tried.
    pub max_attempts: usize,
    /// The id of the move that holds the balance.
    pub move_id: MoveId,
    /// What it is known by if it comes again; none lets every repetition in.
    pub guard: Option<Guard>,
}

/// A task that is durable, and may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What was set aside: the dearest of the candidates kept.
    pub hold: Amount,
    /// The candidates that the balance affords and that may be tried, as indexes into the route; the first one's attempt
    /// is recorded.
    pub kept: Vec<usize>,
}

/// Why a task was not placed; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRefusal {
    /// The balance affords none of the candidates.
    InsufficientFunds {
        /// What the account can spend.
        available: Amount,
    },
    /// There is no such account, or it is suspended or closed.
    AccountNotActive,
    /// The key was revoked.
    KeyNotActive,
    /// The key's tasks of today may not cost more.
    DailyCap {
        /// Its cap.
        cap: Amount,
        /// What of it is not committed.
        left: Amount,
    },
    /// The route is empty, or no attempt is allowed.
    NoCandidate,
    /// Another task has the number: draw another one.
    NumberTaken,
    /// The same guard has let a task in before.
    Repeated(Guarded),
}

impl Store {
    /// Places a task: sets the price of the dearest affordable candidate among those that will be tried aside, and makes
    /// the task, `submitting`, with its first attempt, in one transaction. Nothing may be sent before this returns.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the shard is not held under that epoch.
    pub async fn place_task(&self, task: PlaceTask) -> Result<Result<Placed, PlaceRefusal>, StoreError> {
        self.write_or_refuse(task, |db, task| Box::pin(place(db, task))).await
    }
}

async fn place(db: &mut Db, request: &PlaceTask) -> Result<Result<Placed, PlaceRefusal>, StoreError> {
    let facts = &request.facts;
    let payer = sql!(
        db,
        optional as PayerRow,
        "select a.status, a.available, h.amount_nanos as placed_before, k.status as key_status, k.daily_cap_nanos
           from accounts a join api_keys k on k.id = $3 and k.account_id = a.id
                left join holds h on h.task_id = $2 and h.account_id = a.id
          where a.id = $1",
        facts.account.0,
        facts.id.0,
        facts.api_key.0
    )?;
    let Some(payer) = payer else { return Ok(Err(PlaceRefusal::AccountNotActive)) };
    if let Some(hold) = payer.placed_before {
        return Ok(kept_under(request, Amount::from_nanos(hold)));
    }
    if let Some(guard) = &request.guard
        && let Some(before) = guards::find(db, facts.api_key, (guard, facts.created_at_ms)).await?
    {
        return Ok(Err(PlaceRefusal::Repeated(before)));
    }
    let placed = match payer.afford(request) {
        Ok(placed) => placed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    hold_fence(db, request.fence).await?;
    set_aside(db, facts, placed.hold).await?;
    if let Some(refusal) = pass_cap(db, facts, placed.hold, payer.daily_cap_nanos).await? {
        return Ok(Err(refusal));
    }
    if !insert_task(db, facts, request.fence).await? {
        return number_taken(db, facts).await;
    }
    if let Some(guard) = &request.guard {
        guards::raise(db, facts, guard).await?;
    }
    let first = placed.kept.first().and_then(|&index| request.candidates.get(index));
    let Some(first) = first else { return Ok(Err(PlaceRefusal::NoCandidate)) };
    insert_attempt(db, facts.id, 1, first).await?;
    insert_hold(db, facts, placed.hold).await?;
    let made = Move::hold(facts.account, placed.hold)?;
    moves::book(db, (request.move_id, facts.id, facts.created_at_ms), &made).await?;
    Ok(Ok(placed))
}

/// Who pays for a task, as the database has it now.
#[derive(sqlx::FromRow)]
struct PayerRow {
    status: String,
    available: i64,
    placed_before: Option<i64>,
    key_status: String,
    daily_cap_nanos: Option<i64>,
}

impl PayerRow {
    /// What of the route the balance affords, where account and key may pay at all. The caller's look at them may be a
    /// moment old; this one is part of the transaction.
    fn afford(&self, request: &PlaceTask) -> Result<Placed, PlaceRefusal> {
        if self.status != AccountStatus::Active.as_str() {
            return Err(PlaceRefusal::AccountNotActive);
        }
        if self.key_status != KeyStatus::Active.as_str() {
            return Err(PlaceRefusal::KeyNotActive);
        }
        kept_under(request, Amount::from_nanos(self.available))
    }
}

/// Counts a hold against its key's daily cap, if it has one.
async fn pass_cap(
    db: &mut Db,
    facts: &TaskFacts,
    hold: Amount,
    cap_nanos: Option<i64>,
) -> Result<Option<PlaceRefusal>, StoreError> {
    let Some(cap) = cap_nanos.map(Amount::from_nanos) else { return Ok(None) };
    let day = key_days::day_of(facts.created_at_ms);
    if key_days::commit(db, (facts.api_key, day), hold, cap).await? {
        return Ok(None);
    }
    // A cap may have been lowered below what is committed.
    let left = cap.minus(key_days::committed(db, facts.api_key, day).await?)?.max(Amount::ZERO);
    Ok(Some(PlaceRefusal::DailyCap { cap, left }))
}

/// The first `max_attempts` candidates that this much affords, and the dearest of them.
///
/// Asked again with the hold itself it gives the same answer: candidates dearer than the hold were either not affordable
/// or came too late, and without them the first ones are the same. That is how a repeated call is answered.
fn kept_under(request: &PlaceTask, available: Amount) -> Result<Placed, PlaceRefusal> {
    if request.candidates.is_empty() || request.max_attempts == 0 {
        return Err(PlaceRefusal::NoCandidate);
    }
    let affordable =
        request.candidates.iter().enumerate().filter(|(_, attempt)| attempt.candidate.terms.price <= available);
    let (kept, prices): (Vec<usize>, Vec<Amount>) =
        affordable.take(request.max_attempts).map(|(index, attempt)| (index, attempt.candidate.terms.price)).unzip();
    let hold = prices.into_iter().max().ok_or(PlaceRefusal::InsufficientFunds { available })?;
    Ok(Placed { hold, kept })
}

async fn set_aside(db: &mut Db, facts: &TaskFacts, hold: Amount) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "update accounts set available = available - $2, held = held + $2
          where id = $1 and status = 'active' and available >= $2",
        facts.account.0,
        hold.nanos()
    )?;
    // Another node spent the balance since the look; the next look sees it.
    if changed == 0 { Err(StoreError::Contended) } else { Ok(()) }
}

/// Writes the task's row; false when its number, or its id, is there already.
async fn insert_task(db: &mut Db, facts: &TaskFacts, fence: Fence) -> Result<bool, StoreError> {
    let changed = sql!(
        db,
        execute,
        "insert into tasks (id, number, shard, epoch, account_id, api_key_id, family, task_type, with_proxy,
                            selection_mode, pool_mode, site, site_domain, site_key, price_book_version, state,
                            created_at_ms, deadline_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'submitting', $16, $17)
         on conflict do nothing",
        facts.id.0,
        facts.number,
        i64::from(fence.shard),
        fence.epoch,
        facts.account.0,
        facts.api_key.0,
        facts.family.as_str(),
        facts.task_type.as_str(),
        facts.with_proxy,
        facts.selection_mode.as_str(),
        facts.pool_mode.as_str(),
        facts.site.as_deref(),
        facts.site.as_deref().map(registrable),
        facts.site_key.as_deref(),
        facts.price_book_version,
        facts.created_at_ms,
        facts.deadline_at_ms
    )?;
    Ok(changed == 1)
}

/// Tells a number that is taken from this very task, which an earlier run of the same call may just have committed.
async fn number_taken(db: &mut Db, facts: &TaskFacts) -> Result<Result<Placed, PlaceRefusal>, StoreError> {
    let same = sql!(db, optional as (Uuid, Uuid), "select id, account_id from tasks where id = $1", facts.id.0)?;
    match same {
        None => Ok(Err(PlaceRefusal::NumberTaken)),
        Some((_, account)) if account == facts.account.0 => Err(StoreError::Contended),
        Some((id, _)) => Err(StoreError::unreadable("tasks", "account_id", TaskId(id))),
    }
}

async fn insert_hold(db: &mut Db, facts: &TaskFacts, hold: Amount) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into holds (task_id, account_id, amount_nanos, state, created_at_ms) values ($1, $2, $3, 'open', $4)",
        facts.id.0,
        facts.account.0,
        hold.nanos(),
        facts.created_at_ms
    )?;
    Ok(())
}
