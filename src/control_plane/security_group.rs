//! A security group: its rules and members. The stateful filter is compiled elsewhere.

use std::collections::BTreeSet;
use std::fmt;

use super::*;
use crate::base::*;

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its tags.
    pub tags: Tags,
    /// Its group name, unique in its VPC.
    pub group_name: String,
    /// What it is for, in words.
    pub description: String,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// What may come in.
    pub ingress: BTreeSet<SecurityGroupRule>,
    /// What may go out.
    pub egress: BTreeSet<SecurityGroupRule>,
    /// The interfaces that it is attached to: an index over the interfaces.
    pub(super) members: BTreeSet<NetworkInterfaceId>,
}

/// One thing that a group allows. There are no rules that deny (facts S1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecurityGroupRule {
    /// The traffic.
    pub protocol: Protocol,
    /// The other side.
    pub peer: Peer,
}

/// The other side of a rule: source of what comes in, destination of what goes out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A block.
    Cidr(Cidr),
    /// The private addresses of a group's members (facts S3).
    Group(GroupReference),
    /// The blocks of a prefix list (rule R35).
    PrefixList(PrefixListId),
}

/// A group named in a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupReference {
    /// The group.
    pub group_id: SecurityGroupId,
    /// Its account, if it is another one: a group of a peered VPC.
    pub account: Option<AccountId>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(block) => write!(f, "{block}"),
            Self::Group(group) => write!(f, "{}", group.group_id),
            Self::PrefixList(list) => write!(f, "{list}"),
        }
    }
}

impl fmt::Display for SecurityGroupRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.peer)
    }
}

impl SecurityGroupRule {
    /// A rule about a block.
    pub const fn cidr(protocol: Protocol, block: Cidr) -> Self {
        Self { protocol, peer: Peer::Cidr(block) }
    }

    /// A rule about the members of a group.
    pub const fn group(protocol: Protocol, group_id: SecurityGroupId) -> Self {
        Self { protocol, peer: Peer::Group(GroupReference { group_id, account: None }) }
    }

    /// A rule about a prefix list.
    pub const fn prefix_list(protocol: Protocol, list: PrefixListId) -> Self {
        Self { protocol, peer: Peer::PrefixList(list) }
    }

    fn names_list(&self, list: &PrefixListId) -> bool {
        matches!(&self.peer, Peer::PrefixList(own) if own == list)
    }
}

impl SecurityGroup {
    /// A VPC's default group: everything in from its own members, everything out (facts S1).
    pub(super) fn default_of(id: SecurityGroupId, vpc_id: VpcId, ipv6: bool) -> Self {
        let from_itself = SecurityGroupRule::group(Protocol::All, id.clone());
        Self {
            id,
            tags: Tags::default(),
            group_name: DEFAULT.to_owned(),
            description: "default VPC security group".to_owned(),
            vpc_id,
            ingress: BTreeSet::from([from_itself]),
            egress: everything(ipv6),
            members: BTreeSet::new(),
        }
    }

    /// A group as an account describes it. Its members are the interfaces that name it.
    pub fn new(id: SecurityGroupId, vpc_id: VpcId, group_name: String) -> Self {
        Self {
            id,
            tags: Tags::default(),
            group_name,
            description: String::new(),
            vpc_id,
            ingress: BTreeSet::new(),
            egress: BTreeSet::new(),
            members: BTreeSet::new(),
        }
    }

    /// The interfaces that it is attached to.
    pub fn members(&self) -> &BTreeSet<NetworkInterfaceId> {
        &self.members
    }

    /// Whether a rule of it names this prefix list.
    pub fn uses_list(&self, list: &PrefixListId) -> bool {
        self.ingress.iter().chain(&self.egress).any(|rule| rule.names_list(list))
    }

    /// Whether a rule of it names this group.
    pub fn uses_group(&self, id: &SecurityGroupId) -> bool {
        let mut rules = self.ingress.iter().chain(&self.egress);
        rules.any(|rule| matches!(&rule.peer, Peer::Group(group) if group.group_id == *id))
    }

    fn rules_mut(&mut self, way: Way) -> &mut BTreeSet<SecurityGroupRule> {
        match way {
            Way::Ingress => &mut self.ingress,
            Way::Egress => &mut self.egress,
        }
    }

    fn rules(&self, way: Way) -> &BTreeSet<SecurityGroupRule> {
        match way {
            Way::Ingress => &self.ingress,
            Way::Egress => &self.egress,
        }
    }
}

/// The outbound rules of a new group: everything (rule R34), also by IPv6 where the VPC has a block of it.
fn everything(ipv6: bool) -> BTreeSet<SecurityGroupRule> {
    let blocks = [Some(Cidr::ALL_V4), ipv6.then_some(Cidr::ALL_V6)];
    blocks.into_iter().flatten().map(|block| SecurityGroupRule::cidr(Protocol::All, block)).collect()
}

/// Which of a group's two lists.
#[derive(Copy, Clone)]
enum Way {
    Ingress,
    Egress,
}

/// The name that only a VPC's own group may have.
const DEFAULT: &str = "default";

