//! The beginning of a run: a world is made of the scenario, and all that is to come is planned.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::drive::{EVENTS_MAX, Run, names_of};
use crate::base::SimTime;
use crate::scenario::expectation::Expected;
use crate::scenario::judge::nodes_of;
use crate::scenario::load::Scenario;
use crate::scenario::machine::{Machine, Seat};
use crate::scenario::program::Program;
use crate::scenario::watch::{Wanted, Watch};
use crate::service::s3::{Content, FrontSettings, Object};
use crate::service::spec::{Body, Does, ProgramSpec, TcpStep};
use crate::sim::Simulation;
use crate::trace::{NodeId, Observer, Observers, ProgramId};

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
        let machines: Vec<NodeId> = scenario.machines.iter().map(|machine| node_of(&mut simulation, machine)).collect();
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
}

/// Whether a program goes on for ever by design.
fn holds(program: &Program) -> bool {
    match &program.spec.does {
        Does::Tcp(spec) => spec.script.contains(&TcpStep::Hold),
        Does::Serve(_) => true,
        _ => false,
    }
}

/// The node of a machine. An instance that a step is to launch has one that does not run yet.
fn node_of(simulation: &mut Simulation, machine: &Machine) -> NodeId {
    match &machine.seat {
        Seat::Instance(_, id) => match simulation.host_of(id) {
            Some(node) => node,
            None => simulation.network_mut().expect_instance(id, &machine.name),
        },
        Seat::Internet | Seat::Premises(_) => {
            let node = simulation.network().outside_host(&machine.name);
            node.expect("every host outside of AWS was put there when the world was made")
        }
    }
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
    let ids = names_of(scenario, simulation.world());
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
