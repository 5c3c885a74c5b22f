//! A list of packages to search in: one signed JSON document, which any web server can hold.
//!
//! Its serial number and its expiry are against replay: who has seen a list does not take an older one, and nobody takes one
//! that its maker has not renewed in time.

use capstan_domain::ProviderId;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::dsse::Envelope;
use crate::keys::{KeyId, PrivateKey, PublicKey};
use crate::{Digest, Moment, Verdict};

/// The type under which an index is signed.
const PAYLOAD_TYPE: &str = "application/vnd.capstan.adapter.index.v1+json";
/// Most bytes of an index, as it is fetched.
pub const MAX_INDEX_BYTES: usize = 4 * 1024 * 1024;

/// A list of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Index {
    /// Greater with each that is made.
    pub serial: u64,
    /// Until when it may be believed.
    pub expires: Moment,
    /// The packages.
    pub packages: Vec<Listed>,
}

/// A package that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Listed {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's name as people write it.
    pub title: String,
    /// The adapter's version.
    pub version: Version,
    /// The families of tasks that it serves.
    pub families: Vec<String>,
    /// Where it is: `registry/repository:tag`.
    pub reference: String,
    /// What it is.
    pub digest: Digest,
    /// The key of its publisher.
    pub publisher: KeyId,
}

/// Why an index is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum IndexRefusal {
    /// It is none.
    #[error("it is no index of packages: {0}")]
    NotAnIndex(String),
    /// The key has not signed it.
    #[error("the index is not signed by {0}")]
    NotSigned(KeyId),
    /// Its maker has not renewed it.
    #[error("the index was good until {0}")]
    Expired(Moment),
    /// A newer one was seen.
    #[error("the index has the number {serial}, and {newest} has been seen")]
    Replayed {
        /// Its number.
        serial: u64,
        /// The newest that was seen.
        newest: u64,
    },
}

impl Index {
    /// The text of its file.
    ///
    /// # Errors
    /// When it is too long.
    pub fn signed(&self, key: &PrivateKey) -> Result<String, IndexRefusal> {
        let bad = |error: serde_json::Error| IndexRefusal::NotAnIndex(error.to_string());
        let envelope = Envelope::new(PAYLOAD_TYPE, &serde_json::to_vec(self).map_err(bad)?).signed(key);
        let text = serde_json::to_string(&envelope).map_err(bad)?;
        if text.len() > MAX_INDEX_BYTES {
            return Err(IndexRefusal::NotAnIndex(format!("it is longer than {MAX_INDEX_BYTES} bytes")));
        }
        Ok(text)
    }

    /// Reads an index that this key must have signed, newer than `newest` where one has been seen.
    ///
    /// # Errors
    /// [`IndexRefusal`].
    pub fn open(text: &[u8], key: &PublicKey, now: Moment, newest: Option<u64>) -> Result<Self, IndexRefusal> {
        let bad = |error: serde_json::Error| IndexRefusal::NotAnIndex(error.to_string());
        if text.len() > MAX_INDEX_BYTES {
            return Err(IndexRefusal::NotAnIndex(format!("it is longer than {MAX_INDEX_BYTES} bytes")));
        }
        let envelope: Envelope = serde_json::from_slice(text).map_err(bad)?;
        if !envelope.is_signed_by(key) {
            return Err(IndexRefusal::NotSigned(key.id()));
        }
        let payload = envelope.payload(PAYLOAD_TYPE);
        let payload = payload.ok_or_else(|| IndexRefusal::NotAnIndex("it is another document".to_owned()))?;
        let index: Self = serde_json::from_slice(&payload).map_err(bad)?;
        if index.expires < now {
            return Err(IndexRefusal::Expired(index.expires));
        }
        match newest.filter(|newest| index.serial < *newest) {
            Some(newest) => Err(IndexRefusal::Replayed { serial: index.serial, newest }),
            None => Ok(index),
        }
    }

