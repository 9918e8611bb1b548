//! AWS's services and lists of blocks: what an account tells of them, and what is assumed. Makes nothing of the account's
//! own but its prefix lists.

use std::collections::{BTreeMap, BTreeSet};

use super::{Builder, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::import::draft::{Draft, Drafted};
use crate::import::endpoint::ListDraft;

impl Builder<'_> {
    /// The services of each region: what `describe-prefix-lists` and `describe-vpc-endpoint-services` say, on top of the
    /// built-in ones where they say nothing.
    pub(super) fn services(&mut self, draft: &Draft) {
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

    pub(super) fn prefix_lists(&mut self, draft: &Draft) {
        let mut regions: BTreeSet<RegionName> = BTreeSet::new();
        let mut told: BTreeSet<(RegionName, ServiceName)> = BTreeSet::new();
        let mut lists: BTreeMap<(RegionName, PrefixListId), Vec<&Drafted<ListDraft>>> = BTreeMap::new();
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
                    self.gaps.lists.insert(id.clone());
                }
            }
            let blocks = blocks.unwrap_or_default();
            match service.filter(|name| has_gateway_endpoints(name, known.as_ref())) {
                Some(name) => {
                    let (ranges, ipv6_ranges) = blocks.into_iter().partition(Cidr::is_v4);
                    let base = known.unwrap_or_else(|| Service::plain(name.clone(), []));
                    told.insert((region.clone(), name));
                    let ipv6_ranges: BTreeSet<Cidr> = ipv6_ranges;
                    // IPv6 ranges are in no list; the built-in ones stay.
                    let ipv6_ranges = if ipv6_ranges.is_empty() { base.ipv6_ranges.clone() } else { ipv6_ranges };
                    let service =
                        Service { prefix_list_id: Some(id), ranges, ipv6_ranges, gateway_endpoint: true, ..base };
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
        self.shared_lists(draft);
        self.state_built_in(&told);
    }

    /// Lists of shared tables that nobody here describes, and that are no built-in ones.
    fn shared_lists(&mut self, draft: &Draft) {
        for id in &draft.shared_lists {
            let known = self.world.service_regions().any(|region| self.world.service_of_list(region, id).is_some());
            if !known {
                let effect = format!("traffic that a route with {id} decides: unknown");
                self.unknown(id.as_str(), "a prefix list of a shared route table", effect);
                self.gaps.lists.insert(id.clone());
            }
        }
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
}

/// Whether a list of AWS's is of a service that gateway endpoints lead to. The others hold addresses of the internet, from
/// which something of AWS asks, such as CloudFront or EC2 Instance Connect (VPC User Guide, "AWS-managed prefix lists").
fn has_gateway_endpoints(name: &ServiceName, known: Option<&Service>) -> bool {
    matches!(name.service(), "s3" | "dynamodb" | "s3express") || known.is_some_and(|service| service.gateway_endpoint)
}

/// What an assumption about blocks is written as.
const BLOCKS: &str = "a list of blocks such as 10.0.0.0/8,192.0.2.0/24";

fn as_blocks(text: &str) -> Option<BTreeSet<Cidr>> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(|word| Cidr::parse(word).ok()).collect()
}
