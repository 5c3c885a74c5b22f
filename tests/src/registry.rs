//! A registry on this machine, in memory: as much of the OCI distribution API as it takes to store an artifact and to fetch it.
//!
//! It is small enough to be read beside the specification, can ask who is calling as registries do, and can be told to lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RANGE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

/// How it asks who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// It does not.
    Open,
    /// For name and password with each request.
    Password,
    /// For a token, which its own service gives for name and password; the token for reading does not write.
    Token,
    /// For a token that is to be had at this address.
    TokenFrom(String),
}

/// How it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Manifests never end.
    EndlessManifest,
    /// Manifests have a blank more than was stored.
    ChangedManifest,
    /// Blobs are the ones stored, backwards.
    SwappedBlob,
    /// Blobs never end.
    EndlessBlob,
    /// Blobs are to be had from another machine by plain HTTP.
    Elsewhere,
}

/// Name and password that it knows.
pub const ACCOUNT: (&str, &str) = ("acme", "the-password-at-the-registry");

/// A running registry; gone when dropped.
pub struct Registry {
    address: String,
    kept: Arc<Mutex<Kept>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Kept {
    blobs: HashMap<String, Bytes>,
    manifests: HashMap<String, (String, Bytes)>,
    uploads: HashMap<String, Vec<u8>>,
    lie: Option<Lie>,
    requests: Vec<String>,
}

impl Registry {
    /// Starts one with nothing in it.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(door: Door) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (kept, own) = (Arc::default(), address.clone());
        let state: Arc<Mutex<Kept>> = Arc::clone(&kept);
        let router = Router::new().fallback(move |request: Request| {
            let (kept, door, own) = (Arc::clone(&state), door.clone(), own.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
                if parts.uri.path() == "/token" {
                    return token(&parts.headers, &parts.uri);
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.requests.push(format!("{} {}", parts.method, parts.uri.path()));
                match refused(&door, &own, &parts.headers, &parts.method) {
                    Some(refused) => refused,
                    None => kept.answer(&parts.method, &parts.uri, &parts.headers, &body),
                }
            }
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, kept, _serving: serving })
    }

    /// Its address and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on it lies, or no more.
    pub fn lie(&self, lie: Option<Lie>) {
        self.kept().lie = lie;
    }

