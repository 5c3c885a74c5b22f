//! Contributed credentials: what their owners have signed, and what they lend them for.

use std::collections::{BTreeSet, HashMap};

use capstan_domain::exchange::OwnerLimits;
use capstan_domain::policy::SiteList;
use capstan_domain::{AccountId, Amount, CredentialId};
use uuid::Uuid;

use super::events::{self, NewEvent};
use crate::changes::{Applied, ChangeRefusal};
use crate::credentials::{self, NewCredential};
use crate::db::{Db, sql};
use crate::{AccountStatus, Store, StoreError, words};

/// What a contributor has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The version of the statement.
    pub version: u32,
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// Who signed, as they wrote their name.
    pub by: String,
    /// When.
    pub at_ms: i64,
}

/// A credential to be contributed.
#[derive(Clone, Debug)]
pub struct NewContribution {
    /// The credential, pending.
    pub credential: NewCredential,
    /// What its owner has signed.
    pub signature: Signature,
    /// What is shown of its secret.
    pub mask: String,
    /// What it is lent for.
    pub limits: OwnerLimits,
    /// That it was contributed, for its owner.
    pub event: NewEvent,
}

/// What is known of a contributed credential beside its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What its owner has signed.
    pub signature: Signature,
    /// What is shown of its secret.
    pub mask: String,
    /// What it is lent for.
    pub limits: OwnerLimits,
    /// Why it is not in use, for its owner.
    pub reason: Option<String>,
    /// When its provider is asked for its balance next.
    pub look_at_ms: Option<i64>,
    /// How many times in a row it was found unfit.
    pub unfit_looks: u32,
    /// Whether somebody else has proved to own it.
    pub is_evicted: bool,
    /// Whether what it has earned and is pending does not mature.
    pub earnings_held: bool,
    /// When its secret was destroyed.
    pub destroyed_at_ms: Option<i64>,
}

/// Limits as they are written and read.
#[derive(Clone, Debug)]
pub struct LimitsRow {
    daily_cap_nanos: Option<i64>,
    most_open: Option<i64>,
    families: Option<String>,
    excluded_sites: String,
    reserve_nanos: i64,
}

impl From<&OwnerLimits> for LimitsRow {
    fn from(limits: &OwnerLimits) -> Self {
        // Lists of texts always have a JSON form.
        let text = |list: Vec<&str>| serde_json::to_string(&list).unwrap_or_default();
        Self {
            daily_cap_nanos: limits.daily_cap.map(Amount::nanos),
            most_open: limits.most_open.map(i64::from),
            families: limits.families.as_ref().map(|lent| text(lent.iter().map(String::as_str).collect())),
            excluded_sites: text(limits.excluded.texts().collect()),
            reserve_nanos: limits.reserve.nanos(),
        }
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct ContributionRow {
    credential_id: Uuid,
    statement_version: i64,
    statement_hash: Vec<u8>,
    signed_by: String,
    signed_at_ms: i64,
    mask: String,
    daily_cap_nanos: Option<i64>,
    most_open: Option<i64>,
    families: Option<String>,
    excluded_sites: String,
    reserve_nanos: i64,
    reason: Option<String>,
    look_at_ms: Option<i64>,
    unfit_looks: i64,
    is_evicted: bool,
    earnings_held: bool,
    destroyed_at_ms: Option<i64>,
}

impl ContributionRow {
    fn read(self) -> Result<(CredentialId, Contribution), StoreError> {
        let id = self.credential_id;
        let bad = |column| StoreError::unreadable("contributions", column, id);
        let families = self.families.map(|text| serde_json::from_str::<BTreeSet<String>>(&text)).transpose();
        let excluded: Vec<String> = serde_json::from_str(&self.excluded_sites).map_err(|_| bad("excluded_sites"))?;
        let excluded = SiteList::read_stored(excluded.iter().map(String::as_str));
        let most_open = self.most_open.map(u32::try_from).transpose();
        let limits = OwnerLimits {
            daily_cap: self.daily_cap_nanos.map(Amount::from_nanos),
            most_open: most_open.map_err(|_| bad("most_open"))?,
            families: families.map_err(|_| bad("families"))?,
            excluded: excluded.map_err(|_| bad("excluded_sites"))?,
            reserve: Amount::from_nanos(self.reserve_nanos),
        };
        let signature = Signature {
            version: u32::try_from(self.statement_version).map_err(|_| bad("statement_version"))?,
            hash: self.statement_hash.try_into().map_err(|_| bad("statement_hash"))?,
            by: self.signed_by,
            at_ms: self.signed_at_ms,
        };
        let contribution = Contribution {
            signature,
            mask: self.mask,
            limits,
            reason: self.reason,
            look_at_ms: self.look_at_ms,
            unfit_looks: u32::try_from(self.unfit_looks).map_err(|_| bad("unfit_looks"))?,
            is_evicted: self.is_evicted,
            earnings_held: self.earnings_held,
            destroyed_at_ms: self.destroyed_at_ms,
        };
        Ok((CredentialId(id), contribution))
    }
}

impl Store {
    /// What is known of the contributed credentials of one account, or of all, beside their rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_contributions(
        &self,
        owner: Option<AccountId>,
    ) -> Result<HashMap<CredentialId, Contribution>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as ContributionRow,
            "select credential_id, statement_version, statement_hash, signed_by, signed_at_ms, mask, daily_cap_nanos, most_open,
                    families, excluded_sites, reserve_nanos, reason, look_at_ms, unfit_looks, is_evicted, earnings_held,
                    destroyed_at_ms
               from contributions
              where $1 is null or credential_id in (select id from credentials where owner_account_id = $1)",
            owner.map(|owner| owner.0)
        )?;
        rows.into_iter().map(ContributionRow::read).collect()
    }

    /// What is known of one contributed credential beside its row; none of a platform credential.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_contribution(&self, credential: CredentialId) -> Result<Option<Contribution>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as ContributionRow,
            "select credential_id, statement_version, statement_hash, signed_by, signed_at_ms, mask, daily_cap_nanos, most_open,
                    families, excluded_sites, reserve_nanos, reason, look_at_ms, unfit_looks, is_evicted, earnings_held,
                    destroyed_at_ms
               from contributions where credential_id = $1",
            credential.0
        )?;
        Ok(row.map(ContributionRow::read).transpose()?.map(|(_, contribution)| contribution))
    }
}

