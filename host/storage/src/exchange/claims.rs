//! Claims: somebody says that a credential which another account has contributed is theirs. An operator decides.

use capstan_domain::exchange::CredentialStatus;
use capstan_domain::{AccountId, CredentialId};
use uuid::Uuid;

use super::events::{self, NewEvent};
use crate::changes::{Applied, ChangeRefusal};
use crate::db::{Db, sql};
use crate::{Store, StoreError, words};

/// A claim to be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClaim {
    /// Its id.
    pub id: Uuid,
    /// The credential.
    pub credential: CredentialId,
    /// Who claims it.
    pub account: AccountId,
    /// What they say for it.
    pub evidence: String,
    /// When.
    pub at_ms: i64,
}

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// It waits for the operator.
    Open,
    /// The credential was taken from whoever had contributed it.
    Granted,
    /// It was not.
    Refused,
}

impl ClaimState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Refused => "refused",
        }
    }

    /// Reads the word of the database.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Granted, Self::Refused].into_iter().find(|state| state.as_str() == word)
    }
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: Uuid,
    /// The credential.
    pub credential: CredentialId,
    /// Who claims it.
    pub account: AccountId,
    /// Who has contributed it.
    pub holder: Option<AccountId>,
    /// What the claimant says for it.
    pub evidence: String,
    /// How it stands.
    pub state: ClaimState,
    /// Why it was decided so.
    pub reason: Option<String>,
    /// When it was filed.
    pub created_at_ms: i64,
    /// When it was decided.
    pub decided_at_ms: Option<i64>,
}

/// An operator's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The claim.
    pub claim: Uuid,
    /// Whether the claimant is the owner.
    pub is_granted: bool,
    /// Why; both read it.
    pub reason: String,
    /// What whoever had contributed the credential is told.
    pub event: NewEvent,
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    id: Uuid,
    credential_id: Uuid,
    account_id: Uuid,
    holder: Option<Uuid>,
    evidence: String,
    state: String,
    reason: Option<String>,
    created_at_ms: i64,
    decided_at_ms: Option<i64>,
}

impl ClaimRow {
    fn read(self) -> Result<Claim, StoreError> {
        Ok(Claim {
            state: words::read(ClaimState::from_word(&self.state), "credential_claims", "state", self.id)?,
            id: self.id,
            credential: CredentialId(self.credential_id),
            account: AccountId(self.account_id),
            holder: self.holder.map(AccountId),
            evidence: self.evidence,
            reason: self.reason,
            created_at_ms: self.created_at_ms,
            decided_at_ms: self.decided_at_ms,
        })
    }
}

impl Store {
    /// Claims, the newest first: of one claimant, or of everybody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_claims(&self, account: Option<AccountId>, most: u32) -> Result<Vec<Claim>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as ClaimRow,
            "select l.id, l.credential_id, l.account_id, c.owner_account_id as holder, l.evidence, l.state, l.reason,
                    l.created_at_ms, l.decided_at_ms
               from credential_claims l join credentials c on c.id = l.credential_id
              where ($1 is null or l.account_id = $1)
              order by case when l.state = 'open' then 0 else 1 end, l.created_at_ms desc, l.id desc limit $2",
            account.map(|account| account.0),
            i64::from(most)
        )?;
        rows.into_iter().map(ClaimRow::read).collect()
    }

    /// The credential that holds this secret now, and who has contributed it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_fingerprint(
        &self,
        fingerprint: &[u8],
    ) -> Result<Option<(CredentialId, Option<AccountId>)>, StoreError> {
        let db = &mut self.reader().await?;
        let found = sql!(
            db,
            optional as (Uuid, Option<Uuid>),
            "select id, owner_account_id from credentials where fingerprint = $1",
            fingerprint
        )?;
        Ok(found.map(|(id, owner)| (CredentialId(id), owner.map(AccountId))))
    }
}

