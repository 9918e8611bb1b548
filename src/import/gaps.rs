//! What an account has, by whose decision nobody here can tell what becomes of a packet. Lists it for questions; shows
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::{Cidr, NetworkInterfaceId, PrefixListId, VpcId};

/// What decides in a way that nobody told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Prefix lists whose blocks are in no file: what a route or rule with one of them decides is unknown.
    pub lists: BTreeSet<PrefixListId>,
    /// VPCs with a block on public access, each with EC2's word for its mode: what passes an internet gateway or an
    /// egress-only one is unknown.
    pub closed_vpcs: BTreeMap<VpcId, String>,
    /// Blocks that are delegated to interfaces: whoever answers there, such as a pod, is unknown.
    pub delegated: BTreeMap<(VpcId, Cidr), NetworkInterfaceId>,
}

impl Gaps {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.closed_vpcs.is_empty() && self.delegated.is_empty()
    }

    /// The VPC and the interface to which a block around an address is delegated.
    pub fn delegate(&self, address: IpAddr) -> impl Iterator<Item = (&VpcId, &NetworkInterfaceId)> {
        let around = self.delegated.iter().filter(move |((_, block), _)| block.contains(address));
        around.map(|((vpc, _), interface)| (vpc, interface))
    }
}
