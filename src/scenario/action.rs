//! A step of the timeline as the control plane's action: names become ids, texts become values. Performs nothing.

use super::context::Cx;
use super::vocabulary::{ACTIONS, WIZARD_SUBNET};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::shape::{Kind, Shape};
use crate::notation::{Entry, Node, Problem, View, decode};

/// The id that a creating step gives to what it creates, and the VPC it belongs to: known before the step is made, so
/// that other steps can name it.
pub(super) fn created_id(verb: &str, path: &str, digits: usize) -> Option<ResourceId> {
    Some(match verb {
        "create-vpc" => VpcId::of_name(path, digits).into(),
        "create-dhcp-options" => DhcpOptionsId::of_name(path, digits).into(),
        "create-subnet" => SubnetId::of_name(path, digits).into(),
        "create-route-table" => RouteTableId::of_name(path, digits).into(),
        "create-internet-gateway" => InternetGatewayId::of_name(path, digits).into(),
        "create-egress-only-internet-gateway" => EgressOnlyInternetGatewayId::of_name(path, digits).into(),
        "create-nat-gateway" => NatGatewayId::of_name(path, digits).into(),
        "allocate-address" => AllocationId::of_name(path, digits).into(),
        "run-instances" => InstanceId::of_name(path, digits).into(),
        "create-network-interface" => NetworkInterfaceId::of_name(path, digits).into(),
        "create-security-group" => SecurityGroupId::of_name(path, digits).into(),
        "create-network-acl" => NetworkAclId::of_name(path, digits).into(),
        "create-managed-prefix-list" => PrefixListId::of_name(path, digits).into(),
        "create-vpc-endpoint" => VpcEndpointId::of_name(path, digits).into(),
        "create-vpc-peering-connection" => VpcPeeringConnectionId::of_name(path, digits).into(),
        "create-vpn-gateway" => VpnGatewayId::of_name(path, digits).into(),
        _ => return None,
    })
}

/// The parameters of an action, as its table has them.
pub(super) fn parameters(verb: &str) -> Option<&'static Shape> {
    ACTIONS.iter().find(|key| key.is(verb)).and_then(|key| match key.kind {
        Kind::Shape(shape) => Some(shape),
        _ => None,
    })
}

/// The action that a step asks for; `None` if something of it is wrong, which is then among the problems. `made` is the
/// id of what it creates, if it has a name.
pub(super) fn action(cx: &mut Cx<'_>, verb: &str, entry: &Entry, made: Option<&ResourceId>) -> Option<Action> {
    let view = View::of(&entry.value, parameters(verb)?)?;
    let found = vpcs(cx, verb, &view, made)
        .or_else(|| routing(cx, verb, &view, made))
        .or_else(|| gateways(cx, verb, &view, made))
        .or_else(|| instances(cx, verb, &view, made))
        .or_else(|| filters(cx, verb, &view, made))
        .or_else(|| endpoints(cx, verb, &view, made))
        .or_else(|| neighbors(cx, verb, &view, made))
        .or_else(|| others(cx, verb, &view));
    debug_assert!(found.is_some(), "the action `{verb}` is in the table and nowhere read");
    found.flatten()
}

fn made<I: TryFrom<ResourceId>>(id: Option<&ResourceId>) -> Option<I> {
    I::try_from(id?.clone()).ok()
}

fn tags(view: &View<'_>) -> Tags {
    Tags { name: view.string("name"), ..Tags::default() }
}

/// The outer `None` says that the verb belongs elsewhere, the inner one that something is wrong.
type Read = Option<Option<Action>>;

