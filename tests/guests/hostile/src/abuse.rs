//! Behaviour that takes what it should not: time, memory, stack, the log, the process.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::answers;
use crate::bindings::capstan::adapter::log::{Level, note};
use crate::bindings::capstan::adapter::types::{Step, Submission};

/// Notes and lines of one flood: far more than the host keeps.
const FLOOD: u32 = 5_000;
const MEBIBYTE: usize = 1024 * 1024;

/// Survives from call to call only if the host reuses an instance.
static CALLS: AtomicU32 = AtomicU32::new(0);

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub(crate) fn sleep() -> Step {
    std::thread::sleep(Duration::from_secs(3_600));
    answers::accepted("slept".into())
}

/// Takes memory until it is refused.
pub(crate) fn grow() -> Step {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; MEBIBYTE]));
        if kept.len() > 100_000 {
            return Step::Done;
        }
    }
}

/// Takes 100 MB at once.
pub(crate) fn allocate() -> Step {
    Step::Wait((1, black_box(vec![7_u8; 100 * MEBIBYTE])))
}

/// Fills the engine's stack: nothing of these frames lies in the guest's memory.
pub(crate) fn recurse() -> Step {
    Step::Wait((deeper(0), Vec::new()))
}

#[inline(never)]
fn deeper(depth: u32) -> u32 {
    if depth == u32::MAX {
        return 0;
    }
    deeper(depth.wrapping_add(1)).rotate_left(5) ^ depth
}

/// Fills the stack that the guest has in its own memory, and runs off its end.
pub(crate) fn recurse_in_memory() -> Step {
    Step::Wait((wider(0), Vec::new()))
}

#[expect(unconditional_recursion, reason = "it is here to exhaust the stack")]
fn wider(depth: u32) -> u32 {
    let frame = black_box([depth; 256]);
    black_box(wider(depth.wrapping_add(1))).wrapping_add(frame.iter().sum::<u32>())
}

pub(crate) fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

#[expect(clippy::panic, reason = "it is here to panic")]
pub(crate) fn panics() -> Step {
    panic!("\u{1b}[31mred\u{1b}[0m\u{7}");
}

pub(crate) fn exit() -> ! {
    std::process::exit(3)
}

pub(crate) fn log_flood(task: Submission) -> Step {
    let long = "x".repeat(10_000);
    note(Level::Warn, "\u{1b}[2Jfirst\r\nnote");
    for _ in 0..FLOOD {
        note(Level::Info, &long);
    }
    answers::accepted(task.attempt_id)
}

#[expect(clippy::print_stdout, reason = "it is here to print")]
pub(crate) fn print_flood(task: Submission) -> Step {
    for line in 0..FLOOD {
        println!("line {line} \u{1b}[31m");
    }
    answers::accepted(task.attempt_id)
}

/// Everything that a component could learn of its host, in one reference.
#[expect(clippy::disallowed_methods, reason = "it is here to look for a clock")]
pub(crate) fn environment() -> Step {
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input).unwrap_or(usize::MAX);
    let started = Instant::now();
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(u64::MAX, |d| d.as_secs());
    let order: HashMap<u32, ()> = (0..8).map(|n| (n, ())).collect();
    let order: String = order.keys().map(ToString::to_string).collect();
    let (variables, arguments) = (std::env::vars().count(), std::env::args().count());
    let elapsed = started.elapsed().as_nanos();
    answers::accepted(format!("vars={variables} args={arguments} stdin={read} wall={wall} ran={elapsed} order={order}"))
}

/// How many calls this instance has seen: always 1 where each has its own.
pub(crate) fn remembers() -> Step {
    answers::accepted(format!("call {}", CALLS.fetch_add(1, Ordering::Relaxed) + 1))
}
