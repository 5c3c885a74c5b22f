//! Who solved what where: what is looked up to answer an abuse report. Sites and site keys outlive what was solved.

use capstan_domain::catalogue::kept_site_key;
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
    /// A site key; what counts is as much of it as is kept.
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

/// $1 is the registered domain, $3 the host where it is another than that, $4 what is below the host, $5 the host. Tasks from
/// before the domain was kept are found by their site, in an index of their own.
const OF_HOST: &str =
    "select account_id, api_key_id, family, count(*), sum(case when state = 'solved' then 1 else 0 end),
        min(created_at_ms), max(created_at_ms)
   from (select account_id, api_key_id, family, state, created_at_ms
           from tasks
          where site_domain = $1 and created_at_ms >= $2 and ($3 is null or site = $3 or site like $4 escape '\\')
          union all
         select account_id, api_key_id, family, state, created_at_ms
           from tasks
          where site_domain is null and site is not null and created_at_ms >= $2
            and (site = $5 or site like $4 escape '\\')) as found
  group by account_id, api_key_id, family order by 4 desc, api_key_id, family limit $6";

/// $1 is as much of the site key as is kept. Both conditions on it are the index's.
const OF_SITE_KEY: &str =
    "select account_id, api_key_id, family, count(*), sum(case when state = 'solved' then 1 else 0 end),
        min(created_at_ms), max(created_at_ms)
   from tasks
  where substr(site_key, 1, 255) = $1 and site_key is not null and created_at_ms >= $2
  group by account_id, api_key_id, family order by 4 desc, api_key_id, family limit $3";

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
                let below = format!("%.{}", host.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
                sql!(db, all as Row, OF_HOST, domain, since_ms, part, below.as_str(), host.as_str(), i64::from(most))?
            }
            Reported::SiteKey(site_key) => {
                sql!(db, all as Row, OF_SITE_KEY, kept_site_key(site_key), since_ms, i64::from(most))?
            }
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
