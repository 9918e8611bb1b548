//! Random sequences of actions: nothing panics, a refusal changes nothing, and the indices say what the records say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::control_plane::region::VpcContents;

/// A stream of small numbers that choices are made from.
struct Dice<'a>(std::slice::Iter<'a, u8>);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % sides.max(1)
    }

    fn flip(&mut self) -> bool {
        self.roll(2) == 1
    }

    /// One of the keys, or an id that names nothing.
    fn key<I: Clone, R>(&mut self, map: &BTreeMap<I, R>, nothing: fn(&str) -> Option<I>, id: &str) -> I {
        let place = self.roll(map.len() + 1);
        map.keys().nth(place).cloned().unwrap_or_else(|| nothing(id).expect("an id"))
    }

    fn block(&mut self) -> Cidr {
        let blocks = [
            "10.0.0.0/16",
            "10.0.0.0/24",
            "10.0.1.0/24",
            "10.0.2.0/28",
            "10.1.0.0/16",
            "10.1.1.0/24",
            "0.0.0.0/0",
            "52.218.128.0/17",
            "192.168.0.0/16",
            "::/0",
            "169.254.168.0/24",
            "2001:db8::/64",
        ];
        cidr(blocks[self.roll(blocks.len())])
    }
}

macro_rules! pick {
    ($dice:ident, $region:ident, $map:ident, $id:ident) => {
        $dice.key($region.$map(), $id::parse, concat_id::<$id>())
    };
}

/// An id of a kind that names nothing.
fn concat_id<I: Nothing>() -> &'static str {
    I::NOTHING
}

trait Nothing {
    const NOTHING: &'static str;
}

macro_rules! nothing {
    ($($id:ident = $text:literal;)*) => {
        $(impl Nothing for $id {
            const NOTHING: &'static str = $text;
        })*
    };
}

nothing! {
    VpcId = "vpc-0"; SubnetId = "subnet-0"; RouteTableId = "rtb-0"; InternetGatewayId = "igw-0"; NatGatewayId = "nat-0";
    VpcEndpointId = "vpce-0"; NetworkInterfaceId = "eni-0"; InstanceId = "i-0"; AllocationId = "eipalloc-0";
    SecurityGroupId = "sg-0"; NetworkAclId = "acl-0"; VpnGatewayId = "vgw-0"; VpnConnectionId = "vpn-0";
    CustomerGatewayId = "cgw-0"; EgressOnlyInternetGatewayId = "eigw-0";
}

fn target(dice: &mut Dice<'_>, world: &World, region: &Region) -> RouteTarget {
    match dice.roll(9) {
        0 => RouteTarget::Local,
        1 => RouteTarget::InternetGateway(pick!(dice, region, internet_gateways, InternetGatewayId)),
        2 => RouteTarget::NatGateway(pick!(dice, region, nat_gateways, NatGatewayId)),
        3 => RouteTarget::VpcEndpoint(pick!(dice, region, vpc_endpoints, VpcEndpointId)),
        4 => RouteTarget::NetworkInterface(pick!(dice, region, network_interfaces, NetworkInterfaceId)),
        5 => RouteTarget::Instance(pick!(dice, region, instances, InstanceId)),
        6 => RouteTarget::VpnGateway(pick!(dice, region, vpn_gateways, VpnGatewayId)),
        7 => RouteTarget::Peering(dice.key(world.peerings(), VpcPeeringConnectionId::parse, "pcx-0")),
        _ => RouteTarget::EgressOnlyInternetGateway(pick!(
            dice,
            region,
            egress_only_internet_gateways,
            EgressOnlyInternetGatewayId
        )),
    }
}

fn destination(dice: &mut Dice<'_>) -> Destination {
    if dice.roll(5) == 0 {
        Destination::PrefixList(PrefixListId::parse("pl-68a54001").expect("an id"))
    } else {
        Destination::Cidr(dice.block())
    }
}

/// Some action on what is there, or on what is not.
fn action(dice: &mut Dice<'_>, world: &World, region: &Region) -> Action {
    if dice.flip() { network_action(dice, world, region) } else { compute_action(dice, region) }
}

