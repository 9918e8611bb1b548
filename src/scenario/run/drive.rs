//! The run itself: what is going on, and how it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::agenda::Task;
use super::outcome::StepOutcome;
use crate::base::{Calendar, SimTime};
use crate::control_plane::World;
use crate::engine::Stop;
use crate::host::ConnectionInfo;
use crate::packet::Malformed;
use crate::scenario::expectation::Expected;
use crate::scenario::judge::{TableRoutes, nodes_of};
use crate::scenario::load::Scenario;
use crate::scenario::watch::Watch;
use crate::sim::Simulation;
use crate::trace::{Citations, Directory, NodeId, Observer, Observers, PortId, ProgramId};

/// One running scenario.
pub struct Run {
    pub(in crate::scenario) scenario: Rc<Scenario>,
    pub(in crate::scenario) simulation: Simulation,
    pub(in crate::scenario) watch: Watch,
    pub(super) machines: Vec<NodeId>,
    pub(super) ids: Vec<ProgramId>,
    pub(super) by_name: BTreeMap<String, Vec<(ProgramId, NodeId)>>,
    /// What is still to come, by its place: steps, then programs, then looks at route tables.
    pub(super) pending: BTreeMap<Task, Option<SimTime>>,
    pub(super) awaited: Vec<(Task, Duration)>,
    pub(in crate::scenario) steps: Vec<Option<SimTime>>,
    pub(in crate::scenario) outcomes: Vec<StepOutcome>,
    pub(super) bytes_at: Vec<BTreeMap<NodeId, u64>>,
    pub(super) tables: BTreeMap<usize, Option<TableRoutes>>,
    pub(super) ended: bool,
    pub(super) cut_short: String,
}

/// How far a run has come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Everything before the horizon has happened.
    Horizon,
    /// The run is over.
    Ended,
}

/// The most events of one run.
pub const EVENTS_MAX: u64 = 2_000_000_000;

impl Run {
    /// Runs until `horizon` or until it is over, whichever comes first.
    pub fn advance(&mut self, horizon: SimTime, observer: &mut dyn Observer) -> Advance {
        let end = self.scenario.until.map_or(SimTime::FAR, |until| SimTime::ZERO.after(until));
        while !self.ended {
            if self.is_over() {
                self.ended = true;
                break;
            }
            let due = self.pending.iter().filter_map(|(task, at)| Some(((*at)?, *task))).min();
            if let Some((at, task)) = due
                && at <= self.now()
            {
                self.pending.remove(&task);
                self.perform(task, observer);
                continue;
            }
            let next = due.map_or(SimTime::FAR, |(at, _)| at);
            if due.is_none() && self.simulation.next_event().is_none() {
                // Nothing is due any more: what waits for an event waits in vain.
                self.ended = true;
                break;
            }
            let limit = next.min(horizon).min(end);
            let stop = {
                let mut both = Observers::new([observer as &mut dyn Observer, &mut self.watch as &mut dyn Observer]);
                self.simulation.run_until(limit, &mut both)
            };
            match stop {
                Stop::BudgetSpent => {
                    self.cut_short = format!("the budget of {EVENTS_MAX} events is spent");
                    self.ended = true;
                }
                Stop::Attention => {}
                Stop::Horizon | Stop::Idle if end <= self.now() => self.ended = true,
                Stop::Horizon | Stop::Idle if horizon <= self.now() && next != limit => return Advance::Horizon,
                Stop::Horizon | Stop::Idle => {}
            }
            self.take_events();
        }
        Advance::Ended
    }

    /// Brings bytes from outside of the simulation in at a node's port, now. Refused unless they are one well-formed packet
    /// with true checksums.
    pub fn inject(&mut self, to: (NodeId, PortId), bytes: &[u8], observer: &mut dyn Observer) -> Result<(), Malformed> {
        let mut both = Observers::new([observer as &mut dyn Observer, &mut self.watch as &mut dyn Observer]);
        self.simulation.inject(to, bytes, &mut both)
    }

