//! The adapter for capmonster.cloud.
//!
//! **Lives here**: what [CapMonster Cloud's documentation](https://docs.capmonster.cloud) says, as tables: which task
//! types it serves and what becomes of each canonical parameter (`families`), what its error codes mean (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** `manifest`, then `families`.

mod families;
mod faults;
mod manifest;
mod parameters;
mod solution;

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use create_task::State;

use crate::manifest::SERVICE;

/// capmonster.cloud.
pub struct CapMonster;

impl Provider for CapMonster {
    type State = State;

    fn manifest() -> Manifest {
        SERVICE.manifest()
    }

    fn submit(task: Submission) -> Turn<State> {
        SERVICE.submit(task)
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        SERVICE.poll(tasks)
    }

    fn balance() -> Turn<State> {
        SERVICE.balance()
    }

    fn report(report: Report) -> Turn<State> {
        SERVICE.report(&report)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        SERVICE.read(state, &response)
    }
}

adapter_kit::export!(CapMonster);

#[cfg(test)]
mod tests;
