//! What an address is for, by its own bits. Knows no network.

use std::net::IpAddr;

/// Whether no single machine can have it: a group, everybody, or nobody.
pub fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_multicast() || address.is_unspecified(),
    }
}

/// Whether it is of 169.254.0.0/16 or fe80::/10, which no router forwards.
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
