//! A world's records and the graph that stands for them, kept in step. Reads no clock: whoever calls says until when.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::machines::say;
use crate::base::{Calendar, InstanceId, SimTime, VpcEndpointId};
use crate::control_plane::{Action, Applied, Call, ControlError, Scope, World, rules_of_done, rules_of_refusal};
use crate::engine::{Counters, Stop};
use crate::host::{ConnectionInfo, Host};
use crate::packet::Malformed;
use crate::provision::{Network, Settings};
use crate::service::s3::{FrontSettings, ObjectStore};
use crate::service::spec::{Does, ProgramSpec};
use crate::service::{Surroundings, Switch, in_words, kind, launch};
use crate::trace::{Citations, Directory, NodeId, Observer, PortId, ProgramId, ProgramInfo, ProgramNote, rules_text};

/// The most events of one stretch of a run, if nobody says otherwise: far beyond any scenario, and an end for worlds
/// that go in circles.
pub const EVENTS_MAX: u64 = 4_000_000_000;

/// One running world.
pub struct Simulation {
    world: World,
    network: Network,
    calendar: Calendar,
    pub(super) services: super::programs::Services,
    pub(super) names: super::names::Names,
    /// Programs of each host that has any, in the order of their start.
    pub(super) programs: BTreeMap<NodeId, Vec<ProgramId>>,
    pub(super) switches: BTreeMap<ProgramId, Rc<Switch>>,
    /// What listens on a machine, to begin again when it was stopped and starts.
    pub(super) servers: BTreeMap<NodeId, BTreeMap<ProgramId, ProgramSpec>>,
    /// Endpoint policies that take effect later.
    pub(super) policies_due: Vec<(SimTime, Scope, VpcEndpointId)>,
    events_left: u64,
}

impl Simulation {
    /// Builds the graph of a world and starts AWS's own services in it.
    pub fn new(world: World, settings: Settings, calendar: Calendar, s3: FrontSettings) -> Self {
        let network = Network::of(&world, settings);
        let services = super::programs::Services::new(&world, s3);
        let mut simulation = Self {
            names: super::names::Names::new(&services.objects),
            services,
            world,
            network,
            calendar,
            programs: BTreeMap::new(),
            switches: BTreeMap::new(),
            servers: BTreeMap::new(),
            policies_due: Vec::new(),
            events_left: EVENTS_MAX,
        };
        simulation.start_services();
        simulation.start_names();
        simulation
    }

    /// Performs an action now, on the records and on the graph, wholly or not at all. The one door for change. `text`
    /// is how observers hear of it.
    pub fn apply(
        &mut self,
        call: &Call,
        action: &Action,
        text: &str,
        observer: &mut dyn Observer,
    ) -> Result<Applied, ControlError> {
        let at = self.now();
        let answer = self.world.apply(call, action, at);
        match &answer {
            Ok(applied) => {
                tracing::info!(at = %at, action = action.name(), "change");
                let machines = self.machines_before(action);
                self.network.follow(&self.world, &call.scope, &applied.touched);
                self.follow_services(&call.scope, &applied.touched);
                observer.learn(&self.network.citations, &self.network.directory);
                let notes = applied.remarks().map(|remark| format!("\n{remark}")).collect::<String>();
                let rules = rules_text(&rules_of_done(&self.world, &call.scope, action, applied));
                observer.change(at, &format!("{text}{rules}{notes}"), None);
                if let Some(machines) = machines {
                    self.follow_machines(machines, observer);
                }
            }
            Err(error) => {
                tracing::info!(at = %at, action = action.name(), %error, "refused");
                let lines = error.lines();
                let (first, rest) = lines
                    .split_once('\n')
                    .map_or((&lines[..], String::new()), |(first, rest)| (first, format!("\n{rest}")));
                let rules = rules_text(&rules_of_refusal(&self.world, &call.scope, action, error));
                observer.change(at, text, Some(&format!("{first}{rules}{rest}")));
            }
        }
        answer
    }

    /// Runs all events before `horizon`.
    pub fn run_until(&mut self, horizon: SimTime, observer: &mut dyn Observer) -> Stop {
        loop {
            let policy = self.next_policy().filter(|due| *due < horizon);
            let before = self.network.engine.counters().events;
            let stop = self.network.engine.run_until(policy.unwrap_or(horizon), self.events_left, observer);
            self.events_left -= self.network.engine.counters().events - before;
            if policy.is_none() || stop == Stop::BudgetSpent || stop == Stop::Attention {
                return stop;
            }
            self.take_policies(observer);
        }
    }

