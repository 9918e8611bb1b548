//! VPN connections and their static routes.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::*;
use crate::control_plane::*;

/// A VPN connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpnConnection {
    /// Its id.
    pub id: VpnConnectionId,
    /// Its tags.
    pub tags: Tags,
    /// The far end.
    pub customer_gateway_id: CustomerGatewayId,
    /// The near end.
    pub vpn_gateway_id: VpnGatewayId,
    /// Whether it speaks no BGP.
    pub static_routes_only: bool,
    /// Blocks at the far end, by configuration.
    pub static_routes: BTreeSet<Cidr>,
    /// Blocks at the far end, by BGP.
    pub bgp_routes: BTreeMap<Cidr, BgpRoute>,
}

action_struct! {
    /// Connects a customer gateway with a virtual private gateway.
    CreateVpnConnection(
        /// The far end.
        customer_gateway_id: CustomerGatewayId,
        /// The near end.
        vpn_gateway_id: VpnGatewayId,
    ) {
        /// The id, if it is not to be made.
        id: Option<VpnConnectionId>,
        /// Its tags.
        tags: Tags,
        /// Whether it speaks no BGP.
        static_routes_only: bool,
    }
}

action_struct! {
    /// Adds a static route for a block at the far end.
    CreateVpnConnectionRoute(
        /// The connection.
        vpn_connection_id: VpnConnectionId,
        /// The block.
        destination_cidr_block: Cidr,
    ) {}
}

action_struct! {
    /// Removes a static route.
    DeleteVpnConnectionRoute(
        /// The connection.
        vpn_connection_id: VpnConnectionId,
        /// The block.
        destination_cidr_block: Cidr,
    ) {}
}

action_struct! {
    /// Ends a VPN connection.
    DeleteVpnConnection(
        /// The connection.
        vpn_connection_id: VpnConnectionId,
    ) {}
}

impl Perform for CreateVpnConnection {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        region.need_customer_gateway(&self.customer_gateway_id)?;
        region.need_vpn_gateway(&self.vpn_gateway_id)?;
        let id: VpnConnectionId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let connection = VpnConnection {
            id: id.clone(),
            tags: self.tags.clone(),
            customer_gateway_id: self.customer_gateway_id.clone(),
            vpn_gateway_id: self.vpn_gateway_id.clone(),
            static_routes_only: self.static_routes_only,
            static_routes: BTreeSet::new(),
            bgp_routes: BTreeMap::new(),
        };
        cx.region_mut().vpn_connections.insert(id.clone(), connection);
        cx.created(id.clone());
        cx.touch(Touch::VpnConnection(id));
        Ok(())
    }
}

impl Perform for CreateVpnConnectionRoute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let connection = cx.region().need_vpn_connection(&self.vpn_connection_id)?;
        if !connection.static_routes_only {
            let text = format!("The VPN connection {} does not use static routes", connection.id);
            return Err(ControlError::value(text));
        }
        if connection.static_routes.contains(&self.destination_cidr_block) {
            let text = format!("The route identified by {} already exists.", self.destination_cidr_block);
            return Err(ControlError::new(ErrorCode::RouteAlreadyExists, text));
        }
        let gateway = connection.vpn_gateway_id.clone();
        cx.check_propagated(&gateway, 1)?;
        let connections = &mut cx.region_mut().vpn_connections;
        let connection = connections.get_mut(&self.vpn_connection_id).expect("looked up above");
        connection.static_routes.insert(self.destination_cidr_block);
        cx.touch(Touch::VpnConnection(self.vpn_connection_id.clone()));
        cx.refresh_propagation(&gateway);
        Ok(())
    }
}

impl Perform for DeleteVpnConnectionRoute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let connection = cx.region().need_vpn_connection(&self.vpn_connection_id)?;
        let gateway = connection.vpn_gateway_id.clone();
        if !connection.static_routes.contains(&self.destination_cidr_block) {
            let text = format!("no route with destination-cidr-block {}", self.destination_cidr_block);
            return Err(ControlError::new(ErrorCode::InvalidRouteNotFound, text));
        }
        let connections = &mut cx.region_mut().vpn_connections;
        let connection = connections.get_mut(&self.vpn_connection_id).expect("looked up above");
        connection.static_routes.remove(&self.destination_cidr_block);
        cx.touch(Touch::VpnConnection(self.vpn_connection_id.clone()));
        cx.refresh_propagation(&gateway);
        Ok(())
    }
}

impl Perform for DeleteVpnConnection {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let gateway = cx.region().need_vpn_connection(&self.vpn_connection_id)?.vpn_gateway_id.clone();
        cx.region_mut().vpn_connections.remove(&self.vpn_connection_id);
        cx.touch(Touch::VpnConnection(self.vpn_connection_id.clone()));
        cx.refresh_propagation(&gateway);
        Ok(())
    }
}
