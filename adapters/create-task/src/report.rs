//! Which method takes a report on a solution, and what it answers.

use adapter_kit::{Fault, FaultClass, Next, Response, Turn};
use serde_json::Value;

use crate::{Answer, Reports, Service};

/// The path of the method for this family and verdict.
pub(crate) fn method(service: &Service, family: &str, correct: bool) -> Result<&'static str, Fault> {
    let methods = service.family(family).map_or(Reports::NONE, |family| family.reports);
    let method = if correct { methods.correct } else { methods.incorrect };
    let word = if correct { "right" } else { "wrong" };
    method.ok_or_else(|| {
        Fault::not_supported("REPORT_NOT_SUPPORTED", &format!("no method takes {word} solutions of {family}"))
    })
}

/// The answer to a report.
pub(crate) fn read<S>(service: &Service, response: &Response) -> Turn<S> {
    match Answer::read(service, response).map_err(|trouble| trouble.may_have_acted())? {
        // Services forget their tasks, and take one report on each: a later one is the reporter's own doing.
        Answer::Refused(refusal) if refusal.is_gone(service) => Err(refusal.fault_of_class(FaultClass::InvalidTask)),
        Answer::Refused(refusal) if refusal.is_unclear() => Err(refusal.in_doubt()),
        Answer::Refused(refusal) => Err(refusal.fault()),
        Answer::Fine(body) if body.get("status").and_then(Value::as_str) == Some("success") => Ok(Next::Done),
        Answer::Fine(_) => Err(Fault::in_doubt("UNEXPECTED_REPLY", "the report was neither taken nor refused")),
    }
}
