//! Single probes by real packets: a half-open SYN scan, a ping, a datagram, with what came back and every packet's
//! journey. Scores nothing.

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::addresses::{AddressIndex, Owner};
use super::path::{Outcome, Traffic};
use super::question_log::{Asked, QuestionLog};
use super::stage::Stage;
use super::tables::{Known, Tables};
use crate::control_plane::{InterfaceType, NameServer};
use crate::host::{Host, NetError, Probe as Packet, ProbeAnswer, ProbeKind, ProbeReply};
use crate::import::{PortState, Saw};
use crate::packet::{FiveTuple, IcmpError, Protocol};
use crate::trace::{Disposition, DropReason, Journey, Names, NodeId};

/// A probe: from where, to where, how.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The probing machine: an address of an instance, private or public, or of the internet.
    pub from: IpAddr,
    /// The probed address.
    pub to: IpAddr,
    /// How it is probed: by a SYN, a datagram or an echo request.
    pub traffic: Traffic,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {} {}", self.from, self.to, self.traffic)
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
    /// How long the answer took, if one came.
    pub after: Option<Duration>,
    /// All packets, in the order in which they were made; the question first.
    pub trails: Vec<Trail>,
}

/// Asks one question after the other of one stage.
pub struct Prober {
    stage: Stage,
    /// Tells the echoes of one probe from those of another.
    asked: u16,
    gaps: Gaps,
}

/// What tables are asked besides packets, where something of the world decides in a way that nobody told.
enum Gaps {
    /// Nobody has looked since the stage was made, or could have changed.
    Unread,
    None,
    Some(Box<Known>),
}

/// How long a prober waits for an answer; no path of a world is longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How far a running world is advanced before the prober looks whether its answer has come.
const LOOK: Duration = Duration::from_millis(100);
/// How long after an answer the last packets of a question end: the reset that follows a SYN-ACK.
const LINGER: Duration = Duration::from_secs(1);
/// The most packets of one probe whose journeys are kept: a probe, its answer, and what boxes say about them.
const PACKETS_MAX: usize = 256;
/// The payload of Linux's ping, and of a datagram.
const PROBE_BYTES: usize = 56;
/// Where the identifiers of echoes begin, away from those of a running world's own programs.
const IDENTIFIER: u16 = 0x6000;

impl Prober {
    /// Probes on a stage.
    pub fn new(stage: Stage) -> Self {
        Self { stage, asked: IDENTIFIER, gaps: Gaps::Unread }
    }

    /// The stage, to look at or to change.
    pub fn stage(&mut self) -> &mut Stage {
        self.gaps = Gaps::Unread;
        &mut self.stage
    }

    /// Whose addresses are whose.
    pub fn index(&self) -> &AddressIndex {
        self.stage.index()
    }

    /// What journeys' handles stand for.
    pub fn names(&mut self) -> Names {
        let mut names = Names::default();
        let simulation = self.stage.simulation();
        names.learn(simulation.citations(), simulation.directory());
        names
    }

    /// Looks a name up as the machine of an address does, by packets.
    ///
    /// # Errors
    /// Why nobody can ask from there, or what the machine would read.
    pub fn look_up(&mut self, from: IpAddr, name: &str) -> Result<Vec<IpAddr>, String> {
        let (node, _) = self.machine(from)?;
        self.stage.simulation().look_up(node, name)
    }

    /// Why the machine of an address finds no names, if its VPC is the cause (R27).
    pub fn names_are_off(&mut self, from: IpAddr) -> Option<String> {
        let owner = self.stage.index().owners(from).iter().find(|owner| owner.instance.is_some()).cloned()?;
        let world = self.stage.simulation().world();
        let vpc = world.region(&owner.scope)?.vpcs().get(&owner.vpc)?;
        let name = vpc.tags.name.as_deref().unwrap_or(vpc.id.as_str());
        (!vpc.enable_dns_support).then(|| format!("DNS resolution is off in VPC {name} [R27]"))
    }

    /// Why tables cannot tell what becomes of a question, where something of the world decides in a way that nobody told.
    fn tables_cannot_tell(&mut self, question: &Question) -> Option<String> {
        let gaps = std::mem::replace(&mut self.gaps, Gaps::None);
        let options = || self.stage.has_gaps().then(|| self.stage.table_options());
        let (options, known) = match gaps {
            Gaps::Unread => (options(), None),
            Gaps::None => return None,
            Gaps::Some(known) => (None, Some(known)),
        };
        let world = self.stage.simulation().world();
        let tables = match (options, known) {
            (_, Some(known)) => Tables::of_known(world, *known),
            (Some(options), None) => Tables::new(world, options),
            (None, None) => return None,
        };
        let explained = tables.source(question.from).ok().and_then(|source| {
            let explanation = tables.explain(&source, question.to, question.traffic)?;
            Some(explanation.outcome())
        });
        self.gaps = Gaps::Some(Box::new(tables.into_known()));
        match explained? {
            Outcome::Unknown(why) => Some(why),
            Outcome::Reaches | Outcome::BlockedOut(_) | Outcome::BlockedBack(_) => None,
        }
    }

    /// The DNS servers that the machine of an address asks, where they are not AWS's.
    pub fn own_name_servers(&mut self, from: IpAddr) -> Option<String> {
        let owner = self.stage.index().owners(from).iter().find(|owner| owner.instance.is_some()).cloned()?;
        let region = self.stage.simulation().world().region(&owner.scope)?;
        let options = region.dhcp_options().get(region.vpcs().get(&owner.vpc)?.dhcp_options_id.as_ref()?)?;
        let own = options.domain_name_servers.iter().filter_map(|server| match server {
            NameServer::AmazonProvidedDns => None,
            NameServer::Address(address) => Some(address.to_string()),
        });
        let own: Vec<String> = own.collect();
        (!own.is_empty()).then(|| own.join(", "))
    }

