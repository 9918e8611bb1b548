//! The route calls: which routes a customer may make, replace and delete, and when one turns into a blackhole.

use std::net::Ipv4Addr;

use super::*;
use crate::base::*;

action_struct! {
    /// Adds a route.
    CreateRoute(
        /// The table.
        route_table_id: RouteTableId,
        /// What the route is for.
        destination: Destination,
        /// Where it leads.
        target: RouteTarget,
    ) {}
}

action_struct! {
    /// Gives a route another target.
    ReplaceRoute(
        /// The table.
        route_table_id: RouteTableId,
        /// What the route is for.
        destination: Destination,
        /// Where it leads from now on.
        target: RouteTarget,
    ) {}
}

action_struct! {
    /// Removes a route.
    DeleteRoute(
        /// The table.
        route_table_id: RouteTableId,
        /// What the route is for.
        destination: Destination,
    ) {}
}

impl Perform for CreateRoute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let table = cx.region().need_route_table(&self.route_table_id)?;
        check_destination(cx, table, &self.destination, &self.target)?;
        if let Some(route) = table.route(&self.destination) {
            return Err(already_exists(table, route));
        }
        check_target(cx, table, &self.target)?;
        let (v6, weight) = match &self.destination {
            Destination::Cidr(block) => (!block.is_v4(), 1),
            Destination::PrefixList(list) => (false, cx.list_weight(list)),
        };
        let text = "The maximum number of routes has been reached.";
        let limit = cx.limits().routes_per_table;
        cx.quota((table.route_count(v6), weight, limit), ErrorCode::RouteLimitExceeded, text)?;
        cx.write_route(&self.route_table_id, self.destination.clone(), self.target.clone());
        Ok(())
    }
}

impl Perform for ReplaceRoute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let table = cx.region().need_route_table(&self.route_table_id)?;
        let Some(route) = table.route(&self.destination) else {
            // Facts Q13.
            let text = format!(
                "There is no route defined for '{}' in the route table. Use CreateRoute instead.",
                self.destination
            );
            return Err(ControlError::value(text));
        };
        if route.is_endpoint_route() {
            return Err(closed_to_route_calls());
        }
        if route.origin == RouteOrigin::CreateRouteTable {
            self.check_local_target(cx, table)?;
            let (destination, target) = (self.destination.clone(), self.target.clone());
            let state = cx.target_state(&target);
            let route = Route { destination, target, origin: RouteOrigin::CreateRouteTable, state };
            cx.region_mut().put_route(&self.route_table_id, route);
            cx.touch(Touch::RouteTable(self.route_table_id.clone()));
            return Ok(());
        }
        check_destination(cx, table, &self.destination, &self.target)?;
        check_target(cx, table, &self.target)?;
        cx.write_route(&self.route_table_id, self.destination.clone(), self.target.clone());
        Ok(())
    }
}

impl ReplaceRoute {
    /// Facts RT12, RT13: immutable in the document's time; today it may lead to an interface or a NAT gateway and back.
    fn check_local_target(&self, cx: &Context<'_>, table: &RouteTable) -> Result<(), ControlError> {
        let middlebox = matches!(
            self.target,
            RouteTarget::NatGateway(_) | RouteTarget::NetworkInterface(_) | RouteTarget::Instance(_)
        );
        match (cx.era(), &self.target) {
            (Era::Current, RouteTarget::Local) => Ok(()),
            (Era::Current, target) if middlebox => check_target(cx, table, target),
            (Era::Y2017 | Era::Current, _) => {
                let text = format!("cannot replace local route {} in route table {}", self.destination, table.id);
                Err(ControlError::value(text))
            }
        }
    }
}

impl Perform for DeleteRoute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let table = cx.region().need_route_table(&self.route_table_id)?;
        let Some(route) = table.route(&self.destination) else {
            // Facts Q13.
            let kind = match &self.destination {
                Destination::Cidr(block) if block.is_v4() => "destination-cidr-block",
                Destination::Cidr(_) => "destination-ipv6-cidr-block",
                Destination::PrefixList(_) => "destination-prefix-list-id",
            };
            let text = format!("no route with {kind} {} in route table {}", self.destination, table.id);
            return Err(ControlError::new(ErrorCode::InvalidRouteNotFound, text));
        };
        if route.origin == RouteOrigin::CreateRouteTable {
            let text = format!("cannot remove local route {} in route table {}", self.destination, table.id);
            return Err(ControlError::value(text));
        }
        if route.is_endpoint_route() {
            // Facts 4.6: the beginning is observed; code and tail are UNSOURCED.
            let text = format!("cannot remove VPC endpoint route {} in route table {}", self.destination, table.id);
            return Err(ControlError::value(text));
        }
        cx.region_mut().take_route(&self.route_table_id, &self.destination);
        cx.touch(Touch::RouteTable(self.route_table_id.clone()));
        Ok(())
    }
}

