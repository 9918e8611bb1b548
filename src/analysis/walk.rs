//! One question followed through the records: from the machine that asks to the one that answers, and back. Every check is
//! made as if the earlier ones had passed; what depends on a next hop that is missing is left out.
#![expect(clippy::wrong_self_convention, reason = "a walk goes into boxes and comes from places; nothing is converted")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::path::{End, Explanation, Finding, Header, Path, PathHop, Source, Traffic};
use super::tables::Tables;
use crate::base::*;
use crate::control_plane::{
    Destination, EndpointType, InstanceState, InterfaceType, NetworkInterface, PeeringConnection, Region, RouteTarget,
    Scope, Vpc, VpcEndpoint,
};
use crate::host::AnswerBy;
use crate::trace::{Component, DropReason};

/// The most boxes of one way: routes that point in a circle end here.
const HOPS_MAX: usize = 32;

/// Where a question has arrived, and by what, so that the answer can leave.
#[derive(Clone, Debug)]
enum Arrival {
    /// At an instance, by one of its interfaces.
    Interface(Scope, NetworkInterfaceId),
    /// At a service or host of the internet.
    Internet,
    /// At a service through an endpoint.
    Endpoint(Scope, VpcEndpointId),
    /// At a host on premises, through a virtual private gateway.
    Premises(Scope, VpnGatewayId),
}

/// What a NAT gateway remembers of the question.
#[derive(Clone, Debug)]
struct NatMapping {
    nat: NatGatewayId,
    inside: SocketAddr,
    /// The far end, and the gateway's own end, as they appear outside.
    remote: SocketAddr,
    outside: SocketAddr,
}

pub(super) struct Walk<'t, 'w> {
    tables: &'t Tables<'w>,
    hops: Vec<PathHop>,
    mappings: Vec<NatMapping>,
    /// Pairs that went out through an egress-only gateway.
    egress_only: Vec<(EgressOnlyInternetGatewayId, Header)>,
}

/// How one way ended.
enum Ending {
    Arrived(Arrival, Header),
    Lost,
    Unknown(String),
}

impl<'t, 'w> Walk<'t, 'w> {
    /// The way out and, from wherever it arrives, the way back.
    pub(super) fn of(tables: &'t Tables<'w>, from: &Source, header: Header) -> Option<Explanation> {
        let mut walk = Self { tables, hops: Vec::new(), mappings: Vec::new(), egress_only: Vec::new() };
        let ending = match from {
            Source::Instance(instance, address) => {
                let (scope, interface) = walk.interface_of(instance, *address)?;
                walk.hop(Component::Instance, instance.as_str(), walk.instance_name(&scope, instance));
                if walk.owns_itself(&scope, instance, header.dst.ip()) {
                    walk.find(Finding::Note("the machine asks itself; nothing leaves it".to_owned()));
                    Ending::Arrived(Arrival::Interface(scope, interface), header)
                } else {
                    if !walk.is_running(&scope, instance) {
                        walk.block(DropReason::HostStopped, instance.as_str());
                    }
                    walk.leave(&scope, &interface, header)
                }
            }
            Source::Outside(address) => walk.from_outside(*address, header),
        };
        let (end, arrived) = split(ending);
        let out = Path { hops: std::mem::take(&mut walk.hops), end };
        let itself = out.hops.len() == 1 && out.end == End::Arrived;
        let back = arrived.filter(|_| !itself).map(|(arrival, header)| walk.back(&arrival, header));
        let to_service = tables.index().service(header.dst.ip()).is_some();
        Some(Explanation { header, to_service, out, back })
    }

    /// The answer to a header that has arrived.
    fn back(&mut self, arrival: &Arrival, header: Header) -> Path {
        let answer = header.answered();
        let ending = match arrival {
            Arrival::Interface(scope, interface) => {
                let leaves = self.answering_interface(scope, interface);
                let region = self.region(scope);
                let instance = region
                    .and_then(|region| region.network_interfaces().get(&leaves))
                    .and_then(|record| record.instance_id().cloned());
                if let Some(instance) = instance {
                    self.hop(Component::Instance, instance.as_str(), self.instance_name(scope, &instance));
                }
                self.leave(scope, &leaves, answer)
            }
            Arrival::Internet => {
                self.hop(Component::Internet, "internet", None);
                self.across_internet(answer)
            }
            Arrival::Endpoint(scope, endpoint) => self.back_through_endpoint(scope, endpoint, answer),
            Arrival::Premises(scope, gateway) => {
                self.hop(Component::Internet, "premises", None);
                self.from_vpn_gateway(scope, gateway, answer)
            }
        };
        let (end, _) = split(ending);
        Path { hops: std::mem::take(&mut self.hops), end }
    }

