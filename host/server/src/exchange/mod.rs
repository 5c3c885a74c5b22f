//! The Provider Exchange in the running gateway: how a credential is contributed, looked after and withdrawn, and what its owner
//! is told.
//!
//! What may follow what is [`capstan_domain::exchange`]'s. [`contribute`] is how one comes in, [`life`] how it changes,
//! [`look`] how its provider is asked, [`agree`] what waits for its owner, [`care`] what is done without anybody asking, [`spending`]
//! what keeps its cap.

pub(crate) mod agree;
pub(crate) mod care;
pub(crate) mod conduct;
pub mod contribute;
pub(crate) mod life;
pub(crate) mod look;
pub(crate) mod spending;
pub(crate) mod words;

use capstan_egress::VaultError;
use capstan_storage::{ChangeRefusal, StoreError};
use tokio::sync::Notify;

use crate::providers::SnapshotError;

use conduct::Conducts;
pub use spending::Spending;

/// What the exchange shares in a process.
#[derive(Default)]
pub struct Exchange {
    /// Told when there is something to be done before its time.
    pub(crate) wake: Notify,
    /// How accounts' tasks are found.
    pub(crate) conducts: Conducts,
}

/// Why something of the exchange was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// What was said of a field cannot be.
    #[error("{field}: {message}")]
    Bad {
        /// Which field, as its sender calls it.
        field: String,
        /// What is wrong with it, and what is allowed.
        message: String,
    },
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// The change is refused.
    #[error("refused: {0:?}")]
    Refused(ChangeRefusal),
    /// The database.
    #[error("the database refused")]
    Store(#[from] StoreError),
    /// It could not be sealed or opened.
    #[error("it could not be sealed")]
    Vault(#[from] VaultError),
    /// It is stored and not in force.
    #[error("it is stored, and the gateway could not read it")]
    Reload(#[from] SnapshotError),
    /// A bug of ours.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl ExchangeError {
    pub(crate) fn bad(field: &str, message: impl Into<String>) -> Self {
        Self::Bad { field: field.to_owned(), message: message.into() }
    }
}
