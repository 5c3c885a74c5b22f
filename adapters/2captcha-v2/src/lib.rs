//! The adapter for 2captcha.com, by its JSON API. The adapter of the id `2captcha` speaks the classic one; the accounts, keys
//! and money are the same.
//!
//! **Lives here**: who speaks. What is said, the [documentation](https://2captcha.com/api-docs) of the JSON API, is the same
//! as rucaptcha's and lives in `two_captcha`.
//! **Never lives here**: the key (the host places it as `clientKey`), waiting, retrying.
//! **Start reading at** [`two_captcha::service`].

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use create_task::{Service, State};
use two_captcha::Brand;

/// The international name, in dollars. An id is one adapter's alone, so this one has another than the classic API's.
static SERVICE: Service = two_captcha::service(Brand {
    id: "2captcha-v2",
    display_name: "2Captcha (JSON API)",
    homepage: "https://2captcha.com",
    base_url: "https://api.2captcha.com",
    in_dollars: true,
});

/// 2captcha.com.
pub struct TwoCaptchaV2;

impl Provider for TwoCaptchaV2 {
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

adapter_kit::export!(TwoCaptchaV2);

#[cfg(test)]
mod tests;
