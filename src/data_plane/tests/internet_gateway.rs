//! The internet gateway: one-to-one both ways, its refusals, its turn, and what errors quote (facts I1–I14).

use super::super::{EgressOnlyInternetGateway, Internet, InternetGateway};
use super::lab::{Lab, Tap, cidr, ip};
use crate::engine::{Engine, LineSpec, LinkSpec};
use crate::packet::craft::{Craft, ack, icmp, ping, pong, syn, tcp, udp};
use crate::packet::{IcmpError, Packet, TcpFlags, build_icmp_error};
use crate::trace::{CiteId, Disposition, DropReason, JourneyLog, NodeId, PortId};

const OUT: &str = "web > router > igw > internet > server: delivered";
const IN: &str = "server > internet > igw > router > web: delivered";

#[test]
fn it_exchanges_the_private_address_for_the_public_one_and_back_and_leaves_ports_alone() {
    let mut lab = Lab::new();
    lab.check("web", &syn("10.0.9.10:80", "8.8.8.8:5000").payload(100), OUT);
    let seen = lab.got("server");
    assert_eq!(seen.tuple().source().to_string(), "54.0.0.10:80");
    assert_eq!(seen.ttl(), 254, "the internet takes a hop, the gateway none");
    lab.check("server", &ack("8.8.8.8:5000", "54.0.0.10:80"), IN);
    assert_eq!(lab.got("web").tuple().destination().to_string(), "10.0.9.10:80");
    lab.check("web", &ping("10.0.9.10", "8.8.8.8"), OUT);
    lab.check("server", &pong("8.8.8.8", "54.0.0.10"), IN);
    assert_eq!((lab.got("web").dst(), lab.got("web").tuple().dst_port), (ip("10.0.9.10"), 7));
    lab.check("web", &udp("10.0.9.10:53", "8.8.8.8:5000").without_checksum(), OUT);
    let packet = lab.send("web", &syn("10.0.9.10:80", "8.8.8.8:5000"));
    let translated = "igw: 10.0.9.10:80 → 8.8.8.8:5000 becomes 54.0.0.10:80 → 8.8.8.8:5000";
    assert_eq!(lab.steps_of(packet).last().map(String::as_str), Some(translated));
}

#[test]
fn it_has_no_memory_so_strangers_reach_a_public_address_too() {
    let mut lab = Lab::new();
    lab.check("server", &syn("8.8.8.8:5000", "54.0.0.10:22"), IN);
    lab.groups("web", "out all 0.0.0.0/0");
    let refused = "server > internet > igw > router: SecurityGroupNoIngress by no in";
    lab.check("server", &syn("8.8.8.8:5001", "54.0.0.10:22"), refused);
    lab.check("server", &syn("8.8.8.8:5000", "54.0.0.77:22"), "server > internet > igw: NoPrivateAddress by igw");
}

#[test]
fn without_a_public_address_nobody_gets_out_or_is_found() {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 igw");
    lab.check("a", &syn("10.0.1.10:4000", "8.8.8.8:443"), "a > router > igw: NoPublicAddress by igw");
    lab.node::<InternetGateway>("igw").associate(ip("10.0.1.10"), ip("54.0.0.20"));
    lab.check("a", &syn("10.0.1.10:4000", "8.8.8.8:443"), "a > router > igw > internet > server: delivered");
    lab.node::<InternetGateway>("igw").disassociate(ip("10.0.1.10"));
    lab.check("a", &ack("10.0.1.10:4000", "8.8.8.8:443"), "a > router > igw: NoPublicAddress by igw");
    lab.check("server", &ack("8.8.8.8:443", "54.0.0.20:4000"), "server > internet > igw: NoPrivateAddress by igw");
}

