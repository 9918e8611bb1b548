//! A network ACL: its numbered entries and the subnets that use it. The stateless filter is compiled elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::base::*;

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAcl {
    /// Its id.
    pub id: NetworkAclId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// Whether it is the one of subnets that chose none.
    pub is_default: bool,
    /// What it says about packets that enter its subnets, by number.
    pub ingress: BTreeMap<u16, NetworkAclEntry>,
    /// What it says about packets that leave them, by number.
    pub egress: BTreeMap<u16, NetworkAclEntry>,
    /// The subnets that use it.
    pub subnets: BTreeSet<SubnetId>,
}

/// One numbered entry. The first that matches decides; behind all of them stands the deny that AWS writes `*` (facts
/// A1, A2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAclEntry {
    /// The traffic.
    pub protocol: Protocol,
    /// The other side. It is always a block: an ACL cannot name a prefix list (rule R22).
    pub cidr_block: Cidr,
    /// What happens.
    pub rule_action: RuleAction,
}

/// What an entry does with a packet.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleAction {
    /// It passes.
    Allow,
    /// It is dropped.
    Deny,
}

impl RuleAction {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl NetworkAcl {
    /// The number of the final deny for IPv4, and behind it the one for IPv6 (facts A2).
    pub const FINAL_DENY: u16 = 32_767;

    /// A VPC's default ACL: rule 100 allows everything both ways (facts A2), rule 101 the same for IPv6 where the VPC
    /// has a block of it.
    pub(super) fn default_of(id: NetworkAclId, vpc_id: VpcId, ipv6: bool) -> Self {
        let mut acl = Self { is_default: true, ..Self::new(id, vpc_id) };
        acl.allow_all(100, Cidr::ALL_V4);
        if ipv6 {
            acl.allow_all(101, Cidr::ALL_V6);
        }
        acl
    }

    /// Allows everything both ways under a number, unless the number is in use.
    pub(super) fn allow_all(&mut self, number: u16, cidr_block: Cidr) {
        let entry = NetworkAclEntry { protocol: Protocol::All, cidr_block, rule_action: RuleAction::Allow };
        self.ingress.entry(number).or_insert_with(|| entry.clone());
        self.egress.entry(number).or_insert(entry);
    }

    /// An ACL that only denies.
    pub fn new(id: NetworkAclId, vpc_id: VpcId) -> Self {
        Self {
            id,
            tags: Tags::default(),
            vpc_id,
            is_default: false,
            ingress: BTreeMap::new(),
            egress: BTreeMap::new(),
            subnets: BTreeSet::new(),
        }
    }

    /// Its entries of one direction.
    pub fn entries(&self, egress: bool) -> &BTreeMap<u16, NetworkAclEntry> {
        if egress { &self.egress } else { &self.ingress }
    }

