//! A network interface: its addresses, groups, attachment. The guard at its port is compiled elsewhere.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::base::*;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its id.
    pub id: NetworkInterfaceId,
    /// Its tags.
    pub tags: Tags,
    /// What it is for, in words.
    pub description: String,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// Its subnet, for life.
    pub subnet_id: SubnetId,
    /// The subnet's zone.
    pub availability_zone: AvailabilityZone,
    /// Its private IPv4 addresses; the first is the primary one.
    pub private_addresses: Vec<PrivateAddress>,
    /// Its IPv6 addresses.
    pub ipv6_addresses: Vec<Ipv6Addr>,
    /// Its security groups. Interfaces of AWS's own devices may have none.
    pub groups: BTreeSet<SecurityGroupId>,
    /// Whether it refuses what is not for or from its own addresses (facts V5).
    pub source_dest_check: bool,
    /// What kind of device it serves.
    pub interface_type: InterfaceType,
    /// What it is attached to.
    pub attachment: Option<Attachment>,
}

/// A private address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// The public address that the internet gateway translates it to.
    pub association: Option<PublicAssociation>,
}

/// A private address's public twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAssociation {
    /// The public address.
    pub public_ip: Ipv4Addr,
    /// If it is an Elastic IP: its allocation and association. Otherwise it came at launch.
    pub elastic: Option<(AllocationId, AddressAssociationId)>,
}

/// What an interface is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The instance; `None` for a device of AWS's own, such as a NAT gateway.
    pub instance_id: Option<InstanceId>,
    /// Its place on the instance; 0 is the primary interface.
    pub device_index: u32,
    /// Whether it goes when the instance is terminated.
    pub delete_on_termination: bool,
}

/// What kind of device an interface serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum InterfaceType {
    /// An instance's.
    #[default]
    Interface,
    /// A NAT gateway's.
    NatGateway,
    /// An interface endpoint's.
    VpcEndpoint,
    /// Of a service that this simulator does not model, in EC2's word.
    Other(String),
}

impl InterfaceType {
    /// EC2's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Interface => "interface",
            Self::NatGateway => "nat_gateway",
            Self::VpcEndpoint => "vpc_endpoint",
            Self::Other(word) => word,
        }
    }
}

impl NetworkInterface {
    /// Its primary private address.
    pub fn primary_address(&self) -> Option<Ipv4Addr> {
        self.private_addresses.first().map(|own| own.address)
    }

    /// All its own addresses, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.private_addresses.iter().map(|own| IpAddr::V4(own.address));
        v4.chain(self.ipv6_addresses.iter().map(|address| IpAddr::V6(*address)))
    }

    /// The public address of one of its private ones.
    pub fn public_address_of(&self, private: Ipv4Addr) -> Option<Ipv4Addr> {
        let own = self.private_addresses.iter().find(|own| own.address == private)?;
        own.association.as_ref().map(|association| association.public_ip)
    }

    /// The public address of its primary private address.
    pub fn public_address(&self) -> Option<Ipv4Addr> {
        self.public_address_of(self.primary_address()?)
    }

    /// The instance that it is attached to.
    pub fn instance_id(&self) -> Option<&InstanceId> {
        self.attachment.as_ref()?.instance_id.as_ref()
    }

    fn slot(&mut self, private: Ipv4Addr) -> Option<&mut PrivateAddress> {
        self.private_addresses.iter_mut().find(|own| own.address == private)
    }
}

action_struct! {
    /// Creates a network interface in a subnet.
    CreateNetworkInterface(
        /// The subnet.
        subnet_id: SubnetId,
    ) {
        /// The id, if it is not to be made.
        id: Option<NetworkInterfaceId>,
        /// Its tags.
        tags: Tags,
        /// What it is for.
        description: String,
        /// Its primary private address, if it is not to be the next free one.
        private_ip_address: Option<Ipv4Addr>,
        /// Secondary private addresses.
        secondary_private_ip_addresses: Vec<Ipv4Addr>,
        /// How many more secondary private addresses it gets.
        secondary_private_ip_address_count: u32,
        /// IPv6 addresses.
        ipv6_addresses: Vec<Ipv6Addr>,
        /// How many more IPv6 addresses it gets.
        ipv6_address_count: u32,
        /// Its security groups; otherwise the VPC's default group.
        security_group_ids: Vec<SecurityGroupId>,
    }
}

