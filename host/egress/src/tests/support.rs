//! A provider on a loopback address that remembers what it was sent, and the gateway's side of the talk with it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as AxumBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response, Uri};
use axum::serve::ListenerExt;
use capstan_domain::adapter::{Body, InwardResponse, Method, OutwardRequest, Place, Placement};
use capstan_domain::{CredentialId, ProviderId};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use crate::{
    CredentialBinding, Egress, EgressError, EgressSettings, Grant, MasterKey, SealedCredential, Secret, Vault,
};

pub(super) const KEY: &str = "k3y/With+Sp&cial \"Chars\"%25";

/// What the provider was sent.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A provider that answers each request as a function says. Stops when dropped.
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Provider {
    pub(super) async fn start(answer: impl Fn(&Seen) -> Response<AxumBody> + Clone + Send + Sync + 'static) -> Self {
        Self::start_at(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer)
    }

    pub(super) fn start_at(
        listener: TcpListener,
        answer: impl Fn(&Seen) -> Response<AxumBody> + Clone + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (counter, log) = (Arc::clone(&connections), Arc::clone(&seen));
        let app = Router::new().fallback(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
                let seen = Seen { uri: parts.uri, headers: parts.headers, body };
                let reply = answer(&seen);
                log.lock().unwrap().push(seen);
                reply
            }
        });
        let listener = listener.tap_io(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, connections, seen, _tasks: tasks }
    }

    /// A provider that says `{}` to everything.
    pub(super) async fn agreeable() -> Self {
        Self::start(|_| Response::new(AxumBody::from("{}"))).await
    }

    pub(super) fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().cloned().expect("nothing was sent")
    }

    pub(super) fn was_sent_nothing(&self) -> bool {
        self.seen.lock().unwrap().is_empty()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(super) fn provider_id() -> ProviderId {
    ProviderId::new("test-provider").unwrap()
}

pub(super) fn grant(base: &str) -> Grant {
    Grant { provider: provider_id(), base_url: Url::parse(base).unwrap(), hosts: Vec::new(), loopback: true }
}

pub(super) fn grant_for(address: SocketAddr) -> Grant {
    grant(&format!("http://{address}/api"))
}

pub(super) fn vault() -> Arc<Vault> {
    Arc::new(Vault::new(MasterKey::from_bytes([1; 32])))
}

pub(super) fn settings() -> EgressSettings {
    EgressSettings { request_timeout: Duration::from_secs(20), ..EgressSettings::default() }
}

pub(super) fn egress() -> Egress {
    Egress::new(vault(), settings()).unwrap()
}

pub(super) fn placement(place: Place) -> Placement {
    Placement { field: "key".to_owned(), place }
}

pub(super) fn binding(number: u128, places: &[Place]) -> CredentialBinding {
    CredentialBinding {
        credential: CredentialId(Uuid::from_u128(number)),
        provider: provider_id(),
        owner: None,
        hosts: vec!["127.0.0.1".to_owned()],
        placements: places.iter().cloned().map(placement).collect(),
    }
}

pub(super) fn fields(value: &str) -> Vec<(String, Secret)> {
    vec![("key".to_owned(), Secret::new(value.to_owned()))]
}

pub(super) fn sealed(binding: &CredentialBinding) -> SealedCredential {
    vault().seal_credential(binding, &fields(KEY)).unwrap()
}

pub(super) fn post(url: &str, body: Body) -> OutwardRequest {
    OutwardRequest { method: Method::Post, url: url.to_owned(), headers: Vec::new(), body, placements: Vec::new() }
}

pub(super) fn get(url: &str) -> OutwardRequest {
    OutwardRequest { method: Method::Get, ..post(url, Body::Empty) }
}

/// Sends a request with one credential that is bound to `places` and placed in all of them.
pub(super) async fn send_placed(
    grant: &Grant,
    request: OutwardRequest,
    places: &[Place],
) -> Result<InwardResponse, EgressError> {
    let binding = binding(1, places);
    let request = OutwardRequest { placements: binding.placements.clone(), ..request };
    egress().send(grant, Some((&binding, &sealed(&binding))), &request).await
}

pub(super) async fn send_bare(grant: &Grant, request: &OutwardRequest) -> Result<InwardResponse, EgressError> {
    egress().send(grant, None, request).await
}
