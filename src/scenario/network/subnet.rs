//! Subnets, with the table and the ACL that they use.

use super::name::{named, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, View};
use crate::scenario::context::Cx;
use crate::scenario::plan::{Phase, Plan};
use crate::scenario::vocabulary::*;

pub(super) fn subnet(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &SUBNET), named::<SubnetId>(cx, &entry.key)) else { return };
    let scope = cx.place.scope.clone();
    let availability_zone = cx.zone(view.node("zone"));
    let table: Option<RouteTableId> = cx.id(view.node("route-table"), "a route table");
    let acl: Option<NetworkAclId> = cx.id(view.node("network-acl"), "a network ACL");
    let Some(block) = view.cidr("cidr") else { return };
    let create = CreateSubnet {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        availability_zone,
        ipv6_cidr_block: view.cidr("ipv6-cidr"),
        ..CreateSubnet::new(vpc.clone(), block)
    };
    plan.add(Phase::Subnets, &scope, view.span_of("cidr"), Some(id.clone().into()), create);
    let main = cx.world.region(&scope).is_some() && view.text("route-table") == Some("main");
    if let Some(table) = table.filter(|_| !main) {
        let action = AssociateRouteTable::new(table, id.clone());
        plan.add(Phase::Subnets, &scope, view.span_of("route-table"), None, action);
    }
    if let Some(acl) = acl.filter(|_| view.text("network-acl") != Some("default")) {
        let action =
            ReplaceNetworkAclAssociation { subnet_id: Some(id.clone()), ..ReplaceNetworkAclAssociation::new(acl) };
        plan.add(Phase::Subnets, &scope, view.span_of("network-acl"), None, action);
    }
    if view.has("public-ips") || view.has("ipv6-on-creation") {
        let action = ModifySubnetAttribute {
            map_public_ip_on_launch: view.boolean("public-ips"),
            assign_ipv6_address_on_creation: view.boolean("ipv6-on-creation"),
            ..ModifySubnetAttribute::new(id)
        };
        plan.add(Phase::Subnets, &scope, entry.key_span, None, action);
    }
}
