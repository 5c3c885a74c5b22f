//! Which method takes a report on a solution, and what it answers.
//!
//! Source: `reportIncorrectImageCaptcha`, `reportIncorrectRecaptcha`, `reportCorrectRecaptcha` and
//! `reportIncorrectHcaptcha` under <https://anti-captcha.com/apidoc/methods>.

use adapter_kit::{Fault, FaultClass, Next, Response, Turn};
use serde_json::Value;

use crate::families;
use crate::reply::Answer;

/// The methods that take reports on one family; none where the provider has no such method.
pub(crate) struct Methods {
    correct: Option<&'static str>,
    incorrect: Option<&'static str>,
}

/// Right solutions put their worker at the front of the queue, wrong ones at its end.
pub(crate) const RECAPTCHA: Methods =
    Methods { correct: Some("/reportCorrectRecaptcha"), incorrect: Some("/reportIncorrectRecaptcha") };
/// Complaints only; no refund is promised.
pub(crate) const HCAPTCHA: Methods = Methods { correct: None, incorrect: Some("/reportIncorrectHcaptcha") };
/// Complaints only; checked by moderators and refunded.
pub(crate) const IMAGE: Methods = Methods { correct: None, incorrect: Some("/reportIncorrectImageCaptcha") };
/// Neither.
pub(crate) const NONE: Methods = Methods { correct: None, incorrect: None };

/// The path of the method for this family and verdict.
///
/// # Errors
/// `not-supported` where there is none.
pub(crate) fn method(family: &str, correct: bool) -> Result<&'static str, Fault> {
    let methods = families::find(family).map_or(&NONE, |family| &family.reports);
    let method = if correct { methods.correct } else { methods.incorrect };
    let word = if correct { "right" } else { "wrong" };
    method.ok_or_else(|| {
        Fault::not_supported("REPORT_NOT_SUPPORTED", &format!("no method takes {word} solutions of {family}"))
    })
}

/// The answer to a report.
pub(crate) fn read<S>(response: &Response) -> Turn<S> {
    match Answer::read(response).map_err(|trouble| trouble.may_have_acted())? {
        // Reports end 60 s after the solve, and there is one for each task: a later one is the reporter's own doing.
        Answer::Refused(refusal) if refusal.is_gone() => Err(refusal.fault_of_class(FaultClass::InvalidTask)),
        Answer::Refused(refusal) => Err(refusal.fault()),
        Answer::Fine(body) if body.get("status").and_then(Value::as_str) == Some("success") => Ok(Next::Done),
        Answer::Fine(_) => Err(Fault::in_doubt("UNEXPECTED_REPLY", "the report was neither taken nor refused")),
    }
}
