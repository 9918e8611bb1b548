//! Which rules of the rule book a call shows, done or refused: what a timeline cites beside it. Decides nothing.

use super::{Action, ControlError, CreateVpcEndpoint, Describe, Destination, ErrorCode, ModifyVpcEndpoint, ResourceId};
use super::{RouteTarget, Scope, World};

/// The rules that a done action shows; `world` is as the action left it.
pub fn rules_of_done(world: &World, scope: &Scope, action: &Action) -> Vec<&'static str> {
    match action {
        Action::CreateVpcEndpoint(create) => created(world, scope, create),
        Action::ModifyVpcEndpoint(modify) => modified(modify),
        Action::DeleteVpcEndpoints(_) => vec!["R19", "R38"],
        Action::CreateVpcWithEndpoint(_) => vec!["R36"],
        Action::ServiceRangesChange(_) => vec!["R16"],
        Action::ZoneFail(_) => vec!["R02"],
        _ => Vec::new(),
    }
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
pub fn rules_of_refusal(scope: &Scope, action: &Action, error: &ControlError) -> Vec<&'static str> {
    let on_endpoint =
        matches!(action, Action::CreateVpcEndpoint(_) | Action::ModifyVpcEndpoint(_) | Action::DeleteVpcEndpoints(_));
    match (action, error.code) {
        (_, ErrorCode::UnauthorizedOperation) if on_endpoint => vec!["R28"],
        (_, ErrorCode::RouteAlreadyExists) if on_endpoint => vec!["R17"],
        (_, ErrorCode::InvalidPolicyDocument | ErrorCode::MalformedPolicyDocument) if on_endpoint => vec!["R29"],
        (Action::CreateVpcEndpoint(create), ErrorCode::InvalidServiceName) => {
            // `com.amazonaws.<region>.<service>`
            let name = create.service_name.to_string();
            let elsewhere = name.split('.').nth(2).is_some_and(|part| part != scope.region.as_str());
            vec![if elsewhere && 3 < name.split('.').count() { "R23" } else { "R04" }]
        }
        (Action::CreateVpcEndpoint(_), ErrorCode::InvalidRouteTableIdNotFound) => vec!["R06"],
        (Action::ModifyVpcEndpoint(modify), _) if modify.vpc_id.is_some() || modify.service_name.is_some() => {
            vec!["R25"]
        }
        (Action::CreateRoute(route), _) if is_endpoint_route(&route.destination, Some(&route.target)) => vec!["R18"],
        (Action::ReplaceRoute(route), _) if is_endpoint_route(&route.destination, Some(&route.target)) => vec!["R18"],
        (Action::DeleteRoute(route), _) if is_endpoint_route(&route.destination, None) => vec!["R18"],
        (Action::CreateTags(tags), _) if tags.resources.iter().any(is_endpoint) => vec!["R24"],
        (Action::DeleteTags(tags), _) if tags.resources.iter().any(is_endpoint) => vec!["R24"],
        _ => Vec::new(),
    }
}

fn is_endpoint_route(destination: &Destination, target: Option<&RouteTarget>) -> bool {
    let to_endpoint = matches!(target, Some(RouteTarget::VpcEndpoint(_)));
    to_endpoint || matches!(destination, Destination::PrefixList(_))
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
