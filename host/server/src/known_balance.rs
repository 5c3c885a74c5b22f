//! What a credential has left at its provider, as far as this process knows: what the last look found, less what its tasks
//! since then are expected to cost.
//!
//! It is an estimate that mends itself. A provider may charge more or less than it says, and what other nodes spend is not seen
//! here; so a look is due when little is left, when a task was turned away for it, and when
//! the provider itself says that nothing is left. It outlives reloads of the snapshot; a start begins with the newest look in
//! the database.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use capstan_domain::Amount;

/// What is known of the balance of one credential. Nothing, until it is first seen.
#[derive(Debug, Default)]
pub struct KnownBalance {
    /// What was found and what had been spent by then, in nano-dollars: as one number, so that a task and a look of the same
    /// moment do not undo each other.
    found_and_spent: AtomicI64,
    /// Spent in all, in nano-dollars.
    spent: AtomicI64,
    /// Until when what was found counts.
    until_ms: AtomicI64,
    is_due: AtomicBool,
    asked_at_ms: AtomicI64,
}

/// Taken before a provider is asked for a balance: what is spent from then on is not in its answer, or may not be.
#[derive(Clone, Copy, Debug)]
pub struct Asked(i64);

/// A look is due when no more is left than so many of the tasks that it was just spent on.
const LAST_TASKS: i64 = 100;

impl KnownBalance {
    /// Notes that the provider is asked for it now.
    #[must_use]
    pub fn asked(&self, now_ms: i64) -> Asked {
        self.asked_at_ms.store(now_ms, Ordering::Relaxed);
        self.is_due.store(false, Ordering::Relaxed);
        Asked(self.spent.load(Ordering::Relaxed))
    }

    /// Takes down what the provider told; it counts until then.
    pub fn seen(&self, balance: Amount, asked: Asked, until_ms: i64) {
        self.found_and_spent.store(balance.nanos().saturating_add(asked.0), Ordering::Relaxed);
        // Whoever sees the time sees what it is for.
        self.until_ms.store(until_ms, Ordering::Release);
    }

    /// Takes down what another process found at that time, unless something newer is known.
    pub(crate) fn recalled(&self, balance: Amount, at_ms: i64, until_ms: i64) {
        if at_ms > self.asked_at_ms.load(Ordering::Relaxed) {
            let asked = self.asked(at_ms);
            self.seen(balance, asked, until_ms);
        }
    }

    /// Lowers it by what a task is expected to cost that is sent now.
    pub fn spent(&self, cost: Amount) {
        let before = self.spent.fetch_add(cost.nanos(), Ordering::Relaxed);
        let left = self.found_and_spent.load(Ordering::Relaxed).saturating_sub(before).saturating_sub(cost.nanos());
        if left < cost.nanos().saturating_mul(LAST_TASKS) && self.until_ms.load(Ordering::Relaxed) > 0 {
            self.look_soon();
        }
    }

    /// Raises it again: the task cost nothing.
    pub fn not_spent(&self, cost: Amount) {
        self.spent.fetch_sub(cost.nanos(), Ordering::Relaxed);
    }

    /// What is left; `None` where that is not known, or was found too long ago. Below zero where tasks cost less than was
    /// expected.
    #[must_use]
    pub fn gives(&self, now_ms: i64) -> Option<Amount> {
        let is_fresh = now_ms < self.until_ms.load(Ordering::Acquire);
        let left = || self.found_and_spent.load(Ordering::Relaxed).saturating_sub(self.spent.load(Ordering::Relaxed));
        is_fresh.then(|| Amount::from_nanos(left()))
    }

    /// Says that a look is due before its time.
    pub fn look_soon(&self) {
        self.is_due.store(true, Ordering::Relaxed);
    }

    /// Whether the provider was last asked longer ago than so many milliseconds.
    #[must_use]
    pub fn was_asked_before(&self, now_ms: i64, ago_ms: u32) -> bool {
        self.asked_at_ms.load(Ordering::Relaxed).saturating_add(i64::from(ago_ms)) <= now_ms
    }

    /// Whether a look is due before its time, and the provider was not asked for so many milliseconds.
    #[must_use]
    pub fn is_due(&self, now_ms: i64, rest_ms: u32) -> bool {
        self.was_asked_before(now_ms, rest_ms) && self.is_due.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(nanos: i64) -> Amount {
        Amount::from_nanos(nanos)
    }

    fn seen(found: i64) -> KnownBalance {
        let known = KnownBalance::default();
        known.seen(nanos(found), known.asked(0), 1_000);
        known
    }

    #[test]
    fn nothing_is_known_before_the_first_look_and_after_its_time() {
        let known = KnownBalance::default();
        known.spent(nanos(5));
        assert_eq!(known.gives(0), None);
        let known = seen(700);
        assert_eq!((known.gives(999), known.gives(1_000)), (Some(nanos(700)), None));
    }

    #[test]
    fn tasks_lower_it_and_those_that_were_not_taken_do_not() {
        let known = seen(700);
        known.spent(nanos(300));
        known.spent(nanos(500));
        assert_eq!(known.gives(1), Some(nanos(-100)));
        known.not_spent(nanos(500));
        assert_eq!(known.gives(1), Some(nanos(400)));
        known.seen(nanos(9_000), known.asked(2), 1_000);
        assert_eq!(known.gives(3), Some(nanos(9_000)));
    }

    #[test]
    fn what_is_spent_while_the_provider_is_asked_is_not_lost() {
        let known = seen(700);
        let asked = known.asked(1);
        known.spent(nanos(100));
        known.seen(nanos(700), asked, 1_000);
        assert_eq!(known.gives(2), Some(nanos(600)));
    }

    #[test]
    fn what_another_process_found_counts_where_nothing_newer_is_known() {
        let known = KnownBalance::default();
        known.recalled(nanos(400), 10, 1_000);
        assert_eq!(known.gives(11), Some(nanos(400)));
        known.seen(nanos(300), known.asked(20), 1_000);
        known.recalled(nanos(900), 20, 1_000);
        assert_eq!(known.gives(21), Some(nanos(300)));
    }

    #[test]
    fn a_look_is_due_when_little_is_left_once_it_has_rested() {
        let known = seen(100_000);
        known.spent(nanos(500));
        assert!(!known.is_due(60_000, 60_000), "enough is left");
        known.spent(nanos(1_000));
        assert!(!known.is_due(59_999, 60_000) && known.is_due(60_000, 60_000));
        let _ = known.asked(60_000);
        assert!(!known.is_due(200_000, 60_000), "it was asked for");
        known.look_soon();
        assert!(!known.is_due(119_999, 60_000) && known.is_due(120_000, 60_000));
    }

    #[test]
    fn where_nothing_is_known_spending_makes_no_look_due() {
        let known = KnownBalance::default();
        known.spent(nanos(5));
        assert!(!known.is_due(i64::MAX, 0));
    }
}
