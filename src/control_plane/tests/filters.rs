//! Security groups, network ACLs, prefix lists.

use super::*;

fn bed() -> (Lab, VpcId, SecurityGroupId) {
    let mut lab = Lab::new(Era::Current);
    let vpc = lab.vpc("10.0.0.0/16");
    let group = lab.make(CreateSecurityGroup::new(vpc.clone(), "web".to_owned()));
    (lab, vpc, group)
}

fn https() -> SecurityGroupRule {
    SecurityGroupRule::cidr(Protocol::tcp(443), Cidr::ALL_V4)
}

#[test]
fn a_new_group_lets_nothing_in_and_everything_out() {
    let (mut lab, vpc, group) = bed();
    let record = &lab.region().security_groups()[&group];
    assert!(record.ingress.is_empty());
    let everything = SecurityGroupRule::cidr(Protocol::All, Cidr::ALL_V4);
    assert_eq!(record.egress, [everything].into());
    let create = |name: &str| CreateSecurityGroup::new(vpc.clone(), name.to_owned());
    assert_eq!(lab.code(create("web")), "InvalidGroup.Duplicate");
    assert_eq!(lab.code(create("default")), "InvalidGroup.Reserved");
    assert_eq!(lab.code(create("sg-web")), "InvalidParameterValue");
}

#[test]
fn rules_are_added_once_and_removed_once() {
    let (mut lab, _, group) = bed();
    let add = AuthorizeSecurityGroupIngress::new(group.clone(), vec![https()]);
    let applied = lab.ok(add.clone());
    assert!(applied.touched.contains(&Touch::SecurityGroup(group.clone())));
    let text = "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, \
                ALLOW\" already exists";
    assert_eq!(lab.refused(add), text);
    let remove = RevokeSecurityGroupIngress::new(group.clone(), vec![https()]);
    lab.ok(remove.clone());
    assert_eq!(lab.code(remove), "InvalidPermission.NotFound");
    assert_eq!(lab.code(RevokeSecurityGroupEgress::new(group, vec![https()])), "InvalidPermission.NotFound");
}

#[test]
fn all_problems_of_several_rules_are_told() {
    let (mut lab, _, group) = bed();
    let none = PrefixListId::parse("pl-0").expect("an id");
    let nobody = SecurityGroupId::parse("sg-0").expect("an id");
    let rules = vec![
        https(),
        SecurityGroupRule::prefix_list(Protocol::tcp(443), none),
        SecurityGroupRule::group(Protocol::All, nobody),
        SecurityGroupRule::cidr(Protocol::ICMP, Cidr::ALL_V6),
    ];
    let action = Action::from(AuthorizeSecurityGroupEgress::new(group, rules));
    let before = lab.world.clone();
    let error = lab.world.apply(&lab.call, &action, lab.at).expect_err("three of four are wrong");
    assert!(before == lab.world);
    let codes: Vec<_> = [error.code].into_iter().chain(error.more.iter().map(|more| more.code)).collect();
    let expected = [
        ErrorCode::InvalidPrefixListIdNotFound,
        ErrorCode::InvalidGroupNotFound,
        ErrorCode::InvalidPermissionMalformed,
    ];
    assert_eq!(codes, expected);
}

#[test]
fn a_rule_by_prefix_list_follows_the_service() {
    let (mut lab, _, group) = bed();
    let list = lab.s3_list();
    let rule = SecurityGroupRule::prefix_list(Protocol::tcp(443), list.clone());
    lab.ok(AuthorizeSecurityGroupEgress::new(group.clone(), vec![rule]));
    let applied = lab.ok(ServiceRangesChange { add: vec![cidr("52.1.0.0/16")], ..ServiceRangesChange::new(lab.s3()) });
    for touch in [Touch::SecurityGroup(group), Touch::PrefixList(list.clone()), Touch::Service(lab.s3())] {
        assert!(applied.touched.contains(&touch), "{touch:?}");
    }
    let blocks = lab.world.prefix_list_blocks(&lab.call.scope, &list).expect("a list");
    assert!(blocks.contains(&cidr("52.1.0.0/16")));
    let remove = ServiceRangesChange { remove: vec![cidr("52.2.0.0/16")], ..ServiceRangesChange::new(lab.s3()) };
    assert_eq!(lab.code(remove), "InvalidParameterValue");
}

