//! VPCs, subnets, DHCP options, ids, tags, quotas.

use super::*;

#[test]
fn a_vpc_comes_with_main_table_default_acl_and_default_group() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let record = &lab.region().vpcs()[&vpc];
    assert!(record.enable_dns_support && !record.enable_dns_hostnames);
    assert_eq!(record.resolver_address(), Some("10.0.0.2".parse().expect("an address")));
    assert_eq!(lab.routes(&lab.main_table(&vpc)), ["10.0.0.0/16 -> local active"]);
    let group = &lab.region().security_groups()[&record.default_security_group_id];
    assert_eq!((group.group_name.as_str(), group.ingress.len(), group.egress.len()), ("default", 1, 1));
    assert_eq!(lab.region().network_acls()[&record.default_network_acl_id].ingress.len(), 1);
}

#[test]
fn blocks_of_a_vpc_are_between_16_and_28() {
    let mut lab = Lab::new(Era::Y2017);
    for block in ["10.0.0.0/15", "10.0.0.0/29", "fd00::/56"] {
        assert_eq!(lab.code(CreateVpc::new(cidr(block))), "InvalidVpc.Range", "{block}");
    }
    for block in ["10.0.0.0/16", "10.0.0.0/28"] {
        lab.ok(CreateVpc::new(cidr(block)));
    }
}

#[test]
fn ids_follow_names_and_have_the_digits_of_the_era() {
    for (era, digits) in [(Era::Y2017, 8), (Era::Current, 17)] {
        let mut lab = Lab::new(era);
        let create = CreateVpc { tags: Tags::named("main"), ..CreateVpc::new(cidr("10.0.0.0/16")) };
        let id: VpcId = lab.make(create.clone());
        assert_eq!(id, VpcId::of_name("main", digits));
        let other: VpcId = lab.make(create);
        assert_ne!(other, id);
        assert_eq!(other.as_str().len(), "vpc-".len() + digits);
    }
}

#[test]
fn a_given_id_is_taken_once() {
    let mut lab = Lab::new(Era::Y2017);
    let create = CreateVpc { id: VpcId::parse("vpc-1a2b3c4d"), ..CreateVpc::new(cidr("10.0.0.0/16")) };
    assert_eq!(lab.make::<VpcId>(create.clone()).as_str(), "vpc-1a2b3c4d");
    assert_eq!(lab.code(create), "InvalidParameterValue");
}

#[test]
fn a_vpc_that_holds_anything_cannot_be_deleted() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let text = format!("DependencyViolation: The vpc '{vpc}' has dependencies and cannot be deleted.");
    assert_eq!(lab.refused(DeleteVpc::new(vpc.clone())), text);
    lab.ok(DeleteSubnet::new(subnet));
    let endpoint: VpcEndpointId = lab.make(CreateVpcEndpoint::new(vpc.clone(), lab.s3()));
    assert_eq!(lab.code(DeleteVpc::new(vpc.clone())), "DependencyViolation");
    lab.ok(DeleteVpcEndpoints::new(vec![endpoint]));
    lab.ok(DeleteVpc::new(vpc.clone()));
    assert!(lab.region().route_tables().is_empty() && lab.region().security_groups().is_empty());
    assert_eq!(lab.code(DeleteVpc::new(vpc)), "InvalidVpcID.NotFound");
}

#[test]
fn dns_attributes_change_one_at_a_time() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let both = ModifyVpcAttribute {
        enable_dns_support: Some(false),
        enable_dns_hostnames: Some(true),
        ..ModifyVpcAttribute::new(vpc.clone())
    };
    assert_eq!(lab.code(both.clone()), "InvalidParameterCombination");
    assert_eq!(lab.code(ModifyVpcAttribute::new(vpc.clone())), "MissingParameter");
    let applied = lab.ok(ModifyVpcAttribute { enable_dns_hostnames: None, ..both });
    assert!(!lab.region().vpcs()[&vpc].enable_dns_support);
    assert!(applied.touched.contains(&Touch::Vpc(vpc)));
}

