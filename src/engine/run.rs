//! The engine: nodes, wires and events, advanced to an instant by whoever calls. Never advances by itself.

use std::any::Any;
use std::collections::VecDeque;

use super::effects::{Core, Counters, Effects};
use super::event::{Due, EventClass, EventKey};
use super::impair::Impairment;
use super::link::{LinkSpec, Wire};
use super::node::Node;
use super::queue::EventQueue;
use crate::base::SimTime;
use crate::packet::{Malformed, Packet, PacketPool, checksums_hold};
use crate::trace::{NodeId, Observer, PortId};

/// Why a run stopped.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Everything before the horizon has happened, and now is the horizon.
    Horizon,
    /// Nothing is left to happen.
    Idle,
    /// The budget of events is spent: something goes in circles, or more was asked than was allowed.
    BudgetSpent,
    /// An observer asked for attention; now is the instant of the event it heard of.
    Attention,
}

/// A graph of nodes and links, and what is due in it.
pub struct Engine {
    nodes: Vec<Box<dyn Node>>,
    core: Core,
}

impl Engine {
    /// An engine without nodes, at the start of time.
    pub fn new() -> Self {
        let core = Core {
            now: SimTime::ZERO,
            wires: Vec::new(),
            queue: EventQueue::new(),
            cascade: VecDeque::new(),
            pool: PacketPool::new(),
            next_packet: 1,
            counters: Counters::default(),
            attention: false,
        };
        Self { nodes: Vec::new(), core }
    }

    /// Adds a node.
    pub fn add(&mut self, node: impl Node) -> NodeId {
        self.nodes.push(Box::new(node));
        self.core.wires.push(Vec::new());
        NodeId(u32::try_from(self.nodes.len() - 1).expect("fewer than four billion nodes"))
    }

    /// Puts a link between two ports; the links that were at either are gone, both directions of them.
    pub fn connect(&mut self, a: (NodeId, PortId), b: (NodeId, PortId), spec: LinkSpec) {
        self.disconnect(a);
        self.disconnect(b);
        *self.slot(a) = Some(Wire::new(b.0, b.1, spec.there));
        *self.slot(b) = Some(Wire::new(a.0, a.1, spec.back));
    }

    /// Takes away the link at a port, both directions of it. What is under way on it still arrives.
    pub fn disconnect(&mut self, end: (NodeId, PortId)) {
        if let Some(wire) = self.slot(end).take() {
            *self.slot((wire.to, wire.to_port)) = None;
        }
    }

    /// Impairs the line that leaves `end`, or mends it with `None`.
    pub fn impair(&mut self, end: (NodeId, PortId), impairment: Option<Impairment>) {
        if let Some(wire) = self.slot(end) {
            wire.impairment = impairment.map(Box::new);
        }
    }

    /// Changes the spec of the line that leaves `end`.
    pub fn respec(&mut self, end: (NodeId, PortId), change: impl FnOnce(&mut super::LineSpec)) {
        if let Some(wire) = self.slot(end) {
            change(&mut wire.spec);
        }
    }

    /// Takes the line that leaves `end` down or up.
    pub fn set_up(&mut self, end: (NodeId, PortId), up: bool) {
        if let Some(wire) = self.slot(end) {
            wire.up = up;
        }
    }

    /// Where the link at `end` leads.
    pub fn peer(&self, end: (NodeId, PortId)) -> Option<(NodeId, PortId)> {
        let wire = self.core.wires.get(end.0.0 as usize)?.get(end.1.0 as usize)?.as_ref()?;
        Some((wire.to, wire.to_port))
    }

