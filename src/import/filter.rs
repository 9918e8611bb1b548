//! Security groups and network ACLs as answers tell them. Judges no packet.

use std::collections::{BTreeMap, BTreeSet};

use super::keys;
use super::ledger::{Ledger, Place};
use super::reader::Item;
use crate::base::*;
use crate::control_plane::{GroupReference, NetworkAclEntry, Peer, Protocol, RuleAction, SecurityGroupRule};
use crate::notation::decode::brief;

/// What `describe-security-groups` says of one group.
#[derive(Clone, Debug)]
pub(crate) struct GroupDraft {
    pub(crate) id: SecurityGroupId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) group_name: String,
    pub(crate) description: String,
    pub(crate) ingress: BTreeSet<SecurityGroupRule>,
    pub(crate) egress: BTreeSet<SecurityGroupRule>,
    /// Groups that rules name and that may be of an account outside these files.
    pub(crate) foreign: Vec<(Place, SecurityGroupId, Option<AccountId>)>,
}

/// What `describe-network-acls` says of one ACL.
#[derive(Clone, Debug)]
pub(crate) struct AclDraft {
    pub(crate) id: NetworkAclId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) is_default: bool,
    pub(crate) ingress: BTreeMap<u16, NetworkAclEntry>,
    pub(crate) egress: BTreeMap<u16, NetworkAclEntry>,
    pub(crate) associations: Vec<(Place, NetworkAclAssociationId, SubnetId)>,
}

pub(crate) fn security_group(item: Item<'_>, ledger: &mut Ledger) -> Option<GroupDraft> {
    item.known_keys("SecurityGroup", keys::SECURITY_GROUP, ledger);
    let id = item.need_id("GroupId", ledger);
    if !item.has("VpcId") {
        // A group of EC2-Classic guards no interface of a VPC.
        return None;
    }
    let vpc_id = item.need_refer("VpcId", ledger);
    let group_name = item.need_text("GroupName", ledger);
    let owner = item.account("OwnerId", ledger);
    let mut foreign = Vec::new();
    let mut rules = |key: &str, ledger: &mut Ledger| {
        let permissions = item.items(key, ledger);
        permissions.iter().flat_map(|item| permission(*item, owner.as_ref(), &mut foreign, ledger)).collect()
    };
    let ingress = rules("IpPermissions", ledger);
    let egress = rules("IpPermissionsEgress", ledger);
    Some(GroupDraft {
        tags: item.tags(ledger),
        group_name: group_name?.to_owned(),
        description: item.text("Description", ledger).unwrap_or_default().to_owned(),
        ingress,
        egress,
        foreign,
        id: id?,
        vpc_id: vpc_id?,
    })
}

fn permission(
    item: Item<'_>,
    owner: Option<&AccountId>,
    foreign: &mut Vec<(Place, SecurityGroupId, Option<AccountId>)>,
    ledger: &mut Ledger,
) -> Vec<SecurityGroupRule> {
    item.known_keys("IpPermission", keys::IP_PERMISSION, ledger);
    let (from, to) = (item.number("FromPort", ledger), item.number("ToPort", ledger));
    let Some(name) = item.need_text("IpProtocol", ledger) else { return Vec::new() };
    let Some(protocol) = Protocol::from_fields(name, from, to) else {
        tell_protocol(name, (item, "IpProtocol"), (Some(item), ["FromPort", "ToPort"]), [from, to], ledger);
        return Vec::new();
    };
    let mut peers = Vec::new();
    for range in item.items("IpRanges", ledger) {
        peers.extend(range.need_cidr("CidrIp", ledger).map(Peer::Cidr));
    }
    for range in item.items("Ipv6Ranges", ledger) {
        peers.extend(range.need_cidr("CidrIpv6", ledger).map(Peer::Cidr));
    }
    for list in item.items("PrefixListIds", ledger) {
        peers.extend(list.need_refer("PrefixListId", ledger).map(Peer::PrefixList));
    }
    for pair in item.items("UserIdGroupPairs", ledger) {
        let account = pair.account("UserId", ledger).filter(|account| Some(account) != owner);
        let across = account.is_some() || pair.has("VpcPeeringConnectionId") || pair.has("PeeringStatus");
        let group = if across { pair.need_id("GroupId", ledger) } else { pair.need_refer("GroupId", ledger) };
        let Some(group_id) = group else { continue };
        if across {
            foreign.push((pair.place_of("GroupId"), SecurityGroupId::clone(&group_id), account.clone()));
        }
        peers.push(Peer::Group(GroupReference { group_id, account }));
    }
    peers.into_iter().map(|peer| SecurityGroupRule { protocol, peer }).collect()
}

