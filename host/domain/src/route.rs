//! The route: which credentials could take a task now, in which order, and why.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::adapter::ProxySupport;
use crate::ledger::Share;
use crate::price::Price;
use crate::{AccountId, Amount, CredentialId, ProviderId};

/// Where a credential comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The platform's own.
    Platform,
    /// Contributed by a community member.
    Community,
}

impl Pool {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Community => "community",
        }
    }
}

/// Which pools a task may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PoolMode {
    /// Platform and community.
    All,
    /// Platform only.
    PlatformOnly,
}

impl PoolMode {
    /// Every mode, as clients write it.
    pub const ALL: &[(&'static str, Self)] = &[("all", Self::All), ("platformOnly", Self::PlatformOnly)];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::PlatformOnly => "platformOnly",
        }
    }

    /// Reads a client's word; letter case does not count.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(_, mode)| *mode)
    }

    /// The pool in force: the request's word, else the key's, else `all`, but platform for a task that carries secrets and
    /// for which nobody asked for `all`.
    #[must_use]
    pub fn in_force(request: Option<Self>, key: Option<Self>, has_secrets: bool) -> Self {
        let unset = if has_secrets { Self::PlatformOnly } else { Self::All };
        request.or(key).unwrap_or(unset)
    }

    /// Whether this mode admits a credential of that pool.
    #[must_use]
    pub const fn admits(self, pool: Pool) -> bool {
        match (self, pool) {
            (Self::All, _) | (Self::PlatformOnly, Pool::Platform) => true,
            (Self::PlatformOnly, Pool::Community) => false,
        }
    }
}

/// How candidates are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SelectionMode {
    /// Lowest price first.
    AutoCheapest,
    /// Shortest time to solution first.
    AutoFastest,
    /// Highest success rate first.
    AutoMostReliable,
    /// The key's or the operator's order.
    Priority,
}

impl SelectionMode {
    /// Every mode, as clients write it.
    pub const ALL: &[(&'static str, Self)] = &[
        ("autoCheapest", Self::AutoCheapest),
        ("autoFastest", Self::AutoFastest),
        ("autoMostReliable", Self::AutoMostReliable),
        ("priority", Self::Priority),
    ];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoCheapest => "autoCheapest",
            Self::AutoFastest => "autoFastest",
            Self::AutoMostReliable => "autoMostReliable",
            Self::Priority => "priority",
        }
    }

    /// Reads a client's word; letter case does not count.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(_, mode)| *mode)
    }
}

/// A credential as the router sees it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The credential.
    pub credential: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its pool.
    pub pool: Pool,
    /// Its contributor, for the community pool.
    pub owner: Option<AccountId>,
    /// Whether its adapter serves the family, and with which proxies.
    pub serves: Option<ProxySupport>,
    /// What the current price book says.
    pub price: Option<Price>,
    /// Not before this time, after a fault that asked for rest.
    pub rested_until_ms: i64,
    /// Its adapter is quarantined.
    pub is_quarantined: bool,
}

/// What is asked of the router.
#[derive(Clone, Debug)]
pub struct RouteRequest<'r> {
    /// Whether the task comes with a proxy.
    pub with_proxy: bool,
    /// The pool in force.
    pub pool_mode: PoolMode,
    /// The order asked for.
    pub mode: SelectionMode,
    /// The provider that the client forces, as it spelled it.
    pub forced: Option<&'r str>,
    /// Now.
    pub now_ms: i64,
}

/// A credential that could take the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The credential.
    pub credential: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its pool.
    pub pool: Pool,
    /// What the account pays.
    pub price: Amount,
    /// Who earns which share, in basis points, if anybody.
    pub share: Option<(AccountId, u16)>,
}

impl Candidate {
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
}

