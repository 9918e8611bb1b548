//! Instances, interfaces, Elastic IPs.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::*;

fn bed() -> (Lab, VpcId, SubnetId) {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    (lab, vpc, subnet)
}

fn ip(text: &str) -> Ipv4Addr {
    text.parse().expect(text)
}

#[test]
fn an_instance_gets_the_next_address_and_the_default_group() {
    let (mut lab, vpc, subnet) = bed();
    let instance = lab.instance(&subnet);
    let eni = lab.region().network_interfaces()[&lab.eni_of(&instance)].clone();
    assert_eq!(eni.primary_address(), Some(ip("10.0.1.4")));
    assert!(eni.source_dest_check && eni.public_address().is_none());
    let group = lab.region().vpcs()[&vpc].default_security_group_id.clone();
    assert!(lab.region().security_groups()[&group].members().contains(&eni.id));
    let found = lab.region().interface_of_address(&vpc, IpAddr::V4(ip("10.0.1.4"))).map(|found| found.id.clone());
    assert_eq!(found, Some(eni.id));
    assert!(lab.region().interface_of_address(&vpc, IpAddr::V4(ip("10.0.1.5"))).is_none());
}

#[test]
fn an_address_can_be_asked_for_if_it_is_free_and_not_reserved() {
    let (mut lab, _, subnet) = bed();
    let run = |address: &str| RunInstances {
        subnet_id: Some(subnet.clone()),
        private_ip_address: Some(ip(address)),
        ..RunInstances::default()
    };
    lab.ok(run("10.0.1.10"));
    assert_eq!(lab.refused(run("10.0.1.10")), "InvalidIPAddress.InUse: Address 10.0.1.10 is in use.");
    for address in ["10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.255", "10.0.2.10"] {
        assert_eq!(lab.code(run(address)), "InvalidParameterValue", "{address}");
    }
    let several = RunInstances { count: Some(2), ..run("10.0.1.11") };
    assert_eq!(lab.code(several), "InvalidParameterCombination");
}

#[test]
fn asked_for_secondary_addresses_are_not_given_away_first() {
    let (mut lab, _, subnet) = bed();
    let eni: NetworkInterfaceId = lab.make(CreateNetworkInterface {
        secondary_private_ip_addresses: vec![ip("10.0.1.4")],
        secondary_private_ip_address_count: 1,
        ..CreateNetworkInterface::new(subnet)
    });
    let addresses: Vec<Ipv4Addr> =
        lab.region().network_interfaces()[&eni].private_addresses.iter().map(|own| own.address).collect();
    assert_eq!(addresses, [ip("10.0.1.5"), ip("10.0.1.4"), ip("10.0.1.6")]);
}

#[test]
fn unknown_or_foreign_groups_are_refused() {
    let (mut lab, _, subnet) = bed();
    let other = lab.vpc("10.9.0.0/16");
    let foreign = lab.region().vpcs()[&other].default_security_group_id.clone();
    let nothing = SecurityGroupId::parse("sg-0").expect("an id");
    for group in [foreign, nothing] {
        let run = RunInstances {
            subnet_id: Some(subnet.clone()),
            security_group_ids: vec![group],
            ..RunInstances::default()
        };
        assert_eq!(lab.code(run), "InvalidGroup.NotFound");
    }
}

#[test]
fn a_public_address_comes_at_launch_and_changes_with_a_stop() {
    let (mut lab, vpc, subnet) = bed();
    lab.ok(ModifySubnetAttribute { map_public_ip_on_launch: Some(true), ..ModifySubnetAttribute::new(subnet.clone()) });
    let instance = lab.instance(&subnet);
    let eni = lab.eni_of(&instance);
    let public = |lab: &Lab| lab.region().network_interfaces()[&eni].public_address();
    let first = public(&lab).expect("a public address");
    assert_eq!(lab.region().contents(&vpc).expect("a VPC").public_count, 1);
    lab.ok(StopInstances::new(vec![instance.clone()]));
    assert_eq!(public(&lab), None);
    assert!(lab.world.public_addresses().is_free(first));
    lab.world.reserve_public_address(first);
    lab.ok(StartInstances::new(vec![instance.clone()]));
    assert!(public(&lab).is_some_and(|second| second != first));
    let private =
        RunInstances { subnet_id: Some(subnet), associate_public_ip_address: Some(false), ..RunInstances::default() };
    let private: InstanceId = lab.make(private);
    assert_eq!(lab.region().network_interfaces()[&lab.eni_of(&private)].public_address(), None);
}

