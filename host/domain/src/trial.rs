//! Trial of a new version of an adapter: it gets a share of its provider's new tasks while the version in force gets the rest, and
//! the two are compared until one thing or the other is sure.
//!
//! Both are seen at the same time and each task is drawn, so what happens to the provider happens to both: an outage, a slow
//! hour or a raised price makes neither worse than the other. What is compared is what an adapter can spoil: the part of its
//! attempts that end in a solution, and how long solutions take, as the part of them that take longer than nine of ten of the
//! older version's last ones.
//!
//! Each comparison is of two parts of counted things. Its evidence is the Bayes factor of two parts against one for both, each part
//! uniform beforehand (Gunel and Dickey 1974, <https://doi.org/10.1093/biomet/61.3.545>): it may be looked at after every task, and
//! the chance that it is ever [`SURE`] where the two are alike is about one in that.

use std::collections::VecDeque;

/// So many times as likely must the two be different, and the new one worse, or better.
const SURE: f64 = 300.0;
/// After so many attempts of the new one that have ended, and no worse, it has passed.
pub const ENOUGH: u32 = 100;
/// A quiet provider's has passed after a day,
const LONG_MS: i64 = 86_400_000;
/// if so many have ended.
const FEW: u32 = 10;
/// Times of the older version that are remembered,
const REMEMBERED: usize = 100;
/// and so many there must be before anything is called slow.
const KNOWN: usize = 20;
/// What is slow is reckoned anew with every so many.
const RECKONED: u32 = 5;

/// Which version made an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The one in force.
    Old,
    /// The one on trial.
    New,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a solution, after so many milliseconds.
    Solved(i64),
    /// Without.
    Unsolved,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The new version has passed.
    Passed(Passed),
    /// It is taken back.
    Worse(Worse),
}

/// Why a version has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It solves more.
    Better,
    /// It is no worse after all this.
    NoWorse,
}

/// In what a version is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// It solves less of what it is given.
    Unsolved,
    /// Its solutions take longer.
    Slow,
    /// It broke its limits or the contract until it was quarantined.
    Quarantined,
}

impl Passed {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Better => "it solves more than the one before",
            Self::NoWorse => "it is no worse than the one before",
        }
    }
}

impl Worse {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsolved => "it solves less than the one before",
            Self::Slow => "its solutions take longer than those of the one before",
            Self::Quarantined => "it broke its limits or the contract, and the one before did not",
        }
    }
}

/// What has been counted of two kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    yes: u32,
    no: u32,
}

impl Counted {
    fn add(&mut self, yes: bool) {
        let side = if yes { &mut self.yes } else { &mut self.no };
        *side = side.saturating_add(1);
    }

    const fn all(self) -> u32 {
        self.yes.saturating_add(self.no)
    }

    fn part(self) -> f64 {
        (f64::from(self.yes) + 1.0) / (f64::from(self.all()) + 2.0)
    }
}

/// What a trial has shown until now.
#[derive(Clone, Debug)]
pub struct Trial {
    began_at_ms: i64,
    solved: [Counted; 2],
    slow: [Counted; 2],
    /// Of the older version's last solutions.
    times: VecDeque<i64>,
    /// What nine of ten of them took at most, as of the last time that it was reckoned.
    usual_ms: Option<i64>,
}

impl Trial {
    /// One that begins now.
    #[must_use]
    pub const fn new(began_at_ms: i64) -> Self {
        let none = Counted { yes: 0, no: 0 };
        Self { began_at_ms, solved: [none; 2], slow: [none; 2], times: VecDeque::new(), usual_ms: None }
    }

    /// Takes an attempt's end down, and says what follows, if anything does.
    pub fn note(&mut self, arm: Arm, ended: Ended, now_ms: i64) -> Option<Verdict> {
        let [old, new] = &mut self.solved;
        let is_solved = matches!(ended, Ended::Solved(_));
        match arm {
            Arm::Old => old.add(is_solved),
            Arm::New => new.add(is_solved),
        }
        if let Ended::Solved(took_ms) = ended {
            self.time(arm, took_ms);
        }
        self.verdict(now_ms)
    }

