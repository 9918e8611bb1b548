//! The keys of the world: VPCs and what is in them, instances, users, buckets, regions and accounts.

use super::described::{CUSTOMER_GATEWAY, DHCP_OPTIONS, FREE_GATEWAYS, ROUTE, VPN_GATEWAY};
use super::form::*;
use super::host::{HOST_KEYS, LINK};
use super::interface::{ENDPOINT_INTERFACE, INTERFACE, INTERFACE_KEYS, LONE_INTERFACE, PRIMARY_INTERFACE};
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

const POLICY: Kind = Kind::Free;

macro_rules! named {
    ($shape:expr) => {
        Kind::Named { keys: &NAMES, value: &Kind::Shape(&$shape) }
    };
}

/// What a region of an account holds; these keys also stand at the top of a file.
pub(in crate::scenario) static REGION: Shape =
    shape("region", "What an account has in one region.", &[]).with(&[REGION_KEYS]);

/// The keys of a region.
pub(in crate::scenario) static REGION_KEYS: &[Key] = &[
    key("vpcs", named!(VPC), "The VPCs, by name."),
    key("instances", named!(INSTANCE), "The instances, by name."),
    key(
        "elastic-ips",
        Kind::Named { keys: &NAMES, value: &Kind::Optional(&Kind::Either(&[Kind::Address, Kind::Shape(&ELASTIC_IP)])) },
        "Elastic IPs, by name, each with its address if that matters.",
    ),
    key(
        "prefix-lists",
        Kind::Named { keys: &NAMES, value: &Kind::Either(&[Kind::List(&Kind::Cidr), Kind::Shape(&PREFIX_LIST)]) },
        "The customer's own prefix lists, by name, each with its blocks.",
    ),
    key("peering-connections", named!(PEERING), "Peering connections, by name, asked for and accepted."),
    key("vpn-connections", named!(VPN_CONNECTION), "VPN connections to networks on premises, by name."),
    key("virtual-interfaces", named!(VIRTUAL_INTERFACE), "Direct Connect virtual interfaces, by name."),
    key(
        "services",
        Kind::Named { keys: &NAMES, value: &Kind::Shape(&SERVICE) },
        "AWS's services of the region, by short name or full name, where they differ from the era's.",
    ),
    key(
        "interface-services",
        Kind::OneOrMany(&Kind::Text),
        "Further services of the region that have interface endpoints, under the private name that most of them have.",
    ),
    key("dhcp-options", named!(DHCP_OPTIONS), "Sets of DHCP options, by name."),
    key(
        "customer-gateways",
        named!(CUSTOMER_GATEWAY),
        "Customers' devices at the far end of VPN connections, by name.",
    ),
    key("internet-gateways", FREE_GATEWAYS, "Internet gateways that are attached to no VPC, by name."),
    key("virtual-private-gateways", FREE_GATEWAYS, "Virtual private gateways that are attached to no VPC, by name."),
    key("zones", Kind::OneOrMany(&Kind::Text), "Zones that the region has beside a, b and c: `d`, or `us-east-1d`."),
    key(
        "associations",
        Kind::Named { keys: &ASSOCIATIONS, value: &Kind::Text },
        "Ids of associations, each with the subnet, VPC or Elastic IP whose it is; made ones unless given.",
    ),
];

/// See its sentence.
pub(in crate::scenario) static ELASTIC_IP: Shape =
    shape("Elastic IP", "A public address of the account.", &[ID, key("address", Kind::Address, "The address."), TAGS]);

/// See its sentence.
pub(in crate::scenario) static PREFIX_LIST: Shape = shape(
    "prefix list",
    "A set of blocks under one name.",
    &[
        ID,
        key("name", Kind::Text, "Its own name, if that is not its key."),
        key("entries", Kind::OneOrMany(&Kind::Cidr), "Its blocks."),
        key("max-entries", Kind::Integer { min: 1, max: 1_000 }, "The most entries it may have."),
        key(
            "version",
            Kind::Integer { min: 1, max: 4_294_967_295 },
            "How often it was changed; 1 unless said otherwise.",
        ),
        TAGS,
    ],
);

