//! Providers as they really are, which no router knows.

use capstan_domain::route::Pool;
use rand::RngExt as _;
use rand_distr::{Distribution as _, LogNormal};
use rand_pcg::Pcg64Mcg;

/// A provider over the time of a scenario.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What a solved task costs with a credential of the platform's, in nano-dollars.
    pub price: i64,
    /// What it costs with a contributed one.
    pub community_price: i64,
    /// Its credentials.
    pub credentials: Vec<Credential>,
    /// What is true of it from a time on, in milliseconds, the first from 0 on.
    pub phases: Vec<(i64, Truth)>,
    /// Whether it goes from one phase to the next bit by bit.
    pub glides: bool,
}

/// One credential.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    /// Its pool.
    pub pool: Pool,
    /// As many open tasks as its provider lets it have; nobody is told.
    pub limit: u32,
    /// Multiplies the provider's success.
    pub quality: f64,
    /// Whether its provider accepts the key.
    pub is_accepted: bool,
}

/// What is true of a provider at a time.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// Whether it can be reached.
    pub is_up: bool,
    /// Share of tasks that are refused because nobody is free.
    pub busy: f64,
    /// Share of accepted tasks that are never answered.
    pub lost: f64,
    /// Share of answered tasks that are solved.
    pub success: f64,
    /// Median time to an answer, in milliseconds.
    pub median_ms: f64,
    /// How much times differ: the standard deviation of their logarithm.
    pub spread: f64,
}

impl Truth {
    /// Mean time to an answer, in milliseconds: that of a log-normal distribution.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.median_ms * (self.spread * self.spread / 2.0).exp()
    }
}

/// The providers of a scenario.
#[derive(Clone, Debug)]
pub struct World {
    /// All of them.
    pub providers: Vec<Provider>,
}

/// A credential's place: its provider's, and its own among the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The provider's.
    pub provider: usize,
    /// The credential's.
    pub credential: usize,
}

/// What a provider says to a task at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It has it.
    Accepted,
    /// It cannot be reached.
    Down,
    /// Nobody is free.
    Busy,
    /// The credential has as many as it may have.
    TooFast,
    /// The key is not accepted.
    Rejected,
}

/// What becomes of an accepted task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Solved after so many milliseconds.
    Solved(i64),
    /// Given up after so many.
    GivenUp(i64),
    /// Never answered.
    Lost,
}

impl World {
    /// Every credential.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let of = |(provider, it): (usize, &Provider)| {
            (0..it.credentials.len()).map(move |credential| Place { provider, credential })
        };
        self.providers.iter().enumerate().flat_map(of)
    }

    /// A credential.
    #[must_use]
    pub fn credential(&self, place: Place) -> Option<&Credential> {
        self.providers.get(place.provider)?.credentials.get(place.credential)
    }

    /// What a solved task costs there, in nano-dollars.
    #[must_use]
    pub fn price(&self, place: Place) -> i64 {
        let found = self.providers.get(place.provider).zip(self.credential(place));
        found.map_or(i64::MAX, |(provider, credential)| match credential.pool {
            Pool::Platform => provider.price,
            Pool::Community => provider.community_price,
        })
    }

    /// What is true of a credential's provider now, its own quality included.
    #[must_use]
    pub fn truth(&self, place: Place, now_ms: i64) -> Option<Truth> {
        let provider = self.providers.get(place.provider)?;
        let truth = provider.at(now_ms)?;
        let quality = provider.credentials.get(place.credential)?.quality;
        Some(Truth { success: truth.success * quality, ..truth })
    }

    /// What its provider says to a task now, by a task's own luck.
    #[must_use]
    pub fn reply(&self, place: Place, (now_ms, in_flight): (i64, u32), luck: &mut Pcg64Mcg) -> Reply {
        let busy = luck.random::<f64>();
        match (self.truth(place, now_ms), self.credential(place)) {
            (Some(truth), Some(credential)) => {
                if !truth.is_up {
                    Reply::Down
                } else if !credential.is_accepted {
                    Reply::Rejected
                } else if in_flight >= credential.limit {
                    Reply::TooFast
                } else if busy < truth.busy {
                    Reply::Busy
                } else {
                    Reply::Accepted
                }
            }
            _ => Reply::Down,
        }
    }

    /// What becomes of a task that it has accepted now.
    #[must_use]
    pub fn fate(&self, place: Place, now_ms: i64, luck: &mut Pcg64Mcg) -> Fate {
        let (lost, solved) = (luck.random::<f64>(), luck.random::<f64>());
        let Some(truth) = self.truth(place, now_ms) else { return Fate::Lost };
        let Ok(times) = LogNormal::new(truth.median_ms.ln(), truth.spread) else { return Fate::Lost };
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a task")]
        let took_ms = times.sample(luck) as i64;
        if lost < truth.lost {
            Fate::Lost
        } else if solved < truth.success {
            Fate::Solved(took_ms)
        } else {
            Fate::GivenUp(took_ms)
        }
    }
}

impl Provider {
    fn at(&self, now_ms: i64) -> Option<Truth> {
        let next = self.phases.partition_point(|(from_ms, _)| *from_ms <= now_ms);
        let (from_ms, truth) = *self.phases.get(next.checked_sub(1)?)?;
        let Some((to_ms, then)) = self.phases.get(next).filter(|_| self.glides) else { return Some(truth) };
        let part = quotient(now_ms - from_ms, to_ms - from_ms);
        let between = |one: f64, other: f64| (other - one).mul_add(part, one);
        Some(Truth {
            success: between(truth.success, then.success),
            median_ms: between(truth.median_ms, then.median_ms),
            ..truth
        })
    }
}

/// A part of a whole, both of them counts.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour, and tasks of one")]
#[must_use]
pub fn quotient(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
