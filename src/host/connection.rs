//! One TCP connection: its socket, whose it is, and its deadlines. Sends nothing by itself.

use std::task::Waker;
use std::time::Duration;

use smoltcp::iface::{SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{self, CongestionControl, Socket};

use super::config::{Congestion, HostSettings, KeepAlive};
use super::error::End;
use super::wire::{LastSent, length};
use crate::base::SimTime;
use crate::packet::FiveTuple;
use crate::trace::{ConnectionId, PortId, ProgramId};

/// What carried the packets of a connection to its host: opaque to programs. Connections of different carriers are
/// different connections, even with the same four-tuple.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier(pub u32);

/// SYNs of an attempt: Linux's `tcp_syn_retries` of 6, and the first. (at 0, 1, 3, 7, 15, 31, 63 s)
pub(super) const SYNS_MAX: u8 = 7;
/// SYN-ACKs of an accepted attempt: Linux's `tcp_synack_retries` of 5, and the first.
pub(super) const SYN_ACKS_MAX: u8 = 6;
/// When an attempt of a peer that never completes its handshake is forgotten: 63 s, as Linux.
pub(super) const SYN_RECEIVED_GIVE_UP: Duration = Duration::from_secs(63);

/// Whose a connection is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An event-driven program.
    App(u32),
    /// A task: it is woken.
    Task,
    /// Nobody any more: the connection ends by itself.
    Nobody,
}

/// How far the attempt to open it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its SYN is not made yet.
    New,
    /// In the handshake.
    Opening,
    /// The handshake is done.
    Open,
}

pub(super) struct Connection {
    pub(super) set: SocketSet<'static>,
    pub(super) id: ConnectionId,
    /// The source is the local end.
    pub(super) flow: FiveTuple,
    /// The port it arrives by, and the scope of its lookup.
    pub(super) carrier: u32,
    /// The port it leaves by.
    pub(super) port: PortId,
    /// Which of the host's interfaces (one for each MTU) it uses; meaningless while new.
    pub(super) interface: u8,
    pub(super) stage: Stage,
    pub(super) owner: Owner,
    pub(super) program: Option<ProgramId>,
    /// The port of the listener that took its SYN.
    pub(super) listener: Option<u16>,
    pub(super) opened_at: SimTime,
    pub(super) connect_timeout: Duration,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) heard_at: SimTime,
    /// Since when something waits for an acknowledgment; far if nothing does.
    pub(super) pending_since: SimTime,
    /// When its timer in the engine is due; far if there is none.
    pub(super) armed_at: SimTime,
    /// When it wants to be polled again.
    pub(super) due: SimTime,
    pub(super) last: LastSent,
    pub(super) end: Option<End>,
    /// It is in the list of connections to poll.
    pub(super) touched: bool,
    /// An event that it is ready is under way.
    pub(super) ready: bool,
    pub(super) peer_closed: bool,
    pub(super) read_waker: Option<Waker>,
    pub(super) write_waker: Option<Waker>,
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// What a new connection is given.
pub(super) struct Opening {
    pub(super) id: ConnectionId,
    pub(super) flow: FiveTuple,
    pub(super) carrier: u32,
    pub(super) port: PortId,
    pub(super) owner: Owner,
    pub(super) program: Option<ProgramId>,
    pub(super) receive_buffer: usize,
    pub(super) send_buffer: usize,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) connect_timeout: Duration,
}

impl Connection {
    pub(super) fn new(now: SimTime, opening: Opening, settings: &HostSettings) -> Self {
        // Zeroed memory is only touched as the buffers fill.
        let buffer = |bytes: usize| tcp::SocketBuffer::new(vec![0; bytes.clamp(1, 1 << 30)]);
        let mut socket = Socket::new(buffer(opening.receive_buffer), buffer(opening.send_buffer));
        socket.set_hop_limit(Some(settings.ttl.max(1)));
        socket.set_nagle_enabled(settings.nagle);
        socket.set_ack_delay(settings.ack_delay.map(length));
        socket.set_congestion_control(match settings.congestion {
            Congestion::Cubic => CongestionControl::Cubic,
            Congestion::Reno => CongestionControl::Reno,
            Congestion::None => CongestionControl::None,
        });
        let keep_alive = opening.keep_alive.or(settings.keep_alive);
        socket.set_keep_alive(keep_alive.map(|keep_alive| length(keep_alive.interval)));
        let mut set = SocketSet::new(vec![SocketStorage::EMPTY]);
        set.add(socket);
        Self {
            set,
            id: opening.id,
            flow: opening.flow,
            carrier: opening.carrier,
            port: opening.port,
            interface: 0,
            stage: Stage::New,
            owner: opening.owner,
            program: opening.program,
            listener: None,
            opened_at: now,
            connect_timeout: opening.connect_timeout,
            keep_alive,
            heard_at: now,
            pending_since: SimTime::FAR,
            armed_at: SimTime::FAR,
            due: SimTime::FAR,
            last: LastSent::default(),
            end: None,
            touched: false,
            ready: false,
            peer_closed: false,
            read_waker: None,
            write_waker: None,
            sent: 0,
            received: 0,
        }
    }

