//! Where a request comes from: the peer of its connection, or whom a proxy that is trusted names. A header of anybody
//! else is nobody's word.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use axum::http::request::Parts;

use super::state::RestState;
use crate::server::networks::Networks;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The peer of a connection, as the listener notes it with each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The address of who asks.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub IpAddr);

impl FromRequestParts<RestState> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        Ok(Self(client(peer, &parts.headers, &state.settings.proxies)))
    }
}

/// The last address of the chain that no trusted proxy has. Each proxy adds at the end whom it heard, so that what
/// stands before the first untrusted address is that one's own word.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    let mut client = peer.to_canonical();
    let mut chain = chain(headers);
    while proxies.contain(client) {
        // What is no address hides who it was: the proxy itself answers for it.
        let Some(Some(before)) = chain.pop() else {
            break;
        };
        client = before;
    }
    client
}

fn chain(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let texts = |name: &str| -> Vec<String> {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .map(|part| part.trim().to_owned())
            .collect()
    };
    let plain = texts(X_FORWARDED_FOR);
    if !plain.is_empty() {
        return plain.iter().map(|text| address(text)).collect();
    }
    let standard = texts(FORWARDED.as_str());
    standard
        .iter()
        .map(|element| address(forwarded_for(element)?))
        .collect()
}

/// `for=192.0.2.60;proto=http` (RFC 7239, section 4).
fn forwarded_for(element: &str) -> Option<&str> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => text,
        },
    };
    host.parse().ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let proxies = "10.0.0.0/8, ::1".parse().unwrap();
        client(peer.parse().unwrap(), &map, &proxies).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_somebody_else() {
        let forged = [("x-forwarded-for", "192.0.2.1")];
        assert_eq!(of("198.51.100.7", &forged), "198.51.100.7");
        assert_eq!(of("10.1.1.1", &forged), "192.0.2.1");
        assert_eq!(of("::1", &[("x-forwarded-for", "2001:db8::7")]), "2001:db8::7");
        assert_eq!(of("10.1.1.1", &[]), "10.1.1.1");
    }

    #[test]
    fn the_last_untrusted_address_of_the_chain_is_the_client() {
        let chain = [
            ("x-forwarded-for", "203.0.113.1, 192.0.2.1"),
            ("x-forwarded-for", "10.2.2.2"),
        ];
        assert_eq!(of("10.1.1.1", &chain), "192.0.2.1");
        assert_eq!(
            of("10.1.1.1", &[("x-forwarded-for", "unknown, 10.2.2.2")]),
            "10.2.2.2"
        );
        assert_eq!(of("10.1.1.1", &[("x-forwarded-for", "192.0.2.1, x")]), "10.1.1.1");
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let one = [(
            "forwarded",
            "for=192.0.2.60;proto=http;by=203.0.113.43, For=\"[2001:db8::17]:4711\"",
        )];
        assert_eq!(of("10.1.1.1", &one), "2001:db8::17");
        assert_eq!(
            of("10.1.1.1", &[("forwarded", "for=192.0.2.60:80")]),
            "192.0.2.60"
        );
        assert_eq!(of("10.1.1.1", &[("forwarded", "proto=http")]), "10.1.1.1");
    }
}
