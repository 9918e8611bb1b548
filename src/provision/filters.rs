//! Security group and network ACL records → filters, with a citation for each rule.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::network::Network;
use crate::base::*;
use crate::control_plane::{
    self, NetworkAcl, NetworkAclEntry, Region, RuleAction, Scope, SecurityGroup, SecurityGroupRule, World,
};
use crate::data_plane::{FilterRule, Members, Peer, Ports, StatefulFilter, StatelessFilter, StatelessRule};
use crate::packet::Protocol;
use crate::trace::{Cite, CiteId, Component};

impl Network {
    /// The filter of a set of groups, compiled once for all interfaces that have the same set.
    pub(super) fn filter_of(
        &mut self,
        world: &World,
        scope: &Scope,
        region: &Region,
        vpc: &VpcId,
        groups: &BTreeSet<SecurityGroupId>,
    ) -> Rc<StatefulFilter> {
        if let Some(filter) = self.vpcs.get(vpc).and_then(|boxes| boxes.filters.get(groups)) {
            return Rc::clone(filter);
        }
        let mut filter = StatefulFilter::default();
        let mut names = Vec::new();
        for group in groups.iter().filter_map(|id| region.security_groups().get(id)) {
            names.push(group_name(group));
            for rule in &group.ingress {
                filter.ingress.push(self.compile_rule(world, scope, group, rule, false));
            }
            for rule in &group.egress {
                filter.egress.push(self.compile_rule(world, scope, group, rule, true));
            }
        }
        let id = groups.iter().map(SecurityGroupId::as_str).collect::<Vec<_>>().join(", ");
        let names = names.join(", ");
        let mut none = |count: usize, way: &str| {
            let detail = if count == 0 { format!("no {way} rules") } else { format!("none of {count} {way} rules") };
            let cite = Cite::new(Component::SecurityGroup, &id, &names).detail(detail);
            Some(self.cite(if way == "outbound" { cite.rule("R34") } else { cite }))
        };
        filter.no_ingress = none(filter.ingress.len(), "inbound");
        filter.no_egress = none(filter.egress.len(), "outbound");
        let filter = Rc::new(filter);
        if let Some(boxes) = self.vpcs.get_mut(vpc) {
            boxes.filters.insert(groups.clone(), Rc::clone(&filter));
        }
        filter
    }

    fn compile_rule(
        &mut self,
        world: &World,
        scope: &Scope,
        group: &SecurityGroup,
        rule: &SecurityGroupRule,
        egress: bool,
    ) -> FilterRule {
        let peer = match &rule.peer {
            control_plane::Peer::Cidr(block) => Peer::Block(*block),
            control_plane::Peer::Group(reference) => Peer::Group(self.members_of(&reference.group_id)),
            control_plane::Peer::PrefixList(list) => Peer::List(self.list_of(world, scope, list)),
        };
        let way = if egress { "outbound" } else { "inbound" };
        let mut cite =
            Cite::new(Component::SecurityGroup, group.id.as_str(), group_name(group)).detail(format!("{way} {rule}"));
        if matches!(rule.peer, control_plane::Peer::PrefixList(_)) {
            cite = cite.rule("R35");
        }
        let (protocol, ports) = traffic(rule.protocol);
        FilterRule { protocol, ports, peer, by: self.cite(cite) }
    }

    /// The addresses of a group's members: one set for all rules that name the group.
    pub(super) fn members_of(&mut self, group: &SecurityGroupId) -> Members {
        Rc::clone(&self.members.entry(group.clone()).or_default().addresses)
    }

    /// Fills the set of a group's members anew.
    pub(super) fn refill_members(&mut self, region: &Region, group: &SecurityGroup) {
        let members = self.members_of(&group.id);
        let mut members = members.borrow_mut();
        members.clear();
        for interface in group.members().iter().filter_map(|id| region.network_interfaces().get(id)) {
            members.extend(interface.addresses());
        }
        members.extend(Self::linked_members(region, group));
    }

    /// The blocks of a prefix list, compiled once.
    pub(super) fn list_of(&mut self, world: &World, scope: &Scope, list: &PrefixListId) -> Rc<PrefixTable<()>> {
        let key = (scope.region.clone(), list.clone());
        if let Some(table) = self.lists.get(&key) {
            return Rc::clone(table);
        }
        let mut table = PrefixTable::new();
        for block in world.prefix_list_blocks(scope, list).into_iter().flatten() {
            table.insert(*block, ());
        }
        let table = Rc::new(table);
        self.lists.insert(key, Rc::clone(&table));
        table
    }

    /// Compiles a network ACL; its last entry, `*`, denies and can be cited too.
    pub(super) fn compile_acl(&mut self, acl: &NetworkAcl) -> Rc<StatelessFilter> {
        let mut list = |egress: bool| {
            let way = if egress { "outbound" } else { "inbound" };
            let entries = acl.entries(egress);
            let mut rules: Vec<StatelessRule> = entries
                .iter()
                .map(|(number, entry)| {
                    let by = self.cite_entry(acl, &number.to_string(), way, Some(entry));
                    let (protocol, ports) = traffic(entry.protocol);
                    let allow = entry.rule_action == RuleAction::Allow;
                    StatelessRule { protocol, ports, block: entry.cidr_block, allow, by }
                })
                .collect();
            for block in [Cidr::ALL_V4, Cidr::ALL_V6] {
                let by = self.cite_entry(acl, "*", way, None);
                rules.push(StatelessRule { protocol: None, ports: Ports::Any, block, allow: false, by });
            }
            rules
        };
        let egress = list(true);
        let ingress = list(false);
        Rc::new(StatelessFilter { ingress, egress })
    }

    fn cite_entry(&mut self, acl: &NetworkAcl, number: &str, way: &str, entry: Option<&NetworkAclEntry>) -> CiteId {
        let what = match entry {
            Some(entry) => {
                format!("{} {} {}", entry.rule_action.as_str(), entry.protocol, entry.cidr_block)
            }
            None => "deny everything else".to_owned(),
        };
        let name = acl.tags.name.clone().unwrap_or_default();
        self.cite(
            Cite::new(Component::NetworkAcl, acl.id.as_str(), name).detail(format!("{way} rule {number}: {what}")),
        )
    }
}

/// A group as people call it: its Name tag, or its group name.
fn group_name(group: &SecurityGroup) -> String {
    group.tags.name.clone().unwrap_or_else(|| group.group_name.clone())
}

/// The protocol and ports of a record's rule as filters know them.
fn traffic(protocol: control_plane::Protocol) -> (Option<Protocol>, Ports) {
    use control_plane::Protocol as Record;
    let icmp = |kind: control_plane::IcmpKind| kind.icmp_type.map_or(Ports::Any, |t| Ports::Icmp(t, kind.code));
    match protocol {
        Record::All => (None, Ports::Any),
        Record::Tcp(ports) => (Some(Protocol::TCP), Ports::Range(ports.first(), ports.last())),
        Record::Udp(ports) => (Some(Protocol::UDP), Ports::Range(ports.first(), ports.last())),
        Record::Icmp(kind) => (Some(Protocol::ICMP), icmp(kind)),
        Record::Icmpv6(kind) => (Some(Protocol::ICMPV6), icmp(kind)),
        Record::Other(number) => (Some(Protocol(number)), Ports::Any),
    }
}
