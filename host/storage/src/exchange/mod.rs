//! The Provider Exchange: contributed credentials and what became of them, their owners' tokens, payouts and claims.
//!
//! What may follow what is `capstan_domain::exchange`'s; a change names the status that it was decided on, and comes back as
//! [`crate::ChangeRefusal::CredentialChanged`] when that is no longer so.

pub(crate) mod claims;
pub(crate) mod contributions;
pub(crate) mod events;
pub(crate) mod life;
pub(crate) mod payouts;
pub(crate) mod tokens;
pub(crate) mod uses;

pub use claims::{Claim, ClaimState, Decision, NewClaim};
pub use contributions::{Contribution, LimitsRow, NewContribution, Signature};
pub use events::{CredentialEvent, NewEvent};
pub use life::{LifeStep, Look};
pub use payouts::{NewPayout, Payout, PayoutEnd, PayoutState};
pub use tokens::{ExchangeToken, FoundToken, NewExchangeToken};
pub use uses::{Day, Use, UseMark};
