//! The life of a task: every legal move is one arm of [`step`]; what must be done about it is data.
//!
//! ```text
//! submitting ──▶ running ──▶ solved | failed
//!     │  ▲           │            ▲
//!     ▼  │(next)     ▼            │
//!     └──┴──── in doubt ──────────┘
//! ```
//!
//! A task is born `submitting`: its row, its hold and its first attempt are one transaction, so that there is no durable
//! task without an attempt. Terminal is terminal: what comes later is an effect of its own, never a new state
//! (what it costs: [`crate::doubt`]).

use serde::{Deserialize, Serialize};

use crate::code::ErrorCode;

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// An attempt is recorded and may have been sent.
    Submitting,
    /// A provider has accepted it.
    Running,
    /// Sent, and no definitive answer; never sent again.
    InDoubt,
    /// Solved and captured.
    Solved,
    /// Failed and released.
    Failed,
}

impl TaskState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitting => "submitting",
            Self::Running => "running",
            Self::InDoubt => "in_doubt",
            Self::Solved => "solved",
            Self::Failed => "failed",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Submitting, Self::Running, Self::InDoubt, Self::Solved, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == word)
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Solved | Self::Failed => true,
            Self::Submitting | Self::Running | Self::InDoubt => false,
        }
    }
}

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider accepted it (told by submit or by look-up).
    Accepted,
    /// The candidate surely did not accept it.
    Refused {
        /// Whether another candidate is left.
        another: bool,
        /// What the client hears when none is left.
        otherwise: ErrorCode,
    },
    /// Sent, and no definitive answer.
    Unclear,
    /// Nothing more can be learned of it: the provider surely has no such task (told by look-up), has forgotten it, or may
    /// not be asked again. It is not sent again all the same, since the provider may have dropped a task that it took.
    Silent,
    /// The provider solved it.
    Solved,
    /// The provider, or the client's own data, failed it for good.
    Failed(ErrorCode),
    /// Its deadline has passed.
    DeadlinePassed,
    /// The process that moved it is gone; another one took it up.
    TakenUp {
        /// Whether its adapter can look an attempt up.
        look_up: bool,
    },
}

/// What must be done about a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Record the next attempt durably, then submit it.
    SubmitNext,
    /// Store reference and memo.
    StoreAcceptance,
    /// Put it on the timer wheel.
    SchedulePoll,
    /// Ask the provider what became of the attempt.
    LookUp,
    /// Store the solution and capture the hold.
    Capture,
    /// Store the failure and release the hold.
    Release(ErrorCode),
    /// Book what the provider charged as the platform's loss; the solution is withheld.
    BookLateCost,
    /// Wake who waits for it.
    Notify,
}

/// A move and what it entails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The state after it.
    pub to: TaskState,
    /// What must be done, in order.
    pub effects: Vec<Effect>,
}

/// A move that no rule allows: a bug of the caller's, which stops this task and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {from:?} cannot take {event}")]
pub struct IllegalMove {
    /// The state it was in.
    pub from: TaskState,
    /// What was said to have happened.
    pub event: &'static str,
}

