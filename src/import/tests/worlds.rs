//! Whole accounts become worlds.

use std::collections::BTreeSet;

use super::lab::{imported, scope, shown};
use super::*;
use crate::base::*;
use crate::control_plane::{
    Destination, EndpointType, InstanceState, InterfaceType, Protocol, RouteTarget, RuleAction,
};

#[test]
fn the_network_of_endpoints_is_a_world() {
    let Imported { world, assumptions, unmodeled, gone, warnings, skipped, gaps } =
        imported(inputs(endpoints_network()));
    assert_eq!(shown(&warnings), Vec::<String>::new());
    assert_eq!((gone, skipped), (vec![], vec![]));
    assert!(gaps.is_empty());
    let listed: Vec<&str> = unmodeled.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(listed, ["an interface endpoint"]);
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
        "vpce-0b",
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
fn instances_alone_bring_their_interfaces() {
    let dropped = |path: &str| path.ends_with("/NetworkInterfaces.json") && path.contains("951601349076");
    let fewer = peering_network().into_iter().filter(|(path, _)| !dropped(path));
    assert_eq!(imported(inputs(fewer)).world, imported(inputs(peering_network())).world);
}

#[test]
fn a_large_account_is_imported_whole() {
    let Imported { world, warnings, .. } = imported(large(40, 400));
    assert_eq!(shown(&warnings), Vec::<String>::new());
    let region = world.region(&scope("111122223333")).expect("the region");
    assert_eq!((region.subnets().len(), region.instances().len()), (40, 400));
}
