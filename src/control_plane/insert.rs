//! Records taken over as they are told: an imported account. Checks that they fit together, not that AWS would allow
//! their creation, and no quota.

use std::fmt;
use std::net::IpAddr;

use super::*;
use crate::base::*;

/// A record of any kind; each variant holds the record of its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Vpc(Vpc),
    Subnet(Subnet),
    RouteTable(RouteTable),
    InternetGateway(InternetGateway),
    EgressOnlyInternetGateway(EgressOnlyInternetGateway),
    NatGateway(NatGateway),
    ElasticIp(ElasticIp),
    NetworkInterface(NetworkInterface),
    Instance(Instance),
    SecurityGroup(SecurityGroup),
    NetworkAcl(NetworkAcl),
    PrefixList(PrefixList),
    VpcEndpoint(VpcEndpoint),
    DhcpOptions(DhcpOptions),
    VpnGateway(VpnGateway),
    CustomerGateway(CustomerGateway),
    VpnConnection(VpnConnection),
    VirtualInterface(VirtualInterface),
    ClassicInstance(ClassicInstance),
    Peering(PeeringConnection),
}

/// Why a record does not fit into the world. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsertError {
    /// Another record has its id.
    #[error("{0} is there already")]
    Duplicate(ResourceId),
    /// It names a record that must be there before it.
    #[error("{record} names {missing}, which is not there")]
    Dangling {
        /// The record.
        record: ResourceId,
        /// What it names.
        missing: String,
    },
    /// Its address belongs to somebody else, or lies outside its subnet.
    #[error("{record} has address {address}, which {why}")]
    Address {
        /// The record.
        record: ResourceId,
        /// The address.
        address: IpAddr,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The region of the record is not open.
    #[error("region {} of account {} is not open", .0.region, .0.account)]
    NotOpen(Scope),
}

impl Record {
    /// Its id.
    pub fn id(&self) -> ResourceId {
        match self {
            Self::Vpc(record) => record.id.clone().into(),
            Self::Subnet(record) => record.id.clone().into(),
            Self::RouteTable(record) => record.id.clone().into(),
            Self::InternetGateway(record) => record.id.clone().into(),
            Self::EgressOnlyInternetGateway(record) => record.id.clone().into(),
            Self::NatGateway(record) => record.id.clone().into(),
            Self::ElasticIp(record) => record.allocation_id.clone().into(),
            Self::NetworkInterface(record) => record.id.clone().into(),
            Self::Instance(record) => record.id.clone().into(),
            Self::SecurityGroup(record) => record.id.clone().into(),
            Self::NetworkAcl(record) => record.id.clone().into(),
            Self::PrefixList(record) => record.id.clone().into(),
            Self::VpcEndpoint(record) => record.id.clone().into(),
            Self::DhcpOptions(record) => record.id.clone().into(),
            Self::VpnGateway(record) => record.id.clone().into(),
            Self::CustomerGateway(record) => record.id.clone().into(),
            Self::VpnConnection(record) => record.id.clone().into(),
            Self::VirtualInterface(record) => record.id.clone().into(),
            Self::ClassicInstance(record) => record.id.clone().into(),
            Self::Peering(record) => record.id.clone().into(),
        }
    }
}

impl World {
    /// Takes over a record. What it lies in must be there: a VPC before its subnets, tables, ACLs and groups; those
    /// before interfaces; virtual private gateways before tables with propagated routes. A subnet may name a table or
    /// ACL that comes later. An interface lies in its subnet's zone, whatever it says.
    pub fn insert(&mut self, scope: &Scope, record: impl Into<Record>) -> Result<(), InsertError> {
        let record = record.into();
        let id = record.id();
        if self.region(scope).is_none() {
            return Err(InsertError::NotOpen(scope.clone()));
        }
        if self.knows(&id) {
            return Err(InsertError::Duplicate(id));
        }
        self.check_parents(scope, &id, &record)?;
        for (address, holder) in public_addresses(scope, &record) {
            self.public_addresses.take(address, holder);
        }
        if let Record::Peering(peering) = record {
            self.peerings.insert(peering.id.clone(), peering);
            return Ok(());
        }
        let account = self.accounts.get_mut(&scope.account).expect("seen above");
        account.regions.get_mut(&scope.region).expect("seen above").put(record);
        Ok(())
    }