/// See its sentence.
pub(in crate::scenario) static SERVICE: Shape = shape(
    "service",
    "A service of AWS in this region, as the network sees it.",
    &[
        key("prefix-list", Kind::Text, "The id of its prefix list."),
        key("ranges", Kind::OneOrMany(&Kind::Cidr), "Its public ranges."),
        key(
            "endpoints",
            Kind::OneOrMany(&Kind::Choice(&[
                ("gateway", "Targets of routes."),
                ("interface", "Interfaces in subnets."),
                ("none", "None."),
            ])),
            "Which kinds of endpoints it has.",
        ),
        key("private-dns-name", Kind::Text, "The name that an interface endpoint answers inside its VPC."),
    ],
);

/// A peering connection.
pub(in crate::scenario) static PEERING: Shape = shape(
    "peering connection",
    "Two VPCs side by side. Routes to it are the route tables' own.",
    &[
        required("between", Kind::List(&Kind::Text), "The two VPCs, the asking one first."),
        key("accepted", Kind::Bool, "Whether the second VPC has agreed; so unless said otherwise."),
        key(
            "remote-dns",
            REFS,
            "Those of the two VPCs in which names of the other's instances lead to their private addresses.",
        ),
        ID,
        TAGS,
    ],
);

const ADVERTISES: Key = key(
    "advertises",
    Kind::OneOrMany(&Kind::Cidr),
    "Blocks that the customer's router announces over BGP; those of the network unless given.",
);

/// A VPN connection.
pub(in crate::scenario) static VPN_CONNECTION: Shape = shape(
    "VPN connection",
    "A VPN connection between a virtual private gateway and a network on premises.",
    &[
        required("virtual-private-gateway", REF, "The near end."),
        key("to", REF, "The network on premises; without one, a `customer-gateway` is the far end."),
        key("customer-gateway", REF, "The far end's device; one is made from the network on premises unless given."),
        ADVERTISES,
        key("static-routes", Kind::OneOrMany(&Kind::Cidr), "Blocks at the far end, by configuration instead of BGP."),
        ID,
        TAGS,
    ],
);

/// A Direct Connect virtual interface.
pub(in crate::scenario) static VIRTUAL_INTERFACE: Shape = shape(
    "virtual interface",
    "A Direct Connect virtual interface, private (to a VPC) or public (to AWS's services).",
    &[
        key("virtual-private-gateway", REF, "The near end; without one it is a public interface."),
        required("to", REF, "The network on premises."),
        ADVERTISES,
        ID,
        TAGS,
    ],
);