    pub(in crate::scenario) fn learn(&mut self, observer: &mut dyn Observer) {
        observer.learn(self.simulation.citations(), self.simulation.directory());
        self.watch.learn(self.simulation.citations(), self.simulation.directory());
    }

    /// The running world by itself: its programs go on, and what the timeline still had to come does not.
    pub fn into_simulation(self) -> Simulation {
        self.simulation
    }

    /// The calendar.
    pub fn calendar(&self) -> Calendar {
        self.scenario.calendar
    }

    /// What nodes and programs are called.
    pub fn directory(&self) -> &Directory {
        self.simulation.directory()
    }

    /// What handles in steps stand for.
    pub fn citations(&self) -> &Citations {
        self.simulation.citations()
    }

    /// The world that runs.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The instant up to which everything has happened.
    pub fn now(&self) -> SimTime {
        self.simulation.now()
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// When something is due next; `None` when it is over.
    pub fn next(&self) -> Option<SimTime> {
        let task = self.pending.values().flatten().min().copied();
        let event = self.simulation.next_event();
        if self.ended { None } else { task.into_iter().chain(event).min() }
    }

    /// All connections that are open now, by host.
    pub fn connections(&self) -> Vec<(NodeId, ConnectionInfo)> {
        self.simulation.connections()
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.simulation.network().settings().seed
    }

    /// Ids of resources by what people call them.
    pub(in crate::scenario) fn names(&self) -> BTreeMap<String, Vec<String>> {
        names_of(&self.scenario, self.simulation.world())
    }

    /// The nodes that a name means.
    pub(in crate::scenario) fn nodes(&self, name: &str) -> BTreeSet<NodeId> {
        nodes_of(self.directory(), &self.names(), name)
    }

    fn is_over(&self) -> bool {
        let steps_left = self.pending.keys().any(|task| matches!(task, Task::Step(_) | Task::Look(_)));
        let unstarted = self.pending.keys().any(|task| matches!(task, Task::Start(_)));
        self.scenario.until.is_none() && !steps_left && !unstarted && self.watch.have_ended() && self.decided()
    }

    /// Whether the instants that expectations speak of have passed.
    fn decided(&self) -> bool {
        let at = |step: Option<usize>| step.map_or(Some(SimTime::ZERO), |step| self.steps[step]);
        self.scenario.expectations.iter().all(|expectation| {
            let until = match &expectation.what {
                Expected::Survives { step, by: Some(by), .. } => at(Some(*step)).map(|at| at.after(*by)),
                Expected::IsReset { programs, timing, .. } | Expected::TimesOut { programs, timing } => {
                    let open = programs.iter().flat_map(|name| self.by_name.get(name).into_iter().flatten());
                    let ended = |id: &ProgramId| self.watch.programs.get(id).is_some_and(|f| f.ended.is_some());
                    let all = open.into_iter().all(|(id, _)| ended(id));
                    timing.within.filter(|_| !all).and_then(|within| at(timing.of).map(|at| at.after(within)))
                }
                _ => None,
            };
            until.is_none_or(|until| until < self.now())
        })
    }
}

/// Ids of resources by what people call them, `name` or `vpc/name`: several, where things in several places have one
/// name.
pub(super) fn names_of(scenario: &Scenario, world: &World) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in scenario.names.iter().flat_map(|named| [named.name.clone(), named.path()]) {
        let ids = scenario.names.candidates(&name).map(|named| named.id.as_str().to_owned()).collect();
        names.entry(name).or_insert(ids);
    }
    for region in world.service_regions() {
        for service in world.services(region) {
            let key = format!("ranges of {}", service.name.service());
            let blocks = service.ranges.iter().chain(&service.ipv6_ranges).map(ToString::to_string);
            names.entry(key).or_default().extend(blocks);
        }
    }
    names
}
