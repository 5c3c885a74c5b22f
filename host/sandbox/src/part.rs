//! An adapter's own part of its class's threads, so that one that spins in every call takes the rest from nobody.
//!
//! It begins with half of them. A call that runs out of time takes one thread of it away, down to one, and a call that does not gives
//! one back: whoever spins in every call holds a single thread after the first time-outs, and an honest adapter has its part again
//! after as many good calls.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::CallError;

/// The part of one adapter.
pub(crate) struct Part {
    calls: Arc<Semaphore>,
    most: usize,
    /// How many calls may run at a time now.
    now: Mutex<usize>,
}

/// A call's turn; without an end of its own it leaves the part as it was.
pub(crate) struct Turn {
    permit: OwnedSemaphorePermit,
    part: Arc<Part>,
}

impl Part {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { calls: Arc::new(Semaphore::new(most)), most, now: Mutex::new(most) })
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, CallError> {
        let permit = Arc::clone(&self.calls).acquire_owned().await.map_err(|_| CallError::Stopped)?;
        Ok(Turn { permit, part: Arc::clone(self) })
    }
}

impl Turn {
    /// Ends the turn of a call that ran.
    pub(crate) fn end(self, ran_out_of_time: bool) {
        let Self { permit, part } = self;
        let mut now = part.now.lock().unwrap_or_else(PoisonError::into_inner);
        if ran_out_of_time && *now > 1 {
            *now -= 1;
            permit.forget();
        } else if !ran_out_of_time && *now < part.most {
            *now += 1;
            part.calls.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn calls(part: &Arc<Part>, count: usize, ran_out_of_time: bool) {
        for _ in 0..count {
            part.turn().await.unwrap().end(ran_out_of_time);
        }
    }

    #[tokio::test]
    async fn time_outs_leave_one_thread_and_good_calls_give_the_others_back() {
        let part = Part::new(4);
        calls(&part, 2, true).await;
        assert_eq!(part.calls.available_permits(), 2);
        calls(&part, 10, true).await;
        assert_eq!(part.calls.available_permits(), 1);
        calls(&part, 2, false).await;
        assert_eq!(part.calls.available_permits(), 3);
        calls(&part, 10, false).await;
        assert_eq!(part.calls.available_permits(), 4);
    }

    #[tokio::test]
    async fn a_turn_that_never_ran_changes_nothing() {
        let part = Part::new(2);
        drop(part.turn().await.unwrap());
        assert_eq!(part.calls.available_permits(), 2);
    }
}
