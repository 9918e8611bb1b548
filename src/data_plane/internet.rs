//! The outside: who answers for which public address. Also any other network behind a gateway, such as one on premises.

use std::net::{IpAddr, Ipv4Addr};

use crate::base::{Cidr, PrefixTable, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{IcmpError, Packet};
use crate::trace::{CiteId, DropReason, PortId};

/// A network that carries packets by address between its ports, and takes one hop from each.
pub struct Internet {
    /// Whether private addresses may appear on it: false for the internet, true for a company's own network.
    pub private: bool,
    /// The address that its ICMP errors come from.
    pub router: IpAddr,
    /// The same for IPv6.
    pub router_v6: Option<IpAddr>,
    /// The network, to cite.
    pub cite: CiteId,
    table: PrefixTable<PortId>,
    /// Where addresses lay that were asked for lately: most packets go where others went before.
    recent: [(Ipv4Addr, Option<PortId>); RECENT],
}

/// Addresses that are remembered; a power of two.
const RECENT: usize = 64;

/// Time to live of the errors of its routers.
const ROUTER_TTL: u8 = 255;

impl Internet {
    /// A network on which nobody lives yet.
    pub fn new(private: bool, router: IpAddr, cite: CiteId) -> Self {
        Self { private, router, router_v6: None, cite, table: PrefixTable::new(), recent: FORGOTTEN }
    }

    /// Says that a block of addresses lies behind a port.
    pub fn route(&mut self, block: Cidr, port: PortId) {
        self.table.insert(block, port);
        self.recent = FORGOTTEN;
    }

    /// Forgets a block, and all blocks inside it stay.
    pub fn unroute(&mut self, block: Cidr) {
        self.table.remove(block);
        self.recent = FORGOTTEN;
    }

    /// Where an address lies.
    pub fn lookup(&self, address: IpAddr) -> Option<PortId> {
        self.table.lookup(address).copied()
    }

    /// The same, remembered.
    fn port_to(&mut self, address: IpAddr) -> Option<PortId> {
        let IpAddr::V4(v4) = address else { return self.lookup(address) };
        let bits = u32::from(v4);
        let slot = (bits ^ bits >> 8 ^ bits >> 16) as usize % RECENT;
        if let (known, Some(port)) = self.recent[slot]
            && known == v4
        {
            return Some(port);
        }
        let port = self.lookup(address);
        self.recent[slot] = (v4, port);
        port
    }
}

impl Node for Internet {
    fn on_packet(&mut self, _now: SimTime, from: PortId, mut packet: Packet, out: &mut Effects<'_>) {
        if !self.private && is_private(packet.src()) {
            return out.drop(packet, DropReason::PrivateSource, self.cite);
        }
        let Some(port) = self.port_to(packet.dst()) else {
            return out.drop(packet, DropReason::UnknownInternetAddress, self.cite);
        };
        let router = if packet.is_v4() { Some(self.router) } else { self.router_v6 };
        if !packet.decrement_ttl() {
            if let Some(router) = router {
                out.send_icmp_error(IcmpError::TimeExceeded, router, ROUTER_TTL, &packet, from);
            }
            return out.drop(packet, DropReason::TtlExpired, self.cite);
        }
        if let Some(mtu) = out.mtu(port).filter(|mtu| (*mtu as usize) < packet.len()) {
            if packet.dont_fragment() {
                let error = IcmpError::TooBig { mtu: u16::try_from(mtu).unwrap_or(u16::MAX) };
                if let Some(router) = router {
                    out.send_icmp_error(error, router, ROUTER_TTL, &packet, from);
                }
                return out.drop(packet, DropReason::TooBig, self.cite);
            }
            for piece in crate::packet::split(&packet, mtu as usize) {
                if let Ok(piece) = out.packet(|buffer| buffer.extend_from_slice(&piece)) {
                    out.send(port, piece);
                }
            }
            return out.fragmented(packet);
        }
        out.send(port, packet);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

const FORGOTTEN: [(Ipv4Addr, Option<PortId>); RECENT] = [(Ipv4Addr::UNSPECIFIED, None); RECENT];

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local(),
    }
}
