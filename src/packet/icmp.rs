//! ICMP errors: made with the offender quoted (RFC 792, RFC 1812, RFC 4443), read, and translated with their quote.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use pnet_packet::icmp::destination_unreachable::MutableDestinationUnreachablePacket;
use pnet_packet::icmp::{IcmpCode, IcmpType, IcmpTypes, MutableIcmpPacket};
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::ipv6::MutableIpv6Packet;

use super::checksum::{fold, pseudo_header, sum_words, update, update16};
use super::flow::{FiveTuple, Protocol};
use super::ip::Packet;

/// What an ICMP error says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum IcmpError {
    /// No route to the network.
    NetUnreachable,
    /// The host does not answer.
    HostUnreachable,
    /// Nobody listens on the port.
    PortUnreachable,
    /// A filter forbids it.
    Prohibited,
    /// Larger than the next link, and not to be fragmented (RFC 1191, RFC 8201); `mtu` in bytes.
    TooBig {
        /// What the next link takes, in bytes.
        mtu: u16,
    },
    /// The time to live is spent.
    TimeExceeded,
    /// Fragments did not all arrive in time.
    ReassemblyTimeExceeded,
}

impl IcmpError {
    /// Type and code for the family.
    pub const fn type_and_code(self, v4: bool) -> (u8, u8) {
        match (self, v4) {
            (Self::NetUnreachable, true) => (3, 0),
            (Self::HostUnreachable, true) => (3, 1),
            (Self::PortUnreachable, true) => (3, 3),
            (Self::TooBig { .. }, true) => (3, 4),
            (Self::Prohibited, true) => (3, 13),
            (Self::TimeExceeded, true) => (11, 0),
            (Self::ReassemblyTimeExceeded, true) => (11, 1),
            (Self::NetUnreachable, false) => (1, 0),
            (Self::HostUnreachable, false) => (1, 3),
            (Self::PortUnreachable, false) => (1, 4),
            (Self::Prohibited, false) => (1, 1),
            (Self::TooBig { .. }, false) => (2, 0),
            (Self::TimeExceeded, false) => (3, 0),
            (Self::ReassemblyTimeExceeded, false) => (3, 1),
        }
    }

    fn read(v4: bool, kind: u8, code: u8, mtu: u16) -> Option<Self> {
        Some(match (v4, kind, code) {
            (true, 3, 4) | (false, 2, _) => Self::TooBig { mtu },
            (true, 3, 3) | (false, 1, 4) => Self::PortUnreachable,
            (true, 3, 0 | 6 | 11) | (false, 1, 0) => Self::NetUnreachable,
            (true, 3, 9 | 10 | 13) | (false, 1, 1 | 5 | 6) => Self::Prohibited,
            (true, 3, _) | (false, 1, _) => Self::HostUnreachable,
            (true, 11, 0) | (false, 3, 0) => Self::TimeExceeded,
            (true, 11, _) | (false, 3, _) => Self::ReassemblyTimeExceeded,
            _ => return None,
        })
    }
}

/// What an ICMP error quotes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// What the error says.
    pub error: IcmpError,
    /// The tuple of the packet it is about, as that packet was on the wire.
    pub tuple: FiveTuple,
    /// The sequence number of a quoted TCP segment, 0 for other protocols.
    pub seq: u32,
}

/// The most bytes of an IPv4 offender that are quoted: the error stays within 576 bytes (RFC 1812 section 4.3.2.3).
const QUOTE_V4_MAX: usize = 576 - 28;
/// The most bytes of an IPv6 offender that are quoted: the error stays within 1,280 bytes (RFC 4443 section 2.4).
const QUOTE_V6_MAX: usize = 1_280 - 48;

