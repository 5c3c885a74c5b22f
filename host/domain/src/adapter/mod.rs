//! The adapter contract in the domain's words: what `wit/` says, as plain data.
//!
//! `sandbox` converts between these and the component's types; `egress` sends what [`Step::Send`] carries; `server`
//! drives an [`Operation`] step by step. The manual for authors is `wit/adapter.wit`; limits on sizes are here.

mod manifest;
mod operation;
mod request;
mod step;
mod verdicts;

use std::fmt;

pub use manifest::{Abilities, CredentialField, Manifest, Money, PollLimits, ProxySupport, ServedType};
pub use operation::{OpenTask, Operation, Proxy, ProxyScheme, Report, Submission};
pub use request::{Body, InwardResponse, Method, OutwardRequest, Part, Place, Placement, Reply};
pub use step::{Acceptance, Charged, Fault, FaultClass, Offer, Solved, Standing, Step, Verdict};
pub use verdicts::{Sifted, sift};

/// Most bytes of opaque state between two steps of one operation.
pub const MAX_STATE_BYTES: usize = 64 * 1024;
/// Most bytes of a task's reference at its provider.
pub const MAX_REFERENCE_BYTES: usize = 512;
/// Most bytes of a memo (what a poll needs to know beyond the reference).
pub const MAX_MEMO_BYTES: usize = 4 * 1024;
/// Most steps that one operation may take before it has broken the contract.
pub const MAX_STEPS: u32 = 16;
/// Longest wait that an adapter may ask for between two requests, before the provider's time scale; longer ones are cut.
pub const MAX_WAIT_MS: u32 = 30_000;
/// Most bytes of a request's body, as an adapter builds it.
pub const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Most parts of a multipart body, the credential's among them. Providers ask for a handful (a picture, its comment, a few
/// options); an empty part costs an adapter nothing and us a hundred bytes.
pub const MAX_PARTS: usize = 100;
/// Most bytes of a solution.
pub const MAX_SOLUTION_BYTES: usize = 1024 * 1024;

// Tasks, requests, states and solutions carry clients' secrets: their Debug output names the shape, never the content.
macro_rules! opaque_debug {
    ($($name:ident),+ $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )+};
}

opaque_debug!(Operation, Submission, Proxy, Step, Acceptance, Solved, Verdict, Standing);
opaque_debug!(OutwardRequest, Body, Part, InwardResponse, Reply);
