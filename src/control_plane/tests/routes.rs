//! Route tables, route calls, and which route wins.

use super::*;
use crate::control_plane::routing::RouteFate;

/// A VPC with an attached internet gateway and its main table.
fn bed(era: Era) -> (Lab, VpcId, RouteTableId, InternetGatewayId) {
    let mut lab = Lab::new(era);
    let vpc = lab.vpc("10.0.0.0/16");
    let igw = lab.attached_igw(&vpc);
    let table = lab.main_table(&vpc);
    (lab, vpc, table, igw)
}

/// What `candidates` says, one line per route: destination, target, code.
fn fates(lab: &Lab, table: &RouteTableId, address: &str) -> Vec<String> {
    let table = &lab.region().route_tables()[table];
    let candidates = table.candidates(&lab.world, &lab.call.scope, address.parse().expect(address));
    let won = candidates.iter().filter(|c| c.fate.won()).count();
    let looked_up = table.lookup(&lab.world, &lab.call.scope, address.parse().expect(address));
    assert_eq!(won, usize::from(looked_up.is_some()), "exactly one route wins, or none");
    assert_eq!(candidates.iter().find(|c| c.fate.won()).map(|c| &c.target), looked_up.as_ref().map(|e| &e.target));
    let line = |c: &routing::Candidate| format!("{} {} {}", c.destination, c.target, c.fate.code().unwrap_or("won"));
    candidates.iter().map(line).collect()
}

#[test]
fn a_route_is_created_replaced_and_deleted() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    let create = CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::InternetGateway(igw));
    let applied = lab.ok(create.clone());
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    let text = "RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.";
    assert_eq!(lab.refused(create), text);

    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    let replace =
        |destination: &str| ReplaceRoute::new(table.clone(), to(destination), RouteTarget::Instance(instance.clone()));
    let text = "InvalidParameterValue: There is no route defined for '1.0.0.0/8' in the route table. Use CreateRoute \
                instead.";
    assert_eq!(lab.refused(replace("1.0.0.0/8")), text);
    lab.ok(replace("0.0.0.0/0"));
    assert_eq!(lab.routes(&table)[0], format!("0.0.0.0/0 -> {instance} active"));

    let delete = DeleteRoute::new(table.clone(), to("0.0.0.0/0"));
    lab.ok(delete.clone());
    let text = format!("InvalidRoute.NotFound: no route with destination-cidr-block 0.0.0.0/0 in route table {table}");
    assert_eq!(lab.refused(delete), text);
}

#[test]
fn the_local_route_stays_in_2017_and_can_be_retargeted_today() {
    for era in Era::ALL {
        let (mut lab, vpc, table, igw) = bed(era);
        let subnet = lab.subnet(&vpc, "10.0.1.0/24");
        let instance = lab.instance(&subnet);
        let eni = RouteTarget::NetworkInterface(lab.eni_of(&instance));
        let local = to("10.0.0.0/16");
        assert_eq!(lab.code(DeleteRoute::new(table.clone(), local.clone())), "InvalidParameterValue");
        let to_igw = ReplaceRoute::new(table.clone(), local.clone(), RouteTarget::InternetGateway(igw));
        assert_eq!(lab.code(to_igw), "InvalidParameterValue");
        let to_eni = ReplaceRoute::new(table.clone(), local.clone(), eni);
        match era {
            Era::Y2017 => assert_eq!(lab.code(to_eni), "InvalidParameterValue"),
            Era::Current => {
                lab.ok(to_eni);
                lab.ok(ReplaceRoute::new(table.clone(), local, RouteTarget::Local));
                assert_eq!(lab.routes(&table), ["10.0.0.0/16 -> local active"]);
            }
        }
    }
}