/// A VPC.
pub(in crate::scenario) static VPC: Shape = shape(
    "VPC",
    "A VPC and what is in it.",
    &[
        required("cidr", Kind::OneOrMany(&Kind::Cidr), "Its block, or its blocks, the primary one first."),
        key(
            "ipv6",
            Kind::OneOrMany(&Kind::Form(&IPV6_BLOCK)),
            "`amazon` for a block of Amazon's, or a certain block, or several.",
        ),
        key("dns-support", Kind::Bool, "Whether its resolver answers; it does unless said otherwise."),
        key("dns-hostnames", Kind::Bool, "Whether instances get public names; they do not unless said otherwise."),
        key(
            "name-servers",
            Kind::OneOrMany(&Kind::Text),
            "DHCP options: addresses of DNS servers, or `AmazonProvidedDNS`.",
        ),
        key(
            "dhcp-options",
            REF,
            "A set of DHCP options by its name, or `none`; the region's own unless said otherwise.",
        ),
        key(
            "internet-gateway",
            Kind::Either(&[Kind::Text, Kind::Shape(&GATEWAY)]),
            "The name of its internet gateway, which is made and attached.",
        ),
        key(
            "egress-only-internet-gateway",
            Kind::Either(&[Kind::Text, Kind::Shape(&GATEWAY)]),
            "The name of its egress-only internet gateway.",
        ),
        key(
            "virtual-private-gateway",
            Kind::Either(&[Kind::Text, Kind::Shape(&VPN_GATEWAY)]),
            "The name of its virtual private gateway, which is made and attached.",
        ),
        key("classic-link", Kind::Bool, "Whether EC2-Classic instances may be linked to it."),
        key("subnets", named!(SUBNET), "Its subnets, by name."),
        key(
            "route-tables",
            Kind::Named { keys: &NAMES, value: &Kind::Optional(&Kind::Shape(&ROUTE_TABLE)) },
            "Its route tables, by name; `main` is the main one.",
        ),
        key("nat-gateways", named!(NAT_GATEWAY), "Its NAT gateways, by name."),
        key(
            "security-groups",
            Kind::Named { keys: &NAMES, value: &Kind::Optional(&Kind::Shape(&SECURITY_GROUP)) },
            "Its security groups, by name; `default` is the one that every VPC has.",
        ),
        key(
            "network-acls",
            Kind::Named { keys: &NAMES, value: &Kind::Optional(&Kind::Shape(&NETWORK_ACL)) },
            "Its network ACLs, by name; `default` is the one that every VPC has.",
        ),
        key("vpc-endpoints", named!(VPC_ENDPOINT), "Its endpoints, by name."),
        key(
            "network-interfaces",
            named!(LONE_INTERFACE),
            "Network interfaces that are not an instance's, a NAT gateway's or an endpoint's, by name.",
        ),
        key("default", Kind::Bool, "Whether it is the region's default VPC; it is not unless said otherwise."),
        ID,
        TAGS,
    ],
);

static IPV6_BLOCK: crate::notation::shape::Form = crate::notation::shape::Form {
    what: "`amazon`, or an IPv6 block such as 2001:db8:1::/56",
    pattern: "",
    fits: |text| text == "amazon" || crate::base::Cidr::parse(text).is_ok_and(|block| !block.is_v4()),
};

/// See its sentence.
pub(in crate::scenario) static GATEWAY: Shape =
    shape("gateway", "A gateway with its name and id.", &[required("name", Kind::Text, "Its name."), ID, TAGS]);

/// See its sentence.
pub(in crate::scenario) static SUBNET: Shape = shape(
    "subnet",
    "A subnet.",
    &[
        required("cidr", Kind::Cidr, "Its block."),
        key("zone", Kind::Text, "Its zone, as `a` or `us-west-2a`; the region's first unless said otherwise."),
        key("route-table", REF, "The route table it uses; the main one unless said otherwise."),
        key("network-acl", REF, "The network ACL it uses; the default one unless said otherwise."),
        key("public-ips", Kind::Bool, "Whether instances get a public address at launch."),
        key("ipv6-cidr", Kind::Cidr, "Its IPv6 block, a /64."),
        key("ipv6-on-creation", Kind::Bool, "Whether instances get an IPv6 address at launch."),
        ID,
        TAGS,
    ],
);

/// A route table.
pub(in crate::scenario) static ROUTE_TABLE: Shape = shape(
    "route table",
    "A route table: destinations as keys, targets as values.",
    &[
        key("main", Kind::Bool, "Whether it is the VPC's main table."),
        key("propagate", REFS, "Virtual private gateways whose routes it takes over."),
        key("edge", REFS, "Gateways that it is associated with; kept for the record, it redirects nothing."),
        ID,
        TAGS,
    ],
)
.with_extra(&DESTINATIONS, Kind::Either(&[Kind::Text, Kind::Shape(&ROUTE)]));

