//! A world ready to be asked by packets: its machines with the listeners that are assumed, and the hosts of the internet
//! that questions name. Asks nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::addresses::{AddressIndex, Owner};
use super::tables::TableOptions;
use crate::base::{Calendar, InstanceId, RegionName, ServiceName};
use crate::control_plane::{InstanceState, World};
use crate::host::{AnswerBy, Host, HostSettings, Net, Unknown};
use crate::import::{Gaps, HostKey, ListenerAssumptions, Listening, Observations, PortState, Probe, Saw};
use crate::provision::{OutsideHost, Settings};
use crate::service::s3::FrontSettings;
use crate::sim::Simulation;
use crate::trace::{Directory, NodeId};

/// How a world is made ready.
#[derive(Clone, Debug, Default)]
pub struct StageOptions {
    /// The run's number.
    pub seed: u64,
    /// What listens where.
    pub listeners: ListenerAssumptions,
    /// By which interface an instance with several of them answers. The default is the one that was asked: Amazon Linux
    /// sets a routing table of its own up for each interface, so that answers leave by the interface they belong to.
    pub answer_by: AnswerBy,
    /// What decides in a way that nobody told.
    pub gaps: Gaps,
}

/// What observations show of listeners: an open port has one, whoever saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    open: BTreeSet<(IpAddr, u16)>,
    closed: BTreeSet<(IpAddr, u16)>,
    pinged: BTreeSet<IpAddr>,
}

/// A world with machines that answer.
pub struct Stage {
    simulation: Simulation,
    index: AddressIndex,
    /// Whether listeners are assumed; in a running world its own programs are what listens.
    assumes: bool,
    answer_by: AnswerBy,
    gaps: Gaps,
    listeners: ListenerAssumptions,
    evidence: Evidence,
    learned: BTreeSet<String>,
    /// Machines whose listeners have been started, with the ports.
    started: BTreeMap<NodeId, BTreeSet<u16>>,
}

impl Evidence {
    /// What a file of observations shows. Silence shows nothing: it may be a filter's.
    pub fn of(observations: &Observations) -> Self {
        let mut evidence = Self::default();
        for seen in &observations.list {
            match (seen.probe, seen.saw) {
                (Probe::TcpSyn { port }, Saw::Open) => drop(evidence.open.insert((seen.to, port))),
                (Probe::TcpSyn { port }, Saw::Closed) => drop(evidence.closed.insert((seen.to, port))),
                (Probe::Ping, Saw::Reply) => drop(evidence.pinged.insert(seen.to)),
                (Probe::TcpSyn { .. } | Probe::Ping, _) => {}
            }
        }
        evidence
    }

    /// What is assumed of a machine with these addresses, mended by what was seen; and in what it was mended.
    fn mend(&self, addresses: &[IpAddr], assumed: &Listening) -> (Listening, Vec<String>) {
        let mut mended = assumed.clone();
        let mut changes = Vec::new();
        for address in addresses {
            let ports = |set: &BTreeSet<(IpAddr, u16)>| -> Vec<u16> {
                set.range((*address, 0)..=(*address, u16::MAX)).map(|(_, port)| *port).collect()
            };
            for port in ports(&self.closed) {
                if mended.tcp.remove(&port) {
                    changes.push(format!("{address} was seen to have nobody on port {port}"));
                }
                if mended.other_ports != PortState::Closed {
                    mended.other_ports = PortState::Closed;
                    changes.push(format!("{address} was seen to answer RST on port {port}"));
                }
            }
            for port in ports(&self.open) {
                if mended.tcp.insert(port) {
                    changes.push(format!("{address} was seen to listen on port {port}"));
                }
            }
            if self.pinged.contains(address) && !mended.ping {
                mended.ping = true;
                changes.push(format!("{address} was seen to answer ping"));
            }
        }
        (mended, changes)
    }
}

