//! The VPC's implicit router with the guards at its edges. Routes and filters; translates nothing, and takes no TTL
//! (measured on AWS: instances of one VPC see each other's TTL unchanged).

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::conntrack::{Flow, Timeouts, Way};
use super::fib::NextHop;
use super::interface::Interface;
use super::subnet::SubnetEdge;
use crate::base::{Cidr, SimTime, is_group, is_link_local};
use crate::engine::{Effects, Node};
use crate::packet::{FiveTuple, FragmentPorts, IcmpError, Packet, split};
use crate::trace::{CiteId, DropReason, Filter, PortId, Step};

/// What is attached to a port of the router.
#[derive(Debug)]
pub enum Attachment {
    /// A network interface of an instance, NAT gateway or interface endpoint.
    Interface(Box<Interface>),
    /// A gateway to the internet: an internet gateway or an egress-only one.
    InternetGateway,
    /// A gateway to anything else: a gateway endpoint, a peering connection, a virtual private gateway.
    Gateway,
    /// The resolver and other services of the virtualization layer: neither filtered nor routed (facts S5, V10).
    Resolver,
    /// Nothing any more.
    Vacant,
}

/// One VPC's router.
pub struct VpcRouter {
    /// The VPC's blocks.
    pub blocks: Vec<Cidr>,
    /// The subnets, by the index that interfaces name.
    pub subnets: Vec<SubnetEdge>,
    /// Addresses that the resolver answers on, and its port; none where DNS support is off.
    pub resolver: Option<(Vec<IpAddr>, PortId)>,
    /// How long tracked flows live.
    pub timeouts: Timeouts,
    /// The VPC, to cite.
    pub cite: CiteId,
    ports: Vec<Attachment>,
    by_address: FxHashMap<IpAddr, PortId>,
    /// Ports whose flows security groups track whatever their rules are (facts S8).
    always_tracked: FxHashSet<PortId>,
    fragments: FragmentPorts,
    /// Raised with every change of a table: decisions remembered under an older one are void.
    generation: u32,
}

/// Time to live of the ICMP errors that the router sends. UNSOURCED: the routers of Nitro hosts answer with 255.
const ROUTER_TTL: u8 = 255;
/// Stands for all gateways as the place that a packet came from: to a subnet they are all outside.
const GATEWAYS: PortId = PortId(u32::MAX);

impl VpcRouter {
    /// A router without subnets and ports.
    pub fn new(blocks: Vec<Cidr>, cite: CiteId) -> Self {
        Self {
            blocks,
            subnets: Vec::new(),
            resolver: None,
            timeouts: Timeouts::AWS,
            cite,
            ports: Vec::new(),
            by_address: FxHashMap::default(),
            always_tracked: FxHashSet::default(),
            fragments: FragmentPorts::default(),
            generation: 1,
        }
    }

    /// Attaches something to a new port.
    pub fn attach(&mut self, attachment: Attachment) -> PortId {
        let port = PortId(u32::try_from(self.ports.len()).expect("fewer than four billion ports"));
        self.ports.push(Attachment::Vacant);
        self.set(port, attachment);
        port
    }

    /// Says that security groups track every flow that leaves by a port, also where their rules need no tracking (facts S8).
    pub fn track_all_by(&mut self, port: PortId) {
        self.always_tracked.insert(port);
    }

    /// Replaces what is attached to a port. An interface that stays one keeps its flows.
    pub fn set(&mut self, port: PortId, attachment: Attachment) {
        let slot = &mut self.ports[port.0 as usize];
        if let Attachment::Interface(interface) = &*slot {
            for address in &interface.addresses {
                if self.by_address.get(address) == Some(&port) {
                    self.by_address.remove(address);
                }
            }
        }
        if let Attachment::Interface(interface) = &attachment {
            for address in &interface.addresses {
                self.by_address.insert(*address, port);
            }
        }
        match (slot, attachment) {
            (Attachment::Interface(old), Attachment::Interface(new)) => old.replace(*new),
            (slot, attachment) => *slot = attachment,
        }
        self.touch();
    }

