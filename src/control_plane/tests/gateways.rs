//! Internet, egress-only and NAT gateways.

use super::*;

fn bed() -> (Lab, VpcId, SubnetId, AllocationId) {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let allocation = lab.make(AllocateAddress::default());
    (lab, vpc, subnet, allocation)
}

fn create(subnet: &SubnetId, allocation: &AllocationId) -> CreateNatGateway {
    CreateNatGateway { allocation_id: Some(allocation.clone()), ..CreateNatGateway::new(subnet.clone()) }
}

#[test]
fn a_vpc_has_one_internet_gateway_and_a_gateway_one_vpc() {
    let (mut lab, vpc, _, _) = bed();
    let igw = lab.attached_igw(&vpc);
    let second: InternetGatewayId = lab.make(CreateInternetGateway::default());
    assert_eq!(lab.code(AttachInternetGateway::new(second.clone(), vpc.clone())), "InvalidParameterValue");
    let other = lab.vpc("10.9.0.0/16");
    assert_eq!(lab.code(AttachInternetGateway::new(igw.clone(), other.clone())), "Resource.AlreadyAssociated");
    assert_eq!(lab.code(DetachInternetGateway::new(igw.clone(), other)), "Gateway.NotAttached");
    assert_eq!(lab.code(DeleteInternetGateway::new(igw.clone())), "DependencyViolation");
    lab.ok(DetachInternetGateway::new(igw.clone(), vpc));
    lab.ok(DeleteInternetGateway::new(igw.clone()));
    assert_eq!(lab.code(DeleteInternetGateway::new(igw)), "InvalidInternetGatewayID.NotFound");
}

#[test]
fn an_internet_gateway_with_mapped_addresses_cannot_be_detached() {
    let (mut lab, vpc, subnet, allocation) = bed();
    let igw = lab.attached_igw(&vpc);
    let instance = lab.instance(&subnet);
    let association: AddressAssociationId =
        lab.make(AssociateAddress { instance_id: Some(instance), ..AssociateAddress::new(allocation) });
    let detach = DetachInternetGateway::new(igw, vpc.clone());
    let text = format!(
        "DependencyViolation: Network {vpc} has some mapped public address(es). Please unmap those public address(es) \
         before detaching the gateway."
    );
    assert_eq!(lab.refused(detach.clone()), text);
    lab.ok(DisassociateAddress::new(association.into()));
    lab.ok(detach);
}

#[test]
fn a_nat_gateway_has_an_interface_and_an_elastic_ip() {
    let (mut lab, vpc, subnet, allocation) = bed();
    lab.attached_igw(&vpc);
    let nat: NatGatewayId = lab.make(create(&subnet, &allocation));
    let record = lab.region().nat_gateways()[&nat].clone();
    assert!(record.is_live());
    let address = &record.addresses[0];
    let eni = &lab.region().network_interfaces()[&address.network_interface_id];
    assert_eq!(eni.interface_type, InterfaceType::NatGateway);
    assert!(!eni.source_dest_check && eni.groups.is_empty());
    assert_eq!(eni.public_address(), address.elastic.as_ref().map(|(_, public)| *public));
    assert_eq!(lab.code(DeleteNetworkInterface::new(eni_id(&record))), "InvalidNetworkInterface.InUse");
    assert_eq!(lab.code(DetachNetworkInterface::new(eni_id(&record))), "OperationNotPermitted");
    let association = lab.region().elastic_ips()[&allocation].association.clone().expect("an association");
    assert_eq!(lab.code(DisassociateAddress::new(association.association_id.into())), "OperationNotPermitted");
}

fn eni_id(nat: &NatGateway) -> NetworkInterfaceId {
    nat.addresses[0].network_interface_id.clone()
}

#[test]
fn a_nat_gateway_fails_with_amazons_code() {
    let (mut lab, vpc, subnet, allocation) = bed();
    let state = |lab: &mut Lab, action: CreateNatGateway| {
        let applied = lab.ok(action);
        assert_eq!(applied.failures.len(), 1);
        let id: NatGatewayId = applied.created().expect("a record is made");
        match lab.region().nat_gateways()[&id].state.clone() {
            NatGatewayState::Failed { code, message, .. } => format!("{code}: {message}"),
            other => panic!("{other:?}"),
        }
    };
    let text = format!("Gateway.NotAttached: Network {vpc} has no Internet gateway attached");
    assert_eq!(state(&mut lab, create(&subnet, &allocation)), text);
    lab.attached_igw(&vpc);
    let nothing = AllocationId::parse("eipalloc-0").expect("an id");
    let text = "InvalidAllocationID.NotFound: Elastic IP address eipalloc-0 could not be associated with this NAT \
                gateway";
    assert_eq!(state(&mut lab, create(&subnet, &nothing)), text);
    lab.ok(create(&subnet, &allocation));
    let text = format!("Resource.AlreadyAssociated: Elastic IP address {allocation} is already associated");
    assert_eq!(state(&mut lab, create(&subnet, &allocation)), text);
    let small = lab.subnet(&vpc, "10.0.9.0/28");
    let spare: AllocationId = lab.make(AllocateAddress::default());
    lab.ok(RunInstances { subnet_id: Some(small.clone()), count: Some(11), ..RunInstances::default() });
    let text = "InsufficientFreeAddressesInSubnet: Subnet has insufficient free addresses to create this NAT gateway";
    assert_eq!(state(&mut lab, create(&small, &spare)), text);
}

