//! How a task enters: hold, task row, first attempt and ledger entries, durable together or not at all.
//!
//! What queued while a commit was under way is placed together: the balances are read once, each request is judged in its
//! turn against what the ones before it leave, and what they make is written by one statement per table. A request that is
//! refused has written nothing by then, so it harms no neighbour.

use std::collections::{HashMap, HashSet};

use capstan_domain::ledger::Move;
use capstan_domain::policy::registrable;
use capstan_domain::{AccountId, Amount, ApiKeyId, MoveId, TaskId};
use uuid::Uuid;

use super::attempts::insert_attempts;
use super::guards::{self, Guard, Guarded};
use crate::bulk::{self, Bulk, Cell, Short, Writes};
use crate::db::Db;
use crate::moves::{self, Booking};
use crate::shards::HeldFences;
use crate::writer::{Run, Together};
use crate::{AccountStatus, Fence, KeyStatus, NewAttempt, Store, StoreError, TaskFacts, key_days};

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

/// What a request to place a task is answered.
pub(crate) type PlaceAnswer = Result<Placed, PlaceRefusal>;

impl Store {
    /// Places a task: sets the price of the dearest affordable candidate among those that will be tried aside, and makes
    /// the task, `submitting`, with its first attempt, in one transaction. Nothing may be sent before this returns.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the shard is not held under that epoch.
    pub async fn place_task(&self, task: PlaceTask) -> Result<PlaceAnswer, StoreError> {
        self.write_together(task).await
    }
}

impl Together for PlaceTask {
    type Answer = PlaceAnswer;

    fn keeps(answer: &PlaceAnswer) -> bool {
        answer.is_ok()
    }

    #[cfg(feature = "bench")]
    fn unwritten(&self) -> PlaceAnswer {
        kept_under(self, Amount::from_nanos(i64::MAX))
    }

    fn fence(&self) -> Fence {
        self.fence
    }

    async fn run(
        db: &mut Db,
        held: &HeldFences,
        requests: &[&Self],
        run: Run,
    ) -> Result<Vec<Result<PlaceAnswer, StoreError>>, StoreError> {
        let mut batch = Batch::look(db, held, requests, run).await?;
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            answers.push(batch.judge(db, request).await?);
        }
        write(db, &batch.placed).await?;
        if run == Run::First {
            answer_as_before(db, requests, &mut answers).await?;
        }
        Ok(answers)
    }
}

/// A caller who never learnt whether its task was placed makes the same call again, and what it set aside itself may be the
/// reason to refuse it now. Whom a batch refuses is looked for among the tasks that are there; nobody else pays for it.
async fn answer_as_before(
    db: &mut Db,
    requests: &[&PlaceTask],
    answers: &mut [Result<PlaceAnswer, StoreError>],
) -> Result<(), StoreError> {
    let is_refused = |answer: &Result<PlaceAnswer, StoreError>| matches!(answer, Ok(Err(_)));
    let refused = requests.iter().zip(&*answers).filter(|(_, answer)| is_refused(answer));
    let refused: Vec<&PlaceTask> = refused.map(|(request, _)| *request).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let before = find_placed(db, &refused).await?;
    for (request, answer) in requests.iter().zip(answers).filter(|(_, answer)| is_refused(answer)) {
        // Somebody else's task of this id leaves the refusal as it is.
        if let Some(Ok(placed)) = as_before(request, &before) {
            *answer = Ok(placed);
        }
    }
    Ok(())
}

/// A batch while it is judged.
struct Batch<'r> {
    held: &'r HeldFences,
    payers: HashMap<ApiKeyId, PayerRow>,
    /// What accounts can spend after the requests that were judged.
    available: HashMap<AccountId, Amount>,
    /// What was set aside for tasks that an earlier run has placed.
    before: HashMap<TaskId, (AccountId, Amount)>,
    /// Numbers that tasks have already.
    taken: HashSet<i64>,
    /// Guards raised by the requests that were judged.
    raised: HashSet<(ApiKeyId, [u8; 32])>,
    placed: Vec<(&'r PlaceTask, Placed)>,
}

