//! The VPC wizard: a VPC with subnets, gateway and endpoint in one go, naming subnets instead of route tables.

use super::*;
use crate::base::*;

action_struct! {
    /// Creates a VPC with subnets and an endpoint (rule R36). Private subnets use the main table, public ones a second
    /// table with a route to an internet gateway. The endpoint's route goes to the tables that the named subnets use,
    /// and so also to subnets that were not named but share such a table.
    CreateVpcWithEndpoint(
        /// The VPC's block.
        cidr_block: Cidr,
        /// The service of the endpoint.
        service_name: ServiceName,
    ) {
        /// The ids of what it makes, where they are not to be made.
        ids: WizardIds,
        /// The VPC's tags.
        tags: Tags,
        /// The subnets.
        subnets: Vec<WizardSubnet>,
        /// The endpoint's policy as JSON; otherwise full access.
        policy_document: Option<String>,
    }
}

/// Ids that the wizard gives to what it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WizardIds {
    /// Of the VPC.
    pub vpc: Option<VpcId>,
    /// Of its main table, which the private subnets use.
    pub main_route_table: Option<RouteTableId>,
    /// Of the table that the public subnets use.
    pub public_route_table: Option<RouteTableId>,
    /// Of the internet gateway of the public subnets.
    pub internet_gateway: Option<InternetGatewayId>,
    /// Of the endpoint.
    pub vpc_endpoint: Option<VpcEndpointId>,
}

/// One subnet of the wizard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WizardSubnet {
    /// Its id, if it is not to be made.
    pub id: Option<SubnetId>,
    /// Its name.
    pub name: String,
    /// Its block.
    pub cidr_block: Cidr,
    /// Its zone; otherwise the region's first.
    pub availability_zone: Option<AvailabilityZone>,
    /// Whether it leads to the internet.
    pub public: bool,
    /// Whether it is named for the endpoint.
    pub endpoint: bool,
}

impl Perform for CreateVpcWithEndpoint {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        // Many steps, each of which may be refused: the world as it was comes back then.
        let before = cx.world.clone();
        let result = self.steps(cx);
        if result.is_err() {
            *cx.world = before;
        }
        result
    }
}

impl CreateVpcWithEndpoint {
    fn steps(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let named = |what: &str| match &self.tags.name {
            Some(name) => Tags::named(format!("{name}-{what}")),
            None => Tags::default(),
        };
        let create = CreateVpc {
            id: self.ids.vpc.clone(),
            main_route_table_id: self.ids.main_route_table.clone(),
            tags: self.tags.clone(),
            ..CreateVpc::new(self.cidr_block)
        };
        let vpc_id: VpcId = step(cx, &create)?;
        // The wizard turns DNS hostnames on (facts V3).
        let hostnames = Some(true);
        ModifyVpcAttribute { enable_dns_hostnames: hostnames, ..ModifyVpcAttribute::new(vpc_id.clone()) }
            .perform(cx)?;
        let main = cx.region().need_vpc(&vpc_id)?.main_association.route_table_id.clone();
        let public_table = if self.subnets.iter().any(|subnet| subnet.public) {
            let gateway: InternetGatewayId =
                step(cx, &CreateInternetGateway { id: self.ids.internet_gateway.clone(), tags: named("igw") })?;
            AttachInternetGateway::new(gateway.clone(), vpc_id.clone()).perform(cx)?;
            let create = CreateRouteTable {
                id: self.ids.public_route_table.clone(),
                tags: named("public"),
                ..CreateRouteTable::new(vpc_id.clone())
            };
            let table: RouteTableId = step(cx, &create)?;
            let to_gateway = RouteTarget::InternetGateway(gateway);
            CreateRoute::new(table.clone(), Destination::Cidr(Cidr::ALL_V4), to_gateway).perform(cx)?;
            Some(table)
        } else {
            None
        };
        let mut tables = Vec::new();
        for subnet in &self.subnets {
            let create = CreateSubnet {
                id: subnet.id.clone(),
                tags: Tags::named(subnet.name.clone()),
                availability_zone: subnet.availability_zone.clone(),
                ..CreateSubnet::new(vpc_id.clone(), subnet.cidr_block)
            };
            let id: SubnetId = step(cx, &create)?;
            let table = match &public_table {
                Some(table) if subnet.public => {
                    AssociateRouteTable::new(table.clone(), id).perform(cx)?;
                    table
                }
                Some(_) | None => &main,
            };
            if subnet.endpoint && !tables.contains(table) {
                tables.push(table.clone());
            }
        }
        let endpoint = CreateVpcEndpoint {
            id: self.ids.vpc_endpoint.clone(),
            tags: named("endpoint"),
            policy_document: self.policy_document.clone(),
            route_table_ids: tables,
            ..CreateVpcEndpoint::new(vpc_id, self.service_name.clone())
        };
        endpoint.perform(cx)
    }
}

/// Performs one step and gives the id that it made first.
fn step<I: TryFrom<ResourceId>>(cx: &mut Context<'_>, action: &impl Perform) -> Result<I, ControlError> {
    let before = cx.applied.created.len();
    action.perform(cx)?;
    let made = cx.applied.created.iter().skip(before).find_map(|id| I::try_from(id.clone()).ok());
    Ok(made.expect("every creating action notes the id it made"))
}
