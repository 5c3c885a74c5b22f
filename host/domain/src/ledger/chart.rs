//! Where money is booked, and what kinds of moves there are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId};

/// Where an entry is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerAccount {
    /// What an account can spend.
    Available(AccountId),
    /// What an account has set aside for open tasks.
    Held(AccountId),
    /// What a contributor has earned, pending.
    ContributorPending(AccountId),
    /// What a contributor has earned, matured.
    ContributorAvailable(AccountId),
    /// What tasks brought in.
    Revenue,
    /// What the gateway bears.
    Loss,
    /// Memo of a provider's charge that no task carries.
    ProviderCost(CredentialId),
    /// What operators gave and took by hand.
    Promo,
    /// Where top-ups come from.
    TopUp,
    /// Where payouts go.
    Payout,
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available(id) => write!(f, "account:{id}:available"),
            Self::Held(id) => write!(f, "account:{id}:held"),
            Self::ContributorPending(id) => write!(f, "contributor:{id}:pending"),
            Self::ContributorAvailable(id) => write!(f, "contributor:{id}:available"),
            Self::Revenue => f.write_str("platform:revenue"),
            Self::Loss => f.write_str("platform:loss"),
            Self::ProviderCost(id) => write!(f, "provider:{id}:cost"),
            Self::Promo => f.write_str("platform:promo"),
            Self::TopUp => f.write_str("world:topup"),
            Self::Payout => f.write_str("world:payout"),
        }
    }
}

/// What kind of move a group of entries is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Money came in from outside.
    TopUp,
    /// Balance set aside for an open task.
    Hold,
    /// A hold closed with a charge; the remainder returned.
    Capture,
    /// A hold closed in full to the account's favour.
    Release,
    /// A provider's charge that no capture carries, borne by the gateway.
    Loss,
    /// The same, on a contributed credential: its contributor gets it back from the gateway.
    Reimbursement,
    /// A capture given back after an accepted complaint.
    Reversal,
    /// A share taken back from its contributor.
    Clawback,
    /// Earnings past the dispute window.
    Maturity,
    /// Matured earnings that a contributor spends on tasks.
    Spending,
    /// Matured earnings that leave.
    Payout,
    /// Money given or taken by an operator, for a reason.
    Adjustment,
}

impl MoveKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::TopUp,
        Self::Hold,
        Self::Capture,
        Self::Release,
        Self::Loss,
        Self::Reimbursement,
        Self::Reversal,
        Self::Clawback,
        Self::Maturity,
        Self::Spending,
        Self::Payout,
        Self::Adjustment,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "topup",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Loss => "loss",
            Self::Reimbursement => "reimbursement",
            Self::Reversal => "reversal",
            Self::Clawback => "clawback",
            Self::Maturity => "maturity",
            Self::Spending => "spending",
            Self::Payout => "payout",
            Self::Adjustment => "adjustment",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
