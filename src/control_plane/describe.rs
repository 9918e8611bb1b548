//! The describe calls: which there are, their ids and filters, and what creating calls answer. Changes nothing.

use serde_json::{Map, Value, json};

use super::*;
use crate::base::{PrefixListId, RouteTableId, SimTime, VpcEndpointId};

/// Declares the describe calls: variant, EC2 name, name on the command line, key of the answer, key of the id, the error
/// for an unknown id.
macro_rules! calls {
    ($($variant:ident, $word:literal, $list:literal, $id:literal, $code:ident, $items:path;)*) => {
        /// A describe call.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Describe {
            $(#[doc = concat!("`aws ec2 describe-", $word, "`")] $variant,)*
        }

        impl Describe {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line, without `describe-`.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Its EC2 name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Describe", stringify!($variant)),)*
                }
            }

            /// The key under which its answer lists the items.
            const fn list_key(self) -> &'static str {
                match self {
                    $(Self::$variant => $list,)*
                }
            }

            /// The key of an item's id.
            const fn id_key(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            const fn not_found(self) -> ErrorCode {
                match self {
                    $(Self::$variant => ErrorCode::$code,)*
                }
            }

            fn items(self, view: &View<'_>) -> Vec<Value> {
                match self {
                    $(Self::$variant => $items(view),)*
                }
            }
        }
    };
}

calls! {
    VpcEndpoints, "vpc-endpoints", "VpcEndpoints", "VpcEndpointId", InvalidVpcEndpointIdNotFound,
        describe_network::vpc_endpoints;
    VpcEndpointServices, "vpc-endpoint-services", "ServiceDetails", "ServiceName", InvalidServiceName,
        describe_network::services;
    PrefixLists, "prefix-lists", "PrefixLists", "PrefixListId", InvalidPrefixListIdNotFound,
        describe_network::prefix_lists;
    ManagedPrefixLists, "managed-prefix-lists", "PrefixLists", "PrefixListId", InvalidPrefixListIdNotFound,
        describe_network::managed_prefix_lists;
    Vpcs, "vpcs", "Vpcs", "VpcId", InvalidVpcIdNotFound, describe_network::vpcs;
    Subnets, "subnets", "Subnets", "SubnetId", InvalidSubnetIdNotFound, describe_network::subnets;
    RouteTables, "route-tables", "RouteTables", "RouteTableId", InvalidRouteTableIdNotFound,
        describe_network::route_tables;
    InternetGateways, "internet-gateways", "InternetGateways", "InternetGatewayId", InvalidInternetGatewayIdNotFound,
        describe_network::internet_gateways;
    EgressOnlyInternetGateways, "egress-only-internet-gateways", "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId", InvalidEgressOnlyGatewayIdNotFound,
        describe_network::egress_only_internet_gateways;
    NatGateways, "nat-gateways", "NatGateways", "NatGatewayId", NatGatewayNotFound, describe_network::nat_gateways;
    DhcpOptions, "dhcp-options", "DhcpOptions", "DhcpOptionsId", InvalidDhcpOptionIdNotFound,
        describe_network::dhcp_options;
    Instances, "instances", "Reservations", "InstanceId", InvalidInstanceIdNotFound, describe_compute::instances;
    NetworkInterfaces, "network-interfaces", "NetworkInterfaces", "NetworkInterfaceId",
        InvalidNetworkInterfaceIdNotFound, describe_compute::network_interfaces;
    Addresses, "addresses", "Addresses", "AllocationId", InvalidAllocationIdNotFound, describe_compute::addresses;
    SecurityGroups, "security-groups", "SecurityGroups", "GroupId", InvalidGroupNotFound,
        describe_compute::security_groups;
    NetworkAcls, "network-acls", "NetworkAcls", "NetworkAclId", InvalidNetworkAclIdNotFound,
        describe_compute::network_acls;
    AvailabilityZones, "availability-zones", "AvailabilityZones", "ZoneName", InvalidZoneNotFound,
        describe_compute::availability_zones;
    VpcPeeringConnections, "vpc-peering-connections", "VpcPeeringConnections", "VpcPeeringConnectionId",
        InvalidVpcPeeringConnectionIdNotFound, describe_remote::peerings;
    VpnGateways, "vpn-gateways", "VpnGateways", "VpnGatewayId", InvalidVpnGatewayIdNotFound,
        describe_remote::vpn_gateways;
    CustomerGateways, "customer-gateways", "CustomerGateways", "CustomerGatewayId", InvalidCustomerGatewayIdNotFound,
        describe_remote::customer_gateways;
    VpnConnections, "vpn-connections", "VpnConnections", "VpnConnectionId", InvalidVpnConnectionIdNotFound,
        describe_remote::vpn_connections;
    VirtualInterfaces, "virtual-interfaces", "virtualInterfaces", "virtualInterfaceId",
        InvalidVirtualInterfaceIdNotFound, describe_remote::virtual_interfaces;
    ClassicLinkInstances, "classic-link-instances", "Instances", "InstanceId", InvalidInstanceIdNotFound,
        describe_remote::classic_link_instances;
}

