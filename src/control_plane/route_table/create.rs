//! Creating and deleting route tables.

use crate::base::*;
use crate::control_plane::classic_link::classic_addresses;
use crate::control_plane::*;

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
