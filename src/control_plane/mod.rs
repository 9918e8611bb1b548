//! Floor 1b: what the accounts say. Records and the actions that change them, with AWS's rules and error codes; no
//! packets, no clock, no boxes.
//!
//! A [`World`] holds accounts, an account its regions, a [`Region`] every record by id. [`World::apply`] performs one
//! [`Action`] wholly or not at all and answers with the ids it made and with what it [`Touched`]. [`routing`] tells which
//! route of a table wins.

mod parameters;
use parameters::action_struct;

mod caller;
mod error;
mod quota;
mod resource;
mod tags;
mod touched;

mod public_address;
mod region;
mod service;
mod world;

mod dhcp_options;
mod subnet;
mod vpc;

mod route;
mod route_table;
pub mod routing;

mod egress_only_internet_gateway;
mod internet_gateway;
mod nat_gateway;

mod elastic_ip;
mod instance;
mod interface_writer;
mod network_interface;

mod ip_permission;
mod network_acl;
mod prefix_list;
mod security_group;

mod vpc_endpoint;
mod wizard;

mod classic_link;
mod direct_connect;
mod peering;
mod vpn;

mod bucket;
mod iam;

mod describe;
mod describe_compute;
mod describe_network;
mod describe_remote;
mod described;
mod insert;

mod action;
mod shown_rules;

pub use action::{Action, Applied};
use action::{Context, Perform};
pub use bucket::{Bucket, DeleteBucketPolicy, PutBucketPolicy};
pub use caller::{Call, Caller, Scope};
pub use classic_link::{
    AttachClassicLinkVpc, ClassicInstance, ClassicLink, DetachClassicLinkVpc, EnableVpcClassicLink,
};
pub use describe::{Describe, Query};
pub use describe_compute::{private_name, public_name};
pub use described::Described;
pub use dhcp_options::{AssociateDhcpOptions, CreateDhcpOptions, DhcpOptions, NameServer, private_domain};
pub use direct_connect::{
    CreatePrivateVirtualInterface, CreatePublicVirtualInterface, DeleteVirtualInterface, VirtualInterface,
    VirtualInterfaceKind,
};
pub use egress_only_internet_gateway::{
    CreateEgressOnlyInternetGateway, DeleteEgressOnlyInternetGateway, EgressOnlyInternetGateway,
};
use elastic_ip::no_public_address;
pub use elastic_ip::{
    AddressAssociationRef, AllocateAddress, AssociateAddress, DisassociateAddress, ElasticAssociation, ElasticIp,
    ReleaseAddress,
};
pub use error::{ControlError, ErrorCode};
pub use iam::{DeleteUserPolicy, IamRole, IamUser, PutRolePolicy, PutUserPolicy};
pub use insert::{InsertError, Record};
pub use instance::{
    Instance, InstanceState, ModifyInstanceAttribute, RunInstances, StartInstances, StopInstances, TerminateInstances,
};
use interface_writer::{NewInterface, managed_by_aws, wrong_state};
pub use internet_gateway::{
    AttachInternetGateway, CreateInternetGateway, DeleteInternetGateway, DetachInternetGateway, InternetGateway,
};
pub use ip_permission::{IcmpKind, PortRange, Protocol};
pub use nat_gateway::{
    Connectivity, CreateNatGateway, DeleteNatGateway, NatGateway, NatGatewayAddress, NatGatewayState,
};
pub use network_acl::{
    CreateNetworkAcl, CreateNetworkAclEntry, DeleteNetworkAcl, DeleteNetworkAclEntry, NetworkAcl, NetworkAclEntry,
    ReplaceNetworkAclAssociation, ReplaceNetworkAclEntry, RuleAction,
};
use network_interface::OF_AWS;
pub use network_interface::{
    AssignIpv6Addresses, AssignPrivateIpAddresses, AttachNetworkInterface, Attachment, CreateNetworkInterface,
    DEVICE_INDEX_MAX, DeleteNetworkInterface, DetachNetworkInterface, InterfaceType, ModifyNetworkInterfaceAttribute,
    NetworkInterface, PrivateAddress, PublicAssociation, UnassignPrivateIpAddresses,
};
pub use peering::{
    AcceptVpcPeeringConnection, CreateVpcPeeringConnection, DeleteVpcPeeringConnection, PeeringConnection, PeeringSide,
    PeeringState,
};
pub use prefix_list::{CreateManagedPrefixList, DeleteManagedPrefixList, ModifyManagedPrefixList, PrefixList};
pub use public_address::{PublicAddresses, PublicHolder};
pub use quota::{Limits, Quotas};
pub use region::{Region, VpcContents, ZoneState};
use resource::MadeId;
pub use resource::ResourceId;
use route::already_exists;
pub use route::{CreateRoute, DeleteRoute, ReplaceRoute};
use route_table::same_network;
pub use route_table::{
    AssociateRouteTable, CreateRouteTable, DeleteRouteTable, Destination, DisassociateRouteTable, Learned,
    PropagatedRoute, ReplaceRouteTableAssociation, Route, RouteOrigin, RouteState, RouteTable, RouteTarget,
    TableAssociationRef, TableUser,
};
pub use security_group::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, CreateSecurityGroup, DeleteSecurityGroup,
    GroupReference, Peer, RevokeSecurityGroupEgress, RevokeSecurityGroupIngress, SecurityGroup, SecurityGroupRule,
};
pub use service::{KNOWN_REGIONS, Service, ServiceRangesChange, ZoneFail, ZoneRecover, default_services};
pub use shown_rules::{rules_of_describe, rules_of_done, rules_of_refusal};
pub use subnet::{
    AclAssociation, AddressBook, AssociateSubnetCidrBlock, CreateSubnet, DeleteSubnet, ModifySubnetAttribute, Subnet,
    TableAssociation,
};
pub use tags::{CreateTags, DeleteTags, Tags};
pub use touched::{Touch, Touched};
pub use vpc::{
    AssociateVpcCidrBlock, CreateVpc, DeleteVpc, GivenDhcpOptions, MainAssociation, ModifyVpcAttribute, Vpc,
};
pub use vpc_endpoint::{
    CreateVpcEndpoint, DeleteVpcEndpoints, EndpointType, ModifyVpcEndpoint, PolicyHistory, SubnetConfiguration,
    VpcEndpoint,
};
pub use vpn::{
    AdvertiseRoutes, AttachVpnGateway, BgpRoute, CreateCustomerGateway, CreateVpnConnection, CreateVpnConnectionRoute,
    CreateVpnGateway, CustomerGateway, DeleteVpnConnection, DeleteVpnConnectionRoute, DeleteVpnGateway,
    DetachVpnGateway, DisableVgwRoutePropagation, EnableVgwRoutePropagation, VpnConnection, VpnGateway,
};
pub use wizard::{CreateVpcWithEndpoint, WizardIds, WizardSubnet};
pub use world::{Account, World};

#[cfg(test)]
mod tests;
