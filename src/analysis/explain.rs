//! A question explained by tables and confirmed by packets. Where the two differ, the difference is a defect of ours, and
//! said.

use std::net::IpAddr;

use super::path::{Explanation, Outcome, Traffic, is_gateway};
use super::probe::{Prober, Question, Reply, Trail};
use super::tables::Tables;
use crate::trace::{Absorbed, Answer, Component, Directory, Disposition, DropReason, Step};

/// A question with its answers by tables and by packets.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What the tables say.
    pub explanation: Explanation,
    /// What the packets did; `None` where the machine that asks does not run, or nothing is there that could send.
    pub reply: Option<Reply>,
    /// Where the two differ.
    pub disagreement: Option<Disagreement>,
    /// What kept the packets from passing that no table knows of, and where: a cut link, a full queue.
    pub passing: Option<(DropReason, String)>,
}

/// A difference between tables and packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What tables say.
    pub tables: Outcome,
    /// What packets say.
    pub packets: Outcome,
    /// The gateways on the way out, by tables and by packets, if those differ.
    pub gateways: Option<(Vec<String>, Vec<String>)>,
}

/// Explains a question by the records of the prober's world, and confirms it by packets.
///
/// # Errors
/// Why nobody can ask from there.
pub fn explain(prober: &mut Prober, from: IpAddr, to: IpAddr, traffic: Traffic) -> Result<Explained, String> {
    // Where no machine runs, tables still say what is in the way.
    let reply = prober.machine(from).ok().map(|(node, source)| {
        let question = Question { from, to, traffic };
        prober.ask_from(node, source, &question)
    });
    let mut options = prober.stage().table_options();
    let directory = prober.stage().simulation().directory().clone();
    if let Some(reply) = &reply {
        // The ports are the packets' own, so that a filter which tells ports apart says the same of both.
        if let Some(tuple) = reply.trails.first().and_then(|trail| trail.tuple) {
            options.source_port = tuple.src_port;
        }
        options.nat_port = nat_port(reply, &directory).unwrap_or(options.source_port);
    }
    let world = prober.stage().simulation().world();
    let tables = Tables::new(world, options);
    let source = tables.source(from)?;
    let explanation =
        tables.explain(&source, to, traffic).ok_or_else(|| format!("no instance of this world has {from}"))?;
    let disagreement = reply.as_ref().and_then(|reply| compare(&explanation, reply, &directory));
    let passing = reply.as_ref().and_then(|reply| passing(reply, &directory));
    Ok(Explained { explanation, reply, disagreement, passing })
}

/// The port that the first NAT gateway or NAT instance on the way gave.
fn nat_port(reply: &Reply, directory: &Directory) -> Option<u16> {
    let steps = reply.trails.first()?.journey.steps();
    steps.into_iter().find_map(|(node, step)| match step {
        Step::Translated { after, .. } => {
            let nat = matches!(component(directory, node), Some(Component::NatGateway | Component::Instance));
            nat.then_some(after.src_port)
        }
        _ => None,
    })
}

fn component(directory: &Directory, node: crate::trace::NodeId) -> Option<Component> {
    directory.nodes.get(node.0 as usize).map(|info| info.component)
}

fn compare(explanation: &Explanation, reply: &Reply, directory: &Directory) -> Option<Disagreement> {
    let tables = explanation.outcome();
    let packets = packet_outcome(reply);
    let unknown = matches!((&tables, &packets), (Outcome::Unknown(_), _) | (_, Outcome::Unknown(_)));
    let comparable = !unknown && passing(reply, directory).is_none() && !is_answered_by_icmp(explanation, reply);
    // A machine that stays silent has the question all the same, which is more than tables may say.
    let silent = reply.trails.first().is_some_and(|question| ended(question).is_none() && arrived(question));
    let differ = (comparable && tables != packets) || (silent && matches!(tables, Outcome::BlockedOut(_)));
    let by_tables: Vec<String> = explanation.out.gateways().map(str::to_owned).collect();
    let by_packets: Vec<String> = reply
        .trails
        .first()
        .into_iter()
        .flat_map(|trail| trail.journey.nodes())
        .filter_map(|node| directory.nodes.get(node.0 as usize))
        .filter(|info| is_gateway(info.component))
        .map(|info| info.id.clone())
        .collect();
    // Tables go on behind what blocks; packets do not. In a circle the two stop at different turns of it.
    let circles = tables == Outcome::BlockedOut(DropReason::ForwardingLoop);
    let gateways_differ = comparable && !circles && !by_tables.starts_with(&by_packets);
    let gateways = gateways_differ.then_some((by_tables, by_packets));
    (differ || gateways.is_some()).then_some(Disagreement { tables, packets, gateways })
}