    /// Attempts of a version that ended with a solution, and all that ended.
    #[must_use]
    pub const fn counted(&self, arm: Arm) -> (u32, u32) {
        let [old, new] = self.solved;
        match arm {
            Arm::Old => (old.yes, old.all()),
            Arm::New => (new.yes, new.all()),
        }
    }

    fn time(&mut self, arm: Arm, took_ms: i64) {
        if let Some(usual_ms) = self.usual_ms {
            let [old, new] = &mut self.slow;
            match arm {
                Arm::Old => old.add(took_ms > usual_ms),
                Arm::New => new.add(took_ms > usual_ms),
            }
        }
        if arm == Arm::New {
            return;
        }
        self.times.push_back(took_ms);
        if self.times.len() > REMEMBERED {
            self.times.pop_front();
        }
        let [old, _] = self.solved;
        if self.times.len() >= KNOWN && old.yes.is_multiple_of(RECKONED) {
            let mut sorted: Vec<i64> = self.times.iter().copied().collect();
            sorted.sort_unstable();
            self.usual_ms = sorted.get(sorted.len() * 9 / 10).copied();
        }
    }

    fn verdict(&self, now_ms: i64) -> Option<Verdict> {
        let [old, new] = self.solved;
        let [was_slow, is_slow] = self.slow;
        let differ = |one, other| evidence(one, other) >= SURE.ln();
        if differ(old, new) {
            let is_worse = new.part() < old.part();
            return Some(if is_worse { Verdict::Worse(Worse::Unsolved) } else { Verdict::Passed(Passed::Better) });
        }
        if differ(was_slow, is_slow) && is_slow.part() > was_slow.part() {
            return Some(Verdict::Worse(Worse::Slow));
        }
        let is_long = now_ms.saturating_sub(self.began_at_ms) >= LONG_MS && new.all() >= FEW;
        (new.all() >= ENOUGH || is_long).then_some(Verdict::Passed(Passed::NoWorse))
    }
}

/// The logarithm of how many times as likely what was counted is under two parts as under one.
fn evidence(one: Counted, other: Counted) -> f64 {
    let both = Counted { yes: one.yes.saturating_add(other.yes), no: one.no.saturating_add(other.no) };
    ln_beta(one) + ln_beta(other) - ln_beta(both)
}

/// The logarithm of the chance of a given row of these, over all parts alike: `yes! no! / (yes + no + 1)!`.
fn ln_beta(counted: Counted) -> f64 {
    ln_factorial(counted.yes) + ln_factorial(counted.no) - ln_factorial(counted.all().saturating_add(1))
}

