//! The fields of a request, whichever of the four ways they came.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::wire::Request;

/// What came with a request.
#[derive(Debug, Default)]
pub(super) struct Form {
    texts: BTreeMap<String, String>,
    file: Option<File>,
    /// Whether an upload ended before its end or was none.
    broken: bool,
}

/// A file that was uploaded as `file`.
#[derive(Debug)]
pub(super) struct File {
    /// The name that the client gave it; empty where it gave none.
    pub(super) name: String,
    pub(super) bytes: Bytes,
}

impl Form {
    /// Reads the query and then the body, which comes first where both have a field.
    pub(super) async fn read(request: &Request<'_>) -> Self {
        let mut form = Self::default();
        form.take_pairs(request.query.as_bytes());
        match multer::parse_boundary(request.content_type) {
            Ok(boundary) => form.take_upload(request.body, boundary).await,
            Err(_) if request.body.trim_ascii_start().starts_with(b"{") => form.take_object(request.body),
            Err(_) => form.take_pairs(request.body),
        }
        form
    }

    fn take_pairs(&mut self, pairs: &[u8]) {
        let pairs = form_urlencoded::parse(pairs).map(|(name, value)| (name.into_owned(), value.into_owned()));
        self.texts.extend(pairs.filter(|(name, _)| !name.is_empty()));
    }

    /// Some clients post their fields as a JSON object.
    fn take_object(&mut self, body: &[u8]) {
        let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        for (name, value) in fields {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => u8::from(flag).to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => value.to_string(),
            };
            self.texts.insert(name, text);
        }
    }

    async fn take_upload(&mut self, body: &Bytes, boundary: String) {
        let body = body.clone();
        let whole = stream::once(async { Ok::<Bytes, std::convert::Infallible>(body) });
        self.broken = self.take_parts(Multipart::new(whole, boundary)).await.is_err();
    }

    async fn take_parts(&mut self, mut parts: Multipart<'_>) -> Result<(), multer::Error> {
        while let Some(part) = parts.next_field().await? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let bytes = part.bytes().await?;
            match file_name {
                Some(file_name) if name == "file" => self.file = Some(File { name: file_name, bytes }),
                Some(_) | None if name == "file" => self.file = Some(File { name: String::new(), bytes }),
                // Another file, such as a picture of instructions, may be no text.
                Some(_) => {
                    self.texts.insert(name, STANDARD.encode(&bytes));
                }
                None => {
                    self.texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
        Ok(())
    }

    /// A field that is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// The task's id; none where there is none or it is no number.
    pub(super) fn id(&self) -> Option<u64> {
        number(self.text("id")?)
    }

    pub(super) const fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The fields without the key as a JSON object of texts, for whoever compares what was sent with what was meant.
    pub(super) fn task(&self) -> Vec<u8> {
        let file = self.file.as_ref().map(|file| ("body", STANDARD.encode(&file.bytes)));
        let texts = self.texts.iter().filter(|(name, _)| *name != "key");
        let fields: BTreeMap<&str, &str> = texts
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .chain(file.as_ref().map(|(name, text)| (*name, text.as_str())))
            .collect();
        // Text keys only, so nothing can fail here.
        serde_json::to_vec(&fields).unwrap_or_default()
    }
}

/// An id; they have digits only.
pub(super) fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn form(query: &str, content_type: &str, body: &str) -> Form {
        let body = Bytes::from(body.to_owned());
        Form::read(&Request { path: "/in.php", query, content_type, body: &body }).await
    }

    fn upload(parts: &[(&str, &str)]) -> String {
        let part = |(head, value): &(&str, &str)| {
            format!("--B0\r\ncontent-disposition: form-data; name={head}\r\n\r\n{value}\r\n")
        };
        parts.iter().map(part).chain(["--B0--\r\n".to_owned()]).collect()
    }

    #[tokio::test]
    async fn fields_mean_the_same_in_whichever_way_they_come() {
        let wanted = br#"{"method":"hcaptcha","pageurl":"https://a.example/?b=c&d"}"#.as_slice();
        let query = "key=k&method=hcaptcha&pageurl=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d";
        let parts =
            upload(&[("\"key\"", "k"), ("\"method\"", "hcaptcha"), ("\"pageurl\"", "https://a.example/?b=c&d")]);
        let object = r#" {"key": "k", "method": "hcaptcha", "pageurl": "https://a.example/?b=c&d", "proxy": null}"#;
        for (query, content_type, body) in [
            (query, "", ""),
            ("", "application/x-www-form-urlencoded", query),
            ("", "", query),
            ("", "multipart/form-data; boundary=B0", parts.as_str()),
            ("", "application/json", object),
            ("method=turnstile", "", query),
        ] {
            let form = form(query, content_type, body).await;
            assert_eq!(form.text("key"), Some("k"), "{content_type}");
            assert_eq!(String::from_utf8(form.task()).unwrap().as_bytes(), wanted, "{content_type}");
            assert!(!form.is_broken());
        }
    }

    #[tokio::test]
    async fn an_uploaded_file_is_kept_as_it_is_and_shown_as_base64() {
        let body = upload(&[
            ("\"method\"", "post"),
            ("\"imginstructions\"; filename=\"b.png\"", "\u{2}"),
            ("\"file\"; filename=\"a.png\"", "\u{1}\r\n--B"),
        ]);
        let form = form("key=k", "multipart/form-data; boundary=\"B0\"", &body).await;
        let file = form.file().unwrap();
        assert_eq!((file.name.as_str(), file.bytes.as_ref()), ("a.png", b"\x01\r\n--B".as_slice()));
        assert_eq!(form.task(), br#"{"body":"AQ0KLS1C","imginstructions":"Ag==","method":"post"}"#);
    }

    #[tokio::test]
    async fn an_upload_that_breaks_off_is_noticed() {
        let body = upload(&[("\"method\"", "post"), ("\"file\"; filename=\"a.png\"", "picture")]);
        let broken = form("key=k", "multipart/form-data; boundary=B0", &body[..body.len() - 12]).await;
        assert!(broken.is_broken());
        assert_eq!(broken.text("key"), Some("k"));
        assert!(form("", "multipart/form-data; boundary=B0", "no upload").await.is_broken());
    }

    #[test]
    fn ids_have_digits_only() {
        assert_eq!(number(" 4294967297"), Some(4_294_967_297));
        for wrong in ["", "+5", "-5", "5a", "99999999999999999999"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
