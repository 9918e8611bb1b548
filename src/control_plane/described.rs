//! What an account tells of its records and no call of EC2's makes: ids of associations, routes whose target is gone,
//! gateways that a table is associated with. Checks that what is named is there, not that AWS would allow it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::*;
use crate::base::*;

/// One thing that a description adds to records that are there.
#[derive(Clone, Debug, PartialEq)]
pub enum Described {
    /// The id of an association, and whose it is: a subnet's, a VPC's (of its main table), an Elastic IP's.
    Association {
        /// The id.
        id: ResourceId,
        /// Whose association it is.
        of: ResourceId,
    },
    /// An Elastic IP of an interface of AWS's own, which no call may give it.
    ElasticAssociation {
        /// The Elastic IP.
        allocation_id: AllocationId,
        /// The interface.
        network_interface_id: NetworkInterfaceId,
        /// Which of its private addresses; otherwise the primary one.
        private_ip_address: Option<Ipv4Addr>,
    },
    /// A route as it stands, whether or not its target is there, in place of one for the same destination.
    Route {
        /// The table.
        route_table_id: RouteTableId,
        /// The route.
        route: Route,
    },
    /// A gateway that a route table is associated with.
    EdgeAssociation {
        /// The table.
        route_table_id: RouteTableId,
        /// The gateway.
        gateway: String,
    },
    /// Blocks that a virtual private gateway knows from a source that nobody tells.
    KnownRoutes {
        /// The gateway.
        gateway_id: VpnGatewayId,
        /// The blocks.
        routes: BTreeMap<Cidr, BgpRoute>,
    },
    /// A rule about a group that is not in this world: of another account, or deleted.
    GroupRule {
        /// The group that has the rule.
        group_id: SecurityGroupId,
        /// Whether it is about what goes out.
        egress: bool,
        /// The rule.
        rule: SecurityGroupRule,
    },
    /// What a group is for, in words; EC2 lets nobody change it.
    GroupDescription {
        /// The group.
        group_id: SecurityGroupId,
        /// The words.
        description: String,
    },
    /// That names of instances over there resolve to their private addresses in this VPC.
    PeeringDns {
        /// The peering connection.
        peering: VpcPeeringConnectionId,
        /// The VPC in which they do.
        vpc_id: VpcId,
    },
    /// How often a prefix list was changed.
    PrefixListVersion {
        /// The list.
        prefix_list_id: PrefixListId,
        /// The number, from 1 on.
        version: u32,
    },
    /// That a VPC is the region's default one.
    DefaultVpc(VpcId),
    /// A zone that the region has beside those it opens with.
    Zone(AvailabilityZone),
}

impl World {
    /// Takes over what is told. After an error nothing has changed.
    ///
    /// # Errors
    /// What it names is not there, or an id belongs to something else.
    pub fn take_over(&mut self, scope: &Scope, described: Described) -> Result<(), InsertError> {
        match described {
            Described::Association { id, of } => {
                if self.knows(&id) {
                    let own = self.region(scope).is_some_and(|region| region.association_of(&id).as_ref() == Some(&of));
                    return if own { Ok(()) } else { Err(InsertError::Duplicate(id)) };
                }
                self.described_region(scope)?.rename_association(&id, &of)
            }
            Described::ElasticAssociation { allocation_id, network_interface_id, private_ip_address } => {
                let region = self.described_region(scope)?;
                region.associate_described(&allocation_id, &network_interface_id, private_ip_address)
            }
            Described::Route { route_table_id, route } => {
                let region = self.described_region(scope)?;
                region.described_table(&route_table_id)?;
                region.put_route(&route_table_id, route);
                Ok(())
            }
            Described::EdgeAssociation { route_table_id, gateway } => {
                self.described_region(scope)?.described_table(&route_table_id)?.edge_associations.insert(gateway);
                Ok(())
            }
            Described::KnownRoutes { gateway_id, routes } => {
                self.described_region(scope)?.know_routes(&gateway_id, routes)
            }
            Described::GroupRule { group_id, egress, rule } => {
                let group = self.described_region(scope)?.described_group(&group_id)?;
                if egress { &mut group.egress } else { &mut group.ingress }.insert(rule);
                Ok(())
            }
            Described::GroupDescription { group_id, description } => {
                self.described_region(scope)?.described_group(&group_id)?.description = description;
                Ok(())
            }
            Described::PeeringDns { peering, vpc_id } => self.peering_dns(&peering, &vpc_id),
            Described::PrefixListVersion { prefix_list_id: id, version } => {
                let list = self.described_region(scope)?.prefix_lists.get_mut(&id);
                list.ok_or_else(|| missing(&id, &id))?.version = version;
                Ok(())
            }
            Described::DefaultVpc(id) => {
                let vpc = self.described_region(scope)?.vpcs.get_mut(&id);
                vpc.ok_or_else(|| missing(&id, &id))?.is_default = true;
                Ok(())
            }
            Described::Zone(zone) => {
                self.described_region(scope)?.zones.entry(zone).or_default();
                Ok(())
            }
        }
    }

    fn described_region(&mut self, scope: &Scope) -> Result<&mut Region, InsertError> {
        let account = self.accounts.get_mut(&scope.account);
        let region = account.and_then(|account| account.regions.get_mut(&scope.region));
        region.ok_or_else(|| InsertError::NotOpen(scope.clone()))
    }

    fn peering_dns(&mut self, id: &VpcPeeringConnectionId, vpc: &VpcId) -> Result<(), InsertError> {
        let peering = self.peerings.get_mut(id).ok_or_else(|| missing(vpc, id))?;
        let mut sides = [&mut peering.requester, &mut peering.accepter].into_iter();
        let side = sides.find(|side| side.vpc_id == *vpc).ok_or_else(|| missing(id, vpc))?;
        side.allow_dns_resolution_from_remote_vpc = true;
        Ok(())
    }
}

