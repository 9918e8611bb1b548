//! One route: what it is for, where it leads, how it came, whether its target is there.

use std::fmt;

use crate::base::*;

/// What a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// One block.
    Cidr(Cidr),
    /// All blocks of a prefix list, each for itself (facts RT8).
    PrefixList(PrefixListId),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(block) => f.pad(&block.to_string()),
            Self::PrefixList(id) => f.pad(id.as_str()),
        }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteTarget {
    /// The VPC itself.
    Local,
    /// An internet gateway.
    InternetGateway(InternetGatewayId),
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway(EgressOnlyInternetGatewayId),
    /// A NAT gateway.
    NatGateway(NatGatewayId),
    /// A gateway endpoint.
    VpcEndpoint(VpcEndpointId),
    /// A network interface.
    NetworkInterface(NetworkInterfaceId),
    /// An instance, by its only interface.
    Instance(InstanceId),
    /// A peering connection.
    Peering(VpcPeeringConnectionId),
    /// A virtual private gateway.
    VpnGateway(VpnGatewayId),
    /// Something that an imported account has and this simulator does not model, by its id.
    Unmodeled(String),
}

impl fmt::Display for RouteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Local => "local",
            Self::InternetGateway(id) => id.as_str(),
            Self::EgressOnlyInternetGateway(id) => id.as_str(),
            Self::NatGateway(id) => id.as_str(),
            Self::VpcEndpoint(id) => id.as_str(),
            Self::NetworkInterface(id) => id.as_str(),
            Self::Instance(id) => id.as_str(),
            Self::Peering(id) => id.as_str(),
            Self::VpnGateway(id) => id.as_str(),
            Self::Unmodeled(id) => id,
        };
        f.pad(text)
    }
}

/// How a route came into its table (facts RT24).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteOrigin {
    /// With the table: the local route.
    CreateRouteTable,
    /// By a call, or with an endpoint.
    CreateRoute,
    /// From a virtual private gateway.
    EnableVgwRoutePropagation,
}

impl RouteOrigin {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateRouteTable => "CreateRouteTable",
            Self::CreateRoute => "CreateRoute",
            Self::EnableVgwRoutePropagation => "EnableVgwRoutePropagation",
        }
    }
}

/// Whether a route's target is there (facts RT23).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteState {
    /// It is.
    Active,
    /// It is not; the route still takes part and its packets are dropped (facts RT25).
    Blackhole,
}

impl RouteState {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blackhole => "blackhole",
        }
    }
}

/// A route that is not propagated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it is for; no two routes of a table share it.
    pub destination: Destination,
    /// Where it leads.
    pub target: RouteTarget,
    /// How it came.
    pub origin: RouteOrigin,
    /// Whether its target is there.
    pub state: RouteState,
}

impl Route {
    /// The local route of a VPC's block.
    pub const fn local(block: Cidr) -> Self {
        Self {
            destination: Destination::Cidr(block),
            target: RouteTarget::Local,
            origin: RouteOrigin::CreateRouteTable,
            state: RouteState::Active,
        }
    }

    /// Whether it came with an endpoint and can only go with it (rules R10, R18).
    pub const fn is_endpoint_route(&self) -> bool {
        matches!((&self.destination, &self.target), (Destination::PrefixList(_), RouteTarget::VpcEndpoint(_)))
    }

    /// Whether it counts as an IPv6 route for the quota.
    pub(super) fn is_v6(&self) -> bool {
        matches!(self.destination, Destination::Cidr(block) if !block.is_v4())
    }
}

/// How a virtual private gateway learned a route, best first (facts RT3).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Learned {
    /// By BGP over Direct Connect.
    DirectConnect,
    /// From a VPN connection's static routes.
    VpnStatic,
    /// By BGP over a VPN connection.
    VpnBgp,
}

/// A route that a table took over from a virtual private gateway. The derived order is AWS's preference among routes
/// for one block (facts RT3): how it was learned, then the AS path, then the MED; the last field breaks ties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropagatedRoute {
    /// What it is for.
    pub destination: Cidr,
    /// How the gateway learned it.
    pub learned: Learned,
    /// The length of its AS path; 0 for a static route.
    pub as_path_len: u32,
    /// Its multi-exit discriminator; 0 for a static route.
    pub med: u32,
    /// The gateway.
    pub gateway: VpnGatewayId,
}
