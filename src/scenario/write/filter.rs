//! Security groups and network ACLs, written in the one-line form of their rules. Knows no interface.

use std::collections::BTreeMap;

use super::pen::{Pen, is};
use super::scratch::everything;
use super::text::{Map, Out};
use crate::base::*;
use crate::control_plane::*;
use crate::scenario::context::block;
use crate::scenario::vocabulary::RuleText;

impl Pen<'_> {
    pub(super) fn security_group(&mut self, vpc: &Vpc, group: &SecurityGroup) -> Map {
        let mut map = Map::default();
        let default = group.id == vpc.default_security_group_id;
        let key = self.key(group.id.clone());
        let usual = if default { "default" } else { key.as_str() };
        if group.group_name != usual {
            map.put("name", group.group_name.as_str());
        }
        if group.description != if default { DEFAULT_DESCRIPTION } else { "" } {
            map.put("description", group.description.as_str());
        }
        let own = SecurityGroupRule::group(Protocol::All, group.id.clone());
        let as_made = if default { group.ingress.iter().eq([&own]) } else { group.ingress.is_empty() };
        if !as_made {
            let rules = self.rules(vpc, group, false, &mut map);
            map.put("ingress", Out::List(rules));
        }
        if group.egress != everything(!vpc.ipv6_cidr_blocks.is_empty()) {
            let rules = self.rules(vpc, group, true, &mut map);
            map.put("egress", Out::List(rules));
        }
        // A group's key is its name, and no tag.
        self.identify(&mut map, group.id.clone(), &group.tags, None);
        map
    }

    fn rules(&mut self, vpc: &Vpc, group: &SecurityGroup, egress: bool, map: &mut Map) -> Vec<Out> {
        let rules = if egress { &group.egress } else { &group.ingress };
        let mut out = Vec::with_capacity(rules.len());
        for rule in rules {
            match self.rule(vpc, rule, egress) {
                Some(text) => out.push(Out::Text(text)),
                None => self.note(map, format!("the rule `{rule}` of {}, which EC2 would refuse today", group.id)),
            }
        }
        out
    }

    fn rule(&mut self, vpc: &Vpc, rule: &SecurityGroupRule, egress: bool) -> Option<String> {
        let scope = self.place.scope.clone();
        let made = self.scratch.makes_rule(&scope, &vpc.id, rule);
        let who = match &rule.peer {
            Peer::Cidr(block) if made => who_of(block),
            Peer::PrefixList(list) if made => self.list(list, is::<SecurityGroupId>),
            Peer::Cidr(_) | Peer::PrefixList(_) => return None,
            Peer::Group(group) if made && self.means_group(group) => {
                let text = self.refer(group.group_id.clone(), is::<SecurityGroupId>);
                let Out::Text(text) = text else { return None };
                text
            }
            // A group that is not here, or whose account is told otherwise than its place says.
            Peer::Group(group) => {
                let account = group.account.as_ref().unwrap_or(&scope.account);
                format!("{account}/{}", group.group_id)
            }
        };
        let way = if egress { "to" } else { "from" };
        // A form that reads as another rule would be worse than none.
        let text = format!("{} {way} {who}", protocol(rule.protocol)?);
        let reads = RuleText::parse(&text).is_some();
        reads.then_some(text)
    }

    /// Whether a group that is named by its key is told with the account that the reference says.
    fn means_group(&self, group: &GroupReference) -> bool {
        let here = self.world.regions().find(|(_, region)| region.security_groups().contains_key(&group.group_id));
        let account = here.map(|(scope, _)| scope.account);
        account.is_some() && account.filter(|account| *account != self.place.scope.account) == group.account
    }

    /// A prefix list as rules and destinations write it: a name, a service, or its id. `else_means` is what its name must
    /// not mean instead.
    pub(super) fn list(&self, list: &PrefixListId, else_means: fn(&ResourceId) -> bool) -> String {
        let region = &self.place.scope.region;
        let service = self.world.service_of_list(region, list).map(|service| service.name.service().to_owned());
        let short = service.filter(|short| {
            let own = self.world.service(region, &ServiceName::of(region, short));
            own.and_then(|own| own.prefix_list_id.as_ref()) == Some(list)
                && self.labels.is_free(short, is::<PrefixListId>)
        });
        let own = || self.labels.reference(&list.clone().into(), &self.place, is::<PrefixListId>);
        let text = short.unwrap_or_else(own);
        if self.labels.is_free(&text, else_means) && block(&text).is_none() { text } else { list.to_string() }
    }

    pub(super) fn network_acl(&mut self, vpc: &Vpc, acl: &NetworkAcl) -> Map {
        let mut map = Map::default();
        let default = acl.id == vpc.default_network_acl_id;
        let usual = if default { open_acl(!vpc.ipv6_cidr_blocks.is_empty()) } else { BTreeMap::new() };
        for (key, egress) in [("ingress", false), ("egress", true)] {
            if *acl.entries(egress) == usual {
                continue;
            }
            let mut entries = Map::default();
            for (number, entry) in acl.entries(egress) {
                match acl_entry(entry, egress) {
                    Some(text) => entries.put(&number.to_string(), Out::Text(text)),
                    None => {
                        let text = format!("entry {number} of {}, about {}", acl.id, entry.protocol);
                        self.note(&mut map, text);
                    }
                }
            }
            map.put(key, entries);
        }
        if default {
            self.identify(&mut map, acl.id.clone(), &acl.tags, None);
        } else {
            self.identify_by_key(&mut map, acl.id.clone(), &acl.tags);
        }
        map
    }
}

