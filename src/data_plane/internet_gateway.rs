//! One-to-one translation at the VPC's edge (facts I1–I11). Keeps no state of connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustc_hash::FxHashMap;

use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{FiveTuple, IcmpError, Packet};
use crate::trace::{CiteId, DropReason, PortId, Step};

/// An internet gateway. Port 0 leads to the VPC, port 1 to the internet.
pub struct InternetGateway {
    /// Whether it is attached to its VPC.
    pub attached: bool,
    /// The VPC's IPv6 blocks: public by themselves, and not translated.
    pub ipv6_blocks: Vec<Cidr>,
    /// Where its ICMP errors come from.
    pub router: IpAddr,
    /// The gateway, to cite.
    pub cite: CiteId,
    // Keyed by the address as a number: what costs least to hash.
    public_of: FxHashMap<u32, Ipv4Addr>,
    private_of: FxHashMap<u32, Ipv4Addr>,
}

impl InternetGateway {
    /// The port to the VPC.
    pub const VPC: PortId = PortId(0);
    /// The port to the internet.
    pub const INTERNET: PortId = PortId(1);

    /// A gateway without public addresses.
    pub fn new(cite: CiteId) -> Self {
        Self {
            attached: true,
            ipv6_blocks: Vec::new(),
            router: IpAddr::V4(ROUTER),
            cite,
            public_of: FxHashMap::default(),
            private_of: FxHashMap::default(),
        }
    }

    /// Gives a private address a public one, in place of those that either had. IPv6 is not translated.
    pub fn associate(&mut self, private: IpAddr, public: IpAddr) {
        self.disassociate(private);
        let (IpAddr::V4(private), IpAddr::V4(public)) = (private, public) else { return };
        if let Some(other) = self.private_of.insert(public.into(), private) {
            self.public_of.remove(&other.into());
        }
        self.public_of.insert(private.into(), public);
    }

    /// Takes a private address's public one away.
    pub fn disassociate(&mut self, private: IpAddr) {
        let IpAddr::V4(private) = private else { return };
        if let Some(public) = self.public_of.remove(&private.into()) {
            self.private_of.remove(&public.into());
        }
    }

    /// The public address of a private one.
    pub fn public_of(&self, private: IpAddr) -> Option<IpAddr> {
        let IpAddr::V4(private) = private else { return None };
        self.public_of.get(&private.into()).copied().map(IpAddr::V4)
    }

    fn outbound(&mut self, mut packet: Packet, out: &mut Effects<'_>) {
        if !self.attached {
            return out.drop(packet, DropReason::GatewayNotAttached, self.cite);
        }
        let before = *packet.tuple();
        let (IpAddr::V4(src), IpAddr::V4(dst)) = (before.src, before.dst) else {
            return self.outbound_v6(packet, out);
        };
        if dst.is_private() {
            return out.drop(packet, DropReason::PrivateDestination, self.cite);
        }
        if is_shared(dst) {
            return out.drop(packet, DropReason::SharedDestination, self.cite);
        }
        let Some(public) = self.public_of.get(&src.into()).copied() else {
            return out.drop(packet, DropReason::NoPublicAddress, self.cite);
        };
        let turns_to = self.private_of.get(&dst.into()).copied();
        // Where both ends are in this VPC the path turns here, and the turn takes one hop (measured: TTL 254). The error
        // is made before the translation: its receiver is to find the packet that it sent.
        if turns_to.is_some() && !packet.decrement_ttl() {
            out.send_icmp_error(IcmpError::TimeExceeded, before.dst, TURN_TTL, &packet, Self::VPC);
            return out.drop(packet, DropReason::TtlExpired, self.cite);
        }
        let narrow = out.mtu(Self::INTERNET).filter(|mtu| (*mtu as usize) < packet.len() && packet.dont_fragment());
        if let Some(mtu) = narrow.filter(|_| turns_to.is_none()) {
            // RFC 1191: whoever stands in front of the narrow link says so.
            let error = IcmpError::TooBig { mtu: u16::try_from(mtu).unwrap_or(u16::MAX) };
            out.send_icmp_error(error, self.router, TURN_TTL, &packet, Self::VPC);
            return out.drop(packet, DropReason::TooBig, self.cite);
        }
        packet.set_source(SocketAddr::new(public.into(), before.src_port));
        packet.translate_quote(None, Some(SocketAddr::new(public.into(), quoted_port(&packet, false))));
        let Some(private) = turns_to else {
            self.note(out, &packet, before);
            return out.send(Self::INTERNET, packet);
        };
        packet.set_destination(SocketAddr::new(private.into(), before.dst_port));
        packet.translate_quote(Some(SocketAddr::new(private.into(), quoted_port(&packet, true))), None);
        self.note(out, &packet, before);
        out.send(Self::VPC, packet);
    }

    fn outbound_v6(&mut self, packet: Packet, out: &mut Effects<'_>) {
        if self.ipv6_blocks.iter().any(|block| block.contains(packet.src())) {
            out.send(Self::INTERNET, packet);
        } else {
            out.drop(packet, DropReason::Spoofed, self.cite);
        }
    }

    fn inbound(&mut self, mut packet: Packet, out: &mut Effects<'_>) {
        if !self.attached {
            return out.drop(packet, DropReason::GatewayNotAttached, self.cite);
        }
        let before = *packet.tuple();
        match (before.src, before.dst) {
            (IpAddr::V4(src), _) if src.is_private() => out.drop(packet, DropReason::PrivateSource, self.cite),
            (IpAddr::V4(src), _) if is_shared(src) => out.drop(packet, DropReason::SharedSource, self.cite),
            (IpAddr::V6(_), dst) => match self.ipv6_blocks.iter().any(|block| block.contains(dst)) {
                true => out.send(Self::VPC, packet),
                false => out.drop(packet, DropReason::NoPrivateAddress, self.cite),
            },
            (IpAddr::V4(_), IpAddr::V6(_)) => out.drop(packet, DropReason::NoPrivateAddress, self.cite),
            (IpAddr::V4(_), IpAddr::V4(dst)) => {
                let Some(private) = self.private_of.get(&dst.into()).copied() else {
                    return out.drop(packet, DropReason::NoPrivateAddress, self.cite);
                };
                packet.set_destination(SocketAddr::new(private.into(), before.dst_port));
                packet.translate_quote(Some(SocketAddr::new(private.into(), quoted_port(&packet, true))), None);
                self.note(out, &packet, before);
                out.send(Self::VPC, packet);
            }
        }
    }

    fn note(&self, out: &mut Effects<'_>, packet: &Packet, before: FiveTuple) {
        out.step(packet.id(), Step::Translated { before, after: *packet.tuple(), by: self.cite });
    }
}

impl Node for InternetGateway {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        match from {
            Self::VPC => self.outbound(packet, out),
            _ => self.inbound(packet, out),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// Where errors come from unless said otherwise: a documentation address (RFC 5737), for AWS publishes none.
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// Time to live of the ICMP errors of the turn.
const TURN_TTL: u8 = 255;

/// 100.64.0.0/10 (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64
}

/// One-to-one translation leaves ports as they are, also in what an ICMP error quotes.
pub(super) fn quoted_port(packet: &Packet, source: bool) -> u16 {
    packet.quoted().map_or(0, |quoted| if source { quoted.tuple.src_port } else { quoted.tuple.dst_port })
}
