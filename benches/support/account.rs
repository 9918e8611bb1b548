//! An account at scale as describe answers: VPCs of subnets with tables of their own, and the interfaces of instances
//! spread over them. Measures nothing.

use serde_json::{Value as Json, json};
use vpclab::import::InputFile;

const OWNER: &str = "111122223333";
/// Subnets of one VPC.
const SUBNETS_OF_VPC: usize = 100;
/// Security groups of one VPC beside its default one.
const GROUPS_OF_VPC: usize = 10;
/// Rules of one security group, of each direction.
const RULES_OF_GROUP: usize = 20;
/// The number of the first main route table.
const MAIN_TABLES: usize = 1 << 20;

/// The answers of the calls about an account of so many subnets and interfaces, each of an instance of its own.
pub(crate) fn account(subnets: usize, interfaces: usize) -> Vec<InputFile> {
    let vpcs = subnets.div_ceil(SUBNETS_OF_VPC);
    let size = Size { subnets, interfaces };
    let route_tables = [list(vpcs, main_table), list(subnets, table)].concat();
    let answers = [
        ("vpcs", json!({"Vpcs": list(vpcs, vpc)})),
        ("subnets", json!({"Subnets": list(subnets, subnet)})),
        ("internet-gateways", json!({"InternetGateways": list(vpcs, gateway)})),
        ("route-tables", json!({"RouteTables": route_tables})),
        ("network-acls", json!({"NetworkAcls": list(vpcs, |n| size.acl(n))})),
        ("security-groups", json!({"SecurityGroups": list(vpcs * (GROUPS_OF_VPC + 1), group)})),
        ("network-interfaces", json!({"NetworkInterfaces": list(interfaces, |n| size.interface(n))})),
        ("instances", json!({"Reservations": list(interfaces, |n| size.reservation(n))})),
    ];
    let file = |(call, answer): (&str, Json)| InputFile {
        path: format!("us-east-1/describe-{call}.json"),
        text: serde_json::to_string_pretty(&answer).expect("JSON"),
    };
    answers.into_iter().map(file).collect()
}

fn list(count: usize, one: impl Fn(usize) -> Json) -> Vec<Json> {
    (0..count).map(one).collect()
}

fn id(prefix: &str, n: usize) -> String {
    format!("{prefix}-{:017x}", n + 1)
}

fn named(what: &str, n: usize) -> Json {
    json!([{"Key": "Name", "Value": format!("{what}-{n}")}, {"Key": "team", "Value": "network"}])
}

fn vpc(n: usize) -> Json {
    json!({
        "VpcId": id("vpc", n), "CidrBlock": format!("10.{n}.0.0/16"), "OwnerId": OWNER, "State": "available",
        "IsDefault": false, "InstanceTenancy": "default", "Tags": named("vpc", n),
        "CidrBlockAssociationSet": [{
            "AssociationId": id("vpc-cidr-assoc", n), "CidrBlock": format!("10.{n}.0.0/16"),
            "CidrBlockState": {"State": "associated"},
        }],
    })
}

fn vpc_of(subnet: usize) -> usize {
    subnet / SUBNETS_OF_VPC
}

fn subnet(n: usize) -> Json {
    json!({
        "SubnetId": id("subnet", n), "VpcId": id("vpc", vpc_of(n)), "OwnerId": OWNER, "State": "available",
        "CidrBlock": format!("10.{}.{}.0/24", vpc_of(n), n % SUBNETS_OF_VPC), "AvailabilityZone": "us-east-1a",
        "AvailableIpAddressCount": 200, "MapPublicIpOnLaunch": false, "AssignIpv6AddressOnCreation": false,
        "DefaultForAz": false, "Ipv6CidrBlockAssociationSet": [], "Tags": named("subnet", n),
    })
}

fn gateway(n: usize) -> Json {
    json!({
        "InternetGatewayId": id("igw", n), "OwnerId": OWNER, "Tags": named("gateway", n),
        "Attachments": [{"VpcId": id("vpc", n), "State": "available"}],
    })
}

fn main_table(n: usize) -> Json {
    let associations = json!([{"Main": true, "RouteTableId": id("rtb", MAIN_TABLES + n), "RouteTableAssociationId": id("rtbassoc", MAIN_TABLES + n)}]);
    json!({
        "RouteTableId": id("rtb", MAIN_TABLES + n), "VpcId": id("vpc", n), "OwnerId": OWNER, "PropagatingVgws": [], "Tags": [],
        "Routes": [local(n)], "Associations": associations,
    })
}

fn table(n: usize) -> Json {
    let internet = json!({
        "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": id("igw", vpc_of(n)), "Origin": "CreateRoute",
        "State": "active",
    });
    json!({
        "RouteTableId": id("rtb", n), "VpcId": id("vpc", vpc_of(n)), "OwnerId": OWNER, "PropagatingVgws": [],
        "Routes": [local(vpc_of(n)), internet], "Tags": named("table", n),
        "Associations": [{
            "Main": false, "RouteTableId": id("rtb", n), "RouteTableAssociationId": id("rtbassoc", n),
            "SubnetId": id("subnet", n),
        }],
    })
}

