//! What is expected of a candidate, and how the modes weigh it.
//!
//! One score orders candidates: the expected **burden** of getting one solution there, in the mode's own unit. Whoever needs a
//! solution tries again after a failure, `1 / success - 1` times in the mean, so every burden is what the solved try weighs and,
//! that many times, what a failed one weighs (the negative of the `EV = p·(value − price) − λ·E[latency]` of payment routers,
//! divided by `p`, which needs no value of a solution). Equal burdens are ordered by price, so that where nothing is known every
//! mode is the price order.

use serde::{Deserialize, Serialize};

use super::tally::is_over;
use super::{Former, Published};

/// How candidates are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SelectionMode {
    /// Lowest price first.
    AutoCheapest,
    /// Shortest expected time to a solution first.
    AutoFastest,
    /// Highest expected success first.
    AutoMostReliable,
    /// The key's or the operator's order of providers.
    Priority,
}

impl SelectionMode {
    /// Every mode, as clients write it.
    pub const ALL: &[(&'static str, Self)] = &[
        ("autoCheapest", Self::AutoCheapest),
        ("autoFastest", Self::AutoFastest),
        ("autoMostReliable", Self::AutoMostReliable),
        ("priority", Self::Priority),
    ];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoCheapest => "autoCheapest",
            Self::AutoFastest => "autoFastest",
            Self::AutoMostReliable => "autoMostReliable",
            Self::Priority => "priority",
        }
    }

    /// Reads a client's word; letter case does not count.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(_, mode)| *mode)
    }

    /// The expected burden of a candidate; the least goes first. `lowest` is the lowest price of all candidates.
    pub(super) fn burden(self, (price, lowest): (f64, f64), expected: Expected) -> f64 {
        match self {
            // Dollars. An account pays for solutions only, but a try that fails is no bargain: somebody waited in vain. Prices are
            // known and failures are estimated, so whoever is cheap has the benefit of the doubt. Within one place of a saved
            // order the price decides.
            Self::AutoCheapest | Self::Priority => {
                (lowest * FAILURE_PRICES).mul_add(expected.at_best().failures(), price)
            }
            Self::AutoFastest => expected.seconds(),
            Self::AutoMostReliable => expected.failures(),
        }
    }

    /// Burdens that differ by less than this part, or by less than this much, are as good as equal: what is known is not known
    /// better.
    const fn indifference(self) -> (f64, f64) {
        match self {
            Self::AutoCheapest | Self::Priority => (0.02, 0.0),
            Self::AutoFastest => (0.05, 0.1),
            Self::AutoMostReliable => (0.05, 0.01),
        }
    }

    /// Whether a burden is as good as the least.
    pub(super) fn is_near(self, burden: f64, least: f64) -> bool {
        let (part, amount) = self.indifference();
        burden <= least.mul_add(1.0 + part, amount)
    }
}

/// What has been seen of a credential, or of a provider, for one family. Recent tasks count most, so that the number of
/// tasks is no whole number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Tasks that came to an end there, refused and unsolved ones included; the client's own mistakes are none of them.
    pub samples: f64,
    /// The part of them that was solved, 0 to 1.
    pub success: f64,
    /// Mean time from the attempt's beginning to the solution, in milliseconds of the gateway's own time.
    pub latency_ms: f64,
    /// Mean time from the attempt's beginning to its failure, in the same.
    pub lost_ms: f64,
    /// When the last of these tasks ended.
    pub at_ms: i64,
    /// When what had been seen until then was found to be over; 0 where it never was.
    pub changed_at_ms: i64,
    /// What it was before it became worse, where one task is to find out whether it is that again.
    pub former: Option<Former>,
}

impl Observed {
    /// Nothing has been seen.
    pub const NOTHING: Self =
        Self { samples: 0.0, success: 0.0, latency_ms: 0.0, lost_ms: 0.0, at_ms: 0, changed_at_ms: 0, former: None };

    /// What was seen of a credential; nothing where its provider has changed since.
    pub(super) const fn unless_over(self, provider: &Self) -> Self {
        if is_over(self.at_ms, provider.changed_at_ms) { Self::NOTHING } else { self }
    }
}