#[test]
fn routes_inside_the_vpc_are_refused_unless_today_for_a_subnet_to_a_middlebox() {
    for era in Era::ALL {
        let (mut lab, vpc, table, igw) = bed(era);
        let subnet = lab.subnet(&vpc, "10.0.1.0/24");
        let instance = lab.instance(&subnet);
        let through = RouteTarget::Instance(instance);
        let create = |block: &str, target: &RouteTarget| CreateRoute::new(table.clone(), to(block), target.clone());
        let text = "InvalidParameterValue: The destination CIDR block 10.0.1.0/24 is equal to or more specific than \
                    one of this VPC's CIDR blocks. This route can target only an interface or an instance.";
        assert_eq!(lab.refused(create("10.0.1.0/24", &RouteTarget::InternetGateway(igw.clone()))), text);
        assert_eq!(lab.code(create("10.0.1.0/25", &through)), "InvalidParameterValue");
        assert_eq!(lab.code(create("10.0.0.0/16", &through)), "RouteAlreadyExists");
        match era {
            Era::Y2017 => assert_eq!(lab.refused(create("10.0.1.0/24", &through)), text),
            Era::Current => drop(lab.ok(create("10.0.1.0/24", &through))),
        }
        assert_eq!(lab.code(create("169.254.168.0/24", &through)), "InvalidParameterValue");
        lab.ok(create("169.254.0.0/16", &through));
    }
}

#[test]
fn a_target_must_be_there_and_of_the_same_vpc() {
    let (mut lab, _, table, _) = bed(Era::Y2017);
    let other = lab.vpc("10.9.0.0/16");
    let foreign = lab.attached_igw(&other);
    let detached: InternetGatewayId = lab.make(CreateInternetGateway::default());
    let mut create = |target| lab.refused(CreateRoute::new(table.clone(), to("0.0.0.0/0"), target));
    let text = format!(
        "InvalidParameterValue: route table {table} and network gateway {foreign} belong to different networks"
    );
    assert_eq!(create(RouteTarget::InternetGateway(foreign)), text);
    let mut code = |target| create(target).split(": ").next().unwrap_or_default().to_owned();
    assert_eq!(code(RouteTarget::InternetGateway(detached)), "Gateway.NotAttached");
    let nothing = InternetGatewayId::parse("igw-0").expect("an id");
    assert_eq!(code(RouteTarget::InternetGateway(nothing)), "InvalidGatewayID.NotFound");
    let nothing = NatGatewayId::parse("nat-0").expect("an id");
    assert_eq!(code(RouteTarget::NatGateway(nothing)), "InvalidNatGatewayID.NotFound");
    let nothing = InstanceId::parse("i-0").expect("an id");
    assert_eq!(code(RouteTarget::Instance(nothing)), "InvalidInstanceID.NotFound");
    assert_eq!(code(RouteTarget::Local), "InvalidParameterValue");
    assert_eq!(code(RouteTarget::Unmodeled("tgw-0".to_owned())), "InvalidParameterValue");
}

#[test]
fn a_route_turns_into_a_blackhole_with_its_target_and_back() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    lab.ok(CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::InternetGateway(igw.clone())));
    let applied = lab.ok(DetachInternetGateway::new(igw.clone(), vpc.clone()));
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    assert_eq!(lab.routes(&table)[0], format!("0.0.0.0/0 -> {igw} blackhole"));
    lab.ok(AttachInternetGateway::new(igw.clone(), vpc.clone()));
    assert_eq!(lab.routes(&table)[0], format!("0.0.0.0/0 -> {igw} active"));

    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    lab.ok(CreateRoute::new(table.clone(), to("192.0.2.0/24"), RouteTarget::Instance(instance.clone())));
    let state = |lab: &Lab| lab.routes(&table).last().expect("a route").rsplit(' ').next().map(str::to_owned);
    lab.ok(StopInstances::new(vec![instance.clone()]));
    assert_eq!(state(&lab).as_deref(), Some("blackhole"));
    lab.ok(StartInstances::new(vec![instance.clone()]));
    assert_eq!(state(&lab).as_deref(), Some("active"));
    lab.ok(TerminateInstances::new(vec![instance]));
    assert_eq!(state(&lab).as_deref(), Some("blackhole"));
}

#[test]
fn the_quota_of_routes_is_the_eras_and_each_familys_own() {
    for (era, limit) in [(Era::Y2017, 50), (Era::Current, 500)] {
        let (mut lab, _, table, igw) = bed(era);
        let create = |index: u32| {
            let block = Cidr::new(std::net::Ipv4Addr::from((100 << 24) + (index << 8)).into(), 24).expect("a block");
            CreateRoute::new(table.clone(), Destination::Cidr(block), RouteTarget::InternetGateway(igw.clone()))
        };
        (0..limit).for_each(|index| drop(lab.ok(create(index))));
        assert_eq!(lab.code(create(limit)), "RouteLimitExceeded");
        lab.ok(CreateRoute::new(table.clone(), to("::/0"), RouteTarget::InternetGateway(igw.clone())));
    }
}

