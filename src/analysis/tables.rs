//! The records of a world, indexed for questions: whose an address is, who is a member, what is attached where. Follows no
//! packet itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::addresses::AddressIndex;
use super::path::{Explanation, Header, Source, Traffic};
use super::walk::{Walk, is_far};
use crate::base::*;
use crate::control_plane::{Destination, Instance, Region, RouteTable, RouteTarget, Scope, SecurityGroup, World};
use crate::host::AnswerBy;
use crate::import::Gaps;
use crate::provision::Outside;

/// What tables are asked for beyond the records.
#[derive(Clone, Debug)]
pub struct TableOptions {
    /// Hosts that belong to no account.
    pub outside: Outside,
    /// Whether each public address that nobody here has is taken for a host of the internet. If not, only those of
    /// `outside` are.
    pub internet_is_full: bool,
    /// By which interface an instance with several answers.
    pub answer_by: AnswerBy,
    /// The same of instances that answer otherwise.
    pub answer_by_instance: BTreeMap<InstanceId, AnswerBy>,
    /// Instances that forward for others as NAT instances.
    pub nat_instances: BTreeSet<InstanceId>,
    /// What decides in a way that nobody told.
    pub gaps: Gaps,
    /// The port that a question comes from.
    pub source_port: u16,
    /// The port that a NAT gateway gives it.
    pub nat_port: u16,
    /// Whether only what comes of questions is wanted, and over which boxes: rules that decide and routes that lose are
    /// not written down.
    pub brief: bool,
}

/// The records of a world, ready to be asked.
pub struct Tables<'w> {
    pub(super) world: &'w World,
    known: Known,
}

/// What tables read of a world before they are asked; it serves for as long as the records stay as they are.
pub(super) struct Known {
    options: TableOptions,
    index: AddressIndex,
    members: FxHashMap<SecurityGroupId, FxHashSet<IpAddr>>,
    /// The internet gateway of each VPC that has one attached.
    internet_gateways: FxHashMap<VpcId, InternetGatewayId>,
    scopes: FxHashMap<VpcId, Scope>,
    nats: FxHashMap<NetworkInterfaceId, NatGatewayId>,
    /// Gateways with a route table of their own, which may redirect what comes in by them; it is not modelled.
    edges: BTreeMap<String, RouteTableId>,
}

impl Default for TableOptions {
    /// The ports are from the middle of Linux's range for clients.
    fn default() -> Self {
        Self {
            outside: Outside::default(),
            internet_is_full: true,
            answer_by: AnswerBy::default(),
            answer_by_instance: BTreeMap::new(),
            nat_instances: BTreeSet::new(),
            gaps: Gaps::default(),
            source_port: 49_152,
            nat_port: 49_152,
            brief: false,
        }
    }
}

impl<'w> Tables<'w> {
    /// The tables of a world as it is now.
    pub fn new(world: &'w World, options: TableOptions) -> Self {
        Self { world, known: Known::of(world, options) }
    }

    /// The same from what was read of the same records before.
    pub(super) fn of_known(world: &'w World, known: Known) -> Self {
        Self { world, known }
    }

    /// What was read, to be used again.
    pub(super) fn into_known(self) -> Known {
        self.known
    }

    /// The options.
    pub fn options(&self) -> &TableOptions {
        &self.known.options
    }

    /// The options, to change.
    pub fn options_mut(&mut self) -> &mut TableOptions {
        &mut self.known.options
    }

    /// Whose addresses are whose.
    pub fn index(&self) -> &AddressIndex {
        &self.known.index
    }

