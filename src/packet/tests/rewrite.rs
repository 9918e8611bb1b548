//! Changes of addresses, ports, TTL and MSS: byte for byte what writing the packet anew would give.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::packet::craft::{Craft, ack, assert_checksums_true, endpoint, icmp, ping, syn, tcp, udp};

/// The craft with another source, under the rules of [`Packet::set_source`].
fn resourced(craft: &Craft, to: SocketAddr) -> Craft {
    let mut changed = craft.clone();
    changed.src = match craft.protocol() {
        Protocol::TCP | Protocol::UDP | Protocol::ICMP | Protocol::ICMPV6 => to,
        _ => SocketAddr::new(to.ip(), craft.src.port()),
    };
    changed
}

fn a_craft_and_an_endpoint() -> impl Strategy<Value = (Craft, SocketAddr)> {
    any::<bool>().prop_flat_map(|v4| (any_craft_of(v4), any_endpoint(v4)))
}

proptest! {
    #[test]
    fn a_new_source_gives_the_packet_that_its_new_owner_would_have_written((craft, to) in a_craft_and_an_endpoint()) {
        let mut packet = craft.packet();
        packet.set_source(to);
        prop_assert_eq!(packet.bytes(), &resourced(&craft, to).bytes()[..]);
        prop_assert_eq!(*packet.tuple(), *Packet::parse(packet.bytes().to_vec()).expect("still a packet").tuple());
        assert_checksums_true(packet.bytes());
    }

    #[test]
    fn a_new_destination_gives_the_packet_that_was_meant_for_it((craft, to) in a_craft_and_an_endpoint()) {
        let mut packet = craft.packet();
        packet.set_destination(to);
        let mut expected = craft.clone();
        expected.dst = to;
        if craft.protocol().is_icmp() {
            // The identifier belongs to both ends.
            expected.src.set_port(to.port());
        }
        if !craft.protocol().has_ports() {
            expected.dst.set_port(craft.dst.port());
        }
        prop_assert_eq!(packet.bytes(), &expected.bytes()[..]);
        prop_assert_eq!(*packet.tuple(), *Packet::parse(packet.bytes().to_vec()).expect("still a packet").tuple());
        assert_checksums_true(packet.bytes());
    }

    #[test]
    fn there_and_back_is_the_packet_it_was((craft, to) in a_craft_and_an_endpoint()) {
        let mut packet = craft.packet();
        let before = packet.tuple().source();
        packet.set_source(to);
        packet.set_source(before);
        prop_assert_eq!(packet.bytes(), &craft.bytes()[..]);
    }

    #[test]
    fn a_hop_takes_one_off_the_time_to_live(craft in any::<bool>().prop_flat_map(any_craft_of)) {
        let mut packet = craft.packet();
        prop_assert_eq!(packet.decrement_ttl(), 1 < craft.ttl);
        let ttl = if 1 < craft.ttl { craft.ttl - 1 } else { craft.ttl };
        prop_assert_eq!(packet.bytes(), &craft.clone().ttl(ttl).bytes()[..]);
    }

    #[test]
    fn a_clamped_mss_keeps_checksums_true_wherever_the_option_stands(
        v4 in any::<bool>(), ahead in 0usize..4, mss in any::<u16>(), most in any::<u16>(), payload in 0usize..9,
    ) {
        let (src, dst) = if v4 { ("10.0.0.1:1", "10.0.0.2:2") } else { ("[2001:db8::1]:1", "[2001:db8::2]:2") };
        let with = |mss: u16| {
            let [high, low] = mss.to_be_bytes();
            let mut options = vec![1u8; ahead];
            options.extend_from_slice(&[2, 4, high, low]);
            options.resize(options.len().next_multiple_of(4), 0);
            syn(src, dst).options(&options).payload(payload)
        };
        let mut packet = with(mss).packet();
        prop_assert_eq!(clamp_mss(&mut packet, most), most < mss);
        prop_assert_eq!(packet.bytes(), &with(mss.min(most)).bytes()[..]);
    }

    #[test]
    fn the_difference_gives_the_checksum_that_summing_anew_gives(
        words in prop::collection::vec(any::<u16>(), 1..40), at in any::<prop::sample::Index>(), new in any::<u16>(),
    ) {
        let sum = |words: &[u16]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            prop_assert_eq!(fold(sum_words(&bytes)), smoltcp::wire::checksum::data(&bytes));
            Ok(!fold(sum_words(&bytes)))
        };
        // A sum of nothing but zeros has a checksum of its own: no packet of ours sums to it.
        prop_assume!(words.iter().any(|word| *word != 0));
        let before = sum(&words)?;
        let at = at.index(words.len());
        let old = words[at];
        let mut words = words;
        words[at] = new;
        prop_assume!(words.iter().any(|word| *word != 0));
        prop_assert_eq!(update16(before, old, new), sum(&words)?);
    }

    #[test]
    fn sums_agree_with_the_other_library_for_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        prop_assert_eq!(fold(sum_words(&bytes)), smoltcp::wire::checksum::data(&bytes));
    }
}

