//! A gateway endpoint: the way to a service that never leaves the network of AWS. Translates nothing, keeps nothing of
//! connections, and so can reset none.

use std::rc::Rc;

use crate::base::{PrefixTable, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{Packet, Protocol, clamp_mss};
use crate::trace::{CiteId, DropReason, PortId, Step};

/// The largest packet an endpoint carries (facts E20; a later page, the era's value is not stated).
pub const ENDPOINT_MTU: u32 = 8_500;

/// A gateway endpoint. Port 0 leads to the VPC, port 1 to the service.
pub struct GatewayEndpoint {
    /// The service's prefix list.
    pub list: Rc<PrefixTable<()>>,
    /// The endpoint, to cite.
    pub cite: CiteId,
}

impl GatewayEndpoint {
    /// The port to the VPC.
    pub const VPC: PortId = PortId(0);
    /// The port to the service.
    pub const SERVICE: PortId = PortId(1);

    /// An endpoint of the service with this prefix list.
    pub fn new(list: Rc<PrefixTable<()>>, cite: CiteId) -> Self {
        Self { list, cite }
    }

    fn refusal(&self, from: PortId, packet: &Packet) -> Option<DropReason> {
        let to_service = from == Self::VPC;
        // Facts E17: TCP, echo requests towards the service, echo replies back; IPv4 only (R03).
        let carried = packet.is_v4()
            && match packet.protocol() {
                Protocol::TCP => true,
                Protocol::ICMP => match packet.icmp() {
                    Some((kind, _)) => kind == if to_service { 8 } else { 0 },
                    // A later fragment of an echo.
                    None => true,
                },
                _ => false,
            };
        if !carried {
            return Some(DropReason::EndpointProtocol);
        }
        if (ENDPOINT_MTU as usize) < packet.len() {
            return Some(DropReason::EndpointTooBig);
        }
        if !to_service && self.list.lookup(packet.src()).is_none() {
            return Some(DropReason::EndpointSource);
        }
        if !to_service && packet.tcp_flags().opens() {
            return Some(DropReason::EndpointInitiates);
        }
        None
    }
}

impl Node for GatewayEndpoint {
    fn on_packet(&mut self, _now: SimTime, from: PortId, mut packet: Packet, out: &mut Effects<'_>) {
        if let Some(reason) = self.refusal(from, &packet) {
            return out.drop(packet, reason, self.cite);
        }
        let mss = ENDPOINT_MTU as u16 - 40;
        if clamp_mss(&mut packet, mss) {
            out.step(packet.id(), Step::Clamped { mss, by: self.cite });
        }
        out.send(if from == Self::VPC { Self::SERVICE } else { Self::VPC }, packet);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}
