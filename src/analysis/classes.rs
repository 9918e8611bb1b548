//! Like machines and places, so that of all that tables cannot tell apart only one is asked. Asks nobody.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::class_members::{Member, devices, machines};
use super::class_places::{blocks_named, places};
use super::path::Source;
use super::tables::TableOptions;
use crate::control_plane::World;

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
    /// The machines that it is of: classes of the same ones are their several addresses, in the same order.
    pub(super) of: Option<usize>,
    /// Who asks, where the address alone does not tell.
    pub(super) asker: Option<Source>,
}

/// What kind of place a class is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassKind {
    /// Instances, by their own addresses.
    Instances,
    /// Instances or devices of AWS's own, by their public addresses; only ever asked, not asking.
    Public,
    /// Interfaces of devices of AWS's own that may begin connections, too: load balancers, databases, functions.
    Device,
    /// Interface endpoints; only ever asked.
    Endpoint,
    /// Addresses of a service.
    Service,
    /// A host outside of AWS that the world has.
    Host,
    /// Addresses of the internet that nobody in the world has.
    Internet,
    /// Addresses behind a gateway of which only routes tell: on premises, behind a transit gateway, of a foreign peer.
    Beyond,
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
        match self.kind {
            ClassKind::Instances | ClassKind::Device | ClassKind::Host | ClassKind::Internet | ClassKind::Beyond => {
                true
            }
            ClassKind::Public | ClassKind::Endpoint | ClassKind::Service => false,
        }
    }

    /// Whether it is in AWS and of an account.
    pub const fn is_inside(&self) -> bool {
        matches!(self.kind, ClassKind::Instances | ClassKind::Public | ClassKind::Device | ClassKind::Endpoint)
    }
}

/// An address of the internet that no world's records name, so that only default routes and open rules hold for it.
pub const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));
/// The same of IPv6.
pub(super) const SOMEWHERE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888));

/// The classes of all machines and places that the given worlds' tables tell apart.
pub(super) fn classes_of(worlds: &[&World], options: &TableOptions) -> Vec<Class> {
    let blocks = blocks_named(worlds);
    let mut groups: BTreeMap<Vec<String>, Vec<Member>> = BTreeMap::new();
    for member in machines(worlds, &blocks, options).into_iter().chain(devices(worlds, &blocks)) {
        groups.entry(member.signature.clone()).or_default().push(member);
    }
    // Where several are called alike, each is called by its id, too.
    let mut called: BTreeMap<String, usize> = BTreeMap::new();
    groups.values().for_each(|members| *called.entry(members[0].name.clone()).or_default() += 1);
    let mut classes: Vec<Class> = Vec::new();
    for (of, members) in groups.values().enumerate() {
        let first = &members[0];
        let name = match called[&first.name] {
            2.. if first.name != first.id => format!("{} ({})", first.name, first.id),
            _ => first.name.clone(),
        };
        classes.extend(of_members(of, &name, members));
    }
    classes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    places(worlds, &blocks, options, &mut classes);
    classes
}

/// The classes of one group, one for each address that all of its members have.
fn of_members(of: usize, name: &str, members: &[Member]) -> Vec<Class> {
    let first = &members[0];
    let mut classes = Vec::new();
    for (index, end) in first.ends.iter().enumerate() {
        let ends = || members.iter().filter_map(|member| member.ends.get(index));
        let name = format!("{name}{}", end.which);
        let (of, kind) = (Some(of), first.kind);
        let class = |name, members, kind, asker| Class { name, members, kind, service: None, of, asker };
        classes.push(class(name.clone(), ends().map(|end| end.address).collect(), kind, Some(end.source.clone())));
        let public: Vec<IpAddr> = ends().filter_map(|end| end.public).collect();
        if !public.is_empty() {
            classes.push(class(format!("{name} by its public address"), public, ClassKind::Public, None));
        }
    }
    classes
}
