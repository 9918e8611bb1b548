//! What only an account that somebody describes has: routes to what is gone, gateways that are attached to nothing, sets
//! of DHCP options, ids of associations. Makes no VPC.

use super::action::{blocks, name_servers};
use super::context::Cx;
use super::names::unresolved;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, View, decode};

/// Plans what a region has beside VPCs and what lies in them.
pub(super) fn described(cx: &mut Cx<'_>, plan: &mut Plan, place: &View<'_>) {
    let scope = cx.place.scope.clone();
    for node in place.items("zones") {
        if let Some(zone) = cx.zone(Some(node)) {
            plan.take_over(Phase::Zones, &scope, node.span, Described::Zone(zone));
        }
    }
    for entry in place.named("dhcp-options") {
        dhcp_options(cx, plan, entry);
    }
    for entry in place.named("customer-gateways") {
        customer_gateway(cx, plan, entry);
    }
    for entry in place.named("internet-gateways") {
        let Some(id) = named::<InternetGatewayId>(cx, &entry.key) else { continue };
        let tags = tags(&entry.key, id.as_str(), View::of(&entry.value, &FREE_GATEWAY).as_ref());
        let create = CreateInternetGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, entry.key_span, Some(id.into()), create);
    }
    for entry in place.named("virtual-private-gateways") {
        let Some(id) = named::<VpnGatewayId>(cx, &entry.key) else { continue };
        let tags = tags(&entry.key, id.as_str(), View::of(&entry.value, &FREE_GATEWAY).as_ref());
        let create = CreateVpnGateway { id: Some(id.clone()), tags };
        plan.add(Phase::Gateways, &scope, entry.key_span, Some(id.into()), create);
    }
    for entry in place.named("associations") {
        association(cx, plan, entry);
    }
}

/// A route as it is told, if its state is told or its target is not modelled; and where its target stands.
pub(super) fn described_route<'a>(
    cx: &mut Cx<'_>,
    view: &View<'a>,
    destination: Destination,
    is_local: bool,
) -> (Option<Route>, Option<&'a Node>) {
    let node = view.node("target");
    let unknown = view.boolean("unknown") == Some(true);
    if !unknown && !view.has("state") {
        return (None, node);
    }
    let target = if unknown { view.string("target").map(RouteTarget::Unmodeled) } else { cx.target(node) };
    let origin = if is_local { RouteOrigin::CreateRouteTable } else { RouteOrigin::CreateRoute };
    let gone = view.text("state") == Some("blackhole");
    let state = if gone { RouteState::Blackhole } else { RouteState::Active };
    (target.map(|target| Route { destination, target, origin, state }), None)
}

fn dhcp_options(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(view), Some(id)) = (View::of(&entry.value, &DHCP_OPTIONS), named::<DhcpOptionsId>(cx, &entry.key)) else {
        return;
    };
    let create = CreateDhcpOptions {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        domain_name_servers: name_servers(cx, view.items("name-servers")),
        domain_name: view.string("domain-name"),
    };
    plan.add(Phase::DhcpOptions, &cx.place.scope.clone(), entry.key_span, Some(id.into()), create);
}

fn customer_gateway(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let Some(view) = View::of(&entry.value, &CUSTOMER_GATEWAY) else { return };
    let Some(id) = named::<CustomerGatewayId>(cx, &entry.key) else { return };
    let Some(address) = cx.v4(view.node("address")) else { return };
    let create = CreateCustomerGateway {
        id: Some(id.clone()),
        tags: tags(&entry.key, id.as_str(), Some(&view)),
        bgp_asn: view.integer("asn").and_then(|asn| u32::try_from(asn).ok()),
        ..CreateCustomerGateway::new(address)
    };
    plan.add(Phase::Premises, &cx.place.scope.clone(), entry.key_span, Some(id.into()), create);
}

