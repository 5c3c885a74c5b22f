//! A client's proxy, as services take it. Requests that cannot succeed get a key banned, so addresses of local networks are
//! refused whatever the form.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme};
use serde_json::json;

use crate::Draft;

/// In five fields, the kind by its own name; the host may be a name.
///
/// # Errors
/// `invalid-task` where nobody can reach it.
pub fn five_fields(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("proxyType", json!(scheme(proxy.scheme)));
    four_fields(proxy, draft)
}

/// Address, port, login and password.
///
/// # Errors
/// `invalid-task` where nobody can reach it.
pub fn four_fields(proxy: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    reachable(proxy)?;
    let host = proxy.address().map_or_else(|| proxy.bare_host().to_owned(), |address| address.to_string());
    draft.set("proxyAddress", json!(host));
    draft.set("proxyPort", json!(proxy.port));
    if let Some(login) = &proxy.login {
        draft.set("proxyLogin", json!(login));
    }
    if let Some(password) = &proxy.password {
        draft.set("proxyPassword", json!(password));
    }
    Ok(())
}

/// Refuses a proxy whose host is a name.
///
/// # Errors
/// `not-supported` for a name.
pub fn by_address(proxy: &Proxy) -> Result<(), Fault> {
    match proxy.address() {
        Some(_) => Ok(()),
        None => Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy is named by its IP address here")),
    }
}

/// Refuses a proxy that nobody can reach.
///
/// # Errors
/// `invalid-task`.
pub fn reachable(proxy: &Proxy) -> Result<(), Fault> {
    if proxy.is_local() {
        return Err(Fault::invalid_task("PROXY_UNREACHABLE", "the proxy's address belongs to a local network"));
    }
    Ok(())
}

/// The usual names.
#[must_use]
pub const fn scheme(scheme: ProxyScheme) -> &'static str {
    match scheme {
        ProxyScheme::Http => "http",
        ProxyScheme::Https => "https",
        ProxyScheme::Socks4 => "socks4",
        ProxyScheme::Socks5 => "socks5",
    }
}
