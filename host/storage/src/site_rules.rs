//! Site rules: which sites tasks may not name.

use crate::db::sql;
use crate::{Store, StoreError};

/// A rule that refuses what its pattern names.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SiteRule {
    /// A host, optionally with a path, as `capstan_domain::policy` reads it.
    pub pattern: String,
    /// Why the rule is there, for people.
    pub note: String,
}

impl Store {
    /// Adds a rule, or changes the note of the one with that pattern.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_site_rule(&self, rule: SiteRule) -> Result<(), StoreError> {
        self.write(rule, |db, rule| {
            Box::pin(async move {
                sql!(
                    db,
                    execute,
                    "insert into site_rules (pattern, action, note) values ($1, 'deny', $2)
                     on conflict (pattern) do update set note = excluded.note",
                    rule.pattern.as_str(),
                    rule.note.as_str()
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Removes the rule with that pattern, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_site_rule(&self, pattern: &str) -> Result<(), StoreError> {
        self.write(pattern.to_owned(), |db, pattern| {
            Box::pin(async move {
                sql!(db, execute, "delete from site_rules where pattern = $1", pattern.as_str())?;
                Ok(())
            })
        })
        .await
    }

    /// Every rule, by pattern.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_site_rules(&self) -> Result<Vec<SiteRule>, StoreError> {
        let db = &mut self.reader().await?;
        sql!(db, all as SiteRule, "select pattern, note from site_rules order by pattern")
    }
}
