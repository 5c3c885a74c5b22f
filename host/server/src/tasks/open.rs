//! Open tasks in memory: what moves them, and who waits for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use capstan_domain::catalogue::Family;
use capstan_domain::doubt::Silence;
use capstan_domain::price::Terms;
use capstan_domain::schedule::{Polls, Watch};
use capstan_domain::task::TaskState;
use capstan_domain::{AccountId, ApiKeyId, AttemptId, CredentialId, ProviderId, TaskId};
use capstan_egress::Waiting;
use capstan_storage::{Fence, NewAttempt, TaskFacts, TaskName};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tracing::Span;

use super::{Ending, Storm, TaskView, Written};
use crate::exchange::spending::Reserved;
use crate::standing::InFlight;

/// A task that has not ended.
pub(crate) struct OpenTask {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub account: AccountId,
    /// What kind it is.
    pub family: &'static Family,
    /// When it is given up.
    pub deadline_at_ms: i64,
    /// The right under which this process moves it.
    pub fence: Fence,
    /// One mover at a time: held across the database write, so that memory never runs ahead of the database.
    pub live: AsyncMutex<Live>,
    /// Its place among its key's open tasks.
    pub place: Held,
    /// The equal requests that it belongs to; unknown of one that another process created.
    pub storm: Option<Arc<Storm>>,
    /// How its owner sees it while it is open.
    pub view: Arc<TaskView>,
    /// Woken on every change.
    pub progress: watch::Sender<Progress>,
    /// How long its submits have waited for providers.
    pub waiting: Waiting,
    /// What its log lines have in common; it goes with the task, whoever moves it.
    pub span: Span,
}

/// A task's span. At the level of errors, so that it is there whenever anything about the task is logged at all.
pub(super) fn task_span(id: TaskId, account: AccountId, family: &Family) -> Span {
    tracing::error_span!("task", task.id = %id, account.id = %account, family = family.name)
}

/// An attempt's span, within its task's.
pub(super) fn attempt_span(task: &Span, number: u32, provider: &ProviderId) -> Span {
    tracing::error_span!(parent: task, "attempt", attempt = number, provider.id = %provider)
}

/// A task that is open, as its owner sees it.
pub(super) fn view_of(facts: &TaskFacts) -> Arc<TaskView> {
    let (task, number, created_at_ms) = (facts.id, facts.number, facts.created_at_ms);
    let (task_type, ending, written) = (facts.task_type.clone(), Ending::Open, Written::default());
    Arc::new(TaskView { task, number, task_type, created_at_ms, ending, written })
}

/// What changes about an open task.
pub(crate) struct Live {
    /// Its state, as the database has it.
    pub state: TaskState,
    /// The attempt in hand.
    pub attempt: Attempt,
    /// What put it in doubt, as it is recorded.
    pub doubted: Option<String>,
    /// Why nothing more can be learned about it, once that is known.
    pub silence: Option<Silence>,
    /// For how long it is asked about although its task is over.
    pub watch: Option<Watch>,
}

impl Live {
    /// A task of which nothing is known but its state and its attempt.
    pub(super) const fn new(state: TaskState, attempt: Attempt) -> Self {
        Self { state, attempt, doubted: None, silence: None, watch: None }
    }
}

/// One candidate tried.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// 1 for the task's first.
    pub number: u32,
    /// What its log lines have in common.
    pub span: Span,
    /// Its provider.
    pub provider: ProviderId,
    /// Its credential.
    pub credential: CredentialId,
    /// Digest of the adapter that began it.
    pub digest: Vec<u8>,
    /// What the account pays when it succeeds, and how that is found out.
    pub terms: Terms,
    /// When it was made.
    pub created_at_ms: i64,
    /// When its provider accepted it, if it said so.
    pub accepted_at_ms: Option<i64>,
    /// When it began; unknown of one that another process began.
    pub began_at_ms: Option<i64>,
    /// After how many milliseconds it was taken for one that is never answered, if it was.
    pub overdue_ms: Option<i64>,
    /// Its place among the credential's tasks, from its sending to the task's end; of a task's first one from its route on.
    pub in_flight: Option<Arc<InFlight>>,
    /// Its part of what its contributed credential may be used for today.
    pub lent: Option<Arc<Reserved>>,
    /// The provider's id of the task, once accepted.
    pub reference: String,
    /// What the adapter noted.
    pub memo: Vec<u8>,
    /// How polling stands.
    pub polls: Polls,
}

