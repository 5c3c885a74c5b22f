//! Site rules: which sites tasks may not name, for whom, and who said so.

use capstan_domain::policy::{Action, Origin, Scope};
use capstan_domain::{AccountId, ApiKeyId};

use crate::db::{Db, sql};
use crate::{Store, StoreError, words};

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRule {
    /// Whose tasks it is about.
    pub scope: Scope,
    /// Who made it.
    pub origin: Origin,
    /// What it is about, as `capstan_domain::policy` reads it.
    pub pattern: String,
    /// What it does.
    pub action: Action,
    /// Why it is there, for people; clients read it.
    pub note: String,
    /// Whether it is in force; only default rules may be off.
    pub is_on: bool,
    /// When it was made.
    pub created_at_ms: i64,
}

/// What names a rule: its scope, who made it, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRuleName {
    /// Whose tasks it is about.
    pub scope: Scope,
    /// Who made it.
    pub origin: Origin,
    /// What it is about.
    pub pattern: String,
}

/// A rule of the list that the product comes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRule {
    /// What it is about.
    pub pattern: String,
    /// Why it is there.
    pub note: String,
}

#[derive(sqlx::FromRow)]
struct RuleRow {
    scope: String,
    origin: String,
    pattern: String,
    action: String,
    note: String,
    is_on: bool,
    created_at_ms: i64,
}

impl RuleRow {
    fn read(self) -> Result<SiteRule, StoreError> {
        Ok(SiteRule {
            scope: words::read(read_scope(&self.scope), "policy_rules", "scope", &self.pattern)?,
            origin: words::read(Origin::from_word(&self.origin), "policy_rules", "origin", &self.pattern)?,
            action: words::read(Action::from_word(&self.action), "policy_rules", "action", &self.pattern)?,
            pattern: self.pattern,
            note: self.note,
            is_on: self.is_on,
            created_at_ms: self.created_at_ms,
        })
    }
}

fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::Global => "global".to_owned(),
        Scope::Account(id) => format!("account {id}"),
        Scope::Key(id) => format!("key {id}"),
    }
}

fn read_scope(text: &str) -> Option<Scope> {
    match text.split_once(' ') {
        None => (text == "global").then_some(Scope::Global),
        Some(("account", id)) => id.parse().ok().map(AccountId).map(Scope::Account),
        Some(("key", id)) => id.parse().ok().map(ApiKeyId).map(Scope::Key),
        Some(_) => None,
    }
}

impl Store {
    /// Adds a rule, or replaces what the one of its name does and says.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_site_rule(&self, rule: SiteRule) -> Result<(), StoreError> {
        self.write(rule, |db, rule| Box::pin(put(db, rule))).await
    }

    /// Adds those default rules that are not there; one that an operator has switched off stays so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_default_rules(&self, rules: Vec<DefaultRule>, at_ms: i64) -> Result<(), StoreError> {
        let text = "select pattern from policy_rules where origin = 'default'";
        let known: Vec<(String,)> = sql!(&mut self.reader().await?, all as (String,), text)?;
        let is_new = |rule: &DefaultRule| !known.iter().any(|(pattern,)| *pattern == rule.pattern);
        let new: Vec<DefaultRule> = rules.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.write((new, at_ms), |db, (new, at_ms)| {
            Box::pin(async move {
                for rule in new {
                    // Another node may be starting at the same time.
                    sql!(
                        db,
                        execute,
                        "insert into policy_rules (scope, origin, pattern, action, note, created_at_ms)
                         values ('global', 'default', $1, 'deny', $2, $3) on conflict do nothing",
                        rule.pattern.as_str(),
                        rule.note.as_str(),
                        *at_ms
                    )?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Every rule, those that are off included, by pattern.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_site_rules(&self) -> Result<Vec<SiteRule>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as RuleRow,
            "select scope, origin, pattern, action, note, is_on, created_at_ms from policy_rules
              order by pattern, scope, origin"
        )?;
        rows.into_iter().map(RuleRow::read).collect()
    }
}

pub(crate) async fn put(db: &mut Db, rule: &SiteRule) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into policy_rules (scope, origin, pattern, action, note, is_on, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (scope, origin, pattern) do update set action = excluded.action, note = excluded.note,
                                                            is_on = excluded.is_on",
        scope_text(rule.scope),
        rule.origin.as_str(),
        rule.pattern.as_str(),
        rule.action.as_str(),
        rule.note.as_str(),
        rule.is_on,
        rule.created_at_ms
    )?;
    Ok(())
}

/// Takes a rule away.
pub(crate) async fn remove(db: &mut Db, name: &SiteRuleName) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "delete from policy_rules where scope = $1 and origin = $2 and pattern = $3",
        scope_text(name.scope),
        name.origin.as_str(),
        name.pattern.as_str()
    )?;
    found(changed, &name.pattern)
}

/// Switches a default rule on or off.
pub(crate) async fn switch_default(db: &mut Db, pattern: &str, is_on: bool) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "update policy_rules set is_on = $2 where scope = 'global' and origin = 'default' and pattern = $1",
        pattern,
        is_on
    )?;
    found(changed, pattern)
}

fn found(changed: u64, pattern: &str) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::Missing { table: "policy_rules", id: pattern.to_owned() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use capstan_domain::policy::Scope;
    use capstan_domain::{AccountId, ApiKeyId};
    use uuid::Uuid;

    use super::{read_scope, scope_text};

    #[test]
    fn a_scope_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        for scope in [Scope::Global, Scope::Account(AccountId(id)), Scope::Key(ApiKeyId(id))] {
            assert_eq!(read_scope(&scope_text(scope)), Some(scope));
        }
        for text in ["", "account", "account x", "node 1", "global 1"] {
            assert_eq!(read_scope(text), None, "{text}");
        }
    }
}