impl Stage {
    /// Makes a world ready; `outside` are the addresses that questions will name, of which those that nobody in the
    /// world has become hosts of the internet.
    pub fn new(world: World, options: StageOptions, evidence: Evidence, outside: &[IpAddr]) -> Self {
        let index = AddressIndex::of(&world);
        let era = world.era;
        let mut learned = BTreeSet::new();
        let mut settings = Settings::of(era, options.seed);
        let listeners = options.listeners;
        let host = |listening: &Listening| HostSettings {
            answers_echo: listening.ping,
            closed_port: unknown(listening.other_ports),
            answer_by: options.answer_by,
            ..HostSettings::default()
        };
        settings.instance = Arc::new(host(&listeners.instances));
        // A service answers through whatever carried the question.
        let service = HostSettings { answer_by: AnswerBy::Asked, ..host(&listeners.services) };
        settings.service = Arc::new(service);
        for (scope, region) in world.regions() {
            for instance in region.instances().values() {
                let (listening, changes) = listening_of(&world, &scope, &instance.id, &listeners, &evidence);
                if host(&listening) != *settings.instance {
                    settings.hosts.insert(instance.id.clone(), Arc::new(host(&listening)));
                }
                learned.extend(changes);
            }
        }
        for address in outside.iter().copied().filter(|address| index.is_outside(*address)) {
            let (listening, changes) = internet_host(address, &listeners, &evidence);
            learned.extend(changes);
            settings.outside.hosts.push(OutsideHost {
                name: address.to_string(),
                addresses: vec![address],
                settings: host(&listening),
                link: None,
            });
        }
        let simulation = Simulation::new(world, settings, Calendar::ERA_CURRENT, patient());
        let answer_by = options.answer_by;
        let started = BTreeMap::new();
        let gaps = options.gaps;
        let assumes = true;
        let mut stage = Self { simulation, index, assumes, answer_by, gaps, listeners, evidence, learned, started };
        // S3's front end has these two ports by itself.
        let fronts: Vec<(ServiceName, NodeId)> =
            stage.simulation.network().services().map(|(_, name, node)| (name.clone(), node)).collect();
        for (name, node) in fronts {
            let own: &[u16] = if name.service() == "s3" { &[80, 443] } else { &[] };
            stage.started.insert(node, own.iter().copied().collect());
        }
        stage
    }

    /// A world that runs already, with its own programs and outside; nothing is assumed of it.
    pub fn running(simulation: Simulation) -> Self {
        let index = AddressIndex::of(simulation.world());
        let answer_by = simulation.network().settings().instance.answer_by;
        Self {
            simulation,
            index,
            assumes: false,
            answer_by,
            gaps: Gaps::default(),
            listeners: ListenerAssumptions::default(),
            evidence: Evidence::default(),
            learned: BTreeSet::new(),
            started: BTreeMap::new(),
        }
    }

    /// What tables need to know to be asked about the same world.
    pub fn table_options(&self) -> TableOptions {
        let settings = self.simulation.network().settings();
        let own = settings.hosts.iter().map(|(id, host)| (id.clone(), host.answer_by));
        TableOptions {
            outside: settings.outside.clone(),
            internet_is_full: false,
            answer_by: self.answer_by,
            answer_by_instance: own.collect(),
            nat_instances: settings.nat_instances.clone(),
            gaps: self.gaps.clone(),
            ..TableOptions::default()
        }
    }

    /// Whether something of the world decides in a way that nobody told, so that packets alone tell nothing.
    pub fn has_gaps(&self) -> bool {
        let regions = self.simulation.world().regions();
        let mut tables = regions.flat_map(|(_, region)| region.route_tables().values());
        !self.gaps.is_empty() || tables.any(|table| !table.edge_associations.is_empty())
    }

    /// The running world.
    pub fn simulation(&mut self) -> &mut Simulation {
        &mut self.simulation
    }

