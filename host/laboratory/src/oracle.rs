//! Who knows what is true now: the best that choosing one task at a time could do.

use std::collections::HashMap;

use capstan_domain::route::{FAILURE_PRICES, SelectionMode};

use crate::chooser::{Chooser, End, Now};
use crate::trial::{ASK_AGAIN_MS, DEADLINE_MS};
use crate::world::{Place, Reply, World, quotient};

/// The oracle in one mode.
pub struct Oracle {
    mode: SelectionMode,
    in_flight: HashMap<Place, u32>,
}

impl Oracle {
    /// An oracle.
    #[must_use]
    pub fn new(mode: SelectionMode) -> Self {
        Self { mode, in_flight: HashMap::new() }
    }

    fn burden(&self, world: &World, (place, lowest): (Place, i64), now_ms: i64) -> Option<f64> {
        let (truth, credential) = (world.truth(place, now_ms)?, world.credential(place)?);
        let in_flight = self.in_flight.get(&place).copied().unwrap_or(0);
        if !truth.is_up || !credential.is_accepted || in_flight >= credential.limit {
            return None;
        }
        let success = (1.0 - truth.lost) * truth.success;
        let failures = 1.0 / success.max(1e-6) - 1.0;
        // A failed try was given up, or never answered.
        let lost = truth.lost / (1.0 - success).max(1e-9);
        let lost_ms = lost.mul_add(quotient(DEADLINE_MS, 1), (1.0 - lost) * truth.mean_ms());
        Some(match self.mode {
            SelectionMode::AutoCheapest => {
                (FAILURE_PRICES * quotient(lowest, 1)).mul_add(failures, quotient(world.price(place), 1))
            }
            SelectionMode::AutoFastest => (lost_ms + quotient(ASK_AGAIN_MS, 1)).mul_add(failures, truth.mean_ms()),
            SelectionMode::AutoMostReliable => failures,
            // The order is the client's; among the keys of one provider the best.
            SelectionMode::Priority => quotient(i64::try_from(place.provider).unwrap_or(0), 1).mul_add(1e9, failures),
        })
    }
}

impl Chooser for Oracle {
    fn name(&self) -> &'static str {
        "oracle"
    }

    fn choose(&mut self, world: &World, now: Now, _most: usize) -> Vec<Place> {
        let lowest = world.places().map(|place| world.price(place)).min().unwrap_or(0);
        let burden = |place: Place| Some((self.burden(world, (place, lowest), now.ms)?, place));
        let mut places: Vec<(f64, Place)> = world.places().filter_map(burden).collect();
        places.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        places.into_iter().map(|(_, place)| place).collect()
    }

    fn replied(&mut self, place: Place, reply: Reply, _now: Now) {
        if reply == Reply::Accepted {
            *self.in_flight.entry(place).or_default() += 1;
        }
    }

    fn ended(&mut self, place: Place, _end: End, _now: Now) {
        if let Some(in_flight) = self.in_flight.get_mut(&place) {
            *in_flight = in_flight.saturating_sub(1);
        }
    }
}
