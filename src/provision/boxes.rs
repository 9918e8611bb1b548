//! The boxes of a VPC and their links: router, subnets, gateways, endpoints. One function per kind of record, each
//! bringing its box to what the record says now.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use super::network::{Network, VpcBoxes};
use super::routes::empty_table;
use crate::base::*;
use crate::control_plane::{self, Region, Scope, Subnet, Vpc, World};
use crate::data_plane::{
    Attachment, EgressOnlyInternetGateway, GatewayEndpoint, Internet, InternetGateway, NatGateway, PeeringConnection,
    StatelessFilter, SubnetEdge, VpcRouter,
};
use crate::engine::{LineSpec, LinkSpec};
use crate::trace::{Cite, CiteId, Component, NodeId, PortId};

impl Network {
    /// A VPC's router, with the blocks and services that the record says.
    pub(super) fn follow_vpc(&mut self, region: &RegionName, vpc: &Vpc) {
        let name = vpc.tags.name.clone().unwrap_or_default();
        let cite = self.cite(Cite::new(Component::Vpc, vpc.id.as_str(), &name));
        let blocks: Vec<Cidr> = vpc.blocks().copied().collect();
        if !self.vpcs.contains_key(&vpc.id) {
            let mut router = VpcRouter::new(blocks.clone(), cite);
            router.timeouts = self.settings.conntrack;
            let router = self.add(router, Component::Vpc, vpc.id.as_str(), &name, &[]);
            self.directory.regions.insert(router, region.to_string());
            let boxes = VpcBoxes {
                router,
                subnets: BTreeMap::new(),
                classic_edge: None,
                interfaces: BTreeMap::new(),
                gateways: BTreeMap::new(),
                tables: BTreeMap::new(),
                acls: BTreeMap::new(),
                filters: BTreeMap::new(),
                translated: BTreeMap::new(),
            };
            self.vpcs.insert(vpc.id.clone(), boxes);
        }
        let router = self.vpcs[&vpc.id].router;
        let record = self.router(router);
        record.blocks = blocks;
        record.touch();
        self.follow_resolver(vpc, router);
    }

    /// A subnet's edge: its blocks and router address. Tables and lists are set apart.
    pub(super) fn follow_subnet(&mut self, subnet: &Subnet) {
        let Some(boxes) = self.vpcs.get(&subnet.vpc_id) else { return };
        let router = boxes.router;
        let blocks: Vec<Cidr> = std::iter::once(subnet.cidr_block).chain(subnet.ipv6_cidr_block).collect();
        let address = subnet.router_address().unwrap_or_else(|| subnet.cidr_block.network());
        let known = boxes.subnets.get(&subnet.id).copied();
        let next = self.router(router).subnets.len() as u32;
        let index = known.unwrap_or(next);
        self.vpc_boxes(&subnet.vpc_id).subnets.insert(subnet.id.clone(), index);
        let router = self.router(router);
        if known.is_none() {
            let acl = Rc::new(StatelessFilter::default());
            let fib = empty_table(CiteId::NONE);
            router.subnets.push(SubnetEdge { blocks, acl, fib, router: address });
        } else {
            let edge = &mut router.subnets[index as usize];
            edge.blocks = blocks;
            edge.router = address;
        }
        router.touch();
    }

    /// The compiled table and list of a subnet, as its associations say.
    pub(super) fn follow_associations(&mut self, world: &World, scope: &Scope, region: &Region, subnet: &Subnet) {
        let Some(boxes) = self.vpcs.get(&subnet.vpc_id) else { return };
        let (router, index) = (boxes.router, boxes.subnets.get(&subnet.id).copied());
        let Some(index) = index else { return };
        let fib = region.effective_route_table(subnet).map(|table| {
            let compiled = self.vpcs[&subnet.vpc_id].tables.get(&table.id).map(Rc::clone);
            compiled.unwrap_or_else(|| {
                let fib = self.compile_table(world, scope, region, table);
                self.vpc_boxes(&subnet.vpc_id).tables.insert(table.id.clone(), Rc::clone(&fib));
                fib
            })
        });
        let acl = region.network_acls().get(&subnet.network_acl_association.network_acl_id).map(|acl| {
            let compiled = self.vpcs[&subnet.vpc_id].acls.get(&acl.id).map(Rc::clone);
            compiled.unwrap_or_else(|| {
                let filter = self.compile_acl(acl);
                self.vpc_boxes(&subnet.vpc_id).acls.insert(acl.id.clone(), Rc::clone(&filter));
                filter
            })
        });
        let router = self.router(router);
        let edge = &mut router.subnets[index as usize];
        if let Some(fib) = fib {
            edge.fib = fib;
        }
        if let Some(acl) = acl {
            edge.acl = acl;
        }
        router.touch();
    }

