//! How a task enters: parsed, allowed, routed, priced, held, then handed to its attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use capstan_domain::CredentialId;
use capstan_domain::adapter::PollLimits;
use capstan_domain::catalogue::{self, CanonicalTask, TaskError};
use capstan_domain::code::ErrorCode;
use capstan_domain::policy::{Places, Who};
use capstan_domain::price::Asked;
use capstan_domain::route::{
    self, Hit, PoolCeilings, PoolMode, PoolWish, Ranked, RouteRequest, SavedOrder, SelectionMode,
};
use capstan_domain::schedule;
use capstan_domain::task::TaskState;
use capstan_egress::Waiting;
use capstan_storage::{
    Guard, Guarded, NewAttempt, PlaceRefusal, PlaceTask, Placed, StoreError, TaskFacts, day_begins_ms, day_of,
};
use tokio::sync::{Mutex, watch};
use tracing::Instrument as _;

use super::attempt::{self, Job};
use super::open::{self, Attempt, Live, OpenTask, Place, Progress};
use super::{CreateRequest, Created, Ending, Refusal, Storm, TaskView, moves, no_candidate, repeat};
use crate::api::Caller;
use crate::app::App;
use crate::clock;
use crate::providers::{Snapshot, Wanted};
use crate::settings::CREATE_WITHIN;
use crate::standing::InFlight;
use crate::statistics::FamilyPlace;

/// Creates a task; answers once a provider has accepted or solved it, or the wait for that is over. `began` is when the
/// request was complete. A request whose guard has let a task in before gets that one's answer.
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
    let storm = Arc::clone(&request.storm);
    let told = |created: Created| {
        // Who has the solution has nothing to ask for.
        if created.ended.is_some() && storm.calm() {
            app.storms.forget(caller.key);
        }
        Created { storm: storm.seen(), ..created }
    };
    // Before the limits on open tasks: a repetition is no new task.
    if let Some(guard) = &request.guard
        && let Some(before) = find_guarded(app, caller, guard).await?
    {
        return repeat::answer(app, caller, before, arrived).await.map(told);
    }
    // A client that hangs up drops this future; what places the task is not part of it, so that no hold is left without
    // somebody who moves its task.
    let waits = Arc::new(AtomicBool::new(true));
    let within = CREATE_WITHIN.saturating_sub(arrived.elapsed());
    let mut entering = app.tracker.spawn(enter(Arc::clone(app), caller.clone(), request, Arc::clone(&waits)));
    let entered = match tokio::time::timeout(within, &mut entering).await {
        Ok(entered) => entered,
        // Too late for a client's patience: it will ask again, so this task must not be sent.
        Err(_) if waits.swap(false, Ordering::SeqCst) => return Err(internal("the database took too long")),
        Err(_) => entering.await,
    };
    match entered.map_err(|_| internal("the work of entering a task was lost"))? {
        Ok((open, progress)) => {
            let answer = first_answer(app, &open, progress, arrived).await;
            app.metrics.create_task_overhead(began.elapsed(), open.waiting.so_far());
            answer.map(told)
        }
        Err(NotEntered::Repeated(before)) => repeat::answer(app, caller, before, arrived).await.map(told),
        Err(NotEntered::Refused(refusal)) => Err(refusal),
    }
}

/// Waits for a provider's word on a task, as long as createTask may still take.
///
/// # Errors
/// A definitive failure within the wait.
pub(super) async fn first_answer(
    app: &App,
    open: &OpenTask,
    mut progress: watch::Receiver<Progress>,
    arrived: Instant,
) -> Result<Created, Refusal> {
    let wait = app.limits.accept_wait.min(CREATE_WITHIN.saturating_sub(arrived.elapsed()));
    let sent = tokio::time::timeout(wait, progress.wait_for(|p| !matches!(p, Progress::Submitting))).await;
    let ended = match sent.ok().and_then(Result::ok).map(|p| p.clone()) {
        Some(Progress::Ended(view)) => Some(view),
        Some(Progress::Submitting | Progress::Sent) | None => None,
    };
    match ended.as_deref() {
        Some(TaskView { ending: Ending::Failed { code, detail, .. }, .. }) => Err(Refusal::new(*code, detail.clone())),
        view => Ok(Created { task: open.id, number: open.view.number, ended: view.cloned(), storm: None }),
    }
}

async fn find_guarded(app: &App, caller: &Caller, guard: &Guard) -> Result<Option<Guarded>, Refusal> {
    let found = tokio::time::timeout(CREATE_WITHIN, app.store.find_guarded(caller.key, guard, clock::now_ms()));
    match found.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(key.id = %caller.key, error = &error as &dyn std::error::Error, "a guard could not be read");
            Err(Refusal::new(ErrorCode::Internal, ""))
        }
        Err(_) => Err(internal("a guard was not read in time")),
    }
}

