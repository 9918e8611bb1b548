//! VPCs, their attributes, their DHCP options and their subnets, as answers tell them. Builds no records of a world.

use std::net::IpAddr;

use super::keys;
use super::ledger::Ledger;
use super::reader::Item;
use crate::base::*;
use crate::control_plane::NameServer;

/// What `describe-vpcs` says of one VPC.
#[derive(Clone, Debug)]
pub(crate) struct VpcDraft {
    pub(crate) id: VpcId,
    pub(crate) tags: Vec<(String, String)>,
    /// The primary block first.
    pub(crate) cidr_blocks: Vec<Cidr>,
    pub(crate) ipv6_cidr_blocks: Vec<Cidr>,
    pub(crate) dhcp_options_id: Option<DhcpOptionsId>,
    pub(crate) is_default: bool,
    /// The word for a block on public access, if one holds.
    pub(crate) public_access_block: Option<String>,
}

/// What `describe-vpc-attribute` says; each call tells one attribute.
#[derive(Clone, Debug)]
pub(crate) struct VpcAttributeDraft {
    pub(crate) vpc_id: VpcId,
    pub(crate) enable_dns_support: Option<bool>,
    pub(crate) enable_dns_hostnames: Option<bool>,
}

/// What `describe-dhcp-options` says of one set.
#[derive(Clone, Debug)]
pub(crate) struct DhcpOptionsDraft {
    pub(crate) id: DhcpOptionsId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) domain_name_servers: Vec<NameServer>,
    pub(crate) domain_name: Option<String>,
}

/// What `describe-subnets` says of one subnet.
#[derive(Clone, Debug)]
pub(crate) struct SubnetDraft {
    pub(crate) id: SubnetId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) availability_zone: AvailabilityZone,
    pub(crate) cidr_block: Cidr,
    pub(crate) ipv6_cidr_block: Option<Cidr>,
    pub(crate) map_public_ip_on_launch: bool,
    pub(crate) assign_ipv6_address_on_creation: bool,
    /// Whether the resolver answers queries from here about names that have IPv4 addresses alone with IPv6 ones (DNS64).
    pub(crate) enable_dns64: bool,
}

pub(crate) fn vpc(item: Item<'_>, ledger: &mut Ledger) -> Option<VpcDraft> {
    item.known_keys("Vpc", keys::VPC, ledger);
    let id = item.need_id("VpcId", ledger);
    let primary = item.need_cidr("CidrBlock", ledger);
    let mut cidr_blocks: Vec<Cidr> = primary.into_iter().collect();
    for association in item.items("CidrBlockAssociationSet", ledger) {
        let block = association.need_cidr("CidrBlock", ledger);
        let live = is_associated(association, "CidrBlockState", ledger);
        cidr_blocks.extend(block.filter(|block| live && Some(*block) != primary));
    }
    let mut ipv6_cidr_blocks = Vec::new();
    for association in item.items("Ipv6CidrBlockAssociationSet", ledger) {
        let block = association.need_cidr("Ipv6CidrBlock", ledger);
        let live = is_associated(association, "Ipv6CidrBlockState", ledger);
        ipv6_cidr_blocks.extend(block.filter(|_| live));
    }
    let states = item.item("BlockPublicAccessStates", ledger);
    let mode = states.and_then(|states| states.text("InternetGatewayBlockMode", ledger));
    Some(VpcDraft {
        tags: item.tags(ledger),
        dhcp_options_id: item
            .text("DhcpOptionsId", ledger)
            .filter(|id| *id != "default")
            .and_then(|_| item.id("DhcpOptionsId", ledger)),
        is_default: item.flag("IsDefault", false, ledger),
        public_access_block: mode.filter(|mode| *mode != "off").map(str::to_owned),
        cidr_blocks,
        ipv6_cidr_blocks,
        id: id.filter(|_| primary.is_some())?,
    })
}

