//! Adapters that were installed: their components, and which of them each provider has had in force, one generation after the other.

use capstan_domain::ProviderId;

use crate::db::{Db, sql};
use crate::providers::read_id;
use crate::{Store, StoreError};

/// A component as it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAdapter {
    /// SHA-256 of the component.
    pub digest: [u8; 32],
    /// Its manifest's version.
    pub version: String,
    /// The component.
    pub component: Vec<u8>,
}

/// What a provider has in force from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGeneration {
    /// The provider.
    pub provider: ProviderId,
    /// Its adapter's digest; none where it has none any more.
    pub digest: Option<[u8; 32]>,
    /// The component, where it was not installed before.
    pub installed: Option<NewAdapter>,
    /// Now.
    pub at_ms: i64,
}

/// What a provider had in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The provider.
    pub provider: ProviderId,
    /// 1 for its first.
    pub number: i64,
    /// Its adapter's digest; none where it had none.
    pub digest: Option<Vec<u8>>,
    /// Its adapter's version, in the same case.
    pub version: Option<String>,
    /// Since when.
    pub began_at_ms: i64,
}

/// As many generations of one provider are kept: what one may be rolled back to, and what open tasks began with.
const MOST_GENERATIONS: i64 = 16;

#[derive(sqlx::FromRow)]
struct Row {
    provider_id: String,
    number: i64,
    digest: Option<Vec<u8>>,
    version: Option<String>,
    began_at_ms: i64,
}

impl Store {
    /// Every generation that is kept, each provider's newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_generations(&self) -> Result<Vec<Generation>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as Row,
            "select g.provider_id, g.number, g.digest, a.version, g.began_at_ms
               from adapter_generations g left join adapters a on a.digest = g.digest
              order by g.provider_id, g.number desc"
        )?;
        let read = |row: Row| {
            let provider = read_id("adapter_generations", "provider_id", &row.provider_id)?;
            let Row { number, digest, version, began_at_ms, .. } = row;
            Ok(Generation { provider, number, digest, version, began_at_ms })
        };
        rows.into_iter().map(read).collect()
    }

    /// A component that was installed and is still kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_component(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let db = &mut self.reader().await?;
        let found = sql!(db, optional as (Vec<u8>,), "select component from adapters where digest = $1", digest)?;
        Ok(found.map(|(component,)| component))
    }
}

pub(crate) async fn begin(db: &mut Db, new: &NewGeneration) -> Result<(), StoreError> {
    let provider = new.provider.as_str();
    if let Some(NewAdapter { digest, version, component }) = &new.installed {
        sql!(
            db,
            execute,
            "insert into adapters (digest, provider_id, version, component, installed_at_ms) values ($1, $2, $3, $4, $5)
             on conflict (digest) do nothing",
            digest.as_slice(),
            provider,
            version.as_str(),
            component.as_slice(),
            new.at_ms
        )?;
    }
    sql!(
        db,
        execute,
        "insert into adapter_generations (provider_id, number, digest, began_at_ms)
         select $1, coalesce(max(number), 0) + 1, $2, $3 from adapter_generations where provider_id = $1",
        provider,
        new.digest.as_ref().map(<[u8; 32]>::as_slice),
        new.at_ms
    )?;
    sql!(
        db,
        execute,
        "delete from adapter_generations
          where provider_id = $1
            and number <= (select max(number) from adapter_generations where provider_id = $1) - $2",
        provider,
        MOST_GENERATIONS
    )?;
    sql!(
        db,
        execute,
        "delete from adapters
          where provider_id = $1
            and digest not in (select digest from adapter_generations where provider_id = $1 and digest is not null)",
        provider
    )?;
    Ok(())
}
