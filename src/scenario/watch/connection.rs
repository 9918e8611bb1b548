//! Flows of hosts and the connections on them: whose they are, when they stood, how they ended.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Ending, FlowFacts};
use super::observe::Watch;
use crate::base::SimTime;
use crate::packet::{FiveTuple, PacketId};
use crate::scenario::timeline::ProgramEvent;
use crate::trace::{ConnectionId, ConnectionNote, NodeId, PortId, ProgramId};

impl Watch {
    /// Something happened to a connection.
    pub(super) fn connection(
        &mut self,
        at: SimTime,
        node: NodeId,
        id: ConnectionId,
        (flow, carrier): (&FiveTuple, PortId),
        program: Option<ProgramId>,
        what: &ConnectionNote,
    ) {
        let index = match self.by_connection.get(&id) {
            Some(index) => *index,
            None => {
                let place = self.places.of(&self.names.directory, node, carrier);
                let known = self.by_tuple.get(flow, place).copied();
                let fresh = known.filter(|index| self.flows[*index].opened.is_none());
                let index = fresh.unwrap_or_else(|| self.new_flow(node, place, flow));
                self.flows[index].opened = Some(at);
                self.flows[index].program = program;
                self.by_connection.insert(id, index);
                if let Some(program) = program {
                    self.programs.entry(program).or_default().connections.push(index);
                }
                index
            }
        };
        let received = program.and_then(|id| self.programs.get(&id)).map_or(0, |facts| facts.received);
        let answer = |packet: &PacketId| self.answers.get(packet).copied();
        let ending = match what {
            ConnectionNote::Established => {
                self.flows[index].established = Some(at);
                if let Some(program) = program {
                    self.fire(program, |event| *event == ProgramEvent::Connected);
                }
                return;
            }
            ConnectionNote::Reset { by } => Ending::Reset(answer(by)),
            ConnectionNote::Refused { .. } => Ending::Refused,
            ConnectionNote::TimedOut => Ending::TimedOut,
            ConnectionNote::Unreachable { .. } => Ending::Unreachable,
            ConnectionNote::Closed => Ending::Closed,
            ConnectionNote::Aborted | ConnectionNote::Vanished => Ending::Aborted,
            ConnectionNote::Opening
            | ConnectionNote::Accepting
            | ConnectionNote::SoftError { .. }
            | ConnectionNote::PathMtu { .. }
            | ConnectionNote::PeerClosed => return,
        };
        let flow = &mut self.flows[index];
        if flow.ended.is_none() {
            flow.ended = Some((at, ending));
            flow.received_by_end = received;
        }
    }

    /// A flow of probes or datagrams is a program's.
    pub(super) fn own(&mut self, node: NodeId, program: ProgramId, tuple: &FiveTuple) {
        // Services send no probes, so the port is not needed to tell tuples apart.
        let index = self.flow(node, PortId(0), tuple);
        self.flows[index].program = Some(program);
        let own = &mut self.programs.entry(program).or_default().datagrams;
        if !own.contains(&index) {
            own.push(index);
        }
    }

    /// The flow of a host, as an index.
    pub(super) fn flow(&mut self, node: NodeId, port: PortId, tuple: &FiveTuple) -> usize {
        let place = self.places.of(&self.names.directory, node, port);
        match self.by_tuple.get(tuple, place) {
            Some(index) => *index,
            None => self.new_flow(node, place, tuple),
        }
    }

    /// The flows that are a program's own: those of its connections, and of its probes and datagrams.
    pub(in crate::scenario) fn flows_of(&self, program: ProgramId) -> Vec<usize> {
        let facts = self.programs.get(&program);
        facts.map(|facts| facts.connections.iter().chain(&facts.datagrams).copied().collect()).unwrap_or_default()
    }

    /// Those flows and the flows of the other ends.
    pub(in crate::scenario) fn both_ends(&self, flows: &[usize]) -> BTreeSet<usize> {
        flows.iter().flat_map(|index| std::iter::once(*index).chain(self.flows[*index].far.iter().copied())).collect()
    }

    /// The flow of a connection, as an index.
    pub(in crate::scenario) fn flow_of(&self, connection: ConnectionId) -> Option<usize> {
        self.by_connection.get(&connection).copied()
    }

    fn new_flow(&mut self, node: NodeId, place: u32, tuple: &FiveTuple) -> usize {
        let index = self.flows.len();
        self.flows.push(FlowFacts {
            node,
            tuple: *tuple,
            program: None,
            opened: None,
            established: None,
            ended: None,
            received_by_end: 0,
            crossed: BTreeMap::new(),
            far: BTreeSet::new(),
        });
        self.by_tuple.insert(tuple, place, index);
        index
    }
}
