//! What only an account that somebody describes has: routes to what is gone, gateways that are attached to nothing, sets
//! of DHCP options, ids of associations. Makes no VPC.

use super::action::{blocks, name_servers};
use super::context::Cx;
use super::names::unresolved;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, View, decode};

/// Plans what a region has beside VPCs and what lies in them.
pub(super) fn described(cx: &mut Cx<'_>, plan: &mut Plan, place: &View<'_>) {
    let scope = cx.place.scope.clone();
    for node in place.items("zones") {
        if let Some(zone) = cx.zone(Some(node)) {
            plan.take_over(Phase::Zones, &scope, node.span, Described::Zone(zone));
        }
    }
    for entry in place.named("dhcp-options") {
        dhcp_options(cx, plan, entry);
    }
    for entry in place.named("customer-gateways") {
        customer_gateway(cx, plan, entry);
    }
    for entry in place.named("internet-gateways") {
        let Some(id) = named::<InternetGatewayId>(cx, &entry.key) else { continue };
        let tags = tags(&entry.key, id.as_str(), View::of(&entry.value, &FREE_GATEWAY).as_ref());
        let create = CreateInternetGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, entry.key_span, Some(id.into()), create);
    }
    for entry in place.named("virtual-private-gateways") {
        let Some(id) = named::<VpnGatewayId>(cx, &entry.key) else { continue };
        let tags = tags(&entry.key, id.as_str(), View::of(&entry.value, &FREE_GATEWAY).as_ref());
        let create = CreateVpnGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, entry.key_span, Some(id.into()), create);
    }
    for entry in place.named("associations") {
        association(cx, plan, entry);
    }
}

/// A route as it is told, if its state is told or its target is not modelled; and where its target stands.
pub(super) fn described_route<'a>(
    cx: &mut Cx<'_>,
    view: &View<'a>,
    destination: Destination,
    is_local: bool,
) -> (Option<Route>, Option<&'a Node>) {
    let node = view.node("target");
    let unknown = view.boolean("unknown") == Some(true);
    if !unknown && !view.has("state") {
        return (None, node);
    }
    let target = if unknown { view.string("target").map(RouteTarget::Unmodeled) } else { cx.target(node) };
    let origin = if is_local { RouteOrigin::CreateRouteTable } else { RouteOrigin::CreateRoute };
    let gone = view.text("state") == Some("blackhole");
    let state = if gone { RouteState::Blackhole } else { RouteState::Active };
    (target.map(|target| Route { destination, target, origin, state }), None)
}

fn dhcp_options(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &DHCP_OPTIONS), named::<DhcpOptionsId>(cx, &entry.key)) else {
        return;
    };
    let create = CreateDhcpOptions {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        domain_name_servers: name_servers(cx, view.items("name-servers")),
        domain_name: view.string("domain-name"),
    };
    plan.add(Phase::DhcpOptions, &cx.place.scope.clone(), entry.key_span, Some(id.into()), create);
}

fn customer_gateway(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let Some(view) = View::of(&entry.value, &CUSTOMER_GATEWAY) else { return };
    let Some(id) = named::<CustomerGatewayId>(cx, &entry.key) else { return };
    let Some(address) = cx.v4(view.node("address")) else { return };
    let create = CreateCustomerGateway {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        bgp_asn: view.integer("asn").and_then(|asn| u32::try_from(asn).ok()),
        ..CreateCustomerGateway::new(address)
    };
    plan.add(Phase::Premises, &cx.place.scope.clone(), entry.key_span, Some(id.into()), create);
}

/// The id of an association, given to the one that the named thing has.
fn association(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(id), Ok(text)) = (ResourceId::parse(&entry.key), decode::text(&entry.value)) else { return };
    let (fits, what): (fn(&ResourceId) -> bool, &str) = match &id {
        ResourceId::RouteTableAssociation(_) => {
            (|of| matches!(of, ResourceId::Subnet(_) | ResourceId::Vpc(_)), "a subnet or a VPC")
        }
        ResourceId::NetworkAclAssociation(_) => (|of| matches!(of, ResourceId::Subnet(_)), "a subnet"),
        _ => (|of| matches!(of, ResourceId::Address(_)), "an Elastic IP"),
    };
    match cx.names.find(text, &cx.place, fits) {
        Ok(of) => {
            let told = Described::Association { id, of };
            plan.take_over(Phase::Associations, &cx.place.scope.clone(), entry.key_span, told);
        }
        Err(why) => cx.problems.push(unresolved(entry.value.span, text, what, &why)),
    }
}

/// Blocks under a key that may stand there empty, and so say something.
pub(super) fn given_blocks(view: &View<'_>, key: &str) -> Option<Vec<Cidr>> {
    view.has(key).then(|| blocks(view, key))
}
