//! A dual-stack VPC with a public and a private subnet, a machine in each, and every kind of way out. Asserts nothing.

use serde_json::{Value, json};

use super::InputFile;

const OWNER: &str = "111122223333";

/// The answers of one account, by their keys, to be changed before they are imported.
pub(crate) struct Small(Vec<(String, Value)>);

impl Small {
    pub(crate) fn new() -> Self {
        let mut all = network();
        all.extend(machines());
        Self(all.into_iter().map(|(key, items)| (key.to_owned(), items)).collect())
    }

    /// The items under a key; an empty list where there are none yet.
    pub(crate) fn items(&mut self, key: &str) -> &mut Value {
        let index = self.0.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.0.push((key.to_owned(), json!([])));
            self.0.len() - 1
        });
        &mut self.0[index].1
    }

    /// Adds an item under a key.
    pub(crate) fn add(&mut self, key: &str, item: Value) {
        self.items(key).as_array_mut().expect("answers are lists").push(item);
    }

    pub(crate) fn files(&self) -> Vec<InputFile> {
        let file = |(key, items): &(String, Value)| InputFile {
            path: format!("{OWNER}/us-west-2/{key}.json"),
            text: format!("{:#}", json!({key: items})),
        };
        self.0.iter().map(file).collect()
    }
}

fn network() -> Vec<(&'static str, Value)> {
    let local = |block: &str| json!({"DestinationCidrBlock": block, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"});
    let local6 = |block: &str| json!({"DestinationIpv6CidrBlock": block, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"});
    let open = |number: u32, egress: bool, key: &str, block: &str| json!({"RuleNumber": number, "Egress": egress, "Protocol": "-1", "RuleAction": "allow", key: block});
    let all =
        json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]);
    let six = |block: &str| json!([{"Ipv6CidrBlock": block, "Ipv6CidrBlockState": {"State": "associated"}}]);
    let subnet = |id: &str, block: &str, block6: &str| {
        json!({"SubnetId": id, "VpcId": "vpc-1", "CidrBlock": block, "AvailabilityZone": "us-west-2a", "OwnerId": OWNER,
            "Ipv6CidrBlockAssociationSet": six(block6)})
    };
    vec![
        (
            "Vpcs",
            json!([{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": OWNER,
            "Ipv6CidrBlockAssociationSet": six("2600:1f14:abc:de00::/56")}]),
        ),
        (
            "Subnets",
            json!([
                subnet("subnet-1", "10.0.1.0/24", "2600:1f14:abc:de01::/64"),
                subnet("subnet-2", "10.0.2.0/24", "2600:1f14:abc:de02::/64")
            ]),
        ),
        (
            "RouteTables",
            json!([
                {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "OwnerId": OWNER,
                 "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1"}],
                 "Routes": [local("10.0.0.0/16"), local6("2600:1f14:abc:de00::/56"),
                    {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "Origin": "CreateRoute", "State": "active"},
                    {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "Origin": "CreateRoute", "State": "active"}]},
                {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "OwnerId": OWNER,
                 "Associations": [{"Main": false, "SubnetId": "subnet-1", "RouteTableAssociationId": "rtbassoc-2"}],
                 "Routes": [local("10.0.0.0/16"), local6("2600:1f14:abc:de00::/56"),
                    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"},
                    {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}]}
            ]),
        ),
        (
            "NetworkAcls",
            json!([{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "OwnerId": OWNER, "IsDefault": true,
            "Entries": [open(100, false, "CidrBlock", "0.0.0.0/0"), open(101, false, "Ipv6CidrBlock", "::/0"),
                open(100, true, "CidrBlock", "0.0.0.0/0"), open(101, true, "Ipv6CidrBlock", "::/0")],
            "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "SubnetId": "subnet-1"},
                {"NetworkAclAssociationId": "aclassoc-2", "SubnetId": "subnet-2"}]}]),
        ),
        (
            "SecurityGroups",
            json!([{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1", "OwnerId": OWNER,
            "IpPermissions": all.clone(), "IpPermissionsEgress": all}]),
        ),
        (
            "InternetGateways",
            json!([{"InternetGatewayId": "igw-1", "OwnerId": OWNER, "Attachments": [{"State": "available", "VpcId": "vpc-1"}]}]),
        ),
        (
            "EgressOnlyInternetGateways",
            json!([{"EgressOnlyInternetGatewayId": "eigw-1", "Attachments": [{"State": "attached", "VpcId": "vpc-1"}]}]),
        ),
        (
            "NatGateways",
            json!([{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available",
            "ConnectivityType": "public", "NatGatewayAddresses": [
                {"NetworkInterfaceId": "eni-3", "PrivateIp": "10.0.1.20", "PublicIp": "54.0.0.20", "AllocationId": "eipalloc-20", "IsPrimary": true},
                {"NetworkInterfaceId": "eni-3", "PrivateIp": "10.0.1.21", "PublicIp": "54.0.0.21", "AllocationId": "eipalloc-21", "IsPrimary": false}]}]),
        ),
    ]
}

