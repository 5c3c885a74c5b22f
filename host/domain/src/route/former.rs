//! Whether a provider that became worse is what it was again.
//!
//! When a [tally](super::Tally) finds that what it remembers is over, because things got worse, it keeps what was: outages end, and
//! mostly with the provider as it was before. From time to time one task is sent there to find out, and what comes of it is weighed
//! between the two, what was and what has become (Wald's sequential test, <https://doi.org/10.1214/aoms/1177731118>; restarted at
//! zero, as in Page's, since the return may come at any time). To wait until what was seen has faded instead takes the better part
//! of an hour, and then sends everybody there at once.

use serde::{Deserialize, Serialize};

use super::{Observed, Seen};

/// Who has become worse is not tried again before so many milliseconds without a word from it have passed,
const QUIET_MS: i64 = 60_000;
/// nor before this part of the time since it last solved a task: what has lasted long will last longer.
const QUIET_PART: i64 = 4;
/// After so many it is, however long it has lasted.
const QUIET_MOST_MS: i64 = 600_000;
/// So many times as likely as what it has become must what it was be, for what has come since.
const SURE: f64 = 300.0;
/// One task says no more than that one is so many times as likely as the other.
const TASK_SAYS: f64 = 10.0;
/// Nobody is believed to solve, or not to solve, less than this part of the tasks.
const DOUBT: f64 = 0.03;
/// The standard deviation of the logarithm of times: at most providers 0.3 to 0.6, more where some tasks never end.
const SPREAD: f64 = 0.9;
/// So much more of the tasks was solved by who was better; or about as many,
const BETTER_SUCCESS: f64 = 0.2;
/// in so many times less time.
const BETTER_TIME: f64 = 1.5;

/// What a provider or a credential was before it became worse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Former {
    /// The part of the tasks that was solved, 0 to 1.
    pub success: f64,
    /// Mean time to a solution, in milliseconds.
    pub latency_ms: f64,
    /// Mean time to a failure, in milliseconds.
    pub lost_ms: f64,
}

/// What was, and how much speaks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Return {
    former: Option<Former>,
    /// The logarithm of how many times as likely it is as what it has become; never below zero.
    evidence: f64,
    /// When a task was solved last.
    solved_at_ms: i64,
    /// When a task was last sent to find out.
    #[serde(default)]
    tried_at_ms: i64,
}

impl Return {
    /// What was seen before is over.
    pub(super) fn changed(&mut self, was: &Observed, is: &Observed) {
        let was = Former { success: was.success, latency_ms: was.latency_ms, lost_ms: was.lost_ms };
        // Who became bad and then worse is to become good again, not bad.
        self.former = self.former.or(Some(was)).filter(|former| former.is_better_than(is));
        self.evidence = 0.0;
    }

    /// Weighs the end of a task at a provider that has become this; tells what it was where it surely is that again.
    pub(super) fn weigh(&mut self, seen: Seen, is: &Observed, now_ms: i64) -> Option<Former> {
        if matches!(seen, Seen::Solved(_) | Seen::SolvedLate(..)) {
            self.solved_at_ms = self.solved_at_ms.max(now_ms);
        }
        let speaks = self.former?.speaks(seen, is).clamp(-TASK_SAYS.ln(), TASK_SAYS.ln());
        self.evidence = (self.evidence + speaks).max(0.0);
        if self.evidence < SURE.ln() {
            return None;
        }
        self.evidence = 0.0;
        self.former.take()
    }

    /// Whether it has become worse and is not back.
    pub(super) const fn is_worse(&self) -> bool {
        self.former.is_some()
    }

    /// A task is sent to find out.
    pub(super) const fn tried(&mut self, now_ms: i64) {
        self.tried_at_ms = now_ms;
    }

    /// What it was, where it may be that again: the last word from it, since the last task that was to find out, spoke for that; or
    /// neither a word nor such a task was for so long that one more is worth a try.
    pub(super) fn may_be(&self, last_ms: i64, now_ms: i64) -> Option<Former> {
        // What a clock that was set back has left in the future was now.
        let (last_ms, tried_ms) = (last_ms.min(now_ms), self.tried_at_ms.min(now_ms));
        let quiet_ms = now_ms.saturating_sub(last_ms.max(tried_ms));
        let bad_ms = now_ms.saturating_sub(self.solved_at_ms);
        let is_answered = self.evidence > 0.0 && last_ms >= tried_ms;
        let is_due = is_answered || quiet_ms >= (bad_ms / QUIET_PART).clamp(QUIET_MS, QUIET_MOST_MS);
        self.former.filter(|_| is_due)
    }

    /// What two processes know of the same provider, where the first one's is the newer. What speaks for a return, each has from its
    /// own tasks.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            former: self.former,
            evidence: 0.0,
            solved_at_ms: self.solved_at_ms.max(other.solved_at_ms),
            tried_at_ms: self.tried_at_ms.max(other.tried_at_ms),
        }
    }
}

impl Former {
    fn is_better_than(&self, is: &Observed) -> bool {
        let more = self.success - is.success;
        more > BETTER_SUCCESS || (more > -BETTER_SUCCESS && self.latency_ms * BETTER_TIME < is.latency_ms)
    }

