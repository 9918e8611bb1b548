//! What security groups remember: answers, errors, tracked and untracked flows, time-outs (facts S6–S10).

use std::time::Duration;

use super::super::{CONNTRACK_MAX, FlowInfo};
use super::lab::{Lab, ip};
use crate::packet::craft::{Craft, ack, icmp, ping, pong, syn, tcp, udp};
use crate::packet::{IcmpError, TcpFlags, build_icmp_error};

const THERE: &str = "a > router > b: delivered";
const BACK: &str = "b > router > a: delivered";
const A: &str = "10.0.1.10:4000";
const B: &str = "10.0.2.10:443";

fn syn_ack(from: &str, to: &str) -> Craft {
    tcp(from, to, TcpFlags::SYN | TcpFlags::ACK)
}

/// `a` connects to `b`, whose groups are these.
fn connected(lines: &str) -> Lab {
    let mut lab = Lab::new();
    lab.groups("b", lines);
    lab.check("a", &syn(A, B), THERE);
    lab.check("b", &syn_ack(B, A), BACK);
    lab.check("a", &ack(A, B), THERE);
    lab
}

fn flow(lab: &mut Lab, name: &str, craft: &Craft) -> Option<FlowInfo> {
    lab.interface(name).flow(craft.packet().tuple())
}

#[test]
fn answers_to_what_was_let_in_need_no_rule_out_and_new_connections_do() {
    let mut lab = connected("in tcp/443 10.0.0.0/16");
    lab.check("b", &ack(B, A), BACK);
    lab.check("b", &syn("10.0.2.10:5000", "10.0.1.10:22"), "b > router: SecurityGroupNoEgress by no out");
    lab.check("b", &ack("10.0.2.10:444", A), "b > router: SecurityGroupNoEgress by no out");
}

#[test]
fn answers_to_what_was_sent_need_no_rule_in_and_others_do() {
    let mut lab = Lab::new();
    lab.groups("a", "out all 0.0.0.0/0");
    lab.check("a", &syn(A, B), THERE);
    lab.check("b", &syn_ack(B, A), BACK);
    lab.check("b", &syn_ack("10.0.2.10:444", A), "b > router: SecurityGroupNoIngress by no in");
    lab.check("b", &syn("10.0.2.10:443", "10.0.1.10:4001"), "b > router: SecurityGroupNoIngress by no in");
}

#[test]
fn a_changed_rule_leaves_tracked_flows_alone_and_cuts_untracked_ones_at_once() {
    // Tracked: the rule names a block (facts S6).
    let mut lab = connected("in tcp/443 10.0.0.0/16\nout all 0.0.0.0/0");
    assert!(flow(&mut lab, "b", &ack(B, A)).expect("a flow").tracked);
    lab.groups("b", "out all 0.0.0.0/0");
    lab.check("a", &ack(A, B), THERE);
    lab.check("b", &ack(B, A), BACK);
    lab.check("a", &syn("10.0.1.10:4001", B), "a > router: SecurityGroupNoIngress by no in");
    // Untracked: open to all, and all ports open in the other direction (facts S7).
    let mut lab = connected("in tcp/443 0.0.0.0/0\nout all 0.0.0.0/0");
    assert!(!flow(&mut lab, "b", &ack(B, A)).expect("a flow").tracked);
    lab.groups("b", "out all 0.0.0.0/0");
    lab.check("a", &ack(A, B), "a > router: SecurityGroupNoIngress by no in");
    lab.check("b", &ack(B, A), BACK);
    lab.groups("b", "in tcp/443 0.0.0.0/0");
    lab.check("a", &ack(A, B), THERE);
    lab.check("b", &ack(B, A), "b > router: SecurityGroupNoEgress by no out");
}

