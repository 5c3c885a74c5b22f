//! Which packages of adapters are believed, and what became of each component that was to be installed.

use capstan_domain::ProviderId;

use crate::db::{Db, sql};
use crate::providers::read_id;
use crate::{Store, StoreError, words};

/// What became of a component that was to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// A UUIDv7 as text.
    pub id: String,
    /// When.
    pub at_ms: i64,
    /// SHA-256 of the component.
    pub digest: [u8; 32],
    /// Its provider, where it said so.
    pub provider: Option<ProviderId>,
    /// Whether it was installed.
    pub is_admitted: bool,
    /// A JSON list of `{"stage", "verdict", "detail"}`.
    pub stages: String,
}

/// As many admissions are kept.
const MOST: i64 = 500;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    at_ms: i64,
    digest: Vec<u8>,
    provider_id: Option<String>,
    admitted: i64,
    stages: String,
}

impl Store {
    /// Whom the operator trusts: the document, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_trust(&self) -> Result<Option<String>, StoreError> {
        let db = &mut self.reader().await?;
        let found = sql!(db, optional as (String,), "select document from adapter_trust where id = 1")?;
        Ok(found.map(|(document,)| document))
    }

    /// Writes down what became of a component, and forgets the oldest ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_admission(&self, admission: Admission) -> Result<(), StoreError> {
        self.write(admission, |db, admission| Box::pin(insert(db, admission))).await
    }

    /// What became of components, of one provider's or all, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_admissions(
        &self,
        provider: Option<&ProviderId>,
        most: u32,
    ) -> Result<Vec<Admission>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as Row,
            "select id, at_ms, digest, provider_id, admitted, stages from adapter_admissions
              where $1 is null or provider_id = $1
              order by id desc limit $2",
            provider.map(ProviderId::as_str),
            i64::from(most)
        )?;
        let read = |row: Row| {
            let Row { id, at_ms, digest, provider_id, admitted, stages } = row;
            let digest = words::read(digest.as_slice().try_into().ok(), "adapter_admissions", "digest", &id)?;
            let provider = provider_id.map(|id| read_id("adapter_admissions", "provider_id", &id)).transpose()?;
            Ok(Admission { id, at_ms, digest, provider, is_admitted: admitted != 0, stages })
        };
        rows.into_iter().map(read).collect()
    }
}

async fn insert(db: &mut Db, new: &Admission) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into adapter_admissions (id, at_ms, digest, provider_id, admitted, stages) values ($1, $2, $3, $4, $5, $6)",
        new.id.as_str(),
        new.at_ms,
        new.digest.as_slice(),
        new.provider.as_ref().map(ProviderId::as_str),
        i64::from(new.is_admitted),
        new.stages.as_str()
    )?;
    sql!(
        db,
        execute,
        "delete from adapter_admissions
          where id <= (select id from adapter_admissions order by id desc limit 1 offset $1)",
        MOST
    )?;
    Ok(())
}

pub(crate) async fn put_trust(db: &mut Db, document: &str, at_ms: i64) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into adapter_trust (id, document, at_ms) values (1, $1, $2)
         on conflict (id) do update set document = excluded.document, at_ms = excluded.at_ms",
        document,
        at_ms
    )?;
    Ok(())
}
