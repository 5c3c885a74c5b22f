//! What has been seen of providers and credentials, in memory: how many tasks they solved, and how fast.
//!
//! Bounded: one small tally for each of the catalogue's families, made when it is first used. Lock-cheap: a tally has its own
//! lock, held for a few additions. Whatever replaces the snapshot takes them over; a restart begins anew.
//! Times are in the gateway's own time, as its clients feel them: waits of a provider that a time scale divides are short.

use std::sync::{Mutex, OnceLock, PoisonError};

use capstan_domain::catalogue;
use capstan_domain::route::Observed;

/// As many tasks are remembered at most: with each new one the older ones fade by so many parts of themselves.
const WINDOW: f64 = 128.0;
/// Half of what was seen has faded after so many milliseconds without a task, so that whoever was bad is tried again.
const HALF_LIFE_MS: f64 = 3_600_000.0;

/// How a task ended at a provider, as far as that says something about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was solved, so many milliseconds after the attempt began.
    Solved(i64),
    /// The provider did not take it, gave it up, or never answered.
    Unsolved,
    /// A task that was counted as solved was not: its client complained.
    Wrong,
}

/// The tallies of one provider or one credential.
pub struct Statistics {
    families: Vec<OnceLock<Mutex<Tally>>>,
}

/// Counts that fade. The sum of the times fades with the count of the tasks that they belong to, which makes their quotient
/// an exponentially weighted mean.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    solved: f64,
    unsolved: f64,
    spent_ms: f64,
    at_ms: i64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { families: catalogue::all().iter().map(|_| OnceLock::new()).collect() }
    }
}

/// A family's place in the tallies; looked up once for all of them.
#[derive(Clone, Copy, Debug)]
pub struct FamilyPlace(usize);

impl FamilyPlace {
    /// The place of the family of this canonical name.
    #[must_use]
    pub fn of(family: &str) -> Option<Self> {
        catalogue::all().iter().position(|known| known.name == family).map(Self)
    }
}

impl Statistics {
    /// Counts the end of a task.
    pub fn note(&self, family: FamilyPlace, seen: Seen, now_ms: i64) {
        if let Some(tally) = self.families.get(family.0) {
            let tally = tally.get_or_init(Mutex::default);
            tally.lock().unwrap_or_else(PoisonError::into_inner).note(seen, now_ms);
        }
    }

    /// What has been seen, as of now.
    #[must_use]
    pub fn observed(&self, family: FamilyPlace, now_ms: i64) -> Observed {
        let tally = self.families.get(family.0).and_then(OnceLock::get);
        tally.map_or_else(Observed::default, |tally| {
            let tally = *tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.observed(now_ms)
        })
    }
}

impl Tally {
    fn note(&mut self, seen: Seen, now_ms: i64) {
        let faded = self.faded(1.0 - 1.0 / WINDOW, now_ms);
        *self = match seen {
            Seen::Solved(took_ms) => {
                Self { solved: faded.solved + 1.0, spent_ms: faded.spent_ms + float(took_ms.max(0)), ..faded }
            }
            Seen::Unsolved => Self { unsolved: faded.unsolved + 1.0, ..faded },
            Seen::Wrong => self.faded(1.0, now_ms).corrected(),
        };
    }

    /// The tally with one solved task less and one unsolved more. No task is new, so nothing fades for it; and what is not
    /// there any more, or never was since the start, is not taken away. Solved tasks stay as fast as they were.
    fn corrected(self) -> Self {
        let moved = self.solved.min(1.0);
        let kept = if self.solved > 0.0 { 1.0 - moved / self.solved } else { 0.0 };
        Self {
            solved: self.solved - moved,
            unsolved: self.unsolved + moved,
            spent_ms: self.spent_ms * kept,
            at_ms: self.at_ms,
        }
    }

    /// The tally at a later time, less what has faded meanwhile. A clock that was set back fades nothing.
    fn faded(self, kept: f64, now_ms: i64) -> Self {
        let idle_ms = now_ms.saturating_sub(self.at_ms).max(0);
        let kept = kept * (-float(idle_ms) / HALF_LIFE_MS).exp2();
        Self {
            solved: self.solved * kept,
            unsolved: self.unsolved * kept,
            spent_ms: self.spent_ms * kept,
            at_ms: now_ms.max(self.at_ms),
        }
    }

    fn observed(self, now_ms: i64) -> Observed {
        let Self { solved, unsolved, spent_ms, .. } = self.faded(1.0, now_ms);
        let samples = solved + unsolved;
        let quotient = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Observed { samples, success: quotient(solved, samples), latency_ms: quotient(spent_ms, solved) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a task or of an idle time are far below 2^53")]
const fn float(ms: i64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_after(ends: impl IntoIterator<Item = (Seen, i64)>, now_ms: i64) -> Observed {
        let (statistics, family) = (Statistics::default(), FamilyPlace::of("turnstile").unwrap());
        for (seen, at_ms) in ends {
            statistics.note(family, seen, at_ms);
        }
        assert_eq!(statistics.observed(FamilyPlace::of("hcaptcha").unwrap(), now_ms), Observed::default());
        statistics.observed(family, now_ms)
    }

    fn near(number: f64, expected: f64) -> bool {
        (number - expected).abs() <= expected * 0.01
    }

    #[test]
    fn nothing_seen_is_nothing_and_an_unknown_family_has_no_place() {
        assert_eq!(seen_after([], 1_000), Observed::default());
        assert!(FamilyPlace::of("no_such_family").is_none());
    }

    #[test]
    fn successes_and_times_are_counted_and_failures_have_no_time() {
        let observed = seen_after([(Seen::Solved(10_000), 1), (Seen::Unsolved, 2), (Seen::Solved(20_000), 3)], 3);
        assert!(near(observed.samples, 3.0) && near(observed.success, 2.0 / 3.0), "{observed:?}");
        assert!(near(observed.latency_ms, 15_000.0), "{observed:?}");
        let hopeless = seen_after([(Seen::Unsolved, 1)], 1);
        assert_eq!((hopeless.success, hopeless.latency_ms), (0.0, 0.0));
    }

    #[test]
    fn recent_tasks_count_most_and_the_count_is_bounded() {
        let good = (0..10_000).map(|n| (Seen::Solved(1_000), n));
        let then_bad = (10_000..10_300).map(|n| (Seen::Unsolved, n));
        let before = seen_after(good.clone(), 10_000);
        assert!(near(before.samples, WINDOW) && near(before.success, 1.0), "{before:?}");
        let after = seen_after(good.chain(then_bad), 10_300);
        assert!(after.samples < WINDOW + 1.0 && after.success < 0.12, "{after:?}");
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
        assert_eq!(seen_after(wrong(50), 1), Observed::default());
        let sunk = seen_after([(Seen::Solved(4_000), 0)].into_iter().chain(wrong(50)), 1);
        assert!(near(sunk.samples, 1.0) && sunk.success == 0.0 && sunk.latency_ms == 0.0, "{sunk:?}");
    }

    #[test]
    fn what_was_seen_fades_but_the_shares_stay() {
        let ends = [(Seen::Solved(8_000), 0), (Seen::Unsolved, 0)];
        let (now, later) = (seen_after(ends, 0), seen_after(ends, 3_600_000));
        assert!(near(later.samples * 2.0, now.samples), "{later:?}");
        assert_eq!((later.success, later.latency_ms), (now.success, now.latency_ms));
        assert_eq!(seen_after(ends, -5_000_000), now, "a clock that was set back fades nothing");
    }
}
