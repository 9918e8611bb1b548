//! The keys that EC2's answers have today, kind by kind, so that others are noticed. Means nothing by them.

/// The keys of `Vpc` in EC2's API.
pub(crate) const VPC: &[&str] = &[
    "BlockPublicAccessStates",
    "CidrBlock",
    "CidrBlockAssociationSet",
    "DhcpOptionsId",
    "EncryptionControl",
    "InstanceTenancy",
    "Ipv6CidrBlockAssociationSet",
    "IsDefault",
    "OwnerId",
    "State",
    "Tags",
    "VpcId",
];

/// The keys of `Subnet` in EC2's API.
pub(crate) const SUBNET: &[&str] = &[
    "AssignIpv6AddressOnCreation",
    "AvailabilityZone",
    "AvailabilityZoneId",
    "AvailableIpAddressCount",
    "BlockPublicAccessStates",
    "CidrBlock",
    "CustomerOwnedIpv4Pool",
    "DefaultForAz",
    "EnableDns64",
    "EnableLniAtDeviceIndex",
    "Ipv6CidrBlockAssociationSet",
    "Ipv6Native",
    "MapCustomerOwnedIpOnLaunch",
    "MapPublicIpOnLaunch",
    "OutpostArn",
    "OwnerId",
    "PrivateDnsNameOptionsOnLaunch",
    "State",
    "SubnetArn",
    "SubnetId",
    "Tags",
    "Type",
    "VpcId",
];

/// The keys of `RouteTable` in EC2's API.
pub(crate) const ROUTE_TABLE: &[&str] =
    &["Associations", "OwnerId", "PropagatingVgws", "RouteTableId", "Routes", "Tags", "VpcId"];

/// The keys of `Route` in EC2's API.
pub(crate) const ROUTE: &[&str] = &[
    "CarrierGatewayId",
    "CoreNetworkArn",
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "InstanceOwnerId",
    "IpAddress",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "Origin",
    "State",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
];

/// The keys of `RouteTableAssociation` in EC2's API.
pub(crate) const ASSOCIATION: &[&str] =
    &["AssociationState", "GatewayId", "Main", "PublicIpv4Pool", "RouteTableAssociationId", "RouteTableId", "SubnetId"];

/// The keys of `InternetGateway` in EC2's API.
pub(crate) const INTERNET_GATEWAY: &[&str] = &["Attachments", "InternetGatewayId", "OwnerId", "Tags"];

/// The keys of `EgressOnlyInternetGateway` in EC2's API.
pub(crate) const EGRESS_ONLY_INTERNET_GATEWAY: &[&str] = &["Attachments", "EgressOnlyInternetGatewayId", "Tags"];

/// The keys of `NatGateway` in EC2's API.
pub(crate) const NAT_GATEWAY: &[&str] = &[
    "AttachedAppliances",
    "AutoProvisionZones",
    "AutoScalingIps",
    "AvailabilityMode",
    "ConnectivityType",
    "CreateTime",
    "DeleteTime",
    "FailureCode",
    "FailureMessage",
    "NatGatewayAddresses",
    "NatGatewayId",
    "ProvisionedBandwidth",
    "RouteTableId",
    "State",
    "SubnetId",
    "Tags",
    "VpcId",
];

/// The keys of `VpnGateway` in EC2's API.
pub(crate) const VPN_GATEWAY: &[&str] =
    &["AmazonSideAsn", "AvailabilityZone", "State", "Tags", "Type", "VpcAttachments", "VpnGatewayId"];

/// The keys of `CustomerGateway` in EC2's API.
pub(crate) const CUSTOMER_GATEWAY: &[&str] = &[
    "BgpAsn",
    "BgpAsnExtended",
    "CertificateArn",
    "CustomerGatewayId",
    "DeviceName",
    "IpAddress",
    "State",
    "Tags",
    "Type",
];

