//! Everything but TCP: datagrams, echoes, ICMP errors, fragments, and how packets of the host's own making leave.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::app::AppEvent;
use super::config::Unknown;
use super::connection::{Carrier, Owner};
use super::error::NetError;
use super::probe::{Asked, PAYLOAD_MAX, ProbeReply};
use super::raw::{self, Header};
use super::stack::{Body, Deferred, Outgoing, Slot, Stack, wake};
use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::{FiveTuple, IcmpError, Packet, Protocol, Reassembler, checksums_hold, split};
use crate::trace::{Absorbed, Answer, CiteId, DropReason, PortId, ProgramId, Step};

/// The most bytes that wait in a UDP socket: Linux's `net.core.rmem_default`.
pub const UDP_QUEUE_BYTES: usize = 212_992;
/// What each waiting datagram counts beside its payload.
const DATAGRAM_OVERHEAD: usize = 128;
/// The most destinations whose path MTU is remembered.
const PATH_MTUS_MAX: usize = 1_024;
/// How long a smaller path MTU is remembered: Linux's `net.ipv4.route.mtu_expires`.
const PATH_MTU_KEPT: Duration = Duration::from_secs(600);
/// The smallest MTU that is believed: what every IPv4 link carries (RFC 791).
const PATH_MTU_LEAST: u16 = 68;

/// What few hosts need: made with its first use.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) udp: BTreeMap<u16, UdpPort>,
    pub(super) probes: Slab<Asked>,
    /// Echo requests under way, by identifier and sequence number.
    pub(super) echoes: BTreeMap<(u16, u16), u32>,
    reassembler: Reassembler,
    path_mtus: BTreeMap<IpAddr, (u16, SimTime)>,
    identification: u16,
}

/// A UDP port that a program has.
pub(super) struct UdpPort {
    pub(super) owner: Owner,
    pub(super) program: Option<ProgramId>,
    /// The flow that was last said to be the program's.
    pub(super) said: Option<FiveTuple>,
    pub(super) queue: VecDeque<UdpMessage>,
    pub(super) bytes: usize,
    pub(super) waker: Option<Waker>,
}

/// What a UDP socket receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UdpMessage {
    /// A datagram.
    Datagram {
        /// Who sent it.
        from: SocketAddr,
        /// To which of the host's addresses.
        to: SocketAddr,
        /// What carried it.
        carrier: Carrier,
        /// Its time to live, as received.
        ttl: u8,
        /// Its payload.
        bytes: Vec<u8>,
    },
    /// An ICMP error about a datagram that the socket sent.
    Error {
        /// Whom that datagram was sent to.
        about: SocketAddr,
        /// Who sent the error.
        from: IpAddr,
        /// What it says.
        error: IcmpError,
    },
}

/// How a datagram is sent; what is `None` is as usual.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Time to live.
    pub ttl: Option<u8>,
    /// Whether routers may not fragment it.
    pub dont_fragment: bool,
    /// The local address: of a host with whole blocks, the one that was asked.
    pub from: Option<IpAddr>,
    /// What is to carry it: of a host with many carriers, the one that brought the question.
    pub carrier: Option<Carrier>,
}

impl Stack {
    /// The state that few hosts need.
    pub(super) fn rare(&mut self) -> &mut Rare {
        if self.rare.is_none() {
            let identification = self.rng().next_u64() as u16;
            self.rare = Some(Box::new(Rare { identification, ..Rare::default() }));
        }
        self.rare.as_mut().expect("it was just made")
    }

    /// Takes a UDP port.
    pub(super) fn bind(
        &mut self,
        port: Option<u16>,
        owner: Owner,
        program: Option<ProgramId>,
    ) -> Result<u16, NetError> {
        let taken = |stack: &Self, port: u16| stack.rare.as_ref().is_some_and(|rare| rare.udp.contains_key(&port));
        let port = match port {
            Some(0) => return Err(NetError::AddressInUse),
            Some(port) if taken(self, port) => return Err(NetError::AddressInUse),
            Some(port) => port,
            None => self.free_port(taken).ok_or(NetError::AddressInUse)?,
        };
        self.rare()
            .udp
            .insert(port, UdpPort { owner, program, said: None, queue: VecDeque::new(), bytes: 0, waker: None });
        Ok(port)
    }

