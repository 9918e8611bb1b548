//! What listens where: an assumption, since no describe call says it. Small, stated, and the user's to change. Starts no
//! program.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::base::{InstanceId, NetworkInterfaceId};
use crate::notation::check::check;
use crate::notation::shape::{Kind, Names, Shape, key, shape};
use crate::notation::{Map, Node, Problem, Problems, Source, decode, parse_yaml};

/// The default, as a file: what the machines of the measured networks were found to do.
pub const DEFAULT_LISTENERS: &str = "\
# What listens where. No describe call tells it, so this is an assumption.
instances:            # each running instance, unless `hosts` names it
  ping: reply
  tcp: [22]
  other-ports: closed # a port without a listener answers RST
internet:             # each address that is neither the account's nor a service's, unless `hosts` names it
  ping: reply
  tcp: [53, 443]
  other-ports: silent
services:             # the addresses of S3 and of other services with ranges
  ping: reply
  tcp: [80, 443]
  other-ports: silent
nat-gateways:         # asked at their own addresses
  ping: silence
  other-ports: silent
interface-endpoints:  # asked at their own addresses
  ping: silence
  other-ports: silent
hosts:                # by address, instance or interface
  8.8.8.8:
    ping: reply
    tcp: [53, 443]
    other-ports: silent
";

/// What answers on a port.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortState {
    /// A listener: SYN-ACK.
    Open,
    /// No listener: RST.
    #[default]
    Closed,
    /// Nothing: a firewall of the machine's own, or a device that serves nobody there.
    Silent,
}

/// What one machine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Whether it answers echo requests.
    pub ping: bool,
    /// The TCP ports with a listener.
    pub tcp: BTreeSet<u16>,
    /// What all other ports answer.
    pub other_ports: PortState,
}

impl Listening {
    /// What a TCP port answers.
    pub fn port(&self, port: u16) -> PortState {
        if self.tcp.contains(&port) { PortState::Open } else { self.other_ports }
    }
}

/// Whom a line about one host is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostKey {
    /// An address: private, public, or of the internet.
    Address(IpAddr),
    /// An instance.
    Instance(InstanceId),
    /// An interface.
    Interface(NetworkInterfaceId),
}

impl HostKey {
    /// Reads an address or an id.
    pub fn parse(text: &str) -> Option<Self> {
        let address = || text.parse().ok().map(Self::Address);
        let instance = || InstanceId::parse(text).map(Self::Instance);
        address().or_else(instance).or_else(|| NetworkInterfaceId::parse(text).map(Self::Interface))
    }
}

/// All assumptions about listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerAssumptions {
    /// Running instances.
    pub instances: Listening,
    /// Hosts of the internet.
    pub internet: Listening,
    /// Addresses of services with ranges.
    pub services: Listening,
    /// NAT gateways at their own addresses.
    pub nat_gateways: Listening,
    /// Interface endpoints at their own addresses.
    pub interface_endpoints: Listening,
    /// Single hosts.
    pub hosts: BTreeMap<HostKey, Listening>,
}

impl Default for ListenerAssumptions {
    fn default() -> Self {
        let nobody = Listening { ping: false, tcp: BTreeSet::new(), other_ports: PortState::Silent };
        let blank = Self {
            instances: nobody.clone(),
            internet: nobody.clone(),
            services: nobody.clone(),
            nat_gateways: nobody.clone(),
            interface_endpoints: nobody,
            hosts: BTreeMap::new(),
        };
        let (assumptions, problems) = blank.read(&Source::new("<default listeners>", DEFAULT_LISTENERS));
        debug_assert_eq!(problems, []);
        assumptions
    }
}

impl ListenerAssumptions {
    /// Reads a file; what it leaves out stays as it is in `self`. All problems come with their places.
    pub fn read(&self, source: &Source) -> (Self, Vec<Problem>) {
        let mut result = self.clone();
        let (root, list) = parse_yaml(source);
        let mut problems = Problems::default();
        problems.extend(list);
        if let Some(root) = &root {
            check(root, &Kind::Shape(&LISTENERS), &mut problems);
            if let Some(map) = root.as_map().filter(|_| !problems.has_errors()) {
                result.take(map);
            }
        }
        (result, problems.into_sorted())
    }

