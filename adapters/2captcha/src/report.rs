//! What `res.php` answers to a report. Every family takes both verdicts: a wrong solution is checked again and refunded,
//! a right one puts its worker first.
//!
//! Source: "Reporting answers" of <https://2captcha.com/2captcha-api>.

use adapter_kit::{Fault, FaultClass, Next, Response, Trouble, Turn};

use crate::reply::Answer;

/// A report that was taken.
const RECORDED: &str = "OK_REPORT_RECORDED";

/// The answer to a report.
pub(crate) fn read<S>(response: &Response) -> Turn<S> {
    match Answer::read(response).map_err(Trouble::may_have_acted)? {
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
