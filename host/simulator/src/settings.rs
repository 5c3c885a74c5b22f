//! What a simulator is started with, and what can be changed while it runs.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::call::Family;
use crate::latency::Latency;
use crate::money::Usd;
use crate::wire::WireFormat;

/// What a simulator is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The service whose wire format is spoken. Default: anti-captcha.
    pub speaks: WireFormat,
    /// Address to listen on; port 0 takes a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Makes a run repeatable: the same seed, keys and tasks give the same outcomes. Default 1.
    pub seed: u64,
    /// The API keys that are known. Default: one key, `simulator`, with 1000 dollars.
    pub keys: Vec<KeySettings>,
    /// How the service behaves; can be changed while it runs.
    pub behaviour: Behaviour,
    /// Most requests that the log keeps; the oldest go first. Default 100,000.
    pub log_entries: usize,
    /// Most bytes of request bodies that the log keeps; the oldest go first. Default 256 MiB.
    pub log_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            speaks: WireFormat::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            keys: vec![KeySettings { key: "simulator".to_owned(), balance: Usd::dollars(1000) }],
            behaviour: Behaviour::default(),
            log_entries: 100_000,
            log_bytes: 256 * 1024 * 1024,
        }
    }
}

/// An API key and its prepaid balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// What clients send as `clientKey`, or `key` to 2captcha.
    pub key: String,
    /// Dollars that can be spent; 0 is an exhausted key.
    pub balance: Usd,
}

/// How the service behaves. The default is a prompt and faultless one; see [`Behaviour::realistic`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Dollars for one task, by family; a family that is not named costs `default_price`.
    pub prices: BTreeMap<Family, Usd>,
    /// Dollars for one task of a family without a price of its own. Default 0.002.
    pub default_price: Usd,
    /// Whether an unsolvable task is charged. Default: as at the service that is spoken (only anti-captcha charges).
    pub charges_unsolvable: Option<bool>,
    /// What is published of single families instead of what is true. Only anti-captcha publishes anything.
    pub published: BTreeMap<Family, Published>,
    /// Time to solution. Default: fixed, 0 ms.
    pub latency: Latency,
    /// Time to solution of single families, instead of `latency`.
    pub latency_by_family: BTreeMap<Family, Latency>,
    /// Share of requests and tasks that go wrong. Default: none.
    pub failures: Failures,
    /// The rules that clients must keep.
    pub limits: Limits,
    /// Every simulated duration (latency, slow replies, limits) is divided by this. Default 1; 100 makes a minute 0.6 s.
    pub time_scale: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        let price = |nanos| Usd::from_nanos(nanos);
        Self {
            prices: BTreeMap::from([
                (Family::ImageToText, price(500_000)),
                (Family::RecaptchaV2, price(950_000)),
                (Family::RecaptchaV2Enterprise, price(2_000_000)),
                (Family::RecaptchaV3, price(1_000_000)),
            ]),
            default_price: price(2_000_000),
            charges_unsolvable: None,
            published: BTreeMap::new(),
            latency: Latency::Fixed { ms: 0 },
            latency_by_family: BTreeMap::new(),
            failures: Failures::default(),
            limits: Limits::default(),
            time_scale: 1.0,
        }
    }
}

impl Behaviour {
    /// The speed, the failures and the strictness of a service where people solve: medians of 8 to 25 seconds, a few
    /// unsolvable tasks, polls at least 2 s apart.
    #[must_use]
    pub fn realistic() -> Self {
        let lognormal = |median_ms, sigma| Latency::Lognormal { median_ms, sigma };
        Self {
            latency: lognormal(25_000.0, 0.5),
            latency_by_family: BTreeMap::from([
                (Family::ImageToText, lognormal(8_000.0, 0.5)),
                (Family::RecaptchaV3, lognormal(8_000.0, 0.4)),
                (Family::Turnstile, lognormal(10_000.0, 0.5)),
            ]),
            failures: Failures {
                create: CreateFailures { no_slot: 0.01, server_error_before: 0.002, ..CreateFailures::default() },
                solve: SolveFailures { unsolvable: 0.04, proxy_error: 0.02 },
                poll: PollFailures { server_error: 0.002, ..PollFailures::default() },
            },
            limits: Limits { min_poll_interval_ms: 2_000, ..Limits::default() },
            ..Self::default()
        }
    }

