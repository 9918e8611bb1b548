//! What an account has, by whose decision nobody here can tell what becomes of a packet. Lists it for questions; shows
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::{Cidr, PrefixListId, VpcId};

/// What decides in a way that nobody told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Prefix lists whose blocks are in no file: what a route or rule with one of them decides is unknown.
    pub lists: BTreeSet<PrefixListId>,
    /// VPCs with a block on public access, each with EC2's word for its mode: what passes an internet gateway or an
    /// egress-only one is unknown.
    pub closed_vpcs: BTreeMap<VpcId, String>,
    /// Blocks of VPCs in which others may answer than the interfaces that are told, each with what it is: a block that is
    /// delegated to an interface, where pods may be, or a VPC whose owner shares it.
    pub others: BTreeMap<(VpcId, Cidr), String>,
}

impl Gaps {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.closed_vpcs.is_empty() && self.others.is_empty()
    }

    /// The VPCs in which others may have an address, each with what of it is around the address.
    pub fn others_at(&self, address: IpAddr) -> impl Iterator<Item = (&VpcId, &str)> {
        let around = self.others.iter().filter(move |((_, block), _)| block.contains(address));
        around.map(|((vpc, _), what)| (vpc, what.as_str()))
    }
}
