//! Which route of a table wins for a destination, which ones lose, and why. A pure function of records.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Destination, Learned, PropagatedRoute, RouteOrigin, RouteState, RouteTable, RouteTarget, Scope, World};
use crate::base::{Cidr, PrefixListId, VpnGatewayId};

/// A route as forwarding sees it: one block and where it leads. A route to a prefix list is one entry per block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// The block that takes part in the longest-prefix match.
    pub block: Cidr,
    /// What the route is for, as it stands in the table.
    pub destination: Destination,
    /// Where it leads.
    pub target: RouteTarget,
    /// Whether the target is there.
    pub state: RouteState,
    /// How the route came.
    pub origin: RouteOrigin,
    rank: Rank,
}

/// The order among routes for one block, best first (facts RT2, RT3, RT5, RT6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Local,
    /// The customer's own route wins over an endpoint's for the same block (RT5).
    Static,
    /// Two lists that share a block: AWS keeps one choice for ever (RT10); here the lower id.
    PrefixList(PrefixListId),
    Propagated(Learned, u32, u32, VpnGatewayId),
}

/// What became of one route when a destination was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The route. For a prefix list that does not hold the destination, `block` is `None`.
    pub destination: Destination,
    /// The block that matched.
    pub block: Option<Cidr>,
    /// Where it leads.
    pub target: RouteTarget,
    /// How it came.
    pub origin: RouteOrigin,
    /// Whether it won, and if not, why not.
    pub fate: RouteFate,
}

/// Why a route won or lost, in the codes of the Reachability Analyzer (facts section 11).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteFate {
    /// It decides.
    Won,
    /// It decides, and its target is gone: the packet is dropped (facts RT25).
    WonBlackhole,
    /// A route for the same block outranks it, or the local route stands above it (facts RT7).
    HigherPriorityRoute,
    /// A route with a longer prefix takes the packet.
    MoreSpecificRoute,
    /// It is not for this destination.
    CannotRoute,
}

impl RouteFate {
    /// The Reachability Analyzer's code; a route that works has none.
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Won => None,
            Self::WonBlackhole => Some("BAD_STATE_ROUTE"),
            Self::HigherPriorityRoute => Some("HIGHER_PRIORITY_ROUTE"),
            Self::MoreSpecificRoute => Some("MORE_SPECIFIC_ROUTE"),
            Self::CannotRoute => Some("CANNOT_ROUTE"),
        }
    }

    /// Whether it decides.
    pub const fn won(self) -> bool {
        matches!(self, Self::Won | Self::WonBlackhole)
    }
}

impl RouteTable {
    /// The entries that decide, one per block: what a router compiles. Blocks in ascending order.
    pub fn effective_entries(&self, world: &World, scope: &Scope) -> Vec<RouteEntry> {
        let mut best: BTreeMap<Cidr, RouteEntry> = BTreeMap::new();
        let local: Vec<Cidr> = self.local_blocks().collect();
        for entry in self.entries(world, scope, |_| true) {
            if hidden_by_local(&entry, &local) {
                continue;
            }
            let stands = best.get(&entry.block).is_some_and(|other| other.rank <= entry.rank);
            if !stands {
                best.insert(entry.block, entry);
            }
        }
        best.into_values().collect()
    }

