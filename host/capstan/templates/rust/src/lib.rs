//! The adapter for Example Solver.
//!
//! **Lives here**: who the provider is (`manifest`), what is sent to it, and how its answers are read (`read`).
//! **Never lives here**: the key (the host places it), waiting, retrying.
//! **Start reading at** `FAMILIES` and `FAULTS`: most of what a service documents is a row of these tables.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::No;
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NoCapacity, NotSupported, Unsolvable,
};
use adapter_kit::Rule::{LeaveOut, Refuse, Send};
use adapter_kit::{
    Abilities, Acceptance, CredentialField, Draft, Fault, FaultRow, Manifest, Money, Next, OpenTask, Placement,
    PollLimits, Provider, ProxySupport, Report, Request, Response, Row, ServedType, Solved, Standing, Submission,
    Trouble, Turn, Verdict, apply_rules, find_fault,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A family that the service solves: its canonical name, the service's name for it, what the service lists for one task
/// in US dollars, and what becomes of each canonical parameter.
struct Family {
    name: &'static str,
    kind: &'static str,
    list_price: &'static str,
    parameters: &'static [Row<Job>],
}

const FAMILIES: &[Family] = &[
    Family {
        name: "turnstile",
        kind: "turnstile",
        list_price: "0.0018",
        parameters: &[
            ("websiteURL", Send("page")),
            ("websiteKey", Send("sitekey")),
            ("action", Send("action")),
            ("cdata", Send("cdata")),
            ("pageData", Refuse("the service has no place for it")),
            ("userAgent", LeaveOut("the service uses its own browser")),
        ],
    },
    Family {
        name: "recaptcha_v2",
        kind: "recaptcha2",
        list_price: "0.0022",
        parameters: &[
            ("websiteURL", Send("page")),
            ("websiteKey", Send("sitekey")),
            ("isInvisible", Send("invisible")),
            ("recaptchaDataSValue", Send("data_s")),
            ("apiDomain", Refuse("the service loads the captcha from google.com")),
            ("pageAction", Refuse("the service has no place for it")),
            ("isSession", Refuse("the service returns no session")),
            ("userAgent", LeaveOut("the service uses its own browser")),
            ("cookies", Refuse("the service has no place for them")),
        ],
    },
];

/// Every code that the service documents. `Task`: the task has failed. `Call`: the call has; a task may still be solved.
const FAULTS: &[FaultRow] = &[
    FaultRow { number: 0, code: "bad_key", class: CredentialRejected, charged: No, about: Call },
    FaultRow { number: 0, code: "no_credit", class: CredentialOutOfFunds, charged: No, about: Call },
    FaultRow { number: 0, code: "busy", class: NoCapacity, charged: No, about: Call },
    FaultRow { number: 0, code: "bad_job", class: InvalidTask, charged: No, about: Task },
    FaultRow { number: 0, code: "unknown_kind", class: NotSupported, charged: No, about: Task },
    FaultRow { number: 0, code: "unsolvable", class: Unsolvable, charged: No, about: Task },
    FaultRow { number: 0, code: "unknown_job", class: Unsolvable, charged: No, about: Task },
];

/// Example Solver.
pub struct Service;

/// What was sent, while its answer is awaited.
#[derive(Serialize, Deserialize)]
pub enum State {
    Submitting,
    Polling { reference: String },
    ReadingBalance,
    Reporting,
}

impl Provider for Service {
    type State = State;

    fn manifest() -> Manifest {
        Manifest {
            provider_id: "example-solver".into(),
            display_name: "Example Solver".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            homepage: "https://solver.example".into(),
            base_url: "https://api.solver.example".into(),
            hosts: vec![],
            credential: vec![CredentialField::new("key", "API key", "Shown on the service's dashboard")],
            placements: vec![key()],
            task_types: FAMILIES
                .iter()
                .map(|family| ServedType::new(family.name, ProxySupport::Never, family.list_price))
                .collect(),
            polling: PollLimits {
                first_wait_ms: 3_000,
                interval_ms: 2_000,
                max_polls: 60,
                longest_life_ms: 120_000,
                result_kept_ms: 60_000,
                max_batch: 1,
            },
            abilities: Abilities::BALANCE | Abilities::REPORT,
        }
    }

    fn submit(task: Submission) -> Turn<State> {
        let Some(family) = FAMILIES.iter().find(|family| family.name == task.family) else {
            return Err(Fault::not_supported("FAMILY_NOT_SUPPORTED", &task.family));
        };
        let mut job = Job::default();
        job.set("kind", json!(family.kind));
        apply_rules(family.parameters, &task.read_parameters::<Map<String, Value>>()?, &mut job)?;
        Request::post_json("/v1/jobs", &Value::Object(job.0)).with_credential(key()).then(State::Submitting)
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        // `max_batch` is 1, so there is one.
        let Some(task) = tasks.into_iter().next() else { return Ok(Next::Polled(vec![])) };
        Request::get(&format!("/v1/jobs/{}", task.reference))
            .with_credential(key())
            .then(State::Polling { reference: task.reference })
    }

    fn balance() -> Turn<State> {
        Request::get("/v1/account").with_credential(key()).then(State::ReadingBalance)
    }

    fn report(report: Report) -> Turn<State> {
        let url = format!("/v1/jobs/{}/verdict", report.task.reference);
        Request::post_json(&url, &json!({ "works": report.correct })).with_credential(key()).then(State::Reporting)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        let answer = response.json::<Answer>();
        match state {
            State::Submitting => submitted(answer, &response),
            State::Polling { reference } => polled(reference, answer, &response),
            State::ReadingBalance => match answer.as_ref().and_then(|answer| answer.dollars.as_ref()) {
                Some(dollars) => match Money::usd_from_json(dollars) {
                    Some(money) => Ok(Next::Balance(money)),
                    None => Err(Trouble::of(&response).acted_on_nothing()),
                },
                None => Err(call_failed(answer, &response)),
            },
            State::Reporting if response.status == 204 => Ok(Next::Done),
            State::Reporting => Err(call_failed(answer, &response)),
        }
    }
}

adapter_kit::export!(Service);

/// Everything that the service ever answers.
#[derive(Default, Deserialize)]
struct Answer {
    job: Option<String>,
    state: Option<String>,
    answer: Option<String>,
    cost: Option<Value>,
    dollars: Option<Value>,
    error: Option<String>,
    detail: Option<String>,
}

impl Answer {
    /// The row of its error code, and the fault that it is.
    fn fault(&self) -> Option<(&'static FaultRow, Fault)> {
        let row = find_fault(FAULTS, self.error.as_deref(), None)?;
        let message = self.detail.as_deref().unwrap_or(row.code);
        Some((row, Fault::new(row.class, row.code, message).charged(row.charged)))
    }
}

/// A job as the service wants it.
#[derive(Default)]
struct Job(Map<String, Value>);

impl Draft for Job {
    fn set(&mut self, name: &'static str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn has_proxy(&self) -> bool {
        false
    }
}

/// Where the service wants its key.
fn key() -> Placement {
    Placement::header("key", "authorization", "Bearer ")
}

/// Unless the service surely refused the job, nobody knows whether it has it, and the task must not go elsewhere.
fn submitted(answer: Option<Answer>, response: &Response) -> Turn<State> {
    let answer = answer.unwrap_or_default();
    match answer.job.as_deref().filter(|job| is_plain(job)) {
        Some(job) => {
            Ok(Next::Accepted(Acceptance { reference: job.to_owned(), memo: Vec::new(), poll_after_ms: None }))
        }
        None => Err(answer.fault().map_or_else(|| Trouble::of(response).may_have_acted(), |(_, fault)| fault)),
    }
}

fn polled(reference: String, answer: Option<Answer>, response: &Response) -> Turn<State> {
    let answer = answer.unwrap_or_default();
    let standing = match (answer.state.as_deref(), answer.fault()) {
        (Some("queued" | "working"), None) => Standing::Open(None),
        (Some("solved"), None) => {
            let Some(token) = &answer.answer else {
                return Err(Fault::provider_down("UNREADABLE_REPLY", "solved, and no answer in it"));
            };
            Standing::Solved(Solved {
                solution: json!({ "token": token }).to_string(),
                cost: answer.cost.as_ref().and_then(Money::usd_from_json),
            })
        }
        (_, Some((row, fault))) if row.about == Task => Standing::Failed(fault),
        (Some("failed"), None) => Standing::Failed(Fault::unsolvable(
            answer.error.as_deref().unwrap_or("failed"),
            "of a code that is not known",
        )),
        _ => return Err(call_failed(Some(answer), response)),
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// A call that reads has failed: by a code, or in a way of which nobody can say more.
fn call_failed(answer: Option<Answer>, response: &Response) -> Fault {
    let fault = answer.and_then(|answer| answer.fault());
    fault.map_or_else(|| Trouble::of(response).acted_on_nothing(), |(_, fault)| fault)
}

/// Whether a job's id can be written into a path as it is.
fn is_plain(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_followed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        if let Err(error) = adapter_kit::fixture::replay_folder::<Service>(&folder) {
            panic!("{error}");
        }
    }
}
