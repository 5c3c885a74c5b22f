//! Dialects: how the use cases look on the wire. Each is one file of pure conversion that nothing else knows.
//!
//! What clients send is read in one place for all of them (`api::fields`); a dialect writes answers and refusals. The
//! classic API ([`classic`]) is a form of its own beside the three.

mod anticaptcha;
mod anysolver;
mod capsolver;
pub(super) mod classic;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use capstan_domain::Amount;
use capstan_domain::code::ErrorCode;
use capstan_domain::complaint::Decision;
pub use capstan_domain::dialect::Dialect;
use serde::Serialize;

use crate::limits::Allowance;
use crate::tasks::{Created, Refusal, TaskView};

/// An answer ready to be sent.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub content: Content,
    /// What is left of the limit that the request was counted against.
    pub allowance: Option<Allowance>,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// Something that the account should know, beside the answer.
    pub notice: Option<String>,
}

/// A body.
#[derive(Debug, PartialEq)]
pub enum Content {
    /// JSON, written.
    Json(Bytes),
    /// Plain text.
    Text(String),
    /// A page.
    Html(String),
}

impl Content {
    /// What is sent.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Json(text) => text,
            Self::Text(text) | Self::Html(text) => text.into(),
        }
    }
}

impl Answer {
    /// A JSON body under a status.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        // Only a map whose names are no texts could not be written; no answer has one.
        let text = serde_json::to_string(body).unwrap_or_default();
        Self::of(status, Content::Json(text.into()))
    }

    /// Another body under a status.
    #[must_use]
    pub const fn of(status: u16, content: Content) -> Self {
        Self { status, content, allowance: None, retry_after: None, notice: None }
    }
}

/// Whole seconds since 1970, as the field writes times.
const fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000)
}

/// A code's own text and what follows it.
fn description(refusal: &Refusal) -> String {
    let text = refusal.code.text();
    if refusal.detail.is_empty() { text.to_owned() } else { format!("{text} {}", refusal.detail) }
}

/// Writes createTask's answer.
#[must_use]
pub fn created(dialect: Dialect, created: &Created) -> Answer {
    match dialect {
        Dialect::AnySolver => anysolver::created(created),
        Dialect::AntiCaptcha => anticaptcha::created(created),
        Dialect::CapSolver => capsolver::created(created),
    }
}

/// Writes getTaskResult's answer, once for each view.
#[must_use]
pub fn result(dialect: Dialect, view: &TaskView) -> Answer {
    let (form, write): (usize, fn(&TaskView) -> Answer) = match dialect {
        Dialect::AnySolver => (0, anysolver::result),
        Dialect::AntiCaptcha => (1, anticaptcha::result),
        Dialect::CapSolver => (2, capsolver::result),
    };
    let (status, text) = view.written.or(form, || {
        let answer = write(view);
        (answer.status, answer.content.into_bytes())
    });
    Answer::of(status, Content::Json(text))
}

/// Writes getBalance's answer; a notice is something that the account should know, where the dialect has a place for it.
#[must_use]
pub fn balance(dialect: Dialect, available: Amount, notice: Option<&str>) -> Answer {
    match dialect {
        Dialect::AnySolver => anysolver::balance(available, notice),
        Dialect::AntiCaptcha => anticaptcha::balance(available),
        Dialect::CapSolver => capsolver::balance(available),
    }
}

/// Writes the answer to a report that was taken down, and what was decided on a complaint, where the dialect has a place for
/// it. Whatever that was, the report is a success.
#[must_use]
pub fn reported(dialect: Dialect, refund: Option<Decision>) -> Answer {
    match dialect {
        Dialect::AnySolver => anysolver::reported(refund),
        Dialect::AntiCaptcha => anticaptcha::reported(),
        Dialect::CapSolver => capsolver::reported(),
    }
}

/// Writes a refusal.
#[must_use]
pub fn refused(dialect: Dialect, refusal: &Refusal) -> Answer {
    let answer = match dialect {
        Dialect::AnySolver => anysolver::refused(refusal),
        Dialect::AntiCaptcha => anticaptcha::refused(refusal),
        Dialect::CapSolver => capsolver::refused(refusal),
    };
    Answer { allowance: refusal.allowance, retry_after: refusal.retry_after, ..answer }
}

/// How each form of answers writes one error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// `errorId` and `errorCode` in [`Dialect::AnySolver`].
    pub any_solver: (u16, &'static str),
    /// `errorId` and `errorCode` in [`Dialect::AntiCaptcha`].
    pub anti_captcha: (u16, &'static str),
    /// HTTP status and `errorCode` in [`Dialect::CapSolver`], where `errorId` is always 1.
    pub cap_solver: (u16, &'static str),
    /// The classic API's word.
    pub classic: &'static str,
}

/// What each form of answers calls an error; the documentation is printed from it.
#[must_use]
pub const fn codes(code: ErrorCode) -> Codes {
    Codes {
        any_solver: (code.error_id() as u16, code.as_str()),
        anti_captcha: anticaptcha::numbered(code),
        cap_solver: capsolver::named(code),
        classic: classic::word(code),
    }
}
