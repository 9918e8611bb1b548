//! What is known of packets under way, of their flows' paths, and of connections. Bounded by what is open; writes nothing.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use slab::Slab;

use super::words;
use crate::base::SimTime;
use crate::packet::{FiveTuple, FlowTable, Packet, PacketId, TcpFlags};
use crate::trace::{Answer, CiteId, Component, ConnectionId, Names, NodeId, Places, PortId, ProgramId, RequestNote};

/// A flow in one direction, while it is remembered: its place, and the number of its making, because places are reused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FlowId(usize, u64);

/// A connection as one of its ends has it, while it is open.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OpenId(pub(crate) usize);

/// How many flows without an open connection are remembered; the oldest are forgotten first.
const FLOWS_IDLE_MAX: usize = 8_192;

/// What is open and under way.
#[derive(Default)]
pub(crate) struct Flows {
    pub(crate) travels: FxHashMap<PacketId, Travel>,
    flows: Slab<Flow>,
    by_tuple: FlowTable<FlowId>,
    open: Slab<Open>,
    open_by_id: FxHashMap<(NodeId, ConnectionId), OpenId>,
    open_by_tuple: FlowTable<OpenId>,
    places: Places,
    /// Flows in the order of their making, for forgetting.
    order: VecDeque<FlowId>,
    made: u64,
    /// Flows of which something was delivered since a row last told of them.
    untold: Vec<FlowId>,
}

/// A packet under way.
#[derive(Clone, Debug)]
pub(crate) struct Travel {
    /// Where it was made; for a packet that came from outside, where it was first seen.
    pub(crate) origin: NodeId,
    /// The port by which it came to the node where it is.
    port: PortId,
    pub(crate) born: SimTime,
    pub(crate) flow: Option<FlowId>,
    /// As it is now; `None` until it has been seen.
    pub(crate) tuple: Option<FiveTuple>,
    pub(crate) glimpse: Glimpse,
    /// How many nodes it has crossed behind its origin.
    pub(crate) hops: usize,
    /// The last route that was chosen for it, at the node where it is.
    pub(crate) route: CiteId,
    /// Why it was made, where it answers another packet.
    pub(crate) made: Option<Made>,
    /// The node on its way that says most about it.
    pub(crate) landmark: Option<NodeId>,
    rank: u8,
}

/// Why a packet was made.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Made {
    pub(crate) why: Answer,
    pub(crate) by: CiteId,
    pub(crate) offender: PacketId,
    pub(crate) offender_flow: Option<FlowId>,
}

/// What a row says of a packet's content.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Glimpse {
    pub(crate) flags: Option<TcpFlags>,
    pub(crate) icmp: Option<(u8, u8)>,
    pub(crate) payload: usize,
    pub(crate) len: usize,
}

/// One direction of traffic, as its sender sees it.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) origin: NodeId,
    place: u32,
    pub(crate) tuple: FiveTuple,
    /// The nodes that its packets cross, the origin first.
    pub(crate) path: Vec<NodeId>,
    /// The route chosen at each node of the path.
    pub(crate) routes: Vec<CiteId>,
    /// The first packet that took this path; older ones that still travel say nothing new.
    newest: PacketId,
    /// Where its packets once took another way: whether that crossed an endpoint.
    moved_from_endpoint: Option<bool>,
    pub(crate) far: Option<NodeId>,
    far_place: u32,
    /// As the far end saw its last packet.
    pub(crate) seen_as: Option<FiveTuple>,
    /// The last tuple that each translating node made of it.
    translations: Vec<(NodeId, FiveTuple)>,
    pub(crate) connection: Option<OpenId>,
    /// What people call it: the connection's name where it is part of one.
    pub(crate) label: Option<Rc<str>>,
    /// What was delivered of it since the last row that told of it.
    pub(crate) since: Transfer,
    /// What was delivered of it in all.
    pub(crate) total: Transfer,
    /// How long its last delivered packet took.
    pub(crate) transit: Option<Duration>,
    /// The box that says most about the way of its last delivered payload.
    pub(crate) carried_by: Option<NodeId>,
    /// Where its sequence space begins and how far it has been sent.
    sent: Option<(u32, u32)>,
    made: u64,
}

/// Delivered payload.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
}

