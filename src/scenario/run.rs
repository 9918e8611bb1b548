//! A scenario on a running world: programs and steps when they are due, until everything has ended, then the judgment.
//! Reads no clock: whoever calls says until when.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::expectation::Expected;
use super::judge::{Bench, Judgment, TableRoutes, nodes_of};
use super::load::Scenario;
use super::machine::Seat;
use super::program::Program;
use super::timeline::{Due, Event};
use super::watch::{Wanted, Watch};
use crate::analysis::Tariff;
use crate::base::{Calendar, SimTime};
use crate::control_plane::NatGatewayState;
use crate::engine::{Counters, Stop};
use crate::host::ConnectionInfo;
use crate::packet::{FiveTuple, Malformed};
use crate::service::s3::{Content, FrontSettings, Object};
use crate::service::spec::{Body, Does, ProgramSpec, TcpStep};
use crate::sim::Simulation;
use crate::trace::{Citations, Directory, NodeId, Observer, Observers, PortId, ProgramId};

/// One running scenario.
pub struct Run {
    pub(super) scenario: Rc<Scenario>,
    pub(super) simulation: Simulation,
    pub(super) watch: Watch,
    machines: Vec<NodeId>,
    ids: Vec<ProgramId>,
    by_name: BTreeMap<String, Vec<(ProgramId, NodeId)>>,
    /// What is still to come, by its place: steps, then programs, then looks at route tables.
    pending: BTreeMap<Task, Option<SimTime>>,
    awaited: Vec<(Task, Duration)>,
    pub(super) steps: Vec<Option<SimTime>>,
    pub(super) outcomes: Vec<StepOutcome>,
    bytes_at: Vec<BTreeMap<NodeId, u64>>,
    tables: BTreeMap<usize, Option<TableRoutes>>,
    ended: bool,
    cut_short: String,
}

/// Something that is due at an instant. The order decides what comes first at one instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// A step of the timeline.
    Step(usize),
    /// The start of a program.
    Start(usize),
    /// A look at a route table that an expectation asks for.
    Look(usize),
}

/// What came of a step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// Which step.
    pub step: usize,
    /// When.
    pub at: SimTime,
    /// Whether it was as the scenario says.
    pub held: bool,
    /// What it was expected to do.
    pub text: String,
    /// What came of it.
    pub saw: String,
}

/// How far a run has come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Everything before the horizon has happened.
    Horizon,
    /// The run is over.
    Ended,
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Each expectation, and each step that says what must come of it, in the order of the file.
    pub judged: Vec<Judged>,
    /// When it ended.
    pub ended_at: SimTime,
    /// Why it ended before its time; empty otherwise.
    pub cut_short: String,
    /// How many packets began and ended.
    pub counters: Counters,
    /// Connections that are open at the end.
    pub open: Vec<(NodeId, ConnectionInfo)>,
    /// What bytes and hours cost.
    pub tariff: Tariff,
}

/// One expectation, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was expected.
    pub text: String,
    /// The rules that it shows.
    pub rules: Vec<String>,
    /// Whether it shows their opposite.
    pub twin: bool,
    /// Whether it held.
    pub held: bool,
    /// What was seen.
    pub saw: String,
    /// Its line in the file.
    pub line: u32,
    /// Its column in the file.
    pub column: u32,
}

/// The most events of one run.
pub const EVENTS_MAX: u64 = 2_000_000_000;

