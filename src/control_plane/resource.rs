//! One name for "any resource", and the ids that a world makes. Holds no records.

use std::fmt;

use crate::base::*;

/// An id type that the world can make.
pub(super) trait MadeId: Clone {
    /// The id that belongs to a name.
    fn made(name: &str, digits: usize) -> Self;
}

/// Declares `ResourceId` over the id types.
macro_rules! resources {
    ($($variant:ident($id:ident),)*) => {
        /// The id of any resource.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResourceId {
            $(#[doc = concat!("See [`", stringify!($id), "`].")] $variant($id),)*
        }

        impl ResourceId {
            /// Reads an id of any kind by its prefix.
            pub fn parse(text: &str) -> Option<Self> {
                $(if let Some(id) = $id::parse(text) {
                    return Some(Self::$variant(id));
                })*
                None
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant(id) => id.as_str(),)*
                }
            }

            /// What kind of resource it names, in EC2's word.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)*
                }
            }
        }

        $(
            impl From<$id> for ResourceId {
                fn from(id: $id) -> Self {
                    Self::$variant(id)
                }
            }

            impl TryFrom<ResourceId> for $id {
                type Error = ResourceId;

                fn try_from(id: ResourceId) -> Result<Self, ResourceId> {
                    match id {
                        ResourceId::$variant(id) => Ok(id),
                        other => Err(other),
                    }
                }
            }

            impl MadeId for $id {
                fn made(name: &str, digits: usize) -> Self {
                    Self::of_name(name, digits)
                }
            }
        )*
    };
}

resources! {
    Vpc(VpcId),
    Subnet(SubnetId),
    RouteTable(RouteTableId),
    RouteTableAssociation(RouteTableAssociationId),
    InternetGateway(InternetGatewayId),
    EgressOnlyInternetGateway(EgressOnlyInternetGatewayId),
    NatGateway(NatGatewayId),
    VpcEndpoint(VpcEndpointId),
    PrefixList(PrefixListId),
    NetworkInterface(NetworkInterfaceId),
    Instance(InstanceId),
    Address(AllocationId),
    AddressAssociation(AddressAssociationId),
    SecurityGroup(SecurityGroupId),
    NetworkAcl(NetworkAclId),
    NetworkAclAssociation(NetworkAclAssociationId),
    VpcPeeringConnection(VpcPeeringConnectionId),
    VpnGateway(VpnGatewayId),
    CustomerGateway(CustomerGatewayId),
    VpnConnection(VpnConnectionId),
    VirtualInterface(VirtualInterfaceId),
    DhcpOptions(DhcpOptionsId),
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_by_its_prefix() {
        for (text, kind) in [("vpc-1", "Vpc"), ("vpce-1", "VpcEndpoint"), ("pl-1", "PrefixList"), ("i-1", "Instance")] {
            assert_eq!(ResourceId::parse(text).expect(text).kind(), kind);
        }
        assert_eq!(ResourceId::parse("bucket-1"), None);
    }
}
