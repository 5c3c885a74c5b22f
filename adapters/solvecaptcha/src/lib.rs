//! The adapter for solvecaptcha.com, a sister of 2captcha that speaks the classic format with the same methods.
//!
//! **Lives here**: who [SolveCaptcha](https://solvecaptcha.com/captcha-solver-api) is, how it wants to be polled, and which of
//! the methods it documents (`families`). The methods themselves and the codes live in `classic`.
//! **Never lives here**: the key (the host places it as `key`, in the form or in the query), waiting, retrying.
//! **Start reading at** `SERVICE`, then `families`.

mod families;

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use classic::{Polling, Reports, Service, State};

/// Sources: <https://solvecaptcha.com/captcha-solver-api> and <https://solvecaptcha.com/api-description>; where a page could not
/// be read, the service's own clients (<https://github.com/solvercaptcha/solvecaptcha-go>).
static SERVICE: Service = Service {
    id: "solvecaptcha",
    display_name: "SolveCaptcha",
    homepage: "https://solvecaptcha.com",
    base_url: "https://api.solvecaptcha.com",
    key: "32 characters, shown on the dashboard",
    polling: Polling {
        // "It is not recommended to set a value lower than 5 seconds." The limits on requests are those of 2captcha, and so
        // are the paces of tokens.
        first_wait_ms: 5_000,
        interval_ms: 5_000,
        longest_life_ms: 300_000,
        // Reports are taken for fifteen minutes after a task was sent (<https://solvecaptcha.com/ru/support/faq/45>).
        result_kept_ms: 900_000,
    },
    families: families::FAMILIES,
    faults: classic::faults::USUAL,
    json: false,
    tells_balance: true,
    reports: Reports::Both,
};

/// solvecaptcha.com.
pub struct SolveCaptcha;

impl Provider for SolveCaptcha {
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

adapter_kit::export!(SolveCaptcha);

#[cfg(test)]
mod tests;
