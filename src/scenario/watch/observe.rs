//! The watch as it listens to a run: who takes in what it hears.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::fact::{DropFact, FlowFacts, Passage, ProgramFacts};
use super::packet::Transit;
use super::program::Awaited;
use crate::base::SimTime;
use crate::packet::{FlowTable, Packet, PacketId};
use crate::trace::{
    Answer, Attention, Citations, ConnectionId, Directory, Names, NodeId, Note, Observer, Places, PortId, ProgramId,
    ProgramNote, RequestNote, Sees, Step,
};

/// What of a run is to be remembered; nothing more is listened to.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Wanted {
    /// Whose packets crossed what, who reset whom, what was dropped.
    pub(in crate::scenario) packets: bool,
    /// The nodes at which single packets are remembered.
    pub(in crate::scenario) points: BTreeSet<NodeId>,
}

/// Everything remembered of a run.
#[derive(Default)]
pub(in crate::scenario) struct Watch {
    pub(super) wanted: Wanted,
    /// Programs that said something.
    pub(in crate::scenario) programs: BTreeMap<ProgramId, ProgramFacts>,
    /// All flows of hosts, in the order in which they were first seen.
    pub(in crate::scenario) flows: Vec<FlowFacts>,
    /// All drops, up to [`FACTS_MAX`].
    pub(in crate::scenario) drops: Vec<DropFact>,
    /// All lines of access logs, up to [`FACTS_MAX`].
    pub(in crate::scenario) requests: Vec<(SimTime, RequestNote)>,
    /// Packets at the wanted points, up to [`FACTS_MAX`].
    pub(in crate::scenario) passages: Vec<Passage>,
    /// Bytes that entered each node.
    pub(in crate::scenario) bytes: BTreeMap<NodeId, u64>,
    pub(super) by_tuple: FlowTable<usize>,
    pub(super) by_connection: BTreeMap<ConnectionId, usize>,
    pub(super) transits: FxHashMap<PacketId, Transit>,
    pub(super) answers: BTreeMap<PacketId, (NodeId, Answer)>,
    pub(super) names: Names,
    pub(super) places: Places,
    pub(super) hosts: BTreeSet<NodeId>,
    /// Programs whose next event is waited for, with what is waited for.
    pub(super) awaited: Vec<Awaited>,
    pub(super) fired: BTreeSet<usize>,
    /// Programs whose end the run waits for.
    pub(super) unended: BTreeSet<ProgramId>,
    pub(super) all_ended: bool,
}

/// The most facts of one kind that are remembered; a run that has more is judged by its first ones, and says so.
pub(super) const FACTS_MAX: usize = 200_000;
/// The most answers whose packet is remembered.
const ANSWERS_MAX: usize = 65_536;

impl Watch {
    /// Remembers what is wanted.
    pub(in crate::scenario) fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }
}

impl Observer for Watch {
    fn sees(&self) -> Sees {
        Sees { packets: self.wanted.packets, steps: self.wanted.packets, notes: true }
    }

    fn learn(&mut self, citations: &Citations, directory: &Directory) {
        self.names.learn(citations, directory);
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        *self.bytes.entry(node).or_default() += packet.len() as u64;
        let transit = self.transits.entry(packet.id()).or_insert_with(|| Transit {
            origin: None,
            crossed: Vec::new(),
            port,
            tuple: None,
        });
        transit.port = port;
        transit.crossed.push(node);
        transit.tuple = Some(*packet.tuple());
        self.pass(at, node, packet);
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        let is_origin = self
            .transits
            .get(&packet.id())
            .is_some_and(|transit| transit.origin.is_none() && transit.tuple.is_none() && transit.crossed == [node]);
        if is_origin {
            self.hosts.insert(node);
            let flow = self.flow(node, port, packet.tuple());
            if let Some(transit) = self.transits.get_mut(&packet.id()) {
                transit.origin = Some(flow);
                transit.tuple = Some(*packet.tuple());
            }
            self.pass(at, node, packet);
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        match step {
            Step::Sent => {
                self.transits
                    .insert(packet, Transit { origin: None, crossed: vec![node], port: PortId(0), tuple: None });
            }
            Step::Answered { with, why, .. } => {
                self.answers.insert(*with, (node, *why));
                if ANSWERS_MAX < self.answers.len() {
                    self.answers.pop_first();
                }
            }
            step if step.is_end() => self.end(at, node, packet, step),
            _ => {}
        }
    }

    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        match note {
            Note::Connection { connection, flow, carrier, program, what } => {
                self.connection(at, node, *connection, (flow, *carrier), *program, what);
            }
            Note::Program { program, what: ProgramNote::Flow { flow } } => self.own(node, *program, flow),
            Note::Program { program, what } => self.program(at, *program, what),
            Note::Request(request) if self.requests.len() < FACTS_MAX => {
                self.requests.push((at, (**request).clone()));
            }
            Note::Request(_) => {}
        }
        let stop = std::mem::take(&mut self.all_ended) || !self.fired.is_empty();
        if stop { Attention::Stop } else { Attention::Continue }
    }
}
