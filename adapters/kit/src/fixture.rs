//! Fixtures: one operation each as a JSON file, replayed against an adapter natively.
//!
//! ```json
//! {
//!   "source": "https://provider.example/docs/createTask",
//!   "operation": { "submit": { "family": "turnstile", "parameters": { "websiteURL": "https://example.com" } } },
//!   "exchanges": [{
//!     "request": { "method": "POST", "url": "/createTask", "json": { "task": {} }, "placements": [] },
//!     "reply": { "status": 200, "json": { "taskId": 7 } }
//!   }],
//!   "end": { "accepted": { "reference": "7" } }
//! }
//! ```
//!
//! `source` cites the page that the exchange was taken from. A wait is `{ "wait_ms": 500 }` among the exchanges. What is
//! empty or absent is left out of `request` and `end`; `render` has the names. Beside the steps the runner keeps the
//! contract's rules: equal inputs give equal steps, sizes and the number of steps are bounded, every placement is in the
//! manifest.

mod render;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    OpenTask, Operation, Provider, Proxy, ProxyScheme, Reply, Report, Request, Response, Step, Submission, advance,
    begin, describe,
};

pub use render::{request_json, step_json};

/// The contract's limits (`wit/adapter.wit`).
const MAX_STEPS: usize = 16;
const MAX_STATE_BYTES: usize = 64 * 1024;
const MAX_REFERENCE_BYTES: usize = 512;
const MAX_MEMO_BYTES: usize = 4 * 1024;

/// Why a fixture was not replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// A folder or file could not be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is no fixture.
    #[error("{name} is no fixture")]
    Malformed {
        /// The fixture's name.
        name: String,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// The adapter took another step than the fixture expects.
    #[error("{name}: expected\n{expected:#}\nbut the adapter answered\n{actual:#}")]
    Differs {
        /// The fixture's name.
        name: String,
        /// What the fixture says.
        expected: Value,
        /// What the adapter did.
        actual: Value,
    },
    /// The adapter broke a rule of the contract.
    #[error("{name}: {rule}")]
    Breach {
        /// The fixture's name.
        name: String,
        /// The broken rule.
        rule: String,
    },
}

/// Replays every `*.json` of a folder, in the order of their names, and says how many there were.
///
/// # Errors
/// The first fixture that differs, or a folder without fixtures.
pub fn replay_folder<P: Provider>(folder: &Path) -> Result<usize, FixtureError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| FixtureError::Unreadable { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        paths.push(entry.map_err(unreadable(folder))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        return Err(unreadable(folder)(std::io::Error::new(std::io::ErrorKind::NotFound, "no fixtures in it")));
    }
    for path in &paths {
        let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        replay::<P>(&name, &text)?;
    }
    Ok(paths.len())
}

/// Replays one fixture, given as JSON text.
///
/// # Errors
/// Where the adapter takes another step than the fixture says, or breaks a rule of the contract.
pub fn replay<P: Provider>(name: &str, text: &str) -> Result<(), FixtureError> {
    let fixture: Fixture =
        serde_json::from_str(text).map_err(|source| FixtureError::Malformed { name: name.to_owned(), source })?;
    let run = Run { name };
    if !fixture.source.starts_with("https://") {
        return Err(run.breach("its source is no https address"));
    }
    if fixture.exchanges.len() > MAX_STEPS {
        return Err(run.breach("an operation has at most 16 steps"));
    }
    let operation = fixture.operation.into_operation();
    let mut step = run.twice(|| begin::<P>(operation.clone()))?;
    for exchange in fixture.exchanges {
        let (state, reply) = match (exchange, step) {
            (Exchange::Sent { request, reply }, Step::Send((sent, state))) => {
                run.same(&request, &request_json(&sent))?;
                run.check_placements::<P>(&sent)?;
                (state, Reply::Response(reply.into_response()))
            }
            (Exchange::Waited { wait_ms }, Step::Wait((milliseconds, state))) if wait_ms == milliseconds => {
                (state, Reply::Waited)
            }
            (exchange, step) => return Err(run.differs(exchange.expected(), step_json(&step))),
        };
        if state.len() > MAX_STATE_BYTES {
            return Err(run.breach("a state has at most 64 KiB"));
        }
        step = run.twice(|| advance::<P>(&state, reply.clone()))?;
    }
    run.check_sizes(&step)?;
    run.same(&fixture.end, &step_json(&step))
}