/// Why a request did not become a task.
enum NotEntered {
    /// It was refused.
    Refused(Refusal),
    /// It is one already.
    Repeated(Guarded),
}

impl From<Refusal> for NotEntered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Everything up to the durable hold; from there on the attempt owns the task.
async fn enter(
    app: Arc<App>,
    caller: Caller,
    request: CreateRequest,
    waits: Arc<AtomicBool>,
) -> Result<Entered, NotEntered> {
    if app.open.count() >= app.limits.max_open {
        let refusal = Refusal::new(ErrorCode::RateLimit, "The gateway has as many open tasks as it takes.");
        return Err(refusal.retry_after(OPEN_AGAIN).into());
    }
    let task = catalogue::parse(&request.task).map_err(refusal_of)?;
    let new = draft(&app, &caller, &request, &task)?;
    let among = app.open.take_place(caller.key, caller.most_open).ok_or_else(|| in_flight(&caller))?;
    let entering = Entering { task, place: among, aimed: aimed(&app, &new), storm: request.storm };
    let (job, progress) = place(&app, entering, new).await?;
    let open = Arc::clone(&job.task);
    if !waits.swap(false, Ordering::SeqCst) {
        moves::abandoned(&app, &open).instrument(open.span.clone()).await;
        return Err(internal("nobody waits for this task any more").into());
    }
    app.tracker.spawn(attempt::run(Arc::clone(&app), job).instrument(open.span.clone()));
    Ok((open, progress))
}

/// The first candidate's task counts from here on, and not only when it is sent: those that come while it is written down would
/// all find the same room there.
fn aimed(app: &App, new: &PlaceTask) -> Option<(CredentialId, InFlight)> {
    let first = new.candidates.first()?.candidate.credential;
    app.snapshot.load().find(first).map(|(_, credential)| (first, credential.standing.take()))
}

fn in_flight(caller: &Caller) -> Refusal {
    let most = caller.most_open.unwrap_or_default();
    Refusal::new(
        ErrorCode::RateLimit,
        format!("The key has {most} open tasks, which is as many as it may have at once."),
    )
    .retry_after(OPEN_AGAIN)
}

/// When a task that is open now may have ended: there is no better guess than the shortest wait.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

/// What a task enters with.
struct Entering {
    task: CanonicalTask,
    place: Place,
    /// Its place among the tasks of the candidate that it is to be sent to.
    aimed: Option<(CredentialId, InFlight)>,
    storm: Arc<Storm>,
}

/// An open task, and how it is heard of.
type Entered = (Arc<OpenTask>, watch::Receiver<Progress>);

fn refusal_of(error: TaskError) -> Refusal {
    let code = match error {
        TaskError::UnknownType(_) => ErrorCode::TaskNotSupported,
        TaskError::Missing(..) | TaskError::MissingOneOf(_) | TaskError::Bad { .. } => ErrorCode::InvalidTaskData,
        TaskError::ImageCorrupted { .. } => ErrorCode::ImageCorrupted,
        TaskError::ImageTooLarge { .. } => ErrorCode::ImageTooLarge,
        TaskError::ImageTooSmall { .. } => ErrorCode::ImageTooSmall,
    };
    Refusal::new(code, error.to_string())
}

/// Refuses what site policy says of any site or site key that the task names, and what the key's own domains say of its
/// pages: a page's scripts come from wherever its captcha's maker has them. Whose rule it is is not told.
fn refuse_banned_sites(snapshot: &Snapshot, caller: &Caller, task: &CanonicalTask) -> Result<(), Refusal> {
    let banned = |detail: String| Err(Refusal::new(ErrorCode::DomainBanned, detail));
    let who = Who { account: Some(caller.account), key: Some(caller.key) };
    if let Some(rule) = snapshot.policy.refuses(&task.sites, task.site_keys.iter().map(String::as_str), who) {
        return banned(format!("The rule is {}: {}.", rule.pattern, rule.note.trim_end_matches('.')));
    }
    caller.domains.as_ref().and_then(|domains| domains.refusal(&task.pages)).map_or(Ok(()), banned)
}

/// When a task that found the writer's queue full may come again.
const PLACE_LATER: Duration = Duration::from_secs(1);

/// Wait before a task is placed again.
const PLACE_AGAIN: Duration = Duration::from_millis(200);

