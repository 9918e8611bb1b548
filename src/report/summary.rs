//! The summary: packets, bytes and connections by path, drops by reason, programs with their ends. Judges nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::connections::columns;
use super::events::cite_value;
use super::flows::{Travel, landmark};
use super::happening::{Happening, View};
use super::words;
use crate::base::SimTime;
use crate::trace::{Cite, CiteId, Component, ConnectionNote, DropReason, Names, NodeId, ProgramId, ProgramNote};

/// What a run comes to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    paths: BTreeMap<Option<NodeId>, Counts>,
    boxes: BTreeMap<NodeId, (u64, u64)>,
    dropped: BTreeMap<(DropReason, CiteId), u64>,
    resets: BTreeMap<&'static str, u64>,
    programs: BTreeMap<ProgramId, ProgramEnd>,
    /// Connections by how they went.
    pub connections: ConnectionCounts,
    /// The same with names, once the run is over.
    named: Named,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    packets: u64,
    bytes: u64,
    bytes_from_instances: u64,
    connections: u64,
}

#[derive(Clone, Debug, Default)]
struct Named {
    ended_at: SimTime,
    paths: Vec<PathTotals>,
    boxes: Vec<BoxTotals>,
    drops: Vec<DropTotals>,
    programs: Vec<ProgramEnd>,
}

/// What went by one path. A path is called after the box on it that says most: an endpoint before a NAT gateway, that
/// before an internet gateway, that before the VPC's own router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTotals {
    /// The box's name; `nowhere` for packets that crossed none.
    pub name: String,
    /// The box's kind.
    pub component: Component,
    /// Packets that have ended.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
    /// The share of the bytes that instances sent.
    pub bytes_from_instances: u64,
    /// Connections that came to stand by it.
    pub connections: u64,
}

/// What came to one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoxTotals {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub component: Component,
    /// Packets that entered it.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
}

/// What was dropped for one reason by one rule or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropTotals {
    /// The reason.
    pub reason: DropReason,
    /// Who decided.
    pub by: Cite,
    /// How many packets.
    pub packets: u64,
}

/// How connections went, counted once for both ends where the end that opened them is simulated.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// First SYNs.
    pub opened: u64,
    /// Handshakes that were done.
    pub established: u64,
    /// Ended by an RST.
    pub reset: u64,
    /// Answered with an RST at once.
    pub refused: u64,
    /// Ended because nobody answered.
    pub timed_out: u64,
    /// Ended by an ICMP error while opening.
    pub unreachable: u64,
    /// Ended as they should.
    pub closed: u64,
    /// Ended by their own program with an RST.
    pub aborted: u64,
    /// Still open at the end.
    pub open: u64,
}

/// How a program ended, if it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramEnd {
    /// Its name.
    pub name: String,
    /// The node it runs on.
    pub node: String,
    /// What it does.
    pub what: String,
    /// When it began.
    pub started_at: Option<SimTime>,
    /// When it ended.
    pub ended_at: Option<SimTime>,
    /// Whether it ended as it should; `None` while it runs.
    pub completed: Option<bool>,
    /// What it had to show, or what its user read.
    pub outcome: String,
    /// Payload it sent, in bytes, as far as it said so.
    pub sent_bytes: u64,
    /// Payload it received, in bytes, as far as it said so.
    pub received_bytes: u64,
    /// How often it tried again.
    pub retries: u64,
}

impl Summary {
    pub(crate) fn tell(&mut self, view: &View<'_>, happening: &Happening<'_>) {
        match happening {
            Happening::Connection { end, what, .. } if end.opener => {
                if matches!(what, ConnectionNote::Established) {
                    let path = end.flow.and_then(|flow| view.flows.flow(flow)).map(|flow| &flow.path[..]);
                    let by = path.and_then(|path| landmark(view.names, path));
                    self.paths.entry(by).or_default().connections += 1;
                }
                self.connections.count(what);
            }
            Happening::Program { node, program, what } => self.program(view, *node, *program, what),
            Happening::ResetSent { made, .. } => {
                let why = made.as_ref().map_or("ABORTED", |made| words::answer_code(made.why));
                *self.resets.entry(why).or_default() += 1;
            }
            Happening::Dropped { reason, by, .. } => *self.dropped.entry((*reason, *by)).or_default() += 1,
            Happening::Connection { .. }
            | Happening::Change { .. }
            | Happening::Request { .. }
            | Happening::Translated { .. }
            | Happening::Path { .. }
            | Happening::Seen { .. }
            | Happening::Retransmitted { .. }
            | Happening::ResetEnded { .. }
            | Happening::Answered { .. } => {}
        }
    }

    /// A packet has ended.
    pub(crate) fn packet(&mut self, travel: &Travel, names: &Names) {
        let bytes = travel.glimpse.len as u64;
        let counts = self.paths.entry(travel.landmark).or_default();
        counts.packets += 1;
        counts.bytes += bytes;
        let origin = names.directory.nodes.get(travel.origin.0 as usize);
        if origin.is_some_and(|info| info.component == Component::Instance) {
            counts.bytes_from_instances += bytes;
        }
    }

