//! Driving an operation: the adapter says what to send, egress sends it, the adapter reads the reply, until it ends.

mod cut_off;

use std::time::{Duration, Instant};

use capstan_domain::AttemptId;
use capstan_domain::adapter::{
    Acceptance, Fault, InwardResponse, MAX_STEPS, MAX_WAIT_MS, Money, Offer, OpenTask, Operation, OutwardRequest,
    Reply, Report, Sifted, Solved, Standing, Step, Submission, Verdict, sift,
};
use capstan_domain::quarantine::{Conduct, Entry, Work};
use capstan_egress::{EgressError, Exchanged, Waiting};
use capstan_sandbox::{CallError, Used};

use crate::app::App;
use crate::clock;
use crate::providers::{Credential, Provider, Version};
use crate::recorded::Recording;
pub(super) use cut_off::{CutOff, DriveError};

/// With whom an operation is run, and until when it may send.
pub(super) struct Party<'p> {
    /// The provider.
    pub(super) provider: &'p Provider,
    /// The credential at it; none for what is published, which needs none, so that none is lent to whoever asks for it.
    pub(super) credential: Option<&'p Credential>,
    /// Nothing is sent after this time: the task of the operation has been given up by then.
    pub(super) until_ms: i64,
    /// Told how long the provider takes.
    pub(super) waiting: &'p Waiting,
}

/// What became of a submit.
pub(super) enum Submitted {
    /// The provider has the task.
    Accepted(Acceptance),
    /// The provider solved it at once.
    Solved(Solved),
    /// The provider, or the way to it, failed.
    Failed(Fault),
}

/// What became of a poll.
pub(super) enum Polled {
    /// What is known; a task that is not named is still open.
    Verdicts(Vec<Verdict>),
    /// The poll failed, which says nothing about the tasks.
    Failed(Fault),
}

/// What became of a look-up.
pub(super) enum LookedUp {
    /// The provider has the task.
    Accepted(Acceptance),
    /// It surely has not.
    Unknown,
    /// The look-up failed.
    Failed(Fault),
}

/// What became of a question that has one kind of answer.
pub(super) enum Asked<T> {
    /// What the provider says.
    Told(T),
    /// It did not say.
    Failed(Fault),
}

/// How an operation ended and how the adapter behaved; `None` for a step that does not belong to the operation.
type End<T> = Option<(T, Conduct)>;

/// Submits a task, unless the adapter is quarantined.
///
/// # Errors
/// [`CutOff`]; what the provider itself reports is [`Submitted::Failed`].
pub(super) async fn submit(app: &App, party: &Party<'_>, submission: Submission) -> Result<Submitted, CutOff> {
    let read = |step| {
        let end = match step {
            Step::Accepted(acceptance) => Submitted::Accepted(acceptance),
            Step::Solved(solved) => Submitted::Solved(solved),
            Step::Failed(fault) => Submitted::Failed(fault),
            Step::Send(..) | Step::Wait(..) | Step::Polled(_) | Step::Balance(_) | Step::Market(_) | Step::Done => {
                return None;
            }
        };
        Some((end, Conduct::Kept))
    };
    drive(app, party, Operation::Submit(submission), read).await
}

/// Asks about tasks; a verdict that was not asked for, or one of several on a task, does not count.
///
/// # Errors
/// As for [`submit`].
pub(super) async fn poll(app: &App, party: &Party<'_>, tasks: Vec<OpenTask>) -> Result<Polled, CutOff> {
    let asked: Vec<String> = tasks.iter().map(|task| task.reference.clone()).collect();
    let read = |step| match step {
        Step::Polled(verdicts) => {
            let Sifted { verdicts, breach } = sift(&asked, verdicts);
            Some((Polled::Verdicts(verdicts), breach.map_or(Conduct::Kept, Conduct::Broke)))
        }
        Step::Failed(fault) => Some((Polled::Failed(fault), Conduct::Kept)),
        Step::Send(..)
        | Step::Wait(..)
        | Step::Accepted(_)
        | Step::Solved(_)
        | Step::Balance(_)
        | Step::Market(_)
        | Step::Done => None,
    };
    drive(app, party, Operation::Poll(tasks), read).await
}

