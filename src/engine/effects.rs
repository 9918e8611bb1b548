//! What a node can do: send, deliver, absorb, drop, arm, note. The only way a packet leaves a node's hands.

use std::collections::VecDeque;
use std::time::Duration;

use super::event::{Due, Event, EventClass, EventKey};
use super::link::{Passage, Wire};
use super::queue::EventQueue;
use crate::base::SimTime;
use crate::packet::{IcmpError, Malformed, Packet, PacketId, PacketPool, build_icmp_error};
use crate::trace::{Absorbed, Answer, Attention, CiteId, DropReason, NodeId, Note, Observer, PortId, Sees, Step};

/// The most links a packet may cross: routers of a VPC take no TTL, so routes in a circle would never end.
pub(crate) const CROSSINGS_MAX: u16 = 128;

/// How many packets began and ended, and how. What began and has not ended is in flight.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets made by hosts and boxes, or brought in from outside.
    pub born: u64,
    /// Packets that reached their host.
    pub delivered: u64,
    /// Packets that a box took care of.
    pub absorbed: u64,
    /// Packets that ended without arriving.
    pub dropped: u64,
    /// Crossings of links.
    pub crossings: u64,
    /// Events that were run.
    pub events: u64,
}

impl Counters {
    /// How many packets have begun and not ended.
    pub const fn in_flight(&self) -> u64 {
        self.born - self.delivered - self.absorbed - self.dropped
    }
}

/// Everything of the engine but its nodes.
pub(crate) struct Core {
    pub(crate) now: SimTime,
    pub(crate) wires: Vec<Vec<Option<Wire>>>,
    pub(crate) queue: EventQueue<Event>,
    /// Packets that crossed a link without delay: they arrive within the same event.
    pub(crate) cascade: VecDeque<(NodeId, PortId, Packet)>,
    pub(crate) pool: PacketPool,
    pub(crate) next_packet: u64,
    pub(crate) counters: Counters,
    pub(crate) attention: bool,
}

/// What a node can do while it handles a packet or a timer.
pub struct Effects<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) sees: Sees,
    pub(crate) node: NodeId,
}

/// The port by which a node reaches itself. No link can be there.
pub const LOOPBACK: PortId = PortId(u32::MAX - 1);
/// What a machine takes to reach itself. Ours; it lets time pass where two programs of one machine talk without end.
const LOOPBACK_DELAY: Duration = Duration::from_micros(10);