action_struct! {
    /// Creates a security group: nothing in, everything out (facts S1).
    CreateSecurityGroup(
        /// Its VPC.
        vpc_id: VpcId,
        /// Its name, unique in the VPC.
        group_name: String,
    ) {
        /// The id, if it is not to be made.
        id: Option<SecurityGroupId>,
        /// Its tags.
        tags: Tags,
        /// What it is for.
        description: String,
    }
}

action_struct! {
    /// Deletes a security group that nobody uses.
    DeleteSecurityGroup(
        /// The group.
        group_id: SecurityGroupId,
    ) {}
}

action_struct! {
    /// Allows more to come in.
    AuthorizeSecurityGroupIngress(
        /// The group.
        group_id: SecurityGroupId,
        /// The rules to add.
        ip_permissions: Vec<SecurityGroupRule>,
    ) {}
}

action_struct! {
    /// Allows more to go out.
    AuthorizeSecurityGroupEgress(
        /// The group.
        group_id: SecurityGroupId,
        /// The rules to add.
        ip_permissions: Vec<SecurityGroupRule>,
    ) {}
}

action_struct! {
    /// Allows less to come in. Tracked connections go on (facts S6).
    RevokeSecurityGroupIngress(
        /// The group.
        group_id: SecurityGroupId,
        /// The rules to remove.
        ip_permissions: Vec<SecurityGroupRule>,
    ) {}
}

action_struct! {
    /// Allows less to go out. Tracked connections go on (facts S6).
    RevokeSecurityGroupEgress(
        /// The group.
        group_id: SecurityGroupId,
        /// The rules to remove.
        ip_permissions: Vec<SecurityGroupRule>,
    ) {}
}

impl Perform for CreateSecurityGroup {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        region.need_vpc(&self.vpc_id)?;
        if self.group_name == DEFAULT {
            let text = format!("Cannot use reserved security group name: {DEFAULT}");
            return Err(ControlError::new(ErrorCode::InvalidGroupReserved, text));
        }
        if self.group_name.is_empty() || self.group_name.starts_with("sg-") {
            let text = format!("Invalid value '{}' for groupName. It may not begin with 'sg-'", self.group_name);
            return Err(ControlError::value(text));
        }
        let groups = region.contents.get(&self.vpc_id).map(|contents| &contents.security_groups);
        let mut names = groups.into_iter().flatten().filter_map(|id| region.security_groups.get(id));
        if names.any(|group| group.group_name == self.group_name) {
            let text = format!("The security group '{}' already exists for VPC '{}'", self.group_name, self.vpc_id);
            return Err(ControlError::new(ErrorCode::InvalidGroupDuplicate, text));
        }
        let have = groups.map_or(0, |groups| groups.len());
        let limit = cx.limits().security_groups_per_vpc;
        let text = "The maximum number of security groups has been reached.";
        cx.quota((have, 1, limit), ErrorCode::SecurityGroupLimitExceeded, text)?;
        let ipv6 = cx.region().vpcs.get(&self.vpc_id).is_some_and(|vpc| !vpc.ipv6_cidr_blocks.is_empty());
        let name = self.tags.name.as_deref().unwrap_or(&self.group_name);
        let id: SecurityGroupId = cx.new_id(self.id.as_ref(), Some(name))?;
        let group = SecurityGroup {
            tags: self.tags.clone(),
            description: self.description.clone(),
            egress: everything(ipv6),
            ..SecurityGroup::new(id.clone(), self.vpc_id.clone(), self.group_name.clone())
        };
        cx.region_mut().put_security_group(group);
        cx.created(id.clone());
        cx.touch(Touch::SecurityGroup(id));
        Ok(())
    }
}

impl Perform for DeleteSecurityGroup {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let group = region.need_security_group(&self.group_id)?;
        if group.group_name == DEFAULT {
            // Facts S1.
            let text =
                format!("the specified group: \"{}\" name: \"{DEFAULT}\" cannot be deleted by a user", self.group_id);
            return Err(ControlError::new(ErrorCode::CannotDelete, text));
        }
        let others = || cx.world.regions().flat_map(|(_, region)| region.security_groups.values());
        if !group.members.is_empty() || others().any(|o| o.id != self.group_id && o.uses_group(&self.group_id)) {
            let text = format!("resource {} has a dependent object", self.group_id);
            return Err(ControlError::new(ErrorCode::DependencyViolation, text));
        }
        let vpc = group.vpc_id.clone();
        let region = cx.region_mut();
        region.security_groups.remove(&self.group_id);
        region.contents_mut(&vpc).security_groups.remove(&self.group_id);
        cx.touch(Touch::SecurityGroup(self.group_id.clone()));
        Ok(())
    }
}

impl Perform for AuthorizeSecurityGroupIngress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        authorize(cx, &self.group_id, &self.ip_permissions, Way::Ingress)
    }
}

impl Perform for AuthorizeSecurityGroupEgress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        authorize(cx, &self.group_id, &self.ip_permissions, Way::Egress)
    }
}

impl Perform for RevokeSecurityGroupIngress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        revoke(cx, &self.group_id, &self.ip_permissions, Way::Ingress)
    }
}