impl Run {
    /// A scenario at the start of its time; `seed` replaces its own.
    pub fn new(scenario: Scenario, seed: Option<u64>, observer: &mut dyn Observer) -> Self {
        let mut settings = scenario.settings.clone();
        settings.seed = seed.unwrap_or(scenario.seed);
        let usual = FrontSettings::default();
        let front = FrontSettings {
            idle_timeout: scenario.s3.idle_timeout.unwrap_or(usual.idle_timeout),
            first_byte_delay: scenario.s3.first_byte_delay.unwrap_or(usual.first_byte_delay),
            ..usual
        };
        let mut simulation = Simulation::new(scenario.world.clone(), settings, scenario.calendar, front);
        simulation.set_budget(EVENTS_MAX);
        fill_buckets(&simulation, &scenario);
        for machine in &scenario.machines {
            for name in &machine.dns_names {
                simulation.name_host(name, machine.addresses.clone());
            }
        }
        let machines: Vec<NodeId> = scenario.machines.iter().map(|machine| node_of(&simulation, machine)).collect();
        let ids: Vec<ProgramId> = scenario
            .programs
            .iter()
            .map(|program| simulation.announce(machines[program.machine], &program.spec))
            .collect();
        let mut by_name: BTreeMap<String, Vec<(ProgramId, NodeId)>> = BTreeMap::new();
        for (program, id) in scenario.programs.iter().zip(&ids) {
            let run = (*id, machines[program.machine]);
            by_name.entry(program.name.clone()).or_default().push(run);
            // One run of several: `get@a`.
            if program.spec.name != program.name {
                by_name.entry(program.spec.name.clone()).or_default().push(run);
            }
        }
        let watch = Watch::new(wanted(&scenario, &simulation));
        let steps = vec![None; scenario.timeline.len()];
        let bytes_at = vec![BTreeMap::new(); scenario.timeline.len()];
        let mut run = Self {
            scenario: Rc::new(scenario),
            simulation,
            watch,
            machines,
            ids,
            by_name,
            pending: BTreeMap::new(),
            awaited: Vec::new(),
            steps,
            outcomes: Vec::new(),
            bytes_at,
            tables: BTreeMap::new(),
            ended: false,
            cut_short: String::new(),
        };
        let ends = run.scenario.programs.iter().zip(&run.ids).filter(|(program, _)| !holds(program));
        run.watch.wait_for_ends(ends.map(|(_, id)| *id).collect::<Vec<_>>());
        run.impair();
        run.learn(observer);
        run.listen(observer);
        run.plan();
        run
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
        self.look_finally();
        Advance::Ended
    }

    /// Brings bytes from outside of the simulation in at a node's port, now. Refused unless they are one well-formed packet
    /// with true checksums.
    pub fn inject(&mut self, to: (NodeId, PortId), bytes: &[u8], observer: &mut dyn Observer) -> Result<(), Malformed> {
        let mut both = Observers::new([observer as &mut dyn Observer, &mut self.watch as &mut dyn Observer]);
        self.simulation.inject(to, bytes, &mut both)
    }

    /// The running world by itself: its programs go on, and what the timeline still had to come does not.
    pub fn into_simulation(self) -> Simulation {
        self.simulation
    }

    /// Judges the run. Calling it before the end judges what has happened so far.
    pub fn finish(&self) -> Outcome {
        let open = self.connections();
        let tuples: Vec<(NodeId, FiveTuple)> = open.iter().map(|(node, info)| (*node, info.flow)).collect();
        let names = self.names();
        let tariff = self.tariff();
        let bill = tariff.bill(self.directory(), |node| self.watch.bytes.get(&node).copied().unwrap_or(0));
        let bench = Bench {
            watch: &self.watch,
            directory: self.directory(),
            programs: &self.by_name,
            steps: &self.steps,
            bytes_at: &self.bytes_at,
            tables: &self.tables,
            open: &tuples,
            ids: &names,
            bill: &bill,
        };
        let place = |span: crate::notation::Span| self.scenario.source.line_column(span.start);
        let mut judged: Vec<Judged> = Vec::new();
        for (index, step) in self.scenario.timeline.iter().enumerate() {
            let outcome = self.outcomes.iter().find(|outcome| outcome.step == index);
            let asked = step.refused.is_some() || step.answers.is_some() || !step.rules.is_empty();
            if outcome.is_some_and(|outcome| outcome.held) && !asked {
                continue;
            }
            let (line, column) = place(step.span);
            let (held, text, saw) = match outcome {
                Some(outcome) => (outcome.held, outcome.text.clone(), outcome.saw.clone()),
                None => (false, format!("{} happens", step.label), "its time did not come".to_owned()),
            };
            judged.push(Judged { text, rules: step.rules.clone(), twin: step.twin, held, saw, line, column });
        }
        for (index, expectation) in self.scenario.expectations.iter().enumerate() {
            let Judgment { held, saw } = bench.judge(index, expectation);
            let (line, column) = place(expectation.span);
            let (text, rules) = (expectation.text.clone(), expectation.rules.clone());
            judged.push(Judged { text, rules, twin: expectation.twin, held, saw, line, column });
        }
        Outcome {
            judged,
            ended_at: self.now(),
            cut_short: self.cut_short.clone(),
            counters: self.simulation.counters(),
            open,
            tariff,
        }
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.simulation.network().settings().seed
    }

