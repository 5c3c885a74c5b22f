//! What is written, and what is refused when it is read.

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};

use super::{at, component, fixtures, key, manifest, question, signed, statement, trust, unsigned};
use crate::archive::header;
use crate::{Digest, MAX_ARCHIVE_BYTES, Package, ReadError, Refusal, open};

fn read(file: &[u8]) -> Result<Package, ReadError> {
    Package::read(file)
}

/// A tar of these entries, as packages write them.
fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, content) in entries {
        file.extend_from_slice(&header(name, content.len()));
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file.resize(file.len() + 1024, 0);
    file
}

/// A package's file from blobs that need not belong together.
fn of_blobs(blobs: [&[u8]; 3]) -> Result<Package, ReadError> {
    let [manifest, config, component] = blobs.map(bytes::Bytes::copy_from_slice);
    Package::from_blobs(manifest, config, component)
}

#[test]
fn the_same_parts_give_the_same_bytes_and_they_are_read_as_they_were_written() {
    let (one, other) = (signed("1.2.3", &key(1)), signed("1.2.3", &key(1)));
    assert_eq!(one.to_file(), other.to_file());
    let again = read(&one.to_file()).unwrap();
    assert_eq!((again.digest(), again.to_file()), (one.digest(), one.to_file()));
    assert_eq!((again.statement(), again.fixtures()), (one.statement(), &fixtures()));
    assert_eq!(again.component().as_ref(), component());
    assert_eq!(again.file_name(), "acme-1.2.3.capstan.tar");
}

#[test]
fn a_signature_changes_the_package_and_not_what_it_is_about() {
    let (without, with) = (unsigned("1.2.3", &key(1)), signed("1.2.3", &key(1)));
    assert_ne!(without.digest(), with.digest());
    assert_eq!(without.statement(), with.statement());
    assert_eq!(with.clone().signed(&key(1)).unwrap().digest(), with.digest());
}

#[test]
fn tools_that_know_webassembly_artifacts_find_one_layer_and_a_configuration() {
    let package = signed("1.2.3+build", &key(1));
    let manifest: serde_json::Value = serde_json::from_slice(&package.manifest).unwrap();
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0]["mediaType"], "application/wasm");
    assert_eq!(layers[0]["digest"], Digest::of(&component()).to_string());
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["org.opencontainers.image.title"], "Acme");
    assert_eq!(annotations["org.opencontainers.image.version"], "1.2.3+build");
    assert_eq!(annotations["org.opencontainers.image.licenses"], "MIT");
    let config: serde_json::Value = serde_json::from_slice(&package.config).unwrap();
    assert_eq!((&config["architecture"], &config["os"]), (&"wasm".into(), &"wasip2".into()));
    assert_eq!(config["created"], "2027-01-01T00:00:00Z");
    assert_eq!(config["layerDigests"][0], layers[0]["digest"]);
    assert_eq!(config["component"]["imports"][0], "capstan:adapter/log@1.0.0");
    assert_eq!(config["component"]["exports"][0], "a");
    assert_eq!(package.tag(), "1.2.3_build");
}

#[test]
fn every_length_that_is_cut_off_is_refused() {
    let file = signed("1.2.3", &key(1)).to_file();
    for length in (0..file.len()).step_by(61).chain([file.len() - 1]) {
        assert!(read(&file[..length]).is_err(), "{length}");
    }
    assert!(matches!(read(&file[..3_000]), Err(ReadError::Truncated)));
    assert!(matches!(read(&[file, vec![0]].concat()), Err(ReadError::Archive(_))));
}

#[test]
fn what_is_too_large_is_refused_before_it_is_taken_in() {
    let endless = std::io::Read::take(std::io::repeat(0), u64::MAX);
    assert!(matches!(Package::read(endless), Err(ReadError::TooLarge { what: "the file", most: MAX_ARCHIVE_BYTES })));
    let announced = header("oci-layout", MAX_ARCHIVE_BYTES + 1);
    assert!(matches!(read(&announced), Err(ReadError::TooLarge { what: "an entry", .. })));
    let huge = vec![0; crate::MAX_COMPONENT_BYTES + 1];
    let packed = Package::pack(huge, fixtures(), &statement("1.2.3", &key(1)));
    assert!(matches!(packed, Err(ReadError::TooLarge { what: "the component", .. })));
    let package = signed("1.2.3", &key(1));
    let size = package.component.len();
    let manifest = String::from_utf8(package.manifest.to_vec()).unwrap();
    let manifest = manifest.replace(&format!("\"size\":{size},"), "\"size\":99999999999,");
    let read = of_blobs([manifest.as_bytes(), &package.config, &package.component]);
    assert!(matches!(read, Err(ReadError::TooLarge { what: "the component", .. })), "{read:?}");
}

