//! The bench: all that judging needs, and whom each kind of expectation is put to.

use std::collections::{BTreeMap, BTreeSet};

use super::ending::retries;
use super::route_table::TableRoutes;
use crate::analysis::Bill;
use crate::base::{ServiceName, SimTime, show_duration};
use crate::packet::FiveTuple;
use crate::scenario::expectation::{Expectation, Expected, Timing, Window};
use crate::scenario::watch::{ProgramFacts, Watch};
use crate::trace::{Component, Directory, NodeId, NodeInfo, ProgramId};

/// Whether an expectation held, and what made it so or was seen instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Judgment {
    /// Whether it held.
    pub(in crate::scenario) held: bool,
    /// What was seen.
    pub(in crate::scenario) saw: String,
}

/// Everything that judging needs.
pub(in crate::scenario) struct Bench<'a> {
    pub(in crate::scenario) watch: &'a Watch,
    pub(in crate::scenario) directory: &'a Directory,
    /// The programs of each name, with their machines.
    pub(in crate::scenario) programs: &'a BTreeMap<String, Vec<(ProgramId, NodeId)>>,
    /// When each step happened.
    pub(in crate::scenario) steps: &'a [Option<SimTime>],
    /// Bytes that had entered each node when each step happened.
    pub(in crate::scenario) bytes_at: &'a [BTreeMap<NodeId, u64>],
    /// Route tables as they stood when each expectation asked; without one whose instant did not come.
    pub(in crate::scenario) tables: &'a BTreeMap<usize, Option<TableRoutes>>,
    /// Connections open at the end: the machine, and whose flow it is.
    pub(in crate::scenario) open: &'a [(NodeId, FiveTuple)],
    /// Ids of resources by what people call them: an endpoint's name gives its id.
    pub(in crate::scenario) ids: &'a BTreeMap<String, Vec<String>>,
    /// What the run cost, in millionths of a dollar, by path.
    pub(in crate::scenario) bill: &'a Bill,
}

/// What was seen: `Ok` where it is as expected.
pub(super) type Seen = Result<String, String>;

impl Bench<'_> {
    /// Judges one expectation; `index` is its place in the file.
    pub(in crate::scenario) fn judge(&self, index: usize, expectation: &Expectation) -> Judgment {
        let around = expectation.what.window().map_or([None, None], |window| [window.after, window.before]);
        // Around a step that did not happen everything and nothing is true.
        if around.into_iter().flatten().any(|place| self.steps.get(place).copied().flatten().is_none()) {
            return Judgment { held: false, saw: "the step that it names did not happen".to_owned() };
        }
        match self.look(index, &expectation.what) {
            Ok(saw) => Judgment { held: true, saw },
            Err(saw) => Judgment { held: false, saw },
        }
    }

    fn look(&self, index: usize, what: &Expected) -> Seen {
        match what {
            Expected::Completes { programs, timing, how } => {
                self.each(programs, |facts, _| self.completes(facts, timing, how))
            }
            Expected::Fails { programs, timing, by, status, code, saying } => self
                .each(programs, |facts, _| self.fails(facts, timing, *by, *status, code.as_deref(), saying.as_deref())),
            Expected::IsReset { programs, timing, by, times, having_received } => {
                self.each(programs, |facts, _| self.is_reset(facts, timing, *by, *times, *having_received))
            }
            Expected::IsNotReset { programs, window } => {
                self.each(programs, |facts, _| self.is_not_reset(facts, window))
            }
            Expected::TimesOut { programs, timing } => self.each(programs, |facts, _| self.times_out(facts, timing)),
            Expected::IsRefused { programs, window } => self.each(programs, |facts, _| self.is_refused(facts, window)),
            Expected::Retries { programs, times } => self.each(programs, |facts, _| retries(facts, *times)),
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
            Expected::Reaches { probes, devices } => {
                self.each(probes, |facts, (id, _)| self.reaches(facts, id, devices))
            }
            Expected::DoesNotReach { probes, reason, dropped_by, refused } => self.each(probes, |facts, (id, _)| {
                self.does_not_reach(facts, id, reason.as_ref(), dropped_by.as_deref(), *refused)
            }),
            Expected::S3Sees { line, never } => self.s3_sees(line, *never),
            Expected::Drops { reason, by, programs, times, window } => {
                self.drops(reason, by.as_deref(), programs, *times, window)
            }
            Expected::DropsNothing { reason, programs, window } => {
                self.drops_nothing(reason.as_ref(), programs, window)
            }
            Expected::RouteTable { has, lacks, blackhole, .. } => {
                self.route_table(self.tables.get(&index), has, lacks, blackhole)
            }
            Expected::Carries { device, at_least, at_most, window } => {
                self.carries(device, *at_least, *at_most, window)
            }
            Expected::Costs { path, at_least, at_most } => self.costs(path, *at_least, *at_most),
        }
    }

    /// Holds if it holds for all programs of these names. Of a program that never started nothing holds: what it did not
    /// do says nothing.
    fn each(&self, names: &[String], judge: impl Fn(&ProgramFacts, (ProgramId, NodeId)) -> Seen) -> Seen {
        let nothing = ProgramFacts::default();
        let mut first = None;
        for name in names {
            for (id, node) in self.programs.get(name).into_iter().flatten() {
                let facts = self.watch.programs.get(id).unwrap_or(&nothing);
                let seen = match facts.started {
                    Some(_) => judge(facts, (*id, *node)),
                    None => Err(self.story(facts)),
                };
                let seen = seen.map_err(|saw| format!("{}: {saw}", self.directory.program(*id)))?;
                first.get_or_insert(seen);
            }
        }
        first.ok_or_else(|| "no such program ran".to_owned())
    }

    /// The instants between which a window lies.
    pub(super) fn span(&self, window: &Window) -> (SimTime, SimTime) {
        let step = |place: Option<usize>, else_: SimTime| match place {
            Some(place) => self.steps.get(place).copied().flatten().unwrap_or(SimTime::FAR),
            None => else_,
        };
        (step(window.after, SimTime::ZERO), step(window.before, SimTime::FAR))
    }

    /// Whether something that happened at `at` came in time.
    pub(super) fn in_time(&self, at: SimTime, timing: &Timing, what: &str) -> Seen {
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
        seen(fine, text)
    }

    /// The nodes that a name means.
    pub(in crate::scenario) fn nodes(&self, name: &str) -> BTreeSet<NodeId> {
        nodes_of(self.directory, self.ids, name)
    }
}

/// What was seen, as expected or not.
pub(super) fn seen(fine: bool, text: String) -> Seen {
    if fine { Ok(text) } else { Err(text) }
}

/// The nodes that a name means: a machine or box by name or id, `internet`, or a service such as `s3`.
pub(in crate::scenario) fn nodes_of(
    directory: &Directory,
    ids: &BTreeMap<String, Vec<String>>,
    name: &str,
) -> BTreeSet<NodeId> {
    let known = ids.get(name);
    let fits = |info: &NodeInfo| {
        info.name == name
            || info.id == name
            || known.is_some_and(|ids| ids.contains(&info.id))
            || (info.component == Component::Service
                && ServiceName::parse(&info.id).is_some_and(|service| service.service() == name))
    };
    let nodes = directory.nodes.iter().enumerate().filter(|(_, info)| fits(info));
    nodes.map(|(index, _)| NodeId(index as u32)).collect()
}
