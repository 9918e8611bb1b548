//! The NAT gateway: what it translates, refuses, forgets, resets, and to whom it says nothing (facts N1–N16).

use std::time::Duration;

use super::super::{NatGateway, NatLimits};
use super::internet_gateway::error_about;
use super::lab::{LIMITS, Lab, ip};
use crate::packet::craft::{Craft, ack, icmp, other, ping, pong, syn, tcp, udp};
use crate::packet::{IcmpError, TcpFlags, split};
use crate::trace::PortId;

const A: &str = "10.0.1.10:4000";
const SERVER: &str = "8.8.8.8:443";
const OUT: &str = "a > router > nat > router > igw > internet > server: delivered";
const BACK: &str = "server > internet > igw > router > nat > router > a: delivered";

/// The public end of the last packet that the server got.
fn public_end(lab: &mut Lab) -> String {
    lab.got("server").tuple().source().to_string()
}

fn nat(lab: &mut Lab) -> &mut NatGateway {
    lab.node("nat")
}

fn limit(lab: &mut Lab, change: impl FnOnce(&mut NatLimits)) {
    let mut limits = LIMITS;
    change(&mut limits);
    nat(lab).table_mut().set_limits(limits);
}

#[test]
fn a_connection_gets_a_port_and_its_answers_come_back_to_whom_they_belong() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, SERVER), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1024");
    lab.check("b", &syn("10.0.2.10:4000", SERVER), &OUT.replace("a >", "b >"));
    assert_eq!(public_end(&mut lab), "54.0.0.5:1025");
    let syn_ack = TcpFlags::SYN | TcpFlags::ACK;
    lab.check("server", &tcp(SERVER, "54.0.0.5:1025", syn_ack), &BACK.replace("> a:", "> b:"));
    assert_eq!(lab.got("b").tuple().destination().to_string(), "10.0.2.10:4000");
    lab.check("server", &tcp(SERVER, "54.0.0.5:1024", syn_ack), BACK);
    let seen = lab.got("a");
    assert_eq!((seen.tuple().source().to_string(), seen.tuple().destination().to_string()), (SERVER.into(), A.into()));
    lab.check("a", &ack(A, SERVER), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1024");
    // Another destination has ports of its own.
    lab.check("a", &syn(A, "8.8.8.8:80"), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1024");
    assert_eq!(nat(&mut lab).table().len(), 3);
}

#[test]
fn it_takes_one_hop_in_each_direction_and_its_address_is_the_hop() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, SERVER).ttl(64), OUT);
    assert_eq!(lab.got("server").ttl(), 62, "the NAT gateway's and the internet's");
    lab.check("server", &ack(SERVER, "54.0.0.5:1024").ttl(64), BACK);
    assert_eq!(lab.got("a").ttl(), 62);
    let last = syn("10.0.1.10:4001", SERVER).ttl(1);
    lab.check("a", &last, "a > router > nat: TtlExpired by nat");
    let error = lab.got("a");
    assert_eq!((error.src(), error.quoted().expect("a quote").tuple), (ip("10.0.9.5"), *last.packet().tuple()));
    assert_eq!(error.icmp(), Some((11, 0)));
    // Back from outside the sender learns of it.
    lab.check(
        "server",
        &ack(SERVER, "54.0.0.5:1024").ttl(2),
        "server > internet > igw > router > nat: TtlExpired by nat",
    );
    assert_eq!((lab.got("server").src(), lab.got("server").icmp()), (ip("54.0.0.5"), Some((11, 0))));
}

