//! Counts of what happened, for people and tests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Usd;

/// What happened since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Requests of any kind to the service's own paths, counted when they arrive.
    pub requests: u64,
    /// Requests to create a task, counted when they arrive (those being held included).
    pub creates: u64,
    /// Tasks that were accepted, whether or not the answer said so.
    pub accepted: u64,
    /// Requests for a task's result.
    pub polls: u64,
    /// Polls that came sooner after the last one than `min_poll_interval_ms`.
    pub polls_too_fast: u64,
    /// Polls of a task beyond its `max_polls`.
    pub polls_over_limit: u64,
    /// Polls of the task that was polled most.
    pub max_polls_per_task: u64,
    /// Reports of good and bad solutions that were taken.
    pub reports: u64,
    /// Scripted outcomes that no create has used yet.
    pub script_left: u64,
    /// What each key has been charged.
    pub charged: BTreeMap<String, Usd>,
    /// What each key has left.
    pub balances: BTreeMap<String, Usd>,
    /// Tasks by where they stand.
    pub tasks: TaskCounts,
}

/// Tasks by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// Being solved.
    pub processing: u64,
    /// Solved, the result still kept.
    pub solved: u64,
    /// Failed, the result still kept.
    pub failed: u64,
    /// Ended and dropped.
    pub forgotten: u64,
}
