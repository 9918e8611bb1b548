//! The control plane under test: every action's success beside its refusals, with the world compared whole.

mod compute;
mod described;
mod endpoints;
mod filters;
mod gateways;
mod properties;
mod remote;
mod routes;
mod vpcs;

use super::*;
use crate::base::*;

/// A world with one open region, and the call that an administrator makes there.
struct Lab {
    world: World,
    call: Call,
    at: SimTime,
}

impl Lab {
    fn new(era: Era) -> Self {
        let mut world = World::new(era);
        let scope = Scope::new(account("111122223333"), region("us-west-2"));
        world.open(&scope);
        Self { world, call: Call::admin(scope), at: SimTime::ZERO }
    }

    /// Performs an action that must succeed.
    #[track_caller]
    fn ok(&mut self, action: impl Into<Action>) -> Applied {
        let action = action.into();
        match self.world.apply(&self.call, &action, self.at) {
            Ok(applied) => applied,
            Err(error) => panic!("{} was refused: {error}", action.name()),
        }
    }

    /// Performs an action that must make something, and gives its id.
    #[track_caller]
    fn make<I: TryFrom<ResourceId>>(&mut self, action: impl Into<Action>) -> I {
        self.ok(action).created().expect("the action makes such a thing")
    }

    /// Performs an action that must be refused and change nothing; gives code and text.
    #[track_caller]
    fn refused(&mut self, action: impl Into<Action>) -> String {
        let action = action.into();
        let before = self.world.clone();
        match self.world.apply(&self.call, &action, self.at) {
            Ok(applied) => panic!("{} was not refused: {applied:?}", action.name()),
            Err(error) => {
                assert!(before == self.world, "{} was refused and changed the world", action.name());
                error.to_string()
            }
        }
    }

    /// The same, but only the code.
    #[track_caller]
    fn code(&mut self, action: impl Into<Action>) -> String {
        let text = self.refused(action);
        text.split(": ").next().unwrap_or_default().to_owned()
    }

    fn region(&self) -> &Region {
        self.world.region(&self.call.scope).expect("the lab opened it")
    }

    fn vpc(&mut self, block: &str) -> VpcId {
        self.make(CreateVpc::new(cidr(block)))
    }

    fn subnet(&mut self, vpc: &VpcId, block: &str) -> SubnetId {
        self.make(CreateSubnet::new(vpc.clone(), cidr(block)))
    }

    fn table(&mut self, vpc: &VpcId) -> RouteTableId {
        self.make(CreateRouteTable::new(vpc.clone()))
    }

    fn instance(&mut self, subnet: &SubnetId) -> InstanceId {
        self.make(RunInstances { subnet_id: Some(subnet.clone()), ..RunInstances::default() })
    }

    fn eni_of(&self, instance: &InstanceId) -> NetworkInterfaceId {
        self.region().instances()[instance].interfaces[&0].clone()
    }

    fn attached_igw(&mut self, vpc: &VpcId) -> InternetGatewayId {
        let gateway: InternetGatewayId = self.make(CreateInternetGateway::default());
        self.ok(AttachInternetGateway::new(gateway.clone(), vpc.clone()));
        gateway
    }

    fn main_table(&self, vpc: &VpcId) -> RouteTableId {
        self.region().vpcs()[vpc].main_association.route_table_id.clone()
    }

    fn s3(&self) -> ServiceName {
        ServiceName::of(&self.call.scope.region, "s3")
    }

    fn s3_list(&self) -> PrefixListId {
        let service = self.world.service(&self.call.scope.region, &self.s3()).expect("S3 is everywhere");
        service.prefix_list_id.clone().expect("S3 has a list")
    }

    /// A table's routes as text, one per line: destination, target, state.
    fn routes(&self, table: &RouteTableId) -> Vec<String> {
        let routes = self.region().route_tables()[table].routes();
        routes.map(|r| format!("{} -> {} {}", r.destination, r.target, r.state.as_str())).collect()
    }
}

fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect(text)
}

fn to(text: &str) -> Destination {
    Destination::Cidr(cidr(text))
}

fn account(text: &str) -> AccountId {
    AccountId::parse(text).expect(text)
}

fn region(text: &str) -> RegionName {
    RegionName::parse(text).expect(text)
}

fn zone(text: &str) -> AvailabilityZone {
    AvailabilityZone::parse(text).expect(text)
}
