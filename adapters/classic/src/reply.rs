//! What a service's answers mean.
//!
//! An answer is a line of text: `OK|` and what was asked for, a state, or an error code. With `json=1` it is an object of
//! `status`, `request` and what comes beside; both forms are read wherever they come. "In very rare cases server can
//! return HTML page": that is neither.
//!
//! Source: "Solving Captchas", "Error Handling" and "Additional methods" of <https://2captcha.com/2captcha-api>.

use adapter_kit::{
    About, Acceptance, Charged, Fault, FaultClass, FaultRow, Money, Next, Response, Solved, Standing, Trouble, Turn,
    Verdict, for_people, json_text,
};
use serde_json::{Map, Value, json};

use crate::family::Answers;
use crate::{Service, faults, task};

/// An answer of the provider's own.
pub(crate) enum Answer {
    /// What was asked for.
    Fine(Fine),
    /// `CAPCHA_NOT_READY`.
    NotReady,
    /// An error of the provider's own.
    Refused(Refusal),
    /// A text that is none of these: what it means hangs on the question.
    Bare(String),
}

/// What was asked for.
pub(crate) struct Fine {
    /// What follows the first `OK|`, or `request`; empty where that is no text.
    pub text: String,
    /// `request`, where it is a list or an object.
    whole: Option<Value>,
    /// What came beside it; none where the answer was text.
    beside: Option<Map<String, Value>>,
}

/// An error of the provider's own.
pub(crate) struct Refusal {
    row: Option<&'static FaultRow>,
    code: String,
    description: String,
}

impl Answer {
    /// Sorts a response.
    pub(crate) fn read(service: &Service, response: &Response) -> Result<Self, Trouble> {
        if response.is_throttled() || response.is_server_error() {
            return Err(Trouble::of(response));
        }
        let unreadable = || Trouble::Unreadable(response.status);
        let text = response.text().ok_or_else(unreadable)?;
        // Only what a server adds is cut off: the solution of an image may end in a space.
        let text = text.trim_start().trim_end_matches(['\r', '\n']);
        if text.starts_with('{') {
            return response.json().and_then(|body| from_json(service, body)).ok_or_else(unreadable);
        }
        if let Some(rest) = text.strip_prefix("OK|") {
            return Ok(Self::Fine(Fine { text: rest.to_owned(), whole: None, beside: None }));
        }
        let text = text.trim_end();
        Ok(from_code(service, text).unwrap_or_else(|| Self::Bare(text.to_owned())))
    }
}

