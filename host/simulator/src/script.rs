//! Outcomes that a test writes down instead of leaving them to chance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens to one of the next creates (see [`crate::Control::script`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Create {
    /// Refused with this code of the wire format, such as `ERROR_NO_SLOT_AVAILABLE`.
    Error(String),
    /// Accepted and answered as usual.
    Accept {
        /// Simulated milliseconds until the outcome; `time_scale` divides them.
        solve_after_ms: u64,
        /// How the task ends.
        outcome: Outcome,
    },
    /// Accepted, but the connection is closed without an answer. The task ends as chance has it.
    AcceptAndLoseReply,
    /// Accepted, but the answer is an error page with status 502.
    AcceptAndServerError,
    /// Accepted, but the answer cannot be read.
    AcceptAndMalform(Malformed),
    /// Accepted; the answer comes so many simulated milliseconds later.
    AcceptSlowly {
        /// Simulated milliseconds until the answer.
        reply_after_ms: u64,
    },
    /// Not accepted: the connection is closed without an answer.
    LoseRequest,
    /// Not accepted: the answer is an error page with status 502.
    ServerError,
}

impl Create {
    /// Refused with this code of the wire format.
    #[must_use]
    pub fn error(code: &str) -> Self {
        Self::Error(code.to_owned())
    }

    /// Accepted and solved after so many simulated milliseconds.
    #[must_use]
    pub const fn solved_after(solve_after_ms: u64) -> Self {
        Self::Accept { solve_after_ms, outcome: Outcome::Solved }
    }
}

/// How an accepted task ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With the solution that the simulator makes for its type.
    Solved,
    /// With this `solution` object, whatever it is.
    Solution(Value),
    /// With this error code in the answers to polls. `ERROR_CAPTCHA_UNSOLVABLE` is charged where
    /// the service charges for trying, others are not.
    Error(String),
    /// Not at all, until the task's longest life is over.
    Never,
}

/// In which way an answer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Malformed {
    /// The first half of the right JSON; of plain text only its first letter, since half a token still looks like one.
    TruncatedJson,
    /// A page of HTML with status 200.
    Html,
    /// JSON whose fields have the wrong types; plain text that is none of the service's.
    WrongTypes,
}
