//! Machines and devices of AWS's own with all that tables can tell of them, over all of the compared worlds. Groups none of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::classes::ClassKind;
use super::path::Source;
use super::tables::TableOptions;
use crate::base::{Cidr, InstanceId, NetworkInterfaceId};
use crate::control_plane::{
    Instance, InstanceState, InterfaceType, NetworkInterface, Region, RouteTarget, Scope, World,
};

/// A machine or a device, with the addresses that it asks from and is asked at.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) kind: ClassKind,
    /// All that tables can tell of it: members with the same have like ends in the same order.
    pub(super) signature: Vec<String>,
    pub(super) ends: Vec<MemberEnd>,
}

/// One address of a member. It stands for all others of the interface that no table tells from it.
pub(super) struct MemberEnd {
    /// What is behind the name.
    pub(super) which: String,
    pub(super) address: IpAddr,
    pub(super) public: Option<IpAddr>,
    /// Who asks from there.
    pub(super) source: Source,
    like: String,
}

/// An interface as each of the worlds has it.
type Views<'w> = Vec<Option<(&'w Region, &'w NetworkInterface)>>;

/// All instances that run in one of the worlds.
pub(super) fn machines(worlds: &[&World], blocks: &BTreeSet<Cidr>, options: &TableOptions) -> Vec<Member> {
    let indexed: Vec<BTreeMap<&InstanceId, (Scope, &Region)>> = worlds.iter().map(|world| regions_of(world)).collect();
    running(worlds).into_iter().filter_map(|id| machine(&id, &indexed, blocks, options)).collect()
}

fn machine(
    id: &InstanceId,
    indexed: &[BTreeMap<&InstanceId, (Scope, &Region)>],
    blocks: &BTreeSet<Cidr>,
    options: &TableOptions,
) -> Option<Member> {
    let mut signature = Vec::new();
    let mut name = None;
    // Each interface by its first place at the machine.
    let mut interfaces: BTreeMap<u32, Vec<&NetworkInterfaceId>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for index in indexed {
        let Some((scope, region)) = index.get(id) else {
            signature.push("absent".to_owned());
            continue;
        };
        let Some(instance) = region.instances().get(id) else { continue };
        signature.push(told_of_instance(scope, region, instance, options));
        name.get_or_insert_with(|| instance.tags.name.clone().unwrap_or_else(|| id.to_string()));
        for (place, interface) in &instance.interfaces {
            if seen.insert(interface) {
                interfaces.entry(*place).or_default().push(interface);
            }
        }
    }
    let source = |address: IpAddr| Source::Instance(id.clone(), address);
    let mut ends = Vec::new();
    for (place, interface) in interfaces.iter().flat_map(|(place, ids)| ids.iter().map(move |id| (place, *id))) {
        let which = if *place == 0 { String::new() } else { format!(" by interface {place}") };
        let views: Views<'_> = indexed.iter().map(|index| view_of(index, id, interface)).collect();
        ends.extend(ends_of(&which, &views, blocks, &source));
    }
    signature.extend(ends.iter().map(|end| end.like.clone()));
    Some(Member { name: name?, id: id.to_string(), kind: ClassKind::Instances, signature, ends })
}

fn view_of<'w>(
    index: &BTreeMap<&InstanceId, (Scope, &'w Region)>,
    machine: &InstanceId,
    interface: &NetworkInterfaceId,
) -> Option<(&'w Region, &'w NetworkInterface)> {
    let region = index.get(machine).map(|(_, region)| *region)?;
    let record = region.network_interfaces().get(interface)?;
    (record.instance_id() == Some(machine)).then_some((region, record))
}

/// All interfaces of devices of AWS's own that answer at an address: load balancers, databases, interface endpoints. NAT
/// gateways and attachments of transit gateways answer nobody; who goes through them shows what becomes of them.
pub(super) fn devices(worlds: &[&World], blocks: &BTreeSet<Cidr>) -> Vec<Member> {
    let mut all: BTreeMap<&NetworkInterfaceId, Views<'_>> = BTreeMap::new();
    for (index, world) in worlds.iter().enumerate() {
        for (_, region) in world.regions() {
            for interface in region.network_interfaces().values().filter(|one| is_device(one)) {
                let views = all.entry(&interface.id).or_insert_with(|| vec![None; worlds.len()]);
                views[index] = Some((region, interface));
            }
        }
    }
    let device = |(id, views): (&NetworkInterfaceId, Views<'_>)| {
        let (_, record) = *views.iter().flatten().next()?;
        let described = || Some(record.description.clone()).filter(|text| !text.is_empty());
        let name = record.tags.name.clone().or_else(described).unwrap_or_else(|| id.to_string());
        let kind = match record.interface_type {
            InterfaceType::VpcEndpoint => ClassKind::Endpoint,
            _ => ClassKind::Device,
        };
        let ends = ends_of("", &views, blocks, &|address| Source::Interface(id.clone(), address));
        let mut signature = vec![format!("{} {}", record.interface_type.as_str(), record.vpc_id)];
        signature.extend(ends.iter().map(|end| end.like.clone()));
        Some(Member { name, id: id.to_string(), kind, signature, ends })
    };
    all.into_iter().filter_map(device).collect()
}

