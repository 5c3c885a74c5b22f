//! What was said to a provider and what it answered, in the form in which adapters' fixtures are written
//! (`adapters/kit/src/fixture.rs`), so that a check of a real service can be kept as one.
//!
//! Requests are noted as the adapter built them, before the credential is placed; replies as egress hands them on, scrubbed
//! of it. So no credential can be in a transcript.

use capstan_domain::adapter::{
    Body, Charged, Fault, FaultClass, InwardResponse, Method, Money, Operation, OutwardRequest, Part, Place, Placement,
    Standing, Step, Verdict,
};
use serde_json::{Map, Value, json};

use crate::line::{Heard, Said};

/// Reply headers worth keeping; the others change with every answer and are read by no adapter.
const KEPT_HEADERS: [&str; 3] = ["content-type", "location", "retry-after"];

/// An operation as a fixture; `source` is where the provider documents it. One that came to no end, or had a request that got
/// no answer, is no fixture, and says so.
pub(crate) fn noted(source: &str, said: &Said) -> Value {
    let exchanges: Vec<Value> = said.heard.iter().map(heard_json).collect();
    let end = said.ended.as_ref().map_or(Value::Null, step_json);
    json!({"source": source, "operation": operation_json(&said.operation), "exchanges": exchanges, "end": end})
}

fn heard_json(heard: &Heard) -> Value {
    match heard {
        Heard::Exchanged(request, response) => json!({"request": request_json(request), "reply": reply_json(response)}),
        Heard::Unanswered(request, why) => json!({"request": request_json(request), "unanswered": why}),
        Heard::Waited(milliseconds) => json!({"wait_ms": milliseconds}),
    }
}

pub(crate) fn operation_json(operation: &Operation) -> Value {
    let open = |task: &capstan_domain::adapter::OpenTask| {
        let mut shown = json!({"reference": task.reference, "family": task.family});
        if let (false, Some(fields)) = (task.memo.is_empty(), shown.as_object_mut()) {
            fields.insert("memo".to_owned(), json!(String::from_utf8_lossy(&task.memo)));
        }
        shown
    };
    match operation {
        Operation::Submit(task) => {
            let mut shown = json!({
                "attempt_id": task.attempt.to_string(), "family": task.family, "parameters": json_text(&task.parameters),
            });
            if let (Some(proxy), Some(fields)) = (&task.proxy, shown.as_object_mut()) {
                let mut proxy = json!(proxy);
                if let Some(parts) = proxy.as_object_mut() {
                    parts.retain(|_, part| !part.is_null());
                }
                fields.insert("proxy".to_owned(), proxy);
            }
            json!({"submit": shown})
        }
        Operation::Poll(tasks) => json!({"poll": tasks.iter().map(open).collect::<Vec<_>>()}),
        Operation::LookUp(attempt) => json!({"look_up": attempt.to_string()}),
        Operation::Balance => json!("balance"),
        Operation::Market => json!("market"),
        Operation::Report(report) => json!({"report": {"task": open(&report.task), "correct": report.correct}}),
        Operation::Cancel(task) => json!({"cancel": open(task)}),
    }
}

pub(crate) fn request_json(request: &OutwardRequest) -> Value {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    };
    let mut shown = Map::new();
    shown.insert("method".to_owned(), json!(method));
    shown.insert("url".to_owned(), json!(request.url));
    if !request.headers.is_empty() {
        shown.insert("headers".to_owned(), json!(request.headers));
    }
    let body = match &request.body {
        Body::Empty => None,
        Body::Json(text) => Some(("json", json_text(text))),
        Body::Form(fields) => Some(("form", json!(fields))),
        Body::Multipart(parts) => Some(("multipart", parts.iter().map(part_json).collect())),
        Body::Bytes(content_type, bytes) => Some(("bytes", json!([content_type, String::from_utf8_lossy(bytes)]))),
    };
    shown.extend(body.map(|(name, value)| (name.to_owned(), value)));
    if !request.placements.is_empty() {
        shown.insert("placements".to_owned(), request.placements.iter().map(placement_json).collect());
    }
    Value::Object(shown)
}

fn part_json(part: &Part) -> Value {
    let mut shown = Map::new();
    shown.insert("name".to_owned(), json!(part.name));
    shown.extend(part.file_name.iter().map(|name| ("file_name".to_owned(), json!(name))));
    shown.extend(part.content_type.iter().map(|content_type| ("content_type".to_owned(), json!(content_type))));
    shown.insert("data".to_owned(), json!(String::from_utf8_lossy(&part.data)));
    Value::Object(shown)
}

