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
use crate::trace::DropReason;

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

fn vpn_gateway(account: &mut Small) {
    let attached = json!([{"State": "attached", "VpcId": "vpc-1"}]);
    account.add("VpnGateways", json!({"VpnGatewayId": "vgw-0a", "State": "available", "VpcAttachments": attached}));
    routes(account, 0)
        .push(json!({"DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-0a", "Origin": "CreateRoute",
        "State": "active"}));
}

#[test]
fn what_lies_behind_gateways_is_a_place_that_asks_and_is_asked() {
    let mut account = Small::new();
    vpn_gateway(&mut account);
    routes(&mut account, 0).push(transit("10.8.0.0/15"));
    let (premises, transit) = ("beyond the VPCs (192.168.0.0/16)", "beyond the VPCs (10.8.0.0/15)");
    for (block, far) in [("192.168.0.0/16", premises), ("10.8.0.0/15", transit)] {
        let result = asked(&account, &format!("delete-route: {{route-table: rtb-1, destination: {block}}}"));
        may_be_lost(&result, "app", far);
        may_be_lost(&result, far, "app");
        assert!(doubtful(&result).iter().all(|(from, to)| from == far || to == far), "{:?}", doubtful(&result));
    }
    // Whoever asks from there is kept out by a group as anybody is.
    let closed = "create-network-acl-entry: {network-acl: acl-1, number: 50, rule: deny all from 192.168.0.0/16}";
    may_be_lost(&asked(&account, closed), premises, "app");
    // Answers that would come from there are kept out, too.
    may_be_lost(&asked(&account, closed), "app", premises);
    may_be_lost(&asked(&account, "detach-vpn-gateway: {virtual-private-gateway: vgw-0a, vpc: vpc-1}"), "app", premises);
    // The twin: a route that nobody of these takes.
    nothing_is_lost(&asked(&account, "create-route: {route-table: rtb-2, destination: 10.99.0.0/16, target: nat-1}"));
}

#[test]
fn what_a_vpn_connection_carries_may_be_lost_with_it_and_not_with_another_gateways() {
    let mut account = Small::new();
    vpn_gateway(&mut account);
    account.add(
        "CustomerGateways",
        json!({"CustomerGatewayId": "cgw-0a", "IpAddress": "203.0.113.9", "BgpAsn": "65000", "State": "available",
            "Type": "ipsec.1"}),
    );
    account.add("VpnGateways", json!({"VpnGatewayId": "vgw-0b", "State": "available", "VpcAttachments": []}));
    for (vpn, gateway) in [("vpn-0a", "vgw-0a"), ("vpn-0b", "vgw-0b")] {
        account.add(
            "VpnConnections",
            json!({"VpnConnectionId": vpn, "CustomerGatewayId": "cgw-0a", "VpnGatewayId": gateway, "State": "available",
                "Type": "ipsec.1", "Options": {"StaticRoutesOnly": true}, "Routes": []}),
        );
    }
    let deleted = |vpn: &str| asked(&account, &format!("delete-vpn-connection: {{vpn-connection: {vpn}}}"));
    may_be_lost(&deleted("vpn-0a"), "app", "beyond the VPCs (192.168.0.0/16)");
    nothing_is_lost(&deleted("vpn-0b"));
}

#[test]
fn a_place_behind_gateways_is_found_beside_the_vpcs_and_smaller_blocks() {
    let mut account = Small::new();
    // The first addresses of the block are the VPC's own, and then another block's.
    routes(&mut account, 0).push(transit("10.0.0.0/8"));
    routes(&mut account, 0).push(json!({"DestinationCidrBlock": "10.1.0.0/16", "NatGatewayId": "nat-1",
        "Origin": "CreateRoute", "State": "active"}));
    let result = asked(&account, "delete-route: {route-table: rtb-1, destination: 10.0.0.0/8}");
    may_be_lost(&result, "app", "beyond the VPCs (10.0.0.0/8)");
}

