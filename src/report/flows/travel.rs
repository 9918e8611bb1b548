//! Packets under way, one by one: where they come from, why they were made, what a row says of them.

use super::flow::FlowId;
use super::path::rank;
use crate::base::SimTime;
use crate::packet::{FiveTuple, Packet, PacketId, TcpFlags};
use crate::report::words;
use crate::trace::{Answer, CiteId, Names, NodeId, PortId};

/// A packet under way.
#[derive(Clone, Debug)]
pub(crate) struct Travel {
    /// Where it was made; for a packet that came from outside, where it was first seen.
    pub(crate) origin: NodeId,
    /// The port by which it came to the node where it is.
    pub(super) port: PortId,
    pub(crate) born: SimTime,
    pub(crate) flow: Option<FlowId>,
    /// As it is now; `None` until it has been seen.
    pub(crate) tuple: Option<FiveTuple>,
    pub(crate) glimpse: Glimpse,
    /// How many nodes it has crossed behind its origin.
    pub(crate) hops: usize,
    /// The last route that was chosen for it, at the node where it is.
    pub(crate) route: CiteId,
    /// Why it was made, where it answers another packet.
    pub(crate) made: Option<Made>,
    /// The node on its way that says most about it.
    pub(crate) landmark: Option<NodeId>,
    rank: u8,
}

/// Why a packet was made.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Made {
    pub(crate) why: Answer,
    pub(crate) by: CiteId,
    pub(crate) offender: PacketId,
    pub(crate) offender_flow: Option<FlowId>,
}

/// What a row says of a packet's content.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Glimpse {
    pub(crate) flags: Option<TcpFlags>,
    pub(crate) icmp: Option<(u8, u8)>,
    pub(crate) payload: usize,
    pub(crate) len: usize,
}

impl Travel {
    pub(super) fn new(born: SimTime, origin: NodeId) -> Self {
        Self {
            origin,
            port: PortId(0),
            born,
            flow: None,
            tuple: None,
            glimpse: Glimpse::default(),
            hops: 0,
            route: CiteId::NONE,
            made: None,
            landmark: None,
            rank: 0,
        }
    }

    pub(super) fn pass(&mut self, node: NodeId, names: &Names) {
        let rank = rank(names, node);
        if self.rank < rank {
            self.rank = rank;
            self.landmark = Some(node);
        }
    }
}

impl Glimpse {
    pub(super) fn of(packet: &Packet) -> Self {
        Self {
            flags: packet.tcp().map(|tcp| tcp.flags),
            icmp: packet.icmp(),
            payload: packet.payload().len(),
            len: packet.len(),
        }
    }

    /// What kind of packet it is, in a word or two.
    pub(crate) fn text(&self) -> String {
        match (self.flags, self.icmp) {
            (Some(flags), _) => words::segment_text(flags, self.payload),
            (None, Some((0 | 129, _))) => "echo reply".to_owned(),
            (None, Some((8 | 128, _))) => "echo request".to_owned(),
            (None, Some(_)) => "ICMP error".to_owned(),
            (None, None) => words::bytes_text(self.payload as u64),
        }
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.flags.is_some_and(|flags| flags.has(TcpFlags::RST))
    }
}
