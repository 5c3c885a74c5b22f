//! The life of a credential: `pending → active ⇄ paused → depleted | rejected | withdrawn`, and `disabled`, which is the
//! operator's word and not its owner's to take back.
//!
//! Everything that can happen to a contributed credential is one arm of [`CredentialStatus::after`]. A platform credential
//! knows `active` and `disabled` only.

use serde::Serialize;

/// How a credential stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialStatus {
    /// Contributed, and not yet seen to work.
    Pending,
    /// Tasks may be routed to it.
    Active,
    /// Its owner does not lend it for now.
    Paused,
    /// It has too little at its provider.
    Depleted,
    /// Its provider does not accept it.
    Rejected,
    /// The operator has switched it off.
    Disabled,
    /// Its owner has taken it back, for good.
    Withdrawn,
}

/// What can happen to a contributed credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Its provider told a balance that is enough to be lent.
    Funded,
    /// Its provider told a balance that is too small, or refused a task for want of money.
    OutOfFunds,
    /// Its provider does not accept it.
    Refused,
    /// Its owner pauses it.
    Pause,
    /// Its owner lends it again.
    Resume,
    /// Its owner takes it back, or somebody else has proved to own it.
    Withdraw,
    /// The operator switches it off.
    Disable,
    /// The operator lets it go on.
    Enable,
}

impl CredentialStatus {
    /// Every status.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Active, Self::Paused, Self::Depleted, Self::Rejected, Self::Disabled, Self::Withdrawn];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Depleted => "depleted",
            Self::Rejected => "rejected",
            Self::Disabled => "disabled",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// How a contributed credential stands after that; `None` where it changes nothing. Whoever lends it again has it looked
    /// at first: much may have happened meanwhile.
    #[must_use]
    pub const fn after(self, happening: Happening) -> Option<Self> {
        match (self, happening) {
            (Self::Withdrawn, _) => None,
            (_, Happening::Withdraw) => Some(Self::Withdrawn),
            // Whether it is lent again is its owner's to say.
            (Self::Disabled, Happening::Enable) => Some(Self::Paused),
            (Self::Disabled, _) | (_, Happening::Enable) => None,
            (_, Happening::Disable) => Some(Self::Disabled),
            (Self::Paused, Happening::Resume) => Some(Self::Pending),
            (Self::Paused, _) | (_, Happening::Resume) => None,
            (_, Happening::Pause) => Some(Self::Paused),
            (Self::Active, Happening::Funded)
            | (Self::Depleted, Happening::OutOfFunds)
            | (Self::Rejected, Happening::Refused) => None,
            (_, Happening::Funded) => Some(Self::Active),
            (_, Happening::OutOfFunds) => Some(Self::Depleted),
            (_, Happening::Refused) => Some(Self::Rejected),
        }
    }

    /// Whether its provider is asked for its balance once in a while, to see how it stands.
    #[must_use]
    pub const fn is_looked_at(self) -> bool {
        match self {
            Self::Pending | Self::Active | Self::Depleted | Self::Rejected => true,
            Self::Paused | Self::Disabled | Self::Withdrawn => false,
        }
    }
}

/// When the next look at a credential is due, in milliseconds from now, after so many in a row that found it unfit: one that
/// works is looked at every hour; one that does not after 5 minutes, then 10, up to a day, since nobody but its owner can
/// mend it, and services block who asks too often for a key that they do not accept.
#[must_use]
pub fn next_look_ms(unfit: u32) -> i64 {
    const MINUTE_MS: i64 = 60_000;
    match unfit {
        0 => 60 * MINUTE_MS,
        _ => ((5 * MINUTE_MS) << (unfit - 1).min(16)).min(24 * 60 * MINUTE_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialStatus::{Active, Depleted, Disabled, Paused, Pending, Rejected, Withdrawn};
    use super::*;

    const HAPPENINGS: [Happening; 8] = [
        Happening::Funded,
        Happening::OutOfFunds,
        Happening::Refused,
        Happening::Pause,
        Happening::Resume,
        Happening::Withdraw,
        Happening::Disable,
        Happening::Enable,
    ];

    #[test]
    fn every_step_of_its_life() {
        // Funded, out of funds, refused, pause, resume, withdraw, disable, enable; what changes nothing is `None`.
        let (no, gone, off) = (None, Some(Withdrawn), Some(Disabled));
        let table = [
            (Pending, [Some(Active), Some(Depleted), Some(Rejected), Some(Paused), no, gone, off, no]),
            (Active, [no, Some(Depleted), Some(Rejected), Some(Paused), no, gone, off, no]),
            (Paused, [no, no, no, no, Some(Pending), gone, off, no]),
            (Depleted, [Some(Active), no, Some(Rejected), Some(Paused), no, gone, off, no]),
            (Rejected, [Some(Active), Some(Depleted), no, Some(Paused), no, gone, off, no]),
            (Disabled, [no, no, no, no, no, gone, no, Some(Paused)]),
            (Withdrawn, [no; 8]),
        ];
        for (status, after) in table {
            assert_eq!(HAPPENINGS.map(|happening| status.after(happening)), after, "{status:?}");
        }
    }

    #[test]
    fn looks_at_what_does_not_work_become_rare() {
        let minutes = [0, 1, 2, 3, 9, 10, 11, u32::MAX].map(|unfit| next_look_ms(unfit) / 60_000);
        assert_eq!(minutes, [60, 5, 10, 20, 1_280, 1_440, 1_440, 1_440]);
    }

    #[test]
    fn a_word_is_read_back() {
        for status in CredentialStatus::ALL {
            assert_eq!(CredentialStatus::from_word(status.as_str()), Some(status));
        }
        assert_eq!(CredentialStatus::from_word("lent"), None);
    }
}
