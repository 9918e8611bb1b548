//! Network interfaces as actions: an instance's primary and further ones, an endpoint's, and those of no instance. Reads
//! no machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::context::Cx;
use super::network::{named, tags};
use super::plan::{Phase, Plan};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::*;
use crate::notation::{Entry, Node, Problem, Span, View, decode};

/// Names of groups are those of the subnet's VPC first.
pub(super) fn stand_in_vpc_of(cx: &mut Cx<'_>, subnet: Option<&SubnetId>) {
    let named = subnet.and_then(|id| cx.names.of_id(&id.clone().into()));
    cx.place.vpc = named.map(|named| named.vpc.clone()).unwrap_or_default();
}

/// What is done to an instance once it runs.
pub(super) fn after_launch(
    cx: &mut Cx<'_>,
    plan: &mut Plan,
    view: &View<'_>,
    (id, primary): (&InstanceId, Option<&NetworkInterfaceId>),
) {
    let scope = cx.place.scope.clone();
    if let Some(check) = view.boolean("source-dest-check") {
        let action =
            ModifyInstanceAttribute { source_dest_check: Some(check), ..ModifyInstanceAttribute::new(id.clone()) };
        plan.add(Phase::Instances, &scope, view.span_of("source-dest-check"), None, action);
    }
    if let Some((own, eni)) = view.sub("network-interface", &PRIMARY_INTERFACE).zip(primary) {
        describe(plan, &scope, &own, eni, tags(eni.as_str(), eni.as_str(), Some(&own)));
    }
    for (node, private, allocation) in associations(cx, plan, view) {
        let instance_id = Some(id.clone());
        let action = AssociateAddress { instance_id, private_ip_address: private, ..AssociateAddress::new(allocation) };
        plan.add(Phase::Instances, &scope, node.span, None, action);
    }
    let mut index = 0;
    for node in view.items("interfaces") {
        index = View::of(node, &INTERFACE).and_then(|own| own.integer("device-index")).unwrap_or(index + 1);
        further_interface(cx, plan, (id, index as u32), node);
    }
    if let Some(classic) = view.sub("classic-link", &CLASSIC_LINK) {
        let vpc: Option<VpcId> = cx.id(classic.node("vpc"), "a VPC");
        let groups = cx.ids(classic.items("security-groups"), "a security group");
        if let Some(vpc) = vpc {
            let action = AttachClassicLinkVpc::new(id.clone(), vpc, groups);
            plan.add(Phase::Instances, &scope, classic.span, None, action);
        }
    }
    if view.text("state") == Some("stopped") {
        let action = StopInstances::new(vec![id.clone()]);
        plan.add(Phase::Instances, &scope, view.span_of("state"), None, action);
    }
}

/// The id of an instance's primary interface, where it is given.
pub(super) fn primary_interface_id(cx: &mut Cx<'_>, view: &View<'_>) -> Option<NetworkInterfaceId> {
    let node = match view.sub("network-interface", &PRIMARY_INTERFACE) {
        Some(own) => own.node("id"),
        None => view.node("network-interface"),
    };
    cx.given(node, NetworkInterfaceId::parse)
}

/// Certain IPv6 addresses, or how many; neither where the subnet decides.
pub(super) fn ipv6(cx: &mut Cx<'_>, view: &View<'_>) -> (Vec<Ipv6Addr>, Option<u32>) {
    match view.boolean("ipv6") {
        Some(any) => (Vec::new(), Some(u32::from(any))),
        None => (view.items("ipv6").into_iter().filter_map(|node| cx.v6(node)).collect(), None),
    }
}

/// The Elastic IP that a node means; one that is written as its address is allocated on the way.
pub(super) fn elastic_ip(cx: &mut Cx<'_>, plan: &mut Plan, node: &Node) -> Option<AllocationId> {
    let text = decode::text(node).ok()?;
    let id: AllocationId = cx.id(Some(node), "an Elastic IP")?;
    if text.parse::<Ipv4Addr>().is_ok() {
        let address = cx.public_v4(Some(node));
        let create = AllocateAddress { id: Some(id.clone()), address, ..AllocateAddress::default() };
        plan.add(Phase::Addresses, &cx.place.scope.clone(), node.span, Some(id.clone().into()), create);
    }
    Some(id)
}

/// The Elastic IPs of secondary addresses.
pub(super) fn elastic_ips(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>) -> Vec<(Ipv4Addr, AllocationId)> {
    let pair = |entry: &Entry| Some((entry.key.parse().ok()?, elastic_ip(cx, plan, &entry.value)?));
    view.named("elastic-ips").iter().filter_map(pair).collect()
}

