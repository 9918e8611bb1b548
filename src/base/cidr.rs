//! A block of IPv4 or IPv6 addresses: parsed once, valid for ever. Says nothing about who may use it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A block of addresses in canonical form: the bits behind the prefix are zero.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// Why a text is no CIDR block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not of the form address/length.
    #[error("`{0}` is not a CIDR block such as 10.0.0.0/16")]
    Malformed(String),
}

impl Cidr {
    /// `0.0.0.0/0`.
    pub const ALL_V4: Self = Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)));
    /// `::/0`.
    pub const ALL_V6: Self = Self(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)));

    /// Reads `10.0.0.0/16` or `2001:db8::/32`. Host bits are cleared, as EC2 does (100.68.0.18/18 is 100.68.0.0/18;
    /// EC2 API, CreateRoute).
    pub fn parse(text: &str) -> Result<Self, CidrError> {
        let net: IpNet = text.trim().parse().map_err(|_| CidrError::Malformed(text.to_owned()))?;
        Ok(Self(net.trunc()))
    }

    /// The block that holds only `address`.
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// The block of `length` bits around `address`; `None` if the length is too long for the family.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        IpNet::new(address, length).ok().map(|net| Self(net.trunc()))
    }

    /// Its first address.
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// Its last address.
    pub fn last(&self) -> IpAddr {
        self.0.broadcast()
    }

    /// The length of its prefix, in bits.
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether it is of IPv4.
    pub fn is_v4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether all of `other` lies in it; a block covers itself.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The address `index` places behind the first one; `None` outside the block.
    pub fn nth(&self, index: u128) -> Option<IpAddr> {
        let address = match self.0.network() {
            IpAddr::V4(first) => {
                let value = u128::from(u32::from(first)).checked_add(index)?;
                IpAddr::V4(Ipv4Addr::from(u32::try_from(value).ok()?))
            }
            IpAddr::V6(first) => IpAddr::V6(Ipv6Addr::from(u128::from(first).checked_add(index)?)),
        };
        self.contains(address).then_some(address)
    }

    /// How many addresses it holds, at most `u128::MAX`.
    pub fn size(&self) -> u128 {
        let bits = u32::from(self.0.max_prefix_len() - self.0.prefix_len());
        1u128.checked_shl(bits).unwrap_or(u128::MAX)
    }

    /// The same block as a value of the `ipnet` library.
    pub fn net(&self) -> IpNet {
        self.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).expect(text)
    }

    #[test]
    fn host_bits_are_cleared() {
        assert_eq!(cidr("100.68.0.18/18").to_string(), "100.68.0.0/18");
    }

    #[test]
    fn blocks_cover_what_lies_inside_them_only() {
        assert!(cidr("54.123.160.0/19").covers(&cidr("54.123.165.0/24")));
        assert!(!cidr("54.123.165.0/24").covers(&cidr("54.123.160.0/19")));
        assert!(cidr("54.123.165.0/24").overlaps(&cidr("54.123.160.0/19")));
        assert!(!cidr("10.0.0.0/16").overlaps(&cidr("10.1.0.0/16")));
    }

    #[test]
    fn nth_ends_with_the_block() {
        assert_eq!(cidr("10.0.0.0/28").nth(15), Some("10.0.0.15".parse().expect("an address")));
        assert_eq!(cidr("10.0.0.0/28").nth(16), None);
        assert_eq!(cidr("255.255.255.0/24").nth(256), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "a/b"] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }
}