/// Writes an ICMP error about `offender`, from `from` to its source, into an empty buffer.
///
/// False, and nothing written, where no error may be sent (RFC 1122 section 3.2.2): about an ICMP error, about a later
/// fragment, to or about a group of hosts, or where the families differ.
pub fn build_icmp_error(buffer: &mut Vec<u8>, error: IcmpError, from: IpAddr, ttl: u8, offender: &Packet) -> bool {
    let about_error = offender.icmp().is_some_and(|(kind, _)| match offender.protocol() {
        Protocol::ICMP => !matches!(kind, 0 | 8 | 13..=18),
        _ => kind < 128,
    });
    let group = |address: IpAddr| address.is_multicast() || address.is_unspecified() || is_broadcast(address);
    if about_error || !offender.has_transport() || group(offender.src()) || group(offender.dst()) {
        return false;
    }
    match (from, offender.src()) {
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {}
        _ => return false,
    }
    let v4 = from.is_ipv4();
    let (header, most) = if v4 { (20, QUOTE_V4_MAX) } else { (40, QUOTE_V6_MAX) };
    let quote = &offender.bytes()[..offender.len().min(most)];
    buffer.clear();
    buffer.resize(header + 8, 0);
    buffer.extend_from_slice(quote);
    write_icmp(&mut buffer[header..], error, v4);
    match (from, offender.src()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let length = buffer.len() as u16;
            let mut ip = MutableIpv4Packet::new(buffer).expect("longer than a header");
            ip.set_version(4);
            ip.set_header_length(5);
            ip.set_total_length(length);
            ip.set_ttl(ttl);
            ip.set_next_level_protocol(IpNextHeaderProtocols::Icmp);
            ip.set_source(from);
            ip.set_destination(to);
            let checksum = pnet_packet::ipv4::checksum(&ip.to_immutable());
            ip.set_checksum(checksum);
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let length = (buffer.len() - header) as u16;
            let mut ip = MutableIpv6Packet::new(buffer).expect("longer than a header");
            ip.set_version(6);
            ip.set_payload_length(length);
            ip.set_hop_limit(ttl);
            ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
            ip.set_source(from);
            ip.set_destination(to);
        }
        _ => return false,
    }
    let pseudo = if v4 { 0 } else { pseudo_header(from, offender.src(), Protocol::ICMPV6, buffer.len() - header) };
    let checksum = !fold(pseudo + sum_words(&buffer[header..]));
    buffer[header + 2..header + 4].copy_from_slice(&checksum.to_be_bytes());
    true
}

fn write_icmp(message: &mut [u8], error: IcmpError, v4: bool) {
    let (kind, code) = error.type_and_code(v4);
    if v4 {
        let mut icmp = MutableIcmpPacket::new(message).expect("longer than a header");
        icmp.set_icmp_type(IcmpType(kind));
        icmp.set_icmp_code(IcmpCode(code));
        if let IcmpError::TooBig { mtu } = error {
            let mut unreachable = MutableDestinationUnreachablePacket::new(message).expect("longer than a header");
            debug_assert_eq!(unreachable.get_icmp_type(), IcmpTypes::DestinationUnreachable);
            unreachable.set_next_hop_mtu(mtu);
        }
    } else {
        message[0] = kind;
        message[1] = code;
        if let IcmpError::TooBig { mtu } = error {
            message[4..8].copy_from_slice(&u32::from(mtu).to_be_bytes());
        }
    }
}

fn is_broadcast(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::BROADCAST)
}

impl Packet {
    /// What an ICMP error quotes; `None` for everything else, and for a quote that is no IP packet with ports.
    pub fn quoted(&self) -> Option<Quoted> {
        let (kind, code) = self.icmp()?;
        let v4 = self.protocol() == Protocol::ICMP;
        let message = self.transport();
        // RFC 1191 puts the MTU into two bytes, RFC 4443 into four of which the last two are enough for any link.
        let error = IcmpError::read(v4, kind, code, u16::from_be_bytes([message[6], message[7]]))?;
        let (tuple, transport) = quoted_tuple(&message[8..])?;
        let seq = match tuple.protocol {
            Protocol::TCP => transport.get(4..8).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            _ => 0,
        };
        Some(Quoted { error, tuple, seq })
    }

