//! VPC endpoints: their life, their routes, who may handle them, how they are described.

use std::time::Duration;

use serde_json::json;

use super::*;

const DENY_ALL: &str = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;

fn bed(era: Era) -> (Lab, VpcId, RouteTableId) {
    let mut lab = Lab::new(era);
    let vpc = lab.vpc("10.0.0.0/16");
    let table = lab.table(&vpc);
    (lab, vpc, table)
}

fn create(lab: &Lab, vpc: &VpcId, tables: &[&RouteTableId]) -> CreateVpcEndpoint {
    CreateVpcEndpoint {
        route_table_ids: tables.iter().map(|id| (*id).clone()).collect(),
        ..CreateVpcEndpoint::new(vpc.clone(), lab.s3())
    }
}

#[test]
fn an_endpoint_brings_its_route_to_the_named_tables_only() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let other = lab.table(&vpc);
    let action = create(&lab, &vpc, &[&table]);
    let applied = lab.ok(action);
    let endpoint: VpcEndpointId = applied.created().expect("an endpoint");
    assert_eq!(lab.routes(&table)[1], format!("{} -> {endpoint} active", lab.s3_list()));
    assert_eq!(lab.routes(&other), ["10.0.0.0/16 -> local active"]);
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    assert!(!applied.touched.contains(&Touch::RouteTable(other)));
    let record = &lab.region().vpc_endpoints()[&endpoint];
    assert!(record.policy.current().is_full_access());
}

#[test]
fn an_endpoint_without_tables_is_legal_and_carries_nothing() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[]);
    lab.ok(action);
    assert_eq!(lab.routes(&table).len(), 1);
}

#[test]
fn one_table_holds_one_endpoint_per_service() {
    let (mut lab, vpc, table) = bed(Era::Current);
    let free = lab.table(&vpc);
    let action = create(&lab, &vpc, &[&table]);
    lab.ok(action);
    let action = create(&lab, &vpc, &[&free, &table]);
    let text = format!(
        "RouteAlreadyExists: route table {table} already has a route with destination-prefix-list-id {}",
        lab.s3_list()
    );
    assert_eq!(lab.refused(action), text);
    let action = create(&lab, &vpc, &[&free]);
    lab.ok(action);
    let dynamodb = ServiceName::of(&lab.call.scope.region, "dynamodb");
    lab.ok(CreateVpcEndpoint { service_name: dynamodb, ..create(&lab, &vpc, &[&table]) });
    assert_eq!(lab.routes(&table).len(), 3);
}

#[test]
fn endpoint_routes_are_closed_to_the_route_calls() {
    let (mut lab, vpc, table) = bed(Era::Current);
    let igw = lab.attached_igw(&vpc);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let list = Destination::PrefixList(lab.s3_list());
    let target = RouteTarget::VpcEndpoint(endpoint.clone());
    let text = "InvalidParameterValue: Cannot create or replace a prefix list route targeting a VPC Endpoint.";
    let free = lab.table(&vpc);
    assert_eq!(lab.refused(CreateRoute::new(free.clone(), list.clone(), target.clone())), text);
    let replace = ReplaceRoute::new(table.clone(), list.clone(), RouteTarget::InternetGateway(igw));
    assert_eq!(lab.refused(replace), text);
    let delete = DeleteRoute::new(table.clone(), list);
    let text =
        format!("InvalidParameterValue: cannot remove VPC endpoint route {} in route table {table}", lab.s3_list());
    assert_eq!(lab.refused(delete), text);
    let text = format!(
        "RouteNotSupported: Route table contains unsupported route target: {endpoint}. VPC Endpoints of this type \
         cannot be used as route targets."
    );
    assert_eq!(lab.refused(CreateRoute::new(free, to("52.218.128.0/17"), target)), text);
}

#[test]
fn unknown_services_and_those_of_other_regions_are_refused() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    for name in ["com.amazonaws.us-east-1.s3", "com.amazonaws.us-west-2.s4", "com.amazonaws.us-west-2.dynamodb"] {
        let action =
            CreateVpcEndpoint { service_name: ServiceName::parse(name).expect(name), ..create(&lab, &vpc, &[&table]) };
        let text = format!("InvalidServiceName: The Vpc Endpoint Service '{name}' does not exist");
        assert_eq!(lab.refused(action), text);
    }
}

