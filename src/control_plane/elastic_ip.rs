//! Elastic IPs: public addresses that an account keeps, and what they are associated with. Translates nothing.

use std::net::Ipv4Addr;

use super::*;
use crate::base::*;

/// An Elastic IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticIp {
    /// Its id.
    pub allocation_id: AllocationId,
    /// Its tags.
    pub tags: Tags,
    /// The address.
    pub public_ip: Ipv4Addr,
    /// What it is associated with.
    pub association: Option<ElasticAssociation>,
}

/// An Elastic IP's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticAssociation {
    /// Its id.
    pub association_id: AddressAssociationId,
    /// The interface.
    pub network_interface_id: NetworkInterfaceId,
    /// The private address that it is translated to.
    pub private_ip_address: Ipv4Addr,
}

action_struct! {
    /// Allocates an Elastic IP.
    AllocateAddress() {
        /// The id, if it is not to be made.
        id: Option<AllocationId>,
        /// Its tags.
        tags: Tags,
        /// The address, if it is not to be the next of the pool.
        address: Option<Ipv4Addr>,
    }
}

action_struct! {
    /// Associates an Elastic IP with an interface, or with the primary interface of an instance.
    AssociateAddress(
        /// The Elastic IP.
        allocation_id: AllocationId,
    ) {
        /// The instance.
        instance_id: Option<InstanceId>,
        /// The interface.
        network_interface_id: Option<NetworkInterfaceId>,
        /// Which of its private addresses; otherwise the primary one.
        private_ip_address: Option<Ipv4Addr>,
        /// Whether it may be taken from where it is.
        allow_reassociation: bool,
    }
}

/// Which association of an Elastic IP is meant. EC2 takes its id; the Elastic IP names it here, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressAssociationRef {
    /// This one.
    Id(AddressAssociationId),
    /// The one of this Elastic IP.
    Of(AllocationId),
}

impl From<AddressAssociationId> for AddressAssociationRef {
    fn from(id: AddressAssociationId) -> Self {
        Self::Id(id)
    }
}

action_struct! {
    /// Ends an Elastic IP's association.
    DisassociateAddress(
        /// The association.
        association: AddressAssociationRef,
    ) {}
}

action_struct! {
    /// Gives an Elastic IP back.
    ReleaseAddress(
        /// The Elastic IP.
        allocation_id: AllocationId,
    ) {}
}

impl Perform for AllocateAddress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let have = cx.region().elastic_ips.len();
        let limit = cx.limits().elastic_ips_per_region;
        let text = "The maximum number of addresses has been reached.";
        cx.quota((have, 1, limit), ErrorCode::AddressLimitExceeded, text)?;
        match self.address {
            Some(address) if !cx.world.public_addresses.is_free(address) => {
                let text = format!("Address {address} is in use.");
                return Err(ControlError::new(ErrorCode::InvalidIpAddressInUse, text));
            }
            None if !cx.world.public_addresses.vacancies(1) => return Err(no_public_address()),
            Some(_) | None => {}
        }
        let id: AllocationId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let next = self.address.or_else(|| cx.world.public_addresses.next());
        let public_ip = next.expect("a vacancy was seen above");
        let holder = PublicHolder::Elastic(cx.scope.clone(), id.clone());
        cx.world.public_addresses.take(public_ip, holder);
        let ip = ElasticIp { allocation_id: id.clone(), tags: self.tags.clone(), public_ip, association: None };
        cx.region_mut().elastic_ips.insert(id.clone(), ip);
        cx.created(id.clone());
        cx.touch(Touch::ElasticIp(id));
        Ok(())
    }
}

impl Perform for AssociateAddress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let ip = region.need_elastic_ip(&self.allocation_id)?.clone();
        let eni = self.interface(region)?;
        let private = match self.private_ip_address {
            Some(private) if !eni.private_addresses.iter().any(|own| own.address == private) => {
                let text = format!("Address {private} is not assigned to interface {}", eni.id);
                return Err(ControlError::value(text));
            }
            Some(private) => private,
            None => eni.primary_address().expect("every interface has a primary address"),
        };
        if eni.interface_type == InterfaceType::NatGateway {
            return Err(managed_by_aws(&eni.id));
        }
        if region.contents.get(&eni.vpc_id).is_none_or(|contents| contents.internet_gateway.is_none()) {
            let text = format!("Network {} is not attached to any internet gateway", eni.vpc_id);
            return Err(ControlError::new(ErrorCode::GatewayNotAttached, text));
        }
        let id = eni.id.clone();
        let already = |what: &str, by: &AddressAssociationId| {
            let text = format!("resource {what} is already associated with associate-id {by}");
            Err(ControlError::new(ErrorCode::ResourceAlreadyAssociated, text))
        };
        if let Some(association) = &ip.association {
            if !self.allow_reassociation {
                return already(self.allocation_id.as_str(), &association.association_id);
            }
            if is_nat_interface(region, &association.network_interface_id) {
                return Err(managed_by_aws(&association.network_interface_id));
            }
        }
        let slot = eni.private_addresses.iter().find(|own| own.address == private);
        if let Some((_, association)) = slot.and_then(|own| own.association.as_ref()?.elastic.as_ref())
            && !self.allow_reassociation
        {
            return already(id.as_str(), association);
        }
        if let Some(association) = ip.association {
            cx.unmap_public(&association.network_interface_id, association.private_ip_address);
        }
        // An address that came at launch goes back to the pool when an Elastic IP takes its place.
        cx.unmap_public(&id, private);
        cx.join_elastic(&self.allocation_id, &id, private);
        Ok(())
    }
}

