//! The adapter for ez-captcha.com.
//!
//! **Lives here**: what [EzCaptcha's documentation](https://docs.ezxlabs.com/docs/captcha/api) and its own client libraries
//! say, as tables: task types and what becomes of each canonical parameter (`families`), codes (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** `manifest`, then `families`.

mod families;
mod faults;
mod manifest;
mod parameters;
mod proxy;
mod solution;

use adapter_kit::{Manifest, OpenTask, Provider, Response, Submission, Turn};
use create_task::State;

use crate::manifest::SERVICE;

/// ez-captcha.com.
pub struct EzCaptcha;

impl Provider for EzCaptcha {
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

adapter_kit::export!(EzCaptcha);

#[cfg(test)]
mod tests;
