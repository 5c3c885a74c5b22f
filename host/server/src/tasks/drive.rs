//! Driving an operation: the adapter says what to send, egress sends it, the adapter reads the reply, until it ends.

use std::time::Duration;

use capstan_domain::adapter::Charged;
use capstan_domain::adapter::{Fault, FaultClass, MAX_STEPS, Operation, Reply, Step};
use capstan_egress::EgressError;
use capstan_sandbox::CallError;

use crate::app::App;
use crate::providers::{Credential, Provider};

/// Why an operation has no end.
#[derive(Debug, thiserror::Error)]
pub(super) enum DriveError {
    /// The adapter failed.
    #[error("the adapter failed")]
    Adapter(#[source] CallError),
    /// A request failed.
    #[error("a request failed")]
    Egress(#[source] EgressError),
    /// The adapter goes on and on.
    #[error("the adapter took more than {MAX_STEPS} steps")]
    TooManySteps,
}

/// An operation that has no end, and whether anything of it may have reached the provider.
#[derive(Debug, thiserror::Error)]
#[error("an operation was cut off")]
pub(super) struct CutOff {
    /// Why.
    #[source]
    pub error: DriveError,
    /// Whether the provider may have heard of it.
    pub may_have_been_sent: bool,
}

/// Runs an operation to its end.
///
/// # Errors
/// [`CutOff`]; what the provider itself reports is a [`Step::Failed`].
pub(super) async fn drive(
    app: &App,
    provider: &Provider,
    credential: &Credential,
    operation: Operation,
) -> Result<Step, CutOff> {
    let mut may_have_been_sent = false;
    let cut_off = |error, may_have_been_sent| CutOff { error, may_have_been_sent };
    let begun = provider.adapter.begin(operation).await;
    let mut step = begun.map_err(|e| cut_off(DriveError::Adapter(e), false))?;
    for _ in 0..MAX_STEPS {
        let (state, reply) = match step {
            Step::Send(request, state) => {
                let sent =
                    app.egress.send(&provider.grant, Some((&credential.binding, &credential.sealed)), &request).await;
                match sent {
                    Ok(response) => {
                        may_have_been_sent = true;
                        (state, Reply::Response(response))
                    }
                    Err(error) => {
                        let unclear = may_have_been_sent || !error.surely_not_sent();
                        return Err(cut_off(DriveError::Egress(error), unclear));
                    }
                }
            }
            Step::Wait(wait_ms, state) => {
                tokio::time::sleep(Duration::from_millis(u64::from(wait_ms / provider.time_scale.max(1)))).await;
                (state, Reply::Waited)
            }
            end @ (Step::Accepted(_)
            | Step::Solved(_)
            | Step::Polled(_)
            | Step::Balance(_)
            | Step::Market(_)
            | Step::Failed(_)
            | Step::Done) => return Ok(end),
        };
        let advanced = provider.adapter.advance(state, reply).await;
        step = advanced.map_err(|e| cut_off(DriveError::Adapter(e), may_have_been_sent))?;
    }
    Err(cut_off(DriveError::TooManySteps, may_have_been_sent))
}

impl CutOff {
    /// The same as a fault: in doubt when the provider may have heard of it, else surely not accepted.
    #[must_use]
    pub(super) fn fault(&self) -> Fault {
        let class = if self.may_have_been_sent { FaultClass::InDoubt } else { FaultClass::ProviderDown };
        let code = match &self.error {
            DriveError::Adapter(_) => "adapter-failed",
            DriveError::Egress(_) => "request-failed",
            DriveError::TooManySteps => "too-many-steps",
        };
        let message = match &self.error {
            DriveError::Adapter(error) => error.to_string(),
            DriveError::Egress(error) => error.to_string(),
            DriveError::TooManySteps => self.error.to_string(),
        };
        let charged = if self.may_have_been_sent { Charged::Unknown } else { Charged::No };
        Fault { class, code: code.to_owned(), message, charged }
    }
}

/// A step that does not belong to the operation: the adapter broke the contract after the provider was spoken to.
#[must_use]
pub(super) fn foreign_step(operation: &str) -> Fault {
    Fault {
        class: FaultClass::InDoubt,
        code: "adapter-broke-contract".to_owned(),
        message: format!("the adapter ended {operation} with a step that does not belong to it"),
        charged: Charged::Unknown,
    }
}
