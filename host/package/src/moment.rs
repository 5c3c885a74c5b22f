//! Moments, as they stand in what is signed.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The end of the year 9999, after which moments are written differently.
const LAST: u64 = 253_402_300_799;

/// A moment, to the second; written `2027-01-31T12:00:00Z` and in no other way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(u64);

/// A text that is no moment.
#[derive(Debug, thiserror::Error)]
#[error("a time is written as 2027-01-31T12:00:00Z; for people 2027-01-31 and 90d will do")]
pub struct BadMoment;

impl Moment {
    /// So many milliseconds after 1970, cut to the second; before 1970 and after 9999 the nearest that can be written.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(u64::try_from(ms / 1000).unwrap_or(0).min(LAST))
    }

    /// Reads what people write: `2027-01-31`, `2027-01-31T12:00:00Z`, or a span from now such as `90d`.
    ///
    /// # Errors
    /// [`BadMoment`].
    pub fn from_words(text: &str, now: Self) -> Result<Self, BadMoment> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(now.plus(span));
        }
        let is_day = text.len() == "2027-01-31".len();
        if is_day { format!("{text}T00:00:00Z").parse() } else { text.parse() }
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// So much later, the end of 9999 at the latest.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()).min(LAST))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(self.0)).fmt(f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let time = humantime::parse_rfc3339(text).map_err(|_| BadMoment)?;
        let moment = Self(time.duration_since(UNIX_EPOCH).map_err(|_| BadMoment)?.as_secs());
        // One spelling: no fractions of a second, no lower-case letters.
        if moment.0 <= LAST && moment.to_string() == text { Ok(moment) } else { Err(BadMoment) }
    }
}

impl TryFrom<String> for Moment {
    type Error = BadMoment;

    fn try_from(text: String) -> Result<Self, BadMoment> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn a_moment_has_one_spelling() {
        let text = "2027-01-31T12:00:00Z";
        let moment: Moment = text.parse().unwrap();
        assert_eq!((moment.to_string().as_str(), moment), (text, Moment::from_ms(1_801_396_800_999)));
        for other in ["2027-01-31", "2027-01-31T12:00:00.5Z", "2027-01-31t12:00:00Z", "1969-12-31T23:59:59Z", ""] {
            assert!(other.parse::<Moment>().is_err(), "{other}");
        }
        assert_eq!(Moment::from_words("90d", moment).unwrap().to_string(), "2027-05-01T12:00:00Z");
        assert_eq!(Moment::from_words("2027-02-01", moment).unwrap().to_string(), "2027-02-01T00:00:00Z");
        assert!(Moment::from_words("soon", moment).is_err());
        assert_eq!(Moment::from_ms(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
