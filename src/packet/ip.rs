//! A packet: owned IPv4 or IPv6 bytes proven well-formed once, with an id for tracing. Decides nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::flow::{FiveTuple, Protocol};
use super::fragment::Fragment;

/// Names one packet for the length of a run; the packets that a box makes from it (an ICMP error, an RST, fragments)
/// have ids of their own.
#[derive(Copy, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(pub u64);

impl fmt::Debug for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A packet: one pointer wide, owner of its bytes.
///
/// Every packet ends exactly once: forwarded, delivered, absorbed or dropped with a reason. It therefore cannot be
/// cloned; [`Packet::duplicate`] says aloud that there is a second one.
#[must_use = "a packet that goes nowhere is dropped through Effects, with a reason"]
pub struct Packet(Box<Inner>);

pub(crate) struct Inner {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tuple: FiveTuple,
    pub(crate) id: PacketId,
    /// Crossings of links so far; bounded by the engine, because routers of a VPC take no TTL.
    pub(crate) crossings: u16,
    pub(crate) transport: u16,
    pub(crate) fragment: Option<Fragment>,
    /// Whether its checksums were computed in this run; changes of this room keep them true.
    pub(crate) vouched: bool,
}

/// Why bytes are no packet.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Neither IPv4 nor IPv6.
    #[error("version is neither 4 nor 6")]
    Version,
    /// Shorter than its headers say.
    #[error("shorter than its headers say")]
    Truncated,
    /// A length field contradicts another one.
    #[error("a length field contradicts another")]
    Length,
    /// Longer than 65,535 bytes.
    #[error("longer than 65,535 bytes")]
    TooLong,
    /// More extension headers than [`EXTENSION_HEADERS_MAX`].
    #[error("too many extension headers")]
    Extensions,
    /// A checksum is not true.
    #[error("a checksum is not true")]
    Checksum,
}

/// The most IPv6 extension headers walked in search of the transport header.
pub(crate) const EXTENSION_HEADERS_MAX: usize = 8;

/// The flags of a TCP segment.
#[derive(Copy, Clone, PartialEq, Eq, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment number counts.
    pub const ACK: u8 = 0x10;

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: u8) -> bool {
        self.0 & flags == flags
    }

    /// SYN without ACK: the first segment of a connection.
    pub const fn opens(self) -> bool {
        self.0 & (Self::SYN | Self::ACK | Self::RST) == Self::SYN
    }
}

/// What a TCP header says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct TcpView {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number; meaningful with the ACK flag.
    pub ack: u32,
    /// Flags.
    pub flags: TcpFlags,
    /// Window, as written.
    pub window: u16,
    /// Bytes of payload.
    pub payload_len: usize,
}

impl TcpView {
    /// How much of the sequence space the segment takes: its payload, and one each for SYN and FIN.
    pub const fn segment_len(&self) -> u32 {
        let flags = (self.flags.0 & TcpFlags::FIN) as u32 + ((self.flags.0 & TcpFlags::SYN) >> 1) as u32;
        self.payload_len as u32 + flags
    }
}

impl fmt::Debug for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::flags_text(*self))
    }
}

