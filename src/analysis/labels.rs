//! What people call resources: the names behind the ids that paths and changes speak of. Finds no resource by its name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::control_plane::{Instance, World};

/// Names by id, of everything in a world that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    names: BTreeMap<String, String>,
}

impl Labels {
    /// The names of a world as it is now.
    pub fn of(world: &World) -> Self {
        let mut names = BTreeMap::new();
        let mut add = |id: &str, name: &Option<String>| {
            if let Some(name) = name.as_ref().filter(|name| !name.is_empty() && *name != id) {
                names.insert(id.to_owned(), name.clone());
            }
        };
        for (_, region) in world.regions() {
            region.vpcs().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.subnets().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.route_tables().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.internet_gateways().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.egress_only_internet_gateways().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.vpc_endpoints().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            for one in region.network_interfaces().values() {
                // An interface without a name goes by whom it belongs to.
                let instance = one.instance_id().and_then(|id| region.instances().get(id));
                let own = one.tags.name.clone().or_else(|| instance?.tags.name.clone());
                add(one.id.as_str(), &own);
            }
            for nat in region.nat_gateways().values() {
                add(nat.id.as_str(), &nat.tags.name);
                nat.addresses.iter().for_each(|one| add(one.network_interface_id.as_str(), &nat.tags.name));
            }
            region.instances().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.classic_instances().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.network_acls().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            region.vpn_gateways().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
            for group in region.security_groups().values() {
                let tag = group.tags.name.clone().filter(|name| !name.is_empty());
                add(group.id.as_str(), &Some(tag.unwrap_or_else(|| group.group_name.clone())));
            }
            for list in region.prefix_lists().values() {
                add(list.id.as_str(), &Some(list.prefix_list_name.clone()));
            }
        }
        world.peerings().values().for_each(|one| add(one.id.as_str(), &one.tags.name));
        for region in world.service_regions() {
            for service in world.services(region) {
                if let Some(list) = &service.prefix_list_id {
                    add(list.as_str(), &Some(format!("{} {region}", service.name.service())));
                }
            }
        }
        Self { names }
    }

    /// These, and those of another that it has beside them.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (id, name) in &other.names {
            self.names.entry(id.clone()).or_insert_with(|| name.clone());
        }
        self
    }

    /// The name behind an id.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// The name, else the id.
    pub fn short<'a>(&'a self, id: &'a str) -> &'a str {
        self.name(id).unwrap_or(id)
    }

    /// The name with the id behind it, `private (rtb-1a2b3c4d)`; the id alone where it has no name.
    pub fn full(&self, id: &str) -> String {
        self.name(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// A text in which each id has its name before it: a rule, a route, a list of groups.
    pub fn spelled(&self, text: &str) -> String {
        let spell = |word: &str| {
            let id = word.trim_end_matches([',', ':', ')']);
            let end = &word[id.len()..];
            format!("{}{end}", self.full(id))
        };
        text.split(' ').map(spell).collect::<Vec<_>>().join(" ")
    }
}

/// What the machines of a world are called, by each of their addresses: by name, with the id where several have that name,
/// and with the address where a machine has several of a kind.
pub(super) fn machine_names(world: &World) -> BTreeMap<IpAddr, String> {
    let machines = || world.regions().flat_map(|(_, region)| region.instances().values().map(move |one| (region, one)));
    let name = |one: &Instance| one.tags.name.clone().filter(|name| !name.is_empty());
    let mut called: BTreeMap<String, usize> = BTreeMap::new();
    machines().filter_map(|(_, one)| name(one)).for_each(|name| *called.entry(name).or_default() += 1);
    let mut names = BTreeMap::new();
    for (region, one) in machines() {
        let own = match name(one) {
            Some(name) if called[&name] == 1 => name,
            Some(name) => format!("{name} ({})", one.id),
            None => one.id.to_string(),
        };
        let interfaces: Vec<_> = one.interfaces.values().filter_map(|id| region.network_interfaces().get(id)).collect();
        let all: Vec<IpAddr> = interfaces.iter().flat_map(|interface| interface.addresses()).collect();
        for (index, address) in all.iter().enumerate() {
            let first = !all[..index].iter().any(|other| other.is_ipv4() == address.is_ipv4());
            names.insert(*address, if first { own.clone() } else { format!("{own} by {address}") });
        }
        let public = interfaces.iter().flat_map(|interface| &interface.private_addresses);
        for public in public.filter_map(|own| own.association.as_ref()) {
            names.insert(public.public_ip.into(), format!("{own} by {}", public.public_ip));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_text_get_their_names() {
        let names = [("rtb-1", "private"), ("nat-1", "nat")].map(|(id, name)| (id.to_owned(), name.to_owned()));
        let labels = Labels { names: BTreeMap::from(names) };
        assert_eq!(labels.spelled("rtb-1: 0.0.0.0/0 → nat-1"), "private (rtb-1): 0.0.0.0/0 → nat (nat-1)");
        assert_eq!(labels.spelled("inbound tcp/22 sg-7, all"), "inbound tcp/22 sg-7, all");
    }
}