    /// Translates the packet that an IPv4 ICMP error quotes, so that its receiver finds its own flow in it: source and
    /// destination of the quote are replaced where given. False, and no change, where there is no quote to translate.
    pub fn translate_quote(&mut self, source: Option<SocketAddr>, destination: Option<SocketAddr>) -> bool {
        if self.protocol() != Protocol::ICMP || self.quoted().is_none() {
            return false;
        }
        let start = self.transport_offset() + 8;
        let icmp = self.transport_offset();
        let bytes = &mut self.inner_mut().bytes;
        let before = fold(sum_words(&bytes[start..]));
        let quote = &mut bytes[start..];
        let header = usize::from(quote[0] & 0x0f) * 4;
        let protocol = Protocol(quote[9]);
        // RFC 5508 section 4.2: the quoted transport header becomes what it was, its checksum too, where the quote has it.
        let checksum_at = match protocol {
            Protocol::TCP => Some(header + 16),
            Protocol::UDP => Some(header + 6),
            Protocol::ICMP => Some(header + 2),
            _ => None,
        };
        let checksum_at = checksum_at.filter(|at| at + 2 <= quote.len());
        for (to, address_at, port_at) in [(source, 12, 0), (destination, 16, 2)] {
            let Some(SocketAddr::V4(to)) = to else { continue };
            let old: [u8; 4] = quote[address_at..address_at + 4].try_into().expect("four bytes");
            let sum = u16::from_be_bytes([quote[10], quote[11]]);
            quote[10..12].copy_from_slice(&update(sum, &old, &to.ip().octets()).to_be_bytes());
            quote[address_at..address_at + 4].copy_from_slice(&to.ip().octets());
            let mut transport = checksum_at.map(|at| u16::from_be_bytes([quote[at], quote[at + 1]]));
            // A UDP datagram without a checksum stays without one.
            transport = transport.filter(|sum| protocol != Protocol::UDP || *sum != 0);
            if let Some(sum) = transport.as_mut().filter(|_| protocol != Protocol::ICMP) {
                *sum = update(*sum, &old, &to.ip().octets());
            }
            let port = match protocol {
                Protocol::TCP | Protocol::UDP => Some(header + port_at),
                Protocol::ICMP => Some(header + 4),
                _ => None,
            };
            if let Some(field) = port.and_then(|at| quote.get_mut(at..at + 2)) {
                let before = [field[0], field[1]];
                field.copy_from_slice(&to.port().to_be_bytes());
                if let Some(sum) = &mut transport {
                    *sum = update(*sum, &before, &to.port().to_be_bytes());
                }
            }
            if let Some((at, sum)) = checksum_at.zip(transport) {
                let sum = if protocol == Protocol::UDP && sum == 0 { 0xffff } else { sum };
                quote[at..at + 2].copy_from_slice(&sum.to_be_bytes());
            }
        }
        // By difference, as a first fragment of an error holds only a part of what its checksum covers.
        let after = fold(sum_words(&bytes[start..]));
        let sum = update16(u16::from_be_bytes([bytes[icmp + 2], bytes[icmp + 3]]), before, after);
        bytes[icmp + 2..icmp + 4].copy_from_slice(&sum.to_be_bytes());
        self.reread();
        true
    }
}

/// The tuple of a quoted packet, which may be cut behind the first eight bytes of its transport header.
fn quoted_tuple(quote: &[u8]) -> Option<(FiveTuple, &[u8])> {
    let (protocol, src, dst, header) = match quote.first()? >> 4 {
        4 => {
            let header = usize::from(quote[0] & 0x0f) * 4;
            let address = |at: usize| {
                let octets: [u8; 4] = quote.get(at..at + 4)?.try_into().ok()?;
                Some(IpAddr::from(octets))
            };
            (Protocol(*quote.get(9)?), address(12)?, address(16)?, header)
        }
        6 => {
            let address = |at: usize| {
                let octets: [u8; 16] = quote.get(at..at + 16)?.try_into().ok()?;
                Some(IpAddr::from(octets))
            };
            (Protocol(*quote.get(6)?), address(8)?, address(24)?, 40)
        }
        _ => return None,
    };
    // Protocols without ports may have nothing behind their header.
    let least = if protocol.has_ports() || protocol.is_icmp() { 8 } else { 0 };
    let transport = quote.get(header..).filter(|rest| least <= rest.len() && 20 <= header)?;
    let word = |at: usize| u16::from_be_bytes([transport[at], transport[at + 1]]);
    let (src_port, dst_port) = match protocol {
        Protocol::TCP | Protocol::UDP => (word(0), word(2)),
        Protocol::ICMP if matches!(transport[0], 0 | 8) => (word(4), word(4)),
        Protocol::ICMPV6 if matches!(transport[0], 128 | 129) => (word(4), word(4)),
        _ => (0, 0),
    };
    Some((FiveTuple { protocol, src, dst, src_port, dst_port }, transport))
}
