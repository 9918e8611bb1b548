//! The timeline for people: rows in the order of virtual time, with quiet, transfers and repetitions folded. Keeps only
//! what is still folded.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::connections::Listing;
use super::flows::{FlowId, Open};
use super::happening::{Fate, Happening, View};
use super::narrow::Narrow;
use super::rows::{Mark, Row, row};
use super::words;
use crate::base::SimTime;
use crate::trace::{Answer, CiteId, ConnectionNote, DropReason, NodeId};

/// What of the timeline is written, and how.
#[derive(Clone, Debug, Default)]
pub struct TimelineOptions {
    /// Whether rows are colored for a terminal.
    pub color: bool,
    /// Only rows about this instance or connection, and changes.
    pub only: Option<Narrow>,
}

/// A timeline on its way to a sink.
pub(crate) struct Timeline<'a> {
    out: Box<dyn Write + 'a>,
    options: TimelineOptions,
    who_width: usize,
    folds: BTreeMap<FoldKey, Fold>,
    /// No fold is due before.
    next_due: SimTime,
    last_active: SimTime,
    quiet: Duration,
    /// Flows whose transfer was told since the recorder last asked.
    told: Vec<FlowId>,
    failure: Option<io::Error>,
}

/// What makes rows alike.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FoldKey {
    flow: Option<FlowId>,
    node: NodeId,
    kind: FoldKind,
    between: Option<(IpAddr, IpAddr)>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FoldKind {
    Reset(Option<u8>),
    Answer(u8),
    Drop(DropReason, CiteId),
    Again,
}

/// Rows that were alike, behind the first, which was written.
struct Fold {
    what: String,
    of: String,
    more: u64,
    last: SimTime,
    fates: BTreeMap<Fate, u64>,
}

/// A stretch in which nothing happened at all is told from this length on.
const QUIET_MIN: Duration = Duration::from_secs(1);
/// RSTs come in bursts of a round trip or two.
const RESETS_WINDOW: Duration = Duration::from_secs(1);
/// Retransmissions double their distance, so what they meet with repeats at growing distances.
const REPEATS_WINDOW: Duration = Duration::from_secs(64);
/// The most open folds; when there are more, all are written.
const FOLDS_MAX: usize = 4_096;
/// Up to so many flows are told apart before a quiet stretch.
const CONNECTIONS_APART_MAX: usize = 6;
/// Columns of the time, without the space behind it.
const TIME_WIDTH: usize = 12;
/// The column in which names stand is between these widths.
const WHO_WIDTH: std::ops::RangeInclusive<usize> = 7..=18;

impl<'a> Timeline<'a> {
    pub(crate) fn new(out: impl Write + 'a, options: TimelineOptions) -> Self {
        Self {
            out: Box::new(out),
            options,
            who_width: 0,
            folds: BTreeMap::new(),
            next_due: SimTime::FAR,
            last_active: SimTime::ZERO,
            quiet: Duration::ZERO,
            told: Vec::new(),
            failure: None,
        }
    }

    /// Something happened, worth a row or not: what was quiet before is measured, and folds that are due are written.
    ///
    /// `untold` are flows of which something was delivered before a quiet stretch and not yet told.
    pub(crate) fn active(&mut self, view: &View<'_>, untold: &[FlowId]) {
        if self.last_active < view.at {
            if self.next_due <= view.at {
                self.close_due(view.at);
            }
            self.write_untold(view, untold);
            if self.is_quiet(view.at) {
                self.quiet += view.at.since(self.last_active);
            }
            self.last_active = view.at;
        }
    }

    /// Whether nothing has happened for long before `at`.
    pub(crate) fn is_quiet(&self, at: SimTime) -> bool {
        QUIET_MIN <= at.since(self.last_active)
    }

