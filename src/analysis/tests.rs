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
