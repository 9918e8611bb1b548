//! Probes against the networks measured on the real AWS.

use super::*;
use crate::import::{ImportOptions, Observations, import, read_observations, tests as measured};
use crate::notation::Source;

fn score_of(files: Vec<crate::import::InputFile>, csv: &str) -> Scorecard {
    let imported = import(files, &ImportOptions::default()).expect("a world");
    let (observations, problems): (Observations, _) = read_observations(&Source::new("observations.csv", csv));
    assert_eq!(problems, []);
    score(imported.world, StageOptions::default(), &observations)
}

#[track_caller]
fn check_score(card: &Scorecard, right: usize, ttl: usize) {
    let others: Vec<String> = card
        .scored
        .iter()
        .filter(|one| one.agreement != Agreement::Right || one.ttl_agrees == Some(false))
        .map(|one| {
            let trails: Vec<String> = one
                .reply
                .trails
                .iter()
                .map(|trail| {
                    let steps: Vec<String> = trail
                        .journey
                        .steps()
                        .map(|(node, step)| format!("      {}: {step:?}", card.names.directory.node(node)))
                        .collect();
                    format!("    {:?}\n{}", trail.tuple, steps.join("\n"))
                })
                .collect();
            format!("{:?}\n  {:?} {:?}\n{}", one.observation, one.agreement, one.reply.saw, trails.join("\n"))
        })
        .collect();
    assert!(others.is_empty(), "{}", others.join("\n"));
    assert_eq!((card.right(), card.ttl()), (right, (ttl, ttl)));
    assert!(card.holds());
}

#[test]
fn the_network_of_endpoints_answers_as_it_was_measured() {
    let csv = include_str!("../../tests/data/live-aws/aws_vpc_endpoints/observations.csv");
    check_score(&score_of(measured::inputs(measured::endpoints_network()), csv), 56, 11);
}

#[test]
fn the_peered_networks_answer_as_they_were_measured() {
    let csv = include_str!("../../tests/data/live-aws/aws_multi_account_vpc_peering/observations.csv");
    check_score(&score_of(measured::inputs(measured::peering_network()), csv), 24, 8);
}

fn world_of(files: Vec<crate::import::InputFile>) -> crate::control_plane::World {
    import(files, &ImportOptions::default()).expect("a world").world
}

#[test]
fn all_pairs_of_the_measured_network_are_told_by_classes() {
    let world = world_of(measured::inputs(measured::endpoints_network()));
    let reach = reach(&world, TableOptions::default(), &[Traffic::Tcp(22)], &mut |_, _| ());
    let outcome = |from: &str, to: &str| {
        let place = |name: &str| reach.classes.iter().position(|class| class.name == name).expect(name);
        let (from, to) = (place(from), place(to));
        let pair = reach.pairs.iter().find(|pair| (pair.from, pair.to) == (from, to));
        pair.map(|pair| pair.outcome.clone()).expect("a pair")
    };
    assert_eq!(outcome("bat-nat01", "the internet"), Outcome::Reaches);
    assert_eq!(outcome("bat-private01", "the internet"), Outcome::BlockedOut(crate::trace::DropReason::NoRoute));
    assert_eq!(outcome("the internet", "bat-pub01 by its public address"), Outcome::Reaches);
}

/// The founding document's sentence, asked of a real account: an endpoint in the table of the NAT gateway's clients
/// resets what is open to S3 and leaves the rest.
#[test]
fn creating_an_endpoint_would_reset_what_is_open_to_s3_and_nothing_else() {
    use crate::control_plane::{Action, Call, CreateVpcEndpoint};
    let world = world_of(measured::inputs(measured::endpoints_network()));
    let (scope, region) = world.regions().next().expect("a region");
    let vpc = region.vpcs().keys().next().expect("a VPC").clone();
    let nat = region.route_tables().values().find(|table| table.tags.name.as_deref() == Some("bat_rtb_ngw"));
    let create = CreateVpcEndpoint {
        route_table_ids: vec![nat.expect("the table").id.clone()],
        ..CreateVpcEndpoint::new(vpc, crate::base::ServiceName::of(&scope.region, "s3"))
    };
    let step = ChangeStep { call: Call::admin(scope), action: Action::from(create), text: "an endpoint".to_owned() };
    let result = what_if(&world, &[step], WhatIfOptions::default(), &mut |_, _| ());
    assert!(result.refused.is_empty(), "{:?}", result.refused);
    assert!(result.loses());
    assert!(result.lost.is_empty() && result.gained.is_empty(), "{:?}", result.lost);
    assert!(result.rerouted.iter().all(|pair| pair.from.name == "bat-nat01" && pair.to.kind == ClassKind::Service));
    assert!(!result.rerouted.is_empty());
    for one in &result.connections {
        let expected = one.from == "bat-nat01" && one.to.starts_with("s3 ");
        match one.fate {
            Fate::Reset(_) => assert!(expected, "{one:?}"),
            Fate::Survives => assert!(!expected, "{one:?}"),
            Fate::TimesOut(_) | Fate::Ends(..) | Fate::NotOpen => panic!("{one:?}"),
        }
    }
    // Without the change everything stays: the twin.
    let same = what_if(&world, &[], WhatIfOptions::default(), &mut |_, _| ());
    assert!(!same.loses() && same.rerouted.is_empty());
    assert_eq!(same.connections.len(), result.connections.len());
}
