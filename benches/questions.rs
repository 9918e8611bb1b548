//! Questions to a world of 1,000 instances by tables alone: explaining one pair, asking all pairs by classes, and asking
//! all pairs where no two instances are alike. Sends no packets.

use std::cell::Cell;
use std::rc::Rc;

use vpclab::analysis::{Outcome, Source, TableOptions, Tables, Traffic, reach};
use vpclab::base::*;
use vpclab::control_plane::*;

#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;

use support::{Case, Claim, Limit, Options, Work, find, measure, print};

/// How alike the instances of a subnet are.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Groups {
    /// All have the same groups.
    Shared,
    /// Each has a group of its own.
    Own,
}

const VPCS: u64 = 5;
const SUBNETS: u64 = 20;

fn main() {
    let options = Options::read();
    let instances = options.scaled(1_000, 100);
    let cases = vec![
        Case::new("explain a pair: instance to instance", options.scaled(20_000, 20), move || pair(instances, false)),
        Case::new("explain a pair: instance to S3", options.scaled(20_000, 20), move || pair(instances, true)),
        Case::new("all pairs, by classes", 1, move || all_pairs(instances, Groups::Shared)),
        Case::new("all pairs, no two alike", 1, move || all_pairs(instances, Groups::Own)),
    ];
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let mut claim = |what: &str, name: &str, nanos: f64, unit, must, target| {
        if let Some(case) = find(&measured, name) {
            let (must, target) = (Limit::Most(must), Limit::Most(target));
            claims.push(Claim { what: what.to_owned(), found: case.median() / nanos, unit, must, target });
        }
    };
    claim("explain a pair, instance to instance", "explain a pair: instance to instance", 1e6, " ms", 1.0, 0.1);
    claim("explain a pair, instance to S3", "explain a pair: instance to S3", 1e6, " ms", 1.0, 0.1);
    claim("all pairs, by classes", "all pairs, by classes", 1e9, " s", 5.0, 1.0);
    claim("all pairs, no two alike", "all pairs, no two alike", 1e9, " s", 60.0, 30.0);
    print(&options, "Questions to 1,000 instances", "question", &measured, &claims);
}

/// VPCs with subnets, filters, gateways and instances, peered in a row; every subnet with a table of its own.
fn world(instances: u64, groups: Groups) -> World {
    let account = AccountId::parse("123456789012").expect("twelve digits");
    let scope = Scope::new(account, RegionName::parse("us-east-1").expect("a region"));
    let mut world = World::new(Era::Current);
    world.quotas = Quotas::Lifted;
    world.open(&scope);
    let mut maker = Maker { world, scope, groups };
    (0..VPCS).for_each(|vpc| maker.vpc(vpc, instances / VPCS));
    for vpc in 1..VPCS {
        maker.peer(vpc - 1, vpc);
    }
    maker.world
}

struct Maker {
    world: World,
    scope: Scope,
    groups: Groups,
}

impl Maker {
    fn act(&mut self, action: impl Into<Action>) {
        let action = action.into();
        let call = Call::admin(self.scope.clone());
        self.world.apply(&call, &action, SimTime::ZERO).unwrap_or_else(|error| panic!("{}: {error}", action.name()));
    }

    fn vpc(&mut self, vpc: u64, instances: u64) {
        let id = vpc_id(vpc);
        self.act(CreateVpc { id: Some(id.clone()), ..CreateVpc::new(cidr(&format!("10.{vpc}.0.0/16"))) });
        let igw = InternetGatewayId::of_name(&format!("igw{vpc}"), 17);
        self.act(CreateInternetGateway { id: Some(igw.clone()), ..Default::default() });
        self.act(AttachInternetGateway::new(igw.clone(), id.clone()));
        let acl = NetworkAclId::of_name(&format!("acl{vpc}"), 17);
        self.act(CreateNetworkAcl { id: Some(acl.clone()), ..CreateNetworkAcl::new(id.clone()) });
        for (number, egress) in (1..=20u16).flat_map(|number| [(number, false), (number, true)]) {
            let last = number == 20;
            let block = if last { Cidr::ALL_V4 } else { cidr(&format!("192.168.{number}.0/24")) };
            let action = if last { RuleAction::Allow } else { RuleAction::Deny };
            let entry = CreateNetworkAclEntry::new(acl.clone(), number, egress, Protocol::All, action);
            self.act(CreateNetworkAclEntry { cidr_block: Some(block), ..entry });
        }
        let shared = self.group(&format!("shared{vpc}"), &id);
        let mut tables = Vec::new();
        for subnet in 0..SUBNETS {
            let name = format!("v{vpc}s{subnet}");
            let (subnet_id, table) = (SubnetId::of_name(&name, 17), RouteTableId::of_name(&name, 17));
            let create = CreateSubnet::new(id.clone(), cidr(&format!("10.{vpc}.{subnet}.0/24")));
            self.act(CreateSubnet { id: Some(subnet_id.clone()), ..create });
            self.act(CreateRouteTable { id: Some(table.clone()), ..CreateRouteTable::new(id.clone()) });
            self.act(AssociateRouteTable::new(table.clone(), subnet_id.clone()));
            self.act(CreateRoute::new(
                table.clone(),
                Destination::Cidr(Cidr::ALL_V4),
                RouteTarget::InternetGateway(igw.clone()),
            ));
            let replace = ReplaceNetworkAclAssociation::new(acl.clone());
            self.act(ReplaceNetworkAclAssociation { subnet_id: Some(subnet_id.clone()), ..replace });
            for instance in 0..instances / SUBNETS {
                let name = format!("{name}i{instance}");
                let group = match self.groups {
                    Groups::Shared => shared.clone(),
                    Groups::Own => self.group(&name, &id),
                };
                self.act(RunInstances {
                    subnet_id: Some(subnet_id.clone()),
                    tags: Tags::named(name),
                    security_group_ids: vec![group],
                    associate_public_ip_address: Some(subnet % 2 == 0),
                    ..Default::default()
                });
            }
            tables.push(table);
        }
        let create = CreateVpcEndpoint::new(id, ServiceName::of(&self.scope.region, "s3"));
        self.act(CreateVpcEndpoint { route_table_ids: tables, ..create });
    }

