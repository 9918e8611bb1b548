//! All answers of all files, decoded: one draft per resource, however often it is described. Checks nothing between them.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::endpoint::{self, EndpointDraft, ListDraft, PeeringDraft, ServiceDraft};
use super::filter::{self, AclDraft, GroupDraft};
use super::gateway::{self, AttachedDraft, CustomerGatewayDraft, NatDraft, Presence, VpnConnectionDraft};
use super::instance::{self, InstanceDraft};
use super::interface::{self, AddressDraft, InterfaceDraft};
use super::kind::{Answer, Treatment};
use super::ledger::{Ledger, Place};
use super::reader::Item;
use super::route_table::{self, TableDraft};
use super::source::{AnswerList, FileId, Library};
use super::vpc::{self, DhcpOptionsDraft, SubnetDraft, VpcAttributeDraft, VpcDraft};
use crate::base::*;
use crate::notation::{Node, Value};

/// A draft with the place of its item and the account that the item names as its owner.
#[derive(Clone, Debug)]
pub(crate) struct Drafted<T> {
    pub(crate) at: Place,
    pub(crate) owner: Option<AccountId>,
    pub(crate) value: T,
}

/// Something that an account has and that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmodeled {
    /// Its id or name.
    pub id: String,
    /// What it is, with its article: `a transit gateway`.
    pub what: String,
    /// What cannot be told because of it: `traffic to 10.9.0.0/16 through tgw-…: unknown`.
    pub effect: String,
}

/// Something that is described and no longer there, so that nothing was made of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gone {
    /// Its id.
    pub id: String,
    /// EC2's word for its state, such as `terminated`.
    pub state: String,
}

/// All drafts.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) vpcs: Vec<Drafted<VpcDraft>>,
    pub(crate) vpc_attributes: Vec<Drafted<VpcAttributeDraft>>,
    pub(crate) dhcp_options: Vec<Drafted<DhcpOptionsDraft>>,
    pub(crate) subnets: Vec<Drafted<SubnetDraft>>,
    /// Subnets without IPv4 addresses, which are not modelled.
    pub(crate) ipv6_only: BTreeSet<SubnetId>,
    pub(crate) route_tables: Vec<Drafted<TableDraft>>,
    pub(crate) internet_gateways: Vec<Drafted<AttachedDraft<InternetGatewayId>>>,
    pub(crate) egress_only: Vec<Drafted<AttachedDraft<EgressOnlyInternetGatewayId>>>,
    pub(crate) nat_gateways: Vec<Drafted<NatDraft>>,
    pub(crate) vpn_gateways: Vec<Drafted<AttachedDraft<VpnGatewayId>>>,
    pub(crate) customer_gateways: Vec<Drafted<CustomerGatewayDraft>>,
    pub(crate) vpn_connections: Vec<Drafted<VpnConnectionDraft>>,
    pub(crate) interfaces: Vec<Drafted<InterfaceDraft>>,
    pub(crate) addresses: Vec<Drafted<AddressDraft>>,
    pub(crate) instances: Vec<Drafted<InstanceDraft>>,
    pub(crate) security_groups: Vec<Drafted<GroupDraft>>,
    pub(crate) network_acls: Vec<Drafted<AclDraft>>,
    pub(crate) prefix_lists: Vec<Drafted<ListDraft>>,
    pub(crate) list_entries: BTreeMap<PrefixListId, BTreeSet<Cidr>>,
    pub(crate) endpoints: Vec<Drafted<EndpointDraft>>,
    pub(crate) services: Vec<Drafted<ServiceDraft>>,
    pub(crate) peerings: Vec<Drafted<PeeringDraft>>,
    pub(crate) unmodeled: Vec<Unmodeled>,
    pub(crate) gone: Vec<Gone>,
    /// VPCs that an account outside these files shares.
    pub(crate) shared: BTreeSet<VpcId>,
    /// Prefix lists that only the owner of a shared route table can describe.
    pub(crate) shared_lists: BTreeSet<PrefixListId>,
    /// All ids that some item describes, whatever became of the item.
    pub(crate) known: FxHashSet<Box<str>>,
}

