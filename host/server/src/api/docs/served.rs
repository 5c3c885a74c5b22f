//! Who serves a family here and for how much: what is in force and public, nothing of credentials beyond their pool.

use capstan_domain::Amount;
use capstan_domain::adapter::ProxySupport;
use capstan_domain::route::{Pool, PoolMode, Provision};

use crate::clock;
use crate::providers::Snapshot;

/// A provider that can be asked for a family.
pub(super) struct Server {
    /// Its name for people.
    pub name: String,
    /// With which proxies.
    pub proxy: ProxySupport,
    /// What a task costs through one of the platform's credentials, if it has one.
    pub platform: Option<Amount>,
    /// What a task costs through a contributed credential, if there is one and the pool is open.
    pub community: Option<Amount>,
}

impl Server {
    /// The lower of its prices.
    pub(super) fn cheapest(&self) -> Option<Amount> {
        self.platform.into_iter().chain(self.community).min()
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
    let provisions = snapshot.provisions(family, clock::now_ms());
    let mut servers: Vec<Server> =
        provisions.iter().filter_map(|provision| server(snapshot, provision, community_is_open)).collect();
    servers.sort_by_key(|server| (server.cheapest(), server.name.clone()));
    servers
}

fn server(snapshot: &Snapshot, provision: &Provision<'_>, community_is_open: bool) -> Option<Server> {
    let has = |pool: Pool| provision.offers.iter().any(|offer| offer.pool == pool);
    let platform = provision.platform_price.filter(|_| has(Pool::Platform));
    let community = provision.community_price.filter(|_| community_is_open && has(Pool::Community));
    let server = Server {
        name: snapshot.provider(provision.provider)?.display_name.clone(),
        proxy: provision.serves?,
        platform: platform.map(|price| price.amount),
        community: community.map(|price| price.amount),
    };
    server.cheapest().is_some().then_some(server)
}
