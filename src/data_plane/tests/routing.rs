//! The router: longest prefix, local, blackhole, no route, middleboxes, source/destination check, sizes, fragments.

use super::lab::{Lab, ip};
use crate::packet::craft::{ack, ping, pong, syn, tcp, udp};
use crate::packet::{IcmpError, Packet, TcpFlags, split};
use crate::trace::PortId;

#[test]
fn the_longest_prefix_decides_and_the_route_is_cited() {
    let mut lab = Lab::new();
    lab.routes(
        "private",
        "0.0.0.0/0 nat\n52.218.0.0/17 endpoint\n52.218.7.0/24 nat\n10.9.0.0/16 peering\n192.168.0.0/16 vgw",
    );
    let from = "10.0.1.10:4000";
    let out = "a > router > nat > router > igw > internet";
    lab.check("a", &syn(from, "8.8.8.8:443"), &format!("{out} > server: delivered"));
    lab.check("a", &syn(from, "52.218.0.9:443"), "a > router > endpoint > s3: delivered");
    lab.check("a", &syn(from, "52.218.7.9:443"), &format!("{out} > s3: delivered"));
    lab.check("a", &syn(from, "10.9.0.10:443"), "a > router > peering > peer: delivered");
    lab.check("a", &syn(from, "192.168.0.10:443"), "a > router > vgw > office: delivered");
    lab.check("a", &syn(from, "10.0.2.10:443"), "a > router > b: delivered");
    let packet = lab.send("a", &syn("10.0.1.10:4001", "52.218.0.9:443"));
    assert_eq!(
        lab.steps_of(packet),
        [
            "SecurityGroupEgress: out all 0.0.0.0/0",
            "NetworkAclEgress: out allow all 0.0.0.0/0",
            "route 52.218.0.0/17 endpoint",
        ]
    );
}

#[test]
fn no_route_blackhole_and_what_is_not_modelled_end_in_silence_each_by_its_own_name() {
    let mut lab = Lab::new();
    lab.routes("private", "8.8.8.0/24 blackhole\n9.9.9.0/24 unmodeled\n0.0.0.0/0 nat");
    let from = "10.0.1.10:4000";
    lab.check("a", &syn(from, "8.8.8.8:443"), "a > router: Blackhole by 8.8.8.0/24 blackhole");
    lab.check("a", &syn(from, "9.9.9.9:443"), "a > router: NotModeled by 9.9.9.0/24 unmodeled");
    lab.check("a", &syn(from, "52.218.0.9:443"), "a > router > nat > router > igw > internet > s3: delivered");
    lab.routes("private", "");
    lab.check("a", &syn(from, "8.8.8.8:443"), "a > router: NoRoute by no route");
    lab.check("a", &syn(from, "10.0.2.10:443"), "a > router > b: delivered");
    assert_eq!(lab.count("a"), 0, "nobody is told");
}

#[test]
fn an_address_of_the_vpc_that_nobody_has_goes_nowhere() {
    let mut lab = Lab::new();
    // Not even where a shorter or longer route leads elsewhere (facts RT14).
    lab.routes("private", "0.0.0.0/0 vgw");
    lab.check("a", &ping("10.0.1.10", "10.0.2.77"), "a > router: NoSuchInterface by 10.0.0.0/16 local");
    lab.check("a", &ping("10.0.1.10", "10.0.1.77"), "a > router: NoSuchInterface by vpc");
    lab.check("a", &ping("10.0.1.10", "10.0.1.255"), "a > router: NoSuchInterface by vpc");
    for group in ["224.0.0.1", "255.255.255.255"] {
        lab.check("a", &udp("10.0.1.10:1", &format!("{group}:2")), "a > router: NoMulticast by vpc");
    }
    lab.check("a", &udp("10.0.1.10:1", "169.254.169.254:80"), "a > router: NotModeled by vpc");
}

#[test]
fn routers_inside_take_no_hop() {
    let mut lab = Lab::new();
    lab.check("a", &ping("10.0.1.10", "10.0.2.10").ttl(1), "a > router > b: delivered");
    assert_eq!(lab.got("b").ttl(), 1);
    lab.check("a", &ping("10.0.1.10", "10.0.1.11").ttl(1), "a > router > a2: delivered");
    lab.routes("private", "10.9.0.0/16 peering");
    lab.check("a", &ping("10.0.1.10", "10.9.0.10").ttl(1), "a > router > peering > peer: delivered");
}

#[test]
fn a_stopped_instance_gets_nothing() {
    let mut lab = Lab::new();
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), "a > router > b: delivered");
    lab.interface("b").running = false;
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), "a > router: HostStopped by b");
    lab.interface("b").running = true;
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), "a > router > b: delivered");
}

#[test]
fn the_source_destination_check_lets_only_own_addresses_in_and_out() {
    let mut lab = Lab::new();
    lab.check("a", &syn("10.0.1.77:1", "10.0.2.10:2"), "a > router: SourceDestCheck by a");
    lab.interface("a").source_dest_check = false;
    lab.check("a", &syn("10.0.1.77:1", "10.0.2.10:2"), "a > router > b: delivered");
    // A route to an instance: it gets packets for others only if its check is off.
    lab.routes("private", "0.0.0.0/0 web");
    lab.check("a", &syn("10.0.1.10:1", "8.8.8.8:2"), "a > router: SourceDestCheck by web");
    lab.interface("web").source_dest_check = false;
    lab.check("a", &syn("10.0.1.10:1", "8.8.8.8:2"), "a > router > web: delivered");
    lab.check("web", &syn("10.0.1.10:1", "8.8.8.8:2"), "web > router > igw: NoPublicAddress by igw");
    lab.check("web", &syn("10.0.9.10:1", "8.8.8.8:2"), "web > router > igw > internet > server: delivered");
}

