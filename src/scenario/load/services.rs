//! AWS's services of a region, as a scenario declares them. The era's own come from `control_plane`.

use super::reader::Reader;
use crate::base::{Cidr, PrefixListId};
use crate::control_plane::{Scope, Service};
use crate::notation::{Problem, View, decode};
use crate::scenario::action::blocks;
use crate::scenario::context::{interface_service, service_name};
use crate::scenario::vocabulary::SERVICE;

impl Reader<'_> {
    /// AWS's services of a region, where the scenario says more than the era.
    pub(super) fn services(&mut self, scope: &Scope, place: &View<'_>) {
        for node in place.items("interface-services") {
            let text = decode::text(node).unwrap_or_default();
            let Some(service) = interface_service(&scope.region, text) else {
                self.problems.push(Problem::error(node.span, format!("`{}` is not a service", decode::brief(text))));
                continue;
            };
            if self.world.service(&scope.region, &service.name).is_none() {
                self.world.declare_service(&scope.region, service);
            }
        }
        for entry in place.named("services") {
            let Some(view) = View::of(&entry.value, &SERVICE) else { continue };
            let Some(name) = service_name(&scope.region, &entry.key) else { continue };
            let known = self.world.service(&scope.region, &name).cloned();
            let mut service = known.unwrap_or_else(|| Service::plain(name, []));
            if let Some(node) = view.node("prefix-list") {
                service.prefix_list_id = decode::text(node).ok().and_then(PrefixListId::parse);
                if service.prefix_list_id.is_none() {
                    self.problems
                        .push(Problem::error(node.span, "this is not the id of a prefix list, such as pl-68a54001"));
                }
            }
            if view.has("ranges") {
                let (v4, v6): (Vec<Cidr>, Vec<Cidr>) = blocks(&view, "ranges").into_iter().partition(Cidr::is_v4);
                service.ranges = v4.into_iter().collect();
                service.ipv6_ranges = v6.into_iter().collect();
            }
            if view.has("endpoints") {
                let has = |word| view.items("endpoints").into_iter().any(|node| decode::text(node) == Ok(word));
                (service.gateway_endpoint, service.interface_endpoint) = (has("gateway"), has("interface"));
            }
            service.private_dns_name = view.string("private-dns-name").or(service.private_dns_name);
            if service.gateway_endpoint && service.prefix_list_id.is_none() {
                service.prefix_list_id = Some(PrefixListId::of_name(&format!("{}.{}", scope.region, entry.key), 8));
            }
            self.world.declare_service(&scope.region, service);
        }
    }
}
