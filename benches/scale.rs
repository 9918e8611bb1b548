//! What many cost: connections at once, each of an instance of its own, through NAT gateway and endpoint; one busy
//! connection beside idle instances and beside idle connections; what an instance and an open connection weigh; and how
//! long an instance takes to be made. Every machine has a TCP/IP stack.

#[path = "support/programs.rs"]
mod programs;
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;
#[path = "support/world.rs"]
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod world;

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use programs::{Client, Idler, Server, Sink, Source};
use support::{Case, Claim, Limit, Options, Work, find, measure, print, ratio};
use vpclab::base::SimTime;
use vpclab::engine::{Engine, LineSpec};
use vpclab::host::{ConnectOptions, Host, HostConfig, HostSettings};
use vpclab::trace::NodeId;
use world::{Links, Lists, SERVER, Way, World, address_of, build};

const PORT: u16 = 443;
/// So many ports of the server, so that one NAT gateway has room for many connections.
const PORTS: u16 = 8;
/// Payload of a full packet.
const SEGMENT: u64 = 1_460;
const LINE: LineSpec =
    LineSpec { delay: Duration::from_micros(50), rate: Some(10_000_000_000), mtu: 1_500, queue_bytes: u32::MAX };
/// Longer than anything that waits for a connection that is gone: TIME-WAIT, mappings of the NAT gateway.
const REST: Duration = Duration::from_secs(400);

fn main() {
    let options = Options::read();
    if let Some((what, count)) = options.weighing() {
        return weigh(&what, count);
    }
    let most = options.scaled(100_000, 20) as usize;
    let sizes: Vec<usize> = [10, 100, 1_000, 10_000, 100_000].into_iter().filter(|size| *size <= most).collect();
    let (connections, packets) = (options.scaled(4_000, 10), options.scaled(50_000, 50));
    let mut cases = Vec::new();
    for &size in sizes.iter().filter(|size| **size <= 10_000) {
        for way in [Way::Nat, Way::Endpoint] {
            let make = move || at_once(way, size, 64 * 1024);
            cases.push(Case::new(at_once_name(way, size), connections, make).by(size as u64));
        }
    }
    if options.smoke || options.chooses("100000") {
        let make = move || at_once(Way::Endpoint, most, 1_024);
        cases.push(Case::new(format!("{most} connections of 1 KiB at once"), connections, make).by(most as u64));
    }
    for &size in &sizes {
        cases.push(Case::new(beside_instances(size), packets, move || busy(size, 0)));
        cases.push(Case::new(beside_connections(size), packets, move || busy(10, size)));
        cases.push(Case::new(made(size), size as u64, || Box::new(|units| drop(idle(units as usize)))));
    }
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let mut growth = |what: &str, name: String, base: String, must: [f64; 2], target: [f64; 2]| {
        let Some((time, instructions)) = ratio(&measured, &name, &base) else { return };
        let claim = |what: String, found, at: usize| {
            let (must, target) = (Limit::Most(must[at]), Limit::Most(target[at]));
            Claim { what, found, unit: "x", must, target }
        };
        claims.push(claim(what.to_owned(), time, 0));
        claims.extend(instructions.map(|found| claim(format!("{what}: instructions"), found, 1)));
    };
    for way in [Way::Nat, Way::Endpoint] {
        let what = format!("{}, 10 -> 10,000 connections at once (goal 6)", way_name(way));
        growth(&what, at_once_name(way, 10_000), at_once_name(way, 10), [3.0, 1.15], [2.0, 1.05]);
    }
    let (must, target) = ([1.2, 1.01], [1.05, 1.0]);
    let (name, base) = (beside_instances(100_000), beside_instances(10));
    growth("beside 10 -> 100,000 idle instances (goal 7)", name, base, must, target);
    let (name, base) = (beside_connections(100_000), beside_connections(10));
    growth("beside 10 -> 100,000 idle connections", name, base, must, target);
    if let Some(case) = find(&measured, &made(100_000)) {
        let (must, target) = (Limit::Most(5.0), Limit::Most(1.5));
        let what = "an instance is made in (goal 9)".to_owned();
        claims.push(Claim { what, found: case.median() / 1_000.0, unit: " us", must, target });
    }
    for &size in sizes.iter().filter(|size| 1_000 <= **size) {
        let limits = [("instance", 2_048.0, 1_228.8), ("connection", 6_144.0, 3_072.0)];
        for (kind, must, target) in limits {
            let Some(found) = options.weigh(kind, size as u64) else { continue };
            let what = format!("memory of each of {size} idle {kind}s (goal 8)");
            claims.push(Claim { what, found, unit: " B", must: Limit::Most(must), target: Limit::Most(target) });
        }
    }
    print(&options, "Scale", "connection, packet or instance", &measured, &claims);
}

