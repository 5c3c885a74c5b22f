//! The operator's switches for routing: ceilings on pools that nothing below can lift, and the order of `priority`.

use std::collections::BTreeMap;

use capstan_domain::catalogue;
use capstan_domain::route::PoolMode;
use serde_json::{Value, json};

use super::accounts::read_pool;
use super::{Call, OperateError, Operator, keys};
use crate::switches::{FAMILY_POOL_SWITCH, POOL_SWITCH, PRIORITY_SWITCH};

/// What is to be set. What is absent stays as it is; `none` takes a switch away.
pub(super) struct Change {
    pub(super) pool: Option<String>,
    pub(super) family_pools: BTreeMap<String, String>,
    pub(super) priority: Option<String>,
}

pub(super) async fn show(operator: &Operator) -> Result<Value, OperateError> {
    let switches: BTreeMap<String, String> = operator.store.list_switches().await?.into_iter().collect();
    let family = |(name, value): (&String, &String)| {
        name.strip_prefix(FAMILY_POOL_SWITCH).map(|family| (family.to_owned(), json!(value)))
    };
    let priority: Option<Value> = switches.get(PRIORITY_SWITCH).and_then(|text| serde_json::from_str(text).ok());
    Ok(json!({
        "pool": switches.get(POOL_SWITCH),
        "familyPools": switches.iter().filter_map(family).collect::<serde_json::Map<_, _>>(),
        "priority": priority,
    }))
}

pub(super) async fn set(call: &Call<'_>, change: Change) -> Result<Value, OperateError> {
    let mut switches: Vec<(String, Option<String>)> = Vec::new();
    if let Some(text) = &change.pool {
        switches.push((POOL_SWITCH.to_owned(), read_pool("pool", text)?.map(|pool| pool.as_str().to_owned())));
    }
    for (family, text) in &change.family_pools {
        let known = catalogue::by_name(family)
            .ok_or_else(|| OperateError::Unknown { what: "family", name: family.chars().take(60).collect() })?;
        let pool = read_pool("family-pool", text)?.map(PoolMode::as_str).map(str::to_owned);
        switches.push((format!("{FAMILY_POOL_SWITCH}{}", known.name), pool));
    }
    if let Some(text) = &change.priority {
        let order = if text.trim().eq_ignore_ascii_case("none") { None } else { Some(keys::read_priority(text)?) };
        switches.push((PRIORITY_SWITCH.to_owned(), order.map(|order| json!(order).to_string())));
    }
    if switches.is_empty() {
        return Err(OperateError::Bad("nothing is to be set; name pool, family-pool or priority".to_owned()));
    }
    for (name, value) in switches {
        let target = format!("switch {name}");
        let detail = json!({"value": value});
        call.change("routing set", target, detail, capstan_storage::Change::PutSwitch { name, value }).await?;
    }
    show(call.operator).await
}