#[test]
fn tables_must_be_there_and_of_the_same_vpc() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let other = lab.vpc("10.9.0.0/16");
    let foreign = lab.table(&other);
    let nothing = RouteTableId::parse("rtb-0").expect("an id");
    let action = create(&lab, &vpc, &[&table, &nothing]);
    let text = "InvalidRouteTableID.NotFound: The routeTable ID 'rtb-0' does not exist";
    assert_eq!(lab.refused(action), text);
    let action = create(&lab, &vpc, &[&table, &foreign]);
    assert_eq!(lab.code(action), "InvalidParameterValue");
}

#[test]
fn tables_are_added_and_removed() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let other = lab.table(&vpc);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let modify = |add: &[&RouteTableId], remove: &[&RouteTableId]| ModifyVpcEndpoint {
        add_route_table_ids: add.iter().map(|id| (*id).clone()).collect(),
        remove_route_table_ids: remove.iter().map(|id| (*id).clone()).collect(),
        ..ModifyVpcEndpoint::new(endpoint.clone())
    };
    let applied = lab.ok(modify(&[&other], &[&table]));
    for id in [&table, &other] {
        assert!(applied.touched.contains(&Touch::RouteTable(id.clone())));
    }
    assert_eq!((lab.routes(&table).len(), lab.routes(&other).len()), (1, 2));
    assert_eq!(lab.region().vpc_endpoints()[&endpoint].route_table_ids, [other.clone()].into());
    assert_eq!(lab.code(modify(&[], &[&table])), "InvalidParameter");
    assert_eq!(lab.code(modify(&[&other], &[])), "RouteAlreadyExists");
    assert_eq!(lab.code(modify(&[&table], &[&table])), "InvalidParameter");
    lab.ok(DisassociateAll(&endpoint, &other).action());
    lab.ok(DeleteRouteTable::new(other));
}

/// Takes the last table away from an endpoint.
struct DisassociateAll<'a>(&'a VpcEndpointId, &'a RouteTableId);

impl DisassociateAll<'_> {
    fn action(&self) -> ModifyVpcEndpoint {
        ModifyVpcEndpoint { remove_route_table_ids: vec![self.1.clone()], ..ModifyVpcEndpoint::new(self.0.clone()) }
    }
}

#[test]
fn a_deleted_table_leaves_its_endpoint() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let applied = lab.ok(DeleteRouteTable::new(table));
    assert!(applied.touched.contains(&Touch::VpcEndpoint(endpoint.clone())));
    assert!(lab.region().vpc_endpoints()[&endpoint].route_table_ids.is_empty());
}

#[test]
fn a_changed_policy_takes_effect_after_the_delay_and_switches_no_route() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let routes = lab.routes(&table);
    lab.at = SimTime::from_secs(60);
    let modify =
        ModifyVpcEndpoint { policy_document: Some(DENY_ALL.to_owned()), ..ModifyVpcEndpoint::new(endpoint.clone()) };
    let applied = lab.ok(modify);
    assert_eq!(applied.touched.iter().collect::<Vec<_>>(), [&Touch::EndpointPolicy(endpoint.clone())]);
    assert_eq!(lab.routes(&table), routes);
    let judges = |lab: &Lab, secs| {
        let policy = &lab.region().vpc_endpoints()[&endpoint].policy;
        policy.in_effect(SimTime::from_secs(secs)).is_full_access()
    };
    assert!(judges(&lab, 60) && judges(&lab, 239));
    assert!(!judges(&lab, 240));
    assert_eq!(lab.region().vpc_endpoints()[&endpoint].policy.current().text(), DENY_ALL);
    // A second change inside the delay: each takes effect in its turn.
    lab.at = SimTime::from_secs(120);
    lab.ok(ModifyVpcEndpoint { reset_policy: true, ..ModifyVpcEndpoint::new(endpoint.clone()) });
    assert!(judges(&lab, 239) && !judges(&lab, 240) && !judges(&lab, 299) && judges(&lab, 300));
    assert_eq!(
        lab.region().vpc_endpoints()[&endpoint].policy.takes_effect(lab.at),
        Some(SimTime::from_secs(120).after(Duration::from_secs(180)))
    );
}

