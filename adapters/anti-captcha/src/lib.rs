//! The adapter for anti-captcha.com.
//!
//! **Lives here**: what [anti-captcha's documentation](https://anti-captcha.com/apidoc) says, as tables: which task
//! types it serves and what becomes of each canonical parameter (`families`), what its error codes mean (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** [`AntiCaptcha`], then `families`.

mod families;
mod faults;
mod image;
mod manifest;
mod market;
mod parameters;
mod reply;
mod report;
mod solution;
mod task;

use adapter_kit::{Manifest, Next, OpenTask, Placement, Provider, Report, Request, Response, Submission, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::families::FAMILIES;

/// anti-captcha.com.
pub struct AntiCaptcha;

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `createTask` of this family.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `getTaskResult` of this task.
    Polling {
        /// The task's id, in decimal.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `getBalance`.
    Balance,
    /// One `getQueueStats` of several.
    Market(market::Tour),
    /// One of the report methods.
    Reporting,
}

impl Provider for AntiCaptcha {
    type State = State;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn submit(task: Submission) -> Turn<State> {
        let body = task::create_task(&task)?;
        keyed("/createTask", &body).then(State::Submitting { family: task.family })
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        // The provider has no batch poll and the manifest says so; a task that is not asked about stays open.
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        let body = json!({ "taskId": task::number(&reference)? });
        keyed("/getTaskResult", &body).then(State::Polling { reference, family })
    }

    fn balance() -> Turn<State> {
        keyed("/getBalance", &json!({})).then(State::Balance)
    }

    fn market() -> Turn<State> {
        market::begin()
    }

    fn report(report: Report) -> Turn<State> {
        let path = report::method(&report.task.family, report.correct)?;
        keyed(path, &json!({ "taskId": task::number(&report.task.reference)? })).then(State::Reporting)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        match state {
            State::Submitting { family } => reply::submitted(&family, &response),
            State::Polling { reference, family } => reply::polled(reference, &family, &response),
            State::Balance => reply::balance(&response),
            State::Market(tour) => market::read(tour, &response),
            State::Reporting => report::read(&response),
        }
    }
}

/// A request with the key in it, where anti-captcha reads it: the top-level field `clientKey`.
fn keyed(path: &str, body: &serde_json::Value) -> Request {
    Request::post_json(path, body).with_credential(client_key())
}

/// The one placement that this adapter uses.
fn client_key() -> Placement {
    Placement::json_field("key", "clientKey")
}

adapter_kit::export!(AntiCaptcha);

#[cfg(test)]
mod tests;
