//! Amounts as providers write them: texts or JSON numbers, sometimes with an exponent.

use serde_json::Value;

use crate::Money;

/// The host counts in nano-dollars: nine decimal places.
const PLACES: i32 = 9;
const NANOS: u128 = 1_000_000_000;
/// More digits than any amount needs; they also keep the arithmetic inside of 128 bits.
const MAX_DIGITS: usize = 25;

impl Money {
    /// US dollars from a plain decimal that is known to be one, such as a list price.
    #[must_use]
    pub fn usd(amount: &str) -> Self {
        Self { amount: amount.to_owned(), currency: "USD".to_owned() }
    }

    /// US dollars from a JSON text or number; `None` where it is no amount.
    #[must_use]
    pub fn usd_from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => decimal(text),
            Value::Number(number) => decimal(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
        .map(|amount| Self::usd(&amount))
    }
}

/// A decimal number, with or without an exponent, as a plain decimal: `5e-05` → `0.00005`.
///
/// Rounded to nine places, half away from zero: finer parts are noise of somebody's float. `None` where the text is no
/// number or has more than 25 digits or places.
#[must_use]
pub fn decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let nanos = scaled(digits.parse().ok()?, PLACES.checked_sub(places)?)?;
    let sign = if negative && nanos > 0 { "-" } else { "" };
    let fraction = format!("{:09}", nanos % NANOS);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{}{point}{fraction}", nanos / NANOS))
}

/// `value` × 10^`power`, rounded half up.
fn scaled(value: u128, power: i32) -> Option<u128> {
    let factor = 10_u128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return value.checked_mul(factor?);
    }
    // A divisor beyond 128 bits leaves nothing of 25 digits.
    Some(factor.map_or(0, |factor| value / factor + u128::from(value % factor >= factor.div_ceil(2))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_written_plainly() {
        for (text, plain) in [
            ("0.00126", "0.00126"),
            ("0.000700", "0.0007"),
            ("5e-05", "0.00005"),
            ("1.26E-3", "0.00126"),
            ("1.5e+2", "150"),
            ("12", "12"),
            ("12.", "12"),
            (".5", "0.5"),
            (" 0.1 ", "0.1"),
            ("-0.25", "-0.25"),
            ("+3", "3"),
            ("-0", "0"),
            ("0.0008600982", "0.000860098"),
            ("0.30000000000000004", "0.3"),
            ("0.9999999999", "1"),
            ("1e-30", "0"),
            ("-4e-10", "0"),
            ("5e-10", "0.000000001"),
        ] {
            assert_eq!(decimal(text).as_deref(), Some(plain), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in ["", ".", "-", "1,5", "NaN", "inf", "1e", "e5", "0x10", "1e99", "1e-2147483648", "--1", "1.2.3"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(decimal(&"9".repeat(26)), None);
    }

    #[test]
    fn json_texts_and_numbers_are_both_read() {
        assert_eq!(Money::usd_from_json(&json!("0.000700")), Some(Money::usd("0.0007")));
        assert_eq!(Money::usd_from_json(&json!(0.00005)), Some(Money::usd("0.00005")));
        assert_eq!(Money::usd_from_json(&json!(1e-7)), Some(Money::usd("0.0000001")));
        assert_eq!(Money::usd_from_json(&json!(12)), Some(Money::usd("12")));
        assert_eq!(Money::usd_from_json(&json!(null)), None);
        assert_eq!(Money::usd_from_json(&json!({})), None);
    }
}
