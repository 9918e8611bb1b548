//! Packets for tests, written by another library so that ours is checked against it. Never part of the product.

use std::net::{IpAddr, SocketAddr};

use pnet_packet::Packet as _;
use smoltcp::wire::{
    Icmpv4Message, Icmpv4Packet, Icmpv6Message, Icmpv6Packet, IpAddress, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket,
    TcpSeqNumber, UdpPacket,
};

use super::{Packet, Protocol, TcpFlags};

/// A packet to be: fields that tests care about, all others as a host would set them.
#[derive(Clone, Debug)]
pub(crate) struct Craft {
    pub(crate) src: SocketAddr,
    pub(crate) dst: SocketAddr,
    pub(crate) ttl: u8,
    pub(crate) dont_fragment: bool,
    pub(crate) identification: u16,
    pub(crate) payload: Vec<u8>,
    pub(crate) what: What,
}

/// The transport header to be.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// `options` is a multiple of four bytes long.
    Tcp {
        flags: u8,
        seq: u32,
        ack: u32,
        window: u16,
        options: Vec<u8>,
    },
    Udp {
        checksum: bool,
    },
    /// Type and code; the identifier of an echo is the source's port.
    Icmp {
        kind: u8,
        code: u8,
        sequence: u16,
    },
    Other(u8),
}

/// `10.0.1.10:4000`, `10.0.1.10`, `[2001:db8::1]:80` or `2001:db8::1`.
#[track_caller]
pub(crate) fn endpoint(text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| SocketAddr::new(text.parse().expect("an address"), 0))
}

fn craft(src: &str, dst: &str, what: What) -> Craft {
    let (src, dst) = (endpoint(src), endpoint(dst));
    Craft { src, dst, ttl: 255, dont_fragment: true, identification: 0, payload: Vec::new(), what }
}

/// A TCP segment with these flags.
pub(crate) fn tcp(src: &str, dst: &str, flags: u8) -> Craft {
    craft(src, dst, What::Tcp { flags, seq: 1_000, ack: 0, window: 64_240, options: Vec::new() })
}

/// The first segment of a connection.
pub(crate) fn syn(src: &str, dst: &str) -> Craft {
    tcp(src, dst, TcpFlags::SYN)
}

/// A segment in the middle of a connection.
pub(crate) fn ack(src: &str, dst: &str) -> Craft {
    tcp(src, dst, TcpFlags::ACK).numbers(1_001, 5_001)
}

/// A datagram of 12 bytes.
pub(crate) fn udp(src: &str, dst: &str) -> Craft {
    craft(src, dst, What::Udp { checksum: true }).payload(12)
}

/// An ICMP message; of an echo the source's port is the identifier.
pub(crate) fn icmp(src: &str, dst: &str, kind: u8, code: u8) -> Craft {
    craft(src, dst, What::Icmp { kind, code, sequence: 1 }).payload(16)
}

/// An echo request with identifier 7.
pub(crate) fn ping(src: &str, dst: &str) -> Craft {
    let kind = if endpoint(src).is_ipv4() { 8 } else { 128 };
    let mut request = icmp(src, dst, kind, 0);
    request.src.set_port(7);
    request
}

/// An echo reply with identifier 7.
pub(crate) fn pong(src: &str, dst: &str) -> Craft {
    let kind = if endpoint(src).is_ipv4() { 0 } else { 129 };
    let mut reply = icmp(src, dst, kind, 0);
    reply.src.set_port(7);
    reply
}

/// A packet of another protocol.
pub(crate) fn other(src: &str, dst: &str, protocol: u8) -> Craft {
    craft(src, dst, What::Other(protocol)).payload(16)
}

impl Craft {
    pub(crate) fn payload(mut self, bytes: usize) -> Self {
        self.payload = (0..bytes).map(|at| (at * 7 + 3) as u8).collect();
        self
    }

    pub(crate) fn ttl(mut self, ttl: u8) -> Self {
        self.ttl = ttl;
        self
    }

    pub(crate) fn may_fragment(mut self, identification: u16) -> Self {
        self.dont_fragment = false;
        self.identification = identification;
        self
    }

    pub(crate) fn id(mut self, identifier: u16) -> Self {
        self.src.set_port(identifier);
        self
    }

    pub(crate) fn numbers(mut self, seq_no: u32, ack_no: u32) -> Self {
        if let What::Tcp { seq, ack, .. } = &mut self.what {
            (*seq, *ack) = (seq_no, ack_no);
        }
        self
    }

    pub(crate) fn options(mut self, bytes: &[u8]) -> Self {
        if let What::Tcp { options, .. } = &mut self.what {
            *options = bytes.to_vec();
        }
        self
    }

