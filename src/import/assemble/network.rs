//! VPCs, what filters in them, and their subnets. Makes nothing that packets come from.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Builder, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::import::draft::Draft;
use crate::import::ledger::Place;
use crate::import::route_table::TableUserDraft;
use crate::import::vpc::VpcDraft;

impl Builder<'_> {
    pub(super) fn vpcs(&mut self, draft: &Draft) {
        let mut dns: BTreeMap<&VpcId, (Option<bool>, Option<bool>)> = BTreeMap::new();
        for attribute in draft.vpc_attributes.iter().map(|attribute| &attribute.value) {
            let entry = dns.entry(&attribute.vpc_id).or_default();
            entry.0 = attribute.enable_dns_support.or(entry.0);
            entry.1 = attribute.enable_dns_hostnames.or(entry.1);
        }
        // Private names of an interface endpoint need both attributes, and public names of instances need both, too
        // (VPC User Guide, "DNS attributes for your VPC"): where they are, the attributes are told.
        let private_names =
            draft.endpoints.iter().filter(|one| one.value.private_dns_enabled || one.value.inbound_only);
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
            if draft.shared.contains(id) {
                for block in vpc.value.cidr_blocks.iter().chain(&vpc.value.ipv6_cidr_blocks) {
                    let what = format!("{id}, which its owner shares");
                    self.gaps.others.insert((id.clone(), *block), what);
                }
            }
            if let Some(mode) = &vpc.value.public_access_block {
                let effect = format!("traffic between {id} and the internet: unknown ({mode})");
                self.unknown(id.as_str(), "a block on public access", effect);
                self.gaps.closed_vpcs.insert(id.clone(), mode.clone());
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

    pub(super) fn filters(&mut self, draft: &Draft) {
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

    pub(super) fn subnets(&mut self, draft: &Draft) {
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
            if value.enable_dns64 {
                let effect =
                    format!("connections by IPv6 from {} to names that have IPv4 addresses alone: unknown", value.id);
                self.unknown(value.id.as_str(), "a subnet with DNS64", effect);
            }
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

/// EC2's word for the VPC's own resolver.
const AMAZON_DNS: &str = "AmazonProvidedDNS";

fn as_servers(text: &str) -> Option<Vec<NameServer>> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let server = |word: &str| match word {
        AMAZON_DNS => Some(NameServer::AmazonProvidedDns),
        address => address.parse().ok().map(NameServer::Address),
    };
    words.map(server).collect()
}
