//! Every change of a task: the rule is asked first ([`capstan_domain::task::step`]), then the database is written, then
//! memory follows, then those who wait are told. The task's lock is held throughout, so moves of one task never cross.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::Amount;
use capstan_domain::adapter::{Acceptance, Charged, Fault, FaultClass, Solved};
use capstan_domain::catalogue::solution;
use capstan_domain::code::ErrorCode;
use capstan_domain::doubt::Silence;
use capstan_domain::schedule::{self, Watch};
use capstan_domain::task::{self, Effect, Event, TaskState};
use capstan_storage::{
    AttemptEnd, AttemptFault, Charge, Doubt, NewAttempt, NextAttempt, Outcome, Recorded, Settled, Settlement,
    StoreError,
};
use serde_json::{Map, Value};
use tokio::sync::MutexGuard;

use super::charges::LastWord;
use super::open::{Attempt, Live, OpenTask, Progress};
use super::watching::AtDeadline;
use super::{Ending, TaskView, charges, counted, observe, result, watching};
use crate::app::App;
use crate::metrics::AttemptOutcome;
use crate::{clock, providers};

/// A provider has accepted the task.
pub(super) async fn accepted(app: &Arc<App>, open: &Arc<OpenTask>, attempt: &Attempt, acceptance: Acceptance) {
    let mut live = open.live.lock().await;
    if live.watch.is_some() {
        return watching::accepted(app, open, &mut live, acceptance);
    }
    let Some(moved) = ask(open, &live, &Event::Accepted) else { return };
    if !moved.contains(&Effect::StoreAcceptance) {
        return;
    }
    let sealed = match result::seal_reference(app, attempt.id, &acceptance.reference, &acceptance.memo) {
        Ok(sealed) => sealed,
        Err(error) => {
            return tracing::error!(task.id = %open.id, error = &error as &dyn std::error::Error, "not sealed");
        }
    };
    let at_ms = clock::now_ms();
    let (task, fence) = (open.id, open.fence);
    let record = capstan_storage::Acceptance { task, attempt: attempt.id, fence, reference: sealed, at_ms };
    if !stands(open, persist(app, open, || app.store.record_acceptance(record.clone())).await) {
        return;
    }
    live.state = TaskState::Running;
    live.attempt.reference = acceptance.reference;
    live.attempt.memo = acceptance.memo;
    live.attempt.accepted_at_ms = Some(at_ms);
    app.metrics.attempt(&attempt.provider, AttemptOutcome::Accepted, None);
    tracing::info!(task.id = %open.id, provider.id = %attempt.provider, "accepted");
    let found = app.snapshot.load().find(attempt.credential);
    let first_poll_at_ms = found.map_or(at_ms, |(provider, _)| {
        let hint_ms = acceptance.poll_after_ms.map(|ms| provider.in_our_time(ms));
        schedule::first_poll_at_ms(at_ms, &provider.limits, hint_ms)
    });
    app.wheel.poll_at(open.id, first_poll_at_ms);
    open.progress.send_replace(Progress::Sent);
}

/// The candidate surely did not take the task. Returns whether the next one is recorded and may be tried.
pub(super) async fn refused(app: &Arc<App>, open: &Arc<OpenTask>, fault: &Fault, next: Option<NewAttempt>) -> bool {
    let mut live = open.live.lock().await;
    if live.watch.is_some() {
        charges::conclude(app, open, live, LastWord::Refused(fault)).await;
        return false;
    }
    let event = Event::Refused { another: next.is_some(), otherwise: ErrorCode::NoProvidersAvailable };
    let Some(moved) = ask(open, &live, &event) else { return false };
    let attempt = live.attempt.clone();
    app.metrics.attempt(&attempt.provider, AttemptOutcome::Refused, Some(fault.class));
    tracing::info!(task.id = %open.id, provider.id = %attempt.provider, fault = fault.class.as_str(), code = shown_code(fault), "refused");
    match next {
        Some(next) if moved.contains(&Effect::SubmitNext) => {
            let next_attempt = Attempt::of(&next, attempt.number.saturating_add(1), &open.span);
            let (task, fence) = (open.id, open.fence);
            let charge = charges::of_refusal(app, open, &attempt, fault);
            let matures_at_ms = charges::matures_at_ms(app, clock::now_ms());
            let (fault, charged) = (stored_fault(fault), fault.charged);
            let record = NextAttempt { task, fence, refused: attempt.id, fault, next, charge, matures_at_ms };
            let is_recorded = stands(open, persist(app, open, || app.store.record_next_attempt(record.clone())).await);
            if is_recorded {
                charges::count(app, (open.id, &attempt.provider), charged, charge);
                live.attempt = next_attempt;
            }
            is_recorded
        }
        _ if moved.iter().any(|e| matches!(e, Effect::Release(_))) => {
            let charge = charges::of_refusal(app, open, &attempt, fault);
            let end = (ErrorCode::NoProvidersAvailable, AttemptEnd::Refused);
            release(app, open, live, end, (Some(fault), charge)).await;
            false
        }
        _ => false,
    }
}