action_struct! {
    /// Attaches an interface to an instance of the same zone.
    AttachNetworkInterface(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
        /// The instance.
        instance_id: InstanceId,
        /// Its place on the instance.
        device_index: u32,
    ) {}
}

action_struct! {
    /// Detaches an interface that is not primary. EC2 names the attachment; here it is named by its interface.
    DetachNetworkInterface(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
    ) {}
}

action_struct! {
    /// Deletes a detached interface.
    DeleteNetworkInterface(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
    ) {}
}

action_struct! {
    /// Changes an interface's check or groups.
    ModifyNetworkInterfaceAttribute(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
    ) {
        /// Whether it refuses what is not for or from its own addresses.
        source_dest_check: Option<bool>,
        /// Its security groups, all of them.
        groups: Option<Vec<SecurityGroupId>>,
        /// What it is for.
        description: Option<String>,
    }
}

action_struct! {
    /// Gives an interface secondary private addresses.
    AssignPrivateIpAddresses(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
    ) {
        /// The addresses.
        private_ip_addresses: Vec<Ipv4Addr>,
        /// How many more it gets.
        secondary_private_ip_address_count: u32,
    }
}

action_struct! {
    /// Takes secondary private addresses away from an interface.
    UnassignPrivateIpAddresses(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
        /// The addresses.
        private_ip_addresses: Vec<Ipv4Addr>,
    ) {}
}

action_struct! {
    /// Gives an interface IPv6 addresses.
    AssignIpv6Addresses(
        /// The interface.
        network_interface_id: NetworkInterfaceId,
    ) {
        /// The addresses.
        ipv6_addresses: Vec<Ipv6Addr>,
        /// How many more it gets.
        ipv6_address_count: u32,
    }
}

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
    pub(super) ipv6_count: u32,
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
            ipv6_count: 0,
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
const ADDRESSES_MAX: usize = 50;

impl Perform for CreateNetworkInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let mut new = NewInterface {
            tags: self.tags.clone(),
            description: self.description.clone(),
            address: self.private_ip_address,
            secondary: self.secondary_private_ip_addresses.clone(),
            secondary_count: self.secondary_private_ip_address_count,
            ipv6: self.ipv6_addresses.clone(),
            ipv6_count: self.ipv6_address_count,
            groups: self.security_group_ids.iter().cloned().collect(),
            ..NewInterface::plain(self.subnet_id.clone())
        };
        cx.check_interfaces(&mut new, 1)?;
        let id = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        cx.write_interface(id, new);
        Ok(())
    }
}

impl Perform for AttachNetworkInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let eni = region.need_network_interface(&self.network_interface_id)?;
        let instance = region.need_instance(&self.instance_id)?;
        if eni.attachment.is_some() {
            let text = format!("Interface: [{}] in use", eni.id);
            return Err(ControlError::new(ErrorCode::InvalidNetworkInterfaceInUse, text));
        }
        if !instance.is_live() {
            return Err(wrong_state(instance));
        }
        if instance.availability_zone != eni.availability_zone || instance.vpc_id != eni.vpc_id {
            let text = "You may not attach a network interface to an instance if they are not in the same availability \
                        zone and VPC";
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        if instance.interfaces.contains_key(&self.device_index) {
            let text = format!(
                "Instance '{}' already has an interface attached at device index '{}'.",
                instance.id, self.device_index
            );
            return Err(ControlError::value(text));
        }
        if DEVICES_MAX <= instance.interfaces.len() || DEVICES_MAX <= self.device_index as usize {
            let text = format!("Interface count {} exceeds the limit", instance.interfaces.len() + 1);
            return Err(ControlError::new(ErrorCode::AttachmentLimitExceeded, text));
        }
        let attachment = Attachment {
            instance_id: Some(self.instance_id.clone()),
            device_index: self.device_index,
            delete_on_termination: false,
        };
        let (eni, instance) = (self.network_interface_id.clone(), self.instance_id.clone());
        let region = cx.region_mut();
        region.network_interfaces.get_mut(&eni).expect("looked up above").attachment = Some(attachment);
        let record = region.instances.get_mut(&instance).expect("looked up above");
        record.interfaces.insert(self.device_index, eni.clone());
        cx.touch(Touch::Instance(instance));
        cx.touch(Touch::NetworkInterface(eni.clone()));
        cx.refresh_routes(&RouteTarget::NetworkInterface(eni));
        Ok(())
    }
}

