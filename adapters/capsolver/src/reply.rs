//! What CapSolver's answers mean.
//!
//! An answer is a JSON object with `errorId`: 0 and the data, with HTTP 200; or 1 and `errorCode`, `errorDescription` and
//! mostly `"status": "failed"`, with HTTP 400, 401 or another. The code decides, whatever the HTTP status: that one
//! counts only where the code is not known or there is none. What is no such object came from something in front of it.
//!
//! Sources: `api-createtask`, `api-gettaskresult`, `api-getbalance` and `api-error` under
//! <https://docs.capsolver.com/guide/>.

use adapter_kit::{
    About, Acceptance, Charged, Fault, FaultClass, FaultRow, Money, Next, Response, Solved, Standing, Trouble, Turn,
    Verdict, find_fault, for_people,
};
use serde_json::{Map, Value};

use crate::faults::{FAULTS, GONE, GONE_TOO, INVALID_DATA, INVALID_KEY};
use crate::solution;

/// Longest id that can be a reference. UUIDs have 36 bytes.
const MAX_ID_BYTES: usize = 512;

/// An answer of the provider's own.
pub(crate) enum Answer {
    /// `errorId` 0.
    Fine(Map<String, Value>),
    /// An error of the provider's own.
    Refused(Refusal),
}

/// An error of the provider's own.
pub(crate) struct Refusal {
    row: Option<&'static FaultRow>,
    code: String,
    description: String,
    status: u16,
    retry_after_ms: Option<u32>,
    body: Map<String, Value>,
}

impl Answer {
    /// Sorts a response.
    pub(crate) fn read(response: &Response) -> Result<Self, Trouble> {
        let body: Map<String, Value> = response.json().ok_or_else(|| Trouble::of(response))?;
        let code = text(&body, "errorCode");
        match body.get("errorId").and_then(Value::as_u64) {
            // Good news with a status that says otherwise is nobody's answer.
            Some(0) if (200..300).contains(&response.status) => return Ok(Self::Fine(body)),
            Some(0) => return Err(Trouble::of(response)),
            None if code.is_empty() => return Err(Trouble::of(response)),
            Some(_) | None => {}
        }
        let description = text(&body, "errorDescription").to_owned();
        let row = find_fault(FAULTS, Some(code), None).map(|row| {
            let key_is_meant = row.code == INVALID_DATA && description.to_ascii_lowercase().contains("clientkey");
            if key_is_meant { &INVALID_KEY } else { row }
        });
        let code = if code.is_empty() { "ERROR_WITHOUT_CODE".to_owned() } else { for_people(code) };
        let (status, retry_after_ms) = (response.status, response.retry_after_ms());
        Ok(Self::Refused(Refusal { row, code, description, status, retry_after_ms, body }))
    }
}

impl Refusal {
    /// Whether the provider knows no such task (any more).
    pub(crate) fn is_gone(&self) -> bool {
        self.row.is_some_and(|row| [GONE, GONE_TOO].contains(&row.code))
    }

    /// Whether it came out of a breakdown, without a known code: what had been done by then, nobody knows.
    pub(crate) fn is_unclear(&self) -> bool {
        self.row.is_none() && self.status >= 500
    }

    /// The fault of this error by the table. A code that is not in it counts by the HTTP status: 401 is a wrong key, as
    /// documented, 429 too fast, and every other the provider being down.
    pub(crate) fn fault(self) -> Fault {
        let (class, charged) = match (self.row, self.status) {
            (Some(row), _) => (row.class, row.charged),
            (None, 401) => (FaultClass::CredentialRejected, Charged::No),
            (None, 429) => (FaultClass::Throttled(None), Charged::No),
            (None, _) => (FaultClass::ProviderDown, Charged::Unknown),
        };
        let class = match class {
            FaultClass::Throttled(None) => FaultClass::Throttled(self.retry_after_ms),
            FaultClass::Throttled(Some(_))
            | FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::NoCapacity
            | FaultClass::CredentialRejected
            | FaultClass::CredentialOutOfFunds
            | FaultClass::ProviderDown
            | FaultClass::InDoubt => class,
        };
        self.fault_of_class(class).charged(charged)
    }

    /// The fault of this error, of another class than the table's.
    pub(crate) fn fault_of_class(self, class: FaultClass) -> Fault {
        Fault::new(class, &self.code, &self.description)
    }