/// Which items a describe call asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only these; an id that names nothing is an error.
    pub ids: Vec<String>,
    /// Only items that match every filter: a filter's name and the values of which one must match.
    pub filters: Vec<(String, Vec<String>)>,
}

/// What the builders of answers look at.
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) scope: &'a Scope,
    pub(super) region: &'a Region,
    pub(super) at: SimTime,
}

impl Describe {
    /// Reads the name on the command line, `describe-` before it or not.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix("describe-").unwrap_or(word);
        Self::ALL.iter().copied().find(|call| call.word() == word)
    }

    /// The call that shows a resource.
    fn of(id: &ResourceId) -> Option<Self> {
        Some(match id {
            ResourceId::Vpc(_) => Self::Vpcs,
            ResourceId::Subnet(_) => Self::Subnets,
            ResourceId::RouteTable(_) => Self::RouteTables,
            ResourceId::InternetGateway(_) => Self::InternetGateways,
            ResourceId::EgressOnlyInternetGateway(_) => Self::EgressOnlyInternetGateways,
            ResourceId::NatGateway(_) => Self::NatGateways,
            ResourceId::VpcEndpoint(_) => Self::VpcEndpoints,
            ResourceId::PrefixList(_) => Self::ManagedPrefixLists,
            ResourceId::NetworkInterface(_) => Self::NetworkInterfaces,
            ResourceId::Instance(_) => Self::Instances,
            ResourceId::Address(_) => Self::Addresses,
            ResourceId::SecurityGroup(_) => Self::SecurityGroups,
            ResourceId::NetworkAcl(_) => Self::NetworkAcls,
            ResourceId::VpcPeeringConnection(_) => Self::VpcPeeringConnections,
            ResourceId::VpnGateway(_) => Self::VpnGateways,
            ResourceId::CustomerGateway(_) => Self::CustomerGateways,
            ResourceId::VpnConnection(_) => Self::VpnConnections,
            ResourceId::VirtualInterface(_) => Self::VirtualInterfaces,
            ResourceId::DhcpOptions(_) => Self::DhcpOptions,
            ResourceId::RouteTableAssociation(_)
            | ResourceId::AddressAssociation(_)
            | ResourceId::NetworkAclAssociation(_) => return None,
        })
    }
}

impl World {
    /// Answers a describe call in the shape that the AWS CLI prints.
    pub fn describe(&self, call: &Call, what: Describe, query: &Query, at: SimTime) -> Result<Value, ControlError> {
        let Some(region) = self.region(&call.scope) else {
            let text = format!("region {} of account {} is not open", call.scope.region, call.scope.account);
            return Err(ControlError::value(text));
        };
        self.authorize_call(call, &format!("ec2:{}", what.name()), &[], &[], at)?;
        let view = View { world: self, scope: &call.scope, region, at };
        let mut items = what.items(&view);
        let id_of = |item: &Value| item.get(what.id_key()).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !query.ids.is_empty() {
            let known: Vec<String> = items.iter().map(id_of).collect();
            if let Some(missing) = query.ids.iter().find(|id| !known.contains(id)) {
                return Err(unknown(what, missing));
            }
            items.retain(|item| query.ids.contains(&id_of(item)));
        }
        for (name, values) in &query.filters {
            let keys = filter_keys(what, name)?;
            items.retain(|item| matches(item, &keys, values));
        }
        Ok(answer(what, items))
    }

