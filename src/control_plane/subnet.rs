//! A subnet: its blocks, its zone, which addresses are taken, which table and ACL it uses. Moves no packets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::base::*;

/// A subnet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// The one zone it lies in.
    pub availability_zone: AvailabilityZone,
    /// Its IPv4 block.
    pub cidr_block: Cidr,
    /// Its IPv6 block, a /64.
    pub ipv6_cidr_block: Option<Cidr>,
    /// Whether instances launched here get a public address unless they say otherwise.
    pub map_public_ip_on_launch: bool,
    /// Whether interfaces made here get an IPv6 address unless they say otherwise.
    pub assign_ipv6_address_on_creation: bool,
    /// Its explicit association; without one it uses the main table (facts RT19).
    pub route_table_association: Option<TableAssociation>,
    /// The one ACL it uses (facts A1).
    pub network_acl_association: AclAssociation,
    /// Who has which of its addresses.
    pub addresses: AddressBook,
}

/// A subnet's explicit use of a route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableAssociation {
    /// Its id.
    pub association_id: RouteTableAssociationId,
    /// The table.
    pub route_table_id: RouteTableId,
}

/// A subnet's use of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclAssociation {
    /// Its id.
    pub association_id: NetworkAclAssociationId,
    /// The ACL.
    pub network_acl_id: NetworkAclId,
}

impl Subnet {
    /// Whether AWS keeps an address of the IPv4 block for itself: the first four and the last (facts V1).
    pub fn is_reserved(&self, address: IpAddr) -> bool {
        let first_four = (0..4).any(|index| self.cidr_block.nth(index) == Some(address));
        first_four || address == self.cidr_block.last()
    }

    /// The address of its router, one behind the first (facts V1).
    pub fn router_address(&self) -> Option<IpAddr> {
        self.cidr_block.nth(1)
    }

    /// How many IPv4 addresses interfaces can still get.
    pub fn available_address_count(&self) -> usize {
        let usable = usize::try_from(self.cidr_block.size()).unwrap_or(usize::MAX).saturating_sub(RESERVED);
        usable.saturating_sub(self.addresses.v4_count)
    }

    /// The block of the given address's family.
    pub fn block_of(&self, address: IpAddr) -> Option<Cidr> {
        let blocks = [Some(self.cidr_block), self.ipv6_cidr_block];
        blocks.into_iter().flatten().find(|block| block.contains(address))
    }

    /// The next free IPv4 address; `None` if there is none.
    pub(super) fn next_address(&mut self) -> Option<IpAddr> {
        let last = self.cidr_block.size().saturating_sub(1);
        let from = self.addresses.cursor_v4.max(4);
        let free = (from..last).find(|index| {
            self.cidr_block.nth(*index).is_some_and(|address| !self.addresses.owners.contains_key(&address))
        })?;
        self.addresses.cursor_v4 = free;
        self.cidr_block.nth(free)
    }

    /// The next free IPv6 address; `None` without a block.
    pub(super) fn next_ipv6_address(&mut self) -> Option<IpAddr> {
        let block = self.ipv6_cidr_block?;
        let from = self.addresses.cursor_v6.max(4);
        let free = (from..block.size())
            .find(|index| block.nth(*index).is_some_and(|address| !self.addresses.owners.contains_key(&address)))?;
        self.addresses.cursor_v6 = free;
        block.nth(free)
    }

    /// Whether an interface could get this address.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), ControlError> {
        if self.block_of(address).is_none() {
            return Err(ControlError::value(format!(
                "Address {address} does not fall within the subnet's address range"
            )));
        }
        if self.is_reserved(address) {
            return Err(ControlError::value(format!("Address {address} is in subnet's reserved address range")));
        }
        if self.addresses.owners.contains_key(&address) {
            let text = format!("Address {address} is in use.");
            return Err(ControlError::new(ErrorCode::InvalidIpAddressInUse, text));
        }
        Ok(())
    }
}

/// How many addresses of a subnet AWS keeps (facts V1: /24 gives 251).
const RESERVED: usize = 5;

/// Which of a subnet's addresses are taken, and by whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddressBook {
    owners: BTreeMap<IpAddr, NetworkInterfaceId>,
    v4_count: usize,
    /// All places before this one are taken.
    cursor_v4: u128,
    cursor_v6: u128,
}

impl AddressBook {
    /// The interface that has an address.
    pub fn owner(&self, address: IpAddr) -> Option<&NetworkInterfaceId> {
        self.owners.get(&address)
    }

    /// All taken addresses.
    pub fn iter(&self) -> impl Iterator<Item = (&IpAddr, &NetworkInterfaceId)> {
        self.owners.iter()
    }

