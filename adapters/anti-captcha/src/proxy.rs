//! What anti-captcha asks of a proxy. Requests that cannot succeed get a key banned, so what the documentation rules out is
//! refused here: host names, and addresses of local networks.

use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme};
use create_task::{Draft, proxy};
use serde_json::json;

/// In five fields; the documentation's `http` stands for HTTPS too.
pub(crate) fn by_address(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let kind = match given.scheme {
        ProxyScheme::Http | ProxyScheme::Https => "http",
        ProxyScheme::Socks4 | ProxyScheme::Socks5 => proxy::scheme(given.scheme),
    };
    draft.set("proxyType", json!(kind));
    proxy::by_address(given)?;
    proxy::four_fields(given, draft)
}

/// The provider's own types take HTTPS proxies only, and are not told.
pub(crate) fn https_only(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    match given.scheme {
        ProxyScheme::Http | ProxyScheme::Https => {}
        ProxyScheme::Socks4 | ProxyScheme::Socks5 => {
            return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "only HTTPS proxies are taken for this type"));
        }
    }
    proxy::by_address(given)?;
    proxy::four_fields(given, draft)
}
