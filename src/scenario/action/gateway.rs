//! Actions on internet gateways and NAT gateways.

use super::elastic_ip::elastic_ip;
use super::value::{Read, made, tags};
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn gateways(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-internet-gateway" => Some(CreateInternetGateway { id: made(id), tags: tags(view) }.into()),
        "attach-internet-gateway" | "detach-internet-gateway" => {
            let gateway = cx.id(view.node("internet-gateway"), "an internet gateway");
            let vpc = cx.vpc(view.node("vpc"), view.span);
            gateway.zip(vpc).map(|(gateway, vpc)| match verb {
                "attach-internet-gateway" => AttachInternetGateway::new(gateway, vpc).into(),
                _ => DetachInternetGateway::new(gateway, vpc).into(),
            })
        }
        "delete-internet-gateway" => cx
            .id(view.node("internet-gateway"), "an internet gateway")
            .map(|gateway| DeleteInternetGateway::new(gateway).into()),
        "create-egress-only-internet-gateway" => cx.vpc(view.node("vpc"), view.span).map(|vpc| {
            let action = CreateEgressOnlyInternetGateway::new(vpc);
            CreateEgressOnlyInternetGateway { id: made(id), tags: tags(view), ..action }.into()
        }),
        "delete-egress-only-internet-gateway" => cx
            .id(view.node("egress-only-internet-gateway"), "an egress-only internet gateway")
            .map(|gateway| DeleteEgressOnlyInternetGateway::new(gateway).into()),
        "create-nat-gateway" => {
            let subnet = cx.id(view.node("subnet"), "a subnet");
            let allocation_id = if view.has("elastic-ip") { Some(elastic_ip(cx, view)?) } else { None };
            let private_ip_address = cx.v4(view.node("private-ip"));
            subnet.map(|subnet| {
                let action = CreateNatGateway::new(subnet);
                CreateNatGateway { id: made(id), tags: tags(view), allocation_id, private_ip_address, ..action }.into()
            })
        }
        "delete-nat-gateway" => {
            cx.id(view.node("nat-gateway"), "a NAT gateway").map(|gateway| DeleteNatGateway::new(gateway).into())
        }
        _ => return None,
    })
}
