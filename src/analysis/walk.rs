//! One question followed through the records: from the machine that asks to the one that answers, and back. Every check is
//! made as if the earlier ones had passed; what depends on a next hop that is missing is left out.

use std::net::{IpAddr, Ipv4Addr};

use super::path::{End, Explanation, Finding, Header, Path, PathHop, Source};
use super::tables::Tables;
use super::walk_nat::NatMapping;
use crate::base::*;
use crate::control_plane::{
    Destination, EndpointType, InterfaceType, NetworkInterface, RouteState, RouteTable, RouteTarget, Scope, Vpc,
};
use crate::host::AnswerBy;
use crate::trace::{Component, DropReason};

/// The most boxes of one way: routes that point in a circle end here.
const HOPS_MAX: usize = 32;

/// Why nobody can tell what becomes of a packet in EC2-Classic.
pub(super) const NO_CLASSIC: &str = "no route table tells the way through EC2-Classic";

/// Where a question has arrived, and by what, so that the answer can leave.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    /// At an instance, by one of its interfaces.
    Interface(Scope, NetworkInterfaceId),
    /// At a service or host of the internet.
    Internet,
    /// At a service through an endpoint.
    Endpoint(Scope, VpcEndpointId),
    /// At a host on premises, through a virtual private gateway.
    Premises(Scope, VpnGatewayId),
    /// At a host of the same network on premises, or at the host itself.
    Beside,
    /// Behind a gateway of a VPC of which nothing is known but that routes lead there.
    Beyond(Scope, VpcId),
}

pub(super) struct Walk<'t, 'w> {
    pub(super) tables: &'t Tables<'w>,
    hops: Vec<PathHop>,
    pub(super) mappings: Vec<NatMapping>,
    /// Pairs that went out through an egress-only gateway.
    pub(super) egress_only: Vec<(EgressOnlyInternetGatewayId, Header)>,
}

/// A route that was chosen.
struct Chosen {
    target: RouteTarget,
    /// Whether its target is gone.
    is_gone: bool,
    /// The route in words.
    by: String,
}