    /// A packet entered a node.
    pub(crate) fn crossed(&mut self, node: NodeId, bytes: usize) {
        let counts = self.boxes.entry(node).or_default();
        counts.0 += 1;
        counts.1 += bytes as u64;
    }

    /// Gives everything its name.
    pub(crate) fn finish(&mut self, view: &View<'_>) {
        let directory = &view.names.directory;
        let named = |node: NodeId| {
            let component = directory.nodes.get(node.0 as usize).map_or(Component::None, |info| info.component);
            (words::node_name(view.names, node), component)
        };
        self.connections.open = view.flows.ends().iter().filter(|end| end.opener).count() as u64;
        self.named.ended_at = view.at;
        let paths = self.paths.iter().map(|(node, counts)| {
            let (name, component) = node.map_or_else(|| ("nowhere".to_owned(), Component::None), named);
            let Counts { packets, bytes, bytes_from_instances, connections } = *counts;
            PathTotals { name, component, packets, bytes, bytes_from_instances, connections }
        });
        self.named.paths = paths.collect();
        let boxes = self.boxes.iter().map(|(node, (packets, bytes))| {
            let (name, component) = named(*node);
            BoxTotals { name, component, packets: *packets, bytes: *bytes }
        });
        self.named.boxes = boxes.collect();
        let drops = self.dropped.iter().map(|((reason, by), packets)| DropTotals {
            reason: *reason,
            by: view.names.citations.get(*by).clone(),
            packets: *packets,
        });
        self.named.drops = drops.collect();
        self.named.programs = self.programs.values().cloned().collect();
    }

    /// When the run ended.
    pub fn ended_at(&self) -> SimTime {
        self.named.ended_at
    }

    /// Packets, bytes and connections by path.
    pub fn paths(&self) -> &[PathTotals] {
        &self.named.paths
    }

    /// Packets and bytes by node, each counted where it entered.
    pub fn boxes(&self) -> &[BoxTotals] {
        &self.named.boxes
    }

    /// The bytes that entered a node.
    pub fn bytes_into(&self, node: NodeId) -> u64 {
        self.boxes.get(&node).map_or(0, |(_, bytes)| *bytes)
    }

    /// What was dropped, by reason and by who decided.
    pub fn drops(&self) -> &[DropTotals] {
        &self.named.drops
    }

    /// RSTs by the code of what they answer; `ABORTED` for those that a program sent.
    pub fn resets(&self) -> &BTreeMap<&'static str, u64> {
        &self.resets
    }

    /// The programs, in the order of their numbers.
    pub fn programs(&self) -> &[ProgramEnd] {
        &self.named.programs
    }

    /// The summary as an object with `ended_at_ns`, `paths`, `nodes`, `connections`, `drops`, `resets`, `programs`.
    pub fn json(&self) -> Value {
        let paths = self.paths().iter().map(|path| {
            json!({
                "name": path.name, "component": format!("{:?}", path.component), "packets": path.packets,
                "bytes": path.bytes, "bytes_from_instances": path.bytes_from_instances,
                "connections": path.connections,
            })
        });
        let nodes = self.boxes().iter().map(|node| {
            json!({
                "name": node.name, "component": format!("{:?}", node.component), "packets": node.packets,
                "bytes": node.bytes,
            })
        });
        let drops = self.drops().iter().map(|drop| {
            let mut value = json!({
                "reason": format!("{:?}", drop.reason), "code": drop.reason.code(),
                "sentence": drop.reason.sentence(), "packets": drop.packets,
            });
            if drop.by.component != Component::None {
                value["by"] = cite_value(&drop.by);
            }
            value
        });
        let counts = self.connections;
        json!({
            "ended_at_ns": self.ended_at().as_nanos(),
            "paths": paths.collect::<Vec<_>>(),
            "nodes": nodes.collect::<Vec<_>>(),
            "connections": {
                "opened": counts.opened, "established": counts.established, "closed": counts.closed,
                "reset": counts.reset, "refused": counts.refused, "timed_out": counts.timed_out,
                "unreachable": counts.unreachable, "aborted": counts.aborted, "open": counts.open,
            },
            "drops": drops.collect::<Vec<_>>(),
            "resets": self.resets,
            "programs": self.programs().iter().map(ProgramEnd::json).collect::<Vec<_>>(),
        })
    }

    /// The summary for people: tables of paths, drops and programs, and a line on connections.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut rows = vec![["path", "packets", "bytes", "connections"].map(str::to_owned).to_vec()];
        for path in self.paths() {
            let cells =
                [words::count_text(path.packets), words::bytes_text(path.bytes), words::count_text(path.connections)];
            rows.push(std::iter::once(path.name.clone()).chain(cells).collect());
        }
        text.push_str(&columns(&rows, ""));
        text.push_str(&format!("\nconnections: {}\n", self.connections.text()));
        if !self.drops().is_empty() {
            text.push_str("\ndropped\n");
            let rows = self.drops().iter().map(|drop| {
                let by = words::cite_text(&drop.by).map_or(String::new(), |by| format!(", by {by}"));
                vec![
                    words::count_text(drop.packets),
                    format!("{} ({}{by})", drop.reason.sentence(), drop.reason.code()),
                ]
            });
            text.push_str(&columns(&rows.collect::<Vec<_>>(), "  "));
        }
        if !self.programs().is_empty() {
            text.push_str("\nprograms\n");
            let rows: Vec<_> = self.programs().iter().map(ProgramEnd::cells).collect();
            text.push_str(&columns(&rows, "  "));
        }
        text
    }

    fn program(&mut self, view: &View<'_>, node: NodeId, program: ProgramId, what: &ProgramNote) {
        let entry = self.programs.entry(program).or_insert_with(|| {
            let info = view.names.directory.programs.get(program.0 as usize);
            ProgramEnd {
                name: info.map_or_else(|| format!("program {}", program.0), |info| info.name.clone()),
                node: words::node_name(view.names, node),
                what: info.map_or(String::new(), |info| info.what.clone()),
                started_at: None,
                ended_at: None,
                completed: None,
                outcome: String::new(),
                sent_bytes: 0,
                received_bytes: 0,
                retries: 0,
            }
        });
        match what {
            ProgramNote::Started => entry.started_at = Some(view.at),
            ProgramNote::Sent { total } => entry.sent_bytes = *total,
            ProgramNote::Received { total } => entry.received_bytes = *total,
            ProgramNote::Retrying { .. } => entry.retries += 1,
            ProgramNote::Completed { what } => {
                (entry.ended_at, entry.completed, entry.outcome) = (Some(view.at), Some(true), what.clone());
            }
            ProgramNote::Failed { error, .. } => {
                (entry.ended_at, entry.completed, entry.outcome) = (Some(view.at), Some(false), error.clone());
            }
            ProgramNote::Flow { .. }
            | ProgramNote::Resolved { .. }
            | ProgramNote::Request { .. }
            | ProgramNote::Response { .. }
            | ProgramNote::Reply { .. }
            | ProgramNote::Idle { .. }
            | ProgramNote::Said(_) => {}
        }
    }
}

