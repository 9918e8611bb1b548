//! The test language: a small world whose tables are written as lines, and journeys that are read as one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::super::*;
use crate::base::{Cidr, PrefixTable, SimTime};
use crate::engine::{Effects, Engine, LineSpec, LinkSpec, Node};
use crate::packet::craft::{Craft, assert_checksums_true, endpoint};
use crate::packet::{FiveTuple, Packet, PacketId, Protocol};
use crate::trace::{Absorbed, Citations, Cite, CiteId, Component, Disposition, JourneyLog, NodeId, PortId, Step};

/// A machine of a test: keeps what it gets.
#[derive(Default)]
pub(super) struct Tap {
    received: Vec<Vec<u8>>,
}

impl Node for Tap {
    fn on_packet(&mut self, _now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        self.received.push(packet.bytes().to_vec());
        out.deliver(packet);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// A VPC 10.0.0.0/16 with three subnets, and what lies around it:
///
/// - `private` 10.0.1.0/24 with `a` (.10) and `a2` (.11), `other` 10.0.2.0/24 with `b` (.10); both route to `nat`;
/// - `public` 10.0.9.0/24 with `web` (.10, public 54.0.0.10) and `nat` (.5, public 54.0.0.5), routed to `igw`;
/// - on the internet `server` 8.8.8.8 and `s3` 52.218.0.9, which is also behind `endpoint`;
/// - behind a peering `peer` 10.9.0.10, behind a virtual private gateway `office` 192.168.0.10.
///
/// All filters are open, and the endpoint is in no route table. Links take no time.
pub(super) struct Lab {
    pub(super) engine: Engine,
    log: JourneyLog,
    citations: Citations,
    nodes: BTreeMap<&'static str, NodeId>,
    names: BTreeMap<NodeId, &'static str>,
    ports: BTreeMap<&'static str, PortId>,
    groups: BTreeMap<String, Members>,
    pub(super) list: Rc<PrefixTable<()>>,
}

const SUBNETS: [(&str, &str); 3] = [("private", "10.0.1.0/24"), ("other", "10.0.2.0/24"), ("public", "10.0.9.0/24")];
const INSTANCES: [(&str, &str, u32); 4] =
    [("a", "10.0.1.10", 0), ("a2", "10.0.1.11", 0), ("b", "10.0.2.10", 1), ("web", "10.0.9.10", 2)];

/// AWS's numbers of today.
pub(super) const LIMITS: NatLimits =
    NatLimits { idle_timeout: Duration::from_secs(350), closing: Duration::from_secs(60), per_destination: 55_000 };

pub(super) fn ip(text: &str) -> IpAddr {
    endpoint(text).ip()
}

pub(super) fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect(text)
}

impl Lab {
    pub(super) fn new() -> Self {
        let mut list = PrefixTable::new();
        list.insert(cidr("52.218.0.0/17"), ());
        let mut lab = Self {
            engine: Engine::new(),
            log: JourneyLog::new(100_000),
            citations: Citations::new(),
            nodes: BTreeMap::new(),
            names: BTreeMap::new(),
            ports: BTreeMap::new(),
            groups: BTreeMap::new(),
            list: Rc::new(list),
        };
        let cite = lab.cite("vpc");
        lab.add("router", VpcRouter::new(vec![cidr("10.0.0.0/16")], cite));
        lab.add_gateways();
        for (name, address, subnet) in INSTANCES {
            lab.add(name, Tap::default());
            lab.attach(name, address, subnet, name != "nat");
            lab.wire(name, LineSpec::DIRECT);
        }
        lab.attach("nat", "10.0.9.5", 2, false);
        lab.wire("nat", LineSpec::DIRECT);
        for (name, block) in SUBNETS {
            let (acl, fib) = (Rc::new(StatelessFilter::default()), Rc::new(Fib::default()));
            let block = cidr(block);
            let router = block.nth(1).expect("a second address");
            lab.router().subnets.push(SubnetEdge { blocks: vec![block], acl, fib, router });
            lab.acl(name, "in allow all 0.0.0.0/0\nout allow all 0.0.0.0/0");
            lab.routes(name, if name == "public" { "0.0.0.0/0 igw" } else { "0.0.0.0/0 nat" });
        }
        for (name, ..) in INSTANCES {
            lab.groups(name, "in all 0.0.0.0/0\nout all 0.0.0.0/0");
        }
        lab
    }

