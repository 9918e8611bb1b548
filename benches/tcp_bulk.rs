//! What a data packet of one bulk connection costs, from program to program: instance, NAT gateway, internet gateway,
//! S3's place; and instance, endpoint, S3's place; beside two bare smoltcp stacks with the same buffers and the same
//! congestion control, joined by nothing but two queues. With capture and explanation off, unless the case says so.

#[path = "support/bare.rs"]
mod bare;
#[path = "support/programs.rs"]
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod programs;
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;
#[path = "support/world.rs"]
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod world;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bare::Bare;
use programs::{Sink, Source};
use support::{Case, Claim, Limit, Options, Work, find, guard, measure, print};
use vpclab::base::SimTime;
use vpclab::engine::LineSpec;
use vpclab::host::{ConnectOptions, Host, HostConfig, HostSettings};
use vpclab::notation::Source as Text;
use vpclab::report::{Capture, Recorder, TimelineOptions};
use vpclab::scenario::{Run, load};
use vpclab::trace::Observer;
use world::{Links, Lists, SERVER, Way, World, address_of, build};

/// Payload of a full packet.
const SEGMENT: u64 = 1_460;
/// Each buffer, on both sides and for both kinds.
const BUFFER: usize = 64 * 1024;
const PORT: u16 = 443;
/// A link that a fast sender saturates.
const TEN_GIGABIT: LineSpec =
    LineSpec { delay: Duration::from_micros(2), rate: Some(10_000_000_000), mtu: 1_500, queue_bytes: 1 << 20 };

fn main() {
    let options = Options::read();
    let units = options.scaled(200_000, 300);
    let fast = Links { instance: TEN_GIGABIT, outside: TEN_GIGABIT };
    let none = Lists::default();
    let lists = Lists { group_rules: 60, acl_entries: 40, routes: 1_000 };
    let cases = [
        Case::new(BARE, units, || bare(BUFFER)).on_record(),
        Case::new(NAT, units, move || bulk(Way::Nat, none, fast)).on_record(),
        Case::new(ENDPOINT, units, move || bulk(Way::Endpoint, none, fast)).on_record(),
        Case::new(LONG, units, move || bulk(Way::Nat, lists, fast)),
        Case::new(S3_NAT, units, || download("", Heard::Nothing)),
        Case::new(S3_ENDPOINT, units, || download(ENDPOINTS, Heard::Nothing)),
        Case::new(S3_TOLD, units / 4, || download("", Heard::Timeline)),
        Case::new(S3_CAPTURED, units / 4, || download("", Heard::Packets)),
    ];
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let bare = find(&measured, BARE).map(support::Measured::median);
    for (name, must) in [(NAT, 0.35), (ENDPOINT, 0.35), (LONG, 0.35), (S3_NAT, 0.35), (S3_ENDPOINT, 0.35)] {
        let (Some(bare), Some(ours)) = (bare, find(&measured, name)) else { continue };
        let (must, target) = (Limit::Least(must), Limit::Least(0.5));
        let what = format!("payload beside bare smoltcp (goal 1): {name}");
        claims.push(Claim { what, found: bare / ours.median(), unit: "x", must, target });
    }
    if let Some(ours) = find(&measured, NAT) {
        // A full packet is 1,500 bytes: 1.2 microseconds of such a link.
        let found = 1_200.0 / ours.median();
        let (must, target) = (Limit::Least(0.8), Limit::Least(1.2));
        claims.push(Claim { what: "real time of a 10 Gbit/s link (goal 4)".into(), found, unit: "x", must, target });
    }
    claims.extend(guard(&options, &measured, &[BARE, NAT, ENDPOINT]));
    print(&options, "Bulk transfer", "data packet", &measured, &claims);
}

