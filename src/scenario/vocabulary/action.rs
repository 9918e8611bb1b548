//! The EC2 actions of a timeline with their parameters: AWS's words in small letters, and EC2's own spelling beside.

use super::form::*;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// The parameters of an action.
pub(in crate::scenario) type Keys = &'static [Key];

const NAME: Key = key("name", Kind::Text, "A name for it; later steps and expectations can refer to it.");
const VPC: Key = key("vpc", REF, "The VPC; the only one unless said otherwise.").or("VpcId");
const SUBNET: Key = required("subnet", REF, "The subnet.").or("SubnetId");
const TABLE: Key = required("route-table", REF, "The route table.").or("RouteTableId");
const GROUP: Key = required("security-group", REF, "The security group.").or("GroupId");
const ACL: Key = required("network-acl", REF, "The network ACL.").or("NetworkAclId");
const INSTANCES: Key = required("instances", REFS, "The instances.").or("InstanceIds");
const INTERFACE: Key = required("network-interface", REF, "The network interface.").or("NetworkInterfaceId");
const CIDR: Key = required("cidr", Kind::Cidr, "The block.").or("CidrBlock");
static ONE_RULE: Kind = Kind::Form(&GROUP_RULE);
const RULES_KEY: Key = required("rules", Kind::OneOrMany(&ONE_RULE), "The rules.");

