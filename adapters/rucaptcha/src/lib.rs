//! The adapter for rucaptcha.com.
//!
//! **Lives here**: who speaks. What is said, the [documentation](https://rucaptcha.com/api-docs) of the JSON API, is the
//! same as [2captcha's](https://2captcha.com/api-docs) and lives in `two_captcha`.
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** [`two_captcha::service`].

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use create_task::{Service, State};
use two_captcha::Brand;

/// For customers who pay in roubles: no sum of it can be read in dollars without a rate.
static SERVICE: Service = two_captcha::service(Brand {
    id: "rucaptcha",
    display_name: "RuCaptcha",
    homepage: "https://rucaptcha.com",
    base_url: "https://api.rucaptcha.com",
    in_dollars: false,
});

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
