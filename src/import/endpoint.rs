//! Endpoints, the services they lead to, prefix lists and peering connections, as answers tell them. Carries nothing.

use std::collections::BTreeSet;

use super::gateway::Presence;
use super::keys;
use super::ledger::{Ledger, Place};
use super::reader::Item;
use super::source::region_in;
use crate::base::*;
use crate::control_plane::EndpointType;
use crate::notation::{Problem, Source};
use crate::policy::{DocumentKind, PolicyDocument};

/// What `describe-vpc-endpoints` says of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EndpointDraft {
    pub(crate) id: VpcEndpointId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) service_name: ServiceName,
    pub(crate) route_table_ids: BTreeSet<RouteTableId>,
    pub(crate) subnet_ids: BTreeSet<SubnetId>,
    pub(crate) network_interface_ids: BTreeSet<NetworkInterfaceId>,
    pub(crate) security_group_ids: BTreeSet<SecurityGroupId>,
    pub(crate) private_dns_enabled: bool,
    /// Whether its private names are only for queries from on premises, through a resolver's inbound endpoint.
    pub(crate) inbound_only: bool,
    /// The service's own name, if the endpoint's names tell it.
    pub(crate) private_name: Option<String>,
    pub(crate) policy: PolicyDocument,
    /// Its type; EC2's word for one that is not modelled.
    pub(crate) endpoint_type: Result<EndpointType, String>,
}

/// What `describe-prefix-lists` or `describe-managed-prefix-lists` says of one list.
#[derive(Clone, Debug)]
pub(crate) struct ListDraft {
    pub(crate) id: PrefixListId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) name: String,
    /// Its blocks, which only `describe-prefix-lists` says.
    pub(crate) cidrs: Option<BTreeSet<Cidr>>,
    pub(crate) max_entries: Option<usize>,
    pub(crate) version: u32,
    /// Whether it is AWS's own.
    pub(crate) of_aws: bool,
}

/// What `describe-vpc-endpoint-services` says of one service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDraft {
    pub(crate) name: ServiceName,
    pub(crate) gateway: bool,
    pub(crate) interface: bool,
    pub(crate) private_dns_name: Option<String>,
}

/// What `describe-vpc-peering-connections` says of one.
#[derive(Clone, Debug)]
pub(crate) struct PeeringDraft {
    pub(crate) id: VpcPeeringConnectionId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) active: bool,
    pub(crate) requester: PeerDraft,
    pub(crate) accepter: PeerDraft,
}

/// One side of a peering connection.
#[derive(Clone, Debug)]
pub(crate) struct PeerDraft {
    pub(crate) vpc_id: VpcId,
    pub(crate) account: Option<AccountId>,
    pub(crate) region: Option<RegionName>,
    pub(crate) allow_dns_resolution_from_remote_vpc: bool,
}

