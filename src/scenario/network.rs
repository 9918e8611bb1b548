//! Second pass over VPCs: what stands in them becomes actions. Names have their ids already.

use super::action::{blocks, name_servers, policy_text};
use super::context::Cx;
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, Span, View, decode};
use crate::policy::DocumentKind;

/// Plans a VPC and what is in it. `cx` stands in that VPC.
pub(super) fn vpc(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, view: &View<'_>) {
    let Some(id) = named::<VpcId>(cx, &entry.key) else { return };
    create_vpc(cx, plan, entry, view, &id);
    gateways(cx, plan, view, &id);
    for table in view.named("route-tables") {
        route_table(cx, plan, &id, table);
    }
    for acl in view.named("network-acls") {
        network_acl(cx, plan, &id, acl);
    }
    for entry in view.named("subnets") {
        subnet(cx, plan, &id, entry);
    }
    for group in view.named("security-groups") {
        security_group(cx, plan, &id, group);
    }
    for gateway in view.named("nat-gateways") {
        nat_gateway(cx, plan, gateway);
    }
    for endpoint in view.named("vpc-endpoints") {
        vpc_endpoint(cx, plan, &id, endpoint);
    }
}

/// The id that the first pass gave to a name at this place.
pub(super) fn named<I: TryFrom<ResourceId>>(cx: &Cx<'_>, name: &str) -> Option<I> {
    let here = |id: &ResourceId| I::try_from(id.clone()).is_ok();
    let found = cx.names.find(name, &cx.place, here).ok()?;
    I::try_from(found).ok()
}

/// The tags of a resource: its name, unless the name is its id, and what is given beside it.
pub(super) fn tags(name: &str, id: &str, view: Option<&View<'_>>) -> Tags {
    let mut tags = Tags { name: (name != id).then(|| name.to_owned()), ..Tags::default() };
    for tag in view.map_or(&[][..], |view| view.named("tags")) {
        tags.set(&tag.key, tag.value.as_text().unwrap_or_default());
    }
    tags
}

fn create_vpc(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, view: &View<'_>, id: &VpcId) {
    let scope = cx.place.scope.clone();
    let all = blocks(view, "cidr");
    let Some(first) = all.first() else { return };
    let main = view.named("route-tables").iter().find(|entry| is_main(entry));
    let main_route_table_id = named(cx, main.map_or("main", |entry| entry.key.as_str()));
    let amazon = view.text("ipv6") == Some("amazon");
    let action = CreateVpc {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(view)),
        amazon_provided_ipv6_cidr_block: amazon,
        ipv6_cidr_block: if amazon { None } else { view.cidr("ipv6") },
        main_route_table_id,
        default_network_acl_id: named(cx, "default"),
        default_security_group_id: named(cx, "default"),
        ..CreateVpc::new(*first)
    };
    plan.add(Phase::Vpcs, &scope, view.span_of("cidr"), Some(id.clone().into()), action);
    for (node, block) in view.items("cidr").iter().zip(&all).skip(1) {
        let action = AssociateVpcCidrBlock { cidr_block: Some(*block), ..AssociateVpcCidrBlock::new(id.clone()) };
        plan.add(Phase::Vpcs, &scope, node.span, None, action);
    }
    if view.has("dns-support") || view.has("dns-hostnames") {
        let (enable_dns_support, enable_dns_hostnames) = (view.boolean("dns-support"), view.boolean("dns-hostnames"));
        let action =
            ModifyVpcAttribute { enable_dns_support, enable_dns_hostnames, ..ModifyVpcAttribute::new(id.clone()) };
        plan.add(Phase::Vpcs, &scope, entry.key_span, None, action);
    }
    if view.has("name-servers") {
        let options = DhcpOptionsId::of_name(id.as_str(), id.as_str().len() - VpcId::PREFIX.len());
        let domain_name_servers = name_servers(cx, view.items("name-servers"));
        let create =
            CreateDhcpOptions { id: Some(options.clone()), domain_name_servers, ..CreateDhcpOptions::default() };
        let span = view.span_of("name-servers");
        plan.add(Phase::Vpcs, &scope, span, Some(options.clone().into()), create);
        let action = AssociateDhcpOptions { dhcp_options_id: Some(options), ..AssociateDhcpOptions::new(id.clone()) };
        plan.add(Phase::Vpcs, &scope, span, None, action);
    }
    if view.boolean("classic-link") == Some(true) {
        plan.add(Phase::Vpcs, &scope, view.span_of("classic-link"), None, EnableVpcClassicLink::new(id.clone()));
    }
}

fn is_main(entry: &Entry) -> bool {
    entry.key == "main" || View::of(&entry.value, &ROUTE_TABLE).is_some_and(|table| table.boolean("main") == Some(true))
}

