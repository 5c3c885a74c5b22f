//! The life of money: double entry, immutable, every move's entries sum to zero.
//!
//! A move is made here, by one function each, and written by `storage` in the transaction that moves the task. What an
//! account has (`available`, `held`) is a projection of its entries; the schema keeps it from going below zero.
//!
//! Chart of accounts, after the usual two-phase transfer (reserve, then post or void once):
//!
//! | ledger account | holds |
//! |---|---|
//! | `account:{id}:available` | what the account can spend |
//! | `account:{id}:held` | what is set aside for open tasks |
//! | `contributor:{id}:pending` | earned, not yet past the dispute window |
//! | `contributor:{id}:available` | earned and matured: to be spent or paid out |
//! | `platform:revenue` | what tasks brought in |
//! | `platform:loss` | what the gateway bears, openly |
//! | `platform:promo` | what operators gave and took by hand |
//! | `provider:{credential}:cost` | memo: what a provider charged without a task to carry it |
//! | `world:topup` | the outside that money comes from |
//! | `world:payout` | the outside that contributors' money goes to |
//!
//! There is no account for rounding: a share is rounded down and what is left of the capture is revenue, so that nothing is
//! ever left over.

mod chart;
mod shape;
#[cfg(test)]
mod tests;

pub use chart::{LedgerAccount, MoveKind};
pub use shape::Side;

use crate::amount::AmountError;
use crate::{AccountId, Amount, CredentialId};

/// One signed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Where it is booked.
    pub account: LedgerAccount,
    /// Positive adds to that account.
    pub amount: Amount,
}

/// Entries that belong together and sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What kind of move it is.
    pub kind: MoveKind,
    /// Its lines; zero lines are left out.
    pub entries: Vec<LedgerEntry>,
}

/// Why a move cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// An amount that must be positive is not.
    #[error("{what} must be positive, not {amount}")]
    NotPositive {
        /// Which amount.
        what: &'static str,
        /// Its value.
        amount: Amount,
    },
    /// A capture above its hold.
    #[error("a capture of {capture} is above its hold of {hold}")]
    AboveHold {
        /// What was to be captured.
        capture: Amount,
        /// What was held.
        hold: Amount,
    },
    /// A share above what is captured.
    #[error("a share of {share} is above the capture of {capture}")]
    ShareAboveCapture {
        /// What the contributor would earn.
        share: Amount,
        /// What is captured.
        capture: Amount,
    },
    /// An adjustment by nothing.
    #[error("an adjustment must give or take something")]
    Nothing,
    /// A sum left the range of amounts.
    #[error("a move is out of range")]
    OutOfRange(#[from] AmountError),
}

/// What a contributor earns from a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who earns.
    pub contributor: AccountId,
    /// How much.
    pub amount: Amount,
}

impl Move {
    fn new(kind: MoveKind, lines: &[(LedgerAccount, Amount)]) -> Self {
        let entries = lines
            .iter()
            .filter(|(_, amount)| *amount != Amount::ZERO)
            .map(|&(account, amount)| LedgerEntry { account, amount })
            .collect();
        Self { kind, entries }
    }

