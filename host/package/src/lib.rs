//! Keeps publishing: what an adapter package is, who signed it, and where it is fetched from.
//!
//! Here: the package ([`Package`]: a component, its fixtures, and a signed [`Statement`] about both, in one OCI artifact), its form
//! as a file, publishers' keys and how they are handed on ([`PrivateKey`], [`Rotation`]), whom somebody trusts ([`Trust`]), the
//! one decision whether a package is to be believed ([`verify`]), the signed [`Index`] that is searched, and the client that
//! speaks to registries ([`registry`]).
//!
//! Never here: running a component, the database, the gateway's egress. Nothing reads a clock: `now` is an argument. The
//! gateway that serves never speaks to a registry; the command does, and hands over a file.
//!
//! Start reading at [`Statement`], then [`Package`] (what is written and what is refused when it is read), then [`verify`].

mod archive;
mod artifact;
mod digest;
mod dsse;
mod error;
mod fixtures;
mod index;
mod keys;
mod moment;
mod package;
pub mod registry;
mod rotation;
mod sealed;
mod statement;
mod trust;
mod verify;

#[cfg(test)]
mod tests;

pub use archive::MAX_ARCHIVE_BYTES;
pub use artifact::{MAX_COMPONENT_BYTES, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES};
pub use digest::Digest;
pub use dsse::{Envelope, Signature};
pub use error::{KeyError, ReadError, Refusal, TrustError};
pub use fixtures::Fixtures;
pub use index::{Index, IndexRefusal, Listed, MAX_INDEX_BYTES};
pub use keys::{KeyId, PrivateKey, PublicKey};
pub use moment::Moment;
pub use package::{Opened, Package, open};
pub use rotation::Rotation;
pub use statement::{About, CONTRACT, Statement};
pub use trust::{RevokedDigest, RevokedKey, Trust, TrustedKey};
pub use verify::{Question, Seen, Verdict, verify};
