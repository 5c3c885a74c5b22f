//! What a credential may be used for. Whoever answers for it — its contributor, or the operator for the platform's own — has agreed
//! to a publisher, to hosts and to places in requests. An adapter that asks for anything else gets no task with it until they have
//! agreed to that, too.
//!
//! Hosts and places are in the credential's seal, where egress enforces them. The seal covers what was agreed to before as well: an
//! earlier adapter still has tasks open. Whose adapter it is egress cannot see; that is looked at here, before a task is sent.

use capstan_domain::adapter::{Place, Placement};
use capstan_domain::{AccountId, CredentialId, ProviderId};
use capstan_egress::{CredentialBinding, Grant, SealedCredential, Vault, VaultError};
use capstan_storage::{Credential as Row, Rebound};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::grant::{is_within, named_publisher};
use crate::keys;

/// What was agreed to, or what an adapter asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// The id of the publisher's key; none for components that no package vouches for.
    publisher: Option<String>,
    /// Every host that it may be sent to, the base URL's first.
    hosts: Vec<String>,
    /// Every place that a request may ask for.
    placements: Vec<Placement>,
}

/// What a credential is bound to, as its row keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Bound {
    hosts: Vec<String>,
    placements: Vec<Placement>,
    /// Rows from before publishers were kept have none: what is sealed was agreed to, of no publisher.
    #[serde(default)]
    agreed: Option<Terms>,
}

/// Why a credential is not bound anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebindError {
    /// Another field is asked for: only who has the secret can give it.
    #[error("the adapter asks for its field {0:?}, which it does not have")]
    NewField(String),
    /// What it was bound to cannot be read.
    #[error("its binding cannot be read")]
    Unreadable,
    /// It cannot be opened or sealed.
    #[error("it cannot be sealed anew")]
    Vault(#[from] VaultError),
}

impl Terms {
    pub(crate) fn new(publisher: Option<&str>, base_url: &Url, hosts: &[String], placements: &[Placement]) -> Self {
        let base = base_url.host_str().map(str::to_owned);
        Self {
            publisher: publisher.map(str::to_owned),
            hosts: base.into_iter().chain(hosts.iter().cloned()).collect(),
            placements: placements.to_vec(),
        }
    }

    /// The id of the publisher's key.
    pub(crate) fn publisher(&self) -> Option<&str> {
        self.publisher.as_deref()
    }

    /// What an adapter asks for under a grant.
    pub(super) fn of(publisher: Option<&str>, grant: &Grant, placements: &[Placement]) -> Self {
        Self::new(publisher, &grant.base_url, &grant.hosts, placements)
    }

    /// What is asked for and was not agreed to, in words.
    pub(crate) fn lacks(&self, asked: &Self) -> Vec<String> {
        let publisher = (self.publisher != asked.publisher).then(|| named_publisher(asked.publisher.as_deref()));
        let hosts = asked.hosts.iter().filter(|host| !self.covers(host)).map(|host| format!("host {host}"));
        let placements = asked.placements.iter().filter(|asked| !self.placements.contains(asked)).map(in_words);
        publisher.into_iter().chain(hosts).chain(placements).collect()
    }

    fn covers(&self, host: &str) -> bool {
        self.hosts.iter().any(|agreed| agreed.eq_ignore_ascii_case(host) || is_within(host, agreed))
    }

    /// By which whoever agrees names what was read.
    pub(crate) fn hash(&self) -> String {
        // Lists of texts always have a JSON form.
        keys::hex(Sha256::digest(serde_json::to_string(self).unwrap_or_default()).as_slice())
    }
}

impl Bound {
    /// Of a credential that is added under these terms.
    pub(crate) fn first(agreed: Terms) -> Self {
        Self { hosts: agreed.hosts.clone(), placements: agreed.placements.clone(), agreed: Some(agreed) }
    }

    pub(crate) fn read(row: &Row) -> Option<Self> {
        serde_json::from_str(&row.binding).ok()
    }

    /// As its row keeps it.
    pub(crate) fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What was agreed to last.
    pub(crate) fn agreed(&self) -> Terms {
        let sealed = || Terms { publisher: None, hosts: self.hosts.clone(), placements: self.placements.clone() };
        self.agreed.clone().unwrap_or_else(sealed)
    }

    /// What the seal of a credential holds.
    pub(crate) fn seal(
        self,
        (credential, provider, owner): (CredentialId, &ProviderId, Option<AccountId>),
    ) -> CredentialBinding {
        let Self { hosts, placements, .. } = self;
        CredentialBinding { credential, provider: provider.clone(), owner, hosts, placements }
    }