/// The keys of `VpnConnection` in EC2's API.
pub(crate) const VPN_CONNECTION: &[&str] = &[
    "Category",
    "CoreNetworkArn",
    "CoreNetworkAttachmentArn",
    "CustomerGatewayConfiguration",
    "CustomerGatewayId",
    "GatewayAssociationState",
    "Options",
    "PreSharedKeyArn",
    "Routes",
    "State",
    "Tags",
    "TransitGatewayId",
    "Type",
    "VgwTelemetry",
    "VpnConcentratorId",
    "VpnConnectionId",
    "VpnGatewayId",
];

/// The keys of `NetworkInterface` in EC2's API.
pub(crate) const NETWORK_INTERFACE: &[&str] = &[
    "AssociatedSubnets",
    "Association",
    "Attachment",
    "AvailabilityZone",
    "AvailabilityZoneId",
    "ConnectionTrackingConfiguration",
    "DenyAllIgwTraffic",
    "Description",
    "Groups",
    "InterfaceType",
    "Ipv4Prefixes",
    "Ipv6Address",
    "Ipv6Addresses",
    "Ipv6Native",
    "Ipv6Prefixes",
    "MacAddress",
    "NetworkInterfaceId",
    "Operator",
    "OutpostArn",
    "OwnerId",
    "PrivateDnsName",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "PublicDnsName",
    "PublicIpDnsNameOptions",
    "RequesterId",
    "RequesterManaged",
    "SourceDestCheck",
    "Status",
    "SubnetId",
    "TagSet",
    "VpcId",
];

/// The keys of `Address` in EC2's API.
pub(crate) const ADDRESS: &[&str] = &[
    "AllocationId",
    "AssociationId",
    "CarrierIp",
    "CustomerOwnedIp",
    "CustomerOwnedIpv4Pool",
    "Domain",
    "InstanceId",
    "NetworkBorderGroup",
    "NetworkInterfaceId",
    "NetworkInterfaceOwnerId",
    "PrivateIpAddress",
    "PublicIp",
    "PublicIpv4Pool",
    "ServiceManaged",
    "SubnetId",
    "Tags",
];

/// The keys of `Reservation` in EC2's API.
pub(crate) const RESERVATION: &[&str] = &["Groups", "Instances", "OwnerId", "RequesterId", "ReservationId"];

/// The keys of `Instance` in EC2's API.
pub(crate) const INSTANCE: &[&str] = &[
    "AmiLaunchIndex",
    "Architecture",
    "BlockDeviceMappings",
    "BootMode",
    "CapacityBlockId",
    "CapacityReservationId",
    "CapacityReservationSpecification",
    "ClientToken",
    "CpuOptions",
    "CurrentInstanceBootMode",
    "EbsOptimized",
    "ElasticGpuAssociations",
    "ElasticInferenceAcceleratorAssociations",
    "EnaSupport",
    "EnclaveOptions",
    "HibernationOptions",
    "Hypervisor",
    "IamInstanceProfile",
    "ImageId",
    "InstanceId",
    "InstanceLifecycle",
    "InstanceType",
    "Ipv6Address",
    "KernelId",
    "KeyName",
    "LaunchTime",
    "Licenses",
    "MaintenanceOptions",
    "MetadataOptions",
    "Monitoring",
    "NetworkInterfaces",
    "NetworkPerformanceOptions",
    "Operator",
    "OutpostArn",
    "Placement",
    "Platform",
    "PlatformDetails",
    "PrivateDnsName",
    "PrivateDnsNameOptions",
    "PrivateIpAddress",
    "ProductCodes",
    "PublicDnsName",
    "PublicIp",
    "PublicIpAddress",
    "RamdiskId",
    "RootDeviceName",
    "RootDeviceType",
    "SecondaryInterfaces",
    "SecurityGroups",
    "SourceDestCheck",
    "SpotInstanceRequestId",
    "SriovNetSupport",
    "State",
    "StateReason",
    "StateTransitionReason",
    "SubnetId",
    "Tags",
    "TpmSupport",
    "UsageOperation",
    "UsageOperationUpdateTime",
    "VirtualizationType",
    "VpcId",
];

