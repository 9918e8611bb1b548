//! What a row of the timeline says: each happening in words an AWS engineer would use. Folds and writes nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::flows::{FlowId, Made, Open, landmark, path_text};
use super::happening::{Fate, Happening, View};
use super::words;
use crate::analysis::{Subject, rules_of_drop};
use crate::packet::FiveTuple;
use crate::trace::{
    Answer, Cause, CiteId, Component, ConnectionNote, DropReason, NodeId, ProgramId, ProgramKind, ProgramNote,
    RequestNote,
};

/// The region that was called US Standard.
const US_STANDARD: &str = "us-east-1";

/// How much a row wants to be seen.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As it should be.
    Plain,
    /// Somebody changed the world.
    Change,
    /// Something came about: a connection stands, a program is done.
    Good,
    /// Worth a look.
    Notable,
    /// A reset, a drop, a failure.
    Bad,
}

/// A row without its time.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) mark: Mark,
    pub(crate) who: String,
    pub(crate) text: String,
    /// Lines below, indented.
    pub(crate) below: Vec<String>,
}

impl Row {
    fn new(mark: Mark, who: impl Into<String>, text: impl Into<String>) -> Self {
        Self { mark, who: who.into(), text: text.into(), below: Vec::new() }
    }
}

/// The row of a happening; `None` for what people need not read.
pub(crate) fn row(view: &View<'_>, happening: &Happening<'_>) -> Option<Row> {
    match happening {
        Happening::Change { text, refused } => Some(change(text, *refused)),
        Happening::Connection { end, what, .. } => connection(view, end, what),
        Happening::Program { node, program, what } => self::program(view, *node, *program, what),
        Happening::Request { node, request } => Some(self::request(view, *node, request)),
        // Each translation is in the path and in what the far end sees.
        Happening::Translated { .. } => None,
        Happening::Path { flow, node, before, by, .. } => path(view, *flow, *node, before, *by),
        Happening::Seen { flow, node, before, after } => {
            let name = view.flows.flow(*flow)?.name(view.names);
            let rules = words::rules_text(&seen_rules(view, *node, before.src, after.src));
            let text = match (after.source(), before.source()) {
                (after, before) if after != before => {
                    format!("{name}: comes from {after} now, no longer from {before}{rules}")
                }
                _ => {
                    let (after, before) = (after.destination(), before.destination());
                    format!("{name}: is for {after} now, no longer for {before}{rules}")
                }
            };
            Some(Row::new(Mark::Notable, words::node_name(view.names, *node), text))
        }
        Happening::Retransmitted { flow, node, glimpse, .. } => {
            let name = view.flows.flow(*flow)?.name(view.names);
            let text = format!("{name}: sends {} again", glimpse.text());
            Some(Row::new(Mark::Notable, words::node_name(view.names, *node), text))
        }
        Happening::ResetSent { node, packet, tuple, flow, made } => {
            let who = words::node_name(view.names, *node);
            let to = words::address_name(view.names, tuple.dst);
            let text = match made {
                Some(made) => {
                    let of = flow_name(view, made.offender_flow.or(*flow), tuple);
                    let because = because(view, *node, made, tuple);
                    let by = words::cite_text(view.names.citations.get(made.by));
                    let by = by.map_or(String::new(), |by| format!(", by {by}"));
                    let rules = words::rules_text(&reset_rules(view, made.offender_flow));
                    format!("{of}: sends RST {packet} to {to}, because {because}{by}{rules}")
                }
                None => format!("{}: sends RST {packet} to {to} to end it", flow_name(view, *flow, tuple)),
            };
            Some(Row::new(Mark::Bad, who, text))
        }
        Happening::ResetEnded { node, packet, fate, made, flow, .. } => {
            let what = match fate {
                Fate::Ignored => "ignores RST, for its sequence number is not the one expected",
                Fate::NoConnection => "ignores RST, for it has no such connection any more",
                Fate::Arrived | Fate::Lost => return None,
            };
            let of = made.and_then(|made| made.offender_flow).or(*flow);
            let of = of.and_then(|of| view.flows.flow(of)).map(|flow| flow.name(view.names));
            let of = of.map_or(String::new(), |name| format!("{name}: "));
            let what = what.replace("RST", &format!("RST {packet}"));
            Some(Row::new(Mark::Notable, words::node_name(view.names, *node), format!("{of}{what}")))
        }
        Happening::Answered { node, tuple, made, .. } => {
            let of = flow_name(view, made.offender_flow, &tuple.reversed());
            let (kind, because) = (words::answer_kind(made.why), words::answer_sentence(made.why));
            let to = words::address_name(view.names, tuple.dst);
            let text = format!("{of}: sends {kind} to {to}, because {because}");
            Some(Row::new(Mark::Notable, words::node_name(view.names, *node), text))
        }
        Happening::Dropped { node, tuple, flow, glimpse, reason, by, .. } => {
            // What became of an RST is told by its end.
            if glimpse.is_reset() && Fate::of_drop(*reason) != Fate::Lost {
                return None;
            }
            let name = match (flow.and_then(|flow| view.flows.flow(flow)), tuple) {
                (Some(flow), _) => flow.name(view.names),
                (None, Some(tuple)) => words::tuple_name(view.names, tuple),
                (None, None) => "a packet".to_owned(),
            };
            let why = words::drop_text(view.names, *reason, *by);
            let rules = words::rules_text(&drop_rules(view, *node, (*reason, *by), *tuple, *flow));
            let text = format!("{name}: drops {}: {why}{rules}", glimpse.text());
            Some(Row::new(Mark::Bad, words::node_name(view.names, *node), text))
        }
    }
}

