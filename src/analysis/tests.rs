//! Probes against the networks measured on the real AWS, and what-ifs about them.

use std::net::{IpAddr, SocketAddr};

use super::*;
use crate::base::{Cidr, InstanceId, PrefixListId, RouteTableId, ServiceName, SimTime};
use crate::control_plane::{
    Action, Call, CreateManagedPrefixList, CreateRoute, CreateVpcEndpoint, DeleteRoute, DeleteRouteTable, Destination,
    ModifyVpcAttribute, RouteTarget, Scope, StopInstances, TerminateInstances, World,
};
use crate::import::{Gaps, ImportOptions, Observations, Saw, import, read_observations, tests as measured};
use crate::notation::Source;
use crate::trace::DropReason;

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

fn world_of(files: Vec<crate::import::InputFile>) -> World {
    import(files, &ImportOptions::default()).expect("a world").world
}

fn endpoints_world() -> World {
    world_of(measured::inputs(measured::endpoints_network()))
}

#[test]
fn all_pairs_of_the_measured_network_are_told_by_classes() {
    let world = endpoints_world();
    let reach = reach(&world, TableOptions::default(), &[Traffic::Tcp(22)], &mut |_, _| ());
    let outcome = |from: &str, to: &str| {
        let place = |name: &str| reach.classes.iter().position(|class| class.name == name).expect(name);
        let (from, to) = (place(from), place(to));
        let pair = reach.pairs.iter().find(|pair| (pair.from, pair.to) == (from, to));
        pair.map(|pair| pair.outcome.clone()).expect("a pair")
    };
    assert_eq!(outcome("bat-nat01", "the internet"), Outcome::Reaches);
    assert_eq!(outcome("bat-private01", "the internet"), Outcome::BlockedOut(DropReason::NoRoute));
    assert_eq!(outcome("the internet", "bat-pub01 by its public address"), Outcome::Reaches);
    let mut prober = Prober::new(Stage::new(world, StageOptions::default(), Evidence::default(), &[SOMEWHERE]));
    assert_eq!(confirm(&mut prober, &reach, 1), []);
}

/// A change of the measured network, asked about.
fn asked(change: &dyn Fn(&World, &Scope) -> Vec<Action>, options: &WhatIfOptions) -> WhatIf {
    let world = endpoints_world();
    let (scope, _) = world.regions().next().expect("a region");
    let step = |action: Action| {
        let (text, place) = (action.name().to_owned(), String::new());
        ChangeStep { call: Call::admin(scope.clone()), action, text, place }
    };
    let steps: Vec<ChangeStep> = change(&world, &scope).into_iter().map(step).collect();
    let mut make =
        |outside: &[IpAddr]| Stage::new(world.clone(), StageOptions::default(), Evidence::default(), outside);
    let result = what_if(&mut make, &steps, options, &mut |_, _, _| ());
    assert!(result.defects.is_empty(), "{:?}", result.defects);
    assert!(20 < result.confirmed);
    result
}

fn table(world: &World, name: &str) -> RouteTableId {
    let region = world.regions().next().expect("a region").1;
    let found = region.route_tables().values().find(|table| table.tags.name.as_deref() == Some(name));
    found.expect(name).id.clone()
}

fn endpoint(world: &World, scope: &Scope) -> Vec<Action> {
    let vpc = world.region(scope).and_then(|region| region.vpcs().keys().next()).expect("a VPC").clone();
    let create = CreateVpcEndpoint {
        route_table_ids: vec![table(world, "bat_rtb_ngw")],
        ..CreateVpcEndpoint::new(vpc, ServiceName::of(&scope.region, "s3"))
    };
    vec![create.into()]
}

/// The founding document's sentence, asked of a real account: an endpoint in the table of the NAT gateway's clients
/// resets what is open to S3 and leaves the rest.
#[test]
fn creating_an_endpoint_would_reset_what_is_open_to_s3_and_nothing_else() {
    let result = asked(&endpoint, &WhatIfOptions::default());
    let Comparison { lost, gained, rerouted, .. } = &result.comparison;
    assert!(!result.is_refused() && result.loses());
    assert!(lost.is_empty() && gained.is_empty() && !rerouted.is_empty(), "{lost:?}");
    let class = |index: usize| &result.classes[index];
    assert!(rerouted.iter().all(|one| class(one.from).name == "bat-nat01" && class(one.to).kind == ClassKind::Service));
    for one in &result.connections {
        let expected = one.from.0 == "bat-nat01" && one.to.0.starts_with("s3 ");
        assert_eq!(one.is_lost(), expected, "{one:?}");
        assert_eq!(matches!(one.with, Fate::Reset(_)), expected, "{one:?}");
        assert_eq!(one.without, Fate::Survives, "{one:?}");
    }
    assert_eq!(result.connections.iter().filter(|one| one.is_lost()).count(), 2);
}

