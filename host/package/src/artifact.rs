//! The package as an OCI artifact: manifest and configuration, as today's WebAssembly tools read them.
//!
//! The layout is the CNCF's for WebAssembly (tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact): a configuration of type
//! `application/vnd.wasm.config.v0+json` and the component as the one layer. That guide has consumers reject a second layer, and
//! registries refuse media types that they do not know. So statement and fixtures are no layers of their own: they are in
//! the configuration, under a field that other tools pass over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, TypeBounds};

use crate::dsse::Envelope;
use crate::error::ReadError;
use crate::{Digest, Fixtures, Moment, Statement};

/// The type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The type of the configuration.
pub(crate) const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The type of the one layer.
pub(crate) const COMPONENT: &str = "application/wasm";

/// Most bytes of a manifest.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;
/// Most bytes of a configuration, fixtures included.
pub const MAX_CONFIG_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of a component.
pub const MAX_COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// The form of our part of the configuration.
const FORMAT: u32 = 1;
/// What the layout calls WebAssembly and components.
const ARCHITECTURE: &str = "wasm";
const OS: &str = "wasip2";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    schema_version: u32,
    media_type: String,
    pub(crate) config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: usize,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: Moment,
    architecture: String,
    os: String,
    layer_digests: Vec<Digest>,
    component: Interfaces,
    capstan: Ours,
}

/// What a component imports and exports; for indexes, nothing here depends on it.
#[derive(Serialize, Deserialize)]
struct Interfaces {
    exports: Vec<String>,
    imports: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    format: u32,
    statement: Envelope,
    fixtures: Fixtures,
}

/// What is in a configuration, read.
pub(crate) struct Said {
    pub(crate) envelope: Envelope,
    pub(crate) statement: Statement,
    pub(crate) fixtures: Fixtures,
}

impl Descriptor {
    fn of(media_type: &str, bytes: &[u8]) -> Self {
        let (digest, size) = (Digest::of(bytes), bytes.len());
        Self { media_type: media_type.to_owned(), digest, size, annotations: BTreeMap::new() }
    }

    /// Whether these are the bytes.
    pub(crate) fn check(&self, what: &'static str, bytes: &[u8]) -> Result<(), ReadError> {
        if self.size != bytes.len() {
            return Err(ReadError::WrongSize(what));
        }
        let found = Digest::of(bytes);
        if found == self.digest { Ok(()) } else { Err(ReadError::WrongDigest { what, expected: self.digest, found }) }
    }
}

impl Manifest {
    /// Reads a manifest, and holds what it announces against what is read at most.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        limit("the manifest", bytes.len(), MAX_MANIFEST_BYTES)?;
        let bad = |why: &str| ReadError::Manifest(why.to_owned());
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| bad(&error.to_string()))?;
        if manifest.schema_version != 2 || manifest.media_type != MANIFEST {
            return Err(bad("it is of another version or type"));
        }
        if manifest.config.media_type != CONFIG {
            return Err(bad(&format!("its configuration is {:?}", shortened(&manifest.config.media_type))));
        }
        limit("the configuration", manifest.config.size, MAX_CONFIG_BYTES)?;
        limit("the component", manifest.component()?.size, MAX_COMPONENT_BYTES)?;
        Ok(manifest)
    }

    /// The one layer.
    pub(crate) fn component(&self) -> Result<&Descriptor, ReadError> {
        match self.layers.as_slice() {
            [component] if component.media_type == COMPONENT => Ok(component),
            other => Err(ReadError::Layers(other.len())),
        }
    }

    /// Whether what is written on the outside is what the statement says. Annotations of others are passed over.
    pub(crate) fn agrees(&self, statement: &Statement) -> bool {
        annotations(statement).iter().all(|(name, value)| self.annotations.get(name) == Some(value))
            && OPTIONAL.iter().all(|name| self.annotations.get(*name) == annotations(statement).get(*name))
    }
}

/// Manifest and configuration of a package.
pub(crate) fn write(
    component: &[u8],
    fixtures: Fixtures,
    envelope: Envelope,
    statement: &Statement,
) -> Result<(Vec<u8>, Vec<u8>), ReadError> {
    limit("the component", component.len(), MAX_COMPONENT_BYTES)?;
    let mut layer = Descriptor::of(COMPONENT, component);
    // What tools that unpack artifacts call the file.
    layer.annotations.insert(TITLE.to_owned(), format!("{}-{}.wasm", statement.provider, statement.version));
    let config = Config {
        created: statement.created,
        architecture: ARCHITECTURE.to_owned(),
        os: OS.to_owned(),
        layer_digests: vec![layer.digest],
        component: interfaces(component)?,
        capstan: Ours { format: FORMAT, statement: envelope, fixtures },
    };
    let config = serde_json::to_vec(&config).map_err(|error| ReadError::NoStatement(error.to_string()))?;
    limit("the configuration", config.len(), MAX_CONFIG_BYTES)?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST.to_owned(),
        config: Descriptor::of(CONFIG, &config),
        layers: vec![layer],
        annotations: annotations(statement),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|error| ReadError::Manifest(error.to_string()))?;
    Ok((manifest, config))
}

/// Reads a configuration that belongs to this component.
pub(crate) fn read_config(bytes: &[u8], component: Digest) -> Result<Said, ReadError> {
    let config: Config = serde_json::from_slice(bytes).map_err(|error| ReadError::NoStatement(error.to_string()))?;
    let bad = |why: &str| Err(ReadError::NoStatement(why.to_owned()));
    if config.architecture != ARCHITECTURE || config.os != OS || config.layer_digests != [component] {
        return bad("its configuration is about something else");
    }
    if config.capstan.format != FORMAT {
        return bad("it is of a form that this version does not know");
    }
    let Ours { statement: envelope, fixtures, .. } = config.capstan;
    let statement = Statement::read(&envelope)?;
    Ok(Said { envelope, statement, fixtures })
}

pub(crate) fn limit(what: &'static str, bytes: usize, most: usize) -> Result<(), ReadError> {
    if bytes > most { Err(ReadError::TooLarge { what, most }) } else { Ok(()) }
}

const TITLE: &str = "org.opencontainers.image.title";
/// Those that are there only where the statement says something; anything else in them would be a lie.
const OPTIONAL: [&str; 2] = ["org.opencontainers.image.licenses", "org.opencontainers.image.source"];

fn annotations(statement: &Statement) -> BTreeMap<String, String> {
    let [licences, source] = OPTIONAL;
    let said = [
        (TITLE, Some(statement.title.clone())),
        ("org.opencontainers.image.version", Some(statement.version.to_string())),
        ("org.opencontainers.image.created", Some(statement.created.to_string())),
        (licences, statement.licences.clone()),
        (source, statement.source.clone()),
    ];
    said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Names of the outermost component's imports and exports.
fn interfaces(component: &[u8]) -> Result<Interfaces, ReadError> {
    let bad = |error: wasmparser::BinaryReaderError| ReadError::Component(error.to_string());
    let (mut exports, mut imports, mut depth) = (Vec::new(), Vec::new(), 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(bad)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(ReadError::Component("a core module".to_owned()));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(bad)?;
                    // A world's own names for types of its interfaces are imports too; they stand for nothing new.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(bad)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(Interfaces { exports, imports })
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
