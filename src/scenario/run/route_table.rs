//! Route tables as they stand when expectations ask: before a step, after it, or at the end.

use std::rc::Rc;

use super::drive::Run;
use crate::scenario::expectation::Expected;
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

    /// Looks at the route tables that expectations ask for at the end.
    pub(super) fn look_finally(&mut self) {
        for index in 0..self.scenario.expectations.len() {
            if !self.tables.contains_key(&index) {
                self.look_at(index);
            }
        }
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
        let ids = self.names().get(table).cloned().unwrap_or_default();
        let (_, region, table) = world.regions().find_map(|(scope, region)| {
            let table = region.route_tables().values().find(|record| {
                let named = record.tags.name.as_deref() == Some(table);
                named || record.id.as_str() == table || ids.iter().any(|id| id == record.id.as_str())
            })?;
            Some((scope, region, table))
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