    /// Says that a table has changed: what was decided for flows is decided anew.
    pub fn touch(&mut self) {
        // Generation 0 stands for undecided.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
    }

    /// The interface at a port.
    pub fn interface(&self, port: PortId) -> Option<&Interface> {
        match self.ports.get(port.0 as usize) {
            Some(Attachment::Interface(interface)) => Some(interface),
            _ => None,
        }
    }

    /// The interface at a port, to change; the caller says so with [`VpcRouter::touch`].
    pub fn interface_mut(&mut self, port: PortId) -> Option<&mut Interface> {
        match self.ports.get_mut(port.0 as usize) {
            Some(Attachment::Interface(interface)) => Some(interface),
            _ => None,
        }
    }

    /// The port of the interface that has an address.
    pub fn port_of(&self, address: IpAddr) -> Option<PortId> {
        self.by_address.get(&address).copied()
    }

    /// A packet from an instance, a NAT gateway or an interface endpoint.
    fn take_from_interface(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(tuple) = self.fragments.complete(now, &packet) else {
            return out.drop(packet, DropReason::HostLimit, self.cite);
        };
        let generation = self.generation;
        let Some(Attachment::Interface(interface)) = self.ports.get_mut(from.0 as usize) else {
            return out.drop(packet, DropReason::NoLink, self.cite);
        };
        if interface.source_dest_check && !interface.has(tuple.src) {
            return out.drop(packet, DropReason::SourceDestCheck, interface.cite);
        }
        if let Some((addresses, port)) = &self.resolver
            && addresses.contains(&tuple.dst)
        {
            let port = *port;
            return out.send(port, packet);
        }
        if let Some(flow) = interface.settled(now, None, &tuple, &packet, generation, &self.timeouts) {
            let way = flow.out;
            note_allowed(out, &packet, Filter::SecurityGroupEgress, flow);
            note_way(out, &packet, &way);
            return self.follow(now, from, way, &tuple, packet, out);
        }
        let (subnet, internet_only) = (interface.subnet, interface.internet_only);
        let flow = match interface.admit(now, true, &tuple, &packet, generation, &self.timeouts) {
            Ok(flow) => flow,
            Err((reason, by)) => return out.drop(packet, reason, by),
        };
        let (by, tracked) = (flow.by, flow.tracked);
        let way = self.decide((subnet, internet_only), &tuple, &packet);
        let tracked = tracked || way.is_ok_and(|way| self.always_tracked.contains(&way.port));
        note_group(out, &packet, Filter::SecurityGroupEgress, by, tracked);
        match way {
            Ok(way) => {
                // The same look-up as above; the decision could not be made while the interface was borrowed.
                if let Some(flow) = self.interface_mut(from).and_then(|i| i.flow_mut(&tuple)) {
                    flow.out = way;
                    flow.tracked = tracked;
                }
                note_way(out, &packet, &way);
                self.follow(now, from, way, &tuple, packet, out);
            }
            Err((reason, by)) => out.drop(packet, reason, by),
        }
    }