#[test]
fn a_list_of_another_account_is_named_by_groups_of_its_region_and_changed_by_its_owner_alone() {
    let (mut lab, _, group) = bed();
    let own = lab.call.clone();
    let owner = Scope::new(account("444455556666"), region("us-west-2"));
    lab.world.open(&owner);
    lab.call = Call::admin(owner.clone());
    let entries = vec![cidr("10.200.0.0/16")];
    let create = CreateManagedPrefixList { entries, ..CreateManagedPrefixList::new("shared".to_owned(), 2) };
    let list: PrefixListId = lab.make(create);
    lab.call = own;
    let rule = SecurityGroupRule::prefix_list(Protocol::tcp(443), list.clone());
    lab.ok(AuthorizeSecurityGroupIngress::new(group.clone(), vec![rule]));
    assert_eq!(lab.world.prefix_list_blocks(&lab.call.scope, &list), Some(&[cidr("10.200.0.0/16")].into()));
    let modify = ModifyManagedPrefixList {
        add_entries: vec![cidr("10.201.0.0/16")],
        ..ModifyManagedPrefixList::new(list.clone())
    };
    assert_eq!(lab.code(modify.clone()), "OperationNotPermitted");
    assert_eq!(lab.code(DeleteManagedPrefixList::new(list.clone())), "OperationNotPermitted");
    // Lists are of their region.
    let elsewhere = Scope::new(lab.call.scope.account.clone(), region("us-east-1"));
    lab.world.open(&elsewhere);
    assert_eq!(lab.world.prefix_list_blocks(&elsewhere, &list), None);
    lab.call = Call::admin(owner);
    let applied = lab.ok(modify);
    assert!(applied.touched.contains(&Touch::SecurityGroup(group)), "the group of the other account follows");
    assert_eq!(lab.code(DeleteManagedPrefixList::new(list)), "DependencyViolation");
}

#[test]
fn groups_in_use_or_named_by_others_cannot_be_deleted() {
    let (mut lab, vpc, group) = bed();
    let other: SecurityGroupId = lab.make(CreateSecurityGroup::new(vpc.clone(), "db".to_owned()));
    let from_web = vec![SecurityGroupRule::group(Protocol::tcp(5432), group.clone())];
    lab.ok(AuthorizeSecurityGroupIngress::new(other.clone(), from_web.clone()));
    assert_eq!(lab.code(DeleteSecurityGroup::new(group.clone())), "DependencyViolation");
    lab.ok(RevokeSecurityGroupIngress::new(other.clone(), from_web));
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let run =
        RunInstances { subnet_id: Some(subnet), security_group_ids: vec![group.clone()], ..RunInstances::default() };
    let instance: InstanceId = lab.make(run);
    assert_eq!(lab.code(DeleteSecurityGroup::new(group.clone())), "DependencyViolation");
    lab.ok(TerminateInstances::new(vec![instance]));
    lab.ok(DeleteSecurityGroup::new(group));
    let default = lab.region().vpcs()[&vpc].default_security_group_id.clone();
    let text =
        format!("CannotDelete: the specified group: \"{default}\" name: \"default\" cannot be deleted by a user");
    assert_eq!(lab.refused(DeleteSecurityGroup::new(default)), text);
}

#[test]
fn the_quota_of_rules_is_the_eras() {
    for (era, limit) in [(Era::Y2017, 50), (Era::Current, 60)] {
        let mut lab = Lab::new(era);
        let vpc = lab.vpc("10.0.0.0/16");
        let group: SecurityGroupId = lab.make(CreateSecurityGroup::new(vpc, "web".to_owned()));
        let rule = |port| SecurityGroupRule::cidr(Protocol::tcp(port), Cidr::ALL_V4);
        lab.ok(AuthorizeSecurityGroupIngress::new(group.clone(), (1..=limit).map(rule).collect()));
        let one_more = AuthorizeSecurityGroupIngress::new(group, vec![rule(9_999)]);
        assert_eq!(lab.code(one_more), "RulesPerSecurityGroupLimitExceeded");
    }
}

#[test]
fn acl_entries_have_numbers_and_blocks_but_never_a_list() {
    let (mut lab, vpc, _) = bed();
    let acl: NetworkAclId = lab.make(CreateNetworkAcl::new(vpc));
    assert!(lab.region().network_acls()[&acl].ingress.is_empty());
    let create = |number| CreateNetworkAclEntry {
        cidr_block: Some(Cidr::ALL_V4),
        ..CreateNetworkAclEntry::new(acl.clone(), number, true, Protocol::tcp(443), RuleAction::Allow)
    };
    let applied = lab.ok(create(100));
    assert!(applied.touched.contains(&Touch::NetworkAcl(acl.clone())));
    assert_eq!(lab.code(create(100)), "NetworkAclEntryAlreadyExists");
    for number in [0, 32_767, 40_000] {
        assert_eq!(lab.code(create(number)), "InvalidParameterValue", "{number}");
    }
    let by_list = CreateNetworkAclEntry { prefix_list_id: Some(lab.s3_list()), cidr_block: None, ..create(110) };
    let text = format!(
        "InvalidParameterValue: Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        lab.s3_list()
    );
    assert_eq!(lab.refused(by_list), text);
    assert_eq!(lab.code(CreateNetworkAclEntry { cidr_block: None, ..create(110) }), "MissingParameter");
    let replace = |number| ReplaceNetworkAclEntry {
        cidr_block: Some(cidr("52.218.128.0/17")),
        ..ReplaceNetworkAclEntry::new(acl.clone(), number, true, Protocol::tcp(443), RuleAction::Deny)
    };
    lab.ok(replace(100));
    assert_eq!(lab.region().network_acls()[&acl].egress[&100].rule_action, RuleAction::Deny);
    assert_eq!(lab.code(replace(110)), "InvalidNetworkAclEntry.NotFound");
    lab.ok(DeleteNetworkAclEntry::new(acl.clone(), 100, true));
    assert_eq!(lab.code(DeleteNetworkAclEntry::new(acl, 100, true)), "InvalidNetworkAclEntry.NotFound");
}

