//! A peering connection: joins two VPCs, and carries nothing that goes on behind them. Takes no TTL (measured on AWS).

use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::Packet;
use crate::trace::{CiteId, DropReason, PortId};

/// A peering connection. Port 0 leads to the VPC that asked for it, port 1 to the one that accepted.
pub struct PeeringConnection {
    /// The blocks of the VPC behind each port.
    pub blocks: [Vec<Cidr>; 2],
    /// The connection, to cite.
    pub cite: CiteId,
}

impl PeeringConnection {
    /// The port to the VPC that asked.
    pub const REQUESTER: PortId = PortId(0);
    /// The port to the VPC that accepted.
    pub const ACCEPTER: PortId = PortId(1);

    /// A connection between VPCs with these blocks.
    pub fn new(requester: Vec<Cidr>, accepter: Vec<Cidr>, cite: CiteId) -> Self {
        Self { blocks: [requester, accepter], cite }
    }
}

impl Node for PeeringConnection {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let (to, far) = match from {
            Self::REQUESTER => (Self::ACCEPTER, &self.blocks[1]),
            _ => (Self::REQUESTER, &self.blocks[0]),
        };
        // A peer uses no gateway and no endpoint of the other VPC: only its own addresses are reached (facts P1, P2).
        if far.iter().any(|block| block.contains(packet.dst())) {
            out.send(to, packet);
        } else {
            out.drop(packet, DropReason::PeeringAddress, self.cite);
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
