//! Whole scenarios, read: good ones, one with nearly every key, and spoilt copies of it.

use super::*;
use crate::notation::{Source, problems_to_text};

#[track_caller]
fn good(text: &str) -> Scenario {
    let source = Source::new("t.yaml", text);
    let (mut scenarios, problems) = load(&source);
    assert!(problems.is_empty(), "{}", problems_to_text(&source, &problems, false));
    scenarios.pop().expect("no problem was found")
}

const ENDPOINT: &str =
    include_str!("../../../scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml");

#[test]
fn a_whole_scenario_is_read() {
    let scenario = good(ENDPOINT);
    assert_eq!(scenario.programs.len(), 3);
    assert_eq!(scenario.timeline[0].label, "s3-endpoint");
    assert_eq!(scenario.expectations.len(), 8);
    let step = &scenario.timeline[0];
    let action = step.action(&scenario.source, &scenario.names, &scenario.world).expect("an action");
    assert_eq!(action.expect("a good one").name(), "CreateVpcEndpoint");
}

#[test]
fn a_fleet_is_many_machines_under_one_name() {
    let scenario = good(
        "vpclab: 1\ntitle: t\nvpcs: {v: {cidr: 10.0.0.0/16, subnets: {s: {cidr: 10.0.0.0/20}}}}\nquotas: none\n\
         instances: {fleet: {count: 300, subnet: s}}\nprograms: {p: {on: fleet, ping: {to: fleet-1}}}\n",
    );
    assert_eq!(scenario.machines.len(), 300);
    assert_eq!(scenario.programs[299].spec.name, "p@fleet-300");
    assert!(scenario.programs.iter().all(|program| program.name == "p"));
}

#[test]
fn an_error_makes_no_machine_of_a_fleet_unknown() {
    let source = Source::new(
        "t.yaml",
        "vpclab: 1\ntitle: t\ncolor: red\nquotas: none\n\
         vpcs: {v: {cidr: 10.0.0.0/16, subnets: {s: {cidr: 10.0.0.0/20}}}}\n\
         instances: {f: {count: 600, subnet: s}, g: {count: 1000000, subnet: s}}\n\
         programs: {p: {on: [f-500, f-501, g-999999], ping: {to: f-599}}, q: {on: f-601, ping: {to: f-0500}}, r: {on: f, ping: {to: f-1}}}\n\
         timeline: [{at: 1 s, stop-instances: {instances: f-400}}, {at: 1 s, stop-instances: {instances: f-700}}]\n\
         expect: [{hears: {program: p@f-500, replies: 1}}, {hears: {program: [r@f-300, r@f-601], replies: 1}}]\n",
    );
    let (_, problems) = load(&source);
    let found: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        found,
        [
            "unknown key `color`",
            "more than 1000000 instances",
            "`f-601` is not the name of a machine",
            "`f-700` is not the name of an instance",
            "`r@f-601` is not the name of a program",
        ]
    );
}

/// A scenario with many of the language's keys.
const RICH: &str = r#"
vpclab: 1
title: Many keys at once
era: current
start: 2026-03-01T00:00:00Z
seed: 7
until: 10 minutes
policy-delay: 1 minute
account: 123456789012
region: us-west-2
nat: {idle-timeout: 350s, connections: 1000}
vpcs:
  main:
    cidr: [10.0.0.0/16, 10.1.0.0/16]
    ipv6: 2001:db8:1::/56
    dns-hostnames: true
    name-servers: [AmazonProvidedDNS, 10.0.1.53]
    internet-gateway: {name: igw, id: igw-1a2b3c4d}
    egress-only-internet-gateway: eigw
    virtual-private-gateway: vgw
    subnets:
      public: {cidr: 10.0.0.0/24, zone: us-west-2a, public-ips: true, ipv6-cidr: 2001:db8:1:1::/64, network-acl: tight, tags: {tier: front}}
      private: {cidr: 10.0.1.0/24, zone: a, route-table: private, id: subnet-1a2b3c4d}
    route-tables:
      main: {0.0.0.0/0: igw, "::/0": igw}
      private: {0.0.0.0/0: nat, 10.9.0.0/16: peering, office: vgw, propagate: vgw}
    nat-gateways:
      nat: {subnet: public, elastic-ip: shared}
    security-groups:
      default: {ingress: [all from default, icmp 8 from any], egress: [all to any]}
      web: {ingress: [tcp 443 from any, tcp 22 from 198.51.100.7], egress: [tcp 443 to s3, udp 53 to office]}
    network-acls:
      tight: {ingress: {100: allow all from any}, egress: {100: allow all to any, 200: deny tcp 25 to any}}
    vpc-endpoints:
      s3-endpoint:
        service: s3
        route-tables: [private, main]
        policy: {Statement: [{Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "*"}]}
  other:
    cidr: 10.9.0.0/16
    subnets: {alone: {cidr: 10.9.0.0/24}}