    /// An internet gateway: attached to its VPC, with the translations of the VPC's interfaces.
    pub(super) fn follow_internet_gateway(&mut self, region: Option<&Region>, id: &InternetGatewayId) {
        let record = region.and_then(|region| region.internet_gateways().get(id));
        let attached = record.and_then(|record| record.vpc_id.clone());
        let was = self.vpcs.iter().find(|(_, b)| b.gateways.contains_key(id.as_str())).map(|(vpc, _)| vpc.clone());
        if was == attached {
            return;
        }
        if let Some(vpc) = was {
            self.withdraw_translations(&vpc, id.as_str());
            if let Some(node) = self.gateway_of(&vpc, id.as_str())
                && let Some(gateway) = self.engine.node_mut::<InternetGateway>(node)
            {
                // What still comes to it ends there, and says why.
                gateway.attached = false;
            }
            self.vpc_boxes(&vpc).gateways.remove(id.as_str());
        }
        let (Some(record), Some(vpc)) = (record, attached) else { return };
        if !self.vpcs.contains_key(&vpc) {
            return;
        }
        let name = record.tags.name.clone().unwrap_or_default();
        let cite = self.cite(Cite::new(Component::InternetGateway, id.as_str(), &name));
        let mut gateway = InternetGateway::new(cite);
        gateway.ipv6_blocks =
            region.and_then(|r| r.vpcs().get(&vpc)).map(|v| v.ipv6_cidr_blocks.clone()).unwrap_or_default();
        let v6 = gateway.ipv6_blocks.clone();
        let node = self.add(gateway, Component::InternetGateway, id.as_str(), &name, &[]);
        let link = self.settings.links.internet_gateway;
        self.attach_gateway(&vpc, id.as_str(), node, InternetGateway::VPC, Attachment::InternetGateway, link);
        let port = self.attach_to_internet(node, InternetGateway::INTERNET);
        for block in v6 {
            self.internet_mut().route(block, port);
        }
        if let Some(region) = region {
            self.translate_all(region, &vpc);
        }
    }

    /// An egress-only internet gateway.
    pub(super) fn follow_egress_only(&mut self, region: Option<&Region>, id: &EgressOnlyInternetGatewayId) {
        let record = region.and_then(|region| region.egress_only_internet_gateways().get(id));
        let was = self.vpcs.iter().find(|(_, b)| b.gateways.contains_key(id.as_str())).map(|(vpc, _)| vpc.clone());
        match (was, record) {
            (Some(vpc), None) => self.remove_gateway(&vpc, id.as_str()),
            (None, Some(record)) if self.vpcs.contains_key(&record.vpc_id) => {
                let name = record.tags.name.clone().unwrap_or_default();
                let cite = self.cite(Cite::new(Component::EgressOnlyInternetGateway, id.as_str(), &name));
                let blocks = region
                    .and_then(|r| r.vpcs().get(&record.vpc_id))
                    .map(|v| v.ipv6_cidr_blocks.clone())
                    .unwrap_or_default();
                let gateway = EgressOnlyInternetGateway::new(blocks.clone(), cite);
                let node = self.add(gateway, Component::EgressOnlyInternetGateway, id.as_str(), &name, &[]);
                let link = self.settings.links.internet_gateway;
                let vpc = &record.vpc_id;
                let attachment = Attachment::InternetGateway;
                self.attach_gateway(vpc, id.as_str(), node, EgressOnlyInternetGateway::VPC, attachment, link);
                self.track_all_by(vpc, id.as_str());
                let port = self.attach_to_internet(node, EgressOnlyInternetGateway::INTERNET);
                // Answers come back to whichever gateway the VPC has; an internet gateway, if there is one, has said so
                // already.
                for block in blocks {
                    if block.nth(1).is_none_or(|address| self.internet_mut().lookup(address).is_none()) {
                        self.internet_mut().route(block, port);
                    }
                }
            }
            _ => {}
        }
    }

