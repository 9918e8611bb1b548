//! Network interfaces and Elastic IPs as answers tell them. Builds no records of a world.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::keys;
use super::ledger::{Ledger, Place};
use super::reader::Item;
use crate::base::*;
use crate::control_plane::{Attachment, DEVICE_INDEX_MAX, InterfaceType, PrivateAddress, PublicAssociation};

/// What `describe-network-interfaces` says of one interface.
#[derive(Clone, Debug)]
pub(crate) struct InterfaceDraft {
    pub(crate) id: NetworkInterfaceId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) description: String,
    pub(crate) vpc_id: VpcId,
    pub(crate) subnet_id: SubnetId,
    /// The primary one first.
    pub(crate) private_addresses: Vec<PrivateAddress>,
    pub(crate) ipv6_addresses: Vec<Ipv6Addr>,
    pub(crate) groups: BTreeSet<SecurityGroupId>,
    pub(crate) source_dest_check: bool,
    pub(crate) interface_type: InterfaceType,
    pub(crate) attachment: Option<Attachment>,
    /// Blocks that are delegated to it, which is not modelled.
    pub(crate) prefixes: Vec<Cidr>,
    /// Whether it has a public name, which only a VPC with DNS hostnames gives.
    pub(crate) has_public_name: bool,
    /// Addresses of other kinds than public ones that its associations name (a carrier's, a customer's own).
    pub(crate) other_associations: Vec<String>,
}

/// What `describe-addresses` says of one Elastic IP.
#[derive(Clone, Debug)]
pub(crate) struct AddressDraft {
    pub(crate) allocation_id: AllocationId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) public_ip: Ipv4Addr,
    pub(crate) association: Option<AddressAssociationDraft>,
}

#[derive(Clone, Debug)]
pub(crate) struct AddressAssociationDraft {
    pub(crate) at: Place,
    pub(crate) association_id: AddressAssociationId,
    pub(crate) network_interface_id: NetworkInterfaceId,
    pub(crate) private_ip_address: Ipv4Addr,
}

/// Reads an interface, of its own call or inside an instance; `instance` is the one it stands in.
pub(crate) fn interface(item: Item<'_>, instance: Option<&InstanceId>, ledger: &mut Ledger) -> Option<InterfaceDraft> {
    item.known_keys("NetworkInterface", keys::NETWORK_INTERFACE, ledger);
    let id = item.need_id("NetworkInterfaceId", ledger);
    let vpc_id = item.need_refer("VpcId", ledger);
    let subnet_id = item.need_refer("SubnetId", ledger);
    let (private_addresses, other_associations) = private_addresses(item, ledger);
    let mut ipv6_addresses = Vec::new();
    for address in item.items("Ipv6Addresses", ledger) {
        address.need_text("Ipv6Address", ledger);
        ipv6_addresses.extend(address.ipv6("Ipv6Address", ledger));
    }
    let mut groups = BTreeSet::new();
    for group in item.items("Groups", ledger) {
        groups.extend(group.need_refer::<SecurityGroupId>("GroupId", ledger));
    }
    let mut prefixes = Vec::new();
    for (key, inner) in [("Ipv4Prefixes", "Ipv4Prefix"), ("Ipv6Prefixes", "Ipv6Prefix")] {
        for prefix in item.items(key, ledger) {
            prefixes.extend(prefix.need_cidr(inner, ledger));
        }
    }
    let attachment = attachment(item, instance, ledger);
    let description = item.text("Description", ledger).unwrap_or_default().to_owned();
    let served = attachment.as_ref().and_then(|attachment| attachment.instance_id.as_ref());
    let managed = item.flag("RequesterManaged", false, ledger) || attachment.is_some();
    let interface_type = match item.text("InterfaceType", ledger).unwrap_or("interface") {
        "nat_gateway" | "natGateway" => InterfaceType::NatGateway,
        "vpc_endpoint" => InterfaceType::VpcEndpoint,
        "interface" | "efa" | "efa-only" | "trunk" | "branch" if served.is_some() || !managed => {
            InterfaceType::Interface
        }
        // A load balancer's, a database's: attached, but to nothing of the account's own.
        "interface" => InterfaceType::Other("requester-managed".to_owned()),
        other => InterfaceType::Other(other.to_owned()),
    };
    Some(InterfaceDraft {
        tags: item.tags(ledger),
        description,
        private_addresses,
        ipv6_addresses,
        groups,
        source_dest_check: item.flag("SourceDestCheck", true, ledger),
        interface_type,
        attachment,
        prefixes,
        has_public_name: item.item("Association", ledger).is_some_and(|association| association.has("PublicDnsName")),
        other_associations,
        id: id?,
        vpc_id: vpc_id?,
        subnet_id: subnet_id?,
    })
}

