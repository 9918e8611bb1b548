//! How interfaces are checked, made, changed and taken away, for every action that does so. No action by itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::base::*;

/// An interface about to be made: first checked, then written.
#[derive(Clone, Debug)]
pub(super) struct NewInterface {
    pub(super) subnet_id: SubnetId,
    pub(super) tags: Tags,
    pub(super) description: String,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) secondary: Vec<Ipv4Addr>,
    pub(super) secondary_count: u32,
    pub(super) ipv6: Vec<Ipv6Addr>,
    /// How many more IPv6 addresses; `None` as the subnet says.
    pub(super) ipv6_count: Option<u32>,
    pub(super) groups: BTreeSet<SecurityGroupId>,
    pub(super) interface_type: InterfaceType,
    pub(super) attachment: Option<Attachment>,
}

impl NewInterface {
    pub(super) fn plain(subnet_id: SubnetId) -> Self {
        Self {
            subnet_id,
            tags: Tags::default(),
            description: String::new(),
            address: None,
            secondary: Vec::new(),
            secondary_count: 0,
            ipv6: Vec::new(),
            ipv6_count: None,
            groups: BTreeSet::new(),
            interface_type: InterfaceType::Interface,
            attachment: None,
        }
    }

    fn v4_count(&self) -> usize {
        1 + self.secondary.len() + self.secondary_count as usize
    }
}

/// The most addresses of each family that one interface takes here; AWS's largest instance types have 50.
pub(super) const ADDRESSES_MAX: usize = 50;
/// The same where no quota holds.
const DESCRIBED_ADDRESSES_MAX: usize = 10_000;

