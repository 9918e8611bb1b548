//! The state of a host: addresses, connections, listeners, timers; and what programs can do with them. Packets are
//! elsewhere.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Waker;

use slab::Slab;
use smoltcp::iface::Interface;

use super::app::{AppEvent, SocketId};
use super::config::{AnswerBy, HostConfig, HostInterface, HostSettings, ListenOptions};
use super::connection::{Connection, Opening, Owner, Stage};
use super::datagram::Rare;
use super::error::{End, NetError};
use super::raw::Segment;
use super::time_wait::TimeWaits;
use crate::base::{Cidr, Rng, SimTime};
use crate::engine::LOOPBACK;
use crate::packet::{FiveTuple, FlowTable};
use crate::trace::{ConnectionId, ConnectionNote, Note, PortId, ProgramId, ProgramNote};

/// Local ports that programs are given: Linux's `ip_local_port_range`.
const LOCAL_PORTS: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// What stands behind a tuple.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// An open connection, by its index.
    Connection(u32),
    /// A connection that is over, by its number.
    TimeWait(u32),
    /// A probe that waits for its answer.
    Probe(u32),
}

/// What a program asked for between two of the host's own steps, or what happened there, in order.
pub(super) enum Deferred {
    Note(Note),
    Packet(Box<Outgoing>),
}

/// A packet of the host's own making, to be sent.
pub(super) struct Outgoing {
    pub(super) flow: FiveTuple,
    pub(super) port: PortId,
    pub(super) ttl: u8,
    pub(super) dont_fragment: bool,
    pub(super) body: Body,
}

/// What stands behind the IP header of such a packet.
pub(super) enum Body {
    Datagram(Vec<u8>),
    /// `rest` is all that stands behind the checksum.
    Echo {
        request: bool,
        rest: Vec<u8>,
    },
    Segment {
        segment: Segment,
        mss: Option<u16>,
    },
}

/// Who waits for a timer.
pub(super) enum TimerTarget {
    Task(Waker),
    App { app: u32, token: u64 },
}

/// Names a timer: when it is due, and a number that makes it unique.
pub(super) type TimerKey = (SimTime, u64);

/// A port on which somebody listens.
pub(super) struct Listener {
    pub(super) owner: Owner,
    pub(super) program: Option<ProgramId>,
    pub(super) options: ListenOptions,
    /// Connections in the handshake.
    pub(super) handshakes: usize,
    /// Connections to be accepted, by index.
    pub(super) queue: VecDeque<u32>,
    pub(super) waker: Option<Waker>,
}

pub(super) struct Stack {
    pub(super) name: Box<str>,
    pub(super) seed: u64,
    pub(super) settings: Arc<HostSettings>,
    pub(super) interfaces: Vec<HostInterface>,
    pub(super) prefixes: Vec<Cidr>,
    pub(super) now: SimTime,
    pub(super) node: u32,
    pub(super) stopped: bool,
    /// Whether anybody listens to notes: else programs need not make them.
    pub(super) heard: bool,
    rng: Option<Rng>,
    counter: u32,
    pub(super) flows: FlowTable<Slot>,
    pub(super) connections: Slab<Box<Connection>>,
    /// smoltcp's interfaces, one for each MTU in use.
    pub(super) wires: Vec<(u16, Interface)>,
    /// Connections to poll before the host's turn ends, by index.
    pub(super) touched: Vec<u32>,
    pub(super) time_waits: TimeWaits,
    pub(super) listeners: BTreeMap<u16, Listener>,
    pub(super) deferred: VecDeque<Deferred>,
    pub(super) events: VecDeque<(u32, AppEvent)>,
    pub(super) timers: BTreeMap<TimerKey, TimerTarget>,
    timer_counter: u64,
    /// When the engine wakes the host for its programs' timers; far if it does not.
    pub(super) timers_armed: SimTime,
    pub(super) rare: Option<Box<Rare>>,
}

