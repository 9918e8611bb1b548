//! Expectations as data: what must come of a run, to be judged from its trace. Judges nothing.

use std::time::Duration;

use super::context::Cx;
use super::machine::unreachable_verb;
use super::program::{Machines, Program, target};
use super::timeline::{Due, StepLabels, rules};
use super::vocabulary::*;
use crate::analysis::Dollars;
use crate::base::Cidr;
use crate::control_plane::Destination;
use crate::notation::shape::{Key, Kind};
use crate::notation::{Node, Problem, Problems, Span, Value, View, decode};
use crate::service::spec::*;
use crate::trace::DropReason;

/// One thing that must come of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What must come.
    pub what: Expected,
    /// It in words, close to the text of the file.
    pub text: String,
    /// The rules that it shows.
    pub rules: Vec<String>,
    /// Whether it shows their opposite.
    pub twin: bool,
    /// Why it must be so, for the reader.
    pub because: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A stretch of the run, between steps of the timeline, by their places.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Only what happened after this step.
    pub after: Option<usize>,
    /// Only what happened before this step.
    pub before: Option<usize>,
}

/// When something must happen, counted from a step or from the start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The step from which time counts; the start of the world without one.
    pub of: Option<usize>,
    /// At the latest.
    pub within: Option<Duration>,
    /// At the earliest.
    pub not_before: Option<Duration>,
}

/// Why a program fails.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its connection was reset.
    Reset,
    /// Nobody listens there.
    Refused,
    /// Nobody answered for too long.
    TimedOut,
    /// The network said that it cannot be reached.
    Unreachable,
    /// The name does not resolve.
    Name,
    /// The peer closed too early.
    Closed,
    /// The service answered with an error.
    Http,
}

/// Who sent a reset.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ResetBy {
    /// The far end, which does not know the connection.
    Service,
    /// A NAT gateway that has no mapping for it.
    NatGateway,
    /// The program at the far end.
    Peer,
}

/// What must come of the run. Programs are named as in the scenario; a fleet's name means all of its programs.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Programs end as they should.
    Completes { programs: Vec<String>, timing: Timing, how: Completion },
    /// Programs end otherwise.
    Fails {
        programs: Vec<String>,
        timing: Timing,
        by: Option<Cause>,
        status: Option<u16>,
        code: Option<String>,
        saying: Option<String>,
    },
    /// Connections of programs are reset.
    IsReset {
        programs: Vec<String>,
        timing: Timing,
        by: Option<ResetBy>,
        times: Option<u32>,
        having_received: Option<u64>,
    },
    /// No connection of the programs is reset.
    IsNotReset { programs: Vec<String>, window: Window },
    /// A connection or attempt of programs times out.
    TimesOut { programs: Vec<String>, timing: Timing },
    /// An attempt of programs is refused.
    IsRefused { programs: Vec<String>, window: Window },
    /// Programs try again, so often, or at all.
    Retries { programs: Vec<String>, times: Option<u32> },
    /// The connection that a program has at a step lives on, for so long or to the end of the program.
    Survives { programs: Vec<String>, step: usize, by: Option<Duration> },
    /// A connection of programs is open at the end of the run, at their own or the named machine's side.
    StaysOpen { programs: Vec<String>, at: Option<String> },
    /// Every connection of the programs in the window crosses these devices.
    CarriedBy { programs: Vec<String>, devices: Vec<String>, window: Window },
    /// No packet of the programs in the window crosses any of these devices.
    NeverCrosses { programs: Vec<String>, devices: Vec<String>, window: Window },
    /// What pings and traceroutes hear.
    Hears {
        programs: Vec<String>,
        replies: Option<u32>,
        ttl: Option<u8>,
        from: Option<String>,
        hops: Option<Vec<String>>,
        round_trip: Option<Duration>,
    },
    /// How names resolve: to these addresses, blocks or services; to nothing, if the list is empty.
    Resolves { programs: Vec<String>, to: Option<Vec<String>>, window: Window },
    /// Packets of a program pass a point in this order.
    Exchanges { programs: Vec<String>, at: String, packets: Vec<PacketPattern>, exactly: bool, window: Window },
    /// Probes, which are programs of their own (by name), are answered, over these devices.
    Reaches { probes: Vec<String>, devices: Vec<String> },
    /// Probes are not answered.
    DoesNotReach { probes: Vec<String>, reason: Option<DropCode>, dropped_by: Option<String>, refused: bool },
    /// The access log of S3 has such a line, or has none.
    S3Sees { line: Box<LogLine>, never: bool },
    /// Packets are dropped for this reason.
    Drops { reason: DropCode, by: Option<String>, programs: Vec<String>, times: Option<u64>, window: Window },
    /// No packet is dropped, for this reason or for any.
    DropsNothing { reason: Option<DropCode>, programs: Vec<String>, window: Window },
    /// What a route table has and lacks at an instant; at the end unless said otherwise.
    RouteTable {
        table: String,
        has: Vec<(Destination, String)>,
        lacks: Vec<Destination>,
        blackhole: Vec<Destination>,
        at: Option<Duration>,
        window: Window,
    },
    /// So many bytes cross a device.
    Carries { device: String, at_least: Option<u64>, at_most: Option<u64>, window: Window },
    /// The bytes on a path cost so much, in millionths of a US dollar.
    Costs { path: String, at_least: Option<Dollars>, at_most: Option<Dollars> },
}

