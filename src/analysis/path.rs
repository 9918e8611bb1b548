//! A path as tables tell it: hop by hop, with what decided at each and everything that blocks it. Pure data; finds nothing.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::base::InstanceId;
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
        /// Whether the packet passes.
        allowed: bool,
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
    /// The box, by id.
    pub at: String,
    /// Why.
    pub reason: DropReason,
    /// By what.
    pub by: String,
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
    /// The way out.
    pub out: Path,
    /// The way back, as if the way out were open; `None` where there is nothing to come back from.
    pub back: Option<Path>,
}

impl Path {
    /// Everything that blocks it, in order.
    pub fn blockers(&self) -> impl Iterator<Item = (&PathHop, DropReason, &str)> {
        self.hops.iter().flat_map(|hop| {
            hop.findings.iter().filter_map(move |finding| match finding {
                Finding::Blocked { reason, by } => Some((hop, *reason, by.as_str())),
                Finding::Filtered { filter, allowed: false, rule, .. } => {
                    Some((hop, denied_by(*filter), rule.as_str()))
                }
                Finding::Filtered { .. }
                | Finding::Remembered { .. }
                | Finding::Routed { .. }
                | Finding::Translated { .. }
                | Finding::Note(_) => None,
            })
        })
    }

    /// The ids of its boxes, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().map(|hop| hop.id.as_str())
    }
}

impl Explanation {
    /// All that blocks the way out and the way back, at once.
    pub fn blockers(&self) -> Vec<Blocker> {
        let of = |path: &Path, back: bool| -> Vec<Blocker> {
            let found = path.blockers();
            found.map(|(hop, reason, by)| Blocker { back, at: hop.id.clone(), reason, by: by.to_owned() }).collect()
        };
        let mut all = of(&self.out, false);
        all.extend(self.back.iter().flat_map(|path| of(path, true)));
        all
    }

    /// What comes of it.
    pub fn outcome(&self) -> Outcome {
        if let Some((_, reason, _)) = self.out.blockers().next() {
            return Outcome::BlockedOut(reason);
        }
        if let End::Unknown(why) = &self.out.end {
            return Outcome::Unknown(why.clone());
        }
        let Some(back) = &self.back else { return Outcome::Reaches };
        if let Some((_, reason, _)) = back.blockers().next() {
            return Outcome::BlockedBack(reason);
        }
        match &back.end {
            End::Arrived => Outcome::Reaches,
            End::Unknown(why) => Outcome::Unknown(why.clone()),
            End::Lost => Outcome::Unknown("the answer ends without a reason".to_owned()),
        }
    }
}

/// The reason of a filter's denial.
pub(super) const fn denied_by(filter: Filter) -> DropReason {
    match filter {
        Filter::SecurityGroupEgress => DropReason::SecurityGroupEgress,
        Filter::NetworkAclEgress => DropReason::NetworkAclEgress,
        Filter::NetworkAclIngress => DropReason::NetworkAclIngress,
        Filter::SecurityGroupIngress => DropReason::SecurityGroupIngress,
    }
}
