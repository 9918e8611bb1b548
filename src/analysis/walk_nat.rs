//! The part of a walk that crosses NAT gateways and NAT instances: what they translate, remember and refuse.
#![expect(clippy::wrong_self_convention, reason = "a walk goes into boxes and comes from places; nothing is converted")]

use std::net::{IpAddr, SocketAddr};

use super::path::{Finding, Header, Traffic};
use super::walk::{Ending, Walk};
use crate::base::*;
use crate::control_plane::{Instance, NetworkInterface, Scope};
use crate::data_plane::is_nat64;
use crate::trace::{Component, DropReason};

/// What a NAT gateway or NAT instance remembers of the question.
#[derive(Clone, Debug)]
pub(super) struct NatMapping {
    nat: String,
    inside: SocketAddr,
    /// The far end, and the gateway's own end, as they appear outside.
    remote: SocketAddr,
    outside: SocketAddr,
}

impl Walk<'_, '_> {
    pub(super) fn into_nat(
        &mut self,
        scope: &Scope,
        id: &NatGatewayId,
        interface: &NetworkInterfaceId,
        header: Header,
    ) -> Ending {
        let region = self.region(scope);
        let Some(nat) = region.and_then(|region| region.nat_gateways().get(id)) else { return Ending::Lost };
        let Some(address) = nat.addresses.first() else { return Ending::Lost };
        let own = IpAddr::V4(address.private_ip);
        self.hop(Component::NatGateway, id.as_str(), nat.tags.name.clone());
        let blocks = region.and_then(|region| region.vpcs().get(&nat.vpc_id)).map(|vpc| vpc.cidr_blocks.as_slice());
        let inside = |address: IpAddr| blocks.is_some_and(|blocks| blocks.iter().any(|block| block.contains(address)));
        if nat.addresses.iter().any(|address| header.dst.ip() == IpAddr::V4(address.private_ip)) {
            let Some(after) = self.mapped(id.as_str(), &header) else {
                let from_vpc = inside(header.src.ip());
                let reason = if from_vpc { DropReason::NatNotAddressable } else { DropReason::NatNoMapping };
                self.block(reason, id.as_str());
                return Ending::Lost;
            };
            return self.translate_and_leave(scope, interface, header, after);
        }
        if let IpAddr::V6(dst) = header.dst.ip()
            && is_nat64(dst)
        {
            return Ending::Unknown(format!("that {id} translates IPv6 to IPv4 (NAT64) is not modelled"));
        }
        if !inside(header.src.ip()) {
            self.block(DropReason::NatSourceOutsideVpc, id.as_str());
            return Ending::Lost;
        }
        if header.answer && !matches!(header.traffic, Traffic::Udp(_)) {
            // A SYN-ACK or an echo reply of something that the gateway did not see begin.
            self.block(DropReason::NatNoMapping, id.as_str());
            return Ending::Lost;
        }
        let after = self.map(id.as_str(), own, header);
        self.translate_and_leave(scope, interface, header, after)
    }

    /// Through an instance that forwards: it translates to its first address what comes from its VPC (facts N21).
    pub(super) fn into_nat_instance(
        &mut self,
        scope: &Scope,
        instance: &Instance,
        interface: &NetworkInterfaceId,
        header: Header,
    ) -> Ending {
        let region = self.region(scope);
        let first = instance.primary_interface().and_then(|id| region?.network_interfaces().get(id));
        let Some(own) = first.and_then(NetworkInterface::primary_address) else { return Ending::Lost };
        let blocks = region.and_then(|region| region.vpcs().get(&instance.vpc_id)).map(|vpc| &vpc.cidr_blocks);
        let inside = blocks.is_some_and(|blocks| blocks.iter().any(|block| block.contains(header.src.ip())));
        if !inside || header.dst.is_ipv6() {
            self.block(DropReason::NotForHost, instance.id.as_str());
            return Ending::Lost;
        }
        if header.answer && matches!(header.traffic, Traffic::Tcp(_)) {
            // Facts N6: it answers a segment of a connection that it did not see begin with a FIN.
            self.block(DropReason::NatNoMapping, instance.id.as_str());
            return Ending::Lost;
        }
        let after = self.map(instance.id.as_str(), own.into(), header);
        self.translate_and_leave(scope, interface, header, after)
    }

    /// Remembers a question that a NAT device translates to its own address.
    pub(super) fn map(&mut self, nat: &str, own: IpAddr, header: Header) -> Header {
        let port = if header.src.port() == 0 { 0 } else { self.tables.options().nat_port };
        let outside = SocketAddr::new(own, port);
        self.mappings.push(NatMapping { nat: nat.to_owned(), inside: header.src, remote: header.dst, outside });
        Header { src: outside, ..header }
    }

    /// An answer as a NAT device translates it back, if it remembers the question.
    pub(super) fn mapped(&self, nat: &str, header: &Header) -> Option<Header> {
        let mapping = self.mappings.iter().find(|mapping| {
            header.answer && mapping.nat == nat && mapping.outside == header.dst && mapping.remote == header.src
        })?;
        Some(Header { dst: mapping.inside, ..*header })
    }

    pub(super) fn translate_and_leave(
        &mut self,
        scope: &Scope,
        interface: &NetworkInterfaceId,
        before: Header,
        after: Header,
    ) -> Ending {
        self.find(Finding::Translated { before, after });
        self.leave(scope, interface, after)
    }
}
