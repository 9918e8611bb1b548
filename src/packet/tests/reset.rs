//! The reset that answers a stray segment: the law of RFC 9293 section 3.5.2.

use proptest::prelude::*;

use super::*;
use crate::packet::craft::{Craft, ack, assert_checksums_true, syn, tcp, udp};

fn reset_of(craft: &Craft) -> Option<Packet> {
    let mut buffer = Vec::new();
    build_reset(&mut buffer, &craft.packet(), 64).then(|| Packet::parse(buffer).expect("a reset is a packet"))
}

#[test]
fn a_segment_that_acknowledges_draws_a_bare_reset_with_that_number() {
    let reset = reset_of(&ack("10.0.1.10:4000", "52.218.0.9:443").numbers(7, 99_000).payload(100)).expect("a reset");
    let view = reset.tcp().expect("a segment");
    assert_eq!((view.seq, view.ack, view.flags, view.window), (99_000, 0, TcpFlags(TcpFlags::RST), 0));
    assert_eq!((reset.len(), view.payload_len), (40, 0), "no options, no payload");
    assert_eq!(reset.tuple(), &ack("52.218.0.9:443", "10.0.1.10:4000").packet().tuple().clone());
}

#[test]
fn a_segment_that_does_not_acknowledge_is_acknowledged_whole() {
    let numbers = |craft: Craft| reset_of(&craft).and_then(|reset| reset.tcp()).map(|t| (t.seq, t.ack, t.flags.0));
    let both = TcpFlags::RST | TcpFlags::ACK;
    let opening = syn("10.0.1.10:4000", "52.218.0.9:443").numbers(500, 0);
    assert_eq!(numbers(opening.clone()), Some((0, 501, both)));
    assert_eq!(numbers(opening.payload(10)), Some((0, 511, both)));
    let last = tcp("10.0.1.10:4000", "52.218.0.9:443", TcpFlags::FIN).numbers(u32::MAX, 0).payload(3);
    assert_eq!(numbers(last), Some((0, 3, both)), "sequence numbers wrap");
}

#[test]
fn a_reset_and_what_is_no_segment_draw_none() {
    for flags in [TcpFlags::RST, TcpFlags::RST | TcpFlags::ACK] {
        assert!(reset_of(&tcp("10.0.1.10:4000", "52.218.0.9:443", flags)).is_none());
    }
    assert!(reset_of(&udp("10.0.1.10:4000", "52.218.0.9:443")).is_none());
    let mut buffer = vec![1, 2, 3];
    assert!(!build_reset(&mut buffer, &udp("10.0.1.10:1", "8.8.8.8:2").packet(), 64));
    assert_eq!(buffer, [1, 2, 3], "nothing is written");
}

proptest! {
    #[test]
    fn every_reset_is_well_formed_and_goes_back(craft in any_craft()) {
        let Some(reset) = reset_of(&craft) else { return Ok(()) };
        prop_assert_eq!(reset.tuple(), &craft.packet().tuple().reversed());
        prop_assert_eq!(reset.ttl(), 64);
        prop_assert!(reset.tcp_flags().has(TcpFlags::RST));
        assert_checksums_true(reset.bytes());
        prop_assert!(reset_of(&craft).is_some() && {
            let mut buffer = Vec::new();
            !build_reset(&mut buffer, &reset, 64)
        }, "a reset draws no reset");
    }
}
