//! Trials summed up: each way of choosing beside the oracle, in the mode's own objective.

use std::sync::Mutex;
use std::thread;

use capstan_domain::route::{FAILURE_PRICES, PoolMode, SelectionMode};
use serde::Serialize;

use crate::chooser::Chooser;
use crate::oracle::Oracle;
use crate::others;
use crate::router::Router;
use crate::scenario::{self, Family, Scenario};
use crate::trial::{self, Course};
use crate::trouble::{self, Moved};
use crate::world::{World, quotient};

/// One way of choosing in one mode and one family, over all seeds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The family.
    pub family: &'static str,
    /// Whether the router was never tuned by it.
    pub held_out: bool,
    /// The mode.
    pub mode: SelectionMode,
    /// The way of choosing.
    pub chooser: &'static str,
    /// The mode's objective; less is better. In the unit of [`unit`].
    pub objective: f64,
    /// The objective less the oracle's, as a part of the oracle's.
    pub regret: f64,
    /// Share of tries that were solved.
    pub success: f64,
    /// Dollars for a thousand solved tasks.
    pub cost: f64,
    /// Median time from a client's first try to its solution, in seconds.
    pub p50: f64,
    /// Nine of ten solutions came within so many seconds.
    pub p90: f64,
    /// "Too fast" from providers, for each hundred tries.
    pub throttled: f64,
    /// When it moved away from a provider in trouble, and back, by [`trouble::moved`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedLine>,
}

/// When it moved, in families with a provider in trouble: medians over the seeds, in seconds; none where it did not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MovedLine {
    /// From the trouble's beginning.
    pub away: Option<f64>,
    /// From the trouble's end.
    pub back: Option<f64>,
}

/// What a mode's objective is counted in.
#[must_use]
pub const fn unit(mode: SelectionMode) -> &'static str {
    match mode {
        SelectionMode::AutoCheapest => "$ per 1000 solutions, each failed try counted as twice the lowest price",
        SelectionMode::AutoFastest => "s from a client's first try to its solution",
        SelectionMode::AutoMostReliable => "% of tries that failed",
        SelectionMode::Priority => "mean place in the saved order, a failed try counted as beyond the last",
    }
}

/// What is to be tried.
#[derive(Clone)]
pub struct Plan {
    /// The families.
    pub families: Vec<Family>,
    /// The modes.
    pub modes: Vec<SelectionMode>,
    /// The seeds.
    pub seeds: Vec<u64>,
}

/// Tries everything on as many threads as there are processors; `done` hears of each finished family and mode.
#[must_use]
pub fn run(plan: &Plan, done: impl Fn() + Sync) -> Vec<Line> {
    let work: Vec<(Family, SelectionMode)> =
        plan.families.iter().flat_map(|family| plan.modes.iter().map(|mode| (*family, *mode))).collect();
    let (next, lines) = (Mutex::new(work.iter().enumerate()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((n, (family, mode))) = next.lock().ok().and_then(|mut next| next.next()) else { return };
                    let made = compare(*family, *mode, &plan.seeds);
                    if let Ok(mut lines) = lines.lock() {
                        lines.push((n, made));
                    }
                    done();
                }
            });
        }
    });
    let mut lines = lines.into_inner().unwrap_or_default();
    lines.sort_by_key(|(n, _)| *n);
    lines.into_iter().flat_map(|(_, lines)| lines).collect()
}

