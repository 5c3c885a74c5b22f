//! What happened to a contributed credential, in words for its owner; append-only.

use capstan_domain::CredentialId;
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{Store, StoreError};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id: the same one twice is one.
    pub id: Uuid,
    /// To which credential.
    pub credential: CredentialId,
    /// When.
    pub at_ms: i64,
    /// What, in a word: `contributed`, `depleted`, `rests`.
    pub kind: &'static str,
    /// The rest as a JSON object; never a secret, nothing of what was solved.
    pub detail: String,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CredentialEvent {
    /// When.
    pub at_ms: i64,
    /// What, in a word.
    pub kind: String,
    /// The rest as a JSON object.
    pub detail: String,
}

impl Store {
    /// Takes down what happened without changing how the credential stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_credential_event(&self, event: NewEvent) -> Result<(), StoreError> {
        self.write(event, |db, event| Box::pin(insert(db, event))).await
    }

    /// What happened to a credential, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_credential_events(
        &self,
        credential: CredentialId,
        most: u32,
    ) -> Result<Vec<CredentialEvent>, StoreError> {
        let db = &mut self.reader().await?;
        sql!(
            db,
            all as CredentialEvent,
            "select at_ms, kind, detail from credential_events
              where credential_id = $1 order by at_ms desc, id desc limit $2",
            credential.0,
            i64::from(most)
        )
    }
}

/// Whether it is taken down already.
pub(crate) async fn is_known(db: &mut Db, event: &NewEvent) -> Result<bool, StoreError> {
    let (known,) = sql!(db, one as (i64,), "select count(*) from credential_events where id = $1", event.id)?;
    Ok(known > 0)
}

pub(crate) async fn insert(db: &mut Db, event: &NewEvent) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into credential_events (id, credential_id, at_ms, kind, detail) values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing",
        event.id,
        event.credential.0,
        event.at_ms,
        event.kind,
        event.detail.as_str()
    )?;
    Ok(())
}
