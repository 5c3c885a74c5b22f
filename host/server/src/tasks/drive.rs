//! Driving an operation: the adapter says what to send, egress sends it, the adapter reads the reply, until it ends.

use std::time::{Duration, Instant};

use capstan_domain::adapter::Charged;
use capstan_domain::adapter::{Fault, FaultClass, InwardResponse, MAX_STEPS, Operation, OutwardRequest, Reply, Step};
use capstan_egress::{Blame, EgressError, Waiting};
use capstan_sandbox::CallError;

use crate::app::App;
use crate::clock;
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
    /// The task was given up meanwhile.
    #[error("the task was given up before the request was sent")]
    TooLate,
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

/// With whom an operation is run, and until when it may send.
pub(super) struct Party<'p> {
    /// The provider.
    pub(super) provider: &'p Provider,
    /// The credential at it.
    pub(super) credential: &'p Credential,
    /// Nothing is sent after this time: the task of the operation has been given up by then.
    pub(super) until_ms: i64,
    /// Told how long the provider takes.
    pub(super) waiting: &'p Waiting,
}

/// Longest wait that an adapter may ask for between two requests, before the provider's time scale.
const LONGEST_WAIT_MS: u32 = 30_000;

/// Runs an operation to its end.
///
/// # Errors
/// [`CutOff`]; what the provider itself reports is a [`Step::Failed`].
pub(super) async fn drive(app: &App, party: &Party<'_>, operation: Operation) -> Result<Step, CutOff> {
    let Party { provider, until_ms, .. } = *party;
    let name = operation.name();
    let mut may_have_been_sent = false;
    let cut_off = |error, may_have_been_sent| CutOff { error, may_have_been_sent };
    let begun = timed(app, provider, "begin", provider.adapter.begin(operation)).await;
    let mut step = begun.map_err(|e| cut_off(DriveError::Adapter(e), false))?;
    for _ in 0..MAX_STEPS {
        let (state, reply) = match step {
            Step::Send(..) if clock::now_ms() > until_ms => {
                return Err(cut_off(DriveError::TooLate, may_have_been_sent));
            }
            Step::Send(request, state) => match send(app, party, name, &request).await {
                Ok(response) => {
                    may_have_been_sent = true;
                    (state, Reply::Response(response))
                }
                Err(error) => {
                    let unclear = may_have_been_sent || !error.surely_not_sent();
                    return Err(cut_off(DriveError::Egress(error), unclear));
                }
            },
            Step::Wait(wait_ms, state) => {
                let wait_ms = provider.in_our_time(wait_ms.min(LONGEST_WAIT_MS));
                let wait = party.waiting.begin();
                tokio::time::sleep(Duration::from_millis(u64::from(wait_ms))).await;
                drop(wait);
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
        let advanced = timed(app, provider, "advance", provider.adapter.advance(state, reply)).await;
        step = advanced.map_err(|e| cut_off(DriveError::Adapter(e), may_have_been_sent))?;
    }
    Err(cut_off(DriveError::TooManySteps, may_have_been_sent))
}

/// A call into an adapter, counted.
async fn timed(
    app: &App,
    provider: &Provider,
    name: &'static str,
    call: impl Future<Output = Result<Step, CallError>>,
) -> Result<Step, CallError> {
    let began = Instant::now();
    let step = call.await;
    app.metrics.called(&provider.id, name, began.elapsed(), step.as_ref().err().map(CallError::kind));
    step
}

/// A request to the provider, counted.
async fn send(
    app: &App,
    party: &Party<'_>,
    operation: &'static str,
    request: &OutwardRequest,
) -> Result<InwardResponse, EgressError> {
    let Party { provider, credential, waiting, .. } = *party;
    let before = waiting.so_far();
    let key = (&credential.binding, &credential.sealed);
    let reply = app.egress.send_timed(&provider.grant, Some(key), request, waiting).await;
    let waited = waiting.so_far().saturating_sub(before);
    app.metrics.exchanged(&provider.id, operation, waited, reply.as_ref().err().map(EgressError::kind));
    reply
}

impl CutOff {
    /// Whether the provider itself is the trouble, so that others had better leave it alone for a moment. What an adapter
    /// did with one client's task is no reason to rest a credential for everybody.
    pub(super) fn is_the_providers(&self) -> bool {
        match &self.error {
            DriveError::Egress(error) => error.blame() == Blame::Provider,
            DriveError::Adapter(_) | DriveError::TooLate | DriveError::TooManySteps => false,
        }
    }

    /// The same as a fault: in doubt when the provider may have heard of it, else surely not accepted.
    #[must_use]
    pub(super) fn fault(&self) -> Fault {
        let class = if self.may_have_been_sent { FaultClass::InDoubt } else { FaultClass::ProviderDown };
        let code = match &self.error {
            DriveError::Adapter(_) => "adapter-failed",
            DriveError::Egress(_) => "request-failed",
            DriveError::TooLate => "too-late",
            DriveError::TooManySteps => "too-many-steps",
        };
        let message = match &self.error {
            DriveError::Adapter(error) => error.to_string(),
            DriveError::Egress(error) => error.to_string(),
            DriveError::TooLate | DriveError::TooManySteps => self.error.to_string(),
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