fn local(vpc: usize) -> Json {
    json!({
        "DestinationCidrBlock": format!("10.{vpc}.0.0/16"), "GatewayId": "local", "Origin": "CreateRouteTable",
        "State": "active",
    })
}

/// The first group of a VPC is its default one.
fn group(n: usize) -> Json {
    let (vpc, of_vpc) = (n / (GROUPS_OF_VPC + 1), n % (GROUPS_OF_VPC + 1));
    let rule = |n: usize| {
        json!({
            "IpProtocol": "tcp", "FromPort": 1_000 + n, "ToPort": 1_000 + n, "Ipv6Ranges": [], "PrefixListIds": [],
            "IpRanges": [{"CidrIp": format!("10.{}.0.0/16", n % 8), "Description": "an office"}],
            "UserIdGroupPairs": [],
        })
    };
    let everywhere = json!([{
        "IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [],
        "UserIdGroupPairs": [],
    }]);
    json!({
        "GroupId": id("sg", n), "VpcId": id("vpc", vpc), "OwnerId": OWNER, "Description": "made for a benchmark",
        "GroupName": if of_vpc == 0 { "default".to_owned() } else { format!("group-{of_vpc}") },
        "IpPermissions": list(RULES_OF_GROUP, rule), "IpPermissionsEgress": everywhere,
    })
}

/// What is spread over what.
#[derive(Copy, Clone)]
struct Size {
    subnets: usize,
    interfaces: usize,
}

impl Size {
    fn acl(self, n: usize) -> Json {
        let associations: Vec<Json> = (0..self.subnets)
            .filter(|subnet| vpc_of(*subnet) == n)
            .map(|subnet| {
                let association = id("aclassoc", subnet);
                json!({"NetworkAclAssociationId": association, "NetworkAclId": id("acl", n), "SubnetId": id("subnet", subnet)})
            })
            .collect();
        let entry = |egress: bool, number: u16, action: &str| {
            json!({
                "CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": action,
                "RuleNumber": number,
            })
        };
        let entries = [true, false].map(|egress| [entry(egress, 100, "allow"), entry(egress, 32_767, "deny")]).concat();
        json!({
            "NetworkAclId": id("acl", n), "VpcId": id("vpc", n), "OwnerId": OWNER, "IsDefault": true, "Tags": [],
            "Entries": entries, "Associations": associations,
        })
    }

    /// As `describe-network-interfaces` tells it.
    fn interface(self, n: usize) -> Json {
        let mut interface = self.interface_of_instance(n);
        let more = json!({
            "AvailabilityZone": "us-east-1a", "RequesterManaged": false, "TagSet": named("interface", n),
            "Attachment": {
                "AttachmentId": id("eni-attach", n), "DeviceIndex": 0, "DeleteOnTermination": true,
                "InstanceId": id("i", n), "InstanceOwnerId": OWNER, "Status": "attached",
                "AttachTime": "2026-01-01T00:00:00.000Z",
            },
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            interface[key] = value.clone();
        }
        interface
    }

    /// What both calls say about it.
    fn interface_of_instance(self, n: usize) -> Json {
        let subnet = n % self.subnets;
        let vpc = vpc_of(subnet);
        let group = vpc * (GROUPS_OF_VPC + 1) + 1 + n % GROUPS_OF_VPC;
        let address = format!("10.{vpc}.{}.{}", subnet % SUBNETS_OF_VPC, 10 + n / self.subnets);
        assert!(n / self.subnets < 240, "{} interfaces are too many", self.interfaces);
        json!({
            "NetworkInterfaceId": id("eni", n), "SubnetId": id("subnet", subnet), "VpcId": id("vpc", vpc),
            "OwnerId": OWNER, "Description": "", "InterfaceType": "interface", "SourceDestCheck": true,
            "Status": "in-use", "PrivateIpAddress": address, "Ipv6Addresses": [],
            "MacAddress": format!("12:ee:6b:{:02x}:{:02x}:{:02x}", n >> 16 & 255, n >> 8 & 255, n & 255),
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}],
            "Groups": [{"GroupId": id("sg", group), "GroupName": format!("group-{}", 1 + n % GROUPS_OF_VPC)}],
        })
    }

    fn reservation(self, n: usize) -> Json {
        let mut interface = self.interface_of_instance(n);
        interface["Attachment"] = json!({
            "AttachmentId": id("eni-attach", n), "DeviceIndex": 0, "DeleteOnTermination": true, "Status": "attached",
            "AttachTime": "2026-01-01T00:00:00.000Z",
        });
        let instance = json!({
            "InstanceId": id("i", n), "InstanceType": "t3.micro", "State": {"Code": 16, "Name": "running"},
            "ImageId": "ami-0123456789abcdef0", "LaunchTime": "2026-01-01T00:00:00.000Z", "VpcId": interface["VpcId"],
            "SubnetId": interface["SubnetId"], "PrivateIpAddress": interface["PrivateIpAddress"],
            "SecurityGroups": interface["Groups"], "SourceDestCheck": true, "Tags": named("web", n),
            "NetworkInterfaces": [interface],
        });
        json!({"ReservationId": id("r", n), "OwnerId": OWNER, "Groups": [], "Instances": [instance]})
    }
}
