//! Packages, whole: what is written, what is refused when it is read, and who is believed.

mod believing;
mod files;
mod handing_over;

use std::collections::BTreeMap;

use capstan_domain::ProviderId;
use capstan_domain::adapter::{Abilities, Manifest, Money, Place, Placement, PollLimits, ProxySupport, ServedType};

use crate::{About, Fixtures, Moment, Package, PrivateKey, Question, Statement, Trust};

/// The smallest component there is, with an import and an export to be named.
fn component() -> Vec<u8> {
    let text = r#"(component (import "capstan:adapter/log@1.0.0" (instance)) (export "a" (instance 0)))"#;
    wat::parse_str(text).unwrap()
}

fn manifest(version: &str) -> Manifest {
    let list_price = Money { amount: "0.001".to_owned(), currency: "USD".to_owned() };
    let (family, proxy) = ("turnstile".to_owned(), ProxySupport::Never);
    Manifest {
        provider: ProviderId::new("acme").unwrap(),
        display_name: "Acme".to_owned(),
        version: version.to_owned(),
        homepage: "https://acme.example".to_owned(),
        base_url: "https://api.acme.example".to_owned(),
        hosts: vec!["files.acme.example".to_owned()],
        credential: Vec::new(),
        placements: vec![Placement { field: "key".to_owned(), place: Place::JsonField("clientKey".to_owned()) }],
        task_types: vec![ServedType { family, proxy, list_price, schema: None }],
        polling: PollLimits {
            first_wait_ms: 1,
            interval_ms: 1,
            max_polls: 1,
            longest_life_ms: 1,
            result_kept_ms: 1,
            max_batch: 1,
        },
        abilities: Abilities::default(),
    }
}

fn fixtures() -> Fixtures {
    Fixtures::new(BTreeMap::from([("submit".to_owned(), "{\"a\": 1.0}\n".to_owned())])).unwrap()
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed([seed; 32])
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn statement(version: &str, publisher: &PrivateKey) -> Statement {
    let about = About {
        publisher: publisher.public().id(),
        created: at("2027-01-01T00:00:00Z"),
        licences: Some("MIT".to_owned()),
        source: None,
    };
    Statement::of(&component(), &manifest(version), &fixtures(), about).unwrap()
}

/// A package of this key's, which nobody has signed.
fn unsigned(version: &str, publisher: &PrivateKey) -> Package {
    Package::pack(component(), fixtures(), &statement(version, publisher)).unwrap()
}

fn signed(version: &str, publisher: &PrivateKey) -> Package {
    unsigned(version, publisher).signed(publisher).unwrap()
}

/// Trusts these keys, as `first`, `second` and so on, for all providers.
fn trust(keys: &[&PrivateKey]) -> Trust {
    let mut trust = Trust::default();
    for (key, name) in keys.iter().zip(["first", "second", "third"]) {
        trust.add(name, key.public(), None).unwrap();
    }
    trust
}

fn question() -> Question {
    Question { now: at("2027-01-31T00:00:00Z"), newest: None, allow_downgrade: false }
}
