//! The words that all outputs share: what answers, ends and sizes are called. Writes nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::packet::{FiveTuple, IcmpError, TcpFlags, flags_text};
pub(crate) use crate::trace::rules_text;
use crate::trace::{Absorbed, Answer, Cite, CiteId, Component, DropReason, Filter, Names};

/// Why a box or host answered, as a clause.
pub(crate) const fn answer_sentence(why: Answer) -> &'static str {
    match why {
        Answer::UnknownConnection => "no such connection over what carried the packet",
        Answer::PortClosed => "nobody listens on the port",
        Answer::NatNoMapping => {
            "the NAT gateway has no mapping for it: it did not see the connection begin, or forgot it"
        }
        Answer::NatInstanceForgot => "the NAT instance forgot the connection",
        Answer::PortUnreachable => "nobody listens on the UDP port",
        Answer::TtlExpired => "its time to live is spent",
        Answer::TooBig => "it is too big for the next link",
        Answer::Echo => "it is an echo request",
    }
}

/// Why a box or host answered, as a code.
pub(crate) const fn answer_code(why: Answer) -> &'static str {
    match why {
        Answer::UnknownConnection => "UNKNOWN_CONNECTION",
        Answer::PortClosed => "PORT_CLOSED",
        Answer::NatNoMapping => "NGW_NO_MAPPING",
        Answer::NatInstanceForgot => "NAT_INSTANCE_FORGOT",
        Answer::PortUnreachable => "PORT_UNREACHABLE",
        Answer::TtlExpired => "TTL_EXPIRED",
        Answer::TooBig => "MTU_EXCEEDED",
        Answer::Echo => "ECHO",
    }
}

/// The protocol and kind of an answer.
pub(crate) const fn answer_kind(why: Answer) -> &'static str {
    match why {
        Answer::UnknownConnection | Answer::PortClosed | Answer::NatNoMapping => "RST",
        Answer::NatInstanceForgot => "FIN",
        Answer::PortUnreachable => "ICMP port unreachable",
        Answer::TtlExpired => "ICMP time exceeded",
        Answer::TooBig => "ICMP fragmentation needed",
        Answer::Echo => "echo reply",
    }
}

/// How a box took care of a packet itself.
pub(crate) const fn absorbed_sentence(how: Absorbed) -> &'static str {
    match how {
        Absorbed::Answered => "answered",
        Absorbed::Reassembled => "completed a packet of several fragments",
        Absorbed::AwaitsFragments => "waits for its other fragments",
        Absorbed::Stale => "ignored: a late segment, or one outside of what the connection expects",
    }
}

/// What a kind of box is called; hosts of the internet and services go by their names alone.
pub(crate) const fn component_text(component: Component) -> Option<&'static str> {
    Some(match component {
        Component::Instance => "instance",
        Component::NetworkInterface => "interface",
        Component::Vpc => "VPC",
        Component::InternetGateway => "internet gateway",
        Component::EgressOnlyInternetGateway => "egress-only internet gateway",
        Component::NatGateway => "NAT gateway",
        Component::VpcEndpoint => "endpoint",
        Component::VpcPeeringConnection => "peering connection",
        Component::VpnGateway => "virtual private gateway",
        Component::ClassicLink => "ClassicLink",
        Component::None
        | Component::Route
        | Component::RouteTable
        | Component::SecurityGroup
        | Component::NetworkAcl
        | Component::Service
        | Component::Internet
        | Component::Link => return None,
    })
}

/// A node with what it is: `VPC main`, `internet gateway igw`, `s3 us-west-2`.
pub(crate) fn box_name(names: &Names, node: crate::trace::NodeId) -> String {
    let name = node_name(names, node);
    let component = names.directory.nodes.get(node.0 as usize).map_or(Component::None, |info| info.component);
    match component_text(component) {
        Some(kind) if component != Component::Instance => format!("{kind} {name}"),
        Some(_) | None => name,
    }
}

/// What a filter is called.
pub(crate) const fn filter_text(filter: Filter) -> &'static str {
    match filter {
        Filter::SecurityGroupEgress | Filter::SecurityGroupIngress => "security group",
        Filter::NetworkAclEgress | Filter::NetworkAclIngress => "network ACL",
    }
}

