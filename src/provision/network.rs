//! The graph that stands for a world's records: an engine, its boxes by resource id, and the names of everything in
//! it. Decides nothing about packets.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use super::classic::ClassicBox;
use super::hosts::CarrierInfo;
use super::settings::{QUEUE_BYTES, Settings};
use crate::base::*;
use crate::data_plane::{Fib, Internet, Members, StatefulFilter, StatelessFilter};
use crate::engine::{Engine, LineSpec, LinkSpec, Node};
use crate::trace::{Citations, Cite, CiteId, Component, Directory, NodeId, NodeInfo, PortId};

/// One running graph.
pub struct Network {
    /// Nodes, links and events.
    pub engine: Engine,
    /// What handles in steps stand for.
    pub citations: Citations,
    /// What nodes, ports and programs are called.
    pub directory: Directory,
    pub(super) settings: Settings,
    pub(super) internet: NodeId,
    pub(super) vpcs: BTreeMap<VpcId, VpcBoxes>,
    pub(super) hosts: BTreeMap<InstanceId, HostBox>,
    pub(super) outside: BTreeMap<String, NodeId>,
    /// Networks on premises by the customer gateway or virtual interface that ends in them.
    pub(super) premises: BTreeMap<String, NodeId>,
    /// A gateway's port for each VPN connection or virtual interface.
    pub(super) connections: BTreeMap<String, PortId>,
    pub(super) classics: BTreeMap<RegionName, ClassicBox>,
    pub(super) services: BTreeMap<(RegionName, ServiceName), ServiceBox>,
    pub(super) members: BTreeMap<SecurityGroupId, GroupMembers>,
    pub(super) lists: BTreeMap<(RegionName, PrefixListId), Rc<PrefixTable<()>>>,
    pub(super) free_ports: BTreeMap<NodeId, u32>,
    pub(super) outside_resolvers: Vec<NodeId>,
    pub(super) nats: BTreeMap<NatGatewayId, NodeId>,
    /// What stands behind interfaces of services that are not modelled.
    pub(super) unmodeled: BTreeMap<NetworkInterfaceId, NodeId>,
    pub(super) resolvers: BTreeMap<VpcId, (NodeId, PortId)>,
    pub(super) stopped: BTreeSet<InstanceId>,
    pub(super) carriers: Rc<RefCell<BTreeMap<(NodeId, PortId), CarrierInfo>>>,
}

/// The boxes of one VPC.
pub(super) struct VpcBoxes {
    pub(super) router: NodeId,
    pub(super) subnets: BTreeMap<SubnetId, u32>,
    /// The router's edge for links of EC2-Classic instances.
    pub(super) classic_edge: Option<u32>,
    /// The router's port for each interface.
    pub(super) interfaces: BTreeMap<NetworkInterfaceId, PortId>,
    /// The router's port for each gateway, by the gateway's id, and the box behind it.
    pub(super) gateways: BTreeMap<String, (PortId, NodeId)>,
    pub(super) tables: BTreeMap<RouteTableId, Rc<Fib>>,
    pub(super) acls: BTreeMap<NetworkAclId, Rc<StatelessFilter>>,
    pub(super) filters: BTreeMap<BTreeSet<SecurityGroupId>, Rc<StatefulFilter>>,
    /// Which private addresses each interface has at the internet gateway.
    pub(super) translated: BTreeMap<NetworkInterfaceId, Vec<(IpAddr, IpAddr)>>,
}

/// The host of an instance.
pub(super) struct HostBox {
    pub(super) node: NodeId,
    /// Its port for each interface.
    pub(super) ports: BTreeMap<NetworkInterfaceId, PortId>,
}

/// The front end of a service.
pub(super) struct ServiceBox {
    pub(super) node: NodeId,
    pub(super) internet_port: PortId,
    pub(super) ranges: BTreeSet<Cidr>,
}

/// The members of a group, and where each interface's addresses stand among them.
#[derive(Default)]
pub(super) struct GroupMembers {
    pub(super) addresses: Members,
}