impl Perform for DetachNetworkInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let eni = cx.region().need_network_interface(&self.network_interface_id)?;
        let Some(attachment) = eni.attachment.clone() else {
            let text = format!("Interface '{}' is not attached", eni.id);
            return Err(ControlError::new(ErrorCode::InvalidAttachmentNotFound, text));
        };
        let Some(instance) = attachment.instance_id.clone() else {
            return Err(managed_by_aws(&self.network_interface_id));
        };
        if attachment.device_index == 0 {
            let text = "The network interface at device index 0 cannot be detached.";
            return Err(ControlError::new(ErrorCode::OperationNotPermitted, text));
        }
        let eni = self.network_interface_id.clone();
        let region = cx.region_mut();
        region.network_interfaces.get_mut(&eni).expect("looked up above").attachment = None;
        if let Some(instance) = region.instances.get_mut(&instance) {
            instance.interfaces.remove(&attachment.device_index);
        }
        cx.touch(Touch::Instance(instance));
        cx.touch(Touch::NetworkInterface(eni.clone()));
        cx.refresh_routes(&RouteTarget::NetworkInterface(eni));
        Ok(())
    }
}

impl Perform for DeleteNetworkInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let eni = cx.region().need_network_interface(&self.network_interface_id)?;
        if eni.attachment.is_some() {
            let text = format!("Network interface '{}' is currently in use.", eni.id);
            return Err(ControlError::new(ErrorCode::InvalidNetworkInterfaceInUse, text));
        }
        cx.drop_interface(&self.network_interface_id);
        Ok(())
    }
}

impl Perform for ModifyNetworkInterfaceAttribute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        cx.region().need_network_interface(&self.network_interface_id)?;
        if self.source_dest_check.is_none() && self.groups.is_none() && self.description.is_none() {
            return Err(ControlError::new(ErrorCode::MissingParameter, "No attribute was given to modify."));
        }
        cx.change_interface(&self.network_interface_id, self.source_dest_check, self.groups.as_deref())?;
        if let Some(description) = &self.description {
            let eni = cx.region_mut().network_interfaces.get_mut(&self.network_interface_id);
            eni.expect("looked up above").description.clone_from(description);
            cx.touch(Touch::NetworkInterface(self.network_interface_id.clone()));
        }
        Ok(())
    }
}

impl Perform for AssignPrivateIpAddresses {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let eni = region.need_network_interface(&self.network_interface_id)?;
        let subnet = region.need_subnet(&eni.subnet_id)?;
        let count = self.private_ip_addresses.len() + self.secondary_private_ip_address_count as usize;
        if count == 0 {
            return Err(ControlError::new(
                ErrorCode::MissingParameter,
                "Either addresses or their count are required.",
            ));
        }
        if ADDRESSES_MAX < eni.private_addresses.len().saturating_add(count) {
            let text = format!("Number of private addresses will exceed limit for interface '{}'.", eni.id);
            return Err(ControlError::new(ErrorCode::PrivateIpAddressLimitExceeded, text));
        }
        check_addresses(subnet, self.private_ip_addresses.iter().map(|a| IpAddr::V4(*a)))?;
        if subnet.available_address_count() < count {
            return Err(insufficient(subnet));
        }
        let (id, subnet) = (self.network_interface_id.clone(), eni.subnet_id.clone());
        for address in &self.private_ip_addresses {
            cx.take_address(&subnet, IpAddr::V4(*address), &id);
        }
        for _ in 0..self.secondary_private_ip_address_count {
            cx.take_next_address(&subnet, &id);
        }
        cx.touch_interface(&id);
        Ok(())
    }
}

impl Perform for UnassignPrivateIpAddresses {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let eni = cx.region().need_network_interface(&self.network_interface_id)?;
        for address in &self.private_ip_addresses {
            match eni.private_addresses.iter().position(|own| own.address == *address) {
                Some(0) => {
                    let text = format!("Address {address} is the primary address of interface '{}'", eni.id);
                    return Err(ControlError::value(text));
                }
                Some(_) => {}
                None => {
                    let text = format!("Some of [{address}] are not assigned to interface {}", eni.id);
                    return Err(ControlError::value(text));
                }
            }
        }
        let id = self.network_interface_id.clone();
        for address in &self.private_ip_addresses {
            cx.unmap_public(&id, *address);
            cx.free_address(&id, IpAddr::V4(*address));
        }
        cx.touch_interface(&id);
        Ok(())
    }
}