/// A citation as a clause with its rules, `private: 0.0.0.0/0 → nat [R12]`; `None` where there is nothing to cite.
pub(crate) fn cite_text(cite: &Cite) -> Option<String> {
    if cite.component == Component::None {
        return None;
    }
    let rules = rules_text(&cite.rules);
    Some(format!("{cite}{rules}"))
}

/// A reason as a clause with code and citation: `the route … (NO_ROUTE_TO_DESTINATION, by private)`.
pub(crate) fn drop_text(names: &Names, reason: DropReason, by: CiteId) -> String {
    match cite_text(names.citations.get(by)) {
        Some(by) => format!("{} ({}, by {by})", reason.sentence(), reason.code()),
        None => format!("{} ({})", reason.sentence(), reason.code()),
    }
}

/// A node's name, or its number where nobody named it.
pub(crate) fn node_name(names: &Names, node: crate::trace::NodeId) -> String {
    match names.directory.node(node) {
        "" => format!("node {}", node.0),
        name => name.to_owned(),
    }
}

/// An address by its name, else as it is.
pub(crate) fn address_name(names: &Names, address: IpAddr) -> String {
    names.directory.name(address).map_or_else(|| address.to_string(), str::to_owned)
}

/// An address with its name before it, where it has one of its own: `client (10.0.1.10)`, `8.8.8.8`.
pub(crate) fn address_text(names: &Names, address: IpAddr) -> String {
    let text = address.to_string();
    match names.directory.name(address) {
        Some(name) if name != text => format!("{name} ({text})"),
        Some(_) | None => text,
    }
}

/// An endpoint by its name: `s3:443`, `10.0.1.10:49152`, `[2001:db8::1]:443`.
pub(crate) fn endpoint_name(names: &Names, endpoint: SocketAddr) -> String {
    match names.directory.name(endpoint.ip()) {
        Some(name) => format!("{name}:{}", endpoint.port()),
        None => endpoint.to_string(),
    }
}

/// Both ends by name, with ports where there are some: `client:49152 → s3:443`.
pub(crate) fn tuple_name(names: &Names, tuple: &FiveTuple) -> String {
    if tuple.protocol.has_ports() {
        format!("{} → {}", endpoint_name(names, tuple.source()), endpoint_name(names, tuple.destination()))
    } else {
        format!("{} → {}", address_name(names, tuple.src), address_name(names, tuple.dst))
    }
}

/// What changed in a translation: `10.0.1.10:49152 → 203.0.113.10:1024`, of the source, the destination or both.
pub(crate) fn translation_text(before: &FiveTuple, after: &FiveTuple) -> String {
    let show = |endpoint: SocketAddr| match before.protocol.has_ports() {
        true => endpoint.to_string(),
        false => endpoint.ip().to_string(),
    };
    let mut parts = Vec::new();
    if before.source() != after.source() {
        parts.push(format!("source {} → {}", show(before.source()), show(after.source())));
    }
    if before.destination() != after.destination() {
        parts.push(format!("destination {} → {}", show(before.destination()), show(after.destination())));
    }
    parts.join(", ")
}

/// What an ICMP error says.
pub(crate) fn icmp_text(error: IcmpError) -> String {
    match error {
        IcmpError::NetUnreachable => "network unreachable".to_owned(),
        IcmpError::HostUnreachable => "host unreachable".to_owned(),
        IcmpError::PortUnreachable => "port unreachable".to_owned(),
        IcmpError::Prohibited => "prohibited by a filter".to_owned(),
        IcmpError::TooBig { mtu } => format!("too big, the next link takes {mtu} bytes"),
        IcmpError::TimeExceeded => "time to live spent".to_owned(),
        IcmpError::ReassemblyTimeExceeded => "fragments did not all arrive in time".to_owned(),
    }
}

