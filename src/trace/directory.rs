//! Names: what each node, connection carrier and program is called. Filled by whoever builds the graph.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Component, NodeId, PortId, ProgramId};
use crate::base::Cidr;

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its kind; an instance and a host of the internet are [`Component::Instance`] and [`Component::Internet`].
    pub component: Component,
    /// Its resource id, or its name where it has none.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its addresses, for captures and for names beside addresses.
    pub addresses: Vec<IpAddr>,
}

/// What kind of program one is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// A client of S3.
    S3,
    /// A client of DynamoDB.
    DynamoDb,
    /// A client of HTTP servers.
    Http,
    /// A client of TCP.
    Tcp,
    /// A listener.
    Server,
    /// Datagrams and their echoes.
    Udp,
    /// Echo requests.
    Ping,
    /// The hops to a host.
    Traceroute,
    /// A name looked up.
    Resolve,
}

/// What a program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramInfo {
    /// Its name in the scenario.
    pub name: String,
    /// The node it runs on.
    pub node: NodeId,
    /// Its kind.
    pub kind: ProgramKind,
    /// What it does, such as `s3 put data/up.bin`.
    pub what: String,
}

/// All names of a world. Only grows.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// By [`NodeId`].
    pub nodes: Vec<NodeInfo>,
    /// By [`ProgramId`].
    pub programs: Vec<ProgramInfo>,
    /// The links of boxes by node and port: what lies behind, such as `client (eni-…)`, `igw`, `endpoint s3`.
    pub ports: BTreeMap<(NodeId, PortId), String>,
    /// Which name an address goes by; the last one that took it.
    pub addresses: BTreeMap<IpAddr, String>,
    /// The front end to which whole blocks belong: a service's ranges. An address's own name comes first.
    pub blocks: BTreeMap<Cidr, NodeId>,
    /// The region of each VPC's router and of each service's front end.
    pub regions: BTreeMap<NodeId, String>,
}

impl Directory {
    /// A node's name; empty for a node that nobody named.
    pub fn node(&self, node: NodeId) -> &str {
        self.nodes.get(node.0 as usize).map_or("", |info| &info.name)
    }

    /// The name of an endpoint or a VPC by its id; the id itself where no node has it.
    pub fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        let kinds = [Component::VpcEndpoint, Component::Vpc];
        let found = self.nodes.iter().rfind(|info| kinds.contains(&info.component) && info.id == id);
        found.map_or(id, |info| &info.name)
    }

    /// A program's name.
    pub fn program(&self, program: ProgramId) -> &str {
        self.programs.get(program.0 as usize).map_or("", |info| &info.name)
    }

    /// What an address is called.
    pub fn name(&self, address: IpAddr) -> Option<&str> {
        let own = self.addresses.get(&address).map(String::as_str);
        own.or_else(|| self.service(address).map(|front| self.node(front)))
    }

    /// The front end of the service in whose ranges an address lies.
    pub fn service(&self, address: IpAddr) -> Option<NodeId> {
        // There are as many blocks as services have ranges: a few tens.
        self.blocks.iter().rfind(|(block, _)| block.contains(address)).map(|(_, front)| *front)
    }

    /// Whether an address lies in the ranges of one of AWS's services.
    pub fn is_service(&self, address: IpAddr) -> bool {
        self.service(address).is_some()
    }

    /// The region of a VPC's router or of a service's front end.
    pub fn region(&self, node: NodeId) -> Option<&str> {
        self.regions.get(&node).map(String::as_str)
    }

    /// An address with its name: `client (10.0.1.10)`, or the address alone.
    pub fn address(&self, address: IpAddr) -> String {
        match self.name(address) {
            Some(name) => format!("{name} ({address})"),
            None => address.to_string(),
        }
    }
}