fn vpcs(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
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
pub(super) fn name_servers(cx: &mut Cx<'_>, nodes: Vec<&Node>) -> Vec<NameServer> {
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

fn routing(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-route-table" => cx
            .vpc(view.node("vpc"), view.span)
            .map(|vpc| CreateRouteTable { id: made(id), tags: tags(view), ..CreateRouteTable::new(vpc) }.into()),
        "delete-route-table" => table(cx, view).map(|id| DeleteRouteTable::new(id).into()),
        "associate-route-table" => {
            let table = table(cx, view);
            let subnet = cx.id(view.node("subnet"), "a subnet");
            table.zip(subnet).map(|(table, subnet)| AssociateRouteTable::new(table, subnet).into())
        }
        "replace-route-table-association" => {
            let table = table(cx, view);
            let association = table_association(cx, view);
            association.zip(table).map(|(one, table)| ReplaceRouteTableAssociation::new(one, table).into())
        }
        "disassociate-route-table" => table_association(cx, view).map(|one| DisassociateRouteTable::new(one).into()),
        "create-route" | "replace-route" => {
            let table = table(cx, view);
            let destination = destination(cx, view);
            let target = cx.target(view.node("target"));
            let (table, (destination, target)) = match table.zip(destination.zip(target)) {
                Some(all) => all,
                None => return Some(None),
            };
            Some(match verb {
                "create-route" => CreateRoute::new(table, destination, target).into(),
                _ => ReplaceRoute::new(table, destination, target).into(),
            })
        }
        "delete-route" => {
            let table = table(cx, view);
            let destination = destination(cx, view);
            table.zip(destination).map(|(table, destination)| DeleteRoute::new(table, destination).into())
        }
        _ => return None,
    })
}

fn table(cx: &mut Cx<'_>, view: &View<'_>) -> Option<RouteTableId> {
    cx.id(view.node("route-table"), "a route table")
}

fn destination(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Destination> {
    cx.destination(view.text("destination")?, view.span_of("destination"))
}

/// The association that is given, or that the subnet or VPC has at this moment.
fn table_association(cx: &mut Cx<'_>, view: &View<'_>) -> Option<RouteTableAssociationId> {
    if let Some(node) = view.node("association") {
        return cx.id(Some(node), "an association");
    }
    let region = cx.world.region(&cx.place.scope)?;
    if view.has("subnet") {
        let id: SubnetId = cx.id(view.node("subnet"), "a subnet")?;
        let found = region.subnets().get(&id).and_then(|subnet| subnet.route_table_association.as_ref());
        // One that uses the main route table has no association to name.
        let named = found.map(|found| found.association_id.clone());
        return named.or_else(|| RouteTableAssociationId::parse("rtbassoc-00000000"));
    }
    let id = cx.vpc(view.node("vpc"), view.span)?;
    region.vpcs().get(&id).map(|vpc| vpc.main_association.association_id.clone())
}

fn gateways(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-internet-gateway" => Some(CreateInternetGateway { id: made(id), tags: tags(view) }.into()),
        "attach-internet-gateway" | "detach-internet-gateway" => {
            let gateway = cx.id(view.node("internet-gateway"), "an internet gateway");
            let vpc = cx.vpc(view.node("vpc"), view.span);
            gateway.zip(vpc).map(|(gateway, vpc)| match verb {
                "attach-internet-gateway" => AttachInternetGateway::new(gateway, vpc).into(),
                _ => DetachInternetGateway::new(gateway, vpc).into(),
            })
        }
        "delete-internet-gateway" => cx
            .id(view.node("internet-gateway"), "an internet gateway")
            .map(|gateway| DeleteInternetGateway::new(gateway).into()),
        "create-egress-only-internet-gateway" => cx.vpc(view.node("vpc"), view.span).map(|vpc| {
            let action = CreateEgressOnlyInternetGateway::new(vpc);
            CreateEgressOnlyInternetGateway { id: made(id), tags: tags(view), ..action }.into()
        }),
        "delete-egress-only-internet-gateway" => cx
            .id(view.node("egress-only-internet-gateway"), "an egress-only internet gateway")
            .map(|gateway| DeleteEgressOnlyInternetGateway::new(gateway).into()),
        "create-nat-gateway" => {
            let subnet = cx.id(view.node("subnet"), "a subnet");
            let allocation_id = if view.has("elastic-ip") { Some(elastic_ip(cx, view)?) } else { None };
            let private_ip_address = cx.v4(view.node("private-ip"));
            subnet.map(|subnet| {
                let action = CreateNatGateway::new(subnet);
                CreateNatGateway { id: made(id), tags: tags(view), allocation_id, private_ip_address, ..action }.into()
            })
        }
        "delete-nat-gateway" => {
            cx.id(view.node("nat-gateway"), "a NAT gateway").map(|gateway| DeleteNatGateway::new(gateway).into())
        }
        "allocate-address" => {
            let address = cx.v4(view.node("address"));
            Some(AllocateAddress { id: made(id), tags: tags(view), address }.into())
        }
        "associate-address" => {
            let allocation = elastic_ip(cx, view);
            let instance_id = cx.id(view.node("instance"), "an instance");
            let network_interface_id = cx.id(view.node("network-interface"), "a network interface");
            let private_ip_address = cx.v4(view.node("private-ip"));
            let allow_reassociation = view.boolean("allow-reassociation").unwrap_or(false);
            allocation.map(|allocation| {
                let action = AssociateAddress::new(allocation);
                AssociateAddress {
                    instance_id,
                    network_interface_id,
                    private_ip_address,
                    allow_reassociation,
                    ..action
                }
                .into()
            })
        }
        "disassociate-address" => {
            let allocation = elastic_ip(cx, view);
            let records = cx.world.region(&cx.place.scope);
            let found = records.zip(allocation).and_then(|(region, id)| region.elastic_ips().get(&id));
            let association = found.map(|address| address.association.as_ref().map(|one| one.association_id.clone()));
            // An address that has none has no id to name: EC2 says that there is no such association.
            let named = association.and_then(|one| one.or_else(|| AddressAssociationId::parse("eipassoc-00000000")));
            named.map(|named| DisassociateAddress::new(named).into())
        }
        "release-address" => elastic_ip(cx, view).map(|allocation| ReleaseAddress::new(allocation).into()),
        _ => return None,
    })
}