    /// What a task of this family costs.
    pub(crate) fn price(&self, family: Family) -> Usd {
        self.prices.get(&family).copied().unwrap_or(self.default_price)
    }

    /// How long a task of this family takes.
    pub(crate) fn latency(&self, family: Family) -> Latency {
        self.latency_by_family.get(&family).copied().unwrap_or(self.latency)
    }

    /// Simulated milliseconds as real ones.
    #[expect(clippy::cast_precision_loss, reason = "simulated durations are far below 2^53 milliseconds")]
    pub(crate) fn scaled(&self, simulated_ms: u64) -> u64 {
        self.scaled_f64(simulated_ms as f64)
    }

    /// Simulated milliseconds, with fractions, as real ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
    pub(crate) fn scaled_f64(&self, simulated_ms: f64) -> u64 {
        (simulated_ms / self.time_scale).round() as u64
    }

    /// What is wrong with the numbers, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if !(self.time_scale.is_finite() && self.time_scale > 0.0) {
            return Some("time_scale must be above 0");
        }
        if self.prices.values().chain([&self.default_price]).any(|price| *price < Usd::ZERO) {
            return Some("prices must not be negative");
        }
        let speeds = self.published.values().filter_map(|told| told.speed_s);
        if speeds.into_iter().any(|speed_s| !(speed_s.is_finite() && speed_s >= 0.0)) {
            return Some("published speeds must not be negative");
        }
        let latencies = self.latency_by_family.values().chain([&self.latency]);
        latencies.copied().find_map(Latency::fault).or_else(|| self.failures.fault())
    }
}

/// What is published of one family; what is not said here is what is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Published {
    /// Idle workers.
    pub idle: Option<u64>,
    /// Dollars for one task.
    pub price: Option<Usd>,
    /// Time to solution in simulated seconds.
    pub speed_s: Option<f64>,
}

/// The rules that clients must keep; all times in simulated milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A poll of the same task sooner than this after the last one is answered with a throttle error. Default 0: off.
    pub min_poll_interval_ms: u64,
    /// Polls of one task beyond this number are counted in the statistics; capsolver no longer knows the task then.
    /// Default 120.
    pub max_polls: u64,
    /// A finished task's result is dropped after this. Default: as at the service that is spoken, which is 60,000 after
    /// the end at anti-captcha, 900,000 after the creation at 2captcha, 300,000 after the creation at capsolver.
    pub result_kept_ms: Option<u64>,
    /// A task not solved by then is given up, uncharged. Default 300,000; capsolver never waits longer than 120,000.
    pub longest_life_ms: u64,
    /// Tasks that can be open at once; more are answered with "no slot". Default 100,000.
    pub workers: u64,
    /// Tasks of one key that can be open at once; more are answered with what the service says of too many, such as capsolver's
    /// `ERROR_RATE_LIMIT` and 2captcha's `ERROR: 1003` (whose ban of 30 s is not kept up); anti-captcha documents none, so that it
    /// is its throttle error there. Default: off.
    pub open_per_key: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            min_poll_interval_ms: 0,
            max_polls: 120,
            result_kept_ms: None,
            longest_life_ms: 300_000,
            workers: 100_000,
            open_per_key: None,
        }
    }
}

/// Shares, from 0 to 1, of what goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failures {
    /// When a task is created.
    pub create: CreateFailures,
    /// When a task is solved.
    pub solve: SolveFailures,
    /// When a task is polled.
    pub poll: PollFailures,
}

