//! How a credential stands in the running gateway ([`capstan_domain::route::standing`]): its rest, its breaker, its load.
//!
//! Behind a lock for a few additions, with what a route reads kept beside it. It outlives reloads of the snapshot; a restart
//! begins with a clean one, since what it knows is of minutes.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use capstan_domain::adapter::FaultClass;
use capstan_domain::route::{Load, Moment, Standing, Word};

use crate::clock;
use crate::providers::{Provider, THROTTLED_MS};

/// How one credential stands.
#[derive(Default)]
pub struct LiveStanding {
    standing: Mutex<Standing>,
    rested_until_ms: AtomicI64,
    /// Tasks in flight, and one more than as many as can be, which is 0 where that is unknown: so a new one is all zeros.
    load: AtomicU64,
}

/// A task that counts as in flight until this is dropped.
pub struct InFlight(Arc<LiveStanding>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.change(Standing::leave);
    }
}

impl LiveStanding {
    /// Lets a task in, unless the credential rests or another task is trying it. One that has a place from [`Self::take`] keeps it.
    #[must_use]
    pub fn enter(self: &Arc<Self>, provider: &Provider, place: Option<Arc<InFlight>>) -> Option<Arc<InFlight>> {
        let is_in = self.change(|standing| {
            // No rest of a drawn length begins here.
            let is_in = standing.enter(moment(provider, 0));
            if is_in && place.is_some() {
                standing.leave();
            }
            is_in
        });
        is_in.then(|| place.unwrap_or_else(|| Arc::new(InFlight(Arc::clone(self)))))
    }

    /// Counts a task that is there already, or is on its way.
    #[must_use]
    pub fn take(self: &Arc<Self>) -> InFlight {
        self.change(Standing::take);
        InFlight(Arc::clone(self))
    }

    /// Takes down what its provider said to a task.
    pub fn note(&self, word: Word, provider: &Provider) {
        let draw = match word {
            Word::Good | Word::TooFast(_) => 0,
            Word::Down | Word::Silent | Word::Useless => clock::draw(),
        };
        self.change(|standing| standing.note(word, moment(provider, draw)));
    }

    /// Lets it rest without a word about its load.
    pub fn rest(&self, rest_ms: u32) {
        let until_ms = clock::now_ms().saturating_add(i64::from(rest_ms));
        self.change(|standing| standing.rest_until(until_ms));
    }

    /// Until when no task is routed to it.
    #[must_use]
    pub fn rested_until_ms(&self) -> i64 {
        self.rested_until_ms.load(Ordering::Relaxed)
    }

    /// What it has to do, beside what it can.
    #[must_use]
    pub fn load(&self) -> Load {
        let [in_flight, most] =
            [32, 0].map(|bits| u32::try_from(self.load.load(Ordering::Relaxed) >> bits & LOW).unwrap_or(0));
        Load { in_flight, most: most.wrapping_sub(1) }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Standing) -> T) -> T {
        // A poisoned lock is entered all the same: a standing is whole between two statements.
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let done = change(&mut standing);
        self.rested_until_ms.store(standing.rested_until_ms(), Ordering::Relaxed);
        let Load { in_flight, most } = standing.load();
        self.load.store((u64::from(in_flight) << 32) | u64::from(most.wrapping_add(1)), Ordering::Relaxed);
        done
    }
}

const LOW: u64 = u32::MAX as u64;

fn moment(provider: &Provider, draw: u64) -> Moment {
    Moment { now_ms: clock::now_ms(), time_scale: provider.time_scale, draw }
}

/// What a fault says of the credential that was used.
#[must_use]
pub fn word_of(class: FaultClass, provider: &Provider) -> Word {
    match class {
        FaultClass::Throttled(after_ms) => Word::TooFast(rest_ms(after_ms, provider)),
        FaultClass::ProviderDown => Word::Down,
        FaultClass::InDoubt => Word::Silent,
        FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds => Word::Useless,
        FaultClass::InvalidTask | FaultClass::Unsolvable | FaultClass::NotSupported | FaultClass::NoCapacity => {
            Word::Good
        }
    }
}

/// The rest that a provider asks for, in this gateway's time.
#[must_use]
pub fn rest_ms(after_ms: Option<u32>, provider: &Provider) -> u32 {
    provider.in_our_time(after_ms.unwrap_or(THROTTLED_MS).min(LONGEST_REST_MS))
}

/// No provider is believed to ask for a longer rest.
const LONGEST_REST_MS: u32 = 600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_one_has_nothing_to_do_and_no_known_limit() {
        assert_eq!(LiveStanding::default().load(), Load::NONE);
    }

    #[test]
    fn what_is_in_flight_counts_until_it_is_dropped() {
        let standing = Arc::new(LiveStanding::default());
        let (one, two) = (standing.take(), standing.take());
        assert_eq!(standing.load(), Load { in_flight: 2, most: u32::MAX });
        drop(one);
        assert_eq!(standing.load().in_flight, 1);
        drop(two);
        assert_eq!(standing.load(), Load::NONE);
    }
}
