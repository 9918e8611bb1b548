//! Machines: an instance's host with a port for each interface, services' front ends, resolvers, hosts of the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::nat_instance::NatInstance;
use super::network::{HostBox, Network, ServiceBox};
use crate::base::*;
use crate::control_plane::{Instance, InstanceState, NetworkInterface, Region, Scope, Service, Vpc};
use crate::data_plane::{Attachment, Internet, VpcRouter};
use crate::engine::{LineSpec, LinkSpec};
use crate::host::{Host, HostConfig, HostInterface, HostSettings};
use crate::trace::{Cite, Component, NodeId, PortId};

/// What carries packets to a service's port: an endpoint, by the port that it has at the service's front end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierInfo {
    /// The endpoint.
    pub endpoint: VpcEndpointId,
    /// Its VPC.
    pub vpc: VpcId,
    /// The account and region of the VPC.
    pub scope: Scope,
}

/// A host that belongs to no account: on the internet, or in a company's own network.
#[derive(Clone, Debug)]
pub struct OutsideHost {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its settings.
    pub settings: HostSettings,
    /// Its link, if not the default one.
    pub link: Option<LinkSpec>,
}

impl Network {
    /// The machine of an instance, stopped or running as its record says.
    pub(super) fn follow_instance(&mut self, region: &Region, id: &InstanceId) {
        let Some(record) = region.instances().get(id) else { return };
        let running = record.state == InstanceState::Running;
        if !self.hosts.contains_key(id) {
            if !record.is_live() {
                return;
            }
            let name = record.tags.name.clone().unwrap_or_else(|| id.to_string());
            let settings = self.settings_of(id);
            let mut ports = BTreeMap::new();
            number_ports(&mut ports, record);
            let addresses_of = |interface: &NetworkInterfaceId| -> Vec<IpAddr> {
                region.network_interfaces().get(interface).map(|i| i.addresses().collect()).unwrap_or_default()
            };
            let interfaces = record.interfaces.values().map(|i| HostInterface { addresses: addresses_of(i) }).collect();
            let addresses: Vec<IpAddr> = record.interfaces.values().flat_map(addresses_of).collect();
            let seed = self.settings.seed;
            let config = HostConfig { name: name.clone(), seed, interfaces, prefixes: Vec::new(), settings };
            let node = self.add(Host::new(config), Component::Instance, id.as_str(), &name, &addresses);
            self.hosts.insert(id.clone(), HostBox { node, ports });
            if self.settings.nat_instances.contains(id) {
                self.make_nat_instance(region, id, node);
            }
            if !running {
                self.stopped.insert(id.clone());
                self.engine.with::<Host, _>(node, &mut (), |host, out| host.stop(out));
            }
            return;
        }
        let node = self.hosts[id].node;
        let was_running = !self.stopped.contains(id);
        if was_running && !running {
            self.stopped.insert(id.clone());
            self.engine.with::<Host, _>(node, &mut (), |host, out| host.stop(out));
        } else if !was_running && running {
            self.stopped.remove(id);
            if let Some(host) = self.engine.node_mut::<Host>(node) {
                host.resume();
            }
            if self.settings.nat_instances.contains(id) {
                // It has forgotten what it translated.
                self.make_nat_instance(region, id, node);
            }
        }
    }

    /// A machine for an instance that is yet to be launched: it has a place in the graph and no interface, and does not run.
    pub fn expect_instance(&mut self, id: &InstanceId, name: &str) -> NodeId {
        let settings = self.settings_of(id);
        let (interfaces, prefixes) = Default::default();
        let config = HostConfig { name: name.to_owned(), seed: self.settings.seed, interfaces, prefixes, settings };
        let node = self.add(Host::new(config), Component::Instance, id.as_str(), name, &[]);
        self.hosts.insert(id.clone(), HostBox { node, ports: BTreeMap::new() });
        self.stopped.insert(id.clone());
        self.engine.with::<Host, _>(node, &mut (), |host, out| host.stop(out));
        node
    }

    fn settings_of(&self, id: &InstanceId) -> Arc<HostSettings> {
        let own = self.settings.hosts.get(id);
        own.cloned().unwrap_or_else(|| Arc::clone(&self.settings.instance))
    }

    fn make_nat_instance(&mut self, region: &Region, id: &InstanceId, node: NodeId) {
        let Some(record) = region.instances().get(id) else { return };
        let interface = record.primary_interface().and_then(|interface| region.network_interfaces().get(interface));
        let Some(address) = interface.and_then(NetworkInterface::primary_address) else { return };
        let blocks = region.vpcs().get(&record.vpc_id).map(|vpc| vpc.cidr_blocks.clone()).unwrap_or_default();
        let name = self.directory.node(node).to_owned();
        let cite = self.cite(Cite::new(Component::Instance, id.as_str(), name));
        let limits = self.settings.nat;
        if let Some(host) = self.engine.node_mut::<Host>(node) {
            host.set_forwarder(Some(Box::new(NatInstance::new(address.into(), blocks, limits, cite))));
        }
    }

