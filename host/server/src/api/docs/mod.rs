//! `GET /docs`: the API for developers of clients, in plain HTML, made of the catalogue and of what is in force.
//!
//! [`guide`] is `docs/api.md`; [`types`] and [`errors`] show [`facts`], as [`markdown`] does for the pages in `docs/`;
//! [`served`] knows providers and prices; [`machine`] is for programs; [`page`] frames them. Nobody needs a key to read
//! them, so nothing of accounts, keys and credentials is here. No scripts.

mod errors;
mod example;
mod facts;
mod guide;
mod machine;
pub mod markdown;
mod page;
mod served;
mod types;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use capstan_domain::catalogue;
use maud::html;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use crate::app::App;
use crate::keys::hex;

/// How long a page may be kept; after it a browser asks whether it has changed.
const KEPT: &str = "max-age=60";

/// What was found under a path.
enum Found {
    Page(String),
    Json(String),
    Nothing,
}

/// The answer to a request for documentation; none where the path is not one of its own.
pub(super) fn answer(app: &App, request: &Request<Body>) -> Option<Response> {
    let below = request.uri().path().strip_prefix("/docs").filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = send(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "GET only".to_owned());
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(refused);
    }
    let (status, kind, text) = match find(app, below, request) {
        Found::Page(text) => (StatusCode::OK, "text/html; charset=utf-8", text),
        Found::Json(text) => (StatusCode::OK, "application/json", text),
        Found::Nothing => (StatusCode::NOT_FOUND, "text/html; charset=utf-8", nothing()),
    };
    Some(unless_known(request.headers(), send(status, kind, text)))
}

fn find(app: &App, below: &str, request: &Request<Body>) -> Found {
    let snapshot = app.snapshot.load();
    let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => Found::Page(guide::guide(&app.limits, &gateway(request.headers()))),
        ["errors"] => Found::Page(errors::errors()),
        ["types"] => Found::Page(types::list(&snapshot, &sought(request))),
        ["types.json"] => Found::Json(machine::types(&snapshot).to_string()),
        ["types", name] => catalogue::by_name(name).map_or(Found::Nothing, |family| {
            Found::Page(types::family(&snapshot, family, &gateway(request.headers())))
        }),
        ["schema", file] => {
            let family = file.strip_suffix(".json").and_then(catalogue::by_name);
            family.map_or(Found::Nothing, |family| Found::Json(catalogue::schema(family).to_string()))
        }
        _ => Found::Nothing,
    }
}

/// What the list's form asks for.
fn sought(request: &Request<Body>) -> String {
    let query = request.uri().query().unwrap_or_default();
    let mut fields = url::form_urlencoded::parse(query.as_bytes());
    fields.find(|(name, _)| name == "q").map(|(_, text)| text.into_owned()).unwrap_or_default()
}

/// The address under which the reader reached the gateway, for examples. What is no host and port is not repeated.
fn gateway(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || host.len() > 253 || !host.bytes().all(is_plain) {
        return guide::GATEWAY.to_owned();
    }
    let parsed = Url::parse(&format!("http://{host}/"));
    // Who reads this from another machine has a proxy with TLS before the gateway, or TLS in it.
    let is_here = match parsed.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    format!("{}://{host}", if is_here { "http" } else { "https" })
}

fn nothing() -> String {
    let body = html! {
        h1 { "There is no such page" }
        p { "There are the " a href="/docs" { "guide" } ", the " a href="/docs/types" { "task types" } " and the "
            a href="/docs/errors" { "errors" } "." }
    };
    page::page("No such page", None, &body)
}

fn send(status: StatusCode, kind: &'static str, text: String) -> Response {
    let digest = Sha256::digest(&text);
    let tag = hex(digest.iter().take(16));
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, KEPT),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [(header::CONTENT_SECURITY_POLICY, page::POLICY.clone()), (header::ETAG, format!("\"{tag}\""))]
    {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    response
}

/// The same without its body where the reader has it already.
fn unless_known(asked: &HeaderMap, mut response: Response) -> Response {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').any(|known| !tag.is_empty() && known.trim().trim_start_matches("W/") == tag);
    if is_known && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        *response.body_mut() = Body::empty();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_name_the_address_that_was_asked_and_nothing_else_that_was_sent() {
        for (host, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[::1]", "http://[::1]"),
            ("localhost", "http://localhost"),
            ("api.example.com", "https://api.example.com"),
            ("x';rm -rf /", "https://GATEWAY"),
            ("", "https://GATEWAY"),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]);
            assert_eq!(gateway(&headers), expected);
        }
    }
}