    /// Where a packet from a subnet goes: the neighbour in it, or out past the network ACL by the route table.
    fn decide(
        &self,
        (subnet, internet_only): (u32, bool),
        tuple: &FiveTuple,
        packet: &Packet,
    ) -> Result<Way, (DropReason, CiteId)> {
        let Some(edge) = self.subnets.get(subnet as usize) else { return Err((DropReason::NoLink, self.cite)) };
        let mut way = Way { generation: self.generation, ..Way::UNDECIDED };
        if is_group(tuple.dst) {
            return Err((DropReason::NoMulticast, self.cite));
        }
        // Hosts of one subnet meet neither its ACL nor its routes (facts A1, RT11).
        if edge.blocks.iter().any(|block| block.contains(tuple.dst)) {
            let port = self.port_of(tuple.dst).ok_or((DropReason::NoSuchInterface, self.cite))?;
            way.hop = NextHop::Local;
            way.port = port;
            return Ok(way);
        }
        let (allowed, acl) = edge.acl.judge(true, tuple, packet.icmp());
        if !allowed {
            return Err((DropReason::NetworkAclEgress, acl));
        }
        way.acl = acl;
        if is_link_local(tuple.dst) {
            return Err((DropReason::NotModeled, self.cite));
        }
        let Some(entry) = edge.fib.lookup(tuple.dst) else {
            return Err((DropReason::NoRoute, edge.fib.no_route()));
        };
        way.route = entry.by;
        way.hop = entry.hop;
        match entry.hop {
            NextHop::Local => {
                way.port = self.port_of(tuple.dst).ok_or((DropReason::NoSuchInterface, entry.by))?;
            }
            NextHop::Interface(port) | NextHop::Gateway(port) => way.port = port,
            NextHop::Blackhole => return Err((DropReason::Blackhole, entry.by)),
            NextHop::Unmodeled => return Err((DropReason::NotModeled, entry.by)),
        }
        let other = matches!(entry.hop, NextHop::Gateway(_))
            && matches!(self.ports.get(way.port.0 as usize), Some(Attachment::Gateway));
        if internet_only && other {
            return Err((DropReason::NatGatewayTarget, entry.by));
        }
        Ok(way)
    }

    fn follow(
        &mut self,
        now: SimTime,
        from: PortId,
        way: Way,
        tuple: &FiveTuple,
        packet: Packet,
        out: &mut Effects<'_>,
    ) {
        match way.hop {
            NextHop::Gateway(port) => self.hand_to_gateway(from, port, packet, out),
            _ => self.hand_to_interface(now, Some(from), way.port, tuple, packet, out),
        }
    }

    /// Out of the VPC, with the MTU of what comes next: too large packets are cut, or refused with the ICMP message that
    /// path MTU discovery needs (facts I11, V8).
    fn hand_to_gateway(&mut self, from: PortId, port: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(mtu) = out.mtu(port).filter(|mtu| (*mtu as usize) < packet.len()) else {
            return out.send(port, packet);
        };
        if packet.dont_fragment() {
            let router = self.interface(from).and_then(|i| self.subnets.get(i.subnet as usize)).map(|edge| edge.router);
            if let Some(router) = router.filter(|router| router.is_ipv4() == packet.is_v4()) {
                let error = IcmpError::TooBig { mtu: u16::try_from(mtu).unwrap_or(u16::MAX) };
                out.send_icmp_error(error, router, ROUTER_TTL, &packet, from);
            }
            return out.drop(packet, DropReason::TooBig, self.cite);
        }
        for piece in split(&packet, mtu as usize) {
            if let Ok(piece) = out.packet(|buffer| buffer.extend_from_slice(&piece)) {
                out.send(port, piece);
            }
        }
        out.fragmented(packet);
    }

