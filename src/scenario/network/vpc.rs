//! A VPC: its blocks and attributes, and everything in it.

use super::filter::{network_acl, security_group};
use super::gateway::{gateways, nat_gateway};
use super::name::{named, tags};
use super::route_table::{is_main, route_table};
use super::subnet::subnet;
use super::vpc_endpoint::vpc_endpoint;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, Problem, View, decode};
use crate::scenario::action::{blocks, name_servers};
use crate::scenario::context::Cx;
use crate::scenario::interface::lone_interface;
use crate::scenario::plan::{Phase, Plan};

/// Plans a VPC and what is in it. `cx` stands in that VPC.
pub(in crate::scenario) fn vpc(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, view: &View<'_>) {
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
        own_name_servers(cx, plan, view, id);
    }
    if view.boolean("classic-link") == Some(true) {
        plan.add(Phase::Vpcs, &scope, view.span_of("classic-link"), None, EnableVpcClassicLink::new(id.clone()));
    }
}

/// The set of DHCP options that a VPC's own name servers make.
fn own_name_servers(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, id: &VpcId) {
    let scope = cx.place.scope.clone();
    let options = DhcpOptionsId::of_name(id.as_str(), id.as_str().len() - VpcId::PREFIX.len());
    let domain_name_servers = name_servers(cx, view.items("name-servers"));
    let create = CreateDhcpOptions { id: Some(options.clone()), domain_name_servers, ..CreateDhcpOptions::default() };
    let span = view.span_of("name-servers");
    plan.add(Phase::Vpcs, &scope, span, Some(options.clone().into()), create);
    let action = AssociateDhcpOptions { dhcp_options_id: Some(options), ..AssociateDhcpOptions::new(id.clone()) };
    plan.add(Phase::Vpcs, &scope, span, None, action);
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