impl Perform for AssignIpv6Addresses {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let eni = region.need_network_interface(&self.network_interface_id)?;
        let subnet = region.need_subnet(&eni.subnet_id)?;
        let count = self.ipv6_addresses.len() + self.ipv6_address_count as usize;
        if ADDRESSES_MAX < eni.ipv6_addresses.len().saturating_add(count) {
            let text = format!("Number of IPv6 addresses will exceed limit for interface '{}'.", eni.id);
            return Err(ControlError::new(ErrorCode::PrivateIpAddressLimitExceeded, text));
        }
        check_ipv6(subnet, &self.ipv6_addresses, count)?;
        let (id, subnet) = (self.network_interface_id.clone(), eni.subnet_id.clone());
        for address in &self.ipv6_addresses {
            cx.take_address(&subnet, IpAddr::V6(*address), &id);
        }
        for _ in 0..self.ipv6_address_count {
            cx.take_next_ipv6_address(&subnet, &id);
        }
        cx.touch_interface(&id);
        Ok(())
    }
}

/// The most interfaces of one instance; AWS's largest instance types have 15 (EC2 User Guide, "Elastic network
/// interfaces").
const DEVICES_MAX: usize = 15;

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
        if ADDRESSES_MAX < new.v4_count() || ADDRESSES_MAX < new.ipv6.len() + new.ipv6_count as usize {
            let text = "Number of private addresses will exceed limit for the interface.";
            return Err(ControlError::new(ErrorCode::PrivateIpAddressLimitExceeded, text));
        }
        let given = new.address.iter().chain(&new.secondary).map(|address| IpAddr::V4(*address));
        check_addresses(subnet, given)?;
        if subnet.available_address_count() < new.v4_count().saturating_mul(copies) {
            return Err(insufficient(subnet));
        }
        check_ipv6(subnet, &new.ipv6, new.ipv6_count as usize)?;
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
        let ipv6_count =
            if new.ipv6.is_empty() && new.ipv6_count == 0 { u32::from(by_default) } else { new.ipv6_count };
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

    /// Gives a primary address a public one from the pool, which goes when the instance stops.
    pub(super) fn map_next_public(&mut self, id: &NetworkInterfaceId) {
        let Some(private) = self.region().network_interfaces.get(id).and_then(NetworkInterface::primary_address) else {
            return;
        };
        let Some(public_ip) = self.world.public_addresses.next() else { return };
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

    fn take_address(&mut self, subnet: &SubnetId, address: IpAddr, id: &NetworkInterfaceId) {
        let region = self.region_mut();
        region.subnets.get_mut(subnet).expect("checked before").addresses.take(address, id.clone());
        let eni = region.network_interfaces.get_mut(id).expect("checked before");
        match address {
            IpAddr::V4(address) => eni.private_addresses.push(PrivateAddress { address, association: None }),
            IpAddr::V6(address) => eni.ipv6_addresses.push(address),
        }
    }

    fn take_next_address(&mut self, subnet: &SubnetId, id: &NetworkInterfaceId) {
        let record = self.region_mut().subnets.get_mut(subnet).expect("checked before");
        if let Some(address) = record.next_address() {
            self.take_address(subnet, address, id);
        }
    }

    fn take_next_ipv6_address(&mut self, subnet: &SubnetId, id: &NetworkInterfaceId) {
        let record = self.region_mut().subnets.get_mut(subnet).expect("checked before");
        if let Some(address) = record.next_ipv6_address() {
            self.take_address(subnet, address, id);
        }
    }

    fn free_address(&mut self, id: &NetworkInterfaceId, address: IpAddr) {
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

fn check_addresses(subnet: &Subnet, given: impl Iterator<Item = IpAddr>) -> Result<(), ControlError> {
    let mut seen = BTreeSet::new();
    for address in given {
        if !seen.insert(address) {
            return Err(ControlError::value(format!("Address {address} is given twice")));
        }
        subnet.check_address(address)?;
    }
    Ok(())
}

fn check_ipv6(subnet: &Subnet, given: &[Ipv6Addr], count: usize) -> Result<(), ControlError> {
    if subnet.ipv6_cidr_block.is_none() && (0 < count || !given.is_empty()) {
        let text = format!("The subnet '{}' does not have an associated IPv6 CIDR block.", subnet.id);
        return Err(ControlError::value(text));
    }
    check_addresses(subnet, given.iter().map(|address| IpAddr::V6(*address)))
}

fn insufficient(subnet: &Subnet) -> ControlError {
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