/// Adds a contributed credential; said again by its owner it is the same one, of anybody else's it is refused.
pub(crate) async fn insert(db: &mut Db, new: &NewContribution) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let NewContribution { credential, signature, mask, limits, event } = new;
    let Some(owner) = credential.owner else {
        return Err(StoreError::Missing { table: "accounts", id: "of a contributed credential".to_owned() });
    };
    if let Some(refusal) = refused(db, owner, credential).await? {
        return Ok(Err(refusal));
    }
    let known = credentials::insert(db, credential).await?;
    if known != credential.id {
        return known_before(db, owner, known).await;
    }
    let LimitsRow { daily_cap_nanos, most_open, families, excluded_sites, reserve_nanos } = LimitsRow::from(limits);
    // Said again after a commit whose answer was lost, it is there.
    sql!(
        db,
        execute,
        "insert into contributions (credential_id, statement_version, statement_hash, signed_by, signed_at_ms, mask,
                                    daily_cap_nanos, most_open, families, excluded_sites, reserve_nanos, look_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (credential_id) do nothing",
        credential.id.0,
        i64::from(signature.version),
        signature.hash.as_slice(),
        signature.by.as_str(),
        signature.at_ms,
        mask.as_str(),
        daily_cap_nanos,
        most_open,
        families.as_deref(),
        excluded_sites.as_str(),
        reserve_nanos,
        credential.created_at_ms
    )?;
    events::insert(db, event).await?;
    Ok(Ok(Applied::Credential(credential.id)))
}

/// Whether this account may contribute to this provider at all.
async fn refused(
    db: &mut Db,
    owner: AccountId,
    credential: &NewCredential,
) -> Result<Option<ChangeRefusal>, StoreError> {
    let account = sql!(db, optional as (String,), "select status from accounts where id = $1", owner.0)?;
    let (status,) = account.ok_or_else(|| StoreError::Missing { table: "accounts", id: owner.to_string() })?;
    match words::read(AccountStatus::from_word(&status), "accounts", "status", owner)? {
        AccountStatus::Active => {}
        AccountStatus::Suspended | AccountStatus::Closed => return Ok(Some(ChangeRefusal::AccountNotActive)),
    }
    let (allowed,) = sql!(
        db,
        one as (i64,),
        "select count(*) from providers where id = $1 and contribution_note is not null",
        credential.provider.as_str()
    )?;
    if allowed == 0 {
        return Ok(Some(ChangeRefusal::ContributionForbidden));
    }
    let (barred,) = sql!(
        db,
        one as (i64,),
        "select count(*) from contributions n join credentials c on c.id = n.credential_id
          where n.barred = $1 and (not n.is_evicted or c.owner_account_id = $2)",
        credential.fingerprint.as_slice(),
        owner.0
    )?;
    Ok((barred > 0).then_some(ChangeRefusal::CredentialBarred))
}

async fn known_before(
    db: &mut Db,
    owner: AccountId,
    known: CredentialId,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let (status, is_own) = sql!(
        db,
        one as (String, bool),
        "select status, coalesce(owner_account_id = $2, false) from credentials where id = $1",
        known.0,
        owner.0
    )?;
    Ok(match (is_own, status.as_str()) {
        (false, _) => Err(ChangeRefusal::CredentialOfAnother(known)),
        (true, "withdrawn") => Err(ChangeRefusal::CredentialBeingWithdrawn),
        (true, _) => Ok(Applied::Credential(known)),
    })
}

/// Says anew what a credential is lent for, if it is lent as it was when that was decided.
pub(crate) async fn update_limits(
    db: &mut Db,
    (credential, [before, limits]): (CredentialId, &[OwnerLimits; 2]),
    event: &NewEvent,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    if events::is_known(db, event).await? {
        return Ok(Ok(Applied::Done));
    }
    let before = LimitsRow::from(before);
    let LimitsRow { daily_cap_nanos, most_open, families, excluded_sites, reserve_nanos } = LimitsRow::from(limits);
    let changed = sql!(
        db,
        execute,
        "update contributions set daily_cap_nanos = $2, most_open = $3, families = $4, excluded_sites = $5,
                                  reserve_nanos = $6
          where credential_id = $1 and daily_cap_nanos is not distinct from $7 and most_open is not distinct from $8
            and families is not distinct from $9 and excluded_sites = $10 and reserve_nanos = $11",
        credential.0,
        daily_cap_nanos,
        most_open,
        families.as_deref(),
        excluded_sites.as_str(),
        reserve_nanos,
        before.daily_cap_nanos,
        before.most_open,
        before.families.as_deref(),
        before.excluded_sites.as_str(),
        before.reserve_nanos
    )?;
    if changed != 1 {
        return Ok(Err(ChangeRefusal::CredentialChanged));
    }
    events::insert(db, event).await?;
    Ok(Ok(Applied::Done))
}
