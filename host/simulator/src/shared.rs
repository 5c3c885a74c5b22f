//! The running simulator's one piece of state: the engine and the log behind a lock, the gates, the clock.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::call::{Answer, Call, Incoming, Manner, Reply, Spoil};
use crate::engine::{Engine, Standing};
use crate::log::{Decision, Log, Received};
use crate::settings::Settings;
use crate::stats::Stats;
use crate::wire::WireFormat;

/// The state that requests and the control handle share.
pub(crate) struct Shared {
    /// The service that this is.
    pub(crate) speaks: WireFormat,
    inside: Mutex<Inside>,
    started: Instant,
    creates_held: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
    /// Goes up with every request and every change by the controls.
    events: watch::Sender<u64>,
}

/// What the lock keeps.
pub(crate) struct Inside {
    pub(crate) engine: Engine,
    pub(crate) log: Log,
}

impl Shared {
    pub(crate) fn new(settings: &Settings) -> Self {
        let engine = Engine::new(settings, unix_seconds());
        let log = Log::new(settings.log_entries, settings.log_bytes);
        Self {
            speaks: settings.speaks,
            inside: Mutex::new(Inside { engine, log }),
            started: Instant::now(),
            creates_held: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
            events: watch::Sender::new(0),
        }
    }

    /// Real milliseconds since the start.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Looks at the state.
    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        // A panic elsewhere leaves counts that are at worst one request behind; the service goes on.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state at this moment, and wakes those who wait for changes.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Inside, u64) -> T) -> T {
        let result = {
            let mut inside = self.inside();
            // Read under the lock, so that no request sees a moment before one that was already decided.
            let now_ms = self.now_ms();
            change(&mut inside, now_ms)
        };
        self.events.send_modify(|events| *events = events.wrapping_add(1));
        result
    }

    /// Notes that a request has arrived; answers its number in the log.
    pub(crate) fn arrived(&self, mut received: Received, create: bool) -> u64 {
        self.change(|inside, now_ms| {
            received.at_ms = now_ms;
            inside.engine.arrived(create);
            inside.log.add(received)
        })
    }

    /// Decides about a request and notes what was decided, unless the reply waits for more.
    pub(crate) fn decide(&self, number: u64, incoming: Incoming, ip: IpAddr) -> Reply {
        let manner = incoming.manner;
        self.change(|inside, now_ms| {
            let reply = ask(&mut inside.engine, now_ms, incoming, ip);
            let decision = if waits(&reply) { Decision::Waiting } else { self.decision(&reply, manner) };
            inside.log.decide(number, reply.task_id, decision);
            reply
        })
    }

    /// Waits for the solution that a reply carries, where it carries one, and notes what came of it.
    pub(crate) async fn complete(&self, number: u64, mut reply: Reply, manner: Manner) -> Reply {
        let Some(id) = reply.task_id.filter(|_| waits(&reply)) else { return reply };
        reply.answer = self.ended(id).await;
        self.change(|inside, _| inside.log.decide(number, reply.task_id, self.decision(&reply, manner)));
        reply
    }

    /// Waits until a task has ended.
    async fn ended(&self, id: u64) -> Answer {
        let mut events = self.events.subscribe();
        loop {
            // Looked at and let go: a lock must not be held while waiting.
            let standing = self.inside().engine.at_once(self.now_ms(), id);
            let open_ms = match standing {
                Standing::Ended(answer) => return answer,
                Standing::Open(open_ms) => open_ms,
            };
            let due = async {
                match open_ms {
                    Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                    None => std::future::pending().await,
                }
            };
            // Every event may be the one that holds, releases or hastens the task.
            tokio::select! {
                () = due => {}
                _changed = events.changed() => {}
            }
        }
    }

    fn decision(&self, reply: &Reply, manner: Manner) -> Decision {
        let accepted = matches!(reply.answer, Answer::Created(_));
        match (reply.spoil, &reply.answer) {
            (None, Answer::Refused(refusal)) => Decision::Refused(self.speaks.code(refusal, manner).to_owned()),
            (None, _) => Decision::Answered,
            (Some(Spoil::ServerError), _) => Decision::ServerError { accepted },
            (Some(Spoil::Lost), _) => Decision::Lost { accepted },
            (Some(Spoil::Malformed(kind)), _) => Decision::Malformed(kind),
        }
    }

    /// Waits until creates may go on.
    pub(crate) async fn creates_open(&self) {
        // The sender lives in `self`, so the wait ends only when creates are released.
        let mut creates_held = self.creates_held.subscribe();
        let _only_at_the_end = creates_held.wait_for(|held| !held).await.is_err();
    }

    pub(crate) fn hold_creates(&self, held: bool) {
        self.creates_held.send_replace(held);
    }

    pub(crate) fn creates_held(&self) -> bool {
        *self.creates_held.borrow()
    }

    /// Makes every request end and every connection close.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until [`Self::stop`].
    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        let _only_at_the_end = stopped.wait_for(|stopped| *stopped).await.is_err();
    }

    /// Waits until the statistics are as asked for; looks at them after every request and every change.
    pub(crate) async fn until(&self, mut reached: impl FnMut(&Stats) -> bool) -> Stats {
        let mut events = self.events.subscribe();
        loop {
            let stats = self.inside().engine.stats(self.now_ms());
            if reached(&stats) || events.changed().await.is_err() {
                return stats;
            }
        }
    }
}

fn ask(engine: &mut Engine, now_ms: u64, incoming: Incoming, ip: IpAddr) -> Reply {
    let key = incoming.key.as_deref().unwrap_or_default();
    match incoming.call {
        Call::Create(task) => engine.create(now_ms, key, task, ip),
        Call::Poll(id) => engine.poll(now_ms, key, id),
        Call::PollMany(ids) => engine.poll_many(now_ms, key, &ids),
        Call::Balance => engine.balance(now_ms, key),
        Call::Queue(family) => engine.queue(now_ms, family),
        Call::Report(report) => engine.report(now_ms, key, &report),
        Call::Echo => Reply::prompt(Answer::Echo),
        Call::Refused(refusal) => Reply::refused(refusal),
        Call::Wrong(refusal) => engine.refuse(key, refusal),
    }
}

/// Whether a reply is sent when its task has ended. One that nobody will read need not wait.
const fn waits(reply: &Reply) -> bool {
    reply.at_once && reply.spoil.is_none()
}

#[expect(clippy::disallowed_methods, reason = "the service's own clock, read once at the start to date its answers")]
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