/// Sent, and no definitive answer: never sent again.
pub(super) async fn unclear(app: &Arc<App>, open: &Arc<OpenTask>, attempt: &Attempt, fault: Fault) {
    let mut live = open.live.lock().await;
    if live.watch.is_some() {
        return watching::unclear(app, open, live).await;
    }
    let Some(moved) = ask(open, &live, &Event::Unclear) else { return };
    if !moved.contains(&Effect::LookUp) {
        return;
    }
    let fault_code = shown_code(&fault).to_owned();
    live.doubted = Some(fault_code.clone());
    let record = Doubt { task: open.id, attempt: attempt.id, fence: open.fence, fault_code };
    if !stands(open, persist(app, open, || app.store.record_in_doubt(record.clone())).await) {
        return;
    }
    live.state = TaskState::InDoubt;
    app.metrics.attempt(&attempt.provider, AttemptOutcome::InDoubt, Some(fault.class));
    tracing::warn!(task.id = %open.id, provider.id = %attempt.provider, code = shown_code(&fault), "in doubt");
    if let Some((provider, _)) = app.snapshot.load().find(attempt.credential)
        && provider.abilities.look_up
    {
        app.wheel.poll_at(open.id, clock::now_ms().saturating_add(i64::from(provider.limits.interval_ms)));
    }
    open.progress.send_replace(Progress::Sent);
}

/// Nothing more can be learned of the task. It is not sent again: the deadline ends it; where it has, its cost is settled.
pub(super) async fn silent(app: &Arc<App>, open: &Arc<OpenTask>, silence: Silence) {
    let mut live = open.live.lock().await;
    tracing::info!(task.id = %open.id, provider.id = %live.attempt.provider, why = silence.as_str(), "nothing more can be learned");
    if live.watch.is_some() {
        return charges::conclude(app, open, live, watching::last_word(silence)).await;
    }
    if ask(open, &live, &Event::Silent).is_some() {
        live.silence = Some(silence);
    }
}

/// Nobody waits for the task any more, and it has not been sent: its hold goes back.
pub(super) async fn abandoned(app: &Arc<App>, open: &Arc<OpenTask>) {
    let live = open.live.lock().await;
    let event = Event::Refused { another: false, otherwise: ErrorCode::Internal };
    if ask(open, &live, &event).is_some() {
        release(app, open, live, (ErrorCode::Internal, AttemptEnd::Refused), (None, None)).await;
    }
}

/// The provider solved the task: stored and captured in one transaction; late, it is the platform's loss.
pub(super) async fn solved(app: &Arc<App>, open: &Arc<OpenTask>, attempt: &Attempt, solved: Solved) {
    let live = open.live.lock().await;
    let Some(moved) = ask(open, &live, &Event::Solved) else { return };
    let said = solved.cost.as_ref().and_then(providers::dollars);
    // Below zero is nothing that a provider can charge, whatever an adapter says.
    let provider_cost = said.filter(|cost| *cost >= Amount::ZERO);
    if moved.contains(&Effect::BookLateCost) {
        return charges::conclude(app, open, live, LastWord::Solved(provider_cost)).await;
    }
    let fields = match solution::complete(open.family, &solved.solution) {
        Ok(fields) => fields,
        Err(error) => {
            tracing::error!(task.id = %open.id, provider.id = %attempt.provider, error = &error as &dyn std::error::Error, "unreadable solution");
            let (fault, end) = (unreadable_solution(), (ErrorCode::CaptchaUnsolvable, AttemptEnd::Failed));
            let charge = charges::of_solution(app, open, attempt, provider_cost);
            return release(app, open, live, end, (Some(&fault), charge)).await;
        }
    };
    let capture = attempt.terms.charge(said);
    let sealed = match result::seal_solution(app, open.id, &fields) {
        Ok(sealed) => sealed,
        Err(error) => {
            return tracing::error!(task.id = %open.id, error = &error as &dyn std::error::Error, "not sealed");
        }
    };
    let outcome = Outcome::Solved { capture, provider_cost, solution: sealed };
    settle(app, open, live, outcome, |cost, at_ms| solved_ending(app, attempt, fields.clone(), cost, at_ms)).await;
}

