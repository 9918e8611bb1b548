//! Route tables as answers tell them: routes with every kind of target, associations, propagation. Chooses no route.

use super::keys;
use super::ledger::{Ledger, Place};
use super::reader::Item;
use crate::base::*;
use crate::control_plane::{Destination, Route, RouteOrigin, RouteState, RouteTarget};

/// What `describe-route-tables` says of one table.
#[derive(Clone, Debug)]
pub(crate) struct TableDraft {
    pub(crate) id: RouteTableId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) routes: Vec<(Place, Route)>,
    /// Routes that the table took over from a virtual private gateway.
    pub(crate) propagated: Vec<(Place, Cidr, VpnGatewayId)>,
    pub(crate) propagating_vgws: Vec<VpnGatewayId>,
    pub(crate) associations: Vec<AssociationDraft>,
}

/// Who uses a table.
#[derive(Clone, Debug)]
pub(crate) struct AssociationDraft {
    pub(crate) at: Place,
    pub(crate) id: RouteTableAssociationId,
    pub(crate) user: TableUserDraft,
}

#[derive(Clone, Debug)]
pub(crate) enum TableUserDraft {
    /// The VPC, as its main table.
    Main,
    Subnet(SubnetId),
    /// A gateway, for what enters through it.
    Gateway(String),
}

pub(crate) fn route_table(item: Item<'_>, ledger: &mut Ledger) -> Option<TableDraft> {
    item.known_keys("RouteTable", keys::ROUTE_TABLE, ledger);
    let id = item.need_id("RouteTableId", ledger);
    let vpc_id = item.need_refer("VpcId", ledger);
    let (mut routes, mut propagated) = (Vec::new(), Vec::new());
    for item in item.items("Routes", ledger) {
        match route(item, ledger) {
            Some(Route {
                destination: Destination::Cidr(block),
                target: RouteTarget::VpnGateway(gateway),
                origin: RouteOrigin::EnableVgwRoutePropagation,
                ..
            }) => propagated.push((item.place(), block, gateway)),
            Some(route) => routes.push((item.place(), route)),
            None => {}
        }
    }
    let mut propagating_vgws = Vec::new();
    for gateway in item.items("PropagatingVgws", ledger) {
        propagating_vgws.extend(gateway.need_refer::<VpnGatewayId>("GatewayId", ledger));
    }
    let associations = item.items("Associations", ledger);
    let associations = associations.into_iter().filter_map(|item| association(item, ledger)).collect();
    let tags = item.tags(ledger);
    Some(TableDraft { id: id?, tags, vpc_id: vpc_id?, routes, propagated, propagating_vgws, associations })
}

fn association(item: Item<'_>, ledger: &mut Ledger) -> Option<AssociationDraft> {
    item.known_keys("RouteTableAssociation", keys::ASSOCIATION, ledger);
    let id = item.need_id("RouteTableAssociationId", ledger);
    let state = item.item("AssociationState", ledger).and_then(|state| state.text("State", ledger));
    if matches!(state, Some("disassociating" | "disassociated" | "failed")) {
        return None;
    }
    let user = if item.flag("Main", false, ledger) {
        Some(TableUserDraft::Main)
    } else if item.has("GatewayId") {
        item.text("GatewayId", ledger).map(|id| TableUserDraft::Gateway(id.to_owned()))
    } else {
        item.need_refer("SubnetId", ledger).map(TableUserDraft::Subnet)
    };
    Some(AssociationDraft { at: item.place(), id: id?, user: user? })
}

