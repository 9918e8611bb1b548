//! VPCs that another account shares and whose owner's answers are in no file: what a participant may not describe is put in
//! as unknown. Invents nothing that could decide.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::draft::{Draft, Drafted, Unmodeled};
use super::filter::{AclDraft, GroupDraft};
use super::gateway::AttachedDraft;
use super::ledger::{Ledger, Place};
use super::route_table::{AssociationDraft, TableDraft, TableUserDraft};
use super::source::Library;
use super::vpc::VpcDraft;
use crate::base::*;
use crate::control_plane::{Destination, Route, RouteOrigin, RouteState, RouteTarget};

/// How long the ids are that stand in for the owner's.
const DIGITS: usize = 17;

/// Completes the VPCs that others share. VPC User Guide, "Share your VPC": participants describe the shared subnets, their
/// route tables and network ACLs, and what is their own; gateways, endpoints, the default group and whatever other
/// participants have, they cannot.
pub(crate) fn complete(library: &Library, draft: &mut Draft, ledger: &mut Ledger) {
    let shared: Vec<Drafted<VpcDraft>> =
        draft.vpcs.iter().filter(|vpc| is_shared(library, draft, vpc)).cloned().collect();
    for vpc in &shared {
        let owner = vpc.owner.as_ref().map_or("another account", AccountId::as_str);
        let (id, effect) = (&vpc.value.id, "traffic by its gateways, and to addresses of others in it: unknown");
        let effect = format!("{effect}; answers of account {owner} are not among these files");
        draft.unmodeled.push(Unmodeled {
            id: id.to_string(),
            what: "a VPC that another account shares".into(),
            effect,
        });
        follow_tables(draft, vpc, ledger);
        add_main_table(draft, vpc);
        add_filters(draft, vpc);
        draft.shared.insert(id.clone());
    }
}

/// Whether nothing of a VPC's owner is described but what it shares: every VPC has a default group.
fn is_shared(library: &Library, draft: &Draft, vpc: &Drafted<VpcDraft>) -> bool {
    let Some(owner) = &vpc.owner else { return false };
    let id = &vpc.value.id;
    let other = |account: Option<&AccountId>| account.is_some_and(|account| account != owner);
    let groups = || draft.security_groups.iter().filter(|group| group.value.vpc_id == *id);
    let has_default = groups().any(|group| group.value.group_name == "default");
    let has_participant = other(library.homes[vpc.at.file.0].account.as_ref())
        || groups().any(|group| other(group.owner.as_ref()))
        || draft.interfaces.iter().any(|one| one.value.vpc_id == *id && other(one.owner.as_ref()));
    !has_default && has_participant
}

/// What the shared tables lead to: an internet gateway that a route leads to is attached, whoever describes it; behind the
/// rest nothing can be told.
fn follow_tables(draft: &mut Draft, vpc: &Drafted<VpcDraft>, ledger: &mut Ledger) {
    let known: FxHashSet<Box<str>> = draft.known.iter().cloned().collect();
    let mut attached: BTreeSet<InternetGatewayId> = BTreeSet::new();
    let mut places: Vec<Place> = Vec::new();
    for table in draft.route_tables.iter_mut().filter(|table| table.value.vpc_id == vpc.value.id) {
        places.push(table.at);
        for (_, route) in &mut table.value.routes {
            let target = route.target.to_string();
            if route.state != RouteState::Active || route.target == RouteTarget::Local || known.contains(&*target) {
                continue;
            }
            match &route.target {
                RouteTarget::InternetGateway(id) => drop(attached.insert(id.clone())),
                _ => route.target = RouteTarget::Unmodeled(target),
            }
        }
        draft.shared_lists.extend(table.value.routes.iter().filter_map(|(_, route)| match &route.destination {
            Destination::PrefixList(list) if !known.contains(list.as_str()) => Some(list.clone()),
            _ => None,
        }));
        table.value.propagating_vgws.retain(|gateway| known.contains(gateway.as_str()));
        let (told, untold): (Vec<_>, Vec<_>) =
            std::mem::take(&mut table.value.propagated).into_iter().partition(|(.., vgw)| known.contains(vgw.as_str()));
        table.value.propagated = told;
        table.value.routes.extend(untold.into_iter().map(|(at, block, gateway)| {
            let target = RouteTarget::Unmodeled(gateway.to_string());
            let destination = Destination::Cidr(block);
            (at, Route { destination, target, origin: RouteOrigin::CreateRoute, state: RouteState::Active })
        }));
    }
    for id in attached {
        let value = AttachedDraft { id, tags: Vec::new(), vpc_id: Some(vpc.value.id.clone()) };
        draft.internet_gateways.push(Drafted { at: vpc.at, owner: vpc.owner.clone(), value });
    }
    ledger.forget_references(|reference| {
        let within = |place: &Place| {
            place.file == reference.at.file
                && place.span.start <= reference.at.span.start
                && reference.at.span.end <= place.span.end
        };
        !known.contains(&reference.id) && places.iter().any(within)
    });
}

