//! Packets under way: what they cross, where they pass, how they end.

use super::fact::{DropFact, Passage};
use super::observe::{FACTS_MAX, Watch};
use crate::base::SimTime;
use crate::packet::{FiveTuple, Packet, PacketId};
use crate::trace::{NodeId, PortId, Step};

/// A packet under way.
pub(super) struct Transit {
    pub(super) origin: Option<usize>,
    pub(super) crossed: Vec<NodeId>,
    /// The port by which it came to the node where it is.
    pub(super) port: PortId,
    pub(super) tuple: Option<FiveTuple>,
}

impl Watch {
    /// A packet passes a node that may be a wanted point.
    pub(super) fn pass(&mut self, at: SimTime, node: NodeId, packet: &Packet) {
        if !self.wanted.points.contains(&node) || FACTS_MAX <= self.passages.len() {
            return;
        }
        let origin = self.transits.get(&packet.id()).and_then(|transit| transit.origin);
        self.passages.push(Passage {
            at,
            node,
            origin,
            flags: packet.tcp_flags(),
            tuple: *packet.tuple(),
            payload: packet.payload().len(),
        });
    }

    /// A packet ends at a node, unless the step says that it goes on.
    pub(super) fn end(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        let Some(transit) = self.transits.remove(&packet) else { return };
        if let Some(origin) = transit.origin {
            let flow = &mut self.flows[origin];
            for crossed in &transit.crossed {
                flow.crossed.entry(*crossed).and_modify(|(_, last)| *last = at).or_insert((at, at));
            }
        }
        match step {
            Step::Dropped { reason, by } if self.drops.len() < FACTS_MAX => {
                let by = self.names.citations.get(*by).clone();
                self.drops.push(DropFact { at, node, reason: *reason, by, origin: transit.origin });
            }
            Step::Delivered | Step::Absorbed(_) | Step::Dropped { .. } => {}
            _ => return,
        }
        // Whoever it reached is the other end, also where it only drew a reset.
        if let (Some(origin), Some(tuple)) = (transit.origin, transit.tuple)
            && self.hosts.contains(&node)
        {
            let there = self.flow(node, transit.port, &tuple.reversed());
            self.flows[origin].far.insert(there);
            self.flows[there].far.insert(origin);
        }
    }
}
