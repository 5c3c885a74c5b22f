//! What every adapter shares: the bindings of the contract (`wit/adapter.wit`, the manual), generated once, and a
//! surface over them that makes an adapter a small file.
//!
//! **Lives here**: the [`Provider`] trait that an adapter implements, builders for requests, readers for replies,
//! fault and money helpers, tables of rules for parameters, notes for the operator, and a runner for fixtures ([`fixture`], natively only).
//! **Never lives here**: anything of one provider, a clock, randomness, `async`, a socket.
//! **Start reading at** [`Provider`]; then `adapters/README.md`, which adds a provider in five steps.
//!
//! An adapter ends with [`export!`]. The component's exports exist on `wasm32` alone, so `cargo test` runs an adapter
//! natively, without a sandbox.

pub mod bindings;
mod fault;
#[cfg(not(target_arch = "wasm32"))]
pub mod fixture;
pub mod log;
mod money;
mod provider;
mod proxy;
mod request;
mod response;
mod rules;
mod trouble;

pub use bindings::capstan::adapter::types::{
    Abilities, Acceptance, Body, Charged, CredentialField, Fault, FaultClass, Manifest, Method, Money, Offer, OpenTask,
    Operation, Part, Place, Placement, PollLimits, Proxy, ProxyScheme, ProxySupport, Reply, Report, Request, Response,
    ServedType, Solved, Standing, Step, Submission, Verdict,
};
pub use fault::{About, FaultRow, find_fault, for_people};
pub use money::decimal;
pub use provider::{Next, Provider, Turn, advance, begin, describe};
pub use request::{json_text, write_memo};
pub use rules::{Draft, Row, Rule, apply_rules};
pub use trouble::Trouble;

/// Makes a component of a type that implements [`Provider`].
///
/// Off `wasm32` it expands to nothing: a native build has no host to export to.
#[macro_export]
macro_rules! export {
    ($provider:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::Guest for Component {
                fn describe() -> $crate::Manifest {
                    $crate::describe::<$provider>()
                }

                fn begin(operation: $crate::Operation) -> $crate::Step {
                    $crate::begin::<$provider>(operation)
                }

                fn advance(state: Vec<u8>, reply: $crate::Reply) -> $crate::Step {
                    $crate::advance::<$provider>(&state, reply)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
