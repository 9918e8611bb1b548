//! Describe answers about instances, interfaces, addresses and filters, item by item. Filters nothing.

use serde_json::{Map, Value, json};

use super::describe::{View, tag_set, timestamp};
use super::describe_network::{VISIBLE_AFTER_END, group_name};
use super::*;
use crate::base::{Cidr, RegionName};

pub(super) fn instances(view: &View<'_>) -> Vec<Value> {
    let visible = |instance: &&Instance| match instance.state {
        InstanceState::Running | InstanceState::Stopped => true,
        InstanceState::Terminated { at } => view.at < at.after(VISIBLE_AFTER_END),
    };
    let in_vpcs = view.region.instances.values().filter(visible).map(|instance| describe_instance(view, instance));
    let classic = view.region.classic_instances.values().map(|instance| {
        json!({
            "InstanceId": instance.id.as_str(),
            "State": {"Code": instance.state.code(), "Name": instance.state.as_str()},
            "Placement": {"AvailabilityZone": instance.availability_zone.as_str()},
            "PrivateIpAddress": instance.private_address.to_string(),
            "PublicIpAddress": instance.public_address.to_string(),
            "Tags": tag_set(&instance.tags),
        })
    });
    in_vpcs.chain(classic).collect()
}

fn describe_instance(view: &View<'_>, instance: &Instance) -> Value {
    let region = view.region;
    let enis = instance.interfaces.values().filter_map(|id| region.network_interfaces.get(id));
    let primary = instance.primary_interface().and_then(|id| region.network_interfaces.get(id));
    let mut item = json!({
        "InstanceId": instance.id.as_str(),
        "InstanceType": instance.instance_type,
        "LaunchTime": timestamp(view, instance.launched_at),
        "Placement": {"AvailabilityZone": instance.availability_zone.as_str()},
        "State": {"Code": instance.state.code(), "Name": instance.state.as_str()},
        "NetworkInterfaces": enis.map(|eni| network_interface(view, eni)).collect::<Vec<_>>(),
        "Tags": tag_set(&instance.tags),
    });
    if instance.is_live() {
        item["VpcId"] = json!(instance.vpc_id.as_str());
        item["SubnetId"] = json!(instance.subnet_id.as_str());
    }
    if let Some(eni) = primary {
        let private = eni.primary_address();
        item["PrivateIpAddress"] = json!(private.map(|address| address.to_string()));
        item["PrivateDnsName"] = json!(private.map(|address| private_name(&region.name, address)));
        item["SourceDestCheck"] = json!(eni.source_dest_check);
        item["SecurityGroups"] = eni.groups.iter().map(|id| group_name(region, id)).collect();
        if let Some(public) = eni.public_address() {
            item["PublicIpAddress"] = json!(public.to_string());
            if region.vpcs.get(&instance.vpc_id).is_some_and(|vpc| vpc.enable_dns_hostnames) {
                item["PublicDnsName"] = json!(public_name(&region.name, public));
            }
        }
    }
    if let Some(role) = &instance.role {
        let arn = format!("arn:aws:iam::{}:instance-profile/{role}", view.scope.account);
        item["IamInstanceProfile"] = json!({"Arn": arn});
    }
    item
}

/// The private name of an address: `ip-10-0-1-5.us-west-2.compute.internal` (VPC User Guide, "Using DNS").
pub fn private_name(region: &RegionName, address: std::net::Ipv4Addr) -> String {
    format!("ip-{}.{}", address.to_string().replace('.', "-"), private_domain(region))
}

/// The public name of an address: `ec2-203-0-113-25.us-west-2.compute.amazonaws.com` (VPC User Guide, "Using DNS").
pub fn public_name(region: &RegionName, address: std::net::Ipv4Addr) -> String {
    let digits = address.to_string().replace('.', "-");
    if region.as_str() == "us-east-1" {
        format!("ec2-{digits}.compute-1.amazonaws.com")
    } else {
        format!("ec2-{digits}.{region}.compute.amazonaws.com")
    }
}

pub(super) fn network_interfaces(view: &View<'_>) -> Vec<Value> {
    view.region.network_interfaces.values().map(|eni| network_interface(view, eni)).collect()
}