impl Region {
    fn know_routes(&mut self, id: &VpnGatewayId, routes: BTreeMap<Cidr, BgpRoute>) -> Result<(), InsertError> {
        let gateway = self.vpn_gateways.get_mut(id).ok_or_else(|| missing(id, id))?;
        gateway.other_routes.extend(routes);
        let follows = |table: &&RouteTable| table.propagating_vgws.contains(id);
        let tables: Vec<_> = self.route_tables.values().filter(follows).map(|table| table.id.clone()).collect();
        for table in tables {
            self.propagate(&table);
        }
        Ok(())
    }

    fn described_group(&mut self, id: &SecurityGroupId) -> Result<&mut SecurityGroup, InsertError> {
        self.security_groups.get_mut(id).ok_or_else(|| missing(id, id))
    }

    fn associate_described(
        &mut self,
        allocation: &AllocationId,
        eni: &NetworkInterfaceId,
        private: Option<Ipv4Addr>,
    ) -> Result<(), InsertError> {
        let record = self.network_interfaces.get(eni).ok_or_else(|| missing(allocation, eni))?;
        let private = private.or_else(|| record.primary_address()).ok_or_else(|| missing(eni, eni))?;
        let own = record.private_addresses.iter().find(|own| own.address == private);
        let vpc = record.vpc_id.clone();
        let ip = self.elastic_ips.get_mut(allocation).ok_or_else(|| missing(eni, allocation))?;
        if own.is_none_or(|own| own.association.is_some()) || ip.association.is_some() {
            let why = "another Elastic IP stands for, or nobody has";
            return Err(InsertError::Address { record: eni.clone().into(), address: private.into(), why });
        }
        let digits = allocation.as_str().len() - AllocationId::PREFIX.len();
        let association_id = AddressAssociationId::of_name(&format!("{allocation}/{eni}"), digits);
        let public_ip = ip.public_ip;
        ip.association = Some(ElasticAssociation {
            association_id: association_id.clone(),
            network_interface_id: eni.clone(),
            private_ip_address: private,
        });
        self.address_associations.insert(association_id.clone(), allocation.clone());
        let slot = self.network_interfaces.get_mut(eni).and_then(|record| record.slot(private));
        if let Some(slot) = slot {
            slot.association =
                Some(PublicAssociation { public_ip, elastic: Some((allocation.clone(), association_id)) });
        }
        self.contents_mut(&vpc).public_count += 1;
        Ok(())
    }

    /// Whose an association is.
    fn association_of(&self, id: &ResourceId) -> Option<ResourceId> {
        match id {
            ResourceId::RouteTableAssociation(id) => self.table_associations.get(id).map(|user| match user {
                TableUser::Main(vpc) => vpc.clone().into(),
                TableUser::Subnet(subnet) => subnet.clone().into(),
            }),
            ResourceId::NetworkAclAssociation(id) => self.acl_associations.get(id).map(|subnet| subnet.clone().into()),
            ResourceId::AddressAssociation(id) => self.address_associations.get(id).map(|ip| ip.clone().into()),
            _ => None,
        }
    }

    fn described_table(&mut self, id: &RouteTableId) -> Result<&mut RouteTable, InsertError> {
        self.route_tables.get_mut(id).ok_or_else(|| missing(id, id))
    }

    fn rename_association(&mut self, id: &ResourceId, of: &ResourceId) -> Result<(), InsertError> {
        let none = || missing(&id.clone(), of);
        match (id, of) {
            (ResourceId::RouteTableAssociation(new), ResourceId::Subnet(subnet)) => {
                let record = self.subnets.get_mut(subnet).and_then(|subnet| subnet.route_table_association.as_mut());
                let old = std::mem::replace(&mut record.ok_or_else(none)?.association_id, new.clone());
                self.table_associations.remove(&old);
                self.table_associations.insert(new.clone(), TableUser::Subnet(subnet.clone()));
            }
            (ResourceId::RouteTableAssociation(new), ResourceId::Vpc(vpc)) => {
                let main = &mut self.vpcs.get_mut(vpc).ok_or_else(none)?.main_association;
                let old = std::mem::replace(&mut main.association_id, new.clone());
                self.table_associations.remove(&old);
                self.table_associations.insert(new.clone(), TableUser::Main(vpc.clone()));
            }
            (ResourceId::NetworkAclAssociation(new), ResourceId::Subnet(subnet)) => {
                let association = &mut self.subnets.get_mut(subnet).ok_or_else(none)?.network_acl_association;
                let old = std::mem::replace(&mut association.association_id, new.clone());
                self.acl_associations.remove(&old);
                self.acl_associations.insert(new.clone(), subnet.clone());
            }
            (ResourceId::AddressAssociation(new), ResourceId::Address(allocation)) => {
                let ip = self.elastic_ips.get_mut(allocation);
                let association = ip.and_then(|ip| ip.association.as_mut()).ok_or_else(none)?;
                let old = std::mem::replace(&mut association.association_id, new.clone());
                let eni = self.network_interfaces.get_mut(&association.network_interface_id);
                let slot = eni.and_then(|eni| eni.slot(association.private_ip_address));
                if let Some((_, twin)) = slot.and_then(|slot| slot.association.as_mut()?.elastic.as_mut()) {
                    *twin = new.clone();
                }
                self.address_associations.remove(&old);
                self.address_associations.insert(new.clone(), allocation.clone());
            }
            _ => return Err(none()),
        }
        Ok(())
    }
}

fn missing(record: &(impl Clone + Into<ResourceId>), missing: &impl ToString) -> InsertError {
    InsertError::Dangling { record: record.clone().into(), missing: missing.to_string() }
}
