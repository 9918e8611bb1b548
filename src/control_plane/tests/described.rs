//! What an account tells of its records beside calls, and what calls take of ids and addresses that are given.

use super::*;

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).expect(text)
}

impl Lab {
    fn told(&mut self, described: Described) -> Result<(), InsertError> {
        let before = self.world.clone();
        let scope = self.call.scope.clone();
        let told = self.world.take_over(&scope, described);
        assert!(told.is_ok() || before == self.world, "what is refused changes nothing");
        told
    }
}

#[test]
fn an_association_has_the_id_that_it_is_told() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let table = lab.table(&vpc);
    lab.ok(AssociateRouteTable::new(table.clone(), subnet.clone()));
    let told = |id_of: &str, of: ResourceId| Described::Association { id: id(id_of), of };
    for (name, of) in [
        ("rtbassoc-1", vpc.clone().into()),
        ("rtbassoc-2", subnet.clone().into()),
        ("aclassoc-3", ResourceId::from(subnet.clone())),
    ] {
        assert_eq!(lab.told(told(name, of)), Ok(()));
    }
    // Told twice is no problem; told of somebody else is.
    assert_eq!(lab.told(told("rtbassoc-2", subnet.clone().into())), Ok(()));
    assert!(matches!(lab.told(told("rtbassoc-2", vpc.clone().into())), Err(InsertError::Duplicate(_))));
    assert!(matches!(lab.told(told("rtbassoc-9", table.into())), Err(InsertError::Dangling { .. })));
    let association = RouteTableAssociationId::parse("rtbassoc-2").expect("an id");
    lab.ok(DisassociateRouteTable::new(association.into()));
    assert_eq!(lab.region().subnets()[&subnet].route_table_association, None);
    let acl: NetworkAclId = lab.make(CreateNetworkAcl::new(vpc));
    let association = NetworkAclAssociationId::parse("aclassoc-3").expect("an id");
    lab.ok(ReplaceNetworkAclAssociation {
        association_id: Some(association),
        ..ReplaceNetworkAclAssociation::new(acl.clone())
    });
    assert_eq!(lab.region().subnets()[&subnet].network_acl_association.network_acl_id, acl);
}

#[test]
fn an_elastic_ip_and_its_interface_tell_the_same_association() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    lab.attached_igw(&vpc);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    let ip: AllocationId = lab.make(AllocateAddress::default());
    let unused = Described::Association { id: id("eipassoc-1"), of: ip.clone().into() };
    assert!(lab.told(unused.clone()).is_err(), "an Elastic IP that nobody uses has no association");
    lab.ok(AssociateAddress { instance_id: Some(instance.clone()), ..AssociateAddress::new(ip.clone()) });
    assert_eq!(lab.told(unused), Ok(()));
    let eni = lab.eni_of(&instance);
    let association = lab.region().network_interfaces()[&eni].private_addresses[0].association.clone();
    let elastic = association.expect("a public address").elastic.expect("an Elastic IP");
    assert_eq!(elastic, (ip, AddressAssociationId::parse("eipassoc-1").expect("an id")));
    lab.ok(DisassociateAddress::new(elastic.1.into()));
}

#[test]
fn an_interface_of_aws_own_has_the_elastic_ip_that_is_told() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    lab.attached_igw(&vpc);
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let ips: Vec<AllocationId> = (0..2).map(|_| lab.make(AllocateAddress::default())).collect();
    let create = CreateNatGateway { allocation_id: Some(ips[0].clone()), ..CreateNatGateway::new(subnet) };
    let nat: NatGatewayId = lab.make(create);
    let eni = lab.region().nat_gateways()[&nat].addresses[0].network_interface_id.clone();
    let told = |ip: &AllocationId, eni: &NetworkInterfaceId| Described::ElasticAssociation {
        allocation_id: ip.clone(),
        network_interface_id: eni.clone(),
        private_ip_address: None,
    };
    assert!(lab.told(told(&ips[1], &eni)).is_err(), "its address has an Elastic IP");
    let spare: NetworkInterfaceId =
        lab.make(CreateNetworkInterface::new(lab.region().subnets().keys().next().cloned().expect("a subnet")));
    assert_eq!(lab.told(told(&ips[1], &spare)), Ok(()));
    let association = lab.region().elastic_ips()[&ips[1]].association.clone().expect("an association");
    lab.ok(DisassociateAddress::new(association.association_id.into()));
    assert_eq!(lab.told(told(&ips[1], &spare)), Ok(()));
    assert!(lab.told(told(&ips[1], &spare)).is_err(), "told twice");
}

