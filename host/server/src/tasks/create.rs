//! How a task enters: parsed, allowed, routed, priced, held, then handed to its attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use capstan_domain::catalogue::{self, CanonicalTask, TaskError};
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{self, Candidate, PoolMode, Route, RouteRequest, SelectionMode};
use capstan_domain::schedule::{self, Polls};
use capstan_domain::task::TaskState;
use capstan_egress::Waiting;
use capstan_storage::{NewAttempt, PlaceRefusal, PlaceTask, Placed, StoreError, TaskFacts};
use tokio::sync::{Mutex, watch};
use tracing::{Instrument as _, Span};

use super::attempt::{self, Job};
use super::open::{self, Attempt, Live, OpenTask, Progress};
use super::{CreateRequest, Created, Ending, Refusal, TaskView, moves};
use crate::api::Caller;
use crate::app::App;
use crate::clock;
use crate::providers::Snapshot;
use crate::settings::CREATE_WITHIN;

/// Creates a task; answers once a provider has accepted or solved it, or the wait for that is over. `began` is when the
/// request was complete.
///
/// # Errors
/// [`Refusal`]: nothing was kept and nothing was charged. A definitive failure within the wait is one too.
pub async fn create(
    app: &Arc<App>,
    caller: &Caller,
    request: CreateRequest,
    began: Instant,
) -> Result<Created, Refusal> {
    let arrived = Instant::now();
    // A client that hangs up drops this future; what places the task is not part of it, so that no hold is left without
    // somebody who moves its task.
    let waits = Arc::new(AtomicBool::new(true));
    let mut entering = app.tracker.spawn(enter(Arc::clone(app), caller.clone(), request, Arc::clone(&waits)));
    let entered = match tokio::time::timeout(CREATE_WITHIN, &mut entering).await {
        Ok(entered) => entered,
        // Too late for a client's patience: it will ask again, so this task must not be sent.
        Err(_) if waits.swap(false, Ordering::SeqCst) => return Err(internal("the database took too long")),
        Err(_) => entering.await,
    };
    let (open, mut progress) = entered.map_err(|_| internal("the work of entering a task was lost"))??;

    let wait = app.limits.accept_wait.min(CREATE_WITHIN.saturating_sub(arrived.elapsed()));
    let sent = tokio::time::timeout(wait, progress.wait_for(|p| !matches!(p, Progress::Submitting))).await;
    app.metrics.create_task_overhead(began.elapsed(), open.waiting.so_far());
    let ended = match sent.ok().and_then(Result::ok).map(|p| p.clone()) {
        Some(Progress::Ended(view)) => Some(view),
        Some(Progress::Submitting | Progress::Sent) | None => None,
    };
    match ended.as_deref() {
        Some(TaskView { ending: Ending::Failed { code, detail, .. }, .. }) => Err(Refusal::new(*code, detail.clone())),
        view => Ok(Created { task: open.id, number: open.number, ended: view.cloned() }),
    }
}

/// Everything up to the durable hold; from there on the attempt owns the task.
async fn enter(
    app: Arc<App>,
    caller: Caller,
    request: CreateRequest,
    waits: Arc<AtomicBool>,
) -> Result<Entered, Refusal> {
    if app.open.count() >= app.limits.max_open {
        return Err(Refusal::new(ErrorCode::RateLimit, "The gateway has as many open tasks as it takes."));
    }
    let task = catalogue::parse(&request.task).map_err(refusal_of)?;
    let snapshot = app.snapshot.load_full();
    refuse_banned_sites(&snapshot, &task)?;
    let question = RouteRequest {
        with_proxy: task.proxy.is_some(),
        pool_mode: PoolMode::in_force(request.pool, caller.pool_mode, task.has_secrets()),
        mode: request.mode.or(caller.selection_mode).unwrap_or(SelectionMode::AutoCheapest),
        forced: request.provider.as_deref(),
        now_ms: clock::now_ms(),
    };
    let route = route::route(&question, &snapshot.offers(task.family.name));
    if route.candidates.is_empty() {
        return Err(no_candidate(&route, &question, &task, (&request, &caller)));
    }
    let (job, progress) = place(&app, &caller, task, Draft { question, route, snapshot }).await?;
    let open = Arc::clone(&job.task);
    if !waits.swap(false, Ordering::SeqCst) {
        moves::abandoned(&app, &open).instrument(open.span.clone()).await;
        return Err(internal("nobody waits for this task any more"));
    }
    app.tracker.spawn(attempt::run(Arc::clone(&app), job).instrument(open.span.clone()));
    Ok((open, progress))
}

