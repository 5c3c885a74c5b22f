//! Adapters that were installed: their components, and which of them each provider has had in force, one generation after the other.

use capstan_domain::ProviderId;

use crate::db::{Db, sql};
use crate::providers::read_id;
use crate::{Store, StoreError, words};

/// A component as it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAdapter {
    /// SHA-256 of the component.
    pub digest: [u8; 32],
    /// Its manifest's version.
    pub version: String,
    /// The component.
    pub component: Vec<u8>,
    /// The id of its publisher's key, where a package vouches for it.
    pub publisher: Option<String>,
}

/// What a provider has in force from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGeneration {
    /// The provider.
    pub provider: ProviderId,
    /// Its adapter's digest; none where it has none any more.
    pub digest: Option<[u8; 32]>,
    /// The component, where it is installed by this.
    pub installed: Option<NewAdapter>,
    /// Where it is on trial, how many percent of the new tasks it gets, 1 to 99; the newest that is on no trial gets the rest.
    pub trial_share: Option<u8>,
    /// Why, where nobody said so.
    pub why: Option<String>,
    /// When nothing is to change after all.
    pub unless: Unless,
    /// Now.
    pub at_ms: i64,
}

/// What makes a new generation needless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unless {
    /// Nothing.
    Never,
    /// That it was ever installed before.
    Installed,
    /// That there is a newer one than this number: somebody has decided meanwhile.
    After(i64),
}

/// What a provider had in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The provider.
    pub provider: ProviderId,
    /// 1 for its first.
    pub number: i64,
    /// Its adapter's digest; none where it had none.
    pub digest: Option<[u8; 32]>,
    /// Its adapter's version, in the same case.
    pub version: Option<String>,
    /// Its publisher's key, where a package vouches for it.
    pub publisher: Option<String>,
    /// Since when.
    pub began_at_ms: i64,
    /// Where it is, or was, on trial, how many percent of the new tasks it gets.
    pub trial_share: Option<u8>,
    /// Why it began, where no operator said so.
    pub why: Option<String>,
}

/// As many generations of one provider are kept: what one may be rolled back to.
const MOST_GENERATIONS: i64 = 16;
/// And each component until it has been out of force for two days, longer than any task is asked about: those that it has sent are
/// its own to finish.
const KEPT_MS: i64 = 2 * 86_400_000;

#[derive(sqlx::FromRow)]
struct Row {
    provider_id: String,
    number: i64,
    digest: Option<Vec<u8>>,
    version: Option<String>,
    publisher: Option<String>,
    began_at_ms: i64,
    trial_share: Option<i64>,
    why: Option<String>,
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
            "select g.provider_id, g.number, g.digest, a.version, a.publisher, g.began_at_ms, g.trial_share, g.why
               from adapter_generations g left join adapters a on a.digest = g.digest
              order by g.provider_id, g.number desc"
        )?;
        let read = |row: Row| {
            let provider = read_id("adapter_generations", "provider_id", &row.provider_id)?;
            let Row { number, digest, version, publisher, began_at_ms, why, .. } = row;
            let digest = digest.map(|digest| read_digest(&digest, provider.as_str())).transpose()?;
            let trial_share = row.trial_share.and_then(|share| u8::try_from(share).ok());
            Ok(Generation { provider, number, digest, version, publisher, began_at_ms, trial_share, why })
        };
        rows.into_iter().map(read).collect()
    }

    /// A component that was installed and is still kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_component(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let db = &mut self.reader().await?;
        let found =
            sql!(db, optional as (Option<Vec<u8>>,), "select component from adapters where digest = $1", digest)?;
        Ok(found.and_then(|(component,)| component))
    }

    /// Every version of a provider's adapter that a package ever brought, with its component's digest, kept or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_published(&self, provider: &ProviderId) -> Result<Vec<(String, [u8; 32])>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (String, Vec<u8>),
            "select version, digest from adapters where provider_id = $1 and publisher is not null",
            provider.as_str()
        )?;
        rows.into_iter().map(|(version, digest)| Ok((version, read_digest(&digest, provider.as_str())?))).collect()
    }

    /// Whether this was ever installed, kept or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn was_installed(&self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        was_installed(&mut self.reader().await?, digest).await
    }
}