/// The main table, which a participant sees only where a subnet uses it: whatever leaves the VPC by it is unknown.
fn add_main_table(draft: &mut Draft, vpc: &Drafted<VpcDraft>) {
    let id = &vpc.value.id;
    let own = draft.route_tables.iter().filter(|table| table.value.vpc_id == *id);
    let is_main = |association: &AssociationDraft| matches!(association.user, TableUserDraft::Main);
    if own.clone().any(|table| table.value.associations.iter().any(is_main)) {
        return;
    }
    let blocks = vpc.value.cidr_blocks.iter().chain(&vpc.value.ipv6_cidr_blocks);
    let mut routes: Vec<(Place, Route)> = blocks.map(|block| (vpc.at, Route::local(*block))).collect();
    for everything in [Cidr::ALL_V4, Cidr::ALL_V6] {
        routes.push((
            vpc.at,
            Route {
                destination: Destination::Cidr(everything),
                target: RouteTarget::Unmodeled(format!("main-table-of-{id}")),
                origin: RouteOrigin::CreateRoute,
                state: RouteState::Active,
            },
        ));
    }
    let name = format!("{id}/main");
    let association = AssociationDraft {
        at: vpc.at,
        id: RouteTableAssociationId::of_name(&name, DIGITS),
        user: TableUserDraft::Main,
    };
    let value = TableDraft {
        id: RouteTableId::of_name(&name, DIGITS),
        tags: Vec::new(),
        vpc_id: id.clone(),
        routes,
        propagated: Vec::new(),
        propagating_vgws: Vec::new(),
        associations: vec![association],
    };
    draft.route_tables.push(Drafted { at: vpc.at, owner: vpc.owner.clone(), value });
}

/// The default group and ACL, which nothing of the participant uses.
fn add_filters(draft: &mut Draft, vpc: &Drafted<VpcDraft>) {
    let id = &vpc.value.id;
    let name = format!("{id}/default");
    let group = GroupDraft {
        id: SecurityGroupId::of_name(&name, DIGITS),
        tags: Vec::new(),
        vpc_id: id.clone(),
        group_name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        ingress: BTreeSet::new(),
        egress: BTreeSet::new(),
        foreign: Vec::new(),
    };
    draft.security_groups.push(Drafted { at: vpc.at, owner: vpc.owner.clone(), value: group });
    if draft.network_acls.is_empty()
        || draft.network_acls.iter().any(|acl| acl.value.vpc_id == *id && acl.value.is_default)
    {
        return;
    }
    let acl = AclDraft {
        id: NetworkAclId::of_name(&name, DIGITS),
        tags: Vec::new(),
        vpc_id: id.clone(),
        is_default: true,
        ingress: BTreeMap::new(),
        egress: BTreeMap::new(),
        associations: Vec::new(),
    };
    draft.network_acls.push(Drafted { at: vpc.at, owner: vpc.owner.clone(), value: acl });
}