    /// Whether no interface has an address here.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    pub(super) fn take(&mut self, address: IpAddr, owner: NetworkInterfaceId) {
        if self.owners.insert(address, owner).is_none() && address.is_ipv4() {
            self.v4_count += 1;
        }
    }

    pub(super) fn release(&mut self, block: &Cidr, address: IpAddr) {
        if self.owners.remove(&address).is_none() {
            return;
        }
        let place = match (block.network(), address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => u128::from(u32::from(address).saturating_sub(u32::from(first))),
            (IpAddr::V6(first), IpAddr::V6(address)) => u128::from(address).saturating_sub(u128::from(first)),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return,
        };
        if address.is_ipv4() {
            self.v4_count -= 1;
            self.cursor_v4 = self.cursor_v4.min(place);
        } else {
            self.cursor_v6 = self.cursor_v6.min(place);
        }
    }
}

action_struct! {
    /// Creates a subnet.
    CreateSubnet(
        /// Its VPC.
        vpc_id: VpcId,
        /// Its IPv4 block.
        cidr_block: Cidr,
    ) {
        /// The id, if it is not to be made.
        id: Option<SubnetId>,
        /// Its tags.
        tags: Tags,
        /// Its zone; otherwise the region's first.
        availability_zone: Option<AvailabilityZone>,
        /// Its IPv6 block, a /64 of the VPC's.
        ipv6_cidr_block: Option<Cidr>,
    }
}

action_struct! {
    /// Deletes a subnet without interfaces.
    DeleteSubnet(
        /// The subnet.
        subnet_id: SubnetId,
    ) {}
}

action_struct! {
    /// Changes which addresses instances get at launch.
    ModifySubnetAttribute(
        /// The subnet.
        subnet_id: SubnetId,
    ) {
        /// Whether they get a public IPv4 address.
        map_public_ip_on_launch: Option<bool>,
        /// Whether interfaces get an IPv6 address.
        assign_ipv6_address_on_creation: Option<bool>,
    }
}

action_struct! {
    /// Gives a subnet an IPv6 block.
    AssociateSubnetCidrBlock(
        /// The subnet.
        subnet_id: SubnetId,
        /// The block, a /64 of the VPC's.
        ipv6_cidr_block: Cidr,
    ) {}
}

impl Perform for CreateSubnet {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let vpc = region.need_vpc(&self.vpc_id)?;
        let acl_id = vpc.default_network_acl_id.clone();
        let zone = cx.zone(self.availability_zone.as_ref())?;
        let block = self.cidr_block;
        let fits = (16..=28).contains(&block.prefix_len()) && vpc.cidr_blocks.iter().any(|have| have.covers(&block));
        if !block.is_v4() || !fits {
            let text = format!("The CIDR '{block}' is invalid.");
            return Err(ControlError::new(ErrorCode::InvalidSubnetRange, text));
        }
        check_free(region, &vpc.id, &block)?;
        if let Some(ipv6) = &self.ipv6_cidr_block {
            check_ipv6_block(cx.era(), region, vpc, ipv6)?;
        }
        let have = region.contents.get(&vpc.id).map_or(0, |contents| contents.subnets.len());
        let limit = cx.limits().subnets_per_vpc;
        let text = "The maximum number of subnets has been reached.";
        cx.quota((have, 1, limit), ErrorCode::SubnetLimitExceeded, text)?;
        let id: SubnetId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let association_id = cx.fresh_id(id.as_str());

        let subnet = Subnet {
            id: id.clone(),
            tags: self.tags.clone(),
            vpc_id: self.vpc_id.clone(),
            availability_zone: zone,
            cidr_block: block,
            ipv6_cidr_block: self.ipv6_cidr_block,
            map_public_ip_on_launch: false,
            assign_ipv6_address_on_creation: false,
            route_table_association: None,
            network_acl_association: AclAssociation { association_id, network_acl_id: acl_id },
            addresses: AddressBook::default(),
        };
        cx.region_mut().put_subnet(subnet);
        cx.created(id.clone());
        cx.touch(Touch::Subnet(id));
        Ok(())
    }
}

impl Perform for DeleteSubnet {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let subnet = cx.region().need_subnet(&self.subnet_id)?.clone();
        if !subnet.addresses.is_empty() {
            return Err(ControlError::dependency("subnet", &self.subnet_id));
        }
        let region = cx.region_mut();
        if let Some(association) = &subnet.route_table_association {
            region.table_associations.remove(&association.association_id);
            if let Some(table) = region.route_tables.get_mut(&association.route_table_id) {
                table.subnets.remove(&subnet.id);
            }
        }
        region.acl_associations.remove(&subnet.network_acl_association.association_id);
        if let Some(acl) = region.network_acls.get_mut(&subnet.network_acl_association.network_acl_id) {
            acl.subnets.remove(&subnet.id);
        }
        let contents = region.contents_mut(&subnet.vpc_id);
        contents.subnets.remove(&subnet.id);
        for block in [Some(subnet.cidr_block), subnet.ipv6_cidr_block].into_iter().flatten() {
            contents.blocks.remove(&block.network());
        }
        region.subnets.remove(&subnet.id);
        cx.touch(Touch::Subnet(subnet.id));
        Ok(())
    }
}

