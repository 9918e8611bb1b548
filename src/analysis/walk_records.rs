//! What a walk reads off the records: places of interfaces, whose an address is, who runs. Follows no packet.

use std::net::{IpAddr, Ipv4Addr};

use super::walk::Walk;
use crate::base::*;
use crate::control_plane::{InstanceState, NetworkInterface, Region, Scope, Vpc};

impl<'w> Walk<'_, 'w> {
    pub(super) fn region(&self, scope: &Scope) -> Option<&'w Region> {
        self.tables.world.region(scope)
    }

    pub(super) fn place(&self, scope: &Scope, id: &NetworkInterfaceId) -> Option<(&'w Vpc, &'w NetworkInterface)> {
        let region = self.region(scope)?;
        let interface = region.network_interfaces().get(id)?;
        Some((region.vpcs().get(&interface.vpc_id)?, interface))
    }

    pub(super) fn interface_of(&self, instance: &InstanceId, address: IpAddr) -> Option<(Scope, NetworkInterfaceId)> {
        let owners = self.tables.index().owners(address).iter();
        let owner = owners.into_iter().find(|owner| owner.instance.as_ref() == Some(instance))?;
        Some((owner.scope.clone(), owner.interface.clone()))
    }

    /// The interface of an instance that a route leads to, by the interface's id or the instance's own.
    pub(super) fn forwarder(&self, scope: &Scope, id: &str) -> Option<NetworkInterfaceId> {
        let region = self.region(scope)?;
        let instance =
            || InstanceId::parse(id).and_then(|id| region.instances().get(&id)?.primary_interface().cloned());
        let interface = NetworkInterfaceId::parse(id).or_else(instance)?;
        let record = region.network_interfaces().get(&interface)?;
        record.instance_id().is_some().then_some(interface)
    }

    pub(super) fn owns_itself(&self, scope: &Scope, instance: &InstanceId, address: IpAddr) -> bool {
        let Some(region) = self.region(scope) else { return false };
        let interfaces = region.instances().get(instance).into_iter().flat_map(|record| record.interfaces.values());
        let mut records = interfaces.filter_map(|id| region.network_interfaces().get(id));
        records.any(|record| record.addresses().any(|own| own == address))
    }

    pub(super) fn is_running(&self, scope: &Scope, instance: &InstanceId) -> bool {
        let record = self.region(scope).and_then(|region| region.instances().get(instance));
        record.is_some_and(|record| record.state == InstanceState::Running)
    }

    /// Whether what is behind an interface runs, in a zone that stands.
    pub(super) fn stands(&self, scope: &Scope, interface: &NetworkInterface) -> bool {
        let zones = self.region(scope).map(Region::zones);
        let zone_up = zones.and_then(|zones| zones.get(&interface.availability_zone)).is_none_or(|zone| !zone.failed);
        zone_up && interface.instance_id().is_none_or(|instance| self.is_running(scope, instance))
    }

    pub(super) fn instance_name(&self, scope: &Scope, instance: &InstanceId) -> Option<String> {
        self.region(scope)?.instances().get(instance)?.tags.name.clone()
    }

    /// The public address of a private one at the VPC's internet gateway. Only attached interfaces have any (facts I4).
    pub(super) fn public_of(&self, scope: &Scope, vpc: &Vpc, private: Ipv4Addr) -> Option<IpAddr> {
        let interface = self.region(scope)?.interface_of_address(&vpc.id, private.into())?;
        interface.attachment.as_ref()?;
        interface.public_address_of(private).map(IpAddr::V4)
    }

    /// The private address and interface of a public one of this VPC.
    pub(super) fn private_of(&self, vpc: &Vpc, public: IpAddr) -> Option<(IpAddr, NetworkInterfaceId)> {
        let owners = self.tables.index().owners(public).iter();
        let owner = owners.into_iter().find(|owner| owner.vpc == vpc.id && owner.private != public)?;
        let (_, record) = self.place(&owner.scope, &owner.interface)?;
        record.attachment.as_ref()?;
        Some((owner.private, owner.interface.clone()))
    }
}
