//! The simulator's own pages: what it is, what it received, how to steer it from outside the process.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::control::Control;
use crate::http::response;
use crate::log::{Decision, Received};
use crate::script::Create;
use crate::shared::Shared;

const HELP: &str = include_str!("help.txt");

/// `GET /`
pub(crate) async fn help(State(shared): State<Arc<Shared>>) -> Response {
    let help = HELP.replace("SERVICE\n", shared.speaks.help());
    response(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from(help))
}

/// A request as `GET /_log` shows it.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    at_ms: u64,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    query: &'a str,
    key: Option<&'a str>,
    /// The task: its exact text, or the fields of its form.
    task: Option<&'a RawValue>,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// The body, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    task_id: Option<u64>,
    decision: &'a Decision,
}

impl<'a> From<&'a Received> for Line<'a> {
    fn from(received: &'a Received) -> Self {
        let body = std::str::from_utf8(&received.body).ok();
        Self {
            number: received.number,
            at_ms: received.at_ms,
            method: &received.method,
            path: &received.path,
            query: &received.query,
            key: received.key.as_deref(),
            task: received.task.as_deref().and_then(|task| serde_json::from_slice(task).ok()),
            body,
            body_base64: body.is_none().then(|| STANDARD.encode(&received.body)),
            task_id: received.task_id,
            decision: &received.decision,
        }
    }
}

/// `GET /_log?after=N`: an array, the oldest request first.
pub(crate) async fn log(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let Some(after) = after(uri.query().unwrap_or_default()) else {
        return json_response(StatusCode::BAD_REQUEST, &json!({"error": "`after` is the number of a request"}));
    };
    let received = Control::new(shared).received_after(after);
    json_response(StatusCode::OK, &received.iter().map(Line::from).collect::<Vec<_>>())
}

/// The request after which the log is wanted; 0 where the query does not say.
fn after(query: &str) -> Option<u64> {
    query.split('&').find_map(|pair| pair.strip_prefix("after=")).map_or(Some(0), |number| number.parse().ok())
}

/// `DELETE /_log`
pub(crate) async fn clear_log(State(shared): State<Arc<Shared>>) -> Response {
    Control::new(shared).clear_log();
    done()
}

/// `GET /_stats`
pub(crate) async fn stats(State(shared): State<Arc<Shared>>) -> Response {
    json_response(StatusCode::OK, &Control::new(shared).stats())
}

/// `GET /_control/behaviour`
pub(crate) async fn behaviour(State(shared): State<Arc<Shared>>) -> Response {
    json_response(StatusCode::OK, &Control::new(shared).behaviour())
}

/// `PUT /_control/behaviour`: the fields to change, and `keys`; answers the behaviour that resulted.
pub(crate) async fn set_behaviour(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let control = Control::new(shared);
    let change: Value = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => return refused(&error),
    };
    match control.merge_behaviour(&change) {
        Ok(()) => json_response(StatusCode::OK, &control.behaviour()),
        Err(error) => refused(&error),
    }
}

/// `PUT /_control/script`: an array of outcomes that replaces those not used yet.
pub(crate) async fn script(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let control = Control::new(shared);
    match serde_json::from_slice::<Vec<Create>>(&body) {
        Ok(creates) => {
            control.clear_script();
            control.script(creates);
            done()
        }
        Err(error) => refused(&error),
    }
}

/// Which gates to close (true) or open (false); those not named stay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gates {
    creates: Option<bool>,
    solutions: Option<bool>,
}

/// `PUT /_control/hold`
pub(crate) async fn hold(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let control = Control::new(shared);
    let gates: Gates = match serde_json::from_slice(&body) {
        Ok(gates) => gates,
        Err(error) => return refused(&error),
    };
    match gates.solutions {
        Some(true) => control.hold_solutions(),
        Some(false) => control.release_solutions(),
        None => {}
    }
    match gates.creates {
        Some(true) => control.hold_creates(),
        Some(false) => control.release_creates(),
        None => {}
    }
    done()
}

fn done() -> Response {
    response(StatusCode::NO_CONTENT, "text/plain", Bytes::new())
}

fn refused(error: &dyn std::error::Error) -> Response {
    json_response(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()}))
}

fn json_response<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => response(status, "application/json; charset=utf-8", Bytes::from(text)),
        Err(error) => {
            response(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", Bytes::from(error.to_string()))
        }
    }
}
