//! Who uses a route table: subnets by an association of their own, a VPC as its main table.

use std::fmt::Display;

use crate::base::*;
use crate::control_plane::*;

/// Who uses a route table by an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableUser {
    /// A VPC, as its main table.
    Main(VpcId),
    /// A subnet.
    Subnet(SubnetId),
}

/// Which association with a route table is meant. EC2 takes its id; what has the association names it here, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableAssociationRef {
    /// This one.
    Id(RouteTableAssociationId),
    /// The subnet's own.
    OfSubnet(SubnetId),
    /// The VPC's, with its main table.
    Main(VpcId),
}

impl From<RouteTableAssociationId> for TableAssociationRef {
    fn from(id: RouteTableAssociationId) -> Self {
        Self::Id(id)
    }
}

action_struct! {
    /// Associates a subnet with a route table, in place of an association it may have.
    AssociateRouteTable(
        /// The table.
        route_table_id: RouteTableId,
        /// The subnet.
        subnet_id: SubnetId,
    ) {}
}

action_struct! {
    /// Gives the subnet of an association another table, or a VPC another main table.
    ReplaceRouteTableAssociation(
        /// The association.
        association: TableAssociationRef,
        /// The table to use from now on.
        route_table_id: RouteTableId,
    ) {}
}

action_struct! {
    /// Ends a subnet's association; it uses the main table again.
    DisassociateRouteTable(
        /// The association.
        association: TableAssociationRef,
    ) {}
}

impl Perform for AssociateRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?;
        let subnet = region.need_subnet(&self.subnet_id)?;
        same_network(table, &subnet.vpc_id, &self.subnet_id)?;
        if let Some(association) = &subnet.route_table_association {
            let text = format!(
                "the specified association for route table {} conflicts with an existing association",
                association.route_table_id
            );
            return Err(ControlError::new(ErrorCode::ResourceAlreadyAssociated, text));
        }
        let association_id: RouteTableAssociationId = cx.fresh_id(self.subnet_id.as_str());
        cx.set_table(&self.subnet_id, Some((association_id.clone(), self.route_table_id.clone())));
        cx.created(association_id);
        Ok(())
    }
}

impl Perform for ReplaceRouteTableAssociation {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let table = region.need_route_table(&self.route_table_id)?.clone();
        let (before, user) = need_association(region, &self.association)?;
        match user {
            TableUser::Subnet(subnet) => {
                same_network(&table, &region.need_subnet(&subnet)?.vpc_id, &subnet)?;
                let association_id: RouteTableAssociationId = cx.fresh_id(subnet.as_str());
                cx.set_table(&subnet, Some((association_id.clone(), table.id)));
                cx.created(association_id);
            }
            TableUser::Main(vpc) => {
                same_network(&table, &vpc, &vpc)?;
                let association_id: RouteTableAssociationId = cx.fresh_id(vpc.as_str());
                let main = MainAssociation { association_id: association_id.clone(), route_table_id: table.id.clone() };
                let region = cx.region_mut();
                region.table_associations.remove(&before);
                region.table_associations.insert(association_id.clone(), TableUser::Main(vpc.clone()));
                region.vpcs.get_mut(&vpc).expect("an association names a VPC").main_association = main;
                cx.created(association_id);
                cx.touch(Touch::Vpc(vpc.clone()));
                cx.touch(Touch::RouteTable(table.id));
                // Every subnet without an association of its own uses another table now.
                let subnets = cx.region().contents.get(&vpc).map(|c| c.subnets.clone()).unwrap_or_default();
                for id in subnets {
                    if cx.region().subnets.get(&id).is_some_and(|s| s.route_table_association.is_none()) {
                        cx.touch(Touch::Subnet(id));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Perform for DisassociateRouteTable {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        match need_association(cx.region(), &self.association)? {
            (id, TableUser::Main(_)) => {
                // Facts RT21.
                let text = format!("cannot disassociate the main route table association {id}");
                Err(ControlError::value(text))
            }
            (_, TableUser::Subnet(subnet)) => {
                cx.set_table(&subnet, None);
                Ok(())
            }
        }
    }
}

impl Context<'_> {
    /// Gives a subnet an association, or takes it away. Everything was checked.
    pub(in crate::control_plane) fn set_table(
        &mut self,
        id: &SubnetId,
        to: Option<(RouteTableAssociationId, RouteTableId)>,
    ) {
        let region = self.region_mut();
        let subnet = region.subnets.get_mut(id).expect("the caller looked it up");
        let to = to.map(|(association_id, route_table_id)| TableAssociation { association_id, route_table_id });
        let before = std::mem::replace(&mut subnet.route_table_association, to.clone());
        if let Some(before) = before {
            region.table_associations.remove(&before.association_id);
            if let Some(table) = region.route_tables.get_mut(&before.route_table_id) {
                table.subnets.remove(id);
            }
        }
        if let Some(to) = to {
            region.table_associations.insert(to.association_id, TableUser::Subnet(id.clone()));
            if let Some(table) = region.route_tables.get_mut(&to.route_table_id) {
                table.subnets.insert(id.clone());
            }
        }
        self.touch(Touch::Subnet(id.clone()));
    }
}

/// Facts I13's text, for whatever lies in another VPC than the table.
pub(in crate::control_plane) fn same_network(
    table: &RouteTable,
    vpc: &VpcId,
    what: &impl Display,
) -> Result<(), ControlError> {
    if table.vpc_id == *vpc {
        return Ok(());
    }
    Err(ControlError::value(format!("route table {} and network {what} belong to different networks", table.id)))
}

/// The association that is meant, and whose it is. A subnet that uses the main table has none of its own.
fn need_association(
    region: &Region,
    association: &TableAssociationRef,
) -> Result<(RouteTableAssociationId, TableUser), ControlError> {
    let missing = ErrorCode::InvalidAssociationIdNotFound;
    match association {
        TableAssociationRef::Id(id) => {
            let user = region.table_associations.get(id);
            let user = user.ok_or_else(|| ControlError::not_found(missing, "association", id))?;
            Ok((id.clone(), user.clone()))
        }
        TableAssociationRef::OfSubnet(id) => {
            let own = region.need_subnet(id)?.route_table_association.as_ref();
            let text = || format!("The subnet '{id}' is not associated with a route table of its own");
            let own = own.ok_or_else(|| ControlError::new(missing, text()))?;
            Ok((own.association_id.clone(), TableUser::Subnet(id.clone())))
        }
        TableAssociationRef::Main(id) => {
            let main = region.need_vpc(id)?.main_association.association_id.clone();
            Ok((main, TableUser::Main(id.clone())))
        }
    }
}
