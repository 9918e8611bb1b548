//! The heart of it, from text to verdict, and what a run that is cut short or has nothing to do is judged by.

use super::*;
use crate::base::SimTime;
use crate::notation::{Source, problems_to_text};
use crate::scenario::load;

/// The run of a scenario before it has begun.
#[track_caller]
fn run(text: &str) -> Run {
    let source = Source::new("scenario.yaml", text);
    let (mut scenarios, problems) = load(&source);
    let scenario = scenarios.pop().unwrap_or_else(|| panic!("{}", problems_to_text(&source, &problems, false)));
    Run::new(scenario, None, &mut ())
}

/// Runs a scenario to its end: whether each expectation held, and what was seen.
#[track_caller]
fn judged(text: &str) -> Vec<(bool, String)> {
    let mut run = run(text);
    assert_eq!(run.advance(SimTime::FAR, &mut ()), Advance::Ended);
    verdicts(&run)
}

fn verdicts(run: &Run) -> Vec<(bool, String)> {
    run.finish().judged.into_iter().map(|judged| (judged.held, judged.saw)).collect()
}

/// A client and a server, a slow link between them.
fn slow_link(rest: &str) -> String {
    format!(
        "vpclab: 1\ntitle: t\n\
         vpcs: {{v: {{cidr: 10.0.0.0/16, subnets: {{s: {{cidr: 10.0.1.0/24}}}}, \
         security-groups: {{open: {{ingress: all from any}}}}}}}}\n\
         instances:\n  a: {{subnet: s, security-groups: open, link: {{delay: 30 ms}}}}\n  \
         b: {{subnet: s, security-groups: open, listen: {{tcp 443: echo}}}}\n{rest}"
    )
}

#[test]
fn the_heart_of_it_holds() {
    let text = include_str!("../../../scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml");
    let outcome = judged(text);
    assert!(outcome.iter().all(|(held, _)| *held), "{outcome:#?}");
}

#[test]
fn a_probe_that_is_still_waiting_has_not_shown_that_it_does_not_reach() {
    let probe = "expect:\n  - does-not-reach: {from: a, to: b, port: 443}\n  - reaches: {from: a, to: b, port: 443}\n";
    let early = judged(&slow_link(&format!("until: 10 ms\n{probe}")));
    assert_eq!(early[0], (false, "probe 1: a to b tcp 443: the run ended before an answer could come".to_owned()));
    assert!(!early[1].0);
    let late = judged(&slow_link(probe));
    assert!(!late[0].0 && late[1].0, "{late:?}");
    let shut = "expect: [{does-not-reach: {from: a, to: b, port: 444, refused: true}}]\n";
    assert!(judged(&slow_link(shut))[0].0);
}

#[test]
fn what_never_started_shows_nothing() {
    let rest = |start: &str| {
        slow_link(&format!(
            "until: 1 minute\nprograms: {{p: {{on: a, at: {start}, ping: {{to: b}}}}}}\nexpect:\n  \
             - is-not-reset: {{program: p}}\n  - never-crosses: {{program: p, by: internet}}\n"
        ))
    };
    let late = judged(&rest("1 hour"));
    assert!(late.iter().all(|seen| *seen == (false, "p: did not start".to_owned())), "{late:?}");
    assert!(judged(&rest("1 s")).iter().all(|(held, _)| *held));
}

/// Two route tables, where one is tagged as the other is called.
const TABLES: &str = "vpclab: 1\ntitle: t\n\
    vpcs: {v: {cidr: 10.0.0.0/16, internet-gateway: igw, subnets: {s: {cidr: 10.0.1.0/24}}, route-tables: {\
    green: {id: rtb-0a, tags: {Name: blue}, 0.0.0.0/0: igw}, blue: {id: rtb-0b}}}}\n";

#[test]
fn route_tables_are_judged_where_nothing_else_happens_and_after_an_interruption() {
    let still = format!("{TABLES}expect:\n  - route-table: {{table: green, has: {{0.0.0.0/0: igw}}}}\n");
    let nothing_to_do = run(&still);
    assert_eq!(nothing_to_do.next(), None);
    assert!(verdicts(&nothing_to_do)[0].0, "{:?}", verdicts(&nothing_to_do));

    let busy = slow_link(
        "programs: {p: {on: a, ping: {to: b}}}\nuntil: 1 minute\nexpect:\n  \
         - route-table: {table: main, lacks: [0.0.0.0/0]}\n  \
         - route-table: {table: main, lacks: [0.0.0.0/0], at: 50 s}\n",
    )
    .replace("security-groups: {", "route-tables: {main: {}}, security-groups: {");
    let mut interrupted = run(&busy);
    interrupted.advance(SimTime::from_secs(1), &mut ());
    let seen = verdicts(&interrupted);
    assert!(seen[0].0, "{seen:?}");
    assert_eq!(seen[1], (false, "its time did not come".to_owned()));
    assert!(judged(&busy).iter().all(|(held, _)| *held));
}