/// A second private address of `web`, with an Elastic IP.
fn second_address(account: &mut Small) {
    let elastic = json!({"PublicIp": "54.0.0.30", "IpOwnerId": "111122223333", "AllocationId": "eipalloc-30",
        "AssociationId": "eipassoc-30"});
    let own = json!({"PrivateIpAddress": "10.0.1.30", "Primary": false, "Association": elastic});
    account.items("NetworkInterfaces")[0]["PrivateIpAddresses"].as_array_mut().expect("addresses").push(own);
    account.add(
        "Addresses",
        json!({"AllocationId": "eipalloc-30", "AssociationId": "eipassoc-30", "Domain": "vpc", "PublicIp": "54.0.0.30",
            "NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.1.30"}),
    );
}

#[test]
fn a_second_private_address_is_compared_with_its_public_one() {
    let mut account = Small::new();
    second_address(&mut account);
    let result = asked(&account, "disassociate-address: {elastic-ip: eipalloc-30}");
    let lost = pairs(&result, &result.comparison.lost);
    let second = || "web by 10.0.1.30".to_owned();
    assert!(lost.contains(&("the internet".into(), format!("{} by its public address", second()))), "{lost:?}");
    assert!(lost.contains(&(second(), "the internet".into())), "{lost:?}");
    assert!(lost.iter().all(|(from, to)| from.contains("10.0.1.30") || to.contains("10.0.1.30")), "{lost:?}");
    // The twin, a group that nobody is in, takes nothing; what no table tells from the first address is asked with it.
    let mut account = Small::new();
    let addresses = &mut account.items("NetworkInterfaces")[1]["PrivateIpAddresses"];
    let second = json!({"PrivateIpAddress": "10.0.2.30", "Primary": false});
    addresses.as_array_mut().expect("addresses").push(second);
    let unused = "create-security-group: {vpc: vpc-1, name: unused, description: of nobody}";
    let twin = asked(&account, unused);
    nothing_is_lost(&twin);
    assert!(twin.classes.iter().all(|class| !class.name.contains("10.0.2.30")));
}

#[test]
fn an_interface_that_is_detached_takes_the_reach_of_its_address_along() {
    let mut account = Small::new();
    let mut second = account.items("NetworkInterfaces")[1].clone();
    second["NetworkInterfaceId"] = json!("eni-4");
    second["PrivateIpAddresses"] = json!([{"PrivateIpAddress": "10.0.2.40", "Primary": true}]);
    second["Ipv6Addresses"] = json!([]);
    second["Attachment"] = json!({"AttachmentId": "eni-attach-4", "InstanceId": "i-2", "DeviceIndex": 1,
        "Status": "attached"});
    account.add("NetworkInterfaces", second);
    let result = asked(&account, "detach-network-interface: {network-interface: eni-4}");
    let lost = pairs(&result, &result.comparison.lost);
    let second = || "app by interface 1".to_owned();
    assert!(lost.contains(&(second(), "web".into())) && lost.contains(&("web".into(), second())), "{lost:?}");
    // The twin: its other interface keeps what it has.
    assert!(lost.iter().all(|(from, to)| *from == second() || *to == second()), "{lost:?}");
}

/// A device of AWS's own beside `app`, in a group of its own.
fn device(account: &mut Small, kind: &str, description: &str) {
    let mut eni = account.items("NetworkInterfaces")[1].clone();
    eni["NetworkInterfaceId"] = json!("eni-9");
    eni["Description"] = json!(description);
    eni["InterfaceType"] = json!(kind);
    eni["RequesterManaged"] = json!(true);
    eni["Groups"] = json!([{"GroupId": "sg-9"}]);
    eni["PrivateIpAddresses"] = json!([{"PrivateIpAddress": "10.0.2.90", "Primary": true}]);
    eni["Ipv6Addresses"] = json!([]);
    eni["Attachment"] = json!({"DeviceIndex": 1, "InstanceOwnerId": "amazon-aws", "Status": "attached"});
    account.add("NetworkInterfaces", eni);
    let mut group = account.items("SecurityGroups")[0].clone();
    group["GroupId"] = json!("sg-9");
    group["GroupName"] = json!("device");
    group["IpPermissions"] = json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]);
    account.add("SecurityGroups", group);
    let from_device = json!({"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080,
        "UserIdGroupPairs": [{"GroupId": "sg-9", "UserId": "111122223333"}]});
    account.items("SecurityGroups")[0]["IpPermissions"] = json!([from_device]);
}

