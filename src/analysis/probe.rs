//! Single probes by real packets: a half-open SYN scan and a ping, with what came back and every packet's journey.
//! Scores nothing.

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::addresses::Owner;
use super::stage::Stage;
use crate::control_plane::InterfaceType;
use crate::host::{Host, NetError, Probe as Packet, ProbeAnswer, ProbeKind, ProbeReply};
use crate::import::{PortState, Probe, Saw};
use crate::packet::FiveTuple;
use crate::trace::{Disposition, DropReason, Journey, JourneyLog, Names, NodeId};

/// A probe: from where, to where, how.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The probing machine: an address of an instance, private or public, or of the internet.
    pub from: IpAddr,
    /// The probed address.
    pub to: IpAddr,
    /// How it is probed.
    pub probe: Probe,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {} {}", self.from, self.to, self.probe)
    }
}

/// The journey of one packet of a probe or of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its tuple where it was made.
    pub tuple: Option<FiveTuple>,
    /// Its journey.
    pub journey: Journey,
}

/// What a probe came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the prober saw; `Err` says why nobody can tell.
    pub saw: Result<Saw, String>,
    /// The TTL of a ping's reply, as received.
    pub ttl: Option<u8>,
    /// All packets, in the order in which they were made.
    pub trails: Vec<Trail>,
}

/// Asks one question after the other of one stage.
pub struct Prober {
    stage: Stage,
    /// Tells the echoes of one probe from those of another.
    asked: u16,
}

/// How long a prober waits for an answer; no path of a world is longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most packets of one probe whose journeys are kept: a probe, its answer, and what boxes say about them.
const PACKETS_MAX: usize = 256;
/// The payload of Linux's ping.
const ECHO_BYTES: usize = 56;

impl Prober {
    /// Probes on a stage.
    pub fn new(stage: Stage) -> Self {
        Self { stage, asked: 0 }
    }

    /// The stage.
    pub fn stage(&mut self) -> &mut Stage {
        &mut self.stage
    }

    /// What journeys' handles stand for.
    pub fn names(&mut self) -> Names {
        let mut names = Names::default();
        let simulation = self.stage.simulation();
        names.learn(simulation.citations(), simulation.directory());
        names
    }

    /// Sends one probe and waits for what comes back.
    pub fn ask(&mut self, question: &Question) -> Reply {
        match self.machine(question.from) {
            Ok((node, source)) => self.ask_from(node, source, question),
            Err(why) => Reply { saw: Err(why), ttl: None, trails: Vec::new() },
        }
    }

