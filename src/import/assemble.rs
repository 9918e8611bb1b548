//! Drafts → the records of a world, in the order in which they need one another. Reads no answer.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::assumption::Assumptions;
use super::draft::{Draft, Drafted, Gone, Unmodeled};
use super::endpoint::PeerDraft;
use super::ledger::{Ledger, Place};
use super::route_table::{TableDraft, TableUserDraft};
use super::source::{FileId, Library};
use super::vpc::VpcDraft;
use crate::base::*;
use crate::control_plane::*;

/// The account of files in which none is named, unless the user says otherwise.
const NOBODY: &str = "000000000000";

/// What came of the drafts.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) world: World,
    pub(crate) unmodeled: Vec<Unmodeled>,
    pub(crate) gone: Vec<Gone>,
}

impl Assembly {
    /// Makes all records. Drafts that do not fit are problems at their places.
    pub(crate) fn build(library: &Library, draft: Draft, assumptions: &mut Assumptions, ledger: &mut Ledger) -> Self {
        let mut world = World::new(Era::Current);
        world.quotas = Quotas::Lifted;
        let mut builder = Builder {
            world,
            library,
            assumptions,
            ledger,
            vpc_scopes: FxHashMap::default(),
            unmodeled: draft.unmodeled.clone(),
            opaque: FxHashSet::default(),
            nobody: AccountId::parse(NOBODY).expect("twelve digits"),
        };
        builder.open(&draft);
        builder.services(&draft);
        builder.prefix_lists(&draft);
        builder.vpcs(&draft);
        builder.peerings(&draft);
        builder.opaque_targets(&draft);
        builder.gateways(&draft);
        // Before tables: what a gateway is known to have learned from them is not learned from elsewhere.
        builder.vpn(&draft);
        builder.tables(&draft);
        builder.filters(&draft);
        builder.subnets(&draft);
        builder.interfaces(&draft);
        builder.addresses(&draft);
        builder.instances(&draft);
        builder.nat_gateways(&draft);
        builder.endpoints(&draft);
        let Builder { world, mut unmodeled, .. } = builder;
        unmodeled.sort();
        unmodeled.dedup();
        Self { world, unmodeled, gone: draft.gone }
    }
}

struct Builder<'a> {
    world: World,
    library: &'a Library,
    assumptions: &'a mut Assumptions,
    ledger: &'a mut Ledger,
    /// Whatever lies in a VPC is recorded where the VPC is, also what another account has in a shared subnet.
    vpc_scopes: FxHashMap<VpcId, Scope>,
    unmodeled: Vec<Unmodeled>,
    /// Targets of routes behind which nothing can be told.
    opaque: FxHashSet<String>,
    /// The account of files in which none is named.
    nobody: AccountId,
}