    pub(super) fn learn(&mut self, observer: &mut dyn Observer) {
        observer.learn(self.simulation.citations(), self.simulation.directory());
        self.watch.learn(self.simulation.citations(), self.simulation.directory());
    }

    /// Impairments of links that are there from the start.
    fn impair(&mut self) {
        let scenario = Rc::clone(&self.scenario);
        let shared = &scenario.links;
        for (name, settings) in
            [("s3", &shared.s3), ("endpoint", &shared.endpoint), ("internet", &shared.internet_gateways)]
        {
            if let Some(impairment) = settings.as_ref().and_then(|settings| settings.impairment) {
                self.impair_links(name, Some(impairment));
            }
        }
        for machine in &scenario.machines {
            if let Some(impairment) = machine.link.as_ref().and_then(|link| link.impairment) {
                self.impair_links(&machine.name, Some(impairment));
            }
        }
    }

    /// What listens from the start.
    fn listen(&mut self, observer: &mut dyn Observer) {
        let scenario = Rc::clone(&self.scenario);
        for (machine, node) in scenario.machines.iter().zip(self.machines.clone()) {
            for serve in &machine.listens {
                let name = format!("{} port {}", machine.name, serve.port);
                let spec = ProgramSpec { name, does: Does::Serve(serve.clone()) };
                let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
                self.simulation.start(node, &spec, &mut both);
            }
        }
    }

