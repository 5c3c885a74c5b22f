//! Where a request comes from: the peer, unless that is a proxy that the operator trusts to say for whom it asks.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// The client's address, in every request's extensions. An IPv4 address is never written in IPv6's clothes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The reverse proxies in front of this gateway. From anybody else their header does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyTrust {
    /// Their addresses.
    pub trusted: Vec<Network>,
    /// The one header that they all write. The other one may be the client's own invention, so it is not read.
    pub header: ForwardedBy,
}

/// How a proxy says for whom it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedBy {
    /// `X-Forwarded-For: client, proxy, proxy`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239).
    Forwarded,
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no network such as \"10.0.0.0/8\" and no address")]
pub struct BadNetwork(String);

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(|net| Self(without_clothes(net))).map_err(|_| BadNetwork(text.to_owned()))
    }
}

impl TryFrom<String> for Network {
    type Error = BadNetwork;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`: peers are compared without IPv6's clothes, so networks must be too.
fn without_clothes(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(net, IpNet::V4)
}

impl ProxyTrust {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.0.contains(&address))
    }

    /// The client's address: the peer's; where the peer is trusted, the right-most address of the header that is not.
    ///
    /// Each proxy adds on the right whom it spoke to, so what stands left of the first untrusted address is hearsay. An
    /// entry that is no address ends the search at the last proxy that is known.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut known = peer.to_canonical();
        if !self.trusts(known) {
            return ClientAddress(known);
        }
        for entry in self.entries(headers).iter().rev() {
            let Some(address) = address(entry) else { break };
            known = address;
            if !self.trusts(known) {
                break;
            }
        }
        ClientAddress(known)
    }

    /// What the proxies wrote, left to right. A header that is there twice is one list.
    fn entries(&self, headers: &HeaderMap) -> Vec<String> {
        // A value that is no text is an entry that is no address.
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        match self.header {
            ForwardedBy::XForwardedFor => {
                let values = headers.get_all("x-forwarded-for").iter().map(text);
                values.flat_map(|v| v.split(',').map(str::to_owned).collect::<Vec<_>>()).collect()
            }
            ForwardedBy::Forwarded => {
                let values = headers.get_all(header::FORWARDED).iter().map(text);
                values.flat_map(|v| v.split(',').map(forwarded_for).collect::<Vec<_>>()).collect()
            }
        }
    }
}

/// The `for` of one element of a Forwarded header; nothing where there is none.
fn forwarded_for(element: &str) -> String {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut of_client = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    of_client.next().map(|(_, value)| value.trim().trim_matches('"').to_owned()).unwrap_or_default()
}

/// An address as proxies write it: alone, with a port, in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse::<IpAddr>().or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedBy, peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "::ffff:192.168.0.0/112", "fd00::/8", "127.0.0.1"];
        let trust = ProxyTrust { trusted: trusted.map(|text| text.parse().unwrap()).to_vec(), header };
        let mut headers = HeaderMap::new();
        let name = match header {
            ForwardedBy::XForwardedFor => "x-forwarded-for",
            ForwardedBy::Forwarded => "forwarded",
        };
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        // The header that is not the proxies' own never counts.
        let other = if name == "forwarded" { "x-forwarded-for" } else { "forwarded" };
        headers.append(other, "for=6.6.6.6".parse().unwrap());
        trust.client(peer.parse().unwrap(), &headers).0.to_string()
    }

    #[test]
    fn the_client_is_the_right_most_address_that_is_not_a_trusted_proxy() {
        let cases: &[(&str, &[&str], &str)] = &[
            // Nobody's word counts but a trusted proxy's.
            ("203.0.113.9", &["1.2.3.4"], "203.0.113.9"),
            ("203.0.113.9", &[], "203.0.113.9"),
            ("::ffff:203.0.113.9", &["1.2.3.4"], "203.0.113.9"),
            // A trusted proxy speaks for its client.
            ("10.1.1.1", &["1.2.3.4"], "1.2.3.4"),
            ("::ffff:10.1.1.1", &["1.2.3.4"], "1.2.3.4"),
            ("192.168.0.7", &["1.2.3.4"], "1.2.3.4"),
            ("192.169.0.7", &["1.2.3.4"], "192.169.0.7"),
            ("127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("127.0.0.2", &["2001:db8::1"], "127.0.0.2"),
            ("fd00::1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            // What a client puts in front is hearsay.
            ("10.1.1.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("10.1.1.1", &["10.9.9.9, 1.2.3.4, 10.2.2.2"], "1.2.3.4"),
            ("10.1.1.1", &["6.6.6.6", "1.2.3.4, 10.2.2.2"], "1.2.3.4"),
            // Nothing but proxies: the farthest one.
            ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            ("10.1.1.1", &[], "10.1.1.1"),
            // What cannot be read ends the search; nothing left of it is believed.
            ("10.1.1.1", &["1.2.3.4, unknown"], "10.1.1.1"),
            ("10.1.1.1", &["1.2.3.4, , 10.2.2.2"], "10.2.2.2"),
            ("10.1.1.1", &[""], "10.1.1.1"),
            // Ports and brackets.
            ("10.1.1.1", &["1.2.3.4:5678"], "1.2.3.4"),
            ("10.1.1.1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("10.1.1.1", &["[2001:db8::1]"], "2001:db8::1"),
        ];
        for (peer, lines, expected) in cases {
            assert_eq!(client(ForwardedBy::XForwardedFor, peer, lines), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn forwarded_is_read_where_the_operator_says_so() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("203.0.113.9", &["for=1.2.3.4"], "203.0.113.9"),
            ("10.1.1.1", &["for=1.2.3.4"], "1.2.3.4"),
            ("10.1.1.1", &["For=\"[2001:db8::1]:4711\";proto=https"], "2001:db8::1"),
            ("10.1.1.1", &["for=6.6.6.6, by=10.1.1.1;for=1.2.3.4;proto=http, for=10.2.2.2"], "1.2.3.4"),
            ("10.1.1.1", &["for=1.2.3.4", "for=_hidden"], "10.1.1.1"),
            ("10.1.1.1", &["proto=https"], "10.1.1.1"),
        ];
        for (peer, lines, expected) in cases {
            assert_eq!(client(ForwardedBy::Forwarded, peer, lines), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_network_is_a_network_or_an_address() {
        for (text, written) in
            [("10.0.0.0/8", "10.0.0.0/8"), ("127.0.0.1", "127.0.0.1/32"), ("::ffff:10.0.0.0/104", "10.0.0.0/8")]
        {
            assert_eq!(String::from(text.parse::<Network>().unwrap()), written);
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0"] {
            assert!(text.parse::<Network>().unwrap_err().to_string().contains("no network"), "{text}");
        }
    }
}
