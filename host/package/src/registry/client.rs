//! Pushing and pulling packages.

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use zeroize::Zeroizing;

use super::Reference;
use super::auth::{self, Challenge, Login};
use super::fetch::{body, checked, client, is_allowed};
use crate::artifact::{MANIFEST, MAX_MANIFEST_BYTES, Manifest};
use crate::error::ReadError;
use crate::{Digest, Package};

/// Most bytes of a token service's answer.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// The one registry that answers at another name than it goes by.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// The header in which a registry says what it has stored.
const CONTENT_DIGEST: &str = "docker-content-digest";

/// Why a registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection, or it broke off.
    #[error("the registry cannot be reached")]
    Client(#[source] reqwest::Error),
    /// No address.
    #[error("{0:?} is no address")]
    Address(String),
    /// Plain HTTP to another machine.
    #[error("{0} is to be reached by plain HTTP, which is for this machine alone")]
    PlainHttp(String),
    /// Sent on too often, or to where nothing may be fetched from.
    #[error("{0}: the registry sends on to where it is not followed")]
    Redirect(&'static str),
    /// The registry does not know who is asking, or does not let them.
    #[error(
        "the registry wants to know who is asking, or does not let them: give --username and --password-file (helpers that \
         docker's configuration names are not run)"
    )]
    Unauthorised,
    /// An answer with another status than it should have.
    #[error("{what}: the registry answers {status} {said}")]
    Refused {
        /// To what.
        what: &'static str,
        /// The status.
        status: u16,
        /// What it said, shortened.
        said: String,
    },
    /// An answer that the API does not have.
    #[error("the registry does not answer as registries do: {0}")]
    Odd(&'static str),
    /// What it answered with is no package.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A repository in a registry, and who one is there.
pub struct Registry {
    client: Client,
    reference: Reference,
    login: Login,
    /// Whether the registry is asked for leave to write: some answer 403 to a token that is for reading alone.
    writes: bool,
    authorization: Option<HeaderValue>,
}

impl Registry {
    /// Nothing is sent by this.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(reference: Reference, login: Login) -> Result<Self, RegistryError> {
        Ok(Self { client: client(reference.is_loopback())?, reference, login, writes: false, authorization: None })
    }

    /// Fetches the package that the reference names. Every part of it has the digest that the manifest names, and the manifest
    /// that of the reference, where it has one.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn pull(&mut self) -> Result<Package, RegistryError> {
        let what = "the manifest";
        let url = self.url(&format!("manifests/{}", self.reference.name()))?;
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(MANIFEST))]);
        let response = self.send(Method::GET, &url, &accept, &Bytes::new()).await?;
        let manifest = body(checked(response, what).await?, what, MAX_MANIFEST_BYTES).await?;
        let found = Digest::of(&manifest);
        if let Some(expected) = self.reference.digest().filter(|expected| *expected != found) {
            return Err(ReadError::WrongDigest { what, expected, found }.into());
        }
        let read = Manifest::read(&manifest)?;
        let layer = read.component()?;
        let config = self.blob("the configuration", read.config.digest, read.config.size).await?;
        let component = self.blob("the component", layer.digest, layer.size).await?;
        Ok(Package::from_blobs(manifest.into(), config.into(), component.into())?)
    }

    /// Stores a package under the reference's tag; parts that are there already are not sent again. Returns where it is, pinned.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn push(&mut self, package: &Package) -> Result<Reference, RegistryError> {
        let digest = package.digest();
        self.writes = true;
        if let Some(expected) = self.reference.digest().filter(|expected| *expected != digest) {
            return Err(ReadError::WrongDigest { what: "the manifest", expected, found: digest }.into());
        }
        for blob in [&package.component, &package.config] {
            self.store(blob).await?;
        }
        let name = self.reference.tag().map_or_else(|| digest.to_string(), str::to_owned);
        let url = self.url(&format!("manifests/{name}"))?;
        let media_type = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(MANIFEST))]);
        let response = self.send(Method::PUT, &url, &media_type, &package.manifest).await?;
        let response = checked(response, "the manifest").await?;
        let stored = response.headers().get(CONTENT_DIGEST).and_then(|value| value.to_str().ok());
        if stored.is_some_and(|stored| stored != digest.to_string()) {
            return Err(RegistryError::Odd("it has stored another manifest than it was sent"));
        }
        Ok(self.reference.pinned(digest))
    }

    async fn blob(&mut self, what: &'static str, digest: Digest, size: usize) -> Result<Vec<u8>, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.send(Method::GET, &url, &HeaderMap::new(), &Bytes::new()).await?;
        body(checked(response, what).await?, what, size).await
    }

    /// Stores a blob: a place is asked for, then it is sent there in one piece.
    async fn store(&mut self, blob: &Bytes) -> Result<(), RegistryError> {
        let (what, digest) = ("the upload", Digest::of(blob));
        let url = self.url(&format!("blobs/{digest}"))?;
        let there = self.send(Method::HEAD, &url, &HeaderMap::new(), &Bytes::new()).await?;
        if there.status().is_success() {
            return Ok(());
        }
        let empty = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("0"))]);
        let uploads = self.url("blobs/uploads/")?;
        let response = checked(self.send(Method::POST, &uploads, &empty, &Bytes::new()).await?, what).await?;
        let place = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let place = place.and_then(|place| response.url().join(place).ok());
        let mut place = place.ok_or(RegistryError::Odd("it names no place for an upload"))?;
        if !is_allowed(&place, self.reference.is_loopback()) {
            return Err(RegistryError::PlainHttp(place.host_str().unwrap_or_default().to_owned()));
        }
        place.query_pairs_mut().append_pair("digest", &digest.to_string());
        let bytes = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))]);
        checked(self.send(Method::PUT, &place, &bytes, blob).await?, what).await.map(|_| ())
    }

    fn url(&self, path: &str) -> Result<Url, RegistryError> {
        let Reference { registry, repository, .. } = &self.reference;
        let registry = if registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { registry };
        let scheme = if self.reference.is_loopback() { "http" } else { "https" };
        let text = format!("{scheme}://{registry}/v2/{repository}/{path}");
        text.parse().map_err(|_| RegistryError::Address(text))
    }

    /// Sends a request; where the registry wants to know who is asking, says so and sends it once more.
    async fn send(
        &mut self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        sent: &Bytes,
    ) -> Result<Response, RegistryError> {
        let request = |this: &Self| {
            let request = this.client.request(method.clone(), url.clone()).headers(headers.clone()).body(sent.clone());
            this.authorised(request, url)
        };
        let response = request(self).send().await.map_err(RegistryError::Client)?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        // A challenge of the host that a blob or an upload was sent on to is not the registry's.
        if !self.is_own(response.url()) {
            return Err(RegistryError::Unauthorised);
        }
        self.authorization = Some(self.answer(&response).await?);
        let response = request(self).send().await.map_err(RegistryError::Client)?;
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RegistryError::Unauthorised),
            _ => Ok(response),
        }
    }

    /// What was given for this registry goes to this registry: an upload's place may be another host's.
    fn authorised(&self, request: RequestBuilder, url: &Url) -> RequestBuilder {
        match self.authorization.as_ref().filter(|_| self.is_own(url)) {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }

    fn is_own(&self, url: &Url) -> bool {
        self.url("").is_ok_and(|own| own.origin() == url.origin())
    }

    /// The answer to a registry's challenge.
    async fn answer(&self, response: &Response) -> Result<HeaderValue, RegistryError> {
        let said = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let value = match said.filter_map(auth::challenge).next().ok_or(RegistryError::Unauthorised)? {
            Challenge::Basic => self.login.basic().ok_or(RegistryError::Unauthorised)?,
            Challenge::Bearer { realm, service } => {
                let token = self.token(&realm, service.as_deref()).await?;
                Zeroizing::new(format!("Bearer {}", token.as_str()))
            }
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| RegistryError::Odd("its token is none"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Asks a token service (distribution.github.io/distribution/spec/auth/token).
    async fn token(&self, realm: &str, service: Option<&str>) -> Result<Zeroizing<String>, RegistryError> {
        let what = "the token";
        let mut url: Url = realm.parse().map_err(|_| RegistryError::Odd("its token service has no address"))?;
        if !is_allowed(&url, self.reference.is_loopback()) {
            return Err(RegistryError::PlainHttp(url.host_str().unwrap_or_default().to_owned()));
        }
        let actions = if self.writes { "pull,push" } else { "pull" };
        let scope = format!("repository:{}:{actions}", self.reference.repository);
        url.query_pairs_mut().append_pair("scope", &scope).extend_pairs(service.map(|service| ("service", service)));
        let mut request = self.client.get(url);
        if let Some(basic) = self.login.basic() {
            let mut value = HeaderValue::from_str(&basic).map_err(|_| RegistryError::Unauthorised)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(RegistryError::Client)?;
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(RegistryError::Unauthorised);
        }
        let answer = Zeroizing::new(body(checked(response, what).await?, what, MAX_TOKEN_BYTES).await?);
        auth::token(&answer).ok_or(RegistryError::Odd("its token service gives no token"))
    }
}