/// An Elastic IP by its name, id or address.
fn elastic_ip(cx: &mut Cx<'_>, view: &View<'_>) -> Option<AllocationId> {
    let node = view.node("elastic-ip")?;
    if let Ok(address) = decode::text(node).ok()?.parse::<std::net::Ipv4Addr>() {
        let region = cx.world.region(&cx.place.scope)?;
        let found = region.elastic_ips().values().find(|elastic| elastic.public_ip == address);
        if found.is_none() {
            cx.problems.push(Problem::error(node.span, format!("{address} is not an Elastic IP of this account")));
        }
        return found.map(|elastic| elastic.allocation_id.clone());
    }
    cx.id(Some(node), "an Elastic IP")
}

fn instances(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "run-instances" => {
            let subnet_id = cx.id(view.node("subnet"), "a subnet");
            let private_ip_address = cx.v4(view.node("private-ip"));
            let security_group_ids = cx.ids(view.items("security-groups"), "a security group");
            let associate_public_ip_address = view.boolean("public-ip");
            subnet_id.map(|subnet_id| {
                RunInstances {
                    subnet_id: Some(subnet_id),
                    id: made(id),
                    tags: tags(view),
                    private_ip_address,
                    security_group_ids,
                    associate_public_ip_address,
                    ..RunInstances::default()
                }
                .into()
            })
        }
        "start-instances" => Some(StartInstances::new(cx.ids(view.items("instances"), "an instance")).into()),
        "stop-instances" => Some(StopInstances::new(cx.ids(view.items("instances"), "an instance")).into()),
        "terminate-instances" => Some(TerminateInstances::new(cx.ids(view.items("instances"), "an instance")).into()),
        "modify-instance-attribute" => {
            let groups = groups(cx, view);
            let source_dest_check = view.boolean("source-dest-check");
            cx.id(view.node("instance"), "an instance").map(|id| {
                ModifyInstanceAttribute { source_dest_check, groups, ..ModifyInstanceAttribute::new(id) }.into()
            })
        }
        "create-network-interface" => {
            let security_group_ids = cx.ids(view.items("security-groups"), "a security group");
            let private_ip_address = cx.v4(view.node("private-ip"));
            cx.id(view.node("subnet"), "a subnet").map(|subnet| {
                let action = CreateNetworkInterface::new(subnet);
                CreateNetworkInterface {
                    id: made(id),
                    tags: tags(view),
                    private_ip_address,
                    security_group_ids,
                    ..action
                }
                .into()
            })
        }
        "attach-network-interface" => {
            let instance = cx.id(view.node("instance"), "an instance");
            let index = view.integer("device-index").unwrap_or(1) as u32;
            let interface = interface(cx, view);
            interface.zip(instance).map(|(one, instance)| AttachNetworkInterface::new(one, instance, index).into())
        }
        "detach-network-interface" => interface(cx, view).map(|id| DetachNetworkInterface::new(id).into()),
        "delete-network-interface" => interface(cx, view).map(|id| DeleteNetworkInterface::new(id).into()),
        "modify-network-interface-attribute" => {
            let groups = groups(cx, view);
            let source_dest_check = view.boolean("source-dest-check");
            interface(cx, view).map(|id| {
                let action = ModifyNetworkInterfaceAttribute::new(id);
                ModifyNetworkInterfaceAttribute { source_dest_check, groups, ..action }.into()
            })
        }
        _ => return None,
    })
}

