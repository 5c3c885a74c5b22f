//! Times as operators read and write them.

use std::time::{Duration, UNIX_EPOCH};

use super::OperateError;
use crate::clock;

/// The end of the year 9999, after which times have another form.
const LAST_MS: i64 = 253_402_300_799_000;

/// A time for people and scripts: RFC 3339, UTC, to the second.
pub(crate) fn shown(at_ms: i64) -> String {
    let since = Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// Reads a time that has been: as [`read`], a span such as `7d` counted back from now.
pub(crate) fn read_past(field: &str, text: &str) -> Result<i64, OperateError> {
    let Ok(span) = humantime::parse_duration(text.trim()) else { return read(field, text.trim()) };
    let back_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Ok(clock::now_ms().saturating_sub(back_ms).max(0))
}

/// Reads `2027-01-31`, `2027-01-31T12:00:00Z`, or a span from now such as `90d`.
pub(crate) fn read(field: &str, text: &str) -> Result<i64, OperateError> {
    let at_ms = |since: Duration| i64::try_from(since.as_millis()).ok().filter(|ms| *ms <= LAST_MS);
    if let Ok(span) = humantime::parse_duration(text) {
        return at_ms(span)
            .and_then(|ms| clock::now_ms().checked_add(ms))
            .filter(|ms| *ms <= LAST_MS)
            .ok_or_else(|| OperateError::Bad(format!("{field}: {text:?} is too far away")));
    }
    let full = if text.len() == "2027-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time = humantime::parse_rfc3339_weak(&full).ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    time.and_then(at_ms).ok_or_else(|| {
        OperateError::Bad(format!("{field}: {text:?} is no time; write 2027-01-31, 2027-01-31T12:00:00Z or 90d"))
    })
}

#[cfg(test)]
mod tests {
    use super::{read, read_past, shown};

    #[test]
    fn a_span_before_now_is_a_time_that_has_been() {
        let (day, week) = (read_past("since", "1d").unwrap(), read_past("since", " 7d ").unwrap());
        assert!((day - week - 6 * 86_400_000).abs() < 60_000 && day < crate::clock::now_ms());
        assert_eq!(read_past("since", "2027-01-31").unwrap(), 1_801_353_600_000);
        assert_eq!(read_past("since", "9000y").unwrap(), 0);
        assert!(read_past("since", "lately").is_err());
    }

    #[test]
    fn a_day_a_moment_and_a_span_are_times() {
        assert_eq!(read("expires", "2027-01-31").unwrap(), 1_801_353_600_000);
        assert_eq!(shown(read("expires", "2027-01-31T12:30:00Z").unwrap()), "2027-01-31T12:30:00Z");
        assert!(read("expires", "90d").unwrap() > crate::clock::now_ms());
        for text in ["", "soon", "31.1.2027", "2027-13-01", "9000y", "900000y"] {
            assert!(read("expires", text).unwrap_err().to_string().starts_with("expires: "), "{text}");
        }
    }
}
