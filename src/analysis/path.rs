//! A path as tables tell it: hop by hop, with what decided at each and everything that blocks it. Pure data; finds nothing.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::shown_rules::{Subject, rules_of};
use crate::base::{InstanceId, NetworkInterfaceId};
use crate::control_plane::routing::Candidate;
use crate::trace::{Component, DropReason, Filter};

/// What is asked to pass.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traffic {
    /// A TCP connection to a port.
    Tcp(u16),
    /// A datagram to a port.
    Udp(u16),
    /// An echo request.
    Ping,
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(port) => write!(f, "tcp/{port}"),
            Self::Udp(port) => write!(f, "udp/{port}"),
            Self::Ping => f.pad("ping"),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An instance, with the private address it uses.
    Instance(InstanceId, IpAddr),
    /// A host of the internet, or on premises.
    Outside(IpAddr),
    /// An instance of EC2-Classic, with one of its addresses.
    Classic(IpAddr),
    /// An interface of no instance, such as a load balancer's, with one of its own addresses.
    Interface(NetworkInterfaceId, IpAddr),
    /// Somebody of whom only routes tell: behind a gateway of which no record says what is there.
    Beyond(IpAddr),
}

/// A packet as tables see it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it carries.
    pub traffic: Traffic,
    /// Whether it is an answer.
    pub answer: bool,
    /// Its source; port 0 for echoes.
    pub src: SocketAddr,
    /// Its destination; port 0 for echoes.
    pub dst: SocketAddr,
}

impl Header {
    /// The header of the answer.
    #[must_use]
    pub const fn answered(self) -> Self {
        Self { answer: true, src: self.dst, dst: self.src, ..self }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |end: SocketAddr| if end.port() == 0 { end.ip().to_string() } else { end.to_string() };
        write!(f, "{} → {}", show(self.src), show(self.dst))
    }
}

/// One thing that was decided at a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A filter's verdict.
    Filtered {
        /// Which filter.
        filter: Filter,
        /// Why the packet does not pass; `None` where it does.
        denied: Option<DropReason>,
        /// The group or ACL.
        id: String,
        /// The rule that decides.
        rule: String,
    },
    /// A group lets an answer pass because it remembers the question.
    Remembered {
        /// Which filter.
        filter: Filter,
    },
    /// A route was chosen; the first candidate won, the others lost, each with its reason.
    Routed {
        /// The route table.
        table: String,
        /// The routes.
        candidates: Vec<Candidate>,
    },
    /// Addresses were changed.
    Translated {
        /// Before.
        before: Header,
        /// After.
        after: Header,
    },
    /// The packet does not pass.
    Blocked {
        /// Why.
        reason: DropReason,
        /// By what: an id, a route, a rule.
        by: String,
    },
    /// Something worth knowing that decides nothing.
    Note(String),
}

impl Finding {
    /// Why a packet does not pass, if this keeps it from passing.
    pub const fn blocks(&self) -> Option<DropReason> {
        match self {
            Self::Blocked { reason, .. } => Some(*reason),
            Self::Filtered { denied, .. } => *denied,
            Self::Remembered { .. } | Self::Routed { .. } | Self::Translated { .. } | Self::Note(_) => None,
        }
    }
}

/// One box of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathHop {
    /// Its kind.
    pub component: Component,
    /// Its id.
    pub id: String,
    /// Its name, else its id.
    pub name: String,
    /// What was decided there, in order.
    pub findings: Vec<Finding>,
}

/// Where a path ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// At the machine that has the address.
    Arrived,
    /// Somewhere on the way: what blocks it leaves nothing to follow.
    Lost,
    /// Where nothing is modelled; why.
    Unknown(String),
}

/// One way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The boxes, in order.
    pub hops: Vec<PathHop>,
    /// Where it ends, were every filter open.
    pub end: End,
}

/// Something that keeps a packet from passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Whether it is on the way back.
    pub back: bool,
    /// What the box is.
    pub component: Component,
    /// The box, by id.
    pub at: String,
    /// Its name, else its id.
    pub name: String,
    /// Why.
    pub reason: DropReason,
    /// The security groups or the network ACL that deny it; empty for other reasons.
    pub filter: String,
    /// By what: a rule, a route, a table, the box itself.
    pub by: String,
    /// The rules of the rule book that it shows.
    pub rules: Vec<&'static str>,
}