#[test]
fn a_nat_gateway_without_subnet_or_address_is_refused() {
    let (mut lab, _, subnet, allocation) = bed();
    let nothing = SubnetId::parse("subnet-0").expect("an id");
    let text = "InvalidSubnetID.NotFound: The specified subnet subnet-0 does not exist or could not be found.";
    assert_eq!(lab.refused(create(&nothing, &allocation)), text);
    assert_eq!(lab.code(CreateNatGateway::new(subnet.clone())), "MissingParameter");
    let private = CreateNatGateway { connectivity_type: Connectivity::Private, ..CreateNatGateway::new(subnet) };
    assert_eq!(lab.code(private), "UnknownParameter");
}

#[test]
fn a_private_nat_gateway_exists_today() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let private = CreateNatGateway { connectivity_type: Connectivity::Private, ..CreateNatGateway::new(subnet) };
    let nat: NatGatewayId = lab.make(private);
    assert!(lab.region().nat_gateways()[&nat].is_live());
}

#[test]
fn a_deleted_nat_gateway_leaves_a_blackhole_and_its_elastic_ip() {
    let (mut lab, vpc, subnet, allocation) = bed();
    lab.attached_igw(&vpc);
    let nat: NatGatewayId = lab.make(create(&subnet, &allocation));
    let table = lab.table(&vpc);
    lab.ok(CreateRoute::new(table.clone(), to("0.0.0.0/0"), RouteTarget::NatGateway(nat.clone())));
    assert_eq!(lab.code(DeleteVpc::new(vpc)), "DependencyViolation");
    let applied = lab.ok(DeleteNatGateway::new(nat.clone()));
    assert!(applied.touched.contains(&Touch::RouteTable(table.clone())));
    assert_eq!(lab.routes(&table)[0], format!("0.0.0.0/0 -> {nat} blackhole"));
    assert_eq!(lab.region().elastic_ips()[&allocation].association, None);
    assert!(lab.region().network_interfaces().is_empty());
    assert_eq!(lab.code(DeleteNatGateway::new(nat.clone())), "NatGatewayNotFound");
    let described =
        |lab: &Lab| lab.world.describe(&lab.call, Describe::NatGateways, &Query::default(), lab.at).expect("an answer");
    assert_eq!(described(&lab)["NatGateways"][0]["State"], "deleted");
    lab.at = SimTime::from_secs(3_601);
    assert_eq!(described(&lab)["NatGateways"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_zone_takes_five_nat_gateways() {
    let (mut lab, vpc, subnet, _) = bed();
    lab.world.quotas = Quotas::Lifted;
    lab.attached_igw(&vpc);
    let far: SubnetId = lab.make(CreateSubnet {
        availability_zone: Some(zone("us-west-2b")),
        ..CreateSubnet::new(vpc, cidr("10.0.2.0/24"))
    });
    let spare: Vec<AllocationId> = (0..6).map(|_| lab.make(AllocateAddress::default())).collect();
    lab.world.quotas = Quotas::Aws;
    spare[..5].iter().for_each(|allocation| drop(lab.ok(create(&subnet, allocation))));
    let text = "NatGatewayLimitExceeded: Performing this operation would exceed the limit of 5 NAT gateways";
    assert_eq!(lab.refused(create(&subnet, &spare[5])), text);
    lab.ok(create(&far, &spare[5]));
}

#[test]
fn an_egress_only_gateway_is_a_target_for_ipv6() {
    let (mut lab, vpc, _, _) = bed();
    let gateway: EgressOnlyInternetGatewayId = lab.make(CreateEgressOnlyInternetGateway::new(vpc.clone()));
    let table = lab.table(&vpc);
    let target = RouteTarget::EgressOnlyInternetGateway(gateway.clone());
    lab.ok(CreateRoute::new(table.clone(), to("::/0"), target));
    lab.ok(DeleteEgressOnlyInternetGateway::new(gateway.clone()));
    assert_eq!(lab.routes(&table).last().map(String::as_str), Some(&*format!("::/0 -> {gateway} blackhole")));
    let code = lab.code(DeleteEgressOnlyInternetGateway::new(gateway));
    assert_eq!(code, "InvalidEgressOnlyInternetGatewayId.NotFound");
}

#[test]
fn a_zone_fails_and_recovers() {
    let (mut lab, _, _, _) = bed();
    let a = zone("us-west-2a");
    let applied = lab.ok(ZoneFail::new(a.clone()));
    assert!(applied.touched.contains(&Touch::Zone(a.clone())));
    assert!(lab.region().zones()[&a].failed);
    lab.ok(ZoneRecover::new(a.clone()));
    assert!(!lab.region().zones()[&a].failed);
    assert_eq!(lab.code(ZoneFail::new(zone("us-west-2z"))), "InvalidZone.NotFound");
}
