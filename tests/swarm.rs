//! Random worlds, random faults, random changes of the network and garbage on its wires, watched by the checks that every
//! packet must pass: nothing is lost without a reason, no private source is on the internet, checksums are true at every
//! hop. A seed makes a world; the same seed makes the same bytes.
//!
//! `SWARM_SEED=17 cargo test --test swarm` runs one of them, and prints its scenario; `SWARM_WORLDS=1000` runs more.
#![expect(clippy::disallowed_methods, reason = "a test reads what it is asked for in the environment")]

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::util::{checksum, ipv4_checksum};
use vpclab::base::{Rng, SimTime};
use vpclab::notation::{Source, problems_to_text};
use vpclab::packet::{Packet, PacketId};
use vpclab::report::{Capture, Recorder, TimelineOptions};
use vpclab::scenario::{Run, load};
use vpclab::sim::Checks;
use vpclab::trace::{Attention, Citations, Directory, NodeId, Note, Observer, Observers, PortId, Sees, Step};

/// Worlds of a usual run.
const WORLDS: u64 = 40;
/// How often garbage is thrown in, and how much at a time.
const THROWS: u64 = 12;
const GARBAGE: u64 = 20;

#[test]
fn no_random_world_breaks_what_always_holds() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = asked("SWARM_SEED") {
        let (_, told) = live(seed);
        #[expect(clippy::print_stdout, reason = "who asks for one world wants to read it")]
        {
            println!("{}\n{told}", world(seed));
        }
        return;
    }
    let worlds = asked("SWARM_WORLDS").unwrap_or(WORLDS);
    let mut all = Counted::default();
    for seed in 0..worlds {
        let (counted, _) = live(seed);
        all.looked_at += counted.looked_at;
        all.dropped += counted.dropped;
        all.thrown_in += counted.thrown_in;
    }
    assert!(10_000 < all.looked_at && 1_000 < all.dropped, "the worlds are not alive: {all:?}");
    // The door turns away what is no packet; what it lets in is what tries the boxes.
    let thrown = worlds * THROWS * GARBAGE;
    assert!(thrown / 2 < all.thrown_in && all.thrown_in < thrown, "of {thrown} pieces of garbage: {all:?}");
}

#[test]
fn the_same_seed_is_the_same_world_to_the_byte() {
    for seed in [3, 14, 15] {
        assert!(live(seed).1 == live(seed).1, "seed {seed} differs from itself");
    }
}

/// What a world was full of.
#[derive(Debug, Default)]
struct Counted {
    /// Packets that entered a node.
    looked_at: u64,
    /// Packets that ended without arriving.
    dropped: u64,
    /// Pieces of garbage that were packets.
    thrown_in: u64,
}

/// Runs the world of a seed, and panics with how to repeat it where something is wrong. What it was full of, and its
/// timeline.
fn live(seed: u64) -> (Counted, String) {
    let repeat = format!("repeat with: SWARM_SEED={seed} cargo test --test swarm");
    let source = Source::new("swarm.yaml", world(seed));
    let (mut scenarios, problems) = load(&source);
    let Some(scenario) = scenarios.pop() else {
        panic!("{}\n{}\n{repeat}", source.text, problems_to_text(&source, &problems, false));
    };
    let calendar = scenario.calendar;
    let mut garbage = Rng::stream(seed, "garbage");
    let mut thrown_in = 0;
    let mut timeline = Vec::new();
    let mut ear = Ear::default();
    let (at, counters) = {
        let mut recorder = Recorder::new().timeline(&mut timeline, TimelineOptions::default());
        let mut capture = Capture::new(calendar).combined(std::io::sink());
        let mut observer = Observers::new([&mut recorder as &mut dyn Observer, &mut capture, &mut ear]);
        let mut run = Run::new(scenario, Some(seed), &mut observer);
        for throw in 1..=THROWS {
            run.advance(SimTime::from_secs(throw * 5), &mut observer);
            for _ in 0..GARBAGE {
                let directory = run.directory();
                let node = NodeId(garbage.below(directory.nodes.len() as u64) as u32);
                let public = directory.nodes[node.0 as usize].component == vpclab::trace::Component::Internet;
                let port = PortId(garbage.below(4) as u32);
                let bytes = packet(&mut garbage, public);
                // Whether it is a packet at all is for the door to say.
                thrown_in += u64::from(run.inject((node, port), &bytes, &mut observer).is_ok());
            }
        }
        run.advance(SimTime::FAR, &mut observer);
        let outcome = run.finish();
        let counters = run.simulation().counters();
        recorder.finish(outcome.ended_at).expect("memory takes all");
        (outcome.ended_at, counters)
    };
    let violations = ear.checks.as_ref().map_or(&[][..], |checks| checks.violations());
    assert!(violations.is_empty(), "{}\n{repeat}", violations.join("\n"));
    let open = ear.checks.as_ref().map_or(0, Checks::open_count) as u64;
    assert_eq!(open, counters.in_flight(), "packets under way at {at}\n{repeat}");
    let counted = Counted { looked_at: ear.looked_at, dropped: counters.dropped, thrown_in };
    (counted, String::from_utf8(timeline).expect("a timeline is text"))
}

