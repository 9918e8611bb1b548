//! What the answers owe one another: ids that nobody describes, halves of folders, blocks and addresses that do not fit.
//! Builds no records of a world.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::draft::{Draft, Drafted};
use super::kind::{KINDS, Kind, kind_of_id, kind_of_key};
use super::ledger::{Ledger, Place, Reference};
use super::route_table::TableUserDraft;
use super::source::{Home, Library};
use super::vpc::{SubnetDraft, VpcDraft};
use crate::base::*;

/// Everything that can be said before records are made.
pub(crate) fn check(library: &Library, draft: &Draft, ledger: &mut Ledger) {
    let references = ledger.take_references();
    let (missing, said) = half_folders(library, ledger);
    dangling(library, draft, references, (&missing, &said), ledger);
    let vpcs: FxHashMap<&str, &VpcDraft> = draft.vpcs.iter().map(|vpc| (vpc.value.id.as_str(), &vpc.value)).collect();
    let subnets: FxHashMap<&str, &SubnetDraft> =
        draft.subnets.iter().map(|subnet| (subnet.value.id.as_str(), &subnet.value)).collect();
    check_subnets(draft, &vpcs, ledger);
    check_interfaces(draft, &subnets, ledger);
    let lacks = |at: Place, kind: &str| {
        let kind = NEEDED.iter().find(|needed| **needed == kind);
        kind.is_some_and(|kind| said.contains(&(&library.homes[at.file.0], *kind)))
    };
    check_tables(draft, &subnets, &lacks, ledger);
    check_acls(draft, &subnets, &lacks, ledger);
}

/// The answers without which an account's network cannot be told. Instances bring their interfaces with them.
const NEEDED: [&str; 5] = ["Vpcs", "Subnets", "RouteTables", "NetworkAcls", "SecurityGroups"];
const ONE_OF_THESE: [&str; 2] = ["NetworkInterfaces", "Reservations"];

/// Kinds that are missing, by file.
type Missing = BTreeMap<usize, BTreeSet<&'static str>>;
/// Kinds of which it was said that they are missing, by the home that misses them.
type Said<'a> = BTreeSet<(&'a Home, &'static str)>;
/// By folder and kind of answers that are missing: the ids that would be there, and where the first of them is named.
type OfMissing<'a> = BTreeMap<(&'a Home, &'static str), (Place, BTreeSet<Box<str>>)>;

