//! What answers mean: a JSON object of `captcha`, `text` and `is_correct`, or of `error`.
//!
//! Source: `components` of <https://github.com/deathbycaptcha/deathbycaptcha-agent-api-metadata> (`spec/openapi/http.yaml`).

use adapter_kit::{
    About, Acceptance, Charged, Fault, FaultClass, FaultRow, Money, Next, Response, Solved, Standing, Trouble, Turn,
    Verdict, decimal, find_fault, json_text,
};
use serde_json::{Map, Value};

use crate::faults::{FAULTS, by_status};
use crate::{families, task};

/// An answer of the service's own.
enum Answer {
    /// Without an error.
    Fine(Map<String, Value>),
    /// An error.
    Refused(Refusal),
}

/// An error of the service's own.
struct Refusal {
    row: Option<&'static FaultRow>,
    code: String,
    status: u16,
}

impl Answer {
    fn read(response: &Response) -> Result<Self, Trouble> {
        let body: Map<String, Value> = response.json().ok_or_else(|| Trouble::of(response))?;
        let code = body.get("error").and_then(Value::as_str).unwrap_or_default().trim();
        if code.is_empty() && response.status < 400 {
            return Ok(Self::Fine(body));
        }
        let code = if code.is_empty() { format!("HTTP {}", response.status) } else { code.to_owned() };
        let row = find_fault(FAULTS, Some(code.as_str()), None);
        Ok(Self::Refused(Refusal { row, code, status: response.status }))
    }
}

impl Refusal {
    /// After a submit: the error is definite unless it came out of a breakdown, which says nothing of the task.
    fn of_submit(&self) -> Fault {
        let (class, charged) = self.row.map_or_else(|| by_status(self.status), |row| (row.class, Charged::No));
        self.of_class(class).charged(charged)
    }

    /// Of a request that changes nothing.
    fn of_question(&self) -> Fault {
        let class = match self.row.map_or_else(|| by_status(self.status).0, |row| row.class) {
            FaultClass::CredentialRejected => FaultClass::CredentialRejected,
            FaultClass::CredentialOutOfFunds => FaultClass::CredentialOutOfFunds,
            FaultClass::Throttled(after) => FaultClass::Throttled(after),
            FaultClass::NoCapacity
            | FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::ProviderDown
            | FaultClass::InDoubt => FaultClass::ProviderDown,
        };
        self.of_class(class)
    }

    fn of_class(&self, class: FaultClass) -> Fault {
        Fault::new(class, &self.code, &format!("HTTP {}", self.status))
    }
}

/// The answer to `/captcha`. Success is "303 See Other", with the id in `Location` and mostly in the body, too.
pub(crate) fn submitted<S>(family: &str, response: &Response) -> Turn<S> {
    let in_header = (response.status == 303).then(|| response.header("location")).flatten();
    let reference = match (Answer::read(response), in_header.and_then(id_at_the_end)) {
        (Ok(Answer::Refused(refusal)), _) => return Err(refusal.of_submit()),
        (Ok(Answer::Fine(body)), in_header) => id_of(&body).or(in_header),
        (Err(_), Some(reference)) => Some(reference),
        (Err(trouble), None) => return Err(trouble.may_have_acted()),
    };
    let poll_after_ms = families::find(family).and_then(|family| family.first_ms);
    let accepted = reference.map(|reference| Acceptance { reference, memo: Vec::new(), poll_after_ms });
    accepted.map(Next::Accepted).ok_or_else(|| Fault::in_doubt("UNEXPECTED_REPLY", "neither an error nor an id"))
}

