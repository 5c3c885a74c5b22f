//! Identifiers. Each is its own type, so that one cannot be passed for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

uuid_id! {
    /// A customer of the gateway.
    AccountId,
    /// What an account authenticates with.
    ApiKeyId,
    /// One unit of work asked for; UUIDv7, so that ids sort by creation.
    TaskId,
    /// One candidate tried for a task.
    AttemptId,
    /// A sealed key at a provider.
    CredentialId,
    /// One balanced group of ledger entries.
    MoveId,
}

/// A provider's short name as its adapter's manifest gives it: lower case, digits and dashes, such as `anti-captcha`.
///
/// Cheap to clone; compared exactly. What clients write is compared by [`ProviderId::matches`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderId(Arc<str>);

/// Why a text is not a provider id.
#[derive(Debug, thiserror::Error)]
#[error("a provider id is 1 to 40 of a-z, 0-9 and '-', not {0:?}")]
pub struct BadProviderId(String);

impl ProviderId {
    /// Accepts 1 to 40 characters of `a-z`, `0-9` and `-`.
    ///
    /// # Errors
    /// [`BadProviderId`] for anything else.
    pub fn new(text: &str) -> Result<Self, BadProviderId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(BadProviderId(text.chars().take(60).collect()))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client's spelling names this provider: letter case, blanks, dashes, dots and underscores do not count,
    /// since the field writes `AntiCaptcha`, `anti-captcha` and `anti_captcha` for the same service.
    #[must_use]
    pub fn matches(&self, spelling: &str) -> bool {
        fn bare(text: &str) -> impl Iterator<Item = char> {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
        }
        bare(spelling).eq(bare(&self.0))
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ProviderId;

    #[test]
    fn a_provider_is_matched_without_regard_to_case_and_separators() {
        let id = ProviderId::new("anti-captcha").unwrap();
        for spelling in ["anti-captcha", "AntiCaptcha", "ANTI_CAPTCHA", " anti captcha "] {
            assert!(id.matches(spelling), "{spelling}");
        }
        assert!(!id.matches("capsolver") && !id.matches(""));
    }

    #[test]
    fn odd_provider_ids_are_refused() {
        for text in ["", "Anti", "a b", "a/b", &"x".repeat(41)] {
            assert!(ProviderId::new(text).is_err(), "{text}");
        }
    }
}