impl Context<'_> {
    /// Looks at everything that could refuse `copies` interfaces like this, and fills in the default group.
    pub(super) fn check_interfaces(&self, new: &mut NewInterface, copies: usize) -> Result<(), ControlError> {
        let region = self.region();
        let subnet = region.need_subnet(&new.subnet_id)?;
        let vpc = region.need_vpc(&subnet.vpc_id)?;
        if new.groups.is_empty() && new.interface_type != InterfaceType::NatGateway {
            new.groups.insert(vpc.default_security_group_id.clone());
        }
        self.check_groups(&subnet.vpc_id, &new.groups)?;
        // A described account may have types that take more.
        let most = if self.limited() { ADDRESSES_MAX } else { DESCRIBED_ADDRESSES_MAX };
        if most < new.v4_count() || most < new.ipv6.len().saturating_add(new.ipv6_count.unwrap_or(0) as usize) {
            let text = "Number of private addresses will exceed limit for the interface.";
            return Err(ControlError::new(ErrorCode::PrivateIpAddressLimitExceeded, text));
        }
        let given = new.address.iter().chain(&new.secondary).map(|address| IpAddr::V4(*address));
        check_addresses(subnet, given)?;
        if subnet.available_address_count() < new.v4_count().saturating_mul(copies) {
            return Err(insufficient(subnet));
        }
        check_ipv6(subnet, &new.ipv6, new.ipv6_count.unwrap_or(0) as usize)?;
        let limit = self.limits().interfaces_per_region;
        let text = "The maximum number of network interfaces has been reached.";
        let have = region.network_interfaces.len();
        self.quota((have, copies, limit), ErrorCode::NetworkInterfaceLimitExceeded, text)
    }

    /// Groups must exist, be of the VPC, and not be too many.
    pub(super) fn check_groups(&self, vpc: &VpcId, groups: &BTreeSet<SecurityGroupId>) -> Result<(), ControlError> {
        for id in groups {
            let group = self.region().need_security_group(id)?;
            if group.vpc_id != *vpc {
                let text = "You have specified two resources that belong to different networks.";
                return Err(ControlError::new(ErrorCode::InvalidGroupNotFound, text));
            }
        }
        let limit = self.limits().groups_per_interface;
        let text = "The maximum number of security groups per interface has been reached.";
        self.quota((0, groups.len(), limit), ErrorCode::SecurityGroupsPerInterfaceLimitExceeded, text)
    }

    /// Makes a checked interface.
    pub(super) fn write_interface(&mut self, id: NetworkInterfaceId, new: NewInterface) {
        let subnet = self.region().subnets.get(&new.subnet_id).expect("checked before");
        let eni = NetworkInterface {
            id: id.clone(),
            tags: new.tags,
            description: new.description,
            vpc_id: subnet.vpc_id.clone(),
            subnet_id: new.subnet_id.clone(),
            availability_zone: subnet.availability_zone.clone(),
            private_addresses: Vec::new(),
            ipv6_addresses: Vec::new(),
            groups: new.groups,
            source_dest_check: new.interface_type != InterfaceType::NatGateway,
            interface_type: new.interface_type,
            attachment: new.attachment,
        };
        let by_default = subnet.assign_ipv6_address_on_creation && eni.interface_type == InterfaceType::Interface;
        let ipv6_count = new.ipv6_count.unwrap_or(u32::from(by_default && new.ipv6.is_empty()));
        self.region_mut().put_interface(eni);
        // Addresses that were asked for are taken before free ones are looked for.
        for address in &new.secondary {
            let subnet = self.region_mut().subnets.get_mut(&new.subnet_id).expect("checked before");
            subnet.addresses.take(IpAddr::V4(*address), id.clone());
        }
        match new.address {
            Some(address) => self.take_address(&new.subnet_id, IpAddr::V4(address), &id),
            None => self.take_next_address(&new.subnet_id, &id),
        }
        for address in new.secondary {
            self.take_address(&new.subnet_id, IpAddr::V4(address), &id);
        }
        for _ in 0..new.secondary_count {
            self.take_next_address(&new.subnet_id, &id);
        }
        for address in new.ipv6 {
            self.take_address(&new.subnet_id, IpAddr::V6(address), &id);
        }
        for _ in 0..ipv6_count {
            self.take_next_ipv6_address(&new.subnet_id, &id);
        }
        self.created(id.clone());
        self.touch_interface(&id);
    }

    /// Deletes an interface, wherever it is attached: addresses, memberships and public twins go with it.
    pub(super) fn drop_interface(&mut self, id: &NetworkInterfaceId) {
        let Some(eni) = self.region().network_interfaces.get(id).cloned() else { return };
        for own in &eni.private_addresses {
            self.unmap_public(id, own.address);
        }
        self.touch_interface(id);
        for address in eni.addresses() {
            self.free_address(id, address);
        }
        let region = self.region_mut();
        for group in &eni.groups {
            if let Some(group) = region.security_groups.get_mut(group) {
                group.members.remove(id);
            }
        }
        let contents = region.contents_mut(&eni.vpc_id);
        contents.interface_count = contents.interface_count.saturating_sub(1);
        region.network_interfaces.remove(id);
        self.refresh_routes(&RouteTarget::NetworkInterface(id.clone()));
    }

    /// Changes an interface's check and groups; checks first.
    pub(super) fn change_interface(
        &mut self,
        id: &NetworkInterfaceId,
        source_dest_check: Option<bool>,
        groups: Option<&[SecurityGroupId]>,
    ) -> Result<(), ControlError> {
        let eni = self.region().need_network_interface(id)?;
        let before = eni.groups.clone();
        let groups: Option<BTreeSet<SecurityGroupId>> = groups.map(|groups| groups.iter().cloned().collect());
        if let Some(groups) = &groups {
            if eni.interface_type == InterfaceType::NatGateway {
                return Err(managed_by_aws(id));
            }
            if groups.is_empty() {
                let text = "You must specify at least one security group";
                return Err(ControlError::new(ErrorCode::InvalidParameterValue, text));
            }
            self.check_groups(&eni.vpc_id, groups)?;
        }
        let region = self.region_mut();
        let eni = region.network_interfaces.get_mut(id).expect("looked up above");
        eni.source_dest_check = source_dest_check.unwrap_or(eni.source_dest_check);
        if let Some(groups) = groups {
            eni.groups.clone_from(&groups);
            for group in before.difference(&groups) {
                if let Some(group) = region.security_groups.get_mut(group) {
                    group.members.remove(id);
                }
            }
            for group in groups.difference(&before) {
                region.security_groups.get_mut(group).expect("checked above").members.insert(id.clone());
            }
            for group in before.symmetric_difference(&groups) {
                self.touch(Touch::GroupMembers(group.clone()));
            }
        }
        self.touch(Touch::NetworkInterface(id.clone()));
        Ok(())
    }

    /// Notes that an interface, and with it the membership of its groups, changed.
    pub(super) fn touch_interface(&mut self, id: &NetworkInterfaceId) {
        let groups = self.region().network_interfaces.get(id).map(|eni| eni.groups.clone()).unwrap_or_default();
        for group in groups {
            self.touch(Touch::GroupMembers(group));
        }
        self.touch(Touch::NetworkInterface(id.clone()));
    }

    /// Joins a private address with a public one at the internet gateway.
    pub(super) fn map_public(&mut self, id: &NetworkInterfaceId, private: Ipv4Addr, to: PublicAssociation) {
        let region = self.region_mut();
        let eni = region.network_interfaces.get_mut(id).expect("the caller looked it up");
        let vpc = eni.vpc_id.clone();
        eni.slot(private).expect("the caller looked it up").association = Some(to);
        region.contents_mut(&vpc).public_count += 1;
        self.touch(Touch::NetworkInterface(id.clone()));
    }

    /// Gives a primary address a public one, the next of the pool unless it is given, which goes when the instance stops.
    pub(super) fn map_launch_public(&mut self, id: &NetworkInterfaceId, given: Option<Ipv4Addr>) {
        let Some(private) = self.region().network_interfaces.get(id).and_then(NetworkInterface::primary_address) else {
            return;
        };
        let Some(public_ip) = given.or_else(|| self.world.public_addresses.next()) else { return };
        let holder = PublicHolder::Interface(self.scope.clone(), id.clone());
        self.world.public_addresses.take(public_ip, holder);
        self.map_public(id, private, PublicAssociation { public_ip, elastic: None });
    }

    /// Parts a private address from its public one. An Elastic IP stays allocated; any other goes back to the pool.
    pub(super) fn unmap_public(&mut self, id: &NetworkInterfaceId, private: Ipv4Addr) {
        let region = self.region_mut();
        let Some(eni) = region.network_interfaces.get_mut(id) else { return };
        let vpc = eni.vpc_id.clone();
        let Some(association) = eni.slot(private).and_then(|own| own.association.take()) else { return };
        let contents = region.contents_mut(&vpc);
        contents.public_count = contents.public_count.saturating_sub(1);
        match association.elastic {
            Some((allocation, association)) => {
                region.address_associations.remove(&association);
                if let Some(ip) = region.elastic_ips.get_mut(&allocation) {
                    ip.association = None;
                }
                self.touch(Touch::ElasticIp(allocation));
            }
            None => self.world.public_addresses.release(association.public_ip),
        }
        self.touch(Touch::NetworkInterface(id.clone()));
    }

    pub(super) fn take_address(&mut self, subnet: &SubnetId, address: IpAddr, id: &NetworkInterfaceId) {
        let region = self.region_mut();
        region.subnets.get_mut(subnet).expect("checked before").addresses.take(address, id.clone());
        let eni = region.network_interfaces.get_mut(id).expect("checked before");
        match address {
            IpAddr::V4(address) => eni.private_addresses.push(PrivateAddress { address, association: None }),
            IpAddr::V6(address) => eni.ipv6_addresses.push(address),
        }
    }

    pub(super) fn take_next_address(&mut self, subnet: &SubnetId, id: &NetworkInterfaceId) {
        let record = self.region_mut().subnets.get_mut(subnet).expect("checked before");
        if let Some(address) = record.next_address() {
            self.take_address(subnet, address, id);
        }
    }

    pub(super) fn take_next_ipv6_address(&mut self, subnet: &SubnetId, id: &NetworkInterfaceId) {
        let record = self.region_mut().subnets.get_mut(subnet).expect("checked before");
        if let Some(address) = record.next_ipv6_address() {
            self.take_address(subnet, address, id);
        }
    }

    pub(super) fn free_address(&mut self, id: &NetworkInterfaceId, address: IpAddr) {
        let region = self.region_mut();
        let Some(eni) = region.network_interfaces.get_mut(id) else { return };
        match address {
            IpAddr::V4(address) => eni.private_addresses.retain(|own| own.address != address),
            IpAddr::V6(address) => eni.ipv6_addresses.retain(|own| *own != address),
        }
        if let Some(subnet) = region.subnets.get_mut(&eni.subnet_id)
            && let Some(block) = subnet.block_of(address)
        {
            subnet.addresses.release(&block, address);
        }
    }
}

