//! The quarantine of adapters in the running gateway: what is remembered of one adapter, and who is told.
//!
//! The rule is [`capstan_domain::quarantine`]. A record belongs to a provider and the digest of its adapter: it outlives
//! reloads of the snapshot, and another adapter begins with a clean one. It is not written: after a restart an adapter that
//! still misbehaves is found out anew within a few tasks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use capstan_domain::ProviderId;
use capstan_domain::quarantine::{Change, Conduct, Entry, QuarantineNote, Record, Rule, Work};
use tokio::sync::watch;

use crate::adapters::trial;
use crate::app::App;
use crate::clock;
use crate::providers::Provider;

/// What is remembered of the conduct of one provider's adapter.
#[derive(Default)]
pub struct Quarantine {
    record: Mutex<Record>,
    /// Whether it is quarantined, for those whose call still waits for its turn.
    is_shut: watch::Sender<bool>,
}

impl Quarantine {
    /// How the adapter stands; `None` when it is free.
    #[must_use]
    pub fn standing(&self) -> Option<QuarantineNote> {
        self.record().standing()
    }

    /// Sets the adapter free and forgets what it did; returns whether it was quarantined.
    pub fn lift(&self) -> bool {
        let mut record = self.record();
        self.is_shut.send_replace(false);
        record.lift()
    }

    /// Takes conduct down, and tells those who wait when that begins or ends a quarantine. The record is held meanwhile:
    /// who lifts the quarantine at the same moment does it before both or after both.
    fn note(&self, rule: &Rule, work: Work, conduct: Conduct) -> Option<Change> {
        let mut record = self.record();
        let change = record.note(rule, work, (conduct, clock::now_ms()));
        match change {
            Some(Change::Quarantined(_)) => {
                self.is_shut.send_replace(true);
            }
            Some(Change::Freed) => {
                self.is_shut.send_replace(false);
            }
            Some(Change::Prolonged(_)) | None => {}
        }
        change
    }

    /// Whether tasks may be routed to the adapter now.
    pub(crate) fn admits(&self) -> bool {
        self.record().admits(clock::now_ms())
    }

    /// Lets a task in, or not.
    pub(crate) fn enter(&self, rule: &Rule) -> Entry {
        self.record().enter(rule, clock::now_ms())
    }

    /// Waits until the adapter is quarantined.
    pub(crate) async fn shut(&self) {
        // The sender is our own, so the wait ends with the quarantine or with the waiter.
        let _ = self.is_shut.subscribe().wait_for(|is_shut| *is_shut).await;
    }

    /// Lets a poll or a look-up go on, or says when it may.
    pub(crate) fn poll(&self) -> Result<(), i64> {
        self.record().poll(clock::now_ms())
    }

    // A poisoned lock is entered all the same: a record is whole between two statements.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    /// Takes down how the adapter behaved in an operation; counts it and says so once when that quarantines it.
    pub(crate) fn note_conduct(&self, app: &App, work: Work, conduct: Conduct) {
        let rule = &app.limits.quarantine;
        let Some(change) = self.quarantine.note(rule, work, conduct) else { return };
        let digest = self.adapter.digest();
        match change {
            Change::Quarantined(note) => {
                app.metrics.quarantined(&self.id);
                tracing::error!(
                    provider.id = %self.id, adapter.digest = %digest, reason = %note, faults = note.faults,
                    operations = note.operations, "the adapter is quarantined: it gets no more tasks"
                );
                trial::quarantined(app, &self.id, self.adapter.digest_bytes());
            }
            Change::Prolonged(note) => {
                let rest_ms = note.probed_at_ms.saturating_sub(clock::now_ms());
                tracing::warn!(provider.id = %self.id, reason = %note, rest_ms, "the adapter stays quarantined");
            }
            Change::Freed => {
                tracing::info!(provider.id = %self.id, adapter.digest = %digest, "the adapter is free again");
            }
        }
    }
}

impl App {
    /// The quarantine that a provider's adapter is in, if it is.
    #[must_use]
    pub fn quarantine_of(&self, provider: &ProviderId) -> Option<QuarantineNote> {
        self.snapshot.load().provider(provider)?.quarantine.standing()
    }

    /// Sets a provider's adapter free at an operator's word; returns whether it was quarantined.
    pub fn lift_quarantine(&self, provider: &ProviderId) -> bool {
        let was_quarantined = self.snapshot.load().provider(provider).is_some_and(|p| p.quarantine.lift());
        if was_quarantined {
            tracing::info!(provider.id = %provider, "the quarantine was lifted by the operator");
        }
        was_quarantined
    }
}
