//! Import against the measured networks, whole, halved and mutated.

pub(crate) mod account;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::base::*;
use crate::control_plane::{
    Destination, EndpointType, InstanceState, InterfaceType, Protocol, RouteState, RouteTarget, RuleAction, Scope,
};
use crate::notation::Problem;

macro_rules! files {
    ($folder:literal, [$($name:literal),* $(,)?]) => {
        [$((
            concat!($folder, "/", $name, ".json"),
            include_str!(concat!("../../tests/data/live-aws/", $folder, "/", $name, ".json")),
        )),*]
    };
}

macro_rules! network {
    ($folder:literal) => {
        files!(
            $folder,
            [
                "Addresses",
                "AvailabilityZones",
                "CustomerGateways",
                "ElasticsearchDomains",
                "InternetGateways",
                "LoadBalancerAttributes",
                "LoadBalancerListeners",
                "LoadBalancerTargetHealth",
                "LoadBalancers",
                "NatGateways",
                "NetworkAcls",
                "NetworkInterfaces",
                "PrefixLists",
                "RdsInstances",
                "Reservations",
                "RouteTables",
                "SecurityGroups",
                "Subnets",
                "TargetGroups",
                "TransitGatewayAttachments",
                "TransitGatewayPropagations",
                "TransitGatewayRouteTables",
                "TransitGatewayStaticRoutes",
                "TransitGatewayVpcAttachments",
                "TransitGateways",
                "VpcEndpointServices",
                "VpcEndpoints",
                "VpcPeeringConnections",
                "Vpcs",
                "VpnConnections",
                "VpnGateways",
            ]
        )
    };
}

pub(crate) type File = (&'static str, &'static str);

pub(crate) fn endpoints_network() -> Vec<File> {
    network!("aws_vpc_endpoints/aws_configs/us-east-1").to_vec()
}

pub(crate) fn peering_network() -> Vec<File> {
    let mut files = network!("aws_multi_account_vpc_peering/aws_configs/accounts/028403472736/us-east-1").to_vec();
    files.extend(network!("aws_multi_account_vpc_peering/aws_configs/accounts/951601349076/us-east-1"));
    files
}

pub(crate) fn inputs<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<InputFile> {
    files.into_iter().map(|(path, text)| InputFile { path: path.to_owned(), text: text.to_owned() }).collect()
}

fn shown(problems: &[FileProblems]) -> Vec<String> {
    let one = |file: &FileProblems| {
        let line = |problem: &Problem| {
            let (line, column) = file.source.line_column(problem.span.start);
            format!("{}:{line}:{column} {}", file.source.name, problem.message)
        };
        file.problems.iter().map(line).collect::<Vec<_>>()
    };
    problems.iter().flat_map(one).collect()
}

#[track_caller]
fn imported(files: Vec<InputFile>) -> Imported {
    match import(files, &ImportOptions::default()) {
        Ok(imported) => imported,
        Err(problems) => panic!("{:#?}", shown(&problems)),
    }
}

#[track_caller]
fn check_problems(files: Vec<InputFile>, expected: &[&str]) {
    let problems = import(files, &ImportOptions::default()).expect_err("problems");
    assert_eq!(shown(&problems), expected);
}

fn scope(account: &str) -> Scope {
    Scope::new(AccountId::parse(account).expect("an account"), RegionName::parse("us-east-1").expect("a region"))
}

