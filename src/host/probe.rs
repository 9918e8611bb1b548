//! Single packets that ask a question, and their answers: echo requests, UDP and TCP probes with a small time to live,
//! half-open SYN probes. What the answers mean is for programs to say.

use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use super::connection::Owner;
use super::error::NetError;
use super::raw::{self, Segment};
use super::stack::{Body, Outgoing, Slot, Stack, wake};
use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::{FiveTuple, IcmpError, Packet, Protocol, TcpFlags};
use crate::trace::{CiteId, DropReason, PortId, ProgramId};

/// The most probes of a host that wait for an answer.
const PROBES_MAX: usize = 1 << 16;
/// The largest payload of an echo or datagram: it fits into one IPv4 packet behind both headers.
pub(super) const PAYLOAD_MAX: usize = 65_535 - 28;

/// What kind of packet asks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// An ICMP echo request.
    Echo {
        /// Names the asking program.
        identifier: u16,
        /// Names the request.
        sequence: u16,
        /// Bytes of payload.
        bytes: usize,
    },
    /// A UDP datagram from a port of its own.
    Udp {
        /// The destination port; traceroute counts up from 33434.
        port: u16,
        /// Bytes of payload.
        bytes: usize,
    },
    /// A SYN from a port of its own; an answer is reset at once.
    Syn {
        /// The destination port.
        port: u16,
    },
}

/// A packet that asks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whom.
    pub to: IpAddr,
    /// How.
    pub kind: ProbeKind,
    /// Time to live, if not the host's.
    pub ttl: Option<u8>,
    /// Whether routers may not fragment it.
    pub dont_fragment: bool,
    /// The local address, if not the first one.
    pub from: Option<IpAddr>,
}

impl Probe {
    /// A probe with the host's own time to live and address.
    pub const fn new(to: IpAddr, kind: ProbeKind) -> Self {
        Self { to, kind, ttl: None, dont_fragment: false, from: None }
    }
}

/// What a probe was answered with.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProbeReply {
    /// An echo reply.
    Echo,
    /// A UDP datagram.
    Datagram,
    /// SYN-ACK: somebody listens.
    SynAck,
    /// RST: nobody listens.
    Reset,
    /// An ICMP error.
    Error(IcmpError),
}

/// The answer to a probe.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// What it says.
    pub reply: ProbeReply,
    /// Who says it.
    pub from: IpAddr,
    /// The answer's time to live, as received.
    pub ttl: u8,
    /// Bytes behind the answer's IP header.
    pub bytes: usize,
    /// How long it took.
    pub after: Duration,
}

/// A probe of a host. Its number is used again once the probe is forgotten.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub(super) u32);

/// A probe under way, or answered.
pub(super) struct Asked {
    pub(super) owner: Owner,
    flow: FiveTuple,
    port: PortId,
    sequence: u16,
    /// The acknowledgment number that a SYN's answer must have.
    expected: u32,
    sent_at: SimTime,
    pub(super) answer: Option<ProbeAnswer>,
    pub(super) waker: Option<Waker>,
}

impl Stack {
    /// Sends a probe.
    pub(super) fn probe(
        &mut self,
        probe: &Probe,
        owner: Owner,
        program: Option<ProgramId>,
    ) -> Result<ProbeId, NetError> {
        if self.rare.as_ref().is_some_and(|rare| PROBES_MAX <= rare.probes.len()) {
            return Err(NetError::Limit);
        }
        let (local, port) = self.source_for(probe.to, probe.from)?;
        let v4 = probe.to.is_ipv4();
        let header_ttl = probe.ttl.unwrap_or(self.settings.ttl).max(1);
        let (protocol, remote_port) = match probe.kind {
            ProbeKind::Echo { .. } => (if v4 { Protocol::ICMP } else { Protocol::ICMPV6 }, 0),
            ProbeKind::Udp { port, .. } => (Protocol::UDP, port),
            ProbeKind::Syn { port } => (Protocol::TCP, port),
        };
        let flow_from = |local_port, remote_port| {
            let (from, to) = (SocketAddr::new(local, local_port), SocketAddr::new(probe.to, remote_port));
            raw::flow(protocol, from, to)
        };
        let (mut sequence, mut expected) = (0, 0);
        let (flow, body) = match probe.kind {
            ProbeKind::Echo { identifier, sequence: number, bytes } => {
                let bytes = checked(bytes)?;
                sequence = number;
                let mut rest = Vec::with_capacity(4 + bytes);
                rest.extend_from_slice(&identifier.to_be_bytes());
                rest.extend_from_slice(&number.to_be_bytes());
                rest.extend((0..bytes).map(|index| index as u8));
                (flow_from(identifier, identifier), Body::Echo { request: true, rest })
            }
            ProbeKind::Udp { bytes, .. } => {
                let payload = vec![0x40; checked(bytes)?];
                (flow_from(self.probe_port(&flow_from, remote_port, port)?, remote_port), Body::Datagram(payload))
            }
            ProbeKind::Syn { .. } => {
                let seq = self.rng().next_u64() as u32;
                expected = seq.wrapping_add(1);
                let segment = Segment { seq, ack: 0, flags: TcpFlags::SYN, window: 1_024 };
                let flow = flow_from(self.probe_port(&flow_from, remote_port, port)?, remote_port);
                (flow, Body::Segment { segment, mss: Some(1_460) })
            }
        };
        let asked = Asked { owner, flow, port, sequence, expected, sent_at: self.now, answer: None, waker: None };
        let rare = self.rare();
        if protocol.is_icmp() && rare.echoes.contains_key(&(flow.src_port, sequence)) {
            return Err(NetError::AddressInUse);
        }
        let id = rare.probes.insert(asked) as u32;
        match protocol {
            Protocol::ICMP | Protocol::ICMPV6 => {
                rare.echoes.insert((flow.src_port, sequence), id);
            }
            _ => {
                self.flows.insert(&flow, port.0, Slot::Probe(id));
            }
        }
        self.say_flow(program, flow);
        let outgoing = Outgoing { flow, port, ttl: header_ttl, dont_fragment: probe.dont_fragment, body };
        self.put_off(outgoing);
        Ok(ProbeId(id))
    }