    /// The machine that has an address, to ask from: an instance's, or one outside of AWS. `Err` says why there is none.
    pub fn source(&self, address: IpAddr) -> Result<Source, String> {
        let all = self.known.index.owners(address);
        let owners: Vec<_> = all.iter().filter(|owner| owner.instance.is_some()).collect();
        match owners.as_slice() {
            [owner] => {
                let instance = owner.instance.clone().expect("only interfaces of instances are kept");
                Ok(Source::Instance(instance, owner.private))
            }
            [first, second, ..] => Err(format!("{address} is of {} and of {}", first.interface, second.interface)),
            [] if self.is_outside(address) => Ok(Source::Outside(address)),
            [] if self.known.index.is_classic(address) => Ok(Source::Classic(address)),
            [] => match all {
                [owner] => Ok(Source::Interface(owner.interface.clone(), owner.private)),
                [first, second, ..] => Err(format!("{address} is of {} and of {}", first.interface, second.interface)),
                [] if self.is_beyond(address) => Ok(Source::Beyond(address)),
                [] => Err(format!("no machine of this world has the address {address}")),
            },
        }
    }

    /// Where a VPC's tables send an address, if that is to where no record says what is there. Default routes do not
    /// count: they lead to whoever there may be.
    pub(super) fn far_route(&self, vpc: &VpcId, address: IpAddr) -> Option<RouteTarget> {
        let scope = self.scope_of(vpc)?;
        let tables = self.world.region(scope)?.route_tables().values().filter(|table| table.vpc_id == *vpc);
        let mut entries = tables.filter_map(|table| table.lookup(self.world, scope, address));
        let far = entries.find(|entry| is_far(&entry.target) && entry.block.prefix_len() != 0)?;
        Some(far.target)
    }

    /// Whether an address is of somebody of whom only routes tell.
    fn is_beyond(&self, address: IpAddr) -> bool {
        let mut vpcs = self.world.regions().flat_map(|(_, region)| region.vpcs().values());
        let is_inside = vpcs.any(|vpc| vpc.contains(address));
        // What a running world has on premises is all that is there.
        let told = !self.known.options.outside.premises.is_empty();
        let leads = |target: RouteTarget| !(told && matches!(target, RouteTarget::VpnGateway(_)));
        !is_inside && self.known.scopes.keys().any(|vpc| self.far_route(vpc, address).is_some_and(leads))
    }

    /// The path of a question and of its answer, with all that decides and blocks.
    ///
    /// `None` if the instance does not exist or has no such address.
    pub fn explain(&self, from: &Source, to: IpAddr, traffic: Traffic) -> Option<Explanation> {
        let (source_port, destination_port) = match traffic {
            Traffic::Tcp(port) | Traffic::Udp(port) => (self.known.options.source_port, port),
            Traffic::Ping => (0, 0),
        };
        let address = match from {
            Source::Instance(_, address) | Source::Interface(_, address) => *address,
            Source::Outside(address) | Source::Classic(address) | Source::Beyond(address) => *address,
        };
        let header =
            Header { traffic, answer: false, src: (address, source_port).into(), dst: (to, destination_port).into() };
        Walk::of(self, from, header)
    }

    /// Says that addresses of an earlier world are nobody's now, and not of the internet.
    pub(super) fn reserve_those_of(&mut self, other: &Self) {
        self.known.index.reserve_those_of(&other.known.index);
    }

    /// Whether an address is of a host outside of AWS.
    pub(super) fn is_outside(&self, address: IpAddr) -> bool {
        let listed = || {
            let hosts = self.known.options.outside.hosts.iter();
            let premises = self.known.options.outside.premises.iter().flat_map(|premises| &premises.hosts);
            hosts.chain(premises).any(|host| host.addresses.contains(&address))
        };
        if self.known.options.internet_is_full { self.known.index.is_outside(address) || listed() } else { listed() }
    }

    /// Why nobody can tell where a packet goes that comes in by a gateway, if so.
    pub(super) fn edge_unknown(&self, gateway: &str) -> Option<String> {
        let table = self.known.edges.get(gateway)?;
        Some(format!("{table} may redirect what enters through {gateway}, which is not modelled"))
    }

