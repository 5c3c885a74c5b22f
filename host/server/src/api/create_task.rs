//! `POST /createTask`.

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::auth::{self, Caller};
use super::fields::bad;
use crate::app::App;
use crate::limits::Allowance;
use crate::tasks::{self, CreateRequest, Created, Options, Refusal};

/// A createTask as it came.
pub(super) struct Sent<'r> {
    /// When it was complete.
    pub began: Instant,
    /// Its bytes.
    pub bytes: &'r [u8],
    /// Its head.
    pub headers: &'r HeaderMap,
}

/// Creates a task, whatever the dialect.
pub(super) async fn create(
    app: &Arc<App>,
    caller: &Caller,
    sent: &Sent<'_>,
    (task, options): (Map<String, Value>, Options),
) -> Result<(Created, Allowance), Refusal> {
    auth::may_create(caller)?;
    let allowance = auth::limit(app, caller)?;
    let key = idempotency_key(sent.headers)?;
    let guard = tasks::guard_of(app, caller, key, (sent.bytes, &task, &options));
    let storm = app.storms.note(app, caller.key, sent.bytes);
    let created = tasks::create(app, caller, CreateRequest { task, options, guard, storm }, sent.began).await?;
    Ok((created, allowance))
}

/// Longest Idempotency-Key.
const MOST_KEY_BYTES: usize = 255;

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|text| (1..=MOST_KEY_BYTES).contains(&text.len()));
    text.map(Some).ok_or_else(|| bad(format!("Idempotency-Key: it must be 1 to {MOST_KEY_BYTES} characters of ASCII")))
}