    /// Sends a datagram from a port.
    pub(super) fn send_datagram(
        &mut self,
        port: u16,
        to: SocketAddr,
        bytes: &[u8],
        options: SendOptions,
    ) -> Result<(), NetError> {
        if PAYLOAD_MAX < bytes.len() {
            return Err(NetError::TooBig);
        }
        let (local, out_port) = self.source_for(to.ip(), options.from)?;
        let out_port = options.carrier.map_or(out_port, |carrier| PortId(carrier.0));
        let flow = raw::flow(Protocol::UDP, SocketAddr::new(local, port), to);
        let headers = if to.is_ipv4() { 28 } else { 48 };
        if options.dont_fragment && self.path_mtu(to.ip()).is_some_and(|mtu| usize::from(mtu) < headers + bytes.len()) {
            return Err(NetError::TooBig);
        }
        let ttl = options.ttl.unwrap_or(self.settings.ttl).max(1);
        let body = Body::Datagram(bytes.to_vec());
        if let Some(udp) = self.rare().udp.get_mut(&port)
            && udp.said.replace(flow) != Some(flow)
        {
            let program = udp.program;
            self.say_flow(program, flow);
        }
        self.put_off(Outgoing { flow, port: out_port, ttl, dont_fragment: options.dont_fragment, body });
        Ok(())
    }

    /// Lets a packet out when the program has had its say.
    pub(super) fn put_off(&mut self, outgoing: Outgoing) {
        self.deferred.push_back(Deferred::Packet(Box::new(outgoing)));
    }

    /// Makes and sends a packet of the host's own.
    pub(super) fn emit(&mut self, outgoing: &Outgoing, out: &mut Effects<'_>) {
        if let Some(packet) = self.make(outgoing, out) {
            self.send_whole(outgoing.port, packet, out);
        }
    }

    fn make(&mut self, outgoing: &Outgoing, out: &mut Effects<'_>) -> Option<Packet> {
        let rare = self.rare();
        rare.identification = rare.identification.wrapping_add(1);
        let identification = rare.identification;
        let header = Header { ttl: outgoing.ttl, dont_fragment: outgoing.dont_fragment, identification };
        let flow = &outgoing.flow;
        let packet = out.packet(|buffer| match &outgoing.body {
            Body::Datagram(bytes) => raw::datagram(buffer, flow, header, bytes),
            Body::Echo { request, rest } => raw::echo(buffer, flow, header, *request, rest),
            Body::Segment { segment, mss } => raw::segment(buffer, flow, header, *segment, *mss),
        });
        packet.ok()
    }

    /// Sends a packet, in fragments where the path asks for it and the packet allows it.
    fn send_whole(&self, port: PortId, packet: Packet, out: &mut Effects<'_>) {
        let link = out.mtu(port).unwrap_or(u32::from(u16::MAX));
        let mtu = self.path_mtu(packet.dst()).map_or(link, |mtu| link.min(u32::from(mtu))) as usize;
        if packet.len() <= mtu || packet.dont_fragment() {
            return out.send(port, packet);
        }
        let pieces = split(&packet, mtu);
        if pieces.is_empty() {
            return out.send(port, packet);
        }
        out.fragmented(packet);
        for piece in pieces {
            let piece = out.packet(|buffer| buffer.extend_from_slice(&piece));
            out.send(port, piece.expect("a piece of a packet is a packet"));
        }
    }

    /// The MTU of the path to a destination, where one smaller than the link's is known.
    pub(super) fn path_mtu(&self, to: IpAddr) -> Option<u16> {
        let (mtu, expires) = self.rare.as_ref()?.path_mtus.get(&to)?;
        (self.now < *expires).then_some(*mtu)
    }