    /// The flows whose transfer was told since this was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<FlowId> {
        std::mem::take(&mut self.told)
    }

    /// Writes what is to be read of a happening.
    pub(crate) fn tell(&mut self, view: &View<'_>, happening: &Happening<'_>) {
        if self.options.only.as_ref().is_some_and(|only| !only.concerns(view, happening)) {
            return;
        }
        if let Happening::ResetEnded { fate, .. } = happening
            && self.count_fate(happening, *fate)
        {
            return;
        }
        let Some(row) = row(view, happening) else { return };
        if let Some((key, what, of)) = fold_of(view, happening) {
            if let Some(fold) = self.folds.get_mut(&key) {
                fold.more += 1;
                fold.last = view.at;
                return;
            }
            self.write_row(view, &row);
            self.open_fold(view.at, key, what, of);
            return;
        }
        self.transfers_before(view, happening);
        self.write_row(view, &row);
    }

    /// Writes what is folded, and what is open at the end.
    pub(crate) fn finish(mut self, view: &View<'_>, untold: &[FlowId], open: &Listing) -> io::Result<()> {
        self.active(view, untold);
        self.write_untold(view, untold);
        self.close_all();
        self.write_quiet();
        if !open.is_empty() {
            let head = match open.ends.len() {
                1 => "one end of a connection is open".to_owned(),
                many => format!("{} ends of connections are open", words::count_text(many as u64)),
            };
            self.write_row(view, &Row { mark: Mark::Plain, who: "end".to_owned(), text: head, below: Vec::new() });
            let table = open.to_string();
            for line in table.lines() {
                self.line(&format!("{:TIME_WIDTH$}    {line}", ""), Style::new());
            }
        }
        let flushed = self.out.flush();
        self.failure.map_or(flushed, Err)
    }

    /// Counts the end of an RST that belongs to a fold; the first RST's end is told by a row of its own.
    fn count_fate(&mut self, happening: &Happening<'_>, fate: Fate) -> bool {
        let Happening::ResetEnded { origin, flow, made, .. } = happening else { return false };
        let key = reset_key(*origin, *flow, made.as_ref().map(|made| (made.why, made.offender_flow)));
        match self.folds.get_mut(&key) {
            Some(fold) => {
                *fold.fates.entry(fate).or_default() += 1;
                0 < fold.more
            }
            None => false,
        }
    }

    fn open_fold(&mut self, at: SimTime, key: FoldKey, what: String, of: String) {
        if FOLDS_MAX <= self.folds.len() {
            self.close_all();
        }
        self.next_due = self.next_due.min(at.after(window(key.kind)));
        self.folds.insert(key, Fold { what, of, more: 0, last: at, fates: BTreeMap::new() });
    }

    fn close_due(&mut self, now: SimTime) {
        let due = |key: &FoldKey, fold: &Fold| fold.last.after(window(key.kind));
        let closing: Vec<_> =
            self.folds.iter().filter(|(key, fold)| due(key, fold) <= now).map(|(key, _)| *key).collect();
        self.close(closing);
        self.next_due = self.folds.iter().map(|(key, fold)| due(key, fold)).min().unwrap_or(SimTime::FAR);
    }

    fn close_all(&mut self) {
        let all: Vec<_> = self.folds.keys().copied().collect();
        self.close(all);
    }

    /// What happened to a connection repeatedly is told before its end; its RSTs may still be going on.
    fn close_for(&mut self, end: &Open) {
        let flows = [end.flow, end.answers];
        let mut closing = Vec::new();
        for flow in flows.into_iter().flatten() {
            let from = FoldKey { flow: Some(flow), node: NodeId(0), kind: FoldKind::Reset(None), between: None };
            let of_flow = self.folds.range(from..).map(|(key, _)| *key).take_while(|key| key.flow == Some(flow));
            closing.extend(of_flow.filter(|key| !matches!(key.kind, FoldKind::Reset(_))));
        }
        self.close(closing);
    }

    fn close(&mut self, keys: Vec<FoldKey>) {
        // In the order in which they came to rest.
        let mut closing: Vec<_> = keys.into_iter().filter_map(|key| self.folds.remove(&key)).collect();
        closing.sort_by_key(|fold| fold.last);
        for fold in closing.into_iter().filter(|fold| 0 < fold.more) {
            let fates = fold.fates.iter();
            let fates: Vec<_> =
                fates.map(|(fate, count)| format!("{} {}", words::count_text(*count), fate.text())).collect();
            let fates = match fates.is_empty() {
                true => String::new(),
                false => format!("; of all {}, {}", words::count_text(fold.more + 1), fates.join(", ")),
            };
            let more = words::count_text(fold.more);
            let text = format!("{}: {more} more {} until {}{fates}", fold.of, fold.what, fold.last);
            self.folded(&text);
        }
    }

    /// How much went over a connection since it was last spoken of, in front of what is said of it now.
    fn transfers_before(&mut self, view: &View<'_>, happening: &Happening<'_>) {
        match happening {
            Happening::Connection { end, what, .. } => {
                if super::recorder::is_end(what) || matches!(what, ConnectionNote::Established) {
                    self.close_for(end);
                }
                self.write_transfers(view, end);
            }
            Happening::Path { flow, .. } => {
                let end = view.flows.flow(*flow).and_then(|flow| flow.connection).map(|id| view.flows.end(id));
                if let Some(end) = end {
                    self.write_transfers(view, end);
                }
            }
            _ => {}
        }
    }

    /// What was delivered before a quiet stretch: by connection where there are few, else in one line.
    fn write_untold(&mut self, view: &View<'_>, untold: &[FlowId]) {
        let flow_of = |id: &FlowId| view.flows.flow(*id).filter(|flow| 0 < flow.since.segments);
        let only = self.options.only.as_ref();
        let some = untold.iter().filter(|id| flow_of(id).is_some() && !self.told.contains(id));
        let some: Vec<_> = some.filter(|id| only.is_none_or(|only| only.is_flow(view, Some(**id)))).collect();
        if some.len() <= CONNECTIONS_APART_MAX {
            for id in some {
                let Some(flow) = flow_of(id) else { continue };
                match flow.connection.map(|open| view.flows.end(open)) {
                    Some(end) => self.write_transfers(view, end),
                    None => self.write_transfer(view, *id, &flow.name(view.names), None),
                }
            }
            return;
        }
        let (mut segments, mut bytes) = (0, 0);
        for id in &some {
            if let Some(flow) = flow_of(id) {
                segments += flow.since.segments;
                bytes += flow.since.bytes;
            }
        }
        let (flows, segments) = (words::counted(some.len() as u64, "flow"), words::counted(segments, "segment"));
        self.folded(&format!("{flows}: {segments}, {}", words::bytes_text(bytes)));
        self.told.extend(some);
    }

    fn write_transfers(&mut self, view: &View<'_>, end: &Open) {
        let flows = [end.flow, end.answers].map(|id| id.and_then(|id| view.flows.flow(id).map(|flow| (id, flow))));
        let round_trip = match flows {
            [Some((_, there)), Some((_, back))] => there.transit.zip(back.transit).map(|(there, back)| there + back),
            _ => None,
        };
        for (id, _) in flows.into_iter().flatten() {
            self.write_transfer(view, id, &end.label, round_trip);
        }
    }

    fn write_transfer(&mut self, view: &View<'_>, id: FlowId, label: &str, round_trip: Option<Duration>) {
        let told = self.told.contains(&id);
        if let Some(flow) = view.flows.flow(id).filter(|flow| 0 < flow.since.segments && !told) {
            let by = flow.carried_by.map(|node| words::node_name(view.names, node));
            let by = by.map_or(String::new(), |name| format!(" by {name}"));
            let far = flow.far.map_or_else(|| "?".to_owned(), |far| words::node_name(view.names, far));
            let (segments, bytes) =
                (words::counted(flow.since.segments, "segment"), words::bytes_text(flow.since.bytes));
            let trip = round_trip.map_or(String::new(), |trip| format!(", {} round trip", words::length_text(trip)));
            let from = words::node_name(view.names, flow.origin);
            self.folded(&format!("{label}: {segments}, {bytes} {from} → {far}{by}{trip}"));
            self.told.push(id);
        }
    }

    fn write_row(&mut self, view: &View<'_>, row: &Row) {
        self.write_quiet();
        if self.who_width == 0 {
            let names = view.names.directory.nodes.iter().map(|info| info.name.width());
            self.who_width = names.max().unwrap_or(0).clamp(*WHO_WIDTH.start(), *WHO_WIDTH.end());
        }
        let (mark, style) = match row.mark {
            Mark::Plain => (' ', Style::new()),
            Mark::Change => ('●', AnsiColor::Cyan.on_default().bold()),
            Mark::Good => ('✓', AnsiColor::Green.on_default()),
            Mark::Notable => ('!', AnsiColor::Yellow.on_default()),
            Mark::Bad => ('✗', AnsiColor::Red.on_default().bold()),
        };
        let pad = self.who_width.saturating_sub(row.who.width());
        let time = view.at.to_string();
        self.line(&format!("{time:>TIME_WIDTH$} {mark} {}{:pad$}  {}", row.who, "", row.text), style);
        for below in &row.below {
            self.line(&format!("{:TIME_WIDTH$}   {:2$}  {below}", "", "", self.who_width), style);
        }
    }

    fn write_quiet(&mut self) {
        let quiet = std::mem::take(&mut self.quiet);
        if !quiet.is_zero() {
            self.folded(&format!("{} quiet", words::length_text(quiet)));
        }
    }

    fn folded(&mut self, text: &str) {
        let width = self.who_width.max(*WHO_WIDTH.start());
        self.line(&format!("{:TIME_WIDTH$}   {:width$}  … {text}", "", ""), Style::new().dimmed());
    }

    fn line(&mut self, text: &str, style: Style) {
        if self.failure.is_some() {
            return;
        }
        let written = if self.options.color && style != Style::new() {
            writeln!(self.out, "{style}{text}{style:#}")
        } else {
            writeln!(self.out, "{text}")
        };
        self.failure = written.err();
    }
}

