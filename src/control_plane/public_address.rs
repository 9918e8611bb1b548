//! The public IPv4 addresses that AWS hands out, world-wide. Which interface uses one is the interface's own record.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::Scope;
use crate::base::{AllocationId, Cidr, NetworkInterfaceId};

/// What a public address was handed out as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicHolder {
    /// An Elastic IP of an account.
    Elastic(Scope, AllocationId),
    /// The address that an interface got at launch, and loses when its instance stops.
    Interface(Scope, NetworkInterfaceId),
    /// An EC2-Classic instance's own address.
    Classic(Scope, crate::base::InstanceId),
    /// Not AWS's: a host on the internet, or a customer's gateway.
    Reserved,
}

/// The pool and who has what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAddresses {
    pools: Vec<Cidr>,
    holders: BTreeMap<Ipv4Addr, PublicHolder>,
    /// All addresses before this place of the pools are taken.
    cursor: u64,
}

impl Default for PublicAddresses {
    /// Small worlds use documentation addresses (RFC 5737), large ones go on with the benchmark block (RFC 2544).
    fn default() -> Self {
        let pools = ["203.0.113.0/24", "198.18.0.0/15"].map(|block| Cidr::parse(block).expect("a block"));
        Self { pools: pools.into(), holders: BTreeMap::new(), cursor: 0 }
    }
}

impl PublicAddresses {
    pub(super) fn set_pools(&mut self, pools: Vec<Cidr>) {
        self.pools = pools;
        self.cursor = 0;
    }

    pub(super) fn reserve(&mut self, address: Ipv4Addr) {
        self.holders.entry(address).or_insert(PublicHolder::Reserved);
    }

    /// Hands out an address that [`Self::vacancies`] or [`Self::is_free`] promised.
    pub(super) fn take(&mut self, address: Ipv4Addr, holder: PublicHolder) {
        self.holders.insert(address, holder);
    }

    pub(super) fn release(&mut self, address: Ipv4Addr) {
        self.holders.remove(&address);
        if let Some(place) = self.place(address) {
            self.cursor = self.cursor.min(place);
        }
    }

    /// The next free address; the cursor moves past those that are taken.
    pub(super) fn next(&mut self) -> Option<Ipv4Addr> {
        loop {
            let address = self.nth(self.cursor)?;
            if self.is_usable(address) {
                return Some(address);
            }
            self.cursor += 1;
        }
    }

    /// Whether at least `count` addresses are free.
    pub(super) fn vacancies(&self, count: usize) -> bool {
        let places = self.cursor..;
        let free = places.map_while(|place| self.nth(place)).filter(|address| self.is_usable(*address));
        free.take(count).count() == count
    }

    /// Whether nobody has this address.
    pub fn is_free(&self, address: Ipv4Addr) -> bool {
        !self.holders.contains_key(&address)
    }

    /// Who has an address.
    pub fn holder(&self, address: Ipv4Addr) -> Option<&PublicHolder> {
        self.holders.get(&address)
    }

    /// All addresses that somebody has.
    pub fn holders(&self) -> &BTreeMap<Ipv4Addr, PublicHolder> {
        &self.holders
    }

    /// The blocks that addresses are taken from.
    pub fn pools(&self) -> &[Cidr] {
        &self.pools
    }

    /// A pool's first and last address look like a network's and are left out.
    fn is_usable(&self, address: Ipv4Addr) -> bool {
        let edge = self.pools.iter().any(|pool| pool.network() == address || pool.last() == address);
        !edge && self.is_free(address)
    }

    fn nth(&self, mut place: u64) -> Option<Ipv4Addr> {
        for pool in &self.pools {
            let size = u64::try_from(pool.size()).unwrap_or(u64::MAX);
            if place < size {
                return match pool.nth(u128::from(place)) {
                    Some(IpAddr::V4(address)) => Some(address),
                    _ => None,
                };
            }
            place -= size;
        }
        None
    }

    fn place(&self, address: Ipv4Addr) -> Option<u64> {
        let mut before = 0u64;
        for pool in &self.pools {
            if let IpAddr::V4(first) = pool.network()
                && pool.contains(IpAddr::V4(address))
            {
                return Some(before + u64::from(u32::from(address) - u32::from(first)));
            }
            before = before.saturating_add(u64::try_from(pool.size()).unwrap_or(u64::MAX));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_handed_out_in_order_and_again_after_release() {
        let mut pool = PublicAddresses::default();
        let first = pool.next().expect("a free address");
        assert_eq!(first, Ipv4Addr::new(203, 0, 113, 1));
        pool.take(first, PublicHolder::Reserved);
        let second = pool.next().expect("a free address");
        pool.take(second, PublicHolder::Reserved);
        pool.release(first);
        assert_eq!(pool.next(), Some(first));
    }

    #[test]
    fn an_empty_pool_gives_nothing() {
        let mut pool = PublicAddresses::default();
        pool.set_pools(vec![Cidr::parse("192.0.2.0/30").expect("a block")]);
        assert!(pool.vacancies(2));
        assert!(!pool.vacancies(3));
        for _ in 0..2 {
            let address = pool.next().expect("two are free");
            pool.take(address, PublicHolder::Reserved);
        }
        assert_eq!(pool.next(), None);
    }

    #[test]
    fn the_second_pool_follows_the_first() {
        let mut pool = PublicAddresses::default();
        for _ in 0..254 {
            let address = pool.next().expect("254 are free");
            pool.take(address, PublicHolder::Reserved);
        }
        assert_eq!(pool.next(), Some(Ipv4Addr::new(198, 18, 0, 1)));
    }
}