/// What comes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The question arrives, and its answer comes back.
    Reaches,
    /// The question does not arrive.
    BlockedOut(DropReason),
    /// The question arrives, and its answer does not come back.
    BlockedBack(DropReason),
    /// Nobody can tell.
    Unknown(String),
}

/// The path out and back, by tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The question's header where it is made.
    pub header: Header,
    /// Whether it goes to an address of a service with ranges, such as S3.
    pub to_service: bool,
    /// Whether that service is one of another region than the VPC that the question comes from.
    pub to_other_region: bool,
    /// The way out.
    pub out: Path,
    /// The way back, as if the way out were open; `None` where there is nothing to come back from.
    pub back: Option<Path>,
}

impl Path {
    /// Everything that blocks it, in order: the box, the finding, and why.
    pub fn blockers(&self) -> impl Iterator<Item = (&PathHop, &Finding, DropReason)> {
        self.hops
            .iter()
            .flat_map(|hop| hop.findings.iter().filter_map(move |finding| Some((hop, finding, finding.blocks()?))))
    }

    /// The ids of the gateways that it crosses, in order.
    pub fn gateways(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().filter(|hop| is_gateway(hop.component)).map(|hop| hop.id.as_str())
    }

    /// The ids of its boxes, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().map(|hop| hop.id.as_str())
    }
}

impl Explanation {
    /// All that blocks the way out and the way back, at once.
    pub fn blockers(&self) -> Vec<Blocker> {
        let ways = std::iter::once((&self.out, false)).chain(self.back.as_ref().map(|path| (path, true)));
        let found = ways.flat_map(|(path, back)| path.blockers().map(move |found| (back, found)));
        let blocker = |(back, (hop, finding, reason)): (bool, (&PathHop, &Finding, DropReason))| {
            let (filter, by) = match finding {
                Finding::Filtered { id, rule, .. } => (id.clone(), rule.clone()),
                Finding::Blocked { by, .. } => (String::new(), by.clone()),
                Finding::Remembered { .. } | Finding::Routed { .. } | Finding::Translated { .. } | Finding::Note(_) => {
                    (String::new(), String::new())
                }
            };
            let (component, at, name) = (hop.component, hop.id.clone(), hop.name.clone());
            Blocker { back, component, at, name, reason, filter, by, rules: self.rules_of(finding) }
        };
        found.map(blocker).collect()
    }

    /// The rules of the rule book that a finding of one of its ways shows.
    pub fn rules_of(&self, finding: &Finding) -> Vec<&'static str> {
        let in_vpc = self.out.hops.iter().any(|hop| hop.component == Component::Vpc);
        let v6 = self.header.dst.is_ipv6();
        let subject = Subject { service: self.to_service, of_other_region: self.to_other_region, in_vpc, v6 };
        rules_of(finding, subject)
    }

    /// What the far end takes for the source, if the question arrives there.
    pub fn seen_as(&self) -> Option<SocketAddr> {
        let findings = self.out.hops.iter().flat_map(|hop| &hop.findings);
        let mut translated = findings.filter_map(|finding| match finding {
            Finding::Translated { after, .. } => Some(after.src),
            _ => None,
        });
        let arrives = self.out.end == End::Arrived && self.out.blockers().next().is_none();
        arrives.then(|| translated.next_back().unwrap_or(self.header.src))
    }

    /// What comes of it.
    pub fn outcome(&self) -> Outcome {
        if let Some((_, _, reason)) = self.out.blockers().next() {
            return Outcome::BlockedOut(reason);
        }
        // Whoever answers at an end that nobody knows, the answer would have to come back.
        if let Some((_, _, reason)) = self.back.as_ref().and_then(|back| back.blockers().next()) {
            return Outcome::BlockedBack(reason);
        }
        if let End::Unknown(why) = &self.out.end {
            return Outcome::Unknown(why.clone());
        }
        let Some(back) = &self.back else { return Outcome::Reaches };
        match &back.end {
            End::Arrived => Outcome::Reaches,
            End::Unknown(why) => Outcome::Unknown(why.clone()),
            End::Lost => Outcome::Unknown("the answer ends without a reason".to_owned()),
        }
    }
}

/// Whether a box is a gateway: what tells one path from another.
pub(super) const fn is_gateway(component: Component) -> bool {
    matches!(
        component,
        Component::InternetGateway
            | Component::EgressOnlyInternetGateway
            | Component::NatGateway
            | Component::VpcEndpoint
            | Component::VpcPeeringConnection
            | Component::VpnGateway
    )
}