#[test]
fn the_network_of_endpoints_is_a_world() {
    let Imported { world, assumptions, unmodeled, gone, warnings, skipped } = imported(inputs(endpoints_network()));
    assert_eq!(shown(&warnings), Vec::<String>::new());
    assert_eq!((unmodeled, gone, skipped), (vec![], vec![], vec![]));
    // Its interface endpoint has private names, so both DNS attributes are told.
    let keys: Vec<&str> = assumptions.iter().map(|assumption| assumption.key.as_str()).collect();
    assert_eq!(keys, ["dopt-3bb56641.domain-name-servers"]);
    let region = world.region(&scope("028403472736")).expect("the region");
    assert_eq!((region.vpcs().len(), region.subnets().len(), region.instances().len()), (1, 3, 3));
    let vpc = region.vpcs().values().next().expect("a VPC");
    assert!(vpc.enable_dns_support && vpc.enable_dns_hostnames);
    let private = SubnetId::parse("subnet-09de87bd086777dad").expect("an id");
    let subnet = &region.subnets()[&private];
    let table = region.effective_route_table(subnet).expect("a table");
    assert_eq!(table.tags.name.as_deref(), Some("bat-private"));
    let list = Destination::PrefixList(PrefixListId::parse("pl-63a5400a").expect("an id"));
    let endpoint = VpcEndpointId::parse("vpce-0532038c44e8de847").expect("an id");
    assert_eq!(table.route(&list).map(|route| &route.target), Some(&RouteTarget::VpcEndpoint(endpoint.clone())));
    let types: Vec<EndpointType> = region.vpc_endpoints().values().map(|endpoint| endpoint.endpoint_type).collect();
    assert_eq!(types, [EndpointType::Gateway, EndpointType::Interface]);
    assert!(region.vpc_endpoints()[&endpoint].policy.current().is_full_access());
    let s3 = world.service_of_list(&scope("028403472736").region, &PrefixListId::parse("pl-63a5400a").expect("an id"));
    let s3 = s3.expect("the service of the list");
    assert!(s3.gateway_endpoint && s3.ranges.contains(&Cidr::parse("52.216.0.0/15").expect("a block")));
    let nat = region.nat_gateways().values().next().expect("a NAT gateway");
    assert_eq!(nat.addresses[0].private_ip.to_string(), "10.1.1.126");
    let kinds: BTreeSet<&InterfaceType> = region.network_interfaces().values().map(|eni| &eni.interface_type).collect();
    assert_eq!(
        kinds,
        BTreeSet::from([&InterfaceType::Interface, &InterfaceType::NatGateway, &InterfaceType::VpcEndpoint])
    );
}

#[test]
fn two_accounts_are_one_world_and_their_peering_is_one_record() {
    let Imported { world, unmodeled, gone, warnings, .. } = imported(inputs(peering_network()));
    assert_eq!(shown(&warnings), Vec::<String>::new());
    assert_eq!(unmodeled, []);
    let gone: Vec<String> = gone.iter().map(|gone| format!("{} {}", gone.id, gone.state)).collect();
    assert_eq!(
        gone,
        ["i-022b9fb2c0a0c72c1 terminated", "pcx-00eeab4f3bd2a40da deleted", "pcx-07d8d712b329b9337 deleted",]
    );
    assert_eq!(world.accounts().len(), 2);
    let (_, peering) = world.peerings().iter().next().expect("a peering connection");
    assert!(peering.is_active());
    assert_eq!(peering.requester.scope, scope("028403472736"));
    assert_eq!(peering.accepter.scope, scope("951601349076"));
    let region = world.region(&scope("951601349076")).expect("the region");
    let acl = &region.network_acls()[&NetworkAclId::parse("acl-00efea60df1957a2f").expect("an id")];
    assert_eq!(acl.ingress.len(), 3);
    assert_eq!((acl.ingress[&20].protocol, acl.ingress[&20].rule_action), (Protocol::tcp(22), RuleAction::Deny));
    let instance = region.instances().values().next().expect("an instance");
    assert_eq!((instance.state, instance.public_at_start), (InstanceState::Running, true));
}

#[test]
fn one_account_of_two_says_what_it_cannot_tell() {
    let alone = peering_network().into_iter().filter(|(path, _)| path.contains("028403472736"));
    let Imported { world, unmodeled, .. } = imported(inputs(alone));
    assert_eq!(world.peerings().len(), 0);
    let effects: Vec<&str> = unmodeled.iter().map(|unmodeled| unmodeled.effect.as_str()).collect();
    assert_eq!(
        effects,
        [
            "traffic through pcx-0040f7640e10191f4: unknown; vpc-05951c91977125d2e of account 951601349076 in us-east-1 \
             is not among these files",
            "traffic to 10.2.0.0/16 through pcx-0040f7640e10191f4: unknown",
        ]
    );
    let region = world.region(&scope("028403472736")).expect("the region");
    let opaque = RouteTarget::Unmodeled("pcx-0040f7640e10191f4".to_owned());
    assert_eq!(region.tables_with_target(&opaque).count(), 1);
}

