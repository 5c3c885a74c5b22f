//! When to poll, and when to give up. All times are integer milliseconds; the clock is the caller's.

use crate::adapter::PollLimits;

/// The limits with every wait divided by a scale: how tests and `dev` run fast against a simulator on loopback.
#[must_use]
pub fn scaled(limits: &PollLimits, scale: u32) -> PollLimits {
    let divided = |ms: u32| (ms / scale.max(1)).max(1);
    PollLimits {
        first_wait_ms: divided(limits.first_wait_ms),
        interval_ms: divided(limits.interval_ms),
        longest_life_ms: divided(limits.longest_life_ms),
        result_kept_ms: divided(limits.result_kept_ms),
        max_polls: limits.max_polls,
        max_batch: limits.max_batch,
    }
}

/// When a task is given up: the smaller of the provider's longest life and the gateway's own limit, after its creation.
#[must_use]
pub fn deadline_at_ms(created_at_ms: i64, limits: &PollLimits, task_deadline_ms: u32) -> i64 {
    created_at_ms.saturating_add(i64::from(limits.longest_life_ms.min(task_deadline_ms)))
}

/// When to poll first: after the provider's own hint or the manifest's wait, whichever is later.
#[must_use]
pub fn first_poll_at_ms(accepted_at_ms: i64, limits: &PollLimits, hint_ms: Option<u32>) -> i64 {
    accepted_at_ms.saturating_add(i64::from(limits.first_wait_ms.max(believed(limits, hint_ms))))
}

/// A provider's hint, as far as it is believed: a result is lost when its poll comes after it was dropped, whatever the
/// hint said.
fn believed(limits: &PollLimits, hint_ms: Option<u32>) -> u32 {
    hint_ms.unwrap_or(0).min(limits.result_kept_ms / 2)
}

/// When to poll again, or `None` when the polls are used up.
///
/// The interval is the provider's shortest; where that would use up the polls before the deadline, what is left of the
/// time is shared evenly among what is left of the polls. It never grows beyond half of the time for which a result is
/// kept, since a result that is dropped before it is read is lost.
#[must_use]
pub fn next_poll_at_ms(now_ms: i64, deadline_at_ms: i64, limits: &PollLimits, polls: &Polls) -> Option<i64> {
    let left = limits.max_polls.checked_sub(polls.used).filter(|left| *left > 0)?;
    let shortest = i64::from(limits.interval_ms.max(believed(limits, polls.hint_ms)));
    let even = deadline_at_ms.saturating_sub(now_ms).max(0) / i64::from(left);
    let longest = i64::from(limits.result_kept_ms / 2);
    Some(now_ms.saturating_add(even.min(longest).max(shortest)))
}

/// When to poll an attempt again whose task is over, or `None` when nothing more will be learned: the poll that has just
/// been answered was the last one, or the polls are used up.
///
/// Nobody waits for the answer, so each interval is half as long as the watch has lasted, as far as the ordinary schedule
/// would not poll more seldom and a result is kept. The last poll comes when the provider surely has given the attempt up.
#[must_use]
pub fn watched_poll_at_ms(now_ms: i64, watch: Watch, limits: &PollLimits, polls: &Polls) -> Option<i64> {
    let ordinary = next_poll_at_ms(now_ms, watch.until_ms, limits, polls).filter(|_| now_ms < watch.until_ms)?;
    let longest = i64::from(limits.result_kept_ms / 2);
    let grown = (now_ms.saturating_sub(watch.began_at_ms) / 2).min(longest);
    let at_ms = ordinary.max(now_ms.saturating_add(grown));
    // The last of the polls is for the end, and so is one that would leave no room for another before it.
    let is_last = limits.max_polls.saturating_sub(polls.used) == 1;
    let soonest_ms = now_ms.saturating_add(i64::from(limits.interval_ms));
    let no_room = at_ms.saturating_add(i64::from(limits.interval_ms)) > watch.until_ms;
    Some(if is_last || no_room { watch.until_ms.max(soonest_ms) } else { at_ms })
}

/// For how long an attempt is asked about whose task is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// When its task ended.
    pub began_at_ms: i64,
    /// When its provider surely has given it up.
    pub until_ms: i64,
}

/// How a task's polling stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polls {
    /// Polls already sent.
    pub used: u32,
    /// Wait that the provider asked for in its last answer.
    pub hint_ms: Option<u32>,
}

/// Polls that a process which is gone may have used: polls are not written one by one, so every interval counts.
#[must_use]
pub fn polls_used_before_restart(accepted_at_ms: i64, now_ms: i64, limits: &PollLimits) -> u32 {
    let age = u64::try_from(now_ms.saturating_sub(accepted_at_ms)).unwrap_or(0);
    u32::try_from(age.div_ceil(u64::from(limits.interval_ms.max(1)))).unwrap_or(u32::MAX)
}

