//! Actions on VPCs, their subnets and their DHCP options.

use super::value::{Read, made, tags};
use crate::control_plane::*;
use crate::notation::{Node, Problem, View, decode};
use crate::scenario::context::Cx;

pub(super) fn vpcs(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-vpc" => view.cidr("cidr").map(|block| {
            let ipv6 = view.boolean("ipv6").unwrap_or(false);
            CreateVpc { id: made(id), tags: tags(view), amazon_provided_ipv6_cidr_block: ipv6, ..CreateVpc::new(block) }
                .into()
        }),
        "delete-vpc" => cx.vpc(view.node("vpc"), view.span).map(|vpc| DeleteVpc::new(vpc).into()),
        "modify-vpc-attribute" => cx.vpc(view.node("vpc"), view.span).map(|vpc| {
            let (enable_dns_support, enable_dns_hostnames) =
                (view.boolean("dns-support"), view.boolean("dns-hostnames"));
            ModifyVpcAttribute { enable_dns_support, enable_dns_hostnames, ..ModifyVpcAttribute::new(vpc) }.into()
        }),
        "associate-vpc-cidr-block" => cx.vpc(view.node("vpc"), view.span).map(|vpc| {
            let ipv6 = view.boolean("ipv6").unwrap_or(false);
            let action = AssociateVpcCidrBlock::new(vpc);
            AssociateVpcCidrBlock { cidr_block: view.cidr("cidr"), amazon_provided_ipv6_cidr_block: ipv6, ..action }
                .into()
        }),
        "create-dhcp-options" => {
            let servers = name_servers(cx, view.items("domain-name-servers"));
            let domain_name = view.string("domain-name");
            Some(CreateDhcpOptions { id: made(id), tags: tags(view), domain_name_servers: servers, domain_name }.into())
        }
        "associate-dhcp-options" => {
            let default = view.text("dhcp-options") == Some("default");
            let options = if default { None } else { Some(cx.id(view.node("dhcp-options"), "a set of DHCP options")?) };
            let vpc = cx.vpc(view.node("vpc"), view.span);
            vpc.map(|vpc| AssociateDhcpOptions { dhcp_options_id: options, ..AssociateDhcpOptions::new(vpc) }.into())
        }
        "create-subnet" => create_subnet(cx, view, id),
        "delete-subnet" => cx.id(view.node("subnet"), "a subnet").map(|id| DeleteSubnet::new(id).into()),
        "modify-subnet-attribute" => cx.id(view.node("subnet"), "a subnet").map(|id| {
            let map_public_ip_on_launch = view.boolean("public-ips");
            let assign_ipv6_address_on_creation = view.boolean("ipv6-on-creation");
            ModifySubnetAttribute {
                map_public_ip_on_launch,
                assign_ipv6_address_on_creation,
                ..ModifySubnetAttribute::new(id)
            }
            .into()
        }),
        "associate-subnet-cidr-block" => {
            let subnet = cx.id(view.node("subnet"), "a subnet");
            subnet.zip(view.cidr("ipv6-cidr")).map(|(id, block)| AssociateSubnetCidrBlock::new(id, block).into())
        }
        _ => return None,
    })
}

fn create_subnet(cx: &mut Cx<'_>, view: &View<'_>, id: Option<&ResourceId>) -> Option<Action> {
    let vpc = cx.vpc(view.node("vpc"), view.span);
    let availability_zone = cx.zone(view.node("zone"));
    let (vpc, block) = vpc.zip(view.cidr("cidr"))?;
    let ipv6_cidr_block = view.cidr("ipv6-cidr");
    Some(
        CreateSubnet {
            id: made(id),
            tags: tags(view),
            availability_zone,
            ipv6_cidr_block,
            ..CreateSubnet::new(vpc, block)
        }
        .into(),
    )
}

/// Addresses of DNS servers, or Amazon's own.
pub(in crate::scenario) fn name_servers(cx: &mut Cx<'_>, nodes: Vec<&Node>) -> Vec<NameServer> {
    let mut servers = Vec::new();
    for node in nodes {
        match decode::text(node) {
            Ok("AmazonProvidedDNS") => servers.push(NameServer::AmazonProvidedDns),
            Ok(text) => match text.parse() {
                Ok(address) => servers.push(NameServer::Address(address)),
                Err(_) => {
                    let text = format!("`{}` is neither an address nor `AmazonProvidedDNS`", decode::brief(text));
                    cx.problems.push(Problem::error(node.span, text));
                }
            },
            Err(_) => {}
        }
    }
    servers
}