#[test]
fn a_change_of_nothing_changes_nothing() {
    let result = asked(&|_, _| Vec::new(), &WhatIfOptions::default());
    let Comparison { lost, gained, rerouted, unclear, .. } = &result.comparison;
    assert!(!result.loses() && lost.is_empty() && gained.is_empty() && rerouted.is_empty() && unclear.is_empty());
    assert!(result.connections.iter().all(|one| one.with == one.without && !one.is_doomed()));
}

#[test]
fn a_refused_step_is_told_with_its_code_and_left_out() {
    let change = |world: &World, _: &Scope| {
        let table = table(world, "bat-private");
        let route = |block: &str| Destination::Cidr(Cidr::parse(block).expect(block));
        vec![
            DeleteRoute::new(table.clone(), route("192.0.2.0/24")).into(),
            DeleteRoute::new(table, route("10.1.0.0/16")).into(),
        ]
    };
    let result = asked(&change, &WhatIfOptions::default());
    let codes: Vec<_> =
        result.steps.iter().map(|made| made.answer.as_ref().map_err(|error| error.code.as_str())).collect();
    assert_eq!(
        codes.iter().filter_map(|answer| answer.err()).collect::<Vec<_>>(),
        ["InvalidRoute.NotFound", "InvalidParameterValue"]
    );
    assert!(result.is_refused() && !result.loses());
}

#[test]
fn connections_that_are_given_are_the_ones_that_are_watched() {
    let to = SocketAddr::new(SOMEWHERE, 443);
    let from: IpAddr = "10.1.2.100".parse().expect("an address");
    let nowhere = OpenConnection { from: "10.1.3.100".parse().expect("an address"), to, sends: true };
    let connections = vec![OpenConnection { from, to, sends: false }, nowhere];
    let change = |world: &World, _: &Scope| {
        vec![DeleteRoute::new(table(world, "bat_rtb_ngw"), Destination::Cidr(Cidr::ALL_V4)).into()]
    };
    let result = asked(&change, &WhatIfOptions { connections, ..WhatIfOptions::default() });
    assert_eq!(result.chosen, Chosen::Given);
    let fates: Vec<_> = result.connections.iter().map(|one| (one.is_lost(), one.with.after())).collect();
    // Linux gives up 924 s after the byte that an idle connection sends half a minute later.
    assert!(fates[0].0 && fates[0].1.is_some_and(|after| (950..960).contains(&after.as_secs())), "{fates:?}");
    // What has no way was never open, and is not lost.
    assert!(matches!(result.connections[1].with, Fate::NotOpen(_)) && !fates[1].0);
}

fn instance(world: &World, name: &str) -> InstanceId {
    let region = world.regions().next().expect("a region").1;
    let found = region.instances().values().find(|one| one.tags.name.as_deref() == Some(name));
    found.expect(name).id.clone()
}

/// What an account gives up is nobody's: that the internet would answer there would turn a loss into a gain.
#[test]
fn what_a_stopped_or_ended_machine_reached_and_answered_is_lost_and_nothing_is_gained() {
    type Change = fn(&World, &Scope) -> Vec<Action>;
    let stop: Change = |world, _| vec![StopInstances::new(vec![instance(world, "bat-pub01")]).into()];
    let terminate: Change = |world, _| vec![TerminateInstances::new(vec![instance(world, "bat-pub01")]).into()];
    for change in [stop, terminate] {
        let result = asked(&change, &WhatIfOptions::default());
        let Comparison { lost, gained, rerouted, unclear, .. } = &result.comparison;
        assert!(gained.is_empty() && rerouted.is_empty(), "{gained:?} {rerouted:?}");
        // What the interface endpoints answered it, nobody can tell.
        let endpoint = |one: &PairChange| result.classes[one.to].kind == ClassKind::Endpoint;
        assert!(unclear.iter().all(|one| one.may_be_lost() && endpoint(one)), "{unclear:?}");
        let names: Vec<_> =
            lost.iter().map(|one| (&*result.classes[one.from].name, &*result.classes[one.to].name)).collect();
        assert!(names.iter().any(|(from, to)| *from == "the internet" && to.starts_with("bat-pub01")), "{names:?}");
        assert!(names.contains(&("bat-pub01", "the internet")), "{names:?}");
    }
}