/// A reason for a drop, by its code: several reasons can share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropCode(pub String);

impl DropCode {
    /// Whether a reason has this code.
    pub fn fits(&self, reason: DropReason) -> bool {
        self.0 == reason.code()
    }
}

/// A packet as an expectation writes it: `> PA`, `< R`, `> S src 10.0.1.10`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketPattern {
    /// Whether it goes away from the program's host.
    pub outward: bool,
    /// TCP's flags in the order S A P F R, such as `PA`; `.` is a bare ACK. Empty for any packet.
    pub flags: String,
    /// Payload bytes, if they matter.
    pub payload: Option<u64>,
    /// The source, if it matters.
    pub source: Option<Cidr>,
    /// The source port, if it matters.
    pub source_port: Option<u16>,
    /// The destination, if it matters.
    pub destination: Option<Cidr>,
    /// The destination port, if it matters.
    pub destination_port: Option<u16>,
    /// As it is written.
    pub text: String,
}

/// How a program completes; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// Bytes of payload that it moved.
    pub bytes: Option<u64>,
    /// The HTTP status of its last answer.
    pub status: Option<u16>,
    /// How many attempts it took.
    pub attempts: Option<u32>,
    /// A part of what it has to show.
    pub saying: Option<String>,
}

/// What a line of S3's access log says; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogLine {
    /// Whose request it is.
    pub programs: Vec<String>,
    /// A block that holds the source address.
    pub source: Option<Cidr>,
    /// The endpoint it came through, by its name; the inner `None` is none.
    pub endpoint: Option<Option<String>>,
    /// The VPC of the endpoint, by its name; the inner `None` is none.
    pub vpc: Option<Option<String>>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The operation.
    pub operation: Option<String>,
    /// A part of the requester.
    pub requester: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The error code.
    pub code: Option<String>,
    /// A part of why it was denied.
    pub saying: Option<String>,
    /// How many such lines; at least one without it.
    pub times: Option<u64>,
    /// When.
    pub window: Window,
}

/// What reading expectations needs beside the context.
pub(super) struct Known<'a> {
    pub(super) machines: &'a Machines<'a>,
    pub(super) labels: &'a StepLabels,
    /// The names of all programs.
    pub(super) programs: &'a [String],
}

/// Reads an expectation. Probes that it needs are added to the programs.
pub(super) fn expectation(
    cx: &mut Cx<'_>,
    known: &Known<'_>,
    node: &Node,
    programs: &mut Vec<Program>,
) -> Option<Expectation> {
    let view = View::of(node, &EXPECTATION)?;
    let (key, entry) = view.verb()?;
    let Kind::Shape(shape) = key.kind else { return None };
    let inner = View::of(&entry.value, shape)?;
    let what = expected(cx, known, key, &inner, programs)?;
    Some(Expectation {
        what,
        text: in_words(key.name, &entry.value),
        rules: rules(&view),
        twin: view.boolean("twin").unwrap_or(false),
        because: view.string("because"),
        span: entry.key_span,
    })
}