/// Why a credential is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hit {
    /// Another provider was forced.
    OtherProvider,
    /// Its pool is not admitted.
    Pool,
    /// Its adapter does not serve the family.
    Family,
    /// Its provider takes no proxy for this family, and the task has one.
    ProxyNotTaken,
    /// Its provider needs a proxy for this family.
    ProxyNeeded,
    /// The price book has no price for it.
    NoPrice,
    /// It is resting after a fault.
    Resting,
    /// Its adapter broke its limits or the contract too often.
    Quarantined,
}

/// The ordered candidates, and why the others are none.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// In the order in which they are tried.
    pub candidates: Vec<Candidate>,
    /// The others, with the filter that they hit.
    pub dropped: Vec<(CredentialId, ProviderId, Hit)>,
}

/// Chooses candidates: filter, order by price, explain. Equal prices are ordered platform first, then by id, so that the
/// same offers always give the same route.
#[must_use]
pub fn route(request: &RouteRequest<'_>, offers: &[Offer]) -> Route {
    let mut route = Route::default();
    for offer in offers {
        match admit(request, offer) {
            Ok(candidate) => route.candidates.push(candidate),
            Err(hit) => route.dropped.push((offer.credential, offer.provider.clone(), hit)),
        }
    }
    route.candidates.sort_by_key(|c| (c.price, c.pool, c.credential));
    route
}

fn admit(request: &RouteRequest<'_>, offer: &Offer) -> Result<Candidate, Hit> {
    if request.forced.is_some_and(|spelling| !offer.provider.matches(spelling)) {
        return Err(Hit::OtherProvider);
    }
    match (offer.serves.ok_or(Hit::Family)?, request.with_proxy) {
        (ProxySupport::Never, true) => return Err(Hit::ProxyNotTaken),
        (ProxySupport::Required, false) => return Err(Hit::ProxyNeeded),
        (ProxySupport::Never, false) | (ProxySupport::Required, true) | (ProxySupport::Optional, _) => {}
    }
    let price = offer.price.ok_or(Hit::NoPrice)?;
    // After what the credential can do: only one that would do is worth saying that the pool excludes it.
    if !request.pool_mode.admits(offer.pool) {
        return Err(Hit::Pool);
    }
    if offer.is_quarantined {
        return Err(Hit::Quarantined);
    }
    if offer.rested_until_ms > request.now_ms {
        return Err(Hit::Resting);
    }
    let share = offer.owner.filter(|_| offer.pool == Pool::Community).map(|owner| (owner, price.share_bp));
    Ok(Candidate {
        credential: offer.credential,
        provider: offer.provider.clone(),
        pool: offer.pool,
        price: price.amount,
        share,
    })
}

/// Most candidates, and most of the others, that one explanation names.
const MOST_EXPLAINED: usize = 20;

