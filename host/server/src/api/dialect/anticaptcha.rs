//! The dialect of anti-captcha, 2captcha and capmonster: integers as ids, errors by the catalogue's numbers, always HTTP
//! 200. Several of its clients read answers into closed structures, so nothing stands in one that those services do not
//! send: createTask has no status, a result has no id, type or provider.

use capstan_domain::Amount;
use capstan_domain::code::ErrorCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Answer, description, seconds};
use crate::tasks::{Created, Ending, Refusal, TaskView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'v> {
    error_id: u8,
    status: &'static str,
    solution: &'v Map<String, Value>,
    /// Dollars, as text.
    cost: String,
    /// The address is not kept; typed clients want the field.
    ip: &'static str,
    create_time: i64,
    end_time: i64,
    solve_count: u32,
}

fn ok(body: &impl Serialize) -> Answer {
    Answer::json(200, body)
}

/// A task that was solved at once is read with the first poll: createTask's answer has no place for its solution.
pub(super) fn created(created: &Created) -> Answer {
    ok(&json!({"errorId": 0, "taskId": created.number}))
}

pub(super) fn result(view: &TaskView) -> Answer {
    match &view.ending {
        Ending::Open => ok(&json!({"errorId": 0, "status": "processing"})),
        Ending::Solved { solution, cost, ended_at_ms, .. } => ok(&Ready {
            error_id: 0,
            status: "ready",
            solution,
            cost: cost.to_string(),
            ip: "",
            create_time: seconds(view.created_at_ms),
            end_time: seconds(*ended_at_ms),
            solve_count: 1,
        }),
        Ending::Failed { code, detail, .. } => refused(&Refusal::new(*code, detail.clone())),
    }
}

pub(super) fn balance(available: Amount) -> Answer {
    ok(&json!({"errorId": 0, "balance": available.as_dollars()}))
}

pub(super) fn reported() -> Answer {
    ok(&json!({"errorId": 0, "status": "success"}))
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    let (number, code) = numbered(refusal.code);
    ok(&json!({"errorId": number, "errorCode": code, "errorDescription": description(refusal)}))
}

/// A code in the catalogue of those services. What has no number there takes that of its nearest neighbour, so that a
/// client which knows numbers alone does the right thing: slow down, top up, give up.
pub(super) const fn numbered(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::KeyDoesNotExist => (1, "ERROR_KEY_DOES_NOT_EXIST"),
        ErrorCode::UserBanned => (55, "ERROR_ACCOUNT_SUSPENDED"),
        ErrorCode::ZeroBalance | ErrorCode::DailyCap => (10, "ERROR_ZERO_BALANCE"),
        ErrorCode::AddressNotAllowed => (11, "ERROR_IP_NOT_ALLOWED"),
        ErrorCode::InvalidTaskData | ErrorCode::RepeatedDifferently => (110, "ERROR_BAD_PARAMETERS"),
        ErrorCode::ImageTooSmall => (3, "ERROR_ZERO_CAPTCHA_FILESIZE"),
        ErrorCode::ImageTooLarge => (4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE"),
        ErrorCode::ImageCorrupted => (15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED"),
        ErrorCode::NoSuchMethod => (14, "ERROR_NO_SUCH_METHOD"),
        ErrorCode::TaskNotSupported => (23, "ERROR_TASK_NOT_SUPPORTED"),
        ErrorCode::NoProvidersAvailable | ErrorCode::Internal | ErrorCode::RateLimit => (2, "ERROR_NO_SLOT_AVAILABLE"),
        ErrorCode::TaskNotFound => (16, "ERROR_NO_SUCH_CAPCHA_ID"),
        ErrorCode::TaskTimeout | ErrorCode::CaptchaUnsolvable => (12, "ERROR_CAPTCHA_UNSOLVABLE"),
        // capmonster's word, with the number of the nearest one elsewhere (RECAPTCHA_INVALID_DOMAIN).
        ErrorCode::DomainBanned => (32, "ERROR_DOMAIN_NOT_ALLOWED"),
    }
}