impl Perform for RevokeSecurityGroupEgress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        revoke(cx, &self.group_id, &self.ip_permissions, Way::Egress)
    }
}

fn authorize(
    cx: &mut Context<'_>,
    id: &SecurityGroupId,
    rules: &[SecurityGroupRule],
    way: Way,
) -> Result<(), ControlError> {
    let group = cx.region().need_security_group(id)?;
    if rules.is_empty() {
        return Err(ControlError::new(ErrorCode::MissingParameter, "No rule was given."));
    }
    let mut problems = Vec::new();
    let mut new = BTreeSet::new();
    for rule in rules {
        if let Err(problem) = check_rule(cx, group, rule) {
            problems.push(problem);
        } else if group.rules(way).contains(rule) || !new.insert(rule.clone()) {
            let text = format!("the specified rule \"{}\" already exists", long_form(rule));
            problems.push(ControlError::new(ErrorCode::InvalidPermissionDuplicate, text));
        }
    }
    ControlError::all(problems)?;
    // A prefix list counts as many rules as its weight (facts E24).
    let weigh = |rule: &SecurityGroupRule| match &rule.peer {
        Peer::PrefixList(list) => cx.list_weight(list),
        Peer::Cidr(_) | Peer::Group(_) => 1,
    };
    let have = group.rules(way).iter().map(weigh).sum();
    let more = new.iter().map(weigh).sum();
    // Facts S12.
    let text = "The maximum number of rules per security group has been reached.";
    let limit = cx.limits().rules_per_group;
    cx.quota((have, more, limit), ErrorCode::RulesPerSecurityGroupLimitExceeded, text)?;
    let group = cx.region_mut().security_groups.get_mut(id).expect("looked up above");
    group.rules_mut(way).extend(new);
    cx.touch(Touch::SecurityGroup(id.clone()));
    Ok(())
}

fn revoke(
    cx: &mut Context<'_>,
    id: &SecurityGroupId,
    rules: &[SecurityGroupRule],
    way: Way,
) -> Result<(), ControlError> {
    let group = cx.region().need_security_group(id)?;
    let missing = rules.iter().filter(|rule| !group.rules(way).contains(rule));
    let problems = missing.map(|_| {
        let text = "The specified rule does not exist in this security group.";
        ControlError::new(ErrorCode::InvalidPermissionNotFound, text)
    });
    ControlError::all(problems.collect())?;
    let group = cx.region_mut().security_groups.get_mut(id).expect("looked up above");
    for rule in rules {
        group.rules_mut(way).remove(rule);
    }
    cx.touch(Touch::SecurityGroup(id.clone()));
    Ok(())
}

/// What a rule names must be there: a list of the region, a group of the same VPC or of a peered one (facts S3).
fn check_rule(cx: &Context<'_>, group: &SecurityGroup, rule: &SecurityGroupRule) -> Result<(), ControlError> {
    match &rule.peer {
        Peer::Cidr(block) => {
            let wrong_family = match rule.protocol {
                Protocol::Icmp(_) => !block.is_v4(),
                Protocol::Icmpv6(_) => block.is_v4(),
                Protocol::All | Protocol::Tcp(_) | Protocol::Udp(_) | Protocol::Other(_) => false,
            };
            if wrong_family {
                let text = format!("Unsupported combination of protocol {} and {block}", rule.protocol.name());
                return Err(ControlError::new(ErrorCode::InvalidPermissionMalformed, text));
            }
            Ok(())
        }
        Peer::PrefixList(list) => cx.need_list(list),
        Peer::Group(reference) => {
            if let Ok(other) = cx.region().need_security_group(&reference.group_id) {
                let reachable = other.vpc_id == group.vpc_id || cx.world.are_peered(&other.vpc_id, &group.vpc_id);
                if reachable {
                    return Ok(());
                }
                let text = "You have specified two resources that belong to different networks.";
                return Err(ControlError::new(ErrorCode::InvalidGroupNotFound, text));
            }
            let elsewhere = cx.world.regions().find_map(|(scope, region)| {
                let other = region.security_groups.get(&reference.group_id)?;
                (Some(&scope.account) == reference.account.as_ref() && scope.region == cx.scope.region)
                    .then_some(&other.vpc_id)
            });
            if elsewhere.is_some_and(|vpc| cx.world.are_peered(vpc, &group.vpc_id)) {
                return Ok(());
            }
            cx.region().need_security_group(&reference.group_id).map(|_| ())
        }
    }
}

/// A rule as EC2's messages write it: `peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW`.
fn long_form(rule: &SecurityGroupRule) -> String {
    let name = rule.protocol.name().to_uppercase();
    match rule.protocol.fields() {
        Some((from, to)) => format!("peer: {}, {name}, from port: {from}, to port: {to}, ALLOW", rule.peer),
        None => format!("peer: {}, {}, ALLOW", rule.peer, if name == "-1" { "ALL" } else { &name }),
    }
}

impl Region {
    pub(super) fn put_security_group(&mut self, group: SecurityGroup) {
        self.contents_mut(&group.vpc_id).security_groups.insert(group.id.clone());
        self.security_groups.insert(group.id.clone(), group);
    }
}
