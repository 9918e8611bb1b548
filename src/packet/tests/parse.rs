//! Arbitrary bytes: nothing panics, and what parses is consistent.

use proptest::prelude::*;
use smoltcp::wire::{Ipv4Packet, Ipv6Packet};

use super::*;
use crate::base::SimTime;
use crate::packet::craft::{Craft, What, ack, endpoint, ping, syn, udp};

/// Everything that can be asked of, or done to, a packet. A panic here is a packet that should not have parsed.
fn exercise(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(packet) = Packet::parse(bytes.to_vec()) else { return Ok(()) };
    prop_assert!(bytes.starts_with(packet.bytes()), "parsing only cuts bytes off the end");
    prop_assert!(packet.header_len() <= packet.transport_offset() && packet.transport_offset() <= packet.len());
    prop_assert!(packet.payload().len() <= packet.transport().len());
    prop_assert_eq!(packet.tcp().map(|tcp| tcp.payload_len).unwrap_or(packet.payload().len()), packet.payload().len());
    match packet.is_v4() {
        true => {
            let ip = Ipv4Packet::new_checked(packet.bytes()).expect("smoltcp takes what we take");
            prop_assert_eq!(packet.src(), IpAddr::V4(ip.src_addr()));
            prop_assert_eq!(packet.dst(), IpAddr::V4(ip.dst_addr()));
            prop_assert_eq!(packet.header_len(), usize::from(ip.header_len()));
            prop_assert_eq!(packet.fragment().is_some(), ip.more_frags() || ip.frag_offset() != 0);
        }
        false => {
            let ip = Ipv6Packet::new_checked(packet.bytes()).expect("smoltcp takes what we take");
            prop_assert_eq!(packet.src(), IpAddr::V6(ip.src_addr()));
            prop_assert_eq!(packet.dst(), IpAddr::V6(ip.dst_addr()));
        }
    }
    prop_assert!(!describe(&packet).is_empty());
    let _ = (checksums_hold(&packet), packet.quoted(), packet.dont_fragment(), packet.ttl());
    let mut buffer = Vec::new();
    for error in [IcmpError::TimeExceeded, IcmpError::TooBig { mtu: 1_280 }, IcmpError::PortUnreachable] {
        if build_icmp_error(&mut buffer, error, packet.dst(), 64, &packet) {
            let reply = Packet::parse(buffer.clone()).expect("an error is a packet");
            prop_assert!(checksums_hold(&reply));
            prop_assert_eq!(reply.dst(), packet.src());
        }
    }
    if build_reset(&mut buffer, &packet, 64) {
        prop_assert!(checksums_hold(&Packet::parse(buffer.clone()).expect("a reset is a packet")));
    }
    for mtu in [0, 20, 28, 68, 576, 1_500] {
        for piece in split(&packet, mtu) {
            prop_assert!(piece.len() <= mtu);
        }
    }
    let _ = Reassembler::new().take(SimTime::ZERO, &packet);
    change(packet)
}