    fn answering_interface(&self, scope: &Scope, asked: &NetworkInterfaceId) -> NetworkInterfaceId {
        let region = self.region(scope);
        let record = region.and_then(|region| region.network_interfaces().get(asked));
        let instance = record.and_then(|record| region?.instances().get(record.instance_id()?));
        let first = instance.and_then(|instance| instance.primary_interface().cloned());
        match self.tables.options.answer_by {
            AnswerBy::Asked => asked.clone(),
            AnswerBy::Primary => first.unwrap_or_else(|| asked.clone()),
        }
    }

    // ---- out of an interface

    /// Out of an interface of a VPC: its check and groups, the subnet's ACL, the route.
    fn leave(&mut self, scope: &Scope, id: &NetworkInterfaceId, header: Header) -> Ending {
        if HOPS_MAX < self.hops.len() {
            self.block(DropReason::ForwardingLoop, id.as_str());
            return Ending::Lost;
        }
        let Some((vpc, interface)) = self.place(scope, id) else { return Ending::Lost };
        let dst = header.dst.ip();
        self.router_hop(vpc);
        if interface.source_dest_check && !interface.addresses().any(|own| own == header.src.ip()) {
            self.block(DropReason::SourceDestCheck, id.as_str());
        }
        if vpc.resolver_address() == Some(dst) || is_link_local_resolver(dst) {
            return Ending::Unknown("it asks the VPC's resolver".to_owned());
        }
        if let Some(finding) = self.tables.judge_groups(scope, interface, &header, true) {
            self.find(finding);
        }
        if is_group(dst) {
            self.block(DropReason::NoMulticast, vpc.id.as_str());
            return Ending::Lost;
        }
        let region = self.region(scope);
        let Some(subnet) = region.and_then(|region| region.subnets().get(&interface.subnet_id)) else {
            return Ending::Lost;
        };
        if subnet.block_of(dst).is_some() {
            return self.deliver(scope, vpc, Some(&subnet.id), header);
        }
        if let Some(finding) = self.tables.judge_acl(scope, &subnet.id, &header, true) {
            self.find(finding);
        }
        if is_link_local(dst) {
            return Ending::Unknown("what answers at link-local addresses is not modelled".to_owned());
        }
        let Some(table) = region.and_then(|region| region.effective_route_table(subnet)) else { return Ending::Lost };
        let candidates = table.candidates(self.tables.world, scope, dst);
        let winner = candidates.first().filter(|candidate| candidate.fate.won()).cloned();
        let table_id = table.id.to_string();
        self.find(Finding::Routed { table: table_id.clone(), candidates });
        let Some(winner) = winner else {
            self.block(DropReason::NoRoute, &table_id);
            return self.without_a_hop(scope, vpc, header);
        };
        let by = route_text(&table_id, winner.block, &winner.destination, &winner.target);
        if winner.fate.code().is_some() {
            self.block(DropReason::Blackhole, &by);
            return self.without_a_hop(scope, vpc, header);
        }
        let other =
            matches!(winner.target, RouteTarget::VpcEndpoint(_) | RouteTarget::Peering(_) | RouteTarget::VpnGateway(_));
        let from_nat = interface.interface_type == InterfaceType::NatGateway;
        if other && from_nat && self.tables.world.era == Era::Y2017 {
            self.block(DropReason::NatGatewayTarget, &by);
        }
        self.by_target(scope, vpc, interface, &winner.target, &by, header)
    }