#[test]
fn a_policy_that_cannot_be_read_leaves_the_old_one() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let no_principal = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let long = format!("{DENY_ALL}{}", " ".repeat(20_480));
    for policy in ["", "{", "[]", no_principal, &long] {
        let modify =
            ModifyVpcEndpoint { policy_document: Some(policy.to_owned()), ..ModifyVpcEndpoint::new(endpoint.clone()) };
        assert_eq!(lab.code(modify), "InvalidPolicyDocument", "{policy:.40}");
        let action = CreateVpcEndpoint { policy_document: Some(policy.to_owned()), ..create(&lab, &vpc, &[]) };
        assert_eq!(lab.code(action), "InvalidPolicyDocument", "{policy:.40}");
    }
}

#[test]
fn an_endpoint_moves_neither_to_another_vpc_nor_to_another_service() {
    let (mut lab, vpc, _) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[]);
    let endpoint: VpcEndpointId = lab.make(action);
    let other = lab.vpc("10.9.0.0/16");
    let modify = ModifyVpcEndpoint::new(endpoint);
    let to_vpc = ModifyVpcEndpoint { vpc_id: Some(other), ..modify.clone() };
    assert_eq!(lab.code(to_vpc), "UnknownParameter");
    let to_service = ModifyVpcEndpoint { service_name: Some(lab.s3()), ..modify };
    assert_eq!(lab.code(to_service), "UnknownParameter");
}

#[test]
fn deleting_removes_the_routes_and_leaves_the_groups_and_lists_what_failed() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let group: SecurityGroupId = lab.make(CreateSecurityGroup::new(vpc.clone(), "web".to_owned()));
    let rule = SecurityGroupRule::prefix_list(Protocol::tcp(443), lab.s3_list());
    lab.ok(AuthorizeSecurityGroupEgress::new(group.clone(), vec![rule]));
    let groups = lab.region().security_groups().clone();
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let nothing = VpcEndpointId::parse("vpce-0").expect("an id");
    let delete = Action::from(DeleteVpcEndpoints::new(vec![nothing, endpoint.clone()]));
    let applied = lab.ok(delete.clone());
    assert_eq!(lab.routes(&table), ["10.0.0.0/16 -> local active"]);
    assert_eq!(*lab.region().security_groups(), groups);
    let error =
        json!({"Code": "InvalidVpcEndpoint.NotFound", "Message": "The Vpc Endpoint Id 'vpce-0' does not exist"});
    let answer = lab.world.answer(&lab.call, &delete, &applied, lab.at);
    assert_eq!(answer, json!({"Unsuccessful": [{"ResourceId": "vpce-0", "Error": error}]}));
    let text = format!("InvalidVpcEndpointId.NotFound: The Vpc Endpoint Id '{endpoint}' does not exist");
    assert_eq!(lab.refused(ModifyVpcEndpoint::new(endpoint)), text);
}

#[test]
fn a_region_takes_twenty_gateway_endpoints() {
    let (mut lab, vpc, _) = bed(Era::Y2017);
    for _ in 0..20 {
        let action = create(&lab, &vpc, &[]);
        lab.ok(action);
    }
    let action = create(&lab, &vpc, &[]);
    assert_eq!(lab.code(action), "VpcEndpointLimitExceeded");
}

#[test]
fn interface_endpoints_exist_today_and_take_no_tables() {
    let (mut lab, vpc, table) = bed(Era::Current);
    let region = lab.call.scope.region.clone();
    let name = ServiceName::of(&region, "ec2");
    lab.world
        .declare_service(&region, Service::interface(name.clone(), Some("ec2.us-west-2.amazonaws.com".to_owned())));
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let action = CreateVpcEndpoint {
        vpc_endpoint_type: EndpointType::Interface,
        subnet_ids: vec![subnet.clone()],
        private_dns_enabled: Some(false),
        ..CreateVpcEndpoint::new(vpc.clone(), name)
    };
    let with_table = CreateVpcEndpoint { route_table_ids: vec![table], ..action.clone() };
    let text = "InvalidParameter: Route table IDs are only supported for Gateway type VPC Endpoint.";
    assert_eq!(lab.refused(with_table), text);
    let with_dns = CreateVpcEndpoint { private_dns_enabled: None, ..action.clone() };
    assert_eq!(lab.code(with_dns.clone()), "InvalidParameter");
    let endpoint: VpcEndpointId = lab.make(action.clone());
    let eni = lab.region().vpc_endpoints()[&endpoint].network_interface_ids.first().cloned().expect("an interface");
    assert_eq!(lab.region().network_interfaces()[&eni].subnet_id, subnet);
    let gateway = CreateVpcEndpoint { vpc_endpoint_type: EndpointType::Gateway, subnet_ids: vec![], ..action };
    assert_eq!(lab.code(gateway), "InvalidVpcEndpointType");
    lab.ok(ModifyVpcAttribute { enable_dns_hostnames: Some(true), ..ModifyVpcAttribute::new(vpc) });
    lab.ok(with_dns);
    lab.ok(DeleteVpcEndpoints::new(vec![endpoint]));
    assert!(!lab.region().network_interfaces().contains_key(&eni));
}

