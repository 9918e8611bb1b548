//! A VPC of any size, built by hand from boxes: instances behind a NAT gateway, an internet gateway and an endpoint, and
//! a server that is both on the internet and behind the endpoint. The machines are whatever the benchmark puts in.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use vpclab::base::{Cidr, PrefixTable};
use vpclab::data_plane::{
    Attachment, Fib, FibEntry, FilterRule, GatewayEndpoint, Interface, Internet, InternetGateway, NatGateway,
    NatLimits, NextHop, Peer, Ports, StatefulFilter, StatelessFilter, StatelessRule, SubnetEdge, VpcRouter,
};
use vpclab::engine::{Engine, LineSpec, LinkSpec, Node};
use vpclab::packet::Protocol;
use vpclab::trace::{CiteId, NodeId, PortId};

/// Where the server is.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(52, 218, 0, 9);
/// The server's port to the internet.
pub(crate) const BY_INTERNET: PortId = PortId(0);
/// The server's port to the endpoint.
pub(crate) const BY_ENDPOINT: PortId = PortId(1);

/// How long the lists are that a flow's first packet meets: entries that match nothing, before the one that does.
#[derive(Copy, Clone, Default)]
pub(crate) struct Lists {
    /// Rules of each security group.
    pub(crate) group_rules: usize,
    /// Entries of each network ACL.
    pub(crate) acl_entries: usize,
    /// Routes of each table.
    pub(crate) routes: usize,
}

/// What there is, to send packets through.
pub(crate) struct World {
    /// The engine with all nodes.
    pub(crate) engine: Engine,
    /// The machines in the VPC.
    pub(crate) instances: Vec<NodeId>,
    /// The machine outside.
    pub(crate) server: NodeId,
}

/// The links of a world.
#[derive(Copy, Clone)]
pub(crate) struct Links {
    /// Between an instance and the router.
    pub(crate) instance: LineSpec,
    /// Between the gateways and the internet, and from there or from the endpoint to the server. Inside the VPC, between
    /// the router and its gateways, packets take no time: so it is in worlds that are made from scenarios.
    pub(crate) outside: LineSpec,
}

impl Links {
    /// All of them take no time.
    pub(crate) const DIRECT: Self = Self { instance: LineSpec::DIRECT, outside: LineSpec::DIRECT };
}

/// The private address of an instance.
pub(crate) fn address_of(index: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 1, 0, 0)) + index as u32 + 16)
}

/// Whether instances reach the server through the endpoint, or else through the NAT gateway.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// NAT gateway, internet gateway, internet.
    Nat,
    /// Gateway endpoint.
    Endpoint,
}