    fn by_target(
        &mut self,
        scope: &Scope,
        vpc: &Vpc,
        interface: &NetworkInterface,
        target: &RouteTarget,
        by: &str,
        header: Header,
    ) -> Ending {
        let subnet = Some(&interface.subnet_id);
        let region = self.region(scope);
        match target {
            RouteTarget::Local => self.deliver(scope, vpc, subnet, header),
            RouteTarget::NetworkInterface(id) => self.arrive(scope, id, subnet, header),
            RouteTarget::Instance(id) => {
                let first = region.and_then(|region| region.instances().get(id)?.primary_interface().cloned());
                match first {
                    Some(first) => self.arrive(scope, &first, subnet, header),
                    None => self.blackhole(scope, vpc, by, header),
                }
            }
            RouteTarget::NatGateway(id) => {
                let nat = region.and_then(|region| region.nat_gateways().get(id)).filter(|nat| nat.is_live());
                match nat.and_then(|nat| nat.addresses.first()).map(|address| address.network_interface_id.clone()) {
                    Some(first) => self.arrive(scope, &first, subnet, header),
                    None => self.blackhole(scope, vpc, by, header),
                }
            }
            RouteTarget::InternetGateway(id) => match self.tables.internet_gateway(&vpc.id) == Some(id) {
                true => self.out_of_internet_gateway(scope, vpc, id, header),
                false => self.blackhole(scope, vpc, by, header),
            },
            RouteTarget::EgressOnlyInternetGateway(id) => self.out_of_egress_only(vpc, id, header),
            RouteTarget::VpcEndpoint(id) => {
                let record = region.and_then(|region| region.vpc_endpoints().get(id));
                match record.filter(|record| record.endpoint_type == EndpointType::Gateway) {
                    Some(record) => self.into_endpoint(scope, record, header),
                    None => self.blackhole(scope, vpc, by, header),
                }
            }
            RouteTarget::Peering(id) => {
                let record = self.tables.world.peerings().get(id).filter(|record| record.is_active());
                match record.filter(|record| record.sides(&vpc.id).is_some()) {
                    Some(record) => self.into_peering(vpc, record, header),
                    None => self.blackhole(scope, vpc, by, header),
                }
            }
            RouteTarget::VpnGateway(id) => {
                let attached = region.and_then(|region| region.vpn_gateways().get(id)?.vpc_id.as_ref());
                match attached == Some(&vpc.id) {
                    true => self.into_vpn_gateway(scope, vpc, id, header),
                    false => self.blackhole(scope, vpc, by, header),
                }
            }
            RouteTarget::Unmodeled(id) => Ending::Unknown(format!("what {id} does is not modelled ({by})")),
        }
    }

    fn blackhole(&mut self, scope: &Scope, vpc: &Vpc, by: &str, header: Header) -> Ending {
        self.block(DropReason::Blackhole, by);
        self.without_a_hop(scope, vpc, header)
    }

    /// Behind a missing route, what does not depend on the next hop: the filters of the destination, if it is known
    /// without one.
    fn without_a_hop(&mut self, scope: &Scope, vpc: &Vpc, header: Header) -> Ending {
        let dst = header.dst.ip();
        if header.answer {
            return Ending::Lost;
        }
        // A private address of this VPC, or of one that is peered with it.
        let peered = |owner: &&super::addresses::Owner| {
            owner.private == dst && (owner.vpc == vpc.id || self.tables.world.are_peered(&vpc.id, &owner.vpc))
        };
        let owners: Vec<_> = self.tables.index().owners(dst).iter().filter(peered).cloned().collect();
        if let [owner] = owners.as_slice() {
            let _ = scope;
            // What is found there counts; that the packet has no way there was said.
            let _ = self.arrive(&owner.scope.clone(), &owner.interface.clone(), None, header);
        }
        Ending::Lost
    }

    // ---- into an interface

    /// To the interface of the VPC that has the destination.
    fn deliver(&mut self, scope: &Scope, vpc: &Vpc, from: Option<&SubnetId>, header: Header) -> Ending {
        let region = self.region(scope);
        let found = region.and_then(|region| region.interface_of_address(&vpc.id, header.dst.ip()));
        match found.map(|interface| interface.id.clone()) {
            Some(id) => self.arrive(scope, &id, from, header),
            None if self.tables.index().is_classic(header.dst.ip()) => {
                Ending::Unknown("tables do not follow packets through EC2-Classic".to_owned())
            }
            None => {
                self.block(DropReason::NoSuchInterface, vpc.id.as_str());
                Ending::Lost
            }
        }
    }

