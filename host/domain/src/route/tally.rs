//! What has been seen of a provider or a credential for one family: counts that fade, and a memory that is cut short when
//! what happens now is not what happened before.
//!
//! Times are in the gateway's own time, as its clients feel them.

use serde::{Deserialize, Serialize};

use super::Observed;
use super::former::{Former, Return};

/// As many tasks are remembered at most: with each new one the older ones fade by so many parts of themselves.
const WINDOW: f64 = 512.0;
/// Half of what was seen has faded after so many milliseconds, so that whoever was bad is tried again.
const HALF_LIFE_MS: f64 = 900_000.0;
/// As many tasks are what happens now, against which the long memory is held.
const RECENT: f64 = 12.0;
/// Fewer of them say nothing.
const RECENT_ENOUGH: f64 = 6.0;
/// What is solved now differs from what was solved before by at least so much of all tasks, or nothing has changed. Of a
/// provider that solves 95 %, five of twelve tasks fail by chance once in some four thousand.
const CHANGED_SUCCESS: f64 = 0.4;
/// The same of the mean time: so many times longer or shorter.
const CHANGED_TIME: f64 = 3.0;

/// So many times the mean time is overdue: with times as the field's, fewer than one task in a hundred is solved later.
const OVERDUE_TIMES: f64 = 4.0;
/// The mean of so many solved tasks is known.
const OVERDUE_KNOWN: f64 = 5.0;

/// How a task ended at a provider, as far as that says something about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was solved, so many milliseconds after the attempt began.
    Solved(i64),
    /// The provider did not take it, gave it up, or never answered; so many milliseconds were lost.
    Unsolved(i64),
    /// A task that was counted as solved was not: its client complained.
    Wrong,
    /// It has been open for so long that it is probably never answered: counted as unsolved for the time being, so that a
    /// provider that has stopped answering is known for it long before its tasks' deadlines.
    Overdue(i64),
    /// One that was counted as overdue after so many milliseconds (the second) was solved after so many (the first).
    SolvedLate(i64, i64),
    /// One that was counted as overdue has ended unsolved, so many milliseconds later.
    Lost(i64),
    /// One that was counted as overdue after so many milliseconds was its client's mistake: it counts for nothing.
    Mistaken(i64),
}

/// When what had been seen of a provider was last found to be over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// When; 0 where it never was.
    pub at_ms: i64,
    /// Whether it became worse.
    pub is_worse: bool,
}

/// Whether what was seen of a credential until then is over, since its provider has changed.
pub(super) const fn is_over(seen_ms: i64, provider_changed_ms: i64) -> bool {
    provider_changed_ms > 0 && seen_ms <= provider_changed_ms
}

/// Counts of one provider or one credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    long: Counts,
    recent: Counts,
    at_ms: i64,
    /// When what had been seen until then was found to be over; 0 where it never was.
    #[serde(default)]
    changed_at_ms: i64,
    #[serde(default)]
    back: Return,
}

/// The sums of the times fade with the counts that they belong to, which makes their quotients exponentially weighted means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    solved: f64,
    unsolved: f64,
    solved_ms: f64,
    unsolved_ms: f64,
}

impl Tally {
    /// Counts the end of a task.
    pub fn note(&mut self, seen: Seen, now_ms: i64) {
        let faded = self.faded(now_ms);
        let (long, recent) = match seen {
            Seen::Solved(_) | Seen::Unsolved(_) | Seen::Overdue(_) => {
                (faded.long.kept(1.0 - 1.0 / WINDOW).plus(seen), faded.recent.kept(1.0 - 1.0 / RECENT).plus(seen))
            }
            // No task is new, so nothing fades for it.
            Seen::Wrong | Seen::SolvedLate(..) | Seen::Lost(_) | Seen::Mistaken(_) => {
                (faded.long.plus(seen), faded.recent.plus(seen))
            }
        };
        *self = Self { long, recent, ..faded };
        if let Some(former) = self.back.weigh(seen, &long.shown(), self.at_ms) {
            self.remember(Counts::of(&former), Counts::default());
        } else if recent.contradicts(&long) {
            self.back.changed(&long.shown(), &recent.shown());
            self.remember(recent, recent);
        }
    }

    /// Counts the end of a task at a credential of this provider, which has been told already. What was seen of the credential before
    /// its provider changed is over; where that became worse, what was seen last is how it is now.
    pub fn note_within(&mut self, seen: Seen, now_ms: i64, provider: Changed) {
        if is_over(self.at_ms, provider.at_ms) {
            let recent = if provider.is_worse { self.recent } else { Counts::default() };
            *self = Self { long: recent, recent, at_ms: self.at_ms, ..Self::default() };
        }
        self.note(seen, now_ms);
    }