#[test]
fn without_free_public_addresses_a_launch_changes_nothing() {
    let (mut lab, _, subnet) = bed();
    lab.world.set_public_pools(vec![cidr("198.51.100.0/30")]);
    let run = |count| RunInstances {
        subnet_id: Some(subnet.clone()),
        associate_public_ip_address: Some(true),
        count: Some(count),
        ..RunInstances::default()
    };
    assert_eq!(lab.code(run(3)), "InsufficientAddressCapacity");
    lab.ok(run(2));
    assert_eq!(lab.code(AllocateAddress::default()), "InsufficientAddressCapacity");
}

#[test]
fn a_terminated_instance_leaves_nothing_but_its_record() {
    let (mut lab, vpc, subnet) = bed();
    let instance = lab.instance(&subnet);
    let eni = lab.eni_of(&instance);
    lab.at = SimTime::from_secs(10);
    let applied = lab.ok(TerminateInstances::new(vec![instance.clone()]));
    assert!(applied.touched.contains(&Touch::NetworkInterface(eni.clone())));
    assert!(!lab.region().network_interfaces().contains_key(&eni));
    assert_eq!(lab.region().contents(&vpc).expect("a VPC").interface_count, 0);
    assert_eq!(lab.region().instances()[&instance].state, InstanceState::Terminated { at: SimTime::from_secs(10) });
    for action in [
        Action::from(StartInstances::new(vec![instance.clone()])),
        StopInstances::new(vec![instance.clone()]).into(),
        ModifyInstanceAttribute { source_dest_check: Some(false), ..ModifyInstanceAttribute::new(instance.clone()) }
            .into(),
    ] {
        assert_eq!(lab.code(action), "IncorrectInstanceState");
    }
    lab.ok(TerminateInstances::new(vec![instance]));
    let nothing = InstanceId::parse("i-0").expect("an id");
    assert_eq!(lab.code(TerminateInstances::new(vec![nothing])), "InvalidInstanceID.NotFound");
}

#[test]
fn a_second_interface_is_attached_and_detached() {
    let (mut lab, vpc, subnet) = bed();
    let other_zone = CreateSubnet {
        availability_zone: Some(zone("us-west-2b")),
        ..CreateSubnet::new(vpc.clone(), cidr("10.0.2.0/24"))
    };
    let far: SubnetId = lab.make(other_zone);
    let instance = lab.instance(&subnet);
    let eni: NetworkInterfaceId = lab.make(CreateNetworkInterface::new(subnet.clone()));
    let far_eni: NetworkInterfaceId = lab.make(CreateNetworkInterface::new(far));
    let attach = |eni: &NetworkInterfaceId, index| AttachNetworkInterface::new(eni.clone(), instance.clone(), index);
    assert_eq!(lab.code(attach(&far_eni, 1)), "InvalidParameterCombination");
    assert_eq!(lab.code(attach(&eni, 0)), "InvalidParameterValue");
    lab.ok(attach(&eni, 1));
    assert_eq!(lab.code(attach(&eni, 2)), "InvalidNetworkInterface.InUse");
    assert_eq!(lab.code(DeleteNetworkInterface::new(eni.clone())), "InvalidNetworkInterface.InUse");
    let check =
        ModifyInstanceAttribute { source_dest_check: Some(false), ..ModifyInstanceAttribute::new(instance.clone()) };
    assert_eq!(lab.code(check), "InvalidInstanceID");
    let primary = lab.eni_of(&instance);
    assert_eq!(lab.code(DetachNetworkInterface::new(primary)), "OperationNotPermitted");
    lab.ok(DetachNetworkInterface::new(eni.clone()));
    assert_eq!(lab.code(DetachNetworkInterface::new(eni.clone())), "InvalidAttachment.NotFound");
    lab.ok(DeleteNetworkInterface::new(eni.clone()));
    assert_eq!(lab.code(DeleteNetworkInterface::new(eni)), "InvalidNetworkInterfaceID.NotFound");
}

