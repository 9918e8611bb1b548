//! Describe answers about peering, VPN, Direct Connect and ClassicLink, item by item. Filters nothing.

use serde_json::{Value, json};

use super::describe::{View, tag_set};
use super::describe_network::group_name;
use super::*;

pub(super) fn peerings(view: &View<'_>) -> Vec<Value> {
    let ours = |p: &&PeeringConnection| p.requester.scope == *view.scope || p.accepter.scope == *view.scope;
    view.world.peerings.values().filter(ours).map(|peering| describe_peering(view, peering)).collect()
}

fn describe_peering(view: &View<'_>, peering: &PeeringConnection) -> Value {
    let info = |side: &PeeringSide| {
        let vpc = view.world.region(&side.scope).and_then(|region| region.vpcs.get(&side.vpc_id));
        json!({
            "OwnerId": side.scope.account.as_str(),
            "Region": side.scope.region.as_str(),
            "VpcId": side.vpc_id.as_str(),
            "CidrBlock": vpc.and_then(|vpc| vpc.cidr_blocks.first()).map(ToString::to_string),
            "PeeringOptions": {"AllowDnsResolutionFromRemoteVpc": side.allow_dns_resolution_from_remote_vpc},
        })
    };
    let (code, message) = match &peering.state {
        _ if peering.is_expired(view.at) => ("expired", "Expired"),
        PeeringState::PendingAcceptance => ("pending-acceptance", "Pending Acceptance"),
        PeeringState::Active => ("active", "Active"),
        PeeringState::Failed { message } => ("failed", message.as_str()),
        PeeringState::Deleted { .. } => ("deleted", "Deleted"),
    };
    json!({
        "VpcPeeringConnectionId": peering.id.as_str(),
        "RequesterVpcInfo": info(&peering.requester),
        "AccepterVpcInfo": info(&peering.accepter),
        "Status": {"Code": code, "Message": message},
        "Tags": tag_set(&peering.tags),
    })
}

pub(super) fn vpn_gateways(view: &View<'_>) -> Vec<Value> {
    let gateway = |gateway: &VpnGateway| {
        let attachments = gateway.vpc_id.iter().map(|vpc| json!({"VpcId": vpc.as_str(), "State": "attached"}));
        json!({
            "VpnGatewayId": gateway.id.as_str(),
            "State": "available",
            "Type": "ipsec.1",
            "VpcAttachments": attachments.collect::<Vec<_>>(),
            "Tags": tag_set(&gateway.tags),
        })
    };
    view.region.vpn_gateways.values().map(gateway).collect()
}

pub(super) fn customer_gateways(view: &View<'_>) -> Vec<Value> {
    let gateway = |gateway: &CustomerGateway| {
        json!({
            "CustomerGatewayId": gateway.id.as_str(),
            "IpAddress": gateway.ip_address.to_string(),
            "BgpAsn": gateway.bgp_asn.to_string(),
            "State": "available",
            "Type": "ipsec.1",
            "Tags": tag_set(&gateway.tags),
        })
    };
    view.region.customer_gateways.values().map(gateway).collect()
}

pub(super) fn vpn_connections(view: &View<'_>) -> Vec<Value> {
    let connection = |connection: &VpnConnection| {
        let routes = connection.static_routes.iter();
        let routes = routes.map(|block| json!({"DestinationCidrBlock": block.to_string(), "State": "available"}));
        json!({
            "VpnConnectionId": connection.id.as_str(),
            "CustomerGatewayId": connection.customer_gateway_id.as_str(),
            "VpnGatewayId": connection.vpn_gateway_id.as_str(),
            "State": "available",
            "Type": "ipsec.1",
            "Options": {"StaticRoutesOnly": connection.static_routes_only},
            "Routes": routes.collect::<Vec<_>>(),
            "Tags": tag_set(&connection.tags),
        })
    };
    view.region.vpn_connections.values().map(connection).collect()
}

pub(super) fn virtual_interfaces(view: &View<'_>) -> Vec<Value> {
    let interface = |interface: &VirtualInterface| {
        let mut item = json!({
            "virtualInterfaceId": interface.id.as_str(),
            "virtualInterfaceName": interface.tags.name,
            "virtualInterfaceState": "available",
        });
        match &interface.kind {
            VirtualInterfaceKind::Private { virtual_gateway_id } => {
                item["virtualInterfaceType"] = json!("private");
                item["virtualGatewayId"] = json!(virtual_gateway_id.as_str());
            }
            VirtualInterfaceKind::Public => {
                item["virtualInterfaceType"] = json!("public");
                let blocks = interface.routes.keys().map(|block| json!({"cidr": block.to_string()}));
                item["routeFilterPrefixes"] = blocks.collect();
            }
        }
        item
    };
    view.region.virtual_interfaces.values().map(interface).collect()
}

pub(super) fn classic_link_instances(view: &View<'_>) -> Vec<Value> {
    let instance = |instance: &ClassicInstance| {
        let link = instance.link.as_ref()?;
        let groups = link.groups.iter().map(|id| group_name(view.region, id));
        Some(json!({
            "InstanceId": instance.id.as_str(),
            "VpcId": link.vpc_id.as_str(),
            "Groups": groups.collect::<Vec<_>>(),
            "Tags": tag_set(&instance.tags),
        }))
    };
    view.region.classic_instances.values().filter_map(instance).collect()
}
