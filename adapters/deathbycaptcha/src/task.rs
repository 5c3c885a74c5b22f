//! From a canonical task to the form of `/captcha`: `type`, and a JSON text or fields and files.

use adapter_kit::{Fault, Part, Proxy, ProxyScheme, ProxySupport, Request, Submission, apply_rules, json_text};
use serde_json::{Map, Value, json};

use crate::families::{self, Carried};

/// A form that is being written.
#[derive(Default)]
pub(crate) struct Draft {
    /// What becomes a JSON text, or a field each.
    values: Map<String, Value>,
    files: Vec<Part>,
    has_proxy: bool,
}

impl adapter_kit::Draft for Draft {
    fn set(&mut self, name: &'static str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    fn has_proxy(&self) -> bool {
        self.has_proxy
    }
}

impl Draft {
    /// Adds a file. The service tells formats apart by themselves.
    pub(crate) fn attach(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.push(Part::file(name, name, "application/octet-stream", bytes));
    }

    /// Whether a value has been set.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes a value out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name)
    }
}

/// The request, without the account.
///
/// # Errors
/// `not-supported` where the provider cannot take the task as it is, `invalid-task` where nobody can.
pub(crate) fn submit(task: &Submission) -> Result<Request, Fault> {
    let family = families::find(&task.family)
        .ok_or_else(|| Fault::not_supported("FAMILY_NOT_SUPPORTED", &format!("{} is not served", task.family)))?;
    let given: Map<String, Value> = task.read_parameters()?;
    if let Some(name) = family.needs.iter().find(|name| !given.contains_key(**name)) {
        return Err(Fault::parameter_refused(name, "it is needed here"));
    }
    let mut draft = Draft { has_proxy: task.proxy.is_some(), ..Draft::default() };
    apply_rules(family.parameters, &given, &mut draft)?;
    match (&task.proxy, family.proxy) {
        (Some(_), ProxySupport::Never) => return Err(proxy_refused(&format!("{} takes no proxy here", task.family))),
        (Some(proxy), ProxySupport::Optional | ProxySupport::Required) => set_proxy(proxy, &mut draft)?,
        (None, ProxySupport::Never | ProxySupport::Optional | ProxySupport::Required) => {}
    }
    (family.complete)(&mut draft)?;
    Ok(written(draft, family.kind, family.carried))
}

fn written(draft: Draft, kind: &str, carried: Carried) -> Request {
    let mut fields = vec![("type", kind.to_owned())];
    match carried {
        Carried::AsJson(name) => fields.push((name, json_text(&Value::Object(draft.values)))),
        Carried::AsFields => {
            let text = |value: &Value| value.as_str().map_or_else(|| json_text(value), str::to_owned);
            fields.extend(draft.values.iter().map(|(name, value)| (name.as_str(), text(value))));
            let texts = fields.iter().map(|(name, value)| Part::text(name, value));
            return Request::post_multipart("/captcha", texts.chain(draft.files).collect());
        }
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Request::post_form("/captcha", &fields)
}

/// A reference as its path takes it. References are written by this adapter, so another text is somebody's mistake; the task
/// it stood for is in doubt.
///
/// # Errors
/// `in-doubt`.
pub(crate) fn id(reference: &str) -> Result<&str, Fault> {
    Some(reference)
        .filter(|text| is_id(text))
        .ok_or_else(|| Fault::in_doubt("REFERENCE_UNREADABLE", "the task's reference is no number"))
}

/// Whether a text is an id of theirs: a number, and not nothing.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && text.bytes().any(|b| b != b'0')
}

fn proxy_refused(reason: &str) -> Fault {
    Fault::not_supported("PROXY_NOT_SUPPORTED", reason)
}

/// `http://user:password@127.0.0.1:3128`, and its type in capitals. What could be read otherwise than it was meant is refused:
/// nobody says how an address is escaped there.
fn set_proxy(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    use adapter_kit::Draft as _;

    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
    if proxy.address().is_some_and(|address| address.is_ipv6()) {
        return Err(proxy_refused("a proxy is named by its IPv4 address or its host name here"));
    }
    let (scheme, kind) = match proxy.scheme {
        ProxyScheme::Http => ("http", "HTTP"),
        ProxyScheme::Https => ("https", "HTTPS"),
        ProxyScheme::Socks4 => ("socks4", "SOCKS4"),
        ProxyScheme::Socks5 => ("socks5", "SOCKS5"),
    };
    let address = format!("{}:{}", proxy.bare_host(), proxy.port);
    let written = match (&proxy.login, &proxy.password) {
        (None, None) => address,
        (Some(login), Some(password)) if ![login, password].iter().any(|text| text.contains([':', '@', '/'])) => {
            format!("{login}:{password}@{address}")
        }
        (Some(_), Some(_)) => return Err(proxy_refused("a proxy's login and password hold no : @ / here")),
        (Some(_), None) | (None, Some(_)) => {
            return Err(proxy_refused("a proxy has a login and a password, or neither, here"));
        }
    };
    draft.set("proxy", json!(format!("{scheme}://{written}")));
    draft.set("proxytype", json!(kind));
    Ok(())
}
