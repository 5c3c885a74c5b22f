//! An address that may be left unset: TOML has no null, so that the empty text stands for it.

use std::net::SocketAddr;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

pub(super) fn serialize<S: Serializer>(address: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    address.map(|address| address.to_string()).unwrap_or_default().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |_| D::Error::custom(format!("{text:?} is no address such as \"127.0.0.1:9090\""));
    text.parse().map(Some).map_err(bad)
}
