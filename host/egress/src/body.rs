//! Bodies as bytes, with the credential's fields among them.

use capstan_domain::adapter::{Body, MAX_PARTS, MAX_REQUEST_BYTES, Part};
use http::HeaderValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::error::{EgressError, Refusal, VaultError};
use crate::headers::read_value;
use crate::json;
use crate::secret::Secret;

const TOO_LARGE: Refusal = Refusal::Body("is over 8 MiB");

/// A credential's fields that go into the body, by the name that each has there.
#[derive(Default)]
pub(crate) struct Inserted<'a> {
    pub(crate) json: Vec<(&'a str, &'a Secret)>,
    pub(crate) form: Vec<(&'a str, &'a Secret)>,
}

/// A body ready to be sent: its content type, and its bytes, which are wiped when dropped.
pub(crate) type Encoded = (HeaderValue, Zeroizing<Vec<u8>>);

/// Encodes a body; none for an empty one.
pub(crate) fn encode(body: &Body, inserted: &Inserted<'_>) -> Result<Option<Encoded>, EgressError> {
    if size(body) > MAX_REQUEST_BYTES {
        return Err(TOO_LARGE.into());
    }
    check_suits(body, inserted)?;
    match body {
        Body::Empty => Ok(None),
        Body::Json(text) => Ok(Some((HeaderValue::from_static("application/json"), encode_json(text, inserted)?))),
        Body::Form(fields) => Ok(Some(encode_form(fields, &inserted.form)?)),
        Body::Multipart(parts) => encode_multipart(parts, &inserted.form).map(Some),
        Body::Bytes(content_type, data) => Ok(Some((read_content_type(content_type)?, Zeroizing::new(data.clone())))),
    }
}

/// What an adapter has written. For a form or a multipart body a first look only, so that little is copied before its size is known.
fn size(body: &Body) -> usize {
    match body {
        Body::Empty => 0,
        Body::Json(text) => text.len(),
        Body::Form(fields) => fields.iter().map(|(name, value)| name.len() + value.len()).sum(),
        Body::Multipart(parts) => parts.iter().map(part_size).sum(),
        Body::Bytes(_, data) => data.len(),
    }
}

fn part_size(part: &Part) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    part.name.len() + optional(&part.file_name) + optional(&part.content_type) + part.data.len()
}

fn check_suits(body: &Body, inserted: &Inserted<'_>) -> Result<(), Refusal> {
    let unsuited = match body {
        Body::Json(_) => inserted.form.first(),
        Body::Form(_) | Body::Multipart(_) => inserted.json.first(),
        Body::Empty | Body::Bytes(..) => inserted.json.first().or(inserted.form.first()),
    };
    unsuited.map_or(Ok(()), |(name, _)| Err(Refusal::WrongBody((*name).to_owned())))
}

fn encode_json(text: &str, inserted: &Inserted<'_>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if inserted.json.is_empty() {
        return Ok(Zeroizing::new(text.as_bytes().to_vec()));
    }
    json::insert(text, &inserted.json)
}

fn check_free<'a>(mut names: impl Iterator<Item = &'a str>, placed: &[(&str, &Secret)]) -> Result<(), Refusal> {
    match names.find(|name| placed.iter().any(|(taken, _)| taken == name)) {
        Some(name) => Err(Refusal::PlaceTaken(name.to_owned())),
        None => Ok(()),
    }
}

fn encode_form(fields: &[(String, String)], placed: &[(&str, &Secret)]) -> Result<Encoded, Refusal> {
    check_free(fields.iter().map(|(name, _)| name.as_str()), placed)?;
    let pairs = || {
        let own = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain(placed.iter().map(|(name, value)| (*name, value.reveal())))
    };
    // A text that grows leaves unwiped copies behind, and encoding makes a byte up to three times as long.
    let capacity = pairs().map(|(name, value)| encoded_len(name) + encoded_len(value) + 2).sum();
    if capacity > MAX_REQUEST_BYTES {
        return Err(TOO_LARGE);
    }
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(capacity));
    form.extend_pairs(pairs());
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok((content_type, Zeroizing::new(form.finish().into_bytes())))
}

fn encoded_len(text: &str) -> usize {
    form_urlencoded::byte_serialize(text.as_bytes()).map(str::len).sum()
}

/// `multipart/form-data` (RFC 7578): the adapter's parts, then the credential's.
fn encode_multipart(parts: &[Part], placed: &[(&str, &Secret)]) -> Result<Encoded, EgressError> {
    if parts.len() + placed.len() > MAX_PARTS {
        return Err(Refusal::Body("has more than 100 parts").into());
    }
    check_free(parts.iter().map(|part| part.name.as_str()), placed)?;
    let boundary = boundary(parts, placed)?;
    let mut heads = Vec::with_capacity(parts.len() + placed.len());
    for part in parts {
        heads.push((part_head(&boundary, part)?, part.data.as_slice()));
    }
    for (name, value) in placed {
        let disposition = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n", quoted(name));
        heads.push((disposition, value.reveal().as_bytes()));
    }
    let end = format!("--{boundary}--\r\n");
    let capacity = end.len() + heads.iter().map(|(head, data)| head.len() + data.len() + 2).sum::<usize>();
    // The limit is on what is sent: boundaries, escaped names and content types are most of a body of small parts.
    if capacity > MAX_REQUEST_BYTES {
        return Err(TOO_LARGE.into());
    }
    let mut body = Zeroizing::new(Vec::with_capacity(capacity));
    for (head, data) in heads {
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(end.as_bytes());
    let content_type = read_value(&format!("multipart/form-data; boundary={boundary}"))?;
    Ok((content_type, body))
}

fn part_head(boundary: &str, part: &Part) -> Result<String, Refusal> {
    let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&part.name));
    if let Some(file_name) = &part.file_name {
        head.push_str("; filename=\"");
        head.push_str(&quoted(file_name));
        head.push('"');
    }
    if let Some(content_type) = &part.content_type {
        read_content_type(content_type)?;
        head.push_str("\r\nContent-Type: ");
        head.push_str(content_type);
    }
    head.push_str("\r\n\r\n");
    Ok(head)
}

/// Names cannot end their line or their quotes (the HTML standard's escapes for form data).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn read_content_type(text: &str) -> Result<HeaderValue, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Body("has an empty content type"));
    }
    read_value(text).map_err(|_| Refusal::Body("has a malformed content type"))
}

/// Random, so that no adapter can write it into its data; drawn again in the case that it occurs there all the same.
fn boundary(parts: &[Part], placed: &[(&str, &Secret)]) -> Result<String, EgressError> {
    loop {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| VaultError::Randomness)?;
        let boundary = format!("capstan-{:032x}", u128::from_le_bytes(random));
        let mut data = parts.iter().map(|part| part.data.as_slice());
        let in_values = placed.iter().any(|(_, value)| value.reveal().contains(&boundary));
        if !in_values && !data.any(|data| contains(data, boundary.as_bytes())) {
            return Ok(boundary);
        }
    }
}

fn contains(data: &[u8], needle: &[u8]) -> bool {
    data.windows(needle.len()).any(|window| window == needle)
}
