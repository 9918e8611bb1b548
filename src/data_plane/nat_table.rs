//! NAT mappings and their lifetimes: endpoint-dependent (RFC 4787), a port per connection. Knows no nodes, sends no
//! packets.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustc_hash::FxHashMap;
use slab::Slab;

use crate::base::SimTime;
use crate::packet::{FiveTuple, FlowTable, Protocol, TcpFlags};

/// How long mappings live, and how many there may be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NatLimits {
    /// A connection idle for so long is forgotten (facts N5: 350 s; true of "5 minutes or more" too).
    pub idle_timeout: Duration,
    /// After FIN in both directions or an RST, the mapping and its port live so long. UNSOURCED; about 55,000
    /// connections a minute to one destination mean that a port rests for 60 s (facts N2).
    pub closing: Duration,
    /// The most connections to one destination: address, port and protocol (facts N2).
    pub per_destination: u32,
}

/// Ports that translations use (facts N3).
pub(crate) const FIRST_PORT: u16 = 1_024;
/// The most mappings of one table, whatever their destinations: a bound on memory.
pub(crate) const MAPPINGS_MAX: usize = 4_194_304;

/// One translated connection.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The tuple of packets from inside, before translation.
    pub inside: FiveTuple,
    /// The same after translation.
    pub outside: FiveTuple,
    last_seen: SimTime,
    /// Tells it from a later mapping in the same place.
    serial: u64,
    /// When it is looked at again; never after its deadline.
    look_at: SimTime,
    life: Life,
    destination: Destination,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Life {
    /// Forgotten when idle.
    Open { fin_inside: bool, fin_outside: bool },
    /// Forgotten at an instant.
    Closing { at: SimTime },
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Destination {
    address: IpAddr,
    port: u16,
    protocol: Protocol,
}

/// The ports in use towards one destination.
#[derive(Debug, Default)]
struct Ports {
    used: u32,
    /// How many were ever handed out afresh; then released ones come round again, the longest released first.
    fresh: u32,
    released: VecDeque<u16>,
}

/// Why there is no new mapping.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No port left towards this destination.
    PortsExhausted,
    /// The table is full.
    TableFull,
}

/// All mappings of one NAT device.
#[derive(Debug)]
pub struct NatTable {
    limits: NatLimits,
    mappings: Slab<Mapping>,
    inside: FlowTable<u32>,
    outside: FlowTable<u32>,
    ports: FxHashMap<Destination, Ports>,
    /// When to look at a mapping again, the earliest first. An entry whose time is not its mapping's `look_at` is stale.
    expiry: BinaryHeap<Reverse<(SimTime, u32, u64)>>,
    /// The same for mappings that are closing, which go sooner: one entry for each time that it began to.
    closing: VecDeque<(SimTime, u32, u64)>,
    next_serial: u64,
    /// Idle connections forgotten so far (CloudWatch: IdleTimeoutCount, facts N7).
    pub idle_timeouts: u64,
}

impl NatTable {
    /// An empty table.
    pub fn new(limits: NatLimits) -> Self {
        Self {
            limits,
            mappings: Slab::new(),
            inside: FlowTable::new(),
            outside: FlowTable::new(),
            ports: FxHashMap::default(),
            expiry: BinaryHeap::new(),
            closing: VecDeque::new(),
            next_serial: 0,
            idle_timeouts: 0,
        }
    }

    /// The mapping of a packet from inside that has one, with the packet counted.
    pub fn outbound(&mut self, now: SimTime, tuple: &FiveTuple, flags: TcpFlags) -> Option<&Mapping> {
        let index = *self.inside.get(tuple, 0)?;
        self.seen(now, index, flags, true)
    }

    /// The mapping of a packet from outside that has one, with the packet counted.
    pub fn inbound(&mut self, now: SimTime, tuple: &FiveTuple, flags: TcpFlags) -> Option<&Mapping> {
        let index = *self.outside.get(&tuple.reversed(), 0)?;
        self.seen(now, index, flags, false)
    }

    /// The mapping of a flow from inside, without counting a packet: for ICMP errors about it.
    pub fn find_inside(&self, tuple: &FiveTuple) -> Option<&Mapping> {
        self.inside.get(tuple, 0).map(|index| &self.mappings[*index as usize])
    }

    /// The mapping whose translated tuple this is, without counting a packet.
    pub fn find_outside(&self, tuple: &FiveTuple) -> Option<&Mapping> {
        self.outside.get(tuple, 0).map(|index| &self.mappings[*index as usize])
    }