#[test]
fn a_second_block_brings_its_local_route_to_every_table() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let table = lab.table(&vpc);
    let associate = |block: &str| AssociateVpcCidrBlock {
        cidr_block: Some(cidr(block)),
        ..AssociateVpcCidrBlock::new(vpc.clone())
    };
    assert_eq!(lab.code(associate("10.0.128.0/17")), "InvalidVpc.Range");
    lab.ok(associate("10.1.0.0/16"));
    for table in [table, lab.main_table(&vpc)] {
        assert_eq!(lab.routes(&table), ["10.0.0.0/16 -> local active", "10.1.0.0/16 -> local active"]);
    }
    lab.subnet(&vpc, "10.1.4.0/24");
}

#[test]
fn a_second_block_may_not_cover_the_destination_of_a_route() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let igw = lab.attached_igw(&vpc);
    let table = lab.main_table(&vpc);
    lab.ok(CreateRoute::new(table, to("10.2.0.0/24"), RouteTarget::InternetGateway(igw)));
    let associate = |block: &str| AssociateVpcCidrBlock {
        cidr_block: Some(cidr(block)),
        ..AssociateVpcCidrBlock::new(vpc.clone())
    };
    assert_eq!(lab.code(associate("10.2.0.0/16")), "InvalidVpc.Range");
    assert_eq!(lab.code(associate("10.2.0.0/24")), "InvalidVpc.Range");
    lab.ok(associate("10.2.0.0/25"));
}

#[test]
fn ipv6_opens_the_defaults_and_brings_a_local_route() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    lab.ok(AssociateVpcCidrBlock { amazon_provided_ipv6_cidr_block: true, ..AssociateVpcCidrBlock::new(vpc.clone()) });
    let record = lab.region().vpcs()[&vpc].clone();
    let block = record.ipv6_cidr_blocks[0];
    assert_eq!(block.prefix_len(), 56);
    assert_eq!(lab.region().network_acls()[&record.default_network_acl_id].egress.len(), 2);
    let first = Cidr::new(block.network(), 64).expect("64 is a length");
    let subnet: SubnetId =
        lab.make(CreateSubnet { ipv6_cidr_block: Some(first), ..CreateSubnet::new(vpc.clone(), cidr("10.0.1.0/24")) });
    let other = CreateSubnet { ipv6_cidr_block: Some(first), ..CreateSubnet::new(vpc, cidr("10.0.2.0/24")) };
    assert_eq!(lab.code(other), "InvalidSubnet.Conflict");
    let id: InstanceId =
        lab.make(RunInstances { subnet_id: Some(subnet), ipv6_address_count: Some(1), ..RunInstances::default() });
    let eni = &lab.region().network_interfaces()[&lab.eni_of(&id)];
    assert!(first.contains(eni.ipv6_addresses[0].into()));
}

#[test]
fn subnets_lie_in_their_vpc_and_apart() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    lab.subnet(&vpc, "10.0.1.0/24");
    let create = |block: &str| CreateSubnet::new(vpc.clone(), cidr(block));
    for (block, code) in [
        ("10.1.0.0/24", "InvalidSubnet.Range"),
        ("10.0.2.0/29", "InvalidSubnet.Range"),
        ("10.0.1.128/25", "InvalidSubnet.Conflict"),
        ("10.0.0.0/22", "InvalidSubnet.Conflict"),
    ] {
        assert_eq!(lab.code(create(block)), code, "{block}");
    }
    lab.ok(create("10.0.2.0/28"));
    let elsewhere = CreateSubnet { availability_zone: Some(zone("us-west-2z")), ..create("10.0.3.0/24") };
    assert_eq!(lab.code(elsewhere), "InvalidZone.NotFound");
}

#[test]
fn a_subnet_of_24_bits_has_251_addresses() {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let available = |lab: &Lab| lab.region().subnets()[&subnet].available_address_count();
    assert_eq!(available(&lab), 251);
    let run = |count| RunInstances { subnet_id: Some(subnet.clone()), count: Some(count), ..RunInstances::default() };
    assert_eq!(lab.code(run(252)), "InsufficientFreeAddressesInSubnet");
    lab.ok(run(251));
    assert_eq!(available(&lab), 0);
    assert_eq!(lab.code(run(1)), "InsufficientFreeAddressesInSubnet");
}