fn expected(
    cx: &mut Cx<'_>,
    known: &Known<'_>,
    key: &Key,
    view: &View<'_>,
    out: &mut Vec<Program>,
) -> Option<Expected> {
    match key.name {
        "reaches" => {
            let probes = probes(cx, known, view, out)?;
            return Some(Expected::Reaches { probes, devices: devices(cx, known, view.items("by")) });
        }
        "does-not-reach" => {
            let probes = probes(cx, known, view, out)?;
            let reason = reason(cx, view.node("reason"));
            let dropped_by = view.node("dropped-by").and_then(|node| device(cx, known, node));
            let refused = view.boolean("refused").unwrap_or(false);
            return Some(Expected::DoesNotReach { probes, reason, dropped_by, refused });
        }
        "s3-sees" | "s3-never-sees" => {
            let line = Box::new(log_line(cx, known, view));
            return Some(Expected::S3Sees { line, never: key.name == "s3-never-sees" });
        }
        "drops" | "drops-nothing" | "route-table" | "carries" | "costs" => return of_network(cx, known, key, view),
        _ => {}
    }
    of_programs(cx, known, key, view)
}

fn of_programs(cx: &mut Cx<'_>, known: &Known<'_>, key: &Key, view: &View<'_>) -> Option<Expected> {
    let programs = program_names(cx, known, view.items("program"));
    let number = |key| view.integer(key).map(|number| number as u32);
    let status = || view.integer("status").map(|status| status as u16);
    Some(match key.name {
        "completes" => {
            let (bytes, attempts, saying) = (view.size("bytes"), number("attempts"), view.string("saying"));
            let how = Completion { bytes, status: status(), attempts, saying };
            Expected::Completes { programs, timing: timing(cx, known, view), how }
        }
        "fails" => Expected::Fails {
            programs,
            timing: timing(cx, known, view),
            by: view.text("by").and_then(cause),
            status: status(),
            code: view.string("code"),
            saying: view.string("saying"),
        },
        "is-reset" => Expected::IsReset {
            programs,
            timing: timing(cx, known, view),
            by: view.text("by").map(|by| match by {
                "nat-gateway" => ResetBy::NatGateway,
                "peer" => ResetBy::Peer,
                _ => ResetBy::Service,
            }),
            times: number("times"),
            having_received: view.size("having-received"),
        },
        "is-not-reset" => Expected::IsNotReset { programs, window: window(cx, known, view) },
        "times-out" => Expected::TimesOut { programs, timing: timing(cx, known, view) },
        "is-refused" => Expected::IsRefused { programs, window: window(cx, known, view) },
        "retries" => Expected::Retries { programs, times: number("times") },
        "survives" => {
            let step = known.labels.find(view.node("step")?, cx.problems)?;
            Expected::Survives { programs, step, by: view.duration("by") }
        }
        "stays-open" => {
            let at = view.node("at").and_then(|node| device(cx, known, node));
            Expected::StaysOpen { programs, at }
        }
        "is-carried-by" => {
            let devices = devices(cx, known, view.items("by"));
            Expected::CarriedBy { programs, devices, window: window(cx, known, view) }
        }
        "never-crosses" => {
            let devices = devices(cx, known, view.items("by"));
            Expected::NeverCrosses { programs, devices, window: window(cx, known, view) }
        }
        "hears" => Expected::Hears {
            programs,
            replies: number("replies"),
            ttl: view.integer("ttl").map(|ttl| ttl as u8),
            from: view.string("from"),
            hops: view.has("hops").then(|| texts(view.items("hops"))),
            round_trip: view.duration("round-trip"),
        },
        "resolves" => {
            let to = view.has("to").then(|| texts(view.items("to")));
            let to = to.map(|list| if list == ["nothing"] { Vec::new() } else { list });
            Expected::Resolves { programs, to, window: window(cx, known, view) }
        }
        "exchanges" => {
            let packets = view.items("packets").into_iter().filter_map(|node| pattern(cx, node)).collect();
            let at = view.node("at").and_then(|node| device(cx, known, node))?;
            let exactly = view.boolean("exactly").unwrap_or(false);
            Expected::Exchanges { programs, at, packets, exactly, window: window(cx, known, view) }
        }
        other => unreachable_verb(other)?,
    })
}

