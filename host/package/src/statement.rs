//! What a publisher signs about an adapter: who it is, and every claim that an operator decides on.

use capstan_domain::ProviderId;
use capstan_domain::adapter::{Manifest, Placement};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::dsse::Envelope;
use crate::error::ReadError;
use crate::keys::KeyId;
use crate::{Digest, Fixtures, Moment};

/// The contract that packages of this form are written for: `wit/`'s package and version.
pub const CONTRACT: &str = "capstan:adapter@1.0.0";

/// The type under which a statement is signed.
const PAYLOAD_TYPE: &str = "application/vnd.capstan.adapter.statement.v1+json";
/// Most bytes of a statement.
const MAX_BYTES: usize = 256 * 1024;
/// Most bytes of a title, a licence, a source.
const MAX_TEXT_BYTES: usize = 300;

/// What a publisher says of an adapter.
///
/// A field that is not known is refused: a claim that nobody reads must not look as if it had been believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement {
    /// The contract that it is written for.
    pub contract: String,
    /// The provider that it translates for.
    pub provider: ProviderId,
    /// The provider's name as people write it.
    pub title: String,
    /// The adapter's own version.
    pub version: Version,
    /// The component, byte for byte.
    pub component: Digest,
    /// Its fixtures; see [`Fixtures::digest`].
    pub fixtures: Digest,
    /// Where its relative requests lead.
    pub base_url: String,
    /// Hosts that its requests may name besides.
    pub hosts: Vec<String>,
    /// Every place in which its requests ask for a credential. Credentials are bound to hosts and placements.
    pub placements: Vec<Placement>,
    /// The families of tasks that it serves.
    pub families: Vec<String>,
    /// Under which licences it may be used, as an SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licences: Option<String>,
    /// Where its source is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The key of its publisher, whose signature makes the statement theirs.
    pub publisher: KeyId,
    /// When the component was made, as its publisher says.
    pub created: Moment,
}

/// What is said of an adapter that its component does not say itself.
#[derive(Clone, Debug)]
pub struct About {
    /// Whose it is.
    pub publisher: KeyId,
    /// When the component was made.
    pub created: Moment,
    /// Under which licences it may be used.
    pub licences: Option<String>,
    /// Where its source is.
    pub source: Option<String>,
}

impl Statement {
    /// What is true of this component, which says this of itself, and of these fixtures.
    ///
    /// # Errors
    /// [`ReadError::Statement`] when the version is none that can be compared.
    pub fn of(component: &[u8], manifest: &Manifest, fixtures: &Fixtures, about: About) -> Result<Self, ReadError> {
        let About { publisher, created, licences, source } = about;
        let version = Version::parse(&manifest.version)
            .map_err(|error| ReadError::Statement(format!("version {:?}: {error}", manifest.version)))?;
        Ok(Self {
            contract: CONTRACT.to_owned(),
            provider: manifest.provider.clone(),
            title: manifest.display_name.clone(),
            version,
            component: Digest::of(component),
            fixtures: fixtures.digest(),
            base_url: manifest.base_url.clone(),
            hosts: manifest.hosts.clone(),
            placements: manifest.placements.clone(),
            families: families(manifest),
            licences,
            source,
            publisher,
            created,
        })
    }

    /// The statement in an envelope, for signatures.
    ///
    /// # Errors
    /// [`ReadError::Statement`] when it is too long.
    pub fn envelope(&self) -> Result<Envelope, ReadError> {
        let payload = serde_json::to_vec(self).map_err(|error| ReadError::Statement(error.to_string()))?;
        if payload.len() > MAX_BYTES {
            return Err(ReadError::TooLarge { what: "the statement", most: MAX_BYTES });
        }
        Ok(Envelope::new(PAYLOAD_TYPE, &payload))
    }

    /// Reads the statement in an envelope. It is somebody's word only once a signature has been verified.
    ///
    /// # Errors
    /// [`ReadError::Statement`].
    pub fn read(envelope: &Envelope) -> Result<Self, ReadError> {
        let bad = |why: String| ReadError::Statement(why);
        let payload =
            envelope.payload(PAYLOAD_TYPE).ok_or_else(|| bad("its envelope is of another kind".to_owned()))?;
        if payload.len() > MAX_BYTES {
            return Err(ReadError::TooLarge { what: "the statement", most: MAX_BYTES });
        }
        let statement: Self = serde_json::from_slice(&payload).map_err(|error| bad(error.to_string()))?;
        ProviderId::new(statement.provider.as_str()).map_err(|error| bad(error.to_string()))?;
        let texts = [Some(&statement.title), statement.licences.as_ref(), statement.source.as_ref()];
        let is_plain = |text: &String| text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
        if !texts.into_iter().flatten().all(is_plain) {
            return Err(bad("its title, licences or source are too long or have control characters".to_owned()));
        }
        Ok(statement)
    }

    /// What the component says differently of itself, by field. A package whose component disagrees with what was signed is not to
    /// be installed, whoever signed it.
    #[must_use]
    pub fn differences(&self, manifest: &Manifest) -> Vec<&'static str> {
        let same = [
            ("provider", self.provider == manifest.provider),
            ("title", self.title == manifest.display_name),
            ("version", self.version.to_string() == manifest.version),
            ("baseUrl", self.base_url == manifest.base_url),
            ("hosts", self.hosts == manifest.hosts),
            ("placements", self.placements == manifest.placements),
            ("families", self.families == families(manifest)),
        ];
        same.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }
}

fn families(manifest: &Manifest) -> Vec<String> {
    manifest.task_types.iter().map(|served| served.family.clone()).collect()
}
