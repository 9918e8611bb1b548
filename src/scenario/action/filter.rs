//! Actions on security groups, network ACLs and prefix lists.

use super::value::{Read, blocks, made, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn filters(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-security-group" => {
            let vpc = cx.vpc(view.node("vpc"), view.span);
            let description = view.string("description").unwrap_or_default();
            vpc.zip(view.string("name")).map(|(vpc, name)| {
                let action = CreateSecurityGroup::new(vpc, name);
                CreateSecurityGroup { id: made(id), tags: tags(view), description, ..action }.into()
            })
        }
        "delete-security-group" => group(cx, view).map(|id| DeleteSecurityGroup::new(id).into()),
        "authorize-security-group-ingress" => {
            group_rules(cx, view, true).map(|(id, rules)| AuthorizeSecurityGroupIngress::new(id, rules).into())
        }
        "authorize-security-group-egress" => {
            group_rules(cx, view, false).map(|(id, rules)| AuthorizeSecurityGroupEgress::new(id, rules).into())
        }
        "revoke-security-group-ingress" => {
            group_rules(cx, view, true).map(|(id, rules)| RevokeSecurityGroupIngress::new(id, rules).into())
        }
        "revoke-security-group-egress" => {
            group_rules(cx, view, false).map(|(id, rules)| RevokeSecurityGroupEgress::new(id, rules).into())
        }
        "create-network-acl" => cx
            .vpc(view.node("vpc"), view.span)
            .map(|vpc| CreateNetworkAcl { id: made(id), tags: tags(view), ..CreateNetworkAcl::new(vpc) }.into()),
        "delete-network-acl" => acl(cx, view).map(|id| DeleteNetworkAcl::new(id).into()),
        "create-network-acl-entry" | "replace-network-acl-entry" => acl_entry(cx, verb, view),
        "delete-network-acl-entry" => {
            let (number, egress) = (number(view), view.boolean("egress"));
            acl(cx, view)
                .zip(number.zip(egress))
                .map(|(id, (number, egress))| DeleteNetworkAclEntry::new(id, number, egress).into())
        }
        "replace-network-acl-association" => {
            let subnet_id = cx.id(view.node("subnet"), "a subnet");
            let acl = acl(cx, view);
            acl.zip(subnet_id).map(|(acl, subnet)| {
                ReplaceNetworkAclAssociation { subnet_id: Some(subnet), ..ReplaceNetworkAclAssociation::new(acl) }
                    .into()
            })
        }
        "create-managed-prefix-list" => view.string("name").map(|name| {
            let entries = blocks(view, "entries");
            let most = view.integer("max-entries").map_or(entries.len().max(1), |most| most as usize);
            let tags = Tags::named(name.clone());
            CreateManagedPrefixList { id: made(id), tags, entries, ..CreateManagedPrefixList::new(name, most) }.into()
        }),
        "modify-managed-prefix-list" => cx.id(view.node("prefix-list"), "a prefix list").map(|id| {
            let (add_entries, remove_entries) = (blocks(view, "add"), blocks(view, "remove"));
            ModifyManagedPrefixList { add_entries, remove_entries, ..ModifyManagedPrefixList::new(id) }.into()
        }),
        "delete-managed-prefix-list" => {
            cx.id(view.node("prefix-list"), "a prefix list").map(|id| DeleteManagedPrefixList::new(id).into())
        }
        _ => return None,
    })
}

fn group(cx: &mut Cx<'_>, view: &View<'_>) -> Option<SecurityGroupId> {
    cx.id(view.node("security-group"), "a security group")
}

fn acl(cx: &mut Cx<'_>, view: &View<'_>) -> Option<NetworkAclId> {
    cx.id(view.node("network-acl"), "a network ACL")
}

fn number(view: &View<'_>) -> Option<u16> {
    view.integer("number").and_then(|number| u16::try_from(number).ok())
}

fn group_rules(cx: &mut Cx<'_>, view: &View<'_>, ingress: bool) -> Option<(SecurityGroupId, Vec<SecurityGroupRule>)> {
    let rules = view.items("rules").into_iter().map(|node| cx.group_rule(node, ingress)).collect::<Option<Vec<_>>>();
    group(cx, view).zip(rules)
}

fn acl_entry(cx: &mut Cx<'_>, verb: &str, view: &View<'_>) -> Option<Action> {
    let id = acl(cx, view);
    let rule = cx.acl_rule(view.node("rule")?)?;
    let (id, number) = id.zip(number(view))?;
    let action = if rule.allow { RuleAction::Allow } else { RuleAction::Deny };
    Some(if verb == "create-network-acl-entry" {
        let entry = CreateNetworkAclEntry::new(id, number, rule.egress, rule.protocol, action);
        CreateNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry }.into()
    } else {
        let entry = ReplaceNetworkAclEntry::new(id, number, rule.egress, rule.protocol, action);
        ReplaceNetworkAclEntry { cidr_block: rule.block, prefix_list_id: rule.list, ..entry }.into()
    })
}
