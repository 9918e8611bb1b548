//! A journey: what happened to one packet, node by node, checked to be whole. Knows no names and no bytes.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{Absorbed, CiteId, DropReason, NodeId, Observer, PortId, Sees, Step};
use crate::base::SimTime;
use crate::packet::{FiveTuple, Packet, PacketId};

/// How a journey ended, or that it has not.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It reached its host.
    Delivered,
    /// A box or host took care of it itself.
    Absorbed(Absorbed),
    /// It was cut into fragments, which travel on under names of their own.
    Fragmented,
    /// It ended without arriving.
    Dropped {
        /// Why.
        reason: DropReason,
        /// By which rule or device.
        by: CiteId,
    },
    /// It is on a link, or in the hands of a node.
    InFlight,
}

/// One node's part of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where.
    pub node: NodeId,
    /// When it entered the node, or was made there.
    pub at: SimTime,
    /// What was done to it, in order.
    pub steps: Vec<Step>,
}

/// The hops of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    packet: PacketId,
    hops: Vec<Hop>,
    disposition: Disposition,
}

/// Why hops are no journey.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenJourney {
    /// There are no hops.
    #[error("a journey without hops")]
    Empty,
    /// The packet appears at a node without having left the one before.
    #[error("it entered hop {0} without leaving the hop before")]
    NotForwarded(usize),
    /// The packet goes on although it has ended, or ends twice.
    #[error("something happened at hop {0} after its end")]
    AfterEnd(usize),
    /// The packet left a node twice.
    #[error("it left hop {0} twice")]
    ForwardedTwice(usize),
    /// The packet was made at a node that it had come to.
    #[error("it was made at hop {0}, to which it had come")]
    SentLate(usize),
    /// A hop lies before the one before it in time.
    #[error("hop {0} lies before the hop before it")]
    BackInTime(usize),
}

impl Journey {
    /// Takes hops that are one whole journey: it leaves each node once before it enters the next, ends at most once, and
    /// nothing happens after its end.
    pub fn new(packet: PacketId, hops: Vec<Hop>) -> Result<Self, BrokenJourney> {
        let last = hops.len().checked_sub(1).ok_or(BrokenJourney::Empty)?;
        let mut disposition = Disposition::InFlight;
        for (index, hop) in hops.iter().enumerate() {
            if 0 < index && hop.at < hops[index - 1].at {
                return Err(BrokenJourney::BackInTime(index));
            }
            let mut left = false;
            for (nth, step) in hop.steps.iter().enumerate() {
                if disposition != Disposition::InFlight {
                    return Err(BrokenJourney::AfterEnd(index));
                }
                if *step == Step::Sent && (index, nth) != (0, 0) {
                    return Err(BrokenJourney::SentLate(index));
                }
                if left {
                    return Err(if *step == Step::Forwarded {
                        BrokenJourney::ForwardedTwice(index)
                    } else {
                        BrokenJourney::AfterEnd(index)
                    });
                }
                left = *step == Step::Forwarded;
                disposition = Disposition::of(step).unwrap_or(disposition);
            }
            if index < last && !left {
                return Err(match disposition {
                    Disposition::InFlight => BrokenJourney::NotForwarded(index + 1),
                    _ => BrokenJourney::AfterEnd(index + 1),
                });
            }
        }
        Ok(Self { packet, hops, disposition })
    }

    /// Which packet.
    pub fn packet(&self) -> PacketId {
        self.packet
    }

    /// Node by node.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The nodes, in order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.hops.iter().map(|hop| hop.node)
    }

    /// All steps, in order, with their nodes.
    pub fn steps(&self) -> impl Iterator<Item = (NodeId, &Step)> {
        self.hops.iter().flat_map(|hop| hop.steps.iter().map(|step| (hop.node, step)))
    }

    /// How it ended.
    pub fn disposition(&self) -> Disposition {
        self.disposition
    }
}

impl Disposition {
    /// The end that a step is; `None` for a step that is none.
    pub const fn of(step: &Step) -> Option<Self> {
        match *step {
            Step::Delivered => Some(Self::Delivered),
            Step::Absorbed(how) => Some(Self::Absorbed(how)),
            Step::Fragmented => Some(Self::Fragmented),
            Step::Dropped { reason, by } => Some(Self::Dropped { reason, by }),
            Step::Sent
            | Step::Allowed { .. }
            | Step::Routed { .. }
            | Step::Translated { .. }
            | Step::Clamped { .. }
            | Step::Answered { .. }
            | Step::Forwarded => None,
        }
    }
}

/// An observer that keeps the journeys of packets, up to a limit: for probes, explanations and tests, not for long runs.
#[derive(Clone, Debug)]
pub struct JourneyLog {
    hops: BTreeMap<PacketId, Vec<Hop>>,
    tuples: FxHashMap<PacketId, FiveTuple>,
    packets_max: usize,
}