/// Every action.
pub(in crate::scenario) static ACTIONS: Keys = &[
    action("create-vpc", "CreateVpc", &CREATE_VPC),
    action("delete-vpc", "DeleteVpc", &DELETE_VPC),
    action("modify-vpc-attribute", "ModifyVpcAttribute", &MODIFY_VPC_ATTRIBUTE),
    action("associate-vpc-cidr-block", "AssociateVpcCidrBlock", &ASSOCIATE_VPC_CIDR_BLOCK),
    action("create-dhcp-options", "CreateDhcpOptions", &CREATE_DHCP_OPTIONS),
    action("associate-dhcp-options", "AssociateDhcpOptions", &ASSOCIATE_DHCP_OPTIONS),
    action("create-subnet", "CreateSubnet", &CREATE_SUBNET),
    action("delete-subnet", "DeleteSubnet", &DELETE_SUBNET),
    action("modify-subnet-attribute", "ModifySubnetAttribute", &MODIFY_SUBNET_ATTRIBUTE),
    action("associate-subnet-cidr-block", "AssociateSubnetCidrBlock", &ASSOCIATE_SUBNET_CIDR_BLOCK),
    action("create-route-table", "CreateRouteTable", &CREATE_ROUTE_TABLE),
    action("delete-route-table", "DeleteRouteTable", &DELETE_ROUTE_TABLE),
    action("associate-route-table", "AssociateRouteTable", &ASSOCIATE_ROUTE_TABLE),
    action("replace-route-table-association", "ReplaceRouteTableAssociation", &REPLACE_ROUTE_TABLE_ASSOCIATION),
    action("disassociate-route-table", "DisassociateRouteTable", &DISASSOCIATE_ROUTE_TABLE),
    action("create-route", "CreateRoute", &CREATE_ROUTE),
    action("replace-route", "ReplaceRoute", &CREATE_ROUTE),
    action("delete-route", "DeleteRoute", &DELETE_ROUTE),
    action("create-internet-gateway", "CreateInternetGateway", &NAMED),
    action("attach-internet-gateway", "AttachInternetGateway", &INTERNET_GATEWAY),
    action("detach-internet-gateway", "DetachInternetGateway", &INTERNET_GATEWAY),
    action("delete-internet-gateway", "DeleteInternetGateway", &DELETE_INTERNET_GATEWAY),
    action("create-egress-only-internet-gateway", "CreateEgressOnlyInternetGateway", &NAMED_IN_VPC),
    action("delete-egress-only-internet-gateway", "DeleteEgressOnlyInternetGateway", &DELETE_EGRESS_ONLY),
    action("create-nat-gateway", "CreateNatGateway", &CREATE_NAT_GATEWAY),
    action("delete-nat-gateway", "DeleteNatGateway", &DELETE_NAT_GATEWAY),
    action("allocate-address", "AllocateAddress", &ALLOCATE_ADDRESS),
    action("associate-address", "AssociateAddress", &ASSOCIATE_ADDRESS),
    action("disassociate-address", "DisassociateAddress", &ELASTIC_IP),
    action("release-address", "ReleaseAddress", &ELASTIC_IP),
    action("run-instances", "RunInstances", &RUN_INSTANCES),
    action("start-instances", "StartInstances", &INSTANCE_LIST),
    action("stop-instances", "StopInstances", &INSTANCE_LIST),
    action("terminate-instances", "TerminateInstances", &INSTANCE_LIST),
    action("modify-instance-attribute", "ModifyInstanceAttribute", &MODIFY_INSTANCE_ATTRIBUTE),
    action("create-network-interface", "CreateNetworkInterface", &CREATE_NETWORK_INTERFACE),
    action("attach-network-interface", "AttachNetworkInterface", &ATTACH_NETWORK_INTERFACE),
    action("detach-network-interface", "DetachNetworkInterface", &NETWORK_INTERFACE),
    action("delete-network-interface", "DeleteNetworkInterface", &NETWORK_INTERFACE),
    action("modify-network-interface-attribute", "ModifyNetworkInterfaceAttribute", &MODIFY_NETWORK_INTERFACE),
    action("create-security-group", "CreateSecurityGroup", &CREATE_SECURITY_GROUP),
    action("delete-security-group", "DeleteSecurityGroup", &DELETE_SECURITY_GROUP),
    action("authorize-security-group-ingress", "AuthorizeSecurityGroupIngress", &GROUP_RULES),
    action("authorize-security-group-egress", "AuthorizeSecurityGroupEgress", &GROUP_RULES),
    action("revoke-security-group-ingress", "RevokeSecurityGroupIngress", &GROUP_RULES),
    action("revoke-security-group-egress", "RevokeSecurityGroupEgress", &GROUP_RULES),
    action("create-network-acl", "CreateNetworkAcl", &NAMED_IN_VPC),
    action("delete-network-acl", "DeleteNetworkAcl", &DELETE_NETWORK_ACL),
    action("create-network-acl-entry", "CreateNetworkAclEntry", &NETWORK_ACL_ENTRY),
    action("replace-network-acl-entry", "ReplaceNetworkAclEntry", &NETWORK_ACL_ENTRY),
    action("delete-network-acl-entry", "DeleteNetworkAclEntry", &DELETE_NETWORK_ACL_ENTRY),
    action("replace-network-acl-association", "ReplaceNetworkAclAssociation", &REPLACE_NETWORK_ACL_ASSOCIATION),
    action("create-managed-prefix-list", "CreateManagedPrefixList", &CREATE_PREFIX_LIST),
    action("modify-managed-prefix-list", "ModifyManagedPrefixList", &MODIFY_PREFIX_LIST),
    action("delete-managed-prefix-list", "DeleteManagedPrefixList", &DELETE_PREFIX_LIST),
    action("create-vpc-endpoint", "CreateVpcEndpoint", &CREATE_VPC_ENDPOINT),
    action("modify-vpc-endpoint", "ModifyVpcEndpoint", &MODIFY_VPC_ENDPOINT),
    action("delete-vpc-endpoints", "DeleteVpcEndpoints", &DELETE_VPC_ENDPOINTS),
    action("create-vpc-with-endpoint", "CreateVpcWithEndpoint", &WIZARD),
    action("create-vpc-peering-connection", "CreateVpcPeeringConnection", &CREATE_PEERING),
    action("accept-vpc-peering-connection", "AcceptVpcPeeringConnection", &PEERING_CONNECTION),
    action("delete-vpc-peering-connection", "DeleteVpcPeeringConnection", &PEERING_CONNECTION),
    action("create-vpn-gateway", "CreateVpnGateway", &NAMED),
    action("attach-vpn-gateway", "AttachVpnGateway", &VPN_GATEWAY),
    action("detach-vpn-gateway", "DetachVpnGateway", &VPN_GATEWAY),
    action("enable-vgw-route-propagation", "EnableVgwRoutePropagation", &PROPAGATION),
    action("disable-vgw-route-propagation", "DisableVgwRoutePropagation", &PROPAGATION),
    action("delete-vpn-connection", "DeleteVpnConnection", &DELETE_VPN_CONNECTION),
    action("attach-classic-link-vpc", "AttachClassicLinkVpc", &CLASSIC_LINK),
    action("detach-classic-link-vpc", "DetachClassicLinkVpc", &CLASSIC_LINK),
    action("put-bucket-policy", "PutBucketPolicy", &PUT_BUCKET_POLICY),
    action("delete-bucket-policy", "DeleteBucketPolicy", &DELETE_BUCKET_POLICY),
    action("put-user-policy", "PutUserPolicy", &PUT_USER_POLICY),
    action("delete-user-policy", "DeleteUserPolicy", &DELETE_USER_POLICY),
    action("advertise-routes", "AdvertiseRoutes", &ADVERTISE_ROUTES),
    action("create-tags", "CreateTags", &CREATE_TAGS),
    action("delete-tags", "DeleteTags", &DELETE_TAGS),
    action("change-service-ranges", "ServiceRangesChange", &CHANGE_SERVICE_RANGES),
    action("fail-zone", "ZoneFail", &ZONE),
    action("recover-zone", "ZoneRecover", &ZONE),
];

