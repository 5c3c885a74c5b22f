//! Sealed blobs and credentials: they open as they were sealed, and in no other way.

use capstan_domain::adapter::Place;
use capstan_domain::{AccountId, CredentialId, ProviderId};
use uuid::Uuid;

use super::support::{KEY, binding, fields, placement, provider_id, sealed, vault};
use crate::{CredentialBinding, MasterKey, Purpose, SealedCredential, Secret, Vault, VaultError};

fn other_vault() -> Vault {
    Vault::new(MasterKey::from_bytes([2; 32]))
}

fn opens(binding: &CredentialBinding, sealed: &SealedCredential) -> Result<String, VaultError> {
    vault().open_credential(binding, sealed).map(|opened| opened.field("key").unwrap().reveal().to_owned())
}

#[test]
fn a_credential_opens_under_its_own_binding() {
    let binding = binding(1, &[Place::Query("key".to_owned())]);
    assert_eq!(opens(&binding, &sealed(&binding)).unwrap(), KEY);
}

#[test]
fn the_order_of_hosts_and_placements_does_not_count() {
    let mut binding = binding(1, &[Place::Query("a".to_owned()), Place::JsonField("b".to_owned())]);
    binding.hosts = vec!["a.example.com".to_owned(), "B.example.com".to_owned()];
    let sealed = sealed(&binding);
    binding.hosts = vec!["b.example.com".to_owned(), "a.example.com".to_owned()];
    binding.placements.reverse();
    assert_eq!(opens(&binding, &sealed).unwrap(), KEY);
}

#[test]
fn a_credential_does_not_open_under_any_other_binding() {
    let bound = binding(1, &[Place::Query("key".to_owned())]);
    let sealed = sealed(&bound);
    let account = AccountId(Uuid::from_u128(7));
    let others = [
        CredentialBinding { credential: CredentialId(Uuid::from_u128(2)), ..bound.clone() },
        CredentialBinding { provider: ProviderId::new("other").unwrap(), ..bound.clone() },
        CredentialBinding { owner: Some(account), ..bound.clone() },
        CredentialBinding { hosts: Vec::new(), ..bound.clone() },
        CredentialBinding { hosts: vec!["127.0.0.1".to_owned(), "evil.org".to_owned()], ..bound.clone() },
        CredentialBinding { placements: Vec::new(), ..bound.clone() },
        CredentialBinding { placements: vec![placement(Place::Query("other".to_owned()))], ..bound.clone() },
        CredentialBinding { placements: vec![placement(Place::JsonField("key".to_owned()))], ..bound },
    ];
    for other in others {
        assert_eq!(opens(&other, &sealed), Err(VaultError::DoesNotOpen), "{other:?}");
    }
}

#[test]
fn a_sealed_credential_with_any_bit_changed_or_cut_short_does_not_open() {
    let binding = binding(1, &[]);
    let sealed = sealed(&binding);
    for index in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[index] ^= 1;
        assert!(opens(&binding, &SealedCredential::from_bytes(bytes)).is_err(), "byte {index}");
        let short = sealed.as_bytes()[..index].to_vec();
        assert!(opens(&binding, &SealedCredential::from_bytes(short)).is_err(), "cut at {index}");
    }
}

#[test]
fn sealing_twice_gives_different_bytes_without_the_secret_in_them() {
    let binding = binding(1, &[]);
    let (one, two) = (sealed(&binding), sealed(&binding));
    assert_ne!(one, two);
    assert!(!one.as_bytes().windows(KEY.len()).any(|window| window == KEY.as_bytes()));
}

#[test]
fn another_master_key_and_another_format_are_told_apart() {
    let binding = binding(1, &[]);
    let sealed = sealed(&binding);
    assert_eq!(other_vault().open_credential(&binding, &sealed).err(), Some(VaultError::OtherMasterKey));
    let mut newer = sealed.as_bytes().to_vec();
    newer[0] = 2;
    assert_eq!(opens(&binding, &SealedCredential::from_bytes(newer)), Err(VaultError::UnknownFormat));
}

#[test]
fn a_credential_is_sealed_anew_for_a_new_binding_and_a_new_master_key() {
    let old = binding(1, &[Place::Query("key".to_owned())]);
    let new = binding(1, &[Place::JsonField("clientKey".to_owned())]);
    let rebound = vault().reseal_credential(&vault(), (&old, &sealed(&old)), &new).unwrap();
    assert_eq!(opens(&new, &rebound).unwrap(), KEY);
    assert_eq!(opens(&old, &rebound), Err(VaultError::DoesNotOpen));
    let rotated = other_vault().reseal_credential(&vault(), (&new, &rebound), &new).unwrap();
    let opened = other_vault().open_credential(&new, &rotated).unwrap();
    assert_eq!(opened.field("key").unwrap().reveal(), KEY);
}