/// The checks, from when the nodes have names.
#[derive(Default)]
struct Ear {
    checks: Option<Checks>,
    looked_at: u64,
}

impl Observer for Ear {
    fn sees(&self) -> Sees {
        Sees::ALL
    }

    fn learn(&mut self, _citations: &Citations, directory: &Directory) {
        self.checks.get_or_insert_with(|| Checks::of(directory));
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        self.looked_at += 1;
        if let Some(checks) = &mut self.checks {
            checks.entered(at, node, port, packet);
        }
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        if let Some(checks) = &mut self.checks {
            checks.left(at, node, port, packet);
        }
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if let Some(checks) = &mut self.checks {
            checks.step(at, node, packet, step);
        }
    }

    fn note(&mut self, _at: SimTime, _node: NodeId, _note: &Note) -> Attention {
        Attention::Continue
    }
}

fn pick<'a>(rng: &mut Rng, all: &[&'a str]) -> &'a str {
    all[rng.below(all.len() as u64) as usize]
}

/// A packet that nobody expects: torn, forged, or whole and strange. Onto the internet itself only packets with a public
/// source are thrown, as only such ones come from there.
fn packet(rng: &mut Rng, public: bool) -> Vec<u8> {
    if rng.chance(0.15) {
        let mut bytes = vec![0; rng.below(90) as usize];
        rng.fill(&mut bytes);
        return bytes;
    }
    let private = ["10.0.0.10", "10.0.1.10", "10.0.1.11", "10.0.0.2", "10.1.0.10", "169.254.169.253", "10.0.0.5"];
    let outside = ["203.0.113.10", "203.0.113.1", "198.51.100.80", "52.218.128.1", "8.8.8.8", "192.0.2.9"];
    let address = |rng: &mut Rng, public: bool| -> Ipv4Addr {
        let text = if public || rng.chance(0.5) { pick(rng, &outside) } else { pick(rng, &private) };
        text.parse().expect("an address")
    };
    let (src, dst) = (address(rng, public), address(rng, false));
    let payload = rng.below(1_400) as usize;
    let ports = [0, 7, 22, 53, 80, 443, 1_024, 40_000, 65_535];
    let port = |rng: &mut Rng| ports[rng.below(9) as usize] as u16;
    let (protocol, mut transport) = match rng.below(5) {
        0 => (
            1,
            vec![
                *[0u8, 3, 5, 8, 11, 13].get(rng.below(6) as usize).expect("six"),
                rng.below(5) as u8,
                0,
                0,
                0,
                1,
                0,
                1,
            ],
        ),
        1 => (17, {
            let mut header = [port(rng).to_be_bytes(), port(rng).to_be_bytes()].concat();
            header.extend(((8 + payload) as u16).to_be_bytes());
            header.extend([0, 0]);
            header
        }),
        2 => (*[2u8, 41, 47, 50, 132].get(rng.below(5) as usize).expect("five"), Vec::new()),
        _ => (6, {
            let mut header = [port(rng).to_be_bytes(), port(rng).to_be_bytes()].concat();
            header.extend((rng.next_u64()).to_be_bytes());
            header.extend([0x50, rng.below(64) as u8, 0x10, 0, 0, 0, 0, 0]);
            header
        }),
    };
    let header = transport.len();
    transport.resize(header + payload, 0x5a);
    let next = pnet_packet::ip::IpNextHeaderProtocol(protocol);
    let at = match next {
        IpNextHeaderProtocols::Icmp => Some((2, checksum(&transport, 1))),
        IpNextHeaderProtocols::Tcp => Some((16, ipv4_checksum(&transport, 8, &[], &src, &dst, next))),
        IpNextHeaderProtocols::Udp => Some((6, ipv4_checksum(&transport, 3, &[], &src, &dst, next))),
        _ => None,
    };
    if let Some((at, sum)) = at {
        transport[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    let mut bytes = vec![0; 20];
    bytes.extend(transport);
    let total = bytes.len() as u16;
    let mut ip = MutableIpv4Packet::new(&mut bytes).expect("twenty bytes");
    ip.set_version(4);
    ip.set_header_length(5);
    ip.set_total_length(total);
    ip.set_ttl(*[0u8, 1, 2, 64, 255].get(rng.below(5) as usize).expect("five"));
    ip.set_flags(if rng.chance(0.1) { 1 } else { 2 * rng.below(2) as u8 });
    ip.set_fragment_offset(if rng.chance(0.05) { rng.below(100) as u16 } else { 0 });
    ip.set_next_level_protocol(next);
    ip.set_source(src);
    ip.set_destination(dst);
    let sum = pnet_packet::ipv4::checksum(&ip.to_immutable());
    ip.set_checksum(if rng.chance(0.1) { sum ^ 0x0101 } else { sum });
    bytes
}

/// The scenario of a seed.
fn world(seed: u64) -> String {
    let rng = &mut Rng::stream(seed, "swarm");
    let mut text = String::new();
    let out = &mut text;
    // Writing to a string cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!("vpclab: 1\ntitle: Random world {seed}\nera: {}\nuntil: 90 s", pick(rng, &["2017", "current"])));
    line("quotas: none\npolicy-delay: 2 s\nvpcs:\n  main:\n    cidr: 10.0.0.0/16\n    internet-gateway: igw".into());
    line("    subnets:".into());
    line(format!("      public: {{cidr: 10.0.0.0/24, zone: a, route-table: public{}}}", guard(rng)));
    line(format!(
        "      private: {{cidr: 10.0.1.0/24, zone: {}, route-table: private{}}}",
        pick(rng, &["a", "b"]),
        guard(rng)
    ));
    line("    route-tables:".into());
    line(format!("      public: {{0.0.0.0/0: igw{}}}", if rng.chance(0.3) { ", 192.0.2.0/24: nat" } else { "" }));
    line(format!("      private: {{0.0.0.0/0: {}}}", pick(rng, &["nat", "igw", "nat-box"])));
    line("    nat-gateways: {nat: {subnet: public, private-ip: 10.0.0.5, elastic-ip: 203.0.113.10}}".into());
    line("    security-groups:".into());
    let rules = [
        "all from 0.0.0.0/0",
        "tcp 7 from 10.0.0.0/16",
        "icmp from any",
        "udp 53 from 10.0.0.0/8",
        "tcp 80 from 198.51.100.0/24",
    ];
    let first = rng.below(rules.len() as u64) as usize;
    line(format!("      web: {{ingress: [{}, {}]}}", rules[first], rules[(first + 1) % rules.len()]));
    line(format!(
        "      tight: {{ingress: {}, egress: [tcp 443 to s3, {} to 0.0.0.0/0]}}",
        pick(rng, &rules),
        pick(rng, &["udp 53", "tcp 80", "icmp", "all"])
    ));
    line("    network-acls:".into());
    let entries =
        ["allow all to 0.0.0.0/0", "deny tcp 80 to 0.0.0.0/0", "deny icmp to 0.0.0.0/0", "allow tcp 443 to 0.0.0.0/0"];
    let back = ["allow all from 0.0.0.0/0", "allow tcp 1024-65535 from 0.0.0.0/0", "deny udp 53 from 0.0.0.0/0"];
    line(format!(
        "      fence: {{egress: {{100: {}, 110: {}}}, ingress: {{100: {}, 110: allow all from 10.0.0.0/8}}}}",
        pick(rng, &entries),
        pick(rng, &entries),
        pick(rng, &back)
    ));
    if rng.chance(0.5) {
        line(format!(
            "    vpc-endpoints: {{first: {{service: s3, route-tables: {}}}}}",
            pick(rng, &["private", "public", "[private, public]", "[]"])
        ));
    }
    line("  other:\n    cidr: 10.1.0.0/16\n    subnets: {far: {cidr: 10.1.0.0/24, route-table: far}}\n    route-tables: {far: {}}".into());
    line("    security-groups: {open: {ingress: all from 10.0.0.0/8}}".into());
    line("peering-connections: {bridge: {between: [main, other]}}".into());
    line("instances:".into());
    let groups = |rng: &mut Rng| pick(rng, &["web", "tight", "[web, tight]"]);
    line(format!(
        "  gate: {{subnet: public, private-ip: 10.0.0.10, elastic-ip: 203.0.113.1, security-groups: web, listen: {{tcp 7: echo, tcp 80: http}}{}}}",
        link(rng)
    ));
    line("  nat-box: {subnet: public, private-ip: 10.0.0.20, elastic-ip: 203.0.113.2, nat: true, source-dest-check: false, security-groups: web}".into());
    line(format!(
        "  worker: {{subnet: private, private-ip: 10.0.1.10, security-groups: {}{}}}",
        groups(rng),
        link(rng)
    ));
    line(format!(
        "  helper: {{subnet: private, private-ip: 10.0.1.11, security-groups: {}, listen: {{tcp 7: echo, udp 7: echo}}{}}}",
        groups(rng),
        link(rng)
    ));
    line("  distant: {subnet: far, private-ip: 10.1.0.10, security-groups: open, listen: {tcp 7: echo}}".into());
    line(format!(
        "internet:\n  hosts:\n    server: {{address: 198.51.100.80, name: www.example.com, listen: {{tcp 80: http, tcp 7: echo, udp 7: echo}}{}}}",
        link(rng)
    ));
    line(format!(
        "s3:\n  unknown-flow: {}\n  buckets: {{data: {{objects: {{small: 4 KiB, large: 3 MiB}}}}}}\nprograms:",
        pick(rng, &["rst", "drop"])
    ));
    for number in 0..6 + rng.below(10) {
        let on = pick(rng, &["gate", "worker", "helper", "distant", "server", "worker"]);
        let to = pick(
            rng,
            &[
                "gate",
                "worker",
                "helper",
                "distant",
                "server",
                "203.0.113.1",
                "203.0.113.10",
                "10.0.0.5",
                "www.example.com",
            ],
        );
        let does = match rng.below(10) {
            0 => format!(
                "ping: {{to: {to}, count: 5, size: {}, dont-fragment: {}}}",
                pick(rng, &["56", "2000", "9000"]),
                pick(rng, &["true", "false"])
            ),
            1 => format!(
                "tcp: {{to: {to}, port: 7, script: [{{send: 200 KiB}}, {{receive: 200 KiB}}, {{idle: 20 s}}, {{send: 10 KiB}}]}}"
            ),
            2 => format!("traceroute: {{to: {to}, by: {}, hops: 6}}", pick(rng, &["icmp", "udp", "tcp"])),
            3 => format!("http: {{to: {to}}}"),
            4 => "s3-get: {bucket: data, key: large}".to_owned(),
            5 => format!("s3-put: {{bucket: data, key: new-{number}, size: 2 MiB}}"),
            6 => format!("udp: {{to: {to}, port: 7, count: 4, size: 3000}}"),
            7 => "resolve: {name: data.s3.us-west-2.amazonaws.com}".to_owned(),
            8 => "dynamodb: {action: ListTables}".to_owned(),
            _ => "s3-get: {bucket: data, key: small}".to_owned(),
        };
        let repeats = does.starts_with("s3") || does.starts_with("http");
        let repeat =
            if repeats && rng.chance(0.5) { ", repeat: {count: 6, pause: 4 s, same-connection: true}" } else { "" };
        let retry = if repeats && rng.chance(0.5) { ", retry: 3" } else { "" };
        line(format!("  p{number}: {{on: {on}, at: {} ms, {does}{repeat}{retry}}}", rng.below(40_000)));
    }
    line("timeline:".into());
    let changes = [
        "create-vpc-endpoint: {vpc: main, service: s3, route-tables: private}",
        "create-vpc-endpoint: {vpc: main, service: s3, route-tables: public, policy: {Statement: [{Effect: Deny, Principal: '*', Action: '*', Resource: '*'}]}}",
        "replace-route: {route-table: private, destination: 0.0.0.0/0, target: igw}",
        "replace-route: {route-table: private, destination: 0.0.0.0/0, target: nat}",
        "replace-route: {route-table: private, destination: 0.0.0.0/0, target: nat-box}",
        "delete-route: {route-table: private, destination: 0.0.0.0/0}",
        "create-route: {route-table: private, destination: 10.1.0.0/16, target: bridge}",
        "create-route: {route-table: far, destination: 10.0.0.0/16, target: bridge}",
        "create-route: {route-table: private, destination: 52.218.128.0/18, target: nat}",
        "stop-instances: {instances: helper}",
        "start-instances: {instances: helper}",
        "terminate-instances: {instances: gate}",
        "fail-zone: {zone: a}",
        "recover-zone: {zone: a}",
        "change-link: {of: worker, down: true}",
        "change-link: {of: worker, down: false}",
        "change-link: {of: internet, loss: 30%}",
        "change-link: {of: s3, delay: 50 ms, reordering: 20%}",
        "change-link: {of: endpoint, loss: 10%}",
        "change-service-ranges: {service: s3, add: 54.200.0.0/16, remove: 52.92.32.0/22}",
        "delete-nat-gateway: {nat-gateway: nat}",
        "disassociate-address: {elastic-ip: 203.0.113.1}",
        "revoke-security-group-ingress: {security-group: web, rules: icmp from any}",
        "authorize-security-group-ingress: {security-group: tight, rules: all from 0.0.0.0/0}",
        "create-network-acl-entry: {network-acl: fence, number: 10, rule: deny all from 0.0.0.0/0}",
        "delete-network-acl-entry: {network-acl: fence, number: 100, egress: true}",
        "modify-vpc-attribute: {vpc: main, dns-support: false}",
        "detach-internet-gateway: {internet-gateway: igw, vpc: main}",
        "associate-route-table: {route-table: public, subnet: private}",
        "modify-instance-attribute: {instance: nat-box, source-dest-check: true}",
    ];
    for _ in 0..4 + rng.below(9) {
        line(format!("  - at: {} ms\n    {}", rng.below(60_000), pick(rng, &changes)));
    }
    text
}

fn guard(rng: &mut Rng) -> &'static str {
    if rng.chance(0.3) { ", network-acl: fence" } else { "" }
}

/// The settings of a link that does things by chance.
fn link(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => format!(
            ", link: {{loss: {}%, reordering: {}%, duplication: {}%}}",
            rng.below(8),
            rng.below(20),
            rng.below(5)
        ),
        1 => format!(", link: {{rate: {} Mbit/s, queue: 64 KiB, jitter: 3 ms}}", 5 + rng.below(50)),
        2 => format!(", link: {{mtu: {}}}", 576 + rng.below(3_000)),
        _ => String::new(),
    }
}