    /// Into an interface: its subnet's ACL if the packet comes from elsewhere, its check, its groups; and what stands
    /// behind it.
    fn arrive(&mut self, scope: &Scope, id: &NetworkInterfaceId, from: Option<&SubnetId>, header: Header) -> Ending {
        let Some((_, interface)) = self.place(scope, id) else {
            self.block(DropReason::NoSuchInterface, id.as_str());
            return Ending::Lost;
        };
        let name = interface.tags.name.clone();
        self.hop(Component::NetworkInterface, id.as_str(), name);
        if !self.stands(scope, interface) {
            self.block(DropReason::HostStopped, id.as_str());
        }
        if from != Some(&interface.subnet_id)
            && let Some(finding) = self.tables.judge_acl(scope, &interface.subnet_id, &header, false)
        {
            self.find(finding);
        }
        let own = interface.addresses().any(|own| own == header.dst.ip());
        if interface.source_dest_check && !own {
            self.block(DropReason::SourceDestCheck, id.as_str());
        }
        if let Some(finding) = self.tables.judge_groups(scope, interface, &header, false) {
            self.find(finding);
        }
        match (&interface.interface_type, interface.instance_id()) {
            (_, Some(instance)) => {
                let own = own || self.owns_itself(scope, instance, header.dst.ip());
                self.hop(Component::Instance, instance.as_str(), self.instance_name(scope, instance));
                if own {
                    return Ending::Arrived(Arrival::Interface(scope.clone(), id.clone()), header);
                }
                if interface.source_dest_check {
                    return Ending::Lost;
                }
                Ending::Unknown(format!("what {instance} does with packets of others is for its programs to say"))
            }
            (InterfaceType::NatGateway, None) => match self.tables.nat_of(id).cloned() {
                Some(nat) => self.into_nat(scope, &nat, id, header),
                None => {
                    self.block(DropReason::NoLink, id.as_str());
                    Ending::Lost
                }
            },
            (InterfaceType::Interface, None) => {
                self.block(DropReason::NoLink, id.as_str());
                Ending::Lost
            }
            (InterfaceType::VpcEndpoint, None) => {
                Ending::Unknown(format!("what the interface endpoint behind {id} answers is not modelled"))
            }
            (InterfaceType::Other(kind), None) => {
                Ending::Unknown(format!("what stands behind {id}, an interface of type {kind}, is not modelled"))
            }
        }
    }

    // ---- gateways

    fn into_nat(&mut self, scope: &Scope, id: &NatGatewayId, interface: &NetworkInterfaceId, header: Header) -> Ending {
        let region = self.region(scope);
        let Some(nat) = region.and_then(|region| region.nat_gateways().get(id)) else { return Ending::Lost };
        let Some(address) = nat.addresses.first() else { return Ending::Lost };
        let own = IpAddr::V4(address.private_ip);
        self.hop(Component::NatGateway, id.as_str(), nat.tags.name.clone());
        let blocks = region.and_then(|region| region.vpcs().get(&nat.vpc_id)).map(|vpc| vpc.cidr_blocks.as_slice());
        let inside = |address: IpAddr| blocks.is_some_and(|blocks| blocks.iter().any(|block| block.contains(address)));
        if header.dst.ip() == own {
            let mapping = self.mappings.iter().find(|mapping| {
                header.answer && mapping.nat == *id && mapping.outside == header.dst && mapping.remote == header.src
            });
            let Some(mapping) = mapping else {
                let from_vpc = inside(header.src.ip());
                let reason = if from_vpc { DropReason::NatNotAddressable } else { DropReason::NatNoMapping };
                self.block(reason, id.as_str());
                return Ending::Lost;
            };
            let after = Header { dst: mapping.inside, ..header };
            self.find(Finding::Translated { before: header, after });
            return self.leave(scope, interface, after);
        }
        if !inside(header.src.ip()) {
            self.block(DropReason::NatSourceOutsideVpc, id.as_str());
            return Ending::Lost;
        }
        if header.answer && !matches!(header.traffic, Traffic::Udp(_)) {
            // A SYN-ACK or an echo reply of something that the gateway did not see begin.
            self.block(DropReason::NatNoMapping, id.as_str());
            return Ending::Lost;
        }
        let port = if header.src.port() == 0 { 0 } else { self.tables.options.nat_port };
        let outside = SocketAddr::new(own, port);
        let after = Header { src: outside, ..header };
        self.mappings.push(NatMapping { nat: id.clone(), inside: header.src, remote: header.dst, outside });
        self.find(Finding::Translated { before: header, after });
        self.leave(scope, interface, after)
    }