/// What a segment repeats.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    Nothing,
    /// Bytes, a SYN or a FIN that went out before.
    Earlier,
    /// One byte before the window, to hear whether somebody is there.
    KeepAlive,
}

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
    /// A packet that `node` made. Its bytes are seen when it leaves.
    pub(crate) fn sent(&mut self, at: SimTime, node: NodeId, packet: PacketId) {
        self.travels.insert(packet, Travel::new(at, node));
    }

    /// A packet left a node; true if it is its first.
    pub(crate) fn left(&mut self, at: SimTime, (node, port): (NodeId, PortId), packet: &Packet, names: &Names) -> bool {
        let travel = self.travels.entry(packet.id()).or_insert_with(|| Travel::new(at, node));
        let first = travel.tuple.replace(*packet.tuple()).is_none();
        if first {
            travel.glimpse = Glimpse::of(packet);
            travel.born = at;
            travel.pass(node, names);
            let place = self.places.of(&names.directory, node, port);
            let flow = self.flow_of(node, place, packet.tuple());
            let travel = self.travels.get_mut(&packet.id()).expect("just put there");
            travel.flow = Some(flow);
            let flow = self.flow_mut(flow).expect("just found or made");
            if flow.is_begun_by(packet) {
                flow.begin_again();
            }
            if flow.path.is_empty() {
                flow.path.push(node);
            }
        }
        first
    }

    /// A packet entered a node. `Some(route)` if its flow goes another way than before from here on, by that route.
    pub(crate) fn entered(
        &mut self,
        at: SimTime,
        (node, port): (NodeId, PortId),
        packet: &Packet,
        names: &Names,
    ) -> Option<(FlowId, CiteId)> {
        let Some(travel) = self.travels.get_mut(&packet.id()) else {
            // From outside, or the second of a pair that a link made of one: its flow's path is not known from it.
            let mut travel = Travel::new(at, node);
            travel.tuple = Some(*packet.tuple());
            travel.glimpse = Glimpse::of(packet);
            travel.port = port;
            travel.pass(node, names);
            self.travels.insert(packet.id(), travel);
            return None;
        };
        travel.tuple = Some(*packet.tuple());
        travel.hops += 1;
        travel.port = port;
        travel.pass(node, names);
        let route = std::mem::replace(&mut travel.route, CiteId::NONE);
        let (hops, id) = (travel.hops, travel.flow?);
        let flow = self.flow_mut(id)?;
        if packet.id() < flow.newest {
            return None;
        }
        if flow.routes.len() < hops {
            flow.routes.resize(hops, CiteId::NONE);
        }
        flow.routes[hops - 1] = route;
        match flow.path.get(hops) {
            Some(known) if *known == node => None,
            Some(_) => {
                flow.moved_from_endpoint = Some(crosses_endpoint(names, &flow.path));
                flow.path.truncate(hops);
                flow.routes.truncate(hops);
                flow.path.push(node);
                flow.newest = packet.id();
                Some((id, route))
            }
            None => {
                if flow.path.len() == hops {
                    flow.path.push(node);
                }
                None
            }
        }
    }

    /// The first translation of a flow by a node, and each that differs from the one before.
    pub(crate) fn translated(&mut self, node: NodeId, packet: PacketId, after: &FiveTuple) -> Option<Option<FlowId>> {
        let travel = self.travels.get_mut(&packet)?;
        travel.tuple = Some(*after);
        let Some(id) = travel.flow else { return Some(None) };
        let flow = self.flow_mut(id)?;
        match flow.translations.iter_mut().find(|(at, _)| *at == node) {
            Some((_, known)) if known == after => None,
            // A box that sees a packet twice translates it to and fro in turn; only what is new is news.
            Some((_, known)) => {
                *known = *after;
                Some(Some(id))
            }
            None => {
                flow.translations.push((node, *after));
                Some(Some(id))
            }
        }
    }

    /// The packet was delivered to its host.
    pub(crate) fn delivered(&mut self, at: SimTime, travel: &Travel) {
        let Some(id) = travel.flow else { return };
        let Some(flow) = self.flow_mut(id) else { return };
        flow.transit = Some(at.since(travel.born));
        if travel.glimpse.payload == 0 {
            return;
        }
        let first = flow.since.segments == 0 && flow.label.is_some();
        flow.carried_by = travel.landmark;
        for transfer in [&mut flow.since, &mut flow.total] {
            transfer.segments += 1;
            transfer.bytes += travel.glimpse.payload as u64;
        }
        if first {
            self.untold.push(id);
        }
    }

    /// The flows of which something was delivered since a row last told of them, in the order in which that began. Each
    /// is given out once; some may have been told of meanwhile.
    pub(crate) fn take_untold(&mut self) -> Vec<FlowId> {
        std::mem::take(&mut self.untold)
    }

    /// The packet is seen by a machine at `node`. The tuple under which its flow was seen there before, if it was
    /// another.
    pub(crate) fn seen(
        &mut self,
        node: NodeId,
        packet: PacketId,
        travel: &Travel,
        names: &Names,
    ) -> Option<(FlowId, FiveTuple)> {
        let (id, tuple) = (travel.flow?, travel.tuple?);
        let place = self.places.of(&names.directory, node, travel.port);
        let flow = self.flow_mut(id)?;
        if packet < flow.newest {
            return None;
        }
        flow.far = Some(node);
        flow.far_place = place;
        let before = flow.seen_as.replace(tuple)?;
        (before != tuple).then_some((id, before))
    }

    /// Whether a segment that leaves its host has been sent before.
    pub(crate) fn repeats(&mut self, flow: FlowId, packet: &Packet) -> Repeats {
        let Some(tcp) = packet.tcp() else { return Repeats::Nothing };
        let length = tcp.segment_len();
        let end = tcp.seq.wrapping_add(length);
        let Some(flow) = self.flow_mut(flow) else { return Repeats::Nothing };
        if length == 0 || tcp.flags.has(TcpFlags::RST) {
            return Repeats::Nothing;
        }
        if tcp.flags.has(TcpFlags::SYN) {
            let again = flow.sent.is_some_and(|(start, _)| start == tcp.seq);
            flow.sent = Some((tcp.seq, flow.sent.filter(|_| again).map_or(end, |(_, sent)| sent)));
            return if again { Repeats::Earlier } else { Repeats::Nothing };
        }
        let Some((start, sent)) = flow.sent else {
            flow.sent = Some((tcp.seq, end));
            return Repeats::Nothing;
        };
        // Distances in the sequence space are signed and less than half of it.
        if 0 < end.wrapping_sub(sent).cast_signed() {
            let again = tcp.seq.wrapping_sub(sent).cast_signed() < 0;
            flow.sent = Some((start, end));
            return if again { Repeats::Earlier } else { Repeats::Nothing };
        }
        if tcp.payload_len == 1 && end == sent { Repeats::KeepAlive } else { Repeats::Earlier }
    }

    /// Says that `made` answers `offender`.
    pub(crate) fn answered(&mut self, offender: PacketId, with: PacketId, why: Answer, by: CiteId) {
        let offender_flow = self.travels.get(&offender).and_then(|travel| travel.flow);
        if let Some(travel) = self.travels.get_mut(&with) {
            travel.made = Some(Made { why, by, offender, offender_flow });
        }
    }

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
        let label: Rc<str> = format!("{local} → {}", words::endpoint_name(names, tuple.destination())).into();
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

    /// A flow, if it is still remembered.
    pub(crate) fn flow(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(id.0).filter(|flow| flow.made == id.1)
    }

    /// A flow, to change.
    pub(crate) fn flow_mut(&mut self, id: FlowId) -> Option<&mut Flow> {
        self.flows.get_mut(id.0).filter(|flow| flow.made == id.1)
    }

    fn flow_of(&mut self, node: NodeId, place: u32, tuple: &FiveTuple) -> FlowId {
        if let Some(id) = self.by_tuple.get(tuple, place) {
            return *id;
        }
        self.forget();
        let connection = self.open_by_tuple.get(tuple, place).copied();
        self.made += 1;
        let flow = Flow {
            origin: node,
            place,
            tuple: *tuple,
            path: Vec::new(),
            routes: Vec::new(),
            newest: PacketId(0),
            moved_from_endpoint: None,
            far: None,
            far_place: 0,
            seen_as: None,
            translations: Vec::new(),
            connection,
            label: connection.map(|open| self.open[open.0].label.clone()),
            since: Transfer::default(),
            total: Transfer::default(),
            transit: None,
            carried_by: None,
            sent: None,
            made: self.made,
        };
        let id = FlowId(self.flows.insert(flow), self.made);
        self.by_tuple.insert(tuple, place, id);
        self.order.push_back(id);
        if let Some(open) = connection {
            self.open[open.0].flow = Some(id);
        }
        id
    }

    /// Makes room: of the oldest flows, those without an open connection go, when there are too many without.
    fn forget(&mut self) {
        for _ in 0..2 {
            if self.order.len() < FLOWS_IDLE_MAX + 2 * self.open.len() {
                return;
            }
            let Some(id) = self.order.pop_front() else { return };
            let Some(flow) = self.flow(id) else { continue };
            if flow.connection.is_some() || self.is_answered(flow) {
                self.order.push_back(id);
                continue;
            }
            let flow = self.flows.remove(id.0);
            self.by_tuple.remove(&flow.tuple, flow.place);
        }
    }

    /// Whether an open connection counts what comes by this flow.
    fn is_answered(&self, flow: &Flow) -> bool {
        let seen_as = flow.seen_as.map(|tuple| tuple.reversed());
        seen_as.is_some_and(|back| self.open_by_tuple.get(&back, flow.far_place).is_some())
    }
}

