//! Answers: honest ones, and ones that are too large or make no sense.

use crate::bindings::capstan::adapter::types::{
    Abilities, Acceptance, Body, Charged, CredentialField, Fault, FaultClass, Manifest, Method, Money, Offer, OpenTask,
    Place, Placement, PollLimits, ProxySupport, Reply, Request, ServedType, Solved, Standing, Step, Submission,
    Verdict,
};

const MEBIBYTE: usize = 1024 * 1024;

pub(crate) fn manifest() -> Manifest {
    let key = Placement { field: "key".into(), place: Place::JsonField("clientKey".into()) };
    Manifest {
        provider_id: "hostile".into(),
        display_name: "Hostile".into(),
        version: "0.1.0".into(),
        homepage: "https://hostile.example/about".into(),
        base_url: "https://hostile.example/api".into(),
        hosts: vec!["*.hostile.example".into()],
        credential: vec![CredentialField { name: "key".into(), label: "Key".into(), description: "None".into() }],
        placements: vec![key],
        task_types: ["echo", "recaptcha_v2"].map(served).to_vec(),
        polling: PollLimits {
            first_wait_ms: 5_000,
            interval_ms: 2_000,
            max_polls: 60,
            longest_life_ms: 300_000,
            result_kept_ms: 60_000,
            max_batch: 10,
        },
        abilities: Abilities::BALANCE | Abilities::LOOK_UP,
    }
}

fn served(family: &str) -> ServedType {
    ServedType {
        family: family.into(),
        proxy: ProxySupport::Optional,
        list_price: money("0.001"),
        schema: Some(r#"{"type":"object"}"#.into()),
    }
}

pub(crate) fn money(amount: &str) -> Money {
    Money { amount: amount.into(), currency: "USD".into() }
}

pub(crate) fn accepted(reference: String) -> Step {
    Step::Accepted(Acceptance { reference, memo: Vec::new(), poll_after_ms: None })
}

pub(crate) fn offers() -> Vec<Offer> {
    vec![Offer { family: "echo".into(), price: money("0.001"), speed_ms: Some(1_500), idle: None }]
}

pub(crate) fn verdicts(tasks: Vec<OpenTask>) -> Step {
    let open = |task: OpenTask| Verdict { reference: task.reference, standing: Standing::Open(Some(10)) };
    Step::Polled(tasks.into_iter().map(open).collect())
}

/// Asks for a request that carries the proxy's address, so that a test sees all of the submission.
pub(crate) fn round_trip(task: Submission) -> Step {
    let proxy = task.proxy.map_or_else(String::new, |proxy| format!("{}:{}", proxy.host, proxy.port));
    let request = Request {
        method: Method::Post,
        url: "/createTask".into(),
        headers: vec![("x-proxy".into(), proxy)],
        body: Body::Json(task.parameters),
        placements: vec![Placement {
            field: "key".into(),
            place: Place::Header(("authorization".into(), "Bearer ".into())),
        }],
    };
    Step::Send((request, task.attempt_id.into_bytes()))
}

pub(crate) fn next(state: Vec<u8>, reply: Reply) -> Step {
    match reply {
        Reply::Waited => endless(state.first().copied().unwrap_or(0).wrapping_add(1)),
        Reply::Response(response) => Step::Accepted(Acceptance {
            reference: format!("{} {}", response.status, response.headers.len()),
            memo: [state, response.body].concat(),
            poll_after_ms: Some(7),
        }),
    }
}

pub(crate) fn endless(turn: u8) -> Step {
    Step::Wait((1, vec![turn]))
}

/// Two hundred verdicts that all point to the same mebibyte: little for the guest, 200 MB for a host that copies.
#[expect(unsafe_code, reason = "safe code cannot make two strings share their bytes")]
pub(crate) fn huge_output() -> Step {
    let shared = "x".repeat(MEBIBYTE).leak();
    let alias = || {
        // SAFETY: none; the strings are never freed, because the host stops the call while it reads them.
        unsafe { String::from_raw_parts(shared.as_ptr().cast_mut(), MEBIBYTE, MEBIBYTE) }
    };
    let verdict = |_| Verdict { reference: alias(), standing: Standing::Open(None) };
    Step::Polled((0..200).map(verdict).collect())
}

pub(crate) fn huge_state() -> Step {
    Step::Wait((1, vec![0; 64 * 1024 + 1]))
}

pub(crate) fn huge_reference() -> Step {
    accepted("r".repeat(513))
}

pub(crate) fn huge_memo() -> Step {
    Step::Accepted(Acceptance { reference: "1".into(), memo: vec![0; 4 * 1024 + 1], poll_after_ms: None })
}

pub(crate) fn huge_request() -> Step {
    let request = Request {
        method: Method::Post,
        url: "/createTask".into(),
        headers: Vec::new(),
        body: Body::Bytes(("image/png".into(), vec![0; 8 * MEBIBYTE + 1])),
        placements: Vec::new(),
    };
    Step::Send((request, Vec::new()))
}

pub(crate) fn huge_solution() -> Step {
    Step::Solved(Solved { solution: format!("{{\"token\":\"{}\"}}", "t".repeat(MEBIBYTE)), cost: None })
}

pub(crate) fn odd_solution() -> Step {
    Step::Solved(Solved { solution: "{not json".into(), cost: None })
}

pub(crate) fn empty_reference() -> Step {
    accepted(String::new())
}

/// A fault whose texts would move a terminal's cursor and fill a page.
pub(crate) fn odd_fault() -> Step {
    Step::Failed(Fault {
        class: FaultClass::Throttled(Some(5)),
        code: "\u{1b}[31mERROR_TOO_FAST".into(),
        message: "slow down\n".repeat(10_000),
        charged: Charged::Unknown,
    })
}
