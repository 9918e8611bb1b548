//! Elastic IPs, as a scenario writes them.

use super::context::Cx;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::ELASTIC_IP;
use crate::base::AllocationId;
use crate::control_plane::AllocateAddress;
use crate::notation::View;

/// Plans the Elastic IPs of a place.
pub(super) fn elastic_ips(cx: &mut Cx<'_>, plan: &mut Plan, place: &View<'_>) {
    let scope = cx.place.scope.clone();
    for entry in place.named("elastic-ips") {
        let Some(id) = named::<AllocationId>(cx, &entry.key) else { continue };
        let view = View::of(&entry.value, &ELASTIC_IP).filter(|_| entry.value.as_map().is_some());
        let node = match &view {
            Some(view) => view.node("address"),
            None => Some(&entry.value).filter(|node| node.as_text().is_some()),
        };
        let address = cx.public_v4(node);
        let create =
            AllocateAddress { id: Some(id.clone()), tags: tags(&entry.key, id.as_str(), view.as_ref()), address };
        plan.add(Phase::Addresses, &scope, entry.key_span, Some(id.into()), create);
    }
}