fn network_action(dice: &mut Dice<'_>, world: &World, region: &Region) -> Action {
    let vpc = pick!(dice, region, vpcs, VpcId);
    let subnet = pick!(dice, region, subnets, SubnetId);
    let table = pick!(dice, region, route_tables, RouteTableId);
    let igw = pick!(dice, region, internet_gateways, InternetGatewayId);
    let vgw = pick!(dice, region, vpn_gateways, VpnGatewayId);
    let vpn = pick!(dice, region, vpn_connections, VpnConnectionId);
    let associations: Vec<RouteTableAssociationId> = region.table_associations.keys().cloned().collect();
    let association = associations
        .get(dice.roll(associations.len() + 1))
        .cloned()
        .unwrap_or_else(|| RouteTableAssociationId::parse("rtbassoc-0").expect("an id"));
    match dice.roll(27) {
        0 => CreateVpc { amazon_provided_ipv6_cidr_block: dice.flip(), ..CreateVpc::new(dice.block()) }.into(),
        1 => DeleteVpc::new(vpc).into(),
        2 => AssociateVpcCidrBlock {
            cidr_block: dice.flip().then(|| dice.block()),
            amazon_provided_ipv6_cidr_block: dice.flip(),
            ..AssociateVpcCidrBlock::new(vpc)
        }
        .into(),
        3 | 4 => CreateSubnet::new(vpc, dice.block()).into(),
        5 => DeleteSubnet::new(subnet).into(),
        6 => CreateRouteTable::new(vpc).into(),
        7 => DeleteRouteTable::new(table).into(),
        8 | 9 => AssociateRouteTable::new(table, subnet).into(),
        10 => ReplaceRouteTableAssociation::new(association.into(), table).into(),
        11 => DisassociateRouteTable::new(association.into()).into(),
        12 | 13 => CreateRoute::new(table, destination(dice), target(dice, world, region)).into(),
        14 => ReplaceRoute::new(table, destination(dice), target(dice, world, region)).into(),
        15 => DeleteRoute::new(table, destination(dice)).into(),
        16 => CreateInternetGateway::default().into(),
        17 => AttachInternetGateway::new(igw, vpc).into(),
        18 => DetachInternetGateway::new(igw, vpc).into(),
        19 => DeleteInternetGateway::new(igw).into(),
        20 => CreateVpcPeeringConnection::new(vpc, pick!(dice, region, vpcs, VpcId)).into(),
        21 => {
            let id = dice.key(world.peerings(), VpcPeeringConnectionId::parse, "pcx-0");
            if dice.roll(3) == 0 {
                DeleteVpcPeeringConnection::new(id).into()
            } else {
                AcceptVpcPeeringConnection::new(id).into()
            }
        }
        22 => match dice.roll(4) {
            0 => CreateVpnGateway::default().into(),
            1 => AttachVpnGateway::new(vgw, vpc).into(),
            2 => DetachVpnGateway::new(vgw, vpc).into(),
            _ => DeleteVpnGateway::new(vgw).into(),
        },
        23 => {
            let cgw = pick!(dice, region, customer_gateways, CustomerGatewayId);
            CreateVpnConnection { static_routes_only: dice.flip(), ..CreateVpnConnection::new(cgw, vgw) }.into()
        }
        24 => match dice.roll(3) {
            0 => CreateVpnConnectionRoute::new(vpn, dice.block()).into(),
            1 => DeleteVpnConnection::new(vpn).into(),
            _ => CreateCustomerGateway::new("192.0.2.1".parse().expect("an address")).into(),
        },
        25 => EnableVgwRoutePropagation::new(vgw, table).into(),
        _ => DisableVgwRoutePropagation::new(vgw, table).into(),
    }
}

