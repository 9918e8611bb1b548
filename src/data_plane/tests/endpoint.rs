//! The gateway endpoint: what it carries, in which direction, how large, and that it keeps nothing (facts E17–E20).

use super::super::GatewayEndpoint;
use super::lab::Lab;
use crate::packet::TcpFlags;
use crate::packet::craft::{ack, icmp, other, ping, pong, syn, tcp, udp};
use crate::trace::PortId;

const A: &str = "10.0.1.10:4000";
const S3: &str = "52.218.0.9:443";
const THERE: &str = "a > router > endpoint > s3: delivered";

fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 nat\n52.218.0.0/17 endpoint");
    lab
}

/// Where a packet of the service goes that it sends through the endpoint.
fn answer(lab: &mut Lab, bytes: &[u8]) -> String {
    let packet = lab.send_bytes("s3", PortId(1), bytes);
    lab.path_of(packet)
}

#[test]
fn the_service_sees_the_private_address_and_no_hop() {
    let mut lab = lab();
    lab.check("a", &syn(A, S3).ttl(1), THERE);
    let seen = lab.got("s3");
    assert_eq!((seen.tuple().source().to_string(), seen.ttl()), (A.to_owned(), 1));
    assert_eq!(answer(&mut lab, &ack(S3, A).bytes()), "s3 > endpoint > router > a: delivered");
}

#[test]
fn it_carries_tcp_and_echoes_of_ipv4_and_nothing_else() {
    let mut lab = lab();
    lab.check("a", &ack(A, S3), THERE);
    lab.check("a", &ping("10.0.1.10", "52.218.0.9"), THERE);
    let refused = "a > router > endpoint: EndpointProtocol by endpoint";
    lab.check("a", &udp(A, S3), refused);
    lab.check("a", &other("10.0.1.10", "52.218.0.9", 47), refused);
    lab.check("a", &pong("10.0.1.10", "52.218.0.9"), refused);
    lab.check("a", &icmp("10.0.1.10", "52.218.0.9", 3, 3), refused);
    let refused = "s3 > endpoint: EndpointProtocol by endpoint";
    assert_eq!(answer(&mut lab, &pong("52.218.0.9", "10.0.1.10").bytes()), "s3 > endpoint > router > a: delivered");
    assert_eq!(answer(&mut lab, &ping("52.218.0.9", "10.0.1.10").bytes()), refused);
    assert_eq!(answer(&mut lab, &udp(S3, A).bytes()), refused);
    assert_eq!(answer(&mut lab, &syn("[2001:db8::1]:1", "[2001:db8::2]:2").bytes()), refused);
}

#[test]
fn only_the_services_addresses_come_out_of_it_and_no_connection_begins_there() {
    let mut lab = lab();
    let refused = "s3 > endpoint: EndpointSource by endpoint";
    assert_eq!(answer(&mut lab, &ack("52.219.0.9:443", A).bytes()), refused);
    assert_eq!(answer(&mut lab, &syn(S3, A).bytes()), "s3 > endpoint: EndpointInitiates by endpoint");
    let both = tcp(S3, A, TcpFlags::SYN | TcpFlags::ACK);
    lab.check("a", &syn(A, S3), THERE);
    assert_eq!(answer(&mut lab, &both.bytes()), "s3 > endpoint > router > a: delivered");
}

#[test]
fn the_list_follows_the_service() {
    let mut lab = lab();
    let mut list = crate::base::PrefixTable::new();
    list.insert(super::lab::cidr("3.5.76.0/22"), ());
    lab.node::<GatewayEndpoint>("endpoint").list = std::rc::Rc::new(list);
    assert_eq!(answer(&mut lab, &ack(S3, A).bytes()), "s3 > endpoint: EndpointSource by endpoint");
    assert_eq!(answer(&mut lab, &ack("3.5.76.9:443", A).bytes()), "s3 > endpoint > router > a: delivered");
}

#[test]
fn too_large_packets_vanish_without_a_word_and_a_syn_is_clamped_so_that_none_is() {
    let mut lab = lab();
    lab.check("a", &ack(A, S3).payload(8_460), THERE);
    lab.check("a", &ack(A, S3).payload(8_461), "a > router > endpoint: EndpointTooBig by endpoint");
    assert_eq!(lab.count("a"), 0, "no ICMP (facts E20)");
    lab.check("a", &syn(A, S3).mss(8_961), THERE);
    assert_eq!(lab.got("s3").bytes(), syn(A, S3).mss(8_460).bytes());
    lab.check("a", &syn(A, S3).mss(1_460), THERE);
    assert_eq!(lab.got("s3").bytes(), syn(A, S3).mss(1_460).bytes());
    let answer_bytes = tcp(S3, A, TcpFlags::SYN | TcpFlags::ACK).mss(8_961).bytes();
    assert_eq!(answer(&mut lab, &answer_bytes), "s3 > endpoint > router > a: delivered");
    assert_eq!(lab.got("a").bytes(), tcp(S3, A, TcpFlags::SYN | TcpFlags::ACK).mss(8_460).bytes());
    let packet = lab.send("a", &syn(A, S3).mss(8_961));
    assert_eq!(lab.steps_of(packet).last().map(String::as_str), Some("endpoint: mss 8460"));
}

#[test]
fn a_switch_of_routes_sends_an_open_connection_there_untranslated_and_nobody_is_told() {
    let mut lab = Lab::new();
    lab.check("a", &syn(A, S3), "a > router > nat > router > igw > internet > s3: delivered");
    assert_eq!(lab.got("s3").tuple().source().to_string(), "54.0.0.5:1024");
    let before = lab.count("a");
    lab.routes("private", "0.0.0.0/0 nat\n52.218.0.0/17 endpoint");
    assert_eq!(lab.count("a"), before, "the change itself sends nothing");
    // The next segment arrives under a tuple that the service has never seen: what it answers is its own affair.
    lab.check("a", &ack(A, S3).numbers(1_001, 7_777), THERE);
    assert_eq!(lab.got("s3").tuple().source().to_string(), A);
    // What the service still sends to the public address is translated and arrives.
    let late = ack(S3, "54.0.0.5:1024").payload(9);
    lab.check("s3", &late, "s3 > internet > igw > router > nat > router > a: delivered");
    // And a connection through the endpoint meets a NAT gateway that did not see it begin.
    lab.check("a", &syn("10.0.1.10:4001", S3), THERE);
    lab.routes("private", "0.0.0.0/0 nat");
    lab.check("a", &ack("10.0.1.10:4001", S3).numbers(5, 6), "a > router > nat: answered");
    assert_eq!(lab.got("a").tcp().map(|tcp| tcp.seq), Some(6));
}
