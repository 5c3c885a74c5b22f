//! What is expected of a candidate, and how the modes weigh it.
//!
//! One score orders candidates: the expected **burden** of having a task solved there, a weighted sum of what it costs, how
//! long it takes and how likely it fails. A mode is a set of weights (compare `EV = p·(value − price) − λ·E[latency]` of
//! payment routers, of which this is the negative). Equal burdens are ordered by price, so that where nothing is known
//! every mode is the price order.

use serde::{Deserialize, Serialize};

use crate::Amount;

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

    const fn weights(self) -> Weights {
        match self {
            // Within one place of a saved order the price decides.
            Self::AutoCheapest | Self::Priority => Weights { dollar: 1.0, second: 0.0, failure: 0.0 },
            Self::AutoFastest => Weights { dollar: 0.0, second: 1.0, failure: 0.0 },
            Self::AutoMostReliable => Weights { dollar: 0.0, second: 0.0, failure: 1.0 },
        }
    }

    /// The expected burden of a candidate; the least goes first.
    ///
    /// The cost of a solution is its price, however many tries it takes: an account pays for solutions only.
    pub(super) fn burden(self, price: Amount, expected: Expected) -> f64 {
        let Weights { dollar, second, failure } = self.weights();
        dollar * price.as_dollars() + second * expected.seconds() + failure * (1.0 - expected.success)
    }
}

struct Weights {
    dollar: f64,
    second: f64,
    failure: f64,
}

/// What has been seen of a credential, or of a provider, for one family. Recent tasks count most, so that the number of
/// tasks is no whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// Tasks that came to an end there, refused and unsolved ones included; the client's own mistakes are none of them.
    pub samples: f64,
    /// The part of them that was solved, 0 to 1.
    pub success: f64,
    /// Mean time from the attempt's beginning to the solution, in milliseconds of the gateway's own time.
    pub latency_ms: f64,
}

/// What is expected of one task at a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Probability that it is solved, above 0 and at most 1.
    pub success: f64,
    /// How long it takes when it is solved, in milliseconds.
    pub latency_ms: f64,
}

/// As many tasks as what was believed before weighs, and what has been seen outweighs it twice after the ten tasks that the
/// field asks for.
const PRIOR_TASKS: f64 = 5.0;

/// What is believed of a provider of which nothing has been seen: the best. All of those are equal and so in price order;
/// beside known ones they go first, are tried, and within some ten tasks are known themselves. A guess in the middle would
/// leave whoever is dearer than a known good one untried for ever.
const UNKNOWN: Expected = Expected { success: 1.0, latency_ms: 1_000.0 };

impl Expected {
    /// What to expect of a credential: what was seen of it, before that what was seen of its provider, before that the
    /// best. So a new credential begins where its provider stands, and nobody gets first place by adding keys.
    #[must_use]
    pub fn of(credential: &Observed, provider: &Observed) -> Self {
        UNKNOWN.after(provider).after(credential)
    }

    /// A belief after seeing more: the mean of both, each weighted by its number of tasks (for the probability, the mean of
    /// a Beta distribution).
    fn after(self, seen: &Observed) -> Self {
        let solved = seen.samples * seen.success;
        Self {
            success: self.success.mul_add(PRIOR_TASKS, solved) / (seen.samples + PRIOR_TASKS),
            latency_ms: self.latency_ms.mul_add(PRIOR_TASKS, solved * seen.latency_ms) / (solved + PRIOR_TASKS),
        }
    }

    /// Expected seconds to a solution, tries that fail included: whoever waits for one tries again, `1 / success` times in
    /// the mean, and a failure takes its time too.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.latency_ms / self.success / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(samples: f64, success: f64, seconds: f64) -> Observed {
        Observed { samples, success, latency_ms: seconds * 1_000.0 }
    }

    /// A provider with one credential: what is seen of one is seen of the other.
    fn alone(observed: &Observed) -> Expected {
        Expected::of(observed, observed)
    }

    #[test]
    fn nothing_seen_is_equal_for_everybody() {
        assert_eq!(alone(&Observed::default()), UNKNOWN);
    }

    #[test]
    fn what_is_seen_of_a_provider_is_expected_of_its_new_credentials() {
        let bad = seen(100.0, 0.2, 60.0);
        let new = Expected::of(&Observed::default(), &bad);
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
        let burden = |expected| SelectionMode::AutoFastest.burden(Amount::ZERO, expected);
        assert!(burden(sure) < burden(unsure), "20 s for sure is sooner than 15 s every other time");
    }

    #[test]
    fn each_mode_weighs_one_thing() {
        let expected = Expected { success: 0.5, latency_ms: 10_000.0 };
        let price = Amount::from_nanos(2_000_000);
        for (mode, burden) in [
            (SelectionMode::AutoCheapest, 0.002),
            (SelectionMode::AutoFastest, 20.0),
            (SelectionMode::AutoMostReliable, 0.5),
            (SelectionMode::Priority, 0.002),
        ] {
            assert!((mode.burden(price, expected) - burden).abs() < 1e-12, "{mode:?}");
        }
    }
}
