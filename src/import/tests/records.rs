//! Items of answers become records, or problems with their paths.

use super::lab::{check_problems, imported, scope, shown};
use super::network::tiny;
use super::*;
use crate::base::PrefixListId;
use crate::control_plane::RouteState;

#[test]
fn every_kind_of_target_is_followed_or_listed() {
    let routes = r#"[{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "PropagatingVgws": [{"GatewayId": "vgw-1"}], "Routes": [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},
        {"DestinationCidrBlock": "10.9.0.0/16", "TransitGatewayId": "tgw-1", "Origin": "CreateRoute", "State": "active"},
        {"DestinationCidrBlock": "10.8.0.0/16", "NewThingArn": "arn:aws:thing", "State": "active"},
        {"DestinationCidrBlock": "10.7.0.0/16", "NatGatewayId": "nat-gone1", "State": "blackhole"},
        {"DestinationCidrBlock": "10.6.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active"},
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "Origin": "CreateRoute"},
        {"DestinationPrefixListId": "pl-0a", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"},
        {"DestinationCidrBlock": "10.5.0.0/16", "State": "blackhole"}
    ], "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1"}]}]"#;
    let files = tiny(&[
        ("RouteTables", routes),
        ("TransitGateways", r#"[{"TransitGatewayId": "tgw-1", "State": "available", "OwnerId": "111122223333"}]"#),
        (
            "VpnGateways",
            r#"[{"VpnGatewayId": "vgw-1", "State": "available", "VpcAttachments": [{"State": "attached", "VpcId": "vpc-1"}]}]"#,
        ),
        (
            "EgressOnlyInternetGateways",
            r#"[{"EgressOnlyInternetGatewayId": "eigw-1", "Attachments": [{"State": "attached", "VpcId": "vpc-1"}]}]"#,
        ),
        (
            "InternetGateways",
            r#"[{"InternetGatewayId": "igw-1", "Attachments": [{"State": "available", "VpcId": "vpc-1"}]}]"#,
        ),
        (
            "PrefixLists",
            r#"[{"PrefixListId": "pl-0a", "PrefixListName": "ours", "OwnerId": "111122223333", "MaxEntries": 5, "Version": 2}]"#,
        ),
    ]);
    let Imported { world, unmodeled, warnings, .. } = imported({
        let mut files = files;
        let text = r#"{"Entries": [{"Cidr": "192.0.2.0/24", "Description": "office"}]}"#.to_owned();
        files.push(InputFile { path: "us-east-1/entries.pl-0a.json".to_owned(), text });
        files
    });
    let warnings = shown(&warnings);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains("RouteTables[0].Routes[2].NewThingArn: unknown field `NewThingArn` of Route"));
    let region = world.region(&scope("111122223333")).expect("the region");
    let table = region.route_tables().values().next().expect("a table");
    let blackholes = table.routes().filter(|route| route.state == RouteState::Blackhole).count();
    assert_eq!((table.routes().count(), table.propagated().len(), blackholes), (7, 1, 2));
    let list = &region.prefix_lists()[&PrefixListId::parse("pl-0a").expect("an id")];
    assert_eq!((list.entries.len(), list.max_entries, list.version), (1, 5, 2));
    let effects: Vec<&str> = unmodeled.iter().map(|unmodeled| unmodeled.effect.as_str()).collect();
    assert_eq!(
        effects,
        [
            "traffic to 10.8.0.0/16 through arn:aws:thing: unknown",
            "traffic through tgw-1: unknown",
            "traffic to 10.9.0.0/16 through tgw-1: unknown",
            "what is behind vgw-1, over VPN or Direct Connect, and answers there: unknown",
        ]
    );
}

#[test]
fn a_device_index_has_a_bound_of_its_own() {
    let with = |attachment: &str| {
        let text = format!(
            r#"[{{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": [], "PrivateIpAddresses":
            [{{"PrivateIpAddress": "10.0.1.5", "Primary": true}}], "Attachment": {attachment}}}]"#
        );
        let subnet = r#"[{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a"}]"#;
        tiny(&[("Subnets", subnet), ("NetworkInterfaces", &text)])
    };
    imported(with(r#"{"DeviceIndex": 9999}"#));
    for (attachment, expected) in [
        (
            r#"{"DeviceIndex": 4000000000}"#,
            "us-east-1/NetworkInterfaces.json:2:96 NetworkInterfaces[0].Attachment.DeviceIndex: 4000000000 is not a device \
             index: those lie between 0 and 9999",
        ),
        (
            r#"{"NetworkCardIndex": 100}"#,
            "us-east-1/NetworkInterfaces.json:2:101 NetworkInterfaces[0].Attachment.NetworkCardIndex: 10000 is not a device \
             index: those lie between 0 and 9999",
        ),
    ] {
        check_problems(with(attachment), &[expected]);
    }
}

#[test]
fn all_problems_of_all_files_come_at_once_with_their_paths() {
    let files = tiny(&[
        (
            "Subnets",
            r#"[{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.1.1.0/24", "AvailabilityZone": "us-east-1a"}, {"SubnetId": 7, "VpcID": "vpc-1", "CidrBlock": "10.0.2.0/33", "AvailabilityZone": "us-east-1a"}]"#,
        ),
        (
            "RouteTables",
            r#"[{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-9", "State": "actve"}], "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1"}]}]"#,
        ),
        ("Subnts", "[]"),
    ]);
    check_problems(
        files,
        &[
            "us-east-1/Subnets.json:1:14 Subnets[0]: 10.1.1.0/24 of subnet-1 lies outside the blocks of vpc-1",
            "us-east-1/Subnets.json:1:120 Subnets[1]: `VpcId` is missing",
            "us-east-1/Subnets.json:1:133 Subnets[1].SubnetId: expected a string, found a number",
            "us-east-1/Subnets.json:1:136 Subnets[1].VpcID: unknown field `VpcID` of Subnet: nothing is read from it",
            "us-east-1/Subnets.json:1:167 Subnets[1].CidrBlock: `10.0.2.0/33` is not a CIDR block such as 10.0.0.0/16",
            "us-east-1/RouteTables.json:1:124 RouteTables[0].Routes[0].GatewayId: no file holds the InternetGateways of \
             account 111122223333 in us-east-1: `aws ec2 describe-internet-gateways` gives them; igw-9 would be there",
            "us-east-1/RouteTables.json:1:142 RouteTables[0].Routes[0].State: `actve` is not a state of a route: `active` \
             or `blackhole`",
            "us-east-1/Subnts.json:1:2 Subnts: unknown top-level key: nothing is read from it",
        ],
    );
}
