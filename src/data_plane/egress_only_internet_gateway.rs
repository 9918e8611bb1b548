//! The way out for IPv6 that lets only answers in. Translates nothing.

use std::time::Duration;

use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{FlowTable, Packet};
use crate::trace::{CiteId, DropReason, PortId};

/// An egress-only internet gateway. Port 0 leads to the VPC, port 1 to the internet.
pub struct EgressOnlyInternetGateway {
    /// The VPC's IPv6 blocks.
    pub blocks: Vec<Cidr>,
    /// The gateway, to cite.
    pub cite: CiteId,
    flows: FlowTable<SimTime>,
    sweep_at: usize,
}

/// How long a flow without packets is remembered. UNSOURCED; the idle time of a NAT gateway.
const IDLE_TIMEOUT: Duration = Duration::from_secs(350);
/// The most flows remembered.
const FLOWS_MAX: usize = 1_048_576;
const SWEEP_MIN: usize = 1_024;

impl EgressOnlyInternetGateway {
    /// The port to the VPC.
    pub const VPC: PortId = PortId(0);
    /// The port to the internet.
    pub const INTERNET: PortId = PortId(1);

    /// A gateway that has seen nothing.
    pub fn new(blocks: Vec<Cidr>, cite: CiteId) -> Self {
        Self { blocks, cite, flows: FlowTable::new(), sweep_at: SWEEP_MIN }
    }
}

impl Node for EgressOnlyInternetGateway {
    fn on_packet(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let expires = now.after(IDLE_TIMEOUT);
        if from == Self::VPC {
            if packet.is_v4() || !self.blocks.iter().any(|block| block.contains(packet.src())) {
                return out.drop(packet, DropReason::Spoofed, self.cite);
            }
            if self.sweep_at <= self.flows.len() {
                self.flows.retain(|expires| now <= *expires);
                self.sweep_at = (self.flows.len() * 2).max(SWEEP_MIN);
            }
            if FLOWS_MAX <= self.flows.len() {
                return out.drop(packet, DropReason::ConntrackFull, self.cite);
            }
            self.flows.insert(&packet.tuple().reversed(), 0, expires);
            return out.send(Self::INTERNET, packet);
        }
        let tuple = packet.quoted().map_or(*packet.tuple(), |quoted| quoted.tuple.reversed());
        match self.flows.get_mut(&tuple, 0) {
            Some(flow) if now <= *flow => {
                *flow = expires;
                out.send(Self::VPC, packet);
            }
            _ => out.drop(packet, DropReason::EgressOnly, self.cite),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
