//! The journeys of one question's packets, and of what answers them, among the packets of everybody else. Judges none.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::SimTime;
use crate::packet::{FiveTuple, Packet, PacketId, Protocol, TcpFlags};
use crate::trace::{JourneyLog, NodeId, Observer, PortId, Sees, Step};

/// What the first packet of a question looks like where it is made.
#[derive(Copy, Clone, Debug)]
pub(super) struct Asked {
    /// The machine that makes it.
    pub(super) node: NodeId,
    /// Its source.
    pub(super) from: IpAddr,
    /// Its destination.
    pub(super) to: IpAddr,
    /// Its protocol: TCP, UDP or ICMP.
    pub(super) protocol: Protocol,
    /// Its destination port; for an echo, its identifier.
    pub(super) port: u16,
}

/// Listens for one question. In a running world, what the programs send meanwhile is not kept.
pub(super) struct QuestionLog {
    log: JourneyLog,
    asked: Asked,
    /// The question, its answers, and what boxes say about them.
    ours: BTreeSet<PacketId>,
    /// Named as an answer to one of ours, and not seen yet.
    named: BTreeSet<PacketId>,
    /// What an answer to one of ours looks like where it is made.
    expected: BTreeSet<FiveTuple>,
    /// Made, and not seen with their bytes yet; with the steps since.
    fresh: BTreeMap<PacketId, Vec<(SimTime, NodeId, Step)>>,
}

impl QuestionLog {
    /// Waits for a question; keeps the journeys of at most so many packets.
    pub(super) fn new(asked: Asked, packets_max: usize) -> Self {
        Self {
            log: JourneyLog::new(packets_max),
            asked,
            ours: BTreeSet::new(),
            named: BTreeSet::new(),
            expected: BTreeSet::new(),
            fresh: BTreeMap::new(),
        }
    }

    /// The journeys so far.
    pub(super) fn log(&self) -> &JourneyLog {
        &self.log
    }

    /// From now on a packet is ours, with what happened to it so far.
    fn take(&mut self, packet: PacketId, steps: &[(SimTime, NodeId, Step)]) {
        self.ours.insert(packet);
        for (at, node, step) in steps {
            self.log.step(*at, *node, packet, step);
        }
    }

    fn is_ours(&self, packet: PacketId) -> bool {
        self.ours.contains(&packet)
    }

    /// Whether a packet that was just made belongs to the question.
    fn belongs(&self, node: NodeId, packet: &Packet) -> bool {
        let tuple = packet.tuple();
        if self.named.contains(&packet.id()) || self.expected.contains(tuple) {
            return true;
        }
        // Segments of a program that talks to the same port are no SYNs.
        let opens = self.asked.protocol != Protocol::TCP
            || (packet.tcp_flags().has(TcpFlags::SYN) && !packet.tcp_flags().has(TcpFlags::ACK));
        self.ours.is_empty()
            && node == self.asked.node
            && opens
            && (tuple.src, tuple.dst, tuple.protocol) == (self.asked.from, self.asked.to, self.asked.protocol)
            && tuple.dst_port == self.asked.port
    }
}

impl Observer for QuestionLog {
    fn sees(&self) -> Sees {
        Sees { packets: true, steps: true, notes: false }
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        if self.is_ours(packet.id()) {
            self.expected.insert(packet.tuple().reversed());
            self.log.entered(at, node, port, packet);
        }
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        let id = packet.id();
        if let Some(steps) = self.fresh.remove(&id)
            && self.belongs(node, packet)
        {
            self.take(id, &steps);
        }
        if self.is_ours(id) {
            self.expected.insert(packet.tuple().reversed());
            self.log.left(at, node, port, packet);
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if self.is_ours(packet) {
            if let Step::Answered { with, .. } = step {
                self.named.insert(*with);
            }
            self.log.step(at, node, packet, step);
            return;
        }
        if *step == Step::Sent {
            self.fresh.insert(packet, Vec::new());
        }
        let Some(steps) = self.fresh.get_mut(&packet) else { return };
        steps.push((at, node, *step));
        if step.is_end()
            && let Some(steps) = self.fresh.remove(&packet)
            && self.named.contains(&packet)
        {
            // It never left: only what it answered tells that it is ours.
            self.take(packet, &steps);
        }
    }
}
