//! What others do instead.

use std::collections::{HashMap, VecDeque};

use capstan_domain::route::{FAILURE_PRICES, SelectionMode};

use crate::chooser::{Chooser, End, Now};
use crate::world::{Place, Reply, World, quotient};

/// Every one of them, for a mode.
#[must_use]
pub fn all(world: &World, mode: SelectionMode) -> Vec<Box<dyn Chooser>> {
    vec![
        Box::new(Random),
        Box::new(RoundRobin(0)),
        Box::new(Fixed(mode)),
        Box::new(LastGood { mode, good: None }),
        Box::new(Averages { mode, known: HashMap::new() }),
        Box::new(Windows::new(world, mode)),
    ]
}

fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ (number >> 29)
}

/// Every credential, each provider's in an order that is drawn: nobody sends everything to the first key.
fn places(world: &World, now: Now) -> Vec<Place> {
    let mut places: Vec<Place> = world.places().collect();
    places.sort_by_cached_key(|place| mixed(now.draw ^ mixed(quick(*place))));
    places
}

fn quick(place: Place) -> u64 {
    u64::try_from(place.provider * 1_000 + place.credential + 1).unwrap_or(0)
}

/// Anybody.
struct Random;

impl Chooser for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        places(world, now)
    }
}

/// One after the other.
struct RoundRobin(usize);

impl Chooser for RoundRobin {
    fn name(&self) -> &'static str {
        "round robin"
    }

    fn choose(&mut self, world: &World, _now: Now, _most: usize) -> Vec<Place> {
        let mut places: Vec<Place> = world.places().collect();
        let turn = self.0 % places.len().max(1);
        self.0 += 1;
        places.rotate_left(turn);
        places
    }
}

/// The saved order, or that of the prices.
fn by_fixed_order(mode: SelectionMode, world: &World, places: &mut [Place]) {
    match mode {
        SelectionMode::Priority => places.sort_by_key(|place| place.provider),
        SelectionMode::AutoCheapest | SelectionMode::AutoFastest | SelectionMode::AutoMostReliable => {
            places.sort_by_key(|place| world.price(*place));
        }
    }
}

/// Always the same order: the cheapest first, or the saved one.
struct Fixed(SelectionMode);

impl Chooser for Fixed {
    fn name(&self) -> &'static str {
        "static order"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        let mut places = places(world, now);
        by_fixed_order(self.0, world, &mut places);
        places
    }
}

/// Whoever solved the last task, then the static order.
struct LastGood {
    mode: SelectionMode,
    good: Option<Place>,
}

impl Chooser for LastGood {
    fn name(&self) -> &'static str {
        "last good"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        let mut places = places(world, now);
        by_fixed_order(self.mode, world, &mut places);
        places.sort_by_key(|place| Some(*place) != self.good);
        places
    }

    fn replied(&mut self, place: Place, reply: Reply, _now: Now) {
        if reply != Reply::Accepted && self.good == Some(place) {
            self.good = None;
        }
    }

    fn ended(&mut self, place: Place, end: End, _now: Now) {
        if end.is_solved {
            self.good = Some(place);
        } else if self.good == Some(place) {
            self.good = None;
        }
    }
}

/// Exponentially weighted averages of success and time for each credential, and the burden that the router's modes have.
struct Averages {
    mode: SelectionMode,
    known: HashMap<Place, Average>,
}

/// Nothing seen is the best.
#[derive(Clone, Copy)]
struct Average {
    success: f64,
    solved_ms: f64,
    lost_ms: f64,
}

/// The weight of the newest task.
const NEWEST: f64 = 0.1;

impl Averages {
    fn note(&mut self, place: Place, (solved, took_ms): (bool, i64)) {
        let took_ms = quotient(took_ms, 1);
        let known = self.known.entry(place).or_insert(Average { success: 1.0, solved_ms: took_ms, lost_ms: took_ms });
        let moved = |old: f64, new: f64| (new - old).mul_add(NEWEST, old);
        known.success = moved(known.success, f64::from(u8::from(solved)));
        if solved {
            known.solved_ms = moved(known.solved_ms, took_ms);
        } else {
            known.lost_ms = moved(known.lost_ms, took_ms);
        }
    }

    fn burden(&self, world: &World, (place, lowest): (Place, i64)) -> f64 {
        let known = self.known.get(&place).copied().unwrap_or(Average { success: 1.0, solved_ms: 0.0, lost_ms: 0.0 });
        let failures = 1.0 / known.success.max(0.01) - 1.0;
        match self.mode {
            SelectionMode::AutoCheapest => {
                (FAILURE_PRICES * quotient(lowest, 1)).mul_add(failures, quotient(world.price(place), 1))
            }
            SelectionMode::AutoFastest => (known.lost_ms + 5_000.0).mul_add(failures, known.solved_ms),
            SelectionMode::AutoMostReliable => failures,
            SelectionMode::Priority => quotient(i64::try_from(place.provider).unwrap_or(0), 1).mul_add(1e6, failures),
        }
    }
}