/// Why an RST was sent, as precisely as can be told.
fn because(view: &View<'_>, node: NodeId, made: &Made, tuple: &FiveTuple) -> String {
    if made.why != Answer::UnknownConnection {
        return words::answer_sentence(made.why).to_owned();
    }
    // A service tells its connections apart by what carried them, too.
    let is_service = view.names.directory.nodes.get(node.0 as usize).is_some_and(|i| i.component == Component::Service);
    let path = made.offender_flow.and_then(|flow| view.flows.flow(flow)).map(|flow| &flow.path[..]);
    let carrier = path.filter(|_| is_service).and_then(|path| landmark(view.names, path));
    let carrier = carrier.map_or(String::new(), |node| format!(" by {}", words::node_name(view.names, node)));
    format!("it has no connection with {}{carrier}", tuple.destination())
}

/// The rules that a change of the source shows, as a service sees it (R42).
pub(crate) fn seen_rules(view: &View<'_>, node: NodeId, before: IpAddr, after: IpAddr) -> Vec<&'static str> {
    let is_service = view.names.directory.nodes.get(node.0 as usize).is_some_and(|i| i.component == Component::Service);
    let is_private = |address| matches!(address, IpAddr::V4(address) if address.is_private());
    if is_service && is_private(before) != is_private(after) { vec!["R42"] } else { Vec::new() }
}

/// The rules that a drop shows beside those of what decided it.
pub(crate) fn drop_rules(
    view: &View<'_>,
    node: NodeId,
    (reason, by): (DropReason, CiteId),
    tuple: Option<FiveTuple>,
    flow: Option<FlowId>,
) -> Vec<&'static str> {
    let Some(tuple) = tuple else { return Vec::new() };
    let directory = &view.names.directory;
    let service = directory.service(tuple.dst).or_else(|| directory.service(tuple.src));
    let region_of_service = service.and_then(|front| directory.region(front));
    let of_other_region = directory.region(node).is_some_and(|own| region_of_service.is_some_and(|other| other != own));
    let is_router =
        |node: &NodeId| directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::Vpc);
    let path = flow.and_then(|flow| view.flows.flow(flow)).map(|flow| &flow.path[..]);
    let in_vpc = path.is_some_and(|path| path.iter().any(is_router));
    let subject = Subject { service: service.is_some(), of_other_region, in_vpc, v6: tuple.dst.is_ipv6() };
    let cited = &view.names.citations.get(by).rules;
    let mut rules = rules_of_drop(reason, subject);
    rules.retain(|rule| !cited.contains(rule));
    rules
}