/// How one way ended.
pub(super) enum Ending {
    Arrived(Arrival, Header),
    Lost,
    Unknown(String),
    /// It arrives where nobody can tell what answers; the way of an answer is known.
    Silent(String, Arrival, Header),
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
            Source::Classic(address) => {
                let id = tables.index().classic(*address)?.clone();
                walk.hop(Component::Instance, id.as_str(), None);
                Ending::Unknown(NO_CLASSIC.to_owned())
            }
            Source::Interface(interface, address) => {
                let owners = tables.index().owners(*address).iter();
                let scope = owners.into_iter().find(|owner| owner.interface == *interface)?.scope.clone();
                walk.hop(Component::NetworkInterface, interface.as_str(), None);
                walk.leave(&scope, interface, header)
            }
            Source::Beyond(address) => walk.from_beyond(*address, header),
        };
        let (end, arrived) = split(ending);
        let out = Path { hops: std::mem::take(&mut walk.hops), end };
        let itself = out.hops.len() == 1 && out.end == End::Arrived;
        let back = arrived.filter(|_| !itself).map(|(arrival, header)| walk.back(&arrival, header));
        let service = tables.index().service(header.dst.ip());
        let home = match from {
            Source::Instance(instance, address) => walk.interface_of(instance, *address).map(|(scope, _)| scope.region),
            Source::Interface(interface, address) => {
                let mut owners = tables.index().owners(*address).iter();
                owners.find(|owner| owner.interface == *interface).map(|owner| owner.scope.region.clone())
            }
            Source::Outside(_) | Source::Classic(_) | Source::Beyond(_) => None,
        };
        let to_other_region = service.zip(home).is_some_and(|((region, _), home)| *region != home);
        Some(Explanation { header, to_service: service.is_some(), to_other_region, out, back })
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
            Arrival::Beside => {
                self.hop(Component::Internet, &answer.src.ip().to_string(), None);
                Ending::Arrived(Arrival::Beside, answer)
            }
            Arrival::Beyond(scope, vpc) => {
                self.hop(Component::Internet, &answer.src.ip().to_string(), None);
                self.into_vpc_from_beyond(scope, vpc, answer)
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
        match instance.map(|instance| self.tables.answers_by(instance)) {
            None | Some(AnswerBy::Asked) => asked.clone(),
            Some(AnswerBy::Primary) => first.unwrap_or_else(|| asked.clone()),
        }
    }

    // ---- out of an interface

    /// Out of an interface of a VPC: its check and groups, the subnet's ACL, the route.
    pub(super) fn leave(&mut self, scope: &Scope, id: &NetworkInterfaceId, header: Header) -> Ending {
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
        if let Some(ending) = self.pass_groups(scope, interface, &header, true) {
            return ending;
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
        let route = self.route(scope, table, dst);
        if let Some(why) = self.tables.route_unknown(table, route.as_ref().map(|route| &route.target)) {
            return Ending::Unknown(why);
        }
        let Some(route) = route else {
            self.block(DropReason::NoRoute, table.id.as_str());
            return self.without_a_hop(scope, vpc, header);
        };
        if route.is_gone {
            self.block(DropReason::Blackhole, &route.by);
            return self.without_a_hop(scope, vpc, header);
        }
        let target = &route.target;
        let other =
            matches!(target, RouteTarget::VpcEndpoint(_) | RouteTarget::Peering(_) | RouteTarget::VpnGateway(_));
        let from_nat = interface.interface_type == InterfaceType::NatGateway;
        if other && from_nat && self.tables.world.era == Era::Y2017 {
            self.block(DropReason::NatGatewayTarget, &route.by);
        }
        self.by_target(scope, vpc, interface, target, &route.by, header)
    }

    /// The verdict of an interface's groups; an ending where nobody can tell it.
    fn pass_groups(
        &mut self,
        scope: &Scope,
        interface: &NetworkInterface,
        header: &Header,
        egress: bool,
    ) -> Option<Ending> {
        let finding = self.tables.judge_groups(scope, interface, header, egress)?;
        let denied = matches!(finding, Finding::Filtered { denied: Some(_), .. });
        let unknown = denied.then(|| self.tables.groups_unknown(scope, interface, header, egress)).flatten();
        match unknown {
            Some(why) => Some(Ending::Unknown(why)),
            None => {
                self.find(finding);
                None
            }
        }
    }

    /// The route that a table has for an address; with those that lose, where they are wanted.
    fn route(&mut self, scope: &Scope, table: &RouteTable, address: IpAddr) -> Option<Chosen> {
        let world = self.tables.world;
        if self.tables.options().brief {
            let entry = table.lookup(world, scope, address)?;
            return Some(Chosen {
                target: entry.target,
                is_gone: entry.state == RouteState::Blackhole,
                by: String::new(),
            });
        }
        let candidates = table.candidates(world, scope, address);
        let chosen = candidates.first().filter(|candidate| candidate.fate.won()).map(|winner| Chosen {
            target: winner.target.clone(),
            is_gone: winner.fate.code().is_some(),
            by: route_text(table.id.as_str(), winner.block, &winner.destination, &winner.target),
        });
        self.find(Finding::Routed { table: table.id.to_string(), candidates });
        chosen
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
            RouteTarget::Unmodeled(id) => {
                // What an instance does with packets of others nobody can tell, but where they surely end is in the records.
                if let Some(forwarder) = self.forwarder(scope, id) {
                    return self.arrive(scope, &forwarder, subnet, header);
                }
                let by = if by.is_empty() { String::new() } else { format!(" ({by})") };
                let why = format!("what {id} does is not modelled{by}");
                match is_far(target) {
                    true => Ending::Silent(why, Arrival::Beyond(scope.clone(), vpc.id.clone()), header),
                    false => Ending::Unknown(why),
                }
            }
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
    pub(super) fn deliver(&mut self, scope: &Scope, vpc: &Vpc, from: Option<&SubnetId>, header: Header) -> Ending {
        let region = self.region(scope);
        let found = region.and_then(|region| region.interface_of_address(&vpc.id, header.dst.ip()));
        match found.map(|interface| interface.id.clone()) {
            Some(id) => self.arrive(scope, &id, from, header),
            None if self.tables.index().is_classic(header.dst.ip()) => Ending::Unknown(NO_CLASSIC.to_owned()),
            None => match self.tables.others_unknown(&vpc.id, header.dst.ip()) {
                Some(why) => Ending::Unknown(why),
                None => {
                    self.block(DropReason::NoSuchInterface, vpc.id.as_str());
                    Ending::Lost
                }
            },
        }
    }

    /// Into an interface: its subnet's ACL if the packet comes from elsewhere, its check, its groups; and what stands
    /// behind it.
    pub(super) fn arrive(
        &mut self,
        scope: &Scope,
        id: &NetworkInterfaceId,
        from: Option<&SubnetId>,
        header: Header,
    ) -> Ending {
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
        if let Some(ending) = self.pass_groups(scope, interface, &header, false) {
            return ending;
        }
        match (&interface.interface_type, interface.instance_id()) {
            (_, Some(instance)) => {
                let own = own || self.owns_itself(scope, instance, header.dst.ip());
                self.hop(Component::Instance, instance.as_str(), self.instance_name(scope, instance));
                let region = self.region(scope);
                let record = region.and_then(|region| region.instances().get(instance));
                let record = record.filter(|record| self.tables.is_nat_instance(record));
                if own {
                    return match self.mapped(instance.as_str(), &header).filter(|_| record.is_some()) {
                        Some(after) => self.translate_and_leave(scope, id, header, after),
                        None => Ending::Arrived(Arrival::Interface(scope.clone(), id.clone()), header),
                    };
                }
                if interface.source_dest_check {
                    return Ending::Lost;
                }
                if let Some(record) = record {
                    return self.into_nat_instance(scope, record, id, header);
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
                let why = format!("what the interface endpoint behind {id} answers is not modelled");
                self.silent(why, scope, id, own, header)
            }
            (InterfaceType::Other(kind), None) => {
                let why = format!("what stands behind {id}, an interface of type {kind}, is not modelled");
                self.silent(why, scope, id, own, header)
            }
        }
    }

    /// At a device of AWS's own. Like any interface it answers by itself; what it does with packets of others is unknown.
    fn silent(&self, why: String, scope: &Scope, id: &NetworkInterfaceId, own: bool, header: Header) -> Ending {
        match own && !header.answer {
            true => Ending::Silent(why, Arrival::Interface(scope.clone(), id.clone()), header),
            false if own => Ending::Arrived(Arrival::Interface(scope.clone(), id.clone()), header),
            false => Ending::Unknown(why),
        }
    }

    // ---- writing down

    pub(super) fn router_hop(&mut self, vpc: &Vpc) {
        self.hop(Component::Vpc, vpc.id.as_str(), vpc.tags.name.clone());
    }

    pub(super) fn hop(&mut self, component: Component, id: &str, name: Option<String>) {
        // A packet that comes to the router that it is at stays at that hop.
        if self.hops.last().is_some_and(|hop| hop.id == id) {
            return;
        }
        let name = match self.tables.options().brief {
            true => String::new(),
            false => name.unwrap_or_else(|| id.to_owned()),
        };
        self.hops.push(PathHop { component, id: id.to_owned(), name, findings: Vec::new() });
    }

    pub(super) fn find(&mut self, finding: Finding) {
        if let Some(hop) = self.hops.last_mut() {
            hop.findings.push(finding);
        }
    }

    pub(super) fn block(&mut self, reason: DropReason, by: &str) {
        self.find(Finding::Blocked { reason, by: by.to_owned() });
    }
}

fn split(ending: Ending) -> (End, Option<(Arrival, Header)>) {
    match ending {
        Ending::Arrived(arrival, header) => (End::Arrived, Some((arrival, header))),
        Ending::Lost => (End::Lost, None),
        Ending::Unknown(why) => (End::Unknown(why), None),
        Ending::Silent(why, arrival, header) => (End::Unknown(why), Some((arrival, header))),
    }
}

fn route_text(table: &str, block: Option<Cidr>, destination: &Destination, target: &RouteTarget) -> String {
    match (destination, block) {
        (Destination::PrefixList(list), Some(block)) => format!("{table}: {list} ({block}) → {target}"),
        (destination, _) => format!("{table}: {destination} → {target}"),
    }
}

/// Whether a route leads out of the VPC to where no record says what is there: over a virtual private gateway, a transit
/// gateway, a peering connection to a VPC of others.
pub(super) fn is_far(target: &RouteTarget) -> bool {
    match target {
        RouteTarget::VpnGateway(_) => true,
        RouteTarget::Unmodeled(id) => FAR.iter().any(|prefix| id.starts_with(prefix)),
        RouteTarget::Local
        | RouteTarget::NetworkInterface(_)
        | RouteTarget::Instance(_)
        | RouteTarget::NatGateway(_)
        | RouteTarget::InternetGateway(_)
        | RouteTarget::EgressOnlyInternetGateway(_)
        | RouteTarget::VpcEndpoint(_)
        | RouteTarget::Peering(_) => false,
    }
}

/// How the ids begin of gateways that lead elsewhere: peering connections, transit, virtual private, local and carrier
/// gateways, and core networks.
const FAR: [&str; 6] = ["pcx-", "tgw-", "vgw-", "lgw-", "cagw-", "arn:"];

pub(super) fn is_shared(address: Ipv4Addr) -> bool {
    address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64
}

fn is_link_local_resolver(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253))
}
