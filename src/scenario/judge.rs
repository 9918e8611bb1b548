//! Expectations judged by what the watch saw: held or not, and what was seen instead. Runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::expectation::{
    Cause, Completion, DropCode, Expectation, Expected, LogLine, PacketPattern, ResetBy, Timing, Window,
};
use super::watch::{DropFact, Ending, FlowFacts, Passage, ProgramFacts, Watch};
use crate::analysis::Bill;
use crate::base::{SimTime, show_duration};
use crate::control_plane::{Destination, RouteState};
use crate::packet::TcpFlags;
use crate::trace::{Answer, Cite, Directory, NodeId, ProgramId, RequestNote};

/// Whether an expectation held, and what made it so or was seen instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgment {
    /// Whether it held.
    pub(super) held: bool,
    /// What was seen.
    pub(super) saw: String,
}

/// A route table as it stood at an instant: destination, target's id and name, state.
pub(super) type TableRoutes = Vec<(Destination, String, String, RouteState)>;

/// Everything that judging needs.
pub(super) struct Bench<'a> {
    pub(super) watch: &'a Watch,
    pub(super) directory: &'a Directory,
    /// The programs of each name, with their machines.
    pub(super) programs: &'a BTreeMap<String, Vec<(ProgramId, NodeId)>>,
    /// When each step happened.
    pub(super) steps: &'a [Option<SimTime>],
    /// Bytes that had entered each node when each step happened.
    pub(super) bytes_at: &'a [BTreeMap<NodeId, u64>],
    /// Route tables as they stood when each expectation asked.
    pub(super) tables: &'a BTreeMap<usize, Option<TableRoutes>>,
    /// Connections open at the end: the machine, and whose flow it is.
    pub(super) open: &'a [(NodeId, crate::packet::FiveTuple)],
    /// Ids of resources by what people call them: an endpoint's name gives its id.
    pub(super) ids: &'a BTreeMap<String, Vec<String>>,
    /// What the run cost, in millionths of a dollar, by path.
    pub(super) bill: &'a Bill,
}

type Seen = Result<String, String>;

