//! The route: which credentials could take a task now, in which order, and why.
//!
//! Filter ([`hit`]), score ([`score`]), order (`order`), explain ([`explain`]); what is learned from what becomes of tasks is a
//! [`tally`] of a credential and of its provider for each family, and a credential's [`standing`]. Pure: what is known comes in
//! as data, draws included, and the same data always give the same route.

pub mod explain;
pub mod former;
pub mod hit;
mod order;
pub mod pool;
pub mod published;
pub mod score;
pub mod standing;
pub mod tally;
#[cfg(test)]
mod tests;

pub use explain::Explanation;
pub use former::Former;
pub use hit::{Hit, Hits};
pub use order::FIND_OUT_EVERY;
pub use pool::{Pool, PoolAsker, PoolCeiling, PoolCeilings, PoolInForce, PoolMode, PoolWish};
pub use published::Published;
pub use score::{Expected, FAILURE_PRICES, Observed, SelectionMode};
pub use standing::{Load, Moment, Standing, Word};
pub use tally::{Changed, Seen, Tally};

use order::Possible;

use crate::adapter::ProxySupport;
use crate::ledger::{Move, MoveError, Share};
use crate::price::{Price, Terms};
use crate::{AccountId, Amount, CredentialId, ProviderId};

/// What a provider offers for one family: what all of its credentials have in common, and each of them.
#[derive(Clone, Debug)]
pub struct Provision<'s> {
    /// The provider.
    pub provider: &'s ProviderId,
    /// Whether its adapter serves the family, and with which proxies.
    pub serves: Option<ProxySupport>,
    /// What the current price book says for a platform credential, for this very task.
    pub platform_price: Option<Price>,
    /// What it says for a contributed one.
    pub community_price: Option<Price>,
    /// What has been seen of the provider for the family, through all of its credentials.
    pub observed: Observed,
    /// What it publishes for the family.
    pub published: Published,
    /// Whether its adapter is quarantined.
    pub is_quarantined: bool,
    /// How many credentials it has in use.
    pub credentials: usize,
    /// Those that are offered for this task: all of them, or some that were drawn.
    pub offers: Vec<Offer>,
}

/// A credential as the router sees it, for one family.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The credential.
    pub credential: CredentialId,
    /// Its pool.
    pub pool: Pool,
    /// Its contributor, for the community pool.
    pub owner: Option<AccountId>,
    /// What has been seen of it for the family.
    pub observed: Observed,
    /// Not before this time, after a fault that asked for rest.
    pub rested_until_ms: i64,
    /// What it has to do, beside what it can.
    pub load: Load,
    /// What its owner does not lend it for, as far as it speaks against this task when it is another account's.
    pub owners_limits: Hits,
    /// What it has left at its provider, where that is known; below zero where less was charged than was expected.
    pub balance: Option<Amount>,
}

impl Offer {
    /// Whether less is left on it than its provider is expected to take. Where either is not known it is tried: a provider
    /// says itself that nothing is left, and charges nothing for that. What costs nothing needs nothing.
    fn is_short_of(&self, cost: Option<Amount>) -> bool {
        self.balance.zip(cost).is_some_and(|(balance, cost)| balance < cost && cost > Amount::ZERO)
    }
}

/// A saved order of providers, for [`SelectionMode::Priority`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedOrder<'r> {
    /// The API key's. Whoever saved a list on a key chose who may see its tasks, so nobody else gets them: AnySolver, whose
    /// clients these are, documents its `priority` without fallback outside of the list.
    Key(&'r [ProviderId]),
    /// The operator's. It is a preference for everybody, made before the next provider was added: those it does not name
    /// come after those it names, by price.
    Operator(&'r [ProviderId]),
}

impl<'r> SavedOrder<'r> {
    /// The key's order, else the operator's. An empty one on the key is none: it would only say no to everything.
    #[must_use]
    pub fn of(key: Option<&'r [ProviderId]>, operator: &'r [ProviderId]) -> Self {
        key.filter(|order| !order.is_empty()).map_or(Self::Operator(operator), Self::Key)
    }

    /// A provider's place, the first being 0; `None` for one that must not be used.
    fn place(self, provider: &ProviderId) -> Option<usize> {
        let place_in = |order: &[ProviderId]| order.iter().position(|named| named == provider);
        match self {
            Self::Key(order) => place_in(order),
            Self::Operator(order) => Some(place_in(order).unwrap_or(order.len())),
        }
    }
}

/// What is asked of the router.
#[derive(Clone, Debug)]
pub struct RouteRequest<'r> {
    /// Whose task it is.
    pub account: AccountId,
    /// Whether the task comes with a proxy.
    pub with_proxy: bool,
    /// The pool in force.
    pub pool: PoolInForce,
    /// The order asked for.
    pub mode: SelectionMode,
    /// The saved order, which only [`SelectionMode::Priority`] looks at.
    pub order: SavedOrder<'r>,
    /// The provider that the client forces, as it spelled it. Named by the request itself, it goes before any saved order;
    /// no other provider is tried, and it obeys the pool.
    pub forced: Option<&'r str>,
    /// As many candidates are tried at most.
    pub most: usize,
    /// One task in so many is tried first where it may be better than is known; 0 means none.
    pub find_out_every: u64,
    /// Now.
    pub now_ms: i64,
    /// A number drawn at random for this task.
    pub draw: u64,
}