/// The private addresses, the primary one first.
fn private_addresses(item: Item<'_>, ledger: &mut Ledger) -> (Vec<PrivateAddress>, Vec<String>) {
    let mut addresses: Vec<(bool, PrivateAddress)> = Vec::new();
    let mut others = Vec::new();
    for own in item.items("PrivateIpAddresses", ledger) {
        own.need_text("PrivateIpAddress", ledger);
        let Some(address) = own.ipv4("PrivateIpAddress", ledger) else { continue };
        if addresses.iter().any(|(_, other)| other.address == address) {
            ledger.error(own.place_of("PrivateIpAddress"), format!("{address} stands twice"));
            continue;
        }
        let association = public_association(own, &mut others, ledger);
        let secondary = !own.flag("Primary", addresses.is_empty(), ledger);
        addresses.push((secondary, PrivateAddress { address, association }));
    }
    addresses.sort_by_key(|(secondary, _)| *secondary);
    if addresses.is_empty()
        && let Some(address) = item.ipv4("PrivateIpAddress", ledger)
    {
        // Older answers name the primary address alone.
        addresses.push((false, PrivateAddress { address, association: public_association(item, &mut others, ledger) }));
    }
    (addresses.into_iter().map(|(_, address)| address).collect(), others)
}

fn public_association(item: Item<'_>, others: &mut Vec<String>, ledger: &mut Ledger) -> Option<PublicAssociation> {
    let association = item.item("Association", ledger)?;
    for key in ["CarrierIp", "CustomerOwnedIp"] {
        others.extend(association.text(key, ledger).map(|address| format!("{key} {address}")));
    }
    let public_ip = association.ipv4("PublicIp", ledger)?;
    // The Elastic IP may be described by another account's answer, or by none: its owner shares it with this one.
    let elastic = association.id("AllocationId", ledger).zip(association.id("AssociationId", ledger));
    Some(PublicAssociation { public_ip, elastic })
}

fn attachment(item: Item<'_>, instance: Option<&InstanceId>, ledger: &mut Ledger) -> Option<Attachment> {
    let attachment = item.item("Attachment", ledger)?;
    if matches!(attachment.text("Status", ledger), Some("detached" | "detaching")) {
        return None;
    }
    let owner = attachment.text("InstanceOwnerId", ledger);
    // An instance of somebody else's (a managed cluster's, for example) is in no answer of this account.
    let ours = owner.is_none_or(|owner| Some(owner) == item.text("OwnerId", ledger));
    let instance_id = match instance {
        Some(instance) => Some(instance.clone()),
        None if ours => attachment.refer("InstanceId", ledger),
        None => None,
    };
    // Each network card counts its own interfaces; behind the first card's stand those of the others.
    let card = attachment.number("NetworkCardIndex", ledger).unwrap_or(0);
    let device_index = attachment.number("DeviceIndex", ledger).unwrap_or(0);
    let device_index = card.saturating_mul(CARD_STEP).saturating_add(device_index);
    let Some(device_index) = u32::try_from(device_index).ok().filter(|index| *index <= DEVICE_INDEX_MAX) else {
        let key = if attachment.has("DeviceIndex") { "DeviceIndex" } else { "NetworkCardIndex" };
        let message = format!("{device_index} is not a device index: those lie between 0 and {DEVICE_INDEX_MAX}");
        ledger.error(attachment.place_of(key), message);
        return None;
    };
    let delete_on_termination = attachment.flag("DeleteOnTermination", false, ledger);
    Some(Attachment { instance_id, device_index, delete_on_termination })
}

/// How many places each network card has here; AWS's have fewer.
const CARD_STEP: i64 = 100;

pub(crate) fn address(item: Item<'_>, ledger: &mut Ledger) -> Option<AddressDraft> {
    item.known_keys("Address", keys::ADDRESS, ledger);
    if item.text("Domain", ledger) == Some("standard") {
        // An address of EC2-Classic.
        return None;
    }
    let allocation_id = item.need_id("AllocationId", ledger);
    item.need_text("PublicIp", ledger);
    let public_ip = item.ipv4("PublicIp", ledger);
    let association = item.has("AssociationId").then(|| {
        let association_id = item.id("AssociationId", ledger);
        let interface = item.need_refer("NetworkInterfaceId", ledger);
        item.need_text("PrivateIpAddress", ledger);
        let private = item.ipv4("PrivateIpAddress", ledger);
        Some(AddressAssociationDraft {
            at: item.place(),
            association_id: association_id?,
            network_interface_id: interface?,
            private_ip_address: private?,
        })
    });
    Some(AddressDraft {
        tags: item.tags(ledger),
        association: association.flatten(),
        allocation_id: allocation_id?,
        public_ip: public_ip?,
    })
}
