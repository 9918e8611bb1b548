//! The NAT gateway: when to translate, when to refuse, when to reset (facts N1–N16). Routes nothing: its packets go
//! back into the VPC through its own interface, and meet the route table of its subnet there.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::nat_table::{Mapping, NatLimits, NatTable, Refusal};
use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{FiveTuple, FragmentPorts, IcmpError, Packet, Protocol, TcpFlags, build_reset};
use crate::trace::{Absorbed, Answer, CiteId, DropReason, PortId, Step};

/// A NAT gateway that translates to one private address. Port 0 is its interface in its subnet.
pub struct NatGateway {
    /// Its private address, which the internet gateway translates to its Elastic IP.
    pub address: IpAddr,
    /// Its further private addresses, with the Elastic IPs of their own. It gives no connection one of them.
    pub others: Vec<IpAddr>,
    /// The VPC's blocks: only packets from there are served (facts N14).
    pub blocks: Vec<Cidr>,
    /// Whether it is available: false while pending, deleted, or while its zone is down.
    pub available: bool,
    /// The gateway, to cite.
    pub cite: CiteId,
    table: NatTable,
    fragments: FragmentPorts,
    /// Connections refused for want of a port (CloudWatch: ErrorPortAllocation, facts N4).
    pub port_allocation_errors: u64,
}

/// Time to live of the packets that it makes itself: ICMP errors and RSTs.
const OWN_TTL: u8 = 255;

impl NatGateway {
    /// Its one port.
    pub const INTERFACE: PortId = PortId(0);

    /// A gateway without mappings.
    pub fn new(address: IpAddr, blocks: Vec<Cidr>, limits: NatLimits, cite: CiteId) -> Self {
        Self {
            address,
            others: Vec::new(),
            blocks,
            available: true,
            cite,
            table: NatTable::new(limits),
            fragments: FragmentPorts::default(),
            port_allocation_errors: 0,
        }
    }

    /// Its mappings.
    pub fn table(&self) -> &NatTable {
        &self.table
    }

    /// Its mappings, to change limits or forget them.
    pub fn table_mut(&mut self) -> &mut NatTable {
        &mut self.table
    }

    fn take_from_inside(&mut self, now: SimTime, tuple: FiveTuple, mut packet: Packet, out: &mut Effects<'_>) {
        if !matches!(tuple.protocol, Protocol::TCP | Protocol::UDP | Protocol::ICMP) || !packet.is_v4() {
            return out.drop(packet, DropReason::NatProtocol, self.cite);
        }
        if packet.fragment().is_some() && tuple.protocol != Protocol::UDP {
            return out.drop(packet, DropReason::NatFragment, self.cite);
        }
        if !packet.decrement_ttl() {
            out.send_icmp_error(IcmpError::TimeExceeded, self.address, OWN_TTL, &packet, Self::INTERFACE);
            return out.drop(packet, DropReason::TtlExpired, self.cite);
        }
        if let Some(quoted) = packet.quoted() {
            // An error about a packet that came in through a mapping: it goes out as if from the mapping's outside.
            let Some(mapping) = self.table.find_inside(&quoted.tuple.reversed()) else {
                return out.drop(packet, DropReason::NatNoMapping, self.cite);
            };
            let outside = mapping.outside.source();
            let before = *packet.tuple();
            packet.set_source(SocketAddr::new(self.address, 0));
            packet.translate_quote(None, Some(outside));
            return self.forward(before, packet, out);
        }
        let flags = packet.tcp_flags();
        let opens = match tuple.protocol {
            Protocol::TCP => flags.opens(),
            // An echo request begins something; a reply, and other ICMP, belongs to something seen before.
            Protocol::ICMP => is_echo_request(&packet),
            _ => true,
        };
        let outside = match self.table.outbound(now, &tuple, flags) {
            Some(mapping) => mapping.outside,
            None if opens => match self.table.allocate(now, &tuple, self.address) {
                Ok(mapping) => mapping.outside,
                Err(Refusal::PortsExhausted | Refusal::TableFull) => {
                    self.port_allocation_errors += 1;
                    return out.drop(packet, DropReason::NatPortsExhausted, self.cite);
                }
            },
            None => return self.refuse(packet, out),
        };
        let before = *packet.tuple();
        packet.set_source(outside.source());
        self.forward(before, packet, out);
    }

