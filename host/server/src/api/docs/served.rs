//! Who serves a family here and for how much: what is in force and public, nothing of credentials beyond their pool.

use capstan_domain::Amount;
use capstan_domain::adapter::ProxySupport;
use capstan_domain::policy::Places;
use capstan_domain::price::{Asked, Billing, Quote};
use capstan_domain::route::{Pool, PoolMode, Provision};
use serde_json::Map;

use crate::clock;
use crate::providers::{Snapshot, Wanted};

/// A provider that can be asked for a family.
pub(super) struct Server {
    /// Its name for people.
    pub name: String,
    /// With which proxies.
    pub proxy: ProxySupport,
    /// What a task costs through one of the platform's credentials, if it has one.
    pub platform: Option<Sold>,
    /// What a task costs through a contributed credential, if there is one and the pool is open.
    pub community: Option<Sold>,
}

/// What a task costs.
pub(super) struct Sold {
    /// Before surcharges.
    pub price: Amount,
    /// Whether it may come to less, by what the provider charges.
    pub is_most: bool,
    /// When more is charged, and how much: dollars, or a part of the price.
    pub surcharges: Vec<(String, String)>,
}

impl Server {
    /// The lower of its prices.
    pub(super) fn cheapest(&self) -> Option<Amount> {
        self.platform.iter().chain(&self.community).map(|sold| sold.price).min()
    }

    /// How it takes proxies, in words.
    pub(super) const fn proxies(&self) -> &'static str {
        match self.proxy {
            ProxySupport::Never => "without only",
            ProxySupport::Optional => "with or without",
            ProxySupport::Required => "with only",
        }
    }
}

/// Providers in use that have a credential and a price for this family, the cheapest first.
pub(super) fn servers(snapshot: &Snapshot, family: &str) -> Vec<Server> {
    let ceilings = [snapshot.switches.pool, snapshot.switches.family_pools.get(family).copied()];
    let community_is_open = !ceilings.contains(&Some(PoolMode::PlatformOnly));
    let asked = Asked { family, parameters: &Map::new(), with_proxy: false };
    let wanted = Wanted { account: None, asked, places: Places::default() };
    let provisions = snapshot.provisions(&wanted, (clock::now_ms(), 0));
    let of = |provision| server(snapshot, provision, (&wanted.asked, community_is_open));
    let mut servers: Vec<Server> = provisions.iter().filter_map(of).collect();
    servers.sort_by_key(|server| (server.cheapest(), server.name.clone()));
    servers
}

fn server(
    snapshot: &Snapshot,
    provision: &Provision<'_>,
    (asked, community_is_open): (&Asked<'_>, bool),
) -> Option<Server> {
    let provider = snapshot.provider(provision.provider)?;
    let sold = |pool: Pool| {
        let has = provision.offers.iter().any(|offer| offer.pool == pool);
        let quote = snapshot.quote(provider, asked, pool).ok().filter(|_| has)?;
        // As the router does: what a contributor would pay for is not offered.
        (pool == Pool::Platform || quote.price.covers_the_contributor()).then(|| sold(&quote))
    };
    let server = Server {
        name: provider.display_name.clone(),
        proxy: provision.serves?,
        platform: sold(Pool::Platform),
        community: sold(Pool::Community).filter(|_| community_is_open),
    };
    server.cheapest().is_some().then_some(server)
}

fn sold(quote: &Quote<'_>) -> Sold {
    let surcharges = quote.rule.surcharges.iter();
    Sold {
        price: quote.base,
        is_most: quote.rule.billing != Billing::Fixed,
        surcharges: surcharges.map(|more| (more.when.to_string(), more.add.shown())).collect(),
    }
}
