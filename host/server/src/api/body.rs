//! Reading a request's body: JSON whatever the content type says, bounded, and refused in the protocol's own form.

use axum::body::Body;
use capstan_domain::code::ErrorCode;
use futures_util::StreamExt as _;
use serde_json::{Map, Value};

use crate::settings::Limits;
use crate::tasks::Refusal;

/// The whole body.
///
/// # Errors
/// [`ErrorCode::InvalidTaskData`] when it is too large or does not arrive in time.
pub(super) async fn arrived(body: Body, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let most_bytes = limits.max_body_bytes;
    let arrived = tokio::time::timeout(limits.body_within, read(body, most_bytes)).await;
    arrived.ok().flatten().ok_or_else(|| bad(format!("body: it must be complete and at most {most_bytes} bytes")))
}

/// A body as the JSON object that it must be.
///
/// # Errors
/// [`ErrorCode::InvalidTaskData`], saying what is wrong with it.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(bad("body: it must be a JSON object".to_owned())),
        // The parser's text names the place and what it expected; it repeats nothing of the body.
        Err(error) => Err(bad(format!("body: it must be a JSON object ({error})"))),
    }
}

fn bad(detail: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidTaskData, detail)
}

/// How many times its limit a body may be and still be read to its end.
const READ_TO_THE_END: usize = 8;

/// The whole body; `None` when it is cut off or too large. What is too large is read on for a while and dropped: a client
/// that is still sending would see a closed connection and not the answer.
async fn read(body: Body, most_bytes: usize) -> Option<Vec<u8>> {
    let (mut stream, mut kept, mut seen) = (body.into_data_stream(), Vec::new(), 0usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.ok()?;
        seen = seen.saturating_add(chunk.len());
        if seen > most_bytes.saturating_mul(READ_TO_THE_END) {
            return None;
        }
        if seen <= most_bytes {
            kept.extend_from_slice(&chunk);
        }
    }
    (seen <= most_bytes).then_some(kept)
}
