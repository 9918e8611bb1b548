//! The names of a world that no scenario declared: an imported account's. Finds nothing by them.

use super::names::{Named, Names};
use crate::base::VpcId;
use crate::control_plane::{Region, ResourceId, Scope, Tags, World};
use crate::notation::Span;

impl Names {
    /// Each resource by its name, or by its id where it has none. Equal names of one kind may stand side by side; then
    /// only ids tell them apart.
    pub fn of_world(world: &World) -> Self {
        let mut names = Self::default();
        for (scope, region) in world.regions() {
            of_region(&mut names, &scope, region);
        }
        for peering in world.peerings().values() {
            let scope = peering.requester.scope.clone();
            names.learn(named(&scope, peering.id.clone().into(), peering.tags.name.as_ref(), String::new()));
        }
        names
    }
}

fn of_region(names: &mut Names, scope: &Scope, region: &Region) {
    let vpc_name = |id: &VpcId| {
        let record = region.vpcs().get(id);
        record.and_then(|vpc| vpc.tags.name.clone()).unwrap_or_else(|| id.to_string())
    };
    let mut learn = |id: ResourceId, tags: &Tags, vpc: Option<&VpcId>| {
        names.learn(named(scope, id, tags.name.as_ref(), vpc.map(vpc_name).unwrap_or_default()));
    };
    macro_rules! in_vpcs {
        ($($records:ident)*) => {
            $(region.$records().values().for_each(|one| learn(one.id.clone().into(), &one.tags, Some(&one.vpc_id)));)*
        };
    }
    macro_rules! elsewhere {
        ($($records:ident)*) => {
            $(region.$records().values().for_each(|one| learn(one.id.clone().into(), &one.tags, None));)*
        };
    }
    in_vpcs!(subnets route_tables egress_only_internet_gateways nat_gateways vpc_endpoints instances);
    in_vpcs!(network_interfaces network_acls);
    elsewhere!(vpcs internet_gateways vpn_gateways vpn_connections customer_gateways virtual_interfaces dhcp_options);
    region.elastic_ips().values().for_each(|one| learn(one.allocation_id.clone().into(), &one.tags, None));
    // Groups and lists have names beside their tags.
    for group in region.security_groups().values() {
        names.learn(named(scope, group.id.clone().into(), Some(&group.group_name), vpc_name(&group.vpc_id)));
        if let Some(tag) = group.tags.name.as_ref().filter(|tag| **tag != group.group_name) {
            names.learn(named(scope, group.id.clone().into(), Some(tag), vpc_name(&group.vpc_id)));
        }
    }
    for list in region.prefix_lists().values() {
        names.learn(named(scope, list.id.clone().into(), Some(&list.prefix_list_name), String::new()));
    }
}

fn named(scope: &Scope, id: ResourceId, name: Option<&String>, vpc: String) -> Named {
    let name = name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| id.to_string());
    Named { name, vpc, scope: scope.clone(), id, span: Span::default() }
}
