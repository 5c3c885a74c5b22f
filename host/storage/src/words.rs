//! The words of the small state columns, and how they are read back.

use crate::StoreError;

/// Reads a word of a column, or names the row that holds another.
pub(crate) fn read<T>(
    value: Option<T>,
    table: &'static str,
    column: &'static str,
    id: impl ToString,
) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::unreadable(table, column, id))
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// It may create tasks.
    Active,
    /// It may read, and create nothing.
    Suspended,
    /// It is gone; its money records stay.
    Closed,
}

impl AccountStatus {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Closed].into_iter().find(|s| s.as_str() == word)
    }
}

/// How an API key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// It authenticates, until it expires.
    Active,
    /// It authenticates nothing any more.
    Revoked,
}

impl KeyStatus {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Revoked].into_iter().find(|s| s.as_str() == word)
    }
}

/// How a provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderStatus {
    /// Tasks may be routed to it.
    Active,
    /// No new task is routed to it.
    Disabled,
}

impl ProviderStatus {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|s| s.as_str() == word)
    }
}

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// Recorded, and may have been sent.
    Submitting,
    /// Its provider has accepted it.
    Running,
    /// Sent, and no definitive answer.
    InDoubt,
    /// Its provider solved it.
    Solved,
    /// It ended without a solution.
    Failed,
    /// Its provider surely did not accept it.
    Refused,
}

impl AttemptState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitting => "submitting",
            Self::Running => "running",
            Self::InDoubt => "in_doubt",
            Self::Solved => "solved",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Submitting, Self::Running, Self::InDoubt, Self::Solved, Self::Failed, Self::Refused]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}
