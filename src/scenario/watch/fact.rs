//! What is remembered of programs, flows and packets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::base::SimTime;
use crate::packet::{FiveTuple, TcpFlags};
use crate::trace::{Answer, Cause, Cite, DropReason, NodeId, ProgramId};

/// What a program did.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct ProgramFacts {
    /// When it began.
    pub(in crate::scenario) started: Option<SimTime>,
    /// When it ended, and how: what it has to show, or the error that its user reads.
    pub(in crate::scenario) ended: Option<(SimTime, Result<String, String>)>,
    /// What kind of trouble it failed by.
    pub(in crate::scenario) cause: Option<Cause>,
    /// Payload sent in all.
    pub(in crate::scenario) sent: u64,
    /// Payload received in all.
    pub(in crate::scenario) received: u64,
    /// Instants at which it tried again.
    pub(in crate::scenario) retries: Vec<SimTime>,
    /// The HTTP status and text of each answer.
    pub(in crate::scenario) responses: Vec<(SimTime, u16, String)>,
    /// Answers to pings, and hops of traceroutes.
    pub(in crate::scenario) replies: Vec<Reply>,
    /// Names with their addresses.
    pub(in crate::scenario) resolved: Vec<(SimTime, String, Vec<IpAddr>)>,
    /// When it was last quiet on purpose.
    pub(in crate::scenario) idle: Vec<SimTime>,
    /// Its connections, as indices of [`Watch::flows`].
    pub(in crate::scenario) connections: Vec<usize>,
    /// The flows of its probes and datagrams, as indices of [`Watch::flows`].
    pub(in crate::scenario) datagrams: Vec<usize>,
}

/// An answer to a ping, or a hop of a traceroute.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Reply {
    /// Who answered.
    pub(in crate::scenario) from: IpAddr,
    /// Sequence number or hop.
    pub(in crate::scenario) sequence: u16,
    /// As received.
    pub(in crate::scenario) ttl: u8,
    /// How long it took.
    pub(in crate::scenario) after: Duration,
    /// Whether it is an ICMP error rather than an echo.
    pub(in crate::scenario) error: bool,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) enum Ending {
    /// By an RST, sent by whom and why.
    Reset(Option<(NodeId, Answer)>),
    /// Its SYN was answered by RST.
    Refused,
    /// Nobody answered.
    TimedOut,
    /// ICMP ended its opening.
    Unreachable,
    /// Both ends are done.
    Closed,
    /// Its own program ended it.
    Aborted,
}

/// One flow as one host sees it: its own end is the source.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct FlowFacts {
    /// The host.
    pub(in crate::scenario) node: NodeId,
    /// The tuple of what it sends.
    pub(in crate::scenario) tuple: FiveTuple,
    /// Whose it is.
    pub(in crate::scenario) program: Option<ProgramId>,
    /// When the connection began.
    pub(in crate::scenario) opened: Option<SimTime>,
    /// When its handshake was done.
    pub(in crate::scenario) established: Option<SimTime>,
    /// When it ended, and how.
    pub(in crate::scenario) ended: Option<(SimTime, Ending)>,
    /// Payload its program had read when it ended.
    pub(in crate::scenario) received_by_end: u64,
    /// Nodes that its packets crossed: first and last instant.
    pub(in crate::scenario) crossed: BTreeMap<NodeId, (SimTime, SimTime)>,
    /// The flows of the hosts at the other end, as indices.
    pub(in crate::scenario) far: BTreeSet<usize>,
}

/// A packet that was dropped.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct DropFact {
    /// When.
    pub(in crate::scenario) at: SimTime,
    /// Where.
    pub(in crate::scenario) node: NodeId,
    /// Why.
    pub(in crate::scenario) reason: DropReason,
    /// By which rule or device.
    pub(in crate::scenario) by: Cite,
    /// The flow of the host that sent it, as an index.
    pub(in crate::scenario) origin: Option<usize>,
}

/// A packet that passed a wanted point.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Passage {
    /// When.
    pub(in crate::scenario) at: SimTime,
    /// Where.
    pub(in crate::scenario) node: NodeId,
    /// The flow of the host that sent it, as an index.
    pub(in crate::scenario) origin: Option<usize>,
    /// TCP flags.
    pub(in crate::scenario) flags: TcpFlags,
    /// Its tuple there.
    pub(in crate::scenario) tuple: FiveTuple,
    /// Payload in bytes.
    pub(in crate::scenario) payload: usize,
}
