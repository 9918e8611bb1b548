//! Second pass over VPCs: what stands in them becomes actions. Names have their ids already.

use std::collections::BTreeMap;

use super::action::{blocks, name_servers, policy_text};
use super::context::{Cx, foreign_group};
use super::described::described_route;
use super::interface::{elastic_ip, elastic_ips, endpoint_interfaces, lone_interface};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::shape::Shape;
use crate::notation::{Entry, Node, Problem, Span, View, decode};
use crate::policy::DocumentKind;

/// Plans a VPC and what is in it. `cx` stands in that VPC.
pub(super) fn vpc(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, view: &View<'_>) {
    let Some(id) = named::<VpcId>(cx, &entry.key) else { return };
    let ipv6 = view.has("ipv6");
    create_vpc(cx, plan, entry, view, &id);
    gateways(cx, plan, view, &id);
    for table in view.named("route-tables") {
        route_table(cx, plan, (&id, view), table);
    }
    for acl in view.named("network-acls") {
        network_acl(cx, plan, (&id, ipv6), acl);
    }
    for entry in view.named("subnets") {
        subnet(cx, plan, &id, entry);
    }
    for group in view.named("security-groups") {
        security_group(cx, plan, (&id, ipv6), group);
    }
    for gateway in view.named("nat-gateways") {
        nat_gateway(cx, plan, gateway);
    }
    for endpoint in view.named("vpc-endpoints") {
        vpc_endpoint(cx, plan, &id, endpoint);
    }
    for interface in view.named("network-interfaces") {
        lone_interface(cx, plan, &id, interface);
    }
}

/// The id that the first pass gave to a name at this place.
pub(super) fn named<I: TryFrom<ResourceId>>(cx: &Cx<'_>, name: &str) -> Option<I> {
    let here = |id: &ResourceId| I::try_from(id.clone()).is_ok();
    let found = cx.names.find(name, &cx.place, here).ok()?;
    I::try_from(found).ok()
}

/// The tags of a resource: its name, unless the name is its id, and what is given beside it. A tag without a value takes
/// the name away.
pub(super) fn tags(name: &str, id: &str, view: Option<&View<'_>>) -> Tags {
    let mut tags = Tags { name: (name != id).then(|| name.to_owned()), ..Tags::default() };
    for tag in view.map_or(&[][..], |view| view.named("tags")) {
        match tag.value.as_text() {
            Some(value) => tags.set(&tag.key, value),
            None => drop(tags.remove(&tag.key)),
        }
    }
    tags
}

/// Tags what its VPC was created with; without tags of its own it has none.
fn tag_built_in(plan: &mut Plan, phase: Phase, scope: &Scope, entry: &Entry, id: ResourceId, tags: Tags) {
    if !tags.is_empty() {
        plan.add(phase, scope, entry.key_span, None, CreateTags::new(vec![id], tags));
    }
}

