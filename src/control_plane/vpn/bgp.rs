//! What a customer's router says over BGP is behind it.

use std::collections::BTreeMap;

use crate::base::*;
use crate::control_plane::*;

/// What BGP said about a block.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BgpRoute {
    /// The length of the AS path.
    pub as_path_len: u32,
    /// The multi-exit discriminator.
    pub med: u32,
}

action_struct! {
    /// The customer's router says over BGP what is behind it: all of it, in place of what it said before. No call of
    /// EC2's.
    AdvertiseRoutes() {
        /// The VPN connection that it speaks over.
        vpn_connection_id: Option<VpnConnectionId>,
        /// The virtual interface that it speaks over.
        virtual_interface_id: Option<VirtualInterfaceId>,
        /// The blocks, each with its path.
        routes: BTreeMap<Cidr, BgpRoute>,
    }
}

impl Perform for AdvertiseRoutes {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let gateway = match (&self.vpn_connection_id, &self.virtual_interface_id) {
            (Some(id), None) => {
                let connection = region.need_vpn_connection(id)?;
                if connection.static_routes_only {
                    let text = format!("The VPN connection {id} uses static routes and speaks no BGP");
                    return Err(ControlError::value(text));
                }
                Some(connection.vpn_gateway_id.clone())
            }
            (None, Some(id)) => region.need_virtual_interface(id)?.gateway().cloned(),
            (Some(_), Some(_)) | (None, None) => {
                let text = "Either a VPN connection or a virtual interface must be specified";
                return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
            }
        };
        // Facts 1.5: more than 100 routes over BGP end the session.
        let text = "The maximum number of advertised routes has been reached.";
        let limit = cx.limits().propagated_routes_per_table;
        cx.quota((0, self.routes.len(), limit), ErrorCode::RouteLimitExceeded, text)?;
        let region = cx.region_mut();
        if let Some(connection) = self.vpn_connection_id.as_ref().and_then(|id| region.vpn_connections.get_mut(id)) {
            connection.bgp_routes.clone_from(&self.routes);
        }
        let interface = self.virtual_interface_id.as_ref().and_then(|id| region.virtual_interfaces.get_mut(id));
        if let Some(interface) = interface {
            interface.routes.clone_from(&self.routes);
        }
        if let Some(id) = &self.vpn_connection_id {
            cx.touch(Touch::VpnConnection(id.clone()));
        }
        if let Some(id) = &self.virtual_interface_id {
            cx.touch(Touch::VirtualInterface(id.clone()));
        }
        if let Some(gateway) = gateway {
            cx.refresh_propagation(&gateway);
        }
        Ok(())
    }
}