    /// Remembers the MTU of a path.
    pub(super) fn learn_path_mtu(&mut self, to: IpAddr, mtu: u16) {
        let now = self.now;
        let known = self.path_mtu(to).unwrap_or(u16::MAX);
        let rare = self.rare();
        if PATH_MTUS_MAX <= rare.path_mtus.len() {
            rare.path_mtus.retain(|_, (_, expires)| now < *expires);
        }
        if rare.path_mtus.len() < PATH_MTUS_MAX && PATH_MTU_LEAST <= mtu && mtu < known {
            rare.path_mtus.insert(to, (mtu, now.after(PATH_MTU_KEPT)));
        }
    }

    /// A fragment for one of the host's addresses came in; the whole packet if it was the last.
    pub(super) fn fragment(&mut self, packet: Packet, out: &mut Effects<'_>) -> Option<Packet> {
        if !packet.is_v4() {
            out.drop(packet, DropReason::NotModeled, CiteId::NONE);
            return None;
        }
        let now = self.now;
        let Some(bytes) = self.rare().reassembler.take(now, &packet) else {
            out.absorb(packet, Absorbed::AwaitsFragments);
            return None;
        };
        let whole = out.packet(|buffer| buffer.extend_from_slice(&bytes));
        out.absorb(packet, Absorbed::Reassembled);
        let whole = whole.ok()?;
        if self.settings.verify_checksums && !checksums_hold(&whole) {
            out.drop(whole, DropReason::Malformed, CiteId::NONE);
            return None;
        }
        Some(whole)
    }

    /// A UDP datagram for one of the host's addresses came in.
    pub(super) fn datagram(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let tuple = *packet.tuple();
        if let Some(Slot::Probe(id)) = self.flows.get(&tuple.reversed(), from.0).copied() {
            return self.probe_answered(id, from, packet, out);
        }
        if self.rare.as_ref().is_none_or(|rare| !rare.udp.contains_key(&tuple.dst_port)) {
            if self.settings.closed_port == Unknown::Drop {
                return out.drop(packet, DropReason::PortFiltered, CiteId::NONE);
            }
            let (ttl, port) = (self.settings.ttl, self.answer_port(from));
            return match out.icmp_error(IcmpError::PortUnreachable, packet.dst(), ttl, &packet) {
                Some(error) => {
                    out.send(port, error);
                    out.absorb(packet, Absorbed::Answered);
                }
                None => out.drop(packet, DropReason::PortFiltered, CiteId::NONE),
            };
        }
        let message = UdpMessage::Datagram {
            from: tuple.source(),
            to: tuple.destination(),
            carrier: Carrier(from.0),
            ttl: packet.ttl(),
            bytes: packet.payload().to_vec(),
        };
        match self.message(tuple.dst_port, packet.payload().len(), message) {
            true => out.deliver(packet),
            false => out.drop(packet, DropReason::HostLimit, CiteId::NONE),
        }
    }

    /// Puts a message before a UDP port's program; false if there is no such port, or no room.
    fn message(&mut self, port: u16, bytes: usize, message: UdpMessage) -> bool {
        let Some(udp) = self.rare.as_mut().and_then(|rare| rare.udp.get_mut(&port)) else { return false };
        match udp.owner {
            Owner::App(app) => self.events.push_back((app, AppEvent::Datagram { port, message })),
            Owner::Task | Owner::Nobody => {
                if UDP_QUEUE_BYTES < udp.bytes + bytes + DATAGRAM_OVERHEAD {
                    return false;
                }
                udp.bytes += bytes + DATAGRAM_OVERHEAD;
                udp.queue.push_back(message);
                wake(&mut udp.waker);
            }
        }
        true
    }

    /// The oldest message of a UDP port.
    pub(super) fn take_message(&mut self, port: u16) -> Option<UdpMessage> {
        let udp = self.rare.as_mut()?.udp.get_mut(&port)?;
        let message = udp.queue.pop_front()?;
        let payload = match &message {
            UdpMessage::Datagram { bytes, .. } => bytes.len(),
            UdpMessage::Error { .. } => 0,
        };
        udp.bytes = udp.bytes.saturating_sub(payload + DATAGRAM_OVERHEAD);
        Some(message)
    }

