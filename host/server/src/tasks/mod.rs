//! The use cases: a task is created, moved, settled and read. No HTTP here; `api` converts.
//!
//! Reading order: `create` (how a task enters), `attempt` (one candidate after another), `moves` (every change of a task's
//! state, in memory and in the database), `wheel` and `poll` (accepted tasks), `recover` (after a restart), `result` (what the
//! client reads).

mod attempt;
mod counted;
mod create;
mod drive;
mod moves;
mod no_candidate;
mod observe;
mod open;
mod poll;
mod recover;
mod result;
mod wheel;

use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{Amount, TaskId};
use serde_json::{Map, Value};

pub use create::create;
pub use open::OpenTasks;
pub(crate) use recover::{recover, take_up_shards};
pub use result::{balance, result};
pub(crate) use wheel::Wheel;
pub use wheel::WheelHandle;

/// What a client asks of createTask, in no dialect.
#[derive(Clone)]
pub struct CreateRequest {
    /// The task as sent.
    pub task: Map<String, Value>,
    /// The order asked for.
    pub mode: Option<SelectionMode>,
    /// The pool asked for.
    pub pool: Option<PoolMode>,
    /// The provider forced.
    pub provider: Option<String>,
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
}

impl Refusal {
    /// A refusal with its detail.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}
