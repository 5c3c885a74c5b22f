//! Site policy: the operator's rules, the default list, and which rule decides. How rules are read and who may lift what
//! is `capstan_domain::policy`'s.

use capstan_domain::policy::{Action, Origin, Pattern, Rule, Scope, Subject, Who};
use capstan_storage::{Account, ApiKey, Change, SiteRule, SiteRuleName};
use serde_json::{Value, json};
use url::Url;

use super::accounts::{self, MOST_NAME_CHARS, read_name};
use super::{Call, OperateError, Operator, RuleLine, keys, times};
use crate::{clock, site_policy};

/// Which rules are listed.
pub(super) struct Filter {
    pub(super) account: Option<String>,
    pub(super) key: Option<String>,
    pub(super) origin: Option<String>,
}

/// What is asked of the policy.
pub(super) struct Question {
    pub(super) url: Option<String>,
    pub(super) site_key: Option<String>,
    pub(super) account: Option<String>,
    pub(super) key: Option<String>,
}

pub(super) async fn list(operator: &Operator, filter: Filter) -> Result<Value, OperateError> {
    let origin = filter.origin.as_deref().map(read_origin).transpose()?;
    let scope = match (&filter.account, &filter.key) {
        (None, None) => None,
        (account, key) => Some(scope(operator, account.as_deref(), key.as_deref()).await?),
    };
    let names = Names::read(operator).await?;
    let wanted = |rule: &&SiteRule| {
        origin.is_none_or(|origin| rule.origin == origin) && scope.is_none_or(|scope| rule.scope == scope)
    };
    let rules = operator.store.list_site_rules().await?;
    Ok(rules.iter().filter(wanted).map(|rule| shown(rule, &names)).collect())
}

/// Makes a rule of the operator's, or says anew what it does.
pub(super) async fn put(call: &Call<'_>, line: &RuleLine, action: Action) -> Result<Value, OperateError> {
    let rule = SiteRule {
        scope: scope(call.operator, line.account.as_deref(), line.key.as_deref()).await?,
        origin: Origin::Operator,
        pattern: read_pattern(&line.pattern)?.as_str().to_owned(),
        action,
        note: read_name("note", &line.note)?,
        is_on: true,
        created_at_ms: clock::now_ms(),
    };
    let answer = shown(&rule, &Names::read(call.operator).await?);
    let said = match action {
        Action::Deny => "policy add",
        Action::Allow => "policy allow",
    };
    call.change(said, target(&rule.pattern), answer.clone(), Change::PutSiteRule(rule)).await?;
    Ok(answer)
}

/// Takes a rule away; one of the default list is switched off, so that an upgrade does not bring it back.
pub(super) async fn remove(call: &Call<'_>, line: &RuleLine) -> Result<Value, OperateError> {
    let origin = line.origin.as_deref().map(read_origin).transpose()?;
    let scope = scope(call.operator, line.account.as_deref(), line.key.as_deref()).await?;
    let mut rules = call.operator.store.list_site_rules().await?;
    rules.retain(|rule| rule.scope == scope && rule.is_on && origin.is_none_or(|origin| rule.origin == origin));
    let mut meant = named(rules, &line.pattern).into_iter();
    let shortened = || line.pattern.chars().take(MOST_NAME_CHARS).collect();
    let found = meant.next().ok_or_else(|| OperateError::Unknown { what: "rule", name: shortened() })?;
    let text = found.pattern.clone();
    if meant.next().is_some() {
        return Err(OperateError::Bad(format!("origin: several have a rule on {text}; say whose with --origin")));
    }
    let (change, status) = match found.origin {
        Origin::Default => (Change::SwitchDefaultRule { pattern: text.clone(), is_on: false }, "off"),
        Origin::Operator | Origin::Owner => {
            let name = SiteRuleName { scope, origin: found.origin, pattern: text.clone() };
            (Change::RemoveSiteRule(name), "removed")
        }
    };
    let mut answer = shown(&found, &Names::read(call.operator).await?);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("status".to_owned(), json!(status));
    }
    call.change("policy remove", target(&text), answer.clone(), change).await?;
    Ok(answer)
}

