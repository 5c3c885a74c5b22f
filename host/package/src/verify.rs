//! The one decision: whether a package is to be believed.

use capstan_domain::ProviderId;
use semver::Version;
use serde::Serialize;
use std::time::Duration;

use crate::dsse::Signature;
use crate::error::Refusal;
use crate::keys::KeyId;
use crate::trust::TrustedKey;
use crate::{CONTRACT, Digest, Moment, Package, Statement, Trust};

/// How far a publisher's clock may be ahead.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// What a package is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Now.
    pub now: Moment,
    /// The newest version of this provider's adapter that the asker has seen; none where it has seen none.
    pub newest: Option<Seen>,
    /// Whether an older version is wanted all the same.
    pub allow_downgrade: bool,
}

/// A version that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub version: Version,
    /// With which component, where that is known: a version is published once.
    pub component: Option<Digest>,
}

/// Who answers for a package, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The package.
    pub package: Digest,
    /// The key whose signature counts.
    pub key: KeyId,
    /// What its owner is called.
    pub signer: String,
    /// What was signed.
    pub statement: Statement,
}

/// Decides whether a package is to be believed.
///
/// One signature must be good: by a key that is trusted for the provider, neither revoked nor past its time, and that is the
/// publisher's whom the statement names or follows it. Signatures of others may stand beside it. A signature that names a trusted key
/// and is not that key's is refused in any case: nobody makes one by mistake.
///
/// Whether a key is past its time is judged by `now` and not by when the package says it was made, which a stolen key can say
/// as it likes. A publisher who has changed keys signs what is still in use with the new one as well.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn verify(package: &Package, trust: &Trust, question: &Question) -> Result<Verdict, Refusal> {
    let statement = package.statement();
    let signer = signer(package, trust, question.now)?;
    for digest in [package.digest(), statement.component, Digest::of(package.component())] {
        if let Some(revoked) = trust.revoked_digest(digest) {
            return Err(Refusal::RevokedPackage { digest, reason: revoked.reason.clone() });
        }
    }
    if statement.contract != CONTRACT {
        return Err(Refusal::OtherContract(statement.contract.chars().take(100).collect()));
    }
    if let Some(part) = package.difference() {
        return Err(Refusal::StatementDiffers(part));
    }
    if statement.created > question.now.plus(CLOCKS_DIFFER) {
        return Err(Refusal::FromTheFuture(statement.created));
    }
    compare(statement, question)?;
    Ok(Verdict {
        package: package.digest(),
        key: signer.key.id(),
        signer: signer.name.clone(),
        statement: statement.clone(),
    })
}

/// The first signature that counts; else the reason that says most.
fn signer<'a>(package: &Package, trust: &'a Trust, now: Moment) -> Result<&'a TrustedKey, Refusal> {
    let (envelope, statement) = (package.envelope(), package.statement());
    let mut refused = Refusal::NoSignature;
    let mut accepted = None;
    for signature in envelope.signatures() {
        let trusted = trust.key(signature.keyid);
        if let Some(trusted) = trusted.filter(|trusted| !envelope.proves(signature, &trusted.key)) {
            return Err(Refusal::Forged(trusted.name.clone()));
        }
        match judge(signature, trusted, trust, (statement, now)) {
            Ok(trusted) => accepted = accepted.or(Some(trusted)),
            Err(why) if weight(&why) > weight(&refused) => refused = why,
            Err(_) => {}
        }
    }
    accepted.ok_or(refused)
}

/// Whether one signature, which is its key's, counts.
fn judge<'a>(
    signature: &Signature,
    trusted: Option<&'a TrustedKey>,
    trust: &Trust,
    (statement, now): (&Statement, Moment),
) -> Result<&'a TrustedKey, Refusal> {
    let key = signature.keyid;
    if let Some(revoked) = trust.revoked_key(key) {
        return Err(Refusal::RevokedKey { key, reason: revoked.reason.clone() });
    }
    let Some(trusted) = trusted else { return Err(Refusal::UnknownKey(key)) };
    let signer = trusted.name.clone();
    if !trust.speaks_for(key, statement.publisher) {
        return Err(Refusal::OtherSigner { signer, publisher: statement.publisher });
    }
    let is_meant = |providers: &std::collections::BTreeSet<ProviderId>| providers.contains(&statement.provider);
    if !trusted.providers.as_ref().is_none_or(is_meant) {
        return Err(Refusal::NotForProvider { signer, provider: statement.provider.clone() });
    }
    match trusted.not_after.filter(|not_after| *not_after < now) {
        Some(not_after) => Err(Refusal::ExpiredKey { signer, not_after }),
        None => Ok(trusted),
    }
}

/// Which of several reasons says most about a package.
const fn weight(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::RevokedKey { .. } => 5,
        Refusal::ExpiredKey { .. } => 4,
        Refusal::NotForProvider { .. } => 3,
        Refusal::OtherSigner { .. } => 2,
        Refusal::UnknownKey(_) => 1,
        Refusal::NoSignature
        | Refusal::Unreadable(_)
        | Refusal::Forged(_)
        | Refusal::RevokedPackage { .. }
        | Refusal::StatementDiffers(_)
        | Refusal::OtherContract(_)
        | Refusal::FromTheFuture(_)
        | Refusal::Downgrade { .. }
        | Refusal::Replaced { .. } => 0,
    }
}

/// Holds the version against the newest that was seen. Precedence is that of semver.org, 11: what follows `+` does not count.
fn compare(statement: &Statement, question: &Question) -> Result<(), Refusal> {
    let Some(seen) = &question.newest else { return Ok(()) };
    let (version, newest) = (statement.version.clone(), seen.version.clone());
    match version.cmp_precedence(&newest) {
        std::cmp::Ordering::Less if !question.allow_downgrade => Err(Refusal::Downgrade { version, newest }),
        std::cmp::Ordering::Equal => match seen.component.filter(|component| *component != statement.component) {
            Some(seen) if version == newest => Err(Refusal::Replaced { version, seen }),
            Some(_) | None => Ok(()),
        },
        std::cmp::Ordering::Less | std::cmp::Ordering::Greater => Ok(()),
    }
}
