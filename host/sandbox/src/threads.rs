//! The threads that guests run on, and the thread that ticks their deadlines.
//!
//! Guests never run on a thread of the reactor: a spinning guest would stop its timers, and with them every time-out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::{CallError, Class, SandboxError};

/// One piece of work. It answers through a channel of its own.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A bounded queue and the threads that empty it. They end when the last `Threads` is gone and the queue is empty.
pub(crate) struct Threads {
    queue: Sender<Job>,
}

impl Threads {
    /// Starts so many threads for guests of this class behind a queue of this length.
    pub(crate) fn start((class, threads): (Class, usize), queue: usize) -> Result<Self, SandboxError> {
        let (sender, receiver) = bounded::<Job>(queue);
        for number in 0..threads {
            let receiver = receiver.clone();
            let name = format!("{}-{number}", class.as_str());
            spawn(name, move || {
                give_way(class);
                work(&receiver);
            })?;
        }
        Ok(Self { queue: sender })
    }

    /// Hands a job over, or refuses it at once.
    pub(crate) fn offer(&self, job: Job) -> Result<(), CallError> {
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => CallError::Busy,
            TrySendError::Disconnected(_) => CallError::Stopped,
        })
    }

    /// Jobs that wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Hands a job over, waiting for room in the queue; for callers that may block.
    pub(crate) fn give(&self, job: Job) -> Result<(), CallError> {
        self.queue.send(job).map_err(|_| CallError::Stopped)
    }
}

/// Large guests take hundreds of times as long as small ones: the kernel lets everybody else go first where there are too few
/// processors. On Linux, where that can be said of one thread.
fn give_way(class: Class) {
    #[cfg(target_os = "linux")]
    if class == Class::Large {
        rustix::process::nice(5).ok();
    }
    #[cfg(not(target_os = "linux"))]
    let _ = class;
}

fn work(queue: &Receiver<Job>) {
    for job in queue {
        // The engine answers with errors; should it panic over a guest all the same, the job's caller sees its channel
        // close, and the thread goes on.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("the engine panicked during a call");
        }
    }
}

/// Ticks at an even pace on a thread of its own until it is dropped.
pub(crate) struct Ticker {
    _stop: Sender<()>,
}

impl Ticker {
    pub(crate) fn start(tick: Duration, mut ticked: impl FnMut() + Send + 'static) -> Result<Self, SandboxError> {
        let (stop, stopped) = bounded::<()>(0);
        spawn("adapter-epoch".to_owned(), move || {
            while stopped.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                ticked();
            }
        })?;
        Ok(Self { _stop: stop })
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<(), SandboxError> {
    std::thread::Builder::new().name(name).spawn(body).map(drop).map_err(SandboxError::Thread)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::{Sender, bounded, unbounded};

    use super::{Threads, Ticker};
    use crate::{CallError, Class};

    const LONG: Duration = Duration::from_secs(30);

    /// Reports its own end.
    struct Guard(Sender<&'static str>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.send("gone").ok();
        }
    }

    thread_local! {
        static GUARD: std::cell::RefCell<Option<Guard>> = const { std::cell::RefCell::new(None) };
    }

    #[test]
    fn threads_end_with_their_owner() {
        let (sender, ended) = unbounded();
        let threads = Threads::start((Class::Small, 1), 4).unwrap();
        threads.give(Box::new(move || GUARD.set(Some(Guard(sender))))).unwrap();
        drop(threads);
        assert_eq!(ended.recv_timeout(LONG), Ok("gone"));
    }

    #[test]
    fn the_ticker_ticks_and_ends_with_its_owner() {
        let (sender, events) = unbounded();
        let guard = Guard(sender);
        let ticker = Ticker::start(Duration::from_millis(1), move || guard.0.send("tick").unwrap()).unwrap();
        assert_eq!(events.recv_timeout(LONG), Ok("tick"));
        drop(ticker);
        assert!(events.iter().any(|event| event == "gone"));
    }

    #[test]
    fn a_full_queue_refuses_at_once() {
        let threads = Threads::start((Class::Small, 1), 1).unwrap();
        let (hold, held) = bounded::<()>(0);
        let (began, begun) = bounded::<()>(0);
        let block = move || {
            began.send(()).unwrap();
            held.recv().ok();
        };
        threads.give(Box::new(block)).unwrap();
        begun.recv_timeout(LONG).unwrap();
        threads.offer(Box::new(|| ())).unwrap();
        assert_eq!(threads.offer(Box::new(|| ())), Err(CallError::Busy));
        drop(hold);
    }

    #[test]
    fn a_panic_in_a_job_does_not_cost_a_thread() {
        let threads = Threads::start((Class::Small, 1), 4).unwrap();
        let (sender, done) = unbounded();
        threads.give(Box::new(|| panic!("on purpose"))).unwrap();
        threads.give(Box::new(move || sender.send(()).unwrap())).unwrap();
        assert_eq!(done.recv_timeout(LONG), Ok(()));
    }
}
