//! One way of choosing through one scenario: what became of each task.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Exp};
use rand_pcg::Pcg64Mcg;

use crate::chooser::{Chooser, End, Now};
use crate::scenario::Scenario;
use crate::world::{Fate, Place, Reply};

/// As many candidates are tried at most.
pub const MOST_TRIES: usize = 3;
/// A task that was never answered is given up after so long.
pub const DEADLINE_MS: i64 = 300_000;
/// A refusal takes so long.
const REFUSED_MS: i64 = 80;
/// A client asks again so long after a failure.
pub const ASK_AGAIN_MS: i64 = 5_000;
/// A client that has no solution after so long does not ask again; until then it does.
const PATIENCE_MS: i64 = 1_200_000;

/// What became of a solution that a client needed: one task, or several where the first ones failed.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// When the client asked first.
    pub at_ms: i64,
    /// Who solved it in the end, at which price in nano-dollars; nobody where the client gave up.
    pub solved: Option<(Place, i64)>,
    /// From the first task's arrival to the last one's end.
    pub took_ms: i64,
    /// Tasks that failed.
    pub failed: u32,
    /// How often a provider said "too fast".
    pub throttled: u32,
}

/// What became of a scenario's tasks.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Of each client's.
    pub outcomes: Vec<Outcome>,
    /// Of each task, those included with which a client asks again: when it came, and whether the first of all providers was tried.
    pub at_first: Vec<(i64, bool)>,
}

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client asks.
    Arrival(usize),
    /// A task is still open when its chooser wanted to hear of it; one with the same arrival time may have ended since.
    Overdue(usize, Place, i64),
    /// A task ends, solved or not.
    End(usize, Place, bool),
}

/// Sends a scenario's tasks through a chooser. The tasks, and the luck of each at each credential, are the seed's alone, so that
/// every chooser meets the same.
pub fn run(scenario: &Scenario, chooser: &mut dyn Chooser, seed: u64) -> Course {
    let mut trial = Trial {
        scenario,
        chooser,
        seed,
        draws: Pcg64Mcg::seed_from_u64(seed ^ 0x5eed),
        in_flight: HashMap::new(),
        open: HashMap::new(),
        next: BinaryHeap::new(),
        course: Course::default(),
    };
    for (n, at_ms) in arrivals(scenario, seed).into_iter().enumerate() {
        trial.next.push(Reverse((at_ms, Event::Arrival(n))));
        trial.course.outcomes.push(Outcome { at_ms, solved: None, took_ms: 0, failed: 0, throttled: 0 });
    }
    while let Some(Reverse((now_ms, event))) = trial.next.pop() {
        match event {
            Event::Arrival(task) => trial.arrive(task, now_ms),
            Event::Overdue(task, place, since_ms) => trial.overdue(task, (place, since_ms), now_ms),
            Event::End(task, place, is_solved) => trial.end(task, (place, is_solved), now_ms),
        }
    }
    trial.course
}

fn arrivals(scenario: &Scenario, seed: u64) -> Vec<i64> {
    let mut draws = Pcg64Mcg::seed_from_u64(seed ^ 0xa111);
    let (mut at_ms, mut arrivals) = (0.0, Vec::new());
    while at_ms < f64::from(scenario.length_ms) {
        #[expect(clippy::cast_possible_truncation, reason = "a time within the scenario")]
        let now_ms = at_ms as i64;
        arrivals.push(now_ms);
        let per_ms = scenario.per_second(now_ms) / 1_000.0;
        at_ms += Exp::new(per_ms).map_or(f64::MAX, |gaps| gaps.sample(&mut draws));
    }
    arrivals
}

struct Trial<'t> {
    scenario: &'t Scenario,
    chooser: &'t mut dyn Chooser,
    seed: u64,
    draws: Pcg64Mcg,
    in_flight: HashMap<Place, u32>,
    /// When the client's open task was accepted, and after how many milliseconds it was overdue, if it was.
    open: HashMap<usize, (i64, Option<i64>)>,
    next: BinaryHeap<Reverse<(i64, Event)>>,
    course: Course,
}

