//! From a canonical task to the body of `createTask`.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme, Submission, apply_rules};
use serde_json::{Map, Value, json};

use crate::families::{self, Type};

/// A `createTask` body that is being written.
pub(crate) struct Draft {
    task: Map<String, Value>,
    /// Turnstile's `metadata`, gathered from several parameters.
    pub metadata: Map<String, Value>,
    /// Whether the client said that the page uses the Enterprise variant.
    pub enterprise: Option<bool>,
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

/// The body of `createTask`, without the key.
///
/// # Errors
/// `not-supported` where the provider cannot take the task as it is, `invalid-task` where nobody can.
pub(crate) fn create_task(task: &Submission) -> Result<Value, Fault> {
    let family = families::find(&task.family)
        .ok_or_else(|| Fault::not_supported("FAMILY_NOT_SUPPORTED", &format!("{} is not served", task.family)))?;
    let given: Map<String, Value> = task.read_parameters()?;
    let kind = match (&task.proxy, &family.proxied) {
        (None, _) => &family.solo,
        (Some(_), Some(proxied)) => proxied,
        (Some(_), None) => {
            return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", &format!("{} takes no proxy here", task.family)));
        }
    };
    let mut draft = Draft { task: Map::new(), metadata: Map::new(), enterprise: None, has_proxy: task.proxy.is_some() };
    apply_rules(family.parameters, &given, &mut draft)?;
    for (name, value) in family.defaults {
        draft.task.entry(*name).or_insert_with(|| json!(value));
    }
    let name = type_name(kind, draft.enterprise, given.contains_key("enterprisePayload"))?;
    draft.set("type", json!(name));
    if let Some(proxy) = &task.proxy {
        set_proxy(proxy, &mut draft)?;
    }
    if !draft.metadata.is_empty() {
        let metadata = std::mem::take(&mut draft.metadata);
        draft.set("metadata", Value::Object(metadata));
    }
    Ok(json!({ "task": draft.task }))
}

/// The variant's name. A payload is read by the Enterprise variant only, so it asks for that one by itself.
fn type_name(kind: &Type, enterprise: Option<bool>, has_payload: bool) -> Result<&'static str, Fault> {
    match enterprise {
        Some(true) => Ok(kind.enterprise),
        Some(false) if has_payload && kind.plain != kind.enterprise => {
            Err(Fault::parameter_refused("enterprisePayload", "the Enterprise variant alone takes it here"))
        }
        None if has_payload => Ok(kind.enterprise),
        Some(false) | None => Ok(kind.plain),
    }
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