    fn plan(&mut self) {
        let scenario = Rc::clone(&self.scenario);
        // A step without time and event comes after the one before it.
        let mut before: Option<usize> = None;
        for (index, step) in scenario.timeline.iter().enumerate() {
            let due = match (step.due.at, &step.due.when, before) {
                (None, None, Some(before)) => Due { when: Some(Event::Step(before)), ..step.due.clone() },
                _ => step.due.clone(),
            };
            self.wait(Task::Step(index), &due);
            before = Some(index);
        }
        for (index, program) in scenario.programs.iter().enumerate() {
            self.wait(Task::Start(index), &program.start);
        }
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            if let Expected::RouteTable { at: Some(at), .. } = &expectation.what {
                self.pending.insert(Task::Look(index), Some(SimTime::ZERO.after(*at)));
            }
        }
    }

    fn wait(&mut self, task: Task, due: &Due) {
        let at = match (&due.when, due.at) {
            (None, at) => Some(SimTime::ZERO.after(at.unwrap_or_default()).after(due.after)),
            (Some(Event::Step(_)), _) => None,
            (Some(Event::Program { program, did }), _) => {
                let token = self.awaited.len();
                for (id, _) in self.by_name.get(program).cloned().unwrap_or_default() {
                    self.watch.wait_for(token, id, did.clone());
                }
                self.awaited.push((task, due.after));
                None
            }
        };
        self.pending.insert(task, at);
    }

    fn take_events(&mut self) {
        let now = self.now();
        for token in self.watch.take_fired() {
            let (task, after) = self.awaited[token];
            // Of a fleet, the first to do it counts.
            if let Some(at @ None) = self.pending.get_mut(&task) {
                *at = Some(now.after(after));
            }
        }
    }

    /// What waited for a step is due now, or a while after it.
    pub(super) fn happened(&mut self, step: usize) {
        let now = self.now();
        self.steps[step] = Some(now);
        self.bytes_at[step] = self.watch.bytes.clone();
        let scenario = Rc::clone(&self.scenario);
        let waits = |due: &Due, previous: bool| match (&due.when, due.at) {
            (Some(Event::Step(other)), _) => *other == step,
            (None, None) => previous,
            _ => false,
        };
        for (task, at) in &mut self.pending {
            let due = match task {
                Task::Step(index) => {
                    let due = &scenario.timeline[*index].due;
                    waits(due, *index == step + 1).then_some(due.after)
                }
                Task::Start(index) => {
                    let due = &scenario.programs[*index].start;
                    waits(due, false).then_some(due.after)
                }
                Task::Look(_) => None,
            };
            if let Some(after) = due {
                *at = Some(now.after(after));
            }
        }
    }

    fn perform(&mut self, task: Task, observer: &mut dyn Observer) {
        match task {
            Task::Start(index) => self.start(index, observer),
            Task::Step(index) => {
                self.look(Some(index), true);
                self.step(index, observer);
                self.happened(index);
                self.look(Some(index), false);
            }
            Task::Look(index) => self.look_at(index),
        }
        self.take_events();
    }

    /// Starts a program of the scenario.
    pub(super) fn start(&mut self, index: usize, observer: &mut dyn Observer) {
        let scenario = Rc::clone(&self.scenario);
        self.pending.remove(&Task::Start(index));
        let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
        self.simulation.start_announced(self.ids[index], &scenario.programs[index].spec, &mut both);
    }

    /// Ends a program of the scenario; one that has not begun never will.
    pub(super) fn stop(&mut self, index: usize, observer: &mut dyn Observer) {
        self.pending.remove(&Task::Start(index));
        let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
        self.simulation.stop(self.ids[index], &mut both);
    }

    /// Looks at the route tables that expectations ask for around a step.
    fn look(&mut self, step: Option<usize>, before: bool) {
        let scenario = Rc::clone(&self.scenario);
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            if let Expected::RouteTable { window, at: None, .. } = &expectation.what
                && (if before {
                    window.before == step && step.is_some()
                } else {
                    window.after == step && step.is_some()
                })
            {
                self.look_at(index);
            }
        }
    }

    /// Looks at the route tables that expectations ask for at the end.
    fn look_finally(&mut self) {
        for index in 0..self.scenario.expectations.len() {
            if !self.tables.contains_key(&index) {
                self.look_at(index);
            }
        }
    }

    fn look_at(&mut self, index: usize) {
        let scenario = Rc::clone(&self.scenario);
        if let Expected::RouteTable { table, .. } = &scenario.expectations[index].what {
            let routes = self.routes_of(table);
            self.tables.insert(index, routes);
        }
    }

    fn routes_of(&self, table: &str) -> Option<TableRoutes> {
        let world = self.simulation.world();
        let (_, region, table) = world.regions().find_map(|(scope, region)| {
            let table = region
                .route_tables()
                .values()
                .find(|record| record.id.as_str() == table || record.tags.name.as_deref() == Some(table))?;
            Some((scope, region, table))
        })?;
        let name = |id: &str| {
            let node = self.directory().nodes.iter().find(|info| info.id == id);
            let named = node.map(|info| info.name.clone());
            named.or_else(|| region.vpc_endpoints().values().find(|e| e.id.as_str() == id)?.tags.name.clone())
        };
        let routes = table.routes().map(|route| {
            let target = route.target.to_string();
            let called = name(&target).unwrap_or_default();
            (route.destination.clone(), target, called, route.state)
        });
        Some(routes.collect())
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

    /// What a GB and an hour cost, with the hours that each NAT gateway has existed.
    fn tariff(&self) -> Tariff {
        let now = self.now();
        let gateways = self.simulation.world().regions().flat_map(|(_, region)| region.nat_gateways().values());
        let hours = gateways.filter_map(|gateway| {
            let until = match gateway.state {
                NatGatewayState::Available => now,
                NatGatewayState::Deleted { at } => at,
                NatGatewayState::Failed { .. } => return None,
            };
            // A part of an hour counts as a whole one.
            let hours = until.since(gateway.created_at).as_secs() / 3_600 + 1;
            Some((gateway.id.to_string(), hours))
        });
        Tariff { nat_hours: hours.collect(), ..self.scenario.tariff.clone() }
    }

    /// Ids of resources by what people call them.
    pub(super) fn names(&self) -> BTreeMap<String, Vec<String>> {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for named in self.scenario.names.iter() {
            names.entry(named.name.clone()).or_default().push(named.id.as_str().to_owned());
        }
        let world = self.simulation.world();
        for region in world.service_regions() {
            for service in world.services(region) {
                let key = format!("ranges of {}", service.name.service());
                let blocks = service.ranges.iter().chain(&service.ipv6_ranges).map(ToString::to_string);
                names.entry(key).or_default().extend(blocks);
            }
        }
        names
    }

    /// The nodes that a name means.
    pub(super) fn nodes(&self, name: &str) -> BTreeSet<NodeId> {
        nodes_of(self.directory(), &self.names(), name)
    }
}