    /// The fault of this error where nobody knows what had been done by then.
    pub(crate) fn in_doubt(&self) -> Fault {
        Fault::in_doubt(&self.code, &self.description)
    }

    /// Whether the error says that the task has failed. One that is not in the table does not, even with a status of
    /// `failed`, which errors of the call carry too: the poll is repeated within its limits, while a wrong verdict would
    /// be final.
    fn is_about_the_task(&self) -> bool {
        self.row.is_some_and(|row| row.about == About::Task)
    }
}

/// The answer to `createTask`.
pub(crate) fn submitted<S>(family: &str, response: &Response) -> Turn<S> {
    let body = match Answer::read(response).map_err(|trouble| trouble.may_have_acted())? {
        Answer::Fine(body) => body,
        Answer::Refused(refusal) => return Err(refused_submit(refusal)),
    };
    // Recognition is done by the time of the answer, and its result is in no other one, though it has an id as well.
    // Some types have paths of their own, where a solution says all that a status would.
    let status = text(&body, "status");
    if status == "ready" || (status.is_empty() && body.get("solution").is_some_and(Value::is_object)) {
        let solution = solution::read(family, &body).ok_or_else(without_solution)?;
        return Ok(Next::Solved(Solved { solution, cost: None }));
    }
    if status == "failed" {
        return Err(failed_without_error());
    }
    match task_id(&body) {
        Some(reference) => Ok(Next::Accepted(Acceptance { reference, memo: Vec::new(), poll_after_ms: None })),
        None => Err(Fault::in_doubt("UNEXPECTED_REPLY", "neither an error nor a task")),
    }
}

/// An error of `createTask`.
///
/// Without an id such an answer is definite: no task was made, whatever its code, and other candidates may be tried. And
/// whatever the table says of running tasks that may have been charged, this one was not. With an id there is a task: it
/// has failed where the answer says so with a known code, and is in doubt otherwise.
fn refused_submit(refusal: Refusal) -> Fault {
    let made = task_id(&refusal.body).is_some();
    let failed = text(&refusal.body, "status") == "failed" && refusal.row.is_some();
    if made && !failed {
        return Fault::in_doubt("UNEXPECTED_REPLY", "an error and a task in one answer");
    }
    if refusal.is_unclear() {
        return refusal.in_doubt();
    }
    let fault = refusal.fault();
    let charged = if fault.charged == Charged::Unknown && !made { Charged::No } else { fault.charged };
    fault.charged(charged)
}

/// The answer to `getTaskResult`.
pub(crate) fn polled<S>(reference: String, family: &str, response: &Response) -> Turn<S> {
    let standing = match Answer::read(response).map_err(|trouble| trouble.acted_on_nothing())? {
        Answer::Refused(refusal) if refusal.is_about_the_task() => Standing::Failed(refusal.fault()),
        Answer::Refused(refusal) => return Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(body) => match text(&body, "status") {
            "idle" | "processing" => Standing::Open(None),
            // Asking again would give the same answer.
            "ready" => match solution::read(family, &body) {
                Some(solution) => Standing::Solved(Solved { solution, cost: None }),
                None => Standing::Failed(without_solution()),
            },
            "failed" => Standing::Failed(failed_without_error()),
            _ => return Err(Fault::provider_down("UNEXPECTED_REPLY", "neither processing nor ready")),
        },
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// The answer to `getBalance`: dollars. Packages of calls are none, and come beside it.
pub(crate) fn balance<S>(response: &Response) -> Turn<S> {
    match Answer::read(response).map_err(|trouble| trouble.acted_on_nothing())? {
        Answer::Refused(refusal) => Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(body) => body
            .get("balance")
            .and_then(Money::usd_from_json)
            .map(Next::Balance)
            .ok_or_else(|| Fault::provider_down("UNEXPECTED_REPLY", "no balance in the answer")),
    }
}

/// A finished task whose solution is missing or unknown to us is lost, and what is ready has been charged.
fn without_solution() -> Fault {
    Fault::unsolvable("SOLUTION_UNREADABLE", "the task is ready without a solution").charged(Charged::Yes)
}

fn failed_without_error() -> Fault {
    Fault::unsolvable("TASK_FAILED", "the task has failed without a word on why")
}

/// The task's id, where there is one.
fn task_id(body: &Map<String, Value>) -> Option<String> {
    let id = text(body, "taskId").trim();
    (1..=MAX_ID_BYTES).contains(&id.len()).then(|| id.to_owned())
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}