fn machines() -> Vec<(&'static str, Value)> {
    let plain = |address: &str| json!({"PrivateIpAddress": address, "Primary": true});
    let elastic = |address: &str, primary: bool, last: u32| {
        json!({"PrivateIpAddress": address, "Primary": primary, "Association": {"PublicIp": format!("54.0.0.{last}"),
            "IpOwnerId": OWNER, "AllocationId": format!("eipalloc-{last}"), "AssociationId": format!("eipassoc-{last}")}})
    };
    let eni = |id: u32, subnet: u32, addresses: Value, six: Value| {
        json!({"NetworkInterfaceId": format!("eni-{id}"), "SubnetId": format!("subnet-{subnet}"), "VpcId": "vpc-1",
            "OwnerId": OWNER, "InterfaceType": "interface", "SourceDestCheck": true, "Groups": [{"GroupId": "sg-1"}],
            "PrivateIpAddresses": addresses, "Ipv6Addresses": six,
            "Attachment": {"InstanceId": format!("i-{id}"), "DeviceIndex": 0, "Status": "attached"}})
    };
    let mut nat = eni(3, 1, json!([elastic("10.0.1.20", true, 20), elastic("10.0.1.21", false, 21)]), json!([]));
    nat["InterfaceType"] = json!("nat_gateway");
    nat["Description"] = json!("Interface for NAT Gateway nat-1");
    nat["SourceDestCheck"] = json!(false);
    nat["Groups"] = json!([]);
    nat["Attachment"] = json!({"DeviceIndex": 1, "InstanceOwnerId": "amazon-aws", "Status": "attached"});
    let instance = |id: u32, subnet: u32, name: &str| {
        json!({"OwnerId": OWNER, "ReservationId": format!("r-{id}"), "Instances": [{"InstanceId": format!("i-{id}"),
            "State": {"Code": 16, "Name": "running"}, "VpcId": "vpc-1", "SubnetId": format!("subnet-{subnet}"),
            "InstanceType": "m5.large", "Tags": [{"Key": "Name", "Value": name}]}]})
    };
    let address = |last: u32, eni: u32| {
        json!({"AllocationId": format!("eipalloc-{last}"), "AssociationId": format!("eipassoc-{last}"), "Domain": "vpc",
            "PublicIp": format!("54.0.0.{last}"), "NetworkInterfaceId": format!("eni-{eni}"),
            "PrivateIpAddress": format!("10.0.1.{last}")})
    };
    vec![
        ("Addresses", json!([address(10, 1), address(20, 3), address(21, 3)])),
        (
            "NetworkInterfaces",
            json!([
                eni(1, 1, json!([elastic("10.0.1.10", true, 10)]), json!([{"Ipv6Address": "2600:1f14:abc:de01::10"}])),
                eni(2, 2, json!([plain("10.0.2.10")]), json!([{"Ipv6Address": "2600:1f14:abc:de02::10"}])),
                nat
            ]),
        ),
        ("Reservations", json!([instance(1, 1, "web"), instance(2, 2, "app")])),
    ]
}