impl Draft {
    /// Decodes all lists. Of items that are described more than once, the owner's own description counts.
    pub(crate) fn read(library: &Library, ledger: &mut Ledger) -> Self {
        let mut draft = Self::default();
        let census = Census::take(library, ledger);
        draft.known.extend(census.winners.keys().map(|id| Box::from(*id)));
        let mut lists: Vec<&AnswerList> = library.lists.iter().collect();
        lists.sort_by_key(|list| match list.kind.treatment {
            Treatment::Read(answer) => Some(answer),
            Treatment::Unmodeled { .. } | Treatment::Nothing => None,
        });
        for list in lists {
            // A file whose region is unknown has had its problem said; its items would only confuse the others.
            if library.homes[list.file.0].region.is_some() {
                draft.read_list(library, list, &census, ledger);
            }
        }
        draft.unmodeled.sort();
        draft.unmodeled.dedup();
        draft.gone.sort();
        draft.gone.dedup();
        draft
    }

    fn read_list(&mut self, library: &Library, list: &AnswerList, census: &Census<'_>, ledger: &mut Ledger) {
        match list.kind.treatment {
            Treatment::Read(answer) => {
                for node in library.items(list) {
                    let Some(item) = Item::of(list.file, node, ledger) else { continue };
                    let wins = id_key(answer).is_none_or(|key| census.wins(node, key, item.place()));
                    if wins {
                        self.read_item(library, answer, item, census, ledger);
                    }
                }
            }
            Treatment::Unmodeled { what, ids, effect } => {
                for node in library.items(list) {
                    let Some(item) = Item::of(list.file, node, ledger) else { continue };
                    let state = item.get("State").and_then(Node::as_text);
                    let id = ids.iter().find_map(|key| item.text(key, ledger)).unwrap_or("(without a name)").to_owned();
                    if let Some(state @ ("deleted" | "deleting")) = state {
                        self.gone.push(Gone { id, state: state.to_owned() });
                    } else {
                        let effect = format!("{}: unknown", effect.replace("{}", &id));
                        self.unmodeled.push(Unmodeled { id, what: what.to_owned(), effect });
                    }
                }
            }
            Treatment::Nothing => {}
        }
    }

    fn read_item(
        &mut self,
        library: &Library,
        answer: Answer,
        item: Item<'_>,
        census: &Census<'_>,
        ledger: &mut Ledger,
    ) {
        let at = item.place();
        let owner = item.text("OwnerId", &mut Ledger::default()).and_then(AccountId::parse);
        macro_rules! plain {
            ($list:ident, $value:expr) => {
                self.$list.extend($value.map(|value| Drafted { at, owner, value }))
            };
        }
        macro_rules! present {
            ($list:ident, $value:expr) => {
                match $value {
                    Some(Presence::Here(value)) => self.$list.push(Drafted { at, owner, value }),
                    Some(Presence::Gone(id, state)) => self.gone.push(Gone { id, state }),
                    None => {}
                }
            };
        }
        match answer {
            Answer::Vpcs => plain!(vpcs, vpc::vpc(item, ledger)),
            Answer::VpcAttribute => plain!(vpc_attributes, vpc::vpc_attribute(item, ledger)),
            Answer::DhcpOptions => plain!(dhcp_options, vpc::dhcp_options(item, ledger)),
            Answer::Subnets => match vpc::subnet(item, ledger) {
                Some(Ok(value)) => self.subnets.push(Drafted { at, owner, value }),
                Some(Err(id)) => drop(self.ipv6_only.insert(id)),
                None => {}
            },
            Answer::RouteTables => plain!(route_tables, route_table::route_table(item, ledger)),
            Answer::InternetGateways => plain!(internet_gateways, gateway::internet_gateway(item, ledger)),
            Answer::EgressOnlyInternetGateways => plain!(egress_only, gateway::egress_only(item, ledger)),
            Answer::NatGateways => present!(nat_gateways, gateway::nat_gateway(item, ledger)),
            Answer::VpnGateways => present!(vpn_gateways, gateway::vpn_gateway(item, ledger)),
            Answer::CustomerGateways => present!(customer_gateways, gateway::customer_gateway(item, ledger)),
            Answer::VpnConnections => present!(vpn_connections, gateway::vpn_connection(item, ledger)),
            Answer::NetworkInterfaces => plain!(interfaces, interface::interface(item, None, ledger)),
            Answer::Addresses => plain!(addresses, interface::address(item, ledger)),
            Answer::Reservations => self.read_reservation(item, owner, census, ledger),
            Answer::SecurityGroups => plain!(security_groups, filter::security_group(item, ledger)),
            Answer::NetworkAcls => plain!(network_acls, filter::network_acl(item, ledger)),
            Answer::PrefixLists => plain!(prefix_lists, endpoint::prefix_list(item, ledger)),
            Answer::PrefixListEntries => self.read_entry(library, item, ledger),
            Answer::VpcEndpoints => present!(endpoints, endpoint::endpoint(item, ledger)),
            Answer::VpcEndpointServices => plain!(services, endpoint::service(item, ledger)),
            Answer::VpcPeeringConnections => present!(peerings, endpoint::peering(item, ledger)),
            // Zones come with the subnets that lie in them.
            Answer::AvailabilityZones => {}
        }
    }

