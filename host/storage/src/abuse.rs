//! Who solved what where: what is looked up to answer an abuse report. Sites and site keys outlive what was solved.

use capstan_domain::policy::registrable;
use capstan_domain::{AccountId, ApiKeyId};
use uuid::Uuid;

use crate::db::sql;
use crate::{Store, StoreError};

/// What a report names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// A host, with everything below it.
    Host(String),
    /// A site key.
    SiteKey(String),
}

/// What one key has done there with one family of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The key's account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// The family.
    pub family: String,
    /// Tasks, whatever became of them.
    pub tasks: i64,
    /// Those that were solved.
    pub solved: i64,
    /// When the first was created.
    pub first_at_ms: i64,
    /// When the last was created.
    pub last_at_ms: i64,
}

type Row = (Uuid, Uuid, String, i64, i64, i64, i64);

impl Store {
    /// What each key has done there since a time, by key and family, the busiest first; at most so many lines.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_traces(&self, of: &Reported, since_ms: i64, most: u32) -> Result<Vec<Trace>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = match of {
            Reported::Host(host) => {
                let domain = registrable(host);
                let part = (domain != host.as_str()).then_some(host.as_str());
                let below = part.map(|part| format!("%.{}", part.replace('_', "\\_")));
                sql!(
                    db,
                    all as Row,
                    "select account_id, api_key_id, family, count(*), sum(case when state = 'solved' then 1 else 0 end),
                            min(created_at_ms), max(created_at_ms)
                       from tasks
                      where site_domain = $1 and created_at_ms >= $2
                        and ($3 is null or site = $3 or site like $4 escape '\\')
                      group by account_id, api_key_id, family order by 4 desc, api_key_id, family limit $5",
                    domain,
                    since_ms,
                    part,
                    below,
                    i64::from(most)
                )?
            }
            Reported::SiteKey(site_key) => sql!(
                db,
                all as Row,
                "select account_id, api_key_id, family, count(*), sum(case when state = 'solved' then 1 else 0 end),
                        min(created_at_ms), max(created_at_ms)
                   from tasks
                  where site_key = $1 and created_at_ms >= $2
                  group by account_id, api_key_id, family order by 4 desc, api_key_id, family limit $3",
                site_key.as_str(),
                since_ms,
                i64::from(most)
            )?,
        };
        let trace = |(account, key, family, tasks, solved, first_at_ms, last_at_ms): Row| Trace {
            account: AccountId(account),
            key: ApiKeyId(key),
            family,
            tasks,
            solved,
            first_at_ms,
            last_at_ms,
        };
        Ok(rows.into_iter().map(trace).collect())
    }
}