pub(crate) fn network_acl(item: Item<'_>, ledger: &mut Ledger) -> Option<AclDraft> {
    item.known_keys("NetworkAcl", keys::NETWORK_ACL, ledger);
    let id = item.need_id("NetworkAclId", ledger);
    let vpc_id = item.need_refer("VpcId", ledger);
    let (mut ingress, mut egress) = (BTreeMap::new(), BTreeMap::new());
    for item in item.items("Entries", ledger) {
        let side = if item.flag("Egress", false, ledger) { &mut egress } else { &mut ingress };
        if let Some((number, entry)) = acl_entry(item, ledger)
            && side.insert(number, entry).is_some()
        {
            ledger.error(item.place_of("RuleNumber"), format!("rule {number} stands twice"));
        }
    }
    let mut associations = Vec::new();
    for item in item.items("Associations", ledger) {
        let association = item.need_id("NetworkAclAssociationId", ledger);
        let subnet = item.need_refer("SubnetId", ledger);
        associations.extend(association.zip(subnet).map(|(association, subnet)| (item.place(), association, subnet)));
    }
    Some(AclDraft {
        tags: item.tags(ledger),
        is_default: item.flag("IsDefault", false, ledger),
        ingress,
        egress,
        associations,
        id: id?,
        vpc_id: vpc_id?,
    })
}

fn is_icmp(protocol: &str) -> bool {
    matches!(protocol, "1" | "58" | "icmp" | "icmpv6")
}

/// Says what of a protocol with its ports, or with its type and code, is wrong, at its place.
fn tell_protocol(
    name: &str,
    (item, key): (Item<'_>, &str),
    (range, keys): (Option<Item<'_>>, [&str; 2]),
    numbers: [Option<i64>; 2],
    ledger: &mut Ledger,
) {
    let (most, what) = if is_icmp(name) { (255, "a type or code of ICMP") } else { (65_535, "a port") };
    let wrong = |number: &Option<i64>| number.is_some_and(|number| !(-1..=most).contains(&number));
    if let (Some(range), Some(index)) = (range, numbers.iter().position(wrong)) {
        let number = numbers[index].unwrap_or_default();
        return ledger.error(range.place_of(keys[index]), format!("{number} is not {what}: 0 to {most}"));
    }
    if let (Some(range), [Some(from), Some(to)]) = (range, numbers)
        && !is_icmp(name)
        && to < from
    {
        return ledger.error(range.place_of(keys[1]), format!("ports that begin at {from} cannot end at {to}"));
    }
    ledger.error(item.place_of(key), format!("`{}` with these ports is not a protocol of a rule", brief(name)));
}

/// Numbers from here on are the final denies that every ACL has (facts A2).
const FINAL: i64 = 32_767;

fn acl_entry(item: Item<'_>, ledger: &mut Ledger) -> Option<(u16, NetworkAclEntry)> {
    item.known_keys("NetworkAclEntry", keys::NETWORK_ACL_ENTRY, ledger);
    if item.get("RuleNumber").is_none() {
        ledger.error(item.place(), "`RuleNumber` is missing");
    }
    let number = item.number("RuleNumber", ledger)?;
    if FINAL <= number {
        return None;
    }
    let Some(number) = u16::try_from(number).ok().filter(|number| *number != 0) else {
        ledger.error(item.place_of("RuleNumber"), format!("{number} is not a number from 1 to 32766"));
        return None;
    };
    let name = item.need_text("Protocol", ledger);
    let ports = item.item("PortRange", ledger);
    let kind = item.item("IcmpTypeCode", ledger);
    let (range, keys) = if name.is_some_and(is_icmp) { (kind, ["Type", "Code"]) } else { (ports, ["From", "To"]) };
    let [from, to] = keys.map(|key| range.and_then(|item| item.number(key, ledger)));
    let protocol = name.and_then(|name| Protocol::from_fields(name, from, to));
    if let Some(name) = name
        && protocol.is_none()
    {
        tell_protocol(name, (item, "Protocol"), (range, keys), [from, to], ledger);
    }
    let key = if item.has("Ipv6CidrBlock") { "Ipv6CidrBlock" } else { "CidrBlock" };
    let cidr_block = item.need_cidr(key, ledger);
    let rule_action = match item.need_text("RuleAction", ledger)? {
        "allow" => RuleAction::Allow,
        "deny" => RuleAction::Deny,
        other => {
            ledger.error(item.place_of("RuleAction"), format!("`{}` is neither `allow` nor `deny`", brief(other)));
            return None;
        }
    };
    Some((number, NetworkAclEntry { protocol: protocol?, cidr_block: cidr_block?, rule_action }))
}