#[test]
fn devices_of_aws_are_places_that_groups_lists_and_routes_close() {
    for (kind, name) in
        [("interface", "RDSNetworkInterface"), ("lambda", "AWS Lambda VPC ENI"), ("vpc_endpoint", "ssm")]
    {
        let mut account = Small::new();
        device(&mut account, kind, name);
        let revoke = "revoke-security-group-ingress: {security-group: sg-9, rules: [tcp 443 from 10.0.0.0/16]}";
        may_be_lost(&asked(&account, revoke), "web", name);
        may_be_lost(&asked(&account, revoke), "app", name);
        // The answer would not come back.
        let acl =
            "create-network-acl-entry: {network-acl: acl-1, number: 50, rule: deny tcp 1024-65535 to 10.0.1.0/24}";
        may_be_lost(&asked(&account, acl), "web", name);
        // What begins at a device is lost, too; an endpoint begins nothing.
        let inner = "revoke-security-group-ingress: {security-group: sg-1, rules: [tcp 8080 from sg-9]}";
        let result = asked(&account, inner);
        let lost = pairs(&result, &result.comparison.lost);
        assert_eq!(lost.contains(&(name.to_owned(), "web".to_owned())), kind != "vpc_endpoint", "{lost:?}");
        // The twin takes nothing away.
        let unused = "authorize-security-group-ingress: {security-group: sg-9, rules: [tcp 444 from 10.9.0.0/16]}";
        nothing_is_lost(&asked(&account, unused));
    }
}

fn connection(from: &str, to: &str) -> OpenConnection {
    OpenConnection { from: from.parse().expect("an address"), to: to.parse().expect("an end"), sends: true }
}

#[test]
fn connections_that_go_where_nobody_knows_have_no_definite_fate() {
    let mut account = Small::new();
    routes(&mut account, 0).push(transit("8.0.0.0/8"));
    let to_nat = json!({"DestinationCidrBlock": "8.8.0.0/16", "NatGatewayId": "nat-1", "Origin": "CreateRoute",
        "State": "active"});
    routes(&mut account, 0).push(to_nat);
    let delete = "delete-route: {route-table: rtb-1, destination: 8.8.0.0/16}";
    let result = asked(&account, delete);
    let of_app = |one: &&ConnectionFate| one.from.0 == "app" && one.to.1.ip() == SOMEWHERE;
    let fates: Vec<&ConnectionFate> = result.connections.iter().filter(of_app).collect();
    assert_eq!(fates.len(), 2);
    for one in fates {
        assert!(matches!(&one.with, Fate::Unknown(why) if why.contains("tgw-0a")), "{one:?}");
        assert!(one.without == Fate::Survives && !one.is_lost() && !one.is_saved() && !one.is_doomed());
    }
    // And those to the place that the route is for.
    assert_eq!((result.loses(), result.may_break()), (false, 4));
    // One that is there already was never seen to stand, and why is told.
    let named = vec![connection("10.0.2.10", "8.9.0.1:443"), connection("10.0.2.10", "8.8.8.8:443")];
    let unused = "create-security-group: {vpc: vpc-1, name: unused, description: of nobody}";
    let result = asked_of(&account, unused, named);
    assert!(matches!(&result.connections[0].without, Fate::Unknown(why) if why.contains("tgw-0a")));
    assert_eq!((result.may_break(), result.never_open()), (1, 0));
    assert_eq!(result.connections[1].with, Fate::Survives);
    // What ends with its machine is known to end.
    let ended = asked(&account, "terminate-instances: {instances: app}");
    assert!(ended.may_break() == 0 && ended.connections.iter().filter(of_app).all(ConnectionFate::is_lost));
    // The twin: without the transit gateway it is known to break.
    routes(&mut account, 0).retain(|route| route["TransitGatewayId"].is_null());
    routes(&mut account, 0).retain(|route| route["DestinationCidrBlock"] != "0.0.0.0/0");
    let result = asked(&account, delete);
    assert!(result.connections.iter().filter(of_app).all(ConnectionFate::is_lost) && result.may_break() == 0);
}

