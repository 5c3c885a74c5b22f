//! The package: a component, its fixtures, and a signed statement about both.

use std::io::Read;

use bytes::Bytes;

use crate::archive::{self, Blobs, MAX_ARCHIVE_BYTES};
use crate::artifact::{self, Manifest};
use crate::dsse::Envelope;
use crate::error::{ReadError, Refusal};
use crate::verify::{Question, Verdict, verify};
use crate::{Digest, Fixtures, PrivateKey, Statement, Trust};

/// A package whose parts belong together: digests, sizes and types are those of its manifest. Whether anybody is to be believed is
/// another question, which [`verify`] answers.
#[derive(Clone, Debug)]
pub struct Package {
    pub(crate) manifest: Bytes,
    pub(crate) config: Bytes,
    pub(crate) component: Bytes,
    pub(crate) envelope: Envelope,
    pub(crate) statement: Statement,
    pub(crate) fixtures: Fixtures,
}

/// What a believed package has in it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The component.
    pub component: Bytes,
    /// Its fixtures.
    pub fixtures: Fixtures,
    /// Who answers for it, and for what.
    pub verdict: Verdict,
}

/// Reads a package's file and decides whether it is to be believed: what an installation begins with. Hold
/// [`Statement::differences`] against what the component says of itself before it is put in force.
///
/// # Errors
/// [`Refusal`].
pub fn open(file: impl Read, trust: &Trust, question: &Question) -> Result<Opened, Refusal> {
    let package = Package::read(file)?;
    let verdict = verify(&package, trust, question)?;
    Ok(Opened { component: package.component, fixtures: package.fixtures, verdict })
}

impl Package {
    /// Puts a package together that nobody has signed yet. The same parts give the same bytes.
    ///
    /// # Errors
    /// [`ReadError`] when a part is too large or the component none.
    pub fn pack(component: Vec<u8>, fixtures: Fixtures, statement: &Statement) -> Result<Self, ReadError> {
        Self::of(component.into(), fixtures, statement.envelope()?)
    }

    fn of(component: Bytes, fixtures: Fixtures, envelope: Envelope) -> Result<Self, ReadError> {
        let statement = Statement::read(&envelope)?;
        let (manifest, config) = artifact::write(&component, fixtures.clone(), envelope.clone(), &statement)?;
        Ok(Self { manifest: manifest.into(), config: config.into(), component, envelope, statement, fixtures })
    }

    /// The same package with one more signature, and so with another digest.
    ///
    /// # Errors
    /// [`ReadError`] when it becomes too large.
    pub fn signed(self, key: &PrivateKey) -> Result<Self, ReadError> {
        Self::of(self.component, self.fixtures, self.envelope.signed(key))
    }

    /// Reads a package's file.
    ///
    /// # Errors
    /// [`ReadError`]; nothing of what does not belong together is handed on.
    pub fn read(file: impl Read) -> Result<Self, ReadError> {
        let mut bytes = Vec::new();
        // One byte more, so that a file that is too large is not taken for one that is cut off.
        let most = u64::try_from(MAX_ARCHIVE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut bytes)?;
        artifact::limit("the file", bytes.len(), MAX_ARCHIVE_BYTES)?;
        archive::read(&bytes, |blobs| {
            let copied = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
            let package = Self::from_blobs(copied(blobs.manifest), copied(blobs.config), copied(blobs.component))?;
            let tag = package.tag();
            Ok((package, tag))
        })
    }

    /// Puts a package together from what a registry or a file has kept.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(crate) fn from_blobs(manifest: Bytes, config: Bytes, component: Bytes) -> Result<Self, ReadError> {
        let read = Manifest::read(&manifest)?;
        let layer = read.component()?;
        read.config.check("the configuration", &config)?;
        layer.check("the component", &component)?;
        let artifact::Said { envelope, statement, fixtures } = artifact::read_config(&config, layer.digest)?;
        Ok(Self { manifest, config, component, envelope, statement, fixtures })
    }

    /// Whether a file may be a package's; else it certainly is something else.
    #[must_use]
    pub fn is_file(file: &[u8]) -> bool {
        archive::is_tar(file)
    }

    /// The text of its file: an OCI image layout in a tar.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let blobs = Blobs { manifest: &self.manifest, config: &self.config, component: &self.component };
        archive::write(&blobs, &self.tag())
    }

    /// What it is, byte for byte: the digest of its manifest, the same in a file and in a registry.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    /// What is said of it. Somebody's word only if [`verify`] says so.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement with its signatures.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Its fixtures.
    #[must_use]
    pub fn fixtures(&self) -> &Fixtures {
        &self.fixtures
    }

    /// Its component.
    #[must_use]
    pub fn component(&self) -> &Bytes {
        &self.component
    }

    /// Its version as a tag: registries allow no `+`.
    #[must_use]
    pub fn tag(&self) -> String {
        self.statement.version.to_string().replace('+', "_")
    }

    /// The name that its file is given.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.capstan.tar", self.statement.provider, self.tag())
    }

    /// The first part of what it holds that is not what the statement says.
    pub(crate) fn difference(&self) -> Option<&'static str> {
        let layout = Manifest::read(&self.manifest);
        let parts = [
            ("the component", Digest::of(&self.component) == self.statement.component),
            ("the fixtures", self.fixtures.digest() == self.statement.fixtures),
            ("an annotation", layout.is_ok_and(|manifest| manifest.agrees(&self.statement))),
        ];
        parts.into_iter().find(|(_, is_same)| !is_same).map(|(name, _)| name)
    }
}