#[test]
fn udp_and_echoes_are_translated_and_other_protocols_refused() {
    let mut lab = Lab::new();
    lab.check("a", &udp("10.0.1.10:5000", "8.8.8.8:53"), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1024");
    lab.check("server", &udp("8.8.8.8:53", "54.0.0.5:1024").without_checksum(), BACK);
    assert_eq!(lab.got("a").tuple().destination().to_string(), "10.0.1.10:5000");
    lab.check("a", &ping("10.0.1.10", "8.8.8.8"), OUT);
    assert_eq!(lab.got("server").tuple().src_port, 1_024);
    lab.check("b", &ping("10.0.2.10", "8.8.8.8"), &OUT.replace("a >", "b >"));
    assert_eq!(lab.got("server").tuple().src_port, 1_025);
    lab.check("server", &pong("8.8.8.8", "54.0.0.5").id(1_025), &BACK.replace("> a:", "> b:"));
    assert_eq!(lab.got("b").tuple().dst_port, 7);
    lab.check("a", &other("10.0.1.10", "8.8.8.8", 50), "a > router > nat: NatProtocol by nat");
}

#[test]
fn it_lets_in_only_answers_to_what_it_saw_begin() {
    let mut lab = Lab::new();
    let refused = "server > internet > igw > router > nat: NatNoMapping by nat";
    lab.check("server", &syn(SERVER, "54.0.0.5:22"), refused);
    lab.check("server", &ping("8.8.8.8", "54.0.0.5"), refused);
    lab.check("a", &syn(A, SERVER), OUT);
    lab.check("server", &ack(SERVER, "54.0.0.5:1024"), BACK);
    lab.check("server", &ack("8.8.8.8:444", "54.0.0.5:1024"), refused);
    lab.check("server", &ack(SERVER, "54.0.0.5:1025"), refused);
    // Whoever was pinged may not ping back through the mapping.
    lab.check("a", &ping("10.0.1.10", "8.8.8.8"), OUT);
    lab.check("server", &ping("8.8.8.8", "54.0.0.5").id(1_024), refused);
    lab.check("server", &pong("8.8.8.8", "54.0.0.5").id(1_024), BACK);
    assert_eq!(lab.count("server"), 2, "the server got the two packets of a, and no answer to its own");
}

#[test]
fn a_segment_it_did_not_see_begin_draws_a_reset_to_the_inside_and_nothing_outside() {
    let mut lab = Lab::new();
    for flags in [TcpFlags::ACK, TcpFlags::SYN | TcpFlags::ACK, TcpFlags::FIN | TcpFlags::ACK] {
        lab.check("a", &tcp(A, SERVER, flags).numbers(77, 4_242), "a > router > nat: answered");
        let reset = lab.got("a");
        let view = reset.tcp().expect("a segment");
        assert_eq!((view.flags, view.seq, view.ack, view.window), (TcpFlags(TcpFlags::RST), 4_242, 0, 0));
        assert_eq!((reset.src(), reset.tuple().dst_port), (ip("8.8.8.8"), 4_000));
    }
    assert_eq!(lab.count("a"), 3);
    lab.check("a", &tcp(A, SERVER, TcpFlags::RST), "a > router > nat: NatNoMapping by nat");
    lab.check("a", &pong("10.0.1.10", "8.8.8.8"), "a > router > nat: NatNoMapping by nat");
    lab.check("a", &icmp("10.0.1.10", "8.8.8.8", 13, 0), "a > router > nat: NatNoMapping by nat");
    assert_eq!((lab.count("a"), lab.count("server")), (3, 0), "no reset to a reset, and silence outside");
    let packet = lab.send("a", &ack(A, SERVER));
    assert_eq!(lab.steps_of(packet).last().map(String::as_str), Some("answered: NatNoMapping"));
}

#[test]
fn an_idle_connection_is_forgotten_in_silence_and_its_late_sender_reset() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, SERVER), OUT);
    lab.wait(Duration::from_secs(349));
    lab.check("a", &ack(A, SERVER), OUT);
    lab.wait(Duration::from_secs(349));
    lab.check("server", &ack(SERVER, "54.0.0.5:1024"), BACK);
    let got = lab.count("a");
    lab.wait(Duration::from_secs(350));
    assert_eq!(lab.count("a"), got, "nothing is sent at the instant of forgetting");
    // From outside: silence. From inside: a reset, with the number that the segment acknowledged.
    let refused = "server > internet > igw > router > nat: NatNoMapping by nat";
    lab.check("server", &ack(SERVER, "54.0.0.5:1024"), refused);
    lab.check("a", &ack(A, SERVER).numbers(9, 8_888), "a > router > nat: answered");
    assert_eq!(lab.got("a").tcp().map(|tcp| (tcp.seq, tcp.flags)), Some((8_888, TcpFlags(TcpFlags::RST))));
    assert_eq!(nat(&mut lab).table().idle_timeouts, 1);
    lab.check("a", &syn(A, SERVER), OUT);
    assert_eq!(nat(&mut lab).table().len(), 1);
}

