//! Changes of address, port, TTL and MSS that keep every checksum true (RFC 1624). Decides nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::checksum::{fold, update, update16};
use super::flow::Protocol;
use super::ip::{Inner, Packet, TcpFlags};

impl Packet {
    /// Replaces the source address and port. For ICMP echo the port is the identifier; where a packet has no ports, the
    /// port is ignored. An address of the other family is ignored.
    pub fn set_source(&mut self, to: SocketAddr) {
        self.set_endpoint(to, true);
    }

    /// Replaces the destination address and port, under the same rules as [`Packet::set_source`].
    pub fn set_destination(&mut self, to: SocketAddr) {
        self.set_endpoint(to, false);
    }

    /// Sets the time to live, or hop limit.
    pub fn set_ttl(&mut self, ttl: u8) {
        let v4 = self.is_v4();
        let bytes = &mut self.inner_mut().bytes;
        if v4 {
            let old = u16::from_be_bytes([bytes[8], bytes[9]]);
            bytes[8] = ttl;
            let new = u16::from_be_bytes([bytes[8], bytes[9]]);
            let checksum = u16::from_be_bytes([bytes[10], bytes[11]]);
            bytes[10..12].copy_from_slice(&update16(checksum, old, new).to_be_bytes());
        } else {
            bytes[7] = ttl;
        }
    }

    /// Takes one hop off the time to live; false, and no change, if that would end the packet.
    pub fn decrement_ttl(&mut self) -> bool {
        let ttl = self.ttl();
        if ttl <= 1 {
            return false;
        }
        self.set_ttl(ttl - 1);
        true
    }

    fn set_endpoint(&mut self, to: SocketAddr, source: bool) {
        let tuple = self.tuple();
        match (if source { tuple.src } else { tuple.dst }, to.ip()) {
            (IpAddr::V4(_), IpAddr::V4(new)) if tuple.protocol == Protocol::TCP && self.has_transport() => {
                self.inner_mut().set_tcp_v4_endpoint(new, to.port(), source);
            }
            _ => self.set_any_endpoint(to, source),
        }
    }

