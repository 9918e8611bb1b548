//! One direction of traffic: the path of its packets, what was delivered, how far it has been sent.

use std::rc::Rc;
use std::time::Duration;

use super::open::OpenId;
use super::path::endpoint_of;
use crate::packet::{FiveTuple, Packet, PacketId, TcpFlags};
use crate::report::words;
use crate::trace::{CiteId, Names, NodeId};

/// A flow in one direction, while it is remembered: its place, and the number of its making, because places are reused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FlowId(pub(super) usize, pub(super) u64);

/// One direction of traffic, as its sender sees it.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) origin: NodeId,
    pub(super) place: u32,
    pub(crate) tuple: FiveTuple,
    /// The nodes that its packets cross, the origin first.
    pub(crate) path: Vec<NodeId>,
    /// The route chosen at each node of the path.
    pub(crate) routes: Vec<CiteId>,
    /// The first packet that took this path; older ones that still travel say nothing new.
    pub(super) newest: PacketId,
    /// Where its packets once took another way: the endpoint that it crossed, if any.
    pub(super) moved_from: Option<Option<NodeId>>,
    pub(crate) far: Option<NodeId>,
    pub(super) far_place: u32,
    /// As the far end saw its last packet.
    pub(crate) seen_as: Option<FiveTuple>,
    /// The last tuple that each translating node made of it.
    pub(super) translations: Vec<(NodeId, FiveTuple)>,
    pub(crate) connection: Option<OpenId>,
    /// What people call it: the connection's name where it is part of one.
    pub(crate) label: Option<Rc<str>>,
    /// What was delivered of it since the last row that told of it.
    pub(crate) since: Transfer,
    /// What was delivered of it in all.
    pub(crate) total: Transfer,
    /// How long its last delivered packet took.
    pub(crate) transit: Option<Duration>,
    /// The box that says most about the way of its last delivered payload.
    pub(crate) carried_by: Option<NodeId>,
    /// Where its sequence space begins and how far it has been sent.
    sent: Option<(u32, u32)>,
    pub(super) made: u64,
}

/// Delivered payload.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
}

/// What a segment repeats.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    Nothing,
    /// Bytes, a SYN or a FIN that went out before.
    Earlier,
    /// One byte before the window, to hear whether somebody is there.
    KeepAlive,
}

impl Flow {
    /// A flow of which nothing is known yet.
    pub(super) const fn new(origin: NodeId, place: u32, tuple: FiveTuple, made: u64) -> Self {
        Self {
            origin,
            place,
            tuple,
            path: Vec::new(),
            routes: Vec::new(),
            newest: PacketId(0),
            moved_from: None,
            far: None,
            far_place: 0,
            seen_as: None,
            translations: Vec::new(),
            connection: None,
            label: None,
            since: Transfer { segments: 0, bytes: 0 },
            total: Transfer { segments: 0, bytes: 0 },
            transit: None,
            carried_by: None,
            sent: None,
            made,
        }
    }

    /// Whether a segment of it that leaves its host has been sent before.
    pub(super) fn repeats(&mut self, packet: &Packet) -> Repeats {
        let Some(tcp) = packet.tcp() else { return Repeats::Nothing };
        let length = tcp.segment_len();
        let end = tcp.seq.wrapping_add(length);
        if length == 0 || tcp.flags.has(TcpFlags::RST) {
            return Repeats::Nothing;
        }
        if tcp.flags.has(TcpFlags::SYN) {
            let again = self.sent.is_some_and(|(start, _)| start == tcp.seq);
            self.sent = Some((tcp.seq, self.sent.filter(|_| again).map_or(end, |(_, sent)| sent)));
            return if again { Repeats::Earlier } else { Repeats::Nothing };
        }
        let Some((start, sent)) = self.sent else {
            self.sent = Some((tcp.seq, end));
            return Repeats::Nothing;
        };
        // Distances in the sequence space are signed and less than half of it.
        if 0 < end.wrapping_sub(sent).cast_signed() {
            let again = tcp.seq.wrapping_sub(sent).cast_signed() < 0;
            self.sent = Some((start, end));
            return if again { Repeats::Earlier } else { Repeats::Nothing };
        }
        if tcp.payload_len == 1 && end == sent { Repeats::KeepAlive } else { Repeats::Earlier }
    }

    /// Whether this is the first segment of another connection with the same tuple.
    pub(super) fn is_begun_by(&self, packet: &Packet) -> bool {
        let first = packet.tcp().filter(|tcp| tcp.flags.has(TcpFlags::SYN));
        first.zip(self.sent).is_some_and(|(tcp, (start, _))| tcp.seq != start)
    }

    /// Another connection uses the same tuple: its path and sequence numbers are its own.
    pub(super) fn begin_again(&mut self) {
        self.path.truncate(1);
        self.routes.clear();
        self.moved_from = None;
        self.seen_as = None;
        self.translations.clear();
        self.since = Transfer::default();
        self.total = Transfer::default();
        self.sent = None;
    }

    /// Whether its packets were led into an endpoint, out of one, or from one to another, while it lasted.
    pub(crate) fn is_switched(&self, names: &Names) -> bool {
        self.moved_from.is_some_and(|before| before != endpoint_of(names, &self.path))
    }

    /// What people call it.
    pub(crate) fn name(&self, names: &Names) -> String {
        if let Some(label) = &self.label {
            return label.to_string();
        }
        let to = match self.tuple.protocol.has_ports() {
            true => words::endpoint_name(names, self.tuple.destination()),
            false => words::address_name(names, self.tuple.dst),
        };
        match (names.directory.node(self.origin), self.tuple.protocol.has_ports()) {
            ("", _) => words::tuple_name(names, &self.tuple),
            (name, true) => format!("{name}:{} → {to}", self.tuple.src_port),
            (name, false) => format!("{name} → {to}"),
        }
    }
}
