//! TCP segments on their way in and out: which connection, listener or nobody takes them; what comes of it; and when
//! each connection is polled again. What programs do is elsewhere.

use smoltcp::socket::tcp::State;

use super::app::{AppEvent, ListenerId, SocketId};
use super::config::Unknown;
use super::connection::{Connection, Opening, Owner, Stage};
use super::error::End;
use super::pump::path_mtu_min;
use super::raw::{self, Header, Segment};
use super::stack::{Slot, Stack, wake};
use super::wire::{Wire, instant};
use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::{FiveTuple, IcmpError, Packet, Quoted, TcpFlags, TcpView};
use crate::trace::{Absorbed, Answer, CiteId, ConnectionNote, DropReason, PortId, Step};

impl Stack {
    /// A TCP segment for one of the host's addresses came in.
    pub(super) fn segment(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(tcp) = packet.tcp() else { return out.drop(packet, DropReason::Malformed, CiteId::NONE) };
        let flow = packet.tuple().reversed();
        // No sender makes these (RFC 9293 section 3.1; RFC 1122 section 3.2.1.3).
        let both = tcp.flags.has(TcpFlags::SYN) && tcp.flags.0 & (TcpFlags::FIN | TcpFlags::RST) != 0
            || tcp.flags.has(TcpFlags::FIN | TcpFlags::RST);
        let group = flow.dst.is_unspecified() || flow.dst.is_multicast() || flow.src.is_multicast();
        if both || group || flow.src_port == 0 || flow.dst_port == 0 {
            return out.drop(packet, DropReason::Malformed, CiteId::NONE);
        }
        match self.flows.get(&flow, from.0).copied() {
            Some(Slot::Connection(index)) => self.feed(index, &tcp, packet, out),
            Some(Slot::TimeWait(number)) => self.late(number, from, &flow, packet, out),
            Some(Slot::Probe(id)) => self.probe_answered(id, from, packet, out),
            None if tcp.flags.opens() => self.knock(from, &flow, &tcp, packet, out),
            None => self.unknown(from, packet, out),
        }
    }

    /// Hands a segment to its connection.
    fn feed(&mut self, index: u32, tcp: &TcpView, packet: Packet, out: &mut Effects<'_>) {
        let now = self.now;
        let ttl = self.settings.ttl;
        let connection = self.connections[index as usize].as_mut();
        if connection.stage == Stage::New {
            // Nothing was sent yet, so this belongs to an older connection of the same tuple.
            return out.drop(packet, DropReason::UnknownConnection, CiteId::NONE);
        }
        let before = Glance::of(connection);
        let (mtu, interface) = &mut self.wires[usize::from(connection.interface)];
        let mut wire = Wire {
            out,
            received: Some(packet.bytes()),
            port: connection.port,
            ttl,
            mtu: *mtu,
            last: &mut connection.last,
        };
        interface.poll_ingress_single(instant(now), &mut wire, &mut connection.set);
        let after = Glance::of(connection);
        let (id, flags) = (packet.id(), tcp.flags);
        if after.state == State::Listen && before.state == State::Listen {
            self.finish(index, End::Closed);
            return out.drop(packet, DropReason::Malformed, CiteId::NONE);
        }
        if flags.has(TcpFlags::RST) && after.state == before.state {
            return out.drop(packet, DropReason::ResetIgnored, CiteId::NONE);
        }
        out.deliver(packet);
        connection.heard_at = now;
        // Only what is acknowledged counts against giving up, or a peer that says it has no room.
        let progress = after.unsent < before.unsent || after.state != before.state || tcp.window == 0;
        if connection.pending_since != SimTime::FAR && progress {
            connection.pending_since = now;
        }
        self.touch(index);
        if before != after {
            let by = flags.has(TcpFlags::RST).then_some(id);
            self.changed(index, before, after, by);
        }
    }

    /// Something of a connection changed with a segment: tells its owner, and says so.
    fn changed(&mut self, index: u32, before: Glance, after: Glance, reset: Option<crate::packet::PacketId>) {
        match (after.state, reset) {
            // A reset of an attempt that a listener took turns its socket back into a listening one.
            (State::Closed | State::Listen, Some(by)) => {
                let refused = before.state == State::SynSent;
                self.say(index, if refused { ConnectionNote::Refused { by } } else { ConnectionNote::Reset { by } });
                return self.finish(index, if refused { End::Refused } else { End::Reset });
            }
            (State::Closed | State::Listen, None) => {
                self.say(index, ConnectionNote::Closed);
                return self.finish(index, End::Closed);
            }
            _ => {}
        }
        let connection = self.connections[index as usize].as_mut();
        if connection.stage == Stage::Opening && !matches!(after.state, State::SynSent | State::SynReceived) {
            connection.stage = Stage::Open;
            self.established(index);
        }
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        let peer_closed = matches!(after.state, State::CloseWait | State::Closing | State::LastAck | State::TimeWait);
        if peer_closed && !connection.peer_closed {
            connection.peer_closed = true;
            self.say(index, ConnectionNote::PeerClosed);
        }
        self.notify(index, before, after);
    }

