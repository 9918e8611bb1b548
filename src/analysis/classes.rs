//! Like machines and places, so that of all that tables cannot tell apart only one is asked. Asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::addresses::AddressIndex;
use super::tables::TableOptions;
use crate::base::{Cidr, InstanceId};
use crate::control_plane::{
    Destination, Instance, InstanceState, NetworkInterface, Peer, Region, RouteTarget, Scope, World,
};

/// Machines, or places, that no table of the compared worlds tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// What it is called: its first member's name, or what it is.
    pub name: String,
    /// The addresses of its members; never none. The first is asked from and at.
    pub members: Vec<IpAddr>,
    /// What kind of place it is.
    pub kind: ClassKind,
    /// The service whose addresses they are, where it is one: all of its blocks have it.
    pub service: Option<String>,
    /// The instances that it is of: classes of the same ones are their several addresses, in the same order.
    pub(super) of: Option<usize>,
}

/// What kind of place a class is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassKind {
    /// Instances, by their own addresses.
    Instances,
    /// Instances, by their public addresses; only ever asked, not asking.
    Public,
    /// Addresses of a service.
    Service,
    /// A host outside of AWS that the world has.
    Host,
    /// Addresses of the internet that nobody in the world has.
    Internet,
}

impl Class {
    /// Its name with how many more are like it.
    pub fn label(&self) -> String {
        match self.members.len() {
            0 | 1 => self.name.clone(),
            2 => format!("{} and one like it", self.name),
            count => format!("{} and {} like it", self.name, count - 1),
        }
    }

    /// The address that it is asked from and at.
    pub fn address(&self) -> IpAddr {
        self.members[0]
    }

    /// Whether it can ask.
    pub const fn asks(&self) -> bool {
        matches!(self.kind, ClassKind::Instances | ClassKind::Host | ClassKind::Internet)
    }

    /// Whether it is in AWS and of an account.
    pub const fn is_inside(&self) -> bool {
        matches!(self.kind, ClassKind::Instances | ClassKind::Public)
    }
}

/// An address of the internet that no world's records name, so that only default routes and open rules hold for it.
pub const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));
/// The same of IPv6.
const SOMEWHERE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888));

/// The classes of all machines and places that the given worlds' tables tell apart.
pub(super) fn classes_of(worlds: &[&World], options: &TableOptions) -> Vec<Class> {
    let blocks = blocks_named(worlds);
    let mut groups: BTreeMap<Vec<String>, Vec<Member>> = BTreeMap::new();
    let indexed: Vec<BTreeMap<&InstanceId, (Scope, &Region)>> = worlds.iter().map(|world| regions_of(world)).collect();
    for id in running(worlds) {
        let mut key = Vec::new();
        let mut member = None;
        for index in &indexed {
            let Some((scope, region)) = index.get(&id) else {
                key.push("absent".to_owned());
                continue;
            };
            let Some(instance) = region.instances().get(&id) else { continue };
            key.push(signature(scope, region, instance, &blocks, options));
            member.get_or_insert_with(|| Member::of(region, instance));
        }
        groups.entry(key).or_default().extend(member);
    }
    let mut classes: Vec<Class> =
        groups.values().enumerate().flat_map(|(of, members)| of_members(of, members)).collect();
    classes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    places(worlds, &blocks, options, &mut classes);
    classes
}

/// An instance with the addresses that it asks from and is asked at.
struct Member {
    name: String,
    /// What is behind the name, the address, and its public twin.
    ends: Vec<(String, IpAddr, Option<IpAddr>)>,
}

impl Member {
    fn of(region: &Region, instance: &Instance) -> Self {
        let name = instance.tags.name.clone().unwrap_or_else(|| instance.id.to_string());
        let mut ends = Vec::new();
        for (index, id) in &instance.interfaces {
            let Some(interface) = region.network_interfaces().get(id) else { continue };
            let which = if *index == 0 { String::new() } else { format!(" by interface {index}") };
            if let Some(address) = interface.primary_address() {
                let public = interface.public_address().map(IpAddr::V4);
                ends.push((which.clone(), IpAddr::V4(address), public));
            }
            if let Some(address) = interface.ipv6_addresses.first() {
                ends.push((format!("{which} by IPv6"), IpAddr::V6(*address), None));
            }
        }
        Self { name, ends }
    }
}

