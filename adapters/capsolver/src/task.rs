//! From a canonical task to the body of `createTask`.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme, Submission, apply_rules};
use serde_json::{Map, Value, json};

use crate::families::{self, Family, Rows, Types};

/// A `createTask` body that is being written.
pub(crate) struct Draft {
    task: Map<String, Value>,
    /// Turnstile's `metadata`, gathered from several parameters.
    pub metadata: Map<String, Value>,
    has_proxy: bool,
}

impl adapter_kit::Draft for Draft {
    fn set(&mut self, name: &'static str, value: Value) {
        self.task.insert(name.to_owned(), value);
    }

    fn has_proxy(&self) -> bool {
        self.has_proxy
    }
}

/// Where a task is posted, and the body without the key.
///
/// # Errors
/// `not-supported` where the provider cannot take the task as it is, `invalid-task` where nobody can.
pub(crate) fn create_task(task: &Submission) -> Result<(&'static str, Value), Fault> {
    let family = families::find(&task.family)
        .ok_or_else(|| Fault::not_supported("FAMILY_NOT_SUPPORTED", &format!("{} is not served", task.family)))?;
    let given: Map<String, Value> = task.read_parameters()?;
    let kind = type_name(family, task.proxy.is_some())?;
    (family.check)(&given)?;
    if let Some((name, reason)) = family.needs.iter().find(|(name, _)| !given.contains_key(*name)) {
        return Err(Fault::parameter_refused(name, reason));
    }
    let mut draft = Draft { task: Map::new(), metadata: Map::new(), has_proxy: task.proxy.is_some() };
    match &family.parameters {
        Rows::Table(rows) => apply_rules(rows, &given, &mut draft)?,
        Rows::AsSent(page) => draft.task = as_sent(given, page),
    }
    for (name, value) in family.defaults {
        draft.task.entry(*name).or_insert_with(|| json!(value));
    }
    draft.set("type", json!(kind));
    if let Some(proxy) = &task.proxy {
        set_proxy(proxy, &mut draft)?;
    }
    if !draft.metadata.is_empty() {
        let metadata = std::mem::take(&mut draft.metadata);
        draft.set("metadata", Value::Object(metadata));
    }
    Ok((family.path, json!({ "task": draft.task })))
}

/// The provider's name of the type, with the client's proxy or without.
fn type_name(family: &Family, has_proxy: bool) -> Result<&'static str, Fault> {
    match (&family.types, has_proxy) {
        (Types::Solo(name) | Types::Either(name, _), false) => Ok(*name),
        (Types::Either(_, name) | Types::Proxied(name), true) => Ok(*name),
        (Types::Solo(_), true) => {
            Err(Fault::not_supported("PROXY_NOT_SUPPORTED", &format!("{} takes no proxy here", family.name)))
        }
        (Types::Proxied(_), false) => {
            Err(Fault::not_supported("PROXY_REQUIRED", &format!("{} needs a proxy here", family.name)))
        }
    }
}

/// The parameters as the client sent them, the page's address as the provider calls it.
fn as_sent(mut given: Map<String, Value>, page: &str) -> Map<String, Value> {
    if let Some(address) = given.remove("websiteURL") {
        given.entry(page).or_insert(address);
    }
    given
}

/// The five fields of a proxy; its host may be a name. Requests that cannot succeed get a key blocked, so addresses of
/// local networks are refused here.
///
/// Source: <https://docs.capsolver.com/guide/api-how-to-use-proxy>.
fn set_proxy(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
    let kind = match proxy.scheme {
        ProxyScheme::Http => "http",
        ProxyScheme::Https => "https",
        ProxyScheme::Socks4 => "socks4",
        ProxyScheme::Socks5 => "socks5",
    };
    draft.set("proxyType", json!(kind));
    draft.set("proxyAddress", json!(proxy.bare_host()));
    draft.set("proxyPort", json!(proxy.port));
    if let Some(login) = &proxy.login {
        draft.set("proxyLogin", json!(login));
    }
    if let Some(password) = &proxy.password {
        draft.set("proxyPassword", json!(password));
    }
    Ok(())
}