    /// Into an interface of this VPC, past the network ACL of its subnet if the packet comes from outside of it.
    fn hand_to_interface(
        &mut self,
        now: SimTime,
        from: Option<PortId>,
        to: PortId,
        tuple: &FiveTuple,
        packet: Packet,
        out: &mut Effects<'_>,
    ) {
        let generation = self.generation;
        let from_subnet = from.and_then(|from| self.interface(from)).map(|interface| interface.subnet);
        let subnets = &self.subnets;
        let Some(Attachment::Interface(interface)) = self.ports.get_mut(to.0 as usize) else {
            return out.drop(packet, DropReason::NoSuchInterface, self.cite);
        };
        if !interface.running {
            return out.drop(packet, DropReason::HostStopped, interface.cite);
        }
        let crosses = from_subnet != Some(interface.subnet);
        let came_from = from.unwrap_or(GATEWAYS);
        let foreign = interface.source_dest_check && !interface.has(tuple.dst);
        // The flow's remembered verdict spares the list of the ACL; a flow not seen before, or from elsewhere, and ICMP
        // meet the list.
        if !foreign
            && let Some(flow) =
                interface.settled(now, Some(came_from), &tuple.reversed(), &packet, generation, &self.timeouts)
        {
            note_acl(out, &packet, Filter::NetworkAclIngress, flow.inward.acl);
            note_allowed(out, &packet, Filter::SecurityGroupIngress, flow);
            return out.send(to, packet);
        }
        let mut acl = CiteId::NONE;
        if crosses {
            let Some(edge) = subnets.get(interface.subnet as usize) else {
                return out.drop(packet, DropReason::NoLink, self.cite);
            };
            let (allowed, by) = edge.acl.judge(false, tuple, packet.icmp());
            if !allowed {
                return out.drop(packet, DropReason::NetworkAclIngress, by);
            }
            acl = by;
        }
        note_acl(out, &packet, Filter::NetworkAclIngress, acl);
        if foreign {
            return out.drop(packet, DropReason::SourceDestCheck, interface.cite);
        }
        match interface.admit(now, false, tuple, &packet, generation, &self.timeouts) {
            Ok(flow) => {
                // An error is let in by the flow that it quotes, whose own packets are not what the ACL was asked about.
                if packet.quoted().is_none() {
                    flow.inward = Way { generation, acl, port: came_from, ..Way::UNDECIDED };
                }
                note_allowed(out, &packet, Filter::SecurityGroupIngress, flow);
                out.send(to, packet);
            }
            Err((reason, by)) => out.drop(packet, reason, by),
        }
    }

    /// A packet from a gateway: delivered by address, whatever the route tables say (facts I9).
    fn take_from_gateway(&mut self, now: SimTime, packet: Packet, out: &mut Effects<'_>) {
        let Some(tuple) = self.fragments.complete(now, &packet) else {
            return out.drop(packet, DropReason::HostLimit, self.cite);
        };
        match self.port_of(tuple.dst) {
            Some(to) => self.hand_to_interface(now, None, to, &tuple, packet, out),
            None => out.drop(packet, DropReason::NoSuchInterface, self.cite),
        }
    }
}

impl Node for VpcRouter {
    fn on_packet(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        match self.ports.get(from.0 as usize) {
            Some(Attachment::Interface(_)) => self.take_from_interface(now, from, packet, out),
            Some(Attachment::InternetGateway | Attachment::Gateway) => self.take_from_gateway(now, packet, out),
            Some(Attachment::Resolver) => match self.port_of(packet.dst()) {
                Some(to) => out.send(to, packet),
                None => out.drop(packet, DropReason::NoSuchInterface, self.cite),
            },
            Some(Attachment::Vacant) | None => out.drop(packet, DropReason::NoLink, self.cite),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

fn note_allowed(out: &mut Effects<'_>, packet: &Packet, filter: Filter, flow: &Flow) {
    note_group(out, packet, filter, flow.by, flow.tracked);
}

fn note_group(out: &mut Effects<'_>, packet: &Packet, filter: Filter, by: CiteId, tracked: bool) {
    if by != CiteId::NONE {
        out.step(packet.id(), Step::Allowed { filter, by, tracked });
    }
}

fn note_acl(out: &mut Effects<'_>, packet: &Packet, filter: Filter, by: CiteId) {
    if by != CiteId::NONE {
        out.step(packet.id(), Step::Allowed { filter, by, tracked: false });
    }
}

fn note_way(out: &mut Effects<'_>, packet: &Packet, way: &Way) {
    note_acl(out, packet, Filter::NetworkAclEgress, way.acl);
    if way.route != CiteId::NONE {
        out.step(packet.id(), Step::Routed { by: way.route });
    }
}