impl Builder<'_> {
    fn open(&mut self, draft: &Draft) {
        let is_nobodys =
            |vpc: &Drafted<VpcDraft>| vpc.owner.is_none() && self.library.homes[vpc.at.file.0].account.is_none();
        if draft.vpcs.iter().any(is_nobodys) {
            let otherwise = (self.nobody.clone(), NOBODY.to_owned());
            let why = "no file names the account: `aws sts get-caller-identity`";
            let form = "an account: twelve digits";
            self.nobody = self.assumptions.choose("account".to_owned(), otherwise, AccountId::parse, form, why);
        }
        for vpc in &draft.vpcs {
            let scope = self.scope_of(vpc.at.file, vpc.owner.as_ref());
            self.world.open(&scope);
            self.vpc_scopes.insert(vpc.value.id.clone(), scope);
        }
        for file in 0..self.library.homes.len() {
            let home = &self.library.homes[file];
            if home.account.is_some() && home.region.is_some() && self.library.lists.iter().any(|l| l.file.0 == file) {
                let scope = self.scope_of(FileId(file), None);
                self.world.open(&scope);
            }
        }
    }

    /// The account and region of a file; of an item, if it names its owner.
    fn scope_of(&self, file: FileId, owner: Option<&AccountId>) -> Scope {
        let home = &self.library.homes[file.0];
        let account = owner.cloned().or_else(|| home.account.clone()).unwrap_or_else(|| self.nobody.clone());
        // Files without a region are an error and were not read; the name only stands in until that is reported.
        let region = home.region.clone().unwrap_or_else(|| RegionName::parse("us-east-1").expect("a region"));
        Scope::new(account, region)
    }

    /// Where the records of a VPC are; where its file is, if the VPC is missing.
    fn scope_in(&self, vpc: &VpcId, at: Place) -> Scope {
        self.vpc_scopes.get(vpc).cloned().unwrap_or_else(|| self.scope_of(at.file, None))
    }

    fn insert(&mut self, scope: &Scope, at: Place, record: impl Into<Record>) {
        if self.world.region(scope).is_none() {
            self.world.open(scope);
        }
        if let Err(error) = self.world.insert(scope, record) {
            // What is missing was said by the check of references; anything else is said here.
            if !matches!(error, InsertError::Dangling { .. }) || !self.ledger.has_errors() {
                self.ledger.error(at, error.to_string());
            }
        }
    }

    fn unknown(&mut self, id: impl Into<String>, what: impl Into<String>, effect: String) {
        self.unmodeled.push(Unmodeled { id: id.into(), what: what.into(), effect });
    }

    /// The services of each region: what `describe-prefix-lists` and `describe-vpc-endpoint-services` say, on top of the
    /// built-in ones where they say nothing.
    fn services(&mut self, draft: &Draft) {
        for service in &draft.services {
            let Some(region) = self.library.homes[service.at.file.0].region.clone() else { continue };
            let value = &service.value;
            let mut record = match self.world.service(&region, &value.name) {
                Some(known) => known.clone(),
                None => Service::plain(value.name.clone(), []),
            };
            record.gateway_endpoint |= value.gateway;
            record.interface_endpoint |= value.interface;
            record.private_dns_name = value.private_dns_name.clone().or(record.private_dns_name);
            if record.has_endpoints() {
                self.world.declare_service(&region, record);
            }
        }
        for endpoint in &draft.endpoints {
            let Some(region) = self.library.homes[endpoint.at.file.0].region.clone() else { continue };
            let Ok(kind) = &endpoint.value.endpoint_type else { continue };
            let name_of = &endpoint.value.service_name;
            let mut record = match self.world.service(&region, name_of) {
                Some(known) => known.clone(),
                None => Service::plain(name_of.clone(), []),
            };
            match kind {
                EndpointType::Gateway => record.gateway_endpoint = true,
                EndpointType::Interface => record.interface_endpoint = true,
            }
            if *kind == EndpointType::Interface && endpoint.value.private_dns_enabled {
                let name = endpoint.value.private_name.clone().or(record.private_dns_name.take());
                record.private_dns_name = Some(name.unwrap_or_else(|| self.assume_private_name(&region, name_of)));
            }
            self.world.declare_service(&region, record);
        }
    }

    /// The name that an endpoint answers in its VPC, where no answer says it: most services are called like this.
    fn assume_private_name(&mut self, region: &RegionName, service: &ServiceName) -> String {
        let usual = format!("{}.{region}.amazonaws.com", service.service());
        let why = "an endpoint answers it, but no file says it: `aws ec2 describe-vpc-endpoint-services`";
        let is_name = |text: &str| (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned());
        self.assumptions.choose(
            format!("{service}.private-dns-name"),
            (usual.clone(), usual),
            is_name,
            "a DNS name",
            why,
        )
    }

    fn prefix_lists(&mut self, draft: &Draft) {
        let mut regions: BTreeSet<RegionName> = BTreeSet::new();
        let mut told: BTreeSet<(RegionName, ServiceName)> = BTreeSet::new();
        let mut lists: BTreeMap<(RegionName, PrefixListId), Vec<&Drafted<super::endpoint::ListDraft>>> =
            BTreeMap::new();
        for list in &draft.prefix_lists {
            if let Some(region) = &self.library.homes[list.at.file.0].region {
                lists.entry((region.clone(), list.value.id.clone())).or_default().push(list);
            }
        }
        for ((region, id), views) in lists {
            let mut blocks: Option<BTreeSet<Cidr>> = draft.list_entries.get(&id).cloned();
            for view in &views {
                blocks = view.value.cidrs.clone().or(blocks);
            }
            let first = views[0];
            let name = views.iter().map(|view| view.value.name.as_str()).find(|name| !name.is_empty()).unwrap_or("");
            let service = ServiceName::parse(name).filter(|_| views.iter().any(|view| view.value.of_aws));
            let known = service.as_ref().and_then(|name| self.world.service(&region, name)).cloned();
            if blocks.is_none() {
                // `describe-managed-prefix-lists` says no block; for AWS's own lists the built-in ones stand in.
                let built_in = known.as_ref().filter(|known| known.prefix_list_id.as_ref() == Some(&id));
                blocks = built_in.map(|known| known.ranges.iter().chain(&known.ipv6_ranges).copied().collect());
                let why =
                    "no file holds its blocks: `aws ec2 describe-prefix-lists` or `get-managed-prefix-list-entries`";
                let shown = if blocks.is_some() { "the built-in blocks" } else { "no blocks" };
                let otherwise = (blocks, shown.to_owned());
                let key = format!("{id}.cidrs");
                blocks = self.assumptions.choose(key, otherwise, |text| Some(Some(as_blocks(text)?)), BLOCKS, why);
                if blocks.is_none() {
                    let effect = format!("traffic that a route or rule with {id} decides: unknown; {why}");
                    self.unknown(id.as_str(), "a prefix list without its blocks", effect);
                }
            }
            let blocks = blocks.unwrap_or_default();
            match service {
                Some(name) => {
                    let (ranges, ipv6_ranges) = blocks.into_iter().partition(Cidr::is_v4);
                    let base = known.unwrap_or_else(|| Service::plain(name.clone(), []));
                    let short = matches!(name.service(), "s3" | "dynamodb");
                    let gateway_endpoint = base.gateway_endpoint || short;
                    told.insert((region.clone(), name));
                    let ipv6_ranges: BTreeSet<Cidr> = ipv6_ranges;
                    // IPv6 ranges are in no list; the built-in ones stay.
                    let ipv6_ranges = if ipv6_ranges.is_empty() { base.ipv6_ranges.clone() } else { ipv6_ranges };
                    let service = Service { prefix_list_id: Some(id), ranges, ipv6_ranges, gateway_endpoint, ..base };
                    self.world.declare_service(&region, service);
                }
                None => {
                    let value = &first.value;
                    let record = PrefixList {
                        id,
                        tags: tags(&value.tags),
                        prefix_list_name: name.to_owned(),
                        max_entries: value.max_entries.unwrap_or(blocks.len()).max(blocks.len()).max(1),
                        entries: blocks,
                        version: value.version,
                    };
                    let scope = self.scope_of(first.at.file, first.owner.as_ref());
                    self.insert(&scope, first.at, record);
                }
            }
            regions.insert(region);
        }
        self.state_built_in(&told);
    }

    /// Says which services' ranges are the built-in ones.
    fn state_built_in(&mut self, told: &BTreeSet<(RegionName, ServiceName)>) {
        let regions: BTreeSet<RegionName> = self.world.regions().map(|(scope, _)| scope.region).collect();
        for region in regions {
            let services: Vec<Service> = self.world.services(&region).cloned().collect();
            for service in services {
                let list = service.prefix_list_id.as_ref();
                if let Some(list) = list.filter(|_| !told.contains(&(region.clone(), service.name.clone()))) {
                    let otherwise = (None, format!("{list} with the built-in blocks"));
                    let why = "no file describes its prefix list: `aws ec2 describe-prefix-lists`";
                    let key = format!("{}.ranges", service.name);
                    let parse = |text: &str| Some(Some(as_blocks(text)?));
                    if let Some(blocks) = self.assumptions.choose(key, otherwise, parse, BLOCKS, why) {
                        let (ranges, ipv6_ranges) = blocks.into_iter().partition(Cidr::is_v4);
                        self.world.declare_service(&region, Service { ranges, ipv6_ranges, ..service });
                    }
                }
            }
        }
    }

    fn vpcs(&mut self, draft: &Draft) {
        let mut dns: BTreeMap<&VpcId, (Option<bool>, Option<bool>)> = BTreeMap::new();
        for attribute in draft.vpc_attributes.iter().map(|attribute| &attribute.value) {
            let entry = dns.entry(&attribute.vpc_id).or_default();
            entry.0 = attribute.enable_dns_support.or(entry.0);
            entry.1 = attribute.enable_dns_hostnames.or(entry.1);
        }
        // Private names of an interface endpoint need both attributes, and public names of instances need both, too
        // (VPC User Guide, "DNS attributes for your VPC"): where they are, the attributes are told.
        let private_names = draft.endpoints.iter().filter(|endpoint| endpoint.value.private_dns_enabled);
        let mut named: BTreeSet<&VpcId> = private_names.map(|endpoint| &endpoint.value.vpc_id).collect();
        let public_names = draft.interfaces.iter().filter(|interface| interface.value.has_public_name);
        named.extend(public_names.map(|interface| &interface.value.vpc_id));
        let described: BTreeSet<&DhcpOptionsId> = draft.dhcp_options.iter().map(|options| &options.value.id).collect();
        for options in &draft.dhcp_options {
            let value = &options.value;
            let record = DhcpOptions {
                id: value.id.clone(),
                tags: tags(&value.tags),
                domain_name_servers: value.domain_name_servers.clone(),
                domain_name: value.domain_name.clone(),
            };
            let scope = self.scope_of(options.at.file, options.owner.as_ref());
            self.insert(&scope, options.at, record);
        }
        let mains = main_associations(draft);
        let mut acls: FxHashMap<&VpcId, &NetworkAclId> = FxHashMap::default();
        acls.extend(draft.network_acls.iter().filter(|a| a.value.is_default).map(|a| (&a.value.vpc_id, &a.value.id)));
        let mut groups: FxHashMap<&VpcId, &SecurityGroupId> = FxHashMap::default();
        let defaults = draft.security_groups.iter().filter(|group| group.value.group_name == "default");
        groups.extend(defaults.map(|group| (&group.value.vpc_id, &group.value.id)));
        for vpc in &draft.vpcs {
            let id = &vpc.value.id;
            // Without one of these the check has said so.
            let (Some(main), Some(acl), Some(group)) = (mains.get(id), acls.get(id), groups.get(id)) else { continue };
            let told = dns.get(id).copied().unwrap_or_default();
            let (support, hostnames) = self.dns_attributes(&vpc.value, told, named.contains(id));
            let scope = self.scope_in(id, vpc.at);
            if let Some(options) = vpc.value.dhcp_options_id.as_ref().filter(|options| !described.contains(options)) {
                self.assume_dhcp_options(&scope, vpc.at, options);
            }
            let record = Vpc {
                id: id.clone(),
                tags: tags(&vpc.value.tags),
                cidr_blocks: vpc.value.cidr_blocks.clone(),
                ipv6_cidr_blocks: vpc.value.ipv6_cidr_blocks.clone(),
                enable_dns_support: support,
                enable_dns_hostnames: hostnames,
                dhcp_options_id: vpc.value.dhcp_options_id.clone(),
                main_association: MainAssociation { association_id: main.0.clone(), route_table_id: main.1.clone() },
                default_network_acl_id: (*acl).clone(),
                default_security_group_id: (*group).clone(),
                is_default: vpc.value.is_default,
                classic_link_enabled: false,
            };
            self.insert(&scope, vpc.at, record);
            if let Some(mode) = &vpc.value.public_access_block {
                let effect = format!("traffic between {id} and the internet: unknown ({mode})");
                self.unknown(id.as_str(), "a block on public access", effect);
            }
        }
    }

    fn dns_attributes(&mut self, vpc: &VpcDraft, told: (Option<bool>, Option<bool>), named: bool) -> (bool, bool) {
        let implied = named.then_some(true);
        let why = "no answer tells it: `aws ec2 describe-vpc-attribute`; this is what a VPC is created with";
        let mut decide = |told: Option<bool>, what: &str, otherwise: bool| match told.or(implied) {
            Some(told) => told,
            None => self.assumptions.flag(format!("{}.{what}", vpc.id), otherwise, why),
        };
        let support = decide(told.0, "enableDnsSupport", true);
        // Facts V3: on in a default VPC, off in others.
        let hostnames = decide(told.1, "enableDnsHostnames", vpc.is_default);
        (support, hostnames)
    }

    fn assume_dhcp_options(&mut self, scope: &Scope, at: Place, id: &DhcpOptionsId) {
        if self.world.knows(&id.clone().into()) {
            return;
        }
        let why = "no file describes it: `aws ec2 describe-dhcp-options`; this is what a region's own set says";
        let otherwise = (vec![NameServer::AmazonProvidedDns], AMAZON_DNS.to_owned());
        let key = format!("{id}.domain-name-servers");
        let form = "a list of addresses, or AmazonProvidedDNS";
        let domain_name_servers = self.assumptions.choose(key, otherwise, as_servers, form, why);
        let record = DhcpOptions {
            id: id.clone(),
            tags: Tags::default(),
            domain_name_servers,
            domain_name: Some(private_domain(&scope.region)),
        };
        self.insert(scope, at, record);
    }

    /// Both accounts may describe one connection; each knows its own side's options.
    fn peerings(&mut self, draft: &Draft) {
        let mut joined: BTreeMap<&VpcPeeringConnectionId, Vec<&Drafted<super::endpoint::PeeringDraft>>> =
            BTreeMap::new();
        for peering in &draft.peerings {
            joined.entry(&peering.value.id).or_default().push(peering);
        }
        for (id, views) in joined {
            let first = views[0];
            let mut sides =
                [&first.value.requester, &first.value.accepter].map(|side| self.peering_side(side, first.at));
            for view in &views[1..] {
                sides[0].allow_dns_resolution_from_remote_vpc |=
                    view.value.requester.allow_dns_resolution_from_remote_vpc;
                sides[1].allow_dns_resolution_from_remote_vpc |=
                    view.value.accepter.allow_dns_resolution_from_remote_vpc;
            }
            if let Some(absent) = sides.iter().find(|side| !self.vpc_scopes.contains_key(&side.vpc_id)) {
                let effect = format!(
                    "traffic through {id}: unknown; {} of account {} in {} is not among these files",
                    absent.vpc_id, absent.scope.account, absent.scope.region
                );
                self.opaque.insert(id.to_string());
                self.unknown(id.as_str(), "a peering connection to a VPC outside these files", effect);
                continue;
            }
            let [requester, accepter] = sides;
            let scope = requester.scope.clone();
            let active = views.iter().any(|view| view.value.active);
            let record = PeeringConnection {
                id: id.clone(),
                tags: tags(&first.value.tags),
                requester,
                accepter,
                state: if active { PeeringState::Active } else { PeeringState::PendingAcceptance },
                created_at: SimTime::ZERO,
            };
            self.insert(&scope, first.at, record);
        }
    }

    fn peering_side(&self, side: &PeerDraft, at: Place) -> PeeringSide {
        let known = self.vpc_scopes.get(&side.vpc_id).cloned();
        let scope = known.unwrap_or_else(|| {
            let told = self.scope_of(at.file, side.account.as_ref());
            Scope { region: side.region.clone().unwrap_or(told.region), account: told.account }
        });
        let allow = side.allow_dns_resolution_from_remote_vpc;
        PeeringSide { scope, vpc_id: side.vpc_id.clone(), allow_dns_resolution_from_remote_vpc: allow }
    }

    /// Targets that are described and whose packets nobody here can follow.
    fn opaque_targets(&mut self, draft: &Draft) {
        for endpoint in draft.endpoints.iter().map(|endpoint| &endpoint.value) {
            if let Err(kind) = &endpoint.endpoint_type {
                self.opaque.insert(endpoint.id.to_string());
                let effect = format!("traffic through {}: unknown", endpoint.id);
                self.unknown(endpoint.id.as_str(), format!("an endpoint of type {kind}"), effect);
            }
        }
        for nat in draft.nat_gateways.iter().filter(|nat| nat.value.subnet_id.is_none()).map(|nat| &nat.value) {
            self.opaque.insert(nat.id.to_string());
            let effect = format!("traffic through {}: unknown", nat.id);
            self.unknown(nat.id.as_str(), "a NAT gateway that spans zones", effect);
        }
        self.ipv6_only(draft);
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            let instance = interface.attachment.as_ref().and_then(|attachment| attachment.instance_id.as_ref());
            // A check that is on drops what the interface would have to forward, whoever stands behind it.
            if let Some(instance) = instance.filter(|_| !interface.source_dest_check) {
                self.opaque.insert(interface.id.to_string());
                self.opaque.insert(instance.to_string());
            } else if let InterfaceType::Other(_) = interface.interface_type {
                self.opaque.insert(interface.id.to_string());
            }
        }
    }

    /// Subnets without IPv4 addresses, and what lies in them: they are listed, and left out.
    fn ipv6_only(&mut self, draft: &Draft) {
        for subnet in &draft.ipv6_only {
            let effect = format!("traffic from and to {subnet}: unknown");
            self.unknown(subnet.as_str(), "a subnet without IPv4 addresses", effect);
        }
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            if !draft.ipv6_only.contains(&interface.subnet_id) {
                continue;
            }
            self.opaque.insert(interface.id.to_string());
            let addresses: Vec<String> = interface.ipv6_addresses.iter().map(ToString::to_string).collect();
            let effect = format!("traffic from and to {}: unknown", addresses.join(", "));
            self.unknown(interface.id.as_str(), format!("an interface in {}", interface.subnet_id), effect);
        }
        for instance in draft.instances.iter().map(|instance| &instance.value) {
            if draft.ipv6_only.contains(&instance.subnet_id) {
                self.opaque.insert(instance.id.to_string());
                let effect = format!("traffic from and to {}: unknown", instance.id);
                self.unknown(instance.id.as_str(), format!("an instance in {}", instance.subnet_id), effect);
            }
        }
    }

    fn gateways(&mut self, draft: &Draft) {
        for gateway in &draft.internet_gateways {
            let value = &gateway.value;
            let scope = self.attached_scope(gateway.at, gateway.owner.as_ref(), value.vpc_id.as_ref());
            let record =
                InternetGateway { id: value.id.clone(), tags: tags(&value.tags), vpc_id: value.vpc_id.clone() };
            self.insert(&scope, gateway.at, record);
        }
        for gateway in &draft.egress_only {
            let value = &gateway.value;
            let Some(vpc_id) = value.vpc_id.clone() else { continue };
            let scope = self.scope_in(&vpc_id, gateway.at);
            let record = EgressOnlyInternetGateway { id: value.id.clone(), tags: tags(&value.tags), vpc_id };
            self.insert(&scope, gateway.at, record);
        }
        for gateway in &draft.vpn_gateways {
            let value = &gateway.value;
            let scope = self.attached_scope(gateway.at, gateway.owner.as_ref(), value.vpc_id.as_ref());
            let record = VpnGateway {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                other_routes: BTreeMap::new(),
            };
            self.insert(&scope, gateway.at, record);
            let effect = format!("what is behind {}, over VPN or Direct Connect, and answers there: unknown", value.id);
            self.unknown(value.id.as_str(), "a virtual private gateway's far side", effect);
        }
    }

    fn attached_scope(&self, at: Place, owner: Option<&AccountId>, vpc: Option<&VpcId>) -> Scope {
        vpc.map_or_else(|| self.scope_of(at.file, owner), |vpc| self.scope_in(vpc, at))
    }

    fn tables(&mut self, draft: &Draft) {
        let static_blocks: FxHashSet<(Cidr, &VpnGatewayId)> = draft
            .vpn_connections
            .iter()
            .flat_map(|vpn| vpn.value.static_routes.iter().map(move |block| (block, vpn.value.vpn_gateway_id.as_ref())))
            .filter_map(|(block, gateway)| Some((*block, gateway?)))
            .collect();
        for table in &draft.route_tables {
            let value = &table.value;
            let scope = self.scope_in(&value.vpc_id, table.at);
            let routes: Vec<Route> =
                value.routes.iter().map(|(_, route)| self.followed(value, route.clone())).collect();
            let propagated = value.propagated.iter().map(|(_, block, gateway)| {
                // An answer does not say how a gateway learned a block, nor by which path.
                let by_hand = static_blocks.contains(&(*block, gateway));
                let learned = if by_hand { Learned::VpnStatic } else { Learned::VpnBgp };
                PropagatedRoute { destination: *block, learned, as_path_len: 0, med: 0, gateway: gateway.clone() }
            });
            let mut record =
                RouteTable::described(value.id.clone(), value.vpc_id.clone(), routes, propagated.collect());
            record.tags = tags(&value.tags);
            record.propagating_vgws.extend(value.propagating_vgws.iter().cloned());
            for association in &value.associations {
                if let TableUserDraft::Gateway(gateway) = &association.user {
                    record.edge_associations.insert(gateway.clone());
                    let effect =
                        format!("traffic that enters through {gateway}, which {} redirects: unknown", value.id);
                    self.unknown(value.id.as_str(), "a route table of a gateway", effect);
                }
            }
            self.insert(&scope, table.at, record);
        }
    }

    /// A route as it can be followed: what leads to something unknown says so.
    fn followed(&mut self, table: &TableDraft, mut route: Route) -> Route {
        let target = route.target.to_string();
        let opaque = matches!(route.target, RouteTarget::Unmodeled(_)) || self.opaque.contains(&target);
        if opaque && route.state == RouteState::Active {
            let effect = format!("traffic to {} through {target}: unknown", route.destination);
            self.unknown(target.clone(), format!("the target of a route of {}", table.id), effect);
            route.target = RouteTarget::Unmodeled(target);
        }
        route
    }

    fn filters(&mut self, draft: &Draft) {
        for acl in &draft.network_acls {
            let value = &acl.value;
            let scope = self.scope_in(&value.vpc_id, acl.at);
            let record = NetworkAcl {
                tags: tags(&value.tags),
                is_default: value.is_default,
                ingress: value.ingress.clone(),
                egress: value.egress.clone(),
                ..NetworkAcl::new(value.id.clone(), value.vpc_id.clone())
            };
            self.insert(&scope, acl.at, record);
        }
        let known: FxHashSet<&SecurityGroupId> = draft.security_groups.iter().map(|group| &group.value.id).collect();
        for group in &draft.security_groups {
            let value = &group.value;
            let scope = self.scope_in(&value.vpc_id, group.at);
            let mut record = SecurityGroup::new(value.id.clone(), value.vpc_id.clone(), value.group_name.clone());
            record.tags = tags(&value.tags);
            record.description.clone_from(&value.description);
            record.ingress.clone_from(&value.ingress);
            record.egress.clone_from(&value.egress);
            self.insert(&scope, group.at, record);
            for (_, other, account) in value.foreign.iter().filter(|(_, other, _)| !known.contains(other)) {
                let whose = account.as_ref().map_or_else(String::new, |account| format!(" of account {account}"));
                let effect = format!("traffic between members of {} and of {other}{whose}: unknown", value.id);
                self.unknown(other.as_str(), "a security group outside these files", effect);
            }
        }
    }

    fn subnets(&mut self, draft: &Draft) {
        let mut tables: FxHashMap<&SubnetId, TableAssociation> = FxHashMap::default();
        for table in draft.route_tables.iter().map(|table| &table.value) {
            for association in &table.associations {
                if let TableUserDraft::Subnet(subnet) = &association.user {
                    let own =
                        TableAssociation { association_id: association.id.clone(), route_table_id: table.id.clone() };
                    tables.insert(subnet, own);
                }
            }
        }
        let mut acls: FxHashMap<&SubnetId, AclAssociation> = FxHashMap::default();
        for acl in draft.network_acls.iter().map(|acl| &acl.value) {
            for (_, id, subnet) in &acl.associations {
                let own = AclAssociation { association_id: id.clone(), network_acl_id: acl.id.clone() };
                acls.insert(subnet, own);
            }
        }
        for subnet in &draft.subnets {
            let value = &subnet.value;
            // Without an ACL the check has said so.
            let Some(acl) = acls.remove(&value.id) else { continue };
            let scope = self.scope_in(&value.vpc_id, subnet.at);
            let record = Subnet {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                availability_zone: value.availability_zone.clone(),
                cidr_block: value.cidr_block,
                ipv6_cidr_block: value.ipv6_cidr_block,
                map_public_ip_on_launch: value.map_public_ip_on_launch,
                assign_ipv6_address_on_creation: value.assign_ipv6_address_on_creation,
                route_table_association: tables.remove(&value.id),
                network_acl_association: acl,
                addresses: AddressBook::default(),
            };
            self.insert(&scope, subnet.at, record);
        }
    }

    fn interfaces(&mut self, draft: &Draft) {
        let zones: FxHashMap<&SubnetId, &AvailabilityZone> =
            draft.subnets.iter().map(|subnet| (&subnet.value.id, &subnet.value.availability_zone)).collect();
        // What `describe-addresses` says of an association fills what an instance's own answer leaves out.
        let mut elastic: FxHashMap<(&NetworkInterfaceId, std::net::Ipv4Addr), PublicAssociation> = FxHashMap::default();
        for address in draft.addresses.iter().map(|address| &address.value) {
            if let Some(association) = &address.association {
                let id = (address.allocation_id.clone(), association.association_id.clone());
                let public = PublicAssociation { public_ip: address.public_ip, elastic: Some(id) };
                elastic.insert((&association.network_interface_id, association.private_ip_address), public);
            }
        }
        for interface in &draft.interfaces {
            let value = &interface.value;
            let Some(zone) = zones.get(&value.subnet_id) else { continue };
            let scope = self.scope_in(&value.vpc_id, interface.at);
            let mut private_addresses = value.private_addresses.clone();
            for own in &mut private_addresses {
                let told = elastic.get(&(&value.id, own.address));
                if let Some(told) = told.filter(|_| own.association.as_ref().is_none_or(|a| a.elastic.is_none())) {
                    own.association = Some(told.clone());
                }
            }
            let record = NetworkInterface {
                id: value.id.clone(),
                tags: tags(&value.tags),
                description: value.description.clone(),
                vpc_id: value.vpc_id.clone(),
                subnet_id: value.subnet_id.clone(),
                availability_zone: (*zone).clone(),
                private_addresses,
                ipv6_addresses: value.ipv6_addresses.clone(),
                groups: value.groups.clone(),
                source_dest_check: value.source_dest_check,
                interface_type: value.interface_type.clone(),
                attachment: value.attachment.clone(),
            };
            self.insert(&scope, interface.at, record);
            self.interface_effects(&interface.value);
        }
    }

    /// What of an interface cannot be told.
    fn interface_effects(&mut self, interface: &super::interface::InterfaceDraft) {
        let id = interface.id.as_str();
        if let InterfaceType::Other(kind) = &interface.interface_type {
            let addresses: Vec<String> =
                interface.private_addresses.iter().map(|own| own.address.to_string()).collect();
            let what = match interface.description.as_str() {
                "" => format!("an interface of type {kind}"),
                description => format!("an interface of type {kind} ({description})"),
            };
            self.unknown(id, what, format!("connections to and from {}: unknown", addresses.join(", ")));
        }
        for block in &interface.prefixes {
            self.unknown(id, "a block delegated to an interface", format!("traffic to {block}: unknown"));
        }
        for other in &interface.other_associations {
            self.unknown(id, "an address of another kind", format!("traffic to {other}: unknown"));
        }
    }

    fn addresses(&mut self, draft: &Draft) {
        let interface_vpc: FxHashMap<&NetworkInterfaceId, &VpcId> =
            draft.interfaces.iter().map(|interface| (&interface.value.id, &interface.value.vpc_id)).collect();
        for address in &draft.addresses {
            let value = &address.value;
            let association = value.association.as_ref();
            let vpc = association.and_then(|association| interface_vpc.get(&association.network_interface_id));
            let scope = match vpc {
                Some(vpc) => self.scope_in(vpc, address.at),
                None => self.scope_of(address.at.file, address.owner.as_ref()),
            };
            if let Some(association) = association
                && vpc.is_some()
            {
                let interface = self
                    .world
                    .region(&scope)
                    .and_then(|region| region.network_interfaces().get(&association.network_interface_id));
                if interface
                    .is_some_and(|own| own.public_address_of(association.private_ip_address) != Some(value.public_ip))
                {
                    let message = format!(
                        "{} of {} is not the public address that {} itself names for {}",
                        value.public_ip,
                        value.allocation_id,
                        association.network_interface_id,
                        association.private_ip_address
                    );
                    self.ledger.error(association.at, message);
                }
            }
            let record = ElasticIp {
                allocation_id: value.allocation_id.clone(),
                tags: tags(&value.tags),
                public_ip: value.public_ip,
                association: association.map(|association| ElasticAssociation {
                    association_id: association.association_id.clone(),
                    network_interface_id: association.network_interface_id.clone(),
                    private_ip_address: association.private_ip_address,
                }),
            };
            self.insert(&scope, address.at, record);
        }
        self.undescribed_addresses(draft);
    }

    /// Elastic IPs that only the interfaces name, because no file holds the addresses.
    fn undescribed_addresses(&mut self, draft: &Draft) {
        for interface in &draft.interfaces {
            for own in &interface.value.private_addresses {
                let Some(PublicAssociation { public_ip, elastic: Some((allocation, association)) }) = &own.association
                else {
                    continue;
                };
                if self.world.knows(&allocation.clone().into()) {
                    continue;
                }
                let record = ElasticIp {
                    allocation_id: allocation.clone(),
                    tags: Tags::default(),
                    public_ip: *public_ip,
                    association: Some(ElasticAssociation {
                        association_id: association.clone(),
                        network_interface_id: interface.value.id.clone(),
                        private_ip_address: own.address,
                    }),
                };
                let scope = self.scope_in(&interface.value.vpc_id, interface.at);
                self.insert(&scope, interface.at, record);
            }
        }
    }

    fn instances(&mut self, draft: &Draft) {
        let mut slots: FxHashMap<&InstanceId, BTreeMap<u32, NetworkInterfaceId>> = FxHashMap::default();
        let mut public: FxHashSet<&InstanceId> = FxHashSet::default();
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            let Some(Attachment { instance_id: Some(instance), device_index, .. }) = &interface.attachment else {
                continue;
            };
            slots.entry(instance).or_default().insert(*device_index, interface.id.clone());
            let association = interface.private_addresses.first().and_then(|own| own.association.as_ref());
            if *device_index == 0 && association.is_some_and(|association| association.elastic.is_none()) {
                public.insert(instance);
            }
        }
        for instance in &draft.instances {
            let value = &instance.value;
            let scope = self.scope_in(&value.vpc_id, instance.at);
            let subnet = self.world.region(&scope).and_then(|region| region.subnets().get(&value.subnet_id));
            let Some(zone) = subnet.map(|subnet| subnet.availability_zone.clone()) else { continue };
            let interfaces = slots.remove(&value.id).unwrap_or_default();
            if !interfaces.contains_key(&0) {
                self.ledger.error(instance.at, format!("no interface says that it is the primary one of {}", value.id));
            }
            let record = Instance {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                subnet_id: value.subnet_id.clone(),
                availability_zone: zone,
                instance_type: value.instance_type.clone(),
                state: value.state,
                interfaces,
                public_at_start: public.contains(&value.id),
                // What its role may do is IAM's to tell, not EC2's.
                role: None,
                launched_at: SimTime::ZERO,
            };
            self.insert(&scope, instance.at, record);
        }
    }

    fn nat_gateways(&mut self, draft: &Draft) {
        for nat in &draft.nat_gateways {
            let value = &nat.value;
            let Some(subnet_id) = value.subnet_id.clone() else { continue };
            let scope = self.scope_in(&value.vpc_id, nat.at);
            let record = NatGateway {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                subnet_id,
                connectivity: value.connectivity,
                state: NatGatewayState::Available,
                addresses: value.addresses.clone(),
                created_at: SimTime::ZERO,
            };
            self.insert(&scope, nat.at, record);
        }
    }

    fn endpoints(&mut self, draft: &Draft) {
        for endpoint in &draft.endpoints {
            let value = &endpoint.value;
            let Ok(endpoint_type) = value.endpoint_type.clone() else { continue };
            let scope = self.scope_in(&value.vpc_id, endpoint.at);
            let record = VpcEndpoint {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                service_name: value.service_name.clone(),
                endpoint_type,
                route_table_ids: value.route_table_ids.clone(),
                subnet_ids: value.subnet_ids.clone(),
                network_interface_ids: value.network_interface_ids.clone(),
                security_group_ids: value.security_group_ids.clone(),
                private_dns_enabled: value.private_dns_enabled,
                policy: PolicyHistory::new(value.policy.clone()),
                created_at: SimTime::ZERO,
            };
            self.insert(&scope, endpoint.at, record);
        }
    }

    fn vpn(&mut self, draft: &Draft) {
        for gateway in &draft.customer_gateways {
            let value = &gateway.value;
            let Some(ip_address) = value.ip_address else {
                let effect = format!("VPN connections to {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a customer gateway without an IPv4 address", effect);
                continue;
            };
            let record =
                CustomerGateway { id: value.id.clone(), tags: tags(&value.tags), ip_address, bgp_asn: value.bgp_asn };
            let scope = self.scope_of(gateway.at.file, gateway.owner.as_ref());
            self.insert(&scope, gateway.at, record);
        }
        for connection in &draft.vpn_connections {
            let value = &connection.value;
            if !self.world.knows(&value.customer_gateway_id.clone().into()) {
                let effect = format!("traffic over {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a VPN connection without its customer gateway", effect);
                continue;
            }
            let Some(vpn_gateway_id) = value.vpn_gateway_id.clone() else {
                let effect = format!("traffic over {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a VPN connection without a virtual private gateway", effect);
                continue;
            };
            let record = VpnConnection {
                id: value.id.clone(),
                tags: tags(&value.tags),
                customer_gateway_id: value.customer_gateway_id.clone(),
                vpn_gateway_id,
                static_routes_only: value.static_routes_only,
                static_routes: value.static_routes.clone(),
                bgp_routes: BTreeMap::new(),
            };
            let scope = self.scope_of(connection.at.file, connection.owner.as_ref());
            self.insert(&scope, connection.at, record);
        }
    }
}

