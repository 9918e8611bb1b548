//! Why a packet ended without arriving: a closed list, with Reachability Analyzer's code where it has one.

/// Declares the reasons in one table: variant, code, sentence.
macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $sentence:literal;)*) => {
        /// Why a packet was dropped. Each says what an operator would check.
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum DropReason {
            $($(#[$doc])* $name,)*
        }

        impl DropReason {
            /// All of them, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The explanation code: Reachability Analyzer's where it has one, else our own in its style.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The reason as a sentence without a full stop.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

drop_reasons! {
    /// Check the subnet's route table. (facts RT26)
    NoRoute = "NO_ROUTE_TO_DESTINATION", "the route table has no route to the destination";
    /// Check the target of the route. (facts RT25)
    Blackhole = "BAD_STATE_ROUTE", "the route's target is gone: the route is a blackhole";
    /// Check the outbound rules of the security groups. (facts S1, S4)
    SecurityGroupEgress = "ENI_SG_RULES_MISMATCH", "no outbound rule of the security groups allows it";
    /// Check the inbound rules of the security groups. (facts S1, S4)
    SecurityGroupIngress = "ENI_SG_RULES_MISMATCH", "no inbound rule of the security groups allows it";
    /// The groups have no outbound rule at all. (facts section 10)
    SecurityGroupNoEgress = "SG_HAS_NO_RULES", "the security groups have no outbound rules";
    /// The groups have no inbound rule at all. (facts section 10)
    SecurityGroupNoIngress = "SG_HAS_NO_RULES", "the security groups have no inbound rules";
    /// The instance tracks too many connections. (facts S11)
    ConntrackFull = "CONNTRACK_ALLOWANCE_EXCEEDED", "the interface tracks as many connections as it may";
    /// Check the outbound entries of the subnet's network ACL. (facts A1)
    NetworkAclEgress = "SUBNET_ACL_RESTRICTION", "the network ACL of the subnet denies it on the way out";
    /// Check the inbound entries of the subnet's network ACL. (facts A1)
    NetworkAclIngress = "SUBNET_ACL_RESTRICTION", "the network ACL of the subnet denies it on the way in";
    /// Turn the source/destination check off for instances that forward. (facts V5)
    SourceDestCheck = "ENI_SOURCE_DEST_CHECK_RESTRICTION", "the address is not the interface's, and its source/destination check is on";
    /// Nobody in the VPC has that address. (facts RT14)
    NoSuchInterface = "UNKNOWN_DESTINATION", "no interface of the VPC has this address";
    /// The VPC knows no broadcast and no multicast. (facts V6)
    NoMulticast = "NO_POSSIBLE_DESTINATION", "a VPC carries neither broadcast nor multicast";
    /// The destination is the private block that the VPC keeps for itself. (facts RT17)
    ReservedDestination = "NO_POSSIBLE_DESTINATION", "the destination is reserved by the VPC";
    /// Give the instance a public IPv4 address or an Elastic IP. (facts I3)
    NoPublicAddress = "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "the source has no public address, so the internet gateway cannot translate it";
    /// No interface of the VPC has that public address. (facts I4)
    NoPrivateAddress = "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "no running interface of the VPC has this public address";
    /// The internet does not carry private addresses. (facts I5)
    PrivateDestination = "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS", "the internet gateway refuses private destinations";
    /// The internet does not carry the carrier-grade NAT block. (facts I5)
    SharedDestination = "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS", "the internet gateway refuses destinations in 100.64.0.0/10";
    /// A private source came in from the internet. (facts I6)
    PrivateSource = "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS", "the internet gateway refuses private sources from outside";
    /// A source of the carrier-grade NAT block came in from the internet. (facts I6)
    SharedSource = "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS", "the internet gateway refuses sources in 100.64.0.0/10 from outside";
    /// Somebody claims an address of the VPC. (facts I7)
    Spoofed = "GATEWAY_REJECTS_SPOOFED_TRAFFIC", "the source claims an address that is not its own";
    /// Attach the gateway to the VPC.
    GatewayNotAttached = "BAD_STATE_ATTACHMENT", "the gateway is not attached to the VPC";
    /// Only interfaces of its own VPC may use a NAT gateway. (facts N14)
    NatSourceOutsideVpc = "NGW_REQUIRES_SOURCE_IN_VPC", "a NAT gateway serves its own VPC only";
    /// Route the private subnet to the endpoint, peering connection or VPN itself. (facts N15)
    NatGatewayTarget = "NGW_TARGET_RESTRICTION", "in 2017 a NAT gateway sends nothing over endpoints, peering connections or VPN";
    /// The NAT gateway translates TCP, UDP and ICMP only. (facts N1)
    NatProtocol = "PROTOCOL_RESTRICTION", "a NAT gateway carries TCP, UDP and ICMP only";
    /// The NAT gateway forwards fragments of UDP only. (facts N8)
    NatFragment = "NGW_FRAGMENT_RESTRICTION", "a NAT gateway drops fragments of TCP and ICMP";
    /// The NAT gateway saw no beginning of this connection, or forgot it. (facts N6, N9)
    NatNoMapping = "NGW_NO_MAPPING", "the NAT gateway has no mapping for it: it did not see the connection begin, or the mapping timed out";
    /// The NAT gateway itself answers nothing. (facts N10)
    NatNotAddressable = "NGW_NOT_ADDRESSABLE", "a NAT gateway accepts no traffic addressed to itself";
    /// Too many connections to one destination. (facts N2, N4)
    NatPortsExhausted = "NGW_ERROR_PORT_ALLOCATION", "the NAT gateway has no port left for this destination";
    /// The NAT gateway's zone is down, or it is not available.
    NatUnavailable = "BAD_STATE", "the NAT gateway is not available";
    /// The gateway endpoint carries TCP and echoes only. (facts E17)
    EndpointProtocol = "VPCE_GATEWAY_PROTOCOL_RESTRICTION", "a gateway endpoint carries TCP and ICMP echo of IPv4 only";
    /// Only the service's addresses come out of an endpoint. (facts E18)
    EndpointSource = "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION", "only addresses of the service's prefix list come out of its endpoint";
    /// The service opens no connections into a VPC. (facts E19)
    EndpointInitiates = "VPCE_INTRA_VPC_TRAFFIC", "a gateway endpoint opens no connections into the VPC";
    /// Larger than the endpoint takes; no ICMP is sent. (facts E20)
    EndpointTooBig = "VPCE_MTU_EXCEEDED", "larger than the endpoint's MTU, which it drops in silence";
    /// An endpoint serves only its own VPC. (rules R26)
    EndpointOutsideVpc = "VPCE_OUTSIDE_VPC", "an endpoint cannot be used from outside its VPC";
    /// The peering carries only traffic of the two VPCs. (facts P1, P2)
    PeeringAddress = "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", "a peering connection carries only traffic between its two VPCs";
    /// Link the EC2-Classic instance to the VPC.
    ClassicDestination = "CLASSIC_LINK_NO_ROUTE_TO_DESTINATION", "EC2-Classic leads to private addresses of its own network and of a linked VPC only";
    /// The virtual private gateway carries only addresses of interfaces. (facts P4)
    VgwAddress = "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS", "a virtual private gateway carries only private addresses of the VPC's interfaces";
    /// The gateway knows no way to that network. (facts P3)
    VgwNoRoute = "VGW_NO_ROUTE_TO_DESTINATION", "the virtual private gateway knows no way to this destination";
    /// The egress-only gateway lets nothing in that was not asked for.
    EgressOnly = "EIGW_NO_MAPPING", "an egress-only internet gateway lets only answers in";
    /// Something in between forbids it without being modelled.
    NotModeled = "NOT_MODELED", "what lies on this path is not modelled";
    /// Nobody on the internet has that address.
    UnknownInternetAddress = "UNKNOWN_DESTINATION", "nobody on the simulated internet has this address";
    /// The path has too many hops, or the sender chose a small TTL.
    TtlExpired = "TTL_EXPIRED", "its time to live is spent";
    /// Larger than the next link takes, with fragmentation forbidden. (RFC 1191)
    TooBig = "MTU_EXCEEDED", "larger than the next link takes, and not to be fragmented";
    /// The queue of a link is full.
    QueueFull = "QUEUE_FULL", "the queue of the link is full";
    /// The link lost it, as its impairment asks.
    Lost = "LOST", "lost on the link";
    /// A fault was put there by the scenario.
    LinkDown = "BAD_STATE", "the link is cut";
    /// Routes that point at each other.
    ForwardingLoop = "FORWARDING_LOOP", "it crossed more links than a packet may: routes point in a circle";
    /// Nothing is attached there.
    NoLink = "UNASSOCIATED_COMPONENT", "nothing is attached there";
    /// The host does not have that address.
    NotForHost = "ENI_ADDRESS_RESTRICTION", "it reached a host that does not have this address";
    /// The host has no such connection, and is set to say nothing about it.
    UnknownConnection = "UNKNOWN_CONNECTION", "the host has no such connection, and is set to stay silent";
    /// An RST, or an ICMP error, for a connection the host does not have.
    StrayReset = "STRAY_RESET", "a reset for a connection that the host does not have";
    /// An RST whose sequence number its connection does not expect. (RFC 9293 section 3.5.3)
    ResetIgnored = "RESET_IGNORED", "a reset with a sequence number that its connection does not expect";
    /// Nobody listens, and the host is set to say nothing about it.
    PortFiltered = "PORT_FILTERED", "the host does not answer on this port";
    /// The listener's backlog is full.
    BacklogFull = "BACKLOG_FULL", "the listener's backlog is full";
    /// The host is at a limit of its memory.
    HostLimit = "HOST_LIMIT", "the host is at a limit of its connections or fragments";
    /// A checksum is wrong, or a length contradicts another.
    Malformed = "MALFORMED", "not a well-formed packet";
    /// The host is stopped.
    HostStopped = "BAD_STATE", "the instance is not running";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_in_capitals_and_a_sentence() {
        for reason in DropReason::ALL {
            assert!(reason.code().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'));
            assert!(reason.sentence().contains(' ') && !reason.sentence().ends_with('.'), "{reason:?}");
        }
    }
}