    /// Runs all events before `horizon`, at most `budget` of them.
    ///
    /// Events at the horizon itself are left: changes that the caller makes at that instant come before them.
    pub fn run_until(&mut self, horizon: SimTime, budget: u64, observer: &mut dyn Observer) -> Stop {
        let limit = EventKey::new(horizon, EventClass::Arrival).0;
        // Asked for outside of a run, by what the caller did to a node: it is due before the next event.
        if std::mem::take(&mut self.core.attention) {
            return Stop::Attention;
        }
        for _ in 0..budget {
            let Some((key, event)) = self.core.queue.pop_below(limit) else {
                // At the end of time nothing is left to wait for: the clock stays where the last event left it.
                if horizon < SimTime::FAR {
                    self.core.now = self.core.now.max(horizon);
                }
                return if self.core.queue.is_empty() { Stop::Idle } else { Stop::Horizon };
            };
            self.core.now = EventKey(key).at();
            self.core.counters.events += 1;
            let node = event.node;
            match event.what {
                Due::Arrival(packet) => self.arrive(node, event.port, packet, observer),
                Due::Timer(token) => {
                    let now = self.core.now;
                    self.act(node, observer, |node, out| node.on_timer(now, token, out));
                }
            }
            self.drain(observer);
            if std::mem::take(&mut self.core.attention) {
                return Stop::Attention;
            }
        }
        Stop::BudgetSpent
    }

    /// Brings bytes from outside in at a node's port, now. Refused unless they are one well-formed packet with true
    /// checksums.
    pub fn inject(&mut self, to: (NodeId, PortId), bytes: &[u8], observer: &mut dyn Observer) -> Result<(), Malformed> {
        let mut packet = self.core.pool.packet(|buffer| buffer.extend_from_slice(bytes))?;
        if !checksums_hold(&packet) {
            self.core.pool.recycle(packet);
            return Err(Malformed::Checksum);
        }
        packet.set_id(crate::packet::PacketId(self.core.next_packet));
        self.core.next_packet += 1;
        self.core.counters.born += 1;
        self.arrive(to.0, to.1, packet, observer);
        self.drain(observer);
        Ok(())
    }

    /// Lets `act` work on a node with effects, now: how programs are started and tables exchanged. `None` if the node
    /// is of another type.
    pub fn with<N: Node, R>(
        &mut self,
        node: NodeId,
        observer: &mut dyn Observer,
        act: impl FnOnce(&mut N, &mut Effects<'_>) -> R,
    ) -> Option<R> {
        let answer = self.act(node, observer, |node, out| {
            let node: &mut dyn Any = node;
            node.downcast_mut::<N>().map(|node| act(node, out))
        });
        self.drain(observer);
        answer
    }

    /// A node, to change its tables.
    pub fn node_mut<N: Node>(&mut self, node: NodeId) -> Option<&mut N> {
        let node: &mut dyn Any = self.nodes.get_mut(node.0 as usize)?.as_mut();
        node.downcast_mut()
    }

    /// A node, to look at.
    pub fn node<N: Node>(&self, node: NodeId) -> Option<&N> {
        let node: &dyn Any = self.nodes.get(node.0 as usize)?.as_ref();
        node.downcast_ref()
    }

    /// The instant up to which everything has happened.
    pub fn now(&self) -> SimTime {
        self.core.now
    }

    /// When the next event is due. Changes with every call that takes `&mut self`.
    pub fn next_event(&self) -> Option<SimTime> {
        self.core.queue.next_key().map(|key| EventKey(key).at())
    }

    /// How many packets began and ended.
    pub fn counters(&self) -> Counters {
        self.core.counters
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    fn arrive(&mut self, node: NodeId, port: PortId, packet: Packet, observer: &mut dyn Observer) {
        let now = self.core.now;
        let sees = observer.sees();
        if sees.packets {
            observer.entered(now, node, port, &packet);
        }
        self.act(node, observer, |node, out| node.on_packet(now, port, packet, out));
    }

    fn drain(&mut self, observer: &mut dyn Observer) {
        while let Some((node, port, packet)) = self.core.cascade.pop_front() {
            self.arrive(node, port, packet, observer);
        }
    }

    fn act<R>(
        &mut self,
        id: NodeId,
        observer: &mut dyn Observer,
        act: impl FnOnce(&mut dyn Node, &mut Effects<'_>) -> R,
    ) -> R {
        let sees = observer.sees();
        let mut out = Effects { core: &mut self.core, observer, sees, node: id };
        let node = self.nodes[id.0 as usize].as_mut();
        act(node, &mut out)
    }

    fn slot(&mut self, (node, port): (NodeId, PortId)) -> &mut Option<Wire> {
        let ports = &mut self.core.wires[node.0 as usize];
        let index = port.0 as usize;
        if ports.len() <= index {
            ports.resize_with(index + 1, || None);
        }
        &mut ports[index]
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}