fn window(kind: FoldKind) -> Duration {
    match kind {
        FoldKind::Reset(_) | FoldKind::Answer(_) => RESETS_WINDOW,
        FoldKind::Drop(..) | FoldKind::Again => REPEATS_WINDOW,
    }
}

fn reset_key(node: NodeId, flow: Option<FlowId>, made: Option<(Answer, Option<FlowId>)>) -> FoldKey {
    let flow = made.and_then(|(_, offender)| offender).or(flow);
    FoldKey { flow, node, kind: FoldKind::Reset(made.map(|(why, _)| why as u8)), between: None }
}

/// What a happening is alike to, what several of it are called, and of what.
fn fold_of(view: &View<'_>, happening: &Happening<'_>) -> Option<(FoldKey, String, String)> {
    let name = |flow: Option<FlowId>| flow.and_then(|flow| view.flows.flow(flow)).map(|flow| flow.name(view.names));
    let who = |node: NodeId| words::node_name(view.names, node);
    match happening {
        Happening::Retransmitted { flow, node, .. } => {
            let key = FoldKey { flow: Some(*flow), node: *node, kind: FoldKind::Again, between: None };
            Some((key, "retransmissions".to_owned(), name(Some(*flow))?))
        }
        Happening::ResetSent { node, tuple, flow, made, .. } => {
            let key = reset_key(*node, *flow, made.as_ref().map(|made| (made.why, made.offender_flow)));
            let of = name(key.flow).unwrap_or_else(|| words::tuple_name(view.names, tuple));
            let to = words::address_name(view.names, tuple.dst);
            Some((key, format!("RSTs from {} to {to}", who(*node)), of))
        }
        Happening::Answered { node, tuple, made, .. } => {
            let kind = FoldKind::Answer(made.why as u8);
            let key = FoldKey { flow: made.offender_flow, node: *node, kind, between: None };
            let of = name(made.offender_flow).unwrap_or_else(|| words::tuple_name(view.names, tuple));
            Some((key, format!("{} from {}", words::answer_kind(made.why), who(*node)), of))
        }
        Happening::Dropped { node, tuple, flow, reason, by, .. } => {
            let between = if flow.is_none() { tuple.map(|tuple| (tuple.src, tuple.dst)) } else { None };
            let key = FoldKey { flow: *flow, node: *node, kind: FoldKind::Drop(*reason, *by), between };
            let of = name(*flow).or_else(|| tuple.map(|tuple| words::tuple_name(view.names, &tuple)));
            let what = format!("dropped by {} for the same reason", who(*node));
            Some((key, what, of.unwrap_or_else(|| "packets".to_owned())))
        }
        Happening::ResetEnded { .. }
        | Happening::Change { .. }
        | Happening::Connection { .. }
        | Happening::Program { .. }
        | Happening::Request { .. }
        | Happening::Translated { .. }
        | Happening::Path { .. }
        | Happening::Seen { .. } => None,
    }
}
