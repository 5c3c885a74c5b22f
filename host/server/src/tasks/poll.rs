//! Polling: accepted tasks of one credential and one adapter, within the provider's limits.

use std::sync::Arc;

use capstan_domain::adapter::{self, FaultClass, Standing, Verdict};
use capstan_domain::doubt::Silence;
use capstan_domain::schedule;
use capstan_domain::task::TaskState;
use capstan_egress::Waiting;
use tracing::Instrument as _;

use super::drive::{self, LookedUp, Party, Polled};
use super::open::{Attempt, Live, OpenTask};
use super::{moves, observe, watching};
use crate::adapters::at_generation;
use crate::app::App;
use crate::clock;
use crate::exchange::care;
use crate::providers::{Credential, Provider, THROTTLED_MS};

/// Polls the tasks, all of one credential and adapter, as many at once as the provider takes.
pub(super) async fn poll(app: Arc<App>, tasks: Vec<Arc<OpenTask>>) {
    let Some((credential_id, digest)) = first_attempt(&tasks).await else { return };
    let Some((provider, credential)) = app.snapshot.load().find(credential_id) else {
        // The credential was taken out of use: its open tasks wait for it, or for their deadline.
        for task in &tasks {
            app.wheel.poll_at(task.id, clock::now_ms() + 5_000);
        }
        return;
    };
    // Their references and memos are the writing of the adapter that has sent them.
    let provider = at_generation(&app, provider, &digest).await;
    let most = usize::try_from(provider.limits.max_batch).unwrap_or(1).max(1);
    for batch in tasks.chunks(most) {
        let (app, batch) = (Arc::clone(&app), batch.to_vec());
        let (provider, credential) = (Arc::clone(&provider), Arc::clone(&credential));
        // Batches run side by side; the credential's semaphore keeps their number within bounds.
        Arc::clone(&app).tracker.spawn(async move { poll_batch(&app, &provider, &credential, &batch).await });
    }
}

async fn first_attempt(tasks: &[Arc<OpenTask>]) -> Option<(capstan_domain::CredentialId, Vec<u8>)> {
    let live = tasks.first()?.live.lock().await;
    Some((live.attempt.credential, live.attempt.digest.clone()))
}

async fn poll_batch(app: &Arc<App>, provider: &Provider, credential: &Credential, batch: &[Arc<OpenTask>]) {
    let Ok(_permit) = credential.polls.acquire().await else { return };
    if let Some(until_ms) = credential.polls_rest_until(clock::now_ms()) {
        // Polling on would turn "too fast" into a block of the key.
        for task in batch {
            app.wheel.poll_at(task.id, until_ms);
        }
        return;
    }
    let mut polled = Vec::with_capacity(batch.len());
    for task in batch {
        let (question, attempt) = {
            let live = task.live.lock().await;
            (question(&live, provider), live.attempt.clone())
        };
        match question {
            Some(Question::Poll) => polled.push((Arc::clone(task), attempt)),
            Some(Question::LookUp) if takes_a_turn(app, provider, std::slice::from_ref(task)).await => {
                let span = attempt.span.clone();
                look_up(app, (provider, credential), (task, &attempt)).instrument(span).await;
            }
            Some(Question::LookUp) | None => {}
        }
    }
    let tasks: Vec<Arc<OpenTask>> = polled.iter().map(|(task, _)| Arc::clone(task)).collect();
    if polled.is_empty() || !takes_a_turn(app, provider, &tasks).await {
        return;
    }
    let asked = polled.iter().map(|(task, attempt)| contract_form(task, attempt)).collect();
    // Of a poll nobody's request waits.
    let waiting = Waiting::default();
    let party = Party { provider, credential: Some(credential), until_ms: i64::MAX, waiting: &waiting };
    match drive::poll(app, &party, asked).await {
        Ok(Polled::Verdicts(verdicts)) => {
            for (task, attempt) in &polled {
                let verdict = verdicts.iter().find(|v| v.reference == attempt.reference);
                take(app, provider, (task, attempt), verdict).instrument(attempt.span.clone()).await;
            }
        }
        Ok(Polled::Failed(fault)) => {
            care::heard(app, provider, credential, (fault.class, &fault.code));
            observe::poll_failed(provider, credential, fault.class);
            credential.rest_polls_after(fault.class, provider);
            tracing::warn!(provider.id = %provider.id, fault = fault.class.as_str(), "a poll failed; it says nothing about the tasks");
            missed(app, provider, &polled, (fault.class, fault.class.as_str())).await;
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %provider.id, error = &cut_off.error as &dyn std::error::Error, "a poll was cut off");
            missed(app, provider, &polled, (FaultClass::ProviderDown, cut_off.error.name())).await;
        }
    }
}

/// What can be asked about a task.
enum Question {
    /// How it stands, by its reference.
    Poll,
    /// What became of its attempt, by the attempt's id.
    LookUp,
}

fn question(live: &Live, provider: &Provider) -> Option<Question> {
    let is_known = !live.attempt.reference.is_empty();
    match live.state {
        TaskState::Running => Some(Question::Poll),
        TaskState::InDoubt => provider.abilities.look_up.then_some(Question::LookUp),
        // Over for its client; what its attempt costs is asked all the same while it is watched.
        TaskState::Failed if live.watch.is_some() && is_known => Some(Question::Poll),
        TaskState::Failed if live.watch.is_some() && provider.abilities.look_up => Some(Question::LookUp),
        TaskState::Submitting | TaskState::Solved | TaskState::Failed => None,
    }
}

