//! The PROXY protocol, versions 1 and 2: the address of the client, told by a proxy that is trusted to tell it.
//!
//! Takes from the stream exactly the header. A trusted peer may also speak for itself: neither an LDAP message nor
//! a TLS handshake begins as a header does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

/// How version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Octets of a header of version 1, its end of line too.
const MAX_LINE: usize = 107;
/// Octets after the first sixteen of version 2: addresses, and what a proxy may add.
const MAX_REST: usize = 2048;

/// Why a header is none.
#[derive(Debug, Error)]
pub enum ProxyError {
    #[error("not a header of the PROXY protocol")]
    Malformed,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The client's address where the stream begins with a header that tells one; `None` where the peer speaks for
/// itself.
pub async fn client(stream: &mut TcpStream) -> Result<Told, ProxyError> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        1 if first == [b'P'] => line(stream).await.map(Told::Header),
        1 if first == [b'\r'] => binary(stream).await.map(Told::Header),
        _ => Ok(Told::Nothing),
    }
}

/// What a proxy told before the client's first octet.
pub enum Told {
    /// There was no header: the proxy's machine speaks for itself.
    Nothing,
    /// Where the client is, if the header says it.
    Header(Option<IpAddr>),
}

/// Version 1: `PROXY TCP4 <source> <destination> <port> <port>`, or `PROXY UNKNOWN …`.
async fn line(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, ProxyError> {
    let mut octets = Vec::with_capacity(MAX_LINE);
    while !octets.ends_with(b"\r\n") {
        if octets.len() == MAX_LINE {
            return Err(ProxyError::Malformed);
        }
        octets.push(stream.read_u8().await?);
    }
    let text = std::str::from_utf8(&octets).map_err(|_| ProxyError::Malformed)?;
    let words: Vec<&str> = text.trim_end_matches("\r\n").split(' ').collect();
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, destination, from, to] => {
            let address = |text: &str| text.parse::<IpAddr>().ok();
            let is_family = |address: &IpAddr| address.is_ipv4() == (*family == "TCP4");
            let (Some(source), Some(_)) = (
                address(source).filter(is_family),
                address(destination).filter(is_family),
            ) else {
                return Err(ProxyError::Malformed);
            };
            let are_ports = from.parse::<u16>().is_ok() && to.parse::<u16>().is_ok();
            are_ports.then_some(Some(source)).ok_or(ProxyError::Malformed)
        }
        _ => Err(ProxyError::Malformed),
    }
}

/// Version 2: the signature, version and command, family, length of the rest; the rest begins with the addresses.
async fn binary(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, ProxyError> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let mut signature = [0; 12];
    stream.read_exact(&mut signature).await?;
    if signature != SIGNATURE {
        return Err(ProxyError::Malformed);
    }
    let (command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let length = usize::from(stream.read_u16().await?);
    if length > MAX_REST || !matches!(command, LOCAL | PROXY) {
        return Err(ProxyError::Malformed);
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    if command == LOCAL {
        return Ok(None);
    }
    match family >> 4 {
        // Two addresses and two ports; the source comes first.
        1 if length >= 12 => Ok(rest
            .first_chunk::<4>()
            .map(|octets| Ipv4Addr::from(*octets).into())),
        2 if length >= 36 => Ok(rest
            .first_chunk::<16>()
            .map(|octets| Ipv6Addr::from(*octets).into())),
        1 | 2 => Err(ProxyError::Malformed),
        // Unspecified, or a socket of the proxy's machine.
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a header says, and what is left of the stream.
    async fn read(mut bytes: &[u8]) -> (Option<Option<IpAddr>>, Vec<u8>) {
        let told = match bytes.first() {
            Some(b'P') => line(&mut bytes).await,
            _ => binary(&mut bytes).await,
        };
        (told.ok(), bytes.to_vec())
    }

    fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest, b"0rest"].concat()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_line_tells_the_source_and_leaves_what_follows() {
        for (line, expected) in [
            (
                "PROXY TCP4 192.0.2.7 192.0.2.1 50000 389\r\n",
                Some(Some(ip("192.0.2.7"))),
            ),
            (
                "PROXY TCP6 2001:db8::7 2001:db8::1 50000 389\r\n",
                Some(Some(ip("2001:db8::7"))),
            ),
            ("PROXY UNKNOWN\r\n", Some(None)),
            ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Some(None)),
            ("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", None),
            ("PROXY TCP4 192.0.2.7 192.0.2.1 1 70000\r\n", None),
            ("PROXY TCP4 192.0.2.7\r\n", None),
            ("PING\r\n", None),
        ] {
            let (told, rest) = read(format!("{line}0rest").as_bytes()).await;
            assert_eq!(told, expected, "{line}");
            assert_eq!(rest, b"0rest", "{line}");
        }
        let (told, _) = read(&[b'P'; 200]).await;
        assert_eq!(told, None);
    }

    #[tokio::test]
    async fn version_2_tells_the_source_and_passes_over_what_is_added() {
        let v4 = [&[192, 0, 2, 7, 192, 0, 2, 1, 1, 1, 1, 1][..], &[3, 0, 1, 9]].concat();
        let v6 = [&Ipv6Addr::LOCALHOST.octets()[..], &[0; 20]].concat();
        for (bytes, expected) in [
            (version_2(0x21, 0x11, &v4), Some(Some(ip("192.0.2.7")))),
            (version_2(0x21, 0x21, &v6), Some(Some(ip("::1")))),
            (version_2(0x20, 0x11, &v4), Some(None)),
            (version_2(0x21, 0x00, &[]), Some(None)),
        ] {
            let (told, rest) = read(&bytes).await;
            assert_eq!((told, rest.as_slice()), (expected, &b"0rest"[..]));
        }
        for wrong in [
            version_2(0x11, 0x11, &v4),
            version_2(0x21, 0x11, &v4[..8]),
            version_2(0x21, 0x21, &v4),
            version_2(0x21, 0x11, &[0; MAX_REST + 1]),
        ] {
            assert_eq!(read(&wrong).await.0, None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let _ = read(&bytes).await;
                let _ = read(&[b"PROXY ", &bytes[..], b"\r\n"].concat()).await;
                let _ = read(&[&SIGNATURE[..], &bytes].concat()).await;
            });
        }
    }
}
