//! Actions on Elastic IPs.

use super::value::{Read, made, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Problem, View, decode};
use crate::scenario::context::Cx;

pub(super) fn elastic_ips(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "allocate-address" => {
            let address = cx.public_v4(view.node("address"));
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
        "disassociate-address" => elastic_ip(cx, view)
            .map(|allocation| DisassociateAddress::new(AddressAssociationRef::Of(allocation)).into()),
        "release-address" => elastic_ip(cx, view).map(|allocation| ReleaseAddress::new(allocation).into()),
        _ => return None,
    })
}

/// An Elastic IP by its name, id or address.
pub(super) fn elastic_ip(cx: &mut Cx<'_>, view: &View<'_>) -> Option<AllocationId> {
    let node = view.node("elastic-ip")?;
    if let Ok(address) = decode::text(node).ok()?.parse::<std::net::Ipv4Addr>() {
        let region = cx.world.region(&cx.place.scope)?;
        let found = region.elastic_ips().values().find(|elastic| elastic.public_ip == address);
        if found.is_none() {
            // Where something of the world is wrong, it may be what has the address.
            if !cx.problems.has_errors() {
                cx.problems.push(Problem::error(node.span, format!("{address} is not an Elastic IP of this account")));
            }
        }
        return found.map(|elastic| elastic.allocation_id.clone());
    }
    cx.id(Some(node), "an Elastic IP")
}
