//! Which traffic a filter rule is about: protocol, ports, ICMP types. Shared by security groups and network ACLs.

use std::fmt;

/// A protocol with its ports or types.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Every protocol, every port (EC2's `-1`).
    All,
    /// TCP.
    Tcp(PortRange),
    /// UDP.
    Udp(PortRange),
    /// ICMP.
    Icmp(IcmpKind),
    /// ICMP for IPv6.
    Icmpv6(IcmpKind),
    /// Any other, by its number. It has no ports (facts A3).
    Other(u8),
}

/// A range of ports, both ends included.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// A type and code of ICMP; `None` means every one.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IcmpKind {
    /// The type.
    pub icmp_type: Option<u8>,
    /// The code.
    pub code: Option<u8>,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { first: 0, last: 65_535 };

    /// From `first` to `last`; `None` if they are the wrong way round.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// One port.
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Its first port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// Its last port.
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Whether a port lies in it.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl Protocol {
    /// One TCP port.
    pub const fn tcp(port: u16) -> Self {
        Self::Tcp(PortRange::one(port))
    }

    /// One UDP port.
    pub const fn udp(port: u16) -> Self {
        Self::Udp(PortRange::one(port))
    }

    /// All of ICMP.
    pub const ICMP: Self = Self::Icmp(IcmpKind { icmp_type: None, code: None });

    /// Its IP protocol number; `None` for every protocol.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::All => None,
            Self::Icmp(_) => Some(1),
            Self::Tcp(_) => Some(6),
            Self::Udp(_) => Some(17),
            Self::Icmpv6(_) => Some(58),
            Self::Other(number) => Some(number),
        }
    }

    /// The protocol of EC2's fields: a name or number, and the two ports, which for ICMP are type and code, -1 meaning
    /// every one. `None` if they make no sense.
    pub fn from_fields(protocol: &str, from: Option<i64>, to: Option<i64>) -> Option<Self> {
        let number: i16 = match protocol {
            "tcp" => 6,
            "udp" => 17,
            "icmp" => 1,
            "icmpv6" => 58,
            "all" => -1,
            text => text.parse().ok().filter(|number| (-1..=255).contains(number))?,
        };
        let ports = || {
            // A range that was left out, or -1, means every port.
            let end = |value: Option<i64>, all: u16| match value {
                None | Some(-1) => Some(all),
                Some(value) => u16::try_from(value).ok(),
            };
            PortRange::new(end(from, 0)?, end(to, 65_535)?)
        };
        let kind = || {
            let part = |value: Option<i64>| match value {
                None | Some(-1) => Some(None),
                Some(value) => u8::try_from(value).ok().map(Some),
            };
            Some(IcmpKind { icmp_type: part(from)?, code: part(to)? })
        };
        match number {
            -1 => Some(Self::All),
            1 => kind().map(Self::Icmp),
            6 => ports().map(Self::Tcp),
            17 => ports().map(Self::Udp),
            58 => kind().map(Self::Icmpv6),
            number => u8::try_from(number).ok().map(Self::Other),
        }
    }

    /// EC2's name or number for it: `tcp`, `-1`, `47`.
    pub fn name(self) -> String {
        match self {
            Self::All => "-1".to_owned(),
            Self::Tcp(_) => "tcp".to_owned(),
            Self::Udp(_) => "udp".to_owned(),
            Self::Icmp(_) => "icmp".to_owned(),
            Self::Icmpv6(_) => "icmpv6".to_owned(),
            Self::Other(number) => number.to_string(),
        }
    }

    /// EC2's two fields: ports, or type and code. `None` where the protocol has neither.
    pub fn fields(self) -> Option<(i64, i64)> {
        match self {
            Self::All | Self::Other(_) => None,
            Self::Tcp(ports) | Self::Udp(ports) => Some((i64::from(ports.first), i64::from(ports.last))),
            Self::Icmp(kind) | Self::Icmpv6(kind) => {
                let part = |value: Option<u8>| value.map_or(-1, i64::from);
                Some((part(kind.icmp_type), part(kind.code)))
            }
        }
    }
}

/// `tcp/443`, `udp/1024-65535`, `icmp`, `icmp/8`, `all`, `47`.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Tcp(ports) => write!(f, "tcp/{ports}"),
            Self::Udp(ports) => write!(f, "udp/{ports}"),
            Self::Icmp(kind) => write!(f, "icmp{kind}"),
            Self::Icmpv6(kind) => write!(f, "icmpv6{kind}"),
            Self::Other(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

impl fmt::Display for IcmpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.icmp_type, self.code) {
            (None, _) => Ok(()),
            (Some(icmp_type), None) => write!(f, "/{icmp_type}"),
            (Some(icmp_type), Some(code)) => write!(f, "/{icmp_type}.{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_both_ways() {
        for (name, from, to, shown) in [
            ("tcp", Some(443), Some(443), "tcp/443"),
            ("17", Some(1024), Some(65_535), "udp/1024-65535"),
            ("-1", None, None, "all"),
            ("icmp", Some(-1), Some(-1), "icmp"),
            ("1", Some(3), Some(4), "icmp/3.4"),
            ("47", None, None, "47"),
            ("tcp", None, None, "tcp/0-65535"),
        ] {
            let protocol = Protocol::from_fields(name, from, to).expect(shown);
            assert_eq!(protocol.to_string(), shown);
            let fields = protocol.fields();
            let again = Protocol::from_fields(&protocol.name(), fields.map(|f| f.0), fields.map(|f| f.1));
            assert_eq!(again, Some(protocol));
        }
    }

    #[test]
    fn fields_without_sense_are_refused() {
        for (name, from, to) in
            [("tcp", Some(443), Some(80)), ("tcp", Some(0), Some(65_536)), ("sctp?", None, None), ("256", None, None)]
        {
            assert_eq!(Protocol::from_fields(name, from, to), None, "{name} {from:?} {to:?}");
        }
    }
}