impl Default for Observed {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// What is expected of one task at a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Probability that it is solved, above 0 and at most 1.
    pub success: f64,
    /// How long it takes when it is solved, in milliseconds.
    pub latency_ms: f64,
    /// How long it takes when it is not, in milliseconds.
    pub lost_ms: f64,
    /// As many tasks as this is known from, those included that are only believed.
    pub known_from: f64,
    /// What its provider was before it became worse, where one task is to find out whether it is that again.
    pub former: Option<Former>,
}

/// As many tasks as what was believed before weighs, and what has been seen outweighs it twice after the ten tasks that the
/// field asks for.
const PRIOR_TASKS: f64 = 5.0;

/// The same of what was seen of its provider, for a credential: those of one provider are much alike.
const ALIKE_TASKS: f64 = 10.0;

/// What is believed of a provider of which nothing has been seen: the best. All of those are equal and so in price order;
/// beside known ones they go first, are tried, and within some ten tasks are known themselves. A guess in the middle would
/// leave whoever is dearer than a known good one untried for ever.
const UNKNOWN: Expected =
    Expected { success: 1.0, latency_ms: 1_000.0, lost_ms: 30_000.0, known_from: PRIOR_TASKS, former: None };

/// Where nobody is idle, this share of the tasks is expected to be turned away at once. What providers do then is either that
/// or to let tasks wait, and which of the two nobody publishes, nor how many wait.
const TURNED_AWAY: f64 = 0.5;

/// And the others take so many times as long: whoever is to solve them has to solve another one first.
const WAITS_TIMES: f64 = 2.0;

/// What a failed try costs its client beside the try's own time, in milliseconds: to notice it, and to ask again.
const ASK_AGAIN_MS: f64 = 5_000.0;

/// What a failed try weighs where the price decides: so many times the lowest price of all candidates.
pub const FAILURE_PRICES: f64 = 2.0;

/// So many standard errors better than expected is what a candidate may be: whether it is, only a try can tell.
const HOPE: f64 = 1.0;

impl Expected {
    /// What to expect of a provider: what was seen of it; before that the speed that it publishes, and else the best.
    ///
    /// A published speed is believed as much as any belief: five tasks that were seen weigh as much, after ten it is outweighed
    /// twice. It is the mean of all customers' tasks, which is more than a guess, but not of this gateway's. It is never better
    /// than nothing: else whoever publishes what is not true would go before everybody else.
    pub(super) fn of_provider(provider: &Observed, published: Published) -> Self {
        let believed_ms = published.speed_ms.map_or(UNKNOWN.latency_ms, |ms| f64::from(ms).max(UNKNOWN.latency_ms));
        Self { latency_ms: believed_ms, former: provider.former, ..UNKNOWN }.after(provider, PRIOR_TASKS)
    }

    /// The same when its provider has as much to do as it publishes. Only that nobody is idle says something: more of them
    /// solve no task sooner. It is no reason to try nobody there, since it may be over by now.
    pub(super) fn at_load(self, published: Published) -> Self {
        if !published.nobody_is_idle() {
            return self;
        }
        let success = self.success * (1.0 - TURNED_AWAY);
        // Of those that fail, the ones that are turned away lose no time.
        let lost_ms = self.lost_ms * (1.0 - self.success) / (1.0 - success);
        Self { success, latency_ms: self.latency_ms * WAITS_TIMES, lost_ms, ..self }
    }

    /// What to expect of a credential of this provider: what was seen of it, before that what is expected of its provider. So
    /// a new credential begins where its provider stands, and nobody gets first place by adding keys.
    pub(super) fn of_credential(self, credential: &Observed) -> Self {
        self.after(credential, ALIKE_TASKS)
    }

