//! The classic API's answers: a line of text, or `{"status": 1, "request": …}` where JSON was asked for. Always HTTP 200.

use std::sync::Arc;

use capstan_domain::Amount;
use capstan_domain::code::ErrorCode;
use serde_json::{Map, Value, json};

use super::{Answer, Content, description};
use crate::tasks::{Created, Ending, Refusal, TaskView};

/// What a task is while it is open; the spelling is the field's.
const NOT_READY: &str = "CAPCHA_NOT_READY";

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Form {
    /// A line of text.
    Text,
    /// A JSON object.
    Json,
}

/// What was read of one task.
pub(in crate::api) enum Read {
    /// How it stands.
    Task(Arc<TaskView>),
    /// It could not be read.
    Refused(Refusal),
}

impl Form {
    fn good(self, text: impl Into<Value>) -> Answer {
        let text = text.into();
        match self {
            Self::Json => Answer::json(200, &json!({"status": 1, "request": text})),
            Self::Text => Answer::of(200, Content::Text(line(&text))),
        }
    }

    /// createTask's: the number of the task.
    pub(in crate::api) fn created(self, created: &Created) -> Answer {
        match self {
            Self::Json => self.good(created.number.to_string()),
            Self::Text => Answer::of(200, Content::Text(format!("OK|{}", created.number))),
        }
    }

    /// One task's: `with_price` is what `get2` asks for.
    pub(in crate::api) fn result(self, view: &TaskView, with_price: bool) -> Answer {
        match (&view.ending, self) {
            (Ending::Open, Self::Text) => Answer::of(200, Content::Text(NOT_READY.to_owned())),
            (Ending::Open, Self::Json) => Answer::json(200, &json!({"status": 0, "request": NOT_READY})),
            (Ending::Failed { code, detail, .. }, _) => self.refused(&Refusal::new(*code, detail.clone())),
            (Ending::Solved { solution, cost, .. }, Self::Text) => {
                let price = if with_price { format!("|{cost}") } else { String::new() };
                Answer::of(200, Content::Text(format!("OK|{}{price}", line(&answer(solution)))))
            }
            (Ending::Solved { solution, cost, .. }, Self::Json) => {
                let mut body = json!({"status": 1, "request": answer(solution)});
                if let Some(fields) = body.as_object_mut() {
                    if let Some(agent) = solution.get("userAgent") {
                        fields.insert("useragent".to_owned(), agent.clone());
                    }
                    if with_price {
                        fields.insert("price".to_owned(), Value::from(cost.to_string()));
                    }
                }
                Answer::json(200, &body)
            }
        }
    }

    /// Several tasks': their answers in the order in which they were asked for, between bars.
    pub(in crate::api) fn results(self, read: &[Read]) -> Answer {
        let one = |read: &Read| match read {
            Read::Refused(refusal) => word(refusal.code).to_owned(),
            Read::Task(view) => match &view.ending {
                Ending::Open => NOT_READY.to_owned(),
                Ending::Solved { solution, .. } => line(&answer(solution)),
                Ending::Failed { code, .. } => word(*code).to_owned(),
            },
        };
        self.good(read.iter().map(one).collect::<Vec<_>>().join("|"))
    }

    /// The balance.
    pub(in crate::api) fn balance(self, available: Amount) -> Answer {
        self.good(available.to_string())
    }

    /// A report that was taken down.
    pub(in crate::api) fn reported(self) -> Answer {
        self.good("OK_REPORT_RECORDED")
    }

    /// A refusal. A line of text has room for the code alone.
    pub(in crate::api) fn refused(self, refusal: &Refusal) -> Answer {
        let code = word(refusal.code);
        let answer = match self {
            Self::Text => Answer::of(200, Content::Text(code.to_owned())),
            Self::Json => Answer::json(200, &json!({"status": 0, "request": code, "error_text": description(refusal)})),
        };
        Answer { allowance: refusal.allowance, retry_after: refusal.retry_after, ..answer }
    }
}

/// A value as a line: text as it is, anything else as JSON.
pub(in crate::api) fn line(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Those fields of a solution that are its answer by themselves, the likeliest first.
const SINGLE: &[&str] = &["token", "gRecaptchaResponse", "text", "cookie", "cf_clearance", "rotate", "angle"];

/// What the classic API calls the answer: one text where the solution is one, else an object with its field names.
fn answer(solution: &Map<String, Value>) -> Value {
    if let Some(points) = solution.get("coordinates").and_then(Value::as_array) {
        return Value::from(format!("coordinates:{}", points.iter().filter_map(point).collect::<Vec<_>>().join(";")));
    }
    if let Some(cells) = solution.get("click").and_then(Value::as_array) {
        return Value::from(format!("click:{}", cells.iter().map(line).collect::<Vec<_>>().join("/")));
    }
    if let Some(single) = SINGLE.iter().find_map(|name| solution.get(*name)) {
        return if single.is_object() { single.clone() } else { Value::from(line(single)) };
    }
    // GeeTest's third version has a prefix there, which solutions carry as other names of the same values.
    let geetest: Map<String, Value> =
        GEETEST.iter().filter_map(|name| Some((name.0.to_owned(), solution.get(name.1)?.clone()))).collect();
    if geetest.len() > 1 {
        return Value::Object(geetest);
    }
    Value::Object(solution.clone())
}

/// GeeTest's third version: the classic name of each field, and its own.
const GEETEST: [(&str, &str); 3] =
    [("geetest_challenge", "challenge"), ("geetest_validate", "validate"), ("geetest_seccode", "seccode")];

/// A point as `x=1,y=2`.
fn point(value: &Value) -> Option<String> {
    let (x, y) = match value {
        Value::Object(point) => (point.get("x")?, point.get("y")?),
        Value::Array(point) => (point.first()?, point.get(1)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    Some(format!("x={x},y={y}"))
}

/// A code in the classic catalogue.
pub(super) const fn word(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::KeyDoesNotExist => "ERROR_KEY_DOES_NOT_EXIST",
        ErrorCode::UserBanned => "ERROR_ACCOUNT_SUSPENDED",
        ErrorCode::ZeroBalance | ErrorCode::DailyCap => "ERROR_ZERO_BALANCE",
        ErrorCode::AddressNotAllowed => "ERROR_IP_NOT_ALLOWED",
        ErrorCode::InvalidTaskData | ErrorCode::RepeatedDifferently | ErrorCode::NoSuchMethod => "ERROR_BAD_PARAMETERS",
        ErrorCode::ImageTooSmall => "ERROR_ZERO_CAPTCHA_FILESIZE",
        ErrorCode::ImageTooLarge => "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
        ErrorCode::ImageCorrupted => "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
        ErrorCode::TaskNotSupported => "ERROR_TASK_NOT_SUPPORTED",
        ErrorCode::NoProvidersAvailable | ErrorCode::Internal => "ERROR_NO_SLOT_AVAILABLE",
        ErrorCode::RateLimit => "MAX_USER_TURN",
        ErrorCode::TaskNotFound => "ERROR_WRONG_CAPTCHA_ID",
        ErrorCode::TaskTimeout | ErrorCode::CaptchaUnsolvable => "ERROR_CAPTCHA_UNSOLVABLE",
        ErrorCode::DomainBanned => "ERROR_DOMAIN_NOT_ALLOWED",
    }
}