    /// Brings bytes from outside of the simulation in at a node's port, now: a packet that no host of it has sent. Refused
    /// unless they are one well-formed packet with true checksums.
    pub fn inject(&mut self, to: (NodeId, PortId), bytes: &[u8], observer: &mut dyn Observer) -> Result<(), Malformed> {
        self.network.engine.inject(to, bytes, observer)
    }

    /// Bounds the events of the rest of the run.
    pub fn set_budget(&mut self, events: u64) {
        self.events_left = events;
    }

    /// Starts a program on a host now.
    pub fn start(&mut self, node: NodeId, spec: &ProgramSpec, observer: &mut dyn Observer) -> ProgramId {
        let id = self.announce(node, spec);
        observer.learn(&self.network.citations, &self.network.directory);
        self.start_announced(id, spec, observer);
        id
    }

    /// Gives a program its name and number before it is started, so that it can be waited for.
    pub fn announce(&mut self, node: NodeId, spec: &ProgramSpec) -> ProgramId {
        let id = ProgramId(u32::try_from(self.network.directory.programs.len()).expect("fewer than four billion"));
        let (kind, what) = (kind(&spec.does), in_words(&spec.does));
        self.network.directory.programs.push(ProgramInfo { name: spec.name.clone(), node, kind, what });
        self.programs.entry(node).or_default().push(id);
        id
    }

    /// Starts a program that was announced.
    pub fn start_announced(&mut self, id: ProgramId, spec: &ProgramSpec, observer: &mut dyn Observer) {
        let Some(info) = self.network.directory.programs.get(id.0 as usize) else { return };
        let node = info.node;
        if matches!(spec.does, Does::Serve(_)) {
            self.servers.entry(node).or_default().insert(id, spec.clone());
        }
        if self.network.stopped_hosts().contains(&node) {
            if !matches!(spec.does, Does::Serve(_)) {
                say(observer, self.now(), node, id, ProgramNote::Started);
                let error = "its machine is not running".to_owned();
                say(observer, self.now(), node, id, ProgramNote::Failed { error, cause: None });
            }
            return;
        }
        let lookup = self.lookup(node);
        let around = Surroundings { lookup, calendar: self.calendar, objects: &self.services.objects };
        let launched =
            self.network.engine.with::<Host, _>(node, observer, |host, out| launch(host, id, spec, &around, out));
        if let Some(switch) = launched {
            self.switches.insert(id, switch);
        }
    }

    /// Ends a program as if its machine killed it. Nothing happens to one that has ended or not begun.
    pub fn stop(&mut self, id: ProgramId, observer: &mut dyn Observer) {
        let Some(node) = self.network.directory.programs.get(id.0 as usize).map(|info| info.node) else { return };
        if let Some(switch) = self.switches.remove(&id) {
            switch.turn_off();
            // A task that does nothing gives the host its turn.
            self.network.engine.with::<Host, _>(node, observer, |host, out| host.run(None, out, |_| async {}));
        }
    }

    /// The objects of S3, to fill before a run.
    pub fn objects(&self) -> &ObjectStore {
        &self.services.objects
    }

    /// The records.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The graph.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The graph, to change what no EC2 action changes: links, impairments, hosts of the outside.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// The calendar.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// The instant up to which everything has happened.
    pub fn now(&self) -> SimTime {
        self.network.engine.now()
    }

    /// When the next event is due.
    pub fn next_event(&self) -> Option<SimTime> {
        self.network.engine.next_event()
    }

    /// How many packets began and ended.
    pub fn counters(&self) -> Counters {
        self.network.engine.counters()
    }

    /// The names of everything.
    pub fn directory(&self) -> &Directory {
        &self.network.directory
    }

    /// What decided.
    pub fn citations(&self) -> &Citations {
        &self.network.citations
    }

    /// The machine of an instance.
    pub fn host_of(&self, instance: &InstanceId) -> Option<NodeId> {
        self.network.host_of(instance)
    }

    /// All connections that are open now, by host.
    pub fn connections(&self) -> Vec<(NodeId, ConnectionInfo)> {
        let nodes = (0..self.network.engine.node_count()).map(|index| NodeId(index as u32));
        let hosts = nodes.filter_map(|node| Some((node, self.network.engine.node::<Host>(node)?)));
        hosts.flat_map(|(node, host)| host.connections().into_iter().map(move |info| (node, info))).collect()
    }
}
