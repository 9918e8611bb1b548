//! Whoever listens to a run: a recorder, a capture, a live page. Off, it costs one branch.

use super::{Citations, Directory, Note, Step};
use crate::base::SimTime;
use crate::packet::{Packet, PacketId};

/// A box or host in the graph.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// Where a link meets a node; numbered by the node. Never a TCP port.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u32);

/// What an observer wants to hear of.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Sees {
    /// Packets with their bytes, as they enter and leave nodes.
    pub packets: bool,
    /// Steps of packets.
    pub steps: bool,
    /// Notes of connections, programs and services.
    pub notes: bool,
}

impl Sees {
    /// Everything.
    pub const ALL: Self = Self { packets: true, steps: true, notes: true };
    /// Nothing.
    pub const NOTHING: Self = Self { packets: false, steps: false, notes: false };
}

/// What an observer asks of the engine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Attention {
    /// Go on.
    Continue,
    /// Stop after this event, at this instant: something is to be done.
    Stop,
}

/// Whoever listens. Calls come in the order of events.
///
/// For each packet and node the order is: `entered` (or a `Sent` step), steps, and `left` for each packet that goes out,
/// or the step that ends it.
pub trait Observer {
    /// What it wants to hear of; asked before each stretch of a run.
    fn sees(&self) -> Sees;

    /// Names and citations have been added. Called by whoever holds them, before the first stretch of a run and after
    /// each change, so that no handle reaches an observer before its meaning.
    fn learn(&mut self, citations: &Citations, directory: &Directory) {
        let _ = (citations, directory);
    }

    /// A change of the control plane was made, or refused; `text` names it as a person would. Further lines of either
    /// text tell more.
    fn change(&mut self, at: SimTime, text: &str, refused: Option<&str>) {
        let _ = (at, text, refused);
    }

    /// A packet arrived at a node.
    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        let _ = (at, node, port, packet);
    }

    /// A packet leaves a node.
    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        let _ = (at, node, port, packet);
    }

    /// Something was done to a packet at a node.
    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        let _ = (at, node, packet, step);
    }

    /// A host says something of a connection or program.
    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        let _ = (at, node, note);
        Attention::Continue
    }
}

/// Hears nothing.
impl Observer for () {
    fn sees(&self) -> Sees {
        Sees::NOTHING
    }
}

/// Several observers as one, told in this order.
pub struct Observers<'a> {
    all: Vec<(Sees, &'a mut dyn Observer)>,
    sees: Sees,
}

impl<'a> Observers<'a> {
    /// What each wants to hear of is asked here, once.
    pub fn new(all: impl IntoIterator<Item = &'a mut dyn Observer>) -> Self {
        let all: Vec<_> = all.into_iter().map(|observer| (observer.sees(), observer)).collect();
        let any = |of: fn(Sees) -> bool| all.iter().any(|(sees, _)| of(*sees));
        let sees = Sees { packets: any(|s| s.packets), steps: any(|s| s.steps), notes: any(|s| s.notes) };
        Self { all, sees }
    }
}

impl Observer for Observers<'_> {
    fn sees(&self) -> Sees {
        self.sees
    }

    fn learn(&mut self, citations: &Citations, directory: &Directory) {
        self.all.iter_mut().for_each(|(_, observer)| observer.learn(citations, directory));
    }

    fn change(&mut self, at: SimTime, text: &str, refused: Option<&str>) {
        self.all.iter_mut().for_each(|(_, observer)| observer.change(at, text, refused));
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        for (_, observer) in self.all.iter_mut().filter(|(sees, _)| sees.packets) {
            observer.entered(at, node, port, packet);
        }
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        for (_, observer) in self.all.iter_mut().filter(|(sees, _)| sees.packets) {
            observer.left(at, node, port, packet);
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        for (_, observer) in self.all.iter_mut().filter(|(sees, _)| sees.steps) {
            observer.step(at, node, packet, step);
        }
    }

    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        let mut attention = Attention::Continue;
        for (_, observer) in self.all.iter_mut().filter(|(sees, _)| sees.notes) {
            if observer.note(at, node, note) == Attention::Stop {
                attention = Attention::Stop;
            }
        }
        attention
    }
}
