//! What routing has learned, over a restart: read at the start, written every half minute and at the end.
//!
//! Nodes of one database write each their own, and a start reads all of them: what one has seen of a provider is true for the
//! others. They do not read again while they run: their own tasks teach them faster.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::route::Tally;
use capstan_storage::{Learned, LearnedOf, Store, StoreError};

use crate::app::App;
use crate::clock;
use crate::providers::Snapshot;
use crate::statistics::{FamilyPlace, Statistics};

/// How often it is written: what a crash may cost.
const WRITE_EVERY: Duration = Duration::from_secs(30);
/// As many rows are written at once: the writer has tasks to place in between.
const WRITE_MOST: usize = 100;
/// What is older has faded.
const KEPT_MS: i64 = 24 * 3_600_000;

/// Adds what was learned before to the snapshot's tallies.
pub(crate) async fn recall(store: &Store, snapshot: &Snapshot) -> Result<(), StoreError> {
    let now_ms = clock::now_ms();
    for Learned { of, family, tally } in store.learned_since(now_ms.saturating_sub(KEPT_MS)).await? {
        let Some(family) = FamilyPlace::of(&family) else { continue };
        match of {
            LearnedOf::Provider(id) => {
                snapshot.provider(&id).inspect(|provider| provider.statistics.add(family, &tally, now_ms));
            }
            LearnedOf::Credential(id) => {
                snapshot.find(id).inspect(|(_, credential)| credential.statistics.add(family, &tally, now_ms));
            }
        }
    }
    Ok(())
}

/// Writes what is new, until the process stops.
pub(crate) async fn keep(app: Arc<App>, node: String) {
    loop {
        let stops = tokio::select! {
            () = app.shutdown.cancelled() => true,
            () = tokio::time::sleep(WRITE_EVERY) => false,
        };
        write(&app, &node).await;
        if stops {
            return;
        }
    }
}

async fn write(app: &App, node: &str) {
    let snapshot = app.snapshot.load_full();
    let providers = snapshot.providers().map(|p| (LearnedOf::Provider(p.id.clone()), &p.statistics));
    let credentials = snapshot.credentials().map(|c| (LearnedOf::Credential(c.id), &c.statistics));
    let new: Vec<Learned> = providers.chain(credentials).flat_map(|(of, seen)| new_of(&of, seen)).collect();
    for some in new.chunks(WRITE_MOST) {
        if let Err(error) = app.store.keep_learned(node.to_owned(), some.to_vec(), clock::now_ms()).await {
            let error = &error as &dyn std::error::Error;
            // It is written with the next change; a start without it learns anew.
            tracing::warn!(error, rows = some.len(), "what routing has learned could not be written");
        }
    }
}

fn new_of(of: &LearnedOf, seen: &Statistics) -> Vec<Learned> {
    let learned = |(family, tally): (&'static str, Tally)| Learned { of: of.clone(), family: family.to_owned(), tally };
    seen.take_new().into_iter().map(learned).collect()
}
