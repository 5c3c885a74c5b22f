//! Transcribing: a task is had solved at a provider once, and what was said becomes fixtures of its adapter.
//!
//! It goes through the adapter in its sandbox and through egress like every task. What is written is not what was sent: the adapter
//! is asked again with stand-ins for all secrets ([`stand_ins`]) and the same replies, and what it says then is the fixture. So a
//! request holds no secret in whatever form the adapter gives it, and a fixture that would not pass is known at once.

mod stand_ins;

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

use capstan_domain::adapter::{OpenTask, Operation, ProxySupport, Reply, Solved, Standing, Step, Submission, Verdict};
use capstan_domain::catalogue::{CanonicalTask, Family};
use capstan_domain::{CredentialId, adapter::Manifest};
use capstan_egress::{
    CredentialBinding, Egress, EgressError, EgressSettings, Grant, MasterKey, SealedCredential, Vault, VaultError,
    is_loopback,
};
use capstan_sandbox::Adapter;
use serde_json::{Map, Value, json};
use url::Url;

use crate::clock;
use crate::fixtures::{self, ATTEMPT};
use crate::line::{Followed, Heard, Line, Said, Stands};
use crate::operate::credentials::secrets;
use crate::operate::seed::sealed_and_bound;
use crate::operate::transcript::{fault_json, money_text, noted};
use crate::operate::{CredentialDraft, OperateError};
use stand_ins::StandIns;