#[test]
fn an_interface_of_an_endpoint_is_told_once_and_serves_one_subnet() {
    let (mut lab, vpc, _) = bed(Era::Current);
    let region = lab.call.scope.region.clone();
    let name = ServiceName::of(&region, "ec2");
    lab.world.declare_service(&region, Service::interface(name.clone(), None));
    let here = lab.subnet(&vpc, "10.0.1.0/24");
    let there: SubnetId = lab.make(CreateSubnet {
        availability_zone: Some(zone("us-west-2b")),
        ..CreateSubnet::new(vpc.clone(), cidr("10.0.2.0/24"))
    });
    let interface = |subnet: &SubnetId, id: &str| SubnetConfiguration {
        subnet_id: subnet.clone(),
        network_interface_id: Some(NetworkInterfaceId::of_name(id, 8)),
        ipv4: None,
        ipv6: None,
    };
    let action = |told: [SubnetConfiguration; 2]| CreateVpcEndpoint {
        vpc_endpoint_type: EndpointType::Interface,
        subnet_ids: vec![here.clone(), there.clone()],
        subnet_configurations: told.to_vec(),
        ..CreateVpcEndpoint::new(vpc.clone(), name.clone())
    };
    let text = format!("InvalidParameter: Found another configuration of the subnet {here}");
    assert_eq!(lab.refused(action([interface(&here, "one"), interface(&here, "other")])), text);
    let one = NetworkInterfaceId::of_name("one", 8);
    let text = format!("InvalidParameter: Found another subnet with the network interface {one}");
    assert_eq!(lab.refused(action([interface(&here, "one"), interface(&there, "one")])), text);
    lab.ok(action([interface(&here, "one"), interface(&there, "other")]));
    assert_eq!(lab.region().network_interfaces().len(), 2);
}

#[test]
fn the_wizard_names_subnets_and_their_tables_get_the_route() {
    let mut lab = Lab::new(Era::Y2017);
    let subnet = |name: &str, block: &str, public, endpoint| WizardSubnet {
        id: None,
        name: name.to_owned(),
        cidr_block: cidr(block),
        availability_zone: None,
        public,
        endpoint,
    };
    let wizard = CreateVpcWithEndpoint {
        tags: Tags::named("spine"),
        subnets: vec![
            subnet("public", "10.0.0.0/24", true, false),
            subnet("private", "10.0.1.0/24", false, true),
            subnet("private-too", "10.0.2.0/24", false, false),
        ],
        ..CreateVpcWithEndpoint::new(cidr("10.0.0.0/16"), lab.s3())
    };
    let applied = lab.ok(wizard.clone());
    let vpc: VpcId = applied.created().expect("a VPC");
    let with_route = |lab: &Lab, name: &str| {
        let subnets = lab.region().subnets();
        let subnet = subnets.values().find(|subnet| subnet.tags.name.as_deref() == Some(name)).expect(name);
        let table = lab.region().effective_route_table(subnet).expect("a table");
        table.routes().any(Route::is_endpoint_route)
    };
    // The subnet that was not named shares the main table, and gets the endpoint too (rule R36).
    assert!(with_route(&lab, "private") && with_route(&lab, "private-too"));
    assert!(!with_route(&lab, "public"));
    assert!(lab.region().vpcs()[&vpc].enable_dns_hostnames);
    let mut overlapping = wizard;
    overlapping.subnets.push(subnet("again", "10.0.1.0/25", false, false));
    assert_eq!(lab.code(overlapping), "InvalidSubnet.Conflict");
}