/// After each change the packet is the one that its bytes say.
fn change(mut packet: Packet) -> Result<(), TestCaseError> {
    let v4 = packet.is_v4();
    let to = endpoint(if v4 { "192.0.2.7:4242" } else { "[2001:db8::7]:4242" });
    let held = checksums_hold(&packet);
    packet.set_source(to);
    packet.set_destination(to);
    packet.decrement_ttl();
    clamp_mss(&mut packet, 536);
    packet.translate_quote(Some(to), Some(to));
    let again = Packet::parse(packet.bytes().to_vec()).expect("a change keeps a packet well-formed");
    prop_assert_eq!(again.tuple(), packet.tuple());
    prop_assert_eq!(again.transport_offset(), packet.transport_offset());
    prop_assert_eq!(again.fragment(), packet.fragment());
    if held {
        prop_assert!(checksums_hold(&packet), "a change keeps true checksums true");
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_panic_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&bytes)?;
    }

    #[test]
    fn arbitrary_bytes_behind_a_plausible_header_panic_nothing(
        craft in any_craft(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..8),
        keep in any::<bool>(),
    ) {
        let mut bytes = craft.bytes();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend_from_slice(&tail);
        exercise(&bytes)?;
    }

    #[test]
    fn arbitrary_options_panic_nothing(options in prop::collection::vec(any::<u8>(), 0..=10)) {
        let words: Vec<u8> = options.iter().flat_map(|word| word.wrapping_mul(37).to_be_bytes().repeat(4)).collect();
        exercise(&syn("10.0.0.1:1", "10.0.0.2:2").options(&words).bytes())?;
    }

    #[test]
    fn arbitrary_extension_headers_panic_nothing(
        first in prop::sample::select(vec![0u8, 43, 44, 60, 6, 17, 58]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut packet = udp("[2001:db8::1]:1", "[2001:db8::2]:2").bytes();
        packet.truncate(40);
        packet[6] = first;
        packet[4..6].copy_from_slice(&(bytes.len() as u16).to_be_bytes());
        packet.extend_from_slice(&bytes);
        exercise(&packet)?;
    }

    #[test]
    fn a_crafted_packet_is_read_as_it_was_written(craft in any_craft()) {
        let packet = craft.packet();
        prop_assert!(checksums_hold(&packet));
        prop_assert_eq!(packet.protocol(), craft.protocol());
        prop_assert_eq!((packet.src(), packet.dst()), (craft.src.ip(), craft.dst.ip()));
        if craft.protocol().has_ports() {
            prop_assert_eq!((packet.tuple().source(), packet.tuple().destination()), (craft.src, craft.dst));
        }
        prop_assert_eq!(packet.payload(), &craft.payload[..]);
        prop_assert_eq!(packet.ttl(), craft.ttl);
    }

    #[test]
    fn one_wrong_bit_in_a_transport_makes_its_checksum_wrong(craft in any_craft(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = craft.bytes();
        let header = if craft.src.is_ipv4() { 20 } else { 40 };
        let checksum_free = !matches!(craft.what, What::Tcp { .. });
        prop_assume!(!checksum_free);
        // Byte 12 holds the length of the header: a change there makes another packet, not a wrong one.
        let at = header + at.index(bytes.len() - header);
        prop_assume!(at != header + 12);
        bytes[at] ^= 1 << bit;
        let packet = Packet::parse(bytes).expect("lengths are as they were");
        prop_assert!(!checksums_hold(&packet));
    }
}

#[track_caller]
fn check_malformed(craft: &Craft, edit: impl FnOnce(&mut Vec<u8>), why: Malformed) {
    let mut bytes = craft.bytes();
    edit(&mut bytes);
    assert_eq!(Packet::parse(bytes).err(), Some(why));
}

#[test]
fn bytes_that_are_no_packet_are_refused_with_the_reason() {
    let segment = ack("10.0.0.1:1", "10.0.0.2:2").payload(4);
    let datagram = udp("10.0.0.1:1", "10.0.0.2:2");
    assert_eq!(Packet::parse(Vec::new()).err(), Some(Malformed::Truncated));
    check_malformed(&segment, |b| b[0] = 0x55, Malformed::Version);
    check_malformed(&segment, |b| b[0] = 0x44, Malformed::Length);
    check_malformed(&segment, |b| b.truncate(43), Malformed::Truncated);
    check_malformed(&segment, |b| b[2..4].copy_from_slice(&39u16.to_be_bytes()), Malformed::Truncated);
    check_malformed(&segment, |b| b[32] = 0x40, Malformed::Length);
    check_malformed(&segment, |b| b[32] = 0xf0, Malformed::Length);
    check_malformed(&datagram, |b| b[24..26].copy_from_slice(&7u16.to_be_bytes()), Malformed::Length);
    check_malformed(&datagram, |b| b[24..26].copy_from_slice(&99u16.to_be_bytes()), Malformed::Length);
    check_malformed(&segment, |b| b.resize(65_576, 0), Malformed::TooLong);
    check_malformed(&ping("10.0.0.1", "10.0.0.2").payload(0), |b| b[3] = 27, Malformed::Truncated);
}

#[test]
fn bytes_behind_the_end_are_cut_off() {
    let segment = ack("10.0.0.1:1", "10.0.0.2:2").payload(4);
    let mut bytes = segment.bytes();
    bytes.extend_from_slice(&[0; 20]);
    assert_eq!(Packet::parse(bytes).expect("a packet and padding").bytes(), segment.bytes());
}

#[test]
fn too_many_extension_headers_are_refused_and_eight_are_not() {
    let with = |count: usize| {
        let mut bytes = udp("[2001:db8::1]:1", "[2001:db8::2]:2").bytes();
        let datagram = bytes.split_off(40);
        for index in 0..count {
            bytes.extend_from_slice(&[if index + 1 == count { 17 } else { 60 }, 0, 0, 0, 0, 0, 0, 0]);
        }
        bytes[6] = 60;
        bytes.extend_from_slice(&datagram);
        let length = (bytes.len() - 40) as u16;
        bytes[4..6].copy_from_slice(&length.to_be_bytes());
        Packet::parse(bytes)
    };
    assert_eq!(with(7).expect("seven are fine").tuple().dst_port, 2);
    assert_eq!(with(9).err(), Some(Malformed::Extensions));
}

#[test]
fn a_later_ipv6_fragment_has_no_headers_to_look_for() {
    // Its payload begins with a byte that would be a length of an extension header far outside the packet.
    let mut bytes = udp("[2001:db8::1]:1", "[2001:db8::2]:2").bytes();
    bytes.truncate(40);
    bytes[6] = 44;
    bytes.extend_from_slice(&[60, 0, 0, 8, 0, 0, 0, 9]);
    bytes.extend_from_slice(&[0xff; 16]);
    bytes[4..6].copy_from_slice(&24u16.to_be_bytes());
    let packet = Packet::parse(bytes).expect("a later fragment");
    assert_eq!(packet.fragment(), Some(Fragment { identification: 9, offset: 8, more: false }));
    assert_eq!((packet.protocol(), packet.transport().len()), (Protocol(60), 16));
}

#[test]
fn a_pool_gives_back_boxes_and_remembers_nothing_of_their_packets() {
    let mut pool = PacketPool::new();
    let mut first = pool.packet(|b| b.extend_from_slice(&ping("10.0.0.1", "10.0.0.2").bytes())).expect("a ping");
    first.cross();
    pool.recycle(first);
    assert_eq!(pool.packet(|b| b.push(0)).err(), Some(Malformed::Version));
    let craft = syn("10.0.0.3:3", "10.0.0.4:4");
    let mut second = pool.packet(|b| b.extend_from_slice(&craft.bytes())).expect("a segment");
    assert_eq!((second.bytes(), second.tuple()), (&craft.bytes()[..], craft.packet().tuple()));
    assert_eq!(second.cross(), 1, "crossings are counted from the packet's own birth");
}