    /// When it last changed, and how.
    #[must_use]
    pub const fn changed(&self) -> Changed {
        Changed { at_ms: self.changed_at_ms, is_worse: self.back.is_worse() }
    }

    /// A task is sent to find out whether it is what it was.
    pub const fn tried(&mut self, now_ms: i64) {
        self.back.tried(now_ms);
    }

    /// What was seen until now is over.
    fn remember(&mut self, long: Counts, recent: Counts) {
        *self = Self { long, recent, changed_at_ms: self.at_ms, ..*self };
    }

    /// What has been seen, as of now.
    #[must_use]
    pub fn observed(&self, now_ms: i64) -> Observed {
        Observed {
            at_ms: self.at_ms,
            changed_at_ms: self.changed_at_ms,
            former: self.back.may_be(self.at_ms, now_ms),
            ..self.faded(now_ms).long.shown()
        }
    }

    /// A task that has been open for so many milliseconds is probably never answered; `None` where too little is known.
    #[must_use]
    pub fn overdue_after_ms(&self) -> Option<i64> {
        let mean_ms = quotient(self.long.solved_ms, self.long.solved);
        #[expect(clippy::cast_possible_truncation, reason = "a few times the time that tasks take")]
        let after_ms = (mean_ms * OVERDUE_TIMES) as i64;
        (self.long.solved >= OVERDUE_KNOWN).then_some(after_ms)
    }

    /// What two processes have seen of the same provider.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let at_ms = self.at_ms.max(other.at_ms);
        let (one, two) = (self.faded(at_ms), other.faded(at_ms));
        let long = one.long.and(&two.long);
        let (newer, older) = if self.changed_at_ms >= other.changed_at_ms { (self, other) } else { (other, self) };
        let kept = (WINDOW / long.samples().max(WINDOW)).min(1.0);
        Self {
            long: long.kept(kept),
            recent: Counts::default(),
            at_ms,
            changed_at_ms: self.changed_at_ms.max(other.changed_at_ms),
            back: newer.back.and(&older.back),
        }
    }

    /// The tally at a later time, less what has faded meanwhile. A clock that was set back fades nothing.
    fn faded(&self, now_ms: i64) -> Self {
        let idle_ms = now_ms.saturating_sub(self.at_ms).max(0);
        let kept = (-float(idle_ms) / HALF_LIFE_MS).exp2();
        let (long, recent) = (self.long.kept(kept), self.recent.kept(kept));
        Self { long, recent, at_ms: now_ms.max(self.at_ms), ..*self }
    }
}

impl Counts {
    /// As if the recent tasks had been like this.
    fn of(former: &Former) -> Self {
        let (solved, unsolved) = (RECENT * former.success, RECENT * (1.0 - former.success));
        Self { solved, unsolved, solved_ms: solved * former.latency_ms, unsolved_ms: unsolved * former.lost_ms }
    }