/// Whether a customer may make a route for this destination.
fn check_destination(
    cx: &Context<'_>,
    table: &RouteTable,
    destination: &Destination,
    target: &RouteTarget,
) -> Result<(), ControlError> {
    match destination {
        Destination::PrefixList(list) => {
            if matches!(target, RouteTarget::VpcEndpoint(_)) {
                return Err(closed_to_route_calls());
            }
            if cx.era() == Era::Y2017 {
                // The API of the time knows no prefix list in a route call (facts section 0; UNSOURCED code).
                let text = "The parameter DestinationPrefixListId is not recognized";
                return Err(ControlError::new(ErrorCode::UnknownParameter, text));
            }
            cx.need_list(list)
        }
        Destination::Cidr(block) => {
            if let RouteTarget::VpcEndpoint(id) = target {
                // Facts 4.6.
                let text = format!(
                    "Route table contains unsupported route target: {id}. VPC Endpoints of this type cannot be used as \
                     route targets."
                );
                return Err(ControlError::new(ErrorCode::RouteNotSupported, text));
            }
            if reserved_blocks().iter().any(|reserved| reserved.covers(block)) {
                // Facts RT17; the text is UNSOURCED.
                let text = format!("The destination CIDR block {block} is reserved and cannot be routed.");
                return Err(ControlError::value(text));
            }
            check_inside_vpc(cx, table, block, target)
        }
    }
}

/// Routes equal to or inside a block of the VPC (facts RT15, RT16).
fn check_inside_vpc(
    cx: &Context<'_>,
    table: &RouteTable,
    block: &Cidr,
    target: &RouteTarget,
) -> Result<(), ControlError> {
    let region = cx.region();
    let vpc = region.need_vpc(&table.vpc_id)?;
    if !vpc.blocks().any(|own| own.covers(block)) {
        return Ok(());
    }
    if vpc.blocks().any(|own| own == block) {
        // The local route stands there already; the caller answers with that.
        let peering = matches!(target, RouteTarget::Peering(_));
        if peering && cx.era() == Era::Current {
            let text = "Route target is not supported. This route only supports interface and instance targets.";
            return Err(ControlError::value(text));
        }
        return Ok(());
    }
    let a_subnet = region
        .contents
        .get(&vpc.id)
        .is_some_and(|contents| contents.blocks.get(&block.network()).is_some_and(|(have, _)| have == block));
    let middlebox =
        matches!(target, RouteTarget::NatGateway(_) | RouteTarget::NetworkInterface(_) | RouteTarget::Instance(_));
    if cx.era() == Era::Current && a_subnet && middlebox {
        return Ok(());
    }
    let text = format!(
        "The destination CIDR block {block} is equal to or more specific than one of this VPC's CIDR blocks. This \
         route can target only an interface or an instance."
    );
    Err(ControlError::value(text))
}

/// Whether a route of this table may lead there.
fn check_target(cx: &Context<'_>, table: &RouteTable, target: &RouteTarget) -> Result<(), ControlError> {
    let region = cx.region();
    let same = |vpc: Option<&VpcId>, what: &str| match vpc {
        Some(vpc) if *vpc == table.vpc_id => Ok(()),
        Some(_) => {
            // Facts I13.
            let text = format!("route table {} and network {what} belong to different networks", table.id);
            Err(ControlError::value(text))
        }
        None => {
            let text = format!("{what} is not attached to a network");
            Err(ControlError::new(ErrorCode::GatewayNotAttached, text))
        }
    };
    let no_gateway = |id: &str| ControlError::not_found(ErrorCode::InvalidGatewayIdNotFound, "gateway", &id);
    match target {
        RouteTarget::Local => Err(ControlError::value("a route to local cannot be created")),
        RouteTarget::InternetGateway(id) => {
            let gateway = region.internet_gateways.get(id).ok_or_else(|| no_gateway(id.as_str()))?;
            same(gateway.vpc_id.as_ref(), &format!("gateway {id}"))
        }
        RouteTarget::EgressOnlyInternetGateway(id) => {
            same(Some(&region.need_egress_only_internet_gateway(id)?.vpc_id), &format!("gateway {id}"))
        }
        RouteTarget::NatGateway(id) => {
            let gateway = region
                .nat_gateways
                .get(id)
                .ok_or_else(|| ControlError::not_found(ErrorCode::InvalidNatGatewayIdNotFound, "natGateway", id))?;
            if !gateway.is_live() {
                return Err(ControlError::not_found(ErrorCode::InvalidNatGatewayIdNotFound, "natGateway", id));
            }
            same(Some(&gateway.vpc_id), &format!("gateway {id}"))
        }
        RouteTarget::VpcEndpoint(_) => Err(closed_to_route_calls()),
        RouteTarget::NetworkInterface(id) => {
            same(Some(&region.need_network_interface(id)?.vpc_id), &format!("interface {id}"))
        }
        RouteTarget::Instance(id) => {
            let instance = region.need_instance(id)?;
            if instance.interfaces.len() != 1 {
                let text = format!(
                    "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for \
                     the operation instead."
                );
                return Err(ControlError::new(ErrorCode::InvalidInstanceId, text));
            }
            same(Some(&instance.vpc_id), &format!("instance {id}"))
        }
        RouteTarget::Peering(id) => cx.check_peering_target(id, &table.vpc_id),
        RouteTarget::VpnGateway(id) => {
            let vpc = cx.vpn_gateway_vpc(id).ok_or_else(|| no_gateway(id.as_str()))?;
            same(vpc.as_ref(), &format!("gateway {id}"))
        }
        RouteTarget::Unmodeled(id) => {
            Err(ControlError::value(format!("the target {id} is of a kind that is not modelled")))
        }
    }
}

