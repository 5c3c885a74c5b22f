//! From a canonical task to the form of `in.php`.
//!
//! Source: the tables of parameters and the chapter "Using proxies" of <https://2captcha.com/2captcha-api>.

use std::borrow::Cow;

use adapter_kit::{Fault, Part, Proxy, ProxyScheme, ProxySupport, Request, Submission, apply_rules};
use serde_json::{Map, Value};

use crate::Service;

/// A form that is being written.
#[derive(Default)]
pub struct Draft {
    fields: Vec<(Cow<'static, str>, String)>,
    files: Vec<Part>,
    has_proxy: bool,
}

/// Texts and numbers are sent as they are, flags as 1 or 0.
impl adapter_kit::Draft for Draft {
    fn set(&mut self, name: &'static str, value: Value) {
        if let Some(text) = plain(&value) {
            Self::set(self, name, text);
        }
    }

    fn has_proxy(&self) -> bool {
        self.has_proxy
    }

    fn holds(&self, value: &Value) -> bool {
        plain(value).is_some()
    }
}

/// A value as a form writes it; none for what a form cannot hold.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Draft {
    /// Sets a field.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.put(Cow::Borrowed(name), value);
    }

    /// Sets a field whose name the client has a part in.
    pub(crate) fn set_named(&mut self, name: String, value: String) {
        self.put(Cow::Owned(name), value);
    }

    fn put(&mut self, name: Cow<'static, str>, value: String) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.fields.push((name, value)),
        }
    }

    /// Sets a field that something more specific may set, before or after.
    pub fn suggest(&mut self, name: &'static str, value: String) {
        if !self.has(name) {
            self.set(name, value);
        }
    }

    /// Whether a field has been set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The text of a field that has been set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Adds a file.
    pub(crate) fn attach(&mut self, file: Part) {
        self.files.push(file);
    }

    /// The request: multipart where there are files.
    fn into_request(self) -> Request {
        if self.files.is_empty() {
            let fields: Vec<_> = self.fields.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
            return Request::post_form("/in.php", &fields);
        }
        let texts = self.fields.iter().map(|(name, value)| Part::text(name, value));
        Request::post_multipart("/in.php", texts.chain(self.files).collect())
    }
}

/// The request to `in.php`, without the key.
///
/// # Errors
/// `not-supported` where the provider cannot take the task as it is, `invalid-task` where nobody can.
pub(crate) fn submit(service: &Service, task: &Submission) -> Result<Request, Fault> {
    let family = service
        .family(&task.family)
        .ok_or_else(|| Fault::not_supported("FAMILY_NOT_SUPPORTED", &format!("{} is not served", task.family)))?;
    let given: Map<String, Value> = task.read_parameters()?;
    if let Some(name) = family.needs.iter().find(|name| !given.contains_key(**name)) {
        return Err(Fault::parameter_refused(name, "it is needed here"));
    }
    let mut draft = Draft { has_proxy: task.proxy.is_some(), ..Draft::default() };
    for (name, value) in family.fixed {
        draft.set(name, (*value).to_owned());
    }
    if service.json {
        draft.set("json", "1".to_owned());
    }
    apply_rules(family.parameters, &given, &mut draft)?;
    match (&task.proxy, family.proxy) {
        (Some(_), ProxySupport::Never) => return Err(proxy_refused(&format!("{} takes no proxy here", task.family))),
        (Some(proxy), ProxySupport::Optional | ProxySupport::Required) => set_proxy(proxy, &mut draft)?,
        (None, ProxySupport::Required) => {
            let reason = format!("proxy: {} is solved through the client's own here", task.family);
            return Err(Fault::not_supported("PROXY_REQUIRED", &reason));
        }
        (None, ProxySupport::Never | ProxySupport::Optional) => {}
    }
    (family.complete)(&mut draft)?;
    Ok(draft.into_request())
}

/// A reference as `res.php` takes it: "The ID can contain numbers only." References are written by this adapter, so
/// another text is somebody's mistake; the task it stood for is in doubt.
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

/// `login:password@host:port`, and its type in capitals. The text has no escapes: what would be read otherwise than it
/// was meant is refused. A proxy that cannot be reached is silently not used there, so that much is refused here too.
fn set_proxy(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
    if proxy.address().is_some_and(|address| address.is_ipv6()) {
        // Its colons cannot be told from the one before the port.
        return Err(proxy_refused("a proxy is named by its IPv4 address or its host name here"));
    }
    let kind = match proxy.scheme {
        ProxyScheme::Http => "HTTP",
        ProxyScheme::Https => "HTTPS",
        ProxyScheme::Socks4 => "SOCKS4",
        ProxyScheme::Socks5 => "SOCKS5",
    };
    let address = format!("{}:{}", proxy.bare_host(), proxy.port);
    let written = match (&proxy.login, &proxy.password) {
        (None, None) => address,
        (Some(login), Some(password)) if !login.contains([':', '@']) && !password.contains([':', '@']) => {
            format!("{login}:{password}@{address}")
        }
        (Some(_), Some(_)) => return Err(proxy_refused("a proxy's login and password hold no colon and no @ here")),
        (Some(_), None) | (None, Some(_)) => {
            return Err(proxy_refused("a proxy has a login and a password, or neither, here"));
        }
    };
    draft.set("proxy", written);
    draft.set("proxytype", kind.to_owned());
    Ok(())
}
