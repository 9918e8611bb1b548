//! Routes that tables take over from virtual private gateways.

use crate::base::*;
use crate::control_plane::*;

action_struct! {
    /// Lets a table take over the routes of a virtual private gateway.
    EnableVgwRoutePropagation(
        /// The gateway.
        gateway_id: VpnGatewayId,
        /// The table.
        route_table_id: RouteTableId,
    ) {}
}

action_struct! {
    /// Ends that.
    DisableVgwRoutePropagation(
        /// The gateway.
        gateway_id: VpnGatewayId,
        /// The table.
        route_table_id: RouteTableId,
    ) {}
}

impl Perform for EnableVgwRoutePropagation {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?;
        let gateway = region.need_vpn_gateway(&self.gateway_id)?;
        if gateway.vpc_id.as_ref() != Some(&table.vpc_id) {
            let text = format!("{} is not attached to {}", gateway.id, table.vpc_id);
            return Err(ControlError::new(ErrorCode::GatewayNotAttached, text));
        }
        let table = cx.region_mut().route_tables.get_mut(&self.route_table_id).expect("looked up above");
        table.propagating_vgws.insert(self.gateway_id.clone());
        cx.propagate_to(&self.route_table_id);
        Ok(())
    }
}

impl Perform for DisableVgwRoutePropagation {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?;
        region.need_vpn_gateway(&self.gateway_id)?;
        if !table.propagating_vgws.contains(&self.gateway_id) {
            let text = format!("Gateway {} does not propagate routes to {}", self.gateway_id, table.id);
            return Err(ControlError::value(text));
        }
        let table = cx.region_mut().route_tables.get_mut(&self.route_table_id).expect("looked up above");
        table.propagating_vgws.remove(&self.gateway_id);
        cx.propagate_to(&self.route_table_id);
        Ok(())
    }
}

impl Region {
    /// The routes that a virtual private gateway knows, by block and preference (facts RT3, P3).
    pub fn learned_routes(&self, gateway: &VpnGatewayId) -> Vec<PropagatedRoute> {
        let learned = |destination: Cidr, learned, BgpRoute { as_path_len, med }: BgpRoute| PropagatedRoute {
            destination,
            learned,
            as_path_len,
            med,
            gateway: gateway.clone(),
        };
        let mut routes = Vec::new();
        for interface in self.virtual_interfaces.values().filter(|i| i.gateway() == Some(gateway)) {
            routes.extend(interface.routes.iter().map(|(block, bgp)| learned(*block, Learned::DirectConnect, *bgp)));
        }
        for connection in self.vpn_connections.values().filter(|c| c.vpn_gateway_id == *gateway) {
            let by_hand = connection.static_routes.iter();
            routes.extend(by_hand.map(|block| learned(*block, Learned::VpnStatic, BgpRoute::default())));
            routes.extend(connection.bgp_routes.iter().map(|(block, bgp)| learned(*block, Learned::VpnBgp, *bgp)));
        }
        if let Some(gateway) = self.vpn_gateways.get(gateway) {
            routes.extend(gateway.other_routes.iter().map(|(block, bgp)| learned(*block, Learned::VpnBgp, *bgp)));
        }
        routes.sort();
        routes.dedup();
        routes
    }

    /// Takes over into a table what its gateways know. Whether that changed it.
    pub(in crate::control_plane) fn propagate(&mut self, table: &RouteTableId) -> bool {
        let Some(record) = self.route_tables.get(table) else { return false };
        let mut routes: Vec<PropagatedRoute> =
            record.propagating_vgws.iter().flat_map(|gateway| self.learned_routes(gateway)).collect();
        routes.sort();
        let record = self.route_tables.get_mut(table).expect("looked up above");
        let changed = record.propagated != routes;
        record.propagated = routes;
        changed
    }
}

impl Context<'_> {
    /// Brings all tables up to date that take over a gateway's routes.
    pub(in crate::control_plane) fn refresh_propagation(&mut self, gateway: &VpnGatewayId) {
        let from = |table: &&RouteTable| {
            table.propagating_vgws.contains(gateway) || table.propagated.iter().any(|r| r.gateway == *gateway)
        };
        let tables: Vec<RouteTableId> =
            self.region().route_tables.values().filter(from).map(|table| table.id.clone()).collect();
        for table in tables {
            if self.region_mut().propagate(&table) {
                self.touch(Touch::RouteTable(table));
            }
        }
        self.touch(Touch::VpnGateway(gateway.clone()));
    }

    /// Facts 1.5: 100 propagated routes per table.
    pub(super) fn check_propagated(&self, gateway: &VpnGatewayId, more: usize) -> Result<(), ControlError> {
        let have = self.region().learned_routes(gateway).len();
        let text = "The maximum number of propagated routes has been reached.";
        self.quota((have, more, self.limits().propagated_routes_per_table), ErrorCode::RouteLimitExceeded, text)
    }

    fn propagate_to(&mut self, table: &RouteTableId) {
        self.region_mut().propagate(table);
        self.touch(Touch::RouteTable(table.clone()));
    }
}
