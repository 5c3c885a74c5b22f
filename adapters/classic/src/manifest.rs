//! The manifest, from the tables.

use adapter_kit::{Abilities, CredentialField, Manifest, PollLimits, ServedType, json_text};
use serde_json::json;

use crate::service::{key_in_form, key_in_query};
use crate::{Family, Service};

/// The manifest of a service. Adapters have one version: the workspace's.
pub(crate) fn manifest(service: &Service) -> Manifest {
    let polling = &service.polling;
    let balance = if service.tells_balance { Abilities::BALANCE } else { Abilities::empty() };
    Manifest {
        provider_id: service.id.to_owned(),
        display_name: service.display_name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: service.homepage.to_owned(),
        base_url: service.base_url.to_owned(),
        hosts: Vec::new(),
        credential: vec![CredentialField::new("key", "API key", service.key)],
        placements: vec![key_in_form(), key_in_query()],
        task_types: service.families.iter().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: polling.first_wait_ms,
            interval_ms: polling.interval_ms,
            // Where a service has a cap, the families' gaps keep it; fewer polls here would make the host stretch those of
            // images, which are given up long before a token is.
            max_polls: polling.longest_life_ms.div_ceil(polling.interval_ms.max(1)),
            longest_life_ms: polling.longest_life_ms,
            result_kept_ms: polling.result_kept_ms,
            max_batch: 1,
        },
        abilities: balance | Abilities::REPORT,
    }
}

fn served(family: &Family) -> ServedType {
    let schema = (!family.needs.is_empty()).then(|| json_text(&json!({ "required": family.needs })));
    ServedType { schema, ..ServedType::new(family.name, family.proxy, family.list_price) }
}
