//! The client that speaks to registries: the OCI distribution API (github.com/opencontainers/distribution-spec, 1.1), as far as
//! packages need it.
//!
//! It is our own since every byte that it reads has a bound, replies to a token request and manifests included, and since plain HTTP
//! stays on this machine whatever a registry, its token service or a redirect asks for.

mod auth;
mod client;
mod fetch;
mod reference;

pub use auth::Login;
pub use client::{Registry, RegistryError};
pub use fetch::fetch;
pub use reference::{BadReference, Reference};
