//! The verbs of the timeline: what parameters each has, what it creates, and who reads it.

use super::elastic_ip::elastic_ips;
use super::endpoint::endpoints;
use super::filter::filters;
use super::gateway::gateways;
use super::instance::instances;
use super::neighbor::neighbors;
use super::network_interface::network_interfaces;
use super::other::others;
use super::route_table::routing;
use super::vpc::vpcs;
use crate::base::*;
use crate::control_plane::{Action, ResourceId};
use crate::notation::shape::{Kind, Shape};
use crate::notation::{Entry, View};
use crate::scenario::context::Cx;
use crate::scenario::vocabulary::ACTIONS;

/// The id that a creating step gives to what it creates, and the VPC it belongs to: known before the step is made, so
/// that other steps can name it.
pub(in crate::scenario) fn created_id(verb: &str, path: &str, digits: usize) -> Option<ResourceId> {
    Some(match verb {
        "create-vpc" => VpcId::of_name(path, digits).into(),
        "create-dhcp-options" => DhcpOptionsId::of_name(path, digits).into(),
        "create-subnet" => SubnetId::of_name(path, digits).into(),
        "create-route-table" => RouteTableId::of_name(path, digits).into(),
        "create-internet-gateway" => InternetGatewayId::of_name(path, digits).into(),
        "create-egress-only-internet-gateway" => EgressOnlyInternetGatewayId::of_name(path, digits).into(),
        "create-nat-gateway" => NatGatewayId::of_name(path, digits).into(),
        "allocate-address" => AllocationId::of_name(path, digits).into(),
        "run-instances" => InstanceId::of_name(path, digits).into(),
        "create-network-interface" => NetworkInterfaceId::of_name(path, digits).into(),
        "create-security-group" => SecurityGroupId::of_name(path, digits).into(),
        "create-network-acl" => NetworkAclId::of_name(path, digits).into(),
        "create-managed-prefix-list" => PrefixListId::of_name(path, digits).into(),
        "create-vpc-endpoint" => VpcEndpointId::of_name(path, digits).into(),
        "create-vpc-peering-connection" => VpcPeeringConnectionId::of_name(path, digits).into(),
        "create-vpn-gateway" => VpnGatewayId::of_name(path, digits).into(),
        _ => return None,
    })
}

/// The parameters of an action, as its table has them.
pub(in crate::scenario) fn parameters(verb: &str) -> Option<&'static Shape> {
    ACTIONS.iter().find(|key| key.is(verb)).and_then(|key| match key.kind {
        Kind::Shape(shape) => Some(shape),
        _ => None,
    })
}

/// The action that a step asks for; `None` if something of it is wrong, which is then among the problems. `made` is the
/// id of what it creates, if it has a name.
pub(in crate::scenario) fn action(
    cx: &mut Cx<'_>,
    verb: &str,
    entry: &Entry,
    made: Option<&ResourceId>,
) -> Option<Action> {
    let view = View::of(&entry.value, parameters(verb)?)?;
    let found = vpcs(cx, verb, &view, made)
        .or_else(|| routing(cx, verb, &view, made))
        .or_else(|| gateways(cx, verb, &view, made))
        .or_else(|| elastic_ips(cx, verb, &view, made))
        .or_else(|| instances(cx, verb, &view, made))
        .or_else(|| network_interfaces(cx, verb, &view, made))
        .or_else(|| filters(cx, verb, &view, made))
        .or_else(|| endpoints(cx, verb, &view, made))
        .or_else(|| neighbors(cx, verb, &view, made))
        .or_else(|| others(cx, verb, &view));
    debug_assert!(found.is_some(), "the action `{verb}` is in the table and nowhere read");
    found.flatten()
}