impl Route {
    /// The stored explanation of one attempt: the field, as far as somebody would read it, and which rank was taken.
    #[must_use]
    pub fn explain(&self, request: &RouteRequest<'_>, rank: usize) -> Value {
        let candidates: Vec<Value> = self.candidates.iter().take(MOST_EXPLAINED).map(|c| {
            json!({"provider": c.provider, "credential": c.credential, "pool": c.pool, "price": c.price.to_string()})
        }).collect();
        let dropped: Vec<Value> = self
            .dropped
            .iter()
            .take(MOST_EXPLAINED)
            .map(|(c, p, hit)| json!({"provider": p, "credential": c, "hit": hit}))
            .collect();
        let forced = request.forced.and(self.candidates.first()).map(|c| &c.provider);
        json!({
            "mode": request.mode, "pool": request.pool_mode, "forced": forced, "order": "price",
            "rank": rank, "candidates": candidates, "dropped": dropped,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn offer(n: u128, provider: &str, pool: Pool, nanos: i64) -> Offer {
        Offer {
            credential: CredentialId(Uuid::from_u128(n)),
            provider: ProviderId::new(provider).unwrap(),
            pool,
            owner: (pool == Pool::Community).then(|| AccountId(Uuid::from_u128(99))),
            serves: Some(ProxySupport::Optional),
            price: Some(Price { amount: Amount::from_nanos(nanos), share_bp: 5_000 }),
            rested_until_ms: 0,
            is_quarantined: false,
        }
    }

    const REQUEST: RouteRequest<'_> = RouteRequest {
        with_proxy: false,
        pool_mode: PoolMode::All,
        mode: SelectionMode::AutoCheapest,
        forced: None,
        now_ms: 1_000,
    };

    fn order(request: &RouteRequest<'_>, offers: &[Offer]) -> Vec<u128> {
        route(request, offers).candidates.iter().map(|c| c.credential.0.as_u128()).collect()
    }

    #[test]
    fn candidates_come_in_price_order() {
        let offers = [
            offer(1, "a", Pool::Platform, 30),
            offer(2, "b", Pool::Community, 10),
            offer(3, "a", Pool::Platform, 10),
            offer(4, "c", Pool::Platform, 20),
        ];
        assert_eq!(order(&REQUEST, &offers), [3, 2, 4, 1]);
    }

    #[test]
    fn platform_only_never_meets_a_community_credential() {
        let offers = [offer(1, "a", Pool::Community, 1), offer(2, "a", Pool::Platform, 9)];
        let request = RouteRequest { pool_mode: PoolMode::PlatformOnly, ..REQUEST };
        assert_eq!(order(&request, &offers), [2]);
    }

    #[test]
    fn a_forced_provider_obeys_the_pool_and_falls_nowhere() {
        let offers = [offer(1, "anti-captcha", Pool::Community, 1), offer(2, "b", Pool::Platform, 9)];
        let forced = RouteRequest { forced: Some("AntiCaptcha"), ..REQUEST };
        assert_eq!(order(&forced, &offers), [1]);
        let narrow = RouteRequest { pool_mode: PoolMode::PlatformOnly, ..forced };
        assert!(order(&narrow, &offers).is_empty());
    }

    #[test]
    fn each_filter_is_named() {
        let with = |change: fn(&mut Offer)| {
            let mut made = offer(1, "a", Pool::Platform, 1);
            change(&mut made);
            made
        };
        for (offer, with_proxy, hit) in [
            (with(|o| o.serves = None), false, Hit::Family),
            (with(|o| o.serves = Some(ProxySupport::Never)), true, Hit::ProxyNotTaken),
            (with(|o| o.serves = Some(ProxySupport::Required)), false, Hit::ProxyNeeded),
            (with(|o| o.price = None), false, Hit::NoPrice),
            (with(|o| o.rested_until_ms = 1_001), false, Hit::Resting),
            (with(|o| o.is_quarantined = true), false, Hit::Quarantined),
        ] {
            let made = route(&RouteRequest { with_proxy, ..REQUEST }, &[offer]);
            assert_eq!(made.dropped.iter().map(|d| d.2).collect::<Vec<_>>(), [hit]);
            assert!(made.candidates.is_empty());
        }
    }

    #[test]
    fn the_pool_in_force_follows_request_then_key_then_secrets() {
        use PoolMode::{All, PlatformOnly};
        for (request, key, secrets, expected) in [
            (None, None, false, All),
            (None, None, true, PlatformOnly),
            (Some(All), None, true, All),
            (None, Some(All), true, All),
            (Some(All), Some(PlatformOnly), false, All),
            (Some(PlatformOnly), Some(All), false, PlatformOnly),
        ] {
            assert_eq!(PoolMode::in_force(request, key, secrets), expected);
        }
    }

    #[test]
    fn nobody_earns_from_their_own_task() {
        let owner = AccountId(Uuid::from_u128(99));
        let candidate = &route(&REQUEST, &[offer(1, "a", Pool::Community, 100)]).candidates[0];
        assert_eq!(candidate.share_of(Amount::from_nanos(100), owner).unwrap(), None);
        let share = candidate.share_of(Amount::from_nanos(100), AccountId(Uuid::from_u128(1))).unwrap().unwrap();
        assert_eq!(share, Share { contributor: owner, amount: Amount::from_nanos(50) });
    }
}
