//! The adapter for yescaptcha.com.
//!
//! **Lives here**: what [YesCaptcha's documentation](https://yescaptcha.atlassian.net/wiki/spaces/YESCAPTCHA) says, as
//! tables: task types and what becomes of each canonical parameter (`families`), codes (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** `manifest`, then `families`.

mod families;
mod faults;
mod manifest;

use adapter_kit::{Manifest, OpenTask, Provider, Response, Submission, Turn};
use create_task::State;

use crate::manifest::SERVICE;

/// yescaptcha.com.
pub struct YesCaptcha;

impl Provider for YesCaptcha {
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

    fn read(state: State, response: Response) -> Turn<State> {
        SERVICE.read(state, &response)
    }
}

adapter_kit::export!(YesCaptcha);

#[cfg(test)]
mod tests;