    /// A belief after seeing more: the mean of both, each weighted by its number of tasks (for the probability, the mean of
    /// a Beta distribution).
    fn after(self, seen: &Observed, prior: f64) -> Self {
        let prior = prior.min(self.known_from);
        let solved = seen.samples * seen.success;
        let unsolved = seen.samples - solved;
        Self {
            success: self.success.mul_add(prior, solved) / (seen.samples + prior),
            latency_ms: self.latency_ms.mul_add(prior, solved * seen.latency_ms) / (solved + prior),
            lost_ms: unsolved.mul_add(seen.lost_ms, self.lost_ms) / (unsolved + 1.0),
            known_from: seen.samples + prior,
            former: self.former,
        }
    }

    /// Tries that fail before one is solved, in the mean.
    fn failures(self) -> f64 {
        1.0 / self.success - 1.0
    }

    /// Expected seconds to a solution, with those of the tries that fail before it.
    #[must_use]
    pub fn seconds(self) -> f64 {
        (self.lost_ms + ASK_AGAIN_MS).mul_add(self.failures(), self.latency_ms) / 1_000.0
    }

    /// As good as it may still be, for all that is known of it.
    pub(super) fn at_best(self) -> Self {
        let error = (self.success * (1.0 - self.success) / self.known_from).sqrt();
        Self {
            success: HOPE.mul_add(error, self.success).min(1.0),
            latency_ms: self.latency_ms * (1.0 - HOPE / self.known_from.sqrt()).max(0.0),
            ..self
        }
    }