    fn entries_mut(&mut self, egress: bool) -> &mut BTreeMap<u16, NetworkAclEntry> {
        if egress { &mut self.egress } else { &mut self.ingress }
    }
}

action_struct! {
    /// Creates a network ACL, which denies everything (facts A2).
    CreateNetworkAcl(
        /// Its VPC.
        vpc_id: VpcId,
    ) {
        /// The id, if it is not to be made.
        id: Option<NetworkAclId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Deletes a network ACL that no subnet uses.
    DeleteNetworkAcl(
        /// The ACL.
        network_acl_id: NetworkAclId,
    ) {}
}

action_struct! {
    /// Adds an entry.
    CreateNetworkAclEntry(
        /// The ACL.
        network_acl_id: NetworkAclId,
        /// Its number, 1 to 32766.
        rule_number: u16,
        /// Whether it is about packets that leave the subnet.
        egress: bool,
        /// The traffic.
        protocol: Protocol,
        /// What happens.
        rule_action: RuleAction,
    ) {
        /// The other side.
        cidr_block: Option<Cidr>,
        /// A prefix list as the other side, which EC2 refuses (rule R22).
        prefix_list_id: Option<PrefixListId>,
    }
}

action_struct! {
    /// Puts an entry in place of the one of the same number.
    ReplaceNetworkAclEntry(
        /// The ACL.
        network_acl_id: NetworkAclId,
        /// Its number.
        rule_number: u16,
        /// Whether it is about packets that leave the subnet.
        egress: bool,
        /// The traffic.
        protocol: Protocol,
        /// What happens.
        rule_action: RuleAction,
    ) {
        /// The other side.
        cidr_block: Option<Cidr>,
        /// A prefix list as the other side, which EC2 refuses (rule R22).
        prefix_list_id: Option<PrefixListId>,
    }
}

action_struct! {
    /// Removes an entry.
    DeleteNetworkAclEntry(
        /// The ACL.
        network_acl_id: NetworkAclId,
        /// Its number.
        rule_number: u16,
        /// Whether it is about packets that leave the subnet.
        egress: bool,
    ) {}
}

action_struct! {
    /// Gives a subnet another ACL. EC2 names the association; it may also be named by its subnet here.
    ReplaceNetworkAclAssociation(
        /// The ACL to use from now on.
        network_acl_id: NetworkAclId,
    ) {
        /// The association.
        association_id: Option<NetworkAclAssociationId>,
        /// The subnet.
        subnet_id: Option<SubnetId>,
    }
}

impl Perform for CreateNetworkAcl {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        region.need_vpc(&self.vpc_id)?;
        let have = region.contents.get(&self.vpc_id).map_or(0, |contents| contents.network_acls.len());
        let limit = cx.limits().network_acls_per_vpc;
        let text = "The maximum number of network ACLs has been reached.";
        cx.quota((have, 1, limit), ErrorCode::NetworkAclLimitExceeded, text)?;
        let id: NetworkAclId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let acl = NetworkAcl { tags: self.tags.clone(), ..NetworkAcl::new(id.clone(), self.vpc_id.clone()) };
        cx.region_mut().put_network_acl(acl);
        cx.created(id.clone());
        cx.touch(Touch::NetworkAcl(id));
        Ok(())
    }
}

impl Perform for DeleteNetworkAcl {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let acl = cx.region().need_network_acl(&self.network_acl_id)?;
        if acl.is_default {
            let text = format!("cannot delete default network ACL {}", acl.id);
            return Err(ControlError::value(text));
        }
        if !acl.subnets.is_empty() {
            return Err(ControlError::dependency("networkAcl", &acl.id));
        }
        let (id, vpc) = (acl.id.clone(), acl.vpc_id.clone());
        let region = cx.region_mut();
        region.network_acls.remove(&id);
        region.contents_mut(&vpc).network_acls.remove(&id);
        cx.touch(Touch::NetworkAcl(id));
        Ok(())
    }
}

impl Perform for CreateNetworkAclEntry {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let acl = cx.region().need_network_acl(&self.network_acl_id)?;
        let entry = entry(self.cidr_block, self.prefix_list_id.as_ref(), self.protocol, self.rule_action)?;
        check_number(self.rule_number)?;
        let entries = acl.entries(self.egress);
        if entries.contains_key(&self.rule_number) {
            let text = format!("The network acl entry identified by {} already exists.", self.rule_number);
            return Err(ControlError::new(ErrorCode::NetworkAclEntryAlreadyExists, text));
        }
        // The final deny counts (facts 1.5); each family has one and a quota of its own.
        let same_family = entries.values().filter(|e| e.cidr_block.is_v4() == entry.cidr_block.is_v4()).count();
        let limit = cx.limits().entries_per_acl;
        let text = "The maximum number of network ACL entries has been reached.";
        cx.quota((same_family + 1, 1, limit), ErrorCode::NetworkAclEntryLimitExceeded, text)?;
        cx.write_entry(&self.network_acl_id, self.egress, self.rule_number, entry);
        Ok(())
    }
}

impl Perform for ReplaceNetworkAclEntry {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let acl = cx.region().need_network_acl(&self.network_acl_id)?;
        let entry = entry(self.cidr_block, self.prefix_list_id.as_ref(), self.protocol, self.rule_action)?;
        need_entry(acl, self.egress, self.rule_number)?;
        cx.write_entry(&self.network_acl_id, self.egress, self.rule_number, entry);
        Ok(())
    }
}

