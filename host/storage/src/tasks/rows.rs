//! What a task and an attempt look like here and in their tables.

use std::sync::Arc;

use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::code::ErrorCode;
use capstan_domain::price::Terms;
use capstan_domain::route::{Candidate, PoolMode, SelectionMode, Stake};
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, Amount, ApiKeyId, AttemptId, CredentialId, ProviderId, TaskId};
use uuid::Uuid;

use crate::credentials::read_pool;
use crate::prices::read_billing;
use crate::providers::read_id;
use crate::words::read;
use crate::{AttemptState, StoreError};

/// What is known of a task from its creation on, and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFacts {
    /// Its id.
    pub id: TaskId,
    /// Its other id, for dialects whose ids are integers: random, unique, above 0 and below 2⁵².
    pub number: i64,
    /// Whose task it is.
    pub account: AccountId,
    /// The key that it was created with.
    pub api_key: ApiKeyId,
    /// The canonical family.
    pub family: String,
    /// The type's name as the client knows it.
    pub task_type: String,
    /// Whether the client gave a proxy.
    pub with_proxy: bool,
    /// How its candidates were ordered.
    pub selection_mode: SelectionMode,
    /// The pool in force.
    pub pool_mode: PoolMode,
    /// The site, where the type names one.
    pub site: Option<String>,
    /// The site's key, where the type names one.
    pub site_key: Option<String>,
    /// The price book that prices it for its whole life.
    pub price_book_version: i64,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it fails if it is still open.
    pub deadline_at_ms: i64,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What never changes.
    pub facts: TaskFacts,
    /// Its shard.
    pub shard: u8,
    /// How it stands.
    pub state: TaskState,
    /// Who solved it.
    pub solver: Option<ProviderId>,
    /// What it cost its account, once solved.
    pub cost: Option<Amount>,
    /// What the client hears, once failed: code and description.
    pub error: Option<(ErrorCode, String)>,
    /// The solution as it was sealed, until it is purged.
    pub solution: Option<Vec<u8>>,
    /// When it became solved or failed.
    pub ended_at_ms: Option<i64>,
}

/// How a client names a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskName {
    /// By its id.
    Id(TaskId),
    /// By its number.
    Number(i64),
}

/// A candidate about to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The candidate, with the price and the share that hold for this attempt whatever is published later.
    pub candidate: Candidate,
    /// Digest of the adapter that will build and read its requests.
    pub adapter_digest: Vec<u8>,
    /// Why it was chosen, a JSON object; shared, since a write may be repeated.
    pub explanation: Arc<str>,
    /// When it is recorded.
    pub created_at_ms: i64,
}

/// A candidate that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Its task.
    pub task: TaskId,
    /// 1 for the task's first.
    pub seq: u32,
    /// The candidate as it was when it was chosen.
    pub candidate: Candidate,
    /// Digest of its adapter.
    pub adapter_digest: Vec<u8>,
    /// How it stands.
    pub state: AttemptState,
    /// What its provider says it charged.
    pub provider_cost: Option<Amount>,
    /// Its provider's reference and the adapter's memo as they were sealed, once accepted.
    pub reference: Option<Vec<u8>>,
    /// What went wrong.
    pub fault: Option<RecordedFault>,
    /// Why it was chosen, a JSON object.
    pub explanation: String,
    /// When it was recorded.
    pub created_at_ms: i64,
    /// When its provider accepted it.
    pub accepted_at_ms: Option<i64>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
}

/// A fault to be recorded with an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFault {
    /// What kind of fault.
    pub class: FaultClass,
    /// The provider's own code, or the adapter's.
    pub code: String,
    /// Whether the provider charged all the same.
    pub charged: Charged,
}

/// A fault as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFault {
    /// The word of its class, as `FaultClass::as_str` gives it; a throttled fault's wait is not kept.
    pub class: String,
    /// The provider's own code, or the adapter's.
    pub code: String,
    /// Whether the provider charged all the same.
    pub charged: Charged,
}

/// A task that is not over, with the attempt that it hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// The task.
    pub task: Task,
    /// Its latest attempt.
    pub attempt: Attempt,
}

pub(crate) const fn charged_word(charged: Charged) -> &'static str {
    match charged {
        Charged::Yes => "yes",
        Charged::No => "no",
        Charged::Unknown => "unknown",
    }
}

pub(super) fn read_charged(word: &str) -> Option<Charged> {
    [Charged::Yes, Charged::No, Charged::Unknown].into_iter().find(|charged| charged_word(*charged) == word)
}

