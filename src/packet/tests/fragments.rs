//! Fragments: cut and put together in any order, bounded in number, size and time.

use proptest::prelude::*;

use super::*;
use crate::base::SimTime;
use crate::packet::craft::{Craft, ping, syn, udp};

fn datagram(bytes: usize) -> Craft {
    udp("10.0.1.10:5000", "8.8.8.8:53").may_fragment(77).payload(bytes)
}

fn pieces(craft: &Craft, mtu: usize) -> Vec<Packet> {
    let bytes = split(&craft.packet(), mtu);
    bytes.into_iter().map(|piece| Packet::parse(piece).expect("a piece is a packet")).collect()
}

fn parse(bytes: Vec<u8>) -> Packet {
    Packet::parse(bytes).expect("a packet")
}

proptest! {
    #[test]
    fn pieces_fit_and_make_the_whole_again_in_any_order(
        size in 0usize..9_000, mtu in 28usize..2_000, order in any::<u64>(), again in 28usize..2_000,
    ) {
        let craft = datagram(size);
        let mut all: Vec<Packet> = Vec::new();
        for piece in pieces(&craft, mtu) {
            prop_assert!(piece.len() <= mtu);
            prop_assert!(checksums_hold(&piece));
            // A piece meets a smaller link further on, or passes.
            match piece.len() <= again {
                true => all.push(piece),
                false => all.extend(split(&piece, again).into_iter().map(parse)),
            }
        }
        let count = all.len();
        let mut rng = crate::base::Rng::stream(order, "order");
        all.sort_by_cached_key(|_| rng.next_u64());
        if count == 1 {
            prop_assert_eq!(all[0].fragment(), None);
            return Ok(());
        }
        let mut reassembler = Reassembler::new();
        let whole: Vec<_> = all.iter().map(|piece| reassembler.take(SimTime::ZERO, piece)).collect();
        prop_assert!(whole[..count - 1].iter().all(Option::is_none), "not before the last piece");
        let mut expected = craft.bytes();
        // Cutting clears the flag that forbids it; there was none here.
        expected.truncate(craft.packet().len());
        prop_assert_eq!(whole[count - 1].as_ref(), Some(&expected));
    }

    #[test]
    fn any_pieces_at_all_panic_nothing_and_stay_bounded(
        parts in prop::collection::vec((0u16..6, 0usize..70, any::<bool>(), 0u8..3), 0..60),
    ) {
        let mut reassembler = Reassembler::new();
        for (offset, length, more, identification) in parts {
            let mut bytes = syn("10.0.0.1:1", "10.0.0.2:2").payload(length).bytes();
            // TCP's header is not looked at in later pieces.
            bytes[6..8].copy_from_slice(&(offset | u16::from(more) << 13).to_be_bytes());
            bytes[5] = identification;
            let whole = reassembler.take(SimTime::ZERO, &parse(bytes)).map(Packet::parse);
            if let Some(Ok(whole)) = whole {
                prop_assert_eq!(whole.fragment(), None);
            }
        }
    }
}

#[test]
fn a_packet_that_fits_is_one_piece_and_what_cannot_be_cut_is_none() {
    assert_eq!(split(&datagram(100).packet(), 1_500), [datagram(100).bytes()]);
    assert_eq!(split(&datagram(100).packet(), 27), Vec::<Vec<u8>>::new());
    assert_eq!(split(&udp("[2001:db8::1]:1", "[2001:db8::2]:2").payload(2_000).packet(), 1_500), Vec::<Vec<u8>>::new());
}

#[test]
fn an_overlap_discards_the_packet_and_a_repeated_piece_does_not() {
    let now = SimTime::ZERO;
    let [first, second, third] = &pieces(&datagram(2_500), 1_000)[..] else { panic!("three pieces") };
    let mut reassembler = Reassembler::new();
    assert_eq!(reassembler.take(now, first), None);
    assert_eq!(reassembler.take(now, first), None, "a link repeated it");
    assert_eq!(reassembler.take(now, second), None);
    assert!(reassembler.take(now, third).is_some());
    // The same packet with a piece that covers parts of two others.
    let mut lying = second.bytes().to_vec();
    lying[7] -= 1;
    let lying = parse(lying);
    assert_eq!(lying.fragment().map(|f| f.offset), second.fragment().map(|f| f.offset - 8));
    let mut reassembler = Reassembler::new();
    for piece in [first, &lying, second, third] {
        assert_eq!(reassembler.take(now, piece), None);
    }
}

#[test]
fn pieces_wait_thirty_seconds_and_no_longer() {
    let all = pieces(&datagram(2_000), 1_500);
    let late = SimTime::ZERO.after(Reassembler::PATIENCE);
    let just = SimTime::from_nanos(late.as_nanos() - 1);
    let mut reassembler = Reassembler::new();
    assert_eq!(reassembler.take(SimTime::ZERO, &all[0]), None);
    assert!(reassembler.take(just, &all[1]).is_some());
    assert_eq!(reassembler.take(SimTime::ZERO, &all[0]), None);
    assert_eq!(reassembler.take(late, &all[1]), None);
}

#[test]
fn packets_that_wait_are_limited_in_number() {
    let with = |identification: u16| pieces(&datagram(2_000).may_fragment(identification), 1_500);
    let mut reassembler = Reassembler::new();
    for identification in 0..Reassembler::WAITING_MAX as u16 {
        assert_eq!(reassembler.take(SimTime::ZERO, &with(identification)[0]), None);
    }
    let [one_more, its_rest] = &with(9_999)[..] else { panic!("two pieces") };
    assert_eq!(reassembler.take(SimTime::ZERO, one_more), None);
    assert_eq!(reassembler.take(SimTime::ZERO, its_rest), None, "there was no room for its first piece");
    assert!(reassembler.take(SimTime::ZERO, &with(0)[1]).is_some(), "those that waited are still there");
}

#[test]
fn a_packet_that_would_be_too_long_is_discarded() {
    let mut last = pieces(&ping("10.0.0.1", "10.0.0.2").may_fragment(3).payload(2_000), 1_500)[1].bytes().to_vec();
    last[6..8].copy_from_slice(&0x1fffu16.to_be_bytes());
    assert_eq!(Reassembler::new().take(SimTime::ZERO, &parse(last)), None);
}

#[test]
fn later_pieces_go_by_the_ports_of_their_first_one_for_a_while() {
    let all = pieces(&datagram(4_000), 1_500);
    let mut ports = FragmentPorts::default();
    assert_eq!(ports.complete(SimTime::ZERO, &all[1]), None, "its first piece was not seen");
    let tuple = *datagram(4_000).packet().tuple();
    assert_eq!(ports.complete(SimTime::ZERO, &all[0]), Some(tuple));
    assert_eq!(ports.complete(SimTime::ZERO, &all[1]), Some(tuple));
    assert_eq!(ports.complete(SimTime::from_secs(29), &all[2]), Some(tuple));
    assert_eq!(ports.complete(SimTime::from_secs(30), &all[2]), None);
    let other = pieces(&datagram(4_000).may_fragment(78), 1_500);
    assert_eq!(ports.complete(SimTime::ZERO, &other[1]), None, "a piece of another packet");
    assert_eq!(ports.complete(SimTime::ZERO, &datagram(4).packet()), Some(tuple), "a whole packet has its own");
}