/// Longest that a poll is put off beyond the time at which the next one may go.
const SPREAD_MS: i64 = 500;

/// Counts a poll of each task, unless the adapter is quarantined and its last poll broke a limit: then one operation goes
/// at a time, and the others are put off, each by a time of its own, so that one bad task does not always come first.
async fn takes_a_turn(app: &App, provider: &Provider, tasks: &[Arc<OpenTask>]) -> bool {
    let turn = provider.quarantine.poll();
    for task in tasks {
        match turn {
            Ok(()) => {
                let mut live = task.live.lock().await;
                live.attempt.polls.used = live.attempt.polls.used.saturating_add(1);
            }
            Err(until_ms) => {
                let spread_ms = clock::random().rem_euclid(SPREAD_MS);
                app.wheel.poll_at(task.id, until_ms.saturating_add(spread_ms));
            }
        }
    }
    turn.is_ok()
}

fn contract_form(task: &OpenTask, attempt: &Attempt) -> adapter::OpenTask {
    adapter::OpenTask {
        reference: attempt.reference.clone(),
        family: task.family.name.to_owned(),
        memo: attempt.memo.clone(),
    }
}

async fn take(app: &Arc<App>, provider: &Provider, polled: (&Arc<OpenTask>, &Attempt), verdict: Option<&Verdict>) {
    let (task, attempt) = polled;
    app.metrics.polled(&provider.id, standing_word(verdict));
    let fault = match verdict.map(|v| v.standing.clone()) {
        None => return again(app, provider, task, None).await,
        Some(Standing::Open(hint_ms)) => return again(app, provider, task, hint_ms).await,
        Some(Standing::Solved(solved)) => {
            app.exchange.conducts.note(task.account, None);
            return moves::solved(app, task, attempt, solved).await;
        }
        Some(Standing::Failed(fault)) => fault,
    };
    app.exchange.conducts.note(task.account, Some(fault.class));
    match fault.class {
        FaultClass::InvalidTask | FaultClass::Unsolvable | FaultClass::NotSupported => {
            moves::failed(app, task, attempt, fault).await;
        }
        FaultClass::Throttled(after_ms) => again(app, provider, task, after_ms).await,
        FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown => again(app, provider, task, None).await,
        // The provider no longer knows what became of it, and more polls will not tell.
        FaultClass::InDoubt => moves::silent(app, task, Silence::Forgotten).await,
    }
}

fn standing_word(verdict: Option<&Verdict>) -> &'static str {
    match verdict.map(|verdict| &verdict.standing) {
        None => "unnamed",
        Some(Standing::Open(_)) => "open",
        Some(Standing::Solved(_)) => "solved",
        Some(Standing::Failed(_)) => "failed",
    }
}

/// A poll that failed says nothing about its tasks: they are polled again, later when that was the trouble.
async fn missed(
    app: &Arc<App>,
    provider: &Provider,
    polled: &[(Arc<OpenTask>, Attempt)],
    (class, reason): (FaultClass, &'static str),
) {
    app.metrics.poll_missed(&provider.id, reason, polled.len());
    let hint_ms = match class {
        FaultClass::Throttled(after_ms) => Some(after_ms.unwrap_or(THROTTLED_MS)),
        FaultClass::InvalidTask
        | FaultClass::Unsolvable
        | FaultClass::NotSupported
        | FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown
        | FaultClass::InDoubt => None,
    };
    for (task, _) in polled {
        again(app, provider, task, hint_ms).await;
    }
}

/// Polls a task again, after the provider's hint, which is in the provider's own time.
async fn again(app: &Arc<App>, provider: &Provider, task: &Arc<OpenTask>, hint_ms: Option<u32>) {
    let mut live = task.live.lock().await;
    live.attempt.polls.hint_ms = hint_ms.map(|ms| provider.in_our_time(ms));
    if let Some(watch) = live.watch {
        return watching::again(app, provider, task, (live, watch)).await;
    }
    observe::still_open(provider, app, task, &mut live);
    let next = schedule::next_poll_at_ms(clock::now_ms(), task.deadline_at_ms, &provider.limits, &live.attempt.polls);
    match next {
        Some(at_ms) => app.wheel.poll_at(task.id, at_ms),
        None => {
            let span = &live.attempt.span;
            tracing::warn!(parent: span, task.id = %task.id, provider.id = %provider.id, "its polls are used up; it waits for its deadline");
            live.silence = Some(Silence::PollsUsedUp);
        }
    }
}

async fn look_up(
    app: &Arc<App>,
    (provider, credential): (&Provider, &Credential),
    (task, attempt): (&Arc<OpenTask>, &Attempt),
) {
    // A question may be asked after the deadline, too: what the attempt costs is still to be learned.
    let party = Party { provider, credential: Some(credential), until_ms: i64::MAX, waiting: &task.waiting };
    match drive::look_up(app, &party, attempt.id).await {
        Ok(LookedUp::Accepted(acceptance)) => moves::accepted(app, task, attempt, acceptance).await,
        Ok(LookedUp::Unknown) => moves::silent(app, task, Silence::NoSuchTask).await,
        Ok(LookedUp::Failed(fault)) => {
            tracing::warn!(task.id = %task.id, provider.id = %provider.id, fault = fault.class.as_str(), "a look-up failed");
            credential.rest_polls_after(fault.class, provider);
            again(app, provider, task, None).await;
        }
        Err(cut_off) => {
            tracing::warn!(task.id = %task.id, provider.id = %provider.id, error = &cut_off.error as &dyn std::error::Error, "a look-up was cut off");
            again(app, provider, task, None).await;
        }
    }
}
