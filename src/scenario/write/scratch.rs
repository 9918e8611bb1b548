//! A copy of the world in which routes and rules are tried: what EC2 would make of a call is asked, not guessed. Its
//! records are never written.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::*;
use crate::control_plane::*;

/// The copy, with a table and a group of its own in each VPC that something was tried in.
pub(super) struct Scratch {
    world: World,
    tables: BTreeMap<VpcId, Option<RouteTableId>>,
    groups: BTreeMap<VpcId, Option<SecurityGroupId>>,
}

/// What the table and the group of a VPC are made from.
const NAME: &str = "vpclab scratch";

impl Scratch {
    pub(super) fn of(world: &World) -> Self {
        let mut world = world.clone();
        world.quotas = Quotas::Lifted;
        Self { world, tables: BTreeMap::new(), groups: BTreeMap::new() }
    }

    /// Whether a call makes exactly this route.
    pub(super) fn makes_route(&mut self, scope: &Scope, vpc: &VpcId, route: &Route) -> bool {
        let Some(table) = self.table(scope, vpc) else { return false };
        let local = self.world.region(scope).and_then(|region| region.vpcs().get(vpc)).is_some_and(
            |vpc| matches!(&route.destination, Destination::Cidr(block) if vpc.blocks().any(|own| own == block)),
        );
        let (destination, target) = (route.destination.clone(), route.target.clone());
        let make: Action = if local {
            ReplaceRoute::new(table.clone(), destination.clone(), target).into()
        } else {
            CreateRoute::new(table.clone(), destination.clone(), target).into()
        };
        if !self.applies(scope, &make) {
            return false;
        }
        let region = self.world.region(scope);
        let made = region.and_then(|region| region.route_tables().get(&table)?.route(&destination)) == Some(route);
        let unmake: Action = if local {
            ReplaceRoute::new(table, destination, RouteTarget::Local).into()
        } else {
            DeleteRoute::new(table, destination).into()
        };
        self.applies(scope, &unmake);
        made
    }

    /// Whether a call makes this rule.
    pub(super) fn makes_rule(&mut self, scope: &Scope, vpc: &VpcId, rule: &SecurityGroupRule) -> bool {
        let Some(group) = self.group(scope, vpc) else { return false };
        let made = self.applies(scope, &AuthorizeSecurityGroupIngress::new(group.clone(), vec![rule.clone()]).into());
        if made {
            self.applies(scope, &RevokeSecurityGroupIngress::new(group, vec![rule.clone()]).into());
        }
        made
    }

    fn table(&mut self, scope: &Scope, vpc: &VpcId) -> Option<RouteTableId> {
        if let Some(table) = self.tables.get(vpc) {
            return table.clone();
        }
        let id = RouteTableId::of_name(&format!("{NAME}/{vpc}"), 17);
        let create = CreateRouteTable { id: Some(id.clone()), ..CreateRouteTable::new(vpc.clone()) };
        let made = self.applies(scope, &create.into()).then_some(id);
        self.tables.insert(vpc.clone(), made.clone());
        made
    }

    fn group(&mut self, scope: &Scope, vpc: &VpcId) -> Option<SecurityGroupId> {
        if let Some(group) = self.groups.get(vpc) {
            return group.clone();
        }
        let id = SecurityGroupId::of_name(&format!("{NAME}/{vpc}"), 17);
        let create = CreateSecurityGroup::new(vpc.clone(), format!("{NAME} {vpc}"));
        let create = CreateSecurityGroup { id: Some(id.clone()), ..create };
        let made = self.applies(scope, &create.into()).then_some(id);
        self.groups.insert(vpc.clone(), made.clone());
        made
    }

    fn applies(&mut self, scope: &Scope, action: &Action) -> bool {
        self.world.apply(&Call::admin(scope.clone()), action, SimTime::ZERO).is_ok()
    }
}

/// The outbound rules of a group that nobody has touched.
pub(super) fn everything(ipv6: bool) -> BTreeSet<SecurityGroupRule> {
    let blocks = [Some(Cidr::ALL_V4), ipv6.then_some(Cidr::ALL_V6)].into_iter().flatten();
    blocks.map(|block| SecurityGroupRule::cidr(Protocol::All, block)).collect()
}
