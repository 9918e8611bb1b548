//! Gateways of a VPC: to the internet, to networks outside, and NAT.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::name::{named, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::shape::Shape;
use crate::notation::{Entry, Problem, Span, View, decode};
use crate::scenario::action::blocks;
use crate::scenario::context::Cx;
use crate::scenario::interface::{elastic_ip, elastic_ips};
use crate::scenario::plan::{Phase, Plan};
use crate::scenario::vocabulary::*;

pub(super) fn gateways(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, vpc: &VpcId) {
    let scope = cx.place.scope.clone();
    if let Some((id, span, tags)) = gateway::<InternetGatewayId>(cx, view, ("internet-gateway", &GATEWAY)) {
        let create = CreateInternetGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachInternetGateway::new(id, vpc.clone()));
    }
    let egress_only = ("egress-only-internet-gateway", &GATEWAY);
    if let Some((id, span, tags)) = gateway::<EgressOnlyInternetGatewayId>(cx, view, egress_only) {
        let create = CreateEgressOnlyInternetGateway {
            id: Some(id.clone()),
            tags,
            ..CreateEgressOnlyInternetGateway::new(vpc.clone())
        };
        plan.add(Phase::Gateways, &scope, span, Some(id.into()), create);
    }
    if let Some((id, span, tags)) = gateway::<VpnGatewayId>(cx, view, ("virtual-private-gateway", &VPN_GATEWAY)) {
        let create = CreateVpnGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachVpnGateway::new(id.clone(), vpc.clone()));
        let known = view.sub("virtual-private-gateway", &VPN_GATEWAY).map(|own| blocks(&own, "knows"));
        let routes: BTreeMap<Cidr, BgpRoute> =
            known.into_iter().flatten().map(|block| (block, BgpRoute::default())).collect();
        if !routes.is_empty() {
            plan.take_over(Phase::Gateways, &scope, span, Described::KnownRoutes { gateway_id: id, routes });
        }
    }
}

/// The id, place and tags of the gateway under a key.
fn gateway<I: TryFrom<ResourceId> + Display>(
    cx: &Cx<'_>,
    view: &View<'_>,
    (key, shape): (&str, &'static Shape),
) -> Option<(I, Span, Tags)> {
    let node = view.node(key)?;
    let gateway = View::of(node, shape);
    let name = match &gateway {
        Some(gateway) => gateway.string("name")?,
        None => decode::text(node).ok()?.to_owned(),
    };
    let id: I = named(cx, &name)?;
    let tags = tags(&name, &id.to_string(), gateway.as_ref());
    Some((id, node.span, tags))
}

pub(super) fn nat_gateway(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &NAT_GATEWAY), named::<NatGatewayId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    let private = view.boolean("private") == Some(true);
    let private_ip_address = cx.v4(view.node("private-ip"));
    let subnet: Option<SubnetId> = cx.id(view.node("subnet"), "a subnet");
    let allocation_id = match view.node("elastic-ip") {
        _ if private => None,
        Some(node) => elastic_ip(cx, plan, node),
        None => {
            let own =
                AllocationId::of_name(&format!("{id}/elastic-ip"), id.as_str().len() - NatGatewayId::PREFIX.len());
            let create = AllocateAddress { id: Some(own.clone()), ..AllocateAddress::default() };
            plan.add(Phase::Addresses, &scope, entry.key_span, Some(own.clone().into()), create);
            Some(own)
        }
    };
    let secondary_private_ip_addresses: Vec<_> =
        view.items("secondary-ips").into_iter().filter_map(|node| cx.v4(Some(node))).collect();
    let elastic = elastic_ips(cx, plan, &view);
    for entry in view.named("elastic-ips") {
        let is_own = |address| secondary_private_ip_addresses.contains(&address);
        if entry.key.parse().is_ok_and(|address| !is_own(address)) {
            let problem = Problem::error(entry.key_span, format!("{} is none of `secondary-ips`", entry.key));
            cx.problems.push(problem.help("the Elastic IP of the first address stands at `elastic-ip`"));
        }
    }
    let of_address = |address| elastic.iter().find(|(own, _)| own == address).map(|(_, allocation)| allocation.clone());
    let secondary_allocation_ids = secondary_private_ip_addresses.iter().filter_map(of_address).collect();
    let network_interface_id = cx.given(view.node("network-interface"), NetworkInterfaceId::parse);
    let Some(subnet) = subnet else { return };
    let create = CreateNatGateway {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        secondary_private_ip_addresses,
        secondary_allocation_ids,
        network_interface_id,
        allocation_id,
        connectivity_type: if private { Connectivity::Private } else { Connectivity::Public },
        private_ip_address,
        ..CreateNatGateway::new(subnet)
    };
    plan.add(Phase::NatGateways, &scope, entry.key_span, Some(id.into()), create);
}
