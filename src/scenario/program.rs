//! Programs of the scenario: what is asked of which machine, and when it begins. The programs themselves run elsewhere.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::account::signer;
use super::context::Cx;
use super::machine::{Machine, Seat, tcp_steps, unreachable_verb};
use super::names::Names;
use super::timeline::{Due, due};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::{NetworkInterface, Scope, World};
use crate::notation::{Entry, Node, Problem, Span, View, decode};
use crate::service::s3::S3Name;
use crate::service::spec::*;

/// A program of one machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The name it has in the scenario; the programs of a fleet share it.
    pub name: String,
    /// What it does; its own name has the machine's behind it where several run it.
    pub spec: ProgramSpec,
    /// The machine, by its place among the scenario's machines.
    pub machine: usize,
    /// When it begins.
    pub start: Due,
    /// Where it is named.
    pub span: Span,
}

/// The machines with their names, and the fleets.
pub(super) struct Machines<'a> {
    pub(super) all: &'a [Machine],
    pub(super) by_name: BTreeMap<&'a str, usize>,
    pub(super) fleets: &'a BTreeMap<String, Vec<String>>,
    names: &'a Names,
}

impl<'a> Machines<'a> {
    pub(super) fn of(all: &'a [Machine], fleets: &'a BTreeMap<String, Vec<String>>, names: &'a Names) -> Self {
        let by_name = all.iter().enumerate().map(|(index, machine)| (machine.name.as_str(), index)).collect();
        Self { all, by_name, fleets, names }
    }

    /// The machine of this name, by its place.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let stand_in = || self.by_name.get(self.names.first_of_fleet(name)?.as_str());
        self.by_name.get(name).or_else(stand_in).copied()
    }

    /// The machines that a name means: one, or those of a fleet.
    pub(super) fn find(&self, cx: &mut Cx<'_>, node: &Node) -> Vec<usize> {
        let Ok(text) = decode::text(node) else { return Vec::new() };
        if let Some(index) = self.named(text) {
            return vec![index];
        }
        if let Some(fleet) = self.fleets.get(text) {
            return fleet.iter().filter_map(|name| self.by_name.get(name.as_str()).copied()).collect();
        }
        let text = decode::brief(text);
        let problem = Problem::error(node.span, format!("`{text}` is not the name of a machine"));
        let names = self.by_name.keys().copied().chain(self.fleets.keys().map(String::as_str));
        cx.problems.push(problem.did_you_mean(&text, names));
        Vec::new()
    }
}

/// Reads a program, once for each machine that runs it.
pub(super) fn program(cx: &mut Cx<'_>, machines: &Machines<'_>, entry: &Entry, out: &mut Vec<Program>) {
    let Some(view) = View::of(&entry.value, &PROGRAM) else { return };
    let start = due(&view);
    let on: Vec<usize> = view.items("on").into_iter().flat_map(|node| machines.find(cx, node)).collect();
    let several = 1 < on.len();
    let home = cx.place.scope.clone();
    for machine in on {
        cx.place.scope = match &machines.all[machine].seat {
            Seat::Instance(scope, _) => scope.clone(),
            Seat::Internet | Seat::Premises(_) => home.clone(),
        };
        let does = does(cx, machines, &machines.all[machine], &view);
        cx.place.scope.clone_from(&home);
        let Some(does) = does else { return };
        let name = if several { format!("{}@{}", entry.key, machines.all[machine].name) } else { entry.key.clone() };
        let spec = ProgramSpec { name, does };
        out.push(Program { name: entry.key.clone(), spec, machine, start: start.clone(), span: entry.key_span });
    }
}