    fn kept(self, part: f64) -> Self {
        Self {
            solved: self.solved * part,
            unsolved: self.unsolved * part,
            solved_ms: self.solved_ms * part,
            unsolved_ms: self.unsolved_ms * part,
        }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            solved: self.solved + other.solved,
            unsolved: self.unsolved + other.unsolved,
            solved_ms: self.solved_ms + other.solved_ms,
            unsolved_ms: self.unsolved_ms + other.unsolved_ms,
        }
    }

    fn plus(self, seen: Seen) -> Self {
        match seen {
            Seen::Solved(took_ms) => {
                Self { solved: self.solved + 1.0, solved_ms: self.solved_ms + float(took_ms.max(0)), ..self }
            }
            Seen::Unsolved(lost_ms) | Seen::Overdue(lost_ms) => {
                Self { unsolved: self.unsolved + 1.0, unsolved_ms: self.unsolved_ms + float(lost_ms.max(0)), ..self }
            }
            Seen::Wrong => self.corrected(),
            Seen::SolvedLate(took_ms, counted_ms) => {
                let moved = self.unsolved.min(1.0);
                let solved_ms = float(took_ms.max(0)).mul_add(moved, self.solved_ms);
                Self { solved: self.solved + moved, solved_ms, ..self.uncounted(counted_ms) }
            }
            Seen::Mistaken(counted_ms) => self.uncounted(counted_ms),
            Seen::Lost(more_ms) => {
                let kept = self.unsolved.min(1.0);
                Self { unsolved_ms: float(more_ms.max(0)).mul_add(kept, self.unsolved_ms), ..self }
            }
        }
    }

    /// One solved task less and one unsolved more, which took as long as the solved ones. What is not there any more, or
    /// never was since the start, is not taken away. Solved tasks stay as fast as they were.
    fn corrected(self) -> Self {
        let moved = self.solved.min(1.0);
        let moved_ms = quotient(self.solved_ms, self.solved) * moved;
        Self {
            solved: self.solved - moved,
            unsolved: self.unsolved + moved,
            solved_ms: self.solved_ms - moved_ms,
            unsolved_ms: self.unsolved_ms + moved_ms,
        }
    }

    /// One unsolved task less, which was counted with so many milliseconds; no more than is there.
    fn uncounted(self, counted_ms: i64) -> Self {
        let moved = self.unsolved.min(1.0);
        let unsolved_ms = (self.unsolved_ms - float(counted_ms.max(0)) * moved).max(0.0);
        Self { unsolved: self.unsolved - moved, unsolved_ms, ..self }
    }

    fn samples(&self) -> f64 {
        self.solved + self.unsolved
    }

    fn shown(&self) -> Observed {
        let samples = self.samples();
        Observed {
            samples,
            success: quotient(self.solved, samples),
            latency_ms: quotient(self.solved_ms, self.solved),
            lost_ms: quotient(self.unsolved_ms, self.unsolved),
            ..Observed::NOTHING
        }
    }

    /// Whether these, the recent ones, are too unlike the long memory for chance.
    fn contradicts(&self, long: &Self) -> bool {
        if self.samples() < RECENT_ENOUGH || long.samples() < 2.0 * self.samples() {
            return false;
        }
        let success = quotient(self.solved, self.samples()) - quotient(long.solved, long.samples());
        let slower = quotient(quotient(self.solved_ms, self.solved), quotient(long.solved_ms, long.solved));
        let is_timed = self.solved >= RECENT_ENOUGH && slower > 0.0;
        success.abs() > CHANGED_SUCCESS || (is_timed && !(1.0 / CHANGED_TIME..=CHANGED_TIME).contains(&slower))
    }
}

