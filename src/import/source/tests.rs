//! Files whose home and kind have to be found.

use std::collections::BTreeSet;

use super::{Home, InputFile, Library};
use crate::base::{AccountId, RegionName};
use crate::import::ledger::Ledger;

fn read(files: &[(&str, &str)]) -> (Library, Vec<String>) {
    let mut ledger = Ledger::default();
    let files = files.iter().map(|(path, text)| InputFile { path: (*path).to_owned(), text: (*text).to_owned() });
    let library = Library::read(files.collect(), &Home::default(), &mut ledger);
    let problems = ledger.into_files(&library.files);
    let shown = problems.iter().flat_map(|file| {
        file.problems.iter().map(|problem| {
            let (line, column) = file.source.line_column(problem.span.start);
            format!("{}:{line}:{column} {}", file.source.name, problem.message)
        })
    });
    let shown = shown.collect();
    (library, shown)
}

fn home(library: &Library, index: usize) -> (Option<&str>, Option<&str>) {
    let home = &library.homes[index];
    (home.account.as_ref().map(AccountId::as_str), home.region.as_ref().map(RegionName::as_str))
}

#[test]
fn folders_name_account_and_region() {
    let (library, problems) = read(&[("accounts/123456789012/eu-west-1/x.json", r#"{"Vpcs": []}"#)]);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(home(&library, 0), (Some("123456789012"), Some("eu-west-1")));
}

#[test]
fn a_file_without_a_sign_is_at_home_with_the_ids_it_shares() {
    let (library, problems) = read(&[
        ("s1.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]}"#),
        ("s2.json", r#"{"Subnets": [{"SubnetId": "subnet-2", "VpcId": "vpc-2", "AvailabilityZone": "us-west-2a"}]}"#),
        ("v1.json", r#"{"Vpcs": [{"VpcId": "vpc-1", "OwnerId": "123456789012"}]}"#),
        ("v2.json", r#"{"Vpcs": [{"VpcId": "vpc-2", "OwnerId": "123456789012"}]}"#),
        ("n.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "SubnetId": "subnet-2"}]}"#),
        ("odd.json", r#"{"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-9"}]}"#),
    ]);
    assert_eq!(home(&library, 2), (Some("123456789012"), Some("us-east-1")));
    assert_eq!(home(&library, 3), (Some("123456789012"), Some("us-west-2")));
    assert_eq!(home(&library, 4), (Some("123456789012"), Some("us-west-2")));
    assert_eq!(problems, ["odd.json:1:1 cannot tell which region this file is of"]);
}

#[test]
fn a_file_is_told_by_its_top_level_key_or_its_shape() {
    let (library, problems) = read(&[
        ("us-east-1/a", r#"{"Subnets": [], "NextToken": null}"#),
        ("us-east-1/b", r#"[{"RouteTableId": "rtb-1", "Routes": []}]"#),
        ("us-east-1/c", r#"{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}"#),
        ("us-east-1/d", r#"{"ServiceNames": [], "ServiceDetails": []}"#),
        ("us-east-1/e", r#"{"Subnet": [], "VpcId": 1}"#),
        ("us-east-1/f", r#"{"Vpcs": {}}"#),
        ("us-east-1/g", r#"{"Subnets": [{"SubnetId": "#),
    ]);
    let kinds: Vec<_> = library.lists.iter().map(|list| (list.file.0, list.kind.key)).collect();
    let expected =
        [(0, "Subnets"), (1, "RouteTables"), (2, "VpcAttribute"), (3, "ServiceNames"), (3, "ServiceDetails")];
    assert_eq!(kinds, expected);
    assert_eq!(
        problems,
        [
            "us-east-1/e:1:2 Subnet: unknown top-level key: nothing is read from it",
            "us-east-1/e:1:16 VpcId: unknown top-level key: nothing is read from it",
            "us-east-1/f:1:10 Vpcs: expected a list, found a map",
            "us-east-1/g:1:27 expected value after colon in object property",
        ]
    );
    assert_eq!(library.unreadable, BTreeSet::from(["Subnets"]));
}
