//! What a network ACL becomes: numbered rules in order, the first match decides, no memory (facts A1).

use std::net::IpAddr;

use super::stateful_filter::Ports;
use crate::base::Cidr;
use crate::packet::{FiveTuple, Protocol};
use crate::trace::CiteId;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatelessRule {
    /// `None` is every protocol.
    pub protocol: Option<Protocol>,
    /// Destination ports, or ICMP type and code.
    pub ports: Ports,
    /// The far end: source on the way in, destination on the way out.
    pub block: Cidr,
    /// Whether it allows.
    pub allow: bool,
    /// The entry to cite.
    pub by: CiteId,
}

/// Both lists of one network ACL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatelessFilter {
    /// Into the subnet, in order of number.
    pub ingress: Vec<StatelessRule>,
    /// Out of the subnet, in order of number.
    pub egress: Vec<StatelessRule>,
}

impl StatelessFilter {
    /// Judges a packet out of (`egress`) or into the subnet: whether it passes, and by which entry. Without a match it
    /// does not pass: the last entry of every ACL, `*`, denies.
    pub fn judge(&self, egress: bool, tuple: &FiveTuple, icmp: Option<(u8, u8)>) -> (bool, CiteId) {
        let (rules, far) = if egress { (&self.egress, tuple.dst) } else { (&self.ingress, tuple.src) };
        let matched = rules.iter().find(|rule| rule.matches(far, tuple, icmp));
        matched.map_or((false, CiteId::NONE), |rule| (rule.allow, rule.by))
    }
}

impl StatelessRule {
    fn matches(&self, far: IpAddr, tuple: &FiveTuple, icmp: Option<(u8, u8)>) -> bool {
        self.protocol.is_none_or(|protocol| protocol == tuple.protocol)
            && self.ports.hold(tuple, icmp)
            && self.block.contains(far)
    }
}
