//! What an action touched → the tables and boxes that have to be looked at again, in an order in which each finds what
//! it needs. A whole world is the same with everything touched.

use std::collections::BTreeSet;

use super::classic::linked_to;
use super::network::Network;
use super::settings::Settings;
use crate::base::*;
use crate::control_plane::{Region, RouteTarget, Scope, Touch, Touched, World};

/// What has to be looked at again, by kind.
#[derive(Default)]
struct Work {
    vpcs: BTreeSet<VpcId>,
    subnets: BTreeSet<SubnetId>,
    associations: BTreeSet<SubnetId>,
    tables: BTreeSet<RouteTableId>,
    /// VPCs whose gateways changed: all their tables are compiled anew.
    retabled: BTreeSet<VpcId>,
    acls: BTreeSet<NetworkAclId>,
    groups: BTreeSet<SecurityGroupId>,
    members: BTreeSet<SecurityGroupId>,
    interfaces: BTreeSet<NetworkInterfaceId>,
    instances: BTreeSet<InstanceId>,
    classics: BTreeSet<InstanceId>,
    internet_gateways: BTreeSet<InternetGatewayId>,
    egress_only: BTreeSet<EgressOnlyInternetGatewayId>,
    nats: BTreeSet<NatGatewayId>,
    endpoints: BTreeSet<VpcEndpointId>,
    lists: BTreeSet<PrefixListId>,
    services: BTreeSet<ServiceName>,
    peerings: BTreeSet<VpcPeeringConnectionId>,
    vpn_gateways: BTreeSet<VpnGatewayId>,
}

impl Network {
    /// The graph of a whole world.
    pub fn of(world: &World, settings: Settings) -> Self {
        let mut network = Self::new(settings);
        let outside = network.settings.outside.clone();
        network.add_outside_resolver(network.internet, "public resolver".to_owned());
        for host in outside.hosts {
            network.add_internet_host(host);
        }
        for premises in outside.premises {
            network.add_premises(premises);
        }
        let regions: Vec<RegionName> = world.service_regions().cloned().collect();
        for region in regions {
            for service in world.services(&region) {
                network.follow_service(&region, service);
            }
        }
        for (scope, region) in world.regions() {
            network.carry_out(world, &scope, Some(region), everything(region));
        }
        let peerings: Vec<_> = world.peerings().keys().cloned().collect();
        for id in &peerings {
            network.follow_peering(world, id);
        }
        if !peerings.is_empty() {
            for (scope, region) in world.regions() {
                let work = Work { retabled: region.vpcs().keys().cloned().collect(), ..Work::default() };
                network.carry_out(world, &scope, Some(region), work);
            }
        }
        network
    }

    /// Brings the graph to what the records say after an action of `scope`.
    pub fn follow(&mut self, world: &World, scope: &Scope, touched: &Touched) {
        let region = world.region(scope);
        let mut work = Work::default();
        for touch in touched {
            work.add(touch, region);
        }
        // A peering may belong to two accounts and regions: both ends look at their tables again.
        let ends: BTreeSet<Scope> = work
            .peerings
            .iter()
            .filter_map(|id| world.peerings().get(id))
            .flat_map(|peering| [peering.requester.scope.clone(), peering.accepter.scope.clone()])
            .filter(|end| end != scope)
            .collect();
        let peerings = work.peerings.clone();
        let groups: BTreeSet<SecurityGroupId> = work.members.clone();
        let lists = work.lists.clone();
        self.carry_out(world, scope, region, work);
        // A list may be shared with the region's other accounts.
        if !lists.is_empty() {
            let others = world.regions().filter(|(other, _)| other.region == scope.region && other != scope);
            for (other, region) in others {
                self.carry_out(world, &other, Some(region), Work { lists: lists.clone(), ..Work::default() });
            }
        }
        for end in ends {
            let region = world.region(&end);
            let vpcs = peerings.iter().filter_map(|id| world.peerings().get(id));
            let retabled = vpcs.flat_map(|p| [p.requester.vpc_id.clone(), p.accepter.vpc_id.clone()]).collect();
            self.carry_out(world, &end, region, Work { retabled, ..Work::default() });
        }
        // Members of a group may be named by rules of a peered VPC: the sets are shared, the decisions are not.
        if !groups.is_empty() {
            let routers: Vec<_> = self.vpcs.values().map(|boxes| boxes.router).collect();
            for router in routers {
                self.router(router).touch();
            }
        }
    }