    /// After these terms were agreed to. What was agreed to before them stays sealed; what was before that does not.
    fn agreeing(&self, asked: &Terms) -> Self {
        let Terms { mut hosts, mut placements, .. } = self.agreed();
        hosts.retain(|host| !asked.hosts.contains(host));
        placements.retain(|placement| !asked.placements.contains(placement));
        hosts.splice(..0, asked.hosts.iter().cloned());
        placements.splice(..0, asked.placements.iter().cloned());
        Self { hosts, placements, agreed: Some(asked.clone()) }
    }
}

/// A credential's row under terms that were just agreed to, sealed anew without being shown; none where they were before.
pub(crate) fn rebound(vault: &Vault, row: &Row, asked: &Terms) -> Result<Option<Rebound>, RebindError> {
    let before = Bound::read(row).ok_or(RebindError::Unreadable)?;
    let agreed = before.agreed();
    if agreed.lacks(asked).is_empty() {
        return Ok(None);
    }
    let is_known = |field: &str| agreed.placements.iter().any(|placement| placement.field == field);
    if let Some(placement) = asked.placements.iter().find(|placement| !is_known(&placement.field)) {
        return Err(RebindError::NewField(placement.field.clone()));
    }
    let now = before.agreeing(asked);
    let binding = now.written();
    let of = (row.id, &row.provider, row.owner);
    let from = (&before.seal(of), &SealedCredential::from_bytes(row.sealed.clone()));
    let sealed = vault.reseal_credential(vault, from, &now.seal(of))?;
    Ok(Some(Rebound { credential: row.id, before: row.sealed.clone(), sealed: sealed.as_bytes().to_vec(), binding }))
}

fn in_words(placement: &Placement) -> String {
    let field = &placement.field;
    match &placement.place {
        Place::JsonField(name) => format!("{field} in the JSON field {name:?}"),
        Place::FormField(name) => format!("{field} in the form field {name:?}"),
        Place::Query(name) => format!("{field} in the query as {name:?}"),
        Place::Header { name, .. } => format!("{field} in the header {name:?}"),
        Place::Basic { user } => format!("{field} as the password of {user:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(publisher: Option<&str>, hosts: &[&str], names: &[&str]) -> Terms {
        let placement = |name: &&str| Placement { field: "key".to_owned(), place: Place::Query((*name).to_owned()) };
        Terms {
            publisher: publisher.map(str::to_owned),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            placements: names.iter().map(placement).collect(),
        }
    }

    #[test]
    fn what_was_not_agreed_to_is_told() {
        let agreed = terms(Some("a"), &["api.example.com", "*.example.org"], &["key"]);
        assert_eq!(agreed.lacks(&agreed), [""; 0]);
        assert_eq!(agreed.lacks(&terms(Some("a"), &["API.example.com", "x.example.org"], &[])), [""; 0]);
        let asked = terms(Some("b"), &["api.example.com", "example.org"], &["key", "token"]);
        assert_eq!(agreed.lacks(&asked), ["publisher b", "host example.org", "key in the query as \"token\""]);
        assert_eq!(agreed.lacks(&terms(None, &[], &[])), ["no publisher"]);
        // A pattern is more than any name below it.
        let one = terms(None, &["x.example.org"], &[]);
        assert_eq!(one.lacks(&terms(None, &["*.example.org"], &[])), ["host *.example.org"]);
    }

    #[test]
    fn the_seal_covers_what_was_agreed_to_last_and_before_and_nothing_older() {
        let bound = Bound::first(terms(None, &["one"], &["1"]));
        let bound = bound.agreeing(&terms(Some("a"), &["two"], &["1", "2"]));
        assert_eq!((bound.hosts.clone(), bound.placements.len()), (vec!["two".to_owned(), "one".to_owned()], 2));
        let bound = bound.agreeing(&terms(Some("a"), &["three"], &["3"]));
        assert_eq!((bound.hosts.clone(), bound.placements.len()), (vec!["three".to_owned(), "two".to_owned()], 3));
        assert_eq!(bound.agreed(), terms(Some("a"), &["three"], &["3"]));
    }

    #[test]
    fn terms_are_named_by_all_that_they_say() {
        let hash = |publisher, hosts: &[&str]| terms(publisher, hosts, &["key"]).hash();
        assert_eq!(hash(Some("a"), &["b"]).len(), 64);
        assert_ne!(hash(Some("a"), &["b"]), hash(Some("b"), &["b"]));
        assert_ne!(hash(Some("a"), &["b"]), hash(Some("a"), &["b", "c"]));
    }
}
