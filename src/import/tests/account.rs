//! An account with one of nearly everything, as its describe calls would tell it. Asserts nothing.

use serde_json::{Value, json};

use super::InputFile;

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

/// The answers of two accounts in two regions, each with its path.
pub(crate) fn answers() -> Vec<(String, Value)> {
    let mut all = network();
    all.extend(routing());
    all.extend(machines());
    all.extend(filters());
    all.extend(neighbors());
    all.extend(partner());
    all
}

/// The same as files.
pub(crate) fn files() -> Vec<InputFile> {
    let file = |(path, answer): (String, Value)| InputFile { path, text: format!("{answer:#}") };
    answers().into_iter().map(file).collect()
}

fn at(region: &str, key: &str, items: Value) -> (String, Value) {
    (format!("{OWNER}/{region}/{key}.json"), json!({key: items}))
}

fn network() -> Vec<(String, Value)> {
    let here = "us-east-1";
    vec![
        at(
            here,
            "Vpcs",
            json!([
                {"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": OWNER, "IsDefault": false,
                 "DhcpOptionsId": "dopt-0a", "State": "available", "InstanceTenancy": "default",
                 "CidrBlockAssociationSet": [
                     {"AssociationId": "vpc-cidr-assoc-1", "CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
                     {"AssociationId": "vpc-cidr-assoc-2", "CidrBlock": "10.5.0.0/16", "CidrBlockState": {"State": "associated"}},
                     {"AssociationId": "vpc-cidr-assoc-3", "CidrBlock": "10.6.0.0/16", "CidrBlockState": {"State": "disassociated"}}],
                 "Ipv6CidrBlockAssociationSet": [
                     {"AssociationId": "a", "Ipv6CidrBlock": "2600:1f18:1::/56", "Ipv6CidrBlockState": {"State": "associated"}},
                     {"AssociationId": "b", "Ipv6CidrBlock": "2600:1f18:2::/56", "Ipv6CidrBlockState": {"State": "associated"}}],
                 "Tags": [{"Key": "Name", "Value": "prod: main"}, {"Key": "aws:cloudformation:stack-name", "Value": "net, v2"}]},
                {"VpcId": "vpc-0b", "CidrBlock": "172.31.0.0/16", "OwnerId": OWNER, "IsDefault": true, "DhcpOptionsId": "default"}
            ]),
        ),
        at(
            here,
            "DhcpOptions",
            json!([
                {"DhcpOptionsId": "dopt-0a", "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "corp dns"}],
                 "DhcpConfigurations": [
                    {"Key": "domain-name", "Values": [{"Value": "corp.example"}]},
                    {"Key": "domain-name-servers", "Values": [{"Value": "10.0.0.2"}, {"Value": "AmazonProvidedDNS"}]}]}
            ]),
        ),
        at(
            here,
            "Subnets",
            json!([
                {"SubnetId": "subnet-0a", "VpcId": "vpc-0a", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a",
                 "MapPublicIpOnLaunch": true, "AssignIpv6AddressOnCreation": true, "OwnerId": OWNER,
                 "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18:1:1::/64", "Ipv6CidrBlockState": {"State": "associated"}}],
                 "Tags": [{"Key": "Name", "Value": "public"}]},
                {"SubnetId": "subnet-0b", "VpcId": "vpc-0a", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-east-1f",
                 "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "private"}]},
                {"SubnetId": "subnet-0c", "VpcId": "vpc-0a", "CidrBlock": "10.5.1.0/24", "AvailabilityZone": "us-east-1b",
                 "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "private"}]},
                {"SubnetId": "subnet-0d", "VpcId": "vpc-0b", "CidrBlock": "172.31.0.0/20", "AvailabilityZone": "us-east-1a",
                 "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "private"}]},
                {"SubnetId": "subnet-0e", "VpcId": "vpc-0a", "Ipv6Native": true, "AvailabilityZone": "us-east-1a", "OwnerId": OWNER,
                 "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18:1:9::/64", "Ipv6CidrBlockState": {"State": "associated"}}]}
            ]),
        ),
        at(
            here,
            "PrefixLists",
            json!([
                {"PrefixListId": "pl-0a", "PrefixListName": "offices of ours", "OwnerId": OWNER, "MaxEntries": 5, "Version": 3},
                {"PrefixListId": "pl-0c", "PrefixListName": "shared by the partner", "OwnerId": OTHER, "MaxEntries": 5, "Version": 2},
                {"PrefixListId": "pl-63a5400a", "PrefixListName": "com.amazonaws.us-east-1.s3", "OwnerId": "AWS"},
                {"PrefixListId": "pl-0b", "PrefixListName": "com.amazonaws.global.cloudfront.origin-facing", "OwnerId": "AWS"}
            ]),
        ),
        (
            format!("{OWNER}/{here}/pl-0a.json"),
            json!({"Entries": [{"Cidr": "192.0.2.0/24"}, {"Cidr": "198.51.100.0/25"}]}),
        ),
        (format!("{OWNER}/{here}/pl-0c.json"), json!({"Entries": [{"Cidr": "10.200.0.0/16"}]})),
    ]
}