pub(crate) fn endpoint(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<EndpointDraft>> {
    item.known_keys("VpcEndpoint", keys::VPC_ENDPOINT, ledger);
    let id: Option<VpcEndpointId> = item.need_id("VpcEndpointId", ledger);
    let state = item.text("State", ledger).unwrap_or("available").to_ascii_lowercase();
    if !matches!(state.as_str(), "available" | "pending" | "partial" | "deleting") {
        return Some(Presence::Gone(id?.to_string(), state));
    }
    let vpc_id = item.need_refer("VpcId", ledger);
    // Endpoints to a resource or a service network have no service.
    let kind = match item.text("VpcEndpointType", ledger) {
        None | Some("Gateway") => Ok(EndpointType::Gateway),
        Some("Interface") => Ok(EndpointType::Interface),
        Some(other) => Err(other.to_owned()),
    };
    let service = match &kind {
        Ok(_) => {
            item.need_text("ServiceName", ledger);
            item.parsed(
                "ServiceName",
                "a service's name such as com.amazonaws.us-east-1.s3",
                ServiceName::parse,
                ledger,
            )
        }
        Err(_) => item.text("ServiceName", ledger).and_then(ServiceName::parse).or(ServiceName::parse("not.a.service")),
    };
    let options = item.item("DnsOptions", ledger);
    let inbound_only =
        options.is_some_and(|options| options.flag("PrivateDnsOnlyForInboundResolverEndpoint", false, ledger));
    let mut groups = BTreeSet::new();
    for group in item.items("Groups", ledger) {
        groups.extend(group.need_refer::<SecurityGroupId>("GroupId", ledger));
    }
    Some(Presence::Here(EndpointDraft {
        tags: item.tags(ledger),
        route_table_ids: item.refer_all("RouteTableIds", ledger).into_iter().collect(),
        subnet_ids: item.refer_all("SubnetIds", ledger).into_iter().collect(),
        network_interface_ids: item.refer_all("NetworkInterfaceIds", ledger).into_iter().collect(),
        security_group_ids: groups,
        private_dns_enabled: item.flag("PrivateDnsEnabled", false, ledger) && !inbound_only,
        inbound_only,
        private_name: private_name(item, ledger),
        policy: policy(item, ledger),
        endpoint_type: kind,
        id: id?,
        vpc_id: vpc_id?,
        service_name: service?,
    }))
}

/// Among an endpoint's names, the one that is the service's and not its own.
fn private_name(item: Item<'_>, ledger: &mut Ledger) -> Option<String> {
    let names = item.items("DnsEntries", ledger);
    let names = names.iter().filter_map(|entry| entry.text("DnsName", ledger));
    let own = names.filter(|name| !name.is_empty() && !name.contains(".vpce."));
    // The plain name before those that stand for many, such as `*.s3.us-west-2.amazonaws.com`.
    own.min_by_key(|name| name.starts_with('*')).map(str::to_owned)
}

/// The policy, which stands as a text in the answer. What is wrong with it is said at the text, with the place inside.
fn policy(item: Item<'_>, ledger: &mut Ledger) -> PolicyDocument {
    let Some(text) = item.text("PolicyDocument", ledger).filter(|text| !text.is_empty()) else {
        return PolicyDocument::full_access();
    };
    if text == PolicyDocument::full_access().text() {
        return PolicyDocument::full_access();
    }
    let source = Source::new("<PolicyDocument>", text);
    let (policy, problems) = PolicyDocument::parse(&source, DocumentKind::Endpoint, Era::Current);
    let at = item.place_of("PolicyDocument");
    for problem in problems {
        let (line, column) = source.line_column(problem.span.start);
        let message = format!("line {line}, column {column} of the policy: {}", problem.message);
        ledger.push(at.file, Problem { span: at.span, message, related: None, ..problem });
    }
    policy.unwrap_or_else(PolicyDocument::full_access)
}

pub(crate) fn prefix_list(item: Item<'_>, ledger: &mut Ledger) -> Option<ListDraft> {
    item.known_keys("PrefixList", keys::PREFIX_LIST, ledger);
    let id = item.need_id("PrefixListId", ledger);
    let name = item.text("PrefixListName", ledger).unwrap_or_default().to_owned();
    let cidrs = item.get("Cidrs").map(|_| {
        let mut blocks = BTreeSet::new();
        for (text, at) in item.texts("Cidrs", ledger) {
            match Cidr::parse(text) {
                Ok(block) => drop(blocks.insert(block)),
                Err(error) => ledger.error(at, error.to_string()),
            }
        }
        blocks
    });
    let owner = item.text("OwnerId", ledger);
    let positive = |key: &str, ledger: &mut Ledger| item.number(key, ledger).and_then(|n| usize::try_from(n).ok());
    Some(ListDraft {
        tags: item.tags(ledger),
        of_aws: owner.map_or_else(|| name.starts_with("com.amazonaws."), |owner| owner.eq_ignore_ascii_case("AWS")),
        name,
        cidrs,
        max_entries: positive("MaxEntries", ledger),
        version: positive("Version", ledger).and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        id: id?,
    })
}

/// One block of `get-managed-prefix-list-entries`, whose answer does not say of which list.
pub(crate) fn prefix_list_entry(item: Item<'_>, ledger: &mut Ledger) -> Option<(Place, Cidr)> {
    item.need_cidr("Cidr", ledger).map(|block| (item.place(), block))
}

pub(crate) fn service(item: Item<'_>, ledger: &mut Ledger) -> Option<ServiceDraft> {
    item.need_text("ServiceName", ledger);
    // Names outside AWS's own form are of other companies; an endpoint that leads to one says so itself.
    let name = item.text("ServiceName", ledger).and_then(ServiceName::parse);
    let (mut gateway, mut interface) = (false, false);
    for kind in item.items("ServiceType", ledger) {
        match kind.need_text("ServiceType", ledger) {
            Some("Gateway") => gateway = true,
            Some("Interface") => interface = true,
            Some(_) | None => {}
        }
    }
    let private_dns_name = item.text("PrivateDnsName", ledger).map(str::to_owned);
    Some(ServiceDraft { gateway, interface, private_dns_name, name: name? })
}

pub(crate) fn peering(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<PeeringDraft>> {
    item.known_keys("VpcPeeringConnection", keys::PEERING, ledger);
    let id: Option<VpcPeeringConnectionId> = item.need_id("VpcPeeringConnectionId", ledger);
    let code = item.item("Status", ledger).and_then(|status| status.text("Code", ledger)).unwrap_or("active");
    if !matches!(code, "active" | "pending-acceptance" | "provisioning") {
        return Some(Presence::Gone(id?.to_string(), code.to_owned()));
    }
    let active = code == "active";
    let mut side = |key: &str| match item.item(key, ledger) {
        Some(info) => {
            let options = info.item("PeeringOptions", ledger);
            let dns = "AllowDnsResolutionFromRemoteVpc";
            let vpc_id = info.need_id("VpcId", ledger);
            Some(PeerDraft {
                account: info.account("OwnerId", ledger),
                region: info.text("Region", ledger).and_then(region_in),
                allow_dns_resolution_from_remote_vpc: options.is_some_and(|options| options.flag(dns, false, ledger)),
                vpc_id: vpc_id?,
            })
        }
        None => {
            if item.get(key).is_none() {
                ledger.error(item.place(), format!("`{key}` is missing"));
            }
            None
        }
    };
    let (requester, accepter) = (side("RequesterVpcInfo"), side("AccepterVpcInfo"));
    let tags = item.tags(ledger);
    Some(Presence::Here(PeeringDraft { id: id?, tags, active, requester: requester?, accepter: accepter? }))
}