/// A credential chosen for a task, with the price and the share agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The credential.
    pub credential: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its pool.
    pub pool: Pool,
    /// What the account pays, and how that is found out.
    pub terms: Terms,
    /// Who earns which share, in basis points, if anybody.
    pub share: Option<(AccountId, u16)>,
}

impl Candidate {
    /// Whose money its attempt touches.
    #[must_use]
    pub const fn stake(&self) -> Stake {
        Stake { credential: self.credential, share: self.share }
    }
}

/// Whose money an attempt touches at its provider's end: all that a settlement asks of the candidate that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stake {
    /// The credential that the provider charges.
    pub credential: CredentialId,
    /// Who earns which share, in basis points, if it is contributed.
    pub share: Option<(AccountId, u16)>,
}

impl Stake {
    /// What the contributor earns of a capture by an account; nobody earns from their own task.
    ///
    /// # Errors
    /// [`crate::amount::AmountError`] when the product is out of range.
    pub fn share_of(&self, capture: Amount, payer: AccountId) -> Result<Option<Share>, crate::amount::AmountError> {
        let Some((contributor, bp)) = self.share.filter(|(contributor, _)| *contributor != payer) else {
            return Ok(None);
        };
        Ok(Some(Share { contributor, amount: capture.share(bp)? }))
    }

    /// How the gateway bears what the provider charged and no capture carries: as its loss, or by giving it back to the
    /// contributor whose credential was charged. `None` where an account was charged for its own task.
    ///
    /// # Errors
    /// [`MoveError::NotPositive`] when the cost is not.
    pub fn bear(&self, cost: Amount, payer: AccountId) -> Result<Option<Move>, MoveError> {
        match self.share {
            None => Move::loss(self.credential, cost).map(Some),
            Some((contributor, _)) if contributor == payer => Ok(None),
            Some((contributor, _)) => Move::reimbursement(contributor, cost).map(Some),
        }
    }
}

/// A credential that could take the task, in its place on the route.
#[derive(Clone, Copy, Debug)]
pub struct Ranked<'o> {
    /// The credential.
    pub offer: &'o Offer,
    /// Its provider.
    pub provider: &'o ProviderId,
    /// What a task costs there.
    pub price: Price,
    /// What is expected of it.
    pub expected: Expected,
    /// Tasks seen of its provider.
    pub provider_samples: f64,
    /// What its provider publishes.
    pub published: Published,
    /// What a solution there is expected to weigh, in the mode's unit; the least goes first.
    pub burden: f64,
    /// Whether it goes first because it may be better than is known.
    pub finds_out: bool,
    place: usize,
}

impl Ranked<'_> {
    /// The same as it is tried and recorded.
    #[must_use]
    pub fn candidate(&self) -> Candidate {
        let contributor = self.offer.owner.filter(|_| self.offer.pool == Pool::Community);
        Candidate {
            credential: self.offer.credential,
            provider: self.provider.clone(),
            pool: self.offer.pool,
            terms: self.price.terms,
            share: contributor.map(|owner| (owner, self.price.share_bp)),
        }
    }
}

/// A credential that is no candidate.
#[derive(Clone, Copy, Debug)]
pub struct Dropped<'o> {
    /// The credential.
    pub credential: CredentialId,
    /// Its provider.
    pub provider: &'o ProviderId,
    /// Why not.
    pub hits: Hits,
    /// What its provider publishes.
    pub published: Published,
    /// What is known to be left on it.
    pub balance: Option<Amount>,
}

/// The ordered candidates, and why the others are none.
#[derive(Clone, Debug, Default)]
pub struct Route<'o> {
    /// In the order in which they are tried: the best of them, and those that are cheaper.
    pub candidates: Vec<Ranked<'o>>,
    /// How many of those offered could take it.
    pub possible: usize,
    /// How many credentials there are in all, offered or not.
    pub credentials: usize,
    /// All others.
    pub dropped: Vec<Dropped<'o>>,
    /// When the first of those that only rest could take it.
    pub rested_until_ms: Option<i64>,
}