fn routing() -> Vec<(String, Value)> {
    let here = "us-east-1";
    let local = |block: &str| json!({"DestinationCidrBlock": block, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"});
    let local6 = |block: &str| json!({"DestinationIpv6CidrBlock": block, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"});
    let route = |to: &str, key: &str, id: &str, state: &str| json!({"DestinationCidrBlock": to, key: id, "Origin": "CreateRoute", "State": state});
    vec![
        at(
            here,
            "RouteTables",
            json!([
                {"RouteTableId": "rtb-0a", "VpcId": "vpc-0a", "OwnerId": OWNER, "PropagatingVgws": [{"GatewayId": "vgw-0a"}],
                 "Tags": [{"Key": "env", "Value": "prod"}],
                 "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-0a"},
                                  {"Main": false, "SubnetId": "subnet-0c", "RouteTableAssociationId": "rtbassoc-0b"}],
                 "Routes": [local("10.0.0.0/16"), local("10.5.0.0/16"), local6("2600:1f18:1::/56"), local6("2600:1f18:2::/56"),
                    route("10.20.0.0/16", "TransitGatewayId", "tgw-0a", "active"),
                    route("10.21.0.0/16", "NatGatewayId", "nat-0gone", "blackhole"),
                    route("10.22.0.0/16", "VpcPeeringConnectionId", "pcx-0a", "active"),
                    route("10.23.0.0/16", "VpcPeeringConnectionId", "pcx-0far", "active"),
                    route("10.24.0.0/16", "NetworkInterfaceId", "eni-0stopped", "blackhole"),
                    {"DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-0a", "Origin": "EnableVgwRoutePropagation", "State": "active"},
                    {"DestinationCidrBlock": "192.168.7.0/24", "GatewayId": "vgw-0a", "Origin": "EnableVgwRoutePropagation", "State": "active"},
                    {"DestinationPrefixListId": "pl-0a", "GatewayId": "igw-0a", "Origin": "CreateRoute", "State": "active"},
                    {"DestinationPrefixListId": "pl-0c", "GatewayId": "vgw-0a", "Origin": "CreateRoute", "State": "active"},
                    {"DestinationPrefixListId": "pl-63a5400a", "GatewayId": "vpce-0a", "Origin": "CreateRoute", "State": "active"}]},
                {"RouteTableId": "rtb-0b", "VpcId": "vpc-0a", "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "main"}],
                 "Associations": [{"Main": false, "SubnetId": "subnet-0a", "RouteTableAssociationId": "rtbassoc-0c"},
                                  {"Main": false, "GatewayId": "igw-0a", "RouteTableAssociationId": "rtbassoc-0d"}],
                 "Routes": [local("10.0.0.0/16"), local6("2600:1f18:1::/56"), local6("2600:1f18:2::/56"),
                    {"DestinationCidrBlock": "10.5.0.0/16", "NetworkInterfaceId": "eni-0web", "InstanceId": "i-0web", "Origin": "CreateRouteTable", "State": "active"},
                    route("0.0.0.0/0", "GatewayId", "igw-0a", "active"),
                    {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-0a", "Origin": "CreateRoute", "State": "active"}]},
                {"RouteTableId": "rtb-0c", "VpcId": "vpc-0b", "OwnerId": OWNER, "Tags": [{"Key": "Name", "Value": "default main"}],
                 "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-0e"}], "Routes": [local("172.31.0.0/16")]}
            ]),
        ),
        at(
            here,
            "InternetGateways",
            json!([
                {"InternetGatewayId": "igw-0a", "OwnerId": OWNER, "Attachments": [{"State": "available", "VpcId": "vpc-0a"}], "Tags": []},
                {"InternetGatewayId": "igw-0b", "OwnerId": OWNER, "Attachments": [], "Tags": [{"Key": "Name", "Value": "spare"}]}
            ]),
        ),
        at(
            here,
            "EgressOnlyInternetGateways",
            json!([
                {"EgressOnlyInternetGatewayId": "eigw-0a", "Attachments": [{"State": "attached", "VpcId": "vpc-0a"}],
                 "Tags": [{"Key": "Name", "Value": "six-out"}]}
            ]),
        ),
        at(
            here,
            "NatGateways",
            json!([
                {"NatGatewayId": "nat-0a", "VpcId": "vpc-0a", "SubnetId": "subnet-0a", "State": "available", "ConnectivityType": "public",
                 "NatGatewayAddresses": [
                    {"NetworkInterfaceId": "eni-0nat", "PrivateIp": "10.0.1.20", "PublicIp": "54.0.0.20", "AllocationId": "eipalloc-0nat", "IsPrimary": true},
                    {"NetworkInterfaceId": "eni-0nat", "PrivateIp": "10.0.1.21", "PublicIp": "54.0.0.21", "AllocationId": "eipalloc-0nat2", "IsPrimary": false}],
                 "Tags": [{"Key": "Name", "Value": "way-out"}]},
                {"NatGatewayId": "nat-0b", "VpcId": "vpc-0a", "SubnetId": "subnet-0b", "State": "available", "ConnectivityType": "private",
                 "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-0nat3", "PrivateIp": "10.0.2.20", "IsPrimary": true}]},
                {"NatGatewayId": "nat-0gone", "VpcId": "vpc-0a", "SubnetId": "subnet-0a", "State": "deleted", "NatGatewayAddresses": []}
            ]),
        ),
        at(
            here,
            "VpcEndpoints",
            json!([
                {"VpcEndpointId": "vpce-0a", "VpcEndpointType": "Gateway", "VpcId": "vpc-0a", "State": "available",
                 "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["rtb-0a"], "PrivateDnsEnabled": false,
                 "PolicyDocument": "{\n  \"Statement\": [\n    {\n      \"Action\": \"s3:GetObject\", \n      \"Effect\": \"Allow\", \n      \"Principal\": \"*\", \n      \"Resource\": \"*\"\n    }\n  ]\n}",
                 "Tags": [{"Key": "Name", "Value": "s3"}, {"Key": "team", "Value": "data"}]},
                {"VpcEndpointId": "vpce-0b", "VpcEndpointType": "Interface", "VpcId": "vpc-0a", "State": "available",
                 "ServiceName": "com.amazonaws.us-east-1.ecr.api", "SubnetIds": ["subnet-0b"], "NetworkInterfaceIds": ["eni-0vpce"],
                 "Groups": [{"GroupId": "sg-0a", "GroupName": "web tier"}], "PrivateDnsEnabled": true,
                 "DnsEntries": [{"DnsName": "vpce-0b-x.api.ecr.us-east-1.vpce.amazonaws.com"}, {"DnsName": "api.ecr.us-east-1.amazonaws.com"}],
                 "PolicyDocument": "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"},
                {"VpcEndpointId": "vpce-0c", "VpcEndpointType": "GatewayLoadBalancer", "VpcId": "vpc-0a", "State": "available",
                 "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0a", "SubnetIds": ["subnet-0b"], "NetworkInterfaceIds": []}
            ]),
        ),
    ]
}

fn eni(id: &str, subnet: &str, addresses: Value, more: &Value) -> Value {
    let vpc = if subnet == "subnet-0d" { "vpc-0b" } else { "vpc-0a" };
    let mut eni = json!({"NetworkInterfaceId": id, "SubnetId": subnet, "VpcId": vpc, "OwnerId": OWNER, "Description": "",
        "InterfaceType": "interface", "SourceDestCheck": true, "Groups": [{"GroupId": "sg-0a", "GroupName": "web tier"}],
        "PrivateIpAddresses": addresses, "TagSet": []});
    for (key, value) in more.as_object().into_iter().flatten() {
        eni[key] = value.clone();
    }
    eni
}

fn attached(instance: &str, index: u32, deleted: bool) -> Value {
    json!({"InstanceId": instance, "InstanceOwnerId": OWNER, "DeviceIndex": index, "DeleteOnTermination": deleted, "Status": "attached"})
}

fn machines() -> Vec<(String, Value)> {
    let here = "us-east-1";
    let own = |address: &str, primary: bool| json!({"PrivateIpAddress": address, "Primary": primary});
    let elastic = |address: &str, primary: bool, public: &str, name: &str| {
        json!({"PrivateIpAddress": address, "Primary": primary, "Association": {"PublicIp": public, "IpOwnerId": OWNER,
            "AllocationId": format!("eipalloc-0{name}"), "AssociationId": format!("eipassoc-0{name}")}})
    };
    let of_aws =
        json!({"DeviceIndex": 1, "DeleteOnTermination": false, "Status": "attached", "InstanceOwnerId": "amazon-aws"});
    // Of a fourth network card: so its place lies behind those of three.
    let on_a_card =
        json!({"DeviceIndex": 1, "NetworkCardIndex": 3, "Status": "attached", "InstanceOwnerId": "amazon-aws"});
    let instance = |id: &str, subnet: &str, state: &str, name: &str| {
        let vpc = if subnet == "subnet-0d" { "vpc-0b" } else { "vpc-0a" };
        json!({"OwnerId": OWNER, "ReservationId": format!("r-{id}"), "Groups": [], "Instances": [{
            "InstanceId": id, "State": {"Code": 16, "Name": state}, "VpcId": vpc, "SubnetId": subnet,
            "InstanceType": "m5.large", "Tags": [{"Key": "Name", "Value": name}]}]})
    };
    vec![
        at(
            here,
            "NetworkInterfaces",
            json!([
                eni(
                    "eni-0web",
                    "subnet-0a",
                    json!([
                        elastic("10.0.1.10", true, "54.0.0.10", "web"),
                        elastic("10.0.1.11", false, "54.0.0.11", "web2"),
                        own("10.0.1.12", false)
                    ]),
                    &json!({"Attachment": attached("i-0web", 0, false), "Description": "web's own", "SourceDestCheck": false,
                    "Ipv6Addresses": [{"Ipv6Address": "2600:1f18:1:1::10"}, {"Ipv6Address": "2600:1f18:1:1::11"}],
                    "TagSet": [{"Key": "Name", "Value": "web eth0"}]})
                ),
                eni(
                    "eni-0web2",
                    "subnet-0a",
                    json!([own("10.0.1.13", true)]),
                    &json!({"Attachment": attached("i-0web", 2, true), "TagSet": [{"Key": "Name", "Value": "second"}]})
                ),
                eni(
                    "eni-0twin",
                    "subnet-0a",
                    json!([{"PrivateIpAddress": "10.0.1.14", "Primary": true, "Association": {"PublicIp": "3.0.0.14", "IpOwnerId": "amazon", "PublicDnsName": "ec2-3.example"}}]),
                    &json!({"Attachment": attached("i-0twin", 0, true), "Groups": [{"GroupId": "sg-0default", "GroupName": "default"}]})
                ),
                eni(
                    "eni-0stopped",
                    "subnet-0b",
                    json!([own("10.0.2.10", true)]),
                    &json!({"Attachment": attached("i-0stopped", 0, true)})
                ),
                eni(
                    "eni-0gpu",
                    "subnet-0d",
                    json!([own("172.31.0.10", true)]),
                    &json!({"Attachment": attached("i-0gpu", 0, true), "Groups": [{"GroupId": "sg-0other", "GroupName": "default"}]})
                ),
                eni(
                    "eni-0gpu2",
                    "subnet-0d",
                    json!([own("172.31.0.11", true)]),
                    &json!({"Attachment": {"InstanceId": "i-0gpu", "InstanceOwnerId": OWNER, "DeviceIndex": 1, "NetworkCardIndex": 1, "DeleteOnTermination": true, "Status": "attached"},
                    "Groups": [{"GroupId": "sg-0other", "GroupName": "default"}], "InterfaceType": "efa"})
                ),
                eni(
                    "eni-0nat",
                    "subnet-0a",
                    json!([
                        elastic("10.0.1.20", true, "54.0.0.20", "nat"),
                        elastic("10.0.1.21", false, "54.0.0.21", "nat2")
                    ]),
                    &json!({"Attachment": of_aws, "InterfaceType": "nat_gateway", "Groups": [], "SourceDestCheck": false, "Description": "Interface for NAT Gateway nat-0a"})
                ),
                eni(
                    "eni-0nat3",
                    "subnet-0b",
                    json!([own("10.0.2.20", true)]),
                    &json!({"Attachment": of_aws, "InterfaceType": "nat_gateway", "Groups": [], "SourceDestCheck": false, "Description": "Interface for NAT Gateway nat-0b"})
                ),
                eni(
                    "eni-0vpce",
                    "subnet-0b",
                    json!([own("10.0.2.30", true)]),
                    &json!({"Attachment": of_aws, "InterfaceType": "vpc_endpoint", "Description": "VPC Endpoint Interface vpce-0b"})
                ),
                eni(
                    "eni-0lambda",
                    "subnet-0b",
                    json!([own("10.0.2.40", true), own("10.0.2.41", false)]),
                    &json!({"Attachment": on_a_card, "InterfaceType": "lambda", "RequesterManaged": true, "Description": "AWS Lambda VPC ENI-x"})
                ),
                eni(
                    "eni-0elb",
                    "subnet-0a",
                    json!([{"PrivateIpAddress": "10.0.1.40", "Primary": true, "Association": {"PublicIp": "3.0.0.40", "IpOwnerId": "amazon-elb"}}]),
                    &json!({"Attachment": of_aws, "RequesterManaged": true, "Description": "ELB app/front/1"})
                ),
                eni(
                    "eni-0loose",
                    "subnet-0b",
                    json!([own("10.0.2.50", true)]),
                    &json!({"TagSet": [{"Key": "Name", "Value": "spare"}]})
                ),
                eni(
                    "eni-0six",
                    "subnet-0e",
                    json!([]),
                    &json!({"Ipv6Addresses": [{"Ipv6Address": "2600:1f18:1:9::5"}]})
                )
            ]),
        ),
        at(
            here,
            "Reservations",
            json!([
                instance("i-0web", "subnet-0a", "running", "web"),
                instance("i-0twin", "subnet-0a", "running", "web"),
                instance("i-0stopped", "subnet-0b", "stopped", "batch job (nightly)"),
                instance("i-0gpu", "subnet-0d", "running", "gpu"),
                instance("i-0gone", "subnet-0a", "terminated", "gone")
            ]),
        ),
        at(
            here,
            "Addresses",
            json!([
                {"AllocationId": "eipalloc-0web", "PublicIp": "54.0.0.10", "Domain": "vpc", "AssociationId": "eipassoc-0web", "NetworkInterfaceId": "eni-0web", "PrivateIpAddress": "10.0.1.10", "Tags": [{"Key": "Name", "Value": "web"}]},
                {"AllocationId": "eipalloc-0web2", "PublicIp": "54.0.0.11", "Domain": "vpc", "AssociationId": "eipassoc-0web2", "NetworkInterfaceId": "eni-0web", "PrivateIpAddress": "10.0.1.11"},
                {"AllocationId": "eipalloc-0nat", "PublicIp": "54.0.0.20", "Domain": "vpc", "AssociationId": "eipassoc-0nat", "NetworkInterfaceId": "eni-0nat", "PrivateIpAddress": "10.0.1.20"},
                {"AllocationId": "eipalloc-0nat2", "PublicIp": "54.0.0.21", "Domain": "vpc", "AssociationId": "eipassoc-0nat2", "NetworkInterfaceId": "eni-0nat", "PrivateIpAddress": "10.0.1.21"},
                {"AllocationId": "eipalloc-0free", "PublicIp": "54.0.0.99", "Domain": "vpc"}
            ]),
        ),
    ]
}

fn filters() -> Vec<(String, Value)> {
    let here = "us-east-1";
    let all =
        json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]);
    let group = |id: &str, name: &str, vpc: &str, ingress: Value, egress: &Value, description: &str| json!({"GroupId": id, "GroupName": name, "VpcId": vpc, "OwnerId": OWNER, "Description": description, "IpPermissions": ingress, "IpPermissionsEgress": egress});
    let own = |id: &str| json!([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": id, "UserId": OWNER}]}]);
    let entry = |number: u32, egress: bool, action: &str| json!({"RuleNumber": number, "Egress": egress, "Protocol": "-1", "RuleAction": action, "CidrBlock": "0.0.0.0/0"});
    vec![
        at(
            here,
            "SecurityGroups",
            json!([
                group("sg-0default", "default", "vpc-0a", own("sg-0default"), &all, "default VPC security group"),
                group(
                    "sg-0other",
                    "default",
                    "vpc-0b",
                    own("sg-0other"),
                    &json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
                    "default VPC security group"
                ),
                group(
                    "sg-0a",
                    "web tier",
                    "vpc-0a",
                    json!([
                        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": [{"PrefixListId": "pl-0a"}, {"PrefixListId": "pl-0c"}]},
                        {"IpProtocol": "icmp", "FromPort": 3, "ToPort": 4, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [
                            {"GroupId": "sg-0default", "UserId": OWNER},
                            {"GroupId": "sg-0p", "UserId": OTHER, "VpcPeeringConnectionId": "pcx-0a", "PeeringStatus": "active"},
                            {"GroupId": "sg-0stale", "UserId": "777788889999", "VpcPeeringConnectionId": "pcx-0z", "PeeringStatus": "deleted"}]},
                        {"IpProtocol": "50", "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}
                    ]),
                    &json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}]}]),
                    "front, and more"
                )
            ]),
        ),
        at(
            here,
            "NetworkAcls",
            json!([
                {"NetworkAclId": "acl-0a", "VpcId": "vpc-0a", "IsDefault": true, "OwnerId": OWNER,
                 "Entries": [entry(100, false, "allow"), entry(100, true, "allow"), entry(32_767, false, "deny"), entry(32_767, true, "deny")],
                 "Associations": [{"NetworkAclAssociationId": "aclassoc-0a", "SubnetId": "subnet-0a"},
                    {"NetworkAclAssociationId": "aclassoc-0c", "SubnetId": "subnet-0c"},
                    {"NetworkAclAssociationId": "aclassoc-0e", "SubnetId": "subnet-0e"}], "Tags": [{"Key": "Name", "Value": "open"}]},
                {"NetworkAclId": "acl-0b", "VpcId": "vpc-0a", "IsDefault": false, "OwnerId": OWNER,
                 "Entries": [{"RuleNumber": 10, "Egress": false, "Protocol": "1", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "IcmpTypeCode": {"Type": 8, "Code": -1}},
                    {"RuleNumber": 20, "Egress": false, "Protocol": "6", "RuleAction": "deny", "Ipv6CidrBlock": "::/0", "PortRange": {"From": 0, "To": 1023}}],
                 "Associations": [{"NetworkAclAssociationId": "aclassoc-0b", "SubnetId": "subnet-0b"}], "Tags": [{"Key": "Name", "Value": "default"}]},
                {"NetworkAclId": "acl-0c", "VpcId": "vpc-0b", "IsDefault": true, "OwnerId": OWNER, "Entries": [entry(100, false, "allow"), entry(100, true, "allow")],
                 "Associations": [{"NetworkAclAssociationId": "aclassoc-0d", "SubnetId": "subnet-0d"}]}
            ]),
        ),
    ]
}

