//! Resource ids with AWS's prefixes, one type per kind. An id is a name, never a promise that its record exists.

use std::fmt;
use std::sync::Arc;

/// Declares one id type per AWS resource.
macro_rules! resource_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What its ids begin with.
            pub const PREFIX: &'static str = $prefix;

            /// Takes a text that begins with the prefix, followed by lowercase letters and digits.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let fine = !rest.is_empty()
                    && rest.len() <= ID_TAIL_MAX
                    && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                fine.then(|| Self(text.into()))
            }

            /// The id of a resource known by a name: the same name gives the same id, always. `digits` is 8 in the
            /// document's time and 17 today.
            pub fn of_name(name: &str, digits: usize) -> Self {
                Self(made_id($prefix, name, digits).into())
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

resource_ids! {
    /// A VPC.
    VpcId = "vpc-";
    /// A subnet.
    SubnetId = "subnet-";
    /// A route table.
    RouteTableId = "rtb-";
    /// The association of a route table with a subnet, or with its VPC as the main one.
    RouteTableAssociationId = "rtbassoc-";
    /// An internet gateway.
    InternetGatewayId = "igw-";
    /// An egress-only internet gateway.
    EgressOnlyInternetGatewayId = "eigw-";
    /// A NAT gateway.
    NatGatewayId = "nat-";
    /// A VPC endpoint, of either type.
    VpcEndpointId = "vpce-";
    /// A prefix list.
    PrefixListId = "pl-";
    /// A network interface.
    NetworkInterfaceId = "eni-";
    /// An instance.
    InstanceId = "i-";
    /// The allocation of an Elastic IP.
    AllocationId = "eipalloc-";
    /// The association of an Elastic IP with an interface.
    AddressAssociationId = "eipassoc-";
    /// A security group.
    SecurityGroupId = "sg-";
    /// A network ACL.
    NetworkAclId = "acl-";
    /// The association of a network ACL with a subnet.
    NetworkAclAssociationId = "aclassoc-";
    /// A VPC peering connection.
    VpcPeeringConnectionId = "pcx-";
    /// A virtual private gateway.
    VpnGatewayId = "vgw-";
    /// A customer gateway.
    CustomerGatewayId = "cgw-";
    /// A VPN connection.
    VpnConnectionId = "vpn-";
    /// A Direct Connect virtual interface.
    VirtualInterfaceId = "dxvif-";
    /// A set of DHCP options.
    DhcpOptionsId = "dopt-";
}

/// The longest tail an id may have; AWS uses 8 or 17.
const ID_TAIL_MAX: usize = 32;

fn made_id(prefix: &str, name: &str, digits: usize) -> String {
    // FNV-1a twice with different starts: 128 bits, enough for 17 digits.
    let hash = |start: u64| {
        let bytes = prefix.bytes().chain(name.bytes());
        bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let long = format!("{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142));
    // Today's ids begin with a zero.
    let lead = if 8 < digits { "0" } else { "" };
    format!("{prefix}{lead}{}", &long[..digits.saturating_sub(lead.len()).min(long.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_by_their_prefix() {
        assert_eq!(VpcId::parse("vpc-1a2b3c4d").expect("an id").as_str(), "vpc-1a2b3c4d");
        for text in ["", "vpc-", "subnet-1a2b3c4d", "vpc-1A", "vpc-a b", "vpc-é"] {
            assert_eq!(VpcId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_gives_one_id_and_another_name_another() {
        assert_eq!(RouteTableId::of_name("private", 8), RouteTableId::of_name("private", 8));
        assert_ne!(RouteTableId::of_name("private", 8), RouteTableId::of_name("public", 8));
        assert_eq!(SubnetId::of_name("a", 8).as_str().len(), "subnet-".len() + 8);
        assert_eq!(SubnetId::of_name("a", 17).as_str().len(), "subnet-".len() + 17);
    }
}
