//! Reading a request's body, whatever its content type says: JSON, a form or, for the classic API, multipart. Bounded, and
//! refused in the protocol's own form.

use axum::body::Body;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use serde_json::{Map, Value};

use super::fields::bad;
use crate::settings::Limits;
use crate::tasks::Refusal;

/// The whole body.
///
/// # Errors
/// [`capstan_domain::code::ErrorCode::InvalidTaskData`] when it is too large or does not arrive in time.
pub(super) async fn arrived(body: Body, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let most_bytes = limits.max_body_bytes;
    let arrived = tokio::time::timeout(limits.body_within, read(body, most_bytes)).await;
    arrived.ok().flatten().ok_or_else(|| bad(format!("body: it must be complete and at most {most_bytes} bytes")))
}

/// A body as the JSON object that it must be. A form counts as an object of texts: some clients send one.
///
/// # Errors
/// [`capstan_domain::code::ErrorCode::InvalidTaskData`], saying what is wrong with it.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(bad("body: it must be a JSON object")),
        Err(_) if looks_like_a_form(bytes) => Ok(form(bytes)),
        // The parser's text names the place and what it expected; it repeats nothing of the body.
        Err(error) => Err(bad(format!("body: it must be a JSON object ({error})"))),
    }
}

fn looks_like_a_form(bytes: &[u8]) -> bool {
    let name = bytes.split(|b| *b == b'=').next().unwrap_or_default();
    name.len() < bytes.len()
        && !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.%[]".contains(b))
}

/// `application/x-www-form-urlencoded`, as a body or as a query.
pub(super) fn form(bytes: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

/// Most parts of a multipart body that are read: nine pictures and the fields of any method.
const MOST_PARTS: usize = 64;

/// The fields of a classic request: the query's, then the body's, in whatever form it comes. Files become base64.
///
/// # Errors
/// [`capstan_domain::code::ErrorCode::InvalidTaskData`], saying what is wrong with the body.
pub(super) async fn classic(query: &str, headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let mut fields = form(query.as_bytes());
    let boundary = headers
        .get(axum::http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok());
    if let Some(boundary) = boundary {
        fields.extend(multipart(boundary, bytes.to_vec()).await?);
    } else if !bytes.iter().all(u8::is_ascii_whitespace) {
        fields.extend(object(bytes)?);
    }
    Ok(fields)
}

async fn multipart(boundary: String, bytes: Vec<u8>) -> Result<Map<String, Value>, Refusal> {
    let broken = |_: multer::Error| bad("body: it is no complete multipart body");
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut fields = Map::new();
    for nth in 0..=MOST_PARTS {
        let Some(part) = parts.next_field().await.map_err(broken)? else { return Ok(fields) };
        if nth == MOST_PARTS {
            break;
        }
        let (name, is_file) = (part.name().unwrap_or_default().to_owned(), part.file_name().is_some());
        let data = part.bytes().await.map_err(broken)?;
        let value = match std::str::from_utf8(&data) {
            Ok(text) if !is_file => text.to_owned(),
            Ok(_) | Err(_) => STANDARD.encode(&data),
        };
        fields.insert(name, Value::from(value));
    }
    Err(bad(format!("body: it must have at most {MOST_PARTS} parts")))
}

/// How many times its limit a body may be and still be read to its end.
const READ_TO_THE_END: usize = 8;

/// The whole body; `None` when it is cut off or too large. What is too large is read on for a while and dropped: a client
/// that is still sending would see a closed connection and not the answer.
async fn read(body: Body, most_bytes: usize) -> Option<Vec<u8>> {
    let (mut stream, mut kept, mut seen) = (body.into_data_stream(), Vec::new(), 0usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.ok()?;
        seen = seen.saturating_add(chunk.len());
        if seen > most_bytes.saturating_mul(READ_TO_THE_END) {
            return None;
        }
        if seen <= most_bytes {
            kept.extend_from_slice(&chunk);
        }
    }
    (seen <= most_bytes).then_some(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_counts_whatever_the_content_type_and_a_form_is_an_object_of_texts() {
        for bytes in [&b"{\"clientKey\":\"k\"}"[..], b"\xef\xbb\xbf {\"clientKey\":\"k\"}", b"clientKey=k"] {
            assert_eq!(Value::Object(object(bytes).unwrap()), json!({"clientKey": "k"}));
        }
        let form = object(b"clientKey=k&taskId=7&task=%7B%22type%22%3A1%7D").unwrap();
        assert_eq!(Value::Object(form), json!({"clientKey": "k", "taskId": "7", "task": "{\"type\":1}"}));
        for bytes in [&b""[..], b"[]", b"7", b"{\"a\":", b"no form", b"{\"a\" = 1}"] {
            assert!(object(bytes).err().unwrap().detail.starts_with("body: it must be a JSON object"));
        }
    }

    #[tokio::test]
    async fn a_classic_request_is_its_query_and_its_body_in_any_form() {
        let none = HeaderMap::new();
        let read = classic("key=k&json=1", &none, b"method=base64&body=YQ%3D%3D").await.unwrap();
        assert_eq!(Value::Object(read), json!({"key": "k", "json": "1", "method": "base64", "body": "YQ=="}));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
        let body = b"--x\r\ncontent-disposition: form-data; name=\"method\"\r\n\r\npost\r\n--x\r\n\
                     content-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n\x89PNG\r\n--x--\r\n";
        let read = classic("", &headers, body).await.unwrap();
        assert_eq!(Value::Object(read), json!({"method": "post", "file": "iVBORw=="}));
        assert!(classic("", &headers, b"--x\r\nbroken").await.is_err());
    }
}
