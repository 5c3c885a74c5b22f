//! How many requests may be out at once for one provider.
//!
//! A provider that never answers holds a connection, a body and a client's time for each request until the request runs
//! out of time. Without a bound one adapter, by ill will or because its provider is stuck, could take them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capstan_domain::ProviderId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of every provider. Whoever waits for one gets it in turn.
pub(crate) struct Quota {
    most: usize,
    patience: Duration,
    /// One for each provider that was ever granted anything: as many as the operator has.
    places: Mutex<HashMap<ProviderId, Arc<Semaphore>>>,
}

/// A request's place, until it is dropped.
pub(crate) type PlaceOut = OwnedSemaphorePermit;

impl Quota {
    pub(crate) fn new(most: usize, patience: Duration) -> Self {
        // With no place at all nothing could ever be sent, and a semaphore has an upper bound of its own.
        Self { most: most.clamp(1, Semaphore::MAX_PERMITS), patience, places: Mutex::default() }
    }

    /// A place for one request; none when all stay taken for as long as there is patience.
    pub(crate) async fn enter(&self, provider: &ProviderId) -> Option<PlaceOut> {
        let place = self.of(provider).acquire_owned();
        // The semaphore is never closed, so that only the time can run out.
        tokio::time::timeout(self.patience, place).await.ok()?.ok()
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    // A poisoned lock is entered all the same: an entry is there or not.
    fn of(&self, provider: &ProviderId) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let of_provider = places.entry(provider.clone());
        Arc::clone(of_provider.or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }
}