impl Trial<'_> {
    fn now(&mut self, ms: i64) -> Now {
        Now { ms, draw: self.draws.random() }
    }

    /// Tries one candidate after the other until one has the task.
    fn arrive(&mut self, task: usize, arrived_ms: i64) {
        let world = &self.scenario.world;
        let now = Now { ms: arrived_ms, draw: self.draws.random() };
        let (mut at_ms, mut tries) = (arrived_ms, 0);
        let nth = self.course.at_first.len();
        self.course.at_first.push((arrived_ms, false));
        for place in self.chooser.choose(world, now, MOST_TRIES) {
            if tries == MOST_TRIES {
                break;
            }
            let now = self.now(at_ms);
            if !self.chooser.enter(place, now) {
                continue;
            }
            tries += 1;
            if let Some((_, is_at_first)) = self.course.at_first.get_mut(nth) {
                *is_at_first |= place.provider == 0;
            }
            let failed = self.course.outcomes.get(task).map_or(0, |outcome| outcome.failed);
            let mut luck = luck(self.seed, (task, failed), place);
            let in_flight = self.in_flight.get(&place).copied().unwrap_or(0);
            let reply = world.reply(place, (at_ms, in_flight), &mut luck);
            let now = self.now(at_ms);
            self.chooser.replied(place, reply, now);
            if reply == Reply::Accepted {
                *self.in_flight.entry(place).or_default() += 1;
                let (took_ms, is_solved) = match world.fate(place, at_ms, &mut luck) {
                    Fate::Solved(took_ms) if took_ms < DEADLINE_MS => (took_ms, true),
                    Fate::GivenUp(took_ms) if took_ms < DEADLINE_MS => (took_ms, false),
                    Fate::Solved(_) | Fate::GivenUp(_) | Fate::Lost => (DEADLINE_MS, false),
                };
                self.open.insert(task, (at_ms, None));
                if let Some(age_ms) = self.chooser.overdue_after_ms(place).filter(|age_ms| *age_ms < took_ms) {
                    self.next.push(Reverse((at_ms + age_ms, Event::Overdue(task, place, at_ms))));
                }
                self.next.push(Reverse((at_ms + took_ms, Event::End(task, place, is_solved))));
                return;
            }
            at_ms += REFUSED_MS;
            if let Some(outcome) = self.course.outcomes.get_mut(task).filter(|_| reply == Reply::TooFast) {
                outcome.throttled += 1;
            }
        }
        self.fail(task, at_ms.max(arrived_ms + REFUSED_MS));
    }

    fn overdue(&mut self, task: usize, (place, since_ms): (Place, i64), now_ms: i64) {
        let now = self.now(now_ms);
        if let Some((accepted_ms, overdue)) = self.open.get_mut(&task)
            && *accepted_ms == since_ms
        {
            *overdue = Some(now_ms - since_ms);
            self.chooser.overdue(place, now_ms - since_ms, now);
        }
    }

    fn end(&mut self, task: usize, (place, is_solved): (Place, bool), now_ms: i64) {
        let now = self.now(now_ms);
        if let Some(in_flight) = self.in_flight.get_mut(&place) {
            *in_flight -= 1;
        }
        let (accepted_ms, overdue_ms) = self.open.remove(&task).unwrap_or((now_ms, None));
        let took_ms = now_ms - accepted_ms;
        self.chooser.ended(place, End { is_solved, took_ms, overdue_ms }, now);
        if is_solved {
            let price = self.scenario.world.price(place);
            if let Some(outcome) = self.course.outcomes.get_mut(task) {
                outcome.took_ms = now_ms - outcome.at_ms;
                outcome.solved = Some((place, price));
            }
        } else {
            self.fail(task, now_ms);
        }
    }

    /// The client asks again, unless it has no patience left.
    fn fail(&mut self, task: usize, now_ms: i64) {
        if let Some(outcome) = self.course.outcomes.get_mut(task) {
            outcome.failed += 1;
            outcome.took_ms = now_ms - outcome.at_ms;
            if outcome.took_ms < PATIENCE_MS {
                self.next.push(Reverse((now_ms + ASK_AGAIN_MS, Event::Arrival(task))));
            }
        }
    }
}

/// The luck of a client's task, after so many that failed, at a provider: whichever of its keys it is sent with, so that ways of
/// choosing differ in what they choose.
fn luck(seed: u64, (task, failed): (usize, u32), place: Place) -> Pcg64Mcg {
    let number = |n: usize| u64::try_from(n).unwrap_or(0);
    let of = (number(task) << 32) | (u64::from(failed) << 16) | number(place.provider);
    Pcg64Mcg::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ of)
}
