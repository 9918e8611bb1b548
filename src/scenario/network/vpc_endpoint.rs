//! VPC endpoints, by routes or by interfaces.

use super::name::{named, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Problem, View};
use crate::policy::DocumentKind;
use crate::scenario::action::policy_text;
use crate::scenario::context::Cx;
use crate::scenario::interface::endpoint_interfaces;
use crate::scenario::plan::{Phase, Plan};
use crate::scenario::vocabulary::*;

pub(super) fn vpc_endpoint(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &VPC_ENDPOINT), named::<VpcEndpointId>(cx, &entry.key)) else {
        return;
    };
    let service = cx.service(view.node("service"));
    let route_table_ids = cx.ids(view.items("route-tables"), "a route table");
    let mut policy_document = None;
    if let Some(node) = view.node("policy") {
        let document = cx.policy(node, DocumentKind::Endpoint);
        if let Some(service) = &service {
            // The places of statements that came as JSON text are places of that text; the warning stands at the key.
            let warnings = document.iter().flat_map(|document| document.without_effect(service.service()));
            let warnings: Vec<_> = warnings.map(|warning| Problem { span: node.span, ..warning }).collect();
            cx.problems.extend(warnings);
        }
        if document.is_none() {
            return;
        }
        policy_document = policy_text(Some(node));
    }
    let subnet_configurations = endpoint_interfaces(cx, &view);
    let mut subnet_ids: Vec<SubnetId> = cx.ids(view.items("subnets"), "a subnet");
    subnet_ids.extend(subnet_configurations.iter().map(|(one, ..)| one.subnet_id.clone()));
    let security_group_ids = cx.ids(view.items("security-groups"), "a security group");
    let Some(service) = service else { return };
    let is_interface = view.text("type").map_or(!subnet_ids.is_empty(), |word| word == "interface");
    let scope = cx.place.scope.clone();
    for (configuration, tags, span) in &subnet_configurations {
        if let (Some(eni), false) = (&configuration.network_interface_id, tags.is_empty()) {
            let action = CreateTags::new(vec![eni.clone().into()], tags.clone());
            plan.add(Phase::Associations, &scope, *span, None, action);
        }
    }
    let create = CreateVpcEndpoint {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        vpc_endpoint_type: if is_interface { EndpointType::Interface } else { EndpointType::Gateway },
        policy_document,
        route_table_ids,
        subnet_ids,
        subnet_configurations: subnet_configurations.into_iter().map(|(one, ..)| one).collect(),
        security_group_ids,
        private_dns_enabled: view.boolean("private-dns"),
        ..CreateVpcEndpoint::new(vpc.clone(), service)
    };
    let span = if view.has("route-tables") { view.span_of("route-tables") } else { view.span_of("service") };
    plan.add(Phase::Endpoints, &scope, span, Some(id.into()), create);
}
