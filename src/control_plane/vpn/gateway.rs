//! Virtual private gateways, and the one VPC that each is attached to.

use std::collections::BTreeMap;

use crate::base::*;
use crate::control_plane::*;

/// A virtual private gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpnGateway {
    /// Its id.
    pub id: VpnGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// The one VPC that it is attached to.
    pub vpc_id: Option<VpcId>,
    /// Blocks that it knows from a source which an imported account does not tell.
    pub other_routes: BTreeMap<Cidr, BgpRoute>,
}

action_struct! {
    /// Creates a virtual private gateway.
    CreateVpnGateway() {
        /// The id, if it is not to be made.
        id: Option<VpnGatewayId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Attaches a virtual private gateway to a VPC.
    AttachVpnGateway(
        /// The gateway.
        vpn_gateway_id: VpnGatewayId,
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Detaches a virtual private gateway. Its static routes turn into blackholes, its propagated ones go.
    DetachVpnGateway(
        /// The gateway.
        vpn_gateway_id: VpnGatewayId,
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Deletes a detached virtual private gateway without connections.
    DeleteVpnGateway(
        /// The gateway.
        vpn_gateway_id: VpnGatewayId,
    ) {}
}

impl Perform for CreateVpnGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id: VpnGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let gateway =
            VpnGateway { id: id.clone(), tags: self.tags.clone(), vpc_id: None, other_routes: BTreeMap::new() };
        cx.region_mut().vpn_gateways.insert(id.clone(), gateway);
        cx.created(id.clone());
        cx.touch(Touch::VpnGateway(id));
        Ok(())
    }
}

impl Perform for AttachVpnGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let gateway = region.need_vpn_gateway(&self.vpn_gateway_id)?;
        region.need_vpc(&self.vpc_id)?;
        let taken = region.contents.get(&self.vpc_id).is_some_and(|contents| contents.vpn_gateway.is_some());
        if gateway.vpc_id.is_some() || taken {
            let text = "The maximum number of virtual private gateway attachments has been reached.";
            return Err(ControlError::new(ErrorCode::VpnGatewayAttachmentLimitExceeded, text));
        }
        let id = self.vpn_gateway_id.clone();
        let region = cx.region_mut();
        region.vpn_gateways.get_mut(&id).expect("looked up above").vpc_id = Some(self.vpc_id.clone());
        region.contents_mut(&self.vpc_id).vpn_gateway = Some(id.clone());
        cx.touch(Touch::VpnGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::VpnGateway(id));
        Ok(())
    }
}

impl Perform for DetachVpnGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let gateway = cx.region().need_vpn_gateway(&self.vpn_gateway_id)?;
        if gateway.vpc_id.as_ref() != Some(&self.vpc_id) {
            let text = format!("{} is not attached to {}", gateway.id, self.vpc_id);
            return Err(ControlError::new(ErrorCode::InvalidVpnGatewayAttachmentNotFound, text));
        }
        let id = self.vpn_gateway_id.clone();
        let region = cx.region_mut();
        region.vpn_gateways.get_mut(&id).expect("looked up above").vpc_id = None;
        region.contents_mut(&self.vpc_id).vpn_gateway = None;
        for table in region.route_tables.values_mut() {
            table.propagating_vgws.remove(&id);
        }
        cx.touch(Touch::VpnGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::VpnGateway(id.clone()));
        cx.refresh_propagation(&id);
        Ok(())
    }
}

impl Perform for DeleteVpnGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let gateway = region.need_vpn_gateway(&self.vpn_gateway_id)?;
        let id = gateway.id.clone();
        let connected = region.vpn_connections.values().any(|connection| connection.vpn_gateway_id == id);
        let direct = region.virtual_interfaces.values().any(|interface| interface.gateway() == Some(&id));
        if gateway.vpc_id.is_some() || connected || direct {
            let text = format!("The VPN gateway '{id}' is in use.");
            return Err(ControlError::new(ErrorCode::IncorrectState, text));
        }
        cx.region_mut().vpn_gateways.remove(&id);
        cx.touch(Touch::VpnGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::VpnGateway(id));
        Ok(())
    }
}

impl Region {
    pub(in crate::control_plane) fn put_vpn_gateway(&mut self, gateway: VpnGateway) {
        if let Some(vpc) = &gateway.vpc_id {
            self.contents_mut(vpc).vpn_gateway = Some(gateway.id.clone());
        }
        self.vpn_gateways.insert(gateway.id.clone(), gateway);
    }
}

impl Context<'_> {
    /// The VPC of a virtual private gateway; `None` if there is no such gateway.
    pub(in crate::control_plane) fn vpn_gateway_vpc(&self, id: &VpnGatewayId) -> Option<Option<VpcId>> {
        self.region().vpn_gateways.get(id).map(|gateway| gateway.vpc_id.clone())
    }
}