    fn carry_out(&mut self, world: &World, scope: &Scope, region: Option<&Region>, mut work: Work) {
        self.follow_gateways(world, scope, region, &mut work);
        let Some(region) = region else { return };
        for group in &work.groups {
            for boxes in self.vpcs.values_mut() {
                boxes.filters.retain(|groups, _| !groups.contains(group));
            }
            if let Some(record) = region.security_groups().get(group) {
                work.interfaces.extend(record.members().iter().cloned());
                self.refill_members(region, record);
            }
        }
        for group in work.members.iter().filter_map(|id| region.security_groups().get(id)) {
            self.refill_members(region, group);
        }
        for id in &work.instances {
            self.follow_instance(region, id);
        }
        for id in &work.interfaces {
            self.follow_interface(world, scope, Some(region), id);
        }
        work.classics.extend(linked_to(region, &work.vpcs, &work.groups));
        for id in &work.classics {
            self.follow_classic_instance(world, scope, region, id);
        }
        let removed: Vec<NetworkInterfaceId> =
            work.interfaces.iter().filter(|id| !region.network_interfaces().contains_key(id)).cloned().collect();
        for id in removed {
            self.follow_interface(world, scope, None, &id);
        }
        self.follow_tables(world, scope, region, work);
    }

    fn follow_gateways(&mut self, world: &World, scope: &Scope, region: Option<&Region>, work: &mut Work) {
        for vpc in work.vpcs.iter().filter_map(|id| region?.vpcs().get(id)) {
            self.follow_vpc(&scope.region, vpc);
        }
        for subnet in work.subnets.iter().filter_map(|id| region?.subnets().get(id)) {
            self.follow_subnet(subnet);
        }
        for name in &work.services {
            if let Some(service) = world.service(&scope.region, name) {
                self.follow_service(&scope.region, service);
                work.lists.extend(service.prefix_list_id.clone());
            }
        }
        for list in &work.lists {
            self.lists.remove(&(scope.region.clone(), list.clone()));
            work.endpoints.extend(region.into_iter().flat_map(|r| r.vpc_endpoints().keys().cloned()));
            for table in region.into_iter().flat_map(|r| r.route_tables().values()) {
                let uses = table
                    .routes()
                    .any(|r| r.destination == crate::control_plane::Destination::PrefixList(list.clone()));
                if uses {
                    work.tables.insert(table.id.clone());
                }
            }
            for group in region.into_iter().flat_map(|r| r.security_groups().values()).filter(|g| g.uses_list(list)) {
                work.groups.insert(group.id.clone());
            }
        }
        for id in &work.nats {
            if let Some(region) = region {
                self.follow_nat_gateway(region, id);
                let record = region.nat_gateways().get(id);
                work.interfaces.extend(
                    record.into_iter().flat_map(|nat| nat.addresses.iter().map(|a| a.network_interface_id.clone())),
                );
                work.retabled.extend(record.map(|nat| nat.vpc_id.clone()));
            }
        }
        let before = self.gateway_ports();
        for id in &work.internet_gateways {
            self.follow_internet_gateway(region, id);
        }
        for id in &work.egress_only {
            self.follow_egress_only(region, id);
        }
        for id in &work.endpoints {
            self.follow_endpoint(world, scope, region, id);
        }
        for id in &work.peerings {
            self.follow_peering(world, id);
        }
        for id in &work.vpn_gateways {
            self.follow_vpn_gateway(region, id);
        }
        let after = self.gateway_ports();
        work.retabled.extend(after.symmetric_difference(&before).map(|(vpc, _, _)| vpc.clone()));
    }

    fn follow_tables(&mut self, world: &World, scope: &Scope, region: &Region, mut work: Work) {
        for interface in &work.interfaces {
            work.tables.extend(region.tables_with_target(&RouteTarget::NetworkInterface(interface.clone())).cloned());
        }
        for instance in &work.instances {
            work.tables.extend(region.tables_with_target(&RouteTarget::Instance(instance.clone())).cloned());
        }
        for vpc in &work.retabled {
            work.tables.extend(region.contents(vpc).into_iter().flat_map(|c| c.route_tables.iter().cloned()));
        }
        for boxes in self.vpcs.values_mut() {
            boxes.tables.retain(|id, _| !work.tables.contains(id));
            boxes.acls.retain(|id, _| !work.acls.contains(id));
        }
        // Which subnets use a table or a list is told by the subnets themselves; few actions touch either.
        if !work.tables.is_empty() || !work.acls.is_empty() {
            for subnet in region.subnets().values() {
                let table = region.effective_route_table(subnet).map(|table| &table.id);
                let uses = table.is_some_and(|id| work.tables.contains(id))
                    || work.acls.contains(&subnet.network_acl_association.network_acl_id);
                if uses {
                    work.associations.insert(subnet.id.clone());
                }
            }
        }
        work.associations.extend(work.subnets.iter().cloned());
        for subnet in work.associations.iter().filter_map(|id| region.subnets().get(id)) {
            self.follow_associations(world, scope, region, subnet);
        }
    }

