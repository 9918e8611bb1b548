//! What a box or host is to the engine: something that packets and timers come to.

use std::any::Any;

use super::Effects;
use crate::base::SimTime;
use crate::packet::Packet;
use crate::trace::PortId;

/// A box in the middle or a machine at the end. Time and the sink of effects come in; nothing is called upwards.
pub trait Node: Any {
    /// A packet arrived at `from`. It must go exactly one way: sent on, delivered, absorbed or dropped through `out`.
    fn on_packet(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>);

    /// A timer that this node armed with `token` is due. A node that re-armed meanwhile ignores the old one.
    fn on_timer(&mut self, now: SimTime, token: u64, out: &mut Effects<'_>);
}
