//! What a provider publishes about prices, speed and load, as it was last told; in memory, beside its statistics.
//!
//! Read without a lock, by every route. It outlives reloads of the snapshot; a start begins without, and soon asks. `tasks`
//! asks ([`crate::tasks`]), one question to a provider at a time; here is whose turn it is, and what was answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use capstan_domain::catalogue;
use capstan_domain::route::Published;

use crate::clock;
use crate::statistics::FamilyPlace;

/// What is known of one provider's market.
#[derive(Default)]
pub struct Market {
    told: ArcSwapOption<Told>,
    turn: Mutex<Turn>,
}

/// What was told at one time.
struct Told {
    until_ms: i64,
    /// In the order of the catalogue's families.
    families: Vec<Published>,
}

/// When it is asked next.
#[derive(Default)]
struct Turn {
    is_asked: bool,
    /// Unknown where it was never asked.
    next_at_ms: Option<i64>,
    /// How often in a row it told nothing.
    failures: u32,
}

/// A question under way; whoever drops it without an answer has failed.
pub(crate) struct Question {
    market: Arc<Market>,
    every: Duration,
    is_answered: bool,
}

/// A provider that tells nothing is asked ever more seldom, down to so many times as seldom.
const MOST_SELDOM: u32 = 32;

impl Market {
    /// What is published for a family, if that is not too old.
    #[must_use]
    pub fn published(&self, family: FamilyPlace, now_ms: i64) -> Published {
        let told = self.told.load();
        let fresh = told.as_ref().filter(|told| now_ms < told.until_ms);
        fresh.and_then(|told| told.families.get(family.index())).copied().unwrap_or(Published::NOTHING)
    }

    /// Replaces what is known; it counts until then. Of two words on one family the first counts.
    pub fn learn(&self, offers: &[(FamilyPlace, Published)], until_ms: i64) {
        let said = |n: usize| offers.iter().find(|(family, _)| family.index() == n).map(|(_, published)| *published);
        let families = (0..catalogue::all().len()).map(|n| said(n).unwrap_or(Published::NOTHING)).collect();
        self.told.store(Some(Arc::new(Told { until_ms, families })));
    }

    /// A question, when it is time for one: some time after this was first called, then so often, and none while one is
    /// under way.
    pub(crate) fn question(self: &Arc<Self>, every: Duration, now_ms: i64) -> Option<Question> {
        let mut turn = self.turn();
        let next_at_ms = *turn.next_at_ms.get_or_insert_with(|| after(now_ms, clock::spread(every)));
        if turn.is_asked || now_ms < next_at_ms {
            return None;
        }
        turn.is_asked = true;
        Some(Question { market: Arc::clone(self), every, is_answered: false })
    }

    // A poisoned lock is entered all the same: a turn is whole between two statements.
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    /// Takes down the answer; it counts until then.
    pub(crate) fn answered(mut self, offers: &[(FamilyPlace, Published)], until_ms: i64) {
        self.market.learn(offers, until_ms);
        self.is_answered = true;
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let mut turn = self.market.turn();
        turn.is_asked = false;
        turn.failures = if self.is_answered { 0 } else { turn.failures.saturating_add(1) };
        let times = 2_u32.saturating_pow(turn.failures).min(MOST_SELDOM);
        turn.next_at_ms = Some(after(clock::now_ms(), clock::spread(self.every.saturating_mul(times))));
    }
}

fn after(now_ms: i64, wait: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(60);

    fn place(family: &str) -> FamilyPlace {
        FamilyPlace::of(family).unwrap()
    }

    fn idle(idle: u32) -> Published {
        Published { idle: Some(idle), ..Published::NOTHING }
    }

    /// The next question, and how long after now it may be asked at the soonest and at the latest.
    fn next(market: &Arc<Market>, (soonest_s, latest_s): (i64, i64)) -> Question {
        let now_ms = clock::now_ms();
        assert!(market.question(EVERY, now_ms + soonest_s * 1_000 - 1_000).is_none(), "sooner than {soonest_s} s");
        market.question(EVERY, now_ms + latest_s * 1_000).unwrap()
    }

    #[test]
    fn what_was_told_counts_for_its_family_until_its_time_is_over() {
        let market = Market::default();
        assert_eq!(market.published(place("turnstile"), 0), Published::NOTHING);
        market.learn(&[(place("turnstile"), idle(3)), (place("turnstile"), idle(9))], 1_000);
        assert_eq!(market.published(place("turnstile"), 999), idle(3));
        assert_eq!(market.published(place("turnstile"), 1_000), Published::NOTHING);
        assert_eq!(market.published(place("hcaptcha"), 999), Published::NOTHING);
        market.learn(&[(place("hcaptcha"), idle(1))], 1_000);
        assert_eq!(
            market.published(place("turnstile"), 0),
            Published::NOTHING,
            "what is not told any more is not known"
        );
    }

    #[test]
    fn one_question_at_a_time_and_the_next_one_later() {
        let market = Arc::new(Market::default());
        assert!(market.question(EVERY, clock::now_ms()).is_none(), "not at once");
        let question = next(&market, (30, 60));
        assert!(market.question(EVERY, i64::MAX).is_none(), "one is under way");
        question.answered(&[(place("turnstile"), idle(3))], i64::MAX);
        assert_eq!(market.published(place("turnstile"), 0), idle(3));
        drop(next(&market, (30, 60)));
    }

    #[test]
    fn whoever_tells_nothing_is_asked_ever_more_seldom_and_as_often_again_once_it_does() {
        let market = Arc::new(Market::default());
        let _ = market.question(EVERY, clock::now_ms());
        drop(next(&market, (30, 60)));
        drop(next(&market, (60, 120)));
        for _ in 0..20 {
            drop(next(&market, (60, 60 * 32)));
        }
        let question = next(&market, (30 * 32, 60 * 32));
        question.answered(&[], i64::MAX);
        drop(next(&market, (30, 60)));
    }
}