const BARE: &str = "bare smoltcp, two stacks";
const NAT: &str = "instance, NAT, IGW, S3's place";
const ENDPOINT: &str = "instance, endpoint, S3's place";
const LONG: &str = "through NAT with 60 rules, 40 entries, 1,000 routes";
const S3_NAT: &str = "vpclab run: S3 download through NAT and IGW";
const S3_TOLD: &str = "vpclab run: the same with its timeline";
const S3_CAPTURED: &str = "vpclab run: the same with every hop captured";
const S3_ENDPOINT: &str = "vpclab run: S3 download through an endpoint";

fn bare(buffer: usize) -> Work {
    let mut pair = Bare::new(buffer);
    Box::new(move |units| pair.transfer(units * SEGMENT))
}

/// One connection that never ends, from an instance to S3's place.
fn bulk(way: Way, lists: Lists, links: Links) -> Work {
    let settings = HostSettings { receive_buffer: BUFFER, send_buffer: BUFFER, ..HostSettings::default() };
    let host = |name: &str, address| Host::new(HostConfig::new(name, 1, [address]).with(settings.clone()));
    let instances = (0..10).map(|index| host(&format!("i{index}"), address_of(index).into()));
    let World { mut engine, instances, server } = build(way, lists, links, instances, host("s3", SERVER.into()));
    let received = Rc::new(Cell::new(0));
    let sink = Sink { port: PORT, received: received.clone(), buffer: None };
    engine.with(server, &mut (), |host: &mut Host, out| host.start(None, sink, out));
    let source = Source { to: (SERVER, PORT).into(), options: ConnectOptions::default() };
    engine.with(instances[0], &mut (), |host: &mut Host, out| host.start(None, source, out));
    Box::new(move |units| {
        let goal = received.get() + units * SEGMENT;
        while received.get() < goal {
            let until = engine.now().after(Duration::from_micros(100));
            engine.run_until(until, u64::MAX, &mut ());
        }
    })
}

/// Who listens to a run.
#[derive(Copy, Clone)]
enum Heard {
    Nothing,
    Timeline,
    Packets,
}

/// Of a scenario whose S3 is reached through an endpoint.
const ENDPOINTS: &str = "vpc-endpoints: {e: {service: s3, route-tables: private}}";

/// A download of that many packets from the S3 of a scenario, from the text to the verdict.
fn download(endpoints: &'static str, heard: Heard) -> Work {
    Box::new(move |units| {
        let text = format!(
            "vpclab: 1\ntitle: One download\nvpcs:\n  main:\n    cidr: 10.0.0.0/16\n    internet-gateway: igw\n    \
             subnets: {{public: {{cidr: 10.0.0.0/24, route-table: public}}, private: {{cidr: 10.0.1.0/24, route-table: \
             private}}}}\n    route-tables: {{public: {{0.0.0.0/0: igw}}, private: {{0.0.0.0/0: nat}}}}\n    \
             nat-gateways: {{nat: {{subnet: public, elastic-ip: 203.0.113.10}}}}\n    {endpoints}\ninstances: {{client: \
             {{subnet: private}}}}\ns3: {{buckets: {{data: {{objects: {{film: {}}}}}}}}}\nprograms: {{get: {{on: client, \
             s3-get: {{bucket: data, key: film}}}}}}\nexpect: [{{completes: {{program: get}}}}]\n",
            units * SEGMENT
        );
        let (mut scenarios, problems) = load(&Text::new("bench.yaml", text));
        let scenario = scenarios.pop().unwrap_or_else(|| panic!("{problems:?}"));
        let mut observer: Box<dyn Observer> = match heard {
            Heard::Nothing => Box::new(()),
            Heard::Timeline => Box::new(Recorder::new().timeline(std::io::sink(), TimelineOptions::default())),
            Heard::Packets => Box::new(Capture::new(scenario.calendar).combined(std::io::sink())),
        };
        let mut run = Run::new(scenario, None, &mut *observer);
        run.advance(SimTime::FAR, &mut *observer);
        assert!(run.finish().judged.iter().all(|judged| judged.held));
    })
}
