//! Site policy: which sites tasks may not name, and who may lift what.
//!
//! # What a rule is about
//!
//! | written | means |
//! |---|---|
//! | `example.com` | the domain and everything below it |
//! | `.example.com` or `*.example.com` | only what is below it |
//! | `host:www.example.com` | that host alone |
//! | `suffix:gov` | everything below a public suffix, which must be written so |
//! | `example.com/login` | that path and everything under it; also after `host:`, `.` and `suffix:` |
//! | `sitekey:6Le…` | that `websiteKey`, on whatever page |
//!
//! Hosts are compared as URLs write them: lower case, IDN in Punycode, without final dots, addresses in their usual form.
//! Paths are compared decoded and in lower case.
//!
//! # Precedence
//!
//! Every site and every site key of a task are each decided by themselves, and one refusal refuses the task. What decides
//! about one of them, the first that speaks:
//!
//! 1. a denial by the site's owner: nothing lifts it but its removal;
//! 2. the operator's own rules, scope by scope: global, the account's, the key's. In each scope the closest pattern decides
//!    (more labels, then the narrower reach, then the longer path), a denial on a tie. A denial in any scope refuses: no
//!    other scope's permission lifts it;
//! 3. a permission in any of these scopes: it lifts what follows;
//! 4. the default list, whose closest pattern decides;
//! 5. nothing: the site is allowed.

mod defaults;
mod domains;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

pub use defaults::{BadDefault, default_rules};
pub use domains::{BadDomains, KeyDomains, Places, SiteList};
pub use pattern::{BadPattern, MAX_HOST_BYTES, Pattern, has_known_suffix, plain_host, registrable};

use crate::{AccountId, ApiKeyId};
use pattern::{Closeness, Place, Target};

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Refuses.
    Deny,
    /// Lifts the default list.
    Allow,
}

/// Whose tasks a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everybody's.
    Global,
    /// One account's.
    Account(AccountId),
    /// One API key's.
    Key(ApiKeyId),
}

/// Who made a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The operator.
    Operator,
    /// The list that the product comes with.
    Default,
    /// The owner of the site, who has proved it.
    Owner,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Deny, Self::Allow].into_iter().find(|action| action.as_str() == word)
    }
}

impl Origin {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Default => "default",
            Self::Owner => "owner",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Operator, Self::Default, Self::Owner].into_iter().find(|origin| origin.as_str() == word)
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is about.
    pub pattern: Pattern,
    /// What it does.
    pub action: Action,
    /// Whose tasks it is about.
    pub scope: Scope,
    /// Who made it.
    pub origin: Origin,
    /// Why it is there; clients read it.
    pub note: String,
}

/// Whose task is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub account: Option<AccountId>,
    /// The API key.
    pub key: Option<ApiKeyId>,
}

/// What is asked about: one thing that a task names.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s> {
    /// A site.
    Site(&'s Url),
    /// A site key.
    SiteKey(&'s str),
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'p> {
    /// The rule that decides; none means that nothing is said.
    pub by: Option<&'p Rule>,
    /// The closest rule of each scope and of the default list, in the order in which they are asked.
    pub found: Vec<&'p Rule>,
}

impl Decision<'_> {
    /// Whether the task is refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.by.is_some_and(|rule| rule.action == Action::Deny)
    }
}

/// A set of rules, made once and asked often.
#[derive(Clone, Debug, Default)]
pub struct SitePolicy {
    levels: HashMap<Level, Rules>,
}

/// What is asked in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Level {
    Owner,
    Operator(Scope),
    Default,
}

/// The rules of one level, by the host or the site key that they name.
#[derive(Clone, Debug, Default)]
struct Rules {
    hosts: HashMap<String, Vec<Arc<Rule>>>,
    site_keys: HashMap<String, Vec<Arc<Rule>>>,
}

impl SitePolicy {
    /// A policy of these rules.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut policy = Self::default();
        for rule in rules {
            let level = match rule.origin {
                Origin::Owner => Level::Owner,
                Origin::Operator => Level::Operator(rule.scope),
                Origin::Default => Level::Default,
            };
            policy.levels.entry(level).or_default().add(rule);
        }
        policy
    }

    /// The rule that refuses a task which names these sites and these site keys, if any.
    #[must_use]
    pub fn refuses<'s>(
        &self,
        sites: &'s [Url],
        site_keys: impl IntoIterator<Item = &'s str>,
        who: Who,
    ) -> Option<&Rule> {
        let site_keys = site_keys.into_iter().map(Subject::SiteKey);
        let subjects = sites.iter().map(Subject::Site).chain(site_keys);
        subjects.map(|subject| self.decide(subject, who)).find(Decision::is_refusal).and_then(|decision| decision.by)
    }

    /// What is decided about one thing that a task names; see the module's head for the precedence.
    #[must_use]
    pub fn decide(&self, subject: Subject<'_>, who: Who) -> Decision<'_> {
        let operators = [Some(Scope::Global), who.account.map(Scope::Account), who.key.map(Scope::Key)];
        let levels = std::iter::once(Level::Owner)
            .chain(operators.into_iter().flatten().map(Level::Operator))
            .chain(std::iter::once(Level::Default));
        let asked = Asked::of(subject);
        let closest = |level: Level| self.levels.get(&level)?.closest(&asked).map(|rule| (level, rule));
        let spoken: Vec<(Level, &Rule)> = levels.filter_map(closest).collect();
        let of_people = || spoken.iter().filter(|(level, _)| *level != Level::Default).map(|(_, rule)| *rule);
        let by = of_people()
            .find(|rule| rule.action == Action::Deny)
            // Of several permissions the one nearest to the task is told.
            .or_else(|| of_people().next_back())
            .or_else(|| spoken.last().map(|(_, rule)| *rule));
        Decision { by, found: spoken.into_iter().map(|(_, rule)| rule).collect() }
    }
}

/// What is asked about, in the spelling of patterns.
enum Asked<'s> {
    Place(Place<'s>),
    SiteKey(String),
    /// A URL without a host, which names nothing.
    Nothing,
}

impl<'s> Asked<'s> {
    fn of(subject: Subject<'s>) -> Self {
        match subject {
            Subject::Site(url) => Place::of(url).map_or(Self::Nothing, Self::Place),
            Subject::SiteKey(key) => Self::SiteKey(key.trim().to_ascii_lowercase()),
        }
    }
}

impl Rules {
    fn add(&mut self, rule: Rule) {
        let place = match &rule.pattern.target {
            Target::Place { host, .. } => self.hosts.entry(host.clone()),
            Target::SiteKey(key) => self.site_keys.entry(key.clone()),
        };
        place.or_default().push(Arc::new(rule));
    }

    fn closest(&self, asked: &Asked<'_>) -> Option<&Rule> {
        let denies = |rule: &Rule| rule.action == Action::Deny;
        match asked {
            Asked::Place(place) => {
                let of_host = |host: &str| self.hosts.get(host).into_iter().flatten();
                let fitting =
                    place.above().flat_map(of_host).filter_map(|rule| Some((rule.pattern.fits(place)?, rule)));
                let closest = fitting.max_by_key(|(closeness, rule): &(Closeness, _)| (*closeness, denies(rule)));
                closest.map(|(_, rule)| rule.as_ref())
            }
            Asked::SiteKey(key) => {
                let of_key = self.site_keys.get(key).into_iter().flatten();
                of_key.max_by_key(|rule| denies(rule)).map(AsRef::as_ref)
            }
            Asked::Nothing => None,
        }
    }
}