    fn add_gateways(&mut self) {
        let vpc = vec![cidr("10.0.0.0/16")];
        for name in ["server", "s3", "peer", "office"] {
            self.add(name, Tap::default());
        }
        let cite = self.cite("igw");
        let mut igw = InternetGateway::new(cite);
        igw.associate(ip("10.0.9.10"), ip("54.0.0.10"));
        igw.associate(ip("10.0.9.5"), ip("54.0.0.5"));
        self.add("igw", igw);
        let cite = self.cite("nat");
        self.add("nat", NatGateway::new(ip("10.0.9.5"), vpc.clone(), LIMITS, cite));
        let cite = self.cite("endpoint");
        self.add("endpoint", GatewayEndpoint::new(self.list.clone(), cite));
        let cite = self.cite("vgw");
        let mut vgw = VpnGateway::new(vpc.clone(), cite);
        vgw.learn([(cidr("192.168.0.0/16"), PortId(1))]);
        self.add("vgw", vgw);
        let cite = self.cite("peering");
        self.add("peering", PeeringConnection::new(vpc, vec![cidr("10.9.0.0/16")], cite));
        let cite = self.cite("internet");
        let mut internet = Internet::new(false, ip("198.51.100.1"), cite);
        for (block, port) in [("54.0.0.0/24", 0), ("8.8.8.0/24", 1), ("52.218.0.0/17", 2)] {
            internet.route(cidr(block), PortId(port));
        }
        self.add("internet", internet);
        let direct = LinkSpec::both(LineSpec::DIRECT);
        for ((a, at_a), (b, at_b)) in [
            (("igw", 1), ("internet", 0)),
            (("internet", 1), ("server", 0)),
            (("internet", 2), ("s3", 0)),
            (("endpoint", 1), ("s3", 1)),
            (("vgw", 1), ("office", 0)),
            (("peering", 1), ("peer", 0)),
        ] {
            self.engine.connect((self.nodes[a], PortId(at_a)), (self.nodes[b], PortId(at_b)), direct);
        }
        for (name, attachment, mtu) in [
            ("igw", Attachment::InternetGateway, 1_500),
            ("endpoint", Attachment::Gateway, 9_001),
            ("vgw", Attachment::Gateway, 1_500),
            ("peering", Attachment::Gateway, 9_001),
        ] {
            let port = self.router().attach(attachment);
            self.ports.insert(name, port);
            self.wire(name, LineSpec { mtu, ..LineSpec::DIRECT });
        }
    }

    fn add(&mut self, name: &'static str, node: impl Node) {
        let id = self.engine.add(node);
        self.nodes.insert(name, id);
        self.names.insert(id, name);
    }

    fn attach(&mut self, name: &'static str, address: &str, subnet: u32, source_dest_check: bool) {
        let mut interface = Interface::new([ip(address)], subnet, None);
        interface.source_dest_check = source_dest_check;
        interface.cite = self.cite(name);
        let port = self.router().attach(Attachment::Interface(Box::new(interface)));
        self.ports.insert(name, port);
    }

    fn wire(&mut self, name: &str, line: LineSpec) {
        let (router, port) = (self.nodes["router"], self.ports[name]);
        self.engine.connect((router, port), (self.nodes[name], PortId(0)), LinkSpec::both(line));
    }

    pub(super) fn cite(&mut self, text: &str) -> CiteId {
        self.citations.intern(Cite::new(Component::None, text, ""))
    }

    pub(super) fn router(&mut self) -> &mut VpcRouter {
        self.engine.node_mut(self.nodes["router"]).expect("the router")
    }

    pub(super) fn node<N: Node>(&mut self, name: &str) -> &mut N {
        self.engine.node_mut(self.nodes[name]).expect(name)
    }

    pub(super) fn port(&self, name: &str) -> PortId {
        self.ports[name]
    }

