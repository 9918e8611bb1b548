//! IPv4 fragments: cutting a packet up, and putting the pieces together in bounded memory. Keeps no clock.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use pnet_packet::ipv4::MutableIpv4Packet;

use super::flow::{FiveTuple, Protocol};
use super::ip::Packet;
use crate::base::SimTime;

/// The place of a fragment in its packet.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Which packet it belongs to, among those of the same addresses and protocol.
    pub identification: u32,
    /// Where its payload begins in the whole one, in bytes; a multiple of 8.
    pub offset: u32,
    /// Whether more follow.
    pub more: bool,
}

/// Cuts an IPv4 packet into pieces of at most `mtu` bytes, each a packet's bytes; identification is the packet's own
/// (RFC 791 section 3.2). Empty where it cannot be cut: IPv6, or an MTU without room for eight bytes of payload.
pub fn split(packet: &Packet, mtu: usize) -> Vec<Vec<u8>> {
    let header_len = packet.header_len();
    let room = mtu.saturating_sub(header_len) & !7;
    if !packet.is_v4() || room == 0 {
        return Vec::new();
    }
    let (header, payload) = packet.bytes().split_at(header_len);
    let first = packet.fragment().map_or(0, |fragment| fragment.offset as usize);
    let more_behind = packet.fragment().is_some_and(|fragment| fragment.more);
    let count = payload.len().div_ceil(room).max(1);
    let piece = |index: usize| {
        let body = &payload[index * room..payload.len().min((index + 1) * room)];
        let mut bytes = Vec::with_capacity(header_len + body.len());
        bytes.extend_from_slice(header);
        bytes.extend_from_slice(body);
        let mut ip = MutableIpv4Packet::new(&mut bytes).expect("longer than a header");
        ip.set_total_length((header_len + body.len()) as u16);
        ip.set_fragment_offset(((first + index * room) / 8) as u16);
        ip.set_flags(u8::from(more_behind || index + 1 < count));
        let checksum = pnet_packet::ipv4::checksum(&ip.to_immutable());
        ip.set_checksum(checksum);
        bytes
    };
    (0..count).map(piece).collect()
}

/// Puts fragments together; the pieces of too many or too slow packets are forgotten.
#[derive(Debug, Default)]
pub struct Reassembler {
    partial: BTreeMap<(IpAddr, IpAddr, Protocol, u32), Partial>,
}

#[derive(Debug)]
struct Partial {
    expires: SimTime,
    /// Pieces of payload by offset.
    pieces: BTreeMap<u32, Vec<u8>>,
    header: Option<Vec<u8>>,
    total: Option<u32>,
}

impl Reassembler {
    /// How long pieces wait for the rest: Linux's 30 s (`net.ipv4.ipfrag_time`).
    pub const PATIENCE: Duration = Duration::from_secs(30);
    /// The most packets waiting for pieces at once.
    pub const WAITING_MAX: usize = 64;

    /// A reassembler that waits for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes of one fragment. The bytes of the whole packet once its last piece is there. A piece that
    /// came before is ignored; pieces that overlap otherwise discard the packet, as RFC 5722 asks for IPv6 and Linux
    /// does for both.
    pub fn take(&mut self, now: SimTime, packet: &Packet) -> Option<Vec<u8>> {
        let fragment = packet.fragment().filter(|_| packet.is_v4())?;
        self.partial.retain(|_, partial| now < partial.expires);
        let key = (packet.src(), packet.dst(), packet.protocol(), fragment.identification);
        if self.partial.len() == Self::WAITING_MAX && !self.partial.contains_key(&key) {
            return None;
        }
        let partial = self.partial.entry(key).or_insert_with(|| Partial {
            expires: now.after(Self::PATIENCE),
            pieces: BTreeMap::new(),
            header: None,
            total: None,
        });
        let body = &packet.bytes()[packet.transport_offset()..];
        let end = fragment.offset + body.len() as u32;
        if partial.pieces.get(&fragment.offset).is_some_and(|piece| piece.len() == body.len()) {
            return None;
        }
        let overlaps = partial
            .pieces
            .range(..end)
            .next_back()
            .is_some_and(|(at, piece)| fragment.offset < at + piece.len() as u32);
        if overlaps || u32::from(u16::MAX) < end {
            self.partial.remove(&key);
            return None;
        }
        if fragment.offset == 0 {
            partial.header = Some(packet.bytes()[..packet.header_len()].to_vec());
        }
        if !fragment.more {
            partial.total = Some(end);
        }
        partial.pieces.insert(fragment.offset, body.to_vec());
        let have: usize = partial.pieces.values().map(Vec::len).sum();
        let complete = partial.header.is_some() && partial.total.is_some_and(|total| total as usize == have);
        complete.then(|| self.partial.remove(&key)).flatten().and_then(Partial::whole)
    }
}

impl Partial {
    fn whole(self) -> Option<Vec<u8>> {
        let mut bytes = self.header?;
        let header_len = bytes.len();
        for (at, piece) in &self.pieces {
            if bytes.len() - header_len != *at as usize {
                return None;
            }
            bytes.extend_from_slice(piece);
        }
        let length = u16::try_from(bytes.len()).ok()?;
        let mut ip = MutableIpv4Packet::new(&mut bytes)?;
        ip.set_total_length(length);
        ip.set_fragment_offset(0);
        ip.set_flags(0);
        let checksum = pnet_packet::ipv4::checksum(&ip.to_immutable());
        ip.set_checksum(checksum);
        Some(bytes)
    }
}

/// Ports of fragmented packets, learned from first fragments so that later ones, which carry none, are judged as their
/// packet. Bounded in number and time.
#[derive(Debug, Default)]
pub struct FragmentPorts {
    known: BTreeMap<(IpAddr, IpAddr, Protocol, u32), (SimTime, FiveTuple)>,
}

impl FragmentPorts {
    /// The most fragmented packets remembered at once.
    pub const KNOWN_MAX: usize = 4_096;

    /// The tuple of a packet, with the ports of its first fragment. `None` for a later fragment whose first one was not
    /// seen or is forgotten: nobody can say which flow it belongs to.
    pub fn complete(&mut self, now: SimTime, packet: &Packet) -> Option<FiveTuple> {
        let Some(fragment) = packet.fragment() else { return Some(*packet.tuple()) };
        let key = (packet.src(), packet.dst(), packet.protocol(), fragment.identification);
        if fragment.offset != 0 {
            return self.known.get(&key).filter(|(expires, _)| now < *expires).map(|(_, tuple)| *tuple);
        }
        if Self::KNOWN_MAX <= self.known.len() {
            self.known.retain(|_, (expires, _)| now < *expires);
        }
        if self.known.len() < Self::KNOWN_MAX {
            self.known.insert(key, (now.after(Reassembler::PATIENCE), *packet.tuple()));
        }
        Some(*packet.tuple())
    }
}
