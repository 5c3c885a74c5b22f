//! Tests of `manifest.rs`: one usable manifest, and each way to spoil it.

use capstan_domain::ProviderId;
use capstan_domain::adapter::{
    Abilities, CredentialField, Manifest, Money, Place, Placement, PollLimits, ProxySupport, ServedType,
};

use super::{check, is_host_pattern};
use crate::AdmissionError;

fn usable() -> Manifest {
    let field = |name: &str| CredentialField {
        name: name.to_owned(),
        label: "Key".to_owned(),
        description: "Shown under Settings.\nStarts with k-.".to_owned(),
    };
    let served = |family: &str| ServedType {
        family: family.to_owned(),
        proxy: ProxySupport::Optional,
        list_price: Money { amount: "0.00126".to_owned(), currency: "USD".to_owned() },
        schema: None,
    };
    let bearer = Place::Header { name: "Authorization".to_owned(), prefix: "Bearer ".to_owned() };
    Manifest {
        provider: ProviderId::new("example").unwrap(),
        display_name: "Example & Söhne".to_owned(),
        version: "1.2.3-rc.1".to_owned(),
        homepage: "https://example.com/about?lang=en".to_owned(),
        base_url: "https://api.example.com/v1".to_owned(),
        hosts: vec!["files.example.com".to_owned(), "*.cdn.example.com".to_owned()],
        credential: vec![field("key"), field("secret")],
        placements: vec![Placement { field: "key".to_owned(), place: bearer }],
        task_types: vec![served("recaptcha_v2"), served("turnstile")],
        polling: PollLimits {
            first_wait_ms: 5_000,
            interval_ms: 2_000,
            max_polls: 60,
            longest_life_ms: 300_000,
            result_kept_ms: 60_000,
            max_batch: 1,
        },
        abilities: Abilities::default(),
    }
}

/// The field that is named when this change spoils the manifest.
fn spoilt(change: impl FnOnce(&mut Manifest)) -> String {
    let mut manifest = usable();
    change(&mut manifest);
    match check(&manifest) {
        Err(AdmissionError::BadManifest { field, .. }) => field,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_usable_manifest_is_accepted() {
    assert_eq!(check(&usable()), Ok(()));
}

#[test]
fn names_versions_and_addresses_are_checked() {
    assert_eq!(spoilt(|m| m.display_name.clear()), "display-name");
    assert_eq!(spoilt(|m| m.display_name = "\u{1b}[31m".into()), "display-name");
    assert_eq!(spoilt(|m| m.version = "1.2".into()), "version");
    assert_eq!(spoilt(|m| m.version = "1.2.3 <b>".into()), "version");
    assert_eq!(spoilt(|m| m.homepage = "javascript:alert(1)".into()), "homepage");
    for url in ["http://example.com", "https://", "https://u:p@example.com", "https://127.0.0.1", "https://[::1]"] {
        assert_eq!(spoilt(|m| m.base_url = url.into()), "base-url", "{url}");
    }
    for url in ["https://example.com:8443", "https://example.com/?a=1", "https://example.com/#x", "https://localhost"] {
        assert_eq!(spoilt(|m| m.base_url = url.into()), "base-url", "{url}");
    }
}

#[test]
fn host_patterns_never_cover_more_than_a_domain() {
    for good in ["a.example.com", "*.example.com", "xn--bcher-kva.example"] {
        assert!(is_host_pattern(good), "{good}");
    }
    for bad in
        ["*", "*.com", "com", "a.*.com", "*a.example.com", "A.example.com", "10.0.0.1", "a..b", "", "-a.b", "a.b:1"]
    {
        assert!(!is_host_pattern(bad), "{bad}");
    }
    assert_eq!(spoilt(|m| m.hosts.push("*".into())), "hosts[2]");
}

#[test]
fn credentials_and_placements_fit_each_other() {
    assert_eq!(spoilt(|m| m.credential[1].name = "key".into()), "credential[1].name");
    assert_eq!(spoilt(|m| m.credential[0].name = "a key".into()), "credential[0].name");
    assert_eq!(spoilt(|m| m.credential[0].label.clear()), "credential[0].label");
    assert_eq!(spoilt(|m| m.placements[0].field = "token".into()), "placements[0].field");
    let spoil = |place: Place| spoilt(|m| m.placements[0].place = place);
    for place in [
        Place::Header { name: "Host".into(), prefix: String::new() },
        Place::Header { name: "x-key\r\n".into(), prefix: String::new() },
        Place::Header { name: "x-key".into(), prefix: "Bearer\r\nx-other: ".into() },
        Place::Basic { user: "a:b".into() },
        Place::JsonField(String::new()),
    ] {
        assert_eq!(spoil(place), "placements[0].place");
    }
}

#[test]
fn task_types_are_named_once_and_priced() {
    assert_eq!(spoilt(|m| m.task_types.clear()), "task-types");
    assert_eq!(spoilt(|m| m.task_types[1].family = "recaptcha_v2".into()), "task-types[1].family");
    for amount in ["", "free", "1e-3", "-0.1", "NaN"] {
        assert_eq!(
            spoilt(|m| m.task_types[0].list_price.amount = amount.into()),
            "task-types[0].list-price",
            "{amount}"
        );
    }
    assert_eq!(spoilt(|m| m.task_types[0].list_price.currency = "usd".into()), "task-types[0].list-price");
    for schema in ["", "[]", "{", "true"] {
        assert_eq!(spoilt(|m| m.task_types[1].schema = Some(schema.into())), "task-types[1].schema", "{schema}");
    }
}

#[test]
fn poll_limits_leave_room_to_poll() {
    assert_eq!(spoilt(|m| m.polling.interval_ms = 0), "polling.interval-ms");
    assert_eq!(spoilt(|m| m.polling.max_polls = 0), "polling.max-polls");
    assert_eq!(spoilt(|m| m.polling.longest_life_ms = 0), "polling.longest-life-ms");
    assert_eq!(spoilt(|m| m.polling.result_kept_ms = 0), "polling.result-kept-ms");
    assert_eq!(spoilt(|m| m.polling.first_wait_ms = 300_000), "polling.first-wait-ms");
    assert_eq!(spoilt(|m| m.polling.max_batch = 0), "polling.max-batch");
    assert_eq!(spoilt(|m| m.polling.max_batch = 101), "polling.max-batch");
}