fn does(cx: &mut Cx<'_>, machines: &Machines<'_>, machine: &Machine, view: &View<'_>) -> Option<Does> {
    let (key, entry) = view.verb()?;
    let what = View::of(&entry.value, shape_of(key)?)?;
    refuse_idle_keys(cx, view, key.name);
    let (retry, repeat) = (retry(view), repeat(view));
    let (connect_timeout, read_timeout) = (view.duration("connect-timeout"), view.duration("read-timeout"));
    Some(match key.name {
        "dynamodb" => Does::DynamoDb(DynamoDbSpec {
            action: what.string("action")?,
            table: what.string("table").unwrap_or_default(),
            region: region(cx, machine, &what),
            port: what.port("port").unwrap_or(443),
            credentials: signer(cx, what.node("as"), machine.user.as_deref()),
            retry,
            repeat,
            read_timeout,
            connect_timeout,
        }),
        "http" => Does::Http(HttpSpec {
            to: target(cx, machines, what.node("to")?)?,
            port: what.port("port").unwrap_or(80),
            method: what.string("method").unwrap_or_else(|| "GET".to_owned()),
            path: what.string("path").unwrap_or_else(|| "/".to_owned()),
            host: what.string("host"),
            body_bytes: what.size("body").unwrap_or(0),
            retry,
            repeat,
            read_timeout,
            connect_timeout,
        }),
        "tcp" => Does::Tcp(TcpSpec {
            to: target(cx, machines, what.node("to")?)?,
            port: what.port("port")?,
            local_port: what.port("local-port"),
            script: tcp_steps(what.items("script")),
            connect_timeout,
            read_timeout,
            keep_alive: what.duration("keep-alive"),
            retry,
            repeat,
        }),
        "bulk" => {
            let script = match what.verb()?.0.name {
                "send" => vec![TcpStep::Send(what.size("send")?), TcpStep::Close],
                _ => vec![TcpStep::Receive(what.size("receive")?), TcpStep::Close],
            };
            let to = target(cx, machines, what.node("to")?)?;
            let (local_port, keep_alive) = (None, None);
            let port = what.port("port")?;
            Does::Tcp(TcpSpec {
                to,
                port,
                local_port,
                script,
                connect_timeout,
                read_timeout,
                keep_alive,
                retry,
                repeat,
            })
        }
        "udp" => Does::Udp(UdpSpec {
            to: target(cx, machines, what.node("to")?)?,
            port: what.port("port")?,
            bytes: small_size(&what, "size", 32),
            count: count(&what),
            interval: what.duration("interval").unwrap_or(SECOND),
            reply_timeout: what
                .boolean("wants-echo")
                .unwrap_or(true)
                .then(|| what.duration("timeout").unwrap_or(SECOND)),
        }),
        "ping" => Does::Ping(PingSpec {
            to: target(cx, machines, what.node("to")?)?,
            bytes: small_size(&what, "size", 56),
            count: count(&what),
            interval: what.duration("interval").unwrap_or(SECOND),
            timeout: what.duration("timeout").unwrap_or(SECOND),
            ttl: what.integer("ttl").map(|ttl| ttl as u8),
            dont_fragment: what.boolean("dont-fragment").unwrap_or(false),
        }),
        "traceroute" => Does::Traceroute(TracerouteSpec {
            to: target(cx, machines, what.node("to")?)?,
            by: match what.text("by") {
                Some("icmp") => TracerouteBy::Icmp,
                Some("tcp") => TracerouteBy::Tcp { port: what.port("port").unwrap_or(80) },
                _ => TracerouteBy::Udp { port: what.port("port").unwrap_or(33_434) },
            },
            hops_max: what.integer("hops").unwrap_or(30) as u8,
            timeout: what.duration("timeout").unwrap_or(SECOND),
        }),
        "resolve" => Does::Resolve(ResolveSpec {
            name: what.string("name")?,
            ipv6: what.boolean("ipv6").unwrap_or(false),
            server: what.address("server"),
            repeat,
        }),
        verb => Does::S3(S3Spec {
            operation: s3_operation(verb, &what)?,
            region: region(cx, machine, &what),
            names: s3_names(&what, cx.world.era),
            port: what.port("port").unwrap_or(443),
            endpoint: match what.node("endpoint") {
                Some(node) => Some(target(cx, machines, node)?),
                None => None,
            },
            credentials: signer(cx, what.node("as"), machine.user.as_deref()),
            signature: match what.duration("presigned") {
                Some(length) => Signature::Presigned { expires_secs: length.as_secs().clamp(1, 604_800) as u32 },
                None => Signature::Header,
            },
            retry,
            repeat,
            read_timeout,
            connect_timeout,
            local_port: what.port("local-port"),
        }),
    })
}