impl Region {
    /// Adds an interface to the records and to the indices over them.
    pub(super) fn put_interface(&mut self, eni: NetworkInterface) {
        for group in &eni.groups {
            if let Some(group) = self.security_groups.get_mut(group) {
                group.members.insert(eni.id.clone());
            }
        }
        let public = eni.private_addresses.iter().filter(|own| own.association.is_some()).count();
        let contents = self.contents_mut(&eni.vpc_id);
        contents.interface_count += 1;
        contents.public_count += public;
        if let Some(subnet) = self.subnets.get_mut(&eni.subnet_id) {
            for address in eni.addresses() {
                subnet.addresses.take(address, eni.id.clone());
            }
        }
        self.network_interfaces.insert(eni.id.clone(), eni);
    }
}

pub(super) fn check_addresses(subnet: &Subnet, given: impl Iterator<Item = IpAddr>) -> Result<(), ControlError> {
    let mut seen = BTreeSet::new();
    for address in given {
        if !seen.insert(address) {
            return Err(ControlError::value(format!("Address {address} is given twice")));
        }
        subnet.check_address(address)?;
    }
    Ok(())
}

pub(super) fn check_ipv6(subnet: &Subnet, given: &[Ipv6Addr], count: usize) -> Result<(), ControlError> {
    if subnet.ipv6_cidr_block.is_none() && (0 < count || !given.is_empty()) {
        let text = format!("The subnet '{}' does not have an associated IPv6 CIDR block.", subnet.id);
        return Err(ControlError::value(text));
    }
    check_addresses(subnet, given.iter().map(|address| IpAddr::V6(*address)))
}

pub(super) fn insufficient(subnet: &Subnet) -> ControlError {
    let text = format!("The specified subnet does not have enough free addresses: {}", subnet.id);
    ControlError::new(ErrorCode::InsufficientFreeAddressesInSubnet, text)
}

/// An interface of a NAT gateway or an endpoint is AWS's to change.
pub(super) fn managed_by_aws(id: &NetworkInterfaceId) -> ControlError {
    let text = format!("You do not have permission to modify the network interface {id}, which AWS manages.");
    ControlError::new(ErrorCode::OperationNotPermitted, text)
}

/// An instance is not in a state that allows what was asked.
pub(super) fn wrong_state(instance: &Instance) -> ControlError {
    let text = format!(
        "The instance '{}' is not in a state from which it can do that: it is {}.",
        instance.id,
        instance.state.as_str()
    );
    ControlError::new(ErrorCode::IncorrectInstanceState, text)
}
