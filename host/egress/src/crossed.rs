//! How many bytes an exchange took, out and in.

use capstan_domain::adapter::InwardResponse;
use url::{Position, Url};

use crate::error::EgressError;

/// What became of a request, and what it cost in bytes.
#[derive(Debug)]
pub struct Exchanged {
    /// The reply without the credential, or why there is none.
    pub reply: Result<InwardResponse, EgressError>,
    /// The bytes that crossed, whatever became of the request.
    pub crossed: Crossed,
}

/// Bytes that crossed in one exchange, TLS and what HTTP/2 saves or adds left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    /// The request as HTTP/1.1 writes it, with every header that is sent. Where a request may have been sent and nobody
    /// can know how much of it, it counts as a whole; where it surely was not sent, it is 0.
    pub sent: u64,
    /// What was read of the reply's body, before anything was removed from it, and also where the rest never came or was
    /// too much. A body that is refused by its head is not read.
    pub received: u64,
}

impl Exchanged {
    pub(crate) fn unsent(error: EgressError) -> Self {
        Self { reply: Err(error), crossed: Crossed::default() }
    }
}

/// Length of a request as HTTP/1.1 writes it.
pub(crate) fn request_length(request: &reqwest::Request) -> u64 {
    let url = request.url();
    let target = between(url, Position::BeforePath, Position::AfterQuery);
    let line = request.method().as_str().len() + " ".len() + target + " HTTP/1.1\r\n".len();
    let host = header_length("host".len(), between(url, Position::BeforeHost, Position::AfterPort));
    let headers: usize =
        request.headers().iter().map(|(name, value)| header_length(name.as_str().len(), value.len())).sum();
    // The client tells the length of a body that has one, and nothing of an empty one.
    let body = request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len);
    let length = if body > 0 { header_length("content-length".len(), body.to_string().len()) } else { 0 };
    (line + host + headers + length + "\r\n".len() + body) as u64
}

fn between(url: &Url, from: Position, to: Position) -> usize {
    url[from..to].len()
}

fn header_length(name: usize, value: usize) -> usize {
    name + ": ".len() + value + "\r\n".len()
}
