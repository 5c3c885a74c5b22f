//! Large guests: a class with threads, a queue and limits of its own.

use std::time::Duration;

use capstan_sandbox::{AdapterFault, CallError, Class, ClassSettings, Sandbox, SandboxSettings};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::guest::{ATTEMPT, HOSTILE, reference, sandbox, settings, submit};

/// The guest as one of so many bytes more: with a section of its own at the end that means nothing.
fn padded(bytes: u32) -> Vec<u8> {
    let mut length = Vec::new();
    let mut left = bytes + 1;
    while left >= 0x80 {
        length.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    length.push(u8::try_from(left).unwrap());
    [HOSTILE.as_slice(), &[0], &length, &[0], &vec![0; bytes as usize]].concat()
}

fn large(call_budget: Duration) -> SandboxSettings {
    let large = ClassSettings { threads: 2, call_budget, ..ClassSettings::large() };
    SandboxSettings { large: Some(large), ..settings() }
}

#[test]
fn a_components_size_says_which_class_it_is_of() {
    let sandbox = sandbox(large(Duration::from_secs(2)));
    assert_eq!(sandbox.admit(&HOSTILE).unwrap().class(), Class::Small);
    assert_eq!(sandbox.admit(&padded(2 * 1024 * 1024)).unwrap().class(), Class::Large);
}

#[tokio::test]
async fn a_large_guest_has_limits_of_its_own() {
    let sandbox = sandbox(large(Duration::from_secs(2)));
    let (small, large) = (sandbox.admit(&HOSTILE).unwrap(), sandbox.admit(&padded(2 * 1024 * 1024)).unwrap());
    // It takes 100 MB at once, and answers with them: a small guest does not get that far.
    assert!(small.begin(submit("allocate")).await == Err(CallError::Adapter(AdapterFault::OutOfMemory)));
    let answered = large.begin(submit("allocate")).await;
    assert!(matches!(answered, Err(CallError::Adapter(AdapterFault::OutputTooLarge { .. }))), "{answered:?}");
    // Without end, it is too much for either.
    assert!(large.begin(submit("grow")).await == Err(CallError::Adapter(AdapterFault::OutOfMemory)));
}

#[tokio::test]
async fn large_guests_that_spin_on_all_their_threads_take_none_of_the_small_ones() {
    let sandbox = sandbox(large(Duration::from_secs(2)));
    let small = sandbox.admit(&HOSTILE).unwrap();
    let spinners = [padded(2 * 1024 * 1024), padded(2 * 1024 * 1024 + 1)].map(|bytes| sandbox.admit(&bytes).unwrap());
    let mut spinning: FuturesUnordered<_> =
        spinners.iter().flat_map(|spinner| (0..8).map(|_| spinner.begin(submit("spin")))).collect();
    for _ in 0..50 {
        tokio::select! {
            biased;
            ended = spinning.next() => panic!("a spinning guest ended first: {ended:?}"),
            served = reference(&small, "echo") => assert_eq!(served, ATTEMPT.to_string()),
        }
    }
    assert!(spinning.next().await == Some(Err(CallError::Adapter(AdapterFault::OutOfTime))));
}

#[test]
fn where_large_guests_are_not_wanted_they_are_too_large() {
    let sandbox = Sandbox::start(SandboxSettings { large: None, ..settings() }).unwrap();
    let refused = sandbox.admit(&padded(2 * 1024 * 1024)).unwrap_err().to_string();
    assert!(refused.contains("at most 2097152 are allowed"), "{refused}");
}
