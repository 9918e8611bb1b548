//! A network interface: its addresses, groups, attachment. The guard at its port is compiled elsewhere.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::interface_writer::{ADDRESSES_MAX, check_addresses, check_ipv6, insufficient};
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

/// The largest device index that an account or a scenario can tell. AWS's own are far below it; an import counts those of
/// each network card behind those of the card before it.
pub const DEVICE_INDEX_MAX: u32 = 9_999;

/// How the interface of a device of AWS's own, a NAT gateway or an endpoint, is attached (measured: `live-aws`).
pub(super) const OF_AWS: Attachment = Attachment { instance_id: None, device_index: 1, delete_on_termination: false };

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
    /// The type of EC2's word.
    pub fn of_word(word: &str) -> Self {
        match word {
            "interface" => Self::Interface,
            "nat_gateway" => Self::NatGateway,
            "vpc_endpoint" => Self::VpcEndpoint,
            other => Self::Other(other.to_owned()),
        }
    }

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

    pub(super) fn slot(&mut self, private: Ipv4Addr) -> Option<&mut PrivateAddress> {
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
        /// How many more IPv6 addresses it gets; otherwise as the subnet says.
        ipv6_address_count: Option<u32>,
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
        /// Whether it goes when the instance that it is attached to is terminated.
        delete_on_termination: Option<bool>,
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
        let full = DEVICES_MAX <= instance.interfaces.len() || DEVICES_MAX <= self.device_index as usize;
        if cx.limited() && full {
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
        let eni = cx.region().need_network_interface(&self.network_interface_id)?;
        if self.delete_on_termination.is_some() && eni.attachment.is_none() {
            let text = format!("Interface '{}' is not attached", eni.id);
            return Err(ControlError::new(ErrorCode::InvalidAttachmentNotFound, text));
        }
        let nothing = self.source_dest_check.is_none()
            && self.groups.is_none()
            && self.description.is_none()
            && self.delete_on_termination.is_none();
        if nothing {
            return Err(ControlError::new(ErrorCode::MissingParameter, "No attribute was given to modify."));
        }
        cx.change_interface(&self.network_interface_id, self.source_dest_check, self.groups.as_deref())?;
        if let Some(delete) = self.delete_on_termination {
            let eni = cx.region_mut().network_interfaces.get_mut(&self.network_interface_id).expect("looked up above");
            if let Some(attachment) = &mut eni.attachment {
                attachment.delete_on_termination = delete;
            }
        }
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