    /// Why nobody can tell what passes a VPC's gateways to the internet, if so.
    pub(super) fn closed_unknown(&self, vpc: &VpcId) -> Option<String> {
        let mode = self.known.options.gaps.closed_vpcs.get(vpc)?;
        Some(format!("{vpc} has a block on public access ({mode}), which is not modelled"))
    }

    /// Why nobody can tell who answers at an address of a VPC, if so.
    pub(super) fn others_unknown(&self, vpc: &VpcId, address: IpAddr) -> Option<String> {
        let (_, what) = self.known.options.gaps.others_at(address).find(|(own, _)| *own == vpc)?;
        Some(format!("{address} is in {what}, and who answers there is not modelled"))
    }

    /// Why nobody can tell which route of a table is taken, if so. Local routes win over those of lists.
    pub(super) fn route_unknown(&self, table: &RouteTable, chosen: Option<&RouteTarget>) -> Option<String> {
        if self.known.options.gaps.lists.is_empty() || chosen == Some(&RouteTarget::Local) {
            return None;
        }
        let list = table.routes().find_map(|route| match &route.destination {
            Destination::PrefixList(list) => self.known.options.gaps.lists.get(list),
            Destination::Cidr(_) => None,
        })?;
        Some(format!("{} has a route for {list}, whose blocks are in no file", table.id))
    }

    /// By which interface an instance answers.
    pub(super) fn answers_by(&self, instance: &Instance) -> AnswerBy {
        let own = self.known.options.answer_by_instance.get(&instance.id);
        own.copied().unwrap_or(self.known.options.answer_by)
    }

    /// Whether an instance translates for others.
    pub(super) fn is_nat_instance(&self, instance: &Instance) -> bool {
        self.known.options.nat_instances.contains(&instance.id)
    }

    pub(super) fn is_member(&self, group: &SecurityGroupId, address: IpAddr) -> bool {
        self.known.members.get(group).is_some_and(|members| members.contains(&address))
    }

    pub(super) fn internet_gateway(&self, vpc: &VpcId) -> Option<&InternetGatewayId> {
        self.known.internet_gateways.get(vpc)
    }

    pub(super) fn scope_of(&self, vpc: &VpcId) -> Option<&Scope> {
        self.known.scopes.get(vpc)
    }

    pub(super) fn nat_of(&self, interface: &NetworkInterfaceId) -> Option<&NatGatewayId> {
        self.known.nats.get(interface)
    }
}

impl Known {
    fn of(world: &World, options: TableOptions) -> Self {
        let mut known = Self {
            options,
            index: AddressIndex::of(world),
            members: FxHashMap::default(),
            internet_gateways: FxHashMap::default(),
            scopes: FxHashMap::default(),
            nats: FxHashMap::default(),
            edges: BTreeMap::new(),
        };
        for (scope, region) in world.regions() {
            known.read_region(&scope, region);
        }
        known
    }

    fn read_region(&mut self, scope: &Scope, region: &Region) {
        self.scopes.extend(region.vpcs().keys().map(|vpc| (vpc.clone(), scope.clone())));
        for gateway in region.internet_gateways().values() {
            if let Some(vpc) = &gateway.vpc_id {
                self.internet_gateways.insert(vpc.clone(), gateway.id.clone());
            }
        }
        for table in region.route_tables().values() {
            self.edges.extend(table.edge_associations.iter().map(|gateway| (gateway.clone(), table.id.clone())));
        }
        for nat in region.nat_gateways().values().filter(|nat| nat.is_live()) {
            for address in &nat.addresses {
                self.nats.insert(address.network_interface_id.clone(), nat.id.clone());
            }
        }
        for group in region.security_groups().values() {
            let members = members_of(region, group);
            self.members.insert(group.id.clone(), members);
        }
    }
}

fn members_of(region: &Region, group: &SecurityGroup) -> FxHashSet<IpAddr> {
    let interfaces = group.members().iter().filter_map(|id| region.network_interfaces().get(id));
    interfaces.flat_map(|interface| interface.addresses().collect::<Vec<_>>()).collect()
}