    /// What the call of a performed action answers, in the shape that the AWS CLI prints.
    pub fn answer(&self, call: &Call, action: &Action, applied: &Applied, at: SimTime) -> Value {
        if matches!(action, Action::DeleteVpcEndpoints(_)) {
            let items = applied.unsuccessful.iter().map(|(id, error)| {
                json!({"ResourceId": id, "Error": {"Code": error.code.as_str(), "Message": error.message}})
            });
            return json!({"Unsuccessful": items.collect::<Vec<_>>()});
        }
        let Some(id) = applied.created.first() else { return json!({"Return": true}) };
        let shown = Describe::of(id).and_then(|what| {
            let view = View { world: self, scope: &call.scope, region: self.region(&call.scope)?, at };
            let ours = |item: &Value| item.get(what.id_key()).and_then(Value::as_str) == Some(id.as_str());
            what.items(&view).into_iter().find(ours)
        });
        let kind = id.kind();
        match shown {
            Some(item) if matches!(action, Action::RunInstances(_)) => json!({"Instances": [item]}),
            Some(item) if matches!(action, Action::AllocateAddress(_)) => item,
            Some(item) => Value::Object(Map::from_iter([(kind.to_owned(), item)])),
            None => Value::Object(Map::from_iter([(format!("{kind}Id"), json!(id.as_str()))])),
        }
    }
}

fn answer(what: Describe, items: Vec<Value>) -> Value {
    let mut answer = Map::new();
    match what {
        Describe::VpcEndpointServices => {
            let names: Vec<Value> = items.iter().filter_map(|item| item.get("ServiceName").cloned()).collect();
            answer.insert("ServiceNames".to_owned(), Value::Array(names));
            // In the document's time the names are the whole answer (facts Q9): items hold nothing else then.
            if items.iter().any(|item| item.get("ServiceType").is_some()) {
                answer.insert("ServiceDetails".to_owned(), Value::Array(items));
            }
        }
        Describe::Instances => {
            let reservation = |item: Value| json!({"Groups": [], "Instances": [item]});
            answer.insert("Reservations".to_owned(), items.into_iter().map(reservation).collect());
        }
        _ => {
            answer.insert(what.list_key().to_owned(), Value::Array(items));
        }
    }
    Value::Object(answer)
}

fn unknown(what: Describe, id: &str) -> ControlError {
    // Facts 4.6; the text is that of a route table's id.
    let malformed = match what {
        Describe::VpcEndpoints if VpcEndpointId::parse(id).is_none() => {
            Some((ErrorCode::InvalidVpcEndpointIdMalformed, "vpce"))
        }
        Describe::PrefixLists if PrefixListId::parse(id).is_none() => {
            Some((ErrorCode::InvalidPrefixListIdMalformed, "pl"))
        }
        Describe::RouteTables if RouteTableId::parse(id).is_none() => {
            Some((ErrorCode::InvalidRouteTableIdMalformed, "rtb"))
        }
        _ => None,
    };
    if let Some((code, prefix)) = malformed {
        let text = format!(
            "Invalid Id: '{id}' (expecting '{prefix}-...; the Id may only contain lowercase alphanumeric characters and a \
             single dash')"
        );
        return ControlError::new(code, text);
    }
    let text = match what {
        // Facts 4.6.
        Describe::VpcEndpoints => format!("The Vpc Endpoint Id '{id}' does not exist"),
        Describe::VpcEndpointServices => format!("The Vpc Endpoint Service '{id}' does not exist"),
        _ => format!("The ID '{id}' does not exist"),
    };
    ControlError::new(what.not_found(), text)
}

