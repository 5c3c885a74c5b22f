//! The adapter for captchaai.com, which speaks the classic format and answers objects.
//!
//! **Lives here**: what [CaptchaAI's pages](https://docs.captchaai.com) and its own clients say, as tables: its methods
//! (`families`), its codes (`faults`).
//! **Never lives here**: the key (the host places it as `key`, in the form or in the query), waiting, retrying.
//! **Start reading at** `SERVICE`, then `families`.

mod families;
mod faults;

use adapter_kit::{Manifest, OpenTask, Provider, Report, Response, Submission, Turn};
use classic::{Polling, Reports, Service, State};

/// Sources: <https://blog.captchaai.com/captchaai-api-quick-reference-card>, the service's own client
/// (<https://pypi.org/project/captchaai/>, version 1.0.1).
static SERVICE: Service = Service {
    id: "captchaai",
    display_name: "CaptchaAI",
    homepage: "https://captchaai.com",
    base_url: "https://ocr.captchaai.com",
    key: "32 characters, shown on the dashboard",
    polling: Polling {
        // Images are solved within seconds; "poll every ~5 seconds". Tokens have a first wait of their own.
        first_wait_ms: 1_000,
        interval_ms: 5_000,
        // Its client gives up after 180 s; the pages say nothing.
        longest_life_ms: 180_000,
        // Nothing is said of how long an answer is kept: no longer than it takes to be asked for.
        result_kept_ms: 60_000,
    },
    families: families::FAMILIES,
    faults: faults::FAULTS,
    json: true,
    // What is sold are threads by the month: "CaptchaAI is thread-based, not balance-based."
    tells_balance: false,
    reports: Reports::Wrong,
};

/// captchaai.com.
pub struct CaptchaAi;

impl Provider for CaptchaAi {
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

adapter_kit::export!(CaptchaAi);

#[cfg(test)]
mod tests;
