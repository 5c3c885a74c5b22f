//! Which addresses may be connected to, and the resolver that gives the client no others.
//!
//! A name is resolved once per connection, by us, and the client connects to the very addresses that were vetted: there
//! is no second look-up that could answer differently.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Special IPv4 blocks as address and prefix length (IANA special-purpose registry, multicast and class E).
const SPECIAL_V4: [(Ipv4Addr, u32); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// All that is unicast and global in IPv6. Everything outside is special by itself: loopback, mapped and compatible
/// IPv4, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`), discard, ULA, link-local, site-local, multicast.
///
/// A network may embed IPv4 addresses in prefixes of its own within this block (NAT64 by RFC 6052, ISATAP); nobody
/// outside can know them, so whoever runs such a network has to keep this machine from its translator.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Special blocks within [`GLOBAL_V6`]: protocol assignments with Teredo, benchmarking and ORCHID; documentation; 6to4;
/// AS112; documentation again.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether a connection to this address is allowed: it is public, or plain loopback where that is granted.
pub(crate) fn may_connect(address: IpAddr, loopback: bool) -> bool {
    is_public(address) || loopback && address.is_loopback()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|block| within_v4(v4, *block)),
        IpAddr::V6(v6) => within_v6(v6, GLOBAL_V6) && !SPECIAL_V6.iter().any(|block| within_v6(v6, *block)),
    }
}

fn within_v4(address: Ipv4Addr, (block, prefix): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= prefix
}

fn within_v6(address: Ipv6Addr, (block, prefix): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= prefix
}

/// Why a name gave no address to connect to. Travels inside the client's error, where `send.rs` finds it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NoAddress {
    #[error("the name did not resolve")]
    Unresolved(#[source] Arc<io::Error>),
    #[error("the name leads to no public address")]
    OnlySpecial,
}

/// Asks what addresses a name has, whatever they are. A value, so that tests can have names of their own.
pub(crate) type LookUp = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;
pub(crate) type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The look-up by the system's resolver.
pub(crate) fn system_look_up() -> LookUp {
    Arc::new(|name| {
        Box::pin(async move {
            // Port 0 stands for the URL's own port.
            Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
        })
    })
}

/// Looks names up and keeps only vetted addresses.
pub(crate) struct VettingResolver {
    pub(crate) loopback: bool,
    pub(crate) look_up: LookUp,
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        let looking_up = (self.look_up)(name.as_str().to_owned());
        Box::pin(async move {
            let found = looking_up.await.map_err(|error| NoAddress::Unresolved(Arc::new(error)))?;
            let vetted = vet(name.as_str(), found.into_iter(), loopback)?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

fn vet(name: &str, found: impl Iterator<Item = SocketAddr>, loopback: bool) -> Result<Vec<SocketAddr>, NoAddress> {
    // Plain http is allowed to `localhost`, so that name must not lead anywhere else.
    let only_loopback = name.eq_ignore_ascii_case("localhost");
    let vetted: Vec<_> = found
        .filter(|address| may_connect(address.ip(), loopback))
        .filter(|address| !only_loopback || address.ip().is_loopback())
        .collect();
    if vetted.is_empty() { Err(NoAddress::OnlySpecial) } else { Ok(vetted) }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use super::{NoAddress, may_connect, vet};

    const SPECIAL: &str = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 169.254.169.254 \
        172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 \
        198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
        :: ::2 ::10.0.0.1 ::8.8.8.8 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8 \
        64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 \
        2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00::1 fe80::1 fec0::1 ff02::1";
    const PUBLIC: &str = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 \
        192.0.1.1 198.17.255.255 198.20.0.1 223.255.255.255 2001:200::1 2606:4700::1111 2a00:1450:4001::1 2003::1";

    fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
        text.split_whitespace().map(|text| text.parse().unwrap())
    }

    #[test]
    fn special_addresses_of_every_form_are_refused_whatever_is_granted() {
        for address in addresses(SPECIAL) {
            assert!(!may_connect(address, false) && !may_connect(address, true), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in addresses(PUBLIC) {
            assert!(may_connect(address, false) && may_connect(address, true), "{address}");
        }
    }

    #[test]
    fn loopback_is_allowed_only_where_it_is_granted() {
        for address in addresses("127.0.0.1 127.255.255.255 ::1") {
            assert!(!may_connect(address, false) && may_connect(address, true), "{address}");
        }
    }

    fn sockets(text: &str) -> impl Iterator<Item = SocketAddr> {
        addresses(text).map(|address| SocketAddr::new(address, 0))
    }

    #[test]
    fn of_a_name_with_good_and_special_addresses_only_the_good_ones_are_used() {
        let vetted = vet("example.com", sockets("10.0.0.1 8.8.8.8 ::1 2606:4700::1111"), false).unwrap();
        assert_eq!(vetted, sockets("8.8.8.8 2606:4700::1111").collect::<Vec<_>>());
    }

    #[test]
    fn a_name_with_special_addresses_only_is_refused() {
        let refused = vet("example.com", sockets("10.0.0.1 ::ffff:8.8.8.8"), false);
        assert!(matches!(refused, Err(NoAddress::OnlySpecial)));
    }

    #[test]
    fn localhost_never_leads_outside() {
        assert!(vet("localhost", sockets("8.8.8.8"), true).is_err());
        assert_eq!(vet("localhost", sockets("8.8.8.8 ::1"), true).unwrap(), sockets("::1").collect::<Vec<_>>());
    }
}
