//! capsolver's wire format: JSON in and out, task ids are UUIDs, an error has `errorId` 1, a code of its own and an HTTP
//! status, and says `failed`. Pictures are read within the answer to `createTask`.
//!
//! Pure. Sources: docs.capsolver.com/guide (createTask, getTaskResult, getBalance, error codes, task types), and the
//! statuses that the service's own Python client tells apart.

mod errors;
mod tasks;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, Family, Incoming, Manner, Ready, Refusal, Reply, Report, Solution};
use crate::draw::digest;
use crate::wire::Written;

/// What a request body may hold, whatever the method. Values that have the wrong type are as good as absent.
#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "clientKey", default)]
    client_key: Value,
    #[serde(borrow, default)]
    task: Option<&'a RawValue>,
    #[serde(rename = "taskId", default)]
    task_id: Value,
    #[serde(default)]
    result: Value,
}

/// Reads a request. A body that is no JSON object is refused before anyone looks for a key in it.
pub(crate) fn read(path: &str, body: &Bytes) -> Incoming {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else {
        let call = Call::Refused(Refusal::Unreadable);
        return Incoming { key: None, task: None, call, manner: Manner::default() };
    };
    let task = envelope.task.map(|raw| body.slice_ref(raw.get().as_bytes()));
    let id = envelope.task_id.as_str().and_then(number);
    let call = match path.trim_matches('/') {
        "createTask" => Call::Create(tasks::read(task.as_deref())),
        "getTaskResult" => Call::Poll(id),
        "getBalance" => Call::Balance,
        "feedbackTask" if envelope.result.get("invalid").is_some_and(Value::is_boolean) => {
            Call::Report(Report { task: id, families: &Family::ALL })
        }
        "feedbackTask" => Call::Wrong(Refusal::Field("result")),
        _ => Call::Refused(Refusal::MethodUnknown),
    };
    Incoming { key: envelope.client_key.as_str().map(str::to_owned), task, call, manner: Manner::default() }
}

/// A task's id as a UUID of version 4: the number in the last 62 bits, a digest of it in front.
pub(crate) fn task_id(id: u64) -> String {
    let front = digest(&id.to_be_bytes());
    let high = (front & !0xf000) | 0x4000;
    let low = (id & (u64::MAX >> 2)) | (1 << 63);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & (u64::MAX >> 16)
    )
}

/// The number in a task's id; none where it is no id that [`task_id`] has written.
fn number(text: &str) -> Option<u64> {
    let mut groups = text.split('-').skip(3);
    let (first, second) = (groups.next()?, groups.next()?);
    let low = u64::from_str_radix(&format!("{first}{second}"), 16).ok()?;
    Some(low & (u64::MAX >> 2)).filter(|id| task_id(*id) == text)
}

/// The error code of a refusal, as answers and the log show it.
pub(crate) fn code(refusal: &Refusal) -> &str {
    errors::code(refusal)
}

/// JSON whose fields have the wrong types, for answers that are meant to be unreadable.
pub(crate) const WRONG_TYPES: &str = r#"{"errorId":"0","taskId":{"id":"none"},"status":17,"solution":"yes"}"#;

/// Writes an answer.
pub(crate) fn write(reply: &Reply) -> Written {
    let id = reply.task_id.map(task_id);
    match &reply.answer {
        Answer::Created(id) => ok(&Created::new(task_id(*id), "idle", None)),
        Answer::Solved(id, ready) => ok(&Created::new(task_id(*id), "ready", Some(solution(ready)))),
        Answer::Processing => ok(&Standing { error_id: 0, task_id: id, status: "processing", solution: None }),
        Answer::Ready(ready) => {
            ok(&Standing { error_id: 0, task_id: id, status: "ready", solution: Some(solution(ready)) })
        }
        Answer::Balance(balance) => ok(&Balance { error_id: 0, balance: balance.as_number(), packages: [] }),
        Answer::Reported => ok(&json!({"errorId": 0, "message": "success"})),
        Answer::Refused(refusal) => Written::json(errors::status(refusal), text(&errors::write(refusal, id))),
        // This service has no queues to ask about, nothing that it echoes, and answers about one task at a time.
        Answer::Queue(_) | Answer::Many(_) | Answer::Echo | Answer::Nothing => ok(&Map::new()),
    }
}

fn ok<T: Serialize>(answer: &T) -> Written {
    Written::json(StatusCode::OK, text(answer))
}

fn text<T: Serialize>(answer: &T) -> String {
    // None of the answers has a map with keys that are no strings, the only thing that could fail here.
    serde_json::to_string(answer).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    error_id: u32,
    error_code: &'static str,
    error_description: &'static str,
    task_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<Value>,
}

impl Created {
    const fn new(task_id: String, status: &'static str, solution: Option<Value>) -> Self {
        Self { error_id: 0, error_code: "", error_description: "", task_id, status, solution }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    error_id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    error_id: u32,
    balance: f64,
    /// Prepaid calls; the simulator sells none.
    packages: [Value; 0],
}

fn solution(ready: &Ready) -> Value {
    match &ready.solution {
        Solution::Text(text) => json!({"text": text}),
        Solution::Given(solution) => solution.clone(),
        Solution::Token { family, token, user_agent } => match family {
            Family::Turnstile => json!({"token": token, "type": "turnstile", "userAgent": user_agent}),
            Family::RecaptchaV2
            | Family::RecaptchaV2Enterprise
            | Family::RecaptchaV3
            | Family::Hcaptcha
            | Family::ImageToText
            | Family::Other => {
                // Milliseconds, unlike elsewhere in the field.
                let created_ms = ready.ended_at.saturating_mul(1000);
                json!({"gRecaptchaResponse": token, "userAgent": user_agent, "createTime": created_ms})
            }
        },
    }
}

#[cfg(test)]
mod tests;
