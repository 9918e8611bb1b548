//! Which rules of the rule book a finding on a path shows. Decides no path.

use super::path::Finding;
use crate::control_plane::routing::{Candidate, RouteFate};
use crate::control_plane::{Destination, RouteTarget};
use crate::trace::{DropReason, Filter};

/// The rules that a finding shows on a path to or from a service, or elsewhere.
pub(super) fn rules_of(finding: &Finding, service: bool, v6: bool) -> Vec<&'static str> {
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
        Finding::Blocked { reason, .. } => blocked(*reason, service, v6),
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

/// The rules that a drop shows, of a packet to a service or elsewhere.
pub(crate) fn rules_of_drop(reason: DropReason, service: bool, v6: bool) -> Vec<&'static str> {
    let by_group = service && matches!(reason, DropReason::SecurityGroupEgress | DropReason::SecurityGroupNoEgress);
    let by_acl = service && matches!(reason, DropReason::NetworkAclEgress | DropReason::NetworkAclIngress);
    match (by_group, by_acl) {
        (true, _) => vec!["R34"],
        (_, true) => vec!["R22"],
        _ => blocked(reason, service, v6),
    }
}

fn blocked(reason: DropReason, service: bool, v6: bool) -> Vec<&'static str> {
    match reason {
        DropReason::EndpointProtocol | DropReason::NoRoute if service && v6 => vec!["R03"],
        DropReason::NoRoute if service => vec!["R01"],
        DropReason::PeeringAddress
        | DropReason::VgwAddress
        | DropReason::VgwNoRoute
        | DropReason::ClassicDestination
            if service =>
        {
            vec!["R26"]
        }
        _ => Vec::new(),
    }
}