    fn read_reservation(&mut self, item: Item<'_>, owner: Option<AccountId>, census: &Census<'_>, ledger: &mut Ledger) {
        for (at, instance, interfaces) in instance::reservation(item, ledger) {
            let value = match instance {
                Presence::Here(value) => value,
                Presence::Gone(id, state) => {
                    self.gone.push(Gone { id, state });
                    continue;
                }
            };
            if census.winners.get(value.id.as_str()).is_some_and(|winner| winner.at != at) {
                continue;
            }
            for item in interfaces {
                // Usually the interface has an answer of its own, which says more.
                let id = item.text("NetworkInterfaceId", &mut Ledger::default());
                if id.and_then(|id| census.winners.get(id)).is_none_or(|winner| winner.at == item.place()) {
                    let read = interface::interface(item, Some(&value.id), ledger);
                    let drafted = |value| Drafted { at: item.place(), owner: owner.clone(), value };
                    self.interfaces.extend(read.map(drafted));
                }
            }
            self.instances.push(Drafted { at, owner: owner.clone(), value });
        }
    }

    fn read_entry(&mut self, library: &Library, item: Item<'_>, ledger: &mut Ledger) {
        let Some((at, block)) = endpoint::prefix_list_entry(item, ledger) else { return };
        match list_of_name(library.name(item.file)) {
            Some(id) => drop(self.list_entries.entry(id).or_default().insert(block)),
            None => {
                let message = "these entries do not say of which prefix list they are: put its id into the file's name";
                ledger.error(Place { span: first_of(library, at.file), ..at }, message);
            }
        }
    }
}

/// Where the first list of a file stands, so that a problem of all its items is said once.
fn first_of(library: &Library, file: FileId) -> crate::notation::Span {
    let list = library.lists_of(file).first();
    list.map_or_else(crate::notation::Span::default, |list| list.place.span)
}

/// The id of a prefix list in a file's name.
fn list_of_name(name: &str) -> Option<PrefixListId> {
    let start = name.rfind(PrefixListId::PREFIX)?;
    let tail = &name[start + PrefixListId::PREFIX.len()..];
    let end = tail.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(tail.len());
    PrefixListId::parse(&format!("{}{}", PrefixListId::PREFIX, &tail[..end]))
}

/// Which description of each id counts.
struct Census<'a> {
    winners: FxHashMap<&'a str, Winner<'a>>,
    /// What two accounts claim: by the two files, where the first of it stands, its id, and how many there are.
    clashes: BTreeMap<(FileId, FileId), (Place, &'a str, usize)>,
}

struct Winner<'a> {
    at: Place,
    node: &'a Node,
    owner: Option<&'a str>,
}

