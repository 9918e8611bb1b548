//! Stands where something stands that is not modelled: whatever reaches it ends with that reason, and is never guessed.

use crate::base::SimTime;
use crate::engine::{Effects, Node};
use crate::packet::Packet;
use crate::trace::{CiteId, DropReason, PortId};

/// Takes packets on any port and drops them as not modelled.
pub struct Unmodeled {
    /// What stands there, to cite.
    pub cite: CiteId,
}

impl Node for Unmodeled {
    fn on_packet(&mut self, _now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        out.drop(packet, DropReason::NotModeled, self.cite);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