/// Asks what became of an attempt.
///
/// # Errors
/// As for [`submit`].
pub(super) async fn look_up(app: &App, party: &Party<'_>, attempt: AttemptId) -> Result<LookedUp, CutOff> {
    let read = |step| {
        let end = match step {
            Step::Accepted(acceptance) => LookedUp::Accepted(acceptance),
            Step::Done => LookedUp::Unknown,
            Step::Failed(fault) => LookedUp::Failed(fault),
            Step::Send(..)
            | Step::Wait(..)
            | Step::Solved(_)
            | Step::Polled(_)
            | Step::Balance(_)
            | Step::Market(_) => return None,
        };
        Some((end, Conduct::Kept))
    };
    drive(app, party, Operation::LookUp(attempt), read).await
}

/// Asks for the credential's balance.
///
/// # Errors
/// As for [`submit`].
pub(super) async fn balance(app: &App, party: &Party<'_>) -> Result<Asked<Money>, CutOff> {
    ask(app, party, Operation::Balance, |step| if let Step::Balance(money) = step { Some(money) } else { None }).await
}

/// Asks for what the provider publishes, by family.
///
/// # Errors
/// As for [`submit`].
pub(super) async fn market(app: &App, party: &Party<'_>) -> Result<Asked<Vec<Offer>>, CutOff> {
    ask(app, party, Operation::Market, |step| if let Step::Market(offers) = step { Some(offers) } else { None }).await
}

/// Tells the provider whether a solution worked.
///
/// # Errors
/// As for [`submit`].
pub(super) async fn report(app: &App, party: &Party<'_>, report: Report) -> Result<Asked<()>, CutOff> {
    ask(app, party, Operation::Report(report), |step| matches!(step, Step::Done).then_some(())).await
}

/// Runs an operation that ends in a failure or in the one step that `told` reads.
async fn ask<T>(
    app: &App,
    party: &Party<'_>,
    operation: Operation,
    told: impl FnOnce(Step) -> Option<T>,
) -> Result<Asked<T>, CutOff> {
    let read = |step| {
        let end = if let Step::Failed(fault) = step { Asked::Failed(fault) } else { Asked::Told(told(step)?) };
        Some((end, Conduct::Kept))
    };
    drive(app, party, operation, read).await
}

/// Runs an operation to its end, and takes down how the adapter behaved.
async fn drive<T>(
    app: &App,
    party: &Party<'_>,
    operation: Operation,
    read: impl FnOnce(Step) -> End<T>,
) -> Result<T, CutOff> {
    let work = match &operation {
        Operation::Submit(_) => Work::Submit,
        Operation::Poll(_)
        | Operation::LookUp(_)
        | Operation::Balance
        | Operation::Market
        | Operation::Report(_)
        | Operation::Cancel(_) => Work::Upkeep,
    };
    let mut may_have_been_sent = false;
    let ended = steps(app, party, operation, &mut may_have_been_sent).await.and_then(|step| {
        let is_invented = !may_have_been_sent && only_the_provider_can_say(&step);
        let end = read(step).ok_or(DriveError::ForeignStep)?;
        if is_invented { Err(DriveError::Unasked) } else { Ok(end) }
    });
    let conduct = match &ended {
        Ok((_, conduct)) => Some(*conduct),
        Err(error) => error.conduct(),
    };
    if let Some(conduct) = conduct {
        party.provider.note_conduct(app, work, conduct);
    }
    ended.map(|(end, _)| end).map_err(|error| CutOff { error, may_have_been_sent })
}