/// Builds a world.
pub(crate) fn build<N: Node>(
    way: Way,
    lists: Lists,
    links: Links,
    machines: impl Iterator<Item = N>,
    server: impl Node,
) -> World {
    let vpc = cidr("10.0.0.0/8");
    let mut engine = Engine::new();
    let mut list = PrefixTable::new();
    list.insert(cidr("52.218.0.0/17"), ());
    let list = Rc::new(list);
    let mut router = VpcRouter::new(vec![vpc], CiteId(1));
    let nat_address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5));
    let igw_port = router.attach(Attachment::InternetGateway);
    let endpoint_port = router.attach(Attachment::Gateway);
    let mut nat_interface = Interface::new([nat_address], 0, None);
    nat_interface.source_dest_check = false;
    let nat_port = router.attach(Attachment::Interface(Box::new(nat_interface)));
    let acl = acl(lists);
    for (block, target) in [("10.0.0.0/16", NextHop::Gateway(igw_port)), ("10.1.0.0/12", NextHop::Interface(nat_port))]
    {
        let fib = Rc::new(fib(lists, target, (way == Way::Endpoint).then_some(endpoint_port)));
        let block = cidr(block);
        let router_address = block.nth(1).expect("a second address");
        router.subnets.push(SubnetEdge { blocks: vec![block], acl: acl.clone(), fib, router: router_address });
    }
    let groups = groups(lists);
    let mut attached = Vec::new();
    for (index, machine) in machines.enumerate() {
        let address = IpAddr::V4(address_of(index));
        let port = router.attach(Attachment::Interface(Box::new(Interface::new([address], 1, Some(groups.clone())))));
        attached.push((machine, port));
    }
    let router = engine.add(router);
    let limits =
        NatLimits { idle_timeout: Duration::from_secs(350), closing: Duration::from_secs(60), per_destination: 55_000 };
    let nat = engine.add(NatGateway::new(nat_address, vec![vpc], limits, CiteId(4)));
    let mut igw = InternetGateway::new(CiteId(5));
    igw.associate(nat_address, IpAddr::V4(Ipv4Addr::new(54, 0, 0, 5)));
    let igw = engine.add(igw);
    let endpoint = engine.add(GatewayEndpoint::new(list, CiteId(6)));
    let mut internet = Internet::new(false, IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), CiteId(7));
    internet.route(cidr("54.0.0.0/24"), PortId(0));
    internet.route(cidr("52.218.0.0/17"), PortId(1));
    let internet = engine.add(internet);
    let server = engine.add(server);
    let zero = PortId(0);
    let inside = LinkSpec::both(LineSpec { mtu: links.outside.mtu, ..LineSpec::DIRECT });
    let outside = LinkSpec::both(links.outside);
    engine.connect((router, nat_port), (nat, zero), inside);
    engine.connect((router, igw_port), (igw, zero), inside);
    engine.connect((router, endpoint_port), (endpoint, zero), inside);
    engine.connect((igw, PortId(1)), (internet, zero), outside);
    engine.connect((internet, PortId(1)), (server, BY_INTERNET), outside);
    engine.connect((endpoint, PortId(1)), (server, BY_ENDPOINT), outside);
    let mut instances = Vec::new();
    for (machine, port) in attached {
        let instance = engine.add(machine);
        engine.connect((router, port), (instance, zero), LinkSpec::both(links.instance));
        instances.push(instance);
    }
    World { engine, instances, server }
}

fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect(text)
}

/// Blocks that no packet of ours is from or to.
fn strangers(count: usize) -> impl Iterator<Item = Cidr> {
    (0..count as u32).map(|index| {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(192, 0, 0, 0)) + index * 256);
        Cidr::new(IpAddr::V4(address), 24).expect("24 bits")
    })
}

fn groups(lists: Lists) -> Rc<StatefulFilter> {
    let rule = |block: Cidr| FilterRule {
        protocol: Some(Protocol::TCP),
        ports: Ports::Range(1, 65_535),
        peer: Peer::Block(block),
        by: CiteId(2),
    };
    let most: Vec<FilterRule> = strangers(lists.group_rules.saturating_sub(1)).map(rule).collect();
    let mut egress = most.clone();
    egress.push(rule(Cidr::ALL_V4));
    Rc::new(StatefulFilter { ingress: most, egress, ..StatefulFilter::default() })
}

fn acl(lists: Lists) -> Rc<StatelessFilter> {
    let rule = |block: Cidr, allow: bool| StatelessRule {
        protocol: Some(Protocol::TCP),
        ports: Ports::Range(1, 65_535),
        block,
        allow,
        by: CiteId(3),
    };
    let mut entries: Vec<_> = strangers(lists.acl_entries.saturating_sub(1)).map(|block| rule(block, false)).collect();
    entries.push(rule(Cidr::ALL_V4, true));
    Rc::new(StatelessFilter { ingress: entries.clone(), egress: entries })
}

fn fib(lists: Lists, default: NextHop, endpoint: Option<PortId>) -> Fib {
    let mut fib = Fib::new(CiteId::NONE);
    let entry = |hop| FibEntry { hop, by: CiteId(8) };
    for block in strangers(lists.routes.saturating_sub(3)) {
        fib.insert(block, entry(NextHop::Blackhole));
    }
    fib.insert(cidr("10.0.0.0/8"), entry(NextHop::Local));
    fib.insert(Cidr::ALL_V4, entry(default));
    if let Some(port) = endpoint {
        fib.insert(cidr("52.218.0.0/17"), entry(NextHop::Gateway(port)));
    }
    fib
}