impl Network {
    /// A graph with nothing in it but the internet.
    pub fn new(settings: Settings) -> Self {
        let mut network = Self {
            engine: Engine::new(),
            citations: Citations::new(),
            directory: Directory::default(),
            settings,
            internet: NodeId(0),
            vpcs: BTreeMap::new(),
            hosts: BTreeMap::new(),
            outside: BTreeMap::new(),
            premises: BTreeMap::new(),
            connections: BTreeMap::new(),
            classics: BTreeMap::new(),
            services: BTreeMap::new(),
            members: BTreeMap::new(),
            lists: BTreeMap::new(),
            free_ports: BTreeMap::new(),
            outside_resolvers: Vec::new(),
            nats: BTreeMap::new(),
            unmodeled: BTreeMap::new(),
            resolvers: BTreeMap::new(),
            stopped: BTreeSet::new(),
            carriers: Rc::default(),
        };
        let cite = network.citations.intern(Cite::new(Component::Internet, "internet", "internet"));
        let mut internet = Internet::new(false, INTERNET_ROUTER.into(), cite);
        internet.router_v6 = Some(INTERNET_ROUTER_V6.into());
        network.internet = network.add(internet, Component::Internet, "internet", "internet", &[]);
        // A traceroute's hop in between is the internet's; the node has no address of its own, for it is no host.
        for router in [IpAddr::from(INTERNET_ROUTER), INTERNET_ROUTER_V6.into()] {
            network.directory.addresses.insert(router, "internet".to_owned());
        }
        network
    }

    /// The machines outside that answer DNS: the internet's own, and one in each network on premises.
    pub fn outside_resolvers(&self) -> Vec<NodeId> {
        self.outside_resolvers.clone()
    }

    /// The settings it was built with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The node that is the internet.
    pub fn internet(&self) -> NodeId {
        self.internet
    }

    /// The machines of instances that do not run.
    pub fn stopped_hosts(&self) -> BTreeSet<NodeId> {
        self.stopped.iter().filter_map(|id| self.host_of(id)).collect()
    }

    /// The node of an instance.
    pub fn host_of(&self, instance: &InstanceId) -> Option<NodeId> {
        self.hosts.get(instance).map(|host| host.node)
    }

    /// The node of a host on the internet, or on premises, by its name.
    pub fn outside_host(&self, name: &str) -> Option<NodeId> {
        self.outside.get(name).copied()
    }

    /// The router of a VPC.
    pub fn router_of(&self, vpc: &VpcId) -> Option<NodeId> {
        self.vpcs.get(vpc).map(|boxes| boxes.router)
    }

    /// The router's port of an interface.
    pub fn port_of(&self, vpc: &VpcId, interface: &NetworkInterfaceId) -> Option<(NodeId, PortId)> {
        let boxes = self.vpcs.get(vpc)?;
        Some((boxes.router, *boxes.interfaces.get(interface)?))
    }

    /// The box of a gateway of a VPC, by the gateway's id.
    pub fn gateway_of(&self, vpc: &VpcId, id: &str) -> Option<NodeId> {
        self.vpcs.get(vpc)?.gateways.get(id).map(|(_, node)| *node)
    }

    /// The front end of a service.
    pub fn service_of(&self, region: &RegionName, service: &ServiceName) -> Option<NodeId> {
        self.services.get(&(region.clone(), service.clone())).map(|service| service.node)
    }

    /// All front ends, with their regions and services.
    pub fn services(&self) -> impl Iterator<Item = (&RegionName, &ServiceName, NodeId)> {
        self.services.iter().map(|((region, service), front)| (region, service, front.node))
    }

    pub(super) fn add(
        &mut self,
        node: impl Node,
        component: Component,
        id: &str,
        name: &str,
        addresses: &[IpAddr],
    ) -> NodeId {
        let node = self.engine.add(node);
        let name = if name.is_empty() { id } else { name };
        for address in addresses {
            self.directory.addresses.insert(*address, name.to_owned());
        }
        self.directory.nodes.push(NodeInfo {
            component,
            id: id.to_owned(),
            name: name.to_owned(),
            addresses: addresses.to_vec(),
        });
        node
    }

    /// A port of a node that numbers its ports as they come.
    pub(super) fn next_port(&mut self, node: NodeId, first: u32) -> PortId {
        let next = self.free_ports.entry(node).or_insert(first);
        *next += 1;
        PortId(*next - 1)
    }

    pub(super) fn cite(&mut self, cite: Cite) -> CiteId {
        self.citations.intern(cite)
    }
}

/// The resolver that hosts outside of VPCs ask: a documentation address (RFC 5737).
pub const INTERNET_RESOLVER: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 0, 2, 53);
/// Where errors of the internet's routers come from: a documentation address (RFC 5737), for there is no real router.
const INTERNET_ROUTER: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 0, 2, 1);
/// The same for IPv6 (RFC 3849).
const INTERNET_ROUTER_V6: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1);

/// A link of `delay_micros` in each direction at `rate`: for scenarios that state one.
pub fn limited(delay: std::time::Duration, rate: Option<u64>, mtu: u32) -> LinkSpec {
    LinkSpec::both(LineSpec { delay, rate, mtu, queue_bytes: QUEUE_BYTES })
}
