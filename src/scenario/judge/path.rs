//! Where packets went: the devices that they crossed, how many bytes, and what that cost.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::{Bench, Seen, seen};
use crate::analysis::Dollars;
use crate::scenario::expectation::Window;
use crate::trace::{NodeId, ProgramId};

impl Bench<'_> {
    pub(super) fn carried(&self, id: ProgramId, devices: &[String], window: &Window, wanted: bool) -> Seen {
        let crossed = self.crossed(id, window, wanted);
        let names: Vec<&str> = crossed.iter().map(|node| self.directory.node(*node)).collect();
        let names = if names.is_empty() { "no device".to_owned() } else { names.join(", ") };
        let text = format!("its packets crossed {names}");
        let fine = devices.iter().all(|name| self.nodes(name).iter().any(|node| crossed.contains(node)) == wanted);
        seen(fine, text)
    }

    pub(super) fn carries(&self, device: &str, at_least: Option<u64>, at_most: Option<u64>, window: &Window) -> Seen {
        let count = |bytes: &BTreeMap<NodeId, u64>| -> u64 {
            self.nodes(device).iter().map(|node| bytes.get(node).copied().unwrap_or(0)).sum()
        };
        let at = |step: Option<usize>| step.and_then(|step| self.bytes_at.get(step)).map(count);
        let from = at(window.after).unwrap_or(0);
        let to = at(window.before).unwrap_or_else(|| count(&self.watch.bytes));
        let bytes = to.saturating_sub(from);
        let fine = at_least.is_none_or(|least| least <= bytes) && at_most.is_none_or(|most| bytes <= most);
        let text = format!("{bytes} bytes entered {device}");
        seen(fine, text)
    }

    pub(super) fn costs(&self, path: &str, at_least: Option<Dollars>, at_most: Option<Dollars>) -> Seen {
        let cost = self.bill.of(path).unwrap_or_default();
        let fine = at_least.is_none_or(|least| least <= cost) && at_most.is_none_or(|most| cost <= most);
        seen(fine, format!("{cost} for {path}"))
    }

    fn crossed(&self, id: ProgramId, window: &Window, wanted: bool) -> BTreeSet<NodeId> {
        let (from, to) = self.span(window);
        let mut own = self.watch.flows_of(id);
        if !wanted && window.after.is_some() {
            // What was under way on an old connection still arrives; new connections are what counts.
            own.retain(|index| self.watch.flows[*index].opened.is_none_or(|opened| from <= opened));
        }
        let flows = self.watch.both_ends(&own);
        let crossings = flows.iter().flat_map(|index| self.watch.flows[*index].crossed.iter());
        crossings.filter(|(_, (first, last))| from <= *last && *first <= to).map(|(node, _)| *node).collect()
    }
}