fn placement_json(placement: &Placement) -> Value {
    let (place, name) = match &placement.place {
        Place::JsonField(name) => ("json_field", json!(name)),
        Place::FormField(name) => ("form_field", json!(name)),
        Place::Query(name) => ("query", json!(name)),
        Place::Header { name, prefix } => ("header", json!({"name": name, "prefix": prefix})),
        Place::Basic { user } => ("basic", json!(user)),
    };
    json!({"field": placement.field, place: name})
}

pub(crate) fn reply_json(response: &InwardResponse) -> Value {
    let headers: Vec<_> =
        response.headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str())).cloned().collect();
    let body = match serde_json::from_slice::<Value>(&response.body) {
        Ok(json) => ("json", json),
        Err(_) => ("text", json!(String::from_utf8_lossy(&response.body))),
    };
    json!({"status": response.status, "headers": headers, body.0: body.1})
}

pub(crate) fn step_json(step: &Step) -> Value {
    match step {
        Step::Send(request, _) => json!({"send": request_json(request)}),
        Step::Wait(milliseconds, _) => json!({"wait": milliseconds}),
        Step::Accepted(acceptance) => {
            let mut shown = json!({"reference": acceptance.reference});
            if let Some(fields) = shown.as_object_mut() {
                if !acceptance.memo.is_empty() {
                    fields.insert("memo".to_owned(), json!(String::from_utf8_lossy(&acceptance.memo)));
                }
                fields.extend(acceptance.poll_after_ms.map(|ms| ("poll_after_ms".to_owned(), json!(ms))));
            }
            json!({"accepted": shown})
        }
        Step::Solved(solved) => json!({"solved": solved_json(solved)}),
        Step::Polled(verdicts) => json!({"polled": verdicts.iter().map(verdict_json).collect::<Vec<_>>()}),
        Step::Balance(money) => json!({"balance": money_text(money)}),
        Step::Market(offers) => {
            let shown = |offer: &capstan_domain::adapter::Offer| {
                let mut shown = json!({"family": offer.family, "price": money_text(&offer.price)});
                if let Some(fields) = shown.as_object_mut() {
                    fields.extend(offer.speed_ms.map(|ms| ("speed_ms".to_owned(), json!(ms))));
                    fields.extend(offer.idle.map(|idle| ("idle".to_owned(), json!(idle))));
                }
                shown
            };
            json!({"market": offers.iter().map(shown).collect::<Vec<_>>()})
        }
        Step::Failed(fault) => json!({"failed": fault_json(fault)}),
        Step::Done => json!("done"),
    }
}

fn solved_json(solved: &capstan_domain::adapter::Solved) -> Value {
    let mut shown = json!({"solution": json_text(&solved.solution)});
    if let (Some(cost), Some(fields)) = (&solved.cost, shown.as_object_mut()) {
        fields.insert("cost".to_owned(), json!(money_text(cost)));
    }
    shown
}

fn verdict_json(verdict: &Verdict) -> Value {
    let (name, standing) = match &verdict.standing {
        Standing::Open(None) => ("open", json!({})),
        Standing::Open(Some(milliseconds)) => ("open", json!({"poll_after_ms": milliseconds})),
        Standing::Solved(solved) => ("solved", solved_json(solved)),
        Standing::Failed(fault) => ("failed", fault_json(fault)),
    };
    json!({"reference": verdict.reference, name: standing})
}

pub(crate) fn fault_json(fault: &Fault) -> Value {
    let charged = match fault.charged {
        Charged::Yes => "yes",
        Charged::No => "no",
        Charged::Unknown => "unknown",
    };
    let mut shown =
        json!({"class": fault.class.as_str(), "code": fault.code, "message": fault.message, "charged": charged});
    if let (FaultClass::Throttled(Some(milliseconds)), Some(fields)) = (fault.class, shown.as_object_mut()) {
        fields.insert("retry_after_ms".to_owned(), json!(milliseconds));
    }
    shown
}

/// Money as fixtures write it, such as `0.002 USD`.
pub(crate) fn money_text(money: &Money) -> String {
    format!("{} {}", money.amount, money.currency)
}

fn json_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