/// See its sentence.
pub(in crate::scenario) static NAT_GATEWAY: Shape = shape(
    "NAT gateway",
    "A NAT gateway.",
    &[
        required("subnet", REF, "The public subnet it stands in."),
        key("elastic-ip", REF, "Its Elastic IP: an address, or the name of one; a new one unless said otherwise."),
        key("private-ip", Kind::Address, "Its private address."),
        key("private", Kind::Bool, "Makes it a private NAT gateway, without an Elastic IP."),
        key("secondary-ips", Kind::OneOrMany(&Kind::Address), "Further private addresses."),
        key(
            "elastic-ips",
            Kind::Named { keys: &PRIVATE_ADDRESSES, value: &REF },
            "The Elastic IPs of its further addresses.",
        ),
        key("network-interface", Kind::Text, "The id of its network interface, if it is not to be made."),
        ID,
        TAGS,
    ],
);

/// A security group.
pub(in crate::scenario) static SECURITY_GROUP: Shape = shape(
    "security group",
    "A stateful filter at interfaces; it only ever allows.",
    &[
        key("ingress", Kind::OneOrMany(&Kind::Form(&GROUP_RULE)), "What may come in; nothing unless said otherwise."),
        key("egress", Kind::List(&Kind::Form(&GROUP_RULE)), "What may go out; everything unless said otherwise."),
        key("description", Kind::Text, "What it is for."),
        key("name", Kind::Text, "Its group name, if that is not its key."),
        ID,
        TAGS,
    ],
);

/// A network ACL.
pub(in crate::scenario) static NETWORK_ACL: Shape = shape(
    "network ACL",
    "A stateless filter at the edge of subnets: numbered entries, the first that matches decides.",
    &[
        key(
            "ingress",
            Kind::Named { keys: &ENTRY_NUMBERS, value: &Kind::Form(&ACL_RULE) },
            "Its inbound entries by number.",
        ),
        key(
            "egress",
            Kind::Named { keys: &ENTRY_NUMBERS, value: &Kind::Form(&ACL_RULE) },
            "Its outbound entries by number.",
        ),
        ID,
        TAGS,
    ],
);

/// See its sentence.
pub(in crate::scenario) static VPC_ENDPOINT: Shape = shape(
    "VPC endpoint",
    "An endpoint to a service of AWS.",
    &[
        required("service", Kind::Text, "The service: `s3`, or its full name such as com.amazonaws.us-west-2.s3."),
        key(
            "type",
            Kind::Choice(&[
                ("gateway", "A target of routes."),
                ("interface", "Interfaces in subnets, of which each has an address."),
            ]),
            "How it is reached; `gateway` unless it has interfaces.",
        ),
        key("route-tables", REFS, "Gateway: the route tables that get a route to it."),
        key("subnets", REFS, "Interface: the subnets that get an interface of it."),
        key(
            "interfaces",
            Kind::List(&Kind::Shape(&ENDPOINT_INTERFACE)),
            "Interface: the same, with more about each interface.",
        ),
        key("security-groups", REFS, "Interface: its groups; the VPC's default one unless said otherwise."),
        key(
            "private-dns",
            Kind::Bool,
            "Interface: whether the service's own name leads to it; so unless said otherwise, if the service has one.",
        ),
        key("policy", POLICY, "Its policy, as JSON or as YAML; full access unless said otherwise."),
        ID,
        TAGS,
    ],
);