    /// Sends one probe and waits for what comes back.
    pub fn ask(&mut self, question: &Question) -> Reply {
        match self.machine(question.from) {
            Ok((node, source)) => self.ask_from(node, source, question),
            Err(why) => Reply { saw: Err(why), ttl: None, after: None, trails: Vec::new() },
        }
    }

    /// Sends one probe from a machine and waits for what comes back.
    pub(super) fn ask_from(&mut self, node: NodeId, source: IpAddr, question: &Question) -> Reply {
        self.stage.wake(question.to);
        let (answer, trails) = self.send(node, source, question);
        let nobody_knows = |why: String, trails| Reply { saw: Err(why), ttl: None, after: None, trails };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return nobody_knows(format!("the probe could not be sent: {error}"), trails),
        };
        if let Some(why) = trails.iter().find_map(|trail| self.cannot_tell(question, &trail.journey)) {
            return nobody_knows(why, trails);
        }
        if let Some(why) = self.tables_cannot_tell(question) {
            return nobody_knows(why, trails);
        }
        let (saw, ttl) = seen(question.traffic, answer.map(|answer| (answer.reply, answer.ttl)));
        Reply { saw: Ok(saw), ttl, after: answer.map(|answer| answer.after), trails }
    }

    /// The machine that has an address, and the address that it knows itself by.
    pub(super) fn machine(&self, from: IpAddr) -> Result<(NodeId, IpAddr), String> {
        self.stage.asker(from)
    }

    fn send(&mut self, node: NodeId, source: IpAddr, question: &Question) -> (Sent, Vec<Trail>) {
        self.asked = self.asked.wrapping_add(1).max(IDENTIFIER);
        let icmp = if question.to.is_ipv4() { Protocol::ICMP } else { Protocol::ICMPV6 };
        let (kind, protocol, port) = match question.traffic {
            Traffic::Tcp(port) => (ProbeKind::Syn { port }, Protocol::TCP, port),
            Traffic::Udp(port) => (ProbeKind::Udp { port, bytes: PROBE_BYTES }, Protocol::UDP, port),
            Traffic::Ping => {
                let identifier = self.asked;
                (ProbeKind::Echo { identifier, sequence: 1, bytes: PROBE_BYTES }, icmp, identifier)
            }
        };
        let packet = Packet { from: Some(source), ..Packet::new(question.to, kind) };
        let asked = Asked { node, from: source, to: question.to, protocol, port };
        let mut log = QuestionLog::new(asked, PACKETS_MAX);
        let answer: Rc<RefCell<Option<Sent>>> = Rc::default();
        let told = Rc::clone(&answer);
        let simulation = self.stage.simulation();
        simulation.network_mut().engine.with::<Host, _>(node, &mut log, |host, out| {
            host.run(None, out, |net| async move {
                let result = net.probe(&packet, PATIENCE).await;
                *told.borrow_mut() = Some(result);
            });
        });
        // A quiet world leaps from event to event, so that the small stretches cost nothing.
        let deadline = simulation.now().after(PATIENCE + LINGER);
        while answer.borrow().is_none() && simulation.now() < deadline {
            simulation.run_until(simulation.now().after(LOOK).min(deadline), &mut log);
        }
        simulation.run_until(simulation.now().after(LINGER), &mut log);
        let journeys = log.log().journeys().filter_map(Result::ok);
        let trails = journeys.map(|journey| Trail { tuple: log.log().tuple(journey.packet()), journey }).collect();
        let answer = answer.borrow_mut().take().unwrap_or(Ok(None));
        (answer, trails)
    }

    /// Why nobody can tell what became of a packet: it went where nothing is modelled.
    fn cannot_tell(&mut self, question: &Question, journey: &Journey) -> Option<String> {
        let Disposition::Dropped { reason, by } = journey.disposition() else { return None };
        // No describe call tells what lies behind a virtual private gateway.
        let behind_gateway = reason == DropReason::VgwNoRoute && self.stage.assumes();
        if reason != DropReason::NotModeled && !behind_gateway {
            return None;
        }
        // What an interface endpoint answers at its own address is an assumption; silence is what the simulator can
        // show of it.
        let end = journey.hops().last().map(|hop| hop.node);
        let assumed = self.stage.interface_endpoints();
        let silent = match question.traffic {
            Traffic::Tcp(port) => assumed.port(port) == PortState::Silent,
            // Nothing is assumed of UDP.
            Traffic::Udp(_) => false,
            Traffic::Ping => !assumed.ping,
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

/// What came back to a packet that asks, or why it could not be sent.
type Sent = Result<Option<ProbeAnswer>, NetError>;

/// What a prober makes of an answer, in the words of nmap and ping.
fn seen(traffic: Traffic, answer: Option<(ProbeReply, u8)>) -> (Saw, Option<u8>) {
    match (traffic, answer) {
        (Traffic::Tcp(_), Some((ProbeReply::SynAck, _))) => (Saw::Open, None),
        (Traffic::Tcp(_), Some((ProbeReply::Reset, _))) => (Saw::Closed, None),
        (Traffic::Udp(_), Some((ProbeReply::Datagram, _))) => (Saw::Open, None),
        (Traffic::Udp(_), Some((ProbeReply::Error(IcmpError::PortUnreachable), _))) => (Saw::Closed, None),
        (Traffic::Tcp(_) | Traffic::Udp(_), Some(_) | None) => (Saw::Filtered, None),
        (Traffic::Ping, Some((ProbeReply::Echo, ttl))) => (Saw::Reply, Some(ttl)),
        (Traffic::Ping, Some(_) | None) => (Saw::Silence, None),
    }
}
