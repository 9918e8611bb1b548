//! What security groups become: allow-only rules of all groups of an interface (facts S1). The memory that makes them
//! stateful is in `conntrack`.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::base::{Cidr, PrefixTable};
use crate::packet::{FiveTuple, Protocol};
use crate::trace::CiteId;

/// Ports or ICMP types that a rule names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// All of them.
    Any,
    /// Destination ports from the first to the last.
    Range(u16, u16),
    /// An ICMP type, and a code or all codes.
    Icmp(u8, Option<u8>),
}

impl Ports {
    /// Whether a packet's destination port, or ICMP type, is among them. For protocols without either every rule holds
    /// (facts A3).
    pub fn hold(self, tuple: &FiveTuple, icmp: Option<(u8, u8)>) -> bool {
        match self {
            Self::Any => true,
            Self::Range(first, last) if tuple.protocol.has_ports() => first <= tuple.dst_port && tuple.dst_port <= last,
            Self::Icmp(kind, code) if tuple.protocol.is_icmp() => {
                icmp.is_some_and(|(k, c)| k == kind && code.is_none_or(|code| code == c))
            }
            // A range of ports says nothing of a protocol without ports.
            Self::Range(..) | Self::Icmp(..) => !tuple.protocol.has_ports() && !tuple.protocol.is_icmp(),
        }
    }

    fn are_all(self) -> bool {
        matches!(self, Self::Any | Self::Range(0, u16::MAX))
    }
}

/// The private addresses of a group's members; shared by all filters that name the group, so that a new member costs
/// one insertion.
pub type Members = Rc<RefCell<FxHashSet<IpAddr>>>;

/// The far end that a rule names.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A block of addresses.
    Block(Cidr),
    /// The members of a security group, by private address (facts S3).
    Group(Members),
    /// The blocks of a prefix list.
    List(Rc<PrefixTable<()>>),
}

/// One rule of one group.
#[derive(Clone, Debug)]
pub struct FilterRule {
    /// `None` is every protocol.
    pub protocol: Option<Protocol>,
    /// Destination ports, or ICMP type and code.
    pub ports: Ports,
    /// The far end.
    pub peer: Peer,
    /// The rule to cite.
    pub by: CiteId,
}

impl FilterRule {
    fn matches(&self, far: IpAddr, tuple: &FiveTuple, icmp: Option<(u8, u8)>) -> bool {
        self.protocol.is_none_or(|protocol| protocol == tuple.protocol)
            && self.ports.hold(tuple, icmp)
            && match &self.peer {
                Peer::Block(block) => block.contains(far),
                Peer::Group(members) => members.borrow().contains(&far),
                Peer::List(list) => list.lookup(far).is_some(),
            }
    }

    fn is_open(&self, v4: bool) -> bool {
        let all = if v4 { Cidr::ALL_V4 } else { Cidr::ALL_V6 };
        matches!(&self.peer, Peer::Block(block) if *block == all)
    }
}

/// The rules of all groups of an interface, in order, and which citation stands for none of them matching.
#[derive(Clone, Debug, Default)]
pub struct StatefulFilter {
    /// Rules into the interface.
    pub ingress: Vec<FilterRule>,
    /// Rules out of the interface.
    pub egress: Vec<FilterRule>,
    /// Cited where no rule into the interface matches.
    pub no_ingress: Option<CiteId>,
    /// Cited where no rule out of the interface matches.
    pub no_egress: Option<CiteId>,
}

/// What the rules say of the first packet of a flow.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgment {
    /// Allowed by a rule; `tracked` says whether the flow is to be remembered (facts S7).
    Allow { by: CiteId, tracked: bool },
    /// Allowed by none.
    Deny { by: CiteId },
}

impl StatefulFilter {
    /// Whether it has no rule at all out of (`egress`) or into the interface.
    pub(crate) const fn is_empty(&self, egress: bool) -> bool {
        if egress { self.egress.is_empty() } else { self.ingress.is_empty() }
    }

    /// Judges a packet by the rules alone.
    pub(crate) fn judge(&self, egress: bool, tuple: &FiveTuple, icmp: Option<(u8, u8)>) -> Judgment {
        let (rules, opposite, far, none) = match egress {
            true => (&self.egress, &self.ingress, tuple.dst, self.no_egress),
            false => (&self.ingress, &self.egress, tuple.src, self.no_ingress),
        };
        let v4 = far.is_ipv4();
        let mut allowed: Option<&FilterRule> = None;
        for rule in rules.iter().filter(|rule| rule.matches(far, tuple, icmp)) {
            // A rule that is open to all decides over tracking, wherever in the list it stands.
            if allowed.is_none() || rule.is_open(v4) {
                allowed = Some(rule);
                if rule.is_open(v4) {
                    break;
                }
            }
        }
        let Some(rule) = allowed else { return Judgment::Deny { by: none.unwrap_or(CiteId::NONE) } };
        let answers_open = || {
            opposite.iter().any(|other| {
                other.is_open(v4)
                    && other.ports.are_all()
                    && other.protocol.is_none_or(|protocol| protocol == tuple.protocol)
            })
        };
        let untracked = tuple.protocol.has_ports() && rule.is_open(v4) && answers_open();
        Judgment::Allow { by: rule.by, tracked: !untracked }
    }
}
