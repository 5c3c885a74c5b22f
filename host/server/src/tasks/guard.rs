//! What a createTask is known by when it comes again: its Idempotency-Key, or, where the API key asks for it, its bytes.

use capstan_storage::Guard;
use serde_json::{Map, Value};

use super::Options;
use crate::api::Caller;
use crate::app::App;
use crate::clock;
use crate::keys::keyed_digest;

/// How long an Idempotency-Key is kept.
const KEPT_MS: i64 = 24 * 3600 * 1000;

/// The guard of a request, if it has one. Digests are keyed: what a client sent, a proxy's password among it, cannot be
/// guessed from them.
#[must_use]
pub fn guard_of(
    app: &App,
    caller: &Caller,
    idempotency_key: Option<&str>,
    (bytes, task, options): (&[u8], &Map<String, Value>, &Options),
) -> Option<Guard> {
    let digest =
        |label: &str, data: &[u8]| keyed_digest(&app.vault.derive_key("create guards"), &[label.as_bytes(), data]);
    if let Some(key) = idempotency_key {
        // What is asked for, not how it was written: a client may write its JSON in another order.
        let Options { mode, pool, provider } = options;
        let asked = serde_json::json!({"task": task, "mode": mode, "pool": pool, "provider": provider}).to_string();
        let (guard, body) = (digest("key:", key.as_bytes()), digest("task:", asked.as_bytes()));
        return Some(Guard { guard, body, expires_at_ms: clock::now_ms().saturating_add(KEPT_MS) });
    }
    let window_ms = caller.duplicate_window_ms?;
    let bytes = digest("bytes:", bytes);
    Some(Guard { guard: bytes, body: bytes, expires_at_ms: clock::now_ms().saturating_add(window_ms) })
}