const fn action(name: &'static str, ec2: &'static str, parameters: &'static Shape) -> Key {
    key(name, Kind::Shape(parameters), parameters.doc).or(ec2)
}

static NAMED: Shape = shape("internet gateway", "Creates it.", &[NAME]);
static NAMED_IN_VPC: Shape = shape("resource of a VPC", "Creates it in a VPC.", &[NAME, VPC]);
static CREATE_VPC: Shape = shape(
    "VPC to create",
    "Creates a VPC.",
    &[NAME, CIDR, key("ipv6", Kind::Bool, "Asks for an IPv6 block of Amazon's.").or("AmazonProvidedIpv6CidrBlock")],
);
static DELETE_VPC: Shape = shape("VPC to delete", "Deletes a VPC.", &[required("vpc", REF, "The VPC.").or("VpcId")]);
static MODIFY_VPC_ATTRIBUTE: Shape = shape(
    "VPC attribute",
    "Changes a VPC's DNS attributes.",
    &[
        VPC,
        key("dns-support", Kind::Bool, "Whether its resolver answers.").or("EnableDnsSupport"),
        key("dns-hostnames", Kind::Bool, "Whether instances get public names.").or("EnableDnsHostnames"),
    ],
);
static ASSOCIATE_VPC_CIDR_BLOCK: Shape = shape(
    "VPC block",
    "Adds a block to a VPC.",
    &[
        VPC,
        key("cidr", Kind::Cidr, "The IPv4 block.").or("CidrBlock"),
        key("ipv6", Kind::Bool, "Asks for an IPv6 block of Amazon's instead.").or("AmazonProvidedIpv6CidrBlock"),
    ],
);
static CREATE_DHCP_OPTIONS: Shape = shape(
    "DHCP options",
    "Creates a set of DHCP options.",
    &[
        NAME,
        key("domain-name-servers", Kind::OneOrMany(&Kind::Text), "Addresses, or `AmazonProvidedDNS`."),
        key("domain-name", Kind::Text, "The domain of the instances."),
    ],
);
static ASSOCIATE_DHCP_OPTIONS: Shape = shape(
    "DHCP association",
    "Gives a VPC a set of DHCP options.",
    &[VPC, required("dhcp-options", REF, "The set, or `default`.").or("DhcpOptionsId")],
);
static CREATE_SUBNET: Shape = shape(
    "subnet to create",
    "Creates a subnet.",
    &[
        NAME,
        VPC,
        CIDR,
        key("zone", Kind::Text, "The zone, as `a` or `us-west-2a`.").or("AvailabilityZone"),
        key("ipv6-cidr", Kind::Cidr, "Its IPv6 block.").or("Ipv6CidrBlock"),
    ],
);
static DELETE_SUBNET: Shape = shape("subnet to delete", "Deletes a subnet.", &[SUBNET]);
static MODIFY_SUBNET_ATTRIBUTE: Shape = shape(
    "subnet attribute",
    "Changes which addresses instances get at launch.",
    &[
        SUBNET,
        key("public-ips", Kind::Bool, "Whether they get a public IPv4 address.").or("MapPublicIpOnLaunch"),
        key("ipv6-on-creation", Kind::Bool, "Whether they get an IPv6 address.").or("AssignIpv6AddressOnCreation"),
    ],
);
static ASSOCIATE_SUBNET_CIDR_BLOCK: Shape = shape(
    "subnet block",
    "Gives a subnet an IPv6 block.",
    &[SUBNET, required("ipv6-cidr", Kind::Cidr, "The block.").or("Ipv6CidrBlock")],
);
static CREATE_ROUTE_TABLE: Shape = shape("route table to create", "Creates a route table.", &[NAME, VPC]);
static DELETE_ROUTE_TABLE: Shape = shape("route table to delete", "Deletes a route table.", &[TABLE]);
static ASSOCIATE_ROUTE_TABLE: Shape = shape("association", "Makes a subnet use a route table.", &[TABLE, SUBNET]);
static REPLACE_ROUTE_TABLE_ASSOCIATION: Shape = shape(
    "association to replace",
    "Makes a subnet use another route table, or makes another table the main one of a VPC.",
    &[
        TABLE,
        key("subnet", REF, "The subnet whose association changes.").or("SubnetId"),
        key("vpc", REF, "The VPC whose main table changes.").or("VpcId"),
        key("association", REF, "The association, by its id.").or("AssociationId"),
    ],
);
static DISASSOCIATE_ROUTE_TABLE: Shape = shape(
    "association to end",
    "Makes a subnet use the main route table again.",
    &[
        key("subnet", REF, "The subnet whose association ends.").or("SubnetId"),
        key("vpc", REF, "The VPC whose main association would end; EC2 refuses that.").or("VpcId"),
        key("association", REF, "The association, by its id.").or("AssociationId"),
    ],
);
const TO: Key = required("destination", Kind::Form(&DESTINATION), "Where the route leads: a block or a prefix list.");
static CREATE_ROUTE: Shape = shape(
    "route",
    "Adds or replaces a route.",
    &[TABLE, TO, required("target", REF, "The gateway, instance, interface or connection that packets go to.")],
);
static DELETE_ROUTE: Shape = shape("route to delete", "Deletes a route.", &[TABLE, TO]);
const IGW: Key = required("internet-gateway", REF, "The internet gateway.").or("InternetGatewayId");
static INTERNET_GATEWAY: Shape = shape("attachment", "Attaches or detaches an internet gateway.", &[IGW, VPC]);
static DELETE_INTERNET_GATEWAY: Shape = shape("internet gateway to delete", "Deletes an internet gateway.", &[IGW]);
static DELETE_EGRESS_ONLY: Shape = shape(
    "egress-only internet gateway",
    "Deletes an egress-only internet gateway.",
    &[required("egress-only-internet-gateway", REF, "The gateway.").or("EgressOnlyInternetGatewayId")],
);
static CREATE_NAT_GATEWAY: Shape = shape(
    "NAT gateway to create",
    "Creates a NAT gateway.",
    &[
        NAME,
        SUBNET,
        key("elastic-ip", REF, "Its Elastic IP, by name, id or address; a new one unless said otherwise.")
            .or("AllocationId"),
        key("private-ip", Kind::Address, "Its private address.").or("PrivateIpAddress"),
    ],
);
static DELETE_NAT_GATEWAY: Shape = shape(
    "NAT gateway to delete",
    "Deletes a NAT gateway.",
    &[required("nat-gateway", REF, "The NAT gateway.").or("NatGatewayId")],
);
static ALLOCATE_ADDRESS: Shape = shape(
    "Elastic IP to allocate",
    "Allocates an Elastic IP.",
    &[NAME, key("address", Kind::Address, "A certain address.").or("Address")],
);
const EIP: Key = required("elastic-ip", REF, "The Elastic IP, by name, id or address.").or("AllocationId");
static ASSOCIATE_ADDRESS: Shape = shape(
    "Elastic IP to associate",
    "Gives an instance or interface an Elastic IP.",
    &[
        EIP,
        key("instance", REF, "The instance.").or("InstanceId"),
        key("network-interface", REF, "The network interface.").or("NetworkInterfaceId"),
        key("private-ip", Kind::Address, "The private address that it stands for.").or("PrivateIpAddress"),
        key("allow-reassociation", Kind::Bool, "Takes it away from where it is.").or("AllowReassociation"),
    ],
);
static ELASTIC_IP: Shape = shape("Elastic IP", "Takes an Elastic IP away, or gives it back.", &[EIP]);
static RUN_INSTANCES: Shape = shape(
    "instance to run",
    "Launches an instance. Programs may run on it from then on, by its name.",
    &[
        NAME,
        SUBNET,
        key("private-ip", Kind::Address, "Its private address.").or("PrivateIpAddress"),
        key("public-ip", Kind::Bool, "Whether it gets a public address.").or("AssociatePublicIpAddress"),
        key("security-groups", REFS, "Its security groups.").or("SecurityGroupIds"),
    ],
);
static INSTANCE_LIST: Shape = shape("instances", "Starts, stops or terminates instances.", &[INSTANCES]);
static MODIFY_INSTANCE_ATTRIBUTE: Shape = shape(
    "instance attribute",
    "Changes an instance's check or groups.",
    &[
        required("instance", REF, "The instance.").or("InstanceId"),
        key("source-dest-check", Kind::Bool, "Whether it may only send and receive for itself.").or("SourceDestCheck"),
        key("security-groups", REFS, "Its security groups, all of them.").or("Groups"),
    ],
);
static CREATE_NETWORK_INTERFACE: Shape = shape(
    "network interface to create",
    "Creates a network interface.",
    &[
        NAME,
        SUBNET,
        key("private-ip", Kind::Address, "Its private address.").or("PrivateIpAddress"),
        key("security-groups", REFS, "Its security groups.").or("Groups"),
    ],
);
static ATTACH_NETWORK_INTERFACE: Shape = shape(
    "attachment of an interface",
    "Attaches a network interface to an instance.",
    &[
        INTERFACE,
        required("instance", REF, "The instance.").or("InstanceId"),
        key("device-index", Kind::Integer { min: 1, max: 15 }, "Its place; 1 unless said otherwise.").or("DeviceIndex"),
    ],
);
static NETWORK_INTERFACE: Shape = shape("network interface", "Detaches or deletes a network interface.", &[INTERFACE]);
static MODIFY_NETWORK_INTERFACE: Shape = shape(
    "network interface attribute",
    "Changes an interface's check or groups.",
    &[
        INTERFACE,
        key("source-dest-check", Kind::Bool, "Whether it may only send and receive for itself.").or("SourceDestCheck"),
        key("security-groups", REFS, "Its security groups, all of them.").or("Groups"),
    ],
);
static CREATE_SECURITY_GROUP: Shape = shape(
    "security group to create",
    "Creates a security group.",
    &[
        required("name", Kind::Text, "Its name.").or("GroupName"),
        VPC,
        key("description", Kind::Text, "What it is for.").or("GroupDescription"),
    ],
);
static DELETE_SECURITY_GROUP: Shape = shape("security group to delete", "Deletes a security group.", &[GROUP]);
static GROUP_RULES: Shape =
    shape("rules of a security group", "Adds or removes rules of a security group.", &[GROUP, RULES_KEY]);
