//! What can go wrong with a simulator itself.

use std::io;
use std::net::SocketAddr;

/// What can go wrong with a simulator itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A setting makes no sense.
    #[error("behaviour not changed: {0}")]
    Behaviour(String),
}
