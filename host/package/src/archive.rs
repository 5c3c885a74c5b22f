//! The package as a file: an OCI image layout (github.com/opencontainers/image-spec, image-layout.md) in a tar.
//!
//! Five entries in one order, headers without owner, mode or time of anybody's: one package is one file, byte for byte, and
//! has the digest that it has in a registry. Any tool can unpack it; what is read is that and nothing else, so there
//! are no links, no paths, no compression and no second reading of a header to go wrong.

use serde_json::json;

use crate::Digest;
use crate::artifact::{MANIFEST, MAX_COMPONENT_BYTES, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES};
use crate::error::ReadError;

const BLOCK: usize = 512;
/// Most bytes of a package's file: its three blobs, and room for what is around them.
pub const MAX_ARCHIVE_BYTES: usize = MAX_MANIFEST_BYTES + MAX_CONFIG_BYTES + MAX_COMPONENT_BYTES + 16 * 1024;

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// What makes a header one (POSIX.1-1988, `ustar`), and where it stands.
const MAGIC: &[u8] = b"ustar";
const MAGIC_AT: usize = 257;

/// Whether a file begins with a header of a tar, of whichever kind.
pub(crate) fn is_tar(file: &[u8]) -> bool {
    file.get(MAGIC_AT..).is_some_and(|rest| rest.starts_with(MAGIC))
}

/// The blobs of a package as they lie in its file.
pub(crate) struct Blobs<'a> {
    pub(crate) manifest: &'a [u8],
    pub(crate) config: &'a [u8],
    pub(crate) component: &'a [u8],
}

/// Writes the file; `tag` is what the manifest is called in it.
pub(crate) fn write(blobs: &Blobs<'_>, tag: &str) -> Vec<u8> {
    let Blobs { manifest, config, component } = *blobs;
    let mut file = Vec::with_capacity(manifest.len() + config.len() + component.len() + 16 * BLOCK);
    let index = index(manifest, tag);
    let entries = [
        ("oci-layout".to_owned(), LAYOUT),
        ("index.json".to_owned(), &index),
        (path(manifest), manifest),
        (path(config), config),
        (path(component), component),
    ];
    for (name, content) in entries {
        file.extend_from_slice(&header(&name, content.len()));
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(BLOCK), 0);
    }
    file.resize(file.len() + 2 * BLOCK, 0);
    file
}

/// Reads the file. `tag_of` says from the blobs what the manifest is called.
pub(crate) fn read<'a, T>(
    file: &'a [u8],
    understand: impl FnOnce(&Blobs<'a>) -> Result<(T, String), ReadError>,
) -> Result<T, ReadError> {
    let mut entries = Vec::new();
    let mut rest = file;
    while let Some((name, content, behind)) = entry(rest)? {
        let is_blob =
            name.strip_prefix("blobs/sha256/").is_some_and(|hex| format!("sha256:{hex}").parse::<Digest>().is_ok());
        if !is_blob && !matches!(name.as_str(), "oci-layout" | "index.json") {
            return Err(ReadError::UnknownEntry(name.chars().take(100).collect()));
        }
        entries.push((name, content));
        rest = behind;
    }
    if rest.len() != 2 * BLOCK || rest.iter().any(|byte| *byte != 0) {
        return Err(ReadError::Archive("something follows its end"));
    }
    let [(layout, layout_json), (index_name, index_json), manifest, config, component] = entries.as_slice() else {
        return Err(ReadError::Archive("it has not five entries"));
    };
    if layout != "oci-layout" || *layout_json != LAYOUT || index_name != "index.json" {
        return Err(ReadError::Archive("it is not an image layout of version 1.0.0"));
    }
    for (what, (name, content)) in
        [("the manifest", manifest), ("the configuration", config), ("the component", component)]
    {
        let found = Digest::of(content);
        let expected = format!("sha256:{}", name.trim_start_matches("blobs/sha256/")).parse();
        let expected = expected.map_err(|_| ReadError::Archive("its entries are in another order"))?;
        if found != expected {
            return Err(ReadError::WrongDigest { what, expected, found });
        }
    }
    let blobs = Blobs { manifest: manifest.1, config: config.1, component: component.1 };
    let (understood, tag) = understand(&blobs)?;
    if *index_json != index(blobs.manifest, &tag) {
        return Err(ReadError::Archive("its index is about something else"));
    }
    Ok(understood)
}

fn path(blob: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(blob).hex())
}

fn index(manifest: &[u8], tag: &str) -> Vec<u8> {
    let manifest = json!({
        "mediaType": MANIFEST, "digest": Digest::of(manifest), "size": manifest.len(),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    });
    let media_type = "application/vnd.oci.image.index.v1+json";
    json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [manifest]}).to_string().into_bytes()
}

/// An entry's name and content, and what follows it.
type Entry<'a> = (String, &'a [u8], &'a [u8]);

/// The first entry; nothing where the end is marked.
fn entry(rest: &[u8]) -> Result<Option<Entry<'_>>, ReadError> {
    let (head, behind) = rest.split_first_chunk::<BLOCK>().ok_or(ReadError::Truncated)?;
    if head.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let odd = ReadError::Archive("a header is not as packages have it");
    let text = |from: usize, to: usize| head.get(from..to).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let name = text(0, NAME_BYTES).map(|name| name.trim_end_matches('\0'));
    let size = text(SIZE.0, SIZE.1).and_then(|digits| usize::from_str_radix(digits, 8).ok());
    let (Some(name), Some(size)) = (name, size) else { return Err(odd) };
    if size > MAX_ARCHIVE_BYTES {
        return Err(ReadError::TooLarge { what: "an entry", most: MAX_ARCHIVE_BYTES });
    }
    if *head != header(name, size) {
        return Err(odd);
    }
    let (content, behind) = behind.split_at_checked(size).ok_or(ReadError::Truncated)?;
    let (padding, behind) = behind.split_at_checked(size.next_multiple_of(BLOCK) - size).ok_or(ReadError::Truncated)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(ReadError::Archive("something is written between its entries"));
    }
    Ok(Some((name.to_owned(), content, behind)))
}

/// Where a name ends, and where a size's eleven digits are (POSIX.1-1988, `ustar`).
const NAME_BYTES: usize = 100;
const SIZE: (usize, usize) = (124, 135);

/// The header of a plain file that anybody may read.
pub(crate) fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        for (byte, value) in header.iter_mut().skip(at).zip(text) {
            *byte = *value;
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000644\x000000000\x000000000\0");
    put(SIZE.0, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The checksum counts its own field as blanks.
    put(148, b"        ");
    put(156, b"0");
    put(MAGIC_AT, MAGIC);
    put(MAGIC_AT + MAGIC.len(), b"\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    for (byte, value) in header.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *byte = value;
    }
    header
}