#[test]
fn a_subnet_has_one_table_at_a_time() {
    let (mut lab, vpc, main, _) = bed(Era::Y2017);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let (a, b) = (lab.table(&vpc), lab.table(&vpc));
    let table_of = |lab: &Lab| {
        let region = lab.region();
        region.effective_route_table(&region.subnets()[&subnet]).map(|table| table.id.clone())
    };
    assert_eq!(table_of(&lab).as_ref(), Some(&main));
    let association: RouteTableAssociationId = lab.make(AssociateRouteTable::new(a.clone(), subnet.clone()));
    assert_eq!(table_of(&lab).as_ref(), Some(&a));
    assert_eq!(lab.code(AssociateRouteTable::new(b.clone(), subnet.clone())), "Resource.AlreadyAssociated");
    assert_eq!(lab.code(DeleteRouteTable::new(a.clone())), "DependencyViolation");

    let replaced: RouteTableAssociationId =
        lab.make(ReplaceRouteTableAssociation::new(association.clone().into(), b.clone()));
    assert_eq!(table_of(&lab).as_ref(), Some(&b));
    lab.ok(DeleteRouteTable::new(a));
    assert_eq!(lab.code(DisassociateRouteTable::new(association.into())), "InvalidAssociationID.NotFound");
    let applied = lab.ok(DisassociateRouteTable::new(replaced.into()));
    assert!(applied.touched.contains(&Touch::Subnet(subnet.clone())));
    assert_eq!(table_of(&lab).as_ref(), Some(&main));
}

#[test]
fn the_association_of_a_subnet_or_a_vpc_can_be_meant_by_its_name() {
    let (mut lab, vpc, main, _) = bed(Era::Y2017);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let (a, b) = (lab.table(&vpc), lab.table(&vpc));
    let of_subnet = || TableAssociationRef::OfSubnet(subnet.clone());
    let text =
        format!("InvalidAssociationID.NotFound: The subnet '{subnet}' is not associated with a route table of its own");
    assert_eq!(lab.refused(DisassociateRouteTable::new(of_subnet())), text);
    assert_eq!(lab.refused(ReplaceRouteTableAssociation::new(of_subnet(), b.clone())), text);
    lab.ok(AssociateRouteTable::new(a, subnet.clone()));
    lab.ok(ReplaceRouteTableAssociation::new(of_subnet(), b.clone()));
    assert_eq!(
        lab.region().subnets()[&subnet].route_table_association.as_ref().map(|own| &own.route_table_id),
        Some(&b)
    );
    lab.ok(DisassociateRouteTable::new(of_subnet()));
    assert_eq!(lab.region().subnets()[&subnet].route_table_association, None);
    let of_vpc = TableAssociationRef::Main(vpc.clone());
    assert_eq!(lab.code(DisassociateRouteTable::new(of_vpc.clone())), "InvalidParameterValue");
    lab.ok(ReplaceRouteTableAssociation::new(of_vpc, b.clone()));
    assert_eq!(lab.main_table(&vpc), b);
    lab.ok(DeleteRouteTable::new(main));
    let nowhere = TableAssociationRef::OfSubnet(SubnetId::parse("subnet-00000001").expect("an id"));
    assert_eq!(lab.code(DisassociateRouteTable::new(nowhere)), "InvalidSubnetID.NotFound");
}

#[test]
fn another_table_can_become_the_main_one() {
    let (mut lab, vpc, main, _) = bed(Era::Y2017);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let text = format!("DependencyViolation: The routeTable '{main}' has dependencies and cannot be deleted.");
    assert_eq!(lab.refused(DeleteRouteTable::new(main.clone())), text);
    let association = lab.region().vpcs()[&vpc].main_association.association_id.clone();
    let text = format!("InvalidParameterValue: cannot disassociate the main route table association {association}");
    assert_eq!(lab.refused(DisassociateRouteTable::new(association.clone().into())), text);
    let table = lab.table(&vpc);
    let applied = lab.ok(ReplaceRouteTableAssociation::new(association.into(), table.clone()));
    assert!(applied.touched.contains(&Touch::Subnet(subnet)));
    assert_eq!(lab.main_table(&vpc), table);
    lab.ok(DeleteRouteTable::new(main));
}

