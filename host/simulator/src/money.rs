//! Money inside the simulator: whole nano-dollars, decimal text outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;
/// Decimal places that a nano-dollar has.
const PLACES: usize = 9;

/// An amount of US dollars, held as whole nano-dollars so that sums are exact.
///
/// Reads from a JSON or TOML number (`0.00126`) or decimal text (`"0.00126"`); writes decimal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// This many nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// This many whole dollars; saturates far beyond any balance.
    #[must_use]
    pub const fn dollars(dollars: i64) -> Self {
        Self(dollars.saturating_mul(NANOS_PER_DOLLAR))
    }

    /// The amount in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The amount as the number that balance answers carry; exact to 15 digits.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the wire format itself carries a floating-point number")]
    pub fn as_number(self) -> f64 {
        self.0 as f64 / NANOS_PER_DOLLAR as f64
    }

    /// The sum; saturating, which no balance can reach.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; may be negative.
    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let whole = nanos / NANOS_PER_DOLLAR.unsigned_abs();
        let fraction = format!("{:09}", nanos % NANOS_PER_DOLLAR.unsigned_abs());
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

/// Text that is no decimal amount with at most nine places.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no decimal amount of dollars with at most nine places")]
pub struct NotAnAmount(String);

impl FromStr for Usd {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        parse(text.trim()).ok_or_else(|| NotAnAmount(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Usd> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > PLACES || !only_digits(whole) || !only_digits(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<PLACES$}").parse().ok()?;
    let nanos = whole.checked_mul(NANOS_PER_DOLLAR)?.checked_add(fraction)?;
    Some(Usd(if negative { -nanos } else { nanos }))
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The shapes in which an amount may be written in settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Whole(dollars) => Ok(Self::dollars(dollars)),
            Written::Number(dollars) => from_number(dollars).ok_or_else(|| {
                serde::de::Error::custom(format!("{dollars} is no amount of dollars that a balance can hold"))
            }),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked against the range first")]
fn from_number(dollars: f64) -> Option<Usd> {
    let nanos = (dollars * NANOS_PER_DOLLAR as f64).round();
    (nanos.abs() < i64::MAX as f64).then_some(Usd(nanos as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_plain_decimals() {
        assert_eq!(Usd::from_nanos(1_260_000).to_string(), "0.00126");
        assert_eq!(Usd::dollars(12).to_string(), "12");
        assert_eq!(Usd::from_nanos(-1).to_string(), "-0.000000001");
    }

    #[test]
    fn amounts_are_read_from_numbers_and_from_text() {
        let read = |json: &str| serde_json::from_str::<Usd>(json).map(Usd::nanos).ok();
        assert_eq!(read("0.00126"), Some(1_260_000));
        assert_eq!(read("\"0.00126\""), Some(1_260_000));
        assert_eq!(read("3"), Some(3_000_000_000));
        assert_eq!(read("\"-2.5\""), Some(-2_500_000_000));
        for wrong in ["\"\"", "\"1e3\"", "\".5\"", "\"0.0000000001\"", "1e300", "true"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
