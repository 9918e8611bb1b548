//! Networks to import: two that were measured, a tiny one written by hand, a large one that is made. Asserts nothing.

use serde_json::json;

use super::InputFile;

macro_rules! files {
    ($folder:literal, [$($name:literal),* $(,)?]) => {
        [$((
            concat!($folder, "/", $name, ".json"),
            include_str!(concat!("../../../tests/data/live-aws/", $folder, "/", $name, ".json")),
        )),*]
    };
}

macro_rules! network {
    ($folder:literal) => {
        files!(
            $folder,
            [
                "Addresses",
                "AvailabilityZones",
                "CustomerGateways",
                "ElasticsearchDomains",
                "InternetGateways",
                "LoadBalancerAttributes",
                "LoadBalancerListeners",
                "LoadBalancerTargetHealth",
                "LoadBalancers",
                "NatGateways",
                "NetworkAcls",
                "NetworkInterfaces",
                "PrefixLists",
                "RdsInstances",
                "Reservations",
                "RouteTables",
                "SecurityGroups",
                "Subnets",
                "TargetGroups",
                "TransitGatewayAttachments",
                "TransitGatewayPropagations",
                "TransitGatewayRouteTables",
                "TransitGatewayStaticRoutes",
                "TransitGatewayVpcAttachments",
                "TransitGateways",
                "VpcEndpointServices",
                "VpcEndpoints",
                "VpcPeeringConnections",
                "Vpcs",
                "VpnConnections",
                "VpnGateways",
            ]
        )
    };
}

pub(crate) type File = (&'static str, &'static str);

pub(crate) fn endpoints_network() -> Vec<File> {
    network!("aws_vpc_endpoints/aws_configs/us-east-1").to_vec()
}

pub(crate) fn peering_network() -> Vec<File> {
    let mut files = network!("aws_multi_account_vpc_peering/aws_configs/accounts/028403472736/us-east-1").to_vec();
    files.extend(network!("aws_multi_account_vpc_peering/aws_configs/accounts/951601349076/us-east-1"));
    files
}

pub(crate) fn inputs<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<InputFile> {
    files.into_iter().map(|(path, text)| InputFile { path: path.to_owned(), text: text.to_owned() }).collect()
}

/// A network written by hand: its answers by kind, each a list of items in JSON.
pub(super) fn tiny(changes: &[(&str, &str)]) -> Vec<InputFile> {
    let mut answers: Vec<(&str, String)> = vec![
        ("Vpcs", r#"[{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333"}]"#.to_owned()),
        (
            "Subnets",
            r#"[{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a"}]"#
                .to_owned(),
        ),
        (
            "RouteTables",
            r#"[{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"}], "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1"}]}]"#
                .to_owned(),
        ),
        (
            "NetworkAcls",
            r#"[{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [], "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "SubnetId": "subnet-1"}]}]"#
                .to_owned(),
        ),
        ("SecurityGroups", r#"[{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1"}]"#.to_owned()),
        ("NetworkInterfaces", "[]".to_owned()),
        ("Reservations", "[]".to_owned()),
    ];
    for (key, text) in changes {
        match answers.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => (*text).clone_into(old),
            None => answers.push((key, (*text).to_owned())),
        }
    }
    let file = |(key, text): (&str, String)| InputFile {
        path: format!("us-east-1/{key}.json"),
        text: format!("{{\"{key}\": {text}}}"),
    };
    answers.into_iter().map(file).collect()
}

/// An account at scale: subnets of their own tables, and interfaces of instances spread over them.
pub(crate) fn large(subnets: usize, interfaces: usize) -> Vec<InputFile> {
    let subnet_id = |n: usize| format!("subnet-{n:017x}");
    let eni = |n: usize| {
        let subnet = n % subnets;
        let address = format!("10.{}.{}.{}", subnet / 256, subnet % 256, 4 + n / subnets);
        json!({
            "NetworkInterfaceId": format!("eni-{n:017x}"), "SubnetId": subnet_id(subnet), "VpcId": "vpc-1",
            "Description": "", "Groups": [{"GroupId": "sg-1", "GroupName": "default"}], "InterfaceType": "interface",
            "Ipv6Addresses": [], "MacAddress": "12:ee:6b:c7:30:e3", "OwnerId": "111122223333", "SourceDestCheck": true,
            "PrivateIpAddress": address, "Status": "in-use", "TagSet": [{"Key": "Name", "Value": format!("web-{n}")}],
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address, "PrivateDnsName": "ip.ec2.internal"}],
            "Attachment": {
                "AttachmentId": format!("eni-attach-{n:017x}"), "DeviceIndex": 0, "DeleteOnTermination": true,
                "InstanceId": format!("i-{n:017x}"), "InstanceOwnerId": "111122223333", "Status": "attached",
            },
        })
    };
    let instance = |n: usize| {
        json!({"OwnerId": "111122223333", "ReservationId": format!("r-{n:017x}"), "Groups": [], "Instances": [{
            "InstanceId": format!("i-{n:017x}"), "State": {"Code": 16, "Name": "running"}, "VpcId": "vpc-1",
            "SubnetId": subnet_id(n % subnets), "InstanceType": "t2.micro", "NetworkInterfaces": [eni(n)],
            "Tags": [{"Key": "Name", "Value": format!("web-{n}")}],
        }]})
    };
    let subnet = |n: usize| {
        json!({"SubnetId": subnet_id(n), "VpcId": "vpc-1", "CidrBlock": format!("10.{}.{}.0/24", n / 256, n % 256),
            "AvailabilityZone": "us-east-1a"})
    };
    let table = |n: usize| {
        json!({"RouteTableId": format!("rtb-{n:017x}"), "VpcId": "vpc-1", "PropagatingVgws": [], "Tags": [],
            "Routes": [{"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "local", "Origin": "CreateRouteTable"}],
            "Associations": if n == 0 {
                json!([{"Main": true, "RouteTableAssociationId": "rtbassoc-0"}])
            } else {
                json!([{"Main": false, "RouteTableAssociationId": format!("rtbassoc-{n:017x}"), "SubnetId": subnet_id(n)}])
            },
        })
    };
    let associations: Vec<_> = (0..subnets)
        .map(|n| json!({"NetworkAclAssociationId": format!("aclassoc-{n:017x}"), "SubnetId": subnet_id(n)}))
        .collect();
    let answers = [
        json!({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8", "OwnerId": "111122223333"}]}),
        json!({"Subnets": (0..subnets).map(subnet).collect::<Vec<_>>()}),
        json!({"RouteTables": (0..subnets).map(table).collect::<Vec<_>>()}),
        json!({"NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true, "Entries": [],
            "Associations": associations}]}),
        json!({"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1"}]}),
        json!({"NetworkInterfaces": (0..interfaces).map(eni).collect::<Vec<_>>()}),
        json!({"Reservations": (0..interfaces).map(instance).collect::<Vec<_>>()}),
    ];
    let file = |(index, answer): (usize, &serde_json::Value)| InputFile {
        path: format!("us-east-1/{index}.json"),
        text: serde_json::to_string_pretty(answer).expect("JSON"),
    };
    answers.iter().enumerate().map(file).collect()
}
