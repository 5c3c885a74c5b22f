//! Providers: what an operator says of them; the rest is in their adapter's manifest.

use capstan_domain::ProviderId;
use serde::{Deserialize, Serialize};

use crate::db::{Db, sql};
use crate::{ProviderStatus, Store, StoreError, words};

/// A provider's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id, as its adapter's manifest gives it.
    pub id: ProviderId,
    /// Where requests go instead of the manifest's base URL.
    pub base_url: Option<String>,
    /// Divides every wait of its manifest; 1 for all but simulated providers.
    pub time_scale: u32,
    /// Whether its base URL may lead to this machine.
    pub loopback: bool,
    /// How it stands.
    pub status: ProviderStatus,
    /// Why its credentials may be contributed: the clause of its terms, or the agreement. None forbids it.
    pub contribution_note: Option<String>,
    /// Where its adapter may send requests to; none until a start that has an adapter for it.
    pub granted: Option<Granted>,
    /// When it was first set.
    pub created_at_ms: i64,
}

/// Where an adapter may send requests to, of what its manifest names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    /// The manifest's own base URL, as it was then.
    pub base_url: String,
    /// Hosts besides that one's, as a manifest writes them.
    pub hosts: Vec<String>,
    /// The id of the publisher's key; none for components that no package vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ProviderRow {
    id: String,
    base_url: Option<String>,
    time_scale: i64,
    loopback: bool,
    status: String,
    contribution_note: Option<String>,
    granted: Option<String>,
    created_at_ms: i64,
}

impl ProviderRow {
    fn read(self) -> Result<Provider, StoreError> {
        Ok(Provider {
            id: read_id("providers", "id", &self.id)?,
            base_url: self.base_url,
            time_scale: words::read(u32::try_from(self.time_scale).ok(), "providers", "time_scale", &self.id)?,
            loopback: self.loopback,
            status: words::read(ProviderStatus::from_word(&self.status), "providers", "status", &self.id)?,
            contribution_note: self.contribution_note,
            granted: self.granted.as_deref().map(|text| read_granted(text, &self.id)).transpose()?,
            created_at_ms: self.created_at_ms,
        })
    }
}

fn read_granted(text: &str, provider: &str) -> Result<Granted, StoreError> {
    words::read(serde_json::from_str(text).ok(), "providers", "granted", provider)
}

pub(crate) fn read_id(table: &'static str, column: &'static str, text: &str) -> Result<ProviderId, StoreError> {
    words::read(ProviderId::new(text).ok(), table, column, text)
}

impl Store {
    /// Makes a provider or sets everything about it but the time of its making.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upsert_provider(&self, provider: Provider) -> Result<(), StoreError> {
        self.write(provider, |db, provider| Box::pin(upsert(db, provider))).await
    }

    /// Grants a provider's adapter what its manifest names, where nothing was granted yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn grant_first(&self, id: &ProviderId, granted: &Granted) -> Result<(), StoreError> {
        let granted = serde_json::to_string(granted).unwrap_or_default();
        self.write((id.clone(), granted), |db, (id, granted)| {
            Box::pin(async move {
                sql!(
                    db,
                    execute,
                    "update providers set granted = $2 where id = $1 and granted is null",
                    id.as_str(),
                    &**granted
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Every provider, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_providers(&self) -> Result<Vec<Provider>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as ProviderRow,
            "select id, base_url, time_scale, loopback, status, contribution_note, granted, created_at_ms
               from providers order by id"
        )?;
        rows.into_iter().map(ProviderRow::read).collect()
    }
}

pub(crate) async fn upsert(db: &mut Db, provider: &Provider) -> Result<(), StoreError> {
    let granted = provider.granted.as_ref().and_then(|granted| serde_json::to_string(granted).ok());
    sql!(
        db,
        execute,
        "insert into providers (id, base_url, time_scale, loopback, status, contribution_note, granted, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do update set base_url = excluded.base_url, time_scale = excluded.time_scale,
                                        loopback = excluded.loopback, status = excluded.status,
                                        contribution_note = excluded.contribution_note, granted = excluded.granted",
        provider.id.as_str(),
        provider.base_url.as_deref(),
        i64::from(provider.time_scale),
        provider.loopback,
        provider.status.as_str(),
        provider.contribution_note.as_deref(),
        granted.as_deref(),
        provider.created_at_ms
    )?;
    Ok(())
}
