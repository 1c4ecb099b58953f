//! Which network an address lies in (IANA special-purpose registries, RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request to an address would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// An ordinary address of the Internet.
    Public,
    /// Loopback, private, shared or reserved for tests: only when the operator allows private networks.
    Private,
    /// Metadata services, link-local, multicast, unspecified, and IPv6 forms that hide an IPv4 address.
    Never,
}

/// Whether a setting may make this server call the address; `allow_private` is the operator's `allow_private_networks`.
pub fn admits(allow_private: bool, ip: IpAddr) -> bool {
    match reach(ip) {
        Reach::Public => true,
        Reach::Private => allow_private,
        Reach::Never => false,
    }
}

pub fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

/// Metadata services that do not lie in the link-local range: Alibaba Cloud, Oracle Cloud, Azure's wire server.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];

/// The metadata services of AWS (`fd00:ec2::254`) and Google Cloud (`fd20:ce::254`).
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

fn reach_v4(ip: Ipv4Addr) -> Reach {
    if METADATA_V4.contains(&ip) {
        return Reach::Never;
    }
    match ip.octets() {
        [0, ..] | [169, 254, ..] | [224..=255, ..] => Reach::Never,
        [10 | 127, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Reach::Private,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Reach::Private,
        [198, 51, 100, _] | [203, 0, 113, _] => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    if METADATA_V6.contains(&ip) {
        return Reach::Never;
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // Unique local, RFC 4193.
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Documentation, RFC 3849 and RFC 9637.
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Private,
        // 6to4, and 2001::/23 with Teredo and ORCHID.
        [0x2002, ..] | [0x2001, 0..=0x1ff, ..] => Reach::Never,
        // ISATAP (RFC 5214) writes an IPv4 address into the interface identifier.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        // IPv4-mapped, NAT64, link-local, site-local, multicast, unspecified and everything unassigned.
        _ => Reach::Never,
    }
}
