//! An adapter without a sandbox, for benches alone: its code is part of this program and runs on its caller's thread.

use capstan_domain::adapter::{Operation, Reply, Step};

use crate::call::Call;

/// The contract's two calls as plain functions.
#[derive(Clone, Copy)]
pub struct Native {
    /// Starts an operation.
    pub begin: fn(Operation) -> Step,
    /// Continues it with the state of its last step and what happened since.
    pub advance: fn(Vec<u8>, Reply) -> Step,
}

impl Native {
    pub(crate) fn step(self, call: Call) -> Step {
        match call {
            Call::Begin(operation) => (self.begin)(operation),
            Call::Advance(state, reply) => (self.advance)(state, reply),
        }
    }
}
