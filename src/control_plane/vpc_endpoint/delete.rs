//! `DeleteVpcEndpoints`: routes and interfaces go with them.

use crate::base::*;
use crate::control_plane::*;

action_struct! {
    /// Deletes endpoints; those that do not exist are listed as unsuccessful (facts Q8).
    DeleteVpcEndpoints(
        /// The endpoints.
        vpc_endpoint_ids: Vec<VpcEndpointId>,
    ) {}
}

impl Perform for DeleteVpcEndpoints {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        for id in &self.vpc_endpoint_ids {
            let Some(endpoint) = cx.region().vpc_endpoints.get(id).cloned() else {
                // Facts 4.6: one that is unknown is an item of a normal answer.
                let text = format!("The Vpc Endpoint Id '{id}' does not exist");
                let error = ControlError::new(ErrorCode::InvalidVpcEndpointNotFound, text);
                cx.applied.unsuccessful.push((id.to_string(), error));
                continue;
            };
            let target = RouteTarget::VpcEndpoint(id.clone());
            for table in &endpoint.route_table_ids {
                let region = cx.region_mut();
                let routes = region.route_tables.get(table).into_iter().flat_map(RouteTable::routes);
                let own: Vec<Destination> =
                    routes.filter(|route| route.target == target).map(|route| route.destination.clone()).collect();
                for destination in own {
                    region.take_route(table, &destination);
                }
                cx.touch(Touch::RouteTable(table.clone()));
            }
            for eni in &endpoint.network_interface_ids {
                cx.drop_interface(eni);
            }
            let region = cx.region_mut();
            region.vpc_endpoints.remove(id);
            region.contents_mut(&endpoint.vpc_id).vpc_endpoints.remove(id);
            cx.touch(Touch::VpcEndpoint(id.clone()));
        }
        Ok(())
    }
}
