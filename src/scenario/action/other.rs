//! Actions on what has no place in a VPC: tags, policies, the services of AWS, zones.

use super::value::{Read, blocks, policy_text};
use crate::control_plane::*;
use crate::notation::{View, decode};
use crate::scenario::context::Cx;

pub(super) fn others(cx: &mut Cx<'_>, verb: &str, view: &View<'_>) -> Read {
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

fn resources(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Vec<ResourceId>> {
    view.items("resources").into_iter().map(|node| cx.id::<ResourceId>(Some(node), "a resource")).collect()
}