impl Bench<'_> {
    /// Judges one expectation; `index` is its place in the file.
    pub(super) fn judge(&self, index: usize, expectation: &Expectation) -> Judgment {
        let seen = match &expectation.what {
            Expected::Completes { programs, timing, how } => {
                self.each(programs, |facts, _| completes(self, facts, timing, how))
            }
            Expected::Fails { programs, timing, by, status, code, saying } => self.each(programs, |facts, _| {
                fails(self, facts, timing, *by, *status, code.as_deref(), saying.as_deref())
            }),
            Expected::IsReset { programs, timing, by, times, having_received } => {
                self.each(programs, |facts, _| self.is_reset(facts, timing, *by, *times, *having_received))
            }
            Expected::IsNotReset { programs, window } => self.each(programs, |facts, _| {
                match self.endings(facts, |ending| matches!(ending, Ending::Reset(_)), window).first() {
                    None => Ok("no reset".to_owned()),
                    Some(at) => Err(format!("a reset at {at} s")),
                }
            }),
            Expected::TimesOut { programs, timing } => self.each(programs, |facts, _| {
                let at = self.endings(facts, |ending| *ending == Ending::TimedOut, &Window::default());
                let at = at.first().copied().or_else(|| timed_out_by_text(facts));
                at.map_or_else(|| Err(self.story(facts)), |at| self.in_time(at, timing, "timed out"))
            }),
            Expected::IsRefused { programs, window } => self.each(programs, |facts, _| {
                match self.endings(facts, |ending| *ending == Ending::Refused, window).first() {
                    Some(at) => Ok(format!("refused at {at} s")),
                    None => Err(self.story(facts)),
                }
            }),
            Expected::Retries { programs, times } => self.each(programs, |facts, _| {
                let count = facts.retries.len() as u32;
                let fine = times.map_or(0 < count, |times| times == count);
                let text = format!("{count} retries");
                if fine { Ok(text) } else { Err(text) }
            }),
            Expected::Survives { programs, step, by } => {
                self.each(programs, |facts, _| self.survives(facts, *step, *by))
            }
            Expected::StaysOpen { programs, at } => {
                self.each(programs, |_, (id, node)| self.stays_open(id, node, at.as_deref()))
            }
            Expected::CarriedBy { programs, devices, window } => {
                self.each(programs, |_, (id, _)| self.carried(id, devices, window, true))
            }
            Expected::NeverCrosses { programs, devices, window } => {
                self.each(programs, |_, (id, _)| self.carried(id, devices, window, false))
            }
            Expected::Hears { programs, replies, ttl, from, hops, round_trip } => self.each(programs, |facts, _| {
                self.hears(facts, *replies, *ttl, from.as_deref(), hops.as_deref(), *round_trip)
            }),
            Expected::Resolves { programs, to, window } => {
                self.each(programs, |facts, _| self.resolves(facts, to.as_deref(), window))
            }
            Expected::Exchanges { programs, at, packets, exactly, window } => {
                self.each(programs, |_, (id, _)| self.exchanges(id, at, packets, *exactly, window))
            }
            Expected::Reaches { probes, devices } => self.each(probes, |facts, (id, _)| match &facts.ended {
                Some((_, Ok(what))) => self.carried(id, devices, &Window::default(), true).map(|_| what.clone()),
                _ => Err(self.why_not(facts, id)),
            }),
            Expected::DoesNotReach { probes, reason, dropped_by, refused } => self.each(probes, |facts, (id, _)| {
                self.does_not_reach(facts, id, reason.as_ref(), dropped_by.as_deref(), *refused)
            }),
            Expected::S3Sees { line, never } => self.s3_sees(line, *never),
            Expected::Drops { reason, by, programs, times, window } => {
                self.drops(reason, by.as_deref(), programs, *times, window)
            }
            Expected::DropsNothing { reason, programs, window } => {
                let drops = self.drops_of(programs, window);
                let drop = drops.iter().find(|drop| reason.as_ref().is_none_or(|code| code.fits(drop.reason)));
                match drop {
                    None => Ok("no such drop".to_owned()),
                    Some(drop) => Err(self.tell(drop)),
                }
            }
            Expected::RouteTable { has, lacks, blackhole, .. } => {
                self.route_table(self.tables.get(&index).and_then(Option::as_ref), has, lacks, blackhole)
            }
            Expected::Carries { device, at_least, at_most, window } => {
                self.carries(device, *at_least, *at_most, window)
            }
            Expected::Costs { path, at_least, at_most } => {
                let cost = self.bill.of(path).unwrap_or_default();
                let fine = at_least.is_none_or(|least| least <= cost) && at_most.is_none_or(|most| cost <= most);
                let text = format!("{cost} for {path}");
                if fine { Ok(text) } else { Err(text) }
            }
        };
        match seen {
            Ok(saw) => Judgment { held: true, saw },
            Err(saw) => Judgment { held: false, saw },
        }
    }

    /// Holds if it holds for all programs of these names.
    fn each(&self, names: &[String], judge: impl Fn(&ProgramFacts, (ProgramId, NodeId)) -> Seen) -> Seen {
        let nothing = ProgramFacts::default();
        let mut first = None;
        for name in names {
            for (id, node) in self.programs.get(name).into_iter().flatten() {
                let facts = self.watch.programs.get(id).unwrap_or(&nothing);
                let seen =
                    judge(facts, (*id, *node)).map_err(|saw| format!("{}: {saw}", self.directory.program(*id)))?;
                first.get_or_insert(seen);
            }
        }
        first.ok_or_else(|| "no such program ran".to_owned())
    }

    fn span(&self, window: &Window) -> (SimTime, SimTime) {
        let step = |place: Option<usize>, else_: SimTime| match place {
            Some(place) => self.steps.get(place).copied().flatten().unwrap_or(SimTime::FAR),
            None => else_,
        };
        (step(window.after, SimTime::ZERO), step(window.before, SimTime::FAR))
    }

    fn in_time(&self, at: SimTime, timing: &Timing, what: &str) -> Seen {
        let base = match timing.of {
            None => SimTime::ZERO,
            Some(place) => match self.steps.get(place).copied().flatten() {
                Some(base) => base,
                None => return Err("the step that it counts from did not happen".to_owned()),
            },
        };
        let since = at.since(base);
        let text = match timing.of {
            None => format!("{what} at {at} s"),
            Some(_) => format!("{what} at {at} s, {} after the step", show_duration(since)),
        };
        let fine = base <= at
            && timing.within.is_none_or(|within| since <= within)
            && timing.not_before.is_none_or(|least| least <= since);
        if fine { Ok(text) } else { Err(text) }
    }

    fn flows<'a>(&'a self, facts: &'a ProgramFacts) -> impl Iterator<Item = &'a FlowFacts> {
        facts.connections.iter().map(|index| &self.watch.flows[*index])
    }

    fn endings(&self, facts: &ProgramFacts, fits: impl Fn(&Ending) -> bool, window: &Window) -> Vec<SimTime> {
        let (from, to) = self.span(window);
        let endings = self.flows(facts).filter_map(|flow| flow.ended.as_ref());
        endings.filter(|(at, ending)| from <= *at && *at <= to && fits(ending)).map(|(at, _)| *at).collect()
    }

    fn is_reset(
        &self,
        facts: &ProgramFacts,
        timing: &Timing,
        by: Option<ResetBy>,
        times: Option<u32>,
        having_received: Option<u64>,
    ) -> Seen {
        let resets: Vec<&FlowFacts> =
            self.flows(facts).filter(|flow| matches!(flow.ended, Some((_, Ending::Reset(_))))).collect();
        // Counted from a step, the first reset behind it is meant; where there is none, the first of all is told.
        let base = timing.of.and_then(|step| self.steps.get(step).copied().flatten()).unwrap_or(SimTime::ZERO);
        let earliest = base.after(timing.not_before.unwrap_or_default());
        let behind = resets.iter().find(|flow| flow.ended.as_ref().is_some_and(|(at, _)| earliest <= *at));
        let chosen = behind.or(resets.first());
        let Some((first, (at, ending))) = chosen.and_then(|flow| Some((flow, flow.ended.clone()?))) else {
            return Err(self.story(facts));
        };
        if times.is_some_and(|times| times as usize != resets.len()) {
            return Err(format!("{} resets", resets.len()));
        }
        let who = match ending {
            Ending::Reset(Some((_, Answer::NatNoMapping))) => ResetBy::NatGateway,
            Ending::Reset(Some(_)) => ResetBy::Service,
            _ => ResetBy::Peer,
        };
        if by.is_some_and(|by| by != who) {
            return Err(format!("reset at {at} s by {who:?}"));
        }
        if having_received.is_some_and(|bytes| bytes != first.received_by_end) {
            return Err(format!("reset at {at} s, having received {} bytes", first.received_by_end));
        }
        self.in_time(at, timing, "reset")
    }

    fn survives(&self, facts: &ProgramFacts, step: usize, by: Option<std::time::Duration>) -> Seen {
        let Some(at) = self.steps.get(step).copied().flatten() else {
            return Err("the step did not happen".to_owned());
        };
        let until = by.map_or(SimTime::FAR, |by| at.after(by));
        let stood = self.flows(facts).find(|flow| {
            flow.established.is_some_and(|since| since <= at) && flow.ended.as_ref().is_none_or(|(end, _)| at <= *end)
        });
        let Some(flow) = stood else { return Err(format!("no connection stood at {at} s")) };
        match &flow.ended {
            Some((end, Ending::Reset(_) | Ending::TimedOut)) if *end <= until => {
                Err(format!("the connection ended at {end} s: {}", ending_text(flow)))
            }
            Some((end, _)) if by.is_some() && *end <= until => Err(format!("the connection ended at {end} s")),
            Some((end, _)) => Ok(format!("the connection lived on until {end} s")),
            None => Ok("the connection lives".to_owned()),
        }
    }

    fn stays_open(&self, id: ProgramId, node: NodeId, at: Option<&str>) -> Seen {
        let own = self.watch.flows_of(id);
        let places: BTreeSet<NodeId> = at.map_or_else(|| BTreeSet::from([node]), |name| self.nodes(name));
        let candidates = self.watch.both_ends(&own);
        let open = candidates.iter().map(|index| &self.watch.flows[*index]).find(|flow| {
            places.contains(&flow.node)
                && self.open.iter().any(|(node, tuple)| *node == flow.node && *tuple == flow.tuple)
        });
        match open {
            Some(flow) => Ok(format!("open: {}", flow.tuple)),
            None => Err("no such connection is open at the end".to_owned()),
        }
    }

    fn crossed(&self, id: ProgramId, window: &Window, wanted: bool) -> BTreeSet<NodeId> {
        let (from, to) = self.span(window);
        let mut own = self.watch.flows_of(id);
        if !wanted && window.after.is_some() {
            // What was under way on an old connection still arrives; new connections are what counts.
            own.retain(|index| self.watch.flows[*index].opened.is_none_or(|opened| from <= opened));
        }
        let flows = self.watch.both_ends(&own);
        let crossings = flows.iter().flat_map(|index| self.watch.flows[*index].crossed.iter());
        crossings.filter(|(_, (first, last))| from <= *last && *first <= to).map(|(node, _)| *node).collect()
    }

    fn carried(&self, id: ProgramId, devices: &[String], window: &Window, wanted: bool) -> Seen {
        let crossed = self.crossed(id, window, wanted);
        let names: Vec<&str> = crossed.iter().map(|node| self.directory.node(*node)).collect();
        let names = if names.is_empty() { "no device".to_owned() } else { names.join(", ") };
        let text = format!("its packets crossed {names}");
        let fine = devices.iter().all(|name| self.nodes(name).iter().any(|node| crossed.contains(node)) == wanted);
        if fine { Ok(text) } else { Err(text) }
    }

    fn hears(
        &self,
        facts: &ProgramFacts,
        replies: Option<u32>,
        ttl: Option<u8>,
        from: Option<&str>,
        hops: Option<&[String]>,
        round_trip: Option<std::time::Duration>,
    ) -> Seen {
        let heard: Vec<_> = facts.replies.iter().filter(|reply| hops.is_some() || !reply.error).collect();
        let text: Vec<String> = heard
            .iter()
            .map(|reply| {
                let who = self.directory.address(reply.from);
                format!("{} from {who} ttl {} after {}", reply.sequence, reply.ttl, show_duration(reply.after))
            })
            .collect();
        let text = if text.is_empty() { self.story(facts) } else { text.join("; ") };
        let named = |address: IpAddr, name: &str| {
            address.to_string() == name || self.directory.addresses.get(&address).is_some_and(|known| known == name)
        };
        let fine = replies.is_none_or(|count| count as usize == heard.len())
            && ttl.is_none_or(|ttl| !heard.is_empty() && heard.iter().all(|reply| reply.ttl == ttl))
            && from.is_none_or(|name| !heard.is_empty() && heard.iter().all(|reply| named(reply.from, name)))
            && round_trip.is_none_or(|most| heard.iter().all(|reply| reply.after <= most))
            && hops.is_none_or(|hops| {
                hops.iter().enumerate().all(|(index, name)| {
                    let hop = heard.iter().find(|reply| usize::from(reply.sequence) == index + 1);
                    match (hop, name.as_str()) {
                        (None, "*") => true,
                        (Some(hop), name) => named(hop.from, name),
                        (None, _) => false,
                    }
                })
            });
        if fine { Ok(text) } else { Err(text) }
    }

    fn resolves(&self, facts: &ProgramFacts, to: Option<&[String]>, window: &Window) -> Seen {
        let (from, until) = self.span(window);
        let found: Vec<_> = facts.resolved.iter().filter(|(at, ..)| from <= *at && *at <= until).collect();
        let Some((_, name, addresses)) = found.last() else {
            return match to {
                Some([]) => Ok(self.story(facts)),
                _ => Err(self.story(facts)),
            };
        };
        let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let text = format!("{name} is {}", if list.is_empty() { "nothing".to_owned() } else { list.join(", ") });
        let holds = |address: &IpAddr, wanted: &str| {
            wanted == address.to_string()
                || crate::base::Cidr::parse(wanted).is_ok_and(|block| block.contains(*address))
                || self.service_holds(wanted, *address)
        };
        let fine = match to {
            None => !addresses.is_empty(),
            Some([]) => addresses.is_empty(),
            Some(wanted) => {
                !addresses.is_empty() && addresses.iter().all(|address| wanted.iter().any(|w| holds(address, w)))
            }
        };
        if fine { Ok(text) } else { Err(text) }
    }

    fn service_holds(&self, name: &str, address: IpAddr) -> bool {
        self.ids.get(&format!("ranges of {name}")).is_some_and(|blocks| {
            blocks.iter().any(|block| crate::base::Cidr::parse(block).is_ok_and(|block| block.contains(address)))
        })
    }

    fn exchanges(&self, id: ProgramId, at: &str, packets: &[PacketPattern], exactly: bool, window: &Window) -> Seen {
        let (from, to) = self.span(window);
        let own: BTreeSet<usize> = self.watch.flows_of(id).into_iter().collect();
        let far: BTreeSet<usize> = own.iter().flat_map(|index| self.watch.flows[*index].far.iter().copied()).collect();
        let points = self.nodes(at);
        let passages: Vec<(&Passage, bool)> = self
            .watch
            .passages
            .iter()
            .filter(|passage| points.contains(&passage.node) && from <= passage.at && passage.at <= to)
            .filter_map(|passage| {
                let origin = passage.origin?;
                (own.contains(&origin) || far.contains(&origin)).then(|| (passage, own.contains(&origin)))
            })
            .collect();
        let mut wanted = packets.iter().peekable();
        let mut began = false;
        for (passage, outward) in &passages {
            let Some(pattern) = wanted.peek() else { break };
            if pattern_fits(pattern, passage, *outward) {
                wanted.next();
                began = true;
            } else if exactly && began {
                break;
            }
        }
        let told: Vec<String> = passages.iter().take(TOLD_MAX).map(|(p, outward)| passage_text(p, *outward)).collect();
        let more = passages.len().saturating_sub(TOLD_MAX);
        let more = if more == 0 { String::new() } else { format!(" … and {more} more") };
        match wanted.peek() {
            None => Ok(format!("{}{more}", told.join(", "))),
            Some(missing) => Err(format!("no `{}` in {}{more}", missing.text, told.join(", "))),
        }
    }

    /// Why a probe was not answered: the drop of its packets, or how it ended.
    fn why_not(&self, facts: &ProgramFacts, id: ProgramId) -> String {
        let drops = self.drops_among(&self.watch.flows_of(id), &Window::default());
        match drops.first() {
            Some(drop) => self.tell(drop),
            None => self.story(facts),
        }
    }

    fn does_not_reach(
        &self,
        facts: &ProgramFacts,
        id: ProgramId,
        reason: Option<&DropCode>,
        dropped_by: Option<&str>,
        refused: bool,
    ) -> Seen {
        if let Some((_, Ok(what))) = &facts.ended {
            return Err(format!("it was answered: {what}"));
        }
        if refused {
            let fine = !self.endings(facts, |ending| *ending == Ending::Refused, &Window::default()).is_empty();
            return if fine { Ok("refused".to_owned()) } else { Err(self.why_not(facts, id)) };
        }
        let drops = self.drops_among(&self.watch.flows_of(id), &Window::default());
        let fits = |drop: &&&DropFact| {
            reason.is_none_or(|code| code.fits(drop.reason))
                && dropped_by.is_none_or(|name| self.cites(&drop.by, drop.node, name))
        };
        match drops.iter().find(fits) {
            Some(drop) => Ok(self.tell(drop)),
            None if reason.is_none() && dropped_by.is_none() => Ok(self.why_not(facts, id)),
            None => Err(self.why_not(facts, id)),
        }
    }

    fn s3_sees(&self, line: &LogLine, never: bool) -> Seen {
        let (from, to) = self.span(&line.window);
        let ends: BTreeSet<usize> = line
            .programs
            .iter()
            .flat_map(|name| self.programs.get(name).into_iter().flatten())
            .flat_map(|(id, _)| self.watch.both_ends(&self.watch.flows_of(*id)))
            .collect();
        let is_theirs = |note: &RequestNote| {
            let flow = note.connection.and_then(|connection| self.watch.flow_of(connection));
            flow.is_some_and(|flow| ends.contains(&flow))
        };
        let called = |wanted: &Option<Option<String>>, have: &Option<String>| match (wanted, have) {
            (None, _) | (Some(None), None) => true,
            (Some(Some(name)), Some(id)) => name == id || self.ids.get(name).is_some_and(|ids| ids.contains(id)),
            _ => false,
        };
        let text = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| have == wanted);
        let part = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| have.contains(wanted));
        let lines = self.watch.requests.iter().filter(|(at, note)| {
            from <= *at
                && *at <= to
                && note.service == "s3"
                && (line.programs.is_empty() || is_theirs(note))
                && line.source.is_none_or(|block| block.contains(note.source))
                && called(&line.endpoint, &note.endpoint)
                && called(&line.vpc, &note.vpc)
                && text(&line.bucket, &note.bucket)
                && text(&line.key, &note.key)
                && text(&line.operation, &note.operation)
                && part(&line.requester, &note.requester)
                && line.status.is_none_or(|status| status == note.status)
                && text(&line.code, &note.error)
                && part(&line.saying, &note.because)
        });
        let fitting: Vec<String> = lines.map(|(at, note)| self.log_text(*at, note)).collect();
        let count = fitting.len() as u64;
        let fine = if never { count == 0 } else { line.times.map_or(0 < count, |times| times == count) };
        if fine {
            return Ok(if count == 0 { "no such line".to_owned() } else { listed(count, "line", &fitting) });
        }
        if 0 < count {
            return Err(listed(count, "such line", &fitting));
        }
        let all = self.watch.requests.iter().filter(|(_, note)| line.programs.is_empty() || is_theirs(note));
        let all: Vec<String> = all.map(|(at, note)| self.log_text(*at, note)).collect();
        match all.len() as u64 {
            0 => Err("no request reached S3".to_owned()),
            count => Err(format!("no such line; {}", listed(count, "line", &all))),
        }
    }

    /// A line of an access log, in short.
    fn log_text(&self, at: SimTime, note: &RequestNote) -> String {
        let by = note.endpoint.as_deref().map_or(String::new(), |id| format!(" by {}", self.directory.name_of(id)));
        let error = if note.error.is_empty() { String::new() } else { format!(" {}", note.error) };
        let because = if note.because.is_empty() { String::new() } else { format!(", {}", note.because) };
        let (bucket, key) = (&note.bucket, &note.key);
        format!("{at} {} {bucket}/{key} from {}{by}: {}{error}{because}", note.operation, note.source, note.status)
    }

    fn drops_among(&self, flows: &[usize], window: &Window) -> Vec<&DropFact> {
        let (from, to) = self.span(window);
        let flows = self.watch.both_ends(flows);
        let drops = self.watch.drops.iter().filter(|drop| from <= drop.at && drop.at <= to);
        drops.filter(|drop| drop.origin.is_some_and(|origin| flows.contains(&origin))).collect()
    }

    fn drops_of(&self, programs: &[String], window: &Window) -> Vec<&DropFact> {
        let (from, to) = self.span(window);
        if programs.is_empty() {
            return self.watch.drops.iter().filter(|drop| from <= drop.at && drop.at <= to).collect();
        }
        let named = programs.iter().flat_map(|name| self.programs.get(name).into_iter().flatten());
        let flows: Vec<usize> = named.flat_map(|(id, _)| self.watch.flows_of(*id)).collect();
        self.drops_among(&flows, window)
    }

    fn drops(
        &self,
        reason: &DropCode,
        by: Option<&str>,
        programs: &[String],
        times: Option<u64>,
        window: &Window,
    ) -> Seen {
        let all = self.drops_of(programs, window);
        let fits: Vec<&&DropFact> = all
            .iter()
            .filter(|drop| reason.fits(drop.reason) && by.is_none_or(|name| self.cites(&drop.by, drop.node, name)))
            .collect();
        let count = fits.len() as u64;
        let fine = times.map_or(0 < count, |times| times == count);
        match (fine, fits.first(), all.first()) {
            (true, Some(drop), _) => Ok(format!("{}, first {}", times_text(count), self.tell(drop))),
            (true, None, _) => Ok("no such drop".to_owned()),
            (false, Some(drop), _) => Err(format!("{}, first {}", times_text(count), self.tell(drop))),
            (false, None, Some(other)) => Err(format!("no such drop; {}", self.tell(other))),
            (false, None, None) => Err("nothing was dropped".to_owned()),
        }
    }

    fn route_table(
        &self,
        routes: Option<&TableRoutes>,
        has: &[(Destination, String)],
        lacks: &[Destination],
        blackhole: &[Destination],
    ) -> Seen {
        let Some(routes) = routes else { return Err("there is no such table at that time".to_owned()) };
        let list: Vec<String> = routes
            .iter()
            .map(|(destination, id, name, state)| {
                let target = if name.is_empty() { id } else { name };
                let dead = if *state == RouteState::Blackhole { " (blackhole)" } else { "" };
                format!("{destination} → {target}{dead}")
            })
            .collect();
        let text = list.join(", ");
        let fine = has.iter().all(|(destination, target)| {
            routes.iter().any(|(one, id, name, _)| one == destination && (id == target || name == target))
        }) && lacks.iter().all(|destination| routes.iter().all(|(one, ..)| one != destination))
            && blackhole.iter().all(|destination| {
                routes.iter().any(|(one, _, _, state)| one == destination && *state == RouteState::Blackhole)
            });
        if fine { Ok(text) } else { Err(text) }
    }

    fn carries(&self, device: &str, at_least: Option<u64>, at_most: Option<u64>, window: &Window) -> Seen {
        let count = |bytes: &BTreeMap<NodeId, u64>| -> u64 {
            self.nodes(device).iter().map(|node| bytes.get(node).copied().unwrap_or(0)).sum()
        };
        let at = |step: Option<usize>| step.and_then(|step| self.bytes_at.get(step)).map(count);
        let from = at(window.after).unwrap_or(0);
        let to = at(window.before).unwrap_or_else(|| count(&self.watch.bytes));
        let bytes = to.saturating_sub(from);
        let fine = at_least.is_none_or(|least| least <= bytes) && at_most.is_none_or(|most| bytes <= most);
        let text = format!("{bytes} bytes entered {device}");
        if fine { Ok(text) } else { Err(text) }
    }

    /// The nodes that a name means.
    pub(super) fn nodes(&self, name: &str) -> BTreeSet<NodeId> {
        nodes_of(self.directory, self.ids, name)
    }

    /// Whether a name means what a citation, or the node that dropped, stands for.
    fn cites(&self, cite: &Cite, node: NodeId, name: &str) -> bool {
        let ids = self.ids.get(name);
        let called = |text: &str| {
            text.split(", ").any(|one| one == name || ids.is_some_and(|ids| ids.iter().any(|id| id == one)))
        };
        called(&cite.id) || called(&cite.name) || self.nodes(name).contains(&node)
    }

    fn tell(&self, drop: &DropFact) -> String {
        let by = drop.by.to_string();
        let by = if by.is_empty() { String::new() } else { format!(" ({by})") };
        format!("dropped at {}: {}, {}{by}", self.directory.node(drop.node), drop.reason.code(), drop.reason.sentence())
    }

    /// What became of a program, in short.
    fn story(&self, facts: &ProgramFacts) -> String {
        match (&facts.ended, &facts.started) {
            (Some((at, Ok(what))), _) => format!("completed at {at} s: {what}"),
            (Some((at, Err(error))), _) => format!("failed at {at} s: {error}"),
            (None, Some(_)) => {
                format!("still running, having sent {} and received {} bytes", facts.sent, facts.received)
            }
            (None, None) => "did not start".to_owned(),
        }
    }
}

