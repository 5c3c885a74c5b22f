//! Families of scenarios. A family is a story; a seed fills in its numbers.

use std::ops::Range;

use capstan_domain::route::Pool;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::world::{Credential, Provider, Truth, World};

/// One scenario: a world, and the tasks that come.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its providers, in the saved order of `priority`.
    pub world: World,
    /// How long tasks come, in milliseconds.
    pub length_ms: u32,
    /// From when to when the first of its providers, the best of all, is not what it was; in milliseconds.
    pub trouble: Option<(i64, i64)>,
    /// How many come in a second, from a time on.
    rates: Vec<(i64, f64)>,
}

/// A kind of scenario.
#[derive(Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What happens in it.
    pub story: &'static str,
    /// Whether the router was never tuned by it.
    pub is_held_out: bool,
    make: fn(&mut Pcg64Mcg) -> Scenario,
}

/// Every family.
pub const FAMILIES: &[Family] = &[
    seen("steady", "Six providers that differ in everything and do not change.", steady),
    seen("outage", "The best of all refuses connections for ten minutes.", outage),
    seen("brown-out", "The best of all takes tasks for fifteen minutes and answers one in ten.", brown_out),
    seen("limits", "The best of all lets each of its keys have five tasks at once.", limits),
    seen("drift", "Within an hour the good become bad and the bad become good.", drift),
    seen("newcomer", "After a quarter of an hour somebody comes who is better than all others.", newcomer),
    held_out("flapping", "The best of all comes and goes, every minute or two.", flapping),
    seen("heavy tails", "Some answers take many times as long as most, and some never come.", heavy_tails),
    held_out("crowd", "Eight providers with ten keys each, of which some are bad and some are dead.", crowd),
    held_out("rush", "For ten minutes twelve times as many tasks come, and keys have limits.", rush),
    seen("twins", "Six providers that are nearly the same.", twins),
    seen("slump", "The best of all solves half as much as before for twenty minutes.", slump),
    seen("slow morning", "The best of all takes five times as long for twenty minutes.", slow_morning),
    held_out("landslide", "One provider after the other is down for five minutes, the best first.", landslide),
    held_out("scarcity", "Nobody is free in a fifth to half of the tries, and limits are low.", scarcity),
];

/// Two pools under one load: each of three providers has two keys of the platform's and four that were contributed, each key may
/// have eight open tasks, and in the middle of the hour twice as many tasks come. A contributed key costs a quarter less.
#[must_use]
pub fn two_pools(seed: u64) -> Scenario {
    let draws = &mut Pcg64Mcg::seed_from_u64(seed);
    let mut providers = several(draws, 3);
    for provider in &mut providers {
        provider.community_price = provider.price * 3 / 4;
        provider.credentials = keys(2, 8);
        provider.credentials.extend(keys(4, 8).into_iter().map(|key| Credential { pool: Pool::Community, ..key }));
    }
    let rates = vec![(0, 1.0), (20 * MINUTE_MS, 2.0), (40 * MINUTE_MS, 1.0)];
    Scenario { rates, ..hour(providers, 1.0) }
}

const fn seen(name: &'static str, story: &'static str, make: fn(&mut Pcg64Mcg) -> Scenario) -> Family {
    Family { name, story, is_held_out: false, make }
}

const fn held_out(name: &'static str, story: &'static str, make: fn(&mut Pcg64Mcg) -> Scenario) -> Family {
    Family { name, story, is_held_out: true, make }
}

impl Family {
    /// The scenario of this seed.
    #[must_use]
    pub fn scenario(&self, seed: u64) -> Scenario {
        (self.make)(&mut Pcg64Mcg::seed_from_u64(seed))
    }
}

impl Scenario {
    /// How many tasks come in a second, at a time.
    #[must_use]
    pub fn per_second(&self, now_ms: i64) -> f64 {
        self.rates.iter().rev().find(|(from_ms, _)| *from_ms <= now_ms).map_or(1.0, |(_, rate)| *rate)
    }
}

const HOUR_MS: u32 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

fn hour(providers: Vec<Provider>, per_second: f64) -> Scenario {
    Scenario { world: World { providers }, length_ms: HOUR_MS, trouble: None, rates: vec![(0, per_second)] }
}

fn keys(count: usize, limit: u32) -> Vec<Credential> {
    vec![Credential { pool: Pool::Platform, limit, quality: 1.0, is_accepted: true }; count]
}

/// The ranges in which a provider's numbers are drawn.
struct Ranges {
    price: Range<i64>,
    success: Range<f64>,
    median_ms: Range<f64>,
}

/// Somebody.
const ANY: Ranges = Ranges { price: 700_000..3_000_000, success: 0.7..0.97, median_ms: 9_000.0..40_000.0 };
/// Better than anybody else in everything.
const BEST: Ranges = Ranges { price: 500_000..600_000, success: 0.975..0.99, median_ms: 5_000.0..8_000.0 };

fn provider(draws: &mut Pcg64Mcg, ranges: &Ranges) -> Provider {
    let truth = Truth {
        is_up: true,
        busy: draws.random_range(0.0..0.02),
        lost: draws.random_range(0.0..0.01),
        success: draws.random_range(ranges.success.clone()),
        median_ms: draws.random_range(ranges.median_ms.clone()),
        spread: draws.random_range(0.3..0.6),
    };
    let price = draws.random_range(ranges.price.clone());
    Provider { price, community_price: price, credentials: keys(3, 400), phases: vec![(0, truth)], glides: false }
}

fn several(draws: &mut Pcg64Mcg, count: usize) -> Vec<Provider> {
    (0..count).map(|_| provider(draws, &ANY)).collect()
}