    /// Takes over what a checked map says.
    fn take(&mut self, map: &Map) {
        for (key, slot) in [
            ("instances", &mut self.instances),
            ("internet", &mut self.internet),
            ("services", &mut self.services),
            ("nat-gateways", &mut self.nat_gateways),
            ("interface-endpoints", &mut self.interface_endpoints),
        ] {
            if let Some(map) = map.get(key).and_then(Node::as_map) {
                slot.take(map);
            }
        }
        for entry in map.get("hosts").and_then(Node::as_map).into_iter().flat_map(|hosts| &hosts.entries) {
            if let (Some(key), Some(map)) = (HostKey::parse(&entry.key), entry.value.as_map()) {
                // What a line leaves out is as for the host's kind: an id is the account's own, an address may be either.
                let kind = match &key {
                    HostKey::Address(_) => &self.internet,
                    HostKey::Instance(_) | HostKey::Interface(_) => &self.instances,
                };
                self.hosts.entry(key).or_insert_with(|| kind.clone()).take(map);
            }
        }
    }
}

impl Listening {
    fn take(&mut self, map: &Map) {
        match map.get("ping").and_then(Node::as_text) {
            Some("reply") => self.ping = true,
            Some(_) => self.ping = false,
            None => {}
        }
        if let Some(ports) = map.get("tcp") {
            let nodes = ports.as_list().unwrap_or(std::slice::from_ref(ports));
            self.tcp = nodes.iter().filter_map(|node| decode::port(node).ok()).collect();
        }
        match map.get("other-ports").and_then(Node::as_text) {
            Some("closed") => self.other_ports = PortState::Closed,
            Some(_) => self.other_ports = PortState::Silent,
            None => {}
        }
    }
}

const LISTENING: Shape = shape(
    "listening",
    "What one machine answers.",
    &[
        key(
            "ping",
            Kind::Choice(&[("reply", "It answers echo requests."), ("silence", "It does not.")]),
            "Whether it answers ping.",
        ),
        key("tcp", Kind::OneOrMany(&Kind::Port), "The TCP ports with a listener."),
        key(
            "other-ports",
            Kind::Choice(&[("closed", "They answer RST."), ("silent", "They answer nothing.")]),
            "What all other TCP ports answer.",
        ),
    ],
);

/// What a file of assumptions about listeners may say.
pub(crate) const LISTENERS: Shape = shape(
    "listeners",
    "What listens where, which no describe call tells.",
    &[
        key("instances", Kind::Shape(&LISTENING), "Each running instance."),
        key("internet", Kind::Shape(&LISTENING), "Each host of the internet."),
        key("services", Kind::Shape(&LISTENING), "Each address of a service with ranges, such as S3."),
        key("nat-gateways", Kind::Shape(&LISTENING), "NAT gateways at their own addresses."),
        key("interface-endpoints", Kind::Shape(&LISTENING), "Interface endpoints at their own addresses."),
        key(
            "hosts",
            Kind::Named {
                keys: &Names {
                    what: "an address, or the id of an instance or of an interface",
                    fits: |text| HostKey::parse(text).is_some(),
                },
                value: &Kind::Shape(&LISTENING),
            },
            "Single hosts.",
        ),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (ListenerAssumptions, Vec<String>) {
        let (read, problems) = ListenerAssumptions::default().read(&Source::new("l.yaml", text));
        (read, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn the_default_says_what_the_measured_machines_do() {
        let default = ListenerAssumptions::default();
        assert!(default.instances.ping);
        assert_eq!(default.instances.port(22), PortState::Open);
        assert_eq!(default.instances.port(80), PortState::Closed);
        assert_eq!(default.services.port(443), PortState::Open);
        assert_eq!(default.services.port(22), PortState::Silent);
        assert!(!default.nat_gateways.ping);
        assert_eq!(default.interface_endpoints.port(22), PortState::Silent);
        let google = HostKey::parse("8.8.8.8").expect("an address");
        assert_eq!(default.hosts.get(&google).map(|host| host.port(53)), Some(PortState::Open));
    }

    #[test]
    fn what_a_file_leaves_out_stays() {
        let (read, problems) = read("instances:\n  tcp: 80\nhosts:\n  i-0a:\n    ping: silence\n");
        assert_eq!(problems, Vec::<String>::new());
        assert!(read.instances.ping);
        assert_eq!((read.instances.port(80), read.instances.port(22)), (PortState::Open, PortState::Closed));
        let host = read.hosts.get(&HostKey::parse("i-0a").expect("an id")).expect("a host");
        assert_eq!((host.ping, host.port(80)), (false, PortState::Open));
        assert_eq!(read.services, ListenerAssumptions::default().services);
    }

    #[test]
    fn every_problem_is_said_and_nothing_is_taken_over() {
        let (read, problems) = read("instances:\n  tcp: [99999]\n  ping: yes\nhost: {}\nhosts:\n  x: {}\n");
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert_eq!(read, ListenerAssumptions::default());
    }
}