/// The rules that an RST shows: a connection whose packets were led another way while it was open (R43).
pub(crate) fn reset_rules(view: &View<'_>, flow: Option<FlowId>) -> Vec<&'static str> {
    let switched = flow.and_then(|flow| view.flows.flow(flow)).is_some_and(|flow| flow.is_switched(view.names));
    if switched { vec!["R43"] } else { Vec::new() }
}

fn flow_name(view: &View<'_>, flow: Option<FlowId>, tuple: &FiveTuple) -> String {
    match flow.and_then(|flow| view.flows.flow(flow)) {
        Some(flow) => flow.name(view.names),
        None => words::tuple_name(view.names, tuple),
    }
}

fn connection(view: &View<'_>, end: &Open, what: &ConnectionNote) -> Option<Row> {
    let who = words::node_name(view.names, end.node);
    let label = &end.label;
    let row = |mark, text: String| Some(Row::new(mark, who.clone(), format!("{label}: {text}")));
    match what {
        ConnectionNote::Opening => {
            let (from, to) = (end.tuple.source(), end.tuple.destination());
            row(Mark::Plain, format!("opens, from {from} to {to}"))
        }
        // The other end tells of it.
        ConnectionNote::Accepting | ConnectionNote::PeerClosed => None,
        ConnectionNote::Established if end.opener => Some(established(view, end, who.clone())),
        ConnectionNote::Established => None,
        ConnectionNote::Reset { by } => {
            let rules = words::rules_text(&reset_rules(view, end.flow));
            row(Mark::Bad, format!("reset by RST {by}{}{rules}", lived(view, end)))
        }
        ConnectionNote::Refused { by } => row(Mark::Bad, format!("refused by RST {by}")),
        ConnectionNote::TimedOut => row(Mark::Bad, format!("timed out: nobody answered{}", lived(view, end))),
        ConnectionNote::Unreachable { error, from } => {
            let from = view.names.directory.address(*from);
            row(Mark::Bad, format!("cannot be opened: {} says {}", from, words::icmp_text(*error)))
        }
        ConnectionNote::SoftError { error, from } => {
            let from = view.names.directory.address(*from);
            row(Mark::Notable, format!("{} says {}; the connection goes on", from, words::icmp_text(*error)))
        }
        ConnectionNote::PathMtu { mtu } => row(Mark::Notable, format!("sends packets of at most {mtu} bytes now")),
        // One row for both ends, told by the one that opened it while that is there to tell.
        ConnectionNote::Closed if end.opener || (end.peer.is_none() && !end.peer_told) => {
            row(Mark::Plain, format!("closed{}", lived(view, end)))
        }
        ConnectionNote::Closed => None,
        ConnectionNote::Aborted => row(Mark::Bad, format!("aborted by its own program{}", lived(view, end))),
        ConnectionNote::Vanished => {
            row(Mark::Bad, format!("gone with its machine, without a packet{}", lived(view, end)))
        }
    }
}

/// ` after 5 s`, behind the end of a connection that stood.
fn lived(view: &View<'_>, end: &Open) -> String {
    match end.established_at {
        Some(_) => format!(" after {}", words::length_text(view.at.since(end.opened_at))),
        None => String::new(),
    }
}

fn established(view: &View<'_>, end: &Open, who: String) -> Row {
    let took = words::length_text(view.at.since(end.opened_at));
    let flow = end.flow.and_then(|flow| view.flows.flow(flow));
    let by = flow.map_or(String::new(), |flow| {
        // What goes by an endpoint does not leave Amazon's network.
        let is_endpoint = |node: &NodeId| {
            view.names.directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::VpcEndpoint)
        };
        let rules = if flow.path.iter().any(is_endpoint) { words::rules_text(&["R54"]) } else { String::new() };
        format!(" by {}{rules}", path_text(view.names, &flow.path))
    });
    let mut row = Row::new(Mark::Good, who, format!("{}: stands after {took}{by}", end.label));
    let Some(flow) = flow else { return row };
    let mut seen = BTreeSet::new();
    let routes = flow.routes.iter().filter(|route| seen.insert(**route));
    let routes: Vec<_> = routes.filter_map(|route| words::cite_text(view.names.citations.get(*route))).collect();
    if !routes.is_empty() {
        row.below.push(format!("by {}", routes.join("; ")));
    }
    if let Some((far, seen)) = flow.far.zip(flow.seen_as).filter(|(_, seen)| seen.source() != end.tuple.source()) {
        let named = view.names.directory.name(seen.src);
        let named = named.map_or(String::new(), |name| format!(" ({name})"));
        row.below.push(format!("{} sees it come from {}{named}", words::node_name(view.names, far), seen.source()));
    }
    row
}

