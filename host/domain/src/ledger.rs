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
//! | `platform:revenue` | what tasks brought in |
//! | `platform:loss` | what the gateway bears, openly |
//! | `provider:{credential}:cost` | memo: what a provider charged without a task to carry it |
//! | `world:topup` | the outside that money comes from |

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::AmountError;
use crate::{AccountId, Amount, CredentialId};

/// Where an entry is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerAccount {
    /// What an account can spend.
    Available(AccountId),
    /// What an account has set aside for open tasks.
    Held(AccountId),
    /// What a contributor has earned, pending.
    ContributorPending(AccountId),
    /// What tasks brought in.
    Revenue,
    /// What the gateway bears.
    Loss,
    /// Memo of a provider's charge that no task carries.
    ProviderCost(CredentialId),
    /// Where top-ups come from.
    TopUp,
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available(id) => write!(f, "account:{id}:available"),
            Self::Held(id) => write!(f, "account:{id}:held"),
            Self::ContributorPending(id) => write!(f, "contributor:{id}:pending"),
            Self::Revenue => f.write_str("platform:revenue"),
            Self::Loss => f.write_str("platform:loss"),
            Self::ProviderCost(id) => write!(f, "provider:{id}:cost"),
            Self::TopUp => f.write_str("world:topup"),
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
    /// A provider's charge that came after the hold was released.
    LateCost,
}

impl MoveKind {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "topup",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::LateCost => "late_cost",
        }
    }
}

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

    /// A provider's charge for a task whose hold was already released: the platform's loss, never a new debit.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`].
    pub fn late_cost(credential: CredentialId, cost: Amount) -> Result<Self, MoveError> {
        let cost = positive("a late cost", cost)?;
        Ok(Self::new(
            MoveKind::LateCost,
            &[(LedgerAccount::Loss, cost.negated()?), (LedgerAccount::ProviderCost(credential), cost)],
        ))
    }
}

fn positive(what: &'static str, amount: Amount) -> Result<Amount, MoveError> {
    if amount > Amount::ZERO { Ok(amount) } else { Err(MoveError::NotPositive { what, amount }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn account(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    fn sum(made: &Move) -> i128 {
        made.entries.iter().map(|e| i128::from(e.amount.nanos())).sum()
    }

    proptest! {
        #[test]
        fn every_move_sums_to_zero(hold in 1i64..i64::MAX, part in 0u16..=10_000, share in 0u16..=10_000) {
            let hold = Amount::from_nanos(hold);
            let capture = hold.share(part).unwrap();
            let share = Share { contributor: account(2), amount: capture.share(share).unwrap() };
            let credential = CredentialId(Uuid::from_u128(3));
            for made in [
                Move::top_up(account(1), hold).unwrap(),
                Move::hold(account(1), hold).unwrap(),
                Move::capture(account(1), hold, capture, Some(share)).unwrap(),
                Move::capture(account(1), hold, capture, None).unwrap(),
                Move::release(account(1), hold).unwrap(),
                Move::late_cost(credential, hold).unwrap(),
            ] {
                prop_assert_eq!(sum(&made), 0);
                prop_assert!(made.entries.iter().all(|e| e.amount != Amount::ZERO));
            }
        }
    }

    #[test]
    fn a_capture_above_its_hold_is_refused() {
        let (hold, more) = (Amount::from_nanos(5), Amount::from_nanos(6));
        assert_eq!(Move::capture(account(1), hold, more, None), Err(MoveError::AboveHold { capture: more, hold }));
    }

    #[test]
    fn nothing_can_be_held_for_nothing() {
        assert!(Move::hold(account(1), Amount::ZERO).is_err());
        assert!(Move::release(account(1), Amount::from_nanos(-1)).is_err());
    }
}