#[test]
fn a_described_route_stands_as_it_is_told() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let table = lab.main_table(&vpc);
    let gone = NatGatewayId::parse("nat-0gone").expect("an id");
    let route = Route {
        destination: to("0.0.0.0/0"),
        target: RouteTarget::NatGateway(gone.clone()),
        origin: RouteOrigin::CreateRoute,
        state: RouteState::Blackhole,
    };
    let call = CreateRoute::new(table.clone(), route.destination.clone(), route.target.clone());
    assert_eq!(lab.code(call), "InvalidNatGatewayID.NotFound");
    assert_eq!(lab.told(Described::Route { route_table_id: table.clone(), route: route.clone() }), Ok(()));
    assert!(lab.routes(&table).contains(&"0.0.0.0/0 -> nat-0gone blackhole".to_owned()));
    let nowhere = RouteTableId::parse("rtb-0none").expect("an id");
    assert!(lab.told(Described::Route { route_table_id: nowhere, route }).is_err());
    lab.ok(DeleteRoute::new(table, to("0.0.0.0/0")));
}

#[test]
fn blocks_that_a_gateway_is_told_to_know_are_propagated() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let table = lab.main_table(&vpc);
    let gateway: VpnGatewayId = lab.make(CreateVpnGateway::default());
    lab.ok(AttachVpnGateway::new(gateway.clone(), vpc));
    lab.ok(EnableVgwRoutePropagation::new(gateway.clone(), table.clone()));
    let routes = [(cidr("192.168.0.0/16"), BgpRoute::default())].into();
    assert_eq!(lab.told(Described::KnownRoutes { gateway_id: gateway.clone(), routes }), Ok(()));
    assert_eq!(lab.region().route_tables()[&table].propagated().len(), 1);
    lab.ok(DisableVgwRoutePropagation::new(gateway, table.clone()));
    assert_eq!(lab.region().route_tables()[&table].propagated().len(), 0);
}

#[test]
fn given_ids_and_addresses_are_taken_once() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let public = "3.0.0.1".parse().expect("an address");
    let run = RunInstances {
        subnet_id: Some(subnet),
        primary_interface_id: NetworkInterfaceId::parse("eni-0a"),
        public_ip_address: Some(public),
        ..RunInstances::default()
    };
    let instance: InstanceId = lab.make(run.clone());
    let eni = lab.eni_of(&instance);
    assert_eq!(eni.as_str(), "eni-0a");
    assert_eq!(lab.region().network_interfaces()[&eni].public_address(), Some(public));
    assert_eq!(lab.code(run.clone()), "InvalidIPAddress.InUse");
    assert_eq!(lab.code(RunInstances { public_ip_address: None, ..run.clone() }), "InvalidParameterValue");
    assert_eq!(lab.code(RunInstances { count: Some(2), ..run }), "InvalidParameterCombination");
    let keep = ModifyNetworkInterfaceAttribute {
        delete_on_termination: Some(false),
        ..ModifyNetworkInterfaceAttribute::new(eni.clone())
    };
    lab.ok(keep.clone());
    lab.ok(TerminateInstances::new(vec![instance]));
    assert!(lab.region().network_interfaces().contains_key(&eni), "it outlives its instance");
    assert_eq!(lab.code(keep), "InvalidAttachment.NotFound");
}

