//! Peering, VPN, Direct Connect, ClassicLink.

use std::collections::BTreeMap;

use super::*;

/// Two accounts with a VPC each.
fn two_accounts() -> (Lab, VpcId, Scope, VpcId) {
    let mut lab = Lab::new(Era::Y2017);
    let near = lab.vpc("10.0.0.0/16");
    let far_scope = Scope::new(account("999999999999"), lab.call.scope.region.clone());
    lab.world.open(&far_scope);
    let near_call = lab.call.clone();
    lab.call = Call::admin(far_scope.clone());
    let far = lab.vpc("10.1.0.0/16");
    lab.call = near_call;
    (lab, near, far_scope, far)
}

#[test]
fn a_peering_connection_is_asked_for_accepted_and_deleted() {
    let (mut lab, near, far_scope, far) = two_accounts();
    let create = CreateVpcPeeringConnection {
        peer_owner_id: Some(far_scope.account.clone()),
        ..CreateVpcPeeringConnection::new(near.clone(), far.clone())
    };
    let to_own = CreateVpcPeeringConnection::new(near.clone(), far.clone());
    assert_eq!(lab.code(to_own), "InvalidVpcID.NotFound");
    let id: VpcPeeringConnectionId = lab.make(create.clone());
    assert_eq!(lab.code(create), "VpcPeeringConnectionAlreadyExists");
    let table = lab.main_table(&near);
    lab.ok(CreateRoute::new(table.clone(), to("10.1.0.0/16"), RouteTarget::Peering(id.clone())));
    assert!(lab.routes(&table)[1].ends_with("blackhole"));
    let accept = AcceptVpcPeeringConnection::new(id.clone());
    assert_eq!(lab.code(accept.clone()), "OperationNotPermitted");
    let near_call = lab.call.clone();
    lab.call = Call::admin(far_scope);
    let applied = lab.ok(accept.clone());
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    assert_eq!(lab.code(accept), "InvalidVpcPeeringConnectionState.Transition");
    assert!(lab.world.are_peered(&near, &far));
    assert_eq!(lab.code(DeleteVpc::new(far.clone())), "DependencyViolation");
    lab.call = near_call;
    assert!(lab.routes(&table)[1].ends_with("active"));
    lab.ok(DeleteVpcPeeringConnection::new(id.clone()));
    assert!(lab.routes(&table)[1].ends_with("blackhole"));
    assert!(!lab.world.are_peered(&near, &far));
    assert_eq!(lab.code(DeleteVpcPeeringConnection::new(id)), "InvalidVpcPeeringConnectionState.Transition");
}

#[test]
fn a_request_expires_after_a_week() {
    let (mut lab, near, _, _) = two_accounts();
    let other = lab.vpc("10.2.0.0/16");
    let id: VpcPeeringConnectionId = lab.make(CreateVpcPeeringConnection::new(near, other));
    lab.at = SimTime::ZERO.after(PeeringConnection::EXPIRY);
    assert_eq!(lab.code(AcceptVpcPeeringConnection::new(id)), "InvalidVpcPeeringConnectionState.Transition");
}

#[test]
fn overlapping_vpcs_cannot_be_peered() {
    let (mut lab, near, _, _) = two_accounts();
    let same = lab.vpc("10.0.128.0/17");
    let applied = lab.ok(CreateVpcPeeringConnection::new(near.clone(), same));
    let id: VpcPeeringConnectionId = applied.created().expect("a record");
    assert!(matches!(lab.world.peerings()[&id].state, PeeringState::Failed { .. }));
    assert_eq!(lab.code(AcceptVpcPeeringConnection::new(id.clone())), "InvalidVpcPeeringConnectionState.Transition");
    let table = lab.main_table(&near);
    let create = CreateRoute::new(table, to("10.3.0.0/16"), RouteTarget::Peering(id));
    assert_eq!(lab.code(create), "InvalidVpcPeeringConnectionID.NotFound");
}

#[test]
fn a_peered_group_can_be_named_while_the_peering_lasts() {
    let (mut lab, near, far_scope, far) = two_accounts();
    let far_group = lab.world.region(&far_scope).expect("open").vpcs()[&far].default_security_group_id.clone();
    let group: SecurityGroupId = lab.make(CreateSecurityGroup::new(near.clone(), "web".to_owned()));
    let reference = GroupReference { group_id: far_group, account: Some(far_scope.account.clone()) };
    let rule = SecurityGroupRule { protocol: Protocol::All, peer: Peer::Group(reference) };
    let add = AuthorizeSecurityGroupIngress::new(group, vec![rule]);
    assert_eq!(lab.code(add.clone()), "InvalidGroup.NotFound");
    let id: VpcPeeringConnectionId = lab.make(CreateVpcPeeringConnection {
        peer_owner_id: Some(far_scope.account.clone()),
        ..CreateVpcPeeringConnection::new(near, far)
    });
    let near_call = std::mem::replace(&mut lab.call, Call::admin(far_scope));
    lab.ok(AcceptVpcPeeringConnection::new(id));
    lab.call = near_call;
    lab.ok(add);
}

