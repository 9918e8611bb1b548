//! The recorder: listens to a run, keeps what is open, and tells timeline, JSON lines and summary what happened.

use std::io::{self, Write};

use super::connections::{Listing, listing};
use super::events::Events;
use super::flows::{Flows, Repeats, Transfer, Travel};
use super::happening::{Fate, Happening, View};
use super::summary::Summary;
use super::timeline::{Timeline, TimelineOptions};
use crate::analysis::{Bill, Tariff};
use crate::base::SimTime;
use crate::packet::{Packet, PacketId};
use crate::trace::{
    Answer, Attention, Citations, Component, ConnectionNote, Directory, Names, NodeId, Note, Observer, PortId, Sees,
    Step,
};

/// An observer that records a run as it goes. Its memory is bounded by what is open and under way.
pub struct Recorder<'a> {
    names: Names,
    flows: Flows,
    timeline: Option<Timeline<'a>>,
    events: Option<Events<'a>>,
    summary: Summary,
    /// Instants at which the open connections are to be listed, the next one last.
    listings_due: Vec<SimTime>,
    listings: Vec<Listing>,
    now: SimTime,
}

/// What a recorder leaves behind.
#[derive(Clone, Debug)]
pub struct Record {
    /// Packets, bytes and connections by path, drops by reason, programs with their ends.
    pub summary: Summary,
    /// The open connections at the instants that were asked for.
    pub listings: Vec<Listing>,
    /// What is open at the end.
    pub open: Listing,
    names: Names,
}

impl Record {
    /// What the run's bytes and hours cost.
    pub fn bill(&self, tariff: &Tariff) -> Bill {
        tariff.bill(&self.names.directory, |node| self.summary.bytes_into(node))
    }
}

impl<'a> Recorder<'a> {
    /// A recorder that gathers a summary and writes nothing.
    pub fn new() -> Self {
        Self {
            names: Names::default(),
            flows: Flows::default(),
            timeline: None,
            events: None,
            summary: Summary::default(),
            listings_due: Vec::new(),
            listings: Vec::new(),
            now: SimTime::ZERO,
        }
    }

    /// Writes the timeline for people to a sink.
    #[must_use]
    pub fn timeline(mut self, sink: impl Write + 'a, options: TimelineOptions) -> Self {
        self.timeline = Some(Timeline::new(sink, options));
        self
    }

    /// Writes one JSON object a line to a sink.
    #[must_use]
    pub fn events(mut self, sink: impl Write + 'a) -> Self {
        self.events = Some(Events::new(sink));
        self
    }

    /// Lists the connections that are open at these instants, before anything happens there.
    #[must_use]
    pub fn list_connections_at(mut self, instants: &[SimTime]) -> Self {
        self.listings_due.extend_from_slice(instants);
        self.listings_due.sort_by(|a, b| b.cmp(a));
        self
    }

    /// Ends the recording at an instant: what is folded or open is told. Fails if a sink refused.
    pub fn finish(mut self, at: SimTime) -> io::Result<Record> {
        // What was to be listed later than the end is listed as it is at the end.
        self.passed(SimTime::FAR);
        let untold = self.flows.take_untold();
        let view = View { at, names: &self.names, flows: &self.flows };
        let open = listing(&view);
        if let Some(timeline) = self.timeline {
            timeline.finish(&view, &untold, &open)?;
        }
        if let Some(events) = self.events {
            events.finish()?;
        }
        self.summary.finish(&view);
        Ok(Record { summary: self.summary, listings: self.listings, open, names: self.names })
    }

    /// The connections that are open now.
    pub fn connections(&self) -> Listing {
        listing(&View { at: self.now, names: &self.names, flows: &self.flows })
    }

    /// What has been gathered so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Time has come to `at`, and nothing of that instant was told yet.
    fn passed(&mut self, at: SimTime) {
        while self.listings_due.last().is_some_and(|due| *due <= at) {
            let due = self.listings_due.pop().expect("there is a last one");
            let at = if due < at { due } else { at };
            let view = View { at, names: &self.names, flows: &self.flows };
            self.listings.push(listing(&view));
        }
        if self.now < at {
            self.now = at;
        }
    }