/// An open task, and how it is heard of.
type Entered = (Arc<OpenTask>, watch::Receiver<Progress>);

fn refusal_of(error: TaskError) -> Refusal {
    let code = match error {
        TaskError::UnknownType(_) => ErrorCode::TaskNotSupported,
        TaskError::Missing(..) | TaskError::Bad { .. } => ErrorCode::InvalidTaskData,
    };
    Refusal::new(code, error.to_string())
}

fn refuse_banned_sites(snapshot: &Snapshot, task: &CanonicalTask) -> Result<(), Refusal> {
    match task.sites.iter().find_map(|site| snapshot.policy.refuses(site)) {
        Some(rule) => Err(Refusal::new(ErrorCode::DomainBanned, format!("The rule is {rule}."))),
        None => Ok(()),
    }
}

/// Says why there is no candidate, where the client can do something about it.
fn no_candidate(
    route: &Route,
    question: &RouteRequest<'_>,
    task: &CanonicalTask,
    (request, caller): (&CreateRequest, &Caller),
) -> Refusal {
    let only = |hit: route::Hit| !route.dropped.is_empty() && route.dropped.iter().all(|d| d.2 == hit);
    let pool_hit = route.dropped.iter().any(|d| d.2 == route::Hit::Pool);
    let because_of_secrets = task.has_secrets()
        && request.pool.is_none()
        && caller.pool_mode.is_none()
        && question.pool_mode == PoolMode::PlatformOnly;
    let detail = if let Some(name) = question.forced.filter(|_| only(route::Hit::OtherProvider)) {
        format!("No provider is called {:?} here.", name.chars().take(40).collect::<String>())
    } else if pool_hit && because_of_secrets {
        "The task carries secrets (cookies or a proxy login) and is kept from community credentials; send \
         keyPoolMode \"all\" to allow them."
            .to_owned()
    } else if route.dropped.iter().any(|d| d.2 == route::Hit::ProxyNotTaken) {
        "No provider takes a proxy for this task type; use the ProxyLess type.".to_owned()
    } else if route.dropped.iter().any(|d| d.2 == route::Hit::ProxyNeeded) {
        "The task type needs a proxy.".to_owned()
    } else if pool_hit {
        "There are community credentials for it, which keyPoolMode excludes.".to_owned()
    } else {
        String::new()
    };
    Refusal::new(ErrorCode::NoProvidersAvailable, detail)
}

/// Wait before a task is placed again.
const PLACE_AGAIN: Duration = Duration::from_millis(200);

/// What a task is placed with.
struct Draft<'r> {
    question: RouteRequest<'r>,
    route: Route,
    snapshot: Arc<Snapshot>,
}

impl Draft<'_> {
    fn new_attempt(&self, rank: usize, candidate: &Candidate) -> Option<NewAttempt> {
        let (provider, _) = self.snapshot.find(candidate.credential)?;
        Some(NewAttempt {
            id: clock::new_attempt_id(),
            candidate: candidate.clone(),
            adapter_digest: provider.adapter.digest().as_bytes().to_vec(),
            explanation: self.route.explain(&self.question, rank).to_string(),
            created_at_ms: self.question.now_ms,
        })
    }
}

