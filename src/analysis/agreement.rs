//! Tables and packets held equal, over the measured networks and over random worlds.

use std::net::IpAddr;

use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};

use super::*;
use crate::base::*;
use crate::control_plane::*;
use crate::host::AnswerBy;
use crate::import::{ImportOptions, import, tests as measured};

fn prober(world: World, outside: &[IpAddr], answer_by: AnswerBy) -> Prober {
    let options = StageOptions { answer_by, ..StageOptions::default() };
    Prober::new(Stage::new(world, options, Evidence::default(), outside))
}

/// All addresses that machines of a world have, and a few that nobody or a service has.
fn addresses(world: &World) -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = world
        .regions()
        .flat_map(|(_, region)| region.network_interfaces().values())
        .flat_map(|interface| {
            let public = interface.private_addresses.iter().filter_map(|own| own.association.as_ref());
            interface.addresses().chain(public.map(|p| IpAddr::V4(p.public_ip))).collect::<Vec<_>>()
        })
        .collect();
    let more = ["8.8.8.8", "52.216.0.10", "54.231.0.10", "10.0.0.77", "10.1.0.77", "192.168.9.9", "100.64.1.1"];
    all.extend(more.iter().map(|text| text.parse::<IpAddr>().expect("an address")));
    all.sort_unstable();
    all.dedup();
    all
}

#[track_caller]
fn check_agreement(world: World, pairs: impl Iterator<Item = (usize, usize, Traffic)>) -> Vec<Outcome> {
    let outside = ["8.8.8.8".parse().expect("an address")];
    let all = addresses(&world);
    // An instance with several interfaces answers by the one or the other; both are held.
    let answer_by = [AnswerBy::Asked, AnswerBy::Primary][all.len() % 2];
    let mut prober = prober(world, &outside, answer_by);
    let mut outcomes = Vec::new();
    for (from, to, traffic) in pairs {
        let (from, to) = (all[from % all.len()], all[to % all.len()]);
        let Ok(explained) = explain(&mut prober, from, to, traffic) else { continue };
        outcomes.push(explained.explanation.outcome());
        if let Some(disagreement) = &explained.disagreement {
            let names = prober.names();
            let steps: Vec<String> = explained
                .reply
                .iter()
                .flat_map(|reply| &reply.trails)
                .flat_map(|trail| trail.journey.steps().map(|(n, s)| format!("{}: {s:?}", names.directory.node(n))))
                .collect();
            panic!("{from} → {to} {traffic}\n{disagreement:#?}\n{:#?}\n{}", explained.explanation, steps.join("\n"));
        }
    }
    outcomes
}

#[test]
fn the_measured_networks_are_explained_as_their_packets_go() {
    for files in [measured::endpoints_network(), measured::peering_network()] {
        let world = import(measured::inputs(files), &ImportOptions::default()).expect("a world").world;
        let count = addresses(&world).len();
        let traffic = [Traffic::Tcp(22), Traffic::Tcp(443), Traffic::Udp(53), Traffic::Ping];
        let pairs = (0..count).flat_map(|from| (0..count).flat_map(move |to| traffic.map(|one| (from, to, one))));
        assert!(40 < check_agreement(world, pairs).len());
    }
}

/// One seed, one world: what is in it and how it is joined.
#[derive(Clone, Debug)]
struct Plan {
    seed: u64,
    questions: Vec<(usize, usize, u8)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let questions = prop::collection::vec((0usize..64, 0usize..64, 0u8..4), 12);
    (any::<u64>(), questions).prop_map(|(seed, questions)| Plan { seed, questions })
}

/// Makes a world by actions, some of which AWS refuses; those are left out.
struct Maker {
    world: World,
    rng: Rng,
    scope: Scope,
}

impl Maker {
    fn act(&mut self, action: impl Into<Action>) -> Option<Applied> {
        let call = Call::admin(self.scope.clone());
        self.world.apply(&call, &action.into(), SimTime::ZERO).ok()
    }