impl<'r> Batch<'r> {
    async fn look(db: &mut Db, held: &'r HeldFences, requests: &[&'r PlaceTask], run: Run) -> Result<Self, StoreError> {
        let payers = find_payers(db, requests).await?;
        let available =
            payers.values().map(|payer| (AccountId(payer.account_id), Amount::from_nanos(payer.available))).collect();
        // At first, what is there already shows when it is written, and is looked for then.
        let (before, taken) = match run {
            Run::First => (HashMap::new(), HashSet::new()),
            Run::Again => (find_placed(db, requests).await?, find_taken(db, requests).await?),
        };
        Ok(Self { held, payers, available, before, taken, raised: HashSet::new(), placed: Vec::new() })
    }

    /// Answers one request, given those before it. What it makes is written later, with the others'.
    async fn judge(
        &mut self,
        db: &mut Db,
        request: &'r PlaceTask,
    ) -> Result<Result<PlaceAnswer, StoreError>, StoreError> {
        let facts = &request.facts;
        let Some(payer) = self.payers.get(&facts.api_key).filter(|payer| payer.account_id == facts.account.0) else {
            return Ok(Ok(Err(PlaceRefusal::AccountNotActive)));
        };
        if let Some(answer) = as_before(request, &self.before) {
            return Ok(answer);
        }
        if let Some(guard) = &request.guard {
            if let Some(found) = guards::find(db, facts.api_key, (guard, facts.created_at_ms)).await? {
                return Ok(Ok(Err(PlaceRefusal::Repeated(found))));
            }
            // Its twin is part of this batch: one by one, the second finds what the first has raised.
            if !self.raised.insert((facts.api_key, guard.guard)) {
                return Err(StoreError::Contended);
            }
        }
        if let Err(refusal) = payer.may_pay() {
            return Ok(Ok(Err(refusal)));
        }
        if self.taken.contains(&facts.number) {
            return Ok(Ok(Err(PlaceRefusal::NumberTaken)));
        }
        let available = self.available.get(&facts.account).copied().unwrap_or(Amount::ZERO);
        let placed = match kept_under(request, available) {
            Ok(placed) => placed,
            Err(refusal) => return Ok(Ok(Err(refusal))),
        };
        if let Err(fenced) = self.held.check(request.fence) {
            return Ok(Err(fenced));
        }
        if let Some(refusal) = pass_cap(db, facts, placed.hold, payer.daily_cap_nanos).await? {
            return Ok(Ok(Err(refusal)));
        }
        self.available.insert(facts.account, available.minus(placed.hold)?);
        self.placed.push((request, placed.clone()));
        Ok(Ok(Ok(placed)))
    }
}

/// The answer for a task that is there already.
fn as_before(
    request: &PlaceTask,
    before: &HashMap<TaskId, (AccountId, Amount)>,
) -> Option<Result<PlaceAnswer, StoreError>> {
    let (account, hold) = *before.get(&request.facts.id)?;
    Some(if account == request.facts.account {
        Ok(kept_under(request, hold))
    } else {
        Err(StoreError::unreadable("tasks", "account_id", request.facts.id))
    })
}

/// Who pays for a task, as the database has it now.
#[derive(sqlx::FromRow)]
struct PayerRow {
    key_id: Uuid,
    account_id: Uuid,
    status: String,
    available: i64,
    key_status: String,
    daily_cap_nanos: Option<i64>,
}

impl PayerRow {
    /// Whether account and key may pay at all. The caller's look at them may be a moment old; this one is part of the
    /// transaction.
    fn may_pay(&self) -> Result<(), PlaceRefusal> {
        if self.status != AccountStatus::Active.as_str() {
            return Err(PlaceRefusal::AccountNotActive);
        }
        if self.key_status != KeyStatus::Active.as_str() {
            return Err(PlaceRefusal::KeyNotActive);
        }
        Ok(())
    }
}

/// The payers of a batch, whose balances stay as they are until the commit. SQLite has one writer at a time; in PostgreSQL
/// their rows are locked, in one order for all nodes.
async fn find_payers(db: &mut Db, requests: &[&PlaceTask]) -> Result<HashMap<ApiKeyId, PayerRow>, StoreError> {
    let lock = match db {
        Db::Sqlite(_) => "",
        Db::Postgres(_) => " order by a.id for update of a",
    };
    let keys: HashSet<Uuid> = requests.iter().map(|request| request.facts.api_key.0).collect();
    let keys: Vec<Cell<'_>> = keys.into_iter().map(Cell::from).collect();
    let head =
        "select k.id as key_id, a.id as account_id, a.status, a.available, k.status as key_status, k.daily_cap_nanos
                  from api_keys k join accounts a on a.id = k.account_id where k.id";
    let rows: Vec<PayerRow> = bulk::find(db, (head, lock), &keys).await?;
    Ok(rows.into_iter().map(|row| (ApiKeyId(row.key_id), row)).collect())
}

/// What earlier runs of these requests have set aside.
async fn find_placed(db: &mut Db, requests: &[&PlaceTask]) -> Result<HashMap<TaskId, (AccountId, Amount)>, StoreError> {
    let ids: Vec<Cell<'_>> = requests.iter().map(|request| request.facts.id.0.into()).collect();
    let head = "select task_id, account_id, amount_nanos from holds where task_id";
    let rows: Vec<(Uuid, Uuid, i64)> = bulk::find(db, (head, ""), &ids).await?;
    Ok(rows
        .into_iter()
        .map(|(task, account, hold)| (TaskId(task), (AccountId(account), Amount::from_nanos(hold))))
        .collect())
}

