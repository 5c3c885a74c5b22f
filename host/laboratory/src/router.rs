//! The gateway's own router: the same rules, fed with the same words.

use std::collections::HashMap;

use capstan_domain::adapter::ProxySupport;
use capstan_domain::price::{Price, Terms};
use capstan_domain::route::{
    self, FIND_OUT_EVERY, Hits, Moment, Offer, PoolAsker, PoolInForce, PoolMode, Provision, Published, RouteRequest,
    SavedOrder, Seen, SelectionMode, Standing, Tally, Word,
};
use capstan_domain::{AccountId, Amount, CredentialId, ProviderId};
use uuid::Uuid;

use crate::chooser::{Chooser, End, Now};
use crate::world::{Place, Reply, World};

/// The router in one mode.
pub struct Router {
    mode: SelectionMode,
    pool: PoolInForce,
    ids: Vec<ProviderId>,
    providers: Vec<Tally>,
    credentials: HashMap<Place, (Tally, Standing)>,
}

/// Rest after "too fast", as the gateway's where the provider does not say how long.
const TOO_FAST_MS: u32 = 1_000;

impl Router {
    /// A router that knows nothing yet. In `priority` mode the saved order is the order of the world's providers.
    #[must_use]
    pub fn new(world: &World, (mode, pool): (SelectionMode, PoolMode)) -> Self {
        let ids = (0..world.providers.len()).filter_map(|n| ProviderId::new(&format!("provider-{n}")).ok()).collect();
        let credentials = world.places().map(|place| (place, Default::default())).collect();
        let pool = PoolInForce { mode: pool, asked: pool, asker: PoolAsker::Request, ceiling: None };
        Self { mode, pool, ids, providers: vec![Tally::default(); world.providers.len()], credentials }
    }

    fn provisions(&self, world: &World, now_ms: i64) -> Vec<Provision<'_>> {
        let providers = world.providers.iter().zip(&self.ids).zip(&self.providers).enumerate();
        let provision = |(n, ((provider, id), tally)): (usize, ((&crate::world::Provider, _), &Tally))| Provision {
            provider: id,
            serves: Some(ProxySupport::Optional),
            platform_price: Some(price(provider.price)),
            community_price: Some(price(provider.community_price)),
            observed: tally.observed(now_ms),
            published: Published::NOTHING,
            is_quarantined: false,
            credentials: provider.credentials.len(),
            offers: (0..provider.credentials.len())
                .filter_map(|m| self.offer(world, Place { provider: n, credential: m }, now_ms))
                .collect(),
        };
        providers.map(provision).collect()
    }

    fn offer(&self, world: &World, place: Place, now_ms: i64) -> Option<Offer> {
        let (tally, standing) = self.credentials.get(&place)?;
        Some(Offer {
            credential: id_of(place),
            pool: world.credential(place)?.pool,
            owner: None,
            observed: tally.observed(now_ms),
            rested_until_ms: standing.rested_until_ms(),
            load: standing.load(),
            owners_limits: Hits::default(),
            balance: None,
        })
    }

    fn count(&mut self, place: Place, seen: Seen, now_ms: i64) {
        let Some(provider) = self.providers.get_mut(place.provider) else { return };
        provider.note(seen, now_ms);
        if let Some((tally, _)) = self.credentials.get_mut(&place) {
            tally.note_within(seen, now_ms, provider.changed());
        }
    }
}

const fn price(nanos: i64) -> Price {
    Price { terms: Terms::fixed(Amount::from_nanos(nanos)), share_bp: 0 }
}

fn id_of(place: Place) -> CredentialId {
    let number = |n: usize| u128::try_from(n).unwrap_or(0);
    CredentialId(Uuid::from_u128((number(place.provider) << 64) | number(place.credential)))
}

fn place_of(id: CredentialId) -> Place {
    let (provider, credential) = id.0.as_u64_pair();
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Place { provider: number(provider), credential: number(credential) }
}

const fn moment(now: Now) -> Moment {
    Moment { now_ms: now.ms, time_scale: 1, draw: now.draw }
}

impl Chooser for Router {
    fn name(&self) -> &'static str {
        "capstan"
    }

    fn choose(&mut self, world: &World, now: Now, most: usize) -> Vec<Place> {
        let request = RouteRequest {
            account: AccountId(Uuid::nil()),
            find_out_every: FIND_OUT_EVERY,
            with_proxy: false,
            pool: self.pool,
            mode: self.mode,
            order: SavedOrder::Key(&self.ids),
            forced: None,
            most,
            now_ms: now.ms,
            draw: now.draw,
        };
        let provisions = self.provisions(world, now.ms);
        let route = route::route(&request, &provisions);
        let tried = route.candidates.first().filter(|first| first.finds_out && first.expected.former.is_some());
        let tried = tried.map(|first| place_of(first.offer.credential));
        let places = route.candidates.iter().map(|c| place_of(c.offer.credential)).collect();
        if let Some(provider) = tried.and_then(|place| self.providers.get_mut(place.provider)) {
            provider.tried(now.ms);
        }
        places
    }

    fn enter(&mut self, place: Place, now: Now) -> bool {
        self.credentials.get_mut(&place).is_some_and(|(_, standing)| standing.enter(moment(now)))
    }

    fn replied(&mut self, place: Place, reply: Reply, now: Now) {
        let word = match reply {
            Reply::Accepted | Reply::Busy => Word::Good,
            Reply::Down => Word::Down,
            Reply::TooFast => Word::TooFast(TOO_FAST_MS),
            Reply::Rejected => Word::Useless,
        };
        if reply == Reply::Busy {
            self.count(place, Seen::Unsolved(0), now.ms);
        }
        if let Some((_, standing)) = self.credentials.get_mut(&place) {
            standing.note(word, moment(now));
            if reply != Reply::Accepted {
                standing.leave();
            }
        }
    }

    fn overdue_after_ms(&self, place: Place) -> Option<i64> {
        self.providers.get(place.provider)?.overdue_after_ms()
    }

    fn overdue(&mut self, place: Place, age_ms: i64, now: Now) {
        self.count(place, Seen::Overdue(age_ms), now.ms);
    }

    fn ended(&mut self, place: Place, end: End, now: Now) {
        let seen = match (end.is_solved, end.overdue_ms) {
            (true, None) => Seen::Solved(end.took_ms),
            (true, Some(overdue_ms)) => Seen::SolvedLate(end.took_ms, overdue_ms),
            (false, None) => Seen::Unsolved(end.took_ms),
            (false, Some(overdue_ms)) => Seen::Lost(end.took_ms - overdue_ms),
        };
        self.count(place, seen, now.ms);
        if let Some((_, standing)) = self.credentials.get_mut(&place) {
            standing.leave();
        }
    }
}
