//! Attempts that are asked about although their tasks are over: what comes of them costs the gateway, or does not.
//!
//! The rule is [`capstan_domain::doubt`]. Here is who is watched and until when; the polls are those of `poll`, and every
//! end, whichever way it comes, goes through [`charges::conclude`]. Nobody waits for such a task and its parameters are
//! gone; the database knows of it by `attempts.watch_until_ms`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use capstan_domain::adapter::{Acceptance, Charged, FaultClass};
use capstan_domain::doubt::{self, Afterwards, GivenUp, Silence};
use capstan_domain::schedule::{self, Watch};
use capstan_domain::task::TaskState;
use capstan_domain::{ProviderId, TaskId};
use capstan_storage::{AttemptFault, Charge, Fence, LateWord, OpenTask as OpenRow, StoreError, Watched};
use tokio::sync::MutexGuard;

use super::charges::{self, LastWord};
use super::open::{Live, OpenTask};
use super::recover::{self, LAST_CHANCE_MS};
use crate::app::App;
use crate::clock;
use crate::providers::Provider;

/// The tasks of this process that are over and whose attempt is still asked about.
#[derive(Default)]
pub struct WatchedTasks {
    tasks: RwLock<HashMap<TaskId, Arc<OpenTask>>>,
}

// A poisoned lock is entered all the same: the map is whole between two statements.
impl WatchedTasks {
    fn insert(&self, task: Arc<OpenTask>) {
        self.tasks.write().unwrap_or_else(PoisonError::into_inner).insert(task.id, task);
    }

