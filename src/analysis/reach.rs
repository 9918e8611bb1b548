//! Who reaches whom, for all pairs at once: like machines are asked about once. By tables; a sample may be confirmed by
//! packets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::explain::explain;
use super::path::{Outcome, Source, Traffic};
use super::probe::Prober;
use super::tables::{TableOptions, Tables};
use crate::base::{Cidr, InstanceId};
use crate::control_plane::{Destination, Instance, InstanceState, NetworkInterface, Peer, Region, Scope, World};

/// Machines, or places, that no table of the compared worlds tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// What it is called: its first member's name, or what it is.
    pub name: String,
    /// The address that it is asked from and at: of its first member.
    pub address: IpAddr,
    /// A second member's address, if there is one: like machines are asked about each other, too.
    pub other: Option<IpAddr>,
    /// How many members it has.
    pub count: usize,
    /// What kind of place it is.
    pub kind: ClassKind,
}

/// What kind of place a class is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassKind {
    /// Instances, by their private addresses.
    Instances,
    /// Instances, by their public addresses; only ever asked, not asking.
    Public,
    /// Addresses of a service.
    Service,
    /// Addresses of the internet.
    Internet,
}

impl Class {
    /// Its name with how many more are like it.
    pub fn label(&self) -> String {
        match self.count {
            0 | 1 => self.name.clone(),
            count => format!("{} and {} like it", self.name, count - 1),
        }
    }
}

/// Who reaches whom.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The classes.
    pub classes: Vec<Class>,
    /// For each pair of classes, by place in the list, and traffic: what comes of it.
    pub pairs: Vec<Pair>,
}

/// One pair of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The asking class.
    pub from: usize,
    /// The asked class.
    pub to: usize,
    /// The traffic.
    pub traffic: Traffic,
    /// What comes of it.
    pub outcome: Outcome,
    /// The boxes of the way out and of the way back, by id.
    pub path: Vec<String>,
}

impl Reach {
    /// How many pairs of single machines and places this stands for, and how many of them reach.
    pub fn counts(&self) -> (usize, usize) {
        let mut reach = 0;
        let mut all = 0;
        for pair in &self.pairs {
            let (from, to) = (&self.classes[pair.from], &self.classes[pair.to]);
            let count =
                if pair.from == pair.to { from.count * from.count.saturating_sub(1) } else { from.count * to.count };
            all += count;
            reach += if pair.outcome == Outcome::Reaches { count } else { 0 };
        }
        (reach, all)
    }
}

/// Asks about all pairs of all classes of a world. `progress` hears how many of how many are done.
pub fn reach(
    world: &World,
    options: TableOptions,
    traffic: &[Traffic],
    progress: &mut dyn FnMut(usize, usize),
) -> Reach {
    let classes = classes_of(&[world]);
    let tables = Tables::new(world, options);
    let pairs = pairs_of(&tables, &classes, traffic, progress);
    Reach { classes, pairs }
}

/// Confirms every `step`-th pair by packets; the pairs whose packets say something else.
pub fn confirm(prober: &mut Prober, reach: &Reach, step: usize) -> Vec<(Pair, Outcome)> {
    let mut different = Vec::new();
    for pair in reach.pairs.iter().step_by(step.max(1)) {
        let (from, to) = ends(&reach.classes, pair.from, pair.to);
        let explained = to.and_then(|to| explain(prober, from, to, pair.traffic).ok());
        if let Some(disagreement) = explained.and_then(|explained| explained.disagreement) {
            different.push((pair.clone(), disagreement.packets));
        }
    }
    different
}