fn read_digest(bytes: &[u8], provider: &str) -> Result<[u8; 32], StoreError> {
    words::read(bytes.try_into().ok(), "adapter_generations", "digest", provider)
}

async fn was_installed(db: &mut Db, digest: &[u8; 32]) -> Result<bool, StoreError> {
    let found =
        sql!(db, optional as (i64,), "select installed_at_ms from adapters where digest = $1", digest.as_slice())?;
    Ok(found.is_some())
}

pub(crate) async fn begin(db: &mut Db, new: &NewGeneration) -> Result<(), StoreError> {
    // One after the other, whichever node they come from: each is numbered after the one before it.
    if let Db::Postgres(_) = db {
        sql!(db, execute, "lock table adapter_generations in exclusive mode")?;
    }
    let provider = new.provider.as_str();
    match (new.unless, &new.installed) {
        (Unless::Installed, Some(installed)) if was_installed(db, &installed.digest).await? => return Ok(()),
        (Unless::After(number), _) if newest(db, provider).await? != Some(number) => return Ok(()),
        (Unless::Never | Unless::Installed | Unless::After(_), _) => {}
    }
    if let Some(installed) = &new.installed {
        install(db, new, installed).await?;
    }
    // The one before, and the one that was on trial beside it, are in force until now.
    sql!(
        db,
        execute,
        "update adapters set in_force_ms = $2
          where digest in (select digest from adapter_generations
                            where provider_id = $1
                              and number >= (select coalesce(max(number), 0) from adapter_generations
                                              where provider_id = $1 and trial_share is null))",
        provider,
        new.at_ms
    )?;
    sql!(
        db,
        execute,
        "insert into adapter_generations (provider_id, number, digest, began_at_ms, trial_share, why)
         select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 from adapter_generations where provider_id = $1",
        provider,
        new.digest.as_ref().map(<[u8; 32]>::as_slice),
        new.at_ms,
        new.trial_share.map(i64::from),
        new.why.as_deref()
    )?;
    forget(db, provider, new.at_ms).await
}

async fn newest(db: &mut Db, provider: &str) -> Result<Option<i64>, StoreError> {
    let found = sql!(
        db,
        optional as (Option<i64>,),
        "select max(number) from adapter_generations where provider_id = $1",
        provider
    )?;
    Ok(found.and_then(|(number,)| number))
}

async fn install(db: &mut Db, new: &NewGeneration, installed: &NewAdapter) -> Result<(), StoreError> {
    let NewAdapter { digest, version, component, publisher } = installed;
    sql!(
        db,
        execute,
        "insert into adapters (digest, provider_id, version, component, installed_at_ms, in_force_ms, publisher)
         values ($1, $2, $3, $4, $5, $5, $6)
         on conflict (digest) do update
            set component = excluded.component, in_force_ms = excluded.in_force_ms, publisher = excluded.publisher",
        digest.as_slice(),
        new.provider.as_str(),
        version.as_str(),
        component.as_slice(),
        new.at_ms,
        publisher.as_deref()
    )?;
    Ok(())
}

/// What nobody needs any more. That something was installed is kept: a file of the configuration is installed once.
async fn forget(db: &mut Db, provider: &str, now_ms: i64) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "delete from adapter_generations
          where provider_id = $1
            and number <= (select max(number) from adapter_generations where provider_id = $1) - $2
            and number < (select max(number) from adapter_generations where provider_id = $1 and trial_share is null)",
        provider,
        MOST_GENERATIONS
    )?;
    sql!(
        db,
        execute,
        "update adapters set component = null
          where provider_id = $1 and component is not null and in_force_ms < $2
            and digest not in (select digest from adapter_generations where provider_id = $1 and digest is not null)",
        provider,
        now_ms.saturating_sub(KEPT_MS)
    )?;
    Ok(())
}