#[test]
fn a_table_is_what_the_scenario_calls_so_before_what_is_tagged_so() {
    let asked = format!(
        "{TABLES}expect:\n  - route-table: {{table: blue, lacks: [0.0.0.0/0]}}\n  \
         - route-table: {{table: v/blue, lacks: [0.0.0.0/0]}}\n  \
         - route-table: {{table: rtb-0a, has: {{0.0.0.0/0: igw}}}}\n"
    );
    let seen = judged(&asked);
    assert!(seen.iter().all(|(held, _)| *held), "{seen:?}");
}

#[test]
fn packets_are_watched_at_everything_that_has_the_name() {
    let vpc = |name: &str, cidr: &str| {
        format!(
            "{name}: {{cidr: 10.{cidr}.0.0/16, internet-gateway: igw, subnets: {{{name}s: {{cidr: 10.{cidr}.1.0/24, \
             route-table: {name}t}}}}, route-tables: {{{name}t: {{0.0.0.0/0: igw}}}}}}"
        )
    };
    let text = format!(
        "vpclab: 1\ntitle: t\nvpcs: {{{}, {}}}\n\
         instances: {{a: {{subnet: ms, public-ip: true}}, b: {{subnet: ns, public-ip: true}}}}\n\
         s3: {{buckets: {{data: {{objects: {{x: 1 KiB}}}}}}}}\n\
         programs:\n  p: {{on: a, s3-get: {{bucket: data, key: x}}}}\n  q: {{on: b, s3-get: {{bucket: data, key: x}}}}\n\
         expect:\n  - exchanges: {{program: p, at: igw, packets: ['> S']}}\n  \
         - exchanges: {{program: q, at: igw, packets: ['> S']}}\n  \
         - never-crosses: {{program: q, by: m/igw}}\n  - is-carried-by: {{program: q, by: n/igw}}\n",
        vpc("m", "0"),
        vpc("n", "1")
    );
    let seen = judged(&text);
    assert!(seen.iter().all(|(held, _)| *held), "{seen:#?}");
}

#[test]
fn a_refusal_is_expected_with_its_whole_code() {
    let step = |code: &str| {
        format!(
            "vpclab: 1\ntitle: t\nvpcs: {{v: {{cidr: 10.0.0.0/16}}}}\ntimeline:\n  \
             - {{at: 1 s, stop-instances: {{instances: i-00000001}}, refused: {code}}}\n"
        )
    };
    assert!(judged(&step("InvalidInstanceID.NotFound"))[0].0);
    // A code of its own, with which this one begins.
    assert!(!judged(&step("InvalidInstanceID"))[0].0);
    let refused = |code: &str| {
        let source = Source::new("scenario.yaml", step(code));
        let (scenarios, problems) = load(&source);
        assert!(scenarios.is_empty());
        problems_to_text(&source, &problems, false)
    };
    let text = refused("InvalidInstanceId.NotFound");
    assert!(text.contains("`InvalidInstanceId.NotFound` is no error code that EC2 answers"), "{text}");
    assert!(text.contains("scenario.yaml:5:65"), "{text}");
    assert!(text.contains("did you mean `InvalidInstanceID.NotFound`?"), "{text}");
    assert!(refused("Invalid").contains("is no error code"));
}

#[test]
fn a_failure_has_the_cause_that_it_was_made_of_whatever_its_words() {
    let cases = slow_link(
        "programs:\n  silence: {on: a, ping: {to: 10.0.1.99, count: 1}}\n  name: {on: a, tcp: {to: reset.example, port: 443}}\n  \
         shut: {on: a, tcp: {to: b, port: 444}}\n\
         expect:\n  - fails: {program: silence, by: timeout}\n  - fails: {program: silence, by: http}\n  \
         - times-out: {program: silence}\n  - fails: {program: name, by: name}\n  - fails: {program: shut, by: refused}\n",
    );
    let held: Vec<bool> = judged(&cases).into_iter().map(|(held, _)| held).collect();
    assert_eq!(held, [true, false, true, true, true]);
}

#[test]
fn a_machine_that_is_called_like_a_part_of_aws_is_meant_alone() {
    // The VPC has a resolver of its own, which answers the name.
    let text = "vpclab: 1\ntitle: t\n\
        vpcs: {v: {cidr: 10.0.0.0/16, internet-gateway: igw, subnets: {s: {cidr: 10.0.1.0/24, route-table: out}}, \
        route-tables: {out: {0.0.0.0/0: igw}}}}\n\
        instances: {a: {subnet: s, public-ip: true}, resolver: {subnet: s}}\n\
        s3: {buckets: {data: {objects: {x: 1 KiB}}}}\n\
        programs: {p: {on: a, s3-get: {bucket: data, key: x}}, q: {on: a, resolve: {name: s3.us-west-2.amazonaws.com}}}\n\
        expect:\n  - never-crosses: {program: q, by: resolver}\n  - is-carried-by: {program: p, by: s3}\n  \
        - carries: {device: resolver, at-most: 0 B}\n";
    let seen = judged(text);
    assert!(seen.iter().all(|(held, _)| *held), "{seen:#?}");
}