/// Shares of creates; those from `server_error_before` to `malformed` exclude each other and sum to 1 at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateFailures {
    /// An error page with status 502; not accepted.
    pub server_error_before: f64,
    /// The connection is closed without an answer; not accepted.
    pub lost_before: f64,
    /// A throttle error; not accepted.
    pub throttled: f64,
    /// `ERROR_NO_SLOT_AVAILABLE`, or what the service calls it; not accepted.
    pub no_slot: f64,
    /// Accepted, but the answer is an error page with status 502.
    pub server_error_after: f64,
    /// Accepted, but the connection is closed without an answer.
    pub lost_reply: f64,
    /// Accepted, but the answer cannot be read: truncated, HTML or wrong types.
    pub malformed: f64,
    /// Answers that come late, whatever they say.
    pub slow_reply: f64,
    /// How late, in simulated milliseconds.
    pub slow_reply_ms: u64,
}

/// Shares of accepted tasks; they exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SolveFailures {
    /// `ERROR_CAPTCHA_UNSOLVABLE`; `charges_unsolvable` says whether it costs.
    pub unsolvable: f64,
    /// One of the proxy errors, not charged; only tasks with a proxy.
    pub proxy_error: f64,
}

/// Shares of polls; all but `slow_reply` exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PollFailures {
    /// A throttle error.
    pub throttled: f64,
    /// An error page with status 502.
    pub server_error: f64,
    /// The connection is closed without an answer.
    pub lost_reply: f64,
    /// The answer cannot be read: truncated, HTML or wrong types.
    pub malformed: f64,
    /// Answers that come late, whatever they say.
    pub slow_reply: f64,
    /// How late, in simulated milliseconds.
    pub slow_reply_ms: u64,
}

impl Failures {
    fn fault(&self) -> Option<&'static str> {
        let Self { create, solve, poll } = self;
        let exclusive: [&[f64]; 5] = [
            &[
                create.server_error_before,
                create.lost_before,
                create.throttled,
                create.no_slot,
                create.server_error_after,
                create.lost_reply,
                create.malformed,
            ],
            &[solve.unsolvable, solve.proxy_error],
            &[poll.throttled, poll.server_error, poll.lost_reply, poll.malformed],
            &[create.slow_reply],
            &[poll.slow_reply],
        ];
        let sound = |shares: &[f64]| {
            // A hair above 1 is what ten shares of 0.1 sum to.
            shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares.iter().sum::<f64>() <= 1.0 + 1e-9
        };
        let all_sound = exclusive.into_iter().all(sound);
        (!all_sound).then_some("failure shares lie between 0 and 1, and those that exclude each other sum to 1 at most")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_sound_and_survive_being_written_down() {
        for behaviour in [Behaviour::default(), Behaviour::realistic()] {
            assert_eq!(behaviour.fault(), None);
            let text = serde_json::to_string(&behaviour).unwrap();
            assert_eq!(serde_json::from_str::<Behaviour>(&text).unwrap(), behaviour);
        }
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    }

    #[test]
    fn unsound_numbers_are_named() {
        let mut behaviour = Behaviour { time_scale: 0.0, ..Behaviour::default() };
        assert!(behaviour.fault().is_some_and(|fault| fault.contains("time_scale")));
        behaviour.time_scale = 1.0;
        behaviour.failures.create.lost_reply = 0.6;
        behaviour.failures.create.no_slot = 0.6;
        assert!(behaviour.fault().is_some_and(|fault| fault.contains("shares")));
        behaviour.failures.create.no_slot = 0.4;
        assert_eq!(behaviour.fault(), None);
        behaviour.default_price = Usd::from_nanos(-1);
        assert!(behaviour.fault().is_some_and(|fault| fault.contains("prices")));
    }

    #[test]
    fn misspelt_settings_are_refused() {
        assert!(serde_json::from_str::<Behaviour>(r#"{"latncy": {"kind": "fixed", "ms": 1}}"#).is_err());
    }
}