    /// What it was asked, as `METHOD /path`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.kept().requests.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to who may not in.
fn refused(door: &Door, own: &str, headers: &HeaderMap, method: &Method) -> Option<Response> {
    let said = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let writes = !matches!(*method, Method::GET | Method::HEAD);
    let (challenge, is_in) = match door {
        Door::Open => return None,
        Door::Password => ("Basic realm=\"here\"".to_owned(), said == basic()),
        Door::Token => {
            let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"here\",scope=\"repository:x:pull\"");
            (challenge, said == "Bearer writes" || (said == "Bearer reads" && !writes))
        }
        Door::TokenFrom(realm) => (format!("Bearer realm=\"{realm}\",service=\"here\""), false),
    };
    (!is_in).then(|| reply(StatusCode::UNAUTHORIZED, &[(WWW_AUTHENTICATE.as_str(), &challenge)], "{}"))
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", ACCOUNT.0, ACCOUNT.1)))
}

fn token(headers: &HeaderMap, uri: &Uri) -> Response {
    if headers.get(AUTHORIZATION).is_none_or(|said| *said != basic()) {
        return reply(StatusCode::UNAUTHORIZED, &[], "{}");
    }
    let writes = uri.query().is_some_and(|query| query.contains("push") && query.contains("service=here"));
    let token = if writes { "writes" } else { "reads" };
    reply(StatusCode::OK, &[], json!({"token": token, "expires_in": 60}).to_string())
}

impl Kept {
    fn answer(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
        let path = uri.path();
        let not_found =
            || reply(StatusCode::NOT_FOUND, &[], r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such thing"}]}"#);
        if path == "/v2/" {
            return reply(StatusCode::OK, &[], "{}");
        }
        if let Some((repository, name)) = path.split_once("/manifests/") {
            let key = format!("{repository}/{name}");
            return if *method == Method::PUT { self.put_manifest(&key, headers, body) } else { self.manifest(&key) };
        }
        if path.ends_with("/blobs/uploads/") && *method == Method::POST {
            let place = format!("{path}{}", self.uploads.len());
            self.uploads.insert(place.clone(), Vec::new());
            return reply(StatusCode::ACCEPTED, &[(LOCATION.as_str(), &format!("{place}?state=here"))], "");
        }
        if let Some(upload) = self.uploads.get_mut(path) {
            upload.extend_from_slice(body);
            let range = format!("0-{}", upload.len().saturating_sub(1));
            if *method == Method::PATCH {
                return reply(StatusCode::ACCEPTED, &[(LOCATION.as_str(), path), (RANGE.as_str(), &range)], "");
            }
            let blob = Bytes::from(self.uploads.remove(path).unwrap_or_default());
            let digest = digest(&blob);
            let asked = uri.query().unwrap_or_default().replace("%3A", ":");
            if *method != Method::PUT || !asked.contains(&format!("digest={digest}")) {
                return reply(StatusCode::BAD_REQUEST, &[], r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
            }
            let place = format!("{}{digest}", path.split_once("uploads/").map_or(path, |(place, _)| place));
            self.blobs.insert(digest, blob);
            return reply(StatusCode::CREATED, &[(LOCATION.as_str(), &place)], "");
        }
        path.rsplit_once("/blobs/").map_or_else(not_found, |(_, digest)| self.blob(digest))
    }

    fn put_manifest(&mut self, key: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let digest = digest(body);
        let by_digest =
            key.rsplit_once('/').map_or_else(|| digest.clone(), |(repository, _)| format!("{repository}/{digest}"));
        for key in [key.to_owned(), by_digest] {
            self.manifests.insert(key, (media_type.clone(), body.clone()));
        }
        reply(StatusCode::CREATED, &[("docker-content-digest", &digest), (LOCATION.as_str(), key)], "")
    }

    fn manifest(&self, key: &str) -> Response {
        let Some((media_type, bytes)) = self.manifests.get(key) else {
            return reply(
                StatusCode::NOT_FOUND,
                &[],
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such manifest"}]}"#,
            );
        };
        let digest = digest(bytes);
        let headers = [(CONTENT_TYPE.as_str(), media_type.as_str()), ("docker-content-digest", digest.as_str())];
        match self.lie {
            Some(Lie::EndlessManifest) => endless(),
            Some(Lie::ChangedManifest) => reply(StatusCode::OK, &headers, [bytes, b" ".as_slice()].concat()),
            Some(Lie::SwappedBlob | Lie::EndlessBlob | Lie::Elsewhere) | None => {
                reply(StatusCode::OK, &headers, bytes.clone())
            }
        }
    }

    fn blob(&self, digest: &str) -> Response {
        let Some(blob) = self.blobs.get(digest) else { return reply(StatusCode::NOT_FOUND, &[], "{}") };
        match self.lie {
            Some(Lie::EndlessBlob) => endless(),
            Some(Lie::SwappedBlob) => reply(StatusCode::OK, &[], blob.iter().rev().copied().collect::<Vec<u8>>()),
            Some(Lie::Elsewhere) => {
                let place = format!("http://blobs.example/{digest}");
                reply(StatusCode::TEMPORARY_REDIRECT, &[(LOCATION.as_str(), &place)], "")
            }
            Some(Lie::EndlessManifest | Lie::ChangedManifest) | None => reply(StatusCode::OK, &[], blob.clone()),
        }
    }
}

/// A body that says nothing of its length and goes on as long as somebody reads.
fn endless() -> Response {
    let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16 * 1024])));
    Response::new(Body::from_stream(futures_util::stream::iter(chunks)))
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn reply(status: StatusCode, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap_or_default()
}