#[test]
fn named_connections_tell_like_machines_and_addresses_apart_and_why_they_never_stood() {
    let mut account = Small::new();
    account.items("Reservations")[1]["Instances"][0]["Tags"][0]["Value"] = json!("web");
    let named = vec![
        connection("10.0.1.10", "10.0.2.10:22"),
        connection("10.0.2.10", "54.0.0.10:22"),
        connection("10.0.7.7", "10.0.2.10:22"),
    ];
    let unused = "create-security-group: {vpc: vpc-1, name: unused, description: of nobody}";
    let result = asked_of(&account, unused, named);
    let ends: Vec<(&str, &str)> =
        result.connections.iter().map(|one| (one.from.0.as_str(), one.to.0.as_str())).collect();
    assert_eq!(ends[0], ("web (i-1)", "web (i-2)"));
    assert_eq!(ends[1], ("web (i-2)", "web (i-1) by 54.0.0.10"));
    assert!(matches!(&result.connections[2].with, Fate::NotOpen(why) if why.contains("no machine")));
    assert_eq!(result.never_open(), 1);
    // The twin: names that nobody shares stay as they are.
    let result = asked_of(&Small::new(), unused, vec![connection("10.0.1.10", "10.0.2.10:22")]);
    assert_eq!((result.connections[0].from.0.as_str(), result.connections[0].to.0.as_str()), ("web", "app"));
}

