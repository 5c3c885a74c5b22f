//! The life of a contributed credential, as the database keeps it: how it stands, when it is looked at, and its end.

use capstan_domain::exchange::CredentialStatus;
use capstan_domain::{Amount, CredentialId};
use uuid::Uuid;

use super::events::{self, NewEvent};
use crate::changes::{Applied, ChangeRefusal};
use crate::db::{Db, sql};
use crate::{Store, StoreError, words};

/// A step of a contributed credential's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeStep {
    /// Which credential.
    pub credential: CredentialId,
    /// How it stood when that was decided.
    pub from: CredentialStatus,
    /// How it stands from now on.
    pub to: CredentialStatus,
    /// Why it is not in use, for its owner.
    pub reason: Option<String>,
    /// When its provider is asked for its balance next; none means never.
    pub look_at_ms: Option<i64>,
    /// How many times in a row it was found unfit.
    pub unfit_looks: u32,
    /// For its owner.
    pub event: NewEvent,
}

/// What is known of a look that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which credential.
    pub credential: CredentialId,
    /// When the next one is due.
    pub look_at_ms: i64,
    /// How many times in a row it was found unfit.
    pub unfit_looks: u32,
}

impl Store {
    /// Takes down a look that changed nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_look(&self, look: Look) -> Result<(), StoreError> {
        self.write(look, |db, look| {
            Box::pin(async move {
                let text = "update contributions set look_at_ms = $2, unfit_looks = $3
                             where credential_id = $1 and look_at_ms is not null";
                sql!(db, execute, text, look.credential.0, look.look_at_ms, i64::from(look.unfit_looks))?;
                Ok(())
            })
        })
        .await
    }

    /// Contributed credentials whose look is due, the longest due first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_due_looks(&self, now_ms: i64, most: u32) -> Result<Vec<CredentialId>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (Uuid,),
            "select credential_id from contributions where look_at_ms <= $1 order by look_at_ms limit $2",
            now_ms,
            i64::from(most)
        )?;
        Ok(rows.into_iter().map(|(id,)| CredentialId(id)).collect())
    }

    /// Credentials that were withdrawn at this time or before, that no task needs any more and whose secret is still there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_drained(&self, withdrawn_by_ms: i64) -> Result<Vec<CredentialId>, StoreError> {
        let db = &mut self.reader().await?;
        // Open attempts need it, and those whose provider is still asked what became of them.
        let rows = sql!(
            db,
            all as (Uuid,),
            "select c.id from contributions n join credentials c on c.id = n.credential_id
              where n.destroyed_at_ms is null and c.status = 'withdrawn' and coalesce(n.withdrawn_at_ms, 0) <= $1
                and not exists (select 1 from attempts a where a.credential_id = c.id
                                 and (a.state in ('submitting', 'running', 'in_doubt') or a.watch_until_ms is not null))",
            withdrawn_by_ms
        )?;
        Ok(rows.into_iter().map(|(id,)| CredentialId(id)).collect())
    }

    /// Destroys the secret of a withdrawn credential, unless a task needs it again; answers whether this call has. It is written
    /// over by as many zeros, so that SQLite writes them in its place; copies in backups stay sealed, and age out with them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn destroy_credential(&self, event: NewEvent) -> Result<bool, StoreError> {
        self.write(event, |db, event| Box::pin(destroy(db, event))).await
    }

    /// What the providers of contributed credentials have charged, or may have charged, for attempts that began at this time or
    /// later, by the shards of their tasks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn contributed_spending(&self, since_ms: i64) -> Result<Vec<(CredentialId, u8, Amount)>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (Uuid, i64, i64),
            "select a.credential_id, t.shard,
                    cast(sum(coalesce(a.provider_cost_nanos, a.expected_cost_nanos, 0)) as bigint)
               from contributions n
               join attempts a on a.credential_id = n.credential_id
               join tasks t on t.id = a.task_id
              where a.created_at_ms >= $1
                and (a.state in ('submitting', 'running', 'in_doubt', 'solved') or a.charged in ('yes', 'unknown')
                     or a.provider_cost_nanos is not null)
              group by a.credential_id, t.shard",
            since_ms
        )?;
        let read = |(id, shard, nanos)| {
            let shard = words::read(u8::try_from(shard).ok(), "tasks", "shard", shard)?;
            Ok((CredentialId(id), shard, Amount::from_nanos(nanos)))
        };
        rows.into_iter().map(read).collect()
    }
}

/// Takes a step, if the credential still stands as it did when that was decided.
pub(crate) async fn step(db: &mut Db, call: &LifeStep) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    // Said again after a commit whose answer was lost.
    if events::is_known(db, &call.event).await? {
        return Ok(Ok(Applied::Done));
    }
    let changed = sql!(
        db,
        execute,
        "update credentials set status = $3 where id = $1 and status = $2",
        call.credential.0,
        call.from.as_str(),
        call.to.as_str()
    )?;
    if changed == 0 {
        return Ok(Err(ChangeRefusal::CredentialChanged));
    }
    let is_withdrawn = call.to == CredentialStatus::Withdrawn;
    // The operator's word outlives the credential: the same secret does not come back under another id.
    let is_barred = is_withdrawn && call.from == CredentialStatus::Disabled;
    let changed = sql!(
        db,
        execute,
        "update contributions set reason = $2, look_at_ms = $3, unfit_looks = $4, withdrawn_at_ms = $5,
                barred = case when $6 then (select c.fingerprint from credentials c where c.id = $1) else barred end
          where credential_id = $1",
        call.credential.0,
        call.reason.as_deref(),
        call.look_at_ms,
        i64::from(call.unfit_looks),
        is_withdrawn.then_some(call.event.at_ms),
        is_barred
    )?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "contributions", id: call.credential.to_string() });
    }
    events::insert(db, &call.event).await?;
    Ok(Ok(Applied::Done))
}

async fn destroy(db: &mut Db, event: &NewEvent) -> Result<bool, StoreError> {
    let id = event.credential.0;
    let found = sql!(
        db,
        optional as (Vec<u8>,),
        "select c.sealed from credentials c join contributions n on n.credential_id = c.id
          where c.id = $1 and c.status = 'withdrawn' and n.destroyed_at_ms is null
            and not exists (select 1 from attempts a where a.credential_id = c.id
                             and (a.state in ('submitting', 'running', 'in_doubt') or a.watch_until_ms is not null))",
        id
    )?;
    let Some((sealed,)) = found else { return Ok(false) };
    let zeros = vec![0_u8; sealed.len()];
    sql!(db, execute, "update credentials set sealed = $2, fingerprint = null where id = $1", id, zeros.as_slice())?;
    sql!(db, execute, "update contributions set destroyed_at_ms = $2 where credential_id = $1", id, event.at_ms)?;
    events::insert(db, event).await?;
    Ok(true)
}
