//! EC2-Classic: its network of each region, the machines in it, and their links to VPCs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::network::{HostBox, Network};
use crate::base::*;
use crate::control_plane::{ClassicInstance, ClassicLink, InstanceState, Region, Scope, SecurityGroup, World};
use crate::data_plane::{
    Attachment, ClassicNetwork, Fib, FibEntry, Interface, NextHop, Ports, StatelessFilter, StatelessRule, SubnetEdge,
};
use crate::engine::{LineSpec, LinkSpec};
use crate::host::{Host, HostConfig, HostInterface};
use crate::trace::{Cite, CiteId, Component, NodeId, PortId};

/// EC2-Classic of one region.
pub(super) struct ClassicBox {
    node: NodeId,
    internet_port: PortId,
    /// The router's port of each instance that is linked, with its VPC.
    links: BTreeMap<InstanceId, (VpcId, PortId)>,
}

impl Network {
    /// The machine of an EC2-Classic instance, and its link to a VPC, as the record says.
    pub(super) fn follow_classic_instance(&mut self, world: &World, scope: &Scope, region: &Region, id: &InstanceId) {
        let Some(record) = region.classic_instances().get(id) else { return };
        if record.state != InstanceState::Running {
            return;
        }
        if !self.hosts.contains_key(id) {
            self.place_classic_machine(&scope.region, record);
        }
        let linked = self.classics[&scope.region].links.get(id).map(|(vpc, _)| vpc.clone());
        let wanted = record.link.as_ref().map(|link| &link.vpc_id);
        if linked.is_some() && linked.as_ref() != wanted {
            self.unlink(&scope.region, record);
        }
        if let Some(link) = &record.link {
            self.link(world, scope, region, record, link);
        }
    }

    /// Fills a group's members with the linked instances that have it, too.
    pub(super) fn linked_members(region: &Region, group: &SecurityGroup) -> Vec<IpAddr> {
        let instances = region.classic_instances().values();
        let has =
            |instance: &&ClassicInstance| instance.link.as_ref().is_some_and(|link| link.groups.contains(&group.id));
        instances.filter(has).map(|instance| IpAddr::V4(instance.private_address)).collect()
    }

    fn place_classic_machine(&mut self, region: &RegionName, record: &ClassicInstance) {
        self.open_classic(region);
        let (network, internet_port) = (self.classics[region].node, self.classics[region].internet_port);
        let name = record.tags.name.clone().unwrap_or_else(|| record.id.to_string());
        let own = self.settings.hosts.get(&record.id);
        let settings = own.cloned();
        let settings = settings.unwrap_or_else(|| Arc::clone(&self.settings.instance));
        let (private, public) = (IpAddr::V4(record.private_address), IpAddr::V4(record.public_address));
        let interfaces = vec![HostInterface { addresses: vec![private] }];
        let seed = self.settings.seed;
        let config = HostConfig { name: name.clone(), seed, interfaces, prefixes: Vec::new(), settings };
        let id = record.id.as_str();
        let node = self.add(Host::new(config), Component::Instance, id, &name, &[private, public]);
        let port = self.next_port(network, 1);
        let links = &self.settings.instance_links;
        let link =
            links.get(record.id.as_str()).or_else(|| links.get(&name)).copied().unwrap_or(self.settings.links.instance);
        // EC2-Classic carried no jumbo frames (facts V7's source).
        let narrow = |line: LineSpec| LineSpec { mtu: line.mtu.min(super::INTERNET_MTU), ..line };
        let link = LinkSpec { there: narrow(link.there), back: narrow(link.back) };
        self.engine.connect((network, port), (node, PortId(0)), link);
        self.directory.ports.insert((network, port), name);
        if let Some(classic) = self.engine.node_mut::<ClassicNetwork>(network) {
            classic.join(port, private, public);
        }
        self.internet_mut().route(Cidr::host(public), internet_port);
        self.hosts.insert(record.id.clone(), HostBox { node, ports: BTreeMap::new() });
    }

    /// The network itself, made with its first instance.
    fn open_classic(&mut self, region: &RegionName) {
        if self.classics.contains_key(region) {
            return;
        }
        let name = format!("ec2-classic {region}");
        let cite = self.cite(Cite::new(Component::ClassicLink, &name, &name));
        let node = self.add(ClassicNetwork::new(cite), Component::ClassicLink, &name, &name, &[]);
        let internet_port = self.attach_to_internet(node, ClassicNetwork::INTERNET);
        self.classics.insert(region.clone(), ClassicBox { node, internet_port, links: BTreeMap::new() });
    }