/// What a task is placed with: its facts, and the candidates that may be tried, each with its price and its reason.
fn draft(app: &App, caller: &Caller, request: &CreateRequest, task: &CanonicalTask) -> Result<PlaceTask, Refusal> {
    let snapshot = app.snapshot.load_full();
    refuse_banned_sites(&snapshot, caller, task)?;
    let question = question((&snapshot, app), caller, request, task);
    let asked = Asked { family: task.family.name, parameters: &task.parameters, with_proxy: question.with_proxy };
    let wanted = Wanted { account: Some(caller.account), asked, places: Places::of(&task.sites) };
    let provisions = snapshot.provisions(&wanted, (question.now_ms, question.draw));
    let route = route::route(&question, &provisions);
    for short in
        route.dropped.iter().filter(|dropped| dropped.hits.has(Hit::OutOfFunds) || dropped.hits.has(Hit::OwnersReserve))
    {
        // Whoever is left alone for what is known of a balance is asked whether it is still so.
        snapshot.find(short.credential).inspect(|(_, credential)| credential.known_balance.look_soon());
    }
    if route.candidates.is_empty() {
        return Err(no_candidate::refusal(&route, &question));
    }
    if let Some(first) = route.candidates.first().filter(|first| first.finds_out && first.expected.former.is_some())
        && let (Some(provider), Some(family)) = (snapshot.provider(first.provider), FamilyPlace::of(task.family.name))
    {
        provider.statistics.tried(family, question.now_ms);
    }
    let explanation = route.explain(&question);
    let new_attempt = |(rank, ranked): (usize, &Ranked<'_>)| {
        let candidate = ranked.candidate();
        let (provider, credential) = snapshot.find(candidate.credential)?;
        Some(NewAttempt {
            id: clock::new_attempt_id(),
            candidate,
            adapter_digest: provider.drawn_digest(task.family.name, &credential).to_vec(),
            explanation: explanation.of(rank).into(),
            created_at_ms: question.now_ms,
        })
    };
    let candidates: Vec<NewAttempt> =
        route.triable(app.limits.max_attempts).into_iter().filter_map(new_attempt).collect();
    let first = candidates.first().ok_or_else(|| internal("a candidate's provider is gone"))?;
    let limits = snapshot.provider(&first.candidate.provider).map(|provider| provider.limits);
    let limits = limits.ok_or_else(|| internal("a candidate's provider is gone"))?;
    Ok(PlaceTask {
        facts: facts(app, caller, task, (&question, &snapshot, &limits)),
        fence: app.shards.load().pick(clock::random()).ok_or_else(|| internal("no shard is held"))?,
        candidates,
        max_attempts: app.limits.max_attempts,
        move_id: clock::new_move_id(),
        guard: request.guard,
    })
}

/// What the router is asked: the request's own words first, then the key's settings, within what the operator has opened.
fn question<'r>(
    (snapshot, app): (&'r Snapshot, &App),
    caller: &'r Caller,
    request: &'r CreateRequest,
    task: &CanonicalTask,
) -> RouteRequest<'r> {
    let switches = &snapshot.switches;
    let wish = PoolWish { request: request.options.pool, key: caller.pool_mode, has_secrets: task.has_secrets() };
    let ceilings = PoolCeilings {
        gateway: switches.pool,
        family: switches.family_pools.get(task.family.name).copied(),
        account: caller.account_pool,
        key_lock: caller.pool_locked,
        bad_tasks: app.exchange.conducts.is_kept(caller.account),
    };
    RouteRequest {
        account: caller.account,
        with_proxy: task.proxy.is_some(),
        pool: PoolMode::in_force(&wish, &ceilings),
        mode: request.options.mode.or(caller.selection_mode).unwrap_or(SelectionMode::AutoCheapest),
        order: SavedOrder::of(caller.priority.as_deref(), &switches.priority),
        forced: request.options.provider.as_deref(),
        most: app.limits.max_attempts,
        find_out_every: u64::try_from(app.limits.find_out_every).unwrap_or(u64::MAX),
        draw: clock::draw(),
        now_ms: clock::now_ms(),
    }
}

