//! The task catalogue: every family of tasks with its typed parameters, its solution and the names it goes by.
//!
//! Adding a family is an entry in [`families`] and an adapter that serves it. [`parse()`] turns what a client sent into a
//! [`CanonicalTask`]; [`solution`] turns what an adapter returned into what clients read.

pub mod families;
pub mod fields;
pub mod parse;
pub mod proxy;
pub mod solution;

use serde_json::{Map, Value};
use url::Url;

use crate::adapter::Proxy;
use crate::policy::plain_host;
pub use fields::{Class, Field, Kind};
pub use parse::{TaskError, parse};

/// A family of tasks: one kind of captcha, whatever services call it.
#[derive(Debug)]
pub struct Family {
    /// Canonical name: prices, manifests and metrics hang on it.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Type name in results, without `ProxyLess`.
    pub wire_name: &'static str,
    /// Every type name that means this family, without `ProxyLess`; letter case does not count.
    pub type_names: &'static [&'static str],
    /// Whether it can be solved through the client's proxy.
    pub takes_proxy: bool,
    /// The family that `isEnterprise: true` turns it into.
    pub enterprise: Option<&'static str>,
    /// Parameters beyond the proxy.
    pub fields: &'static [Field],
    /// Fields of the solution; the first is the one that must be there.
    pub solution: &'static [SolutionField],
    /// How long a solution can be used, in seconds.
    pub token_life_s: Option<u32>,
}

/// A field of a solution.
#[derive(Debug)]
pub struct SolutionField {
    /// Canonical name.
    pub name: &'static str,
    /// Other names under which clients read the same value.
    pub also: &'static [&'static str],
    /// How it is to be kept.
    pub class: Class,
}

/// A client's task, checked and in canonical form.
#[derive(Clone)]
pub struct CanonicalTask {
    /// What kind it is.
    pub family: &'static Family,
    /// Canonical parameters.
    pub parameters: Map<String, Value>,
    /// The client's proxy, when the task is to be solved through it.
    pub proxy: Option<Proxy>,
    /// Every site that the task names, the page first.
    pub sites: Vec<Url>,
}

impl CanonicalTask {
    /// The type name for results: the family's, with `ProxyLess` where no proxy is used.
    #[must_use]
    pub fn wire_type(&self) -> String {
        let suffix = if self.family.takes_proxy && self.proxy.is_none() { "ProxyLess" } else { "" };
        format!("{}{suffix}", self.family.wire_name)
    }

    /// Whether it carries secrets (cookies, proxy logins): such a task meets community credentials only when `all` was
    /// asked for explicitly.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        let secret_field = |f: &Field| f.class == Class::Secret && self.parameters.contains_key(f.name);
        let secret_proxy = self.proxy.as_ref().is_some_and(|p| p.login.is_some() || p.password.is_some());
        secret_proxy || self.family.fields.iter().any(secret_field)
    }

    /// The host of the page, for the record that outlives the payload.
    #[must_use]
    pub fn site_host(&self) -> Option<String> {
        self.sites.first().and_then(plain_host)
    }

    /// The site key, for the record that outlives the payload.
    #[must_use]
    pub fn site_key(&self) -> Option<&str> {
        self.parameters.get("websiteKey").and_then(Value::as_str)
    }
}

/// Every family, in the order of the documentation.
#[must_use]
pub const fn all() -> &'static [Family] {
    families::FAMILIES
}

/// The family of this canonical name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Family> {
    families::FAMILIES.iter().find(|f| f.name == name)
}

/// What a type name says: the family, and whether it says `ProxyLess`.
///
/// Letter case, blanks around it, dashes and underscores do not count.
#[must_use]
pub fn by_type_name(type_name: &str) -> Option<(&'static Family, bool)> {
    let bare = fields::bare(type_name);
    let (base, proxyless) = match bare.strip_suffix("proxyless") {
        Some(base) => (base, true),
        None => (bare.as_str(), false),
    };
    let is_named = |f: &&Family| f.type_names.iter().any(|n| fields::bare(n) == base) || fields::bare(f.name) == base;
    families::FAMILIES.iter().find(is_named).map(|family| (family, proxyless))
}
