//! The Provider Exchange: credentials that accounts contribute, lend on their own terms, and earn from.
//!
//! [`conduct`] is whose tasks may reach it at all; [`life`] is what becomes of a credential, [`limits`] is what its owner lends it for, [`statement`] is what its owner signs.
//! What is earned is [`crate::ledger`]'s, and where a task may go is [`crate::route`]'s.

pub mod conduct;
pub mod life;
pub mod limits;
pub mod statement;

pub use life::{CredentialStatus, Happening};
pub use limits::{Asked, OwnerLimits, Used, gives_back_untold};

use crate::Amount;

/// What must be at its provider, beside its owner's reserve, for a credential to be lent: 0.10 USD. With less, tasks would be sent
/// only to be refused. (AnySolver asks for as much before a contributed key becomes active.)
pub const LEAST_BALANCE: Amount = Amount::from_nanos(100_000_000);
