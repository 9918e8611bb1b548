//! Route tables as they stand when expectations ask: before a step, after it, or at the end.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::drive::Run;
use crate::base::RouteTableId;
use crate::scenario::expectation::{Expected, Window};
use crate::scenario::judge::TableRoutes;

impl Run {
    /// Looks at the route tables that expectations ask for around a step.
    pub(super) fn look(&mut self, step: Option<usize>, before: bool) {
        let scenario = Rc::clone(&self.scenario);
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            if let Expected::RouteTable { window, at: None, .. } = &expectation.what
                && (if before {
                    window.before == step && step.is_some()
                } else {
                    window.after == step && step.is_some()
                })
            {
                self.look_at(index);
            }
        }
    }

    /// The route tables that expectations ask for: as they were looked at, and as they stand where the end is asked for.
    pub(super) fn tables_by_the_end(&self) -> BTreeMap<usize, Option<TableRoutes>> {
        let mut tables = self.tables.clone();
        for (index, expectation) in self.scenario.expectations.iter().enumerate() {
            if let Expected::RouteTable { table, at: None, window, .. } = &expectation.what
                && *window == Window::default()
            {
                tables.entry(index).or_insert_with(|| self.routes_of(table));
            }
        }
        tables
    }

    pub(super) fn look_at(&mut self, index: usize) {
        let scenario = Rc::clone(&self.scenario);
        if let Expected::RouteTable { table, .. } = &scenario.expectations[index].what {
            let routes = self.routes_of(table);
            self.tables.insert(index, routes);
        }
    }

    fn routes_of(&self, table: &str) -> Option<TableRoutes> {
        let world = self.simulation.world();
        // What the scenario calls so is meant before what is tagged so.
        let ids: Vec<RouteTableId> =
            self.scenario.names.candidates(table).filter_map(|named| named.id.clone().try_into().ok()).collect();
        let (region, table) = world.regions().find_map(|(_, region)| {
            let table = region.route_tables().values().find(|record| {
                if ids.is_empty() {
                    record.id.as_str() == table || record.tags.name.as_deref() == Some(table)
                } else {
                    ids.contains(&record.id)
                }
            })?;
            Some((region, table))
        })?;
        let name = |id: &str| {
            let node = self.directory().nodes.iter().find(|info| info.id == id);
            let named = node.map(|info| info.name.clone());
            named.or_else(|| region.vpc_endpoints().values().find(|e| e.id.as_str() == id)?.tags.name.clone())
        };
        let routes = table.routes().map(|route| {
            let target = route.target.to_string();
            let called = name(&target).unwrap_or_default();
            (route.destination.clone(), target, called, route.state)
        });
        Some(routes.collect())
    }
}