/// Whether a program goes on for ever by design.
fn holds(program: &Program) -> bool {
    match &program.spec.does {
        Does::Tcp(spec) => spec.script.contains(&TcpStep::Hold),
        Does::Serve(_) => true,
        _ => false,
    }
}

/// The node of a machine.
fn node_of(simulation: &Simulation, machine: &super::machine::Machine) -> NodeId {
    let node = match &machine.seat {
        Seat::Instance(_, id) => simulation.host_of(id),
        Seat::Internet | Seat::Premises(_) => simulation.network().outside_host(&machine.name),
    };
    node.expect("every machine of a scenario was launched, or put outside, when the world was made")
}

fn fill_buckets(simulation: &Simulation, scenario: &Scenario) {
    for spec in &scenario.objects {
        let content = match &spec.body {
            Body::Generated { bytes, seed } => Content::generated(*seed, *bytes),
            Body::Text(text) => Content::from_bytes(text.clone().into_bytes()),
        };
        let mut object = Object::new(content, SimTime::ZERO);
        object.first_byte_delay = spec.first_byte_delay.unwrap_or_default();
        // Reading the scenario has made sure that the bucket is there.
        let _ = simulation.objects().put(&spec.bucket, &spec.key, object);
    }
}

/// What the expectations need to see; nothing else is listened to, so that a run without such costs nothing.
fn wanted(scenario: &Scenario, simulation: &Simulation) -> Wanted {
    let mut wanted = Wanted::default();
    let ids: BTreeMap<String, Vec<String>> =
        scenario.names.iter().map(|named| (named.name.clone(), vec![named.id.as_str().to_owned()])).collect();
    for expectation in &scenario.expectations {
        match &expectation.what {
            Expected::Completes { .. }
            | Expected::Fails { .. }
            | Expected::IsNotReset { .. }
            | Expected::TimesOut { .. }
            | Expected::IsRefused { .. }
            | Expected::Retries { .. }
            | Expected::Survives { .. }
            | Expected::Hears { .. }
            | Expected::Resolves { .. }
            | Expected::RouteTable { .. } => {}
            Expected::IsReset { by: None, .. } => {}
            Expected::Exchanges { at, .. } => {
                wanted.packets = true;
                wanted.points.extend(nodes_of(simulation.directory(), &ids, at));
            }
            _ => wanted.packets = true,
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::{Source, problems_to_text};

    #[test]
    fn the_heart_of_it_holds() {
        let text = include_str!("../../scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml");
        let source = Source::new("scenario.yaml", text);
        let (mut scenarios, problems) = super::super::load(&source);
        let scenario = scenarios.pop().unwrap_or_else(|| panic!("{}", problems_to_text(&source, &problems, false)));
        let mut run = Run::new(scenario, None, &mut ());
        assert_eq!(run.advance(SimTime::FAR, &mut ()), Advance::Ended);
        let outcome = run.finish();
        assert!(outcome.judged.iter().all(|judged| judged.held), "{:#?}", outcome.judged);
    }
}
