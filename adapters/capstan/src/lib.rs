//! The adapter for another Capstan: one gateway as a provider of the next.
//!
//! **Lives here**: what the client API (`docs/api.md`, which every gateway shows at `/docs`) says, as tables: the families
//! (`families`), the codes (`faults`), and in which dialect it is asked for.
//! **Never lives here**: where the other gateway is. The address in the manifest is nobody's; the operator sets the real one
//! before a credential is added (`docs/providers.md`).
//! **Start reading at** `SERVICE`, then `families`.

mod families;
mod faults;

use adapter_kit::{Manifest, Money, OpenTask, Provider, Report, Response, Submission, Turn};
use create_task::{Http, Ids, Polling, Service, State, Statuses};

use crate::faults::{FAULTS, GONE};

static SERVICE: Service = Service {
    id: "capstan",
    display_name: "Capstan",
    homepage: "https://capstan.invalid/docs",
    // A name that never leads anywhere (RFC 2606): requests go where the operator says, or nowhere.
    base_url: "https://capstan.invalid",
    // By its path, the dialect does not hang on how the key is set.
    root: "/as/anysolver",
    // "The same key of yours with the same task and options has the first one's answer and creates nothing." A task that has
    // failed by then is made anew, and has cost nothing.
    repeat_header: Some("Idempotency-Key"),
    key: "The API key of your account at the other gateway",
    polling: Polling {
        // "Up to 5 polls a second of one's own tasks never meet a limit"; solutions take seconds.
        first_wait_ms: 2_000,
        interval_ms: 2_000,
        // "A task ends after five minutes at the latest, unless the operator has set another time."
        longest_life_ms: 300_000,
        // "For a day, unless the operator has set another time."
        result_kept_ms: 86_400_000,
        most_polls: None,
    },
    families: &[families::FAMILIES],
    faults: FAULTS,
    gone: &[GONE],
    unready: &[],
    // A failed task has this word beside its code, which may be one that createTask refuses with, too.
    statuses: Statuses { open: &["processing"], failed: &["failed"], failed_with_code: &["failed"] },
    ids: Ids::Texts,
    // Always 200 in this dialect; but the headers count, and what stands in front of a gateway has a status of its own.
    http: Http::Something,
    balance: Some(Money::usd_from_json),
    tells_cost: true,
};

/// Another Capstan.
pub struct Capstan;

impl Provider for Capstan {
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

adapter_kit::export!(Capstan);

#[cfg(test)]
mod tests;
