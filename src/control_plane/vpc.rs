//! A VPC: its blocks and attributes. What lies in it is told by the records themselves.

use std::net::IpAddr;

use super::*;
use crate::base::*;

/// A VPC.
#[derive(Clone, Debug, PartialEq)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Its tags.
    pub tags: Tags,
    /// Its IPv4 blocks; the first is the primary one, which can never go.
    pub cidr_blocks: Vec<Cidr>,
    /// Its IPv6 blocks.
    pub ipv6_cidr_blocks: Vec<Cidr>,
    /// Whether the VPC's resolver answers (facts V2, V3).
    pub enable_dns_support: bool,
    /// Whether instances with public addresses get public names (facts V3).
    pub enable_dns_hostnames: bool,
    /// What its instances are told by DHCP.
    pub dhcp_options_id: Option<DhcpOptionsId>,
    /// Which table is the main one.
    pub main_association: MainAssociation,
    /// The ACL of subnets that chose none.
    pub default_network_acl_id: NetworkAclId,
    /// The group of interfaces that chose none.
    pub default_security_group_id: SecurityGroupId,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// Whether EC2-Classic instances may be linked to it.
    pub classic_link_enabled: bool,
}

/// The main route table's association with its VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainAssociation {
    /// Its id.
    pub association_id: RouteTableAssociationId,
    /// The table.
    pub route_table_id: RouteTableId,
}

impl Vpc {
    /// The address that its resolver answers at beside 169.254.169.253: two behind the first of the primary block
    /// (facts V1, V2).
    pub fn resolver_address(&self) -> Option<IpAddr> {
        self.cidr_blocks.first()?.nth(2)
    }

    /// Whether an address lies in one of its blocks.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.blocks().any(|block| block.contains(address))
    }

    /// All its blocks, IPv4 first.
    pub fn blocks(&self) -> impl Iterator<Item = &Cidr> {
        self.cidr_blocks.iter().chain(&self.ipv6_cidr_blocks)
    }
}

action_struct! {
    /// Creates a VPC, with its main route table, default network ACL and default security group.
    CreateVpc(
        /// The primary block.
        cidr_block: Cidr,
    ) {
        /// The id, if it is not to be made.
        id: Option<VpcId>,
        /// Its tags.
        tags: Tags,
        /// Asks for an IPv6 block of Amazon's, a /56.
        amazon_provided_ipv6_cidr_block: bool,
        /// The IPv6 block, if it is not to be Amazon's next one.
        ipv6_cidr_block: Option<Cidr>,
        /// The id of its main route table, if it is not to be made.
        main_route_table_id: Option<RouteTableId>,
        /// The id of its default network ACL, if it is not to be made.
        default_network_acl_id: Option<NetworkAclId>,
        /// The id of its default security group, if it is not to be made.
        default_security_group_id: Option<SecurityGroupId>,
        /// Which DHCP options it gets, in place of a call of its own.
        dhcp_options: GivenDhcpOptions,
    }
}

/// Which DHCP options a new VPC gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GivenDhcpOptions {
    /// The region's own set, as EC2 does it.
    #[default]
    OfRegion,
    /// None at all.
    None,
    /// A certain set.
    Set(DhcpOptionsId),
}

