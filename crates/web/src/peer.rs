//! From where a request comes.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap};

/// The address of the connection's other end, put into each request by whoever accepts connections.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The address of whoever asks, behind these proxies.
pub(crate) fn client_ip(trusted: &[IpAddr], headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip();
    let forwarded = headers.get_all("x-forwarded-for").iter();
    let forwarded: Vec<&str> = forwarded.map(|v| v.to_str().unwrap_or("?")).collect();
    Some(forwarded_for(peer, trusted, &forwarded.join(",")))
}

/// The peer, or behind a trusted proxy the last address that is not one itself. Proxies append: what stands before a
/// hop that cannot be read may be anybody's invention, so that hop ends the search at the proxy that wrote it.
fn forwarded_for(peer: IpAddr, trusted: &[IpAddr], header: &str) -> IpAddr {
    let mut last = peer.to_canonical();
    let known = |ip: &IpAddr| trusted.iter().any(|t| t.to_canonical() == *ip);
    let mut hops = header.rsplit(',').map(str::trim);
    while known(&last) {
        match hops.next().and_then(read_hop) {
            Some(hop) => last = hop,
            None => break,
        }
    }
    last
}

/// An address, some proxies add a port.
fn read_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|s| s.strip_suffix(']')).unwrap_or(hop);
    let ip = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|a| a.ip()))?;
    Some(IpAddr::to_canonical(&ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(s: &str) -> IpAddr {
        s.parse().unwrap()
    }

    #[test]
    fn only_what_a_trusted_proxy_appended_says_who_asks() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        let from = |peer: &str, header: &str| forwarded_for(ip(peer), &trusted, header).to_string();
        assert_eq!(from("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(from("10.0.0.1", "198.51.100.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(from("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(from("::ffff:10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(from("10.0.0.1", ""), "10.0.0.1");
    }

    #[test]
    fn a_hop_with_a_port_is_read_and_an_unreadable_one_does_not_uncover_what_a_stranger_wrote() {
        let trusted = [ip("10.0.0.1")];
        let from = |header: &str| forwarded_for(ip("10.0.0.1"), &trusted, header).to_string();
        assert_eq!(from("198.51.100.1, 203.0.113.9:51000"), "203.0.113.9");
        assert_eq!(from("198.51.100.1, [2001:db8::1]:51000"), "2001:db8::1");
        assert_eq!(from("198.51.100.1, [2001:db8::1]"), "2001:db8::1");
        assert_eq!(from("198.51.100.1, unknown"), "10.0.0.1");
        assert_eq!(from("198.51.100.1, ?"), "10.0.0.1");
    }
}