    fn out_of_internet_gateway(&mut self, scope: &Scope, vpc: &Vpc, id: &InternetGatewayId, header: Header) -> Ending {
        let name = self.region(scope).and_then(|region| region.internet_gateways().get(id)?.tags.name.clone());
        self.hop(Component::InternetGateway, id.as_str(), name);
        let (IpAddr::V4(src), IpAddr::V4(dst)) = (header.src.ip(), header.dst.ip()) else {
            if vpc.ipv6_cidr_blocks.iter().any(|block| block.contains(header.src.ip())) {
                return self.across_internet(header);
            }
            self.block(DropReason::Spoofed, id.as_str());
            return Ending::Lost;
        };
        if dst.is_private() {
            self.block(DropReason::PrivateDestination, id.as_str());
            return Ending::Lost;
        }
        if is_shared(dst) {
            self.block(DropReason::SharedDestination, id.as_str());
            return Ending::Lost;
        }
        let Some(public) = self.public_of(scope, vpc, src) else {
            self.block(DropReason::NoPublicAddress, id.as_str());
            return Ending::Lost;
        };
        let mut after = Header { src: SocketAddr::new(public, header.src.port()), ..header };
        let turns = self.private_of(vpc, header.dst.ip());
        if let Some((private, _)) = turns {
            after.dst = SocketAddr::new(private, header.dst.port());
        }
        self.find(Finding::Translated { before: header, after });
        match turns {
            // The path turns at the gateway: both ends are of this VPC.
            Some((_, interface)) => {
                self.router_hop(vpc);
                self.arrive(scope, &interface, None, after)
            }
            None => self.across_internet(after),
        }
    }

    /// A packet on the internet, to whoever has its destination.
    fn across_internet(&mut self, header: Header) -> Ending {
        let dst = header.dst.ip();
        let public = self.tables.index().owners(dst).iter().find(|owner| owner.private != dst).cloned();
        if let Some(owner) = public.filter(|owner| self.tables.internet_gateway(&owner.vpc).is_some()) {
            return self.into_internet_gateway(&owner.vpc, header);
        }
        if dst.is_ipv6()
            && let Some(owner) = self.tables.index().owners(dst).first().cloned()
        {
            return self.into_vpc_v6(&owner.vpc, header);
        }
        if let Some((region, service)) = self.tables.index().service(dst) {
            let name = format!("{} {region}", service.service());
            self.hop(Component::Service, service.as_str(), Some(name));
            return Ending::Arrived(Arrival::Internet, header);
        }
        if self.tables.index().is_classic(dst) {
            return Ending::Unknown("tables do not follow packets through EC2-Classic".to_owned());
        }
        if self.tables.is_outside(dst) {
            self.hop(Component::Internet, &dst.to_string(), None);
            return Ending::Arrived(Arrival::Internet, header);
        }
        self.hop(Component::Internet, "internet", None);
        if let Some(owner) = self.tables.index().owners(dst).first() {
            let what = format!("{dst} is the private address of {}, and the internet carries none", owner.interface);
            self.find(Finding::Note(what));
        }
        self.block(DropReason::UnknownInternetAddress, "internet");
        Ending::Lost
    }

    fn into_internet_gateway(&mut self, vpc_id: &VpcId, header: Header) -> Ending {
        let Some(scope) = self.tables.scope_of(vpc_id).cloned() else { return Ending::Lost };
        let Some(vpc) = self.tables.world.region(&scope).and_then(|region| region.vpcs().get(vpc_id)) else {
            return Ending::Lost;
        };
        let Some(id) = self.tables.internet_gateway(vpc_id).cloned() else { return Ending::Lost };
        let name = self.region(&scope).and_then(|region| region.internet_gateways().get(&id)?.tags.name.clone());
        self.hop(Component::InternetGateway, id.as_str(), name);
        if let IpAddr::V4(src) = header.src.ip() {
            if src.is_private() {
                self.block(DropReason::PrivateSource, id.as_str());
            } else if is_shared(src) {
                self.block(DropReason::SharedSource, id.as_str());
            }
        }
        let Some((private, interface)) = self.private_of(vpc, header.dst.ip()) else {
            self.block(DropReason::NoPrivateAddress, id.as_str());
            return Ending::Lost;
        };
        let after = Header { dst: SocketAddr::new(private, header.dst.port()), ..header };
        self.find(Finding::Translated { before: header, after });
        self.router_hop(vpc);
        self.arrive(&scope, &interface, None, after)
    }

