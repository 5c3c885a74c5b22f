//! What is made of a contributed credential: its tasks under way, and what its provider has charged or may have charged for those of
//! today. Counted before a task is sent, so that no limit is ever passed, and corrected when it is known what was charged.
//!
//! In memory; a start reads what the attempts of the day came to. Several nodes each keep their part of the limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstan_domain::Amount;
use capstan_domain::exchange::gives_back_untold;
use capstan_storage::day_of;

/// One credential's spending.
#[derive(Default)]
pub struct Spending {
    today: Mutex<Today>,
}

/// What must not be passed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    /// Most that may be spent in a day.
    pub(crate) cap: Option<Amount>,
    /// Most tasks under way.
    pub(crate) most_open: Option<u32>,
}

#[derive(Clone, Copy, Default)]
struct Today {
    day: i64,
    spent: Amount,
    /// Of that, what solved tasks cost.
    solved: Amount,
    /// What was given back for charges that nobody has told of.
    given_back: Amount,
    /// Tasks under way, whatever the day.
    open: u32,
}

/// What one attempt has taken: a place among the tasks under way, until it is dropped, and a part of the day's spending.
/// Without a word about that, it counts as charged.
pub(crate) struct Reserved {
    spending: Arc<Spending>,
    day: i64,
    cost: Amount,
    kind: Kind,
}

/// Whose task an attempt is for, and who has counted it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Somebody else's.
    Lent,
    /// The owner's.
    Own,
    /// One that was there when this process began, whose cost was read with the day's.
    Before,
}

impl Spending {
    /// Adds what other processes have spent today on tasks of the shards that this node has taken up.
    pub(crate) fn take_up(&self, spent: Amount, now_ms: i64) {
        let mut today = self.on(day_of(now_ms));
        today.spent = today.spent.plus(spent).unwrap_or(today.spent);
    }

    /// What is spent today.
    #[must_use]
    pub(crate) fn today(&self, now_ms: i64) -> Amount {
        self.on(day_of(now_ms)).spent
    }

    /// Tasks under way.
    #[must_use]
    pub(crate) fn open(&self) -> u32 {
        self.today.lock().unwrap_or_else(PoisonError::into_inner).open
    }

    /// Takes a place and a cost; `None` where that would pass a bound.
    #[must_use]
    pub(crate) fn reserve(self: &Arc<Self>, cost: Amount, bounds: Bounds, now_ms: i64) -> Option<Reserved> {
        let day = day_of(now_ms);
        let mut today = self.on(day);
        let then = today.spent.plus(cost).ok()?;
        let is_spent = bounds.cap.is_some_and(|cap| today.spent >= cap || then > cap);
        if is_spent || bounds.most_open.is_some_and(|most| today.open >= most) {
            return None;
        }
        today.spent = then;
        today.open = today.open.saturating_add(1);
        Some(Reserved { spending: Arc::clone(self), day, cost, kind: Kind::Lent })
    }

    /// Whether a charge that nobody has told of is given back to the contributor; counted, if it is.
    #[must_use]
    pub(crate) fn gives_back(&self, cost: Amount, now_ms: i64) -> bool {
        let mut today = self.on(day_of(now_ms));
        let gives = gives_back_untold(cost, (today.given_back, today.solved));
        if gives {
            today.given_back = today.given_back.plus(cost).unwrap_or(today.given_back);
        }
        gives
    }

    /// The spending of a day, begun anew when it is another one. A late end of yesterday's task changes nothing of today's.
    fn on(&self, day: i64) -> MutexGuard<'_, Today> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day < day {
            *today = Today { day, open: today.open, ..Today::default() };
        }
        today
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut today = self.spending.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.open = today.open.saturating_sub(1);
    }
}

impl Reserved {
    /// The same for the owner's own task.
    #[must_use]
    pub(crate) const fn own(mut self) -> Self {
        self.kind = Kind::Own;
        self
    }

    /// The same for a task that was there before.
    #[must_use]
    pub(crate) const fn counted_before(mut self) -> Self {
        self.kind = Kind::Before;
        self
    }

    /// The task was solved, for so much where the provider has said so.
    pub(crate) fn solved(&self, told: Option<Amount>) {
        let cost = told.unwrap_or(self.cost);
        self.charged(cost);
        let mut today = self.spending.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day == self.day && self.kind == Kind::Lent {
            today.solved = today.solved.plus(cost).unwrap_or(today.solved);
        }
    }

    /// The provider charged so much instead.
    fn charged(&self, actual: Amount) {
        let mut today = self.spending.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day == self.day && self.kind != Kind::Before {
            let without = today.spent.minus(self.cost).unwrap_or(today.spent).max(Amount::ZERO);
            today.spent = without.plus(actual).unwrap_or(without);
        }
    }

    /// The provider charged nothing.
    pub(crate) fn uncharged(&self) {
        self.charged(Amount::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn a_cap_is_never_passed_and_what_was_not_charged_comes_back() {
        let nanos = Amount::from_nanos;
        let spending = Arc::new(Spending::default());
        spending.take_up(nanos(40), 5);
        let cap = Bounds { cap: Some(nanos(100)), most_open: None };
        let first = spending.reserve(nanos(50), cap, 6).unwrap();
        assert!(spending.reserve(nanos(11), cap, 6).is_none());
        let second = spending.reserve(nanos(10), cap, 6).unwrap();
        assert!(spending.reserve(Amount::ZERO, cap, 6).is_none(), "it is reached");
        assert!(spending.reserve(nanos(10), Bounds::default(), 6).is_some(), "the owner's own tasks have no cap");
        second.uncharged();
        first.solved(Some(nanos(20)));
        assert_eq!(spending.today(6), nanos(70));
        assert_eq!(spending.today(DAY_MS), Amount::ZERO);
        first.charged(nanos(50));
        assert_eq!(spending.today(DAY_MS), Amount::ZERO, "yesterday is over");
    }

    #[test]
    fn places_are_taken_until_they_are_dropped_over_midnight_too() {
        let spending = Arc::new(Spending::default());
        let two = Bounds { most_open: Some(2), cap: None };
        let taken = [0, 1].map(|now| spending.reserve(Amount::ZERO, two, now).unwrap());
        assert!(spending.reserve(Amount::ZERO, two, DAY_MS).is_none() && spending.open() == 2);
        drop(taken);
        assert!(spending.reserve(Amount::ZERO, two, DAY_MS).is_some());
    }

    #[test]
    fn what_nobody_told_of_is_given_back_up_to_a_part_of_what_was_solved() {
        let spending = Arc::new(Spending::default());
        let nanos = Amount::from_nanos;
        assert!(spending.gives_back(nanos(20_000_000), 0) && !spending.gives_back(nanos(1_000), 0));
        spending.reserve(nanos(90_000), Bounds::default(), 0).unwrap().own().solved(None);
        assert!(!spending.gives_back(nanos(1_000), 0), "the owner's own tasks give no right to more");
        spending.reserve(nanos(20_000), Bounds::default(), 0).unwrap().solved(None);
        assert!(spending.gives_back(nanos(1_000), 0) && !spending.gives_back(nanos(1), 0));
        assert!(spending.gives_back(nanos(1), DAY_MS), "another day");
    }
}
