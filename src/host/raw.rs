//! Packets that the host writes itself: resets, echoes, datagrams, probes. Decides nothing.

use std::net::{IpAddr, SocketAddr};

use crate::packet::{FiveTuple, Protocol, TcpFlags, fold, sum_words};

/// What stands in the IP header of a packet of the host.
#[derive(Copy, Clone, Debug)]
pub(super) struct Header {
    pub(super) ttl: u8,
    pub(super) dont_fragment: bool,
    /// Which packet fragments belong to; unused where it must not be fragmented.
    pub(super) identification: u16,
}

/// What stands in a TCP header of the host's own making.
#[derive(Copy, Clone, Debug)]
pub(super) struct Segment {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
}

/// Writes a TCP segment without payload; a SYN carries an MSS option.
pub(super) fn segment(buffer: &mut Vec<u8>, flow: &FiveTuple, header: Header, segment: Segment, mss: Option<u16>) {
    let options = if mss.is_some() { 4 } else { 0 };
    let start = ip_header(buffer, flow, header, 20 + options);
    buffer.extend_from_slice(&flow.src_port.to_be_bytes());
    buffer.extend_from_slice(&flow.dst_port.to_be_bytes());
    buffer.extend_from_slice(&segment.seq.to_be_bytes());
    buffer.extend_from_slice(&segment.ack.to_be_bytes());
    buffer.extend_from_slice(&[((20 + options as u8) / 4) << 4, segment.flags]);
    buffer.extend_from_slice(&segment.window.to_be_bytes());
    buffer.extend_from_slice(&[0; 4]);
    if let Some(mss) = mss {
        buffer.extend_from_slice(&[2, 4]);
        buffer.extend_from_slice(&mss.to_be_bytes());
    }
    checksum(buffer, flow, start, 16);
}

/// Writes a UDP datagram.
pub(super) fn datagram(buffer: &mut Vec<u8>, flow: &FiveTuple, header: Header, payload: &[u8]) {
    let length = 8 + payload.len();
    let start = ip_header(buffer, flow, header, length);
    buffer.extend_from_slice(&flow.src_port.to_be_bytes());
    buffer.extend_from_slice(&flow.dst_port.to_be_bytes());
    buffer.extend_from_slice(&(length as u16).to_be_bytes());
    buffer.extend_from_slice(&[0; 2]);
    buffer.extend_from_slice(payload);
    checksum(buffer, flow, start, 6);
}

/// Writes an echo request or reply; `rest` is all that stands behind the checksum: identifier, sequence, payload.
pub(super) fn echo(buffer: &mut Vec<u8>, flow: &FiveTuple, header: Header, request: bool, rest: &[u8]) {
    let start = ip_header(buffer, flow, header, 4 + rest.len());
    let kind = match (flow.protocol, request) {
        (Protocol::ICMPV6, true) => 128,
        (Protocol::ICMPV6, false) => 129,
        (_, true) => 8,
        (_, false) => 0,
    };
    buffer.extend_from_slice(&[kind, 0, 0, 0]);
    buffer.extend_from_slice(rest);
    checksum(buffer, flow, start, 2);
}

/// Writes the IP header, and says where the transport header begins.
fn ip_header(buffer: &mut Vec<u8>, flow: &FiveTuple, header: Header, payload_len: usize) -> usize {
    buffer.clear();
    match (flow.src, flow.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let (id, flags) = if header.dont_fragment { (0, 0x40) } else { (header.identification, 0) };
            buffer.extend_from_slice(&[0x45, 0]);
            buffer.extend_from_slice(&((20 + payload_len) as u16).to_be_bytes());
            buffer.extend_from_slice(&id.to_be_bytes());
            buffer.extend_from_slice(&[flags, 0, header.ttl, flow.protocol.0, 0, 0]);
            buffer.extend_from_slice(&src.octets());
            buffer.extend_from_slice(&dst.octets());
            let sum = !fold(sum_words(buffer));
            buffer[10..12].copy_from_slice(&sum.to_be_bytes());
            20
        }
        (src, dst) => {
            let octets = |address: IpAddr| match address {
                IpAddr::V6(address) => address.octets(),
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            };
            buffer.extend_from_slice(&[0x60, 0, 0, 0]);
            buffer.extend_from_slice(&(payload_len as u16).to_be_bytes());
            buffer.extend_from_slice(&[flow.protocol.0, header.ttl]);
            buffer.extend_from_slice(&octets(src));
            buffer.extend_from_slice(&octets(dst));
            40
        }
    }
}

/// Fills the checksum of the transport header in. (RFC 9293 section 3.1, RFC 768, RFC 792, RFC 4443)
fn checksum(buffer: &mut [u8], flow: &FiveTuple, start: usize, at: usize) {
    let mut sum = sum_words(&buffer[start..]);
    if flow.protocol != Protocol::ICMP {
        sum += match (flow.src, flow.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => sum_words(&src.octets()) + sum_words(&dst.octets()),
            (IpAddr::V6(src), IpAddr::V6(dst)) => sum_words(&src.octets()) + sum_words(&dst.octets()),
            _ => 0,
        };
        sum += u32::from(flow.protocol.0) + u32::from(fold((buffer.len() - start) as u32));
    }
    let mut sum = !fold(sum);
    // RFC 768: a computed checksum of zero is sent as all ones.
    if flow.protocol == Protocol::UDP && sum == 0 {
        sum = 0xffff;
    }
    buffer[start + at..start + at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The RST that answers a segment of no connection (RFC 9293 section 3.5.2): bare, with the segment's acknowledgment
/// number, where it has one; else with an acknowledgment of what it takes of the sequence space.
pub(super) fn reset_for(tcp: &crate::packet::TcpView) -> Segment {
    if tcp.flags.has(TcpFlags::ACK) {
        Segment { seq: tcp.ack, ack: 0, flags: TcpFlags::RST, window: 0 }
    } else {
        let ack = tcp.seq.wrapping_add(tcp.segment_len());
        Segment { seq: 0, ack, flags: TcpFlags::RST | TcpFlags::ACK, window: 0 }
    }
}

/// A tuple of that protocol.
pub(super) const fn flow(protocol: Protocol, src: SocketAddr, dst: SocketAddr) -> FiveTuple {
    FiveTuple { protocol, src: src.ip(), dst: dst.ip(), src_port: src.port(), dst_port: dst.port() }
}