action_struct! {
    /// Deletes a VPC that holds nothing but what it was created with.
    DeleteVpc(
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Changes a VPC's DNS attributes.
    ModifyVpcAttribute(
        /// The VPC.
        vpc_id: VpcId,
    ) {
        /// Whether its resolver answers.
        enable_dns_support: Option<bool>,
        /// Whether instances get public names.
        enable_dns_hostnames: Option<bool>,
    }
}

action_struct! {
    /// Adds a secondary IPv4 block, or an IPv6 block, to a VPC.
    AssociateVpcCidrBlock(
        /// The VPC.
        vpc_id: VpcId,
    ) {
        /// The IPv4 block.
        cidr_block: Option<Cidr>,
        /// Asks for an IPv6 block of Amazon's.
        amazon_provided_ipv6_cidr_block: bool,
        /// The IPv6 block, if it is not to be Amazon's next one.
        ipv6_cidr_block: Option<Cidr>,
    }
}

impl Perform for CreateVpc {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        check_ipv4_block(&self.cidr_block)?;
        let have = cx.region().vpcs.len();
        if let GivenDhcpOptions::Set(id) = &self.dhcp_options {
            cx.region().need_dhcp_options(id)?;
        }
        let limit = cx.limits().vpcs_per_region;
        cx.quota((have, 1, limit), ErrorCode::VpcLimitExceeded, "The maximum number of VPCs has been reached.")?;
        let ipv6 = wanted_ipv6(cx, self.amazon_provided_ipv6_cidr_block, self.ipv6_cidr_block)?;
        let name = self.tags.name.as_deref();
        let id: VpcId = cx.new_id(self.id.as_ref(), name)?;
        let inner = |what: &str| Some(format!("{id}/{what}"));
        let table_id: RouteTableId = cx.new_id(self.main_route_table_id.as_ref(), inner("main").as_deref())?;
        let acl_id: NetworkAclId = cx.new_id(self.default_network_acl_id.as_ref(), inner("default").as_deref())?;
        let group_id: SecurityGroupId =
            cx.new_id(self.default_security_group_id.as_ref(), inner("default").as_deref())?;
        let association_id = cx.fresh_id(id.as_str());

        let dhcp_options_id = match &self.dhcp_options {
            GivenDhcpOptions::OfRegion => Some(cx.default_dhcp_options()),
            GivenDhcpOptions::None => None,
            GivenDhcpOptions::Set(id) => Some(id.clone()),
        };
        let main_association = MainAssociation { association_id, route_table_id: table_id.clone() };
        let vpc = Vpc {
            id: id.clone(),
            tags: self.tags.clone(),
            cidr_blocks: vec![self.cidr_block],
            ipv6_cidr_blocks: ipv6.into_iter().collect(),
            enable_dns_support: true,
            enable_dns_hostnames: false,
            dhcp_options_id,
            main_association,
            default_network_acl_id: acl_id.clone(),
            default_security_group_id: group_id.clone(),
            is_default: false,
            classic_link_enabled: false,
        };
        let table = RouteTable::new(table_id.clone(), id.clone(), Tags::default(), vpc.blocks());
        let region = cx.region_mut();
        region.put_vpc(vpc);
        region.put_route_table(table);
        region.put_network_acl(NetworkAcl::default_of(acl_id.clone(), id.clone(), ipv6.is_some()));
        region.put_security_group(SecurityGroup::default_of(group_id.clone(), id.clone(), ipv6.is_some()));
        cx.created(id.clone());
        cx.created(table_id.clone());
        cx.created(acl_id.clone());
        cx.created(group_id.clone());
        cx.touch(Touch::Vpc(id));
        cx.touch(Touch::RouteTable(table_id));
        cx.touch(Touch::NetworkAcl(acl_id));
        cx.touch(Touch::SecurityGroup(group_id));
        Ok(())
    }
}

