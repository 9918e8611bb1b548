//! Describe answers about VPCs, routes, gateways and endpoints, item by item. Filters nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::describe::{View, tag_set, timestamp};
use super::*;
use crate::base::{Cidr, Era, SimTime};

/// How long a NAT gateway that failed or was deleted stays visible: about an hour (facts N17).
pub(super) const VISIBLE_AFTER_END: Duration = Duration::from_secs(3_600);

/// Rule R37: id, VPC, service, state, tables and policy; neither IAM nor bucket policies.
pub(super) fn vpc_endpoints(view: &View<'_>) -> Vec<Value> {
    view.region.vpc_endpoints.values().map(|endpoint| vpc_endpoint(view, endpoint)).collect()
}

fn vpc_endpoint(view: &View<'_>, endpoint: &VpcEndpoint) -> Value {
    let mut item = json!({
        "VpcEndpointId": endpoint.id.as_str(),
        "VpcId": endpoint.vpc_id.as_str(),
        "ServiceName": endpoint.service_name.as_str(),
        "State": "available",
        "PolicyDocument": endpoint.policy.current().text(),
        "RouteTableIds": endpoint.route_table_ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "CreationTimestamp": timestamp(view, endpoint.created_at),
    });
    if view.world.era == Era::Current {
        let ids = |list: Vec<&str>| json!(list);
        item["VpcEndpointType"] = json!(endpoint.endpoint_type.as_str());
        item["SubnetIds"] = ids(endpoint.subnet_ids.iter().map(|id| id.as_str()).collect());
        let groups = endpoint.security_group_ids.iter().map(|id| group_name(view.region, id));
        item["Groups"] = groups.collect();
        item["NetworkInterfaceIds"] = ids(endpoint.network_interface_ids.iter().map(|id| id.as_str()).collect());
        item["PrivateDnsEnabled"] = json!(endpoint.private_dns_enabled);
        item["RequesterManaged"] = json!(false);
        item["OwnerId"] = json!(view.scope.account.as_str());
        item["Tags"] = tag_set(&endpoint.tags);
    }
    item
}

pub(super) fn group_name(region: &Region, id: &crate::base::SecurityGroupId) -> Value {
    let name = region.security_groups.get(id).map_or("", |group| &group.group_name);
    json!({"GroupId": id.as_str(), "GroupName": name})
}

/// Facts Q9: the names; today also their details.
pub(super) fn services(view: &View<'_>) -> Vec<Value> {
    let current = view.world.era == Era::Current;
    let offered = view
        .world
        .services(&view.scope.region)
        .filter(|s| if current { s.has_endpoints() } else { s.gateway_endpoint });
    offered
        .map(|service| {
            let mut item = json!({"ServiceName": service.name.as_str()});
            if current {
                let kinds = [("Gateway", service.gateway_endpoint), ("Interface", service.interface_endpoint)];
                let kinds = kinds.iter().filter(|(_, is)| *is).map(|(kind, _)| json!({"ServiceType": kind}));
                item["ServiceType"] = kinds.collect();
                item["Owner"] = json!("amazon");
                item["AvailabilityZones"] = view.region.zones.keys().map(|zone| json!(zone.as_str())).collect();
                item["AcceptanceRequired"] = json!(false);
                item["VpcEndpointPolicySupported"] = json!(true);
                if let Some(name) = &service.private_dns_name {
                    item["PrivateDnsName"] = json!(name);
                }
            }
            item
        })
        .collect()
}

/// Rule R15: the current ranges of AWS's lists.
pub(super) fn prefix_lists(view: &View<'_>) -> Vec<Value> {
    let services = view.world.services(&view.scope.region);
    services
        .filter_map(|service| {
            let id = service.prefix_list_id.as_ref()?;
            let blocks = service.ranges.iter().map(|block| json!(block.to_string()));
            Some(json!({
                "PrefixListId": id.as_str(),
                "PrefixListName": service.name.as_str(),
                "Cidrs": blocks.collect::<Vec<_>>(),
            }))
        })
        .collect()
}

