//! How far what providers say they charge is from what they list.

use capstan_domain::{Amount, ProviderId};

use crate::db::sql;
use crate::{Store, StoreError, providers};

/// Reported against expected costs of one family at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostDrift {
    /// The provider.
    pub provider: ProviderId,
    /// The canonical family.
    pub family: String,
    /// Attempts of which both are known.
    pub attempts: i64,
    /// What they were expected to cost together.
    pub expected: Amount,
    /// What they cost together, at the provider's word.
    pub reported: Amount,
    /// The most by which one of them cost more than expected; below zero where each cost less.
    pub worst: Amount,
    /// Attempts that cost more than expected.
    pub above: i64,
}

#[derive(sqlx::FromRow)]
struct DriftRow {
    provider_id: String,
    family: String,
    attempts: i64,
    expected: i64,
    reported: i64,
    worst: i64,
    above: i64,
}

impl Store {
    /// Adds up what attempts made since that time were expected to cost and what their providers say they took, by provider
    /// and family. Attempts of which one of the two is not known are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cost_drift(&self, since_ms: i64) -> Result<Vec<CostDrift>, StoreError> {
        let db = &mut self.reader().await?;
        // PostgreSQL's sums are of another type than what they add up.
        let rows = sql!(
            db,
            all as DriftRow,
            "select a.provider_id, t.family, count(*) as attempts,
                    cast(sum(a.expected_cost_nanos) as bigint) as expected,
                    cast(sum(a.provider_cost_nanos) as bigint) as reported,
                    max(a.provider_cost_nanos - a.expected_cost_nanos) as worst,
                    count(case when a.provider_cost_nanos > a.expected_cost_nanos then 1 end) as above
               from attempts a join tasks t on t.id = a.task_id
              where a.provider_cost_nanos is not null and a.expected_cost_nanos is not null and a.created_at_ms >= $1
              group by a.provider_id, t.family
              order by a.provider_id, t.family",
            since_ms
        )?;
        rows.into_iter().map(DriftRow::read).collect()
    }
}

impl DriftRow {
    fn read(self) -> Result<CostDrift, StoreError> {
        Ok(CostDrift {
            provider: providers::read_id("attempts", "provider_id", &self.provider_id)?,
            family: self.family,
            attempts: self.attempts,
            expected: Amount::from_nanos(self.expected),
            reported: Amount::from_nanos(self.reported),
            worst: Amount::from_nanos(self.worst),
            above: self.above,
        })
    }
}