#[test]
fn an_acl_takes_twenty_entries_with_the_final_deny() {
    let (mut lab, vpc, _) = bed();
    let acl: NetworkAclId = lab.make(CreateNetworkAcl::new(vpc));
    let create = |number, block| CreateNetworkAclEntry {
        cidr_block: Some(block),
        ..CreateNetworkAclEntry::new(acl.clone(), number, false, Protocol::All, RuleAction::Allow)
    };
    (1..20).for_each(|number| drop(lab.ok(create(number, Cidr::ALL_V4))));
    assert_eq!(lab.code(create(20, Cidr::ALL_V4)), "NetworkAclEntryLimitExceeded");
    lab.ok(create(20, Cidr::ALL_V6));
}

#[test]
fn a_subnet_uses_one_acl() {
    let (mut lab, vpc, _) = bed();
    let subnet = lab.subnet(&vpc, "10.0.1.0/24");
    let acl: NetworkAclId = lab.make(CreateNetworkAcl::new(vpc.clone()));
    let replace = ReplaceNetworkAclAssociation {
        subnet_id: Some(subnet.clone()),
        ..ReplaceNetworkAclAssociation::new(acl.clone())
    };
    let association: NetworkAclAssociationId = lab.make(replace.clone());
    assert_eq!(lab.region().subnets()[&subnet].network_acl_association.network_acl_id, acl);
    assert!(lab.region().network_acls()[&acl].subnets.contains(&subnet));
    assert_eq!(lab.code(DeleteNetworkAcl::new(acl.clone())), "DependencyViolation");
    let default = lab.region().vpcs()[&vpc].default_network_acl_id.clone();
    assert_eq!(lab.code(DeleteNetworkAcl::new(default.clone())), "InvalidParameterValue");
    let other = lab.vpc("10.9.0.0/16");
    let foreign = lab.region().vpcs()[&other].default_network_acl_id.clone();
    let to_foreign = ReplaceNetworkAclAssociation { network_acl_id: foreign, ..replace };
    assert_eq!(lab.code(to_foreign), "InvalidParameterValue");
    lab.ok(ReplaceNetworkAclAssociation {
        association_id: Some(association),
        ..ReplaceNetworkAclAssociation::new(default)
    });
    lab.ok(DeleteNetworkAcl::new(acl));
}

#[test]
fn customers_have_prefix_lists_today() {
    let (mut lab, vpc, group) = bed();
    let create = CreateManagedPrefixList {
        entries: vec![cidr("192.0.2.0/24")],
        ..CreateManagedPrefixList::new("offices".to_owned(), 2)
    };
    let list: PrefixListId = lab.make(create.clone());
    let table = lab.main_table(&vpc);
    let igw = lab.attached_igw(&vpc);
    let destination = Destination::PrefixList(list.clone());
    lab.ok(CreateRoute::new(table.clone(), destination.clone(), RouteTarget::InternetGateway(igw)));
    let rule = SecurityGroupRule::prefix_list(Protocol::tcp(22), list.clone());
    lab.ok(AuthorizeSecurityGroupIngress::new(group.clone(), vec![rule.clone()]));
    let add = |block: &str| ModifyManagedPrefixList {
        add_entries: vec![cidr(block)],
        ..ModifyManagedPrefixList::new(list.clone())
    };
    let applied = lab.ok(add("198.51.100.0/24"));
    for touch in [Touch::RouteTable(table.clone()), Touch::SecurityGroup(group.clone())] {
        assert!(applied.touched.contains(&touch), "{touch:?}");
    }
    assert_eq!(lab.code(add("203.0.113.0/24")), "InvalidParameterValue");
    let remove = ModifyManagedPrefixList {
        remove_entries: vec![cidr("203.0.113.0/24")],
        ..ModifyManagedPrefixList::new(list.clone())
    };
    assert_eq!(lab.code(remove), "InvalidParameterValue");
    assert_eq!(lab.code(ModifyManagedPrefixList::new(lab.s3_list())), "OperationNotPermitted");
    assert_eq!(lab.code(DeleteManagedPrefixList::new(list.clone())), "DependencyViolation");
    lab.ok(DeleteRoute::new(table, destination));
    lab.ok(RevokeSecurityGroupIngress::new(group, vec![rule]));
    lab.ok(DeleteManagedPrefixList::new(list));
    assert_eq!(Lab::new(Era::Y2017).code(create), "OperationNotPermitted");
}