    /// The handshake is done: tells whoever connected, or hands the connection to its listener's program.
    fn established(&mut self, index: u32) {
        self.say(index, ConnectionNote::Established);
        let socket = self.socket_id(index);
        let connection = self.connections[index as usize].as_mut();
        let Some(port) = connection.listener else {
            if let Owner::App(app) = connection.owner {
                self.events.push_back((app, AppEvent::Connected(socket)));
            }
            return;
        };
        let Some(listener) = self.listeners.get_mut(&port) else { return self.abort(index) };
        listener.handshakes = listener.handshakes.saturating_sub(1);
        connection.owner = listener.owner;
        connection.program = listener.program;
        match listener.owner {
            Owner::App(app) => {
                self.events.push_back((app, AppEvent::Accepted { listener: ListenerId(port), socket }));
            }
            Owner::Task | Owner::Nobody => {
                listener.queue.push_back(index);
                wake(&mut listener.waker);
            }
        }
    }

    /// Wakes the owner for what changed.
    fn notify(&mut self, index: u32, before: Glance, after: Glance) {
        let connection = self.connections[index as usize].as_mut();
        let turned = before.state != after.state;
        match connection.owner {
            Owner::App(app) => {
                if !connection.ready && connection.stage == Stage::Open {
                    connection.ready = true;
                    let socket = SocketId { index, counter: connection.id.0 as u32 };
                    self.events.push_back((app, AppEvent::Ready(socket)));
                }
            }
            Owner::Task => {
                if turned || before.received != after.received {
                    wake(&mut connection.read_waker);
                }
                if turned || before.unsent != after.unsent {
                    wake(&mut connection.write_waker);
                }
            }
            // Data for a program that is gone: Linux answers with an RST.
            Owner::Nobody if connection.stage == Stage::Open && after.received != 0 => self.abort(index),
            Owner::Nobody => {}
        }
    }

    /// A SYN for no connection: a listener takes it, or it is refused.
    fn knock(&mut self, from: PortId, flow: &FiveTuple, tcp: &TcpView, packet: Packet, out: &mut Effects<'_>) {
        let Some(listener) = self.listeners.get_mut(&flow.src_port) else { return self.unknown(from, packet, out) };
        // Linux drops the SYN in silence, and the peer tries again.
        if listener.options.backlog <= listener.handshakes + listener.queue.len() {
            return out.drop(packet, DropReason::BacklogFull, CiteId::NONE);
        }
        if self.settings.connections_max <= self.connections.len() {
            return out.drop(packet, DropReason::HostLimit, CiteId::NONE);
        }
        listener.handshakes += 1;
        let options = listener.options.clone();
        let program = listener.program;
        let port = self.answer_port(from);
        let opening = Opening {
            id: self.next_connection_id(),
            flow: *flow,
            carrier: from.0,
            port,
            owner: Owner::Nobody,
            program,
            receive_buffer: options.receive_buffer.unwrap_or(self.settings.receive_buffer),
            send_buffer: options.send_buffer.unwrap_or(self.settings.send_buffer),
            keep_alive: options.keep_alive,
            connect_timeout: self.settings.connect_timeout,
        };
        let index = self.add(opening);
        let wire = self.wire_for(port, flow, out);
        let connection = self.connections[index as usize].as_mut();
        connection.listener = Some(flow.src_port);
        connection.stage = Stage::Opening;
        connection.interface = wire;
        let listening = connection.socket_mut().listen(flow.source());
        listening.expect("a new socket listens on a port that is not 0");
        self.say(index, ConnectionNote::Accepting);
        self.feed(index, tcp, packet, out);
    }