impl Perform for DeleteNetworkAclEntry {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        need_entry(cx.region().need_network_acl(&self.network_acl_id)?, self.egress, self.rule_number)?;
        let acl = cx.region_mut().network_acls.get_mut(&self.network_acl_id).expect("looked up above");
        acl.entries_mut(self.egress).remove(&self.rule_number);
        cx.touch(Touch::NetworkAcl(self.network_acl_id.clone()));
        Ok(())
    }
}

impl Perform for ReplaceNetworkAclAssociation {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let acl = region.need_network_acl(&self.network_acl_id)?;
        let subnet_id = match (&self.association_id, &self.subnet_id) {
            (Some(id), None) => region
                .acl_associations
                .get(id)
                .ok_or_else(|| ControlError::not_found(ErrorCode::InvalidAssociationIdNotFound, "association", id))?,
            (None, Some(id)) => id,
            (Some(_), Some(_)) | (None, None) => {
                let text = "Either the association or the subnet must be specified";
                return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
            }
        };
        let subnet = region.need_subnet(subnet_id)?;
        if subnet.vpc_id != acl.vpc_id {
            let text = format!("network ACL {} and subnet {subnet_id} belong to different networks", acl.id);
            return Err(ControlError::value(text));
        }
        let (before, subnet_id) = (subnet.network_acl_association.clone(), subnet_id.clone());
        let association_id: NetworkAclAssociationId = cx.fresh_id(subnet_id.as_str());
        let after =
            AclAssociation { association_id: association_id.clone(), network_acl_id: self.network_acl_id.clone() };
        let region = cx.region_mut();
        region.acl_associations.remove(&before.association_id);
        region.acl_associations.insert(association_id.clone(), subnet_id.clone());
        if let Some(acl) = region.network_acls.get_mut(&before.network_acl_id) {
            acl.subnets.remove(&subnet_id);
        }
        region.network_acls.get_mut(&self.network_acl_id).expect("looked up above").subnets.insert(subnet_id.clone());
        region.subnets.get_mut(&subnet_id).expect("looked up above").network_acl_association = after;
        cx.created(association_id);
        cx.touch(Touch::Subnet(subnet_id));
        Ok(())
    }
}

impl Context<'_> {
    fn write_entry(&mut self, id: &NetworkAclId, egress: bool, number: u16, entry: NetworkAclEntry) {
        let acl = self.region_mut().network_acls.get_mut(id).expect("the caller looked it up");
        acl.entries_mut(egress).insert(number, entry);
        self.touch(Touch::NetworkAcl(id.clone()));
    }
}

fn entry(
    cidr_block: Option<Cidr>,
    prefix_list_id: Option<&PrefixListId>,
    protocol: Protocol,
    rule_action: RuleAction,
) -> Result<NetworkAclEntry, ControlError> {
    if let Some(list) = prefix_list_id {
        // Rule R22, facts E8. EC2 has no such parameter; the answer to a list in place of a block is UNSOURCED.
        let text = format!("Value ({list}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
        return Err(ControlError::value(text));
    }
    let Some(cidr_block) = cidr_block else {
        let text = "The request must contain the parameter cidrBlock";
        return Err(ControlError::new(ErrorCode::MissingParameter, text));
    };
    Ok(NetworkAclEntry { protocol, cidr_block, rule_action })
}

/// Numbers 1 to 32766 are the customer's (facts A1).
fn check_number(number: u16) -> Result<(), ControlError> {
    if (1..NetworkAcl::FINAL_DENY).contains(&number) {
        return Ok(());
    }
    let text = format!("Value ({number}) for parameter ruleNumber is invalid. It must be between 1 and 32766.");
    Err(ControlError::value(text))
}

fn need_entry(acl: &NetworkAcl, egress: bool, number: u16) -> Result<(), ControlError> {
    if acl.entries(egress).contains_key(&number) {
        return Ok(());
    }
    let way = if egress { "egress" } else { "ingress" };
    let text = format!("The {way} network acl entry identified by {number} does not exist.");
    Err(ControlError::new(ErrorCode::InvalidNetworkAclEntryNotFound, text))
}

impl Region {
    pub(super) fn put_network_acl(&mut self, acl: NetworkAcl) {
        self.contents_mut(&acl.vpc_id).network_acls.insert(acl.id.clone());
        self.network_acls.insert(acl.id.clone(), acl);
    }
}