    /// How much a task's end speaks for this and against what it has become: the logarithm of how many times as likely it makes it.
    fn speaks(&self, seen: Seen, is: &Observed) -> f64 {
        let [was_solved, is_solved] = [self.success, is.success].map(|success| success.clamp(DOUBT, 1.0 - DOUBT));
        match seen {
            Seen::Solved(took_ms) | Seen::SolvedLate(took_ms, _) => {
                (was_solved / is_solved).ln() + self.time_speaks(took_ms, is)
            }
            Seen::Unsolved(_) | Seen::Overdue(_) | Seen::Wrong => ((1.0 - was_solved) / (1.0 - is_solved)).ln(),
            Seen::Lost(_) | Seen::Mistaken(_) => 0.0,
        }
    }

    /// The same of the time that a solved task took, where both are known: times are distributed like a log-normal.
    fn time_speaks(&self, took_ms: i64, is: &Observed) -> f64 {
        if self.latency_ms <= 0.0 || is.latency_ms <= 0.0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a task are far below 2^53")]
        let took_ms = took_ms.max(1) as f64;
        let [from_was, from_is] = [self.latency_ms, is.latency_ms].map(|mean_ms| (took_ms / mean_ms).ln().powi(2));
        (from_is - from_was) / (2.0 * SPREAD * SPREAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Observed = observed(0.97, 7_000.0);
    const MINUTE_MS: i64 = 60_000;

    const fn observed(success: f64, latency_ms: f64) -> Observed {
        Observed { samples: 100.0, success, latency_ms, ..Observed::NOTHING }
    }

    /// After how many of these tasks it is what it was.
    fn needs(is: &Observed, tasks: impl IntoIterator<Item = Seen>) -> Option<usize> {
        let mut back = Return::default();
        back.changed(&GOOD, is);
        tasks.into_iter().position(|seen| back.weigh(seen, is, MINUTE_MS).is_some()).map(|n| n + 1)
    }

    #[test]
    fn three_solved_tasks_are_enough_where_hardly_any_was() {
        assert_eq!(needs(&observed(0.05, 9_000.0), [Seen::Solved(7_000); 9]), Some(3));
        let with_one_lost = [Seen::Solved(7_000), Seen::Overdue(30_000)].into_iter().chain([Seen::Solved(7_000); 9]);
        assert_eq!(needs(&observed(0.05, 9_000.0), with_one_lost), Some(5));
    }

    #[test]
    fn where_half_of_them_were_solved_more_have_to_be() {
        let is = observed(0.5, 7_000.0);
        assert_eq!(needs(&is, [Seen::Solved(7_000); 12]), Some(9));
        assert_eq!(needs(&is, [Seen::Solved(7_000), Seen::Unsolved(7_000)].repeat(50)), None);
    }

    #[test]
    fn times_tell_as_well() {
        let slow = observed(0.97, 35_000.0);
        assert_eq!(needs(&slow, [Seen::Solved(7_000); 9]), Some(4));
        assert_eq!(needs(&slow, [Seen::Solved(35_000); 99]), None);
    }

    #[test]
    fn who_became_better_has_nothing_to_return_to() {
        assert_eq!(needs(&observed(0.99, 5_000.0), [Seen::Solved(7_000); 99]), None);
    }

    #[test]
    fn who_became_worse_twice_returns_to_what_was_good() {
        let mut back = Return::default();
        back.changed(&GOOD, &observed(0.5, 7_000.0));
        back.changed(&observed(0.5, 7_000.0), &observed(0.05, 7_000.0));
        assert_eq!(back.former.map(|former| former.success), Some(GOOD.success));
    }

    #[test]
    fn the_longer_it_has_lasted_the_longer_nobody_tries_but_never_longer_than_ten_minutes() {
        let bad = observed(0.0, 0.0);
        let mut back = Return::default();
        back.weigh(Seen::Solved(7_000), &GOOD, MINUTE_MS);
        back.changed(&GOOD, &bad);
        let first_try = |last: i64| (last + 1..).find(|s| back.may_be(last * 1_000, s * 1_000).is_some());
        assert_eq!(first_try(100), Some(160), "a minute without a word");
        assert_eq!(first_try(60 + 1_200), Some(60 + 1_200 + 400), "a third of 20 minutes");
        assert_eq!(first_try(60 + 86_400), Some(60 + 86_400 + 600), "ten minutes");
    }

    #[test]
    fn one_task_at_a_time_finds_out() {
        let bad = observed(0.05, 9_000.0);
        let mut back = Return::default();
        back.changed(&GOOD, &bad);
        assert!(back.may_be(0, MINUTE_MS * 10).is_some());
        back.tried(MINUTE_MS * 10);
        assert!(back.may_be(0, MINUTE_MS * 10 + 1).is_none(), "one is under way");
        assert_eq!(back.weigh(Seen::Solved(7_000), &bad, MINUTE_MS * 11), None);
        assert!(back.may_be(MINUTE_MS * 11, MINUTE_MS * 11).is_some(), "it was solved");
        back.tried(MINUTE_MS * 11 + 1);
        assert!(back.may_be(MINUTE_MS * 11, MINUTE_MS * 11 + 2).is_none(), "the next is under way");
    }

    #[test]
    fn after_a_word_that_speaks_for_it_the_next_task_may_go_there_at_once() {
        let bad = observed(0.05, 9_000.0);
        let mut back = Return::default();
        back.changed(&GOOD, &bad);
        assert_eq!(back.weigh(Seen::Solved(7_000), &bad, MINUTE_MS), None);
        assert!(back.may_be(MINUTE_MS, MINUTE_MS).is_some());
        assert_eq!(back.weigh(Seen::Unsolved(7_000), &bad, MINUTE_MS), None);
        assert!(back.may_be(MINUTE_MS, MINUTE_MS).is_none());
    }
}
