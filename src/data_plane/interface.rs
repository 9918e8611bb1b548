//! A network interface's guard at its port of the router: addresses, source/destination check, security groups.

use std::net::IpAddr;
use std::rc::Rc;

use super::conntrack::{CONNTRACK_MAX, Flow, FlowInfo, Timeouts};
use super::stateful_filter::{Judgment, StatefulFilter};
use crate::base::SimTime;
use crate::packet::{FiveTuple, FlowTable, Packet};
use crate::trace::{CiteId, DropReason, PortId};

/// A network interface as the router guards it.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its addresses, the primary private one first.
    pub addresses: Box<[IpAddr]>,
    /// Which of the router's subnets it lies in.
    pub subnet: u32,
    /// The rules of its security groups; `None` for a NAT gateway's, which has none (facts N12).
    pub filter: Option<Rc<StatefulFilter>>,
    /// Whether packets must be from or to its own addresses (facts V5).
    pub source_dest_check: bool,
    /// Whether it sends to no gateway but those to the internet: so does a NAT gateway in 2017 (facts N15).
    pub internet_only: bool,
    /// Whether the instance runs; packets to a stopped one are dropped.
    pub running: bool,
    /// The interface, to cite.
    pub cite: CiteId,
    flows: FlowTable<Flow>,
    /// Expired flows are swept when the table has grown to this.
    sweep_at: usize,
}

/// The first table size at which expired flows are looked for.
const SWEEP_MIN: usize = 1_024;

/// Why a guard does not let a packet pass.
pub(crate) type Denial = (DropReason, CiteId);

impl Interface {
    /// An interface with one or more addresses.
    pub fn new(addresses: impl Into<Box<[IpAddr]>>, subnet: u32, filter: Option<Rc<StatefulFilter>>) -> Self {
        Self {
            addresses: addresses.into(),
            subnet,
            filter,
            source_dest_check: true,
            internet_only: false,
            running: true,
            cite: CiteId::NONE,
            flows: FlowTable::new(),
            sweep_at: SWEEP_MIN,
        }
    }

    /// Whether an address is its own.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// Takes the settings of `other`, and keeps the flows: how a change of rules or addresses lands on a running world.
    pub fn replace(&mut self, other: Self) {
        let flows = std::mem::take(&mut self.flows);
        let sweep_at = self.sweep_at;
        *self = other;
        self.flows = flows;
        self.sweep_at = sweep_at;
    }

    /// How many flows it remembers, expired ones included.
    pub fn flow_count(&self) -> usize {
        self.flows.len()
    }

    /// What it remembers of the flow whose local end is the source of `tuple`.
    pub fn flow(&self, tuple: &FiveTuple) -> Option<FlowInfo> {
        self.flows.get(tuple, 0).map(Flow::info)
    }

    pub(crate) fn flow_mut(&mut self, local: &FiveTuple) -> Option<&mut Flow> {
        self.flows.get_mut(local, 0)
    }

    /// The flow of a packet about which nothing is left to judge, with the packet counted: one look-up decides almost
    /// every packet. `local` has this interface's end as its source; a packet on its way in says where it came from.
    pub(crate) fn settled(
        &mut self,
        now: SimTime,
        came_from: Option<PortId>,
        local: &FiveTuple,
        packet: &Packet,
        generation: u32,
        timeouts: &Timeouts,
    ) -> Option<&mut Flow> {
        let flow = self.flows.get_mut(local, 0)?;
        let egress = came_from.is_none();
        let judged = flow.tracked || flow.judged[usize::from(egress)] == generation;
        // What a network ACL says of ICMP depends on its type, which the flow's tuple does not tell.
        let decided = match came_from {
            None => flow.out.generation == generation,
            Some(port) => flow.inward.generation == generation && flow.inward.port == port,
        };
        if !judged || !decided || packet.protocol().is_icmp() || flow.deadline(timeouts) < now {
            return None;
        }
        flow.saw(now, egress, packet);
        Some(flow)
    }

