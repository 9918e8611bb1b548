//! When connections are polled: at the end of the host's turn if something happened to them, else by their timers.
//! Which segment is for which connection is found out elsewhere.

use smoltcp::iface::PollResult;
use smoltcp::socket::tcp::State;

use super::connection::Stage;
use super::error::End;
use super::stack::{Slot, Stack};
use super::time_wait::TimeWait;
use super::wire::{Wire, instant, interface};
use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::FiveTuple;
use crate::trace::{ConnectionNote, PortId};

/// The most path MTUs of one host that connections tell apart.
const WIRES_MAX: usize = 16;
/// The smallest MTU that a connection follows an ICMP error to: Linux's `min_pmtu`, and the least of IPv6 (RFC 8200).
const PATH_MTU_MIN_V4: u16 = 552;
const PATH_MTU_MIN_V6: u16 = 1_280;
/// What a port without a link is taken to carry.
const MTU_DEFAULT: u32 = 1_500;
/// How soon a connection that smoltcp wants polled at once, but that had nothing to send, is asked again.
const POLL_AGAIN: std::time::Duration = std::time::Duration::from_millis(1);

/// The token of a connection's timer; 0 is the programs' timer.
pub(super) const fn timer_token(index: u32) -> u64 {
    1 << 32 | index as u64
}

impl Stack {
    /// Polls the connections that something happened to: their segments leave, and their timers are set.
    pub(super) fn pump_touched(&mut self, out: &mut Effects<'_>) {
        // Polling touches no further connection but by ending one, which appends.
        let mut next = 0;
        while next < self.touched.len() {
            let index = self.touched[next];
            next += 1;
            self.pump(index, out);
        }
        self.touched.clear();
    }

    fn pump(&mut self, index: u32, out: &mut Effects<'_>) {
        let now = self.now;
        let ttl = self.settings.ttl;
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        if !std::mem::take(&mut connection.touched) || connection.end.is_some() {
            return;
        }
        if connection.stage == Stage::New && !self.start(index, out) {
            return;
        }
        let connection = self.connections[index as usize].as_mut();
        if !connection.is_out_of_syns() {
            let (mtu, interface) = &mut self.wires[usize::from(connection.interface)];
            loop {
                let mut wire =
                    Wire { out, received: None, port: connection.port, ttl, mtu: *mtu, last: &mut connection.last };
                if interface.poll_egress(instant(now), &mut wire, &mut connection.set) == PollResult::None {
                    break;
                }
            }
        }
        if connection.state() == State::Closed {
            self.say(index, ConnectionNote::Aborted);
            return self.finish(index, End::Aborted);
        }
        connection.watch_pending(now);
        self.schedule(index, out);
    }

    /// Makes the first SYN of a new connection.
    fn start(&mut self, index: u32, out: &mut Effects<'_>) -> bool {
        let connection = &self.connections[index as usize];
        let (flow, port) = (connection.flow, connection.port);
        let wire = self.wire_for(port, &flow, out);
        let connection = self.connections[index as usize].as_mut();
        connection.interface = wire;
        connection.stage = Stage::Opening;
        let context = self.wires[usize::from(wire)].1.context();
        let opened = connection.socket_mut().connect(context, flow.destination(), flow.source());
        if opened.is_err() {
            self.finish(index, End::Aborted);
            return false;
        }
        self.say(index, ConnectionNote::Opening);
        true
    }

    /// Sets when the connection is polled again. One timer of the engine at a time, re-armed only when it fires or when
    /// an earlier instant is wanted.
    fn schedule(&mut self, index: u32, out: &mut Effects<'_>) {
        let now = self.now;
        let connection = self.connections[index as usize].as_mut();
        let mut due = connection.deadline(&self.settings);
        if !connection.is_out_of_syns() {
            let interface = &mut self.wires[usize::from(connection.interface)].1;
            if let Some(at) = interface.poll_at(instant(now), &connection.set) {
                let at = SimTime::from_micros(u64::try_from(at.total_micros()).unwrap_or(0));
                let at = if at <= now { now.after(POLL_AGAIN) } else { at };
                if connection.state() == State::TimeWait && now.after(std::time::Duration::from_secs(1)) < at {
                    return self.retire(index);
                }
                due = due.min(at);
            }
        }
        connection.due = due;
        if due < connection.armed_at {
            connection.armed_at = due;
            out.arm(due, timer_token(index));
        }
    }

    /// The timer of a connection.
    pub(super) fn connection_timer(&mut self, index: u32, out: &mut Effects<'_>) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        if connection.armed_at != now {
            return;
        }
        connection.armed_at = SimTime::FAR;
        if connection.end.is_some() {
            return;
        }
        if now < connection.due {
            connection.armed_at = connection.due;
            if connection.due != SimTime::FAR {
                out.arm(connection.due, timer_token(index));
            }
            return;
        }
        if now < connection.deadline(&self.settings) {
            return self.touch(index);
        }
        if connection.state() == State::FinWait2 {
            self.say(index, ConnectionNote::Closed);
            return self.finish(index, End::Closed);
        }
        // Linux sends nothing when it gives up.
        self.say(index, ConnectionNote::TimedOut);
        self.finish(index, End::TimedOut);
    }

    /// Both ends are done: remembers the tuple, and forgets the socket.
    fn retire(&mut self, index: u32) {
        let connection = &self.connections[index as usize];
        let (flow, carrier, last) = (connection.flow, connection.carrier, connection.last);
        self.say(index, ConnectionNote::Closed);
        self.finish(index, End::Closed);
        let expires = self.now.after(self.settings.time_wait);
        let number = self.time_waits.push(TimeWait { flow, carrier, expires, seq: last.next, ack: last.ack });
        self.flows.insert(&flow, carrier, Slot::TimeWait(number));
        while let Some((number, old)) = self.time_waits.pop(self.now) {
            if self.flows.get(&old.flow, old.carrier) == Some(&Slot::TimeWait(number)) {
                self.flows.remove(&old.flow, old.carrier);
            }
        }
    }

    /// The interface of smoltcp for a flow that leaves by a port.
    pub(super) fn wire_for(&mut self, port: PortId, flow: &FiveTuple, out: &Effects<'_>) -> u8 {
        let link = out.mtu(port).unwrap_or(MTU_DEFAULT).clamp(128, 65_535) as u16;
        let mtu = self.path_mtu(flow.dst).map_or(link, |path| link.min(path.max(path_mtu_min(flow))));
        self.wire_of(mtu).unwrap_or(0)
    }

    /// The interface of smoltcp for an MTU, made if there is none. Where there are too many, the largest that is not
    /// larger.
    pub(super) fn wire_of(&mut self, mtu: u16) -> Option<u8> {
        if let Some(index) = self.wires.iter().position(|wire| wire.0 == mtu) {
            return Some(index as u8);
        }
        if self.wires.len() < WIRES_MAX {
            let seed = self.rng().next_u64();
            // Almost every host has one, and it is large: a vector's own growth would make room for four.
            self.wires.reserve_exact(1);
            self.wires.push((mtu, interface(mtu, seed, self.now)));
            return Some(self.wires.len() as u8 - 1);
        }
        let fits = self.wires.iter().enumerate().filter(|(_, wire)| wire.0 <= mtu);
        fits.max_by_key(|(_, wire)| wire.0).map(|(index, _)| index as u8)
    }
}

pub(super) const fn path_mtu_min(flow: &FiveTuple) -> u16 {
    if flow.src.is_ipv4() { PATH_MTU_MIN_V4 } else { PATH_MTU_MIN_V6 }
}
