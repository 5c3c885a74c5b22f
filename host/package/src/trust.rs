//! Whom somebody trusts: publishers' keys, and what was revoked. Plain data, for a file or a database.

use std::collections::BTreeSet;

use capstan_domain::ProviderId;
use serde::{Deserialize, Serialize};

use crate::error::TrustError;
use crate::keys::{KeyId, PublicKey};
use crate::rotation::{Handover, Rotation};
use crate::{Digest, Moment};

/// Whom somebody trusts. Who is not in it is not trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    #[serde(rename = "key", skip_serializing_if = "Vec::is_empty", deserialize_with = "each_once")]
    keys: Vec<TrustedKey>,
    #[serde(rename = "revoked-key", skip_serializing_if = "Vec::is_empty")]
    revoked_keys: Vec<RevokedKey>,
    #[serde(rename = "revoked-digest", skip_serializing_if = "Vec::is_empty")]
    revoked_digests: Vec<RevokedDigest>,
}

/// A publisher's key that somebody trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustedKey {
    /// What its publisher is called here.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// For adapters of which providers; none means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub providers: Option<BTreeSet<ProviderId>>,
    /// After this, nothing that it has signed is believed, whenever it says that it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Moment>,
    /// The key that handed over to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<KeyId>,
}

/// A key that is believed no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedKey {
    /// Which.
    pub key: KeyId,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Moment,
}

/// A package, a component or a statement that is believed no more, whoever signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedDigest {
    /// Of the package or of its component. A package that is signed once more has another digest; its component keeps its own.
    pub digest: Digest,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Moment,
}

impl Trust {
    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// Keys that were revoked.
    #[must_use]
    pub fn revoked_keys(&self) -> &[RevokedKey] {
        &self.revoked_keys
    }

    /// Packages and components that were revoked.
    #[must_use]
    pub fn revoked_digests(&self) -> &[RevokedDigest] {
        &self.revoked_digests
    }

    /// The key of this id.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.id() == id)
    }

    /// Trusts a key, for adapters of these providers or of all.
    ///
    /// # Errors
    /// When the key or its name is there already, or the name is none.
    pub fn add(
        &mut self,
        name: &str,
        key: PublicKey,
        providers: Option<BTreeSet<ProviderId>>,
    ) -> Result<(), TrustError> {
        let new = TrustedKey { name: name.to_owned(), key, providers, not_after: None, follows: None };
        check(&self.keys, &new)?;
        self.keys.push(new);
        Ok(())
    }

    /// Trusts a key no more. What was revoked stays so.
    ///
    /// # Errors
    /// When no key has this name or id.
    pub fn remove(&mut self, name: &str) -> Result<TrustedKey, TrustError> {
        let is_meant = |trusted: &TrustedKey| trusted.name == name || trusted.key.id().to_string() == name;
        let place = self.keys.iter().position(is_meant).ok_or_else(|| TrustError::Unknown(name.to_owned()))?;
        Ok(self.keys.remove(place))
    }

    /// Believes a key no more, whether it is trusted or not yet.
    pub fn revoke_key(&mut self, key: KeyId, reason: &str, at: Moment) {
        self.revoked_keys.retain(|revoked| revoked.key != key);
        self.revoked_keys.push(RevokedKey { key, reason: reason.to_owned(), at });
    }

    /// Believes a package or a component no more, whoever signed it.
    pub fn revoke_digest(&mut self, digest: Digest, reason: &str, at: Moment) {
        self.revoked_digests.retain(|revoked| revoked.digest != digest);
        self.revoked_digests.push(RevokedDigest { digest, reason: reason.to_owned(), at });
    }

    /// Why this key is revoked, if it is.
    #[must_use]
    pub fn revoked_key(&self, key: KeyId) -> Option<&RevokedKey> {
        self.revoked_keys.iter().find(|revoked| revoked.key == key)
    }

    /// Why this package or component is revoked, if it is.
    #[must_use]
    pub fn revoked_digest(&self, digest: Digest) -> Option<&RevokedDigest> {
        self.revoked_digests.iter().find(|revoked| revoked.digest == digest)
    }

    /// Follows a key to the one that it hands over to: the new one is trusted for what the old one was, and the old one until the
    /// moment that the rotation names. Returns what the new one is called.
    ///
    /// # Errors
    /// When both keys have not signed it, the old one is not trusted, revoked or past its time, or the new one is known already.
    pub fn follow(&mut self, rotation: &Rotation, now: Moment) -> Result<String, TrustError> {
        let Handover { from, to, not_after } = rotation.handover()?;
        let old = self.key(from).ok_or_else(|| TrustError::Unknown(from.to_string()))?.clone();
        for key in [from, to.id()] {
            if let Some(RevokedKey { reason, .. }) = self.revoked_key(key) {
                return Err(TrustError::Revoked { key, reason: reason.clone() });
            }
        }
        if let Some(not_after) = old.not_after.filter(|not_after| *not_after < now) {
            return Err(TrustError::Expired { signer: old.name, not_after });
        }
        rotation.check(&old.key)?;
        let name = self.next_name(&old.name);
        let new = TrustedKey { name: name.clone(), key: to, not_after: None, follows: Some(from), ..old };
        check(&self.keys, &new)?;
        for trusted in self.keys.iter_mut().filter(|trusted| trusted.key.id() == from) {
            trusted.not_after = Some(trusted.not_after.map_or(not_after, |earlier| earlier.min(not_after)));
        }
        self.keys.push(new);
        Ok(name)
    }

    /// Whether a key is the publisher's own, or follows it through rotations.
    #[must_use]
    pub fn speaks_for(&self, key: KeyId, publisher: KeyId) -> bool {
        let before = |id: &KeyId| self.key(*id).and_then(|trusted| trusted.follows);
        // A chain is no longer than there are keys, even if somebody has written a ring into the file.
        std::iter::successors(Some(key), before).take(self.keys.len() + 1).any(|id| id == publisher)
    }

    /// `name` of a publisher's first key, `name 2` of the next.
    fn next_name(&self, name: &str) -> String {
        let stem = name.rsplit_once(' ').filter(|(_, last)| last.parse::<u32>().is_ok()).map_or(name, |(stem, _)| stem);
        let is_free = |name: &String| self.keys.iter().all(|trusted| trusted.name != *name);
        (2..).map(|n: u64| format!("{stem} {n}")).find(is_free).unwrap_or_else(|| name.to_owned())
    }
}

fn check(keys: &[TrustedKey], new: &TrustedKey) -> Result<(), TrustError> {
    let name = &new.name;
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(TrustError::Name(name.chars().take(60).collect()));
    }
    for provider in new.providers.iter().flatten() {
        ProviderId::new(provider.as_str())?;
    }
    if keys.iter().any(|trusted| trusted.name == *name) {
        return Err(TrustError::Known(name.clone()));
    }
    if keys.iter().any(|trusted| trusted.key == new.key) {
        return Err(TrustError::Known(new.key.id().to_string()));
    }
    Ok(())
}

/// A file that has a key twice would leave open which entry counts.
fn each_once<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<TrustedKey>, D::Error> {
    let mut keys = Vec::new();
    for key in Vec::<TrustedKey>::deserialize(deserializer)? {
        check(&keys, &key).map_err(serde::de::Error::custom)?;
        keys.push(key);
    }
    Ok(keys)
}