/// Runs an operation until the adapter asks for nothing more.
async fn steps(app: &App, party: &Party<'_>, operation: Operation, sent: &mut bool) -> Result<Step, DriveError> {
    let Party { provider, until_ms, .. } = *party;
    let name = operation.name();
    // Of the version in force alone: another one is held against it.
    let mut recording = match provider.version {
        Version::InForce => provider.recorder.begin(&operation, clock::now_ms()),
        Version::OnTrial | Version::Before => None,
    };
    let mut step = begin(app, provider, operation).await?;
    for _ in 0..MAX_STEPS {
        let (state, reply) = match step {
            Step::Send(..) if clock::now_ms() > until_ms => return Err(DriveError::TooLate),
            Step::Send(request, state) => {
                let answer = send(app, party, name, &request).await;
                *sent |= answer.as_ref().map_or_else(|error| !error.surely_not_sent(), |_| true);
                let response = answer.map_err(DriveError::Egress)?;
                recording.iter_mut().for_each(|recording| recording.replied(&response));
                (state, Reply::Response(response))
            }
            Step::Wait(wait_ms, state) => {
                let wait_ms = provider.in_our_time(wait_ms.min(MAX_WAIT_MS));
                let wait = party.waiting.begin();
                tokio::time::sleep(Duration::from_millis(u64::from(wait_ms))).await;
                drop(wait);
                recording.iter_mut().for_each(Recording::waited);
                (state, Reply::Waited)
            }
            end @ (Step::Accepted(_)
            | Step::Solved(_)
            | Step::Polled(_)
            | Step::Balance(_)
            | Step::Market(_)
            | Step::Failed(_)
            | Step::Done) => {
                provider.recorder.keep(recording);
                return Ok(end);
            }
        };
        let advanced = timed(app, provider, "advance", provider.adapter.advance_measured(state, reply)).await;
        step = advanced.map_err(DriveError::Adapter)?;
    }
    Err(DriveError::TooManySteps)
}

/// Begins an operation; a submit only while the adapter is not quarantined. Submits that wait for their turn when it is go
/// to the next candidate at once: nothing of them has been sent.
async fn begin(app: &App, provider: &Provider, operation: Operation) -> Result<Step, DriveError> {
    let entry = match &operation {
        Operation::Submit(_) => provider.quarantine.enter(&app.limits.quarantine),
        Operation::Poll(_)
        | Operation::LookUp(_)
        | Operation::Balance
        | Operation::Market
        | Operation::Report(_)
        | Operation::Cancel(_) => Entry::Probe,
    };
    let begun = timed(app, provider, "begin", provider.adapter.begin_measured(operation));
    match entry {
        Entry::Shut => Err(DriveError::Quarantined),
        Entry::Probe => begun.await.map_err(DriveError::Adapter),
        Entry::Free => tokio::select! {
            biased;
            begun = begun => begun.map_err(DriveError::Adapter),
            () = provider.quarantine.shut() => Err(DriveError::Quarantined),
        },
    }
}

/// Whether a step tells of something that only the provider knows.
pub(crate) fn only_the_provider_can_say(step: &Step) -> bool {
    match step {
        Step::Accepted(_) | Step::Solved(_) | Step::Balance(_) | Step::Market(_) => true,
        Step::Polled(verdicts) => verdicts.iter().any(|v| matches!(v.standing, Standing::Solved(_))),
        Step::Send(..) | Step::Wait(..) | Step::Failed(_) | Step::Done => false,
    }
}

/// A call into an adapter, counted.
async fn timed(
    app: &App,
    provider: &Provider,
    name: &'static str,
    call: impl Future<Output = (Result<Step, CallError>, Used)>,
) -> Result<Step, CallError> {
    let began = Instant::now();
    let (step, used) = call.await;
    let (called, fault) = ((name, began.elapsed()), step.as_ref().err().map(CallError::kind));
    app.metrics.called((&provider.id, provider.version), called, used, fault);
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
    let key = credential.map(|credential| (&credential.binding, &credential.sealed));
    let Exchanged { reply, crossed } = app.egress.send_counted(&provider.grant, key, request, waiting).await;
    let waited = waiting.so_far().saturating_sub(before);
    app.metrics.exchanged(&provider.id, operation, waited, reply.as_ref().err());
    app.metrics.crossed(&provider.id, crossed);
    reply
}