impl Attempt {
    /// An attempt that has not been accepted, the so-manyth of its task.
    pub(super) fn of(new: &NewAttempt, number: u32, task: &Span) -> Self {
        Self {
            id: new.id,
            number,
            span: attempt_span(task, number, &new.candidate.provider),
            provider: new.candidate.provider.clone(),
            credential: new.candidate.credential,
            digest: new.adapter_digest.clone(),
            terms: new.candidate.terms,
            created_at_ms: new.created_at_ms,
            accepted_at_ms: None,
            began_at_ms: Some(new.created_at_ms),
            overdue_ms: None,
            in_flight: None,
            lent: None,
            reference: String::new(),
            memo: Vec::new(),
            polls: Polls::default(),
        }
    }
}

/// What those who wait are told.
#[derive(Clone)]
pub(crate) enum Progress {
    /// No provider has it yet.
    Submitting,
    /// A provider has it, or may have it.
    Sent,
    /// It has ended.
    Ended(Arc<TaskView>),
}

/// The open tasks of this process.
#[derive(Default)]
pub struct OpenTasks {
    tasks: RwLock<ByName>,
    per_key: Arc<Mutex<HashMap<ApiKeyId, u32>>>,
}

/// Open tasks under both of their names.
#[derive(Default)]
struct ByName {
    ids: HashMap<TaskId, Arc<OpenTask>>,
    numbers: HashMap<i64, TaskId>,
}

/// A place among a key's open tasks; given back when it is dropped.
pub(crate) struct Place {
    per_key: Arc<Mutex<HashMap<ApiKeyId, u32>>>,
    key: ApiKeyId,
}

/// A place that is held until its task is no longer open, whoever still looks at the task then.
pub(crate) struct Held(Mutex<Option<Place>>);

impl From<Option<Place>> for Held {
    fn from(place: Option<Place>) -> Self {
        Self(Mutex::new(place))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut per_key = self.per_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = per_key.get_mut(&self.key) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                per_key.remove(&self.key);
            }
        }
    }
}

// A poisoned lock is entered all the same: the map is whole between two statements.
impl OpenTasks {
    pub(crate) fn insert(&self, task: Arc<OpenTask>) {
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        tasks.numbers.insert(task.view.number, task.id);
        tasks.ids.insert(task.id, task);
    }

    pub(crate) fn remove(&self, id: TaskId) {
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.ids.remove(&id);
        if let Some(task) = task {
            tasks.numbers.remove(&task.view.number);
            drop(tasks);
            drop(task.place.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// Takes a place among a key's open tasks; `None` when all are taken. It is taken before the task is placed, so that a
    /// crowd of requests cannot pass the limit together.
    pub(crate) fn take_place(&self, key: ApiKeyId, most: Option<u32>) -> Option<Place> {
        let mut per_key = self.per_key.lock().unwrap_or_else(PoisonError::into_inner);
        let open = per_key.get(&key).copied().unwrap_or(0);
        if most.is_some_and(|most| open >= most) {
            return None;
        }
        per_key.insert(key, open + 1);
        Some(Place { per_key: Arc::clone(&self.per_key), key })
    }

    /// The open task of this id, if this process moves it.
    pub(crate) fn get(&self, id: TaskId) -> Option<Arc<OpenTask>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).ids.get(&id).cloned()
    }

    /// The open task of this name, if this process moves it.
    pub(crate) fn find(&self, name: TaskName) -> Option<Arc<OpenTask>> {
        let tasks = self.tasks.read().unwrap_or_else(PoisonError::into_inner);
        let id = match name {
            TaskName::Id(id) => id,
            TaskName::Number(number) => *tasks.numbers.get(&number)?,
        };
        tasks.ids.get(&id).cloned()
    }

    /// Lets go of those that are not to be kept.
    pub(crate) fn retain(&self, keep: impl Fn(&OpenTask) -> bool) {
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        let ByName { ids, numbers } = &mut *tasks;
        ids.retain(|_, task| keep(task));
        numbers.retain(|_, id| ids.contains_key(id));
    }

    /// The provider of each that is in doubt. One that is being moved at the moment is left out.
    pub(crate) fn doubtful(&self) -> Vec<ProviderId> {
        let in_doubt = |task: &Arc<OpenTask>| {
            let live = task.live.try_lock().ok().filter(|live| live.state == TaskState::InDoubt)?;
            Some(live.attempt.provider.clone())
        };
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).ids.values().filter_map(in_doubt).collect()
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).ids.len()
    }
}
