//! Interfaces with their addresses, and whose they are: instances, NAT gateways, endpoints. Starts none of them.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Builder, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::import::draft::Draft;
use crate::import::interface::InterfaceDraft;

impl Builder<'_> {
    pub(super) fn interfaces(&mut self, draft: &Draft) {
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
    fn interface_effects(&mut self, interface: &InterfaceDraft) {
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
            let what = format!("a block delegated to {id}");
            self.gaps.others.insert((interface.vpc_id.clone(), *block), what);
        }
        for other in &interface.other_associations {
            self.unknown(id, "an address of another kind", format!("traffic to {other}: unknown"));
        }
    }

    pub(super) fn addresses(&mut self, draft: &Draft) {
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

    pub(super) fn instances(&mut self, draft: &Draft) {
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

    pub(super) fn nat_gateways(&mut self, draft: &Draft) {
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

    pub(super) fn endpoints(&mut self, draft: &Draft) {
        let mut addresses: FxHashMap<&NetworkInterfaceId, Vec<String>> = FxHashMap::default();
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            let own = interface.private_addresses.iter().map(|own| own.address.to_string());
            addresses.insert(&interface.id, own.collect());
        }
        for endpoint in &draft.endpoints {
            let value = &endpoint.value;
            let Ok(endpoint_type) = value.endpoint_type.clone() else { continue };
            let scope = self.scope_in(&value.vpc_id, endpoint.at);
            if endpoint_type == EndpointType::Interface {
                let addresses: Vec<String> = value
                    .network_interface_ids
                    .iter()
                    .flat_map(|id| addresses.get(id).cloned().unwrap_or_default())
                    .collect();
                let to = if addresses.is_empty() { "it".to_owned() } else { addresses.join(", ") };
                let service = &value.service_name;
                let effect = format!("what {service} answers to connections to {to}: unknown");
                self.unknown(value.id.as_str(), "an interface endpoint", effect);
            }
            if value.inbound_only {
                let effect = "the service's private names, asked for from on premises: unknown".to_owned();
                self.unknown(value.id.as_str(), "an endpoint with names for inbound queries alone", effect);
            }
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
}
