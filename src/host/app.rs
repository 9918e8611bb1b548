//! Event-driven programs: the fastest kind. The host calls them; they work straight on the buffers of their sockets.

use std::net::{IpAddr, SocketAddr};

use super::config::{ConnectOptions, ListenOptions};
use super::connection::{Carrier, Owner};
use super::datagram::{SendOptions, UdpMessage};
use super::error::{End, NetError};
use super::probe::{Probe, ProbeAnswer, ProbeId};
use super::sockets::Received;
use super::stack::{Stack, TimerTarget};
use crate::base::{Rng, SimTime};
use crate::engine::Effects;
use crate::trace::{ConnectionId, Note, ProgramId, ProgramNote, RequestNote};

/// A connection of a host, as its programs name it. Never used twice.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId {
    pub(super) index: u32,
    pub(super) counter: u32,
}

/// A listener of a host: its port.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u16);

/// An event-driven program of a host.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub(super) u32);

/// An event-driven program.
pub trait App {
    /// Something happened. What it asks for is done before the host's turn ends.
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>);
}

/// What happens to an event-driven program.
#[derive(Clone, Debug, PartialEq)]
pub enum AppEvent {
    /// It begins.
    Start,
    /// A listener's connection stands.
    Accepted {
        /// Which listener.
        listener: ListenerId,
        /// The connection.
        socket: SocketId,
    },
    /// A connection it asked for stands.
    Connected(SocketId),
    /// Bytes came in, space became free, or the peer sends no more.
    Ready(SocketId),
    /// A connection ended. What it had received can still be read, now and not later.
    Ended(SocketId, End),
    /// A timer is due.
    Timer(u64),
    /// A datagram came in at a UDP port of its own, or an ICMP error about one that it sent.
    Datagram {
        /// Which port.
        port: u16,
        /// What came.
        message: UdpMessage,
    },
    /// A probe was answered.
    Answered {
        /// Which probe.
        probe: ProbeId,
        /// With what.
        answer: ProbeAnswer,
    },
}

/// What an event-driven program can do.
pub struct AppCx<'a, 'e> {
    pub(super) stack: &'a mut Stack,
    pub(super) out: &'a mut Effects<'e>,
    pub(super) app: u32,
    pub(super) program: Option<ProgramId>,
}

impl AppCx<'_, '_> {
    /// The instant.
    pub fn now(&self) -> SimTime {
        self.stack.now
    }

    /// Begins a connection; [`AppEvent::Connected`] or [`AppEvent::Ended`] follows.
    pub fn connect(&mut self, to: SocketAddr, options: &ConnectOptions) -> Result<SocketId, NetError> {
        let index = self.stack.open(to, options, Owner::App(self.app), self.program)?;
        Ok(self.stack.socket_id(index))
    }

    /// Listens on a port of every address of the host.
    pub fn listen(&mut self, port: u16, options: ListenOptions) -> Result<ListenerId, NetError> {
        self.stack.listen(port, options, Owner::App(self.app), self.program)?;
        Ok(ListenerId(port))
    }

    /// Stops listening; connections that stand live on.
    pub fn unlisten(&mut self, listener: ListenerId) {
        self.stack.unlisten(listener.0);
    }

    /// Lets `read` take bytes that have arrived in one piece: it says how many it took. `Ok(None)` if there are none;
    /// [`NetError::Closed`] at the end of the stream.
    pub fn recv<R>(&mut self, socket: SocketId, read: impl FnOnce(&[u8]) -> (usize, R)) -> Result<Option<R>, NetError> {
        match self.stack.receive(socket, read)? {
            Received::Some(answer) => Ok(Some(answer)),
            Received::Nothing => Ok(None),
            Received::End => Err(NetError::Closed),
        }
    }

    /// Lets `write` put bytes into free space in one piece: it says how many it put. `Ok(None)` while there is no space.
    pub fn send<R>(
        &mut self,
        socket: SocketId,
        write: impl FnOnce(&mut [u8]) -> (usize, R),
    ) -> Result<Option<R>, NetError> {
        self.stack.send(socket, write)
    }

    /// Bytes that were sent and not yet acknowledged, or wait to be sent.
    pub fn unsent(&self, socket: SocketId) -> usize {
        self.stack.connection(socket).map_or(0, |connection| connection.socket().send_queue())
    }

    /// Whether the peer sends no more; what it sent may still have to be read.
    pub fn is_peer_closed(&self, socket: SocketId) -> bool {
        self.stack.connection(socket).is_none_or(|connection| connection.peer_closed)
    }

    /// Sends FIN behind what was sent.
    pub fn close(&mut self, socket: SocketId) {
        if self.stack.connection(socket).is_some() {
            self.stack.shut(socket.index);
        }
    }

    /// Ends a connection with an RST.
    pub fn abort(&mut self, socket: SocketId) {
        if self.stack.connection(socket).is_some() {
            self.stack.abort(socket.index);
        }
    }

    /// Leaves a connection to end by itself; no more events come of it.
    pub fn release(&mut self, socket: SocketId) {
        if self.stack.connection(socket).is_some() {
            self.stack.release(socket.index);
        }
    }

    /// Local and remote end of a connection, and what carries it.
    pub fn ends(&self, socket: SocketId) -> Option<(SocketAddr, SocketAddr, Carrier)> {
        let connection = self.stack.connection(socket)?;
        Some((connection.flow.source(), connection.flow.destination(), Carrier(connection.carrier)))
    }

    /// The name of a connection in the run.
    pub fn connection_id(&self, socket: SocketId) -> Option<ConnectionId> {
        self.stack.connection(socket).map(|connection| connection.id)
    }

    /// The host's first address of a family.
    pub fn address(&self, v4: bool) -> Option<IpAddr> {
        let mut addresses = self.stack.interfaces.iter().flat_map(|interface| &interface.addresses);
        addresses.find(|address| address.is_ipv4() == v4).copied()
    }

    /// Takes a UDP port, or any free one; [`AppEvent::Datagram`] follows for each datagram.
    pub fn udp(&mut self, port: Option<u16>) -> Result<u16, NetError> {
        self.stack.bind(port, Owner::App(self.app), self.program)
    }

    /// Sends a datagram from a UDP port.
    pub fn send_to(&mut self, port: u16, bytes: &[u8], to: SocketAddr, options: SendOptions) -> Result<(), NetError> {
        self.stack.send_datagram(port, to, bytes, options)
    }

    /// Sends a packet that asks; [`AppEvent::Answered`] follows if it is answered.
    pub fn probe(&mut self, probe: &Probe) -> Result<ProbeId, NetError> {
        self.stack.probe(probe, Owner::App(self.app), self.program)
    }

    /// Waits no longer for the answer to a probe. Answered probes have to be forgotten too.
    pub fn forget(&mut self, probe: ProbeId) {
        self.stack.forget_probe(probe);
    }

    /// Asks for [`AppEvent::Timer`] with `token` at `at`.
    pub fn arm(&mut self, at: SimTime, token: u64) {
        let at = at.max(self.stack.now);
        self.stack.timer(at, TimerTarget::App { app: self.app, token });
    }

    /// Says something about the program.
    pub fn note(&mut self, note: impl FnOnce() -> ProgramNote) {
        if let Some(program) = self.program {
            self.out.note(|| Note::Program { program, what: note() });
        }
    }

    /// A line of the access log of a service.
    pub fn request_note(&mut self, note: impl FnOnce() -> RequestNote) {
        self.out.note(|| Note::Request(Box::new(note())));
    }

    /// A random stream of this host with a name of its own.
    pub fn rng(&self, name: &str) -> Rng {
        self.stack.stream(name)
    }
}