impl JourneyLog {
    /// Keeps the journeys of the first `packets_max` packets it hears of.
    pub fn new(packets_max: usize) -> Self {
        Self { hops: BTreeMap::new(), tuples: FxHashMap::default(), packets_max }
    }

    /// A packet's journey so far; `None` for a packet that was not heard of.
    pub fn journey(&self, packet: PacketId) -> Option<Result<Journey, BrokenJourney>> {
        self.hops.get(&packet).map(|hops| Journey::new(packet, hops.clone()))
    }

    /// All journeys, in the order in which the packets were made.
    pub fn journeys(&self) -> impl Iterator<Item = Result<Journey, BrokenJourney>> {
        self.hops.iter().map(|(packet, hops)| Journey::new(*packet, hops.clone()))
    }

    /// The tuple under which a packet was first seen whole.
    pub fn tuple(&self, packet: PacketId) -> Option<FiveTuple> {
        self.tuples.get(&packet).copied()
    }

    /// The first packet that was made with this tuple.
    pub fn first_with(&self, tuple: &FiveTuple) -> Option<PacketId> {
        self.hops.keys().copied().find(|packet| self.tuples.get(packet) == Some(tuple))
    }

    fn hops_of(&mut self, packet: PacketId) -> Option<&mut Vec<Hop>> {
        if !self.hops.contains_key(&packet) && self.packets_max <= self.hops.len() {
            return None;
        }
        Some(self.hops.entry(packet).or_default())
    }
}

impl Observer for JourneyLog {
    fn sees(&self) -> Sees {
        Sees { packets: true, steps: true, notes: false }
    }

    fn entered(&mut self, at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
        if let Some(hops) = self.hops_of(packet.id()) {
            hops.push(Hop { node, at, steps: Vec::new() });
            self.tuples.entry(packet.id()).or_insert(*packet.tuple());
        }
    }

    fn left(&mut self, _at: SimTime, _node: NodeId, _port: PortId, packet: &Packet) {
        if self.hops.contains_key(&packet.id()) {
            self.tuples.entry(packet.id()).or_insert(*packet.tuple());
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if let Some(hops) = self.hops_of(packet) {
            if hops.is_empty() {
                hops.push(Hop { node, at, steps: Vec::new() });
            }
            let hop = hops.last_mut().expect("one was pushed if there was none");
            hop.steps.push(*step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(node: u32, steps: &[Step]) -> Hop {
        Hop { node: NodeId(node), at: SimTime::from_millis(u64::from(node)), steps: steps.to_vec() }
    }

    fn dropped() -> Step {
        Step::Dropped { reason: DropReason::NoRoute, by: CiteId(3) }
    }

    #[test]
    fn a_packet_that_is_passed_on_and_delivered_is_a_journey() {
        let hops = vec![hop(1, &[Step::Sent, Step::Forwarded]), hop(2, &[Step::Delivered])];
        let journey = Journey::new(PacketId(7), hops).expect("whole");
        assert_eq!(journey.disposition(), Disposition::Delivered);
        assert_eq!(journey.nodes().collect::<Vec<_>>(), [NodeId(1), NodeId(2)]);
    }

    #[test]
    fn a_packet_on_a_link_is_in_flight() {
        let journey = Journey::new(PacketId(7), vec![hop(1, &[Step::Sent, Step::Forwarded])]).expect("whole");
        assert_eq!(journey.disposition(), Disposition::InFlight);
    }

    #[test]
    fn hops_that_do_not_hang_together_are_refused() {
        let forwarded = || hop(1, &[Step::Sent, Step::Forwarded]);
        for (hops, why) in [
            (vec![], BrokenJourney::Empty),
            (vec![hop(1, &[Step::Sent]), hop(2, &[Step::Delivered])], BrokenJourney::NotForwarded(1)),
            (vec![hop(1, &[dropped()]), hop(2, &[Step::Delivered])], BrokenJourney::AfterEnd(1)),
            (vec![forwarded(), hop(2, &[Step::Delivered, dropped()])], BrokenJourney::AfterEnd(1)),
            (vec![forwarded(), hop(2, &[Step::Sent])], BrokenJourney::SentLate(1)),
            (vec![hop(1, &[Step::Forwarded, Step::Forwarded])], BrokenJourney::ForwardedTwice(0)),
            (vec![hop(5, &[Step::Forwarded]), hop(2, &[])], BrokenJourney::BackInTime(1)),
        ] {
            assert_eq!(Journey::new(PacketId(7), hops.clone()), Err(why), "{hops:?}");
        }
    }
}
