//! The adapter for 2captcha.com, by its classic API: forms to `in.php`, questions to `res.php`, answers in plain text.
//!
//! **Lives here**: who [2captcha](https://2captcha.com/2captcha-api) is, how it wants to be polled, and which methods it
//! serves (`families`). The methods themselves and the codes live in `classic`, since its sisters share them.
//! **Never lives here**: the key (the host places it as `key`, in the form or in the query), waiting, retrying.
//! **Start reading at** `SERVICE`, then [`classic::methods`].

mod families;

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use classic::{Polling, Reports, Service, State};

/// Sources: the chapters "Solving Captchas" and "Request limits" of <https://2captcha.com/2captcha-api>.
static SERVICE: Service = Service {
    id: "2captcha",
    display_name: "2Captcha",
    homepage: "https://2captcha.com",
    base_url: "https://2captcha.com",
    key: "32 characters, shown on the dashboard and in Settings",
    polling: Polling {
        // Images are asked about five seconds after they were sent, "if captcha is not solved yet, retry in 5 seconds";
        // tokens later and rarer, as their entries say: an account that asks more than twenty times for each task is
        // blocked for five minutes (`ERROR: 1005`).
        first_wait_ms: 5_000,
        interval_ms: 5_000,
        // A worker has 300 s for a reCAPTCHA and 90 s for an image.
        longest_life_ms: 300_000,
        // For fifteen minutes after it was sent a task is surely known: so long reports are taken.
        result_kept_ms: 900_000,
    },
    families: families::FAMILIES,
    faults: classic::faults::USUAL,
    json: false,
    tells_balance: true,
    reports: Reports::Both,
};

/// 2captcha.com.
pub struct TwoCaptcha;

impl Provider for TwoCaptcha {
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

adapter_kit::export!(TwoCaptcha);

#[cfg(test)]
mod tests;