prefix-lists:
  office: [192.168.0.0/16]
elastic-ips:
  shared: 203.0.113.77
peering-connections:
  peering: {between: [main, other]}
vpn-connections:
  vpn: {virtual-private-gateway: vgw, to: hq}
on-premises:
  hq: {cidr: 192.168.0.0/16, gateway-address: 198.51.100.20, hosts: {pc: {address: 192.168.1.10, listen: {tcp 80: http}}}}
instances:
  web: {subnet: public, security-groups: [web, default], ipv6: true, listen: {tcp 443: {source: 1 MiB, delay: 1s}}}
  nat-box: {subnet: public, source-dest-check: false, nat: true, elastic-ip: 203.0.113.78}
  dns: {subnet: private, private-ip: 10.0.1.53, listen: {udp 53: {dns: {example.com: 198.51.100.7}}}}
  two: {subnet: private, interfaces: [{subnet: public, name: second, private-ip: 10.0.0.99}], user: alice, ttl: 64}
  fleet: {subnet: private, count: 3, link: {rate: 10 Mbit/s, loss: 1%}}
users:
  alice: {policies: {read: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}}
accounts:
  partner: {users: {bob: }, buckets: {partner-data: {objects: {a: 1 KiB}}}}
s3: {unknown-flow: drop, idle-timeout: 1 minute, buckets: {data: {objects: {a: {text: hello}, b/c: 1 GiB}}}}
internet: {hosts: {peer: {address: [198.51.100.7, "2001:db8::7"], name: example.com, listen: {udp 7: echo}}}}
programs:
  get: {on: two, s3-get: {bucket: data, key: a, range: 0-3, names: dash, as: alice}, retry: {attempts: 2, resume: true}}
  presigned: {on: pc, s3-put: {bucket: data, key: up, text: hi, presigned: 5 minutes, as: bob}}
  talk: {on: [web, fleet], tcp: {to: peer, port: 80, script: [send: 1 kB, idle: 6 minutes, hold: ]}, repeat: {count: 1}}
  ask: {on: web, resolve: {name: s3.us-west-2.amazonaws.com}}
  hops: {on: web, traceroute: {to: nat.public, by: tcp}}
  beat: {on: pc, ping: {to: web.public, count: 3}, when: {step: change}, after: 1s}
timeline:
  - at: 1s
    step: change
    as: alice
    CreateVpcEndpoint: {VpcId: main, ServiceName: com.amazonaws.us-west-2.dynamodb, RouteTableIds: [private]}
    refused: UnauthorizedOperation
  - when: {program: get, has-ended: }
    replace-route: {route-table: private, destination: 0.0.0.0/0, target: nat-box}
  - after: 1s
    describe-vpc-endpoints: {vpc-id: main}
    answers: {VpcEndpoints: [{State: available}]}
  - change-link: {of: peer, loss: 50%, down: false}
expect:
  - s3-sees: {program: get, source: 10.0.0.0/16, endpoint: s3-endpoint, vpc: main}
  - does-not-reach: {from: [web, pc], to: web.ipv6, port: 22, reason: ENI_SG_RULES_MISMATCH, dropped-by: web}
  - exchanges: {program: talk, at: peer, packets: ["> S", "< SA", "> . len 0"]}
  - drops: {reason: NO_ROUTE_TO_DESTINATION, times: 1, after: change}
  - route-table: {table: private, has: {0.0.0.0/0: nat-box}, lacks: 8.8.8.0/24}
  - costs: {path: nat-gateway, at-most: 0.01}
"#;

#[test]
fn a_scenario_with_many_keys_is_read() {
    let scenario = good(RICH);
    assert_eq!(scenario.machines.len(), 9);
    assert_eq!(scenario.settings.outside.premises[0].customer_gateways.len(), 1);
    assert_eq!(scenario.world.accounts().len(), 2);
    assert_eq!(scenario.programs.iter().filter(|program| program.name.starts_with("probe")).count(), 2);
}

#[test]
fn every_scenario_of_ours_has_no_problems_in_two_readings() {
    assert_eq!(good(RICH).names, good(RICH).names);
    assert_eq!(good(ENDPOINT).world, good(ENDPOINT).world);
}

proptest::proptest! {
    #[test]
    fn no_mutation_of_a_scenario_panics(
        cut in 0usize..RICH.len(),
        length in 0usize..60,
        insert in "(: |, |\\{|\\}|\\[|\\]|\n  |- |0|x|main|private|10\\.0\\.0\\.0/8|1s|null|\"|'|#|~){0,3}",
    ) {
        let text: String = RICH.chars().take(cut).chain(insert.chars()).chain(RICH.chars().skip(cut + length)).collect();
        let source = Source::new("t.yaml", text);
        let (scenarios, problems) = load(&source);
        problems_to_text(&source, &problems, true);
        proptest::prop_assert!(!scenarios.is_empty() || !problems.is_empty());
    }
}
