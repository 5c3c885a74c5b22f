//! One request, from what an adapter asks to what it gets back.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use capstan_domain::adapter::{InwardResponse, Method, OutwardRequest};
use http::header::{ACCEPT, CONTENT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use tracing::debug;

use crate::address::{LookUp, NoAddress, system_look_up};
use crate::clients::{ClientKey, Clients};
use crate::compose::{Composed, compose, select};
use crate::credential::{CredentialBinding, OpenCredential, SealedCredential};
use crate::crossed::{Crossed, Exchanged, request_length};
use crate::error::EgressError;
use crate::grant::{Grant, matches_any};
use crate::quota::{PlaceOut, Quota};
use crate::scrub::Scrubber;
use crate::secret::Secret;
use crate::target;
use crate::vault::Vault;
use crate::waiting::Waiting;

/// Limits of the outward client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressSettings {
    /// Time for name, connection and TLS. Well under `request_timeout`: running out of this one is surely not sent.
    pub connect_timeout: Duration,
    /// Time for one request in all, the reading of its reply included.
    pub request_timeout: Duration,
    /// Most bytes of a reply's body.
    pub max_response_bytes: usize,
    /// Most idle connections that one client keeps to one host.
    pub max_idle_per_host: usize,
    /// How long a connection may idle before it is closed.
    pub pool_idle_timeout: Duration,
    /// Most clients (one per provider and credential) at a time.
    pub max_clients: u64,
    /// How long a client without requests is kept.
    pub client_idle_timeout: Duration,
    /// Most requests at once to one provider, whatever its credentials; at least one.
    pub max_requests_at_once: usize,
    /// How long a request waits for its turn when that many are out. Not part of `request_timeout`.
    pub turn_timeout: Duration,
}

impl Default for EgressSettings {
    fn default() -> Self {
        Self {
            // Three tries of a lost SYN (after 1 and 3 s) fit; a host that takes longer is down.
            connect_timeout: Duration::from_secs(5),
            // Synchronous image solvers answer within 20 s or not at all.
            request_timeout: Duration::from_secs(30),
            // Four times the largest solution, which a provider wraps in JSON and base64.
            max_response_bytes: 4 * 1024 * 1024,
            // Polls come in bursts; providers with HTTP/2 need one connection only.
            max_idle_per_host: 32,
            // Below the keep-alive of the usual servers (60 s and more): a request on a connection that the server is
            // just closing is in doubt. Above the interval of polls, so that connections are reused at all.
            pool_idle_timeout: Duration::from_secs(20),
            // A client costs some tens of kilobytes.
            max_clients: 4096,
            client_idle_timeout: Duration::from_secs(10 * 60),
            // A bound on what one provider can hold, and not on what an honest one is sent: two hundred tasks a second to one
            // that takes five seconds to accept them, as those that read pictures within the request do.
            max_requests_at_once: 1_024,
            // A burst is over by then. A task that waits longer is better off with the next candidate.
            turn_timeout: Duration::from_secs(1),
        }
    }
}

/// The outward client.
pub struct Egress {
    vault: Arc<Vault>,
    settings: EgressSettings,
    clients: Clients,
    quota: Quota,
}

impl Egress {
    /// Makes the client; connects to nothing.
    ///
    /// # Errors
    /// [`EgressError::Tls`] when the TLS settings cannot be made.
    pub fn new(vault: Arc<Vault>, settings: EgressSettings) -> Result<Self, EgressError> {
        Self::with_look_up(vault, settings, system_look_up())
    }

    /// The same, with names looked up in another way.
    pub(crate) fn with_look_up(
        vault: Arc<Vault>,
        settings: EgressSettings,
        look_up: LookUp,
    ) -> Result<Self, EgressError> {
        let clients = Clients::new(settings.clone(), look_up)?;
        let quota = Quota::new(settings.max_requests_at_once, settings.turn_timeout);
        Ok(Self { vault, settings, clients, quota })
    }

    /// Sends an adapter's request, with the credential in the places that it asks for, and returns the reply without
    /// the credential. Any HTTP status is a reply, redirects included. Must run on a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// See [`EgressError`]; [`EgressError::surely_not_sent`] says whether the provider cannot have seen the request.
    /// Dropping the future ends the exchange, with the same doubt as a time-out.
    pub async fn send(
        &self,
        grant: &Grant,
        credential: Option<(&CredentialBinding, &SealedCredential)>,
        request: &OutwardRequest,
    ) -> Result<InwardResponse, EgressError> {
        self.send_counted(grant, credential, request, &Waiting::default()).await.reply
    }

    /// The same; `waiting` is told how long the provider takes, and the answer tells how many bytes crossed, errors included.
    pub async fn send_counted(
        &self,
        grant: &Grant,
        credential: Option<(&CredentialBinding, &SealedCredential)>,
        request: &OutwardRequest,
        waiting: &Waiting,
    ) -> Exchanged {
        let prepared = match self.prepare(grant, credential, request).await {
            Ok(prepared) => prepared,
            Err(error) => return Exchanged::unsent(error),
        };
        let Prepared { client, outgoing, host, opened, derived, place } = prepared;
        let length = request_length(&outgoing);
        let scrubber = Scrubber::new(opened.iter().flat_map(|opened| opened.values()).chain(&derived));

        let deadline = self.settings.request_timeout;
        let mut received = 0;
        let wait = waiting.begin();
        let reply = tokio::time::timeout(deadline, self.exchange(client, outgoing, &host, &mut received)).await;
        let reply = reply.unwrap_or_else(|_elapsed| Err(EgressError::TimedOut { host: host.clone(), after: deadline }));
        drop(wait);
        drop(place);
        match &reply {
            Ok(reply) => debug!(provider = %grant.provider, host, status = reply.status, "answered"),
            Err(error) => debug!(provider = %grant.provider, host, %error, "not answered"),
        }
        let unsent = reply.as_ref().is_err_and(EgressError::surely_not_sent);
        let crossed = Crossed { sent: if unsent { 0 } else { length }, received };
        Exchanged { reply: reply.map(|reply| reply.scrubbed(&scrubber)), crossed }
    }