    /// Judges a packet out of (`egress`) or into the interface by its security groups, and remembers the flow.
    ///
    /// `tuple` is the packet's own, completed for later fragments. The flow, for the way it has taken, is returned.
    pub(crate) fn admit(
        &mut self,
        now: SimTime,
        egress: bool,
        tuple: &FiveTuple,
        packet: &Packet,
        generation: u32,
        timeouts: &Timeouts,
    ) -> Result<&mut Flow, Denial> {
        let local = if egress { *tuple } else { tuple.reversed() };
        // One look-up decides almost every packet; the borrow checker wants the rare cases before it.
        let (found, settled) = match self.flows.get(&local, 0) {
            Some(flow) if now <= flow.deadline(timeouts) => {
                let judged = flow.tracked || flow.judged[usize::from(egress)] == generation;
                (true, judged && flow.carries(egress, packet))
            }
            Some(_) | None => (false, false),
        };
        if settled {
            let flow = self.flows.get_mut(&local, 0).expect("looked up above");
            flow.saw(now, egress, packet);
            return Ok(flow);
        }
        let judgment = match &self.filter {
            None => Judgment::Allow { by: CiteId::NONE, tracked: false },
            Some(filter) => filter.judge(egress, tuple, packet.icmp()),
        };
        let (by, tracked) = match judgment {
            Judgment::Allow { by, tracked } => (by, tracked),
            Judgment::Deny { by } => {
                // An ICMP error belongs to the flow that it quotes.
                if self.quotes_known_flow(now, egress, packet, timeouts) {
                    return Ok(self.flows.get_mut(&self.quoted_local(egress, packet), 0).expect("known above"));
                }
                let empty = self.filter.as_ref().is_some_and(|filter| filter.is_empty(egress));
                let reason = match (egress, empty) {
                    (true, false) => DropReason::SecurityGroupEgress,
                    (true, true) => DropReason::SecurityGroupNoEgress,
                    (false, false) => DropReason::SecurityGroupIngress,
                    (false, true) => DropReason::SecurityGroupNoIngress,
                };
                return Err((reason, by));
            }
        };
        if found {
            // Untracked, under rules that have changed: each direction is judged anew (facts S7). Or ICMP of another type
            // under the identifier of a flow.
            let flow = self.flows.get_mut(&local, 0).expect("looked up above");
            flow.judged[usize::from(egress)] = generation;
            flow.by = by;
            flow.saw(now, egress, packet);
            return Ok(flow);
        }
        if self.sweep_at <= self.flows.len() {
            self.flows.retain(|flow| now <= flow.deadline(timeouts));
            self.sweep_at = (self.flows.len() * 2).max(SWEEP_MIN);
        }
        if CONNTRACK_MAX <= self.flows.len() {
            return Err((DropReason::ConntrackFull, self.cite));
        }
        let mut flow = Flow::new(by, tracked, egress, packet, generation);
        flow.saw(now, egress, packet);
        self.flows.insert(&local, 0, flow);
        Ok(self.flows.get_mut(&local, 0).expect("inserted above"))
    }

    fn quotes_known_flow(&self, now: SimTime, egress: bool, packet: &Packet, timeouts: &Timeouts) -> bool {
        packet.quoted().is_some()
            && self.flows.get(&self.quoted_local(egress, packet), 0).is_some_and(|flow| now <= flow.deadline(timeouts))
    }

    /// The tuple of the flow that an ICMP error is about, with this interface's end as its source.
    fn quoted_local(&self, egress: bool, packet: &Packet) -> FiveTuple {
        let quoted = packet.quoted().map_or(*packet.tuple(), |quoted| quoted.tuple);
        // On the way in it is about a packet that went out; on the way out, about one that came in.
        if egress { quoted.reversed() } else { quoted }
    }
}