fn neighbors() -> Vec<(String, Value)> {
    let here = "us-east-1";
    let side = |vpc: &str, owner: &str, region: &str, dns: bool| json!({"VpcId": vpc, "OwnerId": owner, "Region": region, "CidrBlock": "10.22.0.0/16", "PeeringOptions": {"AllowDnsResolutionFromRemoteVpc": dns}});
    vec![
        at(
            here,
            "VpcPeeringConnections",
            json!([
                {"VpcPeeringConnectionId": "pcx-0a", "Status": {"Code": "active"}, "Tags": [{"Key": "Name", "Value": "to partner"}],
                 "RequesterVpcInfo": side("vpc-0a", OWNER, here, true), "AccepterVpcInfo": side("vpc-0p", OTHER, here, false)},
                {"VpcPeeringConnectionId": "pcx-0b", "Status": {"Code": "pending-acceptance"},
                 "RequesterVpcInfo": side("vpc-0b", OWNER, here, false), "AccepterVpcInfo": side("vpc-0w", OWNER, "eu-west-1", false)},
                {"VpcPeeringConnectionId": "pcx-0far", "Status": {"Code": "active"},
                 "RequesterVpcInfo": side("vpc-0a", OWNER, here, false), "AccepterVpcInfo": side("vpc-0nowhere", "999988887777", here, false)}
            ]),
        ),
        at(
            here,
            "VpnGateways",
            json!([
                {"VpnGatewayId": "vgw-0a", "State": "available", "VpcAttachments": [{"State": "attached", "VpcId": "vpc-0a"}], "Tags": [{"Key": "Name", "Value": "hq"}]},
                {"VpnGatewayId": "vgw-0b", "State": "available", "VpcAttachments": [{"State": "detached", "VpcId": "vpc-0b"}]}
            ]),
        ),
        at(
            here,
            "CustomerGateways",
            json!([
                {"CustomerGatewayId": "cgw-0a", "State": "available", "IpAddress": "198.51.100.20", "BgpAsn": "64512", "Tags": [{"Key": "Name", "Value": "hq"}]}
            ]),
        ),
        at(
            here,
            "VpnConnections",
            json!([
                {"VpnConnectionId": "vpn-0a", "State": "available", "CustomerGatewayId": "cgw-0a", "VpnGatewayId": "vgw-0a",
                 "Options": {"StaticRoutesOnly": true}, "Routes": [{"DestinationCidrBlock": "192.168.7.0/24", "State": "available"}],
                 "Tags": [{"Key": "Name", "Value": "hq"}]},
                {"VpnConnectionId": "vpn-0b", "State": "available", "CustomerGatewayId": "cgw-0a", "VpnGatewayId": "vgw-0a", "Options": {"StaticRoutesOnly": false}}
            ]),
        ),
        at(here, "TransitGateways", json!([{"TransitGatewayId": "tgw-0a", "State": "available"}])),
        at(
            here,
            "LoadBalancers",
            json!([{"LoadBalancerName": "front", "LoadBalancerArn": "arn:x", "DNSName": "front.example"}]),
        ),
    ]
}