/// An instance, or a fleet of like ones.
pub(in crate::scenario) static INSTANCE: Shape = shape(
    "instance",
    "An instance, or with `count` a fleet of like ones.",
    &[
        key("subnet", REF, "The subnet it is launched in; without one it is an EC2-Classic instance."),
        key("classic-link", Kind::Shape(&CLASSIC_LINK), "EC2-Classic: the VPC it is linked to."),
        key(
            "public-ip",
            Kind::Either(&[Kind::Bool, Kind::Address]),
            "Whether it gets a public address, or a certain one; as the subnet says unless said otherwise.",
        ),
        key(
            "network-interface",
            Kind::Either(&[Kind::Text, Kind::Shape(&PRIMARY_INTERFACE)]),
            "Its primary network interface: its id, or more about it.",
        ),
        key("interfaces", Kind::List(&Kind::Shape(&INTERFACE)), "Further network interfaces."),
        key(
            "count",
            Kind::Integer { min: 1, max: 1_000_000 },
            "How many like it; they are called name-1, name-2 and so on.",
        ),
        key("nat", Kind::Bool, "Makes it a NAT instance, which forwards for others; it also needs its check off."),
        key("user", Kind::Text, "The IAM user whose keys its programs sign with."),
        key("type", Kind::Text, "Its type, such as `t2.micro`; it decides nothing here."),
        key(
            "state",
            Kind::Choice(&[("running", "It runs."), ("stopped", "It is stopped, and keeps its interfaces.")]),
            "Whether it runs at the start; it does unless said otherwise.",
        ),
        ID,
        TAGS,
    ],
)
.with(&[INTERFACE_KEYS, HOST_KEYS]);

/// The link of an EC2-Classic instance.
pub(in crate::scenario) static CLASSIC_LINK: Shape = shape(
    "ClassicLink",
    "The VPC that an EC2-Classic instance is linked to.",
    &[required("vpc", REF, "The VPC."), required("security-groups", REFS, "The VPC's groups that filter the link.")],
);

/// An account beside the scenario's own.
pub(in crate::scenario) static ACCOUNT: Shape = shape(
    "account",
    "An AWS account: what it has in its regions, its users and its buckets.",
    &[
        key("number", Kind::Form(&ACCOUNT_NUMBER), "Its number; one is made from its name unless given."),
        key(
            "region",
            Kind::Form(&REGION_NAME),
            "The region of what stands here; the scenario's own unless said otherwise.",
        ),
        key(
            "regions",
            Kind::Named { keys: &REGION_NAMES, value: &Kind::Shape(&REGION) },
            "What it has in several regions.",
        ),
        key("users", named!(USER), "Its IAM users, by name."),
        key(
            "buckets",
            Kind::Named { keys: &BUCKET_NAMES, value: &Kind::Optional(&Kind::Shape(&BUCKET)) },
            "Its buckets, by name.",
        ),
    ],
)
.with(&[REGION_KEYS]);

/// An IAM user.
pub(in crate::scenario) static USER: Shape = shape(
    "IAM user",
    "An IAM user; without policies it may do nothing.",
    &[
        key("policies", Kind::Named { keys: &NAMES, value: &POLICY }, "Its policies by name, as JSON or as YAML."),
        key("policy", POLICY, "Its only policy."),
        key("access-key", Kind::Text, "The id of its access key; one is made unless given."),
        key("secret", Kind::Text, "The secret of that key; one is made unless given."),
    ],
);

/// A bucket.
pub(in crate::scenario) static BUCKET: Shape = shape(
    "bucket",
    "A bucket of S3.",
    &[
        key("region", Kind::Form(&REGION_NAME), "Where it is; the scenario's own region unless said otherwise."),
        key("policy", POLICY, "Its policy, as JSON or as YAML; none unless given, so only its owner may use it."),
        key(
            "objects",
            Kind::Named { keys: &OBJECT_KEYS, value: &Kind::Either(&[Kind::Size, Kind::Shape(&OBJECT)]) },
            "Its objects by key, each with its size.",
        ),
    ],
);

/// An object.
pub(in crate::scenario) static OBJECT: Shape = shape(
    "object",
    "An object of a bucket.",
    &[
        key("size", Kind::Size, "How many generated bytes."),
        key("seed", Kind::Integer { min: 0, max: u64::MAX }, "Which bytes; 0 unless said otherwise."),
        key("text", Kind::Text, "Exactly this text instead of generated bytes."),
        key("first-byte-delay", Kind::Duration, "How long S3 thinks before it answers a download of it."),
    ],
);

/// The link keys, shared with the internet and S3.
pub(in crate::scenario) const LINK_KIND: Kind = Kind::Shape(&LINK);