/// Which kinds no file of an account and region holds. Those without which nothing goes are errors at once.
fn half_folders<'a>(library: &'a Library, ledger: &mut Ledger) -> (Missing, Said<'a>) {
    let mut present: BTreeMap<&Home, (BTreeSet<&'static str>, bool)> = BTreeMap::new();
    for list in &library.lists {
        let home = &library.homes[list.file.0];
        let (kinds, matters) = present.entry(home).or_default();
        kinds.insert(list.kind.key);
        *matters |= NEEDED[..2].contains(&list.kind.key) && !library.items(list).is_empty();
    }
    let mut said = Said::new();
    for (home, (kinds, _)) in present.iter().filter(|(_, (_, matters))| *matters) {
        let absent = |key: &&&str| !kinds.contains(**key) && !library.unreadable.contains(**key);
        let none_of_these = ONE_OF_THESE.iter().all(|key| absent(&key));
        let one_of_these = ONE_OF_THESE.iter().filter(|_| none_of_these);
        for kind in NEEDED.iter().filter(absent).chain(one_of_these).filter_map(|key| kind_of_key(key)) {
            said.insert((*home, kind.key));
            ledger.folder_error(&library.folder(home), no_file(kind, home));
        }
    }
    let mut missing = Missing::new();
    for (file, home) in library.homes.iter().enumerate() {
        let kinds = present.get(home).map(|(kinds, _)| kinds);
        let absent = |kind: &&Kind| kinds.is_none_or(|kinds| !kinds.contains(kind.key));
        missing.insert(file, KINDS.iter().filter(absent).map(|kind| kind.key).collect());
    }
    (missing, said)
}

fn no_file(kind: &Kind, home: &Home) -> String {
    let whose = match (&home.account, &home.region) {
        (Some(account), Some(region)) => format!(" of account {account} in {region}"),
        (None, Some(region)) => format!(" of {region}"),
        (_, None) => String::new(),
    };
    format!("no file holds the {}{whose}: `aws {}` gives them", kind.key, kind.call)
}

/// Ids that no item describes. Where a whole kind is missing, or its file could not be read, that is said once.
fn dangling(
    library: &Library,
    draft: &Draft,
    references: Vec<Reference>,
    (missing, said): (&Missing, &Said<'_>),
    ledger: &mut Ledger,
) {
    let mut of_missing: OfMissing<'_> = BTreeMap::new();
    for Reference { at, id } in references {
        if draft.known.contains(&id) {
            continue;
        }
        let kind = kind_of_id(&id);
        if kind.is_some_and(|kind| library.unreadable.contains(kind.key)) {
            continue;
        }
        let file = at.file.0;
        match kind.filter(|kind| missing.get(&file).is_some_and(|missing| missing.contains(kind.key))) {
            Some(kind) => {
                let key = (&library.homes[file], kind.key);
                of_missing.entry(key).or_insert_with(|| (at, BTreeSet::new())).1.insert(id);
            }
            None => ledger.error(at, format!("no file describes {id}")),
        }
    }
    for ((_, key), (at, ids)) in of_missing.into_iter().filter(|(key, _)| !said.contains(key)) {
        if let (Some(kind), Some(first)) = (kind_of_key(key), ids.first()) {
            let more = if ids.len() == 1 { String::new() } else { format!(" and {} more of them", ids.len() - 1) };
            let message = format!("{}; {first}{more} would be there", no_file(kind, &library.homes[at.file.0]));
            ledger.error(at, message);
        }
    }
}

/// Subnets lie inside their VPC and apart from one another, in a zone of their region.
fn check_subnets(draft: &Draft, vpcs: &FxHashMap<&str, &VpcDraft>, ledger: &mut Ledger) {
    let mut by_vpc: BTreeMap<&VpcId, Vec<(Cidr, &Drafted<SubnetDraft>)>> = BTreeMap::new();
    for subnet in &draft.subnets {
        let value = &subnet.value;
        let blocks = [Some(value.cidr_block), value.ipv6_cidr_block];
        if let Some(vpc) = vpcs.get(value.vpc_id.as_str()) {
            for block in blocks.iter().flatten() {
                let mut own = vpc.cidr_blocks.iter().chain(&vpc.ipv6_cidr_blocks);
                if !own.any(|own| own.covers(block)) {
                    ledger.error(subnet.at, format!("{block} of {} lies outside the blocks of {}", value.id, vpc.id));
                }
            }
        }
        by_vpc.entry(&value.vpc_id).or_default().extend(blocks.into_iter().flatten().map(|block| (block, subnet)));
    }
    for subnets in by_vpc.values_mut() {
        subnets.sort_by_key(|(block, _)| (block.network(), block.last()));
        for pair in subnets.windows(2) {
            let [(one, first), (other, second)] = pair else { continue };
            if one.overlaps(other) {
                let (id, first) = (&second.value.id, &first.value.id);
                ledger.error(second.at, format!("{other} of {id} overlaps {one} of {first}"));
            }
        }
    }
}

/// Addresses of interfaces lie in their subnets, and no two interfaces of a subnet share one.
fn check_interfaces(draft: &Draft, subnets: &FxHashMap<&str, &SubnetDraft>, ledger: &mut Ledger) {
    let mut taken: FxHashMap<(&str, IpAddr), &NetworkInterfaceId> = FxHashMap::default();
    let mut slots: FxHashMap<(&str, u32), &NetworkInterfaceId> = FxHashMap::default();
    for interface in &draft.interfaces {
        let value = &interface.value;
        if let Some(subnet) = subnets.get(value.subnet_id.as_str()) {
            if subnet.vpc_id != value.vpc_id && draft.known.contains(value.vpc_id.as_str()) {
                let message =
                    format!("{} says {}, but its subnet {} is of {}", value.id, value.vpc_id, subnet.id, subnet.vpc_id);
                ledger.error(interface.at, message);
            }
            let v4 = value.private_addresses.iter().map(|own| IpAddr::V4(own.address));
            for address in v4.chain(value.ipv6_addresses.iter().map(|address| IpAddr::V6(*address))) {
                let blocks = [Some(subnet.cidr_block), subnet.ipv6_cidr_block];
                if !blocks.iter().flatten().any(|block| block.contains(address)) {
                    ledger.error(
                        interface.at,
                        format!("{address} of {} lies outside its subnet {}", value.id, subnet.id),
                    );
                } else if let Some(other) = taken.insert((value.subnet_id.as_str(), address), &value.id) {
                    ledger.error(interface.at, format!("{address} of {} is also of {other}", value.id));
                }
            }
        }
        let attachment = value.attachment.as_ref();
        if let Some(instance) = attachment.and_then(|attachment| attachment.instance_id.as_ref()) {
            let index = attachment.map_or(0, |attachment| attachment.device_index);
            if let Some(other) = slots.insert((instance.as_str(), index), &value.id) {
                let message = format!("{} and {other} have device index {index} of {instance}", value.id);
                ledger.error(interface.at, message);
            }
        }
    }
}

/// Each VPC has one main table; each subnet uses one table at most, of its own VPC.
fn check_tables(
    draft: &Draft,
    subnets: &FxHashMap<&str, &SubnetDraft>,
    lacks: &impl Fn(Place, &str) -> bool,
    ledger: &mut Ledger,
) {
    let mut main: FxHashMap<&str, &RouteTableId> = FxHashMap::default();
    let mut users: FxHashMap<&str, &RouteTableId> = FxHashMap::default();
    for table in draft.route_tables.iter().map(|table| &table.value) {
        for association in &table.associations {
            let other = match &association.user {
                TableUserDraft::Main => main.insert(table.vpc_id.as_str(), &table.id),
                TableUserDraft::Subnet(subnet) => {
                    let elsewhere = subnets.get(subnet.as_str()).is_some_and(|subnet| subnet.vpc_id != table.vpc_id);
                    if elsewhere && draft.known.contains(table.vpc_id.as_str()) {
                        ledger.error(association.at, format!("{subnet} is of another VPC than {}", table.id));
                    }
                    users.insert(subnet.as_str(), &table.id)
                }
                TableUserDraft::Gateway(_) => None,
            };
            if let Some(other) = other {
                ledger.error(association.at, format!("{other} has an association with the same user"));
            }
        }
    }
    let default_groups = draft.security_groups.iter().filter(|group| group.value.group_name == "default");
    let guarded: BTreeSet<&str> = default_groups.map(|group| group.value.vpc_id.as_str()).collect();
    // Where one of them names an unknown VPC, it may be the one that is missed, and that was said.
    let is_known = |vpc: &VpcId| draft.known.contains(vpc.as_str());
    let (has_tables, has_groups) = (!draft.route_tables.is_empty(), !draft.security_groups.is_empty());
    let tables_known = has_tables && draft.route_tables.iter().all(|table| is_known(&table.value.vpc_id));
    let groups_known = has_groups && draft.security_groups.iter().all(|group| is_known(&group.value.vpc_id));
    for vpc in &draft.vpcs {
        if !main.contains_key(vpc.value.id.as_str()) && tables_known && !lacks(vpc.at, "RouteTables") {
            ledger.error(vpc.at, format!("no route table says that it is the main one of {}", vpc.value.id));
        }
        if groups_known && !guarded.contains(vpc.value.id.as_str()) && !lacks(vpc.at, "SecurityGroups") {
            ledger.error(vpc.at, format!("no security group is the default one of {}", vpc.value.id));
        }
    }
}

/// Each subnet uses exactly one ACL, of its own VPC, and each VPC has a default one.
fn check_acls(
    draft: &Draft,
    subnets: &FxHashMap<&str, &SubnetDraft>,
    lacks: &impl Fn(Place, &str) -> bool,
    ledger: &mut Ledger,
) {
    if draft.network_acls.is_empty() {
        return;
    }
    let mut users: FxHashMap<&str, &NetworkAclId> = FxHashMap::default();
    let mut defaults: BTreeSet<&VpcId> = BTreeSet::new();
    for acl in draft.network_acls.iter().map(|acl| &acl.value) {
        if acl.is_default {
            defaults.insert(&acl.vpc_id);
        }
        for (at, _, subnet) in &acl.associations {
            let elsewhere = subnets.get(subnet.as_str()).is_some_and(|subnet| subnet.vpc_id != acl.vpc_id);
            if elsewhere && draft.known.contains(acl.vpc_id.as_str()) {
                ledger.error(*at, format!("{subnet} is of another VPC than {}", acl.id));
            }
            if let Some(other) = users.insert(subnet.as_str(), &acl.id) {
                ledger.error(*at, format!("{subnet} also uses {other}"));
            }
        }
    }
    let without = draft.subnets.iter().filter(|subnet| !users.contains_key(subnet.value.id.as_str()));
    // Where no file holds the ACLs, that was said.
    for subnet in without.filter(|subnet| !lacks(subnet.at, "NetworkAcls")) {
        ledger.error(subnet.at, format!("no network ACL names {}: is a page of them missing?", subnet.value.id));
    }
    let known = draft.network_acls.iter().all(|acl| draft.known.contains(acl.value.vpc_id.as_str()));
    let without = draft.vpcs.iter().filter(|vpc| known && !defaults.contains(&vpc.value.id));
    for vpc in without.filter(|vpc| !lacks(vpc.at, "NetworkAcls")) {
        ledger.error(vpc.at, format!("no network ACL is the default one of {}", vpc.value.id));
    }
}