fn gateways(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, vpc: &VpcId) {
    let scope = cx.place.scope.clone();
    if let Some((id, span, tags)) = gateway::<InternetGatewayId>(cx, view, "internet-gateway") {
        let create = CreateInternetGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachInternetGateway::new(id, vpc.clone()));
    }
    if let Some((id, span, tags)) = gateway::<EgressOnlyInternetGatewayId>(cx, view, "egress-only-internet-gateway") {
        let create = CreateEgressOnlyInternetGateway {
            id: Some(id.clone()),
            tags,
            ..CreateEgressOnlyInternetGateway::new(vpc.clone())
        };
        plan.add(Phase::Gateways, &scope, span, Some(id.into()), create);
    }
    if let Some((id, span, tags)) = gateway::<VpnGatewayId>(cx, view, "virtual-private-gateway") {
        let create = CreateVpnGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachVpnGateway::new(id, vpc.clone()));
    }
}

/// The id, place and tags of the gateway under a key.
fn gateway<I: TryFrom<ResourceId> + std::fmt::Display>(
    cx: &Cx<'_>,
    view: &View<'_>,
    key: &str,
) -> Option<(I, Span, Tags)> {
    let node = view.node(key)?;
    let gateway = View::of(node, &GATEWAY);
    let name = match &gateway {
        Some(gateway) => gateway.string("name")?,
        None => decode::text(node).ok()?.to_owned(),
    };
    let id: I = named(cx, &name)?;
    let tags = tags(&name, &id.to_string(), gateway.as_ref());
    Some((id, node.span, tags))
}

fn route_table(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &ROUTE_TABLE), named::<RouteTableId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    if is_main(entry) {
        if entry.key != "main" {
            let action = CreateTags::new(vec![id.clone().into()], tags(&entry.key, id.as_str(), Some(&view)));
            plan.add(Phase::RouteTables, &scope, entry.key_span, None, action);
        }
    } else {
        let tags = tags(&entry.key, id.as_str(), Some(&view));
        let create = CreateRouteTable { id: Some(id.clone()), tags, ..CreateRouteTable::new(vpc.clone()) };
        plan.add(Phase::RouteTables, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    for gateway in cx.ids::<VpnGatewayId>(view.items("propagate"), "a virtual private gateway") {
        let action = EnableVgwRoutePropagation::new(gateway, id.clone());
        plan.add(Phase::Routes, &scope, view.span_of("propagate"), None, action);
    }
    for route in view.extra() {
        let destination = cx.destination(&route.key, route.key_span);
        let Some((destination, target)) = destination.zip(cx.target(Some(&route.value))) else { continue };
        // The local route is there by itself, and may be written for the reader (facts RT12).
        if target == RouteTarget::Local {
            continue;
        }
        let span = Span { start: route.key_span.start, end: route.value.span.end };
        plan.add(Phase::Routes, &scope, span, None, CreateRoute::new(id.clone(), destination, target));
    }
}

fn network_acl(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &NETWORK_ACL), named::<NetworkAclId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if !default {
        let tags = tags(&entry.key, id.as_str(), Some(&view));
        let create = CreateNetworkAcl { id: Some(id.clone()), tags, ..CreateNetworkAcl::new(vpc.clone()) };
        plan.add(Phase::NetworkAcls, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    for (key, egress) in [("ingress", false), ("egress", true)] {
        if default && view.has(key) {
            // What is written is all that the default ACL has (facts A2: rule 100 allows everything before that).
            let action = DeleteNetworkAclEntry::new(id.clone(), 100, egress);
            plan.add(Phase::NetworkAcls, &scope, view.span_of(key), None, action);
        }
        for line in view.named(key) {
            let Some(rule) = cx.acl_rule(&line.value) else { continue };
            if rule.egress != egress {
                let text = if egress { "an outbound entry says `to`" } else { "an inbound entry says `from`" };
                cx.problems.push(crate::notation::Problem::error(line.value.span, text));
                continue;
            }
            let Ok(number) = line.key.parse() else { continue };
            let verdict = if rule.allow { RuleAction::Allow } else { RuleAction::Deny };
            let entry = CreateNetworkAclEntry::new(id.clone(), number, egress, rule.protocol, verdict);
            let action = CreateNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry };
            plan.add(Phase::NetworkAcls, &scope, line.value.span, None, action);
        }
    }
}

fn subnet(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &SUBNET), named::<SubnetId>(cx, &entry.key)) else { return };
    let scope = cx.place.scope.clone();
    let availability_zone = cx.zone(view.node("zone"));
    let table: Option<RouteTableId> = cx.id(view.node("route-table"), "a route table");
    let acl: Option<NetworkAclId> = cx.id(view.node("network-acl"), "a network ACL");
    let Some(block) = view.cidr("cidr") else { return };
    let create = CreateSubnet {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        availability_zone,
        ipv6_cidr_block: view.cidr("ipv6-cidr"),
        ..CreateSubnet::new(vpc.clone(), block)
    };
    plan.add(Phase::Subnets, &scope, view.span_of("cidr"), Some(id.clone().into()), create);
    let main = cx.world.region(&scope).is_some() && view.text("route-table") == Some("main");
    if let Some(table) = table.filter(|_| !main) {
        let action = AssociateRouteTable::new(table, id.clone());
        plan.add(Phase::Subnets, &scope, view.span_of("route-table"), None, action);
    }
    if let Some(acl) = acl.filter(|_| view.text("network-acl") != Some("default")) {
        let action =
            ReplaceNetworkAclAssociation { subnet_id: Some(id.clone()), ..ReplaceNetworkAclAssociation::new(acl) };
        plan.add(Phase::Subnets, &scope, view.span_of("network-acl"), None, action);
    }
    if view.has("public-ips") || view.has("ipv6-on-creation") {
        let action = ModifySubnetAttribute {
            map_public_ip_on_launch: view.boolean("public-ips"),
            assign_ipv6_address_on_creation: view.boolean("ipv6-on-creation"),
            ..ModifySubnetAttribute::new(id)
        };
        plan.add(Phase::Subnets, &scope, entry.key_span, None, action);
    }
}