impl Packet {
    /// Takes bytes that are one IP packet; bytes behind its end are cut off. Structure is checked, checksums are not:
    /// see [`super::checksums_hold`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Malformed> {
        Self::parse_into(Box::new(Inner::empty(bytes))).map_err(|(why, _)| why)
    }

    /// The same for a recycled box; gives it back if the bytes are no packet.
    pub(crate) fn parse_into(mut inner: Box<Inner>) -> Result<Self, (Malformed, Box<Inner>)> {
        match dissect(&inner.bytes) {
            Ok(found) => {
                inner.bytes.truncate(found.total_len);
                inner.tuple = found.tuple;
                inner.transport = found.transport;
                inner.fragment = found.fragment;
                inner.crossings = 0;
                inner.vouched = false;
                Ok(Self(inner))
            }
            Err(why) => Err((why, inner)),
        }
    }

    /// Reads addresses, ports and offsets again after a change of the bytes.
    pub(crate) fn reread(&mut self) {
        let found = dissect(&self.0.bytes).expect("changes of this room keep a packet well-formed");
        self.0.tuple = found.tuple;
        self.0.transport = found.transport;
        self.0.fragment = found.fragment;
    }

    /// A second packet with the same bytes, under another id.
    pub fn duplicate(&self, id: PacketId) -> Self {
        Self(Box::new(Inner {
            bytes: self.0.bytes.clone(),
            tuple: self.0.tuple,
            id,
            crossings: self.0.crossings,
            transport: self.0.transport,
            fragment: self.0.fragment,
            vouched: self.0.vouched,
        }))
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        &mut self.0
    }

    pub(crate) fn into_inner(self) -> Box<Inner> {
        self.0
    }

    /// Gives the packet its name in the trace.
    pub fn set_id(&mut self, id: PacketId) {
        self.0.id = id;
    }

    /// Says that its checksums are true, for they were just computed: whoever receives it need not add them up again, as
    /// between machines whose network cards do it. Packets from outside of a run are never vouched for.
    pub(crate) fn vouch(&mut self) {
        self.0.vouched = true;
    }

    /// Whether its checksums are known to be true.
    pub(crate) fn is_vouched(&self) -> bool {
        self.0.vouched
    }

    /// Counts one more crossing of a link, and says how many there were.
    pub fn cross(&mut self) -> u16 {
        self.0.crossings = self.0.crossings.saturating_add(1);
        self.0.crossings
    }

    /// Its name in the trace.
    pub fn id(&self) -> PacketId {
        self.0.id
    }

    /// All of its bytes, from the IP header on.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Its length in bytes, the IP header included.
    #[expect(clippy::len_without_is_empty, reason = "a packet has at least its header")]
    pub fn len(&self) -> usize {
        self.0.bytes.len()
    }

    /// Protocol, addresses and ports.
    pub fn tuple(&self) -> &FiveTuple {
        &self.0.tuple
    }

    /// Source address.
    pub fn src(&self) -> IpAddr {
        self.0.tuple.src
    }

    /// Destination address.
    pub fn dst(&self) -> IpAddr {
        self.0.tuple.dst
    }

    /// Transport protocol.
    pub fn protocol(&self) -> Protocol {
        self.0.tuple.protocol
    }

    /// Whether it is of IPv4.
    pub fn is_v4(&self) -> bool {
        self.0.bytes[0] >> 4 == 4
    }

    /// Length of the IP header in bytes, without IPv6 extension headers.
    pub fn header_len(&self) -> usize {
        if self.is_v4() { usize::from(self.0.bytes[0] & 0x0f) * 4 } else { IPV6_HEADER }
    }

    /// Where the transport header, or a later fragment's piece of payload, begins.
    pub fn transport_offset(&self) -> usize {
        usize::from(self.0.transport)
    }

    /// What stands behind the IP headers.
    pub fn transport(&self) -> &[u8] {
        &self.0.bytes[self.transport_offset()..]
    }

    /// Time to live, or hop limit.
    pub fn ttl(&self) -> u8 {
        if self.is_v4() { self.0.bytes[8] } else { self.0.bytes[7] }
    }

    /// Whether it must not be fragmented; true for all of IPv6, where only hosts fragment.
    pub fn dont_fragment(&self) -> bool {
        !self.is_v4() || self.0.bytes[6] & 0x40 != 0
    }

    /// Its place among fragments; `None` for a whole packet.
    pub fn fragment(&self) -> Option<Fragment> {
        self.0.fragment
    }

    /// Whether it has its transport header: all but later fragments do.
    pub fn has_transport(&self) -> bool {
        self.0.fragment.is_none_or(|fragment| fragment.offset == 0)
    }

    /// What its TCP header says; `None` for other protocols and later fragments.
    pub fn tcp(&self) -> Option<TcpView> {
        if self.0.tuple.protocol != Protocol::TCP || !self.has_transport() {
            return None;
        }
        let header = self.transport();
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(TcpView {
            seq: word(4),
            ack: word(8),
            flags: TcpFlags(header[13] & 0x3f),
            window: u16::from_be_bytes([header[14], header[15]]),
            payload_len: header.len() - usize::from(header[12] >> 4) * 4,
        })
    }

    /// Flags of a TCP segment; none for other packets.
    pub fn tcp_flags(&self) -> TcpFlags {
        if self.0.tuple.protocol == Protocol::TCP && self.has_transport() {
            TcpFlags(self.0.bytes[self.transport_offset() + 13] & 0x3f)
        } else {
            TcpFlags(0)
        }
    }

    /// ICMP type and code; `None` for other protocols and later fragments.
    pub fn icmp(&self) -> Option<(u8, u8)> {
        let icmp = self.0.tuple.protocol.is_icmp() && self.has_transport();
        icmp.then(|| (self.0.bytes[self.transport_offset()], self.0.bytes[self.transport_offset() + 1]))
    }

    /// Bytes behind the transport header: payload of TCP, UDP or an echo.
    pub fn payload(&self) -> &[u8] {
        let transport = self.transport();
        if !self.has_transport() {
            return transport;
        }
        match self.0.tuple.protocol {
            Protocol::TCP => &transport[usize::from(transport[12] >> 4) * 4..],
            Protocol::UDP | Protocol::ICMP | Protocol::ICMPV6 => &transport[8..],
            _ => transport,
        }
    }
}

impl Inner {
    pub(crate) fn empty(bytes: Vec<u8>) -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let tuple = FiveTuple { protocol: Protocol(0), src: nowhere, dst: nowhere, src_port: 0, dst_port: 0 };
        Self { bytes, tuple, id: PacketId(0), crossings: 0, transport: 0, fragment: None, vouched: false }
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id(), super::text::describe(self))
    }
}

struct Dissected {
    total_len: usize,
    tuple: FiveTuple,
    transport: u16,
    fragment: Option<Fragment>,
}