fn route(item: Item<'_>, ledger: &mut Ledger) -> Option<Route> {
    item.known_keys("Route", keys::ROUTE, ledger);
    let destination = destination(item, ledger);
    let state = match item.text("State", ledger) {
        None | Some("active") => RouteState::Active,
        Some("blackhole") => RouteState::Blackhole,
        // "The route is filtered": it takes no part (EC2 API reference, Route).
        Some("filtered") => return None,
        Some(other) => {
            ledger
                .error(item.place_of("State"), format!("`{other}` is not a state of a route: `active` or `blackhole`"));
            RouteState::Active
        }
    };
    let origin = match item.text("Origin", ledger) {
        Some("CreateRouteTable") => RouteOrigin::CreateRouteTable,
        // A route that a route server advertised stands in the table as it is.
        None | Some("CreateRoute" | "Advertisement") => RouteOrigin::CreateRoute,
        Some("EnableVgwRoutePropagation") => RouteOrigin::EnableVgwRoutePropagation,
        Some(other) => {
            ledger.error(item.place_of("Origin"), format!("`{other}` is not an origin of a route"));
            RouteOrigin::CreateRoute
        }
    };
    let target = target(item, state, ledger);
    // Only a virtual private gateway propagates; whatever else says so stands in the table like a route of a call.
    let origin = match (&target, origin) {
        (Some(RouteTarget::VpnGateway(_)), origin) => origin,
        (_, RouteOrigin::EnableVgwRoutePropagation) => RouteOrigin::CreateRoute,
        (_, origin) => origin,
    };
    Some(Route { destination: destination?, target: target?, origin, state })
}

fn destination(item: Item<'_>, ledger: &mut Ledger) -> Option<Destination> {
    let keys = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
    let mut given = keys.iter().filter(|key| item.has(key));
    match (given.next(), given.next()) {
        (Some(key), None) if key.ends_with("ListId") => item.refer(key, ledger).map(Destination::PrefixList),
        (Some(key), None) => item.cidr(key, ledger).map(Destination::Cidr),
        (None, _) => {
            ledger.error(item.place(), "a route without a destination");
            None
        }
        (Some(first), Some(second)) => {
            ledger.error(item.place_of(second), format!("`{first}` and `{second}` in one route"));
            None
        }
    }
}

/// The keys of targets that are not modelled.
const OTHER_TARGETS: [&str; 5] =
    ["TransitGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn"];

/// Where a route leads. What a blackhole leads to is usually gone, and need not be described.
fn target(item: Item<'_>, state: RouteState, ledger: &mut Ledger) -> Option<RouteTarget> {
    let gone = state == RouteState::Blackhole;
    macro_rules! target {
        ($key:literal, $variant:ident) => {{
            let id = if gone { item.id($key, ledger) } else { item.refer($key, ledger) };
            id.map(RouteTarget::$variant)
        }};
    }
    // A route to an instance names its interface, too; the interface is what carries.
    if item.has("NetworkInterfaceId") {
        return target!("NetworkInterfaceId", NetworkInterface);
    }
    if item.has("InstanceId") {
        return target!("InstanceId", Instance);
    }
    if item.has("NatGatewayId") {
        return target!("NatGatewayId", NatGateway);
    }
    if item.has("VpcPeeringConnectionId") {
        return target!("VpcPeeringConnectionId", Peering);
    }
    if item.has("EgressOnlyInternetGatewayId") {
        return target!("EgressOnlyInternetGatewayId", EgressOnlyInternetGateway);
    }
    if item.has("GatewayId") {
        return match item.text("GatewayId", ledger)? {
            "local" => Some(RouteTarget::Local),
            id if id.starts_with(InternetGatewayId::PREFIX) => target!("GatewayId", InternetGateway),
            id if id.starts_with(VpnGatewayId::PREFIX) => target!("GatewayId", VpnGateway),
            id if id.starts_with(VpcEndpointId::PREFIX) => target!("GatewayId", VpcEndpoint),
            id if id.starts_with(EgressOnlyInternetGatewayId::PREFIX) => {
                target!("GatewayId", EgressOnlyInternetGateway)
            }
            id if id.contains('-') => Some(RouteTarget::Unmodeled(id.to_owned())),
            id => {
                ledger.error(item.place_of("GatewayId"), format!("`{id}` is neither `local` nor the id of a gateway"));
                None
            }
        };
    }
    for key in OTHER_TARGETS {
        if item.has(key) {
            return item.text(key, ledger).map(|id| RouteTarget::Unmodeled(id.to_owned()));
        }
    }
    // A kind of target that is newer than this reader has a key that ends like one.
    let other = item.keys().find(|key| {
        (key.ends_with("Id") || key.ends_with("Arn")) && !key.starts_with("Destination") && *key != "InstanceOwnerId"
    });
    match other {
        Some(key) => item.text(key, ledger).map(|id| RouteTarget::Unmodeled(id.to_owned())),
        None if gone => Some(RouteTarget::Unmodeled("blackhole".to_owned())),
        None => {
            ledger.error(item.place(), "a route without a target");
            None
        }
    }
}