#[test]
fn an_interface_with_several_addresses_owns_them_all() {
    let mut lab = Lab::new();
    let mut more = lab.interface("a").clone();
    more.addresses = Box::new([ip("10.0.1.10"), ip("10.0.1.20")]);
    let port = lab.port("a");
    lab.router().set(port, super::super::Attachment::Interface(Box::new(more.clone())));
    lab.check("b", &ping("10.0.2.10", "10.0.1.20"), "b > router > a: delivered");
    lab.check("a", &pong("10.0.1.20", "10.0.2.10"), "a > router > b: delivered");
    more.addresses = Box::new([ip("10.0.1.10")]);
    lab.router().set(port, super::super::Attachment::Interface(Box::new(more)));
    lab.check("b", &ping("10.0.2.10", "10.0.1.20"), "b > router: NoSuchInterface by 10.0.0.0/16 local");
    assert_eq!(lab.router().port_of(ip("10.0.1.10")), Some(port));
}

#[test]
fn a_changed_route_carries_the_next_packet_of_an_open_flow() {
    let mut lab = Lab::new();
    let (from, to) = ("10.0.1.10:4000", "52.218.0.9:443");
    let by_nat = "a > router > nat > router > igw > internet > s3: delivered";
    lab.check("a", &syn(from, to), by_nat);
    lab.check("a", &ack(from, to), by_nat);
    lab.routes("private", "0.0.0.0/0 nat\n52.218.0.0/17 endpoint");
    lab.check("a", &ack(from, to), "a > router > endpoint > s3: delivered");
    lab.routes("private", "0.0.0.0/0 nat");
    lab.check("a", &ack(from, to), by_nat);
    // Only the table that changed switches.
    lab.check("b", &syn("10.0.2.10:4000", to), "b > router > nat > router > igw > internet > s3: delivered");
    lab.routes("private", "0.0.0.0/0 nat\n52.218.0.0/17 endpoint");
    lab.check("b", &ack("10.0.2.10:4000", to), "b > router > nat > router > igw > internet > s3: delivered");
}

#[test]
fn a_packet_too_large_for_the_way_out_is_refused_with_the_size_that_fits_or_cut() {
    let mut lab = Lab::new();
    let large = ack("10.0.9.10:80", "8.8.8.8:5000").payload(1_600);
    let syn_ack = tcp("10.0.9.10:80", "8.8.8.8:5000", TcpFlags::SYN | TcpFlags::ACK);
    lab.check("web", &syn_ack, "web > router > igw > internet > server: delivered");
    lab.check("web", &large, "web > router: TooBig by vpc");
    let error = lab.got("web");
    let quoted = error.quoted().expect("a quote");
    assert_eq!((error.src(), quoted.error), (ip("10.0.9.1"), IcmpError::TooBig { mtu: 1_500 }));
    assert_eq!(quoted.tuple, *large.packet().tuple());
    // The same datagram without DF arrives in pieces (facts I11).
    let datagram = udp("10.0.9.10:80", "8.8.8.8:5000").may_fragment(7).payload(1_600);
    let before = lab.count("server");
    lab.check("web", &datagram, "web > router: fragmented");
    assert_eq!(lab.count("server") - before, 2);
    assert!(lab.got("server").fragment().is_some());
    // Inside the VPC it is not too large.
    lab.check("web", &ack("10.0.9.10:80", "10.0.1.10:5000").payload(1_600), "web > router > a: delivered");
}

#[test]
fn later_fragments_go_the_way_of_their_first_one_and_alone_nowhere() {
    let mut lab = Lab::new();
    lab.groups("b", "in udp/53 10.0.0.0/16");
    let piece = |port: u16, identification: u16| {
        let whole = udp("10.0.1.10:4000", &format!("10.0.2.10:{port}")).may_fragment(identification).payload(3_000);
        split(&whole.packet(), 1_500)
    };
    let send = |lab: &mut Lab, bytes: &[u8]| {
        let packet = lab.send_bytes("a", PortId(0), bytes);
        lab.path_of(packet)
    };
    for bytes in piece(53, 1) {
        assert_eq!(send(&mut lab, &bytes), "a > router > b: delivered");
    }
    for (index, bytes) in piece(54, 2).iter().enumerate() {
        assert_eq!(send(&mut lab, bytes), "a > router: SecurityGroupIngress by no in", "piece {index}");
    }
    assert_eq!(send(&mut lab, &piece(53, 3)[1]), "a > router: HostLimit by vpc");
    assert_eq!(Packet::parse(piece(53, 3)[1].clone()).expect("a piece").tuple().dst_port, 0);
}

#[test]
fn an_unused_port_carries_nothing() {
    let mut lab = Lab::new();
    let port = lab.port("endpoint");
    lab.routes("private", "52.218.0.0/17 endpoint");
    lab.router().set(port, super::super::Attachment::Vacant);
    let packet = lab.send_bytes("s3", PortId(1), &syn("52.218.0.9:443", "10.0.1.10:4000").bytes());
    assert_eq!(lab.path_of(packet), "s3 > endpoint: EndpointInitiates by endpoint");
    let packet = lab.send_bytes("s3", PortId(1), &ack("52.218.0.9:443", "10.0.1.10:4000").bytes());
    assert_eq!(lab.path_of(packet), "s3 > endpoint > router: NoLink by vpc");
}
