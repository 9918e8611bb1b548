//! What a packet costs on its way: instance, security group, network ACL, route table, NAT gateway, internet gateway,
//! internet; or through a gateway endpoint. From ten to a hundred thousand instances, and with long lists beside empty
//! ones. No TCP stack is involved: the machines make packets and take them.

#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;
#[path = "support/world.rs"]
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod world;

use support::{Case, Claim, Limit, Options, Work, measure, print, ratio};
use vpclab::base::SimTime;
use vpclab::engine::{Effects, Engine, LineSpec, LinkSpec, Node};
use vpclab::packet::Packet;
use vpclab::trace::{NodeId, PortId};
use world::{Links, Lists, SERVER, Way, World, address_of, build};

fn main() {
    let options = Options::read();
    let units = options.scaled(400_000, 500);
    let most = options.scaled(100_000, 100) as usize;
    let sizes: Vec<usize> = [10, 1_000, 10_000, 100_000].into_iter().filter(|size| *size <= most).collect();
    let none = Lists::default();
    let long = Lists { group_rules: 60, acl_entries: 40, routes: 1_000 };
    let mut cases = vec![Case::new("made and delivered only", units, || direct())];
    for &size in &sizes {
        cases.push(Case::new(format!("NAT, one flow beside {size} instances"), units, move || {
            flows(Way::Nat, none, size, 1)
        }));
        cases.push(Case::new(format!("NAT, {size} flows in turn"), units, move || flows(Way::Nat, none, size, size)));
        cases.push(Case::new(format!("endpoint, {size} flows in turn"), units, move || {
            flows(Way::Endpoint, none, size, size)
        }));
    }
    for (name, lists) in [("empty lists", none), ("60 rules, 40 entries, 1,000 routes", long)] {
        cases.push(Case::new(format!("NAT, {name}"), units, move || flows(Way::Nat, lists, 10, 10)));
        cases.push(Case::new(format!("endpoint, {name}"), units, move || flows(Way::Endpoint, lists, 10, 10)));
        cases.push(Case::new(format!("endpoint, {name}, first packets"), units / 20, move || first(lists)));
    }
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let mut claim = |what: &str, name: &str, base: &str, must: [f64; 2], target: [f64; 2]| {
        let Some((time, instructions)) = ratio(&measured, name, base) else { return };
        let limits = |at: usize| (Limit::Most(must[at]), Limit::Most(target[at]));
        let (must, target) = limits(0);
        claims.push(Claim { what: what.to_owned(), found: time, unit: "x", must, target });
        if let Some(found) = instructions {
            let (must, target) = limits(1);
            claims.push(Claim { what: format!("{what}: instructions"), found, unit: "x", must, target });
        }
    };
    let beside = |size: usize| format!("NAT, one flow beside {size} instances");
    let turn = |way: &str, size: usize| format!("{way}, {size} flows in turn");
    claim("beside 10 -> 100,000 idle instances (goal 7)", &beside(100_000), &beside(10), [1.2, 1.01], [1.05, 1.0]);
    claim("NAT, 10 -> 10,000 flows (goal 6)", &turn("NAT", 10_000), &turn("NAT", 10), [3.0, 1.15], [2.0, 1.05]);
    claim("NAT, 10 -> 100,000 flows", &turn("NAT", 100_000), &turn("NAT", 10), [5.0, 1.15], [3.0, 1.05]);
    claim("endpoint, 10 -> 10,000 flows", &turn("endpoint", 10_000), &turn("endpoint", 10), [3.0, 1.15], [2.0, 1.05]);
    for way in ["NAT", "endpoint"] {
        let (name, base) = (format!("{way}, 60 rules, 40 entries, 1,000 routes"), format!("{way}, empty lists"));
        claim(&format!("{way}, long lists beside empty ones"), &name, &base, [1.3, 1.3], [1.1, 1.05]);
    }
    print(&options, "Forwarding", "packet", &measured, &claims);
}

/// Makes packets and takes them.
struct Tap;

impl Node for Tap {
    fn on_packet(&mut self, _now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        out.deliver(packet);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// A segment of 100 bytes of payload to the server; the boxes look at no transport checksum.
struct Template {
    bytes: Vec<u8>,
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

impl Template {
    fn new() -> Self {
        let mut bytes = vec![0x45, 0, 0, 140, 0, 0, 0x40, 0, 255, 6, 0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(&SERVER.octets());
        bytes.extend_from_slice(&[0; 20]);
        bytes[32] = 0x50;
        bytes.resize(140, 7);
        Self { bytes }
    }

    /// Sends it from an instance; the port of the server makes room for many flows behind one NAT gateway.
    fn send(&mut self, engine: &mut Engine, instances: &[NodeId], index: usize, port: u16, flags: u8) {
        self.bytes[12..16].copy_from_slice(&address_of(index).octets());
        self.bytes[20..22].copy_from_slice(&port.to_be_bytes());
        self.bytes[22..24].copy_from_slice(&(443 + (index / 50_000) as u16).to_be_bytes());
        self.bytes[33] = flags;
        let bytes = &self.bytes;
        engine.with::<Tap, _>(instances[index], &mut (), |_, out| {
            let packet = out.packet(|buffer| buffer.extend_from_slice(bytes)).expect("a packet");
            out.send(PortId(0), packet);
        });
    }
}

/// From one machine to another over one link: what the measuring itself costs.
fn direct() -> Work {
    let mut engine = Engine::new();
    let (a, b) = (engine.add(Tap), engine.add(Tap));
    engine.connect((a, PortId(0)), (b, PortId(0)), LinkSpec::both(LineSpec::DIRECT));
    let mut template = Template::new();
    Box::new(move |units| {
        for _ in 0..units {
            template.send(&mut engine, &[a], 0, 4_000, ACK);
        }
    })
}

/// Packets of established flows, each of an instance of its own, in turn.
fn flows(way: Way, lists: Lists, instances: usize, active: usize) -> Work {
    let machines = std::iter::repeat_with(|| Tap).take(instances);
    let World { mut engine, instances, .. } = build(way, lists, Links::DIRECT, machines, Tap);
    let mut template = Template::new();
    for index in 0..active {
        template.send(&mut engine, &instances, index, 4_000, SYN);
    }
    assert_eq!(engine.counters().delivered, active as u64, "every flow reaches the server");
    let mut next = 0;
    Box::new(move |units| {
        let before = engine.counters().delivered;
        for _ in 0..units {
            template.send(&mut engine, &instances, next, 4_000, ACK);
            next = if next + 1 == active { 0 } else { next + 1 };
        }
        assert_eq!(engine.counters().delivered - before, units);
    })
}

/// The first packets of flows: each meets the lists.
fn first(lists: Lists) -> Work {
    let machines = std::iter::repeat_with(|| Tap).take(10_000);
    let World { mut engine, instances, .. } = build(Way::Endpoint, lists, Links::DIRECT, machines, Tap);
    let mut template = Template::new();
    let mut next = 0usize;
    Box::new(move |units| {
        for _ in 0..units {
            template.send(&mut engine, &instances, next % 10_000, 1_024 + (next / 10_000) as u16, SYN);
            next += 1;
        }
    })
}
