//! A whole request: the adapter's, with the credential in its places. Values are inserted here and nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_domain::adapter::{OutwardRequest, Place, Placement};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::body::{Inserted, encode};
use crate::credential::OpenCredential;
use crate::error::{EgressError, Refusal};
use crate::headers;
use crate::secret::Secret;

/// A value and where it goes.
pub(crate) struct Placed<'a> {
    placement: &'a Placement,
    value: &'a Secret,
}

/// A request ready to be sent.
pub(crate) struct Composed {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    /// What was made from the credential and sent beside its plain values: to be scrubbed from the reply as well.
    pub(crate) derived: Vec<Secret>,
}

/// Finds the values that a request asks for; every placement must be one of those that the credential is bound to.
pub(crate) fn select<'a>(
    placements: &'a [Placement],
    credential: Option<(&[Placement], &'a OpenCredential)>,
) -> Result<Vec<Placed<'a>>, Refusal> {
    let Some((bound, opened)) = credential else {
        return if placements.is_empty() { Ok(Vec::new()) } else { Err(Refusal::NoCredential) };
    };
    let select_one = |placement: &'a Placement| {
        if !bound.contains(placement) {
            return Err(Refusal::UnknownPlacement(placement.field.clone()));
        }
        let value = opened.field(&placement.field).ok_or_else(|| Refusal::UnknownField(placement.field.clone()))?;
        Ok(Placed { placement, value })
    };
    placements.iter().map(select_one).collect()
}

/// Puts a request together.
pub(crate) fn compose(url: Url, request: &OutwardRequest, placed: &[Placed<'_>]) -> Result<Composed, EgressError> {
    let mut headers = headers::read(&request.headers)?;
    let mut url = url;
    let mut derived = Vec::new();
    let mut inserted = Inserted::default();
    for Placed { placement, value } in placed {
        match &placement.place {
            Place::JsonField(name) => insert_once(&mut inserted.json, name, value)?,
            Place::FormField(name) => insert_once(&mut inserted.form, name, value)?,
            Place::Query(name) => place_query(&mut url, name, value)?,
            Place::Header { name, prefix } => {
                let text = Secret::new(format!("{prefix}{}", value.reveal()));
                place_header(&mut headers, &headers::read_name(name)?, &text, &placement.field)?;
            }
            Place::Basic { user } => {
                let token = basic_token(user, value)?;
                let text = Secret::new(format!("Basic {}", token.reveal()));
                place_header(&mut headers, &AUTHORIZATION, &text, &placement.field)?;
                derived.push(token);
            }
        }
    }
    let (content_type, body) = encode(&request.body, &inserted)?.unzip();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    Ok(Composed { url, headers, body, derived })
}

fn insert_once<'a>(list: &mut Vec<(&'a str, &'a Secret)>, name: &'a str, value: &'a Secret) -> Result<(), Refusal> {
    if list.iter().any(|(taken, _)| *taken == name) {
        return Err(Refusal::PlaceTaken(name.to_owned()));
    }
    list.push((name, value));
    Ok(())
}

fn place_query(url: &mut Url, name: &str, value: &Secret) -> Result<(), Refusal> {
    if url.query_pairs().any(|(taken, _)| taken == name) {
        return Err(Refusal::PlaceTaken(name.to_owned()));
    }
    // A query that ends in nothing (`/path?`) must not become `?&name=value`.
    if url.query() == Some("") {
        url.set_query(None);
    }
    url.query_pairs_mut().append_pair(name, value.reveal());
    Ok(())
}

fn place_header(headers: &mut HeaderMap, name: &HeaderName, text: &Secret, field: &str) -> Result<(), EgressError> {
    if headers.contains_key(name) {
        return Err(Refusal::PlaceTaken(name.to_string()).into());
    }
    let unfit = || EgressError::UnfitValue { field: field.to_owned() };
    let mut value = HeaderValue::from_str(text.reveal()).map_err(|_| unfit())?;
    // Sensitive values are left out of HTTP/2's compression tables and of Debug output.
    value.set_sensitive(true);
    headers.insert(name.clone(), value);
    Ok(())
}

/// `user:value` in base64 (RFC 7617).
fn basic_token(user: &str, value: &Secret) -> Result<Secret, Refusal> {
    if user.contains(':') || user.chars().any(char::is_control) {
        return Err(Refusal::Header("has a malformed user name for Basic"));
    }
    let pair = Zeroizing::new(format!("{user}:{}", value.reveal()));
    Ok(Secret::new(STANDARD.encode(pair.as_bytes())))
}