fn network_interface(view: &View<'_>, eni: &NetworkInterface) -> Value {
    let region = view.region;
    let association = |association: &PublicAssociation| {
        let owner = if association.elastic.is_some() { view.scope.account.as_str() } else { "amazon" };
        let mut item = json!({"IpOwnerId": owner, "PublicIp": association.public_ip.to_string()});
        if let Some((allocation, id)) = &association.elastic {
            item["AllocationId"] = json!(allocation.as_str());
            item["AssociationId"] = json!(id.as_str());
        }
        item
    };
    let private = eni.private_addresses.iter().enumerate().map(|(place, own)| {
        let mut item = json!({
            "Primary": place == 0,
            "PrivateIpAddress": own.address.to_string(),
            "PrivateDnsName": private_name(&region.name, own.address),
        });
        if let Some(public) = &own.association {
            item["Association"] = association(public);
        }
        item
    });
    let mut item = json!({
        "NetworkInterfaceId": eni.id.as_str(),
        "VpcId": eni.vpc_id.as_str(),
        "SubnetId": eni.subnet_id.as_str(),
        "AvailabilityZone": eni.availability_zone.as_str(),
        "Description": eni.description,
        "InterfaceType": eni.interface_type.as_str(),
        "OwnerId": view.scope.account.as_str(),
        "RequesterManaged": eni.interface_type != InterfaceType::Interface,
        "Status": if eni.attachment.is_some() { "in-use" } else { "available" },
        "SourceDestCheck": eni.source_dest_check,
        "Groups": eni.groups.iter().map(|id| group_name(region, id)).collect::<Vec<_>>(),
        "PrivateIpAddress": eni.primary_address().map(|address| address.to_string()),
        "PrivateIpAddresses": private.collect::<Vec<_>>(),
        "Ipv6Addresses": eni.ipv6_addresses.iter().map(|a| json!({"Ipv6Address": a.to_string()})).collect::<Vec<_>>(),
        "TagSet": tag_set(&eni.tags),
    });
    if let Some(public) = eni.private_addresses.first().and_then(|own| own.association.as_ref()) {
        item["Association"] = association(public);
    }
    if let Some(attachment) = &eni.attachment {
        item["Attachment"] = json!({
            "DeviceIndex": attachment.device_index,
            "DeleteOnTermination": attachment.delete_on_termination,
            "Status": "attached",
        });
        match &attachment.instance_id {
            Some(id) => item["Attachment"]["InstanceId"] = json!(id.as_str()),
            None => item["Attachment"]["InstanceOwnerId"] = json!("amazon-aws"),
        }
    }
    item
}

pub(super) fn addresses(view: &View<'_>) -> Vec<Value> {
    let address = |ip: &ElasticIp| {
        let mut item = json!({
            "AllocationId": ip.allocation_id.as_str(),
            "PublicIp": ip.public_ip.to_string(),
            "Domain": "vpc",
            "Tags": tag_set(&ip.tags),
        });
        if let Some(association) = &ip.association {
            let eni = view.region.network_interfaces.get(&association.network_interface_id);
            item["AssociationId"] = json!(association.association_id.as_str());
            item["NetworkInterfaceId"] = json!(association.network_interface_id.as_str());
            item["NetworkInterfaceOwnerId"] = json!(view.scope.account.as_str());
            item["PrivateIpAddress"] = json!(association.private_ip_address.to_string());
            if let Some(instance) = eni.and_then(NetworkInterface::instance_id) {
                item["InstanceId"] = json!(instance.as_str());
            }
        }
        item
    };
    view.region.elastic_ips.values().map(address).collect()
}

pub(super) fn security_groups(view: &View<'_>) -> Vec<Value> {
    let group = |group: &SecurityGroup| {
        json!({
            "GroupId": group.id.as_str(),
            "GroupName": group.group_name,
            "Description": group.description,
            "VpcId": group.vpc_id.as_str(),
            "OwnerId": view.scope.account.as_str(),
            "IpPermissions": group.ingress.iter().map(|rule| permission(view, rule)).collect::<Vec<_>>(),
            "IpPermissionsEgress": group.egress.iter().map(|rule| permission(view, rule)).collect::<Vec<_>>(),
            "Tags": tag_set(&group.tags),
        })
    };
    view.region.security_groups.values().map(group).collect()
}

