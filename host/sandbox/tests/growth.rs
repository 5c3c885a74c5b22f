//! In a process of its own, because it measures the process: calls leave nothing behind.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

#[path = "sandbox/guest.rs"]
mod guest;

use guest::{hostile, reference, settings};

/// Resident bytes of this process, where the system tells.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4_096)
}

#[tokio::test]
async fn a_thousand_calls_have_an_instance_each_and_leave_nothing() {
    let adapter = hostile(settings());
    for _ in 0..100 {
        reference(&adapter, "echo").await;
    }
    let before = resident();
    for _ in 0..1_000 {
        assert_eq!(reference(&adapter, "stores").await, "call 1");
    }
    if let (Some(before), Some(after)) = (before, resident()) {
        assert!(after < before + 4 * 1024 * 1024, "{before} grew to {after}");
    }
}
