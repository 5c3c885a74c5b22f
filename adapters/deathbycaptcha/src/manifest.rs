//! Who the provider is and how it wants to be asked.
//!
//! Source: the client of <https://github.com/deathbycaptcha/deathbycaptcha-api-client-python>: it asks after one to three
//! seconds, every three from the tenth time on, and gives a picture up after 60 s and a token after 120.

use adapter_kit::{Abilities, CredentialField, Manifest, PollLimits, ServedType, json_text};
use serde_json::json;

use crate::families::{self, Family};
use crate::placements;

const FIRST_WAIT_MS: u32 = 3_000;
const INTERVAL_MS: u32 = 3_000;
/// Longer than its own client waits: an answer that comes later is paid for all the same.
const LONGEST_LIFE_MS: u32 = 180_000;
/// Nothing is said of how long an answer can be read: not much longer than it is waited for.
const RESULT_KEPT_MS: u32 = 180_000;

/// The manifest.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        provider_id: "deathbycaptcha".to_owned(),
        display_name: "Death By Captcha".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: "https://deathbycaptcha.com".to_owned(),
        base_url: "https://api.dbcapi.me/api".to_owned(),
        hosts: Vec::new(),
        credential: vec![
            CredentialField::new("username", "User name", "The account's name, as it signs in on the site"),
            CredentialField::new("password", "Password", "The account's password"),
        ],
        placements: placements().to_vec(),
        task_types: families::FAMILIES.iter().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: FIRST_WAIT_MS,
            interval_ms: INTERVAL_MS,
            max_polls: LONGEST_LIFE_MS.div_ceil(INTERVAL_MS),
            longest_life_ms: LONGEST_LIFE_MS,
            result_kept_ms: RESULT_KEPT_MS,
            max_batch: 1,
        },
        abilities: Abilities::BALANCE | Abilities::REPORT,
    }
}

fn served(family: &Family) -> ServedType {
    let schema = (!family.needs.is_empty()).then(|| json_text(&json!({ "required": family.needs })));
    ServedType { schema, ..ServedType::new(family.name, family.proxy, family.list_price) }
}