    /// The port of an instance's machine for one of its interfaces.
    pub(super) fn place_on_host(
        &mut self,
        region: &Region,
        instance: &InstanceId,
        record: &NetworkInterface,
    ) -> Option<(NodeId, PortId)> {
        if !self.hosts.contains_key(instance) {
            self.follow_instance(region, instance);
        }
        let host = self.hosts.get_mut(instance)?;
        if let Some(machine) = region.instances().get(instance) {
            number_ports(&mut host.ports, machine);
        }
        let next = next_port(&host.ports);
        let port = *host.ports.entry(record.id.clone()).or_insert(next);
        let node = host.node;
        let addresses: Vec<IpAddr> = record.addresses().collect();
        let name = self.directory.node(node).to_owned();
        for address in &addresses {
            self.directory.addresses.insert(*address, name.clone());
        }
        if let Some(host) = self.engine.node_mut::<Host>(node) {
            host.set_interface(port, HostInterface { addresses });
        }
        Some((node, port))
    }

    /// The link between an interface's port and its machine.
    pub(super) fn link_of(&self, record: &NetworkInterface) -> LinkSpec {
        let name = record.tags.name.as_deref().unwrap_or_default();
        let by_instance =
            record.instance_id().and_then(|id| self.hosts.get(id)).map(|host| self.directory.node(host.node));
        let links = &self.settings.instance_links;
        let named = links.get(name).or_else(|| links.get(record.instance_id()?.as_str()));
        let named = named.or_else(|| self.settings.instance_links.get(by_instance.unwrap_or_default()));
        named.copied().unwrap_or(self.settings.links.instance)
    }

    /// A service's front end: a machine that has all of the service's current ranges.
    pub(super) fn follow_service(&mut self, region: &RegionName, service: &Service) {
        let key = (region.clone(), service.name.clone());
        let ranges: BTreeSet<Cidr> = service.ranges.iter().chain(&service.ipv6_ranges).copied().collect();
        if !self.services.contains_key(&key) {
            let name = front_name(region, &service.name);
            let mut config = HostConfig::new(&name, self.settings.seed, []);
            config.prefixes = ranges.iter().copied().collect();
            config.settings = Arc::clone(&self.settings.service);
            let node = self.add(Host::new(config), Component::Service, service.name.as_str(), &name, &[]);
            let internet = self.internet;
            let internet_port = self.next_port(internet, 0);
            let link = self.settings.links.service;
            self.engine.connect((internet, internet_port), (node, PortId(0)), link);
            self.directory.ports.insert((internet, internet_port), name);
            self.directory.regions.insert(node, region.to_string());
            self.services.insert(key.clone(), ServiceBox { node, internet_port, ranges: BTreeSet::new() });
        }
        let front = self.services.get_mut(&key).expect("made above");
        let (node, port) = (front.node, front.internet_port);
        let had = std::mem::replace(&mut front.ranges, ranges.clone());
        for block in had.difference(&ranges) {
            self.directory.blocks.remove(block);
            self.internet_mut().unroute(*block);
        }
        for block in &ranges {
            self.directory.blocks.insert(*block, node);
            self.internet_mut().route(*block, port);
        }
        if let Some(host) = self.engine.node_mut::<Host>(node) {
            host.set_prefixes(ranges.into_iter().collect());
        }
    }

    /// Remembers which endpoint a port of a front end stands for.
    pub(super) fn note_carrier(
        &mut self,
        scope: &Scope,
        service: &ServiceName,
        carrier: PortId,
        endpoint: &VpcEndpointId,
        vpc: &VpcId,
    ) {
        let Some(front) = self.service_of(&scope.region, service) else { return };
        let info = CarrierInfo { endpoint: endpoint.clone(), vpc: vpc.clone(), scope: scope.clone() };
        let name = self.gateway_of(vpc, endpoint.as_str()).map(|node| self.directory.node(node).to_owned());
        self.directory.ports.insert((front, carrier), name.unwrap_or_else(|| endpoint.to_string()));
        self.carriers.borrow_mut().insert((front, carrier), info);
    }

    /// Which endpoint each port of a service's front end stands for; shared with the services.
    pub fn carriers(&self) -> Rc<std::cell::RefCell<BTreeMap<(NodeId, PortId), CarrierInfo>>> {
        Rc::clone(&self.carriers)
    }