const IPV4_HEADER_MIN: usize = 20;
const IPV6_HEADER: usize = 40;

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn dissect(bytes: &[u8]) -> Result<Dissected, Malformed> {
    if usize::from(u16::MAX) + IPV6_HEADER < bytes.len() {
        return Err(Malformed::TooLong);
    }
    match bytes.first().map(|first| first >> 4) {
        Some(4) => dissect_v4(bytes),
        Some(6) => dissect_v6(bytes),
        Some(_) => Err(Malformed::Version),
        None => Err(Malformed::Truncated),
    }
}

fn dissect_v4(bytes: &[u8]) -> Result<Dissected, Malformed> {
    if bytes.len() < IPV4_HEADER_MIN {
        return Err(Malformed::Truncated);
    }
    let header_len = usize::from(bytes[0] & 0x0f) * 4;
    let total_len = usize::from(be16(bytes, 2));
    if header_len < IPV4_HEADER_MIN || total_len < header_len {
        return Err(Malformed::Length);
    }
    if bytes.len() < total_len {
        return Err(Malformed::Truncated);
    }
    let flags = be16(bytes, 6);
    let (offset, more) = (flags & 0x1fff, flags & 0x2000 != 0);
    let fragment = (offset != 0 || more).then(|| Fragment {
        identification: u32::from(be16(bytes, 4)),
        offset: u32::from(offset) * 8,
        more,
    });
    let address = |at: usize| IpAddr::V4(Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]));
    let protocol = Protocol(bytes[9]);
    let (src_port, dst_port) = ports(protocol, &bytes[header_len..total_len], fragment)?;
    Ok(Dissected {
        total_len,
        tuple: FiveTuple { protocol, src: address(12), dst: address(16), src_port, dst_port },
        transport: header_len as u16,
        fragment,
    })
}

fn dissect_v6(bytes: &[u8]) -> Result<Dissected, Malformed> {
    if bytes.len() < IPV6_HEADER {
        return Err(Malformed::Truncated);
    }
    let total_len = IPV6_HEADER + usize::from(be16(bytes, 4));
    if bytes.len() < total_len {
        return Err(Malformed::Truncated);
    }
    let address = |at: usize| {
        let octets: [u8; 16] = bytes[at..at + 16].try_into().expect("sixteen bytes");
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let (mut next, mut at, mut fragment) = (bytes[6], IPV6_HEADER, None);
    for _ in 0..EXTENSION_HEADERS_MAX {
        // Behind the header of a later fragment stands a piece of payload, whatever the next header is.
        let later = fragment.is_some_and(|fragment: Fragment| fragment.offset != 0);
        // RFC 8200 section 4: hop-by-hop, routing and destination options carry their length; a fragment header is 8.
        let length = match next {
            0 | 43 | 60 if !later && at + 8 <= total_len => (usize::from(bytes[at + 1]) + 1) * 8,
            44 if !later && at + 8 <= total_len => {
                let flags = be16(bytes, at + 2);
                let identification = u32::from_be_bytes([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]]);
                let (offset, more) = (u32::from(flags & 0xfff8), flags & 1 != 0);
                if offset != 0 || more {
                    fragment = Some(Fragment { identification, offset, more });
                }
                8
            }
            0 | 43 | 44 | 60 if !later => return Err(Malformed::Truncated),
            _ => {
                let protocol = Protocol(next);
                let (src_port, dst_port) = ports(protocol, &bytes[at..total_len], fragment)?;
                let tuple = FiveTuple { protocol, src: address(8), dst: address(24), src_port, dst_port };
                return Ok(Dissected { total_len, tuple, transport: at as u16, fragment });
            }
        };
        next = bytes[at];
        at += length;
        if total_len < at {
            return Err(Malformed::Truncated);
        }
    }
    Err(Malformed::Extensions)
}

/// Checks the transport header, and reads its ports.
fn ports(protocol: Protocol, payload: &[u8], fragment: Option<Fragment>) -> Result<(u16, u16), Malformed> {
    if fragment.is_some_and(|fragment| fragment.offset != 0) {
        return Ok((0, 0));
    }
    match protocol {
        Protocol::TCP => {
            if payload.len() < 20 {
                return Err(Malformed::Truncated);
            }
            let header = usize::from(payload[12] >> 4) * 4;
            if header < 20 || payload.len() < header {
                return Err(Malformed::Length);
            }
            Ok((be16(payload, 0), be16(payload, 2)))
        }
        Protocol::UDP => {
            if payload.len() < 8 {
                return Err(Malformed::Truncated);
            }
            let length = usize::from(be16(payload, 4));
            // Of a fragmented datagram the first piece is shorter than the datagram.
            if length < 8 || (fragment.is_none() && length != payload.len()) {
                return Err(Malformed::Length);
            }
            Ok((be16(payload, 0), be16(payload, 2)))
        }
        Protocol::ICMP | Protocol::ICMPV6 => {
            if payload.len() < 8 {
                return Err(Malformed::Truncated);
            }
            let echo = match protocol {
                Protocol::ICMP => matches!(payload[0], 0 | 8),
                _ => matches!(payload[0], 128 | 129),
            };
            let identifier = if echo { be16(payload, 4) } else { 0 };
            Ok((identifier, identifier))
        }
        _ => Ok((0, 0)),
    }
}