    /// A NAT gateway: available while its record lives and its zone stands.
    pub(super) fn follow_nat_gateway(&mut self, region: &Region, id: &NatGatewayId) {
        let Some(record) = region.nat_gateways().get(id) else { return };
        let Some(address) = record.addresses.first() else { return };
        let zone = region.subnets().get(&record.subnet_id).map(|subnet| &subnet.availability_zone);
        let zone_up = zone.and_then(|zone| region.zones().get(zone)).is_none_or(|zone| !zone.failed);
        let available = record.is_live() && zone_up;
        let known = self.nats.get(id).copied();
        let node = known.unwrap_or_else(|| {
            let name = record.tags.name.clone().unwrap_or_default();
            let cite = self.cite(Cite::new(Component::NatGateway, id.as_str(), &name));
            let blocks = region.vpcs().get(&record.vpc_id).map(|vpc| vpc.cidr_blocks.clone()).unwrap_or_default();
            let private = IpAddr::V4(address.private_ip);
            let gateway = NatGateway::new(private, blocks, self.settings.nat, cite);
            let addresses: Vec<IpAddr> =
                std::iter::once(private).chain(address.elastic.as_ref().map(|(_, public)| (*public).into())).collect();
            let node = self.add(gateway, Component::NatGateway, id.as_str(), &name, &addresses);
            self.nats.insert(id.clone(), node);
            node
        });
        let blocks = region.vpcs().get(&record.vpc_id).map(|vpc| vpc.cidr_blocks.clone()).unwrap_or_default();
        if let Some(gateway) = self.engine.node_mut::<NatGateway>(node) {
            gateway.available = available;
            gateway.blocks = blocks;
            gateway.others = record.addresses.iter().skip(1).map(|own| IpAddr::V4(own.private_ip)).collect();
            if !record.is_live() {
                gateway.table_mut().clear();
            }
        }
    }

    /// A gateway endpoint: between its VPC's router and the service's front end. Its routes are the tables' affair.
    pub(super) fn follow_endpoint(
        &mut self,
        world: &World,
        scope: &Scope,
        region: Option<&Region>,
        id: &VpcEndpointId,
    ) {
        let record = region.and_then(|region| region.vpc_endpoints().get(id));
        let was = self.vpcs.iter().find(|(_, b)| b.gateways.contains_key(id.as_str())).map(|(vpc, _)| vpc.clone());
        match (was, record) {
            (Some(vpc), None) => {
                // The routes to it are gone; what is under way through it still arrives, in both directions.
                self.vpc_boxes(&vpc).gateways.remove(id.as_str());
            }
            (None, Some(record)) if record.endpoint_type == control_plane::EndpointType::Gateway => {
                let vpc = record.vpc_id.clone();
                let service = record.service_name.clone();
                let Some(list) = world.service(&scope.region, &service).and_then(|s| s.prefix_list_id.clone()) else {
                    return;
                };
                let name = record.tags.name.clone().unwrap_or_default();
                let cite = self.cite(Cite::new(Component::VpcEndpoint, id.as_str(), &name));
                let list = self.list_of(world, scope, &list);
                let node = self.add(GatewayEndpoint::new(list, cite), Component::VpcEndpoint, id.as_str(), &name, &[]);
                let link = self.settings.links.internet_gateway;
                let link = LinkSpec {
                    there: LineSpec { mtu: super::VPC_MTU, ..link.there },
                    back: LineSpec { mtu: super::VPC_MTU, ..link.back },
                };
                self.attach_gateway(&vpc, id.as_str(), node, GatewayEndpoint::VPC, Attachment::Gateway, link);
                // S3's endpoint is not among those whose flows are always tracked.
                if service.service() == "dynamodb" {
                    self.track_all_by(&vpc, id.as_str());
                }
                let Some(front) = self.service_of(&scope.region, &service) else { return };
                let carrier = self.next_port(front, 1);
                let spec = self.settings.links.endpoint;
                self.engine.connect((node, GatewayEndpoint::SERVICE), (front, carrier), spec);
                self.note_carrier(scope, &service, carrier, id, &vpc);
            }
            (Some(_), Some(record)) => {
                let list = world.service(&scope.region, &record.service_name).and_then(|s| s.prefix_list_id.clone());
                let Some(list) = list.map(|list| self.list_of(world, scope, &list)) else { return };
                let node = self.gateway_of(&record.vpc_id, id.as_str());
                if let Some(endpoint) = node.and_then(|node| self.engine.node_mut::<GatewayEndpoint>(node)) {
                    endpoint.list = list;
                }
            }
            _ => {}
        }
    }

