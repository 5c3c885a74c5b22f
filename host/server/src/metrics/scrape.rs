//! What is read when somebody asks: gauges that nobody has to keep up to date, and counters that are kept elsewhere.

use std::fmt;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;

use super::vector::{Word, gauges, kept_elsewhere, seconds_kept_elsewhere};
use super::{Metrics, table};
use crate::app::App;
use crate::clock;
use crate::providers::Credential;

impl Metrics {
    /// Whether the last check of the ledger found a difference, and when it was, in seconds since 1970.
    pub(super) fn ledger(&self) -> (bool, usize) {
        let checked = self.ledger.checked_at_ms.load(Ordering::Relaxed) / 1_000;
        (self.ledger.differs.load(Ordering::Relaxed), usize::try_from(checked).unwrap_or(usize::MAX))
    }

    /// Everything in the text form of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn expose(&self, app: &App) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        encode(&mut text, &standing(app))?;
        Ok(text)
    }
}

/// How things stand now, in a registry of its own: two scrapes at once do not see each other's.
fn standing(app: &App) -> Registry {
    let mut registry = Registry::default();
    let of = &mut registry;
    let snapshot = app.snapshot.load();
    gauges(of, table::OPEN, [([], app.open.count())]);
    gauges(of, table::DOUBTFUL, doubtful(app));
    let now_ms = clock::now_ms();
    // What no credential is at the moment is zero and not absent: an alert compares with it.
    let credentials = snapshot.credentials().flat_map(|credential| {
        Credential::STANDINGS.map(|standing| {
            let words: [Word; 3] = [(&credential.provider).into(), credential.pool.as_str().into(), standing.into()];
            (words, usize::from(standing == credential.standing_word(now_ms)))
        })
    });
    gauges(of, table::CREDENTIALS, credentials);
    // One sandbox serves all adapters of a process, so that any of them knows its queue.
    let calls = snapshot.providers().map(|provider| provider.adapter.queued()).max().unwrap_or(0);
    gauges(of, table::QUEUED, [(["writes".into()], app.store.queued()), (["calls".into()], calls)]);
    let stats = app.store.stats();
    kept_elsewhere(of, table::COMMITS, [([], stats.commits)]);
    seconds_kept_elsewhere(of, table::COMMIT_SECONDS, stats.committing);
    kept_elsewhere(of, table::WRITES, [(["kept".into()], stats.kept), (["undone".into()], stats.undone)]);
    kept_elsewhere(of, table::RERUNS, [([], stats.reruns)]);
    let (differs, checked) = app.metrics.ledger();
    gauges(of, table::LEDGER_DIFFERENCE, [([], usize::from(differs))]);
    gauges(of, table::LEDGER_CHECKED, [([], checked)]);
    gauges(of, table::BUILD, [([env!("CARGO_PKG_VERSION").into()], 1)]);
    registry
}

/// The attempts in doubt, each counted once; of a provider that has none it is zero and not absent.
fn doubtful(app: &App) -> Vec<([Word; 2], usize)> {
    let snapshot = app.snapshot.load();
    let none = snapshot.providers().flat_map(|p| ["open", "over"].map(|task| ([(&p.id).into(), task.into()], 0)));
    let open = app.open.doubtful().into_iter().map(|provider| ([(&provider).into(), "open".into()], 1));
    let over = app.watched.providers().into_iter().map(|provider| ([(&provider).into(), "over".into()], 1));
    none.chain(open).chain(over).collect()
}
