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

#[test]
fn ports_are_wrong_at_their_own_place() {
    let group = |permission: &str| {
        format!(r#"[{{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1", "IpPermissions": [{permission}]}}]"#)
    };
    for (permission, problem) in [
        (r#"{"IpProtocol": "tcp", "FromPort": 70000, "ToPort": 70000}"#, ".FromPort: 70000 is not a port: 0 to 65535"),
        (r#"{"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80}"#, ".ToPort: ports that begin at 90 cannot end at 80"),
        (
            r#"{"IpProtocol": "icmp", "FromPort": 300, "ToPort": -1}"#,
            ".FromPort: 300 is not a type or code of ICMP: 0 to 255",
        ),
        (
            r#"{"IpProtocol": "tpc", "FromPort": 80, "ToPort": 80}"#,
            ".IpProtocol: `tpc` with these ports is not a protocol of a rule",
        ),
    ] {
        let files = tiny(&[("SecurityGroups", &group(permission))]);
        let problems = shown(&import(files, &ImportOptions::default()).expect_err("a problem"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].ends_with(&format!("SecurityGroups[0].IpPermissions[0]{problem}")), "{problems:?}");
    }
    let right = group(r#"{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90}"#);
    imported(tiny(&[("SecurityGroups", &right)]));
}

/// What follows from a missing kind is not said again, also where another region has the kind.
#[test]
fn a_kind_that_no_file_of_a_region_holds_is_one_problem() {
    let other =
        |file: &InputFile| InputFile { path: file.path.replace("us-east-1", "us-west-2"), text: file.text.clone() };
    let elsewhere = |file: &InputFile| {
        let text = ["vpc-1", "subnet-1", "rtb-1", "rtbassoc-1", "acl-1", "aclassoc-1", "sg-1"]
            .iter()
            .fold(file.text.clone(), |text, id| text.replace(id, &id.replace('1', "2")));
        other(&InputFile { path: file.path.clone(), text: text.replace("us-east-1a", "us-west-2a") })
    };
    let mut files = tiny(&[]);
    let second: Vec<InputFile> = files.iter().map(elsewhere).collect();
    files.extend(second);
    assert_eq!(imported(files.clone()).world.regions().count(), 2);
    files.retain(|file| file.path != "us-east-1/NetworkAcls.json" && file.path != "us-east-1/SecurityGroups.json");
    check_problems(
        files,
        &[
            "us-east-1:1:1 no file holds the NetworkAcls of account 111122223333 in us-east-1: `aws ec2 describe-network-acls` gives them",
            "us-east-1:1:1 no file holds the SecurityGroups of account 111122223333 in us-east-1: `aws ec2 describe-security-groups` gives them",
        ],
    );
}

#[test]
fn pages_in_one_list_are_read_as_one_answer() {
    let page = |id: u32, token: &str| {
        format!(
            r#"{{"Subnets": [{{"SubnetId": "subnet-{id}", "VpcId": "vpc-1", "CidrBlock": "10.0.{id}.0/24", "AvailabilityZone": "us-east-1a"}}]{token}}}"#
        )
    };
    let acls = r#"[{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [], "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "SubnetId": "subnet-1"}, {"NetworkAclAssociationId": "aclassoc-2", "SubnetId": "subnet-2"}]}]"#;
    let with = |token: &str| {
        let mut files = tiny(&[("NetworkAcls", acls)]);
        let subnets = files.iter_mut().find(|file| file.path.ends_with("/Subnets.json")).expect("the subnets");
        subnets.text = format!("[{}, {}]", page(1, r#", "NextToken": "x""#), page(2, token));
        imported(files)
    };
    let whole = with("");
    assert_eq!(whole.world.region(&scope("111122223333")).expect("the region").subnets().len(), 2);
    assert_eq!(shown(&whole.warnings), Vec::<String>::new());
    let torn = shown(&with(r#", "NextToken": "y""#).warnings);
    assert!(torn.len() == 1 && torn[0].contains("go on behind this"), "{torn:?}");
}