impl Perform for DeleteVpc {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let vpc = region.need_vpc(&self.vpc_id)?.clone();
        let contents = region.contents.get(&vpc.id).cloned().unwrap_or_default();
        // What the VPC was created with goes with it; everything else must have gone before. A live gateway endpoint
        // counts (facts E11, C7: reported, not reproduced everywhere).
        let holds_more = !contents.subnets.is_empty()
            || 1 < contents.route_tables.len()
            || 1 < contents.network_acls.len()
            || 1 < contents.security_groups.len()
            || !contents.vpc_endpoints.is_empty()
            || contents.nat_gateways.iter().any(|id| region.nat_gateways.get(id).is_some_and(NatGateway::is_live))
            || !contents.egress_only_internet_gateways.is_empty()
            || contents.internet_gateway.is_some()
            || contents.vpn_gateway.is_some()
            || cx.world.has_live_peering(&vpc.id)
            || cx.classic_links(&vpc.id);
        if holds_more {
            return Err(ControlError::dependency("vpc", &vpc.id));
        }
        let region = cx.region_mut();
        for nat in &contents.nat_gateways {
            region.nat_gateways.remove(nat);
        }
        region.drop_route_table(&vpc.main_association.route_table_id);
        region.table_associations.remove(&vpc.main_association.association_id);
        region.network_acls.remove(&vpc.default_network_acl_id);
        region.security_groups.remove(&vpc.default_security_group_id);
        region.contents.remove(&vpc.id);
        region.vpcs.remove(&vpc.id);
        cx.touch(Touch::Vpc(vpc.id));
        cx.touch(Touch::RouteTable(vpc.main_association.route_table_id));
        cx.touch(Touch::NetworkAcl(vpc.default_network_acl_id));
        cx.touch(Touch::SecurityGroup(vpc.default_security_group_id));
        Ok(())
    }
}

impl Perform for ModifyVpcAttribute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        cx.region().need_vpc(&self.vpc_id)?;
        match (self.enable_dns_support, self.enable_dns_hostnames) {
            (None, None) => {
                return Err(ControlError::new(ErrorCode::MissingParameter, "No attribute was given to modify."));
            }
            (Some(_), Some(_)) => {
                // EC2 API reference, ModifyVpcAttribute: the two cannot be modified in one request.
                let text = "Fields for multiple attribute types specified";
                return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        let vpc = cx.region_mut().vpcs.get_mut(&self.vpc_id).expect("looked up above");
        vpc.enable_dns_support = self.enable_dns_support.unwrap_or(vpc.enable_dns_support);
        vpc.enable_dns_hostnames = self.enable_dns_hostnames.unwrap_or(vpc.enable_dns_hostnames);
        cx.touch(Touch::Vpc(self.vpc_id.clone()));
        Ok(())
    }
}

impl Perform for AssociateVpcCidrBlock {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let vpc = cx.region().need_vpc(&self.vpc_id)?.clone();
        let ipv6 = wanted_ipv6(cx, self.amazon_provided_ipv6_cidr_block, self.ipv6_cidr_block)?;
        if self.cidr_block.is_none() && ipv6.is_none() {
            return Err(ControlError::new(
                ErrorCode::MissingParameter,
                "Either CidrBlock or an IPv6 block is required.",
            ));
        }
        if let Some(block) = &self.cidr_block {
            check_ipv4_block(block)?;
            let limit = cx.limits().ipv4_blocks_per_vpc;
            let text = "This network has reached its limit of CIDR blocks.";
            cx.quota((vpc.cidr_blocks.len(), 1, limit), ErrorCode::VpcCidrBlockLimitExceeded, text)?;
            if vpc.cidr_blocks.iter().any(|have| have.overlaps(block)) {
                let text = format!("The CIDR '{block}' conflicts with another CIDR block of the VPC");
                return Err(ControlError::new(ErrorCode::InvalidVpcRange, text));
            }
            refuse_covered_routes(cx.region(), &vpc, block)?;
            if cx.world.peer_overlaps(&vpc.id, block) {
                let text = format!("The CIDR '{block}' overlaps a CIDR block of a peered VPC");
                return Err(ControlError::new(ErrorCode::InvalidVpcRange, text));
            }
        }
        let new: Vec<Cidr> = self.cidr_block.into_iter().chain(ipv6).collect();
        let tables = cx.region().contents.get(&vpc.id).map(|c| c.route_tables.clone()).unwrap_or_default();
        let region = cx.region_mut();
        let record = region.vpcs.get_mut(&vpc.id).expect("looked up above");
        record.cidr_blocks.extend(self.cidr_block);
        record.ipv6_cidr_blocks.extend(ipv6);
        for table in &tables {
            for block in &new {
                region.put_route(table, Route::local(*block));
            }
        }
        if ipv6.is_some() && vpc.ipv6_cidr_blocks.is_empty() {
            cx.open_defaults_to_ipv6(&vpc);
        }
        for table in tables {
            cx.touch(Touch::RouteTable(table));
        }
        cx.touch(Touch::Vpc(vpc.id));
        Ok(())
    }
}