/// What follows from an event.
///
/// # Errors
/// [`IllegalMove`] when the event cannot happen to a task in that state.
pub fn step(from: TaskState, event: &Event) -> Result<Moved, IllegalMove> {
    use Effect as E;
    use TaskState as S;
    let moved = |to: S, effects: &[E]| Ok(Moved { to, effects: effects.to_vec() });
    match (from, event) {
        (S::Submitting | S::InDoubt, Event::Accepted) => {
            moved(S::Running, &[E::StoreAcceptance, E::SchedulePoll, E::Notify])
        }
        (S::Submitting, Event::Refused { another: true, .. }) => moved(S::Submitting, &[E::SubmitNext]),
        (S::Submitting, Event::Refused { another: false, otherwise }) => {
            moved(S::Failed, &[E::Release(*otherwise), E::Notify])
        }
        (S::Submitting, Event::Unclear) => moved(S::InDoubt, &[E::LookUp, E::Notify]),
        (S::InDoubt, Event::Unclear | Event::Silent) => moved(S::InDoubt, &[]),
        (S::Running, Event::Silent) => moved(S::Running, &[]),
        (S::Submitting | S::Running | S::InDoubt, Event::Solved) => moved(S::Solved, &[E::Capture, E::Notify]),
        (S::Submitting | S::Running | S::InDoubt, Event::Failed(code)) => {
            moved(S::Failed, &[E::Release(*code), E::Notify])
        }
        (S::Submitting | S::Running | S::InDoubt, Event::DeadlinePassed) => {
            moved(S::Failed, &[E::Release(ErrorCode::TaskTimeout), E::Notify])
        }
        (S::Submitting | S::InDoubt, Event::TakenUp { look_up: true }) => moved(S::InDoubt, &[E::LookUp]),
        (S::Submitting | S::InDoubt, Event::TakenUp { look_up: false }) => moved(S::InDoubt, &[]),
        (S::Running, Event::TakenUp { .. }) => moved(S::Running, &[E::SchedulePoll]),
        (S::Solved | S::Failed, Event::Solved) => moved(from, &[E::BookLateCost]),
        (S::Solved | S::Failed, _) => moved(from, &[]),
        (S::Running, Event::Accepted | Event::Refused { .. } | Event::Unclear)
        | (S::Submitting, Event::Silent)
        | (S::InDoubt, Event::Refused { .. }) => Err(IllegalMove { from, event: event.name() }),
    }
}

impl Event {
    const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Unclear => "unclear",
            Self::Silent => "silent",
            Self::Solved => "solved",
            Self::Failed(_) => "failed",
            Self::DeadlinePassed => "deadline passed",
            Self::TakenUp { .. } => "taken up",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [TaskState; 5] =
        [TaskState::Submitting, TaskState::Running, TaskState::InDoubt, TaskState::Solved, TaskState::Failed];

    fn events() -> Vec<Event> {
        vec![
            Event::Accepted,
            Event::Refused { another: true, otherwise: ErrorCode::NoProvidersAvailable },
            Event::Refused { another: false, otherwise: ErrorCode::NoProvidersAvailable },
            Event::Unclear,
            Event::Silent,
            Event::Solved,
            Event::Failed(ErrorCode::CaptchaUnsolvable),
            Event::DeadlinePassed,
            Event::TakenUp { look_up: true },
            Event::TakenUp { look_up: false },
        ]
    }

    fn settles(moved: &Moved) -> usize {
        moved.effects.iter().filter(|e| matches!(e, Effect::Capture | Effect::Release(_))).count()
    }

    #[test]
    fn a_hold_is_settled_exactly_when_a_task_becomes_terminal() {
        for from in STATES {
            for event in events() {
                let Ok(moved) = step(from, &event) else { continue };
                let became_terminal = !from.is_terminal() && moved.to.is_terminal();
                assert_eq!(settles(&moved), usize::from(became_terminal), "{from:?} {event:?}");
            }
        }
    }

    #[test]
    fn terminal_is_terminal() {
        for from in [TaskState::Solved, TaskState::Failed] {
            for event in events() {
                assert_eq!(step(from, &event).unwrap().to, from, "{event:?}");
            }
        }
    }

    #[test]
    fn what_may_have_been_sent_is_never_sent_again() {
        for from in [TaskState::InDoubt, TaskState::Running] {
            for event in events() {
                if let Ok(moved) = step(from, &event) {
                    assert!(!moved.effects.contains(&Effect::SubmitNext), "{from:?} {event:?}");
                }
            }
        }
    }

    #[test]
    fn a_time_out_releases_and_a_late_solution_is_a_loss() {
        let timed_out = step(TaskState::InDoubt, &Event::DeadlinePassed).unwrap();
        assert_eq!(timed_out.effects, [Effect::Release(ErrorCode::TaskTimeout), Effect::Notify]);
        assert_eq!(step(timed_out.to, &Event::Solved).unwrap().effects, [Effect::BookLateCost]);
    }

    #[test]
    fn states_read_back_from_their_words() {
        for state in STATES {
            assert_eq!(TaskState::from_word(state.as_str()), Some(state));
        }
        assert_eq!(TaskState::from_word("accepted"), None);
    }
}