fn of_members(of: usize, members: &[Member]) -> Vec<Class> {
    let Some(first) = members.first() else { return Vec::new() };
    let mut classes = Vec::new();
    for (index, (which, ..)) in first.ends.iter().enumerate() {
        let ends = || members.iter().filter_map(|member| member.ends.get(index));
        let name = format!("{}{which}", first.name);
        let (own, of) = (ends().map(|(_, address, _)| *address).collect(), Some(of));
        classes.push(Class { name: name.clone(), members: own, kind: ClassKind::Instances, service: None, of });
        let public: Vec<IpAddr> = ends().filter_map(|(.., public)| *public).collect();
        if !public.is_empty() {
            let name = format!("{name} by its public address");
            classes.push(Class { name, members: public, kind: ClassKind::Public, service: None, of });
        }
    }
    classes
}

fn running(worlds: &[&World]) -> BTreeSet<InstanceId> {
    let regions = worlds.iter().flat_map(|world| world.regions());
    let instances = regions.flat_map(|(_, region)| region.instances().values());
    instances.filter(|one| one.state == InstanceState::Running).map(|one| one.id.clone()).collect()
}

fn regions_of(world: &World) -> BTreeMap<&InstanceId, (Scope, &Region)> {
    let regions = world.regions();
    regions.flat_map(|(scope, region)| region.instances().keys().map(move |id| (id, (scope.clone(), region)))).collect()
}

/// All that tables can tell of an instance.
fn signature(
    scope: &Scope,
    region: &Region,
    instance: &Instance,
    blocks: &BTreeSet<Cidr>,
    options: &TableOptions,
) -> String {
    let (answers, nat) = (options.answer_by_instance.get(&instance.id), options.nat_instances.contains(&instance.id));
    let mut text = format!("{}/{} {:?} {answers:?} {nat}", scope.account, scope.region, instance.state);
    // What a route leads to is like nobody else: what is for itself passes there, and what is for others may not.
    let mut alone = |target: RouteTarget, id: &str| {
        if region.tables_with_target(&target).next().is_some() {
            text.push_str(&format!(" {id}"));
        }
    };
    alone(RouteTarget::Instance(instance.id.clone()), instance.id.as_str());
    for id in instance.interfaces.values() {
        alone(RouteTarget::NetworkInterface(id.clone()), id.as_str());
    }
    for (index, id) in &instance.interfaces {
        let Some(interface) = region.network_interfaces().get(id) else { continue };
        let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
        let public = interface.public_address().is_some();
        let (check, v6) = (interface.source_dest_check, interface.ipv6_addresses.len());
        text.push_str(&format!("; {index} {} {} {public} {check} {v6}", interface.subnet_id, groups.join(",")));
        // Blocks that hold the whole subnet hold all of its members alike.
        let subnet = region.subnets().get(&interface.subnet_id);
        for address in interface.addresses() {
            let inner = blocks.iter().filter(|block| block.contains(address));
            let inner = inner.filter(|block| subnet.is_none_or(|subnet| !block.covers(&subnet.cidr_block)));
            inner.for_each(|block| text.push_str(&format!(" {block}")));
        }
        for public in public_addresses(interface) {
            let inner = blocks.iter().filter(|block| block.contains(public));
            inner.for_each(|block| text.push_str(&format!(" {block}")));
        }
    }
    text
}

fn public_addresses(interface: &NetworkInterface) -> impl Iterator<Item = IpAddr> {
    let associations = interface.private_addresses.iter().filter_map(|own| own.association.as_ref());
    associations.map(|association| IpAddr::V4(association.public_ip))
}

/// All blocks that routes and rules name.
fn blocks_named(worlds: &[&World]) -> BTreeSet<Cidr> {
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

/// Services block by block, hosts outside of AWS, and the internet: anywhere, and in each public block that a route or
/// rule names.
fn places(worlds: &[&World], blocks: &BTreeSet<Cidr>, options: &TableOptions, classes: &mut Vec<Class>) {
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    let place =
        |name: String, address: IpAddr, kind| Class { name, members: vec![address], kind, service: None, of: None };
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
    }
    let indices: Vec<AddressIndex> = worlds.iter().map(|world| AddressIndex::of(world)).collect();
    for block in blocks.iter().filter(|block| block.is_v4() && 8 <= block.prefix_len()) {
        let Some(address) = block.nth(1).or_else(|| block.nth(0)) else { continue };
        if indices.iter().all(|index| index.is_outside(address)) && seen.insert(address) {
            classes.push(place(format!("the internet ({block})"), address, ClassKind::Internet));
        }
    }
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