    /// IPv6 is not translated: the VPC's internet gateway lets it in, an egress-only one only answers.
    fn into_vpc_v6(&mut self, vpc_id: &VpcId, header: Header) -> Ending {
        let Some(scope) = self.tables.scope_of(vpc_id).cloned() else { return Ending::Lost };
        let Some(region) = self.tables.world.region(&scope) else { return Ending::Lost };
        let Some(vpc) = region.vpcs().get(vpc_id) else { return Ending::Lost };
        if let Some(id) = self.tables.internet_gateway(vpc_id) {
            self.hop(Component::InternetGateway, id.as_str(), None);
        } else {
            let gateway = region.egress_only_internet_gateways().values().find(|gateway| gateway.vpc_id == *vpc_id);
            let Some(gateway) = gateway else {
                self.block(DropReason::UnknownInternetAddress, "internet");
                return Ending::Lost;
            };
            self.hop(Component::EgressOnlyInternetGateway, gateway.id.as_str(), gateway.tags.name.clone());
            let asked = self.egress_only.iter().any(|(id, out)| *id == gateway.id && out.answered().dst == header.dst);
            if !asked {
                self.block(DropReason::EgressOnly, gateway.id.as_str());
            }
        }
        self.router_hop(vpc);
        self.deliver(&scope, vpc, None, header)
    }

    fn out_of_egress_only(&mut self, vpc: &Vpc, id: &EgressOnlyInternetGatewayId, header: Header) -> Ending {
        self.hop(Component::EgressOnlyInternetGateway, id.as_str(), None);
        let own = vpc.ipv6_cidr_blocks.iter().any(|block| block.contains(header.src.ip()));
        if !own {
            self.block(DropReason::Spoofed, id.as_str());
            return Ending::Lost;
        }
        self.egress_only.push((id.clone(), header));
        self.across_internet(header)
    }

    fn into_endpoint(&mut self, scope: &Scope, endpoint: &VpcEndpoint, header: Header) -> Ending {
        self.hop(Component::VpcEndpoint, endpoint.id.as_str(), endpoint.tags.name.clone());
        if !endpoint_carries(&header) {
            self.block(DropReason::EndpointProtocol, endpoint.id.as_str());
            return Ending::Lost;
        }
        let service = &endpoint.service_name;
        self.hop(Component::Service, service.as_str(), Some(format!("{} {}", service.service(), scope.region)));
        let owner = self.tables.index().service(header.dst.ip());
        if owner.is_none_or(|(_, name)| name != service) {
            self.block(DropReason::NotForHost, service.as_str());
            return Ending::Lost;
        }
        Ending::Arrived(Arrival::Endpoint(scope.clone(), endpoint.id.clone()), header)
    }

    fn back_through_endpoint(&mut self, scope: &Scope, id: &VpcEndpointId, header: Header) -> Ending {
        let Some(region) = self.region(scope) else { return Ending::Lost };
        let Some(endpoint) = region.vpc_endpoints().get(id) else { return Ending::Lost };
        self.hop(Component::VpcEndpoint, id.as_str(), endpoint.tags.name.clone());
        let list = self.tables.world.service(&scope.region, &endpoint.service_name);
        let listed = list.is_some_and(|service| service.ranges.iter().any(|block| block.contains(header.src.ip())));
        if !listed {
            self.block(DropReason::EndpointSource, id.as_str());
        }
        let Some(vpc) = region.vpcs().get(&endpoint.vpc_id) else { return Ending::Lost };
        self.router_hop(vpc);
        self.deliver(scope, vpc, None, header)
    }

    fn into_peering(&mut self, vpc: &Vpc, peering: &PeeringConnection, header: Header) -> Ending {
        let Some((_, far)) = peering.sides(&vpc.id) else { return Ending::Lost };
        let remote = self.region(&far.scope).and_then(|region| region.vpcs().get(&far.vpc_id));
        self.hop(Component::VpcPeeringConnection, peering.id.as_str(), peering.tags.name.clone());
        let Some(remote) = remote else {
            return Ending::Unknown(format!("{} is not among the records", far.vpc_id));
        };
        if !remote.contains(header.dst.ip()) {
            self.block(DropReason::PeeringAddress, peering.id.as_str());
            return Ending::Lost;
        }
        self.router_hop(remote);
        self.deliver(&far.scope, remote, None, header)
    }

    fn into_vpn_gateway(&mut self, scope: &Scope, vpc: &Vpc, id: &VpnGatewayId, header: Header) -> Ending {
        let name = self.region(scope).and_then(|region| region.vpn_gateways().get(id)?.tags.name.clone());
        self.hop(Component::VpnGateway, id.as_str(), name);
        if !vpc.contains(header.src.ip()) {
            self.block(DropReason::VgwAddress, id.as_str());
            return Ending::Lost;
        }
        if self.tables.options.outside.premises.is_empty() {
            return Ending::Unknown(format!("what is behind {id} is not modelled"));
        }
        let Some(premises) = self.premises_behind(scope, id, header.dst.ip()) else {
            self.block(DropReason::VgwNoRoute, id.as_str());
            return Ending::Lost;
        };
        let network = &self.tables.options.outside.premises[premises];
        self.hop(Component::Internet, &network.name, None);
        if network.hosts.iter().any(|host| host.addresses.contains(&header.dst.ip())) {
            return Ending::Arrived(Arrival::Premises(scope.clone(), id.clone()), header);
        }
        self.block(DropReason::UnknownInternetAddress, &network.name);
        Ending::Lost
    }