impl Flow {
    /// Whether this is the first segment of another connection with the same tuple.
    fn is_begun_by(&self, packet: &Packet) -> bool {
        let first = packet.tcp().filter(|tcp| tcp.flags.has(TcpFlags::SYN));
        first.zip(self.sent).is_some_and(|(tcp, (start, _))| tcp.seq != start)
    }

    /// Another connection uses the same tuple: its path and sequence numbers are its own.
    fn begin_again(&mut self) {
        self.path.truncate(1);
        self.routes.clear();
        self.moved_from_endpoint = None;
        self.seen_as = None;
        self.translations.clear();
        self.since = Transfer::default();
        self.total = Transfer::default();
        self.sent = None;
    }

    /// Whether its packets were led into an endpoint, or out of one, while it lasted.
    pub(crate) fn is_switched(&self, names: &Names) -> bool {
        self.moved_from_endpoint.is_some_and(|before| before != crosses_endpoint(names, &self.path))
    }

    /// What people call it.
    pub(crate) fn name(&self, names: &Names) -> String {
        if let Some(label) = &self.label {
            return label.to_string();
        }
        let to = match self.tuple.protocol.has_ports() {
            true => words::endpoint_name(names, self.tuple.destination()),
            false => words::address_name(names, self.tuple.dst),
        };
        match (names.directory.node(self.origin), self.tuple.protocol.has_ports()) {
            ("", _) => words::tuple_name(names, &self.tuple),
            (name, true) => format!("{name}:{} → {to}", self.tuple.src_port),
            (name, false) => format!("{name} → {to}"),
        }
    }
}

