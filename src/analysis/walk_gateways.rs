//! The part of a walk that crosses gateways and the internet: internet gateways, endpoints, peering connections, virtual
//! private gateways, and whoever is outside of AWS.
#![expect(clippy::wrong_self_convention, reason = "a walk goes into boxes and comes from places; nothing is converted")]

use std::net::{IpAddr, SocketAddr};

use super::path::{Finding, Header, Traffic};
use super::walk::{Arrival, Ending, NO_CLASSIC, Walk, is_shared};
use crate::base::*;
use crate::control_plane::{PeeringConnection, RouteTarget, Scope, Vpc, VpcEndpoint};
use crate::provision::OutsideHost;
use crate::trace::{Component, DropReason};

impl Walk<'_, '_> {
    pub(super) fn out_of_internet_gateway(
        &mut self,
        scope: &Scope,
        vpc: &Vpc,
        id: &InternetGatewayId,
        header: Header,
    ) -> Ending {
        let name = self.region(scope).and_then(|region| region.internet_gateways().get(id)?.tags.name.clone());
        self.hop(Component::InternetGateway, id.as_str(), name);
        let (IpAddr::V4(src), IpAddr::V4(dst)) = (header.src.ip(), header.dst.ip()) else {
            if !vpc.ipv6_cidr_blocks.iter().any(|block| block.contains(header.src.ip())) {
                self.block(DropReason::Spoofed, id.as_str());
                return Ending::Lost;
            }
            return match self.tables.closed_unknown(&vpc.id) {
                Some(why) => Ending::Unknown(why),
                None => self.across_internet(header),
            };
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
        if let Some(why) = self.tables.closed_unknown(&vpc.id) {
            return Ending::Unknown(why);
        }
        let mut after = Header { src: SocketAddr::new(public, header.src.port()), ..header };
        let turns = self.private_of(vpc, header.dst.ip());
        // What turns at the gateway enters by it.
        if let Some(why) = turns.as_ref().and_then(|_| self.tables.edge_unknown(id.as_str())) {
            return Ending::Unknown(why);
        }
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
    pub(super) fn across_internet(&mut self, header: Header) -> Ending {
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
        let others = self.tables.options().gaps.others_at(dst).next().filter(|_| dst.is_ipv6());
        if let Some(vpc) = others.map(|(vpc, _)| vpc.clone()) {
            return self.into_vpc_v6(&vpc, header);
        }
        if let Some((region, service)) = self.tables.index().service(dst) {
            let name = format!("{} {region}", service.service());
            self.hop(Component::Service, service.as_str(), Some(name));
            return Ending::Arrived(Arrival::Internet, header);
        }
        if self.tables.index().is_classic(dst) {
            return Ending::Unknown(NO_CLASSIC.to_owned());
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

    pub(super) fn into_internet_gateway(&mut self, vpc_id: &VpcId, header: Header) -> Ending {
        let Some(scope) = self.tables.scope_of(vpc_id).cloned() else { return Ending::Lost };
        let Some(vpc) = self.tables.world.region(&scope).and_then(|region| region.vpcs().get(vpc_id)) else {
            return Ending::Lost;
        };
        let Some(id) = self.tables.internet_gateway(vpc_id).cloned() else { return Ending::Lost };
        let name = self.region(&scope).and_then(|region| region.internet_gateways().get(&id)?.tags.name.clone());
        self.hop(Component::InternetGateway, id.as_str(), name);
        if let Some(why) = self.tables.edge_unknown(id.as_str()).or_else(|| self.tables.closed_unknown(vpc_id)) {
            return Ending::Unknown(why);
        }
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
    pub(super) fn into_vpc_v6(&mut self, vpc_id: &VpcId, header: Header) -> Ending {
        let Some(scope) = self.tables.scope_of(vpc_id).cloned() else { return Ending::Lost };
        let Some(region) = self.tables.world.region(&scope) else { return Ending::Lost };
        let Some(vpc) = region.vpcs().get(vpc_id) else { return Ending::Lost };
        if let Some(id) = self.tables.internet_gateway(vpc_id) {
            self.hop(Component::InternetGateway, id.as_str(), None);
            if let Some(why) = self.tables.edge_unknown(id.as_str()) {
                return Ending::Unknown(why);
            }
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
        if let Some(why) = self.tables.closed_unknown(vpc_id) {
            return Ending::Unknown(why);
        }
        self.router_hop(vpc);
        self.deliver(&scope, vpc, None, header)
    }

    pub(super) fn out_of_egress_only(&mut self, vpc: &Vpc, id: &EgressOnlyInternetGatewayId, header: Header) -> Ending {
        self.hop(Component::EgressOnlyInternetGateway, id.as_str(), None);
        let own = vpc.ipv6_cidr_blocks.iter().any(|block| block.contains(header.src.ip()));
        if !own {
            self.block(DropReason::Spoofed, id.as_str());
            return Ending::Lost;
        }
        if header.answer && !matches!(header.traffic, Traffic::Udp(_)) {
            // An answer to what came in by another gateway, such as the VPC's internet gateway.
            self.block(DropReason::EgressOnly, id.as_str());
            return Ending::Lost;
        }
        if let Some(why) = self.tables.closed_unknown(&vpc.id) {
            return Ending::Unknown(why);
        }
        self.egress_only.push((id.clone(), header));
        self.across_internet(header)
    }

    pub(super) fn into_endpoint(&mut self, scope: &Scope, endpoint: &VpcEndpoint, header: Header) -> Ending {
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

    pub(super) fn back_through_endpoint(&mut self, scope: &Scope, id: &VpcEndpointId, header: Header) -> Ending {
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

    pub(super) fn into_peering(&mut self, vpc: &Vpc, peering: &PeeringConnection, header: Header) -> Ending {
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

    pub(super) fn into_vpn_gateway(&mut self, scope: &Scope, vpc: &Vpc, id: &VpnGatewayId, header: Header) -> Ending {
        let name = self.region(scope).and_then(|region| region.vpn_gateways().get(id)?.tags.name.clone());
        self.hop(Component::VpnGateway, id.as_str(), name);
        if !vpc.contains(header.src.ip()) {
            self.block(DropReason::VgwAddress, id.as_str());
            return Ending::Lost;
        }
        if self.tables.options().outside.premises.is_empty() {
            let arrival = Arrival::Premises(scope.clone(), id.clone());
            return Ending::Silent(
                format!("what is behind {id}{} is not modelled", self.over(scope, id)),
                arrival,
                header,
            );
        }
        let Some(premises) = self.premises_behind(scope, id, header.dst.ip()) else {
            self.block(DropReason::VgwNoRoute, id.as_str());
            return Ending::Lost;
        };
        let network = &self.tables.options().outside.premises[premises];
        self.hop(Component::Internet, &network.name, None);
        if network.hosts.iter().any(|host| host.addresses.contains(&header.dst.ip())) {
            return Ending::Arrived(Arrival::Premises(scope.clone(), id.clone()), header);
        }
        self.block(DropReason::UnknownInternetAddress, &network.name);
        Ending::Lost
    }

    /// The VPN connections of a gateway, in words: what is behind it depends on them.
    fn over(&self, scope: &Scope, id: &VpnGatewayId) -> String {
        let all = self.region(scope).into_iter().flat_map(|region| region.vpn_connections().values());
        let own: Vec<&str> = all.filter(|one| one.vpn_gateway_id == *id).map(|one| one.id.as_str()).collect();
        if own.is_empty() { String::new() } else { format!(" over {}", own.join(", ")) }
    }

    /// From somebody behind a gateway of whom only routes tell: into the VPC that has the destination and a route back, else
    /// into any that has the destination.
    pub(super) fn from_beyond(&mut self, address: IpAddr, header: Header) -> Ending {
        self.hop(Component::Internet, &address.to_string(), None);
        let dst = header.dst.ip();
        let owners = self.tables.index().owners(dst).iter().filter(|owner| owner.private == dst);
        let all: Vec<(Scope, VpcId)> = owners.map(|owner| (owner.scope.clone(), owner.vpc.clone())).collect();
        let known = all.iter().find(|(_, vpc)| self.tables.far_route(vpc, address).is_some()).or(all.first()).cloned();
        match known {
            Some((scope, vpc)) => match self.tables.far_route(&vpc, address) {
                Some(RouteTarget::VpnGateway(gateway)) => self.from_vpn_gateway(&scope, &gateway, header),
                Some(_) | None => self.into_vpc_from_beyond(&scope, &vpc, header),
            },
            None => {
                self.block(DropReason::UnknownInternetAddress, &address.to_string());
                Ending::Lost
            }
        }
    }

    pub(super) fn into_vpc_from_beyond(&mut self, scope: &Scope, vpc: &VpcId, header: Header) -> Ending {
        let Some(vpc) = self.region(scope).and_then(|region| region.vpcs().get(vpc)) else { return Ending::Lost };
        self.router_hop(vpc);
        self.deliver(scope, vpc, None, header)
    }

    /// Which network on premises a gateway sends an address to: over the longest prefix that one of its connections
    /// knows; Direct Connect before VPN.
    pub(super) fn premises_behind(&self, scope: &Scope, id: &VpnGatewayId, address: IpAddr) -> Option<usize> {
        let region = self.region(scope)?;
        let premises = &self.tables.options().outside.premises;
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

    pub(super) fn from_vpn_gateway(&mut self, scope: &Scope, id: &VpnGatewayId, header: Header) -> Ending {
        if let Some(why) = self.tables.edge_unknown(id.as_str()) {
            return Ending::Unknown(why);
        }
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
    pub(super) fn from_outside(&mut self, address: IpAddr, header: Header) -> Ending {
        let dst = header.dst.ip();
        let all = &self.tables.options().outside.premises;
        let has = |host: &OutsideHost, address: IpAddr| host.addresses.contains(&address);
        let premises = all.iter().find(|premises| premises.hosts.iter().any(|host| has(host, address)));
        let Some(premises) = premises else {
            self.hop(Component::Internet, &address.to_string(), None);
            if address == dst {
                self.find(Finding::Note("the machine asks itself; nothing leaves it".to_owned()));
                return Ending::Arrived(Arrival::Beside, header);
            }
            return self.across_internet(header);
        };
        self.hop(Component::Internet, &premises.name, None);
        if premises.hosts.iter().any(|host| has(host, dst)) {
            self.find(Finding::Note("both machines are in this network".to_owned()));
            return Ending::Arrived(Arrival::Beside, header);
        }
        // Whatever is for none of the VPCs goes the same way, and the gateway refuses it (R26).
        let mut other = None;
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
                let Some(vpc) = vpc.filter(|_| ours || direct) else { continue };
                if vpc.contains(dst) {
                    return self.from_vpn_gateway(&scope, &gateway.id, header);
                }
                other = Some((scope.clone(), gateway.id.clone()));
            }
        }
        if let Some((scope, gateway)) = other.filter(|_| dst.is_ipv4()) {
            return self.from_vpn_gateway(&scope, &gateway, header);
        }
        self.block(DropReason::VgwNoRoute, &premises.name);
        Ending::Lost
    }
}

/// Facts E17: TCP, echo requests towards the service, echo replies back; IPv4 only (R03).
fn endpoint_carries(header: &Header) -> bool {
    header.dst.is_ipv4() && matches!(header.traffic, Traffic::Tcp(_) | Traffic::Ping)
}