fn interface(cx: &mut Cx<'_>, view: &View<'_>) -> Option<NetworkInterfaceId> {
    cx.id(view.node("network-interface"), "a network interface")
}

fn groups(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Vec<SecurityGroupId>> {
    view.has("security-groups").then(|| cx.ids(view.items("security-groups"), "a security group"))
}

fn filters(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-security-group" => {
            let vpc = cx.vpc(view.node("vpc"), view.span);
            let description = view.string("description").unwrap_or_default();
            vpc.zip(view.string("name")).map(|(vpc, name)| {
                let action = CreateSecurityGroup::new(vpc, name);
                CreateSecurityGroup { id: made(id), tags: tags(view), description, ..action }.into()
            })
        }
        "delete-security-group" => group(cx, view).map(|id| DeleteSecurityGroup::new(id).into()),
        "authorize-security-group-ingress" => {
            group_rules(cx, view, true).map(|(id, rules)| AuthorizeSecurityGroupIngress::new(id, rules).into())
        }
        "authorize-security-group-egress" => {
            group_rules(cx, view, false).map(|(id, rules)| AuthorizeSecurityGroupEgress::new(id, rules).into())
        }
        "revoke-security-group-ingress" => {
            group_rules(cx, view, true).map(|(id, rules)| RevokeSecurityGroupIngress::new(id, rules).into())
        }
        "revoke-security-group-egress" => {
            group_rules(cx, view, false).map(|(id, rules)| RevokeSecurityGroupEgress::new(id, rules).into())
        }
        "create-network-acl" => cx
            .vpc(view.node("vpc"), view.span)
            .map(|vpc| CreateNetworkAcl { id: made(id), tags: tags(view), ..CreateNetworkAcl::new(vpc) }.into()),
        "delete-network-acl" => acl(cx, view).map(|id| DeleteNetworkAcl::new(id).into()),
        "create-network-acl-entry" | "replace-network-acl-entry" => acl_entry(cx, verb, view),
        "delete-network-acl-entry" => {
            let (number, egress) = (number(view), view.boolean("egress"));
            acl(cx, view)
                .zip(number.zip(egress))
                .map(|(id, (number, egress))| DeleteNetworkAclEntry::new(id, number, egress).into())
        }
        "replace-network-acl-association" => {
            let subnet_id = cx.id(view.node("subnet"), "a subnet");
            let acl = acl(cx, view);
            acl.zip(subnet_id).map(|(acl, subnet)| {
                ReplaceNetworkAclAssociation { subnet_id: Some(subnet), ..ReplaceNetworkAclAssociation::new(acl) }
                    .into()
            })
        }
        "create-managed-prefix-list" => view.string("name").map(|name| {
            let entries = blocks(view, "entries");
            let most = view.integer("max-entries").map_or(entries.len().max(1), |most| most as usize);
            let tags = Tags::named(name.clone());
            CreateManagedPrefixList { id: made(id), tags, entries, ..CreateManagedPrefixList::new(name, most) }.into()
        }),
        "modify-managed-prefix-list" => cx.id(view.node("prefix-list"), "a prefix list").map(|id| {
            let (add_entries, remove_entries) = (blocks(view, "add"), blocks(view, "remove"));
            ModifyManagedPrefixList { add_entries, remove_entries, ..ModifyManagedPrefixList::new(id) }.into()
        }),
        "delete-managed-prefix-list" => {
            cx.id(view.node("prefix-list"), "a prefix list").map(|id| DeleteManagedPrefixList::new(id).into())
        }
        _ => return None,
    })
}

fn group(cx: &mut Cx<'_>, view: &View<'_>) -> Option<SecurityGroupId> {
    cx.id(view.node("security-group"), "a security group")
}

