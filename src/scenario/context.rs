//! What decoding needs at hand: the text, the names, the records so far, and where in the world the reader stands.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::names::{Names, Place, Unresolved, unresolved};
use super::vocabulary::RuleText;
use crate::base::*;
use crate::control_plane::{
    Destination, GroupReference, IcmpKind, Peer, PortRange, Protocol, ResourceId, RouteTarget, SecurityGroupRule,
    Service, World,
};
use crate::notation::{Node, Problem, Problems, Source, Span, TextMap, decode};
use crate::policy::{DocumentKind, PolicyDocument};

/// One place of the scenario, to read references and values at.
pub(super) struct Cx<'a> {
    /// The text.
    pub(super) source: &'a Source,
    /// All names.
    pub(super) names: &'a Names,
    /// The records as far as they are known.
    pub(super) world: &'a World,
    /// Where in the world the text stands.
    pub(super) place: Place,
    /// What is wrong.
    pub(super) problems: &'a mut Problems,
}

impl Cx<'_> {
    /// The id that a node means, of the kind of `I`. `what` is the kind with its article.
    pub(super) fn id<I: TryFrom<ResourceId>>(&mut self, node: Option<&Node>, what: &str) -> Option<I> {
        let node = node?;
        let text = decode::text(node).ok()?;
        let fits = |id: &ResourceId| I::try_from(id.clone()).is_ok();
        match self.names.find(text, &self.place, fits) {
            Ok(id) => I::try_from(id).ok(),
            Err(why) => {
                // Where nothing of the kind was named, what was meant to name it is wrong, and was said.
                let follows = matches!(&why, Unresolved::Unknown(known) if known.is_empty());
                if !(follows && self.problems.has_errors()) {
                    self.problems.push(unresolved(node.span, text, what, &why));
                }
                None
            }
        }
    }

    /// The ids that nodes mean.
    pub(super) fn ids<I: TryFrom<ResourceId>>(&mut self, nodes: Vec<&Node>, what: &str) -> Vec<I> {
        nodes.into_iter().filter_map(|node| self.id(Some(node), what)).collect()
    }

    /// The VPC that is named, else the only one of the region.
    pub(super) fn vpc(&mut self, node: Option<&Node>, span: Span) -> Option<VpcId> {
        if node.is_some() {
            return self.id(node, "a VPC");
        }
        let here = |named: &&super::names::Named| named.scope == self.place.scope;
        let mut vpcs = self.names.iter().filter(here).filter_map(|named| VpcId::try_from(named.id.clone()).ok());
        match (vpcs.next(), vpcs.next()) {
            (Some(only), None) => Some(only),
            (None, _) => {
                self.problems.push(Problem::error(span, "there is no VPC here"));
                None
            }
            (Some(_), Some(_)) => {
                self.problems
                    .push(Problem::error(span, "which VPC is meant?").help("there are several: give the key `vpc`"));
                None
            }
        }
    }

    /// The zone that a text means: `a`, or a full name.
    pub(super) fn zone(&mut self, node: Option<&Node>) -> Option<AvailabilityZone> {
        let node = node?;
        let text = decode::text(node).ok()?;
        let letter = text.chars().next().filter(|letter| text.len() == 1 && letter.is_ascii_lowercase());
        let zone = match letter {
            Some(letter) => Some(AvailabilityZone::of(&self.place.scope.region, letter)),
            None => AvailabilityZone::parse(text),
        };
        if zone.is_none() {
            let problem = Problem::error(node.span, format!("`{}` is not a zone", decode::brief(text)));
            self.problems.push(problem.help(format!("write `a`, or `{}a`", self.place.scope.region)));
        }
        zone
    }

    /// The full name of a service, from a short one or a full one.
    pub(super) fn service(&mut self, node: Option<&Node>) -> Option<ServiceName> {
        let node = node?;
        let text = decode::text(node).ok()?;
        let name = service_name(&self.place.scope.region, text);
        if name.is_none() {
            let problem = Problem::error(node.span, format!("`{}` is not the name of a service", decode::brief(text)));
            self.problems.push(problem.help("write `s3`, or `com.amazonaws.us-west-2.s3`"));
        }
        name
    }

    /// The prefix list that a text means: an id, the name of an own one, or a service.
    fn prefix_list(&self, text: &str) -> Option<PrefixListId> {
        let region = &self.place.scope.region;
        let own = self.names.find(text, &self.place, |id| PrefixListId::try_from(id.clone()).is_ok());
        if let Some(id) = own.ok().and_then(|id| PrefixListId::try_from(id).ok()) {
            return Some(id);
        }
        let name = service_name(region, text)?;
        self.world.service(region, &name)?.prefix_list_id.clone()
    }

    /// What a route is for.
    pub(super) fn destination(&mut self, text: &str, span: Span) -> Option<Destination> {
        if text.contains('/') {
            // The form was checked.
            return Cidr::parse(text).ok().map(Destination::Cidr);
        }
        let list = self.prefix_list(text).map(Destination::PrefixList);
        if list.is_none() {
            let problem = Problem::error(span, format!("`{}` is no prefix list here", decode::brief(text)));
            self.problems.push(problem.help("write a block, a prefix list's id or name, or a service such as `s3`"));
        }
        list
    }

    /// Where a route leads.
    pub(super) fn target(&mut self, node: Option<&Node>) -> Option<RouteTarget> {
        let node = node?;
        let text = decode::text(node).ok()?;
        if text == "local" {
            return Some(RouteTarget::Local);
        }
        match self.names.find(text, &self.place, |id| as_target(id).is_some()) {
            Ok(id) => as_target(&id),
            Err(why) => {
                self.problems.push(unresolved(node.span, text, "anything a route can lead to", &why));
                None
            }
        }
    }

    /// The rules of a security group that a node says.
    pub(super) fn group_rule(&mut self, node: &Node, ingress: bool) -> Option<SecurityGroupRule> {
        let text = decode::text(node).ok()?;
        let rule = RuleText::parse(text)?;
        if rule.from != ingress {
            let (right, wrong) = if ingress { ("from", "to") } else { ("to", "from") };
            let problem = Problem::error(node.span, format!("a rule here says `{right}`, not `{wrong}`"));
            self.problems.push(problem);
            return None;
        }
        let protocol = protocol(&rule);
        let peer = match block(rule.who) {
            Some(block) => Peer::Cidr(block),
            None if foreign_group(rule.who).is_some() => {
                let (account, group_id) = foreign_group(rule.who)?;
                let account = Some(account).filter(|account| *account != self.place.scope.account);
                Peer::Group(GroupReference { group_id, account })
            }
            None => match self.names.find(rule.who, &self.place, |id| SecurityGroupId::try_from(id.clone()).is_ok()) {
                Ok(id) => {
                    let group_id = SecurityGroupId::try_from(id.clone()).ok()?;
                    let owner = self.names.of_id(&id).map(|named| named.scope.account.clone());
                    let account = owner.filter(|owner| *owner != self.place.scope.account);
                    Peer::Group(GroupReference { group_id, account })
                }
                Err(why) => match self.prefix_list(rule.who) {
                    Some(list) => Peer::PrefixList(list),
                    None => {
                        let what = "a block, a security group, a prefix list or a service";
                        self.problems.push(unresolved(node.span, rule.who, what, &why));
                        return None;
                    }
                },
            },
        };
        Some(SecurityGroupRule { protocol, peer })
    }

    /// An entry of a network ACL: the protocol, whether it allows, whether it is outbound, and block or prefix list.
    pub(super) fn acl_rule(&mut self, node: &Node) -> Option<AclRule> {
        let text = decode::text(node).ok()?;
        let rule = RuleText::parse(text)?;
        let (block, list) = match block(rule.who) {
            Some(block) => (Some(block), None),
            None => match self.prefix_list(rule.who) {
                // EC2 refuses it (rule R22), with its own words.
                Some(list) => (None, Some(list)),
                None => {
                    let problem =
                        Problem::error(node.span, format!("`{}` is not a CIDR block", decode::brief(rule.who)));
                    self.problems.push(problem.help("an entry of a network ACL names a block; `any` is 0.0.0.0/0"));
                    return None;
                }
            },
        };
        Some(AclRule { protocol: protocol(&rule), allow: rule.verdict?, egress: !rule.from, block, list })
    }

    /// A policy, read with its problems at their places. Without a document there was an error.
    pub(super) fn policy(&mut self, node: &Node, kind: DocumentKind) -> Option<PolicyDocument> {
        let (document, problems) = read_policy(self.source, node, kind, self.world.era);
        self.problems.extend(problems);
        document
    }

    /// An id that is given in full, of a kind that is read by `parse`.
    pub(super) fn given<I>(&mut self, node: Option<&Node>, parse: fn(&str) -> Option<I>) -> Option<I> {
        let node = node?;
        let text = decode::text(node).ok()?;
        let id = parse(text);
        if id.is_none() {
            self.problems.push(Problem::error(node.span, format!("`{}` is not such an id", decode::brief(text))));
        }
        id
    }

    /// The id of the gateway that a route table is associated with.
    pub(super) fn gateway(&mut self, node: &Node) -> Option<String> {
        let text = decode::text(node).ok()?;
        let fits = |id: &ResourceId| matches!(id, ResourceId::InternetGateway(_) | ResourceId::VpnGateway(_));
        match self.names.find(text, &self.place, fits) {
            Ok(id) => Some(id.to_string()),
            Err(why) => {
                let what = "an internet gateway or a virtual private gateway";
                self.problems.push(unresolved(node.span, text, what, &why));
                None
            }
        }
    }

    /// An address of IPv4 under a key that was checked to be an address.
    pub(super) fn v4(&mut self, node: Option<&Node>) -> Option<Ipv4Addr> {
        let node = node?;
        match decode::address(node).ok()? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => {
                self.problems.push(Problem::error(node.span, "an IPv4 address is wanted here"));
                None
            }
        }
    }

    /// The same of a public address. One that is not is a problem, and given all the same, so that nothing follows.
    pub(super) fn public_v4(&mut self, node: Option<&Node>) -> Option<Ipv4Addr> {
        let node = node?;
        let address = self.v4(Some(node))?;
        if address.is_private() || address.is_loopback() || address.is_link_local() {
            let problem =
                Problem::error(node.span, format!("{address} is a private address, and a public one is wanted"));
            self.problems.push(problem.help("no packet from the internet reaches it: take one such as 203.0.113.10"));
        }
        Some(address)
    }

    /// An address of IPv6 under a key that was checked to be an address.
    pub(super) fn v6(&mut self, node: &Node) -> Option<Ipv6Addr> {
        match decode::address(node).ok()? {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => {
                self.problems.push(Problem::error(node.span, "an IPv6 address is wanted here"));
                None
            }
        }
    }
}