    /// Everything up to the moment before sending: the rules, the turn, the credential in its places.
    async fn prepare(
        &self,
        grant: &Grant,
        credential: Option<(&CredentialBinding, &SealedCredential)>,
        request: &OutwardRequest,
    ) -> Result<Prepared, EgressError> {
        let url = target::resolve(grant, &request.url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = self.client(grant, credential)?;
        // Before the credential is opened: what waits here holds nothing but the adapter's own request.
        let place = self.turn(grant).await?;
        let opened = match credential {
            Some((binding, sealed)) => Some(self.vault.open_credential(binding, sealed)?),
            None => None,
        };
        let bound = credential.map(|(binding, _)| binding.placements.as_slice()).zip(opened.as_ref());
        let placed = select(&request.placements, bound)?;
        if let Some((binding, _)) = credential
            && !placed.is_empty()
            && !matches_any(&binding.hosts, &url)
        {
            return Err(EgressError::NotBound { to: host });
        }
        let composed = compose(url, request, &placed)?;
        let (outgoing, derived) = into_outgoing(request.method, composed);
        Ok(Prepared { client, outgoing, host, opened, derived, place })
    }

    async fn turn(&self, grant: &Grant) -> Result<PlaceOut, EgressError> {
        let busy = || EgressError::Busy { provider: grant.provider.clone(), most: self.quota.most() };
        self.quota.enter(&grant.provider).await.ok_or_else(busy)
    }

    fn client(
        &self,
        grant: &Grant,
        credential: Option<(&CredentialBinding, &SealedCredential)>,
    ) -> Result<reqwest::Client, EgressError> {
        let binding = credential.map(|(binding, _)| binding);
        if binding.is_some_and(|binding| binding.provider != grant.provider) {
            return Err(EgressError::NotBound { to: grant.provider.to_string() });
        }
        self.clients.get(ClientKey {
            provider: grant.provider.clone(),
            credential: binding.map(|binding| binding.credential),
            loopback: grant.loopback,
        })
    }

    async fn exchange(
        &self,
        client: reqwest::Client,
        outgoing: reqwest::Request,
        host: &str,
        received: &mut u64,
    ) -> Result<RawReply, EgressError> {
        let limit = self.settings.max_response_bytes;
        let too_large = || EgressError::TooLarge { host: host.to_owned(), limit };
        let mut response = client.execute(outgoing).await.map_err(|error| self.classify(error, host))?;
        if response.headers().get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
            return Err(EgressError::Encoded { host: host.to_owned() });
        }
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.classify(error, host))? {
            *received += chunk.len() as u64;
            if chunk.len() > limit - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawReply { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
    }

    /// What an error of the client means. Only what the client says of the connection is "not sent".
    fn classify(&self, error: reqwest::Error, host: &str) -> EgressError {
        let host = host.to_owned();
        let mut cause = error.source();
        while let Some(inner) = cause {
            match inner.downcast_ref::<NoAddress>() {
                Some(NoAddress::OnlySpecial) => return EgressError::NoVettedAddress { host },
                Some(NoAddress::Unresolved(source)) => {
                    return EgressError::Unresolved { host, source: Arc::clone(source) };
                }
                None => cause = inner.source(),
            }
        }
        // The URL may carry the credential, so it does not stay in the error.
        let error = error.without_url();
        if error.is_connect() {
            EgressError::NotConnected { host, source: error }
        } else if error.is_builder() {
            EgressError::Client(Arc::new(error))
        } else if error.is_timeout() {
            EgressError::TimedOut { host, after: self.settings.request_timeout }
        } else {
            EgressError::Broken { host, source: error }
        }
    }
}

/// A request that is ready, and what is needed until its reply is clean.
struct Prepared {
    client: reqwest::Client,
    outgoing: reqwest::Request,
    host: String,
    opened: Option<OpenCredential>,
    /// To be scrubbed beside the credential's own values.
    derived: Vec<Secret>,
    place: PlaceOut,
}

/// The client's form of a request, and what is to be scrubbed beside the credential's own values.
fn into_outgoing(method: Method, composed: Composed) -> (reqwest::Request, Vec<Secret>) {
    let method = match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut outgoing = reqwest::Request::new(method, composed.url);
    let mut headers = composed.headers;
    // Set here and not by the client, so that the request is whole when its length is taken.
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("capstan/", env!("CARGO_PKG_VERSION"))));
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    *outgoing.headers_mut() = headers;
    // The bytes stay in a buffer that is wiped when the client lets go of it.
    *outgoing.body_mut() = composed.body.map(|body| Bytes::from_owner(body).into());
    (outgoing, composed.derived)
}

/// A reply as it came in.
struct RawReply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl RawReply {
    fn scrubbed(self, scrubber: &Scrubber<'_>) -> InwardResponse {
        let clean = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let value = scrubber.scrub(value.as_bytes().to_vec());
            (name.as_str().to_owned(), String::from_utf8_lossy(&value).into_owned())
        };
        // A name with a mark in it would be a name that nobody sent, so such a header goes as a whole.
        let kept = self.headers.iter().filter(|(name, _)| !scrubber.is_in_name(name.as_str()));
        let headers = kept.map(clean).collect();
        InwardResponse { status: self.status, headers, body: scrubber.scrub(self.body) }
    }
}
