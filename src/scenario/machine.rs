//! Machines: instances, hosts of the internet, networks on premises; what listens on them, their stack and their link.

use std::net::IpAddr;
use std::time::Duration;

use super::action::blocks;
use super::context::Cx;
use super::interface::{after_launch, ipv6, primary_interface_id, stand_in_vpc_of};
use super::load::FLEET_OF_WRONG_FILE;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::engine::{ImpairmentSpec, LineSpec, LinkSpec};
use crate::host::{AnswerBy, HostSettings, KeepAlive, Unknown};
use crate::notation::{Entry, Node, Problem, Span, View, decode};
use crate::provision::{OutsideHost, Premises};
use crate::service::spec::{ServeSpec, Service, TcpStep};

/// Where a machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// In an account: an instance.
    Instance(Scope, InstanceId),
    /// On the internet.
    Internet,
    /// In a network on premises.
    Premises(String),
}

/// A machine that can run programs.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub seat: Seat,
    /// What listens on it from the start.
    pub listens: Vec<ServeSpec>,
    /// Its stack, if it is not set as machines of its kind are.
    pub settings: Option<HostSettings>,
    /// Its link, if it has one of its own.
    pub link: Option<LinkSettings>,
    /// Whether it forwards for others as a NAT instance.
    pub nat: bool,
    /// The IAM user whose keys its programs sign with.
    pub user: Option<String>,
    /// The region whose services its programs ask, if not the one where it is.
    pub default_region: Option<RegionName>,
    /// Its addresses, if it is outside of AWS.
    pub addresses: Vec<IpAddr>,
    /// DNS names that lead to it.
    pub dns_names: Vec<String>,
    /// Where it is named.
    pub span: Span,
}

impl Machine {
    /// A machine of which no more is said than its name and place.
    pub(super) fn plain(name: &str, seat: Seat, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            seat,
            listens: Vec::new(),
            settings: None,
            link: None,
            nat: false,
            user: None,
            default_region: None,
            addresses: Vec::new(),
            dns_names: Vec::new(),
            span,
        }
    }
}

/// Settings of a link; what is `None` is as the kind of link has it, or stays as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkSettings {
    /// How long a bit travels.
    pub delay: Option<Duration>,
    /// Bits a second.
    pub rate: Option<u64>,
    /// The largest packet, in bytes.
    pub mtu: Option<u32>,
    /// The most bytes that wait.
    pub queue_bytes: Option<u32>,
    /// What it does by chance, if it is to do anything.
    pub impairment: Option<ImpairmentSpec>,
    /// Whether it is cut.
    pub down: Option<bool>,
}

impl LinkSettings {
    /// A line with these settings laid over it.
    #[must_use]
    pub fn line(&self, line: LineSpec) -> LineSpec {
        // A link that gets a rate also gets a bounded queue, or it would never drop.
        let queue =
            if self.rate.is_some() && line.rate.is_none() { crate::provision::QUEUE_BYTES } else { line.queue_bytes };
        LineSpec {
            delay: self.delay.unwrap_or(line.delay),
            rate: self.rate.or(line.rate),
            mtu: self.mtu.unwrap_or(line.mtu),
            queue_bytes: self.queue_bytes.unwrap_or(queue),
        }
    }

    /// What changes, in words: `delay 20 ms, loss 1 %`.
    pub(super) fn in_words(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.delay.map(|delay| format!("delay {}", show_duration(delay))));
        words.extend(self.rate.map(|rate| format!("rate {} Mbit/s", rate as f64 / 1e6)));
        words.extend(self.mtu.map(|mtu| format!("MTU {mtu}")));
        words.extend(self.queue_bytes.map(|bytes| format!("queue {bytes} bytes")));
        if let Some(chance) = &self.impairment {
            let shares =
                [("loss", chance.loss), ("duplication", chance.duplication), ("reordering", chance.reordering)];
            let some = shares.iter().filter(|(_, share)| *share != 0.0);
            words.extend(some.map(|(what, share)| format!("{what} {} %", share * 100.0)));
            words.extend((!chance.jitter.is_zero()).then(|| format!("jitter {}", show_duration(chance.jitter))));
        }
        words.join(", ")
    }

    /// A link with these settings laid over both directions.
    #[must_use]
    pub fn link(&self, link: LinkSpec) -> LinkSpec {
        LinkSpec { there: self.line(link.there), back: self.line(link.back) }
    }
}

