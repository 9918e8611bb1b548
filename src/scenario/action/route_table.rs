//! Actions on route tables, their routes and their associations.

use super::value::{Read, made, table, tags};
use crate::control_plane::*;
use crate::notation::View;
use crate::scenario::context::Cx;

pub(super) fn routing(cx: &mut Cx<'_>, verb: &str, view: &View<'_>, id: Option<&ResourceId>) -> Read {
    Some(match verb {
        "create-route-table" => cx
            .vpc(view.node("vpc"), view.span)
            .map(|vpc| CreateRouteTable { id: made(id), tags: tags(view), ..CreateRouteTable::new(vpc) }.into()),
        "delete-route-table" => table(cx, view).map(|id| DeleteRouteTable::new(id).into()),
        "associate-route-table" => {
            let table = table(cx, view);
            let subnet = cx.id(view.node("subnet"), "a subnet");
            table.zip(subnet).map(|(table, subnet)| AssociateRouteTable::new(table, subnet).into())
        }
        "replace-route-table-association" => {
            let table = table(cx, view);
            let association = table_association(cx, view);
            association.zip(table).map(|(one, table)| ReplaceRouteTableAssociation::new(one, table).into())
        }
        "disassociate-route-table" => table_association(cx, view).map(|one| DisassociateRouteTable::new(one).into()),
        "create-route" | "replace-route" => {
            let table = table(cx, view);
            let destination = destination(cx, view);
            let target = cx.target(view.node("target"));
            let (table, (destination, target)) = match table.zip(destination.zip(target)) {
                Some(all) => all,
                None => return Some(None),
            };
            Some(match verb {
                "create-route" => CreateRoute::new(table, destination, target).into(),
                _ => ReplaceRoute::new(table, destination, target).into(),
            })
        }
        "delete-route" => {
            let table = table(cx, view);
            let destination = destination(cx, view);
            table.zip(destination).map(|(table, destination)| DeleteRoute::new(table, destination).into())
        }
        _ => return None,
    })
}

fn destination(cx: &mut Cx<'_>, view: &View<'_>) -> Option<Destination> {
    cx.destination(view.text("destination")?, view.span_of("destination"))
}

/// The association that is given, or that the subnet or VPC has when the action is made.
fn table_association(cx: &mut Cx<'_>, view: &View<'_>) -> Option<TableAssociationRef> {
    if let Some(node) = view.node("association") {
        return cx.id(Some(node), "an association").map(TableAssociationRef::Id);
    }
    if view.has("subnet") {
        return cx.id(view.node("subnet"), "a subnet").map(TableAssociationRef::OfSubnet);
    }
    cx.vpc(view.node("vpc"), view.span).map(TableAssociationRef::Main)
}
