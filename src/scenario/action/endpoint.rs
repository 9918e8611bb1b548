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
    let digits = if cx.world.era == Era::Y2017 { 8 } else { 17 };
    let made: Vec<(String, ResourceId)> =
        view.string("name").map_or_else(Vec::new, |name| wizard_ids(&name, view, digits));
    let mut subnets = Vec::new();
    for entry in view.named("subnets") {
        let subnet = View::of(&entry.value, &WIZARD_SUBNET)?;
        subnets.push(WizardSubnet {
            id: of_name(&made, &entry.key),
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
            ids: view.string("name").map_or_else(WizardIds::default, |name| WizardIds {
                vpc: of_name(&made, &name),
                main_route_table: of_name(&made, &format!("{name}-main")),
                public_route_table: of_name(&made, &format!("{name}-public")),
                internet_gateway: of_name(&made, &format!("{name}-igw")),
                vpc_endpoint: of_name(&made, &format!("{name}-endpoint")),
            }),
            tags: tags(view),
            subnets,
            policy_document,
            ..CreateVpcWithEndpoint::new(block, service)
        }
        .into(),
    )
}

/// What the wizard makes under a name, by the names that other steps and expectations use: the VPC under the name itself,
/// its subnets under theirs, and `NAME-main`, `NAME-public`, `NAME-igw` and `NAME-endpoint`.
pub(in crate::scenario) fn wizard_ids(name: &str, view: &View<'_>, digits: usize) -> Vec<(String, ResourceId)> {
    let path = |what: &str| format!("{name}/{what}");
    let subnets = view.named("subnets").iter().map(|entry| entry.key.to_string());
    let mut made: Vec<(String, ResourceId)> =
        subnets.map(|subnet| (subnet.clone(), SubnetId::of_name(&path(&subnet), digits).into())).collect();
    let gateway = format!("{name}-igw");
    made.push((gateway.clone(), InternetGatewayId::of_name(&path(&gateway), digits).into()));
    let (main, public, endpoint) = (format!("{name}-main"), format!("{name}-public"), format!("{name}-endpoint"));
    made.push((name.to_owned(), VpcId::of_name(name, digits).into()));
    made.push((main.clone(), RouteTableId::of_name(&path(&main), digits).into()));
    made.push((public.clone(), RouteTableId::of_name(&path(&public), digits).into()));
    made.push((endpoint.clone(), VpcEndpointId::of_name(&path(&endpoint), digits).into()));
    made
}

fn of_name<I: TryFrom<ResourceId>>(made: &[(String, ResourceId)], name: &str) -> Option<I> {
    made.iter().filter(|(known, _)| known == name).find_map(|(_, id)| I::try_from(id.clone()).ok())
}
