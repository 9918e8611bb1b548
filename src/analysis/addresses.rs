//! Whose an address is: of an interface, private or public, of a service, or of nobody in the records. Sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::{Cidr, InstanceId, NetworkInterfaceId, PrefixTable, RegionName, ServiceName, VpcId};
use crate::control_plane::{InterfaceType, NetworkInterface, Scope, World};

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account and region.
    pub scope: Scope,
    /// The VPC.
    pub vpc: VpcId,
    /// The interface.
    pub interface: NetworkInterfaceId,
    /// What kind of device the interface serves.
    pub kind: InterfaceType,
    /// The instance behind it.
    pub instance: Option<InstanceId>,
    /// The address that the machine itself knows: the same, or the private twin of a public one.
    pub private: IpAddr,
}

/// All addresses of a world. Private ones may belong to several VPCs.
#[derive(Debug)]
pub struct AddressIndex {
    owners: BTreeMap<IpAddr, Vec<Owner>>,
    services: PrefixTable<(RegionName, ServiceName)>,
    classic: BTreeMap<IpAddr, InstanceId>,
    /// Public addresses of the accounts that need not be in use: Elastic IPs, and those of before a change.
    reserved: BTreeSet<IpAddr>,
    /// IPv6 blocks of VPCs.
    blocks_v6: Vec<Cidr>,
}

impl AddressIndex {
    /// The index of a world as it is now.
    pub fn of(world: &World) -> Self {
        let mut index = Self {
            owners: BTreeMap::new(),
            services: PrefixTable::new(),
            classic: BTreeMap::new(),
            reserved: BTreeSet::new(),
            blocks_v6: Vec::new(),
        };
        for (scope, region) in world.regions() {
            for interface in region.network_interfaces().values() {
                index.add(&scope, interface);
            }
            index.reserved.extend(region.elastic_ips().values().map(|address| IpAddr::V4(address.public_ip)));
            index.blocks_v6.extend(region.vpcs().values().flat_map(|vpc| vpc.ipv6_cidr_blocks.iter().copied()));
            for instance in region.classic_instances().values() {
                let addresses = [instance.private_address, instance.public_address];
                index.classic.extend(addresses.map(|address| (IpAddr::V4(address), instance.id.clone())));
            }
        }
        for region in world.service_regions() {
            for service in world.services(region) {
                for block in service.ranges.iter().chain(&service.ipv6_ranges) {
                    index.services.insert(*block, (region.clone(), service.name.clone()));
                }
            }
        }
        index
    }

    /// All who have an address; none for one of a service, of the internet, or of nobody.
    pub fn owners(&self, address: IpAddr) -> &[Owner] {
        self.owners.get(&address).map_or(&[], Vec::as_slice)
    }

    /// The service in whose ranges an address lies.
    pub fn service(&self, address: IpAddr) -> Option<&(RegionName, ServiceName)> {
        self.services.lookup(address)
    }

    /// Whether an address is of AWS: of an interface or of a service.
    pub fn is_of_aws(&self, address: IpAddr) -> bool {
        self.owners.contains_key(&address) || self.service(address).is_some() || self.is_classic(address)
    }

    /// The EC2-Classic instance that has an address.
    pub fn classic(&self, address: IpAddr) -> Option<&InstanceId> {
        self.classic.get(&address)
    }

    /// Whether an address is of an EC2-Classic instance.
    pub fn is_classic(&self, address: IpAddr) -> bool {
        self.classic.contains_key(&address)
    }

    /// Whether an address can only be of the internet: public, and of nobody here, in use or not.
    pub fn is_outside(&self, address: IpAddr) -> bool {
        let kept = self.reserved.contains(&address) || self.blocks_v6.iter().any(|block| block.contains(address));
        !self.is_of_aws(address) && !kept && is_public(address)
    }

    /// Says that addresses in use in another index are not of the internet, although nobody here has them any more.
    pub fn reserve_those_of(&mut self, other: &Self) {
        self.reserved.extend(other.owners.keys().copied());
        self.reserved.extend(&other.reserved);
    }

    fn add(&mut self, scope: &Scope, interface: &NetworkInterface) {
        let owner = |private: IpAddr| Owner {
            scope: scope.clone(),
            vpc: interface.vpc_id.clone(),
            interface: interface.id.clone(),
            kind: interface.interface_type.clone(),
            instance: interface.instance_id().cloned(),
            private,
        };
        for address in interface.addresses() {
            self.owners.entry(address).or_default().push(owner(address));
        }
        for own in &interface.private_addresses {
            if let Some(public) = &own.association {
                self.owners.entry(public.public_ip.into()).or_default().push(owner(own.address.into()));
            }
        }
    }
}

/// Whether the internet carries an address (RFC 6890: not private, shared, loopback, link-local or multicast).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private()
                || shared
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_unspecified()
                || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unspecified())
        }
    }
}