    pub(super) fn interface(&mut self, name: &str) -> &mut Interface {
        let port = self.ports[name];
        self.router().interface_mut(port).expect(name)
    }

    /// Lines such as `in tcp/443 0.0.0.0/0`, `out udp/53-54 10.0.0.0/16`, `in icmp/8 0.0.0.0/0`, `in all sg:app`,
    /// `out tcp/443 pl:s3`. Each is its own citation; `no in` and `no out` stand for none of them.
    pub(super) fn groups(&mut self, name: &str, lines: &str) {
        let mut filter = StatefulFilter {
            no_ingress: Some(self.cite("no in")),
            no_egress: Some(self.cite("no out")),
            ..StatefulFilter::default()
        };
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let [direction, what, peer] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let (protocol, ports) = protocol_and_ports(what);
            let peer = match peer.split_once(':') {
                Some(("sg", group)) => Peer::Group(self.group(group)),
                Some(("pl", _)) => Peer::List(self.list.clone()),
                _ => Peer::Block(cidr(peer)),
            };
            let rule = FilterRule { protocol, ports, peer, by: self.cite(line) };
            if direction == "in" { &mut filter.ingress } else { &mut filter.egress }.push(rule);
        }
        self.interface(name).filter = Some(Rc::new(filter));
        self.router().touch();
    }

    /// The members of a group that rules name.
    pub(super) fn group(&mut self, name: &str) -> Members {
        self.groups.entry(name.to_owned()).or_insert_with(|| Rc::new(RefCell::default())).clone()
    }

