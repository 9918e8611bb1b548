//! ICMP errors quote the offender, other libraries read them, and translators find the flow in the quote.

use std::net::{IpAddr, SocketAddr};

use pnet_packet::Packet as _;
use pnet_packet::icmp::destination_unreachable::DestinationUnreachablePacket;
use proptest::prelude::*;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr};

use super::*;
use crate::packet::craft::{Craft, What, ack, assert_checksums_true, endpoint, icmp, ping, pong, syn, udp};

const ERRORS: [IcmpError; 7] = [
    IcmpError::NetUnreachable,
    IcmpError::HostUnreachable,
    IcmpError::PortUnreachable,
    IcmpError::Prohibited,
    IcmpError::TooBig { mtu: 1_500 },
    IcmpError::TimeExceeded,
    IcmpError::ReassemblyTimeExceeded,
];

fn error_about(offender: &Packet, error: IcmpError, from: &str) -> Option<Packet> {
    let mut buffer = Vec::new();
    build_icmp_error(&mut buffer, error, endpoint(from).ip(), 64, offender)
        .then(|| Packet::parse(buffer).expect("an error is a packet"))
}

#[test]
fn an_error_about_a_bare_header_still_tells_whose_it_was() {
    let bare = Craft { what: What::Other(47), payload: Vec::new(), ..udp("fd00::1", "fd00::2") }.packet();
    let reply = error_about(&bare, IcmpError::NetUnreachable, "fd00::ff").expect("an error");
    assert_eq!(reply.quoted().map(|quoted| quoted.tuple), Some(*bare.tuple()));
}

proptest! {
    #[test]
    fn an_error_quotes_its_offender_and_other_libraries_read_it(
        craft in any_craft(), error in prop::sample::select(ERRORS.to_vec()), payload in 0usize..2_000,
    ) {
        let offender = craft.payload(payload).packet();
        let v4 = offender.is_v4();
        let Some(reply) = error_about(&offender, error, if v4 { "10.0.1.1" } else { "2001:db8::ff" }) else {
            let group = |a: IpAddr| a.is_multicast() || a.is_unspecified() || a.to_string() == "255.255.255.255";
            prop_assert!(group(offender.src()) || group(offender.dst()), "only groups of hosts get no error here");
            return Ok(());
        };
        prop_assert_eq!((reply.dst(), reply.ttl(), reply.fragment()), (offender.src(), 64, None));
        let most = if v4 { 576 } else { 1_280 };
        prop_assert!(reply.len() <= most);
        assert_checksums_true(reply.bytes());
        let quote = reply.payload();
        prop_assert_eq!(quote, &offender.bytes()[..quote.len()]);
        let quoted = reply.quoted().expect("a quote");
        prop_assert_eq!((quoted.error, &quoted.tuple), (error, offender.tuple()));
        prop_assert_eq!(quoted.seq, offender.tcp().map_or(0, |tcp| tcp.seq));
        if v4 {
            read_v4(&reply, &offender, error)?;
        } else {
            read_v6(&reply, &offender)?;
        }
    }
}

