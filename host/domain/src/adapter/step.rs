//! What an adapter answers: the next request, or how an operation ended.

use super::{Money, OutwardRequest};

/// What an adapter wants next.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// Send this, then call `advance` with the state and the response.
    Send(OutwardRequest, Vec<u8>),
    /// Wait this many milliseconds, then call `advance` with the state.
    Wait(u32, Vec<u8>),
    /// Submit or look-up: the provider has the task.
    Accepted(Acceptance),
    /// Submit: solved at once.
    Solved(Solved),
    /// Poll: what is known; a task that is not named is still open.
    Polled(Vec<Verdict>),
    /// Balance: what the credential has.
    Balance(Money),
    /// Market: what the provider publishes.
    Market(Vec<Offer>),
    /// The operation failed.
    Failed(Fault),
    /// Report or cancel: done. Look-up: the provider surely has no such task.
    Done,
}

/// A provider's acceptance of a task.
#[derive(Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The provider's id of the task.
    pub reference: String,
    /// What a poll needs to know beyond it.
    pub memo: Vec<u8>,
    /// When to poll first, in milliseconds from now, where the provider said so.
    pub poll_after_ms: Option<u32>,
}

/// A solution and what it cost.
#[derive(Clone, PartialEq, Eq)]
pub struct Solved {
    /// Canonical solution, a JSON object.
    pub solution: String,
    /// What the provider charged, where it said so.
    pub cost: Option<Money>,
}

/// What a poll found out about one task.
#[derive(Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which task.
    pub reference: String,
    /// How it stands.
    pub standing: Standing,
}

/// How an accepted task stands.
#[derive(Clone, PartialEq, Eq)]
pub enum Standing {
    /// Still open; poll again after so many milliseconds, where the provider said so.
    Open(Option<u32>),
    /// Solved.
    Solved(Solved),
    /// Failed.
    Failed(Fault),
}

/// A published price and load of one task type.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The canonical family.
    pub family: String,
    /// Price of one task.
    pub price: Money,
    /// Mean time to solution in milliseconds, where published.
    pub speed_ms: Option<u32>,
    /// Idle workers, where published.
    pub idle: Option<u32>,
}

/// Why an operation failed, and what the host must do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the host must do.
    pub class: FaultClass,
    /// The provider's own code, or the adapter's.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the provider charged all the same.
    pub charged: Charged,
}

/// What the host must do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The client's fault, its proxy included: fail the task, try no other provider.
    InvalidTask,
    /// A definitive failure of the task.
    Unsolvable,
    /// This provider does not do it: next candidate.
    NotSupported,
    /// Too fast; wait this many milliseconds where the provider said so. Next candidate.
    Throttled(Option<u32>),
    /// Nobody free: next candidate.
    NoCapacity,
    /// The credential is refused: next candidate, and the credential needs its owner.
    CredentialRejected,
    /// The credential has no funds: next candidate, and the credential needs its owner.
    CredentialOutOfFunds,
    /// The provider is down and surely did not accept: next candidate.
    ProviderDown,
    /// Sent, and no definitive answer: never sent again.
    InDoubt,
}

impl FaultClass {
    /// The word in the database, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidTask => "invalid-task",
            Self::Unsolvable => "unsolvable",
            Self::NotSupported => "not-supported",
            Self::Throttled(_) => "throttled",
            Self::NoCapacity => "no-capacity",
            Self::CredentialRejected => "credential-rejected",
            Self::CredentialOutOfFunds => "credential-out-of-funds",
            Self::ProviderDown => "provider-down",
            Self::InDoubt => "in-doubt",
        }
    }
}

/// Whether a provider charged for what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charged {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// It does not say.
    Unknown,
}
