//! What security groups and network ACLs say of a packet, read off the records. Remembers no flow.

use std::net::IpAddr;

use super::path::{Finding, Header, Traffic};
use super::tables::Tables;
use crate::base::SubnetId;
use crate::control_plane::{
    NetworkAcl, NetworkInterface, Peer, PortRange, Protocol, RuleAction, Scope, SecurityGroup, SecurityGroupRule,
};
use crate::trace::{DropReason, Filter};

/// How many rules that are not for a packet are listed.
const RULES_SHOWN: usize = 4;

impl Tables<'_> {
    /// The verdict of an interface's groups; `None` for an interface without groups, which lets everything pass.
    pub(super) fn judge_groups(
        &self,
        scope: &Scope,
        interface: &NetworkInterface,
        header: &Header,
        egress: bool,
    ) -> Option<Finding> {
        if interface.groups.is_empty() {
            return None;
        }
        let filter = if egress { Filter::SecurityGroupEgress } else { Filter::SecurityGroupIngress };
        if header.answer {
            return Some(Finding::Remembered { filter });
        }
        let far = if egress { header.dst.ip() } else { header.src.ip() };
        let region = self.world.region(scope)?;
        let groups: Vec<&SecurityGroup> =
            interface.groups.iter().filter_map(|id| region.security_groups().get(id)).collect();
        let way = if egress { "outbound" } else { "inbound" };
        let mut count = 0;
        for group in &groups {
            let rules = if egress { &group.egress } else { &group.ingress };
            count += rules.len();
            if let Some(rule) = rules.iter().find(|rule| self.rule_allows(scope, rule, far, header)) {
                let words = || (group.id.to_string(), format!("{way} {rule}"));
                return Some(self.filtered(filter, None, words));
            }
        }
        let words = || {
            let rules = groups.iter().flat_map(|group| if egress { &group.egress } else { &group.ingress });
            let listed = || rules.map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let rule = match count {
                0 => format!("no {way} rules"),
                1..=RULES_SHOWN => format!("no {way} rule is for it, only {}", listed()),
                _ => format!("none of {count} {way} rules is for it"),
            };
            (interface.groups.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "), rule)
        };
        let reason = match (egress, count) {
            (true, 0) => DropReason::SecurityGroupNoEgress,
            (true, _) => DropReason::SecurityGroupEgress,
            (false, 0) => DropReason::SecurityGroupNoIngress,
            (false, _) => DropReason::SecurityGroupIngress,
        };
        Some(self.filtered(filter, Some(reason), words))
    }

    /// Why nobody can tell whether the groups of an interface let a packet pass that no other rule allows, if so.
    pub(super) fn groups_unknown(
        &self,
        scope: &Scope,
        interface: &NetworkInterface,
        header: &Header,
        egress: bool,
    ) -> Option<String> {
        if self.options().gaps.lists.is_empty() {
            return None;
        }
        let far = if egress { header.dst.ip() } else { header.src.ip() };
        let region = self.world.region(scope)?;
        let groups = interface.groups.iter().filter_map(|id| region.security_groups().get(id));
        let mut rules = groups.flat_map(|group| if egress { &group.egress } else { &group.ingress });
        rules.find_map(|rule| match &rule.peer {
            Peer::PrefixList(list) if protocol_holds(rule.protocol, header, far.is_ipv4()) => {
                let list = self.options().gaps.lists.get(list)?;
                Some(format!("a security group has a rule for {list}, whose blocks are in no file"))
            }
            _ => None,
        })
    }

    /// A verdict, with the group or ACL and the rule in words where they are wanted.
    fn filtered(
        &self,
        filter: Filter,
        denied: Option<DropReason>,
        words: impl FnOnce() -> (String, String),
    ) -> Finding {
        let (id, rule) = if self.options().brief { Default::default() } else { words() };
        Finding::Filtered { filter, denied, id, rule }
    }

    fn rule_allows(&self, scope: &Scope, rule: &SecurityGroupRule, far: IpAddr, header: &Header) -> bool {
        protocol_holds(rule.protocol, header, far.is_ipv4())
            && match &rule.peer {
                Peer::Cidr(block) => block.contains(far),
                Peer::Group(group) => self.is_member(&group.group_id, far),
                Peer::PrefixList(list) => {
                    let blocks = self.world.prefix_list_blocks(scope, list);
                    blocks.is_some_and(|blocks| blocks.iter().any(|block| block.contains(far)))
                }
            }
    }

    /// The verdict of a subnet's ACL.
    pub(super) fn judge_acl(&self, scope: &Scope, subnet: &SubnetId, header: &Header, egress: bool) -> Option<Finding> {
        let region = self.world.region(scope)?;
        let subnet = region.subnets().get(subnet)?;
        let acl: &NetworkAcl = region.network_acls().get(&subnet.network_acl_association.network_acl_id)?;
        let filter = if egress { Filter::NetworkAclEgress } else { Filter::NetworkAclIngress };
        let far = if egress { header.dst.ip() } else { header.src.ip() };
        let way = if egress { "outbound" } else { "inbound" };
        let matching = acl
            .entries(egress)
            .iter()
            .find(|(_, entry)| entry.cidr_block.contains(far) && protocol_holds(entry.protocol, header, far.is_ipv4()));
        let allowed = matching.is_some_and(|(_, entry)| entry.rule_action == RuleAction::Allow);
        let words = || {
            let rule = match matching {
                Some((number, entry)) => {
                    let what = format!("{} {} {}", entry.rule_action.as_str(), entry.protocol, entry.cidr_block);
                    format!("{way} rule {number}: {what}")
                }
                None => format!("{way} rule *: deny everything else"),
            };
            (acl.id.to_string(), rule)
        };
        let denies = if egress { DropReason::NetworkAclEgress } else { DropReason::NetworkAclIngress };
        Some(self.filtered(filter, (!allowed).then_some(denies), words))
    }
}

/// Whether a rule is about a packet's protocol and destination port, or ICMP type.
fn protocol_holds(protocol: Protocol, header: &Header, v4: bool) -> bool {
    let port = |range: PortRange| range.contains(header.dst.port());
    match (protocol, header.traffic) {
        (Protocol::All, _) => true,
        (Protocol::Tcp(range), Traffic::Tcp(_)) | (Protocol::Udp(range), Traffic::Udp(_)) => port(range),
        (Protocol::Icmp(kind), Traffic::Ping) if v4 => {
            let icmp_type = if header.answer { 0 } else { 8 };
            kind.icmp_type.is_none_or(|own| own == icmp_type) && kind.code.is_none_or(|code| code == 0)
        }
        (Protocol::Icmpv6(kind), Traffic::Ping) if !v4 => {
            let icmp_type = if header.answer { 129 } else { 128 };
            kind.icmp_type.is_none_or(|own| own == icmp_type) && kind.code.is_none_or(|code| code == 0)
        }
        _ => false,
    }
}
