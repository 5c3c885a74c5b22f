//! Operations that have no end: why, what that says of the adapter, and what it is as a fault.

use capstan_domain::adapter::{Charged, Fault, FaultClass, MAX_STEPS};
use capstan_domain::quarantine::Conduct;
use capstan_egress::{Blame, EgressError};
use capstan_sandbox::{AdapterFault, CallError};

/// Why an operation has no end.
#[derive(Debug, thiserror::Error)]
pub(in crate::tasks) enum DriveError {
    /// The adapter failed.
    #[error("the adapter failed")]
    Adapter(#[source] CallError),
    /// A request failed.
    #[error("a request failed")]
    Egress(#[source] EgressError),
    /// The task was given up meanwhile.
    #[error("the task was given up before the request was sent")]
    TooLate,
    /// The adapter goes on and on.
    #[error("the adapter took more than {MAX_STEPS} steps")]
    TooManySteps,
    /// The adapter broke the contract.
    #[error("the adapter ended the operation with a step that does not belong to it")]
    ForeignStep,
    /// The adapter made up what only its provider can say.
    #[error("the adapter tells what its provider said, without having asked it")]
    Unasked,
    /// The adapter is quarantined.
    #[error("the adapter is quarantined")]
    Quarantined,
}

/// An operation that has no end, and whether anything of it may have reached the provider.
#[derive(Debug, thiserror::Error)]
#[error("an operation was cut off")]
pub(in crate::tasks) struct CutOff {
    /// Why.
    #[source]
    pub error: DriveError,
    /// Whether the provider may have heard of it.
    pub may_have_been_sent: bool,
}

impl DriveError {
    /// A word for records, logs and metrics.
    pub(in crate::tasks) fn name(&self) -> &'static str {
        match self {
            Self::Adapter(CallError::Adapter(fault)) => fault.name(),
            Self::Adapter(CallError::Busy | CallError::Stopped) => "sandbox-busy",
            Self::Egress(EgressError::Refused(refusal)) => refusal.name(),
            Self::Egress(EgressError::Busy { .. }) => "too-many-requests-at-once",
            Self::Egress(_) => "request-failed",
            Self::TooLate => "too-late",
            Self::TooManySteps => "too-many-steps",
            Self::ForeignStep => "foreign-step",
            Self::Unasked => "unasked-answer",
            Self::Quarantined => "quarantined",
        }
    }

    /// What this says of the adapter; `None` when it was not asked.
    pub(super) fn conduct(&self) -> Option<Conduct> {
        match self {
            Self::Adapter(CallError::Adapter(AdapterFault::OutOfTime)) => Some(Conduct::TimedOut(self.name())),
            Self::Adapter(CallError::Adapter(_)) | Self::TooManySteps | Self::ForeignStep | Self::Unasked => {
                Some(Conduct::Broke(self.name()))
            }
            Self::Egress(error) => match error.blame() {
                Blame::Adapter => Some(Conduct::Broke(self.name())),
                Blame::Provider | Blame::Us => Some(Conduct::Kept),
            },
            Self::Adapter(CallError::Busy | CallError::Stopped) | Self::TooLate | Self::Quarantined => None,
        }
    }
}

impl CutOff {
    /// Whether the provider itself is the trouble, so that others had better leave it alone for a moment. What an adapter
    /// did with one client's task is no reason to rest a credential for everybody.
    pub(in crate::tasks) fn is_the_providers(&self) -> bool {
        match &self.error {
            DriveError::Egress(error) => error.blame() == Blame::Provider,
            DriveError::Adapter(_)
            | DriveError::TooLate
            | DriveError::TooManySteps
            | DriveError::ForeignStep
            | DriveError::Unasked
            | DriveError::Quarantined => false,
        }
    }

    /// The same as a fault: in doubt when the provider may have heard of it, else surely not accepted.
    #[must_use]
    pub(in crate::tasks) fn fault(&self) -> Fault {
        let class = if self.may_have_been_sent { FaultClass::InDoubt } else { FaultClass::ProviderDown };
        let message = match &self.error {
            DriveError::Adapter(error) => error.to_string(),
            DriveError::Egress(error) => error.to_string(),
            DriveError::TooLate
            | DriveError::TooManySteps
            | DriveError::ForeignStep
            | DriveError::Unasked
            | DriveError::Quarantined => self.error.to_string(),
        };
        let charged = if self.may_have_been_sent { Charged::Unknown } else { Charged::No };
        Fault { class, code: self.error.name().to_owned(), message, charged }
    }
}
