//! Network addresses that belong to nobody: of the networks for documentation (RFC 5737, RFC 3849), behind these of the
//! private network 10.0.0.0/8, and MAC addresses that are locally administered.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::dataset::choices::{Choices, LARGEST_DOMAIN, product};

/// The networks of 256 addresses each for documentation.
const DOCUMENTATION: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];

/// Addresses of one of them: neither the network's own nor the broadcast address.
const HOSTS: u64 = 254;

/// 2001:db8::/32.
const DOCUMENTATION_V6: u128 = 0x2001_0db8 << 96;

/// Which addresses there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpVersion {
    /// 192.0.2.1.
    V4,
    /// 2001:db8::1.
    V6,
}

/// Addresses of hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inet {
    /// Which.
    pub version: IpVersion,
}

impl Inet {
    /// Those for documentation, and behind these the ones of 10.0.0.0/8 without 10.0.0.0 and 10.255.255.255.
    pub(super) fn domain(&self) -> u128 {
        match self.version {
            IpVersion::V4 => u128::from(3 * HOSTS + (1 << 24) - 2),
            IpVersion::V6 => LARGEST_DOMAIN,
        }
    }

    /// Random ones are for documentation.
    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let address = match self.version {
            IpVersion::V4 => v4(&mut choices),
            IpVersion::V6 => return write_v6(v6(&mut choices), out),
        };
        write_v4(address, out);
    }
}

fn v4(choices: &mut Choices) -> Ipv4Addr {
    let sizes = [3 * u128::from(HOSTS), (1 << 24) - 2];
    let index = match choices.is_random() {
        true => choices.below(3 * HOSTS),
        false => match choices.branch(sizes.into_iter()) {
            0 => choices.below(3 * HOSTS),
            _ => return private(1 + choices.below((1 << 24) - 2)),
        },
    };
    let [a, b, c] = DOCUMENTATION[usize::try_from(index / HOSTS).unwrap_or(0)];
    Ipv4Addr::new(a, b, c, u8::try_from(index % HOSTS + 1).unwrap_or(1))
}

/// An address of 10.0.0.0/8 by its place.
fn private(place: u64) -> Ipv4Addr {
    Ipv4Addr::from(10 << 24 | u32::try_from(place).unwrap_or(1))
}

/// 2001:db8, two groups of a subnet, and 64 bits of a host.
fn v6(choices: &mut Choices) -> Ipv6Addr {
    let host = u128::from(choices.bits());
    let subnet = u128::from(choices.random_bits() & 0xffff);
    Ipv6Addr::from(DOCUMENTATION_V6 | subnet << 64 | host)
}

/// Networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cidr {
    /// Which.
    pub version: IpVersion,
}

/// The prefixes of the networks within those for documentation.
const V4_PREFIXES: std::ops::RangeInclusive<u32> = 24..=30;
/// The prefixes of the networks within 10.0.0.0/8.
const PRIVATE_PREFIXES: std::ops::RangeInclusive<u32> = 16..=30;

impl Cidr {
    pub(super) fn domain(&self) -> u128 {
        match self.version {
            IpVersion::V4 => v4_networks().chain(private_networks()).sum(),
            IpVersion::V6 => 1 << 32,
        }
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        match self.version {
            IpVersion::V4 => write_network(&mut choices, out),
            IpVersion::V6 => {
                let subnet = u128::from(choices.below(1 << 32));
                write_v6(Ipv6Addr::from(DOCUMENTATION_V6 | subnet << 64), out);
                out.extend_from_slice(b"/64");
            }
        }
    }
}

/// How many networks there are of each prefix within the three for documentation.
fn v4_networks() -> impl Iterator<Item = u128> {
    V4_PREFIXES.map(|prefix| 3u128 << (prefix - 24))
}

/// How many networks there are of each prefix within 10.0.0.0/8.
fn private_networks() -> impl Iterator<Item = u128> {
    PRIVATE_PREFIXES.map(|prefix| 1u128 << (prefix - 8))
}

fn write_network(choices: &mut Choices, out: &mut Vec<u8>) {
    let mut sizes: Vec<u128> = v4_networks().collect();
    let documentation = sizes.len();
    if !choices.is_random() {
        sizes.extend(private_networks());
    }
    let branch = choices.branch(sizes.iter().copied());
    let place =
        u32::try_from(choices.below(u64::try_from(sizes[branch]).unwrap_or(1))).unwrap_or(0);
    let (address, prefix) = match branch.checked_sub(documentation) {
        None => {
            let prefix = V4_PREFIXES.start() + u32::try_from(branch).unwrap_or(0);
            let [a, b, c] = DOCUMENTATION[(place % 3) as usize];
            let host = (place / 3) << (32 - prefix);
            (u32::from_be_bytes([a, b, c, 0]) | host, prefix)
        }
        Some(behind) => {
            let prefix = PRIVATE_PREFIXES.start() + u32::try_from(behind).unwrap_or(0);
            (10 << 24 | place << (32 - prefix), prefix)
        }
    };
    write_v4(Ipv4Addr::from(address), out);
    // Writing to memory cannot fail.
    let _ = write!(out, "/{prefix}");
}

/// MAC addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macaddr {
    /// 6 bytes for `macaddr`, 8 for `macaddr8`.
    pub bytes: u8,
}

impl Macaddr {
    /// The first byte's 64 locally administered unicast values, and all of the others'.
    pub(super) fn domain(&self) -> u128 {
        product(std::iter::once(64).chain((1..self.bytes).map(|_| 256)))
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        const LOCAL: u8 = 0x02;
        for place in 0..self.bytes {
            let byte = match place {
                0 => u8::try_from(choices.below(64)).unwrap_or(0) << 2 | LOCAL,
                _ => {
                    out.push(b':');
                    u8::try_from(choices.below(256)).unwrap_or(0)
                }
            };
            super::bytes::write_hex(&[byte], out);
        }
    }
}

fn write_v4(address: Ipv4Addr, out: &mut Vec<u8>) {
    for (place, byte) in address.octets().into_iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        out.extend_from_slice(itoa::Buffer::new().format(byte).as_bytes());
    }
}

fn write_v6(address: Ipv6Addr, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{address}");
}
