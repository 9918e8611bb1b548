//! Gateways as answers tell them: internet, egress-only, NAT, virtual private, customer's, and VPN connections. Moves
//! no packets.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::keys;
use super::ledger::Ledger;
use super::reader::Item;
use crate::base::*;
use crate::control_plane::{Connectivity, NatGatewayAddress};

/// An internet, egress-only or virtual private gateway: its VPC, if it is attached.
#[derive(Clone, Debug)]
pub(crate) struct AttachedDraft<I> {
    pub(crate) id: I,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: Option<VpcId>,
}

/// What `describe-nat-gateways` says of one.
#[derive(Clone, Debug)]
pub(crate) struct NatDraft {
    pub(crate) id: NatGatewayId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    /// One without a subnet spans zones, which is not modelled.
    pub(crate) subnet_id: Option<SubnetId>,
    pub(crate) connectivity: Connectivity,
    pub(crate) addresses: Vec<NatGatewayAddress>,
}

/// What `describe-customer-gateways` says of one.
#[derive(Clone, Debug)]
pub(crate) struct CustomerGatewayDraft {
    pub(crate) id: CustomerGatewayId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) ip_address: Option<Ipv4Addr>,
    pub(crate) bgp_asn: u32,
}

/// What `describe-vpn-connections` says of one.
#[derive(Clone, Debug)]
pub(crate) struct VpnConnectionDraft {
    pub(crate) id: VpnConnectionId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) customer_gateway_id: CustomerGatewayId,
    /// One without it ends at a transit gateway, which is not modelled.
    pub(crate) vpn_gateway_id: Option<VpnGatewayId>,
    pub(crate) static_routes_only: bool,
    pub(crate) static_routes: BTreeSet<Cidr>,
}

/// Either something that is there, or something that is gone, with its id and state.
pub(crate) enum Presence<T> {
    Here(T),
    Gone(String, String),
}

pub(crate) fn internet_gateway(item: Item<'_>, ledger: &mut Ledger) -> Option<AttachedDraft<InternetGatewayId>> {
    item.known_keys("InternetGateway", keys::INTERNET_GATEWAY, ledger);
    let id = item.need_id("InternetGatewayId", ledger);
    let vpc_id = attachment(item, "Attachments", ledger);
    Some(AttachedDraft { tags: item.tags(ledger), vpc_id, id: id? })
}

pub(crate) fn egress_only(item: Item<'_>, ledger: &mut Ledger) -> Option<AttachedDraft<EgressOnlyInternetGatewayId>> {
    item.known_keys("EgressOnlyInternetGateway", keys::EGRESS_ONLY_INTERNET_GATEWAY, ledger);
    let id = item.need_id("EgressOnlyInternetGatewayId", ledger);
    let vpc_id = attachment(item, "Attachments", ledger);
    Some(AttachedDraft { tags: item.tags(ledger), vpc_id, id: id? })
}

