//! What an interface remembers of a flow: its tracking by security groups, and what was decided for its packets.
//! Knows no rules.

use std::time::Duration;

use super::fib::NextHop;
use crate::base::SimTime;
use crate::packet::{Packet, Protocol, TcpFlags};
use crate::trace::{CiteId, PortId};

/// The most flows one interface remembers. AWS bounds them by instance type and does not publish the numbers (facts
/// S11); this one is large enough for every scenario and small enough for a laptop.
pub const CONNTRACK_MAX: usize = 1_048_576;

/// How long a tracked flow may be idle (facts S9; the states of TCP other than established are UNSOURCED: facts S10).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP, established: 432,000 s.
    pub tcp_established: Duration,
    /// TCP before the handshake is done. UNSOURCED; Linux's 120 s for SYN-SENT.
    pub tcp_opening: Duration,
    /// TCP after FIN or RST. UNSOURCED; Linux's 120 s for TIME-WAIT.
    pub tcp_closing: Duration,
    /// UDP with packets in one direction or one exchange: 30 s.
    pub udp: Duration,
    /// UDP with more: 180 s.
    pub udp_stream: Duration,
    /// Everything else: 600 s.
    pub other: Duration,
}

impl Timeouts {
    /// AWS's defaults.
    pub const AWS: Self = Self {
        tcp_established: Duration::from_secs(432_000),
        tcp_opening: Duration::from_secs(120),
        tcp_closing: Duration::from_secs(120),
        udp: Duration::from_secs(30),
        udp_stream: Duration::from_secs(180),
        other: Duration::from_secs(600),
    };
}

/// How far a tracked flow has come; each state gives a deadline.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Packets in one direction only.
    Opening,
    /// Packets in both directions.
    Established,
    /// UDP with a second packet in the first direction after an answer.
    Stream,
    /// FIN or RST was seen.
    Closing,
}

/// What was decided for the packets of a flow, and under which generation of the router's tables.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Way {
    /// Of the router's tables; another one makes the decision void.
    pub(crate) generation: u32,
    /// The network ACL entry that let it pass; [`CiteId::NONE`] if it met none.
    pub(crate) acl: CiteId,
    /// On the way out: the route.
    pub(crate) route: CiteId,
    /// On the way out: where to. Meaningless on the way in.
    pub(crate) hop: NextHop,
    /// On the way out to an interface of the VPC, its port; on the way in, the port that it came from.
    pub(crate) port: PortId,
}

impl Way {
    pub(crate) const UNDECIDED: Self =
        Self { generation: 0, acl: CiteId::NONE, route: CiteId::NONE, hop: NextHop::Blackhole, port: PortId(0) };
}

/// One flow at one interface.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// The rule that let its first packet pass.
    pub(crate) by: CiteId,
    /// Of the router's tables, when an untracked flow was last judged on the way in, and out.
    pub(crate) judged: [u32; 2],
    pub(crate) tracked: bool,
    /// Whether its first packet went out of the interface.
    pub(crate) egress: bool,
    phase: Phase,
    answered: bool,
    protocol: Protocol,
    /// Of ICMP, the type of its first packet.
    icmp_type: u8,
    last_seen: SimTime,
    pub(crate) out: Way,
    pub(crate) inward: Way,
}

/// A flow as somebody who looks in sees it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FlowInfo {
    /// Whether security groups track it.
    pub tracked: bool,
    /// Whether its first packet went out of the interface.
    pub egress: bool,
    /// When its last packet passed.
    pub last_seen: SimTime,
    /// The rule that let its first packet pass.
    pub by: CiteId,
}

impl Flow {
    pub(crate) fn new(by: CiteId, tracked: bool, egress: bool, packet: &Packet, generation: u32) -> Self {
        Self {
            by,
            judged: if egress { [0, generation] } else { [generation, 0] },
            tracked,
            egress,
            phase: Phase::Opening,
            answered: false,
            protocol: packet.protocol(),
            icmp_type: packet.icmp().map_or(0, |(kind, _)| kind),
            last_seen: SimTime::ZERO,
            out: Way::UNDECIDED,
            inward: Way::UNDECIDED,
        }
    }

    /// Whether a packet of the flow's tuple is part of it: ICMP of another type is not, unless it answers.
    pub(crate) fn carries(&self, egress: bool, packet: &Packet) -> bool {
        match packet.icmp() {
            None => true,
            Some((kind, _)) if egress == self.egress => kind == self.icmp_type,
            // Echo, timestamp, information and address mask; echo of ICMPv6 (RFC 792, RFC 950, RFC 4443).
            Some((kind, _)) => {
                matches!((self.icmp_type, kind), (8, 0) | (13, 14) | (15, 16) | (17, 18) | (128, 129))
            }
        }
    }

    /// Counts a packet that passed.
    pub(crate) fn saw(&mut self, now: SimTime, egress: bool, packet: &Packet) {
        self.last_seen = now;
        let first_direction = egress == self.egress;
        let flags = packet.tcp_flags();
        if flags.0 & (TcpFlags::FIN | TcpFlags::RST) != 0 {
            self.phase = Phase::Closing;
        } else if flags.opens() {
            // A new connection with the ports of an old one.
            self.phase = Phase::Opening;
        } else if !first_direction {
            self.answered = true;
            if self.phase == Phase::Opening {
                self.phase = Phase::Established;
            }
        } else if self.answered && self.phase == Phase::Established && self.protocol == Protocol::UDP {
            self.phase = Phase::Stream;
        }
    }

    /// When it is forgotten if nothing passes.
    pub(crate) fn deadline(&self, timeouts: &Timeouts) -> SimTime {
        let idle = match (self.protocol, self.phase) {
            (Protocol::TCP, Phase::Opening) => timeouts.tcp_opening,
            (Protocol::TCP, Phase::Established | Phase::Stream) => timeouts.tcp_established,
            (Protocol::TCP, Phase::Closing) => timeouts.tcp_closing,
            (Protocol::UDP, Phase::Stream) => timeouts.udp_stream,
            (Protocol::UDP, _) => timeouts.udp,
            _ => timeouts.other,
        };
        self.last_seen.after(idle)
    }

    pub(crate) fn info(&self) -> FlowInfo {
        FlowInfo { tracked: self.tracked, egress: self.egress, last_seen: self.last_seen, by: self.by }
    }
}
