//! From a canonical task to the body of `createTask`.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme, Submission, apply_rules};
use serde_json::{Map, Value, json};

use crate::families::{self, Family, Parameters};

/// A `createTask` body that is being written.
pub(crate) struct Draft {
    task: Map<String, Value>,
    beside: Map<String, Value>,
    /// An object that is gathered from several parameters, until the family's finish puts it in its place.
    pub gathered: Map<String, Value>,
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
    /// Whether a field of the task is set.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.task.contains_key(name)
    }

    /// Whether a field of the task is set to this text.
    pub(crate) fn says(&self, name: &str, text: &str) -> bool {
        self.task.get(name).and_then(Value::as_str) == Some(text)
    }

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
    let kind = kind_of(family, task)?;
    let given: Map<String, Value> = task.read_parameters()?;
    look_for_needs(family, &given)?;
    let has_proxy = task.proxy.is_some();
    let mut draft = Draft { task: Map::new(), beside: Map::new(), gathered: Map::new(), has_proxy };
    match family.parameters {
        Parameters::By(rows) => apply_rules(rows, &given, &mut draft)?,
        Parameters::AsSent => draft.task = given,
    }
    draft.set("type", json!(kind));
    if let Some(proxy) = &task.proxy {
        set_proxy_type(proxy, &family.parameters, &mut draft)?;
        set_proxy(proxy, &mut draft)?;
    }
    (family.finish)(&mut draft)?;
    let mut body = draft.beside;
    body.insert("task".to_owned(), Value::Object(draft.task));
    Ok(Value::Object(body))
}

/// The provider's type, with the client's proxy or without.
fn kind_of(family: &Family, task: &Submission) -> Result<&'static str, Fault> {
    let kind = if task.proxy.is_some() { family.proxied } else { family.solo };
    kind.ok_or_else(|| {
        let what = if task.proxy.is_some() { "takes no proxy" } else { "needs a proxy" };
        Fault::not_supported("PROXY_NOT_SUPPORTED", &format!("{} {what} here", task.family))
    })
}

/// Refuses a task that has none of the groups that its family needs here, and names what the first of them lacks.
fn look_for_needs(family: &Family, given: &Map<String, Value>) -> Result<(), Fault> {
    let missing = |names: &&[&'static str]| names.iter().find(|name| !given.contains_key(**name)).copied();
    if family.needs.iter().any(|names| missing(names).is_none()) {
        return Ok(());
    }
    match family.needs.first().and_then(missing) {
        Some(name) => Err(Fault::parameter_refused(name, "it is needed here")),
        None => Ok(()),
    }
}

/// The number that a reference is. References are written by this adapter, so another text is somebody's mistake; the
/// task it stood for is in doubt.
///
/// # Errors
/// `in-doubt`.
pub(crate) fn number(reference: &str) -> Result<u64, Fault> {
    reference.parse().map_err(|_| Fault::in_doubt("REFERENCE_UNREADABLE", "the task's reference is no number"))
}

/// What kind of proxy it is. The provider's own types take HTTPS proxies only, and are not told.
fn set_proxy_type(proxy: &Proxy, parameters: &Parameters, draft: &mut Draft) -> Result<(), Fault> {
    let kind = match (proxy.scheme, parameters) {
        (ProxyScheme::Http | ProxyScheme::Https, Parameters::AsSent) => return Ok(()),
        (ProxyScheme::Socks4 | ProxyScheme::Socks5, Parameters::AsSent) => {
            return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "only HTTPS proxies are taken for this type"));
        }
        // The documentation's `http` stands for both.
        (ProxyScheme::Http | ProxyScheme::Https, Parameters::By(_)) => "http",
        (ProxyScheme::Socks4, Parameters::By(_)) => "socks4",
        (ProxyScheme::Socks5, Parameters::By(_)) => "socks5",
    };
    draft.set("proxyType", json!(kind));
    Ok(())
}

/// The other four fields of a proxy. Requests that cannot succeed get a key banned, so what the documentation rules out
/// is refused here: host names, and addresses of local networks.
fn set_proxy(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let Some(address) = proxy.address() else {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy is named by its IP address here"));
    };
    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
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
