//! Network ACLs: stateless, in order, at a subnet's edge only; a change cuts at once (facts A1–A7).

use super::lab::Lab;
use crate::packet::craft::{ack, icmp, other, ping, pong, syn, tcp, udp};
use crate::packet::{IcmpError, TcpFlags};

const A: &str = "10.0.1.10:40000";
const B: &str = "10.0.2.10:443";

#[test]
fn the_first_matching_entry_decides_and_without_one_nothing_passes() {
    let mut lab = Lab::new();
    lab.acl("other", "in deny tcp/443 10.0.1.11/32\nin allow tcp/443 10.0.1.0/24\nin deny tcp/443 10.0.1.10/32\nout allow all 0.0.0.0/0");
    lab.check("a", &syn(A, B), "a > router > b: delivered");
    lab.check("a2", &syn("10.0.1.11:4000", B), "a2 > router: NetworkAclIngress by in deny tcp/443 10.0.1.11/32");
    lab.check("a", &syn(A, "10.0.2.10:80"), "a > router: NetworkAclIngress by ");
    lab.check("web", &syn("10.0.9.10:4000", B), "web > router: NetworkAclIngress by ");
    lab.acl("other", "");
    lab.check("a", &syn(A, B), "a > router: NetworkAclIngress by ");
    lab.check("b", &syn("10.0.2.10:4000", "10.0.1.10:22"), "b > router: NetworkAclEgress by ");
}

#[test]
fn it_has_no_memory_so_answers_need_an_entry_of_their_own() {
    let mut lab = Lab::new();
    lab.acl("private", "out allow tcp/443 0.0.0.0/0\nin allow tcp/32768-61000 10.0.2.0/24");
    lab.check("a", &syn(A, B), "a > router > b: delivered");
    lab.check("b", &tcp(B, A, TcpFlags::SYN | TcpFlags::ACK), "b > router > a: delivered");
    lab.acl("private", "out allow tcp/443 0.0.0.0/0\nin allow tcp/1024-5000 10.0.2.0/24");
    lab.check("a", &ack(A, B), "a > router > b: delivered");
    lab.check("b", &ack(B, A), "b > router: NetworkAclIngress by ");
    assert_eq!(lab.count("a"), 1);
}

#[test]
fn it_is_not_asked_between_hosts_of_one_subnet() {
    let mut lab = Lab::new();
    lab.acl("private", "");
    lab.check("a", &syn(A, "10.0.1.11:443"), "a > router > a2: delivered");
    lab.check("a2", &ack("10.0.1.11:443", A), "a2 > router > a: delivered");
    lab.check("a", &syn(A, B), "a > router: NetworkAclEgress by ");
}

#[test]
fn a_change_cuts_open_connections_at_once_and_mending_it_lets_them_go_on() {
    let mut lab = Lab::new();
    // Security groups that track: they would let the flow live (facts S6).
    lab.groups("b", "in tcp/443 10.0.0.0/16");
    lab.check("a", &syn(A, B), "a > router > b: delivered");
    lab.check("a", &ack(A, B), "a > router > b: delivered");
    lab.acl("other", "in deny tcp/443 0.0.0.0/0\nin allow all 0.0.0.0/0\nout allow all 0.0.0.0/0");
    lab.check("a", &ack(A, B), "a > router: NetworkAclIngress by in deny tcp/443 0.0.0.0/0");
    lab.check("b", &ack(B, A), "b > router > a: delivered");
    lab.acl("other", "in allow all 0.0.0.0/0");
    lab.check("b", &ack(B, A), "b > router: NetworkAclEgress by ");
    lab.acl("other", "in allow all 0.0.0.0/0\nout allow all 0.0.0.0/0");
    lab.check("a", &ack(A, B), "a > router > b: delivered");
    lab.check("b", &ack(B, A), "b > router > a: delivered");
}