fn permission(view: &View<'_>, rule: &SecurityGroupRule) -> Value {
    let mut item = json!({
        "IpProtocol": rule.protocol.name(),
        "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [],
    });
    if let Some((from, to)) = rule.protocol.fields() {
        item["FromPort"] = json!(from);
        item["ToPort"] = json!(to);
    }
    match &rule.peer {
        Peer::Cidr(block) if block.is_v4() => item["IpRanges"] = json!([{"CidrIp": block.to_string()}]),
        Peer::Cidr(block) => item["Ipv6Ranges"] = json!([{"CidrIpv6": block.to_string()}]),
        Peer::PrefixList(list) => item["PrefixListIds"] = json!([{"PrefixListId": list.as_str()}]),
        Peer::Group(group) => {
            let account = group.account.as_ref().unwrap_or(&view.scope.account);
            item["UserIdGroupPairs"] = json!([{"GroupId": group.group_id.as_str(), "UserId": account.as_str()}]);
        }
    }
    item
}

pub(super) fn network_acls(view: &View<'_>) -> Vec<Value> {
    view.region.network_acls.values().map(|acl| network_acl(view, acl)).collect()
}

fn network_acl(view: &View<'_>, acl: &NetworkAcl) -> Value {
    let final_deny = |number, cidr_block| {
        (number, NetworkAclEntry { protocol: Protocol::All, cidr_block, rule_action: RuleAction::Deny })
    };
    let ipv6 = view.region.vpcs.get(&acl.vpc_id).is_some_and(|vpc| !vpc.ipv6_cidr_blocks.is_empty());
    let mut entries = Vec::new();
    for egress in [true, false] {
        let own = acl.entries(egress).iter().map(|(number, entry)| (*number, entry.clone()));
        // What the console writes `*` (facts A2).
        let last = final_deny(NetworkAcl::FINAL_DENY, Cidr::ALL_V4);
        let last_v6 = ipv6.then(|| final_deny(NetworkAcl::FINAL_DENY + 1, Cidr::ALL_V6));
        entries.extend(own.chain([last]).chain(last_v6).map(|(number, entry)| acl_entry(number, egress, &entry)));
    }
    let associations = acl.subnets.iter().filter_map(|id| {
        let association = &view.region.subnets.get(id)?.network_acl_association;
        Some(json!({
            "NetworkAclAssociationId": association.association_id.as_str(),
            "NetworkAclId": acl.id.as_str(),
            "SubnetId": id.as_str(),
        }))
    });
    json!({
        "NetworkAclId": acl.id.as_str(),
        "VpcId": acl.vpc_id.as_str(),
        "IsDefault": acl.is_default,
        "Entries": entries,
        "Associations": associations.collect::<Vec<_>>(),
        "Tags": tag_set(&acl.tags),
    })
}

fn acl_entry(number: u16, egress: bool, entry: &NetworkAclEntry) -> Value {
    let protocol = entry.protocol.number().map_or_else(|| "-1".to_owned(), |number| number.to_string());
    let mut item = Map::new();
    let key = if entry.cidr_block.is_v4() { "CidrBlock" } else { "Ipv6CidrBlock" };
    item.insert(key.to_owned(), json!(entry.cidr_block.to_string()));
    item.insert("Egress".to_owned(), json!(egress));
    if let Some((from, to)) = entry.protocol.fields() {
        let icmp = matches!(entry.protocol, Protocol::Icmp(_) | Protocol::Icmpv6(_));
        let (key, value) = if icmp {
            ("IcmpTypeCode", json!({"Type": from, "Code": to}))
        } else {
            ("PortRange", json!({"From": from, "To": to}))
        };
        item.insert(key.to_owned(), value);
    }
    item.insert("Protocol".to_owned(), json!(protocol));
    item.insert("RuleAction".to_owned(), json!(entry.rule_action.as_str()));
    item.insert("RuleNumber".to_owned(), json!(number));
    Value::Object(item)
}

pub(super) fn availability_zones(view: &View<'_>) -> Vec<Value> {
    let zone = |(zone, state): (&crate::base::AvailabilityZone, &ZoneState)| {
        json!({
            "ZoneName": zone.as_str(),
            "RegionName": view.scope.region.as_str(),
            "State": if state.failed { "impaired" } else { "available" },
            "Messages": [],
        })
    };
    view.region.zones.iter().map(zone).collect()
}