/// An entry of a network ACL.
pub(super) struct AclRule {
    pub(super) protocol: Protocol,
    pub(super) allow: bool,
    pub(super) egress: bool,
    pub(super) block: Option<Cidr>,
    pub(super) list: Option<PrefixListId>,
}

/// Reads a policy that stands in the scenario: as a map, or as a text of JSON whose problems are moved to their place
/// in the file.
pub(super) fn read_policy(
    source: &Source,
    node: &Node,
    kind: DocumentKind,
    era: Era,
) -> (Option<PolicyDocument>, Vec<Problem>) {
    let (Some(text), Some(map)) = (node.as_text(), TextMap::of(source, node)) else {
        return PolicyDocument::from_node(node, kind, era);
    };
    let (document, problems) = PolicyDocument::parse(&Source::new("<policy>", text), kind, era);
    let moved = problems.into_iter().map(|problem| {
        let related = problem.related.map(|(span, label)| (map.span(span), label));
        Problem { span: map.span(problem.span), related, ..problem }
    });
    (document, moved.collect())
}

/// The full name of a service; a short one such as `s3` or `ecr.api` is of this region.
pub(super) fn service_name(region: &RegionName, text: &str) -> Option<ServiceName> {
    let short = || ServiceName::parse(ServiceName::of(region, text).as_str());
    ServiceName::parse(text).or_else(short)
}