    /// Which network on premises a gateway sends an address to: over the longest prefix that one of its connections
    /// knows; Direct Connect before VPN.
    fn premises_behind(&self, scope: &Scope, id: &VpnGatewayId, address: IpAddr) -> Option<usize> {
        let region = self.region(scope)?;
        let premises = &self.tables.options.outside.premises;
        let mut best: Option<(u8, usize)> = None;
        let mut offer = |block: &Cidr, end: Option<usize>| {
            let longer = best.is_none_or(|(length, _)| length < block.prefix_len());
            if let Some(end) = end.filter(|_| block.contains(address) && longer) {
                best = Some((block.prefix_len(), end));
            }
        };
        for interface in region.virtual_interfaces().values().filter(|interface| interface.gateway() == Some(id)) {
            let end = premises.iter().position(|premises| premises.virtual_interfaces.contains(&interface.id));
            interface.routes.keys().for_each(|block| offer(block, end));
        }
        for connection in region.vpn_connections().values().filter(|connection| connection.vpn_gateway_id == *id) {
            let end = premises.iter().position(|p| p.customer_gateways.contains(&connection.customer_gateway_id));
            connection.static_routes.iter().chain(connection.bgp_routes.keys()).for_each(|block| offer(block, end));
        }
        best.map(|(_, end)| end)
    }

    fn from_vpn_gateway(&mut self, scope: &Scope, id: &VpnGatewayId, header: Header) -> Ending {
        let region = self.region(scope);
        let gateway = region.and_then(|region| region.vpn_gateways().get(id));
        let vpc = gateway.and_then(|gateway| region?.vpcs().get(gateway.vpc_id.as_ref()?));
        self.hop(Component::VpnGateway, id.as_str(), gateway.and_then(|gateway| gateway.tags.name.clone()));
        match vpc.filter(|vpc| vpc.contains(header.dst.ip())) {
            Some(vpc) => {
                self.router_hop(vpc);
                self.deliver(scope, vpc, None, header)
            }
            None => {
                self.block(DropReason::VgwNoRoute, id.as_str());
                Ending::Lost
            }
        }
    }

    /// From a host outside of AWS: over the internet, or through the gateway that its network on premises has.
    fn from_outside(&mut self, address: IpAddr, header: Header) -> Ending {
        let premises = self
            .tables
            .options
            .outside
            .premises
            .iter()
            .find(|premises| premises.hosts.iter().any(|host| host.addresses.contains(&address)));
        let Some(premises) = premises else {
            self.hop(Component::Internet, &address.to_string(), None);
            return self.across_internet(header);
        };
        self.hop(Component::Internet, &premises.name, None);
        for (scope, region) in self.tables.world.regions() {
            for gateway in region.vpn_gateways().values() {
                let ours = region.vpn_connections().values().any(|connection| {
                    connection.vpn_gateway_id == gateway.id
                        && premises.customer_gateways.contains(&connection.customer_gateway_id)
                });
                let direct = region.virtual_interfaces().values().any(|interface| {
                    interface.gateway() == Some(&gateway.id) && premises.virtual_interfaces.contains(&interface.id)
                });
                let vpc = gateway.vpc_id.as_ref().and_then(|vpc| region.vpcs().get(vpc));
                if (ours || direct) && vpc.is_some_and(|vpc| vpc.contains(header.dst.ip())) {
                    return self.from_vpn_gateway(&scope, &gateway.id, header);
                }
            }
        }
        self.block(DropReason::VgwNoRoute, &premises.name);
        Ending::Lost
    }

    // ---- looking things up