/// Where in an item a filter looks: a path of keys. A tag's filter looks for its value, or for its key.
enum FilterKeys {
    Path(Vec<String>),
    Tag(String),
    TagKey,
}

/// EC2's filters are mostly an item's keys in kebab case; those that are not stand in the list.
fn filter_keys(what: Describe, name: &str) -> Result<FilterKeys, ControlError> {
    if let Some(key) = name.strip_prefix("tag:") {
        return Ok(FilterKeys::Tag(key.to_owned()));
    }
    if name == "tag-key" {
        return Ok(FilterKeys::TagKey);
    }
    let path = match (what, name) {
        (Describe::VpcEndpoints, "vpc-endpoint-state") => vec!["State".to_owned()],
        (Describe::VpcEndpoints, "vpc-endpoint-type") => vec!["VpcEndpointType".to_owned()],
        (Describe::Instances, "instance-state-name") => vec!["State".to_owned(), "Name".to_owned()],
        (Describe::VpcPeeringConnections, "status-code") => vec!["Status".to_owned(), "Code".to_owned()],
        (_, "cidr" | "cidr-block") => vec!["CidrBlock".to_owned()],
        (_, name) => name.split('.').map(camel).collect(),
    };
    // Of the endpoint calls all filters are known (EC2 API, filters of the calls).
    let listed: Option<&[&str]> = match what {
        Describe::VpcEndpoints => Some(&[
            "service-name",
            "vpc-id",
            "vpc-endpoint-id",
            "vpc-endpoint-state",
            "vpc-endpoint-type",
            "ip-address-type",
        ]),
        Describe::PrefixLists => Some(&["prefix-list-id", "prefix-list-name"]),
        Describe::VpcEndpointServices => Some(&["service-name", "service-type", "owner", "supported-ip-address-types"]),
        _ => None,
    };
    if listed.is_some_and(|listed| !listed.contains(&name)) {
        return Err(ControlError::value(format!("The filter '{name}' is invalid")));
    }
    let known =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    if !known {
        return Err(ControlError::value(format!("The filter '{name}' is invalid")));
    }
    Ok(FilterKeys::Path(path))
}

fn camel(kebab: &str) -> String {
    kebab
        .split('-')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect()
}

fn matches(item: &Value, keys: &FilterKeys, values: &[String]) -> bool {
    let tags = || item.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, key: &str| tag.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let found: Vec<String> = match keys {
        FilterKeys::Path(path) => found_at(item, path),
        FilterKeys::Tag(key) => tags().filter(|tag| text(tag, "Key") == *key).map(|tag| text(tag, "Value")).collect(),
        FilterKeys::TagKey => tags().map(|tag| text(tag, "Key")).collect(),
    };
    values.iter().any(|value| found.contains(value))
}

/// All scalars at a path; lists on the way are searched.
fn found_at(value: &Value, path: &[String]) -> Vec<String> {
    match (value, path) {
        (Value::Array(items), path) => items.iter().flat_map(|item| found_at(item, path)).collect(),
        (Value::Object(map), [key, rest @ ..]) => {
            // Filters name lists in the singular: `association.subnet-id` looks into `Associations`.
            let value = map.get(key).or_else(|| map.get(&format!("{key}s")));
            value.map(|value| found_at(value, rest)).unwrap_or_default()
        }
        (Value::String(text), []) => vec![text.clone()],
        (Value::Number(number), []) => vec![number.to_string()],
        (Value::Bool(truth), []) => vec![truth.to_string()],
        _ => Vec::new(),
    }
}

/// A resource's tags as EC2 lists them.
pub(super) fn tag_set(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// An instant as the AWS CLI prints it.
pub(super) fn timestamp(view: &View<'_>, at: SimTime) -> Value {
    Value::String(view.world.calendar.rfc3339(at))
}