fn compute_action(dice: &mut Dice<'_>, region: &Region) -> Action {
    let vpc = pick!(dice, region, vpcs, VpcId);
    let subnet = pick!(dice, region, subnets, SubnetId);
    let table = pick!(dice, region, route_tables, RouteTableId);
    let instance = pick!(dice, region, instances, InstanceId);
    let eni = pick!(dice, region, network_interfaces, NetworkInterfaceId);
    let group = pick!(dice, region, security_groups, SecurityGroupId);
    let acl = pick!(dice, region, network_acls, NetworkAclId);
    let endpoint = pick!(dice, region, vpc_endpoints, VpcEndpointId);
    let allocation = pick!(dice, region, elastic_ips, AllocationId);
    let s3 = ServiceName::parse("com.amazonaws.us-west-2.s3").expect("a name");
    let rule = || SecurityGroupRule::group(Protocol::tcp(443), group.clone());
    match dice.roll(26) {
        0 | 1 => RunInstances {
            subnet_id: (dice.roll(8) != 0).then_some(subnet),
            count: Some(dice.roll(3) as u32),
            associate_public_ip_address: Some(dice.flip()),
            security_group_ids: dice.flip().then_some(group).into_iter().collect(),
            ..RunInstances::default()
        }
        .into(),
        2 => StartInstances::new(vec![instance]).into(),
        3 => StopInstances::new(vec![instance]).into(),
        4 => TerminateInstances::new(vec![instance]).into(),
        5 => CreateNetworkInterface {
            secondary_private_ip_address_count: dice.roll(3) as u32,
            ..CreateNetworkInterface::new(subnet)
        }
        .into(),
        6 => AttachNetworkInterface::new(eni, instance, dice.roll(3) as u32).into(),
        7 => DetachNetworkInterface::new(eni).into(),
        8 => DeleteNetworkInterface::new(eni).into(),
        9 => ModifyNetworkInterfaceAttribute {
            groups: Some(vec![group]),
            source_dest_check: Some(dice.flip()),
            ..ModifyNetworkInterfaceAttribute::new(eni)
        }
        .into(),
        10 => AllocateAddress::default().into(),
        11 | 12 => AssociateAddress {
            network_interface_id: Some(eni),
            allow_reassociation: dice.flip(),
            ..AssociateAddress::new(allocation)
        }
        .into(),
        13 => {
            let association = region.elastic_ips().get(&allocation).and_then(|ip| ip.association.as_ref());
            match association {
                Some(association) => DisassociateAddress::new(association.association_id.clone().into()).into(),
                None => ReleaseAddress::new(allocation).into(),
            }
        }
        14 => CreateNatGateway { allocation_id: Some(allocation), ..CreateNatGateway::new(subnet) }.into(),
        15 => DeleteNatGateway::new(pick!(dice, region, nat_gateways, NatGatewayId)).into(),
        16 => CreateSecurityGroup::new(vpc, format!("group-{}", dice.roll(4))).into(),
        17 => DeleteSecurityGroup::new(group).into(),
        18 => AuthorizeSecurityGroupIngress::new(pick!(dice, region, security_groups, SecurityGroupId), vec![rule()])
            .into(),
        19 => {
            RevokeSecurityGroupIngress::new(pick!(dice, region, security_groups, SecurityGroupId), vec![rule()]).into()
        }
        20 => CreateNetworkAcl::new(vpc).into(),
        21 => DeleteNetworkAcl::new(acl).into(),
        22 => ReplaceNetworkAclAssociation { subnet_id: Some(subnet), ..ReplaceNetworkAclAssociation::new(acl) }.into(),
        23 => CreateVpcEndpoint { route_table_ids: vec![table], ..CreateVpcEndpoint::new(vpc, s3) }.into(),
        24 => ModifyVpcEndpoint {
            add_route_table_ids: dice.flip().then_some(table.clone()).into_iter().collect(),
            remove_route_table_ids: dice.flip().then_some(table).into_iter().collect(),
            reset_policy: dice.flip(),
            ..ModifyVpcEndpoint::new(endpoint)
        }
        .into(),
        _ if dice.flip() => DeleteVpcEndpoints::new(vec![endpoint]).into(),
        _ if dice.flip() => DeleteEgressOnlyInternetGateway::new(pick!(
            dice,
            region,
            egress_only_internet_gateways,
            EgressOnlyInternetGatewayId
        ))
        .into(),
        _ => CreateEgressOnlyInternetGateway::new(vpc).into(),
    }
}

