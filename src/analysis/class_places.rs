//! Places that no account of the compared worlds has, and that their tables tell apart: services, hosts, the internet, and
//! whatever lies behind gateways. Asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::addresses::AddressIndex;
use super::classes::{Class, ClassKind, SOMEWHERE, SOMEWHERE_V6};
use super::path::Source;
use super::tables::TableOptions;
use crate::base::Cidr;
use crate::control_plane::{Destination, Peer, World};

/// All blocks that routes and rules name.
pub(super) fn blocks_named(worlds: &[&World]) -> BTreeSet<Cidr> {
    let mut blocks = BTreeSet::new();
    for (_, region) in worlds.iter().flat_map(|world| world.regions()) {
        for table in region.route_tables().values() {
            blocks.extend(table.routes().filter_map(|route| match &route.destination {
                Destination::Cidr(block) => Some(*block),
                Destination::PrefixList(_) => None,
            }));
            blocks.extend(table.propagated().iter().map(|route| route.destination));
        }
        for group in region.security_groups().values() {
            blocks.extend(group.ingress.iter().chain(&group.egress).filter_map(|rule| match &rule.peer {
                Peer::Cidr(block) => Some(*block),
                Peer::Group(_) | Peer::PrefixList(_) => None,
            }));
        }
        for acl in region.network_acls().values() {
            blocks.extend(acl.ingress.values().chain(acl.egress.values()).map(|entry| entry.cidr_block));
        }
        for list in region.prefix_lists().values() {
            blocks.extend(&list.entries);
        }
    }
    blocks
}

/// Services block by block, hosts outside of AWS, and of what lies elsewhere: anywhere on the internet, and each block that
/// a route or rule names and that no VPC has.
pub(super) fn places(worlds: &[&World], blocks: &BTreeSet<Cidr>, options: &TableOptions, classes: &mut Vec<Class>) {
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    let place = |name: String, address: IpAddr, kind| {
        let asker = (kind == ClassKind::Beyond).then_some(Source::Beyond(address));
        Class { name, members: vec![address], kind, service: None, of: None, asker }
    };
    let v6 = classes.iter().any(|class| class.address().is_ipv6());
    for (name, block) in service_blocks(worlds, v6) {
        let named = blocks.iter().filter(|named| block.covers(named) && **named != block);
        for part in std::iter::once(&block).chain(named) {
            // Ten behind the first: far enough from blocks that begin at the same address.
            let Some(address) = part.nth(10).or_else(|| part.nth(0)) else { continue };
            if seen.insert(address) {
                let class = place(format!("{name} ({part})"), address, ClassKind::Service);
                classes.push(Class { service: Some(name.clone()), ..class });
            }
        }
    }
    let premises = options.outside.premises.iter().flat_map(|premises| &premises.hosts);
    for host in options.outside.hosts.iter().chain(premises) {
        let own = host.addresses.iter().filter(|address| seen.insert(**address));
        classes.extend(own.map(|address| place(host.name.clone(), *address, ClassKind::Host)));
    }
    classes.push(place("the internet".to_owned(), SOMEWHERE, ClassKind::Internet));
    seen.insert(SOMEWHERE);
    if v6 {
        classes.push(place("the internet by IPv6".to_owned(), SOMEWHERE_V6, ClassKind::Internet));
        seen.insert(SOMEWHERE_V6);
    }
    let indices: Vec<AddressIndex> = worlds.iter().map(|world| AddressIndex::of(world)).collect();
    let regions = worlds.iter().flat_map(|world| world.regions());
    let vpcs = regions.flat_map(|(_, region)| region.vpcs().values());
    let inside: BTreeSet<Cidr> = vpcs.flat_map(|vpc| vpc.blocks().copied()).collect();
    for block in blocks.iter().filter(|block| block.prefix_len() != 0 && (block.is_v4() || v6)) {
        let is_free = |address: &IpAddr| {
            !seen.contains(address)
                && !inside.iter().any(|block| block.contains(*address))
                && !indices.iter().any(|index| index.is_of_aws(*address))
        };
        let Some(address) = representative(block, blocks, &inside, &is_free) else { continue };
        let (name, kind) = match indices.iter().all(|index| index.is_outside(address)) {
            true => (format!("the internet ({block})"), ClassKind::Internet),
            false => (format!("beyond the VPCs ({block})"), ClassKind::Beyond),
        };
        seen.insert(address);
        classes.push(place(name, address, kind));
    }
}

/// An address of a block that is in no smaller block that something names, so that what is said of the block alone holds.
fn representative(
    block: &Cidr,
    named: &BTreeSet<Cidr>,
    inside: &BTreeSet<Cidr>,
    is_free: &dyn Fn(&IpAddr) -> bool,
) -> Option<IpAddr> {
    let within: Vec<&Cidr> =
        named.iter().chain(inside).filter(|other| block.covers(other) && *other != block).collect();
    // The first ones, and those right behind each smaller block.
    let behind = within.iter().filter_map(|other| next(other.last()));
    let candidates = [1, 0].into_iter().filter_map(|index| block.nth(index)).chain(behind);
    let mut own = candidates.filter(|address| block.contains(*address));
    own.find(|address| is_free(address) && !within.iter().any(|other| other.contains(*address)))
}

/// The blocks of all services, each once, with what they are called.
fn service_blocks(worlds: &[&World], v6: bool) -> Vec<(String, Cidr)> {
    let mut found: BTreeMap<Cidr, String> = BTreeMap::new();
    for world in worlds {
        for region in world.service_regions() {
            for service in world.services(region) {
                let more = service.ipv6_ranges.iter().filter(|_| v6);
                for block in service.ranges.iter().chain(more) {
                    found.entry(*block).or_insert_with(|| format!("{} {region}", service.name.service()));
                }
            }
        }
    }
    found.into_iter().map(|(block, name)| (name, block)).collect()
}

/// The address behind another.
fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(v6) => u128::from(v6).checked_add(1).map(|next| IpAddr::V6(next.into())),
    }
}
