//! One account's records in one region: owner of them all, with the indices that keep creation from scanning.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::*;
use crate::base::*;

/// The records of one account in one region. It changes through actions only, or while an account is imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its name.
    pub name: RegionName,
    pub(super) zones: BTreeMap<AvailabilityZone, ZoneState>,
    pub(super) vpcs: BTreeMap<VpcId, Vpc>,
    pub(super) subnets: BTreeMap<SubnetId, Subnet>,
    pub(super) route_tables: BTreeMap<RouteTableId, RouteTable>,
    pub(super) internet_gateways: BTreeMap<InternetGatewayId, InternetGateway>,
    pub(super) egress_only_internet_gateways: BTreeMap<EgressOnlyInternetGatewayId, EgressOnlyInternetGateway>,
    pub(super) nat_gateways: BTreeMap<NatGatewayId, NatGateway>,
    pub(super) elastic_ips: BTreeMap<AllocationId, ElasticIp>,
    pub(super) network_interfaces: BTreeMap<NetworkInterfaceId, NetworkInterface>,
    pub(super) instances: BTreeMap<InstanceId, Instance>,
    pub(super) security_groups: BTreeMap<SecurityGroupId, SecurityGroup>,
    pub(super) network_acls: BTreeMap<NetworkAclId, NetworkAcl>,
    pub(super) prefix_lists: BTreeMap<PrefixListId, PrefixList>,
    pub(super) vpc_endpoints: BTreeMap<VpcEndpointId, VpcEndpoint>,
    pub(super) dhcp_options: BTreeMap<DhcpOptionsId, DhcpOptions>,
    pub(super) vpn_gateways: BTreeMap<VpnGatewayId, VpnGateway>,
    pub(super) customer_gateways: BTreeMap<CustomerGatewayId, CustomerGateway>,
    pub(super) vpn_connections: BTreeMap<VpnConnectionId, VpnConnection>,
    pub(super) virtual_interfaces: BTreeMap<VirtualInterfaceId, VirtualInterface>,
    pub(super) classic_instances: BTreeMap<InstanceId, ClassicInstance>,
    /// What each VPC holds: an index over the maps above.
    pub(super) contents: BTreeMap<VpcId, VpcContents>,
    /// Which tables have a route to a target: an index over the route tables.
    pub(super) routes_to: BTreeMap<RouteTarget, BTreeSet<RouteTableId>>,
    /// What each association of a route table is: an index over VPCs and subnets.
    pub(super) table_associations: BTreeMap<RouteTableAssociationId, TableUser>,
    /// Which subnet each association of a network ACL belongs to: an index over the subnets.
    pub(super) acl_associations: BTreeMap<NetworkAclAssociationId, SubnetId>,
    /// Which Elastic IP each association belongs to: an index over the Elastic IPs.
    pub(super) address_associations: BTreeMap<AddressAssociationId, AllocationId>,
}

/// What is known of a zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneState {
    /// Whether it has failed.
    pub failed: bool,
}

/// The records of one VPC, by kind; each field names the kind. An index: it says nothing that the records do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpcContents {
    pub subnets: BTreeSet<SubnetId>,
    pub route_tables: BTreeSet<RouteTableId>,
    pub network_acls: BTreeSet<NetworkAclId>,
    pub security_groups: BTreeSet<SecurityGroupId>,
    pub vpc_endpoints: BTreeSet<VpcEndpointId>,
    pub nat_gateways: BTreeSet<NatGatewayId>,
    pub egress_only_internet_gateways: BTreeSet<EgressOnlyInternetGatewayId>,
    pub internet_gateway: Option<InternetGatewayId>,
    pub vpn_gateway: Option<VpnGatewayId>,
    /// How many interfaces its subnets hold.
    pub interface_count: usize,
    /// How many of its private addresses are translated to public ones at its internet gateway.
    pub public_count: usize,
    /// Its subnets by the first address of each block. Blocks do not overlap.
    pub(super) blocks: BTreeMap<IpAddr, (Cidr, SubnetId)>,
}

/// Declares how the region is read: all records of a kind, and one that must be there.
macro_rules! readers {
    ($($all:ident, $one:ident, $id:ident => $record:ident, $code:ident, $kind:literal;)*) => {
        impl Region {
            $(
                #[doc = concat!("All records of [`", stringify!($record), "`], by id.")]
                pub fn $all(&self) -> &BTreeMap<$id, $record> {
                    &self.$all
                }

                pub(super) fn $one(&self, id: &$id) -> Result<&$record, ControlError> {
                    self.$all.get(id).ok_or_else(|| ControlError::not_found(ErrorCode::$code, $kind, id))
                }
            )*
        }
    };
}

