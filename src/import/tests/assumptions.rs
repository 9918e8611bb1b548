//! What cannot be told from the files, and can be said instead.

use super::lab::{imported, scope, shown};
use super::network::tiny;
use super::*;
use crate::control_plane::World;

#[test]
fn everything_that_is_assumed_can_be_overridden() {
    let imported = imported(account::files());
    let values = |key: &str| match key.rsplit('.').next() {
        Some("enableDnsSupport" | "enableDnsHostnames") => "false",
        Some("domain-name-servers") => "10.0.0.2",
        Some("cidrs" | "ranges") => "192.0.2.0/24,198.51.100.0/24",
        _ => "example.com",
    };
    let assume: Vec<(String, String)> =
        imported.assumptions.iter().map(|one| (one.key.clone(), values(&one.key).to_owned())).collect();
    assert!(5 < assume.len());
    let options = ImportOptions { assume, ..ImportOptions::default() };
    let other = import(account::files(), &options).unwrap_or_else(|problems| panic!("{:#?}", shown(&problems)));
    assert!(other.assumptions.iter().all(|one| one.overridden), "{:#?}", other.assumptions);
    for one in &imported.assumptions {
        let assume = vec![(one.key.clone(), "no such thing, at all".to_owned())];
        let problems = import(account::files(), &ImportOptions { assume, ..ImportOptions::default() });
        assert_eq!(problems.expect_err("a wrong value").len(), 1, "{}", one.key);
    }
}

#[test]
fn assumptions_can_be_overridden_and_unknown_ones_are_refused() {
    let given = |key: &str, value: &str| ImportOptions {
        assume: vec![(key.to_owned(), value.to_owned())],
        ..ImportOptions::default()
    };
    let default = imported(tiny(&[]));
    let vpc = |world: &World| {
        let region = world.region(&scope("111122223333")).expect("the region");
        let vpc = region.vpcs().values().next().expect("a VPC");
        (vpc.enable_dns_support, vpc.enable_dns_hostnames)
    };
    assert_eq!(vpc(&default.world), (true, false));
    let off = import(tiny(&[]), &given("vpc-1.enableDnsSupport", "false")).expect("a world");
    assert_eq!(vpc(&off.world), (false, false));
    assert!(off.assumptions.iter().any(|one| one.key == "vpc-1.enableDnsSupport" && one.overridden));
    for (key, value) in [("vpc-1.enableDnsSuport", "false"), ("vpc-1.enableDnsSupport", "no")] {
        let problems = import(tiny(&[]), &given(key, value)).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{key}={value}");
    }
    // What a call tells is no assumption.
    let told = [("VpcAttribute", "")];
    let mut files = tiny(&told[..0]);
    let text = r#"{"VpcId": "vpc-1", "EnableDnsHostnames": {"Value": true}}"#.to_owned();
    files.push(InputFile { path: "us-east-1/attribute.json".to_owned(), text });
    let told = imported(files);
    assert_eq!(vpc(&told.world), (true, true));
    assert!(told.assumptions.iter().all(|one| one.key != "vpc-1.enableDnsHostnames"));
}