/// What a VPC's own group says of itself.
const DEFAULT_DESCRIPTION: &str = "default VPC security group";

/// The entries of a default ACL that nobody has touched.
fn open_acl(ipv6: bool) -> BTreeMap<u16, NetworkAclEntry> {
    let entry = |cidr_block| NetworkAclEntry { protocol: Protocol::All, cidr_block, rule_action: RuleAction::Allow };
    let blocks = [Some((100, Cidr::ALL_V4)), ipv6.then_some((101, Cidr::ALL_V6))].into_iter().flatten();
    blocks.map(|(number, block)| (number, entry(block))).collect()
}

fn acl_entry(entry: &NetworkAclEntry, egress: bool) -> Option<String> {
    let way = if egress { "to" } else { "from" };
    let what = protocol(entry.protocol)?;
    Some(format!("{} {what} {way} {}", entry.rule_action.as_str(), who_of(&entry.cidr_block)))
}

fn who_of(block: &Cidr) -> String {
    if *block == Cidr::ALL_V4 {
        "any".to_owned()
    } else if *block == Cidr::ALL_V6 {
        "any-ipv6".to_owned()
    } else {
        block.to_string()
    }
}

/// A protocol with its ports or its type; `None` for a code of every type, which nothing means.
fn protocol(protocol: Protocol) -> Option<String> {
    let ports = |name: &str, ports: PortRange| match ports {
        PortRange::ALL => name.to_owned(),
        ports => format!("{name} {ports}"),
    };
    let kind = |name: &str, kind: IcmpKind| match (kind.icmp_type, kind.code) {
        (None, None) => Some(name.to_owned()),
        (Some(icmp_type), None) => Some(format!("{name} {icmp_type}")),
        (Some(icmp_type), Some(code)) => Some(format!("{name} {icmp_type}.{code}")),
        (None, Some(_)) => None,
    };
    Some(match protocol {
        Protocol::All => "all".to_owned(),
        Protocol::Tcp(range) => ports("tcp", range),
        Protocol::Udp(range) => ports("udp", range),
        Protocol::Icmp(icmp) => return kind("icmp", icmp),
        Protocol::Icmpv6(icmp) => return kind("icmpv6", icmp),
        Protocol::Other(number) => number.to_string(),
    })
}