/// The keys of `SecurityGroup` in EC2's API.
pub(crate) const SECURITY_GROUP: &[&str] = &[
    "Description",
    "GroupId",
    "GroupName",
    "IpPermissions",
    "IpPermissionsEgress",
    "OwnerId",
    "SecurityGroupArn",
    "Tags",
    "VpcId",
];

/// The keys of `IpPermission` in EC2's API.
pub(crate) const IP_PERMISSION: &[&str] =
    &["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"];

/// The keys of `NetworkAcl` in EC2's API.
pub(crate) const NETWORK_ACL: &[&str] =
    &["Associations", "Entries", "IsDefault", "NetworkAclId", "OwnerId", "Tags", "VpcId"];

/// The keys of `NetworkAclEntry` in EC2's API.
pub(crate) const NETWORK_ACL_ENTRY: &[&str] =
    &["CidrBlock", "Egress", "IcmpTypeCode", "Ipv6CidrBlock", "PortRange", "Protocol", "RuleAction", "RuleNumber"];

/// The keys of `PrefixList` and `ManagedPrefixList` in EC2's API.
pub(crate) const PREFIX_LIST: &[&str] = &[
    "AddressFamily",
    "Cidrs",
    "IpamPrefixListResolverSyncEnabled",
    "IpamPrefixListResolverTargetId",
    "MaxEntries",
    "OwnerId",
    "PrefixListArn",
    "PrefixListId",
    "PrefixListName",
    "State",
    "StateMessage",
    "Tags",
    "Version",
];

/// The keys of `VpcEndpoint` in EC2's API.
pub(crate) const VPC_ENDPOINT: &[&str] = &[
    "CreationTimestamp",
    "DnsEntries",
    "DnsOptions",
    "FailureReason",
    "Groups",
    "IpAddressType",
    "Ipv4Prefixes",
    "Ipv6Prefixes",
    "LastError",
    "NetworkInterfaceIds",
    "OwnerId",
    "PayerResponsibilities",
    "PolicyDocument",
    "PrivateDnsEnabled",
    "RequesterManaged",
    "ResourceConfigurationArn",
    "RouteTableIds",
    "ServiceName",
    "ServiceNetworkArn",
    "ServiceRegion",
    "State",
    "SubnetIds",
    "Tags",
    "VpcEndpointId",
    "VpcEndpointType",
    "VpcId",
];

/// The keys of `VpcPeeringConnection` in EC2's API.
pub(crate) const PEERING: &[&str] = &[
    "AccepterVpcInfo",
    "ExpirationTime",
    "MultipathResilienceStatus",
    "RequesterVpcInfo",
    "Status",
    "Tags",
    "VpcPeeringConnectionId",
];

/// The keys of `DhcpOptions` in EC2's API.
pub(crate) const DHCP_OPTIONS: &[&str] = &["DhcpConfigurations", "DhcpOptionsId", "OwnerId", "Tags"];

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys are looked up by halving, which needs them in order.
    #[test]
    fn keys_are_sorted() {
        for keys in [
            VPC,
            SUBNET,
            ROUTE_TABLE,
            ROUTE,
            ASSOCIATION,
            INTERNET_GATEWAY,
            EGRESS_ONLY_INTERNET_GATEWAY,
            NAT_GATEWAY,
            VPN_GATEWAY,
            CUSTOMER_GATEWAY,
            VPN_CONNECTION,
            NETWORK_INTERFACE,
            ADDRESS,
            RESERVATION,
            INSTANCE,
            SECURITY_GROUP,
            IP_PERMISSION,
            NETWORK_ACL,
            NETWORK_ACL_ENTRY,
            PREFIX_LIST,
            VPC_ENDPOINT,
            PEERING,
            DHCP_OPTIONS,
        ] {
            assert!(keys.is_sorted(), "{keys:?}");
        }
    }
}