impl Context<'_> {
    /// With its first IPv6 block, a VPC's default ACL and default group let IPv6 through as they do IPv4.
    fn open_defaults_to_ipv6(&mut self, vpc: &Vpc) {
        let region = self.region_mut();
        if let Some(acl) = region.network_acls.get_mut(&vpc.default_network_acl_id) {
            acl.allow_all(101, Cidr::ALL_V6);
        }
        if let Some(group) = region.security_groups.get_mut(&vpc.default_security_group_id) {
            group.egress.insert(SecurityGroupRule::cidr(Protocol::All, Cidr::ALL_V6));
        }
        self.touch(Touch::NetworkAcl(vpc.default_network_acl_id.clone()));
        self.touch(Touch::SecurityGroup(vpc.default_security_group_id.clone()));
    }
}

impl Region {
    pub(super) fn put_vpc(&mut self, vpc: Vpc) {
        self.table_associations.insert(vpc.main_association.association_id.clone(), TableUser::Main(vpc.id.clone()));
        self.contents.entry(vpc.id.clone()).or_default();
        self.vpcs.insert(vpc.id.clone(), vpc);
    }
}

/// Blocks of VPCs and subnets are /16 to /28 (facts V1).
fn check_ipv4_block(block: &Cidr) -> Result<(), ControlError> {
    if block.is_v4() && (16..=28).contains(&block.prefix_len()) {
        return Ok(());
    }
    let text = format!("The CIDR '{block}' is invalid.");
    Err(ControlError::new(ErrorCode::InvalidVpcRange, text))
}

/// A secondary block must be smaller than the destination of every existing route that it meets (facts RT18).
fn refuse_covered_routes(region: &Region, vpc: &Vpc, block: &Cidr) -> Result<(), ControlError> {
    let tables = region.contents.get(&vpc.id).into_iter().flat_map(|contents| &contents.route_tables);
    for table in tables.filter_map(|id| region.route_tables.get(id)) {
        for route in table.routes() {
            if let Destination::Cidr(destination) = route.destination
                && block.covers(&destination)
            {
                let text = format!(
                    "The CIDR '{block}' is equal to or larger than the destination {destination} of a route in {}",
                    table.id
                );
                return Err(ControlError::new(ErrorCode::InvalidVpcRange, text));
            }
        }
    }
    Ok(())
}

/// The IPv6 block that a VPC shall get: the given one, or the next of Amazon's.
fn wanted_ipv6(cx: &mut Context<'_>, provided: bool, given: Option<Cidr>) -> Result<Option<Cidr>, ControlError> {
    if let Some(block) = given {
        if block.is_v4() || !(44..=60).contains(&block.prefix_len()) {
            return Err(ControlError::new(ErrorCode::InvalidVpcRange, format!("The CIDR '{block}' is invalid.")));
        }
        return Ok(Some(block));
    }
    if !provided {
        return Ok(None);
    }
    // Documentation addresses (RFC 3849) stand for Amazon's blocks: one /56 after another.
    let taken: Vec<Cidr> = cx
        .world
        .regions()
        .flat_map(|(_, region)| region.vpcs.values().flat_map(|vpc| vpc.ipv6_cidr_blocks.clone()))
        .collect();
    loop {
        cx.counter += 1;
        let number = u128::from(cx.counter % (1 << 24));
        let address = (0x2001_0db8_u128 << 96) | (number << 72);
        let block = Cidr::new(IpAddr::V6(address.into()), 56).expect("56 is a length of IPv6");
        if !taken.iter().any(|have| have.overlaps(&block)) {
            return Ok(Some(block));
        }
    }
}