#[test]
fn ports_run_out_per_destination_and_another_destination_has_its_own() {
    let mut lab = Lab::new();
    limit(&mut lab, |limits| limits.per_destination = 3);
    for port in 4_000..4_003 {
        lab.check("a", &syn(&format!("10.0.1.10:{port}"), SERVER), OUT);
    }
    let exhausted = "a > router > nat: NatPortsExhausted by nat";
    lab.check("a", &syn("10.0.1.10:4003", SERVER), exhausted);
    lab.check("a", &syn("10.0.1.10:4003", "8.8.8.8:80"), OUT);
    lab.check("a", &udp("10.0.1.10:4003", SERVER), OUT);
    lab.check("a", &ack("10.0.1.10:4000", SERVER), OUT);
    assert_eq!(nat(&mut lab).port_allocation_errors, 1);
    // A closed connection's port rests, and then serves again.
    lab.check("a", &tcp("10.0.1.10:4001", SERVER, TcpFlags::RST), OUT);
    lab.check("a", &syn("10.0.1.10:4003", SERVER), exhausted);
    lab.wait(Duration::from_secs(60));
    lab.check("a", &syn("10.0.1.10:4003", SERVER), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1025");
    lab.check("a", &syn("10.0.1.10:4004", SERVER), exhausted);
}

#[test]
fn a_connection_closed_by_both_ends_is_forgotten_soon_and_one_closed_by_one_end_is_not() {
    let mut lab = Lab::new();
    let fin = TcpFlags::FIN | TcpFlags::ACK;
    lab.check("a", &syn(A, SERVER), OUT);
    lab.check("a", &tcp(A, SERVER, fin), OUT);
    lab.wait(Duration::from_secs(61));
    lab.check("server", &ack(SERVER, "54.0.0.5:1024").payload(9), BACK);
    lab.check("server", &tcp(SERVER, "54.0.0.5:1024", fin), BACK);
    lab.check("a", &ack(A, SERVER), OUT);
    lab.wait(Duration::from_secs(60));
    lab.check("a", &ack(A, SERVER), "a > router > nat: answered");
    assert_eq!(nat(&mut lab).table().idle_timeouts, 0, "it was not idle, it was closed");
}

#[test]
fn the_ports_of_a_closed_connection_serve_a_new_one_at_once() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, SERVER), OUT);
    lab.check("a", &tcp(A, SERVER, TcpFlags::RST), OUT);
    lab.check("a", &syn(A, SERVER).numbers(9_999, 0), OUT);
    assert_eq!(public_end(&mut lab), "54.0.0.5:1024");
    lab.wait(Duration::from_secs(61));
    lab.check("server", &ack(SERVER, "54.0.0.5:1024"), BACK);
    lab.check("b", &syn("10.0.2.10:1", SERVER), &OUT.replace("a >", "b >"));
    lab.check("a", &ack(A, SERVER), OUT);
}

#[test]
fn fragments_of_udp_pass_both_ways_and_those_of_tcp_and_icmp_do_not() {
    let mut lab = Lab::new();
    let send = |lab: &mut Lab, from: &str, craft: Craft| {
        let pieces = split(&craft.packet(), 1_500);
        assert!(1 < pieces.len());
        let paths = pieces.iter().map(|piece| {
            let packet = lab.send_bytes(from, PortId(0), piece);
            lab.path_of(packet)
        });
        paths.collect::<Vec<_>>()
    };
    let datagram = udp("10.0.1.10:5000", "8.8.8.8:53").may_fragment(1).payload(3_000);
    assert_eq!(send(&mut lab, "a", datagram), [OUT; 3]);
    assert_eq!(lab.got("server").src(), ip("54.0.0.5"));
    let answer = udp("8.8.8.8:53", "54.0.0.5:1024").may_fragment(2).payload(3_000);
    assert_eq!(send(&mut lab, "server", answer), [BACK; 3]);
    let refused = "a > router > nat: NatFragment by nat";
    assert_eq!(send(&mut lab, "a", ping("10.0.1.10", "8.8.8.8").may_fragment(3).payload(2_000)), [refused; 2]);
    assert_eq!(send(&mut lab, "a", syn(A, SERVER).may_fragment(4).payload(2_000)), [refused; 2]);
    lab.check("a", &ping("10.0.1.10", "8.8.8.8"), OUT);
    let refused = "server > internet > igw > router > nat: NatFragment by nat";
    let answer = pong("8.8.8.8", "54.0.0.5").id(1_024).may_fragment(5).payload(2_000);
    assert_eq!(send(&mut lab, "server", answer), [refused; 2]);
}