    fn below(&mut self, end: u64) -> u64 {
        self.rng.below(end)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).expect(text)
    }

    /// A block that a rule or route may name.
    fn block(&mut self) -> Cidr {
        let blocks = [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.0.0.0/16",
            "10.1.0.0/16",
            "10.0.1.0/24",
            "10.1.0.0/24",
            "8.8.8.0/24",
            "52.216.0.0/15",
            "203.0.113.0/24",
            "10.0.0.8/29",
        ];
        let index = self.below(blocks.len() as u64) as usize;
        Self::cidr(blocks[index])
    }

    fn protocol(&mut self) -> Protocol {
        match self.below(7) {
            0 => Protocol::All,
            1 => Protocol::tcp(22),
            2 => Protocol::ICMP,
            3 => Protocol::from_fields("icmp", Some(8), Some(-1)).expect("echo"),
            4 => Protocol::from_fields("tcp", Some(1_024), Some(65_535)).expect("a range"),
            5 => Protocol::from_fields("tcp", Some(32_768), Some(50_000)).expect("a range"),
            _ => Protocol::tcp(443),
        }
    }

    fn vpc(&mut self, number: u64) {
        let id = VpcId::of_name(&format!("v{number}"), 17);
        let create = CreateVpc { id: Some(id.clone()), ..CreateVpc::new(Self::cidr(&format!("10.{number}.0.0/16"))) };
        self.act(create);
        let igw = InternetGatewayId::of_name(&format!("igw{number}"), 17);
        if self.chance(80) {
            self.act(CreateInternetGateway { id: Some(igw.clone()), ..Default::default() });
            if self.chance(90) {
                self.act(AttachInternetGateway::new(igw.clone(), id.clone()));
            }
        }
        let group = SecurityGroupId::of_name(&format!("sg{number}"), 17);
        let create = CreateSecurityGroup::new(id.clone(), format!("g{number}"));
        self.act(CreateSecurityGroup { id: Some(group.clone()), ..create });
        for _ in 0..self.below(4) {
            let rule = self.rule(&group);
            self.act(AuthorizeSecurityGroupIngress::new(group.clone(), vec![rule]));
        }
        if self.chance(30) {
            let all = SecurityGroupRule::cidr(Protocol::All, Cidr::ALL_V4);
            self.act(RevokeSecurityGroupEgress::new(group.clone(), vec![all]));
            let rule = self.rule(&group);
            self.act(AuthorizeSecurityGroupEgress::new(group.clone(), vec![rule]));
        }
        let subnets = 1 + self.below(3);
        for subnet in 0..subnets {
            self.subnet(number, subnet, &id, &igw, &group);
        }
    }

    fn rule(&mut self, group: &SecurityGroupId) -> SecurityGroupRule {
        let protocol = self.protocol();
        if self.chance(25) {
            SecurityGroupRule::group(protocol, group.clone())
        } else {
            let block = self.block();
            SecurityGroupRule::cidr(protocol, block)
        }
    }

    fn subnet(&mut self, number: u64, subnet: u64, vpc: &VpcId, igw: &InternetGatewayId, group: &SecurityGroupId) {
        let name = format!("v{number}s{subnet}");
        let id = SubnetId::of_name(&name, 17);
        let create = CreateSubnet::new(vpc.clone(), Self::cidr(&format!("10.{number}.{subnet}.0/24")));
        self.act(CreateSubnet { id: Some(id.clone()), ..create });
        let table = RouteTableId::of_name(&name, 17);
        if self.chance(85) {
            self.act(CreateRouteTable { id: Some(table.clone()), ..CreateRouteTable::new(vpc.clone()) });
            self.act(AssociateRouteTable::new(table.clone(), id.clone()));
        }
        if self.chance(60) {
            let target = RouteTarget::InternetGateway(igw.clone());
            self.act(CreateRoute::new(table.clone(), Destination::Cidr(Cidr::ALL_V4), target));
        }
        if self.chance(40) {
            let eip = AllocationId::of_name(&name, 17);
            let nat = NatGatewayId::of_name(&name, 17);
            self.act(AllocateAddress { id: Some(eip.clone()), ..Default::default() });
            let create = CreateNatGateway::new(id.clone());
            self.act(CreateNatGateway { id: Some(nat), allocation_id: Some(eip), ..create });
        }
        if self.chance(50) {
            self.acl(&name, vpc, &id);
        }
        for instance in 0..1 + self.below(2) {
            let name = format!("{name}i{instance}");
            let public = self.chance(50);
            let run = RunInstances {
                subnet_id: Some(id.clone()),
                id: Some(InstanceId::of_name(&name, 17)),
                tags: Tags::named(name),
                security_group_ids: vec![group.clone()],
                associate_public_ip_address: Some(public),
                ..Default::default()
            };
            self.act(run);
        }
    }

    fn acl(&mut self, name: &str, vpc: &VpcId, subnet: &SubnetId) {
        let id = NetworkAclId::of_name(name, 17);
        self.act(CreateNetworkAcl { id: Some(id.clone()), ..CreateNetworkAcl::new(vpc.clone()) });
        for egress in [false, true] {
            for number in 1..=1 + self.below(4) {
                let (block, protocol) = (self.block(), self.protocol());
                let rule_action = if self.chance(30) { RuleAction::Deny } else { RuleAction::Allow };
                self.entry(&id, number as u16 * 10, egress, (rule_action, protocol, block));
            }
            if self.chance(70) {
                self.entry(&id, 1_000, egress, (RuleAction::Allow, Protocol::All, Cidr::ALL_V4));
            }
        }
        let region = self.world.region(&self.scope).expect("open");
        let Some(record) = region.subnets().get(subnet) else { return };
        let association = record.network_acl_association.association_id.clone();
        let replace = ReplaceNetworkAclAssociation::new(id);
        self.act(ReplaceNetworkAclAssociation { association_id: Some(association), ..replace });
    }

    fn entry(&mut self, acl: &NetworkAclId, number: u16, egress: bool, rule: (RuleAction, Protocol, Cidr)) {
        let (action, protocol, block) = rule;
        let create = CreateNetworkAclEntry::new(acl.clone(), number, egress, protocol, action);
        self.act(CreateNetworkAclEntry { cidr_block: Some(block), ..create });
    }

    /// What joins the parts: routes to NAT gateways of any subnet, peering, endpoints, and routes that lead nowhere.
    fn join(&mut self) {
        let region = self.world.region(&self.scope).expect("open").clone();
        let peering = VpcPeeringConnectionId::of_name("p", 17);
        let vpcs: Vec<VpcId> = region.vpcs().keys().cloned().collect();
        if let [one, other, ..] = vpcs.as_slice() {
            let create = CreateVpcPeeringConnection::new(one.clone(), other.clone());
            self.act(CreateVpcPeeringConnection { id: Some(peering.clone()), ..create });
            if self.chance(90) {
                self.act(AcceptVpcPeeringConnection::new(peering.clone()));
            }
        }
        let tables: Vec<RouteTableId> = region.route_tables().keys().cloned().collect();
        let nats: Vec<NatGatewayId> = region.nat_gateways().keys().cloned().collect();
        let enis: Vec<NetworkInterfaceId> = region.network_interfaces().keys().cloned().collect();
        for table in &tables {
            if self.chance(70) {
                let block = self.block();
                self.act(CreateRoute::new(
                    table.clone(),
                    Destination::Cidr(block),
                    RouteTarget::Peering(peering.clone()),
                ));
            }
            if self.chance(50) && !nats.is_empty() {
                let nat = nats[self.below(nats.len() as u64) as usize].clone();
                let block = self.block();
                self.act(CreateRoute::new(table.clone(), Destination::Cidr(block), RouteTarget::NatGateway(nat)));
            }
            if self.chance(10) && !enis.is_empty() {
                let eni = enis[self.below(enis.len() as u64) as usize].clone();
                let block = self.block();
                self.act(CreateRoute::new(table.clone(), Destination::Cidr(block), RouteTarget::NetworkInterface(eni)));
            }
        }
        for vpc in &vpcs {
            if self.chance(50) {
                let service = ServiceName::of(&self.scope.region, "s3");
                let own = region.route_tables().values().filter(|table| table.vpc_id == *vpc);
                let own: Vec<RouteTableId> = own.map(|table| table.id.clone()).collect();
                let chosen = own.into_iter().filter(|_| self.chance(60)).collect();
                let create = CreateVpcEndpoint::new(vpc.clone(), service);
                self.act(CreateVpcEndpoint { route_table_ids: chosen, ..create });
            }
        }
        self.second_interfaces(&region);
        if self.chance(20) && !nats.is_empty() {
            let nat = nats[self.below(nats.len() as u64) as usize].clone();
            self.act(DeleteNatGateway::new(nat));
        }
        let instances: Vec<InstanceId> = region.instances().keys().cloned().collect();
        if self.chance(20) && !instances.is_empty() {
            let instance = instances[self.below(instances.len() as u64) as usize].clone();
            self.act(StopInstances::new(vec![instance]));
        }
    }
}