/// What a verb does not do is not asked of it: a key without effect would be believed.
fn refuse_idle_keys(cx: &mut Cx<'_>, view: &View<'_>, verb: &str) {
    let (idle, help): (&[&str], &str) = match verb {
        "ping" | "udp" => {
            (&["retry", "repeat", "connect-timeout", "read-timeout"], "it has a `count` and a `timeout` of its own")
        }
        "traceroute" => (&["retry", "repeat", "connect-timeout", "read-timeout"], "it has a `timeout` of its own"),
        "resolve" => {
            (&["retry", "connect-timeout", "read-timeout"], "a resolver's time-outs and repetitions are its own")
        }
        _ => (&[], ""),
    };
    for name in idle.iter().copied().filter(|name| view.has(name)) {
        let problem = Problem::error(view.span_of(name), format!("`{name}` does nothing for `{verb}`"));
        cx.problems.push(problem.help(help));
    }
    if matches!(verb, "tcp" | "bulk")
        && let Some(repeat) = view.sub("repeat", &REPEAT)
        && repeat.boolean("same-connection") == Some(true)
    {
        let span = repeat.span_of("same-connection");
        let problem = Problem::error(span, format!("`{verb}` opens a connection each time"));
        cx.problems.push(problem.help("what is to happen on one connection stands in its `script`"));
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn shape_of(key: &crate::notation::shape::Key) -> Option<&'static crate::notation::shape::Shape> {
    match key.kind {
        crate::notation::shape::Kind::Shape(shape) => Some(shape),
        _ => None,
    }
}

fn s3_operation(verb: &str, view: &View<'_>) -> Option<S3Operation> {
    let (bucket, key) = (|| view.string("bucket"), || view.string("key"));
    Some(match verb {
        "s3-get" => {
            let range = view.text("range").and_then(parse_byte_range);
            let range = range.map(|(first, last)| ByteRange { first, last });
            S3Operation::Get { bucket: bucket()?, key: key()?, range }
        }
        "s3-put" => {
            let body = match view.string("text") {
                Some(text) => Body::Text(text),
                None => {
                    Body::Generated { bytes: view.size("size").unwrap_or(0), seed: view.integer("seed").unwrap_or(0) }
                }
            };
            S3Operation::Put { bucket: bucket()?, key: key()?, body, part_bytes: view.size("part-size") }
        }
        "s3-head" => S3Operation::Head { bucket: bucket()?, key: key()? },
        "s3-delete" => S3Operation::Delete { bucket: bucket()?, key: key()? },
        "s3-list" => S3Operation::List { bucket: bucket()?, prefix: view.string("prefix").unwrap_or_default() },
        "s3-list-buckets" => S3Operation::ListBuckets,
        "s3-location" => S3Operation::Location { bucket: bucket()? },
        "s3-create-bucket" => S3Operation::CreateBucket { bucket: bucket()? },
        "s3-copy" => S3Operation::Copy {
            from_bucket: view.string("from-bucket")?,
            from_key: view.string("from-key")?,
            bucket: bucket()?,
            key: key()?,
        },
        other => unreachable_verb(other)?,
    })
}

fn s3_names(view: &View<'_>, era: Era) -> S3Names {
    match view.text("names") {
        Some("regional") => S3Names::Regional,
        Some("dash") => S3Names::Dash,
        Some("global") => S3Names::Global,
        Some("path") => S3Names::Path,
        Some("dash-path") => S3Names::DashPath,
        Some("global-path") => S3Names::GlobalPath,
        Some("dual-stack") => S3Names::DualStack,
        // The spelling of each time (facts B1).
        _ => match era {
            Era::Y2017 => S3Names::Dash,
            Era::Current => S3Names::Regional,
        },
    }
}

/// The region that a request is for: its own, else the machine's default, else where the machine is.
fn region(cx: &Cx<'_>, machine: &Machine, view: &View<'_>) -> RegionName {
    let said = view.text("region").and_then(RegionName::parse);
    said.or_else(|| machine.default_region.clone()).unwrap_or_else(|| cx.place.scope.region.clone())
}

fn count(view: &View<'_>) -> u32 {
    view.integer("count").map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

fn small_size(view: &View<'_>, key: &str, usual: u32) -> u32 {
    // An IPv4 packet holds less than 64 KiB.
    view.size(key).map_or(usual, |bytes| bytes.min(65_000) as u32)
}

fn retry(view: &View<'_>) -> Retry {
    let Some(node) = view.node("retry") else { return Retry::NONE };
    let usual = Retry { attempts: 0, delay: Duration::from_millis(100), backoff: 2.0, resume: false };
    match View::of(node, &RETRY) {
        Some(view) => Retry {
            attempts: view.integer("attempts").unwrap_or(0) as u32,
            delay: view.duration("delay").unwrap_or(usual.delay),
            backoff: view.integer("backoff").map_or(usual.backoff, |factor| factor as f64),
            resume: view.boolean("resume").unwrap_or(false),
        },
        None => match decode::text(node).ok().and_then(|text| text.parse().ok()) {
            Some(attempts) => Retry { attempts, ..usual },
            None => Retry::NONE,
        },
    }
}

fn repeat(view: &View<'_>) -> Repeat {
    let Some(view) = view.node("repeat").and_then(|node| View::of(node, &REPEAT)) else { return Repeat::ONCE };
    Repeat {
        count: count(&view),
        pause: view.duration("pause").unwrap_or_default(),
        same_connection: view.boolean("same-connection").unwrap_or(true),
    }
}

/// Whom a program asks: a machine (`web`, `web.public`, `web.ipv6`), an address, `s3`, a NAT gateway or a DNS name.
pub(super) fn target(cx: &mut Cx<'_>, machines: &Machines<'_>, node: &Node) -> Option<Target> {
    let text = decode::text(node).ok()?;
    if let Ok(address) = text.parse() {
        return Some(Target::Address(address));
    }
    if text == "s3" {
        return Some(Target::Name(S3Name::of_region(cx.place.scope.region.as_str()).host()));
    }
    let (name, which) = match text.rsplit_once('.') {
        Some((name, which @ ("public" | "ipv6"))) if machines.named(text).is_none() => (name, which),
        _ => (text, "private"),
    };
    let found = match machines.named(name) {
        Some(index) => Some(machine_address(cx.world, &machines.all[index], which)),
        None => nat_address(cx, name, which),
    };
    match found {
        Some(Some(address)) => Some(Target::Address(address)),
        Some(None) => {
            // Where something else is wrong, the machine was not launched, and nobody knows.
            if !cx.problems.has_errors() {
                cx.problems.push(Problem::error(node.span, format!("`{name}` has no {which} address")));
            }
            None
        }
        None if text.contains('.') => Some(Target::Name(text.to_owned())),
        None => {
            let problem =
                Problem::error(node.span, format!("`{text}` is neither a machine nor an address nor a DNS name"));
            cx.problems.push(problem.did_you_mean(text, machines.by_name.keys().copied().chain(["s3"])));
            None
        }
    }
}

/// The address of a machine: `private` (its first one), `public` or `ipv6`.
pub(super) fn machine_address(world: &World, machine: &Machine, which: &str) -> Option<IpAddr> {
    match &machine.seat {
        Seat::Instance(scope, id) => {
            let region = world.region(scope)?;
            if let Some(classic) = region.classic_instances().get(id) {
                let address = if which == "public" { classic.public_address } else { classic.private_address };
                return (which != "ipv6").then_some(address.into());
            }
            let interface = region.instances().get(id)?.interfaces.get(&0)?;
            interface_address(region.network_interfaces().get(interface)?, which)
        }
        Seat::Internet | Seat::Premises(_) => {
            machine.addresses.iter().copied().find(|address| address.is_ipv6() == (which == "ipv6"))
        }
    }
}

fn interface_address(interface: &NetworkInterface, which: &str) -> Option<IpAddr> {
    match which {
        "public" => interface.public_address().map(IpAddr::V4),
        "ipv6" => interface.ipv6_addresses.first().copied().map(IpAddr::V6),
        _ => interface.primary_address().map(IpAddr::V4),
    }
}

/// The address of a NAT gateway's interface; the outer `None` says that there is no such gateway.
fn nat_address(cx: &Cx<'_>, name: &str, which: &str) -> Option<Option<IpAddr>> {
    let fits = |id: &crate::control_plane::ResourceId| NatGatewayId::try_from(id.clone()).is_ok();
    let id = cx.names.find(name, &cx.place, fits).ok()?;
    let scope: &Scope = &cx.names.of_id(&id)?.scope;
    let region = cx.world.region(scope)?;
    let gateway = region.nat_gateways().get(&NatGatewayId::try_from(id).ok()?)?;
    let interface = gateway.addresses.first().map(|address| &address.network_interface_id);
    let interface = interface.and_then(|id| region.network_interfaces().get(id));
    Some(interface.and_then(|interface| interface_address(interface, which)))
}
