//! Reports: a wrong solution is checked again and refunded, a right one puts its worker first.
//!
//! Source: "Reporting answers" of <https://2captcha.com/2captcha-api>.

use adapter_kit::{Fault, FaultClass, Next, Response, Trouble, Turn};

use crate::reply::Answer;
use crate::{Reports, Service};

/// A report that was taken.
const RECORDED: &str = "OK_REPORT_RECORDED";

/// The action of a verdict.
pub(crate) fn action(reports: Reports, correct: bool) -> Result<&'static str, Fault> {
    match (reports, correct) {
        (_, false) => Ok("reportbad"),
        (Reports::Both, true) => Ok("reportgood"),
        (Reports::Wrong, true) => {
            Err(Fault::not_supported("REPORT_NOT_SUPPORTED", "no method takes right solutions here"))
        }
    }
}

/// The answer to a report.
pub(crate) fn read<S>(service: &Service, response: &Response) -> Turn<S> {
    match Answer::read(service, response).map_err(Trouble::may_have_acted)? {
        Answer::Bare(text) if text == RECORDED => Ok(Next::Done),
        Answer::Fine(fine) if fine.text == RECORDED => Ok(Next::Done),
        // Reports end fifteen minutes after the task was sent, with its id: a later one is the reporter's own doing.
        Answer::Refused(refusal) if refusal.is_about_the_task() => Err(refusal.fault_of_class(FaultClass::InvalidTask)),
        Answer::Refused(refusal) => Err(refusal.fault()),
        Answer::Fine(_) | Answer::NotReady | Answer::Bare(_) => {
            Err(Fault::in_doubt("UNEXPECTED_REPLY", "the report was neither taken nor refused"))
        }
    }
}
