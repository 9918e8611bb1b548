//! Captures: each packet at each node it crosses, as pcapng with a comment that says what became of it. Opens no files.
//!
//! A capture point is a node. There, a packet is written as it entered, and as it left only where the node made it or
//! changed its addresses or ports: so each packet on a wire appears once at a point, and a reader's TCP analysis finds
//! no retransmission that was none. A packet's bytes wait until its node is done with it, which is within one event.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::pcapng::{CapturedPacket, PcapngFile};
use super::words;
use crate::base::{Calendar, SimTime};
use crate::packet::{FiveTuple, Packet, PacketId};
use crate::trace::{
    Answer, Attention, Citations, CiteId, Component, ConnectionNote, Directory, Names, NodeId, Note, Observer, PortId,
    Sees, Step,
};

/// Opens the sink of one capture point by the point's name, which is fit for a file name and used once.
pub type OpenPoint<'a> = Box<dyn FnMut(&str) -> io::Result<Box<dyn Write + 'a>> + 'a>;

/// An observer that writes packets to one file with all points, to one file for each point, or to both.
pub struct Capture<'a> {
    calendar: Calendar,
    names: Names,
    combined: Option<PcapngFile<'a>>,
    /// Whether the combined file is read while it is written.
    live: bool,
    open: Option<OpenPoint<'a>>,
    points: FxHashMap<NodeId, PcapngFile<'a>>,
    point_names: BTreeSet<String>,
    waiting: VecDeque<Waiting>,
    /// The packets that are inside of a node.
    inside: FxHashMap<PacketId, Inside>,
    /// Answers that were made and have not left.
    answers: FxHashMap<PacketId, Made>,
    spare: Vec<Vec<u8>>,
    failure: Option<io::Error>,
}

/// A packet whose comment is not yet whole.
struct Waiting {
    at: SimTime,
    node: NodeId,
    id: PacketId,
    inbound: bool,
    done: bool,
    bytes: Vec<u8>,
    src_dst: [std::net::IpAddr; 2],
    comment: String,
}

/// A packet that entered a node and has not left it.
struct Inside {
    /// As it entered.
    tuple: FiveTuple,
    /// Who translated it.
    by: CiteId,
}

/// Why a node made a packet.
struct Made {
    why: Answer,
    by: CiteId,
    offender: PacketId,
}

/// The most buffers kept for reuse.
const SPARE_MAX: usize = 64;