impl Maker {
    /// Gives some instances a second interface, in any subnet of their VPC and zone.
    fn second_interfaces(&mut self, region: &Region) {
        for instance in region.instances().values() {
            let subnets = region.subnets().values();
            let own: Vec<&Subnet> = subnets.filter(|subnet| subnet.vpc_id == instance.vpc_id).collect();
            if own.is_empty() || !self.chance(25) {
                continue;
            }
            let subnet = own[self.below(own.len() as u64) as usize].id.clone();
            let id = NetworkInterfaceId::of_name(&format!("{}/1", instance.id), 17);
            let create = CreateNetworkInterface::new(subnet);
            self.act(CreateNetworkInterface { id: Some(id.clone()), ..create });
            self.act(AttachNetworkInterface::new(id, instance.id.clone(), 1));
        }
    }
}

/// A world of many kinds of records, the same for the same seed.
pub(crate) fn random_world(seed: u64) -> World {
    let account = AccountId::parse("123456789012").expect("an account");
    let scope = Scope::new(account, RegionName::parse("us-east-1").expect("a region"));
    let mut world = World::new(Era::Current);
    world.quotas = Quotas::Lifted;
    world.open(&scope);
    let mut maker = Maker { world, rng: Rng::stream(seed, "worlds"), scope };
    for number in 0..1 + maker.below(3) {
        maker.vpc(number);
    }
    maker.join();
    maker.world
}