#[test]
fn unfit_fields_are_refused_without_being_repeated() {
    let refuses = |fields: &[(String, Secret)]| {
        let error = vault().seal_credential(&binding(1, &[]), fields).unwrap_err();
        assert!(matches!(error, VaultError::UnfitField { .. }), "{error}");
        assert!(!error.to_string().contains("s3cr"), "{error}");
    };
    refuses(&[]);
    refuses(&fields("s3cr!"));
    refuses(&fields("s3cret\r\nx: y"));
    refuses(&fields(&"s3cret".repeat(1000)));
    refuses(&[fields("s3cret-1"), fields("s3cret-2")].concat_fields());
    refuses(&[(String::new(), Secret::new("s3cret-1".to_owned()))]);
}

trait ConcatFields {
    fn concat_fields(self) -> Vec<(String, Secret)>;
}

impl<const N: usize> ConcatFields for [Vec<(String, Secret)>; N] {
    fn concat_fields(self) -> Vec<(String, Secret)> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn a_blob_opens_for_its_own_purpose_and_owner_only() {
    let vault = vault();
    let sealed = vault.seal(Purpose::Reference, b"task 1", b"reference").unwrap();
    assert_eq!(vault.open(Purpose::Reference, b"task 1", &sealed).unwrap(), b"reference");
    assert_eq!(vault.open(Purpose::Solution, b"task 1", &sealed), Err(VaultError::DoesNotOpen));
    assert_eq!(vault.open(Purpose::Reference, b"task 2", &sealed), Err(VaultError::DoesNotOpen));
    assert_eq!(other_vault().open(Purpose::Reference, b"task 1", &sealed), Err(VaultError::OtherMasterKey));
    assert_eq!(vault.open(Purpose::Reference, b"task 1", b""), Err(VaultError::DoesNotOpen));
}

#[test]
fn a_blob_with_any_bit_changed_does_not_open() {
    let sealed = vault().seal(Purpose::Solution, b"", b"solution").unwrap();
    for index in 0..sealed.len() {
        let mut bytes = sealed.clone();
        bytes[index] ^= 0x80;
        assert!(vault().open(Purpose::Solution, b"", &bytes).is_err(), "byte {index}");
    }
}

#[test]
fn a_fingerprint_is_the_same_for_the_same_fields_in_any_order_and_for_nothing_else() {
    let pair =
        |a: (&str, &str), b: (&str, &str)| [a, b].map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())));
    let provider = provider_id();
    let print = vault().fingerprint(&provider, &pair(("login", "aaaaaa"), ("key", "bbbbbb")));
    assert_eq!(print, vault().fingerprint(&provider, &pair(("key", "bbbbbb"), ("login", "aaaaaa"))));
    assert_ne!(print, vault().fingerprint(&provider, &pair(("key", "aaaaaa"), ("login", "bbbbbb"))));
    assert_ne!(print, vault().fingerprint(&provider, &pair(("login", "aaaaaab"), ("key", "bbbbb"))));
    assert_ne!(print, vault().fingerprint(&ProviderId::new("p2").unwrap(), &fields("aaaaaa")));
    assert_ne!(print, other_vault().fingerprint(&provider, &pair(("login", "aaaaaa"), ("key", "bbbbbb"))));
}

#[test]
fn derived_keys_differ_by_purpose_and_master_key_and_stay_the_same() {
    assert_eq!(vault().derive_key("compiled components"), vault().derive_key("compiled components"));
    assert_ne!(vault().derive_key("compiled components"), vault().derive_key("sessions"));
    assert_ne!(vault().derive_key("compiled components"), other_vault().derive_key("compiled components"));
}

#[test]
fn a_master_key_is_read_from_hexadecimal_and_from_base64url() {
    let bytes: Vec<u8> = (0..32).map(|i| i * 8 + 7).collect();
    let expected = MasterKey::from_bytes(bytes.clone().try_into().unwrap());
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = expected.to_text();
    for text in [hex.clone(), hex.to_uppercase(), base64.to_string(), format!("{}=\n", base64.as_str())] {
        assert_eq!(MasterKey::from_text(&text).unwrap().bytes(), expected.bytes(), "{text}");
    }
    for text in ["", "00", &hex[1..], &"zz".repeat(32), &base64[1..]] {
        assert_eq!(MasterKey::from_text(text).err(), Some(VaultError::BadMasterKey), "{text}");
    }
}

#[test]
fn generated_master_keys_differ_and_read_back() {
    let (one, two) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    assert_ne!(one.bytes(), two.bytes());
    assert_eq!(MasterKey::from_text(&one.to_text()).unwrap().bytes(), one.bytes());
}

#[test]
fn nothing_secret_is_printed() {
    let binding = binding(1, &[]);
    let printed =
        format!("{:?} {:?} {:?}", Secret::new(KEY.to_owned()), MasterKey::from_bytes([0x61; 32]), sealed(&binding));
    assert_eq!(printed.split('(').next(), Some("Secret { .. } MasterKey { .. } SealedCredential"));
}