/// One transaction: hold, task row, first attempt. Before it is durable nothing is sent.
async fn place(
    app: &Arc<App>,
    caller: &Caller,
    task: CanonicalTask,
    draft: Draft<'_>,
) -> Result<(Job, watch::Receiver<Progress>), Refusal> {
    let fence = app.shards.load().pick(clock::new_task_number()).ok_or_else(|| internal("no shard is held"))?;
    let first_candidates = draft.route.candidates.iter().take(app.limits.max_attempts);
    let attempts: Vec<NewAttempt> =
        // In price order the affordable candidates come first, so that more than can be tried need not be looked at.
        first_candidates.enumerate().filter_map(|(rank, c)| draft.new_attempt(rank, c)).collect();
    let first = attempts.first().ok_or_else(|| internal("a candidate's credential is gone"))?;
    let limits =
        draft.snapshot.provider(&first.candidate.provider).map(|p| p.limits).ok_or_else(|| internal("no provider"))?;
    let task_deadline_ms = u32::try_from(app.limits.task_deadline.as_millis()).unwrap_or(u32::MAX);
    let facts = TaskFacts {
        id: clock::new_task_id(),
        number: clock::new_task_number(),
        account: caller.account,
        api_key: caller.key,
        family: task.family.name.to_owned(),
        task_type: task.wire_type(),
        with_proxy: task.proxy.is_some(),
        selection_mode: draft.question.mode,
        pool_mode: draft.question.pool_mode,
        site: task.site_host().map(str::to_owned),
        site_key: task.site_key().map(str::to_owned),
        price_book_version: draft.snapshot.prices.version,
        created_at_ms: draft.question.now_ms,
        deadline_at_ms: schedule::deadline_at_ms(draft.question.now_ms, &limits, task_deadline_ms),
    };
    let max_attempts = app.limits.max_attempts;
    let mut new = PlaceTask { facts, fence, candidates: attempts, max_attempts, move_id: clock::new_move_id() };
    let placed = loop {
        match app.store.place_task(new.clone()).await {
            Ok(Ok(placed)) => break placed,
            Ok(Err(PlaceRefusal::NumberTaken)) => new.facts.number = clock::new_task_number(),
            Ok(Err(refusal)) => return Err(refusal_of_place(refusal)),
            // Whether it took effect is unknown: the same ids again find out, and make it so at most once.
            Err(error)
                if error.is_transient() && !matches!(error, StoreError::Overloaded) && !app.shutdown.is_cancelled() =>
            {
                tracing::warn!(task.id = %new.facts.id, account.id = %new.facts.account, error = &error as &dyn std::error::Error, "a task is placed again");
                tokio::time::sleep(PLACE_AGAIN).await;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(task.id = %new.facts.id, account.id = %new.facts.account, error, "a task could not be placed");
                return Err(Refusal::new(ErrorCode::Internal, ""));
            }
        }
    };
    job(app, task, new, &placed)
}

fn job(
    app: &Arc<App>,
    task: CanonicalTask,
    new: PlaceTask,
    placed: &Placed,
) -> Result<(Job, watch::Receiver<Progress>), Refusal> {
    let facts = new.facts;
    let mut route =
        new.candidates.into_iter().enumerate().filter(|(rank, _)| placed.kept.contains(rank)).map(|(_, a)| a);
    let first = route.next().ok_or_else(|| internal("a placed task has no attempt"))?;
    let (sender, progress) = watch::channel(Progress::Submitting);
    let span = open::task_span(facts.id, facts.account, task.family);
    let open = Arc::new(OpenTask {
        id: facts.id,
        number: facts.number,
        account: facts.account,
        family: task.family,
        task_type: facts.task_type,
        created_at_ms: facts.created_at_ms,
        deadline_at_ms: facts.deadline_at_ms,
        fence: new.fence,
        live: Mutex::new(Live { state: TaskState::Submitting, attempt: Attempt::of(&first, 1, &span) }),
        progress: sender,
        waiting: Waiting::default(),
        span,
    });
    app.metrics.created(task.family.name, facts.selection_mode, facts.pool_mode, placed.hold);
    tracing::info!(parent: &open.span, hold = %placed.hold, mode = facts.selection_mode.as_str(), "created");
    app.open.insert(Arc::clone(&open));
    app.wheel.give_up_at(open.id, open.deadline_at_ms);
    Ok((Job { task: open, payload: task, left: route.collect() }, progress))
}

impl Attempt {
    /// An attempt that has not been accepted, the so-manyth of its task.
    pub(super) fn of(new: &NewAttempt, number: u32, task: &Span) -> Self {
        Self {
            id: new.id,
            number,
            span: open::attempt_span(task, number, &new.candidate.provider),
            provider: new.candidate.provider.clone(),
            credential: new.candidate.credential,
            digest: new.adapter_digest.clone(),
            price: new.candidate.price,
            reference: String::new(),
            memo: Vec::new(),
            polls: Polls::default(),
        }
    }
}

fn refusal_of_place(refusal: PlaceRefusal) -> Refusal {
    match refusal {
        PlaceRefusal::InsufficientFunds { available } => {
            Refusal::new(ErrorCode::ZeroBalance, format!("Available: {available}."))
        }
        PlaceRefusal::AccountNotActive => Refusal::new(ErrorCode::UserBanned, ""),
        PlaceRefusal::NoCandidate => internal("an empty route was placed"),
        PlaceRefusal::NumberTaken => internal("no free task number"),
    }
}

fn internal(what: &str) -> Refusal {
    tracing::error!(what, "a task could not be created");
    Refusal::new(ErrorCode::Internal, "")
}
