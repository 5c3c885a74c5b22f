//! The dialect of capsolver: a status in every answer, HTTP 400 or 401 and `status: "failed"` on errors, and no field
//! beyond `errorId`, `errorCode`, `errorDescription`, `taskId`, `status` and `solution`, since its clients read answers
//! into closed structures.

use capstan_domain::Amount;
use capstan_domain::code::ErrorCode;
use serde_json::{Value, json};

use super::{Answer, description};
use crate::tasks::{Created, Ending, Refusal, TaskView};

fn about(task: String, status: &str) -> Value {
    json!({"errorId": 0, "errorCode": "", "errorDescription": "", "taskId": task, "status": status})
}

fn ready(view: &TaskView) -> Option<Answer> {
    let Ending::Solved { solution, .. } = &view.ending else { return None };
    let mut body = about(view.task.0.to_string(), "ready");
    if let Some(fields) = body.as_object_mut() {
        fields.insert("solution".to_owned(), Value::Object(solution.clone()));
    }
    Some(Answer::json(200, body))
}

pub(super) fn created(created: &Created) -> Answer {
    let at_once = created.ended.as_ref().and_then(ready);
    at_once.unwrap_or_else(|| Answer::json(200, about(created.task.0.to_string(), "idle")))
}

pub(super) fn result(view: &TaskView) -> Answer {
    match &view.ending {
        Ending::Failed { code, detail, .. } => {
            let mut answer = error(&Refusal::new(*code, detail.clone()));
            if let super::Content::Json(Value::Object(fields)) = &mut answer.content {
                fields.insert("taskId".to_owned(), Value::from(view.task.0.to_string()));
            }
            answer
        }
        Ending::Open | Ending::Solved { .. } => {
            ready(view).unwrap_or_else(|| Answer::json(200, about(view.task.0.to_string(), "processing")))
        }
    }
}

pub(super) fn balance(available: Amount) -> Answer {
    Answer::json(
        200,
        json!({
            "errorId": 0, "errorCode": "", "errorDescription": "", "balance": available.as_dollars(), "packages": [],
        }),
    )
}

pub(super) fn reported() -> Answer {
    Answer::json(200, json!({"errorId": 0, "errorCode": "", "errorDescription": "", "message": "okay"}))
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    error(refusal)
}

fn error(refusal: &Refusal) -> Answer {
    let (status, code) = named(refusal.code);
    // Its own catalogue has one word for several things; ours says which it was.
    let text = if code.trim_start_matches("ERROR_") == refusal.code.as_str().trim_start_matches("ERROR_") {
        description(refusal)
    } else {
        format!("{}: {}", refusal.code.as_str(), description(refusal))
    };
    Answer::json(
        status,
        json!({
            "errorId": 1, "errorCode": code, "errorDescription": text, "status": "failed",
        }),
    )
}

/// A code in capsolver's catalogue, and its HTTP status.
pub(super) const fn named(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::KeyDoesNotExist | ErrorCode::UserBanned | ErrorCode::AddressNotAllowed => {
            (401, "ERROR_KEY_DENIED_ACCESS")
        }
        ErrorCode::ZeroBalance | ErrorCode::DailyCap => (400, "ERROR_ZERO_BALANCE"),
        ErrorCode::InvalidTaskData | ErrorCode::RepeatedDifferently | ErrorCode::DomainBanned => {
            (400, "ERROR_INVALID_TASK_DATA")
        }
        ErrorCode::ImageTooSmall | ErrorCode::ImageTooLarge | ErrorCode::ImageCorrupted => (400, "ERROR_INVALID_IMAGE"),
        ErrorCode::NoSuchMethod => (400, "ERROR_BAD_REQUEST"),
        ErrorCode::TaskNotSupported => (400, "ERROR_TASK_NOT_SUPPORTED"),
        // Its own spelling.
        ErrorCode::NoProvidersAvailable | ErrorCode::Internal => (400, "ERROR_SERVICE_UNAVALIABLE"),
        ErrorCode::RateLimit => (400, "ERROR_RATE_LIMIT"),
        ErrorCode::TaskNotFound => (400, "ERROR_TASKID_INVALID"),
        ErrorCode::TaskTimeout => (400, "ERROR_TASK_TIMEOUT"),
        ErrorCode::CaptchaUnsolvable => (400, "ERROR_CAPTCHA_UNSOLVABLE"),
    }
}