impl Context<'_> {
    /// Puts a route with the state of its target. Everything was checked.
    pub(super) fn write_route(&mut self, table: &RouteTableId, destination: Destination, target: RouteTarget) {
        let state = self.target_state(&target);
        let route = Route { destination, target, origin: RouteOrigin::CreateRoute, state };
        self.region_mut().put_route(table, route);
        self.touch(Touch::RouteTable(table.clone()));
    }

    /// Brings the states of all routes to a target up to date, after the target changed.
    pub(super) fn refresh_routes(&mut self, target: &RouteTarget) {
        let scope = self.scope.clone();
        self.refresh_routes_of(&scope, target);
    }

    /// The same in the region of another scope: the far side of a peering connection.
    pub(super) fn refresh_routes_of(&mut self, scope: &Scope, target: &RouteTarget) {
        let state = self.target_state(target);
        let account = self.world.accounts.get_mut(&scope.account);
        let Some(region) = account.and_then(|account| account.regions.get_mut(&scope.region)) else { return };
        let tables: Vec<RouteTableId> = region.tables_with_target(target).cloned().collect();
        for id in tables {
            let table = region.route_tables.get_mut(&id).expect("the index names tables that are here");
            for route in table.routes.values_mut().filter(|route| route.target == *target && route.state != state) {
                route.state = state;
                self.applied.touched.add(Touch::RouteTable(id.clone()));
            }
        }
    }

    /// Whether a target is there (facts RT23). That a stopped instance counts as gone is UNSOURCED.
    pub(super) fn target_state(&self, target: &RouteTarget) -> RouteState {
        let region = self.region();
        let there = match target {
            RouteTarget::Local => true,
            RouteTarget::InternetGateway(id) => {
                region.internet_gateways.get(id).is_some_and(|gateway| gateway.vpc_id.is_some())
            }
            RouteTarget::EgressOnlyInternetGateway(id) => region.egress_only_internet_gateways.contains_key(id),
            RouteTarget::NatGateway(id) => region.nat_gateways.get(id).is_some_and(NatGateway::is_live),
            RouteTarget::VpcEndpoint(id) => region.vpc_endpoints.contains_key(id),
            RouteTarget::NetworkInterface(id) => {
                region.network_interfaces.get(id).is_some_and(|eni| self.is_interface_up(eni))
            }
            RouteTarget::Instance(id) => {
                region.instances.get(id).is_some_and(|instance| instance.state == InstanceState::Running)
            }
            RouteTarget::Peering(id) => self.world.peerings.get(id).is_some_and(PeeringConnection::is_active),
            RouteTarget::VpnGateway(id) => self.vpn_gateway_vpc(id).is_some_and(|vpc| vpc.is_some()),
            // What an account said about it at import stays.
            RouteTarget::Unmodeled(_) => true,
        };
        if there { RouteState::Active } else { RouteState::Blackhole }
    }

    fn is_interface_up(&self, eni: &NetworkInterface) -> bool {
        match &eni.attachment {
            None => false,
            Some(Attachment { instance_id: None, .. }) => true,
            Some(Attachment { instance_id: Some(id), .. }) => {
                self.region().instances.get(id).is_some_and(|instance| instance.state == InstanceState::Running)
            }
        }
    }
}

/// Facts 4.6.
fn closed_to_route_calls() -> ControlError {
    ControlError::value("Cannot create or replace a prefix list route targeting a VPC Endpoint.")
}

/// Facts Q13 for a block, 4.6 for a prefix list.
pub(super) fn already_exists(table: &RouteTable, route: &Route) -> ControlError {
    let text = match &route.destination {
        Destination::Cidr(block) => format!("The route identified by {block} already exists."),
        Destination::PrefixList(list) => {
            format!("route table {} already has a route with destination-prefix-list-id {list}", table.id)
        }
    };
    ControlError::new(ErrorCode::RouteAlreadyExists, text)
}

/// Addresses of services on the host itself, which routes cannot name (facts RT17).
fn reserved_blocks() -> [Cidr; 2] {
    let v4 = Cidr::new(Ipv4Addr::new(169, 254, 168, 0).into(), 22).expect("22 is a length of IPv4");
    let v6 = Cidr::parse("fd00:ec2::/32").expect("a block");
    [v4, v6]
}