impl<'a> Capture<'a> {
    /// A capture that goes nowhere yet; the calendar gives its stamps.
    pub fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            names: Names::default(),
            combined: None,
            live: false,
            open: None,
            points: FxHashMap::default(),
            point_names: BTreeSet::new(),
            waiting: VecDeque::new(),
            inside: FxHashMap::default(),
            answers: FxHashMap::default(),
            spare: Vec::new(),
            failure: None,
        }
    }

    /// Writes all points to one sink.
    #[must_use]
    pub fn combined(mut self, sink: impl Write + 'a) -> Self {
        self.set_combined(Box::new(sink));
        self
    }

    /// Writes all points to one sink that somebody reads meanwhile: flushed after each packet.
    #[must_use]
    pub fn live(mut self, sink: impl Write + 'a) -> Self {
        self.set_combined(Box::new(sink));
        self.live = true;
        if let Some(file) = &mut self.combined {
            let flushed = file.flush();
            self.note_failure(flushed);
        }
        self
    }

    /// Writes each point to a sink of its own, opened when its first packet passes.
    #[must_use]
    pub fn points(mut self, open: impl FnMut(&str) -> io::Result<Box<dyn Write + 'a>> + 'a) -> Self {
        self.open = Some(Box::new(open));
        self
    }

    /// Writes what waits, and says whether everything could be written. Nothing is written after the first failure.
    pub fn finish(mut self) -> io::Result<()> {
        self.settle(SimTime::FAR);
        if let Some(file) = &mut self.combined {
            let flushed = file.flush();
            self.note_failure(flushed);
        }
        // The order of flushing is not visible in any file.
        #[expect(clippy::iter_over_hash_type, reason = "each file is flushed, in whatever order")]
        for file in self.points.values_mut() {
            if let Err(error) = file.flush() {
                self.failure.get_or_insert(error);
            }
        }
        self.failure.map_or(Ok(()), Err)
    }

    /// Whether a sink has refused, such as a reader that went away.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    fn set_combined(&mut self, sink: Box<dyn Write + 'a>) {
        match PcapngFile::new(sink) {
            Ok(file) => self.combined = Some(file),
            Err(error) => self.failure = Some(error),
        }
    }

    fn wait(&mut self, at: SimTime, node: NodeId, packet: &Packet, inbound: bool, comment: String) {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(packet.bytes());
        let src_dst = [packet.src(), packet.dst()];
        let id = packet.id();
        self.waiting.push_back(Waiting { at, node, id, inbound, done: !inbound, bytes, src_dst, comment });
    }

    /// The waiting packet with that id at that node, newest first.
    fn waiting_mut(&mut self, node: NodeId, id: PacketId) -> Option<&mut Waiting> {
        self.waiting.iter_mut().rev().find(|waiting| waiting.id == id && waiting.node == node && waiting.inbound)
    }

    fn remark(&mut self, node: NodeId, id: PacketId, text: &str) {
        if let Some(waiting) = self.waiting_mut(node, id) {
            if !waiting.comment.is_empty() {
                waiting.comment.push('\n');
            }
            waiting.comment.push_str(text);
        }
    }

    /// Writes, in order, what is done, and what was not done when time went on: a node that keeps a packet for later
    /// must not hold up the others.
    fn settle(&mut self, now: SimTime) {
        while self.waiting.front().is_some_and(|first| first.done || first.at < now) {
            let waiting = self.waiting.pop_front().expect("there is a front");
            if self.failure.is_none() {
                let written = self.write(&waiting);
                self.note_failure(written);
            }
            if self.spare.len() < SPARE_MAX {
                self.spare.push(waiting.bytes);
            }
        }
    }

    fn write(&mut self, waiting: &Waiting) -> io::Result<()> {
        let packet = CapturedPacket {
            unix_nanos: self.calendar.unix_nanos(waiting.at),
            id: waiting.id,
            inbound: waiting.inbound,
            bytes: &waiting.bytes,
            comment: &waiting.comment,
        };
        let names = &self.names;
        let write = |file: &mut PcapngFile<'a>| {
            let interface = file.interface(waiting.node, || describe_point(names, waiting.node))?;
            for address in waiting.src_dst {
                file.name(address, names.directory.name(address))?;
            }
            file.packet(interface, &packet)
        };
        if let Some(file) = &mut self.combined {
            write(file)?;
            if self.live {
                file.flush()?;
            }
        }
        if let Some(open) = &mut self.open {
            if !self.points.contains_key(&waiting.node) {
                let name = point_name(&words::node_name(names, waiting.node), &mut self.point_names);
                self.points.insert(waiting.node, PcapngFile::new(open(&name)?)?);
            }
            write(self.points.get_mut(&waiting.node).expect("just opened"))?;
        }
        Ok(())
    }

    fn note_failure(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }

    /// What a comment says of a step; `None` for steps that are no news to a reader of captures.
    fn step_text(&self, step: &Step) -> Option<String> {
        let by = |by: CiteId| match words::cite_text(self.names.citations.get(by)) {
            Some(text) => format!(", by {text}"),
            None => String::new(),
        };
        Some(match *step {
            Step::Translated { before, after, by: id } => {
                format!("translated: {}{}", words::translation_text(&before, &after), by(id))
            }
            Step::Clamped { mss, by: id } => format!("maximum segment size lowered to {mss}{}", by(id)),
            Step::Fragmented => "cut into fragments".to_owned(),
            Step::Answered { with, why, by: id } => {
                let kind = words::answer_kind(why);
                format!("answered with {kind} {with}: {}{}", words::answer_sentence(why), by(id))
            }
            Step::Dropped { reason, by } => format!("dropped: {}", words::drop_text(&self.names, reason, by)),
            Step::Absorbed(crate::trace::Absorbed::Answered) => return None,
            Step::Absorbed(how) => words::absorbed_sentence(how).to_owned(),
            Step::Sent | Step::Allowed { .. } | Step::Routed { .. } | Step::Forwarded | Step::Delivered => return None,
        })
    }

    /// The comment of a packet that leaves the node that made or changed it.
    fn leaving_text(&mut self, before: Option<Inside>, packet: &Packet) -> String {
        let by = |by: CiteId| match words::cite_text(self.names.citations.get(by)) {
            Some(text) => format!(", by {text}"),
            None => String::new(),
        };
        if let Some(before) = before {
            return format!("translated: {}{}", words::translation_text(&before.tuple, packet.tuple()), by(before.by));
        }
        let Some(Made { why, by: id, offender }) = self.answers.remove(&packet.id()) else { return String::new() };
        let by = by(id);
        format!("{} in answer to {offender}: {}{by}", words::answer_kind(why), words::answer_sentence(why))
    }
}