    /// What it may be by now, for all that is known of it.
    pub(super) fn by_now(self) -> Self {
        let again = |Former { success, latency_ms, lost_ms }| Self { success, latency_ms, lost_ms, ..self };
        self.former.map_or_else(|| self.at_best(), again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(samples: f64, success: f64, seconds: f64) -> Observed {
        Observed { samples, success, latency_ms: seconds * 1_000.0, lost_ms: seconds * 1_000.0, ..Observed::NOTHING }
    }

    /// A provider with one credential: what is seen of one is seen of the other.
    fn alone(observed: &Observed) -> Expected {
        Expected::of_provider(observed, Published::NOTHING).of_credential(observed)
    }

    fn at_speed(seconds: u32) -> Published {
        Published { speed_ms: Some(seconds * 1_000), ..Published::NOTHING }
    }

    #[test]
    fn a_published_speed_is_believed_until_ten_tasks_are_seen() {
        let expected = |seen: &Observed| Expected::of_provider(seen, at_speed(20)).latency_ms;
        assert!((expected(&Observed::default()) - 20_000.0).abs() < 1.0);
        assert!((expected(&seen(5.0, 1.0, 50.0)) - 35_000.0).abs() < 1.0, "five tasks weigh as much");
        assert!((expected(&seen(10.0, 1.0, 50.0)) - 40_000.0).abs() < 1.0, "ten weigh twice as much");
        assert!((expected(&seen(500.0, 1.0, 50.0)) - 50_000.0).abs() < 500.0);
    }

    #[test]
    fn nobody_gains_by_publishing_that_he_is_fast() {
        for seconds in [0, 1] {
            assert_eq!(Expected::of_provider(&Observed::default(), at_speed(seconds)), UNKNOWN);
        }
    }

    #[test]
    fn where_nobody_is_idle_every_mode_expects_more_and_any_number_of_idle_ones_is_enough() {
        let busy = |idle| Published { idle: Some(idle), ..Published::NOTHING };
        for known in
            [UNKNOWN, alone(&seen(200.0, 0.95, 10.0)), alone(&seen(200.0, 1.0, 10.0)), alone(&seen(90.0, 0.1, 9.0))]
        {
            assert_eq!(known.at_load(busy(1)), known);
            let loaded = known.at_load(busy(0));
            assert!(loaded.success > 0.0 && loaded.lost_ms >= 0.0 && loaded.lost_ms <= known.lost_ms, "{loaded:?}");
            for (_, mode) in SelectionMode::ALL {
                let (before, after) = (mode.burden((0.002, 0.002), known), mode.burden((0.002, 0.002), loaded));
                assert!(after > before, "{mode:?}: {before} and then {after}");
            }
        }
        // 95 of 100 solved in 10 s become 47.5 in 20 s; of the other 52.5, 5 lose what they lost and 47.5 nothing.
        let loaded =
            Expected { success: 0.95, latency_ms: 10_000.0, lost_ms: 21_000.0, known_from: 100.0, former: None }
                .at_load(busy(0));
        assert!((loaded.success - 0.475).abs() < 1e-9 && (loaded.latency_ms - 20_000.0).abs() < 1e-6, "{loaded:?}");
        assert!((loaded.lost_ms - 2_000.0).abs() < 1e-6, "{loaded:?}");
    }

    #[test]
    fn nothing_seen_is_equal_for_everybody() {
        assert_eq!(alone(&Observed::default()), UNKNOWN);
    }

    #[test]
    fn what_is_seen_of_a_provider_is_expected_of_its_new_credentials() {
        let bad = seen(100.0, 0.2, 60.0);
        let new = Expected::of_provider(&bad, Published::NOTHING).of_credential(&Observed::default());
        assert!(new.success < 0.25 && new.latency_ms > 45_000.0, "{new:?}");
    }

    #[test]
    fn the_unknown_goes_first_but_not_for_ever_and_not_never() {
        let good = alone(&seen(120.0, 0.95, 12.0));
        assert!(UNKNOWN.success > good.success && UNKNOWN.seconds() < good.seconds());
        // One that is worse has lost its lead by some ten tasks, whichever way it is worse.
        let unreliable = alone(&seen(10.0, 0.7, 12.0));
        let slow = alone(&seen(10.0, 0.95, 24.0));
        assert!(unreliable.success < good.success && slow.seconds() > good.seconds(), "{unreliable:?} {slow:?}");
        // One that was bad is believed in again when what was seen of it has faded.
        assert!(alone(&seen(0.1, 0.0, 0.0)).success > good.success);
    }

    #[test]
    fn data_win_over_the_belief() {
        let known = alone(&seen(120.0, 0.8, 30.0));
        assert!((known.success - 0.8).abs() < 0.02, "{known:?}");
        assert!((known.latency_ms - 30_000.0).abs() < 3_000.0, "{known:?}");
    }

    #[test]
    fn whoever_never_solves_stays_above_zero_and_is_slow() {
        let hopeless = alone(&seen(128.0, 0.0, 0.0));
        assert!(hopeless.success > 0.0 && hopeless.seconds().is_finite() && hopeless.seconds() > 60.0, "{hopeless:?}");
    }

    #[test]
    fn failures_cost_time() {
        let (sure, unsure) = (alone(&seen(100.0, 1.0, 20.0)), alone(&seen(100.0, 0.5, 15.0)));
        assert!(sure.seconds() < unsure.seconds(), "20 s for sure is sooner than 15 s every other time");
        let refused = alone(&Observed { lost_ms: 0.0, ..seen(100.0, 0.5, 15.0) });
        assert!(refused.seconds() < unsure.seconds(), "what is refused at once loses less");
    }

    #[test]
    fn each_mode_weighs_one_thing() {
        let expected =
            Expected { success: 0.5, latency_ms: 10_000.0, lost_ms: 25_000.0, known_from: 100.0, former: None };
        // For a price it has the benefit of the doubt: a success of 0.55, 0.818 failures, each as two of the lowest price.
        let cheap = 0.002_f64.mul_add(1.0 / 0.55 - 1.0, 0.002);
        for (mode, burden) in [
            (SelectionMode::AutoCheapest, cheap),
            (SelectionMode::AutoFastest, 40.0),
            (SelectionMode::AutoMostReliable, 1.0),
            (SelectionMode::Priority, cheap),
        ] {
            assert!((mode.burden((0.002, 0.001), expected) - burden).abs() < 1e-12, "{mode:?}");
        }
    }

    #[test]
    fn what_is_little_known_may_be_better_and_what_is_well_known_is_not() {
        let (little, well) = (alone(&seen(3.0, 0.0, 40.0)).at_best(), alone(&seen(128.0, 0.1, 40.0)).at_best());
        assert!(little.success > 0.5 && well.success < 0.2, "{little:?} {well:?}");
        assert!(UNKNOWN.at_best().success <= 1.0 && UNKNOWN.at_best().latency_ms > 0.0);
    }
}