    /// The VPC's resolver: a machine at the router that no filter and no route stands in front of. Its program is
    /// started by whoever runs the world.
    pub(super) fn follow_resolver(&mut self, vpc: &Vpc, router: NodeId) {
        let Some(base) = vpc.resolver_address() else { return };
        let addresses = vec![base, LINK_LOCAL_RESOLVER.into()];
        let known = self.resolvers.get(&vpc.id).copied();
        let (node, port) = known.unwrap_or_else(|| {
            let name = format!("resolver of {}", self.directory.node(router));
            let mut config = HostConfig::new(&name, self.settings.seed, addresses.clone());
            config.settings = Arc::clone(&self.settings.service);
            let node = self.add(Host::new(config), Component::Service, &name, &name, &[]);
            let port = self.router(router).attach(Attachment::Resolver);
            let line = LineSpec { mtu: super::VPC_MTU, ..LineSpec::delayed(RESOLVER_DELAY, super::VPC_MTU) };
            self.engine.connect((router, port), (node, PortId(0)), LinkSpec::both(line));
            self.directory.ports.insert((router, port), name);
            self.resolvers.insert(vpc.id.clone(), (node, port));
            (node, port)
        });
        self.directory.addresses.insert(base, self.directory.node(node).to_owned());
        // Without DNS support its addresses are answered by nobody (facts V2).
        let on = vpc.enable_dns_support;
        let router: &mut VpcRouter = self.router(router);
        router.resolver = Some((addresses, if on { port } else { NOWHERE }));
    }

    /// The resolver of a VPC.
    pub fn resolver_of(&self, vpc: &VpcId) -> Option<NodeId> {
        self.resolvers.get(vpc).map(|(node, _)| *node)
    }

    /// Puts a host on the internet.
    pub fn add_internet_host(&mut self, host: OutsideHost) -> NodeId {
        let internet = self.internet;
        let link = host.link.unwrap_or(self.settings.links.internet_host);
        self.add_outside_host(internet, host, link)
    }

    /// Puts a machine that answers DNS into a network outside; its program is started by whoever runs the world.
    pub(super) fn add_outside_resolver(&mut self, network: NodeId, name: String) {
        let settings = HostSettings::clone(&self.settings.service);
        let addresses = vec![IpAddr::V4(super::INTERNET_RESOLVER)];
        let host = OutsideHost { name, addresses, settings, link: None };
        let link = LinkSpec::both(LineSpec::delayed(RESOLVER_DELAY, super::INTERNET_MTU));
        let node = self.add_outside_host(network, host, link);
        self.outside_resolvers.push(node);
    }

    pub(super) fn add_outside_host(&mut self, network: NodeId, host: OutsideHost, link: LinkSpec) -> NodeId {
        let config = HostConfig::new(&host.name, self.settings.seed, host.addresses.clone()).with(host.settings);
        let node = self.add(Host::new(config), Component::Internet, &host.name, &host.name, &host.addresses);
        let port = self.next_port(network, 0);
        self.engine.connect((network, port), (node, PortId(0)), link);
        self.directory.ports.insert((network, port), host.name.clone());
        if let Some(network) = self.engine.node_mut::<Internet>(network) {
            for address in &host.addresses {
                network.route(Cidr::host(*address), port);
            }
        }
        self.outside.insert(host.name, node);
        node
    }
}

/// Gives each interface of a machine that has no port yet the next one, in the order of their device indexes: those have
/// gaps and may be large, ports have none. So the primary interface has port 0.
fn number_ports(ports: &mut BTreeMap<NetworkInterfaceId, PortId>, record: &Instance) {
    for interface in record.interfaces.values() {
        let next = next_port(ports);
        ports.entry(interface.clone()).or_insert(next);
    }
}

fn next_port(ports: &BTreeMap<NetworkInterfaceId, PortId>) -> PortId {
    PortId(u32::try_from(ports.len()).expect("fewer than four billion interfaces"))
}

/// What a front end is called: `s3 us-west-2`.
pub(super) fn front_name(region: &RegionName, service: &ServiceName) -> String {
    let short = service.as_str().rsplit('.').next().unwrap_or(service.as_str());
    format!("{short} {region}")
}

/// The resolver's other address in every VPC (facts V2).
const LINK_LOCAL_RESOLVER: std::net::Ipv4Addr = std::net::Ipv4Addr::new(169, 254, 169, 253);
/// How far the resolver is: it runs on the instance's own hardware. Ours.
const RESOLVER_DELAY: std::time::Duration = std::time::Duration::from_micros(100);
/// A port at which nothing is attached.
const NOWHERE: PortId = PortId(u32::MAX);