impl Stack {
    pub(super) fn new(config: HostConfig) -> Self {
        Self {
            name: config.name.into(),
            seed: config.seed,
            settings: config.settings,
            interfaces: config.interfaces,
            prefixes: config.prefixes,
            now: SimTime::ZERO,
            node: 0,
            stopped: false,
            heard: false,
            rng: None,
            counter: 0,
            flows: FlowTable::new(),
            connections: Slab::new(),
            wires: Vec::new(),
            touched: Vec::new(),
            time_waits: TimeWaits::default(),
            listeners: BTreeMap::new(),
            deferred: VecDeque::new(),
            events: VecDeque::new(),
            timers: BTreeMap::new(),
            timer_counter: 0,
            timers_armed: SimTime::FAR,
            rare: None,
        }
    }

    /// Whether the address is the host's own.
    pub(super) fn owns(&self, address: IpAddr) -> bool {
        self.interfaces.iter().any(|interface| interface.addresses.contains(&address))
            || self.prefixes.iter().any(|prefix| prefix.contains(address))
    }

    /// The port by which an answer leaves to what came in by `from`.
    pub(super) fn answer_port(&self, from: PortId) -> PortId {
        match self.settings.answer_by {
            AnswerBy::Asked => from,
            // What a machine asks itself never leaves it.
            AnswerBy::Primary if from == LOOPBACK => from,
            AnswerBy::Primary => PortId(0),
        }
    }

    /// Source address and port for what the host itself begins to send to `to`.
    pub(super) fn source_for(&self, to: IpAddr, asked: Option<IpAddr>) -> Result<(IpAddr, PortId), NetError> {
        let fits = |address: &IpAddr| address.is_ipv4() == to.is_ipv4() && asked.is_none_or(|asked| *address == asked);
        let own = self.interfaces.iter().enumerate().find_map(|(index, interface)| {
            let address = interface.addresses.iter().find(|address| fits(address))?;
            // A machine reaches its own addresses by itself: no guard and no route stands there.
            let port = if self.owns(to) { LOOPBACK } else { PortId(index as u32) };
            Some((*address, port))
        });
        let by_prefix = || asked.filter(|asked| fits(asked) && self.owns(*asked)).map(|address| (address, PortId(0)));
        own.or_else(by_prefix).ok_or(NetError::NoAddress)
    }

    /// The host's own random stream.
    pub(super) fn rng(&mut self) -> &mut Rng {
        let (seed, name) = (self.seed, &self.name);
        self.rng.get_or_insert_with(|| Rng::stream(seed, &format!("host/{name}")))
    }

    /// A random stream of the host under a name of its own.
    pub(super) fn stream(&self, name: &str) -> Rng {
        Rng::stream(self.seed, &format!("host/{}/{name}", self.name))
    }

    /// A local port that `taken` does not know.
    pub(super) fn free_port(&mut self, taken: impl Fn(&Self, u16) -> bool) -> Option<u16> {
        let count = LOCAL_PORTS.end() - LOCAL_PORTS.start() + 1;
        let first = self.rng().below(u64::from(count)) as u16;
        (0..count).map(|step| LOCAL_PORTS.start() + (first + step) % count).find(|port| !taken(self, *port))
    }

    /// Whether a tuple can be used for something new.
    pub(super) fn is_free(&self, flow: &FiveTuple, carrier: u32) -> bool {
        match self.flows.get(flow, carrier) {
            None => true,
            Some(Slot::TimeWait(number)) => self.time_waits.get(*number).is_none_or(|entry| entry.expires <= self.now),
            Some(Slot::Connection(_) | Slot::Probe(_)) => false,
        }
    }

    pub(super) fn next_connection_id(&mut self) -> ConnectionId {
        self.counter = self.counter.wrapping_add(1);
        ConnectionId(u64::from(self.node) << 32 | u64::from(self.counter))
    }