fn path(view: &View<'_>, flow: FlowId, node: NodeId, before: &[NodeId], by: CiteId) -> Option<Row> {
    let flow = view.flows.flow(flow)?;
    let names = view.names;
    let kind = names.directory.nodes.get(node.0 as usize).map(|info| info.component);
    let device = match kind {
        Some(Component::VpcEndpoint) => "endpoint ",
        Some(Component::NatGateway) => "NAT gateway ",
        Some(Component::InternetGateway) => "internet gateway ",
        _ => "",
    };
    let instead = match landmark(names, before) {
        Some(old) if old != node => format!(", no longer by {}", words::node_name(names, old)),
        _ => String::new(),
    };
    let because = words::cite_text(names.citations.get(by));
    let text = format!("{}: now by {device}{}{instead}", flow.name(names), words::node_name(names, node));
    let mut row = Row::new(Mark::Notable, words::node_name(names, flow.origin), text);
    row.below.extend(because.map(|text| format!("because {text}")));
    Some(row)
}

fn program(view: &View<'_>, node: NodeId, program: ProgramId, what: &ProgramNote) -> Option<Row> {
    let who = words::node_name(view.names, node);
    let info = view.names.directory.programs.get(program.0 as usize);
    let name = info.map_or_else(|| format!("program {}", program.0), |info| info.name.clone());
    let address = |address: &IpAddr| view.names.directory.address(*address);
    let row = |mark, text: String| Some(Row::new(mark, who.clone(), text));
    match what {
        ProgramNote::Started => {
            let what = info.map_or("", |info| &info.what);
            let what = if what.is_empty() { String::new() } else { format!(": {what}") };
            row(Mark::Plain, format!("{name} starts{what}"))
        }
        ProgramNote::Resolved { name: asked, addresses } if addresses.is_empty() => {
            row(Mark::Notable, format!("{name}: {asked} has no address"))
        }
        ProgramNote::Resolved { name: asked, addresses } => {
            let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            let rules = words::rules_text(&name_rules(view, asked, addresses));
            row(Mark::Plain, format!("{name}: {asked} is {}{rules}", all.join(", ")))
        }
        // Progress is for triggers; the transfer is folded into the connection's rows.
        ProgramNote::Flow { .. } | ProgramNote::Sent { .. } | ProgramNote::Received { .. } => None,
        ProgramNote::Request { what } => row(Mark::Plain, format!("{name} asks {what}")),
        ProgramNote::Response { status, what } => {
            let mark = if *status < 400 { Mark::Plain } else { Mark::Bad };
            let status = if *status == 0 { String::new() } else { format!("{status} ") };
            row(mark, format!("{name} is answered {status}{what}"))
        }
        ProgramNote::Reply { from, sequence, ttl, after, bytes, error: None } => {
            let (from, after) = (address(from), words::length_text(*after));
            row(Mark::Plain, format!("{name}: {bytes} bytes from {from}: seq={sequence} ttl={ttl} time={after}"))
        }
        ProgramNote::Reply { from, sequence, after, error: Some(error), .. } => {
            let (from, after) = (address(from), words::length_text(*after));
            row(Mark::Plain, format!("{name}: {sequence}  {from}  {after}  {}", words::icmp_text(*error)))
        }
        ProgramNote::Retrying { attempt, after, because, cause } => {
            let after = words::length_text(*after);
            let rules = words::rules_text(reconnect_rules(view, program, *cause));
            row(Mark::Notable, format!("{name} tries again in {after}, attempt {attempt}, because {because}{rules}"))
        }
        ProgramNote::Idle { length } => row(Mark::Plain, format!("{name} is idle for {}", words::length_text(*length))),
        ProgramNote::Said(text) => row(Mark::Plain, format!("{name}: {text}")),
        ProgramNote::Completed { what } => row(Mark::Good, format!("{name} completes: {what}")),
        ProgramNote::Failed { error, cause } => {
            let rules = words::rules_text(reconnect_rules(view, program, *cause));
            row(Mark::Bad, format!("{name} fails: {error}{rules}"))
        }
    }
}

