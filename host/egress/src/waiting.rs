//! How long was waited for a provider, readable while the wait is still on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time spent waiting for a provider: from when a request is handed to the HTTP client until its reply is whole. What the
/// gateway does around that (opening a credential, placing it, scrubbing) is the gateway's own time and not in it. Waits
/// that an adapter asks for on its provider's behalf are begun by whoever drives it.
///
/// One wait at a time; a second one that begins during the first adds nothing until it ends.
#[derive(Debug, Default)]
pub struct Waiting {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ended: Duration,
    since: Option<Instant>,
}

impl Waiting {
    /// All waits so far, the one that is on included.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        let state = self.state();
        state.ended.saturating_add(state.since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// A wait that ends when the guard is dropped, so that an exchange that is cut off counts as well.
    #[must_use]
    pub fn begin(&self) -> Wait<'_> {
        self.state().since = Some(Instant::now());
        Wait { waiting: self }
    }

    // A poisoned lock is entered all the same: both fields are whole between two statements.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait that is on.
pub struct Wait<'w> {
    waiting: &'w Waiting,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.waiting.state();
        if let Some(since) = state.since.take() {
            state.ended = state.ended.saturating_add(since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Waiting;

    #[test]
    fn a_wait_counts_while_it_is_on_and_no_longer_when_it_has_ended() {
        let waiting = Waiting::default();
        assert!(waiting.so_far().is_zero());
        let wait = waiting.begin();
        let during = waiting.so_far();
        while waiting.so_far() == during {}
        drop(wait);
        let after = waiting.so_far();
        assert!(after > during);
        assert_eq!(waiting.so_far(), after, "the clock stands still between two waits");
    }
}
