//! The adapter for rucaptcha.com.
//!
//! **Lives here**: what the [documentation](https://rucaptcha.com/api-docs) of the JSON API says, which is the same as
//! [2captcha's](https://2captcha.com/api-docs), as tables: task types and what becomes of each canonical parameter
//! (`families`), codes (`faults`), and who speaks it ([`brand`]).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** [`brand`], then `families`.

pub mod brand;
mod families;
mod faults;
mod parameters;

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use create_task::State;

use crate::brand::SERVICE;

/// rucaptcha.com.
pub struct RuCaptcha;

impl Provider for RuCaptcha {
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

    fn report(report: Report) -> Turn<State> {
        SERVICE.report(&report)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        SERVICE.read(state, &response)
    }
}

adapter_kit::export!(RuCaptcha);

#[cfg(test)]
mod tests;