/// All Elastic IPs of an interface, each with the secondary address whose it is.
fn associations<'a>(
    cx: &mut Cx<'_>,
    plan: &mut Plan,
    view: &View<'a>,
) -> Vec<(&'a Node, Option<Ipv4Addr>, AllocationId)> {
    let mut all = Vec::new();
    if let Some(node) = view.node("elastic-ip") {
        all.extend(elastic_ip(cx, plan, node).map(|allocation| (node, None, allocation)));
    }
    for entry in view.named("elastic-ips") {
        let private = entry.key.parse().ok();
        all.extend(elastic_ip(cx, plan, &entry.value).map(|allocation| (&entry.value, private, allocation)));
    }
    all
}

/// A further interface of an instance, made and attached.
fn further_interface(cx: &mut Cx<'_>, plan: &mut Plan, (instance, index): (&InstanceId, u32), node: &Node) {
    let Some(view) = View::of(node, &INTERFACE) else { return };
    let scope = cx.place.scope.clone();
    let own = view.text("name").and_then(|name| named::<NetworkInterfaceId>(cx, name));
    let own = own.or_else(|| cx.given(view.node("id"), NetworkInterfaceId::parse));
    let digits = instance.as_str().len() - InstanceId::PREFIX.len();
    let id = own.unwrap_or_else(|| NetworkInterfaceId::of_name(&format!("{instance}/{index}"), digits));
    let tags = tags(view.text("name").unwrap_or(id.as_str()), id.as_str(), Some(&view));
    let Some(create) = create_interface(cx, &view, &id, tags) else { return };
    plan.add(Phase::Instances, &scope, node.span, Some(id.clone().into()), create);
    let attach = AttachNetworkInterface::new(id.clone(), instance.clone(), index);
    plan.add(Phase::Instances, &scope, node.span, None, attach);
    if view.has("delete-on-termination") {
        describe(plan, &scope, &view, &id, Tags::default());
    }
    finish_interface(cx, plan, &view, &id);
}

/// An interface of a VPC that no instance has.
pub(super) fn lone_interface(cx: &mut Cx<'_>, plan: &mut Plan, vpc: &VpcId, entry: &Entry) {
    let Some(view) = View::of(&entry.value, &LONE_INTERFACE) else { return };
    let Some(id) = named::<NetworkInterfaceId>(cx, &entry.key) else { return };
    let scope = cx.place.scope.clone();
    let tags = tags(&entry.key, id.as_str(), Some(&view));
    let of_aws = ["type", "device-index", "public-ip"].into_iter().any(|key| view.has(key));
    if !of_aws {
        let Some(create) = create_interface(cx, &view, &id, tags) else { return };
        plan.add(Phase::Instances, &scope, entry.key_span, Some(id.clone().into()), create);
        return finish_interface(cx, plan, &view, &id);
    }
    let Some(primary) = cx.v4(view.node("private-ip")) else {
        let problem = Problem::error(entry.key_span, "the key `private-ip` is missing");
        cx.problems.push(problem.help("an interface of AWS's own is taken over as it is, with its address"));
        return;
    };
    if view.boolean("ipv6") == Some(true) {
        let problem = Problem::error(view.span_of("ipv6"), "`true` names no IPv6 address of this interface");
        cx.problems.push(problem.help("an interface of AWS's own is taken over as it is: write its addresses"));
    }
    let Some(subnet_id) = cx.id::<SubnetId>(view.node("subnet"), "a subnet") else { return };
    let public = cx.public_v4(view.node("public-ip"));
    let secondary = view.items("secondary-ips").into_iter().filter_map(|node| cx.v4(Some(node)));
    let mut private_addresses: Vec<PrivateAddress> =
        secondary.map(|address| PrivateAddress { address, association: None }).collect();
    let association = public.map(|public_ip| PublicAssociation { public_ip, elastic: None });
    private_addresses.insert(0, PrivateAddress { address: primary, association });
    let record = NetworkInterface {
        tags,
        description: view.string("description").unwrap_or_default(),
        vpc_id: vpc.clone(),
        // The subnet's own, once the record is taken over.
        availability_zone: AvailabilityZone::of(&scope.region, 'a'),
        subnet_id,
        private_addresses,
        ipv6_addresses: ipv6(cx, &view).0,
        groups: cx.ids(view.items("security-groups"), "a security group").into_iter().collect(),
        source_dest_check: view.boolean("source-dest-check").unwrap_or(true),
        interface_type: view.text("type").map_or(InterfaceType::Interface, InterfaceType::of_word),
        attachment: view.integer("device-index").map(|index| Attachment {
            instance_id: None,
            device_index: index as u32,
            delete_on_termination: view.boolean("delete-on-termination").unwrap_or(false),
        }),
        id: id.clone(),
    };
    plan.insert(Phase::Instances, &scope, entry.key_span, record);
    for (node, private_ip_address, allocation_id) in associations(cx, plan, &view) {
        let network_interface_id = id.clone();
        let told = Described::ElasticAssociation { allocation_id, network_interface_id, private_ip_address };
        plan.take_over(Phase::Instances, &scope, node.span, told);
    }
}