fn of_network(cx: &mut Cx<'_>, known: &Known<'_>, key: &Key, view: &View<'_>) -> Option<Expected> {
    Some(match key.name {
        "drops" => Expected::Drops {
            reason: reason(cx, view.node("reason"))?,
            by: view.node("by").and_then(|node| device(cx, known, node)),
            programs: program_names(cx, known, view.items("program")),
            times: view.integer("times"),
            window: window(cx, known, view),
        },
        "drops-nothing" => Expected::DropsNothing {
            reason: reason(cx, view.node("reason")),
            programs: program_names(cx, known, view.items("program")),
            window: window(cx, known, view),
        },
        "route-table" => {
            let table = view.node("table").and_then(|node| device(cx, known, node))?;
            let mut has = Vec::new();
            for route in view.named("has") {
                let target = decode::text(&route.value).ok()?.to_owned();
                has.extend(cx.destination(&route.key, route.key_span).map(|destination| (destination, target)));
            }
            let mut list = |key| -> Vec<Destination> {
                let nodes = view.items(key).into_iter();
                nodes.filter_map(|node| cx.destination(decode::text(node).ok()?, node.span)).collect()
            };
            let (lacks, blackhole) = (list("lacks"), list("blackhole"));
            let (at, window) = (view.duration("at"), window(cx, known, view));
            Expected::RouteTable { table, has, lacks, blackhole, at, window }
        }
        "carries" => Expected::Carries {
            device: view.node("device").and_then(|node| device(cx, known, node))?,
            at_least: view.size("at-least"),
            at_most: view.size("at-most"),
            window: window(cx, known, view),
        },
        "costs" => Expected::Costs {
            path: view.string("path")?,
            at_least: dollars(cx.problems, view.node("at-least")),
            at_most: dollars(cx.problems, view.node("at-most")),
        },
        other => unreachable_verb(other)?,
    })
}

fn cause(word: &str) -> Option<Cause> {
    Some(match word {
        "reset" => Cause::Reset,
        "refused" => Cause::Refused,
        "timeout" => Cause::TimedOut,
        "unreachable" => Cause::Unreachable,
        "name" => Cause::Name,
        "closed" => Cause::Closed,
        "http" => Cause::Http,
        _ => return None,
    })
}

fn texts(nodes: Vec<&Node>) -> Vec<String> {
    nodes.into_iter().filter_map(|node| decode::text(node).ok().map(str::to_owned)).collect()
}

fn program_names(cx: &mut Cx<'_>, known: &Known<'_>, nodes: Vec<&Node>) -> Vec<String> {
    let mut names = Vec::new();
    for node in nodes {
        let Ok(text) = decode::text(node) else { continue };
        if !known.programs.iter().any(|name| name == text) {
            let problem = Problem::error(node.span, format!("`{}` is not the name of a program", decode::brief(text)));
            cx.problems.push(problem.did_you_mean(text, known.programs.iter().map(String::as_str)));
        }
        names.push(text.to_owned());
    }
    names
}

fn devices(cx: &mut Cx<'_>, known: &Known<'_>, nodes: Vec<&Node>) -> Vec<String> {
    nodes.into_iter().filter_map(|node| device(cx, known, node)).collect()
}

/// A device, table or machine by its name: it is looked for now, so that a slip of the pen does not judge a run.
fn device(cx: &mut Cx<'_>, known: &Known<'_>, node: &Node) -> Option<String> {
    let text = decode::text(node).ok()?;
    const ALWAYS: [&str; 3] = ["internet", "s3", "dynamodb"];
    let there = ALWAYS.contains(&text)
        || known.machines.by_name.contains_key(text)
        || known.machines.fleets.contains_key(text)
        || cx.names.candidates(text).next().is_some()
        || crate::control_plane::ResourceId::parse(text).is_some();
    if !there {
        let problem = Problem::error(node.span, format!("`{}` is not the name of anything here", decode::brief(text)));
        let names = cx.names.iter().map(|named| named.name.as_str());
        let names = names.chain(known.machines.by_name.keys().copied()).chain(ALWAYS);
        cx.problems.push(problem.did_you_mean(text, names));
    }
    Some(text.to_owned())
}