static DELETE_NETWORK_ACL: Shape = shape("network ACL to delete", "Deletes a network ACL.", &[ACL]);
const NUMBER: Key = required("number", Kind::Integer { min: 1, max: 32_766 }, "The entry's number.").or("RuleNumber");
static NETWORK_ACL_ENTRY: Shape = shape(
    "entry of a network ACL",
    "Adds or replaces an entry of a network ACL; `from` makes it inbound, `to` outbound.",
    &[ACL, NUMBER, required("rule", Kind::Form(&ACL_RULE), "The entry.")],
);
static DELETE_NETWORK_ACL_ENTRY: Shape = shape(
    "entry to delete",
    "Deletes an entry of a network ACL.",
    &[ACL, NUMBER, required("egress", Kind::Bool, "Whether it is an outbound one.").or("Egress")],
);
static REPLACE_NETWORK_ACL_ASSOCIATION: Shape =
    shape("association with a network ACL", "Makes a subnet use another network ACL.", &[ACL, SUBNET]);
const ENTRIES: Key = key("entries", Kind::OneOrMany(&Kind::Cidr), "Its blocks.");
static CREATE_PREFIX_LIST: Shape = shape(
    "prefix list to create",
    "Creates a prefix list of the customer's own.",
    &[
        required("name", Kind::Text, "Its name.").or("PrefixListName"),
        ENTRIES,
        key("max-entries", Kind::Integer { min: 1, max: 1_000 }, "The most entries it may have.").or("MaxEntries"),
    ],
);
const LIST: Key = required("prefix-list", REF, "The prefix list.").or("PrefixListId");
static MODIFY_PREFIX_LIST: Shape = shape(
    "prefix list to modify",
    "Adds and removes blocks of a prefix list.",
    &[
        LIST,
        key("add", Kind::OneOrMany(&Kind::Cidr), "Blocks to add.").or("AddEntries"),
        key("remove", Kind::OneOrMany(&Kind::Cidr), "Blocks to remove.").or("RemoveEntries"),
    ],
);
static DELETE_PREFIX_LIST: Shape = shape("prefix list to delete", "Deletes a prefix list.", &[LIST]);
const POLICY: Key = key("policy", Kind::Free, "Its policy, as JSON or as YAML; full access unless said otherwise.")
    .or("PolicyDocument");