    /// Sends one probe from a machine and waits for what comes back.
    pub(super) fn ask_from(&mut self, node: NodeId, source: IpAddr, question: &Question) -> Reply {
        self.stage.wake(question.to);
        let (answer, log) = self.send(node, source, question);
        let trails: Vec<Trail> = log
            .journeys()
            .filter_map(Result::ok)
            .map(|journey| Trail { tuple: log.tuple(journey.packet()), journey })
            .collect();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return Reply { saw: Err(format!("the probe could not be sent: {error}")), ttl: None, trails };
            }
        };
        if let Some(why) = trails.iter().find_map(|trail| self.cannot_tell(question, &trail.journey)) {
            return Reply { saw: Err(why), ttl: None, trails };
        }
        let (saw, ttl) = seen(question.probe, answer);
        Reply { saw: Ok(saw), ttl, trails }
    }

    /// The machine that has an address, and the address that it knows itself by.
    pub(super) fn machine(&self, from: IpAddr) -> Result<(NodeId, IpAddr), String> {
        if let Some(node) = self.stage.internet_host(from) {
            return Ok((node, from));
        }
        let owners: Vec<&Owner> =
            self.stage.index().owners(from).iter().filter(|owner| owner.instance.is_some()).collect();
        let owner = match owners.as_slice() {
            [owner] => *owner,
            [] => return Err(format!("no machine of this world has the address {from}")),
            [first, second, ..] => {
                return Err(format!(
                    "{from} is of {} and of {}: probe from a public address",
                    first.interface, second.interface
                ));
            }
        };
        let instance = owner.instance.as_ref().expect("only interfaces of instances are kept");
        let node = self.stage.machine(instance);
        node.map(|node| (node, owner.private)).ok_or_else(|| format!("{instance} does not run"))
    }

    fn send(
        &mut self,
        node: NodeId,
        source: IpAddr,
        question: &Question,
    ) -> (Result<Option<ProbeAnswer>, NetError>, JourneyLog) {
        self.asked = self.asked.wrapping_add(1);
        let kind = match question.probe {
            Probe::TcpSyn { port } => ProbeKind::Syn { port },
            Probe::Ping => ProbeKind::Echo { identifier: self.asked, sequence: 1, bytes: ECHO_BYTES },
        };
        let packet = Packet { from: Some(source), ..Packet::new(question.to, kind) };
        let mut log = JourneyLog::new(PACKETS_MAX);
        type Slot = RefCell<Option<Result<Option<ProbeAnswer>, NetError>>>;
        let answer: Rc<Slot> = Rc::default();
        let told = Rc::clone(&answer);
        let simulation = self.stage.simulation();
        simulation.network_mut().engine.with::<Host, _>(node, &mut log, |host, out| {
            host.run(None, out, |net| async move {
                let result = net.probe(&packet, PATIENCE).await;
                *told.borrow_mut() = Some(result);
            });
        });
        // One second more than the prober's patience lets the last packets end.
        let horizon = simulation.now().after(PATIENCE + Duration::from_secs(1));
        simulation.run_until(horizon, &mut log);
        let answer = answer.borrow_mut().take().unwrap_or(Ok(None));
        (answer, log)
    }

    /// Why nobody can tell what became of a packet: it went where nothing is modelled.
    fn cannot_tell(&mut self, question: &Question, journey: &Journey) -> Option<String> {
        let Disposition::Dropped { reason, by } = journey.disposition() else { return None };
        if !matches!(reason, DropReason::NotModeled | DropReason::VgwNoRoute) {
            return None;
        }
        // What an interface endpoint answers at its own address is an assumption; silence is what the simulator can
        // show of it.
        let end = journey.hops().last().map(|hop| hop.node);
        let assumed = self.stage.interface_endpoints();
        let silent = match question.probe {
            Probe::TcpSyn { port } => assumed.port(port) == PortState::Silent,
            Probe::Ping => !assumed.ping,
        };
        let endpoint = |owner: &Owner| owner.kind == InterfaceType::VpcEndpoint;
        let is_endpoint = {
            let interfaces: Vec<String> = self
                .stage
                .index()
                .owners(question.to)
                .iter()
                .filter(|owner| endpoint(owner))
                .map(|owner| owner.interface.to_string())
                .collect();
            let directory = self.stage.simulation().directory();
            end.and_then(|node| directory.nodes.get(node.0 as usize)).is_some_and(|info| interfaces.contains(&info.id))
        };
        if is_endpoint && silent {
            return None;
        }
        let cite = self.stage.simulation().citations().get(by).to_string();
        Some(format!("{}: {cite}", reason.sentence()))
    }
}

/// What a prober makes of an answer.
fn seen(probe: Probe, answer: Option<ProbeAnswer>) -> (Saw, Option<u8>) {
    match (probe, answer.map(|answer| (answer.reply, answer.ttl))) {
        (Probe::TcpSyn { .. }, Some((ProbeReply::SynAck, _))) => (Saw::Open, None),
        (Probe::TcpSyn { .. }, Some((ProbeReply::Reset, _))) => (Saw::Closed, None),
        (Probe::TcpSyn { .. }, Some((ProbeReply::Error(_) | ProbeReply::Echo | ProbeReply::Datagram, _)) | None) => {
            (Saw::Filtered, None)
        }
        (Probe::Ping, Some((ProbeReply::Echo, ttl))) => (Saw::Reply, Some(ttl)),
        (Probe::Ping, Some(_) | None) => (Saw::Silence, None),
    }
}