#[test]
fn a_public_address_belongs_to_one_private_one_at_a_time() {
    let mut igw = InternetGateway::new(CiteId::NONE);
    igw.associate(ip("10.0.0.1"), ip("54.0.0.1"));
    igw.associate(ip("10.0.0.2"), ip("54.0.0.1"));
    assert_eq!((igw.public_of(ip("10.0.0.1")), igw.public_of(ip("10.0.0.2"))), (None, Some(ip("54.0.0.1"))));
    igw.associate(ip("10.0.0.2"), ip("54.0.0.2"));
    igw.associate(ip("10.0.0.1"), ip("54.0.0.1"));
    assert_eq!(igw.public_of(ip("10.0.0.1")), Some(ip("54.0.0.1")), "the one it had is free again");
    assert_eq!(igw.public_of(ip("10.0.0.2")), Some(ip("54.0.0.2")));
}

#[test]
fn a_reply_follows_the_table_of_its_subnet_whatever_way_the_request_came() {
    let mut lab = Lab::new();
    lab.routes("public", "");
    lab.check("server", &syn("8.8.8.8:5000", "54.0.0.10:22"), IN);
    lab.check("web", &ack("10.0.9.10:22", "8.8.8.8:5000"), "web > router: NoRoute by no route");
}

#[test]
fn private_and_shared_addresses_pass_in_neither_direction() {
    let mut lab = Lab::new();
    for address in ["10.99.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"] {
        let path = "web > router > igw: PrivateDestination by igw";
        lab.check("web", &syn("10.0.9.10:80", &format!("{address}:443")), path);
    }
    for address in ["100.64.0.1", "100.127.255.255"] {
        lab.check(
            "web",
            &syn("10.0.9.10:80", &format!("{address}:443")),
            "web > router > igw: SharedDestination by igw",
        );
    }
    for address in ["172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1"] {
        let path = "web > router > igw > internet: UnknownInternetAddress by internet";
        lab.check("web", &syn("10.0.9.10:80", &format!("{address}:443")), path);
    }
    lab.check("server", &syn("100.64.0.1:1", "54.0.0.10:22"), "server > internet > igw: SharedSource by igw");
    lab.check("server", &syn("192.168.0.1:1", "54.0.0.10:22"), "server > internet: PrivateSource by internet");
    // Were it to come in all the same, the gateway refuses it itself.
    let bytes = syn("192.168.0.1:1", "54.0.0.10:22").bytes();
    lab.node::<Internet>("internet").private = true;
    let packet = lab.send_bytes("server", PortId(0), &bytes);
    assert_eq!(lab.path_of(packet), "server > internet > igw: PrivateSource by igw");
}

#[test]
fn a_detached_gateway_carries_nothing() {
    let mut lab = Lab::new();
    lab.node::<InternetGateway>("igw").attached = false;
    lab.check("web", &syn("10.0.9.10:80", "8.8.8.8:5000"), "web > router > igw: GatewayNotAttached by igw");
    lab.check("server", &syn("8.8.8.8:5000", "54.0.0.10:22"), "server > internet > igw: GatewayNotAttached by igw");
}

#[test]
fn a_path_between_two_public_addresses_of_the_vpc_turns_at_the_gateway_and_costs_a_hop() {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 igw");
    lab.node::<InternetGateway>("igw").associate(ip("10.0.1.10"), ip("54.0.0.20"));
    lab.check("a", &syn("10.0.1.10:4000", "54.0.0.10:22"), "a > router > igw > router > web: delivered");
    let seen = lab.got("web");
    assert_eq!(
        (seen.tuple().source().to_string(), seen.dst(), seen.ttl()),
        ("54.0.0.20:4000".into(), ip("10.0.9.10"), 254)
    );
    lab.check("web", &ack("10.0.9.10:22", "54.0.0.20:4000"), "web > router > igw > router > a: delivered");
    assert_eq!(lab.got("a").tuple().source().to_string(), "54.0.0.10:22");
    // Measured: from behind a NAT gateway the reply has 253.
    lab.routes("private", "0.0.0.0/0 nat");
    lab.check("a", &ping("10.0.1.10", "54.0.0.10"), "a > router > nat > router > igw > router > web: delivered");
    assert_eq!(lab.got("web").ttl(), 253);
    let back = pong("10.0.9.10", "54.0.0.5").id(1_024);
    lab.check("web", &back, "web > router > igw > router > nat > router > a: delivered");
    assert_eq!((lab.got("a").ttl(), lab.got("a").tuple().dst_port), (253, 7));
}