static CREATE_VPC_ENDPOINT: Shape = shape(
    "VPC endpoint to create",
    "Creates a VPC endpoint.",
    &[
        NAME,
        VPC,
        required("service", Kind::Text, "The service: `s3`, or its full name such as com.amazonaws.us-west-2.s3.")
            .or("ServiceName"),
        key("route-tables", REFS, "The route tables that get a route to it.").or("RouteTableIds"),
        key("subnets", REFS, "The wizard's way: the tables that these subnets use."),
        POLICY,
        key(
            "type",
            Kind::Choice(&[("gateway", "A target of routes."), ("interface", "Interfaces in subnets.")]),
            "Its type.",
        )
        .or("VpcEndpointType"),
    ],
);
static MODIFY_VPC_ENDPOINT: Shape = shape(
    "VPC endpoint to modify",
    "Changes an endpoint's policy or route tables.",
    &[
        required("endpoint", REF, "The endpoint.").or("VpcEndpointId"),
        POLICY,
        key("reset-policy", Kind::Bool, "Gives it full access again.").or("ResetPolicy"),
        key("vpc", REF, "Another VPC; EC2 refuses that.").or("VpcId"),
        key("service", Kind::Text, "Another service; EC2 refuses that.").or("ServiceName"),
        key("add-route-tables", REFS, "Tables that get a route to it.").or("AddRouteTableIds"),
        key("remove-route-tables", REFS, "Tables that lose it.").or("RemoveRouteTableIds"),
    ],
);
static DELETE_VPC_ENDPOINTS: Shape = shape(
    "VPC endpoints to delete",
    "Deletes endpoints and their routes.",
    &[required("endpoints", REFS, "The endpoints.").or("VpcEndpointIds")],
);
static CREATE_TAGS: Shape = shape(
    "tags",
    "Tags resources.",
    &[
        required("resources", REFS, "The resources.").or("ResourceIds"),
        required("tags", Kind::Named { keys: &TAG_KEYS, value: &Kind::Text }, "The tags.").or("Tags"),
    ],
);
static DELETE_TAGS: Shape = shape(
    "tags to delete",
    "Takes tags away.",
    &[
        required("resources", REFS, "The resources.").or("ResourceIds"),
        required("tags", Kind::OneOrMany(&Kind::Text), "The keys of the tags.").or("Tags"),
    ],
);
static CHANGE_SERVICE_RANGES: Shape = shape(
    "change of ranges",
    "AWS changes the ranges of a service; nobody asks for it.",
    &[
        required("service", Kind::Text, "The service."),
        key("add", Kind::OneOrMany(&Kind::Cidr), "Ranges that appear."),
        key("remove", Kind::OneOrMany(&Kind::Cidr), "Ranges that go."),
    ],
);
static ZONE: Shape = shape(
    "zone",
    "An Availability Zone fails, or comes back.",
    &[required("zone", Kind::Text, "The zone, as `a` or `us-west-2a`.")],
);

