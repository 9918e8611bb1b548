//! What a file of answers holds, told by its top-level key or, without one, by the shape of its items. Decodes nothing.

use crate::notation::{Map, Node};

/// What is done with the items of an answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// They become records.
    Read(Answer),
    /// They have an effect that is not modelled: each is listed with it.
    Unmodeled {
        /// What one of them is, with its article.
        what: &'static str,
        /// The keys that its id may stand under.
        ids: &'static [&'static str],
        /// What cannot be told because of it, with `{}` for its id.
        effect: &'static str,
    },
    /// They say nothing that the network depends on.
    Nothing,
}

/// The answers that are read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    Vpcs,
    VpcAttribute,
    DhcpOptions,
    Subnets,
    RouteTables,
    InternetGateways,
    EgressOnlyInternetGateways,
    NatGateways,
    VpnGateways,
    CustomerGateways,
    VpnConnections,
    NetworkInterfaces,
    Addresses,
    Reservations,
    SecurityGroups,
    NetworkAcls,
    PrefixLists,
    PrefixListEntries,
    VpcEndpoints,
    VpcEndpointServices,
    VpcPeeringConnections,
    AvailabilityZones,
}

/// One kind of answer.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The top-level key of its list.
    pub(crate) key: &'static str,
    /// The call that gives it.
    pub(crate) call: &'static str,
    /// What is done with it.
    pub(crate) treatment: Treatment,
    /// The keys by which an item without a top-level key is told; all must be there.
    pub(crate) marks: &'static [&'static str],
    /// What the ids of its items begin with; empty where they have none that others name.
    pub(crate) prefix: &'static str,
}

const fn read(
    key: &'static str,
    call: &'static str,
    answer: Answer,
    prefix: &'static str,
    marks: &'static [&'static str],
) -> Kind {
    Kind { key, call, treatment: Treatment::Read(answer), marks, prefix }
}

const fn unmodeled(
    key: &'static str,
    call: &'static str,
    what: &'static str,
    prefix: &'static str,
    ids: &'static [&'static str],
    effect: &'static str,
) -> Kind {
    Kind { key, call, treatment: Treatment::Unmodeled { what, ids, effect }, marks: &[], prefix }
}

const fn nothing(key: &'static str, call: &'static str) -> Kind {
    Kind { key, call, treatment: Treatment::Nothing, marks: &[], prefix: "" }
}

