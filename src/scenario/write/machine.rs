//! Instances and network interfaces, written. Knows no routes and no filters.

use std::collections::BTreeSet;

use super::pen::{Pen, is, tags_beside};
use super::text::{Map, Out};
use crate::base::*;
use crate::control_plane::*;

/// The interfaces of a VPC that no instance, no NAT gateway and no endpoint has.
pub(super) fn lone_interfaces<'r>(region: &'r Region, vpc: &VpcId) -> impl Iterator<Item = &'r NetworkInterface> {
    let live = region.nat_gateways().values().filter(|nat| nat.is_live());
    let of_nat = live.flat_map(|nat| nat.addresses.iter().map(|address| &address.network_interface_id));
    let of_endpoints = region.vpc_endpoints().values().flat_map(|endpoint| &endpoint.network_interface_ids);
    let owned: BTreeSet<&NetworkInterfaceId> = of_nat.chain(of_endpoints).collect();
    let in_vpc: Vec<&NetworkInterface> =
        region.network_interfaces().values().filter(|eni| eni.vpc_id == *vpc && eni.instance_id().is_none()).collect();
    in_vpc.into_iter().filter(move |eni| !owned.contains(&eni.id))
}

impl Pen<'_> {
    /// All instances of a region.
    pub(super) fn instances(&mut self, region: &Region) -> Map {
        let mut all = Map::tall();
        for instance in self.in_order(region.instances()) {
            if !instance.is_live() {
                self.note(&mut all, format!("{}, which was terminated", instance.id));
                continue;
            }
            match self.instance(region, instance, &mut all) {
                Some(map) => all.put(&self.key(instance.id.clone()), map),
                None => self.note(&mut all, format!("{}, which has no primary network interface", instance.id)),
            }
        }
        all
    }

    fn instance(&mut self, region: &Region, instance: &Instance, beside: &mut Map) -> Option<Map> {
        let eni = region.network_interfaces().get(instance.primary_interface()?)?;
        let subnet = region.subnets().get(&instance.subnet_id)?;
        let mut map = Map::default();
        self.place.vpc.clear();
        map.put("subnet", self.refer(subnet.id.clone(), is::<SubnetId>));
        self.place.vpc = self.key(instance.vpc_id.clone());
        self.addresses(region, eni, &mut map, beside);
        let pooled = pooled_address(eni);
        match pooled {
            Some(address) if instance.public_at_start => map.put("public-ip", Out::text(address)),
            _ if instance.public_at_start != subnet.map_public_ip_on_launch => {
                map.put("public-ip", instance.public_at_start);
            }
            _ => {}
        }
        self.guards(region, eni, &mut map, beside);
        if instance.instance_type != "t2.micro" {
            map.put("type", instance.instance_type.as_str());
        }
        if instance.state == InstanceState::Stopped {
            map.put("state", Out::word("stopped"));
        }
        let mut further = Vec::new();
        let mut next = 1;
        for (index, id) in instance.interfaces.iter().filter(|(index, _)| **index != 0) {
            let Some(eni) = region.network_interfaces().get(id) else { continue };
            further.push(Out::Map(self.further_interface(region, eni, (*index, next), beside)));
            next = index + 1;
        }
        if !further.is_empty() {
            map.put("interfaces", Out::List(further));
        }
        let mut primary = Map::default();
        interface_self(eni, true, &mut primary);
        if primary.is_empty() && eni.tags.is_empty() {
            map.put("network-interface", eni.id.as_str());
        } else {
            primary.put("id", eni.id.as_str());
            primary.put_full("tags", tags_beside(&eni.tags, None));
            map.put("network-interface", primary);
        }
        if let Some(role) = &instance.role {
            self.note(beside, format!("the role {role} of {}", instance.id));
        }
        self.identify_by_key(&mut map, instance.id.clone(), &instance.tags);
        self.place.vpc.clear();
        Some(map)
    }

    fn further_interface(
        &mut self,
        region: &Region,
        eni: &NetworkInterface,
        (index, next): (u32, u32),
        beside: &mut Map,
    ) -> Map {
        let mut map = Map::default();
        map.put("subnet", self.refer(eni.subnet_id.clone(), is::<SubnetId>));
        let key = self.key(eni.id.clone());
        if key != eni.id.as_str() {
            map.put("name", key.as_str());
        }
        if index != next {
            map.put("device-index", Out::word(index));
        }
        self.addresses(region, eni, &mut map, beside);
        if let Some(address) = pooled_address(eni) {
            self.note(beside, format!("the public address {address} of {}, which is no Elastic IP", eni.id));
        }
        self.guards(region, eni, &mut map, beside);
        interface_self(eni, false, &mut map);
        map.put("id", eni.id.as_str());
        map.put_full("tags", tags_beside(&eni.tags, Some(key.as_str()).filter(|key| *key != eni.id.as_str())));
        map
    }

    /// An interface of a VPC that no instance has.
    pub(super) fn lone_interface(&mut self, region: &Region, eni: &NetworkInterface, beside: &mut Map) -> Map {
        let mut map = Map::default();
        map.put("subnet", self.refer(eni.subnet_id.clone(), is::<SubnetId>));
        self.addresses(region, eni, &mut map, beside);
        map.put_some("public-ip", pooled_address(eni).map(Out::text));
        self.guards(region, eni, &mut map, beside);
        if eni.interface_type != InterfaceType::Interface {
            map.put("type", eni.interface_type.as_str());
        }
        map.put_some("device-index", eni.attachment.as_ref().map(|attachment| Out::word(attachment.device_index)));
        interface_self(eni, false, &mut map);
        self.identify_by_key(&mut map, eni.id.clone(), &eni.tags);
        map
    }

    /// The addresses of an interface, and the Elastic IPs that stand for them.
    fn addresses(&mut self, region: &Region, eni: &NetworkInterface, map: &mut Map, beside: &mut Map) {
        let [primary, secondary @ ..] = eni.private_addresses.as_slice() else {
            return self.note(beside, format!("{}, which has no private address", eni.id));
        };
        map.put("private-ip", Out::text(primary.address));
        map.put_list("secondary-ips", secondary.iter().map(|own| Out::text(own.address)).collect());
        let elastic = |own: &PrivateAddress| {
            let (allocation, _) = own.association.as_ref()?.elastic.as_ref()?;
            region.elastic_ips().contains_key(allocation).then(|| self.refer(allocation.clone(), is::<AllocationId>))
        };
        map.put_some("elastic-ip", elastic(primary));
        let mut further = Map::default();
        for own in secondary {
            further.put_some(&own.address.to_string(), elastic(own));
        }
        map.put_full("elastic-ips", further);
        for own in secondary {
            if let Some(PublicAssociation { public_ip, elastic: None }) = &own.association {
                let text =
                    format!("the public address {public_ip} of {} for {}, which is no Elastic IP", eni.id, own.address);
                self.note(beside, text);
            }
        }
        let by_subnet = region.subnets().get(&eni.subnet_id).is_some_and(|s| s.assign_ipv6_address_on_creation);
        let ipv6: Vec<Out> = eni.ipv6_addresses.iter().map(Out::text).collect();
        if ipv6.is_empty() && by_subnet && eni.interface_type == InterfaceType::Interface {
            map.put("ipv6", false);
        }
        map.put_list("ipv6", ipv6);
    }

    /// The groups and the check of an interface.
    fn guards(&mut self, region: &Region, eni: &NetworkInterface, map: &mut Map, beside: &mut Map) {
        let default = region.vpcs().get(&eni.vpc_id).map(|vpc| &vpc.default_security_group_id);
        // An interface that is taken over as it is has the groups that are written, and no others.
        let made =
            eni.interface_type == InterfaceType::Interface && (eni.attachment.is_none() || eni.instance_id().is_some());
        let usual = made && eni.groups.iter().eq(default);
        if !usual {
            // A group of another VPC may be associated with this one; a call can name none.
            let is_here =
                |id: &SecurityGroupId| region.security_groups().get(id).is_none_or(|group| group.vpc_id == eni.vpc_id);
            for group in eni.groups.iter().filter(|group| !is_here(group)) {
                self.note(beside, format!("{group} of another VPC, which {} has", eni.id));
            }
            map.put_list("security-groups", self.refer_all(eni.groups.iter().filter(|group| is_here(group))));
        }
        if !eni.source_dest_check {
            map.put("source-dest-check", false);
        }
    }
}

/// What an interface says of itself, where it is not as usual.
fn interface_self(eni: &NetworkInterface, deleted: bool, map: &mut Map) {
    if !eni.description.is_empty() {
        map.put("description", eni.description.as_str());
    }
    let told = eni.attachment.as_ref().map(|attachment| attachment.delete_on_termination);
    map.put_some("delete-on-termination", told.filter(|told| *told != deleted));
}

/// The public address of the primary private one, if it is no Elastic IP.
fn pooled_address(eni: &NetworkInterface) -> Option<std::net::Ipv4Addr> {
    let association = eni.private_addresses.first()?.association.as_ref()?;
    association.elastic.is_none().then_some(association.public_ip)
}
