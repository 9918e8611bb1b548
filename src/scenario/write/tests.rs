//! Worlds written, read back and compared: the measured networks, random ones, and one with everything that the language
//! has words for.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::analysis::agreement::random_world;
use crate::analysis::{StageOptions, score};
use crate::base::{Era, RegionName, ServiceName, SimTime};
use crate::control_plane::{Service, World};
use crate::import::{ImportOptions, import, read_observations, tests as measured};
use crate::notation::{Source, problems_to_text};
use crate::scenario::{Advance, Run, Scenario, load};

/// Reads a text that must have no problems at all.
#[track_caller]
fn read(text: &str) -> Scenario {
    let source = Source::new("written.yaml", text);
    let (mut scenarios, problems) = load(&source);
    assert!(problems.is_empty(), "{}\n{text}", problems_to_text(&source, &problems, false));
    scenarios.remove(0)
}

fn preface() -> Preface {
    Preface { title: "An account: as it was described".to_owned(), comments: vec!["A comment.".to_owned()] }
}

/// Writes a world, reads it back, and compares; gives the written scenario and what is read from it.
#[track_caller]
fn round_trip(world: &World) -> (Written, Scenario) {
    let written = write(world, &preface());
    let scenario = read(&written.text);
    let differences = differences(world, &scenario.world);
    assert!(differences.is_empty(), "{differences:#?}\n{}", written.text);
    // Once more, the same text comes of it, but for what was gone already.
    let again = write(&scenario.world, &preface()).text;
    let told = |line: &&str| !line.contains("# not written: ");
    let mut pairs = written.text.lines().filter(told).zip(again.lines().filter(told));
    assert_eq!(pairs.find(|(one, other)| one != other), None);
    (written, scenario)
}

fn world_of(files: Vec<measured::File>) -> World {
    import(measured::inputs(files), &ImportOptions::default()).expect("a world").world
}

#[test]
fn the_measured_networks_are_written_and_read_back_whole() {
    for files in [measured::endpoints_network(), measured::peering_network()] {
        let (written, _) = round_trip(&world_of(files));
        assert_eq!(written.notes, Vec::<String>::new());
    }
}

#[test]
fn services_of_a_region_that_only_one_world_knows_are_a_difference() {
    let (one, mut other) = (World::new(Era::Current), World::new(Era::Current));
    assert_eq!(differences(&one, &other), Vec::<String>::new());
    let region = RegionName::parse("zz-nowhere-1").expect("a region");
    let name = ServiceName::of(&region, "s3");
    other.declare_service(&region, Service::interface(name.clone(), None));
    assert_eq!(differences(&one, &other), [format!("{name} is new")]);
    assert_eq!(differences(&other, &one), [format!("{name} is missing")]);
}

/// One of nearly everything that an account can have.
#[test]
fn an_account_of_every_kind_is_written_and_read_back_whole() {
    let imported = import(measured::account::files(), &ImportOptions::default());
    let world = imported.unwrap_or_else(|problems| panic!("{problems:#?}")).world;
    let (written, _) = round_trip(&world);
    assert_eq!(written.notes, Vec::<String>::new(), "{}", written.text);
}

/// Names that look like ids, and groups without a Name tag.
#[test]
fn names_are_kept_where_they_look_like_ids_and_no_tag_is_written_that_is_not_there() {
    let mut account = measured::small::Small::new();
    account.items("NatGateways")[0]["Tags"] = json!([{"Key": "Name", "Value": "nat-a"}]);
    let own = json!({"GroupId": "sg-7", "GroupName": "web", "VpcId": "vpc-1", "OwnerId": "111122223333"});
    account.add("SecurityGroups", own);
    // The name of one machine is the id of another.
    account.items("Reservations")[1]["Instances"][0]["Tags"][0]["Value"] = json!("i-1");
    let world = import(account.files(), &ImportOptions::default()).expect("a world").world;
    let (written, scenario) = round_trip(&world);
    assert_eq!(written.notes, Vec::<String>::new());
    let named = |name: &str| scenario.names.candidates(name).map(|named| named.id.to_string()).collect::<Vec<_>>();
    assert_eq!((named("nat-a"), named("i-2")), (vec!["nat-1".to_owned()], vec!["i-2".to_owned()]));
    assert_eq!(named("i-1"), Vec::<String>::new(), "it would mean the other machine");
    assert!(!written.text.contains("Name: }"), "{}", written.text);
}

