//! Actions on instances.

use super::value::{Read, made, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn instances(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
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
        _ => return None,
    })
}

/// The security groups that a change gives, if it gives any.
pub(super) fn groups(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Vec<SecurityGroupId>> {
    view.has("security-groups").then(|| cx.ids(view.items("security-groups"), "a security group"))
}
