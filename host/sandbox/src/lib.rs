//! Keeps foreign code: admits, compiles and calls adapter components, under limits that are always set.
//!
//! Here: the one WebAssembly engine, the checks at admission, inert stand-ins for the system interfaces that guests
//! import, the threads that guests run on, the limits of a call and the names of their breaches, and the store of
//! compiled code.
//!
//! Never here: the network, the database, secrets, tasks on the reactor's threads. An adapter is asked and answers; what
//! its answer leads to is `server`'s affair.
//!
//! Start reading at [`Sandbox::admit`], then [`Adapter::begin`]; the life of one call is in `call.rs`.

mod adapter;
mod bindings;
mod cache;
mod call;
mod compile;
mod convert;
mod digest;
mod engine;
mod error;
mod imports;
mod inert;
mod limits;
mod manifest;
#[cfg(feature = "native-adapter")]
mod native;
mod notes;
mod part;
mod settings;
mod threads;

pub use adapter::{Adapter, Sandbox};
pub use call::Used;
pub use compile::{CompileLimits, REFUSED, compile_here};
pub use digest::Digest;
pub use error::{AdapterFault, AdmissionError, CallError, SandboxError};
#[cfg(feature = "native-adapter")]
pub use native::Native;
pub use settings::{Class, ClassSettings, Compiler, SandboxSettings};