/// Chooses candidates: filter, score, order. Equal ones are ordered by price, then platform first, then as it is drawn.
#[must_use]
pub fn route<'o>(request: &RouteRequest<'_>, provisions: &'o [Provision<'o>]) -> Route<'o> {
    let mut route = Route::default();
    let mut possible = Vec::with_capacity(provisions.iter().map(|provision| provision.offers.len()).sum());
    for provision in provisions {
        let (hits, place) = judge_provider(request, provision);
        let believed = Expected::of_provider(&provision.observed, provision.published);
        for offer in &provision.offers {
            match judge(request, provision, offer, hits) {
                Ok(price) => {
                    let seen = offer.observed.unless_over(&provision.observed);
                    let expected = believed.of_credential(&seen).at_load(provision.published);
                    possible.push(Possible { provision, offer, price, place, expected });
                }
                Err(hits) => route.drop(provision, offer, hits),
            }
        }
    }
    route.credentials = provisions.iter().map(|provision| provision.credentials).sum();
    route.possible = possible.len();
    route.candidates = order::ordered(request, &possible);
    route
}

/// What holds for all credentials of a provider: the filters that they hit, and the place in the saved order.
fn judge_provider(request: &RouteRequest<'_>, provision: &Provision<'_>) -> (Hits, usize) {
    let place = match (request.forced, request.mode) {
        (Some(spelling), _) if !provision.provider.matches(spelling) => return (Hits::only(Hit::OtherProvider), 0),
        (None, SelectionMode::Priority) => request.order.place(provision.provider),
        (Some(_), _)
        | (None, SelectionMode::AutoCheapest | SelectionMode::AutoFastest | SelectionMode::AutoMostReliable) => Some(0),
    };
    let Some(place) = place else { return (Hits::only(Hit::NotListed), 0) };
    let hits = match (provision.serves, request.with_proxy) {
        (None, _) => Hits::only(Hit::Family),
        (Some(ProxySupport::Never), true) => Hits::only(Hit::ProxyNotTaken),
        (Some(ProxySupport::Required), false) => Hits::only(Hit::ProxyNeeded),
        (Some(ProxySupport::Never), false)
        | (Some(ProxySupport::Required), true)
        | (Some(ProxySupport::Optional), _) => Hits::default(),
    };
    (hits, place)
}

/// The price of a credential that could take the task, else everything that speaks against it: who is told of one reason
/// alone would change that and be refused for the next.
fn judge(request: &RouteRequest<'_>, provision: &Provision<'_>, offer: &Offer, hits: Hits) -> Result<Price, Hits> {
    if [Hit::OtherProvider, Hit::NotListed, Hit::Family].into_iter().any(|hit| hits.has(hit)) {
        return Err(hits);
    }
    let price = match (offer.pool, offer.owner) {
        (Pool::Platform, _) => provision.platform_price,
        // Whoever pays the provider already, from the own balance there, pays the gateway's part alone.
        (Pool::Community, Some(owner)) if owner == request.account => provision.community_price.map(Price::of_own_use),
        (Pool::Community, _) => provision.community_price,
    };
    let price = price.map(|price| price.published_at(provision.published.price));
    let is_lent = offer.pool == Pool::Community && offer.owner != Some(request.account);
    let mut hits = if is_lent { hits.union(offer.owners_limits) } else { hits };
    for (hit, is_hit) in [
        (Hit::Pool, !request.pool.mode.admits(offer.pool)),
        (Hit::NoPrice, price.is_none()),
        (Hit::ShareBelowCost, is_lent && price.is_some_and(|p| !p.covers_the_contributor())),
        (Hit::OutOfFunds, price.is_some_and(|p| offer.is_short_of(p.terms.expected_cost))),
        (Hit::Quarantined, provision.is_quarantined),
        (Hit::Resting, offer.rested_until_ms > request.now_ms),
    ] {
        hits = if is_hit { hits.and(hit) } else { hits };
    }
    price.filter(|_| hits.is_empty()).ok_or(hits)
}

impl<'o> Route<'o> {
    fn drop(&mut self, provision: &'o Provision<'o>, offer: &'o Offer, hits: Hits) {
        if hits == Hits::only(Hit::Resting) {
            let until_ms = offer.rested_until_ms;
            self.rested_until_ms = Some(self.rested_until_ms.map_or(until_ms, |first| first.min(until_ms)));
        }
        self.dropped.push(Dropped {
            credential: offer.credential,
            provider: provision.provider,
            hits,
            published: provision.published,
            balance: offer.balance,
        });
    }

    /// The candidates that may be tried, with their ranks: whatever the balance, the first `most` that it affords are among
    /// them. Only a cheaper one than the `most` cheapest before it can be one of those, so these are few on a long route.
    #[must_use]
    pub fn triable(&self, most: usize) -> Vec<(usize, &Ranked<'o>)> {
        let mut cheapest: Vec<Amount> = Vec::with_capacity(most.saturating_add(1).min(self.candidates.len()));
        let mut triable = Vec::new();
        for (rank, candidate) in self.candidates.iter().enumerate() {
            let price = candidate.price.terms.price;
            let before = cheapest.partition_point(|earlier| *earlier <= price);
            if before < most {
                cheapest.insert(before, price);
                cheapest.truncate(most);
                triable.push((rank, candidate));
            }
        }
        triable
    }
}
