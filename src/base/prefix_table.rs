//! Longest-prefix match over any value, IPv4 and IPv6 apart. Knows no routes.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

use super::Cidr;

/// Values by CIDR block; the longest block that holds an address answers for it.
#[derive(Clone, Debug)]
pub struct PrefixTable<V> {
    v4: PrefixMap<Ipv4Net, V>,
    v6: PrefixMap<Ipv6Net, V>,
}

impl<V> PrefixTable<V> {
    /// A table without entries.
    pub fn new() -> Self {
        Self { v4: PrefixMap::new(), v6: PrefixMap::new() }
    }

    /// Puts `value` at `block`, and returns what stood there.
    pub fn insert(&mut self, block: Cidr, value: V) -> Option<V> {
        match block.net() {
            IpNet::V4(net) => self.v4.insert(net, value),
            IpNet::V6(net) => self.v6.insert(net, value),
        }
    }

    /// Takes out the value at exactly this block.
    pub fn remove(&mut self, block: Cidr) -> Option<V> {
        match block.net() {
            IpNet::V4(net) => self.v4.remove(&net),
            IpNet::V6(net) => self.v6.remove(&net),
        }
    }

    /// The value of the longest block that holds `address`.
    pub fn lookup(&self, address: IpAddr) -> Option<&V> {
        match address {
            IpAddr::V4(address) => self.v4.get_lpm(&Ipv4Net::from(address)).map(|(_, value)| value),
            IpAddr::V6(address) => self.v6.get_lpm(&Ipv6Net::from(address)).map(|(_, value)| value),
        }
    }

    /// The value at exactly this block.
    pub fn get(&self, block: Cidr) -> Option<&V> {
        match block.net() {
            IpNet::V4(net) => self.v4.get(&net),
            IpNet::V6(net) => self.v6.get(&net),
        }
    }

    /// All blocks that hold `address`, from the shortest to the longest.
    pub fn cover(&self, address: IpAddr) -> Vec<(Cidr, &V)> {
        let block = |net: IpNet| Cidr::new(net.addr(), net.prefix_len()).expect("a valid length stays valid");
        match address {
            IpAddr::V4(address) => {
                self.v4.cover(&Ipv4Net::from(address)).map(|(net, value)| (block(IpNet::V4(net)), value)).collect()
            }
            IpAddr::V6(address) => {
                self.v6.cover(&Ipv6Net::from(address)).map(|(net, value)| (block(IpNet::V6(net)), value)).collect()
            }
        }
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl<V> Default for PrefixTable<V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_prefix_answers() {
        let mut table = PrefixTable::new();
        for (block, name) in [("0.0.0.0/0", "default"), ("54.123.160.0/19", "list"), ("54.123.165.0/24", "own")] {
            table.insert(Cidr::parse(block).expect(block), name);
        }
        let lookup = |address: &str| table.lookup(address.parse().expect(address)).copied();
        assert_eq!(lookup("54.123.165.9"), Some("own"));
        assert_eq!(lookup("54.123.166.9"), Some("list"));
        assert_eq!(lookup("8.8.8.8"), Some("default"));
        assert_eq!(lookup("::1"), None);
        let cover: Vec<_> = table.cover("54.123.165.9".parse().expect("an address")).iter().map(|c| *c.1).collect();
        assert_eq!(cover, ["default", "list", "own"]);
    }

    proptest! {
        #[test]
        fn lookup_agrees_with_a_scan_of_all_blocks(
            blocks in prop::collection::vec((any::<u32>(), 0u8..=32), 0..40),
            probes in prop::collection::vec(any::<u32>(), 0..40),
        ) {
            let mut table = PrefixTable::new();
            let mut list: Vec<(Cidr, usize)> = Vec::new();
            for (index, (address, length)) in blocks.iter().enumerate() {
                let block = Cidr::new(IpAddr::V4((*address).into()), *length).expect("at most 32");
                table.insert(block, index);
                list.retain(|(other, _)| *other != block);
                list.push((block, index));
            }
            for probe in probes.iter().chain(blocks.iter().map(|(address, _)| address)) {
                let address = IpAddr::V4((*probe).into());
                let best = list.iter().filter(|(b, _)| b.contains(address)).max_by_key(|(b, _)| b.prefix_len());
                prop_assert_eq!(table.lookup(address), best.map(|(_, index)| index));
            }
        }
    }
}
