//! Who the provider is and how it wants to be asked.
//!
//! Source for polling: <https://docs.capsolver.com/guide/api-gettaskresult> and `ERROR_TASK_TIMEOUT` of
//! <https://docs.capsolver.com/guide/api-error>.

use adapter_kit::{Abilities, CredentialField, Manifest, PollLimits, ServedType};

use crate::client_key;
use crate::families::{self, Family};

/// The fastest tasks take one second. "Processing" means to ask again in three.
const FIRST_WAIT_MS: u32 = 2_000;
const INTERVAL_MS: u32 = 3_000;
/// A task that is not solved in 120 s has timed out; a minute more for what waits as `idle` before that.
const LONGEST_LIFE_MS: u32 = 180_000;
/// A task can be asked about for five minutes after its *creation*.
const KNOWN_FOR_MS: u32 = 300_000;

/// The manifest.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        provider_id: "capsolver".to_owned(),
        display_name: "CapSolver".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: "https://www.capsolver.com".to_owned(),
        base_url: "https://api.capsolver.com".to_owned(),
        hosts: Vec::new(),
        credential: vec![CredentialField::new("key", "API key", "Begins with CAP- or CAI-, shown on the dashboard")],
        placements: vec![client_key()],
        task_types: families::all().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: FIRST_WAIT_MS,
            interval_ms: INTERVAL_MS,
            // A task's result is lost at its 121st query. As many polls as fit into its life are half of that.
            max_polls: LONGEST_LIFE_MS.div_ceil(INTERVAL_MS),
            longest_life_ms: LONGEST_LIFE_MS,
            // What is left of the five minutes to the task that took the longest.
            result_kept_ms: KNOWN_FOR_MS - LONGEST_LIFE_MS,
            max_batch: 1,
        },
        abilities: Abilities::BALANCE | Abilities::REPORT,
    }
}

fn served(family: &Family) -> ServedType {
    let schema = family.schema.map(str::to_owned);
    ServedType { schema, ..ServedType::new(family.name, family.proxy(), family.list_price) }
}