    /// What everything is called.
    pub fn directory(&self) -> &Directory {
        self.simulation.directory()
    }

    /// Whose addresses are whose.
    pub fn index(&self) -> &AddressIndex {
        &self.index
    }

    /// What observations have changed of the assumptions, in words.
    pub fn learned(&self) -> impl Iterator<Item = &str> {
        self.learned.iter().map(String::as_str)
    }

    /// Whether what listens, and what lies behind virtual private gateways, is assumed; a running world has its own.
    pub const fn assumes(&self) -> bool {
        self.assumes
    }

    /// What is assumed of interface endpoints at their own addresses.
    pub fn interface_endpoints(&self) -> &Listening {
        &self.listeners.interface_endpoints
    }

    /// The machine of an instance, if it runs.
    pub fn machine(&self, instance: &InstanceId) -> Option<NodeId> {
        let regions = self.simulation.world().regions();
        let state = regions.filter_map(|(_, region)| Some(region.instances().get(instance)?.state)).next();
        // One of EC2-Classic is kept elsewhere.
        let runs = state.is_none_or(|state| state == InstanceState::Running);
        self.simulation.host_of(instance).filter(|_| runs)
    }

    /// The machine of an address outside of AWS.
    pub fn internet_host(&self, address: IpAddr) -> Option<NodeId> {
        let network = self.simulation.network();
        let outside = &network.settings().outside;
        let mut hosts = outside.hosts.iter().chain(outside.premises.iter().flat_map(|premises| &premises.hosts));
        let host = hosts.find(|host| host.addresses.contains(&address))?;
        network.outside_host(&host.name)
    }

    /// The machine that asks from an address, and the address that it knows itself by.
    ///
    /// # Errors
    /// Why nobody, or nobody in particular, asks from there.
    pub fn asker(&self, from: IpAddr) -> Result<(NodeId, IpAddr), String> {
        if let Some(node) = self.internet_host(from) {
            return Ok((node, from));
        }
        let owners: Vec<&Owner> = self.index.owners(from).iter().filter(|owner| owner.instance.is_some()).collect();
        let owner = match owners.as_slice() {
            [owner] => *owner,
            [] if self.index.is_classic(from) => {
                let node = self.index.classic(from).and_then(|id| self.machine(id));
                let own = node.and_then(|node| self.directory().nodes.get(node.0 as usize)?.addresses.first().copied());
                return node.zip(own).ok_or_else(|| format!("the machine of {from} does not run"));
            }
            [] => return Err(format!("no machine of this world has the address {from}")),
            [first, second, ..] => {
                return Err(format!(
                    "{from} is of {} and of {}: ask from a public address",
                    first.interface, second.interface
                ));
            }
        };
        let instance = owner.instance.as_ref().expect("only interfaces of instances are kept");
        let node = self.machine(instance);
        node.map(|node| (node, owner.private)).ok_or_else(|| format!("{instance} does not run"))
    }

    /// The TCP ports on which the machine of an address listens.
    pub fn listening(&mut self, address: IpAddr) -> Vec<u16> {
        self.wake(address);
        let service = self.index.service(address).cloned();
        let service = service.and_then(|(region, name)| self.simulation.network().service_of(&region, &name));
        let node = service.or_else(|| self.asker(address).ok().map(|(node, _)| node));
        let host = node.and_then(|node| self.simulation.network().engine.node::<Host>(node));
        host.map(Host::listening).unwrap_or_default()
    }

