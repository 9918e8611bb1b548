//! What happens in a run, as the outputs hear it: notes with names, and the few steps of packets that are news.

use super::flows::{FlowId, Flows, Glimpse, Made, Open};
use crate::base::SimTime;
use crate::packet::{FiveTuple, PacketId};
use crate::trace::{Absorbed, CiteId, ConnectionNote, DropReason, Names, NodeId, ProgramId, ProgramNote, RequestNote};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Happening<'a> {
    /// A change of the control plane.
    Change {
        /// What was asked for.
        text: &'a str,
        /// Why it was refused, if it was.
        refused: Option<&'a str>,
    },
    /// A note of a connection; its end as it is after that note, even where that ended it.
    Connection {
        /// The end that speaks.
        end: &'a Open,
        /// What happened.
        what: &'a ConnectionNote,
    },
    /// A note of a program.
    Program {
        /// Where it runs.
        node: NodeId,
        /// Which.
        program: ProgramId,
        /// What happened.
        what: &'a ProgramNote,
    },
    /// A line of an access log.
    Request {
        /// The service's node.
        node: NodeId,
        /// The line.
        request: &'a RequestNote,
    },
    /// A flow is translated for the first time at this node, or otherwise than before.
    Translated {
        /// Which, if it began inside of the simulation.
        flow: Option<FlowId>,
        /// Where.
        node: NodeId,
        /// Its first packet of which this is true.
        packet: PacketId,
        /// The tuple before.
        before: FiveTuple,
        /// The tuple after.
        after: FiveTuple,
        /// By which box.
        by: CiteId,
    },
    /// A flow's packets take another way.
    Path {
        /// Which.
        flow: FlowId,
        /// The first node that was not on the way before.
        node: NodeId,
        /// The way before.
        before: Vec<NodeId>,
        /// The route that led there.
        by: CiteId,
        /// The first packet on the new way.
        packet: PacketId,
    },
    /// The far end sees a flow under another tuple.
    Seen {
        /// Which.
        flow: FlowId,
        /// The far end.
        node: NodeId,
        /// As it saw it before.
        before: FiveTuple,
        /// As it sees it now.
        after: FiveTuple,
    },
    /// A segment went out that had gone out before.
    Retransmitted {
        /// Which flow.
        flow: FlowId,
        /// Who sent it.
        node: NodeId,
        /// Which packet.
        packet: PacketId,
        /// What it holds.
        glimpse: Glimpse,
    },
    /// An RST went out.
    ResetSent {
        /// Who sent it.
        node: NodeId,
        /// Which packet.
        packet: PacketId,
        /// Its tuple.
        tuple: FiveTuple,
        /// Its flow.
        flow: Option<FlowId>,
        /// What it answers, if anything.
        made: Option<Made>,
    },
    /// An RST came to its end.
    ResetEnded {
        /// Who sent it.
        origin: NodeId,
        /// Where it ended.
        node: NodeId,
        /// Which packet.
        packet: PacketId,
        /// Its flow.
        flow: Option<FlowId>,
        /// What it answered, if anything.
        made: Option<Made>,
        /// How it ended.
        fate: Fate,
    },
    /// A box or host answered with something other than an RST.
    Answered {
        /// Who.
        node: NodeId,
        /// The answer.
        packet: PacketId,
        /// Its tuple.
        tuple: FiveTuple,
        /// Why, and what it answers.
        made: Made,
    },
    /// A packet ended without arriving.
    Dropped {
        /// Where.
        node: NodeId,
        /// Which packet.
        packet: PacketId,
        /// Its tuple as it was there, if it was ever seen whole.
        tuple: Option<FiveTuple>,
        /// Its flow.
        flow: Option<FlowId>,
        /// What it holds.
        glimpse: Glimpse,
        /// Why.
        reason: DropReason,
        /// By which rule or device.
        by: CiteId,
    },
}

/// How an RST ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// A connection took it.
    Arrived,
    /// The connection ignored it, because of its sequence number.
    Ignored,
    /// There was no connection for it.
    NoConnection,
    /// It was lost on the way.
    Lost,
}

impl Fate {
    /// Of a packet that a host or box took care of.
    pub(crate) const fn of_absorbed(how: Absorbed) -> Self {
        match how {
            Absorbed::Stale => Self::Ignored,
            Absorbed::Answered | Absorbed::Reassembled | Absorbed::AwaitsFragments => Self::Arrived,
        }
    }

    /// Of a packet that was dropped.
    pub(crate) const fn of_drop(reason: DropReason) -> Self {
        match reason {
            DropReason::ResetIgnored => Self::Ignored,
            DropReason::StrayReset | DropReason::UnknownConnection | DropReason::NatNoMapping => Self::NoConnection,
            _ => Self::Lost,
        }
    }

    /// As a clause behind a count.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Arrived => "ended it",
            Self::Ignored => "ignored for its sequence number",
            Self::NoConnection => "found no connection",
            Self::Lost => "lost on the way",
        }
    }
}

/// What the outputs may look at while they are told.
#[derive(Copy, Clone)]
pub(crate) struct View<'a> {
    pub(crate) at: SimTime,
    pub(crate) names: &'a Names,
    pub(crate) flows: &'a Flows,
}