fn acl(cx: &mut Cx<'_>, view: &View<'_>) -> Option<NetworkAclId> {
    cx.id(view.node("network-acl"), "a network ACL")
}

fn number(view: &View<'_>) -> Option<u16> {
    view.integer("number").and_then(|number| u16::try_from(number).ok())
}

fn group_rules(cx: &mut Cx<'_>, view: &View<'_>, ingress: bool) -> Option<(SecurityGroupId, Vec<SecurityGroupRule>)> {
    let rules = view.items("rules").into_iter().map(|node| cx.group_rule(node, ingress)).collect::<Option<Vec<_>>>();
    group(cx, view).zip(rules)
}

fn acl_entry(cx: &mut Cx<'_>, verb: &str, view: &View<'_>) -> Option<Action> {
    let id = acl(cx, view);
    let rule = cx.acl_rule(view.node("rule")?)?;
    let (id, number) = id.zip(number(view))?;
    let action = if rule.allow { RuleAction::Allow } else { RuleAction::Deny };
    Some(if verb == "create-network-acl-entry" {
        let entry = CreateNetworkAclEntry::new(id, number, rule.egress, rule.protocol, action);
        CreateNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry }.into()
    } else {
        let entry = ReplaceNetworkAclEntry::new(id, number, rule.egress, rule.protocol, action);
        ReplaceNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry }.into()
    })
}

/// The blocks under a key.
pub(super) fn blocks(view: &View<'_>, key: &str) -> Vec<Cidr> {
    view.items(key).into_iter().filter_map(|node| decode::cidr(node).ok()).collect()
}

fn endpoints(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
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

/// The JSON text of a policy, however it stands in the file. Whether it is a good one is for EC2 to say.
pub(super) fn policy_text(node: Option<&Node>) -> Option<String> {
    let node = node?;
    match decode::text(node) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => Some(super::json::to_json(node).to_string()),
    }
}

fn others(cx: &mut Cx<'_>, verb: &str, view: &View<'_>) -> Read {
    Some(match verb {
        "create-tags" => {
            let resources = resources(cx, view);
            let mut tags = Tags::default();
            for tag in view.named("tags") {
                tags.set(&tag.key, tag.value.as_text().unwrap_or_default());
            }
            resources.map(|resources| CreateTags::new(resources, tags).into())
        }
        "delete-tags" => {
            let keys = view.items("tags").into_iter().filter_map(|node| decode::text(node).ok().map(str::to_owned));
            resources(cx, view).map(|resources| DeleteTags::new(resources, keys.collect()).into())
        }
        "put-bucket-policy" => view
            .string("bucket")
            .zip(policy_text(view.node("policy")))
            .map(|(bucket, policy)| PutBucketPolicy::new(bucket, policy).into()),
        "put-user-policy" => view.string("user").zip(policy_text(view.node("policy"))).map(|(user, policy)| {
            PutUserPolicy::new(user, view.string("name").unwrap_or_else(|| "policy".to_owned()), policy).into()
        }),
        "delete-user-policy" => {
            let name = view.string("name").unwrap_or_else(|| "policy".to_owned());
            view.string("user").map(|user| DeleteUserPolicy::new(user, name).into())
        }
        "delete-bucket-policy" => view.string("bucket").map(|bucket| DeleteBucketPolicy::new(bucket).into()),
        "change-service-ranges" => cx.service(view.node("service")).map(|service| {
            let (add, remove) = (blocks(view, "add"), blocks(view, "remove"));
            ServiceRangesChange { add, remove, ..ServiceRangesChange::new(service) }.into()
        }),
        "fail-zone" => cx.zone(view.node("zone")).map(|zone| ZoneFail::new(zone).into()),
        "recover-zone" => cx.zone(view.node("zone")).map(|zone| ZoneRecover::new(zone).into()),
        _ => return None,
    })
}