    /// Money from outside to an account.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn top_up(account: AccountId, amount: Amount) -> Result<Self, MoveError> {
        let amount = positive("a top-up", amount)?;
        Ok(Self::new(
            MoveKind::TopUp,
            &[(LedgerAccount::TopUp, amount.negated()?), (LedgerAccount::Available(account), amount)],
        ))
    }

    /// Balance set aside for a task.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn hold(account: AccountId, amount: Amount) -> Result<Self, MoveError> {
        let amount = positive("a hold", amount)?;
        Ok(Self::new(
            MoveKind::Hold,
            &[(LedgerAccount::Available(account), amount.negated()?), (LedgerAccount::Held(account), amount)],
        ))
    }

    /// A hold closed with a charge; what is not charged returns in the same move.
    ///
    /// # Errors
    /// [`MoveError`] when the capture is negative or above the hold, or the share above the capture.
    pub fn capture(account: AccountId, hold: Amount, capture: Amount, share: Option<Share>) -> Result<Self, MoveError> {
        let hold = positive("a hold", hold)?;
        if capture < Amount::ZERO {
            return Err(MoveError::NotPositive { what: "a capture", amount: capture });
        }
        if capture > hold {
            return Err(MoveError::AboveHold { capture, hold });
        }
        let share_amount = share.map_or(Amount::ZERO, |s| s.amount);
        if share_amount < Amount::ZERO || share_amount > capture {
            return Err(MoveError::ShareAboveCapture { share: share_amount, capture });
        }
        let mut lines = vec![
            (LedgerAccount::Held(account), hold.negated()?),
            (LedgerAccount::Available(account), hold.minus(capture)?),
            (LedgerAccount::Revenue, capture.minus(share_amount)?),
        ];
        if let Some(share) = share {
            lines.push((LedgerAccount::ContributorPending(share.contributor), share.amount));
        }
        Ok(Self::new(MoveKind::Capture, &lines))
    }

    /// A hold closed in full to the account's favour.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn release(account: AccountId, hold: Amount) -> Result<Self, MoveError> {
        let hold = positive("a hold", hold)?;
        Ok(Self::new(
            MoveKind::Release,
            &[(LedgerAccount::Held(account), hold.negated()?), (LedgerAccount::Available(account), hold)],
        ))
    }

    /// A provider's charge that no capture carries (late, failed or doubtful): the platform's loss, never a new debit.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn loss(credential: CredentialId, cost: Amount) -> Result<Self, MoveError> {
        let cost = positive("a loss", cost)?;
        Ok(Self::new(
            MoveKind::Loss,
            &[(LedgerAccount::Loss, cost.negated()?), (LedgerAccount::ProviderCost(credential), cost)],
        ))
    }

    /// The same charge on a contributed credential: the provider took it from the contributor, who gets it back.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn reimbursement(contributor: AccountId, cost: Amount) -> Result<Self, MoveError> {
        let cost = positive("a reimbursement", cost)?;
        Ok(Self::new(
            MoveKind::Reimbursement,
            &[(LedgerAccount::Loss, cost.negated()?), (LedgerAccount::ContributorPending(contributor), cost)],
        ))
    }

    /// A capture given back: the mirror of what the account paid. A share that is pending is taken back with it; one that
    /// has matured stays with its contributor, and the platform bears it (`borne`).
    ///
    /// # Errors
    /// [`MoveError`] when the capture is not positive, or what is taken back or borne is above it.
    pub fn reversal(
        account: AccountId,
        capture: Amount,
        taken_back: Option<Share>,
        borne: Amount,
    ) -> Result<Self, MoveError> {
        let capture = positive("a reversal", capture)?;
        let share = taken_back.map_or(Amount::ZERO, |s| s.amount);
        let of_revenue = capture.minus(share)?.minus(borne)?;
        if share < Amount::ZERO || borne < Amount::ZERO || of_revenue < Amount::ZERO {
            return Err(MoveError::ShareAboveCapture { share: share.plus(borne)?, capture });
        }
        let mut lines = vec![
            (LedgerAccount::Available(account), capture),
            (LedgerAccount::Revenue, of_revenue.negated()?),
            (LedgerAccount::Loss, borne.negated()?),
        ];
        if let Some(share) = taken_back {
            lines.push((LedgerAccount::ContributorPending(share.contributor), share.amount.negated()?));
        }
        Ok(Self::new(MoveKind::Reversal, &lines))
    }

    /// What a contributor earned, taken back while it is pending: to revenue, where the capture would have had it.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn clawback(share: Share) -> Result<Self, MoveError> {
        let amount = positive("a claw-back", share.amount)?;
        Ok(Self::new(
            MoveKind::Clawback,
            &[
                (LedgerAccount::ContributorPending(share.contributor), amount.negated()?),
                (LedgerAccount::Revenue, amount),
            ],
        ))
    }

    /// What a contributor earned, past the dispute window.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn maturity(earned: Share) -> Result<Self, MoveError> {
        let amount = positive("what matures", earned.amount)?;
        let contributor = earned.contributor;
        Ok(Self::new(
            MoveKind::Maturity,
            &[
                (LedgerAccount::ContributorPending(contributor), amount.negated()?),
                (LedgerAccount::ContributorAvailable(contributor), amount),
            ],
        ))
    }

    /// Matured earnings that become balance for the contributor's own tasks.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn spending(contributor: AccountId, amount: Amount) -> Result<Self, MoveError> {
        let amount = positive("what is spent", amount)?;
        Ok(Self::new(
            MoveKind::Spending,
            &[
                (LedgerAccount::ContributorAvailable(contributor), amount.negated()?),
                (LedgerAccount::Available(contributor), amount),
            ],
        ))
    }

    /// Matured earnings that leave.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn payout(contributor: AccountId, amount: Amount) -> Result<Self, MoveError> {
        let amount = positive("a payout", amount)?;
        Ok(Self::new(
            MoveKind::Payout,
            &[(LedgerAccount::ContributorAvailable(contributor), amount.negated()?), (LedgerAccount::Payout, amount)],
        ))
    }

    /// Money that an operator gives (above zero) or takes (below).
    ///
    /// # Errors
    /// [`MoveError::Nothing`] for zero.
    pub fn adjustment(account: AccountId, amount: Amount) -> Result<Self, MoveError> {
        if amount == Amount::ZERO {
            return Err(MoveError::Nothing);
        }
        Ok(Self::new(
            MoveKind::Adjustment,
            &[(LedgerAccount::Promo, amount.negated()?), (LedgerAccount::Available(account), amount)],
        ))
    }
}

fn positive(what: &'static str, amount: Amount) -> Result<Amount, MoveError> {
    if amount > Amount::ZERO { Ok(amount) } else { Err(MoveError::NotPositive { what, amount }) }
}
