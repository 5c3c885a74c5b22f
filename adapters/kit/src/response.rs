//! Readers for what came back.

use serde::de::DeserializeOwned;

use crate::Response;

impl Response {
    /// The body as a type of yours; `None` where it is not JSON of that type.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text; `None` where it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }

    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the provider says that this was too fast (429).
    #[must_use]
    pub const fn is_throttled(&self) -> bool {
        self.status == 429
    }

    /// Whether the provider, or something in front of it, broke down (5xx).
    #[must_use]
    pub const fn is_server_error(&self) -> bool {
        self.status >= 500
    }

    /// `Retry-After` in milliseconds, where it is given in seconds. A date is not read: there is no clock here.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse::<u32>().ok()?.checked_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Response { status, headers, body: body.into() }
    }

    #[test]
    fn retry_after_is_read_in_seconds_only() {
        assert_eq!(response(429, &[("retry-after", " 3 ")], "").retry_after_ms(), Some(3000));
        assert_eq!(response(429, &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], "").retry_after_ms(), None);
        assert_eq!(response(429, &[("retry-after", "4294967295")], "").retry_after_ms(), None);
        assert_eq!(response(429, &[], "").retry_after_ms(), None);
    }

    #[test]
    fn a_body_is_json_text_or_neither() {
        assert_eq!(response(200, &[], "[1,2]").json::<Vec<u8>>(), Some(vec![1, 2]));
        assert_eq!(response(200, &[], "<html>").json::<Vec<u8>>(), None);
        assert_eq!(response(200, &[], "OK|1").text(), Some("OK|1"));
        let bytes = Response { status: 200, headers: vec![], body: vec![0xff] };
        assert_eq!(bytes.text(), None);
    }

    #[test]
    fn the_status_tells_throttling_and_breakdown_apart() {
        assert!(response(429, &[], "").is_throttled());
        assert!(!response(429, &[], "").is_server_error());
        assert!(response(503, &[], "").is_server_error());
    }
}
