//! Why a route is as it is: what is stored with each attempt, for the operator.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Dropped, Former, Hit, Hits, Pool, PoolAsker, PoolCeiling, PoolMode, Published, Ranked, Route, RouteRequest,
};
use super::{SavedOrder, SelectionMode};
use crate::{CredentialId, ProviderId};

/// Most candidates, and most of the others, that one explanation names; it counts all of them.
const MOST_NAMED: usize = 20;

/// The explanation of a route, written once; each attempt's has its own rank in front.
pub struct Explanation<'e> {
    route: &'e Route<'e>,
    field: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field<'e> {
    mode: SelectionMode,
    order: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    forced: Option<&'e ProviderId>,
    pool: PoolMode,
    pool_asked: PoolMode,
    pool_asked_by: PoolAsker,
    pool_ceiling: Option<PoolCeiling>,
    candidates: Vec<Candidate<'e>>,
    dropped: Vec<Other<'e>>,
    counts: Counts,
    /// In text: numbers of 64 bits are not safe in JSON.
    draw: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'e> {
    provider: &'e ProviderId,
    credential: CredentialId,
    pool: Pool,
    /// Dollars.
    price: String,
    /// Expected probability.
    success: f64,
    /// Expected seconds to a solution.
    seconds: f64,
    /// What orders it, in the mode's unit.
    burden: f64,
    /// Its open tasks, and as many as it can have where that is known.
    in_flight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_in_flight: Option<u32>,
    /// Whether it is tried to find out.
    #[serde(skip_serializing_if = "is_false")]
    finds_out: bool,
    /// What its provider was before it became worse, where one task finds out whether it is that again.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
    /// Tasks seen of the credential.
    samples: f64,
    /// Tasks seen of its provider.
    provider_samples: f64,
    /// What its provider publishes, and so what it was expected to do and to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Said>,
}

#[derive(Serialize)]
struct Other<'e> {
    provider: &'e ProviderId,
    credential: CredentialId,
    hits: Hits,
    /// What its provider publishes, where that may be why its contributor would lose.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Said>,
    /// Dollars that are known to be left on it, where they are too few.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<String>,
}

/// What a provider was.
#[derive(Serialize)]
struct Before {
    success: f64,
    /// To a solution.
    seconds: f64,
}

/// What a provider publishes.
#[derive(Serialize)]
struct Said {
    /// Dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    /// Idle workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<u32>,
}

#[derive(Serialize)]
struct Counts {
    /// Of all providers, looked at or not.
    credentials: usize,
    candidates: usize,
    dropped: usize,
    hits: BTreeMap<Hit, usize>,
}

impl<'e> Route<'e> {
    /// The explanation of this route's attempts.
    #[must_use]
    pub fn explain(&'e self, request: &RouteRequest<'_>) -> Explanation<'e> {
        let forced = request.forced.and(self.candidates.first()).map(|first| first.provider);
        let field = Field {
            mode: request.mode,
            order: meaning(request),
            forced,
            pool: request.pool.mode,
            pool_asked: request.pool.asked,
            pool_asked_by: request.pool.asker,
            pool_ceiling: request.pool.narrowed_by(),
            candidates: self.candidates.iter().take(MOST_NAMED).map(candidate).collect(),
            dropped: self.dropped.iter().take(MOST_NAMED).map(other).collect(),
            counts: self.counts(),
            draw: request.draw.to_string(),
        };
        Explanation { route: self, field: serde_json::to_string(&field).unwrap_or_default() }
    }

    fn counts(&self) -> Counts {
        let mut hits = BTreeMap::new();
        for hit in self.dropped.iter().flat_map(|dropped| dropped.hits.iter()) {
            *hits.entry(hit).or_default() += 1;
        }
        Counts { credentials: self.credentials, candidates: self.possible, dropped: self.dropped.len(), hits }
    }
}

impl Explanation<'_> {
    /// Why the candidate of this rank was tried: a JSON object with its `rank`, the `chosen` one (which a long route does
    /// not list otherwise), and what all attempts of the task share.
    #[must_use]
    pub fn of(&self, rank: usize) -> String {
        let chosen = self.route.candidates.get(rank).map(candidate);
        let chosen = serde_json::to_string(&chosen).unwrap_or_default();
        // Both are JSON objects, joined into one: the opening brace of the second becomes the comma between them.
        format!("{{\"rank\":{rank},\"chosen\":{chosen},{}", self.field.get(1..).unwrap_or_default())
    }
}

const fn meaning(request: &RouteRequest<'_>) -> &'static str {
    match (request.mode, request.order) {
        (SelectionMode::AutoCheapest, _) => {
            "lowest price first, where a try that is expected to fail counts as twice the lowest of all"
        }
        (SelectionMode::AutoFastest, _) => "shortest expected time to a solution first, equal ones by price",
        (SelectionMode::AutoMostReliable, _) => "highest expected success first, equal ones by price",
        (SelectionMode::Priority, _) if request.forced.is_some() => "one provider is forced: lowest price first",
        (SelectionMode::Priority, SavedOrder::Key(_)) => "the API key's order of providers, no others; then by price",
        (SelectionMode::Priority, SavedOrder::Operator([])) => "no order is saved: lowest price first",
        (SelectionMode::Priority, SavedOrder::Operator(_)) => {
            "the operator's order of providers, the others after them; then by price"
        }
    }
}

fn candidate<'e>(ranked: &Ranked<'e>) -> Candidate<'e> {
    Candidate {
        provider: ranked.provider,
        credential: ranked.offer.credential,
        pool: ranked.offer.pool,
        price: ranked.price.terms.price.to_string(),
        success: rounded(ranked.expected.success, 1_000.0),
        seconds: rounded(ranked.expected.seconds(), 100.0),
        burden: rounded(ranked.burden, 1_000_000.0),
        in_flight: ranked.offer.load.in_flight,
        most_in_flight: Some(ranked.offer.load.most).filter(|most| *most < u32::MAX),
        finds_out: ranked.finds_out,
        before: ranked.expected.former.map(before),
        samples: rounded(ranked.offer.observed.samples, 10.0),
        provider_samples: rounded(ranked.provider_samples, 10.0),
        published: said(ranked.published),
    }
}

fn other<'e>(dropped: &Dropped<'e>) -> Other<'e> {
    Other {
        provider: dropped.provider,
        credential: dropped.credential,
        hits: dropped.hits,
        published: Some(dropped.published).filter(|_| dropped.hits.has(Hit::ShareBelowCost)).and_then(said),
        balance: dropped.balance.filter(|_| dropped.hits.has(Hit::OutOfFunds)).map(|balance| balance.to_string()),
    }
}

fn before(former: Former) -> Before {
    Before { success: rounded(former.success, 1_000.0), seconds: rounded(former.latency_ms / 1_000.0, 100.0) }
}

fn said(published: Published) -> Option<Said> {
    let Published { price, speed_ms, idle } = published;
    let said = Said {
        price: price.map(|price| price.to_string()),
        seconds: speed_ms.map(|ms| rounded(f64::from(ms) / 1_000.0, 100.0)),
        idle,
    };
    (published != Published::NOTHING).then_some(said)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_false(is: &bool) -> bool {
    !*is
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}