#[test]
fn an_iam_user_may_handle_endpoints_only_by_a_policy_on_everything() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let account = lab.call.scope.account.clone();
    lab.world.put_user(&account, IamUser { name: "alice".to_owned(), ..IamUser::default() });
    let admin = lab.call.clone();
    let alice = Call::user(admin.scope.clone(), "alice".to_owned());
    let action = create(&lab, &vpc, &[&table]);
    let describe = |lab: &Lab| {
        let answer = lab.world.describe(&alice, Describe::VpcEndpoints, &Query::default(), lab.at);
        answer.map_err(|error| error.code)
    };
    lab.call = alice.clone();
    let text = "UnauthorizedOperation: You are not authorized to perform this operation.";
    assert_eq!(lab.refused(action.clone()), text);
    assert_eq!(describe(&lab), Err(ErrorCode::UnauthorizedOperation));
    let grant = |lab: &mut Lab, resource: &str| {
        lab.call = admin.clone();
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ec2:*VpcEndpoint*","Resource":"{resource}"}}]}}"#
        );
        lab.ok(PutUserPolicy::new("alice".to_owned(), "endpoints".to_owned(), document));
        lab.call = alice.clone();
    };
    // Naming a single endpoint grants nothing (rule R28).
    grant(&mut lab, "arn:aws:ec2:us-west-2:111122223333:vpc-endpoint/vpce-1a2b3c4d");
    assert_eq!(lab.refused(action.clone()), text);
    grant(&mut lab, "*");
    lab.ok(action);
    assert!(describe(&lab).is_ok());
    assert_eq!(lab.refused(CreateVpc::new(cidr("10.0.0.0/16"))), text);
    lab.call = admin;
    let delete = DeleteUserPolicy::new("alice".to_owned(), "endpoints".to_owned());
    lab.ok(delete.clone());
    assert_eq!(lab.code(delete), "NoSuchEntity");
    let broken = PutUserPolicy::new("alice".to_owned(), "endpoints".to_owned(), "{".to_owned());
    assert_eq!(lab.code(broken), "MalformedPolicyDocument");
    let nobody = PutUserPolicy::new("bob".to_owned(), "endpoints".to_owned(), "{}".to_owned());
    assert_eq!(lab.code(nobody), "NoSuchEntity");
}

#[test]
fn each_endpoint_of_a_deletion_is_judged_by_its_own_service() {
    let (mut lab, vpc, _) = bed(Era::Current);
    let account = lab.call.scope.account.clone();
    lab.world.put_user(&account, IamUser { name: "alice".to_owned(), ..IamUser::default() });
    let dynamodb = ServiceName::of(&lab.call.scope.region, "dynamodb");
    let create_s3 = create(&lab, &vpc, &[]);
    let s3: VpcEndpointId = lab.make(create_s3.clone());
    let other_s3: VpcEndpointId = lab.make(create_s3);
    let kept: VpcEndpointId = lab.make(CreateVpcEndpoint::new(vpc, dynamodb.clone()));
    let document = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Action":"ec2:DeleteVpcEndpoints","Resource":"*"}},
        {{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"ec2:VpceServiceName":"{dynamodb}"}}}}}}]}}"#
    );
    lab.ok(PutUserPolicy::new("alice".to_owned(), "all-but-dynamodb".to_owned(), document));
    lab.call = Call::user(lab.call.scope.clone(), "alice".to_owned());
    let text = "UnauthorizedOperation: You are not authorized to perform this operation.";
    for both in [[&s3, &kept], [&kept, &s3]] {
        assert_eq!(lab.refused(DeleteVpcEndpoints::new(both.map(Clone::clone).to_vec())), text);
        assert_eq!(lab.region().vpc_endpoints().len(), 3);
    }
    lab.ok(DeleteVpcEndpoints::new(vec![s3, other_s3]));
    assert!(lab.region().vpc_endpoints().keys().eq([&kept]));
}