/// How long a packet that is to be overtaken is held back, unless the link says otherwise.
const REORDERING_DELAY: Duration = Duration::from_millis(10);

/// The settings under a key.
pub(super) fn link(view: &View<'_>, key: &str) -> Option<LinkSettings> {
    view.node(key).and_then(|node| View::of(node, &LINK)).map(|view| link_settings(&view))
}

/// The settings that a map with the keys of a link has.
pub(super) fn link_settings(view: &View<'_>) -> LinkSettings {
    let chance = ["loss", "duplication", "reordering", "jitter"].into_iter().any(|key| view.has(key));
    let impairment = chance.then(|| ImpairmentSpec {
        loss: view.share("loss").unwrap_or(0.0),
        duplication: view.share("duplication").unwrap_or(0.0),
        reordering: view.share("reordering").unwrap_or(0.0),
        reordering_delay: view.duration("reordering-delay").unwrap_or(REORDERING_DELAY),
        jitter: view.duration("jitter").unwrap_or_default(),
    });
    LinkSettings {
        delay: view.duration("delay"),
        rate: view.rate("rate"),
        mtu: view.integer("mtu").map(|mtu| mtu as u32),
        queue_bytes: view.size("queue").map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX)),
        impairment,
        down: None,
    }
}

/// Bytes of a buffer.
pub(super) fn buffer(view: &View<'_>, key: &str) -> Option<usize> {
    view.size(key).and_then(|bytes| usize::try_from(bytes).ok())
}

/// The stack's settings, if the machine says anything of them.
fn host_settings(view: &View<'_>) -> Option<HostSettings> {
    const KEYS: [&str; 9] = [
        "ttl",
        "receive-buffer",
        "send-buffer",
        "unknown-flow",
        "closed-port",
        "answers-ping",
        "connect-timeout",
        "keep-alive",
        "answers-by",
    ];
    if !KEYS.into_iter().any(|key| view.has(key)) {
        return None;
    }
    let usual = HostSettings::default();
    Some(HostSettings {
        ttl: view.integer("ttl").map_or(usual.ttl, |ttl| ttl as u8),
        receive_buffer: buffer(view, "receive-buffer").unwrap_or(usual.receive_buffer),
        send_buffer: buffer(view, "send-buffer").unwrap_or(usual.send_buffer),
        unknown_flow: unknown(view, "unknown-flow"),
        closed_port: unknown(view, "closed-port"),
        answers_echo: view.boolean("answers-ping").unwrap_or(usual.answers_echo),
        connect_timeout: view.duration("connect-timeout").unwrap_or(usual.connect_timeout),
        keep_alive: view.duration("keep-alive").map(|interval| KeepAlive { interval, give_up: 9 * interval }),
        answer_by: if view.text("answers-by") == Some("primary") { AnswerBy::Primary } else { AnswerBy::Asked },
        ..usual
    })
}

/// What becomes of segments that nobody knows.
pub(super) fn unknown(view: &View<'_>, key: &str) -> Unknown {
    if view.text(key) == Some("drop") { Unknown::Drop } else { Unknown::Rst }
}

/// The region that the machine's programs are set up for.
fn default_region(view: &View<'_>) -> Option<RegionName> {
    view.text("default-region").and_then(RegionName::parse)
}

/// The listeners of a machine.
fn listeners(view: &View<'_>) -> Vec<ServeSpec> {
    view.named("listen").iter().filter_map(listener).collect()
}

