//! The other ways out: peering, virtual private gateway, the resolver, the internet itself.

use super::super::{Attachment, ClassicNetwork, Internet};
use super::lab::{Lab, Tap, cidr, ip};
use crate::engine::{Engine, LineSpec, LinkSpec};
use crate::packet::IcmpError;
use crate::packet::craft::{ack, ping, syn, udp};
use crate::trace::{CiteId, Disposition, DropReason, JourneyLog, PortId};

#[test]
fn a_peering_carries_traffic_of_its_two_vpcs_only() {
    let mut lab = Lab::new();
    lab.routes("private", "10.9.0.0/16 peering\n10.8.0.0/16 peering\n0.0.0.0/0 peering");
    lab.check("a", &syn("10.0.1.10:1", "10.9.0.10:80"), "a > router > peering > peer: delivered");
    lab.check("a", &syn("10.0.1.10:1", "10.8.0.10:80"), "a > router > peering: PeeringAddress by peering");
    lab.check("a", &syn("10.0.1.10:1", "8.8.8.8:80"), "a > router > peering: PeeringAddress by peering");
    lab.check("peer", &syn("10.9.0.10:1", "10.0.1.10:80"), "peer > peering > router > a: delivered");
}

#[test]
fn nobody_passes_through_a_vpc_to_what_lies_behind_it() {
    let mut lab = Lab::new();
    lab.routes("private", "52.218.0.0/17 endpoint");
    // Neither to its gateways nor to its endpoint (R26, facts P1).
    for to in ["8.8.8.8:443", "52.218.0.9:443", "192.168.0.10:443", "10.9.0.77:443"] {
        lab.check("peer", &syn("10.9.0.10:1", to), "peer > peering: PeeringAddress by peering");
    }
    for to in ["8.8.8.8:443", "52.218.0.9:443", "10.9.0.10:443"] {
        lab.check("office", &syn("192.168.0.10:1", to), "office > vgw: VgwNoRoute by vgw");
    }
}

#[test]
fn a_virtual_private_gateway_carries_what_it_knows_between_its_networks() {
    let mut lab = Lab::new();
    lab.routes("private", "0.0.0.0/0 vgw");
    lab.check("a", &syn("10.0.1.10:1", "192.168.0.10:80"), "a > router > vgw > office: delivered");
    lab.check("a", &syn("10.0.1.10:1", "172.16.0.1:80"), "a > router > vgw: VgwNoRoute by vgw");
    lab.check("office", &syn("192.168.0.10:1", "10.0.1.10:80"), "office > vgw > router > a: delivered");
    lab.check("office", &syn("192.168.0.10:1", "10.0.1.77:80"), "office > vgw > router: NoSuchInterface by vpc");
    lab.interface("a").source_dest_check = false;
    lab.check("a", &syn("10.9.0.10:1", "192.168.0.10:80"), "a > router > vgw: VgwAddress by vgw");
}

#[test]
fn the_resolver_is_neither_filtered_nor_routed_and_gone_where_it_is_off() {
    let mut lab = Lab::new();
    let port = lab.router().attach(Attachment::Resolver);
    let addresses = vec![ip("10.0.0.2"), ip("169.254.169.253")];
    lab.router().resolver = Some((addresses, port));
    let tap = lab.engine.add(Tap::default());
    lab.engine.connect((crate::trace::NodeId(0), port), (tap, PortId(0)), LinkSpec::both(LineSpec::DIRECT));
    lab.groups("a", "");
    lab.acl("private", "");
    lab.routes("private", "");
    let mut log = JourneyLog::new(10);
    let ask = |lab: &mut Lab, to: &str, log: &mut JourneyLog| {
        let from = (crate::trace::NodeId(0), lab.port("a"));
        lab.engine.inject(from, &udp("10.0.1.10:5000", to).bytes(), log).expect("a packet");
        log.journeys().last().expect("heard of").expect("whole").disposition()
    };
    assert_eq!(ask(&mut lab, "10.0.0.2:53", &mut log), Disposition::Delivered);
    assert_eq!(ask(&mut lab, "169.254.169.253:53", &mut log), Disposition::Delivered);
    let answer = udp("10.0.0.2:53", "10.0.1.10:5000").bytes();
    lab.engine.inject((crate::trace::NodeId(0), port), &answer, &mut log).expect("a packet");
    assert_eq!(lab.count("a"), 1);
    lab.router().resolver = None;
    let refused = ask(&mut lab, "10.0.0.2:53", &mut log);
    assert!(matches!(refused, Disposition::Dropped { reason: DropReason::SecurityGroupNoEgress, .. }), "{refused:?}");
}

#[test]
fn the_internet_carries_public_addresses_to_who_has_them_and_takes_a_hop() {
    let mut lab = Lab::new();
    lab.check("server", &syn("8.8.8.8:1", "52.218.0.9:443"), "server > internet > s3: delivered");
    assert_eq!(lab.got("s3").ttl(), 254);
    lab.check("server", &syn("8.8.8.8:1", "1.1.1.1:443"), "server > internet: UnknownInternetAddress by internet");
    for private in ["10.0.0.1", "192.168.1.1", "169.254.1.1", "127.0.0.1"] {
        let path = "server > internet: PrivateSource by internet";
        lab.check("server", &syn(&format!("{private}:1"), "52.218.0.9:443"), path);
    }
    let last = ping("8.8.8.8", "52.218.0.9").ttl(1);
    lab.check("server", &last, "server > internet: TtlExpired by internet");
    let error = lab.got("server");
    assert_eq!((error.src(), error.quoted().map(|q| q.error)), (ip("198.51.100.1"), Some(IcmpError::TimeExceeded)));
    lab.node::<Internet>("internet").unroute(cidr("52.218.0.0/17"));
    let path = "server > internet: UnknownInternetAddress by internet";
    lab.check("server", &ack("8.8.8.8:1", "52.218.0.9:443"), path);
}

