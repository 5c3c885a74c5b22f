//! An adapter of a provider that solves images in its reply to the submit: `GET /solve`, the text is the answer.
//!
//! **Lives here**: the smallest whole adapter, for tests of answers that need no poll. **Never lives here**: a service
//! that exists.

use adapter_kit::{
    Abilities, CredentialField, Fault, Manifest, Money, Next, OpenTask, Placement, PollLimits, Provider, ProxySupport,
    Request, Response, ServedType, Solved, Submission, Turn,
};

/// The provider.
pub struct Instant;

impl Provider for Instant {
    type State = ();

    fn manifest() -> Manifest {
        Manifest {
            provider_id: "instant".to_owned(),
            display_name: "Instant".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            homepage: "https://instant.example".to_owned(),
            base_url: "https://instant.example".to_owned(),
            hosts: Vec::new(),
            credential: vec![CredentialField::new("key", "Key", "Any text.")],
            placements: vec![placement()],
            task_types: vec![ServedType::new("image_to_text", ProxySupport::Never, "0.001")],
            polling: PollLimits {
                first_wait_ms: 1_000,
                interval_ms: 1_000,
                max_polls: 1,
                longest_life_ms: 10_000,
                result_kept_ms: 10_000,
                max_batch: 1,
            },
            abilities: Abilities::empty(),
        }
    }

    fn submit(_task: Submission) -> Turn<()> {
        Request::get("/solve").with_credential(placement()).then(())
    }

    fn poll(_tasks: Vec<OpenTask>) -> Turn<()> {
        Ok(Next::Polled(Vec::new()))
    }

    fn read(_state: (), response: Response) -> Turn<()> {
        if response.status != 200 {
            return Err(Fault::in_doubt("UNEXPECTED_STATUS", "the provider answered another status than 200"));
        }
        let solution = serde_json::json!({"text": String::from_utf8_lossy(&response.body)}).to_string();
        Ok(Next::Solved(Solved { solution, cost: Some(Money::usd("0.0005")) }))
    }
}

fn placement() -> Placement {
    Placement::header("key", "x-key", "")
}

adapter_kit::export!(Instant);