/// Exact for small numbers, Stirling's series above: off by less than a billionth.
fn ln_factorial(number: u32) -> f64 {
    let n = f64::from(number);
    if number < 20 {
        return (2..=number).map(|factor| f64::from(factor).ln()).sum();
    }
    n.mul_add(n.ln(), -n) + (std::f64::consts::TAU * n).ln() / 2.0 + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg32;

    use super::{Arm, ENOUGH, Ended, LONG_MS, Passed, Trial, Verdict, Worse, ln_factorial};

    /// What becomes of a task at a version of an adapter, at a point of the trial from 0 on.
    struct World {
        solves: fn(Arm, u32) -> f64,
        takes: fn(Arm, u32) -> f64,
    }

    const ALIKE: World = World { solves: |_, _| 0.9, takes: |_, _| 10_000.0 };

    /// How a trial with a tenth of the tasks ends, and after how many tasks of the new version.
    fn tried(world: &World, seed: u64) -> (Verdict, u32) {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut trial = Trial::new(0);
        for task in 0.. {
            let arm = if random.random_bool(0.1) { Arm::New } else { Arm::Old };
            let ended = if random.random_bool((world.solves)(arm, task)) {
                #[expect(clippy::cast_possible_truncation, reason = "a time")]
                Ended::Solved(((world.takes)(arm, task) * (0.5 + random.random::<f64>())) as i64)
            } else {
                Ended::Unsolved
            };
            if let Some(verdict) = trial.note(arm, ended, i64::from(task)) {
                return (verdict, trial.counted(Arm::New).1);
            }
        }
        unreachable!("a trial ends")
    }

    /// How many of two hundred trials end like that.
    fn ends(world: &World, verdict: Verdict) -> usize {
        (0..200).filter(|seed| tried(world, *seed).0 == verdict).count()
    }

    #[test]
    fn who_is_alike_passes_whatever_happens_to_the_provider() {
        let passed = Verdict::Passed(Passed::NoWorse);
        let worlds = [
            ("well", ALIKE),
            ("badly", World { solves: |_, _| 0.3, ..ALIKE }),
            ("nearly always", World { solves: |_, _| 0.995, ..ALIKE }),
            ("an outage", World { solves: |_, task| if (300..500).contains(&task) { 0.0 } else { 0.95 }, ..ALIKE }),
            ("slower and slower", World { takes: |_, task| 5_000.0 + 20.0 * f64::from(task), ..ALIKE }),
            ("a slow hour", World { takes: |_, task| if task > 400 { 60_000.0 } else { 9_000.0 }, ..ALIKE }),
        ];
        for (name, world) in worlds {
            let passed = ends(&world, passed);
            assert!(passed >= 195, "{name}: {passed} of 200 pass");
        }
    }

    #[test]
    fn who_solves_nothing_is_taken_back_after_a_handful_of_tasks() {
        let broken = World { solves: |arm, _| if arm == Arm::Old { 0.95 } else { 0.0 }, ..ALIKE };
        for seed in 0..200 {
            let (verdict, tasks) = tried(&broken, seed);
            assert!(verdict == Verdict::Worse(Worse::Unsolved) && tasks <= 8, "{seed}: {verdict:?} after {tasks}");
        }
    }

    #[test]
    fn who_solves_much_less_or_takes_much_longer_is_taken_back_in_nearly_every_case() {
        let worse = World { solves: |arm, _| if arm == Arm::Old { 0.95 } else { 0.7 }, ..ALIKE };
        let found = ends(&worse, Verdict::Worse(Worse::Unsolved));
        assert!(found >= 190, "{found} of 200");
        let slow = World { takes: |arm, _| if arm == Arm::Old { 10_000.0 } else { 16_000.0 }, ..ALIKE };
        let found = ends(&slow, Verdict::Worse(Worse::Slow));
        assert!(found >= 190, "{found} of 200");
    }

    #[test]
    fn who_solves_again_what_the_one_before_no_longer_does_passes_early() {
        let mends = World { solves: |arm, _| if arm == Arm::Old { 0.02 } else { 0.9 }, ..ALIKE };
        for seed in 0..200 {
            let (verdict, tasks) = tried(&mends, seed);
            assert!(verdict == Verdict::Passed(Passed::Better) && tasks < 15, "{seed}: {verdict:?} after {tasks}");
        }
    }

    #[test]
    fn a_quiet_one_passes_after_a_day_if_it_was_used_at_all() {
        let mut trial = Trial::new(0);
        for task in 0..9 {
            assert_eq!(trial.note(Arm::New, Ended::Solved(1), LONG_MS + task), None);
        }
        assert_eq!(trial.note(Arm::New, Ended::Solved(1), LONG_MS - 1), None);
        assert_eq!(trial.note(Arm::Old, Ended::Solved(1), LONG_MS), Some(Verdict::Passed(Passed::NoWorse)));
    }

    #[test]
    fn without_anything_to_compare_with_it_passes_after_enough_tasks() {
        let mut trial = Trial::new(0);
        let mut ended = 0;
        let verdict = loop {
            ended += 1;
            if let Some(verdict) = trial.note(Arm::New, Ended::Solved(5), 0) {
                break verdict;
            }
        };
        assert_eq!((verdict, ended), (Verdict::Passed(Passed::NoWorse), ENOUGH));
    }

    #[test]
    fn the_series_meets_the_sum() {
        for number in [19_u32, 20, 21, 60] {
            let sum: f64 = (2..=number).map(|factor| f64::from(factor).ln()).sum();
            assert!((ln_factorial(number) - sum).abs() < 1e-9, "{number}");
        }
    }
}
