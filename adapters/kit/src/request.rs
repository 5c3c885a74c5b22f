//! Builders for what an adapter sends, and readers for what it was asked.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Body, CredentialField, Fault, Method, Money, Next, Part, Place, Placement, ProxySupport, Request, ServedType,
    Submission, Turn,
};

impl Request {
    /// A request without a body; `url` is a path below the base URL, or a whole URL of an allowed host.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::with_body(Method::Get, url, Body::Empty)
    }

    /// A DELETE without a body.
    #[must_use]
    pub fn delete(url: &str) -> Self {
        Self::with_body(Method::Delete, url, Body::Empty)
    }

    /// A POST of a JSON body; an object wherever a credential is placed in one of its fields.
    #[must_use]
    pub fn post_json(url: &str, body: &Value) -> Self {
        Self::with_body(Method::Post, url, Body::Json(json_text(body)))
    }

    /// A POST of a form (`application/x-www-form-urlencoded`); the host encodes names and values.
    #[must_use]
    pub fn post_form(url: &str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::with_body(Method::Post, url, Body::Form(fields))
    }

    /// A POST of a multipart form; see [`Part::text`] and [`Part::file`].
    #[must_use]
    pub fn post_multipart(url: &str, parts: Vec<Part>) -> Self {
        Self::with_body(Method::Post, url, Body::Multipart(parts))
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with one more field of the credential in it; the host inserts the value.
    #[must_use]
    pub fn with_credential(mut self, placement: Placement) -> Self {
        self.placements.push(placement);
        self
    }

    /// Send this, and remember `state` until the response is in.
    ///
    /// # Errors
    /// Never; it is a [`Turn`] so that a method may end in it.
    pub fn then<S>(self, state: S) -> Turn<S> {
        Ok(Next::Send(self, state))
    }

    fn with_body(method: Method, url: &str, body: Body) -> Self {
        Self { method, url: url.to_owned(), headers: Vec::new(), body, placements: Vec::new() }
    }
}

impl Part {
    /// A field of text.
    #[must_use]
    pub fn text(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), file_name: None, content_type: None, data: value.as_bytes().to_vec() }
    }

    /// A file with a name and a content type.
    #[must_use]
    pub fn file(name: &str, file_name: &str, content_type: &str, data: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            file_name: Some(file_name.to_owned()),
            content_type: Some(content_type.to_owned()),
            data,
        }
    }
}

impl Placement {
    /// The credential's `field` as a top-level field of the JSON body.
    #[must_use]
    pub fn json_field(field: &str, name: &str) -> Self {
        Self { field: field.to_owned(), place: Place::JsonField(name.to_owned()) }
    }

    /// The credential's `field` as a field of the form or multipart body.
    #[must_use]
    pub fn form_field(field: &str, name: &str) -> Self {
        Self { field: field.to_owned(), place: Place::FormField(name.to_owned()) }
    }

    /// The credential's `field` as a query parameter.
    #[must_use]
    pub fn query(field: &str, name: &str) -> Self {
        Self { field: field.to_owned(), place: Place::Query(name.to_owned()) }
    }

    /// The credential's `field` as a header, after a prefix such as `Bearer `.
    #[must_use]
    pub fn header(field: &str, name: &str, prefix: &str) -> Self {
        Self { field: field.to_owned(), place: Place::Header((name.to_owned(), prefix.to_owned())) }
    }

    /// The credential's `field` as the password of `Authorization: Basic`.
    #[must_use]
    pub fn basic(field: &str, user: &str) -> Self {
        Self { field: field.to_owned(), place: Place::Basic(user.to_owned()) }
    }
}

impl Submission {
    /// The canonical parameters as a type of yours.
    ///
    /// # Errors
    /// `invalid-task` where they are not of that type; the message carries no value.
    pub fn read_parameters<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.parameters).map_err(|error| {
            // Serde's message may quote a value, and values may be secret: only the kind of error is passed on.
            let kind = match error.classify() {
                serde_json::error::Category::Data => "of another type than the catalogue's",
                serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON",
                serde_json::error::Category::Io => "not readable",
            };
            Fault::invalid_task("INVALID_PARAMETERS", &format!("the parameters of {} are {kind}", self.family))
        })
    }
}

impl CredentialField {
    /// A field of a credential: its name in placements, its name in forms, and what it looks like.
    #[must_use]
    pub fn new(name: &str, label: &str, description: &str) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), description: description.to_owned() }
    }
}

impl ServedType {
    /// A task type with what the provider lists for one task, in US dollars as a plain decimal.
    #[must_use]
    pub fn new(family: &str, proxy: ProxySupport, list_price_usd: &str) -> Self {
        Self { family: family.to_owned(), proxy, list_price: Money::usd(list_price_usd), schema: None }
    }
}

/// A JSON value as text. The same as its `to_string`, which would bring a second serializer into every component.
#[must_use]
pub fn json_text(value: &Value) -> String {
    // A value has texts for keys and no foreign types in it, so it is always written.
    serde_json::to_string(value).unwrap_or_default()
}

/// A memo: what a poll needs to know beyond the reference, as JSON. At most 4 KiB.
///
/// # Errors
/// `in-doubt` where the value is no JSON (a map whose keys are not texts): the task has been accepted by then.
pub fn write_memo<T: Serialize>(memo: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(memo).map_err(|_| Fault::in_doubt("MEMO_UNWRITABLE", "the adapter's memo is no JSON"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::FaultClass;

    #[test]
    fn a_json_request_carries_its_body_and_names_where_the_credential_goes() {
        let request = Request::post_json("/createTask", &json!({"a": 1}))
            .with_header("accept", "application/json")
            .with_credential(Placement::json_field("key", "clientKey"));
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.body, Body::Json(r#"{"a":1}"#.into()));
        assert_eq!(request.headers, [("accept".to_owned(), "application/json".to_owned())]);
        assert_eq!(request.placements, [Placement::json_field("key", "clientKey")]);
    }

    #[test]
    fn forms_and_parts_keep_their_order() {
        let form = Request::post_form("/in.php", &[("method", "base64"), ("json", "1")]);
        assert_eq!(form.body, Body::Form(vec![("method".into(), "base64".into()), ("json".into(), "1".into())]));
        let parts = vec![Part::text("method", "post"), Part::file("file", "a.png", "image/png", vec![1, 2])];
        let Body::Multipart(sent) = Request::post_multipart("/in.php", parts.clone()).body else { panic!("no parts") };
        assert_eq!(sent, parts);
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused_without_quoting_them() {
        #[derive(Debug, Deserialize)]
        struct Wanted {
            #[serde(rename = "websiteURL")]
            url: String,
        }
        let mut task = Submission {
            attempt_id: "a".into(),
            family: "turnstile".into(),
            parameters: r#"{"websiteURL":"https://example.com"}"#.into(),
            proxy: None,
        };
        assert_eq!(task.read_parameters::<Wanted>().unwrap().url, "https://example.com");
        for broken in [r#"{"websiteURL":{"hidden":1}}"#, r#"{"cookies":"hidden"}"#, "hidden"] {
            task.parameters = broken.into();
            let fault = task.read_parameters::<Wanted>().unwrap_err();
            assert_eq!(fault.class, FaultClass::InvalidTask);
            assert!(!fault.message.contains("hidden"), "{}", fault.message);
        }
    }
}