    pub(crate) fn mss(self, mss: u16) -> Self {
        let [high, low] = mss.to_be_bytes();
        self.options(&[2, 4, high, low])
    }

    pub(crate) fn without_checksum(mut self) -> Self {
        if let What::Udp { checksum } = &mut self.what {
            *checksum = false;
        }
        self
    }

    pub(crate) fn packet(&self) -> Packet {
        Packet::parse(self.bytes()).expect("crafted packets are well-formed")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let transport = self.transport();
        match (self.src.ip(), self.dst.ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let mut bytes = vec![0; 20];
                bytes.extend_from_slice(&transport);
                let total = bytes.len() as u16;
                let mut ip = Ipv4Packet::new_unchecked(&mut bytes[..]);
                ip.set_version(4);
                ip.set_header_len(20);
                ip.set_total_len(total);
                ip.set_ident(self.identification);
                ip.set_dont_frag(self.dont_fragment);
                ip.set_hop_limit(self.ttl);
                ip.set_next_header(IpProtocol::from(self.protocol().0));
                ip.set_src_addr(src);
                ip.set_dst_addr(dst);
                ip.fill_checksum();
                bytes
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let mut bytes = vec![0; 40];
                bytes.extend_from_slice(&transport);
                let mut ip = Ipv6Packet::new_unchecked(&mut bytes[..]);
                ip.set_version(6);
                ip.set_payload_len(transport.len() as u16);
                ip.set_hop_limit(self.ttl);
                ip.set_next_header(IpProtocol::from(self.protocol().0));
                ip.set_src_addr(src);
                ip.set_dst_addr(dst);
                bytes
            }
            _ => panic!("both ends are of one family"),
        }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        match self.what {
            What::Tcp { .. } => Protocol::TCP,
            What::Udp { .. } => Protocol::UDP,
            What::Icmp { .. } if self.src.is_ipv4() => Protocol::ICMP,
            What::Icmp { .. } => Protocol::ICMPV6,
            What::Other(number) => Protocol(number),
        }
    }

    fn transport(&self) -> Vec<u8> {
        let (src, dst) = (IpAddress::from(self.src.ip()), IpAddress::from(self.dst.ip()));
        match &self.what {
            What::Tcp { flags, seq, ack, window, options } => {
                let header = 20 + options.len();
                let mut bytes = vec![0; header];
                bytes.extend_from_slice(&self.payload);
                bytes[20..header].copy_from_slice(options);
                let mut tcp = TcpPacket::new_unchecked(&mut bytes[..]);
                tcp.set_src_port(self.src.port());
                tcp.set_dst_port(self.dst.port());
                tcp.set_seq_number(TcpSeqNumber(*seq as i32));
                tcp.set_ack_number(TcpSeqNumber(*ack as i32));
                tcp.set_header_len(header as u8);
                tcp.set_fin(flags & TcpFlags::FIN != 0);
                tcp.set_syn(flags & TcpFlags::SYN != 0);
                tcp.set_rst(flags & TcpFlags::RST != 0);
                tcp.set_psh(flags & TcpFlags::PSH != 0);
                tcp.set_ack(flags & TcpFlags::ACK != 0);
                tcp.set_window_len(*window);
                tcp.fill_checksum(&src, &dst);
                bytes
            }
            What::Udp { checksum } => {
                let mut bytes = vec![0; 8];
                bytes.extend_from_slice(&self.payload);
                let length = bytes.len() as u16;
                let mut udp = UdpPacket::new_unchecked(&mut bytes[..]);
                udp.set_src_port(self.src.port());
                udp.set_dst_port(self.dst.port());
                udp.set_len(length);
                if *checksum {
                    udp.fill_checksum(&src, &dst);
                }
                bytes
            }
            What::Icmp { kind, code, sequence } => self.icmp(*kind, *code, *sequence),
            What::Other(_) => self.payload.clone(),
        }
    }

    fn icmp(&self, kind: u8, code: u8, sequence: u16) -> Vec<u8> {
        let mut bytes = vec![kind, code, 0, 0];
        let echo = matches!((self.src.is_ipv4(), kind), (true, 0 | 8) | (false, 128 | 129));
        bytes.extend_from_slice(&if echo { self.src.port() } else { 0 }.to_be_bytes());
        bytes.extend_from_slice(&if echo { sequence } else { 0 }.to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        match (self.src.ip(), self.dst.ip()) {
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let mut icmp = Icmpv6Packet::new_unchecked(&mut bytes[..]);
                icmp.set_msg_type(Icmpv6Message::from(kind));
                icmp.fill_checksum(&src, &dst);
            }
            _ => {
                let mut icmp = Icmpv4Packet::new_unchecked(&mut bytes[..]);
                icmp.set_msg_type(Icmpv4Message::from(kind));
                icmp.fill_checksum();
            }
        }
        bytes
    }
}

