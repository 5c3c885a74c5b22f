//! How long solving takes.

use serde::{Deserialize, Serialize};

use crate::draw::{Draw, Purpose};

/// A distribution of times to solution, in simulated milliseconds (before `time_scale` divides them).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// Milliseconds.
        ms: u64,
    },
    /// Log-normal: `median_ms * exp(sigma * z)` with `z` standard normal. What measured services look like.
    Lognormal {
        /// Half of the tasks are solved within so many milliseconds.
        median_ms: f64,
        /// Spread of the logarithm; 0.5 puts nine of ten tasks under 1.9 medians.
        sigma: f64,
    },
    /// Any time from `min_ms` to `max_ms` with the same probability.
    Uniform {
        /// Least milliseconds.
        min_ms: u64,
        /// Most milliseconds.
        max_ms: u64,
    },
}

impl Latency {
    /// The time drawn at this address, in simulated milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a task are far below 2^53")]
    pub(crate) fn sample(self, draw: Draw) -> f64 {
        match self {
            Self::Fixed { ms } => ms as f64,
            Self::Lognormal { median_ms, sigma } => median_ms * (sigma * normal(draw)).exp(),
            Self::Uniform { min_ms, max_ms } => {
                let span = max_ms.saturating_sub(min_ms) as f64;
                draw.of(Purpose::Latency).unit().mul_add(span, min_ms as f64)
            }
        }
    }

    /// The time that half of the tasks take, in simulated milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a task are far below 2^53")]
    pub(crate) fn median_ms(self) -> f64 {
        match self {
            Self::Fixed { ms } => ms as f64,
            Self::Lognormal { median_ms, .. } => median_ms,
            Self::Uniform { min_ms, max_ms } => f64::midpoint(min_ms as f64, max_ms as f64),
        }
    }

    /// What is wrong with the numbers, if anything.
    pub(crate) fn fault(self) -> Option<&'static str> {
        match self {
            Self::Fixed { .. } => None,
            Self::Lognormal { median_ms, sigma } => {
                let sound = median_ms.is_finite() && median_ms >= 0.0 && (0.0..=10.0).contains(&sigma);
                (!sound).then_some("a log-normal latency needs median_ms >= 0 and sigma from 0 to 10")
            }
            Self::Uniform { min_ms, max_ms } => (min_ms > max_ms).then_some("a uniform latency needs min_ms <= max_ms"),
        }
    }
}

/// A standard normal value by the Box-Muller transform.
fn normal(draw: Draw) -> f64 {
    // 1 - u lies in (0, 1], which keeps the logarithm finite.
    let radius = (-2.0 * (1.0 - draw.of(Purpose::Latency).unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * draw.of(Purpose::LatencyAngle).unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lognormal_latencies_have_the_median_and_spread_that_were_asked_for() {
        let latency = Latency::Lognormal { median_ms: 25_000.0, sigma: 0.5 };
        let mut times: Vec<f64> = (0..4_001).map(|number| latency.sample(Draw::seeded(9).at(number))).collect();
        times.sort_by(f64::total_cmp);
        assert!((24_000.0..26_000.0).contains(&times[2_000]), "median {}", times[2_000]);
        // exp(1.2816 * 0.5) = 1.898 medians at the ninth tenth.
        assert!((44_500.0..50_500.0).contains(&times[3_600]), "p90 {}", times[3_600]);
    }

    #[test]
    fn uniform_latencies_stay_between_their_bounds() {
        let latency = Latency::Uniform { min_ms: 100, max_ms: 200 };
        assert!((0..1_000).all(|n| (100.0..200.0).contains(&latency.sample(Draw::seeded(1).at(n)))));
        assert!(Latency::Uniform { min_ms: 2, max_ms: 1 }.fault().is_some());
        assert!(Latency::Lognormal { median_ms: f64::NAN, sigma: 0.1 }.fault().is_some());
    }
}
