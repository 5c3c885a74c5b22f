//! What can go wrong, who is to blame, and whether the request surely was not sent.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::ProviderId;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The adapter asked for what it may not have.
    Adapter,
    /// The provider, or the way to it.
    Provider,
    /// The gateway or its operator.
    Us,
}

/// Why a request was not answered with a usable reply. No text here shows a secret, a path or a query.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The adapter's request breaks a rule.
    #[error("the adapter's request was refused")]
    Refused(#[from] Refusal),
    /// The grant's base URL is unfit.
    #[error("the provider's base URL {why}")]
    BadGrant {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The credential is not bound to this provider, or not to the host that it would be sent to.
    #[error("the credential is not bound to {to}")]
    NotBound {
        /// Provider or host.
        to: String,
    },
    /// The credential does not open.
    #[error("the credential cannot be used")]
    Credential(#[from] VaultError),
    /// A value of the credential cannot stand where the adapter wants it, such as a line break in a header.
    #[error("the credential's field {field:?} does not fit where it is to be placed")]
    UnfitValue {
        /// The field's name.
        field: String,
    },
    /// As many requests to this provider are out as may be, and none ended while this one waited for its turn.
    #[error("{most} requests to {provider} are out already")]
    Busy {
        /// The provider.
        provider: ProviderId,
        /// Most requests at once.
        most: usize,
    },
    /// The HTTP client could not be made.
    #[error("the outward HTTP client could not be made")]
    Client(#[source] Arc<reqwest::Error>),
    /// The TLS settings could not be made.
    #[error("the TLS settings could not be made")]
    Tls(#[source] rustls::Error),
    /// The host's name did not resolve.
    #[error("the name {host} did not resolve")]
    Unresolved {
        /// The host.
        host: String,
        /// What the resolver said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The host's name leads only to private or special addresses.
    #[error("the name {host} leads to no public address")]
    NoVettedAddress {
        /// The host.
        host: String,
    },
    /// No connection, or no TLS on it.
    #[error("no connection to {host}")]
    NotConnected {
        /// The host.
        host: String,
        /// What failed.
        #[source]
        source: reqwest::Error,
    },
    /// No whole reply in time.
    #[error("no whole reply from {host} within {} ms", after.as_millis())]
    TimedOut {
        /// The host.
        host: String,
        /// The time that a request has.
        after: Duration,
    },
    /// The connection broke, or the reply was not HTTP.
    #[error("the exchange with {host} broke off")]
    Broken {
        /// The host.
        host: String,
        /// What failed.
        #[source]
        source: reqwest::Error,
    },
    /// The reply is larger than allowed.
    #[error("the reply from {host} is over {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// Most bytes of a body.
        limit: usize,
    },
    /// The reply came compressed, though nothing of the kind was asked for; it could hide the credential.
    #[error("the reply from {host} is encoded")]
    Encoded {
        /// The host.
        host: String,
    },
}

impl EgressError {
    /// Whether the request surely was not sent, so that the task may go to another candidate. When false, the provider
    /// may have acted on it.
    #[must_use]
    pub const fn surely_not_sent(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::BadGrant { .. }
            | Self::NotBound { .. }
            | Self::Credential(_)
            | Self::UnfitValue { .. }
            | Self::Busy { .. }
            | Self::Client(_)
            | Self::Tls(_)
            | Self::Unresolved { .. }
            | Self::NoVettedAddress { .. }
            | Self::NotConnected { .. } => true,
            Self::TimedOut { .. } | Self::Broken { .. } | Self::TooLarge { .. } | Self::Encoded { .. } => false,
        }
    }

    /// A word for metrics: which kind of error it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::BadGrant { .. } => "bad-grant",
            Self::NotBound { .. } => "not-bound",
            Self::Credential(_) => "credential",
            Self::UnfitValue { .. } => "unfit-value",
            Self::Busy { .. } => "busy",
            Self::Client(_) => "client",
            Self::Tls(_) => "tls",
            Self::Unresolved { .. } => "unresolved",
            Self::NoVettedAddress { .. } => "no-vetted-address",
            Self::NotConnected { .. } => "not-connected",
            Self::TimedOut { .. } => "timed-out",
            Self::Broken { .. } => "broken",
            Self::TooLarge { .. } => "too-large",
            Self::Encoded { .. } => "encoded",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Refused(_) => Blame::Adapter,
            Self::BadGrant { .. }
            | Self::NotBound { .. }
            | Self::Credential(_)
            | Self::UnfitValue { .. }
            | Self::Client(_)
            | Self::Tls(_) => Blame::Us,
            // The bound is ours. A provider that is slow is told of by the requests that run out of time, and one that is
            // only asked a lot has done nothing to be left alone for.
            Self::Busy { .. } => Blame::Us,
            Self::Unresolved { .. }
            | Self::NoVettedAddress { .. }
            | Self::NotConnected { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::Encoded { .. } => Blame::Provider,
        }
    }
}

/// Which rule an adapter's request breaks. What the adapter wrote is repeated only where it cannot carry a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The URL is malformed or uses a form that is not allowed.
    #[error("the URL {0}")]
    Url(&'static str),
    /// The URL's host is neither the base URL's nor granted.
    #[error("the host {0} is not allowed")]
    Host(String),
    /// The URL names a private or special address.
    #[error("the address {0} is not a public one")]
    Address(std::net::IpAddr),
    /// A header that the host sets, or that only a placement may set.
    #[error("the header {0:?} is not the adapter's to set")]
    OwnedHeader(String),
    /// A header's name or value is malformed, or there are too many.
    #[error("a header {0}")]
    Header(&'static str),
    /// The body is malformed or too large.
    #[error("the body {0}")]
    Body(&'static str),
    /// A placement in a request for which there is no credential.
    #[error("a placement is asked for, and there is no credential")]
    NoCredential,
    /// A placement that the credential is not bound to.
    #[error("the placement of field {0:?} is not one that the credential is bound to")]
    UnknownPlacement(String),
    /// A placement of a field that the credential does not have.
    #[error("the credential has no field {0:?}")]
    UnknownField(String),
    /// The place is taken, by the adapter's own value or by another placement.
    #[error("the place {0:?} of a credential's field is taken")]
    PlaceTaken(String),
    /// The body is not of the kind that the placement needs.
    #[error("the placement {0:?} does not suit the body")]
    WrongBody(String),
}

impl Refusal {
    /// The rule's name in logs, in records of attempts and in the documentation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Url(_) => "refused-url",
            Self::Host(_) => "refused-host",
            Self::Address(_) => "refused-address",
            Self::OwnedHeader(_) => "refused-owned-header",
            Self::Header(_) => "refused-header",
            Self::Body(_) => "refused-body",
            Self::NoCredential => "refused-no-credential",
            Self::UnknownPlacement(_) => "refused-placement",
            Self::UnknownField(_) => "refused-field",
            Self::PlaceTaken(_) => "refused-place-taken",
            Self::WrongBody(_) => "refused-body-kind",
        }
    }
}

/// Why something could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not 64 hexadecimal digits or base64url of 32 bytes.
    #[error("a master key is 64 hexadecimal digits or base64url of 32 bytes")]
    BadMasterKey,
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    Randomness,
    /// Too long for the cipher.
    #[error("too long to be sealed")]
    TooLong,
    /// A credential's field is unfit.
    #[error("the credential's field {field:?} is unfit: {why}")]
    UnfitField {
        /// The field's name; empty where it is about all of them.
        field: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Sealed by a version that this one does not know.
    #[error("sealed in an unknown format")]
    UnknownFormat,
    /// Sealed with another master key.
    #[error("sealed with another master key")]
    OtherMasterKey,
    /// Changed, cut short, or bound to something else.
    #[error("does not open: changed, or bound to something else")]
    DoesNotOpen,
}