fn read_v4(reply: &Packet, offender: &Packet, error: IcmpError) -> Result<(), TestCaseError> {
    let unreachable = DestinationUnreachablePacket::new(reply.transport()).expect("by pnet");
    prop_assert_eq!((unreachable.get_icmp_type().0, unreachable.get_icmp_code().0), error.type_and_code(true));
    if let IcmpError::TooBig { mtu } = error {
        prop_assert_eq!(unreachable.get_next_hop_mtu(), mtu);
    }
    let inner = pnet_packet::ipv4::Ipv4Packet::new(unreachable.payload()).expect("by pnet");
    prop_assert_eq!(IpAddr::V4(inner.get_source()), offender.src());
    // smoltcp reads only quotes that were not cut, and that have the eight bytes behind the header that RFC 792 asks for.
    if offender.len() <= 548 && 8 <= offender.transport().len() {
        let icmp = Icmpv4Packet::new_checked(reply.transport()).expect("by smoltcp");
        let header = match Icmpv4Repr::parse(&icmp, &ChecksumCapabilities::default()).expect("by smoltcp") {
            Icmpv4Repr::DstUnreachable { header, .. } | Icmpv4Repr::TimeExceeded { header, .. } => header,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert_eq!(IpAddr::V4(header.src_addr), offender.src());
        prop_assert_eq!(IpAddr::V4(header.dst_addr), offender.dst());
    }
    Ok(())
}

fn read_v6(reply: &Packet, offender: &Packet) -> Result<(), TestCaseError> {
    let (IpAddr::V6(src), IpAddr::V6(dst)) = (reply.src(), reply.dst()) else {
        return Err(TestCaseError::fail("an error of the other family"));
    };
    let icmp = Icmpv6Packet::new_checked(reply.transport()).expect("by smoltcp");
    let header = match Icmpv6Repr::parse(&src, &dst, &icmp, &ChecksumCapabilities::default()).expect("by smoltcp") {
        Icmpv6Repr::DstUnreachable { header, .. } | Icmpv6Repr::TimeExceeded { header, .. } => header,
        Icmpv6Repr::PktTooBig { header, mtu, .. } => {
            prop_assert_eq!(mtu, 1_500);
            header
        }
        other => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    prop_assert_eq!(IpAddr::V6(header.src_addr), offender.src());
    prop_assert_eq!(IpAddr::V6(header.dst_addr), offender.dst());
    Ok(())
}

#[test]
fn errors_are_sent_about_requests_and_not_about_errors_later_fragments_or_groups() {
    let gets = |offender: &Packet| error_about(offender, IcmpError::TimeExceeded, "10.0.1.1").is_some();
    let check = |craft: &Craft, expected: bool| assert_eq!(gets(&craft.packet()), expected, "{:?}", craft.packet());
    check(&syn("10.0.1.10:1", "8.8.8.8:2"), true);
    check(&ping("10.0.1.10", "8.8.8.8"), true);
    check(&pong("10.0.1.10", "8.8.8.8"), true);
    for kind in [3, 4, 5, 11, 12] {
        check(&icmp("10.0.1.10", "8.8.8.8", kind, 0), false);
    }
    for (src, dst) in [
        ("10.0.1.10:1", "224.0.0.1:2"),
        ("10.0.1.10:1", "255.255.255.255:2"),
        ("0.0.0.0:1", "8.8.8.8:2"),
        ("224.0.0.1:1", "8.8.8.8:2"),
    ] {
        check(&udp(src, dst), false);
    }
    let whole = udp("10.0.1.10:1", "8.8.8.8:2").may_fragment(5).payload(3_000).packet();
    let pieces: Vec<_> = split(&whole, 1_500).into_iter().map(|piece| Packet::parse(piece).expect("a piece")).collect();
    assert_eq!(pieces.iter().map(gets).collect::<Vec<_>>(), [true, false, false]);
    assert!(error_about(&syn("10.0.1.10:1", "8.8.8.8:2").packet(), IcmpError::TimeExceeded, "2001:db8::1").is_none());
}

/// A packet as its sender wrote it, as a translator sent it on, and the error about the latter: the translator makes
/// of the error one about the former.
#[track_caller]
fn check_translated_back(inside: &Craft, outside: SocketAddr) {
    let mut translated = inside.packet();
    let before = *translated.tuple();
    translated.set_source(outside);
    let mut error = error_about(&translated, IcmpError::TooBig { mtu: 1_400 }, "198.51.100.1").expect("an error");
    assert_eq!(error.quoted().expect("a quote").tuple, *translated.tuple());
    error.set_destination(SocketAddr::new(before.src, 0));
    assert!(error.translate_quote(Some(before.source()), None));
    assert_eq!(error.quoted().expect("a quote").tuple, before);
    assert_checksums_true(error.bytes());
    // Byte by byte, checksums of both headers too: the receiver sees what it sent.
    let quote = error.payload();
    assert_eq!(quote, &inside.bytes()[..quote.len()]);
}

#[test]
fn a_translated_quote_is_the_packet_that_its_sender_wrote() {
    let outside = endpoint("54.0.0.5:1024");
    check_translated_back(&syn("10.0.1.10:4000", "8.8.8.8:443").mss(1_460), outside);
    check_translated_back(&ack("10.0.1.10:4000", "8.8.8.8:443").payload(1_400), outside);
    check_translated_back(&udp("10.0.1.10:4000", "8.8.8.8:53"), outside);
    check_translated_back(&ping("10.0.1.10", "8.8.8.8").id(4_000), outside);
}

#[test]
fn what_quotes_nothing_has_no_quote_to_translate() {
    let to = Some(endpoint("54.0.0.5:1024"));
    for craft in [syn("10.0.1.10:1", "8.8.8.8:2"), ping("10.0.1.10", "8.8.8.8"), udp("10.0.1.10:1", "8.8.8.8:2")] {
        let mut packet = craft.packet();
        assert_eq!(packet.quoted(), None);
        assert!(!packet.translate_quote(to, to));
        assert_eq!(packet.bytes(), craft.bytes());
    }
    // An error whose quote is cut short of eight bytes behind the header.
    let mut short = icmp("10.0.1.10", "8.8.8.8", 3, 1);
    short.payload = ping("8.8.8.8", "10.0.1.10").bytes()[..27].to_vec();
    assert_eq!(short.packet().quoted(), None);
    assert!(!short.packet().translate_quote(to, to));
}

#[test]
fn the_first_fragment_of_an_error_keeps_the_checksum_of_the_whole_true() {
    let offender = udp("54.0.0.5:1024", "8.8.8.8:53").payload(900).packet();
    let mut error = icmp("198.51.100.1", "54.0.0.5", 3, 3).may_fragment(9);
    error.payload = offender.bytes().to_vec();
    let pieces = split(&error.packet(), 620);
    let mut first = Packet::parse(pieces[0].clone()).expect("a first fragment");
    first.set_destination(endpoint("10.0.1.10"));
    assert!(first.translate_quote(Some(endpoint("10.0.1.10:4000")), None));
    let mut later = Packet::parse(pieces[1].clone()).expect("a later fragment");
    later.set_destination(endpoint("10.0.1.10"));
    let mut reassembler = Reassembler::new();
    assert_eq!(reassembler.take(crate::base::SimTime::ZERO, &first), None);
    let whole = reassembler.take(crate::base::SimTime::ZERO, &later).expect("both pieces");
    assert_checksums_true(&whole);
}
