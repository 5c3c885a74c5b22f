//! The attempt: one candidate after another, without replacement, until one has the task or none is left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstan_domain::Amount;
use capstan_domain::adapter::{Charged, Fault, FaultClass, Submission};
use capstan_domain::catalogue::CanonicalTask;
use capstan_storage::NewAttempt;
use serde_json::Value;
use tracing::Instrument as _;

use super::drive::{self, CutOff, Party, Submitted};
use super::open::{Attempt, OpenTask};
use super::{charges, lent, moves, observe};
use crate::adapters::at_generation;
use crate::app::App;
use crate::clock;
use crate::exchange::care;
use crate::providers::{Credential, Provider};

/// A task on its way to a provider. The payload lives here alone, and ends with it: secret parameters are never written.
pub(super) struct Job {
    /// The task; its attempt in hand is recorded and not yet sent.
    pub task: Arc<OpenTask>,
    /// What the client asked for.
    pub payload: CanonicalTask,
    /// Further candidates, in order.
    pub left: Vec<NewAttempt>,
}

/// Submits a task until a provider has it, fails it, or may have it.
pub(super) async fn run(app: Arc<App>, job: Job) {
    let Job { task, payload, mut left } = job;
    left.reverse();
    loop {
        let attempt = task.live.lock().await.attempt.clone();
        let (began, waited) = (Instant::now(), task.waiting.so_far());
        let tried = try_one(&app, (&task, &attempt), &payload, &mut left).instrument(attempt.span.clone());
        let goes_on = tried.await;
        app.metrics.attempt_overhead(began.elapsed(), task.waiting.so_far().saturating_sub(waited));
        if !goes_on {
            return;
        }
    }
}

/// One candidate; returns whether the next one is recorded and may be tried. `left` has the next candidate at its end.
async fn try_one(
    app: &Arc<App>,
    (task, attempt): (&Arc<OpenTask>, &Attempt),
    payload: &CanonicalTask,
    left: &mut Vec<NewAttempt>,
) -> bool {
    let fault = match submit(app, task, payload, attempt).await {
        Submitted::Accepted(acceptance) => {
            moves::accepted(app, task, attempt, acceptance).await;
            return false;
        }
        Submitted::Solved(solved) => {
            moves::solved(app, task, attempt, solved).await;
            return false;
        }
        Submitted::Failed(fault) => fault,
    };
    match fault.class {
        FaultClass::InvalidTask | FaultClass::Unsolvable => {
            moves::failed(app, task, attempt, fault).await;
            return false;
        }
        FaultClass::InDoubt => {
            moves::unclear(app, task, attempt, fault).await;
            return false;
        }
        FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::NoCapacity
        | FaultClass::CredentialRejected
        | FaultClass::CredentialOutOfFunds
        | FaultClass::ProviderDown => {}
    }
    let next = left.pop().map(|next| NewAttempt { created_at_ms: clock::now_ms(), ..next });
    moves::refused(app, task, &fault, next).await
}

/// With whom an attempt is made, if that is still in use: the operator's word may have come since this route was made. Those that
/// are out of use stay findable for their open tasks, and get no new one.
async fn in_use(app: &App, attempt: &Attempt, family: &str) -> Option<(Arc<Provider>, Arc<Credential>)> {
    let (provider, credential) = app.snapshot.load().usable(attempt.credential, family)?;
    // The adapter that the attempt's row names, though another may be in force by now.
    Some((at_generation(app, provider, &attempt.digest).await, credential))
}