#[test]
fn an_entry_that_leads_out_of_the_folder_is_refused_and_so_is_a_link() {
    for name in ["../../etc/passwd", "/etc/passwd", "blobs/sha256/../../x", "blobs/sha512/00", "BLOBS", "index.json/x"]
    {
        assert!(matches!(read(&tar(&[(name, b"x")])), Err(ReadError::UnknownEntry(_))), "{name}");
    }
    let mut link = tar(&[("oci-layout", b"")]);
    // The type of a symbolic link, and the checksum that goes with it.
    link[156] = b'2';
    let sum: u32 = link[..512]
        .iter()
        .enumerate()
        .map(|(n, byte)| if (148..156).contains(&n) { 32 } else { u32::from(*byte) })
        .sum();
    link[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    assert!(matches!(read(&link), Err(ReadError::Archive(_))));
}

#[test]
fn content_under_a_digest_that_is_not_its_own_is_refused() {
    let package = signed("1.2.3", &key(1));
    let other: Vec<u8> = package.component.iter().rev().copied().collect();
    let read = of_blobs([&package.manifest, &package.config, &other]);
    assert!(matches!(read, Err(ReadError::WrongDigest { what: "the component", .. })));
    let read = of_blobs([&package.manifest, &package.config, &other[1..]]);
    assert!(matches!(read, Err(ReadError::WrongSize("the component"))));
    // A file whose entry has the name of other content.
    let file = package.to_file();
    let name = Digest::of(&package.component).hex();
    let at = file.windows(64).rposition(|window| window == name.as_bytes()).unwrap() - "blobs/sha256/".len();
    let renamed = format!("blobs/sha256/{}", Digest::of(b"other").hex());
    let file = [&file[..at], &header(&renamed, package.component.len()), &file[at + 512..]].concat();
    assert!(matches!(Package::read(&file[..]), Err(ReadError::WrongDigest { what: "the component", .. })));
}

#[test]
fn other_artifacts_are_refused_by_name() {
    let package = signed("1.2.3", &key(1));
    let manifest: serde_json::Value = serde_json::from_slice(&package.manifest).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        of_blobs([manifest.to_string().as_bytes(), &package.config, &package.component])
    };
    assert!(with(&|manifest| manifest["annotations"]["com.example.more"] = "passed over".into()).is_ok());
    let two = with(&|manifest| {
        let layer = manifest["layers"][0].clone();
        manifest["layers"].as_array_mut().unwrap().push(layer);
    });
    assert!(matches!(two, Err(ReadError::Layers(2))));
    assert!(matches!(with(&|manifest| manifest["layers"] = serde_json::json!([])), Err(ReadError::Layers(0))));
    let layer =
        with(&|manifest| manifest["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip".into());
    assert!(matches!(layer, Err(ReadError::Layers(1))));
    let image = with(&|manifest| manifest["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into());
    assert!(matches!(image, Err(ReadError::Manifest(_))));
    assert!(matches!(with(&|manifest| manifest["schemaVersion"] = 1.into()), Err(ReadError::Manifest(_))));
    // What other tools push: a configuration without our part.
    let mut config: serde_json::Value = serde_json::from_slice(&package.config).unwrap();
    config.as_object_mut().unwrap().remove("capstan");
    let config = config.to_string();
    let plain = with_config(&manifest, &config, &package);
    assert!(matches!(plain, Err(ReadError::NoStatement(_))), "{plain:?}");
}

fn with_config(manifest: &serde_json::Value, config: &str, package: &Package) -> Result<Package, ReadError> {
    let mut manifest = manifest.clone();
    manifest["config"]["digest"] = Digest::of(config.as_bytes()).to_string().into();
    manifest["config"]["size"] = config.len().into();
    of_blobs([manifest.to_string().as_bytes(), config.as_bytes(), &package.component])
}

#[test]
fn a_statement_with_a_claim_that_is_not_known_is_refused() {
    let payload = serde_json::to_value(statement("1.2.3", &key(1))).unwrap();
    for change in [("unknown", "claim"), ("provider", "../acme"), ("title", "a\u{1b}[2J")] {
        let mut payload = payload.clone();
        payload[change.0] = change.1.into();
        let envelope =
            crate::Envelope::new("application/vnd.capstan.adapter.statement.v1+json", payload.to_string().as_bytes());
        assert!(matches!(crate::Statement::read(&envelope), Err(ReadError::Statement(_))), "{change:?}");
    }
    let other = crate::Envelope::new("application/json", payload.to_string().as_bytes());
    assert!(matches!(crate::Statement::read(&other), Err(ReadError::Statement(_))));
}

#[test]
fn a_core_module_is_no_component_and_a_version_that_cannot_be_compared_no_version() {
    let module = wat::parse_str("(module)").unwrap();
    assert!(matches!(Package::pack(module, fixtures(), &statement("1.2.3", &key(1))), Err(ReadError::Component(_))));
    let about = crate::About {
        publisher: key(1).public().id(),
        created: at("2027-01-01T00:00:00Z"),
        licences: None,
        source: None,
    };
    let made = crate::Statement::of(&component(), &manifest("01.2"), &fixtures(), about);
    assert!(matches!(made, Err(ReadError::Statement(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_file_with_any_byte_changed_is_refused(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let file = signed("1.2.3", &key(1)).to_file();
        let mut changed = file.clone();
        changed[place.index(file.len())] ^= flip;
        let refused = open(&changed[..], &trust(&[&key(1)]), &question());
        prop_assert!(matches!(refused, Err(Refusal::Unreadable(_))), "{:?}", refused.map(|opened| opened.verdict));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..4_096)) {
        prop_assert!(read(&bytes).is_err());
    }
}