#[test]
fn turning_a_vpcs_resolver_off_loses_its_names_and_turning_hostnames_off_does_not() {
    let attribute = |support: Option<bool>, hostnames: Option<bool>| {
        move |world: &World, scope: &Scope| {
            let vpc = world.region(scope).and_then(|region| region.vpcs().keys().next()).expect("a VPC").clone();
            let (enable_dns_support, enable_dns_hostnames) = (support, hostnames);
            vec![ModifyVpcAttribute { enable_dns_support, enable_dns_hostnames, ..ModifyVpcAttribute::new(vpc) }.into()]
        }
    };
    let off = asked(&attribute(Some(false), None), &WhatIfOptions::default());
    assert!(off.loses() && off.names_lost.len() == 1);
    let twin = asked(&attribute(None, Some(false)), &WhatIfOptions::default());
    assert!(!twin.loses() && twin.names_lost.is_empty());
}

/// The outcome of `bat-nat01` to the internet in a world whose table has a route for a list without blocks.
fn with_a_list(told: bool) -> Outcome {
    let mut world = endpoints_world();
    let (scope, _) = world.regions().next().expect("a region");
    let mut make =
        |action: Action| world.apply(&Call::admin(scope.clone()), &action, SimTime::ZERO).expect("it is done");
    let list: PrefixListId =
        make(CreateManagedPrefixList::new("partners".to_owned(), 5).into()).created().expect("a list");
    let table = table(&endpoints_world(), "bat_rtb_ngw");
    let nat =
        endpoints_world().regions().next().expect("a region").1.nat_gateways().keys().next().expect("one").clone();
    make(CreateRoute::new(table, Destination::PrefixList(list.clone()), RouteTarget::NatGateway(nat)).into());
    let gaps = Gaps { lists: if told { Default::default() } else { [list].into() }, ..Gaps::default() };
    let tables = Tables::new(&world, TableOptions { gaps, ..TableOptions::default() });
    let from = tables.source("10.1.2.100".parse().expect("an address")).expect("an instance");
    tables.explain(&from, SOMEWHERE, Traffic::Tcp(443)).expect("a path").outcome()
}

#[test]
fn a_route_of_a_list_without_blocks_is_unknown_where_nobody_told_them_and_empty_where_it_was_told() {
    assert!(matches!(with_a_list(false), Outcome::Unknown(why) if why.contains("whose blocks are in no file")));
    assert_eq!(with_a_list(true), Outcome::Reaches);
}

#[test]
fn what_enters_by_a_gateway_with_its_own_table_is_unknown_and_by_one_without_is_not() {
    let inputs = |edge: bool| {
        let mut files = measured::inputs(measured::endpoints_network());
        for file in &mut files {
            if edge && file.text.contains("\"RouteTables\"") {
                let own = "\"Associations\": [{\"RouteTableAssociationId\": \"rtbassoc-0e0e0e0e\", \"GatewayId\": \
                           \"igw-0ac19d7af2413ee3f\", \"RouteTableId\": \"rtb-0e0e0e0e\", \"Main\": false}], \
                           \"PropagatingVgws\": [], \"RouteTableId\": \"rtb-0e0e0e0e\", \"Routes\": [], \"VpcId\": \
                           \"vpc-0ce3585be7ea715d8\", \"Tags\": []";
                file.text = file.text.replacen('[', &format!("[{{{own}}}, "), 1);
            }
        }
        files
    };
    let outcome = |edge: bool| {
        let world = world_of(inputs(edge));
        let tables = Tables::new(&world, TableOptions::default());
        let public = "3.85.135.71".parse().expect("an address");
        tables.explain(&path::Source::Outside(SOMEWHERE), public, Traffic::Tcp(22)).expect("a path").outcome()
    };
    assert!(matches!(outcome(true), Outcome::Unknown(why) if why.contains("may redirect what enters")));
    assert_eq!(outcome(false), Outcome::Reaches);
    // Packets are asked the same, however often, until the table is gone.
    let world = world_of(inputs(true));
    let (scope, _) = world.regions().next().expect("a region");
    let mut prober = Prober::new(Stage::new(world, StageOptions::default(), Evidence::default(), &[SOMEWHERE]));
    let to = "3.85.135.71".parse().expect("an address");
    let question = Question { from: SOMEWHERE, to, traffic: Traffic::Tcp(22) };
    for _ in 0..2 {
        assert!(prober.ask(&question).saw.is_err_and(|why| why.contains("may redirect what enters")));
    }
    let delete = DeleteRouteTable::new(RouteTableId::parse("rtb-0e0e0e0e").expect("an id")).into();
    prober.stage().simulation().apply(&Call::admin(scope), &delete, "delete", &mut ()).expect("it can be deleted");
    for _ in 0..2 {
        assert_eq!(prober.ask(&question).saw, Ok(Saw::Open));
    }
}
