//! Security groups: allow-only rules, and whom they name. What they remember is in `tracking`.

use super::lab::{Lab, ip};
use crate::packet::craft::{Craft, icmp, other, ping, syn, udp};

const DELIVERED: &str = "a > router > b: delivered";
const NO_IN: &str = "a > router: SecurityGroupIngress by no in";
const NO_RULE_IN: &str = "a > router: SecurityGroupNoIngress by no in";
const NO_OUT: &str = "a > router: SecurityGroupEgress by no out";

/// What `b` lets in under these lines, and what it does not.
#[track_caller]
fn check_ingress(lines: &str, allowed: &[Craft], denied: &[Craft]) {
    let no_in = if lines.lines().any(|line| line.starts_with("in ")) { NO_IN } else { NO_RULE_IN };
    for (crafts, path) in [(allowed, DELIVERED), (denied, no_in)] {
        for craft in crafts {
            let mut lab = Lab::new();
            lab.groups("b", lines);
            lab.check("a", craft, path);
        }
    }
}

fn tcp(port: u16) -> Craft {
    syn("10.0.1.10:4000", &format!("10.0.2.10:{port}"))
}

fn datagram(port: u16) -> Craft {
    udp("10.0.1.10:4000", &format!("10.0.2.10:{port}"))
}

#[test]
fn a_rule_opens_its_protocol_its_ports_and_its_block_and_no_more() {
    let echo = ping("10.0.1.10", "10.0.2.10");
    check_ingress("in tcp/443 10.0.0.0/16", &[tcp(443)], &[tcp(442), tcp(444), datagram(443), echo.clone()]);
    check_ingress("in udp/53-54 10.0.0.0/16", &[datagram(53), datagram(54)], &[datagram(52), datagram(55), tcp(53)]);
    check_ingress("in tcp 10.0.0.0/16", &[tcp(1), tcp(65_535)], &[datagram(1), echo.clone()]);
    check_ingress("in all 10.0.1.0/24", &[tcp(1), datagram(1), echo.clone()], &[]);
    check_ingress("in all 10.0.3.0/24", &[], &[tcp(1), datagram(1), echo]);
    check_ingress("", &[], &[tcp(443)]);
    check_ingress("out all 0.0.0.0/0", &[], &[tcp(443)]);
}

#[test]
fn rules_of_icmp_name_types_and_codes() {
    let message = |kind, code| icmp("10.0.1.10", "10.0.2.10", kind, code);
    check_ingress("in icmp/8 10.0.0.0/16", &[message(8, 0)], &[message(13, 0), message(0, 0), tcp(8)]);
    check_ingress("in icmp/3.4 10.0.0.0/16", &[message(3, 4)], &[message(3, 3), message(8, 0)]);
    check_ingress("in icmp 10.0.0.0/16", &[message(8, 0), message(3, 4), message(13, 0)], &[tcp(1)]);
}

#[test]
fn other_protocols_are_named_by_number_and_know_no_ports() {
    let gre = other("10.0.1.10", "10.0.2.10", 47);
    check_ingress("in 47 10.0.0.0/16", std::slice::from_ref(&gre), &[tcp(1), other("10.0.1.10", "10.0.2.10", 50)]);
    check_ingress("in tcp/443 10.0.0.0/16\nin all 10.0.0.0/16", &[gre], &[]);
}

#[test]
fn rules_out_are_asked_of_the_sender() {
    let mut lab = Lab::new();
    lab.groups("a", "in all 0.0.0.0/0\nout tcp/443 pl:s3\nout tcp/80 10.0.2.0/24");
    let from = "10.0.1.10:4000";
    lab.check("a", &syn(from, "10.0.2.10:80"), DELIVERED);
    lab.check("a", &syn(from, "10.0.2.10:443"), NO_OUT);
    lab.check("a", &syn(from, "8.8.8.8:443"), NO_OUT);
    lab.routes("private", "52.218.0.0/17 endpoint");
    // A rule for port 443 of the list does not open port 80 (R35).
    lab.check("a", &syn(from, "52.218.0.9:443"), "a > router > endpoint > s3: delivered");
    lab.check("a", &syn(from, "52.218.0.9:80"), NO_OUT);
}

#[test]
fn a_group_in_a_rule_stands_for_the_private_addresses_of_its_members() {
    let mut lab = Lab::new();
    lab.groups("b", "in tcp/22 sg:app");
    let knock = |port: u16| syn(&format!("10.0.1.10:{port}"), "10.0.2.10:22");
    lab.check("a", &knock(4_000), NO_IN);
    let app = lab.group("app");
    app.borrow_mut().insert(ip("10.0.1.10"));
    lab.check("a", &knock(4_000), DELIVERED);
    lab.check("a2", &syn("10.0.1.11:4000", "10.0.2.10:22"), "a2 > router: SecurityGroupIngress by no in");
    app.borrow_mut().remove(&ip("10.0.1.10"));
    lab.check("a", &knock(4_001), NO_IN);
}

#[test]
fn a_member_is_not_known_by_its_public_address() {
    let mut lab = Lab::new();
    lab.groups("web", "in tcp/22 sg:app");
    let app = lab.group("app");
    app.borrow_mut().insert(ip("10.0.9.10"));
    // Through the internet gateway the source is the public address.
    let by_igw = lab.path("web", &syn("10.0.9.10:4000", "54.0.0.10:22"));
    assert_eq!(by_igw, "web > router: SecurityGroupNoEgress by no out");
    lab.groups("web", "in tcp/22 sg:app\nout all 0.0.0.0/0");
    let by_igw = lab.path("web", &syn("10.0.9.10:4000", "54.0.0.10:22"));
    assert_eq!(by_igw, "web > router > igw > router: SecurityGroupIngress by no in");
}

#[test]
fn a_list_in_a_rule_follows_the_list() {
    let mut lab = Lab::new();
    lab.groups("a", "out all pl:s3");
    lab.routes("private", "0.0.0.0/0 endpoint");
    lab.check("a", &syn("10.0.1.10:4000", "52.218.0.9:443"), "a > router > endpoint > s3: delivered");
    lab.check("a", &syn("10.0.1.10:4000", "3.5.76.9:443"), NO_OUT);
    let mut list = crate::base::PrefixTable::new();
    list.insert(super::lab::cidr("3.5.76.0/22"), ());
    lab.list = std::rc::Rc::new(list);
    lab.groups("a", "out all pl:s3");
    lab.check("a", &syn("10.0.1.10:4000", "3.5.76.9:443"), "a > router > endpoint > s3: delivered");
    lab.check("a", &syn("10.0.1.10:4001", "52.218.0.9:443"), NO_OUT);
}

#[test]
fn rules_of_one_family_say_nothing_of_the_other() {
    let mut lab = Lab::new();
    lab.groups("b", "in tcp/443 ::/0");
    lab.check("a", &tcp(443), NO_IN);
    lab.groups("b", "in tcp/443 0.0.0.0/0");
    lab.check("a", &tcp(443), DELIVERED);
}