#[test]
fn a_datagram_in_pieces_is_whole_and_true_when_it_arrives() {
    let mut lab = Lab::new();
    let datagram = udp("10.0.1.10:5000", "8.8.8.8:53").may_fragment(1).payload(3_000);
    let mut reassembler = crate::packet::Reassembler::new();
    let mut whole = None;
    for piece in split(&datagram.packet(), 1_500) {
        lab.send_bytes("a", PortId(0), &piece);
        let now = lab.engine.now();
        whole = reassembler.take(now, &lab.got("server"));
    }
    let mut expected = udp("54.0.0.5:1024", "8.8.8.8:53").may_fragment(1).payload(3_000).ttl(253);
    expected.dont_fragment = false;
    assert_eq!(whole, Some(expected.bytes()));
}

#[test]
fn it_answers_nothing_that_is_addressed_to_itself() {
    let mut lab = Lab::new();
    for craft in [ping("10.0.1.10", "10.0.9.5"), syn(A, "10.0.9.5:22"), udp(A, "10.0.9.5:53")] {
        lab.check("a", &craft, "a > router > nat: NatNotAddressable by nat");
    }
    assert_eq!(lab.count("a"), 0);
}

#[test]
fn it_serves_its_own_vpc_only() {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 nat");
    lab.interface("a").source_dest_check = false;
    lab.check("a", &syn("10.9.0.10:1", SERVER), "a > router > nat: NatSourceOutsideVpc by nat");
    lab.check("a", &syn(A, SERVER), OUT);
}

#[test]
fn an_unavailable_one_carries_nothing_in_either_direction() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, SERVER), OUT);
    nat(&mut lab).available = false;
    lab.check("a", &ack(A, SERVER), "a > router > nat: NatUnavailable by nat");
    let refused = "server > internet > igw > router > nat: NatUnavailable by nat";
    lab.check("server", &ack(SERVER, "54.0.0.5:1024"), refused);
    nat(&mut lab).available = true;
    lab.check("a", &ack(A, SERVER), OUT);
    // Replaced, or without its address for a while: connections do not come back (facts N20).
    nat(&mut lab).table_mut().clear();
    assert!(nat(&mut lab).table().is_empty());
    lab.check("a", &ack(A, SERVER), "a > router > nat: answered");
}

#[test]
fn errors_quote_to_each_side_the_packet_that_it_knows() {
    let mut lab = Lab::new();
    for sent in [syn(A, SERVER), udp(A, SERVER), ping("10.0.1.10", "8.8.8.8")] {
        lab.check("a", &sent, OUT);
        let seen = lab.got("server");
        lab.check("server", &error_about(&seen, IcmpError::HostUnreachable, "8.8.8.8"), BACK);
        let error = lab.got("a");
        assert_eq!(error.quoted().expect("a quote").tuple, *sent.packet().tuple());
        assert_eq!((error.dst(), error.src()), (ip("10.0.1.10"), ip("8.8.8.8")));
    }
    // And out: an error about an answer that came in.
    let answer = udp(SERVER, "54.0.0.5:1024");
    lab.check("server", &answer, BACK);
    let seen = lab.got("a");
    lab.check("a", &error_about(&seen, IcmpError::PortUnreachable, "10.0.1.10"), OUT);
    let error = lab.got("server");
    assert_eq!((error.quoted().expect("a quote").tuple, error.src()), (*answer.packet().tuple(), ip("54.0.0.5")));
    // About a connection that the gateway does not know: neither way.
    let strange = error_about(&syn("54.0.0.5:9999", SERVER).packet(), IcmpError::HostUnreachable, "8.8.8.8");
    lab.check("server", &strange, "server > internet > igw > router > nat: NatNoMapping by nat");
    let strange = error_about(&udp(SERVER, "10.0.1.10:9").packet(), IcmpError::PortUnreachable, "10.0.1.10");
    lab.check("a", &strange, "a > router > nat: NatNoMapping by nat");
}

#[test]
fn its_own_subnet_decides_where_its_packets_go() {
    let mut lab = Lab::new();
    lab.routes("public", "0.0.0.0/0 blackhole");
    lab.check("a", &syn(A, SERVER), "a > router > nat > router: Blackhole by 0.0.0.0/0 blackhole");
    lab.routes("public", "");
    lab.check("a", &syn(A, SERVER), "a > router > nat > router: NoRoute by no route");
    // Two gateways that route to each other, or one to itself, end with a reason.
    lab.routes("public", "0.0.0.0/0 nat");
    let path = lab.path("a", &syn(A, SERVER));
    assert!(path.ends_with(": TtlExpired by nat") || path.ends_with(": ForwardingLoop by "), "{path}");
}