fn reason(cx: &mut Cx<'_>, node: Option<&Node>) -> Option<DropCode> {
    let node = node?;
    let text = decode::text(node).ok()?;
    if !DropReason::ALL.iter().any(|reason| reason.code() == text) {
        let problem = Problem::error(node.span, format!("`{}` is not the code of a reason", decode::brief(text)));
        cx.problems.push(problem.did_you_mean(text, DropReason::ALL.iter().map(|reason| reason.code())));
    }
    Some(DropCode(text.to_owned()))
}

fn window(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> Window {
    let mut step = |key| view.node(key).and_then(|node| known.labels.find(node, cx.problems));
    Window { after: step("after"), before: step("before") }
}

fn timing(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> Timing {
    Timing {
        of: view.node("of").and_then(|node| known.labels.find(node, cx.problems)),
        within: view.duration("within"),
        not_before: view.duration("not-before"),
    }
}

fn log_line(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> LogLine {
    let mut none_or = |key| {
        let node = view.node(key)?;
        if decode::text(node).ok()? == "none" { Some(None) } else { Some(device(cx, known, node)) }
    };
    let (endpoint, vpc) = (none_or("endpoint"), none_or("vpc"));
    LogLine {
        programs: program_names(cx, known, view.items("program")),
        source: view.node("source").and_then(|node| block(cx, node)),
        endpoint,
        vpc,
        bucket: view.string("bucket"),
        key: view.string("key"),
        operation: view.string("operation"),
        requester: view.string("requester"),
        status: view.integer("status").map(|status| status as u16),
        code: view.string("code"),
        saying: view.string("saying"),
        times: view.integer("times"),
        window: window(cx, known, view),
    }
}

/// An address or a block.
fn block(cx: &mut Cx<'_>, node: &Node) -> Option<Cidr> {
    let text = decode::text(node).ok()?;
    let block = text.parse().ok().map(Cidr::host).or_else(|| Cidr::parse(text).ok());
    if block.is_none() {
        let text = format!("`{}` is neither an address nor a CIDR block", decode::brief(text));
        cx.problems.push(Problem::error(node.span, text));
    }
    block
}

/// A sum of US dollars.
pub(super) fn dollars(problems: &mut Problems, node: Option<&Node>) -> Option<Dollars> {
    let node = node?;
    let text = decode::text(node).ok()?;
    let sum = Dollars::parse(text);
    if sum.is_none() {
        let text = format!("`{}` is not a sum of US dollars", decode::brief(text));
        problems.push(Problem::error(node.span, text).help("write it as 0.045"));
    }
    sum
}

/// Reads `> PA`, `< R`, `> S src 10.0.1.10 len 0`.
fn pattern(cx: &mut Cx<'_>, node: &Node) -> Option<PacketPattern> {
    let text = decode::text(node).ok()?;
    let parsed = parse_pattern(text);
    if parsed.is_none() {
        let problem = Problem::error(node.span, format!("`{}` is not a packet", decode::brief(text)));
        cx.problems
            .push(problem.help("write `> PA` (from the program's host), `< R` (to it), `< SA src 52.218.160.10`"));
    }
    parsed
}

fn parse_pattern(text: &str) -> Option<PacketPattern> {
    let mut words = text.split_whitespace();
    let outward = match words.next()? {
        ">" => true,
        "<" => false,
        _ => return None,
    };
    let address = |word: &str| word.parse().ok().map(Cidr::host).or_else(|| Cidr::parse(word).ok());
    let mut pattern = PacketPattern {
        outward,
        flags: String::new(),
        payload: None,
        source: None,
        source_port: None,
        destination: None,
        destination_port: None,
        text: text.to_owned(),
    };
    while let Some(word) = words.next() {
        match word {
            "src" => pattern.source = Some(address(words.next()?)?),
            "dst" => pattern.destination = Some(address(words.next()?)?),
            "sport" => pattern.source_port = Some(words.next()?.parse().ok()?),
            "dport" => pattern.destination_port = Some(words.next()?.parse().ok()?),
            "len" => pattern.payload = Some(decode::parse_size(words.next()?)?),
            flags if pattern.flags.is_empty() && flags.chars().all(|flag| "SAPFR.".contains(flag)) => {
                pattern.flags = flags.to_owned();
            }
            _ => return None,
        }
    }
    Some(pattern)
}

/// How long a probe waits for its answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The programs that ask on behalf of an expectation, by name.
fn probes(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>, out: &mut Vec<Program>) -> Option<Vec<String>> {
    let node = view.node("to")?;
    let to = target(cx, known.machines, node)?;
    let port = view.port("port").unwrap_or(443);
    let due = Due {
        at: view.duration("at"),
        when: view
            .node("after")
            .and_then(|node| known.labels.find(node, cx.problems))
            .map(super::timeline::Event::Step),
        after: Duration::ZERO,
    };
    let mut names = Vec::new();
    for from in view.items("from") {
        for machine in known.machines.find(cx, from) {
            let who = &known.machines.all[machine].name;
            let (to, text) = (to.clone(), decode::text(node).ok()?);
            let (does, how) = match view.text("protocol") {
                Some("icmp") => (Does::Ping(ping(to)), "ping".to_owned()),
                Some("udp") => (Does::Udp(datagram(to, port)), format!("udp {port}")),
                _ => (Does::Tcp(connect(to, port)), format!("tcp {port}")),
            };
            let name = format!("probe {}: {who} to {text} {how}", out.len() + 1);
            let spec = ProgramSpec { name: name.clone(), does };
            out.push(Program { name: name.clone(), spec, machine, start: due.clone(), span: node.span });
            names.push(name);
        }
    }
    Some(names)
}

fn ping(to: Target) -> PingSpec {
    let (ttl, dont_fragment) = (None, false);
    PingSpec { to, bytes: 56, count: 1, interval: PROBE_TIMEOUT, timeout: PROBE_TIMEOUT, ttl, dont_fragment }
}

fn datagram(to: Target, port: u16) -> UdpSpec {
    UdpSpec { to, port, bytes: 32, count: 1, interval: PROBE_TIMEOUT, reply_timeout: Some(PROBE_TIMEOUT) }
}

fn connect(to: Target, port: u16) -> TcpSpec {
    TcpSpec {
        repeat: Repeat::ONCE,
        to,
        port,
        local_port: None,
        script: vec![TcpStep::Close],
        connect_timeout: Some(PROBE_TIMEOUT),
        read_timeout: Some(PROBE_TIMEOUT),
        keep_alive: None,
        retry: Retry::NONE,
    }
}

/// An expectation in words: the verb, and each key with its value.
fn in_words(verb: &str, node: &Node) -> String {
    fn value(node: &Node) -> String {
        match &node.value {
            Value::Null => String::new(),
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::List(items) => items.iter().map(value).collect::<Vec<_>>().join(", "),
            Value::Map(map) => {
                let entries = map.entries.iter().map(|entry| format!("{} {}", entry.key, value(&entry.value)));
                entries.collect::<Vec<_>>().join(", ")
            }
        }
    }
    let Some(map) = node.as_map() else { return verb.to_owned() };
    let subject = map.get("program").or_else(|| map.get("from")).map(value).unwrap_or_default();
    let rest = map.entries.iter().filter(|entry| !matches!(entry.key.as_str(), "program" | "from"));
    let rest: Vec<String> = rest.map(|entry| format!("{} {}", entry.key, value(&entry.value))).collect();
    let verb = verb.replace('-', " ");
    let head = if subject.is_empty() { verb } else { format!("{subject} {verb}") };
    if rest.is_empty() { head } else { format!("{head}: {}", rest.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_pattern_is_read_and_its_twin_is_refused() {
        let pattern = parse_pattern("< R src 52.218.160.10 len 0").expect("a pattern");
        assert_eq!((pattern.outward, pattern.flags.as_str(), pattern.payload), (false, "R", Some(0)));
        for text in ["", "R", "> X", "> src", "> PA dst nowhere", "> S A"] {
            assert_eq!(parse_pattern(text), None, "{text}");
        }
    }
}