    fn group(&mut self, name: &str, vpc: &VpcId) -> SecurityGroupId {
        let group = SecurityGroupId::of_name(name, 17);
        let create = CreateSecurityGroup::new(vpc.clone(), format!("g{name}"));
        self.act(CreateSecurityGroup { id: Some(group.clone()), ..create });
        let rules = (0..10u16).map(|n| SecurityGroupRule::cidr(Protocol::tcp(8_000 + n), cidr("10.0.0.0/8")));
        let rules = rules.chain([SecurityGroupRule::cidr(Protocol::tcp(22), cidr("10.0.0.0/8"))]).collect();
        self.act(AuthorizeSecurityGroupIngress::new(group.clone(), rules));
        group
    }

    fn peer(&mut self, one: u64, other: u64) {
        let id = VpcPeeringConnectionId::of_name(&format!("{one}-{other}"), 17);
        let create = CreateVpcPeeringConnection::new(vpc_id(one), vpc_id(other));
        self.act(CreateVpcPeeringConnection { id: Some(id.clone()), ..create });
        self.act(AcceptVpcPeeringConnection::new(id.clone()));
        for (from, to) in [(one, other), (other, one)] {
            for subnet in 0..SUBNETS {
                let table = RouteTableId::of_name(&format!("v{from}s{subnet}"), 17);
                let block = cidr(&format!("10.{to}.0.0/16"));
                self.act(CreateRoute::new(table, Destination::Cidr(block), RouteTarget::Peering(id.clone())));
            }
        }
    }
}

fn vpc_id(vpc: u64) -> VpcId {
    VpcId::of_name(&format!("v{vpc}"), 17)
}

fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect(text)
}

/// Explains pairs that reach, one after the other.
fn pair(instances: u64, s3: bool) -> Work {
    let world: &'static World = Box::leak(Box::new(world(instances, Groups::Shared)));
    let tables = Tables::new(world, TableOptions::default());
    let region = world.regions().next().expect("a region").1;
    let interfaces = region.network_interfaces().values().filter(|one| one.instance_id().is_some());
    let all: Vec<_> = interfaces.filter_map(|one| Some((one.instance_id()?.clone(), one.primary_address()?))).collect();
    let s3_address = "52.216.0.10".parse().expect("an address");
    let next = Rc::new(Cell::new(0usize));
    Box::new(move |units| {
        for _ in 0..units {
            let index = next.get();
            next.set(index + 1);
            let (instance, address) = &all[index % all.len()];
            // A neighbor of the same VPC, mostly.
            let to = if s3 { s3_address } else { all[(index + 7) % all.len()].1.into() };
            let port = if s3 { 443 } else { 22 };
            let source = Source::Instance(instance.clone(), (*address).into());
            let explanation = tables.explain(&source, to, Traffic::Tcp(port)).expect("an instance");
            assert!(!matches!(explanation.outcome(), Outcome::Unknown(_)));
        }
    })
}

/// Asks all pairs about one port.
fn all_pairs(instances: u64, groups: Groups) -> Work {
    let world = world(instances, groups);
    Box::new(move |units| {
        for _ in 0..units {
            let reach = reach(&world, TableOptions::default(), &[Traffic::Tcp(22)], &mut |_, _| ());
            assert!(0 < reach.counts().0);
        }
    })
}
