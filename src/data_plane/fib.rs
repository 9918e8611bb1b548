//! The compiled route table of one subnet: a prefix gives a next hop, and the route to cite for it.

use std::net::IpAddr;

use crate::base::{Cidr, PrefixTable};
use crate::trace::{CiteId, PortId};

/// Where a packet goes next.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NextHop {
    /// To whichever interface of the VPC has the address.
    Local,
    /// To a gateway at this port of the router.
    Gateway(PortId),
    /// To the interface at this port of the router, whatever the destination address: a NAT gateway or an instance that
    /// forwards.
    Interface(PortId),
    /// Nowhere: the target is gone.
    Blackhole,
    /// Nobody knows: the target is not modelled.
    Unmodeled,
}

/// A next hop and the route that chose it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FibEntry {
    /// Where to.
    pub hop: NextHop,
    /// By which route.
    pub by: CiteId,
}

/// The forwarding table of one route table.
#[derive(Clone, Debug, Default)]
pub struct Fib {
    table: PrefixTable<FibEntry>,
    /// Cited where no route matches.
    none: Option<CiteId>,
}

impl Fib {
    /// A table without routes; `none` is cited where no route matches.
    pub fn new(none: CiteId) -> Self {
        Self { table: PrefixTable::new(), none: Some(none) }
    }

    /// Adds a route. The compiler has settled priorities: there is one entry per block.
    pub fn insert(&mut self, block: Cidr, entry: FibEntry) {
        self.table.insert(block, entry);
    }

    /// The longest match for an address.
    pub fn lookup(&self, address: IpAddr) -> Option<FibEntry> {
        self.table.lookup(address).copied()
    }

    /// What to cite where nothing matches.
    pub fn no_route(&self) -> CiteId {
        self.none.unwrap_or(CiteId::NONE)
    }
}