    /// A segment of a connection that the gateway did not see begin, or has forgotten: an RST to its sender, whose
    /// sequence number is the segment's acknowledgment number, and nothing to the outside (facts N6, N9).
    fn refuse(&mut self, packet: Packet, out: &mut Effects<'_>) {
        if packet.tcp_flags().has(TcpFlags::RST) {
            return out.drop(packet, DropReason::NatNoMapping, self.cite);
        }
        let reset = out.packet(|buffer| {
            build_reset(buffer, &packet, OWN_TTL);
        });
        match reset {
            Ok(reset) => {
                let (with, why) = (reset.id(), Answer::NatNoMapping);
                out.step(packet.id(), Step::Answered { with, why, by: self.cite });
                out.absorb(packet, Absorbed::Answered);
                out.send(Self::INTERFACE, reset);
            }
            Err(_) => out.drop(packet, DropReason::NatNoMapping, self.cite),
        }
    }

    fn take_from_outside(&mut self, now: SimTime, tuple: FiveTuple, mut packet: Packet, out: &mut Effects<'_>) {
        let from_vpc = self.blocks.iter().any(|block| block.contains(tuple.src));
        let quoted = packet.quoted();
        let inside = match &quoted {
            // An error about a packet that went out through a mapping.
            Some(quoted) => self.table.find_outside(&quoted.tuple).map(Mapping::inside_source),
            // Whoever was pinged may not ping back through the mapping: that is nothing the gateway saw begin.
            None if is_echo_request(&packet) => None,
            None => self.table.inbound(now, &tuple, packet.tcp_flags()).map(Mapping::inside_source),
        };
        let Some(inside) = inside else {
            let reason = if from_vpc { DropReason::NatNotAddressable } else { DropReason::NatNoMapping };
            return out.drop(packet, reason, self.cite);
        };
        if packet.fragment().is_some() && tuple.protocol != Protocol::UDP {
            return out.drop(packet, DropReason::NatFragment, self.cite);
        }
        if !packet.decrement_ttl() {
            out.send_icmp_error(IcmpError::TimeExceeded, self.address, OWN_TTL, &packet, Self::INTERFACE);
            return out.drop(packet, DropReason::TtlExpired, self.cite);
        }
        let before = *packet.tuple();
        if quoted.is_some() {
            packet.set_destination(SocketAddr::new(inside.ip(), 0));
            packet.translate_quote(Some(inside), None);
        } else {
            packet.set_destination(inside);
        }
        self.forward(before, packet, out);
    }

    fn forward(&self, before: FiveTuple, packet: Packet, out: &mut Effects<'_>) {
        out.step(packet.id(), Step::Translated { before, after: *packet.tuple(), by: self.cite });
        out.send(Self::INTERFACE, packet);
    }
}

impl Node for NatGateway {
    fn on_packet(&mut self, now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        if !self.available {
            return out.drop(packet, DropReason::NatUnavailable, self.cite);
        }
        let Some(tuple) = self.fragments.complete(now, &packet) else {
            let reason = match packet.protocol() {
                Protocol::UDP => DropReason::HostLimit,
                _ => DropReason::NatFragment,
            };
            return out.drop(packet, reason, self.cite);
        };
        if tuple.dst == self.address || self.others.contains(&tuple.dst) {
            self.take_from_outside(now, tuple, packet, out);
        } else if self.blocks.iter().any(|block| block.contains(tuple.src)) {
            self.take_from_inside(now, tuple, packet, out);
        } else if matches!(tuple.dst, IpAddr::V6(dst) if is_nat64(dst)) {
            out.drop(packet, DropReason::NotModeled, self.cite);
        } else {
            out.drop(packet, DropReason::NatSourceOutsideVpc, self.cite);
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// Whether an address of IPv6 stands for one of IPv4 behind NAT64: 64:ff9b::/96 (RFC 6052, section 2.1).
pub fn is_nat64(address: Ipv6Addr) -> bool {
    address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0]
}

fn is_echo_request(packet: &Packet) -> bool {
    packet.protocol() == Protocol::ICMP && packet.icmp().is_some_and(|(kind, _)| kind == 8)
}