#[test]
fn a_peered_vpc_may_not_grow_into_its_neighbor() {
    let (mut lab, near, _, _) = two_accounts();
    let other = lab.vpc("10.2.0.0/16");
    let id: VpcPeeringConnectionId = lab.make(CreateVpcPeeringConnection::new(near.clone(), other));
    lab.ok(AcceptVpcPeeringConnection::new(id));
    let grow = |block: &str| AssociateVpcCidrBlock {
        cidr_block: Some(cidr(block)),
        ..AssociateVpcCidrBlock::new(near.clone())
    };
    assert_eq!(lab.code(grow("10.2.128.0/17")), "InvalidVpc.Range");
    lab.ok(grow("10.3.0.0/16"));
}

#[test]
fn a_virtual_private_gateway_has_one_vpc_and_its_routes_go_with_it() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let table = lab.main_table(&vpc);
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    let target = RouteTarget::VpnGateway(vgw.clone());
    let create = CreateRoute::new(table.clone(), to("172.16.0.0/12"), target);
    assert_eq!(lab.code(create.clone()), "Gateway.NotAttached");
    let enable = EnableVgwRoutePropagation::new(vgw.clone(), table.clone());
    assert_eq!(lab.code(enable.clone()), "Gateway.NotAttached");
    lab.ok(AttachVpnGateway::new(vgw.clone(), vpc.clone()));
    assert_eq!(lab.code(AttachVpnGateway::new(vgw.clone(), vpc.clone())), "VpnGatewayAttachmentLimitExceeded");
    lab.ok(create);
    lab.ok(enable);
    let cgw: CustomerGatewayId = lab.make(CreateCustomerGateway::new("192.0.2.1".parse().expect("an address")));
    let vpn: VpnConnectionId = lab.make(CreateVpnConnection::new(cgw, vgw.clone()));
    let static_route = CreateVpnConnectionRoute::new(vpn.clone(), cidr("192.168.0.0/16"));
    assert_eq!(lab.code(static_route), "InvalidParameterValue");
    let applied = lab.ok(AdvertiseRoutes {
        vpn_connection_id: Some(vpn.clone()),
        routes: BTreeMap::from([(cidr("192.168.0.0/16"), BgpRoute::default())]),
        ..AdvertiseRoutes::default()
    });
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    assert_eq!(lab.region().route_tables()[&table].propagated().len(), 1);
    assert_eq!(lab.code(DeleteVpnGateway::new(vgw.clone())), "IncorrectState");
    lab.ok(DetachVpnGateway::new(vgw.clone(), vpc.clone()));
    assert!(lab.region().route_tables()[&table].propagated().is_empty());
    assert!(lab.routes(&table)[1].ends_with("blackhole"));
    assert_eq!(lab.code(DetachVpnGateway::new(vgw.clone(), vpc)), "InvalidVpnGatewayAttachment.NotFound");
    lab.ok(DeleteVpnConnection::new(vpn));
    lab.ok(DeleteVpnGateway::new(vgw.clone()));
    assert_eq!(lab.code(DeleteVpnGateway::new(vgw)), "InvalidVpnGatewayID.NotFound");
}

#[test]
fn static_routes_of_a_vpn_connection_come_and_go() {
    let mut lab = Lab::new(Era::Y2017);
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    let cgw: CustomerGatewayId = lab.make(CreateCustomerGateway::new("192.0.2.1".parse().expect("an address")));
    let vpn: VpnConnectionId =
        lab.make(CreateVpnConnection { static_routes_only: true, ..CreateVpnConnection::new(cgw, vgw.clone()) });
    let block = cidr("192.168.0.0/16");
    lab.ok(CreateVpnConnectionRoute::new(vpn.clone(), block));
    assert_eq!(lab.code(CreateVpnConnectionRoute::new(vpn.clone(), block)), "RouteAlreadyExists");
    assert_eq!(lab.region().learned_routes(&vgw).len(), 1);
    lab.ok(DeleteVpnConnectionRoute::new(vpn.clone(), block));
    assert_eq!(lab.code(DeleteVpnConnectionRoute::new(vpn, block)), "InvalidRoute.NotFound");
}

#[test]
fn virtual_interfaces_are_private_or_public() {
    let mut lab = Lab::new(Era::Y2017);
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    let nothing = VpnGatewayId::parse("vgw-0").expect("an id");
    assert_eq!(lab.code(CreatePrivateVirtualInterface::new(nothing)), "InvalidVpnGatewayID.NotFound");
    let private: VirtualInterfaceId = lab.make(CreatePrivateVirtualInterface::new(vgw.clone()));
    let public: VirtualInterfaceId = lab.make(CreatePublicVirtualInterface::default());
    assert_eq!(lab.region().virtual_interfaces()[&private].gateway(), Some(&vgw));
    assert_eq!(lab.region().virtual_interfaces()[&public].gateway(), None);
    lab.ok(DeleteVirtualInterface::new(private.clone()));
    assert_eq!(lab.code(DeleteVirtualInterface::new(private)), "InvalidVirtualInterfaceID.NotFound");
}

