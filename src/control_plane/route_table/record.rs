//! The record of a route table, and the index from targets to the tables that lead there.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::*;
use crate::control_plane::*;

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
    pub(in crate::control_plane) routes: BTreeMap<Destination, Route>,
    pub(in crate::control_plane) propagated: Vec<PropagatedRoute>,
}

impl RouteTable {
    /// A table with the local routes of its VPC's blocks (facts RT12).
    pub(in crate::control_plane) fn new<'a>(
        id: RouteTableId,
        vpc_id: VpcId,
        tags: Tags,
        blocks: impl Iterator<Item = &'a Cidr>,
    ) -> Self {
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
    pub(in crate::control_plane) fn add_local(&mut self, block: Cidr) {
        self.routes.entry(Destination::Cidr(block)).or_insert_with(|| Route::local(block));
    }

    /// How many routes count for the quota, of one family. An endpoint route counts one (facts RT29: UNSOURCED).
    pub(in crate::control_plane) fn route_count(&self, v6: bool) -> usize {
        let local = |route: &&Route| route.origin == RouteOrigin::CreateRouteTable;
        self.routes.values().filter(|route| !local(route) && route.is_v6() == v6).count()
    }
}

impl Region {
    pub(in crate::control_plane) fn put_route_table(&mut self, table: RouteTable) {
        self.contents_mut(&table.vpc_id).route_tables.insert(table.id.clone());
        for route in table.routes.values() {
            self.routes_to.entry(route.target.clone()).or_default().insert(table.id.clone());
        }
        self.route_tables.insert(table.id.clone(), table);
    }

    pub(in crate::control_plane) fn drop_route_table(&mut self, id: &RouteTableId) {
        let Some(table) = self.route_tables.remove(id) else { return };
        for route in table.routes.values() {
            self.forget_target(id, &route.target);
        }
        self.contents_mut(&table.vpc_id).route_tables.remove(id);
    }

    /// Adds a route, or puts it in place of the one for the same destination.
    pub(in crate::control_plane) fn put_route(&mut self, table: &RouteTableId, route: Route) {
        self.take_route(table, &route.destination);
        self.routes_to.entry(route.target.clone()).or_default().insert(table.clone());
        let table = self.route_tables.get_mut(table).expect("the caller looked it up");
        table.routes.insert(route.destination.clone(), route);
    }

    /// Removes a route, if it is there.
    pub(in crate::control_plane) fn take_route(
        &mut self,
        id: &RouteTableId,
        destination: &Destination,
    ) -> Option<Route> {
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
