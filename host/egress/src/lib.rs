//! The one outward HTTP client, and the keeper of secrets.
//!
//! Here: the master key and what is derived from it ([`Vault`]), sealed credentials, and [`Egress`], which opens a
//! credential, places it in a request that an adapter built, sends the request to an allowed host at a vetted address,
//! and hands back a bounded reply from which the credential has been removed.
//!
//! Never here: an adapter, a price, a database. An opened credential never leaves: its type is private to this crate,
//! and nothing public returns a credential's value. Nothing is retried here either: whether a request may be sent again
//! is a question of money, so errors say only whether it surely was not sent.
//!
//! Start reading at [`send`](Egress::send) in `send.rs`, which names every stage: `target` (where), `compose` (what),
//! `quota` (whether now), `clients` and `address` (over which connection), `scrub` (what comes back). The secrets start at `vault.rs`.

mod address;
mod aead;
mod body;
mod clients;
mod compose;
mod credential;
mod crossed;
mod error;
mod grant;
mod headers;
mod json;
mod quota;
mod rehearse;
mod scrub;
mod secret;
mod send;
mod target;
mod vault;
mod waiting;

#[cfg(test)]
mod tests;

pub use credential::{CredentialBinding, SealedCredential};
pub use crossed::{Crossed, Exchanged};
pub use error::{Blame, EgressError, Refusal, VaultError};
pub use grant::{Grant, is_below};
pub use rehearse::rehearse;
pub use scrub::replace;
pub use secret::{MasterKey, Secret};
pub use send::{Egress, EgressSettings};
pub use target::is_loopback;
pub use vault::{Purpose, Vault};
pub use waiting::{Wait, Waiting};
