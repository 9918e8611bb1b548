//! What a run showed, as far as its expectations ask: connections and programs with their instants, the devices that
//! packets crossed, drops, access-log lines. Judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::timeline::ProgramEvent;
use crate::base::SimTime;
use crate::packet::{FiveTuple, FlowTable, Packet, PacketId, TcpFlags};
use crate::trace::{
    Answer, Attention, Citations, Cite, ConnectionId, ConnectionNote, Directory, DropReason, Names, NodeId, Note,
    Observer, Places, PortId, ProgramId, ProgramNote, RequestNote, Sees, Step,
};

/// What of a run is to be remembered; nothing more is listened to.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Whose packets crossed what, who reset whom, what was dropped.
    pub(super) packets: bool,
    /// The nodes at which single packets are remembered.
    pub(super) points: BTreeSet<NodeId>,
}

/// Everything remembered of a run.
#[derive(Default)]
pub(super) struct Watch {
    wanted: Wanted,
    /// Programs that said something.
    pub(super) programs: BTreeMap<ProgramId, ProgramFacts>,
    /// All flows of hosts, in the order in which they were first seen.
    pub(super) flows: Vec<FlowFacts>,
    /// All drops, up to [`FACTS_MAX`].
    pub(super) drops: Vec<DropFact>,
    /// All lines of access logs, up to [`FACTS_MAX`].
    pub(super) requests: Vec<(SimTime, RequestNote)>,
    /// Packets at the wanted points, up to [`FACTS_MAX`].
    pub(super) passages: Vec<Passage>,
    /// Bytes that entered each node.
    pub(super) bytes: BTreeMap<NodeId, u64>,
    by_tuple: FlowTable<usize>,
    by_connection: BTreeMap<ConnectionId, usize>,
    transits: FxHashMap<PacketId, Transit>,
    answers: BTreeMap<PacketId, (NodeId, Answer)>,
    names: Names,
    places: Places,
    hosts: BTreeSet<NodeId>,
    /// Programs whose next event is waited for, with what is waited for.
    awaited: Vec<Awaited>,
    fired: BTreeSet<usize>,
    /// Programs whose end the run waits for.
    unended: BTreeSet<ProgramId>,
    all_ended: bool,
}

/// The most facts of one kind that are remembered; a run that has more is judged by its first ones, and says so.
pub(super) const FACTS_MAX: usize = 200_000;
/// The most answers whose packet is remembered.
const ANSWERS_MAX: usize = 65_536;

/// What a program did.
#[derive(Clone, Debug, Default)]
pub(super) struct ProgramFacts {
    /// When it began.
    pub(super) started: Option<SimTime>,
    /// When it ended, and how: what it has to show, or the error that its user reads.
    pub(super) ended: Option<(SimTime, Result<String, String>)>,
    /// Payload sent in all.
    pub(super) sent: u64,
    /// Payload received in all.
    pub(super) received: u64,
    /// Instants at which it tried again.
    pub(super) retries: Vec<SimTime>,
    /// The HTTP status and text of each answer.
    pub(super) responses: Vec<(SimTime, u16, String)>,
    /// Answers to pings, and hops of traceroutes.
    pub(super) replies: Vec<Reply>,
    /// Names with their addresses.
    pub(super) resolved: Vec<(SimTime, String, Vec<IpAddr>)>,
    /// When it was last quiet on purpose.
    pub(super) idle: Vec<SimTime>,
    /// Its connections, as indices of [`Watch::flows`].
    pub(super) connections: Vec<usize>,
    /// The flows of its probes and datagrams, as indices of [`Watch::flows`].
    pub(super) datagrams: Vec<usize>,
}

/// An answer to a ping, or a hop of a traceroute.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// Who answered.
    pub(super) from: IpAddr,
    /// Sequence number or hop.
    pub(super) sequence: u16,
    /// As received.
    pub(super) ttl: u8,
    /// How long it took.
    pub(super) after: std::time::Duration,
    /// Whether it is an ICMP error rather than an echo.
    pub(super) error: bool,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ending {
    /// By an RST, sent by whom and why.
    Reset(Option<(NodeId, Answer)>),
    /// Its SYN was answered by RST.
    Refused,
    /// Nobody answered.
    TimedOut,
    /// ICMP ended its opening.
    Unreachable,
    /// Both ends are done.
    Closed,
    /// Its own program ended it.
    Aborted,
}

/// One flow as one host sees it: its own end is the source.
#[derive(Clone, Debug)]
pub(super) struct FlowFacts {
    /// The host.
    pub(super) node: NodeId,
    /// The tuple of what it sends.
    pub(super) tuple: FiveTuple,
    /// Whose it is.
    pub(super) program: Option<ProgramId>,
    /// When the connection began.
    pub(super) opened: Option<SimTime>,
    /// When its handshake was done.
    pub(super) established: Option<SimTime>,
    /// When it ended, and how.
    pub(super) ended: Option<(SimTime, Ending)>,
    /// Payload its program had read when it ended.
    pub(super) received_by_end: u64,
    /// Nodes that its packets crossed: first and last instant.
    pub(super) crossed: BTreeMap<NodeId, (SimTime, SimTime)>,
    /// The flows of the hosts at the other end, as indices.
    pub(super) far: BTreeSet<usize>,
}

/// A packet that was dropped.
#[derive(Clone, Debug)]
pub(super) struct DropFact {
    /// When.
    pub(super) at: SimTime,
    /// Where.
    pub(super) node: NodeId,
    /// Why.
    pub(super) reason: DropReason,
    /// By which rule or device.
    pub(super) by: Cite,
    /// The flow of the host that sent it, as an index.
    pub(super) origin: Option<usize>,
}