    pub(super) fn socket(&self) -> &Socket<'static> {
        self.set.get(SocketHandle::default())
    }

    pub(super) fn socket_mut(&mut self) -> &mut Socket<'static> {
        self.set.get_mut(SocketHandle::default())
    }

    pub(super) fn state(&self) -> tcp::State {
        self.socket().state()
    }

    /// Whether no further SYN may be sent: Linux gives up in silence some time after the last one.
    pub(super) fn is_out_of_syns(&self) -> bool {
        match self.state() {
            tcp::State::SynSent => SYNS_MAX <= self.last.syns,
            tcp::State::SynReceived => SYN_ACKS_MAX <= self.last.syns,
            _ => false,
        }
    }

    /// When it is given up if nothing is heard.
    pub(super) fn deadline(&self, settings: &HostSettings) -> SimTime {
        match self.state() {
            tcp::State::SynSent => self.opened_at.after(self.connect_timeout),
            tcp::State::SynReceived if self.listener.is_some() => self.opened_at.after(SYN_RECEIVED_GIVE_UP),
            tcp::State::SynReceived => self.opened_at.after(self.connect_timeout),
            tcp::State::FinWait2 if self.owner == Owner::Nobody => self.pending_since.after(settings.fin_wait),
            _ if self.pending_since != SimTime::FAR => self.pending_since.after(settings.retransmit_give_up),
            _ => self.keep_alive.map_or(SimTime::FAR, |keep_alive| self.heard_at.after(keep_alive.give_up)),
        }
    }

    /// Notes since when something waits for the peer.
    pub(super) fn watch_pending(&mut self, now: SimTime) {
        let waits = match self.state() {
            tcp::State::FinWait1 | tcp::State::Closing | tcp::State::LastAck => true,
            tcp::State::FinWait2 => self.owner == Owner::Nobody,
            _ => self.socket().send_queue() != 0,
        };
        if !waits {
            self.pending_since = SimTime::FAR;
        } else if self.pending_since == SimTime::FAR {
            self.pending_since = now;
        }
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            id: self.id,
            flow: self.flow,
            carrier: Carrier(self.carrier),
            state: state_text(self.state()),
            opened_at: self.opened_at,
            sent: self.sent,
            received: self.received + self.socket().recv_queue() as u64,
            program: self.program,
            accepted: self.listener.is_some(),
        }
    }
}

/// What can be listed of a connection that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its name in the run.
    pub id: ConnectionId,
    /// Its tuple; the source is the local end.
    pub flow: FiveTuple,
    /// What carries it.
    pub carrier: Carrier,
    /// Its state, as `ss` and `netstat` write it.
    pub state: &'static str,
    /// Since when it exists; its age is what has passed since.
    pub opened_at: SimTime,
    /// Bytes of payload that its program gave it.
    pub sent: u64,
    /// Bytes of payload that arrived in order.
    pub received: u64,
    /// Whose it is.
    pub program: Option<ProgramId>,
    /// Whether a listener took it; else its own host opened it.
    pub accepted: bool,
}

const fn state_text(state: tcp::State) -> &'static str {
    match state {
        tcp::State::Closed => "CLOSED",
        tcp::State::Listen => "LISTEN",
        tcp::State::SynSent => "SYN-SENT",
        tcp::State::SynReceived => "SYN-RECEIVED",
        tcp::State::Established => "ESTABLISHED",
        tcp::State::FinWait1 => "FIN-WAIT-1",
        tcp::State::FinWait2 => "FIN-WAIT-2",
        tcp::State::CloseWait => "CLOSE-WAIT",
        tcp::State::Closing => "CLOSING",
        tcp::State::LastAck => "LAST-ACK",
        tcp::State::TimeWait => "TIME-WAIT",
    }
}