impl Observer for Capture<'_> {
    fn sees(&self) -> Sees {
        Sees::ALL
    }

    fn learn(&mut self, citations: &Citations, directory: &Directory) {
        self.names.learn(citations, directory);
    }

    fn entered(&mut self, at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
        self.settle(at);
        self.inside.insert(packet.id(), Inside { tuple: *packet.tuple(), by: CiteId::NONE });
        self.wait(at, node, packet, true, String::new());
    }

    fn left(&mut self, at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
        let id = packet.id();
        let before = self.inside.remove(&id);
        if let Some(waiting) = self.waiting_mut(node, id) {
            waiting.done = true;
        }
        if before.as_ref().map(|inside| inside.tuple) != Some(*packet.tuple()) {
            let comment = self.leaving_text(before, packet);
            self.wait(at, node, packet, false, comment);
        }
        self.settle(at);
    }

    fn step(&mut self, _at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if let Some(text) = self.step_text(step) {
            self.remark(node, packet, &text);
        }
        match *step {
            Step::Answered { with, why, by } => {
                self.answers.insert(with, Made { why, by, offender: packet });
            }
            Step::Translated { by, .. } => {
                if let Some(inside) = self.inside.get_mut(&packet) {
                    inside.by = by;
                }
            }
            _ => {}
        }
        if step.is_end() {
            self.inside.remove(&packet);
            self.answers.remove(&packet);
            // Written with the next packet: what its end led to may be said after it.
            if let Some(waiting) = self.waiting_mut(node, packet) {
                waiting.done = true;
            }
        }
    }

    fn note(&mut self, _at: SimTime, node: NodeId, note: &Note) -> Attention {
        if let Note::Connection { flow, what, .. } = note {
            let text = match what {
                ConnectionNote::Reset { by } => Some((*by, "this RST ended the connection")),
                ConnectionNote::Refused { by } => Some((*by, "this RST refused the connection")),
                _ => None,
            };
            if let Some((by, text)) = text {
                let text = format!("{text} {}", words::tuple_name(&self.names, flow));
                self.remark(node, by, &text);
            }
        }
        Attention::Continue
    }
}

/// Name and description of a capture point.
fn describe_point(names: &Names, node: NodeId) -> (String, String) {
    let name = words::node_name(names, node);
    let Some(info) = names.directory.nodes.get(node.0 as usize) else { return (name, String::new()) };
    let kind = match info.component {
        Component::Instance => "instance",
        Component::Service => "service",
        Component::Internet => "internet",
        Component::Vpc => "router of the VPC",
        Component::InternetGateway => "internet gateway",
        Component::EgressOnlyInternetGateway => "egress-only internet gateway",
        Component::NatGateway => "NAT gateway",
        Component::VpcEndpoint => "gateway endpoint",
        Component::ClassicLink => "EC2-Classic's network",
        Component::VpcPeeringConnection => "peering connection",
        Component::VpnGateway => "virtual private gateway",
        Component::NetworkInterface => "network interface",
        Component::Link => "link",
        Component::None
        | Component::Route
        | Component::RouteTable
        | Component::SecurityGroup
        | Component::NetworkAcl => "node",
    };
    let description = if info.id == info.name { kind.to_owned() } else { format!("{kind} {}", info.id) };
    (name, description)
}

/// A point's name as part of a file name, made unique by a number.
fn point_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let plain: String = name.chars().map(fit).collect();
    let plain = plain.trim_matches(['.', '-']);
    let plain = if plain.is_empty() { "node" } else { plain };
    // File systems that ignore case would make one file of two names that differ in case only.
    let mut candidate = plain.to_owned();
    let mut number = 1;
    while !taken.insert(candidate.to_lowercase()) {
        number += 1;
        candidate = format!("{plain}-{number}");
    }
    candidate
}

#[cfg(test)]
mod tests;
