//! An author's fixtures, replayed against a component in the sandbox it will run in. Nothing is sent.
//!
//! The form of a fixture is `adapters/kit/src/fixture.rs`'s, which replays them natively, while an adapter is being written; here it is
//! the component that is asked, under its limits, whatever it was written in. What a gateway would hold against it is told even
//! where the fixture expects it: an author's mistake is often in both ([`rules`]).

mod bench;
pub(crate) mod rules;

use capstan_domain::AttemptId;
use capstan_domain::adapter::{
    InwardResponse, MAX_STEPS, OpenTask, Operation, Proxy, ProxyScheme, Reply, Report, Step, Submission,
};
use capstan_sandbox::{Adapter, CallError, Used};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::operate::transcript::{reply_json, request_json, step_json};
pub use bench::{Measured, measure};

/// Differences that are told of one fixture.
const MOST_TOLD: usize = 20;

/// What became of one fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Where the component did not do what the fixture says; nothing where it did.
    pub wrong: Vec<String>,
    /// How often it was called.
    pub calls: usize,
    /// What the calls took: all their time, and the memory of the largest.
    pub used: Used,
}

/// Replays one fixture, given as JSON text.
pub async fn replay(adapter: &Adapter, text: &str) -> Replayed {
    let mut replayed = Replayed::default();
    replayed.read_and_run(adapter, text).await;
    replayed
}

/// A reply as a fixture keeps it: what is left out there, an adapter does not see when it is replayed.
pub(crate) fn kept(reply: &InwardResponse) -> InwardResponse {
    let returned = serde_json::from_value::<Returned>(reply_json(reply));
    returned.map_or_else(|_| reply.clone(), Returned::into_response)
}

impl Replayed {
    /// The calls that it took, for whoever wants to make them again; none where the fixture differs.
    async fn read_and_run(&mut self, adapter: &Adapter, text: &str) -> Vec<Call> {
        let mut calls = Vec::new();
        match serde_json::from_str::<Fixture>(text) {
            Ok(fixture) => self.run(adapter, fixture, &mut calls).await,
            Err(error) => self.wrong.push(format!("it is no fixture: {error}")),
        }
        if self.wrong.is_empty() { calls } else { Vec::new() }
    }

    async fn run(&mut self, adapter: &Adapter, fixture: Fixture, calls: &mut Vec<Call>) {
        if !fixture.source.starts_with("https://") {
            self.wrong.push("source: it cites no page, as an https address".to_owned());
        }
        if u32::try_from(fixture.exchanges.len()).unwrap_or(u32::MAX) > MAX_STEPS {
            return self.wrong.push(format!("exchanges: an operation has at most {MAX_STEPS} steps"));
        }
        let (operation, own_id) = fixture.operation.into_operation();
        // The contract's ids are UUIDs; what the fixture calls the attempt is whatever its author likes.
        let shown = |value: Value| match &own_id {
            Some(own) => serde_json::from_str(&value.to_string().replace(&ATTEMPT.to_string(), own)).unwrap_or(value),
            None => value,
        };
        let begin = Call::Begin(operation.clone());
        let Some(mut step) = self.twice("begin", adapter, &begin).await else { return };
        calls.push(begin);
        let is_asked = fixture.exchanges.iter().any(|exchange| matches!(exchange, Exchange::Sent { .. }));
        for (n, exchange) in fixture.exchanges.into_iter().enumerate() {
            let place = format!("exchanges[{n}]");
            let (state, reply) = match (exchange, step) {
                (Exchange::Sent { request, reply }, Step::Send(sent, state)) => {
                    self.compare(&format!("{place}.request"), (&request, &shown(request_json(&sent))));
                    self.wrong.extend(rules::of_request(&place, adapter.manifest(), &sent));
                    (state, Reply::Response(reply.into_response()))
                }
                (Exchange::Waited { wait_ms }, Step::Wait(milliseconds, state)) => {
                    self.compare(&format!("{place}.wait_ms"), (&wait_ms.into(), &milliseconds.into()));
                    (state, Reply::Waited)
                }
                (exchange, step) => {
                    let expected = exchange.word();
                    let found = shown(step_json(&step));
                    return self
                        .wrong
                        .push(format!("{place}: expected that it goes on with {expected}, found {found}"));
                }
            };
            let advance = format!("advance after {place}");
            let call = Call::Advance(state, reply);
            let Some(next) = self.twice(&advance, adapter, &call).await else { return };
            calls.push(call);
            step = next;
        }
        if matches!(step, Step::Send(..) | Step::Wait(..)) {
            let found = shown(step_json(&step));
            return self.wrong.push(format!("end: expected {}, and it goes on with {found}", fixture.end));
        }
        self.compare("end", (&fixture.end, &shown(step_json(&step))));
        self.wrong.extend(rules::of_end(adapter.manifest(), &operation, &step, is_asked));
    }

    /// The same inputs give the same step, for ever: an adapter has no memory, no clock and no chance.
    pub(crate) async fn twice(&mut self, place: &str, adapter: &Adapter, call: &Call) -> Option<Step> {
        let first = self.call(place, adapter, call.clone()).await?;
        let second = self.call(place, adapter, call.clone()).await?;
        if first != second {
            self.wrong.push(format!("{place}: two equal calls gave different steps"));
            differences(place, (&step_json(&first), &step_json(&second)), &mut self.wrong);
            return None;
        }
        Some(first)
    }

    async fn call(&mut self, place: &str, adapter: &Adapter, call: Call) -> Option<Step> {
        let (step, used) = call.make(adapter).await;
        self.took(used);
        step.map_err(|error| self.wrong.push(format!("{place}: {error}"))).ok()
    }