    /// The packages with this text in their provider, its name or a family, without regard to letter case; the newest versions
    /// of a provider first.
    #[must_use]
    pub fn search(&self, text: &str) -> Vec<&Listed> {
        let wanted = text.to_lowercase();
        let has = |said: &str| said.to_lowercase().contains(&wanted);
        let is_meant = |listed: &&Listed| {
            has(listed.provider.as_str()) || has(&listed.title) || listed.families.iter().any(|family| has(family))
        };
        let mut found: Vec<&Listed> = self.packages.iter().filter(is_meant).collect();
        found.sort_by(|a, b| a.provider.cmp(&b.provider).then_with(|| b.version.cmp(&a.version)));
        found
    }
}

impl Listed {
    /// The line of a package that was believed, which is to be had there.
    #[must_use]
    pub fn of(verdict: &Verdict, reference: &str) -> Self {
        let statement = &verdict.statement;
        Self {
            provider: statement.provider.clone(),
            title: statement.title.clone(),
            version: statement.version.clone(),
            families: statement.families.clone(),
            reference: reference.to_owned(),
            digest: verdict.package,
            publisher: statement.publisher,
        }
    }

    /// Where it is and what it is, in one: `registry/repository:tag@sha256:…`.
    #[must_use]
    pub fn pinned(&self) -> String {
        format!("{}@{}", self.reference, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, IndexRefusal, Listed};
    use crate::{Digest, KeyId, Moment, PrivateKey};

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn listed(provider: &str, version: &str, family: &str) -> Listed {
        Listed {
            provider: capstan_domain::ProviderId::new(provider).unwrap(),
            title: provider.to_uppercase(),
            version: version.parse().unwrap(),
            families: vec![family.to_owned()],
            reference: format!("registry.example/{provider}:{version}"),
            digest: Digest::of(version.as_bytes()),
            publisher: KeyId(Digest::of(b"key")),
        }
    }

    #[test]
    fn an_index_is_believed_while_it_is_fresh_and_never_an_older_one() {
        let key = PrivateKey::from_seed([3; 32]);
        let index =
            Index { serial: 7, expires: at("2027-02-01T00:00:00Z"), packages: vec![listed("a", "1.0.0", "turnstile")] };
        let text = index.signed(&key).unwrap();
        let now = at("2027-01-31T00:00:00Z");
        let open = |text: &str, key: &PrivateKey, now, newest| Index::open(text.as_bytes(), &key.public(), now, newest);
        assert_eq!(open(&text, &key, now, None).unwrap(), index);
        assert_eq!(open(&text, &key, now, Some(7)).unwrap(), index);
        assert!(matches!(open(&text, &key, now, Some(8)), Err(IndexRefusal::Replayed { serial: 7, newest: 8 })));
        assert!(matches!(open(&text, &key, at("2027-02-01T00:00:01Z"), None), Err(IndexRefusal::Expired(_))));
        let other = PrivateKey::from_seed([4; 32]);
        assert!(matches!(open(&text, &other, now, None), Err(IndexRefusal::NotSigned(_))));
        assert!(matches!(open("{}", &key, now, None), Err(IndexRefusal::NotAnIndex(_))));
        let changed = text.replacen("signatures", "Signatures", 1);
        assert!(matches!(open(&changed, &key, now, None), Err(IndexRefusal::NotAnIndex(_))));
    }

    #[test]
    fn what_is_searched_is_the_provider_its_name_and_its_families() {
        let packages = vec![
            listed("beta", "1.9.0", "turnstile"),
            listed("beta", "1.10.0", "turnstile"),
            listed("alpha", "2.0.0", "hcaptcha"),
        ];
        let index = Index { serial: 1, expires: at("2027-02-01T00:00:00Z"), packages };
        let found = |text: &str| -> Vec<String> {
            index.search(text).iter().map(|listed| listed.version.to_string()).collect()
        };
        assert_eq!(found("Turn"), ["1.10.0", "1.9.0"]);
        assert_eq!(found("ALPHA"), ["2.0.0"]);
        assert_eq!(found(""), ["2.0.0", "1.10.0", "1.9.0"]);
        assert!(found("geetest").is_empty());
    }
}