/// The answer to `/captcha/ID`.
pub(crate) fn polled<S>(reference: String, family: &str, response: &Response) -> Turn<S> {
    let standing = match Answer::read(response) {
        // "If no such CAPTCHAs found", its id is 0; nobody says whether the status is another, too.
        Ok(Answer::Fine(body)) if id_of(&body).is_some() => standing(family, &body),
        Ok(Answer::Fine(body)) if body.get("captcha").and_then(Value::as_u64) == Some(0) => {
            Standing::Failed(forgotten())
        }
        // Without any id it says nothing about this one.
        Ok(Answer::Fine(_)) => return Err(Trouble::of(response).acted_on_nothing()),
        Ok(Answer::Refused(refusal)) if refusal.status == 404 => Standing::Failed(forgotten()),
        Ok(Answer::Refused(Refusal { row: Some(row), code, status })) if row.about == About::Task => {
            Standing::Failed(Refusal { row: Some(row), code, status }.of_class(row.class))
        }
        Ok(Answer::Refused(refusal)) => return Err(refusal.of_question()),
        Err(trouble) => return Err(trouble.acted_on_nothing()),
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// "Until solved the `text` field will be empty or null and `is_correct` is false"; with a text, `is_correct` says whether it
/// is one that is paid for. `?` is what stands for none.
fn standing(family: &str, body: &Map<String, Value>) -> Standing {
    let text = body.get("text").unwrap_or(&Value::Null);
    if matches!(text, Value::Null) || text.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Standing::Open(None);
    }
    if !is_true(body.get("is_correct")) || text.as_str() == Some("?") {
        let words = "the text is marked as unreadable or wrong";
        return Standing::Failed(Fault::unsolvable("NOT_CORRECT", words).charged(Charged::No));
    }
    let solution =
        families::find(family).map_or_else(|| families::UNKNOWN.read(text), |known| known.solution.read(text));
    match solution {
        Some(solution) => Standing::Solved(Solved { solution: json_text(&solution), cost: None }),
        None => {
            let words = "the answer has another form than the type's";
            Standing::Failed(Fault::unsolvable("SOLUTION_UNREADABLE", words).charged(Charged::Yes))
        }
    }
}

/// No solution will come of it any more, and whether there was one, and was charged, nobody knows.
fn forgotten() -> Fault {
    Fault::unsolvable("NO_SUCH_CAPTCHA", "the service knows no such task, or not any more")
}

/// The answer to `/user`: US cents. A sign-in that failed has the user 0 there.
pub(crate) fn balance<S>(response: &Response) -> Turn<S> {
    let body = match Answer::read(response).map_err(Trouble::acted_on_nothing)? {
        Answer::Fine(body) => body,
        Answer::Refused(refusal) => return Err(refusal.of_question()),
    };
    let rejected = |code, words| Err(Fault::new(FaultClass::CredentialRejected, code, words));
    if body.get("user").and_then(Value::as_u64) == Some(0) {
        return rejected("not-logged-in", "the account is not known by this name and password");
    }
    if is_true(body.get("is_banned")) {
        return rejected("banned", "the account is suspended");
    }
    let cents = body.get("balance").and_then(|cents| match cents {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let dollars = cents.and_then(|cents| decimal(&format!("{}e-2", cents.trim())));
    let balance = dollars.map(|dollars| Next::Balance(Money::usd(&dollars)));
    balance.ok_or_else(|| Fault::provider_down("UNEXPECTED_REPLY", "no balance in the answer"))
}

/// The answer to a report: the task, which is not correct any more. "Invalid ownership, banned user, or too late" has 503.
pub(crate) fn reported<S>(response: &Response) -> Turn<S> {
    match Answer::read(response).map_err(Trouble::may_have_acted)? {
        Answer::Fine(body) if body.get("is_correct").is_some_and(|flag| !is_true(Some(flag))) => Ok(Next::Done),
        Answer::Fine(_) => {
            Err(Fault::invalid_task("REPORT_NOT_RECORDED", "the solution counts as correct all the same"))
        }
        Answer::Refused(refusal) => {
            let class = match refusal.row.map(|row| row.class) {
                Some(class @ (FaultClass::CredentialRejected | FaultClass::CredentialOutOfFunds)) => class,
                Some(_) | None if matches!(refusal.status, 400 | 404 | 503) => FaultClass::InvalidTask,
                Some(_) | None => by_status(refusal.status).0,
            };
            let charged = if class == FaultClass::InDoubt { Charged::Unknown } else { Charged::No };
            Err(refusal.of_class(class).charged(charged))
        }
    }
}

/// The task's id; 0 is none.
fn id_of(body: &Map<String, Value>) -> Option<String> {
    let id = match body.get("captcha")? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    task::is_id(&id).then_some(id)
}

/// `/api/captcha/ID`, or the same as a whole address.
fn id_at_the_end(location: &str) -> Option<String> {
    let (before, id) = location.trim().trim_end_matches('/').rsplit_once('/')?;
    (before.ends_with("/captcha") && task::is_id(id)).then(|| id.to_owned())
}

/// A flag, or the number that stands for one.
fn is_true(flag: Option<&Value>) -> bool {
    flag.is_some_and(|flag| flag.as_bool() == Some(true) || flag.as_u64() == Some(1) || flag.as_str() == Some("1"))
}
