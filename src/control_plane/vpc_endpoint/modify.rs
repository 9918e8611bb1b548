//! `ModifyVpcEndpoint`: another policy, other tables.

use std::collections::BTreeSet;

use super::table::{check_tables, list_of, only_for_gateways};
use crate::base::*;
use crate::control_plane::*;
use crate::policy::PolicyDocument;

action_struct! {
    /// Changes an endpoint's policy or tables.
    ModifyVpcEndpoint(
        /// The endpoint.
        vpc_endpoint_id: VpcEndpointId,
    ) {
        /// The new policy as JSON, all of it.
        policy_document: Option<String>,
        /// Goes back to full access (facts E33).
        reset_policy: bool,
        /// Tables that get its route.
        add_route_table_ids: Vec<RouteTableId>,
        /// Tables that lose its route.
        remove_route_table_ids: Vec<RouteTableId>,
        /// Another VPC, which EC2 refuses (rule R25).
        vpc_id: Option<VpcId>,
        /// Another service, which EC2 refuses (rule R25).
        service_name: Option<ServiceName>,
    }
}

impl Perform for ModifyVpcEndpoint {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let endpoint = cx.region().need_vpc_endpoint(&self.vpc_endpoint_id)?.clone();
        if self.vpc_id.is_some() || self.service_name.is_some() {
            // Rule R25: EC2 has no such parameters. The code is UNSOURCED.
            let name = if self.vpc_id.is_some() { "VpcId" } else { "ServiceName" };
            let text = format!("The parameter {name} is not recognized");
            return Err(ControlError::new(ErrorCode::UnknownParameter, text));
        }
        let policy = match (&self.policy_document, self.reset_policy) {
            (Some(_), true) => {
                let text = "PolicyDocument and ResetPolicy cannot be given together";
                return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
            }
            (Some(text), false) => Some(cx.endpoint_policy(text, endpoint.service_name.service())?),
            (None, true) => Some(PolicyDocument::full_access()),
            (None, false) => None,
        };
        let add: BTreeSet<RouteTableId> = self.add_route_table_ids.iter().cloned().collect();
        let remove: BTreeSet<RouteTableId> = self.remove_route_table_ids.iter().cloned().collect();
        let list = self.check_tables(cx, &endpoint, &add, &remove)?;
        let (at, delay) = (cx.at, cx.world.policy_delay);
        let id = &self.vpc_endpoint_id;
        for table in &remove {
            if let Some(list) = &list {
                cx.region_mut().take_route(table, &Destination::PrefixList(list.clone()));
                cx.touch(Touch::RouteTable(table.clone()));
            }
        }
        for table in &add {
            if let Some(list) = &list {
                let destination = Destination::PrefixList(list.clone());
                cx.write_route(table, destination, RouteTarget::VpcEndpoint(id.clone()));
            }
        }
        let record = cx.region_mut().vpc_endpoints.get_mut(id).expect("looked up above");
        record.route_table_ids.retain(|table| !remove.contains(table));
        record.route_table_ids.extend(add.iter().cloned());
        let changed_policy = policy.is_some();
        if let Some(policy) = policy {
            record.policy.change(policy, at, at.after(delay));
        }
        if changed_policy {
            if !delay.is_zero() {
                let text = format!("its new policy takes effect in {delay:?}; the old one judges until then [R32]");
                cx.applied.notes.push(text);
            }
            cx.touch(Touch::EndpointPolicy(id.clone()));
        }
        if !add.is_empty() || !remove.is_empty() {
            cx.touch(Touch::VpcEndpoint(id.clone()));
        }
        Ok(())
    }
}

impl ModifyVpcEndpoint {
    /// The prefix list of the endpoint's routes, if tables are to change and may.
    fn check_tables(
        &self,
        cx: &Context<'_>,
        endpoint: &VpcEndpoint,
        add: &BTreeSet<RouteTableId>,
        remove: &BTreeSet<RouteTableId>,
    ) -> Result<Option<PrefixListId>, ControlError> {
        if add.is_empty() && remove.is_empty() {
            return Ok(None);
        }
        if endpoint.endpoint_type != EndpointType::Gateway {
            return Err(only_for_gateways());
        }
        for table in remove {
            cx.region().need_route_table(table)?;
            if !endpoint.route_table_ids.contains(table) {
                // No text found (facts G3); UNSOURCED.
                let text = format!("Route table {table} is not associated with VPC endpoint {}", endpoint.id);
                return Err(ControlError::new(ErrorCode::InvalidParameter, text));
            }
        }
        if let Some(table) = add.intersection(remove).next() {
            let text = format!("Route table {table} cannot be both added and removed");
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        let service = cx.world.service(&cx.scope.region, &endpoint.service_name);
        let list = list_of(service.ok_or_else(|| service::unknown_service(&endpoint.service_name))?)?;
        check_tables(cx, &endpoint.vpc_id, add, &list)?;
        Ok(Some(list))
    }
}