pub(super) fn managed_prefix_lists(view: &View<'_>) -> Vec<Value> {
    let services = view.world.services(&view.scope.region).filter_map(|service| {
        let id = service.prefix_list_id.as_ref()?;
        Some(json!({
            "PrefixListId": id.as_str(),
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "PrefixListName": service.name.as_str(),
            "OwnerId": "AWS",
            "Tags": [],
        }))
    });
    let own = view.region.prefix_lists.values().map(|list| {
        let v4 = list.entries.iter().all(Cidr::is_v4);
        json!({
            "PrefixListId": list.id.as_str(),
            "AddressFamily": if v4 { "IPv4" } else { "IPv6" },
            "State": "create-complete",
            "PrefixListName": list.prefix_list_name,
            "MaxEntries": list.max_entries,
            "Version": list.version,
            "OwnerId": if list.is_of_aws() { "AWS" } else { view.scope.account.as_str() },
            "Tags": tag_set(&list.tags),
        })
    });
    services.chain(own).collect()
}

pub(super) fn vpcs(view: &View<'_>) -> Vec<Value> {
    let associations = |blocks: &[Cidr], key: &str, state: &str| -> Value {
        blocks.iter().map(|block| json!({key: block.to_string(), state: {"State": "associated"}})).collect()
    };
    let vpc = |vpc: &Vpc| {
        json!({
            "VpcId": vpc.id.as_str(),
            "CidrBlock": vpc.cidr_blocks.first().map(ToString::to_string),
            "State": "available",
            "DhcpOptionsId": vpc.dhcp_options_id.as_ref().map_or("default", |id| id.as_str()),
            "InstanceTenancy": "default",
            "IsDefault": vpc.is_default,
            "CidrBlockAssociationSet": associations(&vpc.cidr_blocks, "CidrBlock", "CidrBlockState"),
            "Ipv6CidrBlockAssociationSet": associations(&vpc.ipv6_cidr_blocks, "Ipv6CidrBlock", "Ipv6CidrBlockState"),
            "Tags": tag_set(&vpc.tags),
        })
    };
    view.region.vpcs.values().map(vpc).collect()
}

pub(super) fn subnets(view: &View<'_>) -> Vec<Value> {
    let subnet = |subnet: &Subnet| {
        let ipv6 = subnet.ipv6_cidr_block.iter();
        let ipv6 = ipv6.map(|b| json!({"Ipv6CidrBlock": b.to_string(), "Ipv6CidrBlockState": {"State": "associated"}}));
        json!({
            "SubnetId": subnet.id.as_str(),
            "VpcId": subnet.vpc_id.as_str(),
            "CidrBlock": subnet.cidr_block.to_string(),
            "AvailabilityZone": subnet.availability_zone.as_str(),
            "AvailableIpAddressCount": subnet.available_address_count(),
            "State": "available",
            "MapPublicIpOnLaunch": subnet.map_public_ip_on_launch,
            "AssignIpv6AddressOnCreation": subnet.assign_ipv6_address_on_creation,
            "Ipv6CidrBlockAssociationSet": ipv6.collect::<Vec<_>>(),
            "Tags": tag_set(&subnet.tags),
        })
    };
    view.region.subnets.values().map(subnet).collect()
}

pub(super) fn route_tables(view: &View<'_>) -> Vec<Value> {
    view.region.route_tables.values().map(|table| route_table(view, table)).collect()
}

