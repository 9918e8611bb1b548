//! Tests of packets, against two independent libraries and by properties; one file per claim.

mod fragments;
mod icmp;
mod parse;
mod reset;
mod rewrite;
mod text;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::craft::{Craft, What};
use super::*;

/// Any endpoint of the family.
fn any_endpoint(v4: bool) -> BoxedStrategy<SocketAddr> {
    let address = match v4 {
        true => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))).boxed(),
        false => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))).boxed(),
    };
    (address, any::<u16>()).prop_map(|(address, port)| SocketAddr::new(address, port)).boxed()
}

/// Any packet that a host would send, of either family.
fn any_craft() -> impl Strategy<Value = Craft> {
    any::<bool>().prop_flat_map(any_craft_of)
}

fn any_craft_of(v4: bool) -> impl Strategy<Value = Craft> {
    let (request, reply) = if v4 { (8, 0) } else { (128, 129) };
    let tcp = (0u8..64, any::<u32>(), any::<u32>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..=10)).prop_map(
        |(flags, seq, ack, window, words)| {
            let options = words.into_iter().flat_map(|word| [word; 4]).collect();
            What::Tcp { flags, seq, ack, window, options }
        },
    );
    let what = prop_oneof![
        4 => tcp,
        3 => any::<bool>().prop_map(move |checksum| What::Udp { checksum: checksum || !v4 }),
        2 => (any::<bool>(), any::<u16>()).prop_map(move |(ask, sequence)| What::Icmp {
            kind: if ask { request } else { reply }, code: 0, sequence
        }),
        1 => Just(What::Icmp { kind: if v4 { 13 } else { 200 }, code: 0, sequence: 0 }),
        1 => Just(What::Other(47)),
    ];
    let ends = (any_endpoint(v4), any_endpoint(v4));
    let rest = (1u8.., any::<bool>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..80));
    (ends, rest, what).prop_map(|((src, dst), (ttl, dont_fragment, identification, payload), what)| Craft {
        src,
        dst,
        ttl,
        dont_fragment,
        identification,
        payload,
        what,
    })
}