    /// An instance's link: a port of the VPC's router, guarded by the link's groups, on an edge that knows no way but
    /// to the VPC's own addresses.
    fn link(&mut self, world: &World, scope: &Scope, region: &Region, record: &ClassicInstance, link: &ClassicLink) {
        let vpc = &link.vpc_id;
        let Some(router) = self.router_of(vpc) else { return };
        let blocks: Vec<Cidr> = region.vpcs().get(vpc).map(|vpc| vpc.cidr_blocks.clone()).unwrap_or_default();
        let edge = self.classic_edge(vpc, &blocks);
        let filter = self.filter_of(world, scope, region, vpc, &link.groups);
        let private = IpAddr::V4(record.private_address);
        let name = record.tags.name.clone().unwrap_or_else(|| record.id.to_string());
        let mut interface = Interface::new(vec![private], edge, Some(filter));
        interface.cite =
            self.cite(Cite::new(Component::ClassicLink, record.id.as_str(), &name).detail("ClassicLink").rule("R26"));
        let attachment = Attachment::Interface(Box::new(interface));
        let network = self.classics[&scope.region].node;
        if let Some((_, port)) = self.classics[&scope.region].links.get(&record.id) {
            let port = *port;
            self.router(router).set(port, attachment);
            return;
        }
        let port = self.router(router).attach(attachment);
        let its_port = self.next_port(network, 1);
        let line = LineSpec { mtu: super::INTERNET_MTU, ..LineSpec::DIRECT };
        self.engine.connect((router, port), (network, its_port), LinkSpec::both(line));
        self.directory.ports.insert((router, port), format!("ClassicLink of {name}"));
        self.directory.ports.insert((network, its_port), format!("ClassicLink of {name}"));
        if let Some(classic) = self.engine.node_mut::<ClassicNetwork>(network) {
            classic.link(private, Some((its_port, blocks)));
        }
        let links = self.classics.get_mut(&scope.region).map(|classic| &mut classic.links);
        links.expect("opened with the instance").insert(record.id.clone(), (vpc.clone(), port));
    }

    fn unlink(&mut self, region: &RegionName, record: &ClassicInstance) {
        let classic = self.classics.get_mut(region).expect("opened with the instance");
        let node = classic.node;
        let Some((vpc, port)) = classic.links.remove(&record.id) else { return };
        if let Some(router) = self.router_of(&vpc) {
            self.router(router).set(port, Attachment::Vacant);
            self.engine.disconnect((router, port));
        }
        if let Some(classic) = self.engine.node_mut::<ClassicNetwork>(node) {
            classic.link(IpAddr::V4(record.private_address), None);
        }
    }

    /// The edge of a VPC's router where its links are.
    fn classic_edge(&mut self, vpc: &VpcId, blocks: &[Cidr]) -> u32 {
        let cite = |detail: &str| Cite::new(Component::ClassicLink, vpc.as_str(), "ClassicLink").detail(detail);
        let none = self.cite(cite("leads to the VPC's own addresses only").rule("R26"));
        let mut fib = Fib::new(none);
        for block in blocks {
            let by = self.cite(cite(&format!("{block} → local")));
            fib.insert(*block, FibEntry { hop: NextHop::Local, by });
        }
        // No network ACL stands at a link; those of the subnets behind it are met on their own edges.
        let open = |block| StatelessRule { protocol: None, ports: Ports::Any, block, allow: true, by: CiteId::NONE };
        let acl = StatelessFilter { ingress: vec![open(Cidr::ALL_V4)], egress: vec![open(Cidr::ALL_V4)] };
        let router = blocks.first().map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), Cidr::network);
        let edge = SubnetEdge { blocks: Vec::new(), acl: Rc::new(acl), fib: Rc::new(fib), router };
        let known = self.vpcs[vpc].classic_edge;
        let node = self.vpcs[vpc].router;
        let router = self.router(node);
        let index = known.unwrap_or_else(|| {
            router.subnets.push(edge.clone());
            router.subnets.len() as u32 - 1
        });
        router.subnets[index as usize] = edge;
        router.touch();
        self.vpc_boxes(vpc).classic_edge = Some(index);
        index
    }
}

/// The EC2-Classic instances that a change of these VPCs or groups concerns.
pub(super) fn linked_to(
    region: &Region,
    vpcs: &BTreeSet<VpcId>,
    groups: &BTreeSet<SecurityGroupId>,
) -> Vec<InstanceId> {
    let concerned = |link: &ClassicLink| vpcs.contains(&link.vpc_id) || !link.groups.is_disjoint(groups);
    let instances = region.classic_instances().values();
    instances.filter(|one| one.link.as_ref().is_some_and(concerned)).map(|one| one.id.clone()).collect()
}