impl<'a> Census<'a> {
    /// Counts every id once. A description that stands again in another file of the same account is a warning, one that
    /// differs an error; two accounts may describe one resource only if its owner shares it with the other.
    fn take(library: &'a Library, ledger: &mut Ledger) -> Self {
        let mut census = Self { winners: FxHashMap::default(), clashes: BTreeMap::new() };
        let mut again: BTreeMap<(FileId, FileId), usize> = BTreeMap::new();
        let mut nested = Vec::new();
        for list in &library.lists {
            let (key, shared) = match list.kind.treatment {
                Treatment::Read(Answer::Reservations) => {
                    for node in library.items(list).iter().flat_map(|node| inner(node, "Instances")) {
                        census.count(library, list, node, "InstanceId", false, &mut again, ledger);
                        nested.extend(inner(node, "NetworkInterfaces").iter().map(|node| (list, node)));
                    }
                    continue;
                }
                Treatment::Read(answer) => match id_key(answer) {
                    Some(key) => (key, is_shared(answer)),
                    None => continue,
                },
                Treatment::Unmodeled { ids, .. } => (ids[0], Shared::Freely),
                Treatment::Nothing => continue,
            };
            for node in library.items(list) {
                match shared {
                    Shared::Freely => census.count_freely(list, node, key),
                    Shared::Never => census.count(library, list, node, key, false, &mut again, ledger),
                    Shared::ByOwner => census.count(library, list, node, key, true, &mut again, ledger),
                }
            }
        }
        for (list, node) in nested {
            census.count_freely(list, node, "NetworkInterfaceId");
        }
        for ((file, first), count) in again {
            let message = format!("{count} of these stand in {}, too", library.name(first));
            ledger.warning(Place { file, span: first_of(library, file) }, message);
        }
        census.tell_clashes(library, ledger);
        census
    }

    /// Says of each pair of files once that accounts claim the same resources.
    fn tell_clashes(&mut self, library: &Library, ledger: &mut Ledger) {
        let name = |file: FileId| {
            let home = &library.homes[file.0];
            let account = home.account.as_ref().map_or("an unknown account", AccountId::as_str);
            let region = home.region.as_ref().map_or("an unknown region", RegionName::as_str);
            format!("account {account} in {region}")
        };
        for ((file, first), (at, id, count)) in std::mem::take(&mut self.clashes) {
            let (here, there) = (name(file), name(first));
            let more = if count == 1 { String::new() } else { format!(" (and {} more of this file)", count - 1) };
            let message = format!("{id} is described for {here}, and for {there} in {}{more}", library.name(first));
            let problem = crate::notation::Problem::error(at.span, message);
            ledger.push(
                file,
                problem.help("an id belongs to one account and region: is one folder a copy of the other?"),
            );
        }
    }

    /// Whether the description at a place is the one that counts. One without an id has its problem said by its reader.
    fn wins(&self, node: &Node, key: &str, at: Place) -> bool {
        let id = node.as_map().and_then(|map| map.get(key)).and_then(Node::as_text);
        id.and_then(|id| self.winners.get(id)).is_none_or(|winner| {
            // Lists and peerings are described by each account in its own way; they are joined later.
            matches!(key, "PrefixListId" | "VpcPeeringConnectionId") || winner.at == at
        })
    }