    fn tell(&mut self, at: SimTime, happening: &Happening<'_>) {
        let view = View { at, names: &self.names, flows: &self.flows };
        self.summary.tell(&view, happening);
        if let Some(events) = &mut self.events {
            events.tell(&view, happening);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.tell(&view, happening);
            self.settle_told();
        }
    }

    /// A row that told how much went over a connection begins its count anew.
    fn settle_told(&mut self) {
        for flow in self.timeline.as_mut().map_or(Vec::new(), Timeline::take_told) {
            if let Some(flow) = self.flows.flow_mut(flow) {
                flow.since = Transfer::default();
            }
        }
    }

    fn active(&mut self, at: SimTime) {
        self.passed(at);
        if let Some(timeline) = &mut self.timeline {
            // What was sent before a quiet stretch is told before it.
            let untold = if timeline.is_quiet(at) { self.flows.take_untold() } else { Vec::new() };
            timeline.active(&View { at, names: &self.names, flows: &self.flows }, &untold);
            self.settle_told();
        }
    }

    /// A packet came to its end at a node.
    fn ended(&mut self, at: SimTime, node: NodeId, packet: PacketId, travel: &Travel, step: &Step) {
        self.summary.packet(travel, &self.names);
        let fate = match *step {
            Step::Delivered => Fate::Arrived,
            Step::Absorbed(how) => Fate::of_absorbed(how),
            Step::Dropped { reason, .. } => Fate::of_drop(reason),
            _ => Fate::Lost,
        };
        if *step == Step::Delivered {
            self.flows.delivered(at, travel);
        }
        self.seen(at, node, packet, travel);
        if let Step::Dropped { reason, by } = *step {
            let (tuple, flow, glimpse) = (travel.tuple, travel.flow, travel.glimpse);
            self.tell(at, &Happening::Dropped { node, packet, tuple, flow, glimpse, reason, by });
        }
        if travel.glimpse.is_reset() {
            let (origin, flow, made) = (travel.origin, travel.flow, travel.made);
            self.tell(at, &Happening::ResetEnded { origin, node, packet, flow, made, fate });
        }
    }

    /// A machine looks at a packet that came to it.
    fn seen(&mut self, at: SimTime, node: NodeId, packet: PacketId, travel: &Travel) {
        let is_machine = self.names.directory.nodes.get(node.0 as usize).is_none_or(|info| {
            matches!(info.component, Component::Instance | Component::Service | Component::Internet | Component::None)
        });
        if is_machine
            && node != travel.origin
            && let (Some((flow, before)), Some(after)) =
                (self.flows.seen(node, packet, travel, &self.names), travel.tuple)
        {
            self.tell(at, &Happening::Seen { flow, node, before, after });
        }
    }

    /// A packet leaves the node that made it.
    fn began(&mut self, at: SimTime, node: NodeId, packet: &Packet) {
        let Some(travel) = self.flows.travels.get(&packet.id()) else { return };
        let (flow, made, glimpse) = (travel.flow, travel.made, travel.glimpse);
        let (id, tuple) = (packet.id(), *packet.tuple());
        if glimpse.is_reset() {
            self.tell(at, &Happening::ResetSent { node, packet: id, tuple, flow, made });
        } else if let Some(made) = made.filter(|made| made.why != Answer::Echo) {
            self.tell(at, &Happening::Answered { node, packet: id, tuple, made });
        }
        if let Some(flow) = flow
            && self.flows.repeats(flow, packet) == Repeats::Earlier
        {
            self.tell(at, &Happening::Retransmitted { flow, node, packet: id, glimpse });
        }
    }

