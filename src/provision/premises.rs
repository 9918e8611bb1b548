//! Networks on premises, and the virtual private gateways with the VPN connections and Direct Connect interfaces that
//! lead to them.

use std::net::IpAddr;

use super::hosts::OutsideHost;
use super::network::Network;
use crate::base::*;
use crate::control_plane::{Region, VirtualInterface, VpnConnection};
use crate::data_plane::{Attachment, Internet, VpnGateway};
use crate::trace::{Cite, Component, NodeId, PortId};

/// A company's own network, behind a customer gateway or a Direct Connect interface.
#[derive(Clone, Debug)]
pub struct Premises {
    /// Its name.
    pub name: String,
    /// The address that its routers' errors come from.
    pub router: IpAddr,
    /// Its hosts.
    pub hosts: Vec<OutsideHost>,
    /// Customer gateways that stand in it.
    pub customer_gateways: Vec<CustomerGatewayId>,
    /// Direct Connect virtual interfaces that end in it.
    pub virtual_interfaces: Vec<VirtualInterfaceId>,
}

impl Network {
    /// Makes a network on premises with its hosts.
    pub fn add_premises(&mut self, premises: Premises) -> NodeId {
        let name = premises.name.as_str();
        let cite = self.cite(Cite::new(Component::Internet, name, name));
        let node = self.add(Internet::new(true, premises.router, cite), Component::Internet, name, name, &[]);
        self.add_outside_resolver(node, format!("resolver of {name}"));
        for host in premises.hosts {
            let link = host.link.unwrap_or(self.settings.links.premises);
            self.add_outside_host(node, host, link);
        }
        let ends = premises.customer_gateways.iter().map(ToString::to_string);
        let ends = ends.chain(premises.virtual_interfaces.iter().map(ToString::to_string));
        for end in ends {
            self.premises.insert(end, node);
        }
        node
    }

    /// A virtual private gateway: attached to its VPC, with a port for each connection whose far end is known.
    pub(super) fn follow_vpn_gateway(&mut self, region: Option<&Region>, id: &VpnGatewayId) {
        let record = region.and_then(|region| region.vpn_gateways().get(id));
        let attached = record.and_then(|record| record.vpc_id.clone());
        let was = self.vpcs.iter().find(|(_, b)| b.gateways.contains_key(id.as_str())).map(|(vpc, _)| vpc.clone());
        if was != attached
            && let Some(vpc) = &was
        {
            self.remove_gateway(vpc, id.as_str());
        }
        let (Some(region), Some(record), Some(vpc)) = (region, record, attached) else { return };
        let Some(vpc_record) = region.vpcs().get(&vpc).filter(|_| self.vpcs.contains_key(&vpc)) else { return };
        let blocks: Vec<Cidr> = vpc_record.blocks().copied().collect();
        let node = self.gateway_of(&vpc, id.as_str()).unwrap_or_else(|| {
            let name = record.tags.name.clone().unwrap_or_default();
            let cite = self.cite(Cite::new(Component::VpnGateway, id.as_str(), &name));
            let node = self.add(VpnGateway::new(blocks.clone(), cite), Component::VpnGateway, id.as_str(), &name, &[]);
            let link = self.settings.links.internet_gateway;
            self.attach_gateway(&vpc, id.as_str(), node, VpnGateway::VPC, Attachment::Gateway, link);
            node
        });
        let connections = region.vpn_connections().values().filter(|connection| connection.vpn_gateway_id == *id);
        let interfaces = region.virtual_interfaces().values().filter(|interface| interface.gateway() == Some(id));
        let mut learned: Vec<(Cidr, PortId)> = Vec::new();
        // Direct Connect before VPN: of two ways to one network the gateway takes the first (facts RT3).
        for interface in interfaces {
            if let Some(port) = self.far_end(node, interface.id.as_str(), interface.id.as_str(), &blocks) {
                learned.extend(virtual_interface_networks(interface).map(|network| (network, port)));
            }
        }
        for connection in connections {
            let customer = connection.customer_gateway_id.as_str();
            if let Some(port) = self.far_end(node, connection.id.as_str(), customer, &blocks) {
                let known: Vec<Cidr> = learned.iter().map(|(network, _)| *network).collect();
                let networks = vpn_networks(connection).filter(|network| !known.contains(network));
                learned.extend(networks.map(|network| (network, port)));
            }
        }
        if let Some(gateway) = self.engine.node_mut::<VpnGateway>(node) {
            gateway.blocks = blocks;
            gateway.learn(learned);
        }
    }

    /// The gateway's port for a connection, linked with the network on premises where `end` stands.
    fn far_end(&mut self, gateway: NodeId, connection: &str, end: &str, blocks: &[Cidr]) -> Option<PortId> {
        let network = *self.premises.get(end)?;
        let key = connection.to_owned();
        let port = match self.connections.get(&key) {
            Some(port) => *port,
            None => {
                let port = self.next_port(gateway, 1);
                let far = self.next_port(network, 0);
                let link = self.settings.links.vpn;
                self.engine.connect((gateway, port), (network, far), link);
                let name = self.directory.node(network).to_owned();
                self.directory.ports.insert((gateway, port), name);
                self.connections.insert(key, port);
                port
            }
        };
        let (_, far) = self.engine.peer((gateway, port))?;
        let network = self.engine.node_mut::<Internet>(network)?;
        for block in blocks {
            network.route(*block, far);
        }
        // Whatever else the network sends this way, such as packets to S3, the gateway refuses (R26).
        network.route(Cidr::ALL_V4, far);
        Some(port)
    }
}

fn vpn_networks(connection: &VpnConnection) -> impl Iterator<Item = Cidr> {
    connection.static_routes.iter().chain(connection.bgp_routes.keys()).copied()
}

fn virtual_interface_networks(interface: &VirtualInterface) -> impl Iterator<Item = Cidr> {
    interface.routes.keys().copied()
}