#[test]
fn a_packet_whose_last_hop_is_the_turn_gets_an_error_about_what_it_was() {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 igw");
    lab.node::<InternetGateway>("igw").associate(ip("10.0.1.10"), ip("54.0.0.20"));
    let last = syn("10.0.1.10:4000", "54.0.0.10:22").ttl(1);
    lab.check("a", &last, "a > router > igw: TtlExpired by igw");
    let error = lab.got("a");
    let quoted = error.quoted().expect("a quote");
    assert_eq!((quoted.error, quoted.tuple), (IcmpError::TimeExceeded, *last.packet().tuple()));
    // Where it does not turn, the gateway takes no hop.
    lab.check("a", &syn("10.0.1.10:4000", "8.8.8.8:22").ttl(2), "a > router > igw > internet > server: delivered");
}

/// An error about `offender`, as a craft that can be sent.
pub(super) fn error_about(offender: &Packet, error: IcmpError, from: &str) -> Craft {
    let mut bytes = Vec::new();
    assert!(build_icmp_error(&mut bytes, error, ip(from), 64, offender));
    let (kind, code) = error.type_and_code(true);
    let mut craft = icmp(from, &offender.src().to_string(), kind, code);
    craft.payload = bytes[28..].to_vec();
    craft
}

#[test]
fn errors_quote_to_each_side_the_packet_that_it_knows() {
    let mut lab = Lab::new();
    let sent = syn("10.0.9.10:80", "8.8.8.8:5000");
    lab.check("web", &sent, OUT);
    let seen = lab.got("server");
    lab.check("server", &error_about(&seen, IcmpError::HostUnreachable, "8.8.8.8"), IN);
    assert_eq!(lab.got("web").quoted().expect("a quote").tuple, *sent.packet().tuple());
    // And out: an error about a packet that came in.
    let asked = udp("8.8.8.8:5000", "54.0.0.10:53");
    lab.check("server", &asked, IN);
    let seen = lab.got("web");
    lab.check("web", &error_about(&seen, IcmpError::PortUnreachable, "10.0.9.10"), OUT);
    assert_eq!(lab.got("server").quoted().expect("a quote").tuple, *asked.packet().tuple());
    assert_eq!(lab.got("server").src(), ip("54.0.0.10"));
}

/// Where a packet that comes to `port` of a lone gateway with taps at both ports ends.
fn alone(engine: &mut Engine, gateway: NodeId, port: PortId, craft: &Craft) -> Disposition {
    let mut log = JourneyLog::new(10);
    engine.inject((gateway, port), &craft.bytes(), &mut log).expect("a packet");
    let journey = log.journeys().next().expect("heard of").expect("whole");
    journey.disposition()
}

fn with_taps(engine: &mut Engine, gateway: NodeId) {
    for port in [PortId(0), PortId(1)] {
        let tap = engine.add(Tap::default());
        engine.connect((gateway, port), (tap, PortId(0)), LinkSpec::both(LineSpec::DIRECT));
    }
}

#[test]
fn ipv6_passes_untranslated_from_and_to_the_vpcs_own_block() {
    let mut engine = Engine::new();
    let mut igw = InternetGateway::new(CiteId(1));
    igw.ipv6_blocks = vec![cidr("2001:db8:1::/56")];
    let igw = engine.add(igw);
    with_taps(&mut engine, igw);
    let (vpc, internet) = (InternetGateway::VPC, InternetGateway::INTERNET);
    let (own, strange, far) = ("[2001:db8:1::5]:1", "[2001:db8:9::5]:1", "[2620::1]:443");
    let dropped = |reason| Disposition::Dropped { reason, by: CiteId(1) };
    assert_eq!(alone(&mut engine, igw, vpc, &syn(own, far)), Disposition::Delivered);
    assert_eq!(alone(&mut engine, igw, vpc, &syn(strange, far)), dropped(DropReason::Spoofed));
    assert_eq!(alone(&mut engine, igw, internet, &syn(far, own)), Disposition::Delivered);
    assert_eq!(alone(&mut engine, igw, internet, &syn(far, strange)), dropped(DropReason::NoPrivateAddress));
}