#[test]
fn a_table_of_another_vpc_cannot_be_associated() {
    let (mut lab, vpc, _, _) = bed(Era::Y2017);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let other = lab.vpc("10.9.0.0/16");
    let foreign = lab.table(&other);
    assert_eq!(lab.code(AssociateRouteTable::new(foreign, subnet)), "InvalidParameterValue");
}

/// The document's second worked example (rule R21), with its ranges.
#[test]
fn each_block_of_a_list_takes_part_in_the_match_for_itself() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    let list = lab.s3_list();
    let ranges = lab.world.prefix_list_blocks(&lab.call.scope, &list).expect("a list").clone();
    lab.ok(ServiceRangesChange {
        add: vec![cidr("54.123.160.0/19")],
        remove: ranges.into_iter().collect(),
        ..ServiceRangesChange::new(lab.s3())
    });
    let own = CreateRoute::new(table.clone(), to("54.123.165.0/24"), RouteTarget::InternetGateway(igw.clone()));
    lab.ok(own.clone());
    let endpoint: VpcEndpointId =
        lab.make(CreateVpcEndpoint { route_table_ids: vec![table.clone()], ..CreateVpcEndpoint::new(vpc, lab.s3()) });
    assert_eq!(
        fates(&lab, &table, "54.123.165.9"),
        [
            format!("54.123.165.0/24 {igw} won"),
            format!("{list} {endpoint} MORE_SPECIFIC_ROUTE"),
            "10.0.0.0/16 local CANNOT_ROUTE".to_owned(),
        ]
    );
    assert_eq!(fates(&lab, &table, "54.123.166.9")[0], format!("{list} {endpoint} won"));
    lab.ok(DeleteRoute::new(table.clone(), own.destination));
    assert_eq!(fates(&lab, &table, "54.123.165.9")[0], format!("{list} {endpoint} won"));
    // The twin: the range moves away, and nothing holds the address any more.
    lab.ok(ServiceRangesChange {
        add: vec![cidr("52.0.0.0/19")],
        remove: vec![cidr("54.123.160.0/19")],
        ..ServiceRangesChange::new(lab.s3())
    });
    assert_eq!(fates(&lab, &table, "54.123.165.9")[0], "10.0.0.0/16 local CANNOT_ROUTE");
}

#[test]
fn the_customers_route_wins_over_the_endpoints_for_the_same_block() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    let list = lab.s3_list();
    let endpoint: VpcEndpointId =
        lab.make(CreateVpcEndpoint { route_table_ids: vec![table.clone()], ..CreateVpcEndpoint::new(vpc, lab.s3()) });
    lab.ok(CreateRoute::new(table.clone(), to("52.218.128.0/17"), RouteTarget::InternetGateway(igw.clone())));
    lab.ok(CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::InternetGateway(igw.clone())));
    assert_eq!(
        fates(&lab, &table, "52.218.160.10")[..3],
        [
            format!("52.218.128.0/17 {igw} won"),
            format!("{list} {endpoint} HIGHER_PRIORITY_ROUTE"),
            format!("0.0.0.0/0 {igw} MORE_SPECIFIC_ROUTE"),
        ]
    );
}

#[test]
fn static_beats_propagated_but_local_beats_even_a_more_specific_propagated_route() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    lab.ok(AttachVpnGateway::new(vgw.clone(), vpc));
    let cgw: CustomerGatewayId = lab.make(CreateCustomerGateway::new("192.0.2.1".parse().expect("an address")));
    let vpn: VpnConnectionId =
        lab.make(CreateVpnConnection { static_routes_only: true, ..CreateVpnConnection::new(cgw, vgw.clone()) });
    for block in ["192.168.0.0/16", "172.16.0.0/12", "10.0.37.0/24"] {
        lab.ok(CreateVpnConnectionRoute::new(vpn.clone(), cidr(block)));
    }
    lab.ok(EnableVgwRoutePropagation::new(vgw.clone(), table.clone()));
    lab.ok(CreateRoute::new(table.clone(), to("192.168.0.0/16"), RouteTarget::InternetGateway(igw.clone())));
    assert_eq!(
        fates(&lab, &table, "192.168.1.1")[..2],
        [format!("192.168.0.0/16 {igw} won"), format!("192.168.0.0/16 {vgw} HIGHER_PRIORITY_ROUTE")]
    );
    assert_eq!(fates(&lab, &table, "172.16.0.1")[0], format!("172.16.0.0/12 {vgw} won"));
    assert_eq!(
        fates(&lab, &table, "10.0.37.1")[..2],
        ["10.0.0.0/16 local won".to_owned(), format!("10.0.37.0/24 {vgw} HIGHER_PRIORITY_ROUTE")]
    );
    lab.ok(DisableVgwRoutePropagation::new(vgw, table.clone()));
    assert_eq!(fates(&lab, &table, "172.16.0.1")[0].split(' ').next_back(), Some("CANNOT_ROUTE"));
}