/// A service that has interface endpoints under the name that most of them have, by its short or full name.
pub(super) fn interface_service(region: &RegionName, text: &str) -> Option<Service> {
    let name = service_name(region, text)?;
    let private = format!("{}.{region}.amazonaws.com", name.service());
    Some(Service::interface(name, Some(private)))
}

/// A group that is not of this scenario, as EC2 writes it: its account, and its id.
pub(super) fn foreign_group(text: &str) -> Option<(AccountId, SecurityGroupId)> {
    let (account, group) = text.split_once('/')?;
    Some((AccountId::parse(account)?, SecurityGroupId::parse(group)?))
}

/// A block of addresses as rules write it: a block, an address, `any`.
pub(super) fn block(text: &str) -> Option<Cidr> {
    match text {
        "any" => Some(Cidr::ALL_V4),
        "any-ipv6" => Some(Cidr::ALL_V6),
        _ => Cidr::parse(text).ok().or_else(|| text.parse().ok().map(Cidr::host)),
    }
}

fn protocol(rule: &RuleText<'_>) -> Protocol {
    let range = || match rule.ports {
        Some((first, last)) => PortRange::new(first, last).expect("the form puts the smaller port first"),
        None => PortRange::ALL,
    };
    let icmp = || IcmpKind { icmp_type: rule.ports.and_then(|(kind, _)| u8::try_from(kind).ok()), code: rule.code };
    match rule.protocol {
        None => Protocol::All,
        Some(1) => Protocol::Icmp(icmp()),
        Some(6) => Protocol::Tcp(range()),
        Some(17) => Protocol::Udp(range()),
        Some(58) => Protocol::Icmpv6(icmp()),
        Some(other) => Protocol::Other(other),
    }
}

pub(super) fn as_target(id: &ResourceId) -> Option<RouteTarget> {
    Some(match id.clone() {
        ResourceId::InternetGateway(id) => RouteTarget::InternetGateway(id),
        ResourceId::EgressOnlyInternetGateway(id) => RouteTarget::EgressOnlyInternetGateway(id),
        ResourceId::NatGateway(id) => RouteTarget::NatGateway(id),
        ResourceId::VpcEndpoint(id) => RouteTarget::VpcEndpoint(id),
        ResourceId::NetworkInterface(id) => RouteTarget::NetworkInterface(id),
        ResourceId::Instance(id) => RouteTarget::Instance(id),
        ResourceId::VpcPeeringConnection(id) => RouteTarget::Peering(id),
        ResourceId::VpnGateway(id) => RouteTarget::VpnGateway(id),
        _ => return None,
    })
}
