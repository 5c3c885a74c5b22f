//! Speaking with one provider outside of any task: with one credential, one operation after the other, and all that is heard is
//! kept.
//!
//! `provider check` and `adapter record` stand on it. The tasks have a loop of their own: that one moves them, this one writes down
//! what it hears.

use std::error::Error;
use std::time::Duration;

use capstan_domain::adapter::{
    Fault, FaultClass, InwardResponse, MAX_STEPS, MAX_WAIT_MS, OpenTask, Operation, OutwardRequest, Reply, Solved,
    Standing, Step,
};
use capstan_domain::schedule::{self, Polls};
use capstan_egress::{Blame, CredentialBinding, Egress, Grant, SealedCredential};
use capstan_sandbox::{Adapter, CallError};

use crate::clock;

/// Whom one speaks with.
pub(crate) struct Line<'l> {
    pub(crate) egress: &'l Egress,
    pub(crate) adapter: Adapter,
    pub(crate) grant: Grant,
    pub(crate) binding: CredentialBinding,
    pub(crate) sealed: SealedCredential,
    /// Divides every wait; above 1 only on loopback.
    pub(crate) time_scale: u32,
}

/// An operation, what was heard during it, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) operation: Operation,
    pub(crate) heard: Vec<Heard>,
    pub(crate) ended: Result<Step, Cut>,
}

/// One thing that happened during an operation.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A request and its reply, without the credential in either.
    Exchanged(OutwardRequest, InwardResponse),
    /// A request without a reply, and why there is none.
    Unanswered(OutwardRequest, String),
    /// A wait that the adapter asked for.
    Waited(u32),
}

/// An operation that came to no end of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Cut {
    why: String,
    /// Whether the provider may have heard anything of it.
    pub(crate) may_have_been_sent: bool,
    /// Whether it may go better a moment later.
    is_passing: bool,
}

/// How a task stands that was followed.
pub(crate) enum Stands {
    /// It was solved.
    Solved(Solved),
    /// It failed.
    Failed(Fault),
    /// It was asked about in vain, which says nothing of the task.
    Unknown(String),
    /// Time is up, and it is still open.
    Open,
}

/// A task to be followed.
pub(crate) struct Followed {
    pub(crate) task: OpenTask,
    pub(crate) submitted_at_ms: i64,
    /// When the provider wants to be asked first.
    pub(crate) hint_ms: Option<u32>,
    /// How long after its submit it is asked about at most, whatever the provider allows.
    pub(crate) most_ms: u32,
}

impl Line<'_> {
    /// Runs one operation to its end.
    pub(crate) async fn say(&self, operation: Operation) -> Said {
        let mut heard = Vec::new();
        let ended = self.steps(operation.clone(), &mut heard).await;
        Said { operation, heard, ended }
    }

    /// Asks about a task, as often as its provider allows, until something is known of it or time is up. Each poll is handed on.
    pub(crate) async fn follow(&self, followed: Followed, mut told: impl FnMut(Said)) -> Stands {
        let Followed { task, submitted_at_ms, hint_ms, most_ms } = followed;
        let limits = schedule::scaled(&self.adapter.manifest().polling, self.time_scale);
        let deadline_ms = schedule::deadline_at_ms(submitted_at_ms, &limits, most_ms);
        let mut polls = Polls::default();
        let hint_ms = hint_ms.map(|ms| self.in_our_time(ms));
        let mut next_ms = Some(schedule::first_poll_at_ms(clock::now_ms(), &limits, hint_ms));
        while let Some(at_ms) = next_ms.filter(|at_ms| *at_ms < deadline_ms) {
            let wait_ms = u64::try_from(at_ms.saturating_sub(clock::now_ms())).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            polls.used += 1;
            let said = self.say(Operation::Poll(vec![task.clone()])).await;
            let read = read(&said, &task.reference);
            told(said);
            match read {
                Ok(hint_ms) => polls.hint_ms = hint_ms.map(|ms| self.in_our_time(ms)),
                Err(stands) => return stands,
            }
            next_ms = schedule::next_poll_at_ms(clock::now_ms(), deadline_ms, &limits, &polls);
        }
        Stands::Open
    }

    async fn steps(&self, operation: Operation, heard: &mut Vec<Heard>) -> Result<Step, Cut> {
        let mut sent = false;
        let mut step = self.adapter.begin(operation).await.map_err(|error| adapters_fault(&error, sent))?;
        for _ in 0..MAX_STEPS {
            let (state, reply) = match step {
                Step::Send(request, state) => {
                    let key = (&self.binding, &self.sealed);
                    match self.egress.send(&self.grant, Some(key), &request).await {
                        Ok(response) => {
                            heard.push(Heard::Exchanged(request, response.clone()));
                            sent = true;
                            (state, Reply::Response(response))
                        }
                        Err(error) => {
                            let why = whole(&error);
                            heard.push(Heard::Unanswered(request, why.clone()));
                            let is_passing = error.blame() == Blame::Provider;
                            return Err(Cut { why, may_have_been_sent: sent || !error.surely_not_sent(), is_passing });
                        }
                    }
                }
                Step::Wait(wait_ms, state) => {
                    let ours_ms = self.in_our_time(wait_ms.min(MAX_WAIT_MS));
                    tokio::time::sleep(Duration::from_millis(u64::from(ours_ms))).await;
                    heard.push(Heard::Waited(wait_ms));
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
            step = self.adapter.advance(state, reply).await.map_err(|error| adapters_fault(&error, sent))?;
        }
        let why = format!("the adapter took more than {MAX_STEPS} steps");
        Err(Cut { why, may_have_been_sent: sent, is_passing: false })
    }

    fn in_our_time(&self, wait_ms: u32) -> u32 {
        wait_ms / self.time_scale.max(1)
    }
}

/// What a poll says of a task: that it is open, and when to ask again; or how it stands at last.
fn read(said: &Said, reference: &str) -> Result<Option<u32>, Stands> {
    match &said.ended {
        Ok(Step::Polled(verdicts)) => match verdicts.iter().find(|v| v.reference == reference).map(|v| &v.standing) {
            Some(Standing::Solved(solved)) => Err(Stands::Solved(solved.clone())),
            Some(Standing::Failed(fault)) => Err(Stands::Failed(fault.clone())),
            Some(Standing::Open(hint_ms)) => Ok(*hint_ms),
            None => Ok(None),
        },
        Ok(Step::Failed(fault)) => match fault.class {
            FaultClass::Throttled(after_ms) => Ok(after_ms),
            FaultClass::NoCapacity | FaultClass::ProviderDown | FaultClass::InDoubt => Ok(None),
            FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::CredentialRejected
            | FaultClass::CredentialOutOfFunds => {
                let Fault { class, code, message, .. } = fault;
                Err(Stands::Unknown(format!("the poll failed ({}): {code}: {message}", class.as_str())))
            }
        },
        Ok(_) => Err(Stands::Unknown(FOREIGN_STEP.to_owned())),
        Err(cut) if cut.is_passing => Ok(None),
        Err(cut) => Err(Stands::Unknown(cut.to_string())),
    }
}

/// What is said of an adapter that answers something else than it was asked.
pub(crate) const FOREIGN_STEP: &str = "the adapter ended with a step that does not belong to the operation";

fn adapters_fault(error: &CallError, sent: bool) -> Cut {
    Cut { why: whole(error), may_have_been_sent: sent, is_passing: false }
}

/// An error with all of its causes.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
