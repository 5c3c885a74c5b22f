//! A provider's balance against what is booked: does a credential cost what the books say?
//!
//! Between two looks at a balance, what is gone from it must be what tasks, losses and reimbursements say the provider took.
//! Three things part the two without anybody's fault: tasks under way, which some providers charge at once and others when
//! they are solved; rounding; and a top-up at the provider, which the gateway does not see. The first is allowed for, the
//! second is within the tolerance, the third looks like a charge below nothing and is told without an alarm.

use crate::Amount;

/// What two looks at a balance, and the books between them, say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The balance at the first look.
    pub before: Amount,
    /// The balance at the second.
    pub now: Amount,
    /// What the books say the provider took between them.
    pub booked: Amount,
    /// What tasks under way at either look may have cost already, or may not have cost yet.
    pub under_way: Amount,
}

/// How a balance stands to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There was no look before.
    First,
    /// What is gone is what is booked, within the tolerance.
    Agrees,
    /// More is gone: somebody charges what is not booked, or somebody else uses the key.
    More,
    /// Less is gone: topped up, or charged less than is booked.
    Less,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::First, Self::Agrees, Self::More, Self::Less];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Agrees => "agrees",
            Self::More => "more",
            Self::Less => "less",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// Of what is booked, in basis points: list prices are rounded, and providers' prices move with their load.
const TOLERANCE_BP: u16 = 500;
/// A cent: less than that is nobody's trouble.
const LEAST_TOLERANCE: Amount = Amount::from_nanos(10_000_000);

impl Between {
    /// What is gone from the balance; below zero where it grew.
    ///
    /// # Errors
    /// [`crate::amount::AmountError`] when it is out of range.
    pub fn spent(&self) -> Result<Amount, crate::amount::AmountError> {
        self.before.minus(self.now)
    }

    /// Whether what is gone is what is booked.
    ///
    /// # Errors
    /// [`crate::amount::AmountError`] when a sum is out of range.
    pub fn verdict(&self) -> Result<Verdict, crate::amount::AmountError> {
        let tolerance = self.booked.share(TOLERANCE_BP)?.max(LEAST_TOLERANCE).plus(self.under_way)?;
        let drift = self.spent()?.minus(self.booked)?;
        Ok(if drift > tolerance {
            Verdict::More
        } else if drift < tolerance.negated()? {
            Verdict::Less
        } else {
            Verdict::Agrees
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between([before, now, booked, under_way]: [i64; 4]) -> Verdict {
        let [before, now, booked, under_way] = [before, now, booked, under_way].map(Amount::from_nanos);
        Between { before, now, booked, under_way }.verdict().unwrap()
    }

    #[test]
    fn what_is_gone_is_held_against_what_is_booked() {
        const CENT: i64 = 10_000_000;
        assert_eq!(between([1_000 * CENT, 900 * CENT, 100 * CENT, 0]), Verdict::Agrees);
        assert_eq!(between([1_000 * CENT, 896 * CENT, 100 * CENT, 0]), Verdict::Agrees);
        assert_eq!(between([1_000 * CENT, 894 * CENT, 100 * CENT, 0]), Verdict::More);
        assert_eq!(between([1_000 * CENT, 894 * CENT, 100 * CENT, 2 * CENT]), Verdict::Agrees);
        assert_eq!(between([1_000 * CENT, 906 * CENT, 100 * CENT, 0]), Verdict::Less);
        assert_eq!(between([1_000 * CENT, 2_000 * CENT, 0, 0]), Verdict::Less);
        assert_eq!(between([CENT, 0, 0, 0]), Verdict::Agrees);
        assert_eq!(between([CENT + 1, 0, 0, 0]), Verdict::More);
    }
}
