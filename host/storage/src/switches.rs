//! The operator's switches for the whole gateway: names and values, whose meaning is their reader's affair.

use crate::db::{Db, sql};
use crate::{Store, StoreError};

impl Store {
    /// Every switch that is set, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_switches(&self) -> Result<Vec<(String, String)>, StoreError> {
        let db = &mut self.reader().await?;
        sql!(db, all as (String, String), "select name, value from switches order by name")
    }
}

/// Sets a switch, or takes it away.
pub(crate) async fn put(db: &mut Db, name: &str, value: Option<&str>) -> Result<(), StoreError> {
    match value {
        Some(value) => sql!(
            db,
            execute,
            "insert into switches (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
            name,
            value
        )?,
        None => sql!(db, execute, "delete from switches where name = $1", name)?,
    };
    Ok(())
}
