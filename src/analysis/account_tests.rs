//! Questions to a small account whose answers say more than the simulator models: what nobody can tell is unknown, by tables
//! and by packets, and its twin is not.

use std::net::IpAddr;

use serde_json::json;

use super::*;
use crate::control_plane::{Call, ModifyManagedPrefixList};
use crate::import::tests::small::Small;
use crate::import::{ImportOptions, Imported, import};
use crate::trace::DropReason;

const WEB: &str = "10.0.1.10";
const WEB_PUBLIC: &str = "54.0.0.10";
const WEB_SIX: &str = "2600:1f14:abc:de01::10";
const APP: &str = "10.0.2.10";
const APP_SIX: &str = "2600:1f14:abc:de02::10";
const INTERNET: &str = "198.51.100.7";
const INTERNET_SIX: &str = "2001:db8::7";

fn imported(account: &Small) -> Imported {
    import(account.files(), &ImportOptions::default()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What tables say, once packets have said the same.
#[track_caller]
fn outcome(account: &Small, from: &str, to: &str, traffic: Traffic) -> Outcome {
    let imported = imported(account);
    let (from, to): (IpAddr, IpAddr) = (from.parse().expect("an address"), to.parse().expect("an address"));
    let options = StageOptions { gaps: imported.gaps, ..StageOptions::default() };
    let stage = Stage::new(imported.world, options, Evidence::default(), &[from, to]);
    let explained = explain(&mut Prober::new(stage), from, to, traffic).expect("somebody asks");
    assert_eq!(explained.disagreement, None);
    let outcome = explained.explanation.outcome();
    if let (Outcome::Unknown(_), Some(reply)) = (&outcome, &explained.reply) {
        assert!(reply.saw.is_err(), "packets are sure: {:?}", reply.saw);
    }
    outcome
}

fn by_tables(world: &crate::control_plane::World, from: &str, to: &str) -> Outcome {
    let tables = Tables::new(world, TableOptions::default());
    let from = tables.source(from.parse().expect("an address")).expect("somebody");
    tables.explain(&from, to.parse().expect("an address"), Traffic::Tcp(22)).expect("a path").outcome()
}

#[track_caller]
fn unknown(account: &Small, from: &str, to: &str, why: &str) {
    match outcome(account, from, to, Traffic::Tcp(22)) {
        Outcome::Unknown(told) => assert!(told.contains(why), "{told}"),
        other => panic!("{from} → {to} is {other:?}"),
    }
}

#[track_caller]
fn told(account: &Small, from: &str, to: &str, expected: &Outcome) {
    assert_eq!(outcome(account, from, to, Traffic::Tcp(22)), *expected, "{from} → {to}");
}

fn effects(account: &Small) -> Vec<String> {
    imported(account).unmodeled.into_iter().map(|one| format!("{}: {}", one.id, one.effect)).collect()
}

#[test]
fn rules_and_routes_of_a_shared_prefix_list_hold() {
    let with = |block: &str| {
        let mut account = Small::new();
        let list =
            json!({"PrefixListId": "pl-0c", "PrefixListName": "shared", "OwnerId": "777788889999", "MaxEntries": 5});
        account.add("PrefixLists", list);
        let lists = json!([{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0c"}]}]);
        account.items("SecurityGroups")[0]["IpPermissions"] = lists;
        let mut files = account.files();
        let text = format!("{:#}", json!({"Entries": [{"Cidr": block}]}));
        files.push(crate::import::InputFile { path: "111122223333/us-west-2/pl-0c.json".to_owned(), text });
        let world = import(files, &ImportOptions::default()).expect("a world").world;
        by_tables(&world, APP, WEB)
    };
    assert_eq!(with("10.0.2.0/24"), Outcome::Reaches);
    assert_eq!(with("10.0.3.0/24"), Outcome::BlockedOut(DropReason::SecurityGroupIngress));
}

#[test]
fn a_change_of_a_shared_list_by_its_owner_reaches_the_groups_of_its_consumers() {
    let mut account = Small::new();
    let list = json!({"PrefixListId": "pl-0c", "PrefixListName": "shared", "OwnerId": "777788889999", "MaxEntries": 5,
        "Cidrs": ["10.0.2.0/24"]});
    account.add("PrefixLists", list);
    let rule = json!([{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0c"}]}]);
    account.items("SecurityGroups")[0]["IpPermissions"] = rule;
    let world = imported(&account).world;
    let list = crate::base::PrefixListId::parse("pl-0c").expect("an id");
    let asked = |block: &str| {
        let remove = vec![crate::base::Cidr::parse(block).expect("a block")];
        let action = ModifyManagedPrefixList { remove_entries: remove, ..ModifyManagedPrefixList::new(list.clone()) };
        let (owner, _) =
            world.regions().find(|(_, region)| region.prefix_lists().contains_key(&list)).expect("an owner");
        let (call, text, place) = (Call::admin(owner), String::new(), String::new());
        let step = ChangeStep { call, action: action.into(), text, place };
        let mut make =
            |outside: &[IpAddr]| Stage::new(world.clone(), StageOptions::default(), Evidence::default(), outside);
        let result = what_if(&mut make, &[step], &WhatIfOptions::default(), &mut |_, _, _| ());
        assert!(result.defects.is_empty(), "{:?}", result.defects);
        let lost = result.comparison.lost.iter().map(|one| (one.from, one.to));
        let named = lost.map(|(from, to)| (result.classes[from].name.as_str(), result.classes[to].name.as_str()));
        (result.is_refused(), named.filter(|pair| *pair == ("app", "web")).count())
    };
    assert_eq!(asked("10.0.2.0/24"), (false, 1));
    // The twin: what is not in it takes nothing away.
    assert_eq!(asked("10.0.9.0/24"), (true, 0));
}

#[test]
fn what_passes_the_gateways_of_a_vpc_with_a_block_on_public_access_is_unknown() {
    let mut account = Small::new();
    account.items("Vpcs")[0]["BlockPublicAccessStates"] = json!({"InternetGatewayBlockMode": "block-bidirectional"});
    let why = "a block on public access (block-bidirectional)";
    for (from, to) in [
        (WEB, INTERNET),
        (INTERNET, WEB_PUBLIC),
        (APP, INTERNET),
        (WEB_SIX, INTERNET_SIX),
        (INTERNET_SIX, WEB_SIX),
        (APP_SIX, INTERNET_SIX),
        (APP, WEB_PUBLIC),
    ] {
        unknown(&account, from, to, why);
    }
    // What stays inside is told.
    told(&account, APP, WEB, &Outcome::Reaches);
    account.items("Vpcs")[0]["BlockPublicAccessStates"] = json!({"InternetGatewayBlockMode": "off"});
    for (from, to) in [(WEB, INTERNET), (INTERNET, WEB_PUBLIC), (APP_SIX, INTERNET_SIX), (INTERNET_SIX, WEB_SIX)] {
        told(&account, from, to, &Outcome::Reaches);
    }
}

#[test]
fn who_answers_in_a_delegated_block_is_unknown_and_who_has_no_address_is_nobody() {
    let mut account = Small::new();
    account.items("NetworkInterfaces")[1]["Ipv4Prefixes"] = json!([{"Ipv4Prefix": "10.0.2.64/28"}]);
    account.items("NetworkInterfaces")[1]["Ipv6Prefixes"] = json!([{"Ipv6Prefix": "2600:1f14:abc:de02:7::/80"}]);
    unknown(&account, WEB, "10.0.2.70", "a block delegated to eni-2");
    unknown(&account, WEB_SIX, "2600:1f14:abc:de02:7::5", "a block delegated to eni-2");
    unknown(&account, INTERNET_SIX, "2600:1f14:abc:de02:7::5", "a block delegated to eni-2");
    told(&account, WEB, "10.0.2.90", &Outcome::BlockedOut(DropReason::NoSuchInterface));
}

#[test]
fn behind_an_egress_only_gateway_no_machine_is_reached_from_outside() {
    let mut account = Small::new();
    told(&account, INTERNET_SIX, APP_SIX, &Outcome::BlockedBack(DropReason::EgressOnly));
    told(&account, APP_SIX, INTERNET_SIX, &Outcome::Reaches);
    assert_eq!(outcome(&account, INTERNET_SIX, APP_SIX, Traffic::Ping), Outcome::BlockedBack(DropReason::EgressOnly));
    // The twin: its subnet's table leads to the internet gateway.
    account.items("RouteTables")[0]["Routes"][3] =
        json!({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"});
    told(&account, INTERNET_SIX, APP_SIX, &Outcome::Reaches);
}

#[test]
fn a_nat_gateway_answers_at_none_of_its_addresses() {
    let account = Small::new();
    for address in ["10.0.1.20", "10.0.1.21"] {
        told(&account, APP, address, &Outcome::BlockedOut(DropReason::NatNotAddressable));
    }
    for address in ["54.0.0.20", "54.0.0.21"] {
        told(&account, INTERNET, address, &Outcome::BlockedOut(DropReason::NatNoMapping));
    }
    told(&account, APP, INTERNET, &Outcome::Reaches);
}

#[test]
fn translation_of_ipv6_to_ipv4_is_unknown_and_listed() {
    let mut account = Small::new();
    let route = json!({"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": "nat-1", "Origin": "CreateRoute", "State": "active"});
    account.items("RouteTables")[0]["Routes"].as_array_mut().expect("routes").push(route);
    account.items("Subnets")[1]["EnableDns64"] = json!(true);
    unknown(&account, APP_SIX, "64:ff9b::c633:6407", "NAT64");
    let told = effects(&account);
    for effect in [
        "nat-1: traffic to 64:ff9b::/96 through nat-1 (NAT64): unknown",
        "subnet-2: connections by IPv6 from subnet-2 to names that have IPv4 addresses alone: unknown",
    ] {
        assert!(told.iter().any(|one| one == effect), "{told:#?}");
    }
    assert_eq!(effects(&Small::new()), Vec::<String>::new());
}

#[test]
fn what_turns_at_a_gateway_with_its_own_table_is_unknown() {
    let mut account = Small::new();
    told(&account, APP, WEB_PUBLIC, &Outcome::Reaches);
    account.add(
        "RouteTables",
        json!({"RouteTableId": "rtb-9", "VpcId": "vpc-1", "OwnerId": "111122223333", "Routes": [],
            "Associations": [{"Main": false, "GatewayId": "igw-1", "RouteTableAssociationId": "rtbassoc-9"}]}),
    );
    unknown(&account, APP, WEB_PUBLIC, "may redirect what enters");
}

#[test]
fn a_list_of_aws_that_is_no_services_holds_addresses_of_the_internet() {
    let list = |name: &str| {
        let mut account = Small::new();
        account.add(
            "PrefixLists",
            json!({"PrefixListId": "pl-0e4696321e3b2a6a6", "PrefixListName": name, "Cidrs": ["18.237.140.160/29"]}),
        );
        let all = json!([{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": "pl-0e4696321e3b2a6a6"}]}]);
        account.items("SecurityGroups")[0]["IpPermissions"] = all;
        account
    };
    let connect = list("com.amazonaws.us-west-2.ec2-instance-connect");
    told(&connect, "18.237.140.161", WEB_PUBLIC, &Outcome::Reaches);
    told(&connect, INTERNET, WEB_PUBLIC, &Outcome::BlockedOut(DropReason::SecurityGroupIngress));
    let region = crate::base::RegionName::parse("us-west-2").expect("a region");
    let is_service = |account: &Small| {
        let world = imported(account).world;
        let id = crate::base::PrefixListId::parse("pl-0e4696321e3b2a6a6").expect("an id");
        world.service_of_list(&region, &id).is_some()
    };
    assert!(!is_service(&connect));
    // A service with gateway endpoints stays one.
    assert!(is_service(&list("com.amazonaws.us-west-2.s3")));
}

/// The addresses that a name has for the machine of an address.
fn looked_up(account: &Small, from: &str, name: &str) -> Vec<String> {
    let imported = imported(account);
    let from: IpAddr = from.parse().expect("an address");
    let stage = Stage::new(imported.world, StageOptions::default(), Evidence::default(), &[from]);
    let found = Prober::new(stage).look_up(from, name).unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_names_of_an_interface_endpoint_lead_to_it_inside_its_vpc() {
    let with = |options: serde_json::Value| {
        let mut account = Small::new();
        let mut eni = account.items("NetworkInterfaces")[1].clone();
        eni["NetworkInterfaceId"] = json!("eni-4");
        eni["InterfaceType"] = json!("vpc_endpoint");
        eni["PrivateIpAddresses"] = json!([{"PrivateIpAddress": "10.0.2.40", "Primary": true}]);
        eni["Ipv6Addresses"] = json!([]);
        eni["Attachment"] = json!({"DeviceIndex": 1, "InstanceOwnerId": "amazon-aws", "Status": "attached"});
        account.add("NetworkInterfaces", eni);
        account.add(
            "VpcEndpoints",
            json!({"VpcEndpointId": "vpce-4", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
                "ServiceName": "com.amazonaws.us-west-2.s3", "SubnetIds": ["subnet-2"], "NetworkInterfaceIds": ["eni-4"],
                "Groups": [{"GroupId": "sg-1"}], "PrivateDnsEnabled": true, "DnsOptions": options,
                "DnsEntries": [{"DnsName": "*.vpce-4-x.s3.us-west-2.vpce.amazonaws.com"},
                    {"DnsName": "*.s3.us-west-2.amazonaws.com"}, {"DnsName": "s3.us-west-2.amazonaws.com"}]}),
        );
        account
    };
    let private = with(json!({"PrivateDnsOnlyForInboundResolverEndpoint": false}));
    for name in ["s3.us-west-2.amazonaws.com", "data.s3.us-west-2.amazonaws.com"] {
        assert_eq!(looked_up(&private, WEB, name), ["10.0.2.40"]);
    }
    let answered = by_tables(&imported(&private).world, WEB, "10.0.2.40");
    assert!(
        matches!(answered, Outcome::Unknown(why) if why.contains("what the interface endpoint behind eni-4 answers"))
    );
    let listed = "vpce-4: what com.amazonaws.us-west-2.s3 answers to connections to 10.0.2.40: unknown".to_owned();
    assert!(effects(&private).contains(&listed), "{:#?}", effects(&private));
    let public = with(json!({"PrivateDnsOnlyForInboundResolverEndpoint": true}));
    assert_ne!(looked_up(&public, WEB, "s3.us-west-2.amazonaws.com"), ["10.0.2.40"]);
    assert_eq!(looked_up(&public, WEB, "s3.us-west-2.amazonaws.com").len(), 1);
}

#[test]
fn a_public_name_leads_to_the_private_address_over_a_peering_that_allows_it() {
    let with = |allowed: bool| {
        let mut account = Small::new();
        account.items("Vpcs")[0]["IsDefault"] = json!(true);
        account.add(
            "Vpcs",
            json!({"VpcId": "vpc-9", "CidrBlock": "10.9.0.0/16", "OwnerId": "111122223333", "IsDefault": true}),
        );
        account.add(
            "Subnets",
            json!({"SubnetId": "subnet-9", "VpcId": "vpc-9", "CidrBlock": "10.9.1.0/24", "AvailabilityZone": "us-west-2a", "OwnerId": "111122223333"}),
        );
        account.add(
            "RouteTables",
            json!({"RouteTableId": "rtb-9", "VpcId": "vpc-9", "OwnerId": "111122223333",
                "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-9"}], "Routes": []}),
        );
        account.add(
            "NetworkAcls",
            json!({"NetworkAclId": "acl-9", "VpcId": "vpc-9", "OwnerId": "111122223333", "IsDefault": true, "Entries": [],
                "Associations": [{"NetworkAclAssociationId": "aclassoc-9", "SubnetId": "subnet-9"}]}),
        );
        account.add(
            "SecurityGroups",
            json!({"GroupId": "sg-9", "GroupName": "default", "VpcId": "vpc-9", "OwnerId": "111122223333"}),
        );
        account.add(
            "NetworkInterfaces",
            json!({"NetworkInterfaceId": "eni-9", "SubnetId": "subnet-9", "VpcId": "vpc-9", "OwnerId": "111122223333",
                "InterfaceType": "interface", "Groups": [{"GroupId": "sg-9"}],
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.9.1.10", "Primary": true}],
                "Attachment": {"InstanceId": "i-9", "DeviceIndex": 0, "Status": "attached"}}),
        );
        account.add(
            "Reservations",
            json!({"OwnerId": "111122223333", "ReservationId": "r-9", "Instances": [{"InstanceId": "i-9",
                "State": {"Code": 16, "Name": "running"}, "VpcId": "vpc-9", "SubnetId": "subnet-9", "InstanceType": "m5.large"}]}),
        );
        let side = |vpc: &str, allowed: bool| {
            json!({"VpcId": vpc, "OwnerId": "111122223333", "Region": "us-west-2",
            "PeeringOptions": {"AllowDnsResolutionFromRemoteVpc": allowed}})
        };
        account.add(
            "VpcPeeringConnections",
            json!({"VpcPeeringConnectionId": "pcx-9", "Status": {"Code": "active"},
                "RequesterVpcInfo": side("vpc-9", !allowed), "AccepterVpcInfo": side("vpc-1", allowed)}),
        );
        account
    };
    let name = "ec2-54-0-0-10.us-west-2.compute.amazonaws.com";
    assert_eq!(looked_up(&with(true), "10.9.1.10", name), [WEB]);
    assert_eq!(looked_up(&with(false), "10.9.1.10", name), [WEB_PUBLIC]);
}

/// The account as a participant sees it to whom the VPC is shared: its own group and machines, the subnets with their
/// tables and ACLs, and no gateway.
fn participant(main: bool) -> Small {
    let mut account = Small::new();
    for key in ["Vpcs", "Subnets", "RouteTables", "NetworkAcls"] {
        for item in account.items(key).as_array_mut().expect("a list") {
            item["OwnerId"] = json!("444455556666");
        }
    }
    for key in ["InternetGateways", "EgressOnlyInternetGateways", "NatGateways"] {
        *account.items(key) = json!([]);
    }
    account.items("SecurityGroups")[0]["GroupName"] = json!("own");
    account.items("NetworkInterfaces").as_array_mut().expect("a list").pop();
    account.items("Addresses").as_array_mut().expect("a list").truncate(1);
    let tables = account.items("RouteTables").as_array_mut().expect("a list");
    if main {
        tables[0]["Associations"] =
            json!([{"Main": false, "SubnetId": "subnet-2", "RouteTableAssociationId": "rtbassoc-1"}]);
    } else {
        tables.remove(0);
    }
    account
}

#[test]
fn a_participants_account_alone_is_a_world_and_what_only_the_owner_tells_is_unknown() {
    for main in [true, false] {
        let account = participant(main);
        let listed = effects(&account);
        assert!(listed.iter().any(|one| one.starts_with("vpc-1: traffic by its gateways")), "{listed:#?}");
        // Its own machines reach each other, and the internet gateway that a route leads to is there.
        told(&account, APP, WEB, &Outcome::Reaches);
        told(&account, WEB, INTERNET, &Outcome::Reaches);
        told(&account, INTERNET, WEB_PUBLIC, &Outcome::Reaches);
        unknown(&account, APP, INTERNET, "is not modelled");
        unknown(&account, WEB, "10.0.2.77", "in vpc-1, which its owner shares");
    }
    // The twin: an account that owns its VPC is not excused.
    let mut own = participant(true);
    for key in ["Vpcs", "Subnets", "RouteTables", "NetworkAcls"] {
        for item in own.items(key).as_array_mut().expect("a list") {
            item["OwnerId"] = json!("111122223333");
        }
    }
    let problems = import(own.files(), &ImportOptions::default()).expect_err("it lacks its default group");
    let text = format!("{problems:?}");
    assert!(text.contains("no security group is the default one of vpc-1"), "{text}");
}
