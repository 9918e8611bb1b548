//! Two worlds held side by side, record by record. Looks at what accounts say, not at how the records came to be: which
//! ids and addresses would be made next does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};

use crate::control_plane::{AddressBook, Region, Subnet, World};

/// What one world has and the other has not, or has differently, a line each. Records that are gone (terminated
/// instances, deleted gateways and connections) do not count.
pub fn differences(one: &World, other: &World) -> Vec<String> {
    let mut found = Vec::new();
    if one.era != other.era || one.quotas != other.quotas {
        found.push("the era or the quotas differ".to_owned());
    }
    let regions = |world: &World| world.regions().map(|(scope, region)| (scope, region.clone())).collect();
    let (ones, others): (BTreeMap<_, Region>, BTreeMap<_, Region>) = (regions(one), regions(other));
    for (scope, region) in &ones {
        match others.get(scope) {
            Some(other) => compare_regions(region, other, &mut found),
            None => found.push(format!("{} of account {} is missing", scope.region, scope.account)),
        }
    }
    for scope in others.keys().filter(|scope| !ones.contains_key(*scope)) {
        found.push(format!("{} of account {} is new", scope.region, scope.account));
    }
    let live = |world: &World| {
        let live = world.peerings().clone().into_iter();
        live.filter(|(_, peering)| matches!(peering.state.as_str(), "active" | "pending-acceptance")).collect()
    };
    compare(&live(one), &live(other), &mut found);
    let regions: BTreeSet<_> = one.service_regions().chain(other.service_regions()).collect();
    for region in regions {
        let services = |world: &World| {
            world.services(region).map(|service| (service.name.clone(), service.clone())).collect::<BTreeMap<_, _>>()
        };
        compare(&services(one), &services(other), &mut found);
    }
    compare(one.public_addresses().holders(), other.public_addresses().holders(), &mut found);
    found
}

fn compare_regions(one: &Region, other: &Region, found: &mut Vec<String>) {
    let zones =
        |region: &Region| region.zones().clone().into_iter().map(|(zone, state)| (zone, state.failed)).collect();
    compare(&zones(one), &zones(other), found);
    macro_rules! all {
        ($($map:ident),*) => {$( compare(one.$map(), other.$map(), found); )*};
    }
    all!(vpcs, route_tables, internet_gateways, egress_only_internet_gateways, elastic_ips, network_interfaces);
    all!(security_groups, network_acls, prefix_lists, vpc_endpoints, dhcp_options, vpn_gateways, customer_gateways);
    all!(vpn_connections, virtual_interfaces, classic_instances);
    let subnets = |region: &Region| region.subnets().iter().map(|(id, subnet)| (id.clone(), told(subnet))).collect();
    compare(&subnets(one), &subnets(other), found);
    let live = |region: &Region| {
        let live = region.instances().clone().into_iter();
        live.filter(|(_, instance)| instance.is_live()).collect()
    };
    compare(&live(one), &live(other), found);
    let live = |region: &Region| {
        let live = region.nat_gateways().clone().into_iter();
        live.filter(|(_, nat)| nat.is_live()).collect()
    };
    compare(&live(one), &live(other), found);
}

/// A subnet with the addresses that are taken, without where the next free one is looked for.
fn told(subnet: &Subnet) -> (Subnet, Vec<String>) {
    let taken = subnet.addresses.iter().map(|(address, owner)| format!("{address} {owner}")).collect();
    (Subnet { addresses: AddressBook::default(), ..subnet.clone() }, taken)
}

fn compare<K: Ord + Display, V: PartialEq + Debug>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    found: &mut Vec<String>,
) {
    for (key, value) in one {
        match other.get(key) {
            Some(same) if same == value => {}
            Some(differing) => found.push(format!("{key} differs{}", differing_field(value, differing))),
            None => found.push(format!("{key} is missing")),
        }
    }
    for key in other.keys().filter(|key| !one.contains_key(*key)) {
        found.push(format!("{key} is new"));
    }
}

/// The first field in which two records differ, as the end of a sentence. Fields stand in the pretty form of a record at the
/// first indentation.
fn differing_field(one: &impl Debug, other: &impl Debug) -> String {
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let mut field = None;
    for (one, other) in one.lines().zip(other.lines()) {
        let name = one.strip_prefix("    ").filter(|rest| !rest.starts_with([' ', '}', ']', ')']));
        field = name.and_then(|rest| rest.split_once(':')).map(|(name, _)| name).or(field);
        if one != other {
            break;
        }
    }
    field.map_or_else(String::new, |field| format!(" in its {}", field.replace('_', " ")))
}