/// The task failed for good.
pub(super) async fn failed(app: &Arc<App>, open: &Arc<OpenTask>, attempt: &Attempt, fault: Fault) {
    let live = open.live.lock().await;
    if live.watch.is_some() {
        return charges::conclude(app, open, live, LastWord::Failed(&fault)).await;
    }
    let code = match fault.class {
        FaultClass::InvalidTask => ErrorCode::InvalidTaskData,
        FaultClass::Unsolvable
        | FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown
        | FaultClass::InDoubt => ErrorCode::CaptchaUnsolvable,
    };
    let Some(moved) = ask(open, &live, &Event::Failed(code)) else { return };
    if !moved.contains(&Effect::Release(code)) {
        return;
    }
    tracing::info!(task.id = %open.id, provider.id = %attempt.provider, code = shown_code(&fault), "failed");
    let charge = charges::of_failure(app, open, attempt, &fault);
    release(app, open, live, (code, AttemptEnd::Failed), (Some(&fault), charge)).await;
}

/// The deadline has passed: the client gets its hold back, whatever the provider does.
pub(super) async fn give_up(app: Arc<App>, open: Arc<OpenTask>) {
    let live = open.live.lock().await;
    let Some(moved) = ask(&open, &live, &Event::DeadlinePassed) else { return };
    if moved.contains(&Effect::Release(ErrorCode::TaskTimeout)) {
        tracing::info!(task.id = %open.id, provider.id = %live.attempt.provider, state = live.state.as_str(), "given up");
        let AtDeadline { fault, charge, watch_until_ms } = watching::at_deadline(&app, &open, &live);
        let (code, end) = (ErrorCode::TaskTimeout, AttemptEnd::Failed);
        let outcome = Outcome::Failed { code, description: String::new(), end, fault, charge, watch_until_ms };
        let ending = |_, ended_at_ms| Ending::Failed { code, detail: String::new(), ended_at_ms };
        settle(&app, &open, live, outcome, ending).await;
    }
}

fn ask(open: &OpenTask, live: &Live, event: &Event) -> Option<Vec<Effect>> {
    match task::step(live.state, event) {
        Ok(moved) => Some(moved.effects),
        Err(illegal) => {
            tracing::error!(task.id = %open.id, error = &illegal as &dyn std::error::Error, "an illegal move was stopped");
            None
        }
    }
}

async fn release(
    app: &Arc<App>,
    open: &Arc<OpenTask>,
    live: MutexGuard<'_, Live>,
    (code, end): (ErrorCode, AttemptEnd),
    (fault, charge): (Option<&Fault>, Option<Charge>),
) {
    let detail = fault.map(|f| told(f, &live.attempt)).unwrap_or_default();
    let outcome = Outcome::Failed {
        code,
        // Providers repeat what they were sent, a proxy's password too: their words are told once and never written.
        description: fault.map(|f| format!("{}: {}", live.attempt.provider, shown_code(f))).unwrap_or_default(),
        end,
        fault: fault.map(stored_fault),
        charge,
        watch_until_ms: None,
    };
    settle(app, open, live, outcome, |_, ended_at_ms| Ending::Failed { code, detail: detail.clone(), ended_at_ms })
        .await;
}

/// Closes the hold and the task, then tells who waits. The one caller of `Store::settle`.
async fn settle(
    app: &Arc<App>,
    open: &Arc<OpenTask>,
    mut live: MutexGuard<'_, Live>,
    outcome: Outcome,
    ending: impl Fn(Amount, i64) -> Ending,
) {
    let to = match outcome {
        Outcome::Solved { .. } => TaskState::Solved,
        Outcome::Failed { .. } => TaskState::Failed,
    };
    let at_ms = clock::now_ms();
    let settlement = Settlement {
        task: open.id,
        attempt: live.attempt.id,
        fence: open.fence,
        move_id: clock::new_move_id(),
        at_ms,
        matures_at_ms: charges::matures_at_ms(app, at_ms),
        outcome,
    };
    let Some(settled) = persist(app, open, || app.store.settle(settlement.clone())).await else {
        // Nobody may be left without a mover: what could not be written is asked and settled again later.
        let at_ms = clock::now_ms().saturating_add(SETTLE_AGAIN_MS);
        app.wheel.poll_at(open.id, at_ms);
        app.wheel.give_up_at(open.id, open.deadline_at_ms.max(at_ms.saturating_add(SETTLE_AGAIN_MS)));
        return;
    };
    if let Settled::Now { cost, returned } = settled {
        counted::end(app, open, &live.attempt.provider, (&settlement, cost, returned));
        counted::costs(app, &live.attempt, &settlement.outcome);
        observe::ended(app, open, &live, &settlement);
        if let Some(lent) = &live.attempt.lent {
            lent.ended(&settlement.outcome);
        }
        if let Outcome::Failed { watch_until_ms: Some(until_ms), .. } = settlement.outcome {
            watching::begin(app, open, &mut live, Watch { began_at_ms: settlement.at_ms, until_ms });
        }
    }
    let view = match settled {
        Settled::Now { cost, .. } => Some(TaskView { ending: ending(cost, settlement.at_ms), ..(*open.view).clone() }),
        Settled::Already(_) => result::ended_view(app, open.account, open.id).await,
    };
    live.state = to;
    live.attempt.in_flight = None;
    live.attempt.lent = None;
    if let Some(view) = view.map(Arc::new) {
        app.ended.insert(open, Arc::clone(&view));
        app.open.remove(open.id);
        open.progress.send_replace(Progress::Ended(view));
    } else {
        app.open.remove(open.id);
    }
}

