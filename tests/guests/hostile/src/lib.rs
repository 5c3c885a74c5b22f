//! A component that misbehaves on purpose, in every way that the sandbox must survive.
//!
//! Here: one adapter whose `submit` does what the task's family or page says, so that a single build serves all tests.
//! Never here: anything that a real adapter would do. Start reading at `submit`.
//!
//! The switches are listed, with what stops each, in `tests/src/switches.rs`; a test compares the two.

mod abuse;
mod answers;
mod later;
mod requests;

#[expect(clippy::too_many_arguments, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ world: "provider", path: "../../../wit" });
}

use bindings::capstan::adapter::types::{Manifest, Operation, Reply, Step, Submission};

/// What `describe` does: tests overwrite the last four letters in the built component (`calm`, `spin`, `trap`).
static DESCRIBE_MODE: &str = "describe-mode:calm";

struct Hostile;

impl bindings::Guest for Hostile {
    fn describe() -> Manifest {
        let mode = std::hint::black_box(DESCRIBE_MODE);
        match mode.strip_prefix("describe-mode:") {
            Some("spin") => abuse::spin(),
            Some("trap") => abuse::trap(),
            Some(_) | None => answers::manifest(),
        }
    }

    fn begin(operation: Operation) -> Step {
        match operation {
            Operation::Submit(submission) => submit(submission),
            Operation::Poll(tasks) => later::poll(tasks),
            Operation::LookUp(_) | Operation::Report(_) | Operation::Cancel(_) => Step::Done,
            Operation::Balance => Step::Balance(answers::money("12.50")),
            Operation::Market => Step::Market(answers::offers()),
        }
    }

    fn advance(state: Vec<u8>, reply: Reply) -> Step {
        match (&reply, std::str::from_utf8(&state).ok().and_then(|state| state.strip_prefix(requests::AFTER))) {
            (Reply::Response(response), Some(switch)) => later::after(switch, response),
            (Reply::Response(_) | Reply::Waited, _) => answers::next(state, reply),
        }
    }
}

/// The family is the switch; a family of the catalogue takes it from its page: `https://site.example/?do=spin&at=…`.
fn submit(mut task: Submission) -> Step {
    let Some(switch) = value(&task.parameters, "do=") else { return behave(task) };
    let at = value(&task.parameters, "at=").unwrap_or_default();
    if let Some(request) = requests::request(&switch, &task, &at) {
        return request;
    }
    if LATER.contains(&switch.as_str()) {
        return requests::ask(&switch, &task);
    }
    task.family = switch;
    behave(task)
}

/// What comes after a name in a text, up to the next sign that ends a query's value.
fn value(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(name)?;
    rest.split(['&', '"', '#']).next().map(str::to_owned)
}

/// Switches that begin with an honest request.
const LATER: &[&str] = &[
    "honest",
    "spin-after-send",
    "trap-after-send",
    "huge-state-after-send",
    "foreign-step-after-send",
    "foreign-host-after-send",
    "endless-sends",
    "spin-in-poll",
    "trap-in-poll",
    "grow-in-poll",
    "endless-poll",
    "foreign-step-in-poll",
    "foreign-host-in-poll",
    "invented-in-poll",
    "unasked-verdict",
    "several-verdicts",
];

/// Does what the family names.
fn behave(task: Submission) -> Step {
    match task.family.as_str() {
        "spin" => abuse::spin(),
        "sleep" => abuse::sleep(),
        "grow" => abuse::grow(),
        "allocate" => abuse::allocate(),
        "recurse" => abuse::recurse(),
        "recurse-in-memory" => abuse::recurse_in_memory(),
        "trap" => abuse::trap(),
        "panic" => abuse::panics(),
        "exit" => abuse::exit(),
        "log-flood" => abuse::log_flood(task),
        "print-flood" => abuse::print_flood(task),
        "environment" => abuse::environment(),
        "huge-output" => answers::huge_output(),
        "huge-state" => answers::huge_state(),
        "huge-reference" => answers::huge_reference(),
        "huge-memo" => answers::huge_memo(),
        "huge-request" => answers::huge_request(),
        "huge-solution" => answers::huge_solution(),
        "odd-solution" => answers::odd_solution(),
        "empty-reference" => answers::empty_reference(),
        "odd-fault" => answers::odd_fault(),
        "endless-steps" => answers::endless(0),
        "foreign-step" => answers::verdicts(Vec::new()),
        "invented-task" => answers::accepted(task.attempt_id),
        "invented-solution" => Step::Solved(requests::invented()),
        "round-trip" => answers::round_trip(task),
        "stores" => abuse::remembers(),
        _ => answers::accepted(task.attempt_id),
    }
}

#[expect(unsafe_code, reason = "generated")]
mod export {
    use super::{Hostile, bindings};

    bindings::export!(Hostile with_types_in bindings);
}
