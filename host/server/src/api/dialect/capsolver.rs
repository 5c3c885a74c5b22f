//! The dialect of capsolver: a status in every answer, HTTP 400 or 401 and `status: "failed"` on errors, and no field
//! beyond `errorId`, `errorCode`, `errorDescription`, `taskId`, `status` and `solution`, since its clients read answers
//! into closed structures.

use capstan_domain::code::ErrorCode;
use capstan_domain::{Amount, TaskId};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Answer, description};
use crate::tasks::{Created, Ending, Refusal, TaskView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'v> {
    error_id: u8,
    error_code: &'static str,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<TaskId>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<&'v Map<String, Value>>,
}

fn about(task: TaskId, status: &'static str, solution: Option<&Map<String, Value>>) -> Answer {
    let (error_id, error_code, error_description) = (0, "", String::new());
    Answer::json(200, &Body { error_id, error_code, error_description, task_id: Some(task), status, solution })
}

pub(super) fn created(created: &Created) -> Answer {
    created.solved().map_or_else(|| about(created.task, "idle", None), result)
}

pub(super) fn result(view: &TaskView) -> Answer {
    match &view.ending {
        Ending::Open => about(view.task, "processing", None),
        Ending::Solved { solution, .. } => about(view.task, "ready", Some(solution)),
        Ending::Failed { code, detail, .. } => error(&Refusal::new(*code, detail.clone()), Some(view.task)),
    }
}

pub(super) fn balance(available: Amount) -> Answer {
    Answer::json(
        200,
        &json!({
            "errorId": 0, "errorCode": "", "errorDescription": "", "balance": available.as_dollars(), "packages": [],
        }),
    )
}

pub(super) fn reported() -> Answer {
    Answer::json(200, &json!({"errorId": 0, "errorCode": "", "errorDescription": "", "message": "okay"}))
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    error(refusal, None)
}

fn error(refusal: &Refusal, task_id: Option<TaskId>) -> Answer {
    let (status, error_code) = named(refusal.code);
    // Its own catalogue has one word for several things; ours says which it was.
    let bare = |code: &'static str| code.trim_start_matches("ERROR_");
    let error_description = if bare(error_code) == bare(refusal.code.as_str()) {
        description(refusal)
    } else {
        format!("{}: {}", refusal.code.as_str(), description(refusal))
    };
    let body = Body { error_id: 1, error_code, error_description, task_id, status: "failed", solution: None };
    Answer::json(status, &body)
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
