//! What can be said of a client's proxy before a provider tries it.

use std::net::IpAddr;

use crate::Proxy;

impl Proxy {
    /// Its host without the brackets of an IPv6 address.
    #[must_use]
    pub fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Its address, where its host is one and not a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.bare_host().parse().ok()
    }

    /// Whether it has an address of a local network, which no provider can reach.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.address().map(|address| address.to_canonical()) {
            None => false,
            Some(IpAddr::V4(v4)) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
            Some(IpAddr::V6(v6)) => {
                v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProxyScheme;

    fn proxy(host: &str) -> Proxy {
        Proxy { scheme: ProxyScheme::Http, host: host.to_owned(), port: 8080, login: None, password: None }
    }

    #[test]
    fn local_addresses_are_told_from_others_and_from_names() {
        for local in ["127.0.0.1", "10.0.0.1", "169.254.1.1", "0.0.0.0", "::1", "[fd00::1]", "::ffff:10.0.0.1"] {
            assert!(proxy(local).is_local(), "{local}");
        }
        for other in ["203.0.113.7", "[2001:db8::7]", "proxy.example.com", "localhost.example.com"] {
            assert!(!proxy(other).is_local(), "{other}");
        }
        assert_eq!(proxy("[2001:db8::7]").bare_host(), "2001:db8::7");
        assert_eq!(proxy("proxy.example.com").address(), None);
    }
}
