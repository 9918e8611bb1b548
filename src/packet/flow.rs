//! Who talks to whom: protocol, addresses, ports; and a table keyed by it. Knows no bytes.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use rustc_hash::FxHashMap;

/// A transport protocol by its IANA number.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);

    /// Whether its header has ports.
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP)
    }

    /// Whether it is ICMP of either family.
    pub const fn is_icmp(self) -> bool {
        matches!(self, Self::ICMP | Self::ICMPV6)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.pad("ICMP"),
            Self::TCP => f.pad("TCP"),
            Self::UDP => f.pad("UDP"),
            Self::ICMPV6 => f.pad("ICMPv6"),
            Self(number) => write!(f, "protocol {number}"),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Protocol, addresses and ports of a packet. For ICMP echo both ports are the echo identifier, so that a reply's
/// tuple is its request's reversed; for other ICMP and for fragments without a transport header both are 0.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiveTuple {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The source address.
    pub src: IpAddr,
    /// The destination address.
    pub dst: IpAddr,
    /// The source port.
    pub src_port: u16,
    /// The destination port.
    pub dst_port: u16,
}

impl FiveTuple {
    /// The tuple of the answers.
    #[must_use]
    pub const fn reversed(&self) -> Self {
        Self { protocol: self.protocol, src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port }
    }

    /// Source address and port.
    pub const fn source(&self) -> SocketAddr {
        SocketAddr::new(self.src, self.src_port)
    }

    /// Destination address and port.
    pub const fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.dst, self.dst_port)
    }
}

impl fmt::Display for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol.has_ports() {
            write!(f, "{} {} → {}", self.protocol, self.source(), self.destination())
        } else {
            write!(f, "{} {} → {}", self.protocol, self.src, self.dst)
        }
    }
}

impl fmt::Debug for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// IPv4 tuples packed into two words: hashing them costs a few instructions.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
struct KeyV4 {
    addresses: u64,
    rest: u64,
}

/// Values by five-tuple, and by one number more (an interface, a carrier). For lookup only: it cannot be iterated,
/// because the order of a hash table must never reach an output.
#[derive(Clone, Debug)]
pub struct FlowTable<V> {
    v4: FxHashMap<KeyV4, V>,
    v6: FxHashMap<(FiveTuple, u32), V>,
}

impl fmt::Debug for KeyV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}/{:x}", self.addresses, self.rest)
    }
}

enum Key {
    V4(KeyV4),
    V6((FiveTuple, u32)),
}

fn key(tuple: &FiveTuple, scope: u32) -> Key {
    match (tuple.src, tuple.dst) {
        // The scope takes 24 bits beside protocol and ports; larger ones take the long way.
        (IpAddr::V4(src), IpAddr::V4(dst)) if scope < 1 << 24 => Key::V4(KeyV4 {
            addresses: u64::from(u32::from(src)) << 32 | u64::from(u32::from(dst)),
            rest: u64::from(scope) << 40
                | u64::from(tuple.protocol.0) << 32
                | u64::from(tuple.src_port) << 16
                | u64::from(tuple.dst_port),
        }),
        _ => Key::V6((*tuple, scope)),
    }
}

impl<V> FlowTable<V> {
    /// A table without entries; takes no memory until the first one.
    pub fn new() -> Self {
        Self { v4: FxHashMap::default(), v6: FxHashMap::default() }
    }

    /// The value of a tuple in a scope.
    pub fn get(&self, tuple: &FiveTuple, scope: u32) -> Option<&V> {
        match key(tuple, scope) {
            Key::V4(key) => self.v4.get(&key),
            Key::V6(key) => self.v6.get(&key),
        }
    }

    /// The value of a tuple in a scope, to change.
    pub fn get_mut(&mut self, tuple: &FiveTuple, scope: u32) -> Option<&mut V> {
        match key(tuple, scope) {
            Key::V4(key) => self.v4.get_mut(&key),
            Key::V6(key) => self.v6.get_mut(&key),
        }
    }

    /// Puts a value, and returns what stood there.
    pub fn insert(&mut self, tuple: &FiveTuple, scope: u32, value: V) -> Option<V> {
        match key(tuple, scope) {
            Key::V4(key) => self.v4.insert(key, value),
            Key::V6(key) => self.v6.insert(key, value),
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, tuple: &FiveTuple, scope: u32) -> Option<V> {
        match key(tuple, scope) {
            Key::V4(key) => self.v4.remove(&key),
            Key::V6(key) => self.v6.remove(&key),
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Keeps the entries for which `keep` is true. `keep` must not depend on the order it is asked in.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut V) -> bool) {
        self.v4.retain(|_, value| keep(value));
        self.v6.retain(|_, value| keep(value));
    }
}

impl<V> Default for FlowTable<V> {
    fn default() -> Self {
        Self::new()
    }
}