impl Perform for ModifySubnetAttribute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let subnet = cx.region().need_subnet(&self.subnet_id)?;
        if self.map_public_ip_on_launch.is_none() && self.assign_ipv6_address_on_creation.is_none() {
            return Err(ControlError::new(ErrorCode::MissingParameter, "No attribute was given to modify."));
        }
        if self.assign_ipv6_address_on_creation == Some(true) && subnet.ipv6_cidr_block.is_none() {
            let text = format!("The subnet '{}' does not have an associated IPv6 CIDR block.", subnet.id);
            return Err(ControlError::value(text));
        }
        let subnet = cx.region_mut().subnets.get_mut(&self.subnet_id).expect("looked up above");
        subnet.map_public_ip_on_launch = self.map_public_ip_on_launch.unwrap_or(subnet.map_public_ip_on_launch);
        subnet.assign_ipv6_address_on_creation =
            self.assign_ipv6_address_on_creation.unwrap_or(subnet.assign_ipv6_address_on_creation);
        cx.touch(Touch::Subnet(self.subnet_id.clone()));
        Ok(())
    }
}

impl Perform for AssociateSubnetCidrBlock {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let subnet = region.need_subnet(&self.subnet_id)?;
        let vpc_id = subnet.vpc_id.clone();
        if subnet.ipv6_cidr_block.is_some() {
            let text = format!("The subnet '{}' already has an IPv6 CIDR block.", subnet.id);
            return Err(ControlError::value(text));
        }
        check_ipv6_block(cx.era(), region, region.need_vpc(&vpc_id)?, &self.ipv6_cidr_block)?;
        let block = self.ipv6_cidr_block;
        let id = self.subnet_id.clone();
        let region = cx.region_mut();
        region.subnets.get_mut(&id).expect("looked up above").ipv6_cidr_block = Some(block);
        region.contents_mut(&vpc_id).blocks.insert(block.network(), (block, id.clone()));
        cx.touch(Touch::Subnet(id));
        Ok(())
    }
}

impl Region {
    pub(super) fn put_subnet(&mut self, subnet: Subnet) {
        let contents = self.contents_mut(&subnet.vpc_id);
        contents.subnets.insert(subnet.id.clone());
        for block in [Some(subnet.cidr_block), subnet.ipv6_cidr_block].into_iter().flatten() {
            contents.blocks.insert(block.network(), (block, subnet.id.clone()));
        }
        let association = &subnet.network_acl_association;
        self.acl_associations.insert(association.association_id.clone(), subnet.id.clone());
        if let Some(acl) = self.network_acls.get_mut(&association.network_acl_id) {
            acl.subnets.insert(subnet.id.clone());
        }
        if let Some(association) = &subnet.route_table_association {
            let user = TableUser::Subnet(subnet.id.clone());
            self.table_associations.insert(association.association_id.clone(), user);
            if let Some(table) = self.route_tables.get_mut(&association.route_table_id) {
                table.subnets.insert(subnet.id.clone());
            }
        }
        self.subnets.insert(subnet.id.clone(), subnet);
    }
}

/// Refuses a block that meets another subnet's.
fn check_free(region: &Region, vpc: &VpcId, block: &Cidr) -> Result<(), ControlError> {
    let Some(contents) = region.contents.get(vpc) else { return Ok(()) };
    // Blocks are disjoint, so only the last that begins at or before the end can meet it.
    let neighbor = contents.blocks.range(..=block.last()).next_back();
    if neighbor.is_some_and(|(_, (other, _))| other.overlaps(block)) {
        let text = format!("The CIDR '{block}' conflicts with another subnet");
        return Err(ControlError::new(ErrorCode::InvalidSubnetConflict, text));
    }
    Ok(())
}

fn check_ipv6_block(era: Era, region: &Region, vpc: &Vpc, block: &Cidr) -> Result<(), ControlError> {
    // A /64 in the document's time; /44 to /64 in steps of four today (VPC User Guide, "Subnet CIDR blocks").
    let length = block.prefix_len();
    let of_length = length == 64 || (era == Era::Current && (44..64).contains(&length) && length % 4 == 0);
    let fits = !block.is_v4() && of_length && vpc.ipv6_cidr_blocks.iter().any(|b| b.covers(block));
    if !fits {
        return Err(ControlError::new(ErrorCode::InvalidSubnetRange, format!("The CIDR '{block}' is invalid.")));
    }
    check_free(region, &vpc.id, block)
}