impl ConnectionCounts {
    fn count(&mut self, what: &ConnectionNote) {
        let count = match what {
            ConnectionNote::Opening => &mut self.opened,
            ConnectionNote::Established => &mut self.established,
            ConnectionNote::Reset { .. } => &mut self.reset,
            ConnectionNote::Refused { .. } => &mut self.refused,
            ConnectionNote::TimedOut => &mut self.timed_out,
            ConnectionNote::Unreachable { .. } => &mut self.unreachable,
            ConnectionNote::Closed => &mut self.closed,
            ConnectionNote::Aborted | ConnectionNote::Vanished => &mut self.aborted,
            ConnectionNote::Accepting
            | ConnectionNote::SoftError { .. }
            | ConnectionNote::PathMtu { .. }
            | ConnectionNote::PeerClosed => return,
        };
        *count += 1;
    }

    /// `3 opened, 2 established, 1 reset`: what is not zero.
    fn text(&self) -> String {
        let counts = [
            (self.opened, "opened"),
            (self.established, "established"),
            (self.closed, "closed"),
            (self.reset, "reset"),
            (self.refused, "refused"),
            (self.timed_out, "timed out"),
            (self.unreachable, "unreachable"),
            (self.aborted, "aborted"),
            (self.open, "open at the end"),
        ];
        let some = counts.iter().filter(|(count, _)| 0 < *count);
        let parts: Vec<_> = some.map(|(count, what)| format!("{} {what}", words::count_text(*count))).collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    }
}

impl ProgramEnd {
    fn json(&self) -> Value {
        let outcome = match self.completed {
            Some(true) => "completed",
            Some(false) => "failed",
            None => "running",
        };
        json!({
            "name": self.name, "node": self.node, "what": self.what,
            "started_at_ns": self.started_at.map(SimTime::as_nanos),
            "ended_at_ns": self.ended_at.map(SimTime::as_nanos),
            "outcome": outcome, "text": self.outcome, "sent_bytes": self.sent_bytes,
            "received_bytes": self.received_bytes, "retries": self.retries,
        })
    }

    fn cells(&self) -> Vec<String> {
        let (mark, outcome) = match self.completed {
            Some(true) => ("✓", format!("completed: {}", self.outcome)),
            Some(false) => ("✗", format!("failed: {}", self.outcome)),
            None => (" ", "still running".to_owned()),
        };
        let retries = match self.retries {
            0 => String::new(),
            1 => ", after 1 retry".to_owned(),
            many => format!(", after {many} retries"),
        };
        let at = self.ended_at.map_or(String::new(), |at| at.to_string());
        vec![mark.to_owned(), self.node.clone(), self.name.clone(), at, format!("{outcome}{retries}")]
    }
}
