//! Reports on solutions: one method for every family and both verdicts.
//!
//! Source: <https://docs.capsolver.com/guide/api-feedback>.

use adapter_kit::{FaultClass, Next, Report, Response, Turn};
use serde_json::{Value, json};

use crate::reply::Answer;

/// The body of `feedbackTask`, without the key.
pub(crate) fn body(report: &Report) -> Value {
    json!({ "taskId": report.task.reference, "result": { "invalid": !report.correct } })
}

/// The answer to a report: an `errorId` of 0 is all that it says for sure.
pub(crate) fn read<S>(response: &Response) -> Turn<S> {
    match Answer::read(response).map_err(|trouble| trouble.may_have_acted())? {
        Answer::Fine(_) => Ok(Next::Done),
        // The provider forgets its tasks: a later report is the reporter's own doing.
        Answer::Refused(refusal) if refusal.is_gone() => Err(refusal.fault_of_class(FaultClass::InvalidTask)),
        Answer::Refused(refusal) if refusal.is_unclear() => Err(refusal.in_doubt()),
        Answer::Refused(refusal) => Err(refusal.fault()),
    }
}
