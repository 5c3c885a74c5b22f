//! Asks providers on a schedule what they publish about prices, speed and load, for this node's router.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::Amount;
use capstan_domain::adapter::Offer;
use capstan_domain::route::Published;
use capstan_egress::Waiting;

use super::drive::{self, Asked, Party};
use crate::app::App;
use crate::clock;
use crate::market::Question;
use crate::providers::{self, Provider};
use crate::statistics::FamilyPlace;

/// Longest that a provider may take to tell all of it, in milliseconds.
const TOLD_WITHIN_MS: i64 = 30_000;
/// No provider is asked more often than so, in its own time: anti-captcha keeps what it publishes for ten seconds.
const SOONEST_MS: u32 = 10_000;
/// What was told counts for as long, or for two rounds where those are longer: one may fail.
const COUNTS: Duration = Duration::from_secs(300);

/// Asks every provider in use that publishes something, until the process stops. Each node asks for itself: what it learns is in
/// the memory of its own router.
pub(crate) async fn follow_markets(app: Arc<App>) {
    let every = app.limits.market_every;
    if every.is_zero() {
        return;
    }
    let see_after = (every / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        for provider in app.snapshot.load().providers() {
            // A quarantined adapter gets no tasks, so that nothing of its provider needs to be known.
            let publishes = provider.abilities.market && provider.is_in_use();
            if !publishes || provider.quarantine.standing().is_some() {
                continue;
            }
            let every = every.max(Duration::from_millis(u64::from(provider.in_our_time(SOONEST_MS))));
            if let Some(question) = provider.market.question(every, clock::now_ms()) {
                // One that answers slowly keeps no other from being asked.
                app.tracker.spawn(ask(Arc::clone(&app), Arc::clone(provider), question));
            }
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(see_after) => {}
        }
    }
}

async fn ask(app: Arc<App>, provider: Arc<Provider>, question: Question) {
    let told = tokio::select! {
        () = app.shutdown.cancelled() => return,
        told = told(&app, &provider) => told,
    };
    let outcome = match told {
        Some(offers) => {
            let counts_ms = COUNTS.max(app.limits.market_every.saturating_mul(2)).as_millis();
            let until_ms = clock::now_ms().saturating_add(i64::try_from(counts_ms).unwrap_or(i64::MAX));
            question.answered(&offers, until_ms);
            "told"
        }
        None => "failed",
    };
    app.metrics.market_looked(&provider.id, outcome);
}

async fn told(app: &App, provider: &Provider) -> Option<Vec<(FamilyPlace, Published)>> {
    let (until_ms, waiting) = (clock::now_ms().saturating_add(TOLD_WITHIN_MS), Waiting::default());
    let party = Party { provider, credential: None, until_ms, waiting: &waiting };
    match drive::market(app, &party).await {
        Ok(Asked::Told(offers)) => Some(offers.iter().filter_map(|offer| published(provider, offer)).collect()),
        Ok(Asked::Failed(fault)) => {
            tracing::warn!(provider.id = %provider.id, fault = fault.class.as_str(), "prices and load were not told");
            None
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %provider.id, error = &cut_off as &dyn std::error::Error, "a question for prices and load was cut off");
            None
        }
    }
}

/// An offer as the router reads it; none of a family that nobody knows.
fn published(provider: &Provider, offer: &Offer) -> Option<(FamilyPlace, Published)> {
    let published = Published {
        // Nobody solves for less than nothing.
        price: providers::dollars(&offer.price).filter(|price| *price >= Amount::ZERO),
        speed_ms: offer.speed_ms.map(|ms| provider.in_our_time(ms)),
        idle: offer.idle,
    };
    Some((FamilyPlace::of(&offer.family)?, published))
}
