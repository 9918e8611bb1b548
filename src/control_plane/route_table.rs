//! A route table as a record: its routes, who uses it. Which route wins is told in `routing`.

use std::collections::{BTreeMap, BTreeSet};

use super::classic_link::classic_addresses;
use super::*;
use crate::base::*;

/// A route table.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteTable {
    /// Its id.
    pub id: RouteTableId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// The virtual private gateways whose routes it takes over.
    pub propagating_vgws: BTreeSet<VpnGatewayId>,
    /// The subnets that are associated with it explicitly.
    pub subnets: BTreeSet<SubnetId>,
    /// Gateways that it is associated with ("edge association", facts RT22), by id. Not modelled; kept for the record.
    pub edge_associations: BTreeSet<String>,
    pub(super) routes: BTreeMap<Destination, Route>,
    pub(super) propagated: Vec<PropagatedRoute>,
}

/// What a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// One block.
    Cidr(Cidr),
    /// All blocks of a prefix list, each for itself (facts RT8).
    PrefixList(PrefixListId),
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cidr(block) => f.pad(&block.to_string()),
            Self::PrefixList(id) => f.pad(id.as_str()),
        }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteTarget {
    /// The VPC itself.
    Local,
    /// An internet gateway.
    InternetGateway(InternetGatewayId),
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway(EgressOnlyInternetGatewayId),
    /// A NAT gateway.
    NatGateway(NatGatewayId),
    /// A gateway endpoint.
    VpcEndpoint(VpcEndpointId),
    /// A network interface.
    NetworkInterface(NetworkInterfaceId),
    /// An instance, by its only interface.
    Instance(InstanceId),
    /// A peering connection.
    Peering(VpcPeeringConnectionId),
    /// A virtual private gateway.
    VpnGateway(VpnGatewayId),
    /// Something that an imported account has and this simulator does not model, by its id.
    Unmodeled(String),
}

impl std::fmt::Display for RouteTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Self::Local => "local",
            Self::InternetGateway(id) => id.as_str(),
            Self::EgressOnlyInternetGateway(id) => id.as_str(),
            Self::NatGateway(id) => id.as_str(),
            Self::VpcEndpoint(id) => id.as_str(),
            Self::NetworkInterface(id) => id.as_str(),
            Self::Instance(id) => id.as_str(),
            Self::Peering(id) => id.as_str(),
            Self::VpnGateway(id) => id.as_str(),
            Self::Unmodeled(id) => id,
        };
        f.pad(text)
    }
}

/// How a route came into its table (facts RT24).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteOrigin {
    /// With the table: the local route.
    CreateRouteTable,
    /// By a call, or with an endpoint.
    CreateRoute,
    /// From a virtual private gateway.
    EnableVgwRoutePropagation,
}

impl RouteOrigin {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateRouteTable => "CreateRouteTable",
            Self::CreateRoute => "CreateRoute",
            Self::EnableVgwRoutePropagation => "EnableVgwRoutePropagation",
        }
    }
}

/// Whether a route's target is there (facts RT23).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteState {
    /// It is.
    Active,
    /// It is not; the route still takes part and its packets are dropped (facts RT25).
    Blackhole,
}

impl RouteState {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blackhole => "blackhole",
        }
    }
}

/// A route that is not propagated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it is for; no two routes of a table share it.
    pub destination: Destination,
    /// Where it leads.
    pub target: RouteTarget,
    /// How it came.
    pub origin: RouteOrigin,
    /// Whether its target is there.
    pub state: RouteState,
}

impl Route {
    /// The local route of a VPC's block.
    pub const fn local(block: Cidr) -> Self {
        Self {
            destination: Destination::Cidr(block),
            target: RouteTarget::Local,
            origin: RouteOrigin::CreateRouteTable,
            state: RouteState::Active,
        }
    }

    /// Whether it came with an endpoint and can only go with it (rules R10, R18).
    pub const fn is_endpoint_route(&self) -> bool {
        matches!((&self.destination, &self.target), (Destination::PrefixList(_), RouteTarget::VpcEndpoint(_)))
    }