    fn gateway_ports(&self) -> BTreeSet<(VpcId, String, u32)> {
        let all = self
            .vpcs
            .iter()
            .flat_map(|(vpc, boxes)| boxes.gateways.iter().map(|(id, (port, _))| (vpc.clone(), id.clone(), port.0)));
        all.collect()
    }
}

impl Work {
    fn add(&mut self, touch: &Touch, region: Option<&Region>) {
        match touch {
            Touch::Vpc(id) => {
                self.vpcs.insert(id.clone());
                // Blocks and DNS attributes reach the gateways and the main table's users.
                self.retabled.insert(id.clone());
                let contents = region.and_then(|region| region.contents(id));
                self.nats.extend(contents.into_iter().flat_map(|c| c.nat_gateways.iter().cloned()));
            }
            Touch::Subnet(id) => {
                self.subnets.insert(id.clone());
            }
            Touch::RouteTable(id) => {
                self.tables.insert(id.clone());
            }
            Touch::NetworkAcl(id) => {
                self.acls.insert(id.clone());
            }
            Touch::SecurityGroup(id) => {
                self.groups.insert(id.clone());
            }
            Touch::GroupMembers(id) => {
                self.members.insert(id.clone());
            }
            Touch::NetworkInterface(id) => {
                self.interfaces.insert(id.clone());
            }
            Touch::Instance(id) => {
                self.instances.insert(id.clone());
                let instance = region.and_then(|region| region.instances().get(id));
                self.interfaces.extend(instance.into_iter().flat_map(|i| i.interfaces.values().cloned()));
            }
            Touch::InternetGateway(id) => {
                self.internet_gateways.insert(id.clone());
            }
            Touch::EgressOnlyInternetGateway(id) => {
                self.egress_only.insert(id.clone());
            }
            Touch::NatGateway(id) => {
                self.nats.insert(id.clone());
            }
            Touch::VpcEndpoint(id) => {
                self.endpoints.insert(id.clone());
            }
            Touch::PrefixList(id) => {
                self.lists.insert(id.clone());
            }
            Touch::Service(name) => {
                self.services.insert(name.clone());
            }
            Touch::Peering(id) => {
                self.peerings.insert(id.clone());
            }
            Touch::VpnGateway(id) => {
                self.vpn_gateways.insert(id.clone());
            }
            Touch::ClassicInstance(id) => {
                self.classics.insert(id.clone());
            }
            Touch::CustomerGateway(_) | Touch::VpnConnection(_) | Touch::VirtualInterface(_) => {
                // Few worlds have more than one: all of them are looked at again.
                self.vpn_gateways.extend(region.into_iter().flat_map(|r| r.vpn_gateways().keys().cloned()));
            }
            Touch::Zone(zone) => {
                let Some(region) = region else { return };
                let subnets = region.subnets().values().filter(|subnet| subnet.availability_zone == *zone);
                let subnets: BTreeSet<&SubnetId> = subnets.map(|subnet| &subnet.id).collect();
                let nats = region.nat_gateways().values().filter(|nat| subnets.contains(&nat.subnet_id));
                self.nats.extend(nats.map(|nat| nat.id.clone()));
                let interfaces = region.network_interfaces().values().filter(|i| subnets.contains(&i.subnet_id));
                self.interfaces.extend(interfaces.map(|interface| interface.id.clone()));
            }
            // Who may do what moves no packet, nor do names; the services and describe calls ask the records.
            Touch::EndpointPolicy(_)
            | Touch::ElasticIp(_)
            | Touch::DhcpOptions(_)
            | Touch::User(_)
            | Touch::Bucket(_)
            | Touch::Tags(_) => {}
        }
    }
}

fn everything(region: &Region) -> Work {
    Work {
        vpcs: region.vpcs().keys().cloned().collect(),
        subnets: region.subnets().keys().cloned().collect(),
        tables: region.route_tables().keys().cloned().collect(),
        acls: region.network_acls().keys().cloned().collect(),
        members: region.security_groups().keys().cloned().collect(),
        interfaces: region.network_interfaces().keys().cloned().collect(),
        instances: region.instances().keys().cloned().collect(),
        classics: region.classic_instances().keys().cloned().collect(),
        internet_gateways: region.internet_gateways().keys().cloned().collect(),
        egress_only: region.egress_only_internet_gateways().keys().cloned().collect(),
        nats: region.nat_gateways().keys().cloned().collect(),
        endpoints: region.vpc_endpoints().keys().cloned().collect(),
        vpn_gateways: region.vpn_gateways().keys().cloned().collect(),
        ..Work::default()
    }
}
