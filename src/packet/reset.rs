//! The reset that answers a segment of an unknown connection (RFC 9293 section 3.5.2), and a NAT instance's FIN. Decides not whether to send it.

use super::checksum::{fold, pseudo_header, sum_words};
use super::flow::Protocol;
use super::ip::{Packet, TcpFlags};
use std::net::IpAddr;

/// Writes the RST that answers `segment`, from its destination to its source, into an empty buffer.
///
/// Where the segment acknowledges, the reset is bare: flags R only, its sequence number is the acknowledgment number,
/// window 0, no options. Else it acknowledges all of the segment. False, and nothing written, for anything but a TCP
/// segment that is itself no RST.
pub fn build_reset(buffer: &mut Vec<u8>, segment: &Packet, ttl: u8) -> bool {
    let Some(tcp) = segment.tcp().filter(|tcp| !tcp.flags.has(TcpFlags::RST)) else { return false };
    let (seq, ack, flags) = match tcp.flags.has(TcpFlags::ACK) {
        true => (tcp.ack, 0, TcpFlags::RST),
        false => (0, tcp.seq.wrapping_add(tcp.segment_len()), TcpFlags::RST | TcpFlags::ACK),
    };
    write_bare(buffer, segment, ttl, seq, ack, flags)
}

/// Writes the FIN that tells the sender of `segment` that its connection is over, as a NAT instance does when it has
/// forgotten a connection (facts N6). False, and nothing written, for anything but a TCP segment that is no RST.
pub fn build_fin(buffer: &mut Vec<u8>, segment: &Packet, ttl: u8) -> bool {
    let Some(tcp) = segment.tcp().filter(|tcp| !tcp.flags.has(TcpFlags::RST)) else { return false };
    let ack = tcp.seq.wrapping_add(tcp.segment_len());
    write_bare(buffer, segment, ttl, tcp.ack, ack, TcpFlags::FIN | TcpFlags::ACK)
}

/// A segment without payload and options, from the destination of `segment` to its source.
fn write_bare(buffer: &mut Vec<u8>, segment: &Packet, ttl: u8, seq: u32, ack: u32, flags: u8) -> bool {
    let tuple = segment.tuple().reversed();
    buffer.clear();
    let header = match (tuple.src, tuple.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            buffer.extend_from_slice(&[0x45, 0, 0, 40, 0, 0, 0x40, 0, ttl, Protocol::TCP.0, 0, 0]);
            buffer.extend_from_slice(&src.octets());
            buffer.extend_from_slice(&dst.octets());
            let sum = !fold(sum_words(buffer));
            buffer[10..12].copy_from_slice(&sum.to_be_bytes());
            20
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            buffer.extend_from_slice(&[0x60, 0, 0, 0, 0, 20, Protocol::TCP.0, ttl]);
            buffer.extend_from_slice(&src.octets());
            buffer.extend_from_slice(&dst.octets());
            40
        }
        _ => return false,
    };
    buffer.extend_from_slice(&tuple.src_port.to_be_bytes());
    buffer.extend_from_slice(&tuple.dst_port.to_be_bytes());
    buffer.extend_from_slice(&seq.to_be_bytes());
    buffer.extend_from_slice(&ack.to_be_bytes());
    buffer.extend_from_slice(&[0x50, flags, 0, 0, 0, 0, 0, 0]);
    let sum = !fold(pseudo_header(tuple.src, tuple.dst, Protocol::TCP, 20) + sum_words(&buffer[header..]));
    buffer[header + 16..header + 18].copy_from_slice(&sum.to_be_bytes());
    true
}