/// An answer to `json=1`: `status` is 1 or 0, `request` what a text would have held. A failure without a code is none of
/// these: beside an id, the task may have been taken all the same.
fn from_json(service: &Service, mut body: Map<String, Value>) -> Option<Answer> {
    let status = match body.get("status")? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // Some methods of one service answer in `result`, and nobody says what `request` holds beside it.
    let given = body.remove("result").filter(|result| status == 1 && !result.is_null());
    let (text, whole) = match given.or_else(|| body.remove("request"))? {
        Value::String(text) => (text, None),
        Value::Number(number) => (number.to_string(), None),
        whole @ (Value::Array(_) | Value::Object(_)) if status == 1 => (String::new(), Some(whole)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    match status {
        1 => Some(Answer::Fine(Fine { text, whole, beside: Some(body) })),
        0 => {
            let words = body.get("error_text").and_then(Value::as_str).unwrap_or_default();
            Some(from_code(service, &text).map_or(Answer::Bare(text), |answer| answer.described(words)))
        }
        _ => None,
    }
}

/// A state or an error; none where the text is neither. A code is in capitals, and whatever follows it is words.
fn from_code(service: &Service, text: &str) -> Option<Answer> {
    if matches!(text, "CAPCHA_NOT_READY" | "CAPTCHA_NOT_READY") {
        return Some(Answer::NotReady);
    }
    let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let (code, words) = match text.strip_prefix(faults::LIMIT) {
        Some(rest) => {
            let number = rest.trim_start();
            let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            let (number, words) = number.split_at_checked(end)?;
            (format!("{} {number}", faults::LIMIT), words)
        }
        None => {
            let (code, words) = text.split_at_checked(text.find(|c| !is_word(c)).unwrap_or(text.len()))?;
            (code.to_owned(), words)
        }
    };
    let row = faults::find(service.faults, &code);
    let description = for_people(words.trim_start_matches(['|', ':', ' ']));
    let is_code = code.starts_with("ERROR") || row.is_some();
    is_code.then(|| Answer::Refused(Refusal { row, code: for_people(&code), description }))
}

impl Answer {
    /// The same refusal in the provider's own words, where it has some.
    fn described(self, words: &str) -> Self {
        match self {
            Self::Refused(refusal) if !words.is_empty() => {
                Self::Refused(Refusal { description: for_people(words), ..refusal })
            }
            Self::Fine(_) | Self::NotReady | Self::Refused(_) | Self::Bare(_) => self,
        }
    }
}

impl Refusal {
    /// The fault of this error by the table; a code that is not in it counts as the provider being down.
    pub(crate) fn fault(self) -> Fault {
        let (class, charged) = self.row.map_or((FaultClass::ProviderDown, Charged::Unknown), |r| (r.class, r.charged));
        self.fault_of_class(class).charged(charged)
    }

    /// The fault of this error, of another class than the table's; nothing charged.
    pub(crate) fn fault_of_class(self, class: FaultClass) -> Fault {
        Fault::new(class, &self.code, &self.description)
    }

    /// Whether the error says that the task has failed. One that is not in the table does not: the poll is repeated
    /// within its limits, while a wrong verdict would be final.
    pub(crate) fn is_about_the_task(&self) -> bool {
        self.row.is_some_and(|row| row.about == About::Task)
    }
}

/// The answer to `in.php`.
pub(crate) fn submitted<S>(service: &Service, family: &str, response: &Response) -> Turn<S> {
    match Answer::read(service, response).map_err(Trouble::may_have_acted)? {
        Answer::Fine(fine) if task::is_id(fine.text.trim()) => {
            let poll_after_ms = service.family(family).and_then(|family| family.pace).map(|pace| pace.first_ms);
            Ok(Next::Accepted(Acceptance { reference: fine.text.trim().to_owned(), memo: Vec::new(), poll_after_ms }))
        }
        // "Server will return captcha ID or an error code if something went wrong": an error is definite, even one that
        // is not in the table. Whatever that says of running tasks that may have been charged, this one was not.
        Answer::Refused(refusal) => Err(refusal.fault().charged(Charged::No)),
        // It says that it has a task, but not which.
        Answer::Fine(_) | Answer::NotReady => Err(Fault::in_doubt("UNEXPECTED_REPLY", "neither an error nor an id")),
        Answer::Bare(_) => Err(Trouble::Unreadable(response.status).may_have_acted()),
    }
}

/// The answer to a question about a task.
pub(crate) fn polled<S>(service: &Service, reference: String, family: &str, response: &Response) -> Turn<S> {
    let known = service.family(family);
    let standing = match Answer::read(service, response).map_err(Trouble::acted_on_nothing)? {
        Answer::NotReady => Standing::Open(known.and_then(|family| family.pace).map(|pace| pace.gap_ms)),
        Answer::Fine(fine) => solved(fine, service.answers(family)),
        Answer::Refused(refusal) if refusal.is_about_the_task() => Standing::Failed(refusal.fault()),
        Answer::Refused(refusal) => return Err(refusal.fault().charged(Charged::No)),
        Answer::Bare(_) => return Err(Trouble::Unreadable(response.status).acted_on_nothing()),
    };
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

/// A solved task. An empty solution is lost, and one of another form than its method's: asking again gives the same
/// answer, and it has been charged.
fn solved(fine: Fine, answers: Answers) -> Standing {
    let lost = |words| Standing::Failed(Fault::unsolvable("SOLUTION_UNREADABLE", words).charged(Charged::Yes));
    let (text, cost) = match (&fine.beside, answers) {
        (Some(beside), _) => (fine.text.as_str(), beside.get("price").and_then(Money::usd_from_json)),
        (None, Answers::Json(_)) => (fine.text.as_str(), None),
        (None, Answers::Line(_)) => priced(&fine.text),
    };
    if text.is_empty() && fine.whole.is_none() {
        return lost("the task is solved with nothing");
    }
    let answer = fine.whole.unwrap_or_else(|| json!(text));
    let (Answers::Line(shape) | Answers::Json(shape)) = answers;
    let Some(solution) = shape.read(answer, fine.beside.as_ref()) else {
        return lost("the answer has another form than the method's");
    };
    let cost = cost.filter(|money| !money.amount.starts_with('-'));
    Standing::Solved(Solved { solution: json_text(&Value::Object(solution)), cost })
}

/// `ABCDE|0.00085`: the price is what follows the last `|`, for the solution may hold others.
fn priced(text: &str) -> (&str, Option<Money>) {
    let split = text.rsplit_once('|').and_then(|(solution, price)| {
        let price = Money::usd_from_json(&json!(price))?;
        Some((solution, Some(price)))
    });
    split.unwrap_or((text, None))
}

/// The answer to `getbalance`: an amount without an `OK|`.
pub(crate) fn balance<S>(service: &Service, response: &Response) -> Turn<S> {
    let text = match Answer::read(service, response).map_err(Trouble::acted_on_nothing)? {
        Answer::Refused(refusal) => return Err(refusal.fault().charged(Charged::No)),
        Answer::Fine(Fine { text, .. }) | Answer::Bare(text) => text,
        Answer::NotReady => String::new(),
    };
    let amount = Money::usd_from_json(&json!(text)).map(Next::Balance);
    amount.ok_or_else(|| Fault::provider_down("UNEXPECTED_REPLY", "no balance in the answer"))
}
