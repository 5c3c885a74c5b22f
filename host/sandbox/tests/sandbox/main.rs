//! The sandbox and a guest that misbehaves in every way that it can.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod admission;
mod cache;
mod calls;
mod classes;
mod faults;
mod guest;
mod notes;
mod tables;