    /// Whether it counts as an IPv6 route for the quota.
    fn is_v6(&self) -> bool {
        matches!(self.destination, Destination::Cidr(block) if !block.is_v4())
    }
}

/// How a virtual private gateway learned a route, best first (facts RT3).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Learned {
    /// By BGP over Direct Connect.
    DirectConnect,
    /// From a VPN connection's static routes.
    VpnStatic,
    /// By BGP over a VPN connection.
    VpnBgp,
}

/// A route that a table took over from a virtual private gateway. The derived order is AWS's preference among routes
/// for one block (facts RT3): how it was learned, then the AS path, then the MED; the last field breaks ties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropagatedRoute {
    /// What it is for.
    pub destination: Cidr,
    /// How the gateway learned it.
    pub learned: Learned,
    /// The length of its AS path; 0 for a static route.
    pub as_path_len: u32,
    /// Its multi-exit discriminator; 0 for a static route.
    pub med: u32,
    /// The gateway.
    pub gateway: VpnGatewayId,
}

/// Who uses a route table by an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableUser {
    /// A VPC, as its main table.
    Main(VpcId),
    /// A subnet.
    Subnet(SubnetId),
}

impl RouteTable {
    /// A table with the local routes of its VPC's blocks (facts RT12).
    pub(super) fn new<'a>(id: RouteTableId, vpc_id: VpcId, tags: Tags, blocks: impl Iterator<Item = &'a Cidr>) -> Self {
        let routes = blocks.map(|block| (Destination::Cidr(*block), Route::local(*block))).collect();
        Self {
            id,
            tags,
            vpc_id,
            propagating_vgws: BTreeSet::new(),
            subnets: BTreeSet::new(),
            edge_associations: BTreeSet::new(),
            routes,
            propagated: Vec::new(),
        }
    }

    /// A table as an account describes it: its routes in any order, propagated ones apart. Of two routes for one
    /// destination the later stays.
    pub fn described(
        id: RouteTableId,
        vpc_id: VpcId,
        routes: impl IntoIterator<Item = Route>,
        mut propagated: Vec<PropagatedRoute>,
    ) -> Self {
        propagated.sort();
        let routes = routes.into_iter().map(|route| (route.destination.clone(), route)).collect();
        let propagating_vgws = propagated.iter().map(|route| route.gateway.clone()).collect();
        Self { routes, propagated, propagating_vgws, ..Self::new(id, vpc_id, Tags::default(), [].iter()) }
    }

    /// Its routes, without the propagated ones.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }

    /// The route for exactly this destination, if it is not a propagated one.
    pub fn route(&self, destination: &Destination) -> Option<&Route> {
        self.routes.get(destination)
    }

    /// Its propagated routes, by block and preference.
    pub fn propagated(&self) -> &[PropagatedRoute] {
        &self.propagated
    }

    /// Adds a local route for a block, if there is none.
    pub(super) fn add_local(&mut self, block: Cidr) {
        self.routes.entry(Destination::Cidr(block)).or_insert_with(|| Route::local(block));
    }

    /// How many routes count for the quota, of one family. An endpoint route counts one (facts RT29: UNSOURCED).
    pub(super) fn route_count(&self, v6: bool) -> usize {
        let local = |route: &&Route| route.origin == RouteOrigin::CreateRouteTable;
        self.routes.values().filter(|route| !local(route) && route.is_v6() == v6).count()
    }
}

