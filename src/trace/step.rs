//! One thing done to a packet by one node. A packet's steps, in order, are its journey.

use super::{CiteId, DropReason};
use crate::packet::{FiveTuple, PacketId};

/// One thing done to a packet.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A host or box made it; `by` is the program's or box's reason.
    Sent,
    /// A filter let it pass. `tracked` says whether its flow is tracked by a security group.
    Allowed {
        /// Which filter.
        filter: Filter,
        /// By which rule.
        by: CiteId,
        /// Whether the flow is tracked; always false for network ACLs.
        tracked: bool,
    },
    /// A route was chosen.
    Routed {
        /// Which route.
        by: CiteId,
    },
    /// Addresses or ports were changed.
    Translated {
        /// The tuple before.
        before: FiveTuple,
        /// The tuple after.
        after: FiveTuple,
        /// By which box.
        by: CiteId,
    },
    /// The MSS option of a SYN was lowered.
    Clamped {
        /// To how many bytes.
        mss: u16,
        /// By which box.
        by: CiteId,
    },
    /// It was cut into fragments, which go on in its place.
    Fragmented,
    /// The node answered it with a packet of its own.
    Answered {
        /// The packet that answers.
        with: PacketId,
        /// Why.
        why: Answer,
        /// By which rule or device.
        by: CiteId,
    },
    /// It left the node over a link.
    Forwarded,
    /// It reached its host, and a connection or program has it.
    Delivered,
    /// It ended in a box that took care of it itself.
    Absorbed(Absorbed),
    /// It ended without arriving.
    Dropped {
        /// Why.
        reason: DropReason,
        /// By which rule or device.
        by: CiteId,
    },
}

impl Step {
    /// Whether the packet ends with it.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Delivered | Self::Absorbed(_) | Self::Dropped { .. } | Self::Fragmented)
    }
}

/// A filter, in the order in which a packet from an instance meets them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Outbound rules of the sender's security groups.
    SecurityGroupEgress,
    /// Outbound entries of the sender's subnet.
    NetworkAclEgress,
    /// Inbound entries of the receiver's subnet.
    NetworkAclIngress,
    /// Inbound rules of the receiver's security groups.
    SecurityGroupIngress,
}

/// Why a box or host answered a packet with one of its own.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// RST: the host has no connection with this four-tuple over this carrier.
    UnknownConnection,
    /// RST: nobody listens on the port.
    PortClosed,
    /// RST: the NAT gateway has no mapping for it, or forgot it (facts N6).
    NatNoMapping,
    /// FIN: the NAT instance forgot the connection (facts N6).
    NatInstanceForgot,
    /// ICMP: nobody listens on the UDP port.
    PortUnreachable,
    /// ICMP: time to live spent.
    TtlExpired,
    /// ICMP: too big for the next link.
    TooBig,
    /// ICMP echo reply.
    Echo,
}

/// How a box took care of a packet itself.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Absorbed {
    /// Its answer is on the way.
    Answered,
    /// It completed a packet whose other fragments were waiting.
    Reassembled,
    /// It waits for its other fragments.
    AwaitsFragments,
    /// A late segment of a connection that is over.
    Stale,
}
