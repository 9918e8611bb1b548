//! What the first pass gave to a resource: its id, and its tags.

use crate::control_plane::*;
use crate::notation::{Entry, View};
use crate::scenario::context::Cx;
use crate::scenario::plan::{Phase, Plan};

/// The id that the first pass gave to a name at this place.
pub(in crate::scenario) fn named<I: TryFrom<ResourceId>>(cx: &Cx<'_>, name: &str) -> Option<I> {
    let here = |id: &ResourceId| I::try_from(id.clone()).is_ok();
    let found = cx.names.find(name, &cx.place, here).ok()?;
    I::try_from(found).ok()
}

/// The tags of a resource: its name, unless the name is its id, and what is given beside it. A tag without a value takes
/// the name away.
pub(in crate::scenario) fn tags(name: &str, id: &str, view: Option<&View<'_>>) -> Tags {
    let mut tags = Tags { name: (name != id).then(|| name.to_owned()), ..Tags::default() };
    for tag in view.map_or(&[][..], |view| view.named("tags")) {
        match tag.value.as_text() {
            Some(value) => tags.set(&tag.key, value),
            None => drop(tags.remove(&tag.key)),
        }
    }
    tags
}

/// Tags what its VPC was created with; without tags of its own it has none.
pub(super) fn tag_built_in(plan: &mut Plan, phase: Phase, scope: &Scope, entry: &Entry, id: ResourceId, tags: Tags) {
    if !tags.is_empty() {
        plan.add(phase, scope, entry.key_span, None, CreateTags::new(vec![id], tags));
    }
}