impl Chooser for Averages {
    fn name(&self) -> &'static str {
        "plain EWMA"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        let mut places = places(world, now);
        let lowest = places.iter().map(|place| world.price(*place)).min().unwrap_or(0);
        places
            .sort_by(|one, other| self.burden(world, (*one, lowest)).total_cmp(&self.burden(world, (*other, lowest))));
        places
    }

    fn replied(&mut self, place: Place, reply: Reply, _now: Now) {
        if reply != Reply::Accepted {
            self.note(place, (false, 0));
        }
    }

    fn ended(&mut self, place: Place, end: End, _now: Now) {
        self.note(place, (end.is_solved, end.took_ms));
    }
}

/// What a commercial gateway documents: each provider's success rate and P90 over a window, worked out anew once in a while;
/// who has fewer than ten tasks in it comes after the others, by price; nothing else is known. Theirs are of hours; here they
/// are of minutes, and one task in twenty goes anywhere, as other customers' would, so that it has something to go by.
struct Windows {
    mode: SelectionMode,
    seen: Vec<VecDeque<(i64, Option<i64>)>>,
    order: Vec<usize>,
    made_ms: i64,
}

const WINDOW_MS: i64 = 900_000;
const EVERY_MS: i64 = 60_000;
const ENOUGH: usize = 10;
const ANYWHERE: u64 = 20;

impl Windows {
    fn new(world: &World, mode: SelectionMode) -> Self {
        Self { mode, seen: vec![VecDeque::new(); world.providers.len()], order: Vec::new(), made_ms: i64::MIN }
    }

    fn work_out(&mut self, world: &World, now_ms: i64) {
        for seen in &mut self.seen {
            while seen.front().is_some_and(|(at_ms, _)| *at_ms < now_ms - WINDOW_MS) {
                seen.pop_front();
            }
        }
        let price = |n: usize| world.providers.get(n).map_or(i64::MAX, |provider| provider.price);
        let mut order: Vec<(f64, i64, usize)> =
            (0..).zip(&self.seen).map(|(n, seen)| (self.rate(seen), price(n), n)).collect();
        order.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        self.order = order.into_iter().map(|(_, _, n)| n).collect();
        self.made_ms = now_ms;
    }

    fn rate(&self, seen: &VecDeque<(i64, Option<i64>)>) -> f64 {
        let mut times: Vec<i64> = seen.iter().filter_map(|(_, took_ms)| *took_ms).collect();
        let count = |n: usize| quotient(i64::try_from(n).unwrap_or(0), 1);
        match self.mode {
            SelectionMode::AutoFastest if times.len() >= ENOUGH => {
                times.sort_unstable();
                times.get(times.len() * 9 / 10).map_or(f64::MAX, |ms| quotient(*ms, 1))
            }
            SelectionMode::AutoMostReliable if seen.len() >= ENOUGH => 1.0 - count(times.len()) / count(seen.len()),
            SelectionMode::AutoFastest | SelectionMode::AutoMostReliable => f64::MAX,
            SelectionMode::AutoCheapest | SelectionMode::Priority => 0.0,
        }
    }

    fn note(&mut self, place: Place, took_ms: Option<i64>, now_ms: i64) {
        if let Some(seen) = self.seen.get_mut(place.provider) {
            seen.push_back((now_ms, took_ms));
        }
    }
}

impl Chooser for Windows {
    fn name(&self) -> &'static str {
        "windowed sort"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        let mut places = places(world, now);
        match self.mode {
            SelectionMode::AutoCheapest | SelectionMode::Priority => by_fixed_order(self.mode, world, &mut places),
            SelectionMode::AutoFastest | SelectionMode::AutoMostReliable
                if mixed(now.draw).is_multiple_of(ANYWHERE) => {}
            SelectionMode::AutoFastest | SelectionMode::AutoMostReliable => {
                if now.ms >= self.made_ms.saturating_add(EVERY_MS) {
                    self.work_out(world, now.ms);
                }
                places.sort_by_key(|place| self.order.iter().position(|n| *n == place.provider));
            }
        }
        places
    }

    fn replied(&mut self, place: Place, reply: Reply, now: Now) {
        if reply != Reply::Accepted {
            self.note(place, None, now.ms);
        }
    }

    fn ended(&mut self, place: Place, end: End, now: Now) {
        self.note(place, Some(end.took_ms).filter(|_| end.is_solved), now.ms);
    }
}
