//! Requests that an adapter wants sent, and the replies that it reads.

use serde::{Deserialize, Serialize};

/// A request that an adapter wants sent; the host opens the credential and sends.
#[derive(Clone, PartialEq, Eq)]
pub struct OutwardRequest {
    /// GET or POST.
    pub method: Method,
    /// A path below the provider's base URL (`/createTask`, may carry a query), or a whole URL of an allowed host.
    pub url: String,
    /// Headers; those that the host owns (`host`, `content-length`, …) are refused.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Where credential fields go; empty for a request that needs none.
    pub placements: Vec<Placement>,
}

/// An HTTP method that adapters may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE (cancel at some providers).
    Delete,
}

/// A request's body.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// A JSON text; an object when a [`Place::JsonField`] is asked for.
    Json(String),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// Anything else.
    Bytes(String, Vec<u8>),
}

/// One part of a multipart body.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, for file parts.
    pub file_name: Option<String>,
    /// Content type, where it matters.
    pub content_type: Option<String>,
    /// Content.
    pub data: Vec<u8>,
}

/// A credential's field and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placement {
    /// Which field of the credential.
    pub field: String,
    /// Where its value is inserted.
    pub place: Place,
}

/// Where a credential's value is inserted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A top-level field of a JSON body.
    JsonField(String),
    /// A field of a form or multipart body.
    FormField(String),
    /// A query parameter.
    Query(String),
    /// A header, after a literal prefix such as `Bearer `.
    Header {
        /// Header name.
        name: String,
        /// Text before the value.
        prefix: String,
    },
    /// `Authorization: Basic`, the value as password with this literal user name.
    Basic {
        /// User name.
        user: String,
    },
}

/// A provider's reply, scrubbed of the credential.
#[derive(Clone, PartialEq, Eq)]
pub struct InwardResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, bounded by egress.
    pub body: Vec<u8>,
}

/// What happened since the adapter's last step.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// The request was answered.
    Response(InwardResponse),
    /// The wait is over.
    Waited,
}
