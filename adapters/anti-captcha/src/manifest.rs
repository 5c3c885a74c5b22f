//! Who the provider is and how it wants to be asked.

use adapter_kit::{Abilities, CredentialField, Manifest, PollLimits, ProxySupport, ServedType, json_text};
use serde_json::{Value, json};

use crate::families::Family;
use crate::{FAMILIES, client_key};

/// The first poll comes five seconds after acceptance and the others two seconds apart: the documented advice.
const FIRST_WAIT_MS: u32 = 5_000;
const INTERVAL_MS: u32 = 2_000;
/// Five workers in turn may try a task; the official clients wait 300 s for it.
const LONGEST_LIFE_MS: u32 = 300_000;
/// Results, and the right to report them, end 60 s after the solve.
const RESULT_KEPT_MS: u32 = 60_000;

/// The manifest.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        provider_id: "anti-captcha".to_owned(),
        display_name: "Anti-Captcha".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: "https://anti-captcha.com".to_owned(),
        base_url: "https://api.anti-captcha.com".to_owned(),
        hosts: Vec::new(),
        credential: vec![CredentialField::new(
            "key",
            "API key",
            "32 hexadecimal characters, shown under Settings → API setup",
        )],
        placements: vec![client_key()],
        task_types: FAMILIES.iter().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: FIRST_WAIT_MS,
            interval_ms: INTERVAL_MS,
            // No cap is published; as many polls as fit into a task's life are never one too few.
            max_polls: LONGEST_LIFE_MS.div_ceil(INTERVAL_MS),
            longest_life_ms: LONGEST_LIFE_MS,
            result_kept_ms: RESULT_KEPT_MS,
            max_batch: 1,
        },
        abilities: Abilities::BALANCE | Abilities::MARKET | Abilities::REPORT,
    }
}

fn served(family: &Family) -> ServedType {
    let proxy = match (family.solo, family.proxied) {
        (_, None) => ProxySupport::Never,
        (Some(_), Some(_)) => ProxySupport::Optional,
        (None, Some(_)) => ProxySupport::Required,
    };
    ServedType { schema: schema(family), ..ServedType::new(family.name, proxy, family.list_price) }
}

/// What it needs beyond the canonical parameters.
fn schema(family: &Family) -> Option<String> {
    if family.needs.is_empty() {
        return None;
    }
    let groups: Vec<Value> = family.needs.iter().map(|names| json!({ "required": names })).collect();
    Some(json_text(&json!({ "anyOf": groups })))
}
