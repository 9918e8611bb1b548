//! Floor 4: the boxes in the middle. Compiled tables only: no AWS records, no strings, no ids but handles.
//!
//! One [`VpcRouter`] per VPC stands for the implicit router and for the guards at its edges: interfaces with their
//! security groups, subnets with their network ACLs and route tables. The gateways are boxes of their own, and
//! translation state lives in them, never in the router that switches routes.

mod classic_network;
mod conntrack;
mod egress_only_internet_gateway;
mod fib;
mod gateway_endpoint;
mod interface;
mod internet;
mod internet_gateway;
mod nat_gateway;
mod nat_table;
mod peering_connection;
mod stateful_filter;
mod stateless_filter;
mod subnet;
#[cfg(test)]
mod tests;
mod unmodeled;
mod vpc_router;
mod vpn_gateway;

pub use classic_network::ClassicNetwork;
pub use conntrack::{CONNTRACK_MAX, FlowInfo, Timeouts};
pub use egress_only_internet_gateway::EgressOnlyInternetGateway;
pub use fib::{Fib, FibEntry, NextHop};
pub use gateway_endpoint::{ENDPOINT_MTU, GatewayEndpoint};
pub use interface::Interface;
pub use internet::Internet;
pub use internet_gateway::InternetGateway;
pub use nat_gateway::{NatGateway, is_nat64};
pub use nat_table::{Mapping, NatLimits, NatTable, Refusal};
pub use peering_connection::PeeringConnection;
pub use stateful_filter::{FilterRule, Members, Peer, Ports, StatefulFilter};
pub use stateless_filter::{StatelessFilter, StatelessRule};
pub use subnet::SubnetEdge;
pub use unmodeled::Unmodeled;
pub use vpc_router::{Attachment, VpcRouter};
pub use vpn_gateway::VpnGateway;