fn compare(family: Family, mode: SelectionMode, seeds: &[u64]) -> Vec<Line> {
    let mut sums: Vec<(&'static str, Sum)> = Vec::new();
    for seed in seeds {
        let scenario = family.scenario(*seed);
        for (n, mut chooser) in choosers(&scenario.world, mode).into_iter().enumerate() {
            let course = trial::run(&scenario, chooser.as_mut(), *seed);
            if sums.len() == n {
                sums.push((chooser.name(), Sum::default()));
            }
            if let Some((_, sum)) = sums.get_mut(n) {
                sum.add(&scenario, &course);
            }
        }
    }
    let best = sums.first().map_or(0.0, |(_, oracle)| oracle.objective(mode));
    let line = |(chooser, sum): (&'static str, Sum)| {
        let objective = sum.objective(mode);
        // Where the oracle's is next to nothing, parts of it say nothing.
        let regret = (objective - best) / best.max(0.01);
        sum.line(((family.name, family.is_held_out), mode, chooser), (objective, regret))
    };
    sums.into_iter().map(line).collect()
}

/// What the community pool is worth: the same tasks through the router with both pools and with the platform's alone, in each of
/// the modes. The regret is that of having the platform's alone.
#[must_use]
pub fn pools(modes: &[SelectionMode], seeds: &[u64]) -> Vec<Line> {
    let tried = |mode: SelectionMode, pool: PoolMode| {
        let mut sum = Sum::default();
        for seed in seeds {
            let scenario = scenario::two_pools(*seed);
            let mut router = Router::new(&scenario.world, (mode, pool));
            sum.add(&scenario, &trial::run(&scenario, &mut router, *seed));
        }
        sum
    };
    let of_mode = |mode: &SelectionMode| {
        let (both, alone) = (tried(*mode, PoolMode::All), tried(*mode, PoolMode::PlatformOnly));
        let objectives = (both.objective(*mode), alone.objective(*mode));
        let regret = (objectives.1 - objectives.0) / objectives.0.max(0.01);
        let named = |pool: PoolMode| (("two pools", false), *mode, pool.as_str());
        [
            both.line(named(PoolMode::All), (objectives.0, 0.0)),
            alone.line(named(PoolMode::PlatformOnly), (objectives.1, regret)),
        ]
    };
    modes.iter().flat_map(of_mode).collect()
}

fn choosers(world: &World, mode: SelectionMode) -> Vec<Box<dyn Chooser>> {
    let mut choosers: Vec<Box<dyn Chooser>> =
        vec![Box::new(Oracle::new(mode)), Box::new(Router::new(world, (mode, PoolMode::All)))];
    choosers.extend(others::all(world, mode));
    choosers
}

#[derive(Default)]
struct Sum {
    tries: i64,
    times_ms: Vec<i64>,
    paid: i64,
    spent_ms: i64,
    throttled: i64,
    /// What the failures count, in nano-dollars, and in places.
    missed: i64,
    places: i64,
    moved: Vec<Moved>,
}

impl Sum {
    fn add(&mut self, scenario: &Scenario, course: &Course) {
        let lowest = scenario.world.places().map(|place| scenario.world.price(place)).min().unwrap_or(0);
        let beyond = i64::try_from(scenario.world.providers.len()).unwrap_or(0);
        self.moved.extend(scenario.trouble.map(|trouble| trouble::moved(&course.at_first, trouble)));
        for outcome in &course.outcomes {
            let failed = i64::from(outcome.failed);
            self.tries += failed;
            self.throttled += i64::from(outcome.throttled);
            self.spent_ms += outcome.took_ms;
            self.missed += lowest * failed;
            self.places += beyond * failed;
            if let Some((place, price)) = outcome.solved {
                self.tries += 1;
                self.times_ms.push(outcome.took_ms);
                self.paid += price;
                self.places += i64::try_from(place.provider).unwrap_or(0);
            }
        }
    }

    fn solved(&self) -> i64 {
        i64::try_from(self.times_ms.len()).unwrap_or(0).max(1)
    }

    fn objective(&self, mode: SelectionMode) -> f64 {
        match mode {
            SelectionMode::AutoCheapest => {
                let missed = FAILURE_PRICES * quotient(self.missed, self.solved());
                (quotient(self.paid, self.solved()) + missed) / 1e6
            }
            SelectionMode::AutoFastest => quotient(self.spent_ms, self.solved()) / 1e3,
            SelectionMode::AutoMostReliable => 100.0 * (1.0 - quotient(self.solved(), self.tries)),
            SelectionMode::Priority => quotient(self.places, self.tries),
        }
    }

    fn moved(&self) -> MovedLine {
        let median = |of: fn(&Moved) -> Option<i64>| trouble::median_s(self.moved.iter().map(of).collect());
        MovedLine { away: median(|moved| moved.away_ms), back: median(|moved| moved.back_ms) }
    }

    fn line(
        mut self,
        ((family, held_out), mode, chooser): ((&'static str, bool), SelectionMode, &'static str),
        (objective, regret): (f64, f64),
    ) -> Line {
        self.times_ms.sort_unstable();
        let quantile = |part: usize| {
            let at = self.times_ms.len() * part / 10;
            self.times_ms.get(at).map_or(0.0, |ms| quotient(*ms, 1_000))
        };
        Line {
            family,
            held_out,
            mode,
            chooser,
            objective,
            regret,
            success: quotient(self.solved(), self.tries),
            cost: quotient(self.paid, self.solved()) / 1e6,
            p50: quantile(5),
            p90: quantile(9),
            throttled: 100.0 * quotient(self.throttled, self.tries),
            moved: (!self.moved.is_empty()).then(|| self.moved()),
        }
    }
}

/// Where another way of choosing was better than the router: the router's line, and the better one's.
#[must_use]
pub fn beaten(lines: &[Line]) -> Vec<(&Line, &Line)> {
    let router = |line: &&Line| line.chooser == "capstan";
    let others = |own: &Line| {
        let (family, mode, objective) = (own.family, own.mode, own.objective);
        let is_other = move |line: &&Line| !matches!(line.chooser, "capstan" | "oracle");
        lines
            .iter()
            .filter(is_other)
            .filter(move |line| line.family == family && line.mode == mode && line.objective < objective)
            .min_by(|one, other| one.objective.total_cmp(&other.objective))
    };
    lines.iter().filter(router).filter_map(|own| others(own).map(|other| (own, other))).collect()
}
