//! What makes a machine forward packets that are not its own: a NAT instance, a proxy. The host asks; it decides.

use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::Packet;
use crate::trace::PortId;

/// Forwards packets of others on a host. It sees every packet first, because answers to what it translated carry the
/// host's own address.
pub trait Forwarder {
    /// A packet came in; `own` says whether it is addressed to the host. Taken, it has to be sent on or ended through
    /// `out`; given back, the host takes it as its own or drops it as not for it.
    fn offer(&mut self, now: SimTime, from: PortId, packet: Packet, own: bool, out: &mut Effects<'_>)
    -> Option<Packet>;
}
