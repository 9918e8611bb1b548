//! Actions on what joins VPCs to each other and to networks outside.

use super::value::{Read, blocks, made, table, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn neighbors(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
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
pub(in crate::scenario) fn peering(
    cx: &Cx<'_>,
    vpc: VpcId,
    peer: VpcId,
    id: Option<VpcPeeringConnectionId>,
    tags: Tags,
) -> Action {
    let far = cx.names.of_id(&peer.clone().into()).map(|named| &named.scope);
    let peer_owner_id = far.map(|far| far.account.clone()).filter(|account| *account != cx.place.scope.account);
    let peer_region = far.map(|far| far.region.clone()).filter(|region| *region != cx.place.scope.region);
    CreateVpcPeeringConnection { id, tags, peer_owner_id, peer_region, ..CreateVpcPeeringConnection::new(vpc, peer) }
        .into()
}
