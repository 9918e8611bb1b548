//! One packet, one line, for people. Reads a packet, changes nothing.

use std::fmt::Write as _;

use super::flow::Protocol;
use super::ip::{Packet, TcpFlags};

/// A packet in one line: `10.0.1.10:49152 → 52.218.160.10:443 TCP [S] seq 1 win 64240 len 0`.
pub fn describe(packet: &Packet) -> String {
    let tuple = packet.tuple();
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = match (packet.has_transport(), tuple.protocol.has_ports()) {
        (true, true) => write!(line, "{} → {} {}", tuple.source(), tuple.destination(), tuple.protocol),
        _ => write!(line, "{} → {} {}", tuple.src, tuple.dst, tuple.protocol),
    };
    if let Some(tcp) = packet.tcp() {
        let _ = write!(line, " [{}] seq {}", flags_text(tcp.flags), tcp.seq);
        if tcp.flags.has(TcpFlags::ACK) {
            let _ = write!(line, " ack {}", tcp.ack);
        }
        let _ = write!(line, " win {} len {}", tcp.window, tcp.payload_len);
    } else if let Some((kind, code)) = packet.icmp() {
        let _ = write!(line, " {}", icmp_text(tuple.protocol, kind, code));
        if tuple.src_port != 0 {
            let sequence = &packet.transport()[6..8];
            let sequence = u16::from_be_bytes([sequence[0], sequence[1]]);
            let _ = write!(line, " id {} seq {sequence}", tuple.src_port);
        }
        let _ = write!(line, " len {}", packet.payload().len());
    } else {
        let _ = write!(line, " len {}", packet.payload().len());
    }
    if let Some(fragment) = packet.fragment() {
        let more = if fragment.more { "+" } else { "" };
        let _ = write!(line, " fragment {}@{}{more}", fragment.identification, fragment.offset);
    }
    let _ = write!(line, " ttl {}", packet.ttl());
    line
}

/// TCP flags as one letter each, in the order of a capture tool: `S`, `S.`, `.`, `P.`, `F.`, `R`.
pub fn flags_text(flags: TcpFlags) -> String {
    let letters =
        [(TcpFlags::FIN, 'F'), (TcpFlags::SYN, 'S'), (TcpFlags::RST, 'R'), (TcpFlags::PSH, 'P'), (TcpFlags::ACK, '.')];
    letters.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, letter)| letter).collect()
}

fn icmp_text(protocol: Protocol, kind: u8, code: u8) -> String {
    let v4 = protocol == Protocol::ICMP;
    match (v4, kind, code) {
        (true, 0, _) | (false, 129, _) => "echo reply".to_owned(),
        (true, 8, _) | (false, 128, _) => "echo request".to_owned(),
        (true, 3, 4) => "fragmentation needed".to_owned(),
        (false, 2, _) => "packet too big".to_owned(),
        (true, 3, 3) | (false, 1, 4) => "port unreachable".to_owned(),
        (true, 3, 1) | (false, 1, 3) => "host unreachable".to_owned(),
        (true, 3, _) | (false, 1, _) => format!("unreachable ({code})"),
        (true, 11, _) | (false, 3, _) => "time exceeded".to_owned(),
        _ => format!("type {kind} code {code}"),
    }
}