#[test]
fn flat_answers_under_any_names_make_the_same_world() {
    let whole = imported(inputs(endpoints_network()));
    let renamed: Vec<(String, String)> = endpoints_network()
        .into_iter()
        .enumerate()
        .map(|(index, (_, text))| (format!("answer-{index}.json"), text.to_owned()))
        .collect();
    let flat = imported(inputs(renamed.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
    assert_eq!(flat.world, whole.world);
    // Without its key, each list is told by its shape; and in pages.
    let mut paged: Vec<(String, String)> = renamed
        .iter()
        .filter(|(_, text)| !text.contains("\"SecurityGroups\": [\n  {\n   \"Description\""))
        .cloned()
        .collect();
    let groups = endpoints_network().into_iter().find(|(path, _)| path.ends_with("/SecurityGroups.json"));
    let tree: serde_json::Value = serde_json::from_str(groups.expect("the groups").1).expect("JSON");
    let list = tree["SecurityGroups"].as_array().expect("a list");
    paged.push(("one.json".to_owned(), serde_json::json!({"SecurityGroups": [list[0]], "NextToken": "x"}).to_string()));
    paged.push(("two.json".to_owned(), serde_json::json!([list[1]]).to_string()));
    let paged = imported(inputs(paged.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
    assert_eq!(paged.world, whole.world);
}

#[test]
fn half_a_folder_names_the_calls_that_are_missing() {
    let kept = ["Vpcs", "Subnets", "NetworkInterfaces", "Reservations"];
    let half =
        endpoints_network().into_iter().filter(|(path, _)| kept.iter().any(|k| path.ends_with(&format!("/{k}.json"))));
    let problems = shown(&import(inputs(half), &ImportOptions::default()).expect_err("problems"));
    for call in ["describe-route-tables", "describe-network-acls", "describe-security-groups"] {
        assert!(problems.iter().any(|problem| problem.contains(call)), "{call}: {problems:#?}");
    }
    assert!(problems.iter().all(|problem| problem.contains("no file holds the")), "{problems:#?}");
    // Each kind is missed once, by the folder.
    let of_folder = problems.iter().filter(|problem| problem.starts_with("aws_vpc_endpoints/aws_configs/us-east-1:"));
    assert_eq!(of_folder.count(), 3, "{problems:#?}");
}

#[test]
fn an_empty_or_torn_file_is_one_problem_and_hides_nothing_else() {
    let mut files = tiny(&[]);
    files[1].text = String::new();
    files[2].text.truncate(30);
    check_problems(
        files,
        &["us-east-1/Subnets.json:1:1 text is empty", "us-east-1/RouteTables.json:1:19 unterminated string literal"],
    );
}

#[test]
fn what_is_no_answer_is_left_aside_and_named() {
    let file = |path: &str, text: &str| InputFile { path: path.to_owned(), text: text.to_owned() };
    let mut files = tiny(&[]);
    files.extend([
        file("README.md", "# Notes"),
        file("package.json", r#"{"name": "x", "version": "1"}"#),
        file("list.json", "[1, 2]"),
        file("null.json", "null"),
        file("notes.txt", "{ this is no JSON"),
    ]);
    let imported = imported(files);
    assert_eq!(shown(&imported.warnings), Vec::<String>::new());
    let skipped: Vec<String> = imported.skipped.iter().map(|one| format!("{}: {}", one.path, one.why)).collect();
    assert_eq!(
        skipped,
        [
            "README.md: it is not JSON",
            "notes.txt: it is not JSON",
            "package.json: none of its keys is of an answer that is known: `name`, `version`",
            "list.json: it is a list of something that no known call answers",
            "null.json: it says nothing",
        ]
    );
}

#[test]
fn an_answer_in_pages_needs_its_last_page() {
    let page = |name: &str, key: &str, token: &str| InputFile {
        path: format!("us-east-1/{name}.json"),
        text: format!(r#"{{"{key}": [], "NextToken": {token}}}"#),
    };
    let mut files = tiny(&[]);
    files.push(page("more", "Subnets", r#""abc""#));
    assert_eq!(shown(&imported(files.clone()).warnings), Vec::<String>::new());
    files.push(page("igw1", "InternetGateways", r#""abc""#));
    files.push(page("igw2", "InternetGateways", r#""def""#));
    let warnings = shown(&imported(files.clone()).warnings);
    let place =
        "us-east-1/igw1.json:1:39 NextToken: the InternetGateways go on behind this, and no file is their last page";
    assert_eq!(warnings, [place]);
    files.push(page("igw3", "InternetGateways", "null"));
    assert_eq!(shown(&imported(files).warnings), Vec::<String>::new());
}

#[test]
fn files_may_have_marks_and_any_line_ends_but_are_utf_8() {
    let plain = imported(tiny(&[])).world;
    let bytes = |change: fn(&str) -> Vec<u8>| {
        let file = |file: InputFile| InputFile::of_bytes(&file.path, change(&file.text));
        tiny(&[]).into_iter().map(file).collect::<Result<Vec<_>, _>>()
    };
    let marked = bytes(|text| format!("\u{feff}{}", text.replace(", ", ",\r\n")).into_bytes()).expect("UTF-8");
    assert_eq!(imported(marked).world, plain);
    let wide = bytes(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()).expect_err("UTF-16");
    assert_eq!(shown(&[wide]), ["us-east-1/Vpcs.json:1:1 the file is UTF-16, not UTF-8"]);
}

#[test]
fn a_file_can_be_an_answer_by_its_name_or_its_first_character() {
    for (path, beginning, can) in [
        ("Vpcs.json", "", true),
        ("Vpcs.JSON", "x", true),
        ("vpcs", " \n{\"Vpcs\": []}", true),
        ("vpcs.txt", "\u{feff}[", true),
        ("vpcs.yaml", "Vpcs: []", false),
        ("notes", "", false),
    ] {
        assert_eq!(InputFile::can_be(path, beginning.as_bytes()), can, "{path}");
    }
    assert!(InputFile::can_be("vpcs", &[0xff, 0xfe, b'{', 0]));
}

#[test]
fn an_account_with_one_of_everything_is_told_whole() {
    let imported = imported(account::files());
    assert_eq!(shown(&imported.warnings), Vec::<String>::new());
    let ids = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let unmodeled: BTreeSet<String> = imported.unmodeled.iter().map(|one| one.id.clone()).collect();
    let expected = ids(vec![
        "eni-0elb",
        "eni-0lambda",
        "eni-0six",
        "eni-0web",
        "front",
        "pcx-0far",
        "pl-0b",
        "rtb-0b",
        "sg-0stale",
        "subnet-0e",
        "tgw-0a",
        "vgw-0a",
        "vgw-0b",
        "vpce-0c",
    ]);
    assert_eq!(unmodeled, expected);
    assert_eq!(imported.gone.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["i-0gone", "nat-0gone"]);
    let keys: Vec<&str> = imported.assumptions.iter().map(|one| one.key.as_str()).collect();
    assert!(keys.contains(&"vpc-0b.enableDnsSupport") && keys.contains(&"pl-63a5400a.cidrs"), "{keys:?}");
    let region = imported.world.region(&scope("111122223333")).expect("the region");
    // Interfaces of a second network card stand behind those of the first.
    let gpu = &region.instances()[&InstanceId::parse("i-0gpu").expect("an id")];
    assert_eq!(gpu.interfaces.keys().copied().collect::<Vec<_>>(), [0, 101]);
    // An endpoint's names tell the service's own.
    let ecr = ServiceName::parse("com.amazonaws.us-east-1.ecr.api").expect("a service");
    let service = imported.world.service(&scope("111122223333").region, &ecr).expect("the service");
    assert_eq!(service.private_dns_name.as_deref(), Some("api.ecr.us-east-1.amazonaws.com"));
    // What a VPN connection's configuration tells is not learned from elsewhere.
    let gateway = &region.vpn_gateways()[&VpnGatewayId::parse("vgw-0a").expect("an id")];
    assert_eq!(gateway.other_routes.keys().map(ToString::to_string).collect::<Vec<_>>(), ["192.168.0.0/16"]);
    let default = EndpointType::Interface;
    let endpoints = region.vpc_endpoints().values().filter(|endpoint| endpoint.endpoint_type == default);
    assert!(
        endpoints.map(|endpoint| endpoint.policy.current().clone()).eq([crate::policy::PolicyDocument::full_access()])
    );
}

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
fn a_file_of_no_region_is_told_one_and_many_are_one_problem() {
    let nowhere: Vec<InputFile> = tiny(&[])
        .into_iter()
        .map(|file| InputFile {
            path: file.path.replace("us-east-1/", ""),
            text: file.text.replace(r#""AvailabilityZone": "us-east-1a""#, r#""AvailabilityZone": "zone1""#),
        })
        .collect();
    check_problems(nowhere.clone(), &["Vpcs.json:1:1 cannot tell which region these files are of"]);
    let region = RegionName::parse("us-east-1");
    let options = ImportOptions { region, ..ImportOptions::default() };
    assert!(import(nowhere, &options).is_ok());
}

#[test]
fn instances_alone_bring_their_interfaces() {
    let dropped = |path: &str| path.ends_with("/NetworkInterfaces.json") && path.contains("951601349076");
    let fewer = peering_network().into_iter().filter(|(path, _)| !dropped(path));
    assert_eq!(imported(inputs(fewer)).world, imported(inputs(peering_network())).world);
}

#[test]
fn two_accounts_with_the_same_ids_are_refused() {
    let mut files: Vec<(String, String)> =
        endpoints_network().into_iter().map(|(path, text)| (format!("111111111111/{path}"), text.to_owned())).collect();
    files.extend(endpoints_network().into_iter().map(|(path, text)| (format!("222222222222/{path}"), text.to_owned())));
    let files = inputs(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let problems = shown(&import(files, &ImportOptions::default()).expect_err("problems"));
    let place = "VpcEndpoints[0]: vpce-0532038c44e8de847 is described for account 222222222222 in us-east-1, and for \
                 account 111111111111 in us-east-1";
    assert!(problems.iter().any(|problem| problem.contains(place)), "{problems:#?}");
    // Each pair of files says it once.
    assert!(problems.iter().any(|problem| problem.ends_with("Reservations.json (and 2 more of this file)")));
    let files: BTreeSet<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(files.len(), problems.len(), "{problems:#?}");
}

/// A network written by hand: its answers by kind, each a list of items in JSON.
fn tiny(changes: &[(&str, &str)]) -> Vec<InputFile> {
    let mut answers: Vec<(&str, String)> = vec![
        ("Vpcs", r#"[{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333"}]"#.to_owned()),
        (
            "Subnets",
            r#"[{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a"}]"#
                .to_owned(),
        ),
        (
            "RouteTables",
            r#"[{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"}], "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1"}]}]"#
                .to_owned(),
        ),
        (
            "NetworkAcls",
            r#"[{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [], "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "SubnetId": "subnet-1"}]}]"#
                .to_owned(),
        ),
        ("SecurityGroups", r#"[{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1"}]"#.to_owned()),
        ("NetworkInterfaces", "[]".to_owned()),
        ("Reservations", "[]".to_owned()),
    ];
    for (key, text) in changes {
        match answers.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => (*text).clone_into(old),
            None => answers.push((key, (*text).to_owned())),
        }
    }
    let file = |(key, text): (&str, String)| InputFile {
        path: format!("us-east-1/{key}.json"),
        text: format!("{{\"{key}\": {text}}}"),
    };
    answers.into_iter().map(file).collect()
}

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
fn assumptions_can_be_overridden_and_unknown_ones_are_refused() {
    let given = |key: &str, value: &str| ImportOptions {
        assume: vec![(key.to_owned(), value.to_owned())],
        ..ImportOptions::default()
    };
    let default = imported(tiny(&[]));
    let vpc = |world: &crate::control_plane::World| {
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

#[test]
fn no_file_at_all_is_a_problem() {
    check_problems(Vec::new(), &["these files:1:1 no VPC is described in these files"]);
}

/// An account at scale: subnets of their own tables, and interfaces of instances spread over them.
pub(crate) fn large(subnets: usize, interfaces: usize) -> Vec<InputFile> {
    use serde_json::json;
    let subnet_id = |n: usize| format!("subnet-{n:017x}");
    let eni = |n: usize| {
        let subnet = n % subnets;
        let address = format!("10.{}.{}.{}", subnet / 256, subnet % 256, 4 + n / subnets);
        json!({
            "NetworkInterfaceId": format!("eni-{n:017x}"), "SubnetId": subnet_id(subnet), "VpcId": "vpc-1",
            "Description": "", "Groups": [{"GroupId": "sg-1", "GroupName": "default"}], "InterfaceType": "interface",
            "Ipv6Addresses": [], "MacAddress": "12:ee:6b:c7:30:e3", "OwnerId": "111122223333", "SourceDestCheck": true,
            "PrivateIpAddress": address, "Status": "in-use", "TagSet": [{"Key": "Name", "Value": format!("web-{n}")}],
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address, "PrivateDnsName": "ip.ec2.internal"}],
            "Attachment": {
                "AttachmentId": format!("eni-attach-{n:017x}"), "DeviceIndex": 0, "DeleteOnTermination": true,
                "InstanceId": format!("i-{n:017x}"), "InstanceOwnerId": "111122223333", "Status": "attached",
            },
        })
    };
    let instance = |n: usize| {
        json!({"OwnerId": "111122223333", "ReservationId": format!("r-{n:017x}"), "Groups": [], "Instances": [{
            "InstanceId": format!("i-{n:017x}"), "State": {"Code": 16, "Name": "running"}, "VpcId": "vpc-1",
            "SubnetId": subnet_id(n % subnets), "InstanceType": "t2.micro", "NetworkInterfaces": [eni(n)],
            "Tags": [{"Key": "Name", "Value": format!("web-{n}")}],
        }]})
    };
    let subnet = |n: usize| {
        json!({"SubnetId": subnet_id(n), "VpcId": "vpc-1", "CidrBlock": format!("10.{}.{}.0/24", n / 256, n % 256),
            "AvailabilityZone": "us-east-1a"})
    };
    let table = |n: usize| {
        json!({"RouteTableId": format!("rtb-{n:017x}"), "VpcId": "vpc-1", "PropagatingVgws": [], "Tags": [],
            "Routes": [{"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "local", "Origin": "CreateRouteTable"}],
            "Associations": if n == 0 {
                json!([{"Main": true, "RouteTableAssociationId": "rtbassoc-0"}])
            } else {
                json!([{"Main": false, "RouteTableAssociationId": format!("rtbassoc-{n:017x}"), "SubnetId": subnet_id(n)}])
            },
        })
    };
    let associations: Vec<_> = (0..subnets)
        .map(|n| json!({"NetworkAclAssociationId": format!("aclassoc-{n:017x}"), "SubnetId": subnet_id(n)}))
        .collect();
    let answers = [
        json!({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8", "OwnerId": "111122223333"}]}),
        json!({"Subnets": (0..subnets).map(subnet).collect::<Vec<_>>()}),
        json!({"RouteTables": (0..subnets).map(table).collect::<Vec<_>>()}),
        json!({"NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [],
            "Associations": associations}]}),
        json!({"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1"}]}),
        json!({"NetworkInterfaces": (0..interfaces).map(eni).collect::<Vec<_>>()}),
        json!({"Reservations": (0..interfaces).map(instance).collect::<Vec<_>>()}),
    ];
    let file = |(index, answer): (usize, &serde_json::Value)| InputFile {
        path: format!("us-east-1/{index}.json"),
        text: serde_json::to_string_pretty(answer).expect("JSON"),
    };
    answers.iter().enumerate().map(file).collect()
}

#[test]
fn a_large_account_is_imported_whole() {
    let Imported { world, warnings, .. } = imported(large(40, 400));
    assert_eq!(shown(&warnings), Vec::<String>::new());
    let region = world.region(&scope("111122223333")).expect("the region");
    assert_eq!((region.subnets().len(), region.instances().len()), (40, 400));
}

/// The ways in which a file is damaged.
#[derive(Clone, Debug)]
enum Damage {
    /// It ends in the middle.
    Cut(usize),
    /// Bits of one of its bytes are turned.
    Flip(usize, u8),
    /// Another text stands in place of one of its characters.
    Replace(usize, &'static str),
    /// One of its words is written otherwise, everywhere in this file alone.
    Rename(usize, &'static str),
    /// One of its values is another one.
    Value(usize, &'static str),
    /// One of its keys is not there.
    Drop(usize),
    /// It is missing.
    Remove,
    /// It stands there a second time, perhaps in another account's folder.
    Double(bool),
}

fn damage() -> impl Strategy<Value = Damage> {
    let junk = prop::sample::select(vec!["", "\"", "{", "]", ",", "null", "7", "[]", "true", "\\", "é", "-"]);
    let other = prop::sample::select(vec!["x", "vpc-9", "local", "10.0.0.0/99", ""]);
    let values =
        vec!["null", "7", "-1", "\"x\"", "[]", "{}", "[{}]", "true", "\"10.0.0.0/8\"", "\"vpc-9\"", "1e999", "[null]"];
    prop_oneof![
        (0usize..60_000).prop_map(Damage::Cut),
        ((0usize..60_000), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        ((0usize..60_000), junk).prop_map(|(at, text)| Damage::Replace(at, text)),
        ((0usize..2_000), other).prop_map(|(word, text)| Damage::Rename(word, text)),
        ((0usize..2_000), prop::sample::select(values)).prop_map(|(place, value)| Damage::Value(place, value)),
        (0usize..2_000).prop_map(Damage::Drop),
        Just(Damage::Remove),
        any::<bool>().prop_map(Damage::Double),
    ]
}

fn damaged(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match damage {
        Damage::Cut(at) => bytes[..at % (bytes.len() + 1)].to_vec(),
        Damage::Flip(at, bits) => {
            let mut bytes = bytes.to_vec();
            let length = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at % length) {
                *byte ^= bits;
            }
            bytes
        }
        Damage::Replace(at, junk) => {
            let at = floor(at % (text.len() + 1));
            let next = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            format!("{}{junk}{}", &text[..at], &text[next..]).into_bytes()
        }
        Damage::Rename(word, other) => {
            let words: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
            match words.get(word % words.len().max(1)) {
                Some(word) => text.replace(&format!("\"{word}\""), &format!("\"{other}\"")).into_bytes(),
                None => bytes.to_vec(),
            }
        }
        Damage::Value(place, other) => {
            // Large numbers are JSON and no number of Rust's.
            let marked = changed(&text, *place, |value| *value = "\u{1}".into());
            marked.replace("\"\\u0001\"", other).into_bytes()
        }
        Damage::Drop(place) => {
            let marked = changed(&text, *place, |value| *value = "\u{1}".into());
            without_marked(&marked).into_bytes()
        }
        Damage::Remove | Damage::Double(_) => bytes.to_vec(),
    }
}

/// A JSON text in which the `place`th value was changed.
fn changed(text: &str, place: usize, change: impl FnOnce(&mut serde_json::Value)) -> String {
    use serde_json::Value;
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(count).sum::<usize>(),
            Value::Object(map) => map.values().map(count).sum::<usize>(),
            _ => 0,
        }
    }
    fn nth(value: &mut Value, mut place: usize) -> Option<&mut Value> {
        if place == 0 {
            return Some(value);
        }
        place -= 1;
        let children: Box<dyn Iterator<Item = &mut Value>> = match value {
            Value::Array(items) => Box::new(items.iter_mut()),
            Value::Object(map) => Box::new(map.values_mut()),
            _ => return None,
        };
        for child in children {
            let size = count(child);
            if place < size {
                return nth(child, place);
            }
            place -= size;
        }
        None
    }
    let Ok(mut tree) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let size = count(&tree);
    if let Some(value) = nth(&mut tree, place % size) {
        change(value);
    }
    tree.to_string()
}

/// A JSON text without the key whose value is marked.
fn without_marked(text: &str) -> String {
    use serde_json::Value;
    fn drop_marked(value: &mut Value) {
        let marked = |value: &Value| value.as_str() == Some("\u{1}");
        match value {
            Value::Array(items) => {
                items.retain(|item| !marked(item));
                items.iter_mut().for_each(drop_marked);
            }
            Value::Object(map) => {
                map.retain(|_, value| !marked(value));
                map.values_mut().for_each(drop_marked);
            }
            _ => {}
        }
    }
    let Ok(mut tree) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    drop_marked(&mut tree);
    tree.to_string()
}

/// The files of one of three accounts, damaged.
fn damaged_files(which: usize, hits: &[(usize, Damage)]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = match which {
        0 => endpoints_network().into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect(),
        1 => peering_network().into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect(),
        _ => account::files().into_iter().map(|file| (file.path, file.text.into_bytes())).collect(),
    };
    // The catalog of services is most of the text and tells nothing new here.
    files.retain(|(path, _)| !path.ends_with("VpcEndpointServices.json"));
    for (file, damage) in hits {
        let index = file % files.len();
        match damage {
            Damage::Remove => drop(files.remove(index)),
            Damage::Double(elsewhere) => {
                let (path, bytes) = files[index].clone();
                let prefix = if *elsewhere { "accounts/555566667777" } else { "again" };
                files.push((format!("{prefix}/{path}"), bytes));
            }
            damage => files[index].1 = damaged(&files[index].1, damage),
        }
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn damaged_files_never_panic_and_every_problem_has_a_place(
        which in 0usize..3,
        hits in prop::collection::vec((0usize..64, damage()), 1..4),
    ) {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for (path, bytes) in damaged_files(which, &hits) {
            match InputFile::of_bytes(&path, bytes) {
                Ok(file) => files.push(file),
                Err(found) => problems.push(found),
            }
        }
        match import(files, &ImportOptions::default()) {
            Ok(imported) => problems.extend(imported.warnings),
            Err(found) => {
                prop_assert!(found.iter().any(FileProblems::has_errors));
                problems.extend(found);
            }
        }
        for file in &problems {
            prop_assert!(!file.problems.is_empty());
            let (root, _) = crate::notation::parse_json(&file.source);
            for problem in &file.problems {
                prop_assert!(problem.span.start <= problem.span.end);
                prop_assert!(problem.span.end as usize <= file.source.text.len());
                // What stands inside a file that can be read is told with its path.
                let path = root.as_ref().map(|root| ledger::path_of(root, problem.span));
                let path = path.filter(|_| !problem.message.contains("not UTF-8")).unwrap_or_default();
                prop_assert!(problem.message.starts_with(&path), "{path}: {}", problem.message);
            }
            crate::notation::problems_to_text(&file.source, &file.problems, true);
        }
    }

    /// Whatever is imported is written in the language; only what EC2 would never have let happen is refused in it.
    #[test]
    fn damaged_accounts_that_are_imported_are_written(
        which in 0usize..3,
        hits in prop::collection::vec((0usize..64, damage()), 1..3),
    ) {
        let files = damaged_files(which, &hits);
        let files = files.into_iter().filter_map(|(path, bytes)| InputFile::of_bytes(&path, bytes).ok()).collect();
        if let Ok(imported) = import(files, &ImportOptions::default()) {
            let written = crate::scenario::write(&imported.world, &crate::scenario::Preface::default());
            let source = crate::notation::Source::new("written.yaml", written.text.as_str());
            let (scenarios, problems) = crate::scenario::load(&source);
            let of_records = ["EC2 refuses this", "which is not there", "is in state failed"];
            let refused = |problem: &Problem| of_records.iter().any(|part| problem.message.contains(part));
            prop_assert!(!scenarios.is_empty() || problems.iter().all(refused), "{problems:#?}\n{}", written.text);
        }
    }
}
