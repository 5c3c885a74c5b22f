//! How an account's tasks are: whether providers find too many of them bad.
//!
//! A provider that gets nonsense bans the key that it came with, and a contributed key is somebody's account there. So what a
//! client does wrong counts against the client's account: when too many of its tasks were refused as bad, its tasks are kept to
//! the platform's credentials for a while, which the operator answers for.

/// Bad tasks in the window at which an account is kept to the platform …
const BAD: u32 = 20;
/// … if they are this many percent of the tasks of which a provider has said something.
const BAD_PERCENT: u32 = 50;
/// Length of the window, and how long the account is kept to the platform after it: 10 minutes, as long as a service blocks.
pub const WINDOW_MS: i64 = 600_000;

/// What is remembered of one account's tasks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conduct {
    began_ms: i64,
    bad: u32,
    other: u32,
    kept_until_ms: i64,
}

impl Conduct {
    /// Takes down what a provider said to a task: that it is bad, or anything else. Answers whether the account is kept to the
    /// platform from now on.
    pub fn note(&mut self, is_bad: bool, now_ms: i64) -> bool {
        if now_ms.saturating_sub(self.began_ms) >= WINDOW_MS {
            *self = Self { began_ms: now_ms, kept_until_ms: self.kept_until_ms, ..Self::default() };
        }
        let count = if is_bad { &mut self.bad } else { &mut self.other };
        *count = count.saturating_add(1);
        let is_share =
            u64::from(self.bad) * 100 >= u64::from(BAD_PERCENT) * (u64::from(self.bad) + u64::from(self.other));
        let is_kept = self.is_kept(now_ms);
        if is_bad && self.bad >= BAD && is_share {
            self.kept_until_ms = now_ms.saturating_add(WINDOW_MS);
        }
        !is_kept && self.is_kept(now_ms)
    }

    /// Whether the account's tasks are kept to the platform's credentials.
    #[must_use]
    pub const fn is_kept(&self, now_ms: i64) -> bool {
        now_ms < self.kept_until_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bad_tasks_keep_an_account_to_the_platform_for_a_while() {
        let mut conduct = Conduct::default();
        for n in 0..19 {
            assert!(!conduct.note(true, n));
        }
        assert!(!conduct.is_kept(19) && conduct.note(true, 19) && conduct.is_kept(20));
        assert!(!conduct.note(true, 20), "it is told once");
        assert!(conduct.is_kept(20 + WINDOW_MS - 1) && !conduct.is_kept(20 + WINDOW_MS));
    }

    #[test]
    fn some_bad_ones_among_many_are_nothing_and_the_old_ones_are_forgotten() {
        let mut conduct = Conduct::default();
        for n in 0..200 {
            conduct.note(n % 3 == 0, 0);
        }
        assert!(!conduct.is_kept(0));
        let mut conduct = Conduct::default();
        for _ in 0..19 {
            conduct.note(true, 0);
        }
        assert!(!conduct.note(true, WINDOW_MS), "another window");
    }
}