/// A length of time in its largest unit, to three digits: `213 us`, `21 ms`, `1.25 s`, `350 s`.
pub(crate) fn length_text(length: Duration) -> String {
    let nanos = length.as_nanos();
    let units = [(1_000_000_000u128, "s"), (1_000_000, "ms"), (1_000, "us")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| *unit <= nanos) else {
        return format!("{nanos} ns");
    };
    let (whole, thousandths) = (nanos / unit, nanos % unit * 1_000 / unit);
    let digits = if whole < 10 {
        2
    } else if whole < 100 {
        1
    } else {
        0
    };
    let fraction = &format!("{thousandths:03}")[..digits];
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{whole} {name}") } else { format!("{whole}.{fraction} {name}") }
}

/// A count of bytes for people, in units of 1,000, rounded to two or three digits: `1.5 kB`, `146 kB`.
pub(crate) fn bytes_text(bytes: u64) -> String {
    if bytes < 1_000 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let rounded = |unit: u64| (u128::from(bytes) + u128::from(unit) / 2) / u128::from(unit);
    // What rounds to a thousand of one unit is one of the next.
    let units = [(1_000u64, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| rounded(*unit) < 1_000).unwrap_or((1_000_000_000_000, "TB"));
    let tenths = rounded(unit / 10);
    if tenths < 100 { format!("{}.{} {name}", tenths / 10, tenths % 10) } else { format!("{} {name}", rounded(unit)) }
}

/// A count with thousands apart: `12,345`.
pub(crate) fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 segment`, `103 segments`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", count_text(count), if count == 1 { "" } else { "s" })
}

/// What kind of segment it is, by its flags: `SYN`, `SYN-ACK`, `FIN`, `RST`, `ACK`, or data.
pub(crate) fn segment_text(flags: TcpFlags, payload: usize) -> String {
    let ack = flags.has(TcpFlags::ACK);
    if flags.has(TcpFlags::RST) {
        "RST".to_owned()
    } else if flags.has(TcpFlags::SYN) {
        if ack { "SYN-ACK".to_owned() } else { "SYN".to_owned() }
    } else if 0 < payload {
        bytes_text(payload as u64)
    } else if flags.has(TcpFlags::FIN) {
        "FIN".to_owned()
    } else if ack {
        "ACK".to_owned()
    } else {
        format!("segment [{}]", flags_text(flags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_easily() {
        let sizes: Vec<_> = [1, 999, 1_000, 146_300, 8_388_608, 5_000_000_000].map(bytes_text).into();
        assert_eq!(sizes, ["1 byte", "999 bytes", "1.0 kB", "146 kB", "8.4 MB", "5.0 GB"]);
        let rounded: Vec<_> = [1_049, 1_050, 9_949, 9_950, 999_499, 999_500, u64::MAX].map(bytes_text).into();
        assert_eq!(rounded, ["1.0 kB", "1.1 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "18446744 TB"]);
        let counts: Vec<_> = [0, 999, 1_000, 1_234_567].map(count_text).into();
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
        let lengths = [999, 213_456, 21_000_000, 1_250_000_000, 350_000_000_000, 21_345_678];
        let lengths: Vec<_> = lengths.map(|nanos| length_text(Duration::from_nanos(nanos))).into();
        assert_eq!(lengths, ["999 ns", "213 us", "21 ms", "1.25 s", "350 s", "21.3 ms"]);
        assert_eq!((counted(1, "segment"), counted(2, "segment")), ("1 segment".into(), "2 segments".into()));
    }

    #[test]
    fn only_what_changed_is_told_of_a_translation() {
        let before = FiveTuple {
            protocol: crate::packet::Protocol::TCP,
            src: [10, 0, 1, 10].into(),
            dst: [52, 218, 160, 10].into(),
            src_port: 49_152,
            dst_port: 443,
        };
        let after = FiveTuple { src: [203, 0, 113, 10].into(), src_port: 1_024, ..before };
        assert_eq!(translation_text(&before, &after), "source 10.0.1.10:49152 → 203.0.113.10:1024");
        let back = translation_text(&after.reversed(), &before.reversed());
        assert_eq!(back, "destination 203.0.113.10:1024 → 10.0.1.10:49152");
    }
}