/// A packet that passed a wanted point.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    /// When.
    pub(super) at: SimTime,
    /// Where.
    pub(super) node: NodeId,
    /// The flow of the host that sent it, as an index.
    pub(super) origin: Option<usize>,
    /// TCP flags.
    pub(super) flags: TcpFlags,
    /// Its tuple there.
    pub(super) tuple: FiveTuple,
    /// Payload in bytes.
    pub(super) payload: usize,
}

struct Transit {
    origin: Option<usize>,
    crossed: Vec<NodeId>,
    /// The port by which it came to the node where it is.
    port: PortId,
    tuple: Option<FiveTuple>,
}

/// Something of a program that is waited for.
#[derive(Clone, Debug)]
struct Awaited {
    token: usize,
    program: ProgramId,
    event: ProgramEvent,
}

impl Watch {
    /// Remembers what is wanted.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Waits for an event of a program: the run stops when it happens, and [`Watch::take_fired`] tells the token.
    pub(super) fn wait_for(&mut self, token: usize, program: ProgramId, event: ProgramEvent) {
        self.awaited.push(Awaited { token, program, event });
    }

    /// Waits for the end of these programs: the run stops when the last of them has ended.
    pub(super) fn wait_for_ends(&mut self, programs: impl IntoIterator<Item = ProgramId>) {
        self.unended = programs.into_iter().collect();
    }

    /// Whether every program whose end is waited for has ended.
    pub(super) fn have_ended(&self) -> bool {
        self.unended.is_empty()
    }

    /// The tokens of events that have happened since the last call.
    pub(super) fn take_fired(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.fired)
    }

    /// The flows that are a program's own: those of its connections, and of its probes and datagrams.
    pub(super) fn flows_of(&self, program: ProgramId) -> Vec<usize> {
        let facts = self.programs.get(&program);
        facts.map(|facts| facts.connections.iter().chain(&facts.datagrams).copied().collect()).unwrap_or_default()
    }

    /// A flow of probes or datagrams is a program's.
    fn own(&mut self, node: NodeId, program: ProgramId, tuple: &FiveTuple) {
        // Services send no probes, so the port is not needed to tell tuples apart.
        let index = self.flow(node, PortId(0), tuple);
        self.flows[index].program = Some(program);
        let own = &mut self.programs.entry(program).or_default().datagrams;
        if !own.contains(&index) {
            own.push(index);
        }
    }

    /// Those flows and the flows of the other ends.
    pub(super) fn both_ends(&self, flows: &[usize]) -> BTreeSet<usize> {
        flows.iter().flat_map(|index| std::iter::once(*index).chain(self.flows[*index].far.iter().copied())).collect()
    }

    /// The flow of a connection, as an index.
    pub(super) fn flow_of(&self, connection: ConnectionId) -> Option<usize> {
        self.by_connection.get(&connection).copied()
    }

    fn flow(&mut self, node: NodeId, port: PortId, tuple: &FiveTuple) -> usize {
        let place = self.places.of(&self.names.directory, node, port);
        match self.by_tuple.get(tuple, place) {
            Some(index) => *index,
            None => self.new_flow(node, place, tuple),
        }
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

    fn connection(
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
            ConnectionNote::Aborted => Ending::Aborted,
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

    fn program(&mut self, at: SimTime, id: ProgramId, what: &ProgramNote) {
        let facts = self.programs.entry(id).or_default();
        match what {
            ProgramNote::Started => {
                facts.started = Some(at);
                self.fire(id, |event| *event == ProgramEvent::Started);
            }
            ProgramNote::Resolved { name, addresses } => facts.resolved.push((at, name.clone(), addresses.clone())),
            ProgramNote::Sent { total } => {
                facts.sent = *total;
                let total = *total;
                self.fire(id, |event| matches!(event, ProgramEvent::Sent(bytes) if *bytes <= total));
            }
            ProgramNote::Received { total } => {
                facts.received = *total;
                let total = *total;
                self.fire(id, |event| matches!(event, ProgramEvent::Received(bytes) if *bytes <= total));
            }
            ProgramNote::Response { status, what } => facts.responses.push((at, *status, what.clone())),
            ProgramNote::Reply { from, sequence, ttl, after, error, .. } => facts.replies.push(Reply {
                from: *from,
                sequence: *sequence,
                ttl: *ttl,
                after: *after,
                error: error.is_some(),
            }),
            ProgramNote::Retrying { .. } => {
                facts.retries.push(at);
                self.fire(id, |event| *event == ProgramEvent::Retrying);
            }
            ProgramNote::Idle { .. } => {
                facts.idle.push(at);
                self.fire(id, |event| *event == ProgramEvent::Idle);
            }
            ProgramNote::Completed { what } => self.ended(at, id, Ok(what.clone())),
            ProgramNote::Failed { error } => self.ended(at, id, Err(error.clone())),
            ProgramNote::Flow { .. } | ProgramNote::Request { .. } | ProgramNote::Said(_) => {}
        }
    }

    fn ended(&mut self, at: SimTime, id: ProgramId, how: Result<String, String>) {
        self.programs.entry(id).or_default().ended.get_or_insert((at, how));
        self.all_ended |= self.unended.remove(&id) && self.unended.is_empty();
        self.fire(id, |event| *event == ProgramEvent::Ended);
    }

    fn fire(&mut self, program: ProgramId, happens: impl Fn(&ProgramEvent) -> bool) {
        let fired = &mut self.fired;
        self.awaited.retain(|awaited| {
            let now = awaited.program == program && happens(&awaited.event);
            if now {
                fired.insert(awaited.token);
            }
            !now
        });
    }

    fn pass(&mut self, at: SimTime, node: NodeId, packet: &Packet) {
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

    fn end(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
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