action_struct! {
    /// Creates a route table.
    CreateRouteTable(
        /// Its VPC.
        vpc_id: VpcId,
    ) {
        /// The id, if it is not to be made.
        id: Option<RouteTableId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Deletes a route table that nobody uses.
    DeleteRouteTable(
        /// The table.
        route_table_id: RouteTableId,
    ) {}
}

action_struct! {
    /// Associates a subnet with a route table, in place of an association it may have.
    AssociateRouteTable(
        /// The table.
        route_table_id: RouteTableId,
        /// The subnet.
        subnet_id: SubnetId,
    ) {}
}

action_struct! {
    /// Gives the subnet of an association another table, or a VPC another main table.
    ReplaceRouteTableAssociation(
        /// The association.
        association_id: RouteTableAssociationId,
        /// The table to use from now on.
        route_table_id: RouteTableId,
    ) {}
}

action_struct! {
    /// Ends a subnet's association; it uses the main table again.
    DisassociateRouteTable(
        /// The association.
        association_id: RouteTableAssociationId,
    ) {}
}

impl Perform for CreateRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let vpc = region.need_vpc(&self.vpc_id)?.clone();
        let have = region.contents.get(&vpc.id).map_or(0, |contents| contents.route_tables.len());
        let limit = cx.limits().route_tables_per_vpc;
        let text = "The maximum number of route tables has been reached.";
        cx.quota((have, 1, limit), ErrorCode::RouteTableLimitExceeded, text)?;
        let id: RouteTableId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let mut table = RouteTable::new(id.clone(), vpc.id.clone(), self.tags.clone(), vpc.blocks());
        if vpc.classic_link_enabled {
            table.add_local(classic_addresses());
        }
        cx.region_mut().put_route_table(table);
        cx.created(id.clone());
        cx.touch(Touch::RouteTable(id));
        Ok(())
    }
}

impl Perform for DeleteRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?;
        let vpc = region.need_vpc(&table.vpc_id)?;
        // Facts RT19, RT20.
        if vpc.main_association.route_table_id == table.id || !table.subnets.is_empty() {
            return Err(ControlError::dependency("routeTable", &table.id));
        }
        // The endpoints that have a route here lose it (facts G10: deletion succeeds).
        let endpoints: Vec<VpcEndpointId> = table
            .routes()
            .filter_map(|route| match &route.target {
                RouteTarget::VpcEndpoint(id) => Some(id.clone()),
                _ => None,
            })
            .collect();
        let id = self.route_table_id.clone();
        let region = cx.region_mut();
        for endpoint in &endpoints {
            if let Some(endpoint) = region.vpc_endpoints.get_mut(endpoint) {
                endpoint.route_table_ids.remove(&id);
            }
        }
        region.drop_route_table(&id);
        for endpoint in endpoints {
            cx.touch(Touch::VpcEndpoint(endpoint));
        }
        cx.touch(Touch::RouteTable(id));
        Ok(())
    }
}

impl Perform for AssociateRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?;
        let subnet = region.need_subnet(&self.subnet_id)?;
        same_network(table, &subnet.vpc_id, &self.subnet_id)?;
        if let Some(association) = &subnet.route_table_association {
            let text = format!(
                "the specified association for route table {} conflicts with an existing association",
                association.route_table_id
            );
            return Err(ControlError::new(ErrorCode::ResourceAlreadyAssociated, text));
        }
        let association_id: RouteTableAssociationId = cx.fresh_id(self.subnet_id.as_str());
        cx.set_table(&self.subnet_id, Some((association_id.clone(), self.route_table_id.clone())));
        cx.created(association_id);
        Ok(())
    }
}