    pub(super) fn remove(&self, id: TaskId) {
        self.tasks.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(super) fn get(&self, id: TaskId) -> Option<Arc<OpenTask>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Lets go of those that are not to be kept.
    pub(crate) fn retain(&self, keep: impl Fn(&OpenTask) -> bool) {
        self.tasks.write().unwrap_or_else(PoisonError::into_inner).retain(|_, task| keep(task));
    }

    /// The provider of each. One that is being moved at the moment is left out.
    pub(crate) fn providers(&self) -> Vec<ProviderId> {
        let tasks = self.tasks.read().unwrap_or_else(PoisonError::into_inner);
        tasks.values().filter_map(|task| task.live.try_lock().ok().map(|live| live.attempt.provider.clone())).collect()
    }
}

/// What a settlement at the deadline says of the attempt.
#[derive(Default)]
pub(super) struct AtDeadline {
    /// What became known of it, where that is something.
    pub fault: Option<AttemptFault>,
    /// What it is taken to have cost.
    pub charge: Option<Charge>,
    /// Until when it is asked about.
    pub watch_until_ms: Option<i64>,
}

/// What is done about the attempt of a task whose deadline has passed.
pub(super) fn at_deadline(app: &App, open: &OpenTask, live: &Live) -> AtDeadline {
    let found = app.snapshot.load().find(live.attempt.credential);
    let provider = found.as_ref().map(|(provider, _)| provider);
    let given_up = GivenUp {
        state: live.state,
        created_at_ms: live.attempt.created_at_ms,
        accepted_at_ms: live.attempt.accepted_at_ms,
        look_up: provider.is_some_and(|provider| provider.abilities.look_up),
        silence: live.silence,
    };
    let longest_life_ms = provider.map_or(0, |provider| provider.limits.longest_life_ms);
    let known = |charged: Charged| {
        let silence = live.silence?;
        // What made it doubtful tells more than that nothing came of asking.
        let code = live.doubted.clone().unwrap_or_else(|| silence.as_str().to_owned());
        Some(AttemptFault { class: FaultClass::InDoubt, code, charged })
    };
    match doubt::afterwards(&given_up, longest_life_ms) {
        Afterwards::Nothing => AtDeadline { fault: known(Charged::No), ..AtDeadline::default() },
        Afterwards::Watch(until_ms) => AtDeadline { watch_until_ms: Some(until_ms), ..AtDeadline::default() },
        Afterwards::Assume => AtDeadline {
            fault: known(Charged::Unknown),
            charge: charges::untold(app, open, &live.attempt),
            watch_until_ms: None,
        },
    }
}

/// A submit that is under way when its task is given up surely has ended after this time.
const SUBMIT_ENDS_MS: i64 = 60_000;

/// Begins to watch the attempt of a task that has just been given up. Polls and look-ups go on as they were on the wheel,
/// a submit that is under way as it was; `live` is as it was before the end.
pub(super) fn begin(app: &App, open: &Arc<OpenTask>, live: &mut Live, watch: Watch) {
    let end_at_ms = match live.state {
        TaskState::Submitting => watch.until_ms.max(watch.began_at_ms).saturating_add(SUBMIT_ENDS_MS),
        TaskState::Running | TaskState::InDoubt | TaskState::Solved | TaskState::Failed => {
            latest_end_ms(app, live, watch.until_ms.max(watch.began_at_ms))
        }
    };
    live.watch = Some(watch);
    app.watched.insert(Arc::clone(open));
    app.wheel.end_watch_at(open.id, end_at_ms);
}

/// When a watch ends whatever its polls do: the last one, which goes at this time, has been answered or has timed out.
fn latest_end_ms(app: &App, live: &Live, last_poll_ms: i64) -> i64 {
    let found = app.snapshot.load().find(live.attempt.credential);
    let patience_ms = found.map_or(LAST_CHANCE_MS, |(provider, _)| {
        let after = u32::try_from(LAST_CHANCE_MS).unwrap_or(u32::MAX);
        i64::from(provider.limits.interval_ms).saturating_add(i64::from(provider.in_our_time(after)))
    });
    last_poll_ms.saturating_add(patience_ms)
}

/// The provider says after all that it has the task.
pub(super) fn accepted(app: &App, open: &OpenTask, live: &mut Live, acceptance: Acceptance) {
    let now_ms = clock::now_ms();
    live.attempt.reference = acceptance.reference;
    live.attempt.memo = acceptance.memo;
    live.attempt.accepted_at_ms = Some(now_ms);
    let found = app.snapshot.load().find(live.attempt.credential);
    let at_ms = found.map_or(now_ms, |(provider, _)| schedule::first_poll_at_ms(now_ms, &provider.limits, None));
    app.wheel.poll_at(open.id, at_ms);
}

/// The submit ended without an answer; its provider may be able to say what became of it.
pub(super) async fn unclear(app: &Arc<App>, open: &Arc<OpenTask>, live: MutexGuard<'_, Live>) {
    let found = app.snapshot.load().find(live.attempt.credential);
    match found.filter(|(provider, _)| provider.abilities.look_up) {
        Some((provider, _)) => {
            app.wheel.poll_at(open.id, clock::now_ms().saturating_add(i64::from(provider.limits.interval_ms)));
        }
        None => charges::conclude(app, open, live, LastWord::None).await,
    }
}

/// Asks again, or, when nothing more will be learned, takes the attempt as charged.
pub(super) async fn again(
    app: &Arc<App>,
    provider: &Provider,
    open: &Arc<OpenTask>,
    (live, watch): (MutexGuard<'_, Live>, Watch),
) {
    match schedule::watched_poll_at_ms(clock::now_ms(), watch, &provider.limits, &live.attempt.polls) {
        Some(at_ms) => app.wheel.poll_at(open.id, at_ms),
        None => charges::conclude(app, open, live, LastWord::None).await,
    }
}

/// The time of a watch is over: what nobody has told by now is taken as charged.
pub(super) async fn end(app: Arc<App>, open: Arc<OpenTask>) {
    let live = open.live.lock().await;
    if live.watch.is_some() {
        charges::conclude(&app, &open, live, LastWord::None).await;
    }
}

/// Takes up the watched attempts of these shards, and says how many.
///
/// # Errors
/// [`StoreError`] when they cannot be read or written.
pub(super) async fn take_up_shards(app: &Arc<App>, shards: &[u8]) -> Result<usize, StoreError> {
    let rows = app.store.list_watched(shards).await?;
    let count = rows.len();
    for (index, row) in rows.into_iter().enumerate() {
        take_up(app, row, (index, count)).await?;
    }
    Ok(count)
}

async fn take_up(app: &Arc<App>, row: Watched, (index, count): (usize, usize)) -> Result<(), StoreError> {
    let Watched { task, attempt, until_ms } = row;
    let Some(fence) = app.shards.load().fence(task.shard) else { return Ok(()) };
    let row = OpenRow { task, attempt };
    let Some(mut open) = recover::open_task(app, &row, fence) else {
        return assume(app, &row, fence).await;
    };
    // Nobody waits for it: it takes no place among its key's open tasks.
    open.place = None.into();
    let now_ms = clock::now_ms();
    let found = app.snapshot.load().find(row.attempt.candidate.credential);
    let can_be_asked = |provider: &Provider| row.attempt.reference.is_some() || provider.abilities.look_up;
    let poll_at_ms = found.filter(|(provider, _)| can_be_asked(provider)).map(|(provider, _)| {
        let since_ms = row.attempt.accepted_at_ms.unwrap_or(row.attempt.created_at_ms);
        schedule::resumed_poll_at_ms(now_ms, since_ms, &provider.limits).saturating_add(schedule::spread_ms(
            index,
            count,
            &provider.limits,
        ))
    });
    let began_at_ms = row.task.ended_at_ms.unwrap_or(now_ms);
    let open = Arc::new(open);
    let mut live = open.live.lock().await;
    live.watch = Some(Watch { began_at_ms, until_ms });
    app.watched.insert(Arc::clone(&open));
    // A watch whose time passed while nobody looked gets one poll; what cannot be asked about has its end now.
    let end_at_ms = poll_at_ms.map_or(now_ms, |at_ms| {
        app.wheel.poll_at(open.id, at_ms);
        latest_end_ms(app, &live, until_ms.max(at_ms))
    });
    app.wheel.end_watch_at(open.id, end_at_ms);
    Ok(())
}

/// An attempt that cannot be asked about any more (its reference was sealed with another master key): taken as charged.
async fn assume(app: &App, row: &OpenRow, fence: Fence) -> Result<(), StoreError> {
    let at_ms = clock::now_ms();
    let charge = charges::assumed(app, row);
    let word = LateWord {
        task: row.task.facts.id,
        attempt: row.attempt.id,
        fence,
        charged: Charged::Unknown,
        charge,
        at_ms,
        matures_at_ms: charges::matures_at_ms(app, at_ms),
    };
    app.store.record_late_word(word).await?;
    charges::count(app, (row.task.facts.id, &row.attempt.candidate.provider), Charged::Unknown, charge);
    Ok(())
}

/// What a silence says about an attempt that is still asked about.
pub(super) const fn last_word(silence: Silence) -> LastWord<'static> {
    match silence {
        Silence::NoSuchTask => LastWord::NoSuchTask,
        Silence::Forgotten | Silence::PollsUsedUp => LastWord::None,
    }
}
