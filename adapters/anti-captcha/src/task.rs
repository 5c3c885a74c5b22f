//! From a canonical task to the body of `createTask`.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme, Submission, apply_rules};
use serde_json::{Map, Value, json};

use crate::families;

/// A `createTask` body that is being written.
pub(crate) struct Draft {
    task: Map<String, Value>,
    beside: Map<String, Value>,
    /// The Enterprise payload, where it is gathered from several parameters.
    pub payload: Map<String, Value>,
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

impl Draft {
    /// Sets a field beside the task.
    pub(crate) fn set_beside(&mut self, name: &str, value: Value) {
        self.beside.insert(name.to_owned(), value);
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
    let mut draft =
        Draft { task: Map::new(), beside: Map::new(), payload: Map::new(), has_proxy: task.proxy.is_some() };
    let kind = match (&task.proxy, family.proxied) {
        (None, _) => family.solo,
        (Some(_), Some(proxied)) => proxied,
        (Some(_), None) => {
            return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", &format!("{} takes no proxy here", task.family)));
        }
    };
    draft.set("type", json!(kind));
    apply_rules(family.parameters, &given, &mut draft)?;
    if let Some(proxy) = &task.proxy {
        set_proxy(proxy, &mut draft)?;
    }
    if !draft.payload.is_empty() {
        let payload = std::mem::take(&mut draft.payload);
        draft.set("enterprisePayload", Value::Object(payload));
    }
    (family.complete)(&mut draft.task);
    let mut body = draft.beside;
    body.insert("task".to_owned(), Value::Object(draft.task));
    Ok(Value::Object(body))
}

/// The number that a reference is. References are written by this adapter, so another text is somebody's mistake; the
/// task it stood for is in doubt.
///
/// # Errors
/// `in-doubt`.
pub(crate) fn number(reference: &str) -> Result<u64, Fault> {
    reference.parse().map_err(|_| Fault::in_doubt("REFERENCE_UNREADABLE", "the task's reference is no number"))
}

/// The five fields of a proxy. Requests that cannot succeed get a key banned, so what the documentation rules out is
/// refused here: host names, and addresses of local networks.
fn set_proxy(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let Some(address) = proxy.address() else {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy is named by its IP address here"));
    };
    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
    let kind = match proxy.scheme {
        // The documentation's `http` stands for both.
        ProxyScheme::Http | ProxyScheme::Https => "http",
        ProxyScheme::Socks4 => "socks4",
        ProxyScheme::Socks5 => "socks5",
    };
    draft.set("proxyType", json!(kind));
    draft.set("proxyAddress", json!(address.to_string()));
    draft.set("proxyPort", json!(proxy.port));
    if let Some(login) = &proxy.login {
        draft.set("proxyLogin", json!(login));
    }
    if let Some(password) = &proxy.password {
        draft.set("proxyPassword", json!(password));
    }
    Ok(())
}
