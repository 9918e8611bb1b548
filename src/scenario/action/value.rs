//! Values that the parameters of several actions share.

use crate::base::{Cidr, RouteTableId};
use crate::control_plane::{Action, ResourceId, Tags};
use crate::notation::{Node, View, decode};
use crate::scenario::context::Cx;
use crate::scenario::json;

/// The id of what a step creates, if it has the kind that it must have.
pub(super) fn made<I: TryFrom<ResourceId>>(id: Option<&ResourceId>) -> Option<I> {
    I::try_from(id?.clone()).ok()
}

/// The tags of what a step creates.
pub(super) fn tags(view: &View<'_>) -> Tags {
    Tags { name: view.string("name"), ..Tags::default() }
}

/// The outer `None` says that the verb belongs elsewhere, the inner one that something is wrong.
pub(super) type Read = Option<Option<Action>>;

pub(super) fn table(cx: &mut Cx<'_>, view: &View<'_>) -> Option<RouteTableId> {
    cx.id(view.node("route-table"), "a route table")
}

/// The blocks under a key.
pub(in crate::scenario) fn blocks(view: &View<'_>, key: &str) -> Vec<Cidr> {
    view.items(key).into_iter().filter_map(|node| decode::cidr(node).ok()).collect()
}

/// The JSON text of a policy, however it stands in the file. Whether it is a good one is for EC2 to say.
pub(in crate::scenario) fn policy_text(node: Option<&Node>) -> Option<String> {
    let node = node?;
    match decode::text(node) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => Some(json::to_json(node).to_string()),
    }
}