    /// One more call, and what it took.
    pub(crate) fn took(&mut self, used: Used) {
        self.calls += 1;
        self.used.cpu += used.cpu;
        self.used.memory_bytes = self.used.memory_bytes.max(used.memory_bytes);
    }

    fn compare(&mut self, place: &str, (expected, found): (&Value, &Value)) {
        let mut wrong = Vec::new();
        differences(place, (expected, found), &mut wrong);
        let more = wrong.len().saturating_sub(MOST_TOLD);
        self.wrong.extend(wrong.into_iter().take(MOST_TOLD));
        if more > 0 {
            self.wrong.push(format!("{place}: and {more} more differences"));
        }
    }
}

/// Where two values differ, each place by its path.
pub(crate) fn differences(place: &str, (expected, found): (&Value, &Value), told: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                match found.get(name) {
                    Some(other) => differences(&format!("{place}.{name}"), (value, other), told),
                    None => told.push(format!("{place}.{name}: expected {value}, and it is missing")),
                }
            }
            for (name, value) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                told.push(format!("{place}.{name}: {value} is not expected"));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for (n, pair) in expected.iter().zip(found).enumerate() {
                differences(&format!("{place}[{n}]"), pair, told);
            }
            let missing = expected.iter().enumerate().skip(found.len());
            told.extend(missing.map(|(n, value)| format!("{place}[{n}]: expected {value}, and it is missing")));
            let more = found.iter().enumerate().skip(expected.len());
            told.extend(more.map(|(n, value)| format!("{place}[{n}]: {value} is not expected")));
        }
        (expected, found) if expected != found => told.push(format!("{place}: expected {expected}, found {found}")),
        _ => {}
    }
}

/// The attempt that every fixture is about.
pub(crate) const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(0x0193_f1c7_0000_7000_8000_0000_0000_0001));

/// What an adapter is asked within an operation.
#[derive(Clone)]
pub(crate) enum Call {
    Begin(Operation),
    Advance(Vec<u8>, Reply),
}

impl Call {
    async fn make(self, adapter: &Adapter) -> (Result<Step, CallError>, Used) {
        match self {
            Self::Begin(operation) => adapter.begin_measured(operation).await,
            Self::Advance(state, reply) => adapter.advance_measured(state, reply).await,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    source: String,
    operation: Asked,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    end: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Submit(AskedTask),
    Poll(Vec<Open>),
    LookUp(String),
    Balance,
    Market,
    Report { task: Open, correct: bool },
    Cancel(Open),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedTask {
    attempt_id: Option<String>,
    family: String,
    parameters: Value,
    proxy: Option<AskedProxy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedProxy {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    login: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    reference: String,
    family: String,
    #[serde(default)]
    memo: String,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Exchange {
    Sent { request: Value, reply: Returned },
    Waited { wait_ms: u32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Returned {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    json: Option<Value>,
    #[serde(default)]
    text: String,
}

impl Asked {
    /// The operation, and what the fixture calls its attempt.
    fn into_operation(self) -> (Operation, Option<String>) {
        let operation = match self {
            Self::Submit(AskedTask { attempt_id, family, parameters, proxy }) => {
                let proxy = proxy.map(|AskedProxy { scheme, host, port, login, password }| Proxy {
                    scheme,
                    host,
                    port,
                    login,
                    password,
                });
                let parameters = parameters.to_string();
                return (Operation::Submit(Submission { attempt: ATTEMPT, family, parameters, proxy }), attempt_id);
            }
            Self::LookUp(attempt_id) => return (Operation::LookUp(ATTEMPT), Some(attempt_id)),
            Self::Poll(tasks) => Operation::Poll(tasks.into_iter().map(Open::into_task).collect()),
            Self::Balance => Operation::Balance,
            Self::Market => Operation::Market,
            Self::Report { task, correct } => Operation::Report(Report { task: task.into_task(), correct }),
            Self::Cancel(task) => Operation::Cancel(task.into_task()),
        };
        (operation, None)
    }
}

impl Exchange {
    fn word(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "a request",
            Self::Waited { .. } => "a wait",
        }
    }
}

impl Open {
    fn into_task(self) -> OpenTask {
        OpenTask { reference: self.reference, family: self.family, memo: self.memo.into_bytes() }
    }
}

impl Returned {
    fn into_response(self) -> InwardResponse {
        let body = self.json.map_or(self.text, |json| json.to_string());
        InwardResponse { status: self.status, headers: self.headers, body: body.into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_is_told_by_its_place() {
        let expected = json!({"a": {"b": [1, {"c": "x"}]}, "gone": true});
        let found = json!({"a": {"b": [1, {"c": "y"}]}, "new": 2});
        let mut told = Vec::new();
        differences("end", (&expected, &found), &mut told);
        assert_eq!(
            told,
            [
                "end.a.b[1].c: expected \"x\", found \"y\"",
                "end.gone: expected true, and it is missing",
                "end.new: 2 is not expected"
            ]
        );
    }

    #[test]
    fn equal_values_differ_nowhere_and_lists_of_other_lengths_where_one_ends() {
        let mut told = Vec::new();
        differences("end", (&json!([1, 2]), &json!([1, 2])), &mut told);
        assert!(told.is_empty());
        differences("end", (&json!([1, 2]), &json!([1])), &mut told);
        differences("end", (&json!([1]), &json!([1, 2])), &mut told);
        assert_eq!(told, ["end[1]: expected 2, and it is missing", "end[1]: 2 is not expected"]);
    }
}
