//! The timer wheel: when which open task is polled or given up. Nothing of it is written; it is rebuilt from the tasks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_domain::{CredentialId, TaskId};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::time::DelayQueue;
use tracing::Instrument as _;

use super::open::OpenTask;
use super::{moves, poll, watching};
use crate::app::App;
use crate::clock;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Poll(TaskId),
    Deadline(TaskId),
    WatchEnd(TaskId),
}

/// Puts tasks on the wheel.
#[derive(Clone)]
pub struct WheelHandle {
    // Unbounded, but not without bound: each task has at most a deadline, or the end of its watch, and one poll on it.
    entries: mpsc::UnboundedSender<(Due, i64)>,
}

impl WheelHandle {
    /// Polls a task at this time.
    pub(crate) fn poll_at(&self, task: TaskId, at_ms: i64) {
        self.put(Due::Poll(task), at_ms);
    }

    /// Gives a task up at this time, if it is still open then.
    pub(crate) fn give_up_at(&self, task: TaskId, at_ms: i64) {
        self.put(Due::Deadline(task), at_ms);
    }

    /// Ends the watch of a task's attempt at this time, if it is still watched then.
    pub(crate) fn end_watch_at(&self, task: TaskId, at_ms: i64) {
        self.put(Due::WatchEnd(task), at_ms);
    }

    fn put(&self, due: Due, at_ms: i64) {
        // The receiver is gone only in shutdown; the next start rebuilds the wheel.
        let _ = self.entries.send((due, at_ms));
    }
}

/// The wheel itself, run by one worker.
pub(crate) struct Wheel {
    entries: mpsc::UnboundedReceiver<(Due, i64)>,
}

impl Wheel {
    /// A wheel and its handle.
    #[must_use]
    pub(crate) fn new() -> (WheelHandle, Self) {
        let (sender, entries) = mpsc::unbounded_channel();
        (WheelHandle { entries: sender }, Self { entries })
    }

    /// Turns until shutdown.
    pub(crate) async fn run(mut self, app: Arc<App>) {
        let mut queue: DelayQueue<Due> = DelayQueue::new();
        loop {
            tokio::select! {
                () = app.shutdown.cancelled() => return,
                entry = self.entries.recv() => {
                    let Some((due, at_ms)) = entry else { return };
                    queue.insert(due, wait_until(at_ms));
                }
                Some(expired) = queue.next(), if !queue.is_empty() => {
                    let mut due = vec![expired.into_inner()];
                    // What is due in the same turn is taken together, so that polls can be batched.
                    while let Some(Some(more)) = futures_util::FutureExt::now_or_never(queue.next()) {
                        due.push(more.into_inner());
                    }
                    dispatch(&app, &due);
                }
            }
        }
    }
}

fn wait_until(at_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(at_ms.saturating_sub(clock::now_ms())).unwrap_or(0))
}

/// Deadlines one by one; polls grouped by credential and adapter, since a batch never mixes either.
fn dispatch(app: &Arc<App>, due: &[Due]) {
    let mut groups: HashMap<(CredentialId, Vec<u8>), Vec<Arc<OpenTask>>> = HashMap::new();
    for entry in due {
        match *entry {
            Due::Deadline(id) => {
                if let Some(task) = app.open.get(id) {
                    let span = task.span.clone();
                    app.tracker.spawn(moves::give_up(Arc::clone(app), task).instrument(span));
                }
            }
            Due::WatchEnd(id) => {
                if let Some(task) = app.watched.get(id) {
                    let span = task.span.clone();
                    app.tracker.spawn(watching::end(Arc::clone(app), task).instrument(span));
                }
            }
            Due::Poll(id) => {
                let Some(task) = app.open.get(id).or_else(|| app.watched.get(id)) else { continue };
                // Who holds the lock is moving the task: a poll now would ask about the past.
                let Ok(key) = task.live.try_lock().map(|live| (live.attempt.credential, live.attempt.digest.clone()))
                else {
                    app.wheel.poll_at(id, clock::now_ms() + 50);
                    continue;
                };
                groups.entry(key).or_default().push(task);
            }
        }
    }
    for tasks in groups.into_values() {
        app.tracker.spawn(poll::poll(Arc::clone(app), tasks));
    }
}