/// Switches a rule of the default list on again.
pub(super) async fn restore(call: &Call<'_>, pattern: &str) -> Result<Value, OperateError> {
    let mut rules = call.operator.store.list_site_rules().await?;
    rules.retain(|rule| rule.origin == Origin::Default);
    let found = named(rules, pattern).into_iter().next();
    let shortened = || pattern.trim().chars().take(MOST_NAME_CHARS).collect();
    let found = found.ok_or_else(|| OperateError::Unknown { what: "default rule", name: shortened() })?;
    let pattern = found.pattern.clone();
    let answer = shown(&SiteRule { is_on: true, ..found }, &Names::read(call.operator).await?);
    let change = Change::SwitchDefaultRule { pattern: pattern.clone(), is_on: true };
    call.change("policy restore", target(&pattern), answer.clone(), change).await?;
    Ok(answer)
}

/// Which rule decides about a site and a site key, and why.
pub(super) async fn test(operator: &Operator, asked: Question) -> Result<Value, OperateError> {
    let url = asked.url.as_deref().map(read_url).transpose()?;
    let site_key = asked.site_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    if url.is_none() && site_key.is_none() {
        return Err(OperateError::Bad("nothing is asked about; name a URL or --site-key".to_owned()));
    }
    let key = match &asked.key {
        Some(name) => Some(keys::find(operator, name).await?),
        None => None,
    };
    let account = match &asked.account {
        Some(name) => Some(accounts::find(operator, name).await?.id),
        None => key.as_ref().map(|key| key.account),
    };
    if let (Some(account), Some(key)) = (account, &key)
        && key.account != account
    {
        return Err(OperateError::Bad("key: it is another account's".to_owned()));
    }
    let who = Who { account, key: key.as_ref().map(|key| key.id) };
    let bad = |error: capstan_domain::policy::BadPattern| OperateError::Bad(error.to_string());
    let policy = site_policy::of(operator.store.list_site_rules().await?).map_err(bad)?;
    let names = Names::read(operator).await?;
    let mut found = Vec::new();
    let mut deciding = None;
    for subject in url.iter().map(Subject::Site).chain(site_key.map(Subject::SiteKey)) {
        let decision = policy.decide(subject, who);
        found.extend(decision.found.iter().map(|rule| rule_shown(rule, &names)));
        let is_new = deciding.is_none_or(|before: &Rule| before.action == Action::Allow);
        deciding = decision.by.filter(|_| is_new).or(deciding);
    }
    let own = key.as_ref().map(|key| own_refusal(key, url.as_ref())).transpose()?.flatten();
    let by_rule = deciding.is_some_and(|rule| rule.action == Action::Deny);
    Ok(json!({
        "answer": if by_rule || own.is_some() { "refused" } else { "allowed" },
        "why": why(deciding, own.as_deref()), "rule": deciding.map(|rule| rule_shown(rule, &names)), "found": found,
    }))
}

/// What the key's own domains say against a task for this site, or for none.
fn own_refusal(key: &ApiKey, url: Option<&Url>) -> Result<Option<String>, OperateError> {
    let Some(domains) = &key.settings.domains else { return Ok(None) };
    let texts = domains.iter().map(String::as_str);
    let domains = capstan_domain::policy::KeyDomains::read_stored(texts, key.settings.without_url);
    let domains = domains.map_err(|error| OperateError::Bad(error.to_string()))?;
    // As createTask has it: without a page, a key with domains is refused unless it may do without.
    Ok(domains.refusal(url.map(std::slice::from_ref).unwrap_or_default()))
}

fn why(deciding: Option<&Rule>, own: Option<&str>) -> String {
    let by = |rule: &Rule| match (rule.origin, rule.action) {
        (Origin::Owner, _) => "the site's owner has asked for it, which nothing lifts",
        (Origin::Operator, Action::Deny) => "the operator's own rule, which no permission in another scope lifts",
        (Origin::Operator, Action::Allow) => "the operator's own rule, which lifts the default list",
        (Origin::Default, _) => "the default list, which no rule of the operator's lifts here",
    };
    match (deciding, own) {
        (Some(rule), _) if rule.action == Action::Deny => by(rule).to_owned(),
        (_, Some(own)) => own.to_owned(),
        (Some(rule), None) => by(rule).to_owned(),
        (None, None) => "no rule is about it".to_owned(),
    }
}