#[test]
fn an_instance_can_be_launched_onto_interfaces_that_outlive_it() {
    let (mut lab, _, subnet) = bed();
    let enis: Vec<NetworkInterfaceId> = (0..2).map(|_| lab.make(CreateNetworkInterface::new(subnet.clone()))).collect();
    let run = RunInstances { network_interface_ids: enis.clone(), ..RunInstances::default() };
    let instance: InstanceId = lab.make(run.clone());
    assert_eq!(lab.region().instances()[&instance].interfaces.len(), 2);
    assert_eq!(lab.code(run), "InvalidNetworkInterface.InUse");
    lab.ok(TerminateInstances::new(vec![instance]));
    assert!(enis.iter().all(|eni| lab.region().network_interfaces()[eni].attachment.is_none()));
}

#[test]
fn the_check_and_the_groups_of_an_instance_change() {
    let (mut lab, vpc, subnet) = bed();
    let instance = lab.instance(&subnet);
    let group: SecurityGroupId = lab.make(CreateSecurityGroup::new(vpc, "nat".to_owned()));
    let applied = lab.ok(ModifyInstanceAttribute {
        source_dest_check: Some(false),
        groups: Some(vec![group.clone()]),
        ..ModifyInstanceAttribute::new(instance.clone())
    });
    let eni = lab.eni_of(&instance);
    assert!(applied.touched.contains(&Touch::GroupMembers(group.clone())));
    assert!(!lab.region().network_interfaces()[&eni].source_dest_check);
    assert!(lab.region().security_groups()[&group].members().contains(&eni));
    let none = ModifyInstanceAttribute { groups: Some(vec![]), ..ModifyInstanceAttribute::new(instance) };
    assert_eq!(lab.code(none), "InvalidParameterValue");
}

#[test]
fn secondary_addresses_are_assigned_and_unassigned() {
    let (mut lab, _, subnet) = bed();
    let eni: NetworkInterfaceId = lab.make(CreateNetworkInterface::new(subnet));
    lab.ok(AssignPrivateIpAddresses {
        private_ip_addresses: vec![ip("10.0.1.20")],
        secondary_private_ip_address_count: 1,
        ..AssignPrivateIpAddresses::new(eni.clone())
    });
    let addresses = |lab: &Lab| -> Vec<Ipv4Addr> {
        lab.region().network_interfaces()[&eni].private_addresses.iter().map(|own| own.address).collect()
    };
    assert_eq!(addresses(&lab), [ip("10.0.1.4"), ip("10.0.1.20"), ip("10.0.1.5")]);
    let unassign = |address: &str| UnassignPrivateIpAddresses::new(eni.clone(), vec![ip(address)]);
    assert_eq!(lab.code(unassign("10.0.1.4")), "InvalidParameterValue");
    assert_eq!(lab.code(unassign("10.0.1.9")), "InvalidParameterValue");
    lab.ok(unassign("10.0.1.20"));
    assert_eq!(addresses(&lab), [ip("10.0.1.4"), ip("10.0.1.5")]);
    assert_eq!(lab.code(AssignPrivateIpAddresses::new(eni.clone())), "MissingParameter");
    let six = AssignIpv6Addresses { ipv6_address_count: 1, ..AssignIpv6Addresses::new(eni) };
    assert_eq!(lab.code(six), "InvalidParameterValue");
}

