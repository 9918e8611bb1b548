//! Route tables and their routes.

use super::name::{named, tag_built_in, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Span, View};
use crate::scenario::action::blocks;
use crate::scenario::context::Cx;
use crate::scenario::described::described_route;
use crate::scenario::plan::{Phase, Plan};
use crate::scenario::vocabulary::*;

/// Whether a table is its VPC's main table.
pub(super) fn is_main(entry: &Entry) -> bool {
    entry.key == "main" || View::of(&entry.value, &ROUTE_TABLE).is_some_and(|table| table.boolean("main") == Some(true))
}

pub(super) fn route_table(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, of_vpc): (&VpcId, &View<'_>), entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &ROUTE_TABLE), named::<RouteTableId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    if is_main(entry) {
        let name = if entry.key == "main" { id.as_str() } else { &entry.key };
        let tags = tags(name, id.as_str(), Some(&view));
        tag_built_in(plan, Phase::RouteTables, &scope, entry, id.clone().into(), tags);
    } else {
        let tags = tags(&entry.key, id.as_str(), Some(&view));
        let create = CreateRouteTable { id: Some(id.clone()), tags, ..CreateRouteTable::new(vpc.clone()) };
        plan.add(Phase::RouteTables, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    for gateway in cx.ids::<VpnGatewayId>(view.items("propagate"), "a virtual private gateway") {
        let action = EnableVgwRoutePropagation::new(gateway, id.clone());
        plan.add(Phase::Routes, &scope, view.span_of("propagate"), None, action);
    }
    for node in view.items("edge") {
        if let Some(gateway) = cx.gateway(node) {
            let told = Described::EdgeAssociation { route_table_id: id.clone(), gateway };
            plan.take_over(Phase::Routes, &scope, node.span, told);
        }
    }
    let own = [blocks(of_vpc, "cidr"), blocks(of_vpc, "ipv6")].concat();
    for entry in view.extra() {
        route(cx, plan, (&id, &own), entry);
    }
}

fn route(cx: &mut Cx<'_>, plan: &mut Plan, (table, own): (&RouteTableId, &[Cidr]), entry: &Entry) {
    let scope = cx.place.scope.clone();
    let Some(destination) = cx.destination(&entry.key, entry.key_span) else { return };
    let is_local = matches!(&destination, Destination::Cidr(block) if own.contains(block));
    let span = Span { start: entry.key_span.start, end: entry.value.span.end };
    let node = match View::of(&entry.value, &ROUTE).filter(|_| entry.value.as_map().is_some()) {
        Some(view) => {
            let (route, node) = described_route(cx, &view, destination.clone(), is_local);
            if let Some(route) = route {
                let told = Described::Route { route_table_id: table.clone(), route };
                return plan.take_over(Phase::Routes, &scope, span, told);
            }
            node
        }
        None => Some(&entry.value),
    };
    let Some(target) = node.and_then(|node| cx.target(Some(node))) else { return };
    match target {
        // The local route is there by itself, and may be written for the reader (facts RT12).
        RouteTarget::Local => {}
        // One that leads elsewhere was replaced (facts RT13).
        _ if is_local && cx.world.era != Era::Y2017 => {
            plan.add(Phase::Routes, &scope, span, None, ReplaceRoute::new(table.clone(), destination, target));
        }
        _ => plan.add(Phase::Routes, &scope, span, None, CreateRoute::new(table.clone(), destination, target)),
    }
}