#[test]
fn an_egress_only_gateway_lets_only_answers_in() {
    let mut engine = Engine::new();
    let gateway = EgressOnlyInternetGateway::new(vec![cidr("2001:db8:1::/56")], CiteId(1));
    let gateway = engine.add(gateway);
    with_taps(&mut engine, gateway);
    let (vpc, internet) = (EgressOnlyInternetGateway::VPC, EgressOnlyInternetGateway::INTERNET);
    let (own, far) = ("[2001:db8:1::5]:1", "[2620::1]:443");
    let refused = Disposition::Dropped { reason: DropReason::EgressOnly, by: CiteId(1) };
    assert_eq!(alone(&mut engine, gateway, internet, &syn(far, own)), refused);
    assert_eq!(alone(&mut engine, gateway, vpc, &syn(own, far)), Disposition::Delivered);
    assert_eq!(alone(&mut engine, gateway, internet, &ack(far, own)), Disposition::Delivered);
    assert_eq!(alone(&mut engine, gateway, internet, &ack("[2620::1]:444", own)), refused);
    let spoofed = Disposition::Dropped { reason: DropReason::Spoofed, by: CiteId(1) };
    assert_eq!(alone(&mut engine, gateway, vpc, &syn("[2001:db8:9::5]:1", far)), spoofed);
    assert_eq!(alone(&mut engine, gateway, vpc, &syn("10.0.0.1:1", "8.8.8.8:1")), spoofed, "it is not for IPv4");
    // An error about what went out is an answer too; a flow idle for long is forgotten.
    let mut error = icmp("2620::9", "2001:db8:1::5", 1, 0);
    error.payload = syn(own, far).bytes();
    assert_eq!(alone(&mut engine, gateway, internet, &error), Disposition::Delivered);
    assert_eq!(alone(&mut engine, gateway, vpc, &udp(own, far)), Disposition::Delivered);
    engine.run_until(crate::base::SimTime::from_secs(351), 10, &mut ());
    assert_eq!(alone(&mut engine, gateway, internet, &udp(far, own)), refused);
    assert_eq!(alone(&mut engine, gateway, internet, &ack(far, own)), Disposition::Delivered);
    engine.run_until(crate::base::SimTime::from_secs(433_000), 10, &mut ());
    assert_eq!(alone(&mut engine, gateway, internet, &ack(far, own)), refused);
}

#[test]
fn an_egress_only_gateway_lets_out_what_begins_inside_and_no_answer_to_what_came_in_elsewhere() {
    let mut engine = Engine::new();
    let gateway = engine.add(EgressOnlyInternetGateway::new(vec![cidr("2001:db8:1::/56")], CiteId(1)));
    with_taps(&mut engine, gateway);
    let vpc = EgressOnlyInternetGateway::VPC;
    let (own, far) = ("[2001:db8:1::5]:22", "[2620::1]:4000");
    let refused = Disposition::Dropped { reason: DropReason::EgressOnly, by: CiteId(1) };
    let answer = tcp(own, far, TcpFlags::SYN | TcpFlags::ACK);
    for packet in [answer, ack(own, far), pong("2001:db8:1::5", "2620::1")] {
        assert_eq!(alone(&mut engine, gateway, vpc, &packet), refused);
    }
    for packet in [syn(own, far), ack(own, far), ping("2001:db8:1::5", "2620::1")] {
        assert_eq!(alone(&mut engine, gateway, vpc, &packet), Disposition::Delivered);
    }
    // An error about what came in by the gateway goes out; one about anything else does not.
    let error = |quoted: &Craft| {
        let mut error = icmp("2001:db8:1::5", "2620::1", 1, 4);
        error.payload = quoted.bytes();
        error
    };
    assert_eq!(alone(&mut engine, gateway, vpc, &error(&ack(far, own))), Disposition::Delivered);
    assert_eq!(alone(&mut engine, gateway, vpc, &error(&ack("[2620::9]:1", own))), refused);
}