    fn count_freely(&mut self, list: &AnswerList, node: &'a Node, key: &str) {
        if let Some((id, winner)) = entry(list.file, node, key) {
            self.winners.entry(id).or_insert(winner);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call site per kind of sharing; a struct would hide them")]
    fn count(
        &mut self,
        library: &Library,
        list: &AnswerList,
        node: &'a Node,
        key: &str,
        by_owner: bool,
        again: &mut BTreeMap<(FileId, FileId), usize>,
        ledger: &mut Ledger,
    ) {
        let Some((id, new)) = entry(list.file, node, key) else { return };
        let Some(old) = self.winners.get_mut(id) else {
            self.winners.insert(id, new);
            return;
        };
        let (new_home, old_home) = (&library.homes[new.at.file.0], &library.homes[old.at.file.0]);
        if new_home == old_home {
            if is_same(new.node, old.node) {
                *again.entry((new.at.file, old.at.file)).or_default() += 1;
            } else {
                let other = library.name(old.at.file);
                ledger.error(new.at, format!("{id} is described twice, and differently: also in {other}"));
            }
            return;
        }
        let owned_by = |home: &super::source::Home| {
            home.account.as_ref().is_some_and(|account| new.owner == Some(account.as_str()))
        };
        let same_owner = new.owner.is_some() && new.owner == old.owner && new_home.region == old_home.region;
        if by_owner && same_owner {
            // The owner's own description says more than that of an account it shares the resource with.
            if owned_by(new_home) && !owned_by(old_home) {
                *old = new;
            }
            return;
        }
        self.clashes.entry((new.at.file, old.at.file)).or_insert((new.at, id, 0)).2 += 1;
    }
}

/// Which descriptions of one id two accounts may have.
#[derive(Copy, Clone)]
enum Shared {
    Never,
    /// Those that name their owner: what lies in a shared subnet.
    ByOwner,
    Freely,
}

const fn is_shared(answer: Answer) -> Shared {
    match answer {
        Answer::Vpcs
        | Answer::Subnets
        | Answer::RouteTables
        | Answer::NetworkAcls
        | Answer::NetworkInterfaces
        | Answer::SecurityGroups => Shared::ByOwner,
        Answer::PrefixLists | Answer::VpcPeeringConnections | Answer::DhcpOptions => Shared::Freely,
        Answer::VpcAttribute
        | Answer::InternetGateways
        | Answer::EgressOnlyInternetGateways
        | Answer::NatGateways
        | Answer::VpnGateways
        | Answer::CustomerGateways
        | Answer::VpnConnections
        | Answer::Addresses
        | Answer::Reservations
        | Answer::PrefixListEntries
        | Answer::VpcEndpoints
        | Answer::VpcEndpointServices
        | Answer::AvailabilityZones => Shared::Never,
    }
}

/// The key of an item's id; `None` where an item has none, or where several items say different things of one.
const fn id_key(answer: Answer) -> Option<&'static str> {
    Some(match answer {
        Answer::Vpcs => "VpcId",
        Answer::DhcpOptions => "DhcpOptionsId",
        Answer::Subnets => "SubnetId",
        Answer::RouteTables => "RouteTableId",
        Answer::InternetGateways => "InternetGatewayId",
        Answer::EgressOnlyInternetGateways => "EgressOnlyInternetGatewayId",
        Answer::NatGateways => "NatGatewayId",
        Answer::VpnGateways => "VpnGatewayId",
        Answer::CustomerGateways => "CustomerGatewayId",
        Answer::VpnConnections => "VpnConnectionId",
        Answer::NetworkInterfaces => "NetworkInterfaceId",
        Answer::Addresses => "AllocationId",
        Answer::SecurityGroups => "GroupId",
        Answer::NetworkAcls => "NetworkAclId",
        Answer::PrefixLists => "PrefixListId",
        Answer::VpcEndpoints => "VpcEndpointId",
        Answer::VpcPeeringConnections => "VpcPeeringConnectionId",
        Answer::VpcAttribute
        | Answer::Reservations
        | Answer::PrefixListEntries
        | Answer::VpcEndpointServices
        | Answer::AvailabilityZones => return None,
    })
}

fn entry<'a>(file: FileId, node: &'a Node, key: &str) -> Option<(&'a str, Winner<'a>)> {
    let map = node.as_map()?;
    let id = map.get(key)?.as_text().filter(|id| !id.is_empty())?;
    let owner = map.get("OwnerId").and_then(Node::as_text);
    Some((id, Winner { at: Place { file, span: node.span }, node, owner }))
}

fn inner<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.as_map().and_then(|map| map.get(key)).and_then(Node::as_list).unwrap_or(&[])
}

/// Whether two values say the same, wherever they stand.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.entries.len() == other.entries.len()
                && one
                    .entries
                    .iter()
                    .all(|entry| other.get(&entry.key).is_some_and(|value| is_same(&entry.value, value)))
        }
        (one, other) => one == other,
    }
}