pub(super) fn pairs_of(
    tables: &Tables<'_>,
    classes: &[Class],
    traffic: &[Traffic],
    progress: &mut dyn FnMut(usize, usize),
) -> Vec<Pair> {
    let asking = |class: &Class| matches!(class.kind, ClassKind::Instances | ClassKind::Internet);
    let inside = |class: &Class| matches!(class.kind, ClassKind::Instances | ClassKind::Public);
    let sources: Vec<usize> = (0..classes.len()).filter(|index| asking(&classes[*index])).collect();
    let mut pairs = Vec::new();
    for (done, from) in sources.iter().copied().enumerate() {
        progress(done, sources.len());
        let source = tables.source(classes[from].address);
        for to in 0..classes.len() {
            // What the internet does among itself is not AWS's affair.
            if !inside(&classes[from]) && !inside(&classes[to]) {
                continue;
            }
            let (_, Some(address)) = ends(classes, from, to) else { continue };
            for traffic in traffic {
                pairs.push(ask(tables, source.as_ref(), (from, to), address, *traffic));
            }
        }
    }
    progress(sources.len(), sources.len());
    pairs
}

fn ask(
    tables: &Tables<'_>,
    source: Result<&Source, &String>,
    (from, to): (usize, usize),
    address: IpAddr,
    traffic: Traffic,
) -> Pair {
    let explanation = source.map_err(Clone::clone).and_then(|source| {
        tables.explain(source, address, traffic).ok_or_else(|| "the machine is not there".to_owned())
    });
    match explanation {
        Ok(explanation) => {
            let back = explanation.back.iter().flat_map(|path| path.ids());
            let path = explanation.out.ids().chain(back).map(str::to_owned).collect();
            Pair { from, to, traffic, outcome: explanation.outcome(), path }
        }
        Err(why) => Pair { from, to, traffic, outcome: Outcome::Unknown(why), path: Vec::new() },
    }
}

/// The addresses of a pair; a class asks its own second member.
fn ends(classes: &[Class], from: usize, to: usize) -> (IpAddr, Option<IpAddr>) {
    let address = if from == to { classes[to].other } else { Some(classes[to].address) };
    (classes[from].address, address)
}

/// An address of the internet that no world's records name, so that only default routes and open rules hold for it.
pub(super) const SOMEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(8, 8, 8, 8));

/// The classes of all machines and places that the given worlds' tables tell apart.
pub(super) fn classes_of(worlds: &[&World]) -> Vec<Class> {
    let blocks = blocks_named(worlds);
    type Members = Vec<(String, IpAddr, Option<IpAddr>)>;
    let mut groups: BTreeMap<Vec<String>, Members> = BTreeMap::new();
    let mut instances: BTreeSet<InstanceId> = BTreeSet::new();
    for world in worlds {
        for (_, region) in world.regions() {
            let running = region.instances().values().filter(|instance| instance.state == InstanceState::Running);
            instances.extend(running.map(|instance| instance.id.clone()));
        }
    }
    let indexed: Vec<BTreeMap<&InstanceId, (Scope, &Region)>> = worlds.iter().map(|world| regions_of(world)).collect();
    for id in &instances {
        let mut key = Vec::new();
        let mut found = None;
        for index in &indexed {
            let Some((scope, region)) = index.get(id) else {
                key.push("absent".to_owned());
                continue;
            };
            let Some(instance) = region.instances().get(id) else { continue };
            key.push(signature(scope, region, instance, &blocks));
            let primary = instance.primary_interface().and_then(|id| region.network_interfaces().get(id));
            if let Some(address) = primary.and_then(NetworkInterface::primary_address) {
                let public = primary.and_then(NetworkInterface::public_address).map(IpAddr::V4);
                let name = instance.tags.name.clone().unwrap_or_else(|| id.to_string());
                found.get_or_insert((name, IpAddr::V4(address), public));
            }
        }
        groups.entry(key).or_default().extend(found);
    }
    let mut classes = Vec::new();
    for members in groups.values() {
        let Some((name, address, _)) = members.first().cloned() else { continue };
        let other = members.get(1).map(|(_, address, _)| *address);
        let kind = ClassKind::Instances;
        classes.push(Class { name: name.clone(), address, other, count: members.len(), kind });
        let public: Vec<IpAddr> = members.iter().filter_map(|(_, _, public)| *public).collect();
        if let Some(address) = public.first().copied() {
            let (name, kind) = (format!("{name} by its public address"), ClassKind::Public);
            classes.push(Class { name, address, other: public.get(1).copied(), count: public.len(), kind });
        }
    }
    classes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    places(worlds, &blocks, &mut classes);
    classes
}

