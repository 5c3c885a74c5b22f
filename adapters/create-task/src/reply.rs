//! What a service's answers mean.
//!
//! An answer is a JSON object: `errorId` 0 and the data, or `errorId`, `errorCode` and `errorDescription`. Anything else
//! came from something in front of the service.

use adapter_kit::{
    About, Acceptance, Charged, Fault, FaultClass, FaultRow, Money, Next, Response, Solved, Standing, Trouble, Turn,
    Verdict, find_fault, for_people, json_text,
};
use serde_json::{Map, Value};

use crate::{Http, Service};

/// An answer of the service's own.
pub enum Answer {
    /// `errorId` 0.
    Fine(Map<String, Value>),
    /// An error of the service's own.
    Refused(Refusal),
}

/// An error of the service's own.
pub struct Refusal {
    row: Option<&'static FaultRow>,
    code: String,
    description: String,
    /// The HTTP status and the wait that came with it, where they say something.
    status: Option<(u16, Option<u32>)>,
    body: Map<String, Value>,
}

impl Answer {
    /// Sorts a response.
    ///
    /// # Errors
    /// The trouble that it is in, where it is no answer of the service's own.
    pub fn read(service: &Service, response: &Response) -> Result<Self, Trouble> {
        let status_speaks = service.http == Http::Something;
        if !status_speaks && (response.is_throttled() || response.is_server_error()) {
            return Err(Trouble::of(response));
        }
        let body: Map<String, Value> = response.json().ok_or_else(|| Trouble::of(response))?;
        let code = body.get("errorCode").and_then(Value::as_str).unwrap_or_default();
        // Some methods answer without an `errorId`.
        let number = body.get("errorId").map_or(Some(0), whole);
        if number == Some(0) && code.is_empty() {
            // Good news with a status that says otherwise is nobody's answer.
            let contradicts = status_speaks && !(200..300).contains(&response.status);
            return if contradicts { Err(Trouble::of(response)) } else { Ok(Self::Fine(body)) };
        }
        let row = find_fault(service.faults, Some(code), number);
        let code = match (row, code.is_empty()) {
            (_, false) => for_people(code),
            (Some(row), true) => row.code.to_owned(),
            (None, true) => "ERROR_WITHOUT_CODE".to_owned(),
        };
        let description = body.get("errorDescription").and_then(Value::as_str).unwrap_or_default().to_owned();
        let status = status_speaks.then(|| (response.status, response.retry_after_ms()));
        Ok(Self::Refused(Refusal { row, code, description, status, body }))
    }
}

impl Refusal {
    /// Whether the service knows no such task (any more).
    pub(crate) fn is_gone(&self, service: &Service) -> bool {
        self.row.is_some_and(|row| service.gone.contains(&row.code))
    }

    /// Whether it came out of a breakdown, without a known code: what had been done by then, nobody knows.
    pub(crate) fn is_unclear(&self) -> bool {
        self.row.is_none() && self.status.is_some_and(|(status, _)| status >= 500)
    }