fn route_table(view: &View<'_>, table: &RouteTable) -> Value {
    let propagated = table.propagated.iter().map(|route| {
        json!({
            "DestinationCidrBlock": route.destination.to_string(),
            "GatewayId": route.gateway.as_str(),
            "Origin": RouteOrigin::EnableVgwRoutePropagation.as_str(),
            "State": RouteState::Active.as_str(),
        })
    });
    let routes: Vec<Value> = table.routes().map(|route| describe_route(view.region, route)).chain(propagated).collect();
    let main = view.region.vpcs.get(&table.vpc_id).map(|vpc| &vpc.main_association);
    let main = main.filter(|main| main.route_table_id == table.id).map(|main| {
        json!({
            "Main": true,
            "RouteTableAssociationId": main.association_id.as_str(),
            "RouteTableId": table.id.as_str(),
        })
    });
    let subnets = table.subnets.iter().filter_map(|id| {
        let association = view.region.subnets.get(id)?.route_table_association.as_ref()?;
        Some(json!({
            "Main": false,
            "RouteTableAssociationId": association.association_id.as_str(),
            "RouteTableId": table.id.as_str(),
            "SubnetId": id.as_str(),
        }))
    });
    let vgws = table.propagating_vgws.iter().map(|id| json!({"GatewayId": id.as_str()}));
    let mut item = json!({
        "RouteTableId": table.id.as_str(),
        "VpcId": table.vpc_id.as_str(),
        "Routes": routes,
        "Associations": main.into_iter().chain(subnets).collect::<Vec<_>>(),
        "PropagatingVgws": vgws.collect::<Vec<_>>(),
        "Tags": tag_set(&table.tags),
    });
    if view.world.era == Era::Current {
        item["OwnerId"] = json!(view.scope.account.as_str());
    }
    item
}

/// An endpoint route has no block and its endpoint as `GatewayId` (facts RT27).
fn describe_route(region: &Region, route: &Route) -> Value {
    let mut item = serde_json::Map::new();
    let mut put = |key: &str, value: &str| item.insert(key.to_owned(), json!(value));
    match &route.destination {
        Destination::Cidr(block) if block.is_v4() => put("DestinationCidrBlock", &block.to_string()),
        Destination::Cidr(block) => put("DestinationIpv6CidrBlock", &block.to_string()),
        Destination::PrefixList(id) => put("DestinationPrefixListId", id.as_str()),
    };
    let target = route.target.to_string();
    match &route.target {
        RouteTarget::Local
        | RouteTarget::InternetGateway(_)
        | RouteTarget::VpcEndpoint(_)
        | RouteTarget::VpnGateway(_) => {
            put("GatewayId", &target);
        }
        RouteTarget::EgressOnlyInternetGateway(_) => {
            put("EgressOnlyInternetGatewayId", &target);
        }
        RouteTarget::NatGateway(_) => {
            put("NatGatewayId", &target);
        }
        RouteTarget::Peering(_) => {
            put("VpcPeeringConnectionId", &target);
        }
        RouteTarget::NetworkInterface(id) => {
            put("NetworkInterfaceId", &target);
            if let Some(instance) = region.network_interfaces.get(id).and_then(NetworkInterface::instance_id) {
                put("InstanceId", instance.as_str());
            }
        }
        RouteTarget::Instance(id) => {
            put("InstanceId", &target);
            if let Some(eni) = region.instances.get(id).and_then(Instance::primary_interface) {
                put("NetworkInterfaceId", eni.as_str());
            }
        }
        RouteTarget::Unmodeled(id) => {
            put(unmodeled_key(id), &target);
        }
    }
    put("Origin", route.origin.as_str());
    put("State", route.state.as_str());
    Value::Object(item)
}

/// The key of EC2's under which a target of another kind stands, told by its prefix.
fn unmodeled_key(id: &str) -> &'static str {
    let keys = [
        ("tgw-", "TransitGatewayId"),
        ("lgw-", "LocalGatewayId"),
        ("cagw-", "CarrierGatewayId"),
        ("arn:aws:networkmanager:", "CoreNetworkArn"),
    ];
    keys.iter().find(|(prefix, _)| id.starts_with(prefix)).map_or("GatewayId", |(_, key)| key)
}