/// The rules that a name of S3 shows: it goes on being used (R40), with the region in it (R49), which decides what it
/// leads to where there are several (R50), or as US Standard's (R51).
fn name_rules(view: &View<'_>, name: &str, addresses: &[IpAddr]) -> Vec<&'static str> {
    let directory = &view.names.directory;
    let Some(front) = addresses.iter().find_map(|address| directory.service(*address)) else { return Vec::new() };
    let Some(head) = name.strip_suffix(".amazonaws.com") else { return Vec::new() };
    let several = directory.regions.values().any(|region| Some(&region[..]) != directory.region(front));
    match head.rsplit('.').next().unwrap_or_default() {
        "s3" if directory.region(front) == Some(US_STANDARD) => vec!["R40", "R51"],
        "s3" => vec!["R40"],
        last if last.starts_with("s3-") || head.contains("s3.") => {
            if several {
                vec!["R40", "R49", "R50"]
            } else {
                vec!["R40", "R49"]
            }
        }
        _ => Vec::new(),
    }
}

/// What a client of S3 does about a connection that a switch broke shows whether it reconnects by itself (R44).
fn reconnect_rules(view: &View<'_>, program: ProgramId, cause: Option<Cause>) -> &'static [&'static str] {
    let info = view.names.directory.programs.get(program.0 as usize);
    let of_s3 = info.is_some_and(|info| info.kind == ProgramKind::S3);
    let switched = cause == Some(Cause::Reset) && view.flows.lost_by_a_switch(program);
    if of_s3 && switched { &["R44"] } else { &[] }
}

fn change(text: &str, refused: Option<&str>) -> Row {
    let (mut texts, mut whys) = (text.lines(), refused.unwrap_or("").lines());
    let first = texts.next().unwrap_or_default();
    let mut row = match refused {
        None => Row::new(Mark::Change, "control", first),
        Some(_) => Row::new(Mark::Bad, "control", format!("{first} is refused: {}", whys.next().unwrap_or_default())),
    };
    row.below.extend(texts.chain(whys).map(str::to_owned));
    row
}

fn request(view: &View<'_>, node: NodeId, request: &RequestNote) -> Row {
    let mark = if request.status < 400 { Mark::Plain } else { Mark::Bad };
    let object = match (&request.bucket[..], &request.key[..]) {
        ("-", "-") => String::new(),
        (bucket, "-") => format!(" {bucket}"),
        ("-", key) => format!(" {key}"),
        (bucket, key) => format!(" {bucket}/{key}"),
    };
    let name = |id: &str| view.names.directory.name_of(id).to_owned();
    let error = if request.error.is_empty() { String::new() } else { format!(" {}", request.error) };
    let by = match (&request.endpoint, &request.vpc) {
        (Some(endpoint), Some(vpc)) => format!(" by {} of {}", name(endpoint), name(vpc)),
        (Some(endpoint), None) => format!(" by {}", name(endpoint)),
        (None, _) => String::new(),
    };
    let mut sizes = Vec::new();
    for (bytes, way) in [(request.bytes_received, "in"), (request.bytes_sent, "out")] {
        if 0 < bytes {
            sizes.push(format!(", {} {way}", words::bytes_text(bytes)));
        }
    }
    let from = std::net::SocketAddr::new(request.source, request.source_port);
    let text =
        format!("log: {}{object} {}{error} from {from}{by}{}", request.operation, request.status, sizes.concat());
    let mut row = Row::new(mark, words::node_name(view.names, node), text);
    for (index, line) in request.because.lines().enumerate() {
        row.below.push(if index == 0 { format!("because {line}") } else { line.to_owned() });
    }
    row
}
