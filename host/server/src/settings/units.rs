//! Values with units, as a configuration file has them.

/// Durations: "3s", "1m 30s", "24h".
pub mod duration {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    /// Reads a duration.
    ///
    /// # Errors
    /// The deserializer's own, for what is no duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(text.trim())
            .map_err(|error| de::Error::custom(format!("{text:?} is no duration such as \"3s\" or \"24h\": {error}")))
    }

    /// Writes a duration as [`deserialize`] reads it.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_text(*duration))
    }

    /// A duration as text.
    #[must_use]
    pub fn to_text(duration: Duration) -> String {
        humantime::format_duration(duration).to_string()
    }
}

/// Sizes: "500", "64KiB", "2MiB", "1GiB".
pub mod bytes {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

    /// Reads a size.
    ///
    /// # Errors
    /// The deserializer's own, for what is no size.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(text.trim())
            .ok_or_else(|| de::Error::custom(format!("{text:?} is no size such as \"64KiB\" or \"2MiB\" or \"2048\"")))
    }

    /// Writes a size as [`deserialize`] reads it.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        let unit = UNITS.iter().find(|(_, size)| *bytes > 0 && bytes.is_multiple_of(*size));
        let text = unit.map_or_else(|| bytes.to_string(), |(name, size)| format!("{}{name}", bytes / size));
        serializer.serialize_str(&text)
    }

    fn parse(text: &str) -> Option<usize> {
        let unit = UNITS.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)));
        let (number, size) = unit.unwrap_or((text, 1));
        number.trim().parse::<usize>().ok()?.checked_mul(size)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "super::duration")]
        wait: Duration,
        #[serde(with = "super::bytes")]
        size: usize,
    }

    fn read(wait: &str, size: &str) -> Result<Both, serde_json::Error> {
        serde_json::from_value(json!({"wait": wait, "size": size}))
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (wait, size) in [("3s", 2 << 20), ("0s", 0), ("1m 30s", 1000), ("24h", 1 << 30), ("250ms", 65_536)] {
            let both = Both { wait: humantime::parse_duration(wait).unwrap(), size };
            let text = serde_json::to_value(&both).unwrap();
            assert_eq!(serde_json::from_value::<Both>(text).unwrap(), both);
        }
        assert_eq!(read(" 3s ", "64 KiB").unwrap(), Both { wait: Duration::from_secs(3), size: 65_536 });
    }

    #[test]
    fn what_has_no_unit_or_another_one_is_refused_with_an_example() {
        for (wait, size, said) in [
            ("3", "1", "no duration such as"),
            ("soon", "1", "no duration such as"),
            ("-3s", "1", "no duration such as"),
            ("3s", "2MB", "no size such as"),
            ("3s", "-1", "no size such as"),
            ("3s", "99999999999999999999GiB", "no size such as"),
        ] {
            assert!(read(wait, size).unwrap_err().to_string().contains(said), "{wait} {size}");
        }
    }
}
