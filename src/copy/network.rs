//! Network addresses as text: inet, cidr and MAC addresses in their usual spellings.

use std::io::Write;
use std::net::IpAddr;

use crate::copy::bits::hex_digit;

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
    /// Whether it is a network, without bits behind its prefix.
    is_cidr: bool,
}

impl Network {
    /// Reads a whole address, with `/` and a prefix length or without. `None` for what is spelled otherwise.
    pub fn inet(text: &[u8]) -> Option<Network> {
        let text = str::from_utf8(text).ok()?;
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        if is_ipv4_compatible(address) {
            return None;
        }
        let longest = longest_prefix(address);
        let prefix = match prefix {
            None => longest,
            Some(digits) => {
                let plain =
                    (1..=3).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
                let prefix = plain.then(|| digits.parse::<u8>().ok())??;
                Some(prefix).filter(|&prefix| prefix <= longest)?
            }
        };
        Some(Network {
            address,
            prefix,
            is_cidr: false,
        })
    }

    /// As [`Network::inet`]; `None` also when there are bits behind the prefix.
    pub fn cidr(text: &[u8]) -> Option<Network> {
        let network = Network::inet(text)?;
        let host_bits = match network.address {
            IpAddr::V4(address) => u128::from(
                u32::from(address)
                    .checked_shl(network.prefix.into())
                    .unwrap_or(0),
            ),
            IpAddr::V6(address) => u128::from(address)
                .checked_shl(network.prefix.into())
                .unwrap_or(0),
        };
        (host_bits == 0).then_some(Network {
            is_cidr: true,
            ..network
        })
    }

    /// Appends it as `inet_recv` reads it: family, prefix length, whether it is a cidr, and the address.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        const INET: u8 = 2;
        const INET6: u8 = 3;
        let mut put = |family: u8, bytes: &[u8], length: u8| {
            out.extend_from_slice(&[family, self.prefix, u8::from(self.is_cidr), length]);
            out.extend_from_slice(bytes);
        };
        match self.address {
            IpAddr::V4(address) => put(INET, &address.octets(), 4),
            IpAddr::V6(address) => put(INET6, &address.octets(), 16),
        }
    }

    /// Appends it as its cast to text does, always with the prefix length.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let _ = write!(out, "{}/{}", self.address, self.prefix);
    }
}

/// `::1.2.3.4`, which Postgres writes in another way than Rust.
fn is_ipv4_compatible(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => (0x1_0000..0x1_0000_0000).contains(&u128::from(address)),
    }
}

fn longest_prefix(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Pairs of hexadecimal digits, all with colons or all with hyphens between. `None` for what is spelled otherwise.
pub fn mac_address<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    if text.len() != LENGTH * 3 - 1 {
        return None;
    }
    let separator = text[2];
    if !matches!(separator, b':' | b'-') {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, group) in bytes.iter_mut().zip(text.chunks(3)) {
        *byte = hex_digit(group[0])? << 4 | hex_digit(group[1])?;
        if group.get(2).is_some_and(|&it| it != separator) {
            return None;
        }
    }
    Some(bytes)
}

/// Appends a MAC address, colons between its bytes.
pub fn write_mac_address(bytes: &[u8], out: &mut Vec<u8>) {
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 {
            out.push(b':');
        }
        // As above.
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(network: Option<Network>) -> Option<String> {
        let mut out = Vec::new();
        network?.write_text(&mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn addresses_may_have_a_prefix_length() {
        for (given, expected) in [
            ("192.168.0.1", "192.168.0.1/32"),
            ("192.168.0.1/24", "192.168.0.1/24"),
            ("10.0.0.0/32", "10.0.0.0/32"),
            ("::1", "::1/128"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4/128"),
        ] {
            let inet = text(Network::inet(given.as_bytes()));
            assert_eq!(inet.as_deref(), Some(expected), "{given}");
        }
        for given in [
            "",
            "10",
            "10.1/16",
            "1.2.3.4/33",
            "1.2.3.4/",
            "::1/129",
            "1.2.3.4/+8",
            "fe80::1%eth0",
            "::1.2.3.4",
        ] {
            assert_eq!(text(Network::inet(given.as_bytes())), None, "{given}");
        }
    }

    #[test]
    fn networks_have_no_bits_behind_their_prefix() {
        let cidr = |given: &str| text(Network::cidr(given.as_bytes()));
        assert_eq!(cidr("192.168.0.0/24").as_deref(), Some("192.168.0.0/24"));
        assert_eq!(cidr("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(cidr("1.2.3.4").as_deref(), Some("1.2.3.4/32"));
        assert_eq!(cidr("::/0").as_deref(), Some("::/0"));
        assert_eq!(cidr("192.168.0.1/24"), None);
    }

    #[test]
    fn mac_addresses_have_one_separator() {
        let expected = Some([8, 0, 0x2b, 1, 2, 3]);
        assert_eq!(mac_address(b"08:00:2b:01:02:03"), expected);
        assert_eq!(mac_address(b"08-00-2B-01-02-03"), expected);
        for text in [
            "",
            "08:00-2b:01:02:03",
            "08:00:2b:01:02",
            "0800.2b01.0203xx",
            "08:00:2b:01:02:0g",
        ] {
            assert_eq!(mac_address::<6>(text.as_bytes()), None, "{text}");
        }
    }
}