/// Which of these requests' numbers tasks have.
async fn find_taken(db: &mut Db, requests: &[&PlaceTask]) -> Result<HashSet<i64>, StoreError> {
    let numbers: Vec<Cell<'_>> = requests.iter().map(|request| request.facts.number.into()).collect();
    let rows: Vec<(i64,)> = bulk::find(db, ("select number from tasks where number", ""), &numbers).await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
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

/// Writes what a batch has placed. A task or a number that is there already is an error; looking again finds which.
async fn write<'c>(db: &mut Db, placed: &[(&'c PlaceTask, Placed)]) -> Result<(), StoreError> {
    let mut writes = Writes::default();
    set_aside(&mut writes, placed)?;
    insert_tasks(&mut writes, placed);
    // A route that keeps nobody is refused before it comes here.
    let first = |(request, placed): &(&'c PlaceTask, Placed)| {
        let first = placed.kept.first().and_then(|&index| request.candidates.get(index));
        first.map(|first| (request.facts.id, 1, first))
    };
    insert_attempts(&mut writes, placed.iter().filter_map(first));
    insert_holds(&mut writes, placed);
    let booking = |(request, placed): &(&PlaceTask, Placed)| {
        let PlaceTask { facts, move_id, .. } = request;
        let made = Move::hold(facts.account, placed.hold)?;
        Ok(Booking { id: *move_id, task: facts.id, attempt: None, at_ms: facts.created_at_ms, made })
    };
    let bookings: Vec<Booking> = placed.iter().map(booking).collect::<Result<_, StoreError>>()?;
    moves::book_all(&mut writes, &bookings);
    writes.run(db).await?;
    for (request, _) in placed {
        if let Some(guard) = &request.guard {
            guards::raise(db, &request.facts, guard).await?;
        }
    }
    Ok(())
}

fn set_aside(writes: &mut Writes<'_>, placed: &[(&PlaceTask, Placed)]) -> Result<(), StoreError> {
    const SET_ASIDE: Bulk = Bulk {
        head: "update accounts as a set available = a.available - v.column2, held = a.held + v.column2 from (",
        columns: 2,
        tail: ") as v where a.id = v.column1 and a.status = 'active' and a.available >= v.column2",
        // Another node changed a balance since the look; the next look sees it.
        short: Short::OutOfDate,
    };
    let mut sums: HashMap<AccountId, Amount> = HashMap::new();
    for (request, placed) in placed {
        let sum = sums.entry(request.facts.account).or_insert(Amount::ZERO);
        *sum = sum.plus(placed.hold)?;
    }
    writes.add(SET_ASIDE, sums.iter().flat_map(|(account, sum)| [account.0.into(), sum.nanos().into()]).collect());
    Ok(())
}

fn insert_tasks<'c>(writes: &mut Writes<'c>, placed: &[(&'c PlaceTask, Placed)]) {
    const INSERT: Bulk = Bulk {
        short: Short::OutOfDate,
        ..Bulk::insert(
            "insert into tasks (id, number, shard, epoch, account_id, api_key_id, family, task_type, with_proxy,
                                  selection_mode, pool_mode, site, site_domain, site_key, price_book_version, state,
                                  created_at_ms, deadline_at_ms)",
            18,
        )
    };
    let row = |(request, _): &(&'c PlaceTask, Placed)| task_row(&request.facts, request.fence);
    writes.add(INSERT, placed.iter().flat_map(row).collect());
}

fn task_row(facts: &TaskFacts, fence: Fence) -> [Cell<'_>; 18] {
    [
        facts.id.0.into(),
        facts.number.into(),
        i64::from(fence.shard).into(),
        fence.epoch.into(),
        facts.account.0.into(),
        facts.api_key.0.into(),
        facts.family.as_str().into(),
        facts.task_type.as_str().into(),
        Cell::Bool(facts.with_proxy),
        facts.selection_mode.as_str().into(),
        facts.pool_mode.as_str().into(),
        facts.site.as_deref().into(),
        facts.site.as_deref().map(registrable).into(),
        facts.site_key.as_deref().into(),
        facts.price_book_version.into(),
        "submitting".into(),
        facts.created_at_ms.into(),
        facts.deadline_at_ms.into(),
    ]
}

fn insert_holds(writes: &mut Writes<'_>, placed: &[(&PlaceTask, Placed)]) {
    const INSERT: Bulk = Bulk::insert("insert into holds (task_id, account_id, amount_nanos, state, created_at_ms)", 5);
    let row = |(request, placed): &(&PlaceTask, Placed)| -> [Cell<'static>; 5] {
        let facts = &request.facts;
        let open = "open".into();
        [facts.id.0.into(), facts.account.0.into(), placed.hold.nanos().into(), open, facts.created_at_ms.into()]
    };
    writes.add(INSERT, placed.iter().flat_map(row).collect());
}