/// What the indices must say, made anew from the records.
fn check_indices(world: &World, region: &Region) {
    let mut contents: BTreeMap<VpcId, VpcContents> = BTreeMap::new();
    let mut routes_to: BTreeMap<RouteTarget, BTreeSet<RouteTableId>> = BTreeMap::new();
    let mut associations: BTreeMap<RouteTableAssociationId, TableUser> = BTreeMap::new();
    for vpc in region.vpcs().values() {
        contents.entry(vpc.id.clone()).or_default();
        let main = vpc.main_association.clone();
        assert_eq!(region.route_tables()[&main.route_table_id].vpc_id, vpc.id, "the main table is the VPC's own");
        associations.insert(main.association_id, TableUser::Main(vpc.id.clone()));
    }
    for subnet in region.subnets().values() {
        let entry = contents.get_mut(&subnet.vpc_id).expect("a subnet's VPC is there");
        entry.subnets.insert(subnet.id.clone());
        for block in [Some(subnet.cidr_block), subnet.ipv6_cidr_block].into_iter().flatten() {
            entry.blocks.insert(block.network(), (block, subnet.id.clone()));
        }
        if let Some(association) = &subnet.route_table_association {
            associations.insert(association.association_id.clone(), TableUser::Subnet(subnet.id.clone()));
        }
        assert_eq!(region.effective_route_table(subnet).expect("a table").vpc_id, subnet.vpc_id);
        let acl = &region.network_acls()[&subnet.network_acl_association.network_acl_id];
        assert!(acl.subnets.contains(&subnet.id) && acl.vpc_id == subnet.vpc_id);
    }
    for table in region.route_tables().values() {
        let entry = contents.get_mut(&table.vpc_id).expect("a table's VPC is there");
        entry.route_tables.insert(table.id.clone());
        for route in table.routes() {
            routes_to.entry(route.target.clone()).or_default().insert(table.id.clone());
        }
        let users = region
            .subnets()
            .values()
            .filter(|subnet| subnet.route_table_association.as_ref().is_some_and(|own| own.route_table_id == table.id));
        assert_eq!(users.map(|subnet| subnet.id.clone()).collect::<BTreeSet<_>>(), table.subnets);
    }
    for acl in region.network_acls().values() {
        contents.get_mut(&acl.vpc_id).expect("an ACL's VPC").network_acls.insert(acl.id.clone());
    }
    for group in region.security_groups().values() {
        contents.get_mut(&group.vpc_id).expect("a group's VPC").security_groups.insert(group.id.clone());
        let members = region.network_interfaces().values().filter(|eni| eni.groups.contains(&group.id));
        assert_eq!(members.map(|eni| eni.id.clone()).collect::<BTreeSet<_>>(), *group.members());
    }
    for endpoint in region.vpc_endpoints().values() {
        contents.get_mut(&endpoint.vpc_id).expect("an endpoint's VPC").vpc_endpoints.insert(endpoint.id.clone());
        let target = RouteTarget::VpcEndpoint(endpoint.id.clone());
        let tables: BTreeSet<RouteTableId> = region.tables_with_target(&target).cloned().collect();
        assert_eq!(tables, endpoint.route_table_ids, "an endpoint has its route in its tables and nowhere else");
    }
    for nat in region.nat_gateways().values() {
        contents.get_mut(&nat.vpc_id).expect("a NAT gateway's VPC").nat_gateways.insert(nat.id.clone());
    }
    for gateway in region.egress_only_internet_gateways().values() {
        let entry = contents.get_mut(&gateway.vpc_id).expect("a gateway's VPC");
        entry.egress_only_internet_gateways.insert(gateway.id.clone());
    }
    for gateway in region.internet_gateways().values() {
        if let Some(vpc) = &gateway.vpc_id {
            let before = contents.get_mut(vpc).expect("a gateway's VPC").internet_gateway.replace(gateway.id.clone());
            assert_eq!(before, None, "one internet gateway per VPC");
        }
    }
    for gateway in region.vpn_gateways().values() {
        if let Some(vpc) = &gateway.vpc_id {
            contents.get_mut(vpc).expect("a gateway's VPC").vpn_gateway = Some(gateway.id.clone());
        }
    }
    check_addresses(world, region, &mut contents);
    assert_eq!(contents, region.contents);
    assert_eq!(routes_to, region.routes_to);
    assert_eq!(associations, region.table_associations);
}

