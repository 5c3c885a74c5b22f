//! How much adapters may take, as a configuration says it.

use std::time::Duration;

use capstan_sandbox::{ClassSettings, SandboxSettings};
use serde::{Deserialize, Serialize};

use super::units;

/// The limits of the two classes of guests: small ones are compiled from Rust and its like, large ones (`large_…`) have an
/// interpreter inside. Threads of 0 are as many as suit the processors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxLimits {
    /// Threads that run small guests.
    pub threads: usize,
    /// Calls of small guests that may wait for a thread.
    pub queue: usize,
    /// Most memory of one call.
    #[serde(with = "units::bytes")]
    pub memory: usize,
    /// CPU time of one call.
    #[serde(with = "units::duration")]
    pub call_budget: Duration,
    /// Largest component of a small guest; what is larger is a large one.
    #[serde(with = "units::bytes")]
    pub component: usize,
    /// Whether large guests are admitted.
    pub large: bool,
    /// Threads that run large guests.
    pub large_threads: usize,
    /// Calls of large guests that may wait for a thread.
    pub large_queue: usize,
    /// Most memory of one call.
    #[serde(with = "units::bytes")]
    pub large_memory: usize,
    /// CPU time of one call.
    #[serde(with = "units::duration")]
    pub large_call_budget: Duration,
    /// Largest component of all.
    #[serde(with = "units::bytes")]
    pub large_component: usize,
}

impl Default for SandboxLimits {
    fn default() -> Self {
        let (small, large) = (ClassSettings::small(), ClassSettings::large());
        Self {
            threads: 0,
            queue: small.queue,
            memory: small.memory_bytes,
            call_budget: small.call_budget,
            component: small.component_bytes,
            large: true,
            large_threads: 0,
            large_queue: large.queue,
            large_memory: large.memory_bytes,
            large_call_budget: large.call_budget,
            large_component: large.component_bytes,
        }
    }
}

impl SandboxLimits {
    /// A sandbox's settings under these limits, without a place for compiled code.
    #[must_use]
    pub fn settings(&self) -> SandboxSettings {
        let threads = |wanted: usize, suiting: ClassSettings| if wanted == 0 { suiting.threads } else { wanted };
        let small = ClassSettings {
            threads: threads(self.threads, ClassSettings::small()),
            queue: self.queue,
            memory_bytes: self.memory,
            call_budget: self.call_budget,
            component_bytes: self.component,
            ..ClassSettings::small()
        };
        let large = ClassSettings {
            threads: threads(self.large_threads, ClassSettings::large()),
            queue: self.large_queue,
            memory_bytes: self.large_memory,
            call_budget: self.large_call_budget,
            component_bytes: self.large_component,
            ..ClassSettings::large()
        };
        SandboxSettings { small, large: self.large.then_some(large), ..SandboxSettings::default() }
    }
}