fn way_name(way: Way) -> &'static str {
    if way == Way::Nat { "NAT" } else { "endpoint" }
}

fn at_once_name(way: Way, size: usize) -> String {
    format!("{}, {size} connections of 64 KiB at once", way_name(way))
}

fn beside_instances(size: usize) -> String {
    format!("a packet beside {size} idle instances")
}

fn beside_connections(size: usize) -> String {
    format!("a packet beside {size} idle connections")
}

fn made(size: usize) -> String {
    format!("{size} instances are made and dropped")
}

fn settings(buffer: usize) -> Arc<HostSettings> {
    Arc::new(HostSettings { receive_buffer: buffer, send_buffer: buffer, ..HostSettings::default() })
}

/// A world of that many machines and one server, all with buffers of that size.
fn hosts(way: Way, size: usize, buffer: usize) -> World {
    let settings = settings(buffer);
    let host = |name: String, address| {
        Host::new(HostConfig { settings: settings.clone(), ..HostConfig::new(name, 1, [address]) })
    };
    let links = Links { instance: LINE, outside: LINE };
    let instances = (0..size).map(|index| host(format!("i{index}"), address_of(index).into()));
    build(way, Lists::default(), links, instances, host("server".into(), SERVER.into()))
}

fn idle(size: usize) -> World {
    hosts(Way::Nat, size, 16 * 1024)
}

/// The server's end for the connection of an instance.
fn server_of(index: usize) -> SocketAddr {
    (SERVER, PORT + (index % usize::from(PORTS)) as u16).into()
}

fn start(engine: &mut Engine, node: NodeId, app: impl vpclab::host::App + 'static) {
    engine.with(node, &mut (), |host: &mut Host, out| host.start(None, app, out));
}

fn until(engine: &mut Engine, by: Duration) {
    let at = engine.now().after(by);
    engine.run_until(at, u64::MAX, &mut ());
}

/// Every instance fetches so many bytes at the same time, again and again.
fn at_once(way: Way, size: usize, bytes: usize) -> Work {
    let World { mut engine, instances, server } = hosts(way, size, 16 * 1024);
    start(&mut engine, server, Server::new((PORT, PORTS), bytes));
    let done = Rc::new(Cell::new(0));
    Box::new(move |units| {
        for _ in 0..units / instances.len() as u64 {
            let before = done.get();
            for (index, node) in instances.iter().enumerate() {
                start(&mut engine, *node, Client { to: server_of(index), done: done.clone() });
            }
            until(&mut engine, REST);
            assert_eq!(done.get() - before, instances.len() as u64, "all are served");
        }
    })
}

/// One busy connection beside idle instances, or beside idle connections of the same two hosts.
fn busy(instances: usize, connections: usize) -> Work {
    let World { mut engine, instances, server } = hosts(Way::Endpoint, instances, 64);
    let received = Rc::new(Cell::new(0));
    for port in PORT..PORT + PORTS {
        start(&mut engine, server, Sink { port, received: received.clone(), buffer: None });
    }
    for index in 0..connections {
        start(&mut engine, instances[0], Idler { to: server_of(index) });
    }
    until(&mut engine, Duration::from_secs(1));
    let options =
        ConnectOptions { receive_buffer: Some(64 * 1024), send_buffer: Some(64 * 1024), ..Default::default() };
    start(&mut engine, server, Sink { port: 9_000, received: received.clone(), buffer: Some(64 * 1024) });
    start(&mut engine, instances[0], Source { to: (SERVER, 9_000).into(), options });
    Box::new(move |units| {
        let goal = received.get() + units * SEGMENT;
        while received.get() < goal {
            until(&mut engine, Duration::from_micros(100));
        }
    })
}

/// Prints how many bytes each of that many things takes; run in a process of its own, whose memory is new.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn weigh(what: &str, count: u64) {
    let before = resident();
    let World { mut engine, instances, server } = hosts(Way::Nat, count as usize, 64);
    if what == "connection" {
        let hosts = resident();
        for port in PORT..PORT + PORTS {
            start(&mut engine, server, Sink { port, received: Rc::default(), buffer: None });
        }
        for (index, node) in instances.iter().enumerate() {
            start(&mut engine, *node, Idler { to: server_of(index) });
        }
        until(&mut engine, Duration::from_secs(10));
        let server: &Host = engine.node(server).expect("a host");
        assert_eq!(server.connection_count() as u64, count);
        println!("{}", (resident() - hosts) as f64 / count as f64);
    } else {
        engine.run_until(SimTime::from_secs(1), u64::MAX, &mut ());
        println!("{}", (resident() - before) as f64 / count as f64);
    }
}

/// Bytes of memory that the process has touched.
#[expect(clippy::disallowed_methods, reason = "a benchmark asks the kernel what it weighs")]
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}
