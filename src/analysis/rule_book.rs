//! The rule book: the founding document's content as 55 rules that packets can show true or false, each with what its
//! opposite is. Runs nothing.

/// One rule.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, `R01` to `R55`.
    pub id: &'static str,
    /// What it says.
    pub says: &'static str,
    /// What must fail or differ where the rule's cause is gone; empty: the same world without the cause.
    pub twin: &'static str,
}

impl Rule {
    /// The rule of an id, in capitals or not.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }
}

/// All rules, in order.
pub const RULES: &[Rule] = &[
    Rule {
        id: "R01",
        says: "An instance with no public IPv4 address, in a VPC with no internet gateway, NAT device or virtual \
               private gateway, reaches the service through an endpoint, with its private address.",
        twin: "the same VPC without the endpoint: no route, dropped with that reason",
    },
    Rule {
        id: "R02",
        says: "An endpoint is a virtual, horizontally scaled, redundant, highly available device: it is no \
               bandwidth bottleneck and no single point of failure.",
        twin: "a NAT gateway or NAT instance, which is both: losing its zone cuts its subnets off",
    },
    Rule { id: "R03", says: "Endpoints carry IPv4 only.", twin: "IPv6 traffic to the service never takes an endpoint" },
    Rule {
        id: "R04",
        says: "A service is named by prefix-list id (`pl-…`) or by prefix-list name \
               `com.amazonaws.<region>.<service>`; the name creates the endpoint. In the document's time only \
               Amazon S3 has endpoints.",
        twin: "unknown service, malformed name: error",
    },
    Rule {
        id: "R05",
        says: "A policy can be attached at creation; without one, a full-access policy is attached.",
        twin: "a custom policy restricts",
    },
    Rule {
        id: "R06",
        says: "Creation names one or more route tables of the VPC (none is accepted too, and carries nothing: \
               facts E4); only subnets that use them get the endpoint.",
        twin: "a table of another VPC: error; other subnets keep their old path",
    },
    Rule {
        id: "R07",
        says: "An endpoint can be modified: its policy changed or removed (back to full access); route tables \
               added or removed.",
        twin: "changing only the policy switches no route and breaks no connection",
    },
    Rule { id: "R08", says: "Several endpoints in one VPC, to different services.", twin: "" },
    Rule {
        id: "R09",
        says: "Several endpoints to one service in one VPC, with different route tables and different policies: \
               two subnets get two answers from one bucket.",
        twin: "",
    },
    Rule {
        id: "R10",
        says: "Creating or modifying adds a route `pl-… → vpce-…` to each named table by itself.",
        twin: "",
    },
    Rule {
        id: "R11",
        says: "The prefix list stands for the service's public ranges; all instances of the associated subnets \
               use the endpoint without any change to them.",
        twin: "instances of other subnets do not",
    },
    Rule {
        id: "R12",
        says: "Longest prefix wins: the endpoint route beats `0.0.0.0/0 → igw`; all other internet traffic, the \
               same service in other regions included, still goes to the internet gateway.",
        twin: "",
    },
    Rule {
        id: "R13",
        says: "An existing, more specific route to an internet gateway or NAT device wins over the endpoint route.",
        twin: "",
    },
    Rule { id: "R14", says: "An existing route with the identical CIDR wins over the endpoint route.", twin: "" },
    Rule { id: "R15", says: "describe-prefix-lists shows the current ranges.", twin: "" },
    Rule {
        id: "R16",
        says: "A service's ranges may change at any time, also during a run; routes, security-group rules by \
               prefix list and forwarding follow, copied CIDRs do not.",
        twin: "",
    },
    Rule {
        id: "R17",
        says: "One table may hold endpoint routes to different services; different tables may hold routes to the \
               same service; one table may not hold two endpoints to the same service.",
        twin: "the third case: error, nothing changed",
    },
    Rule {
        id: "R18",
        says: "An endpoint route cannot be added, replaced or deleted with the route calls.",
        twin: "error, nothing changed",
    },
    Rule {
        id: "R19",
        says: "The endpoint route goes when its table is disassociated or the endpoint is deleted.",
        twin: "",
    },
    Rule { id: "R20", says: "Worked example 1 of the document: the two tables before and after.", twin: "" },
    Rule {
        id: "R21",
        says: "Worked example 2: `54.123.165.0/24 → igw` inside a service range of `54.123.160.0/19`; then the \
               route is deleted, and the subnet is a private subnet that still reaches the service.",
        twin: "the service's range changes so that the /24 is no longer inside it",
    },
    Rule {
        id: "R22",
        says: "A network ACL's outbound rule cannot name a prefix list; its CIDR must be given. A security \
               group's outbound rule can name it.",
        twin: "",
    },
    Rule {
        id: "R23",
        says: "An endpoint serves its own region only.",
        twin: "creating one to a service of another region: error",
    },
    Rule { id: "R24", says: "An endpoint cannot be tagged (`era: 2017`).", twin: "error" },
    Rule { id: "R25", says: "An endpoint cannot be moved to another VPC or another service.", twin: "error" },
    Rule {
        id: "R26",
        says: "An endpoint cannot be used from outside its VPC: not over VPN, peering, Direct Connect or \
               ClassicLink.",
        twin: "the same instance's ordinary traffic over that connection works",
    },
    Rule {
        id: "R27",
        says: "DNS resolution must be on in the VPC, or the VPC's own DNS server must resolve the service's name \
               to its addresses.",
        twin: "off: the name does not resolve; an own server answering other addresses: traffic misses the endpoint",
    },
    Rule {
        id: "R28",
        says: "IAM users may not work with endpoints by default; a user policy grants creating, modifying, \
               describing, deleting. No resource-level permissions for the `ec2:*VpcEndpoint*` calls and \
               `ec2:DescribePrefixLists`: naming a single endpoint grants nothing.",
        twin: "",
    },
    Rule {
        id: "R29",
        says: "An endpoint policy is JSON and must have a Principal element.",
        twin: "malformed, or no Principal: error, the old policy stays",
    },
    Rule { id: "R30", says: "The default policy is full access to the service.", twin: "" },
    Rule {
        id: "R31",
        says: "The endpoint policy overrides neither IAM user policies nor bucket policies: all of them are \
               evaluated, an explicit deny wins.",
        twin: "every combination of who allows and who denies",
    },
    Rule {
        id: "R32",
        says: "One policy at a time, changeable at any time; a change can take minutes to take effect (a \
               modelled, settable delay, default 3 minutes).",
        twin: "a request inside the delay is judged by the old policy",
    },
    Rule {
        id: "R33",
        says: "Only the parts of the policy about the endpoint's service have effect.",
        twin: "`ec2:*` in an S3 endpoint's policy does nothing",
    },
    Rule {
        id: "R34",
        says: "The default outbound rule of a security group allows all; where outbound is restricted, a rule to \
               the service is needed.",
        twin: "restricted, no rule: dropped at the instance's interface with that reason",
    },
    Rule {
        id: "R35",
        says: "That rule may name the service's prefix list, with a port range.",
        twin: "a rule for port 443 does not open port 80",
    },
    Rule {
        id: "R36",
        says: "The VPC wizard: VPC and endpoint created in one go, naming subnets instead of route tables; the \
               route goes to the tables that those subnets use.",
        twin: "a subnet that was not named but shares such a table gets the endpoint too",
    },
    Rule {
        id: "R37",
        says: "Describing shows id, VPC, service, state, route tables and policy, and neither IAM policies nor \
               bucket policies.",
        twin: "",
    },
    Rule { id: "R38", says: "Deleting removes the routes and leaves the security groups alone.", twin: "" },
    Rule {
        id: "R39",
        says: "Six calls: create, describe, modify and delete endpoints; describe available services; describe \
               prefix lists.",
        twin: "each with its AWS error codes",
    },
    Rule { id: "R40", says: "Instances keep using S3's own DNS names after the endpoint exists.", twin: "" },
    Rule {
        id: "R41",
        says: "The default policy allows any principal, with any account's credentials, any S3 resource, other \
               accounts' included.",
        twin: "",
    },
    Rule {
        id: "R42",
        says: "The source address that S3 sees changes from a public to the private IPv4 address.",
        twin: "",
    },
    Rule {
        id: "R43",
        says: "Creating or modifying an endpoint switches routes and disconnects open TCP connections; \
               connections over public addresses are not resumed. The reset must emerge from packets and routes; \
               no code path closes connections because an endpoint was created.",
        twin: "connections of subnets outside the named tables live on; a change of the policy alone breaks \
               nothing. Deleting the endpoint or removing a table does the same in the other direction",
    },
    Rule {
        id: "R44",
        says: "A user can test whether software reconnects to S3 by itself after the break.",
        twin: "a client that retries finishes with the right bytes; one that does not, fails visibly",
    },
    Rule {
        id: "R45",
        says: "Bucket and IAM policies cannot allow a VPC's private CIDR; VPCs may overlap or be identical: two \
               VPCs with the same CIDR and the same source address and port talk to one S3 at the same time \
               without mixing.",
        twin: "",
    },
    Rule {
        id: "R46",
        says: "A bucket policy can restrict a bucket to an endpoint (`aws:sourceVpce`) or to a VPC \
               (`aws:sourceVpc`), and route tables decide which instances have that endpoint.",
        twin: "a request from the internet, or by another endpoint, is denied",
    },
    Rule {
        id: "R47",
        says: "`aws:SourceIp` matches no request that comes through an endpoint; Deny with NotIpAddress therefore \
               denies every such request.",
        twin: "it does match the public address without the endpoint",
    },
    Rule {
        id: "R48",
        says: "No cross-region requests through an endpoint; the bucket's location can be asked for.",
        twin: "the bucket in another region: clear failure",
    },
    Rule { id: "R49", says: "Region-specific names such as `mybucket.s3-us-west-2.amazonaws.com` work.", twin: "" },
    Rule {
        id: "R50",
        says: "A client's default region, or a region given per request, decides the name it uses.",
        twin: "",
    },
    Rule { id: "R51", says: "\"US Standard\" is us-east-1.", twin: "" },
    Rule {
        id: "R52",
        says: "Other services that use S3 from inside the VPC (CloudFormation wait conditions and custom \
               resources, CodeDeploy, Elastic Beanstalk, OpsWorks, WorkDocs, WorkSpaces) break under an endpoint \
               policy that does not allow what the document's table says they need.",
        twin: "with the policy that the table asks for they work",
    },
    Rule {
        id: "R53",
        says: "The alternative: the endpoint only in subnets that none of those services uses, which go on \
               reaching S3 by public addresses.",
        twin: "",
    },
    Rule {
        id: "R54",
        says: "Traffic between the VPC and S3 through an endpoint does not leave the Amazon network: no internet \
               gateway, NAT device or internet hop is on its path.",
        twin: "",
    },
    Rule {
        id: "R55",
        says: "No additional charge for an endpoint; data transfer and NAT usage are charged as usual: a run can \
               say what its bytes would cost on each path.",
        twin: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_numbered_from_one_to_fifty_five() {
        let ids: Vec<String> = (1..=55).map(|number| format!("R{number:02}")).collect();
        assert_eq!(RULES.iter().map(|rule| rule.id).collect::<Vec<_>>(), ids);
        assert!(Rule::find("r43").is_some_and(|rule| rule.says.contains("disconnects open TCP connections")));
        assert_eq!(Rule::find("R56"), None);
    }
}