async fn submit(app: &Arc<App>, task: &OpenTask, payload: &CanonicalTask, attempt: &Attempt) -> Submitted {
    let Some((provider, credential)) = in_use(app, attempt, payload.family.name).await else {
        return unsent(
            FaultClass::ProviderDown,
            "credential-gone",
            "the credential, its provider or its pool was taken out of use",
        );
    };
    let Some(lent) = lent::take(app, &credential, (task.account, &attempt.terms), payload) else {
        let limit = "the credential's owner lends it for no more tasks now";
        return unsent(FaultClass::NoCapacity, "owners-limit", limit);
    };
    // It rests since this route was made, or another task is finding out whether it is up again.
    let Some(in_flight) = credential.standing.enter(&provider, attempt.in_flight.clone()) else {
        lent::uncharged(lent.as_ref());
        let rests = "the credential rests after what its provider said to other tasks";
        return unsent(FaultClass::NoCapacity, "credential-rests", rests);
    };
    {
        let mut live = task.live.lock().await;
        live.attempt.in_flight = Some(in_flight);
        live.attempt.lent.clone_from(&lent);
    }
    let cost = attempt.terms.expected_cost.unwrap_or(Amount::ZERO);
    credential.known_balance.spent(cost);
    let party = Party {
        provider: &provider,
        credential: Some(&credential),
        until_ms: task.deadline_at_ms,
        waiting: &task.waiting,
    };
    let submitted = send(app, &party, &submission(attempt, payload)).await;
    observe::tried_in_vain(app, &provider, &submitted);
    match submitted {
        Ok(Submitted::Failed(fault)) => {
            care::heard(app, &provider, &credential, (fault.class, &fault.code));
            app.exchange.conducts.note(task.account, Some(fault.class));
            if !charges::is_taken_as_charged(fault.charged, fault.class) {
                lent::uncharged(lent.as_ref());
                credential.known_balance.not_spent(cost);
            }
            observe::refused(&provider, &credential, payload.family.name, fault.class);
            Submitted::Failed(fault)
        }
        Ok(ended @ (Submitted::Accepted(_) | Submitted::Solved(_))) => {
            if matches!(ended, Submitted::Solved(_)) {
                app.exchange.conducts.note(task.account, None);
            }
            observe::accepted(&provider, &credential);
            ended
        }
        Err(cut_off) => {
            let error = &cut_off.error as &dyn std::error::Error;
            tracing::warn!(task.id = %task.id, provider.id = %attempt.provider, error, "a submit was cut off");
            let fault = cut_off.fault();
            if !cut_off.may_have_been_sent {
                lent::uncharged(lent.as_ref());
                credential.known_balance.not_spent(cost);
            }
            if cut_off.is_the_providers() {
                observe::refused(&provider, &credential, payload.family.name, fault.class);
            }
            Submitted::Failed(fault)
        }
    }
}

/// Waits before a submit that got no clear answer is sent again, in the provider's own time.
const AGAIN_AFTER_MS: [u32; 2] = [1_000, 5_000];

/// Submits a task; without a clear answer again, where that makes no second task. Only that the provider has it counts then: it may
/// refuse what it has accepted before.
async fn send(app: &App, party: &Party<'_>, submission: &Submission) -> Result<Submitted, CutOff> {
    let first = drive::submit(app, party, submission.clone()).await;
    if !party.provider.abilities.idempotent_submit {
        return first;
    }
    for wait_ms in AGAIN_AFTER_MS {
        let wait_ms = party.provider.in_our_time(wait_ms);
        let is_late = clock::now_ms().saturating_add(wait_ms.into()) >= party.until_ms;
        if is_late || !is_unclear(&first) {
            break;
        }
        tokio::select! {
            () = app.draining.cancelled() => break,
            () = tokio::time::sleep(Duration::from_millis(wait_ms.into())) => {}
        }
        if let Ok(known @ (Submitted::Accepted(_) | Submitted::Solved(_))) =
            drive::submit(app, party, submission.clone()).await
        {
            return Ok(known);
        }
    }
    first
}

/// Whether the provider may have the task, for all that it said; an adapter that failed would fail again.
fn is_unclear(submitted: &Result<Submitted, CutOff>) -> bool {
    match submitted {
        Ok(Submitted::Failed(fault)) => fault.class == FaultClass::InDoubt,
        Ok(Submitted::Accepted(_) | Submitted::Solved(_)) => false,
        Err(cut_off) => cut_off.may_have_been_sent && cut_off.is_the_providers(),
    }
}

fn submission(attempt: &Attempt, payload: &CanonicalTask) -> Submission {
    Submission {
        attempt: attempt.id,
        family: payload.family.name.to_owned(),
        parameters: Value::Object(payload.parameters.clone()).to_string(),
        proxy: payload.proxy.clone(),
    }
}

/// A task that this gateway did not send: nobody else has a word in it, and nobody charges for it.
fn unsent(class: FaultClass, code: &str, message: &str) -> Submitted {
    Submitted::Failed(Fault { class, code: code.to_owned(), message: message.to_owned(), charged: Charged::No })
}