#[test]
fn a_group_of_another_vpc_is_left_out_and_named() {
    let written = |associated: bool| {
        let mut account = measured::small::Small::new();
        account.add("Vpcs", json!({"VpcId": "vpc-9", "CidrBlock": "10.9.0.0/16", "OwnerId": "111122223333"}));
        let main = json!([{"Main": true, "RouteTableAssociationId": "rtbassoc-9"}]);
        let local = json!({"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"});
        account.add(
            "RouteTables",
            json!({"RouteTableId": "rtb-9", "VpcId": "vpc-9", "Routes": [local], "Associations": main}),
        );
        account.add(
            "NetworkAcls",
            json!({"NetworkAclId": "acl-9", "VpcId": "vpc-9", "IsDefault": true, "Entries": [], "Associations": []}),
        );
        account.add("SecurityGroups", json!({"GroupId": "sg-9", "GroupName": "default", "VpcId": "vpc-9"}));
        if associated {
            account.items("NetworkInterfaces")[0]["Groups"] = json!([{"GroupId": "sg-1"}, {"GroupId": "sg-9"}]);
        }
        let world = import(account.files(), &ImportOptions::default()).expect("a world").world;
        let written = write(&world, &preface());
        (written.notes.clone(), differences(&world, &read(&written.text).world))
    };
    let (notes, different) = written(true);
    assert_eq!(notes, ["sg-9 of another VPC, which eni-1 has"]);
    assert!(different.contains(&"eni-1 differs in its groups".to_owned()), "{different:?}");
    assert_eq!(written(false), (Vec::new(), Vec::new()));
}

#[test]
fn a_written_network_is_seen_by_probes_as_the_account_was() {
    let endpoints = include_str!("../../../tests/data/live-aws/aws_vpc_endpoints/observations.csv");
    let peering = include_str!("../../../tests/data/live-aws/aws_multi_account_vpc_peering/observations.csv");
    for (files, seen) in [(measured::endpoints_network(), endpoints), (measured::peering_network(), peering)] {
        let world = world_of(files);
        let (_, scenario) = round_trip(&world);
        let (observations, problems) = read_observations(&Source::new("observations.csv", seen));
        assert_eq!(problems, []);
        let (one, other) = (
            score(world, StageOptions::default(), &observations),
            score(scenario.world, StageOptions::default(), &observations),
        );
        let answers = |card: &crate::analysis::Scorecard| {
            card.scored.iter().map(|one| (one.reply.saw.clone(), one.reply.ttl)).collect::<Vec<_>>()
        };
        assert_eq!(answers(&one), answers(&other));
        assert_eq!((one.wrong(), other.wrong()), (0, 0));
    }
}

/// A written scenario whose example is no comment any more.
fn with_example(text: &str) -> Scenario {
    let begin = text.rfind("to be uncommented as a start:").expect("an example");
    let lines = text[begin..].lines().skip(2).map(|line| line.strip_prefix("# ").unwrap_or(line));
    read(&format!("{text}\n{}\n", lines.collect::<Vec<_>>().join("\n")))
}

fn holds(scenario: Scenario) -> bool {
    let mut run = Run::new(scenario, None, &mut ());
    assert_eq!(run.advance(SimTime::FAR, &mut ()), Advance::Ended);
    let outcome = run.finish();
    !outcome.judged.is_empty() && outcome.judged.iter().all(|one| one.held)
}

#[test]
fn the_example_in_a_written_file_can_be_uncommented_and_holds() {
    for files in [measured::endpoints_network(), measured::peering_network()] {
        let scenario = with_example(&write(&world_of(files), &preface()).text);
        assert_eq!((scenario.programs.len(), scenario.expectations.len()), (1, 1));
        assert!(holds(scenario));
    }
    for seed in 0..20 {
        let written = write(&random_world(seed), &preface());
        assert!(holds(with_example(&written.text)), "{seed}");
    }
}

#[test]
fn random_worlds_with_notes_and_without_are_written() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let (written, _) = round_trip(&random_world(seed));
        kinds.extend(
            ["blackhole", "stopped", "accepted: false", "public-ip: ", "vpc-endpoints", "not written: nat-"]
                .into_iter()
                .filter(|part| written.text.contains(part)),
        );
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_random_world_is_written_and_read_back_whole(seed in any::<u64>()) {
        round_trip(&random_world(seed));
    }

    /// A file that was written is edited by hand.
    #[test]
    fn no_mutation_of_a_written_account_panics(
        cut in 0usize..9_000,
        length in 0usize..60,
        insert in "(: |, |\\{|\\}|\\[|\\]|\n  |- |0|x|main|private|10\\.0\\.0\\.0/8|state: |null|\"|'|#|~){0,3}",
    ) {
        let world = import(measured::account::files(), &ImportOptions::default()).expect("a world").world;
        let text = write(&world, &preface()).text;
        let text: String = text.chars().take(cut).chain(insert.chars()).chain(text.chars().skip(cut + length)).collect();
        let source = Source::new("t.yaml", text);
        let (scenarios, problems) = load(&source);
        problems_to_text(&source, &problems, true);
        prop_assert!(!scenarios.is_empty() || !problems.is_empty());
    }
}
