//! What an action changed, so that a running world recompiles that and nothing else. Knows no boxes.

use std::collections::BTreeSet;
use std::collections::btree_set;

use super::ResourceId;
use crate::base::*;

/// One record, or one part of a record, that changed, appeared or went.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// A VPC: its blocks, its attributes, its DHCP options.
    Vpc(VpcId),
    /// A subnet: it appeared or went, or uses another route table or network ACL now.
    Subnet(SubnetId),
    /// A route table: its routes, or their states.
    RouteTable(RouteTableId),
    /// A network ACL's entries.
    NetworkAcl(NetworkAclId),
    /// A security group's rules.
    SecurityGroup(SecurityGroupId),
    /// Who is a member of a security group, or with which addresses: rules that name the group follow.
    GroupMembers(SecurityGroupId),
    /// A network interface: its addresses, groups, check or attachment.
    NetworkInterface(NetworkInterfaceId),
    /// An instance: its state.
    Instance(InstanceId),
    /// An internet gateway and its attachment.
    InternetGateway(InternetGatewayId),
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway(EgressOnlyInternetGatewayId),
    /// A NAT gateway.
    NatGateway(NatGatewayId),
    /// A VPC endpoint: it appeared, went, or has other tables, subnets or groups now. Routes are touched apart.
    VpcEndpoint(VpcEndpointId),
    /// Only the policy of an endpoint.
    EndpointPolicy(VpcEndpointId),
    /// The blocks of a prefix list, AWS's or a customer's.
    PrefixList(PrefixListId),
    /// A service's ranges in a region: its front end and its names follow.
    Service(ServiceName),
    /// A peering connection.
    Peering(VpcPeeringConnectionId),
    /// A virtual private gateway.
    VpnGateway(VpnGatewayId),
    /// A customer gateway.
    CustomerGateway(CustomerGatewayId),
    /// A VPN connection: its state, or the routes it carries.
    VpnConnection(VpnConnectionId),
    /// A Direct Connect virtual interface.
    VirtualInterface(VirtualInterfaceId),
    /// An EC2-Classic instance, or its link to a VPC.
    ClassicInstance(InstanceId),
    /// An Elastic IP.
    ElasticIp(AllocationId),
    /// A set of DHCP options.
    DhcpOptions(DhcpOptionsId),
    /// A zone failed or came back.
    Zone(AvailabilityZone),
    /// An IAM user's policies or keys.
    User(String),
    /// A bucket, or its policy.
    Bucket(String),
    /// Only tags: nothing that moves packets changed.
    Tags(ResourceId),
}

/// The set of what an action touched, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched(BTreeSet<Touch>);

impl Touched {
    /// Adds one.
    pub fn add(&mut self, touch: Touch) {
        self.0.insert(touch);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether it holds this one.
    pub fn contains(&self, touch: &Touch) -> bool {
        self.0.contains(touch)
    }

    /// All, in order.
    pub fn iter(&self) -> btree_set::Iter<'_, Touch> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Touched {
    type Item = &'a Touch;
    type IntoIter = btree_set::Iter<'a, Touch>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