/// Longest that a task is asked about, whatever its provider allows; as long as a gateway would.
const LONGEST_MS: u32 = 300_000;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// The fixtures would cite nothing.
    #[error("source: {0:?} is no https address of a page that documents the provider")]
    Source(String),
    /// The base URL is none.
    #[error("base-url: {0:?} is no URL")]
    BaseUrl(String),
    /// Waits cannot be divided at a real provider.
    #[error("time-scale: it is for providers on this machine, by --base-url")]
    TimeScale,
    /// A gateway would not send such a task there.
    #[error("task: {0}")]
    NotServed(String),
    /// There is no balance to ask for.
    #[error("balance: it is not among the manifest's abilities")]
    NoBalance,
    /// The credential does not fit.
    #[error(transparent)]
    Credential(#[from] OperateError),
    /// It cannot be kept secret.
    #[error("the credential cannot be sealed")]
    Vault(#[from] VaultError),
    /// Nothing can be sent.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// With whom, as who, and what the fixtures cite.
pub struct Party {
    /// Where the provider documents what is transcribed.
    pub source: String,
    /// Where requests go, where that is not the adapter's own address.
    pub base_url: Option<String>,
    /// Divides every wait; above 1 only on loopback.
    pub time_scale: u32,
    /// The credential's fields; one without a name is the only one that there is.
    pub fields: BTreeMap<String, String>,
}

/// One operation, as a fixture.
#[derive(Debug)]
pub struct Transcribed {
    /// What was asked: submit, poll or balance.
    pub operation: &'static str,
    /// The fixture; or why there is none.
    pub fixture: Result<Value, String>,
    /// What `adapter test` would say of the fixture.
    pub wrong: Vec<String>,
    /// How it ended, without what it ended with.
    pub ended: Value,
}

/// A task that a provider has.
pub struct Accepted {
    followed: Followed,
    /// The same in fixtures.
    shown: OpenTask,
    family: &'static Family,
}

impl Accepted {
    /// What the provider calls it.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.followed.task.reference
    }
}

/// Writes down what is said to one provider with one credential. What the gateway keeps of its own operations is `recorded`'s.
pub struct Transcriber {
    adapter: Adapter,
    egress: Egress,
    grant: Grant,
    binding: CredentialBinding,
    sealed: SealedCredential,
    time_scale: u32,
    source: String,
    stand_ins: StandIns,
}

impl Transcriber {
    /// Seals the credential for this provider alone, with a key that nobody keeps. Nothing is sent yet.
    ///
    /// # Errors
    /// [`TranscribeError`].
    pub fn new(adapter: Adapter, party: Party) -> Result<Self, TranscribeError> {
        let Party { source, base_url: given, time_scale, fields } = party;
        if !source.starts_with("https://") {
            return Err(TranscribeError::Source(source));
        }
        let manifest = adapter.manifest();
        let text = given.as_deref().unwrap_or(&manifest.base_url);
        let base_url = Url::parse(text).map_err(|_| TranscribeError::BaseUrl(text.to_owned()))?;
        // An adapter cannot grant itself this machine.
        let loopback = given.is_some() && is_loopback(&base_url);
        if time_scale > 1 && !loopback {
            return Err(TranscribeError::TimeScale);
        }
        let vault = Arc::new(Vault::new(MasterKey::generate()?));
        let fields = secrets(manifest, fields);
        let id = CredentialId(clock::new_uuid());
        let (owner, label) = (None, "transcribing");
        let draft =
            CredentialDraft { id, manifest, publisher: None, base_url: &base_url, owner, label, fields: &fields };
        let (binding, sealed) = sealed_and_bound(&vault, &draft)?;
        let (provider, hosts) = (manifest.provider.clone(), manifest.hosts.clone());
        let grant = Grant { provider, base_url, hosts, loopback };
        let egress = Egress::new(vault, EgressSettings::default())?;
        Ok(Self { adapter, egress, grant, binding, sealed, time_scale, source, stand_ins: StandIns::default() })
    }

    /// Whether a gateway would send such a task there, and can ask for a balance.
    ///
    /// # Errors
    /// [`TranscribeError::NotServed`], [`TranscribeError::NoBalance`].
    pub fn check(&self, task: &CanonicalTask, with_balance: bool) -> Result<(), TranscribeError> {
        let manifest = self.adapter.manifest();
        if let Some(why) = not_served(manifest, task) {
            return Err(TranscribeError::NotServed(why));
        }
        if with_balance && !manifest.abilities.balance { Err(TranscribeError::NoBalance) } else { Ok(()) }
    }

    /// Asks for the balance.
    pub async fn balance(&mut self) -> Transcribed {
        let said = self.line().say(Operation::Balance).await;
        self.transcribe(said, Operation::Balance, None).await.0
    }

    /// Sends a task, once. It is the provider's from then on, whatever is written of it.
    pub async fn submit(&mut self, task: CanonicalTask) -> (Transcribed, Option<Accepted>) {
        let submitted_at_ms = clock::now_ms();
        let family = task.family;
        let attempt = clock::new_attempt_id();
        let submission = |attempt, task: CanonicalTask| {
            let parameters = Value::Object(task.parameters).to_string();
            Operation::Submit(Submission { attempt, family: family.name.to_owned(), parameters, proxy: task.proxy })
        };
        let shown = submission(ATTEMPT, self.stand_ins.of_task(&task));
        self.stand_ins.note(&attempt.to_string(), &ATTEMPT.to_string());
        let said = self.line().say(submission(attempt, task)).await;
        let accepted = match &said.ended {
            Ok(Step::Accepted(acceptance)) => Some(acceptance.clone()),
            Ok(_) | Err(_) => None,
        };
        let (transcribed, again) = self.transcribe(said, shown, Some(family)).await;
        let accepted = accepted.map(|accepted| {
            let open = |reference: &str, memo: &[u8]| OpenTask {
                reference: reference.to_owned(),
                family: family.name.to_owned(),
                memo: memo.to_vec(),
            };
            let task = open(&accepted.reference, &accepted.memo);
            let shown = match again {
                Some(Step::Accepted(shown)) => open(&shown.reference, &shown.memo),
                Some(_) | None => task.clone(),
            };
            let hint_ms = accepted.poll_after_ms;
            Accepted { followed: Followed { task, submitted_at_ms, hint_ms, most_ms: LONGEST_MS }, shown, family }
        });
        (transcribed, accepted)
    }

    /// Asks about a task, as often as its provider allows, until it is solved, failed or out of time; the last poll is written down.
    /// `told` hears of each. None where there was no time to ask even once.
    pub async fn follow(&mut self, accepted: Accepted, mut told: impl FnMut(u32)) -> Option<(Transcribed, Stood)> {
        let Accepted { followed, shown, family } = accepted;
        let (mut last, mut polls) = (None, 0);
        let note = |said| {
            polls += 1;
            told(polls);
            last = Some(said);
        };
        let stands = self.line().follow(followed, note).await;
        let stood = match stands {
            Stands::Solved(_) | Stands::Failed(_) => Stood::Over,
            Stands::Unknown(why) => Stood::Unknown(self.stand_ins.in_text(&why)),
            Stands::Open => Stood::Open,
        };
        let (transcribed, _) = self.transcribe(last?, Operation::Poll(vec![shown]), Some(family)).await;
        Some((transcribed, stood))
    }

    fn line(&self) -> Line<'_> {
        Line {
            egress: &self.egress,
            adapter: self.adapter.clone(),
            grant: self.grant.clone(),
            binding: self.binding.clone(),
            sealed: self.sealed.clone(),
            time_scale: self.time_scale,
        }
    }

    /// Makes what was said a fixture, with `shown` in the place of what was asked; and how it ends there.
    async fn transcribe(
        &mut self,
        said: Said,
        shown: Operation,
        family: Option<&Family>,
    ) -> (Transcribed, Option<Step>) {
        if let (Ok(step), Some(family)) = (&said.ended, family) {
            solutions(step).for_each(|solved| self.stand_ins.note_solution(family, &solved.solution));
        }
        let (operation, ended) = (shown.name(), self.ended(&said));
        match self.fixture(said, shown, family).await {
            Ok((fixture, step)) => {
                let wrong = fixtures::replay(&self.adapter, &fixture.to_string()).await.wrong;
                (Transcribed { operation, fixture: Ok(fixture), wrong, ended }, Some(step))
            }
            Err(why) => (Transcribed { operation, fixture: Err(why), wrong: Vec::new(), ended }, None),
        }
    }

    async fn fixture(&self, said: Said, shown: Operation, family: Option<&Family>) -> Result<(Value, Step), String> {
        let Said { heard, ended, .. } = said;
        let real = ended.map_err(|_| "it came to no end".to_owned())?;
        let again = self.again(shown, heard).await?;
        let fixture = noted(&self.source, &again);
        let step = again.ended.map_err(|cut| cut.to_string())?;
        if !is_alike(&real, &step) {
            return Err(format!("{OTHERWISE}; it ends otherwise"));
        }
        let solution = solutions(&step).next().map(|solved| solved.solution.as_str());
        match self.stand_ins.left(&fixture, family.zip(solution)) {
            Some(place) => Err(format!("a secret cannot be told apart in {place}")),
            None => Ok((fixture, step)),
        }
    }

    /// The same operation once more, with stand-ins and with the replies that there were; nothing is sent.
    async fn again(&self, operation: Operation, heard: Vec<Heard>) -> Result<Said, String> {
        let fault = |error: capstan_sandbox::CallError| format!("{OTHERWISE}: {error}");
        let mut step = self.adapter.begin(operation.clone()).await.map_err(fault)?;
        let mut shown = Vec::with_capacity(heard.len());
        for heard in heard {
            let (state, reply) = match (heard, step) {
                (Heard::Exchanged(_, reply), Step::Send(request, state)) => {
                    let reply = fixtures::kept(&self.stand_ins.of_reply(&reply));
                    shown.push(Heard::Exchanged(request, reply.clone()));
                    (state, Reply::Response(reply))
                }
                (Heard::Waited(_), Step::Wait(milliseconds, state)) => {
                    shown.push(Heard::Waited(milliseconds));
                    (state, Reply::Waited)
                }
                (Heard::Exchanged(..) | Heard::Unanswered(..) | Heard::Waited(_), _) => {
                    return Err(format!("{OTHERWISE}; it goes on otherwise after {} exchanges", shown.len()));
                }
            };
            step = self.adapter.advance(state, reply).await.map_err(fault)?;
        }
        Ok(Said { operation, heard: shown, ended: Ok(step) })
    }

    /// How an operation ended, in words that may be shown.
    fn ended(&self, said: &Said) -> Value {
        match &said.ended {
            Ok(step) => self.told(step),
            Err(cut) => {
                let why = self.stand_ins.in_text(&cut.to_string());
                let answered = said.heard.iter().rev().find_map(|heard| match heard {
                    Heard::Exchanged(_, reply) => Some(reply.status),
                    Heard::Unanswered(..) | Heard::Waited(_) => None,
                });
                json!({"cut": {"why": why, "mayHaveBeenSent": cut.may_have_been_sent, "lastStatus": answered}})
            }
        }
    }

    fn told(&self, step: &Step) -> Value {
        let fault = |fault| {
            let mut shown = fault_json(fault);
            self.stand_ins.in_json(&mut shown);
            json!({"failed": shown})
        };
        match step {
            Step::Accepted(acceptance) => json!({"accepted": acceptance.reference}),
            Step::Solved(solved) => solved_json(solved),
            Step::Failed(why) => fault(why),
            Step::Balance(money) => json!({"balance": money_text(money)}),
            Step::Polled(verdicts) => match verdicts.first().map(|verdict| &verdict.standing) {
                Some(Standing::Solved(solved)) => solved_json(solved),
                Some(Standing::Failed(why)) => fault(why),
                Some(Standing::Open(_)) | None => json!("open"),
            },
            Step::Done | Step::Market(_) | Step::Send(..) | Step::Wait(..) => json!("something else"),
        }
    }
}

