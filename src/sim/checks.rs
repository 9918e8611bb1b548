//! Invariants watched on a run: every packet ends once, checksums are true at every hop, nothing private reaches the
//! internet. Changes nothing.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::base::SimTime;
use crate::packet::{Packet, PacketId, checksums_hold, describe};
use crate::trace::{Component, Directory, NodeId, Observer, PortId, Sees, Step};

/// Watches a run and collects what must not happen.
#[derive(Debug, Default)]
pub struct Checks {
    /// The nodes that are the internet, where no private source may appear.
    internet: Vec<NodeId>,
    /// Where each packet is that has not ended: how many hold it.
    open: FxHashMap<PacketId, NodeId>,
    violations: Vec<String>,
    /// How many packets entered nodes and were looked at.
    pub looked_at: u64,
}

/// The most violations kept: beyond that something is broken as a whole.
const VIOLATIONS_MAX: usize = 50;

impl Checks {
    /// Watches a world whose internet is these nodes.
    pub fn new(internet: Vec<NodeId>) -> Self {
        Self { internet, ..Self::default() }
    }

    /// Watches the world of a directory.
    pub fn of(directory: &Directory) -> Self {
        let nodes = directory.nodes.iter().enumerate();
        let internet = nodes.filter(|(_, info)| info.component == Component::Internet && info.id == "internet");
        Self::new(internet.map(|(index, _)| NodeId(index as u32)).collect())
    }

    /// What must not have happened, in order.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// How many packets have begun and not ended.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    fn violated(&mut self, at: SimTime, node: NodeId, what: impl FnOnce() -> String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(format!("{at} node {}: {}", node.0, what()));
        }
    }
}

impl Observer for Checks {
    fn sees(&self) -> Sees {
        Sees { packets: true, steps: true, notes: false }
    }

    fn entered(&mut self, at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
        self.looked_at += 1;
        self.open.insert(packet.id(), node);
        if !checksums_hold(packet) {
            self.violated(at, node, || format!("a checksum is not true: {}", describe(packet)));
        }
        if self.internet.contains(&node) && is_private(packet.src()) {
            self.violated(at, node, || format!("a private source on the internet: {}", describe(packet)));
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if *step == Step::Sent {
            if self.open.insert(packet, node).is_some() {
                self.violated(at, node, || format!("packet {packet} began twice"));
            }
        } else if step.is_end() && self.open.remove(&packet).is_none() {
            self.violated(at, node, || format!("packet {packet} ended twice, or before it began: {step:?}"));
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}
