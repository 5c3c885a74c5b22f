//! What a contributed credential was used for, for its owner: time, type, charge, share, and the provider's own id of the task.
//! Nothing here says whose task it was, what was in it or what came of it beyond its end.

use capstan_domain::{AccountId, Amount, AttemptId, CredentialId};
use uuid::Uuid;

use crate::db::sql;
use crate::words::read;
use crate::{AttemptState, Store, StoreError};

/// One use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The attempt.
    pub attempt: AttemptId,
    /// When it began.
    pub at_ms: i64,
    /// The type of the task.
    pub family: String,
    /// How it stands.
    pub state: AttemptState,
    /// The class of what went wrong, if something did.
    pub fault: Option<String>,
    /// Whether the provider charged for it, in a word, where it was asked.
    pub charged: Option<String>,
    /// What the provider says it charged.
    pub told_cost: Option<Amount>,
    /// What it was expected to charge.
    pub expected_cost: Option<Amount>,
    /// What its owner has earned by it, or got back for it: `share` or `reimbursement`, how much, and how that stands.
    pub earned: Option<(String, Amount, String)>,
    /// Whether it was its owner's own task.
    pub is_own: bool,
    /// The provider's id of the task, sealed.
    pub reference: Option<Vec<u8>>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
}

/// Where a page of uses ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseMark {
    /// When the last one began.
    pub at_ms: i64,
    /// The last one.
    pub attempt: AttemptId,
}

/// What was made of a credential on one day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// Attempts that it was used for.
    pub uses: i64,
    /// Of those, solved.
    pub solved: i64,
    /// Of those, refused before the provider had them.
    pub refused: i64,
    /// Of those, failed at the provider.
    pub failed: i64,
    /// What the provider charged, as far as it said so or is known to have, in nano-dollars.
    pub charged: i64,
    /// Shares, in nano-dollars, without what was taken back.
    pub shares: i64,
    /// Charges given back, in nano-dollars.
    pub reimbursed: i64,
}

#[derive(sqlx::FromRow)]
struct UseRow {
    id: Uuid,
    created_at_ms: i64,
    family: String,
    state: String,
    fault_class: Option<String>,
    charged: Option<String>,
    provider_cost_nanos: Option<i64>,
    expected_cost_nanos: Option<i64>,
    earned_kind: Option<String>,
    earned_nanos: Option<i64>,
    earned_state: Option<String>,
    account_id: Uuid,
    reference: Option<Vec<u8>>,
    ended_at_ms: Option<i64>,
}

impl UseRow {
    fn read(self, owner: AccountId) -> Result<Use, StoreError> {
        let earned = self.earned_kind.zip(self.earned_nanos).zip(self.earned_state);
        Ok(Use {
            attempt: AttemptId(self.id),
            at_ms: self.created_at_ms,
            family: self.family,
            state: read(AttemptState::from_word(&self.state), "attempts", "state", self.id)?,
            fault: self.fault_class,
            charged: self.charged,
            told_cost: self.provider_cost_nanos.map(Amount::from_nanos),
            expected_cost: self.expected_cost_nanos.map(Amount::from_nanos),
            earned: earned.map(|((kind, nanos), state)| (kind, Amount::from_nanos(nanos), state)),
            is_own: self.account_id == owner.0,
            reference: self.reference,
            ended_at_ms: self.ended_at_ms,
        })
    }
}

impl Store {
    /// A page of a credential's uses, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_uses(
        &self,
        (credential, owner): (CredentialId, AccountId),
        after: Option<UseMark>,
        most: u32,
    ) -> Result<Vec<Use>, StoreError> {
        let before = after.unwrap_or(UseMark { at_ms: i64::MAX, attempt: AttemptId(Uuid::max()) });
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as UseRow,
            "select a.id, a.created_at_ms, t.family, a.state, a.fault_class, a.charged, a.provider_cost_nanos,
                    a.expected_cost_nanos, e.kind as earned_kind, e.amount_nanos as earned_nanos,
                    e.state as earned_state, t.account_id, a.reference, a.ended_at_ms
               from attempts a
               join tasks t on t.id = a.task_id
               left join earnings e on e.attempt_id = a.id
              where a.credential_id = $1
                and (a.created_at_ms < $2 or (a.created_at_ms = $2 and a.id < $3))
              order by a.created_at_ms desc, a.id desc limit $4",
            credential.0,
            before.at_ms,
            before.attempt.0,
            i64::from(most)
        )?;
        rows.into_iter().map(|row| row.read(owner)).collect()
    }

    /// What was made of a credential day by day, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_days(&self, credential: CredentialId, since_ms: i64) -> Result<Vec<Day>, StoreError> {
        let db = &mut self.reader().await?;
        sql!(
            db,
            all as Day,
            "select a.created_at_ms / 86400000 as day, count(*) as uses,
                    count(case when a.state = 'solved' then 1 end) as solved,
                    count(case when a.state = 'refused' then 1 end) as refused,
                    count(case when a.state = 'failed' then 1 end) as failed,
                    cast(coalesce(sum(case when a.state = 'solved' or a.charged = 'yes' or r.amount_nanos is not null
                                           then coalesce(a.provider_cost_nanos, a.expected_cost_nanos, r.amount_nanos, 0)
                                           else 0 end), 0) as bigint) as charged,
                    cast(coalesce(sum(s.amount_nanos), 0) as bigint) as shares,
                    cast(coalesce(sum(r.amount_nanos), 0) as bigint) as reimbursed
               from attempts a
               left join earnings s on s.attempt_id = a.id and s.kind = 'share' and s.state <> 'taken_back'
               left join earnings r on r.attempt_id = a.id and r.kind = 'reimbursement'
              where a.credential_id = $1 and a.created_at_ms >= $2
              group by a.created_at_ms / 86400000 order by day desc",
            credential.0,
            since_ms
        )
    }
}
