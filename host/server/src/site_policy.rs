//! Site policy as the gateway runs it: made of the database's rules, and of the list that the product comes with.

use capstan_domain::policy::{BadDefault, BadPattern, Pattern, Rule, SitePolicy, default_rules};
use capstan_storage::{DefaultRule, SiteRule};

/// The rules in force. A policy with a hole is not put in force: one that cannot be read is an error. What is a public suffix
/// was asked when a rule was made, and not again: a newer list must not stop the gateway.
pub(crate) fn of(rows: Vec<SiteRule>) -> Result<SitePolicy, BadPattern> {
    let read = |row: SiteRule| {
        let SiteRule { scope, origin, action, note, .. } = row;
        Ok(Rule { pattern: Pattern::read_stored(&row.pattern)?, action, scope, origin, note })
    };
    let rules: Vec<Rule> = rows.into_iter().filter(|row| row.is_on).map(read).collect::<Result<_, BadPattern>>()?;
    Ok(SitePolicy::new(rules))
}

/// The list that the product comes with, as it is kept.
pub(crate) fn defaults() -> Result<Vec<DefaultRule>, BadDefault> {
    let kept =
        |(pattern, note): (Pattern, &str)| DefaultRule { pattern: pattern.as_str().to_owned(), note: note.to_owned() };
    Ok(default_rules()?.into_iter().map(kept).collect())
}