pub(super) fn internet_gateways(view: &View<'_>) -> Vec<Value> {
    let gateway = |gateway: &InternetGateway| {
        let attachments = gateway.vpc_id.iter().map(|vpc| json!({"VpcId": vpc.as_str(), "State": "available"}));
        json!({
            "InternetGatewayId": gateway.id.as_str(),
            "Attachments": attachments.collect::<Vec<_>>(),
            "Tags": tag_set(&gateway.tags),
        })
    };
    view.region.internet_gateways.values().map(gateway).collect()
}

pub(super) fn egress_only_internet_gateways(view: &View<'_>) -> Vec<Value> {
    let gateway = |gateway: &EgressOnlyInternetGateway| {
        json!({
            "EgressOnlyInternetGatewayId": gateway.id.as_str(),
            "Attachments": [{"VpcId": gateway.vpc_id.as_str(), "State": "attached"}],
            "Tags": tag_set(&gateway.tags),
        })
    };
    view.region.egress_only_internet_gateways.values().map(gateway).collect()
}

pub(super) fn nat_gateways(view: &View<'_>) -> Vec<Value> {
    let visible = |ended: SimTime| view.at < ended.after(VISIBLE_AFTER_END);
    let gateways = view.region.nat_gateways.values().filter(|gateway| match gateway.state {
        NatGatewayState::Available => true,
        NatGatewayState::Failed { at, .. } | NatGatewayState::Deleted { at } => visible(at),
    });
    gateways.map(|gateway| nat_gateway(view, gateway)).collect()
}

fn nat_gateway(view: &View<'_>, gateway: &NatGateway) -> Value {
    let addresses = gateway.addresses.iter().map(|address| {
        let mut item = json!({
            "NetworkInterfaceId": address.network_interface_id.as_str(),
            "PrivateIp": address.private_ip.to_string(),
        });
        if let Some((allocation, public)) = &address.elastic {
            item["AllocationId"] = json!(allocation.as_str());
            item["PublicIp"] = json!(public.to_string());
        }
        item
    });
    let mut item = json!({
        "NatGatewayId": gateway.id.as_str(),
        "VpcId": gateway.vpc_id.as_str(),
        "SubnetId": gateway.subnet_id.as_str(),
        "State": gateway.state.as_str(),
        "NatGatewayAddresses": addresses.collect::<Vec<_>>(),
        "CreateTime": timestamp(view, gateway.created_at),
    });
    match &gateway.state {
        NatGatewayState::Available => {}
        NatGatewayState::Failed { code, message, .. } => {
            item["FailureCode"] = json!(code.as_str());
            item["FailureMessage"] = json!(message);
        }
        NatGatewayState::Deleted { at } => item["DeleteTime"] = timestamp(view, *at),
    }
    if view.world.era == Era::Current {
        item["ConnectivityType"] = json!(gateway.connectivity.as_str());
        item["Tags"] = tag_set(&gateway.tags);
    }
    item
}

pub(super) fn dhcp_options(view: &View<'_>) -> Vec<Value> {
    let options = |options: &DhcpOptions| {
        let servers = options.domain_name_servers.iter().map(|server| match server {
            NameServer::AmazonProvidedDns => json!({"Value": "AmazonProvidedDNS"}),
            NameServer::Address(address) => json!({"Value": address.to_string()}),
        });
        let servers: Vec<Value> = servers.collect();
        let domain = options.domain_name.iter().map(|name| json!({"Key": "domain-name", "Values": [{"Value": name}]}));
        let servers = (!servers.is_empty()).then(|| json!({"Key": "domain-name-servers", "Values": servers}));
        json!({
            "DhcpOptionsId": options.id.as_str(),
            "DhcpConfigurations": domain.chain(servers).collect::<Vec<_>>(),
            "Tags": tag_set(&options.tags),
        })
    };
    view.region.dhcp_options.values().map(options).collect()
}
