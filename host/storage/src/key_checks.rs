//! Values by which a key is known again; what they are made of is their maker's affair.

use crate::db::{Db, sql};
use crate::{Store, StoreError};

/// A value that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyCheck {
    /// Which key it is about.
    pub name: &'static str,
    /// A keyed digest.
    pub value: [u8; 32],
    /// When it was made.
    pub created_at_ms: i64,
}

impl Store {
    /// The value that is kept for a key, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_key_check(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        find(&mut self.reader().await?, name).await
    }

    /// Keeps a value unless one is kept already, and says which is: the first node to start decides, and the next one sees
    /// whether it has the same key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_key_check(&self, check: NewKeyCheck) -> Result<Vec<u8>, StoreError> {
        self.write(check, |db, check| Box::pin(keep(db, check))).await
    }
}

pub(crate) async fn find(db: &mut Db, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = sql!(db, optional as (Vec<u8>,), "select value from key_checks where name = $1", name)?;
    Ok(found.map(|(value,)| value))
}

async fn keep(db: &mut Db, check: &NewKeyCheck) -> Result<Vec<u8>, StoreError> {
    sql!(
        db,
        execute,
        "insert into key_checks (name, value, created_at_ms) values ($1, $2, $3) on conflict (name) do nothing",
        check.name,
        check.value.as_slice(),
        check.created_at_ms
    )?;
    let kept = find(db, check.name).await?;
    kept.ok_or_else(|| StoreError::Missing { table: "key_checks", id: check.name.to_owned() })
}
