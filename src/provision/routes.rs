//! Route table records → forwarding tables, blackholes included. Which route wins for a block is settled by the records'
//! own `routing`.

use std::rc::Rc;

use super::network::Network;
use crate::base::*;
use crate::control_plane::routing::RouteEntry;
use crate::control_plane::{Destination, Region, RouteOrigin, RouteState, RouteTable, RouteTarget, Scope, World};
use crate::data_plane::{Fib, FibEntry, NextHop};
use crate::trace::{Cite, CiteId, Component};

impl Network {
    /// Compiles a route table of a VPC whose gateways and interfaces have their ports.
    pub(super) fn compile_table(
        &mut self,
        world: &World,
        scope: &Scope,
        region: &Region,
        table: &RouteTable,
    ) -> Rc<Fib> {
        let name = table.tags.name.clone().unwrap_or_default();
        let cite = |detail: String| Cite::new(Component::Route, table.id.as_str(), &name).detail(detail);
        let mut fib = Fib::new(self.cite(Cite::new(Component::RouteTable, table.id.as_str(), &name)));
        let entries: Vec<RouteEntry> = table.effective_entries(world, scope);
        let is_endpoint = |entry: &RouteEntry| matches!(entry.target, RouteTarget::VpcEndpoint(_));
        let mut blocks = PrefixTable::new();
        if entries.iter().any(is_endpoint) {
            for entry in &entries {
                blocks.insert(entry.block, ());
            }
        }
        let of_endpoints = endpoint_blocks(world, scope, table);
        for entry in &entries {
            let hop = self.hop(region, table, entry);
            let target = self.target_name(region, &table.vpc_id, &entry.target);
            let by = match &entry.destination {
                Destination::Cidr(block) if entry.origin == RouteOrigin::EnableVgwRoutePropagation => {
                    cite(format!("{block} → {target} (propagated)"))
                }
                Destination::Cidr(block) => {
                    let cite = cite(format!("{block} → {target}"));
                    match over_endpoint(&of_endpoints, entry) {
                        Some(rule) => cite.rule(rule),
                        None => cite,
                    }
                }
                Destination::PrefixList(list) => {
                    let cite = cite(format!("{list} ({}) → {target}", entry.block));
                    // It beats shorter routes, where there are any; the first block that holds it is the shortest.
                    let beats = || {
                        let first = blocks.cover(entry.block.network()).first().map(|(block, ())| *block);
                        first.is_some_and(|first| first != entry.block)
                    };
                    match is_endpoint(entry) {
                        true if beats() => cite.rule("R10").rule("R11").rule("R12"),
                        true => cite.rule("R10").rule("R11"),
                        false => cite,
                    }
                }
            };
            let by = self.cite(by);
            fib.insert(entry.block, FibEntry { hop, by });
        }
        Rc::new(fib)
    }

    fn hop(&self, region: &Region, table: &RouteTable, route: &RouteEntry) -> NextHop {
        if route.state == RouteState::Blackhole {
            return NextHop::Blackhole;
        }
        let vpc = &table.vpc_id;
        let interface = |id: Option<&NetworkInterfaceId>| {
            let port = id.and_then(|id| self.port_of(vpc, id)).map(|(_, port)| port);
            port.map_or(NextHop::Blackhole, NextHop::Interface)
        };
        match &route.target {
            RouteTarget::Local => NextHop::Local,
            RouteTarget::NatGateway(id) => {
                let nat = region.nat_gateways().get(id).filter(|nat| nat.is_live());
                interface(nat.and_then(|nat| nat.addresses.first()).map(|address| &address.network_interface_id))
            }
            RouteTarget::NetworkInterface(id) => interface(Some(id)),
            RouteTarget::Instance(id) => {
                interface(region.instances().get(id).and_then(|instance| instance.primary_interface()))
            }
            RouteTarget::InternetGateway(id) => self.gateway_hop(vpc, id.as_str()),
            RouteTarget::EgressOnlyInternetGateway(id) => self.gateway_hop(vpc, id.as_str()),
            RouteTarget::VpcEndpoint(id) => self.gateway_hop(vpc, id.as_str()),
            RouteTarget::Peering(id) => self.gateway_hop(vpc, id.as_str()),
            RouteTarget::VpnGateway(id) => self.gateway_hop(vpc, id.as_str()),
            RouteTarget::Unmodeled(_) => NextHop::Unmodeled,
        }
    }

    fn gateway_hop(&self, vpc: &VpcId, id: &str) -> NextHop {
        let gateway = self.vpcs.get(vpc).and_then(|boxes| boxes.gateways.get(id));
        gateway.map_or(NextHop::Blackhole, |(port, _)| NextHop::Gateway(*port))
    }

    /// A target as people call it: its name, or its id.
    fn target_name(&self, region: &Region, vpc: &VpcId, target: &RouteTarget) -> String {
        let gateway = |id: &str| self.vpcs.get(vpc)?.gateways.get(id).map(|(port, _)| *port);
        let at_port = |id: &str| {
            let end = (self.router_of(vpc)?, gateway(id)?);
            self.directory.ports.get(&end).cloned()
        };
        let named = match target {
            RouteTarget::Local => None,
            RouteTarget::InternetGateway(id) => region.internet_gateways().get(id).and_then(|r| r.tags.name.clone()),
            RouteTarget::EgressOnlyInternetGateway(id) => {
                region.egress_only_internet_gateways().get(id).and_then(|r| r.tags.name.clone())
            }
            RouteTarget::NatGateway(id) => region.nat_gateways().get(id).and_then(|r| r.tags.name.clone()),
            RouteTarget::VpcEndpoint(id) => region.vpc_endpoints().get(id).and_then(|r| r.tags.name.clone()),
            RouteTarget::NetworkInterface(id) => region.network_interfaces().get(id).and_then(|r| r.tags.name.clone()),
            RouteTarget::Instance(id) => region.instances().get(id).and_then(|r| r.tags.name.clone()),
            RouteTarget::Peering(id) => at_port(id.as_str()),
            RouteTarget::VpnGateway(id) => at_port(id.as_str()),
            RouteTarget::Unmodeled(_) => None,
        };
        named.unwrap_or_else(|| target.to_string())
    }
}

/// All blocks that a table has endpoint routes for, those that lose included.
fn endpoint_blocks(world: &World, scope: &Scope, table: &RouteTable) -> PrefixTable<()> {
    let mut blocks = PrefixTable::new();
    for route in table.routes().filter(|route| matches!(route.target, RouteTarget::VpcEndpoint(_))) {
        let Destination::PrefixList(list) = &route.destination else { continue };
        for block in world.prefix_list_blocks(scope, list).into_iter().flatten() {
            blocks.insert(*block, ());
        }
    }
    blocks
}

/// The rule by which a route wins over an endpoint's: it is more specific (R13), or the block is the same (R14).
fn over_endpoint(of_endpoints: &PrefixTable<()>, entry: &RouteEntry) -> Option<&'static str> {
    let holding = of_endpoints.cover(entry.block.network());
    let longest = holding.iter().map(|(block, ())| *block).rfind(|block| block.covers(&entry.block))?;
    Some(if longest == entry.block { "R14" } else { "R13" })
}

/// A table that nobody made: every packet meets no route.
pub(super) fn empty_table(none: CiteId) -> Rc<Fib> {
    Rc::new(Fib::new(none))
}