/// What joins VPCs to each other and to networks outside.
fn neighbors(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-vpc-with-endpoint" => wizard(cx, view),
        "create-vpc-peering-connection" => {
            let vpc = cx.vpc(view.node("vpc"), view.span);
            let peer: Option<VpcId> = cx.id(view.node("peer-vpc"), "a VPC");
            vpc.zip(peer).map(|(vpc, peer)| peering(cx, vpc, peer, made(id), tags(view)))
        }
        "accept-vpc-peering-connection" => {
            peering_connection(cx, view).map(|id| AcceptVpcPeeringConnection::new(id).into())
        }
        "delete-vpc-peering-connection" => {
            peering_connection(cx, view).map(|id| DeleteVpcPeeringConnection::new(id).into())
        }
        "create-vpn-gateway" => Some(CreateVpnGateway { id: made(id), tags: tags(view) }.into()),
        "attach-vpn-gateway" | "detach-vpn-gateway" => {
            let vpc = cx.vpc(view.node("vpc"), view.span);
            vpn_gateway(cx, view).zip(vpc).map(|(gateway, vpc)| match verb {
                "attach-vpn-gateway" => AttachVpnGateway::new(gateway, vpc).into(),
                _ => DetachVpnGateway::new(gateway, vpc).into(),
            })
        }
        "enable-vgw-route-propagation" | "disable-vgw-route-propagation" => {
            let table = table(cx, view);
            vpn_gateway(cx, view).zip(table).map(|(gateway, table)| match verb {
                "enable-vgw-route-propagation" => EnableVgwRoutePropagation::new(gateway, table).into(),
                _ => DisableVgwRoutePropagation::new(gateway, table).into(),
            })
        }
        "delete-vpn-connection" => {
            cx.id(view.node("vpn-connection"), "a VPN connection").map(|id| DeleteVpnConnection::new(id).into())
        }
        "attach-classic-link-vpc" | "detach-classic-link-vpc" => {
            let vpc = cx.vpc(view.node("vpc"), view.span);
            let groups = cx.ids(view.items("security-groups"), "a security group");
            let instance = cx.id(view.node("instance"), "an instance");
            instance.zip(vpc).map(|(instance, vpc)| match verb {
                "attach-classic-link-vpc" => AttachClassicLinkVpc::new(instance, vpc, groups).into(),
                _ => DetachClassicLinkVpc::new(instance, vpc).into(),
            })
        }
        "advertise-routes" => {
            let vpn_connection_id = cx.id(view.node("vpn-connection"), "a VPN connection");
            let virtual_interface_id = cx.id(view.node("virtual-interface"), "a virtual interface");
            let routes = blocks(view, "blocks").into_iter().map(|block| (block, BgpRoute::default())).collect();
            Some(AdvertiseRoutes { vpn_connection_id, virtual_interface_id, routes }.into())
        }
        _ => return None,
    })
}

fn vpn_gateway(cx: &mut Cx<'_>, view: &View<'_>) -> Option<VpnGatewayId> {
    cx.id(view.node("virtual-private-gateway"), "a virtual private gateway")
}

fn peering_connection(cx: &mut Cx<'_>, view: &View<'_>) -> Option<VpcPeeringConnectionId> {
    cx.id(view.node("peering-connection"), "a peering connection")
}