#[test]
fn security_groups_are_asked_first_on_the_way_out_and_last_on_the_way_in() {
    let mut lab = Lab::new();
    lab.acl("private", "");
    lab.groups("a", "");
    lab.check("a", &syn(A, B), "a > router: SecurityGroupNoEgress by no out");
    let mut lab = Lab::new();
    lab.acl("other", "");
    lab.groups("b", "");
    lab.check("a", &syn(A, B), "a > router: NetworkAclIngress by ");
    let mut lab = Lab::new();
    let packet = lab.send("a", &syn(A, B));
    assert_eq!(
        lab.steps_of(packet),
        [
            "SecurityGroupEgress: out all 0.0.0.0/0",
            "NetworkAclEgress: out allow all 0.0.0.0/0",
            "route 10.0.0.0/16 local",
            "NetworkAclIngress: in allow all 0.0.0.0/0",
            "SecurityGroupIngress: in all 0.0.0.0/0",
        ]
    );
}

#[test]
fn entries_of_icmp_name_types_and_a_flow_of_one_type_opens_no_other() {
    let mut lab = Lab::new();
    lab.acl("other", "in allow icmp/8 0.0.0.0/0\nout allow icmp/0 0.0.0.0/0");
    let (a, b) = ("10.0.1.10", "10.0.2.10");
    lab.check("a", &ping(a, b), "a > router > b: delivered");
    lab.check("b", &pong(b, a), "b > router > a: delivered");
    lab.check("b", &ping(b, a), "b > router: NetworkAclEgress by ");
    // The reply to an own echo with the identifier of a stranger's is still an echo reply.
    lab.check("a", &pong(a, b), "a > router: NetworkAclIngress by ");
    lab.check("a", &icmp(a, b, 13, 0), "a > router: NetworkAclIngress by ");
}

#[test]
fn an_error_that_is_let_in_opens_nothing_to_the_flow_it_quotes() {
    let mut lab = Lab::new();
    // `a` may send, and errors may come back, but no segment.
    lab.groups("a", "out all 0.0.0.0/0");
    lab.acl("private", "out allow all 0.0.0.0/0\nin allow icmp 0.0.0.0/0");
    lab.check("a", &syn(A, B), "a > router > b: delivered");
    let mut error = icmp("10.0.2.10", "10.0.1.10", 3, 1);
    error.payload = syn(A, B).bytes();
    assert_eq!(error.packet().quoted().expect("a quote").error, IcmpError::HostUnreachable);
    lab.check("b", &error, "b > router > a: delivered");
    lab.check("b", &ack(B, A), "b > router: NetworkAclIngress by ");
}

#[test]
fn other_protocols_match_by_number_whatever_the_ports() {
    let mut lab = Lab::new();
    lab.acl("other", "in allow 47 0.0.0.0/0");
    lab.check("a", &other("10.0.1.10", "10.0.2.10", 47), "a > router > b: delivered");
    lab.check("a", &other("10.0.1.10", "10.0.2.10", 50), "a > router: NetworkAclIngress by ");
    lab.check("a", &udp(A, B), "a > router: NetworkAclIngress by ");
}

#[test]
fn a_nat_gateways_legs_meet_the_acl_of_its_own_subnet() {
    let mut lab = Lab::new();
    let there = "a > router > nat > router > igw > internet > server: delivered";
    lab.check("a", &syn(A, "8.8.8.8:443"), there);
    // Facts N12: it needs ports 1024–65535 in from the internet, and those of its clients' way out.
    lab.acl("public", "in allow tcp/443 10.0.0.0/16\nout allow tcp/443 0.0.0.0/0");
    lab.check("a", &syn(A, "8.8.8.8:443"), there);
    lab.check(
        "server",
        &ack("8.8.8.8:443", "54.0.0.5:1024"),
        "server > internet > igw > router: NetworkAclIngress by ",
    );
    lab.acl("public", "in allow tcp/443 10.0.0.0/16\nin allow tcp/1024-65535 0.0.0.0/0\nout allow tcp/443 0.0.0.0/0");
    lab.check(
        "server",
        &ack("8.8.8.8:443", "54.0.0.5:1024"),
        "server > internet > igw > router > nat > router: NetworkAclEgress by ",
    );
    lab.acl("public", "in allow tcp 0.0.0.0/0\nout allow tcp 0.0.0.0/0");
    lab.check(
        "server",
        &ack("8.8.8.8:443", "54.0.0.5:1024"),
        "server > internet > igw > router > nat > router > a: delivered",
    );
}