/// The fixture under replay; it gives errors their name.
struct Run<'a> {
    name: &'a str,
}

impl Run<'_> {
    /// The same inputs give the same step, for ever.
    fn twice(&self, call: impl Fn() -> Step) -> Result<Step, FixtureError> {
        let step = call();
        if call() == step { Ok(step) } else { Err(self.breach("two equal calls gave different steps")) }
    }

    fn same(&self, expected: &Value, actual: &Value) -> Result<(), FixtureError> {
        if expected == actual { Ok(()) } else { Err(self.differs(expected.clone(), actual.clone())) }
    }

    fn check_placements<P: Provider>(&self, sent: &Request) -> Result<(), FixtureError> {
        let allowed = describe::<P>().placements;
        match sent.placements.iter().find(|placement| !allowed.contains(placement)) {
            Some(placement) => Err(self.breach(&format!("{placement:?} is not in the manifest"))),
            None => Ok(()),
        }
    }

    fn check_sizes(&self, step: &Step) -> Result<(), FixtureError> {
        let Step::Accepted(acceptance) = step else { return Ok(()) };
        if acceptance.reference.is_empty() || acceptance.reference.len() > MAX_REFERENCE_BYTES {
            return Err(self.breach("a reference has 1 to 512 bytes"));
        }
        if acceptance.memo.len() > MAX_MEMO_BYTES {
            return Err(self.breach("a memo has at most 4 KiB"));
        }
        Ok(())
    }

    fn differs(&self, expected: Value, actual: Value) -> FixtureError {
        FixtureError::Differs { name: self.name.to_owned(), expected, actual }
    }

    fn breach(&self, rule: &str) -> FixtureError {
        FixtureError::Breach { name: self.name.to_owned(), rule: rule.to_owned() }
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
    #[serde(default)]
    attempt_id: String,
    family: String,
    parameters: Value,
    proxy: Option<AskedProxy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedProxy {
    scheme: Scheme,
    host: String,
    port: u16,
    login: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    Http,
    Https,
    Socks4,
    Socks5,
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
    fn into_operation(self) -> Operation {
        match self {
            Self::Submit(task) => Operation::Submit(Submission {
                attempt_id: task.attempt_id,
                family: task.family,
                parameters: task.parameters.to_string(),
                proxy: task.proxy.map(AskedProxy::into_proxy),
            }),
            Self::Poll(tasks) => Operation::Poll(tasks.into_iter().map(Open::into_task).collect()),
            Self::LookUp(attempt_id) => Operation::LookUp(attempt_id),
            Self::Balance => Operation::Balance,
            Self::Market => Operation::Market,
            Self::Report { task, correct } => Operation::Report(Report { task: task.into_task(), correct }),
            Self::Cancel(task) => Operation::Cancel(task.into_task()),
        }
    }
}

impl AskedProxy {
    fn into_proxy(self) -> Proxy {
        let scheme = match self.scheme {
            Scheme::Http => ProxyScheme::Http,
            Scheme::Https => ProxyScheme::Https,
            Scheme::Socks4 => ProxyScheme::Socks4,
            Scheme::Socks5 => ProxyScheme::Socks5,
        };
        Proxy { scheme, host: self.host, port: self.port, login: self.login, password: self.password }
    }
}

impl Open {
    fn into_task(self) -> OpenTask {
        OpenTask { reference: self.reference, family: self.family, memo: self.memo.into_bytes() }
    }
}

impl Returned {
    fn into_response(self) -> Response {
        let body = self.json.map_or(self.text, |json| json.to_string());
        Response { status: self.status, headers: self.headers, body: body.into_bytes() }
    }
}

impl Exchange {
    fn expected(self) -> Value {
        match self {
            Self::Sent { request, .. } => serde_json::json!({ "send": request }),
            Self::Waited { wait_ms } => serde_json::json!({ "wait": wait_ms }),
        }
    }
}

#[cfg(test)]
mod tests;