#[test]
fn classic_instances_are_linked_to_vpcs_that_allow_it() {
    let mut lab = Lab::new(Era::Y2017);
    let instance: InstanceId = lab.make(RunInstances::default());
    let (vpc, far) = (lab.vpc("10.0.0.0/16"), lab.vpc("10.9.0.0/16"));
    let group = lab.region().vpcs()[&vpc].default_security_group_id.clone();
    let attach = AttachClassicLinkVpc::new(instance.clone(), vpc.clone(), vec![group.clone()]);
    assert_eq!(lab.code(attach.clone()), "InvalidVpcState");
    lab.ok(EnableVpcClassicLink::new(vpc.clone()));
    assert_eq!(lab.code(EnableVpcClassicLink::new(far)), "InvalidParameterValue");
    // Every table of the VPC leads to EC2-Classic from now on, also one that is made later.
    let later: RouteTableId = lab.make(CreateRouteTable::new(vpc.clone()));
    let tables = lab.region().route_tables().values().filter(|table| table.vpc_id == vpc);
    let classic = Destination::Cidr(cidr("10.0.0.0/8"));
    assert!(tables.clone().all(|table| table.route(&classic).is_some_and(|route| route.target == RouteTarget::Local)));
    assert!(tables.clone().any(|table| table.id == later));
    let without = AttachClassicLinkVpc { groups: vec![], ..attach.clone() };
    assert_eq!(lab.code(without), "MissingParameter");
    lab.ok(attach.clone());
    assert_eq!(lab.code(attach), "InvalidInstanceID.NotLinkable");
    assert_eq!(lab.code(DeleteVpc::new(vpc.clone())), "DependencyViolation");
    let detach = DetachClassicLinkVpc::new(instance, vpc);
    lab.ok(detach.clone());
    assert_eq!(lab.code(detach), "InvalidInstanceID.NotLinkable");
    let mut today = Lab::new(Era::Current);
    assert_eq!(today.code(RunInstances::default()), "VPCIdNotSpecified");
}

#[test]
fn records_are_taken_over_as_told_and_fit_together() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    let eni = lab.region().network_interfaces()[&lab.eni_of(&instance)].clone();
    let insert = |lab: &mut Lab, record: Record| {
        let scope = lab.call.scope.clone();
        let before = lab.world.clone();
        let result = lab.world.insert(&scope, record);
        assert!(result.is_ok() || before == lab.world);
        result
    };
    assert_eq!(insert(&mut lab, eni.clone().into()), Err(InsertError::Duplicate(eni.id.clone().into())));
    let id = NetworkInterfaceId::parse("eni-2").expect("an id");
    let twin = NetworkInterface { id: id.clone(), ..eni };
    assert!(matches!(insert(&mut lab, twin.clone().into()), Err(InsertError::Address { .. })));
    let moved = |address: &str| NetworkInterface {
        private_addresses: vec![PrivateAddress { address: address.parse().expect(address), association: None }],
        ..twin.clone()
    };
    assert!(matches!(insert(&mut lab, moved("10.0.2.9").into()), Err(InsertError::Address { .. })));
    let nowhere = NetworkInterface { subnet_id: SubnetId::parse("subnet-0").expect("an id"), ..moved("10.0.1.9") };
    assert!(matches!(insert(&mut lab, nowhere.into()), Err(InsertError::Dangling { .. })));
    assert_eq!(insert(&mut lab, moved("10.0.1.9").into()), Ok(()));
    let found = lab.region().interface_of_address(&vpc, "10.0.1.9".parse().expect("an address"));
    assert_eq!(found.map(|eni| eni.id.clone()), Some(id));
}

#[test]
fn propagated_routes_of_a_described_table_survive_other_changes() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let vgw: VpnGatewayId = lab.make(CreateVpnGateway::default());
    lab.ok(AttachVpnGateway::new(vgw.clone(), vpc.clone()));
    let block = cidr("192.168.0.0/16");
    let route =
        PropagatedRoute { destination: block, learned: Learned::VpnBgp, as_path_len: 0, med: 0, gateway: vgw.clone() };
    let id = RouteTableId::parse("rtb-1").expect("an id");
    let table = RouteTable::described(id.clone(), vpc, [Route::local(cidr("10.0.0.0/16"))], vec![route.clone()]);
    let scope = lab.call.scope.clone();
    assert_eq!(lab.world.insert(&scope, table), Ok(()));
    let direct: VirtualInterfaceId = lab.make(CreatePrivateVirtualInterface::new(vgw));
    lab.ok(AdvertiseRoutes {
        virtual_interface_id: Some(direct),
        routes: BTreeMap::from([(cidr("172.16.0.0/12"), BgpRoute::default())]),
        ..AdvertiseRoutes::default()
    });
    let propagated = lab.region().route_tables()[&id].propagated();
    assert!(propagated.contains(&route) && propagated.len() == 2);
}