fn regions_of(world: &World) -> BTreeMap<&InstanceId, (Scope, &Region)> {
    let regions = world.regions();
    regions.flat_map(|(scope, region)| region.instances().keys().map(move |id| (id, (scope.clone(), region)))).collect()
}

/// All that tables can tell of an instance.
fn signature(scope: &Scope, region: &Region, instance: &Instance, blocks: &BTreeSet<Cidr>) -> String {
    let mut text = format!("{}/{} {:?}", scope.account, scope.region, instance.state);
    for (index, id) in &instance.interfaces {
        let Some(interface) = region.network_interfaces().get(id) else { continue };
        let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
        let public = interface.public_address().is_some();
        let check = interface.source_dest_check;
        text.push_str(&format!("; {index} {} {} {public} {check}", interface.subnet_id, groups.join(",")));
        // Blocks that hold the whole subnet hold all of its members alike.
        let subnet = region.subnets().get(&interface.subnet_id);
        for address in interface.addresses() {
            let inner = blocks.iter().filter(|block| block.contains(address));
            let inner = inner.filter(|block| subnet.is_none_or(|subnet| !block.covers(&subnet.cidr_block)));
            inner.for_each(|block| text.push_str(&format!(" {block}")));
        }
        for public in interface.private_addresses.iter().filter_map(|own| own.association.as_ref()) {
            let inner = blocks.iter().filter(|block| block.contains(public.public_ip.into()));
            inner.for_each(|block| text.push_str(&format!(" {block}")));
        }
    }
    text
}

/// All blocks that routes and rules name.
fn blocks_named(worlds: &[&World]) -> BTreeSet<Cidr> {
    let mut blocks = BTreeSet::new();
    for world in worlds {
        for (_, region) in world.regions() {
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
    }
    blocks
}

/// Services block by block, and the internet: anywhere, and in each public block that a route or rule names.
fn places(worlds: &[&World], blocks: &BTreeSet<Cidr>, classes: &mut Vec<Class>) {
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    let mut services: Vec<Cidr> = Vec::new();
    for world in worlds {
        for region in world.service_regions() {
            for service in world.services(region) {
                for block in &service.ranges {
                    services.push(*block);
                    let named = blocks.iter().filter(|named| block.covers(named) || named.covers(block));
                    let inner = named.filter(|named| block.covers(named) && *named != block);
                    for place in std::iter::once(block).chain(inner) {
                        // Ten behind the first: far enough from blocks that begin at the same address.
                        let Some(address) = place.nth(10).or_else(|| place.nth(0)) else { continue };
                        if seen.insert(address) {
                            let name = format!("{} {region} ({place})", service.name.service());
                            let kind = ClassKind::Service;
                            classes.push(Class { name, address, other: None, count: 1, kind });
                        }
                    }
                }
            }
        }
    }
    let place =
        |name: String, address: IpAddr| Class { name, address, other: None, count: 1, kind: ClassKind::Internet };
    classes.push(place("the internet".to_owned(), SOMEWHERE));
    seen.insert(SOMEWHERE);
    for block in blocks.iter().filter(|block| block.is_v4() && 8 <= block.prefix_len()) {
        let Some(address) = block.nth(1).or_else(|| block.nth(0)) else { continue };
        let of_service = services.iter().any(|service| service.contains(address));
        let outside = worlds.iter().all(|world| super::addresses::AddressIndex::of(world).is_outside(address));
        if !of_service && outside && seen.insert(address) {
            classes.push(place(format!("the internet ({block})"), address));
        }
    }
}
