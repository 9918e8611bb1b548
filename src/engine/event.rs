//! The order of events: by time, then class, then the order in which they were scheduled. Total, and derived here only.

use crate::base::SimTime;
use crate::packet::Packet;
use crate::trace::{NodeId, PortId};

/// Arrivals come before timers of the same instant. Changes of the control plane come before both: the engine runs all
/// events before an instant, then its caller changes what it likes, and then the events of that instant follow.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventClass {
    /// A packet arrives at a node.
    Arrival = 0,
    /// A timer of a node is due.
    Timer = 1,
}

/// Time and class in one word. Events of equal keys come in the order in which they were scheduled.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey(pub(crate) u64);

impl EventKey {
    /// The key of an event.
    pub const fn new(at: SimTime, class: EventClass) -> Self {
        Self(at.as_nanos() << 1 | class as u64)
    }

    /// When it is due.
    pub const fn at(self) -> SimTime {
        SimTime::from_nanos(self.0 >> 1)
    }
}

/// What is due, and where.
pub(crate) struct Event {
    pub(crate) node: NodeId,
    /// The port of an arrival; 0 for a timer.
    pub(crate) port: PortId,
    pub(crate) what: Due,
}

pub(crate) enum Due {
    Arrival(Packet),
    Timer(u64),
}