#[test]
fn a_nat_gateway_has_secondary_addresses_today_and_one_address_before() {
    let secondary = |lab: &mut Lab| {
        let vpc = lab.vpc("10.0.0.0/16");
        lab.attached_igw(&vpc);
        let subnet = lab.subnet(&vpc, "10.0.1.0/24");
        let ips: Vec<AllocationId> = (0..2).map(|_| lab.make(AllocateAddress::default())).collect();
        CreateNatGateway {
            allocation_id: Some(ips[0].clone()),
            secondary_private_ip_addresses: vec!["10.0.1.9".parse().expect("an address")],
            secondary_allocation_ids: vec![ips[1].clone()],
            ..CreateNatGateway::new(subnet)
        }
    };
    let mut lab = Lab::new(Era::Current);
    let create = secondary(&mut lab);
    let unequal = CreateNatGateway { secondary_allocation_ids: Vec::new(), ..create.clone() };
    assert_eq!(lab.code(unequal), "InvalidParameterCombination");
    let nat: NatGatewayId = lab.make(create);
    let addresses = &lab.region().nat_gateways()[&nat].addresses;
    assert_eq!(addresses.len(), 2);
    assert!(addresses.iter().all(|address| address.elastic.is_some()));
    let mut before = Lab::new(Era::Y2017);
    let create = secondary(&mut before);
    assert_eq!(before.code(create), "UnknownParameter");
}

#[test]
fn an_endpoint_has_the_interfaces_that_are_given() {
    let mut lab = Lab::new(Era::Current);
    let region = lab.call.scope.region.clone();
    lab.world.declare_service(&region, Service::interface(ServiceName::of(&region, "ec2"), None));
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let configuration = SubnetConfiguration {
        subnet_id: subnet.clone(),
        network_interface_id: NetworkInterfaceId::parse("eni-0e"),
        ipv4: Some("10.0.1.50".parse().expect("an address")),
        ipv6: None,
    };
    let create = CreateVpcEndpoint {
        vpc_endpoint_type: EndpointType::Interface,
        subnet_ids: vec![subnet],
        subnet_configurations: vec![configuration],
        ..CreateVpcEndpoint::new(vpc, ServiceName::of(&region, "ec2"))
    };
    let endpoint: VpcEndpointId = lab.make(create.clone());
    let eni = lab.region().vpc_endpoints()[&endpoint].network_interface_ids.first().cloned().expect("an interface");
    assert_eq!(eni.as_str(), "eni-0e");
    let record = &lab.region().network_interfaces()[&eni];
    assert_eq!(record.primary_address(), Some("10.0.1.50".parse().expect("an address")));
    assert_eq!(lab.code(create), "InvalidIPAddress.InUse");
}

#[test]
fn a_vpc_takes_dhcp_options_at_its_creation() {
    let mut lab = Lab::new(Era::Current);
    let options: DhcpOptionsId = lab.make(CreateDhcpOptions::default());
    let create = |dhcp_options| CreateVpc { dhcp_options, ..CreateVpc::new(cidr("10.0.0.0/16")) };
    let vpc: VpcId = lab.make(create(GivenDhcpOptions::Set(options.clone())));
    assert_eq!(lab.region().vpcs()[&vpc].dhcp_options_id, Some(options));
    let vpc: VpcId = lab.make(create(GivenDhcpOptions::None));
    assert_eq!(lab.region().vpcs()[&vpc].dhcp_options_id, None);
    assert_eq!(lab.region().dhcp_options().len(), 1, "the region's own set is not there before it is needed");
    let unknown = DhcpOptionsId::parse("dopt-0none").expect("an id");
    assert_eq!(lab.code(create(GivenDhcpOptions::Set(unknown))), "InvalidDhcpOptionID.NotFound");
}
