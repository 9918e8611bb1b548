//! Which traffic rules tell apart: ports between two bounds of rules fare alike, so that one of them stands for all. Asks
//! about none of it.

use std::collections::BTreeSet;
use std::fmt;

use super::path::Traffic;
use crate::control_plane::{PortRange, Protocol, World};

/// Ports of a protocol that no rule tells apart, or pings.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficRange {
    /// The traffic that stands for all of them: to the first port.
    pub traffic: Traffic,
    /// The last port; 0 for pings.
    pub last: u16,
}

/// The most ranges of one protocol that are asked about. Beyond that, the narrow ones count: those that rules name.
const RANGES_MAX: usize = 64;

impl TrafficRange {
    /// A single port, or pings.
    pub const fn single(traffic: Traffic) -> Self {
        match traffic {
            Traffic::Tcp(port) | Traffic::Udp(port) => Self { traffic, last: port },
            Traffic::Ping => Self { traffic, last: 0 },
        }
    }

    const fn first(self) -> u16 {
        match self.traffic {
            Traffic::Tcp(port) | Traffic::Udp(port) => port,
            Traffic::Ping => 0,
        }
    }

    const fn protocol(self) -> &'static str {
        match self.traffic {
            Traffic::Tcp(_) => "tcp",
            Traffic::Udp(_) => "udp",
            Traffic::Ping => "ping",
        }
    }
}

impl fmt::Display for TrafficRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.traffic, self.first(), self.last) {
            (Traffic::Ping, ..) => f.write_str("ping"),
            (_, 1, u16::MAX) => write!(f, "all {}", self.protocol()),
            (_, first, last) if first == last => write!(f, "{} {first}", self.protocol()),
            (_, first, last) => write!(f, "{} {first}-{last}", self.protocol()),
        }
    }
}

/// All traffic that the rules of these worlds tell apart; and how many ranges were left out because there are too many.
pub fn traffic_of(worlds: &[&World]) -> (Vec<TrafficRange>, usize) {
    let (mut tcp, mut udp) = (BTreeSet::from([1u32]), BTreeSet::from([1u32]));
    let mut see = |protocol: Protocol| match protocol {
        Protocol::Tcp(range) => bounds(range, &mut tcp),
        Protocol::Udp(range) => bounds(range, &mut udp),
        Protocol::All | Protocol::Icmp(_) | Protocol::Icmpv6(_) | Protocol::Other(_) => {}
    };
    for (_, region) in worlds.iter().flat_map(|world| world.regions()) {
        for group in region.security_groups().values() {
            group.ingress.iter().chain(&group.egress).for_each(|rule| see(rule.protocol));
        }
        for acl in region.network_acls().values() {
            acl.ingress.values().chain(acl.egress.values()).for_each(|entry| see(entry.protocol));
        }
    }
    let (mut all, left_out) = ranges(&tcp, Traffic::Tcp);
    let (udp, more) = ranges(&udp, Traffic::Udp);
    all.extend(udp);
    all.push(TrafficRange::single(Traffic::Ping));
    (all, left_out + more)
}

/// Several ranges in words, neighbors joined: `tcp 1-442, udp 53, ping`; `everything` if they are all there is.
pub fn traffic_text(ranges: &[TrafficRange], all: &[TrafficRange]) -> String {
    if ranges.len() == all.len() && 1 < all.len() {
        return "everything".to_owned();
    }
    let mut joined: Vec<TrafficRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.protocol() == range.protocol() && last.last.checked_add(1) == Some(range.first()) => {
                last.last = range.last;
            }
            _ => joined.push(*range),
        }
    }
    joined.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn bounds(range: PortRange, starts: &mut BTreeSet<u32>) {
    starts.insert(u32::from(range.first()).max(1));
    starts.insert(u32::from(range.last()) + 1);
}

fn ranges(starts: &BTreeSet<u32>, of: fn(u16) -> Traffic) -> (Vec<TrafficRange>, usize) {
    let ends = starts.iter().skip(1).copied().chain([65_536]);
    let mut all: Vec<TrafficRange> = starts
        .iter()
        .zip(ends)
        .filter_map(|(first, next)| {
            let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(next - 1).ok()?);
            Some(TrafficRange { traffic: of(first), last })
        })
        .collect();
    let left_out = all.len().saturating_sub(RANGES_MAX);
    if left_out != 0 {
        all.sort_by_key(|range| (range.last - range.first(), *range));
        all.truncate(RANGES_MAX);
        all.sort();
    }
    (all, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(starts: &[u32], chosen: &[usize]) -> String {
        let (all, _) = ranges(&starts.iter().copied().collect(), Traffic::Tcp);
        let chosen: Vec<TrafficRange> = chosen.iter().map(|index| all[*index]).collect();
        traffic_text(&chosen, &all)
    }

    #[test]
    fn ranges_between_bounds_are_joined_again_where_they_fare_alike() {
        // Rules name 22 and 443.
        let starts = [1, 22, 23, 443, 444];
        assert_eq!(text(&starts, &[0, 1, 2, 3, 4]), "everything");
        assert_eq!(text(&starts, &[1]), "tcp 22");
        assert_eq!(text(&starts, &[0, 1, 3]), "tcp 1-22, tcp 443");
        assert_eq!(text(&starts, &[4]), "tcp 444-65535");
        assert_eq!(text(&[1, 65_536], &[0]), "all tcp");
    }

    #[test]
    fn what_rules_name_is_kept_where_there_are_too_many_ranges() {
        let starts: BTreeSet<u32> = (0..100).flat_map(|n| [1_000 + n * 100, 1_001 + n * 100]).chain([1]).collect();
        let (kept, left_out) = ranges(&starts, Traffic::Tcp);
        assert_eq!((kept.len(), left_out), (RANGES_MAX, 201 - RANGES_MAX));
        assert!(kept.iter().all(|range| range.first() == range.last));
    }
}