/// Panics unless both libraries, computing anew, find every checksum of these bytes true.
#[track_caller]
pub(crate) fn assert_checksums_true(bytes: &[u8]) {
    match bytes[0] >> 4 {
        4 => v4_checksums_true(bytes),
        _ => v6_checksums_true(bytes),
    }
}

#[track_caller]
fn v4_checksums_true(bytes: &[u8]) {
    let ip = Ipv4Packet::new_checked(bytes).expect("IPv4 by smoltcp");
    assert!(ip.verify_checksum(), "smoltcp: the header's checksum");
    let pnet = pnet_packet::ipv4::Ipv4Packet::new(bytes).expect("IPv4 by pnet");
    assert_eq!(pnet_packet::ipv4::checksum(&pnet), pnet.get_checksum(), "pnet: the header's checksum");
    // What a fragment holds of its transport's checksum says nothing by itself.
    if ip.more_frags() || ip.frag_offset() != 0 {
        return;
    }
    let (src, dst) = (ip.src_addr(), ip.dst_addr());
    let (from, to) = (IpAddress::from(src), IpAddress::from(dst));
    let payload = ip.payload();
    match ip.next_header() {
        IpProtocol::Tcp => {
            assert!(TcpPacket::new_checked(payload).expect("TCP").verify_checksum(&from, &to), "smoltcp: TCP");
            let tcp = pnet_packet::tcp::TcpPacket::new(payload).expect("TCP by pnet");
            assert_eq!(pnet_packet::tcp::ipv4_checksum(&tcp, &src, &dst), tcp.get_checksum(), "pnet: TCP");
        }
        IpProtocol::Udp => {
            assert!(UdpPacket::new_checked(payload).expect("UDP").verify_checksum(&from, &to), "smoltcp: UDP");
            let udp = pnet_packet::udp::UdpPacket::new(payload).expect("UDP by pnet");
            if udp.get_checksum() != 0 {
                // pnet gives 0 where RFC 768 wants all ones.
                let sum = match pnet_packet::udp::ipv4_checksum(&udp, &src, &dst) {
                    0 => 0xffff,
                    sum => sum,
                };
                assert_eq!(sum, udp.get_checksum(), "pnet: UDP");
            }
        }
        IpProtocol::Icmp => {
            assert!(Icmpv4Packet::new_checked(payload).expect("ICMP").verify_checksum(), "smoltcp: ICMP");
            let icmp = pnet_packet::icmp::IcmpPacket::new(payload).expect("ICMP by pnet");
            assert_eq!(pnet_packet::icmp::checksum(&icmp), icmp.get_checksum(), "pnet: ICMP");
        }
        _ => {}
    }
}

#[track_caller]
fn v6_checksums_true(bytes: &[u8]) {
    let ip = Ipv6Packet::new_checked(bytes).expect("IPv6 by smoltcp");
    let (src, dst) = (ip.src_addr(), ip.dst_addr());
    let (from, to) = (IpAddress::from(src), IpAddress::from(dst));
    let pnet = pnet_packet::ipv6::Ipv6Packet::new(bytes).expect("IPv6 by pnet");
    let payload = pnet.payload();
    match ip.next_header() {
        IpProtocol::Tcp => {
            assert!(TcpPacket::new_checked(payload).expect("TCP").verify_checksum(&from, &to), "smoltcp: TCP");
            let tcp = pnet_packet::tcp::TcpPacket::new(payload).expect("TCP by pnet");
            assert_eq!(pnet_packet::tcp::ipv6_checksum(&tcp, &src, &dst), tcp.get_checksum(), "pnet: TCP");
        }
        IpProtocol::Udp => {
            assert!(UdpPacket::new_checked(payload).expect("UDP").verify_checksum(&from, &to), "smoltcp: UDP");
        }
        IpProtocol::Icmpv6 => {
            assert!(Icmpv6Packet::new_unchecked(payload).verify_checksum(&src, &dst), "smoltcp: ICMPv6");
            let icmp = pnet_packet::icmpv6::Icmpv6Packet::new(payload).expect("ICMPv6 by pnet");
            assert_eq!(pnet_packet::icmpv6::checksum(&icmp, &src, &dst), icmp.get_checksum(), "pnet: ICMPv6");
        }
        _ => {}
    }
}