    fn check_parents(&self, scope: &Scope, id: &ResourceId, record: &Record) -> Result<(), InsertError> {
        let region = self.region(scope).expect("the caller looked it up");
        let dangling =
            |missing: &dyn fmt::Display| InsertError::Dangling { record: id.clone(), missing: missing.to_string() };
        let need_vpc = |vpc: &VpcId| if region.vpcs.contains_key(vpc) { Ok(()) } else { Err(dangling(vpc)) };
        let need_subnet = |subnet: &SubnetId| region.subnets.get(subnet).ok_or_else(|| dangling(subnet));
        match record {
            Record::Subnet(subnet) => need_vpc(&subnet.vpc_id),
            Record::RouteTable(table) => need_vpc(&table.vpc_id),
            Record::InternetGateway(gateway) => gateway.vpc_id.as_ref().map_or(Ok(()), need_vpc),
            Record::EgressOnlyInternetGateway(gateway) => need_vpc(&gateway.vpc_id),
            Record::SecurityGroup(group) => need_vpc(&group.vpc_id),
            Record::NetworkAcl(acl) => need_vpc(&acl.vpc_id),
            Record::VpcEndpoint(endpoint) => need_vpc(&endpoint.vpc_id),
            Record::VpnGateway(gateway) => gateway.vpc_id.as_ref().map_or(Ok(()), need_vpc),
            Record::NatGateway(gateway) => need_vpc(&gateway.vpc_id).and(need_subnet(&gateway.subnet_id).map(|_| ())),
            Record::Instance(instance) => need_vpc(&instance.vpc_id),
            Record::NetworkInterface(eni) => {
                need_vpc(&eni.vpc_id)?;
                let subnet = need_subnet(&eni.subnet_id)?;
                if let Some(group) = eni.groups.iter().find(|group| !region.security_groups.contains_key(*group)) {
                    return Err(dangling(group));
                }
                for address in eni.addresses() {
                    let why = if subnet.block_of(address).is_none() {
                        "lies outside its subnet"
                    } else if subnet.addresses.owner(address).is_some() {
                        "another interface has"
                    } else {
                        continue;
                    };
                    return Err(InsertError::Address { record: id.clone(), address, why });
                }
                Ok(())
            }
            Record::Vpc(_)
            | Record::ElasticIp(_)
            | Record::PrefixList(_)
            | Record::DhcpOptions(_)
            | Record::CustomerGateway(_)
            | Record::VpnConnection(_)
            | Record::VirtualInterface(_)
            | Record::ClassicInstance(_)
            | Record::Peering(_) => Ok(()),
        }
    }
}

impl Region {
    fn put(&mut self, record: Record) {
        match record {
            Record::Vpc(vpc) => self.put_vpc(vpc),
            Record::Subnet(subnet) => {
                self.zones.entry(subnet.availability_zone.clone()).or_default();
                self.put_subnet(subnet);
            }
            Record::RouteTable(table) => self.put_described_table(table),
            Record::InternetGateway(gateway) => self.put_internet_gateway(gateway),
            Record::EgressOnlyInternetGateway(gateway) => self.put_egress_only_internet_gateway(gateway),
            Record::NatGateway(gateway) => self.put_nat_gateway(gateway),
            Record::ElasticIp(ip) => {
                if let Some(association) = &ip.association {
                    self.address_associations.insert(association.association_id.clone(), ip.allocation_id.clone());
                }
                self.elastic_ips.insert(ip.allocation_id.clone(), ip);
            }
            Record::NetworkInterface(mut eni) => {
                if let Some(subnet) = self.subnets.get(&eni.subnet_id) {
                    eni.availability_zone = subnet.availability_zone.clone();
                }
                self.put_interface(eni);
            }
            Record::Instance(instance) => drop(self.instances.insert(instance.id.clone(), instance)),
            Record::SecurityGroup(group) => self.put_security_group(group),
            Record::NetworkAcl(mut acl) => {
                let uses = |subnet: &&Subnet| subnet.network_acl_association.network_acl_id == acl.id;
                acl.subnets = self.subnets.values().filter(uses).map(|subnet| subnet.id.clone()).collect();
                self.put_network_acl(acl);
            }
            Record::PrefixList(list) => drop(self.prefix_lists.insert(list.id.clone(), list)),
            Record::VpcEndpoint(endpoint) => self.put_vpc_endpoint(endpoint),
            Record::DhcpOptions(options) => drop(self.dhcp_options.insert(options.id.clone(), options)),
            Record::VpnGateway(gateway) => self.put_vpn_gateway(gateway),
            Record::CustomerGateway(gateway) => drop(self.customer_gateways.insert(gateway.id.clone(), gateway)),
            Record::VpnConnection(connection) => {
                drop(self.vpn_connections.insert(connection.id.clone(), connection));
            }
            Record::VirtualInterface(interface) => {
                drop(self.virtual_interfaces.insert(interface.id.clone(), interface));
            }
            Record::ClassicInstance(instance) => {
                drop(self.classic_instances.insert(instance.id.clone(), instance));
            }
            Record::Peering(_) => {}
        }
    }