    #[inline(never)]
    fn set_any_endpoint(&mut self, to: SocketAddr, source: bool) {
        let tuple = *self.tuple();
        let (old_ip, old_port) = if source { (tuple.src, tuple.src_port) } else { (tuple.dst, tuple.dst_port) };
        if old_ip.is_ipv4() != to.ip().is_ipv4() || (old_ip, old_port) == (to.ip(), to.port()) {
            return;
        }
        let has_transport = self.has_transport();
        let echo = matches!(
            (tuple.protocol, self.icmp()),
            (Protocol::ICMP, Some((0 | 8, _))) | (Protocol::ICMPV6, Some((128 | 129, _)))
        );
        let transport = self.transport_offset();
        let inner = self.inner_mut();
        let bytes = &mut inner.bytes;
        // The transport checksum covers the addresses too, so it is adjusted even where ports stay.
        let mut checksum = if has_transport { transport_checksum(tuple.protocol, transport, bytes) } else { None };
        match to.ip() {
            IpAddr::V4(new) => {
                let at = if source { 12 } else { 16 };
                let old: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
                let header = u16::from_be_bytes([bytes[10], bytes[11]]);
                bytes[10..12].copy_from_slice(&update(header, &old, &new.octets()).to_be_bytes());
                bytes[at..at + 4].copy_from_slice(&new.octets());
                if let Some((_, sum)) = checksum.as_mut().filter(|_| tuple.protocol != Protocol::ICMP) {
                    *sum = update(*sum, &old, &new.octets());
                }
            }
            IpAddr::V6(new) => {
                let at = if source { 8 } else { 24 };
                let old: [u8; 16] = bytes[at..at + 16].try_into().expect("sixteen bytes");
                bytes[at..at + 16].copy_from_slice(&new.octets());
                if let Some((_, sum)) = &mut checksum {
                    *sum = update(*sum, &old, &new.octets());
                }
            }
        }
        if let Some(at) = port_offset(tuple.protocol, source, echo).filter(|_| has_transport) {
            let at = transport + at;
            let old = [bytes[at], bytes[at + 1]];
            let new = to.port().to_be_bytes();
            bytes[at..at + 2].copy_from_slice(&new);
            if let Some((_, sum)) = &mut checksum {
                *sum = update(*sum, &old, &new);
            }
        }
        if let Some((at, sum)) = checksum {
            // RFC 768: a computed UDP checksum of zero is sent as all ones; zero means that there is none.
            let sum = if tuple.protocol == Protocol::UDP && sum == 0 { 0xffff } else { sum };
            bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        let port =
            if has_transport && port_offset(tuple.protocol, source, echo).is_some() { to.port() } else { old_port };
        let tuple = &mut inner.tuple;
        if source || tuple.protocol.is_icmp() {
            tuple.src_port = port;
        }
        if !source || tuple.protocol.is_icmp() {
            tuple.dst_port = port;
        }
        if source {
            tuple.src = to.ip();
        } else {
            tuple.dst = to.ip();
        }
    }
}

impl Inner {
    /// The same for what most packets are, in one go.
    fn set_tcp_v4_endpoint(&mut self, new: Ipv4Addr, port: u16, source: bool) {
        let transport = usize::from(self.transport);
        let (ip_at, port_at) = if source { (12, transport) } else { (16, transport + 2) };
        let checksum_at = transport + 16;
        let bytes = &mut self.bytes[..checksum_at + 2];
        let word = |bytes: &[u8], at: usize| u32::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let [high, low] = [0, 2].map(|at| word(&new.octets(), at));
        // RFC 1624, equation 3, of both words of the address at once: one's complement sums may be taken in any order.
        let address = (0xffff - word(bytes, ip_at)) + (0xffff - word(bytes, ip_at + 2)) + high + low;
        let ports = (0xffff - word(bytes, port_at)) + u32::from(port);
        let header = !fold((0xffff - word(bytes, 10)) + address);
        let segment = !fold((0xffff - word(bytes, checksum_at)) + address + ports);
        bytes[10..12].copy_from_slice(&header.to_be_bytes());
        bytes[ip_at..ip_at + 4].copy_from_slice(&new.octets());
        bytes[port_at..port_at + 2].copy_from_slice(&port.to_be_bytes());
        bytes[checksum_at..].copy_from_slice(&segment.to_be_bytes());
        if source {
            (self.tuple.src, self.tuple.src_port) = (IpAddr::V4(new), port);
        } else {
            (self.tuple.dst, self.tuple.dst_port) = (IpAddr::V4(new), port);
        }
    }
}

/// Where the checksum of the transport header stands, and its value; `None` where there is none.
fn transport_checksum(protocol: Protocol, transport: usize, bytes: &[u8]) -> Option<(usize, u16)> {
    let at = transport
        + match protocol {
            Protocol::TCP => 16,
            Protocol::UDP => 6,
            Protocol::ICMP | Protocol::ICMPV6 => 2,
            _ => return None,
        };
    let sum = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    // A UDP datagram without a checksum stays without one.
    (protocol != Protocol::UDP || sum != 0).then_some((at, sum))
}

/// Where a port, or an echo's identifier, stands in the transport header.
fn port_offset(protocol: Protocol, source: bool, echo: bool) -> Option<usize> {
    match protocol {
        Protocol::TCP | Protocol::UDP => Some(if source { 0 } else { 2 }),
        // Of ICMP only echoes have an identifier; their tuple's ports carry it.
        Protocol::ICMP | Protocol::ICMPV6 if echo => Some(4),
        _ => None,
    }
}

/// Lowers the MSS option of a SYN to `mss`, as boxes on a path of smaller MTU do; true if it was changed.
pub fn clamp_mss(packet: &mut Packet, mss: u16) -> bool {
    if !packet.tcp_flags().has(TcpFlags::SYN) {
        return false;
    }
    let Some((offset, old)) = mss_option(packet.transport()) else { return false };
    if old <= mss {
        return false;
    }
    let at = packet.transport_offset() + offset;
    let checksum_at = packet.transport_offset() + 16;
    let bytes = &mut packet.inner_mut().bytes;
    // Behind a single no-operation option the value straddles two words of the sum.
    let words = (at & !1)..(at + 3) & !1;
    let before = bytes[words.clone()].to_vec();
    bytes[at..at + 2].copy_from_slice(&mss.to_be_bytes());
    let after = bytes[words].to_vec();
    let sum = u16::from_be_bytes([bytes[checksum_at], bytes[checksum_at + 1]]);
    bytes[checksum_at..checksum_at + 2].copy_from_slice(&update(sum, &before, &after).to_be_bytes());
    true
}

/// The offset of the MSS value in a TCP segment, and the value (RFC 9293 section 3.2). Options behind one of an impossible
/// length are not read: nobody can say where they begin.
fn mss_option(segment: &[u8]) -> Option<(usize, u16)> {
    let header = segment.get(..usize::from(segment[12] >> 4) * 4)?;
    let mut at = TCP_HEADER_MIN;
    while let [kind, rest @ ..] = header.get(at..)? {
        let length = match (*kind, rest) {
            (END_OF_OPTIONS, _) => return None,
            (NO_OPERATION, _) => 1,
            (_, [length, ..]) => usize::from(*length),
            (_, []) => return None,
        };
        if *kind == MSS && length == 4 {
            let value = header.get(at + 2..at + 4)?;
            return Some((at + 2, u16::from_be_bytes([value[0], value[1]])));
        }
        if *kind != NO_OPERATION && length < 2 {
            return None;
        }
        at += length;
    }
    None
}

const TCP_HEADER_MIN: usize = 20;
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const MSS: u8 = 2;
