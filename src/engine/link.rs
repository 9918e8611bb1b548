//! A wire between two nodes: delay, rate, MTU and a bounded queue in each direction. Knows no packets' meaning.

use std::time::Duration;

use super::impair::Impairment;
use crate::base::SimTime;
use crate::trace::{NodeId, PortId};

/// One direction of a link.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LineSpec {
    /// How long a bit travels.
    pub delay: Duration,
    /// Bits per second; `None` is unlimited.
    pub rate: Option<u64>,
    /// The largest packet, in bytes.
    pub mtu: u32,
    /// The most bytes that wait to be sent; further packets are dropped. Meaningless without a rate.
    pub queue_bytes: u32,
}

impl LineSpec {
    /// Takes no time, and carries everything.
    pub const DIRECT: Self = Self { delay: Duration::ZERO, rate: None, mtu: 65_535, queue_bytes: u32::MAX };

    /// Takes `delay`, without limit of rate.
    pub const fn delayed(delay: Duration, mtu: u32) -> Self {
        Self { delay, rate: None, mtu, queue_bytes: u32::MAX }
    }
}

/// Both directions of a link.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// From the first end to the second.
    pub there: LineSpec,
    /// From the second end to the first.
    pub back: LineSpec,
}

impl LinkSpec {
    /// The same in both directions.
    pub const fn both(line: LineSpec) -> Self {
        Self { there: line, back: line }
    }
}

/// A direction of a link with its state.
pub(crate) struct Wire {
    pub(crate) to: NodeId,
    pub(crate) to_port: PortId,
    pub(crate) spec: LineSpec,
    /// When the sender is free to begin the next packet.
    pub(crate) free_at: SimTime,
    /// The latest arrival so far: without reordering no packet overtakes another.
    pub(crate) last_arrival: SimTime,
    pub(crate) up: bool,
    pub(crate) impairment: Option<Box<Impairment>>,
}

/// What a wire does with a packet.
pub(crate) enum Passage {
    /// It arrives then; `again` is a duplicate's arrival.
    Arrives { at: SimTime, again: Option<SimTime> },
    /// The queue is full.
    QueueFull,
    /// The impairment lost it.
    Lost,
}

impl Wire {
    pub(crate) fn new(to: NodeId, to_port: PortId, spec: LineSpec) -> Self {
        let (free_at, last_arrival) = (SimTime::ZERO, SimTime::ZERO);
        Self { to, to_port, spec, free_at, last_arrival, up: true, impairment: None }
    }

    /// Whether packets arrive at the instant they are sent, so that no event is needed.
    pub(crate) fn is_direct(&self) -> bool {
        self.spec.rate.is_none() && self.spec.delay.is_zero() && self.impairment.is_none()
    }

    /// Sends `bytes` at `now`. The time on the wire is computed, not simulated: one event per crossing.
    pub(crate) fn pass(&mut self, now: SimTime, bytes: usize) -> Passage {
        let mut sent = now;
        if let Some(rate) = self.spec.rate {
            let start = self.free_at.max(now);
            if now < start && nanos(u64::from(self.spec.queue_bytes), rate) < start.since(now).as_nanos() as u64 {
                return Passage::QueueFull;
            }
            sent = start.after(Duration::from_nanos(nanos(bytes as u64, rate)));
            self.free_at = sent;
        }
        let mut at = sent.after(self.spec.delay);
        let mut again = None;
        let mut overtakes = false;
        if let Some(impairment) = &mut self.impairment {
            let Some(effect) = impairment.next() else { return Passage::Lost };
            at = at.after(effect.extra);
            overtakes = effect.overtaken;
            again = effect.duplicated.then_some(at);
        }
        if !overtakes {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        Passage::Arrives { at, again: again.map(|_| at) }
    }
}

/// How long so many bytes take at a rate in bits per second.
fn nanos(bytes: u64, rate: u64) -> u64 {
    const NANOBITS: u64 = 8 * 1_000_000_000;
    match bytes.checked_mul(NANOBITS) {
        Some(product) => product / rate.max(1),
        None => u64::try_from(u128::from(bytes) * u128::from(NANOBITS) / u128::from(rate.max(1))).unwrap_or(u64::MAX),
    }
}