/// The random worlds are no formality: their questions arrive, or are blocked for many reasons, on both ways.
#[test]
fn random_worlds_have_every_kind_of_outcome() {
    let mut outcomes = Vec::new();
    for seed in 0..60 {
        let questions = (0..12).map(|n| (n * 7, n * 5 + 1, [Traffic::Tcp(22), Traffic::Ping][n % 2]));
        outcomes.extend(check_agreement(random_world(seed), questions));
    }
    let reach = outcomes.iter().filter(|outcome| **outcome == Outcome::Reaches).count();
    let mut reasons: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::BlockedOut(reason) => Some((false, *reason)),
            Outcome::BlockedBack(reason) => Some((true, *reason)),
            Outcome::Reaches | Outcome::Unknown(_) => None,
        })
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert!(20 < reach, "{reach} of {}", outcomes.len());
    assert!(10 < reasons.len() && reasons.iter().any(|(back, _)| *back), "{reasons:?}");
}

/// Asks every pair of addresses that classes stand for, and each pair of classes once: the answers are the same.
fn check_classes(world: &World) {
    let options = TableOptions::default();
    let classes = classes::classes_of(&[world], &options);
    let traffic = [Traffic::Tcp(22), Traffic::Ping];
    let reach = reach(world, options.clone(), &traffic, &mut |_, _| ());
    let tables = Tables::new(world, options);
    for pair in &reach.pairs {
        let (from, to) = (&classes[pair.from], &classes[pair.to]);
        for (from, to) in from.members.iter().flat_map(|from| to.members.iter().map(move |to| (*from, *to))) {
            let whose = |address| tables.index().owners(address).first().and_then(|owner| owner.instance.clone());
            if whose(from).is_some() && whose(from) == whose(to) {
                continue;
            }
            let source = tables.source(from);
            let outcome = match source.as_ref().map(|source| tables.explain(source, to, pair.traffic)) {
                Ok(Some(explanation)) => explanation.outcome(),
                Ok(None) => panic!("{from} asks nobody"),
                // Which of two machines with one address asks, nobody can tell.
                Err(_) => continue,
            };
            let kind = |outcome: &Outcome| std::mem::discriminant(outcome);
            assert_eq!(kind(&outcome), kind(&pair.outcome), "{from} → {to} {}: {outcome:?}, {pair:?}", pair.traffic);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_holds_of_a_class_holds_of_its_members(seed in any::<u64>()) {
        check_classes(&random_world(seed));
    }

    #[test]
    fn random_worlds_are_explained_as_their_packets_go(plan in plan()) {
        let world = random_world(plan.seed);
        let questions = plan.questions.iter().map(|(from, to, kind)| {
            let traffic = [Traffic::Tcp(22), Traffic::Tcp(443), Traffic::Udp(53), Traffic::Ping][usize::from(*kind)];
            (*from, *to, traffic)
        });
        check_agreement(world, questions);
    }
}
