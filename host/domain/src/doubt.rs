//! In doubt: what becomes of an attempt whose task is given up while nobody knows how it ends at its provider.
//!
//! 1. At its deadline the task is over, whatever the provider does: its client gets `ERROR_TASK_TIMEOUT` and the hold back.
//!    A solution that comes later is withheld.
//! 2. A provider that can be asked is asked on, with the polls that are left, until its longest life has passed since it
//!    accepted the attempt (since the attempt was made, where it never said that it did). What it says by then is booked: a
//!    solution at the told cost or the list price, a failure as its fault says, nothing where it surely has no such task.
//! 3. What the end of the watch leaves without a word, what nobody can be asked about, and what a provider failed or forgot
//!    without anybody knowing whether it charged, is **taken as charged** at its list price and borne by the gateway in the
//!    open; whether it was charged stays `unknown` in the records. Books that
//!    are wrong on the safe side are put right by the comparison with the provider's balance, and a contributor must not
//!    bear other people's doubtful tasks until then. Not so where the request surely never left: that is no doubt.
//!
//! One attempt of a task at most comes to this, its last: what may have been sent is never sent again.

use crate::task::TaskState;

/// An attempt whose task is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// How the task stood until then.
    pub state: TaskState,
    /// When the attempt was made.
    pub created_at_ms: i64,
    /// When its provider accepted it, if it said so.
    pub accepted_at_ms: Option<i64>,
    /// Whether its provider can say what became of an attempt that it never answered.
    pub look_up: bool,
    /// Why nothing more can be learned about it, if that is known already.
    pub silence: Option<Silence>,
}

/// Why nothing more can be learned about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The provider surely has no such task: told by a look-up.
    NoSuchTask,
    /// The provider accepted it and does not know it any more.
    Forgotten,
    /// It was asked about as often as the provider allows.
    PollsUsedUp,
}

impl Silence {
    /// The word in the records, where it is all that is known of an attempt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchTask => "no-such-task",
            Self::Forgotten => "forgotten",
            Self::PollsUsedUp => "polls-used-up",
        }
    }
}

/// What is done about an attempt whose task is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It surely costs nothing.
    Nothing,
    /// More can be learned about it until this time, in milliseconds since 1970.
    Watch(i64),
    /// It is taken as charged.
    Assume,
}

/// What is done about an attempt whose task is given up, at a provider with this longest life.
#[must_use]
pub fn afterwards(given_up: &GivenUp, longest_life_ms: u32) -> Afterwards {
    let since_ms = given_up.accepted_at_ms.unwrap_or(given_up.created_at_ms);
    let until_ms = since_ms.saturating_add(i64::from(longest_life_ms));
    match (given_up.state, given_up.silence) {
        // Terminal before: what its attempt cost was settled with it.
        (TaskState::Solved | TaskState::Failed, _) | (_, Some(Silence::NoSuchTask)) => Afterwards::Nothing,
        (_, Some(Silence::Forgotten | Silence::PollsUsedUp)) => Afterwards::Assume,
        // The submit is under way, and its own answer is still to come.
        (TaskState::Submitting | TaskState::Running, None) => Afterwards::Watch(until_ms),
        (TaskState::InDoubt, None) if given_up.look_up => Afterwards::Watch(until_ms),
        (TaskState::InDoubt, None) => Afterwards::Assume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE_MS: u32 = 300_000;

    fn running() -> GivenUp {
        GivenUp {
            state: TaskState::Running,
            created_at_ms: 1_000,
            accepted_at_ms: Some(3_000),
            look_up: false,
            silence: None,
        }
    }

    #[test]
    fn what_a_provider_accepted_is_watched_for_its_longest_life() {
        assert_eq!(afterwards(&running(), LIFE_MS), Afterwards::Watch(303_000));
    }

    #[test]
    fn what_was_never_answered_is_watched_only_where_it_can_be_looked_up() {
        let doubtful = GivenUp { state: TaskState::InDoubt, accepted_at_ms: None, ..running() };
        assert_eq!(afterwards(&doubtful, LIFE_MS), Afterwards::Assume);
        assert_eq!(afterwards(&GivenUp { look_up: true, ..doubtful }, LIFE_MS), Afterwards::Watch(301_000));
    }

    #[test]
    fn a_submit_under_way_still_has_its_answer_to_give() {
        let submitting = GivenUp { state: TaskState::Submitting, accepted_at_ms: None, ..running() };
        assert_eq!(afterwards(&submitting, LIFE_MS), Afterwards::Watch(301_000));
    }

    #[test]
    fn only_what_the_provider_surely_does_not_have_costs_nothing() {
        let silent = |silence| afterwards(&GivenUp { silence: Some(silence), ..running() }, LIFE_MS);
        assert_eq!(silent(Silence::NoSuchTask), Afterwards::Nothing);
        assert_eq!(silent(Silence::Forgotten), Afterwards::Assume);
        assert_eq!(silent(Silence::PollsUsedUp), Afterwards::Assume);
    }
}
