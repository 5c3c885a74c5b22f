//! After a restart: open tasks are taken up as the database has them. What was accepted is polled; what may have been sent
//! is in doubt and never sent again; what has passed its deadline is given up after one last poll.

use std::sync::Arc;

use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::catalogue;
use capstan_domain::code::ErrorCode;
use capstan_domain::schedule::{self, Polls};
use capstan_domain::task::{self, Effect, Event, TaskState};
use capstan_egress::Waiting;
use capstan_storage::{
    AttemptEnd, AttemptFault, Doubt, Fence, OpenTask as OpenRow, Outcome, Settled, Settlement, StoreError,
    day_begins_ms, day_of,
};
use tokio::sync::{Mutex, watch};

use super::open::{self, Attempt, Live, OpenTask, Progress};
use super::{charges, lent, result, watching};
use crate::app::App;
use crate::clock;
use crate::metrics::MoneyMoved;

/// Takes up every open task of the shards held. Returns how many.
///
/// # Errors
/// [`StoreError`] when the tasks cannot be read or written.
pub(crate) async fn recover(app: &Arc<App>) -> Result<usize, StoreError> {
    let shards = app.shards.load().numbers();
    take_up_shards(app, &shards).await
}

/// The same for some shards, when they are gained later.
///
/// # Errors
/// [`StoreError`] when the tasks cannot be read or written.
pub(crate) async fn take_up_shards(app: &Arc<App>, shards: &[u8]) -> Result<usize, StoreError> {
    take_up_spending(app, shards).await?;
    let rows = app.store.list_open_tasks(Some(shards)).await?;
    let count = rows.len();
    for (index, row) in rows.into_iter().enumerate() {
        take_up(app, &row, index, count).await?;
    }
    let watched = watching::take_up_shards(app, shards).await?;
    if watched > 0 {
        tracing::info!(watched, "attempts whose tasks are over are asked about further");
    }
    Ok(count)
}

/// What was spent today through contributed credentials for tasks of these shards: the node that holds a shard has its part of the
/// caps, and what was spent of it.
async fn take_up_spending(app: &App, shards: &[u8]) -> Result<(), StoreError> {
    let now_ms = clock::now_ms();
    let since_ms = day_begins_ms(day_of(now_ms));
    let snapshot = app.snapshot.load_full();
    for (credential, shard, spent) in app.store.contributed_spending(since_ms).await? {
        let found = snapshot.find(credential).filter(|_| shards.contains(&shard));
        if let Some(lent) = found.as_ref().and_then(|(_, credential)| credential.lent.as_ref()) {
            lent.spending.take_up(spent, now_ms);
        }
    }
    Ok(())
}

async fn take_up(app: &Arc<App>, row: &OpenRow, index: usize, count: usize) -> Result<(), StoreError> {
    let Some(fence) = app.shards.load().fence(row.task.shard) else { return Ok(()) };
    let Some(open) = open_task(app, row, fence) else { return give_back(app, row, fence).await };
    let found = app.snapshot.load().find(row.attempt.candidate.credential);
    let look_up = found.as_ref().is_some_and(|(provider, _)| provider.abilities.look_up);
    let moved = match task::step(row.task.state, &Event::TakenUp { look_up }) {
        Ok(moved) => moved,
        Err(illegal) => {
            tracing::error!(task.id = %open.id, error = &illegal as &dyn std::error::Error, "not taken up");
            return Ok(());
        }
    };
    if row.task.state == TaskState::Submitting {
        let fault_code = "restarted".to_owned();
        app.store
            .record_in_doubt(Doubt { task: open.id, attempt: row.attempt.id, fence: open.fence, fault_code })
            .await?;
    }
    open.live.lock().await.state = moved.to;
    let (now_ms, open) = (clock::now_ms(), Arc::new(open));
    app.open.insert(Arc::clone(&open));
    let mut last_chance_ms = now_ms;
    if moved.effects.iter().any(|e| matches!(e, Effect::SchedulePoll | Effect::LookUp)) {
        let at_ms =
            found.map_or(now_ms, |(provider, _)| {
                let accepted_at_ms = row.attempt.accepted_at_ms.unwrap_or(row.attempt.created_at_ms);
                schedule::resumed_poll_at_ms(now_ms, accepted_at_ms, &provider.limits)
                    .saturating_add(schedule::spread_ms(index, count, &provider.limits))
            });
        app.wheel.poll_at(open.id, at_ms);
        // The solution may be waiting at the provider: one poll, answered or timed out, goes before a deadline that passed
        // while nobody looked.
        last_chance_ms = at_ms.saturating_add(LAST_CHANCE_MS);
    }
    app.wheel.give_up_at(open.id, open.deadline_at_ms.max(last_chance_ms));
    Ok(())
}

