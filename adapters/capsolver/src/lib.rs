//! The adapter for capsolver.com.
//!
//! **Lives here**: what [CapSolver's documentation](https://docs.capsolver.com) says, as tables: which task types it
//! serves and what becomes of each canonical parameter (`families`), what its error codes mean (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** [`CapSolver`], then `families`.

mod families;
mod faults;
mod manifest;
mod parameters;
mod questions;
mod reply;
mod report;
mod solution;
mod task;
mod wishes;

use adapter_kit::{Manifest, Next, OpenTask, Placement, Provider, Report, Request, Response, Submission, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// capsolver.com.
pub struct CapSolver;

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `createTask` of this family, or what takes its place.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `getTaskResult` of this task.
    Polling {
        /// The task's id, a UUID.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `getBalance`.
    Balance,
    /// `feedbackTask`.
    Reporting,
}

impl Provider for CapSolver {
    type State = State;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn submit(task: Submission) -> Turn<State> {
        let (path, body) = task::create_task(&task)?;
        keyed(path, &body).then(State::Submitting { family: task.family })
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        // The provider has no batch poll and the manifest says so; a task that is not asked about stays open.
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        keyed("/getTaskResult", &json!({ "taskId": reference })).then(State::Polling { reference, family })
    }

    fn balance() -> Turn<State> {
        keyed("/getBalance", &json!({})).then(State::Balance)
    }

    fn report(report: Report) -> Turn<State> {
        keyed("/feedbackTask", &report::body(&report)).then(State::Reporting)
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

/// A request with the key in it, where CapSolver reads it: the top-level field `clientKey`.
fn keyed(path: &str, body: &serde_json::Value) -> Request {
    Request::post_json(path, body).with_credential(client_key())
}

/// The one placement that this adapter uses.
fn client_key() -> Placement {
    Placement::json_field("key", "clientKey")
}

adapter_kit::export!(CapSolver);

#[cfg(test)]
mod tests;
