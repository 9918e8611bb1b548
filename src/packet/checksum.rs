//! The internet checksum: whole (RFC 1071) and by difference (RFC 1624). Changes nothing by itself.

use std::net::IpAddr;

use super::flow::Protocol;
use super::ip::Packet;

/// The sum of the big-endian 16-bit words of `bytes`, folded to 16 bits and not inverted; an odd last byte counts as the
/// high half.
pub fn sum_words(bytes: &[u8]) -> u32 {
    // Words are added in the machine's own order and the sum is turned at the end (RFC 1071 section 2 B): so eight of
    // them are added at once.
    let mut lanes = [0u64; LANES];
    let mut blocks = bytes.chunks_exact(4 * LANES);
    for block in &mut blocks {
        for (lane, word) in lanes.iter_mut().zip(block.chunks_exact(4)) {
            *lane += u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
        }
    }
    let mut sum: u64 = lanes.iter().sum();
    let mut pairs = blocks.remainder().chunks_exact(2);
    for pair in &mut pairs {
        sum += u64::from(u16::from_ne_bytes([pair[0], pair[1]]));
    }
    if let [last] = pairs.remainder() {
        sum += u64::from(u16::from_ne_bytes([*last, 0]));
    }
    sum = (sum & 0xffff_ffff) + (sum >> 32);
    sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    let folded = (sum & 0xffff) + (sum >> 16);
    u32::from(u16::from_be(folded as u16))
}

/// Sums that are kept side by side.
const LANES: usize = 8;

/// Folds a sum of words to 16 bits, not inverted.
pub const fn fold(mut sum: u32) -> u16 {
    while 0xffff < sum {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The checksum after one 16-bit word under it changed: RFC 1624, equation 3.
pub const fn update16(checksum: u16, old: u16, new: u16) -> u16 {
    !fold(!checksum as u32 + !old as u32 + new as u32)
}

/// The checksum after bytes under it changed. Both slices have the same even length.
pub(crate) fn update(checksum: u16, old: &[u8], new: &[u8]) -> u16 {
    let word = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    old.chunks_exact(2).zip(new.chunks_exact(2)).fold(checksum, |sum, (old, new)| update16(sum, word(old), word(new)))
}

/// The folded sum of the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1).
pub(crate) fn pseudo_header(src: IpAddr, dst: IpAddr, protocol: Protocol, length: usize) -> u32 {
    let addresses = match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => sum_words(&src.octets()) + sum_words(&dst.octets()),
        (IpAddr::V6(src), IpAddr::V6(dst)) => sum_words(&src.octets()) + sum_words(&dst.octets()),
        _ => 0,
    };
    addresses + u32::from(protocol.0) + u32::from(fold(length as u32))
}

/// Whether every checksum of a packet is true: the IPv4 header's, and that of TCP, UDP or ICMP where the packet is
/// whole. A UDP checksum of 0 means that there is none (RFC 768).
pub fn checksums_hold(packet: &Packet) -> bool {
    let bytes = packet.bytes();
    let header = &bytes[..packet.header_len()];
    if packet.is_v4() && fold(sum_words(header)) != 0xffff {
        return false;
    }
    if packet.fragment().is_some() {
        return true;
    }
    let payload = &bytes[packet.transport_offset()..];
    let tuple = packet.tuple();
    let pseudo = pseudo_header(tuple.src, tuple.dst, tuple.protocol, payload.len());
    match tuple.protocol {
        Protocol::UDP if payload[6] == 0 && payload[7] == 0 => packet.is_v4(),
        Protocol::UDP | Protocol::TCP | Protocol::ICMPV6 => fold(pseudo + sum_words(payload)) == 0xffff,
        Protocol::ICMP => fold(sum_words(payload)) == 0xffff,
        _ => true,
    }
}
