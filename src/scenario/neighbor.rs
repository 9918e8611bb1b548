//! What joins VPCs to each other and to networks on premises: peering, VPN, Direct Connect, as actions.

use super::action::{blocks, peering};
use super::context::Cx;
use super::described::given_blocks;
use super::machine::Site;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, Problem, View, decode};

/// Plans a peering connection, asked for by the first VPC and accepted by the second.
pub(super) fn peering_connection(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let Some(view) = View::of(&entry.value, &PEERING) else { return };
    let Some(id) = named::<VpcPeeringConnectionId>(cx, &entry.key) else { return };
    let vpcs: Vec<VpcId> = cx.ids(view.items("between"), "a VPC");
    let [vpc, peer] = vpcs.as_slice() else {
        if view.items("between").len() != 2 {
            cx.problems.push(Problem::error(view.span_of("between"), "a peering connection is between two VPCs"));
        }
        return;
    };
    let scope = cx.place.scope.clone();
    let far = cx.names.of_id(&peer.clone().into()).map_or_else(|| scope.clone(), |named| named.scope.clone());
    let tags = tags(&entry.key, id.as_str(), Some(&view));
    let create = peering(cx, vpc.clone(), peer.clone(), Some(id.clone()), tags);
    plan.add(Phase::Peering, &scope, view.span_of("between"), Some(id.clone().into()), create);
    if view.boolean("accepted") != Some(false) {
        plan.add(Phase::Peering, &far, view.span_of("between"), None, AcceptVpcPeeringConnection::new(id.clone()));
    }
    for node in view.items("remote-dns") {
        if let Some(vpc_id) = cx.id(Some(node), "a VPC") {
            plan.take_over(Phase::Peering, &scope, node.span, Described::PeeringDns { peering: id.clone(), vpc_id });
        }
    }
}

/// Plans a VPN connection.
pub(super) fn vpn_connection(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, sites: &mut [Site]) {
    let Some(view) = View::of(&entry.value, &VPN_CONNECTION) else { return };
    let Some(id) = named::<VpnConnectionId>(cx, &entry.key) else { return };
    let scope = cx.place.scope.clone();
    let near: Option<VpnGatewayId> = cx.id(view.node("virtual-private-gateway"), "a virtual private gateway");
    let given: Option<CustomerGatewayId> = cx.id(view.node("customer-gateway"), "a customer gateway");
    let site = if view.has("to") { Some(find_site(cx, &view, sites)) } else { None };
    let far = match (given, site) {
        (_, Some(None)) => return,
        (Some(given), Some(Some(site))) => {
            site.premises.customer_gateways.push(given.clone());
            Some((given, site.blocks.clone()))
        }
        (Some(given), None) => Some((given, Vec::new())),
        (None, Some(Some(site))) => far_end(cx, plan, (&view, &id), site).map(|far| (far, site.blocks.clone())),
        (None, None) if view.has("customer-gateway") => return,
        (None, None) => {
            let problem = Problem::error(entry.key_span, "this VPN connection has no far end");
            cx.problems.push(problem.help("give it `to`, a network on premises, or a `customer-gateway`"));
            return;
        }
    };
    let Some(((far, own), near)) = far.zip(near) else { return };
    let fixed = given_blocks(&view, "static-routes");
    let create = CreateVpnConnection {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        static_routes_only: fixed.is_some(),
        ..CreateVpnConnection::new(far, near)
    };
    plan.add(Phase::Premises, &scope, entry.key_span, Some(id.clone().into()), create);
    match fixed {
        Some(fixed) => {
            for block in fixed {
                let action = CreateVpnConnectionRoute::new(id.clone(), block);
                plan.add(Phase::Premises, &scope, view.span_of("static-routes"), None, action);
            }
        }
        None => {
            let action = AdvertiseRoutes {
                vpn_connection_id: Some(id),
                virtual_interface_id: None,
                routes: announced(&view, &own),
            };
            plan.add(Phase::Premises, &scope, entry.key_span, None, action);
        }
    }
}

/// The customer gateway of a network on premises, made with its first connection.
fn far_end(
    cx: &mut Cx<'_>,
    plan: &mut Plan,
    (view, id): (&View<'_>, &VpnConnectionId),
    site: &mut Site,
) -> Option<CustomerGatewayId> {
    let scope = cx.place.scope.clone();
    let Some(address) = site.gateway else {
        let problem = Problem::error(view.span_of("to"), format!("`{}` has no `gateway-address`", site.name));
        cx.problems.push(problem.help("a VPN connection needs the public address of the customer's gateway"));
        return None;
    };
    let digits = id.as_str().len() - VpnConnectionId::PREFIX.len();
    let far = CustomerGatewayId::of_name(&format!("{}/{}", scope.region, site.name), digits);
    if !site.premises.customer_gateways.contains(&far) {
        let create = CreateCustomerGateway {
            id: Some(far.clone()),
            tags: Tags::named(site.name.clone()),
            ..CreateCustomerGateway::new(address)
        };
        plan.add(Phase::Premises, &scope, view.span_of("to"), Some(far.clone().into()), create);
        site.premises.customer_gateways.push(far.clone());
    }
    Some(far)
}

/// Plans a Direct Connect virtual interface.
pub(super) fn virtual_interface(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, sites: &mut [Site]) {
    let Some(view) = View::of(&entry.value, &VIRTUAL_INTERFACE) else { return };
    let Some(id) = named::<VirtualInterfaceId>(cx, &entry.key) else { return };
    let scope = cx.place.scope.clone();
    let near: Option<VpnGatewayId> = cx.id(view.node("virtual-private-gateway"), "a virtual private gateway");
    let Some(site) = find_site(cx, &view, sites) else { return };
    let tags = tags(&entry.key, id.as_str(), Some(&view));
    match near {
        Some(near) => {
            let create = CreatePrivateVirtualInterface {
                id: Some(id.clone()),
                tags,
                ..CreatePrivateVirtualInterface::new(near)
            };
            plan.add(Phase::Premises, &scope, entry.key_span, Some(id.clone().into()), create);
        }
        None if view.has("virtual-private-gateway") => return,
        None => {
            let create = CreatePublicVirtualInterface { id: Some(id.clone()), tags };
            plan.add(Phase::Premises, &scope, entry.key_span, Some(id.clone().into()), create);
        }
    }
    site.premises.virtual_interfaces.push(id.clone());
    let routes = announced(&view, &site.blocks);
    let action = AdvertiseRoutes { vpn_connection_id: None, virtual_interface_id: Some(id), routes };
    plan.add(Phase::Premises, &scope, entry.key_span, None, action);
}

fn announced(view: &View<'_>, own: &[Cidr]) -> std::collections::BTreeMap<Cidr, BgpRoute> {
    let given = blocks(view, "advertises");
    let list = if given.is_empty() { own } else { &given };
    list.iter().map(|block| (*block, BgpRoute::default())).collect()
}

fn find_site<'s>(cx: &mut Cx<'_>, view: &View<'_>, sites: &'s mut [Site]) -> Option<&'s mut Site> {
    let node: &Node = view.node("to")?;
    let text = decode::text(node).ok()?;
    let place = sites.iter().position(|site| site.name == text);
    if place.is_none() {
        let names: Vec<String> = sites.iter().map(|site| site.name.clone()).collect();
        let problem = Problem::error(node.span, format!("`{text}` is not the name of a network on premises"));
        cx.problems.push(problem.did_you_mean(text, names.iter().map(String::as_str)));
    }
    sites.get_mut(place?)
}
