//! The client's proxy, in the three spellings of the field: five fields, one URL, or `host:port:login:password`.

use serde_json::{Map, Value};
use url::Url;

use super::TaskError;
use super::fields::bare;
use crate::adapter::{Proxy, ProxyScheme};

/// Reads the proxy of a task; `None` when there is none.
///
/// # Errors
/// [`TaskError::Bad`] or [`TaskError::Missing`] naming the proxy's field; never its value, which is secret.
pub(super) fn read(task: &Map<String, Value>) -> Result<Option<Proxy>, TaskError> {
    let given = text_of(task, "proxyType")?;
    let given =
        given.map(|name| scheme(&name).ok_or_else(|| bad("proxyType", "http, https, socks4 or socks5"))).transpose()?;
    let default = given.unwrap_or(ProxyScheme::Http);
    if let Some(text) = text_of(task, "proxy")? {
        return from_text(&text, default).map(Some).ok_or_else(|| {
            bad("proxy", "scheme://login:password@host:port or [scheme:]host:port[:login:password], scheme http, https, socks4 or socks5")
        });
    }
    let Some(host) = text_of(task, "proxyAddress")? else { return Ok(None) };
    let port = text_of(task, "proxyPort")?
        .ok_or_else(|| TaskError::Missing("proxyPort", "a port from 1 to 65535".to_owned()))?;
    let port = port_of(&port).ok_or_else(|| bad("proxyPort", "a port from 1 to 65535"))?;
    if !is_host(&host) {
        return Err(bad("proxyAddress", "a host name or an address"));
    }
    let (login, password) = (text_of(task, "proxyLogin")?, text_of(task, "proxyPassword")?);
    Ok(Some(Proxy { scheme: default, host, port, login, password }))
}

fn bad(field: &str, expected: &str) -> TaskError {
    TaskError::Bad { field: field.to_owned(), found: "something else".to_owned(), expected: expected.to_owned() }
}

/// A field's text; placeholders (null, blank, false, port 0) count as not given.
fn text_of(task: &Map<String, Value>, name: &'static str) -> Result<Option<String>, TaskError> {
    let wanted = bare(name);
    let value = task.get(name).or_else(|| task.iter().find(|(key, _)| bare(key) == wanted).map(|(_, value)| value));
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) if number.as_i64() == Some(0) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => Err(bad(name, "text")),
    }
}

fn from_text(text: &str, default: ProxyScheme) -> Option<Proxy> {
    if text.contains("://") { from_url(text) } else { from_colons(text, default) }
}

fn from_url(text: &str) -> Option<Proxy> {
    let url = Url::parse(text).ok()?;
    let decoded = |part: &str| percent_decode(part).filter(|p| !p.is_empty());
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let default = match url.scheme() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    Some(Proxy {
        scheme: scheme(url.scheme())?,
        host: Some(host).filter(|h| is_host(h))?,
        port: url.port().or(default).filter(|p| *p != 0)?,
        login: decoded(url.username()),
        password: url.password().and_then(decoded),
    })
}

/// `[scheme:]host:port[:login:password]`, or `[scheme:]login:password@host:port`; the password may hold `:` and `@`.
fn from_colons(text: &str, default: ProxyScheme) -> Option<Proxy> {
    let (scheme, rest) = match text.split_once(':') {
        Some((first, rest)) if scheme(first).is_some() => (scheme(first)?, rest),
        _ => (default, text),
    };
    let mut parts = rest.splitn(4, ':');
    let (host, port) = (parts.next()?, parts.next()?);
    if port_of(port).is_some() {
        let auth = match (parts.next(), parts.next()) {
            (None, None) => None,
            (Some(login), Some(password)) => Some((login, password)),
            (Some(_), None) | (None, Some(_)) => return None,
        };
        return build(scheme, host, port, auth);
    }
    let (auth, address) = rest.rsplit_once('@')?;
    let (host, port) = address.split_once(':')?;
    build(scheme, host, port, Some(auth.split_once(':')?))
}