/// The nodes that a name means: a machine or box by name or id, `internet`, or a service such as `s3`.
pub(super) fn nodes_of(directory: &Directory, ids: &BTreeMap<String, Vec<String>>, name: &str) -> BTreeSet<NodeId> {
    let known = ids.get(name);
    let fits = |info: &crate::trace::NodeInfo| {
        info.name == name
            || info.id == name
            || known.is_some_and(|ids| ids.contains(&info.id))
            || (info.component == crate::trace::Component::Service && info.name.split(' ').next() == Some(name))
    };
    let nodes = directory.nodes.iter().enumerate().filter(|(_, info)| fits(info));
    nodes.map(|(index, _)| NodeId(index as u32)).collect()
}

/// The most packets told.
const TOLD_MAX: usize = 24;
/// The most log lines told.
const LINES_MAX: usize = 4;

fn times_text(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// A few of many: `3 lines: …; …; … and 4 more`.
fn listed(count: u64, what: &str, all: &[String]) -> String {
    let more = all.len().saturating_sub(LINES_MAX);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}: {}{more}", all[..all.len().min(LINES_MAX)].join("; "))
}

fn completes(bench: &Bench<'_>, facts: &ProgramFacts, timing: &Timing, how: &Completion) -> Seen {
    let Some((at, Ok(what))) = &facts.ended else { return Err(bench.story(facts)) };
    let last = facts.responses.last().map(|(_, status, _)| *status);
    let moved = facts.sent.max(facts.received);
    // What broken attempts moved comes on top.
    let again = !facts.retries.is_empty();
    if how.bytes.is_some_and(|bytes| if again { moved < bytes } else { bytes != moved }) {
        return Err(format!("{what}, having moved {moved} bytes"));
    }
    if how.status.is_some() && how.status != last {
        let had = last.map_or("no status".to_owned(), |last| format!("status {last}"));
        return Err(format!("{what}, with {had}"));
    }
    let made = facts.retries.len() as u32 + 1;
    if how.attempts.is_some_and(|attempts| attempts != made) {
        return Err(format!("{what}, in {made} attempts"));
    }
    if how.saying.as_ref().is_some_and(|part| !what.contains(part.as_str())) {
        return Err(format!("it says: {what}"));
    }
    bench.in_time(*at, timing, what)
}