/// The id of an association, given to the one that the named thing has.
fn association(cx: &mut Cx<'_>, plan: &mut Plan, entry: &Entry) {
    let (Some(id), Ok(text)) = (ResourceId::parse(&entry.key), decode::text(&entry.value)) else { return };
    let (fits, what): (fn(&ResourceId) -> bool, &str) = match &id {
        ResourceId::RouteTableAssociation(_) => {
            (|of| matches!(of, ResourceId::Subnet(_) | ResourceId::Vpc(_)), "a subnet or a VPC")
        }
        ResourceId::NetworkAclAssociation(_) => (|of| matches!(of, ResourceId::Subnet(_)), "a subnet"),
        _ => (|of| matches!(of, ResourceId::Address(_)), "an Elastic IP"),
    };
    match cx.names.find(text, &cx.place, fits) {
        Ok(of) => {
            let told = Described::Association { id, of };
            plan.take_over(Phase::Associations, &cx.place.scope.clone(), entry.key_span, told);
        }
        Err(why) => cx.problems.push(unresolved(entry.value.span, text, what, &why)),
    }
}

/// Blocks under a key that may stand there empty, and so say something.
pub(super) fn given_blocks(view: &View<'_>, key: &str) -> Option<Vec<Cidr>> {
    view.has(key).then(|| blocks(view, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::{Source, problems_to_text};
    use crate::scenario::{Scenario, load};

    /// A VPC with a subnet, and more at the top of the file and inside the VPC.
    fn text(top: &str, inside: &str) -> String {
        format!(
            "vpclab: 1\ntitle: t\nera: current\nregion: us-east-1\nvpcs:\n  v:\n    cidr: 10.0.0.0/16\n    \
             internet-gateway: igw\n    subnets: {{s: {{cidr: 10.0.1.0/24}}}}\n{inside}\n{top}\n"
        )
    }

    #[track_caller]
    fn good(top: &str, inside: &str) -> Scenario {
        let source = Source::new("t.yaml", text(top, inside));
        let (mut scenarios, problems) = load(&source);
        assert!(problems.is_empty(), "{}", problems_to_text(&source, &problems, false));
        scenarios.remove(0)
    }

    /// One claim: this is refused, with a message that says so.
    #[track_caller]
    fn refused(top: &str, inside: &str, message: &str) {
        let source = Source::new("t.yaml", text(top, inside));
        let (scenarios, problems) = load(&source);
        assert!(scenarios.is_empty(), "{message}");
        assert!(problems.iter().any(|problem| problem.message.contains(message)), "{message}: {problems:#?}");
    }

    fn region(scenario: &Scenario) -> &Region {
        scenario.world.region(&scenario.home).expect("the home")
    }

    #[test]
    fn a_route_leads_to_what_is_gone_and_its_twin_must_be_there() {
        let table = |route: &str| format!("    route-tables: {{t: {{{route}}}}}");
        let scenario = good("", &table("10.9.0.0/16: {target: nat-0gone, state: blackhole}"));
        let routes = region(&scenario).route_tables().values().flat_map(RouteTable::routes);
        assert_eq!(routes.filter(|route| route.state == RouteState::Blackhole).count(), 1);
        refused("", &table("10.9.0.0/16: nat-0gone"), "EC2 refuses this: The natGateway ID");
        let scenario = good("", &table("10.9.0.0/16: {target: tgw-0a1b, unknown: true}"));
        let mut routes = region(&scenario).route_tables().values().flat_map(RouteTable::routes);
        assert!(routes.any(|route| route.target == RouteTarget::Unmodeled("tgw-0a1b".to_owned())));
        refused("", &table("10.9.0.0/16: tgw-0a1b"), "`tgw-0a1b` is not the name of anything a route can lead to");
        refused("", &table("10.9.0.0/16: {target: igw, state: dead}"), "`dead` is not known here");
        refused("", &table("10.9.0.0/16: {unknown: true}"), "the key `target` is missing");
    }

    #[test]
    fn a_table_is_associated_with_gateways_that_are_there() {
        let scenario = good("", "    route-tables: {t: {edge: igw}}");
        let gateway = region(&scenario).internet_gateways().keys().next().expect("a gateway").to_string();
        assert!(region(&scenario).route_tables().values().any(|table| table.edge_associations.contains(&gateway)));
        refused("", "    route-tables: {t: {edge: ig}}", "`ig` is not the name of an internet gateway");
    }

    #[test]
    fn associations_have_the_ids_that_are_given() {
        let scenario = good("associations: {rtbassoc-0a: v, aclassoc-0a: s}", "");
        let subnet = region(&scenario).subnets().values().next().expect("a subnet");
        assert_eq!(subnet.network_acl_association.association_id.as_str(), "aclassoc-0a");
        refused("associations: {aclassoc-0a: x}", "", "`x` is not the name of a subnet");
        refused("associations: {rtbassoc-0a: s}", "", "rtbassoc-0a names subnet-");
        refused("associations: {eni-0a: s}", "", "`eni-0a` is not the id of an association");
    }

    #[test]
    fn sets_of_dhcp_options_are_shared_and_must_be_there() {
        let sets = "dhcp-options: {corp: {name-servers: [10.0.0.2, AmazonProvidedDNS], domain-name: corp.example}}";
        let scenario = good(sets, "    dhcp-options: corp");
        assert_eq!(region(&scenario).dhcp_options().len(), 1);
        assert_eq!(region(&good("", "    dhcp-options: none")).dhcp_options().len(), 0);
        refused(sets, "    dhcp-options: crop", "`crop` is not the name of a set of DHCP options");
        refused(sets, "    dhcp-options: corp\n    name-servers: 10.0.0.2", "cannot stand together");
        refused("dhcp-options: {corp: {name-servers: ten}}", "", "`ten` is neither an address");
    }

    #[test]
    fn a_vpn_connection_ends_at_a_customer_gateway_or_a_network() {
        let vgw =
            "    virtual-private-gateway: {name: vgw, knows: 192.168.0.0/16}\n    route-tables: {t: {propagate: vgw}}";
        let gateways = "customer-gateways: {hq: {address: 198.51.100.20, asn: 64512}}\n";
        let scenario = good(
            &format!(
                "{gateways}vpn-connections: {{c: {{virtual-private-gateway: vgw, customer-gateway: hq, static-routes: [10.7.0.0/16]}}}}"
            ),
            vgw,
        );
        let table = region(&scenario).route_tables().values().find(|table| !table.propagated().is_empty());
        assert_eq!(table.map(|table| table.propagated().len()), Some(2));
        refused("vpn-connections: {c: {virtual-private-gateway: vgw}}", vgw, "this VPN connection has no far end");
        refused(
            "vpn-connections: {c: {virtual-private-gateway: vgw, customer-gateway: hq}}",
            vgw,
            "`hq` is not the name",
        );
    }

    #[test]
    fn interfaces_of_aws_own_are_taken_over_as_they_are() {
        let lone = |text: &str| format!("    network-interfaces: {{{text}}}");
        let scenario = good("", &lone("fn: {subnet: s, private-ip: 10.0.1.40, type: lambda, device-index: 1}"));
        let eni = region(&scenario).network_interfaces().values().next().expect("an interface");
        assert_eq!(eni.interface_type, InterfaceType::Other("lambda".to_owned()));
        good("", &lone("spare: {subnet: s}"));
        refused("", &lone("fn: {subnet: s, type: lambda}"), "the key `private-ip` is missing");
        refused("", &lone("fn: {subnet: s, type: lambda, private-ip: 10.9.0.1}"), "lies outside its subnet");
        let addressed = |more: &str| lone(&format!("fn: {{subnet: s, type: x, private-ip: 10.0.1.40, {more}}}"));
        good("", &addressed("ipv6: false, public-ip: 3.0.0.1"));
        refused("", &addressed("ipv6: true"), "`true` names no IPv6 address of this interface");
        refused("", &addressed("public-ip: 10.200.0.1"), "10.200.0.1 is a private address");
        let two = "a: {subnet: s, type: x, private-ip: 10.0.1.9}, b: {subnet: s, private-ip: 10.0.1.9}";
        refused("", &lone(two), "Address 10.0.1.9 is in use");
    }

    #[test]
    fn an_instance_has_the_interface_and_addresses_that_are_given() {
        let one = "instances: {i: {subnet: s, public-ip: 3.0.0.1, state: stopped, type: m5.large, network-interface: \
                   {id: eni-0a, description: mine, delete-on-termination: false, tags: {a: b}}}}";
        let scenario = good(one, "");
        let eni = &region(&scenario).network_interfaces()[&NetworkInterfaceId::parse("eni-0a").expect("an id")];
        assert_eq!((eni.description.as_str(), eni.tags.len()), ("mine", 1));
        // It is stopped, and has lost the address that it gets at each start.
        assert_eq!(eni.public_address(), None);
        refused("instances: {i: {subnet: s, public-ip: 10.200.0.1}}", "", "10.200.0.1 is a private address");
        refused("instances: {i: {subnet: s, elastic-ip: 169.254.0.9}}", "", "169.254.0.9 is a private address");
        refused("elastic-ips: {e: 192.168.0.1}", "", "192.168.0.1 is a private address");
        refused("instances: {i: {subnet: s, public-ip: maybe}}", "", "expected `true` or `false` or an address");
        refused("instances: {i: {subnet: s, network-interface: x}}", "", "`x` is not such an id");
        let twice = "instances: {i: {subnet: s, network-interface: eni-0a}, j: {subnet: s, network-interface: eni-0a}}";
        refused(twice, "", "already exists");
        let further =
            "instances: {i: {subnet: s, interfaces: [{subnet: s, device-index: 3, id: eni-0b}, {subnet: s}]}}";
        let scenario = good(further, "");
        let instance = region(&scenario).instances().values().next().expect("an instance");
        assert_eq!(instance.interfaces.keys().copied().collect::<Vec<_>>(), [0, 3, 4]);
    }

    #[test]
    fn a_rule_names_a_group_of_another_account_by_number_and_id() {
        let group = |rule: &str| format!("    security-groups: {{g: {{ingress: [{rule}]}}}}");
        let scenario = good("", &group("tcp 22 from 777788889999/sg-0far"));
        let groups = region(&scenario).security_groups().values();
        let foreign = groups.flat_map(|group| &group.ingress).filter(|rule| {
            matches!(&rule.peer, Peer::Group(GroupReference { account: Some(account), .. }) if account.as_str() == "777788889999")
        });
        assert_eq!(foreign.count(), 1);
        refused("", &group("tcp 22 from sg-0far"), "The security group 'sg-0far' does not exist");
        refused("", &group("tcp 22 from 7777/sg-0far"), "is not the name of a block, a security group");
    }

    #[test]
    fn what_a_default_group_or_acl_says_is_all_of_it_also_for_ipv6() {
        let inside = "    ipv6: 2001:db8:1::/56\n    security-groups: {default: {egress: [tcp 443 to any]}}\n    \
                      network-acls: {default: {ingress: {10: allow all from any}}}";
        let scenario = good("", inside);
        let group = region(&scenario).security_groups().values().next().expect("a group");
        assert_eq!(group.egress.len(), 1);
        let acl = region(&scenario).network_acls().values().next().expect("an ACL");
        assert_eq!((acl.ingress.len(), acl.egress.len()), (1, 2));
    }

    #[test]
    fn the_elastic_ips_of_a_nat_gateway_are_those_of_its_secondary_addresses() {
        let nat = |elastic: &str| {
            format!("    nat-gateways: {{n: {{subnet: s, secondary-ips: 10.0.1.21, elastic-ips: {{{elastic}}}}}}}")
        };
        good("", &nat("10.0.1.21: 54.0.0.21"));
        refused("", &nat("10.0.1.21: 54.0.0.21, 10.0.1.22: 54.0.0.22"), "10.0.1.22 is none of `secondary-ips`");
    }

    #[test]
    fn both_dns_attributes_can_be_given() {
        let scenario = good("", "    dns-support: true\n    dns-hostnames: true");
        assert!(region(&scenario).vpcs().values().all(|vpc| vpc.enable_dns_support && vpc.enable_dns_hostnames));
    }
}