    /// Makes a mapping for a flow from inside: its source becomes `address` and a free port.
    pub fn allocate(&mut self, now: SimTime, tuple: &FiveTuple, address: IpAddr) -> Result<&Mapping, Refusal> {
        self.expire(now);
        if MAPPINGS_MAX <= self.mappings.len() {
            return Err(Refusal::TableFull);
        }
        let destination = Destination { address: tuple.dst, port: tuple.dst_port, protocol: tuple.protocol };
        // An echo's tuple carries its identifier twice; all echoes to one host share its identifiers.
        let echo = tuple.protocol.is_icmp();
        let destination = if echo { Destination { port: 0, ..destination } } else { destination };
        let ports = self.ports.entry(destination).or_default();
        let port = ports.take(self.limits.per_destination).ok_or(Refusal::PortsExhausted)?;
        let mut outside = FiveTuple { src: address, src_port: port, ..*tuple };
        if echo {
            outside.dst_port = port;
        }
        let life = Life::Open { fin_inside: false, fin_outside: false };
        let serial = self.next_serial;
        self.next_serial += 1;
        let look_at = now.after(self.limits.idle_timeout);
        let mapping = Mapping { inside: *tuple, outside, last_seen: now, serial, look_at, life, destination };
        let index = self.mappings.insert(mapping) as u32;
        self.inside.insert(tuple, 0, index);
        self.outside.insert(&outside, 0, index);
        self.expiry.push(Reverse((look_at, index, serial)));
        Ok(&self.mappings[index as usize])
    }

    /// Forgets everything: the device was replaced or lost its address.
    pub fn clear(&mut self) {
        let idle_timeouts = self.idle_timeouts;
        *self = Self { idle_timeouts, ..Self::new(self.limits) };
    }

    /// Changes the limits; mappings made before live by the new ones.
    pub fn set_limits(&mut self, limits: NatLimits) {
        self.limits = limits;
    }

    /// How many mappings there are, expired ones included until somebody looks.
    pub fn len(&self) -> usize {
        self.mappings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.mappings.is_empty()
    }

    fn seen(&mut self, now: SimTime, index: u32, flags: TcpFlags, from_inside: bool) -> Option<&Mapping> {
        let closing = self.limits.closing;
        if self.mappings[index as usize].deadline(&self.limits) <= now {
            self.release(index);
            return None;
        }
        let mapping = &mut self.mappings[index as usize];
        mapping.last_seen = now;
        if from_inside && flags.opens() {
            // The ports of a connection that is over serve a new one.
            mapping.life = Life::Open { fin_inside: false, fin_outside: false };
        }
        if let Life::Open { fin_inside, fin_outside } = &mut mapping.life {
            *fin_inside |= from_inside && flags.has(TcpFlags::FIN);
            *fin_outside |= !from_inside && flags.has(TcpFlags::FIN);
            if (*fin_inside && *fin_outside) || flags.has(TcpFlags::RST) {
                let at = now.after(closing);
                mapping.life = Life::Closing { at };
                self.closing.push_back((at, index, mapping.serial));
            }
        }
        Some(mapping)
    }

    /// Looks at the mappings whose time may have come: each costs one step per idle time-out, and one when it closes.
    fn expire(&mut self, now: SimTime) {
        while let Some((_, index, serial)) = self.closing.front().copied().filter(|(at, ..)| *at <= now) {
            self.closing.pop_front();
            let mapping = self.mappings.get(index as usize).filter(|mapping| mapping.serial == serial);
            // One that was opened again meanwhile waits for its idle time-out.
            if mapping.is_some_and(|mapping| mapping.deadline(&self.limits) <= now) {
                self.release(index);
            }
        }
        while let Some(Reverse((at, index, serial))) = self.expiry.peek().copied().filter(|entry| entry.0.0 <= now) {
            self.expiry.pop();
            let mapping = self.mappings.get_mut(index as usize);
            let Some(mapping) = mapping.filter(|mapping| mapping.serial == serial && mapping.look_at == at) else {
                continue;
            };
            let deadline = mapping.deadline(&self.limits);
            if deadline <= now {
                self.release(index);
            } else {
                mapping.look_at = deadline;
                self.expiry.push(Reverse((deadline, index, serial)));
            }
        }
    }

    fn release(&mut self, index: u32) {
        let mapping = self.mappings.remove(index as usize);
        if matches!(mapping.life, Life::Open { .. }) {
            self.idle_timeouts += 1;
        }
        self.inside.remove(&mapping.inside, 0);
        self.outside.remove(&mapping.outside, 0);
        if let Some(ports) = self.ports.get_mut(&mapping.destination) {
            ports.used -= 1;
            ports.released.push_back(mapping.outside.src_port);
            if ports.used == 0 {
                self.ports.remove(&mapping.destination);
            }
        }
    }
}

impl Mapping {
    /// Where answers are to go: the inside end.
    pub fn inside_source(&self) -> SocketAddr {
        self.inside.source()
    }

    fn deadline(&self, limits: &NatLimits) -> SimTime {
        match self.life {
            Life::Open { .. } => self.last_seen.after(limits.idle_timeout),
            Life::Closing { at } => at,
        }
    }
}

impl Ports {
    fn take(&mut self, most: u32) -> Option<u16> {
        let most = most.min(u32::from(u16::MAX - FIRST_PORT) + 1);
        if most <= self.used {
            return None;
        }
        let port = if self.fresh < most {
            self.fresh += 1;
            FIRST_PORT + (self.fresh - 1) as u16
        } else {
            self.released.pop_front()?
        };
        self.used += 1;
        Some(port)
    }
}
