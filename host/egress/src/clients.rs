//! HTTP clients, one per provider and credential, so that no connection and no TLS session serves two credentials.

use std::sync::Arc;

use capstan_domain::{CredentialId, ProviderId};
use moka::sync::Cache;
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};

use crate::address::{LookUp, VettingResolver};
use crate::error::EgressError;
use crate::send::EgressSettings;

/// Most TLS sessions that one client keeps for resumption: a provider has a handful of hosts.
const TLS_SESSIONS: usize = 8;

/// Whose connections a client holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    pub(crate) provider: ProviderId,
    pub(crate) credential: Option<CredentialId>,
    pub(crate) loopback: bool,
}

/// The clients in use. Bounded: the least used is dropped, and its connections close when its last request ends.
pub(crate) struct Clients {
    tls: ClientConfig,
    settings: EgressSettings,
    look_up: LookUp,
    cache: Cache<ClientKey, reqwest::Client>,
}

impl Clients {
    pub(crate) fn new(settings: EgressSettings, look_up: LookUp) -> Result<Self, EgressError> {
        let cache =
            Cache::builder().max_capacity(settings.max_clients).time_to_idle(settings.client_idle_timeout).build();
        Ok(Self { tls: tls_config()?, settings, look_up, cache })
    }

    pub(crate) fn get(&self, key: ClientKey) -> Result<reqwest::Client, EgressError> {
        let loopback = key.loopback;
        self.cache.try_get_with(key, || self.build(loopback)).map_err(EgressError::Client)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where outward HTTP clients are made")]
    fn build(&self, loopback: bool) -> Result<reqwest::Client, reqwest::Error> {
        // The copy shares certificates and cipher suites; the store of TLS sessions is the client's own.
        let mut tls = self.tls.clone();
        tls.resumption = Resumption::in_memory_sessions(TLS_SESSIONS);
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(VettingResolver { loopback, look_up: Arc::clone(&self.look_up) })
            .redirect(reqwest::redirect::Policy::none())
            // The library sends again after a graceful HTTP/2 shutdown, which does not always mean "not processed".
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.settings.connect_timeout)
            .pool_max_idle_per_host(self.settings.max_idle_per_host)
            .pool_idle_timeout(self.settings.pool_idle_timeout)
            .build()
    }
}

/// TLS 1.2 and 1.3 by ring, with Mozilla's roots compiled in: what the machine trusts does not count.
fn tls_config() -> Result<ClientConfig, EgressError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(EgressError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
