//! Network interface records → guarded ports of their VPC's router, machines behind them, and public addresses.

use std::net::IpAddr;

use super::network::Network;
use crate::base::*;
use crate::control_plane::{InstanceState, InterfaceType, NetworkInterface, Region, Scope, World};
use crate::data_plane::{Attachment, Interface, InternetGateway, NatGateway, Unmodeled};
use crate::trace::{Cite, Component, NodeId, PortId};

impl Network {
    /// Brings an interface's port to what its record says, or takes it off if there is none any more.
    pub(super) fn follow_interface(
        &mut self,
        world: &World,
        scope: &Scope,
        region: Option<&Region>,
        id: &NetworkInterfaceId,
    ) {
        let record = region.and_then(|region| region.network_interfaces().get(id));
        let (Some(region), Some(record)) = (region, record) else { return self.remove_interface(id) };
        let Some(boxes) = self.vpcs.get(&record.vpc_id) else { return };
        let router = boxes.router;
        let Some(subnet) = boxes.subnets.get(&record.subnet_id).copied() else { return };
        let filter =
            (!record.groups.is_empty()).then(|| self.filter_of(world, scope, region, &record.vpc_id, &record.groups));
        let addresses: Vec<IpAddr> = record.addresses().collect();
        let mut interface = Interface::new(addresses, subnet, filter);
        interface.source_dest_check = record.source_dest_check;
        interface.internet_only = world.era == Era::Y2017 && record.interface_type == InterfaceType::NatGateway;
        interface.running = is_running(region, record);
        let name = interface_name(region, record);
        interface.cite = self.cite(Cite::new(Component::NetworkInterface, id.as_str(), &name));
        let attachment = Attachment::Interface(Box::new(interface));
        let known = self.vpcs[&record.vpc_id].interfaces.get(id).copied();
        let port = match known {
            Some(port) => {
                self.router(router).set(port, attachment);
                port
            }
            None => {
                let port = self.router(router).attach(attachment);
                self.vpc_boxes(&record.vpc_id).interfaces.insert(id.clone(), port);
                self.directory.ports.insert((router, port), name);
                port
            }
        };
        if self.settings.tracks_gateways && record.interface_type == InterfaceType::NatGateway {
            self.router(router).track_all_by(port);
        }
        self.place_machine(region, record, (router, port));
        self.translate(region, record);
    }

    /// Links an interface's port with the machine it belongs to.
    fn place_machine(&mut self, region: &Region, record: &NetworkInterface, end: (NodeId, PortId)) {
        let machine = match (&record.interface_type, record.instance_id()) {
            (_, Some(instance)) => self.place_on_host(region, instance, record),
            (InterfaceType::NatGateway, None) => {
                let owner = region.nat_gateways().values().find(|nat| {
                    nat.is_live() && nat.addresses.iter().any(|address| address.network_interface_id == record.id)
                });
                owner.and_then(|nat| self.nats.get(&nat.id)).map(|node| (*node, NatGateway::INTERFACE))
            }
            (InterfaceType::VpcEndpoint | InterfaceType::Other(_), None) => Some(self.place_unmodeled(record)),
            // An interface that is attached to nothing has nothing behind it.
            (InterfaceType::Interface, None) => None,
        };
        match machine {
            Some(machine) if self.engine.peer(end) == Some(machine) => {}
            Some(machine) => {
                self.engine.disconnect(machine);
                let link = self.link_of(record);
                self.engine.connect(end, machine, link);
            }
            None => self.engine.disconnect(end),
        }
    }

    fn place_unmodeled(&mut self, record: &NetworkInterface) -> (NodeId, PortId) {
        if let Some(node) = self.unmodeled.get(&record.id) {
            return (*node, PortId(0));
        }
        let name = record.description.clone();
        let cite = self.cite(Cite::new(Component::NetworkInterface, record.id.as_str(), &name));
        let addresses: Vec<IpAddr> = record.addresses().collect();
        let node = self.add(Unmodeled { cite }, Component::NetworkInterface, record.id.as_str(), &name, &addresses);
        self.unmodeled.insert(record.id.clone(), node);
        (node, PortId(0))
    }

    fn remove_interface(&mut self, id: &NetworkInterfaceId) {
        let Some(vpc) = self.vpcs.iter().find(|(_, b)| b.interfaces.contains_key(id)).map(|(vpc, _)| vpc.clone())
        else {
            return;
        };
        self.set_translations(&vpc, id, Vec::new());
        let boxes = self.vpc_boxes(&vpc);
        let router = boxes.router;
        if let Some(port) = boxes.interfaces.remove(id) {
            self.router(router).set(port, Attachment::Vacant);
            self.engine.disconnect((router, port));
        }
    }