#[test]
fn a_flow_by_a_port_that_is_always_tracked_needs_no_rule_and_outlives_them_and_another_does_not() {
    let far = "8.8.8.8:443";
    for always in [true, false] {
        let mut lab = Lab::new();
        let nat = lab.port("nat");
        if always {
            lab.router().track_all_by(nat);
        }
        lab.check("a", &syn(A, far), "a > router > nat > router > igw > internet > server: delivered");
        assert_eq!(flow(&mut lab, "a", &syn(A, far)).expect("a flow").tracked, always);
        lab.groups("a", "");
        let after = lab.path("a", &ack(A, far));
        assert_eq!(after.contains("SecurityGroupNoEgress"), !always, "{after}");
    }
}

#[test]
fn what_is_tracked_is_told_by_the_rules_of_both_directions() {
    let tracked = |lines: &str| {
        let mut lab = connected(lines);
        flow(&mut lab, "b", &ack(B, A)).expect("a flow").tracked
    };
    assert!(!tracked("in tcp/443 0.0.0.0/0\nout all 0.0.0.0/0"));
    assert!(!tracked("in tcp/443 0.0.0.0/0\nout tcp/0-65535 0.0.0.0/0"));
    assert!(!tracked("in tcp/443 10.0.0.0/16\nin tcp/443 0.0.0.0/0\nout all 0.0.0.0/0"));
    assert!(tracked("in tcp/443 0.0.0.0/0"), "AWS's example: without the rule out, everything is tracked");
    assert!(tracked("in tcp/443 0.0.0.0/0\nout tcp/1024-65535 0.0.0.0/0"), "not all ports");
    assert!(tracked("in tcp/443 0.0.0.0/0\nout udp 0.0.0.0/0"), "another protocol");
    assert!(tracked("in tcp/443 10.0.0.0/16\nout all 0.0.0.0/0"));
}

#[test]
fn icmp_is_always_tracked() {
    let mut lab = Lab::new();
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), THERE);
    assert!(flow(&mut lab, "b", &pong("10.0.2.10", "10.0.1.10")).expect("a flow").tracked);
    lab.groups("b", "");
    lab.check("b", &pong("10.0.2.10", "10.0.1.10"), BACK);
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), THERE);
    lab.check("a", &ping("10.0.1.10", "10.0.2.10").id(8), "a > router: SecurityGroupNoIngress by no in");
}

#[test]
fn a_tracked_echo_lets_its_answers_in_and_not_questions_under_its_name() {
    let mut lab = Lab::new();
    lab.groups("a", "out all 0.0.0.0/0");
    lab.check("a", &ping("10.0.1.10", "10.0.2.10"), THERE);
    lab.check("b", &pong("10.0.2.10", "10.0.1.10"), BACK);
    lab.check("b", &ping("10.0.2.10", "10.0.1.10"), "b > router: SecurityGroupNoIngress by no in");
    // One allowed type opens no other, although neither has ports to tell them apart.
    lab.groups("a", "in icmp/13 0.0.0.0/0");
    lab.check("b", &icmp("10.0.2.10", "10.0.1.10", 13, 0), BACK);
    lab.check("b", &icmp("10.0.2.10", "10.0.1.10", 17, 0), "b > router: SecurityGroupIngress by no in");
    lab.check("a", &icmp("10.0.1.10", "10.0.2.10", 14, 0), THERE);
    lab.check("a", &icmp("10.0.1.10", "10.0.2.10", 13, 0), "a > router: SecurityGroupNoEgress by no out");
}

/// An error about a packet, from a router on its way.
fn error_about(offender: &Craft, from: &str) -> Craft {
    let mut bytes = Vec::new();
    assert!(build_icmp_error(&mut bytes, IcmpError::HostUnreachable, ip(from), 64, &offender.packet()));
    let mut error = icmp(from, &offender.src.ip().to_string(), 3, 1);
    error.payload = bytes[28..].to_vec();
    error
}