fn fails(
    bench: &Bench<'_>,
    facts: &ProgramFacts,
    timing: &Timing,
    by: Option<Cause>,
    status: Option<u16>,
    code: Option<&str>,
    saying: Option<&str>,
) -> Seen {
    let Some((at, Err(error))) = &facts.ended else { return Err(bench.story(facts)) };
    let last = facts.responses.last().map(|(_, status, _)| *status);
    let why = cause_of(error);
    let fine = by.is_none_or(|by| Some(by) == why)
        && (status.is_none() || status == last || error.starts_with(&status.unwrap_or(0).to_string()))
        && code.is_none_or(|code| error.contains(code))
        && saying.is_none_or(|part| error.contains(part));
    if !fine {
        return Err(format!("failed at {at} s: {error}"));
    }
    bench.in_time(*at, timing, error)
}

/// What an error's words say of its cause; programs word them as a person at the machine would read them.
fn cause_of(error: &str) -> Option<Cause> {
    let words = error.to_ascii_lowercase();
    let has = |part: &str| words.contains(part);
    Some(match () {
        () if has("resolve") => Cause::Name,
        () if has("reset") => Cause::Reset,
        () if has("refused") => Cause::Refused,
        () if has("timed out") || has("timeout") => Cause::TimedOut,
        () if has("unreachable") => Cause::Unreachable,
        () if words.starts_with(|c: char| c.is_ascii_digit()) => Cause::Http,
        () if has("closed") => Cause::Closed,
        () => return None,
    })
}