fn listener(entry: &Entry) -> Option<ServeSpec> {
    let (udp, port) = parse_listen_port(&entry.key)?;
    let plain = |service| Some(ServeSpec { port, service, backlog: 128 });
    let http = |bytes, delay, status| Service::Http { bytes, delay, status };
    let Some(view) = View::of(&entry.value, &LISTENER) else {
        return plain(match decode::text(&entry.value).ok()? {
            "sink" if udp => Service::UdpSink,
            "sink" => Service::Sink,
            "http" => http(1_024, Duration::ZERO, 200),
            _ if udp => Service::UdpEcho,
            _ => Service::Echo,
        });
    };
    let delay = view.duration("delay").unwrap_or_default();
    let service = match view.verb()?.0.name {
        "sink" if udp => Service::UdpSink,
        "sink" => Service::Sink,
        "echo" if udp => Service::UdpEcho,
        "echo" => Service::Echo,
        "source" => {
            Service::Source { bytes: view.size("source")?, delay, close: view.boolean("close").unwrap_or(true) }
        }
        "http" => http(view.size("http")?, delay, view.integer("status").unwrap_or(200) as u16),
        "script" => Service::Script(tcp_steps(view.items("script"))),
        "dns" => {
            let addresses = |node: &Node| match node.as_list() {
                Some(items) => items.iter().filter_map(|item| decode::address(item).ok()).collect(),
                None => decode::address(node).into_iter().collect(),
            };
            Service::Dns {
                records: view.named("dns").iter().map(|entry| (entry.key.clone(), addresses(&entry.value))).collect(),
            }
        }
        other => unreachable_verb(other)?,
    };
    Some(ServeSpec { port, service, backlog: view.integer("backlog").unwrap_or(128) as usize })
}

/// A verb of a table that no reader knows: a mistake of ours, seen in tests.
pub(super) fn unreachable_verb<T>(verb: &str) -> Option<T> {
    debug_assert!(false, "the verb `{verb}` is in a table and nowhere read");
    None
}

/// The steps of a TCP script.
pub(super) fn tcp_steps(nodes: Vec<&Node>) -> Vec<TcpStep> {
    let step = |node: &Node| {
        let view = View::of(node, &TCP_STEP)?;
        Some(match view.verb()?.0.name {
            "send" => TcpStep::Send(view.size("send")?),
            "receive" => TcpStep::Receive(view.size("receive")?),
            "receive-all" => TcpStep::ReceiveAll,
            "idle" => TcpStep::Idle(view.duration("idle")?),
            "hold" => TcpStep::Hold,
            "close" => TcpStep::Close,
            "abort" => TcpStep::Abort,
            other => unreachable_verb(other)?,
        })
    };
    nodes.into_iter().filter_map(step).collect()
}

/// Plans an instance, or each of a fleet, and gives the machines.
pub(super) fn instance(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry, machines: &mut Vec<Machine>) {
    let Some(view) = View::of(&entry.value, &INSTANCE) else { return };
    cx.place.vpc.clear();
    let names = match view.integer("count") {
        None => vec![entry.key.clone()],
        Some(count) if cx.problems.has_errors() => {
            (1..=count.min(FLEET_OF_WRONG_FILE)).map(|index| format!("{}-{index}", entry.key)).collect()
        }
        Some(count) => (1..=count).map(|index| format!("{}-{index}", entry.key)).collect(),
    };
    let run = run_instances(cx, entry, &view);
    let (listens, settings, link) = (listeners(&view), host_settings(&view), link(&view, "link"));
    for name in names {
        let Some(id) = named::<InstanceId>(cx, &name) else { continue };
        let scope = cx.place.scope.clone();
        let mut action = run.clone();
        action.id = Some(id.clone());
        if view.has("network-interface") {
            // What is said of the interface needs its id before it is made.
            let digits = id.as_str().len() - InstanceId::PREFIX.len();
            let made = || NetworkInterfaceId::of_name(&format!("{id}/eth0"), digits);
            action.primary_interface_id = Some(action.primary_interface_id.take().unwrap_or_else(made));
        }
        let primary = action.primary_interface_id.clone();
        action.tags = tags(&name, id.as_str(), Some(&view));
        let span = if view.has("private-ip") { view.span_of("private-ip") } else { entry.key_span };
        plan.add(Phase::Instances, &scope, span, Some(id.clone().into()), action);
        after_launch(cx, plan, &view, (&id, primary.as_ref()));
        machines.push(Machine {
            name,
            seat: Seat::Instance(scope, id),
            listens: listens.clone(),
            settings: settings.clone(),
            link: link.clone(),
            nat: view.boolean("nat").unwrap_or(false),
            user: view.string("user"),
            default_region: default_region(&view),
            addresses: Vec::new(),
            dns_names: Vec::new(),
            span: entry.key_span,
        });
    }
}

