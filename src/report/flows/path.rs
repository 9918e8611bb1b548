//! The nodes that packets cross: which of them says most, and how a path reads.

use crate::report::words;
use crate::trace::{Component, Names, NodeId};

/// How much a node says about the path that it lies on: a path is called after the box that says most.
pub(super) fn rank(names: &Names, node: NodeId) -> u8 {
    let Some(info) = names.directory.nodes.get(node.0 as usize) else { return 0 };
    match info.component {
        Component::VpcEndpoint => 7,
        Component::NatGateway => 6,
        Component::VpcPeeringConnection | Component::ClassicLink => 5,
        Component::VpnGateway => 4,
        Component::EgressOnlyInternetGateway | Component::InternetGateway => 3,
        Component::Internet => 2,
        Component::Vpc => 1,
        Component::None
        | Component::Route
        | Component::RouteTable
        | Component::SecurityGroup
        | Component::NetworkAcl
        | Component::NetworkInterface
        | Component::Instance
        | Component::Service
        | Component::Link => 0,
    }
}

/// The endpoint that a path crosses.
pub(super) fn endpoint_of(names: &Names, path: &[NodeId]) -> Option<NodeId> {
    let is_endpoint = |node: &&NodeId| {
        names.directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::VpcEndpoint)
    };
    path.iter().find(is_endpoint).copied()
}

/// The box that a path is called after.
pub(crate) fn landmark(names: &Names, path: &[NodeId]) -> Option<NodeId> {
    let ranked = path.iter().map(|node| (rank(names, *node), *node)).filter(|(rank, _)| 0 < *rank);
    // The first of equals: with two routers, the sender's own.
    ranked.reduce(|best, next| if best.0 < next.0 { next } else { best }).map(|(_, node)| node)
}

/// The nodes of a path by name, each VPC's router once: `client → main → nat → igw → internet → s3`.
pub(crate) fn path_text(names: &Names, path: &[NodeId]) -> String {
    path_names(names, path).join(" → ")
}

/// The same as a list.
pub(crate) fn path_names(names: &Names, path: &[NodeId]) -> Vec<String> {
    let is_router =
        |node: &NodeId| names.directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::Vpc);
    let once = |(index, node): &(usize, &NodeId)| !(is_router(node) && path[..*index].contains(node));
    path.iter().enumerate().filter(once).map(|(_, node)| words::node_name(names, *node)).collect()
}
