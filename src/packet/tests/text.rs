//! One packet, one line: the lines that people read.

use super::*;
use crate::packet::craft::{Craft, ack, icmp, other, ping, pong, syn, tcp, udp};

#[track_caller]
fn check(craft: &Craft, line: &str) {
    assert_eq!(describe(&craft.packet()), line);
}

#[test]
fn lines_say_who_to_whom_what_and_how_much() {
    let (client, s3) = ("10.0.1.10:49152", "52.218.160.10:443");
    check(&syn(client, s3).mss(1_460), "10.0.1.10:49152 → 52.218.160.10:443 TCP [S] seq 1000 win 64240 len 0 ttl 255");
    check(
        &ack(client, s3).payload(100).ttl(64),
        "10.0.1.10:49152 → 52.218.160.10:443 TCP [.] seq 1001 ack 5001 win 64240 len 100 ttl 64",
    );
    check(
        &tcp(s3, client, TcpFlags::RST).numbers(5_001, 0),
        "52.218.160.10:443 → 10.0.1.10:49152 TCP [R] seq 5001 win 64240 len 0 ttl 255",
    );
    check(&udp("10.0.1.10:5000", "10.0.0.2:53"), "10.0.1.10:5000 → 10.0.0.2:53 UDP len 12 ttl 255");
    check(&ping("10.0.1.10", "8.8.8.8"), "10.0.1.10 → 8.8.8.8 ICMP echo request id 7 seq 1 len 16 ttl 255");
    check(&pong("8.8.8.8", "10.0.1.10"), "8.8.8.8 → 10.0.1.10 ICMP echo reply id 7 seq 1 len 16 ttl 255");
    check(&icmp("10.0.1.1", "10.0.1.10", 3, 4), "10.0.1.1 → 10.0.1.10 ICMP fragmentation needed len 16 ttl 255");
    check(&icmp("10.0.1.1", "10.0.1.10", 3, 7), "10.0.1.1 → 10.0.1.10 ICMP unreachable (7) len 16 ttl 255");
    check(&icmp("10.0.1.1", "10.0.1.10", 11, 0), "10.0.1.1 → 10.0.1.10 ICMP time exceeded len 16 ttl 255");
    check(&icmp("10.0.1.1", "10.0.1.10", 13, 0), "10.0.1.1 → 10.0.1.10 ICMP type 13 code 0 len 16 ttl 255");
    check(&other("10.0.1.10", "10.0.2.10", 47), "10.0.1.10 → 10.0.2.10 protocol 47 len 16 ttl 255");
    check(
        &ping("2001:db8::1", "2001:db8::2"),
        "2001:db8::1 → 2001:db8::2 ICMPv6 echo request id 7 seq 1 len 16 ttl 255",
    );
    check(
        &syn("[2001:db8::1]:1", "[2001:db8::2]:2"),
        "[2001:db8::1]:1 → [2001:db8::2]:2 TCP [S] seq 1000 win 64240 len 0 ttl 255",
    );
}

#[test]
fn lines_of_fragments_say_their_place() {
    let whole = udp("10.0.1.10:5000", "8.8.8.8:53").may_fragment(77).payload(2_000).packet();
    let lines: Vec<_> =
        split(&whole, 1_500).into_iter().map(|piece| describe(&Packet::parse(piece).expect("a piece"))).collect();
    assert_eq!(
        lines,
        [
            "10.0.1.10:5000 → 8.8.8.8:53 UDP len 1472 fragment 77@0+ ttl 255",
            "10.0.1.10 → 8.8.8.8 UDP len 528 fragment 77@1480 ttl 255",
        ]
    );
}

#[test]
fn flags_are_letters_in_the_order_of_a_capture_tool() {
    for (flags, text) in [
        (TcpFlags::SYN, "S"),
        (TcpFlags::SYN | TcpFlags::ACK, "S."),
        (TcpFlags::ACK, "."),
        (TcpFlags::PSH | TcpFlags::ACK, "P."),
        (TcpFlags::FIN | TcpFlags::ACK, "F."),
        (TcpFlags::RST | TcpFlags::ACK, "R."),
        (0, ""),
    ] {
        assert_eq!(flags_text(TcpFlags(flags)), text);
    }
}
