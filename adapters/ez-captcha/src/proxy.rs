//! A client's proxy, as one address with login and password in it: both are required there.
//!
//! Source: "Proxy format" of <https://github.com/EZXLabs/ezcapsolver-go>.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme};
use create_task::{Draft, proxy};
use serde_json::json;

/// `http://user:password@host:port`.
pub(crate) fn address(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let (scheme, host) = (scheme(given)?, host(given)?);
    let (login, password) = credentials(given)?;
    draft.set("proxy", json!(format!("{scheme}://{login}:{password}@{host}:{}", given.port)));
    Ok(())
}

/// `http://host:port:user:password`: FunCaptcha's own form.
pub(crate) fn address_with_login_behind(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let (scheme, host) = (scheme(given)?, host(given)?);
    let (login, password) = credentials(given)?;
    draft.set("proxy", json!(format!("{scheme}://{host}:{}:{login}:{password}", given.port)));
    Ok(())
}

fn scheme(given: &Proxy) -> Result<&'static str, Fault> {
    match given.scheme {
        ProxyScheme::Socks4 => Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "no SOCKS4 proxies are taken here")),
        ProxyScheme::Http | ProxyScheme::Https | ProxyScheme::Socks5 => Ok(proxy::scheme(given.scheme)),
    }
}

/// A name or an IPv4 address: how another is to be written within an address nobody says.
fn host(given: &Proxy) -> Result<&str, Fault> {
    proxy::reachable(given)?;
    let host = given.bare_host();
    if host.contains(':') {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "no IPv6 addresses of proxies are taken here"));
    }
    Ok(host)
}

/// Login and password, where nothing in them could be taken for the address's own signs.
fn credentials(given: &Proxy) -> Result<(&str, &str), Fault> {
    let (Some(login), Some(password)) = (given.login.as_deref(), given.password.as_deref()) else {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy has a login and a password here"));
    };
    if [login, password].iter().any(|text| text.contains([':', '@', '/'])) {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy's login and password have no : @ / here"));
    }
    Ok((login, password))
}
