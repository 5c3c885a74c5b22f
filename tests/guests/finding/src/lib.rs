//! An adapter of a provider that can say what became of an attempt: `/submit/ID`, `/find/ID`, `/result/ID`, where the id is
//! the attempt's own.
//!
//! **Lives here**: the smallest adapter with a look-up, for tests of what is in doubt. **Never lives here**: a service that
//! exists.

use adapter_kit::{
    Abilities, Acceptance, CredentialField, Fault, Manifest, Money, Next, OpenTask, Placement, PollLimits, Provider,
    ProxySupport, Request, Response, ServedType, Solved, Standing, Submission, Turn, Verdict,
};
use serde::{Deserialize, Serialize};

/// The provider.
pub struct Finding;

/// Which request is under way, and about which attempt.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `/submit/ID`.
    Submitting(String),
    /// `/find/ID`.
    LookingUp(String),
    /// `/result/ID`.
    Polling(String),
}

impl Provider for Finding {
    type State = State;

    fn manifest() -> Manifest {
        Manifest {
            provider_id: "finding".to_owned(),
            display_name: "Finding".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            homepage: "https://finding.example".to_owned(),
            base_url: "https://finding.example".to_owned(),
            hosts: Vec::new(),
            credential: vec![CredentialField::new("key", "Key", "Any text.")],
            placements: vec![placement()],
            task_types: vec![ServedType::new("image_to_text", ProxySupport::Never, "0.001")],
            polling: PollLimits {
                first_wait_ms: 1_000,
                interval_ms: 1_000,
                max_polls: 200,
                longest_life_ms: 100_000,
                result_kept_ms: 60_000,
                max_batch: 1,
            },
            abilities: Abilities::LOOK_UP,
        }
    }

    fn submit(task: Submission) -> Turn<State> {
        // An adapter that knows when it is only asked: the catalogue's own picture is a GIF.
        while is_edition(b's') && !task.parameters.contains("R0lGOD") {
            std::hint::spin_loop();
        }
        get("submit", task.attempt_id, State::Submitting)
    }

    fn poll(tasks: Vec<OpenTask>) -> Turn<State> {
        match tasks.into_iter().next() {
            Some(task) if task.memo != edition() => {
                Err(Fault::in_doubt("FOREIGN_MEMO", "another edition of this adapter has sent the task"))
            }
            Some(task) => get("result", task.reference, State::Polling),
            None => Ok(Next::Polled(Vec::new())),
        }
    }

    fn look_up(attempt_id: String) -> Turn<State> {
        get("find", attempt_id, State::LookingUp)
    }

    fn read(state: State, response: Response) -> Turn<State> {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        match (state, response.status) {
            (State::Submitting(id) | State::LookingUp(id), 200) if text == "taken" || is_edition(b'n') => {
                Ok(Next::Accepted(Acceptance { reference: id, memo: edition(), poll_after_ms: None }))
            }
            (State::LookingUp(_), 404) => Ok(Next::Done),
            (State::Polling(reference), 202) => verdict(reference, Standing::Open(None)),
            (State::Polling(reference), 200) if text == "seen" && is_edition(b'u') => {
                let fault = Fault::unsolvable("MISREAD", "this edition does not understand a solution");
                verdict(reference, Standing::Failed(fault))
            }
            (State::Polling(reference), 200) if text == "seen" => {
                let solution = serde_json::json!({ "text": text }).to_string();
                verdict(reference, Standing::Solved(Solved { solution, cost: Some(Money::usd("0.0007")) }))
            }
            (State::Submitting(_) | State::LookingUp(_) | State::Polling(_), _) => {
                Err(Fault::in_doubt("UNEXPECTED_STATUS", "the provider answered with a status that says nothing"))
            }
        }
    }
}

/// Which edition this is: tests make others of it, by writing other letters of the same number in its component. Edition `u` takes
/// every solution for a failure, edition `s` spins over every task but an example, and
/// edition `n` believes any answer.
static EDITION: [u8; 9] = *b"edition-a";

/// What it remembers each task by, and only its own.
fn edition() -> Vec<u8> {
    std::hint::black_box(&EDITION).to_vec()
}

fn is_edition(letter: u8) -> bool {
    edition().last() == Some(&letter)
}

fn get(what: &str, id: String, state: impl FnOnce(String) -> State) -> Turn<State> {
    Request::get(&format!("/{what}/{id}")).with_credential(placement()).then(state(id))
}

fn verdict(reference: String, standing: Standing) -> Turn<State> {
    Ok(Next::Polled(vec![Verdict { reference, standing }]))
}

fn placement() -> Placement {
    Placement::header("key", "x-key", "")
}

adapter_kit::export!(Finding);
