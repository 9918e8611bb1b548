//! A virtual private gateway: VPN connections and private Direct Connect interfaces of one VPC (facts P3, P4).

use std::net::IpAddr;

use crate::base::{Cidr, PrefixTable, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::Packet;
use crate::trace::{CiteId, DropReason, PortId};

/// A virtual private gateway. Port 0 leads to the VPC, the others to connections.
pub struct VpnGateway {
    /// The VPC's blocks.
    pub blocks: Vec<Cidr>,
    /// The gateway, to cite.
    pub cite: CiteId,
    table: PrefixTable<PortId>,
}

impl VpnGateway {
    /// The port to the VPC.
    pub const VPC: PortId = PortId(0);

    /// A gateway that knows no networks.
    pub fn new(blocks: Vec<Cidr>, cite: CiteId) -> Self {
        Self { blocks, cite, table: PrefixTable::new() }
    }

    /// Replaces what it knows: each network, and the port of the connection that leads to it.
    pub fn learn(&mut self, networks: impl IntoIterator<Item = (Cidr, PortId)>) {
        self.table = PrefixTable::new();
        for (block, port) in networks {
            self.table.insert(block, port);
        }
    }

    fn owns(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.contains(address))
    }
}

impl Node for VpnGateway {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let (src, dst) = (packet.src(), packet.dst());
        if from == Self::VPC {
            if !self.owns(src) {
                return out.drop(packet, DropReason::VgwAddress, self.cite);
            }
            return match self.table.lookup(dst).copied() {
                Some(port) => out.send(port, packet),
                None => out.drop(packet, DropReason::VgwNoRoute, self.cite),
            };
        }
        // From a connection only the VPC's own addresses are reached: neither its internet gateway, nor its NAT gateway,
        // nor its endpoints (R26).
        if self.owns(dst) {
            out.send(Self::VPC, packet);
        } else {
            out.drop(packet, DropReason::VgwNoRoute, self.cite);
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
