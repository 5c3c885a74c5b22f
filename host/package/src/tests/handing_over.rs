//! From one key to the next.

use super::{at, key, question, signed, trust, unsigned};
use crate::{Question, Refusal, Rotation, Trust, TrustError, verify};

const CHANGE: &str = "2027-02-15T00:00:00Z";

fn rotation(from: u8, to: u8) -> Rotation {
    Rotation::new(&key(from), &key(to), at(CHANGE)).unwrap()
}

fn after() -> Question {
    Question { now: at("2027-02-15T00:00:01Z"), ..question() }
}

#[test]
fn who_trusts_a_key_can_follow_it_to_the_next() {
    let mut followed = trust(&[&key(1)]);
    assert_eq!(followed.follow(&rotation(1, 2), question().now).unwrap(), "first 2");
    // Both are good until the change; then only the new one is, for its own packages and for the old ones that it signs.
    assert!(verify(&signed("1.0.0", &key(1)), &followed, &question()).is_ok());
    assert!(verify(&signed("2.0.0", &key(2)), &followed, &question()).is_ok());
    let refused = verify(&signed("1.0.0", &key(1)), &followed, &after());
    assert!(matches!(refused, Err(Refusal::ExpiredKey { signer, .. }) if signer == "first"));
    assert!(verify(&signed("2.0.0", &key(2)), &followed, &after()).is_ok());
    let both = signed("1.0.0", &key(1)).signed(&key(2)).unwrap();
    assert_eq!(verify(&both, &followed, &after()).unwrap().signer, "first 2");
    let new_alone = unsigned("1.0.0", &key(1)).signed(&key(2)).unwrap();
    assert!(verify(&new_alone, &followed, &after()).is_ok());
    // The old one does not speak for the new.
    let old_for_new = unsigned("2.0.0", &key(2)).signed(&key(1)).unwrap();
    assert!(matches!(verify(&old_for_new, &followed, &question()), Err(Refusal::OtherSigner { .. })));
}

#[test]
fn a_chain_is_followed_and_keeps_what_the_first_was_trusted_for() {
    let mut followed = Trust::default();
    let only = std::collections::BTreeSet::from([capstan_domain::ProviderId::new("acme").unwrap()]);
    followed.add("Acme", key(1).public(), Some(only.clone())).unwrap();
    followed.follow(&rotation(1, 2), question().now).unwrap();
    assert_eq!(followed.follow(&rotation(2, 3), question().now).unwrap(), "Acme 3");
    assert!(followed.keys().iter().all(|trusted| trusted.providers.as_ref() == Some(&only)));
    assert!(verify(&unsigned("1.0.0", &key(1)).signed(&key(3)).unwrap(), &followed, &after()).is_ok());
}

#[test]
fn nobody_else_can_hand_a_key_over() {
    let now = question().now;
    let mut trusting = trust(&[&key(1)]);
    assert!(matches!(trusting.follow(&rotation(2, 3), now), Err(TrustError::Unknown(_))));
    // What names the first key, and only another has signed.
    let text = serde_json::to_value(rotation(1, 2)).unwrap();
    let without = |place: usize| -> Rotation {
        let mut text = text.clone();
        text["signatures"].as_array_mut().unwrap().remove(place);
        serde_json::from_value(text).unwrap()
    };
    assert!(matches!(trusting.follow(&without(0), now), Err(TrustError::NotSigned("the old key"))));
    assert!(matches!(trusting.follow(&without(1), now), Err(TrustError::NotSigned("the new key"))));
    let other: Rotation =
        serde_json::from_value(serde_json::to_value(signed("1.0.0", &key(1)).envelope()).unwrap()).unwrap();
    assert!(matches!(trusting.follow(&other, now), Err(TrustError::NotARotation(_))));
    assert!(matches!(Rotation::new(&key(1), &key(1), now), Err(TrustError::NotARotation(_))));
    assert_eq!(trusting, trust(&[&key(1)]));
}

#[test]
fn a_key_that_is_revoked_or_past_its_time_hands_nothing_on() {
    let now = question().now;
    for revoked in [1, 2] {
        let mut trusting = trust(&[&key(1)]);
        trusting.revoke_key(key(revoked).public().id(), "stolen", now);
        assert!(matches!(trusting.follow(&rotation(1, 2), now), Err(TrustError::Revoked { .. })));
    }
    let mut trusting = trust(&[&key(1)]);
    trusting.follow(&rotation(1, 2), now).unwrap();
    assert!(matches!(trusting.follow(&rotation(1, 3), after().now), Err(TrustError::Expired { .. })));
    assert!(matches!(trusting.follow(&rotation(1, 2), now), Err(TrustError::Known(_))));
}

#[test]
fn trust_is_kept_as_text_and_a_key_is_in_it_once() {
    let mut kept = trust(&[&key(1), &key(2)]);
    kept.follow(&rotation(1, 3), question().now).unwrap();
    kept.revoke_key(key(2).public().id(), "lost", question().now);
    kept.revoke_digest(crate::Digest::of(b"x"), "sends too much", question().now);
    let text = toml::to_string(&kept).unwrap();
    assert_eq!(toml::from_str::<Trust>(&text).unwrap(), kept);
    assert_eq!(toml::from_str::<Trust>("").unwrap(), Trust::default());
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Trust>(&json).unwrap(), kept);
    let once = format!("[[key]]\nname = \"a\"\nkey = \"{}\"\n", key(1).public());
    let twice = format!("{once}{}", once.replace("\"a\"", "\"b\""));
    assert!(toml::from_str::<Trust>(&once).is_ok() && toml::from_str::<Trust>(&twice).is_err());
    assert!(toml::from_str::<Trust>("trust-all = true").is_err());
    assert!(matches!(kept.add("first", key(9).public(), None), Err(TrustError::Known(_))));
    assert!(matches!(kept.add("other", key(1).public(), None), Err(TrustError::Known(_))));
    assert!(matches!(kept.add("a\nb", key(9).public(), None), Err(TrustError::Name(_))));
    assert!(matches!(kept.remove("nobody"), Err(TrustError::Unknown(_))));
}
