//! Direct Connect: virtual interfaces, private and public, and what the customer advertises. Carries nothing.

use std::collections::BTreeMap;

use super::*;
use crate::base::*;

/// A virtual interface of a Direct Connect connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInterface {
    /// Its id.
    pub id: VirtualInterfaceId,
    /// Its tags.
    pub tags: Tags,
    /// What it leads to.
    pub kind: VirtualInterfaceKind,
    /// What the customer's router advertises.
    pub routes: BTreeMap<Cidr, BgpRoute>,
}

/// What a virtual interface leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VirtualInterfaceKind {
    /// A VPC, by its virtual private gateway.
    Private {
        /// The gateway.
        virtual_gateway_id: VpnGatewayId,
    },
    /// AWS's public services, S3 among them; independent of endpoints (facts P6).
    Public,
}

impl VirtualInterface {
    /// The virtual private gateway that it leads to, if it is private.
    pub const fn gateway(&self) -> Option<&VpnGatewayId> {
        match &self.kind {
            VirtualInterfaceKind::Private { virtual_gateway_id } => Some(virtual_gateway_id),
            VirtualInterfaceKind::Public => None,
        }
    }
}

action_struct! {
    /// Creates a virtual interface to a VPC.
    CreatePrivateVirtualInterface(
        /// The VPC's virtual private gateway.
        virtual_gateway_id: VpnGatewayId,
    ) {
        /// The id, if it is not to be made.
        id: Option<VirtualInterfaceId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Creates a virtual interface to AWS's public services.
    CreatePublicVirtualInterface() {
        /// The id, if it is not to be made.
        id: Option<VirtualInterfaceId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Deletes a virtual interface.
    DeleteVirtualInterface(
        /// The interface.
        virtual_interface_id: VirtualInterfaceId,
    ) {}
}

impl Perform for CreatePrivateVirtualInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        cx.region().need_vpn_gateway(&self.virtual_gateway_id)?;
        let kind = VirtualInterfaceKind::Private { virtual_gateway_id: self.virtual_gateway_id.clone() };
        create(cx, self.id.as_ref(), &self.tags, kind)
    }
}

impl Perform for CreatePublicVirtualInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        create(cx, self.id.as_ref(), &self.tags, VirtualInterfaceKind::Public)
    }
}

impl Perform for DeleteVirtualInterface {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id = self.virtual_interface_id.clone();
        let gateway = cx.region().need_virtual_interface(&id)?.gateway().cloned();
        cx.region_mut().virtual_interfaces.remove(&id);
        cx.touch(Touch::VirtualInterface(id));
        if let Some(gateway) = gateway {
            cx.refresh_propagation(&gateway);
        }
        Ok(())
    }
}

fn create(
    cx: &mut Context<'_>,
    given: Option<&VirtualInterfaceId>,
    tags: &Tags,
    kind: VirtualInterfaceKind,
) -> Result<(), ControlError> {
    let id: VirtualInterfaceId = cx.new_id(given, tags.name.as_deref())?;
    let interface = VirtualInterface { id: id.clone(), tags: tags.clone(), kind, routes: BTreeMap::new() };
    cx.region_mut().virtual_interfaces.insert(id.clone(), interface);
    cx.created(id.clone());
    cx.touch(Touch::VirtualInterface(id));
    Ok(())
}
