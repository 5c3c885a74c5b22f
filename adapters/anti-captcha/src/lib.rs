//! The adapter for anti-captcha.com.
//!
//! **Lives here**: what [anti-captcha's documentation](https://anti-captcha.com/apidoc) says, as tables: which task
//! types it serves and what becomes of each canonical parameter (`families`), what its error codes mean (`faults`).
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** `manifest`, then `families`.

mod families;
mod faults;
mod image;
mod manifest;
mod market;
mod parameters;
mod proxy;
mod report;

use adapter_kit::{Abilities, Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use serde::{Deserialize, Serialize};

use crate::manifest::SERVICE;

/// anti-captcha.com.
pub struct AntiCaptcha;

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// What every service of this format is asked.
    Usual(create_task::State),
    /// One `getQueueStats` of several.
    Market(market::Tour),
}

impl From<create_task::State> for State {
    fn from(usual: create_task::State) -> Self {
        Self::Usual(usual)
    }
}

impl Provider for AntiCaptcha {
    type State = State;

    fn manifest() -> Manifest {
        let usual = SERVICE.manifest();
        Manifest { abilities: usual.abilities | Abilities::MARKET, ..usual }
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

    fn market() -> Turn<State> {
        market::begin()
    }

    fn report(report: Report) -> Turn<State> {
        SERVICE.report(&report)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        match state {
            State::Usual(state) => SERVICE.read(state, &response),
            State::Market(tour) => market::read(tour, &response),
        }
    }
}

adapter_kit::export!(AntiCaptcha);

#[cfg(test)]
mod tests;