#[test]
fn bucket_policies_are_the_owners_to_change() {
    let (mut lab, _, _) = bed(Era::Y2017);
    let region = lab.call.scope.region.clone();
    let bucket = |name: &str| Bucket { name: name.to_owned(), region: region.clone(), policy: None };
    let ours = lab.call.scope.account.clone();
    assert_eq!(lab.world.put_bucket(&ours, bucket("ours")), Ok(()));
    let theirs = account("999999999999");
    assert_eq!(lab.world.put_bucket(&theirs, bucket("theirs")), Ok(()));
    assert_eq!(lab.world.put_bucket(&ours, bucket("theirs")), Err(theirs));
    let policy = |name: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::{name}/*"}}]}}"#
        )
    };
    let put = |name: &str| PutBucketPolicy::new(name.to_owned(), policy(name));
    lab.ok(put("ours"));
    assert!(lab.world.bucket("ours").expect("a bucket").1.policy.is_some());
    assert_eq!(lab.code(put("theirs")), "AccessDenied");
    assert_eq!(lab.code(put("nobodys")), "NoSuchBucket");
    assert_eq!(lab.code(PutBucketPolicy::new("ours".to_owned(), "{".to_owned())), "MalformedPolicy");
    lab.ok(DeleteBucketPolicy::new("ours".to_owned()));
    assert_eq!(lab.world.bucket("ours").expect("a bucket").1.policy, None);
}

#[test]
fn an_endpoint_is_described_as_the_command_line_prints_it() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    lab.at = SimTime::from_secs(5);
    let action = Action::from(create(&lab, &vpc, &[&table]));
    let applied = lab.ok(action.clone());
    let endpoint: VpcEndpointId = applied.created().expect("an endpoint");
    let item = json!({
        "VpcEndpointId": endpoint.as_str(),
        "VpcId": vpc.as_str(),
        "ServiceName": "com.amazonaws.us-west-2.s3",
        "State": "available",
        "PolicyDocument": crate::policy::PolicyDocument::full_access().text(),
        "RouteTableIds": [table.as_str()],
        "CreationTimestamp": "2017-06-01T00:00:05Z",
    });
    assert_eq!(lab.world.answer(&lab.call, &action, &applied, lab.at), json!({"VpcEndpoint": item}));
    let describe = |query: &Query| lab.world.describe(&lab.call, Describe::VpcEndpoints, query, lab.at);
    assert_eq!(describe(&Query::default()), Ok(json!({"VpcEndpoints": [item]})));
    let by = |name: &str, value: &str| Query {
        filters: vec![(name.to_owned(), vec![value.to_owned()])],
        ..Query::default()
    };
    assert_eq!(describe(&by("vpc-id", vpc.as_str())), Ok(json!({"VpcEndpoints": [item]})));
    assert_eq!(describe(&by("vpc-endpoint-state", "deleted")), Ok(json!({"VpcEndpoints": []})));
    assert_eq!(describe(&by("Vpc Id", "x")).map_err(|e| e.code), Err(ErrorCode::InvalidParameterValue));
    let unknown = Query { ids: vec!["vpce-0".to_owned()], ..Query::default() };
    assert_eq!(describe(&unknown).map_err(|e| e.code), Err(ErrorCode::InvalidVpcEndpointIdNotFound));
}

#[test]
fn services_prefix_lists_and_the_route_are_described() {
    let (mut lab, vpc, table) = bed(Era::Y2017);
    let action = create(&lab, &vpc, &[&table]);
    let endpoint: VpcEndpointId = lab.make(action);
    let describe = |what| lab.world.describe(&lab.call, what, &Query::default(), lab.at).expect("an answer");
    assert_eq!(describe(Describe::VpcEndpointServices), json!({"ServiceNames": ["com.amazonaws.us-west-2.s3"]}));
    let list = json!({
        "PrefixListId": "pl-68a54001",
        "PrefixListName": "com.amazonaws.us-west-2.s3",
        "Cidrs": ["52.92.32.0/22", "52.218.128.0/17", "54.231.160.0/19"],
    });
    assert_eq!(describe(Describe::PrefixLists), json!({"PrefixLists": [list]}));
    let tables = describe(Describe::RouteTables);
    let route = json!({
        "DestinationPrefixListId": "pl-68a54001",
        "GatewayId": endpoint.as_str(),
        "Origin": "CreateRoute",
        "State": "active",
    });
    let ours = tables["RouteTables"].as_array().into_iter().flatten().find(|t| t["RouteTableId"] == table.as_str());
    assert_eq!(ours.expect("our table")["Routes"][1], route);
}