    /// An ICMP message for one of the host's addresses came in.
    pub(super) fn icmp(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let v4 = packet.protocol() == Protocol::ICMP;
        match packet.icmp() {
            Some((8, _)) if v4 => self.echo(from, packet, out),
            Some((128, _)) if !v4 => self.echo(from, packet, out),
            Some((0, _)) if v4 => self.echo_reply(packet, out),
            Some((129, _)) if !v4 => self.echo_reply(packet, out),
            _ => self.icmp_error(from, packet, out),
        }
    }

    fn echo(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        if !self.settings.answers_echo {
            return out.drop(packet, DropReason::PortFiltered, CiteId::NONE);
        }
        let outgoing = Outgoing {
            flow: packet.tuple().reversed(),
            port: self.answer_port(from),
            ttl: self.settings.ttl,
            dont_fragment: false,
            body: Body::Echo { request: false, rest: packet.transport()[4..].to_vec() },
        };
        let Some(reply) = self.make(&outgoing, out) else {
            return out.drop(packet, DropReason::Malformed, CiteId::NONE);
        };
        out.step(packet.id(), Step::Answered { with: reply.id(), why: Answer::Echo, by: CiteId::NONE });
        self.send_whole(outgoing.port, reply, out);
        out.absorb(packet, Absorbed::Answered);
    }

    fn echo_reply(&mut self, packet: Packet, out: &mut Effects<'_>) {
        let transport = packet.transport();
        let sequence = u16::from_be_bytes([transport[6], transport[7]]);
        let key = (packet.tuple().src_port, sequence);
        let Some(id) = self.rare.as_ref().and_then(|rare| rare.echoes.get(&key).copied()) else {
            return out.drop(packet, DropReason::UnknownConnection, CiteId::NONE);
        };
        self.answer_probe(id, ProbeReply::Echo, &packet);
        out.deliver(packet);
    }

    /// An ICMP error about one of the host's own packets, or about nothing it knows.
    fn icmp_error(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(quoted) = packet.quoted().filter(|quoted| self.owns(quoted.tuple.src)) else {
            return out.drop(packet, DropReason::StrayReset, CiteId::NONE);
        };
        let (tuple, error) = (quoted.tuple, quoted.error);
        let known = match (self.flows.get(&tuple, from.0).copied(), tuple.protocol) {
            (Some(Slot::Probe(id)), _) => {
                self.answer_probe(id, ProbeReply::Error(error), &packet);
                true
            }
            (Some(Slot::Connection(_)), Protocol::TCP) => self.segment_error(from, &quoted, packet.src()),
            (_, Protocol::UDP) => {
                let message = UdpMessage::Error { about: tuple.destination(), from: packet.src(), error };
                self.message(tuple.src_port, 0, message)
            }
            (_, Protocol::ICMP | Protocol::ICMPV6) => self.echo_error(&tuple, error, &packet),
            _ => false,
        };
        if !known {
            return out.drop(packet, DropReason::StrayReset, CiteId::NONE);
        }
        if let IcmpError::TooBig { mtu } = error {
            self.learn_path_mtu(tuple.dst, mtu);
        }
        out.deliver(packet);
    }

    fn echo_error(&mut self, tuple: &FiveTuple, error: IcmpError, packet: &Packet) -> bool {
        // The sequence number stands behind the identifier in the quoted echo request.
        let quote = &packet.transport()[8..];
        let header = if tuple.src.is_ipv4() { usize::from(quote[0] & 0x0f) * 4 } else { 40 };
        let Some(sequence) = quote.get(header + 6..header + 8) else { return false };
        let key = (tuple.src_port, u16::from_be_bytes([sequence[0], sequence[1]]));
        let Some(id) = self.rare.as_ref().and_then(|rare| rare.echoes.get(&key).copied()) else { return false };
        self.answer_probe(id, ProbeReply::Error(error), packet);
        true
    }
}