readers! {
    vpcs, need_vpc, VpcId => Vpc, InvalidVpcIdNotFound, "vpc";
    subnets, need_subnet, SubnetId => Subnet, InvalidSubnetIdNotFound, "subnet";
    route_tables, need_route_table, RouteTableId => RouteTable, InvalidRouteTableIdNotFound, "routeTable";
    internet_gateways, need_internet_gateway, InternetGatewayId => InternetGateway,
        InvalidInternetGatewayIdNotFound, "internetGateway";
    egress_only_internet_gateways, need_egress_only_internet_gateway, EgressOnlyInternetGatewayId
        => EgressOnlyInternetGateway, InvalidEgressOnlyGatewayIdNotFound, "egressOnlyInternetGateway";
    nat_gateways, need_nat_gateway, NatGatewayId => NatGateway, NatGatewayNotFound, "natGateway";
    elastic_ips, need_elastic_ip, AllocationId => ElasticIp, InvalidAllocationIdNotFound, "allocation";
    network_interfaces, need_network_interface, NetworkInterfaceId => NetworkInterface,
        InvalidNetworkInterfaceIdNotFound, "networkInterface";
    instances, need_instance, InstanceId => Instance, InvalidInstanceIdNotFound, "instance";
    network_acls, need_network_acl, NetworkAclId => NetworkAcl, InvalidNetworkAclIdNotFound, "networkAcl";
    prefix_lists, need_prefix_list, PrefixListId => PrefixList, InvalidPrefixListIdNotFound, "prefix list";
    dhcp_options, need_dhcp_options, DhcpOptionsId => DhcpOptions, InvalidDhcpOptionIdNotFound, "dhcpOption";
    vpn_gateways, need_vpn_gateway, VpnGatewayId => VpnGateway, InvalidVpnGatewayIdNotFound, "vpnGateway";
    customer_gateways, need_customer_gateway, CustomerGatewayId => CustomerGateway,
        InvalidCustomerGatewayIdNotFound, "customerGateway";
    vpn_connections, need_vpn_connection, VpnConnectionId => VpnConnection,
        InvalidVpnConnectionIdNotFound, "vpnConnection";
    virtual_interfaces, need_virtual_interface, VirtualInterfaceId => VirtualInterface,
        InvalidVirtualInterfaceIdNotFound, "virtualInterface";
    classic_instances, need_classic_instance, InstanceId => ClassicInstance, InvalidInstanceIdNotFound, "instance";
}

impl Region {
    pub(super) fn new(name: RegionName) -> Self {
        let zones = ['a', 'b', 'c'].map(|letter| (AvailabilityZone::of(&name, letter), ZoneState::default()));
        Self {
            zones: zones.into(),
            vpcs: BTreeMap::new(),
            subnets: BTreeMap::new(),
            route_tables: BTreeMap::new(),
            internet_gateways: BTreeMap::new(),
            egress_only_internet_gateways: BTreeMap::new(),
            nat_gateways: BTreeMap::new(),
            elastic_ips: BTreeMap::new(),
            network_interfaces: BTreeMap::new(),
            instances: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            network_acls: BTreeMap::new(),
            prefix_lists: BTreeMap::new(),
            vpc_endpoints: BTreeMap::new(),
            dhcp_options: BTreeMap::new(),
            vpn_gateways: BTreeMap::new(),
            customer_gateways: BTreeMap::new(),
            vpn_connections: BTreeMap::new(),
            virtual_interfaces: BTreeMap::new(),
            classic_instances: BTreeMap::new(),
            contents: BTreeMap::new(),
            routes_to: BTreeMap::new(),
            table_associations: BTreeMap::new(),
            acl_associations: BTreeMap::new(),
            address_associations: BTreeMap::new(),
            name,
        }
    }

    /// Its zones. A region opens with a, b and c.
    pub fn zones(&self) -> &BTreeMap<AvailabilityZone, ZoneState> {
        &self.zones
    }

    /// All security groups, by id.
    pub fn security_groups(&self) -> &BTreeMap<SecurityGroupId, SecurityGroup> {
        &self.security_groups
    }

    /// All VPC endpoints, by id.
    pub fn vpc_endpoints(&self) -> &BTreeMap<VpcEndpointId, VpcEndpoint> {
        &self.vpc_endpoints
    }

    /// What a VPC holds.
    pub fn contents(&self, vpc: &VpcId) -> Option<&VpcContents> {
        self.contents.get(vpc)
    }

    /// The tables with a route to this target.
    pub fn tables_with_target(&self, target: &RouteTarget) -> impl Iterator<Item = &RouteTableId> {
        self.routes_to.get(target).into_iter().flatten()
    }