    /// What becomes of each route when `address` is looked up: the one that decides first, then those that matched,
    /// the longest prefix first, then the others.
    pub fn candidates(&self, world: &World, scope: &Scope, address: IpAddr) -> Vec<Candidate> {
        let local: Vec<Cidr> = self.local_blocks().collect();
        let in_local = local.iter().any(|block| block.contains(address));
        let mut matching = Vec::new();
        let mut others = Vec::new();
        let mut seen_lists = BTreeSet::new();
        for entry in self.entries(world, scope, |block| block.contains(address)) {
            if let Destination::PrefixList(list) = &entry.destination {
                seen_lists.insert(list.clone());
            }
            matching.push(entry);
        }
        // Local before all that it hides (RT7), then the longest prefix, then the rank.
        let hidden = |entry: &RouteEntry| in_local && hidden_by_local(entry, &local);
        matching.sort_by(|a, b| {
            let key = |e: &RouteEntry| (hidden(e), u8::MAX - e.block.prefix_len());
            key(a).cmp(&key(b)).then_with(|| a.rank.cmp(&b.rank))
        });
        let winner = matching.first().map(|entry| entry.block.prefix_len());
        let mut candidates: Vec<Candidate> = Vec::new();
        for (place, entry) in matching.iter().enumerate() {
            let fate = match (place, entry.state) {
                (0, RouteState::Active) => RouteFate::Won,
                (0, RouteState::Blackhole) => RouteFate::WonBlackhole,
                _ if hidden(entry) || Some(entry.block.prefix_len()) == winner => RouteFate::HigherPriorityRoute,
                _ => RouteFate::MoreSpecificRoute,
            };
            // A list of several nested blocks is one route: its best block speaks for it.
            let spoken = candidates
                .iter()
                .any(|c| c.destination == entry.destination && c.target == entry.target && c.origin == entry.origin);
            if !spoken {
                candidates.push(candidate(entry, Some(entry.block), fate));
            }
        }
        let miss = |destination: &Destination| match destination {
            Destination::Cidr(block) => !block.contains(address),
            Destination::PrefixList(list) => !seen_lists.contains(list),
        };
        for route in self.routes().filter(|route| miss(&route.destination)) {
            others.push(Candidate {
                destination: route.destination.clone(),
                block: None,
                target: route.target.clone(),
                origin: route.origin,
                fate: RouteFate::CannotRoute,
            });
        }
        for route in self.propagated().iter().filter(|route| !route.destination.contains(address)) {
            others.push(candidate(&propagated(route), None, RouteFate::CannotRoute));
        }
        candidates.extend(others);
        candidates
    }

    /// The route that decides for `address`.
    pub fn lookup(&self, world: &World, scope: &Scope, address: IpAddr) -> Option<RouteEntry> {
        let local: Vec<Cidr> = self.local_blocks().collect();
        let holding = self.entries(world, scope, |block| block.contains(address)).into_iter();
        let standing = holding.filter(|entry| !hidden_by_local(entry, &local));
        standing.min_by(|a, b| {
            let key = |entry: &RouteEntry| u8::MAX - entry.block.prefix_len();
            key(a).cmp(&key(b)).then_with(|| a.rank.cmp(&b.rank))
        })
    }

    fn local_blocks(&self) -> impl Iterator<Item = Cidr> {
        self.routes().filter(|route| route.origin == RouteOrigin::CreateRouteTable).filter_map(|route| {
            match route.destination {
                Destination::Cidr(block) => Some(block),
                Destination::PrefixList(_) => None,
            }
        })
    }

    /// All routes whose blocks are wanted, those to prefix lists once per block (facts RT8).
    fn entries(&self, world: &World, scope: &Scope, wanted: impl Fn(&Cidr) -> bool) -> Vec<RouteEntry> {
        let mut entries = Vec::new();
        for route in self.routes() {
            let entry = |block: Cidr, rank: Rank| RouteEntry {
                block,
                destination: route.destination.clone(),
                target: route.target.clone(),
                state: route.state,
                origin: route.origin,
                rank,
            };
            match &route.destination {
                Destination::Cidr(block) if wanted(block) => {
                    let local = route.origin == RouteOrigin::CreateRouteTable;
                    entries.push(entry(*block, if local { Rank::Local } else { Rank::Static }));
                }
                Destination::Cidr(_) => {}
                Destination::PrefixList(list) => {
                    let blocks = world.prefix_list_blocks(scope, list).into_iter().flatten();
                    let blocks = blocks.filter(|block| wanted(block));
                    entries.extend(blocks.map(|block| entry(*block, Rank::PrefixList(list.clone()))));
                }
            }
        }
        entries.extend(self.propagated().iter().filter(|route| wanted(&route.destination)).map(propagated));
        entries
    }
}

/// A propagated route is an active one: it goes when its source does.
fn propagated(route: &PropagatedRoute) -> RouteEntry {
    RouteEntry {
        block: route.destination,
        destination: Destination::Cidr(route.destination),
        target: RouteTarget::VpnGateway(route.gateway.clone()),
        state: RouteState::Active,
        origin: RouteOrigin::EnableVgwRoutePropagation,
        rank: Rank::Propagated(route.learned, route.as_path_len, route.med, route.gateway.clone()),
    }
}

/// The local route is preferred over a propagated one even if that is more specific (facts RT7).
fn hidden_by_local(entry: &RouteEntry, local: &[Cidr]) -> bool {
    entry.origin == RouteOrigin::EnableVgwRoutePropagation && local.iter().any(|block| block.covers(&entry.block))
}

fn candidate(entry: &RouteEntry, block: Option<Cidr>, fate: RouteFate) -> Candidate {
    Candidate {
        destination: entry.destination.clone(),
        block,
        target: entry.target.clone(),
        origin: entry.origin,
        fate,
    }
}