#[test]
fn a_subnet_in_use_cannot_be_deleted() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let instance = lab.instance(&subnet);
    assert_eq!(lab.code(DeleteSubnet::new(subnet.clone())), "DependencyViolation");
    lab.ok(TerminateInstances::new(vec![instance]));
    lab.ok(DeleteSubnet::new(subnet));
    lab.subnet(&vpc, "10.0.1.0/24");
}

#[test]
fn dhcp_options_name_an_own_resolver() {
    let mut lab = Lab::new(Era::Y2017);
    let vpc = lab.vpc("10.0.0.0/16");
    let own = NameServer::Address("10.0.1.53".parse().expect("an address"));
    let create = CreateDhcpOptions { domain_name_servers: vec![own], ..CreateDhcpOptions::default() };
    let too_many = CreateDhcpOptions { domain_name_servers: vec![own; 5], ..create.clone() };
    assert_eq!(lab.code(too_many), "InvalidParameterValue");
    let options: DhcpOptionsId = lab.make(create);
    let missing = AssociateDhcpOptions {
        dhcp_options_id: DhcpOptionsId::parse("dopt-00000000"),
        ..AssociateDhcpOptions::new(vpc.clone())
    };
    assert_eq!(lab.code(missing.clone()), "InvalidDhcpOptionID.NotFound");
    lab.ok(AssociateDhcpOptions { dhcp_options_id: Some(options.clone()), ..missing });
    assert_eq!(lab.region().vpcs()[&vpc].dhcp_options_id, Some(options));
}

#[test]
fn quotas_hold_with_their_codes_and_can_be_lifted() {
    let mut lab = Lab::new(Era::Y2017);
    for _ in 0..5 {
        lab.vpc("10.0.0.0/16");
    }
    assert_eq!(lab.code(CreateVpc::new(cidr("10.0.0.0/16"))), "VpcLimitExceeded");
    for _ in 0..5 {
        lab.ok(AllocateAddress::default());
    }
    assert_eq!(lab.code(AllocateAddress::default()), "AddressLimitExceeded");
    lab.world.quotas = Quotas::Lifted;
    lab.vpc("10.0.0.0/16");
    lab.ok(AllocateAddress::default());
}

#[test]
fn tags_are_set_and_removed_but_not_on_an_endpoint_of_2017() {
    for (era, taggable) in [(Era::Y2017, false), (Era::Current, true)] {
        let mut lab = Lab::new(era);
        let vpc = lab.vpc("10.0.0.0/16");
        let endpoint: VpcEndpointId = lab.make(CreateVpcEndpoint::new(vpc.clone(), lab.s3()));
        let mut tags = Tags::named("spine");
        tags.set("team", "network");
        lab.ok(CreateTags::new(vec![vpc.clone().into()], tags.clone()));
        assert_eq!(lab.region().vpcs()[&vpc].tags, tags);
        lab.ok(DeleteTags::new(vec![vpc.clone().into()], vec!["team".to_owned()]));
        assert_eq!(lab.region().vpcs()[&vpc].tags, Tags::named("spine"));
        let tag_endpoint = CreateTags::new(vec![vpc.into(), endpoint.into()], tags);
        if taggable {
            lab.ok(tag_endpoint);
        } else {
            assert_eq!(lab.code(tag_endpoint), "InvalidID");
        }
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut lab = Lab::new(Era::Y2017);
    lab.call.dry_run = true;
    let text = "DryRunOperation: Request would have succeeded, but DryRun flag is set.";
    assert_eq!(lab.refused(CreateVpc::new(cidr("10.0.0.0/16"))), text);
}

#[test]
fn a_region_that_is_not_open_takes_no_calls() {
    let mut lab = Lab::new(Era::Y2017);
    lab.call.scope.region = region("eu-west-1");
    assert_eq!(lab.code(CreateVpc::new(cidr("10.0.0.0/16"))), "InvalidParameterValue");
}
