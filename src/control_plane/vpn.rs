//! VPN: virtual private gateways, customer gateways, connections, and the routes they learn. Carries nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::*;
use crate::base::*;

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

/// A customer gateway: the device at the far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerGateway {
    /// Its id.
    pub id: CustomerGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// Its public address.
    pub ip_address: Ipv4Addr,
    /// Its autonomous system.
    pub bgp_asn: u32,
}

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

/// What BGP said about a block.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BgpRoute {
    /// The length of the AS path.
    pub as_path_len: u32,
    /// The multi-exit discriminator.
    pub med: u32,
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

action_struct! {
    /// Says where a customer's device is.
    CreateCustomerGateway(
        /// Its public address.
        ip_address: Ipv4Addr,
    ) {
        /// The id, if it is not to be made.
        id: Option<CustomerGatewayId>,
        /// Its tags.
        tags: Tags,
        /// Its autonomous system; otherwise 65000.
        bgp_asn: Option<u32>,
    }
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

impl Perform for CreateCustomerGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id: CustomerGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let gateway = CustomerGateway {
            id: id.clone(),
            tags: self.tags.clone(),
            ip_address: self.ip_address,
            // EC2 API reference, CreateCustomerGateway.
            bgp_asn: self.bgp_asn.unwrap_or(65_000),
        };
        cx.world.public_addresses.reserve(self.ip_address);
        cx.region_mut().customer_gateways.insert(id.clone(), gateway);
        cx.created(id.clone());
        cx.touch(Touch::CustomerGateway(id));
        Ok(())
    }
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

    pub(super) fn put_vpn_gateway(&mut self, gateway: VpnGateway) {
        if let Some(vpc) = &gateway.vpc_id {
            self.contents_mut(vpc).vpn_gateway = Some(gateway.id.clone());
        }
        self.vpn_gateways.insert(gateway.id.clone(), gateway);
    }

    /// Takes over into a table what its gateways know. Whether that changed it.
    pub(super) fn propagate(&mut self, table: &RouteTableId) -> bool {
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
    /// The VPC of a virtual private gateway; `None` if there is no such gateway.
    pub(super) fn vpn_gateway_vpc(&self, id: &VpnGatewayId) -> Option<Option<VpcId>> {
        self.region().vpn_gateways.get(id).map(|gateway| gateway.vpc_id.clone())
    }

    fn propagate_to(&mut self, table: &RouteTableId) {
        self.region_mut().propagate(table);
        self.touch(Touch::RouteTable(table.clone()));
    }

    /// Brings all tables up to date that take over a gateway's routes.
    pub(super) fn refresh_propagation(&mut self, gateway: &VpnGatewayId) {
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
    fn check_propagated(&self, gateway: &VpnGatewayId, more: usize) -> Result<(), ControlError> {
        let have = self.region().learned_routes(gateway).len();
        let text = "The maximum number of propagated routes has been reached.";
        self.quota((have, more, self.limits().propagated_routes_per_table), ErrorCode::RouteLimitExceeded, text)
    }
}
