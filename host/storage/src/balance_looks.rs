//! Looks at credentials' balances at their providers, each held against what was booked since the one before.

use capstan_domain::reconcile::{Between, Verdict};
use capstan_domain::{Amount, CredentialId, ProviderId};
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::words::read;
use crate::{Store, StoreError, providers};

/// A balance that a provider has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewBalanceLook {
    /// Whose.
    pub credential: CredentialId,
    /// When.
    pub at_ms: i64,
    /// What is there.
    pub balance: Amount,
}

/// A look, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceLook {
    /// Whose.
    pub credential: CredentialId,
    /// The credential's provider.
    pub provider: ProviderId,
    /// When.
    pub at_ms: i64,
    /// What is there.
    pub balance: Amount,
    /// What is gone since the look before, and what is booked; none at the first one.
    pub since: Option<(Amount, Amount)>,
    /// How the two stand.
    pub verdict: Verdict,
}

#[derive(sqlx::FromRow)]
struct LookRow {
    credential_id: Uuid,
    provider_id: String,
    at_ms: i64,
    balance_nanos: i64,
    spent_nanos: Option<i64>,
    booked_nanos: Option<i64>,
    verdict: String,
}

impl LookRow {
    fn read(self) -> Result<BalanceLook, StoreError> {
        let since = self.spent_nanos.zip(self.booked_nanos);
        Ok(BalanceLook {
            credential: CredentialId(self.credential_id),
            provider: providers::read_id("credentials", "provider_id", &self.provider_id)?,
            at_ms: self.at_ms,
            balance: Amount::from_nanos(self.balance_nanos),
            since: since.map(|(spent, booked)| (Amount::from_nanos(spent), Amount::from_nanos(booked))),
            verdict: read(Verdict::from_word(&self.verdict), "balance_looks", "verdict", self.credential_id)?,
        })
    }
}

impl Store {
    /// Takes a look down and holds it against the books; the same look twice is one.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such credential.
    pub async fn record_balance_look(&self, look: NewBalanceLook) -> Result<BalanceLook, StoreError> {
        self.write(look, |db, look| Box::pin(record(db, look))).await
    }

    /// The newest look at every credential that has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_balance_looks(&self) -> Result<Vec<BalanceLook>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as LookRow,
            "select l.credential_id, c.provider_id, l.at_ms, l.balance_nanos, l.spent_nanos, l.booked_nanos, l.verdict
               from balance_looks l join credentials c on c.id = l.credential_id
              where l.at_ms = (select max(n.at_ms) from balance_looks n where n.credential_id = l.credential_id)
              order by c.provider_id, c.created_at_ms, c.id"
        )?;
        rows.into_iter().map(LookRow::read).collect()
    }
}

async fn record(db: &mut Db, look: &NewBalanceLook) -> Result<BalanceLook, StoreError> {
    if let Some(before) = find(db, look).await? {
        return Ok(before);
    }
    let under_way = under_way(db, look.credential).await?;
    let before = sql!(
        db,
        optional as (i64, i64, i64),
        "select at_ms, balance_nanos, under_way_nanos from balance_looks
          where credential_id = $1 and at_ms < $2 order by at_ms desc limit 1",
        look.credential.0,
        look.at_ms
    )?;
    let (verdict, since) = match before {
        None => (Verdict::First, None),
        Some((at_ms, balance, under_way_before)) => {
            let between = Between {
                before: Amount::from_nanos(balance),
                now: look.balance,
                booked: booked(db, look.credential, (at_ms, look.at_ms)).await?,
                under_way: under_way.plus(Amount::from_nanos(under_way_before))?,
            };
            (between.verdict()?, Some((between.spent()?, between.booked)))
        }
    };
    sql!(
        db,
        execute,
        "insert into balance_looks (credential_id, at_ms, balance_nanos, under_way_nanos, spent_nanos, booked_nanos, verdict)
         values ($1, $2, $3, $4, $5, $6, $7)",
        look.credential.0,
        look.at_ms,
        look.balance.nanos(),
        under_way.nanos(),
        since.map(|(spent, _)| spent.nanos()),
        since.map(|(_, booked)| booked.nanos()),
        verdict.as_str()
    )?;
    find(db, look).await?.ok_or_else(|| StoreError::Missing { table: "credentials", id: look.credential.to_string() })
}

async fn find(db: &mut Db, look: &NewBalanceLook) -> Result<Option<BalanceLook>, StoreError> {
    let row = sql!(
        db,
        optional as LookRow,
        "select l.credential_id, c.provider_id, l.at_ms, l.balance_nanos, l.spent_nanos, l.booked_nanos, l.verdict
           from balance_looks l join credentials c on c.id = l.credential_id
          where l.credential_id = $1 and l.at_ms = $2",
        look.credential.0,
        look.at_ms
    )?;
    row.map(LookRow::read).transpose()
}

/// A day in milliseconds: longer than any attempt lives, so that the index on their beginning finds those that ended later.
const LONGEST_LIFE_MS: i64 = 86_400_000;

/// What solved attempts cost at their provider's word (else as expected) between two times, and what was borne without one.
async fn booked(db: &mut Db, credential: CredentialId, (from_ms, to_ms): (i64, i64)) -> Result<Amount, StoreError> {
    let (solved,) = sql!(
        db,
        one as (i64,),
        "select cast(coalesce(sum(coalesce(provider_cost_nanos, expected_cost_nanos, 0)), 0) as bigint)
           from attempts
          where credential_id = $1 and created_at_ms > $2 and state = 'solved' and ended_at_ms > $3 and ended_at_ms <= $4",
        credential.0,
        from_ms.saturating_sub(LONGEST_LIFE_MS),
        from_ms,
        to_ms
    )?;
    let (borne,) = sql!(
        db,
        one as (i64,),
        "select cast(coalesce(sum(e.amount_nanos), 0) as bigint)
           from attempts a
           join moves m on m.attempt_id = a.id and m.kind in ('loss', 'reimbursement')
           join ledger_entries e on e.move_id = m.id and e.amount_nanos > 0
          where a.credential_id = $1 and a.created_at_ms > $2 and m.created_at_ms > $3 and m.created_at_ms <= $4",
        credential.0,
        from_ms.saturating_sub(LONGEST_LIFE_MS),
        from_ms,
        to_ms
    )?;
    Ok(Amount::from_nanos(solved).plus(Amount::from_nanos(borne))?)
}

/// What tasks under way are expected to cost; where that is not known, no more than their price.
async fn under_way(db: &mut Db, credential: CredentialId) -> Result<Amount, StoreError> {
    let (nanos,) = sql!(
        db,
        one as (i64,),
        "select cast(coalesce(sum(coalesce(a.expected_cost_nanos, a.price_nanos)), 0) as bigint)
           from tasks t join attempts a on a.task_id = t.id
          where t.state in ('submitting', 'running', 'in_doubt') and a.credential_id = $1
            and a.state in ('submitting', 'running', 'in_doubt')",
        credential.0
    )?;
    Ok(Amount::from_nanos(nanos))
}