impl Effects<'_> {
    /// The instant.
    pub fn now(&self) -> SimTime {
        self.core.now
    }

    /// The node that acts.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Makes a packet of the bytes that `write` puts into an empty buffer.
    pub fn packet(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Packet, Malformed> {
        let mut packet = self.core.pool.packet(write)?;
        packet.set_id(self.next_id());
        self.step(packet.id(), Step::Sent);
        Ok(packet)
    }

    /// Makes a packet of `len` bytes, which `write` sets, all of them: what a used buffer holds is not cleared before.
    pub(crate) fn packet_of(&mut self, len: usize, write: impl FnOnce(&mut [u8])) -> Result<Packet, Malformed> {
        let mut packet = self.core.pool.packet_of(len, write)?;
        packet.set_id(self.next_id());
        self.step(packet.id(), Step::Sent);
        Ok(packet)
    }

    /// Sends a packet over the link at `port`.
    pub fn send(&mut self, port: PortId, mut packet: Packet) {
        if CROSSINGS_MAX < packet.cross() {
            return self.drop(packet, DropReason::ForwardingLoop, CiteId::NONE);
        }
        let node = self.node.0 as usize;
        let now = self.core.now;
        let Some(wire) = self.core.wires.get_mut(node).and_then(|ports| ports.get_mut(port.0 as usize)?.as_mut())
        else {
            return match port {
                LOOPBACK => self.turn_back(packet),
                _ => self.drop(packet, DropReason::NoLink, CiteId::NONE),
            };
        };
        if !wire.up {
            return self.drop(packet, DropReason::LinkDown, CiteId::NONE);
        }
        if (wire.spec.mtu as usize) < packet.len() {
            return self.drop(packet, DropReason::TooBig, CiteId::NONE);
        }
        let (to, to_port) = (wire.to, wire.to_port);
        let passage = match wire.is_direct() {
            true => Passage::Arrives { at: now, again: None },
            false => wire.pass(now, packet.len()),
        };
        let direct = wire.is_direct();
        match passage {
            Passage::QueueFull => self.lose(port, packet, DropReason::QueueFull),
            Passage::Lost => self.lose(port, packet, DropReason::Lost),
            Passage::Arrives { at, again } => {
                if self.sees.steps {
                    self.observer.step(now, self.node, packet.id(), &Step::Forwarded);
                }
                if self.sees.packets {
                    self.observer.left(now, self.node, port, &packet);
                }
                self.core.counters.crossings += 1;
                let copy = again.map(|_| {
                    self.core.counters.born += 1;
                    let id = PacketId(self.core.next_packet);
                    self.core.next_packet += 1;
                    packet.duplicate(id)
                });
                if direct {
                    self.core.cascade.push_back((to, to_port, packet));
                    return;
                }
                self.schedule(at, to, to_port, packet);
                if let (Some(at), Some(copy)) = (again, copy) {
                    self.schedule(at, to, to_port, copy);
                }
            }
        }
    }

    /// To the node itself, as over a link of its own.
    fn turn_back(&mut self, packet: Packet) {
        let now = self.core.now;
        if self.sees.steps {
            self.observer.step(now, self.node, packet.id(), &Step::Forwarded);
        }
        if self.sees.packets {
            self.observer.left(now, self.node, LOOPBACK, &packet);
        }
        self.core.counters.crossings += 1;
        self.schedule(now.after(LOOPBACK_DELAY), self.node, LOOPBACK, packet);
    }

    /// The packet left its node and ended on the link: observers see it leave, and so know what was lost.
    fn lose(&mut self, port: PortId, packet: Packet, reason: DropReason) {
        if self.sees.packets {
            self.observer.left(self.core.now, self.node, port, &packet);
        }
        self.drop(packet, reason, CiteId::NONE);
    }

    /// The packet reached its host.
    pub fn deliver(&mut self, packet: Packet) {
        self.core.counters.delivered += 1;
        self.step(packet.id(), Step::Delivered);
        self.core.pool.recycle(packet);
    }

    /// The node took care of the packet itself.
    pub fn absorb(&mut self, packet: Packet, how: Absorbed) {
        self.core.counters.absorbed += 1;
        self.step(packet.id(), Step::Absorbed(how));
        self.core.pool.recycle(packet);
    }

    /// The packet ends here, for a reason, by a rule or device.
    pub fn drop(&mut self, packet: Packet, reason: DropReason, by: CiteId) {
        self.core.counters.dropped += 1;
        self.step(packet.id(), Step::Dropped { reason, by });
        self.core.pool.recycle(packet);
    }

    /// The packet was cut into fragments, which were or will be sent in its place.
    pub fn fragmented(&mut self, packet: Packet) {
        self.core.counters.absorbed += 1;
        self.step(packet.id(), Step::Fragmented);
        self.core.pool.recycle(packet);
    }

    /// Answers a packet with an ICMP error from `from`, sent over `port`, where one may be sent (RFC 1122); the offender
    /// itself still has to be dropped.
    pub fn send_icmp_error(
        &mut self,
        error: IcmpError,
        from: std::net::IpAddr,
        ttl: u8,
        offender: &Packet,
        port: PortId,
    ) {
        if let Some(reply) = self.icmp_error(error, from, ttl, offender) {
            self.send(port, reply);
        }
    }

    /// Makes an ICMP error about a packet, where one may be sent.
    pub fn icmp_error(
        &mut self,
        error: IcmpError,
        from: std::net::IpAddr,
        ttl: u8,
        offender: &Packet,
    ) -> Option<Packet> {
        let reply = self.packet(|buffer| {
            build_icmp_error(buffer, error, from, ttl, offender);
        });
        let why = match error {
            IcmpError::TooBig { .. } => Answer::TooBig,
            IcmpError::PortUnreachable => Answer::PortUnreachable,
            _ => Answer::TtlExpired,
        };
        let reply = reply.ok()?;
        self.step(offender.id(), Step::Answered { with: reply.id(), why, by: CiteId::NONE });
        Some(reply)
    }

    /// Asks to be woken at `at`, or now if that has passed, with `token`.
    pub fn arm(&mut self, at: SimTime, token: u64) {
        let at = at.max(self.core.now);
        let key = EventKey::new(at, EventClass::Timer);
        let event = Event { node: self.node, port: PortId(0), what: Due::Timer(token) };
        self.core.queue.push(key.0, event);
    }

    /// Says something about a packet.
    pub fn step(&mut self, packet: PacketId, step: Step) {
        if self.sees.steps {
            self.observer.step(self.core.now, self.node, packet, &step);
        }
    }

    /// Says something about a connection, program or service. The note is only made if somebody listens.
    pub fn note(&mut self, note: impl FnOnce() -> Note) {
        if self.sees.notes && self.observer.note(self.core.now, self.node, &note()) == Attention::Stop {
            self.core.attention = true;
        }
    }

    /// Whether steps are listened to: where making one costs something, ask first.
    pub fn sees_steps(&self) -> bool {
        self.sees.steps
    }

    /// The largest packet that the link at `port` takes, in bytes; `None` where there is no link.
    pub fn mtu(&self, port: PortId) -> Option<u32> {
        let wire = self.core.wires.get(self.node.0 as usize)?.get(port.0 as usize)?.as_ref()?;
        Some(wire.spec.mtu)
    }

    fn next_id(&mut self) -> PacketId {
        self.core.counters.born += 1;
        self.core.next_packet += 1;
        PacketId(self.core.next_packet - 1)
    }

    fn schedule(&mut self, at: SimTime, node: NodeId, port: PortId, packet: Packet) {
        let key = EventKey::new(at, EventClass::Arrival);
        self.core.queue.push(key.0, Event { node, port, what: Due::Arrival(packet) });
    }
}
