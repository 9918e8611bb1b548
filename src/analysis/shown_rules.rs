//! Which rules of the rule book a finding on a path shows. Decides no path.

use super::path::Finding;
use crate::control_plane::routing::{Candidate, RouteFate};
use crate::control_plane::{Destination, RouteTarget};
use crate::trace::{DropReason, Filter};

/// What a packet is that a rule may be about.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Whether it is to or from a service.
    pub(crate) service: bool,
    /// Whether that service is one of another region than the VPC's.
    pub(crate) of_other_region: bool,
    /// Whether it has been in a VPC.
    pub(crate) in_vpc: bool,
    /// Whether it is of IPv6.
    pub(crate) v6: bool,
}

/// The rules that a finding on the path of a packet shows.
pub(super) fn rules_of(finding: &Finding, subject: Subject) -> Vec<&'static str> {
    let Subject { service, .. } = subject;
    match finding {
        Finding::Routed { candidates, .. } => routed(candidates, service),
        Finding::Filtered { filter: Filter::SecurityGroupEgress, denied: Some(_), .. } if service => vec!["R34"],
        Finding::Filtered { filter: Filter::SecurityGroupEgress, denied: None, rule, .. }
            if service && rule.contains(" pl-") =>
        {
            vec!["R35"]
        }
        // An entry of an ACL names blocks, and a service's blocks are many and change.
        Finding::Filtered { filter: Filter::NetworkAclEgress | Filter::NetworkAclIngress, denied: Some(_), .. }
            if service =>
        {
            vec!["R22"]
        }
        Finding::Blocked { reason, .. } => blocked(*reason, subject),
        Finding::Filtered { .. } | Finding::Remembered { .. } | Finding::Translated { .. } | Finding::Note(_) => {
            Vec::new()
        }
    }
}

fn routed(candidates: &[Candidate], service: bool) -> Vec<&'static str> {
    let is_endpoint = |one: &Candidate| {
        matches!((&one.destination, &one.target), (Destination::PrefixList(_), RouteTarget::VpcEndpoint(_)))
    };
    match candidates.first().filter(|first| first.fate.won()) {
        // It beats what is shorter where there is any such.
        Some(winner) if is_endpoint(winner) => {
            match candidates.iter().any(|one| one.fate == RouteFate::MoreSpecificRoute) {
                true => vec!["R10", "R11", "R12"],
                false => vec!["R10", "R11"],
            }
        }
        Some(_) if service => {
            let lost = candidates.iter().find(|one| is_endpoint(one) && one.block.is_some());
            match lost.map(|one| one.fate) {
                Some(RouteFate::MoreSpecificRoute) => vec!["R13"],
                Some(RouteFate::HigherPriorityRoute) => vec!["R14"],
                Some(RouteFate::Won | RouteFate::WonBlackhole | RouteFate::CannotRoute) | None => Vec::new(),
            }
        }
        Some(_) | None => Vec::new(),
    }
}

/// The rules that the drop of a packet shows.
pub(crate) fn rules_of_drop(reason: DropReason, subject: Subject) -> Vec<&'static str> {
    match reason {
        DropReason::SecurityGroupEgress | DropReason::SecurityGroupNoEgress if subject.service => vec!["R34"],
        DropReason::NetworkAclEgress | DropReason::NetworkAclIngress if subject.service => vec!["R22"],
        _ => blocked(reason, subject),
    }
}

fn blocked(reason: DropReason, subject: Subject) -> Vec<&'static str> {
    let Subject { service, of_other_region, in_vpc, v6 } = subject;
    match reason {
        DropReason::EndpointProtocol | DropReason::NoRoute if service && v6 => vec!["R03"],
        DropReason::NoRoute if service && of_other_region => vec!["R23"],
        DropReason::NoRoute if service => vec!["R01"],
        DropReason::PeeringAddress | DropReason::ClassicDestination if service => vec!["R26"],
        // From inside of the VPC it is the VPC's own route that leads there.
        DropReason::VgwAddress | DropReason::VgwNoRoute if service && !in_vpc => vec!["R26"],
        _ => Vec::new(),
    }
}