    /// Puts a new connection into its places.
    pub(super) fn add(&mut self, opening: Opening) -> u32 {
        let (flow, carrier) = (opening.flow, opening.carrier);
        let connection = Connection::new(self.now, opening, &self.settings);
        let index = self.connections.insert(Box::new(connection)) as u32;
        self.flows.insert(&flow, carrier, Slot::Connection(index));
        index
    }

    /// The connection of a name, if it is still there.
    pub(super) fn connection(&self, socket: SocketId) -> Option<&Connection> {
        self.connections.get(socket.index as usize).map(Box::as_ref).filter(|c| c.id.0 as u32 == socket.counter)
    }

    /// The connection of a name, to change.
    pub(super) fn connection_mut(&mut self, socket: SocketId) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(socket.index as usize)?;
        (connection.id.0 as u32 == socket.counter).then(|| connection.as_mut())
    }

    /// The name of a connection.
    pub(super) fn socket_id(&self, index: u32) -> SocketId {
        let counter = self.connections.get(index as usize).map_or(0, |connection| connection.id.0 as u32);
        SocketId { index, counter }
    }

    /// Sees to it that a connection is polled before the host's turn ends.
    pub(super) fn touch(&mut self, index: u32) {
        if let Some(connection) = self.connections.get_mut(index as usize)
            && !std::mem::replace(&mut connection.touched, true)
        {
            self.touched.push(index);
        }
    }

    /// Marks a connection as ended, and tells its owner. Its tuple is free again.
    pub(super) fn finish(&mut self, index: u32, end: End) {
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        let (flow, carrier) = (connection.flow, connection.carrier);
        connection.end = Some(end);
        if self.flows.get(&flow, carrier) == Some(&Slot::Connection(index)) {
            self.flows.remove(&flow, carrier);
        }
        let handshake = connection.stage != Stage::Open;
        if let Some(port) = connection.listener.filter(|_| handshake)
            && let Some(listener) = self.listeners.get_mut(&port)
        {
            listener.handshakes = listener.handshakes.saturating_sub(1);
        }
        match connection.owner {
            Owner::App(app) => {
                let id = SocketId { index, counter: connection.id.0 as u32 };
                self.events.push_back((app, AppEvent::Ended(id, end)));
            }
            Owner::Task => {
                wake(&mut connection.read_waker);
                wake(&mut connection.write_waker);
            }
            Owner::Nobody => {
                self.connections.remove(index as usize);
            }
        }
    }

    /// Says something about a connection, in its place among what else is said in this turn.
    pub(super) fn say(&mut self, index: u32, what: ConnectionNote) {
        let Some(connection) = self.connections.get(index as usize) else { return };
        let (connection, carrier) = (connection.as_ref(), PortId(connection.carrier));
        let (connection, flow, program) = (connection.id, connection.flow, connection.program);
        self.deferred.push_back(Deferred::Note(Note::Connection { connection, flow, carrier, program, what }));
    }

    /// Says whose the packets of a flow are that is no connection.
    pub(super) fn say_flow(&mut self, program: Option<ProgramId>, flow: FiveTuple) {
        if let Some(program) = program.filter(|_| self.heard) {
            self.deferred.push_back(Deferred::Note(Note::Program { program, what: ProgramNote::Flow { flow } }));
        }
    }

    /// Forgets everything but addresses and settings.
    pub(super) fn clear(&mut self) {
        self.flows = FlowTable::new();
        self.connections.clear();
        self.touched.clear();
        self.time_waits = TimeWaits::default();
        self.listeners.clear();
        self.deferred.clear();
        self.events.clear();
        self.timers.clear();
        self.rare = None;
    }

    /// Adds a timer.
    pub(super) fn timer(&mut self, at: SimTime, target: TimerTarget) -> TimerKey {
        self.timer_counter += 1;
        let key = (at, self.timer_counter);
        self.timers.insert(key, target);
        key
    }
}

pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