#[test]
fn an_elastic_ip_goes_from_hand_to_hand() {
    let (mut lab, vpc, subnet) = bed();
    let (a, b) = (lab.instance(&subnet), lab.instance(&subnet));
    let allocation: AllocationId = lab.make(AllocateAddress::default());
    let associate = |instance: &InstanceId| AssociateAddress {
        instance_id: Some(instance.clone()),
        ..AssociateAddress::new(allocation.clone())
    };
    let text = format!("Gateway.NotAttached: Network {vpc} is not attached to any internet gateway");
    assert_eq!(lab.refused(associate(&a)), text);
    lab.attached_igw(&vpc);
    lab.ok(associate(&a));
    assert_eq!(lab.code(ReleaseAddress::new(allocation.clone())), "InvalidIPAddress.InUse");
    assert_eq!(lab.code(associate(&b)), "Resource.AlreadyAssociated");
    let moved: AddressAssociationId = lab.make(AssociateAddress { allow_reassociation: true, ..associate(&b) });
    let public = |lab: &Lab, instance| lab.region().network_interfaces()[&lab.eni_of(instance)].public_address();
    assert_eq!(public(&lab, &a), None);
    assert_eq!(public(&lab, &b), Some(lab.region().elastic_ips()[&allocation].public_ip));
    lab.ok(DisassociateAddress::new(moved.clone().into()));
    assert_eq!(public(&lab, &b), None);
    assert_eq!(lab.code(DisassociateAddress::new(moved.into())), "InvalidAssociationID.NotFound");
    let by_name = DisassociateAddress::new(AddressAssociationRef::Of(allocation.clone()));
    let text = format!("InvalidAssociationID.NotFound: The address '{allocation}' is not associated");
    assert_eq!(lab.refused(by_name.clone()), text);
    lab.ok(associate(&a));
    lab.ok(by_name.clone());
    assert_eq!(public(&lab, &a), None);
    lab.ok(ReleaseAddress::new(allocation.clone()));
    assert_eq!(lab.code(ReleaseAddress::new(allocation)), "InvalidAllocationID.NotFound");
    assert_eq!(lab.code(by_name), "InvalidAllocationID.NotFound");
}

#[test]
fn an_elastic_ip_takes_the_place_of_the_address_from_launch() {
    let (mut lab, vpc, subnet) = bed();
    lab.attached_igw(&vpc);
    let instance: InstanceId = lab.make(RunInstances {
        subnet_id: Some(subnet),
        associate_public_ip_address: Some(true),
        ..RunInstances::default()
    });
    let eni = lab.eni_of(&instance);
    let before = lab.region().network_interfaces()[&eni].public_address().expect("a public address");
    let asked = AllocateAddress { address: Some(ip("198.51.100.7")), ..AllocateAddress::default() };
    let allocation: AllocationId = lab.make(asked.clone());
    assert_eq!(lab.code(asked), "InvalidIPAddress.InUse");
    lab.ok(AssociateAddress { instance_id: Some(instance), ..AssociateAddress::new(allocation) });
    assert_eq!(lab.region().network_interfaces()[&eni].public_address(), Some(ip("198.51.100.7")));
    assert!(lab.world.public_addresses().is_free(before));
    assert_eq!(lab.region().contents(&vpc).expect("a VPC").public_count, 1);
}

#[test]
fn ten_thousand_instances_of_one_launch_have_names_and_addresses_of_their_own() {
    let (mut lab, vpc, _) = bed();
    lab.world.quotas = Quotas::Lifted;
    let big = lab.subnet(&vpc, "10.0.128.0/17");
    let run = RunInstances {
        subnet_id: Some(big.clone()),
        count: Some(10_000),
        tags: Tags::named("web"),
        ..RunInstances::default()
    };
    let applied = lab.ok(run);
    assert_eq!(applied.created.iter().filter(|id| matches!(id, ResourceId::Instance(_))).count(), 10_000);
    let region = lab.region();
    let names: BTreeSet<_> = region.instances().values().map(|instance| instance.tags.name.clone()).collect();
    let addresses: BTreeSet<_> = region.network_interfaces().values().map(|eni| eni.primary_address()).collect();
    assert_eq!((names.len(), addresses.len()), (10_000, 10_000));
    assert!(names.contains(&Some("web-1".to_owned())) && names.contains(&Some("web-10000".to_owned())));
}