/// Asks for a peering connection, also with a VPC of another account or region.
pub(super) fn peering(cx: &Cx<'_>, vpc: VpcId, peer: VpcId, id: Option<VpcPeeringConnectionId>, tags: Tags) -> Action {
    let far = cx.names.of_id(&peer.clone().into()).map(|named| &named.scope);
    let peer_owner_id = far.map(|far| far.account.clone()).filter(|account| *account != cx.place.scope.account);
    let peer_region = far.map(|far| far.region.clone()).filter(|region| *region != cx.place.scope.region);
    CreateVpcPeeringConnection { id, tags, peer_owner_id, peer_region, ..CreateVpcPeeringConnection::new(vpc, peer) }
        .into()
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

fn resources(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Vec<ResourceId>> {
    view.items("resources").into_iter().map(|node| cx.id::<ResourceId>(Some(node), "a resource")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::{Named, Names, Place};
    use super::*;
    use crate::notation::{Problems, Source, Span, parse_yaml};

    /// A text that a value of this kind can have.
    fn sample(kind: &Kind) -> String {
        match kind {
            Kind::Bool => "true".to_owned(),
            Kind::Cidr => "10.0.0.0/24".to_owned(),
            Kind::Address => "10.0.0.9".to_owned(),
            Kind::Choice(words) => words[0].0.to_owned(),
            Kind::Form(form) => {
                let forms = ["tcp 443 from any", "tcp 443 to any", "allow all from any", "s3", "0-9", "us-west-2"];
                forms.into_iter().find(|text| (form.fits)(text)).unwrap_or("x").to_owned()
            }
            Kind::List(item) => format!("[{}]", sample(item)),
            Kind::OneOrMany(item) | Kind::Optional(item) => sample(item),
            Kind::Named { value, .. } => format!("{{x: {}}}", sample(value)),
            Kind::Shape(shape) => {
                let keys: Vec<String> =
                    shape.plain_keys().map(|key| format!("{}: {}", key.name, sample(&key.kind))).collect();
                format!("{{{}}}", keys.join(", "))
            }
            Kind::Either(kinds) => sample(&kinds[0]),
            Kind::Integer { .. } | Kind::Port | Kind::Ports => "7".to_owned(),
            Kind::Duration => "1s".to_owned(),
            Kind::Size | Kind::Rate | Kind::Share | Kind::Date => "1".to_owned(),
            Kind::Text | Kind::Prose | Kind::Free => "x".to_owned(),
        }
    }

    fn scope() -> Scope {
        Scope::new(AccountId::parse("123456789012").expect("digits"), RegionName::parse("us-west-2").expect("a region"))
    }

    /// One resource of each kind, all called `x`.
    fn names() -> Names {
        let (mut names, mut problems) = (Names::default(), Problems::default());
        for id in [
            "vpc-1",
            "subnet-1",
            "rtb-1",
            "igw-1",
            "eigw-1",
            "nat-1",
            "vpce-1",
            "pl-1",
            "eni-1",
            "i-1",
            "sg-1",
            "acl-1",
            "eipalloc-1",
            "pcx-1",
            "vgw-1",
            "vpn-1",
            "dxvif-1",
            "dopt-1",
            "rtbassoc-1",
        ] {
            let id = ResourceId::parse(id).expect("an id");
            let (name, vpc, span) = ("x".to_owned(), String::new(), Span::default());
            names.add(Named { name, vpc, scope: scope(), id, span }, &mut problems);
        }
        assert!(problems.is_empty());
        names
    }

    #[test]
    fn every_action_of_the_table_is_read_from_all_of_its_keys() {
        let (names, mut world) = (names(), World::new(Era::Y2017));
        world.open(&scope());
        for key in ACTIONS {
            // A subnet's own association and an Elastic IP's use are looked up in records, which are empty here; `x`
            // stands for several things at once, and only one of them is meant.
            const BY_RECORDS: [&str; 3] = ["disassociate-address", "create-tags", "delete-tags"];
            let Kind::Shape(shape) = key.kind else { panic!("{} has no parameters", key.name) };
            let mut text = sample(&key.kind);
            if let Some(target) = shape.key("target") {
                text = text.replace(&format!("{}: x", target.name), "target: igw-1");
            }
            if key.name.ends_with("egress") {
                text = text.replace("from any", "to any");
            }
            let source = Source::new("t", format!("{}: {text}", key.name));
            let (root, problems) = parse_yaml(&source);
            assert_eq!(problems, [], "{}", source.text);
            let root = root.expect("a map");
            let entry = &root.as_map().expect("a map").entries[0];
            let mut problems = Problems::default();
            let place = Place { scope: scope(), vpc: String::new() };
            let mut cx = Cx { source: &source, names: &names, world: &world, place, problems: &mut problems };
            let action = action(&mut cx, key.name, entry, None);
            if !BY_RECORDS.contains(&key.name) {
                let action = action.unwrap_or_else(|| panic!("{}: {problems:?}", source.text));
                assert_eq!(action.name(), key.alias, "{}", source.text);
            }
        }
    }

    #[test]
    fn only_actions_that_create_give_an_id() {
        for key in ACTIONS {
            let creates = key.name.starts_with("create-") || matches!(key.name, "allocate-address" | "run-instances");
            let none = ["create-route", "create-network-acl-entry", "create-tags", "create-vpc-with-endpoint"];
            let wanted = creates && !none.contains(&key.name);
            assert_eq!(created_id(key.name, "x", 8).is_some(), wanted, "{}", key.name);
        }
    }
}