fn solved_ending(app: &App, attempt: &Attempt, solution: Map<String, Value>, cost: Amount, ended_at_ms: i64) -> Ending {
    let snapshot = app.snapshot.load();
    let provider =
        snapshot.provider(&attempt.provider).map_or_else(|| attempt.provider.to_string(), |p| p.display_name.clone());
    Ending::Solved { solution, cost, provider, ended_at_ms }
}

/// Whether a record stands. One that the database has no place for is a bug of ours: the task is left to its deadline.
fn stands(open: &OpenTask, recorded: Option<Recorded>) -> bool {
    match recorded {
        Some(Recorded::Done) => true,
        Some(Recorded::Moot(state)) => {
            tracing::error!(task.id = %open.id, state = state.as_str(), "the database has no place for a move");
            false
        }
        None => false,
    }
}

/// When a settlement that could not be written is tried again, in milliseconds.
const SETTLE_AGAIN_MS: i64 = 15_000;
/// How often another writer may be faster before that is taken for a bug.
const MOST_CONTENDED: u32 = 20;
/// First wait before a write is tried again.
const RETRY_FIRST: Duration = Duration::from_millis(20);
/// Longest wait before a write is tried again.
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Writes until it is written: what has happened to a task must not be forgotten because the database was busy.
/// `None` when it cannot be written any more: the shard is another node's now, or the process stops (then the next start
/// finds the task as the database has it).
pub(super) async fn persist<T, F: Future<Output = Result<T, StoreError>>>(
    app: &App,
    open: &OpenTask,
    write: impl Fn() -> F,
) -> Option<T> {
    let mut wait = RETRY_FIRST;
    let mut contended = 0;
    loop {
        let written = write().await;
        contended += u32::from(matches!(written, Err(StoreError::Contended)));
        match written {
            Ok(written) => return Some(written),
            Err(StoreError::Contended) if contended > MOST_CONTENDED => {
                tracing::error!(task.id = %open.id, "a write never finds its row as it must be");
                return None;
            }
            Err(StoreError::Fenced { .. }) => {
                tracing::warn!(task.id = %open.id, "another node moves this task now");
                app.open.remove(open.id);
                app.watched.remove(open.id);
                return None;
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(task.id = %open.id, error = &error as &dyn std::error::Error, "a write is tried again");
            }
            Err(error) => {
                tracing::error!(task.id = %open.id, error = &error as &dyn std::error::Error, "a write failed for good");
                return None;
            }
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return None,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(RETRY_LONGEST),
        }
    }
}

/// What the client is told about a fault, once.
fn told(fault: &Fault, attempt: &Attempt) -> String {
    let message: String = fault.message.chars().filter(|c| !c.is_control()).take(300).collect();
    format!("{} said {}: {message}", attempt.provider, shown_code(fault))
}

/// A provider's code as it may be stored and logged: a word, not a place to smuggle text in.
fn shown_code(fault: &Fault) -> &str {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if (1..=64).contains(&fault.code.len()) && fault.code.bytes().all(is_word) { &fault.code } else { "unnamed" }
}

fn stored_fault(fault: &Fault) -> AttemptFault {
    AttemptFault { class: fault.class, code: shown_code(fault).to_owned(), charged: fault.charged }
}

fn unreadable_solution() -> Fault {
    Fault {
        class: FaultClass::Unsolvable,
        code: "unreadable-solution".to_owned(),
        message: "the solution could not be read".to_owned(),
        charged: Charged::Unknown,
    }
}
