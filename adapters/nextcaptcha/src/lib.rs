//! The adapter for nextcaptcha.com.
//!
//! **Lives here**: what [NextCaptcha documents](https://nextcaptcha.com/en/apidocs/get-task-result) and its own client
//! libraries say, as tables: task types and what becomes of each canonical parameter (`families`), codes (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** `manifest`, then `families`.

mod families;
mod faults;
mod manifest;

use adapter_kit::{Manifest, OpenTask, Provider, Response, Submission, Turn};
use create_task::State;

use crate::manifest::SERVICE;

/// nextcaptcha.com.
pub struct NextCaptcha;

impl Provider for NextCaptcha {
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

    fn read(state: State, response: Response) -> Turn<State> {
        SERVICE.read(state, &response)
    }
}

adapter_kit::export!(NextCaptcha);

#[cfg(test)]
mod tests;