#[derive(sqlx::FromRow)]
pub(super) struct TaskRow {
    id: Uuid,
    number: i64,
    shard: i64,
    account_id: Uuid,
    api_key_id: Uuid,
    family: String,
    task_type: String,
    with_proxy: bool,
    selection_mode: String,
    pool_mode: String,
    site: Option<String>,
    site_key: Option<String>,
    price_book_version: i64,
    state: String,
    solver_provider: Option<String>,
    cost_nanos: Option<i64>,
    error_code: Option<String>,
    error_description: Option<String>,
    solution: Option<Vec<u8>>,
    created_at_ms: i64,
    deadline_at_ms: i64,
    ended_at_ms: Option<i64>,
}

impl TaskRow {
    pub(super) fn read(self) -> Result<Task, StoreError> {
        let id = self.id;
        let error_code =
            self.error_code.as_deref().map(|code| read(ErrorCode::from_code(code), "tasks", "error_code", id));
        let solver = self.solver_provider.as_deref().map(|provider| read_id("tasks", "solver_provider", provider));
        let facts = TaskFacts {
            id: TaskId(id),
            number: self.number,
            account: AccountId(self.account_id),
            api_key: ApiKeyId(self.api_key_id),
            family: self.family,
            task_type: self.task_type,
            with_proxy: self.with_proxy,
            selection_mode: read(SelectionMode::from_word(&self.selection_mode), "tasks", "selection_mode", id)?,
            pool_mode: read(PoolMode::from_word(&self.pool_mode), "tasks", "pool_mode", id)?,
            site: self.site,
            site_key: self.site_key,
            price_book_version: self.price_book_version,
            created_at_ms: self.created_at_ms,
            deadline_at_ms: self.deadline_at_ms,
        };
        Ok(Task {
            facts,
            shard: read(u8::try_from(self.shard).ok(), "tasks", "shard", id)?,
            state: read(TaskState::from_word(&self.state), "tasks", "state", id)?,
            solver: solver.transpose()?,
            cost: self.cost_nanos.map(Amount::from_nanos),
            error: error_code.transpose()?.map(|code| (code, self.error_description.unwrap_or_default())),
            solution: self.solution,
            ended_at_ms: self.ended_at_ms,
        })
    }
}

/// An attempt's columns that say whose money it touches.
#[derive(sqlx::FromRow)]
pub(super) struct StakeRow {
    credential_id: Uuid,
    share_bp: i64,
    contributor_id: Option<Uuid>,
}

impl StakeRow {
    pub(super) fn read(&self, attempt: AttemptId) -> Result<Stake, StoreError> {
        let share_bp = read(u16::try_from(self.share_bp).ok(), "attempts", "share_bp", attempt)?;
        let share = self.contributor_id.map(|contributor| (AccountId(contributor), share_bp));
        Ok(Stake { credential: CredentialId(self.credential_id), share })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    id: Uuid,
    task_id: Uuid,
    seq: i64,
    provider_id: String,
    #[sqlx(flatten)]
    stake: StakeRow,
    pool: String,
    adapter_digest: Vec<u8>,
    state: String,
    price_nanos: i64,
    billing: String,
    billing_margin_bp: Option<i64>,
    expected_cost_nanos: Option<i64>,
    provider_cost_nanos: Option<i64>,
    reference: Option<Vec<u8>>,
    fault_class: Option<String>,
    fault_code: Option<String>,
    charged: Option<String>,
    explanation: String,
    created_at_ms: i64,
    accepted_at_ms: Option<i64>,
    ended_at_ms: Option<i64>,
}

impl AttemptRow {
    pub(super) fn read(self) -> Result<Attempt, StoreError> {
        let id = self.id;
        let Stake { credential, share } = self.stake.read(AttemptId(id))?;
        let candidate = Candidate {
            credential,
            provider: read_id("attempts", "provider_id", &self.provider_id)?,
            pool: read(read_pool(&self.pool), "attempts", "pool", id)?,
            terms: Terms {
                price: Amount::from_nanos(self.price_nanos),
                billing: read(read_billing(&self.billing, self.billing_margin_bp), "attempts", "billing", id)?,
                expected_cost: self.expected_cost_nanos.map(Amount::from_nanos),
            },
            share,
        };
        let charged = self.charged.map(|word| read(read_charged(&word), "attempts", "charged", id)).transpose()?;
        let fault = self.fault_class.zip(self.fault_code).zip(charged);
        Ok(Attempt {
            id: AttemptId(id),
            task: TaskId(self.task_id),
            seq: read(u32::try_from(self.seq).ok(), "attempts", "seq", id)?,
            candidate,
            adapter_digest: self.adapter_digest,
            state: read(AttemptState::from_word(&self.state), "attempts", "state", id)?,
            provider_cost: self.provider_cost_nanos.map(Amount::from_nanos),
            reference: self.reference,
            fault: fault.map(|((class, code), charged)| RecordedFault { class, code, charged }),
            explanation: self.explanation,
            created_at_ms: self.created_at_ms,
            accepted_at_ms: self.accepted_at_ms,
            ended_at_ms: self.ended_at_ms,
        })
    }
}
