//! A VPC and what lies in it, written, but for machines. Knows no filter's rules.

use super::machine::lone_interfaces;
use super::pen::{Pen, blocks, is, tags_beside};
use super::text::{Map, Out};
use crate::base::*;
use crate::control_plane::*;
use crate::policy::PolicyDocument;
use crate::scenario::context::as_target;

impl Pen<'_> {
    /// A VPC with everything in it but machines.
    pub(super) fn vpc(&mut self, region: &Region, vpc: &Vpc) -> Map {
        self.place.vpc = self.key(vpc.id.clone());
        let mut map = Map::tall();
        map.put_list("cidr", blocks(&vpc.cidr_blocks));
        map.put_list("ipv6", blocks(&vpc.ipv6_cidr_blocks));
        if vpc.is_default {
            map.put("default", true);
        }
        if !vpc.enable_dns_support {
            map.put("dns-support", false);
        }
        if vpc.enable_dns_hostnames {
            map.put("dns-hostnames", true);
        }
        map.put(
            "dhcp-options",
            match &vpc.dhcp_options_id {
                Some(id) => self.refer(id.clone(), is::<DhcpOptionsId>),
                None => Out::word("none"),
            },
        );
        let contents = region.contents(&vpc.id).cloned().unwrap_or_default();
        self.gateways(region, &contents, &mut map);
        self.identify_by_key(&mut map, vpc.id.clone(), &vpc.tags);
        if vpc.classic_link_enabled {
            map.put("classic-link", true);
        }
        macro_rules! section {
            ($key:literal, $ids:ident, $map:ident, $record:ident, $beside:ident => $made:expr) => {
                let mut $beside = Map::tall();
                let own = contents.$ids.iter().filter_map(|id| Some((id, region.$map().get(id)?)));
                for $record in self.in_order(own) {
                    if let Some(made) = $made {
                        $beside.put(&self.key($record.id.clone()), made);
                    }
                }
                map.put_full($key, $beside);
            };
        }
        section!("subnets", subnets, subnets, subnet, beside => Some(self.subnet(vpc, subnet)));
        section!("route-tables", route_tables, route_tables, table, beside => Some(self.route_table(region, vpc, table)));
        section!("network-acls", network_acls, network_acls, acl, beside => Some(self.network_acl(vpc, acl)));
        section!("security-groups", security_groups, security_groups, group, beside =>
            Some(self.security_group(vpc, group)));
        section!("nat-gateways", nat_gateways, nat_gateways, nat, beside => self.nat_gateway(nat, &mut beside));
        section!("vpc-endpoints", vpc_endpoints, vpc_endpoints, endpoint, beside =>
            Some(self.endpoint(region, vpc, endpoint, &mut beside)));
        let mut lone = Map::tall();
        let enis: Vec<&NetworkInterface> = lone_interfaces(region, &vpc.id).collect();
        for eni in self.in_order(enis.into_iter().map(|eni| (&eni.id, eni))) {
            let map = self.lone_interface(region, eni, &mut lone);
            lone.put(&self.key(eni.id.clone()), map);
        }
        map.put_full("network-interfaces", lone);
        self.place.vpc.clear();
        map
    }

    fn gateways(&mut self, region: &Region, contents: &VpcContents, map: &mut Map) {
        if let Some(gateway) = contents.internet_gateway.as_ref().and_then(|id| region.internet_gateways().get(id)) {
            let made = self.gateway(gateway.id.clone().into(), &gateway.tags, Vec::new());
            map.put("internet-gateway", made);
        }
        for (index, id) in contents.egress_only_internet_gateways.iter().enumerate() {
            let Some(gateway) = region.egress_only_internet_gateways().get(id) else { continue };
            if 0 < index {
                self.note(map, format!("{id}, a second egress-only internet gateway of its VPC"));
                continue;
            }
            let made = self.gateway(gateway.id.clone().into(), &gateway.tags, Vec::new());
            map.put("egress-only-internet-gateway", made);
        }
        if let Some(gateway) = contents.vpn_gateway.as_ref().and_then(|id| region.vpn_gateways().get(id)) {
            let known = blocks(gateway.other_routes.keys());
            let made = self.gateway(gateway.id.clone().into(), &gateway.tags, known);
            map.put("virtual-private-gateway", made);
        }
    }

    /// A gateway of a VPC: its id alone where it has no name.
    fn gateway(&self, id: ResourceId, tags: &Tags, knows: Vec<Out>) -> Out {
        let key = self.key(id.clone());
        let named = Some(key.as_str()).filter(|key| *key != id.as_str());
        if named.is_none() && tags.is_empty() && knows.is_empty() {
            return Out::Text(key);
        }
        let mut map = Map::default();
        map.put("name", key.as_str());
        map.put_list("knows", knows);
        self.identify(&mut map, id, tags, named);
        map.into()
    }

    fn subnet(&self, vpc: &Vpc, subnet: &Subnet) -> Map {
        let mut map = Map::default();
        map.put("cidr", Out::text(subnet.cidr_block));
        map.put_some("ipv6-cidr", subnet.ipv6_cidr_block.map(Out::text));
        map.put("zone", subnet.availability_zone.as_str());
        if let Some(association) = &subnet.route_table_association {
            let table = association.route_table_id.clone();
            // By its key, `main` stands for no association at all.
            let main = table == vpc.main_association.route_table_id && self.key(table.clone()) == "main";
            let by_key = || self.refer(table.clone(), is::<RouteTableId>);
            map.put("route-table", if main { Out::text(&table) } else { by_key() });
        }
        let acl = &subnet.network_acl_association.network_acl_id;
        if *acl != vpc.default_network_acl_id {
            map.put("network-acl", self.refer(acl.clone(), is::<NetworkAclId>));
        }
        if subnet.map_public_ip_on_launch {
            map.put("public-ips", true);
        }
        if subnet.assign_ipv6_address_on_creation {
            map.put("ipv6-on-creation", true);
        }
        self.identify_by_key(&mut map, subnet.id.clone(), &subnet.tags);
        map
    }

    fn route_table(&mut self, region: &Region, vpc: &Vpc, table: &RouteTable) -> Map {
        let mut map = Map::default();
        let key = self.key(table.id.clone());
        let main = vpc.main_association.route_table_id == table.id;
        if main && key != "main" {
            map.put("main", true);
        }
        for block in vpc.blocks() {
            if table.route(&Destination::Cidr(*block)).is_none() {
                self.note(&mut map, format!("that {} has no route for {block}, a block of its VPC", table.id));
            }
        }
        for route in table.routes() {
            self.route(region, vpc, table, route, &mut map);
        }
        map.put_list("propagate", self.refer_all(&table.propagating_vgws));
        let gateways = table.edge_associations.iter().map(|id| match ResourceId::parse(id) {
            Some(id) => self.refer(id, |id| is::<InternetGatewayId>(id) || is::<VpnGatewayId>(id)),
            None => Out::text(id),
        });
        map.put_list("edge", gateways.collect());
        if main && key == "main" {
            self.identify(&mut map, table.id.clone(), &table.tags, None);
        } else {
            self.identify_by_key(&mut map, table.id.clone(), &table.tags);
        }
        map
    }

    fn route(&mut self, region: &Region, vpc: &Vpc, table: &RouteTable, route: &Route, map: &mut Map) {
        let own = matches!(&route.destination, Destination::Cidr(block) if vpc.blocks().any(|own| own == block));
        if own && *route == Route::local(vpc_block(&route.destination)) {
            return;
        }
        // An endpoint brings its routes along.
        if let (Destination::PrefixList(_), RouteTarget::VpcEndpoint(id)) = (&route.destination, &route.target)
            && route.state == RouteState::Active
            && region.vpc_endpoints().get(id).is_some_and(|endpoint| endpoint.route_table_ids.contains(&table.id))
        {
            return;
        }
        let destination = match &route.destination {
            Destination::Cidr(block) => block.to_string(),
            Destination::PrefixList(list) => self.list(list, |_| false),
        };
        let scope = self.place.scope.clone();
        let target = match ResourceId::parse(&route.target.to_string()).filter(|id| as_target(id).is_some()) {
            Some(id) if !matches!(route.target, RouteTarget::Unmodeled(_)) => {
                self.refer(id, |id| as_target(id).is_some())
            }
            Some(_) | None => Out::text(&route.target),
        };
        if self.scratch.makes_route(&scope, &vpc.id, route) {
            return map.put(&destination, target);
        }
        if (route.origin == RouteOrigin::CreateRouteTable) != own {
            self.note(map, format!("that the route for {destination} of {} came with it, or did not", table.id));
        }
        let mut told = Map::default();
        told.put("target", target);
        if let RouteTarget::Unmodeled(_) = route.target {
            told.put("unknown", true);
        }
        if route.state == RouteState::Blackhole || !matches!(route.target, RouteTarget::Unmodeled(_)) {
            told.put("state", Out::word(route.state.as_str()));
        }
        map.put(&destination, told);
    }

    fn nat_gateway(&mut self, nat: &NatGateway, beside: &mut Map) -> Option<Map> {
        let Some((first, further)) = nat.addresses.split_first().filter(|_| nat.is_live()) else {
            self.note(beside, format!("{}, which is {}", nat.id, nat.state.as_str()));
            return None;
        };
        let mut map = Map::default();
        map.put("subnet", self.refer(nat.subnet_id.clone(), is::<SubnetId>));
        if nat.connectivity == Connectivity::Private {
            map.put("private", true);
        }
        let elastic = |address: &NatGatewayAddress| {
            let (allocation, _) = address.elastic.as_ref()?;
            Some(self.refer(allocation.clone(), is::<AllocationId>))
        };
        map.put_some("elastic-ip", elastic(first));
        map.put("private-ip", Out::text(first.private_ip));
        map.put_list("secondary-ips", further.iter().map(|address| Out::text(address.private_ip)).collect());
        let mut secondary = Map::default();
        for address in further {
            secondary.put_some(&address.private_ip.to_string(), elastic(address));
        }
        map.put_full("elastic-ips", secondary);
        map.put("network-interface", first.network_interface_id.as_str());
        self.identify_by_key(&mut map, nat.id.clone(), &nat.tags);
        Some(map)
    }

    fn endpoint(&mut self, region: &Region, vpc: &Vpc, endpoint: &VpcEndpoint, beside: &mut Map) -> Map {
        let mut map = Map::default();
        let service = &endpoint.service_name;
        map.put("service", self.service(service));
        match endpoint.endpoint_type {
            EndpointType::Gateway => {
                map.put_list("route-tables", self.refer_all(&endpoint.route_table_ids));
                if endpoint.private_dns_enabled {
                    self.note(beside, format!("that {} has private names", endpoint.id));
                }
            }
            EndpointType::Interface => self.interface_endpoint(region, vpc, endpoint, &mut map),
        }
        let policy = endpoint.policy.current();
        if *policy != PolicyDocument::full_access() {
            map.put("policy", Out::Lines(policy.text().to_owned()));
        }
        self.identify_by_key(&mut map, endpoint.id.clone(), &endpoint.tags);
        map
    }

    fn interface_endpoint(&self, region: &Region, vpc: &Vpc, endpoint: &VpcEndpoint, map: &mut Map) {
        let enis = endpoint.network_interface_ids.iter().filter_map(|id| region.network_interfaces().get(id));
        let mut interfaces = Vec::new();
        for eni in enis {
            let mut one = Map::default();
            one.put("subnet", self.refer(eni.subnet_id.clone(), is::<SubnetId>));
            one.put_some("private-ip", eni.primary_address().map(Out::text));
            one.put_some("ipv6", eni.ipv6_addresses.first().map(Out::text));
            one.put("id", eni.id.as_str());
            one.put_full("tags", tags_beside(&eni.tags, None));
            interfaces.push(Out::Map(one));
        }
        if interfaces.is_empty() {
            map.put("type", Out::word("interface"));
        } else {
            map.put("interfaces", Out::List(interfaces));
        }
        if !endpoint.security_group_ids.iter().eq([&vpc.default_security_group_id]) {
            map.put_list("security-groups", self.refer_all(&endpoint.security_group_ids));
        }
        let service = self.world.service(&self.place.scope.region, &endpoint.service_name);
        let usual = service.is_some_and(|service| service.private_dns_name.is_some());
        if endpoint.private_dns_enabled != usual {
            map.put("private-dns", endpoint.private_dns_enabled);
        }
    }

    /// A service by its short name where that means it here.
    pub(super) fn service(&self, name: &ServiceName) -> String {
        let short = name.service();
        let region = &self.place.scope.region;
        let means = crate::scenario::context::service_name(region, short).as_ref() == Some(name);
        if means { short.to_owned() } else { name.to_string() }
    }
}

/// The block of a destination that is one of a VPC's.
fn vpc_block(destination: &Destination) -> Cidr {
    match destination {
        Destination::Cidr(block) => *block,
        Destination::PrefixList(_) => Cidr::ALL_V4,
    }
}
