//! Who is believed, and each reason why one is not.

use std::collections::BTreeSet;

use capstan_domain::ProviderId;

use super::{at, component, fixtures, key, manifest, question, signed, statement, trust, unsigned};
use crate::{Digest, Fixtures, Package, Question, Refusal, Seen, Trust, open, verify};

/// Why a package is refused.
fn refusal(package: &Package, trust: &Trust) -> Refusal {
    verify(package, trust, &question()).unwrap_err()
}

/// Another package's content under this one's signed statement, all digests as they should be: what a registry can do.
fn swapped(package: &Package, component: Vec<u8>, fixtures: Fixtures) -> Package {
    let (manifest, config) =
        crate::artifact::write(&component, fixtures, package.envelope.clone(), &package.statement).unwrap();
    Package::from_blobs(manifest.into(), config.into(), component.into()).unwrap()
}

#[test]
fn a_package_of_a_trusted_publisher_is_believed_and_opened() {
    let package = signed("1.2.3", &key(1));
    let opened = open(&package.to_file()[..], &trust(&[&key(1)]), &question()).unwrap();
    assert_eq!((opened.component.as_ref(), &opened.fixtures), (component().as_slice(), &fixtures()));
    assert_eq!((opened.verdict.signer.as_str(), opened.verdict.key), ("first", key(1).public().id()));
    assert_eq!((opened.verdict.package, &opened.verdict.statement), (package.digest(), package.statement()));
    assert!(opened.verdict.statement.differences(&manifest("1.2.3")).is_empty());
}

#[test]
fn nobodys_package_is_refused() {
    let refused = refusal(&unsigned("1.2.3", &key(1)), &trust(&[&key(1)]));
    assert!(matches!(refused, Refusal::NoSignature));
}

#[test]
fn a_signature_that_is_moved_from_another_statement_is_a_forgery() {
    let (mine, theirs) = (signed("1.2.3", &key(1)), signed("9.9.9", &key(1)));
    let payload = serde_json::to_value(theirs.envelope()).unwrap()["payload"].clone();
    let mut envelope = serde_json::to_value(mine.envelope()).unwrap();
    envelope["payload"] = payload;
    let forged = Package { envelope: serde_json::from_value(envelope).unwrap(), ..theirs };
    let trusted = trust(&[&key(1), &key(2)]);
    assert!(matches!(refusal(&forged, &trusted), Refusal::Forged(signer) if signer == "first"));
    // A good one beside it changes nothing.
    let forged = forged.signed(&key(2)).unwrap();
    assert!(matches!(refusal(&forged, &trusted), Refusal::Forged(_)));
}

#[test]
fn a_key_that_nobody_trusts_is_refused_by_its_id() {
    let refused = refusal(&signed("1.2.3", &key(1)), &trust(&[&key(2)]));
    assert!(matches!(refused, Refusal::UnknownKey(id) if id == key(1).public().id()));
}

#[test]
fn a_trusted_key_cannot_sign_in_another_publishers_name() {
    let package = unsigned("1.2.3", &key(1)).signed(&key(2)).unwrap();
    let refused = refusal(&package, &trust(&[&key(1), &key(2)]));
    assert!(
        matches!(refused, Refusal::OtherSigner { signer, publisher } if signer == "second" && publisher == key(1).public().id())
    );
    // Beside the publisher's own signature that of somebody else may stand, known or not.
    for other in [key(2), key(3)] {
        let package = signed("1.2.3", &key(1)).signed(&other).unwrap();
        assert!(verify(&package, &trust(&[&key(1), &key(2)]), &question()).is_ok());
    }
}

#[test]
fn a_key_is_trusted_for_its_providers_alone() {
    let mut trust = Trust::default();
    let only = |id: &str| Some(BTreeSet::from([ProviderId::new(id).unwrap()]));
    trust.add("someone", key(1).public(), only("capsolver")).unwrap();
    let refused = refusal(&signed("1.2.3", &key(1)), &trust);
    assert!(matches!(refused, Refusal::NotForProvider { provider, .. } if provider.as_str() == "acme"));
    trust.remove("someone").unwrap();
    trust.add("someone", key(1).public(), only("acme")).unwrap();
    assert!(verify(&signed("1.2.3", &key(1)), &trust, &question()).is_ok());
}

