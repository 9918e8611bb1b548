//! A route table as a record: its routes, who uses it. Which route wins is told in `routing`.

mod entry;
mod record;

mod association;
mod create;

pub(super) use association::same_network;
pub use association::{
    AssociateRouteTable, DisassociateRouteTable, ReplaceRouteTableAssociation, TableAssociationRef, TableUser,
};
pub use create::{CreateRouteTable, DeleteRouteTable};
pub use entry::{Destination, Learned, PropagatedRoute, Route, RouteOrigin, RouteState, RouteTarget};
pub use record::RouteTable;
