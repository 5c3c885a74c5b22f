//! The JSON dialects by name. How each looks on the wire is known to the API's edge alone; keys, listeners and paths name
//! one.

use serde::{Deserialize, Serialize};

/// A wire form of the JSON methods. No single one satisfies every client of the field, three do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// UUIDs, a status in every answer about a task, always HTTP 200.
    #[default]
    AnySolver,
    /// Integers as ids, errors by number, closed answers: the clients of anti-captcha, 2captcha and capmonster.
    AntiCaptcha,
    /// UUIDs, `status: "failed"` and HTTP 400 or 401 on errors, closed answers: the clients of capsolver.
    CapSolver,
}

impl Dialect {
    /// Every dialect by its name, in the order of the documentation.
    pub const ALL: &[(&'static str, Self)] =
        &[("anysolver", Self::AnySolver), ("anticaptcha", Self::AntiCaptcha), ("capsolver", Self::CapSolver)];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnySolver => "anysolver",
            Self::AntiCaptcha => "anticaptcha",
            Self::CapSolver => "capsolver",
        }
    }

    /// The dialect of this name, or of a service whose clients speak it. Letter case and dashes do not count.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let bare: String = word.trim().chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        match bare.as_str() {
            "anysolver" => Some(Self::AnySolver),
            "anticaptcha" | "2captcha" | "rucaptcha" | "capmonster" => Some(Self::AntiCaptcha),
            "capsolver" => Some(Self::CapSolver),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn dialects_are_read_by_their_name_and_by_services_whose_clients_speak_them() {
        for (name, dialect) in Dialect::ALL {
            assert_eq!((Dialect::from_word(name), dialect.as_str()), (Some(*dialect), *name));
        }
        for name in ["anti-captcha", "2Captcha", "ruCaptcha", "CapMonster"] {
            assert_eq!(Dialect::from_word(name), Some(Dialect::AntiCaptcha));
        }
        assert_eq!(Dialect::from_word("deathbycaptcha"), None);
    }
}
