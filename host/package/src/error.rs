//! Why something is refused: each reason is one variant, and has one name for scripts.

use capstan_domain::ProviderId;
use semver::Version;

use crate::{Digest, KeyId, Moment};

/// Why bytes are no package.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More bytes than are read.
    #[error("{what} may have {most} bytes at most")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// It ends too early.
    #[error("the file is cut off")]
    Truncated,
    /// A tar file, perhaps, but not as packages are written.
    #[error("the file is not written as a package is: {0}")]
    Archive(&'static str),
    /// A name in it that packages do not have, such as one that leads out of a folder.
    #[error("the file has an entry {0:?}, which packages do not have")]
    UnknownEntry(String),
    /// Content that is not what its descriptor says.
    #[error("{what} is {found}, not {expected}")]
    WrongDigest {
        /// Of what.
        what: &'static str,
        /// As the descriptor says.
        expected: Digest,
        /// As it is.
        found: Digest,
    },
    /// Content of another length than its descriptor says.
    #[error("{0} is not as long as the manifest says")]
    WrongSize(&'static str),
    /// The manifest is none of a WebAssembly artifact.
    #[error("the manifest is none of a WebAssembly artifact: {0}")]
    Manifest(String),
    /// Layers that are none of ours.
    #[error("a package has one layer of type application/wasm; this has {0} layers, or another type")]
    Layers(usize),
    /// A WebAssembly artifact that other tools made.
    #[error("it is a WebAssembly artifact, but no adapter's package: it has no statement ({0})")]
    NoStatement(String),
    /// A statement that cannot be read.
    #[error("the statement cannot be read: {0}")]
    Statement(String),
    /// A fixture whose name could lead out of its folder.
    #[error("{0:?} is no name of a fixture: 1 to 100 letters, digits, '.', '-' and '_', not beginning with '.'")]
    FixtureName(String),
    /// Bytes that are no component.
    #[error("it is no component: {0}")]
    Component(String),
    /// Reading failed.
    #[error("it cannot be read")]
    Io(#[from] std::io::Error),
}

/// Why a package is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Nobody has signed it.
    #[error("nobody has signed it")]
    NoSignature,
    /// A signature that names a known key and is not that key's.
    #[error("it has a signature that claims to be {0}'s and is not")]
    Forged(String),
    /// Signed by keys that are not trusted.
    #[error("it is signed by {0}, which is not trusted here")]
    UnknownKey(KeyId),
    /// Signed by a trusted key that does not speak for the publisher whom it names.
    #[error("it is signed by {signer}, who is not its publisher {publisher}")]
    OtherSigner {
        /// Who signed, as the trust calls them.
        signer: String,
        /// Whom the statement names.
        publisher: KeyId,
    },
    /// Signed by a key that is trusted for other providers.
    #[error("{signer} is not trusted for adapters of {provider}")]
    NotForProvider {
        /// Who signed.
        signer: String,
        /// What for.
        provider: ProviderId,
    },
    /// The key is past its time; one that follows it may have taken over.
    #[error("the key of {signer} was good until {not_after}")]
    ExpiredKey {
        /// Who signed.
        signer: String,
        /// Until when the key was good.
        not_after: Moment,
    },
    /// The key was revoked.
    #[error("the key {key} is revoked: {reason}")]
    RevokedKey {
        /// Which.
        key: KeyId,
        /// Why.
        reason: String,
    },
    /// The package or its component was revoked.
    #[error("{digest} is revoked: {reason}")]
    RevokedPackage {
        /// Which.
        digest: Digest,
        /// Why.
        reason: String,
    },
    /// The package is not what its statement says.
    #[error("the statement is about other content: {0} differs")]
    StatementDiffers(&'static str),
    /// Written for a contract that is not known here.
    #[error("it is written for the contract {0}")]
    OtherContract(String),
    /// Made later than now.
    #[error("it was made at {0}, which is still to come")]
    FromTheFuture(Moment),
    /// Older than what was seen: somebody may want a mended fault back.
    #[error("it is version {version}, and {newest} has been seen")]
    Downgrade {
        /// Its version.
        version: Version,
        /// The newest that was seen.
        newest: Version,
    },
    /// The version that was seen, with another component.
    #[error("it is version {version} again, with another component than the {seen} that was seen")]
    Replaced {
        /// Its version.
        version: Version,
        /// The component that was seen.
        seen: Digest,
    },
}

impl Refusal {
    /// Its name, for scripts and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NoSignature => "no-signature",
            Self::Forged(_) => "forged-signature",
            Self::UnknownKey(_) => "unknown-key",
            Self::OtherSigner { .. } => "other-signer",
            Self::NotForProvider { .. } => "key-not-for-provider",
            Self::ExpiredKey { .. } => "expired-key",
            Self::RevokedKey { .. } => "revoked-key",
            Self::RevokedPackage { .. } => "revoked-package",
            Self::StatementDiffers(_) => "statement-differs",
            Self::OtherContract(_) => "other-contract",
            Self::FromTheFuture(_) => "from-the-future",
            Self::Downgrade { .. } => "downgrade",
            Self::Replaced { .. } => "replaced-version",
        }
    }
}

/// Why a text is no key, or a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No key.
    #[error("it is no key of a publisher")]
    NotAKey,
    /// A private key where a public one belongs.
    #[error("it is a private key; a public one belongs here")]
    Private,
    /// A public key where a private one belongs.
    #[error("it is a public key; a private one belongs here")]
    Public,
    /// A passphrase is needed.
    #[error("it is sealed with a passphrase, and none was given")]
    Sealed,
    /// Another passphrase, or a damaged file.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// No randomness.
    #[error("the system gives no randomness")]
    Randomness,
    /// The passphrase's key could not be computed.
    #[error("there is no memory for the passphrase's key")]
    Sealing,
}

/// Why somebody's trust cannot be changed so, or read.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The key or its name is there already.
    #[error("{0} is there already")]
    Known(String),
    /// No such key.
    #[error("no key is called {0}")]
    Unknown(String),
    /// A name that is none.
    #[error("{0:?} is no name: 1 to 60 characters, no control characters")]
    Name(String),
    /// A provider's id that is none.
    #[error(transparent)]
    Provider(#[from] capstan_domain::ids::BadProviderId),
    /// It is no rotation.
    #[error("it is no rotation of a key: {0}")]
    NotARotation(String),
    /// The rotation is not signed by both keys.
    #[error("the rotation is not signed by {0}")]
    NotSigned(&'static str),
    /// The key that is to be followed is revoked.
    #[error("the key {key} is revoked: {reason}")]
    Revoked {
        /// Which.
        key: KeyId,
        /// Why.
        reason: String,
    },
    /// The key that is to be followed was past its time.
    #[error("the key of {signer} was good until {not_after}, and can hand nothing on")]
    Expired {
        /// Whose.
        signer: String,
        /// Until when the key was good.
        not_after: Moment,
    },
}