    /// The table that a subnet uses: its explicit association, otherwise the main table (facts RT19).
    pub fn effective_route_table(&self, subnet: &Subnet) -> Option<&RouteTable> {
        let id = match &subnet.route_table_association {
            Some(association) => &association.route_table_id,
            None => &self.vpcs.get(&subnet.vpc_id)?.main_association.route_table_id,
        };
        self.route_tables.get(id)
    }

    /// The subnet of a VPC that holds an address.
    pub fn subnet_of_address(&self, vpc: &VpcId, address: IpAddr) -> Option<&Subnet> {
        let (_, (block, id)) = self.contents.get(vpc)?.blocks.range(..=address).next_back()?;
        block.contains(address).then(|| self.subnets.get(id)).flatten()
    }

    /// The interface that has a private or IPv6 address in a VPC.
    pub fn interface_of_address(&self, vpc: &VpcId, address: IpAddr) -> Option<&NetworkInterface> {
        let id = self.subnet_of_address(vpc, address)?.addresses.owner(address)?;
        self.network_interfaces.get(id)
    }

    pub(super) fn need_zone(&self, zone: &AvailabilityZone) -> Result<(), ControlError> {
        if self.zones.contains_key(zone) {
            return Ok(());
        }
        let text = format!("The zone '{zone}' does not exist.");
        Err(ControlError::new(ErrorCode::InvalidZoneNotFound, text))
    }

    pub(super) fn need_security_group(&self, id: &SecurityGroupId) -> Result<&SecurityGroup, ControlError> {
        self.security_groups.get(id).ok_or_else(|| {
            let text = format!("The security group '{id}' does not exist");
            ControlError::new(ErrorCode::InvalidGroupNotFound, text)
        })
    }

    /// Facts 4.6.
    pub(super) fn need_vpc_endpoint(&self, id: &VpcEndpointId) -> Result<&VpcEndpoint, ControlError> {
        self.vpc_endpoints.get(id).ok_or_else(|| {
            let text = format!("The Vpc Endpoint Id '{id}' does not exist");
            ControlError::new(ErrorCode::InvalidVpcEndpointIdNotFound, text)
        })
    }

    pub(super) fn contents_mut(&mut self, vpc: &VpcId) -> &mut VpcContents {
        self.contents.entry(vpc.clone()).or_default()
    }

    /// Whether a record of this id is here.
    pub(super) fn knows(&self, id: &ResourceId) -> bool {
        match id {
            ResourceId::RouteTableAssociation(id) => self.table_associations.contains_key(id),
            ResourceId::AddressAssociation(id) => self.address_associations.contains_key(id),
            ResourceId::NetworkAclAssociation(id) => self.acl_associations.contains_key(id),
            ResourceId::Instance(id) => self.instances.contains_key(id) || self.classic_instances.contains_key(id),
            other => self.tags(other).is_some(),
        }
    }
}

/// Declares which map holds the records of an id, for everything that goes by any id.
macro_rules! tagged {
    ($($variant:ident => $map:ident;)*) => {
        impl Region {
            /// The tags of a resource; `None` if there is no such resource here.
            pub fn tags(&self, id: &ResourceId) -> Option<&Tags> {
                match id {
                    $(ResourceId::$variant(id) => self.$map.get(id).map(|record| &record.tags),)*
                    ResourceId::RouteTableAssociation(_)
                    | ResourceId::AddressAssociation(_)
                    | ResourceId::NetworkAclAssociation(_)
                    | ResourceId::VpcPeeringConnection(_) => None,
                }
            }

            pub(super) fn tags_mut(&mut self, id: &ResourceId) -> Option<&mut Tags> {
                match id {
                    $(ResourceId::$variant(id) => self.$map.get_mut(id).map(|record| &mut record.tags),)*
                    ResourceId::RouteTableAssociation(_)
                    | ResourceId::AddressAssociation(_)
                    | ResourceId::NetworkAclAssociation(_)
                    | ResourceId::VpcPeeringConnection(_) => None,
                }
            }
        }
    };
}

tagged! {
    Vpc => vpcs;
    Subnet => subnets;
    RouteTable => route_tables;
    InternetGateway => internet_gateways;
    EgressOnlyInternetGateway => egress_only_internet_gateways;
    NatGateway => nat_gateways;
    Address => elastic_ips;
    NetworkInterface => network_interfaces;
    Instance => instances;
    SecurityGroup => security_groups;
    NetworkAcl => network_acls;
    PrefixList => prefix_lists;
    VpcEndpoint => vpc_endpoints;
    DhcpOptions => dhcp_options;
    VpnGateway => vpn_gateways;
    CustomerGateway => customer_gateways;
    VpnConnection => vpn_connections;
    VirtualInterface => virtual_interfaces;
}