/// How a task stood when it was no longer asked about.
#[derive(Debug, PartialEq, Eq)]
pub enum Stood {
    /// It was solved or had failed.
    Over,
    /// It was still open.
    Open,
    /// It could not be asked about any more, and why.
    Unknown(String),
}

/// What is said where stand-ins change more than themselves.
const OTHERWISE: &str = "with stand-ins for its secrets the adapter does something else";

/// Why a gateway would send no such task.
fn not_served(manifest: &Manifest, task: &CanonicalTask) -> Option<String> {
    let (family, provider) = (task.family.name, &manifest.provider);
    let Some(served) = manifest.task_types.iter().find(|served| served.family == family) else {
        return Some(format!("{family} is not among the manifest's task-types"));
    };
    match (served.proxy, &task.proxy) {
        (ProxySupport::Never, Some(_)) => Some(format!("{provider} solves {family} without the client's proxy only")),
        (ProxySupport::Required, None) => Some(format!("{provider} solves {family} through the client's proxy only")),
        (ProxySupport::Never | ProxySupport::Optional, None)
        | (ProxySupport::Optional | ProxySupport::Required, Some(_)) => None,
    }
}

fn solutions(step: &Step) -> impl Iterator<Item = &Solved> {
    let (at_once, verdicts): (_, &[Verdict]) = match step {
        Step::Solved(solved) => (Some(solved), &[]),
        Step::Polled(verdicts) => (None, verdicts),
        Step::Send(..)
        | Step::Wait(..)
        | Step::Accepted(_)
        | Step::Balance(_)
        | Step::Market(_)
        | Step::Failed(_)
        | Step::Done => (None, &[]),
    };
    let polled = verdicts.iter().filter_map(|verdict| match &verdict.standing {
        Standing::Solved(solved) => Some(solved),
        Standing::Open(_) | Standing::Failed(_) => None,
    });
    at_once.into_iter().chain(polled)
}

/// Whether two ends are of one kind.
fn is_alike(one: &Step, other: &Step) -> bool {
    let standings = |step: &Step| -> Vec<_> {
        if let Step::Polled(verdicts) = step {
            verdicts.iter().map(|verdict| discriminant(&verdict.standing)).collect()
        } else {
            Vec::new()
        }
    };
    discriminant(one) == discriminant(other) && standings(one) == standings(other)
}

fn solved_json(solved: &Solved) -> Value {
    let fields: Map<String, Value> = serde_json::from_str(&solved.solution).unwrap_or_default();
    let cost = solved.cost.as_ref().map(money_text);
    json!({"solved": {"fields": fields.keys().collect::<Vec<_>>(), "cost": cost}})
}
