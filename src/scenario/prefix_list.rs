//! Customer-managed prefix lists, as a scenario writes them.

use super::action::blocks;
use super::context::Cx;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::PREFIX_LIST;
use crate::base::{Cidr, PrefixListId};
use crate::control_plane::{CreateManagedPrefixList, Described};
use crate::notation::{View, decode};

/// Plans the prefix lists of a place.
pub(super) fn prefix_lists(cx: &mut Cx<'_>, plan: &mut Plan, place: &View<'_>) {
    let scope = cx.place.scope.clone();
    for entry in place.named("prefix-lists") {
        let Some(id) = named::<PrefixListId>(cx, &entry.key) else { continue };
        let view = View::of(&entry.value, &PREFIX_LIST);
        let entries: Vec<Cidr> = match &view {
            Some(view) => blocks(view, "entries"),
            None => entry.value.as_list().unwrap_or(&[]).iter().filter_map(|node| decode::cidr(node).ok()).collect(),
        };
        let most = view.and_then(|view| view.integer("max-entries")).map_or(entries.len().max(1), |most| most as usize);
        // A list has a name beside its tags.
        let tags = tags(id.as_str(), id.as_str(), view.as_ref());
        let create = CreateManagedPrefixList {
            id: Some(id.clone()),
            tags,
            entries,
            ..CreateManagedPrefixList::new(
                view.and_then(|view| view.string("name")).unwrap_or_else(|| entry.key.clone()),
                most,
            )
        };
        plan.add(Phase::PrefixLists, &scope, entry.key_span, Some(id.clone().into()), create);
        let version = view.and_then(|view| view.integer("version")).and_then(|version| u32::try_from(version).ok());
        if let Some(version) = version {
            let told = Described::PrefixListVersion { prefix_list_id: id, version };
            plan.take_over(Phase::PrefixLists, &scope, entry.key_span, told);
        }
    }
}
