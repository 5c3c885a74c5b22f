//! A version on trial in the running gateway: which of the new tasks it gets, and what comes of it.
//!
//! The rule is [`capstan_domain::trial`]. Each node counts its own tasks, and whichever is sure first decides for all: it writes
//! the next generation unless somebody else has meanwhile. What was counted is not written: after a restart a trial begins anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use capstan_domain::ProviderId;
use capstan_domain::trial::{Arm, Ended, Trial, Verdict, Worse};
use capstan_sandbox::Adapter;
use capstan_storage::{Change, Generation, NewGeneration, StoreError, Unless};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::clock;
use crate::operate::audit_line;
use crate::providers::{Credential, Provider};
use crate::quarantine::Quarantine;

/// A version on trial.
pub(crate) struct OnTrial {
    pub(crate) adapter: Adapter,
    /// The id of its publisher's key.
    pub(crate) publisher: Option<String>,
    pub(crate) quarantine: Arc<Quarantine>,
    /// Its generation.
    pub(crate) number: i64,
    /// How many percent of the new tasks it gets.
    pub(crate) share: u8,
    shown: Mutex<Trial>,
    is_decided: AtomicBool,
}

impl OnTrial {
    /// One that begins here and now; none where the generation is on no trial.
    pub(super) fn of(generation: &Generation, (adapter, quarantine): (Adapter, Arc<Quarantine>)) -> Option<Self> {
        let (number, share) = (generation.number, generation.trial_share?);
        let (shown, is_decided) = (Mutex::new(Trial::new(clock::now_ms())), AtomicBool::new(false));
        let publisher = generation.publisher.clone();
        Some(Self { adapter, publisher, quarantine, number, share, shown, is_decided })
    }

    /// Attempts of a version that ended with a solution on this node, and all that ended.
    pub(crate) fn counted(&self, arm: Arm) -> (u32, u32) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).counted(arm)
    }

    fn note(&self, arm: Arm, ended: Ended) -> Option<Verdict> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).note(arm, ended, clock::now_ms())
    }

    /// Draws whether a task is one of its own.
    fn draws(&self) -> bool {
        clock::draw() % 100 < u64::from(self.share)
    }
}

impl Provider {
    /// The digest of the adapter that a new task is sent with: the one in force, or the one on trial beside it, where that serves the
    /// same in the same way, behaves, and asks for nothing that the credential is not bound to.
    pub(crate) fn drawn_digest(&self, family: &str, credential: &Credential) -> &[u8; 32] {
        let serves = |adapter: &Adapter| {
            adapter.manifest().task_types.iter().find(|served| served.family == family).map(|served| served.proxy)
        };
        let tried = self.trial.as_ref().filter(|trial| {
            let is_served = serves(&trial.adapter).is_some_and(|proxy| Some(proxy) == serves(&self.adapter));
            trial.draws() && credential.may_be_tried && is_served && trial.quarantine.admits()
        });
        tried.map_or(&self.adapter, |trial| &trial.adapter).digest_bytes()
    }
}

/// Takes down how an attempt by the adapter of this digest ended.
pub(crate) fn ended(app: &App, provider: &ProviderId, digest: &[u8], ended: Ended) {
    let snapshot = app.snapshot.load();
    let Some(provider) = snapshot.provider(provider) else { return };
    let Some(trial) = &provider.trial else { return };
    let arm = match digest {
        digest if digest == trial.adapter.digest_bytes() => Arm::New,
        digest if digest == provider.adapter.digest_bytes() => Arm::Old,
        // One that was before either.
        _ => return,
    };
    if let Some(verdict) = trial.note(arm, ended) {
        decide(app, provider, trial, verdict);
    }
}

/// The adapter of this digest was quarantined: a trial of it ends, unless the one in force behaves no better.
pub(crate) fn quarantined(app: &App, provider: &ProviderId, digest: &[u8; 32]) {
    let snapshot = app.snapshot.load();
    let Some(provider) = snapshot.provider(provider) else { return };
    let Some(trial) = provider.trial.as_ref().filter(|trial| trial.adapter.digest_bytes() == digest) else { return };
    if provider.quarantine.standing().is_none() {
        decide(app, provider, trial, Verdict::Worse(Worse::Quarantined));
    }
}

fn decide(app: &App, provider: &Arc<Provider>, trial: &Arc<OnTrial>, verdict: Verdict) {
    if !trial.is_decided.swap(true, Ordering::Relaxed) {
        let (provider, trial) = (Arc::clone(provider), Arc::clone(trial));
        // Nobody reads it any more in a gateway that stops; the next one begins the trial anew.
        app.decided.send(Decided { provider, trial, verdict }).ok();
    }
}

/// A trial that is over, until that is stored.
pub(crate) struct Decided {
    provider: Arc<Provider>,
    trial: Arc<OnTrial>,
    verdict: Verdict,
}

/// Stores the ends of trials and puts them in force, one after the other.
pub(crate) async fn conclude_decided(app: Arc<App>, mut decided: UnboundedReceiver<Decided>) {
    loop {
        let next = tokio::select! {
            () = app.shutdown.cancelled() => return,
            next = decided.recv() => next,
        };
        let Some(Decided { provider, trial, verdict }) = next else { return };
        if let Err(error) = conclude(&app, &provider, &trial, verdict).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(provider.id = %provider.id, error, "the end of a trial could not be stored; it goes on");
            trial.is_decided.store(false, Ordering::Relaxed);
        }
    }
}

/// Puts in force what the trial has shown to be good.
async fn conclude(app: &App, provider: &Provider, trial: &OnTrial, verdict: Verdict) -> Result<(), StoreError> {
    let (adapter, action, why) = match verdict {
        Verdict::Passed(passed) => (&trial.adapter, "adapter promote", passed.as_str()),
        Verdict::Worse(worse) => (&provider.adapter, "adapter rollback", worse.as_str()),
    };
    let [(was_solved, was_all), (is_solved, is_all)] = [Arm::Old, Arm::New].map(|arm| trial.counted(arm));
    let why = format!("{why}: {is_solved} of {is_all} attempts solved, {was_solved} of {was_all} before");
    let detail = json!({"digest": adapter.digest().to_string(), "trial": trial.number, "why": why});
    let new = NewGeneration {
        provider: provider.id.clone(),
        digest: Some(*adapter.digest_bytes()),
        installed: None,
        trial_share: None,
        why: Some(why.clone()),
        unless: Unless::After(trial.number),
        at_ms: clock::now_ms(),
    };
    let line = audit_line("trial", action, (format!("provider {}", provider.id), &detail));
    let _applied = app.store.apply(Change::BeginGeneration(new), line).await?;
    match verdict {
        Verdict::Passed(_) => tracing::info!(provider.id = %provider.id, why, "an adapter has passed its trial"),
        Verdict::Worse(_) => {
            tracing::error!(provider.id = %provider.id, why, "an adapter was taken back from its trial")
        }
    }
    if let Err(error) = app.reload().await {
        // It is stored, and looked for again with the next change.
        tracing::error!(error = &error as &dyn std::error::Error, "what a trial has shown is not in force yet");
    }
    Ok(())
}