/// All kinds. `PrefixLists` stands once: its two calls are told apart item by item.
pub(crate) const KINDS: &[Kind] = &[
    read("Vpcs", "ec2 describe-vpcs", Answer::Vpcs, "vpc-", &["VpcId", "CidrBlock", "InstanceTenancy"]),
    read("DhcpOptions", "ec2 describe-dhcp-options", Answer::DhcpOptions, "dopt-", &["DhcpConfigurations"]),
    read("Subnets", "ec2 describe-subnets", Answer::Subnets, "subnet-", &["SubnetId", "CidrBlock", "AvailabilityZone"]),
    read("RouteTables", "ec2 describe-route-tables", Answer::RouteTables, "rtb-", &["RouteTableId", "Routes"]),
    read(
        "InternetGateways",
        "ec2 describe-internet-gateways",
        Answer::InternetGateways,
        "igw-",
        &["InternetGatewayId", "Attachments"],
    ),
    read(
        "EgressOnlyInternetGateways",
        "ec2 describe-egress-only-internet-gateways",
        Answer::EgressOnlyInternetGateways,
        "eigw-",
        &["EgressOnlyInternetGatewayId", "Attachments"],
    ),
    read(
        "NatGateways",
        "ec2 describe-nat-gateways",
        Answer::NatGateways,
        "nat-",
        &["NatGatewayId", "NatGatewayAddresses"],
    ),
    read("VpnGateways", "ec2 describe-vpn-gateways", Answer::VpnGateways, "vgw-", &["VpnGatewayId", "VpcAttachments"]),
    read(
        "CustomerGateways",
        "ec2 describe-customer-gateways",
        Answer::CustomerGateways,
        "cgw-",
        &["CustomerGatewayId", "BgpAsn"],
    ),
    read("VpnConnections", "ec2 describe-vpn-connections", Answer::VpnConnections, "vpn-", &["VpnConnectionId"]),
    read(
        "NetworkInterfaces",
        "ec2 describe-network-interfaces",
        Answer::NetworkInterfaces,
        "eni-",
        &["NetworkInterfaceId", "PrivateIpAddresses", "SubnetId"],
    ),
    read("Addresses", "ec2 describe-addresses", Answer::Addresses, "eipalloc-", &["PublicIp", "Domain"]),
    read("Reservations", "ec2 describe-instances", Answer::Reservations, "i-", &["ReservationId", "Instances"]),
    read(
        "SecurityGroups",
        "ec2 describe-security-groups",
        Answer::SecurityGroups,
        "sg-",
        &["GroupId", "IpPermissions"],
    ),
    read("NetworkAcls", "ec2 describe-network-acls", Answer::NetworkAcls, "acl-", &["NetworkAclId", "Entries"]),
    read("PrefixLists", "ec2 describe-prefix-lists", Answer::PrefixLists, "pl-", &["PrefixListId", "PrefixListName"]),
    read("Entries", "ec2 get-managed-prefix-list-entries", Answer::PrefixListEntries, "", &[]),
    read(
        "VpcEndpoints",
        "ec2 describe-vpc-endpoints",
        Answer::VpcEndpoints,
        "vpce-",
        &["VpcEndpointId", "ServiceName"],
    ),
    read(
        "ServiceDetails",
        "ec2 describe-vpc-endpoint-services",
        Answer::VpcEndpointServices,
        "",
        &["ServiceName", "ServiceType"],
    ),
    read(
        "VpcPeeringConnections",
        "ec2 describe-vpc-peering-connections",
        Answer::VpcPeeringConnections,
        "pcx-",
        &["VpcPeeringConnectionId", "AccepterVpcInfo"],
    ),
    read(
        "AvailabilityZones",
        "ec2 describe-availability-zones",
        Answer::AvailabilityZones,
        "",
        &["ZoneName", "RegionName"],
    ),
    unmodeled(
        "TransitGateways",
        "ec2 describe-transit-gateways",
        "a transit gateway",
        "tgw-",
        &["TransitGatewayId"],
        "traffic through {}",
    ),
    unmodeled(
        "TransitGatewayVpcAttachments",
        "ec2 describe-transit-gateway-vpc-attachments",
        "a transit gateway's attachment to a VPC",
        "tgw-attach-",
        &["TransitGatewayAttachmentId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "TransitGatewayAttachments",
        "ec2 describe-transit-gateway-attachments",
        "a transit gateway's attachment",
        "tgw-attach-",
        &["TransitGatewayAttachmentId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "TransitGatewayPeeringAttachments",
        "ec2 describe-transit-gateway-peering-attachments",
        "a transit gateway's peering",
        "tgw-attach-",
        &["TransitGatewayAttachmentId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "TransitGatewayRouteTables",
        "ec2 describe-transit-gateway-route-tables",
        "a transit gateway's route table",
        "tgw-rtb-",
        &["TransitGatewayRouteTableId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "TransitGatewayPropagations",
        "ec2 get-transit-gateway-route-table-propagations",
        "a transit gateway's propagation",
        "",
        &["TransitGatewayRouteTableId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "TransitGatewayStaticRoutes",
        "ec2 search-transit-gateway-routes",
        "a transit gateway's static routes",
        "",
        &["TransitGatewayRouteTableId"],
        "traffic through the transit gateway of {}",
    ),
    unmodeled(
        "LoadBalancers",
        "elbv2 describe-load-balancers",
        "a load balancer",
        "",
        &["LoadBalancerName", "LoadBalancerArn"],
        "connections to the addresses of {}",
    ),
    unmodeled(
        "LoadBalancerDescriptions",
        "elb describe-load-balancers",
        "a classic load balancer",
        "",
        &["LoadBalancerName"],
        "connections to the addresses of {}",
    ),
    unmodeled(
        "TargetGroups",
        "elbv2 describe-target-groups",
        "a load balancer's target group",
        "",
        &["TargetGroupName", "TargetGroupArn"],
        "connections that a load balancer sends to {}",
    ),
    unmodeled(
        "DBInstances",
        "rds describe-db-instances",
        "a database instance",
        "",
        &["DBInstanceIdentifier"],
        "connections to the addresses of {}",
    ),
    unmodeled(
        "DomainStatusList",
        "es describe-elasticsearch-domains",
        "a search domain",
        "",
        &["DomainName"],
        "connections to the addresses of {}",
    ),
    unmodeled(
        "LocalGateways",
        "ec2 describe-local-gateways",
        "a local gateway",
        "lgw-",
        &["LocalGatewayId"],
        "traffic through {}",
    ),
    unmodeled(
        "CarrierGateways",
        "ec2 describe-carrier-gateways",
        "a carrier gateway",
        "cagw-",
        &["CarrierGatewayId"],
        "traffic through {}",
    ),
    unmodeled(
        "ClientVpnEndpoints",
        "ec2 describe-client-vpn-endpoints",
        "a client VPN endpoint",
        "cvpn-endpoint-",
        &["ClientVpnEndpointId"],
        "traffic from and to the clients of {}",
    ),
    unmodeled(
        "VirtualInterfaces",
        "directconnect describe-virtual-interfaces",
        "a Direct Connect virtual interface",
        "dxvif-",
        &["virtualInterfaceId"],
        "traffic over {}",
    ),
    unmodeled(
        "ServiceConfigurations",
        "ec2 describe-vpc-endpoint-service-configurations",
        "an endpoint service of the account's own",
        "vpce-svc-",
        &["ServiceId"],
        "connections that reach {} from other VPCs",
    ),
    unmodeled(
        "InstanceConnectEndpoints",
        "ec2 describe-instance-connect-endpoints",
        "an EC2 Instance Connect Endpoint",
        "eice-",
        &["InstanceConnectEndpointId"],
        "connections through {}",
    ),
    unmodeled(
        "Firewalls",
        "network-firewall list-firewalls",
        "a network firewall",
        "",
        &["FirewallName"],
        "traffic through the endpoints of {}",
    ),
    unmodeled(
        "TrafficMirrorSessions",
        "ec2 describe-traffic-mirror-sessions",
        "a traffic mirror session",
        "tms-",
        &["TrafficMirrorSessionId"],
        "copies of packets that {} makes; the traffic itself is as without it",
    ),
    unmodeled(
        "RouteServers",
        "ec2 describe-route-servers",
        "a route server",
        "rs-",
        &["RouteServerId"],
        "changes that {} would make to routes; the routes themselves are as they stand in the tables",
    ),
    nothing("LoadBalancerAttributes", "elbv2 describe-load-balancer-attributes"),
    nothing("LoadBalancerListeners", "elbv2 describe-listeners"),
    nothing("Listeners", "elbv2 describe-listeners"),
    nothing("LoadBalancerTargetHealth", "elbv2 describe-target-health"),
    nothing("TargetHealthDescriptions", "elbv2 describe-target-health"),
    nothing("SecurityGroupRules", "ec2 describe-security-group-rules"),
    nothing("Regions", "ec2 describe-regions"),
    nothing("Tags", "ec2 describe-tags"),
    nothing("FlowLogs", "ec2 describe-flow-logs"),
    nothing("Volumes", "ec2 describe-volumes"),
    nothing("Snapshots", "ec2 describe-snapshots"),
    nothing("Images", "ec2 describe-images"),
    nothing("KeyPairs", "ec2 describe-key-pairs"),
    nothing("InstanceStatuses", "ec2 describe-instance-status"),
    nothing("InstanceTypes", "ec2 describe-instance-types"),
    nothing("LaunchTemplates", "ec2 describe-launch-templates"),
    nothing("PlacementGroups", "ec2 describe-placement-groups"),
    nothing("AccountAttributes", "ec2 describe-account-attributes"),
    nothing("ServiceNames", "ec2 describe-vpc-endpoint-services"),
];

/// Top-level keys that stand beside an answer's list and say nothing of the network.
pub(crate) const BESIDE: &[&str] =
    &["NextToken", "ResponseMetadata", "PaginationMarker", "nextToken", "AdditionalRoutesAvailable"];

/// The answer that describes one VPC's attribute has no list.
pub(crate) const VPC_ATTRIBUTE: Kind =
    read("VpcAttribute", "ec2 describe-vpc-attribute", Answer::VpcAttribute, "", &["VpcId"]);

/// The keys of a VPC's attributes.
pub(crate) const VPC_ATTRIBUTE_KEYS: &[&str] =
    &["EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics", "VpcId"];

/// The kind of a top-level key.
pub(crate) fn kind_of_key(key: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.key == key)
}

/// The kind whose items look like this one: of a list that `--query` has taken out of its answer.
pub(crate) fn kind_of_item(item: &Node) -> Option<&'static Kind> {
    let map = item.as_map()?;
    KINDS.iter().find(|kind| !kind.marks.is_empty() && kind.marks.iter().all(|mark| map.get(mark).is_some()))
}

/// Whether a whole file is the answer of `describe-vpc-attribute`.
pub(crate) fn is_vpc_attribute(map: &Map) -> bool {
    map.get("VpcId").is_some() && map.entries.iter().all(|entry| VPC_ATTRIBUTE_KEYS.contains(&entry.key.as_str()))
}

/// The kind whose items have ids like this one, the longest prefix first.
pub(crate) fn kind_of_id(id: &str) -> Option<&'static Kind> {
    let fitting = KINDS.iter().filter(|kind| !kind.prefix.is_empty() && id.starts_with(kind.prefix));
    fitting.max_by_key(|kind| kind.prefix.len())
}
