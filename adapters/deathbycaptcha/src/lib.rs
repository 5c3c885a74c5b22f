//! The adapter for deathbycaptcha.com, by its own HTTP API: a form to `/captcha`, which answers 303 and an id; `/captcha/ID`
//! until there is a text; JSON throughout, since it is asked for.
//!
//! **Lives here**: what the service publishes (<https://github.com/deathbycaptcha/deathbycaptcha-agent-api-metadata>,
//! `spec/openapi/http.yaml`, and its client <https://github.com/deathbycaptcha/deathbycaptcha-api-client-python>) as tables:
//! types and what becomes of each canonical parameter (`families`), what its errors mean (`faults`).
//! **Never lives here**: the account's name and password (the host places them in the form), waiting, retrying.
//! **Start reading at** [`DeathByCaptcha`], then `families`.

mod families;
mod faults;
mod manifest;
mod parameters;
mod reply;
mod solution;
mod task;

use adapter_kit::{Fault, Manifest, Next, OpenTask, Placement, Provider, Report, Request, Response, Submission, Turn};
use serde::{Deserialize, Serialize};

/// deathbycaptcha.com.
pub struct DeathByCaptcha;

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `/captcha` with a task of this family.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `/captcha/ID`.
    Polling {
        /// The task's id, in decimal.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `/user`.
    Balance,
    /// `/captcha/ID/report`.
    Reporting,
}

impl Provider for DeathByCaptcha {
    type State = State;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn submit(task: Submission) -> Turn<State> {
        signed(task::submit(&task)?).then(State::Submitting { family: task.family })
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        // There is no batch poll and the manifest says so; a task that is not asked about stays open.
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        // Whoever knows an id may ask for its text: no account is named.
        let request = as_json(Request::get(&format!("/captcha/{}", task::id(&reference)?)));
        request.then(State::Polling { reference, family })
    }

    fn balance() -> Turn<State> {
        signed(Request::post_form("/user", &[])).then(State::Balance)
    }

    fn report(report: Report) -> Turn<State> {
        if report.correct {
            return Err(Fault::not_supported("REPORT_NOT_SUPPORTED", "no method takes right solutions"));
        }
        let path = format!("/captcha/{}/report", task::id(&report.task.reference)?);
        signed(Request::post_form(&path, &[])).then(State::Reporting)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        match state {
            State::Submitting { family } => reply::submitted(&family, &response),
            State::Polling { reference, family } => reply::polled(reference, &family, &response),
            State::Balance => reply::balance(&response),
            State::Reporting => reply::reported(&response),
        }
    }
}

/// A request whose answer is to be JSON: without the header it is a form.
fn as_json(request: Request) -> Request {
    request.with_header("accept", "application/json")
}

/// A request of the account's.
fn signed(request: Request) -> Request {
    placements().into_iter().fold(as_json(request), Request::with_credential)
}

/// Where the account is named.
fn placements() -> [Placement; 2] {
    [Placement::form_field("username", "username"), Placement::form_field("password", "password")]
}

adapter_kit::export!(DeathByCaptcha);

#[cfg(test)]
mod tests;