    /// The fault of this error by the table. A code that is not in it counts by the HTTP status where that one says
    /// something, and otherwise as the service being down.
    #[must_use]
    pub fn fault(self) -> Fault {
        let (class, charged) = match (self.row, self.status) {
            (Some(row), _) => (row.class, row.charged),
            (None, Some((401, _))) => (FaultClass::CredentialRejected, Charged::No),
            (None, Some((429, _))) => (FaultClass::Throttled(None), Charged::No),
            (None, _) => (FaultClass::ProviderDown, Charged::Unknown),
        };
        let wait = self.status.and_then(|(_, wait)| wait);
        let class = if class == FaultClass::Throttled(None) { FaultClass::Throttled(wait) } else { class };
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

    /// Whether the error says that the task has failed. One that is not in the table does not: the poll is repeated
    /// within its limits, while a wrong verdict would be final.
    fn is_about_the_task(&self) -> bool {
        self.row.is_some_and(|row| row.about == About::Task)
    }

    /// Whether the answer says that the error is the task's end, whatever else its code may be about.
    fn ends_the_task(&self, service: &Service) -> bool {
        service.statuses.failed_with_code.contains(&text(&self.body, "status"))
    }

    /// What the task's end was. It is known to have failed, so nothing about it is in doubt.
    fn verdict(self) -> Fault {
        let fault = self.fault();
        let class = if fault.class == FaultClass::InDoubt { FaultClass::Unsolvable } else { fault.class };
        Fault { class, ..fault }
    }

    /// Whether it is no error at all, but says that the task is still open.
    fn is_patience(&self, service: &Service) -> bool {
        service.unready.iter().any(|code| self.code.eq_ignore_ascii_case(code))
    }
}

/// The answer to `createTask`.
pub(crate) fn submitted<S>(service: &Service, family: &str, response: &Response) -> Turn<S> {
    let body = match Answer::read(service, response).map_err(|trouble| trouble.may_have_acted())? {
        Answer::Fine(body) => body,
        Answer::Refused(refusal) => return Err(refused_submit(service, refusal)),
    };
    // Recognition may be done by the time of the answer, and its result is then in no other one, though it has an id.
    let done = text(&body, "status") == "ready";
    if let Some(reference) = task_id(service, &body).filter(|_| !done) {
        let poll_after_ms = service.family(family).and_then(|family| family.pace).map(|pace| pace.first_ms);
        return Ok(Next::Accepted(Acceptance { reference, memo: Vec::new(), poll_after_ms }));
    }
    match (solution(service, family, &body), done) {
        (Some(solution), _) => Ok(Next::Solved(Solved { solution, cost: cost(service, &body) })),
        (None, true) => Err(without_solution()),
        (None, false) => Err(Fault::in_doubt("UNEXPECTED_REPLY", "neither an error nor a task")),
    }
}

/// An error of `createTask`.
///
/// Such an answer is definite: a task's id is in the one without an error only. So a code that is not in the table is
/// still a task that was surely not made, and other candidates may be tried; and whatever the table says of running tasks
/// that may have been charged, this one was not. An error beside an id contradicts itself and is in doubt, and so is what the
/// table calls so.
fn refused_submit(service: &Service, refusal: Refusal) -> Fault {
    if task_id(service, &refusal.body).is_some() {
        return Fault::in_doubt("UNEXPECTED_REPLY", "an error and a task in one answer");
    }
    if refusal.is_unclear() {
        return refusal.in_doubt();
    }
    let fault = refusal.fault();
    let is_definite = fault.class != FaultClass::InDoubt;
    let charged = if is_definite && fault.charged == Charged::Unknown { Charged::No } else { fault.charged };
    fault.charged(charged)
}

/// The answer to `getTaskResult`.
pub(crate) fn polled<S>(service: &Service, reference: String, family: &str, response: &Response) -> Turn<S> {
    let open = Standing::Open(service.family(family).and_then(|family| family.pace).map(|pace| pace.gap_ms));
    let standing = match Answer::read(service, response).map_err(|trouble| trouble.acted_on_nothing())? {
        Answer::Refused(refusal) if refusal.is_patience(service) => open,
        Answer::Refused(refusal) if refusal.is_about_the_task() => Standing::Failed(refusal.fault()),
        Answer::Refused(refusal) if refusal.ends_the_task(service) => Standing::Failed(refusal.verdict()),
        Answer::Refused(refusal) => return Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(body) => match text(&body, "status") {
            "ready" => ready(service, family, &body),
            status if service.statuses.open.contains(&status) => open,
            status if service.statuses.failed.contains(&status) => Standing::Failed(failed_without_error()),
            _ => return Err(Fault::provider_down("UNEXPECTED_REPLY", "neither processing nor ready")),
        },
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// A finished task. One whose solution is missing or unknown to us is lost: asking again gives the same answer.
fn ready(service: &Service, family: &str, body: &Map<String, Value>) -> Standing {
    match solution(service, family, body) {
        Some(solution) => Standing::Solved(Solved { solution, cost: cost(service, body) }),
        None => Standing::Failed(without_solution()),
    }
}

fn failed_without_error() -> Fault {
    Fault::unsolvable("TASK_FAILED", "the task has failed without a word on why")
}

/// What is ready has been charged, whether we can read it or not.
fn without_solution() -> Fault {
    Fault::unsolvable("SOLUTION_UNREADABLE", "the task is ready without a solution").charged(Charged::Yes)
}

/// The answer to `getBalance`.
pub(crate) fn balance<S>(service: &Service, response: &Response) -> Turn<S> {
    match Answer::read(service, response).map_err(|trouble| trouble.acted_on_nothing())? {
        Answer::Refused(refusal) => Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(body) => {
            let money = service.balance.and_then(|read| read(body.get("balance")?));
            money.map(Next::Balance).ok_or_else(|| Fault::provider_down("UNEXPECTED_REPLY", "no balance in the answer"))
        }
    }
}

/// The canonical solution, where there is one.
fn solution(service: &Service, family: &str, body: &Map<String, Value>) -> Option<String> {
    let given = body.get("solution")?.as_object()?;
    service.family(family)?.solution.read(given).map(|solution| json_text(&solution))
}

/// What the service says that it charged; a text mostly, a number on some pages.
fn cost(service: &Service, body: &Map<String, Value>) -> Option<Money> {
    let cost = body.get("cost").filter(|_| service.tells_cost)?;
    Money::usd_from_json(cost).filter(|money| !money.amount.starts_with('-'))
}

/// The task's id, where there is one.
fn task_id(service: &Service, body: &Map<String, Value>) -> Option<String> {
    body.get("taskId").and_then(|id| service.ids.read(id))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number, or a text that is one.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