impl Travel {
    fn new(born: SimTime, origin: NodeId) -> Self {
        Self {
            origin,
            port: PortId(0),
            born,
            flow: None,
            tuple: None,
            glimpse: Glimpse::default(),
            hops: 0,
            route: CiteId::NONE,
            made: None,
            landmark: None,
            rank: 0,
        }
    }

    fn pass(&mut self, node: NodeId, names: &Names) {
        let rank = rank(names, node);
        if self.rank < rank {
            self.rank = rank;
            self.landmark = Some(node);
        }
    }
}

impl Glimpse {
    fn of(packet: &Packet) -> Self {
        Self {
            flags: packet.tcp().map(|tcp| tcp.flags),
            icmp: packet.icmp(),
            payload: packet.payload().len(),
            len: packet.len(),
        }
    }

    /// What kind of packet it is, in a word or two.
    pub(crate) fn text(&self) -> String {
        match (self.flags, self.icmp) {
            (Some(flags), _) => words::segment_text(flags, self.payload),
            (None, Some((0 | 129, _))) => "echo reply".to_owned(),
            (None, Some((8 | 128, _))) => "echo request".to_owned(),
            (None, Some(_)) => "ICMP error".to_owned(),
            (None, None) => words::bytes_text(self.payload as u64),
        }
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.flags.is_some_and(|flags| flags.has(TcpFlags::RST))
    }
}

/// How much a node says about the path that it lies on: a path is called after the box that says most.
fn rank(names: &Names, node: NodeId) -> u8 {
    let Some(info) = names.directory.nodes.get(node.0 as usize) else { return 0 };
    match info.component {
        Component::VpcEndpoint => 7,
        Component::NatGateway => 6,
        Component::VpcPeeringConnection | Component::ClassicLink => 5,
        Component::VpnGateway => 4,
        Component::EgressOnlyInternetGateway | Component::InternetGateway => 3,
        Component::Internet => 2,
        Component::Vpc => 1,
        Component::None
        | Component::Route
        | Component::RouteTable
        | Component::SecurityGroup
        | Component::NetworkAcl
        | Component::NetworkInterface
        | Component::Instance
        | Component::Service
        | Component::Link => 0,
    }
}

fn crosses_endpoint(names: &Names, path: &[NodeId]) -> bool {
    let is_endpoint = |node: &NodeId| {
        names.directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::VpcEndpoint)
    };
    path.iter().any(is_endpoint)
}

/// The box that a path is called after.
pub(crate) fn landmark(names: &Names, path: &[NodeId]) -> Option<NodeId> {
    let ranked = path.iter().map(|node| (rank(names, *node), *node)).filter(|(rank, _)| 0 < *rank);
    // The first of equals: with two routers, the sender's own.
    ranked.reduce(|best, next| if best.0 < next.0 { next } else { best }).map(|(_, node)| node)
}

/// The nodes of a path by name, each VPC's router once: `client → main → nat → igw → internet → s3`.
pub(crate) fn path_text(names: &Names, path: &[NodeId]) -> String {
    path_names(names, path).join(" → ")
}

/// The same as a list.
pub(crate) fn path_names(names: &Names, path: &[NodeId]) -> Vec<String> {
    let is_router =
        |node: &NodeId| names.directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::Vpc);
    let once = |(index, node): &(usize, &NodeId)| !(is_router(node) && path[..*index].contains(node));
    path.iter().enumerate().filter(once).map(|(_, node)| words::node_name(names, *node)).collect()
}

#[cfg(test)]
mod tests;