impl AssociateAddress {
    fn interface<'a>(&self, region: &'a Region) -> Result<&'a NetworkInterface, ControlError> {
        match (&self.network_interface_id, &self.instance_id) {
            (Some(id), None) => region.need_network_interface(id),
            (None, Some(id)) => {
                let instance = region.need_instance(id)?;
                if !instance.is_live() {
                    return Err(wrong_state(instance));
                }
                let eni = instance.interfaces.get(&0).expect("a live instance has a primary interface");
                region.need_network_interface(eni)
            }
            (Some(_), Some(_)) => {
                let text = "You may specify either instance id or network interface id, not both";
                Err(ControlError::new(ErrorCode::InvalidParameterCombination, text))
            }
            (None, None) => {
                let text = "Either instance id or network interface id must be specified";
                Err(ControlError::new(ErrorCode::MissingParameter, text))
            }
        }
    }
}

impl Perform for DisassociateAddress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let missing = ErrorCode::InvalidAssociationIdNotFound;
        let association = match &self.association {
            AddressAssociationRef::Id(id) => {
                let allocation = region.address_associations.get(id);
                let association = allocation.and_then(|id| region.elastic_ips.get(id)?.association.clone());
                association.ok_or_else(|| ControlError::not_found(missing, "association", id))?
            }
            AddressAssociationRef::Of(id) => {
                let text = || format!("The address '{id}' is not associated");
                let association = region.need_elastic_ip(id)?.association.clone();
                association.ok_or_else(|| ControlError::new(missing, text()))?
            }
        };
        if is_nat_interface(region, &association.network_interface_id) {
            return Err(managed_by_aws(&association.network_interface_id));
        }
        cx.unmap_public(&association.network_interface_id, association.private_ip_address);
        Ok(())
    }
}

impl Perform for ReleaseAddress {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let ip = cx.region().need_elastic_ip(&self.allocation_id)?;
        if ip.association.is_some() {
            let text = format!("Address {} is in use.", ip.public_ip);
            return Err(ControlError::new(ErrorCode::InvalidIpAddressInUse, text));
        }
        let public_ip = ip.public_ip;
        cx.region_mut().elastic_ips.remove(&self.allocation_id);
        cx.world.public_addresses.release(public_ip);
        cx.touch(Touch::ElasticIp(self.allocation_id.clone()));
        Ok(())
    }
}

impl Context<'_> {
    /// Associates a free Elastic IP with a private address that has no public twin. Everything was checked.
    pub(super) fn join_elastic(&mut self, allocation: &AllocationId, eni: &NetworkInterfaceId, private: Ipv4Addr) {
        let association_id: AddressAssociationId = self.fresh_id(allocation.as_str());
        let region = self.region_mut();
        region.address_associations.insert(association_id.clone(), allocation.clone());
        let ip = region.elastic_ips.get_mut(allocation).expect("the caller looked it up");
        let public_ip = ip.public_ip;
        ip.association = Some(ElasticAssociation {
            association_id: association_id.clone(),
            network_interface_id: eni.clone(),
            private_ip_address: private,
        });
        let elastic = Some((allocation.clone(), association_id.clone()));
        self.map_public(eni, private, PublicAssociation { public_ip, elastic });
        self.created(association_id);
        self.touch(Touch::ElasticIp(allocation.clone()));
    }
}

pub(super) fn no_public_address() -> ControlError {
    let text = "Insufficient capacity to satisfy your public IP address request";
    ControlError::new(ErrorCode::InsufficientAddressCapacity, text)
}

/// The Elastic IP of a NAT gateway is fixed for life (facts N16).
fn is_nat_interface(region: &Region, id: &NetworkInterfaceId) -> bool {
    region.network_interfaces.get(id).is_some_and(|eni| eni.interface_type == InterfaceType::NatGateway)
}