pub(crate) fn vpc_attribute(item: Item<'_>, ledger: &mut Ledger) -> Option<VpcAttributeDraft> {
    let mut value = |key: &str| {
        let attribute = item.item(key, ledger)?;
        attribute.get("Value").map(|_| attribute.flag("Value", false, ledger))
    };
    let enable_dns_support = value("EnableDnsSupport");
    let enable_dns_hostnames = value("EnableDnsHostnames");
    Some(VpcAttributeDraft { vpc_id: item.need_refer("VpcId", ledger)?, enable_dns_support, enable_dns_hostnames })
}

pub(crate) fn dhcp_options(item: Item<'_>, ledger: &mut Ledger) -> Option<DhcpOptionsDraft> {
    item.known_keys("DhcpOptions", keys::DHCP_OPTIONS, ledger);
    let mut domain_name_servers = Vec::new();
    let mut domain_name = None;
    for option in item.items("DhcpConfigurations", ledger) {
        let Some(key) = option.need_text("Key", ledger) else { continue };
        for value in option.items("Values", ledger) {
            let Some(text) = value.need_text("Value", ledger) else { continue };
            match key {
                "domain-name-servers" if text == "AmazonProvidedDNS" => {
                    domain_name_servers.push(NameServer::AmazonProvidedDns);
                }
                "domain-name-servers" => match text.parse::<IpAddr>() {
                    Ok(address) => domain_name_servers.push(NameServer::Address(address)),
                    Err(_) => ledger.error(value.place_of("Value"), format!("`{text}` is not an address")),
                },
                "domain-name" => domain_name = Some(text.to_owned()),
                // NTP and NetBIOS servers say nothing of the network.
                _ => {}
            }
        }
    }
    let tags = item.tags(ledger);
    Some(DhcpOptionsDraft { id: item.need_id("DhcpOptionsId", ledger)?, tags, domain_name_servers, domain_name })
}

/// Reads a subnet; of one without IPv4 addresses, which is not modelled, only the id.
pub(crate) fn subnet(item: Item<'_>, ledger: &mut Ledger) -> Option<Result<SubnetDraft, SubnetId>> {
    item.known_keys("Subnet", keys::SUBNET, ledger);
    let id = item.need_id("SubnetId", ledger);
    let vpc_id = item.need_refer("VpcId", ledger);
    let zone = "a name of an Availability Zone";
    item.need_text("AvailabilityZone", ledger);
    let availability_zone = item.parsed("AvailabilityZone", zone, AvailabilityZone::parse, ledger);
    let mut ipv6_cidr_block = None;
    for association in item.items("Ipv6CidrBlockAssociationSet", ledger) {
        let block = association.need_cidr("Ipv6CidrBlock", ledger);
        if is_associated(association, "Ipv6CidrBlockState", ledger) {
            ipv6_cidr_block = block.or(ipv6_cidr_block);
        }
    }
    if item.flag("Ipv6Native", false, ledger) {
        return id.map(Err);
    }
    let cidr_block = item.need_cidr("CidrBlock", ledger);
    Some(Ok(SubnetDraft {
        tags: item.tags(ledger),
        map_public_ip_on_launch: item.flag("MapPublicIpOnLaunch", false, ledger),
        assign_ipv6_address_on_creation: item.flag("AssignIpv6AddressOnCreation", false, ledger),
        enable_dns64: item.flag("EnableDns64", false, ledger),
        ipv6_cidr_block,
        id: id?,
        vpc_id: vpc_id?,
        availability_zone: availability_zone?,
        cidr_block: cidr_block?,
    }))
}

/// Whether a block's association holds; one that does not say so does.
fn is_associated(association: Item<'_>, key: &str, ledger: &mut Ledger) -> bool {
    let state = association.item(key, ledger).and_then(|state| state.text("State", ledger));
    state.is_none_or(|state| matches!(state, "associated" | "associating"))
}
