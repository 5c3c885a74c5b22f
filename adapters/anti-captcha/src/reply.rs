//! What anti-captcha's answers mean.
//!
//! Every answer is HTTP 200 with a JSON object: `errorId` 0 and the data, or `errorId`, `errorCode` and
//! `errorDescription`. Anything else came from something in front of it.
//!
//! Source: <https://anti-captcha.com/apidoc/methods/createTask>, `…/getTaskResult`, `…/getBalance`.

use adapter_kit::{
    About, Acceptance, Charged, Fault, FaultClass, FaultRow, Money, Next, Response, Solved, Standing, Trouble, Turn,
    Verdict, find_fault, for_people, json_text,
};
use serde_json::{Map, Value};

use crate::families;
use crate::faults::{FAULTS, GONE};

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
    body: Map<String, Value>,
}

impl Answer {
    /// Sorts a response.
    pub(crate) fn read(response: &Response) -> Result<Self, Trouble> {
        if response.is_throttled() || response.is_server_error() {
            return Err(Trouble::of(response));
        }
        let body: Map<String, Value> = response.json().ok_or_else(|| Trouble::of(response))?;
        let code = body.get("errorCode").and_then(Value::as_str).unwrap_or_default();
        // `getQueueStats` answers without an `errorId`.
        let number = body.get("errorId").map_or(Some(0), whole);
        if number == Some(0) && code.is_empty() {
            return Ok(Self::Fine(body));
        }
        let row = find_fault(FAULTS, Some(code), number);
        let code = match (row, code.is_empty()) {
            (_, false) => for_people(code),
            (Some(row), true) => row.code.to_owned(),
            (None, true) => "ERROR_WITHOUT_CODE".to_owned(),
        };
        let description = body.get("errorDescription").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self::Refused(Refusal { row, code, description, body }))
    }
}

impl Refusal {
    /// Whether the provider knows no such task (any more).
    pub(crate) fn is_gone(&self) -> bool {
        self.row.is_some_and(|row| row.code == GONE)
    }

    /// The fault of this error by the table; a code that is not in it counts as the provider being down.
    pub(crate) fn fault(self) -> Fault {
        let (class, charged) = self.row.map_or((FaultClass::ProviderDown, Charged::Unknown), |r| (r.class, r.charged));
        self.fault_of_class(class).charged(charged)
    }

    /// The fault of this error, of another class than the table's.
    pub(crate) fn fault_of_class(self, class: FaultClass) -> Fault {
        Fault::new(class, &self.code, &self.description)
    }

    /// Whether the error says that the task has failed. One that is not in the table does not: the poll is repeated
    /// within its limits, while a wrong verdict would be final.
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
    if let Some(reference) = task_id(&body) {
        return Ok(Next::Accepted(Acceptance { reference, memo: Vec::new(), poll_after_ms: None }));
    }
    // Solutions in this answer are not documented; one without an id could be had in no other way.
    match solution(family, &body) {
        Some(solution) => Ok(Next::Solved(Solved { solution, cost: cost(&body) })),
        None => Err(Fault::in_doubt("UNEXPECTED_REPLY", "neither an error nor a task")),
    }
}

/// An error of `createTask`.
///
/// Such an answer is definite: the documentation gives a task's id in the one without an error only. So a code that is
/// not in the table is still a task that was surely not made, and other candidates may be tried; and whatever the table
/// says of running tasks that may have been charged, this one was not. An error beside an id contradicts itself and is
/// in doubt.
fn refused_submit(refusal: Refusal) -> Fault {
    if task_id(&refusal.body).is_some() {
        return Fault::in_doubt("UNEXPECTED_REPLY", "an error and a task in one answer");
    }
    let fault = refusal.fault();
    let charged = if fault.charged == Charged::Unknown { Charged::No } else { fault.charged };
    fault.charged(charged)
}

/// The answer to `getTaskResult`.
pub(crate) fn polled<S>(reference: String, family: &str, response: &Response) -> Turn<S> {
    let standing = match Answer::read(response).map_err(|trouble| trouble.acted_on_nothing())? {
        Answer::Refused(refusal) if refusal.is_about_the_task() => Standing::Failed(refusal.fault()),
        Answer::Refused(refusal) => return Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(body) => match body.get("status").and_then(Value::as_str) {
            Some("processing") => Standing::Open(None),
            Some("ready") => ready(family, &body),
            Some(_) | None => {
                return Err(Fault::provider_down("UNEXPECTED_REPLY", "neither processing nor ready"));
            }
        },
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// A finished task. One whose solution is missing or unknown to us is lost: asking again gives the same answer, and it
/// has been charged.
fn ready(family: &str, body: &Map<String, Value>) -> Standing {
    match solution(family, body) {
        Some(solution) => Standing::Solved(Solved { solution, cost: cost(body) }),
        None => Standing::Failed(
            Fault::unsolvable("SOLUTION_UNREADABLE", "the task is ready without a solution").charged(Charged::Yes),
        ),
    }
}

/// The answer to `getBalance`.
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

/// The canonical solution, where there is one.
fn solution(family: &str, body: &Map<String, Value>) -> Option<String> {
    let given = body.get("solution")?.as_object()?;
    families::find(family)?.solution.read(given).map(|solution| json_text(&solution))
}

/// What the provider says that it charged; a text mostly, a number on one of its pages.
fn cost(body: &Map<String, Value>) -> Option<Money> {
    Money::usd_from_json(body.get("cost")?).filter(|money| !money.amount.starts_with('-'))
}

/// The task's id as decimal text; 0 is none.
fn task_id(body: &Map<String, Value>) -> Option<String> {
    body.get("taskId").and_then(whole).filter(|id| *id != 0).map(|id| id.to_string())
}

/// A whole number, or a text that is one.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
