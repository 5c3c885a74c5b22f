//! Tasks that have ended of late, or were read of late: most are asked for once or twice right after their end, and those
//! that are asked for later are asked for again. That costs no database read and no opening of a sealed solution.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::AccountId;
use capstan_storage::TaskName;
use moka::sync::Cache;
use serde_json::Value;

use super::open::OpenTask;
use super::{Ending, Storm, TaskView};
use crate::settings::Limits;

/// How long an ended task is remembered here; never longer than its solution may be read.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Most bytes of solutions that are remembered.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What a task takes beside its solution, roughly.
const FRAME_BYTES: usize = 512;

/// The tasks that this process has seen end.
pub struct EndedTasks {
    tasks: Cache<TaskName, Ended>,
}

/// A task that has ended.
#[derive(Clone)]
pub(crate) struct Ended {
    /// Whose it is.
    pub account: AccountId,
    /// How it stands, for ever.
    pub view: Arc<TaskView>,
    /// The equal requests that it belongs to.
    pub storm: Option<Arc<Storm>>,
    bytes: u32,
}

impl EndedTasks {
    /// Nothing remembered yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let weigh = |_: &TaskName, ended: &Ended| ended.bytes;
        let tasks = Cache::builder().max_capacity(MOST_BYTES).weigher(weigh);
        Self { tasks: tasks.time_to_live(REMEMBERED.min(limits.retention)).build() }
    }

    /// Remembers how a task ended.
    pub(crate) fn insert(&self, open: &OpenTask, view: Arc<TaskView>) {
        self.put(open.account, view, open.storm.clone());
    }

    /// Puts a task under both of its names.
    fn put(&self, account: AccountId, view: Arc<TaskView>, storm: Option<Arc<Storm>>) {
        let solution = match &view.ending {
            Ending::Solved { solution, .. } => solution.values().map(size).sum(),
            Ending::Failed { detail, .. } => detail.len(),
            Ending::Open => return,
        };
        // Once as it is, and once as it is written for its client.
        let bytes = FRAME_BYTES.saturating_add(solution.saturating_mul(2));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let (id, number) = (view.task, view.number);
        let ended = Ended { account, view, storm, bytes };
        self.tasks.insert(TaskName::Number(number), ended.clone());
        self.tasks.insert(TaskName::Id(id), ended);
    }

    /// Remembers a task that was read from the database, unless its solution is about to be past its retention.
    pub(crate) fn remember(&self, account: AccountId, view: &Arc<TaskView>, (now_ms, retention): (i64, Duration)) {
        let ended_at_ms = match view.ending {
            Ending::Solved { ended_at_ms, .. } | Ending::Failed { ended_at_ms, .. } => ended_at_ms,
            Ending::Open => return,
        };
        let kept = retention.saturating_sub(REMEMBERED);
        let until_ms = ended_at_ms.saturating_add(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        if now_ms < until_ms {
            self.put(account, Arc::clone(view), None);
        }
    }

    /// The task of this name, if it ended here of late.
    pub(crate) fn find(&self, name: TaskName) -> Option<Ended> {
        self.tasks.get(&name)
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 16,
        Value::String(text) => text.len().saturating_add(24),
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(map) => map.iter().map(|(name, value)| name.len().saturating_add(size(value))).sum(),
    }
}
