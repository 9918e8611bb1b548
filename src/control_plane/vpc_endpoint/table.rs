//! Which route tables may get the route of an endpoint.

use std::collections::BTreeSet;

use crate::base::*;
use crate::control_plane::*;

/// Tables that shall get an endpoint's route: there, of the VPC, and without a route to the same list (rule R17).
pub(super) fn check_tables(
    cx: &Context<'_>,
    vpc: &VpcId,
    tables: &BTreeSet<RouteTableId>,
    list: &PrefixListId,
) -> Result<(), ControlError> {
    let mut problems = Vec::new();
    for id in tables {
        problems.extend(check_table(cx, vpc, id, list).err());
    }
    ControlError::all(problems)
}

fn check_table(cx: &Context<'_>, vpc: &VpcId, id: &RouteTableId, list: &PrefixListId) -> Result<(), ControlError> {
    let table = cx.region().need_route_table(id)?;
    // The answer to a table of another VPC is not known (facts G3); UNSOURCED, worded like I13.
    same_network(table, vpc, vpc)?;
    if let Some(route) = table.route(&Destination::PrefixList(list.clone())) {
        return Err(already_exists(table, route));
    }
    let limit = cx.limits().routes_per_table;
    let text = "The maximum number of routes has been reached.";
    cx.quota((table.route_count(false), 1, limit), ErrorCode::RouteLimitExceeded, text)
}

/// The prefix list that the routes of an endpoint to a service name.
pub(super) fn list_of(service: &Service) -> Result<PrefixListId, ControlError> {
    // A service with gateway endpoints has a list; a declaration without one is the scenario's mistake.
    service.prefix_list_id.clone().ok_or_else(|| service::unknown_service(&service.name))
}

/// Facts 4.6.
pub(super) fn only_for_gateways() -> ControlError {
    let text = "Route table IDs are only supported for Gateway type VPC Endpoint.";
    ControlError::new(ErrorCode::InvalidParameter, text)
}
