//! Misbehaviour after an honest beginning: once the provider has answered, and once it is asked about its tasks.

use crate::bindings::capstan::adapter::types::{Acceptance, OpenTask, Response, Standing, Step, Verdict};
use crate::{abuse, answers, requests};

/// What follows an honest request: `state` is the switch and the attempt's id. Switches of polls go into the memo.
pub(crate) fn after(state: &str, response: &Response) -> Step {
    let (switch, attempt) = state.split_once(' ').unwrap_or((state, ""));
    match switch {
        "spin-after-send" => abuse::spin(),
        "trap-after-send" => abuse::trap(),
        "huge-state-after-send" => answers::huge_state(),
        "foreign-step-after-send" => Step::Polled(Vec::new()),
        "foreign-host-after-send" => requests::get("https://other.example/take"),
        "endless-sends" => requests::ask_again(&format!("{}{state}", requests::AFTER)),
        _ if response.status != 200 => Step::Done,
        _ => Step::Accepted(Acceptance { reference: attempt.into(), memo: switch.into(), poll_after_ms: None }),
    }
}

/// The poll that the first task's memo names.
pub(crate) fn poll(tasks: Vec<OpenTask>) -> Step {
    let Some(first) = tasks.first().cloned() else { return answers::verdicts(tasks) };
    let solved =
        |reference: &str| Verdict { reference: reference.into(), standing: Standing::Solved(requests::invented()) };
    let open = |reference: &str| Verdict { reference: reference.into(), standing: Standing::Open(None) };
    match first.memo.as_slice() {
        b"spin-in-poll" => abuse::spin(),
        b"trap-in-poll" => abuse::trap(),
        b"grow-in-poll" => abuse::grow(),
        b"endless-poll" => answers::endless(0),
        b"foreign-step-in-poll" => answers::accepted(first.reference),
        b"foreign-host-in-poll" => requests::get("https://other.example/take"),
        b"invented-in-poll" => Step::Polled(vec![solved(&first.reference)]),
        b"unasked-verdict" => Step::Polled(vec![open("somebody-elses")]),
        b"several-verdicts" => Step::Polled(vec![open(&first.reference), open(&first.reference)]),
        _ => answers::verdicts(tasks),
    }
}