/// How long the one poll after an overslept deadline may take.
pub(super) const LAST_CHANCE_MS: i64 = 10_000;

/// A task that cannot be moved any more (sealed with another master key, of a family that is gone): its hold goes back, and
/// since nobody can ask what became of it, it is taken as charged.
async fn give_back(app: &App, row: &OpenRow, fence: Fence) -> Result<(), StoreError> {
    let charge = charges::assumed(app, row);
    let code = "cannot-be-taken-up".to_owned();
    let outcome = Outcome::Failed {
        code: ErrorCode::TaskTimeout,
        description: String::new(),
        end: AttemptEnd::Failed,
        fault: Some(AttemptFault { class: FaultClass::InDoubt, code, charged: Charged::Unknown }),
        charge,
        watch_until_ms: None,
    };
    let (task, attempt) = (row.task.facts.id, row.attempt.id);
    let (move_id, at_ms) = (clock::new_move_id(), clock::now_ms());
    let matures_at_ms = charges::matures_at_ms(app, at_ms);
    let settlement = Settlement { task, attempt, fence, move_id, at_ms, matures_at_ms, outcome };
    let settled = app.store.settle(settlement).await?;
    if let (Settled::Now { returned, .. }, Some(family)) = (settled, catalogue::by_name(&row.task.facts.family)) {
        app.metrics.moved(MoneyMoved::Released, returned);
        charges::count(app, (task, &row.attempt.candidate.provider), Charged::Unknown, charge);
        app.metrics.ended(family.name, Some(ErrorCode::TaskTimeout));
    }
    Ok(())
}

pub(super) fn open_task(app: &App, row: &OpenRow, fence: Fence) -> Option<OpenTask> {
    let facts = &row.task.facts;
    let unusable = |why: &str| tracing::error!(task.id = %facts.id, why, "an open task cannot be taken up");
    let Some(family) = catalogue::by_name(&facts.family) else {
        unusable("its family is unknown");
        return None;
    };
    let opened = row.attempt.reference.as_deref().map(|sealed| result::open_reference(app, row.attempt.id, sealed));
    let Ok(reference) = opened.transpose() else {
        unusable("its reference cannot be opened");
        return None;
    };
    let (reference, memo) = reference.unwrap_or_default();
    let span = open::task_span(facts.id, facts.account, family);
    let found = app.snapshot.load().find(row.attempt.candidate.credential).map(|(_, credential)| credential);
    Some(OpenTask {
        id: facts.id,
        account: facts.account,
        family,
        deadline_at_ms: facts.deadline_at_ms,
        fence,
        // It was placed; a limit that is lower by now holds for those to come.
        place: app.open.take_place(facts.api_key, None).into(),
        storm: None,
        live: Mutex::new(Live {
            state: row.task.state,
            doubted: row.attempt.fault.as_ref().map(|fault| fault.code.clone()),
            silence: None,
            watch: None,
            attempt: Attempt {
                id: row.attempt.id,
                number: row.attempt.seq,
                span: open::attempt_span(&span, row.attempt.seq, &row.attempt.candidate.provider),
                provider: row.attempt.candidate.provider.clone(),
                credential: row.attempt.candidate.credential,
                digest: row.attempt.adapter_digest.clone(),
                terms: row.attempt.candidate.terms,
                created_at_ms: row.attempt.created_at_ms,
                accepted_at_ms: row.attempt.accepted_at_ms,
                began_at_ms: None,
                overdue_ms: None,
                in_flight: found.as_ref().map(|credential| Arc::new(credential.standing.take())),
                lent: found.as_ref().and_then(|credential| lent::before(credential)),
                reference,
                memo,
                polls: Polls { used: polls_used(app, row), hint_ms: None },
            },
        }),
        view: open::view_of(facts),
        progress: watch::channel(Progress::Sent).0,
        waiting: Waiting::default(),
        span,
    })
}

/// Polls that the process before may have used; one is always left, for the solution that may be waiting.
fn polls_used(app: &App, row: &OpenRow) -> u32 {
    let Some((provider, _)) = app.snapshot.load().find(row.attempt.candidate.credential) else { return 0 };
    let Some(accepted_at_ms) = row.attempt.accepted_at_ms else { return 0 };
    let used = schedule::polls_used_before_restart(accepted_at_ms, clock::now_ms(), &provider.limits);
    used.min(provider.limits.max_polls.saturating_sub(1))
}
