//! Packets that were dropped: why, where and by what.

use super::bench::{Bench, Seen};
use crate::scenario::expectation::{DropCode, Window};
use crate::scenario::watch::DropFact;
use crate::trace::{Cite, NodeId};

impl Bench<'_> {
    pub(super) fn drops(
        &self,
        reason: &DropCode,
        by: Option<&str>,
        programs: &[String],
        times: Option<u64>,
        window: &Window,
    ) -> Seen {
        let all = self.drops_of(programs, window);
        let fits: Vec<&&DropFact> = all
            .iter()
            .filter(|drop| reason.fits(drop.reason) && by.is_none_or(|name| self.cites(&drop.by, drop.node, name)))
            .collect();
        let count = fits.len() as u64;
        let fine = times.map_or(0 < count, |times| times == count);
        match (fine, fits.first(), all.first()) {
            (true, Some(drop), _) => Ok(format!("{}, first {}", times_text(count), self.tell(drop))),
            (true, None, _) => Ok("no such drop".to_owned()),
            (false, Some(drop), _) => Err(format!("{}, first {}", times_text(count), self.tell(drop))),
            (false, None, Some(other)) => Err(format!("no such drop; {}", self.tell(other))),
            (false, None, None) => Err("nothing was dropped".to_owned()),
        }
    }

    pub(super) fn drops_nothing(&self, reason: Option<&DropCode>, programs: &[String], window: &Window) -> Seen {
        let drops = self.drops_of(programs, window);
        match drops.iter().find(|drop| reason.is_none_or(|code| code.fits(drop.reason))) {
            None => Ok("no such drop".to_owned()),
            Some(drop) => Err(self.tell(drop)),
        }
    }

    /// The drops of packets of these flows.
    pub(super) fn drops_among(&self, flows: &[usize], window: &Window) -> Vec<&DropFact> {
        let (from, to) = self.span(window);
        let flows = self.watch.both_ends(flows);
        let drops = self.watch.drops.iter().filter(|drop| from <= drop.at && drop.at <= to);
        drops.filter(|drop| drop.origin.is_some_and(|origin| flows.contains(&origin))).collect()
    }

    fn drops_of(&self, programs: &[String], window: &Window) -> Vec<&DropFact> {
        let (from, to) = self.span(window);
        if programs.is_empty() {
            return self.watch.drops.iter().filter(|drop| from <= drop.at && drop.at <= to).collect();
        }
        let named = programs.iter().flat_map(|name| self.programs.get(name).into_iter().flatten());
        let flows: Vec<usize> = named.flat_map(|(id, _)| self.watch.flows_of(*id)).collect();
        self.drops_among(&flows, window)
    }

    /// Whether a name means what a citation, or the node that dropped, stands for.
    pub(super) fn cites(&self, cite: &Cite, node: NodeId, name: &str) -> bool {
        let ids = self.ids.get(name);
        let called = |text: &str| {
            text.split(", ").any(|one| one == name || ids.is_some_and(|ids| ids.iter().any(|id| id == one)))
        };
        called(&cite.id) || called(&cite.name) || self.nodes(name).contains(&node)
    }

    /// A drop in words.
    pub(super) fn tell(&self, drop: &DropFact) -> String {
        let by = drop.by.to_string();
        let by = if by.is_empty() { String::new() } else { format!(" ({by})") };
        format!("dropped at {}: {}, {}{by}", self.directory.node(drop.node), drop.reason.code(), drop.reason.sentence())
    }
}

fn times_text(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}
