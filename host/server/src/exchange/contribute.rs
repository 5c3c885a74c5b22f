//! How a credential is contributed: checked, sealed at once, signed for, and looked at before any task may use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_domain::adapter::Manifest;
use capstan_domain::exchange::{CredentialStatus, OwnerLimits, statement};
use capstan_domain::{AccountId, CredentialId};
use capstan_egress::Secret;
use capstan_storage::{Applied, Change, ChangeRefusal, NewClaim, NewContribution, Signature};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{ExchangeError, look, words};
use crate::app::App;
use crate::clock;
use crate::operate::seed::{self, CredentialDraft};
use crate::operate::{OperateError, audit_line};
use crate::providers::Provider;

/// Most credentials that one account lends at a time.
const MOST_CREDENTIALS: usize = 200;
/// Longest secret, in bytes.
const MOST_SECRET_BYTES: usize = 1_024;
/// So much of a secret is shown for ever after, if it is at least four times as long.
const SHOWN_CHARS: usize = 4;

/// What is contributed.
pub(crate) struct Contribution {
    /// The provider, as its contributor spells it.
    pub(crate) provider: String,
    /// What it is called.
    pub(crate) label: Option<String>,
    /// Its fields.
    pub(crate) fields: BTreeMap<String, String>,
    /// What it is lent for.
    pub(crate) limits: OwnerLimits,
    /// Who has signed the statement.
    pub(crate) signed_by: String,
}

/// The hash of the statement in force.
#[must_use]
pub fn statement_hash() -> [u8; 32] {
    Sha256::digest(statement::TEXT.as_bytes()).into()
}

/// Contributes a credential and has its provider asked for its balance; what comes of that is its status. Said again, it is the
/// same credential.
pub(crate) async fn contribute(
    app: &Arc<App>,
    account: AccountId,
    new: Contribution,
) -> Result<CredentialId, ExchangeError> {
    let provider = open_to_contribution(app, &new.provider)?;
    let lent = app.store.list_contributed(Some(account)).await?;
    if lent.iter().filter(|credential| credential.status != CredentialStatus::Withdrawn).count() >= MOST_CREDENTIALS {
        return Err(ExchangeError::bad("provider", format!("an account lends at most {MOST_CREDENTIALS} credentials")));
    }
    let id = CredentialId(clock::new_uuid());
    let change = signed(app, (account, id), &provider, new)?;
    let detail = json!({"provider": provider.id, "owner": account, "statement": statement::VERSION});
    let line = audit_line(&contributor(account), "exchange contribute", (format!("credential {id}"), &detail));
    let applied = app.store.apply(Change::Contribute(Box::new(change)), line).await?;
    let Applied::Credential(known) = applied.map_err(ExchangeError::Refused)? else {
        return Err(ExchangeError::Internal("a contribution made something else"));
    };
    if known == id {
        tracing::info!(credential.id = %id, provider.id = %provider.id, account.id = %account, "a credential was contributed");
        app.reload().await?;
        // A look that could not be made now is made by the exchange's care.
        look::look(app, id).await?;
    }
    Ok(known)
}

/// A provider whose credentials may be contributed, as its operator has allowed and its adapter can.
fn open_to_contribution(app: &App, spelling: &str) -> Result<Arc<Provider>, ExchangeError> {
    let snapshot = app.snapshot.load();
    let found = snapshot.providers().find(|provider| provider.is_in_use() && provider.id.matches(spelling));
    let provider = found.ok_or_else(|| {
        let known =
            snapshot.providers().filter(|provider| provider.is_in_use() && provider.contribution_note.is_some());
        let mut known: Vec<&str> = known.map(|provider| provider.id.as_str()).collect();
        known.sort_unstable();
        let spelling: String = spelling.chars().take(40).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ExchangeError::bad("provider", format!("there is no provider {spelling:?}; open to contribution: {known}"))
    })?;
    if provider.contribution_note.is_none() {
        return Err(ExchangeError::Refused(ChangeRefusal::ContributionForbidden));
    }
    if !provider.abilities.balance {
        let why = "its adapter cannot ask for a balance, without which a credential cannot be looked after";
        return Err(ExchangeError::bad("provider", why));
    }
    Ok(Arc::clone(provider))
}