    fn probe_port(
        &mut self,
        flow_from: &impl Fn(u16, u16) -> FiveTuple,
        remote_port: u16,
        port: PortId,
    ) -> Result<u16, NetError> {
        let taken = |stack: &Self, local: u16| {
            !stack.is_free(&flow_from(local, remote_port), port.0)
                || stack.rare.as_ref().is_some_and(|rare| rare.udp.contains_key(&local))
        };
        self.free_port(taken).ok_or(NetError::AddressInUse)
    }

    /// Forgets a probe: a later answer meets nobody.
    pub(super) fn forget_probe(&mut self, id: ProbeId) {
        let Some(rare) = self.rare.as_mut() else { return };
        let Some(asked) = rare.probes.try_remove(id.0 as usize) else { return };
        if asked.flow.protocol.is_icmp() {
            rare.echoes.remove(&(asked.flow.src_port, asked.sequence));
        } else if self.flows.get(&asked.flow, asked.port.0) == Some(&Slot::Probe(id.0)) {
            self.flows.remove(&asked.flow, asked.port.0);
        }
    }

    /// A segment or datagram for a probe came in.
    pub(super) fn probe_answered(&mut self, id: u32, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(asked) = self.rare.as_ref().and_then(|rare| rare.probes.get(id as usize)) else {
            return out.drop(packet, DropReason::UnknownConnection, CiteId::NONE);
        };
        let expected = asked.expected;
        let reply = match packet.tcp() {
            None => ProbeReply::Datagram,
            Some(tcp) if tcp.flags.has(TcpFlags::ACK) && tcp.ack != expected => {
                return out.drop(packet, DropReason::ResetIgnored, CiteId::NONE);
            }
            Some(tcp) if tcp.flags.has(TcpFlags::RST) => ProbeReply::Reset,
            Some(tcp) if tcp.flags.has(TcpFlags::SYN | TcpFlags::ACK) => {
                // The peer must not wait for the rest of a handshake.
                let segment = raw::reset_for(&tcp);
                let flow = packet.tuple().reversed();
                let (ttl, port) = (self.settings.ttl, self.answer_port(from));
                let body = Body::Segment { segment, mss: None };
                self.put_off(Outgoing { flow, port, ttl, dont_fragment: true, body });
                ProbeReply::SynAck
            }
            Some(_) => return out.drop(packet, DropReason::UnknownConnection, CiteId::NONE),
        };
        self.answer_probe(id, reply, &packet);
        out.deliver(packet);
    }

    /// Notes the answer to a probe, and tells its owner. The first answer counts.
    pub(super) fn answer_probe(&mut self, id: u32, reply: ProbeReply, packet: &Packet) {
        let now = self.now;
        let Some(asked) = self.rare.as_mut().and_then(|rare| rare.probes.get_mut(id as usize)) else { return };
        if asked.answer.is_some() {
            return;
        }
        let bytes = packet.len() - packet.transport_offset();
        let after = now.since(asked.sent_at);
        let answer = ProbeAnswer { reply, from: packet.src(), ttl: packet.ttl(), bytes, after };
        asked.answer = Some(answer);
        match asked.owner {
            Owner::App(app) => {
                self.events.push_back((app, super::app::AppEvent::Answered { probe: ProbeId(id), answer }));
            }
            Owner::Task | Owner::Nobody => wake(&mut asked.waker),
        }
    }
}

fn checked(bytes: usize) -> Result<usize, NetError> {
    if bytes <= PAYLOAD_MAX { Ok(bytes) } else { Err(NetError::TooBig) }
}