static WIZARD: Shape = shape(
    "VPC wizard",
    "The wizard: a VPC with subnets and an endpoint, whose route goes to the tables that the named subnets use. What it \
     makes is called NAME, NAME-main, NAME-public, NAME-igw and NAME-endpoint.",
    &[
        NAME,
        CIDR,
        required("service", Kind::Text, "The service of the endpoint.").or("ServiceName"),
        key("policy", Kind::Free, "The endpoint's policy.").or("PolicyDocument"),
        required("subnets", Kind::Named { keys: &NAMES, value: &Kind::Shape(&WIZARD_SUBNET) }, "The subnets, by name."),
    ],
);
/// A subnet of the wizard.
pub(in crate::scenario) static WIZARD_SUBNET: Shape = shape(
    "subnet of the wizard",
    "A subnet that the wizard makes.",
    &[
        CIDR,
        key("zone", Kind::Text, "Its zone, as `a` or `us-west-2a`.").or("AvailabilityZone"),
        key("public", Kind::Bool, "Whether it uses the table with the route to the internet gateway."),
        key("endpoint", Kind::Bool, "Whether it is named for the endpoint."),
    ],
);
static CREATE_PEERING: Shape = shape(
    "peering connection to ask for",
    "Asks for a peering connection.",
    &[NAME, VPC, required("peer-vpc", REF, "The other VPC.").or("PeerVpcId")],
);
static PEERING_CONNECTION: Shape = shape(
    "peering connection",
    "Accepts or ends a peering connection.",
    &[required("peering-connection", REF, "The connection.").or("VpcPeeringConnectionId")],
);
static VPN_GATEWAY: Shape = shape(
    "attachment of a virtual private gateway",
    "Attaches or detaches a virtual private gateway.",
    &[required("virtual-private-gateway", REF, "The gateway.").or("VpnGatewayId"), VPC],
);
static PROPAGATION: Shape = shape(
    "propagation",
    "Lets a table take over a virtual private gateway's routes, or ends that.",
    &[required("virtual-private-gateway", REF, "The gateway.").or("GatewayId"), TABLE],
);
static DELETE_VPN_CONNECTION: Shape = shape(
    "VPN connection to delete",
    "Ends a VPN connection.",
    &[required("vpn-connection", REF, "The connection.").or("VpnConnectionId")],
);
static CLASSIC_LINK: Shape = shape(
    "ClassicLink",
    "Links an EC2-Classic instance to a VPC, or ends that.",
    &[
        required("instance", REF, "The instance.").or("InstanceId"),
        VPC,
        key("security-groups", REFS, "The VPC's groups that filter the link.").or("Groups"),
    ],
);
static PUT_BUCKET_POLICY: Shape = shape(
    "bucket policy",
    "Gives a bucket a policy.",
    &[required("bucket", Kind::Text, "The bucket."), required("policy", Kind::Free, "The policy, as JSON or as YAML.")],
);
static DELETE_BUCKET_POLICY: Shape =
    shape("bucket policy to delete", "Takes a bucket's policy away.", &[required("bucket", Kind::Text, "The bucket.")]);
static PUT_USER_POLICY: Shape = shape(
    "user policy",
    "Gives an IAM user a policy.",
    &[
        required("user", Kind::Text, "The user.").or("UserName"),
        key("name", Kind::Text, "The policy's name; `policy` unless given.").or("PolicyName"),
        required("policy", Kind::Free, "The policy, as JSON or as YAML.").or("PolicyDocument"),
    ],
);
static DELETE_USER_POLICY: Shape = shape(
    "user policy to delete",
    "Takes a policy away from an IAM user.",
    &[
        required("user", Kind::Text, "The user.").or("UserName"),
        key("name", Kind::Text, "The policy's name; `policy` unless given.").or("PolicyName"),
    ],
);
static ADVERTISE_ROUTES: Shape = shape(
    "announced routes",
    "The customer's router says over BGP what is behind it, in place of what it said before.",
    &[
        key("vpn-connection", REF, "The VPN connection that it speaks over."),
        key("virtual-interface", REF, "The virtual interface that it speaks over."),
        key("blocks", Kind::OneOrMany(&Kind::Cidr), "The blocks; none withdraws all."),
    ],
);