fn security_group(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &SECURITY_GROUP), named::<SecurityGroupId>(cx, &entry.key))
    else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if !default {
        let create = CreateSecurityGroup {
            id: Some(id.clone()),
            tags: tags(&entry.key, id.as_str(), Some(&view)),
            description: view.string("description").unwrap_or_default(),
            ..CreateSecurityGroup::new(vpc.clone(), entry.key.clone())
        };
        plan.add(Phase::Groups, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    // What is written is all that the group allows (facts S1: everything may go out before that, and members of the
    // default group may reach each other).
    if default && view.has("ingress") {
        let own = Peer::Group(GroupReference { group_id: id.clone(), account: None });
        let rule = SecurityGroupRule { protocol: Protocol::All, peer: own };
        let action = RevokeSecurityGroupIngress::new(id.clone(), vec![rule]);
        plan.add(Phase::GroupRules, &scope, view.span_of("ingress"), None, action);
    }
    if view.has("egress") {
        let rule = SecurityGroupRule { protocol: Protocol::All, peer: Peer::Cidr(Cidr::ALL_V4) };
        let action = RevokeSecurityGroupEgress::new(id.clone(), vec![rule]);
        plan.add(Phase::GroupRules, &scope, view.span_of("egress"), None, action);
    }
    for node in view.items("ingress") {
        if let Some(rule) = cx.group_rule(node, true) {
            let action = AuthorizeSecurityGroupIngress::new(id.clone(), vec![rule]);
            plan.add(Phase::GroupRules, &scope, node.span, None, action);
        }
    }
    for node in view.items("egress") {
        if let Some(rule) = cx.group_rule(node, false) {
            let action = AuthorizeSecurityGroupEgress::new(id.clone(), vec![rule]);
            plan.add(Phase::GroupRules, &scope, node.span, None, action);
        }
    }
}

fn nat_gateway(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &NAT_GATEWAY), named::<NatGatewayId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    let private = view.boolean("private") == Some(true);
    let private_ip_address = cx.v4(view.node("private-ip"));
    let subnet: Option<SubnetId> = cx.id(view.node("subnet"), "a subnet");
    let allocation_id = match view.node("elastic-ip") {
        _ if private => None,
        Some(node) => elastic_ip(cx, plan, node),
        None => {
            let own =
                AllocationId::of_name(&format!("{id}/elastic-ip"), id.as_str().len() - NatGatewayId::PREFIX.len());
            let create = AllocateAddress { id: Some(own.clone()), ..AllocateAddress::default() };
            plan.add(Phase::Addresses, &scope, entry.key_span, Some(own.clone().into()), create);
            Some(own)
        }
    };
    let Some(subnet) = subnet else { return };
    let create = CreateNatGateway {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        allocation_id,
        connectivity_type: if private { Connectivity::Private } else { Connectivity::Public },
        private_ip_address,
        ..CreateNatGateway::new(subnet)
    };
    plan.add(Phase::NatGateways, &scope, entry.key_span, Some(id.into()), create);
}

/// The Elastic IP that a node means; one that is written as its address is allocated on the way.
pub(super) fn elastic_ip(cx: &mut Cx<'_>, plan: &mut Plan, node: &Node) -> Option<AllocationId> {
    let text = decode::text(node).ok()?;
    let id: AllocationId = cx.id(Some(node), "an Elastic IP")?;
    if let Ok(address) = text.parse() {
        let create = AllocateAddress { id: Some(id.clone()), address: Some(address), ..AllocateAddress::default() };
        plan.add(Phase::Addresses, &cx.place.scope.clone(), node.span, Some(id.clone().into()), create);
    }
    Some(id)
}

fn vpc_endpoint(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
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
            let warnings: Vec<_> =
                warnings.map(|warning| crate::notation::Problem { span: node.span, ..warning }).collect();
            cx.problems.extend(warnings);
        }
        if document.is_none() {
            return;
        }
        policy_document = policy_text(Some(node));
    }
    let Some(service) = service else { return };
    let create = CreateVpcEndpoint {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), None),
        policy_document,
        route_table_ids,
        ..CreateVpcEndpoint::new(vpc.clone(), service)
    };
    let span = if view.has("route-tables") { view.span_of("route-tables") } else { view.span_of("service") };
    plan.add(Phase::Endpoints, &cx.place.scope.clone(), span, Some(id.into()), create);
}
