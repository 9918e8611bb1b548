//! A NAT instance: an ordinary machine that forwards for its VPC and translates to its own address (facts N8, N21). Its
//! security groups and its source/destination check are the router's affair.

use std::net::IpAddr;

use crate::base::{Cidr, SimTime};
use crate::data_plane::{NatLimits, NatTable};
use crate::engine::Effects;
use crate::host::Forwarder;
use crate::packet::{IcmpError, Packet, Protocol, TcpFlags, build_fin};
use crate::trace::{Absorbed, Answer, CiteId, DropReason, PortId, Step};

/// Translation on a machine with one address.
pub(super) struct NatInstance {
    address: IpAddr,
    /// Whose packets it translates: its VPC's.
    blocks: Vec<Cidr>,
    cite: CiteId,
    table: NatTable,
}

/// Time to live of what it makes itself.
const OWN_TTL: u8 = 255;

impl NatInstance {
    pub(super) fn new(address: IpAddr, blocks: Vec<Cidr>, limits: NatLimits, cite: CiteId) -> Self {
        Self { address, blocks, cite, table: NatTable::new(limits) }
    }

    fn outward(&mut self, now: SimTime, port: PortId, mut packet: Packet, out: &mut Effects<'_>) {
        let tuple = *packet.tuple();
        let known = matches!(tuple.protocol, Protocol::TCP | Protocol::UDP | Protocol::ICMP) && packet.is_v4();
        if !known || !self.blocks.iter().any(|block| block.contains(tuple.src)) {
            return out.drop(packet, DropReason::NotForHost, self.cite);
        }
        if !packet.decrement_ttl() {
            out.send_icmp_error(IcmpError::TimeExceeded, self.address, OWN_TTL, &packet, port);
            return out.drop(packet, DropReason::TtlExpired, self.cite);
        }
        let flags = packet.tcp_flags();
        let opens = tuple.protocol != Protocol::TCP || flags.opens();
        let outside = match self.table.outbound(now, &tuple, flags) {
            Some(mapping) => mapping.outside,
            None if opens => match self.table.allocate(now, &tuple, self.address) {
                Ok(mapping) => mapping.outside,
                Err(_) => return out.drop(packet, DropReason::NatPortsExhausted, self.cite),
            },
            None => return self.forgot(port, packet, out),
        };
        packet.set_source(outside.source());
        out.step(packet.id(), Step::Translated { before: tuple, after: *packet.tuple(), by: self.cite });
        out.send(port, packet);
    }

    /// A segment of a connection that it has forgotten: FIN to its sender (facts N6).
    fn forgot(&self, port: PortId, packet: Packet, out: &mut Effects<'_>) {
        if packet.tcp_flags().has(TcpFlags::RST) {
            return out.drop(packet, DropReason::NatNoMapping, self.cite);
        }
        let fin = out.packet(|buffer| {
            build_fin(buffer, &packet, OWN_TTL);
        });
        match fin {
            Ok(fin) => {
                out.step(packet.id(), Step::Answered { with: fin.id(), why: Answer::NatInstanceForgot, by: self.cite });
                out.absorb(packet, Absorbed::Answered);
                out.send(port, fin);
            }
            Err(_) => out.drop(packet, DropReason::NatNoMapping, self.cite),
        }
    }
}

impl Forwarder for NatInstance {
    fn offer(
        &mut self,
        now: SimTime,
        from: PortId,
        mut packet: Packet,
        own: bool,
        out: &mut Effects<'_>,
    ) -> Option<Packet> {
        if !own {
            self.outward(now, from, packet, out);
            return None;
        }
        let tuple = *packet.tuple();
        let inside = self.table.inbound(now, &tuple, packet.tcp_flags()).map(|mapping| mapping.inside_source());
        // What it translated for nobody is for itself.
        let Some(inside) = inside else { return Some(packet) };
        if !packet.decrement_ttl() {
            out.send_icmp_error(IcmpError::TimeExceeded, self.address, OWN_TTL, &packet, from);
            out.drop(packet, DropReason::TtlExpired, self.cite);
            return None;
        }
        packet.set_destination(inside);
        out.step(packet.id(), Step::Translated { before: tuple, after: *packet.tuple(), by: self.cite });
        out.send(from, packet);
        None
    }
}