/// Every address has one owner, and every public one is held by who shows it.
fn check_addresses(world: &World, region: &Region, contents: &mut BTreeMap<VpcId, VpcContents>) {
    let mut owners: BTreeMap<(SubnetId, IpAddr), NetworkInterfaceId> = BTreeMap::new();
    let mut publics = BTreeSet::new();
    for eni in region.network_interfaces().values() {
        let entry = contents.get_mut(&eni.vpc_id).expect("an interface's VPC");
        entry.interface_count += 1;
        assert!(eni.primary_address().is_some());
        for address in eni.addresses() {
            let subnet = &region.subnets()[&eni.subnet_id];
            assert!(subnet.block_of(address).is_some() && !subnet.is_reserved(address));
            assert_eq!(owners.insert((eni.subnet_id.clone(), address), eni.id.clone()), None, "{address}");
        }
        for association in eni.private_addresses.iter().filter_map(|own| own.association.as_ref()) {
            entry.public_count += 1;
            assert!(publics.insert(association.public_ip));
            assert!(world.public_addresses().holder(association.public_ip).is_some());
            if let Some((allocation, id)) = &association.elastic {
                let ip = &region.elastic_ips()[allocation];
                assert_eq!(ip.association.as_ref().map(|a| &a.association_id), Some(id));
            }
        }
        if let Some(instance) = eni.instance_id() {
            assert!(region.instances()[instance].interfaces.values().any(|own| *own == eni.id));
        }
    }
    for subnet in region.subnets().values() {
        let book: BTreeMap<_, _> =
            subnet.addresses.iter().map(|(address, eni)| ((subnet.id.clone(), *address), eni.clone())).collect();
        let ours = owners.iter().filter(|((id, _), _)| *id == subnet.id);
        assert_eq!(book, ours.map(|(key, eni)| (key.clone(), eni.clone())).collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_sequence_of_actions_leaves_whole_records(
        rolls in prop::collection::vec(any::<u8>(), 0..4_000),
        current in any::<bool>(),
    ) {
        let mut lab = Lab::new(if current { Era::Current } else { Era::Y2017 });
        let vpc = lab.vpc("10.0.0.0/16");
        lab.subnet(&vpc, "10.0.1.0/24");
        lab.attached_igw(&vpc);
        let mut dice = Dice(rolls.iter());
        let mut step = 0;
        while !dice.0.as_slice().is_empty() {
            step += 1;
            lab.at = SimTime::from_secs(step);
            let action = action(&mut dice, &lab.world, lab.region());
            let before = lab.world.clone();
            let result = lab.world.apply(&lab.call, &action, lab.at);
            if let Err(error) = &result {
                prop_assert!(before == lab.world, "{} changed the world and was refused: {error}", action.name());
            }
            check_indices(&lab.world, lab.region());
        }
        for what in Describe::ALL {
            prop_assert!(lab.world.describe(&lab.call, *what, &Query::default(), lab.at).is_ok());
        }
        let addresses = ["10.0.1.4", "52.218.160.10", "8.8.8.8", "2001:db8::1"];
        for table in lab.region().route_tables().values() {
            for address in addresses {
                let address = address.parse().expect(address);
                let candidates = table.candidates(&lab.world, &lab.call.scope, address);
                let winner = candidates.iter().find(|candidate| candidate.fate.won()).map(|c| c.target.clone());
                let looked_up = table.lookup(&lab.world, &lab.call.scope, address).map(|entry| entry.target);
                prop_assert_eq!(winner, looked_up);
            }
        }
    }
}