fn build(scheme: ProxyScheme, host: &str, port: &str, auth: Option<(&str, &str)>) -> Option<Proxy> {
    let port = port_of(port)?;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let host = Some(host).filter(|h| is_host(h))?.to_owned();
    Some(Proxy { scheme, host, port, login: auth.and_then(|a| given(a.0)), password: auth.and_then(|a| given(a.1)) })
}

fn scheme(name: &str) -> Option<ProxyScheme> {
    match name.trim().to_ascii_lowercase().as_str() {
        "http" => Some(ProxyScheme::Http),
        "https" => Some(ProxyScheme::Https),
        "socks4" => Some(ProxyScheme::Socks4),
        "socks5" => Some(ProxyScheme::Socks5),
        _ => None,
    }
}

fn port_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn is_host(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    (1..=253).contains(&text.len()) && text.bytes().all(allowed)
}

/// Percent-decoding of one URL part; `None` when the result is not UTF-8.
fn percent_decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let decoded = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(task: Value) -> Result<Option<Proxy>, TaskError> {
        read(task.as_object().unwrap())
    }

    #[test]
    fn the_three_spellings_mean_the_same_proxy() {
        for task in [
            json!({"proxyType": "SOCKS5", "proxyAddress": "198.51.100.7", "proxyPort": "1080", "proxyLogin": "me", "proxyPassword": "p:w"}),
            json!({"proxy": "socks5://me:p%3Aw@198.51.100.7:1080"}),
            json!({"proxy": "socks5:198.51.100.7:1080:me:p:w"}),
        ] {
            let proxy = of(task).unwrap().unwrap();
            assert_eq!((proxy.scheme, proxy.host.as_str(), proxy.port), (ProxyScheme::Socks5, "198.51.100.7", 1080));
            assert_eq!((proxy.login.as_deref(), proxy.password.as_deref()), (Some("me"), Some("p:w")));
        }
    }

    #[test]
    fn the_type_and_odd_passwords_are_kept() {
        for (task, scheme, login, password) in [
            (json!({"proxy": "198.51.100.7:1080:u:p", "proxyType": "socks5"}), ProxyScheme::Socks5, "u", "p"),
            (json!({"proxy": "socks5:u:p@198.51.100.7:1080"}), ProxyScheme::Socks5, "u", "p"),
            (json!({"proxy": "198.51.100.7:1080:u:p@ss"}), ProxyScheme::Http, "u", "p@ss"),
            (json!({"proxy": "u:p@ss@198.51.100.7:1080"}), ProxyScheme::Http, "u", "p@ss"),
        ] {
            let proxy = of(task.clone()).unwrap().unwrap();
            assert_eq!((proxy.scheme, proxy.host.as_str(), proxy.port), (scheme, "198.51.100.7", 1080), "{task}");
            assert_eq!((proxy.login.as_deref(), proxy.password.as_deref()), (Some(login), Some(password)), "{task}");
        }
    }

    #[test]
    fn placeholders_mean_no_proxy() {
        for task in [
            json!({}),
            json!({"proxy": ""}),
            json!({"proxyType": "http", "proxyAddress": "", "proxyPort": 0, "proxyLogin": "", "proxyPassword": null}),
        ] {
            assert!(of(task.clone()).unwrap().is_none(), "{task}");
        }
    }

    #[test]
    fn half_a_proxy_is_refused_without_repeating_it() {
        for (task, field) in [
            (json!({"proxyAddress": "198.51.100.7"}), "proxyPort"),
            (json!({"proxyAddress": "198.51.100.7", "proxyPort": 70000}), "proxyPort"),
            (json!({"proxyAddress": "a b", "proxyPort": 80}), "proxyAddress"),
            (json!({"proxyType": "ftp", "proxyAddress": "h", "proxyPort": 80}), "proxyType"),
            (json!({"proxy": "http://canary@"}), "proxy"),
            (json!({"proxy": "host:1:canary"}), "proxy"),
        ] {
            let message = of(task.clone()).err().unwrap().to_string();
            assert!(message.contains(&format!("task.{field}")) && !message.contains("canary"), "{task}: {message}");
        }
    }
}