    /// Lines in order such as `in deny tcp/443 10.0.0.0/8`, each its own citation.
    pub(super) fn acl(&mut self, subnet: &str, lines: &str) {
        let mut filter = StatelessFilter::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let [direction, verdict, what, block] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let (protocol, ports) = protocol_and_ports(what);
            let (block, allow, by) = (cidr(block), verdict == "allow", self.cite(line));
            let rule = StatelessRule { protocol, ports, block, allow, by };
            if direction == "in" { &mut filter.ingress } else { &mut filter.egress }.push(rule);
        }
        let index = SUBNETS.iter().position(|(name, _)| *name == subnet).expect(subnet);
        self.router().subnets[index].acl = Rc::new(filter);
        self.router().touch();
    }

    /// Lines such as `0.0.0.0/0 igw`; the local route is there without saying so. Each is its own citation.
    pub(super) fn routes(&mut self, subnet: &str, lines: &str) {
        let mut fib = Fib::new(self.cite("no route"));
        for line in std::iter::once("10.0.0.0/16 local").chain(lines.lines().map(str::trim)) {
            let Some((block, target)) = line.split_once(' ') else { continue };
            let hop = match target {
                "local" => NextHop::Local,
                "blackhole" => NextHop::Blackhole,
                "unmodeled" => NextHop::Unmodeled,
                "nat" | "web" | "a2" => NextHop::Interface(self.ports[target]),
                _ => NextHop::Gateway(self.ports[target]),
            };
            let by = self.cite(line);
            fib.insert(cidr(block), FibEntry { hop, by });
        }
        let index = SUBNETS.iter().position(|(name, _)| *name == subnet).expect(subnet);
        self.router().subnets[index].fib = Rc::new(fib);
        self.router().touch();
    }

    pub(super) fn wait(&mut self, length: Duration) {
        let until = self.engine.now().after(length);
        self.engine.run_until(until, 1_000_000, &mut self.log);
    }

    /// Sends a packet from a machine's port 0.
    pub(super) fn send(&mut self, from: &str, craft: &Craft) -> PacketId {
        self.send_bytes(from, PortId(0), &craft.bytes())
    }

    pub(super) fn send_bytes(&mut self, from: &str, port: PortId, bytes: &[u8]) -> PacketId {
        let sent = self.engine.with::<Tap, _>(self.nodes[from], &mut self.log, |_, out| {
            let packet = out.packet(|buffer| buffer.extend_from_slice(bytes)).expect("a packet");
            let id = packet.id();
            out.send(port, packet);
            id
        });
        let counters = self.engine.counters();
        assert_eq!(counters.in_flight(), 0, "links take no time, so every packet has ended");
        sent.expect("the sender is a machine")
    }

    /// Sends a packet, and says where it went: `a > router > nat > router > igw > internet > server: delivered`.
    pub(super) fn path(&mut self, from: &str, craft: &Craft) -> String {
        let packet = self.send(from, craft);
        self.path_of(packet)
    }

    pub(super) fn path_of(&self, packet: PacketId) -> String {
        let journey = self.log.journey(packet).expect("heard of").expect("a whole journey");
        let mut text = journey.nodes().map(|node| self.names[&node]).collect::<Vec<_>>().join(" > ");
        let _ = match journey.disposition() {
            Disposition::Delivered => write!(text, ": delivered"),
            Disposition::Absorbed(Absorbed::Answered) => write!(text, ": answered"),
            Disposition::Absorbed(other) => write!(text, ": {other:?}"),
            Disposition::Fragmented => write!(text, ": fragmented"),
            Disposition::InFlight => write!(text, ": in flight"),
            Disposition::Dropped { reason, by } => write!(text, ": {reason:?} by {}", self.citations.get(by).label()),
        };
        text
    }

    /// The decisions about a packet, in order, by their citations; translations as tuples.
    pub(super) fn steps_of(&self, packet: PacketId) -> Vec<String> {
        let journey = self.log.journey(packet).expect("heard of").expect("a whole journey");
        let show = |tuple: &FiveTuple| format!("{} → {}", tuple.source(), tuple.destination());
        let cite = |by: &CiteId| self.citations.get(*by).label().to_owned();
        let text = |step: &Step| match step {
            Step::Allowed { filter, by, tracked } => {
                Some(format!("{filter:?}: {}{}", cite(by), if *tracked { " (tracked)" } else { "" }))
            }
            Step::Routed { by } => Some(format!("route {}", cite(by))),
            Step::Translated { before, after, by } => {
                Some(format!("{}: {} becomes {}", cite(by), show(before), show(after)))
            }
            Step::Clamped { mss, by } => Some(format!("{}: mss {mss}", cite(by))),
            Step::Answered { why, .. } => Some(format!("answered: {why:?}")),
            _ => None,
        };
        journey.steps().filter_map(|(_, step)| text(step)).collect()
    }

    /// The last packet that a machine got; its checksums are true.
    #[track_caller]
    pub(super) fn got(&mut self, name: &str) -> Packet {
        let bytes = self.node::<Tap>(name).received.last().cloned().unwrap_or_else(|| panic!("{name} got nothing"));
        assert_checksums_true(&bytes);
        Packet::parse(bytes).expect("what was delivered is a packet")
    }

    pub(super) fn count(&mut self, name: &str) -> usize {
        self.node::<Tap>(name).received.len()
    }

    /// Checks where a packet goes, in the words of [`Lab::path`].
    #[track_caller]
    pub(super) fn check(&mut self, from: &str, craft: &Craft, path: &str) {
        let found = self.path(from, craft);
        assert_eq!(found, path, "{:?}", craft.packet());
    }
}

fn protocol_and_ports(what: &str) -> (Option<Protocol>, Ports) {
    let (name, ports) = what.split_once('/').unwrap_or((what, ""));
    let number = |text: &str| text.parse::<u16>().expect(what);
    let protocol = match name {
        "all" => None,
        "tcp" => Some(Protocol::TCP),
        "udp" => Some(Protocol::UDP),
        "icmp" => Some(Protocol::ICMP),
        other => Some(Protocol(other.parse().expect(what))),
    };
    let ports = match (name, ports.split_once(['-', '.'])) {
        (_, None) if ports.is_empty() => Ports::Any,
        ("icmp", None) => Ports::Icmp(number(ports) as u8, None),
        ("icmp", Some((kind, code))) => Ports::Icmp(number(kind) as u8, Some(number(code) as u8)),
        (_, None) => Ports::Range(number(ports), number(ports)),
        (_, Some((first, last))) => Ports::Range(number(first), number(last)),
    };
    (protocol, ports)
}
