//! Route tables as they stood when an expectation asked.

use super::bench::{Bench, Seen, seen};
use crate::control_plane::{Destination, RouteState};

/// A route table as it stood at an instant: destination, target's id and name, state.
pub(in crate::scenario) type TableRoutes = Vec<(Destination, String, String, RouteState)>;

impl Bench<'_> {
    pub(super) fn route_table(
        &self,
        routes: Option<&Option<TableRoutes>>,
        has: &[(Destination, String)],
        lacks: &[Destination],
        blackhole: &[Destination],
    ) -> Seen {
        let routes = match routes {
            Some(Some(routes)) => routes,
            Some(None) => return Err("there is no such table at that time".to_owned()),
            None => return Err("its time did not come".to_owned()),
        };
        let list: Vec<String> = routes
            .iter()
            .map(|(destination, id, name, state)| {
                let target = if name.is_empty() { id } else { name };
                let dead = if *state == RouteState::Blackhole { " (blackhole)" } else { "" };
                format!("{destination} → {target}{dead}")
            })
            .collect();
        let text = list.join(", ");
        let fine = has.iter().all(|(destination, target)| {
            routes.iter().any(|(one, id, name, _)| one == destination && (id == target || name == target))
        }) && lacks.iter().all(|destination| routes.iter().all(|(one, ..)| one != destination))
            && blackhole.iter().all(|destination| {
                routes.iter().any(|(one, _, _, state)| one == destination && *state == RouteState::Blackhole)
            });
        seen(fine, text)
    }
}