fn is_device(interface: &NetworkInterface) -> bool {
    interface.instance_id().is_none()
        && match &interface.interface_type {
            InterfaceType::VpcEndpoint => true,
            InterfaceType::Other(kind) => kind != "transit_gateway",
            InterfaceType::Interface | InterfaceType::NatGateway => false,
        }
}

/// The addresses of an interface, one of each kind that tables tell apart; the primary one first.
fn ends_of(
    which: &str,
    views: &Views<'_>,
    blocks: &BTreeSet<Cidr>,
    source: &dyn Fn(IpAddr) -> Source,
) -> Vec<MemberEnd> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (_, interface) in views.iter().flatten() {
        let new = interface.addresses().filter(|address| !addresses.contains(address));
        addresses.extend(new.collect::<Vec<_>>());
    }
    let first = |v4: bool| addresses.iter().copied().find(|address| address.is_ipv4() == v4);
    let firsts = (first(true), first(false));
    let mut ends: Vec<MemberEnd> = Vec::new();
    for address in addresses {
        let is_first = Some(address) == firsts.0 || Some(address) == firsts.1;
        let like: Vec<String> = views.iter().map(|view| told_of_address(*view, address, blocks)).collect();
        let like = format!("{} {}", address.is_ipv4(), like.join(" | "));
        if ends.iter().any(|end| end.like == like) {
            continue;
        }
        let which = match (address, is_first) {
            (IpAddr::V4(_), true) => which.to_owned(),
            (IpAddr::V6(_), true) => format!("{which} by IPv6"),
            (_, false) => format!("{which} by {address}"),
        };
        let public = views.iter().flatten().find_map(|(_, interface)| public_of(interface, address));
        ends.push(MemberEnd { which, address, public, source: source(address), like });
    }
    ends
}

/// All that tables can tell of one address of an interface.
fn told_of_address(view: Option<(&Region, &NetworkInterface)>, address: IpAddr, blocks: &BTreeSet<Cidr>) -> String {
    let Some((region, interface)) = view.filter(|(_, interface)| interface.addresses().any(|own| own == address))
    else {
        return "absent".to_owned();
    };
    let groups: Vec<&str> = interface.groups.iter().map(|group| group.as_str()).collect();
    let public = public_of(interface, address);
    let (check, attached) = (interface.source_dest_check, interface.attachment.is_some());
    let mut text = format!("{} {} {check} {attached} {}", interface.subnet_id, groups.join(","), public.is_some());
    // What a route leads to is like nobody else: what is for itself passes there, and what is for others may not.
    let target = RouteTarget::NetworkInterface(interface.id.clone());
    if leads_there(region, target, interface.id.as_str()) {
        text.push_str(&format!(" {}", interface.id));
    }
    // Blocks that hold the whole subnet hold all of its members alike.
    let subnet = region.subnets().get(&interface.subnet_id);
    let inner = blocks.iter().filter(|block| block.contains(address));
    let inner = inner.filter(|block| subnet.is_none_or(|subnet| !block.covers(&subnet.cidr_block)));
    inner.for_each(|block| text.push_str(&format!(" {block}")));
    if let Some(public) = public {
        blocks.iter().filter(|block| block.contains(public)).for_each(|block| text.push_str(&format!(" {block}")));
    }
    text
}

/// Whether a route leads to a target, or to what nobody models by the same id.
fn leads_there(region: &Region, target: RouteTarget, id: &str) -> bool {
    let either = [target, RouteTarget::Unmodeled(id.to_owned())];
    either.iter().any(|target| region.tables_with_target(target).next().is_some())
}

fn public_of(interface: &NetworkInterface, address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => interface.public_address_of(address).map(IpAddr::V4),
        IpAddr::V6(_) => None,
    }
}

/// All that tables can tell of an instance beside its interfaces.
fn told_of_instance(scope: &Scope, region: &Region, instance: &Instance, options: &TableOptions) -> String {
    let (answers, nat) = (options.answer_by_instance.get(&instance.id), options.nat_instances.contains(&instance.id));
    let mut text = format!("{}/{} {:?} {answers:?} {nat}", scope.account, scope.region, instance.state);
    if leads_there(region, RouteTarget::Instance(instance.id.clone()), instance.id.as_str()) {
        text.push_str(&format!(" {}", instance.id));
    }
    instance.interfaces.keys().for_each(|place| text.push_str(&format!("; {place}")));
    text
}

fn running(worlds: &[&World]) -> BTreeSet<InstanceId> {
    let regions = worlds.iter().flat_map(|world| world.regions());
    let instances = regions.flat_map(|(_, region)| region.instances().values());
    instances.filter(|one| one.state == InstanceState::Running).map(|one| one.id.clone()).collect()
}

fn regions_of<'w>(world: &&'w World) -> BTreeMap<&'w InstanceId, (Scope, &'w Region)> {
    let regions = world.regions();
    regions.flat_map(|(scope, region)| region.instances().keys().map(move |id| (id, (scope.clone(), region)))).collect()
}