    fn region(&self, scope: &Scope) -> Option<&'w Region> {
        self.tables.world.region(scope)
    }

    fn place(&self, scope: &Scope, id: &NetworkInterfaceId) -> Option<(&'w Vpc, &'w NetworkInterface)> {
        let region = self.region(scope)?;
        let interface = region.network_interfaces().get(id)?;
        Some((region.vpcs().get(&interface.vpc_id)?, interface))
    }

    fn interface_of(&self, instance: &InstanceId, address: IpAddr) -> Option<(Scope, NetworkInterfaceId)> {
        let owners = self.tables.index().owners(address).iter();
        let owner = owners.into_iter().find(|owner| owner.instance.as_ref() == Some(instance))?;
        Some((owner.scope.clone(), owner.interface.clone()))
    }

    fn owns_itself(&self, scope: &Scope, instance: &InstanceId, address: IpAddr) -> bool {
        let Some(region) = self.region(scope) else { return false };
        let interfaces = region.instances().get(instance).into_iter().flat_map(|record| record.interfaces.values());
        let mut records = interfaces.filter_map(|id| region.network_interfaces().get(id));
        records.any(|record| record.addresses().any(|own| own == address))
    }

    fn is_running(&self, scope: &Scope, instance: &InstanceId) -> bool {
        let record = self.region(scope).and_then(|region| region.instances().get(instance));
        record.is_some_and(|record| record.state == InstanceState::Running)
    }

    /// Whether what is behind an interface runs, in a zone that stands.
    fn stands(&self, scope: &Scope, interface: &NetworkInterface) -> bool {
        let zones = self.region(scope).map(Region::zones);
        let zone_up = zones.and_then(|zones| zones.get(&interface.availability_zone)).is_none_or(|zone| !zone.failed);
        zone_up && interface.instance_id().is_none_or(|instance| self.is_running(scope, instance))
    }

    fn instance_name(&self, scope: &Scope, instance: &InstanceId) -> Option<String> {
        self.region(scope)?.instances().get(instance)?.tags.name.clone()
    }

    /// The public address of a private one at the VPC's internet gateway. Only attached interfaces have any (facts I4).
    fn public_of(&self, scope: &Scope, vpc: &Vpc, private: Ipv4Addr) -> Option<IpAddr> {
        let interface = self.region(scope)?.interface_of_address(&vpc.id, private.into())?;
        interface.attachment.as_ref()?;
        interface.public_address_of(private).map(IpAddr::V4)
    }

    /// The private address and interface of a public one of this VPC.
    fn private_of(&self, vpc: &Vpc, public: IpAddr) -> Option<(IpAddr, NetworkInterfaceId)> {
        let owners = self.tables.index().owners(public).iter();
        let owner = owners.into_iter().find(|owner| owner.vpc == vpc.id && owner.private != public)?;
        let (_, record) = self.place(&owner.scope, &owner.interface)?;
        record.attachment.as_ref()?;
        Some((owner.private, owner.interface.clone()))
    }

    // ---- writing down

    fn router_hop(&mut self, vpc: &Vpc) {
        self.hop(Component::Vpc, vpc.id.as_str(), vpc.tags.name.clone());
    }

    fn hop(&mut self, component: Component, id: &str, name: Option<String>) {
        // A packet that comes to the router that it is at stays at that hop.
        if self.hops.last().is_some_and(|hop| hop.id == id) {
            return;
        }
        let name = name.unwrap_or_else(|| id.to_owned());
        self.hops.push(PathHop { component, id: id.to_owned(), name, findings: Vec::new() });
    }

    fn find(&mut self, finding: Finding) {
        if let Some(hop) = self.hops.last_mut() {
            hop.findings.push(finding);
        }
    }

    fn block(&mut self, reason: DropReason, by: &str) {
        self.find(Finding::Blocked { reason, by: by.to_owned() });
    }
}

fn split(ending: Ending) -> (End, Option<(Arrival, Header)>) {
    match ending {
        Ending::Arrived(arrival, header) => (End::Arrived, Some((arrival, header))),
        Ending::Lost => (End::Lost, None),
        Ending::Unknown(why) => (End::Unknown(why), None),
    }
}

fn route_text(table: &str, block: Option<Cidr>, destination: &Destination, target: &RouteTarget) -> String {
    match (destination, block) {
        (Destination::PrefixList(list), Some(block)) => format!("{table}: {list} ({block}) → {target}"),
        (destination, _) => format!("{table}: {destination} → {target}"),
    }
}

/// Facts E17: TCP, echo requests towards the service, echo replies back; IPv4 only (R03).
fn endpoint_carries(header: &Header) -> bool {
    header.dst.is_ipv4() && matches!(header.traffic, Traffic::Tcp(_) | Traffic::Ping)
}

fn is_shared(address: Ipv4Addr) -> bool {
    address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64
}

fn is_link_local_resolver(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253))
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_multicast() || address.is_unspecified(),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
