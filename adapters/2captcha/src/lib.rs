//! The adapter for 2captcha.com, by its classic API: forms to `in.php`, questions to `res.php`, answers in plain text.
//!
//! **Lives here**: what [2captcha's documentation](https://2captcha.com/2captcha-api) says, as tables: which methods it
//! serves and what becomes of each canonical parameter (`families`), what its error codes mean (`faults`).
//! **Never lives here**: the key (the host places it as `key`, in the form or in the query), waiting, retrying.
//! **Start reading at** [`TwoCaptcha`], then `families`.

mod families;
mod faults;
mod image;
mod manifest;
mod parameters;
mod reply;
mod report;
mod solution;
mod task;

use adapter_kit::{Manifest, Next, OpenTask, Placement, Provider, Report, Request, Response, Submission, Turn};
use serde::{Deserialize, Serialize};

/// 2captcha.com.
pub struct TwoCaptcha;

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `in.php` with a task of this family.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `res.php` about this task.
    Polling {
        /// The task's id, in decimal.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `res.php?action=getbalance`.
    Balance,
    /// `res.php?action=reportgood` or `reportbad`.
    Reporting,
}

impl Provider for TwoCaptcha {
    type State = State;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn submit(task: Submission) -> Turn<State> {
        let request = task::submit(&task)?.with_credential(key_in_form());
        request.then(State::Submitting { family: task.family })
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        // One task a poll (the manifest says why); a task that is not asked about stays open.
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        let question = families::answers(&family).question();
        ask(&format!("{question}&id={}", task::id(&reference)?)).then(State::Polling { reference, family })
    }

    fn balance() -> Turn<State> {
        ask("getbalance").then(State::Balance)
    }

    fn report(report: Report) -> Turn<State> {
        let action = if report.correct { "reportgood" } else { "reportbad" };
        ask(&format!("{action}&id={}", task::id(&report.task.reference)?)).then(State::Reporting)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        match state {
            State::Submitting { family } => reply::submitted(&family, &response),
            State::Polling { reference, family } => reply::polled(reference, &family, &response),
            State::Balance => reply::balance(&response),
            State::Reporting => report::read(&response),
        }
    }
}

/// A question to `res.php`, with the key in its query.
fn ask(action: &str) -> Request {
    Request::get(&format!("/res.php?action={action}")).with_credential(key_in_query())
}

/// Where `in.php` reads the key: in the form, so that it stays out of URLs where it can.
fn key_in_form() -> Placement {
    Placement::form_field("key", "key")
}

/// Where `res.php` reads the key.
fn key_in_query() -> Placement {
    Placement::query("key", "key")
}

adapter_kit::export!(TwoCaptcha);

#[cfg(test)]
mod tests;