/// What is told of an endpoint's interfaces, with their tags and places.
pub(super) fn endpoint_interfaces(cx: &mut Cx<'_>, view: &View<'_>) -> Vec<(SubnetConfiguration, Tags, Span)> {
    let mut all = Vec::new();
    for node in view.items("interfaces") {
        let Some(own) = View::of(node, &ENDPOINT_INTERFACE) else { continue };
        let network_interface_id = cx.given(own.node("id"), NetworkInterfaceId::parse);
        let ipv4 = cx.v4(own.node("private-ip"));
        let ipv6 = own.node("ipv6").and_then(|node| cx.v6(node));
        let Some(subnet_id) = cx.id(own.node("subnet"), "a subnet") else { continue };
        all.push((
            SubnetConfiguration { subnet_id, network_interface_id, ipv4, ipv6 },
            tags("", "", Some(&own)),
            node.span,
        ));
    }
    all
}

fn create_interface(
    cx: &mut Cx<'_>,
    view: &View<'_>,
    id: &NetworkInterfaceId,
    tags: Tags,
) -> Option<CreateNetworkInterface> {
    let subnet: SubnetId = cx.id(view.node("subnet"), "a subnet")?;
    stand_in_vpc_of(cx, Some(&subnet));
    let (ipv6_addresses, ipv6_address_count) = ipv6(cx, view);
    let secondary: Vec<_> = view.items("secondary-ips").into_iter().filter_map(|node| cx.v4(Some(node))).collect();
    Some(CreateNetworkInterface {
        id: Some(id.clone()),
        tags,
        description: view.string("description").unwrap_or_default(),
        private_ip_address: cx.v4(view.node("private-ip")),
        secondary_private_ip_addresses: secondary,
        ipv6_addresses,
        ipv6_address_count,
        security_group_ids: cx.ids(view.items("security-groups"), "a security group"),
        ..CreateNetworkInterface::new(subnet)
    })
}

fn finish_interface(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, id: &NetworkInterfaceId) {
    if let Some(check) = view.boolean("source-dest-check") {
        let action = ModifyNetworkInterfaceAttribute {
            source_dest_check: Some(check),
            ..ModifyNetworkInterfaceAttribute::new(id.clone())
        };
        plan.add(Phase::Instances, &cx.place.scope.clone(), view.span_of("source-dest-check"), None, action);
    }
    associate(cx, plan, view, id);
}

fn associate(cx: &mut Cx<'_>, plan: &mut Plan, view: &View<'_>, id: &NetworkInterfaceId) {
    let scope = cx.place.scope.clone();
    for (node, private_ip_address, allocation) in associations(cx, plan, view) {
        let network_interface_id = Some(id.clone());
        let action = AssociateAddress { network_interface_id, private_ip_address, ..AssociateAddress::new(allocation) };
        plan.add(Phase::Instances, &scope, node.span, None, action);
    }
}

/// Says of an attached interface what its making did not say.
fn describe(plan: &mut Plan, scope: &Scope, view: &View<'_>, id: &NetworkInterfaceId, tags: Tags) {
    let (description, delete_on_termination) = (view.string("description"), view.boolean("delete-on-termination"));
    if description.is_some() || delete_on_termination.is_some() {
        let action = ModifyNetworkInterfaceAttribute {
            description,
            delete_on_termination,
            ..ModifyNetworkInterfaceAttribute::new(id.clone())
        };
        plan.add(Phase::Instances, scope, view.span, None, action);
    }
    if !tags.is_empty() {
        plan.add(Phase::Instances, scope, view.span, None, CreateTags::new(vec![id.clone().into()], tags));
    }
}
