//! Gateways, peering and VPN connections, and the route tables that lead there. Says of targets behind which nothing can be told
//! that traffic there is unknown.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::{Builder, tags};
use crate::base::*;
use crate::control_plane::*;
use crate::import::draft::{Draft, Drafted};
use crate::import::endpoint::{PeerDraft, PeeringDraft};
use crate::import::ledger::Place;
use crate::import::route_table::{TableDraft, TableUserDraft};

impl Builder<'_> {
    /// Both accounts may describe one connection; each knows its own side's options.
    pub(super) fn peerings(&mut self, draft: &Draft) {
        let mut joined: BTreeMap<&VpcPeeringConnectionId, Vec<&Drafted<PeeringDraft>>> = BTreeMap::new();
        for peering in &draft.peerings {
            joined.entry(&peering.value.id).or_default().push(peering);
        }
        for (id, views) in joined {
            let first = views[0];
            let mut sides =
                [&first.value.requester, &first.value.accepter].map(|side| self.peering_side(side, first.at));
            for view in &views[1..] {
                sides[0].allow_dns_resolution_from_remote_vpc |=
                    view.value.requester.allow_dns_resolution_from_remote_vpc;
                sides[1].allow_dns_resolution_from_remote_vpc |=
                    view.value.accepter.allow_dns_resolution_from_remote_vpc;
            }
            if let Some(absent) = sides.iter().find(|side| !self.vpc_scopes.contains_key(&side.vpc_id)) {
                let effect = format!(
                    "traffic through {id}: unknown; {} of account {} in {} is not among these files",
                    absent.vpc_id, absent.scope.account, absent.scope.region
                );
                self.opaque.insert(id.to_string());
                self.unknown(id.as_str(), "a peering connection to a VPC outside these files", effect);
                continue;
            }
            let [requester, accepter] = sides;
            let scope = requester.scope.clone();
            let active = views.iter().any(|view| view.value.active);
            let record = PeeringConnection {
                id: id.clone(),
                tags: tags(&first.value.tags),
                requester,
                accepter,
                state: if active { PeeringState::Active } else { PeeringState::PendingAcceptance },
                created_at: SimTime::ZERO,
            };
            self.insert(&scope, first.at, record);
        }
    }

    fn peering_side(&self, side: &PeerDraft, at: Place) -> PeeringSide {
        let known = self.vpc_scopes.get(&side.vpc_id).cloned();
        let scope = known.unwrap_or_else(|| {
            let told = self.scope_of(at.file, side.account.as_ref());
            Scope { region: side.region.clone().unwrap_or(told.region), account: told.account }
        });
        let allow = side.allow_dns_resolution_from_remote_vpc;
        PeeringSide { scope, vpc_id: side.vpc_id.clone(), allow_dns_resolution_from_remote_vpc: allow }
    }

    /// Targets that are described and whose packets nobody here can follow.
    pub(super) fn opaque_targets(&mut self, draft: &Draft) {
        for endpoint in draft.endpoints.iter().map(|endpoint| &endpoint.value) {
            if let Err(kind) = &endpoint.endpoint_type {
                self.opaque.insert(endpoint.id.to_string());
                let effect = format!("traffic through {}: unknown", endpoint.id);
                self.unknown(endpoint.id.as_str(), format!("an endpoint of type {kind}"), effect);
            }
        }
        for nat in draft.nat_gateways.iter().filter(|nat| nat.value.subnet_id.is_none()).map(|nat| &nat.value) {
            self.opaque.insert(nat.id.to_string());
            let effect = format!("traffic through {}: unknown", nat.id);
            self.unknown(nat.id.as_str(), "a NAT gateway that spans zones", effect);
        }
        self.ipv6_only(draft);
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            let instance = interface.attachment.as_ref().and_then(|attachment| attachment.instance_id.as_ref());
            // A check that is on drops what the interface would have to forward, whoever stands behind it.
            if let Some(instance) = instance.filter(|_| !interface.source_dest_check) {
                self.opaque.insert(interface.id.to_string());
                self.opaque.insert(instance.to_string());
            } else if let InterfaceType::Other(_) = interface.interface_type {
                self.opaque.insert(interface.id.to_string());
            }
        }
    }

    /// Subnets without IPv4 addresses, and what lies in them: they are listed, and left out.
    fn ipv6_only(&mut self, draft: &Draft) {
        for subnet in &draft.ipv6_only {
            let effect = format!("traffic from and to {subnet}: unknown");
            self.unknown(subnet.as_str(), "a subnet without IPv4 addresses", effect);
        }
        for interface in draft.interfaces.iter().map(|interface| &interface.value) {
            if !draft.ipv6_only.contains(&interface.subnet_id) {
                continue;
            }
            self.opaque.insert(interface.id.to_string());
            let addresses: Vec<String> = interface.ipv6_addresses.iter().map(ToString::to_string).collect();
            let effect = format!("traffic from and to {}: unknown", addresses.join(", "));
            self.unknown(interface.id.as_str(), format!("an interface in {}", interface.subnet_id), effect);
        }
        for instance in draft.instances.iter().map(|instance| &instance.value) {
            if draft.ipv6_only.contains(&instance.subnet_id) {
                self.opaque.insert(instance.id.to_string());
                let effect = format!("traffic from and to {}: unknown", instance.id);
                self.unknown(instance.id.as_str(), format!("an instance in {}", instance.subnet_id), effect);
            }
        }
    }

    pub(super) fn gateways(&mut self, draft: &Draft) {
        for gateway in &draft.internet_gateways {
            let value = &gateway.value;
            let scope = self.attached_scope(gateway.at, gateway.owner.as_ref(), value.vpc_id.as_ref());
            let record =
                InternetGateway { id: value.id.clone(), tags: tags(&value.tags), vpc_id: value.vpc_id.clone() };
            self.insert(&scope, gateway.at, record);
        }
        for gateway in &draft.egress_only {
            let value = &gateway.value;
            let Some(vpc_id) = value.vpc_id.clone() else { continue };
            let scope = self.scope_in(&vpc_id, gateway.at);
            let record = EgressOnlyInternetGateway { id: value.id.clone(), tags: tags(&value.tags), vpc_id };
            self.insert(&scope, gateway.at, record);
        }
        for gateway in &draft.vpn_gateways {
            let value = &gateway.value;
            let scope = self.attached_scope(gateway.at, gateway.owner.as_ref(), value.vpc_id.as_ref());
            let record = VpnGateway {
                id: value.id.clone(),
                tags: tags(&value.tags),
                vpc_id: value.vpc_id.clone(),
                other_routes: BTreeMap::new(),
            };
            self.insert(&scope, gateway.at, record);
            let effect = format!("what is behind {}, over VPN or Direct Connect, and answers there: unknown", value.id);
            self.unknown(value.id.as_str(), "a virtual private gateway's far side", effect);
        }
    }

    fn attached_scope(&self, at: Place, owner: Option<&AccountId>, vpc: Option<&VpcId>) -> Scope {
        vpc.map_or_else(|| self.scope_of(at.file, owner), |vpc| self.scope_in(vpc, at))
    }

    pub(super) fn tables(&mut self, draft: &Draft) {
        let static_blocks: FxHashSet<(Cidr, &VpnGatewayId)> = draft
            .vpn_connections
            .iter()
            .flat_map(|vpn| vpn.value.static_routes.iter().map(move |block| (block, vpn.value.vpn_gateway_id.as_ref())))
            .filter_map(|(block, gateway)| Some((*block, gateway?)))
            .collect();
        for table in &draft.route_tables {
            let value = &table.value;
            let scope = self.scope_in(&value.vpc_id, table.at);
            let routes: Vec<Route> =
                value.routes.iter().map(|(_, route)| self.followed(value, route.clone())).collect();
            let propagated = value.propagated.iter().map(|(_, block, gateway)| {
                // An answer does not say how a gateway learned a block, nor by which path.
                let by_hand = static_blocks.contains(&(*block, gateway));
                let learned = if by_hand { Learned::VpnStatic } else { Learned::VpnBgp };
                PropagatedRoute { destination: *block, learned, as_path_len: 0, med: 0, gateway: gateway.clone() }
            });
            let mut record =
                RouteTable::described(value.id.clone(), value.vpc_id.clone(), routes, propagated.collect());
            record.tags = tags(&value.tags);
            record.propagating_vgws.extend(value.propagating_vgws.iter().cloned());
            for association in &value.associations {
                if let TableUserDraft::Gateway(gateway) = &association.user {
                    record.edge_associations.insert(gateway.clone());
                    let effect =
                        format!("traffic that enters through {gateway}, which {} redirects: unknown", value.id);
                    self.unknown(value.id.as_str(), "a route table of a gateway", effect);
                }
            }
            self.insert(&scope, table.at, record);
        }
    }

    /// A route as it can be followed: what leads to something unknown says so.
    fn followed(&mut self, table: &TableDraft, mut route: Route) -> Route {
        let target = route.target.to_string();
        if let (Destination::Cidr(block), RouteTarget::NatGateway(_)) = (&route.destination, &route.target)
            && !block.is_v4()
            && route.state == RouteState::Active
        {
            let effect = format!("traffic to {block} through {target} (NAT64): unknown");
            self.unknown(target.clone(), format!("the target of a route of {}", table.id), effect);
        }
        let opaque = matches!(route.target, RouteTarget::Unmodeled(_)) || self.opaque.contains(&target);
        if opaque && route.state == RouteState::Active {
            let effect = format!("traffic to {} through {target}: unknown", route.destination);
            self.unknown(target.clone(), format!("the target of a route of {}", table.id), effect);
            route.target = RouteTarget::Unmodeled(target);
        }
        route
    }

    pub(super) fn vpn(&mut self, draft: &Draft) {
        for gateway in &draft.customer_gateways {
            let value = &gateway.value;
            let Some(ip_address) = value.ip_address else {
                let effect = format!("VPN connections to {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a customer gateway without an IPv4 address", effect);
                continue;
            };
            let record =
                CustomerGateway { id: value.id.clone(), tags: tags(&value.tags), ip_address, bgp_asn: value.bgp_asn };
            let scope = self.scope_of(gateway.at.file, gateway.owner.as_ref());
            self.insert(&scope, gateway.at, record);
        }
        for connection in &draft.vpn_connections {
            let value = &connection.value;
            if !self.world.knows(&value.customer_gateway_id.clone().into()) {
                let effect = format!("traffic over {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a VPN connection without its customer gateway", effect);
                continue;
            }
            let Some(vpn_gateway_id) = value.vpn_gateway_id.clone() else {
                let effect = format!("traffic over {}: unknown", value.id);
                self.unknown(value.id.as_str(), "a VPN connection without a virtual private gateway", effect);
                continue;
            };
            let record = VpnConnection {
                id: value.id.clone(),
                tags: tags(&value.tags),
                customer_gateway_id: value.customer_gateway_id.clone(),
                vpn_gateway_id,
                static_routes_only: value.static_routes_only,
                static_routes: value.static_routes.clone(),
                bgp_routes: BTreeMap::new(),
            };
            let scope = self.scope_of(connection.at.file, connection.owner.as_ref());
            self.insert(&scope, connection.at, record);
        }
    }
}
