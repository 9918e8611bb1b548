//! The record of a VPC endpoint, gateway or interface.

use std::collections::BTreeSet;

use crate::base::*;
use crate::control_plane::*;

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: VpcEndpointId,
    /// Its tags. In the document's time it has a name here but no tag (rule R24).
    pub tags: Tags,
    /// Its VPC, for life (rule R25).
    pub vpc_id: VpcId,
    /// Its service, for life (rule R25).
    pub service_name: ServiceName,
    /// Its type.
    pub endpoint_type: EndpointType,
    /// Gateway: the tables that have its route.
    pub route_table_ids: BTreeSet<RouteTableId>,
    /// Interface: the subnets that have an interface of it.
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Interface: its interfaces.
    pub network_interface_ids: BTreeSet<NetworkInterfaceId>,
    /// Interface: the groups of its interfaces.
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Interface: whether the service's public name leads to it inside the VPC.
    pub private_dns_enabled: bool,
    /// Its policy, and those that still judge.
    pub policy: PolicyHistory,
    /// When it was created.
    pub created_at: SimTime,
}

/// How an endpoint is reached.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointType {
    /// By routes.
    #[default]
    Gateway,
    /// By interfaces in subnets (today's AWS).
    Interface,
}

impl EndpointType {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Interface => "Interface",
        }
    }
}

impl Region {
    pub(in crate::control_plane) fn put_vpc_endpoint(&mut self, endpoint: VpcEndpoint) {
        self.contents_mut(&endpoint.vpc_id).vpc_endpoints.insert(endpoint.id.clone());
        self.vpc_endpoints.insert(endpoint.id.clone(), endpoint);
    }
}
