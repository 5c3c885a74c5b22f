//! The task catalogue: every family of tasks with its typed parameters, its solution and the names it goes by.
//!
//! Adding a family is an entry in [`families`] and an adapter that serves it. [`parse()`] turns what a client sent into a
//! [`CanonicalTask`]; [`solution`] turns what an adapter returned into what clients read.

pub mod example;
pub mod families;
pub mod fields;
pub mod parse;
pub mod proxy;
pub mod read;
pub mod schema;
mod sent;
mod sites;
pub mod solution;
pub mod types;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};
use url::Url;

use crate::adapter::Proxy;
use crate::policy::plain_host;
pub use example::example;
pub use fields::{Address, Class, Field, Kind};
pub use parse::{TaskError, parse};
pub use schema::schema;
pub use types::{Says, Selector, Variant};

/// A family of tasks: one kind of captcha, whatever services call it.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Canonical name: prices, manifests and metrics hang on it.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Type name in results, without `ProxyLess`.
    pub wire_name: &'static str,
    /// Every type name that means this family, without `ProxyLess`; letter case does not count. Those in lower case are
    /// methods of the classic `in.php`.
    pub type_names: &'static [&'static str],
    /// Whether it can be solved through the client's proxy.
    pub takes_proxy: bool,
    /// What turns it into another family; the first that holds does.
    pub variants: &'static [Variant],
    /// Parameters beyond the proxy.
    pub fields: &'static [Field],
    /// Groups of canonical names; of each group one must be given.
    pub one_of: &'static [&'static [&'static str]],
    /// Fields of the solution. One of the main fields must be there, since services give different ones.
    pub solution: &'static [SolutionField],
    /// How long a solution can be used, in seconds; none where no service says.
    pub token_life_s: Option<u32>,
    /// Whether the solution is worth something only to the browser that `userAgent` names, in the solution or else in the
    /// task: the field must not get lost.
    pub bound_to_user_agent: bool,
    /// The one provider that knows this type; none where several do.
    pub only: Option<&'static str>,
    /// Whether parameters and solution are handed on as they are, only bounded: nobody but the provider knows them.
    /// [`fields`](Self::fields) are then read for site policy alone, and all of it counts as secret.
    pub passes_through: bool,
}

impl Family {
    /// The parameter of this canonical name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A field of a solution.
#[derive(Clone, Copy, Debug)]
pub struct SolutionField {
    /// Canonical name.
    pub name: &'static str,
    /// Other names under which clients read the same value, in the same shape.
    pub also: &'static [&'static str],
    /// How it is to be kept.
    pub class: Class,
    /// Whether it can be what the task was about.
    pub main: bool,
    /// What it holds, and in which shape.
    pub about: &'static str,
}

impl SolutionField {
    /// What the task can be about.
    #[must_use]
    pub const fn main(name: &'static str, class: Class, about: &'static str) -> Self {
        Self { name, also: &[], class, main: true, about }
    }

    /// What may come with it.
    #[must_use]
    pub const fn beside(name: &'static str, class: Class, about: &'static str) -> Self {
        Self { name, also: &[], class, main: false, about }
    }

    /// The same field under further names.
    #[must_use]
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
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
    /// Every site that the task names, the page first: at most 50, each with a host of at most 253 bytes. Site policy judges
    /// all of them.
    pub sites: Vec<Url>,
    /// Those of the sites that the task is for, and that a key's domains must cover: the page, and whatever a parameter names
    /// that is handed on as it is. Scripts and servers of captchas are none.
    pub pages: Vec<Url>,
    /// Every site key that the task names, whole, the page's first: at most 50.
    pub site_keys: Vec<String>,
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
        self.family.passes_through || secret_proxy || self.family.fields.iter().any(secret_field)
    }

    /// The host of the page, for the record that outlives the payload: at most 253 bytes.
    #[must_use]
    pub fn site_host(&self) -> Option<String> {
        self.sites.first().and_then(plain_host)
    }

    /// The site key, for the record that outlives the payload, as [`kept_site_key`] cuts it.
    #[must_use]
    pub fn site_key(&self) -> Option<&str> {
        self.site_keys.first().map(|key| kept_site_key(key))
    }
}

/// Most characters that are kept of a site key: what is longer is no site key, and an index must hold it.
const MAX_KEPT_SITE_KEY: usize = 255;

/// What is kept of a site key, and what it is looked up by: its first 255 characters.
#[must_use]
pub fn kept_site_key(key: &str) -> &str {
    let end = key.char_indices().nth(MAX_KEPT_SITE_KEY).map_or(key.len(), |(end, _)| end);
    key.get(..end).unwrap_or(key)
}

/// What services call the value by which a site is known to its captcha.
const SITE_KEYS: [&str; 7] = ["websiteKey", "websitePublicKey", "captchaId", "gt", "appId", "miseryKey", "sceneId"];

/// Every family, in the order of the documentation.
#[must_use]
pub fn all() -> &'static [Family] {
    families::FAMILIES
}

/// The family of this canonical name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Family> {
    static NAMES: LazyLock<HashMap<&'static str, &'static Family>> =
        LazyLock::new(|| all().iter().map(|family| (family.name, family)).collect());
    NAMES.get(name).copied()
}

/// What a type name says: the family, and whether it says `ProxyLess`.
///
/// Letter case, blanks around it, dashes and underscores do not count. A name such as `CustomTask`, of which a parameter
/// tells the family, has none by itself.
#[must_use]
pub fn by_type_name(type_name: &str) -> Option<(&'static Family, bool)> {
    let named = types::read(type_name)?;
    match named.means {
        types::Means::Family(family) => Some((family, named.proxyless)),
        types::Means::Choice(_) => None,
    }
}
