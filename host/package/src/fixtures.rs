//! An adapter's fixtures as they travel: named texts, which whoever installs the adapter replays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::error::ReadError;

/// Most fixtures of one package.
const MAX_FIXTURES: usize = 2_000;
/// Most bytes of all their texts.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of a name.
const MAX_NAME_BYTES: usize = 100;

/// Fixtures by name. A name is a file's without `.json`: it can always be made a file again, in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Fixtures(BTreeMap<String, String>);

impl Fixtures {
    /// These, if their names can be files' and there are not too many of them.
    ///
    /// # Errors
    /// [`ReadError::FixtureName`], [`ReadError::TooLarge`].
    pub fn new(texts: BTreeMap<String, String>) -> Result<Self, ReadError> {
        if let Some(name) = texts.keys().find(|name| !is_name(name)) {
            return Err(ReadError::FixtureName(name.chars().take(60).collect()));
        }
        let bytes: usize = texts.values().map(String::len).sum();
        if texts.len() > MAX_FIXTURES || bytes > MAX_BYTES {
            return Err(ReadError::TooLarge { what: "the fixtures", most: MAX_BYTES });
        }
        Ok(Self(texts))
    }

    /// Each name and text, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a statement names: the digest of each name and text, each with its length before it, in the order of names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for text in self.0.iter().flat_map(|(name, text)| [name, text]) {
            bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Digest::of(&bytes)
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed)
}

impl TryFrom<BTreeMap<String, String>> for Fixtures {
    type Error = ReadError;

    fn try_from(texts: BTreeMap<String, String>) -> Result<Self, ReadError> {
        Self::new(texts)
    }
}

impl From<Fixtures> for BTreeMap<String, String> {
    fn from(fixtures: Fixtures) -> Self {
        fixtures.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Fixtures;
    use crate::ReadError;

    fn of(texts: &[(&str, &str)]) -> Result<Fixtures, ReadError> {
        Fixtures::new(texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_name_that_would_leave_its_folder_is_refused() {
        assert!(of(&[("submit_v2-1.ok", "{}")]).is_ok());
        for name in ["", "..", "../x", "a/b", "a\\b", ".hidden", "/etc/passwd", "a\0", "ä", &"x".repeat(101)] {
            assert!(matches!(of(&[(name, "{}")]), Err(ReadError::FixtureName(_))), "{name}");
        }
    }

    #[test]
    fn too_many_or_too_long_ones_are_refused() {
        let many: BTreeMap<String, String> = (0..2_001).map(|n| (n.to_string(), String::new())).collect();
        assert!(matches!(Fixtures::new(many), Err(ReadError::TooLarge { .. })));
        assert!(matches!(of(&[("a", &"x".repeat(4 * 1024 * 1024 + 1))]), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn what_moves_from_one_text_to_the_next_changes_the_digest() {
        let digest = |texts| of(texts).unwrap().digest();
        assert_ne!(digest(&[("a", "b"), ("c", "d")]), digest(&[("a", "bc"), ("d", "")]));
        assert_ne!(digest(&[("a", "")]), digest(&[]));
    }
}