#[test]
fn among_propagated_routes_direct_connect_is_first_then_the_shorter_path() {
    let (mut lab, vpc, table, _) = bed(Era::Y2017);
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    lab.ok(AttachVpnGateway::new(vgw.clone(), vpc));
    let cgw: CustomerGatewayId = lab.make(CreateCustomerGateway::new("192.0.2.1".parse().expect("an address")));
    let vpn: VpnConnectionId = lab.make(CreateVpnConnection::new(cgw, vgw.clone()));
    let direct: VirtualInterfaceId = lab.make(CreatePrivateVirtualInterface::new(vgw.clone()));
    lab.ok(EnableVgwRoutePropagation::new(vgw.clone(), table.clone()));
    let block = cidr("192.168.0.0/16");
    let path = |as_path_len| [(block, BgpRoute { as_path_len, med: 0 })].into();
    lab.ok(AdvertiseRoutes { vpn_connection_id: Some(vpn), routes: path(1), ..AdvertiseRoutes::default() });
    lab.ok(AdvertiseRoutes { virtual_interface_id: Some(direct), routes: path(5), ..AdvertiseRoutes::default() });
    let learned: Vec<Learned> = lab.region().route_tables()[&table].propagated().iter().map(|r| r.learned).collect();
    assert_eq!(learned, [Learned::DirectConnect, Learned::VpnBgp]);
    assert_eq!(lab.region().route_tables()[&table].effective_entries(&lab.world, &lab.call.scope).len(), 2);
}

#[test]
fn a_blackhole_still_takes_its_packets() {
    let (mut lab, vpc, table, igw) = bed(Era::Y2017);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    lab.ok(CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::InternetGateway(igw)));
    lab.ok(CreateRoute::new(table.clone(), to("198.51.100.0/24"), RouteTarget::Instance(instance.clone())));
    lab.ok(TerminateInstances::new(vec![instance]));
    let record = &lab.region().route_tables()[&table];
    let candidates = record.candidates(&lab.world, &lab.call.scope, "198.51.100.1".parse().expect("an address"));
    assert_eq!(candidates[0].fate, RouteFate::WonBlackhole);
    assert_eq!(candidates[1].fate, RouteFate::MoreSpecificRoute);
}

#[test]
fn ipv6_routes_are_matched_apart() {
    let (mut lab, _, table, igw) = bed(Era::Y2017);
    lab.ok(CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::InternetGateway(igw.clone())));
    assert!(fates(&lab, &table, "2001:db8::1").iter().all(|line| line.ends_with("CANNOT_ROUTE")));
    lab.ok(CreateRoute::new(table.clone(), to("::/0"), RouteTarget::InternetGateway(igw.clone())));
    assert_eq!(fates(&lab, &table, "2001:db8::1")[0], format!("::/0 {igw} won"));
}

#[test]
fn routes_to_prefix_lists_are_made_today_only() {
    for era in Era::ALL {
        let (mut lab, _, table, igw) = bed(era);
        let list = Destination::PrefixList(lab.s3_list());
        let create = CreateRoute::new(table.clone(), list, RouteTarget::InternetGateway(igw.clone()));
        match era {
            Era::Y2017 => assert_eq!(lab.code(create), "UnknownParameter"),
            Era::Current => {
                lab.ok(create);
                let none = Destination::PrefixList(PrefixListId::parse("pl-0").expect("an id"));
                let create = CreateRoute::new(table, none, RouteTarget::InternetGateway(igw));
                assert_eq!(lab.code(create), "InvalidPrefixListID.NotFound");
            }
        }
    }
}