    fn connection(&mut self, at: SimTime, node: NodeId, note: &Note) {
        let Note::Connection { connection, flow, carrier, program, what } = note else { return };
        let known = self.flows.find_open(node, *connection);
        let opener = matches!(what, ConnectionNote::Opening);
        let id = known.unwrap_or_else(|| {
            let end = (node, *connection);
            self.flows.open(at, end, (*flow, *carrier), *program, opener, &self.names)
        });
        match what {
            ConnectionNote::Established => self.flows.established(at, id),
            ConnectionNote::PeerClosed => self.flows.end_mut(id).peer_closed = true,
            _ => {}
        }
        if self.flows.end(id).program.is_none() {
            self.flows.end_mut(id).program = *program;
        }
        if matches!(what, ConnectionNote::Reset { .. }) {
            self.flows.reset(id, &self.names);
        }
        let end = self.flows.end(id).clone();
        self.tell(at, &Happening::Connection { end: &end, what });
        if is_end(what) {
            self.flows.close(id, matches!(what, ConnectionNote::Closed));
        }
    }
}

impl Default for Recorder<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a connection is over with this note.
pub(crate) const fn is_end(what: &ConnectionNote) -> bool {
    match what {
        ConnectionNote::Reset { .. }
        | ConnectionNote::Refused { .. }
        | ConnectionNote::TimedOut
        | ConnectionNote::Unreachable { .. }
        | ConnectionNote::Closed
        | ConnectionNote::Aborted
        | ConnectionNote::Vanished => true,
        ConnectionNote::Opening
        | ConnectionNote::Accepting
        | ConnectionNote::Established
        | ConnectionNote::SoftError { .. }
        | ConnectionNote::PathMtu { .. }
        | ConnectionNote::PeerClosed => false,
    }
}

impl Observer for Recorder<'_> {
    fn sees(&self) -> Sees {
        Sees::ALL
    }

    fn learn(&mut self, citations: &Citations, directory: &Directory) {
        self.names.learn(citations, directory);
    }

    fn change(&mut self, at: SimTime, text: &str, refused: Option<&str>) {
        self.active(at);
        self.tell(at, &Happening::Change { text, refused });
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        self.active(at);
        self.summary.crossed(node, packet.len());
        let before = self.flows.travels.get(&packet.id()).and_then(|travel| travel.flow);
        // The way before is copied only where it is about to change.
        let known = before.and_then(|flow| self.flows.flow(flow));
        let hops = self.flows.travels.get(&packet.id()).map_or(0, |travel| travel.hops + 1);
        let differs = known.is_some_and(|flow| flow.path.get(hops).is_some_and(|known| *known != node));
        let before = known.filter(|_| differs).map(|flow| flow.path.clone());
        let changed = self.flows.entered(at, (node, port), packet, &self.names);
        if let (Some((flow, by)), Some(before)) = (changed, before) {
            self.tell(at, &Happening::Path { flow, node, before, by, packet: packet.id() });
        }
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        self.active(at);
        if self.flows.left(at, (node, port), packet, &self.names) {
            self.began(at, node, packet);
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        match *step {
            Step::Sent => self.flows.sent(at, node, packet),
            Step::Routed { by } => {
                if let Some(travel) = self.flows.travels.get_mut(&packet) {
                    travel.route = by;
                }
            }
            Step::Translated { before, after, by } => {
                if let Some(flow) = self.flows.translated(node, packet, &after) {
                    self.tell(at, &Happening::Translated { flow, node, packet, before, after, by });
                }
            }
            Step::Answered { with, why, by } => {
                self.flows.answered(packet, with, why, by);
                // Told before the answer, which follows from it.
                if let Some(travel) = self.flows.travels.get(&packet).cloned() {
                    self.seen(at, node, packet, &travel);
                }
            }
            Step::Allowed { .. } | Step::Clamped { .. } | Step::Forwarded => {}
            Step::Fragmented | Step::Delivered | Step::Absorbed(_) | Step::Dropped { .. } => {
                if let Some(travel) = self.flows.travels.remove(&packet) {
                    self.ended(at, node, packet, &travel, step);
                }
            }
        }
    }

    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        self.active(at);
        match note {
            Note::Connection { .. } => self.connection(at, node, note),
            Note::Program { program, what } => {
                self.tell(at, &Happening::Program { node, program: *program, what });
            }
            Note::Request(request) => self.tell(at, &Happening::Request { node, request }),
        }
        Attention::Continue
    }
}