#[test]
fn an_error_about_a_known_flow_is_let_in_and_one_about_another_is_not() {
    let mut lab = Lab::new();
    lab.groups("a", "out all 0.0.0.0/0");
    lab.check("a", &syn(A, B), THERE);
    lab.check("b", &error_about(&syn(A, B), "10.0.2.10"), BACK);
    let other = error_about(&syn("10.0.1.10:4001", B), "10.0.2.10");
    lab.check("b", &other, "b > router: SecurityGroupNoIngress by no in");
    // And out: about a packet that came in.
    let mut lab = Lab::new();
    lab.groups("b", "in all 0.0.0.0/0");
    lab.check("a", &syn("10.0.1.10:4002", B), THERE);
    lab.check("b", &error_about(&syn("10.0.1.10:4002", B), "10.0.2.10"), BACK);
    let other = error_about(&syn("10.0.1.10:4003", B), "10.0.2.10");
    lab.check("b", &other, "b > router: SecurityGroupNoEgress by no out");
}

/// How long a flow at `b` answers after its last packet: it does at `alive`, and not a second later.
#[track_caller]
fn check_forgotten_after(mut lab: Lab, last: &Craft, alive: u64) {
    lab.groups("b", "");
    lab.wait(Duration::from_secs(alive));
    lab.check("b", last, BACK);
    lab.wait(Duration::from_secs(alive + 1));
    let path = lab.path("b", last);
    assert_eq!(path, "b > router: SecurityGroupNoEgress by no out");
}

#[test]
fn tracked_flows_are_forgotten_when_idle_for_their_time() {
    let open = "in all 10.0.0.0/16";
    check_forgotten_after(connected(open), &ack(B, A), 432_000);
    let mut opening = Lab::new();
    opening.groups("b", open);
    opening.check("a", &syn(A, B), THERE);
    opening.groups("b", "");
    opening.wait(Duration::from_secs(121));
    opening.check("b", &syn_ack(B, A), "b > router: SecurityGroupNoEgress by no out");
    let mut closing = connected(open);
    closing.check("a", &tcp(A, B, TcpFlags::FIN | TcpFlags::ACK), THERE);
    check_forgotten_after(closing, &ack(B, A), 120);
    let mut datagrams = Lab::new();
    datagrams.groups("b", open);
    datagrams.check("a", &udp(A, B), THERE);
    check_forgotten_after(datagrams, &udp(B, A), 30);
    let mut stream = Lab::new();
    stream.groups("b", open);
    for _ in 0..2 {
        stream.check("a", &udp(A, B), THERE);
        stream.check("b", &udp(B, A), BACK);
    }
    check_forgotten_after(stream, &udp(B, A), 180);
    let mut echo = Lab::new();
    echo.groups("b", open);
    echo.check("a", &ping("10.0.1.10", "10.0.2.10"), THERE);
    check_forgotten_after(echo, &pong("10.0.2.10", "10.0.1.10"), 600);
}

#[test]
fn flows_are_counted_forgotten_and_swept() {
    let mut lab = Lab::new();
    for port in 0..1_024u16 {
        lab.send("a", &udp(&format!("10.0.1.10:{}", 10_000 + port), "10.0.2.10:53"));
    }
    assert_eq!(lab.interface("b").flow_count(), 1_024);
    lab.wait(Duration::from_secs(31));
    lab.send("a", &udp("10.0.1.10:9999", "10.0.2.10:53"));
    assert_eq!(lab.interface("b").flow_count(), 1);
    assert!(lab.interface("b").flow_count() < CONNTRACK_MAX);
    let info = flow(&mut lab, "b", &udp("10.0.2.10:53", "10.0.1.10:9999")).expect("a flow");
    assert_eq!((info.egress, info.last_seen), (false, lab.engine.now()));
    let info = flow(&mut lab, "a", &udp("10.0.1.10:9999", "10.0.2.10:53")).expect("a flow");
    assert!(info.egress);
}

#[test]
fn an_interface_that_is_replaced_keeps_its_flows() {
    let mut lab = connected("in tcp/443 10.0.0.0/16");
    let mut other = super::super::Interface::new([ip("10.0.2.10")], 1, None);
    other.filter = Some(std::rc::Rc::new(super::super::StatefulFilter::default()));
    let port = lab.port("b");
    lab.router().set(port, super::super::Attachment::Interface(Box::new(other)));
    lab.check("a", &ack(A, B), THERE);
    lab.check("a", &syn("10.0.1.10:4001", B), "a > router: SecurityGroupNoIngress by ");
}