fn quotient(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a task or of an idle time are far below 2^53")]
const fn float(ms: i64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_after(ends: impl IntoIterator<Item = (Seen, i64)>, now_ms: i64) -> Observed {
        let mut tally = Tally::default();
        for (seen, at_ms) in ends {
            tally.note(seen, at_ms);
        }
        tally.observed(now_ms)
    }

    fn near(number: f64, expected: f64) -> bool {
        (number - expected).abs() <= expected * 0.01
    }

    #[test]
    fn nothing_seen_is_nothing() {
        assert_eq!(seen_after([], 1_000), Observed::default());
    }

    #[test]
    fn successes_and_times_are_counted_each_kind_by_itself() {
        let ends = [(Seen::Solved(10_000), 1), (Seen::Unsolved(90_000), 2), (Seen::Solved(20_000), 3)];
        let observed = seen_after(ends, 3);
        assert!(near(observed.samples, 3.0) && near(observed.success, 2.0 / 3.0), "{observed:?}");
        assert!(near(observed.latency_ms, 15_000.0) && near(observed.lost_ms, 90_000.0), "{observed:?}");
        let hopeless = seen_after([(Seen::Unsolved(0), 1)], 1);
        assert_eq!((hopeless.success, hopeless.latency_ms, hopeless.lost_ms), (0.0, 0.0, 0.0));
    }

    #[test]
    fn the_count_is_bounded() {
        let before = seen_after((0..10_000).map(|n| (Seen::Solved(1_000), n)), 10_000);
        assert!(near(before.samples, WINDOW) && near(before.success, 1.0), "{before:?}");
    }

    #[test]
    fn a_provider_that_breaks_down_is_known_for_it_within_a_dozen_tasks_and_one_that_recovers_within_three() {
        let good = || (0..1_000).map(|n| (Seen::Solved(1_000), n));
        let bad = |tasks: i64| good().chain((1_000..1_000 + tasks).map(|n| (Seen::Unsolved(0), n)));
        let broken = seen_after(bad(12), 1_012);
        assert!(broken.success < 0.5 && broken.samples < 20.0, "{broken:?}");
        let recovered = seen_after(bad(300).chain((1_300..1_303).map(|n| (Seen::Solved(1_000), n))), 1_303);
        assert!(recovered.success > 0.9 && recovered.samples < 20.0, "{recovered:?}");
    }

    #[test]
    fn one_that_becomes_slow_is_known_for_it_within_a_dozen_tasks() {
        let ends = (0..1_000).map(|n| (Seen::Solved(1_000), n)).chain((1_000..1_012).map(|n| (Seen::Solved(5_000), n)));
        let slow = seen_after(ends, 1_012);
        assert!(slow.latency_ms > 3_000.0, "{slow:?}");
    }

    #[test]
    fn a_bad_moment_of_a_good_provider_is_only_that() {
        let ends =
            (0..1_000).map(|n| (if (500..503).contains(&n) { Seen::Unsolved(0) } else { Seen::Solved(1_000) }, n));
        let observed = seen_after(ends, 1_000);
        assert!(observed.samples > 0.8 * WINDOW && observed.success > 0.98, "{observed:?}");
    }

    #[test]
    fn a_complaint_turns_a_solved_task_into_an_unsolved_one() {
        let solved = (0..10).map(|n| (Seen::Solved(4_000), n));
        let (before, after) = (seen_after(solved.clone(), 9), seen_after(solved.chain([(Seen::Wrong, 9)]), 9));
        assert!(near(after.samples, before.samples) && near(after.latency_ms, before.latency_ms), "{after:?}");
        assert!(near((before.success - after.success) * before.samples, 1.0), "{after:?}");
    }

    #[test]
    fn complaints_take_no_more_away_than_was_solved() {
        let wrong = |n: i64| (0..n).map(|_| (Seen::Wrong, 1));
        assert_eq!(seen_after(wrong(50), 1), Observed { at_ms: 1, ..Observed::NOTHING });
        let sunk = seen_after([(Seen::Solved(4_000), 0)].into_iter().chain(wrong(50)), 1);
        assert!(near(sunk.samples, 1.0) && sunk.success == 0.0 && sunk.latency_ms == 0.0, "{sunk:?}");
    }

    #[test]
    fn what_was_seen_fades_but_the_shares_stay() {
        let ends = [(Seen::Solved(8_000), 0), (Seen::Unsolved(100), 0)];
        let (now, later) = (seen_after(ends, 0), seen_after(ends, 900_000));
        assert!(near(later.samples * 2.0, now.samples), "{later:?}");
        assert_eq!((later.success, later.latency_ms), (now.success, now.latency_ms));
        assert_eq!(seen_after(ends, -5_000_000), now, "a clock that was set back fades nothing");
    }

    #[test]
    fn what_is_overdue_counts_as_unsolved_until_it_is_solved_after_all() {
        let mut tally = Tally::default();
        (0..4).for_each(|n| tally.note(Seen::Solved(10_000), n));
        assert_eq!(tally.overdue_after_ms(), None, "too little is known");
        (4..100).for_each(|n| tally.note(Seen::Solved(10_000), n));
        assert!(near(quotient(float(tally.overdue_after_ms().unwrap()), 1.0), 40_000.0));
        let before = tally.observed(100);
        tally.note(Seen::Overdue(40_000), 100);
        let overdue = tally.observed(100);
        assert!(overdue.success < before.success && near(overdue.lost_ms, 40_000.0), "{overdue:?}");
        let (mut late, mut lost, mut mistaken) = (tally, tally, tally);
        late.note(Seen::SolvedLate(70_000, 40_000), 100);
        let late = late.observed(100);
        assert!(near(late.success, 1.0) && near(late.samples, overdue.samples) && late.lost_ms == 0.0, "{late:?}");
        mistaken.note(Seen::Mistaken(40_000), 100);
        let mistaken = mistaken.observed(100);
        assert!(mistaken.success == 1.0 && mistaken.samples < late.samples, "{mistaken:?}");
        lost.note(Seen::Lost(260_000), 100);
        let lost = lost.observed(100);
        assert!(lost.success == overdue.success && near(lost.lost_ms, 300_000.0), "{lost:?}");
    }

    #[test]
    fn what_two_saw_is_put_together_within_the_window() {
        let tally = |tasks: i64, seen: Seen| {
            let mut tally = Tally::default();
            (0..tasks).for_each(|n| tally.note(seen, n));
            tally
        };
        let both = tally(2_000, Seen::Solved(1_000)).and(&tally(2_000, Seen::Unsolved(3_000))).observed(2_000);
        assert!(near(both.samples, WINDOW) && near(both.success, 0.5), "{both:?}");
        assert!(near(both.latency_ms, 1_000.0) && near(both.lost_ms, 3_000.0), "{both:?}");
    }
}
