//! Network ACLs and security groups: what is written is all that they allow.

use super::name::{named, tag_built_in, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Problem, View, decode};
use crate::scenario::context::{Cx, foreign_group};
use crate::scenario::plan::{Phase, Plan};
use crate::scenario::vocabulary::*;

pub(super) fn network_acl(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, ipv6): (&VpcId, bool), entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &NETWORK_ACL), named::<NetworkAclId>(cx, &entry.key)) else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if default {
        let tags = tags(id.as_str(), id.as_str(), Some(&view));
        tag_built_in(plan, Phase::NetworkAcls, &scope, entry, id.clone().into(), tags);
    } else {
        let tags = tags(&entry.key, id.as_str(), Some(&view));
        let create = CreateNetworkAcl { id: Some(id.clone()), tags, ..CreateNetworkAcl::new(vpc.clone()) };
        plan.add(Phase::NetworkAcls, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    for (key, egress) in [("ingress", false), ("egress", true)] {
        if default && view.has(key) {
            // What is written is all that the default ACL has (facts A2: rule 100, and 101 for IPv6, allow everything
            // before that).
            for number in [Some(100), ipv6.then_some(101)].into_iter().flatten() {
                let action = DeleteNetworkAclEntry::new(id.clone(), number, egress);
                plan.add(Phase::NetworkAcls, &scope, view.span_of(key), None, action);
            }
        }
        for line in view.named(key) {
            let Some(rule) = cx.acl_rule(&line.value) else { continue };
            if rule.egress != egress {
                let text = if egress { "an outbound entry says `to`" } else { "an inbound entry says `from`" };
                cx.problems.push(Problem::error(line.value.span, text));
                continue;
            }
            let Ok(number) = line.key.parse() else { continue };
            let verdict = if rule.allow { RuleAction::Allow } else { RuleAction::Deny };
            let entry = CreateNetworkAclEntry::new(id.clone(), number, egress, rule.protocol, verdict);
            let action = CreateNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry };
            plan.add(Phase::NetworkAcls, &scope, line.value.span, None, action);
        }
    }
}

pub(super) fn security_group(cx: &mut Cx<'_>, plan: &mut Plan, (vpc, ipv6): (&VpcId, bool), entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &SECURITY_GROUP), named::<SecurityGroupId>(cx, &entry.key))
    else {
        return;
    };
    let scope = cx.place.scope.clone();
    let default = entry.key == "default";
    if default {
        let tags = tags(id.as_str(), id.as_str(), Some(&view));
        tag_built_in(plan, Phase::Groups, &scope, entry, id.clone().into(), tags);
        if let Some(description) = view.string("description") {
            let told = Described::GroupDescription { group_id: id.clone(), description };
            plan.take_over(Phase::Groups, &scope, view.span_of("description"), told);
        }
    } else {
        let create = CreateSecurityGroup {
            id: Some(id.clone()),
            // A group has a name beside its tags.
            tags: tags(id.as_str(), id.as_str(), Some(&view)),
            description: view.string("description").unwrap_or_default(),
            ..CreateSecurityGroup::new(vpc.clone(), view.string("name").unwrap_or_else(|| entry.key.clone()))
        };
        plan.add(Phase::Groups, &scope, entry.key_span, Some(id.clone().into()), create);
    }
    // What is written is all that the group allows (facts S1: everything may go out before that, and members of the
    // default group may reach each other).
    if default && view.has("ingress") {
        let own = Peer::Group(GroupReference { group_id: id.clone(), account: None });
        let rule = SecurityGroupRule { protocol: Protocol::All, peer: own };
        let action = RevokeSecurityGroupIngress::new(id.clone(), vec![rule]);
        plan.add(Phase::GroupRules, &scope, view.span_of("ingress"), None, action);
    }
    if view.has("egress") {
        let everything = [Some(Cidr::ALL_V4), ipv6.then_some(Cidr::ALL_V6)].into_iter().flatten();
        let rules = everything.map(|block| SecurityGroupRule::cidr(Protocol::All, block)).collect();
        let action = RevokeSecurityGroupEgress::new(id.clone(), rules);
        plan.add(Phase::GroupRules, &scope, view.span_of("egress"), None, action);
    }
    for (key, egress) in [("ingress", false), ("egress", true)] {
        for node in view.items(key) {
            let Some(rule) = cx.group_rule(node, !egress) else { continue };
            let who = decode::text(node).ok().and_then(RuleText::parse).map(|rule| rule.who);
            if who.and_then(foreign_group).is_some() {
                let told = Described::GroupRule { group_id: id.clone(), egress, rule };
                plan.take_over(Phase::GroupRules, &scope, node.span, told);
            } else if egress {
                let action = AuthorizeSecurityGroupEgress::new(id.clone(), vec![rule]);
                plan.add(Phase::GroupRules, &scope, node.span, None, action);
            } else {
                let action = AuthorizeSecurityGroupIngress::new(id.clone(), vec![rule]);
                plan.add(Phase::GroupRules, &scope, node.span, None, action);
            }
        }
    }
}