#[test]
fn rfc_1624_example_and_its_corner() {
    // RFC 1624 section 4: the header's word 0x5555 becomes 0x3285 under checksum 0xdd2f; eqn. 3 gives 0x0000.
    assert_eq!(update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

#[test]
fn a_datagram_without_checksum_stays_without_one_and_one_with_keeps_one() {
    let mut without = udp("10.0.1.10:5000", "8.8.8.8:53").without_checksum().packet();
    without.set_source(endpoint("54.0.0.5:1024"));
    assert_eq!(without.transport()[6..8], [0, 0]);
    assert!(checksums_hold(&without));
    // Ports are chosen until the true sum is zero, which RFC 768 writes as all ones.
    let mut zeros = 0;
    for port in 0..=u16::MAX {
        let mut with = udp("10.0.1.10:5000", "8.8.8.8:53").packet();
        with.set_source(
            endpoint("54.0.0.5:1").ip().to_string().parse().map(|ip| SocketAddr::new(ip, port)).expect("ip"),
        );
        assert_ne!(with.transport()[6..8], [0, 0], "port {port}");
        zeros += usize::from(with.transport()[6..8] == [0xff, 0xff]);
        assert!(checksums_hold(&with), "port {port}");
    }
    assert_eq!(zeros, 1, "one port of all gives a sum of zero");
}

#[test]
fn an_address_of_the_other_family_changes_nothing() {
    let craft = ack("10.0.0.1:1", "10.0.0.2:2");
    let mut packet = craft.packet();
    packet.set_source(endpoint("[2001:db8::1]:9"));
    packet.set_destination(endpoint("[2001:db8::1]:9"));
    assert_eq!(packet.bytes(), craft.bytes());
}

#[test]
fn an_echo_changes_its_identifier_and_other_icmp_only_its_addresses() {
    let mut echo = ping("10.0.0.1", "10.0.0.2").packet();
    echo.set_source(endpoint("54.0.0.5:4242"));
    assert_eq!((echo.tuple().src_port, echo.tuple().dst_port), (4_242, 4_242));
    assert_checksums_true(echo.bytes());
    let mut stamp = icmp("10.0.0.1", "10.0.0.2", 13, 0).packet();
    stamp.set_source(endpoint("54.0.0.5:4242"));
    assert_eq!(stamp.bytes(), icmp("54.0.0.5", "10.0.0.2", 13, 0).bytes());
}

#[test]
fn a_later_fragment_changes_its_address_and_leaves_its_payload_alone() {
    let whole = udp("10.0.1.10:5000", "8.8.8.8:53").may_fragment(77).payload(2_000).packet();
    let pieces = split(&whole, 1_500);
    let mut later = Packet::parse(pieces[1].clone()).expect("a later fragment");
    let payload = later.payload().to_vec();
    later.set_source(endpoint("54.0.0.5:1024"));
    assert_eq!((later.src(), later.tuple().src_port), (endpoint("54.0.0.5").ip(), 0));
    assert_eq!(later.payload(), payload);
    assert!(checksums_hold(&later));
}

#[test]
fn only_a_syn_with_a_larger_mss_is_clamped() {
    let clamps = |craft: Craft| clamp_mss(&mut craft.packet(), 1_360);
    assert!(clamps(syn("10.0.0.1:1", "10.0.0.2:2").mss(1_460)));
    assert!(clamps(tcp("10.0.0.1:1", "10.0.0.2:2", TcpFlags::SYN | TcpFlags::ACK).mss(1_460)));
    assert!(!clamps(syn("10.0.0.1:1", "10.0.0.2:2").mss(1_360)));
    assert!(!clamps(syn("10.0.0.1:1", "10.0.0.2:2")));
    assert!(!clamps(ack("10.0.0.1:1", "10.0.0.2:2").mss(1_460)));
    assert!(!clamps(udp("10.0.0.1:1", "10.0.0.2:2")));
    assert!(!clamps(syn("10.0.0.1:1", "10.0.0.2:2").options(&[2, 3, 5, 180])), "an option of a wrong length");
}