    /// Starts the listeners of whoever has an address, if they do not run yet.
    pub fn wake(&mut self, address: IpAddr) {
        if !self.assumes {
            return;
        }
        let owners: Vec<(NodeId, Listening)> = self
            .index
            .owners(address)
            .iter()
            .filter_map(|owner| {
                let instance = owner.instance.as_ref()?;
                let node = self.simulation.host_of(instance)?;
                let world = self.simulation.world();
                let (listening, _) = listening_of(world, &owner.scope, instance, &self.listeners, &self.evidence);
                Some((node, listening))
            })
            .collect();
        for (node, listening) in owners {
            self.listen(node, &listening.tcp);
        }
        if let Some((region, name)) = self.index.service(address).cloned() {
            self.wake_service(&region, &name, address);
        }
        if let Some(node) = self.internet_host(address) {
            let (listening, _) = internet_host(address, &self.listeners, &self.evidence);
            self.listen(node, &listening.tcp);
        }
    }

    fn wake_service(&mut self, region: &RegionName, name: &ServiceName, address: IpAddr) {
        let Some(node) = self.simulation.network().service_of(region, name) else { return };
        let (listening, changes) = self.evidence.mend(&[address], &self.listeners.services);
        self.learned.extend(changes);
        self.listen(node, &listening.tcp);
    }

    fn listen(&mut self, node: NodeId, ports: &BTreeSet<u16>) {
        let running = self.started.entry(node).or_default();
        let new: Vec<u16> = ports.iter().copied().filter(|port| running.insert(*port)).collect();
        if new.is_empty() {
            return;
        }
        self.simulation.network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
            for port in new {
                host.run(None, out, move |net| serve(net, port));
            }
        });
    }
}

/// A front end of S3 that lets a connection wait for a day, so that what ends it is the network.
fn patient() -> FrontSettings {
    let day = Duration::from_secs(86_400);
    FrontSettings { idle_timeout: day, body_timeout: day, ..FrontSettings::default() }
}

/// The most connections that wait at an assumed listener; each is taken and let go at once.
const BACKLOG: usize = 1_024;

/// A listener that lets every connection go when its peer does.
async fn serve(net: Net, port: u16) {
    // The port is taken only by a program of the world's own, which then is the listener.
    let Ok(listener) = net.listen(port, BACKLOG) else { return };
    while let Ok(stream) = listener.accept().await {
        net.spawn(async move {
            let mut buffer = [0; 1_024];
            while stream.read(&mut buffer).await.is_ok_and(|count| 0 < count) {}
        });
    }
}

const fn unknown(state: PortState) -> Unknown {
    match state {
        PortState::Open | PortState::Closed => Unknown::Rst,
        PortState::Silent => Unknown::Drop,
    }
}

/// What is assumed of an instance: by one of its ids or addresses, else like all.
fn listening_of(
    world: &World,
    scope: &crate::control_plane::Scope,
    instance: &InstanceId,
    listeners: &ListenerAssumptions,
    evidence: &Evidence,
) -> (Listening, Vec<String>) {
    let region = world.region(scope);
    let record = region.and_then(|region| region.instances().get(instance));
    let ids = record.into_iter().flat_map(|record| record.interfaces.values());
    let interfaces: Vec<_> = ids.filter_map(|id| region?.network_interfaces().get(id)).collect();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for interface in &interfaces {
        addresses.extend(interface.addresses());
        let public = interface.private_addresses.iter().filter_map(|own| own.association.as_ref());
        addresses.extend(public.map(|association| IpAddr::V4(association.public_ip)));
    }
    let by_instance = listeners.hosts.get(&HostKey::Instance(instance.clone()));
    let by_interface = || interfaces.iter().find_map(|own| listeners.hosts.get(&HostKey::Interface(own.id.clone())));
    let by_address = || addresses.iter().find_map(|address| listeners.hosts.get(&HostKey::Address(*address)));
    let assumed = by_instance.or_else(by_interface).or_else(by_address).unwrap_or(&listeners.instances);
    evidence.mend(&addresses, assumed)
}

fn internet_host(address: IpAddr, listeners: &ListenerAssumptions, evidence: &Evidence) -> (Listening, Vec<String>) {
    let named = listeners.hosts.get(&HostKey::Address(address));
    evidence.mend(&[address], named.unwrap_or(&listeners.internet))
}