/// What ended one of the packets by the state of the moment, and where.
fn passing(reply: &Reply, directory: &Directory) -> Option<(DropReason, String)> {
    reply.trails.iter().flat_map(|trail| trail.journey.steps()).find_map(|(node, step)| match step {
        Step::Dropped { reason, .. } if is_passing(*reason) => Some((*reason, directory.node(node).to_owned())),
        _ => None,
    })
}

/// Whether a reason is no matter of records: links, queues, memory.
const fn is_passing(reason: DropReason) -> bool {
    matches!(
        reason,
        DropReason::LinkDown
            | DropReason::Lost
            | DropReason::QueueFull
            | DropReason::BacklogFull
            | DropReason::ConntrackFull
            | DropReason::NatPortsExhausted
            | DropReason::HostLimit
    )
}

/// Whether a datagram is answered by an ICMP error, whose way back is not that of a datagram.
fn is_answered_by_icmp(explanation: &Explanation, reply: &Reply) -> bool {
    let udp = matches!(explanation.header.traffic, Traffic::Udp(_));
    let answer = reply.trails.first().and_then(|question| answer_of(question, &reply.trails));
    udp && answer.and_then(|answer| answer.tuple).is_some_and(|tuple| tuple.protocol.is_icmp())
}

/// What the packets of a probe came to.
pub(super) fn packet_outcome(reply: &Reply) -> Outcome {
    let Some(question) = reply.trails.first() else {
        return Outcome::Unknown("no packet was sent".to_owned());
    };
    if let Some(reason) = ended(question) {
        return match reason {
            DropReason::NotModeled => Outcome::Unknown(reason.sentence().to_owned()),
            reason => Outcome::BlockedOut(reason),
        };
    }
    if !arrived(question) {
        return Outcome::Unknown("the question is still under way".to_owned());
    }
    let Some(answer) = answer_of(question, &reply.trails) else {
        return Outcome::Unknown("the machine stays silent".to_owned());
    };
    match ended(answer) {
        Some(DropReason::NotModeled) => Outcome::Unknown(DropReason::NotModeled.sentence().to_owned()),
        Some(reason) => Outcome::BlockedBack(reason),
        None => Outcome::Reaches,
    }
}

/// Why a packet did not arrive; a machine that has it and stays silent has it.
fn ended(trail: &Trail) -> Option<DropReason> {
    // A NAT gateway answers what it has no mapping for with a reset of its own.
    let refused = trail
        .journey
        .steps()
        .any(|(_, step)| matches!(step, Step::Answered { why: Answer::NatNoMapping | Answer::NatInstanceForgot, .. }));
    if refused {
        return Some(DropReason::NatNoMapping);
    }
    match trail.journey.disposition() {
        Disposition::Dropped { reason: DropReason::PortFiltered | DropReason::UnknownConnection, .. } => None,
        Disposition::Dropped { reason, .. } => Some(reason),
        Disposition::Delivered | Disposition::Absorbed(_) | Disposition::Fragmented | Disposition::InFlight => None,
    }
}

fn arrived(trail: &Trail) -> bool {
    matches!(
        trail.journey.disposition(),
        Disposition::Delivered | Disposition::Absorbed(Absorbed::Answered) | Disposition::Dropped { .. }
    )
}

/// The packet that the machine made of a question: the one it names as its answer, else the next one made there.
fn answer_of<'a>(question: &Trail, trails: &'a [Trail]) -> Option<&'a Trail> {
    let named = question.journey.steps().find_map(|(_, step)| match step {
        Step::Answered { with, .. } => Some(*with),
        _ => None,
    });
    let end = question.journey.hops().last().map(|hop| hop.node)?;
    // The question as it arrived: an answer to an earlier one may still be tried again from the same machine.
    let translated = question.journey.steps().filter_map(|(_, step)| match step {
        Step::Translated { after, .. } => Some(*after),
        _ => None,
    });
    let as_it_arrived = translated.last().or(question.tuple)?;
    let at_end = |trail: &&Trail| {
        trail.journey.hops().first().is_some_and(|hop| hop.node == end) && trail.tuple == Some(as_it_arrived.reversed())
    };
    let mut others = trails.iter().skip(1);
    match named {
        Some(id) => trails.iter().find(|trail| trail.journey.packet() == id),
        None => others.find(at_end),
    }
}
