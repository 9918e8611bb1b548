//! What-ifs about a small account of which nobody can tell everything: what may be lost is never called safe, and its twin,
//! a change that takes nothing away, is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::*;
use crate::base::SimTime;
use crate::import::tests::small::Small;
use crate::import::{ImportOptions, import};
use crate::notation::Source as Text;
use crate::scenario::{Ground, Names, read_change};

/// A change as people write it, asked about; with connections, if some are named.
fn asked_of(account: &Small, change: &str, connections: Vec<OpenConnection>) -> WhatIf {
    let imported =
        import(account.files(), &ImportOptions::default()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let world = imported.world;
    let (home, _) = world.regions().next().expect("a region");
    let (names, none) = (Names::of_world(&world), BTreeMap::new());
    let ground = Ground { world: &world, names: &names, home: &home, accounts: &none };
    let (steps, problems) = read_change(&Text::new("change.yaml", change), ground, SimTime::ZERO);
    let steps = steps.unwrap_or_else(|| panic!("{problems:#?}"));
    let mut make = |outside: &[IpAddr]| {
        let options = StageOptions { gaps: imported.gaps.clone(), ..StageOptions::default() };
        Stage::new(world.clone(), options, Evidence::default(), outside)
    };
    let result =
        what_if(&mut make, &steps, &WhatIfOptions { connections, ..WhatIfOptions::default() }, &mut |_, _, _| ());
    assert!(result.defects.is_empty(), "{:?}", result.defects);
    assert!(!result.is_refused(), "{:?}", result.steps);
    result
}

fn asked(account: &Small, change: &str) -> WhatIf {
    asked_of(account, change, Vec::new())
}

/// The pairs of a list, by name.
fn pairs(result: &WhatIf, list: &[PairChange]) -> Vec<(String, String)> {
    let name = |index: usize| result.classes[index].name.clone();
    list.iter().map(|one| (name(one.from), name(one.to))).collect()
}

/// The pairs that may be lost, by name.
fn doubtful(result: &WhatIf) -> Vec<(String, String)> {
    let may: Vec<PairChange> = result.comparison.unclear.iter().filter(|one| one.may_be_lost()).cloned().collect();
    pairs(result, &may)
}

#[track_caller]
fn may_be_lost(result: &WhatIf, from: &str, to: &str) {
    let found = doubtful(result);
    assert!(found.iter().any(|(a, b)| a == from && b == to), "{from} → {to} is not among {found:#?}");
    assert!(0 < result.may_lose());
}

#[track_caller]
fn nothing_is_lost(result: &WhatIf) {
    assert!(!result.loses(), "{:#?} {:#?}", pairs(result, &result.comparison.lost), result.connections);
    assert_eq!(doubtful(result), []);
}

/// The routes of the table of `app` (0) or of `web` (1).
fn routes(account: &mut Small, table: usize) -> &mut Vec<Value> {
    account.items("RouteTables")[table]["Routes"].as_array_mut().expect("routes")
}

fn transit(block: &str) -> Value {
    json!({"DestinationCidrBlock": block, "TransitGatewayId": "tgw-0a", "Origin": "CreateRoute", "State": "active"})
}

#[test]
fn what_nobody_can_tell_and_is_blocked_after_the_change_may_be_lost() {
    let delete = "delete-route: {route-table: rtb-1, destination: 0.0.0.0/0}";
    let mut account = Small::new();
    routes(&mut account, 0)[2] = transit("0.0.0.0/0");
    let result = asked(&account, delete);
    may_be_lost(&result, "app", "the internet");
    assert!(!result.loses());
    // A machine that ends reaches nothing, not even what nobody can tell of.
    may_be_lost(&asked(&account, "terminate-instances: {instances: app}"), "app", "the internet");
    // The twins: what is known to be lost, and what nobody can tell before and is told to reach after.
    let lost = asked(&Small::new(), delete);
    assert!(lost.loses() && pairs(&lost, &lost.comparison.lost).contains(&("app".into(), "the internet".into())));
    nothing_is_lost(&asked(&account, "replace-route: {route-table: rtb-1, destination: 0.0.0.0/0, target: nat-1}"));
}