/// A gateway endpoint of S3 in the table of `app`.
fn endpoint(account: &mut Small) {
    account.add(
        "VpcEndpoints",
        json!({"VpcEndpointId": "vpce-0a", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available",
            "ServiceName": "com.amazonaws.us-west-2.s3", "RouteTableIds": ["rtb-1"],
            "PolicyDocument": "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}),
    );
    account.add(
        "PrefixLists",
        json!({"PrefixListId": "pl-68a54001", "PrefixListName": "com.amazonaws.us-west-2.s3", "Cidrs": ["52.218.128.0/17"]}),
    );
    routes(account, 0).push(json!({"DestinationPrefixListId": "pl-68a54001", "GatewayId": "vpce-0a",
        "Origin": "CreateRoute", "State": "active"}));
}

/// The endpoint with another policy, of these statements.
fn with_policy(account: &Small, statements: &str) -> WhatIf {
    asked(account, &format!("modify-vpc-endpoint: {{endpoint: vpce-0a, policy: {{Statement: [{statements}]}}}}"))
}

#[test]
fn requests_that_a_changed_policy_denies_are_lost_and_those_that_it_allows_are_not() {
    let mut account = Small::new();
    endpoint(&mut account);
    let all = "{Effect: Allow, Principal: '*', Action: '*', Resource: '*'}";
    let denied = |result: &WhatIf| -> Vec<(String, String)> {
        assert_eq!(result.loses(), !result.requests.denied.is_empty());
        assert!(result.changes_a_policy() && 0 < result.requests.asked);
        let anybody = result.requests.denied.iter().filter(|one| one.who.starts_with("anybody"));
        anybody.map(|one| (one.action.clone(), one.resource.clone())).collect()
    };
    let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
    let nothing = with_policy(&account, "{Effect: Deny, Principal: '*', Action: '*', Resource: '*'}");
    assert_eq!(denied(&nothing).len(), 3);
    let read_only =
        with_policy(&account, "{Effect: Allow, Principal: '*', Action: ['s3:Get*', 's3:List*'], Resource: '*'}");
    assert_eq!(denied(&read_only), [pair("s3:PutObject", "arn:aws:s3:::any/any")]);
    let deny = "{Effect: Deny, Principal: '*', Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::logs/*'}";
    let one_bucket = with_policy(&account, &format!("{all}, {deny}"));
    assert_eq!(denied(&one_bucket), [pair("s3:DeleteObject", "arn:aws:s3:::logs/any")]);
    // Somebody whom only the policy names.
    let who = "{ArnEquals: {'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/backup'}}";
    let deny = format!("{{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*', Condition: {who}}}");
    let one_role = with_policy(&account, &format!("{all}, {deny}"));
    assert!(denied(&one_role).is_empty());
    assert!(one_role.requests.denied.iter().any(|one| one.who.contains("assumed-role/backup")));
    // Of which organization somebody is no record tells; that which the old policy names is not refused.
    let only = |id: &str| {
        let of = format!("{{StringNotEquals: {{'aws:PrincipalOrgID': '{id}'}}}}");
        format!("{all}, {{Effect: Deny, Principal: '*', Action: '*', Resource: '*', Condition: {of}}}")
    };
    let named = with_policy(&account, &only("o-abcdef1234"));
    assert!(denied(&named).is_empty() && named.requests.organizations.contains("o-abcdef1234"));
    // The twin says the same with more words.
    assert!(denied(&with_policy(&account, &format!("{all}, {all}"))).is_empty());
}

#[test]
fn requests_that_a_route_leads_under_a_narrow_policy_are_lost_and_under_an_open_one_are_not() {
    let mut account = Small::new();
    endpoint(&mut account);
    let policy =
        |effect: &str| json!({"Statement": [{"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"}]});
    for (effect, loses) in [("Deny", true), ("Allow", false)] {
        account.items("VpcEndpoints")[0]["PolicyDocument"] = json!(policy(effect).to_string());
        let result = asked(&account, "modify-vpc-endpoint: {endpoint: vpce-0a, add-route-tables: rtb-2}");
        assert!(!result.comparison.rerouted.is_empty());
        assert_eq!(!result.requests.denied.is_empty(), loses, "{:#?}", result.requests);
    }
}

/// `web` forwards for `app`, and nobody told what it does with packets of others.
fn forwarder(account: &mut Small) {
    account.items("NetworkInterfaces")[0]["SourceDestCheck"] = json!(false);
    routes(account, 0)[2] = json!({"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-1", "InstanceId": "i-1",
        "InstanceOwnerId": "111122223333", "Origin": "CreateRoute", "State": "active"});
}

#[test]
fn what_a_forwarding_instance_surely_ends_may_be_lost_and_what_it_may_pass_on_is_not_told() {
    let mut account = Small::new();
    forwarder(&mut account);
    let blocked = |change: &str| {
        let result = asked(&account, change);
        let unclear = result.comparison.unclear.iter().filter(|one| one.may_be_lost());
        let name = |index: usize| result.classes[index].name.as_str();
        let mut after = unclear.filter(|one| (name(one.from), name(one.to)) == ("app", "the internet"));
        after.next().map(|one| one.after.outcome.clone())
    };
    let check =
        |on: bool| format!("modify-network-interface-attribute: {{network-interface: eni-1, source-dest-check: {on}}}");
    assert_eq!(blocked(&check(true)), Some(Outcome::BlockedOut(DropReason::SourceDestCheck)));
    assert_eq!(blocked("stop-instances: {instances: web}"), Some(Outcome::BlockedOut(DropReason::HostStopped)));
    let closed = "revoke-security-group-ingress: {security-group: sg-1, rules: [all from any]}";
    assert_eq!(blocked(closed), Some(Outcome::BlockedOut(DropReason::SecurityGroupIngress)));
    // One that has ended leaves nothing to tell.
    assert!(blocked("terminate-instances: {instances: web}").is_some());
    // The twins change nothing of it.
    nothing_is_lost(&asked(&account, &check(false)));
    assert_eq!(
        blocked("authorize-security-group-ingress: {security-group: sg-1, rules: [all from 10.9.0.0/16]}"),
        None
    );
}
