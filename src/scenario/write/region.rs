//! What an account has in one region, written. Knows no VPC from inside.

use super::pen::{Pen, blocks, is};
use super::text::{Map, Out};
use crate::base::*;
use crate::control_plane::*;
use crate::scenario::context::interface_service;
use crate::scenario::vocabulary::service_key_fits;

impl Pen<'_> {
    /// All that a region holds; `services` says whether AWS's services of the region are to stand here.
    pub(super) fn region(&mut self, region: &Region, services: bool) -> Map {
        let mut map = Map::tall();
        let mut vpcs = Map::tall();
        for vpc in self.in_order(region.vpcs()) {
            let made = self.vpc(region, vpc);
            vpcs.put(&self.key(vpc.id.clone()), made);
        }
        section(&mut map, "vpcs", vpcs);
        let instances = self.instances(region);
        section(&mut map, "instances", instances);
        let addresses = self.elastic_ips(region);
        section(&mut map, "elastic-ips", addresses);
        let lists = self.prefix_lists(region);
        section(&mut map, "prefix-lists", lists);
        let sets = self.dhcp_options(region);
        section(&mut map, "dhcp-options", sets);
        let peerings = self.peerings();
        section(&mut map, "peering-connections", peerings);
        self.vpn(region, &mut map);
        self.free_gateways(region, &mut map);
        if services {
            self.services(&mut map);
        }
        self.zones(region, &mut map);
        let associations = self.associations(region);
        if !associations.is_empty() {
            map.space();
            map.comment("The ids of associations, so that calls and steps can name them.");
            map.put("associations", associations);
        }
        map
    }

    fn elastic_ips(&self, region: &Region) -> Map {
        let mut all = Map::tall();
        for ip in self.in_order(region.elastic_ips()) {
            let mut map = Map::default();
            map.put("address", Out::text(ip.public_ip));
            self.identify_by_key(&mut map, ip.allocation_id.clone(), &ip.tags);
            all.put(&self.key(ip.allocation_id.clone()), map);
        }
        all
    }

    fn prefix_lists(&self, region: &Region) -> Map {
        let mut all = Map::tall();
        for list in self.in_order(region.prefix_lists()) {
            let key = self.key(list.id.clone());
            let mut map = Map::default();
            if list.prefix_list_name != key {
                map.put("name", list.prefix_list_name.as_str());
            }
            map.put("entries", Out::List(blocks(&list.entries)));
            if list.max_entries != list.entries.len().max(1) {
                map.put("max-entries", Out::word(list.max_entries));
            }
            if list.version != 1 {
                map.put("version", Out::word(list.version));
            }
            // A list's key is its name, and no tag.
            self.identify(&mut map, list.id.clone(), &list.tags, None);
            all.put(&key, map);
        }
        all
    }

    fn dhcp_options(&self, region: &Region) -> Map {
        let mut all = Map::tall();
        for options in self.in_order(region.dhcp_options()) {
            let mut map = Map::default();
            let servers = options.domain_name_servers.iter().map(|server| match server {
                NameServer::AmazonProvidedDns => Out::word("AmazonProvidedDNS"),
                NameServer::Address(address) => Out::text(address),
            });
            map.put_list("name-servers", servers.collect());
            map.put_some("domain-name", options.domain_name.clone());
            self.identify_by_key(&mut map, options.id.clone(), &options.tags);
            all.put(&self.key(options.id.clone()), map);
        }
        all
    }

    /// Peering connections that were asked for here.
    fn peerings(&mut self) -> Map {
        let mut all = Map::tall();
        let own = self.world.peerings().iter().filter(|(_, peering)| peering.requester.scope == self.place.scope);
        for peering in self.in_order(own) {
            match peering.state {
                PeeringState::Active | PeeringState::PendingAcceptance => {}
                PeeringState::Failed { .. } | PeeringState::Deleted { .. } => {
                    self.note(&mut all, format!("{}, which is {}", peering.id, peering.state.as_str()));
                    continue;
                }
            }
            let sides = [&peering.requester, &peering.accepter];
            let mut map = Map::default();
            let refer = |side: &&PeeringSide| self.refer(side.vpc_id.clone(), is::<VpcId>);
            map.put("between", Out::List(sides.iter().map(refer).collect()));
            if !peering.is_active() {
                map.put("accepted", false);
            }
            let resolving = sides.iter().filter(|side| side.allow_dns_resolution_from_remote_vpc);
            map.put_list("remote-dns", resolving.map(refer).collect());
            self.identify_by_key(&mut map, peering.id.clone(), &peering.tags);
            all.put(&self.key(peering.id.clone()), map);
        }
        all
    }

    fn vpn(&mut self, region: &Region, map: &mut Map) {
        let mut all = Map::tall();
        for connection in self.in_order(region.vpn_connections()) {
            let mut map = Map::default();
            map.put("virtual-private-gateway", self.refer(connection.vpn_gateway_id.clone(), is::<VpnGatewayId>));
            map.put("customer-gateway", self.refer(connection.customer_gateway_id.clone(), is::<CustomerGatewayId>));
            if connection.static_routes_only {
                map.put("static-routes", Out::List(blocks(&connection.static_routes)));
            }
            map.put_list("advertises", blocks(connection.bgp_routes.keys()));
            self.identify_by_key(&mut map, connection.id.clone(), &connection.tags);
            all.put(&self.key(connection.id.clone()), map);
        }
        section(map, "vpn-connections", all);
        let mut all = Map::tall();
        for gateway in self.in_order(region.customer_gateways()) {
            let mut map = Map::default();
            map.put("address", Out::text(gateway.ip_address));
            if gateway.bgp_asn != DEFAULT_ASN {
                map.put("asn", Out::word(gateway.bgp_asn));
            }
            self.identify_by_key(&mut map, gateway.id.clone(), &gateway.tags);
            all.put(&self.key(gateway.id.clone()), map);
        }
        section(map, "customer-gateways", all);
        for interface in region.virtual_interfaces().values() {
            self.note(map, format!("{}, a Direct Connect virtual interface", interface.id));
        }
        for instance in region.classic_instances().values() {
            self.note(map, format!("{}, an instance of EC2-Classic", instance.id));
        }
    }

    fn free_gateways(&mut self, region: &Region, map: &mut Map) {
        let mut all = Map::tall();
        for gateway in region.internet_gateways().values().filter(|gateway| gateway.vpc_id.is_none()) {
            let mut map = Map::default();
            self.identify_by_key(&mut map, gateway.id.clone(), &gateway.tags);
            all.put(&self.key(gateway.id.clone()), map);
        }
        section(map, "internet-gateways", all);
        let mut all = Map::tall();
        for gateway in region.vpn_gateways().values().filter(|gateway| gateway.vpc_id.is_none()) {
            let mut map = Map::default();
            self.identify_by_key(&mut map, gateway.id.clone(), &gateway.tags);
            all.put(&self.key(gateway.id.clone()), map);
        }
        section(map, "virtual-private-gateways", all);
    }

    /// AWS's services of the region, as far as they are not as the era has them.
    fn services(&mut self, into: &mut Map) {
        let region = self.place.scope.region.clone();
        let usual = default_services(&region, self.world.era);
        let (mut all, mut plain) = (Map::tall(), Vec::new());
        let services: Vec<&Service> = self.world.services(&region).collect();
        for service in services {
            let key = self.service(&service.name);
            if !usual.contains_key(&service.name) && interface_service(&region, &key).as_ref() == Some(service) {
                plain.push(key);
                continue;
            }
            let base = usual.get(&service.name).cloned().unwrap_or_else(|| Service::plain(service.name.clone(), []));
            if *service == base {
                continue;
            }
            if !service_key_fits(&key) {
                self.note(&mut all, format!("the service {}", service.name));
                continue;
            }
            let mut map = Map::default();
            if service.prefix_list_id != base.prefix_list_id {
                map.put_some("prefix-list", service.prefix_list_id.as_ref().map(Out::text));
            }
            if (&service.ranges, &service.ipv6_ranges) != (&base.ranges, &base.ipv6_ranges) {
                map.put("ranges", Out::List(blocks(service.ranges.iter().chain(&service.ipv6_ranges))));
            }
            if (service.gateway_endpoint, service.interface_endpoint)
                != (base.gateway_endpoint, base.interface_endpoint)
            {
                let kinds = [(service.gateway_endpoint, "gateway"), (service.interface_endpoint, "interface")];
                let mut kinds: Vec<Out> =
                    kinds.iter().filter(|(has, _)| *has).map(|(_, word)| Out::word(word)).collect();
                if kinds.is_empty() {
                    kinds.push(Out::word("none"));
                }
                map.put_list("endpoints", kinds);
            }
            if service.private_dns_name != base.private_dns_name {
                map.put_some("private-dns-name", service.private_dns_name.clone());
            }
            all.put(&key, map);
        }
        if !all.is_empty() || !plain.is_empty() {
            into.space();
            into.comment("AWS's services, where they are not as the era has them.");
            into.put_full("services", all);
        }
        if !plain.is_empty() {
            into.put("interface-services", Out::Many(plain));
        }
    }

    fn zones(&mut self, region: &Region, map: &mut Map) {
        let usual = ['a', 'b', 'c'].map(|letter| AvailabilityZone::of(&region.name, letter));
        let further = region.zones().keys().filter(|zone| !usual.contains(zone));
        let further: Vec<Out> = further.map(|zone| Out::text(zone.as_str())).collect();
        if !further.is_empty() {
            map.space();
            map.put_list("zones", further);
        }
        for (zone, state) in region.zones() {
            if state.failed {
                self.note(map, format!("that the zone {zone} has failed"));
            }
        }
    }

    /// The ids of associations, which nobody needs to read.
    fn associations(&self, region: &Region) -> Map {
        let mut all = Map::tall();
        let of_table = |id: &ResourceId| is::<SubnetId>(id) || is::<VpcId>(id);
        for vpc in region.vpcs().values() {
            all.put(vpc.main_association.association_id.as_str(), self.refer(vpc.id.clone(), of_table));
        }
        for subnet in region.subnets().values() {
            if let Some(association) = &subnet.route_table_association {
                all.put(association.association_id.as_str(), self.refer(subnet.id.clone(), of_table));
            }
            let association = &subnet.network_acl_association.association_id;
            all.put(association.as_str(), self.refer(subnet.id.clone(), is::<SubnetId>));
        }
        for ip in region.elastic_ips().values() {
            if let Some(association) = &ip.association {
                let of = self.refer(ip.allocation_id.clone(), is::<AllocationId>);
                all.put(association.association_id.as_str(), of);
            }
        }
        all
    }
}

/// What a customer gateway has unless it says otherwise (EC2 API reference, CreateCustomerGateway).
const DEFAULT_ASN: u32 = 65_000;

/// Puts a section behind an empty line, if there is anything in it.
pub(super) fn section(map: &mut Map, key: &str, section: Map) {
    if !section.is_empty() {
        map.space();
        map.put_full(key, section);
    }
}