/// The launch of an instance, without its id.
fn run_instances(cx: &mut Cx<'_>, entry: &Entry, view: &View<'_>) -> RunInstances {
    if !view.has("subnet") && !view.has("classic-link") {
        let problem = Problem::error(entry.key_span, "the key `subnet` is missing").label("in this instance");
        cx.problems.push(problem.help("an instance without a subnet is one of EC2-Classic, and has a `classic-link`"));
    }
    let subnet_id = cx.id(view.node("subnet"), "a subnet");
    stand_in_vpc_of(cx, subnet_id.as_ref());
    let (ipv6_addresses, ipv6_address_count) = ipv6(cx, view);
    let secondary = view.items("secondary-ips").into_iter().filter_map(|node| cx.v4(Some(node))).collect();
    let public = view.node("public-ip");
    let public_ip_address = public.filter(|node| decode::address(node).is_ok());
    let public_ip_address = cx.public_v4(public_ip_address);
    RunInstances {
        subnet_id,
        instance_type: view.string("type"),
        primary_interface_id: primary_interface_id(cx, view),
        private_ip_address: cx.v4(view.node("private-ip")),
        secondary_private_ip_addresses: secondary,
        ipv6_addresses,
        ipv6_address_count,
        security_group_ids: cx.ids(view.items("security-groups"), "a security group"),
        associate_public_ip_address: view.boolean("public-ip").or(public_ip_address.map(|_| true)),
        public_ip_address,
        ..RunInstances::default()
    }
}

/// A host outside of AWS, as a machine and as what the graph is built of.
pub(super) fn outside(entry: &Entry, seat: Seat, base: LinkSpec) -> Option<(Machine, OutsideHost)> {
    let view = View::of(&entry.value, &OUTSIDE_HOST)?;
    let addresses: Vec<IpAddr> =
        view.items("address").into_iter().filter_map(|node| decode::address(node).ok()).collect();
    let settings = host_settings(&view);
    let link = link(&view, "link");
    let host = OutsideHost {
        name: entry.key.clone(),
        addresses: addresses.clone(),
        settings: settings.clone().unwrap_or_default(),
        link: link.as_ref().map(|link| link.link(base)),
    };
    let machine = Machine {
        name: entry.key.clone(),
        seat,
        listens: listeners(&view),
        settings,
        link,
        nat: false,
        user: None,
        default_region: default_region(&view),
        addresses,
        dns_names: view
            .items("name")
            .into_iter()
            .filter_map(|node| decode::text(node).ok().map(str::to_owned))
            .collect(),
        span: entry.key_span,
    };
    Some((machine, host))
}

/// A network on premises: its blocks, and the public address of its gateway.
pub(super) struct Site {
    pub(super) name: String,
    pub(super) blocks: Vec<Cidr>,
    pub(super) gateway: Option<std::net::Ipv4Addr>,
    pub(super) premises: Premises,
}

/// Reads a network on premises.
pub(super) fn site(cx: &mut Cx<'_>, entry: &Entry, base: LinkSpec, machines: &mut Vec<Machine>) -> Option<Site> {
    let view = View::of(&entry.value, &ON_PREMISES)?;
    let blocks = blocks(&view, "cidr");
    let router = blocks.first().and_then(|block| block.nth(1))?;
    let gateway = cx.v4(view.node("gateway-address"));
    let mut hosts = Vec::new();
    for host in view.named("hosts") {
        if let Some((machine, host)) = outside(host, Seat::Premises(entry.key.clone()), base) {
            machines.push(machine);
            hosts.push(host);
        }
    }
    let (customer_gateways, virtual_interfaces) = (Vec::new(), Vec::new());
    let premises = Premises { name: entry.key.clone(), router, hosts, customer_gateways, virtual_interfaces };
    Some(Site { name: entry.key.clone(), blocks, gateway, premises })
}
