//! Money: integer nano-dollars with checked arithmetic, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A signed amount of money in nano-dollars (10⁻⁹ USD); ±9.2 billion dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

/// Nano-dollars in a dollar.
const NANOS: i64 = 1_000_000_000;

/// Why a text or a sum is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number such as `0.00126`.
    #[error("not a decimal amount: {0:?}")]
    NotDecimal(String),
    /// More than nine digits after the point, and not zeros.
    #[error("an amount has at most nine decimal places: {0:?}")]
    TooFine(String),
    /// Outside of what 64 bits of nano-dollars hold.
    #[error("an amount is out of range")]
    OutOfRange,
}

impl Amount {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Reads a decimal number of dollars, such as `0.00126`, `12` or `-1.5`; no exponent, no blanks.
    ///
    /// # Errors
    /// [`AmountError`] when the text is no decimal, finer than a nano-dollar, or too large.
    pub fn from_decimal(text: &str) -> Result<Self, AmountError> {
        let not_decimal = || AmountError::NotDecimal(text.chars().take(40).collect());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || digits.ends_with('.') {
            return Err(not_decimal());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 9 {
            return Err(AmountError::TooFine(text.chars().take(40).collect()));
        }
        let whole: i64 = whole.parse().map_err(|_| AmountError::OutOfRange)?;
        let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| not_decimal())?;
        let sum = whole.checked_mul(NANOS).and_then(|n| n.checked_add(nanos)).ok_or(AmountError::OutOfRange)?;
        Ok(Self(if negative { -sum } else { sum }))
    }

    /// The sum, or an error where 64 bits end.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`].
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The difference, or an error where 64 bits end.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`].
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The same amount with the sign turned.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] for the one amount that has no opposite.
    pub fn negated(self) -> Result<Self, AmountError> {
        self.0.checked_neg().map(Self).ok_or(AmountError::OutOfRange)
    }

    /// A share in basis points (1/10 000), rounded down: what is left over stays with the gateway.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when the product leaves 128 bits' way back to 64.
    pub fn share(self, basis_points: u16) -> Result<Self, AmountError> {
        let part = i128::from(self.0) * i128::from(basis_points) / 10_000;
        i64::try_from(part).map(Self).map_err(|_| AmountError::OutOfRange)
    }

    /// This much and a margin in basis points (1/10 000) on top, rounded up to the nano-dollar: what is left over is the
    /// payer's.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when the product leaves 128 bits' way back to 64.
    pub fn with_margin(self, basis_points: u32) -> Result<Self, AmountError> {
        let whole = i128::from(self.0) * (10_000 + i128::from(basis_points));
        let up = i128::from(whole.rem_euclid(10_000) != 0);
        i64::try_from(whole.div_euclid(10_000) + up).map(Self).map_err(|_| AmountError::OutOfRange)
    }

    /// Dollars as a float, for JSON numbers on the wire only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the wire's number is a float; money itself never is")]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }
}

impl fmt::Display for Amount {
    /// Dollars without trailing zeros, at least two decimal places: `0.00126`, `12.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (whole, fraction) = (nanos / NANOS.unsigned_abs(), nanos % NANOS.unsigned_abs());
        let fraction = format!("{fraction:09}");
        let shown = fraction.trim_end_matches('0');
        write!(f, "{sign}{whole}.{shown:0<2}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, AmountError};

    #[test]
    fn decimals_are_read_exactly() {
        for (text, nanos) in
            [("0.00126", 1_260_000), ("12", 12_000_000_000), ("-1.5", -1_500_000_000), ("0.100", 100_000_000)]
        {
            assert_eq!(Amount::from_decimal(text), Ok(Amount::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", "1.", ".5", "1e3", "NaN", "inf", "+1", " 1", "1,5", "--1", "0x1", "9999999999999"] {
            assert!(Amount::from_decimal(text).is_err(), "{text}");
        }
        assert!(matches!(Amount::from_decimal("0.0000000001"), Err(AmountError::TooFine(_))));
    }

    #[test]
    fn sums_are_checked() {
        let most = Amount::from_nanos(i64::MAX);
        assert_eq!(most.plus(Amount::from_nanos(1)), Err(AmountError::OutOfRange));
        assert_eq!(Amount::from_nanos(i64::MIN).negated(), Err(AmountError::OutOfRange));
        assert_eq!(most.share(10_000), Ok(most));
        assert_eq!((most.with_margin(0), most.with_margin(1)), (Ok(most), Err(AmountError::OutOfRange)));
    }

    #[test]
    fn a_margin_is_rounded_up() {
        let margin = |nanos, bp| Amount::from_nanos(nanos).with_margin(bp).unwrap().nanos();
        assert_eq!((margin(1_000, 2_500), margin(1, 1), margin(3, 5_000), margin(0, 100)), (1_250, 2, 5, 0));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(nanos in (i64::MIN + 1)..i64::MAX) {
            let amount = Amount::from_nanos(nanos);
            prop_assert_eq!(Amount::from_decimal(&amount.to_string()), Ok(amount));
        }
    }
}