/// The best of all, and five others behind it.
fn one_best(draws: &mut Pcg64Mcg) -> Vec<Provider> {
    let mut providers = vec![provider(draws, &BEST)];
    providers.extend(several(draws, 5));
    providers
}

/// The best of all is not what it was for so many minutes.
fn one_troubled(draws: &mut Pcg64Mcg, minutes: i64, changed: impl Fn(Truth) -> Truth) -> Scenario {
    let mut providers = one_best(draws);
    let from_ms = draws.random_range(10..20) * MINUTE_MS;
    let trouble = (from_ms, from_ms + minutes * MINUTE_MS);
    change(&mut providers, 0, trouble, changed);
    Scenario { trouble: Some(trouble), ..hour(providers, 2.0) }
}

/// Changes a provider's truth between two times.
fn change(providers: &mut [Provider], at: usize, (from_ms, to_ms): (i64, i64), change: impl Fn(Truth) -> Truth) {
    if let Some(provider) = providers.get_mut(at)
        && let Some((_, truth)) = provider.phases.last().copied()
    {
        provider.phases.push((from_ms, change(truth)));
        provider.phases.push((to_ms, truth));
    }
}

fn steady(draws: &mut Pcg64Mcg) -> Scenario {
    let providers = several(draws, 6);
    hour(providers, 2.0)
}

fn outage(draws: &mut Pcg64Mcg) -> Scenario {
    one_troubled(draws, 10, |truth| Truth { is_up: false, ..truth })
}

fn brown_out(draws: &mut Pcg64Mcg) -> Scenario {
    one_troubled(draws, 15, |truth| Truth { lost: 0.9, ..truth })
}

fn limits(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = one_best(draws);
    for (n, provider) in providers.iter_mut().enumerate() {
        provider.credentials = keys(2, if n == 0 { 5 } else { draws.random_range(20..40) });
    }
    hour(providers, 3.0)
}

fn drift(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = several(draws, 6);
    let ends: Vec<Truth> = providers.iter().rev().filter_map(|p| p.phases.first().map(|(_, truth)| *truth)).collect();
    for (provider, end) in providers.iter_mut().zip(ends) {
        provider.phases.push((i64::from(HOUR_MS), end));
        provider.glides = true;
    }
    hour(providers, 2.0)
}

fn newcomer(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = one_best(draws);
    if let Some(new) = providers.first_mut() {
        let truth = new.phases.first().map(|(_, truth)| *truth);
        new.phases.extend(truth.map(|truth| (15 * MINUTE_MS, truth)));
        if let Some((_, before)) = new.phases.first_mut() {
            before.is_up = false;
        }
    }
    hour(providers, 2.0)
}

fn flapping(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = one_best(draws);
    let mut at_ms = 5 * MINUTE_MS;
    while at_ms < i64::from(HOUR_MS) {
        let (down_ms, up_ms) = (draws.random_range(40_000..80_000), draws.random_range(60_000..120_000));
        change(&mut providers, 0, (at_ms, at_ms + down_ms), |truth| Truth { is_up: false, ..truth });
        at_ms += down_ms + up_ms;
    }
    hour(providers, 2.0)
}

fn heavy_tails(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = several(draws, 6);
    for provider in &mut providers {
        for (_, truth) in &mut provider.phases {
            truth.spread = draws.random_range(0.9..1.2);
            truth.lost = draws.random_range(0.01..0.08);
        }
    }
    hour(providers, 2.0)
}

fn crowd(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = several(draws, 8);
    for provider in &mut providers {
        let key = |draws: &mut Pcg64Mcg| Credential {
            pool: Pool::Platform,
            limit: draws.random_range(20..60),
            quality: draws.random_range(0.5..1.0),
            is_accepted: draws.random::<f64>() < 0.8,
        };
        provider.credentials = (0..10).map(|_| key(draws)).collect();
    }
    hour(providers, 4.0)
}

fn rush(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = several(draws, 6);
    for provider in &mut providers {
        provider.credentials = keys(2, draws.random_range(15..40));
    }
    let from_ms = draws.random_range(15..30) * MINUTE_MS;
    Scenario { rates: vec![(0, 0.5), (from_ms, 6.0), (from_ms + 10 * MINUTE_MS, 0.5)], ..hour(providers, 0.5) }
}

fn twins(draws: &mut Pcg64Mcg) -> Scenario {
    let ranges = Ranges { price: 1_000_000..1_040_000, success: 0.93..0.95, median_ms: 12_000.0..12_500.0 };
    let providers = (0..6).map(|_| provider(draws, &ranges)).collect();
    hour(providers, 2.0)
}

fn slump(draws: &mut Pcg64Mcg) -> Scenario {
    one_troubled(draws, 20, |truth| Truth { success: truth.success / 2.0, ..truth })
}

fn slow_morning(draws: &mut Pcg64Mcg) -> Scenario {
    one_troubled(draws, 20, |truth| Truth { median_ms: truth.median_ms * 5.0, ..truth })
}

fn landslide(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = one_best(draws);
    for n in 0..providers.len() {
        let from_ms = (10 + 7 * i64::try_from(n).unwrap_or(0)) * MINUTE_MS;
        change(&mut providers, n, (from_ms, from_ms + 5 * MINUTE_MS), |truth| Truth { is_up: false, ..truth });
    }
    hour(providers, 2.0)
}

fn scarcity(draws: &mut Pcg64Mcg) -> Scenario {
    let mut providers = several(draws, 6);
    for provider in &mut providers {
        provider.credentials = keys(3, draws.random_range(6..14));
        for (_, truth) in &mut provider.phases {
            truth.busy = draws.random_range(0.2..0.5);
        }
    }
    hour(providers, 2.0)
}
