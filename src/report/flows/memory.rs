//! The memory of what is open and under way: it is told what packets do, and forgets what nobody needs any more.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;
use slab::Slab;

use super::flow::{Flow, FlowId, Repeats};
use super::open::{Open, OpenId};
use super::path::endpoint_of;
use super::travel::{Glimpse, Made, Travel};
use crate::base::SimTime;
use crate::packet::{FiveTuple, FlowTable, Packet, PacketId};
use crate::trace::{Answer, CiteId, ConnectionId, Names, NodeId, Places, PortId, ProgramId};

/// How many flows without an open connection are remembered; the oldest are forgotten first.
pub(super) const FLOWS_IDLE_MAX: usize = 8_192;

/// What is open and under way.
#[derive(Default)]
pub(crate) struct Flows {
    pub(crate) travels: FxHashMap<PacketId, Travel>,
    pub(super) flows: Slab<Flow>,
    pub(super) by_tuple: FlowTable<FlowId>,
    pub(super) open: Slab<Open>,
    pub(super) open_by_id: FxHashMap<(NodeId, ConnectionId), OpenId>,
    pub(super) open_by_tuple: FlowTable<OpenId>,
    pub(super) places: Places,
    /// Flows in the order of their making, for forgetting.
    pub(super) order: VecDeque<FlowId>,
    /// Programs whose last reset connection had been switched.
    pub(super) switched: BTreeSet<ProgramId>,
    made: u64,
    /// Flows of which something was delivered since a row last told of them.
    untold: Vec<FlowId>,
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
                flow.moved_from = Some(endpoint_of(names, &flow.path));
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
        self.flow_mut(flow).map_or(Repeats::Nothing, |flow| flow.repeats(packet))
    }

    /// Says that `made` answers `offender`.
    pub(crate) fn answered(&mut self, offender: PacketId, with: PacketId, why: Answer, by: CiteId) {
        let offender_flow = self.travels.get(&offender).and_then(|travel| travel.flow);
        if let Some(travel) = self.travels.get_mut(&with) {
            travel.made = Some(Made { why, by, offender, offender_flow });
        }
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
        let label = connection.map(|open| self.open[open.0].label.clone());
        let mut flow = Flow::new(node, place, *tuple, self.made);
        (flow.connection, flow.label) = (connection, label);
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