fn create_vpc(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, view: &View<'_>, id: &VpcId) {
    let scope = cx.place.scope.clone();
    let all = blocks(view, "cidr");
    let Some(first) = all.first() else { return };
    let main = view.named("route-tables").iter().find(|entry| is_main(entry));
    let main_route_table_id = named(cx, main.map_or("main", |entry| entry.key.as_str()));
    // `None` is a block of Amazon's.
    let ipv6: Vec<(&Node, Option<Cidr>)> =
        view.items("ipv6").into_iter().map(|node| (node, decode::cidr(node).ok())).collect();
    let first_ipv6 = ipv6.first().map(|(_, block)| *block);
    let action = CreateVpc {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(view)),
        amazon_provided_ipv6_cidr_block: first_ipv6 == Some(None),
        ipv6_cidr_block: first_ipv6.flatten(),
        dhcp_options: dhcp_options(cx, view),
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
    for (node, block) in ipv6.iter().skip(1) {
        let action = AssociateVpcCidrBlock {
            ipv6_cidr_block: *block,
            amazon_provided_ipv6_cidr_block: block.is_none(),
            ..AssociateVpcCidrBlock::new(id.clone())
        };
        plan.add(Phase::Vpcs, &scope, node.span, None, action);
    }
    // EC2 takes one attribute a call.
    let (enable_dns_support, enable_dns_hostnames) = (view.boolean("dns-support"), view.boolean("dns-hostnames"));
    if enable_dns_support.is_some() {
        let action = ModifyVpcAttribute { enable_dns_support, ..ModifyVpcAttribute::new(id.clone()) };
        plan.add(Phase::Vpcs, &scope, view.span_of("dns-support"), None, action);
    }
    if enable_dns_hostnames.is_some() {
        let action = ModifyVpcAttribute { enable_dns_hostnames, ..ModifyVpcAttribute::new(id.clone()) };
        plan.add(Phase::Vpcs, &scope, view.span_of("dns-hostnames"), None, action);
    }
    if view.boolean("default") == Some(true) {
        plan.take_over(Phase::Vpcs, &scope, view.span_of("default"), Described::DefaultVpc(id.clone()));
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

/// The DHCP options that are named; a VPC's own name servers make a set of their own later.
fn dhcp_options(cx: &mut Cx<'_>, view: &View<'_>) -> GivenDhcpOptions {
    if view.has("dhcp-options") && view.has("name-servers") {
        let text = "`dhcp-options` and `name-servers` cannot stand together";
        let problem = Problem::error(view.span_of("name-servers"), text);
        cx.problems.push(problem.help("name the servers in the set of DHCP options"));
    }
    match view.text("dhcp-options") {
        None => GivenDhcpOptions::OfRegion,
        Some("none") => GivenDhcpOptions::None,
        Some(_) => cx
            .id(view.node("dhcp-options"), "a set of DHCP options")
            .map_or(GivenDhcpOptions::OfRegion, GivenDhcpOptions::Set),
    }
}

fn is_main(entry: &Entry) -> bool {
    entry.key == "main" || View::of(&entry.value, &ROUTE_TABLE).is_some_and(|table| table.boolean("main") == Some(true))
}

fn gateways(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, vpc: &VpcId) {
    let scope = cx.place.scope.clone();
    if let Some((id, span, tags)) = gateway::<InternetGatewayId>(cx, view, ("internet-gateway", &GATEWAY)) {
        let create = CreateInternetGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachInternetGateway::new(id, vpc.clone()));
    }
    let egress_only = ("egress-only-internet-gateway", &GATEWAY);
    if let Some((id, span, tags)) = gateway::<EgressOnlyInternetGatewayId>(cx, view, egress_only) {
        let create = CreateEgressOnlyInternetGateway {
            id: Some(id.clone()),
            tags,
            ..CreateEgressOnlyInternetGateway::new(vpc.clone())
        };
        plan.add(Phase::Gateways, &scope, span, Some(id.into()), create);
    }
    if let Some((id, span, tags)) = gateway::<VpnGatewayId>(cx, view, ("virtual-private-gateway", &VPN_GATEWAY)) {
        let create = CreateVpnGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, span, Some(id.clone().into()), create);
        plan.add(Phase::Gateways, &scope, span, None, AttachVpnGateway::new(id.clone(), vpc.clone()));
        let known = view.sub("virtual-private-gateway", &VPN_GATEWAY).map(|own| blocks(&own, "knows"));
        let routes: BTreeMap<Cidr, BgpRoute> =
            known.into_iter().flatten().map(|block| (block, BgpRoute::default())).collect();
        if !routes.is_empty() {
            plan.take_over(Phase::Gateways, &scope, span, Described::KnownRoutes { gateway_id: id, routes });
        }
    }
}