pub(crate) fn vpn_gateway(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<AttachedDraft<VpnGatewayId>>> {
    item.known_keys("VpnGateway", keys::VPN_GATEWAY, ledger);
    let id: Option<VpnGatewayId> = item.need_id("VpnGatewayId", ledger);
    if let Some(state @ ("deleted" | "deleting")) = item.text("State", ledger) {
        return Some(Presence::Gone(id?.to_string(), state.to_owned()));
    }
    let vpc_id = attachment(item, "VpcAttachments", ledger);
    Some(Presence::Here(AttachedDraft { tags: item.tags(ledger), vpc_id, id: id? }))
}

/// The VPC that a gateway is attached to; `detached` ones stay in the answers for a while.
fn attachment(item: Item<'_>, key: &str, ledger: &mut Ledger) -> Option<VpcId> {
    let mut vpc = None;
    for attachment in item.items(key, ledger) {
        let state = attachment.text("State", ledger);
        if matches!(state, None | Some("available" | "attached" | "attaching")) {
            vpc = attachment.need_refer("VpcId", ledger).or(vpc);
        }
    }
    vpc
}

pub(crate) fn nat_gateway(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<NatDraft>> {
    item.known_keys("NatGateway", keys::NAT_GATEWAY, ledger);
    let id: Option<NatGatewayId> = item.need_id("NatGatewayId", ledger);
    if let Some(state @ ("deleted" | "deleting" | "failed")) = item.text("State", ledger) {
        return Some(Presence::Gone(id?.to_string(), state.to_owned()));
    }
    let vpc_id = item.need_refer("VpcId", ledger);
    let subnet_id = item.refer("SubnetId", ledger);
    let connectivity = match item.text("ConnectivityType", ledger) {
        None | Some("public") => Connectivity::Public,
        Some("private") => Connectivity::Private,
        Some(other) => {
            ledger.error(item.place_of("ConnectivityType"), format!("`{other}` is neither `public` nor `private`"));
            Connectivity::Public
        }
    };
    let mut addresses: Vec<(bool, NatGatewayAddress)> = Vec::new();
    for address in item.items("NatGatewayAddresses", ledger) {
        if matches!(address.text("Status", ledger), Some("disassociating" | "unassigning" | "failed")) {
            continue;
        }
        let interface = address.need_refer("NetworkInterfaceId", ledger);
        let private = address.need_text("PrivateIp", ledger).and_then(|_| address.ipv4("PrivateIp", ledger));
        let public = address.ipv4("PublicIp", ledger);
        let allocation = address.refer("AllocationId", ledger);
        if let Some((network_interface_id, private_ip)) = interface.zip(private) {
            let elastic = allocation.zip(public);
            let secondary = !address.flag("IsPrimary", addresses.is_empty(), ledger);
            addresses.push((secondary, NatGatewayAddress { network_interface_id, private_ip, elastic }));
        }
    }
    // The primary address first; the others as they come.
    addresses.sort_by_key(|(secondary, _)| *secondary);
    if addresses.is_empty() && subnet_id.is_some() {
        ledger.error(item.place(), "a NAT gateway without an address");
        return None;
    }
    Some(Presence::Here(NatDraft {
        tags: item.tags(ledger),
        subnet_id,
        connectivity,
        addresses: addresses.into_iter().map(|(_, address)| address).collect(),
        id: id?,
        vpc_id: vpc_id?,
    }))
}

pub(crate) fn customer_gateway(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<CustomerGatewayDraft>> {
    item.known_keys("CustomerGateway", keys::CUSTOMER_GATEWAY, ledger);
    let id: Option<CustomerGatewayId> = item.need_id("CustomerGatewayId", ledger);
    if let Some(state @ ("deleted" | "deleting")) = item.text("State", ledger) {
        return Some(Presence::Gone(id?.to_string(), state.to_owned()));
    }
    let asn = item.parsed("BgpAsn", "a number of an autonomous system", |text| text.parse().ok(), ledger);
    Some(Presence::Here(CustomerGatewayDraft {
        tags: item.tags(ledger),
        ip_address: item.ipv4("IpAddress", ledger),
        // EC2's default (EC2 API reference, CreateCustomerGateway).
        bgp_asn: asn.unwrap_or(65_000),
        id: id?,
    }))
}

pub(crate) fn vpn_connection(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<VpnConnectionDraft>> {
    item.known_keys("VpnConnection", keys::VPN_CONNECTION, ledger);
    let id: Option<VpnConnectionId> = item.need_id("VpnConnectionId", ledger);
    if let Some(state @ ("deleted" | "deleting")) = item.text("State", ledger) {
        return Some(Presence::Gone(id?.to_string(), state.to_owned()));
    }
    let customer_gateway_id = item.need_refer("CustomerGatewayId", ledger);
    let options = item.item("Options", ledger);
    let mut static_routes = BTreeSet::new();
    for route in item.items("Routes", ledger) {
        let block = route.need_cidr("DestinationCidrBlock", ledger);
        if !matches!(route.text("State", ledger), Some("deleted" | "deleting")) {
            static_routes.extend(block);
        }
    }
    Some(Presence::Here(VpnConnectionDraft {
        tags: item.tags(ledger),
        vpn_gateway_id: item.refer("VpnGatewayId", ledger),
        static_routes_only: options.is_some_and(|options| options.flag("StaticRoutesOnly", false, ledger)),
        static_routes,
        id: id?,
        customer_gateway_id: customer_gateway_id?,
    }))
}