/// The rules that a text names: those stored as it is written, and otherwise those whose one spelling is the text's. A rule
/// that cannot be read, or not be made any more, is still found.
fn named(rules: Vec<SiteRule>, text: &str) -> Vec<SiteRule> {
    let text = text.trim();
    let spelt = |text: &str| Pattern::read_stored(text).map_or_else(|_| text.to_owned(), |p| p.as_str().to_owned());
    let one = spelt(text);
    let is_exact = rules.iter().any(|rule| rule.pattern == text);
    let is_named = |rule: &SiteRule| if is_exact { rule.pattern == text } else { spelt(&rule.pattern) == one };
    rules.into_iter().filter(is_named).collect()
}

async fn scope(operator: &Operator, account: Option<&str>, key: Option<&str>) -> Result<Scope, OperateError> {
    match (account, key) {
        (None, None) => Ok(Scope::Global),
        (Some(name), None) => Ok(Scope::Account(accounts::find(operator, name).await?.id)),
        (None, Some(name)) => Ok(Scope::Key(keys::find(operator, name).await?.id)),
        (Some(_), Some(_)) => Err(OperateError::Bad("key: name an account or a key, not both".to_owned())),
    }
}

fn read_pattern(text: &str) -> Result<Pattern, OperateError> {
    Pattern::read(text).map_err(|error| OperateError::Bad(format!("pattern: {error}")))
}

fn read_origin(text: &str) -> Result<Origin, OperateError> {
    Origin::from_word(text.trim())
        .ok_or_else(|| OperateError::Bad(format!("origin is {text:?}: it must be one of operator, default, owner")))
}

/// A URL as a task would name it; a bare host is its front page.
fn read_url(text: &str) -> Result<Url, OperateError> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| OperateError::Bad("url: it must be a whole http or https URL, or a host".to_owned()))
}

fn target(pattern: &str) -> String {
    format!("site {pattern}")
}

/// What accounts and keys are called.
pub(super) struct Names {
    accounts: Vec<Account>,
    keys: Vec<ApiKey>,
}

impl Names {
    pub(super) async fn read(operator: &Operator) -> Result<Self, OperateError> {
        Ok(Self { accounts: operator.store.list_accounts().await?, keys: operator.store.list_api_keys(None).await? })
    }

    pub(super) fn key(&self, id: capstan_domain::ApiKeyId) -> Option<&ApiKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub(super) fn account(&self, id: capstan_domain::AccountId) -> Option<&str> {
        self.accounts.iter().find(|account| account.id == id).map(|account| account.name.as_str())
    }

    fn scope(&self, scope: Scope) -> String {
        match scope {
            Scope::Global => "global".to_owned(),
            Scope::Account(id) => format!("account {}", self.account(id).unwrap_or("?")),
            Scope::Key(id) => format!("key {}", self.key(id).map_or("?", |key| key.public_id.as_str())),
        }
    }
}

fn shown(rule: &SiteRule, names: &Names) -> Value {
    json!({
        "pattern": rule.pattern, "action": rule.action.as_str(), "scope": names.scope(rule.scope),
        "origin": rule.origin.as_str(), "status": if rule.is_on { "on" } else { "off" }, "note": rule.note,
        "created": times::shown(rule.created_at_ms),
    })
}

fn rule_shown(rule: &Rule, names: &Names) -> Value {
    json!({
        "pattern": rule.pattern.as_str(), "action": rule.action.as_str(), "scope": names.scope(rule.scope),
        "origin": rule.origin.as_str(), "note": rule.note,
    })
}

#[cfg(test)]
mod tests {
    use capstan_domain::policy::{Action, Origin, Scope};
    use capstan_storage::SiteRule;

    use super::named;

    #[test]
    fn a_rule_is_named_by_its_one_spelling_and_by_what_is_stored() {
        let stored = ["*.example.com", ".example.org", "*.example.org", "github.io", "not a rule"];
        let rule = |pattern: &str| SiteRule {
            scope: Scope::Global,
            origin: Origin::Operator,
            pattern: pattern.to_owned(),
            action: Action::Deny,
            note: "why".to_owned(),
            is_on: true,
            created_at_ms: 0,
        };
        for (text, expected) in [
            (".example.com", &["*.example.com"][..]),
            ("*.EXAMPLE.com", &["*.example.com"]),
            ("*.example.org", &["*.example.org"]),
            (".example.org", &[".example.org"]),
            ("GitHub.io.", &["github.io"]),
            (" not a rule ", &["not a rule"]),
            ("example.com", &[]),
        ] {
            let found = named(stored.iter().map(|pattern| rule(pattern)).collect(), text);
            let found: Vec<&str> = found.iter().map(|rule| rule.pattern.as_str()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
