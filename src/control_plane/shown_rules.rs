//! Which rules of the rule book a call shows, done or refused: what a timeline cites beside it. Decides nothing.

use super::{
    Action, Applied, ControlError, CreateVpcEndpoint, DeleteVpcEndpoints, Describe, Destination, EndpointType,
};
use super::{ErrorCode, ModifyVpcEndpoint, ResourceId, RouteTarget, Scope, World};
use crate::base::{Era, RegionName, RouteTableId, VpcId};

/// The rules that a done action shows; `world` is as the action left it.
pub fn rules_of_done(world: &World, scope: &Scope, action: &Action, applied: &Applied) -> Vec<&'static str> {
    let endpoints = || world.region(scope).into_iter().flat_map(|region| region.vpc_endpoints().values());
    match action {
        Action::CreateVpcEndpoint(create) if create.vpc_endpoint_type == EndpointType::Gateway => {
            created(world, scope, create)
        }
        Action::ModifyVpcEndpoint(modify) => modified(modify),
        Action::DeleteVpcEndpoints(delete) if has_deleted(delete, applied) => vec!["R19", "R38"],
        Action::CreateVpcWithEndpoint(_) => vec!["R36"],
        Action::ServiceRangesChange(_) => vec!["R16"],
        Action::ZoneFail(_) if endpoints().any(|one| one.endpoint_type == EndpointType::Gateway) => vec!["R02"],
        _ => Vec::new(),
    }
}

/// Whether a call that answers for each endpoint deleted any.
fn has_deleted(delete: &DeleteVpcEndpoints, applied: &Applied) -> bool {
    applied.unsuccessful.len() < delete.vpc_endpoint_ids.len()
}

fn created(world: &World, scope: &Scope, create: &CreateVpcEndpoint) -> Vec<&'static str> {
    let mut rules = vec!["R06"];
    if !create.route_table_ids.is_empty() {
        rules.push("R10");
    }
    rules.extend(if create.policy_document.is_some() { &["R05"][..] } else { &["R30", "R41"] });
    let region = world.region(scope);
    let siblings = region.into_iter().flat_map(|region| region.vpc_endpoints().values());
    let siblings: Vec<_> = siblings.filter(|endpoint| endpoint.vpc_id == create.vpc_id).collect();
    let same = siblings.iter().filter(|endpoint| endpoint.service_name == create.service_name).count();
    if 1 < same {
        rules.push("R09");
    }
    if same < siblings.len() {
        rules.push("R08");
    }
    rules
}

fn modified(modify: &ModifyVpcEndpoint) -> Vec<&'static str> {
    let mut rules = vec!["R07"];
    if !modify.add_route_table_ids.is_empty() {
        rules.push("R10");
    }
    if !modify.remove_route_table_ids.is_empty() {
        rules.push("R19");
    }
    rules
}

/// The rules that the refusal of an action shows.
pub fn rules_of_refusal(world: &World, scope: &Scope, action: &Action, error: &ControlError) -> Vec<&'static str> {
    let on_endpoint =
        matches!(action, Action::CreateVpcEndpoint(_) | Action::ModifyVpcEndpoint(_) | Action::DeleteVpcEndpoints(_));
    let tagged = |resources: &[ResourceId]| world.era == Era::Y2017 && resources.iter().any(is_endpoint);
    match (action, error.code) {
        (_, ErrorCode::UnauthorizedOperation) if on_endpoint => vec!["R28"],
        (_, ErrorCode::UnauthorizedOperation) => Vec::new(),
        (_, ErrorCode::RouteAlreadyExists) if on_endpoint => vec!["R17"],
        (_, ErrorCode::InvalidPolicyDocument | ErrorCode::MalformedPolicyDocument) if on_endpoint => vec!["R29"],
        (Action::CreateVpcEndpoint(create), ErrorCode::InvalidServiceName) => {
            // `com.amazonaws.<region>.<service>`
            let name = create.service_name.to_string();
            let region = name.split('.').nth(2).and_then(RegionName::parse).filter(|region| *region != scope.region);
            let elsewhere = region.is_some_and(|region| world.service(&region, &create.service_name).is_some());
            vec![if elsewhere { "R23" } else { "R04" }]
        }
        (Action::CreateVpcEndpoint(create), ErrorCode::InvalidRouteTableIdNotFound)
            if is_elsewhere(world, scope, &create.vpc_id, &create.route_table_ids) =>
        {
            vec!["R06"]
        }
        (Action::ModifyVpcEndpoint(modify), ErrorCode::InvalidRouteTableIdNotFound) => {
            let endpoint = world.region(scope).and_then(|region| region.vpc_endpoints().get(&modify.vpc_endpoint_id));
            let elsewhere = endpoint
                .is_some_and(|endpoint| is_elsewhere(world, scope, &endpoint.vpc_id, &modify.add_route_table_ids));
            if elsewhere { vec!["R06"] } else { Vec::new() }
        }
        (Action::ModifyVpcEndpoint(modify), ErrorCode::UnknownParameter)
            if modify.vpc_id.is_some() || modify.service_name.is_some() =>
        {
            vec!["R25"]
        }
        (Action::CreateRoute(route), _) if is_endpoint_route(world, scope, &route.destination, Some(&route.target)) => {
            vec!["R18"]
        }
        (Action::ReplaceRoute(route), _)
            if is_endpoint_route(world, scope, &route.destination, Some(&route.target)) =>
        {
            vec!["R18"]
        }
        (Action::DeleteRoute(route), _) if is_endpoint_route(world, scope, &route.destination, None) => vec!["R18"],
        (Action::CreateTags(tags), _) if tagged(&tags.resources) => vec!["R24"],
        (Action::DeleteTags(tags), _) if tagged(&tags.resources) => vec!["R24"],
        _ => Vec::new(),
    }
}

/// Whether one of the tables is of another VPC.
fn is_elsewhere(world: &World, scope: &Scope, vpc: &VpcId, tables: &[RouteTableId]) -> bool {
    let region = world.region(scope);
    let known = |id: &RouteTableId| region.and_then(|region| region.route_tables().get(id));
    tables.iter().filter_map(known).any(|table| table.vpc_id != *vpc)
}

/// Whether a route call is about what only an endpoint makes: a route to an endpoint, or one of a service's list.
fn is_endpoint_route(world: &World, scope: &Scope, destination: &Destination, target: Option<&RouteTarget>) -> bool {
    let to_endpoint = matches!(target, Some(RouteTarget::VpcEndpoint(_)));
    let of_service = |list| world.service_of_list(&scope.region, list).is_some();
    to_endpoint || matches!(destination, Destination::PrefixList(list) if of_service(list))
}

fn is_endpoint(resource: &ResourceId) -> bool {
    matches!(resource, ResourceId::VpcEndpoint(_))
}

/// The rules that a describe call shows.
pub fn rules_of_describe(what: Describe) -> &'static [&'static str] {
    match what {
        Describe::VpcEndpoints => &["R37", "R39"],
        Describe::PrefixLists => &["R15", "R39"],
        Describe::VpcEndpointServices => &["R39"],
        _ => &[],
    }
}
