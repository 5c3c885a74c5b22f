//! Each way to break a limit has a name of its own, and the next call is served as if nothing had been.

use std::time::Duration;

use capstan_domain::adapter::{FaultClass, InwardResponse, OpenTask, Operation, Reply, Step};
use capstan_sandbox::{Adapter, AdapterFault, CallError};

use crate::guest::{ATTEMPT, hostile, reference, settings, submit, with};

/// The fault that the guest ends with.
async fn fault(adapter: &Adapter, family: &str) -> AdapterFault {
    match adapter.begin(submit(family)).await {
        Err(CallError::Adapter(fault)) => fault,
        other => panic!("{family}: {other:?}"),
    }
}

/// What the guest's misbehaviour is called, after which an honest call must be served.
async fn survived(adapter: &Adapter, family: &str) -> AdapterFault {
    let fault = fault(adapter, family).await;
    assert_eq!(reference(adapter, "echo").await, ATTEMPT.to_string(), "after {family}");
    fault
}

#[tokio::test]
async fn a_guest_that_spins_runs_out_of_time() {
    let adapter = hostile(with(|s| s.call_budget = Duration::from_millis(20)));
    assert_eq!(fault(&adapter, "spin").await, AdapterFault::OutOfTime);
}

#[tokio::test]
async fn a_guest_that_takes_memory_runs_out_of_it() {
    let adapter = hostile(settings());
    for family in ["grow", "allocate"] {
        assert_eq!(survived(&adapter, family).await, AdapterFault::OutOfMemory, "{family}");
    }
}

#[tokio::test]
async fn a_guest_that_calls_itself_runs_out_of_stack() {
    let adapter = hostile(settings());
    assert_eq!(survived(&adapter, "recurse").await, AdapterFault::OutOfStack);
}

#[tokio::test]
async fn crashes_are_traps_with_a_plain_reason() {
    let adapter = hostile(settings());
    for (family, reason) in [
        ("trap", "wasm trap: wasm `unreachable` instruction executed"),
        ("panic", "wasm trap: wasm `unreachable` instruction executed"),
        // The part of the stack that compilers keep in the guest's own memory, which ends before the engine's does.
        ("recurse-in-memory", "wasm trap: out of bounds memory access"),
        ("exit", "the adapter called exit"),
    ] {
        let reason = reason.to_owned();
        assert_eq!(survived(&adapter, family).await, AdapterFault::Trapped { reason }, "{family}");
    }
}

#[tokio::test]
async fn what_is_larger_than_the_contract_allows_is_named_and_measured() {
    let adapter = hostile(settings());
    let solution = r#"{"token":""}"#.len() + 1024 * 1024;
    for (family, what, bytes, most) in [
        ("huge-state", "state", 64 * 1024 + 1, 64 * 1024),
        ("huge-reference", "reference", 513, 512),
        ("huge-memo", "memo", 4 * 1024 + 1, 4 * 1024),
        ("huge-request", "request body", "image/png".len() + 8 * 1024 * 1024 + 1, 8 * 1024 * 1024),
        ("huge-solution", "solution", solution, 1024 * 1024),
    ] {
        assert_eq!(survived(&adapter, family).await, AdapterFault::OutputTooLarge { what, bytes, most }, "{family}");
    }
}

#[tokio::test]
async fn an_answer_that_would_fill_the_host_is_not_copied() {
    let adapter = hostile(settings());
    let most = 12 * 1024 * 1024;
    let expected = AdapterFault::OutputTooLarge { what: "answer", bytes: most + 1, most };
    assert_eq!(survived(&adapter, "huge-output").await, expected);
}

#[tokio::test]
async fn answers_that_make_no_sense_break_the_contract() {
    let adapter = hostile(settings());
    for (family, what) in
        [("odd-solution", "a solution that is not a JSON object"), ("empty-reference", "an empty reference")]
    {
        assert_eq!(survived(&adapter, family).await, AdapterFault::BrokeContract { what }, "{family}");
    }
}

/// Families, and the name under which what they do is recorded.
const NAMED: &[(&str, &str)] = &[
    ("spin", "out-of-time"),
    ("grow", "out-of-memory"),
    ("recurse", "out-of-stack"),
    ("trap", "trapped"),
    ("huge-state", "output-too-large"),
    ("odd-solution", "broke-contract"),
];

#[tokio::test]
async fn each_kind_of_fault_has_a_name() {
    let adapter = hostile(with(|s| s.call_budget = Duration::from_millis(100)));
    for (family, name) in NAMED {
        assert_eq!(fault(&adapter, family).await.name(), *name, "{family}");
    }
}

#[tokio::test]
async fn after_an_honest_begin_the_same_limits_hold() {
    let adapter = hostile(with(|s| s.call_budget = Duration::from_millis(100)));
    for (switch, name) in [
        ("spin-after-send", "out-of-time"),
        ("trap-after-send", "trapped"),
        ("huge-state-after-send", "output-too-large"),
    ] {
        let mut operation = submit("recaptcha_v2");
        if let Operation::Submit(task) = &mut operation {
            task.parameters = format!(r#"{{"websiteURL":"https://example.com/?do={switch}"}}"#);
        }
        let Ok(Step::Send(_, state)) = adapter.begin(operation).await else { panic!("{switch}: it begins honestly") };
        let response = InwardResponse { status: 200, headers: Vec::new(), body: Vec::new() };
        match adapter.advance(state, Reply::Response(response)).await {
            Err(CallError::Adapter(fault)) => assert_eq!(fault.name(), name, "{switch}"),
            other => panic!("{switch}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_poll_is_held_to_the_same_limits() {
    let adapter = hostile(with(|s| s.call_budget = Duration::from_millis(100)));
    for (memo, name) in
        [("spin-in-poll", "out-of-time"), ("trap-in-poll", "trapped"), ("grow-in-poll", "out-of-memory")]
    {
        let (reference, family) = ("1".to_owned(), "echo".to_owned());
        let task = OpenTask { reference, family, memo: memo.as_bytes().to_vec() };
        match adapter.begin(Operation::Poll(vec![task])).await {
            Err(CallError::Adapter(fault)) => assert_eq!(fault.name(), name, "{memo}"),
            other => panic!("{memo}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_faults_texts_are_cut_and_cleaned() {
    let adapter = hostile(settings());
    let Ok(Step::Failed(failed)) = adapter.begin(submit("odd-fault")).await else { panic!("the guest fails") };
    assert_eq!(failed.class, FaultClass::Throttled(Some(5)));
    assert_eq!(failed.code, " [31mERROR_TOO_FAST");
    assert!(failed.message.len() <= 500 && !failed.message.contains('\n'));
}

#[tokio::test]
async fn an_endless_operation_is_a_row_of_bounded_steps() {
    let adapter = hostile(settings());
    let mut step = adapter.begin(submit("endless-steps")).await.unwrap();
    for turn in 0..20 {
        let Step::Wait(1, state) = step else { panic!("{step:?}") };
        assert_eq!(state, [turn]);
        step = adapter.advance(state, Reply::Waited).await.unwrap();
    }
}
