//! Actions on VPC endpoints, and the wizard that makes a VPC with one.

use super::value::{Read, made, policy_text, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;
use crate::scenario::vocabulary::WIZARD_SUBNET;

pub(super) fn endpoints(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-vpc-with-endpoint" => wizard(cx, view),
        "create-vpc-endpoint" => create_endpoint(cx, view, id),
        "modify-vpc-endpoint" => {
            let add_route_table_ids = cx.ids(view.items("add-route-tables"), "a route table");
            let remove_route_table_ids = cx.ids(view.items("remove-route-tables"), "a route table");
            let service_name = cx.service(view.node("service"));
            let vpc_id = cx.id(view.node("vpc"), "a VPC");
            let policy_document = policy_text(view.node("policy"));
            let reset_policy = view.boolean("reset-policy").unwrap_or(false);
            cx.id(view.node("endpoint"), "a VPC endpoint").map(|id| {
                ModifyVpcEndpoint {
                    policy_document,
                    reset_policy,
                    add_route_table_ids,
                    remove_route_table_ids,
                    vpc_id,
                    service_name,
                    ..ModifyVpcEndpoint::new(id)
                }
                .into()
            })
        }
        "delete-vpc-endpoints" => {
            Some(DeleteVpcEndpoints::new(cx.ids(view.items("endpoints"), "a VPC endpoint")).into())
        }
        _ => return None,
    })
}

fn create_endpoint(cx: &mut Cx<'_>, view: &View<'_>, id: Option<&ResourceId>) -> Option<Action> {
    let vpc = cx.vpc(view.node("vpc"), view.span);
    let service = cx.service(view.node("service"));
    let mut route_table_ids: Vec<RouteTableId> = cx.ids(view.items("route-tables"), "a route table");
    let subnet_ids: Vec<SubnetId> = cx.ids(view.items("subnets"), "a subnet");
    let interface = view.text("type") == Some("interface");
    if !interface {
        // Rule R36: the wizard takes subnets, and the route goes to the tables that they use.
        let region = cx.world.region(&cx.place.scope);
        let used = |id: &SubnetId| region.and_then(|region| region.effective_route_table(region.subnets().get(id)?));
        for table in subnet_ids.iter().filter_map(used) {
            if !route_table_ids.contains(&table.id) {
                route_table_ids.push(table.id.clone());
            }
        }
    }
    let (vpc, service) = vpc.zip(service)?;
    Some(
        CreateVpcEndpoint {
            id: made(id),
            tags: tags(view),
            vpc_endpoint_type: if interface { EndpointType::Interface } else { EndpointType::Gateway },
            policy_document: policy_text(view.node("policy")),
            route_table_ids,
            subnet_ids: if interface { subnet_ids } else { Vec::new() },
            ..CreateVpcEndpoint::new(vpc, service)
        }
        .into(),
    )
}

fn wizard(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Action> {
    let service = cx.service(view.node("service"));
    let mut subnets = Vec::new();
    for entry in view.named("subnets") {
        let subnet = View::of(&entry.value, &WIZARD_SUBNET)?;
        subnets.push(WizardSubnet {
            cidr_block: subnet.cidr("cidr")?,
            availability_zone: cx.zone(subnet.node("zone")),
            name: entry.key.clone(),
            public: subnet.boolean("public").unwrap_or(false),
            endpoint: subnet.boolean("endpoint").unwrap_or(false),
        });
    }
    let (block, service) = view.cidr("cidr").zip(service)?;
    let policy_document = policy_text(view.node("policy"));
    Some(
        CreateVpcWithEndpoint {
            tags: tags(view),
            subnets,
            policy_document,
            ..CreateVpcWithEndpoint::new(block, service)
        }
        .into(),
    )
}