/// When a task is polled first after a restart: one interval later, since the process before may have polled just now, and
/// not before its first wait is over.
#[must_use]
pub fn resumed_poll_at_ms(now_ms: i64, accepted_at_ms: i64, limits: &PollLimits) -> i64 {
    now_ms.saturating_add(i64::from(limits.interval_ms)).max(first_poll_at_ms(accepted_at_ms, limits, None))
}

/// How much later the `index`-th of `count` tasks is polled: spread over one interval, so that a restart is no burst.
#[must_use]
pub fn spread_ms(index: usize, count: usize, limits: &PollLimits) -> i64 {
    let part = u64::from(limits.interval_ms).saturating_mul(index as u64) / (count.max(1) as u64);
    i64::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PollLimits = PollLimits {
        first_wait_ms: 5_000,
        interval_ms: 2_000,
        max_polls: 120,
        longest_life_ms: 300_000,
        result_kept_ms: 60_000,
        max_batch: 1,
    };

    #[test]
    fn polls_last_until_the_deadline_and_never_come_faster_than_allowed() {
        let (deadline, mut now, mut polls) = (300_000, first_poll_at_ms(0, &LIMITS, None), Polls::default());
        let mut gaps = Vec::new();
        while now < deadline {
            polls.used += 1;
            let Some(next) = next_poll_at_ms(now, deadline, &LIMITS, &polls) else { break };
            gaps.push(next - now);
            now = next;
        }
        assert!(polls.used <= LIMITS.max_polls && now >= deadline - 5_000, "{polls:?} {now}");
        assert!(gaps.iter().all(|gap| (2_000..=30_000).contains(gap)));
    }

    #[test]
    fn used_up_polls_end_the_polling() {
        assert_eq!(next_poll_at_ms(0, 300_000, &LIMITS, &Polls { used: 120, hint_ms: None }), None);
    }

    #[test]
    fn a_hint_may_slow_polling_but_not_speed_it_up() {
        assert_eq!(first_poll_at_ms(0, &LIMITS, Some(9_000)), 9_000);
        assert_eq!(first_poll_at_ms(0, &LIMITS, Some(100)), 5_000);
        let hinted = next_poll_at_ms(0, 10_000, &LIMITS, &Polls { used: 1, hint_ms: Some(7_000) });
        assert_eq!(hinted, Some(7_000));
        assert_eq!(first_poll_at_ms(0, &LIMITS, Some(u32::MAX)), 30_000, "a hint beyond the result's keeping");
        let far = next_poll_at_ms(0, 300_000, &LIMITS, &Polls { used: 1, hint_ms: Some(u32::MAX) });
        assert_eq!(far, Some(30_000));
    }

    #[test]
    fn a_watched_attempt_is_polled_ever_more_seldom_and_once_more_at_the_end() {
        let watch = Watch { began_at_ms: 100_000, until_ms: 300_000 };
        let (mut now, mut polls, mut gaps) = (101_000, Polls { used: 40, hint_ms: None }, Vec::new());
        loop {
            polls.used += 1;
            let Some(next) = watched_poll_at_ms(now, watch, &LIMITS, &polls) else { break };
            gaps.push(next - now);
            now = next;
        }
        assert_eq!(now, watch.until_ms, "the last poll is at the end");
        assert!(gaps.iter().all(|gap| (2_000..=30_000 + 2_000).contains(gap)), "{gaps:?}");
        assert!(gaps.len() < 20, "{gaps:?}");
    }

    #[test]
    fn the_last_poll_of_a_watched_attempt_is_kept_for_its_end() {
        let watch = Watch { began_at_ms: 100_000, until_ms: 300_000 };
        let polls = |used| Polls { used, hint_ms: None };
        assert_eq!(watched_poll_at_ms(101_000, watch, &LIMITS, &polls(119)), Some(300_000));
        assert_eq!(watched_poll_at_ms(101_000, watch, &LIMITS, &polls(120)), None);
        assert_eq!(watched_poll_at_ms(299_000, watch, &LIMITS, &polls(0)), Some(301_000));
        assert_eq!(watched_poll_at_ms(300_000, watch, &LIMITS, &polls(0)), None);
    }

    #[test]
    fn a_restart_counts_every_interval_as_a_poll() {
        assert_eq!(polls_used_before_restart(0, 9_001, &LIMITS), 5);
        assert_eq!(polls_used_before_restart(10, 0, &LIMITS), 0);
    }

    #[test]
    fn after_a_restart_no_poll_comes_too_early() {
        assert_eq!(resumed_poll_at_ms(1_000, 0, &LIMITS), 5_000);
        assert_eq!(resumed_poll_at_ms(60_000, 0, &LIMITS), 62_000);
        assert_eq!((spread_ms(0, 4, &LIMITS), spread_ms(3, 4, &LIMITS)), (0, 1_500));
    }

    #[test]
    fn scaling_divides_waits_only() {
        let fast = scaled(&LIMITS, 1_000);
        assert_eq!((fast.first_wait_ms, fast.interval_ms, fast.max_polls), (5, 2, 120));
        assert_eq!(scaled(&LIMITS, 0), LIMITS);
    }
}
