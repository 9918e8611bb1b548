//! First pass over the world: every resource that has a name gets its id, before anything refers to it. Makes nothing.

use super::load::FLEET_OF_WRONG_FILE;
use super::names::{Named, Names};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::{ResourceId, Scope};
use crate::notation::shape::Shape;
use crate::notation::{Entry, Node, Problem, Problems, Value, View, decode};

/// Declares names at one place of the world.
pub(super) struct Declare<'a> {
    pub(super) names: &'a mut Names,
    pub(super) problems: &'a mut Problems,
    /// How many digits made ids have in this era.
    pub(super) digits: usize,
    /// The scenario's own account and region, whose names make their ids alone.
    pub(super) home: &'a Scope,
    /// The place.
    pub(super) scope: Scope,
}

/// How an id of one kind is read and made.
struct Kind<I> {
    parse: fn(&str) -> Option<I>,
    make: fn(&str, usize) -> I,
}

macro_rules! kind {
    ($id:ident) => {
        Kind { parse: $id::parse, make: $id::of_name }
    };
}

impl Declare<'_> {
    /// Everything of a region's account that has a name.
    pub(super) fn region(&mut self, view: &View<'_>) {
        for entry in view.named("vpcs") {
            if let Some(vpc) = View::of(&entry.value, &VPC) {
                self.vpc(entry, &vpc);
            }
        }
        self.all("", view.named("prefix-lists"), Some(&PREFIX_LIST), &kind!(PrefixListId));
        self.all("", view.named("elastic-ips"), Some(&ELASTIC_IP), &kind!(AllocationId));
        self.all("", view.named("peering-connections"), Some(&PEERING), &kind!(VpcPeeringConnectionId));
        self.all("", view.named("vpn-connections"), Some(&VPN_CONNECTION), &kind!(VpnConnectionId));
        self.all("", view.named("virtual-interfaces"), Some(&VIRTUAL_INTERFACE), &kind!(VirtualInterfaceId));
        self.all("", view.named("dhcp-options"), Some(&DHCP_OPTIONS), &kind!(DhcpOptionsId));
        self.all("", view.named("customer-gateways"), Some(&CUSTOMER_GATEWAY), &kind!(CustomerGatewayId));
        self.all("", view.named("internet-gateways"), Some(&FREE_GATEWAY), &kind!(InternetGatewayId));
        self.all("", view.named("virtual-private-gateways"), Some(&FREE_GATEWAY), &kind!(VpnGatewayId));
        for entry in view.named("instances") {
            if let Some(instance) = View::of(&entry.value, &INSTANCE) {
                self.instance(entry, &instance);
            }
        }
    }

    fn vpc(&mut self, entry: &Entry, view: &View<'_>) {
        let vpc = entry.key.as_str();
        self.one("", entry, view.node("id"), &kind!(VpcId));
        self.gateway(vpc, view, ("internet-gateway", &GATEWAY), &kind!(InternetGatewayId));
        self.gateway(vpc, view, ("egress-only-internet-gateway", &GATEWAY), &kind!(EgressOnlyInternetGatewayId));
        self.gateway(vpc, view, ("virtual-private-gateway", &VPN_GATEWAY), &kind!(VpnGatewayId));
        self.all(vpc, view.named("subnets"), Some(&SUBNET), &kind!(SubnetId));
        self.all(vpc, view.named("route-tables"), Some(&ROUTE_TABLE), &kind!(RouteTableId));
        self.all(vpc, view.named("nat-gateways"), Some(&NAT_GATEWAY), &kind!(NatGatewayId));
        self.all(vpc, view.named("security-groups"), Some(&SECURITY_GROUP), &kind!(SecurityGroupId));
        self.all(vpc, view.named("network-acls"), Some(&NETWORK_ACL), &kind!(NetworkAclId));
        self.all(vpc, view.named("vpc-endpoints"), Some(&VPC_ENDPOINT), &kind!(VpcEndpointId));
        self.all(vpc, view.named("network-interfaces"), Some(&LONE_INTERFACE), &kind!(NetworkInterfaceId));
        // What every VPC has without being asked can be named too.
        self.built_in(vpc, view, "route-tables", "main", RouteTableId::of_name);
        self.built_in(vpc, view, "security-groups", "default", SecurityGroupId::of_name);
        self.built_in(vpc, view, "network-acls", "default", NetworkAclId::of_name);
        let gateways = view.named("nat-gateways").iter().filter_map(|entry| View::of(&entry.value, &NAT_GATEWAY));
        let lone = view.named("network-interfaces").iter().filter_map(|entry| View::of(&entry.value, &LONE_INTERFACE));
        for view in gateways.chain(lone) {
            self.elastic_ips(&view);
        }
    }

    fn instance(&mut self, entry: &Entry, view: &View<'_>) {
        let kind = kind!(InstanceId);
        match view.integer("count") {
            None => self.one("", entry, view.node("id"), &kind),
            Some(count) => {
                self.names.add_fleet(&entry.key, count);
                // A file with a wrong count is not worth so many names.
                let count = if self.problems.has_errors() { count.min(FLEET_OF_WRONG_FILE) } else { count };
                for index in 1..=count {
                    let name = format!("{}-{index}", entry.key);
                    let id = (kind.make)(&self.path("", &name), self.digits);
                    self.add(name, "", id.into(), entry);
                }
            }
        }
        self.elastic_ips(view);
        for node in view.items("interfaces") {
            let Some(interface) = View::of(node, &INTERFACE) else { continue };
            self.elastic_ips(&interface);
            // One without a name goes by its id.
            let name = if interface.has("name") { "name" } else { "id" };
            if let (Some(text), Some(node)) = (interface.string(name), interface.node(name)) {
                let entry = Entry { key: text, key_span: node.span, value: node.clone() };
                self.one("", &entry, interface.node("id"), &kind!(NetworkInterfaceId));
            }
        }
    }

    /// The Elastic IPs of something that has addresses.
    fn elastic_ips(&mut self, view: &View<'_>) {
        self.elastic_ip(view.node("elastic-ip"));
        for entry in view.named("elastic-ips") {
            self.elastic_ip(Some(&entry.value));
        }
    }

    /// An Elastic IP that is written as its address needs no declaration of its own.
    fn elastic_ip(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let Ok(text) = decode::text(node) else { return };
        if text.parse::<std::net::Ipv4Addr>().is_ok() && self.names.candidates(text).next().is_none() {
            let id = AllocationId::of_name(&self.path("", text), self.digits);
            let named = Named {
                name: text.to_owned(),
                vpc: String::new(),
                scope: self.scope.clone(),
                id: id.into(),
                span: node.span,
            };
            self.names.add(named, self.problems);
        }
    }

    fn gateway<I: Into<ResourceId>>(
        &mut self,
        vpc: &str,
        view: &View<'_>,
        (key, shape): (&str, &'static Shape),
        kind: &Kind<I>,
    ) {
        let Some(node) = view.node(key) else { return };
        let (name, id) = match View::of(node, shape) {
            Some(gateway) => (gateway.node("name"), gateway.node("id")),
            None => (Some(node), None),
        };
        if let Some((text, name)) = name.and_then(|name| Some((decode::text(name).ok()?, name))) {
            let entry = Entry { key: text.to_owned(), key_span: name.span, value: name.clone() };
            self.one(vpc, &entry, id, kind);
        }
    }

    fn built_in<I: Into<ResourceId>>(
        &mut self,
        vpc: &str,
        view: &View<'_>,
        key: &str,
        name: &str,
        make: fn(&str, usize) -> I,
    ) {
        let marked = |entry: &Entry| {
            key == "route-tables"
                && View::of(&entry.value, &ROUTE_TABLE).is_some_and(|table| table.boolean("main") == Some(true))
        };
        if view.named(key).iter().any(|entry| entry.key == name || marked(entry)) {
            return;
        }
        let id = make(&self.path(vpc, name), self.digits).into();
        let (name, vpc, scope) = (name.to_owned(), vpc.to_owned(), self.scope.clone());
        self.names.add(Named { name, vpc, scope, id, span: view.span }, self.problems);
    }

    fn all<I: Into<ResourceId>>(
        &mut self,
        vpc: &str,
        entries: &[Entry],
        shape: Option<&'static Shape>,
        kind: &Kind<I>,
    ) {
        for entry in entries {
            let given = match (&entry.value.value, shape) {
                (Value::Map(_), Some(shape)) => View::of(&entry.value, shape).and_then(|view| view.node("id")),
                _ => None,
            };
            self.one(vpc, entry, given, kind);
        }
    }

    fn one<I: Into<ResourceId>>(&mut self, vpc: &str, entry: &Entry, given: Option<&Node>, kind: &Kind<I>) {
        let id = match given.and_then(|node| Some((decode::text(node).ok()?, node))) {
            Some((text, node)) => match (kind.parse)(text) {
                Some(id) => id,
                None => {
                    let example = (kind.make)("example", 8).into();
                    let problem = Problem::error(node.span, format!("`{}` is not such an id", decode::brief(text)));
                    self.problems.push(problem.help(format!("it looks like `{example}`")));
                    return;
                }
            },
            // A key in the form of an id is the id.
            None => (kind.parse)(&entry.key).unwrap_or_else(|| (kind.make)(&self.path(vpc, &entry.key), self.digits)),
        };
        self.add(entry.key.clone(), vpc, id.into(), entry);
    }

    fn add(&mut self, name: String, vpc: &str, id: ResourceId, entry: &Entry) {
        let named = Named { name, vpc: vpc.to_owned(), scope: self.scope.clone(), id, span: entry.key_span };
        self.names.add(named, self.problems);
    }

    /// What an id is made from: the name with its VPC, and with account and region where they are not the scenario's
    /// own, so that no two resources share an id.
    fn path(&self, vpc: &str, name: &str) -> String {
        let mut path = String::new();
        if self.scope.account != self.home.account {
            path.push_str(self.scope.account.as_str());
            path.push('/');
        }
        if self.scope.region != self.home.region {
            path.push_str(self.scope.region.as_str());
            path.push('/');
        }
        if !vpc.is_empty() {
            path.push_str(vpc);
            path.push('/');
        }
        path.push_str(name);
        path
    }
}
