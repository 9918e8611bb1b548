//! Actions on network interfaces.

use super::instance::groups;
use super::value::{Read, made, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn network_interfaces(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
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