    /// A described table brings propagated routes whose source the account may not tell; the gateway keeps those, so
    /// that they stay when something else changes.
    fn put_described_table(&mut self, mut table: RouteTable) {
        let uses = |subnet: &&Subnet| {
            subnet.route_table_association.as_ref().is_some_and(|own| own.route_table_id == table.id)
        };
        table.subnets = self.subnets.values().filter(uses).map(|subnet| subnet.id.clone()).collect();
        for route in &table.propagated {
            let known = self.learned_routes(&route.gateway).iter().any(|own| own.destination == route.destination);
            if let Some(gateway) = self.vpn_gateways.get_mut(&route.gateway)
                && !known
            {
                let bgp = BgpRoute { as_path_len: route.as_path_len, med: route.med };
                gateway.other_routes.insert(route.destination, bgp);
            }
        }
        self.put_route_table(table);
    }
}

/// The public addresses that come with a record.
fn public_addresses(scope: &Scope, record: &Record) -> Vec<(std::net::Ipv4Addr, PublicHolder)> {
    match record {
        Record::ElasticIp(ip) => {
            vec![(ip.public_ip, PublicHolder::Elastic(scope.clone(), ip.allocation_id.clone()))]
        }
        Record::NetworkInterface(eni) => {
            let associations = eni.private_addresses.iter().filter_map(|own| own.association.as_ref());
            let holder = |association: &PublicAssociation| match &association.elastic {
                Some((allocation, _)) => PublicHolder::Elastic(scope.clone(), allocation.clone()),
                None => PublicHolder::Interface(scope.clone(), eni.id.clone()),
            };
            associations.map(|association| (association.public_ip, holder(association))).collect()
        }
        Record::ClassicInstance(instance) => {
            vec![(instance.public_address, PublicHolder::Classic(scope.clone(), instance.id.clone()))]
        }
        Record::CustomerGateway(gateway) => vec![(gateway.ip_address, PublicHolder::Reserved)],
        Record::Vpc(_)
        | Record::Subnet(_)
        | Record::RouteTable(_)
        | Record::InternetGateway(_)
        | Record::EgressOnlyInternetGateway(_)
        | Record::NatGateway(_)
        | Record::Instance(_)
        | Record::SecurityGroup(_)
        | Record::NetworkAcl(_)
        | Record::PrefixList(_)
        | Record::VpcEndpoint(_)
        | Record::DhcpOptions(_)
        | Record::VpnGateway(_)
        | Record::VpnConnection(_)
        | Record::VirtualInterface(_)
        | Record::Peering(_) => Vec::new(),
    }
}

/// Declares the conversions of records.
macro_rules! records {
    ($($variant:ident($record:ident),)*) => {$(
        impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$variant(record)
            }
        }
    )*};
}

records! {
    Vpc(Vpc),
    Subnet(Subnet),
    RouteTable(RouteTable),
    InternetGateway(InternetGateway),
    EgressOnlyInternetGateway(EgressOnlyInternetGateway),
    NatGateway(NatGateway),
    ElasticIp(ElasticIp),
    NetworkInterface(NetworkInterface),
    Instance(Instance),
    SecurityGroup(SecurityGroup),
    NetworkAcl(NetworkAcl),
    PrefixList(PrefixList),
    VpcEndpoint(VpcEndpoint),
    DhcpOptions(DhcpOptions),
    VpnGateway(VpnGateway),
    CustomerGateway(CustomerGateway),
    VpnConnection(VpnConnection),
    VirtualInterface(VirtualInterface),
    ClassicInstance(ClassicInstance),
    Peering(PeeringConnection),
}