fn timed_out_by_text(facts: &ProgramFacts) -> Option<SimTime> {
    match &facts.ended {
        Some((at, Err(error))) if cause_of(error) == Some(Cause::TimedOut) => Some(*at),
        _ => None,
    }
}

fn ending_text(flow: &FlowFacts) -> &'static str {
    match flow.ended.as_ref().map(|(_, ending)| ending) {
        Some(Ending::Reset(_)) => "reset",
        Some(Ending::Refused) => "refused",
        Some(Ending::TimedOut) => "timed out",
        Some(Ending::Unreachable) => "unreachable",
        Some(Ending::Closed) => "closed",
        Some(Ending::Aborted) => "aborted by its program",
        None => "open",
    }
}

fn pattern_fits(pattern: &PacketPattern, passage: &Passage, outward: bool) -> bool {
    pattern.outward == outward
        && flags_fit(&pattern.flags, passage.flags)
        && pattern.payload.is_none_or(|bytes| bytes == passage.payload as u64)
        && pattern.source.is_none_or(|block| block.contains(passage.tuple.src))
        && pattern.destination.is_none_or(|block| block.contains(passage.tuple.dst))
        && pattern.source_port.is_none_or(|port| port == passage.tuple.src_port)
        && pattern.destination_port.is_none_or(|port| port == passage.tuple.dst_port)
}