/// Files a claim; an open one of the same claimant is the same one.
pub(crate) async fn file(db: &mut Db, new: &NewClaim) -> Result<Applied, StoreError> {
    let text = "insert into credential_claims (id, credential_id, account_id, evidence, state, created_at_ms)
                values ($1, $2, $3, $4, 'open', $5) on conflict do nothing";
    sql!(db, execute, text, new.id, new.credential.0, new.account.0, new.evidence.as_str(), new.at_ms)?;
    // What it earns waits until that is decided: it might be paid to the wrong one.
    hold_earnings(db, new.credential).await?;
    let (id,) = sql!(
        db,
        one as (Uuid,),
        "select id from credential_claims
          where credential_id = $1 and account_id = $2 and (state = 'open' or id = $3)",
        new.credential.0,
        new.account.0,
        new.id
    )?;
    Ok(Applied::Claim(id))
}

/// Decides a claim. Where it is granted, the credential is withdrawn and its secret may be contributed by its owner at once,
/// while open tasks end with it; what it has earned and is pending is held.
pub(crate) async fn decide(db: &mut Db, call: &Decision) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let Decision { claim, is_granted, reason, event } = call;
    let state = if *is_granted { ClaimState::Granted } else { ClaimState::Refused };
    let changed = sql!(
        db,
        execute,
        "update credential_claims set state = $2, reason = $3, decided_at_ms = $4 where id = $1 and state = 'open'",
        *claim,
        state.as_str(),
        reason.as_str(),
        event.at_ms
    )?;
    if changed == 0 {
        let before = sql!(db, optional as (String,), "select state from credential_claims where id = $1", *claim)?;
        let missing = || StoreError::Missing { table: "credential_claims", id: claim.to_string() };
        let (before,) = before.ok_or_else(missing)?;
        let is_same = before == state.as_str();
        return Ok(if is_same { Ok(Applied::Claim(*claim)) } else { Err(ChangeRefusal::ClaimDecided) });
    }
    if *is_granted {
        evict(db, event, reason).await?;
    } else {
        hold_earnings(db, event.credential).await?;
    }
    events::insert(db, event).await?;
    Ok(Ok(Applied::Claim(*claim)))
}

/// What a credential has earned is held while a claim to it is open, and after one was granted.
async fn hold_earnings(db: &mut Db, credential: CredentialId) -> Result<(), StoreError> {
    let text = "update contributions
                   set earnings_held = (is_evicted or exists (select 1 from credential_claims l
                                                               where l.credential_id = $1 and l.state = 'open'))
                 where credential_id = $1";
    changed_one(sql!(db, execute, text, credential.0)?, credential)
}

async fn evict(db: &mut Db, event: &NewEvent, reason: &str) -> Result<(), StoreError> {
    let withdrawn = CredentialStatus::Withdrawn.as_str();
    // Whoever had contributed it must not be faster than its owner.
    let bar = "update contributions set barred = (select c.fingerprint from credentials c where c.id = $1), withdrawn_at_ms = $2
                where credential_id = $1";
    sql!(db, execute, bar, event.credential.0, event.at_ms)?;
    let text = "update credentials set status = $2, fingerprint = null where id = $1 and owner_account_id is not null";
    if sql!(db, execute, text, event.credential.0, withdrawn)? != 1 {
        return Err(StoreError::Missing { table: "credentials", id: event.credential.to_string() });
    }
    let yes = true;
    let changed = sql!(
        db,
        execute,
        "update contributions set is_evicted = $2, earnings_held = $2, reason = $3, look_at_ms = null
          where credential_id = $1",
        event.credential.0,
        yes,
        reason
    )?;
    changed_one(changed, event.credential)
}

/// Lets what a credential has earned mature again.
pub(crate) async fn release_earnings(db: &mut Db, event: &NewEvent) -> Result<(), StoreError> {
    let no = false;
    let text = "update contributions set earnings_held = $2 where credential_id = $1";
    changed_one(sql!(db, execute, text, event.credential.0, no)?, event.credential)?;
    events::insert(db, event).await
}

fn changed_one(changed: u64, credential: CredentialId) -> Result<(), StoreError> {
    let missing = || StoreError::Missing { table: "contributions", id: credential.to_string() };
    if changed == 1 { Ok(()) } else { Err(missing()) }
}