#[test]
fn a_narrow_link_of_the_internet_refuses_or_cuts_and_says_so_in_either_family() {
    let mut engine = Engine::new();
    let mut internet = Internet::new(false, ip("198.51.100.1"), CiteId(1));
    internet.router_v6 = Some(ip("2001:db8:ff::1"));
    internet.route(cidr("8.8.8.0/24"), PortId(0));
    internet.route(cidr("2001:db8:1::/48"), PortId(0));
    internet.route(cidr("9.9.9.0/24"), PortId(1));
    internet.route(cidr("2001:db8:2::/48"), PortId(1));
    let internet = engine.add(internet);
    for (port, mtu) in [(0, 1_500), (1, 1_300)] {
        let tap = engine.add(Tap::default());
        let line = LineSpec { mtu, ..LineSpec::DIRECT };
        engine.connect((internet, PortId(port)), (tap, PortId(0)), LinkSpec::both(line));
    }
    let mut log = JourneyLog::new(100);
    for (from, to, router) in
        [("8.8.8.8:1", "9.9.9.9:2", "198.51.100.1"), ("[2001:db8:1::1]:1", "[2001:db8:2::1]:2", "2001:db8:ff::1")]
    {
        let large = ack(from, to).payload(1_400);
        engine.inject((internet, PortId(0)), &large.bytes(), &mut log).expect("a packet");
        let error = log.journeys().last().expect("an error").expect("whole");
        assert_eq!(error.disposition(), Disposition::Delivered, "the error reached the sender");
        assert_eq!(log.tuple(error.packet()).map(|tuple| tuple.src), Some(ip(router)));
    }
    let before = engine.counters();
    let datagram = udp("8.8.8.8:1", "9.9.9.9:2").may_fragment(1).payload(1_400);
    engine.inject((internet, PortId(0)), &datagram.bytes(), &mut log).expect("a packet");
    assert_eq!(engine.counters().delivered - before.delivered, 2, "two pieces");
}

#[test]
fn ec2_classic_reaches_the_internet_its_own_network_and_a_linked_vpc_and_nothing_behind_that() {
    let mut engine = Engine::new();
    let mut log = JourneyLog::new(100);
    let mut classic = ClassicNetwork::new(CiteId(1));
    classic.join(PortId(1), ip("10.176.0.10"), ip("54.0.0.10"));
    classic.join(PortId(2), ip("10.176.0.11"), ip("54.0.0.11"));
    classic.link(ip("10.176.0.10"), Some((PortId(3), vec![cidr("10.0.0.0/16")])));
    let classic = engine.add(classic);
    let ends: Vec<_> = (0..4).map(|_| engine.add(Tap::default())).collect();
    for (port, end) in ends.iter().enumerate() {
        engine.connect((classic, PortId(port as u32)), (*end, PortId(0)), LinkSpec::both(LineSpec::DIRECT));
    }
    let mut ends_at = |from: u32, packet: &crate::packet::craft::Craft| {
        engine.inject((classic, PortId(from)), &packet.bytes(), &mut log).expect("a packet");
        let journey = log.journeys().last().expect("heard of").expect("whole");
        match journey.disposition() {
            Disposition::Delivered => ends.iter().position(|end| journey.nodes().last() == Some(*end)).ok_or(None),
            Disposition::Dropped { reason, .. } => Err(Some(reason)),
            _ => Err(None),
        }
    };
    assert_eq!(ends_at(1, &syn("10.176.0.10:1", "8.8.8.8:80")), Ok(0));
    assert_eq!(ends_at(1, &syn("10.176.0.10:1", "10.176.0.11:80")), Ok(2));
    assert_eq!(ends_at(1, &syn("10.176.0.10:1", "10.0.1.10:80")), Ok(3));
    assert_eq!(ends_at(2, &syn("10.176.0.11:1", "10.0.1.10:80")), Err(Some(DropReason::ClassicDestination)));
    assert_eq!(ends_at(1, &syn("10.176.0.77:1", "10.0.1.10:80")), Err(Some(DropReason::Spoofed)));
    assert_eq!(ends_at(0, &syn("8.8.8.8:1", "54.0.0.10:80")), Ok(1));
    assert_eq!(ends_at(0, &syn("8.8.8.8:1", "54.0.0.99:80")), Err(Some(DropReason::NoPrivateAddress)));
    assert_eq!(ends_at(3, &syn("10.0.1.10:1", "10.176.0.10:80")), Ok(1));
    assert_eq!(ends_at(3, &syn("10.0.1.10:1", "10.176.0.11:80")), Err(Some(DropReason::NoSuchInterface)));
}

#[test]
fn in_2017_a_nat_gateway_sends_to_the_internet_and_to_nothing_else() {
    let mut lab = Lab::new();
    lab.routes("public", "0.0.0.0/0 igw\n52.218.0.0/17 endpoint\n10.9.0.0/16 peering");
    let to_s3 = syn("10.0.1.10:1", "52.218.0.9:443");
    lab.check("a", &to_s3, "a > router > nat > router > endpoint > s3: delivered");
    lab.interface("nat").internet_only = true;
    lab.router().touch();
    lab.check("a", &to_s3, "a > router > nat > router: NatGatewayTarget by 52.218.0.0/17 endpoint");
    lab.check("a", &syn("10.0.1.10:1", "8.8.8.8:80"), "a > router > nat > router > igw > internet > server: delivered");
    // An instance of the same subnet is free to.
    lab.check("web", &syn("10.0.9.10:1", "52.218.0.9:443"), "web > router > endpoint > s3: delivered");
}
