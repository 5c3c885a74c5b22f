//! The manifest, from the tables.

use adapter_kit::{CredentialField, Manifest, PollLimits, ServedType, json_text};
use serde_json::{Value, json};

use crate::{Family, Service, client_key};

/// The manifest of a service. Adapters have one version: the workspace's.
pub(crate) fn manifest(service: &Service) -> Manifest {
    let polling = &service.polling;
    let that_fit = polling.longest_life_ms.div_ceil(polling.interval_ms.max(1));
    Manifest {
        provider_id: service.id.to_owned(),
        display_name: service.display_name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: service.homepage.to_owned(),
        base_url: service.base_url.to_owned(),
        hosts: Vec::new(),
        credential: vec![CredentialField::new("key", "API key", service.key)],
        placements: vec![client_key()],
        task_types: service.all().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: polling.first_wait_ms,
            interval_ms: polling.interval_ms,
            // As many polls as fit into a task's life are never one too few, unless the service has a limit.
            max_polls: polling.most_polls.map_or(that_fit, |most| most.min(that_fit)),
            longest_life_ms: polling.longest_life_ms,
            result_kept_ms: polling.result_kept_ms,
            max_batch: 1,
        },
        abilities: service.abilities(),
    }
}

fn served(family: &Family) -> ServedType {
    ServedType { schema: schema(family), ..ServedType::new(family.name, family.proxy_support(), family.list_price) }
}

/// What it needs beyond the canonical parameters.
fn schema(family: &Family) -> Option<String> {
    if family.needs.is_empty() {
        return None;
    }
    let groups: Vec<Value> = family.needs.iter().map(|names| json!({ "required": names })).collect();
    Some(json_text(&json!({ "anyOf": groups })))
}