#[test]
fn revoked_keys_packages_and_components_are_refused_with_the_reason() {
    let (package, now) = (signed("1.2.3", &key(1)), at("2027-01-30T00:00:00Z"));
    let mut revoked = trust(&[&key(1)]);
    revoked.revoke_key(key(1).public().id(), "stolen", now);
    assert!(matches!(refusal(&package, &revoked), Refusal::RevokedKey { reason, .. } if reason == "stolen"));
    // It is refused as revoked, too, where it was never trusted.
    revoked.remove("first").unwrap();
    assert!(matches!(refusal(&package, &revoked), Refusal::RevokedKey { .. }));
    for digest in [package.digest(), Digest::of(&component())] {
        let mut revoked = trust(&[&key(1)]);
        revoked.revoke_digest(digest, "sends too much", now);
        assert!(
            matches!(refusal(&package, &revoked), Refusal::RevokedPackage { reason, .. } if reason == "sends too much")
        );
    }
}

#[test]
fn a_component_or_fixtures_in_anothers_place_are_refused() {
    let (package, trust) = (signed("1.2.3", &key(1)), trust(&[&key(1)]));
    let other = wat::parse_str("(component)").unwrap();
    let refused = refusal(&swapped(&package, other, fixtures()), &trust);
    assert!(matches!(refused, Refusal::StatementDiffers("the component")));
    let refused = refusal(&swapped(&package, component(), Fixtures::default()), &trust);
    assert!(matches!(refused, Refusal::StatementDiffers("the fixtures")));
    assert!(verify(&swapped(&package, component(), fixtures()), &trust, &question()).is_ok());
}

#[test]
fn what_is_written_outside_has_to_be_what_was_signed() {
    let (package, trust) = (signed("1.2.3", &key(1)), trust(&[&key(1)]));
    for (name, value) in
        [("title", "Trustworthy"), ("version", "9.9.9"), ("source", "https://example.com"), ("licenses", "0BSD")]
    {
        let mut outside: serde_json::Value = serde_json::from_slice(&package.manifest).unwrap();
        outside["annotations"][format!("org.opencontainers.image.{name}")] = value.into();
        let painted = Package { manifest: outside.to_string().into_bytes().into(), ..package.clone() };
        assert!(matches!(refusal(&painted, &trust), Refusal::StatementDiffers("an annotation")), "{name}");
    }
}

#[test]
fn another_contract_and_a_time_to_come_are_refused() {
    let of = |change: &dyn Fn(&mut crate::Statement)| {
        let mut statement = statement("1.2.3", &key(1));
        change(&mut statement);
        let package = Package::pack(component(), fixtures(), &statement).unwrap().signed(&key(1)).unwrap();
        verify(&package, &trust(&[&key(1)]), &question())
    };
    assert!(matches!(of(&|said| said.contract = "capstan:adapter@9.0.0".to_owned()), Err(Refusal::OtherContract(_))));
    assert!(matches!(of(&|said| said.created = at("2027-01-31T01:00:01Z")), Err(Refusal::FromTheFuture(_))));
    assert!(of(&|said| said.created = at("2027-01-31T01:00:00Z")).is_ok());
}

#[test]
fn an_older_version_is_refused_unless_it_is_wanted() {
    let ask = |version: &str, newest: &str, component: Option<Digest>, allow_downgrade: bool| {
        let newest = Some(Seen { version: newest.parse().unwrap(), component });
        verify(&signed(version, &key(1)), &trust(&[&key(1)]), &Question { newest, allow_downgrade, ..question() })
    };
    let ours = Some(Digest::of(&component()));
    for (version, newest) in [("1.2.3", "1.2.4"), ("1.9.0", "1.10.0"), ("2.0.0-rc.1", "2.0.0")] {
        assert!(matches!(ask(version, newest, ours, false), Err(Refusal::Downgrade { .. })), "{version} {newest}");
        assert!(ask(version, newest, ours, true).is_ok());
        assert!(ask(newest, version, None, false).is_ok());
    }
    assert!(ask("1.2.3", "1.2.3", ours, false).is_ok() && ask("1.2.3", "1.2.3", None, false).is_ok());
    // One version is one component, whatever is wanted.
    for allow in [false, true] {
        let replaced = ask("1.2.3", "1.2.3", Some(Digest::of(b"other")), allow);
        assert!(matches!(replaced, Err(Refusal::Replaced { .. })));
    }
}

#[test]
fn what_a_component_says_differently_of_itself_is_named() {
    let said = statement("1.2.3", &key(1));
    let mut other = manifest("1.2.4");
    other.hosts.push("evil.example".to_owned());
    other.placements.clear();
    other.base_url = "https://evil.example".to_owned();
    assert_eq!(said.differences(&other), ["version", "baseUrl", "hosts", "placements"]);
}