fn main_associations(draft: &Draft) -> FxHashMap<&VpcId, (&RouteTableAssociationId, &RouteTableId)> {
    let mut mains = FxHashMap::default();
    for table in draft.route_tables.iter().map(|table| &table.value) {
        for association in &table.associations {
            if matches!(association.user, TableUserDraft::Main) {
                mains.insert(&table.vpc_id, (&association.id, &table.id));
            }
        }
    }
    mains
}

/// What an assumption about blocks is written as.
const BLOCKS: &str = "a list of blocks such as 10.0.0.0/8,192.0.2.0/24";
/// EC2's word for the VPC's own resolver.
const AMAZON_DNS: &str = "AmazonProvidedDNS";

fn as_blocks(text: &str) -> Option<BTreeSet<Cidr>> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(|word| Cidr::parse(word).ok()).collect()
}

fn as_servers(text: &str) -> Option<Vec<NameServer>> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let server = |word: &str| match word {
        AMAZON_DNS => Some(NameServer::AmazonProvidedDns),
        address => address.parse().ok().map(NameServer::Address),
    };
    words.map(server).collect()
}

fn tags(list: &[(String, String)]) -> Tags {
    let mut tags = Tags::default();
    for (key, value) in list {
        tags.set(key, value);
    }
    tags
}
