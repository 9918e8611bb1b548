//! Connections while they are open: their two ends, how these find each other, and their ends' flows.

use std::rc::Rc;

use super::flow::FlowId;
use super::memory::Flows;
use crate::base::SimTime;
use crate::packet::FiveTuple;
use crate::report::words;
use crate::trace::{ConnectionId, Names, NodeId, PortId, ProgramId, RequestNote};

/// A connection as one of its ends has it, while it is open.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OpenId(pub(crate) usize);

/// An end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) node: NodeId,
    place: u32,
    pub(crate) id: ConnectionId,
    pub(crate) tuple: FiveTuple,
    pub(crate) program: Option<ProgramId>,
    /// Whether this end opened it.
    pub(crate) opener: bool,
    pub(crate) opened_at: SimTime,
    pub(crate) established_at: Option<SimTime>,
    pub(crate) peer_closed: bool,
    pub(crate) label: Rc<str>,
    /// The other end by the name that its address had when the connection was opened.
    pub(crate) remote: Rc<str>,
    /// Its own direction.
    pub(crate) flow: Option<FlowId>,
    /// The other direction, known once it stands.
    pub(crate) answers: Option<FlowId>,
    /// The other end, while it is open.
    pub(crate) peer: Option<OpenId>,
    /// Whether the other end has told of the closing of the connection.
    pub(crate) peer_told: bool,
}

impl Flows {
    /// An end of a connection begins.
    pub(crate) fn open(
        &mut self,
        at: SimTime,
        end: (NodeId, ConnectionId),
        (tuple, carrier): (FiveTuple, PortId),
        program: Option<ProgramId>,
        opener: bool,
        names: &Names,
    ) -> OpenId {
        if let Some(known) = self.open_by_id.get(&end) {
            return *known;
        }
        let (node, id) = end;
        let local = match names.directory.node(node) {
            "" => tuple.source().to_string(),
            name => format!("{name}:{}", tuple.src_port),
        };
        let remote = words::endpoint_name(names, tuple.destination());
        let label: Rc<str> = format!("{local} → {remote}").into();
        let place = self.places.of(&names.directory, node, carrier);
        let flow = self.by_tuple.get(&tuple, place).copied();
        let open = Open {
            node,
            place,
            id,
            tuple,
            program,
            opener,
            opened_at: at,
            established_at: None,
            peer_closed: false,
            label: label.clone(),
            remote: remote.into(),
            flow,
            answers: None,
            peer: None,
            peer_told: false,
        };
        let open = OpenId(self.open.insert(open));
        self.open_by_id.insert(end, open);
        self.open_by_tuple.insert(&tuple, place, open);
        if let Some(flow) = flow.and_then(|flow| self.flow_mut(flow)) {
            flow.connection = Some(open);
            flow.label = Some(label);
        }
        open
    }

    /// A connection stands: its end that opened it finds the other one.
    pub(crate) fn established(&mut self, at: SimTime, id: OpenId) {
        self.open[id.0].established_at = Some(at);
        let open = &self.open[id.0];
        if !open.opener {
            return;
        }
        let label = open.label.clone();
        let Some((far, seen_as)) = open.flow.and_then(|flow| {
            let flow = self.flow(flow)?;
            Some(flow.far_place).zip(flow.seen_as)
        }) else {
            return;
        };
        let back = seen_as.reversed();
        let answers = self.by_tuple.get(&back, far).copied();
        let peer = self.open_by_tuple.get(&back, far).copied();
        if let Some(answers) = answers.and_then(|answers| self.flow_mut(answers)) {
            answers.label = Some(label.clone());
        }
        if let Some(peer) = peer {
            let flow = self.open[id.0].flow;
            let peer_end = &mut self.open[peer.0];
            peer_end.label = label;
            peer_end.peer = Some(id);
            peer_end.answers = flow;
        }
        let open = &mut self.open[id.0];
        open.answers = answers;
        open.peer = peer;
    }

    /// An end of a connection is over. What it was, for a last row.
    ///
    /// `in_order` says that this end closed it as it should, so that the other end's closing is no news.
    pub(crate) fn close(&mut self, id: OpenId, in_order: bool) -> Open {
        let open = self.open.remove(id.0);
        self.open_by_id.remove(&(open.node, open.id));
        if self.open_by_tuple.get(&open.tuple, open.place) == Some(&id) {
            self.open_by_tuple.remove(&open.tuple, open.place);
        }
        if let Some(peer) = open.peer.and_then(|peer| self.open.get_mut(peer.0)) {
            peer.peer = None;
            peer.peer_told = in_order;
        }
        // The flow stays for a while: late packets still want their names.
        if let Some(flow) = open.flow.and_then(|flow| self.flow_mut(flow)).filter(|flow| flow.connection == Some(id)) {
            flow.connection = None;
        }
        open
    }

    /// An end of a connection is reset: whether a switch broke it is remembered for what its program does next.
    pub(crate) fn reset(&mut self, id: OpenId, names: &Names) {
        let open = &self.open[id.0];
        let Some(program) = open.program else { return };
        let ways = [open.flow, open.answers].into_iter().flatten();
        if ways.filter_map(|flow| self.flow(flow)).any(|flow| flow.is_switched(names)) {
            self.switched.insert(program);
        } else {
            self.switched.remove(&program);
        }
    }

    /// Whether the last connection that a program lost by a reset had been led into an endpoint, or out of one.
    pub(crate) fn lost_by_a_switch(&self, program: ProgramId) -> bool {
        self.switched.contains(&program)
    }

    /// The end of a connection by its host's id.
    pub(crate) fn find_open(&self, node: NodeId, id: ConnectionId) -> Option<OpenId> {
        self.open_by_id.get(&(node, id)).copied()
    }

    /// The end of a connection that a line of a service's log speaks of, while it is open.
    pub(crate) fn end_of(&self, node: NodeId, request: &RequestNote) -> Option<&Open> {
        request.connection.and_then(|id| self.find_open(node, id)).map(|id| self.end(id))
    }

    /// An end of a connection.
    pub(crate) fn end(&self, id: OpenId) -> &Open {
        &self.open[id.0]
    }

    /// An end of a connection, to change.
    pub(crate) fn end_mut(&mut self, id: OpenId) -> &mut Open {
        &mut self.open[id.0]
    }

    /// All ends of open connections, in the order of their opening.
    pub(crate) fn ends(&self) -> Vec<&Open> {
        let mut all: Vec<_> = self.open.iter().map(|(_, open)| open).collect();
        all.sort_by_key(|open| (open.opened_at, open.node, open.id));
        all
    }
}
