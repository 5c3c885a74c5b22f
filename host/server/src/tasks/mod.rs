//! The use cases: a task is created, moved, settled and read. No HTTP here; `api` converts.
//!
//! Reading order: `create` (how a task enters), `attempt` (one candidate after another), `moves` (every change of a task's
//! state, in memory and in the database), `wheel` and `poll` (accepted tasks), `watching` (what is asked about when its task is over), `charges` (what
//! providers charge without a task to carry it), `recover` (after a restart), `result` (what the
//! client reads).

mod attempt;
mod balances;
mod charges;
mod counted;
mod create;
mod drive;
mod ended;
mod guard;
mod lent;
mod market;
mod moves;
mod no_candidate;
mod observe;
mod open;
mod poll;
mod recover;
mod repeat;
mod report;
mod result;
mod storms;
mod telling;
mod watching;
mod wheel;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{Amount, TaskId};
use capstan_storage::Guard;
use serde_json::{Map, Value};

use crate::limits::{Allowance, Exceeded};
pub(crate) use balances::{BalanceTold, ask_balance, look_at_balances, look_at_low_balances, recall_balances};
pub use create::create;
pub(crate) use drive::only_the_provider_can_say;
pub use ended::EndedTasks;
pub use guard::guard_of;
pub(crate) use market::follow_markets;
pub(crate) use open::OpenTask;
pub use open::OpenTasks;
pub(crate) use recover::{recover, take_up_shards};
pub use report::report;
pub(crate) use result::provider_task_id;
pub use result::{balance, result};
pub use storms::{Storm, StormSeen, Storms, WITHIN};
pub(crate) use telling::sweep_reports;
pub use watching::WatchedTasks;
pub(crate) use wheel::Wheel;
pub use wheel::WheelHandle;

/// How a task is to be routed, where somebody says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The order asked for.
    pub mode: Option<SelectionMode>,
    /// The pool asked for.
    pub pool: Option<PoolMode>,
    /// The provider forced.
    pub provider: Option<String>,
}

impl Options {
    /// These, and what they leave open as the others say.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            mode: self.mode.or(others.mode),
            pool: self.pool.or(others.pool),
            provider: self.provider.or(others.provider),
        }
    }
}

/// What a client asks of createTask, in no dialect.
#[derive(Clone)]
pub struct CreateRequest {
    /// The task as sent.
    pub task: Map<String, Value>,
    /// How it is to be routed.
    pub options: Options,
    /// What the request is known by if it comes again, where that matters.
    pub guard: Option<Guard>,
    /// The equal requests that it belongs to.
    pub storm: Arc<Storm>,
}

/// A created task.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id.
    pub task: TaskId,
    /// Its integer alias, below 2^52.
    pub number: i64,
    /// Its end, where a provider solved it at once.
    pub ended: Option<TaskView>,
    /// The storm that its request belongs to, if it is one.
    pub storm: Option<StormSeen>,
}

impl Created {
    /// How a provider solved it at once, if one did.
    #[must_use]
    pub fn solved(&self) -> Option<&TaskView> {
        self.ended.as_ref().filter(|view| matches!(view.ending, Ending::Solved { .. }))
    }
}

/// A task as its owner sees it.
#[derive(Clone, Debug)]
pub struct TaskView {
    /// Its id.
    pub task: TaskId,
    /// Its integer alias.
    pub number: i64,
    /// Its type, as results name it.
    pub task_type: String,
    /// When it was created.
    pub created_at_ms: i64,
    /// How it stands.
    pub ending: Ending,
    /// What clients are answered.
    pub written: Written,
}

/// A view as clients were answered, status and text in each of the forms, written when it was first asked for: what clients ask for
/// most is the same again. Which forms there are is the API's to know.
#[derive(Debug, Default)]
pub struct Written([OnceLock<(u16, Bytes)>; 3]);

impl Written {
    /// As it is written in this form, or as it is written now.
    pub(crate) fn or(&self, form: usize, write: impl FnOnce() -> (u16, Bytes)) -> (u16, Bytes) {
        match self.0.get(form) {
            Some(place) => place.get_or_init(write).clone(),
            None => write(),
        }
    }
}

impl Clone for Written {
    /// Nothing: what is copied is about to be another view.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// How a task stands, for its owner.
#[derive(Clone, Debug)]
pub enum Ending {
    /// Not ended.
    Open,
    /// Solved and paid for.
    Solved {
        /// Every field under every name that clients read.
        solution: Map<String, Value>,
        /// What it cost the account.
        cost: Amount,
        /// Who solved it, as people write it.
        provider: String,
        /// When.
        ended_at_ms: i64,
    },
    /// Failed and refunded.
    Failed {
        /// Why, as clients see it.
        code: ErrorCode,
        /// Details for people.
        detail: String,
        /// When.
        ended_at_ms: i64,
    },
}

/// A request refused: nothing was charged, nothing was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .code.as_str())]
pub struct Refusal {
    /// Which code the client sees.
    pub code: ErrorCode,
    /// What follows the code's text: the field and the reason.
    pub detail: String,
    /// When to come again, where that helps.
    pub retry_after: Option<Duration>,
    /// What is left of the limit that was met.
    pub allowance: Option<Allowance>,
}

impl Refusal {
    /// A refusal with its detail.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, allowance: None }
    }

    /// The refusal of a request that met a limit.
    #[must_use]
    pub fn met(met: Exceeded, detail: impl Into<String>) -> Self {
        let refusal = Self::new(ErrorCode::RateLimit, detail);
        Self { allowance: Some(met.allowance), retry_after: Some(met.wait), ..refusal }
    }

    /// The same, with the time after which it may go through.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}
