//! EC2-Classic's network of one region, which all customers share, and the links of its instances to VPCs. Filters
//! nothing: what goes over a link is filtered at the VPC's end of it.

use std::net::{IpAddr, SocketAddr};

use super::internet_gateway::quoted_port;
use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::Packet;
use crate::trace::{CiteId, DropReason, PortId, Step};

/// EC2-Classic's network. Port 0 leads to the internet, the others to instances and to VPCs.
pub struct ClassicNetwork {
    /// The network, to cite.
    pub cite: CiteId,
    /// Few: a world has a handful of EC2-Classic instances, and they are looked through one by one.
    members: Vec<Member>,
}

/// An EC2-Classic instance as its network knows it.
struct Member {
    private: IpAddr,
    public: IpAddr,
    port: PortId,
    link: Option<Link>,
}

/// A link to a VPC.
struct Link {
    port: PortId,
    blocks: Vec<Cidr>,
}

impl ClassicNetwork {
    /// The port to the internet.
    pub const INTERNET: PortId = PortId(0);

    /// A network without instances.
    pub fn new(cite: CiteId) -> Self {
        Self { cite, members: Vec::new() }
    }

    /// Puts an instance at a port; its private address stands for the public one on the internet.
    pub fn join(&mut self, port: PortId, private: IpAddr, public: IpAddr) {
        self.members.push(Member { private, public, port, link: None });
    }

    /// Links the instance of a private address to a VPC with these blocks behind a port, or ends its link.
    pub fn link(&mut self, private: IpAddr, link: Option<(PortId, Vec<Cidr>)>) {
        if let Some(member) = self.members.iter_mut().find(|member| member.private == private) {
            member.link = link.map(|(port, blocks)| Link { port, blocks });
        }
    }

    fn take_from_instance(&self, member: &Member, mut packet: Packet, out: &mut Effects<'_>) {
        let before = *packet.tuple();
        if before.src != member.private {
            return out.drop(packet, DropReason::Spoofed, self.cite);
        }
        // To the VPC's own addresses only: the link reaches neither its gateways nor its endpoints (R26).
        if let Some(link) = &member.link
            && link.blocks.iter().any(|block| block.contains(before.dst))
        {
            return out.send(link.port, packet);
        }
        if let Some(other) = self.members.iter().find(|other| other.private == before.dst) {
            return out.send(other.port, packet);
        }
        if matches!(before.dst, IpAddr::V4(dst) if dst.is_private()) {
            return out.drop(packet, DropReason::ClassicDestination, self.cite);
        }
        packet.set_source(SocketAddr::new(member.public, before.src_port));
        packet.translate_quote(None, Some(SocketAddr::new(member.public, quoted_port(&packet, false))));
        out.step(packet.id(), Step::Translated { before, after: *packet.tuple(), by: self.cite });
        out.send(Self::INTERNET, packet);
    }

    fn take_from_internet(&self, mut packet: Packet, out: &mut Effects<'_>) {
        let before = *packet.tuple();
        let Some(member) = self.members.iter().find(|member| member.public == before.dst) else {
            return out.drop(packet, DropReason::NoPrivateAddress, self.cite);
        };
        packet.set_destination(SocketAddr::new(member.private, before.dst_port));
        packet.translate_quote(Some(SocketAddr::new(member.private, quoted_port(&packet, true))), None);
        out.step(packet.id(), Step::Translated { before, after: *packet.tuple(), by: self.cite });
        out.send(member.port, packet);
    }
}

impl Node for ClassicNetwork {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        if from == Self::INTERNET {
            return self.take_from_internet(packet, out);
        }
        if let Some(member) = self.members.iter().find(|member| member.port == from) {
            return self.take_from_instance(member, packet, out);
        }
        let linked = |member: &&Member| member.link.as_ref().is_some_and(|link| link.port == from);
        match self.members.iter().find(linked) {
            Some(member) if member.private == packet.dst() => out.send(member.port, packet),
            Some(_) | None => out.drop(packet, DropReason::NoSuchInterface, self.cite),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