fn facts(
    app: &App,
    caller: &Caller,
    task: &CanonicalTask,
    (question, snapshot, limits): (&RouteRequest<'_>, &Snapshot, &PollLimits),
) -> TaskFacts {
    let task_deadline_ms = u32::try_from(app.limits.task_deadline.as_millis()).unwrap_or(u32::MAX);
    TaskFacts {
        id: clock::new_task_id(),
        number: clock::new_task_number(),
        account: caller.account,
        api_key: caller.key,
        family: task.family.name.to_owned(),
        task_type: task.wire_type(),
        with_proxy: task.proxy.is_some(),
        selection_mode: question.mode,
        pool_mode: question.pool.mode,
        site: task.site_host(),
        site_key: task.site_key().map(str::to_owned),
        price_book_version: snapshot.prices.version,
        created_at_ms: question.now_ms,
        deadline_at_ms: schedule::deadline_at_ms(question.now_ms, limits, task_deadline_ms),
    }
}

/// One transaction: hold, task row, first attempt. Before it is durable nothing is sent.
async fn place(
    app: &Arc<App>,
    entering: Entering,
    mut new: PlaceTask,
) -> Result<(Job, watch::Receiver<Progress>), NotEntered> {
    let placed = loop {
        match app.store.place_task(new.clone()).await {
            Ok(Ok(placed)) => break placed,
            Ok(Err(PlaceRefusal::NumberTaken)) => new.facts.number = clock::new_task_number(),
            Ok(Err(PlaceRefusal::Repeated(before))) => return Err(NotEntered::Repeated(before)),
            Ok(Err(refusal)) => return Err(refusal_of_place(refusal).into()),
            // Whether it took effect is unknown: the same ids again find out, and make it so at most once.
            Err(error)
                if error.is_transient() && !matches!(error, StoreError::Overloaded) && !app.shutdown.is_cancelled() =>
            {
                tracing::warn!(task.id = %new.facts.id, account.id = %new.facts.account, error = &error as &dyn std::error::Error, "a task is placed again");
                tokio::time::sleep(PLACE_AGAIN).await;
            }
            // Nothing was written: the database is slower than the requests come, and waiting would only add to that.
            Err(StoreError::Overloaded) => {
                let refusal =
                    Refusal::new(ErrorCode::RateLimit, "The gateway has as many tasks to write down as it can.");
                return Err(refusal.retry_after(PLACE_LATER).into());
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(task.id = %new.facts.id, account.id = %new.facts.account, error, "a task could not be placed");
                return Err(Refusal::new(ErrorCode::Internal, "").into());
            }
        }
    };
    Ok(job(app, entering, new, &placed)?)
}

fn job(
    app: &Arc<App>,
    Entering { task, place, aimed, storm }: Entering,
    new: PlaceTask,
    placed: &Placed,
) -> Result<(Job, watch::Receiver<Progress>), Refusal> {
    let facts = new.facts;
    let mut route =
        new.candidates.into_iter().enumerate().filter(|(rank, _)| placed.kept.contains(rank)).map(|(_, a)| a);
    let first = route.next().ok_or_else(|| internal("a placed task has no attempt"))?;
    let (sender, progress) = watch::channel(Progress::Submitting);
    let span = open::task_span(facts.id, facts.account, task.family);
    let mut attempt = Attempt::of(&first, 1, &span);
    // Another one goes first where the balance does not afford it.
    let aimed = aimed.filter(|(credential, _)| *credential == attempt.credential);
    attempt.in_flight = aimed.map(|(_, in_flight)| Arc::new(in_flight));
    let open = Arc::new(OpenTask {
        id: facts.id,
        account: facts.account,
        family: task.family,
        deadline_at_ms: facts.deadline_at_ms,
        fence: new.fence,
        place: Some(place).into(),
        storm: Some(storm),
        live: Mutex::new(Live::new(TaskState::Submitting, attempt)),
        view: open::view_of(&facts),
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

fn refusal_of_place(refusal: PlaceRefusal) -> Refusal {
    match refusal {
        PlaceRefusal::InsufficientFunds { available } => {
            Refusal::new(ErrorCode::ZeroBalance, format!("Available: {available}."))
        }
        PlaceRefusal::AccountNotActive => Refusal::new(ErrorCode::UserBanned, ""),
        // The same as for a key that was revoked before the request came in.
        PlaceRefusal::KeyNotActive => Refusal::new(ErrorCode::KeyDoesNotExist, ""),
        PlaceRefusal::DailyCap { cap, left } => {
            let detail = format!("The key's cap is {cap} USD a day; {left} are left today.");
            Refusal::new(ErrorCode::DailyCap, detail).retry_after(until_tomorrow(clock::now_ms()))
        }
        PlaceRefusal::NoCandidate => internal("an empty route was placed"),
        PlaceRefusal::NumberTaken => internal("no free task number"),
        PlaceRefusal::Repeated(_) => internal("a repetition was refused"),
    }
}

/// Until the next day begins (UTC).
fn until_tomorrow(now_ms: i64) -> Duration {
    let tomorrow_ms = day_begins_ms(day_of(now_ms) + 1);
    Duration::from_millis(u64::try_from(tomorrow_ms - now_ms).unwrap_or_default())
}

fn internal(what: &str) -> Refusal {
    tracing::error!(what, "a task could not be created");
    Refusal::new(ErrorCode::Internal, "")
}
