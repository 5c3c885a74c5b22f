//! The operator's switches for routing and refunds: their names in the database, and what they say.

use std::collections::HashMap;

use capstan_domain::ProviderId;
use capstan_domain::complaint::{RefundPolicy, RefundRule};
use capstan_domain::route::PoolMode;

/// The operator's switches for routing and refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// The widest pool that any task may have.
    pub pool: Option<PoolMode>,
    /// The widest pool of the tasks of a family, by its canonical name.
    pub family_pools: HashMap<String, PoolMode>,
    /// The order of providers for tasks in `priority` mode whose key has none of its own.
    pub priority: Vec<ProviderId>,
    /// When complaints give money back.
    pub refunds: RefundPolicy,
}

/// The switch that holds the gateway's ceiling on pools.
pub(crate) const POOL_SWITCH: &str = "pool";
/// What begins the switches that hold a family's ceiling.
pub(crate) const FAMILY_POOL_SWITCH: &str = "pool.";
/// The switch that holds the operator's order, as a JSON array of provider ids.
pub(crate) const PRIORITY_SWITCH: &str = "priority";

/// The switches that hold the refund policy: a rule's word, and numbers in decimals.
pub(crate) const REFUND_RULE_SWITCH: &str = "refunds.rule";
pub(crate) const REFUND_WINDOW_SWITCH: &str = "refunds.window_ms";
pub(crate) const REFUND_SHARE_SWITCH: &str = "refunds.share_bp";
pub(crate) const REFUND_FLOOR_SWITCH: &str = "refunds.floor";

impl Switches {
    /// Reads the database's rows.
    ///
    /// # Errors
    /// The name of the first that cannot be read.
    pub(crate) fn read(rows: Vec<(String, String)>) -> Result<Self, String> {
        let mut switches = Self::default();
        for (name, value) in rows {
            let bad = || name.clone();
            if name == POOL_SWITCH {
                switches.pool = Some(PoolMode::from_word(&value).ok_or_else(bad)?);
            } else if name == PRIORITY_SWITCH {
                switches.priority = serde_json::from_str(&value).map_err(|_| bad())?;
            } else if name == REFUND_RULE_SWITCH {
                switches.refunds.rule = RefundRule::from_word(&value).ok_or_else(bad)?;
            } else if name == REFUND_WINDOW_SWITCH {
                switches.refunds.window_ms = value.parse().map_err(|_| bad())?;
            } else if name == REFUND_SHARE_SWITCH {
                switches.refunds.cap.share_bp = value.parse().map_err(|_| bad())?;
            } else if name == REFUND_FLOOR_SWITCH {
                switches.refunds.cap.floor = value.parse().map_err(|_| bad())?;
            } else if let Some(family) = name.strip_prefix(FAMILY_POOL_SWITCH) {
                let pool = PoolMode::from_word(&value).ok_or_else(bad)?;
                switches.family_pools.insert(family.to_owned(), pool);
            } else {
                return Err(bad());
            }
        }
        Ok(switches)
    }
}