fn signed(
    app: &App,
    (account, id): (AccountId, CredentialId),
    provider: &Provider,
    new: Contribution,
) -> Result<NewContribution, ExchangeError> {
    let manifest = provider.adapter.manifest();
    let fields = check_fields(manifest, new.fields)?;
    let label = new.label.unwrap_or_else(|| provider.display_name.clone());
    let mask = mask(&fields);
    let fields: Vec<(String, Secret)> = fields.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    let draft = CredentialDraft {
        id,
        manifest,
        publisher: provider.terms.publisher(),
        base_url: &provider.grant.base_url,
        owner: Some(account),
        label: &label,
        fields: &fields,
    };
    let credential = seed::sealed(&app.vault, &draft).map_err(|error| match error {
        OperateError::WrongFields(wanted) => ExchangeError::bad("fields", format!("it must have exactly {wanted}")),
        OperateError::Vault(error) => error.into(),
        _ => ExchangeError::Internal("a credential was not sealed"),
    })?;
    let by = new.signed_by;
    let signature = Signature { version: statement::VERSION, hash: statement_hash(), by, at_ms: clock::now_ms() };
    let event = words::event(id, "contributed", &json!({"statementVersion": statement::VERSION}));
    let credential = capstan_storage::NewCredential { status: CredentialStatus::Pending, ..credential };
    Ok(NewContribution { credential, signature, mask, limits: new.limits, event })
}

/// The fields that the provider's adapter asks for, each of which looks like a secret: text without blanks, as it is copied from
/// a page.
fn check_fields(
    manifest: &Manifest,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ExchangeError> {
    let wanted: Vec<&str> = manifest.credential.iter().map(|field| field.name.as_str()).collect();
    let named = |name: &str| format!("fields.{name}");
    if let Some(name) = wanted.iter().find(|name| !given.contains_key(**name)) {
        let labels = manifest.credential.iter().find(|field| field.name == **name).map(|field| field.label.as_str());
        return Err(ExchangeError::bad(&named(name), format!("it is missing: {}", labels.unwrap_or_default())));
    }
    if let Some(name) = given.keys().find(|name| !wanted.contains(&name.as_str())) {
        let name: String = name.chars().take(40).collect();
        return Err(ExchangeError::bad(
            &named(&name),
            format!("there is no such field; there are {}", wanted.join(", ")),
        ));
    }
    let mut checked = BTreeMap::new();
    for (name, value) in given {
        let value = value.trim().to_owned();
        let is_plain = value.bytes().all(|b| b.is_ascii_graphic());
        if value.is_empty() || value.len() > MOST_SECRET_BYTES || !is_plain {
            let why = format!("it must be 1 to {MOST_SECRET_BYTES} visible ASCII characters without blanks");
            return Err(ExchangeError::bad(&named(&name), why));
        }
        checked.insert(name, value);
    }
    Ok(checked)
}

/// The end of its first secret: enough for its owner to tell it from others, and for nobody to use it.
fn mask(fields: &BTreeMap<String, String>) -> String {
    let end = |secret: &String| secret.get(secret.len().saturating_sub(SHOWN_CHARS)..).unwrap_or_default().to_owned();
    let first = fields.values().next().filter(|secret| secret.len() >= 4 * SHOWN_CHARS);
    format!("…{}", first.map(end).unwrap_or_default())
}

/// Says that a credential which somebody else has contributed is the claimant's own: whoever claims must have its secret.
pub(crate) async fn claim(
    app: &App,
    account: AccountId,
    (provider, fields): (&str, BTreeMap<String, String>),
    evidence: String,
) -> Result<uuid::Uuid, ExchangeError> {
    let provider = open_to_contribution(app, provider)?;
    let fields = check_fields(provider.adapter.manifest(), fields)?;
    let fields: Vec<(String, Secret)> = fields.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    let fingerprint = app.vault.fingerprint(&provider.id, &fields);
    let found = app.store.find_fingerprint(&fingerprint).await?;
    let (credential, holder) = found.ok_or(ExchangeError::Unknown("contributed credential"))?;
    match holder {
        Some(holder) if holder != account => {}
        Some(_) => return Err(ExchangeError::bad("fields", "it is your own already")),
        None => return Err(ExchangeError::Unknown("contributed credential")),
    }
    let claim = NewClaim { id: clock::new_uuid(), credential, account, evidence, at_ms: clock::now_ms() };
    let line = audit_line(&contributor(account), "exchange claim", (format!("credential {credential}"), &json!({})));
    let Applied::Claim(id) = app.store.apply(Change::FileClaim(claim), line).await?.map_err(ExchangeError::Refused)?
    else {
        return Err(ExchangeError::Internal("a claim made something else"));
    };
    Ok(id)
}

/// A contributor in the audit log.
pub(crate) fn contributor(account: AccountId) -> String {
    format!("contributor {account}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_secret_the_end_is_shown_and_of_a_short_one_nothing() {
        let of = |secret: &str| mask(&BTreeMap::from([("key".to_owned(), secret.to_owned())]));
        assert_eq!(of("0123456789abcdef"), "…cdef");
        assert_eq!(of("0123456789abcde"), "…");
        assert_eq!(mask(&BTreeMap::new()), "…");
    }
}