    /// A segment for no connection. (RFC 9293 section 3.5.2)
    fn unknown(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let Some(tcp) = packet.tcp() else { return out.drop(packet, DropReason::Malformed, CiteId::NONE) };
        if tcp.flags.has(TcpFlags::RST) {
            return out.drop(packet, DropReason::StrayReset, CiteId::NONE);
        }
        let opens = tcp.flags.opens();
        let (unknown, silence, why) = match opens {
            true => (self.settings.closed_port, DropReason::PortFiltered, Answer::PortClosed),
            false => (self.settings.unknown_flow, DropReason::UnknownConnection, Answer::UnknownConnection),
        };
        if unknown == Unknown::Drop {
            return out.drop(packet, silence, CiteId::NONE);
        }
        self.answer_segment(from, &packet, raw::reset_for(&tcp), Some(why), out);
        out.absorb(packet, Absorbed::Answered);
    }

    /// A segment for a connection that is over.
    fn late(&mut self, number: u32, from: PortId, flow: &FiveTuple, packet: Packet, out: &mut Effects<'_>) {
        let (Some(tcp), Some(entry)) = (packet.tcp(), self.time_waits.get(number).copied()) else {
            return self.unknown(from, packet, out);
        };
        // RFC 9293 section 3.10.7.4: a new connection may begin with a higher sequence number than the old one ended.
        let newer = tcp.flags.opens() && tcp.seq.wrapping_sub(entry.ack) < 1 << 31;
        if newer || entry.expires <= self.now {
            self.flows.remove(flow, from.0);
            return match tcp.flags.opens() {
                true => self.knock(from, flow, &tcp, packet, out),
                false => self.unknown(from, packet, out),
            };
        }
        // As Linux without `tcp_rfc1337`: the exact reset ends it early, so that a peer that asks anew gets in.
        if tcp.flags.has(TcpFlags::RST) {
            if tcp.seq != entry.ack {
                return out.drop(packet, DropReason::StrayReset, CiteId::NONE);
            }
            self.flows.remove(flow, from.0);
            return out.absorb(packet, Absorbed::Stale);
        }
        if tcp.segment_len() != 0 {
            let again = Segment { seq: entry.seq, ack: entry.ack, flags: TcpFlags::ACK, window: 0 };
            self.answer_segment(from, &packet, again, None, out);
        }
        out.absorb(packet, Absorbed::Stale);
    }

    /// Answers a segment with one that belongs to no connection.
    fn answer_segment(
        &self,
        from: PortId,
        packet: &Packet,
        segment: Segment,
        why: Option<Answer>,
        out: &mut Effects<'_>,
    ) {
        let header = Header { ttl: self.settings.ttl, dont_fragment: true, identification: 0 };
        let flow = packet.tuple().reversed();
        let answer = out.packet(|buffer| raw::segment(buffer, &flow, header, segment, None));
        let answer = answer.expect("the host writes well-formed segments");
        if let Some(why) = why {
            out.step(packet.id(), Step::Answered { with: answer.id(), why, by: CiteId::NONE });
        }
        out.send(self.answer_port(from), answer);
    }

    /// An ICMP error about one of the host's segments; false if there is no such connection.
    pub(super) fn segment_error(&mut self, from: PortId, quoted: &Quoted, said_by: std::net::IpAddr) -> bool {
        let Some(Slot::Connection(index)) = self.flows.get(&quoted.tuple, from.0).copied() else { return false };
        let connection = self.connections[index as usize].as_mut();
        let error = quoted.error;
        match error {
            IcmpError::TooBig { mtu } => {
                let mtu = mtu.max(path_mtu_min(&quoted.tuple));
                let current = self.wires.get(usize::from(connection.interface)).map_or(mtu, |wire| wire.0);
                if connection.stage == Stage::New || current <= mtu {
                    return true;
                }
                if let Some(wire) = self.wire_of(mtu) {
                    self.connections[index as usize].interface = wire;
                    self.touch(index);
                    self.say(index, ConnectionNote::PathMtu { mtu });
                }
            }
            // Hard for an attempt, soft once the connection stands (RFC 1122 section 4.2.3.9, RFC 5461).
            IcmpError::NetUnreachable
            | IcmpError::HostUnreachable
            | IcmpError::PortUnreachable
            | IcmpError::Prohibited
                if connection.stage == Stage::Opening =>
            {
                self.say(index, ConnectionNote::Unreachable { error, from: said_by });
                self.finish(index, End::Unreachable { error, from: said_by });
            }
            _ => self.say(index, ConnectionNote::SoftError { error, from: said_by }),
        }
        true
    }
}

/// What a program could notice of a connection.
#[derive(Copy, Clone, PartialEq, Eq)]
struct Glance {
    state: State,
    received: usize,
    unsent: usize,
}

impl Glance {
    fn of(connection: &Connection) -> Self {
        let socket = connection.socket();
        Self { state: socket.state(), received: socket.recv_queue(), unsent: socket.send_queue() }
    }
}