    /// The public addresses of an interface at the VPC's internet gateway. Only an attached interface has any: a bare
    /// one cannot be reached (facts I4).
    fn translate(&mut self, region: &Region, record: &NetworkInterface) {
        let attached = record.attachment.is_some();
        let pairs = record.private_addresses.iter().filter(|_| attached).filter_map(|private| {
            let public = private.association.as_ref()?.public_ip;
            Some((IpAddr::V4(private.address), IpAddr::V4(public)))
        });
        let pairs: Vec<(IpAddr, IpAddr)> = pairs.collect();
        let name = interface_name(region, record);
        for (private, public) in &pairs {
            self.directory.addresses.insert(*public, name.clone());
            self.directory.addresses.entry(*private).or_insert_with(|| name.clone());
        }
        self.set_translations(&record.vpc_id, &record.id, pairs);
    }

    /// The translations of all interfaces of a VPC, at a gateway that was just attached.
    pub(super) fn translate_all(&mut self, region: &Region, vpc: &VpcId) {
        let ids: Vec<NetworkInterfaceId> = self.vpcs[vpc].interfaces.keys().cloned().collect();
        for record in ids.iter().filter_map(|id| region.network_interfaces().get(id)) {
            self.vpc_boxes(vpc).translated.remove(&record.id);
            self.translate(region, record);
        }
    }

    /// Forgets what a gateway translated; it is about to be detached.
    pub(super) fn withdraw_translations(&mut self, vpc: &VpcId, _gateway: &str) {
        let ids: Vec<NetworkInterfaceId> = self.vpcs[vpc].translated.keys().cloned().collect();
        for id in ids {
            self.set_translations(vpc, &id, Vec::new());
        }
    }

    fn set_translations(&mut self, vpc: &VpcId, id: &NetworkInterfaceId, pairs: Vec<(IpAddr, IpAddr)>) {
        let had = self.vpcs[vpc].translated.get(id).cloned().unwrap_or_default();
        if had == pairs {
            return;
        }
        let gateway = self.internet_gateway_of(vpc);
        for (private, public) in &had {
            if let Some(gateway) = gateway.and_then(|node| self.engine.node_mut::<InternetGateway>(node))
                && gateway.public_of(*private) == Some(*public)
            {
                gateway.disassociate(*private);
            }
            self.internet_mut().unroute(Cidr::host(*public));
        }
        let Some(node) = gateway else {
            self.vpc_boxes(vpc).translated.remove(id);
            return;
        };
        let internet_port = self.engine.peer((node, InternetGateway::INTERNET)).map(|(_, port)| port);
        for (private, public) in &pairs {
            if let Some(gateway) = self.engine.node_mut::<InternetGateway>(node) {
                gateway.associate(*private, *public);
            }
            if let Some(port) = internet_port {
                self.internet_mut().route(Cidr::host(*public), port);
            }
        }
        if pairs.is_empty() {
            self.vpc_boxes(vpc).translated.remove(id);
        } else {
            self.vpc_boxes(vpc).translated.insert(id.clone(), pairs);
        }
    }

    fn internet_gateway_of(&self, vpc: &VpcId) -> Option<NodeId> {
        let boxes = self.vpcs.get(vpc)?;
        let mut nodes = boxes.gateways.values().map(|(_, node)| *node);
        nodes.find(|node| self.engine.node::<InternetGateway>(*node).is_some())
    }
}

/// What an interface is called: its own name, else that of its instance or device.
pub(super) fn interface_name(region: &Region, record: &NetworkInterface) -> String {
    let instance = || record.instance_id().and_then(|id| region.instances().get(id)).map(|i| i.tags.name.clone());
    let nat = || {
        let owns = |nat: &&crate::control_plane::NatGateway| {
            nat.addresses.iter().any(|address| address.network_interface_id == record.id)
        };
        (record.interface_type == InterfaceType::NatGateway)
            .then(|| region.nat_gateways().values().find(owns).and_then(|nat| nat.tags.name.clone()))
            .flatten()
    };
    let named = record.tags.name.clone().or_else(|| instance().flatten()).or_else(nat);
    named.unwrap_or_else(|| record.id.to_string())
}

/// Whether what stands behind an interface runs: its instance, in a zone that stands.
fn is_running(region: &Region, record: &NetworkInterface) -> bool {
    let zone_up = region.zones().get(&record.availability_zone).is_none_or(|zone| !zone.failed);
    let instance = record.instance_id().and_then(|id| region.instances().get(id));
    zone_up && instance.is_none_or(|instance| instance.state == InstanceState::Running)
}
