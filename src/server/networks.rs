//! Networks by address and length of their prefix, and what counts as one address among clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// What one subscriber has: an IPv4 address whole, of an IPv6 address the network of 64 bits.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// One network, as `192.0.2.0/24`, `2001:db8::/32` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// What is no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no network: write it like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let fault = || NetworkError(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.trim().parse().map_err(|_| fault())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| fault())?,
            None => longest,
        };
        if prefix > longest {
            return Err(fault());
        }
        Ok(Self { address, prefix })
    }
}

impl Network {
    /// Whether an address is in the network. An IPv4 address written as IPv6 is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(Ipv4Addr::BITS - prefix).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(Ipv6Addr::BITS - prefix).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// Several networks, separated by commas or spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl FromStr for Networks {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        parts.map(Network::from_str).collect::<Result<_, _>>().map(Self)
    }
}

impl<'de> serde::Deserialize<'de> for Networks {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Networks {
    /// Whether an address is in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(networks: &str, address: &str) -> bool {
        networks
            .parse::<Networks>()
            .unwrap()
            .contain(address.parse().unwrap())
    }

    #[test]
    fn addresses_are_in_networks_by_prefix() {
        for (networks, address, expected) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::/0", "2001:db8::1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("10.0.0.0/8, 192.0.2.7 ::1", "::1", true),
            ("", "::1", false),
        ] {
            assert_eq!(contain(networks, address), expected, "{address} in {networks}");
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in ["a", "192.0.2.0/33", "192.0.2.0/", "::/129", "192.0.2/24"] {
            let error = text.parse::<Networks>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn an_ipv6_subscriber_has_a_network_of_64_bits() {
        let one: IpAddr = "2001:db8:0:1::5".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1:a:b:c:d".parse().unwrap();
        assert_eq!(subscriber(one), subscriber(other));
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(subscriber(mapped), IpAddr::from([192, 0, 2, 1]));
    }
}