/// The other region of the account, and the partner's account.
fn partner() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (owner, region, vpc, block) in
        [(OWNER, "eu-west-1", "vpc-0w", "10.30.0.0/16"), (OTHER, "us-east-1", "vpc-0p", "10.22.0.0/16")]
    {
        let tail = &vpc[4..];
        let mut put = |key: &str, items: Value| all.push((format!("{owner}/{region}/{key}.json"), json!({key: items})));
        put(
            "Vpcs",
            json!([{"VpcId": vpc, "CidrBlock": block, "OwnerId": owner, "DhcpOptionsId": format!("dopt-{tail}")}]),
        );
        put("Subnets", json!([]));
        put(
            "RouteTables",
            json!([{"RouteTableId": format!("rtb-{tail}"), "VpcId": vpc, "OwnerId": owner,
            "Associations": [{"Main": true, "RouteTableAssociationId": format!("rtbassoc-{tail}")}],
            "Routes": [{"DestinationCidrBlock": block, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}]}]),
        );
        put(
            "NetworkAcls",
            json!([{"NetworkAclId": format!("acl-{tail}"), "VpcId": vpc, "OwnerId": owner, "IsDefault": true, "Entries": [], "Associations": []}]),
        );
        put(
            "SecurityGroups",
            json!([{"GroupId": format!("sg-{tail}"), "GroupName": "default", "VpcId": vpc, "OwnerId": owner, "IpPermissions": [], "IpPermissionsEgress": []}]),
        );
        put("NetworkInterfaces", json!([]));
        put("Reservations", json!([]));
    }
    all
}