/// All flags must agree but PSH, which says nothing about a connection: it counts only where the pattern names it.
fn flags_fit(wanted: &str, flags: TcpFlags) -> bool {
    let wanted_bits = wanted.chars().fold(0, |bits, letter| {
        bits | match letter {
            'F' => TcpFlags::FIN,
            'S' => TcpFlags::SYN,
            'R' => TcpFlags::RST,
            'P' => TcpFlags::PSH,
            'A' => TcpFlags::ACK,
            _ => 0,
        }
    });
    let without_push = |bits: u8| bits & !(TcpFlags::PSH | 0x20);
    without_push(wanted_bits) == without_push(flags.0) && (wanted_bits & TcpFlags::PSH == 0 || flags.has(TcpFlags::PSH))
}

fn passage_text(passage: &Passage, outward: bool) -> String {
    let way = if outward { '>' } else { '<' };
    let letters =
        [(TcpFlags::FIN, 'F'), (TcpFlags::SYN, 'S'), (TcpFlags::RST, 'R'), (TcpFlags::PSH, 'P'), (TcpFlags::ACK, 'A')];
    let flags: String = letters.iter().filter(|(flag, _)| passage.flags.has(*flag)).map(|(_, letter)| letter).collect();
    let length = if passage.payload == 0 { String::new() } else { format!(" len {}", passage.payload) };
    format!("{way} {flags}{length}")
}