    /// A peering connection: a box between two routers, while it is active.
    pub(super) fn follow_peering(&mut self, world: &World, id: &VpcPeeringConnectionId) {
        let record = world.peerings().get(id).filter(|record| record.is_active());
        let joined: Vec<VpcId> = self
            .vpcs
            .iter()
            .filter(|(_, boxes)| boxes.gateways.contains_key(id.as_str()))
            .map(|(vpc, _)| vpc.clone())
            .collect();
        let Some(record) = record else {
            joined.iter().for_each(|vpc| self.remove_gateway(vpc, id.as_str()));
            return;
        };
        let (one, other) = (&record.requester, &record.accepter);
        let blocks = |end: &control_plane::PeeringSide| -> Vec<Cidr> {
            let vpc = world.region(&end.scope).and_then(|region| region.vpcs().get(&end.vpc_id));
            vpc.map(|vpc| vpc.blocks().copied().collect()).unwrap_or_default()
        };
        let (one_blocks, other_blocks) = (blocks(one), blocks(other));
        if let Some(node) = self.gateway_of(&one.vpc_id, id.as_str()) {
            if let Some(peering) = self.engine.node_mut::<PeeringConnection>(node) {
                peering.blocks = [one_blocks, other_blocks];
            }
            return;
        }
        if self.router_of(&one.vpc_id).is_none() || self.router_of(&other.vpc_id).is_none() {
            return;
        }
        let name = record.tags.name.clone().unwrap_or_default();
        let cite = self.cite(Cite::new(Component::VpcPeeringConnection, id.as_str(), &name));
        let peering = PeeringConnection::new(one_blocks, other_blocks, cite);
        let node = self.add(peering, Component::VpcPeeringConnection, id.as_str(), &name, &[]);
        let links = &self.settings.links;
        let way = if one.scope.region == other.scope.region { links.peering } else { links.peering_between_regions };
        // The whole way lies between the asking VPC and the box; its other side takes no time.
        let near = |line: LineSpec| LineSpec { mtu: line.mtu, ..LineSpec::DIRECT };
        let rest = LinkSpec { there: near(way.back), back: near(way.there) };
        let id = id.as_str();
        self.attach_gateway(&one.vpc_id, id, node, PeeringConnection::REQUESTER, Attachment::Gateway, way);
        self.attach_gateway(&other.vpc_id, id, node, PeeringConnection::ACCEPTER, Attachment::Gateway, rest);
    }

    /// Attaches a gateway's box to its VPC's router.
    pub(super) fn attach_gateway(
        &mut self,
        vpc: &VpcId,
        id: &str,
        node: NodeId,
        its_port: PortId,
        attachment: Attachment,
        link: LinkSpec,
    ) {
        let Some(router) = self.router_of(vpc) else { return };
        let port = self.router(router).attach(attachment);
        self.engine.connect((router, port), (node, its_port), link);
        let name = self.directory.node(node).to_owned();
        self.directory.ports.insert((router, port), name);
        self.vpc_boxes(vpc).gateways.insert(id.to_owned(), (port, node));
    }

    /// Has security groups track all that leaves by a gateway, in times when they do.
    fn track_all_by(&mut self, vpc: &VpcId, gateway: &str) {
        let port = self.vpcs.get(vpc).and_then(|boxes| boxes.gateways.get(gateway)).map(|(port, _)| *port);
        if let Some((router, port)) = self.router_of(vpc).zip(port).filter(|_| self.settings.tracks_gateways) {
            self.router(router).track_all_by(port);
        }
    }

    /// Takes a gateway off its VPC's router; what is under way still arrives there, and ends.
    pub(super) fn remove_gateway(&mut self, vpc: &VpcId, id: &str) {
        let Some(boxes) = self.vpcs.get_mut(vpc) else { return };
        let router = boxes.router;
        if let Some((port, _)) = boxes.gateways.remove(id) {
            self.router(router).set(port, Attachment::Vacant);
            self.engine.disconnect((router, port));
        }
    }

    pub(super) fn attach_to_internet(&mut self, node: NodeId, its_port: PortId) -> PortId {
        let internet = self.internet;
        let port = self.next_port(internet, 0);
        let link = self.settings.links.internet;
        self.engine.connect((internet, port), (node, its_port), link);
        let name = self.directory.node(node).to_owned();
        self.directory.ports.insert((internet, port), name);
        port
    }

    pub(super) fn router(&mut self, node: NodeId) -> &mut VpcRouter {
        self.engine.node_mut(node).expect("a VPC's node is its router")
    }

    pub(super) fn internet_mut(&mut self) -> &mut Internet {
        let internet = self.internet;
        self.engine.node_mut(internet).expect("the first node is the internet")
    }

    pub(super) fn vpc_boxes(&mut self, vpc: &VpcId) -> &mut VpcBoxes {
        self.vpcs.get_mut(vpc).expect("only known VPCs are asked for")
    }
}