impl Perform for ReplaceRouteTableAssociation {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?.clone();
        let user = need_association(region, &self.association_id)?.clone();
        match user {
            TableUser::Subnet(subnet) => {
                same_network(&table, &region.need_subnet(&subnet)?.vpc_id, &subnet)?;
                let association_id: RouteTableAssociationId = cx.fresh_id(subnet.as_str());
                cx.set_table(&subnet, Some((association_id.clone(), table.id)));
                cx.created(association_id);
            }
            TableUser::Main(vpc) => {
                same_network(&table, &vpc, &vpc)?;
                let association_id: RouteTableAssociationId = cx.fresh_id(vpc.as_str());
                let main = MainAssociation { association_id: association_id.clone(), route_table_id: table.id.clone() };
                let region = cx.region_mut();
                region.table_associations.remove(&self.association_id);
                region.table_associations.insert(association_id.clone(), TableUser::Main(vpc.clone()));
                region.vpcs.get_mut(&vpc).expect("an association names a VPC").main_association = main;
                cx.created(association_id);
                cx.touch(Touch::Vpc(vpc.clone()));
                cx.touch(Touch::RouteTable(table.id));
                // Every subnet without an association of its own uses another table now.
                let subnets = cx.region().contents.get(&vpc).map(|c| c.subnets.clone()).unwrap_or_default();
                for id in subnets {
                    if cx.region().subnets.get(&id).is_some_and(|s| s.route_table_association.is_none()) {
                        cx.touch(Touch::Subnet(id));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Perform for DisassociateRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        match need_association(cx.region(), &self.association_id)?.clone() {
            TableUser::Main(_) => {
                // Facts RT21.
                let text = format!("cannot disassociate the main route table association {}", self.association_id);
                Err(ControlError::value(text))
            }
            TableUser::Subnet(subnet) => {
                cx.set_table(&subnet, None);
                Ok(())
            }
        }
    }
}

impl Context<'_> {
    /// Gives a subnet an association, or takes it away. Everything was checked.
    pub(super) fn set_table(&mut self, id: &SubnetId, to: Option<(RouteTableAssociationId, RouteTableId)>) {
        let region = self.region_mut();
        let subnet = region.subnets.get_mut(id).expect("the caller looked it up");
        let to = to.map(|(association_id, route_table_id)| TableAssociation { association_id, route_table_id });
        let before = std::mem::replace(&mut subnet.route_table_association, to.clone());
        if let Some(before) = before {
            region.table_associations.remove(&before.association_id);
            if let Some(table) = region.route_tables.get_mut(&before.route_table_id) {
                table.subnets.remove(id);
            }
        }
        if let Some(to) = to {
            region.table_associations.insert(to.association_id, TableUser::Subnet(id.clone()));
            if let Some(table) = region.route_tables.get_mut(&to.route_table_id) {
                table.subnets.insert(id.clone());
            }
        }
        self.touch(Touch::Subnet(id.clone()));
    }
}

impl Region {
    pub(super) fn put_route_table(&mut self, table: RouteTable) {
        self.contents_mut(&table.vpc_id).route_tables.insert(table.id.clone());
        for route in table.routes.values() {
            self.routes_to.entry(route.target.clone()).or_default().insert(table.id.clone());
        }
        self.route_tables.insert(table.id.clone(), table);
    }

    pub(super) fn drop_route_table(&mut self, id: &RouteTableId) {
        let Some(table) = self.route_tables.remove(id) else { return };
        for route in table.routes.values() {
            self.forget_target(id, &route.target);
        }
        self.contents_mut(&table.vpc_id).route_tables.remove(id);
    }

    /// Adds a route, or puts it in place of the one for the same destination.
    pub(super) fn put_route(&mut self, table: &RouteTableId, route: Route) {
        self.take_route(table, &route.destination);
        self.routes_to.entry(route.target.clone()).or_default().insert(table.clone());
        let table = self.route_tables.get_mut(table).expect("the caller looked it up");
        table.routes.insert(route.destination.clone(), route);
    }

    /// Removes a route, if it is there.
    pub(super) fn take_route(&mut self, id: &RouteTableId, destination: &Destination) -> Option<Route> {
        let table = self.route_tables.get_mut(id)?;
        let route = table.routes.remove(destination)?;
        if !table.routes.values().any(|other| other.target == route.target) {
            self.forget_target(id, &route.target);
        }
        Some(route)
    }

    fn forget_target(&mut self, table: &RouteTableId, target: &RouteTarget) {
        if let Some(tables) = self.routes_to.get_mut(target) {
            tables.remove(table);
            if tables.is_empty() {
                self.routes_to.remove(target);
            }
        }
    }
}

/// Facts I13's text, for whatever lies in another VPC than the table.
pub(super) fn same_network(table: &RouteTable, vpc: &VpcId, what: &impl std::fmt::Display) -> Result<(), ControlError> {
    if table.vpc_id == *vpc {
        return Ok(());
    }
    Err(ControlError::value(format!("route table {} and network {what} belong to different networks", table.id)))
}

fn need_association<'a>(region: &'a Region, id: &RouteTableAssociationId) -> Result<&'a TableUser, ControlError> {
    let found = region.table_associations.get(id);
    found.ok_or_else(|| ControlError::not_found(ErrorCode::InvalidAssociationIdNotFound, "association", id))
}