/// The id, place and tags of the gateway under a key.
fn gateway<I: TryFrom<ResourceId> + std::fmt::Display>(
    cx: &Cx<'_>,
    view: &View<'_>,
    (key, shape): (&str, &'static Shape),
) -> Option<(I, Span, Tags)> {
    let node = view.node(key)?;
    let gateway = View::of(node, shape);
    let name = match &gateway {
        Some(gateway) => gateway.string("name")?,
        None => decode::text(node).ok()?.to_owned(),
    };
    let id: I = named(cx, &name)?;
    let tags = tags(&name, &id.to_string(), gateway.as_ref());
    Some((id, node.span, tags))
}

fn route_table(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, of_vpc): (&VpcId, &View<'_>), entry: &Entry) {
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

fn network_acl(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, ipv6): (&VpcId, bool), entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &NETWORK_ACL), named::<NetworkAclId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if default {
        let tags = tags(id.as_str(), id.as_str(), Some(&view));
        tag_built_in(plan, Phase::NetworkAcls, &scope, entry, id.clone().into(), tags);
    } else {
        let tags = tags(&entry.key, id.as_str(), Some(&view));
        let create = CreateNetworkAcl { id: Some(id.clone()), tags, ..CreateNetworkAcl::new(vpc.clone()) };
        plan.add(Phase::NetworkAcls, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    for (key, egress) in [("ingress", false), ("egress", true)] {
        if default && view.has(key) {
            // What is written is all that the default ACL has (facts A2: rule 100, and 101 for IPv6, allow everything
            // before that).
            for number in [Some(100), ipv6.then_some(101)].into_iter().flatten() {
                let action = DeleteNetworkAclEntry::new(id.clone(), number, egress);
                plan.add(Phase::NetworkAcls, &scope, view.span_of(key), None, action);
            }
        }
        for line in view.named(key) {
            let Some(rule) = cx.acl_rule(&line.value) else { continue };
            if rule.egress != egress {
                let text = if egress { "an outbound entry says `to`" } else { "an inbound entry says `from`" };
                cx.problems.push(Problem::error(line.value.span, text));
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

fn security_group(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, ipv6): (&VpcId, bool), entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &SECURITY_GROUP), named::<SecurityGroupId>(cx, &entry.key))
    else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if default {
        let tags = tags(id.as_str(), id.as_str(), Some(&view));
        tag_built_in(plan, Phase::Groups, &scope, entry, id.clone().into(), tags);
        if let Some(description) = view.string("description") {
            let told = Described::GroupDescription { group_id: id.clone(), description };
            plan.take_over(Phase::Groups, &scope, view.span_of("description"), told);
        }
    } else {
        let create = CreateSecurityGroup {
            id: Some(id.clone()),
            tags: tags(&entry.key, id.as_str(), Some(&view)),
            description: view.string("description").unwrap_or_default(),
            ..CreateSecurityGroup::new(vpc.clone(), view.string("name").unwrap_or_else(|| entry.key.clone()))
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
        let everything = [Some(Cidr::ALL_V4), ipv6.then_some(Cidr::ALL_V6)].into_iter().flatten();
        let rules = everything.map(|block| SecurityGroupRule::cidr(Protocol::All, block)).collect();
        let action = RevokeSecurityGroupEgress::new(id.clone(), rules);
        plan.add(Phase::GroupRules, &scope, view.span_of("egress"), None, action);
    }
    for (key, egress) in [("ingress", false), ("egress", true)] {
        for node in view.items(key) {
            let Some(rule) = cx.group_rule(node, !egress) else { continue };
            let who = decode::text(node).ok().and_then(RuleText::parse).map(|rule| rule.who);
            if who.and_then(foreign_group).is_some() {
                let told = Described::GroupRule { group_id: id.clone(), egress, rule };
                plan.take_over(Phase::GroupRules, &scope, node.span, told);
            } else if egress {
                let action = AuthorizeSecurityGroupEgress::new(id.clone(), vec![rule]);
                plan.add(Phase::GroupRules, &scope, node.span, None, action);
            } else {
                let action = AuthorizeSecurityGroupIngress::new(id.clone(), vec![rule]);
                plan.add(Phase::GroupRules, &scope, node.span, None, action);
            }
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
    let secondary_private_ip_addresses: Vec<_> =
        view.items("secondary-ips").into_iter().filter_map(|node| cx.v4(Some(node))).collect();
    let elastic = elastic_ips(cx, plan, &view);
    let of_address = |address| elastic.iter().find(|(own, _)| own == address).map(|(_, allocation)| allocation.clone());
    let secondary_allocation_ids = secondary_private_ip_addresses.iter().filter_map(of_address).collect();
    let network_interface_id = cx.given(view.node("network-interface"), NetworkInterfaceId::parse);
    let Some(subnet) = subnet else { return };
    let create = CreateNatGateway {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        secondary_private_ip_addresses,
        secondary_allocation_ids,
        network_interface_id,
        allocation_id,
        connectivity_type: if private { Connectivity::Private } else { Connectivity::Public },
        private_ip_address,
        ..CreateNatGateway::new(subnet)
    };
    plan.add(Phase::NatGateways, &scope, entry.key_span, Some(id.into()), create);
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
